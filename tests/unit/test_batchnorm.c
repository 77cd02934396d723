/* Batch norm: statistics, normalisation with its activation, gradient, running statistics. */
#define _POSIX_C_SOURCE 200809L
#include "rig.h"

static const float epsilon = 1e-5f;

static int input(struct clgan_ir *g, const char *name, int n, int c) {
  return clgan_ir_input(g, name, CLGAN_F32, clgan_shape_of(n, 1, 1, c));
}

static void statistics(void **state) {
  (void)state;
  static const int rows[] = {1, 2, 4, 7, 64, 300, 9001}, columns[] = {1, 2, 3, 8, 10, 50, 64, 100, 257, 1024};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    for (size_t j = 0; j < sizeof columns / sizeof columns[0]; j++) {
      if (rows[i] * columns[j] > 600000) continue;
      struct clgan_ir *g = clgan_ir_create();
      int x = input(g, "positive x", rows[i], columns[j]), keep[2];
      clgan_ir_emit(g, CLGAN_OP_BN_STATS, NULL, 1, &x, keep);
      char what[64];
      (void)snprintf(what, sizeof what, "bn_stats %d x %d", rows[i], columns[j]);
      rig_compare(g, what, keep, 2, 1e-6);
    }
}

/* Mean 100, deviation 0.01; the first row, which a shifted sum would take for a mean, is far off in half of the
 * channels. */
static void a_large_mean_cancels_nothing(void **state) {
  (void)state;
  static const char *const families[] = {"reg", "local"};
  enum { C = 12 };
  const int rows = 20000;
  float *x = clgan_mem_array((size_t)(rows * C), sizeof *x);
  struct clgan_random random;
  clgan_random_init(&random, 5, 0, CLGAN_STREAM_INIT);
  for (int e = 0; e < rows * C; e++) x[e] = 100 + 0.01f * clgan_random_normal(&random);
  for (int c = 0; c < C; c += 2) x[c] = 0;
  for (int f = 0; f < 2; f++) {
    struct clgan_ir *g = clgan_ir_create();
    int in = input(g, "x", rows, C), keep[2];
    const float *given[3] = {x, NULL, NULL};
    struct rig_result r[2];
    clgan_ir_emit(g, CLGAN_OP_BN_STATS, NULL, 1, &in, keep);
    rig_run(g, families[f], keep, 2, given, NULL, 1, r);
    double worst = 0;
    for (int c = 0; c < C; c++) {
      assert_true(fabs((double)r[0].computed[c] - r[0].reference[c]) < 2e-5);
      worst = fmax(worst, fabs((double)r[1].computed[c] / r[1].reference[c] - 1));
    }
    print_message("  %s: variance within %.2g\n", families[f], worst);
    assert_true(worst < 1e-4);
    rig_free(r, 2);
    clgan_ir_destroy(g);
  }
  clgan_mem_free(x);
}

struct shape_case {
  int rows, columns, act;
};
static const struct shape_case cases[] = {{4, 3, 0},    {5, 64, 1},    {130, 1, 2},  {64, 50, 3},
                                          {700, 32, 4}, {2500, 64, 2}, {33, 300, 1}, {128, 1024, 2}};
#define N_CASES (sizeof cases / sizeof cases[0])

static void normalisation(void **state) {
  (void)state;
  for (size_t k = 0; k < N_CASES; k++)
    for (int has = 0; has < 4; has++) {
      struct clgan_ir *g = clgan_ir_create();
      int c = cases[k].columns, x = input(g, "x", cases[k].rows, c), mean = input(g, "mean", 1, c),
          var = input(g, "positive var", 1, c);
      int gamma = has & 1 ? input(g, "gamma", 1, c) : CLGAN_NONE, beta = has & 2 ? input(g, "beta", 1, c) : CLGAN_NONE,
          keep;
      struct clgan_attr attr = {.act = (enum clgan_act)cases[k].act, .slope = 0.2f, .f = {epsilon}};
      keep = clgan_ir_emit(g, CLGAN_OP_BN, &attr, 5, (int[]){x, mean, var, gamma, beta}, NULL);
      rig_compare(g, "bn", &keep, 1, 1e-6);
    }
}

/* x -> statistics -> bn -> y and its gradients for a given dy. still: the statistics are inputs. */
static void build(struct clgan_ir *g, const struct shape_case *s, int has, bool still, int *wrt, int *dy, int *y,
                  int *grads) {
  int c = s->columns, in[5];
  in[0] = wrt[0] = input(g, "x", s->rows, c);
  if (still) {
    in[1] = input(g, "mean", 1, c);
    in[2] = input(g, "positive var", 1, c);
  } else {
    clgan_ir_emit(g, CLGAN_OP_BN_STATS, NULL, 1, in, in + 1);
  }
  in[3] = wrt[1] = has & 1 ? input(g, "positive gamma", 1, c) : CLGAN_NONE;
  in[4] = wrt[2] = has & 2 ? input(g, "beta", 1, c) : CLGAN_NONE;
  struct clgan_attr attr = {.act = (enum clgan_act)s->act, .slope = 0.2f, .f = {epsilon}};
  *y = clgan_ir_emit(g, CLGAN_OP_BN, &attr, 5, in, NULL);
  *dy = input(g, "dy", s->rows, c);
  struct clgan_start start = {.value = *y, .gradient = *dy, .loss = {.dynamic = CLGAN_NONE}};
  int list[3], found[3], n = 0;
  for (int k = 0; k < 3; k++)
    if (wrt[k] != CLGAN_NONE) list[n++] = wrt[k];
  if (clgan_autodiff(g, &start, 1, list, (size_t)n, found) != CLGAN_OK) fail_msg("%s", g->error.text);
  n = 0;
  for (int k = 0; k < 3; k++) grads[k] = wrt[k] != CLGAN_NONE ? found[n++] : CLGAN_NONE;
}

static void gradients_on_the_device(void **state) {
  (void)state;
  for (size_t k = 0; k < N_CASES; k++)
    for (int variant = 0; variant < 4; variant++) {
      struct clgan_ir *g = clgan_ir_create();
      int wrt[3], dy, y, grads[3], has = variant == 0 ? 0 : variant == 1 ? 2 : 3;
      char what[64];
      build(g, &cases[k], has, variant == 3, wrt, &dy, &y, grads);
      (void)snprintf(what, sizeof what, "bn gradient %d x %d, variant %d", cases[k].rows, cases[k].columns, variant);
      int keep[3], n = 0;
      for (int i = 0; i < 3; i++)
        if (grads[i] != CLGAN_NONE) keep[n++] = grads[i];
      assert_true(n == (has == 0 ? 1 : has == 2 ? 2 : 3));
      rig_compare(g, what, keep, (size_t)n, 2e-5);
    }
}

static double dot(struct clgan_interpreter *p, int a, int b, size_t n) {
  double sum = 0;
  clgan_interpreter_execute(p);
  for (size_t e = 0; e < n; e++) sum += clgan_interpreter_data(p, a)[e] * clgan_interpreter_data(p, b)[e];
  return sum;
}

/* The references' gradients against finite differences of y . dy. */
static void gradients_are_derivatives(void **state) {
  (void)state;
  for (int act = CLGAN_ACT_NONE; act <= CLGAN_ACT_SIGMOID; act++)
    for (int still = 0; still < 2; still++) {
      struct clgan_ir *g = clgan_ir_create();
      struct shape_case s = {9, 3, act};
      int wrt[3], dy, y, grads[3];
      build(g, &s, 3, still, wrt, &dy, &y, grads);
      struct clgan_interpreter *p = NULL;
      OK(clgan_interpreter_create(g, &p, &error));
      struct clgan_random random;
      clgan_random_init(&random, 9, 0, CLGAN_STREAM_INIT);
      for (size_t v = 0; v < g->n_values; v++) {
        if (g->values[v].kind != CLGAN_VALUE_INPUT || g->values[v].root != (int)v) continue;
        bool positive = strncmp(g->values[v].name, "positive", 8) == 0;
        for (size_t e = 0; e < clgan_shape_count(g->values[v].shape); e++)
          clgan_interpreter_data(p, (int)v)[e] =
              (double)clgan_random_normal(&random) * (positive ? 0.1 : 1) + (positive ? 1 : 0);
      }
      for (int k = 0; k < 3; k++)
        for (size_t e = 0; e < clgan_shape_count(clgan_ir_shape(g, wrt[k])); e++) {
          double *x = clgan_interpreter_data(p, wrt[k]) + e, at = *x, h = 1e-6, up, down;
          *x = at + h, up = dot(p, y, dy, 27);
          *x = at - h, down = dot(p, y, dy, 27);
          *x = at, (void)dot(p, y, dy, 27);
          double got = clgan_interpreter_data(p, grads[k])[e], expected = (up - down) / (2 * h);
          if (!(fabs(got - expected) < 1e-6 * (1 + fabs(expected))))
            fail_msg("act %d, input %d[%zu]: %g, differences %g", act, k, e, got, expected);
        }
      clgan_interpreter_destroy(p);
      clgan_ir_destroy(g);
    }
}

static void running_statistics(void **state) {
  (void)state;
  static const char *const families[] = {"reg", "local"};
  for (int f = 0; f < 2; f++)
    for (int given = 0; given < 2; given++) {
      struct clgan_ir *g = clgan_ir_create();
      int x = input(g, "x", 10, 37), now[2], keep[2], consts = input(g, "positive consts", 1, 3);
      int mean = clgan_ir_state(g, "mean", CLGAN_F32, clgan_shape_of(1, 1, 1, 37));
      int var = clgan_ir_state(g, "positive var", CLGAN_F32, clgan_shape_of(1, 1, 1, 37));
      clgan_ir_emit(g, CLGAN_OP_BN_STATS, NULL, 1, &x, now);
      struct clgan_attr attr = {.f = {0.1f}, .i = {10, 2}};
      clgan_ir_emit(g, CLGAN_OP_BN_RUN, &attr, 5, (int[]){mean, var, now[0], now[1], given ? consts : CLGAN_NONE},
                    keep);
      struct rig_result r[2];
      rig_run(g, families[f], keep, 2, NULL, NULL, 2, r);
      assert_true(rig_distance(&r[0]) < 1e-6 && rig_distance(&r[1]) < 1e-6);
      rig_free(r, 2);
      clgan_ir_destroy(g);
    }
  struct clgan_ir *g = clgan_ir_create(); /* one value per channel has no variance */
  int in[4] = {clgan_ir_state(g, "m", CLGAN_F32, clgan_shape_of(1, 1, 1, 2)),
               clgan_ir_state(g, "v", CLGAN_F32, clgan_shape_of(1, 1, 1, 2)), input(g, "a", 1, 2), input(g, "b", 1, 2)};
  struct clgan_attr attr = {.i = {1}};
  assert_int_equal(clgan_ir_emit(g, CLGAN_OP_BN_RUN, &attr, 4, in, NULL), CLGAN_NONE);
  assert_non_null(strstr(g->error.text, "at least 2 values"));
  clgan_ir_destroy(g);
}

/* The same twice gives the same bits; a NaN comes through to everything of its channel, and to nothing else. */
static void same_bits_and_nan(void **state) {
  (void)state;
  static const char *const families[] = {"reg", "local"};
  struct shape_case s = {3000, 24, CLGAN_ACT_RELU};
  float *x = clgan_mem_array((size_t)(s.rows * 24), sizeof *x);
  for (int e = 0; e < s.rows * 24; e++) x[e] = (float)(e * 7919 % 1009) / 500 - 1;
  x[s.rows / 2 * 24 + 5] = NAN;
  for (int f = 0; f < 2; f++) {
    struct rig_result r[2][3];
    for (int time = 0; time < 2; time++) {
      struct clgan_ir *g = clgan_ir_create();
      int wrt[3], dy, y, grads[3];
      build(g, &s, 3, false, wrt, &dy, &y, grads);
      const float **given = clgan_mem_array(g->n_values, sizeof *given);
      given[wrt[0]] = x;
      int keep[3] = {y, grads[0], grads[1]};
      rig_run(g, families[f], keep, 3, given, NULL, 1, r[time]);
      clgan_mem_free(given);
      clgan_ir_destroy(g);
    }
    for (int k = 0; k < 3; k++) {
      assert_memory_equal(r[0][k].computed, r[1][k].computed, r[0][k].n * sizeof(float));
      for (size_t e = 0; e < r[0][k].n; e++) assert_int_equal(isnan(r[0][k].computed[e]) != 0, e % 24 == 5);
    }
    rig_free(r[0], 3);
    rig_free(r[1], 3);
  }
  clgan_mem_free(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(statistics),
      cmocka_unit_test(a_large_mean_cancels_nothing),
      cmocka_unit_test(normalisation),
      cmocka_unit_test(gradients_on_the_device),
      cmocka_unit_test(gradients_are_derivatives),
      cmocka_unit_test(running_statistics),
      cmocka_unit_test(same_bits_and_nan),
  };
  return cmocka_run_group_tests(tests, device_open, device_close);
}
