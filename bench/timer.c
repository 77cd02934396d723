/* timer.c: times enqueued work. SPDX-License-Identifier: MIT */
#include "bench/timer.h"

#include <math.h>
#include <string.h>

#include "base/log.h"

#define SETTLED 0.05
enum { SETTLING_RUNS = 8 };

struct clgan_median clgan_bench_runs_median(const struct clgan_bench_runs *r) {
  double sorted[CLGAN_BENCH_RUNS_MAX];
  memcpy(sorted, r->times, (size_t)r->n * sizeof *sorted);
  return clgan_median_of(sorted, (size_t)r->n);
}

bool clgan_bench_runs_add(struct clgan_bench_runs *r, const struct clgan_bench_timing *t, double seconds,
                          double spent) {
  const int most = t->most < CLGAN_BENCH_RUNS_MAX ? t->most : CLGAN_BENCH_RUNS_MAX;
  if (r->n < CLGAN_BENCH_RUNS_MAX) r->times[r->n++] = seconds;
  r->spent += spent;
  if (r->n >= most) return false;
  if (r->n < t->runs) return true;
  return r->spent < t->budget_s && clgan_bench_runs_median(r).spread > t->bound;
}

bool clgan_bench_runs_settled(const struct clgan_bench_runs *r) {
  if (r->n < 3) return false;
  const double *x = r->times + r->n - 3;
  return fmax(fmax(x[0], x[1]), x[2]) <= (1 + SETTLED) * fmin(fmin(x[0], x[1]), x[2]);
}

static enum clgan_status time_once(struct clgan_cl *cl, clgan_bench_work *w, void *context, int times, double *seconds,
                                   struct clgan_error *e) {
  double start = clgan_time_now();
  CLGAN_TRY(w(context, times, e));
  CLGAN_TRY(clgan_cl_finish(cl, e));
  *seconds = (clgan_time_now() - start) / times;
  return CLGAN_OK;
}

/* How often a run repeats the work. */
static enum clgan_status find_repeat(struct clgan_cl *cl, clgan_bench_work *work, void *context, double least_s,
                                     int *repeat, double *once, struct clgan_error *e) {
  for (*repeat = 1;;) {
    CLGAN_TRY(time_once(cl, work, context, *repeat, once, e));
    if (*once * *repeat >= least_s || *repeat >= 1 << 20) return CLGAN_OK;
    *repeat = *once > 0 && least_s / *once < 2.0 * *repeat ? (int)ceil(least_s / *once) : 2 * *repeat;
  }
}

enum clgan_status clgan_bench_time(struct clgan_cl *cl, clgan_bench_work *work, void *context,
                                   const struct clgan_bench_timing *t, struct clgan_median *out,
                                   struct clgan_error *e) {
  const struct clgan_bench_timing settling = {.most = SETTLING_RUNS, .runs = SETTLING_RUNS, .budget_s = t->budget_s / 2};
  struct clgan_bench_runs warm = {0}, r = {0};
  double once = 0;
  int repeat = 1;
  *out = (struct clgan_median){0};
  if (t->end > 0 && clgan_time_now() > t->end) return CLGAN_OK;
  CLGAN_TRY(time_once(cl, work, context, 1, &once, e)); /* drivers compile at first launch */
  if (t->end > 0 && clgan_time_now() + once * (1 + t->runs) > t->end) {
    *out = (struct clgan_median){.median = once};
    return CLGAN_OK;
  }
  CLGAN_TRY(find_repeat(cl, work, context, t->least_s, &repeat, &once, e));
  while (!t->settled && clgan_bench_runs_add(&warm, &settling, once, once * repeat) && !clgan_bench_runs_settled(&warm) &&
         warm.spent < settling.budget_s)
    CLGAN_TRY(time_once(cl, work, context, repeat, &once, e));
  do {
    CLGAN_TRY(time_once(cl, work, context, repeat, &once, e));
  } while (clgan_bench_runs_add(&r, t, once, once * repeat));
  *out = clgan_bench_runs_median(&r);
  return CLGAN_OK;
}
