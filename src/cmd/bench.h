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
  const char *model, *device, *pass, *only, *cases, *batch, *clblast, *precision;
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

/** Rows that one part of the benchmark made, one after the other. */
struct clgan_bench_section {
  enum clgan_bench_part_kind { CLGAN_PART_PROBES, CLGAN_PART_OPS, CLGAN_PART_STEP, CLGAN_PART_ROWS } kind;
  size_t first, n;
  bool hidden;                        /**< probes that only serve the shares */
  struct clgan_model *model;          /**< ops: of whose step, the section's own; NULL: the case table */
  struct clgan_bench_ops_options ops; /**< ops */
  struct clgan_bench_ops_summary found;
  bool beside_ops; /**< step: of the batch whose operations were measured, too */
};

/** Results as they grow. Zero-initialise; clgan_bench_results_free. */
struct clgan_bench_results {
  struct clgan_bench_rows rows, again; /**< again: of the visit that is being made, the second or a later one */
  struct clgan_bench_section *sections;
  size_t n_sections, cap_sections, printed;
  struct clgan_bench_pace pace;
  struct clgan_roofline roofline; /**< zeros: not measured */
  char peak_note[120];
  FILE *table;
  size_t told; /**< rows that the process that reads the stream has got */
};
void clgan_bench_results_free(struct clgan_bench_results *r);
/** A new section, from the rows @p first on; NULL on a later visit, whose rows add to those of the first. */
struct clgan_bench_section *clgan_bench_section_add(struct clgan_bench_results *r, enum clgan_bench_part_kind kind, size_t first);
/** Where rows of this visit go. */
struct clgan_bench_rows *clgan_bench_rows_now(struct clgan_bench_results *r);
/** Writes the table's sections from r->printed on. */
void clgan_bench_print_sections(struct clgan_bench_results *r, FILE *to);

/** Measures what @p o says on the session's open device. What fails does not keep the rest from being measured; the first
 * error is returned. */
enum clgan_status clgan_bench_run(const struct clgan_bench_command *o, const struct clgan_session *s,
                                  struct clgan_bench_results *r, struct clgan_error *e);
/** Once a part is done: prints it, where no later visit changes it; --stream: sends the process that reads it what there is so far. */
void clgan_bench_tell(const struct clgan_bench_command *o, struct clgan_bench_results *r);
/** Whether the user has stopped the benchmark (SIGINT, SIGTERM): what is measured by then is told, a second signal ends the process. */
bool clgan_bench_stopped(void);
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
