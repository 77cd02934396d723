/* check_build.c - a row of the case table as a graph, its inputs' numbers, and its gradients against central differences.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/philox.h"
#include "graph/check_internal.h"
#include "ops/cases.h"

#define SEED 1

int clgan_check_complain(const struct clgan_check_watch *w, const struct clgan_case *c, const char *format, ...) {
  char text[CLGAN_ERROR_MAX];
  va_list ap;
  va_start(ap, format);
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  if (w->failed) w->failed(w->context, c, text);
  return 1;
}

/* -- the graph -- */

static bool is_loss(const struct clgan_ir *g, int v) {
  int producer = g->values[v].producer;
  return producer >= 0 && g->nodes[producer].op >= CLGAN_OP_LOSS_GAN && g->nodes[producer].op <= CLGAN_OP_LOSS_CE;
}

/* Adds what differentiation starts from; the same values in the forward graph, so that both number their inputs alike.
 */
static void add_seed(struct clgan_check_graph *b) {
  b->seed = b->coef = CLGAN_NONE;
  if (is_loss(b->g, b->out))
    b->coef = clgan_ir_input(b->g, "coef+~", CLGAN_F32, clgan_shape_of(1, 1, 1, 3));
  else
    b->seed = clgan_ir_input(b->g, "seed@0*1~", CLGAN_F32, clgan_ir_shape(b->g, b->out));
}

static void add_gradients(struct clgan_check_graph *b) {
  struct clgan_start start = {.value = b->out, .gradient = b->seed};
  start.loss = (struct clgan_seed){CLGAN_CHECK_LOSS_WEIGHT, b->coef, 1};
  clgan_autodiff(b->g, &start, 1, b->wrt, (size_t)b->n_wrt, b->grad);
  for (int k = 0; k < b->n_wrt && !b->g->error.status; k++) {
    if (b->grad[k] == CLGAN_NONE) {
      clgan_ir_fail(b->g, "no gradient reaches %s", b->g->values[b->wrt[k]].name);
      break;
    }
    b->keep_name[b->n_keep] = b->g->values[b->wrt[k]].name;
    b->keep[b->n_keep++] = b->grad[k];
  }
}

enum clgan_status clgan_check_build(struct clgan_check_graph *b, const struct clgan_case *c, bool gradients) {
  memset(b, 0, sizeof *b);
  b->g = clgan_ir_create();
  b->out = c->build(b->g, c);
  if (b->g->error.status) return b->g->error.status;
  const struct clgan_node *last = &b->g->nodes[b->g->values[b->out].producer];
  for (int k = 0; k < last->n_out; k++) {
    b->keep_name[b->n_keep] = "output";
    b->keep[b->n_keep++] = last->out[k];
  }
  for (size_t v = 0; v < b->g->n_values; v++) {
    const struct clgan_value *x = &b->g->values[v];
    if (x->kind == CLGAN_VALUE_INPUT && x->producer < 0 && clgan_case_has_gradient(x->name, x->dtype))
      b->wrt[b->n_wrt++] = (int)v;
  }
  if (b->n_wrt == 0) return CLGAN_OK;
  add_seed(b);
  if (gradients) add_gradients(b);
  return b->g->error.status;
}

void clgan_check_pad(struct clgan_check_graph *b) {
  size_t n = b->g->n_values;
  for (size_t v = 0; v < n; v++) {
    struct clgan_value x = b->g->values[v];
    if (x.kind != CLGAN_VALUE_INPUT || x.root != (int)v) continue;
    size_t count = (clgan_shape_count(x.shape) / CLGAN_ALIGN + 2) * CLGAN_ALIGN;
    int longer = clgan_ir_input(b->g, x.name, x.dtype, clgan_shape_of(1, 1, 1, (int)count));
    for (size_t i = 0; i < n; i++)
      if (b->g->values[i].root == (int)v) b->g->values[i].root = longer;
    b->padded[b->n_padded] = longer;
    b->of[b->n_padded++] = (int)v;
  }
}

/* -- inputs -- */

bool clgan_check_is_filled(const struct clgan_ir *g, size_t v) {
  const struct clgan_value *x = &g->values[v];
  return x->root == (int)v && (x->kind == CLGAN_VALUE_INPUT || x->kind == CLGAN_VALUE_STATE);
}

void *clgan_check_numbers(const struct clgan_check_graph *b, size_t v, int nan_in) {
  const struct clgan_value *x = &b->g->values[v];
  size_t count = clgan_shape_count(x->shape), size = clgan_dtype_size(x->dtype);
  void *data = clgan_mem_array(count, size);
  memset(data, 0xff, count * size); /* as float: NaN */
  for (int k = 0; k < b->n_padded; k++)
    if (b->padded[k] == (int)v) count = clgan_shape_count(clgan_ir_shape(b->g, b->of[k]));
  clgan_case_fill(x->name, x->dtype, count, SEED, data);
  if (nan_in == (int)v) ((float *)data)[count / 2] = NAN;
  return data;
}

double clgan_check_element(const void *data, enum clgan_dtype type, size_t i) {
  if (type == CLGAN_I32) return ((const int32_t *)data)[i];
  if (type == CLGAN_U8) return ((const unsigned char *)data)[i];
  return (double)((const float *)data)[i];
}

enum clgan_status clgan_check_interpreter(const struct clgan_check_graph *b, int nan_in, struct clgan_interpreter **out,
                                          struct clgan_error *e) {
  const struct clgan_ir *g = b->g;
  CLGAN_TRY(clgan_interpreter_create(g, out, e));
  for (size_t v = 0; v < g->n_values; v++) {
    if (!clgan_check_is_filled(g, v)) continue;
    void *data = clgan_check_numbers(b, v, nan_in);
    double *to = clgan_interpreter_data(*out, (int)v);
    for (size_t i = 0; i < clgan_shape_count(g->values[v].shape); i++)
      to[i] = clgan_check_element(data, g->values[v].dtype, i);
    clgan_mem_free(data);
  }
  return CLGAN_OK;
}

/* -- gradients against central differences -- */

static double objective(struct clgan_interpreter *p, const struct clgan_check_graph *b) {
  clgan_interpreter_execute(p);
  const double *y = clgan_interpreter_data(p, b->out);
  if (b->coef != CLGAN_NONE) return (double)CLGAN_CHECK_LOSS_WEIGHT * clgan_interpreter_data(p, b->coef)[1] * y[0];
  const double *w = clgan_interpreter_data(p, b->seed);
  double sum = 0;
  for (size_t i = 0; i < clgan_shape_count(clgan_ir_shape(b->g, b->out)); i++) sum += w[i] * y[i];
  return sum;
}

/* x moves along d (of count elements) by +-step. */
static double difference(struct clgan_interpreter *p, const struct clgan_check_graph *b, double *x, const double *d,
                         size_t count, double step) {
  double side[2];
  double *kept = clgan_mem_array(count, sizeof *kept);
  memcpy(kept, x, count * sizeof *x);
  for (int k = 0; k < 2; k++) {
    for (size_t i = 0; i < count; i++) x[i] = kept[i] + (k ? -step : step) * d[i];
    side[k] = objective(p, b);
  }
  memcpy(x, kept, count * sizeof *x);
  clgan_mem_free(kept);
  return (side[0] - side[1]) / (2 * step);
}

/* One random direction through all elements, which a single wrong element turns; then single elements. */
static int check_input(struct clgan_check *s, const struct clgan_check_graph *forward, struct clgan_interpreter *p,
                       int k) {
  int v = s->b.wrt[k], failures = 0;
  const char *name = s->b.g->values[v].name;
  size_t count = clgan_shape_count(clgan_ir_shape(s->b.g, v));
  const double *grad = clgan_interpreter_data(s->reference, s->b.grad[k]);
  double *x = clgan_interpreter_data(p, v), *d = clgan_mem_array(count, sizeof *d), largest = 0, along = 0, squares = 0;
  bool few = s->c->flags & CLGAN_CASE_SMALL;
  double step = few ? 1e-6 : 1e-7, rounding = 1e-15 * (1 + fabs(objective(p, forward))) / step;
  struct clgan_random r;
  clgan_random_init(&r, 7, (uint64_t)k, CLGAN_STREAM_INIT);
  for (size_t i = 0; i < count; i++) {
    d[i] = (double)clgan_random_normal(&r);
    along += d[i] * grad[i];
    squares += d[i] * grad[i] * d[i] * grad[i];
    if (fabs(grad[i]) > largest) largest = fabs(grad[i]);
  }
  double found = difference(p, forward, x, d, count, step);
  if (!(fabs(found - along) <= 1e-5 * sqrt(squares) + 10 * rounding))
    failures += clgan_check_complain(s->watch, s->c, "gradient of %s along a direction: %.10g, by differences %.10g",
                                     name, along, found);
  for (size_t i = 0; i < count; i++) d[i] = 0;
  for (int n = 0; few && n < 6 && !failures; n++) {
    size_t i = n == 0 ? 0 : n == 1 ? count - 1 : clgan_random_below(&r, (uint32_t)count);
    d[i] = 1;
    found = difference(p, forward, x, d, count, step);
    d[i] = 0;
    if (!(fabs(found - grad[i]) <= 1e-5 * largest + 10 * rounding))
      failures += clgan_check_complain(s->watch, s->c, "gradient of %s, element %zu: %.10g, by differences %.10g", name,
                                       i, grad[i], found);
  }
  clgan_mem_free(d);
  return failures;
}

int clgan_check_differences(struct clgan_check *k) {
  struct clgan_check_graph forward;
  struct clgan_interpreter *p = NULL;
  int failures = 0;
  if (k->b.n_wrt == 0 || (k->c->flags & CLGAN_CASE_MODEL)) return 0;
  if (clgan_check_build(&forward, k->c, false) != CLGAN_OK)
    failures += clgan_check_complain(k->watch, k->c, "%s", forward.g->error.text);
  else if (clgan_check_interpreter(&forward, CLGAN_NONE, &p, &k->e) != CLGAN_OK)
    failures += clgan_check_complain(k->watch, k->c, "%s", k->e.text);
  for (int i = 0; i < k->b.n_wrt && !failures; i++) failures += check_input(k, &forward, p, i);
  clgan_interpreter_destroy(p);
  clgan_ir_destroy(forward.g);
  return failures;
}
