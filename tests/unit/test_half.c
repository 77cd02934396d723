/* test_half.c: storage in half precision: what becomes a half and what stays, both kernel families against the interpreter, a whole
 * step against single precision, the loss scale. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdlib.h>
#include "rig.h"
#include "host_step.h"

#define EMIT(g, op, attr, ...) \
  clgan_ir_emit((g), (op), (attr), (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), (int[]){__VA_ARGS__}, NULL)

static size_t count(const struct clgan_ir *g, int op) {
  size_t n = 0;
  for (size_t k = 0; k < g->n_nodes; k++) n += !g->nodes[k].dead && g->nodes[k].op == op;
  return n;
}

/* Two products with batch norm between them, and the gradients of the weights and the input. */
static void build(struct clgan_ir *g, int keep[4]) {
  struct clgan_attr first = {.geom = {16, 16, 16, 16, 8, 8, 32, 4, 4, 2, 1}, .act = CLGAN_ACT_LRELU, .slope = 0.2f},
                    second = {.geom = {16, 8, 8, 32, 8, 8, 16, 3, 3, 1, 1}}, norm = {.f = {1e-5f}, .act = CLGAN_ACT_RELU};
  int x = clgan_ir_input(g, "x", CLGAN_F32, clgan_shape_of(16, 16, 16, 16)),
      v = clgan_ir_input(g, "v", CLGAN_F32, clgan_shape_of(1, 16, 16, 32)),
      w = clgan_ir_input(g, "w", CLGAN_F32, clgan_shape_of(1, 9, 32, 16)),
      dy = clgan_ir_input(g, "dy", CLGAN_F32, clgan_shape_of(16, 8, 8, 16)), stats[2], grads[3];
  int h = EMIT(g, CLGAN_OP_CONV, &first, x, v);
  clgan_ir_emit(g, CLGAN_OP_BN_STATS, NULL, 1, &h, stats);
  int n = EMIT(g, CLGAN_OP_BN, &norm, h, stats[0], stats[1]), y = EMIT(g, CLGAN_OP_CONV, &second, n, w);
  struct clgan_start start = {y, dy, {1, CLGAN_NONE, 0}};
  clgan_autodiff(g, &start, 1, (int[]){w, v, x}, 3, grads);
  for (int k = 0; k < 3; k++) keep[k] = grads[k];
  keep[3] = y;
}

static void what_is_large_and_passing_becomes_half(void **state) {
  (void)state;
  static const char *const families[] = {"reg", "local"};
  for (int f = 0; f < 2; f++) {
    struct rig_result r[4], single[4];
    int keep[4];
    struct clgan_ir *g = clgan_ir_create(), *plain = clgan_ir_create();
    build(plain, keep);
    OK(clgan_graph_fuse(plain, keep, 4));
    rig_run(plain, families[f], keep, 4, NULL, NULL, 2, single);
    build(g, keep);
    OK(clgan_graph_fuse(g, keep, 4));
    OK(clgan_graph_half(g, keep, 4));
    size_t halves = 0;
    for (size_t v = 0; v < g->n_values; v++) {
      const struct clgan_value *x = &g->values[v];
      if (x->dtype != CLGAN_F16 || x->root != (int)v) continue;
      halves++;
      assert_true(x->kind == CLGAN_VALUE_TEMP && clgan_shape_count(x->shape) >= CLGAN_HALF_LEAST);
    }
    for (int k = 0; k < 4; k++) assert_int_equal(g->values[keep[k]].dtype, CLGAN_F32);
    assert_true(halves >= 3); /* the two activations, gradients */
    assert_true(count(g, CLGAN_OP_HALVE) >= halves);
    rig_run(g, families[f], keep, 4, NULL, NULL, 2, r);
    for (int k = 0; k < 4; k++) {
      double off = 0, largest = 0, d = rig_distance(&r[k]);
      for (size_t e = 0; e < r[k].n; e++) {
        off = fmax(off, fabs(r[k].reference[e] - single[k].reference[e]));
        largest = fmax(largest, fabs(single[k].reference[e]));
      }
      print_message("  %s, result %d: from the reference %.2g, from single precision %.2g\n", families[f], k, d, off / largest);
      assert_true(d < 1e-3);                             /* a tie that rounds the other way is 2^-11 of one element */
      assert_true(off / largest < 1e-2 && off > 0);
    }
    rig_free(r, 4);
    rig_free(single, 4);
    clgan_ir_destroy(g);
    clgan_ir_destroy(plain);
  }
}

/* -- each operation that reads or writes halves itself -- */

/* The value as it is once stored as a half. */
static int through(struct clgan_ir *g, int v) {
  return EMIT(g, CLGAN_OP_WIDEN, NULL, EMIT(g, CLGAN_OP_HALVE, NULL, v));
}
static int image(struct clgan_ir *g, const char *name, int n, int h, int w, int c) {
  return through(g, clgan_ir_input(g, name, CLGAN_F32, clgan_shape_of(n, h, w, c)));
}
static int vector(struct clgan_ir *g, const char *name, int c) {
  return clgan_ir_input(g, name, CLGAN_F32, clgan_shape_of(1, 1, 1, c));
}

enum { OP_ADD, OP_ACT, OP_ACT_BWD, OP_COLSUM, OP_STATS, OP_BN, OP_SUMS, OP_BN_BWD, OP_CONV, OP_DECONV, OP_GATED, OP_WGRAD, OPS };

/* @return how many HALVE and WIDEN are needed all the same: for the inputs, and for the result kept */
static int build_op(struct clgan_ir *g, int which, int n, int c, int *keep) {
  struct clgan_attr act = {.act = CLGAN_ACT_LRELU, .slope = 0.2f, .f = {1e-5f}};
  const int co = 2 * c - 1;
  struct clgan_attr product = {.geom = {n, 6, 8, c, 3, 4, co, 4, 4, 2, 1}, .act = CLGAN_ACT_LRELU, .slope = 0.2f};
  int x = image(g, "x", n, 6, 8, c), y, two[2];
  int mean = vector(g, "mean", c), var = vector(g, "positive var", c), gamma = vector(g, "gamma", c), beta = vector(g, "beta", c);
  switch (which) {
    case OP_ADD: y = through(g, EMIT(g, CLGAN_OP_ADD, NULL, x, image(g, "b", n, 6, 8, c))); break;
    case OP_ACT: y = through(g, EMIT(g, CLGAN_OP_ACT, &act, x)); break;
    case OP_ACT_BWD: y = through(g, EMIT(g, CLGAN_OP_ACT_BWD, &act, x, image(g, "y", n, 6, 8, c))); break;
    case OP_COLSUM: y = EMIT(g, CLGAN_OP_COLSUM, NULL, x); break;
    case OP_STATS: clgan_ir_emit(g, CLGAN_OP_BN_STATS, NULL, 1, &x, two), y = two[1]; break;
    case OP_BN: y = through(g, EMIT(g, CLGAN_OP_BN, &act, x, mean, var, gamma, beta)); break;
    case OP_SUMS:
      clgan_ir_emit(g, CLGAN_OP_BN_BWD_SUMS, &act, 6, (int[]){image(g, "dy", n, 6, 8, c), x, mean, var, gamma, beta}, two);
      y = two[1];
      break;
    case OP_BN_BWD:
      y = through(g, EMIT(g, CLGAN_OP_BN_BWD, &act, image(g, "dy", n, 6, 8, c), x, mean, var, vector(g, "sum", c), vector(g, "sum2", c),
                          gamma, beta));
      break;
    case OP_CONV:
      y = through(g, EMIT(g, CLGAN_OP_CONV, &product, x, clgan_ir_input(g, "w", CLGAN_F32, clgan_shape_of(1, 16, c, co)), vector(g, "b", co)));
      break;
    case OP_DECONV:
      product.i[0] = 1;
      y = through(g, EMIT(g, CLGAN_OP_CONV, &product, image(g, "s", n, 3, 4, co),
                          clgan_ir_input(g, "w", CLGAN_F32, clgan_shape_of(1, 16, co, c)), vector(g, "b", c)));
      break;
    case OP_GATED:
      product.act = CLGAN_ACT_NONE;
      product.i[CLGAN_CONV_GATE_ACT] = CLGAN_ACT_RELU;
      y = through(g, EMIT(g, CLGAN_OP_CONV, &product, x, clgan_ir_input(g, "w", CLGAN_F32, clgan_shape_of(1, 16, c, co)), CLGAN_NONE,
                          CLGAN_NONE, image(g, "gate", n, 3, 4, co)));
      break;
    default: y = EMIT(g, CLGAN_OP_CONV_WGRAD, &product, x, image(g, "dy", n, 3, 4, co));
  }
  *keep = y;
  return which == OP_COLSUM || which == OP_STATS || which == OP_SUMS || which == OP_WGRAD;
}

/* As many conversions as inputs are made halves, and one back for a result that is one. */
static void operations_take_halves(void **state) {
  (void)state;
  static const char *const families[] = {"reg", "local"};
  for (int k = 0; k < 2 * 2 * OPS; k++) {
    const int which = k / 4, f = k / 2 % 2, odd = k % 2;
    const bool product = which >= OP_CONV;
    struct rig_result r;
    int keep;
    struct clgan_ir *g = clgan_ir_create();
    const int whole = build_op(g, which, odd ? 3 : 8, odd ? 7 : 16, &keep);
    rig_run(g, families[f], &keep, 1, NULL, NULL, 2, &r);
    size_t widened = count(g, CLGAN_OP_WIDEN), expected = whole ? 0 : 1, results = 0;
    for (size_t i = 0; i < g->n_nodes; i++) /* of what an operation made */
      results += !g->nodes[i].dead && g->nodes[i].op == CLGAN_OP_HALVE && g->values[g->nodes[i].in[0]].kind != CLGAN_VALUE_INPUT;
    if (product && f == 0)
      assert_true(widened > expected); /* a processor's products read what was widened */
    else if (widened != expected)
      fail_msg("operation %d, %s: %zu WIDEN are left, not %zu", which, families[f], widened, expected);
    if (!(product && f == 0) && results) fail_msg("operation %d, %s: its result is made a half by another pass", which, families[f]);
    double d = rig_distance(&r);
    if (!(d <= (whole ? 1e-5 : 6e-4))) fail_msg("operation %d, %s, %s sizes: off by %.3g", which, families[f], odd ? "odd" : "even", d);
    rig_free(&r, 1);
    clgan_ir_destroy(g);
  }
}

enum { BATCH = 32 };

static struct clgan_model *load(const char *precision) {
  struct clgan_model *m = NULL;
  OK(clgan_model_load("digits", 4, &precision, 1, &m, &error));
  return m;
}

static void a_step_is_nearly_that_of_single_precision(void **state) {
  (void)state;
  struct clgan_model *half = load("precision=fp16"), *single = load("precision=fp32");
  struct host a, b;
  open_host(&a, half, BATCH);
  open_host(&b, single, BATCH);
  assert_int_equal(count(b.s->g, CLGAN_OP_HALVE), 0);
  assert_true(count(a.s->g, CLGAN_OP_HALVE) > 10);
  step_of_host(&a, 0, 0);
  step_of_host(&b, 0, 0);
  for (int k = 0; k < a.s->n_losses; k++) {
    double x = clgan_interpreter_data(a.p, a.s->losses)[k], y = clgan_interpreter_data(b.p, b.s->losses)[k];
    assert_true(fabs(x - y) < 1e-3 * fabs(y));
  }
  for (int k = 0; k < 3; k++) { /* gradients, without their scale, point the same way */
    const char *const name = k == 0 ? "D.grads" : k == 1 ? "G.grads" : "E.grads";
    const int at = state_of(a.s, name);
    const double *x = clgan_interpreter_data(a.p, at), *y = clgan_interpreter_data(b.p, state_of(b.s, name));
    const double unscale = clgan_interpreter_data(a.p, state_of(a.s, k ? "scale.GE" : "scale.D"))[1];
    double xy = 0, xx = 0, yy = 0;
    for (size_t e = 0; e < clgan_shape_count(clgan_ir_shape(a.s->g, at)); e++)
      xy += unscale * x[e] * y[e], xx += unscale * x[e] * unscale * x[e], yy += y[e] * y[e];
    print_message("  %s: cosine %.6f, length %.4f\n", name, xy / sqrt(xx * yy), sqrt(xx / yy));
    assert_true(xy / sqrt(xx * yy) > 0.999 && fabs(sqrt(xx / yy) - 1) < 0.01);
  }
  close_host(&a);
  close_host(&b);
  clgan_model_destroy(half);
  clgan_model_destroy(single);
}

/* With a scale beyond all reason gradients overflow: nothing is learned from them, and the scale falls. */
static void gradients_beyond_the_range_are_left_out(void **state) {
  (void)state;
  struct clgan_model *m = load("precision=fp16");
  struct host h;
  open_host(&h, m, BATCH);
  double *d = clgan_interpreter_data(h.p, state_of(h.s, "scale.D")), *ge = clgan_interpreter_data(h.p, state_of(h.s, "scale.GE"));
  d[0] = 40;
  step_of_host(&h, 0, 0);
  const double *moments = clgan_interpreter_data(h.p, state_of(h.s, "D.m")), *others = clgan_interpreter_data(h.p, state_of(h.s, "G.m"));
  double most = 0, most_g = 0;
  for (size_t e = 0; e < m->nets[CLGAN_NET_D].group_count; e++) most = fmax(most, fabs(moments[e]));
  for (size_t e = 0; e < m->nets[CLGAN_NET_G].group_count; e++) most_g = fmax(most_g, fabs(others[e]));
  assert_true(most == 0 && d[3] == 0 && d[0] == 39 && d[2] == 0);
  assert_true(most_g > 0 && ge[3] == 1 && ge[0] == 0 && ge[2] == 1 && ge[1] == ldexp(1, -CLGAN_LOSS_SCALE_START));
  d[0] = 0;
  step_of_host(&h, 0, 0);
  for (size_t e = 0; e < m->nets[CLGAN_NET_D].group_count; e++) most = fmax(most, fabs(moments[e]));
  assert_true(most > 0 && d[3] == 1);
  close_host(&h);
  clgan_model_destroy(m);
}

/* -- what the device makes of numbers that are not finite -- */

static void infinite_sums_on_the_device(void **state) {
  (void)state;
  static const struct {
    float exponent, sum;
    double expected[4]; /* exponent, 1 / scale, steps, used */
  } cases[] = {{3, 1, {3, 0x1p-15, 6, 1}},        {3, INFINITY, {2, 0x1p-15, 0, 0}}, {3, NAN, {2, 0x1p-15, 0, 0}},
               {-12, 1, {-12, 1, 6, 1}},          {-12, NAN, {-12, 1, 0, 1} /* no scale mends it */}};
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
    for (int f = 0; f < 2; f++) {
      struct clgan_attr attr = {.i = {100}}, adam = {.f = {0.5f, 0.999f, 1e-8f}, .i = {0, 1, 2}};
      struct clgan_ir *g = clgan_ir_create();
      struct clgan_store *store = clgan_store_create(device);
      struct clgan_run *run = NULL;
      int scale = clgan_ir_state(g, "scale", CLGAN_F32, clgan_shape_of(1, 1, 1, 4)), sums = vector(g, "sums", 3);
      int p = clgan_ir_state(g, "p", CLGAN_F32, clgan_shape_of(1, 1, 1, 5)), m = clgan_ir_state(g, "m", CLGAN_F32, clgan_shape_of(1, 1, 1, 5)),
          v = clgan_ir_state(g, "v", CLGAN_F32, clgan_shape_of(1, 1, 1, 5));
      int now = EMIT(g, CLGAN_OP_LOSS_SCALE, &attr, scale, sums);
      int keep = EMIT(g, CLGAN_OP_ADAM, &adam, p, m, v, vector(g, "grad", 5), vector(g, "consts", 3), now);
      setenv("CLGAN_FAMILY", f ? "local" : "reg", 1);
      OK(clgan_run_create(device, store, g, &keep, 1, &run, &error));
      unsetenv("CLGAN_FAMILY");
      const float before[4] = {cases[k].exponent, 7, 5, 7}, all[3] = {1, cases[k].sum, 2}, grad[5] = {1, 2, 3, 4, 5}, consts[3] = {0.1f, 0.5f, 0.001f};
      float after[4], weights[5];
      OK(clgan_store_write(store, "scale", 0, before, 4, &error));
      OK(clgan_run_write(run, sums, all, sizeof all, &error));
      for (size_t i = 0; i < g->n_values; i++) {
        if (g->values[i].kind != CLGAN_VALUE_INPUT) continue;
        if (!strcmp(g->values[i].name, "grad")) OK(clgan_run_write(run, (int)i, grad, sizeof grad, &error));
        if (!strcmp(g->values[i].name, "consts")) OK(clgan_run_write(run, (int)i, consts, sizeof consts, &error));
      }
      OK(clgan_run_execute(run, &error));
      OK(clgan_store_read(store, "scale", 0, after, 4, &error));
      OK(clgan_store_read(store, "p", 0, weights, 5, &error));
      for (int i = 0; i < 4; i++) assert_true((double)after[i] == cases[k].expected[i]);
      assert_int_equal(weights[0] != 0, cases[k].expected[3] != 0);
      clgan_run_destroy(run);
      clgan_store_destroy(store);
      clgan_ir_destroy(g);
    }
}

static void halves_beyond_the_range_are_infinite(void **state) {
  (void)state;
  const float x[] = {65504, 65519, 65520, -1e6f, 1 + 0x1p-11f, 1 + 3 * 0x1p-11f, 0x1p-24f, 0x1p-25f, INFINITY};
  const float expected[] = {65504, 65504, INFINITY, -INFINITY, 1, 1 + 0x1p-9f, 0x1p-24f, 0, INFINITY}; /* ties to even */
  enum { N = sizeof x / sizeof x[0] };
  for (int f = 0; f < 2; f++) {
    struct clgan_ir *g = clgan_ir_create();
    struct clgan_store *store = clgan_store_create(device);
    struct clgan_run *run = NULL;
    float y[N];
    int in = vector(g, "x", N), keep = through(g, in);
    setenv("CLGAN_FAMILY", f ? "local" : "reg", 1);
    OK(clgan_run_create(device, store, g, &keep, 1, &run, &error));
    unsetenv("CLGAN_FAMILY");
    OK(clgan_run_write(run, in, x, sizeof x, &error));
    OK(clgan_run_execute(run, &error));
    OK(clgan_run_read(run, keep, y, sizeof y, &error));
    for (int k = 0; k < N; k++)
      if (y[k] != expected[k]) fail_msg("%g as a half is %g, not %g", (double)x[k], (double)y[k], (double)expected[k]);
    clgan_run_destroy(run);
    clgan_store_destroy(store);
    clgan_ir_destroy(g);
  }
}

static void refuses_what_it_cannot_hold(void **state) {
  (void)state;
  const char *sets[] = {"precision=fp16", "penalty=1"};
  struct clgan_model *m = NULL;
  struct clgan_step *s = NULL;
  OK(clgan_model_load("digits", 4, sets, 2, &m, &error));
  assert_int_equal(clgan_step_create(m, BATCH, true, &s, &error), CLGAN_ERR_USAGE);
  assert_non_null(strstr(error.text, "--precision fp16 with --set penalty=1"));
  clgan_error_clear(&error);
  clgan_model_destroy(m);
}

int main(int argc, char **argv) {
  if (argc > 1) cmocka_set_test_filter(argv[1]);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_large_and_passing_becomes_half), cmocka_unit_test(operations_take_halves),
      cmocka_unit_test(infinite_sums_on_the_device), cmocka_unit_test(halves_beyond_the_range_are_infinite),
      cmocka_unit_test(a_step_is_nearly_that_of_single_precision),
      cmocka_unit_test(gradients_beyond_the_range_are_left_out), cmocka_unit_test(refuses_what_it_cannot_hold)};
  return cmocka_run_group_tests(tests, device_open, device_close);
}
