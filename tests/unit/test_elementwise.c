/* Element-wise operations, activations, transposition, column sums, Adam, averaging, random numbers. */
#define _POSIX_C_SOURCE 200809L
#include "rig.h"

static const int counts[] = {1, 3, 8, 17, 1000, 70001};
#define N_COUNTS (sizeof counts / sizeof counts[0])

static int input(struct clgan_ir *g, const char *name, int n, int c) {
  return clgan_ir_input(g, name, CLGAN_F32, clgan_shape_of(n, 1, 1, c));
}

static void sums_and_affine_maps(void **state) {
  (void)state;
  for (size_t k = 0; k < N_COUNTS; k++) {
    struct clgan_ir *g = clgan_ir_create();
    int a = input(g, "a", counts[k], 1), b = input(g, "b", counts[k], 1), c = input(g, "c", counts[k], 3), keep[4];
    int u = clgan_ir_input(g, "u", CLGAN_U8, clgan_shape_of(1, 1, 1, counts[k]));
    struct clgan_attr whole = {.f = {0.5f, -2}}, columns = {.f = {1, 2, 3, -4, -5, 0.25f}, .i = {3}},
                      bytes = {.f = {1 / 127.5f, -1}};
    keep[0] = clgan_ir_emit(g, CLGAN_OP_ADD, NULL, 2, (int[]){a, b}, NULL);
    keep[1] = clgan_ir_emit(g, CLGAN_OP_AFFINE, &whole, 1, &a, NULL);
    keep[2] = clgan_ir_emit(g, CLGAN_OP_AFFINE, &columns, 1, &c, NULL);
    keep[3] = clgan_ir_emit(g, CLGAN_OP_UNPACK, &bytes, 1, &u, NULL);
    rig_compare(g, "add, affine, unpack", keep, 4, 2e-7);
  }
}

static void scalars_stack(void **state) {
  (void)state;
  for (int n = 1; n <= 8; n++) {
    struct clgan_ir *g = clgan_ir_create();
    int in[8], keep;
    for (int k = 0; k < n; k++) in[k] = input(g, "s", 1, 1);
    keep = clgan_ir_emit(g, CLGAN_OP_STACK, NULL, n, in, NULL);
    rig_compare(g, "stack", &keep, 1, 0);
  }
}

static void activations(void **state) {
  (void)state;
  for (size_t k = 0; k < N_COUNTS; k++)
    for (int act = CLGAN_ACT_NONE; act <= CLGAN_ACT_SIGMOID; act++) {
      struct clgan_ir *g = clgan_ir_create();
      struct clgan_attr attr = {.act = (enum clgan_act)act, .slope = 0.2f};
      int x = input(g, "x", counts[k], 1), dy = input(g, "dy", counts[k], 1), keep[2];
      keep[0] = clgan_ir_emit(g, CLGAN_OP_ACT, &attr, 1, &x, NULL);
      keep[1] = clgan_ir_emit(g, CLGAN_OP_ACT_BWD, &attr, 2, (int[]){dy, keep[0]}, NULL);
      rig_compare(g, "act", keep, 2, 1e-6);
    }
}

static void nan_stays_and_large_values_saturate(void **state) {
  (void)state;
  static const char *const families[] = {"reg", "local"};
  float x[9] = {NAN, -200, 200, 0, -1, 1, NAN, -1e30f, 1e30f};
  for (int f = 0; f < 2; f++)
    for (int act = CLGAN_ACT_NONE; act <= CLGAN_ACT_SIGMOID; act++) {
      struct clgan_ir *g = clgan_ir_create();
      struct clgan_attr attr = {.act = (enum clgan_act)act, .slope = 0.2f};
      int in = input(g, "x", 9, 1), keep;
      const float *given[2] = {x, NULL};
      struct rig_result r;
      keep = clgan_ir_emit(g, CLGAN_OP_ACT, &attr, 1, &in, NULL);
      rig_run(g, families[f], &keep, 1, given, NULL, 1, &r);
      for (int e = 0; e < 9; e++) {
        assert_int_equal(isnan(r.computed[e]) != 0, isnan(x[e]) != 0);
        if (!isnan(x[e]))
          assert_true(fabs((double)r.computed[e] - r.reference[e]) <= 1e-6 * fabs(r.reference[e]) + 1e-12);
      }
      rig_free(&r, 1);
      clgan_ir_destroy(g);
    }
}

static void transposition(void **state) {
  (void)state;
  static const int sizes[][3] = {{1, 1, 1},    {3, 5, 7},   {16, 16, 32}, {2, 33, 17},
                                 {1, 100, 64}, {4, 16, 15}, {9, 3, 64},   {1, 65, 300}};
  for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
    struct clgan_ir *g = clgan_ir_create();
    struct clgan_attr attr = {.i = {sizes[k][0], sizes[k][1], sizes[k][2]}};
    int w = clgan_ir_input(g, "w", CLGAN_F32, clgan_shape_of(1, sizes[k][0], sizes[k][1], sizes[k][2])), keep;
    keep = clgan_ir_emit(g, CLGAN_OP_TRANSPOSE, &attr, 1, &w, NULL);
    rig_compare(g, "transpose", &keep, 1, 0);
  }
}

static void column_sums(void **state) {
  (void)state;
  static const int rows[] = {1, 4, 7, 300, 9001}, columns[] = {1, 2, 3, 8, 10, 50, 64, 100, 257, 600};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    for (size_t j = 0; j < sizeof columns / sizeof columns[0]; j++) {
      if (rows[i] * columns[j] > 1000000) continue;
      struct clgan_ir *g = clgan_ir_create();
      int x = input(g, "positive x", rows[i], columns[j]), acc = input(g, "acc", 1, columns[j]), keep[2];
      keep[0] = clgan_ir_emit(g, CLGAN_OP_COLSUM, NULL, 1, &x, NULL);
      keep[1] = clgan_ir_emit(g, CLGAN_OP_COLSUM, NULL, 2, (int[]){x, acc}, NULL);
      char what[64];
      (void)snprintf(what, sizeof what, "colsum %d x %d", rows[i], columns[j]);
      rig_compare(g, what, keep, 2, 4e-7);
    }
}

static void adam_and_averaging(void **state) {
  (void)state;
  static const char *const families[] = {"reg", "local"};
  for (int f = 0; f < 2; f++)
    for (size_t k = 0; k < N_COUNTS; k++) {
      struct clgan_ir *g = clgan_ir_create();
      struct clgan_shape s = clgan_shape_of(1, 1, 1, counts[k]);
      int p = clgan_ir_state(g, "p", CLGAN_F32, s), m = clgan_ir_state(g, "m", CLGAN_F32, s);
      int v = clgan_ir_state(g, "positive v", CLGAN_F32, s), a = clgan_ir_state(g, "a", CLGAN_F32, s);
      int grad = clgan_ir_input(g, "g", CLGAN_F32, s), consts = input(g, "positive consts", 1, 5), keep[4];
      struct clgan_attr adam = {.f = {0.5f, 0.999f, 1e-8f, 0.01f}, .i = {2, 0, 4}}, lerp = {.i = {3}};
      clgan_ir_emit(g, CLGAN_OP_ADAM, &adam, 5, (int[]){p, m, v, grad, consts}, keep);
      keep[3] = clgan_ir_emit(g, CLGAN_OP_LERP, &lerp, 3, (int[]){a, keep[0], consts}, NULL);
      struct rig_result r[4];
      rig_run(g, families[f], keep, 4, NULL, NULL, 3, r);
      for (int o = 0; o < 4; o++) {
        double d = rig_distance(&r[o]);
        if (!(d < 2e-6))
          fail_msg("adam or lerp, %s, %d elements, result %d: off by %.3g", families[f], counts[k], o, d);
      }
      rig_free(r, 4);
      clgan_ir_destroy(g);
    }
}

/* torch.optim.Adam(lr=2e-3, betas=(0.5, 0.999), weight_decay=0.1) in float64, three steps on [1, -2, 0.5, 3] with
 * gradients [0.1, -0.2, 0.3, 4] times the step's number. */
static void adam_is_pytorchs(void **state) {
  (void)state;
  static const double torch_p[4] = {0.993703514354, -1.99370338885, 0.493652007166, 2.99364747057};
  static const float start[4] = {1, -2, 0.5f, 3}, gradient[4] = {0.1f, -0.2f, 0.3f, 4};
  struct clgan_store *store = clgan_store_create(device);
  struct clgan_ir *g = clgan_ir_create();
  struct clgan_shape s = clgan_shape_of(1, 1, 1, 4);
  int p = clgan_ir_state(g, "p", CLGAN_F32, s), m = clgan_ir_state(g, "m", CLGAN_F32, s),
      v = clgan_ir_state(g, "v", CLGAN_F32, s);
  int grad = clgan_ir_input(g, "g", CLGAN_F32, s), consts = input(g, "consts", 1, 3);
  struct clgan_attr adam = {.f = {0.5f, 0.999f, 1e-8f, 0.1f}, .i = {0, 1, 2}};
  struct clgan_run *run = NULL;
  clgan_ir_emit(g, CLGAN_OP_ADAM, &adam, 5, (int[]){p, m, v, grad, consts}, NULL);
  assert_int_equal(setenv("CLGAN_FAMILY", "reg", 1), 0);
  OK(clgan_run_create(device, store, g, NULL, 0, &run, &error));
  OK(clgan_store_write(store, "p", 0, start, 4, &error));
  for (int t = 1; t <= 3; t++) {
    float c[3] = {2e-3f, (float)(1 - pow(0.5, t)), (float)(1 - pow(0.999, t))}, scaled[4];
    for (int e = 0; e < 4; e++) scaled[e] = gradient[e] * (float)t;
    OK(clgan_run_write(run, consts, c, sizeof c, &error));
    OK(clgan_run_write(run, grad, scaled, sizeof scaled, &error));
    OK(clgan_run_execute(run, &error));
  }
  float out[4];
  OK(clgan_store_read(store, "p", 0, out, 4, &error));
  for (int e = 0; e < 4; e++)
    if (!(fabs((double)out[e] - torch_p[e]) < 3e-7))
      fail_msg("parameter %d: %.9g, PyTorch %.9g", e, (double)out[e], torch_p[e]);
  clgan_run_destroy(run);
  clgan_store_destroy(store);
  clgan_ir_destroy(g);
}

static int draw(struct clgan_ir *g, int counters, int kind, int stream, int below, int n) {
  struct clgan_attr attr = {.i = {kind, stream, below, n, 1, 1, 1}};
  return clgan_ir_emit(g, CLGAN_OP_RANDOM, &attr, 1, &counters, NULL);
}

static void random_numbers_equal_the_hosts(void **state) {
  (void)state;
  static const char *const families[] = {"reg", "local"};
  static const int32_t counters[4] = {-123456789, 987654321, 42, 1};
  const uint64_t seed = (uint64_t)987654321 << 32 | (uint32_t)-123456789, step = (uint64_t)1 << 32 | 42;
  const int n = 40003;
  for (int f = 0; f < 2; f++) {
    struct clgan_ir *g = clgan_ir_create();
    int c = clgan_ir_input(g, "counters", CLGAN_I32, clgan_shape_of(1, 1, 1, 4)), keep[4];
    struct rig_result r[4];
    for (int kind = 0; kind < 4; kind++) keep[kind] = draw(g, c, kind, 16 + kind, 17, n);
    rig_run(g, families[f], keep, 4, NULL, counters, 1, r);
    double worst = 0;
    for (int e = 0; e < n; e++) {
      uint32_t u[4][4];
      float pair[2];
      for (uint32_t k = 0; k < 4; k++) clgan_philox_block(seed, step, 16 + k, (uint32_t)e / 4, u[k]);
      int lane = e % 4;
      assert_true(r[0].computed[e] == 2 * clgan_philox_uniform(u[0][lane]) - 1);
      clgan_philox_normal(u[1][lane & 2], u[1][(lane & 2) + 1], pair);
      worst = fmax(worst, fabs((double)r[1].computed[e] - (double)pair[lane & 1]));
      int32_t integer;
      memcpy(&integer, &r[2].computed[e], sizeof integer);
      assert_int_equal(integer, (int32_t)(((uint64_t)u[2][lane] * 17) >> 32));
      assert_true(r[3].computed[e] == clgan_philox_uniform(u[3][lane]));
      assert_true((double)integer == r[2].reference[e]);
    }
    print_message("  %s: normals within %.2g\n", families[f], worst);
    assert_true(worst <= 1e-6);
    assert_true(rig_distance(&r[0]) == 0 && rig_distance(&r[3]) == 0);
    rig_free(r, 4);
    clgan_ir_destroy(g);
  }
}

static void wrong_graphs_are_refused(void **state) {
  (void)state;
  struct clgan_attr none = {.i = {0}}, columns = {.i = {3}}, kind = {.i = {7, 0, 0, 1, 1, 1, 1}};
  struct clgan_ir *g[5];
  for (int k = 0; k < 5; k++) g[k] = clgan_ir_create();
  assert_int_equal(
      clgan_ir_emit(g[0], CLGAN_OP_ADD, NULL, 2, (int[]){input(g[0], "a", 2, 3), input(g[0], "b", 3, 2)}, NULL),
      CLGAN_NONE);
  assert_int_equal(clgan_ir_emit(g[1], CLGAN_OP_AFFINE, &columns, 1, (int[]){input(g[1], "a", 2, 4)}, NULL),
                   CLGAN_NONE);
  assert_int_equal(clgan_ir_emit(g[2], CLGAN_OP_TRANSPOSE, &none, 1, (int[]){input(g[2], "a", 2, 4)}, NULL),
                   CLGAN_NONE);
  int c = clgan_ir_input(g[3], "counters", CLGAN_I32, clgan_shape_of(1, 1, 1, 4));
  assert_int_equal(clgan_ir_emit(g[3], CLGAN_OP_RANDOM, &kind, 1, &c, NULL), CLGAN_NONE);
  int in[5] = {0};
  struct clgan_attr adam = {.i = {0, 1, 3}};
  for (int k = 0; k < 3; k++) in[k] = clgan_ir_state(g[4], "s", CLGAN_F32, clgan_shape_of(1, 1, 1, 4));
  in[3] = input(g[4], "g", 1, 4);
  in[4] = input(g[4], "consts", 1, 3);
  assert_int_equal(clgan_ir_emit(g[4], CLGAN_OP_ADAM, &adam, 5, in, NULL), CLGAN_NONE);
  for (int k = 0; k < 5; k++) {
    assert_true(g[k]->error.text[0] != '\0');
    clgan_ir_destroy(g[k]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sums_and_affine_maps),
      cmocka_unit_test(scalars_stack),
      cmocka_unit_test(activations),
      cmocka_unit_test(nan_stays_and_large_values_saturate),
      cmocka_unit_test(transposition),
      cmocka_unit_test(column_sums),
      cmocka_unit_test(adam_and_averaging),
      cmocka_unit_test(adam_is_pytorchs),
      cmocka_unit_test(random_numbers_equal_the_hosts),
      cmocka_unit_test(wrong_graphs_are_refused),
  };
  return cmocka_run_group_tests(tests, device_open, device_close);
}
