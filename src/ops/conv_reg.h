/** @file conv_reg.h  Private to ops/: what the launches of the registers-only products share. */
#ifndef CLGAN_OPS_CONV_REG_H
#define CLGAN_OPS_CONV_REG_H
#include "ops/conv.h"
#include "ops/lanes.h"

/* Mirrors struct conv_reg_args in kernels/conv_reg.clh. */
struct conv_reg_args {
  int n, ah, aw, ac;
  int yh, yw, yc;
  int kh, kw, stride, pad;
  int transposed;
  int m_tiles, n_panels;
  int class_stride, swapped;
  int split_pixels, layout;
  int act, has_bias, has_scale, has_acc, partial;
  int gate;
  float slope;
};

static inline int ceil_div(int a, int b) {
  return (a + b - 1) / b;
}
static inline int min_int(int a, int b) {
  return a < b ? a : b;
}
static inline int max_int(int a, int b) {
  return a > b ? a : b;
}

static inline int lanes(const struct clgan_target *t) {
  return t->vector >= 16 ? 16 : t->vector >= 8 ? 8 : 4;
}
static inline int units(const struct clgan_target *t) { return (int)clgan_target_units(t); }

/* Costs of the registers-only products are counted in steps of a register tile of 6 x 16 sums, which take the same time
 * with vectors of 8 floats and with one unit for 16 as the moves of memory do that they are weighed against: what one
 * step of depth of a tile of mr x nr sums takes. */
static inline double clgan_reg_steps(int mr, int nr) {
  return mr * nr / 96.0;
}

/* Fills what forward, backward-data and weight-gradient kernels share. */
static inline struct conv_reg_args clgan_conv_reg_args_of(const struct clgan_geom *g, bool transposed) {
  struct conv_reg_args a = {
      .n = g->n, .kh = g->kh, .kw = g->kw, .stride = g->stride, .pad = g->pad, .transposed = transposed};
  if (transposed) {
    a.ah = g->ho, a.aw = g->wo, a.ac = g->co, a.yh = g->hi, a.yw = g->wi, a.yc = g->ci;
  } else {
    a.ah = g->hi, a.aw = g->wi, a.ac = g->ci, a.yh = g->ho, a.yw = g->wo, a.yc = g->co;
  }
  return a;
}

/* A product by Winograd's minimal filtering (conv_wino.c): m x m outputs a tile, r taps a side of a component. */
struct conv_wino {
  struct conv_reg_args a;
  int m, r;
  int vl, mr, nv, mt, np, kc; /**< register tile; most of them down and across a work-item; depth of a block */
  int rows, depth, classes;   /**< tiles of a class, components x channels, parity classes */
  int splits;                 /**< weight gradient: of the tiles */
  size_t panels;              /**< floats of the transformed weights */
  double cost;                /**< on one unit, in steps */
};
/* Winograd's filtering for a CONV or CONV_WGRAD, if the variant asks for it or, left to the rule, if it is faster than
 * the direct product at a cost of @p direct. @return false: the direct product. */
bool clgan_wino_choose(const struct clgan_node *node, const struct clgan_target *t, const struct clgan_variant *v,
                       double direct, struct conv_wino *out);
/* The product of a CONV_WGRAD, without the sum of splits. */
void clgan_wino_wgrad_prepare(const struct conv_wino *w, const struct clgan_node *node, struct clgan_launches *l);
void clgan_wino_packing(const struct conv_wino *w, const struct clgan_node *node, struct clgan_packing *out);
void clgan_wino_prepare(const struct conv_wino *w, const struct clgan_node *node, const struct clgan_target *t,
                        struct clgan_launches *l);

/* A convolution with few channels in (conv_lines.c): register tiles of mr pixels, or of mr rows of a weight gradient, by
 * nv vectors. */
struct conv_lines {
  struct conv_reg_args a; /**< m_tiles: lines of an image, or images, of a work-item */
  int vl, mr, nv;         /**< mr = 0: not this way */
  int run, lda;           /**< floats of a kernel row's taps, and from those of a pixel to the next */
  int classes, splits;
  bool stream;            /**< the result is written past the cache */
};
/* Lines, or images, of a work-item: what the variant asks for, if it is possible, else about @p pieces items. */
int clgan_lines_share(const struct clgan_variant *v, int whole, int pieces);
/* By image lines, if there are few channels in and the variant asks for nothing else. */
bool clgan_lines_choose(const struct clgan_node *node, const struct clgan_target *t, const struct clgan_variant *v,
                        struct conv_lines *out);
bool clgan_lines_choose_wgrad(const struct clgan_node *node, const struct clgan_target *t,
                              const struct clgan_variant *v, struct conv_lines *out);
void clgan_lines_prepare(const struct conv_lines *w, const struct clgan_node *node, struct clgan_launches *l);
/* The product of a CONV_WGRAD, without the sum of splits. */
void clgan_lines_wgrad_prepare(const struct conv_lines *w, const struct clgan_node *node, struct clgan_launches *l);
#endif
