/* conv_reg.c: launches of the convolution products for CPU drivers: work-groups of one work-item, explicit vectors, register tiles.
 * Kernels: kernels/conv_reg*.cl, wgrad_reg*.cl. Every launch covers any geometry: tile sizes are the only build options, so that
 * a model needs few programs. */
#include "ops/conv.h"
#include <stdio.h>
#include <string.h>

/* Mirrors struct conv_reg_args in kernels/conv_reg.clh. */
struct conv_reg_args {
  int n, ah, aw, ac;
  int yh, yw, yc;
  int kh, kw, stride, pad;
  int transposed;
  int m_tiles, n_panels;
  int split_pixels, layout;
  int act, has_bias, has_scale, has_acc, partial;
  float slope;
};

/* Tile sizes of a kernel: build options, and what the partition must know. mr x nr: register tile, rows x columns of the product;
 * mt, np: the most register tiles a work-item may hold; kc: depth of a block. */
struct tiling {
  int vl, mr, nr, nv, mt, np, kc;
};

/* The cut of a product's rows x columns (x depth) into work-items. */
struct cut {
  int m_tiles, n_panels, splits;
};

static int ceil_div(int a, int b) { return (a + b - 1) / b; }
static int min_int(int a, int b) { return a < b ? a : b; }
static int max_int(int a, int b) { return a > b ? a : b; }

static int lanes(const struct clgan_target *t) { return t->vector >= 16 ? 16 : t->vector >= 8 ? 8 : 4; }
static int units(const struct clgan_target *t) { return t->device->compute_units > 0 ? (int)t->device->compute_units : 1; }

/* Register tiles: accumulators, the vectors of one side and one broadcast fit 16 registers (32 with 16 lanes). */
static struct tiling wide_tiling(const struct clgan_target *t, int columns) {
  struct tiling w = {.vl = lanes(t), .kc = 256};
  const bool narrow = columns <= w.vl;
  w.nv = narrow ? 1 : 2;
  w.mr = narrow || w.vl == 16 ? 12 : 6;
  w.mt = 96 / w.mr;
  w.nr = w.nv * w.vl;
  w.np = narrow ? 1 : 128 / w.nr;
  return w;
}

static struct tiling dot_tiling(const struct clgan_target *t, int columns) {
  static const int rows[5] = {0, 8, 6, 4, 3};
  struct tiling d = {.vl = lanes(t), .mr = rows[columns], .nr = columns, .nv = 1, .mt = 16, .np = 1, .kc = 512};
  return d;
}

static struct tiling few_tiling(const struct clgan_target *t, int columns) {
  static const int vectors[5] = {0, 8, 6, 4, 3};
  struct tiling f = {.vl = lanes(t), .nv = vectors[columns], .nr = columns, .np = 1, .kc = 128};
  f.mr = f.nv * f.vl;
  f.mt = max_int(1, 256 / f.mr);
  return f;
}

/* Chooses the cut that ends first: register-tile steps of the longest unit of the device, plus what a work-item spends on copying its rows
 * and packing its panels (in steps per tile row and per panel, measured) . A pure function of sizes and compute units. */
static struct cut choose_cut(const struct tiling *s, int rows, int columns, int depth, int classes, int max_splits, int cu) {
  const int tiles = ceil_div(rows, s->mr), panels = ceil_div(columns, s->nr);
  struct cut best = {1, 1, 1};
  double best_cost = 0.0;
  for (int np = 1; np <= min_int(s->np, panels); np++)
    for (int mt = 1; mt <= min_int(s->mt, tiles); mt++) {
      const double blocks = (double)ceil_div(tiles, mt) * ceil_div(panels, np) * classes;
      for (int k = 1; k <= max_splits; k *= 2) {
        const double items = blocks * k, rounds = (double)(((long)items + cu - 1) / cu);
        /* Few rounds leave units idle when one falls behind: wish for four. */
        const double slack = rounds < 4.0 ? 1.0 + 0.05 * (4.0 - rounds) : 1.0;
        const double item = ((double)mt * np + 0.4 * mt + 0.8 * np) * (depth / (double)k) + 0.5 * mt * s->mr * np * (k > 1 ? 8.0 : 2.0) + 200.0;
        const double cost = rounds * slack * item;
        if (best_cost == 0.0 || cost < best_cost * 0.999) best_cost = cost, best = (struct cut){mt, np, k};
      }
    }
  return best;
}

/* Fills what forward, backward-data and weight-gradient kernels share. */
static struct conv_reg_args args_of(const struct clgan_geom *g, bool transposed) {
  struct conv_reg_args a = {.n = g->n, .kh = g->kh, .kw = g->kw, .stride = g->stride, .pad = g->pad, .transposed = transposed};
  if (transposed) {
    a.ah = g->ho, a.aw = g->wo, a.ac = g->co, a.yh = g->hi, a.yw = g->wi, a.yc = g->ci;
  } else {
    a.ah = g->hi, a.aw = g->wi, a.ac = g->ci, a.yh = g->ho, a.yw = g->wo, a.yc = g->co;
  }
  return a;
}

size_t clgan_conv_reg_scratch(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t) {
  (void)g, (void)node, (void)t;
  return 0;
}

void clgan_conv_reg_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t, struct clgan_launches *l) {
  (void)g;
  const struct clgan_attr *at = &node->attr;
  const int bias = node->n_in > 2 ? node->in[2] : CLGAN_NONE, scale = node->n_in > 3 ? node->in[3] : CLGAN_NONE;
  struct conv_reg_args a = args_of(&at->geom, at->i[0] == 1);
  a.act = (int)at->act, a.slope = at->slope, a.has_bias = bias != CLGAN_NONE, a.has_scale = scale != CLGAN_NONE;
  const int step = a.transposed ? a.stride : 1, classes = step * step;
  const int pixels = a.n * ceil_div(a.yh, step) * ceil_div(a.yw, step);
  const int depth = ceil_div(a.kh, step) * ceil_div(a.kw, step) * a.ac;
  const bool dot = a.yc <= 4;
  const struct tiling s = dot ? dot_tiling(t, a.yc) : wide_tiling(t, a.yc);
  const struct cut c = choose_cut(&s, pixels, a.yc, depth, classes, 1, units(t));
  a.m_tiles = c.m_tiles, a.n_panels = c.n_panels;
  struct clgan_launch *k =
      dot ? clgan_launch_add(l, "conv_reg_dot.cl", "conv_reg_dot", "-DVL=%d -DMR=%d -DNCH=%d -DMT=%d -DKC=%d", s.vl, s.mr, a.yc, s.mt, s.kc)
          : clgan_launch_add(l, "conv_reg.cl", "conv_reg", "-DVL=%d -DMR=%d -DNV=%d -DMT=%d -DNP=%d -DKC=%d", s.vl, s.mr, s.nv, s.mt, s.np,
                             s.kc);
  clgan_launch_value(k, node->in[0]);
  clgan_launch_value(k, node->in[1]);
  clgan_launch_value(k, bias);
  clgan_launch_value(k, scale);
  clgan_launch_value(k, node->out[0]);
  clgan_launch_bytes(k, &a, sizeof a);
  clgan_launch_size(k, 3, (size_t)ceil_div(pixels, c.m_tiles * s.mr), (size_t)ceil_div(ceil_div(a.yc, s.nr), c.n_panels), (size_t)classes, 1, 1, 1);
}

/* -- weight gradient -- */

struct wgrad_plan {
  struct conv_reg_args a;
  struct tiling s;
  struct cut c;
  bool few;
  int rows;
};

static struct wgrad_plan plan_wgrad(const struct clgan_node *node, const struct clgan_target *t) {
  struct wgrad_plan w = {.a = args_of(&node->attr.geom, false)};
  const int pixels = w.a.n * w.a.yh * w.a.yw;
  w.rows = w.a.kh * w.a.kw * w.a.ac;
  w.few = w.a.yc <= 4;
  w.s = w.few ? few_tiling(t, w.a.yc) : wide_tiling(t, w.a.yc);
  if (!w.few) w.s.kc = 128;
  /* A split earns its partial sums with at least two blocks of pixels. */
  w.c = choose_cut(&w.s, w.rows, w.a.yc, pixels, 1, max_int(1, pixels / (2 * w.s.kc)), units(t));
  w.a.split_pixels = ceil_div(ceil_div(pixels, w.c.splits), w.s.kc) * w.s.kc;
  w.c.splits = ceil_div(pixels, w.a.split_pixels);
  w.a.m_tiles = w.c.m_tiles, w.a.n_panels = w.c.n_panels;
  w.a.layout = node->attr.i[0];
  w.a.partial = w.c.splits > 1;
  w.a.has_acc = !w.a.partial && node->n_in > 2 && node->in[2] != CLGAN_NONE;
  return w;
}

static size_t partial_count(const struct wgrad_plan *w) {
  return w->a.partial ? (size_t)w->c.splits * (size_t)w->rows * (size_t)w->a.yc : 0;
}

size_t clgan_conv_reg_wgrad_scratch(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t) {
  (void)g;
  const struct wgrad_plan w = plan_wgrad(node, t);
  return partial_count(&w);
}

void clgan_conv_reg_wgrad_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                                  struct clgan_launches *l) {
  (void)g;
  const struct wgrad_plan w = plan_wgrad(node, t);
  const struct tiling *s = &w.s;
  const int acc = node->n_in > 2 ? node->in[2] : CLGAN_NONE;
  struct clgan_launch *k =
      w.few ? clgan_launch_add(l, "wgrad_reg_few.cl", "wgrad_reg_few", "-DVL=%d -DNV=%d -DNCH=%d -DMT=%d -DKC=%d", s->vl, s->nv, w.a.yc,
                               s->mt, s->kc)
            : clgan_launch_add(l, "wgrad_reg.cl", "wgrad_reg", "-DVL=%d -DMR=%d -DNV=%d -DMT=%d -DNP=%d -DKC=%d", s->vl, s->mr, s->nv, s->mt,
                               s->np, s->kc);
  clgan_launch_value(k, node->in[0]);
  clgan_launch_value(k, node->in[1]);
  clgan_launch_value(k, w.a.has_acc ? acc : CLGAN_NONE);
  if (w.a.partial) clgan_launch_scratch(k, 0, partial_count(&w));
  else clgan_launch_value(k, node->out[0]);
  clgan_launch_bytes(k, &w.a, sizeof w.a);
  clgan_launch_size(k, 3, (size_t)ceil_div(w.rows, w.c.m_tiles * s->mr), (size_t)ceil_div(ceil_div(w.a.yc, s->nr), w.c.n_panels),
                    (size_t)w.c.splits, 1, 1, 1);
  if (!w.a.partial) return;
  /* About eight pieces a unit, each of some length. */
  const int step = max_int(ceil_div(256, w.a.yc), ceil_div(w.rows, 8 * units(t)));
  k = clgan_launch_add(l, "wgrad_reg_sum.cl", "wgrad_reg_sum", "%s", "");
  clgan_launch_scratch(k, 0, partial_count(&w));
  clgan_launch_value(k, acc);
  clgan_launch_value(k, node->out[0]);
  clgan_launch_int(k, w.c.splits);
  clgan_launch_int(k, w.a.kh * w.a.kw);
  clgan_launch_int(k, w.a.ac);
  clgan_launch_int(k, w.a.yc);
  clgan_launch_int(k, w.a.layout);
  clgan_launch_int(k, acc != CLGAN_NONE);
  clgan_launch_int(k, step);
  clgan_launch_size(k, 1, (size_t)ceil_div(w.rows, step), 1, 1, 1, 1, 1);
}
