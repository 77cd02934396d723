/* What operations are benchmarked with: single elements of the convolution products, one node's launches alone, cases
 * at another batch, costs. */
#define _POSIX_C_SOURCE 200809L
#include "device.h"
#include "graph/graph.h"
#include "ops/cases.h"
#include "ref/conv.h"

/* -- single elements equal the whole tensors -- */

static const struct clgan_ref_geom geometries[] = {
    {2, 8, 6, 3, 4, 3, 5, 4, 4, 2, 1}, {1, 7, 9, 2, 3, 4, 3, 3, 3, 2, 0}, {3, 5, 5, 1, 5, 5, 4, 5, 5, 1, 2},
    {7, 1, 1, 6, 1, 1, 5, 1, 1, 1, 0}, {1, 9, 8, 5, 3, 3, 4, 3, 3, 3, 0}, {2, 8, 8, 4, 4, 4, 2, 3, 5, 2, 1}};

static double *numbers(size_t n, uint64_t seed, float **single) {
  struct clgan_random r;
  clgan_random_init(&r, seed, 0, CLGAN_STREAM_INIT);
  double *x = clgan_mem_array(n, sizeof *x);
  *single = clgan_mem_array(n, sizeof **single);
  for (size_t k = 0; k < n; k++) x[k] = (double)((*single)[k] = clgan_random_normal(&r));
  return x;
}

static void compare(const double *want, double got, size_t k, const char *what, int geometry) {
  if (!(fabs(got - want[k]) <= 1e-12 * (1 + fabs(want[k]))))
    fail_msg("%s, geometry %d, element %zu: %.17g, expected %.17g", what, geometry, k, got, want[k]);
}

static void single_elements(void **state) {
  (void)state;
  for (int i = 0; i < (int)(sizeof geometries / sizeof geometries[0]); i++) {
    const struct clgan_ref_geom *q = &geometries[i];
    size_t large = (size_t)(q->n * q->hi * q->wi * q->ci), small = (size_t)(q->n * q->ho * q->wo * q->co),
           weights = (size_t)(q->kh * q->kw * q->ci * q->co);
    float *xf, *yf, *wf;
    double *x = numbers(large, 1, &xf), *y = numbers(small, 2, &yf), *w = numbers(weights, 3, &wf);
    double *out = clgan_mem_array(large + small + weights, sizeof *out);
    for (int swapped = 0; swapped < 2; swapped++) {
      clgan_ref_conv(q, x, w, swapped, out);
      for (size_t k = 0; k < small; k++) compare(out, clgan_ref_conv_at(q, xf, wf, swapped, k), k, "forward", i);
      clgan_ref_conv_transposed(q, y, w, swapped, out);
      for (size_t k = 0; k < large; k++)
        compare(out, clgan_ref_conv_transposed_at(q, yf, wf, swapped, k), k, "transposed", i);
      clgan_ref_conv_wgrad(q, x, y, swapped, out);
      for (size_t k = 0; k < weights; k++)
        compare(out, clgan_ref_conv_wgrad_at(q, xf, yf, swapped, k), k, "weight gradient", i);
    }
    void *all[] = {x, y, w, out, xf, yf, wf};
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) clgan_mem_free(all[k]);
  }
}

/* -- one node's launches alone -- */

enum { COUNT = 1000, TIMES = 3 };

static void one_node_alone(void **state) {
  (void)state;
  float a[COUNT], other[COUNT], b[COUNT], c[1] = {0.25f}, got[COUNT];
  char variant[64], cut[8];
  struct clgan_ir *g = clgan_ir_create();
  int va = clgan_ir_state(g, "a", CLGAN_F32, clgan_shape_of(1, 1, 1, COUNT));
  int vo = clgan_ir_state(g, "other", CLGAN_F32, clgan_shape_of(1, 1, 1, COUNT));
  int vb = clgan_ir_input(g, "b", CLGAN_F32, clgan_shape_of(1, 1, 1, COUNT));
  int vc = clgan_ir_input(g, "c", CLGAN_F32, clgan_shape_of(1, 1, 1, 1));
  clgan_ir_emit(g, CLGAN_OP_LERP, NULL, 3, (int[]){va, vb, vc}, NULL);
  clgan_ir_emit(g, CLGAN_OP_LERP, NULL, 3, (int[]){vo, vb, vc}, NULL);
  struct clgan_store *store = clgan_store_create(device);
  struct clgan_run *run = NULL;
  OK(clgan_run_create(device, store, g, NULL, 0, &run, &error));
  for (int k = 0; k < COUNT; k++) a[k] = (float)k, other[k] = (float)-k, b[k] = 64;
  OK(clgan_store_write(store, "a", 0, a, COUNT, &error));
  OK(clgan_store_write(store, "other", 0, other, COUNT, &error));
  OK(clgan_run_write(run, vb, b, sizeof b, &error));
  OK(clgan_run_write(run, vc, c, sizeof c, &error));
  OK(clgan_run_enqueue_node(run, 0, TIMES, &error));
  OK(clgan_store_read(store, "a", 0, got, COUNT, &error));
  for (int k = 0; k < COUNT; k++) /* a third of the way three times: powers of 3/4 are exact here but for rounding */
    if (fabs((double)got[k] - (64 + 0.421875 * (k - 64))) > 1e-4) fail_msg("element %d is %g", k, (double)got[k]);
  OK(clgan_store_read(store, "other", 0, got, COUNT, &error));
  assert_memory_equal(got, other, sizeof other);
  clgan_run_node_variant(run, 0, variant, sizeof variant);
  assert_non_null(strstr(variant, "lerp: "));
  assert_null(strstr(variant, "-D"));
  clgan_run_node_variant(run, 0, cut, sizeof cut);
  assert_memory_equal(cut, variant, sizeof cut - 1);
  assert_int_equal(cut[sizeof cut - 1], 0);
  clgan_run_node_variant(run, 7, variant, sizeof variant); /* there is none */
  assert_string_equal(variant, "");
  clgan_run_destroy(run);
  clgan_store_destroy(store);
  clgan_ir_destroy(g);
}

/* -- cases at another batch -- */

static void another_batch(void **state) {
  (void)state;
  size_t products = 0;
  for (size_t k = 0; k < clgan_cases_count + clgan_cases_wide_count; k++) {
    const struct clgan_case *at = k < clgan_cases_count ? &clgan_cases[k] : &clgan_cases_wide[k - clgan_cases_count];
    struct clgan_case c = clgan_case_with_batch(at, 6);
    struct clgan_ir *g = clgan_ir_create();
    int out = c.build(g, &c);
    if (g->error.status) fail_msg("%s: %s", c.name, g->error.text);
    const struct clgan_node *n = &g->nodes[g->values[out].producer];
    if (n->op == CLGAN_OP_CONV) {
      products++;
      assert_int_equal(n->attr.geom.n, 6);
      assert_int_equal(clgan_ir_shape(g, out).n, 6);
    }
    if (n->op == CLGAN_OP_BN || n->op == CLGAN_OP_REPARAM) assert_int_equal(clgan_ir_shape(g, out).n, 6);
    clgan_ir_destroy(g);
  }
  assert_true(products > 50);
}

static void cost(void **state) {
  (void)state;
  double flops, bytes;
  struct clgan_ir *g = clgan_ir_create();
  int a = clgan_ir_input(g, "a", CLGAN_F32, clgan_shape_of(2, 3, 4, 5)), label, y;
  y = clgan_ir_emit(g, CLGAN_OP_ADD, NULL, 2, (int[]){a, a}, NULL); /* has no hook: two inputs, one output */
  clgan_op_cost(g, &g->nodes[g->values[y].producer], &flops, &bytes);
  assert_true(flops <= 120 && bytes == 3 * 120 * 4);
  label = clgan_ir_input(g, "l", CLGAN_I32, clgan_shape_of(7, 1, 1, 1));
  y = clgan_ir_emit(g, CLGAN_OP_ONEHOT, &(struct clgan_attr){.i = {10}}, 1, &label, NULL);
  clgan_op_cost(g, &g->nodes[g->values[y].producer], &flops, &bytes);
  assert_true(bytes == 7 * 4 + 70 * 4);
  y = clgan_ir_emit(g, CLGAN_OP_SLICE, &(struct clgan_attr){.i = {0, 1, 1}}, 1, &a, NULL);
  clgan_op_cost(g, &g->nodes[g->values[y].producer], &flops, &bytes); /* what is left out is not read */
  assert_true(bytes == 2 * 60 * 4);
  clgan_ir_destroy(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(single_elements), cmocka_unit_test(one_node_alone),
                                     cmocka_unit_test(another_batch), cmocka_unit_test(cost)};
  return cmocka_run_group_tests(tests, device_open, device_close);
}
