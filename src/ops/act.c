/* act.c - activations on their own (convolution and batch norm have them fused). */
#include "ref/act.h"
#include "ops/rows.h"

static bool act_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                      enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  out[0] = clgan_ir_shape(g, node->in[0]);
  return clgan_expect(g, node, 0, clgan_shape_count(out[0]));
}

static void act_backward(struct clgan_ir *g, int id, const int *gout, const bool *need, int *gin) {
  struct clgan_node node = g->nodes[id];
  int in[2] = {gout[0], node.out[0]};
  if (need[0]) gin[0] = clgan_ir_emit(g, CLGAN_OP_ACT_BWD, &node.attr, 2, in, NULL);
}

static void act_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                          double *const *out) {
  size_t n = clgan_count_of(g, node->out[0]);
  for (size_t e = 0; e < n; e++) out[0][e] = clgan_ref_act((int)node->attr.act, (double)node->attr.slope, in[0][e]);
}

static void act_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                        struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_launch *x =
      clgan_launch_add(l, "act.cl", "act", "%s%s%s", lanes.options, clgan_act_option(node->attr.act),
                       clgan_half_option(g, node->in[0], CLGAN_NONE, node->out[0]));
  clgan_launch_value(x, node->in[0]);
  clgan_launch_value(x, node->out[0]);
  clgan_launch_int(x, (int)node->attr.act);
  clgan_launch_float(x, node->attr.slope);
  clgan_flat_launch(x, t, &lanes, clgan_count_of(g, node->out[0]));
}

const struct clgan_op clgan_op_act = {.name = "act",
                                      .min_in = 1,
                                      .n_out = 1,
                                      .inplace = 0,
                                      .acc = -1,
                                      .shape = act_shape,
                                      .backward = act_backward,
                                      .reference = act_reference,
                                      .prepare = act_prepare,
                                      .halves = clgan_halves_through};

static bool bwd_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                      enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  out[0] = clgan_ir_shape(g, node->in[1]);
  return clgan_expect_same(g, node, 0, 1);
}

static void bwd_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                          double *const *out) {
  size_t n = clgan_count_of(g, node->out[0]);
  for (size_t e = 0; e < n; e++)
    out[0][e] = in[0][e] * clgan_ref_act_slope((int)node->attr.act, (double)node->attr.slope, in[1][e]);
}

static void bwd_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                        struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_launch *x = clgan_flat_add_halves(g, l, &lanes, "act_bwd", node->in[0], node->in[1], node->out[0]);
  clgan_launch_value(x, node->in[0]);
  clgan_launch_value(x, node->in[1]);
  clgan_launch_value(x, node->out[0]);
  clgan_launch_int(x, (int)node->attr.act);
  clgan_launch_float(x, node->attr.slope);
  clgan_flat_launch(x, t, &lanes, clgan_count_of(g, node->out[0]));
}

const struct clgan_op clgan_op_act_bwd = {.name = "act_bwd",
                                          .min_in = 2,
                                          .n_out = 1,
                                          .inplace = 0,
                                          .acc = -1,
                                          .shape = bwd_shape,
                                          .reference = bwd_reference,
                                          .prepare = bwd_prepare,
                                          .halves = clgan_halves_all};
