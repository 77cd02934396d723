/* reparam.c - REPARAM: a sample from the encoder's normal distribution (Kingma and Welling, "Auto-Encoding Variational
 * Bayes", 2014), and its gradient. */
#include "ops/lanes.h"
#include "ref/shape.h"

enum { IN_H, IN_NOISE };
enum { BWD_DZ, BWD_H, BWD_NOISE };

static size_t cols_of(struct clgan_shape s) {
  return (size_t)s.h * (size_t)s.w * (size_t)s.c;
}

static bool halves_fit(struct clgan_ir *g, struct clgan_shape h, struct clgan_shape noise) {
  if (h.n == noise.n && cols_of(h) == 2 * cols_of(noise)) return true;
  clgan_ir_fail(g, "reparam: h [%d,%zu] and noise [%d,%zu], expected h twice as wide", h.n, cols_of(h), noise.n,
                cols_of(noise));
  return false;
}

static bool reparam_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                          enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  out[0] = clgan_ir_shape(g, node->in[IN_NOISE]);
  return halves_fit(g, clgan_ir_shape(g, node->in[IN_H]), out[0]);
}

static void reparam_backward(struct clgan_ir *g, int id, const int *gout, const bool *need, int *gin) {
  struct clgan_node node = g->nodes[id];
  int in[3] = {gout[0], node.in[IN_H], node.in[IN_NOISE]};
  if (need[IN_H]) gin[IN_H] = clgan_ir_emit(g, CLGAN_OP_REPARAM_BWD, &node.attr, 3, in, NULL);
}

static void reparam_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                              double *const *out) {
  struct clgan_shape z = clgan_ir_shape(g, node->out[0]);
  clgan_ref_reparam((size_t)z.n, cols_of(z), in[IN_H], in[IN_NOISE], (double)node->attr.f[0], (double)node->attr.f[1],
                    out[0]);
}

/* The clamp's bounds, the output and the grid follow the inputs in both kernels. */
static void launch(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                   struct clgan_launches *l, const char *kernel) {
  struct clgan_shape z = clgan_ir_shape(g, node->in[node->n_in - 1]);
  struct clgan_lanes lanes = clgan_lanes_of(t, 64);
  struct clgan_grid grid = clgan_grid_of(t, &lanes, (size_t)z.n, cols_of(z));
  struct clgan_launch *j = clgan_launch_add(l, "shape.cl", kernel, "%s", lanes.options);
  for (int k = 0; k < node->n_in; k++) clgan_launch_value(j, node->in[k]);
  clgan_launch_float(j, node->attr.f[0]);
  clgan_launch_float(j, node->attr.f[1]);
  clgan_launch_value(j, node->out[0]);
  clgan_grid_launch(j, &lanes, &grid);
}

static void reparam_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                            struct clgan_launches *l) {
  launch(g, node, t, l, "reparam");
}

const struct clgan_op clgan_op_reparam = {.name = "reparam",
                                          .min_in = 2,
                                          .n_out = 1,
                                          .inplace = -1,
                                          .acc = -1,
                                          .shape = reparam_shape,
                                          .backward = reparam_backward,
                                          .reference = reparam_reference,
                                          .prepare = reparam_prepare};

static bool reparam_bwd_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                              enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  out[0] = clgan_ir_shape(g, node->in[BWD_H]);
  struct clgan_shape noise = clgan_ir_shape(g, node->in[BWD_NOISE]);
  if (clgan_shape_count(clgan_ir_shape(g, node->in[BWD_DZ])) != clgan_shape_count(noise)) {
    clgan_ir_fail(g, "reparam_bwd: dz and noise differ in size");
    return false;
  }
  return halves_fit(g, out[0], noise);
}

static void reparam_bwd_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                                  double *const *out) {
  struct clgan_shape z = clgan_ir_shape(g, node->in[BWD_NOISE]);
  clgan_ref_reparam_bwd((size_t)z.n, cols_of(z), in[BWD_DZ], in[BWD_H], in[BWD_NOISE], (double)node->attr.f[0],
                        (double)node->attr.f[1], out[0]);
}

static void reparam_bwd_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                                struct clgan_launches *l) {
  launch(g, node, t, l, "reparam_bwd");
}

const struct clgan_op clgan_op_reparam_bwd = {.name = "reparam_bwd",
                                              .min_in = 3,
                                              .n_out = 1,
                                              .inplace = -1,
                                              .acc = -1,
                                              .shape = reparam_bwd_shape,
                                              .reference = reparam_bwd_reference,
                                              .prepare = reparam_bwd_prepare};
