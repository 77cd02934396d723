/** @file timer.h  Times enqueued work: often enough in a row that it takes long enough, then the median of several. */
#ifndef CLGAN_BENCH_TIMER_H
#define CLGAN_BENCH_TIMER_H
#include "bench/stats.h"
#include "cl/cl.h"

enum { CLGAN_BENCH_RUNS_MAX = 51 };

/** Enqueues @p times repetitions of some work. */
typedef enum clgan_status clgan_bench_work(void *context, int times, struct clgan_error *e);

struct clgan_bench_timing {
  double least_s;  /**< a run repeats the work until it takes at least this long */
  int runs, most;  /**< at least so many runs, and at most (up to CLGAN_BENCH_RUNS_MAX) */
  double budget_s; /**< between the two, runs go on until they have taken so long */
};
/** Seconds of one repetition. The first one, at which drivers compile, is not counted; then the number of repetitions a
 * run is found; each run is waited for. */
enum clgan_status clgan_bench_time(struct clgan_cl *cl, clgan_bench_work *work, void *context,
                                   const struct clgan_bench_timing *t, struct clgan_median *out, struct clgan_error *e);
#endif
