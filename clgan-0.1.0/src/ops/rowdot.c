/* rowdot.c - ROWDOT: dot products of the rows of two matrices (the discriminator's projection); ROWSCALE, its gradient.
 */
#include "ops/lanes.h"
#include "ref/shape.h"

static size_t cols_of(struct clgan_shape s) {
  return (size_t)s.h * (size_t)s.w * (size_t)s.c;
}

static bool rowdot_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                         enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  struct clgan_shape a = clgan_ir_shape(g, node->in[0]), b = clgan_ir_shape(g, node->in[1]);
  out[0] = clgan_shape_of(a.n, 1, 1, 1);
  if (a.n == b.n && a.h == b.h && a.w == b.w && a.c == b.c) return true;
  clgan_ir_fail(g, "rowdot: operands of %d x %zu and %d x %zu, expected equal shapes", a.n, cols_of(a), b.n,
                cols_of(b));
  return false;
}

static void rowdot_backward(struct clgan_ir *g, int id, const int *gout, const bool *need, int *gin) {
  struct clgan_node node = g->nodes[id];
  for (int k = 0; k < 2; k++) {
    int in[2] = {gout[0], node.in[1 - k]};
    if (need[k]) gin[k] = clgan_ir_emit(g, CLGAN_OP_ROWSCALE, NULL, 2, in, NULL);
  }
}

static void rowdot_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                             double *const *out) {
  struct clgan_shape a = clgan_ir_shape(g, node->in[0]);
  clgan_ref_rowdot((size_t)a.n, cols_of(a), in[0], in[1], out[0]);
}

/* Both kernels take (first, second, output, grid over the second operand). */
static void launch(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                   struct clgan_launches *l, const char *kernel, bool whole_rows) {
  struct clgan_shape b = clgan_ir_shape(g, node->in[1]);
  struct clgan_lanes lanes = clgan_lanes_of(t, 64);
  struct clgan_grid grid = clgan_grid_of(t, &lanes, (size_t)b.n, cols_of(b));
  if (whole_rows) grid.col_run = grid.cols;
  struct clgan_launch *j = clgan_launch_add(l, "shape.cl", kernel, "%s", lanes.options);
  clgan_launch_value(j, node->in[0]);
  clgan_launch_value(j, node->in[1]);
  clgan_launch_value(j, node->out[0]);
  clgan_grid_launch(j, &lanes, &grid);
}

static void rowdot_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                           struct clgan_launches *l) {
  launch(g, node, t, l, "rowdot", true);
}

static void rowdot_cost(const struct clgan_ir *g, const struct clgan_node *node, double *flops, double *bytes) {
  double count = (double)clgan_shape_count(clgan_ir_shape(g, node->in[0]));
  *flops = 2 * count;
  *bytes = 8 * count + 4 * (double)clgan_shape_count(clgan_ir_shape(g, node->out[0]));
}

const struct clgan_op clgan_op_rowdot = {.name = "rowdot",
                                         .min_in = 2,
                                         .n_out = 1,
                                         .inplace = -1,
                                         .acc = -1,
                                         .shape = rowdot_shape,
                                         .backward = rowdot_backward,
                                         .reference = rowdot_reference,
                                         .prepare = rowdot_prepare,
                                         .cost = rowdot_cost};

static bool rowscale_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                           enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  out[0] = clgan_ir_shape(g, node->in[1]);
  if (clgan_shape_count(clgan_ir_shape(g, node->in[0])) == (size_t)out[0].n) return true;
  clgan_ir_fail(g, "rowscale: expected %d factors", out[0].n);
  return false;
}

static void rowscale_backward(struct clgan_ir *g, int id, const int *gout, const bool *need, int *gin) {
  struct clgan_node node = g->nodes[id];
  int s[2] = {gout[0], node.in[1]}, b[2] = {node.in[0], gout[0]};
  if (need[0]) gin[0] = clgan_ir_emit(g, CLGAN_OP_ROWDOT, NULL, 2, s, NULL);
  if (need[1]) gin[1] = clgan_ir_emit(g, CLGAN_OP_ROWSCALE, NULL, 2, b, NULL);
}

static void rowscale_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                               double *const *out) {
  struct clgan_shape b = clgan_ir_shape(g, node->in[1]);
  clgan_ref_rowscale((size_t)b.n, cols_of(b), in[0], in[1], out[0]);
}

static void rowscale_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                             struct clgan_launches *l) {
  launch(g, node, t, l, "rowscale", false);
}

const struct clgan_op clgan_op_rowscale = {.name = "rowscale",
                                           .min_in = 2,
                                           .n_out = 1,
                                           .inplace = 1,
                                           .acc = -1,
                                           .shape = rowscale_shape,
                                           .backward = rowscale_backward,
                                           .reference = rowscale_reference,
                                           .prepare = rowscale_prepare};
