/* conv.c - the convolution products: shapes, gradients, references; the two kernel families make the launches. */
#include "ops/conv.h"

#include <string.h>

#include "base/mem.h"
#include "ref/conv.h"
#include "ref/act.h"

enum { FORWARD = 0, TRANSPOSED = 1 };
enum { IN_A, IN_B, IN_BIAS, IN_SCALE };

static size_t weight_count(const struct clgan_geom *q) {
  return (size_t)q->kh * (size_t)q->kw * (size_t)q->ci * (size_t)q->co;
}

static bool geometry_holds(struct clgan_ir *g, const struct clgan_geom *q) {
  if (q->n < 1 || q->ci < 1 || q->co < 1 || q->kh < 1 || q->kw < 1 || q->stride < 1 || q->pad < 0 || q->hi < 1 || q->wi < 1) {
    clgan_ir_fail(g, "conv: a size below one");
    return false;
  }
  if (q->hi + 2 * q->pad < q->kh || q->wi + 2 * q->pad < q->kw || q->ho != (q->hi + 2 * q->pad - q->kh) / q->stride + 1 ||
      q->wo != (q->wi + 2 * q->pad - q->kw) / q->stride + 1) {
    clgan_ir_fail(g, "conv: %dx%d k%dx%d s%d p%d does not give %dx%d", q->hi, q->wi, q->kh, q->kw, q->stride, q->pad, q->ho, q->wo);
    return false;
  }
  return true;
}

static struct clgan_shape large(const struct clgan_geom *q) { return clgan_shape_of(q->n, q->hi, q->wi, q->ci); }
static struct clgan_shape small(const struct clgan_geom *q) { return clgan_shape_of(q->n, q->ho, q->wo, q->co); }

static bool holds_count(struct clgan_ir *g, int v, size_t count, const char *what) {
  if (v == CLGAN_NONE || clgan_shape_count(clgan_ir_shape(g, v)) == count) return true;
  clgan_ir_fail(g, "conv: %s has %zu elements, expected %zu", what, clgan_shape_count(clgan_ir_shape(g, v)), count);
  return false;
}

static bool conv_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                       enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  const struct clgan_geom *q = &node->attr.geom;
  if (!geometry_holds(g, q)) return false;
  bool forward = node->attr.i[0] == FORWARD;
  out[0] = forward ? small(q) : large(q);
  return holds_count(g, node->in[IN_A], clgan_shape_count(forward ? large(q) : small(q)), "A") &&
         holds_count(g, node->in[IN_B], weight_count(q), "B") && holds_count(g, node->in[IN_BIAS], (size_t)out[0].c, "bias") &&
         holds_count(g, node->in[IN_SCALE], 1, "scale") &&
         holds_count(g, clgan_conv_gate(node), clgan_shape_count(out[0]), "gate");
}

static int weight_gradient(struct clgan_ir *g, const struct clgan_node *node, int dpre) {
  bool forward = node->attr.i[0] == FORWARD, swapped = node->attr.i[1] == 1;
  struct clgan_attr attr = {.geom = node->attr.geom, .i = {forward == swapped}};
  int in[2] = {forward ? node->in[IN_A] : dpre, forward ? dpre : node->in[IN_A]};
  int dw = clgan_ir_emit(g, CLGAN_OP_CONV_WGRAD, &attr, 2, in, NULL);
  if (dw < 0 || node->in[IN_SCALE] == CLGAN_NONE) return dw;
  int producer = g->values[node->in[IN_SCALE]].producer;
  if (producer < 0 || g->nodes[producer].op != CLGAN_OP_SPECTRAL)
    return clgan_ir_fail(g, "conv: the weight's gradient under a scale needs the scale to come from spectral norm");
  const int *s = g->nodes[producer].in;
  int bwd[5] = {dw, s[0], s[1], s[2], node->in[IN_SCALE]};
  return clgan_ir_emit(g, CLGAN_OP_SPECTRAL_BWD, NULL, 5, bwd, NULL);
}

static void conv_backward(struct clgan_ir *g, int id, const int *gout, const bool *need, int *gin) {
  struct clgan_node node = g->nodes[id];
  const struct clgan_geom *q = &node.attr.geom;
  bool forward = node.attr.i[0] == FORWARD;
  int dpre = gout[0];
  if (clgan_conv_gate(&node) != CLGAN_NONE) {
    clgan_ir_fail(g, "conv: a gated product is a gradient already and has none");
    return;
  }
  if (node.attr.act != CLGAN_ACT_NONE) {
    struct clgan_attr attr = {.act = node.attr.act, .slope = node.attr.slope};
    dpre = clgan_ir_emit(g, CLGAN_OP_ACT_BWD, &attr, 2, (int[]){gout[0], node.out[0]}, NULL);
  }
  if (need[IN_BIAS]) gin[IN_BIAS] = clgan_ir_emit(g, CLGAN_OP_COLSUM, NULL, 1, &dpre, NULL);
  if (need[IN_B]) gin[IN_B] = weight_gradient(g, &node, dpre);
  if (need[IN_A]) {
    /* the same weight, read the other way round */
    struct clgan_attr attr = {.geom = *q, .i = {forward ? TRANSPOSED : FORWARD, !node.attr.i[1]}};
    int d = clgan_ir_emit(g, CLGAN_OP_CONV, &attr, 4, (int[]){dpre, node.in[IN_B], CLGAN_NONE, node.in[IN_SCALE]}, NULL);
    gin[IN_A] = d;
    if (d >= 0) { /* A may have come in another shape of the same elements (a flattened image) */
      struct clgan_shape s = clgan_ir_shape(g, node.in[IN_A]), t = clgan_ir_shape(g, d);
      if (memcmp(&s, &t, sizeof s) != 0) gin[IN_A] = clgan_ir_reshape(g, d, s);
    }
  }
}

static struct clgan_ref_geom to_ref(const struct clgan_geom *q) {
  struct clgan_ref_geom r = {q->n, q->hi, q->wi, q->ci, q->ho, q->wo, q->co, q->kh, q->kw, q->stride, q->pad};
  return r;
}

static void conv_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in, double *const *out) {
  struct clgan_ref_geom q = to_ref(&node->attr.geom);
  if (node->attr.i[0] == FORWARD)
    clgan_ref_conv(&q, in[IN_A], in[IN_B], node->attr.i[1], out[0]);
  else
    clgan_ref_conv_transposed(&q, in[IN_A], in[IN_B], node->attr.i[1], out[0]);
  struct clgan_shape s = clgan_ir_shape(g, node->out[0]);
  size_t n = clgan_shape_count(s), c = (size_t)s.c;
  double scale = in[IN_SCALE] ? in[IN_SCALE][0] : 1.0;
  for (size_t e = 0; e < n; e++)
    out[0][e] = clgan_ref_act((int)node->attr.act, (double)node->attr.slope, scale * out[0][e] + (in[IN_BIAS] ? in[IN_BIAS][e % c] : 0.0));
  const double *gate = in[CLGAN_CONV_GATE];
  for (size_t e = 0; gate && e < n; e++)
    out[0][e] *= clgan_ref_act_slope(node->attr.i[CLGAN_CONV_GATE_ACT], (double)node->attr.slope, gate[e]);
}

static double element_size(const struct clgan_ir *g, int v) { return (double)clgan_dtype_size(g->values[v].dtype); }

static void conv_cost(const struct clgan_ir *g, const struct clgan_node *node, double *flops, double *bytes) {
  const struct clgan_geom *q = &node->attr.geom;
  double w = (double)weight_count(q), a = (double)clgan_shape_count(large(q)), b = (double)clgan_shape_count(small(q));
  const int gate = clgan_conv_gate(node);
  *flops = 2.0 * w * (double)q->n * (double)q->ho * (double)q->wo;
  const bool weights = node->op == CLGAN_OP_CONV_WGRAD; /* its inputs are both images, its output the weights */
  const double first = element_size(g, node->in[0]), second = element_size(g, weights ? node->in[1] : node->out[0]);
  const bool large_first = weights || node->attr.i[0] == FORWARD;
  *bytes = 4.0 * w + first * (large_first ? a : b) + second * (large_first ? b : a);
  if (gate != CLGAN_NONE) *bytes += element_size(g, gate) * (double)clgan_shape_count(clgan_ir_shape(g, gate));
}

static void conv_packing(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                         struct clgan_packing *out) {
  if (clgan_conv_blast_chosen(node, t)) return;
  if (t->family == CLGAN_FAMILY_REG)
    clgan_conv_reg_packing(g, node, t, out);
  else
    clgan_conv_local_packing(g, node, t, out);
}

static size_t conv_scratch(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t) {
  if (clgan_conv_blast_chosen(node, t)) return clgan_conv_blast_scratch(node, t);
  return t->family == CLGAN_FAMILY_REG ? 0 : clgan_conv_local_scratch(g, node, t);
}

static bool takes(const struct clgan_launches *l, size_t from, int value) {
  for (; from < l->n; from++)
    for (int k = 0; k < l->items[from].n_args; k++)
      if (l->items[from].args[k].kind == CLGAN_ARG_VALUE && l->items[from].args[k].value == value) return true;
  return false;
}

/* A kernel that knows no gate (few channels out, which is not worth another program) is followed by a pass of its own. */
static void add_gate(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t, size_t from,
                     struct clgan_launches *l) {
  int gate = clgan_conv_gate(node);
  if (gate == CLGAN_NONE || takes(l, from, gate)) return;
  struct clgan_node pass = {.op = CLGAN_OP_ACT_BWD, .in = {node->out[0], gate}, .n_in = 2, .out = {node->out[0]}, .n_out = 1};
  pass.attr.act = (enum clgan_act)node->attr.i[CLGAN_CONV_GATE_ACT];
  pass.attr.slope = node->attr.slope;
  clgan_op_act_bwd.prepare(g, &pass, t, l);
}

static void conv_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t, struct clgan_launches *l) {
  size_t from = l->n;
  if (clgan_conv_blast_chosen(node, t))
    clgan_conv_blast_prepare(g, node, t, l);
  else if (t->family == CLGAN_FAMILY_REG)
    clgan_conv_reg_prepare(g, node, t, l);
  else
    clgan_conv_local_prepare(g, node, t, l);
  add_gate(g, node, t, from, l);
}

/* Local memory: tiles are made of either. The registers-only family is a processor's, which gains nothing from it. */
static unsigned conv_halves(const struct clgan_node *node, const struct clgan_target *t) {
  const bool can = t->family == CLGAN_FAMILY_LOCAL && !clgan_conv_blast_chosen(node, t);
  return can ? 1u << IN_A | 1u << CLGAN_CONV_GATE | CLGAN_HALF_OUT(0) : 0;
}

static unsigned wgrad_halves(const struct clgan_node *node, const struct clgan_target *t) {
  return t->family == CLGAN_FAMILY_LOCAL && !clgan_conv_blast_chosen(node, t) ? 1 | 2 : 0;
}

const struct clgan_op clgan_op_conv = {.name = "conv", .min_in = 2, .n_out = 1, .inplace = -1, .acc = -1, .shape = conv_shape,
                                       .backward = conv_backward, .reference = conv_reference, .scratch = conv_scratch,
                                       .packing = conv_packing, .prepare = conv_prepare, .halves = conv_halves, .cost = conv_cost};

/* -- weight gradient -- */

static bool wgrad_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                        enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  const struct clgan_geom *q = &node->attr.geom;
  if (!geometry_holds(g, q)) return false;
  out[0] = node->attr.i[0] == 0 ? clgan_shape_of(q->kh, q->kw, q->ci, q->co) : clgan_shape_of(q->kh, q->kw, q->co, q->ci);
  return holds_count(g, node->in[0], clgan_shape_count(large(q)), "X") && holds_count(g, node->in[1], clgan_shape_count(small(q)), "DY") &&
         holds_count(g, node->in[2], weight_count(q), "acc");
}

static void wgrad_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in, double *const *out) {
  (void)g;
  struct clgan_ref_geom q = to_ref(&node->attr.geom);
  size_t n = weight_count(&node->attr.geom);
  double *dw = clgan_mem_array(n, sizeof *dw);
  clgan_ref_conv_wgrad(&q, in[0], in[1], node->attr.i[0], dw);
  for (size_t e = 0; e < n; e++) out[0][e] = (in[2] ? in[2][e] : 0.0) + dw[e];
  clgan_mem_free(dw);
}

static size_t wgrad_scratch(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t) {
  if (clgan_conv_blast_chosen(node, t)) return clgan_conv_blast_scratch(node, t);
  return t->family == CLGAN_FAMILY_REG ? clgan_conv_reg_wgrad_scratch(g, node, t) : clgan_conv_local_wgrad_scratch(g, node, t);
}

static void wgrad_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t, struct clgan_launches *l) {
  if (clgan_conv_blast_chosen(node, t))
    clgan_conv_blast_prepare(g, node, t, l);
  else if (t->family == CLGAN_FAMILY_REG)
    clgan_conv_reg_wgrad_prepare(g, node, t, l);
  else
    clgan_conv_local_wgrad_prepare(g, node, t, l);
}

const struct clgan_op clgan_op_conv_wgrad = {.name = "conv_wgrad", .min_in = 2, .n_out = 1, .inplace = 2, .acc = 2, .shape = wgrad_shape,
                                             .reference = wgrad_reference, .scratch = wgrad_scratch, .prepare = wgrad_prepare, .halves = wgrad_halves,
                                             .cost = conv_cost};
