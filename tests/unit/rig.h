/* rig.h: a graph run on the device, by both kernel families, against the double-precision interpreter. */
#ifndef CLGAN_TESTS_RIG_H
#define CLGAN_TESTS_RIG_H
#include "device.h"
#include "graph/graph.h"

/* What an input holds: integers are given; a name "positive*": 0.2 .. 2.2; others: normal. */
static void rig_fill(const struct clgan_value *v, int id, void *data, double *reference, const int32_t *counters) {
  size_t n = clgan_shape_count(v->shape);
  struct clgan_random r;
  clgan_random_init(&r, 77, (uint64_t)id, CLGAN_STREAM_INIT);
  for (size_t e = 0; e < n; e++) {
    if (v->dtype == CLGAN_U8) {
      ((unsigned char *)data)[e] = (unsigned char)clgan_random_below(&r, 256);
      reference[e] = (double)((unsigned char *)data)[e];
    } else if (v->dtype == CLGAN_I32) {
      ((int32_t *)data)[e] = counters[e];
      reference[e] = (double)counters[e];
    } else {
      bool positive = strncmp(v->name, "positive", 8) == 0;
      float x = positive ? 0.2f + 2 * clgan_random_uniform(&r) : clgan_random_normal(&r);
      ((float *)data)[e] = x;
      reference[e] = (double)x;
    }
  }
}

/* The results of the values kept: from the device as floats (I32 as they are), from the reference as doubles. */
struct rig_result {
  float *computed;
  double *reference;
  size_t n;
};

/* Runs @p g once (@p times times) with @p given[v] where not NULL, else rig_fill's data. */
static void rig_run(struct clgan_ir *g, const char *family, const int *keep, size_t n_keep, const float *const *given,
                    const int32_t *counters, int times, struct rig_result *out) {
  struct clgan_interpreter *p = NULL;
  struct clgan_run *run = NULL;
  struct clgan_store *store = clgan_store_create(device);
  if (g->error.status) fail_msg("%s", g->error.text);
  assert_int_equal(setenv("CLGAN_FAMILY", family, 1), 0);
  OK(clgan_run_create(device, store, g, keep, n_keep, &run, &error));
  OK(clgan_interpreter_create(g, &p, &error));
  for (size_t v = 0; v < g->n_values; v++) {
    const struct clgan_value *x = &g->values[v];
    if (x->root != (int)v || x->kind == CLGAN_VALUE_TEMP) continue;
    size_t n = clgan_shape_count(x->shape), bytes = n * clgan_dtype_size(x->dtype);
    void *data = clgan_mem_array(n, sizeof(float));
    double *reference = clgan_interpreter_data(p, (int)v);
    if (given && given[v]) {
      memcpy(data, given[v], bytes);
      for (size_t e = 0; e < n; e++) reference[e] = (double)given[v][e];
    } else {
      rig_fill(x, (int)v, data, reference, counters);
    }
    if (x->kind == CLGAN_VALUE_STATE)
      OK(clgan_store_write(store, x->name, 0, data, n, &error));
    else
      OK(clgan_run_write(run, (int)v, data, bytes, &error));
    clgan_mem_free(data);
  }
  for (int k = 0; k < times; k++) {
    OK(clgan_run_execute(run, &error));
    clgan_interpreter_execute(p);
  }
  for (size_t k = 0; k < n_keep; k++) {
    out[k].n = clgan_shape_count(clgan_ir_shape(g, keep[k]));
    out[k].computed = clgan_mem_array(out[k].n, sizeof(float));
    out[k].reference = clgan_mem_array(out[k].n, sizeof(double));
    OK(clgan_run_read(run, keep[k], out[k].computed, out[k].n * sizeof(float), &error));
    memcpy(out[k].reference, clgan_interpreter_data(p, keep[k]), out[k].n * sizeof(double));
  }
  clgan_interpreter_destroy(p);
  clgan_run_destroy(run);
  clgan_store_destroy(store);
}

static void rig_free(struct rig_result *r, size_t n) {
  for (size_t k = 0; k < n; k++) {
    clgan_mem_free(r[k].computed);
    clgan_mem_free(r[k].reference);
  }
}

/* Largest error over the largest magnitude. NaN counts as infinite. */
static double rig_distance(const struct rig_result *r) {
  double off = 0, largest = 0;
  for (size_t e = 0; e < r->n; e++) {
    double d = fabs((double)r->computed[e] - r->reference[e]);
    if (!(d <= off)) off = isnan(d) ? (double)INFINITY : d;
    if (fabs(r->reference[e]) > largest) largest = fabs(r->reference[e]);
  }
  return off == 0 ? 0 : off / (largest > 0 ? largest : 1);
}

/* Both families against the reference; @p g is destroyed. */
static inline void rig_compare(struct clgan_ir *g, const char *what, const int *keep, size_t n_keep, double tolerance) {
  static const char *const families[] = {"reg", "local"};
  struct rig_result r[8];
  for (int f = 0; f < 2; f++) {
    rig_run(g, families[f], keep, n_keep, NULL, NULL, 1, r);
    for (size_t k = 0; k < n_keep; k++) {
      double d = rig_distance(&r[k]);
      if (!(d <= tolerance))
        fail_msg("%s, %s, result %zu: off by %.3g, %.3g allowed", what, families[f], k, d, tolerance);
    }
    rig_free(r, n_keep);
  }
  clgan_ir_destroy(g);
}
#endif
