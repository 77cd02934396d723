/* conv_reg.cl's operation for few output channels (NCH = yc, 1 to 4): vectors run along the im2col columns, lanes are
 * summed at the end.
 * Layouts, classes: conv_reg.cl.
 *
 * conv_reg_dot: any geometry. Grid: x blocks of m_tiles * MR pixels, z classes.
 * -D VL  lanes; MR  pixels of a register tile; NCH  channels; MT  most register tiles; KC  im2col columns of a block
 * (a multiple of VL)
 *
 * conv_reg_rows (ROWWISE): images. A work-item makes `m_tiles` rows of an image's grid from a ring of padded lines.
 * Grid: x images * n_panels blocks of rows, z classes.
 * -D VL, MR, NCH; RING  floats of the ring; WEIGHTS  most floats of weights
 */
#include "conv_reg.clh"
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
  return dot(h, (float4)(1.0f));
}

#define FMAS(i)                       \
  {                                   \
    const V x = VLD(a + (i)*lda + k); \
    ONE0(i) ONE1(i) ONE2(i) ONE3(i)   \
  }
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
#define LOADB(j) const V b_##j = VLD(b + (j)*ldb + k);

/* c[MR][NCH] += products over `lines` runs of kc columns (a multiple of VL): pixels of A lda floats apart, its run i
 * at a[slot], slot counting round the ring; channels of b ldb apart, its run i at b + i * kc. */
static inline void tile(const float *ring, int lda, int line, int slot, int lines, const float *b, int ldb, float *c,
                        int kc) {
  ROWS(INITS)
  for (int i = 0, s = slot; i < lines; i++, b += kc) {
    const float *a = ring + s * line;
    for (int k = 0; k < kc; k += VL) {
      CHANNELS(LOADB)
      ROWS(FMAS)
    }
    if (++s == lines) s = 0;
  }
  ROWS(SUMS)
}

/* Where the weights of channel c of a tap begin. */
static inline int weight_at(const struct conv_reg_args *p, int tap, int c) {
  return p->swapped ? tap * p->ac * NCH + c : (tap * p->ac + c) * NCH;
}

/* A tile's outputs, in whole vectors. */
#define OUT ((MR * NCH + VL - 1) / VL * VL)

static inline void load_shift(float *shift, const __global float *bias, const struct conv_reg_args *p) {
  for (int i = 0; i < OUT; i++) shift[i] = p->has_bias ? bias[i % NCH] : 0.0f;
}

/* scale * sum + bias, activated, in place. */
static inline void finish(float *c, const float *shift, float scale, const struct conv_reg_args *p) {
  for (int i = 0; i < OUT; i += VL)
    VST(activate_lanes(fma((V)(scale), VLD(c + i), VLD(shift + i)), p->act, p->slope), c + i);
}

#if !ROWWISE
#define LDA (KC + 2 * VL)
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void conv_reg_dot(
    const __global float *restrict a, const __global float *restrict b, const __global float *restrict bias,
    const __global float *restrict scales, __global float *restrict y, const struct conv_reg_args args) {
  const struct conv_reg_args p = args;
  const struct gather g = gather_of(&p, get_global_id(2));
  const int m0 = get_global_id(0) * p.m_tiles * MR, m1 = min(p.n * g.qh * g.qw, m0 + p.m_tiles * MR);
  const int depth = g.th * g.tw * p.ac, step = p.swapped ? p.ac : 1;
  const float scale = p.has_scale ? scales[0] : 1.0f;
  float pa[MR * LDA], pb[NCH * KC], pc[MT * MR * NCH], shift[OUT];
  load_shift(shift, bias, &p);
  for (int i = 0; i < MT * MR * NCH; i++) pc[i] = 0.0f;
  for (int k0 = 0; k0 < depth; k0 += KC) {
    const struct span span = span_of(&g, p.ac, k0, min(depth, k0 + KC));
    const int k1 = span.k1, kc = (k1 - k0 + VL - 1) / VL * VL;
    for (int k = k0; k < k0 + kc; k++) {
      const int t = k / p.ac, at = weight_at(&p, weight_tap(&g, t), REST(k, t, p.ac));
      for (int j = 0; j < NCH; j++) pb[j * KC + k - k0] = k < k1 ? b[at + j * step] : 0.0f;
    }
    struct pixel x = pixel_at(&g, m0);
    for (int m = m0; m < m1; m += MR) {
      for (int i = 0; i < MR; i++, pixel_next(&x, &g)) {
        float *row = pa + i * LDA;
        if (m + i < m1) copy_row(row, a, &p, &g, x, span);
        /* Lanes past the end must add nothing, not even 0 * NaN. */
        for (int k = m + i < m1 ? k1 - k0 : 0; k < kc; k++) row[k] = 0.0f;
      }
      tile(pa, LDA, 0, 0, 1, pb, KC, pc + (m - m0) * NCH, kc);
    }
  }
  struct pixel x = pixel_at(&g, m0);
  for (int m = m0; m < m1; m += MR) {
    float c[OUT];
    for (int i = 0; i < OUT; i++) c[i] = i < MR * NCH ? pc[(m - m0) * NCH + i] : 0.0f;
    finish(c, shift, scale, &p);
    for (int i = 0; i < min(MR, m1 - m); i++, pixel_next(&x, &g)) {
      __global float *row = y + ((x.n * p.yh + x.h * g.os + g.oh) * p.yw + x.w * g.os + g.ow) * NCH;
      for (int j = 0; j < NCH; j++) row[j] = c[i * NCH + j];
    }
  }
}
#else
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void conv_reg_rows(
    const __global float *restrict a, const __global float *restrict b, const __global float *restrict bias,
    const __global float *restrict scales, __global float *restrict y, const struct conv_reg_args args) {
  const struct conv_reg_args p = args;
  const struct gather g = gather_of(&p, get_global_id(2));
  const int item = get_global_id(0), n = item / p.n_panels, h0 = REST(item, n, p.n_panels) * p.m_tiles,
            h1 = min(g.qh, h0 + p.m_tiles);
  const int run = g.tw * p.ac, kc = (run + VL - 1) / VL * VL, ldb = g.th * kc, lda = g.step * p.ac;
  const int cols = ((g.qw + MR - 1) / MR * MR - 1) * g.step + g.tw, line = cols * p.ac + VL;
  const int step = p.swapped ? p.ac : 1;
  const float scale = p.has_scale ? scales[0] : 1.0f;
  float ring[RING], pb[WEIGHTS], shift[OUT];
  load_shift(shift, bias, &p);
  for (int i = 0; i < g.th; i++)
    for (int k = 0; k < kc; k++) {
      const int t = k / p.ac, at = weight_at(&p, g.bb + i * g.bh + t * g.bw, REST(k, t, p.ac));
      for (int j = 0; j < NCH; j++) pb[j * ldb + i * kc + k] = k < run ? b[at + j * step] : 0.0f;
    }
  struct ring r = {h0 * g.step + g.h0, 0};
  for (int h = h0; h < h1; h++) {
    fill_ring(ring, &r, a, &p, &g, n, h * g.step + g.h0, cols, line);
    for (int q = 0; q < g.qw; q += MR) {
      float c[OUT];
      for (int i = 0; i < OUT; i++) c[i] = 0.0f;
      tile(ring + q * lda, lda, line, r.slot, g.th, pb, ldb, c, kc);
      finish(c, shift, scale, &p);
      for (int i = 0; i < min(MR, g.qw - q); i++) {
        __global float *row = y + ((n * p.yh + h * g.os + g.oh) * p.yw + (q + i) * g.os + g.ow) * NCH;
        for (int j = 0; j < NCH; j++) row[j] = c[i * NCH + j];
      }
    }
  }
}
#endif
