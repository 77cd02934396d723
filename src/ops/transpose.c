/* transpose.c - [taps][a][b] -> [taps][b][a]: a convolution's weight as its gradient reads it. */
#include "ops/conv.h"
#include "ops/rows.h"
#include "ref/elementwise.h"

static bool transpose_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                            enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  const int *i = node->attr.i;
  if (i[0] < 1 || i[1] < 1 || i[2] < 1) {
    clgan_ir_fail(g, "transpose: %d taps of %dx%d", i[0], i[1], i[2]);
    return false;
  }
  out[0] = clgan_shape_of(1, i[0], i[2], i[1]);
  return clgan_expect(g, node, 0, clgan_shape_count(out[0]));
}

static void transpose_backward(struct clgan_ir *g, int id, const int *gout, const bool *need, int *gin) {
  struct clgan_node node = g->nodes[id];
  if (!need[0]) return;
  struct clgan_attr attr = {.i = {node.attr.i[0], node.attr.i[2], node.attr.i[1]}};
  int d = clgan_ir_emit(g, CLGAN_OP_TRANSPOSE, &attr, 1, gout, NULL);
  gin[0] = d < 0 ? d : clgan_ir_reshape(g, d, clgan_ir_shape(g, node.in[0]));
}

static void transpose_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                                double *const *out) {
  (void)g;
  clgan_ref_transpose(in[0], node->attr.i[0], node->attr.i[1], node->attr.i[2], out[0]);
}

void clgan_transpose_add(struct clgan_launches *l, const struct clgan_target *t, int from, int to, int taps, int a, int b) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_launch *x = clgan_flat_add(l, &lanes, "transpose");
  const size_t layers = (size_t)taps, rows = (size_t)a, columns = (size_t)b, group = (size_t)lanes.group;
  clgan_launch_value(x, from);
  if (to == CLGAN_NONE)
    clgan_launch_packing(x, layers * rows * columns);
  else
    clgan_launch_value(x, to);
  clgan_launch_int(x, a);
  clgan_launch_int(x, b);
  if (t->family == CLGAN_FAMILY_REG)
    clgan_launch_size(x, 3, (columns + 15) / 16, 1, layers, 1, 1, 1);
  else
    clgan_launch_size(x, 3, (columns + 31) / 32 * group, (rows + 31) / 32, layers, group, 1, 1);
}

static void transpose_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                              struct clgan_launches *l) {
  (void)g;
  const int *i = node->attr.i;
  clgan_transpose_add(l, t, node->in[0], node->out[0], i[0], i[1], i[2]);
}

const struct clgan_op clgan_op_transpose = {.name = "transpose",
                                            .min_in = 1,
                                            .n_out = 1,
                                            .inplace = -1,
                                            .acc = -1,
                                            .shape = transpose_shape,
                                            .backward = transpose_backward,
                                            .reference = transpose_reference,
                                            .prepare = transpose_prepare};
