/* losses.c - the losses: one number each. Their gradients are in losses_bwd.c. */
#include "ops/losses.h"

static bool is_label(const struct clgan_ir *g, int v, int n) {
  return g->values[v].dtype == CLGAN_I32 && clgan_shape_count(clgan_ir_shape(g, v)) == (size_t)n;
}

static bool column_inside(const struct clgan_ir *g, const struct clgan_node *node, int which) {
  return node->attr.i[which] >= 0 && node->attr.i[which] < clgan_loss_cols(g, node->in[which]);
}

/* @param op the forward operation; a gradient's operands are its loss's. */
bool clgan_loss_operands_fit(struct clgan_ir *g, const struct clgan_node *node, int op) {
  struct clgan_shape a = clgan_ir_shape(g, node->in[0]);
  bool fits = false;
  if (op == CLGAN_OP_LOSS_GAN) {
    fits = a.n % 2 == 0 && clgan_shape_count(a) == (size_t)a.n;
    if (!fits)
      clgan_ir_fail(g, "loss_gan: expected scores of two halves [2n,1], got [%d,%d]", a.n,
                    clgan_loss_cols(g, node->in[0]));
    return fits;
  }
  struct clgan_shape b = clgan_ir_shape(g, node->in[1]);
  switch (op) {
    case CLGAN_OP_LOSS_L1: fits = clgan_shape_count(a) == clgan_shape_count(b); break;
    case CLGAN_OP_LOSS_CE: fits = is_label(g, node->in[1], a.n); break;
    default: fits = a.n == b.n && column_inside(g, node, 0) && column_inside(g, node, 1); break;
  }
  if (!fits)
    clgan_ir_fail(g, "%s: operands [%d,%d] and [%d,%d] do not fit", clgan_op_row(op)->name, a.n,
                  clgan_loss_cols(g, node->in[0]), b.n, clgan_loss_cols(g, node->in[1]));
  return fits;
}

/* The loss's own operands, its attributes, and the weight that differentiation asks for. */
static int emit_backward(struct clgan_ir *g, const struct clgan_node *node, int op, int operands) {
  struct clgan_attr attr = node->attr;
  attr.f[CLGAN_LOSS_F_SEED] = g->seed.f;
  attr.i[CLGAN_LOSS_I_COEF] = g->seed.dynamic_index;
  int in[3] = {node->in[0], operands > 1 ? node->in[1] : g->seed.dynamic, g->seed.dynamic};
  return clgan_ir_emit(g, op, &attr, operands + 1, in, NULL);
}

#define LOSS_SHAPE(name, OP)                                                                                          \
  static bool name##_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT], \
                           enum clgan_dtype type[CLGAN_NODE_OUT]) {                                                   \
    (void)type;                                                                                                       \
    out[0] = clgan_shape_of(1, 1, 1, 1);                                                                              \
    return clgan_loss_operands_fit(g, node, OP);                                                                      \
  }                                                                                                                   \
  static void name##_backward(struct clgan_ir *g, int id, const int *gout, const bool *need, int *gin) {              \
    (void)gout;                                                                                                       \
    struct clgan_node node = g->nodes[id];                                                                            \
    enum { GRADIENT_OF = OP == CLGAN_OP_LOSS_L1, OPERANDS = OP == CLGAN_OP_LOSS_GAN ? 1 : 2 };                        \
    if (need[GRADIENT_OF]) gin[GRADIENT_OF] = emit_backward(g, &node, OP##_BWD, OPERANDS);                            \
  }

LOSS_SHAPE(gan, CLGAN_OP_LOSS_GAN)
LOSS_SHAPE(l1, CLGAN_OP_LOSS_L1)
LOSS_SHAPE(mse, CLGAN_OP_LOSS_MSE)
LOSS_SHAPE(bce, CLGAN_OP_LOSS_BCE)
LOSS_SHAPE(ce, CLGAN_OP_LOSS_CE)

/* -- references -- */

static void gan_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                          double *const *out) {
  const struct clgan_attr *a = &node->attr;
  out[0][0] = clgan_ref_loss_gan(clgan_loss_rows(g, node) / 2, in[0], a->i[CLGAN_LOSS_I_FIRST],
                                 a->i[CLGAN_LOSS_I_SECOND], (double)a->f[CLGAN_LOSS_F_WEIGHT]);
}

static void l1_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                         double *const *out) {
  out[0][0] = clgan_ref_loss_l1(clgan_shape_count(clgan_ir_shape(g, node->in[0])), in[0], in[1]);
}

static void column_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                             double *const *out) {
  const struct clgan_ref_column a = clgan_loss_column(g, node, in, 0), b = clgan_loss_column(g, node, in, 1);
  const size_t rows = clgan_loss_rows(g, node);
  out[0][0] = node->op == CLGAN_OP_LOSS_BCE ? clgan_ref_loss_bce(rows, a, b) : clgan_ref_loss_mse(rows, a, b);
}

static void ce_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                         double *const *out) {
  out[0][0] = clgan_ref_loss_ce(clgan_loss_rows(g, node), (size_t)clgan_loss_cols(g, node->in[0]), in[0], in[1]);
}

/* -- launches -- */

static struct clgan_launch *add(struct clgan_launches *l, const struct clgan_lanes *lanes, const char *kernel,
                                int groups) {
  struct clgan_launch *j = clgan_launch_add(l, "losses.cl", kernel, "%s", lanes->options);
  clgan_launch_size(j, 1, (size_t)groups * (size_t)lanes->group, 1, 1, (size_t)lanes->group, 1, 1);
  return j;
}

static void gan_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                        struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, CLGAN_LOSS_GROUP);
  int n = (int)clgan_loss_rows(g, node) / 2;
  struct clgan_launch *j = add(l, &lanes, "loss_gan", 1);
  clgan_launch_value(j, node->in[0]);
  clgan_launch_int(j, n);
  clgan_launch_float(j, (float)node->attr.i[CLGAN_LOSS_I_FIRST]);
  clgan_launch_float(j, (float)node->attr.i[CLGAN_LOSS_I_SECOND]);
  clgan_launch_float(j, node->attr.f[CLGAN_LOSS_F_WEIGHT] / (float)n);
  clgan_launch_value(j, node->out[0]);
}

static size_t l1_scratch(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t) {
  int chunks = clgan_lanes_chunks(t, clgan_shape_count(clgan_ir_shape(g, node->in[0])));
  return chunks > 1 ? (size_t)chunks : 0;
}

static void l1_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                       struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, CLGAN_LOSS_GROUP);
  size_t count = clgan_shape_count(clgan_ir_shape(g, node->in[0])), chunks = (size_t)clgan_lanes_chunks(t, count);
  size_t run = ((count + chunks - 1) / chunks + 1023) / 1024 * 1024;
  int parts = (int)((count + run - 1) / run);
  struct clgan_launch *j = add(l, &lanes, "loss_l1", parts);
  clgan_launch_value(j, node->in[0]);
  clgan_launch_value(j, node->in[1]);
  clgan_launch_int(j, (int)count);
  clgan_launch_int(j, (int)run);
  clgan_launch_float(j, 1.0f / (float)count);
  if (parts == 1) {
    clgan_launch_value(j, node->out[0]);
    return;
  }
  clgan_launch_scratch(j, 0, chunks);
  j = add(l, &lanes, "sum_parts", 1);
  clgan_launch_scratch(j, 0, chunks);
  clgan_launch_int(j, parts);
  clgan_launch_value(j, node->out[0]);
  clgan_launch_size(j, 1, 1, 1, 1, 1, 1, 1);
}

static void column_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                           struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, CLGAN_LOSS_GROUP);
  struct clgan_launch *j = add(l, &lanes, "loss_column", 1);
  for (int k = 0; k < 2; k++) {
    clgan_launch_value(j, node->in[k]);
    clgan_launch_int(j, clgan_loss_cols(g, node->in[k]));
    clgan_launch_int(j, node->attr.i[k]);
  }
  clgan_launch_int(j, (int)clgan_loss_rows(g, node));
  clgan_launch_int(j, node->op == CLGAN_OP_LOSS_BCE);
  clgan_launch_value(j, node->out[0]);
}

static void ce_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                       struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, CLGAN_LOSS_GROUP);
  struct clgan_launch *j = add(l, &lanes, "loss_ce", 1);
  clgan_launch_value(j, node->in[0]);
  clgan_launch_int(j, (int)clgan_loss_rows(g, node));
  clgan_launch_int(j, clgan_loss_cols(g, node->in[0]));
  clgan_launch_value(j, node->in[1]);
  clgan_launch_value(j, node->out[0]);
}

/* MSE and BCE are @p work column: they differ by node->op alone. */
#define LOSS_ROW(id, work, operands, ...)                                    \
  const struct clgan_op clgan_op_loss_##id = {.name = "loss_" #id,           \
                                              .min_in = operands,            \
                                              .n_out = 1,                    \
                                              .inplace = -1,                 \
                                              .acc = -1,                     \
                                              .shape = id##_shape,           \
                                              .backward = id##_backward,     \
                                              .reference = work##_reference, \
                                              .prepare = work##_prepare,     \
                                              __VA_ARGS__}
LOSS_ROW(gan, gan, 1, .scratch = NULL);
LOSS_ROW(l1, l1, 2, .scratch = l1_scratch);
LOSS_ROW(mse, column, 2, .scratch = NULL);
LOSS_ROW(bce, column, 2, .scratch = NULL);
LOSS_ROW(ce, ce, 2, .scratch = NULL);
