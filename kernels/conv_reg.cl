/* Convolution, transposed convolution and linear layers: y = act(scale * sum + bias), registers only, work-group of one.
 *
 * A work-item makes m_tiles * MR pixels x n_panels * NR channels: for each block of KC im2col columns it copies the block of A,
 * then panel by panel packs KC x NR weights and runs MR x NR register tiles down the pixels. The panel stays in the first-level
 * cache, A and the sums in the second.
 *
 * Layouts: a [n][ah][aw][ac], b [kh][kw][ac][yc], y [n][yh][yw][yc], bias [yc], scale [1].
 * Grid: x blocks of pixels, y groups of panels, z parity classes (1, or stride * stride where transposed).
 * -D VL  lanes; MR  pixels of a register tile; NV  vectors of a register tile (NR = NV * VL channels)
 * -D MT  most register tiles down; NP  most panels across; KC  im2col columns of a block
 */
#include "conv_reg.clh"
#define NR (NV * VL)
#define NC (NP * NR)     /* floats of a row of sums */
#define LDA (KC + 2 * VL) /* floats of a row of A: room for copy_row's overwrite, and rows do not share cache sets */

#if NV == 2
#define INIT(i) V c##i##_0 = (V)(0.0f), c##i##_1 = (V)(0.0f);
#define LOAD(i) c##i##_0 = VLD(c + (i)*NC), c##i##_1 = VLD(c + (i)*NC + VL);
#define STEP(i) { const V x = (V)(a[(i)*LDA + k]); c##i##_0 = fma(x, b0, c##i##_0), c##i##_1 = fma(x, b1, c##i##_1); }
#define STORE(i) VST(c##i##_0, c + (i)*NC); VST(c##i##_1, c + (i)*NC + VL);
#else
#define INIT(i) V c##i##_0 = (V)(0.0f);
#define LOAD(i) c##i##_0 = VLD(c + (i)*NC);
#define STEP(i) { const V x = (V)(a[(i)*LDA + k]); c##i##_0 = fma(x, b0, c##i##_0); }
#define STORE(i) VST(c##i##_0, c + (i)*NC);
#endif

static inline void tile(const float *a, const float *b, float *c, int kc, int first) {
  ROWS(INIT)
  if (!first) { ROWS(LOAD) }
#pragma unroll 4
  for (int k = 0; k < kc; k++) {
    const V b0 = VLD(b + k * NR);
#if NV == 2
    const V b1 = VLD(b + k * NR + VL);
#endif
    ROWS(STEP)
  }
  ROWS(STORE)
}

/* Weights of im2col columns [k0, k1), channels n0..n0 + NR - 1. */
static inline void pack_panel(float *dst, const __global float *b, const struct conv_reg_args *p, const struct gather *g, int k0, int k1,
                              int n0) {
  int t = k0 / p->ac, c = k0 % p->ac;
  for (int k = k0; k < k1;) {
    const int m = min(p->ac - c, k1 - k), tap = g->bb + t / g->tw * g->bh + t % g->tw * g->bw;
    const __global float *src = b + (tap * p->ac + c) * p->yc + n0;
    for (int i = 0; i < m; i++, dst += NR, src += p->yc) {
      VST(VLD(src), dst);
#if NV == 2
      VST(VLD(src + VL), dst + VL);
#endif
    }
    k += m, c = 0, t++;
  }
}

static inline void finish_row(__global float *y, const float *c, const __global float *bias, float scale, const struct conv_reg_args *p,
                              int n0, int n1) {
  int j = n0;
  for (; j + VL <= n1; j += VL) {
    V v = VLD(c + (j - n0));
    v = p->has_bias ? fma((V)(scale), v, VLD(bias + j)) : scale * v;
    if (p->act == 1) v = select(v, (V)(0.0f), v <= 0.0f);
    else if (p->act == 2) v = select(p->slope * v, v, v > 0.0f);
    else if (p->act == 3) v = tanh(v);
    else if (p->act == 4) v = 1.0f / (1.0f + exp(-v));
    VST(v, y + j);
  }
  for (; j < n1; j++) {
    const float v = c[j - n0];
    y[j] = activate(p->has_bias ? fma(scale, v, bias[j]) : scale * v, p->act, p->slope);
  }
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void conv_reg(const __global float *restrict a, const __global float *restrict b,
                                                                      const __global float *restrict bias,
                                                                      const __global float *restrict scales, __global float *restrict y,
                                                                      const struct conv_reg_args args) {
  const struct conv_reg_args p = args;
  const struct gather g = gather_of(&p, get_global_id(2));
  const int m0 = get_global_id(0) * p.m_tiles * MR, m1 = min(p.n * g.qh * g.qw, m0 + p.m_tiles * MR);
  const int n0 = get_global_id(1) * p.n_panels * NR, n1 = min(p.yc, n0 + p.n_panels * NR);
  const int depth = g.th * g.tw * p.ac;
  const float scale = p.has_scale ? scales[0] : 1.0f;
  float pa[MT * MR * LDA], pb[KC * NR], pc[MT * MR * NC];
  for (int k0 = 0; k0 == 0 || k0 < depth; k0 += KC) {
    const int k1 = min(depth, k0 + KC);
    for (int m = m0; m < m1; m++) copy_row(pa + (m - m0) * LDA, a, &p, &g, m, k0, k1);
    for (int n = n0; n < n1; n += NR) {
      pack_panel(pb, b, &p, &g, k0, k1, n);
      for (int m = m0; m < m1; m += MR) tile(pa + (m - m0) * LDA, pb, pc + (m - m0) * NC + (n - n0), k1 - k0, k0 == 0);
    }
  }
  for (int m = m0; m < m1; m++) {
    const int ow = m % g.qw * g.os + g.ow, oh = m / g.qw % g.qh * g.os + g.oh, n = m / g.qw / g.qh;
    finish_row(y + ((n * p.yh + oh) * p.yw + ow) * p.yc, pc + (m - m0) * NC, bias, scale, &p, n0, n1);
  }
}
