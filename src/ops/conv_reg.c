/* conv_reg.c: launches of the convolution products for CPU drivers: work-groups of one work-item, explicit vectors,
 * register tiles. Kernels: kernels/conv_reg*.cl, wgrad_reg*.cl. Every launch covers any geometry: tile sizes are the
 * only build options, so that a model needs few programs. */
#include "ops/conv_reg.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Tile sizes of a kernel: build options, and what the partition must know. mr x nr: register tile, rows x columns of
 * the product; mt, np, tiles: the most register tiles a work-item may hold, down, across and in all; kc: depth of a
 * block. step, a_cost, b_cost: what a register tile, bringing its rows of A, and bringing a panel of B take for one
 * step of depth, out_cost: what writing a tile takes; in steps of clgan_reg_steps (measured). */
struct tiling {
  int vl, mr, nr, nv, mt, np, tiles, kc;
  double step, a_cost, b_cost, out_cost;
};

/* The cut of a product's rows x columns (x depth) into work-items, and its time on one unit in steps. */
struct cut {
  int m_tiles, n_panels, splits;
  double cost;
};

/* A product so small that a kernel of its own costs more time to compile than it wins in an hour of training: it goes
 * with the wide ones. */
static bool is_small(int rows, int columns, int depth) {
  return 2.0 * rows * columns * depth < 4e6;
}

/* What a tile of this size takes, from what bringing 6 rows of A and a panel of 16 columns of B do. */
static void set_costs(struct tiling *s, double rows6, double columns16) {
  s->step = clgan_reg_steps(s->mr, s->nr);
  s->out_cost = 6.0 * s->step;
  s->a_cost = rows6 * s->mr / 6.0;
  s->b_cost = columns16 * s->nr / 16.0;
}

/* Most panels of a work-item. */
static int most_panels(const struct tiling *w, int columns) {
  return columns <= w->vl && w->vl < 16 ? 1 : 128 / w->nr;
}

/* Register tiles: accumulators, the vectors of one side and one broadcast fit 16 registers. With 16 lanes one vector gives
 * enough sums to hide an addition's latency; its panel fits the first-level cache beside the rows, and one program serves
 * narrow and wide products. */
static struct tiling wide_tiling(const struct clgan_target *t, int columns) {
  struct tiling w = {.vl = lanes(t), .kc = 256};
  w.nv = columns <= w.vl || w.vl == 16 ? 1 : 2;
  w.mr = 12 / w.nv;
  w.mt = 132 / w.mr;
  w.nr = w.nv * w.vl;
  w.np = most_panels(&w, columns);
  w.tiles = w.mt * w.np;
  set_costs(&w, 0.4, 1.2);
  return w;
}

/* Here mt is the im2col block's; a work-item may have any number of them. */
static struct tiling wgrad_tiling(const struct clgan_target *t, int columns) {
  struct tiling w = wide_tiling(t, columns);
  w.kc = 128;
  w.mt = 264 / w.mr;
  set_costs(&w, 0.5, 3.0);
  return w;
}

/* The tile that a tuning gives, where the kernels have it; else the rule's stays. */
static void tune_tiling(struct tiling *w, const struct clgan_variant *v, int columns) {
  const int mr = v->at[CLGAN_VARIANT_MR], nv = v->at[CLGAN_VARIANT_NV], kc = v->at[CLGAN_VARIANT_KC];
  const double rows6 = 6.0 * (w->a_cost / w->mr), columns16 = 16.0 * (w->b_cost / w->nr);
  const int rows = w->mt * w->mr; /* of a block */
  const bool has_rows = mr == 1 || mr == 2 || mr == 3 || mr == 4 || mr == 6 || mr == 8 || mr == 10 || mr == 12;
  if (has_rows && (nv == 1 || nv == 2)) {
    w->mr = mr, w->nv = nv, w->nr = nv * w->vl;
    w->mt = rows / mr;
    w->np = most_panels(w, columns);
    w->tiles = w->mt * w->np;
    set_costs(w, rows6, columns16);
  }
  if (kc >= 32 && kc <= 1024 && kc % 32 == 0) w->kc = kc;
}

static bool within(int x, int least, int most) {
  return x >= least && x <= most;
}

/* The cut that a tuning gives, as far as it is possible. */
static void tune_cut(struct cut *c, const struct clgan_variant *v, int tiles, int panels, int splits) {
  const int mt = v->at[CLGAN_VARIANT_M_TILES], np = v->at[CLGAN_VARIANT_N_PANELS], k = v->at[CLGAN_VARIANT_SPLITS];
  if (within(mt, 1, tiles)) c->m_tiles = mt;
  if (within(np, 1, panels)) c->n_panels = np;
  if (within(k, 1, splits)) c->splits = k;
}

static struct tiling dot_tiling(const struct clgan_target *t, int columns) {
  static const int rows[5] = {0, 8, 6, 4, 3};
  struct tiling d = {.vl = lanes(t),
                     .mr = rows[columns],
                     .nr = columns,
                     .nv = 1,
                     .mt = 16,
                     .np = 1,
                     .tiles = 16,
                     .kc = 512,
                     .step = 1.0,
                     .out_cost = rows[columns],
                     .a_cost = 1.0,
                     .b_cost = 2.0};
  return d;
}

static struct tiling few_tiling(const struct clgan_target *t, int columns) {
  static const int vectors[5] = {0, 8, 6, 4, 3};
  struct tiling f = {.vl = lanes(t), .nv = vectors[columns], .nr = columns, .np = 1, .kc = 128, .step = 1.0, .a_cost = 1.0};
  f.mr = f.nv * f.vl;
  f.out_cost = f.mr;
  f.mt = f.tiles = max_int(1, 256 / f.mr);
  return f;
}

/* Chooses the cut that ends first. A pure function of sizes and compute units. */
static struct cut choose_cut(const struct tiling *s, int rows, int columns, int depth, int classes, int max_splits,
                             int cu) {
  const int tiles = ceil_div(rows, s->mr), panels = ceil_div(columns, s->nr);
  struct cut best = {.m_tiles = 0};
  for (int np = 1; np <= min_int(s->np, panels); np++)
    for (int mt = 1; mt <= min_int(s->mt, min_int(tiles, s->tiles / np)); mt++) {
      const int blocks = ceil_div(tiles, mt) * ceil_div(panels, np) * classes;
      for (int k = 1; k <= max_splits; k *= 2) {
        const double rounds = ceil_div(blocks * k, cu);
        /* Few rounds leave units idle when one falls behind. */
        const double slack = rounds < 4.0 ? 1.0 + 0.03 * (4.0 - rounds) : 1.0;
        const double depth_steps = (s->step * mt * np + s->a_cost * mt + s->b_cost * np) * ((double)depth / k);
        const double out_steps = s->out_cost * mt * np * (k > 1 ? 4.0 : 1.0);
        const double cost = rounds * slack * (depth_steps + out_steps + 200.0);
        if (best.m_tiles == 0 || cost < best.cost * 0.999) best = (struct cut){mt, np, k, cost};
      }
    }
  return best;
}

/* Floats of private memory of the kernels that go by rows of images: the ring of lines, and weights or sums; and most
 * floats of partial sums that a tuning may ask for. */
enum { RING = 16384, ROW_WEIGHTS = 4096, ROW_SUMS = 8192, SPLIT_FLOATS = 16 * 1024 * 1024 };

struct conv_plan {
  struct conv_reg_args a;
  struct tiling s;
  struct cut c;
  int pixels, depth, classes; /**< of the largest parity class */
  bool dot, rows, packed;
  size_t panels;         /**< floats of the packed weights */
  struct conv_wino wino; /**< m = 0: not by Winograd's filtering */
  struct conv_lines lines; /**< mr = 0: not by image lines */
};

/* Whether few channels out can go by rows, and if so how many rows a work-item takes. */
static bool plan_rows(struct conv_plan *w, const struct clgan_variant *v, int cu) {
  struct conv_reg_args *a = &w->a;
  const int s = a->transposed ? a->stride : 1, step = a->transposed ? 1 : a->stride;
  const int qh = ceil_div(a->yh, s), qw = ceil_div(a->yw, s), th = ceil_div(a->kh, s), tw = ceil_div(a->kw, s);
  const int cols = (ceil_div(qw, w->s.mr) * w->s.mr - 1) * step + tw;
  if (qw < 4 || (double)th * ((double)cols * a->ac + w->s.vl) > RING) return false;
  if ((double)a->yc * th * ((double)tw * a->ac + w->s.vl) > ROW_WEIGHTS) return false;
  a->m_tiles = clgan_lines_share(v, qh, ceil_div(8 * cu, a->n * w->classes));
  a->n_panels = ceil_div(qh, a->m_tiles);
  return true;
}

/* Blocks of 96 rows, but up to 132 where that leaves fewer of a batch's rows over: a linear layer's weights are then
 * read once or twice. */
static struct cut choose_conv_cut(const struct conv_plan *w, const struct tiling *s, int cu) {
  struct tiling c = *s;
  if (ceil_div(w->pixels, s->mr) > 2 * s->mt) c.mt = max_int(1, s->mt * 96 / 132);
  return choose_cut(&c, w->pixels, w->a.yc, w->depth, w->classes, 1, cu);
}

/* Panels of packed weights where that pays, or where the tuning says so. */
static void plan_packing(struct conv_plan *w, const struct clgan_variant *v, int cu) {
  struct tiling s = w->s;
  s.b_cost = 0.2 * s.nr / 16.0;
  const struct cut c = choose_conv_cut(w, &s, cu);
  const int panels = ceil_div(w->a.yc, s.nr), asked = v->at[CLGAN_VARIANT_PACKED];
  const double packing = 5.0 * s.nr / 16.0 * w->depth * panels * w->classes / cu + 500.0;
  /* Rows that are one block (a linear layer of a batch): weights pass once, and a panel is cheap to make on the way.
   * Elsewhere that must earn a program of its own. */
  const bool once = s.vl == 16 && w->pixels * w->classes <= s.mt * s.mr;
  const bool pays = !once && c.cost + packing < 1.4 * w->c.cost;
  w->packed = within(asked, 0, 1) ? asked == 1 : pays;
  if (!w->packed) return;
  w->c = c;
  w->a.class_stride = w->depth * panels * s.nr;
  w->panels = (size_t)w->classes * (size_t)w->a.class_stride;
}

static struct conv_plan plan_conv(const struct clgan_node *node, const struct clgan_target *t) {
  struct conv_plan w = {.a = clgan_conv_reg_args_of(&node->attr.geom, node->attr.i[0] == 1)};
  w.a.swapped = node->attr.i[1] == 1;
  const struct conv_reg_args *a = &w.a;
  const int step = a->transposed ? a->stride : 1;
  struct clgan_variant v;
  clgan_variant_find(node, t, &v);
  const int kind = v.at[CLGAN_VARIANT_KIND];
  w.classes = step * step;
  w.pixels = a->n * ceil_div(a->yh, step) * ceil_div(a->yw, step);
  w.depth = ceil_div(a->kh, step) * ceil_div(a->kw, step) * a->ac;
  w.dot = a->yc <= 4;
  const bool small = is_small(w.pixels * w.classes, a->yc, w.depth);
  if ((kind == CLGAN_KIND_LINES || !small) && clgan_lines_choose(node, t, &v, &w.lines)) return w;
  w.s = w.dot ? dot_tiling(t, a->yc) : wide_tiling(t, a->yc);
  w.rows = w.dot && kind != CLGAN_KIND_WIDE && kind != CLGAN_KIND_FEW && plan_rows(&w, &v, units(t));
  if (w.rows) return w;
  const bool wide = kind == CLGAN_KIND_WIDE || (kind < 0 && small);
  if (w.dot && wide) {
    w.dot = false;
    w.s = wide_tiling(t, INT_MAX);
  }
  if (!w.dot) tune_tiling(&w.s, &v, a->yc <= 4 ? INT_MAX : a->yc);
  w.c =
      w.dot ? choose_cut(&w.s, w.pixels, a->yc, w.depth, w.classes, 1, units(t)) : choose_conv_cut(&w, &w.s, units(t));
  if (!w.dot) plan_packing(&w, &v, units(t));
  if (!w.dot && clgan_wino_choose(node, t, &v, w.c.cost, &w.wino)) {
    return w;
  }
  tune_cut(&w.c, &v, w.s.mt, min_int(w.s.np, ceil_div(a->yc, w.s.nr)), 1);
  w.a.m_tiles = w.c.m_tiles, w.a.n_panels = w.c.n_panels;
  return w;
}

void clgan_conv_reg_packing(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                            struct clgan_packing *out) {
  const struct conv_plan w = plan_conv(node, t);
  if (w.lines.mr > 0) return;
  const int form[] = {w.s.nr,     w.a.ac,         w.a.yc,      w.a.kh,           w.a.kw,
                      w.a.stride, w.a.transposed, w.a.swapped, w.a.class_stride, w.a.transposed ? w.a.pad : 0};
  (void)g;
  if (w.wino.m > 0) {
    clgan_wino_packing(&w.wino, node, out);
    return;
  }
  if (!w.packed) return;
  out->value = node->in[1];
  out->elements = w.panels;
  memcpy(out->form, form, sizeof form);
}

static void add_packing(const struct conv_plan *w, const char *options, int weights, const struct clgan_target *t,
                        struct clgan_launches *l) {
  struct conv_reg_args a = w->a;
  /* Rows of weights a work-item: about eight pieces a unit, 4 KiB at least. */
  a.m_tiles = max_int(ceil_div(1024, a.yc), ceil_div(w->depth * w->classes, 8 * units(t)));
  struct clgan_launch *k = clgan_launch_add(l, "conv_reg.cl", "conv_reg_pack", "%s", options);
  clgan_launch_value(k, weights);
  clgan_launch_packing(k, w->panels);
  clgan_launch_bytes(k, &a, sizeof a);
  clgan_launch_size(k, 3, (size_t)ceil_div(w->depth, a.m_tiles), 1, (size_t)w->classes, 1, 1, 1);
}

/* @return the kernel's name */
static const char *write_conv_options(const struct conv_plan *w, char *options, size_t n) {
  const struct tiling *s = &w->s;
  if (w->rows) {
    snprintf(options, n, "-DROWWISE=1 -DVL=%d -DMR=%d -DNCH=%d -DRING=%d -DWEIGHTS=%d", s->vl, s->mr, w->a.yc, RING,
             ROW_WEIGHTS);
    return "conv_reg_rows";
  }
  if (w->dot) {
    snprintf(options, n, "-DVL=%d -DMR=%d -DNCH=%d -DMT=%d -DKC=%d", s->vl, s->mr, w->a.yc, s->mt, s->kc);
    return "conv_reg_dot";
  }
  snprintf(options, n, "-DVL=%d -DMR=%d -DNV=%d -DMT=%d -DNP=%d -DKC=%d -DPACKED=%d", s->vl, s->mr, s->nv, s->mt, s->np,
           s->kc, w->packed);
  return "conv_reg";
}

void clgan_conv_reg_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                            struct clgan_launches *l) {
  (void)g;
  const int bias = node->n_in > 2 ? node->in[2] : CLGAN_NONE, scale = node->n_in > 3 ? node->in[3] : CLGAN_NONE;
  struct conv_plan w = plan_conv(node, t);
  if (w.wino.m > 0) {
    clgan_wino_prepare(&w.wino, node, t, l);
    return;
  }
  if (w.lines.mr > 0) {
    clgan_lines_prepare(&w.lines, node, l);
    return;
  }
  const struct tiling *s = &w.s;
  w.a.act = (int)node->attr.act, w.a.slope = node->attr.slope;
  w.a.has_bias = bias != CLGAN_NONE, w.a.has_scale = scale != CLGAN_NONE;
  w.a.gate = clgan_conv_gate(node) != CLGAN_NONE ? node->attr.i[CLGAN_CONV_GATE_ACT] : 0;
  char options[128];
  const char *kernel = write_conv_options(&w, options, sizeof options);
  if (w.packed && !l->packed) add_packing(&w, options, node->in[1], t, l);
  struct clgan_launch *k = clgan_launch_add(l, w.dot ? "conv_reg_dot.cl" : "conv_reg.cl", kernel, "%s", options);
  clgan_launch_value(k, node->in[0]);
  if (w.packed)
    clgan_launch_packing(k, w.panels);
  else
    clgan_launch_value(k, node->in[1]);
  clgan_launch_value(k, bias);
  clgan_launch_value(k, scale);
  if (!w.dot) clgan_launch_value(k, clgan_conv_gate(node));
  clgan_launch_value(k, node->out[0]);
  clgan_launch_bytes(k, &w.a, sizeof w.a);
  const size_t gx = w.rows ? (size_t)w.a.n * (size_t)w.a.n_panels : (size_t)ceil_div(w.pixels, w.a.m_tiles * s->mr);
  const size_t gy = w.rows ? 1 : (size_t)ceil_div(ceil_div(w.a.yc, s->nr), w.a.n_panels);
  clgan_launch_size(k, 3, gx, gy, (size_t)w.classes, 1, 1, 1);
}

/* -- weight gradient -- */

struct wgrad_plan {
  struct conv_reg_args a;
  struct tiling s;
  struct cut c;
  bool few, lines; /**< few columns; and by lines of images */
  int rows;
  struct conv_wino wino;   /**< m = 0: not by Winograd's filtering */
  struct conv_lines taps;  /**< mr = 0: not by image lines with few channels in */
};

/* Whether few columns can go by lines of images: a split is then some images. */
static bool plan_lines(struct wgrad_plan *w, const struct clgan_variant *v, int cu) {
  static const int vectors[5] = {0, 10, 6, 4, 3};
  struct conv_reg_args *a = &w->a;
  const int mv = vectors[a->yc] * w->s.vl, cols = (a->yw - 1) * a->stride + a->kw;
  if (a->yw < 4 || (double)a->kh * ((double)cols * a->ac + mv) > RING) return false;
  if ((double)a->yc * a->kh * ((double)a->kw * a->ac + mv) > ROW_SUMS) return false;
  w->s.nv = vectors[a->yc];
  a->m_tiles = clgan_lines_share(v, a->n, 8 * cu);
  w->c.splits = ceil_div(a->n, a->m_tiles);
  a->partial = 1, a->layout = 0;
  return true;
}

/* choose_cut for wgrad_reg: a work-item's rows are any even share of all, its sums go through the cache once a block
 * of pixels, and partial sums are added by another launch. */
static struct cut choose_wgrad_cut(const struct tiling *s, int rows, int columns, int pixels, bool layout, int cu) {
  const int tiles = ceil_div(rows, s->mr), panels = ceil_div(columns, s->nr), blocks = ceil_div(pixels, s->kc);
  struct cut best = {.m_tiles = 0};
  for (int share = 1; share <= tiles; share = share < 64 ? share + 1 : 2 * share)
    for (int np = 1; np <= min_int(s->np, panels); np++)
      for (int k = 1; k <= blocks && k <= 16 * cu; k++) {
        const int mt = ceil_div(tiles, share), deep = ceil_div(blocks, k);
        const int items = ceil_div(tiles, mt) * ceil_div(panels, np) * ceil_div(blocks, deep);
        const double rounds = ceil_div(items, cu), slack = rounds < 4.0 ? 1.0 + 0.03 * (4.0 - rounds) : 1.0;
        const double block =
            (s->step * mt * np + s->a_cost * mt + s->b_cost * np) * min_int(s->kc, pixels) + 6.0 * s->step * mt * np;
        const double sum = k > 1 || layout ? 8.0 * s->step * tiles * panels * (k + 1) / cu + 500.0 : 0.0;
        const double cost = rounds * slack * (deep * block + 200.0) + sum;
        if (best.m_tiles == 0 || cost < best.cost * 0.999) best = (struct cut){mt, np, ceil_div(blocks, deep), cost};
      }
  return best;
}

static struct wgrad_plan plan_wgrad(const struct clgan_node *node, const struct clgan_target *t) {
  struct wgrad_plan w = {.a = clgan_conv_reg_args_of(&node->attr.geom, false)};
  const int pixels = w.a.n * w.a.yh * w.a.yw;
  struct clgan_variant v;
  clgan_variant_find(node, t, &v);
  const int kind = v.at[CLGAN_VARIANT_KIND];
  w.a.layout = node->attr.i[0];
  w.rows = w.a.kh * w.a.kw * w.a.ac;
  w.few = w.a.yc <= 4;
  const bool small = is_small(pixels, w.a.yc, w.rows);
  if ((kind == CLGAN_KIND_LINES || !small) && clgan_lines_choose_wgrad(node, t, &v, &w.taps)) {
    w.a = w.taps.a;
    w.c.splits = w.taps.splits;
    return w;
  }
  w.s = w.few ? few_tiling(t, w.a.yc) : wgrad_tiling(t, w.a.yc);
  w.lines = w.few && kind != CLGAN_KIND_WIDE && kind != CLGAN_KIND_FEW && plan_lines(&w, &v, units(t));
  if (w.lines) return w;
  if (w.few && (kind == CLGAN_KIND_WIDE || (kind < 0 && small))) {
    w.few = false;
    w.s = wgrad_tiling(t, INT_MAX);
  }
  if (!w.few) tune_tiling(&w.s, &v, w.a.yc <= 4 ? INT_MAX : w.a.yc);
  /* A split of few columns earns its partial sums with at least two blocks of pixels. */
  if (w.few)
    w.c = choose_cut(&w.s, w.rows, w.a.yc, pixels, 1, max_int(1, pixels / (2 * w.s.kc)), units(t));
  else
    w.c = choose_wgrad_cut(&w.s, w.rows, w.a.yc, pixels, w.a.layout == 1, units(t));
  if (!w.few && clgan_wino_choose(node, t, &v, w.c.cost, &w.wino)) {
    w.a = w.wino.a;
    w.c.splits = w.wino.splits;
    return w;
  }
  const int memory = SPLIT_FLOATS / w.rows / w.a.yc, blocks = ceil_div(pixels, w.s.kc);
  tune_cut(&w.c, &v, w.few ? w.s.mt : ceil_div(w.rows, w.s.mr), min_int(w.s.np, ceil_div(w.a.yc, w.s.nr)),
           min_int(blocks, memory));
  w.a.split_pixels = ceil_div(ceil_div(pixels, w.c.splits), w.s.kc) * w.s.kc;
  w.c.splits = ceil_div(pixels, w.a.split_pixels);
  w.a.m_tiles = w.c.m_tiles, w.a.n_panels = w.c.n_panels;
  w.a.partial = w.c.splits > 1 || (!w.few && w.a.layout == 1);
  w.a.has_acc = !w.a.partial && node->n_in > 2 && node->in[2] != CLGAN_NONE;
  return w;
}

static size_t partial_count(const struct wgrad_plan *w) {
  return w->a.partial ? (size_t)w->c.splits * (size_t)w->rows * (size_t)w->a.yc : 0;
}

size_t clgan_conv_reg_wgrad_scratch(const struct clgan_ir *g, const struct clgan_node *node,
                                    const struct clgan_target *t) {
  (void)g;
  const struct wgrad_plan w = plan_wgrad(node, t);
  return partial_count(&w);
}

/* dW = acc + the partial sums in order. */
static void add_sum(const struct wgrad_plan *w, const struct clgan_node *node, struct clgan_launches *l) {
  const int acc = node->n_in > 2 ? node->in[2] : CLGAN_NONE;
  struct clgan_launch *k = clgan_launch_add(l, "wgrad_reg_sum.cl", "wgrad_reg_sum", "%s", "");
  clgan_launch_scratch(k, 0, partial_count(w));
  clgan_launch_value(k, acc);
  clgan_launch_value(k, node->out[0]);
  clgan_launch_int(k, w->c.splits);
  clgan_launch_int(k, w->a.kh * w->a.kw);
  clgan_launch_int(k, w->a.ac);
  clgan_launch_int(k, w->a.yc);
  clgan_launch_int(k, node->attr.i[0]);
  clgan_launch_int(k, acc != CLGAN_NONE);
  clgan_launch_size(k, 3, (size_t)ceil_div(w->a.ac, 16), (size_t)ceil_div(w->a.yc, 64), (size_t)(w->a.kh * w->a.kw), 1,
                    1, 1);
}

static void add_lines(const struct wgrad_plan *w, const struct clgan_node *node, struct clgan_launches *l) {
  struct clgan_launch *k = clgan_launch_add(l, "wgrad_reg_few.cl", "wgrad_reg_rows",
                                            "-DROWWISE=1 -DVL=%d -DNV=%d -DNCH=%d -DRING=%d -DSUMS=%d", w->s.vl,
                                            w->s.nv, w->a.yc, RING, ROW_SUMS);
  clgan_launch_value(k, node->in[0]);
  clgan_launch_value(k, node->in[1]);
  clgan_launch_scratch(k, 0, partial_count(w));
  clgan_launch_bytes(k, &w->a, sizeof w->a);
  clgan_launch_size(k, 1, (size_t)w->c.splits, 1, 1, 1, 1, 1);
}

static void add_products(const struct wgrad_plan *w, const struct clgan_node *node, struct clgan_launches *l) {
  const struct tiling *s = &w->s;
  struct clgan_launch *k =
      w->few ? clgan_launch_add(l, "wgrad_reg_few.cl", "wgrad_reg_few", "-DVL=%d -DNV=%d -DNCH=%d -DMT=%d -DKC=%d",
                                s->vl, s->nv, w->a.yc, s->mt, s->kc)
             : clgan_launch_add(l, "wgrad_reg.cl", "wgrad_reg", "-DVL=%d -DMR=%d -DNV=%d -DMT=%d -DNP=%d -DKC=%d",
                                s->vl, s->mr, s->nv, s->mt, s->np, s->kc);
  clgan_launch_value(k, node->in[0]);
  clgan_launch_value(k, node->in[1]);
  clgan_launch_value(k, w->a.has_acc ? node->in[2] : CLGAN_NONE);
  if (w->a.partial)
    clgan_launch_scratch(k, 0, partial_count(w));
  else
    clgan_launch_value(k, node->out[0]);
  clgan_launch_bytes(k, &w->a, sizeof w->a);
  clgan_launch_size(k, 3, (size_t)ceil_div(w->rows, w->c.m_tiles * s->mr),
                    (size_t)ceil_div(ceil_div(w->a.yc, s->nr), w->c.n_panels), (size_t)w->c.splits, 1, 1, 1);
}

void clgan_conv_reg_wgrad_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                                  struct clgan_launches *l) {
  (void)g;
  const struct wgrad_plan w = plan_wgrad(node, t);
  if (w.wino.m > 0)
    clgan_wino_wgrad_prepare(&w.wino, node, l);
  else if (w.taps.mr > 0)
    clgan_lines_wgrad_prepare(&w.taps, node, l);
  else if (w.lines)
    add_lines(&w, node, l);
  else
    add_products(&w, node, l);
  if (w.a.partial) add_sum(&w, node, l);
}

/* -- what became of a variant -- */

static void put_tile(struct clgan_variant *v, const struct tiling *s) {
  v->at[CLGAN_VARIANT_MR] = s->mr, v->at[CLGAN_VARIANT_NV] = s->nv, v->at[CLGAN_VARIANT_KC] = s->kc;
}

struct clgan_variant clgan_conv_reg_resolve(const struct clgan_node *node, const struct clgan_target *t) {
  struct clgan_variant v = clgan_variant_free();
  if (node->op == CLGAN_OP_CONV) {
    const struct conv_plan w = plan_conv(node, t);
    if (w.lines.mr > 0) {
      v.at[CLGAN_VARIANT_KIND] = CLGAN_KIND_LINES, v.at[CLGAN_VARIANT_M_TILES] = w.lines.a.m_tiles;
      return v;
    }
    if (w.wino.m > 0) {
      v.at[CLGAN_VARIANT_KIND] = w.wino.m == 2 ? CLGAN_KIND_WINO2 : CLGAN_KIND_WINO4;
      v.at[CLGAN_VARIANT_KC] = w.wino.kc;
      v.at[CLGAN_VARIANT_M_TILES] = w.wino.a.m_tiles, v.at[CLGAN_VARIANT_N_PANELS] = w.wino.a.n_panels;
      return v;
    }
    v.at[CLGAN_VARIANT_KIND] = w.rows ? CLGAN_KIND_ROWS : w.dot ? CLGAN_KIND_FEW : CLGAN_KIND_WIDE;
    if (!w.dot) put_tile(&v, &w.s);
    if (!w.dot) v.at[CLGAN_VARIANT_PACKED] = w.packed;
    v.at[CLGAN_VARIANT_M_TILES] = w.a.m_tiles;
    if (!w.dot) v.at[CLGAN_VARIANT_N_PANELS] = w.a.n_panels;
    return v;
  }
  const struct wgrad_plan w = plan_wgrad(node, t);
  if (w.taps.mr > 0) {
    v.at[CLGAN_VARIANT_KIND] = CLGAN_KIND_LINES, v.at[CLGAN_VARIANT_M_TILES] = w.taps.a.m_tiles;
    return v;
  }
  if (w.wino.m > 0) {
    v.at[CLGAN_VARIANT_KIND] = w.wino.m == 2 ? CLGAN_KIND_WINO2 : CLGAN_KIND_WINO4;
    v.at[CLGAN_VARIANT_KC] = w.wino.kc, v.at[CLGAN_VARIANT_SPLITS] = w.wino.splits;
    v.at[CLGAN_VARIANT_M_TILES] = w.wino.a.m_tiles, v.at[CLGAN_VARIANT_N_PANELS] = w.wino.a.n_panels;
    return v;
  }
  v.at[CLGAN_VARIANT_KIND] = w.lines ? CLGAN_KIND_ROWS : w.few ? CLGAN_KIND_FEW : CLGAN_KIND_WIDE;
  v.at[CLGAN_VARIANT_M_TILES] = w.a.m_tiles;
  if (w.lines) return v;
  if (!w.few) put_tile(&v, &w.s);
  if (!w.few) v.at[CLGAN_VARIANT_N_PANELS] = w.a.n_panels;
  v.at[CLGAN_VARIANT_SPLITS] = w.c.splits;
  return v;
}
