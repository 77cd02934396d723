/** @file pace.h  How much time a benchmark takes, and where it is. */
#ifndef CLGAN_BENCH_PACE_H
#define CLGAN_BENCH_PACE_H
#include <stdbool.h>
#include "bench/result.h"
#include "bench/timer.h"

/** Zero-initialise, then set what is wanted. */
struct clgan_bench_pace {
  bool quick;                   /**< shorter runs, fewer of them, wider intervals */
  double deadline;              /**< clgan_time_now() beyond which no further case is begun; 0: none */
  bool wary;                    /**< a software GPU: some kernels are slower than others by orders of magnitude; the slowest counts */
  double end;                   /**< clgan_time_now() by which the last one should be done; 0: none */
  char title[48];               /**< of progress: clgan_bench_pace_title */
  int visits, visit;            /**< how often every case is come back to (0, 1: once), and which visit this is, from 0 */
  const struct clgan_bench_rows *known; /**< rows of the visits before: what failed there, or was left out, is not tried again */
  bool (*stopped)(void);        /**< no further case is begun once it says so; NULL: never */
  void (*at)(const char *name); /**< told of each case before it is begun; NULL: nobody */
  char **left_out;              /**< cases for which there was no time; clgan_bench_pace_free */
  size_t n_left_out, cap_left_out;
  double ideal_s, once_s, extra_s; /**< private from here: sums over the cases so far, see clgan_bench_learn */
  double slowest;                  /**< once over ideal */
  size_t n_learnt;
};
void clgan_bench_pace_free(struct clgan_bench_pace *p);
/** Announces the case @p name. @return false: there is no time for it, and (on the first visit) it was noted as left out; or, on a
 * later visit, there is nothing to add to. */
bool clgan_bench_begin(struct clgan_bench_pace *p, const char *name);

/** What a progress bar is called: "bench", or "bench, visit 2 of 6". */
const char *clgan_bench_pace_title(struct clgan_bench_pace *p);
/** Of @p t, timing of a case that is measured once, the share of one visit: half of the runs, a part of the time; later visits need
 * no settling. */
void clgan_bench_timing_share(const struct clgan_bench_pace *p, struct clgan_bench_timing *t);

/** Tells how long a case took whose work the roofline allows in @p ideal_s: one repetition @p once_s, all of it @p took_s, of
 * which @p times repetitions. */
void clgan_bench_learn(struct clgan_bench_pace *p, double ideal_s, double once_s, int times, double took_s);
/** Seconds that @p times repetitions of work of @p ideal_s can be expected to take, with what is around them (compiling, the
 * check): at the pace of the cases so far, heavy ones counting more (wary: at the pace of the slowest); before the first as the roofline has it. */
double clgan_bench_expect(const struct clgan_bench_pace *p, double ideal_s, int times);
/** Is there time for so many more seconds? */
bool clgan_bench_fits(const struct clgan_bench_pace *p, double seconds);

/** The spread at which there are runs enough: 2 %, quick 5 %. */
double clgan_bench_bound(const struct clgan_bench_pace *p);
/** Says in @p note what casts doubt on such times, "" where nothing does: an interval several times as wide as it was to be,
 * times that rose from the first to the second half of the runs. */
void clgan_bench_doubt(const struct clgan_bench_pace *p, const struct clgan_median *t, char *note, size_t size);
#endif
