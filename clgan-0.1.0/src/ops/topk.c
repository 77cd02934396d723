/* topk.c - TOPK: the smallest elements of every row and where they are. */
#include "ops/lanes.h"
#include "ref/topk.h"

static size_t rows_of(struct clgan_shape s) {
  return (size_t)s.n * (size_t)s.h * (size_t)s.w;
}

static bool topk_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                       enum clgan_dtype type[CLGAN_NODE_OUT]) {
  int k = node->attr.i[0];
  out[0] = clgan_ir_shape(g, node->in[0]);
  if (k < 1 || k > 256) {
    clgan_ir_fail(g, "topk: %d elements a row, expected 1 to 256", k);
    return false;
  }
  out[0].c = k;
  out[1] = out[0];
  type[1] = CLGAN_I32;
  return true;
}

static void topk_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                           double *const *out) {
  struct clgan_shape x = clgan_ir_shape(g, node->in[0]);
  clgan_ref_topk(rows_of(x), (size_t)x.c, (size_t)node->attr.i[0], in[0], out[0], out[1]);
}

static void topk_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                         struct clgan_launches *l) {
  struct clgan_shape x = clgan_ir_shape(g, node->in[0]);
  struct clgan_lanes lanes = clgan_lanes_of(t, 64);
  struct clgan_grid grid = clgan_grid_of(t, &lanes, rows_of(x), (size_t)x.c);
  grid.col_run = grid.cols;
  /* An item's share stays small: llvmpipe silently ends an item's loops after some 65,000 turns. */
  if (lanes.group > 1 || grid.row_run > 4096 / grid.cols)
    grid.row_run = grid.cols < 4096 && lanes.group == 1 ? 4096 / grid.cols : 1;
  struct clgan_launch *j = clgan_launch_add(l, "topk.cl", "topk", "%s -D K=%d", lanes.options, node->attr.i[0]);
  clgan_launch_value(j, node->in[0]);
  clgan_launch_value(j, node->out[0]);
  clgan_launch_value(j, node->out[1]);
  clgan_grid_launch(j, &lanes, &grid);
}

const struct clgan_op clgan_op_topk = {.name = "topk",
                                       .min_in = 1,
                                       .n_out = 2,
                                       .inplace = -1,
                                       .acc = -1,
                                       .shape = topk_shape,
                                       .reference = topk_reference,
                                       .prepare = topk_prepare};
