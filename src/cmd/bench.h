/** @file bench.h  Parts of `clgan bench`. */
#ifndef CLGAN_CMD_BENCH_H
#define CLGAN_CMD_BENCH_H
#include <stdio.h>

#include "bench/conditions.h"
#include "bench/ops.h"
#include "cmd/compare.h"
#include "cmd/session.h"

enum { CLGAN_BENCH_BATCHES = 16, CLGAN_BENCH_MODELS_MAX = 3 };

struct clgan_bench_command {
  struct clgan_bench_files files;
  struct clgan_compare_options comparing;
  const char *model, *device, *pass, *only, *cases, *batch, *clblast;
  uint64_t base, steps, micro;
  bool base_given, steps_given, budget_given, quick, full, profile, no_tuning, stream, compare;
  double budget, hang_timeout; /**< seconds; budget 0: as long as it takes */
  double tune_seconds;         /**< of a search before; below 0: not given */
  /* what the words come to */
  bool devices, ops, train, use, start, first, blast;
  int batches[CLGAN_BENCH_BATCHES];
  size_t n_batches; /**< 0: each model's own */
  unsigned sets;
  const char *models[CLGAN_BENCH_MODELS_MAX];
  size_t n_models;
};

/** Results as they grow. Zero-initialise; clgan_bench_results_free. */
struct clgan_bench_results {
  struct clgan_bench_rows rows;
  struct clgan_bench_pace pace;
  struct clgan_roofline roofline; /**< zeros: not measured */
  FILE *table;
  size_t told; /**< rows that the process that reads the stream has got */
  char *text;  /**< stream: what the table said since */
  size_t text_size;
};
void clgan_bench_results_free(struct clgan_bench_results *r);

/** Measures what @p o says on the session's open device. What fails does not keep the rest from being measured; the first
 * error is returned. */
enum clgan_status clgan_bench_run(const struct clgan_bench_command *o, const struct clgan_session *s,
                                  struct clgan_bench_results *r, struct clgan_error *e);
/** Sends what there is so far to the process that reads the stream (--stream). */
void clgan_bench_tell(const struct clgan_bench_command *o, struct clgan_bench_results *r);
/** A model of @p o with a batch (0: its own). */
enum clgan_status clgan_bench_load(const struct clgan_bench_command *o, const char *name, int batch,
                                   struct clgan_model **m, struct clgan_error *e);

/** Every device in a process of its own. Adds "device", "devices" and "rows" to @p root. @return CLGAN_ERR_DEVICE where one
 * failed, crashed or hung. */
enum clgan_status clgan_bench_all(const struct clgan_bench_command *o, cJSON *root, FILE *table, struct clgan_error *e);

/** Rows "start/...": the first step of a model, with and without compiled kernels, in processes with caches of their own;
 * and "device/compile-...". */
enum clgan_status clgan_bench_start(const struct clgan_bench_command *o, const struct clgan_session *s,
                                    struct clgan_bench_results *r, struct clgan_error *e);
enum clgan_status clgan_bench_start_compile(const struct clgan_bench_command *o, const struct clgan_session *s,
                                            struct clgan_bench_results *r, struct clgan_error *e);
/** The work of such a process: says seconds. */
enum clgan_status clgan_bench_first(const struct clgan_bench_command *o, const struct clgan_session *s,
                                    struct clgan_error *e);
#endif
