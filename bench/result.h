/** @file result.h  Benchmark results as JSON, schema clgan-bench/1 (DESIGN: files). */
#ifndef CLGAN_BENCH_RESULT_H
#define CLGAN_BENCH_RESULT_H
#include <cjson/cJSON.h>
#include "base/status.h"
#include "bench/stats.h"
#include "cl/cl.h"

/** One measured case. */
struct clgan_bench_row {
  char name[160];                    /**< "train/digits/base32/batch128" */
  const char *phase;                 /**< "step" */
  struct clgan_median time;          /**< seconds; runs 0: it failed, see error */
  double gflops, gbps, images_per_s; /**< rates at the median; 0: does not apply */
  double share;                      /**< of what the roofline allows; 0: not known */
  double pipelined_s;                /**< seconds a step when the host does not wait between steps; 0: not measured */
  struct clgan_bench_memory {
    double arenas, peak, planned, allocated; /**< bytes: within a step, the most of that alive at once, all, really taken */
  } memory;                          /**< zeros: does not apply */
  int count;                         /**< how often it happens in one step; 0: does not apply */
  char variant[160];                 /**< which of several ways it was, or "" */
  char error[256];                   /**< first line of what went wrong, or "" */
};
/** Rows as they grow; zero-initialise, clgan_mem_free(items). */
struct clgan_bench_rows {
  struct clgan_bench_row *items;
  size_t n, cap;
};
/** A new row, all zero; valid until the next one. */
struct clgan_bench_row *clgan_bench_add(struct clgan_bench_rows *rows);
/** The first line of @p e becomes the row's error, and the row counts as failed. */
void clgan_bench_fail(struct clgan_bench_row *row, const struct clgan_error *e);

/** Adds "device", an object: name, type, vendor, platform, driver, version, compute units, clock. */
void clgan_result_device(cJSON *root, const struct clgan_device_info *d);
/** The object as text. @param d the device measured. The caller's (clgan_mem_free). */
enum clgan_status clgan_bench_result(const struct clgan_device_info *d, const struct clgan_bench_row *rows, size_t n,
                                     char **out, struct clgan_error *e);
#endif
