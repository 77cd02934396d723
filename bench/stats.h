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
enum { CLGAN_BENCH_VISITS = 9 /* the fewest whose 95 % interval by order statistics outlives one disturbed visit on either side */ };
/** Of the same thing measured in @p n > 0 visits (CLGAN_BENCH_VISITS at most) with other work in between, in the order made: the
 * median of their medians. Runs of one visit follow one another and share what the machine does in that moment, so that the
 * visits, and not the runs, are the sample: from six on the interval is that of the visits' medians, with
 * fewer, for which there is none, from the lowest to the highest end of the visits' own intervals. drift, from four visits on, is of
 * the halves of them. runs: of all visits together. */
struct clgan_median clgan_median_of_visits(const struct clgan_median *visits, size_t n);
#endif
