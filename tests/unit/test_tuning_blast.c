/* CLBlast's products as a variant of linear layers: really used where a tuning says so, right in every pass, and as if
 * there were none where it cannot be. */
#define _XOPEN_SOURCE 700
#include "cl/blast.h"
#include "device.h"
#include "graph/graph.h"
#include "ops/variant.h"
#include "tune/store.h"

enum { BIAS = 1, SCALE = 2, GATE = 4, ACC = 8, INPUTS = 5 };

static const struct product {
  int op, i, swapped, with;
  enum clgan_act act;
  struct clgan_geom q;
} products[] = {{CLGAN_OP_CONV, 0, 0, 0, CLGAN_ACT_NONE, {40, 1, 1, 70, 1, 1, 50, 1, 1, 1, 0}},
                {CLGAN_OP_CONV, 0, 0, BIAS | SCALE, CLGAN_ACT_LRELU, {40, 1, 1, 70, 1, 1, 50, 1, 1, 1, 0}},
                {CLGAN_OP_CONV, 0, 1, BIAS, CLGAN_ACT_TANH, {3, 1, 1, 5, 1, 1, 1, 1, 1, 1, 0}},
                {CLGAN_OP_CONV, 1, 0, BIAS, CLGAN_ACT_NONE, {40, 1, 1, 70, 1, 1, 50, 1, 1, 1, 0}},
                {CLGAN_OP_CONV, 1, 1, SCALE | GATE, CLGAN_ACT_NONE, {40, 1, 1, 70, 1, 1, 50, 1, 1, 1, 0}},
                {CLGAN_OP_CONV, 1, 1, 0, CLGAN_ACT_NONE, {2, 4, 3, 12, 4, 3, 20, 1, 1, 1, 0}},
                {CLGAN_OP_CONV, 0, 1, GATE, CLGAN_ACT_NONE, {130, 1, 1, 260, 1, 1, 517, 1, 1, 1, 0}},
                {CLGAN_OP_CONV, 1, 1, 0, CLGAN_ACT_NONE, {256, 1, 1, 384, 1, 1, 512, 1, 1, 1, 0}},
                {CLGAN_OP_CONV_WGRAD, 0, 0, 0, CLGAN_ACT_NONE, {40, 1, 1, 70, 1, 1, 50, 1, 1, 1, 0}},
                {CLGAN_OP_CONV_WGRAD, 0, 0, ACC, CLGAN_ACT_NONE, {40, 1, 1, 70, 1, 1, 50, 1, 1, 1, 0}},
                {CLGAN_OP_CONV_WGRAD, 1, 0, 0, CLGAN_ACT_NONE, {40, 1, 1, 70, 1, 1, 50, 1, 1, 1, 0}},
                {CLGAN_OP_CONV_WGRAD, 1, 0, ACC, CLGAN_ACT_NONE, {128, 1, 1, 300, 1, 1, 401, 1, 1, 1, 0}},
                /* so large that CLBlast wants temporary memory also where its defaults for processors hold */
                {CLGAN_OP_CONV_WGRAD, 1, 0, ACC, CLGAN_ACT_NONE, {905, 1, 1, 898, 1, 1, 890, 1, 1, 1, 0}}};
enum { PRODUCTS = sizeof products / sizeof products[0] };

/* The product alone; what it leaves out is CLGAN_NONE in `in`. */
static struct clgan_ir *graph_of(const struct product *p, int in[INPUTS], int *y) {
  const struct clgan_geom *q = &p->q;
  const bool wgrad = p->op == CLGAN_OP_CONV_WGRAD;
  struct clgan_ir *g = clgan_ir_create();
  struct clgan_attr attr = {.geom = *q, .i = {p->i, p->swapped}, .act = p->act, .slope = 0.2f};
  const struct clgan_shape large = clgan_shape_of(q->n, q->hi, q->wi, q->ci),
                           small = clgan_shape_of(q->n, q->ho, q->wo, q->co),
                           weight = clgan_shape_of(1, 1, q->ci, q->co), out = p->i ? large : small;
  if (p->with & GATE) attr.i[CLGAN_CONV_GATE_ACT] = CLGAN_ACT_LRELU;
  for (int k = 0; k < INPUTS; k++) in[k] = CLGAN_NONE;
  in[0] = clgan_ir_input(g, "a", CLGAN_F32, wgrad || !p->i ? large : small);
  in[1] = clgan_ir_input(g, "b", CLGAN_F32, wgrad ? small : weight);
  if (p->with & ACC) in[2] = clgan_ir_input(g, "acc", CLGAN_F32, weight);
  if (p->with & BIAS) in[2] = clgan_ir_input(g, "bias", CLGAN_F32, clgan_shape_of(1, 1, 1, out.c));
  if (p->with & SCALE) in[3] = clgan_ir_input(g, "scale", CLGAN_F32, clgan_shape_of(1, 1, 1, 1));
  if (p->with & GATE) in[4] = clgan_ir_input(g, "gate", CLGAN_F32, out);
  *y = clgan_ir_emit(g, p->op, &attr, wgrad ? 3 : INPUTS, in, NULL);
  if (g->error.status) fail_msg("%s", g->error.text);
  return g;
}

static struct clgan_variant by_kind(int kind) {
  struct clgan_variant v = clgan_variant_free();
  v.at[CLGAN_VARIANT_KIND] = kind;
  return v;
}

static struct clgan_run *run_of(struct clgan_store *store, struct clgan_ir *g, int y, const struct clgan_variant *v) {
  struct clgan_run *run = NULL;
  clgan_tuning_force(device, v);
  const enum clgan_status s = clgan_run_create(device, store, g, &y, 1, &run, &error);
  clgan_tuning_force(device, NULL);
  OK(s);
  return run;
}

static void write_inputs(struct clgan_run *run, const struct clgan_ir *g, const int in[INPUTS], float *x[INPUTS]) {
  for (int k = 0; k < INPUTS; k++)
    if (in[k] != CLGAN_NONE)
      OK(clgan_run_write(run, in[k], x[k], clgan_shape_count(clgan_ir_shape(g, in[k])) * sizeof(float), &error));
}

/* What a run leaves behind must not matter: all operands are NaN at first, and so is what CLBlast writes. */
static void leave_nan(struct clgan_run *run, const struct clgan_ir *g, const int in[INPUTS], int y) {
  float *nan[INPUTS] = {NULL};
  const size_t n = clgan_shape_count(clgan_ir_shape(g, y));
  float *got = clgan_mem_array(n, sizeof *got);
  for (int k = 0; k < INPUTS; k++) {
    if (in[k] == CLGAN_NONE) continue;
    const size_t count = clgan_shape_count(clgan_ir_shape(g, in[k]));
    nan[k] = clgan_mem_array(count, sizeof(float));
    for (size_t e = 0; e < count; e++) nan[k][e] = NAN;
  }
  write_inputs(run, g, in, nan);
  OK(clgan_run_execute(run, &error));
  OK(clgan_run_read(run, y, got, n * sizeof *got, &error));
  for (size_t e = 0; e < n; e++) assert_true(isnan(got[e])); /* training must see it */
  for (int k = 0; k < INPUTS; k++) clgan_mem_free(nan[k]);
  clgan_mem_free(got);
}

static double *expected_of(const struct clgan_ir *g, const int in[INPUTS], float *x[INPUTS], int y) {
  struct clgan_interpreter *all = NULL;
  const size_t n = clgan_shape_count(clgan_ir_shape(g, y));
  double *out = clgan_mem_array(n, sizeof *out);
  OK(clgan_interpreter_create(g, &all, &error));
  for (int k = 0; k < INPUTS; k++)
    for (size_t e = 0; in[k] != CLGAN_NONE && e < clgan_shape_count(clgan_ir_shape(g, in[k])); e++)
      clgan_interpreter_data(all, in[k])[e] = (double)x[k][e];
  clgan_interpreter_execute(all);
  memcpy(out, clgan_interpreter_data(all, y), n * sizeof *out);
  clgan_interpreter_destroy(all);
  return out;
}

static void check(const struct product *p) {
  int in[INPUTS], y;
  char variant[200];
  const struct clgan_variant v = by_kind(CLGAN_KIND_CLBLAST);
  struct clgan_ir *g = graph_of(p, in, &y);
  struct clgan_store *store = clgan_store_create(device);
  struct clgan_run *run = run_of(store, g, y, &v);
  const size_t n = clgan_shape_count(clgan_ir_shape(g, y));
  float *x[INPUTS] = {NULL}, *got = clgan_mem_array(n, sizeof *got);
  double largest = 0;
  clgan_run_node_variant(run, 0, variant, sizeof variant);
  assert_ptr_equal(strstr(variant, "CLBlastSgemm"), variant); /* nothing is packed before it */
  assert_int_equal(!strstr(variant, "finish"), p->with == 0 && p->act == CLGAN_ACT_NONE);
  for (int k = 0; k < INPUTS; k++)
    if (in[k] != CLGAN_NONE) x[k] = normals(clgan_shape_count(clgan_ir_shape(g, in[k])), (uint64_t)k + 1);
  double *want = expected_of(g, in, x, y);
  leave_nan(run, g, in, y);
  write_inputs(run, g, in, x);
  OK(clgan_run_execute(run, &error));
  OK(clgan_run_read(run, y, got, n * sizeof *got, &error));
  for (size_t e = 0; e < n; e++) largest = fmax(largest, fabs(want[e]));
  for (size_t e = 0; e < n; e++) NEAR((double)got[e], want[e], 1e-5 * largest);
  clgan_run_destroy(run);
  clgan_store_destroy(store);
  clgan_ir_destroy(g);
  for (int k = 0; k < INPUTS; k++) clgan_mem_free(x[k]);
  clgan_mem_free(got);
  clgan_mem_free(want);
}

static bool is_here(void) {
  char why[160];
  return clgan_blast_available() && clgan_family_possible(clgan_cl_info(device), CLGAN_FAMILY_LOCAL, why);
}

static void right_in_every_pass(void **state) {
  (void)state;
  if (!is_here()) skip();
  assert_int_equal(setenv("CLGAN_FAMILY", "local", 1), 0);
  for (size_t k = 0; k < PRODUCTS; k++) check(&products[k]);
  assert_int_equal(unsetenv("CLGAN_FAMILY"), 0);
}

/* It is a variant of its own, offered once, never the rule's; it has no cuts. */
static void offered(void **state) {
  (void)state;
  struct clgan_target target;
  const struct clgan_variant v = by_kind(CLGAN_KIND_CLBLAST), nothing = clgan_variant_free();
  struct clgan_variant shapes[CLGAN_VARIANTS_MAX], cuts[CLGAN_VARIANTS_MAX];
  assert_int_equal(setenv("CLGAN_FAMILY", "local", 1), 0);
  OK(clgan_target_choose(device, &target, &error));
  assert_int_equal(unsetenv("CLGAN_FAMILY"), 0);
  for (size_t k = 0; k < PRODUCTS; k++) {
    int in[INPUTS], y, count = 0;
    struct clgan_ir *g = graph_of(&products[k], in, &y);
    const size_t n = clgan_variant_shapes(&g->nodes[0], &target, shapes);
    for (size_t i = 0; i < n; i++) count += memcmp(&shapes[i], &v, sizeof v) == 0;
    assert_int_equal(count, clgan_blast_available());
    assert_memory_not_equal(&shapes[0], &v, sizeof v);
    const struct clgan_variant rule = clgan_variant_resolve(&g->nodes[0], &target, &nothing);
    assert_memory_equal(&shapes[0], &rule, sizeof rule);
    if (clgan_blast_available()) assert_int_equal(clgan_variant_cuts(&g->nodes[0], &target, &v, cuts), 0);
    clgan_ir_destroy(g);
  }
}

static void falls_back(const struct clgan_node *node, const struct clgan_target *t, int kind) {
  const struct clgan_variant v = by_kind(kind), nothing = clgan_variant_free();
  const struct clgan_variant got = clgan_variant_resolve(node, t, &v), rule = clgan_variant_resolve(node, t, &nothing);
  assert_memory_equal(&got, &rule, sizeof got);
}

/* Without CLBlast, in the other family, with other geometries, and of kinds that there are not: the rule. */
static void else_the_rule(void **state) {
  (void)state;
  static const struct product others[] = {
      {CLGAN_OP_CONV, 0, 0, 0, CLGAN_ACT_NONE, {3, 10, 10, 5, 5, 5, 37, 4, 4, 2, 1}},
      {CLGAN_OP_CONV_WGRAD, 0, 0, 0, CLGAN_ACT_NONE, {3, 9, 9, 8, 5, 5, 6, 1, 1, 2, 0}}};
  struct clgan_target target;
  OK(clgan_target_choose(device, &target, &error));
  for (size_t k = 0; k < PRODUCTS; k++) {
    int in[INPUTS], y;
    struct clgan_ir *g = graph_of(&products[k], in, &y);
    struct clgan_target t = target;
    t.family = CLGAN_FAMILY_REG;
    falls_back(&g->nodes[0], &t, CLGAN_KIND_CLBLAST);
    falls_back(&g->nodes[0], &t, CLGAN_KIND_CLBLAST + 1);
    t.family = CLGAN_FAMILY_LOCAL;
    falls_back(&g->nodes[0], &t, CLGAN_KIND_CLBLAST + 1);
    if (!clgan_blast_available()) falls_back(&g->nodes[0], &t, CLGAN_KIND_CLBLAST);
    t.cl = NULL; /* as such a clgan has it */
    falls_back(&g->nodes[0], &t, CLGAN_KIND_CLBLAST);
    clgan_ir_destroy(g);
  }
  target.family = CLGAN_FAMILY_LOCAL;
  for (size_t k = 0; k < sizeof others / sizeof others[0]; k++) {
    const struct clgan_node node = {.op = others[k].op, .attr = {.geom = others[k].q}, .n_in = 2, .n_out = 1};
    falls_back(&node, &target, CLGAN_KIND_CLBLAST);
  }
}

struct told {
  int launches;
  double seconds[4];
};
static void tell(void *context, const struct clgan_node *n, double seconds) {
  struct told *t = context;
  (void)n;
  if (t->launches < 4) t->seconds[t->launches] = seconds;
  t->launches++;
}

/* One event for a product of several launches (operands are first copied to the temporary memory), and to a checkpoint
 * it is another arithmetic. */
static void events_and_variants(void **state) {
  (void)state;
  const struct product *p = &products[PRODUCTS - 1];
  const struct clgan_variant v = by_kind(CLGAN_KIND_CLBLAST);
  struct told t = {0};
  int in[INPUTS], y;
  if (!is_here()) skip();
  assert_int_equal(setenv("CLGAN_FAMILY", "local", 1), 0);
  struct clgan_ir *g = graph_of(p, in, &y);
  struct clgan_store *store = clgan_store_create(device);
  struct clgan_run *run = run_of(store, g, y, &v), *rule = run_of(store, g, y, NULL);
  assert_string_not_equal(clgan_run_variants(run), clgan_run_variants(rule));
  OK(clgan_run_execute(run, &error)); /* compiles */
  OK(clgan_cl_profile(device, true, &error));
  OK(clgan_run_events(run, tell, &t, &error));
  OK(clgan_cl_profile(device, false, &error));
  assert_int_equal(t.launches, 2); /* and that which adds acc */
  assert_int_equal(clgan_run_launches(run, 0, 1), 2);
  assert_true(t.seconds[0] > 0 && t.seconds[0] < 100);
  assert_true(t.seconds[1] > 0 && t.seconds[1] < t.seconds[0]);
  clgan_run_destroy(run);
  clgan_run_destroy(rule);
  clgan_store_destroy(store);
  clgan_ir_destroy(g);
  assert_int_equal(unsetenv("CLGAN_FAMILY"), 0);
}

/* What CLBlast refuses is one line. */
static void errors(void **state) {
  (void)state;
  const struct clgan_blast_product p = {.m = 64, .n = 64, .k = 64};
  struct clgan_buffer *b = NULL;
  OK(clgan_buffer_create(device, 1024, &b, &error));
  const char *words = clgan_blast_available() ? "CLBlast fails with its code -10" : "built without CLBlast";
  FAILS(clgan_blast_enqueue(device, &p, b, b, b, NULL, NULL, &error), CLGAN_ERR_DEVICE, words);
  clgan_buffer_destroy(b);
}

int main(int argc, char **argv) {
  if (argc > 1) cmocka_set_test_filter(argv[1]);
  const struct CMUnitTest tests[] = {cmocka_unit_test(offered), cmocka_unit_test(else_the_rule),
                                     cmocka_unit_test(right_in_every_pass), cmocka_unit_test(events_and_variants),
                                     cmocka_unit_test(errors)};
  return cmocka_run_group_tests(tests, device_open, device_close);
}
