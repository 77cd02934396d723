/* Weight gradient of convolutions, transposed convolutions and linear layers: dW = acc + sum over pixels, registers
 * only, work-group of one.
 *
 * A matrix product over pixels: rows m = (kh, kw, ci) flattened (im2col columns), columns co. A work-item makes
 * m_tiles * MR rows x n_panels * NR columns over one split of the pixels. For each block of KC pixels it packs DY into
 * panels, then, MT * MR rows at a time, copies the im2col block and runs MR x NR register tiles. The sums stay in the
 * output: a tile is fetched and stored once a block, which costs little, so that the inputs, whose every pixel many
 * tiles need, are read once while they are in the cache.
 *
 * Layouts: x [n][ah][aw][ac], dy [n][yh][yw][yc], out [split][kh*kw*ac][yc] (one split: dW itself, layout 0; else
 * wgrad_reg_sum.cl adds and arranges), acc as dW.
 * Grid: x blocks of rows, y groups of panels, z splits.
 * -D VL  lanes; MR, NV  rows and vectors of a register tile; MT  register tiles of an im2col block; NP  most panels;
 * KC  pixels of a block
 */
#include "conv_reg.clh"
#define NR (NV * VL)
#define LDA (MT * MR + 2 * VL)

#define A_AT(i) (k * LDA + (i))
#include "reg_rows.clh"
#define LOAD(i) GET(i, from, (size_t)ldc)
#define STORE(i) PUT(i, c, (size_t)ldc)
#define LOAD_EDGE(i) GET(i, edge, NR)
#define STORE_EDGE(i) PUT(i, edge, NR)

/* rows x columns of c (at most MR x NR, lines ldc apart) = those of `from` (zeros where !add) + kc lines of A times a
 * panel. */
static inline void tile(const float *a, const float *b, __global float *c, const __global float *from, int add, int ldc,
                        int rows, int columns, int kc) {
  const int whole = rows >= MR && columns >= NR;
  float edge[MR * NR];
  ROWS(INIT)
  if (add && whole) {
    ROWS(LOAD)
  } else if (add) {
    for (int i = 0; i < MR; i++)
      for (int j = 0; j < NR; j++) edge[i * NR + j] = i < rows && j < columns ? from[(size_t)i * ldc + j] : 0.0f;
    ROWS(LOAD_EDGE)
  }
#pragma unroll 4
  for (int k = 0; k < kc; k++) {
    const V b0 = VLD(b + k * NR);
#if NV == 2
    const V b1 = VLD(b + k * NR + VL);
#endif
    ROWS(STEP)
  }
  if (whole) {
    ROWS(STORE)
    return;
  }
  ROWS(STORE_EDGE)
  for (int i = 0; i < min(MR, rows); i++)
    for (int j = 0; j < min(NR, columns); j++) c[(size_t)i * ldc + j] = edge[i * NR + j];
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void wgrad_reg(const __global float *restrict x,
                                                                       const __global float *restrict dy,
                                                                       const __global float *acc, __global float *out,
                                                                       const struct conv_reg_args args) {
  const struct conv_reg_args p = args;
  const struct gather g = gather_of(&p, 0);
  const int rows = p.kh * p.kw * p.ac, split = get_global_id(2);
  const int m0 = get_global_id(0) * p.m_tiles * MR, m1 = min(rows, m0 + p.m_tiles * MR);
  const int n0 = get_global_id(1) * p.n_panels * NR, n1 = min(p.yc, n0 + p.n_panels * NR);
  const int first = split * p.split_pixels, last = min(p.n * p.yh * p.yw, first + p.split_pixels);
  const int blocks = ((m1 - m0 + MR - 1) / MR + MT - 1) / MT,
            block = ((m1 - m0 + MR - 1) / MR + blocks - 1) / blocks * MR;
  float pa[KC * LDA], pb[NP * KC * NR];
  out += (size_t)split * rows * p.yc;
  for (int q0 = first; q0 < last; q0 += KC) {
    const int kc = min(KC, last - q0), add = q0 > first || p.has_acc;
    const __global float *from = q0 > first ? out : acc;
    const __global float *src = dy + (size_t)q0 * p.yc;
    for (int k = 0; k < kc; k++, src += p.yc)
      for (int n = n0; n < n1; n += NR) {
        float *dst = pb + (n - n0) * KC + k * NR;
        VST(VLD(src + n), dst);
#if NV == 2
        VST(VLD(src + n + VL), dst + VL);
#endif
      }
    for (int b0 = m0; b0 < m1; b0 += block) {
      const int b1 = min(m1, b0 + block);
      const struct span span = span_of(&g, p.ac, b0, b1);
      struct pixel q = pixel_at(&g, q0);
      for (int k = 0; k < kc; k++, pixel_next(&q, &g)) copy_row(pa + k * LDA, x, &p, &g, q, span);
      for (int i = b1 - b0; i % MR != 0; i++) /* the last tile's missing rows */
        for (int k = 0; k < kc; k++) pa[k * LDA + i] = 0.0f;
      for (int n = n0; n < n1; n += NR)
        for (int m = b0; m < b1; m += MR) {
          const size_t at = (size_t)m * p.yc + n;
          tile(pa + (m - b0), pb + (n - n0) * KC, out + at, from + at, add, p.yc, b1 - m, n1 - n, kc);
        }
    }
  }
}
