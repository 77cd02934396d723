/* check.c - a row of the case table on a device, against the interpreter. SPDX-License-Identifier: MIT */
#include "graph/check.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "graph/check_internal.h"

#define complain(k, ...) clgan_check_complain((k)->watch, (k)->c, __VA_ARGS__)

struct clgan_check *clgan_check_create(const struct clgan_case *c, const struct clgan_check_watch *w) {
  struct clgan_check *k = clgan_mem_alloc(sizeof *k);
  k->c = c;
  k->watch = w;
  bool built = clgan_check_build(&k->b, c, true) == CLGAN_OK;
  if (built) {
    clgan_check_pad(&k->b);
    clgan_ir_eliminate(k->b.g, k->b.keep, (size_t)k->b.n_keep);
    if (clgan_check_interpreter(&k->b, CLGAN_NONE, &k->reference, &k->e) == CLGAN_OK) {
      clgan_interpreter_execute(k->reference);
      return k;
    }
  }
  complain(k, "%s", built ? k->e.text : k->b.g->error.text);
  clgan_check_destroy(k);
  return NULL;
}

static void leave_device(struct clgan_check *k) {
  clgan_run_destroy(k->run);
  clgan_store_destroy(k->store);
  for (int i = 0; i < CLGAN_CHECK_KEEP; i++) clgan_mem_free(k->read[i]), k->read[i] = NULL;
  k->run = NULL;
  k->store = NULL;
}

void clgan_check_destroy(struct clgan_check *k) {
  if (!k) return;
  leave_device(k);
  clgan_interpreter_destroy(k->reference);
  clgan_interpreter_destroy(k->with_nan);
  clgan_ir_destroy(k->b.g);
  clgan_mem_free(k);
}

static enum clgan_status fill_device(struct clgan_check *k, int nan_in) {
  const struct clgan_ir *g = k->b.g;
  for (size_t v = 0; v < g->n_values; v++) {
    if (!clgan_check_is_filled(g, v)) continue;
    const struct clgan_value *x = &g->values[v];
    size_t count = clgan_shape_count(x->shape);
    void *data = clgan_check_numbers(&k->b, v, nan_in);
    enum clgan_status s = x->kind == CLGAN_VALUE_STATE
                              ? clgan_store_write(k->store, x->name, 0, data, count, &k->e)
                              : clgan_run_write(k->run, (int)v, data, count * clgan_dtype_size(x->dtype), &k->e);
    clgan_mem_free(data);
    CLGAN_TRY(s);
  }
  return CLGAN_OK;
}

static size_t bytes_of(const struct clgan_ir *g, int v) {
  return clgan_shape_count(clgan_ir_shape(g, v)) * clgan_dtype_size(g->values[v].dtype);
}

/* Fills, runs, reads the device's results. */
static enum clgan_status execute(struct clgan_check *k, int nan_in) {
  CLGAN_TRY(fill_device(k, nan_in));
  CLGAN_TRY(clgan_run_execute(k->run, &k->e));
  for (int i = 0; i < k->b.n_keep; i++) {
    size_t bytes = bytes_of(k->b.g, k->b.keep[i]);
    k->read[i] = clgan_mem_realloc(k->read[i], bytes, 1);
    CLGAN_TRY(clgan_run_read(k->run, k->b.keep[i], k->read[i], bytes, &k->e));
  }
  return CLGAN_OK;
}

static int compare(struct clgan_check *k, int i) {
  const struct clgan_value *v = &k->b.g->values[k->b.keep[i]];
  const double *want = clgan_interpreter_data(k->reference, k->b.keep[i]);
  size_t count = clgan_shape_count(v->shape), worst = 0;
  double largest = 0, error = 0;
  for (size_t n = 0; n < count; n++) {
    double d = fabs(clgan_check_element(k->read[i], v->dtype, n) - want[n]);
    if (isnan(want[n])) return complain(k, "%s: the reference's element %zu is NaN", k->b.keep_name[i], n);
    if (fabs(want[n]) > largest) largest = fabs(want[n]);
    if (!(d <= error)) error = d, worst = n;
    if (isnan(d)) break;
  }
  double relative = isnan(error) ? (double)INFINITY : largest > 0 ? error / largest : error;
  if (k->watch->compared) k->watch->compared(k->watch->context, k->c, k->b.keep_name[i], count, relative);
  if (error <= k->c->tolerance * largest) return 0;
  return complain(k, "%s: element %zu is %.9g, expected %.9g; the largest is %.3g", k->b.keep_name[i], worst,
                  clgan_check_element(k->read[i], v->dtype, worst), want[worst], largest);
}

/* Twice the same bits. */
static int check_repeat(struct clgan_check *k) {
  void *before[CLGAN_CHECK_KEEP];
  int failures = 0;
  for (int i = 0; i < k->b.n_keep; i++) before[i] = k->read[i], k->read[i] = NULL;
  if (execute(k, CLGAN_NONE) != CLGAN_OK) failures += complain(k, "second run: %s", k->e.text);
  for (int i = 0; i < k->b.n_keep; i++) {
    if (!failures && memcmp(before[i], k->read[i], bytes_of(k->b.g, k->b.keep[i])))
      failures += complain(k, "%s: other bits in a second run", k->b.keep_name[i]);
    clgan_mem_free(before[i]);
  }
  return failures;
}

/* But for elements that were 0: there a zero derivative may have met the NaN, and a kernel may select where the
 * reference multiplies. */
static int compare_nan(struct clgan_check *k, int victim, int i, const void *clean) {
  const double *want = clgan_interpreter_data(k->with_nan, k->b.keep[i]);
  const struct clgan_value *v = &k->b.g->values[k->b.keep[i]];
  for (size_t n = 0; n < clgan_shape_count(v->shape); n++)
    if (isnan(want[n]) && !isnan(clgan_check_element(k->read[i], v->dtype, n)) &&
        clgan_check_element(clean, v->dtype, n) != 0)
      return complain(k, "a NaN in %s: %s: element %zu is %g", k->b.g->values[victim].name, k->b.keep_name[i], n,
                      clgan_check_element(k->read[i], v->dtype, n));
  return 0;
}

/* A NaN in the first input must come out wherever the reference has one. */
static int check_nan(struct clgan_check *k) {
  int victim = CLGAN_NONE;
  for (size_t v = 0; v < k->b.g->n_values && victim == CLGAN_NONE; v++)
    if (clgan_check_is_filled(k->b.g, v) && k->b.g->values[v].dtype == CLGAN_F32) victim = (int)v;
  if (victim == CLGAN_NONE) return 0;
  if (!k->with_nan) {
    if (clgan_check_interpreter(&k->b, victim, &k->with_nan, &k->e) != CLGAN_OK) return complain(k, "%s", k->e.text);
    clgan_interpreter_execute(k->with_nan);
  }
  void *clean[CLGAN_CHECK_KEEP];
  int failures = 0;
  for (int i = 0; i < k->b.n_keep; i++) clean[i] = k->read[i], k->read[i] = NULL;
  if (execute(k, victim) != CLGAN_OK) failures = complain(k, "run with a NaN: %s", k->e.text);
  for (int i = 0; i < k->b.n_keep; i++) {
    if (!failures) failures += compare_nan(k, victim, i, clean[i]);
    clgan_mem_free(clean[i]);
  }
  return failures;
}

int clgan_check_device(struct clgan_check *k, struct clgan_cl *cl, unsigned also) {
  int failures = 0;
  leave_device(k);
  clgan_error_clear(&k->e);
  k->store = clgan_store_create(cl);
  if (clgan_run_create(cl, k->store, k->b.g, k->b.keep, (size_t)k->b.n_keep, &k->run, &k->e) != CLGAN_OK ||
      execute(k, CLGAN_NONE) != CLGAN_OK)
    return complain(k, "%s", k->e.text);
  for (int i = 0; i < k->b.n_keep; i++) failures += compare(k, i);
  if (!failures && (also & CLGAN_CHECK_REPEAT)) failures += check_repeat(k);
  if (!failures && (also & CLGAN_CHECK_NAN) && (k->c->flags & CLGAN_CASE_SMALL)) failures += check_nan(k);
  return failures;
}
