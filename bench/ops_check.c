/* ops_check.c: is an operation's result right? SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/philox.h"
#include "bench/ops_internal.h"
#include "ops/cases.h"
#include "ref/act.h"
#include "ref/conv.h"

/* Large inputs repeat: no extent of a tensor divides this prime, and numbers take longer to make than to use. */
enum { PERIOD = 262147, SEED = 1 };

struct check {
  const struct clgan_bench_op *op;
  const struct clgan_ir *g;
  const struct clgan_node *n;
  struct clgan_run *run;
  struct clgan_store *store;
  void **host; /* per value: what its memory held before the run, or NULL */
  char *wrong;
  double largest;
};

static enum clgan_status make_numbers(const struct clgan_value *v, void **out, struct clgan_error *e) {
  size_t count = clgan_shape_count(v->shape), size = clgan_dtype_size(v->dtype);
  CLGAN_TRY(clgan_mem_try(out, count, size, v->name, e));
  clgan_case_fill(v->name, v->dtype, count < PERIOD ? count : PERIOD, SEED, *out);
  for (size_t k = PERIOD; k < count; k += PERIOD)
    memcpy((char *)*out + k * size, *out, (count - k < PERIOD ? count - k : PERIOD) * size);
  return CLGAN_OK;
}

static enum clgan_status fill(struct check *c, struct clgan_error *e) {
  for (size_t v = 0; v < c->g->n_values; v++) {
    const struct clgan_value *x = &c->g->values[v];
    if (x->root != (int)v || x->kind == CLGAN_VALUE_TEMP) continue;
    size_t count = clgan_shape_count(x->shape);
    CLGAN_TRY(make_numbers(x, &c->host[v], e));
    CLGAN_TRY(x->kind == CLGAN_VALUE_STATE
                  ? clgan_store_write(c->store, x->name, 0, c->host[v], count, e)
                  : clgan_run_write(c->run, (int)v, c->host[v], count * clgan_dtype_size(x->dtype), e));
  }
  return CLGAN_OK;
}

static double element(const void *data, enum clgan_dtype type, size_t i) {
  if (type == CLGAN_I32) return ((const int32_t *)data)[i];
  if (type == CLGAN_U8) return ((const unsigned char *)data)[i];
  return (double)((const float *)data)[i];
}

static void complain(struct check *c, size_t i, double is, double expected) {
  if (!c->wrong[0]) (void)snprintf(c->wrong, 200, "wrong: element %zu is %.7g, expected %.7g", i, is, expected);
}

/* -- convolution products: some elements, from the definition -- */

static const float *input(const struct check *c, int k) {
  return k < c->n->n_in && c->n->in[k] != CLGAN_NONE ? c->host[c->n->in[k]] : NULL;
}

static double expected(const struct check *c, size_t i) {
  const struct clgan_geom *g = &c->n->attr.geom;
  const struct clgan_ref_geom q = {g->n, g->hi, g->wi, g->ci, g->ho, g->wo, g->co, g->kh, g->kw, g->stride, g->pad};
  const float *a = input(c, 0), *b = input(c, 1), *third = input(c, 2), *scale = input(c, 3);
  if (c->n->op == CLGAN_OP_CONV_WGRAD)
    return clgan_ref_conv_wgrad_at(&q, a, b, c->n->attr.i[0], i) + (third ? (double)third[i] : 0);
  const int swapped = c->n->attr.i[1];
  double sum = c->n->attr.i[0] ? clgan_ref_conv_transposed_at(&q, a, b, swapped, i)
                               : clgan_ref_conv_at(&q, a, b, swapped, i);
  size_t channels = (size_t)(c->n->attr.i[0] ? g->ci : g->co);
  const float *gate = input(c, CLGAN_CONV_GATE);
  double slope = (double)c->n->attr.slope;
  double y = clgan_ref_act((int)c->n->attr.act, slope,
                           (scale ? (double)*scale : 1) * sum + (third ? (double)third[i % channels] : 0));
  return gate ? y * clgan_ref_act_slope(c->n->attr.i[CLGAN_CONV_GATE_ACT], slope, (double)gate[i]) : y;
}

/* The first, the last and any between; and none may be infinite or NaN. What is allowed goes by the largest sample. */
static void check_samples(struct check *c, const float *got, size_t count, int samples, double *want, size_t *at) {
  struct clgan_random r;
  clgan_random_init(&r, SEED, count, CLGAN_STREAM_SAMPLE);
  size_t n = count < (size_t)samples ? count : (size_t)samples;
  for (size_t k = 0; k < n; k++) {
    uint64_t any = (uint64_t)clgan_random_u32(&r) << 32 | clgan_random_u32(&r);
    at[k] = n == count || k == 0 ? k : k == 1 ? count - 1 : (size_t)(any % count);
    want[k] = expected(c, at[k]);
    c->largest = fmax(c->largest, fabs(want[k]));
  }
  for (size_t k = 0; k < n; k++)
    if (!(fabs((double)got[at[k]] - want[k]) <= c->op->tolerance * c->largest))
      complain(c, at[k], (double)got[at[k]], want[k]);
  for (size_t k = 0; k < count; k++)
    if (!isfinite(got[k])) complain(c, k, (double)got[k], expected(c, k));
}

static enum clgan_status check_product(struct check *c, int samples, struct clgan_error *e) {
  size_t count = clgan_shape_count(clgan_ir_shape(c->g, c->n->out[0]));
  void *got = NULL;
  CLGAN_TRY(clgan_mem_try(&got, count, sizeof(float), "an operation's result", e));
  double *want = clgan_mem_array((size_t)samples, sizeof *want);
  size_t *at = clgan_mem_array((size_t)samples, sizeof *at);
  enum clgan_status s = clgan_run_read(c->run, c->n->out[0], got, count * sizeof(float), e);
  if (s == CLGAN_OK) check_samples(c, got, count, samples, want, at);
  clgan_mem_free(got);
  clgan_mem_free(want);
  clgan_mem_free(at);
  return s;
}

/* -- other operations: whole, by the interpreter -- */

static enum clgan_status compare_output(struct check *c, struct clgan_interpreter *p, int v, struct clgan_error *e) {
  enum clgan_dtype type = c->g->values[v].dtype;
  size_t count = clgan_shape_count(clgan_ir_shape(c->g, v)), worst = 0;
  const double *want = clgan_interpreter_data(p, v);
  void *got = NULL;
  double error = 0;
  CLGAN_TRY(clgan_mem_try(&got, count, clgan_dtype_size(type), "an operation's result", e));
  enum clgan_status s = clgan_run_read(c->run, v, got, count * clgan_dtype_size(type), e);
  c->largest = 0;
  for (size_t k = 0; k < count && s == CLGAN_OK; k++) {
    double d = fabs(element(got, type, k) - want[k]);
    c->largest = fmax(c->largest, fabs(want[k]));
    if (!(d <= error) && !isnan(error)) error = d, worst = k;
  }
  if (s == CLGAN_OK && !(error <= c->op->tolerance * c->largest))
    complain(c, worst, element(got, type, worst), want[worst]);
  clgan_mem_free(got);
  return s;
}

static enum clgan_status check_whole(struct check *c, struct clgan_error *e) {
  struct clgan_interpreter *p = NULL;
  CLGAN_TRY(clgan_interpreter_create(c->g, &p, e));
  for (size_t v = 0; v < c->g->n_values; v++) {
    double *to = c->host[v] ? clgan_interpreter_data(p, (int)v) : NULL;
    for (size_t k = 0; to && k < clgan_shape_count(c->g->values[v].shape); k++)
      to[k] = element(c->host[v], c->g->values[v].dtype, k);
  }
  clgan_interpreter_execute(p);
  enum clgan_status s = CLGAN_OK;
  for (int k = 0; k < c->n->n_out && s == CLGAN_OK; k++) s = compare_output(c, p, c->n->out[k], e);
  clgan_interpreter_destroy(p);
  return s;
}

static void free_host(struct check *c) {
  for (size_t v = 0; v < c->g->n_values; v++) clgan_mem_free(c->host[v]);
  clgan_mem_free(c->host);
}

enum clgan_status clgan_bench_op_fill(const struct clgan_bench_op *op, struct clgan_run *r, struct clgan_store *s, struct clgan_error *e) {
  struct check c = {.op = op, .g = op->g, .n = &op->g->nodes[0], .run = r, .store = s};
  c.host = clgan_mem_array(op->g->n_values, sizeof *c.host);
  enum clgan_status status = fill(&c, e);
  free_host(&c);
  return status;
}

enum clgan_status clgan_bench_op_check(const struct clgan_bench_op *op, struct clgan_run *r, struct clgan_store *s,
                                       int samples, char wrong[200], struct clgan_error *e) {
  struct check c = {.op = op, .g = op->g, .n = &op->g->nodes[0], .run = r, .store = s, .wrong = wrong};
  bool product = c.n->op == CLGAN_OP_CONV || c.n->op == CLGAN_OP_CONV_WGRAD;
  wrong[0] = '\0';
  c.host = clgan_mem_array(op->g->n_values, sizeof *c.host);
  enum clgan_status status = fill(&c, e);
  if (status == CLGAN_OK) status = clgan_run_execute(r, e);
  if (status == CLGAN_OK) status = product ? check_product(&c, samples, e) : check_whole(&c, e);
  free_host(&c);
  return status;
}
