/* precision.c - storage in half precision, and the loss scale. Private rules: only clgan_graph_half makes HALVE and WIDEN,
 * after differentiation. */
#include "ref/precision.h"
#include "ops/rows.h"

static struct clgan_launch *add(struct clgan_launches *l, const struct clgan_lanes *lanes, const char *kernel) {
  return clgan_launch_add(l, "half.cl", kernel, "%s", lanes->options);
}

/* -- halve, widen -- */

static bool convert_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                          enum clgan_dtype type[CLGAN_NODE_OUT]) {
  const bool halves = node->op == CLGAN_OP_HALVE;
  out[0] = clgan_ir_shape(g, node->in[0]);
  type[0] = halves ? CLGAN_F16 : CLGAN_F32;
  if (g->values[node->in[0]].dtype == (halves ? CLGAN_F32 : CLGAN_F16)) return true;
  clgan_ir_fail(g, "%s: input 0 is not %s", clgan_op_row(node->op)->name, halves ? "float32" : "float16");
  return false;
}

static void halve_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                            double *const *out) {
  clgan_ref_halve(in[0], out[0], clgan_count_of(g, node->out[0]));
}

static void widen_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                            double *const *out) {
  for (size_t k = 0; k < clgan_count_of(g, node->out[0]); k++) out[0][k] = in[0][k];
}

static void convert_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                            struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_launch *x = add(l, &lanes, clgan_op_row(node->op)->name);
  clgan_launch_value(x, node->in[0]);
  clgan_launch_value(x, node->out[0]);
  clgan_flat_launch(x, t, &lanes, clgan_count_of(g, node->out[0]));
}

static void convert_cost(const struct clgan_ir *g, const struct clgan_node *node, double *flops, double *bytes) {
  *flops = 0;
  *bytes = 6 * (double)clgan_count_of(g, node->out[0]);
}

const struct clgan_op clgan_op_halve = {.name = "halve",
                                        .min_in = 1,
                                        .n_out = 1,
                                        .inplace = -1,
                                        .acc = -1,
                                        .shape = convert_shape,
                                        .reference = halve_reference,
                                        .prepare = convert_prepare,
                                        .cost = convert_cost};
const struct clgan_op clgan_op_widen = {.name = "widen",
                                        .min_in = 1,
                                        .n_out = 1,
                                        .inplace = -1,
                                        .acc = -1,
                                        .shape = convert_shape,
                                        .reference = widen_reference,
                                        .prepare = convert_prepare,
                                        .cost = convert_cost};

/* -- the loss scale -- */

enum { SUMS = 3 };

static bool scaled_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                         enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  out[0] = clgan_ir_shape(g, node->in[1]);
  return clgan_expect(g, node, 0, CLGAN_SCALE_STATE) && clgan_expect(g, node, 1, clgan_shape_count(out[0]));
}

static void scaled_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                             double *const *out) {
  clgan_ref_scaled(in[0], in[1], CLGAN_LOSS_SCALE_START, out[0], clgan_count_of(g, node->out[0]));
}

static void scaled_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                           struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_launch *x = add(l, &lanes, "scaled");
  for (int k = 0; k < 2; k++) clgan_launch_value(x, node->in[k]);
  clgan_launch_value(x, node->out[0]);
  clgan_launch_int(x, (int)clgan_count_of(g, node->out[0]));
  clgan_launch_int(x, CLGAN_LOSS_SCALE_START);
  clgan_launch_size(x, 1, 1, 1, 1, 1, 1, 1);
}

const struct clgan_op clgan_op_scaled = {.name = "scaled",
                                         .min_in = 2,
                                         .n_out = 1,
                                         .inplace = -1,
                                         .acc = -1,
                                         .shape = scaled_shape,
                                         .reference = scaled_reference,
                                         .prepare = scaled_prepare};

static size_t sum_count(const struct clgan_ir *g, const struct clgan_node *node, int k) {
  return node->n_in > 1 + k && node->in[1 + k] != CLGAN_NONE ? clgan_count_of(g, node->in[1 + k]) : 0;
}

static bool loss_scale_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                             enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  out[0] = clgan_ir_shape(g, node->in[0]);
  if (node->n_in > 1 + SUMS || node->attr.i[0] < 1) {
    clgan_ir_fail(g, "loss_scale: %d sums (%d at most), doubled after %d steps", node->n_in - 1, SUMS, node->attr.i[0]);
    return false;
  }
  for (int k = 0; k < SUMS; k++)
    if (sum_count(g, node, k) && !clgan_expect(g, node, 1 + k, sum_count(g, node, k))) return false;
  return clgan_expect(g, node, 0, CLGAN_SCALE_STATE);
}

static void loss_scale_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                                 double *const *out) {
  const struct clgan_ref_loss_scale rule = {node->attr.i[0], CLGAN_LOSS_SCALE_START, CLGAN_LOSS_SCALE_MAX};
  bool good = true;
  for (int k = 0; k < SUMS; k++) good &= clgan_ref_all_finite(in[1 + k], sum_count(g, node, k));
  clgan_ref_loss_scale_step(&rule, in[0], good, out[0]);
}

static void loss_scale_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                               struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_launch *x = add(l, &lanes, "loss_scale");
  int counts[4] = {0};
  clgan_launch_value(x, node->in[0]);
  for (int k = 0; k < SUMS; k++) {
    counts[k] = (int)sum_count(g, node, k);
    clgan_launch_value(x, counts[k] ? node->in[1 + k] : CLGAN_NONE);
  }
  clgan_launch_bytes(x, counts, sizeof counts);
  clgan_launch_int(x, node->attr.i[0]);
  clgan_launch_int(x, CLGAN_LOSS_SCALE_START);
  clgan_launch_int(x, CLGAN_LOSS_SCALE_MAX);
  clgan_launch_size(x, 1, 1, 1, 1, 1, 1, 1);
}

const struct clgan_op clgan_op_loss_scale = {.name = "loss_scale",
                                             .min_in = 2,
                                             .n_out = 1,
                                             .inplace_state = 1,
                                             .inplace = -1,
                                             .acc = -1,
                                             .shape = loss_scale_shape,
                                             .reference = loss_scale_reference,
                                             .prepare = loss_scale_prepare};
