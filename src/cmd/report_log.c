/* report_log.c: a run's log.jsonl, read whatever state it is in. SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "cmd/report.h"

enum { LOSSES_MAX = 32 };

static size_t find_name(struct clgan_report_log *log, const char *name) {
  for (size_t k = 0; k < log->n_names; k++)
    if (!strcmp(log->names[k], name)) return k;
  if (log->n_names == LOSSES_MAX) return LOSSES_MAX;
  CLGAN_GROW(log->names, log->n_names, log->cap_names);
  log->names[log->n_names] = clgan_mem_strdup(name);
  return log->n_names++;
}

static bool is_loss(const cJSON *x) {
  static const char *const others[] = {"step", "images", "seconds", "images_per_s"};
  if (!cJSON_IsNumber(x)) return false;
  for (size_t k = 0; k < sizeof others / sizeof others[0]; k++)
    if (!strcmp(x->string, others[k])) return false;
  return true;
}

static double number_of(const cJSON *o, const char *key) {
  const cJSON *x = cJSON_GetObjectItemCaseSensitive(o, key);
  return cJSON_IsNumber(x) ? x->valuedouble : (double)NAN;
}

static bool read_line(struct clgan_report_log *log, const char *text, size_t n) {
  const char *end = NULL;
  cJSON *o = clgan_json_parse(text, n, &end), *x;
  double losses[LOSSES_MAX], step = number_of(o, "step");
  while (end && end < text + n && (*end == ' ' || *end == '\r')) end++;
  if (!cJSON_IsObject(o) || end != text + n || !(step >= 0 && step < 1e15)) {
    cJSON_Delete(o);
    return false;
  }
  for (size_t k = 0; k < LOSSES_MAX; k++) losses[k] = (double)NAN;
  cJSON_ArrayForEach(x, o) {
    size_t k = is_loss(x) ? find_name(log, x->string) : LOSSES_MAX;
    if (k < LOSSES_MAX) losses[k] = x->valuedouble;
  }
  CLGAN_GROW(log->lines, log->n, log->cap);
  struct clgan_report_line *line = &log->lines[log->n];
  *line = (struct clgan_report_line){.step = step,
                                     .images = number_of(o, "images"),
                                     .seconds = number_of(o, "seconds"),
                                     .n_losses = log->n_names,
                                     .losses = clgan_mem_array(log->n_names + 1, sizeof(double))};
  for (size_t k = 0; k < log->n_names; k++) line->losses[k] = losses[k];
  line->begins = !log->n || line->seconds < line[-1].seconds;
  log->sessions += line->begins;
  log->n++;
  cJSON_Delete(o);
  return true;
}

enum clgan_status clgan_report_log_read(const char *path, struct clgan_report_log *log, struct clgan_error *e) {
  char *text = NULL;
  size_t size = 0, number = 0;
  CLGAN_TRY(clgan_file_read(path, &text, &size, e));
  for (size_t at = 0; at < size;) {
    const char *end = memchr(text + at, '\n', size - at);
    size_t n = end ? (size_t)(end - text) - at : size - at;
    number++;
    if (n && !read_line(log, text + at, n) && !log->damaged++) log->first_damaged = number;
    at += n + 1;
  }
  clgan_mem_free(text);
  return CLGAN_OK;
}

void clgan_report_log_free(struct clgan_report_log *log) {
  for (size_t k = 0; k < log->n_names; k++) clgan_mem_free(log->names[k]);
  for (size_t i = 0; i < log->n; i++) clgan_mem_free(log->lines[i].losses);
  clgan_mem_free(log->names);
  clgan_mem_free(log->lines);
  *log = (struct clgan_report_log){0};
}

double clgan_report_loss(const struct clgan_report_log *log, size_t i, size_t k) {
  return k < log->lines[i].n_losses ? log->lines[i].losses[k] : (double)NAN;
}

double clgan_report_seconds(const struct clgan_report_log *log, size_t i) {
  double sum = 0;
  for (size_t k = 0; k <= i && i < log->n; k++) /* the last line of every session, and line i */
    if ((k == i || log->lines[k + 1].begins) && log->lines[k].seconds > 0) sum += log->lines[k].seconds;
  return sum;
}
