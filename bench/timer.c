/* timer.c: times enqueued work. SPDX-License-Identifier: MIT */
#include "bench/timer.h"

#include <math.h>

#include "base/log.h"

static enum clgan_status time_once(struct clgan_cl *cl, clgan_bench_work *w, void *context, int times, double *seconds,
                                   struct clgan_error *e) {
  double start = clgan_time_now();
  CLGAN_TRY(w(context, times, e));
  CLGAN_TRY(clgan_cl_finish(cl, e));
  *seconds = (clgan_time_now() - start) / times;
  return CLGAN_OK;
}

enum clgan_status clgan_bench_time(struct clgan_cl *cl, clgan_bench_work *work, void *context,
                                   const struct clgan_bench_timing *t, struct clgan_median *out,
                                   struct clgan_error *e) {
  double times[CLGAN_BENCH_RUNS_MAX], once = 0;
  int repeat = 1, n = 0, most = t->most < CLGAN_BENCH_RUNS_MAX ? t->most : CLGAN_BENCH_RUNS_MAX;
  CLGAN_TRY(time_once(cl, work, context, 1, &once, e)); /* drivers compile at first launch */
  for (;;) {
    CLGAN_TRY(time_once(cl, work, context, repeat, &once, e));
    if (once * repeat >= t->least_s || repeat >= 1 << 20) break;
    repeat = once > 0 && t->least_s / once < 2.0 * repeat ? (int)ceil(t->least_s / once) : 2 * repeat;
  }
  double end = clgan_time_now() + t->budget_s;
  while (n < most && (n < t->runs || clgan_time_now() < end))
    CLGAN_TRY(time_once(cl, work, context, repeat, &times[n++], e));
  *out = clgan_median_of(times, (size_t)n);
  return CLGAN_OK;
}
