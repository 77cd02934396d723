/* wgrad_reg.cl's operation for few channels in: the rows m = (kh, kw, ci) of a kernel row are RUN floats in a row of a ring
 * of padded image lines, those of the next pixel LDA floats on, so that register tiles read them where they lie; vectors
 * run along the columns of DY, which is read where it lies, too. A work-item makes all rows over m_tiles images, always as
 * partial sums.
 *
 * Layouts: wgrad_reg.cl. Grid: x splits, y blocks of n_panels * NR columns.
 * -D VL  lanes; MR, NV  register tile, MR divides RUN = kw * ac; LDA = stride * ac; RING  floats of the ring; SUMS  most
 * floats of sums
 */
#include "conv_reg.clh"
#define NR (NV * VL)
#define A_AT(i) (k * LDA + (i))
#include "reg_rows.clh"
#define LOAD(i) GET(i, c, ldc)
#define STORE(i) PUT(i, c, ldc)

/* c[MR][NR] += rows of A of kc pixels times NR columns of DY, ldb floats apart. */
static inline void tile(const float *a, const __global float *b, int ldb, float *c, int ldc, int kc) {
  ROWS(INIT)
  ROWS(LOAD)
#pragma unroll 2
  for (int k = 0; k < kc; k++, b += ldb) {
    const V b0 = VLD(b);
#if NV == 2
    const V b1 = VLD(b + VL);
#endif
    ROWS(STEP)
  }
  ROWS(STORE)
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void wgrad_reg_lines(const __global float *restrict x,
                                                                             const __global float *restrict dy,
                                                                             __global float *restrict part,
                                                                             const struct conv_reg_args args) {
  const struct conv_reg_args p = args;
  const struct gather g = gather_of(&p, 0);
  const int i0 = get_global_id(0) * p.m_tiles, i1 = min(p.n, i0 + p.m_tiles), rows = g.th * RUN;
  const int n0 = get_global_id(1) * p.n_panels * NR, n1 = min(p.yc, n0 + p.n_panels * NR);
  const int ldc = (n1 - n0 + NR - 1) / NR * NR;
  const int cols = (g.qw - 1) * g.step + g.tw, line = cols * p.ac + VL;
  float ring[RING], pc[SUMS];
  for (int i = 0; i < rows * ldc; i++) pc[i] = 0.0f;
  for (int n = i0; n < i1; n++) {
    struct ring r = {g.h0, 0};
    for (int h = 0; h < g.qh; h++) {
      fill_ring(ring, &r, x, &p, &g, n, h * g.step + g.h0, cols, line);
      const __global float *dy_row = dy + (size_t)(n * g.qh + h) * g.qw * p.yc;
      for (int i = 0, s = r.slot; i < g.th; i++) {
        for (int m = 0; m < RUN; m += MR)
          for (int c = 0; c < n1 - n0; c += NR)
            tile(ring + s * line + m, dy_row + n0 + c, p.yc, pc + (i * RUN + m) * ldc + c, ldc, g.qw);
        if (++s == g.th) s = 0;
      }
    }
  }
  part += (size_t)get_global_id(0) * rows * p.yc;
  for (int m = 0; m < rows; m++)
    for (int j = n0; j < n1; j++) part[m * p.yc + j] = pc[m * ldc + j - n0];
}
