/* Weight gradient of convolutions, transposed convolutions and linear layers: dW = acc + sum over pixels, registers only, work-group of one.
 *
 * A matrix product over pixels: rows m = (kh, kw, ci) flattened (im2col columns), columns co. A work-item makes m_tiles * MR rows x
 * n_panels * NR columns over one split of the pixels: for each block of KC pixels it copies its part of the im2col rows, then panel by
 * panel packs KC x NR of DY and runs MR x NR register tiles. With one split it writes dW itself, else its partial sums,
 * which wgrad_reg_sum.cl adds in order.
 *
 * Layouts: x [n][ah][aw][ac], dy [n][yh][yw][yc], out partial [split][kh*kw*ac][yc], or dW [kh*kw][ac][yc] (layout 0), [kh*kw][yc][ac] (1).
 * Grid: x blocks of rows, y groups of panels, z splits.
 * -D VL  lanes; MR, NV  rows and vectors of a register tile; MT  most register tiles down; TILES  most register tiles; KC  pixels of a block
 */
#include "conv_reg.clh"
#define NR (NV * VL)
#define LDM (MT * MR + 2 * VL)

#if NV == 2
#define INIT(i) V c##i##_0 = (V)(0.0f), c##i##_1 = (V)(0.0f);
#define LOAD(i) c##i##_0 = VLD(c + (i)*NR), c##i##_1 = VLD(c + (i)*NR + VL);
#define STEP(i) { const V x = (V)(a[k * lda + (i)]); c##i##_0 = fma(x, b0, c##i##_0), c##i##_1 = fma(x, b1, c##i##_1); }
#define STORE(i) VST(c##i##_0, c + (i)*NR); VST(c##i##_1, c + (i)*NR + VL);
#else
#define INIT(i) V c##i##_0 = (V)(0.0f);
#define LOAD(i) c##i##_0 = VLD(c + (i)*NR);
#define STEP(i) { const V x = (V)(a[k * lda + (i)]); c##i##_0 = fma(x, b0, c##i##_0); }
#define STORE(i) VST(c##i##_0, c + (i)*NR);
#endif

/* c[MR][NR] (+)= kc rows of A (lda floats apart), MR columns of each, times a panel. */
static inline void tile(const float *a, int lda, const float *b, float *c, int kc, int first) {
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

/* One panel's sums, columns [n0, n1), to out. acc may be out itself: each element is read, then written, by the same work-item. */
static inline void write_panel(__global float *out, const __global float *acc, const float *c, const struct conv_reg_args *p, int m0, int m1,
                               int n0, int n1) {
  if (p->partial || p->layout == 0) {
    for (int m = m0; m < m1; m++, c += NR) {
      const size_t at = (size_t)m * p->yc;
      int j = n0;
      for (; j + VL <= n1; j += VL) {
        V v = VLD(c + (j - n0));
        if (p->has_acc) v += VLD(acc + at + j);
        VST(v, out + at + j);
      }
      for (; j < n1; j++) out[at + j] = p->has_acc ? acc[at + j] + c[j - n0] : c[j - n0];
    }
    return;
  }
  for (int m = m0; m < m1;) {
    const int tap = m / p->ac, ci = m % p->ac, len = min(p->ac - ci, m1 - m);
    for (int j = n0; j < n1; j++) {
      const size_t at = ((size_t)tap * p->yc + j) * p->ac + ci;
      for (int i = 0; i < len; i++) {
        const float v = c[(m - m0 + i) * NR + j - n0];
        out[at + i] = p->has_acc ? acc[at + i] + v : v;
      }
    }
    m += len;
  }
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void wgrad_reg(const __global float *restrict x, const __global float *restrict dy,
                                                                       const __global float *acc, __global float *out,
                                                                       const struct conv_reg_args args) {
  const struct conv_reg_args p = args;
  const struct gather g = gather_of(&p, 0);
  const int rows = p.kh * p.kw * p.ac, split = get_global_id(2);
  const int m0 = get_global_id(0) * p.m_tiles * MR, m1 = min(rows, m0 + p.m_tiles * MR);
  const int n0 = get_global_id(1) * p.n_panels * NR, n1 = min(p.yc, n0 + p.n_panels * NR);
  const int first = split * p.split_pixels, last = min(p.n * p.yh * p.yw, first + p.split_pixels);
  float pa[KC * LDM], pb[KC * NR], pc[TILES * MR * NR];
  const int lda = min(LDM, (m1 - m0 + VL - 1) / VL * VL + 2 * VL), i0 = m0 / (p.kw * p.ac);
  struct pixel q = pixel_at(&g, first);
  for (int q0 = first; q0 < last; q0 += KC) {
    const int kc = min(KC, last - q0);
    for (int k = 0; k < kc; k++, pixel_next(&q, &g)) copy_row(pa + k * lda, x, &p, &g, q, i0, m0, m1);
    for (int n = n0; n < n1; n += NR) {
      const __global float *src = dy + (size_t)q0 * p.yc + n;
      for (int k = 0; k < kc; k++, src += p.yc) {
        VST(VLD(src), pb + k * NR);
#if NV == 2
        VST(VLD(src + VL), pb + k * NR + VL);
#endif
      }
      float *c = pc + (n - n0) * p.m_tiles * MR;
      for (int m = 0; m < m1 - m0; m += MR) tile(pa + m, lda, pb, c + m * NR, kc, q0 == first);
    }
  }
  out += p.partial ? (size_t)split * rows * p.yc : 0;
  for (int n = n0; n < n1; n += NR)
    write_panel(out, acc, pc + (n - n0) * p.m_tiles * MR, &p, m0, m1, n, min(n1, n + NR));
}
