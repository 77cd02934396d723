/** @file timer.h  Times enqueued work: often enough in a row that it takes long enough, then the median of several. */
#ifndef CLGAN_BENCH_TIMER_H
#define CLGAN_BENCH_TIMER_H
#include <stdbool.h>
#include "bench/stats.h"
#include "cl/cl.h"

enum { CLGAN_BENCH_RUNS_MAX = 201 };

/** Enqueues @p times repetitions of some work. */
typedef enum clgan_status clgan_bench_work(void *context, int times, struct clgan_error *e);

struct clgan_bench_timing {
  double least_s;  /**< a run repeats the work until it takes at least this long */
  int runs, most;  /**< at least so many runs, and at most (up to CLGAN_BENCH_RUNS_MAX) */
  double bound;    /**< between the two, runs end as soon as the spread is below this, */
  double budget_s; /**< or when they have taken so long */
  double end;      /**< clgan_time_now() by which the last run should be over; 0: none */
  bool settled;    /**< it was warmed up before: one repetition and the search for their number will do */
};
enum { CLGAN_BENCH_BEFORE = 3 /**< repetitions that come before a piece of slow work is timed: a check, a first, a settling one */ };
/** Seconds of one repetition. The first one, at which drivers compile, is not counted; then the number of repetitions a
 * run is found, and runs are let pass until three in a row agree within 5 % (or as long as half of the budget, eight at
 * most): caches, clocks and lazy drivers have settled. Each run is waited for. Where t->runs of them would not be over by
 * t->end, none is timed: @p out has 0 runs, and as median the seconds that one repetition took (0: t->end was over before). */
enum clgan_status clgan_bench_time(struct clgan_cl *cl, clgan_bench_work *work, void *context,
                                   const struct clgan_bench_timing *t, struct clgan_median *out, struct clgan_error *e);

/** Times as they are taken, until there are enough. Zero-initialise. */
struct clgan_bench_runs {
  double times[CLGAN_BENCH_RUNS_MAX], spent;
  int n;
};
/** Notes a run of @p seconds (of one repetition; the run itself took @p spent). @return false: that was enough. */
bool clgan_bench_runs_add(struct clgan_bench_runs *r, const struct clgan_bench_timing *t, double seconds, double spent);
/** For warming up: do the last three times agree within 5 %? */
bool clgan_bench_runs_settled(const struct clgan_bench_runs *r);
struct clgan_median clgan_bench_runs_median(const struct clgan_bench_runs *r);
#endif
