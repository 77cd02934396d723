/** @file rows.h  Private to ops/: how kernels over [M][channels] are spread over a device, and small helpers of the
 * operations that work element by element. The walk itself is in kernels/part.clh. */
#ifndef CLGAN_OPS_ROWS_H
#define CLGAN_OPS_ROWS_H
#include "ops/lanes.h"

/** A tensor seen as rows of `period` = rep * channels elements, cut into chunks of rows and tiles of positions. */
struct clgan_rows {
  int rows, per_chunk, period, tail, channels, chunks, lx, rep; /**< the kernels' int8, in this order */
};
/** @param reduction partial results are made of every chunk: fewer of them. */
struct clgan_rows clgan_rows_of(const struct clgan_target *t, const struct clgan_lanes *lanes, struct clgan_shape s,
                                bool reduction);
/** Elements of @p sets partial results. */
static inline size_t clgan_rows_partials(const struct clgan_rows *r, int sets) {
  return (size_t)sets * (size_t)r->chunks * (size_t)r->period;
}
/** Passes the int8 and sets the sizes of a launch over all rows, or of one that combines @p sets partial results per
 * channel. */
void clgan_rows_launch(struct clgan_launch *l, const struct clgan_lanes *lanes, const struct clgan_rows *r);
void clgan_rows_launch_fold(struct clgan_launch *l, const struct clgan_lanes *lanes, const struct clgan_rows *r,
                            int sets);

/** A launch of kernels/elementwise.cl over all elements of @p value: arguments are still to be set, clgan_flat_launch
 * ends them. */
struct clgan_launch *clgan_flat_add(struct clgan_launches *l, const struct clgan_lanes *lanes, const char *kernel);
/** The same of a kernel whose large tensors, inputs a, b and output y, may be float16. */
struct clgan_launch *clgan_flat_add_halves(const struct clgan_ir *g, struct clgan_launches *l, const struct clgan_lanes *lanes,
                                           const char *kernel, int a, int b, int y);
void clgan_flat_launch(struct clgan_launch *l, const struct clgan_target *t, const struct clgan_lanes *lanes,
                       size_t count);

/** For struct clgan_op's halves: the first input; it and the first output; the first two inputs; all three. */
unsigned clgan_halves_first(const struct clgan_node *node, const struct clgan_target *t);
unsigned clgan_halves_through(const struct clgan_node *node, const struct clgan_target *t);
unsigned clgan_halves_two(const struct clgan_node *node, const struct clgan_target *t);
unsigned clgan_halves_all(const struct clgan_node *node, const struct clgan_target *t);

/** What kernels with an activation are compiled with beside clgan_lanes' options. */
static inline const char *clgan_act_option(enum clgan_act act) {
  return act > CLGAN_ACT_LRELU ? " -D SMOOTH" : "";
}

/** M = n h w. */
static inline size_t clgan_shape_rows(struct clgan_shape s) {
  return clgan_shape_count(s) / (size_t)s.c;
}
static inline size_t clgan_count_of(const struct clgan_ir *g, int v) {
  return clgan_shape_count(clgan_ir_shape(g, v));
}
/** Fails unless @p v is left out or has @p count elements of float32. */
bool clgan_expect(struct clgan_ir *g, const struct clgan_node *node, int input, size_t count);
bool clgan_expect_same(struct clgan_ir *g, const struct clgan_node *node, int a,
                       int b); /**< equal shapes of two inputs */
/** The decimal that a float attribute was written as (0.999f -> 0.999), so that 1 - beta has no rounding of beta's. */
double clgan_decimal(float x);
#endif
