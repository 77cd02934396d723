/** @file result.h  Benchmark results as JSON, schema clgan-bench/1 (DESIGN: files). */
#ifndef CLGAN_BENCH_RESULT_H
#define CLGAN_BENCH_RESULT_H
#include <cjson/cJSON.h>
#include "base/status.h"
#include "bench/stats.h"
#include "cl/cl.h"

/** One measured case. */
struct clgan_bench_row {
  char name[96];               /**< "train/digits/base32/batch128" */
  const char *phase;           /**< "step" */
  struct clgan_median time;    /**< seconds; runs 0: it failed, see error */
  double gflops, gbps, images_per_s; /**< rates at the median; 0: does not apply */
  double share;                /**< of what the roofline allows; 0: not known */
  double pipelined_s;          /**< seconds a step when the host does not wait between steps; 0: not measured */
  char variant[64];            /**< which of several ways it was, or "" */
  char error[256];             /**< first line of what went wrong, or "" */
};
/** Adds "device", an object: name, type, vendor, platform, driver, version, compute units, clock. */
void clgan_result_device(cJSON *root, const struct clgan_device_info *d);
/** The object as text. @param d the device measured. The caller's (clgan_mem_free). */
enum clgan_status clgan_bench_result(const struct clgan_device_info *d, const struct clgan_bench_row *rows, size_t n,
                                     char **out, struct clgan_error *e);
#endif
