/* conv_local_wgrad.cl: the weights' gradient of a convolution as an implicit matrix product over output pixels, with
 * local-memory tiles (GPUs).
 *
 *   partial[split][m, n] = sum over this split's pixels of X[pixel, m] DY[pixel, n],
 *   m = (tap row, tap column, channel of X)
 *
 * Layouts: X [images, hi, wi, ci], DY [images, ho, wo, co] NHWC; partial [splits][kh][kw][ci][co]. X's value at
 * (pixel, m) is gathered from row oy * stride - pad + tap row, zeros outside of the image. conv_local_finish.cl adds
 * the partials up in a fixed order.
 *
 * Index map: dimension 0 = tiles of BM weight rows x BN output channels, channels fastest; dimension 2 = split.
 * -D: conv_local.clh's. Offsets are 32-bit: tensors below 2^31 elements. */
#include "conv_local.clh"
#include "conv_local_gather.clh"

#define X_PASSES PASSES(BM, VA)

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void
conv_local_wgrad(const __global T0 *restrict X, const __global T1 *restrict DY, __global float *restrict partial,
                 const struct local_wgrad g) {
  __local float as[2 * BK * LDA] __attribute__((aligned(16)));
  __local float bs[2 * BK * LDB] __attribute__((aligned(16)));
  const int lid = (int)get_local_id(0), tm = lid / (BN / TN), tn = lid % (BN / TN);
  const int tiles_n = (g.co + BN - 1) / BN, rows = g.kh * g.kw * g.ci;
  const int m0 = (int)get_group_id(0) / tiles_n * BM, n0 = (int)get_group_id(0) % tiles_n * BN;
  const int split = (int)get_group_id(2), pixels = g.images * g.ho * g.wo;
  const int share = ((pixels + BK - 1) / BK + g.splits - 1) / g.splits * BK;
  const int k_begin = min(split * share, pixels), k_end = min(k_begin + share, pixels);
  const int slabs = (k_end - k_begin + BK - 1) / BK;

  /* the weight rows whose X values this item loads: their taps never change, only the pixel does */
  const int a_column = lid % PER_ROW * VA, b_column = lid % PER_ROW * VB;
  int tap_y[X_PASSES], tap_x[X_PASSES], tap_at[X_PASSES];
#pragma unroll
  for (int j = 0; j < X_PASSES; j++) {
    const int m = m0 + a_column + j * PER_ROW * VA, tap = m / g.ci;
    const int wanted = m < rows && a_column + j * PER_ROW * VA < BM;
    tap_y[j] = wanted ? tap / g.kw : OUTSIDE;
    tap_x[j] = wanted ? tap % g.kw : OUTSIDE;
    tap_at[j] = wanted ? (tap / g.kw * g.wi + tap % g.kw) * g.ci + m % g.ci : 0;
  }
  struct pixel p = pixel_at(&g, k_begin + lid / PER_ROW);
  const struct pixel step = pixel_at(&g, BK);

  a_vector ra[X_PASSES];
  b_vector rb[PASSES(BN, VB)];
  float4 acc[TM * NB];
#pragma unroll
  for (int i = 0; i < TM * NB; i++) acc[i] = (float4)(0.0f);

  for (int s = 0; s <= slabs; s++) {
    const int half_in = s & 1, half_out = half_in ^ 1;
    if (s < slabs) {
      const int y = p.y * g.stride - g.pad, x = p.x * g.stride - g.pad, at = ((p.image * g.hi + y) * g.wi + x) * g.ci;
#pragma unroll
      for (int j = 0; j < X_PASSES; j++) {
        const int inside = p.k < k_end && (uint)(y + tap_y[j]) < (uint)g.hi && (uint)(x + tap_x[j]) < (uint)g.wi;
        ra[j] = inside ? A_LOAD(X + at + tap_at[j]) : (a_vector)(0.0f);
      }
      ROW_LOAD_B(DY, p.k * g.co, p.k < k_end, n0 + b_column, g.co, rb);
      pixel_advance(&p, step, &g);
    }
    if (s > 0) tile_multiply(as + half_out * BK * LDA, bs + half_out * BK * LDB, tm, tn, acc);
    if (s < slabs) {
      __local float *a = as + (half_in * BK + lid / PER_ROW) * LDA;
#pragma unroll
      for (int j = 0; j < X_PASSES; j++)
        if (a_column + j * PER_ROW * VA < BM) *(__local a_vector *)(a + a_column + j * PER_ROW * VA) = ra[j];
      row_store(bs + (half_in * BK + lid / PER_ROW) * LDB, b_column, rb);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }

  __global float *out = partial + split * (rows * g.co);
#pragma unroll
  for (int i = 0; i < TM; i++) {
    const int m = m0 + tile_row(tm, i);
    if (m < rows) {
#pragma unroll
      for (int j = 0; j < NB; j++) row_write(out + m * g.co, n0 + tile_column(tn, j), g.co, acc[i * NB + j]);
    }
  }
}
