/* Packed weights: made once for every version of a weight, kept as long as somebody reads them, and what reads them is
 * right. */
#define _POSIX_C_SOURCE 200809L
#include "device.h"
#include "graph/graph.h"
#include "ops/variant.h"

enum { ROWS = 512, IN = 40, OUT = 48 };

/* y = x w three times: twice with one version of the weight, then with a newer one; `swapped`: w lies [OUT][IN]. */
struct three {
  struct clgan_ir *g;
  int x[2], b, consts, y[3], node[3];
};

static void build(struct three *t, int swapped) {
  const struct clgan_attr linear = {
      .geom = {.n = ROWS, .hi = 1, .wi = 1, .ci = IN, .ho = 1, .wo = 1, .co = OUT, .kh = 1, .kw = 1, .stride = 1},
      .i = {0, swapped}};
  t->g = clgan_ir_create();
  int w = clgan_ir_state(t->g, "w", CLGAN_F32, clgan_shape_of(1, 1, IN, OUT));
  t->x[0] = clgan_ir_input(t->g, "x0", CLGAN_F32, clgan_shape_of(ROWS, 1, 1, IN));
  t->x[1] = clgan_ir_input(t->g, "x1", CLGAN_F32, clgan_shape_of(ROWS, 1, 1, IN));
  t->b = clgan_ir_input(t->g, "b", CLGAN_F32, clgan_shape_of(1, 1, IN, OUT));
  t->consts = clgan_ir_input(t->g, "consts", CLGAN_F32, clgan_shape_of(1, 1, 1, 1));
  t->y[0] = clgan_ir_emit(t->g, CLGAN_OP_CONV, &linear, 2, (int[]){t->x[0], w}, NULL);
  t->y[1] = clgan_ir_emit(t->g, CLGAN_OP_CONV, &linear, 2, (int[]){t->x[1], w}, NULL);
  w = clgan_ir_emit(t->g, CLGAN_OP_LERP, NULL, 3, (int[]){w, t->b, t->consts}, NULL);
  t->y[2] = clgan_ir_emit(t->g, CLGAN_OP_CONV, &linear, 2, (int[]){t->x[0], w}, NULL);
  assert_int_equal(t->g->error.status, CLGAN_OK);
  for (int k = 0; k < 3; k++) t->node[k] = t->g->values[t->y[k]].producer;
}

/* A book that asks for packed weights of all products. */
static struct clgan_variant asks_for_packed(void) {
  struct clgan_variant v = clgan_variant_free();
  v.at[CLGAN_VARIANT_PACKED] = 1;
  return v;
}

static bool overlap(struct clgan_place a, size_t na, struct clgan_place b, size_t nb) {
  return a.arena == b.arena && a.offset < b.offset + nb && b.offset < a.offset + na;
}

static void one_for_a_version(void **state) {
  (void)state;
  for (int swapped = 0; swapped < 2; swapped++) {
    struct three t;
    struct clgan_target target;
    struct clgan_plan *p = NULL;
    struct clgan_variant v = asks_for_packed();
    build(&t, swapped);
    OK(clgan_target_choose(device, &target, &error));
    target.book = clgan_variant_book_of(&v);
    clgan_ir_eliminate(t.g, t.y, 3);
    OK(clgan_plan_create(t.g, &target, t.y, 3, &p, &error));
    if (target.family == CLGAN_FAMILY_LOCAL && !swapped) { /* read as they lie */
      for (int k = 0; k < 3; k++) assert_int_equal(p->packer[t.node[k]], -1);
    } else {
      assert_int_equal(p->packer[t.node[0]], t.node[0]);
      assert_int_equal(p->packer[t.node[1]], t.node[0]);
      assert_int_equal(p->packer[t.node[2]], t.node[2]);
      const size_t n = p->packing_size[t.node[0]];
      assert_true(n >= (size_t)IN * OUT);
      /* neither output may lie where the second product's weights do */
      for (int k = 0; k < 2; k++)
        assert_false(overlap(p->packing[t.node[0]], n, p->value[t.y[k]], (size_t)ROWS * OUT));
    }
    clgan_plan_destroy(p);
    clgan_ir_destroy(t.g);
  }
}

static float *numbers(size_t n, uint64_t seed) {
  struct clgan_random r;
  clgan_random_init(&r, seed, 0, CLGAN_STREAM_INIT);
  float *x = clgan_mem_array(n, sizeof *x);
  for (size_t k = 0; k < n; k++) x[k] = clgan_random_normal(&r);
  return x;
}

static void give(struct clgan_run *run, struct clgan_interpreter *p, int value, const float *data, size_t n) {
  for (size_t k = 0; k < n; k++) clgan_interpreter_data(p, value)[k] = (double)data[k];
  if (run) OK(clgan_run_write(run, value, data, n * sizeof *data, &error));
}

/* Two executions, so that a packing of the one before would be seen. */
static void right_results(void **state) {
  (void)state;
  for (int swapped = 0; swapped < 2; swapped++) {
    struct three t;
    struct clgan_store *store = clgan_store_create(device);
    struct clgan_run *run = NULL;
    struct clgan_interpreter *p = NULL;
    float *w = numbers(IN * OUT, 1), *b = numbers(IN * OUT, 2), *x[2] = {numbers(ROWS * IN, 3), numbers(ROWS * IN, 4)},
          *y = clgan_mem_array(ROWS * OUT, sizeof *y);
    const float half = 0.5f;
    build(&t, swapped);
    clgan_ir_eliminate(t.g, t.y, 3);
    OK(clgan_interpreter_create(t.g, &p, &error));
    OK(clgan_run_create(device, store, t.g, t.y, 3, &run, &error));
    OK(clgan_store_write(store, "w", 0, w, IN * OUT, &error));
    give(NULL, p, t.g->nodes[t.node[0]].in[1], w, IN * OUT);
    give(run, p, t.b, b, IN * OUT);
    give(run, p, t.consts, &half, 1);
    for (int k = 0; k < 2; k++) give(run, p, t.x[k], x[k], ROWS * IN);
    for (int turn = 0; turn < 2; turn++) {
      clgan_interpreter_execute(p);
      OK(clgan_run_execute(run, &error));
      for (int k = 0; k < 3; k++) {
        OK(clgan_run_read(run, t.y[k], y, ROWS * OUT * sizeof *y, &error));
        const double *want = clgan_interpreter_data(p, t.y[k]);
        for (size_t i = 0; i < ROWS * OUT; i++) NEAR((double)y[i], want[i], 1e-4);
      }
    }
    clgan_interpreter_destroy(p);
    clgan_run_destroy(run);
    clgan_store_destroy(store);
    clgan_ir_destroy(t.g);
    void *all[] = {w, b, x[0], x[1], y};
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) clgan_mem_free(all[k]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(one_for_a_version), cmocka_unit_test(right_results)};
  return cmocka_run_group_tests(tests, device_open, device_close);
}
