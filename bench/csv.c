/* csv.c: results as comma-separated values. SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/json.h"
#include "bench/compare.h"
#include "data/csv.h"

struct columns {
  char **names;
  size_t n, cap;
};

static void add_column(struct columns *c, const char *name) {
  for (size_t k = 0; k < c->n; k++)
    if (!strcmp(c->names[k], name)) return;
  CLGAN_GROW(c->names, c->n, c->cap);
  c->names[c->n++] = clgan_mem_strdup(name);
}

/* What an object holds, lists aside; one level of objects inside it as "outer.inner". */
static void add_columns(struct columns *c, const cJSON *row) {
  const cJSON *o, *in;
  cJSON_ArrayForEach(o, row) {
    if (cJSON_IsArray(o) || !o->string) continue;
    if (!cJSON_IsObject(o)) add_column(c, o->string);
    cJSON_ArrayForEach(in, o) {
      if (!in->string) continue;
      char *name = clgan_mem_printf("%s.%s", o->string, in->string);
      add_column(c, name);
      clgan_mem_free(name);
    }
  }
}

static const cJSON *value_at(const cJSON *row, const char *name) {
  const cJSON *o = cJSON_GetObjectItemCaseSensitive(row, name);
  const char *dot = strchr(name, '.');
  if (o || !dot) return o;
  char *outer = clgan_mem_printf("%.*s", (int)(dot - name), name);
  o = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(row, outer), dot + 1);
  clgan_mem_free(outer);
  return o;
}

static void put_value(struct clgan_text *t, const cJSON *o) {
  if (cJSON_IsString(o)) clgan_csv_put(t, o->valuestring);
  if (cJSON_IsNumber(o)) clgan_text_printf(t, "%.9g", o->valuedouble);
  if (cJSON_IsBool(o)) clgan_text_printf(t, "%s", cJSON_IsTrue(o) ? "true" : "false");
}

char *clgan_bench_csv(const char *json) {
  cJSON *root = clgan_json_parse(json, strlen(json), NULL);
  const cJSON *rows = cJSON_GetObjectItemCaseSensitive(root, "rows"), *row;
  const char *const before[] = {"device.name", "device.driver", "date"};
  struct columns c = {0};
  struct clgan_text t = {0};
  if (!root) return NULL;
  cJSON_ArrayForEach(row, rows) add_columns(&c, row);
  clgan_text_printf(&t, "device,driver,date");
  for (size_t k = 0; k < c.n; k++) {
    clgan_text_append(&t, ",", 1);
    clgan_csv_put(&t, c.names[k]);
  }
  clgan_text_append(&t, "\n", 1);
  cJSON_ArrayForEach(row, rows) {
    for (size_t k = 0; k < sizeof before / sizeof before[0]; k++) {
      if (k) clgan_text_append(&t, ",", 1);
      put_value(&t, value_at(root, before[k]));
    }
    for (size_t k = 0; k < c.n; k++) {
      clgan_text_append(&t, ",", 1);
      put_value(&t, value_at(row, c.names[k]));
    }
    clgan_text_append(&t, "\n", 1);
  }
  for (size_t k = 0; k < c.n; k++) clgan_mem_free(c.names[k]);
  clgan_mem_free(c.names);
  cJSON_Delete(root);
  return t.s;
}
