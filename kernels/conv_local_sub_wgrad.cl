/* conv_local_sub_wgrad.cl: conv_local_wgrad.cl's product by sub-groups: the same sums, operands, layouts and index map.
 * -D: conv_local_sub.clh's. */
#include "conv_local_sub.clh"
#include "conv_local_gather.clh"

__kernel SUB_GROUPS void
conv_local_sub_wgrad(const __global T0 *restrict X, const __global T1 *restrict DY, __global float *restrict partial,
                     const struct local_wgrad g) {
  SHARED_VALUES(TM)
  const int item = SUB_GROUP_ITEM, tiles_n = (g.co + BN - 1) / BN, rows = g.kh * g.kw * g.ci;
  const int m0 = (int)get_group_id(0) / tiles_n * BM + SUB_GROUP * TM;
  const int n0 = (int)get_group_id(0) % tiles_n * BN + item;
  const int split = (int)get_group_id(2), pixels = g.images * g.ho * g.wo;
  const int share = ((pixels + BK - 1) / BK + g.splits - 1) / g.splits * BK;
  const int k_begin = min(split * share, pixels), k_end = min(k_begin + share, pixels);

  int tap_y[TM], tap_x[TM], tap_at[TM]; /* of the weights' rows: the same for all items */
#pragma unroll
  for (int i = 0; i < TM; i++) {
    const int m = m0 + i, tap = m / g.ci;
    tap_y[i] = m < rows ? tap / g.kw : OUTSIDE;
    tap_x[i] = m < rows ? tap % g.kw : OUTSIDE;
    tap_at[i] = m < rows ? (tap / g.kw * g.wi + tap % g.kw) * g.ci + m % g.ci : 0;
  }
  struct pixel p = pixel_at(&g, k_begin + item);
  const struct pixel step = pixel_at(&g, BK);
  float acc[TM * TN];
#pragma unroll
  for (int i = 0; i < TM * TN; i++) acc[i] = 0.0f;

  for (int k0 = k_begin; k0 < k_end; k0 += BK) {
    const int y = p.y * g.stride - g.pad, x = p.x * g.stride - g.pad, at = ((p.image * g.hi + y) * g.wi + x) * g.ci;
    float a[TM];
#pragma unroll
    for (int i = 0; i < TM; i++) {
      const int inside = p.k < k_end && (uint)(y + tap_y[i]) < (uint)g.hi && (uint)(x + tap_x[i]) < (uint)g.wi;
      a[i] = inside ? A_LOAD(X + at + tap_at[i]) : 0.0f;
      SHARE(i, a[i]);
    }
    SYNC;
    const int depth = min(BK, k_end - k0);
    UNROLL_STEP
    for (int d = 0; d < depth; d++) {
      const __global T1 *from = DY + (k0 + d) * g.co;
      float b[TN];
#pragma unroll
      for (int j = 0; j < TN; j++) b[j] = n0 + j * BK < g.co ? T1_LOAD(from + n0 + j * BK) : 0.0f;
      OUTER_PRODUCT(acc, a, b, d)
    }
    SYNC;
    pixel_advance(&p, step, &g);
  }

  __global float *out = partial + split * (rows * g.co);
#pragma unroll
  for (int i = 0; i < TM; i++)
#pragma unroll
    for (int j = 0; j < TN; j++)
      if (m0 + i < rows && n0 + j * BK < g.co) out[(m0 + i) * g.co + n0 + j * BK] = acc[i * TN + j];
}
