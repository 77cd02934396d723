/* result.c: benchmark results as JSON. SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "bench/result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/embedded.h"
#include "base/hash.h"
#include "base/mem.h"

/* The processor's name as Linux tells it; elsewhere the machine's architecture has to do. */
static void processor_name(char *out, size_t size) {
  char line[256];
  FILE *f = fopen("/proc/cpuinfo", "r");
  out[0] = '\0';
  while (f && fgets(line, sizeof line, f)) {
    const char *colon = strchr(line, ':');
    if (!colon || strncmp(line, "model name", 10)) continue;
    snprintf(out, size, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
    break;
  }
  if (f) fclose(f);
}

static void add_machine(cJSON *root) {
  struct utsname u;
  char name[128];
  cJSON *o = cJSON_AddObjectToObject(root, "machine");
  processor_name(name, sizeof name);
  if (name[0]) cJSON_AddStringToObject(o, "cpu", name);
  cJSON_AddNumberToObject(o, "cores", (double)sysconf(_SC_NPROCESSORS_ONLN));
#ifdef _SC_PHYS_PAGES
  cJSON_AddNumberToObject(o, "memory_bytes", (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE));
#endif
  if (uname(&u) < 0) return;
  cJSON_AddStringToObject(o, "system", u.sysname);
  cJSON_AddStringToObject(o, "release", u.release);
  cJSON_AddStringToObject(o, "architecture", u.machine);
}

void clgan_result_device(cJSON *root, const struct clgan_device_info *d) {
  cJSON *o = cJSON_AddObjectToObject(root, "device");
  cJSON_AddStringToObject(o, "name", d->name);
  cJSON_AddStringToObject(o, "type", clgan_device_type_text(d));
  cJSON_AddStringToObject(o, "vendor", d->vendor);
  cJSON_AddStringToObject(o, "platform", d->platform_name);
  cJSON_AddStringToObject(o, "driver", d->driver);
  cJSON_AddStringToObject(o, "version", d->version);
  cJSON_AddNumberToObject(o, "compute_units", d->compute_units);
  cJSON_AddNumberToObject(o, "clock_mhz", d->clock_mhz);
}

/* What was measured: the version, and a hash of every kernel, tuning and model text in the binary. */
static void add_source(cJSON *root) {
  struct clgan_sha256 h;
  char hex[65];
  cJSON *o = cJSON_AddObjectToObject(root, "source");
  clgan_sha256_init(&h);
  for (const struct clgan_embedded *f = clgan_embedded_table; f->name; f++) {
    clgan_sha256_string(&h, f->name);
    clgan_sha256_string(&h, f->data);
  }
  clgan_sha256_final_hex(&h, hex);
  cJSON_AddStringToObject(o, "version", clgan_version());
  cJSON_AddStringToObject(o, "embedded_sha256", hex);
#ifdef __VERSION__
  cJSON_AddStringToObject(o, "compiler", __VERSION__);
#endif
}

struct clgan_bench_row *clgan_bench_add(struct clgan_bench_rows *rows) {
  CLGAN_GROW(rows->items, rows->n, rows->cap);
  rows->items[rows->n] = (struct clgan_bench_row){0};
  return &rows->items[rows->n++];
}

void clgan_bench_fail(struct clgan_bench_row *row, const struct clgan_error *e) {
  (void)snprintf(row->error, sizeof row->error, "%.*s", (int)strcspn(e->text, "\n"), e->text);
  row->time.runs = 0;
}

static void add_row(cJSON *rows, const struct clgan_bench_row *r) {
  cJSON *o = cJSON_CreateObject();
  cJSON_AddStringToObject(o, "case", r->name);
  cJSON_AddStringToObject(o, "phase", r->phase);
  if (r->time.runs) {
    cJSON_AddNumberToObject(o, "median_s", r->time.median);
    cJSON_AddNumberToObject(o, "spread", r->time.spread);
  }
  cJSON_AddNumberToObject(o, "runs", (double)r->time.runs);
  if (r->gflops > 0) cJSON_AddNumberToObject(o, "gflops", r->gflops);
  if (r->gbps > 0) cJSON_AddNumberToObject(o, "gbps", r->gbps);
  if (r->share > 0) cJSON_AddNumberToObject(o, "share", r->share);
  if (r->count > 0) cJSON_AddNumberToObject(o, "count", r->count);
  if (r->variant[0]) cJSON_AddStringToObject(o, "variant", r->variant);
  if (r->images_per_s > 0) cJSON_AddNumberToObject(o, "images_per_s", r->images_per_s);
  if (r->pipelined_s > 0) cJSON_AddNumberToObject(o, "pipelined_s", r->pipelined_s);
  if (r->memory.planned > 0) {
    cJSON *m = cJSON_AddObjectToObject(o, "memory");
    cJSON_AddNumberToObject(m, "transient_bytes", r->memory.arenas);
    cJSON_AddNumberToObject(m, "peak_live_bytes", r->memory.peak);
    cJSON_AddNumberToObject(m, "planned_bytes", r->memory.planned);
    cJSON_AddNumberToObject(m, "allocated_bytes", r->memory.allocated);
  }
  if (r->error[0]) cJSON_AddStringToObject(o, "error", r->error);
  cJSON_AddItemToArray(rows, o);
}

enum clgan_status clgan_bench_result(const struct clgan_device_info *d, const struct clgan_bench_row *rows, size_t n,
                                     char **out, struct clgan_error *e) {
  char date[32] = "";
  time_t now = time(NULL);
  struct tm utc;
  if (gmtime_r(&now, &utc)) strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
  cJSON *root = cJSON_CreateObject();
  cJSON_AddStringToObject(root, "schema", "clgan-bench/1");
  cJSON_AddStringToObject(root, "date", date);
  add_machine(root);
  clgan_result_device(root, d);
  add_source(root);
  cJSON *array = cJSON_AddArrayToObject(root, "rows");
  for (size_t i = 0; i < n; i++) add_row(array, &rows[i]);
  char *text = cJSON_Print(root);
  cJSON_Delete(root);
  *out = text ? clgan_mem_printf("%s\n", text) : NULL;
  free(text);
  return *out ? CLGAN_OK : clgan_error_set(e, CLGAN_ERR_MEMORY, "not enough memory for the results as JSON");
}
