/* conv_lines.c: launches of convolutions with few channels in, by image lines, registers-only family. Kernels:
 * kernels/conv_reg_lines.cl, wgrad_reg_lines.cl. */
#include <stdio.h>

#include "ops/conv_reg.h"

/* Floats of private memory: the ring of lines, weights or sums. */
enum { RING = 16384, WEIGHTS = 8192, CHANNELS_IN = 4, STREAM_BYTES = 1 << 24 };

static bool fits_registers(const struct conv_lines *w, int mr) {
  return mr * w->nv <= (w->vl == 16 ? 24 : 12);
}

static bool asked_otherwise(const struct clgan_variant *v) {
  const int kind = v->at[CLGAN_VARIANT_KIND];
  return kind != CLGAN_VARIANT_FREE && kind != CLGAN_KIND_LINES;
}

int clgan_lines_share(const struct clgan_variant *v, int whole, int pieces) {
  const int asked = v->at[CLGAN_VARIANT_M_TILES];
  return asked >= 1 && asked <= whole ? asked : ceil_div(whole, min_int(whole, pieces));
}

/* What would fill half of the last cache is not there any more when it is read. Some drivers report an inner cache, or none. */
static bool exceeds_cache(const struct conv_reg_args *a, const struct clgan_device_info *d) {
  const double bytes = 4.0 * a->n * a->yh * a->yw * a->yc;
  return bytes >= STREAM_BYTES && 2 * bytes >= (double)d->global_cache;
}

bool clgan_lines_choose(const struct clgan_node *node, const struct clgan_target *t, const struct clgan_variant *v,
                        struct conv_lines *out) {
  struct conv_lines w = {.a = clgan_conv_reg_args_of(&node->attr.geom, node->attr.i[0] == 1), .vl = lanes(t)};
  struct conv_reg_args *a = &w.a;
  a->swapped = node->attr.i[1] == 1;
  const int s = a->transposed ? a->stride : 1, step = a->transposed ? 1 : a->stride, cu = units(t);
  if (asked_otherwise(v) || a->ac > CHANNELS_IN || a->yc <= CHANNELS_IN || a->kw % s != 0 || a->kh % s != 0) return false;
  const int qh = ceil_div(a->yh, s), qw = ceil_div(a->yw, s), th = a->kh / s, tw = a->kw / s;
  w.classes = s * s, w.run = tw * a->ac, w.lda = step * a->ac;
  w.nv = a->yc > w.vl ? 2 : 1;
  const int nr = w.nv * w.vl;
  if (qw < 3 || (double)th * w.run * ceil_div(a->yc, nr) * nr > WEIGHTS) return false;
  /* Pixels of a tile: as few as possible over the end of a row; a tile's weights take the time of about two. */
  for (int mr = 3, best = 0; mr <= 12; mr++) {
    const int cost = ceil_div(qw, mr) * (mr + 2);
    if (!fits_registers(&w, mr) || (best > 0 && cost > best)) continue;
    best = cost, w.mr = mr;
  }
  const int cols = (ceil_div(qw, w.mr) * w.mr - 1) * step + tw;
  if ((double)th * ((double)cols * a->ac + w.vl) > RING) return false;
  a->m_tiles = clgan_lines_share(v, qh, ceil_div(8 * cu, a->n * w.classes));
  a->n_panels = ceil_div(qh, a->m_tiles);
  w.stream = clgan_conv_gate(node) == CLGAN_NONE && a->yc % nr == 0 && exceeds_cache(a, t->device);
  *out = w;
  return true;
}

void clgan_lines_prepare(const struct conv_lines *w, const struct clgan_node *node, struct clgan_launches *l) {
  const int bias = node->n_in > 2 ? node->in[2] : CLGAN_NONE, scale = node->n_in > 3 ? node->in[3] : CLGAN_NONE;
  struct conv_reg_args a = w->a;
  a.act = (int)node->attr.act, a.slope = node->attr.slope;
  a.has_bias = bias != CLGAN_NONE, a.has_scale = scale != CLGAN_NONE;
  a.gate = clgan_conv_gate(node) != CLGAN_NONE ? node->attr.i[CLGAN_CONV_GATE_ACT] : 0;
  struct clgan_launch *k = clgan_launch_add(l, "conv_reg_lines.cl", "conv_reg_lines",
                                            "-DVL=%d -DMR=%d -DNV=%d -DRUN=%d -DLDA=%d -DRING=%d -DWEIGHTS=%d -DSTREAM=%d",
                                            w->vl, w->mr, w->nv, w->run, w->lda, RING, WEIGHTS, w->stream);
  clgan_launch_value(k, node->in[0]);
  clgan_launch_value(k, node->in[1]);
  clgan_launch_value(k, bias);
  clgan_launch_value(k, scale);
  clgan_launch_value(k, clgan_conv_gate(node));
  clgan_launch_value(k, node->out[0]);
  clgan_launch_bytes(k, &a, sizeof a);
  clgan_launch_size(k, 3, (size_t)a.n * (size_t)a.n_panels, 1, (size_t)w->classes, 1, 1, 1);
}

/* -- weight gradient -- */

bool clgan_lines_choose_wgrad(const struct clgan_node *node, const struct clgan_target *t,
                              const struct clgan_variant *v, struct conv_lines *out) {
  struct conv_lines w = {.a = clgan_conv_reg_args_of(&node->attr.geom, false), .vl = lanes(t), .classes = 1};
  struct conv_reg_args *a = &w.a;
  if (asked_otherwise(v) || a->ac > CHANNELS_IN || a->yc <= CHANNELS_IN || a->yw < 4) return false;
  w.run = a->kw * a->ac, w.lda = a->stride * a->ac;
  w.nv = a->yc > w.vl ? 2 : 1;
  for (int mr = 3; mr <= 12; mr++)
    if (w.run % mr == 0 && fits_registers(&w, mr)) w.mr = mr;
  const int nr = w.nv * w.vl, rows = a->kh * w.run, cols = (a->yw - 1) * a->stride + a->kw;
  if (w.mr * w.nv < 6 || (double)a->kh * ((double)cols * a->ac + w.vl) > RING) return false;
  if ((double)rows * nr > WEIGHTS) return false;
  a->n_panels = min_int(ceil_div(a->yc, nr), WEIGHTS / rows / nr);
  a->m_tiles = clgan_lines_share(v, a->n, 8 * units(t));
  a->layout = 0, a->partial = 1;
  w.splits = ceil_div(a->n, a->m_tiles);
  *out = w;
  return true;
}

void clgan_lines_wgrad_prepare(const struct conv_lines *w, const struct clgan_node *node, struct clgan_launches *l) {
  const struct conv_reg_args *a = &w->a;
  const size_t sums = (size_t)w->splits * (size_t)(a->kh * w->run) * (size_t)a->yc;
  struct clgan_launch *k = clgan_launch_add(l, "wgrad_reg_lines.cl", "wgrad_reg_lines",
                                            "-DVL=%d -DMR=%d -DNV=%d -DRUN=%d -DLDA=%d -DRING=%d -DSUMS=%d", w->vl,
                                            w->mr, w->nv, w->run, w->lda, RING, WEIGHTS);
  clgan_launch_value(k, node->in[0]);
  clgan_launch_value(k, node->in[1]);
  clgan_launch_scratch(k, 0, sums);
  clgan_launch_bytes(k, a, sizeof *a);
  clgan_launch_size(k, 3, (size_t)w->splits, (size_t)ceil_div(ceil_div(a->yc, w->nv * w->vl), a->n_panels), 1, 1, 1, 1);
}
