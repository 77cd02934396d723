/* bench_print.c: results of `clgan bench` as tables. SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "cmd/bench_print.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Seconds in a unit that shows them. */
static const char *seconds_text(double s, char out[24]) {
  const double scale = s < 1e-3 ? 1e6 : s < 1 ? 1e3 : 1;
  (void)snprintf(out, 24, "%9.2f %s", s * scale, s < 1e-3 ? "us" : s < 1 ? "ms" : "s ");
  return out;
}

void clgan_bench_print_row(const struct clgan_bench_row *r, FILE *to) {
  char time[24];
  fprintf(to, "%-34s ", r->name);
  if (!r->time.runs) {
    fprintf(to, "%s%s\n", r->error[0] ? "failed: " : r->note, r->error);
    return;
  }
  fputs(seconds_text(r->time.median, time), to);
  if (r->time.runs > 1)
    fprintf(to, " +-%5.1f %%", r->time.spread * 100);
  else
    fputs(" once    ", to);
  if (r->images_per_s > 0) fprintf(to, "  %9.1f images/s", r->images_per_s);
  if (r->gflops > 0) fprintf(to, "  %8.1f GFLOP/s", r->gflops);
  if (r->gbps > 0) fprintf(to, "  %8.2f GB/s", r->gbps);
  if (r->share > 0) fprintf(to, "  %3.0f %% of the peak", r->share * 100);
  if (r->pipelined_s > 0) fprintf(to, "  (%.2f ms pipelined)", r->pipelined_s * 1e3);
  if (r->joules_per_image > 0) fprintf(to, "  %.3g J/image", r->joules_per_image);
  if (r->clock_mhz > 0) fprintf(to, "  %.0f MHz", r->clock_mhz);
  if (!strncmp(r->name, "device/", 7)) fprintf(to, "  %s%s%s", r->phase, r->variant[0] ? ", " : "", r->variant);
  if (r->note[0]) fprintf(to, "  (%s)", r->note);
  fputc('\n', to);
  fflush(to);
}

static int by_seconds(const void *a, const void *b) {
  const struct clgan_bench_part *x = a, *y = b;
  return (x->seconds < y->seconds) - (x->seconds > y->seconds);
}

void clgan_bench_print_parts(const struct clgan_bench_row *r, FILE *to) {
  enum { SHOWN = 6 };
  struct clgan_bench_part sorted[CLGAN_BENCH_PARTS];
  double all = 0, rest = 0;
  if (!r->n_parts) return;
  memcpy(sorted, r->parts, r->n_parts * sizeof *sorted);
  qsort(sorted, r->n_parts, sizeof *sorted, by_seconds);
  for (size_t k = 0; k < r->n_parts; k++) {
    all += sorted[k].seconds;
    if (k >= SHOWN) rest += sorted[k].seconds;
  }
  if (all <= 0) return; /* the driver has no clock */
  fprintf(to, "  %u launches; of the device's %.2f ms: ", r->launches, all * 1e3);
  for (size_t k = 0; k < r->n_parts && k < SHOWN; k++)
    fprintf(to, "%s%s %s %.0f %%", k ? ", " : "", sorted[k].name, sorted[k].phase, 100 * sorted[k].seconds / all);
  if (rest > 0) fprintf(to, ", others %.0f %%", 100 * rest / all);
  fputc('\n', to);
  fflush(to);
}

/* -- operations -- */

enum { NAME_WIDTH = 50, GOOD = 80, POOR = 30 /* percent of what the roofline allows */ };

bool clgan_bench_in_colour(FILE *to) {
  const char *no = getenv("NO_COLOR");
  return isatty(fileno(to)) == 1 && !(no && *no);
}

static const char *colour(bool on, const char *code) {
  return on ? code : "";
}

/* Without what the head says: "ops/faces64/base32/" before, "/forward/batch64" behind. */
static int short_name(const struct clgan_bench_ops_options *o, const struct clgan_bench_row *r, const char **start) {
  int skip = !o->model ? 1 : o->model->has_base ? 3 : 2;
  const char *from = r->name, *end = strrchr(r->name, '/');
  for (int k = 0; k < skip; k++) {
    const char *next = strchr(from, '/');
    if (next) from = next + 1;
  }
  *start = from;
  return end ? (int)(end - from) - (int)strlen(r->phase) - 1 : (int)strlen(from);
}

static void print_op(const struct clgan_bench_ops_options *o, const struct clgan_bench_row *r, bool colours, FILE *to) {
  char time[24];
  const char *name;
  int length = short_name(o, r, &name);
  double share = r->share * 100;
  const char *mark = share >= GOOD ? "\033[32m" : share < POOR ? "\033[33m" : "";
  fprintf(to, "%-*.*s %-8s", NAME_WIDTH, length, name, r->phase);
  if (!r->time.runs && !r->error[0]) {
    fprintf(to, "%s\n", r->note);
    return;
  }
  if (!r->time.runs) {
    bool wrong = !strncmp(r->error, "wrong: ", 7);
    fprintf(to, "%s%s%s %s%s%s\n", colour(colours, "\033[1;31m"),
            wrong ? "WRONG:" : "failed:", colour(colours, "\033[0m"), r->error + (wrong ? 7 : 0),
            r->variant[0] ? "  " : "", r->variant);
    return;
  }
  if (o->model) fprintf(to, "%4d x", r->count);
  fprintf(to, "%s +-%5.1f %%%s", seconds_text(r->time.median, time), r->time.spread * 100, r->note[0] ? "!" : " ");
  if (o->model) fprintf(to, "%9.2f", r->count * r->time.median * 1e3);
  if (r->gflops > 0)
    fprintf(to, "%9.1f", r->gflops);
  else
    fprintf(to, "%9s", "-");
  fprintf(to, " %8.2f  %s%5.0f %%%s  ", r->gbps, colour(colours && *mark, mark), share,
          colour(colours && *mark, "\033[0m"));
  if (o->clblast && r->clblast.time.runs)
    fprintf(to, "%7.2f  ", r->clblast.gflops);
  else if (o->clblast)
    fprintf(to, "%7s  ", r->clblast.error[0] ? strncmp(r->clblast.error, "wrong", 5) ? "fails" : "wrong" : "-");
  fprintf(to, "%s%s\n", r->variant, r->tuning && !strcmp(r->tuning, "tuned") ? " (tuned)" : "");
}

void clgan_bench_print_ops(const struct clgan_bench_ops_options *o, const struct clgan_bench_row *rows, size_t n,
                           bool whole_step, FILE *to) {
  bool colours = clgan_bench_in_colour(to);
  size_t times = 0, doubts = 0;
  if (o->model && o->model->has_base)
    fprintf(to, "operations of a step of %s, base %d, batch %d\n", o->model->name, o->model->base,
            o->model->settings.batch);
  else if (o->model)
    fprintf(to, "operations of a step of %s, batch %d\n", o->model->name, o->model->settings.batch);
  else
    fprintf(to, "operations of the case table, batch %d\n", o->batch);
  fprintf(to, "%s%-*s %-8s%s%12s %9s %s%9s %8s  %7s  %s%s%s\n", colour(colours, "\033[1m"), NAME_WIDTH, "operation",
          "pass", o->model ? " often" : "", "time", "interval", o->model ? "ms a step" : "", "GFLOP/s", "GB/s", "share",
          o->clblast ? "CLBlast  " : "", "kernels", colour(colours, "\033[0m"));
  for (size_t k = 0; k < n; k++) {
    print_op(o, &rows[k], colours, to);
    times += (size_t)rows[k].count;
    doubts += rows[k].time.runs && rows[k].note[0];
  }
  if (doubts)
    fprintf(to, "!: %zu with a wide interval, or times that rose meanwhile: another program, or throttling clocks\n", doubts);
  const double sum = clgan_bench_ops_sum(rows, n) * 1e3;
  if (whole_step)
    fprintf(to, "their sum: %.2f ms a step (%zu operations, %zu of them different)\n", sum, times, n);
  else if (o->model)
    fprintf(to, "those shown: %.2f ms a step\n", sum);
  fflush(to);
}
