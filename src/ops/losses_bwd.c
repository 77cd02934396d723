/* losses_bwd.c - gradients of the losses, weighted by f[6] and, where given, an element of the step's constants. */
#include "ops/losses.h"

/* Operand of the loss that the gradient is with respect to. */
static int gradient_of(int op) {
  return op == CLGAN_OP_LOSS_L1 ? 1 : 0;
}

static bool bwd_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                      int op) {
  int coef = op == CLGAN_OP_LOSS_GAN ? 1 : 2, index = node->attr.i[CLGAN_LOSS_I_COEF];
  out[0] = clgan_ir_shape(g, node->in[gradient_of(op)]);
  if (node->in[coef] != CLGAN_NONE &&
      (index < 0 || (size_t)index >= clgan_shape_count(clgan_ir_shape(g, node->in[coef])))) {
    clgan_ir_fail(g, "loss gradient: the constants have no element %d", index);
    return false;
  }
  return clgan_loss_operands_fit(g, node, op);
}

#define BWD_SHAPE(name, OP)                                                                                           \
  static bool name##_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT], \
                           enum clgan_dtype type[CLGAN_NODE_OUT]) {                                                   \
    (void)type;                                                                                                       \
    return bwd_shape(g, node, out, OP);                                                                               \
  }
BWD_SHAPE(gan, CLGAN_OP_LOSS_GAN)
BWD_SHAPE(l1, CLGAN_OP_LOSS_L1)
BWD_SHAPE(mse, CLGAN_OP_LOSS_MSE)
BWD_SHAPE(bce, CLGAN_OP_LOSS_BCE)
BWD_SHAPE(ce, CLGAN_OP_LOSS_CE)

/* -- references -- */

static double factor(const struct clgan_node *node, double *const *in, int coef) {
  return (double)node->attr.f[CLGAN_LOSS_F_SEED] * (in[coef] ? in[coef][node->attr.i[CLGAN_LOSS_I_COEF]] : 1);
}

static void gan_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                          double *const *out) {
  const struct clgan_attr *a = &node->attr;
  clgan_ref_loss_gan_bwd(clgan_loss_rows(g, node) / 2, in[0], a->i[CLGAN_LOSS_I_FIRST], a->i[CLGAN_LOSS_I_SECOND],
                         (double)a->f[CLGAN_LOSS_F_WEIGHT], factor(node, in, 1), out[0]);
}

static void l1_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                         double *const *out) {
  clgan_ref_loss_l1_bwd(clgan_shape_count(clgan_ir_shape(g, node->in[0])), in[0], in[1], factor(node, in, 2), out[0]);
}

static void column_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                             double *const *out) {
  const struct clgan_ref_column a = clgan_loss_column(g, node, in, 0), b = clgan_loss_column(g, node, in, 1);
  const size_t rows = clgan_loss_rows(g, node);
  if (node->op == CLGAN_OP_LOSS_BCE_BWD)
    clgan_ref_loss_bce_bwd(rows, a, b, factor(node, in, 2), out[0]);
  else
    clgan_ref_loss_mse_bwd(rows, a, b, factor(node, in, 2), out[0]);
}

static void ce_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                         double *const *out) {
  clgan_ref_loss_ce_bwd(clgan_loss_rows(g, node), (size_t)clgan_loss_cols(g, node->in[0]), in[0], in[1],
                        factor(node, in, 2), out[0]);
}

/* -- launches -- */

static struct clgan_launch *add(struct clgan_launches *l, const struct clgan_lanes *lanes, const char *kernel) {
  return clgan_launch_add(l, "losses.cl", kernel, "%s", lanes->options);
}

/* What every kernel takes last: weight (@p over: the mean's divisor), constants, their element, the gradient, its grid.
 */
static void finish(struct clgan_launch *j, const struct clgan_lanes *lanes, const struct clgan_node *node, int coef,
                   float weight, const struct clgan_grid *grid) {
  clgan_launch_float(j, weight * node->attr.f[CLGAN_LOSS_F_SEED]);
  clgan_launch_value(j, node->in[coef]);
  clgan_launch_int(j, node->in[coef] == CLGAN_NONE ? -1 : node->attr.i[CLGAN_LOSS_I_COEF]);
  clgan_launch_value(j, node->out[0]);
  clgan_grid_launch(j, lanes, grid);
}

static void gan_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                        struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, CLGAN_LOSS_GROUP);
  size_t rows = clgan_loss_rows(g, node);
  struct clgan_grid grid = clgan_grid_of(t, &lanes, 1, rows);
  struct clgan_launch *j = add(l, &lanes, "loss_gan_bwd");
  clgan_launch_value(j, node->in[0]);
  clgan_launch_int(j, (int)rows / 2);
  clgan_launch_float(j, (float)node->attr.i[CLGAN_LOSS_I_FIRST]);
  clgan_launch_float(j, (float)node->attr.i[CLGAN_LOSS_I_SECOND]);
  finish(j, &lanes, node, 1, node->attr.f[CLGAN_LOSS_F_WEIGHT] / (float)(rows / 2), &grid);
}

static void l1_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                       struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, CLGAN_LOSS_GROUP);
  size_t count = clgan_shape_count(clgan_ir_shape(g, node->in[0]));
  struct clgan_grid grid = clgan_grid_of(t, &lanes, 1, count);
  struct clgan_launch *j = add(l, &lanes, "loss_l1_bwd");
  clgan_launch_value(j, node->in[0]);
  clgan_launch_value(j, node->in[1]);
  finish(j, &lanes, node, 2, 1.0f / (float)count, &grid);
}

static void column_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                           struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, CLGAN_LOSS_GROUP);
  size_t rows = clgan_loss_rows(g, node);
  struct clgan_grid grid = clgan_grid_of(t, &lanes, rows, (size_t)clgan_loss_cols(g, node->in[0]));
  struct clgan_launch *j = add(l, &lanes, "loss_column_bwd");
  clgan_launch_value(j, node->in[0]);
  clgan_launch_int(j, node->attr.i[0]);
  clgan_launch_value(j, node->in[1]);
  clgan_launch_int(j, clgan_loss_cols(g, node->in[1]));
  clgan_launch_int(j, node->attr.i[1]);
  clgan_launch_int(j, node->op == CLGAN_OP_LOSS_BCE_BWD);
  finish(j, &lanes, node, 2, 1.0f / (float)rows, &grid);
}

static void ce_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                       struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, CLGAN_LOSS_GROUP);
  size_t rows = clgan_loss_rows(g, node);
  struct clgan_grid grid = clgan_grid_of(t, &lanes, rows, (size_t)clgan_loss_cols(g, node->in[0]));
  struct clgan_launch *j = add(l, &lanes, "loss_ce_bwd");
  clgan_launch_value(j, node->in[0]);
  clgan_launch_value(j, node->in[1]);
  finish(j, &lanes, node, 2, 1.0f / (float)rows, &grid);
}

/* MSE and BCE are @p work column: they differ by node->op alone. */
#define BWD_ROW(id, work, operands, in_place)                                      \
  const struct clgan_op clgan_op_loss_##id##_bwd = {.name = "loss_" #id "_bwd",    \
                                                    .min_in = operands,            \
                                                    .n_out = 1,                    \
                                                    .inplace = in_place,           \
                                                    .acc = -1,                     \
                                                    .shape = id##_shape,           \
                                                    .reference = work##_reference, \
                                                    .prepare = work##_prepare}
BWD_ROW(gan, gan, 1, 0);
BWD_ROW(l1, l1, 2, 1);
BWD_ROW(mse, column, 2, -1);
BWD_ROW(bce, column, 2, -1);
BWD_ROW(ce, ce, 2, -1);
