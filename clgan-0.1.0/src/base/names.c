/* names.c: names of classes. SPDX-License-Identifier: MIT */
#include "base/names.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

void clgan_names_free(struct clgan_names *names) {
  for (size_t i = 0; i < names->n; i++) clgan_mem_free(names->items[i]);
  clgan_mem_free(names->items);
  *names = (struct clgan_names){0};
}

void clgan_names_copy(struct clgan_names *to, const struct clgan_names *from) {
  *to = (struct clgan_names){0};
  if (!from->n) return;
  to->items = clgan_mem_array(from->n, sizeof *to->items);
  for (size_t i = 0; i < from->n; i++) to->items[i] = clgan_mem_strdup(from->items[i]);
  to->n = from->n;
}

/* Adds the name of the next class, unless it is none. */
static bool take(struct clgan_names *names, const cJSON *item) {
  const char *word = cJSON_GetStringValue(item);
  if (!word || !*word || clgan_names_find(names, word) >= 0) return false;
  names->items[names->n++] = clgan_mem_strdup(word);
  return true;
}

enum clgan_status clgan_names_parse(const char *json, struct clgan_names *out, struct clgan_error *e) {
  *out = (struct clgan_names){0};
  cJSON *array = clgan_json_parse(json, strlen(json) + 1, NULL);
  int n = cJSON_IsArray(array) ? cJSON_GetArraySize(array) : 0;
  bool good = n > 0 && n <= CLGAN_NAMES_MAX;
  if (good) out->items = clgan_mem_array((size_t)n, sizeof *out->items);
  const cJSON *item = good ? array->child : NULL;
  for (; good && item; item = item->next) good = take(out, item);
  cJSON_Delete(array);
  if (good) return CLGAN_OK;
  clgan_names_free(out);
  return clgan_error_set(e, CLGAN_ERR_FORMAT, "its class names are no JSON array of 1 to %d different texts",
                         CLGAN_NAMES_MAX);
}

char *clgan_names_json(const struct clgan_names *names) {
  cJSON *array = cJSON_CreateArray();
  for (size_t i = 0; i < names->n; i++) cJSON_AddItemToArray(array, cJSON_CreateString(names->items[i]));
  char *text = cJSON_PrintUnformatted(array), *own = clgan_mem_strdup(text ? text : "[]");
  cJSON_free(text);
  cJSON_Delete(array);
  return own;
}

int clgan_names_find(const struct clgan_names *names, const char *word) {
  for (size_t i = 0; i < names->n; i++)
    if (!strcmp(names->items[i], word)) return (int)i;
  return -1;
}

const char *clgan_names_word(const struct clgan_names *names, int k, char number[12]) {
  if (k >= 0 && (size_t)k < names->n) return names->items[k];
  snprintf(number, 12, "%d", k);
  return number;
}
