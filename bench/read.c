/* read.c: benchmark results from files. SPDX-License-Identifier: MIT */
#include "bench/read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/words.h"

static void make_printable(char *s) {
  while (s && *s) {
    size_t n = clgan_utf8_length(s);
    bool control =
        (unsigned char)*s < 0x20 || *s == 0x7f || ((unsigned char)s[0] == 0xc2 && (unsigned char)s[1] < 0xa0);
    if (n == 0 || control) *s = '?', n = 1;
    s += n;
  }
}

static void make_all_printable(cJSON *o) {
  for (; o; o = o->next) {
    make_printable(o->string);
    make_printable(o->valuestring);
    make_all_printable(o->child);
  }
}

const char *clgan_results_text(const struct clgan_results *r, const char *group, const char *key) {
  const cJSON *o = strcmp(group, "device") != 0 ? cJSON_GetObjectItemCaseSensitive(r->root, group) : r->device;
  return clgan_json_string(o, key);
}

void clgan_result_row_read(const cJSON *o, struct clgan_result_row *row) {
  *row = (struct clgan_result_row){
      .name = clgan_json_string(o, "case"),
      .phase = clgan_json_string(o, "phase"),
      .variant = clgan_json_string(o, "variant"),
      .note = clgan_json_string(o, "note"),
      .error = clgan_json_string(o, "error"),
      .runs = clgan_json_number(o, "runs"),
      .median_s = clgan_json_number(o, "median_s"),
      .low_s = clgan_json_number(o, "low_s"),
      .high_s = clgan_json_number(o, "high_s"),
      .spread = clgan_json_number(o, "spread"),
      .gflops = clgan_json_number(o, "gflops"),
      .gbps = clgan_json_number(o, "gbps"),
      .share = clgan_json_number(o, "share"),
      .count = clgan_json_number(o, "count"),
      .images_per_s = clgan_json_number(o, "images_per_s"),
      .pipelined_s = clgan_json_number(o, "pipelined_s"),
      .planned_bytes = clgan_json_number(cJSON_GetObjectItemCaseSensitive(o, "memory"), "planned_bytes"),
  };
}

bool clgan_results_have(const struct clgan_results *r, const cJSON *row) {
  return !*r->id || !strcmp(clgan_json_string(row, "device"), r->id);
}

/* @param device an object of `devices`, or NULL: the only one, the root's. */
static void add_results(struct clgan_result_set *set, const char *name, cJSON *root, const cJSON *device, bool first) {
  const cJSON *rows = cJSON_GetObjectItemCaseSensitive(root, "rows"), *o;
  CLGAN_GROW(set->items, set->n, set->cap);
  struct clgan_results *r = &set->items[set->n++];
  *r = (struct clgan_results){.root = root, .first = first, .id = clgan_json_string(device, "id")};
  r->path = *r->id ? clgan_mem_printf("%s [%s]", name, r->id) : clgan_mem_strdup(name);
  make_printable(r->path);
  r->device = device ? device : cJSON_GetObjectItemCaseSensitive(root, "device");
  r->rows = clgan_mem_array((size_t)cJSON_GetArraySize(rows) + 1, sizeof *r->rows);
  cJSON_ArrayForEach(o, rows) {
    if (!clgan_json_string(o, "case")[0] || !clgan_results_have(r, o)) continue;
    clgan_result_row_read(o, &r->rows[r->n++]);
  }
}

enum clgan_status clgan_results_parse(const char *name, const char *text, size_t size, struct clgan_result_set *set,
                                      struct clgan_error *e) {
  cJSON *root = clgan_json_parse(text, size, NULL);
  const cJSON *rows = cJSON_GetObjectItemCaseSensitive(root, "rows"), *d;
  size_t before = set->n;
  if (!cJSON_IsObject(root) || strcmp(clgan_json_string(root, "schema"), CLGAN_BENCH_SCHEMA) != 0 ||
      !cJSON_IsArray(rows)) {
    const char *why = !root                  ? "is not JSON, or cut short"
                      : !cJSON_IsArray(rows) ? "has no rows"
                                             : "is not of schema " CLGAN_BENCH_SCHEMA;
    cJSON_Delete(root);
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: %s: give a file that `clgan bench --json F` wrote", name, why);
  }
  make_all_printable(root->child);
  cJSON_ArrayForEach(d, cJSON_GetObjectItemCaseSensitive(root, "devices")) if (clgan_json_string(d, "id")[0])
      add_results(set, name, root, d, set->n == before);
  if (set->n == before) add_results(set, name, root, NULL, true);
  return CLGAN_OK;
}

enum clgan_status clgan_results_read(const char *path, struct clgan_result_set *set, struct clgan_error *e) {
  char *text = NULL;
  size_t size = 0;
  CLGAN_TRY(clgan_file_read(path, &text, &size, e));
  enum clgan_status s = clgan_results_parse(path, text, size, set, e);
  clgan_mem_free(text);
  return s;
}

void clgan_result_set_free(struct clgan_result_set *set) {
  for (size_t k = 0; k < set->n; k++) {
    clgan_mem_free(set->items[k].path);
    clgan_mem_free(set->items[k].rows);
    if (set->items[k].first) cJSON_Delete(set->items[k].root);
  }
  clgan_mem_free(set->items);
  *set = (struct clgan_result_set){0};
}

bool clgan_result_measured(const struct clgan_result_row *row) {
  return row->runs >= 1 && row->median_s > 0 && !row->error[0];
}

bool clgan_result_left_out(const struct clgan_result_row *row) {
  return row->runs < 1 && !row->error[0];
}

bool clgan_result_is_probe(const struct clgan_result_row *row) {
  return !strncmp(row->name, "device/", 7);
}

int clgan_result_row_order(const struct clgan_result_row *x, const struct clgan_result_row *y) {
  int order = strcmp(x->name, y->name);
  return order ? order : strcmp(x->phase, y->phase);
}

static int by_case(const void *a, const void *b) {
  const struct clgan_result_row *x = *(const struct clgan_result_row *const *)a,
                                *y = *(const struct clgan_result_row *const *)b;
  int order = clgan_result_row_order(x, y);
  return order ? order : (x > y) - (x < y);
}

const struct clgan_result_row **clgan_results_sorted(const struct clgan_results *r) {
  const struct clgan_result_row **rows = clgan_mem_array(r->n, sizeof *rows);
  for (size_t k = 0; k < r->n; k++) rows[k] = &r->rows[k];
  qsort(rows, r->n, sizeof *rows, by_case);
  return rows;
}

void clgan_results_peaks(const struct clgan_results *r, double *gflops, double *gbps) {
  *gflops = *gbps = 0;
  for (size_t k = 0; k < r->n; k++) {
    const struct clgan_result_row *row = &r->rows[k];
    if (!clgan_result_is_probe(row) || !clgan_result_measured(row)) continue;
    if (!strncmp(row->name + 7, "fma/float", 9)) *gflops = fmax(*gflops, row->gflops);
    if (!strcmp(row->phase, "global memory")) *gbps = fmax(*gbps, row->gbps);
  }
}
