/** @file read.h  Benchmark results read back from files of schema clgan-bench/1 (docs/benchmarks.md), clgan's own and
 * those of peers. */
#ifndef CLGAN_BENCH_READ_H
#define CLGAN_BENCH_READ_H
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/status.h"

#define CLGAN_BENCH_SCHEMA "clgan-bench/1"
/** A row as the file has it: texts are "" and numbers 0 where they are absent, not finite, or of another type. */
struct clgan_result_row {
  const char *name, *phase, *variant, *note, *error;
  double runs, median_s, low_s, high_s, spread, gflops, gbps, share, count, images_per_s, pipelined_s, planned_bytes;
};
/** What one file has of one device. Texts live as long as the set; control characters and what is not UTF-8 are '?'. */
struct clgan_results {
  char *path; /**< for messages: a file of several devices has the device's id behind it */
  cJSON *root;
  bool first;                    /**< of its file, whose root it releases */
  const cJSON *device;           /**< or NULL */
  const char *id;                /**< rows with this `device` are its own; "": all are */
  struct clgan_result_row *rows; /**< in the file's order, without what is not an object with a case */
  size_t n;
};
/** Zero-initialise. */
struct clgan_result_set {
  struct clgan_results *items;
  size_t n, cap;
};
/** Adds the file's results: one for each device that has rows (`bench --device all` writes several), at least one.
 * @return CLGAN_ERR_IO, or CLGAN_ERR_FORMAT where it is not JSON of that schema with an array of rows. */
enum clgan_status clgan_results_read(const char *path, struct clgan_result_set *set, struct clgan_error *e);
/** The same of a text in memory. @param name stands for the path. */
enum clgan_status clgan_results_parse(const char *name, const char *text, size_t size, struct clgan_result_set *set,
                                      struct clgan_error *e);
void clgan_result_set_free(struct clgan_result_set *set); /**< legal on a zeroed struct, which it leaves */

/** The text at root.group.key (of group "device": the results' own), "" where there is none. */
const char *clgan_results_text(const struct clgan_results *r, const char *group, const char *key);
/** Whether a row, as the file has it, is among these results. */
bool clgan_results_have(const struct clgan_results *r, const cJSON *row);
/** @param o an object of the file's rows; its texts must outlive @p row. */
void clgan_result_row_read(const cJSON *o, struct clgan_result_row *row);
/** It was measured: a time from at least one run, and no error. */
bool clgan_result_measured(const struct clgan_result_row *row);
/** There was no time for it: neither a time nor an error. */
bool clgan_result_left_out(const struct clgan_result_row *row);
/** Rows of the device's probes, whose work is adapted to the device: rates compare, times do not. */
bool clgan_result_is_probe(const struct clgan_result_row *row);
/** By case, then by phase: below 0, 0, above 0. */
int clgan_result_row_order(const struct clgan_result_row *x, const struct clgan_result_row *y);
/** The rows in that order; of equal ones the first in the file goes first. The caller's. */
const struct clgan_result_row **clgan_results_sorted(const struct clgan_results *r);
/** The file's own roofline: the largest rates of its probes (multiply-adds of float; global memory), 0 where absent. */
void clgan_results_peaks(const struct clgan_results *r, double *gflops, double *gbps);
#endif
