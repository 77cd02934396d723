/* conv_local.cl: convolution in both directions as one implicit matrix product with local-memory tiles (GPUs).
 *
 *   y[pixel, n] = act(scale * sum over k of A[pixel, k] B[k, n] + bias[n]),   k = (tap row, tap column, channel)
 * or, with a gate (backward passes), (scale * sum + bias) times the slope of an activation whose output is `gates`.
 *
 * Layouts: A [images, h, w, c], y and gates [images, oh, ow, n] NHWC, B [kh][kw][c][n]. A's rows are gathered straight from
 * the image: no im2col buffer; a tap outside the image is zeros.
 *
 * Both directions are one gather. y's pixels fall into os*os classes (row % os, column % os); in each dimension, for
 * class pixel q and tap t:
 *   y's pixel = p + os q,  B's tap = k0 + os t,  A's pixel = sa q + base + dir t
 *   forward:    os = 1, sa = stride, dir = +1, p = k0 = 0, base = -pad
 *   transposed: os = stride, sa = 1, dir = -1, p = the class, k0 = (p + pad) % stride, base = (p + pad - k0) / stride
 * so a transposed convolution (backward data) meets no wasted tap and needs neither scatter nor atomics.
 *
 * Index map: dimension 0 = tiles of BM class pixels x BN channels, channels fastest; dimension 2 = class * splits +
 * split. With splits > 1 each takes its share of k and writes y as if it were the only one, split * count elements
 * further; conv_local_finish adds them up (the host then asks for no epilogue here).
 * -D: conv_local.clh's, and CURVED (conv_local_act.clh). Offsets are 32-bit: tensors below 2^31 elements. */
#include "conv_local.clh"
#include "conv_local_act.clh"
#include "conv_local_gather.clh"

#if HALF & 2
#define GATES_LOAD(p) vload_half4(0, (p))
#else
#define GATES_LOAD(p) vload4(0, (p))
#endif

#define KV (BK / VA)               /* items along k when A is loaded */
#define A_PASSES (BM * KV / ITEMS) /* pixels each item loads */
#define A_ROW(j) (lid / KV + (j) * (ITEMS / KV))

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void
conv_local(const __global T0 *restrict A, const __global float *restrict B, const __global float *restrict bias,
           const __global float *restrict scale, const __global T1 *restrict gates, __global T2 *restrict y,
           const struct local_conv g) {
  __local float as[2 * BK * LDA] __attribute__((aligned(16)));
  __local float bs[2 * BK * LDB] __attribute__((aligned(16)));
  __local int y_row[BM]; /* y's pixel of each row of the tile, or -1: worked out in the epilogue it costs registers */
  const int lid = (int)get_local_id(0), tm = lid / (BN / TN), tn = lid % (BN / TN);
  const int tiles_n = (g.n + BN - 1) / BN;
  const int m0 = (int)get_group_id(0) / tiles_n * BM, n0 = (int)get_group_id(0) % tiles_n * BN;
  const int parity = (int)get_group_id(2) / g.splits, split = (int)get_group_id(2) % g.splits;

  const struct parity_class q = class_of(&g, parity);
  const struct span k = span_of(&g, &q, split);
  /* classes differ in size: tiles past the end do nothing */
  const int slabs = m0 < q.pixels ? (k.end - k.begin + BK - 1) / BK : 0;

  for (int i = lid; i < BM; i += ITEMS) y_row[i] = m0 + i < q.pixels ? pixel_of(&g, &q, m0 + i) : -1;
  /* pixels whose A rows this item loads */
  struct place at[A_PASSES];
#pragma unroll
  for (int j = 0; j < A_PASSES; j++)
    at[j] = m0 + A_ROW(j) < q.pixels ? place_of(&g, &q, m0 + A_ROW(j)) : (struct place){OUTSIDE, OUTSIDE, 0};
  const int tx_safe = max(q.taps_x, 1); /* no taps: no slabs either, but the divisions come first */
  const struct tap_step step = {BK / g.c / tx_safe, BK / g.c % tx_safe, BK % g.c};
  struct tap ka = tap_at(k.begin + lid % KV * VA, g.c, tx_safe), kb = tap_at(k.begin + lid / PER_ROW, g.c, tx_safe);
  const int b_column = lid % PER_ROW * VB;

  a_vector ra[A_PASSES];
  b_vector rb[PASSES(BN, VB)];
  float4 acc[TM * NB];
#pragma unroll
  for (int i = 0; i < TM * NB; i++) acc[i] = (float4)(0.0f);

  /* turn s loads slab s into registers, multiplies slab s - 1, then stores slab s in the other half of local memory */
  for (int s = 0; s <= slabs; s++) {
    const int half_in = s & 1, half_out = half_in ^ 1;
    if (s < slabs) {
      const int delta = g.dir * (ka.ty * g.w + ka.tx) * g.c + ka.c;
#pragma unroll
      for (int j = 0; j < A_PASSES; j++) {
        const int iy = at[j].y + g.dir * ka.ty, ix = at[j].x + g.dir * ka.tx;
        const int inside = ka.k < k.end && (uint)iy < (uint)g.h && (uint)ix < (uint)g.w;
        ra[j] = inside ? A_LOAD(A + at[j].at + delta) : (a_vector)(0.0f);
      }
      const int b_row = ((q.ky0 + g.os * kb.ty) * g.kw + q.kx0 + g.os * kb.tx) * g.c + kb.c;
      row_load(B, b_row * g.n, kb.k < k.end, n0 + b_column, g.n, rb);
      tap_advance(&ka, step, g.c, tx_safe);
      tap_advance(&kb, step, g.c, tx_safe);
    }
    if (s > 0) tile_multiply(as + half_out * BK * LDA, bs + half_out * BK * LDB, tm, tn, acc);
    if (s < slabs) {
      __local float *a = as + (half_in * BK + lid % KV * VA) * LDA;
#pragma unroll
      for (int j = 0; j < A_PASSES; j++) {
#if VA == 4
        a[A_ROW(j)] = ra[j].x;
        a[A_ROW(j) + LDA] = ra[j].y;
        a[A_ROW(j) + 2 * LDA] = ra[j].z;
        a[A_ROW(j) + 3 * LDA] = ra[j].w;
#else
        a[A_ROW(j)] = ra[j];
#endif
      }
      row_store(bs + (half_in * BK + lid / PER_ROW) * LDB, b_column, rb);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }

  const float factor = g.has_scale ? scale[0] : 1.0f;
  __global T2 *out = y + split * (g.images * g.oh * g.ow * g.n);
  float4 shift[NB];
#pragma unroll
  for (int j = 0; j < NB; j++) {
    const int c = n0 + tile_column(tn, j);
    shift[j] = (float4)(0.0f);
    if (g.has_bias) {
      if (c + 0 < g.n) shift[j].x = bias[c + 0];
      if (c + 1 < g.n) shift[j].y = bias[c + 1];
      if (c + 2 < g.n) shift[j].z = bias[c + 2];
      if (c + 3 < g.n) shift[j].w = bias[c + 3];
    }
  }
#pragma unroll
  for (int i = 0; i < TM; i++) {
    const int row = y_row[tile_row(tm, i)];
    if (row >= 0) {
#pragma unroll
      for (int j = 0; j < NB; j++)
      {
        const int c = n0 + tile_column(tn, j);
        float4 v = activate(factor * acc[i * NB + j] + shift[j], g.act, g.slope);
        if (g.gate && c < g.n) v = gated(v, GATES_LOAD(gates + row * g.n + c), g.gate, g.slope);
        row_write(out + row * g.n, c, g.n, v);
      }
    }
  }
}
