/* Convolution, transposed convolution and linear layers: y = act(scale * sum + bias), registers only, work-group of
 * one. With a gate (backward passes): y = (scale * sum + bias) * act'(gates), the slope taken from the activation's
 * output, so that no other pass over y is needed.
 *
 * A work-item makes m_tiles * MR pixels x n_panels * NR channels: for each block of KC im2col columns it copies the
 * block of A, then runs MR x NR register tiles down the pixels, panel by panel. A block of a panel stays in the
 * first-level cache, A and the sums in the second. Weights come as panels from conv_reg_pack (PACKED), or, where each is
 * read but once or twice (few pixels), a block of them is packed on the way: all panels together, so that memory is read
 * in runs.
 *
 * Layouts: a [n][ah][aw][ac], b [kh][kw][ac][yc] or, swapped, [kh][kw][yc][ac], panels [class][panel][depth][NR],
 * y, gates [n][yh][yw][yc], bias [yc],
 * scale [1].
 * Grid: x blocks of pixels, y groups of panels, z parity classes (1, or stride * stride where transposed).
 * -D VL  lanes; MR  pixels of a register tile; NV  vectors of a register tile (NR = NV * VL channels)
 * -D MT  most register tiles down; NP  most panels across; KC  im2col columns of a block; PACKED  weights come as
 * panels
 */
#include "conv_reg.clh"
#include "turn.clh"
#define NR (NV * VL)
#define LDA (KC + 2 * VL) /* floats of a row of A: room for copy_row's overwrite, and rows do not share cache sets */
#define A_AT(i) ((i)*LDA + k)
#if !PACKED
#define PANEL_SPACE
#endif
#include "reg_tile.clh"
#include "reg_finish.clh"

/* Weights of im2col column k, all channels. */
static inline const __global float *weight_row(const __global float *b, const struct conv_reg_args *p,
                                               const struct gather *g, int t, int c) {
  return b + (weight_tap(g, t) * p->ac + c) * p->yc;
}

/* Swapped weights of im2col columns [k0, k1), channels n0..n0 + NR - 1: blocks are turned in registers. */
static inline void turn_panel(PANEL_SPACE float *dst, const __global float *b, const struct conv_reg_args *p,
                              const struct gather *g, int k0, int k1, int n0) {
  int t = k0 / p->ac, c = REST(k0, t, p->ac);
  for (int k = k0; k < k1;) {
    const int m = min(p->ac - c, k1 - k);
    const __global float *src = b + weight_tap(g, t) * p->yc * p->ac + c;
    int i = 0;
#if NR % 8 == 0
    for (; i + 8 <= m; i += 16) /* both halves of a cache line while it is there: rows may all lie in one cache set */
      for (int j = 0; j < NR; j += 8)
        for (int h = i; h < min(i + 16, m - 7); h += 8) {
          float8 r[8];
          for (int q = 0; q < 8; q++) r[q] = vload8(0, src + min(n0 + j + q, p->yc - 1) * p->ac + h);
          turn8(r);
          for (int q = 0; q < 8; q++) vstore8(r[q], 0, dst + (h + q) * NR + j);
        }
    i = m / 8 * 8;
#endif
    for (; i < m; i++)
      for (int j = 0; j < NR; j++) dst[i * NR + j] = src[min(n0 + j, p->yc - 1) * p->ac + i];
    dst += m * NR, k += m, c = 0, t++;
  }
}

#if PACKED
/* Weights to panels. Grid: x blocks of m_tiles im2col columns, z classes. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void conv_reg_pack(const __global float *restrict b,
                                                                           __global float *restrict panels,
                                                                           const struct conv_reg_args args) {
  const struct conv_reg_args p = args;
  const struct gather g = gather_of(&p, get_global_id(2));
  const int depth = g.th * g.tw * p.ac, k0 = get_global_id(0) * p.m_tiles, k1 = min(depth, k0 + p.m_tiles);
  panels += get_global_id(2) * p.class_stride;
  if (p.swapped) {
    for (int n = 0; n < p.yc; n += NR) turn_panel(panels + (size_t)n * depth + (size_t)k0 * NR, b, &p, &g, k0, k1, n);
    return;
  }
  int t = k0 / p.ac, c = REST(k0, t, p.ac);
  for (int k = k0; k < k1;) {
    const __global float *src = weight_row(b, &p, &g, t, c);
    __global float *dst = panels + (size_t)k * NR;
    const int m = min(p.ac - c, k1 - k);
    for (int i = 0; i < m; i++, src += p.yc, dst += NR)
      for (int n = 0; n < p.yc; n += NR) {
        VST(VLD(src + n), dst + (size_t)n * depth);
#if NV == 2
        VST(VLD(src + n + VL), dst + (size_t)n * depth + VL);
#endif
      }
    k += m, c = 0, t++;
  }
}
#else
/* Weights of im2col columns [k0, k1), channels n0..n1 - 1, to panels KC * NR apart: row by row, as they lie. */
static inline void pack_panels(float *dst, const __global float *b, const struct conv_reg_args *p,
                               const struct gather *g, int k0, int k1, int n0, int n1) {
  int t = k0 / p->ac, c = REST(k0, t, p->ac);
  for (int k = k0; k < k1;) {
    const int m = min(p->ac - c, k1 - k);
    const __global float *src = weight_row(b, p, g, t, c) + n0;
    for (int i = 0; i < m; i++, dst += NR, src += p->yc)
      for (int n = 0; n < n1 - n0; n += NR) {
        VST(VLD(src + n), dst + n * KC);
#if NV == 2
        VST(VLD(src + n + VL), dst + n * KC + VL);
#endif
      }
    k += m, c = 0, t++;
  }
}
#endif

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void conv_reg(
    const __global float *restrict a, const __global float *restrict b, const __global float *restrict bias,
    const __global float *restrict scales, const __global float *restrict gates, __global float *restrict y,
    const struct conv_reg_args args) {
  const struct conv_reg_args p = args;
  const struct gather g = gather_of(&p, get_global_id(2));
  const int m0 = get_global_id(0) * p.m_tiles * MR, m1 = min(p.n * g.qh * g.qw, m0 + p.m_tiles * MR);
  const int n0 = get_global_id(1) * p.n_panels * NR, n1 = min(p.yc, n0 + p.n_panels * NR);
  const int depth = g.th * g.tw * p.ac;
  const float scale = p.has_scale ? scales[0] : 1.0f;
  float pa[MT * MR * LDA], pc[MT * NP * MR * NR];
#if PACKED
  b += get_global_id(2) * p.class_stride;
#else
  float panels[NP * KC * NR];
#endif
  for (int k0 = 0; k0 == 0 || k0 < depth; k0 += KC) {
    const int k1 = min(depth, k0 + KC);
    const struct span span = span_of(&g, p.ac, k0, k1);
    struct pixel x = pixel_at(&g, m0);
    for (int m = m0; m < m1; m++, pixel_next(&x, &g)) copy_row(pa + (m - m0) * LDA, a, &p, &g, x, span);
    for (int m = m1 - m0; m % MR != 0; m++) /* the last tile's missing rows */
      for (int k = 0; k < k1 - k0; k += VL) VST((V)(0.0f), pa + m * LDA + k);
#if !PACKED
    if (p.swapped)
      for (int n = n0; n < n1; n += NR) turn_panel(panels + (n - n0) * KC, b, &p, &g, k0, k1, n);
    else
      pack_panels(panels, b, &p, &g, k0, k1, n0, n1);
#endif
    for (int n = n0; n < n1; n += NR) {
      float *c = pc + (n - n0) * p.m_tiles * MR;
#if PACKED
      const __global float *pb = b + (size_t)n * depth + k0 * NR;
#else
      const float *pb = panels + (n - n0) * KC;
#endif
      for (int m = 0; m < m1 - m0; m += MR) tile(pa + m * LDA, pb, c + m * NR, k1 - k0, k0 == 0);
    }
  }
  float shift[NP * NR];
  for (int i = 0; i < NP * NR; i++) shift[i] = p.has_bias && n0 + i < n1 ? bias[n0 + i] : 0.0f;
  const int curved = p.act > 2, panel = p.m_tiles * MR * NR;
  const float slope = slope_below(&p);
  struct pixel x = pixel_at(&g, m0);
  for (int m = 0; m < m1 - m0; m++, pixel_next(&x, &g)) {
    __global float *row = y + ((x.n * p.yh + x.h * g.os + g.oh) * p.yw + x.w * g.os + g.ow) * p.yc;
    finish_row(row, pc + m * NR, panel, shift, scale, curved, p.act, slope, n0, n1);
    if (p.gate) gate_row(row + n0, gates + (row - y) + n0, p.gate, p.slope, n1 - n0);
  }
}
