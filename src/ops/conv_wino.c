/* conv_wino.c: launches of convolutions by Winograd's minimal filtering, registers-only family. Kernels:
 * kernels/conv_wino.cl. */
#include <stdio.h>
#include <string.h>

#include "ops/conv_reg.h"

/* Costs in steps of clgan_reg_steps (measured on PoCL): floats that a unit reads in such a step, ... */
static const double FROM_CACHE = 16.0, FROM_MEMORY = 6.5;

/* ... transforming six values of a frequency, 16 of the inverse. With 16 lanes there are 32 registers, which hold a
 * whole patch. */
static double patch_cost(const struct conv_wino *w) {
  return w->vl == 16 ? 0.45 : 0.9;
}
static double output_cost(const struct conv_wino *w) {
  return w->vl == 16 ? 2.5 : 5.0;
}

/* Floats of private memory: the patches at all frequencies and the sums, which should stay in a second-level cache. */
enum { PRIVATE_FLOATS = 160 * 1024, WGRAD_FLOATS = 320 * 1024, LAST_LEVEL = 4 * 1024 * 1024 };

static int points(const struct conv_wino *w) {
  return w->m + w->r - 1;
}

/* Taps along a side of a component: 2 (kernel 4 stride 2, kernel 2) or 3 (kernel 3 stride 1); else 0. */
static int component_taps(const struct conv_reg_args *a) {
  if (a->kh != a->kw || a->kh % a->stride != 0) return 0;
  const int r = a->kh / a->stride;
  return r == 2 || (r == 3 && a->stride == 1) ? r : 0;
}

/* Chooses the cut that ends first, within the private memory. A pure function of sizes and compute units. */
static void choose_cut(struct conv_wino *w, const struct clgan_variant *v, int cu) {
  const int freq = points(w) * points(w), tiles = ceil_div(w->rows, w->mr), panels = w->a.yc / (w->nv * w->vl);
  /* What reading the transformed weights once takes: from a last-level cache, or from memory. */
  const double step = clgan_reg_steps(w->mr, w->nv * w->vl), columns = w->nv * w->vl / 16.0;
  const double floats_in = (double)freq * w->depth * w->a.yc * w->classes;
  const double stream = floats_in / (floats_in > LAST_LEVEL ? FROM_MEMORY : FROM_CACHE) / cu;
  w->cost = 0.0;
  for (int np = 1; np <= min_int(w->np, panels); np++)
    for (int mt = 1; mt <= min_int(w->mt, tiles); mt++) {
      const int asked_mt = v->at[CLGAN_VARIANT_M_TILES], asked_np = v->at[CLGAN_VARIANT_N_PANELS];
      if (asked_mt > 0 && asked_mt <= min_int(w->mt, tiles) && asked_mt != mt) continue;
      if (asked_np > 0 && asked_np <= min_int(w->np, panels) && asked_np != np) continue;
      const double floats = (double)freq * mt * w->mr * (w->kc + 2 * w->vl + np * w->nv * w->vl);
      const bool asked = asked_mt == mt && asked_np == np; /* the kernel has room for it, caches perhaps not */
      if (floats > PRIVATE_FLOATS && mt * np > 1 && !asked) continue;
      const double rounds = ceil_div(ceil_div(tiles, mt) * ceil_div(panels, np) * w->classes, cu);
      const double slack = rounds < 4.0 ? 1.0 + 0.03 * (4.0 - rounds) : 1.0;
      const double product = freq * np * (1.05 * step * mt + 0.3 * columns), patch = patch_cost(w) * freq * mt * w->mr / 6.0;
      const double output = output_cost(w) * freq * mt * np * w->mr * columns;
      const double cost = rounds * slack * ((product + patch) * w->depth + output + 200.0) +
                          stream * (ceil_div(tiles, mt) + 2);
      if (w->cost > 0.0 && cost >= w->cost * 0.999) continue;
      w->cost = cost, w->a.m_tiles = mt, w->a.n_panels = np;
    }
  w->cost += 0.5 * columns * freq * w->depth * panels * w->classes / cu + 500.0;
}

static bool plan_conv(const struct clgan_node *node, const struct clgan_target *t, const struct clgan_variant *v, int m,
                      struct conv_wino *out) {
  struct conv_wino w = {.a = clgan_conv_reg_args_of(&node->attr.geom, node->attr.i[0] == 1), .m = m};
  w.a.swapped = node->attr.i[1] == 1;
  const struct conv_reg_args *a = &w.a;
  w.vl = lanes(t), w.nv = w.vl == 16 ? 1 : 2, w.mr = 12 / w.nv;
  w.r = component_taps(a);
  if (w.r == 0 || (m != 2 && m != 4) || (w.r == 3 && m != 2)) return false;
  if (a->ac % w.vl != 0 || a->yc % (w.nv * w.vl) != 0) return false;
  const int step = a->transposed ? a->stride : 1, side = a->transposed ? 1 : a->stride;
  const int qh = ceil_div(a->yh, step), qw = ceil_div(a->yw, step);
  w.classes = step * step, w.depth = side * side * a->ac;
  w.rows = a->n * ceil_div(qh, m) * ceil_div(qw, m);
  w.kc = 128;
  const int kc = v->at[CLGAN_VARIANT_KC];
  if (kc >= 32 && kc <= 256 && kc % 32 == 0) w.kc = kc;
  const int freq = points(&w) * points(&w);
  w.np = 128 / (w.nv * w.vl);
  w.mt = max_int(1, PRIVATE_FLOATS / (freq * w.mr * (w.kc + 2 * w.vl + w.nv * w.vl)));
  choose_cut(&w, v, units(t));
  const double weights = (double)w.classes * freq * w.depth * a->yc;
  if (weights > 1e9) return false;
  w.a.class_stride = freq * w.depth * a->yc;
  w.panels = (size_t)w.classes * (size_t)w.a.class_stride;
  *out = w;
  return true;
}

void clgan_wino_packing(const struct conv_wino *w, const struct clgan_node *node, struct clgan_packing *out) {
  const struct conv_reg_args *a = &w->a;
  const int form[] = {-w->m,     w->nv * w->vl, a->ac,      a->yc,           a->kh,
                      a->stride, a->transposed, a->swapped, a->class_stride, a->transposed ? a->pad : 0};
  out->value = node->in[1];
  out->elements = w->panels;
  memcpy(out->form, form, sizeof form);
}

static void add_packing(const struct conv_wino *w, const char *options, int weights, int cu, struct clgan_launches *l) {
  struct conv_reg_args a = w->a;
  a.m_tiles = 8 * max_int(1, ceil_div(w->depth * w->classes, 64 * cu)); /* about eight pieces a unit */
  struct clgan_launch *k = clgan_launch_add(l, "conv_wino.cl", "conv_wino_pack", "%s", options);
  clgan_launch_value(k, weights);
  clgan_launch_packing(k, w->panels);
  clgan_launch_bytes(k, &a, sizeof a);
  clgan_launch_size(k, 3, (size_t)ceil_div(w->depth, a.m_tiles), 1, (size_t)w->classes, 1, 1, 1);
}

void clgan_wino_prepare(const struct conv_wino *w, const struct clgan_node *node, const struct clgan_target *t,
                        struct clgan_launches *l) {
  const int bias = node->n_in > 2 ? node->in[2] : CLGAN_NONE, scale = node->n_in > 3 ? node->in[3] : CLGAN_NONE;
  struct conv_reg_args a = w->a;
  char options[128];
  snprintf(options, sizeof options, "-DVL=%d -DMR=%d -DNV=%d -DMT=%d -DNP=%d -DKC=%d -DWM=%d -DWR=%d", w->vl, w->mr,
           w->nv, w->mt, w->np, w->kc, w->m, w->r);
  if (!l->packed) add_packing(w, options, node->in[1], units(t), l);
  a.act = (int)node->attr.act, a.slope = node->attr.slope;
  a.has_bias = bias != CLGAN_NONE, a.has_scale = scale != CLGAN_NONE;
  a.gate = clgan_conv_gate(node) != CLGAN_NONE ? node->attr.i[CLGAN_CONV_GATE_ACT] : 0;
  struct clgan_launch *k = clgan_launch_add(l, "conv_wino.cl", "conv_wino", "%s", options);
  clgan_launch_value(k, node->in[0]);
  clgan_launch_packing(k, w->panels);
  clgan_launch_value(k, bias);
  clgan_launch_value(k, scale);
  clgan_launch_value(k, clgan_conv_gate(node));
  clgan_launch_value(k, node->out[0]);
  clgan_launch_bytes(k, &a, sizeof a);
  const int panels = a.yc / (w->nv * w->vl);
  clgan_launch_size(k, 3, (size_t)ceil_div(ceil_div(w->rows, w->mr), a.m_tiles), (size_t)ceil_div(panels, a.n_panels),
                    (size_t)w->classes, 1, 1, 1);
}

/* -- weight gradient -- */

/* The cut of rows x columns x splits that ends first. */
static void choose_wgrad_cut(struct conv_wino *w, const struct clgan_variant *v, int max_splits, int cu) {
  const int freq = points(w) * points(w), nr = w->nv * w->vl, panels = w->a.yc / nr;
  const int asked_mt = v->at[CLGAN_VARIANT_M_TILES], asked_np = v->at[CLGAN_VARIANT_N_PANELS];
  const int asked_k = v->at[CLGAN_VARIANT_SPLITS];
  const double step = clgan_reg_steps(w->mr, nr), columns = nr / 16.0;
  w->cost = 0.0;
  for (int np = 1; np <= min_int(w->np, panels); np++)
    for (int mt = w->vl / 2; mt <= w->mt; mt += w->vl / 2) /* mt * mr is a multiple of vl */
      for (int k = 1; k <= max_splits; k++) {
        if (asked_mt > 0 && asked_mt <= w->mt && asked_mt % (w->vl / 2) == 0 && asked_mt != mt) continue;
        if (asked_np > 0 && asked_np <= min_int(w->np, panels) && asked_np != np) continue;
        if (asked_k > 0 && asked_k <= max_splits && asked_k != k) continue;
        const int tiles = ceil_div(ceil_div(w->depth, k), w->kc) * w->kc, splits = ceil_div(w->depth, tiles);
        const double rounds = ceil_div(ceil_div(w->rows, mt * w->mr) * ceil_div(panels, np) * splits, cu);
        const double slack = rounds < 4.0 ? 1.0 + 0.03 * (4.0 - rounds) : 1.0;
        const double down = min_int(mt, ceil_div(w->rows, w->mr));
        const double product = freq * step * down * np * (1.0 + 6.0 / w->kc);
        const double transforms = patch_cost(w) * freq * (down * w->mr + np * nr) / 6.0;
        const double sum =
            splits > 1 || w->a.layout == 1 ? 3.0 * step * w->rows / w->mr * panels * (splits + 1) / cu + 500.0 : 0.0;
        const double cost =
            rounds * slack * ((product + transforms) * min_int(tiles, w->depth) + 2.0 * columns * freq * down * np * w->mr) + sum;
        if (w->cost > 0.0 && cost >= w->cost * 0.999) continue;
        w->cost = cost, w->a.m_tiles = mt, w->a.n_panels = np, w->splits = splits, w->a.split_pixels = tiles;
      }
}

/* Floats of a work-item of `mt` register tiles down. */
static int wgrad_floats(const struct conv_wino *w, int kc, int mt) {
  const int nr = w->np * w->nv * w->vl;
  return points(w) * points(w) * (kc * (mt * w->mr + nr) + mt * w->mr * nr);
}

static bool plan_wgrad(const struct clgan_node *node, const struct clgan_target *t, const struct clgan_variant *v,
                       int m, struct conv_wino *out) {
  struct conv_wino w = {.a = clgan_conv_reg_args_of(&node->attr.geom, false), .m = m};
  struct conv_reg_args *a = &w.a;
  w.vl = lanes(t), w.nv = w.vl == 16 ? 1 : 2, w.mr = 12 / w.nv;
  w.r = component_taps(a);
  if (w.r == 0 || (m != 2 && m != 4) || (w.r == 3 && m != 2)) return false;
  if (a->ac % w.vl != 0 || a->yc % (w.nv * w.vl) != 0) return false;
  a->layout = node->attr.i[0];
  w.classes = 1, w.rows = a->stride * a->stride * a->ac;
  w.depth = a->n * ceil_div(a->yh, m) * ceil_div(a->yw, m);
  w.kc = m == 4 ? 48 : w.r == 3 ? 64 : 96;
  const int kc = v->at[CLGAN_VARIANT_KC];
  w.np = 64 / (w.nv * w.vl);
  w.mt = w.vl / 2;
  if (kc >= 16 && kc <= 256 && kc % 16 == 0 && wgrad_floats(&w, kc, w.mt) <= 2 * WGRAD_FLOATS) w.kc = kc;
  while (wgrad_floats(&w, w.kc, w.mt + w.vl / 2) <= WGRAD_FLOATS) w.mt += w.vl / 2;
  choose_wgrad_cut(&w, v, min_int(ceil_div(w.depth, w.kc), 16 * units(t)), units(t));
  a->partial = w.splits > 1 || a->layout == 1;
  a->has_acc = !a->partial && node->n_in > 2 && node->in[2] != CLGAN_NONE;
  w.panels = a->partial ? (size_t)w.splits * (size_t)(a->kh * a->kw * a->ac) * (size_t)a->yc : 0;
  *out = w;
  return true;
}

void clgan_wino_wgrad_prepare(const struct conv_wino *w, const struct clgan_node *node, struct clgan_launches *l) {
  struct clgan_launch *k = clgan_launch_add(l, "wgrad_wino.cl", "wgrad_wino",
                                            "-DVL=%d -DMR=%d -DNV=%d -DMT=%d -DNP=%d -DKC=%d -DWM=%d -DWR=%d", w->vl,
                                            w->mr, w->nv, w->mt, w->np, w->kc, w->m, w->r);
  clgan_launch_value(k, node->in[0]);
  clgan_launch_value(k, node->in[1]);
  clgan_launch_value(k, w->a.has_acc ? node->in[2] : CLGAN_NONE);
  if (w->a.partial)
    clgan_launch_scratch(k, 0, w->panels);
  else
    clgan_launch_value(k, node->out[0]);
  clgan_launch_bytes(k, &w->a, sizeof w->a);
  clgan_launch_size(k, 3, (size_t)ceil_div(w->rows, w->a.m_tiles * w->mr),
                    (size_t)ceil_div(w->a.yc / (w->nv * w->vl), w->a.n_panels), (size_t)w->splits, 1, 1, 1);
}

/* -- which one -- */

bool clgan_wino_choose(const struct clgan_node *node, const struct clgan_target *t, const struct clgan_variant *v,
                       double direct, struct conv_wino *out) {
  const int kind = v->at[CLGAN_VARIANT_KIND];
  const bool wgrad = node->op == CLGAN_OP_CONV_WGRAD;
  bool (*plan)(const struct clgan_node *, const struct clgan_target *, const struct clgan_variant *, int,
               struct conv_wino *) = wgrad ? plan_wgrad : plan_conv;
  if (kind == CLGAN_KIND_WINO2 || kind == CLGAN_KIND_WINO4)
    return plan(node, t, v, kind == CLGAN_KIND_WINO2 ? 2 : 4, out);
  if (kind != CLGAN_VARIANT_FREE) return false;
  /* Rounding of 4 x 4 outputs is some three times that of the direct product, which it has to earn; and each kind's
   * programs take seconds to compile. */
  struct conv_wino two, four;
  const bool has_two = plan(node, t, v, 2, &two) && two.cost < 0.92 * direct;
  const bool has_four = plan(node, t, v, 4, &four) && four.cost < 0.8 * direct;
  if (has_four && (!has_two || four.cost < 0.9 * two.cost))
    *out = four;
  else if (has_two)
    *out = two;
  return has_two || has_four;
}
