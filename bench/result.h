/** @file result.h  Benchmark results as JSON, schema clgan-bench/1 (docs/benchmarks.md). */
#ifndef CLGAN_BENCH_RESULT_H
#define CLGAN_BENCH_RESULT_H
#include <cjson/cJSON.h>
#include "base/status.h"
#include "bench/stats.h"
#include "cl/cl.h"

enum { CLGAN_BENCH_PARTS = 48 };

/** What one operation takes of a whole. */
struct clgan_bench_part {
  char name[24];     /**< "conv" */
  const char *phase; /**< "forward", "data", "weights", "update" */
  double seconds;
  unsigned launches;
};

/** One measured case. */
struct clgan_bench_row {
  char name[160];                    /**< "train/digits/base32/batch128" */
  const char *phase;                 /**< "step" */
  struct clgan_median time;          /**< seconds; runs 0: it failed, see error, or was not measured, see note */
  struct clgan_median visits[CLGAN_BENCH_VISITS]; /**< what `time` comes from, where n_visits is not 0 */
  size_t n_visits;
  double gflops, gbps, images_per_s; /**< rates at the median; 0: does not apply */
  double share;                      /**< of what the roofline allows; 0: not known */
  double pipelined_s;                /**< seconds a step when the host does not wait between steps; 0: not measured */
  struct clgan_bench_memory {
    double arenas, peak, planned, allocated; /**< bytes: within a step, the most of that alive at once, all, really taken */
  } memory;                          /**< zeros: does not apply */
  int count;                         /**< how often it happens in one step; 0: does not apply */
  unsigned launches;                 /**< kernels it enqueues; 0: not known */
  struct clgan_bench_part *parts;    /**< CLGAN_BENCH_PARTS of them, the row's own; NULL: not measured */
  size_t n_parts;
  struct clgan_bench_peer {
    struct clgan_median time; /**< runs 0: see error */
    double gflops;
    char error[160]; /**< "": it was not tried, where runs is 0 */
  } clblast;         /**< CLBlast at the same work */
  double joules_per_image, clock_mhz; /**< of the processor, where its counters can be read; 0: not */
  const char *tuning;                 /**< "rule": clgan's own choice of kernels, "tuned": what a search found; NULL */
  char variant[160];                  /**< which of several ways it was, or "" */
  char note[160];                     /**< what casts doubt on the figures, or "" */
  char error[256];                    /**< first line of what went wrong, or "" */
};
/** Rows as they grow; zero-initialise. */
struct clgan_bench_rows {
  struct clgan_bench_row *items;
  size_t n, cap;
};
/** A new row, all zero; valid until the next one. */
struct clgan_bench_row *clgan_bench_add(struct clgan_bench_rows *rows);
void clgan_bench_rows_free(struct clgan_bench_rows *rows);
/** The row of that name, or NULL. */
struct clgan_bench_row *clgan_bench_find(const struct clgan_bench_rows *rows, const char *name);
/** Takes in what another visit to the same case gave: time, its rates, pipelined_s. A case that failed this time has failed; one that there
 * was no time for stays as it was. */
void clgan_bench_visit(struct clgan_bench_row *row, const struct clgan_bench_row *again);
/** The first line of @p e becomes the row's error, and the row counts as failed. */
void clgan_bench_fail(struct clgan_bench_row *row, const struct clgan_error *e);
/** The row says that there was not the time: its case would take about so many @p seconds. It counts neither as measured nor
 * as failed. */
void clgan_bench_leave(struct clgan_bench_row *row, double seconds);
/** Adds @p seconds in one launch to the row's part of that name and phase; what is beyond the room becomes "others". */
void clgan_bench_add_part(struct clgan_bench_row *row, const char *name, const char *phase, double seconds);

/** Adds "device", an object: name, type, vendor, platform, driver, version, compute units, clock. */
void clgan_result_device(cJSON *root, const struct clgan_device_info *d);
/** A row as an object of `rows`. */
cJSON *clgan_bench_result_row(const struct clgan_bench_row *r);
/** Schema, date, machine, source; device, rows and what else there is are the caller's to add. */
cJSON *clgan_bench_result_root(void);
#endif
