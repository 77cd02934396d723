/* rows.c - work sizes of kernels over rows of channels. */
#include "ops/rows.h"

#include <stdio.h>
#include <stdlib.h>

#define TILE 256    /* part.clh */
#define FOLD_REG 64 /* rows.cl: channels of a work-item of a fold */
#define FOLD_LOCAL 16
#define REG_PIECE 8192 /* elements below which another work-item costs a CPU driver more than it saves */

static size_t ceil_div(size_t a, size_t b) {
  return (a + b - 1) / b;
}

static size_t common_divisor(size_t a, size_t b) {
  while (b) {
    size_t r = a % b;
    a = b;
    b = r;
  }
  return a;
}

struct clgan_rows clgan_rows_of(const struct clgan_target *t, const struct clgan_lanes *lanes, struct clgan_shape s,
                                bool reduction) {
  size_t channels = (size_t)s.c, m = clgan_shape_rows(s), rep, lx = 1, across, most, least_rows;
  size_t units = clgan_target_units(t);
  if (t->family == CLGAN_FAMILY_REG) {
    size_t v = (size_t)lanes->vector;
    rep = v / common_divisor(channels, v); /* rows that make whole vectors */
    if (rep * channels < TILE) rep *= TILE / (rep * channels);
    across = ceil_div(rep * channels, TILE);
    most = ceil_div((reduction ? 4 : 8) * units, across);
    least_rows = ceil_div(REG_PIECE, rep * channels);
  } else {
    size_t group = (size_t)lanes->group;
    rep = channels < 64 ? 64 / channels : 1;
    while (lx < rep * channels && lx < 64 && lx < group) lx *= 2;
    across = ceil_div(rep * channels, lx);
    most = ceil_div(8 * units, across);
    if (!reduction) most *= 4;
    least_rows = group / lx * (reduction ? 8 : 4);
  }
  size_t rows = m / rep;
  size_t chunks = clgan_max_size(1, clgan_min_size(rows / least_rows, most));
  size_t per = ceil_div(ceil_div(clgan_max_size(rows, 1), chunks), 8) * 8; /* the kernels take 8 rows at a time */
  chunks = clgan_max_size(1, ceil_div(rows, per));
  return (struct clgan_rows){
      (int)rows, (int)per, (int)(rep * channels), (int)(m % rep * channels), (int)channels, (int)chunks,
      (int)lx,   (int)rep};
}

static void pass(struct clgan_launch *l, const struct clgan_rows *r) {
  _Static_assert(sizeof *r == 8 * sizeof(int), "passed as an int8");
  clgan_launch_bytes(l, r, sizeof *r);
}

void clgan_rows_launch(struct clgan_launch *l, const struct clgan_lanes *lanes, const struct clgan_rows *r) {
  pass(l, r);
  size_t group = (size_t)lanes->group;
  size_t across = ceil_div((size_t)r->period, group == 1 ? TILE : (size_t)r->lx);
  clgan_launch_size(l, 2, across * group, (size_t)r->chunks, 1, group, 1, 1);
}

void clgan_rows_launch_fold(struct clgan_launch *l, const struct clgan_lanes *lanes, const struct clgan_rows *r,
                            int sets) {
  pass(l, r);
  size_t group = (size_t)lanes->group, lanes_fold = group == 1 ? FOLD_REG : clgan_min_size(FOLD_LOCAL, group);
  clgan_launch_size(l, 2, ceil_div((size_t)r->channels, lanes_fold) * group, (size_t)sets, 1, group, 1, 1);
}

struct clgan_launch *clgan_flat_add(struct clgan_launches *l, const struct clgan_lanes *lanes, const char *kernel) {
  return clgan_launch_add(l, "elementwise.cl", kernel, "%s", lanes->options);
}

struct clgan_launch *clgan_flat_add_halves(const struct clgan_ir *g, struct clgan_launches *l, const struct clgan_lanes *lanes,
                                           const char *kernel, int a, int b, int y) {
  return clgan_launch_add(l, "elementwise.cl", kernel, "%s%s", lanes->options, clgan_half_option(g, a, b, y));
}

void clgan_flat_launch(struct clgan_launch *l, const struct clgan_target *t, const struct clgan_lanes *lanes,
                       size_t count) {
  struct clgan_grid grid = clgan_grid_of(t, lanes, 1, count);
  clgan_grid_launch(l, lanes, &grid);
}

bool clgan_expect(struct clgan_ir *g, const struct clgan_node *node, int input, size_t count) {
  int v = node->in[input];
  if (v == CLGAN_NONE) return true;
  const char *name = clgan_op_row(node->op)->name;
  if (g->values[v].dtype != CLGAN_F32) {
    clgan_ir_fail(g, "%s: input %d is not float32", name, input);
    return false;
  }
  if (clgan_count_of(g, v) == count) return true;
  clgan_ir_fail(g, "%s: input %d has %zu elements, expected %zu", name, input, clgan_count_of(g, v), count);
  return false;
}

bool clgan_expect_same(struct clgan_ir *g, const struct clgan_node *node, int a, int b) {
  struct clgan_shape s = clgan_ir_shape(g, node->in[a]), u = clgan_ir_shape(g, node->in[b]);
  if (s.n == u.n && s.h == u.h && s.w == u.w && s.c == u.c)
    return clgan_expect(g, node, a, clgan_shape_count(s)) && clgan_expect(g, node, b, clgan_shape_count(s));
  clgan_ir_fail(g, "%s: inputs %d and %d differ in shape: %dx%dx%dx%d, %dx%dx%dx%d", clgan_op_row(node->op)->name, a, b,
                s.n, s.h, s.w, s.c, u.n, u.h, u.w, u.c);
  return false;
}

double clgan_decimal(float x) {
  char text[32];
  (void)snprintf(text, sizeof text, "%.7g", (double)x);
  return strtod(text, NULL);
}

unsigned clgan_halves_first(const struct clgan_node *node, const struct clgan_target *t) {
  (void)node, (void)t;
  return 1;
}

unsigned clgan_halves_through(const struct clgan_node *node, const struct clgan_target *t) {
  (void)node, (void)t;
  return 1 | CLGAN_HALF_OUT(0);
}

unsigned clgan_halves_two(const struct clgan_node *node, const struct clgan_target *t) {
  (void)node, (void)t;
  return 1 | 2;
}

unsigned clgan_halves_all(const struct clgan_node *node, const struct clgan_target *t) {
  (void)node, (void)t;
  return 1 | 2 | CLGAN_HALF_OUT(0);
}
