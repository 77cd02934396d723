/* result.c: benchmark results as JSON. SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "bench/result.h"

#include <math.h>
#include <stdio.h>
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

void clgan_bench_rows_free(struct clgan_bench_rows *rows) {
  for (size_t k = 0; k < rows->n; k++) clgan_mem_free(rows->items[k].parts);
  clgan_mem_free(rows->items);
  *rows = (struct clgan_bench_rows){0};
}

struct clgan_bench_row *clgan_bench_find(const struct clgan_bench_rows *rows, const char *name) {
  for (size_t k = 0; k < rows->n; k++)
    if (!strcmp(rows->items[k].name, name)) return &rows->items[k];
  return NULL;
}

/* Mean of what is known: counters and clocks have no median worth the name. */
static void take_mean(double *mean, double x, size_t n) {
  if (*mean > 0 && x > 0) *mean += (x - *mean) / (double)n;
}

/* A probe's work is adapted to the device each time: how much more of it there was this time. Other cases' work stays the same. */
static double work_ratio(const struct clgan_bench_row *row, const struct clgan_bench_row *again) {
  const double was = fmax(row->gflops, row->gbps), is = row->gflops > row->gbps ? again->gflops : again->gbps;
  return was > 0 && is > 0 ? is * again->time.median / (was * row->time.median) : 1;
}

void clgan_bench_visit(struct clgan_bench_row *row, const struct clgan_bench_row *again) {
  if (again->error[0]) {
    (void)snprintf(row->error, sizeof row->error, "%s", again->error);
    row->time.runs = 0;
    return;
  }
  if (!again->time.runs || !row->time.runs || row->n_visits == CLGAN_BENCH_VISITS) return;
  const double before = row->time.median;
  if (!row->n_visits) row->visits[row->n_visits++] = row->time;
  struct clgan_median *v = &row->visits[row->n_visits++];
  const double work = work_ratio(row, again);
  *v = again->time;
  v->median /= work, v->lo /= work, v->hi /= work;
  row->time = clgan_median_of_visits(row->visits, row->n_visits);
  const double faster = before / row->time.median;
  row->gflops *= faster, row->gbps *= faster, row->images_per_s *= faster, row->share *= faster;
  take_mean(&row->pipelined_s, again->pipelined_s, row->n_visits);
  take_mean(&row->joules_per_image, again->joules_per_image, row->n_visits);
  take_mean(&row->clock_mhz, again->clock_mhz, row->n_visits);
}

void clgan_bench_fail(struct clgan_bench_row *row, const struct clgan_error *e) {
  (void)snprintf(row->error, sizeof row->error, "%.*s", (int)strcspn(e->text, "\n"), e->text);
  row->time.runs = 0;
}

void clgan_bench_leave(struct clgan_bench_row *row, double seconds) {
  (void)snprintf(row->note, sizeof row->note, "not measured: would take about %.*f s", seconds < 10, seconds);
  row->time = (struct clgan_median){0};
}

void clgan_bench_add_part(struct clgan_bench_row *row, const char *name, const char *phase, double seconds) {
  size_t k = 0;
  if (!row->parts) row->parts = clgan_mem_array(CLGAN_BENCH_PARTS, sizeof *row->parts);
  while (k < row->n_parts && (strcmp(row->parts[k].name, name) != 0 || strcmp(row->parts[k].phase, phase) != 0)) k++;
  if (k == row->n_parts && k == CLGAN_BENCH_PARTS) { /* the last one takes in the rest */
    k--;
    name = "others";
  }
  if (k == row->n_parts) row->n_parts++;
  struct clgan_bench_part *p = &row->parts[k];
  (void)snprintf(p->name, sizeof p->name, "%s", name);
  p->phase = phase;
  p->seconds += seconds;
  p->launches++;
}

static void add_positive(cJSON *o, const char *key, double x) {
  if (x > 0) cJSON_AddNumberToObject(o, key, x);
}

static void add_time(cJSON *o, const struct clgan_median *t) {
  if (t->runs) {
    cJSON_AddNumberToObject(o, "median_s", t->median);
    cJSON_AddNumberToObject(o, "spread", t->spread);
    cJSON_AddNumberToObject(o, "low_s", t->lo);
    cJSON_AddNumberToObject(o, "high_s", t->hi);
  }
  cJSON_AddNumberToObject(o, "runs", (double)t->runs);
}

static void add_memory(cJSON *o, const struct clgan_bench_memory *m) {
  if (m->planned <= 0) return;
  cJSON *to = cJSON_AddObjectToObject(o, "memory");
  cJSON_AddNumberToObject(to, "transient_bytes", m->arenas);
  cJSON_AddNumberToObject(to, "peak_live_bytes", m->peak);
  cJSON_AddNumberToObject(to, "planned_bytes", m->planned);
  cJSON_AddNumberToObject(to, "allocated_bytes", m->allocated);
}

static void add_parts(cJSON *o, const struct clgan_bench_row *r) {
  cJSON *array = r->n_parts ? cJSON_AddArrayToObject(o, "parts") : NULL;
  for (size_t k = 0; k < r->n_parts; k++) {
    cJSON *p = cJSON_CreateObject();
    cJSON_AddStringToObject(p, "operation", r->parts[k].name);
    cJSON_AddStringToObject(p, "phase", r->parts[k].phase);
    cJSON_AddNumberToObject(p, "seconds", r->parts[k].seconds);
    cJSON_AddNumberToObject(p, "launches", r->parts[k].launches);
    cJSON_AddItemToArray(array, p);
  }
}

static void add_clblast(cJSON *o, const struct clgan_bench_peer *p) {
  if (!p->time.runs && !p->error[0]) return;
  cJSON *to = cJSON_AddObjectToObject(o, "clblast");
  add_time(to, &p->time);
  add_positive(to, "gflops", p->gflops);
  if (p->error[0]) cJSON_AddStringToObject(to, "error", p->error);
}

cJSON *clgan_bench_result_row(const struct clgan_bench_row *r) {
  cJSON *o = cJSON_CreateObject();
  cJSON_AddStringToObject(o, "case", r->name);
  cJSON_AddStringToObject(o, "phase", r->phase);
  add_time(o, &r->time);
  cJSON *visits = r->time.runs && r->n_visits ? cJSON_AddArrayToObject(o, "visits_s") : NULL;
  for (size_t k = 0; visits && k < r->n_visits; k++) cJSON_AddItemToArray(visits, cJSON_CreateNumber(r->visits[k].median));
  add_positive(o, "gflops", r->gflops);
  add_positive(o, "gbps", r->gbps);
  add_positive(o, "share", r->share);
  add_positive(o, "count", r->count);
  add_positive(o, "launches", r->launches);
  if (r->variant[0]) cJSON_AddStringToObject(o, "variant", r->variant);
  if (r->tuning) cJSON_AddStringToObject(o, "tuning", r->tuning);
  add_positive(o, "images_per_s", r->images_per_s);
  add_positive(o, "pipelined_s", r->pipelined_s);
  add_positive(o, "joules_per_image", r->joules_per_image);
  add_positive(o, "clock_mhz", r->clock_mhz);
  add_memory(o, &r->memory);
  add_parts(o, r);
  add_clblast(o, &r->clblast);
  if (r->note[0]) cJSON_AddStringToObject(o, "note", r->note);
  if (r->error[0]) cJSON_AddStringToObject(o, "error", r->error);
  return o;
}

cJSON *clgan_bench_result_root(void) {
  char date[32] = "";
  time_t now = time(NULL);
  struct tm utc;
  if (gmtime_r(&now, &utc)) strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
  cJSON *root = cJSON_CreateObject();
  cJSON_AddStringToObject(root, "schema", "clgan-bench/1");
  cJSON_AddStringToObject(root, "date", date);
  add_machine(root);
  add_source(root);
  return root;
}
