/** @file stats.h  Statistics of measured times. */
#ifndef CLGAN_BENCH_STATS_H
#define CLGAN_BENCH_STATS_H
#include <stddef.h>

struct clgan_median {
  double median, lo, hi; /**< lo..hi: 95 % confidence interval of the median, by order statistics */
  double spread;         /**< half of hi - lo, over the median */
  double drift;          /**< median of the second half of the times, in the order taken, over that of the first, less 1;
                              0 below eight */
  size_t runs;
};
/** Median and interval of @p n > 0 times. The interval's ends are the order statistics r and n+1-r with the largest r
 * for which the binomial probability (n, 1/2) of fewer than r is at most 2.5 %; below six runs no r has that, and it is
 * the whole range. Needs no assumption on the times' distribution. @p times, in the order taken, is sorted in place. */
struct clgan_median clgan_median_of(double *times, size_t n);
#endif
