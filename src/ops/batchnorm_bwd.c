/* batchnorm_bwd.c - batch norm's gradient: two sums over rows, then the input's gradient. */
#include "ops/batchnorm.h"

#include "ref/norm.h"

enum { DY, X, MEAN, VAR };
enum { SUMS_GAMMA = 4, SUMS_BETA = 5, ACC_G = 6, ACC_GX = 7 };
enum { SUM_G = 4, SUM_GX = 5, GAMMA = 6, BETA = 7 };

static bool inputs_fit(struct clgan_ir *g, const struct clgan_node *node) {
  struct clgan_shape s = clgan_ir_shape(g, node->in[X]);
  for (int k = MEAN; k < CLGAN_NODE_IN; k++)
    if (!clgan_expect(g, node, k, (size_t)s.c)) return false;
  return clgan_expect_same(g, node, DY, X);
}

static struct clgan_ref_bn reference_of(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                                        int gamma, int beta) {
  struct clgan_shape s = clgan_ir_shape(g, node->in[X]);
  return (struct clgan_ref_bn){.rows = clgan_shape_rows(s),
                               .c = (size_t)s.c,
                               .mean = in[MEAN],
                               .var = in[VAR],
                               .gamma = in[gamma],
                               .beta = in[beta],
                               .eps = (double)node->attr.f[0],
                               .slope = (double)node->attr.slope,
                               .act = (int)node->attr.act};
}

static bool sums_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                       enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  out[0] = out[1] = clgan_shape_of(1, 1, 1, clgan_ir_shape(g, node->in[X]).c);
  return inputs_fit(g, node);
}

static void sums_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                           double *const *out) {
  struct clgan_ref_bn p = reference_of(g, node, in, SUMS_GAMMA, SUMS_BETA);
  clgan_ref_bn_sums(&p, in[DY], in[X], out[0], out[1]);
}

static size_t sums_scratch(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_rows r = clgan_rows_of(t, &lanes, clgan_ir_shape(g, node->in[X]), true);
  return clgan_rows_partials(&r, 2);
}

static void sums_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                         struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_rows r = clgan_rows_of(t, &lanes, clgan_ir_shape(g, node->in[X]), true);
  struct clgan_launch *x =
      clgan_launch_add(l, "rows.cl", "bn_sums_part", "%s%s%s", lanes.options, clgan_act_option(node->attr.act),
                       clgan_half_option(g, node->in[DY], node->in[X], CLGAN_NONE));
  for (int k = DY; k <= SUMS_BETA; k++) clgan_launch_value(x, node->in[k]);
  clgan_launch_scratch(x, 0, clgan_rows_partials(&r, 2));
  clgan_bn_scalars(x, node, SUMS_GAMMA, SUMS_BETA);
  clgan_rows_launch(x, &lanes, &r);
  x = clgan_launch_add(l, "rows.cl", "fold", "%s", lanes.options);
  clgan_launch_scratch(x, 0, clgan_rows_partials(&r, 2));
  const bool acc = node->op == CLGAN_OP_BN_BWD_SUMS_ACC;
  clgan_launch_value(x, acc ? node->in[ACC_G] : CLGAN_NONE);
  clgan_launch_value(x, acc ? node->in[ACC_GX] : CLGAN_NONE);
  clgan_launch_int(x, acc);
  for (int k = 0; k < 4; k++) clgan_launch_value(x, k < 2 || acc ? node->out[k] : CLGAN_NONE);
  clgan_rows_launch_fold(x, &lanes, &r, 2);
}

static void sums_cost(const struct clgan_ir *g, const struct clgan_node *node, double *flops, double *bytes) {
  double n = (double)clgan_count_of(g, node->in[X]);
  *flops = 7 * n;
  *bytes = 8 * n;
}

const struct clgan_op clgan_op_bn_bwd_sums = {.name = "bn_bwd_sums",
                                              .min_in = 4,
                                              .n_out = 2,
                                              .inplace = -1,
                                              .acc = -1,
                                              .shape = sums_shape,
                                              .reference = sums_reference,
                                              .scratch = sums_scratch,
                                              .prepare = sums_prepare,
                                              .halves = clgan_halves_two,
                                              .cost = sums_cost};

/* -- the same with what other uses of gamma and beta gave them -- */

static bool sums_acc_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                           enum clgan_dtype type[CLGAN_NODE_OUT]) {
  out[2] = out[3] = clgan_shape_of(1, 1, 1, clgan_ir_shape(g, node->in[X]).c);
  if (node->in[ACC_G] == CLGAN_NONE || node->in[ACC_GX] == CLGAN_NONE) {
    clgan_ir_fail(g, "bn_bwd_sums_acc: what is to be added to is missing");
    return false;
  }
  return sums_shape(g, node, out, type);
}

static void sums_acc_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                               double *const *out) {
  sums_reference(g, node, in, out);
  for (int k = 0; k < 2; k++)
    for (int c = 0; c < clgan_ir_shape(g, node->in[X]).c; c++) out[2 + k][c] = in[ACC_G + k][c] + out[k][c];
}

const struct clgan_op clgan_op_bn_bwd_sums_acc = {.name = "bn_bwd_sums_acc",
                                                  .min_in = 4,
                                                  .n_out = 4,
                                                  .inplace = -1,
                                                  .acc = -1,
                                                  .shape = sums_acc_shape,
                                                  .reference = sums_acc_reference,
                                                  .scratch = sums_scratch,
                                                  .prepare = sums_prepare,
                                              .halves = clgan_halves_two,
                                                  .cost = sums_cost};

/* -- dx -- */

static bool bwd_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                      enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  out[0] = clgan_ir_shape(g, node->in[X]);
  return inputs_fit(g, node);
}

static void bwd_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                          double *const *out) {
  struct clgan_ref_bn p = reference_of(g, node, in, GAMMA, BETA);
  clgan_ref_bn_back(&p, in[DY], in[X], in[SUM_G], in[SUM_GX], node->attr.i[0] == 1, out[0]);
}

static void bwd_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                        struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_shape s = clgan_ir_shape(g, node->in[X]);
  struct clgan_rows r = clgan_rows_of(t, &lanes, s, false);
  struct clgan_launch *x =
      clgan_launch_add(l, "rows.cl", "bn_bwd", "%s%s%s", lanes.options, clgan_act_option(node->attr.act),
                       clgan_half_option(g, node->in[DY], node->in[X], node->out[0]));
  for (int k = DY; k <= BETA; k++) clgan_launch_value(x, node->in[k]);
  clgan_launch_value(x, node->out[0]);
  clgan_bn_scalars(x, node, GAMMA, BETA);
  clgan_launch_float(x, node->attr.i[0] == 1 ? 0.0f : (float)(1.0 / (double)clgan_shape_rows(s)));
  clgan_rows_launch(x, &lanes, &r);
}

static void bwd_cost(const struct clgan_ir *g, const struct clgan_node *node, double *flops, double *bytes) {
  double n = (double)clgan_count_of(g, node->in[X]);
  *flops = 8 * n;
  *bytes = 12 * n;
}

const struct clgan_op clgan_op_bn_bwd = {.name = "bn_bwd",
                                         .min_in = 6,
                                         .n_out = 1,
                                         .inplace = 0,
                                         .acc = -1,
                                         .shape = bwd_shape,
                                         .reference = bwd_reference,
                                         .prepare = bwd_prepare,
                                         .halves = clgan_halves_all,
                                         .cost = bwd_cost};
