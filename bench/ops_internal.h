/** @file ops_internal.h  Shared by ops.c, ops_list.c (what is measured) and ops_check.c (is it right). */
#ifndef CLGAN_BENCH_OPS_INTERNAL_H
#define CLGAN_BENCH_OPS_INTERNAL_H
#include "bench/ops.h"
#include "graph/graph.h"

/** One operation, in a graph of its own: every input is the host's, named as clgan_case_fill wants it. */
struct clgan_bench_op {
  struct clgan_ir *g; /**< a single node, 0 */
  char name[88];      /**< the case, or what the operation works on: "conv 14x14x32>7x7x64 k4s2 lrelu" */
  const char *pass;   /**< "forward", "data", "weights", "update" */
  double tolerance;   /**< largest error over the largest result */
  int count;          /**< how often the step has it; 0: not of a step */
  int layer;          /**< the first operation of the same layer: sorted by it */
};
struct clgan_bench_op_list {
  struct clgan_bench_op *items;
  size_t n, cap;
};
/** Layers of the case table: forward, and what autodiff makes of it. @param sets enum clgan_bench_cases, or-ed. */
enum clgan_status clgan_bench_list_cases(struct clgan_bench_op_list *l, int batch, unsigned sets, struct clgan_error *e);
/** The different operations of a model's step, the passes of a layer side by side. */
enum clgan_status clgan_bench_list_step(struct clgan_bench_op_list *l, const struct clgan_model *m,
                                        struct clgan_error *e);
void clgan_bench_list_free(struct clgan_bench_op_list *l);

/** Fills the inputs of @p r (of op->g, its store @p s), runs it once, and compares. @p wrong: what is wrong, or "".
 * @param samples elements of convolution products that are compared. */
enum clgan_status clgan_bench_op_check(const struct clgan_bench_op *op, struct clgan_run *r, struct clgan_store *s,
                                       int samples, char wrong[200], struct clgan_error *e);
/** Only fills the inputs. */
enum clgan_status clgan_bench_op_fill(const struct clgan_bench_op *op, struct clgan_run *r, struct clgan_store *s, struct clgan_error *e);
/** CLBlast at the same product, checked, then timed; nothing where it has none. A failure becomes out->error. */
void clgan_bench_op_blast(struct clgan_cl *cl, const struct clgan_bench_op *op, const struct clgan_bench_timing *t,
                          struct clgan_bench_peer *out);
#endif
