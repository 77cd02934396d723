/** @file compare.h  Results beside each other: ratios with bounds of noise, and what can be said of them. */
#ifndef CLGAN_BENCH_COMPARE_H
#define CLGAN_BENCH_COMPARE_H
#include "base/mem.h"
#include "bench/read.h"

/** What a file has of a case, held against the first file. */
enum clgan_verdict {
  CLGAN_VERDICT_BASE,   /**< it is the first file's */
  CLGAN_VERDICT_EQUAL,  /**< the difference is inside the noise */
  CLGAN_VERDICT_FASTER, /**< outside it */
  CLGAN_VERDICT_SLOWER,
  CLGAN_VERDICT_UNSURE,  /**< fewer than CLGAN_COMPARE_RUNS runs on either side: nothing is known of the noise */
  CLGAN_VERDICT_BROKEN,  /**< it failed or is wrong here; the first file has it */
  CLGAN_VERDICT_MENDED,  /**< it failed or is wrong in the first file and was measured here */
  CLGAN_VERDICT_MISSING, /**< the first file has it, this one does not, or had no time for it */
  CLGAN_VERDICT_ADDED    /**< the first file does not have it, or had no time, or neither could measure it */
};
enum { CLGAN_VERDICTS = CLGAN_VERDICT_ADDED + 1, CLGAN_COMPARE_RUNS = 3 };

struct clgan_compared {
  const struct clgan_result_row *row; /**< NULL: this file does not have the case */
  enum clgan_verdict verdict;
  /** How many times as fast as the first file: its time over this one's, of probes this rate over its; and the bounds
   * within which both medians' intervals leave it. 0 unless both were measured. */
  double ratio, low, high;
};
/** All cases: those of the first file in its order, then what only later ones have. */
struct clgan_comparison {
  const struct clgan_results *files;
  size_t n_files, n;            /**< n cases */
  struct clgan_compared *cells; /**< [n][n_files] */
};
/** @param files at least one; must outlive the comparison. A case is a row's name and phase; of rows that share both
 * the first counts. */
void clgan_compare(const struct clgan_results *files, size_t n_files, struct clgan_comparison *out);
void clgan_comparison_free(struct clgan_comparison *c);
const struct clgan_compared *clgan_compared_at(const struct clgan_comparison *c, size_t i, size_t file);
/** The case's row in whichever file has it first. */
const struct clgan_result_row *clgan_compared_row(const struct clgan_comparison *c, size_t i);

/** File @p file against the first one. */
struct clgan_compared_sum {
  size_t count[CLGAN_VERDICTS];
  size_t pairs;    /**< cases measured in both */
  double mean;     /**< geometric mean of their ratios */
  size_t too_slow; /**< slower outside the noise and by more than the percentage asked about, or broken */
  size_t worst;    /**< among these, the one with the lowest ratio (a broken one first) */
};
/** @param percent a time longer by more than this is too slow */
struct clgan_compared_sum clgan_comparison_sum(const struct clgan_comparison *c, size_t file, double percent);

/** What a file lacks to be whole and plausible, a line each: kinds and ranges of its fields, rows twice, shares against
 * the roofline of its own probes, images/s against time and batch. Adds to @p lines ("row 12, ops/...: ...\n").
 * @param whole also asks for each part of a default `clgan bench`. @return how many lines. */
size_t clgan_results_check(const struct clgan_results *r, bool whole, struct clgan_text *lines);

/** The text of a JSON result as comma-separated values (RFC 4180): a line for each row, a column for each key that any
 * row has ("memory.planned_bytes" for what lies deeper), in order of appearance, before them the device's name and
 * driver and the date. The caller's (clgan_mem_free); NULL where @p json is none. */
char *clgan_bench_csv(const char *json);
#endif
