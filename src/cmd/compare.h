/** @file compare.h  `clgan bench compare`: results of several files beside each other, as a table and as a page. */
#ifndef CLGAN_CMD_COMPARE_H
#define CLGAN_CMD_COMPARE_H
#include <stdio.h>

#include "bench/compare.h"

struct clgan_compare_options {
  const char *html; /**< page to write, or NULL */
  double slower;    /**< fail where a case takes longer by more than so many percent; below 0: never */
  bool check;       /**< only say whether the files are whole and plausible */
  bool changed;     /**< leave out of the table what is equal everywhere */
};
/** @return CLGAN_ERR_FORMAT where a file is no result, is not plausible (check), or something is too slow. */
enum clgan_status clgan_bench_compare(const struct clgan_compare_options *o, const char *const *paths, size_t n,
                                      struct clgan_error *e);

/** Files that `bench` writes. */
struct clgan_bench_files {
  const char *json; /**< "": standard output */
  const char *csv, *html;
};
bool clgan_bench_files_any(const struct clgan_bench_files *f);
/** Before anything is measured: names that end as they should, folders that can be written to. */
enum clgan_status clgan_bench_files_check(const struct clgan_bench_files *f, struct clgan_error *e);
/** @param json the result (NULL: there was no memory for it). */
enum clgan_status clgan_bench_files_write(const struct clgan_bench_files *f, const char *json, struct clgan_error *e);

/* -- texts that table and page share -- */

/** What file number @p k is called: A, B, ..., Z, AA, ... */
const char *clgan_compare_letter(size_t k, char out[8]);
/** A result's own figure with its interval: "2.31 ms +- 1.2 %", a probe's rate, or what went wrong; "-" for none.
 * @param pm what stands for "plus or minus" */
void clgan_compare_figure(const struct clgan_result_row *row, const char *pm, char out[64]);
/** "faster", "equal", ... */
const char *clgan_compare_word(enum clgan_verdict v);
/** "1.10 (1.07-1.13)", or "" where there is no ratio. @param dash what stands between the bounds */
void clgan_compare_ratio(const struct clgan_compared *c, const char *dash, char out[48]);
/** The case, with its phase where the name does not tell it. The caller's (clgan_mem_free). */
char *clgan_compare_case(const struct clgan_result_row *row);
/** Device, platform and driver in a line. The caller's. */
char *clgan_compare_device(const struct clgan_results *r);
/** "62 equal, 3 faster, 1 slower; geometric mean 1.02" of a file against the first. The caller's. */
char *clgan_compare_summary(const struct clgan_comparison *c, size_t file);

void clgan_compare_print(const struct clgan_comparison *c, bool changed, FILE *to);
enum clgan_status clgan_compare_page(const struct clgan_comparison *c, const char *path, struct clgan_error *e);
#endif
