/* bench_all.c: every device in a process of its own. SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "bench/slower.h"
#include "cmd/bench.h"
#include "cmd/device_process.h"

enum { WORDS = 40, AT_BYTES = 160 };

/* -- what a device's process is called with -- */

struct words {
  const char *items[WORDS];
  char *own[WORDS]; /* numbers as text */
  size_t n, n_own;
};

static void add(struct words *w, const char *word) {
  if (w->n < WORDS) w->items[w->n++] = word;
}

static void add_text(struct words *w, const char *option, const char *value) {
  if (!value) return;
  add(w, option);
  add(w, value);
}

static void add_number(struct words *w, const char *option, bool given, double value) {
  if (!given) return;
  w->own[w->n_own] = clgan_mem_printf("%.17g", value);
  add_text(w, option, w->own[w->n_own++]);
}

static void make_words(const struct clgan_bench_command *o, struct words *w) {
  const struct {
    bool given;
    const char *option;
  } flags[] = {{o->quick, "--quick"}, {o->full, "--full"}, {o->no_tuning, "--no-tuning"}};
  const int parts = o->devices + o->ops + o->train + o->use + o->start;
  add(w, parts > 1 ? "all" : o->devices ? "devices" : o->ops ? "ops" : o->train ? "train" : o->use ? "use" : "start");
  for (size_t k = 0; k < sizeof flags / sizeof flags[0]; k++)
    if (flags[k].given) add(w, flags[k].option);
  add_text(w, "--model", o->model);
  add_text(w, "--batch", o->batch);
  add_text(w, "--cases", o->cases);
  add_text(w, "--pass", o->pass);
  add_text(w, "--only", o->only);
  add_text(w, "--clblast", o->clblast);
  add_text(w, "--precision", o->precision);
  add_number(w, "--base", o->base_given, (double)o->base);
  add_number(w, "--steps", o->steps_given, (double)o->steps);
  add_number(w, "--micro-batch", o->micro > 0, (double)o->micro);
  add_number(w, "--tune-seconds", o->tune_seconds >= 0, o->tune_seconds);
  add_number(w, "--budget", true, o->budget);
  add_number(w, "--hang-timeout", true, 0.8 * o->hang_timeout); /* of its own processes: less than what it has itself */
}

/* -- what it says -- */

struct child {
  cJSON *rows, *conditions; /* rows: the result's */
  const char *id;
  FILE *table;
  char at[AT_BYTES], *error, *text; /* text: the table as it was told last, with what followed it */
  double cases;
  struct clgan_progress bar;
};

/* In the place of what was told of the case before, on an earlier visit. */
static void put_row(struct child *c, cJSON *row) {
  cJSON *old;
  int k = 0;
  cJSON_AddStringToObject(row, "device", c->id);
  cJSON_ArrayForEach(old, c->rows) {
    if (!strcmp(clgan_json_string(old, "device"), c->id) && !strcmp(clgan_json_string(old, "case"), clgan_json_string(row, "case"))) {
      cJSON_ReplaceItemInArray(c->rows, k, row);
      return;
    }
    k++;
  }
  cJSON_AddItemToArray(c->rows, row);
}

static void take_line(void *context, cJSON *o) {
  struct child *c = context;
  const char *at = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "at")),
             *table = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "table")),
             *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "text")),
             *error = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "error"));
  cJSON *row = cJSON_DetachItemFromObjectCaseSensitive(o, "row");
  if (at) {
    (void)snprintf(c->at, sizeof c->at, "%s", at);
    clgan_progress_update(&c->bar, c->cases++, c->at);
  }
  if (table || text) {
    char *all = clgan_mem_printf("%s%s", !table && c->text ? c->text : "", table ? table : text);
    clgan_mem_free(c->text);
    c->text = all;
  }
  if (error && !c->error) c->error = clgan_mem_strdup(error);
  if (row) put_row(c, row);
  if (!c->conditions) c->conditions = cJSON_DetachItemFromObjectCaseSensitive(o, "conditions");
}

/* What clgan_result_device says, its number, and what became of it. */
static cJSON *device_object(const struct clgan_device_info *d, const char *result, const char *detail) {
  char id[32];
  cJSON *holder = cJSON_CreateObject();
  clgan_result_device(holder, d);
  cJSON *o = cJSON_DetachItemFromObjectCaseSensitive(holder, "device");
  cJSON_Delete(holder);
  cJSON_AddStringToObject(o, "id", clgan_device_id(d, id));
  cJSON_AddStringToObject(o, "result", result);
  if (detail[0]) cJSON_AddStringToObject(o, "detail", detail);
  return o;
}

/* A row for the device as a whole, where it did not come to its end. */
static void add_end(cJSON *rows, const char *id, const char *result, const char *detail) {
  cJSON *row = cJSON_CreateObject();
  cJSON_AddStringToObject(row, "case", "process");
  cJSON_AddStringToObject(row, "phase", "process");
  cJSON_AddNumberToObject(row, "runs", 0);
  char *error = clgan_mem_printf("%s: %s", result, detail);
  cJSON_AddStringToObject(row, "error", error);
  clgan_mem_free(error);
  cJSON_AddStringToObject(row, "device", id);
  cJSON_AddItemToArray(rows, row);
}

/* @return the device's object; its rows are in @p rows */
static enum clgan_status measure_device(const struct clgan_bench_command *o, const struct clgan_device_info *d,
                                        cJSON *rows, FILE *table, cJSON **out, struct clgan_error *e) {
  struct words w = {0};
  char id[32], detail[512];
  struct child c = {.rows = rows, .id = clgan_device_id(d, id), .table = table};
  const char *result = "measured";
  make_words(o, &w);
  struct clgan_device_process p = {.device = d,
                                   .subcommand = "bench",
                                   .words = w.items,
                                   .n_words = w.n,
                                   .patience = o->hang_timeout,
                                   .take = take_line,
                                   .context = &c};
  fprintf(table, "%sdevice %s %s (%s)\n", cJSON_GetArraySize(rows) ? "\n" : "", id, d->name, d->platform_name);
  fflush(table);
  clgan_progress_begin(&c.bar, "bench", "cases", 0, 0);
  enum clgan_status s = clgan_device_process_run(&p, e);
  clgan_progress_end(&c.bar);
  if (c.text) fputs(c.text, table);
  if (s == CLGAN_OK) {
    const char *bad = clgan_device_process_judge(&p, c.at, c.error, c.conditions != NULL, detail);
    if (bad) result = bad;
    if (!bad) detail[0] = '\0';
    if (bad) add_end(rows, id, bad, detail);
    if (bad) fprintf(table, "device %s %s: %s\n", id, bad, detail);
    *out = device_object(d, result, detail);
    if (c.conditions) cJSON_AddItemToObject(*out, "conditions", c.conditions);
  }
  for (size_t k = 0; k < w.n_own; k++) clgan_mem_free(w.own[k]);
  clgan_mem_free(c.error);
  clgan_mem_free(c.text);
  return s;
}

/* -- all -- */

static enum clgan_status measure_devices(const struct clgan_bench_command *o, const struct clgan_device_list *l,
                                         cJSON *devices, cJSON *rows, FILE *table, struct clgan_error *e) {
  cJSON *d;
  int bad = 0;
  for (size_t k = 0; k < clgan_device_list_count(l) && !clgan_bench_stopped(); k++) {
    const struct clgan_device_info *info = clgan_device_list_at(l, k);
    cJSON *result = NULL;
    if (info->compiler)
      CLGAN_TRY(measure_device(o, info, rows, table, &result, e));
    else
      result = device_object(info, "unusable", "the driver has no compiler");
    cJSON_AddItemToArray(devices, result);
  }
  const int left = (int)clgan_device_list_count(l) - cJSON_GetArraySize(devices);
  if (left > 0) fprintf(table, "stopped: %d devices not begun\n", left);
  clgan_bench_note_slower(devices, rows);
  cJSON_ArrayForEach(d, devices) {
    const char *note = clgan_json_string(d, "note"), *result = clgan_json_string(d, "result");
    if (*note) fprintf(table, "device %s %s\n", clgan_json_string(d, "id"), note);
    bad += strcmp(result, "measured") != 0 && strcmp(result, "unusable") != 0;
  }
  if (!bad) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_DEVICE, "%d of %d devices failed; which is said above", bad,
                         cJSON_GetArraySize(devices));
}

enum clgan_status clgan_bench_all(const struct clgan_bench_command *o, cJSON *root, FILE *table, struct clgan_error *e) {
  struct clgan_device_list *l = NULL;
  CLGAN_TRY(clgan_device_list_create(&l, e));
  cJSON *devices = cJSON_CreateArray(), *rows = cJSON_CreateArray(), *d;
  enum clgan_status s = clgan_device_list_count(l) ? measure_devices(o, l, devices, rows, table, e)
                                                   : clgan_error_set(e, CLGAN_ERR_DEVICE,
                                                                     "no OpenCL device: see `clgan devices`");
  cJSON_ArrayForEach(d, devices) if (!strcmp(clgan_json_string(d, "result"), "measured")) break;
  if (d) cJSON_AddItemToObject(root, "device", cJSON_Duplicate(d, true));
  cJSON_AddItemToObject(root, "devices", devices);
  cJSON_AddItemToObject(root, "rows", rows);
  clgan_device_list_destroy(l);
  return s;
}
