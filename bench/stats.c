/* stats.c: median and its interval. SPDX-License-Identifier: MIT */
#include "bench/stats.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Largest r with P(B < r) <= 0.025 for B of the binomial distribution (n, 1/2); 0: none. */
static size_t lower_rank(size_t n) {
  double sum = 0, log_half = (double)n * log(0.5);
  size_t r = 0;
  for (size_t k = 0; k < n / 2; k++) {
    sum += exp(lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1) + log_half);
    if (sum > 0.025) break;
    r = k + 1;
  }
  return r;
}

static double sorted_median(double *times, size_t n) {
  qsort(times, n, sizeof *times, ascending);
  return n % 2 ? times[n / 2] : 0.5 * (times[n / 2 - 1] + times[n / 2]);
}

struct clgan_median clgan_median_of(double *times, size_t n) {
  enum { DRIFT_RUNS = 8 };
  struct clgan_median m = {.runs = n};
  size_t r = lower_rank(n);
  if (n >= DRIFT_RUNS) { /* the halves are sorted apart first; sorting the whole comes to the same */
    double first = sorted_median(times, n / 2), second = sorted_median(times + n / 2, n - n / 2);
    m.drift = first > 0 ? second / first - 1 : 0;
  }
  m.median = sorted_median(times, n);
  m.lo = times[r ? r - 1 : 0];
  m.hi = times[r ? n - r : n - 1];
  m.spread = m.median > 0 ? 0.5 * (m.hi - m.lo) / m.median : 0;
  return m;
}

struct clgan_median clgan_median_of_visits(const struct clgan_median *visits, size_t n) {
  enum { DRIFT_VISITS = 4 };
  double medians[CLGAN_BENCH_VISITS];
  if (n == 1) return visits[0];
  for (size_t k = 0; k < n; k++) medians[k] = visits[k].median;
  double first = sorted_median(medians, n / 2), second = sorted_median(medians + n - n / 2, n / 2);
  struct clgan_median m = clgan_median_of(medians, n);
  m.drift = n >= DRIFT_VISITS && first > 0 ? second / first - 1 : 0;
  m.runs = 0;
  for (size_t k = 0; k < n; k++) {
    m.runs += visits[k].runs;
    if (lower_rank(n)) continue;
    m.lo = fmin(m.lo, visits[k].lo);
    m.hi = fmax(m.hi, visits[k].hi);
  }
  m.spread = m.median > 0 ? 0.5 * (m.hi - m.lo) / m.median : 0;
  return m;
}
