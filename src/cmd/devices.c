/* devices.c: `clgan devices`. SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "cmd/args.h"
#include "cmd/command.h"
#include "cmd/session.h"

static void add_device(cJSON *array, const struct clgan_device_list *l, size_t i, bool chosen) {
  const struct clgan_device_info *d = clgan_device_list_at(l, i);
  cJSON *o = cJSON_CreateObject();
  char id[32];
  cJSON_AddStringToObject(o, "id", clgan_device_id(d, id));
  cJSON_AddStringToObject(o, "type", clgan_device_type_text(d));
  cJSON_AddStringToObject(o, "name", d->name);
  cJSON_AddStringToObject(o, "vendor", d->vendor);
  cJSON_AddStringToObject(o, "platform", d->platform_name);
  cJSON_AddStringToObject(o, "version", d->version);
  cJSON_AddStringToObject(o, "driver", d->driver);
  cJSON_AddStringToObject(o, "c_version", d->c_version);
  cJSON_AddNumberToObject(o, "compute_units", d->compute_units);
  cJSON_AddNumberToObject(o, "clock_mhz", d->clock_mhz);
  cJSON_AddNumberToObject(o, "vector_float", d->vector_float);
  cJSON_AddNumberToObject(o, "max_work_group", (double)d->max_work_group);
  cJSON_AddNumberToObject(o, "global_bytes", (double)d->global_mem);
  cJSON_AddNumberToObject(o, "largest_allocation_bytes", (double)d->max_alloc);
  cJSON_AddNumberToObject(o, "local_bytes", (double)d->local_mem);
  cJSON_AddBoolToObject(o, "fp64", d->fp64);
  cJSON_AddBoolToObject(o, "fp16", d->fp16);
  cJSON_AddBoolToObject(o, "subgroups", d->subgroups);
  cJSON_AddNumberToObject(o, "subgroup_size", d->subgroup_size);
  if (d->duplicate_of >= 0) {
    const struct clgan_device_info *first = clgan_device_list_at(l, (size_t)d->duplicate_of);
    cJSON_AddStringToObject(o, "duplicate_of", clgan_device_id(first, id));
  }
  cJSON_AddBoolToObject(o, "auto", chosen);
  cJSON_AddItemToArray(array, o);
}

static enum clgan_status print_json(const struct clgan_device_list *l, size_t chosen, const char *reason,
                                    struct clgan_error *e) {
  cJSON *root = cJSON_CreateObject(), *devices = cJSON_AddArrayToObject(root, "devices");
  cJSON_AddStringToObject(root, "schema", "clgan-devices/1");
  for (size_t i = 0; i < clgan_device_list_count(l); i++) add_device(devices, l, i, i == chosen);
  cJSON_AddStringToObject(root, "auto", reason);
  char *text = cJSON_Print(root);
  cJSON_Delete(root);
  enum clgan_status s = clgan_json_write("", text, e);
  free(text);
  return s;
}

static void print_table(const struct clgan_device_list *l, size_t chosen, const char *reason) {
  size_t n = clgan_device_list_count(l);
  int name = 4, platform = 8;
  for (size_t i = 0; i < n; i++) {
    const struct clgan_device_info *d = clgan_device_list_at(l, i);
    if ((int)strlen(d->name) > name) name = (int)strlen(d->name);
    if ((int)strlen(d->platform_name) > platform) platform = (int)strlen(d->platform_name);
  }
  printf("  %-5s %-14s %-*s %-*s %5s %9s  %s\n", "P:D", "type", name, "name", platform, "platform", "units", "memory",
         "driver");
  for (size_t i = 0; i < n; i++) {
    const struct clgan_device_info *d = clgan_device_list_at(l, i);
    char id[32];
    printf("%c %-5s %-14s %-*s %-*s %5u %5.1f GiB  %s", i == chosen ? '*' : ' ', clgan_device_id(d, id),
           clgan_device_type_text(d), name, d->name, platform, d->platform_name, d->compute_units,
           (double)d->global_mem / (1 << 30), d->driver);
    if (d->duplicate_of >= 0) {
      const struct clgan_device_info *first = clgan_device_list_at(l, (size_t)d->duplicate_of);
      printf("  (same hardware as %s)", clgan_device_id(first, id));
    }
    if (!d->compiler) printf("  (no compiler: cannot be used)");
    putchar('\n');
  }
  printf("* auto takes %s\n", reason);
}

int clgan_command_devices(int argc, char **argv) {
  bool json = false;
  const struct clgan_option options[] = {
      CLGAN_FLAG("json", 0, &json, "every fact as JSON on standard output"),
  };
  const struct clgan_usage usage = {
      .name = "devices",
      .synopsis = "[--json]",
      .options = options,
      .n_options = sizeof options / sizeof options[0],
      .about =
          "Lists the OpenCL devices of every platform. P:D is what --device takes; * marks the one that `auto` takes."};
  struct clgan_args args = {0};
  struct clgan_session s = {0};
  struct clgan_error e = {0};
  enum clgan_status status = clgan_args_parse(&args, &usage, argc, argv, &e);
  if (status == CLGAN_OK && !args.helped) {
    status = clgan_session_choose(&s, "auto", &e);
    bool any = s.list && clgan_device_list_count(s.list) > 0;
    if (status == CLGAN_OK || any) { /* devices that cannot be used are listed all the same */
      size_t chosen = status == CLGAN_OK ? s.index : SIZE_MAX;
      const char *reason = status == CLGAN_OK ? s.reason : "none";
      enum clgan_status printed = CLGAN_OK;
      if (json)
        printed = print_json(s.list, chosen, reason, &e);
      else
        print_table(s.list, chosen, reason);
      if (status == CLGAN_OK) status = printed;
    }
  }
  clgan_session_close(&s);
  clgan_args_free(&args);
  return clgan_command_finish("devices", status, &e);
}
