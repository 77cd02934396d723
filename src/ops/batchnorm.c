/* batchnorm.c - batch norm: statistics, the normalisation with its activation, running statistics. The gradient:
 * batchnorm_bwd.c. */
#include "ops/batchnorm.h"

#include "ref/norm.h"

static bool stats_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                        enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  struct clgan_shape s = clgan_ir_shape(g, node->in[0]);
  out[0] = out[1] = clgan_shape_of(1, 1, 1, s.c);
  return clgan_expect(g, node, 0, clgan_shape_count(s));
}

static void stats_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                            double *const *out) {
  struct clgan_shape s = clgan_ir_shape(g, node->in[0]);
  clgan_ref_bn_stats(in[0], clgan_shape_rows(s), (size_t)s.c, out[0], out[1]);
}

static size_t stats_scratch(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_rows r = clgan_rows_of(t, &lanes, clgan_ir_shape(g, node->in[0]), true);
  return clgan_rows_partials(&r, 2);
}

/* With running statistics (BN_STATS_RUN) the launch that ends the sums updates them, too. */
enum { STATS_RUN_MEAN = 1, STATS_RUN_VAR, STATS_MOMENTUM };

static void add_stats(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                      const int out[2], struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_shape s = clgan_ir_shape(g, node->in[0]);
  struct clgan_rows r = clgan_rows_of(t, &lanes, s, true);
  struct clgan_launch *x = clgan_launch_add(l, "rows.cl", "bn_stats_part", "%s%s", lanes.options,
                                            clgan_half_option(g, node->in[0], CLGAN_NONE, CLGAN_NONE));
  bool run = node->op == CLGAN_OP_BN_STATS_RUN;
  double m = (double)clgan_shape_rows(s);
  clgan_launch_value(x, node->in[0]);
  clgan_launch_scratch(x, 0, clgan_rows_partials(&r, 2));
  clgan_rows_launch(x, &lanes, &r);
  x = clgan_launch_add(l, "rows.cl", "bn_stats_fold", "%s", lanes.options);
  clgan_launch_scratch(x, 0, clgan_rows_partials(&r, 2));
  clgan_launch_value(x, out[0]);
  clgan_launch_value(x, out[1]);
  clgan_launch_float(x, (float)(1.0 / m));
  for (int k = STATS_RUN_MEAN; k <= STATS_MOMENTUM; k++) clgan_launch_value(x, run ? node->in[k] : CLGAN_NONE);
  clgan_launch_int(x, run);
  clgan_launch_int(x, run && node->in[STATS_MOMENTUM] != CLGAN_NONE ? node->attr.i[1] : -1);
  clgan_launch_float(x, node->attr.f[0]);
  clgan_launch_float(x, run ? (float)(m / (m - 1)) : 1.0f);
  clgan_rows_launch_fold(x, &lanes, &r, 1);
}

static void stats_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                          struct clgan_launches *l) {
  add_stats(g, node, t, node->out, l);
}

static void stats_cost(const struct clgan_ir *g, const struct clgan_node *node, double *flops, double *bytes) {
  double n = (double)clgan_count_of(g, node->in[0]);
  *flops = 4 * n;
  *bytes = 4 * n;
}

const struct clgan_op clgan_op_bn_stats = {.name = "bn_stats",
                                           .min_in = 1,
                                           .n_out = 2,
                                           .inplace = -1,
                                           .acc = -1,
                                           .shape = stats_shape,
                                           .reference = stats_reference,
                                           .scratch = stats_scratch,
                                           .prepare = stats_prepare,
                                           .halves = clgan_halves_first,
                                           .cost = stats_cost};

/* -- normalisation -- */

enum { X, MEAN, VAR, GAMMA, BETA };

static bool bn_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                     enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  out[0] = clgan_ir_shape(g, node->in[X]);
  return clgan_expect(g, node, X, clgan_shape_count(out[0])) && clgan_expect(g, node, MEAN, (size_t)out[0].c) &&
         clgan_expect(g, node, VAR, (size_t)out[0].c) && clgan_expect(g, node, GAMMA, (size_t)out[0].c) &&
         clgan_expect(g, node, BETA, (size_t)out[0].c);
}

/* Do the statistics move with x? */
static bool own_statistics(const struct clgan_ir *g, const struct clgan_node *node) {
  const struct clgan_value *mean = &g->values[node->in[MEAN]];
  if (mean->producer < 0 || mean->detached || g->values[node->in[VAR]].detached) return false;
  const struct clgan_node *from = &g->nodes[mean->producer];
  return from->op == CLGAN_OP_BN_STATS && from->out[1] == node->in[VAR] && from->in[0] == node->in[X];
}

static void bn_backward(struct clgan_ir *g, int id, const int *gout, const bool *need, int *gin) {
  struct clgan_node node = g->nodes[id];
  const int *in = node.in;
  bool own = own_statistics(g, &node);
  struct clgan_attr attr = {.act = node.attr.act, .slope = node.attr.slope, .f = {node.attr.f[0]}, .i = {own ? 0 : 1}};
  int sums[2] = {in[MEAN], in[VAR]}; /* not read where the statistics are constants */
  if (own || need[GAMMA] || need[BETA]) {
    int from[6] = {gout[0], in[X], in[MEAN], in[VAR], in[GAMMA], in[BETA]};
    if (clgan_ir_emit(g, CLGAN_OP_BN_BWD_SUMS, &attr, 6, from, sums) < 0) return;
    if (need[GAMMA]) gin[GAMMA] = sums[1];
    if (need[BETA]) gin[BETA] = sums[0];
  }
  if (!need[X]) return;
  int from[8] = {gout[0], in[X], in[MEAN], in[VAR], sums[0], sums[1], in[GAMMA], in[BETA]};
  gin[X] = clgan_ir_emit(g, CLGAN_OP_BN_BWD, &attr, 8, from, NULL);
}

static void bn_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                         double *const *out) {
  struct clgan_shape s = clgan_ir_shape(g, node->in[X]);
  struct clgan_ref_bn p = {.rows = clgan_shape_rows(s),
                           .c = (size_t)s.c,
                           .mean = in[MEAN],
                           .var = in[VAR],
                           .gamma = in[GAMMA],
                           .beta = in[BETA],
                           .eps = (double)node->attr.f[0],
                           .slope = (double)node->attr.slope,
                           .act = (int)node->attr.act};
  clgan_ref_bn(&p, in[X], out[0]);
}

void clgan_bn_scalars(struct clgan_launch *l, const struct clgan_node *node, int gamma, int beta) {
  clgan_launch_int(l, (node->in[gamma] != CLGAN_NONE ? 1 : 0) | (node->in[beta] != CLGAN_NONE ? 2 : 0));
  clgan_launch_float(l, node->attr.f[0]);
  clgan_launch_int(l, (int)node->attr.act);
  clgan_launch_float(l, node->attr.slope);
}

static void bn_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                       struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_rows r = clgan_rows_of(t, &lanes, clgan_ir_shape(g, node->in[X]), false);
  struct clgan_launch *x =
      clgan_launch_add(l, "rows.cl", "bn", "%s%s%s", lanes.options, clgan_act_option(node->attr.act),
                       clgan_half_option(g, node->in[X], CLGAN_NONE, node->out[0]));
  for (int k = X; k <= BETA; k++) clgan_launch_value(x, node->in[k]);
  clgan_launch_value(x, node->out[0]);
  clgan_bn_scalars(x, node, GAMMA, BETA);
  clgan_rows_launch(x, &lanes, &r);
}

static void bn_cost(const struct clgan_ir *g, const struct clgan_node *node, double *flops, double *bytes) {
  double n = (double)clgan_count_of(g, node->in[X]);
  *flops = 4 * n;
  *bytes = 8 * n;
}

const struct clgan_op clgan_op_bn = {.name = "bn",
                                     .min_in = 3,
                                     .n_out = 1,
                                     .inplace = 0,
                                     .acc = -1,
                                     .shape = bn_shape,
                                     .backward = bn_backward,
                                     .reference = bn_reference,
                                     .prepare = bn_prepare,
                                     .halves = clgan_halves_through,
                                     .cost = bn_cost};

/* -- running statistics -- */

enum { RUN_MEAN, RUN_VAR, NEW_MEAN, NEW_VAR, MOMENTUM };

static bool run_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                      enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  size_t c = clgan_count_of(g, node->in[RUN_MEAN]);
  for (int k = RUN_MEAN; k <= NEW_VAR; k++)
    if (!clgan_expect(g, node, k, c)) return false;
  if (node->attr.i[0] < 2) {
    clgan_ir_fail(g, "bn_run: batch norm needs at least 2 values per channel to train, it has %d", node->attr.i[0]);
    return false;
  }
  int consts = node->in[MOMENTUM];
  if (consts != CLGAN_NONE && (node->attr.i[1] < 0 || (size_t)node->attr.i[1] >= clgan_count_of(g, consts))) {
    clgan_ir_fail(g, "bn_run: the momentum is element %d of %zu", node->attr.i[1], clgan_count_of(g, consts));
    return false;
  }
  out[0] = clgan_ir_shape(g, node->in[RUN_MEAN]);
  out[1] = clgan_ir_shape(g, node->in[RUN_VAR]);
  return true;
}

static void run_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                          double *const *out) {
  size_t c = clgan_count_of(g, node->in[RUN_MEAN]);
  for (int k = 0; k < 2; k++)
    for (size_t e = 0; in[k] != out[k] && e < c; e++) out[k][e] = in[k][e];
  double momentum = in[MOMENTUM] ? in[MOMENTUM][node->attr.i[1]] : (double)node->attr.f[0];
  clgan_ref_bn_run(out[0], out[1], in[NEW_MEAN], in[NEW_VAR], c, (size_t)node->attr.i[0], momentum);
}

static void run_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                        struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_launch *x = clgan_flat_add(l, &lanes, "bn_run");
  double m = (double)node->attr.i[0];
  for (int k = RUN_MEAN; k <= MOMENTUM; k++) clgan_launch_value(x, node->in[k]);
  clgan_launch_int(x, node->in[MOMENTUM] != CLGAN_NONE ? node->attr.i[1] : -1);
  clgan_launch_float(x, node->attr.f[0]);
  clgan_launch_float(x, (float)(m / (m - 1)));
  clgan_flat_launch(x, t, &lanes, clgan_count_of(g, node->in[RUN_MEAN]));
}

const struct clgan_op clgan_op_bn_run = {.name = "bn_run",
                                         .min_in = 4,
                                         .n_out = 2,
                                         .inplace_state = 3,
                                         .inplace = -1,
                                         .acc = -1,
                                         .shape = run_shape,
                                         .reference = run_reference,
                                         .prepare = run_prepare};

/* -- statistics and running statistics in one -- */

static bool stats_run_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                            enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  struct clgan_shape s = clgan_ir_shape(g, node->in[0]);
  struct clgan_node run = *node;
  if (!clgan_expect(g, node, 0, clgan_shape_count(s))) return false;
  run.in[RUN_MEAN] = node->in[STATS_RUN_MEAN], run.in[RUN_VAR] = node->in[STATS_RUN_VAR];
  run.in[NEW_MEAN] = run.in[RUN_MEAN], run.in[NEW_VAR] = run.in[RUN_VAR]; /* of the same size */
  run.in[MOMENTUM] = node->in[STATS_MOMENTUM];
  if (node->attr.i[0] != (int)clgan_shape_rows(s) || !clgan_expect(g, node, STATS_RUN_MEAN, (size_t)s.c)) {
    clgan_ir_fail(g, "bn_stats_run: running statistics of another number of rows or channels");
    return false;
  }
  out[2] = out[3] = clgan_shape_of(1, 1, 1, s.c);
  return run_shape(g, &run, out, type);
}

static void stats_run_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                                double *const *out) {
  double *const to[2] = {out[2], out[3]};
  stats_reference(g, node, in, to);
  double *const from[5] = {in[STATS_RUN_MEAN], in[STATS_RUN_VAR], out[2], out[3], in[STATS_MOMENTUM]};
  struct clgan_node run = *node;
  run.in[RUN_MEAN] = node->in[STATS_RUN_MEAN];
  run_reference(g, &run, from, out);
}

static void stats_run_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                              struct clgan_launches *l) {
  add_stats(g, node, t, node->out + 2, l);
}

const struct clgan_op clgan_op_bn_stats_run = {.name = "bn_stats_run",
                                               .min_in = 3,
                                               .n_out = 4,
                                               .inplace_state = 3,
                                               .state_first = STATS_RUN_MEAN,
                                               .inplace = -1,
                                               .acc = -1,
                                               .shape = stats_run_shape,
                                               .reference = stats_run_reference,
                                               .scratch = stats_scratch,
                                               .prepare = stats_run_prepare,
                                               .halves = clgan_halves_first,
                                               .cost = stats_cost};
