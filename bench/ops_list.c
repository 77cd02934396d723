/* ops_list.c: which operations are measured, each as a graph of one node. SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bench/ops_internal.h"
#include "ops/cases.h"
#include "train/step.h"

enum { CASE_INPUTS = 16 };
#define STEP_TOLERANCE 1e-5 /* DESIGN: what a tuned kernel must reproduce */

void clgan_bench_list_free(struct clgan_bench_op_list *l) {
  for (size_t k = 0; k < l->n; k++) clgan_ir_destroy(l->items[k].g);
  clgan_mem_free(l->items);
  *l = (struct clgan_bench_op_list){0};
}

/* -- the numbers that an operation's inputs hold -- */

/* Inputs that must be positive: variances, moments, step constants; and those whose sums must not cancel. */
static bool is_positive(int op, int k) {
  static const struct {
    int op;
    unsigned inputs;
  } positive[] = {{CLGAN_OP_CONV, 1 << 3},   {CLGAN_OP_BN, 1 << 2},          {CLGAN_OP_BN_BWD_SUMS, 1 << 3},
                  {CLGAN_OP_BN_BWD, 1 << 3}, {CLGAN_OP_BN_RUN, 2 | 8 | 16},  {CLGAN_OP_ADAM, 4 | 16},
                  {CLGAN_OP_BN_STATS_RUN, 4 | 8}, {CLGAN_OP_ADAM_LERP, 4 | 32}, {CLGAN_OP_BN_BWD_SUMS_ACC, 1 << 3},
                  {CLGAN_OP_LERP, 4},        {CLGAN_OP_SPECTRAL, 7},         {CLGAN_OP_SPECTRAL_BWD, 16},
                  {CLGAN_OP_LOSS_BCE, 2},    {CLGAN_OP_LOSS_BCE_BWD, 2 | 4}, {CLGAN_OP_LOSS_GAN_BWD, 2},
                  {CLGAN_OP_LOSS_L1_BWD, 4}, {CLGAN_OP_LOSS_MSE_BWD, 4},     {CLGAN_OP_LOSS_CE_BWD, 4}};
  for (size_t i = 0; i < sizeof positive / sizeof positive[0]; i++)
    if (positive[i].op == op) return positive[i].inputs >> k & 1;
  return false;
}

/* I32 inputs are below this. */
static int limit_of(const struct clgan_ir *g, const struct clgan_node *n, int k) {
  switch (n->op) {
    case CLGAN_OP_ONEHOT: return n->attr.i[0];
    case CLGAN_OP_LOSS_CE:
    case CLGAN_OP_LOSS_CE_BWD: return clgan_ir_shape(g, n->in[0]).c;
    case CLGAN_OP_SHIFT:
    case CLGAN_OP_SHIFT_BWD: return k == 1 ? 2 * n->attr.i[0] + 1 : 2;
    default: return 1000;
  }
}

static void fill_name(const struct clgan_ir *g, const struct clgan_node *n, int k, char out[64]) {
  const struct clgan_geom *q = &n->attr.geom;
  bool weight = n->op == CLGAN_OP_CONV && k == 1;
  if (g->values[n->in[k]].dtype == CLGAN_I32)
    (void)snprintf(out, 64, "i%d:%d", k, limit_of(g, n, k));
  else if (weight) /* as at the start of training: sums of the order of 1 */
    (void)snprintf(out, 64, "w@0*%.6f", 1 / sqrt((double)(q->kh * q->kw) * (n->attr.i[0] ? q->co : q->ci)));
  else
    (void)snprintf(out, 64, "x%d%s", k, is_positive(n->op, k) ? "+" : "");
}

/* -- one node as a graph -- */

static struct clgan_ir *alone(const struct clgan_ir *from, const struct clgan_node *n) {
  struct clgan_ir *g = clgan_ir_create();
  const struct clgan_op *row = clgan_op_row(n->op);
  int in[CLGAN_NODE_IN];
  for (int k = 0; k < n->n_in; k++) {
    char name[64];
    in[k] = CLGAN_NONE;
    if (n->in[k] == CLGAN_NONE) continue;
    for (int j = 0; j < k && in[k] == CLGAN_NONE; j++)
      if (n->in[j] == n->in[k]) in[k] = in[j];
    if (in[k] != CLGAN_NONE) continue;
    const struct clgan_value *v = &from->values[n->in[k]];
    bool state = k >= row->state_first && row->inplace_state >> (k - row->state_first) & 1;
    fill_name(from, n, k, name);
    in[k] = state ? clgan_ir_state(g, name, v->dtype, v->shape) : clgan_ir_input(g, name, v->dtype, v->shape);
  }
  clgan_ir_emit(g, n->op, &n->attr, n->n_in, in, NULL);
  return g;
}

/* Do two graphs of one node do the same work? Streams of random numbers do not matter. */
static bool same_work(const struct clgan_ir *a, const struct clgan_ir *b) {
  const struct clgan_node *x = &a->nodes[0], *y = &b->nodes[0];
  struct clgan_attr u = x->attr, v = y->attr;
  if (x->op != y->op || x->n_in != y->n_in) return false;
  if (x->op == CLGAN_OP_RANDOM) u.i[1] = v.i[1];
  if (memcmp(&u, &v, sizeof u)) return false;
  for (int k = 0; k < x->n_in; k++) {
    if ((x->in[k] == CLGAN_NONE) != (y->in[k] == CLGAN_NONE)) return false;
    if (x->in[k] == CLGAN_NONE) continue;
    const struct clgan_value *p = &a->values[x->in[k]], *q = &b->values[y->in[k]];
    if (memcmp(&p->shape, &q->shape, sizeof p->shape) || p->dtype != q->dtype) return false;
  }
  return true;
}

/* -- passes and names -- */

const char *clgan_bench_pass(const struct clgan_node *n) {
  switch (n->op) {
    case CLGAN_OP_CONV: return n->attr.i[1] ? "data" : "forward"; /* the gradient reads the weights the other way */
    case CLGAN_OP_CONV_WGRAD:
    case CLGAN_OP_COLSUM:
    case CLGAN_OP_SPECTRAL_BWD: return "weights";
    case CLGAN_OP_ADAM:
    case CLGAN_OP_ADAM_LERP:
    case CLGAN_OP_LERP:
    case CLGAN_OP_BN_RUN:
    case CLGAN_OP_SPECTRAL_POWER: return "update";
    case CLGAN_OP_TRANSPOSE:
    case CLGAN_OP_ACT_BWD:
    case CLGAN_OP_BN_BWD_SUMS:
    case CLGAN_OP_BN_BWD_SUMS_ACC:
    case CLGAN_OP_BN_BWD:
    case CLGAN_OP_PAD:
    case CLGAN_OP_TILE_BWD:
    case CLGAN_OP_REPARAM_BWD:
    case CLGAN_OP_SHIFT_BWD:
    case CLGAN_OP_ROWSCALE: return "data";
    default: return n->op >= CLGAN_OP_LOSS_GAN_BWD && n->op <= CLGAN_OP_LOSS_CE_BWD ? "data" : "forward";
  }
}

/* Adds to a name what still fits. */
__attribute__((format(printf, 3, 4))) static void append(char *name, size_t size, const char *format, ...) {
  size_t used = strlen(name);
  va_list ap;
  va_start(ap, format);
  (void)vsnprintf(name + used, size - used, format, ap);
  va_end(ap);
}

static const char *act_name(enum clgan_act a) {
  static const char *const names[] = {"", " relu", " lrelu", " tanh", " sigmoid"};
  return names[a];
}

/* The layer that a product belongs to, whichever pass it is: what it does is told by direction and pass together. */
static void name_product(char *out, size_t size, const struct clgan_node *n, const char *pass, int batch) {
  const struct clgan_geom *q = &n->attr.geom;
  bool deconv = (n->attr.i[0] == 1) != !strcmp(pass, "data"), linear = q->hi * q->wi * q->kh * q->kw == 1;
  char images[24] = "";
  if (q->n != batch) (void)snprintf(images, sizeof images, " n%d", q->n);
  char large[40], small[40];
  (void)snprintf(large, sizeof large, "%dx%dx%d", q->hi, q->wi, q->ci);
  (void)snprintf(small, sizeof small, "%dx%dx%d", q->ho, q->wo, q->co);
  if (linear)
    append(out, size, "linear %d>%d%s", deconv ? q->co : q->ci, deconv ? q->ci : q->co, images);
  else
    append(out, size, "%s %s>%s k%ds%d%s", deconv ? "deconv" : "conv", deconv ? small : large, deconv ? large : small,
           q->kh, q->stride, images);
}

/* "bn_bwd 64x14x14x64 relu": the largest of inputs and outputs. */
static void name_other(char *out, size_t size, const struct clgan_ir *g, const struct clgan_node *n) {
  struct clgan_shape best = clgan_ir_shape(g, n->out[0]);
  for (int k = 0; k < n->n_in; k++) {
    if (n->in[k] == CLGAN_NONE) continue;
    struct clgan_shape s = clgan_ir_shape(g, n->in[k]);
    if (clgan_shape_count(s) > clgan_shape_count(best)) best = s;
  }
  append(out, size, "%s ", clgan_op_row(n->op)->name);
  if (best.n * best.h * best.w > 1) append(out, size, "%dx", best.n);
  if (best.h * best.w > 1) append(out, size, "%dx%dx", best.h, best.w);
  append(out, size, "%d%s", best.c, act_name(n->attr.act));
}

static bool is_product(const struct clgan_node *n) {
  return n->op == CLGAN_OP_CONV || n->op == CLGAN_OP_CONV_WGRAD;
}

/* What tells a forward product from others of its layer. */
static void add_epilogue(char *name, size_t size, const struct clgan_node *n) {
  if (n->op == CLGAN_OP_CONV)
    append(name, size, "%s%s%s%s", n->n_in > 2 && n->in[2] != CLGAN_NONE ? " bias" : "",
           n->n_in > 3 && n->in[3] != CLGAN_NONE ? " scaled" : "", act_name(n->attr.act),
           clgan_conv_gate(n) != CLGAN_NONE ? " gated" : "");
  else if (n->op == CLGAN_OP_CONV_WGRAD)
    append(name, size, "%s", n->n_in > 2 && n->in[2] != CLGAN_NONE ? " added" : "");
}

/* Names are keys: a second one of the same name and pass gets a number. */
static void make_unique(const struct clgan_bench_op_list *l, struct clgan_bench_op *op) {
  char base[sizeof op->name];
  memcpy(base, op->name, sizeof base);
  for (int number = 2;; number++) {
    size_t k = 0;
    while (k < l->n && (strcmp(l->items[k].name, op->name) || strcmp(l->items[k].pass, op->pass))) k++;
    if (k == l->n) return;
    op->name[0] = '\0';
    append(op->name, sizeof op->name, "%.80s #%d", base, number);
  }
}

static enum clgan_status add(struct clgan_bench_op_list *l, struct clgan_bench_op op, struct clgan_error *e) {
  if (op.g->error.status) {
    clgan_error_set(e, op.g->error.status, "%s: %s", op.name, op.g->error.text);
    clgan_ir_destroy(op.g);
    return e->status;
  }
  make_unique(l, &op);
  CLGAN_GROW(l->items, l->n, l->cap);
  l->items[l->n++] = op;
  return CLGAN_OK;
}

static int rank(const char *pass) {
  static const char *const order[] = {"forward", "data", "weights", "update"};
  int k = 0;
  while (strcmp(order[k], pass)) k++;
  return k;
}

/* Products first, the passes of a layer together; otherwise as the table or the step has them. */
static int compare(const void *a, const void *b) {
  const struct clgan_bench_op *x = a, *y = b;
  bool p = is_product(&x->g->nodes[0]), q = is_product(&y->g->nodes[0]);
  if (p != q) return p ? -1 : 1;
  if (x->layer != y->layer) return x->layer < y->layer ? -1 : 1;
  int r = rank(x->pass) - rank(y->pass);
  return r ? r : strcmp(x->name, y->name);
}

/* -- the case table -- */

/* Adds the gradients with respect to every input that takes one. @return nodes of the forward part. */
static size_t differentiate(struct clgan_ir *g, int out) {
  int wrt[CASE_INPUTS], grad[CASE_INPUTS], producer = g->values[out].producer;
  size_t n = 0, nodes = g->n_nodes;
  for (size_t v = 0; v < g->n_values && n < CASE_INPUTS; v++) {
    const struct clgan_value *x = &g->values[v];
    if (x->kind == CLGAN_VALUE_INPUT && x->root == (int)v && clgan_case_has_gradient(x->name, x->dtype))
      wrt[n++] = (int)v;
  }
  struct clgan_start start = {.value = out, .gradient = CLGAN_NONE, .loss = {1, CLGAN_NONE, 0}};
  bool loss = g->nodes[producer].op >= CLGAN_OP_LOSS_GAN && g->nodes[producer].op <= CLGAN_OP_LOSS_CE;
  if (n > 0 && !loss) start.gradient = clgan_ir_input(g, "dy", CLGAN_F32, clgan_ir_shape(g, out));
  if (n > 0) clgan_autodiff(g, &start, 1, wrt, n, grad);
  return nodes;
}

/* Of a layer its three products: what surrounds them has cases of its own. Of other cases the last operation and its
 * gradient. */
static enum clgan_status list_case(struct clgan_bench_op_list *l, const struct clgan_case *at, int batch,
                                   struct clgan_error *e) {
  struct clgan_case c = clgan_case_with_batch(at, batch);
  struct clgan_ir *g = clgan_ir_create();
  enum clgan_status s = CLGAN_OK;
  int out = c.build(g, &c), layer = (int)l->n;
  size_t forward = g->error.status ? 0 : differentiate(g, out);
  if (g->error.status) s = clgan_error_set(e, g->error.status, "%s: %s", c.name, g->error.text);
  bool products = s == CLGAN_OK && is_product(&g->nodes[g->values[out].producer]);
  for (size_t k = 0; k < g->n_nodes && s == CLGAN_OK; k++) {
    const struct clgan_node *n = &g->nodes[k];
    bool main = (int)k == g->values[out].producer;
    if (!clgan_op_row(n->op)->prepare || !(main || k >= forward) || (products && !is_product(n))) continue;
    struct clgan_bench_op op = {.pass = clgan_bench_pass(n), .tolerance = c.tolerance, .layer = layer};
    (void)snprintf(op.name, sizeof op.name, "%s%s%s", c.name, main || products ? "" : " ",
                   main || products ? "" : clgan_op_row(n->op)->name);
    op.g = alone(g, n);
    s = add(l, op, e);
  }
  clgan_ir_destroy(g);
  return s;
}

enum clgan_status clgan_bench_list_cases(struct clgan_bench_op_list *l, int batch, unsigned sets, struct clgan_error *e) {
  for (size_t k = 0; k < clgan_cases_wide_count && sets & CLGAN_BENCH_WIDE; k++)
    CLGAN_TRY(list_case(l, &clgan_cases_wide[k], batch, e));
  for (size_t k = 0; k < clgan_cases_deepbench_count && sets & CLGAN_BENCH_DEEPBENCH; k++)
    CLGAN_TRY(list_case(l, &clgan_cases_deepbench[k], batch, e));
  for (size_t k = 0; k < clgan_cases_count && sets & CLGAN_BENCH_MODELS; k++)
    if (clgan_cases[k].flags & CLGAN_CASE_MODEL) CLGAN_TRY(list_case(l, &clgan_cases[k], batch, e));
  qsort(l->items, l->n, sizeof *l->items, compare);
  return CLGAN_OK;
}

/* -- a model's step -- */

static enum clgan_status list_node(struct clgan_bench_op_list *l, const struct clgan_ir *g, size_t at, int batch,
                                   struct clgan_error *e) {
  const struct clgan_node *n = &g->nodes[at];
  char layer[sizeof l->items->name];
  struct clgan_bench_op op = {
      .pass = clgan_bench_pass(n), .tolerance = STEP_TOLERANCE, .count = 1, .layer = (int)at, .g = alone(g, n)};
  for (size_t k = 0; k < l->n; k++) {
    if (!same_work(l->items[k].g, op.g) || strcmp(l->items[k].pass, op.pass)) continue;
    l->items[k].count++;
    clgan_ir_destroy(op.g);
    return CLGAN_OK;
  }
  if (is_product(n)) {
    name_product(op.name, sizeof op.name, n, op.pass, batch);
    (void)snprintf(layer, sizeof layer, "%s", op.name);
    for (size_t k = l->n; k-- > 0;) /* the layer's first operation has the smallest number */
      if (!strncmp(l->items[k].name, layer, strlen(layer)) && strchr(" ", l->items[k].name[strlen(layer)]))
        op.layer = l->items[k].layer;
    add_epilogue(op.name, sizeof op.name, n);
  } else
    name_other(op.name, sizeof op.name, g, n);
  return add(l, op, e);
}

enum clgan_status clgan_bench_list_step(struct clgan_bench_op_list *l, const struct clgan_model *m,
                                        struct clgan_error *e) {
  struct clgan_step *step = NULL;
  struct clgan_model single = *m; /* operations are measured, and checked, in float32 */
  single.settings.precision = 32;
  CLGAN_TRY(clgan_step_create(&single, m->settings.batch, true, &step, e));
  clgan_ir_eliminate(step->g, &step->losses, 1);
  enum clgan_status s = CLGAN_OK;
  for (size_t k = 0; k < step->g->n_nodes && s == CLGAN_OK; k++)
    if (!step->g->nodes[k].dead && clgan_op_row(step->g->nodes[k].op)->prepare)
      s = list_node(l, step->g, k, m->settings.batch, e);
  clgan_step_destroy(step);
  if (s == CLGAN_OK) qsort(l->items, l->n, sizeof *l->items, compare);
  return s;
}
