/** @file pace.h  How much time a benchmark takes, and where it is. */
#ifndef CLGAN_BENCH_PACE_H
#define CLGAN_BENCH_PACE_H
#include <stdbool.h>
#include "bench/timer.h"

/** Zero-initialise, then set what is wanted. */
struct clgan_bench_pace {
  bool quick;                   /**< shorter runs, fewer of them, wider intervals */
  double deadline;              /**< clgan_time_now() beyond which no further case is begun; 0: none */
  void (*at)(const char *name); /**< told of each case before it is begun; NULL: nobody */
  char **left_out;              /**< cases for which there was no time; clgan_bench_pace_free */
  size_t n_left_out, cap_left_out;
};
void clgan_bench_pace_free(struct clgan_bench_pace *p);
/** Announces the case @p name. @return false: there is no time for it, and it was noted as left out. */
bool clgan_bench_begin(struct clgan_bench_pace *p, const char *name);

/** The spread at which there are runs enough: 2 %, quick 5 %. */
double clgan_bench_bound(const struct clgan_bench_pace *p);
/** Says in @p note what casts doubt on such times, "" where nothing does: an interval several times as wide as it was to be,
 * times that rose from the first to the second half of the runs. */
void clgan_bench_doubt(const struct clgan_bench_pace *p, const struct clgan_median *t, char *note, size_t size);
#endif
