/* Tunings in force on a device: the user's file, what is left out, and that every variant on offer gives the reference's results. */
#define _XOPEN_SOURCE 700
#include "tune/store.h"

#include <unistd.h>

#include "base/embedded.h"
#include "base/file.h"
#include "device.h"
#include "graph/graph.h"
#include "ops/conv.h"
#include "no_leaks.h"
#include "ops/lanes.h"
#include "ref/conv.h"
#include "scratch.h"

#define HEAD "clgan-tuning 1\n"

/* direction, then the geometry: strides, padding, tails, few channels, a linear layer */
static const struct product {
  int op, i;
  struct clgan_geom q;
  int swapped;
} products[] = {{CLGAN_OP_CONV, 0, {3, 10, 10, 5, 5, 5, 37, 4, 4, 2, 1}, 0},
                {CLGAN_OP_CONV, 1, {3, 10, 10, 5, 5, 5, 37, 4, 4, 2, 1}, 0},
                {CLGAN_OP_CONV, 0, {2, 12, 12, 9, 12, 12, 1, 5, 5, 1, 2}, 0},
                {CLGAN_OP_CONV, 0, {40, 1, 1, 70, 1, 1, 50, 1, 1, 1, 0}, 0},
                {CLGAN_OP_CONV_WGRAD, 0, {3, 10, 10, 5, 5, 5, 37, 4, 4, 2, 1}, 0},
                {CLGAN_OP_CONV_WGRAD, 1, {2, 9, 9, 18, 9, 9, 1, 3, 3, 1, 1}, 0},
                {CLGAN_OP_CONV_WGRAD, 1, {40, 1, 1, 70, 1, 1, 50, 1, 1, 1, 0}, 0}};
enum { PRODUCTS = sizeof products / sizeof products[0] };

static size_t count_a(const struct product *p) {
  const struct clgan_geom *q = &p->q;
  if (p->op == CLGAN_OP_CONV && p->i == 1) return (size_t)q->n * (size_t)q->ho * (size_t)q->wo * (size_t)q->co;
  return (size_t)q->n * (size_t)q->hi * (size_t)q->wi * (size_t)q->ci;
}
static size_t count_b(const struct product *p) {
  const struct clgan_geom *q = &p->q;
  if (p->op == CLGAN_OP_CONV) return (size_t)q->kh * (size_t)q->kw * (size_t)q->ci * (size_t)q->co;
  return (size_t)q->n * (size_t)q->ho * (size_t)q->wo * (size_t)q->co;
}

static struct clgan_ir *graph_of(const struct product *p, int in[2], int *y) {
  struct clgan_ir *g = clgan_ir_create();
  struct clgan_attr attr = {.geom = p->q, .i = {p->i, p->swapped}};
  in[0] = clgan_ir_input(g, "a", CLGAN_F32, clgan_shape_of(1, 1, 1, (int)count_a(p)));
  in[1] = clgan_ir_input(g, "b", CLGAN_F32, clgan_shape_of(1, 1, 1, (int)count_b(p)));
  *y = clgan_ir_emit(g, p->op, &attr, 2, in, NULL);
  if (g->error.status) fail_msg("%s", g->error.text);
  return g;
}

static double reference_at(const struct product *p, const float *a, const float *b, size_t e) {
  const struct clgan_geom *q = &p->q;
  const struct clgan_ref_geom r = {q->n, q->hi, q->wi, q->ci, q->ho, q->wo, q->co, q->kh, q->kw, q->stride, q->pad};
  if (p->op != CLGAN_OP_CONV) return clgan_ref_conv_wgrad_at(&r, a, b, p->i, e);
  return p->i ? clgan_ref_conv_transposed_at(&r, a, b, p->swapped, e) : clgan_ref_conv_at(&r, a, b, p->swapped, e);
}

/* The sampled reference is the whole one, element by element. */
static void samples_are_the_reference(void **state) {
  (void)state;
  for (size_t k = 0; k < PRODUCTS; k++) {
    const struct product *p = &products[k];
    int in[2], y;
    struct clgan_ir *g = graph_of(p, in, &y);
    struct clgan_interpreter *all = NULL;
    float *x[2] = {normals(count_a(p), 1), normals(count_b(p), 2)};
    OK(clgan_interpreter_create(g, &all, &error));
    for (int i = 0; i < 2; i++)
      for (size_t e = 0; e < (i ? count_b(p) : count_a(p)); e++)
        clgan_interpreter_data(all, in[i])[e] = (double)x[i][e];
    clgan_interpreter_execute(all);
    for (size_t e = 0; e < clgan_shape_count(clgan_ir_shape(g, y)); e++)
      NEAR(reference_at(p, x[0], x[1], e), clgan_interpreter_data(all, y)[e], 1e-9);
    clgan_interpreter_destroy(all);
    clgan_ir_destroy(g);
    clgan_mem_free(x[0]);
    clgan_mem_free(x[1]);
  }
}

static void check_variant(const struct product *p, const struct clgan_variant *v) {
  int in[2], y;
  char text[192];
  struct clgan_ir *g = graph_of(p, in, &y);
  struct clgan_store *store = clgan_store_create(device);
  struct clgan_run *run = NULL;
  float *a = normals(count_a(p), 1), *b = normals(count_b(p), 2);
  size_t n = clgan_shape_count(clgan_ir_shape(g, y));
  float *got = clgan_mem_array(n, sizeof *got);
  double largest = 0;
  clgan_tuning_force(device, v);
  OK(clgan_run_create(device, store, g, &y, 1, &run, &error));
  clgan_tuning_force(device, NULL);
  OK(clgan_run_write(run, in[0], a, count_a(p) * sizeof *a, &error));
  OK(clgan_run_write(run, in[1], b, count_b(p) * sizeof *b, &error));
  OK(clgan_run_execute(run, &error));
  OK(clgan_run_read(run, y, got, n * sizeof *got, &error));
  for (size_t e = 0; e < n; e++) largest = fmax(largest, fabs((double)got[e]));
  for (size_t e = 0; e < n; e++)
    if (!(fabs((double)got[e] - reference_at(p, a, b, e)) <= 1e-5 * largest))
      fail_msg("%s: element %zu is %g, not %g", clgan_variant_text(v, text), e, (double)got[e],
               reference_at(p, a, b, e));
  clgan_run_destroy(run);
  clgan_store_destroy(store);
  clgan_ir_destroy(g);
  clgan_mem_free(a);
  clgan_mem_free(b);
  clgan_mem_free(got);
}

/* Every variant on offer is a fixed point, differs from the others, and is right. */
static void variants_of(const char *family) {
  struct clgan_variant v[CLGAN_VARIANTS_MAX], cuts[CLGAN_VARIANTS_MAX];
  struct clgan_target target;
  assert_int_equal(setenv("CLGAN_FAMILY", family, 1), 0);
  OK(clgan_target_choose(device, &target, &error));
  for (size_t k = 0; k < PRODUCTS; k += strcmp(family, "reg") ? 4 : 1) { /* each program is compiled: not all of them */
    int in[2], y;
    struct clgan_ir *g = graph_of(&products[k], in, &y);
    size_t n = clgan_variant_shapes(&g->nodes[0], &target, v),
           m = clgan_variant_cuts(&g->nodes[0], &target, &v[0], cuts);
    assert_true(n >= 2);
    for (size_t i = 0; i < n; i++) {
      struct clgan_variant again = clgan_variant_resolve(&g->nodes[0], &target, &v[i]);
      assert_memory_equal(&again, &v[i], sizeof again);
      for (size_t j = 0; j < i; j++) assert_memory_not_equal(&v[i], &v[j], sizeof v[i]);
      check_variant(&products[k], &v[i]);
    }
    for (size_t i = 0; i < m; i++) {
      assert_memory_not_equal(&cuts[i], &v[0], sizeof v[0]);
      check_variant(&products[k], &cuts[i]);
    }
    clgan_ir_destroy(g);
  }
  assert_int_equal(unsetenv("CLGAN_FAMILY"), 0);
}
static void variants_reg(void **state) {
  (void)state;
  variants_of("reg");
}

/* Winograd's filtering: edges that cut tiles, several components, parity classes of unequal size, weights either way
 * round; blocks of depth and splits that leave a rest. Is it really used, and right? */
static void check_winograd(const struct product *w, const struct clgan_target *target, int kind) {
  const bool wgrad = w->op == CLGAN_OP_CONV_WGRAD;
  int in[2], y;
  struct clgan_ir *g = graph_of(w, in, &y);
  struct clgan_variant v = clgan_variant_free();
  v.at[CLGAN_VARIANT_KIND] = kind;
  const struct clgan_variant used = clgan_variant_resolve(&g->nodes[0], target, &v);
  clgan_ir_destroy(g);
  if (target->vector <= 8) assert_int_equal(used.at[CLGAN_VARIANT_KIND], kind);
  check_variant(w, &v);
  v.at[CLGAN_VARIANT_KC] = 32;
  v.at[CLGAN_VARIANT_M_TILES] = wgrad ? 4 : 1;
  v.at[CLGAN_VARIANT_N_PANELS] = 1;
  if (wgrad) v.at[CLGAN_VARIANT_SPLITS] = kind == CLGAN_KIND_WINO2 ? 3 : 2;
  check_variant(w, &v);
}

static void winograd_of(const struct product *w, size_t n) {
  struct clgan_target target;
  assert_int_equal(setenv("CLGAN_FAMILY", "reg", 1), 0);
  OK(clgan_target_choose(device, &target, &error));
  for (size_t k = 0; k < n; k++)
    for (int kind = CLGAN_KIND_WINO2; kind <= (w[k].q.kh == 3 ? CLGAN_KIND_WINO2 : CLGAN_KIND_WINO4); kind++)
      check_winograd(&w[k], &target, kind);
  assert_int_equal(unsetenv("CLGAN_FAMILY"), 0);
}

static void winograd(void **state) {
  static const struct product w[] = {{CLGAN_OP_CONV, 0, {3, 14, 11, 32, 7, 5, 32, 4, 4, 2, 1}, 0},
                                     {CLGAN_OP_CONV, 0, {2, 14, 14, 48, 7, 7, 32, 4, 4, 2, 1}, 1},
                                     {CLGAN_OP_CONV, 1, {3, 11, 14, 32, 5, 7, 48, 4, 4, 2, 1}, 0},
                                     {CLGAN_OP_CONV, 1, {2, 8, 8, 64, 4, 4, 32, 4, 4, 2, 1}, 1},
                                     {CLGAN_OP_CONV, 0, {2, 6, 5, 16, 6, 5, 32, 3, 3, 1, 1}, 0},
                                     {CLGAN_OP_CONV, 1, {2, 6, 5, 32, 6, 5, 16, 3, 3, 1, 1}, 1},
                                     {CLGAN_OP_CONV, 0, {2, 5, 6, 16, 4, 5, 32, 2, 2, 1, 0}, 0},
                                     {CLGAN_OP_CONV_WGRAD, 0, {7, 14, 11, 32, 7, 5, 64, 4, 4, 2, 1}, 0},
                                     {CLGAN_OP_CONV_WGRAD, 1, {5, 8, 8, 48, 4, 4, 32, 4, 4, 2, 1}, 0},
                                     {CLGAN_OP_CONV_WGRAD, 0, {5, 7, 6, 16, 7, 6, 32, 3, 3, 1, 1}, 0}};
  (void)state;
  winograd_of(w, sizeof w / sizeof w[0]);
}

/* As little as shows every path of the kernels: for Oclgrind. */
static void winograd_small(void **state) {
  static const struct product w[] = {{CLGAN_OP_CONV, 0, {1, 7, 6, 8, 3, 3, 16, 4, 4, 2, 1}, 0},
                                     {CLGAN_OP_CONV, 1, {1, 6, 7, 16, 3, 3, 8, 4, 4, 2, 1}, 1},
                                     {CLGAN_OP_CONV, 0, {1, 5, 4, 8, 5, 4, 16, 3, 3, 1, 1}, 0},
                                     {CLGAN_OP_CONV_WGRAD, 0, {2, 7, 6, 8, 3, 3, 16, 4, 4, 2, 1}, 0}};
  (void)state;
  winograd_of(w, sizeof w / sizeof w[0]);
}

/* Few channels in, by image lines: rows that no tile divides, one vector and two and a rest of one, parity classes, weights
 * either way round, edges on every side. Is it really used, and right? */
static void check_lines(const struct product *w, size_t n) {
  struct clgan_target target;
  assert_int_equal(setenv("CLGAN_FAMILY", "reg", 1), 0);
  OK(clgan_target_choose(device, &target, &error));
  for (size_t k = 0; k < n; k++)
    for (int rows = CLGAN_VARIANT_FREE; rows <= 1; rows += 2) {
      int in[2], y;
      struct clgan_ir *g = graph_of(&w[k], in, &y);
      struct clgan_variant v = clgan_variant_free();
      v.at[CLGAN_VARIANT_KIND] = CLGAN_KIND_LINES;
      v.at[CLGAN_VARIANT_M_TILES] = rows;
      assert_int_equal(clgan_variant_resolve(&g->nodes[0], &target, &v).at[CLGAN_VARIANT_KIND], CLGAN_KIND_LINES);
      clgan_ir_destroy(g);
      check_variant(&w[k], &v);
    }
  assert_int_equal(unsetenv("CLGAN_FAMILY"), 0);
}

static void lines(void **state) {
  static const struct product w[] = {{CLGAN_OP_CONV, 0, {3, 14, 11, 3, 7, 5, 37, 4, 4, 2, 1}, 0},
                                     {CLGAN_OP_CONV, 0, {2, 28, 28, 1, 14, 14, 32, 4, 4, 2, 1}, 1},
                                     {CLGAN_OP_CONV, 0, {2, 9, 13, 2, 9, 13, 5, 5, 5, 1, 2}, 0},
                                     {CLGAN_OP_CONV, 1, {2, 9, 8, 20, 9, 8, 4, 3, 3, 1, 1}, 1},
                                     {CLGAN_OP_CONV, 1, {3, 14, 22, 48, 7, 11, 3, 4, 4, 2, 1}, 0},
                                     {CLGAN_OP_CONV, 1, {2, 28, 28, 32, 28, 28, 1, 5, 5, 1, 2}, 1},
                                     {CLGAN_OP_CONV_WGRAD, 0, {5, 14, 11, 3, 7, 5, 37, 4, 4, 2, 1}, 0},
                                     {CLGAN_OP_CONV_WGRAD, 1, {3, 28, 28, 1, 14, 14, 32, 4, 4, 2, 1}, 0},
                                     {CLGAN_OP_CONV_WGRAD, 0, {2, 9, 8, 4, 9, 8, 5, 3, 3, 1, 1}, 0}};
  (void)state;
  check_lines(w, sizeof w / sizeof w[0]);
}

/* For Oclgrind. */
static void lines_small(void **state) {
  static const struct product w[] = {{CLGAN_OP_CONV, 0, {1, 7, 8, 3, 3, 4, 9, 4, 4, 2, 1}, 0},
                                     {CLGAN_OP_CONV, 1, {1, 6, 8, 5, 3, 4, 2, 4, 4, 2, 1}, 1},
                                     {CLGAN_OP_CONV_WGRAD, 0, {2, 7, 8, 3, 3, 4, 9, 4, 4, 2, 1}, 0}};
  (void)state;
  check_lines(w, sizeof w / sizeof w[0]);
}

static void variants_local(void **state) {
  (void)state;
  struct clgan_driver_note note;
  char why[160];
  if (!clgan_family_possible(clgan_cl_info(device), CLGAN_FAMILY_LOCAL, why)) skip();
  if (clgan_cl_known_bug(device, "local", "conv/k3", &note)) skip();
  variants_of("local");
}

/* The products by sub-groups of a size, what they exchange going through local memory (what real sub-groups of a driver make
 * of them, variants_local sees), by the first tile and by the last. */
static void subgroups_of(const char *size, const struct product *w, size_t n, bool last) {
  struct clgan_variant v = clgan_variant_free();
  struct clgan_target target;
  int tiles = 0;
  device_close(NULL);
  assert_int_equal(setenv("CLGAN_SUBGROUPS", size, 1), 0);
  assert_int_equal(setenv("CLGAN_FAMILY", "local", 1), 0);
  assert_int_equal(device_open(NULL), 0);
  OK(clgan_target_choose(device, &target, &error));
  assert_int_equal(target.device->subgroup_way, CLGAN_SUBGROUP_TEST);
  while (clgan_conv_local_sub_tile(tiles, target.device, &v)) tiles++;
  assert_true(tiles >= 2);
  for (int tile = 0; tile < tiles; tile += last ? tiles - 1 : tiles)
    for (size_t k = 0; k < n; k++) {
      assert_true(clgan_conv_local_sub_tile(tile, target.device, &v));
      int in[2], y;
      struct clgan_ir *g = graph_of(&w[k], in, &y);
      struct clgan_variant used = clgan_variant_resolve(&g->nodes[0], &target, &v);
      clgan_ir_destroy(g);
      assert_int_equal(used.at[CLGAN_VARIANT_KIND], CLGAN_KIND_SUBGROUPS);
      assert_int_equal(used.at[CLGAN_VARIANT_BK], atoi(size));
      check_variant(&w[k], &v);
      used.at[CLGAN_VARIANT_SPLITS] = 2;
      check_variant(&w[k], &used);
    }
  device_close(NULL);
  assert_int_equal(unsetenv("CLGAN_SUBGROUPS"), 0);
  assert_int_equal(unsetenv("CLGAN_FAMILY"), 0);
  assert_int_equal(device_open(NULL), 0);
}

static void subgroups(void **state) {
  struct clgan_driver_note note;
  char why[160];
  (void)state;
  if (!clgan_family_possible(clgan_cl_info(device), CLGAN_FAMILY_LOCAL, why)) skip();
  if (clgan_cl_known_bug(device, "local", "conv/k3", &note)) skip();
  subgroups_of("8", products, PRODUCTS, true);
  subgroups_of("16", products, 1, false);
  subgroups_of("32", products + 4, 1, false);
  subgroups_of("64", products, 1, false);
}

/* For Oclgrind. */
static void subgroups_small(void **state) {
  static const struct product w[] = {{CLGAN_OP_CONV, 0, {1, 7, 6, 3, 3, 3, 9, 4, 4, 2, 1}, 0},
                                     {CLGAN_OP_CONV, 1, {1, 6, 7, 5, 3, 3, 3, 4, 4, 2, 1}, 0},
                                     {CLGAN_OP_CONV_WGRAD, 0, {2, 7, 6, 3, 3, 3, 9, 4, 4, 2, 1}, 0}};
  (void)state;
  subgroups_of("8", w, sizeof w / sizeof w[0], false);
}

/* Values that no kernel has are as if they were not there. */
static void impossible_values(void **state) {
  (void)state;
  struct clgan_target target;
  const struct clgan_variant asked = clgan_variant_free();
  OK(clgan_target_choose(device, &target, &error));
  for (size_t k = 0; k < PRODUCTS; k++) {
    int in[2], y;
    struct clgan_ir *g = graph_of(&products[k], in, &y);
    const struct clgan_variant rule = clgan_variant_resolve(&g->nodes[0], &target, &asked);
    static const int bad[] = {0, -7, 5000, 2147483647, -2147483647};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
      struct clgan_variant v;
      for (int p = 0; p < CLGAN_VARIANT_COUNT; p++) v.at[p] = bad[i];
      v.at[CLGAN_VARIANT_KIND] = v.at[CLGAN_VARIANT_PACKED] = CLGAN_VARIANT_FREE;
      const struct clgan_variant got = clgan_variant_resolve(&g->nodes[0], &target, &v);
      assert_memory_equal(&got, &rule, sizeof got);
    }
    clgan_ir_destroy(g);
  }
}

/* Where a driver ends the loops of a work-item after 65,535 turns, none is given as much: by direct kernels a turn is a step
 * of a tile's depth. Nothing runs. */
static void little_work_where_loops_are_short(void **state) {
  static const struct product w[] = {{CLGAN_OP_CONV, 0, {64, 64, 64, 3, 32, 32, 64, 4, 4, 2, 1}, 0},
                                     {CLGAN_OP_CONV, 0, {64, 32, 32, 64, 16, 16, 128, 4, 4, 2, 1}, 0},
                                     {CLGAN_OP_CONV, 0, {64, 8, 8, 256, 4, 4, 512, 4, 4, 2, 1}, 0},
                                     {CLGAN_OP_CONV, 0, {128, 1, 1, 1024, 1, 1, 1024, 1, 1, 1, 0}, 0}};
  struct clgan_device_info info = *clgan_cl_info(device);
  struct clgan_target target = {.device = &info, .family = CLGAN_FAMILY_REG, .vector = 8};
  int most = 0;
  (void)state;
  info.compute_units = 2;
  for (size_t k = 0; k < sizeof w / sizeof w[0]; k++) {
    int in[2], y, turns[2];
    struct clgan_ir *g = graph_of(&w[k], in, &y);
    for (int is_short = 0; is_short < 2; is_short++) {
      struct clgan_variant v[CLGAN_VARIANTS_MAX];
      info.short_loops = is_short;
      assert_true(clgan_variant_shapes(&g->nodes[0], &target, v) > 0);
      const int *at = v[0].at;
      turns[is_short] = at[CLGAN_VARIANT_M_TILES] * at[CLGAN_VARIANT_N_PANELS] * w[k].q.ci * w[k].q.kh * w[k].q.kw;
    }
    assert_true(turns[1] < 65536);
    most = turns[0] > most ? turns[0] : most;
    clgan_ir_destroy(g);
  }
  assert_true(most > 65536); /* where nothing is short */
  info.short_loops = true;
  assert_int_equal(clgan_target_units(&target), 512);
  target.family = CLGAN_FAMILY_LOCAL;
  assert_int_equal(clgan_target_units(&target), 2);
}

/* What a search may come to on wide layers, by whatever vectors and units: every cut is one that can be launched, and is
 * what it says. Nothing runs. */
static void cuts_can_be_launched(void **state) {
  static const struct product w[] = {{CLGAN_OP_CONV, 0, {64, 32, 32, 64, 16, 16, 128, 4, 4, 2, 1}, 0},
                                     {CLGAN_OP_CONV, 1, {64, 8, 8, 256, 4, 4, 512, 4, 4, 2, 1}, 0},
                                     {CLGAN_OP_CONV, 0, {64, 32, 32, 64, 32, 32, 64, 3, 3, 1, 1}, 0},
                                     {CLGAN_OP_CONV_WGRAD, 0, {64, 16, 16, 128, 8, 8, 256, 4, 4, 2, 1}, 0},
                                     {CLGAN_OP_CONV_WGRAD, 0, {128, 1, 1, 1024, 1, 1, 1024, 1, 1, 1, 0}, 0},
                                     {CLGAN_OP_CONV, 0, {128, 1, 1, 100, 1, 1, 4096, 1, 1, 1, 0}, 0}};
  struct clgan_device_info info = *clgan_cl_info(device);
  struct clgan_target target = {.device = &info, .family = CLGAN_FAMILY_REG};
  struct clgan_variant v[CLGAN_VARIANTS_MAX], cuts[CLGAN_VARIANTS_MAX];
  size_t winograd = 0;
  (void)state;
  for (size_t k = 0; k < 12 * (sizeof w / sizeof w[0]); k++) {
    int in[2], y;
    struct clgan_ir *g = graph_of(&w[k / 12], in, &y);
    const struct clgan_node *node = &g->nodes[0];
    target.vector = 4 << k % 3;
    info.compute_units = 1u << 2 * (k % 4);
    const size_t n = clgan_variant_shapes(node, &target, v);
    for (size_t i = 0; i < n; i++) {
      winograd += v[i].at[CLGAN_VARIANT_KIND] >= CLGAN_KIND_WINO2;
      for (int round = 0; round < 6; round++) { /* a search climbs along them */
        const size_t m = clgan_variant_cuts(node, &target, &v[i], cuts);
        for (size_t j = 0; j < m; j++) {
          const struct clgan_variant again = clgan_variant_resolve(node, &target, &cuts[j]);
          assert_memory_equal(&again, &cuts[j], sizeof again);
          assert_int_equal(cuts[j].at[CLGAN_VARIANT_KIND], v[i].at[CLGAN_VARIANT_KIND]);
          assert_true(cuts[j].at[CLGAN_VARIANT_M_TILES] > 0 && cuts[j].at[CLGAN_VARIANT_N_PANELS] > 0);
        }
        if (m) v[i] = cuts[(size_t)round * 5 % m];
      }
    }
    clgan_ir_destroy(g);
  }
  assert_true(winograd > 0);
}

/* What is shipped can be read, and applies to devices of a vendor; where registers are few, tiles are small. Pure rules:
 * no such device is needed. */
static void shipped_by_vendor(void **state) {
  static const struct product p = {CLGAN_OP_CONV, 0, {64, 32, 32, 64, 16, 16, 128, 4, 4, 2, 1}, 0};
  struct clgan_tunings t = {0};
  struct clgan_device_info info = *clgan_cl_info(device);
  struct clgan_target target = {.device = &info, .family = CLGAN_FAMILY_LOCAL, .vector = 4};
  int in[2], y, tm[2], tn[2];
  (void)state;
  for (const struct clgan_embedded *x = clgan_embedded_table; x->name; x++)
    if (!strncmp(x->name, "kernels/tunings/", 16)) OK(clgan_tunings_parse(x->data, x->name, &t, &error));
  struct clgan_ir *g = graph_of(&p, in, &y);
  info.max_work_group = info.max_item_size[0] = 1024, info.local_mem = 65536, info.compute_units = 64;
  for (int k = 0; k < 2; k++) {
    const struct clgan_tuning_query q = {
        .vendor = k ? "Intel(R) Corporation" : "NVIDIA Corporation", .type = CLGAN_DEVICE_GPU, .op = "local_conv"};
    const struct clgan_tuning_entry *entry = clgan_tunings_find(&t, &q);
    assert_non_null(entry);
    struct clgan_variant v = clgan_variant_free();
    v.at[CLGAN_VARIANT_REGS] = clgan_tuning_param(entry, "regs", 0);
    v.at[CLGAN_VARIANT_FILL] = clgan_tuning_param(entry, "fill", 0);
    assert_false(clgan_variant_is_choice(&v));
    const struct clgan_variant got = clgan_variant_resolve(&g->nodes[0], &target, &v);
    assert_true(clgan_variant_is_choice(&got));
    tm[k] = got.at[CLGAN_VARIANT_TM], tn[k] = got.at[CLGAN_VARIANT_TN];
  }
  assert_true(tm[0] * tn[0] == 64);
  assert_true(tm[1] * tn[1] + tm[1] + tn[1] + 16 <= 64);
  clgan_ir_destroy(g);
  clgan_tunings_free(&t);
}

/* -- the store -- */

static const struct clgan_node *some_node(struct clgan_ir **g) {
  int in[2], y;
  *g = graph_of(&products[0], in, &y);
  return &(*g)->nodes[0];
}

/* kc that the tuning in force has for the first product; -1: none */
static int kc_in_force(void) {
  struct clgan_ir *g;
  struct clgan_target target;
  struct clgan_variant v;
  const struct clgan_node *node = some_node(&g);
  OK(clgan_target_choose(device, &target, &error));
  bool found = clgan_variant_find(node, &target, &v);
  clgan_ir_destroy(g);
  return found ? v.at[CLGAN_VARIANT_KC] : -1;
}

static void anew(void) {
  clgan_cl_attach(device, NULL, NULL);
}

static int count(const char *text, const char *word) {
  int n = 0;
  for (const char *at = text; (at = strstr(at, word)); at++) n++;
  return n;
}

static void the_users_file(void **state) {
  (void)state;
  struct clgan_target target;
  struct clgan_ir *g;
  char op[40], geometry[128];
  assert_int_equal(setenv("XDG_CACHE_HOME", scratch, 1), 0);
  anew();
  assert_int_equal(kc_in_force(), -1);
  assert_null(clgan_tuning_used(device));
  OK(clgan_target_choose(device, &target, &error));
  clgan_variant_key(some_node(&g), &target, op, geometry);
  clgan_ir_destroy(g);
  char *path = clgan_tuning_path(clgan_cl_info(device));
  struct clgan_tuning_file f = {0};
  struct clgan_variant v = clgan_variant_free();
  assert_false(clgan_tuning_file_has(&f, device, op, geometry));
  for (v.at[CLGAN_VARIANT_KC] = 64; v.at[CLGAN_VARIANT_KC] <= 128; v.at[CLGAN_VARIANT_KC] *= 2)
    OK(clgan_tuning_file_put(&f, device, op, geometry, 0.00012345, &v, &error));
  assert_int_equal(f.t.n, 1); /* the later one took the place of the earlier */
  assert_true(clgan_tuning_file_has(&f, device, op, geometry));
  assert_false(clgan_tuning_file_has(&f, device, op, "1,1,1,1,1,1,1,1,1,1,0"));
  clgan_tuning_file_note(&f, device, op, geometry, "kc=64: wrong");
  clgan_tuning_file_note(&f, device, op, geometry, "kc=64: wrong");
  clgan_tuning_file_cut(&f, device, op, geometry, true);
  clgan_tuning_file_note(&f, device, op, geometry, "kc=32: wrong");
  OK(clgan_tuning_file_write(path, &f, "# about\n", &error));
  clgan_tuning_file_free(&f);
  OK(clgan_tuning_file_read(path, &f, &error));
  assert_int_equal(f.t.n, 1);
  assert_non_null(strstr(f.notes.s, "kc=64: wrong\n"));
  assert_int_equal(count(f.notes.s, "kc=64: wrong\n"), 1);
  assert_true(clgan_tuning_file_is_cut(&f, device, op, geometry));
  assert_false(clgan_tuning_file_is_cut(&f, device, op, "1,1,1,1,1,1,1,1,1,1,0"));
  clgan_tuning_file_cut(&f, device, op, geometry, false);
  assert_false(clgan_tuning_file_is_cut(&f, device, op, geometry));
  assert_true(clgan_tuning_file_noted(&f, device, op, geometry, "kc=32"));
  assert_int_equal(f.notes.len, strlen(f.notes.s));
  assert_true(clgan_tuning_file_noted(&f, device, op, geometry, "kc=64"));
  assert_false(clgan_tuning_file_noted(&f, device, op, geometry, "kc=6"));
  assert_false(clgan_tuning_file_noted(&f, device, op, "1,1,1,1,1,1,1,1,1,1,0", "kc=64"));
  clgan_tuning_file_free(&f);

  anew();
  assert_int_equal(kc_in_force(), 128);
  char *used = clgan_tuning_used(device);
  assert_non_null(strstr(used, "kc=128"));
  clgan_tuning_set(device, used, "used");
  assert_int_equal(kc_in_force(), 128);
  clgan_tuning_set(device, NULL, NULL);
  assert_int_equal(kc_in_force(), -1);
  assert_int_equal(setenv("CLGAN_NO_TUNING", "1", 1), 0);
  anew();
  assert_int_equal(kc_in_force(), -1);
  assert_int_equal(unsetenv("CLGAN_NO_TUNING"), 0);
  clgan_mem_free(used);
  clgan_mem_free(path);
}

static void put_file(const char *text) {
  char *path = clgan_tuning_path(clgan_cl_info(device));
  OK(clgan_file_write(path, text, strlen(text), &error));
  clgan_mem_free(path);
  anew();
}

/* Runs after the_users_file, which made the folder. */
static void what_does_not_apply(void **state) {
  (void)state;
  put_file(HEAD "op=conv use kc=64\nop=local_conv use kc=64\n");
  assert_int_equal(kc_in_force(), 64);
  put_file(HEAD "op=conv use kc=64\nop=local_conv use kc=64\ndamaged\n");
  assert_int_equal(kc_in_force(), -1);
  put_file(HEAD "source=0123456789abcdef op=conv use kc=64\nsource=0123456789abcdef op=local_conv use kc=64\n");
  assert_int_equal(kc_in_force(), -1); /* other kernels */
  put_file(HEAD "driver=0.0 op=conv use kc=64\ndriver=0.0 op=local_conv use kc=64\n");
  assert_int_equal(kc_in_force(), -1);
  put_file(HEAD "op=conv use kc=64 kd=1\nop=local_conv use kc=64 kd=1\n");
  assert_int_equal(kc_in_force(), -1); /* a name that no product has */
}

/* CLGAN_TUNING's file comes after the user's; one that is damaged changes nothing. */
static void a_file_that_is_named(void **state) {
  (void)state;
  char *path = clgan_mem_printf("%s/sent.txt", scratch);
  const char *good = HEAD "op=conv use kc=128\nop=local_conv use kc=128\n", *damaged = HEAD "damaged\n";
  assert_int_equal(setenv("CLGAN_TUNING", path, 1), 0);
  put_file(HEAD "op=conv use kc=64\nop=local_conv use kc=64\n");
  assert_int_equal(kc_in_force(), 64); /* no such file */
  OK(clgan_file_write(path, good, strlen(good), &error));
  anew();
  assert_int_equal(kc_in_force(), 128);
  OK(clgan_file_write(path, damaged, strlen(damaged), &error));
  anew();
  assert_int_equal(kc_in_force(), 64);
  assert_int_equal(unsetenv("CLGAN_TUNING"), 0);
  clgan_mem_free(path);
}

static int open_both(void **state) {
  return scratch_setup(state) || device_open(state);
}
static int close_both(void **state) {
  return device_close(state) || scratch_teardown(state);
}

int main(int argc, char **argv) {
  if (argc > 1) cmocka_set_test_filter(argv[1]); /* one of them: Oclgrind takes long */
  const struct CMUnitTest tests[] = {cmocka_unit_test(samples_are_the_reference),
                                     cmocka_unit_test(variants_reg), cmocka_unit_test(winograd), cmocka_unit_test(winograd_small), cmocka_unit_test(lines),
                                     cmocka_unit_test(lines_small),
                                     cmocka_unit_test(variants_local),
                                     cmocka_unit_test(subgroups), cmocka_unit_test(subgroups_small),
                                     cmocka_unit_test(impossible_values),
                                     cmocka_unit_test(cuts_can_be_launched),
                                     cmocka_unit_test(little_work_where_loops_are_short),
                                     cmocka_unit_test(shipped_by_vendor),
                                     cmocka_unit_test(the_users_file),
                                     cmocka_unit_test(what_does_not_apply),
                                     cmocka_unit_test(a_file_that_is_named)};
  return cmocka_run_group_tests(tests, open_both, close_both);
}
