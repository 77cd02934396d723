/** @file conv_local.c  The local-memory family of the convolution products, for GPUs: work-groups of 64 to 256 items
 * that share tiles of at most 18 KiB. Kernels: conv_local.cl (both directions), conv_local_wgrad.cl, the same by sub-groups
 * (conv_local_sub.cl, conv_local_sub_wgrad.cl), conv_local_finish.cl (sums of split products). */
#include <stdio.h>
#include <string.h>

#include "ops/conv.h"
#include "ops/lanes.h"

/** By value to the kernels of conv_local.cl. */
struct local_conv {
  int images, h, w, c; /* A */
  int oh, ow, n;       /* y */
  int kh, kw, pad, out_step, in_step, dir;
  int splits, act, has_bias, has_scale, gate;
  float slope;
};

/** By value to the kernel of conv_local_wgrad.cl. */
struct local_wgrad {
  int images, hi, wi, ci, ho, wo, co, kh, kw, stride, pad;
  int splits;
};

/** -D parameters of the product, see conv_local.clh. `speed`: its rate on wide products, guessed; only ratios count. */
struct local_tile {
  int bm, bn, bk, tm, tn;
  double speed;
};
static const struct local_tile tiles[] = {
    {128, 128, 8, 8, 8, 1.00}, {64, 64, 16, 8, 4, 0.85}, {128, 32, 8, 8, 4, 0.80}, {32, 32, 16, 4, 4, 0.60},
    {128, 16, 8, 8, 4, 0.65},  {256, 4, 8, 4, 4, 0.30},  {16, 16, 16, 4, 4, 0.20}, /* the last one: work-groups of 16 */
};
enum { TILES = sizeof tiles / sizeof tiles[0] };
/** The same of conv_local_sub.clh: bk items are a sub-group, the tiles of a device those of its size. Never the rule's choice:
 * they were not measured on a GPU. */
static const struct local_tile sub_tiles[] = {
    {64, 32, 8, 8, 4, 1},  {64, 8, 8, 8, 1, 1},   {32, 64, 16, 8, 4, 1}, {64, 32, 16, 16, 2, 1}, {32, 16, 16, 8, 1, 1},
    {16, 128, 32, 8, 4, 1}, {32, 64, 32, 16, 2, 1}, {32, 32, 32, 16, 1, 1}, {16, 128, 64, 16, 2, 1}, {16, 64, 64, 16, 1, 1},
};
enum { SUB_TILES = sizeof sub_tiles / sizeof sub_tiles[0] };
#define SPLIT_ELEMENTS (16.0 * 1024 * 1024) /* most elements of partial sums */

/** A product C[m, n] = sum over k, m and k those of one parity class where there are several. */
struct product {
  double m, n, k;
  int classes;
  double chunk_max; /**< longest k of one sum; 0: any. Bounds the rounding of very long sums */
  bool scalar_a;    /**< the left operand is loaded one element at a time */
};
struct choice {
  const struct local_tile *tile;
  int splits;
};

static int items_of(const struct local_tile *t) {
  return t->bm / t->tm * (t->bn / t->tn);
}
static bool is_sub(const struct local_tile *t) {
  return t >= sub_tiles && t < sub_tiles + SUB_TILES;
}
static size_t local_bytes(const struct local_tile *t) {
  if (is_sub(t)) return 4u * (size_t)(t->tm + 1) * (size_t)items_of(t); /* if sub-groups are tested without any */
  return 8u * (size_t)t->bk * (size_t)(t->bm + 4 + t->bn) + 4u * (size_t)t->bm;
}
static double ceil_div(double a, double b) {
  const double q = a / b;
  const double whole = (double)(long long)q;
  return whole < q ? whole + 1 : whole;
}

/** Splits of k: enough work-groups to fill the device, but sums of at least 128, and at most 64 times C of scratch. */
static int choose_splits(const struct product *p, const struct local_tile *t, double groups, double groups_wanted) {
  double splits = groups < groups_wanted ? ceil_div(groups_wanted, groups) : 1;
  double most = p->k / (t->bk > 128 ? t->bk : 128);
  const double memory = SPLIT_ELEMENTS / (p->m * p->n * p->classes);
  if (most > 64) most = 64;
  if (most > memory) most = memory;
  if (splits > most) splits = most;
  if (p->chunk_max > 0 && splits < p->k / p->chunk_max && p->k / p->chunk_max <= memory)
    splits = ceil_div(p->k, p->chunk_max);
  return splits < 1 ? 1 : (int)splits;
}

static bool tile_fits(const struct local_tile *t, const struct clgan_device_info *d, const struct product *p) {
  const size_t items = (size_t)items_of(t);
  const bool crowded = p->scalar_a && t->bm == 256; /* 32 separate loads an item: too many registers */
  return items <= d->max_work_group && local_bytes(t) <= d->local_mem &&
         (d->max_item_size[0] == 0 || items <= d->max_item_size[0]) && !crowded &&
         (!is_sub(t) || t->bk == (int)d->subgroup_size);
}

static double groups_of(const struct product *p, const struct local_tile *t) {
  return ceil_div(p->m, t->bm) * ceil_div(p->n, t->bn) * p->classes;
}

/** What the rule goes by; a tuning of a family of devices sets it. */
struct capacity {
  int regs; /* of a work-item, 32 bits each */
  int fill; /* work-items on a unit */
};
static struct capacity capacity_of(const struct clgan_variant *v) {
  struct capacity c = {256, 512};
  if (v->at[CLGAN_VARIANT_REGS] >= 16) c.regs = v->at[CLGAN_VARIANT_REGS];
  if (v->at[CLGAN_VARIANT_FILL] >= 1 && v->at[CLGAN_VARIANT_FILL] <= 4096) c.fill = v->at[CLGAN_VARIANT_FILL];
  return c;
}

/** Work-groups that fill the device. */
static double groups_wanted(const struct local_tile *t, const struct clgan_target *target, const struct capacity *c) {
  const double units = target->device->compute_units > 0 ? target->device->compute_units : 1;
  return ceil_div(units * c->fill, items_of(t));
}

/** The tile's rate: less than half where its sums, operands and addresses do not fit the registers. */
static double speed_of(const struct local_tile *t, const struct capacity *c) {
  return t->tm * t->tn + t->tm + t->tn + 16 > c->regs ? 0.4 * t->speed : t->speed;
}

/** The tile and the splits of least estimated time: padded multiplications at the tile's speed, over how full the
 * device is, plus the traffic of partial results. Every choice is correct: the rule decides speed only. */
static struct choice choose(const struct product *p, const struct clgan_target *target, const struct capacity *c) {
  const double element_cost = 40; /* one element through memory, in multiplications */
  struct choice best = {&tiles[TILES - 1], 1};
  double least = 0;
  for (int i = 0; i < TILES; i++) {
    const struct local_tile *t = &tiles[i];
    if (!tile_fits(t, target->device, p) && i != TILES - 1) continue;
    const double groups = groups_of(p, t), wanted = groups_wanted(t, target, c);
    const int splits = choose_splits(p, t, groups, wanted);
    const double full = groups * splits < wanted ? groups * splits / wanted : 1;
    double time = groups * t->bm * t->bn * p->k / (speed_of(t, c) * full);
    if (splits > 1) time += element_cost * p->m * p->n * p->classes * (splits + 1);
    if (least > 0 && time >= least) continue;
    least = time;
    best.tile = t;
    best.splits = splits;
  }
  return best;
}

static void name_tile(const struct local_tile *t, struct clgan_variant *v) {
  if (is_sub(t)) v->at[CLGAN_VARIANT_KIND] = CLGAN_KIND_SUBGROUPS;
  v->at[CLGAN_VARIANT_BM] = t->bm, v->at[CLGAN_VARIANT_BN] = t->bn, v->at[CLGAN_VARIANT_BK] = t->bk;
  v->at[CLGAN_VARIANT_TM] = t->tm, v->at[CLGAN_VARIANT_TN] = t->tn;
}

bool clgan_conv_local_tile(int k, struct clgan_variant *v) {
  if (k >= TILES) return false;
  name_tile(&tiles[k], v);
  return true;
}

bool clgan_conv_local_sub_tile(int k, const struct clgan_device_info *d, struct clgan_variant *v) {
  for (int i = 0; i < SUB_TILES; i++) {
    if (d->subgroup_way == CLGAN_SUBGROUP_NONE || sub_tiles[i].bk != (int)d->subgroup_size || k-- > 0) continue;
    name_tile(&sub_tiles[i], v);
    return true;
  }
  return false;
}

/** choose, but for what a tuning says and the device can do. */
static struct choice choose_tuned(const struct product *p, const struct clgan_node *node,
                                  const struct clgan_target *target) {
  struct clgan_variant v;
  const bool found = clgan_variant_find(node, target, &v);
  const struct capacity capacity = capacity_of(&v);
  struct choice c = choose(p, target, &capacity);
  if (!found) return c;
  const bool sub = v.at[CLGAN_VARIANT_KIND] == CLGAN_KIND_SUBGROUPS;
  for (int i = 0; i < (sub ? SUB_TILES : TILES); i++) {
    const struct local_tile *t = sub ? &sub_tiles[i] : &tiles[i];
    struct clgan_variant w = v;
    name_tile(t, &w);
    if (memcmp(&v, &w, sizeof v) != 0 || t == c.tile || !tile_fits(t, target->device, p)) continue;
    c.tile = t;
    c.splits = choose_splits(p, c.tile, groups_of(p, c.tile), groups_wanted(c.tile, target, &capacity));
  }
  const int splits = v.at[CLGAN_VARIANT_SPLITS];
  const double memory = SPLIT_ELEMENTS / (p->m * p->n * p->classes), deep = p->k / c.tile->bk;
  if (splits == 1 || (splits > 1 && splits <= 64 && splits <= memory && splits <= deep)) c.splits = splits;
  return c;
}

static struct local_conv conv_geometry(const struct clgan_ir *g, const struct clgan_node *node) {
  const struct clgan_geom *c = &node->attr.geom;
  const bool transposed = node->attr.i[0] == 1;
  struct local_conv v = {0};
  (void)g;
  v.images = c->n;
  v.h = transposed ? c->ho : c->hi;
  v.w = transposed ? c->wo : c->wi;
  v.c = transposed ? c->co : c->ci;
  v.oh = transposed ? c->hi : c->ho;
  v.ow = transposed ? c->wi : c->wo;
  v.n = transposed ? c->ci : c->co;
  v.kh = c->kh;
  v.kw = c->kw;
  v.pad = c->pad;
  v.out_step = transposed ? c->stride : 1;
  v.in_step = transposed ? 1 : c->stride;
  v.dir = transposed ? -1 : 1;
  v.splits = 1;
  return v;
}

static struct choice conv_choose(const struct clgan_node *node, const struct local_conv *v,
                                 const struct clgan_target *t) {
  const int s = v->out_step;
  const struct product p = {(double)v->images * ((v->oh + s - 1) / s) * ((v->ow + s - 1) / s),
                            v->n,
                            (double)((v->kh + s - 1) / s) * ((v->kw + s - 1) / s) * v->c,
                            s * s,
                            0,
                            v->c % 4 != 0};
  return choose_tuned(&p, node, t);
}

static size_t conv_count(const struct local_conv *v) {
  return (size_t)v->images * (size_t)v->oh * (size_t)v->ow * (size_t)v->n;
}

static struct choice wgrad_choose(const struct clgan_node *node, const struct clgan_target *t) {
  const struct clgan_geom *c = &node->attr.geom;
  const struct product p = {
      (double)c->kh * c->kw * c->ci, c->co, (double)c->n * c->ho * c->wo, 1, 16384, c->ci % 4 != 0};
  return choose_tuned(&p, node, t);
}

static size_t wgrad_count(const struct clgan_geom *c) {
  return (size_t)c->kh * (size_t)c->kw * (size_t)c->ci * (size_t)c->co;
}

static size_t round_up(size_t n, size_t to) {
  return (n + to - 1) / to * to;
}

/** Appends the launch of a tiled product; @p wgrad: of a weights' gradient; @p curved: tanh or sigmoid in the epilogue; @p halves:
 * clgan_half_option. Arguments are the caller's. */
static struct clgan_launch *add_product(struct clgan_launches *l, const struct clgan_target *target, bool wgrad,
                                        const struct choice *c, int row_a, int row_b, bool curved, const char *halves) {
  const struct local_tile *t = c->tile;
  if (is_sub(t))
    return clgan_launch_add(l, wgrad ? "conv_local_sub_wgrad.cl" : "conv_local_sub.cl",
                            wgrad ? "conv_local_sub_wgrad" : "conv_local_sub",
                            "-DBM=%d -DBN=%d -DBK=%d -DTM=%d -DTN=%d -DSUB=%d -DCURVED=%d%s%s", t->bm, t->bn, t->bk,
                            t->tm, t->tn, (int)target->device->subgroup_way, curved ? 1 : 0, halves,
                            target->device->subgroup_way == CLGAN_SUBGROUP_KHR ? " -cl-std=CL2.0" : "");
  return clgan_launch_add(l, wgrad ? "conv_local_wgrad.cl" : "conv_local.cl", wgrad ? "conv_local_wgrad" : "conv_local",
                          "-DBM=%d -DBN=%d -DBK=%d -DTM=%d -DTN=%d -DVA=%d -DVB=%d -DCURVED=%d%s", t->bm, t->bn, t->bk,
                          t->tm, t->tn, row_a % 4 == 0 ? 4 : 1, row_b % 4 == 0 ? 4 : 1, curved ? 1 : 0, halves);
}

/** Its work-groups: tiles of m x n flattened, channels fastest; parity classes and splits. */
static void size_product(struct clgan_launch *launch, const struct choice *c, size_t m, size_t n, size_t layers) {
  const size_t bm = (size_t)c->tile->bm, bn = (size_t)c->tile->bn, items = (size_t)items_of(c->tile);
  clgan_launch_size(launch, 3, (m + bm - 1) / bm * ((n + bn - 1) / bn) * items, 1, layers, items, 1, 1);
}

/** Work-group of the one-item-per-element sums, and the side of the transposing one. */
static size_t finish_items(const struct clgan_target *t) {
  return t->device->max_work_group >= 256 ? 256 : 16;
}
static int finish_side(const struct clgan_target *t) {
  return finish_items(t) == 256 ? 16 : 4;
}

static struct clgan_launch *add_finish(struct clgan_launches *l, const struct clgan_target *t, const char *kernel,
                                       bool curved, const char *halves) {
  return clgan_launch_add(l, "conv_local_finish.cl", kernel, "-DRT=%d -DCURVED=%d%s", finish_side(t), curved ? 1 : 0,
                          halves);
}

static bool is_curved(enum clgan_act act) {
  return act == CLGAN_ACT_TANH || act == CLGAN_ACT_SIGMOID;
}

void clgan_conv_local_finish_add(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                                 int splits, struct clgan_launches *l) {
  const struct local_conv v = conv_geometry(NULL, node);
  const int bias = node->n_in > 2 ? node->in[2] : CLGAN_NONE, scale = node->n_in > 3 ? node->in[3] : CLGAN_NONE;
  const int gates = clgan_conv_gate(node), gate = gates != CLGAN_NONE ? node->attr.i[CLGAN_CONV_GATE_ACT] : 0;
  const size_t count = conv_count(&v), items = finish_items(t);
  struct clgan_launch *launch = add_finish(l, t, "conv_local_finish", is_curved(node->attr.act),
                                           clgan_half_option(g, CLGAN_NONE, gates, node->out[0]));
  clgan_launch_scratch(launch, 0, (size_t)splits * count);
  clgan_launch_value(launch, bias);
  clgan_launch_value(launch, scale);
  clgan_launch_value(launch, gates);
  clgan_launch_value(launch, node->out[0]);
  clgan_launch_int(launch, (int)count);
  clgan_launch_int(launch, v.n);
  clgan_launch_int(launch, splits);
  clgan_launch_int(launch, (int)node->attr.act);
  clgan_launch_int(launch, bias != CLGAN_NONE);
  clgan_launch_int(launch, scale != CLGAN_NONE);
  clgan_launch_int(launch, gate);
  clgan_launch_float(launch, node->attr.slope);
  clgan_launch_size(launch, 1, round_up(count, items), 1, 1, items, 1, 1);
}

/** Swapped weights are transposed first, once for all that read them: a tile's loads along channels that lie a whole
 * row apart would meet no cache line twice, and a second way of loading would be a second set of programs. */
void clgan_conv_local_packing(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                              struct clgan_packing *out) {
  const struct local_conv v = conv_geometry(g, node);
  (void)t;
  if (node->attr.i[1] == 0) return;
  out->value = node->in[1];
  out->elements = (size_t)v.kh * (size_t)v.kw * (size_t)v.c * (size_t)v.n;
  out->form[0] = v.n, out->form[1] = v.c;
}

size_t clgan_conv_local_scratch(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t) {
  const struct local_conv v = conv_geometry(g, node);
  const struct choice c = conv_choose(node, &v, t);
  return c.splits > 1 ? (size_t)c.splits * conv_count(&v) : 0;
}

void clgan_conv_local_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                              struct clgan_launches *l) {
  struct local_conv v = conv_geometry(g, node);
  const struct choice c = conv_choose(node, &v, t);
  const int bias = node->n_in > 2 ? node->in[2] : CLGAN_NONE, scale = node->n_in > 3 ? node->in[3] : CLGAN_NONE;
  const enum clgan_act act = node->attr.act;
  const bool split = c.splits > 1;
  const int gates = clgan_conv_gate(node), gate = gates != CLGAN_NONE ? node->attr.i[CLGAN_CONV_GATE_ACT] : 0;
  const size_t count = conv_count(&v), step = (size_t)v.out_step;
  v.splits = c.splits;
  if (!split) { /* else the epilogue is the second kernel's */
    v.act = (int)act;
    v.has_bias = bias != CLGAN_NONE;
    v.has_scale = scale != CLGAN_NONE;
    v.gate = gate;
    v.slope = node->attr.slope;
  }
  struct clgan_packing packing = {0};
  clgan_conv_local_packing(g, node, t, &packing);
  if (packing.elements && !l->packed) clgan_transpose_add(l, t, node->in[1], CLGAN_NONE, v.kh * v.kw, v.n, v.c);
  struct clgan_launch *launch = add_product(
      l, t, false, &c, v.c, v.n, is_curved(act) && !split,
      clgan_half_option(g, node->in[0], split ? CLGAN_NONE : gates, split ? CLGAN_NONE : node->out[0]));
  clgan_launch_value(launch, node->in[0]);
  if (packing.elements)
    clgan_launch_packing(launch, packing.elements);
  else
    clgan_launch_value(launch, node->in[1]);
  clgan_launch_value(launch, split ? CLGAN_NONE : bias);
  clgan_launch_value(launch, split ? CLGAN_NONE : scale);
  clgan_launch_value(launch, split ? CLGAN_NONE : gates);
  if (split)
    clgan_launch_scratch(launch, 0, (size_t)c.splits * count);
  else
    clgan_launch_value(launch, node->out[0]);
  clgan_launch_bytes(launch, &v, sizeof v);
  const size_t pixels = (size_t)v.images * (((size_t)v.oh + step - 1) / step) * (((size_t)v.ow + step - 1) / step);
  size_product(launch, &c, pixels, (size_t)v.n, step * step * (size_t)c.splits);
  if (split) clgan_conv_local_finish_add(g, node, t, c.splits, l);
}

size_t clgan_conv_local_wgrad_scratch(const struct clgan_ir *g, const struct clgan_node *node,
                                      const struct clgan_target *t) {
  (void)g;
  return (size_t)wgrad_choose(node, t).splits * wgrad_count(&node->attr.geom);
}

void clgan_conv_local_wgrad_finish_add(const struct clgan_node *node, const struct clgan_target *t, int splits,
                                       bool turned, struct clgan_launches *l) {
  const struct clgan_geom *c = &node->attr.geom;
  const size_t count = wgrad_count(c), items = finish_items(t), side = (size_t)finish_side(t);
  const int acc = node->n_in > 2 ? node->in[2] : CLGAN_NONE;
  struct clgan_launch *launch =
      add_finish(l, t, turned ? "conv_local_wgrad_finish_t" : "conv_local_wgrad_finish", false, "");
  clgan_launch_scratch(launch, 0, (size_t)splits * count);
  clgan_launch_value(launch, acc);
  clgan_launch_value(launch, node->out[0]);
  if (!turned) {
    clgan_launch_int(launch, (int)count);
  } else {
    clgan_launch_int(launch, c->ci);
    clgan_launch_int(launch, c->co);
    clgan_launch_int(launch, c->kh * c->kw);
  }
  clgan_launch_int(launch, splits);
  clgan_launch_int(launch, acc != CLGAN_NONE);
  if (!turned)
    clgan_launch_size(launch, 1, round_up(count, items), 1, 1, items, 1, 1);
  else
    clgan_launch_size(launch, 3, round_up((size_t)c->co, side), round_up((size_t)c->ci, side), (size_t)(c->kh * c->kw),
                      side, side, 1);
}

void clgan_conv_local_wgrad_prepare(const struct clgan_ir *g, const struct clgan_node *node,
                                    const struct clgan_target *t, struct clgan_launches *l) {
  const struct clgan_geom *c = &node->attr.geom;
  const struct choice choice = wgrad_choose(node, t);
  const struct local_wgrad v = {c->n,  c->hi, c->wi, c->ci,     c->ho,  c->wo,
                                c->co, c->kh, c->kw, c->stride, c->pad, choice.splits};
  struct clgan_launch *launch = add_product(l, t, true, &choice, c->ci, c->co, false,
                                            clgan_half_option(g, node->in[0], node->in[1], CLGAN_NONE));
  clgan_launch_value(launch, node->in[0]);
  clgan_launch_value(launch, node->in[1]);
  clgan_launch_scratch(launch, 0, (size_t)choice.splits * wgrad_count(c));
  clgan_launch_bytes(launch, &v, sizeof v);
  size_product(launch, &choice, (size_t)c->kh * (size_t)c->kw * (size_t)c->ci, (size_t)c->co, (size_t)choice.splits);
  clgan_conv_local_wgrad_finish_add(node, t, choice.splits, node->attr.i[0] == 1, l);
}

struct clgan_variant clgan_conv_local_resolve(const struct clgan_node *node, const struct clgan_target *t) {
  struct clgan_variant v = clgan_variant_free();
  const struct local_conv geometry = conv_geometry(NULL, node);
  const struct choice c = node->op == CLGAN_OP_CONV ? conv_choose(node, &geometry, t) : wgrad_choose(node, t);
  name_tile(c.tile, &v);
  v.at[CLGAN_VARIANT_SPLITS] = c.splits;
  return v;
}

bool clgan_family_possible(const struct clgan_device_info *d, enum clgan_family family, char why[160]) {
  const struct local_tile *least = &tiles[TILES - 1];
  const size_t items = (size_t)items_of(least), bytes = local_bytes(least); /* no other kernel needs more */
  why[0] = '\0';
  if (family == CLGAN_FAMILY_REG) return true;
  const size_t most = d->max_item_size[0] > 0 && d->max_item_size[0] < d->max_work_group ? d->max_item_size[0]
                                                                                          : d->max_work_group;
  if (most < items)
    snprintf(why, 160, "work-groups of %zu items are needed, the device allows %zu", items, most);
  else if (d->local_mem < bytes)
    snprintf(why, 160, "%zu bytes of local memory are needed, the device has %llu", bytes,
             (unsigned long long)d->local_mem);
  return why[0] == '\0';
}
