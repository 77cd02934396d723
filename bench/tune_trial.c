/* tune_trial.c: one variant of a product: built, compared with the reference, timed. SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/philox.h"
#include "bench/tune.h"
#include "ops/cases.h"
#include "ref/act.h"
#include "ref/conv.h"

enum { SAMPLES = 256 };
#define TOLERANCE 1e-5

struct clgan_tune_trial {
  struct clgan_cl *cl;
  struct clgan_ir *g;
  struct clgan_store *store;
  struct clgan_run *run;
  int a, b, bias, y;
};

static size_t large(const struct clgan_geom *q) {
  return (size_t)q->n * (size_t)q->hi * (size_t)q->wi * (size_t)q->ci;
}
static size_t small(const struct clgan_geom *q) {
  return (size_t)q->n * (size_t)q->ho * (size_t)q->wo * (size_t)q->co;
}
static size_t weights(const struct clgan_geom *q) {
  return (size_t)q->kh * (size_t)q->kw * (size_t)q->ci * (size_t)q->co;
}
static bool is_wgrad(const struct clgan_tune_row *p) {
  return p->node.op == CLGAN_OP_CONV_WGRAD;
}
static bool is_transposed(const struct clgan_tune_row *p) {
  return p->node.attr.i[0] == 1;
}

static float *filled(size_t n, uint64_t seed) {
  float *x = clgan_mem_array(n + 1, sizeof *x);
  clgan_case_fill("x", CLGAN_F32, n, seed, x);
  return x;
}

static void set_sizes(const struct clgan_tune_row *p, struct clgan_tune_data *d) {
  const struct clgan_geom *q = &p->node.attr.geom;
  const bool turned = !is_wgrad(p) && is_transposed(p);
  *d = (struct clgan_tune_data){.na = turned ? small(q) : large(q), .nb = is_wgrad(p) ? small(q) : weights(q)};
  d->ny = is_wgrad(p) ? weights(q) : turned ? large(q) : small(q);
  d->nbias = p->bias ? (size_t)(turned ? q->ci : q->co) : 0;
}

/* Weights that make sums of about 1: a tanh flattens large sums, and then the rounding of such a sum, right as it is, is a large
 * part of the largest result where the tanh is steep. */
static void scale_down(const struct clgan_tune_row *p, struct clgan_tune_data *d) {
  const struct clgan_geom *q = &p->node.attr.geom;
  const float factor = 1 / sqrtf((float)q->kh * (float)q->kw * (float)(is_transposed(p) ? q->co : q->ci));
  for (size_t k = 0; k < d->nb; k++) d->b[k] *= factor;
}

void clgan_tune_data_init(const struct clgan_tune_row *p, struct clgan_tune_data *d) {
  set_sizes(p, d);
  d->a = filled(d->na, 1);
  d->b = filled(d->nb, 2);
  if (!is_wgrad(p)) scale_down(p, d);
  d->bias = filled(d->nbias, 3);
}

void clgan_tune_data_free(struct clgan_tune_data *d) {
  clgan_mem_free(d->a);
  clgan_mem_free(d->b);
  clgan_mem_free(d->bias);
  clgan_mem_free(d->expected);
  *d = (struct clgan_tune_data){0};
}

static int input(struct clgan_ir *g, const char *name, size_t n, int channels) {
  return clgan_ir_input(g, name, CLGAN_F32, clgan_shape_of(1, 1, (int)(n / (size_t)channels), channels));
}

/* A graph of the product alone. */
static void build(struct clgan_tune_trial *t, const struct clgan_tune_row *p, const struct clgan_tune_data *d) {
  const struct clgan_geom *q = &p->node.attr.geom;
  const bool turned = !is_wgrad(p) && is_transposed(p);
  t->g = clgan_ir_create();
  t->a = input(t->g, "a", d->na, turned ? q->co : q->ci);
  t->b = input(t->g, "b", d->nb, is_wgrad(p) || !turned ? q->co : q->ci);
  t->bias = d->nbias ? input(t->g, "bias", d->nbias, (int)d->nbias) : CLGAN_NONE;
  t->y = clgan_ir_emit(t->g, p->node.op, &p->node.attr, is_wgrad(p) ? 2 : 3, (int[]){t->a, t->b, t->bias}, NULL);
}

void clgan_tune_program(const struct clgan_tune_row *p, const struct clgan_target *t, const struct clgan_variant *v,
                        char text[CLGAN_TUNE_PROGRAM]) {
  struct clgan_target with = *t;
  struct clgan_tune_trial trial = {0};
  struct clgan_tune_data sizes;
  struct clgan_launches l = {.packed = true};
  struct clgan_variant found = *v;
  set_sizes(p, &sizes);
  build(&trial, p, &sizes);
  with.book = clgan_variant_book_of(&found);
  const struct clgan_node *node = &trial.g->nodes[0];
  clgan_op_row(node->op)->prepare(trial.g, node, &with, &l);
  snprintf(text, CLGAN_TUNE_PROGRAM, "%s %s", l.items[0].file, l.items[0].options);
  clgan_mem_free(l.items);
  clgan_ir_destroy(trial.g);
}

static enum clgan_status prepare(struct clgan_tune_trial *t, const struct clgan_tune_data *d, struct clgan_error *e) {
  t->store = clgan_store_create(t->cl);
  CLGAN_TRY(clgan_run_create(t->cl, t->store, t->g, &t->y, 1, &t->run, e));
  CLGAN_TRY(clgan_run_write(t->run, t->a, d->a, d->na * sizeof(float), e));
  CLGAN_TRY(clgan_run_write(t->run, t->b, d->b, d->nb * sizeof(float), e));
  if (d->nbias) CLGAN_TRY(clgan_run_write(t->run, t->bias, d->bias, d->nbias * sizeof(float), e));
  return clgan_run_execute(t->run, e);
}

static double reference_at(const struct clgan_tune_row *p, const struct clgan_tune_data *d, size_t e) {
  const struct clgan_geom *q = &p->node.attr.geom;
  const struct clgan_ref_geom r = {q->n, q->hi, q->wi, q->ci, q->ho, q->wo, q->co, q->kh, q->kw, q->stride, q->pad};
  const bool turned = is_transposed(p);
  if (is_wgrad(p)) return clgan_ref_conv_wgrad_at(&r, d->a, d->b, turned, e);
  const int swapped = p->node.attr.i[1];
  double sum = turned ? clgan_ref_conv_transposed_at(&r, d->a, d->b, swapped, e)
                      : clgan_ref_conv_at(&r, d->a, d->b, swapped, e);
  if (d->nbias) sum += (double)d->bias[e % d->nbias];
  return clgan_ref_act((int)p->node.attr.act, (double)p->node.attr.slope, sum);
}

/* `y` against samples of the reference, corners first, and against what another variant made. */
static enum clgan_status compare(const struct clgan_tune_row *p, const struct clgan_tune_data *d, const float *y,
                                 struct clgan_error *e) {
  struct clgan_random random;
  double largest = 0;
  clgan_random_init(&random, 11, 0, CLGAN_STREAM_INIT);
  for (size_t k = 0; k < d->ny; k++) {
    if (!isfinite(y[k]))
      return clgan_error_set(e, CLGAN_ERR_NUMERIC, "wrong: element %zu of %zu is %g", k, d->ny, (double)y[k]);
    largest = fmax(largest, fabs((double)y[k]));
  }
  for (size_t k = 0; k < SAMPLES; k++) {
    size_t at = k == 0 ? 0 : k == 1 ? d->ny - 1 : clgan_random_below(&random, (uint32_t)d->ny);
    double want = reference_at(p, d, at), off = fabs((double)y[at] - want);
    if (!(off <= TOLERANCE * largest))
      return clgan_error_set(e, CLGAN_ERR_NUMERIC, "wrong: element %zu of %zu is %g, the reference has %g", at, d->ny,
                             (double)y[at], want);
  }
  for (size_t k = 0; d->expected && k < d->ny; k++)
    if (!(fabs((double)y[k] - (double)d->expected[k]) <= 2 * TOLERANCE * largest))
      return clgan_error_set(e, CLGAN_ERR_NUMERIC, "wrong: element %zu of %zu is %g, another variant has %g", k, d->ny,
                             (double)y[k], (double)d->expected[k]);
  return CLGAN_OK;
}

static enum clgan_status verify(struct clgan_tune_trial *t, const struct clgan_tune_row *p, struct clgan_tune_data *d,
                                struct clgan_error *e) {
  float *y = clgan_mem_array(d->ny, sizeof *y);
  enum clgan_status s = clgan_run_read(t->run, t->y, y, d->ny * sizeof *y, e);
  if (s == CLGAN_OK) s = compare(p, d, y, e);
  if (s == CLGAN_OK && !d->expected)
    d->expected = y;
  else
    clgan_mem_free(y);
  return s;
}

enum clgan_status clgan_tune_trial_create(struct clgan_cl *cl, const struct clgan_tune_row *p,
                                          struct clgan_tune_data *d, const struct clgan_variant *v,
                                          struct clgan_tune_trial **out, struct clgan_error *e) {
  struct clgan_tune_trial *t = clgan_mem_alloc(sizeof *t);
  enum clgan_log_level level = clgan_log_level();
  *out = NULL;
  t->cl = cl;
  build(t, p, d);
  if (level == CLGAN_LOG_NORMAL) clgan_log_set_level(CLGAN_LOG_QUIET); /* compiling shows a bar of its own */
  clgan_tuning_force(cl, v);
  enum clgan_status s = prepare(t, d, e);
  clgan_tuning_force(cl, NULL);
  clgan_log_set_level(level);
  if (s == CLGAN_OK) s = verify(t, p, d, e);
  if (s != CLGAN_OK) {
    clgan_tune_trial_destroy(t);
    return s;
  }
  *out = t;
  return CLGAN_OK;
}

void clgan_tune_trial_destroy(struct clgan_tune_trial *t) {
  if (!t) return;
  clgan_run_destroy(t->run);
  clgan_store_destroy(t->store);
  clgan_ir_destroy(t->g);
  clgan_mem_free(t);
}

enum clgan_status clgan_tune_trial_time(struct clgan_tune_trial *t, int repeats, double *seconds,
                                        struct clgan_error *e) {
  CLGAN_TRY(clgan_cl_finish(t->cl, e));
  double start = clgan_time_now();
  for (int k = 0; k < repeats; k++) CLGAN_TRY(clgan_run_execute(t->run, e));
  CLGAN_TRY(clgan_cl_finish(t->cl, e));
  *seconds = (clgan_time_now() - start) / repeats;
  return CLGAN_OK;
}
