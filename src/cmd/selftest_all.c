/* selftest_all.c: every device in a process of its own, so that one whose driver crashes or hangs becomes a row.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cmd/device_process.h"
#include "cmd/selftest.h"

enum { AT_BYTES = 160, ARGUMENTS = 4 };

/* What the process of one device has said so far. */
struct child {
  cJSON *result, *error;
  char at[AT_BYTES];
  double steps;
  struct clgan_progress bar;
};

static void take_line(void *context, cJSON *o) {
  struct child *c = context;
  const char *at = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "at")),
             *kernels = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "kernels"));
  if (at) {
    snprintf(c->at, sizeof c->at, "%.100s (%.20s)", at, kernels ? kernels : "?");
    clgan_progress_update(&c->bar, c->steps++, c->at);
  }
  if (!c->result) c->result = cJSON_DetachItemFromObjectCaseSensitive(o, "device");
  if (!c->error) c->error = cJSON_DetachItemFromObjectCaseSensitive(o, "error");
}

static cJSON *row(const struct clgan_device_info *d, const char *result, const char *detail) {
  cJSON *o = clgan_selftest_object(d, result);
  cJSON_AddStringToObject(o, "detail", detail);
  return o;
}

static enum clgan_status try_device(const struct clgan_selftest_options *o, const struct clgan_device_info *d,
                                    cJSON **out, struct clgan_error *e) {
  struct child c = {0};
  size_t n = 0;
  char detail[512];
  const char **words = clgan_mem_array(ARGUMENTS + o->n_names, sizeof *words);
  if (o->quick) words[n++] = "--quick";
  if (o->golden) words[n++] = "--golden", words[n++] = o->golden;
  words[n++] = "--";
  for (size_t k = 0; k < o->n_names; k++) words[n++] = o->names[k];
  struct clgan_device_process p = {.device = d,
                                   .subcommand = "selftest",
                                   .words = words,
                                   .n_words = n,
                                   .patience = o->patience,
                                   .take = take_line,
                                   .context = &c};
  clgan_progress_begin(&c.bar, "selftest", "checks", 0, 0);
  enum clgan_status s = clgan_device_process_run(&p, e);
  clgan_progress_end(&c.bar);
  clgan_mem_free(words);
  if (s == CLGAN_OK) {
    const char *bad =
        clgan_device_process_judge(&p, c.at, cJSON_GetStringValue(c.error), c.result != NULL, detail);
    *out = bad ? row(d, bad, detail) : c.result;
    if (!bad) c.result = NULL;
  }
  cJSON_Delete(c.result);
  cJSON_Delete(c.error);
  return s;
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
