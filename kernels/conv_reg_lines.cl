/* conv_reg.cl's operation for few channels in: the rows of a register tile are read where they lie in a ring of padded image
 * lines, since the taps of a kernel row are RUN floats in a row there, and those of the next pixel begin LDA floats on.
 * Nothing is gathered.
 *
 * A work-item makes m_tiles rows of an image's grid, all channels of them.
 *
 * Layouts, gates, classes: conv_reg.cl. LDA = step * ac and RUN = taps * ac are those of every class.
 * Grid: x images * n_panels blocks of rows, z classes.
 * -D VL  lanes; MR, NV  register tile: pixels of one row, vectors of channels; RUN, LDA; RING  floats of the ring;
 * WEIGHTS  most floats of weights; STREAM=1  y is far larger than the cache, its tiles whole vectors that are aligned as
 * such: it is written past the cache, whose lines are not read first then
 */
#include "conv_reg.clh"
#define NR (NV * VL)
#define A_AT(i) ((i)*LDA + k)
#include "reg_rows.clh"
#include "reg_finish.clh"
#define STORE(i) PUT(i, c, NR)
#ifdef __has_builtin
#if STREAM && __has_builtin(__builtin_nontemporal_store)
#define OUT(v, p) __builtin_nontemporal_store((v), (__global V *)(p))
#endif
#endif
#ifndef OUT
#define OUT(v, p) VST(v, p)
#endif
#define LINEAR_ACT(v) select(f->slope * (v), (v), (v) > 0.0f)
#if NV == 2
#define FINISH(i)                                          \
  if ((i) < rows) {                                        \
    const V u = fma(f->scale, c##i##_0, t0), w = fma(f->scale, c##i##_1, t1); \
    OUT(LINEAR_ACT(u), y + (i)*next);                      \
    OUT(LINEAR_ACT(w), y + (i)*next + VL);                 \
  }
#else
#define FINISH(i)                                          \
  if ((i) < rows) {                                        \
    const V u = fma(f->scale, c##i##_0, t0);               \
    OUT(LINEAR_ACT(u), y + (i)*next);                      \
  }
#endif

/* An epilogue without a gate, of an activation that is linear in pieces. */
struct finish {
  V scale;
  float slope;
};

/* `lines` runs of MR pixels, its run i at ring[slot], slot counting round the ring, times a panel: finished, to `rows`
 * pixels of y, `next` floats apart; or, where not `direct`, the bare sums to c[MR][NR]. */
static inline void tile(const float *ring, int line, int slot, int lines, const float *b, int direct, float *c,
                        const struct finish *f, const float *shift, __global float *y, int next, int rows) {
  ROWS(INIT)
  for (int i = 0, s = slot; i < lines; i++, b += RUN * NR) {
    const float *a = ring + s * line;
    /* Pixels share columns LDA apart: unrolled, compilers keep them all in registers that there are not. */
#pragma unroll 1
    for (int k = 0; k < RUN; k++) {
      const V b0 = VLD(b + k * NR);
#if NV == 2
      const V b1 = VLD(b + k * NR + VL);
#endif
      ROWS(STEP)
    }
    if (++s == lines) s = 0;
  }
  if (!direct) {
    ROWS(STORE)
    return;
  }
  const V t0 = VLD(shift);
#if NV == 2
  const V t1 = VLD(shift + VL);
#endif
  ROWS(FINISH)
}

/* Weights to panels [panel][line][RUN][NR], zeros past the last channel. */
static inline void load_weights(float *dst, const __global float *b, const struct conv_reg_args *p,
                                const struct gather *g) {
  for (int n = 0; n < p->yc; n += NR)
    for (int i = 0; i < g->th; i++)
      for (int k = 0; k < RUN; k++, dst += NR) {
        const int t = k / p->ac, c = REST(k, t, p->ac), tap = g->bb + i * g->bh + t * g->bw;
        const __global float *src = b + (p->swapped ? tap * p->yc * p->ac + c : (tap * p->ac + c) * p->yc);
        const int stride = p->swapped ? p->ac : 1;
        for (int j = 0; j < NR; j++) dst[j] = n + j < p->yc ? src[(n + j) * stride] : 0.0f;
      }
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void conv_reg_lines(
    const __global float *restrict a, const __global float *restrict b, const __global float *restrict bias,
    const __global float *restrict scales, const __global float *restrict gates, __global float *restrict y,
    const struct conv_reg_args args) {
  const struct conv_reg_args p = args;
  const struct gather g = gather_of(&p, get_global_id(2));
  const int item = get_global_id(0), n = item / p.n_panels, h0 = REST(item, n, p.n_panels) * p.m_tiles,
            h1 = min(g.qh, h0 + p.m_tiles);
  const int cols = ((g.qw + MR - 1) / MR * MR - 1) * g.step + g.tw, line = cols * p.ac + VL;
  const float scale = p.has_scale ? scales[0] : 1.0f;
  const int curved = p.act > 2;
  const struct finish f = {(V)(scale), slope_below(&p)};
  float ring[RING], pb[WEIGHTS], shift[WEIGHTS / RUN];
  load_weights(pb, b, &p, &g);
  for (int i = 0; i < (p.yc + NR - 1) / NR * NR; i++) shift[i] = p.has_bias && i < p.yc ? bias[i] : 0.0f;
  struct ring r = {h0 * g.step + g.h0, 0};
  for (int h = h0; h < h1; h++) {
    fill_ring(ring, &r, a, &p, &g, n, h * g.step + g.h0, cols, line);
    for (int q = 0; q < g.qw; q += MR)
      for (int n0 = 0; n0 < p.yc; n0 += NR) {
        float c[MR * NR];
        const int n1 = min(p.yc, n0 + NR), rows = min(MR, g.qw - q), apart = g.os * p.yc;
        const int direct = n1 - n0 == NR && !curved;
        __global float *row = y + ((n * p.yh + h * g.os + g.oh) * p.yw + q * g.os + g.ow) * p.yc;
        tile(ring + q * LDA, line, r.slot, g.th, pb + n0 * g.th * RUN, direct, c, &f, shift + n0, row + n0, apart,
             rows);
        for (int i = 0; i < rows && (p.gate || !direct); i++, row += apart) {
          if (!direct) finish_row(row, c + i * NR, NR, shift + n0, scale, curved, p.act, f.slope, n0, n1);
          if (p.gate) gate_row(row + n0, gates + (row - y) + n0, p.gate, p.slope, n1 - n0);
        }
      }
  }
  if (STREAM) mem_fence(CLK_GLOBAL_MEM_FENCE);
}
