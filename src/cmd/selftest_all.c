/* selftest_all.c: every device in a process of its own, so that one whose driver crashes or hangs becomes a row.
 * SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"
#include "cmd/selftest.h"

enum { AT_BYTES = 160, ARGUMENTS = 12, END_PATIENCE_S = 30 };

/* What the process of one device has said so far. */
struct child {
  struct clgan_process *process;
  cJSON *result, *error;
  char at[AT_BYTES];
  double steps;
  struct clgan_progress bar;
};

static void take_line(struct child *c, const char *line) {
  cJSON *o = cJSON_Parse(line);
  const char *at = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "at")),
             *kernels = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "kernels"));
  if (at) {
    snprintf(c->at, sizeof c->at, "%.100s (%.20s)", at, kernels ? kernels : "?");
    clgan_progress_update(&c->bar, c->steps++, c->at);
  }
  if (!c->result) c->result = cJSON_DetachItemFromObjectCaseSensitive(o, "device");
  if (!c->error) c->error = cJSON_DetachItemFromObjectCaseSensitive(o, "error");
  cJSON_Delete(o);
}

static enum clgan_status start(const struct clgan_selftest_options *o, const struct clgan_device_info *d,
                               struct clgan_process **out, struct clgan_error *e) {
  char id[32];
  size_t n = 0;
  snprintf(id, sizeof id, "%d:%d", d->platform, d->device);
  const char **argv = clgan_mem_array(ARGUMENTS + o->n_names, sizeof *argv);
  const char *const fixed[] = {"clgan", "selftest", "--quiet", "--stream", "--device", id};
  for (; n < sizeof fixed / sizeof fixed[0]; n++) argv[n] = fixed[n];
  if (o->quick) argv[n++] = "--quick";
  if (o->golden) argv[n++] = "--golden", argv[n++] = o->golden;
  argv[n++] = "--";
  for (size_t k = 0; k < o->n_names; k++) argv[n++] = o->names[k];
  enum clgan_status s = clgan_process_start(NULL, argv, NULL, out, e);
  clgan_mem_free(argv);
  return s;
}

static cJSON *row(const struct clgan_device_info *d, const char *result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static cJSON *row(const struct clgan_device_info *d, const char *result, const char *format, ...) {
  char detail[512];
  va_list ap;
  va_start(ap, format);
  vsnprintf(detail, sizeof detail, format, ap);
  va_end(ap);
  cJSON *o = clgan_selftest_object(d, result);
  cJSON_AddStringToObject(o, "detail", detail);
  return o;
}

/* The device's row, from what its process said and how it ended. */
static cJSON *judge(const struct clgan_selftest_options *o, const struct clgan_device_info *d, struct child *c,
                    bool silent) {
  char how[96];
  const char *at = c->at[0] ? c->at : "start";
  if (silent) clgan_process_kill(c->process);
  struct clgan_process_end end = clgan_process_wait(c->process, END_PATIENCE_S);
  clgan_process_end_text(&end, how);
  if (silent) return row(d, "hung", "no progress for %g s at %s; killed", o->patience, at);
  if (c->error) return row(d, "failed", "%s", cJSON_GetStringValue(c->error));
  if (!c->result) return row(d, end.signal ? "crashed" : "failed", "%s at %s", how, at);
  if (end.late) return row(d, "hung", "all was tried, but the process did not end; killed");
  if (end.signal) return row(d, "crashed", "%s after all was tried", how);
  cJSON *result = c->result;
  c->result = NULL;
  return result;
}

static enum clgan_status try_device(const struct clgan_selftest_options *o, const struct clgan_device_info *d,
                                    cJSON **out, struct clgan_error *e) {
  struct child c = {0};
  const char *line;
  enum clgan_process_said said;
  CLGAN_TRY(start(o, d, &c.process, e));
  clgan_log_info("device %d:%d %s (%s)", d->platform, d->device, d->name, d->platform_name);
  clgan_progress_begin(&c.bar, "selftest", "checks", 0, 0);
  while ((said = clgan_process_read(c.process, o->patience, &line)) == CLGAN_PROCESS_LINE) take_line(&c, line);
  clgan_progress_end(&c.bar);
  *out = judge(o, d, &c, said == CLGAN_PROCESS_SILENT);
  clgan_process_destroy(c.process);
  cJSON_Delete(c.result);
  cJSON_Delete(c.error);
  return CLGAN_OK;
}

enum clgan_status clgan_selftest_all(const struct clgan_selftest_options *o, const struct clgan_device_list *l,
                                     cJSON *devices, struct clgan_error *e) {
  size_t n = clgan_device_list_count(l);
  if (n == 0) return clgan_error_set(e, CLGAN_ERR_DEVICE, "no OpenCL device: see `clgan devices`");
  for (size_t k = 0; k < n; k++) {
    const struct clgan_device_info *d = clgan_device_list_at(l, k);
    cJSON *result = NULL;
    if (d->compiler)
      CLGAN_TRY(try_device(o, d, &result, e));
    else
      result = row(d, "unusable", "the driver has no compiler");
    cJSON_AddItemToArray(devices, result);
  }
  return CLGAN_OK;
}
