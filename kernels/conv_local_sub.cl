/* conv_local_sub.cl: conv_local.cl's product by sub-groups: the same sums, operands, layouts and index map.
 * -D: conv_local_sub.clh's, and CURVED (conv_local_act.clh). */
#include "conv_local_sub.clh"
#include "conv_local_act.clh"
#include "conv_local_gather.clh"

__kernel SUB_GROUPS void
conv_local_sub(const __global T0 *restrict A, const __global float *restrict B, const __global float *restrict bias,
               const __global float *restrict scale, const __global T1 *restrict gates, __global T2 *restrict y,
               const struct local_conv g) {
  SHARED_VALUES(TM + 1)
  const int item = SUB_GROUP_ITEM, tiles_n = (g.n + BN - 1) / BN;
  const int group_m0 = (int)get_group_id(0) / tiles_n * BM, m0 = group_m0 + SUB_GROUP * TM;
  const int n0 = (int)get_group_id(0) % tiles_n * BN + item;
  const int parity = (int)get_group_id(2) / g.splits, split = (int)get_group_id(2) % g.splits;
  const struct parity_class q = class_of(&g, parity);
  const struct span k = span_of(&g, &q, split);
  struct place at[TM]; /* of the rows: the same for all items */
#pragma unroll
  for (int i = 0; i < TM; i++)
    at[i] = m0 + i < q.pixels ? place_of(&g, &q, m0 + i) : (struct place){OUTSIDE, OUTSIDE, 0};
  const int tx_safe = max(q.taps_x, 1); /* no taps: no steps either, but the divisions come first */
  const struct tap_step step = {BK / g.c / tx_safe, BK / g.c % tx_safe, BK % g.c};
  struct tap t = tap_at(k.begin + item, g.c, tx_safe);
  float acc[TM * TN];
#pragma unroll
  for (int i = 0; i < TM * TN; i++) acc[i] = 0.0f;

  for (int k0 = group_m0 < q.pixels ? k.begin : k.end; k0 < k.end; k0 += BK) {
    const int delta = g.dir * (t.ty * g.w + t.tx) * g.c + t.c;
    const int row = (((q.ky0 + g.os * t.ty) * g.kw + q.kx0 + g.os * t.tx) * g.c + t.c) * g.n;
    float a[TM];
#pragma unroll
    for (int i = 0; i < TM; i++) {
      const int iy = at[i].y + g.dir * t.ty, ix = at[i].x + g.dir * t.tx;
      const int inside = t.k < k.end && (uint)iy < (uint)g.h && (uint)ix < (uint)g.w;
      a[i] = inside ? A_LOAD(A + at[i].at + delta) : 0.0f;
      SHARE(i, a[i]);
    }
    SHARE(TM, as_float(row));
    SYNC;
    const int depth = min(BK, k.end - k0);
    UNROLL_STEP
    for (int d = 0; d < depth; d++) {
      const __global float *from = B + as_int(SHARED(TM, as_float(row), d));
      float b[TN];
#pragma unroll
      for (int j = 0; j < TN; j++) b[j] = n0 + j * BK < g.n ? from[n0 + j * BK] : 0.0f;
      OUTER_PRODUCT(acc, a, b, d)
    }
    SYNC;
    tap_advance(&t, step, g.c, tx_safe);
  }

  const float factor = g.has_scale ? scale[0] : 1.0f;
  __global T2 *out = y + split * (g.images * g.oh * g.ow * g.n);
#pragma unroll
  for (int i = 0; i < TM; i++) {
    if (m0 + i >= q.pixels) continue;
    const int from = pixel_of(&g, &q, m0 + i) * g.n;
#pragma unroll
    for (int j = 0; j < TN; j++) {
      const int c = n0 + j * BK;
      if (c >= g.n) continue;
      float4 v = activate((float4)(factor * acc[i * TN + j] + (g.has_bias ? bias[c] : 0.0f)), g.act, g.slope);
      if (g.gate) v = gated(v, (float4)(T1_LOAD(gates + from + c)), g.gate, g.slope);
      Y_STORE(v.x, out + from + c);
    }
  }
}
