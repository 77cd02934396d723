/** @file ops.h  Times single operations: the shared case table's layers at a batch, or all of a model's step. */
#ifndef CLGAN_BENCH_OPS_H
#define CLGAN_BENCH_OPS_H
#include <stdbool.h>
#include "bench/device.h"
#include "model/model.h"

/** Which layers of the case table. */
enum clgan_bench_cases {
  CLGAN_BENCH_WIDE = 1,     /**< clgan_cases_wide */
  CLGAN_BENCH_MODELS = 2,   /**< those of the three models */
  CLGAN_BENCH_DEEPBENCH = 4 /**< clgan_cases_deepbench */
};
struct clgan_bench_ops_options {
  const struct clgan_model *model; /**< the operations of its step, at its batch; NULL: the case table */
  int batch;                       /**< of the case table's layers */
  const char *pass;                /**< "forward", "data", "weights" or "update" alone; NULL: all */
  const char *only;                /**< only cases whose name holds this text, or one of several with commas between; NULL: all */
  unsigned sets;                   /**< of the case table */
  bool clblast;                    /**< CLBlast beside it, where it has the product */
};
struct clgan_bench_ops_summary {
  size_t wanted;        /**< cases that were asked for */
  size_t wrong, failed; /**< rows with wrong results, and that could not be run */
  size_t left;          /**< rows of cases that would have taken longer than there was time */
  bool whole_step;      /**< of a model, all of its step was measured: clgan_bench_ops_sum estimates it */
};
/** Measures each operation alone, on inputs of its own: its result is compared with double precision first (convolution
 * products: some hundred elements, from the definition; others: whole), and only a right one is timed. A row
 * "ops/<case>/<pass>/batch<N>" each (a model's: "ops/<model>/base<N>/<operation>/<pass>/batch<N>"), phase = pass,
 * count = how often the step has it. A row whose error begins with "wrong" computed something else. What begins
 * too late gets no row; what @p pace's end does not leave time for, going by the roofline and by the cases before, gets a row
 * that says so (clgan_bench_leave). A light product goes first, to learn the device's pace; where @p pace is
 * wary the light operations come before the heavy ones (rows keep the table's order).
 * @return an error only where nothing could be measured, or no case is left. */
enum clgan_status clgan_bench_ops(struct clgan_cl *cl, const struct clgan_bench_ops_options *o,
                                  struct clgan_bench_pace *pace, const struct clgan_roofline *roofline,
                                  struct clgan_bench_rows *rows,
                                  struct clgan_bench_ops_summary *summary, struct clgan_error *e);
/** Seconds of what was measured, each as often as the step has it. */
double clgan_bench_ops_sum(const struct clgan_bench_row *rows, size_t n);
/** Which pass a node of a training step belongs to: "forward", "data", "weights" or "update". */
const char *clgan_bench_pass(const struct clgan_node *n);
/** Seconds that the roofline allows a training step of @p m; 0 where it is not known. */
enum clgan_status clgan_bench_step_ideal(const struct clgan_model *m, const struct clgan_roofline *roofline, double *seconds,
                                         struct clgan_error *e);
/** Shares anew, from the rows' rates: where the roofline was found to be another one. */
void clgan_bench_ops_share(struct clgan_bench_row *rows, size_t n, const struct clgan_roofline *roofline);
#endif
