/* check.c: is a file of results whole, and can it be true. SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "bench/compare.h"

/* What is believed. Algorithms that save multiplications exceed the peak (Winograd's F(4x4,2x2) by 64/25), caches the
 * memory's bandwidth; a second look at the peaks, after the operations, may have lowered shares. */
enum { OVER_PEAK = 4, LINES_MAX = 100 };
static const double rounding = 0.02;

struct report {
  struct clgan_text *lines;
  size_t n;
  const char *name; /**< of the row at hand */
  int row;          /**< its number, from 1; 0: the file's head */
};

static void complain(struct report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void complain(struct report *r, const char *format, ...) {
  char text[400];
  va_list ap;
  va_start(ap, format);
  (void)vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  if (r->n++ >= LINES_MAX) return;
  if (r->row && r->name[0])
    clgan_text_printf(r->lines, "row %d, %s: %s\n", r->row, r->name, text);
  else if (r->row)
    clgan_text_printf(r->lines, "row %d: %s\n", r->row, text);
  else
    clgan_text_printf(r->lines, "%s\n", text);
}

/* -- fields: type and range -- */

struct field {
  const char *key;
  double low, high; /**< of numbers; a text's length lies between them where `text` */
  bool text, needed, whole;
};
static const struct field machine_fields[] = {
    {"cpu", 1, 200, true, false, false},
    {"cores", 1, 65536, false, true, true},
    {"memory_bytes", 1e6, 1e16, false, false, true},
    {"system", 1, 100, true, false, false},
    {"release", 1, 200, true, false, false},
    {"architecture", 1, 100, true, false, false},
};
static const struct field device_fields[] = {
    {"name", 1, 400, true, true, false},           {"type", 1, 60, true, true, false},
    {"vendor", 1, 400, true, false, false},        {"platform", 1, 400, true, true, false},
    {"driver", 1, 400, true, true, false},         {"version", 1, 400, true, false, false},
    {"compute_units", 1, 1e6, false, false, true}, {"clock_mhz", 0, 1e5, false, false, true},
};
static const struct field source_fields[] = {
    {"version", 1, 100, true, true, false},
    {"embedded_sha256", 64, 64, true, false, false},
    {"peer", 1, 100, true, false, false},
};
static const struct field row_fields[] = {
    {"case", 1, 300, true, true, false},
    {"phase", 1, 60, true, true, false},
    {"runs", 0, 1e9, false, true, true},
    {"median_s", 1e-10, 1e5, false, false, false},
    {"spread", 0, 100, false, false, false},
    {"low_s", 1e-10, 1e5, false, false, false},
    {"high_s", 1e-10, 1e5, false, false, false},
    {"gflops", 1e-9, 1e8, false, false, false},
    {"gbps", 1e-9, 1e6, false, false, false},
    {"share", 1e-9, 1e4, false, false, false},
    {"count", 1, 1e6, false, false, true},
    {"launches", 1, 1e9, false, false, true},
    {"images_per_s", 1e-6, 1e9, false, false, false},
    {"pipelined_s", 1e-10, 1e5, false, false, false},
    {"variant", 1, 4000, true, false, false},
    {"error", 1, 4000, true, false, false},
    {"tuning", 1, 60, true, false, false},
    {"note", 1, 4000, true, false, false},
    {"joules_per_image", 1e-12, 1e6, false, false, false},
    {"clock_mhz", 1, 1e5, false, false, false},
};
#define COUNT(a) (sizeof(a) / sizeof *(a))

static void check_field(struct report *r, const char *group, const cJSON *o, const struct field *f) {
  const cJSON *x = cJSON_GetObjectItemCaseSensitive(o, f->key);
  if (!x) {
    if (f->needed) complain(r, "%s%s is missing", group, f->key);
  } else if (f->text) {
    if (!cJSON_IsString(x))
      complain(r, "%s%s is not a text", group, f->key);
    else if (strlen(x->valuestring) < (size_t)f->low || strlen(x->valuestring) > (size_t)f->high)
      complain(r, "%s%s has %zu bytes: %g to %g are expected", group, f->key, strlen(x->valuestring), f->low, f->high);
  } else if (!cJSON_IsNumber(x)) {
    complain(r, "%s%s is not a number", group, f->key);
  } else if (!(x->valuedouble >= f->low && x->valuedouble <= f->high)) {
    complain(r, "%s%s is %g: %g to %g is expected", group, f->key, x->valuedouble, f->low, f->high);
  } else if (f->whole && x->valuedouble != floor(x->valuedouble)) {
    complain(r, "%s%s is %g: not a whole number", group, f->key, x->valuedouble);
  }
}

static void check_group(struct report *r, const cJSON *o, const char *name, const struct field *f, size_t n) {
  char group[32];
  (void)snprintf(group, sizeof group, "%s.", name);
  if (!cJSON_IsObject(o)) {
    complain(r, "%s is missing", name);
    return;
  }
  for (size_t k = 0; k < n; k++) check_field(r, group, o, &f[k]);
}

/* "2026-11-24T01:02:03Z" */
static void check_date(struct report *r, const cJSON *root) {
  const cJSON *o = cJSON_GetObjectItemCaseSensitive(root, "date");
  int part[6], end = 0;
  if (!cJSON_IsString(o) ||
      sscanf(o->valuestring, "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &part[0], &part[1], &part[2], &part[3], &part[4], &part[5],
             &end) != 6 ||
      !end || o->valuestring[end] || part[0] < 2024 || part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > 31)
    complain(r, "date is missing or is not like 2026-01-31T12:00:00Z");
}

/* -- what belongs together -- */

/* The number behind "batch" in "train/digits/base32/batch128"; 0: none. */
static double batch_of(const char *name) {
  const char *at = strstr(name, "/batch");
  return at ? strtod(at + 6, NULL) : 0;
}

static void check_measured(struct report *r, const struct clgan_result_row *row, double peak_gflops, double peak_gbps) {
  double batch = batch_of(row->name), images = row->images_per_s * row->median_s;
  double bound = fmax(peak_gflops > 0 ? row->gflops / peak_gflops : 0, peak_gbps > 0 ? row->gbps / peak_gbps : 0);
  if (row->error[0]) complain(r, "it has a time and an error");
  if (!(row->median_s > 0)) complain(r, "%g runs and no median_s", row->runs);
  if (row->low_s > row->median_s || (row->high_s > 0 && row->high_s < row->median_s))
    complain(r, "median_s is %g, outside its interval from low_s %g to high_s %g", row->median_s, row->low_s,
             row->high_s);
  if (!strncmp(row->name, "train/", 6) && batch > 0 && images > 0 && fabs(images / batch - 1) > rounding)
    complain(r, "images_per_s is %g, but %g images in %g s are %g", row->images_per_s, batch, row->median_s,
             batch / row->median_s);
  if (row->pipelined_s > 10 * row->median_s)
    complain(r, "pipelined_s is %g, more than ten times median_s", row->pipelined_s);
  if (strncmp(row->name, "device/", 7) && peak_gflops > 0 && row->gflops > OVER_PEAK * peak_gflops)
    complain(r, "gflops is %g, more than %d times the peak of its own probes, %g", row->gflops, OVER_PEAK, peak_gflops);
  if (!strncmp(row->name, "ops/", 4) && peak_gflops > 0 && peak_gbps > 0 && row->share > bound * (1 + rounding))
    complain(r, "share is %g, but its rates are %g of the roofline of its own probes (%g GFLOP/s, %g GB/s)", row->share,
             bound, peak_gflops, peak_gbps);
}

static void check_row(struct report *r, const cJSON *o, double gflops, double gbps) {
  static const char *const kinds[] = {"device/", "ops/", "train/", "generate/", "reconstruct/", "start/", "process"};
  struct clgan_result_row row;
  bool known = false;
  if (!cJSON_IsObject(o)) {
    complain(r, "is not an object");
    return;
  }
  for (size_t k = 0; k < COUNT(row_fields); k++) check_field(r, "", o, &row_fields[k]);
  for (size_t k = 0; k < COUNT(kinds); k++) known = known || !strncmp(r->name, kinds[k], strlen(kinds[k]));
  if (r->name[0] && !known) complain(r, "this kind of case is not known");
  clgan_result_row_read(o, &row);
  if (row.runs >= 1)
    check_measured(r, &row, gflops, gbps);
  else if (!row.error[0] && !row.note[0])
    complain(r, "no run, and no error or note that says why");
}

static void check_twice(struct report *r, const struct clgan_results *f) {
  const struct clgan_result_row **sorted = clgan_results_sorted(f);
  for (size_t k = 1; k < f->n; k++)
    if (!clgan_result_row_order(sorted[k - 1], sorted[k]) && (k < 2 || clgan_result_row_order(sorted[k - 2], sorted[k])))
      complain(r, "%s is there more than once", sorted[k]->name);
  clgan_mem_free(sorted);
}

/* The parts of a default `clgan bench`; a peer has no probes. */
static void check_parts(struct report *r, const struct clgan_results *f, double gflops, double gbps) {
  static const char *const parts[] = {"device/", "ops/", "train/"};
  bool peer = clgan_results_text(f, "source", "peer")[0] != '\0';
  for (size_t p = 0; p < COUNT(parts); p++) {
    bool any = false;
    for (size_t k = 0; k < f->n && !any; k++) any = !strncmp(f->rows[k].name, parts[p], strlen(parts[p]));
    if (!any && !peer) complain(r, "no row is of %s: send what `clgan bench --json F` writes", parts[p]);
  }
  if (!peer && !(gflops > 0)) complain(r, "no probe device/fma/float was measured: the peak is not known");
  if (!peer && !(gbps > 0)) complain(r, "no probe of global memory was measured: the bandwidth is not known");
}

size_t clgan_results_check(const struct clgan_results *f, bool whole, struct clgan_text *lines) {
  struct report r = {.lines = lines, .name = ""};
  const cJSON *rows = cJSON_GetObjectItemCaseSensitive(f->root, "rows"), *o;
  double gflops, gbps;
  bool whole_device = strcmp(clgan_json_string(f->device, "result"), "measured") == 0 || !*f->id;
  clgan_results_peaks(f, &gflops, &gbps);
  if (f->first) {
    check_date(&r, f->root);
    check_group(&r, cJSON_GetObjectItemCaseSensitive(f->root, "machine"), "machine", machine_fields,
                COUNT(machine_fields));
    check_group(&r, cJSON_GetObjectItemCaseSensitive(f->root, "source"), "source", source_fields, COUNT(source_fields));
  }
  check_group(&r, f->device, "device", device_fields, COUNT(device_fields));
  if (!f->n) complain(&r, "there are no rows");
  if (whole && whole_device) check_parts(&r, f, gflops, gbps);
  check_twice(&r, f);
  cJSON_ArrayForEach(o, rows) {
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(o, "case");
    r.row++;
    if (!clgan_results_have(f, o)) continue;
    r.name = cJSON_IsString(name) ? name->valuestring : "";
    check_row(&r, o, gflops, gbps);
  }
  if (r.n > LINES_MAX) clgan_text_printf(lines, "and %zu more\n", r.n - LINES_MAX);
  return r.n;
}
