/* wgrad_reg.cl's operation for few columns (NCH = yc, 1 to 4): vectors run along the rows m = (kh, kw, ci), DY is the
 * broadcast side.
 * Layouts: wgrad_reg.cl.
 *
 * wgrad_reg_few: any geometry; a work-item makes m_tiles * NV * VL rows. Grid: wgrad_reg.cl.
 * -D VL  lanes; NV  vectors of a register tile; NCH  columns; MT  most register tiles; KC  pixels of a block
 *
 * wgrad_reg_rows (ROWWISE): images; a work-item makes all rows over m_tiles images, from a ring of padded lines,
 * always as partial sums. Grid: x splits.
 * -D VL, NV, NCH; RING  floats of the ring; SUMS  most floats of sums
 */
#include "conv_reg.clh"
#define MV (NV * VL)
#define VECTORS CAT(R, NV)

#define LOAD0(v) c0_##v = VLD(c + (v)*VL);
#define LOAD1(v) c1_##v = VLD(c + ldc + (v)*VL);
#define LOAD2(v) c2_##v = VLD(c + 2 * ldc + (v)*VL);
#define LOAD3(v) c3_##v = VLD(c + 3 * ldc + (v)*VL);
#define STORE0(v) VST(c0_##v, c + (v)*VL);
#define STORE1(v) VST(c1_##v, c + ldc + (v)*VL);
#define STORE2(v) VST(c2_##v, c + 2 * ldc + (v)*VL);
#define STORE3(v) VST(c3_##v, c + 3 * ldc + (v)*VL);
#if NCH == 1
#define DECLARE(v) V c0_##v = (V)(0.0f);
#define LOAD(v) LOAD0(v)
#define STORE(v) STORE0(v)
#define STEP(v) c0_##v = fma(VLD(a + k * lda + (v)*VL), d0, c0_##v);
#elif NCH == 2
#define DECLARE(v) V c0_##v = (V)(0.0f), c1_##v = (V)(0.0f);
#define LOAD(v) LOAD0(v) LOAD1(v)
#define STORE(v) STORE0(v) STORE1(v)
#define STEP(v)                                               \
  {                                                           \
    const V x = VLD(a + k * lda + (v)*VL);                    \
    c0_##v = fma(x, d0, c0_##v), c1_##v = fma(x, d1, c1_##v); \
  }
#elif NCH == 3
#define DECLARE(v) V c0_##v = (V)(0.0f), c1_##v = (V)(0.0f), c2_##v = (V)(0.0f);
#define LOAD(v) LOAD0(v) LOAD1(v) LOAD2(v)
#define STORE(v) STORE0(v) STORE1(v) STORE2(v)
#define STEP(v)                                                                            \
  {                                                                                        \
    const V x = VLD(a + k * lda + (v)*VL);                                                 \
    c0_##v = fma(x, d0, c0_##v), c1_##v = fma(x, d1, c1_##v), c2_##v = fma(x, d2, c2_##v); \
  }
#else
#define DECLARE(v) V c0_##v = (V)(0.0f), c1_##v = (V)(0.0f), c2_##v = (V)(0.0f), c3_##v = (V)(0.0f);
#define LOAD(v) LOAD0(v) LOAD1(v) LOAD2(v) LOAD3(v)
#define STORE(v) STORE0(v) STORE1(v) STORE2(v) STORE3(v)
#define STEP(v)                                                                            \
  {                                                                                        \
    const V x = VLD(a + k * lda + (v)*VL);                                                 \
    c0_##v = fma(x, d0, c0_##v), c1_##v = fma(x, d1, c1_##v), c2_##v = fma(x, d2, c2_##v), \
    c3_##v = fma(x, d3, c3_##v);                                                           \
  }
#endif

/* c[NCH][MV] (+)= kc rows of A, lda floats apart, times columns of DY; rows of c are ldc apart. */
static inline void tile(const float *a, int lda, const __global float *dy, float *c, int ldc, int kc, int first) {
  VECTORS(DECLARE)
  if (!first) {
    VECTORS(LOAD)
  }
  for (int k = 0; k < kc; k++) {
    const V d0 = (V)(dy[k * NCH]);
#if NCH > 1
    const V d1 = (V)(dy[k * NCH + 1]);
#endif
#if NCH > 2
    const V d2 = (V)(dy[k * NCH + 2]);
#endif
#if NCH > 3
    const V d3 = (V)(dy[k * NCH + 3]);
#endif
    VECTORS(STEP)
  }
  VECTORS(STORE)
}

#if !ROWWISE
#define LDA (MT * MV + 2 * VL)
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void wgrad_reg_few(const __global float *restrict x,
                                                                           const __global float *restrict dy,
                                                                           const __global float *acc,
                                                                           __global float *out,
                                                                           const struct conv_reg_args args) {
  const struct conv_reg_args p = args;
  const struct gather g = gather_of(&p, 0);
  const int rows = p.kh * p.kw * p.ac, split = get_global_id(2);
  const int m0 = get_global_id(0) * p.m_tiles * MV, m1 = min(rows, m0 + p.m_tiles * MV);
  const int first = split * p.split_pixels, last = min(p.n * p.yh * p.yw, first + p.split_pixels);
  float pa[KC * LDA], pc[NCH * MT * MV];
  struct pixel q = pixel_at(&g, first);
  const struct span span = span_of(&g, p.ac, m0, m1);
  for (int q0 = first; q0 < last; q0 += KC) {
    const int kc = min(KC, last - q0);
    for (int k = 0; k < kc; k++, pixel_next(&q, &g)) copy_row(pa + k * LDA, x, &p, &g, q, span);
    for (int i = m1 - m0; i % MV != 0; i++) /* the last tile's missing rows */
      for (int k = 0; k < kc; k++) pa[k * LDA + i] = 0.0f;
    for (int m = m0; m < m1; m += MV)
      tile(pa + (m - m0), LDA, dy + (size_t)q0 * NCH, pc + (m - m0), MT * MV, kc, q0 == first);
  }
  out += p.partial ? (size_t)split * rows * NCH : 0;
  for (int m = m0; m < m1; m++) {
    const int tap = m / p.ac;
    for (int j = 0; j < NCH; j++) {
      const size_t at =
          p.partial || p.layout == 0 ? (size_t)m * NCH + j : ((size_t)tap * NCH + j) * p.ac + REST(m, tap, p.ac);
      const float v = pc[j * MT * MV + m - m0];
      out[at] = p.has_acc ? acc[at] + v : v;
    }
  }
}
#else
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void wgrad_reg_rows(const __global float *restrict x,
                                                                            const __global float *restrict dy,
                                                                            __global float *restrict part,
                                                                            const struct conv_reg_args args) {
  const struct conv_reg_args p = args;
  const struct gather g = gather_of(&p, 0);
  const int n0 = get_global_id(0) * p.m_tiles, n1 = min(p.n, n0 + p.m_tiles), run = g.tw * p.ac,
            ldc = (run + MV - 1) / MV * MV;
  const int cols = (g.qw - 1) * g.step + g.tw, line = cols * p.ac + MV, lda = g.step * p.ac;
  float ring[RING], pc[SUMS];
  for (int n = n0; n < n1; n++) {
    struct ring r = {g.h0, 0};
    for (int h = 0; h < g.qh; h++) {
      fill_ring(ring, &r, x, &p, &g, n, h * g.step + g.h0, cols, line);
      const __global float *dy_row = dy + (size_t)(n * g.qh + h) * g.qw * NCH;
      for (int i = 0, s = r.slot; i < g.th; i++) {
        for (int m = 0; m < run; m += MV)
          tile(ring + s * line + m, lda, dy_row, pc + i * NCH * ldc + m, ldc, g.qw, n == n0 && h == 0);
        if (++s == g.th) s = 0;
      }
    }
  }
  part += (size_t)get_global_id(0) * g.th * run * NCH;
  for (int i = 0; i < g.th; i++)
    for (int m = 0; m < run; m++)
      for (int j = 0; j < NCH; j++) part[(i * run + m) * NCH + j] = pc[(i * NCH + j) * ldc + m];
}
#endif
