/* elementwise.c - sums, affine maps, bytes to floats, scalars gathered into a vector. */
#include "ref/elementwise.h"
#include "ops/rows.h"

static void add_backward(struct clgan_ir *g, int id, const int *gout, const bool *need, int *gin) {
  (void)g, (void)id;
  for (int k = 0; k < 2; k++)
    if (need[k]) gin[k] = gout[0];
}

static bool add_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                      enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  out[0] = clgan_ir_shape(g, node->in[0]);
  return clgan_expect_same(g, node, 0, 1);
}

static void add_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                          double *const *out) {
  clgan_ref_add(in[0], in[1], out[0], clgan_count_of(g, node->out[0]));
}

static void add_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                        struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_launch *x = clgan_flat_add_halves(g, l, &lanes, "add", node->in[0], node->in[1], node->out[0]);
  clgan_launch_value(x, node->in[0]);
  clgan_launch_value(x, node->in[1]);
  clgan_launch_value(x, node->out[0]);
  clgan_flat_launch(x, t, &lanes, clgan_count_of(g, node->out[0]));
}

const struct clgan_op clgan_op_add = {.name = "add",
                                      .min_in = 2,
                                      .n_out = 1,
                                      .inplace = 0,
                                      .acc = -1,
                                      .shape = add_shape,
                                      .backward = add_backward,
                                      .reference = add_reference,
                                      .prepare = add_prepare,
                                      .halves = clgan_halves_all};

/* -- affine -- */

static bool affine_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                         enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  out[0] = clgan_ir_shape(g, node->in[0]);
  int columns = node->attr.i[0];
  if (columns < 0 || columns > 4 || (columns && columns != out[0].c)) {
    clgan_ir_fail(g, "affine: %d columns of factors for %d channels", columns, out[0].c);
    return false;
  }
  return clgan_expect(g, node, 0, clgan_shape_count(out[0]));
}

static void affine_backward(struct clgan_ir *g, int id, const int *gout, const bool *need, int *gin) {
  struct clgan_attr attr = g->nodes[id].attr;
  for (int k = 1; k < 8; k += 2) attr.f[k] = 0;
  if (need[0]) gin[0] = clgan_ir_emit(g, CLGAN_OP_AFFINE, &attr, 1, gout, NULL);
}

static void affine_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                             double *const *out) {
  double f[8];
  for (int k = 0; k < 8; k++) f[k] = (double)node->attr.f[k];
  clgan_ref_affine(in[0], node->attr.i[0], f, out[0], clgan_count_of(g, node->out[0]));
}

static void affine_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                           struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_launch *x = clgan_flat_add(l, &lanes, "affine");
  clgan_launch_value(x, node->in[0]);
  clgan_launch_value(x, node->out[0]);
  clgan_launch_bytes(x, node->attr.f, 8 * sizeof(float));
  clgan_launch_int(x, node->attr.i[0]);
  clgan_flat_launch(x, t, &lanes, clgan_count_of(g, node->out[0]));
}

const struct clgan_op clgan_op_affine = {.name = "affine",
                                         .min_in = 1,
                                         .n_out = 1,
                                         .inplace = 0,
                                         .acc = -1,
                                         .shape = affine_shape,
                                         .backward = affine_backward,
                                         .reference = affine_reference,
                                         .prepare = affine_prepare};

/* -- unpack -- */

static bool unpack_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                         enum clgan_dtype type[CLGAN_NODE_OUT]) {
  type[0] = CLGAN_F32;
  out[0] = clgan_ir_shape(g, node->in[0]);
  if (g->values[node->in[0]].dtype == CLGAN_U8) return true;
  clgan_ir_fail(g, "unpack: the input does not hold bytes");
  return false;
}

static void unpack_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                             double *const *out) {
  double f[8] = {(double)node->attr.f[0], (double)node->attr.f[1]};
  clgan_ref_affine(in[0], 0, f, out[0], clgan_count_of(g, node->out[0]));
}

static void unpack_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                           struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_launch *x = clgan_flat_add(l, &lanes, "unpack");
  clgan_launch_value(x, node->in[0]);
  clgan_launch_value(x, node->out[0]);
  clgan_launch_float(x, node->attr.f[0]);
  clgan_launch_float(x, node->attr.f[1]);
  clgan_flat_launch(x, t, &lanes, clgan_count_of(g, node->out[0]));
}

static void unpack_cost(const struct clgan_ir *g, const struct clgan_node *node, double *flops, double *bytes) {
  double n = (double)clgan_count_of(g, node->out[0]);
  *flops = 2 * n;
  *bytes = 5 * n;
}

const struct clgan_op clgan_op_unpack = {.name = "unpack",
                                         .min_in = 1,
                                         .n_out = 1,
                                         .inplace = -1,
                                         .acc = -1,
                                         .shape = unpack_shape,
                                         .reference = unpack_reference,
                                         .prepare = unpack_prepare,
                                         .cost = unpack_cost};

/* -- stack -- */

static bool stack_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                        enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  out[0] = clgan_shape_of(1, 1, 1, node->n_in);
  for (int k = 0; k < node->n_in; k++) {
    if (node->in[k] == CLGAN_NONE) {
      clgan_ir_fail(g, "stack: input %d is missing", k);
      return false;
    }
    if (!clgan_expect(g, node, k, 1)) return false;
  }
  return true;
}

static void stack_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                            double *const *out) {
  (void)g;
  for (int k = 0; k < node->n_in; k++) out[0][k] = in[k][0];
}

static void stack_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                          struct clgan_launches *l) {
  (void)g;
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_launch *x = clgan_flat_add(l, &lanes, "stack");
  for (int k = 0; k < CLGAN_NODE_IN; k++) clgan_launch_value(x, node->in[k]);
  clgan_launch_value(x, node->out[0]);
  clgan_launch_int(x, node->n_in);
  clgan_launch_size(x, 1, 1, 1, 1, 1, 1, 1);
}

const struct clgan_op clgan_op_stack = {.name = "stack",
                                        .min_in = 1,
                                        .n_out = 1,
                                        .inplace = -1,
                                        .acc = -1,
                                        .shape = stack_shape,
                                        .reference = stack_reference,
                                        .prepare = stack_prepare};
