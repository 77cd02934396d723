/* The passes of clgan_graph_fuse: a graph computes the same before and after (interpreter, both kernel families), with as many nodes
 * as said; what must not be touched is not. */
#define _POSIX_C_SOURCE 200809L
#include "rig.h"

#define EMIT(g, op, attr, ...) \
  clgan_ir_emit((g), (op), (attr), (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), (int[]){__VA_ARGS__}, NULL)

struct scenario {
  const char *name;
  int before, after; /* nodes with launches */
  void (*build)(struct clgan_ir *g, int variant, int *keep, size_t *n_keep);
  int variant;
};

static int input(struct clgan_ir *g, const char *name, int n, int h, int w, int c) {
  return clgan_ir_input(g, name, CLGAN_F32, clgan_shape_of(n, h, w, c));
}

static int count_nodes(struct clgan_ir *g, const int *keep, size_t n_keep) {
  int n = 0;
  clgan_ir_eliminate(g, keep, n_keep);
  for (size_t k = 0; k < g->n_nodes; k++) n += !g->nodes[k].dead && clgan_op_row(g->nodes[k].op)->prepare;
  return n;
}

static void compare(const struct scenario *s, const char *family, const struct rig_result *plain,
                    const struct rig_result *fused, size_t k) {
  double off = 0, largest = 1e-30;
  for (size_t e = 0; e < plain->n; e++) {
    off = fmax(off, fabs(plain->reference[e] - fused->reference[e]));
    largest = fmax(largest, fabs(plain->reference[e]));
  }
  if (!(off <= 1e-9 * largest)) fail_msg("%s: result %zu differs by %g of %g", s->name, k, off, largest);
  double d = rig_distance(fused);
  if (!(d <= 1e-5)) fail_msg("%s, %s, result %zu: off by %.3g", s->name, family, k, d);
}

static void check(const struct scenario *s) {
  static const char *const families[] = {"reg", "local"};
  for (int f = 0; f < 2; f++) {
    struct rig_result r[2][8];
    int keep[8];
    size_t n = 0;
    for (int fused = 0; fused < 2; fused++) {
      struct clgan_ir *g = clgan_ir_create();
      s->build(g, s->variant, keep, &n);
      if (fused) OK(clgan_graph_fuse(g, keep, n));
      if (fused) OK(clgan_graph_fuse(g, keep, n)); /* twice is once */
      if (g->error.status) fail_msg("%s: %s", s->name, g->error.text);
      int nodes = count_nodes(g, keep, n);
      if (nodes != (fused ? s->after : s->before)) fail_msg("%s: %d nodes, fused %d", s->name, nodes, fused);
      rig_run(g, families[f], keep, n, NULL, NULL, 2, r[fused]);
      clgan_ir_destroy(g);
    }
    for (size_t k = 0; k < n; k++) compare(s, families[f], &r[0][k], &r[1][k], k);
    for (int fused = 0; fused < 2; fused++) rig_free(r[fused], n);
  }
}

/* -- a product and the activation's slope -- */

enum { GATE_PLAIN, GATE_RESHAPED, GATE_TWO_READERS, GATE_KEPT, GATE_LATE };

/* x -> y = act(conv x) -> a linear layer; its gradient back through y. */
static void build_gate(struct clgan_ir *g, int variant, int *keep, size_t *n_keep) {
  struct clgan_attr attr = {.geom = {3, 8, 8, 5, 4, 4, 9, 4, 4, 2, 1}, .act = CLGAN_ACT_LRELU, .slope = 0.2f};
  struct clgan_attr back = {.act = attr.act, .slope = attr.slope};
  bool flat = variant == GATE_RESHAPED;
  int y = EMIT(g, CLGAN_OP_CONV, &attr, input(g, "x", 3, 8, 8, 5), input(g, "w", 1, 16, 5, 9));
  struct clgan_attr product = {.geom = {3, 4, 4, 9, 4, 4, 7, 1, 1, 1, 0}};
  if (flat) product.geom = (struct clgan_geom){3, 1, 1, 144, 1, 1, 7, 1, 1, 1, 0};
  product.i[0] = 1;
  int dz = flat ? input(g, "dz", 3, 1, 1, 7) : input(g, "dz", 3, 4, 4, 7);
  int late = variant == GATE_LATE;
  if (late) { /* the product runs before y is known */
    int d = EMIT(g, CLGAN_OP_CONV, &product, dz, input(g, "v", 1, 1, 7, 9));
    y = EMIT(g, CLGAN_OP_ACT, &back, y);
    keep[(*n_keep = 0)] = EMIT(g, CLGAN_OP_ACT_BWD, &back, d, y);
    *n_keep = 1;
    return;
  }
  int d = EMIT(g, CLGAN_OP_CONV, &product, dz, input(g, "v", 1, 1, 7, flat ? 144 : 9));
  if (flat) d = clgan_ir_reshape(g, d, clgan_shape_of(3, 4, 4, 9));
  int dpre = EMIT(g, CLGAN_OP_ACT_BWD, &back, d, y);
  keep[0] = dpre;
  *n_keep = 1;
  if (variant != GATE_KEPT) keep[0] = EMIT(g, CLGAN_OP_COLSUM, NULL, dpre);
  if (variant == GATE_TWO_READERS) keep[(*n_keep)++] = EMIT(g, CLGAN_OP_COLSUM, NULL, d);
}

static void gates(void **state) {
  (void)state;
  static const struct scenario all[] = {{"gate", 4, 3, build_gate, GATE_PLAIN},
                                        {"gate, reshaped", 4, 3, build_gate, GATE_RESHAPED},
                                        {"gate, another reader", 5, 5, build_gate, GATE_TWO_READERS},
                                        {"gate, kept", 3, 3, build_gate, GATE_KEPT},
                                        {"gate, known too late", 4, 4, build_gate, GATE_LATE}};
  for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) check(&all[k]);
}

/* -- batch norm -- */

enum { NORM_RUN, NORM_RUN_READ, NORM_SUMS, NORM_SUMS_TWICE };

static int vector(struct clgan_ir *g, const char *name, int c) {
  return input(g, name, 1, 1, 1, c);
}
static int state(struct clgan_ir *g, const char *name, int c) {
  return clgan_ir_state(g, name, CLGAN_F32, clgan_shape_of(1, 1, 1, c));
}

static void build_run(struct clgan_ir *g, int variant, int *keep, size_t *n_keep) {
  struct clgan_attr attr = {.f = {0.1f}, .i = {5 * 9}};
  int x = input(g, "x", 5, 3, 3, 19), now[2], to[2], mean = state(g, "mean", 19), var = state(g, "positive var", 19);
  clgan_ir_emit(g, CLGAN_OP_BN_STATS, NULL, 1, &x, now);
  *n_keep = 4;
  if (variant == NORM_RUN_READ)
    keep[(*n_keep)++] = EMIT(g, CLGAN_OP_ADD, NULL, mean, vector(g, "b", 19)); /* the old one */
  clgan_ir_emit(g, CLGAN_OP_BN_RUN, &attr, 4, (int[]){mean, var, now[0], now[1]}, to);
  keep[0] = to[0], keep[1] = to[1];
  keep[2] = EMIT(g, CLGAN_OP_BN, (&(struct clgan_attr){.f = {1e-5f}}), x, now[0], now[1]);
  keep[3] = now[1];
}

/* gamma and beta under two images: their gradients are sums of two. */
static void build_sums(struct clgan_ir *g, int variant, int *keep, size_t *n_keep) {
  struct clgan_attr attr = {.f = {1e-5f}, .act = CLGAN_ACT_RELU};
  int gamma = vector(g, "gamma", 19), beta = vector(g, "beta", 19), mean = vector(g, "mean", 19),
      sum[2] = {CLGAN_NONE, CLGAN_NONE};
  int var = vector(g, "positive var", 19), turns = variant == NORM_SUMS_TWICE ? 3 : 2;
  for (int k = 0; k < turns; k++) {
    int dy = input(g, "dy", 5, 3, 3, 19), x = input(g, "x", 5, 3, 3, 19), out[2];
    clgan_ir_emit(g, CLGAN_OP_BN_BWD_SUMS, &attr, 6, (int[]){dy, x, mean, var, gamma, beta}, out);
    keep[k] = EMIT(g, CLGAN_OP_BN_BWD, &attr, dy, x, mean, var, out[0], out[1], gamma, beta);
    for (int o = 0; o < 2; o++)
      sum[o] = k == 0 ? out[o] : EMIT(g, CLGAN_OP_ADD, NULL, o ? sum[o] : out[o], o ? out[o] : sum[o]);
  }
  keep[turns] = sum[0], keep[turns + 1] = sum[1];
  *n_keep = (size_t)turns + 2;
}

static void norm(void **user) {
  (void)user;
  static const struct scenario all[] = {{"running statistics", 3, 2, build_run, NORM_RUN},
                                        {"running statistics, read before", 4, 4, build_run, NORM_RUN_READ},
                                        {"sums of two", 6, 4, build_sums, NORM_SUMS},
                                        {"sums of three", 10, 6, build_sums, NORM_SUMS_TWICE}};
  for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) check(&all[k]);
}

/* -- spectral norm, optimiser -- */

static void build_spectral(struct clgan_ir *g, int variant, int *keep, size_t *n_keep) {
  int w = input(g, "w", 1, 1, 30, 11), other = input(g, "other", 1, 1, 30, 11), uv[3];
  clgan_ir_emit(g, CLGAN_OP_SPECTRAL_POWER, NULL, 3, (int[]){w, state(g, "u", 11), state(g, "v", 30)}, uv);
  int inv = EMIT(g, CLGAN_OP_SPECTRAL, NULL, variant ? other : w, uv[0], uv[1]);
  keep[0] = EMIT(g, CLGAN_OP_SPECTRAL_BWD, NULL, input(g, "g", 1, 1, 30, 11), w, uv[0], uv[1], inv);
  *n_keep = 1;
}

static void build_adam(struct clgan_ir *g, int variant, int *keep, size_t *n_keep) {
  struct clgan_attr adam = {.f = {0.5f, 0.999f, 1e-8f, 0}, .i = {2, 0, 1}}, lerp = {.i = {3}};
  int p = state(g, "p", 700), m = state(g, "m", 700), v = state(g, "positive v", 700), a = state(g, "a", 700), out[3];
  int consts = vector(g, "positive consts", 4), grad = vector(g, "grad", 700);
  clgan_ir_emit(g, CLGAN_OP_ADAM, &adam, 5, (int[]){p, m, v, grad, consts}, out);
  *n_keep = 4;
  if (variant) keep[(*n_keep)++] = EMIT(g, CLGAN_OP_ADD, NULL, a, grad); /* the average as it was */
  keep[3] = EMIT(g, CLGAN_OP_LERP, &lerp, a, out[0], consts);
  for (int k = 0; k < 3; k++) keep[k] = out[k];
}

static void updates(void **user) {
  (void)user;
  static const struct scenario all[] = {{"spectral", 3, 2, build_spectral, 0},
                                        {"spectral of another weight", 3, 3, build_spectral, 1},
                                        {"average", 2, 1, build_adam, 0},
                                        {"average, read before", 3, 3, build_adam, 1}};
  for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) check(&all[k]);
}

/* -- views -- */

enum { VIEW_ODD, VIEW_PARTS, VIEW_INPUT, VIEW_TWICE, VIEW_AGAIN, VIEW_CHANNELS };

/* Parts are sums; what is concatenated is doubled and cut in two again. */
static void build_views(struct clgan_ir *g, int variant, int *keep, size_t *n_keep) {
  int rows = variant == VIEW_ODD ? 3 : 8, axis = variant == VIEW_CHANNELS;
  int a = input(g, "a", rows, 2, 2, 16), b = input(g, "b", rows, 2, 2, 16);
  int p = EMIT(g, CLGAN_OP_ADD, NULL, a, b), q = variant == VIEW_INPUT ? b : EMIT(g, CLGAN_OP_ADD, NULL, p, b);
  if (variant == VIEW_TWICE) q = p;
  struct clgan_attr join = {.i = {axis}}, low = {.i = {axis, 0, axis ? 16 : rows}},
                    high = {.i = {axis, axis ? 16 : rows, axis ? 16 : rows}};
  int y = EMIT(g, CLGAN_OP_CONCAT, &join, p, q), z = y;
  if (variant == VIEW_AGAIN) z = EMIT(g, CLGAN_OP_CONCAT, &join, p, q);
  int d = EMIT(g, CLGAN_OP_ADD, NULL, y, z), l = EMIT(g, CLGAN_OP_SLICE, &low, d),
      h = EMIT(g, CLGAN_OP_SLICE, &high, d);
  keep[0] = EMIT(g, CLGAN_OP_ADD, NULL, l, p);
  keep[1] = EMIT(g, CLGAN_OP_ADD, NULL, h, q);
  *n_keep = 2;
}

static void views(void **user) {
  (void)user;
  static const struct scenario all[] = {{"slices and parts", 8, 5, build_views, VIEW_PARTS},
                                        {"not aligned, but for the first", 8, 7, build_views, VIEW_ODD},
                                        {"a part from the host", 7, 5, build_views, VIEW_INPUT},
                                        {"one part twice", 7, 5, build_views, VIEW_TWICE},
                                        {"one concatenation twice", 9, 5, build_views, VIEW_AGAIN},
                                        {"along channels", 8, 8, build_views, VIEW_CHANNELS}};
  for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) check(&all[k]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(gates), cmocka_unit_test(norm), cmocka_unit_test(updates),
                                     cmocka_unit_test(views)};
  return cmocka_run_group_tests(tests, device_open, device_close);
}
