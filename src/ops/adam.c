/* adam.c - what changes state in place: Adam over whole groups, averaging, sums of gradients. */
#include "ref/optim.h"
#include "ops/rows.h"

static bool constants_hold(struct clgan_ir *g, const struct clgan_node *node, int input, int count) {
  struct clgan_shape s = clgan_ir_shape(g, node->in[input]);
  for (int k = 0; k < count; k++)
    if (node->attr.i[k] < 0 || (size_t)node->attr.i[k] >= clgan_shape_count(s)) {
      clgan_ir_fail(g, "%s: constant %d is element %d of %zu", clgan_op_row(node->op)->name, k, node->attr.i[k],
                    clgan_shape_count(s));
      return false;
    }
  return clgan_expect(g, node, input, clgan_shape_count(s));
}

/* Where a node has its inputs: with an average (ADAM_LERP) that is one more state. */
static int state_count(const struct clgan_node *node) {
  return node->op == CLGAN_OP_ADAM_LERP ? 4 : 3;
}

/* The state of the loss scale, or CLGAN_NONE. */
static int scale_of(const struct clgan_node *node) {
  const int at = state_count(node) + 2;
  return node->n_in > at ? node->in[at] : CLGAN_NONE;
}

static bool adam_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                       enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  size_t n = clgan_count_of(g, node->in[0]);
  int states = state_count(node);
  for (int k = 0; k <= states; k++)
    if (!clgan_expect(g, node, k, n)) return false;
  for (int k = 0; k < states; k++) out[k] = clgan_ir_shape(g, node->in[k]);
  if (scale_of(node) != CLGAN_NONE && !clgan_expect(g, node, states + 2, CLGAN_SCALE_STATE)) return false;
  return constants_hold(g, node, states + 1, states);
}

static void adam_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                           double *const *out) {
  const float *f = node->attr.f;
  const int *i = node->attr.i, states = state_count(node);
  const double *grad = in[states], *consts = in[states + 1];
  struct clgan_ref_adam a = {.beta1 = clgan_decimal(f[0]),
                             .beta2 = clgan_decimal(f[1]),
                             .eps = (double)f[2],
                             .decay = (double)f[3],
                             .rate = consts[i[0]],
                             .correction1 = consts[i[1]],
                             .correction2 = consts[i[2]],
                             .unscale = 1};
  size_t n = clgan_count_of(g, node->in[0]);
  for (int k = 0; k < states; k++) /* state: the outputs are the inputs' memory; where they are not, they start as copies */
    for (size_t e = 0; in[k] != out[k] && e < n; e++) out[k][e] = in[k][e];
  if (scale_of(node) != CLGAN_NONE) {
    const double *scale = in[states + 2];
    a.unscale = scale[1];
    if (scale[3] == 0) return; /* gradients beyond the range */
  }
  clgan_ref_adam_step(&a, out[0], out[1], out[2], grad, n);
  if (states == 4) clgan_ref_lerp(out[3], out[0], consts[i[3]], out[3], n);
}

static void adam_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                         struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_launch *x = clgan_flat_add(l, &lanes, "adam");
  const float *f = node->attr.f;
  const int states = state_count(node);
  for (int k = 0; k < 3; k++) clgan_launch_value(x, node->in[k]);
  clgan_launch_value(x, states == 4 ? node->in[3] : CLGAN_NONE);
  for (int k = 0; k < 2; k++) clgan_launch_value(x, node->in[states + k]);
  clgan_launch_value(x, scale_of(node));
  int which[4] = {node->attr.i[0], node->attr.i[1], node->attr.i[2], states == 4 ? node->attr.i[3] : -1};
  clgan_launch_bytes(x, which, sizeof which);
  double beta1 = clgan_decimal(f[0]), beta2 = clgan_decimal(f[1]);
  const float scaled = scale_of(node) != CLGAN_NONE;
  float k[8] = {(float)beta1, (float)(1 - beta1), (float)beta2, (float)(1 - beta2), f[2], f[3], scaled, 0};
  clgan_launch_bytes(x, k, sizeof k);
  clgan_flat_launch(x, t, &lanes, clgan_count_of(g, node->in[0]));
}

static void adam_cost(const struct clgan_ir *g, const struct clgan_node *node, double *flops, double *bytes) {
  double n = (double)clgan_count_of(g, node->in[0]);
  bool averages = state_count(node) == 4;
  *flops = (averages ? 15 : 12) * n;
  *bytes = (averages ? 36 : 28) * n; /* reads p, m, v, grad; writes p, m, v; reads and writes the average */
}

const struct clgan_op clgan_op_adam = {.name = "adam",
                                       .min_in = 5,
                                       .n_out = 3,
                                       .inplace_state = 7,
                                       .inplace = -1,
                                       .acc = -1,
                                       .shape = adam_shape,
                                       .reference = adam_reference,
                                       .prepare = adam_prepare,
                                       .cost = adam_cost};

const struct clgan_op clgan_op_adam_lerp = {.name = "adam_lerp",
                                            .min_in = 6,
                                            .n_out = 4,
                                            .inplace_state = 15,
                                            .inplace = -1,
                                            .acc = -1,
                                            .shape = adam_shape,
                                            .reference = adam_reference,
                                            .prepare = adam_prepare,
                                            .cost = adam_cost};

static bool lerp_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                       enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  out[0] = clgan_ir_shape(g, node->in[0]);
  size_t n = clgan_shape_count(out[0]);
  return clgan_expect(g, node, 0, n) && clgan_expect(g, node, 1, n) && constants_hold(g, node, 2, 1);
}

static void lerp_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                           double *const *out) {
  clgan_ref_lerp(in[0], in[1], in[2][node->attr.i[0]], out[0], clgan_count_of(g, node->in[0]));
}

/* LERP and ACCUMULATE, whose kernels have their names. */
static void lerp_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                         struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_launch *x = clgan_flat_add(l, &lanes, clgan_op_row(node->op)->name);
  for (int k = 0; k < 3; k++) clgan_launch_value(x, node->in[k]);
  clgan_launch_int(x, node->attr.i[0]);
  if (node->op == CLGAN_OP_ACCUMULATE) clgan_launch_float(x, node->attr.f[0]);
  clgan_flat_launch(x, t, &lanes, clgan_count_of(g, node->in[0]));
}

static void lerp_cost(const struct clgan_ir *g, const struct clgan_node *node, double *flops, double *bytes) {
  double n = (double)clgan_count_of(g, node->in[0]);
  *flops = 3 * n;
  *bytes = 12 * n;
}

const struct clgan_op clgan_op_lerp = {.name = "lerp",
                                       .min_in = 3,
                                       .n_out = 1,
                                       .inplace_state = 1,
                                       .inplace = -1,
                                       .acc = -1,
                                       .shape = lerp_shape,
                                       .reference = lerp_reference,
                                       .prepare = lerp_prepare,
                                       .cost = lerp_cost};

/* -- gradients of the pieces of a batch -- */

static void accumulate_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                                 double *const *out) {
  clgan_ref_accumulate(in[0], in[1], in[2][node->attr.i[0]], (double)node->attr.f[0], out[0],
                       clgan_count_of(g, node->in[0]));
}

const struct clgan_op clgan_op_accumulate = {.name = "accumulate",
                                             .min_in = 3,
                                             .n_out = 1,
                                             .inplace_state = 1,
                                             .inplace = -1,
                                             .acc = -1,
                                             .shape = lerp_shape,
                                             .reference = accumulate_reference,
                                             .prepare = lerp_prepare,
                                             .cost = lerp_cost};
