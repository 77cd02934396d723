/* selftest.c: `clgan selftest`. SPDX-License-Identifier: MIT */
#include "cmd/selftest.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "cmd/args.h"
#include "cmd/command.h"
#include "cmd/device_process.h"

struct options {
  struct clgan_selftest_options test;
  const char *device, *json;
};

static enum clgan_status write_json(const struct options *o, const cJSON *result, struct clgan_error *e) {
  char *text = cJSON_Print(result);
  enum clgan_status s = clgan_json_write(o->json, text, e);
  free(text);
  return s;
}

static enum clgan_status test_one(const struct options *o, struct clgan_session *s, cJSON *devices,
                                  struct clgan_error *e) {
  cJSON *device = NULL;
  CLGAN_TRY(clgan_session_start(s, o->device, e));
  CLGAN_TRY(clgan_selftest_device(&o->test, s, &device, e));
  cJSON_AddItemToArray(devices, device);
  return CLGAN_OK;
}

static enum clgan_status test_devices(const struct options *o, cJSON *devices, struct clgan_error *e) {
  struct clgan_session s = {0};
  enum clgan_status status;
  if (o->device && !strcmp(o->device, "all")) {
    status = clgan_device_list_create(&s.list, e);
    if (status == CLGAN_OK) status = clgan_selftest_all(&o->test, s.list, devices, e);
  } else {
    status = test_one(o, &s, devices, e);
  }
  clgan_session_close(&s);
  return status;
}

/* @return CLGAN_ERR_NUMERIC with a line where a device failed */
static enum clgan_status judge(const cJSON *devices, struct clgan_error *e) {
  const cJSON *d;
  int failed = 0, n = cJSON_GetArraySize(devices);
  cJSON_ArrayForEach(d, devices) failed += !clgan_selftest_passed(d);
  if (failed == 0) return CLGAN_OK;
  if (n == 1) return clgan_error_set(e, CLGAN_ERR_NUMERIC, "failed; what failed is listed above");
  return clgan_error_set(e, CLGAN_ERR_NUMERIC, "%d of %d devices failed; what failed is listed above", failed, n);
}

static enum clgan_status selftest(const struct options *o, cJSON *root, struct clgan_error *e) {
  cJSON *devices = cJSON_AddArrayToObject(root, "devices"), *d;
  FILE *to = o->json && !*o->json ? stderr : stdout;
  cJSON_AddStringToObject(root, "schema", "clgan-selftest/1");
  cJSON_AddStringToObject(root, "version", clgan_version());
  if (o->json && *o->json) CLGAN_TRY(clgan_file_check_writable(o->json, e));
  enum clgan_status s = clgan_selftest_check(&o->test, e);
  if (s == CLGAN_OK) s = test_devices(o, devices, e);
  if (o->test.stream) {
    if (s != CLGAN_OK) clgan_device_process_say("error", cJSON_CreateString(e->text));
    if (s == CLGAN_OK) clgan_device_process_say("device", cJSON_DetachItemFromArray(devices, 0));
    return s;
  }
  CLGAN_TRY(s);
  cJSON_ArrayForEach(d, devices) {
    if (d != devices->child) fputc('\n', to);
    clgan_selftest_print(d, to);
  }
  s = judge(devices, e);
  cJSON_AddBoolToObject(root, "passed", s == CLGAN_OK);
  struct clgan_error own = {0};
  if (o->json && write_json(o, root, &own) != CLGAN_OK && s == CLGAN_OK)
    s = clgan_error_set(e, own.status, "%s", own.text);
  return s;
}

static enum clgan_status parse(struct options *o, struct clgan_args *args, int argc, char **argv,
                               struct clgan_error *e) {
  const struct clgan_option options[] = {
      CLGAN_WORD("device", 'd', &o->device, "D", "as for train; all: each device, in a process of its own"),
      CLGAN_FLAG("quick", 0, &o->test.quick, "small cases and one model's steps only"),
      CLGAN_WORD("golden", 0, &o->test.golden, "DIR", "replay these golden files too (default: the source tree's)"),
      CLGAN_JSON(&o->json, "results as JSON to F, or to standard output"),
      CLGAN_REAL("patience", &o->test.patience, 1, 86400, "--device all: seconds of silence that end a device"),
      CLGAN_FLAG("stream", 0, &o->test.stream, "as it goes, a JSON object a line: what --device all reads"),
  };
  const struct clgan_usage usage = {
      .name = "selftest",
      .options = options,
      .n_options = sizeof options / sizeof options[0],
      .operands = true,
      .synopsis = "[--device D|all] [--quick] [--json [F]] [OPERATION | OPERATION/CASE | steps]...",
      .about =
          "Tries this driver: every operation's cases and gradients against double-precision references, the same bits "
          "twice,\n"
          "NaN let through; and whole training steps against the same steps in double precision. Both families of "
          "kernels are\n"
          "tried, unless CLGAN_FAMILY=reg|local forces one. Exit status 1 if anything failed.",
      .examples =
          "  clgan selftest\n  clgan selftest --device all --quick\n  clgan selftest --device gpu conv deconv\n"};
  CLGAN_TRY(clgan_args_parse(args, &usage, argc, argv, e));
  o->test.names = args->operands;
  o->test.n_names = args->n_operands;
  return CLGAN_OK;
}

int clgan_command_selftest(int argc, char **argv) {
  struct options o = {.test.patience = 120};
  struct clgan_args args = {0};
  struct clgan_error e = {0};
  enum clgan_status status = parse(&o, &args, argc, argv, &e);
  if (status == CLGAN_OK && !args.helped) {
    cJSON *root = cJSON_CreateObject();
    status = selftest(&o, root, &e);
    cJSON_Delete(root);
  }
  bool told =
      o.test.stream && status != CLGAN_OK && status != CLGAN_ERR_USAGE; /* to the process that reads the stream */
  clgan_args_free(&args);
  return told ? CLGAN_EXIT_FAILED : clgan_command_finish("selftest", status, &e);
}
