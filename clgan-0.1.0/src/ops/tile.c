/* tile.c - TILE, TILE_BWD (columns repeated, and summed again) and ONEHOT. */
#include "ops/lanes.h"
#include "ref/shape.h"

static size_t rows_of(struct clgan_shape s) {
  return (size_t)s.n * (size_t)s.h * (size_t)s.w;
}

static bool tile_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                       enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  out[0] = clgan_ir_shape(g, node->in[0]);
  if (node->attr.i[0] < 1) {
    clgan_ir_fail(g, "tile: %d times", node->attr.i[0]);
    return false;
  }
  out[0].c *= node->attr.i[0];
  return true;
}

static void tile_backward(struct clgan_ir *g, int id, const int *gout, const bool *need, int *gin) {
  struct clgan_attr attr = g->nodes[id].attr;
  if (need[0]) gin[0] = clgan_ir_emit(g, CLGAN_OP_TILE_BWD, &attr, 1, gout, NULL);
}

static void tile_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                           double *const *out) {
  struct clgan_shape x = clgan_ir_shape(g, node->in[0]);
  clgan_ref_tile(rows_of(x), (size_t)x.c, (size_t)node->attr.i[0], in[0], out[0]);
}

/* Both directions take (input, times, output, grid over the output). */
static void launch(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                   struct clgan_launches *l, const char *kernel) {
  struct clgan_shape y = clgan_ir_shape(g, node->out[0]);
  struct clgan_lanes lanes = clgan_lanes_of(t, 64);
  struct clgan_grid grid = clgan_grid_of(t, &lanes, rows_of(y), (size_t)y.c);
  struct clgan_launch *j = clgan_launch_add(l, "shape.cl", kernel, "%s", lanes.options);
  clgan_launch_value(j, node->in[0]);
  clgan_launch_int(j, node->attr.i[0]);
  clgan_launch_value(j, node->out[0]);
  clgan_grid_launch(j, &lanes, &grid);
}

static void tile_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                         struct clgan_launches *l) {
  launch(g, node, t, l, "tile");
}

const struct clgan_op clgan_op_tile = {.name = "tile",
                                       .min_in = 1,
                                       .n_out = 1,
                                       .inplace = -1,
                                       .acc = -1,
                                       .shape = tile_shape,
                                       .backward = tile_backward,
                                       .reference = tile_reference,
                                       .prepare = tile_prepare};

static bool tile_bwd_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                           enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  out[0] = clgan_ir_shape(g, node->in[0]);
  int times = node->attr.i[0];
  if (times < 1 || out[0].c % times) {
    clgan_ir_fail(g, "tile_bwd: %d columns are not a multiple of %d", out[0].c, times);
    return false;
  }
  out[0].c /= times;
  return true;
}

static void tile_bwd_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                               double *const *out) {
  struct clgan_shape dx = clgan_ir_shape(g, node->out[0]);
  clgan_ref_tile_bwd(rows_of(dx), (size_t)dx.c, (size_t)node->attr.i[0], in[0], out[0]);
}

static void tile_bwd_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                             struct clgan_launches *l) {
  launch(g, node, t, l, "tile_bwd");
}

const struct clgan_op clgan_op_tile_bwd = {.name = "tile_bwd",
                                           .min_in = 1,
                                           .n_out = 1,
                                           .inplace = -1,
                                           .acc = -1,
                                           .shape = tile_bwd_shape,
                                           .reference = tile_bwd_reference,
                                           .prepare = tile_bwd_prepare};

static bool onehot_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                         enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  size_t n = clgan_shape_count(clgan_ir_shape(g, node->in[0]));
  if (g->values[node->in[0]].dtype != CLGAN_I32 || node->attr.i[0] < 1) {
    clgan_ir_fail(g, "onehot: labels that are not I32, or %d classes", node->attr.i[0]);
    return false;
  }
  out[0] = clgan_shape_of((int)n, 1, 1, node->attr.i[0]);
  return true;
}

static void onehot_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                             double *const *out) {
  struct clgan_shape y = clgan_ir_shape(g, node->out[0]);
  clgan_ref_onehot((size_t)y.n, (size_t)y.c, in[0], out[0]);
}

static void onehot_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                           struct clgan_launches *l) {
  struct clgan_shape y = clgan_ir_shape(g, node->out[0]);
  struct clgan_lanes lanes = clgan_lanes_of(t, 64);
  struct clgan_grid grid = clgan_grid_of(t, &lanes, (size_t)y.n, (size_t)y.c);
  struct clgan_launch *j = clgan_launch_add(l, "shape.cl", "onehot", "%s", lanes.options);
  clgan_launch_value(j, node->in[0]);
  clgan_launch_value(j, node->out[0]);
  clgan_grid_launch(j, &lanes, &grid);
}

const struct clgan_op clgan_op_onehot = {.name = "onehot",
                                         .min_in = 1,
                                         .n_out = 1,
                                         .inplace = -1,
                                         .acc = -1,
                                         .shape = onehot_shape,
                                         .reference = onehot_reference,
                                         .prepare = onehot_prepare};
