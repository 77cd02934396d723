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

static void compare(const struct scenario *s, const char *family, const struct rig_result *plain, const struct rig_result *fused,
                    size_t k) {
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

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(gates)};
  return cmocka_run_group_tests(tests, device_open, device_close);
}
