/* shift.c - SHIFT: translation and left-right flip of images (zeros move in), and its gradient. */
#include "ops/lanes.h"
#include "ref/shape.h"

enum { IN_X, IN_OFFSET, IN_FLIP };

static bool shift_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                        enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  out[0] = clgan_ir_shape(g, node->in[IN_X]);
  size_t n = (size_t)out[0].n;
  int offset = node->in[IN_OFFSET], flip = node->in[IN_FLIP];
  bool fits = g->values[offset].dtype == CLGAN_I32 && clgan_shape_count(clgan_ir_shape(g, offset)) == 2 * n;
  if (flip != CLGAN_NONE)
    fits = fits && g->values[flip].dtype == CLGAN_I32 && clgan_shape_count(clgan_ir_shape(g, flip)) == n;
  if (!fits) clgan_ir_fail(g, "shift: expected %zu pairs of I32 offsets and as many I32 flips or none", n);
  return fits;
}

static void shift_backward(struct clgan_ir *g, int id, const int *gout, const bool *need, int *gin) {
  struct clgan_node node = g->nodes[id];
  int in[3] = {gout[0], node.in[IN_OFFSET], node.in[IN_FLIP]};
  if (need[IN_X]) gin[IN_X] = clgan_ir_emit(g, CLGAN_OP_SHIFT_BWD, &node.attr, 3, in, NULL);
}

static struct clgan_ref_shift ref_of(const struct clgan_ir *g, const struct clgan_node *node, double *const *in) {
  struct clgan_shape s = clgan_ir_shape(g, node->in[IN_X]);
  return (struct clgan_ref_shift){s.n, s.h, s.w, s.c, node->attr.i[0], in[IN_OFFSET], in[IN_FLIP]};
}

static void shift_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                            double *const *out) {
  struct clgan_ref_shift s = ref_of(g, node, in);
  clgan_ref_shift(&s, in[IN_X], out[0]);
}

static void shift_bwd_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                                double *const *out) {
  struct clgan_ref_shift s = ref_of(g, node, in);
  clgan_ref_shift_bwd(&s, in[IN_X], out[0]);
}

static void launch(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                   struct clgan_launches *l, int back) {
  struct clgan_shape s = clgan_ir_shape(g, node->in[IN_X]);
  struct clgan_lanes lanes = clgan_lanes_of(t, 64);
  struct clgan_grid grid = clgan_grid_of(t, &lanes, (size_t)s.n * (size_t)s.h, (size_t)s.w * (size_t)s.c);
  grid.col_run = grid.cols; /* a row's shift concerns all of it */
  struct clgan_launch *j = clgan_launch_add(l, "shape.cl", "shift", "%s", lanes.options);
  clgan_launch_value(j, node->in[IN_X]);
  clgan_launch_value(j, node->in[IN_OFFSET]);
  clgan_launch_value(j, node->in[IN_FLIP]);
  clgan_launch_int(j, node->in[IN_FLIP] != CLGAN_NONE);
  clgan_launch_value(j, node->out[0]);
  clgan_launch_int(j, s.h);
  clgan_launch_int(j, s.w);
  clgan_launch_int(j, s.c);
  clgan_launch_int(j, node->attr.i[0]);
  clgan_launch_int(j, back);
  clgan_grid_launch(j, &lanes, &grid);
}

static void shift_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                          struct clgan_launches *l) {
  launch(g, node, t, l, 0);
}

static void shift_bwd_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                              struct clgan_launches *l) {
  launch(g, node, t, l, 1);
}

const struct clgan_op clgan_op_shift = {.name = "shift",
                                        .min_in = 2,
                                        .n_out = 1,
                                        .inplace = -1,
                                        .acc = -1,
                                        .shape = shift_shape,
                                        .backward = shift_backward,
                                        .reference = shift_reference,
                                        .prepare = shift_prepare};
const struct clgan_op clgan_op_shift_bwd = {.name = "shift_bwd",
                                            .min_in = 2,
                                            .n_out = 1,
                                            .inplace = -1,
                                            .acc = -1,
                                            .shape = shift_shape,
                                            .reference = shift_bwd_reference,
                                            .prepare = shift_bwd_prepare};
