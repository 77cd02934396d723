/* conv_reg.cl's operation for few output channels (NCH = yc, 1 to 4): vectors run along the im2col columns, lanes are summed at the end.
 * Layouts, grid: conv_reg.cl; one work-item makes m_tiles * MR pixels, all channels.
 * -D VL  lanes; MR  pixels of a register tile; NCH  channels; MT  most register tiles; KC  im2col columns of a block (a multiple of VL)
 */
#include "conv_reg.clh"
#define LDA (KC + 2 * VL)
#define CHANNELS CAT(R, NCH)

static inline float sum_lanes(V v) {
#if VL == 16
  const float8 w = v.lo + v.hi;
  const float4 h = w.lo + w.hi;
#elif VL == 8
  const float4 h = v.lo + v.hi;
#else
  const float4 h = v;
#endif
  return (h.x + h.z) + (h.y + h.w);
}

#define FMAS(i) { const V x = VLD(a + (i)*LDA + k); ONE0(i) ONE1(i) ONE2(i) ONE3(i) }
#define ONE0(i) c##i##_0 = fma(x, b_0, c##i##_0);
#define INIT0(i) V c##i##_0 = (V)(0.0f);
#define SUM0(i) c[(i)*NCH] += sum_lanes(c##i##_0);
#if NCH > 1
#define ONE1(i) c##i##_1 = fma(x, b_1, c##i##_1);
#define INIT1(i) V c##i##_1 = (V)(0.0f);
#define SUM1(i) c[(i)*NCH + 1] += sum_lanes(c##i##_1);
#else
#define ONE1(i)
#define INIT1(i)
#define SUM1(i)
#endif
#if NCH > 2
#define ONE2(i) c##i##_2 = fma(x, b_2, c##i##_2);
#define INIT2(i) V c##i##_2 = (V)(0.0f);
#define SUM2(i) c[(i)*NCH + 2] += sum_lanes(c##i##_2);
#else
#define ONE2(i)
#define INIT2(i)
#define SUM2(i)
#endif
#if NCH > 3
#define ONE3(i) c##i##_3 = fma(x, b_3, c##i##_3);
#define INIT3(i) V c##i##_3 = (V)(0.0f);
#define SUM3(i) c[(i)*NCH + 3] += sum_lanes(c##i##_3);
#else
#define ONE3(i)
#define INIT3(i)
#define SUM3(i)
#endif
#define INITS(i) INIT0(i) INIT1(i) INIT2(i) INIT3(i)
#define SUMS(i) SUM0(i) SUM1(i) SUM2(i) SUM3(i)
#define LOADB(j) const V b_##j = VLD(b + (j)*KC + k);

/* c[MR][NCH] += the products over kc columns, kc a multiple of VL. */
static inline void tile(const float *a, const float *b, float *c, int kc) {
  ROWS(INITS)
  for (int k = 0; k < kc; k += VL) {
    CHANNELS(LOADB)
    ROWS(FMAS)
  }
  ROWS(SUMS)
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void conv_reg_dot(
    const __global float *restrict a, const __global float *restrict b, const __global float *restrict bias,
    const __global float *restrict scales, __global float *restrict y, const struct conv_reg_args args) {
  const struct conv_reg_args p = args;
  const struct gather g = gather_of(&p, get_global_id(2));
  const int m0 = get_global_id(0) * p.m_tiles * MR, m1 = min(p.n * g.qh * g.qw, m0 + p.m_tiles * MR);
  const int depth = g.th * g.tw * p.ac;
  const float scale = p.has_scale ? scales[0] : 1.0f;
  float pa[MR * LDA], pb[NCH * KC], pc[MT * MR * NCH];
  for (int i = 0; i < MT * MR * NCH; i++) pc[i] = 0.0f;
  for (int k0 = 0; k0 < depth; k0 += KC) {
    const int k1 = min(depth, k0 + KC), i0 = k0 / (g.tw * p.ac), kc = (k1 - k0 + VL - 1) / VL * VL;
    for (int k = k0; k < k0 + kc; k++) {
      const int t = k / p.ac, tap = g.bb + t / g.tw * g.bh + t % g.tw * g.bw;
      for (int j = 0; j < NCH; j++) pb[j * KC + k - k0] = k < k1 ? b[(tap * p.ac + k % p.ac) * NCH + j] : 0.0f;
    }
    struct pixel x = pixel_at(&g, m0);
    for (int m = m0; m < m1; m += MR) {
      for (int i = 0; i < MR; i++, pixel_next(&x, &g)) {
        float *row = pa + i * LDA;
        if (m + i < m1) copy_row(row, a, &p, &g, x, i0, k0, k1);
        for (int k = k1 - k0; k < kc; k++) row[k] = 0.0f; /* lanes past the end must add nothing, not even 0 * NaN */
      }
      tile(pa, pb, pc + (m - m0) * NCH, kc);
    }
  }
  for (int m = m0; m < m1; m++) {
    const struct pixel x = pixel_at(&g, m);
    __global float *row = y + ((x.n * p.yh + x.h * g.os + g.oh) * p.yw + x.w * g.os + g.ow) * NCH;
    for (int j = 0; j < NCH; j++) {
      const float v = pc[(m - m0) * NCH + j];
      row[j] = activate(p.has_bias ? fma(scale, v, bias[j]) : scale * v, p.act, p.slope);
    }
  }
}
