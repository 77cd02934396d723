/* conv_local_sub_wgrad.cl: conv_local_wgrad.cl's product by sub-groups: the same sums, operands, layouts and index map.
 * -D: conv_local_sub.clh's. */
#include "conv_local_sub.clh"

/* Mirrors struct local_wgrad of conv_local.c. */
struct local_wgrad {
  int images, hi, wi, ci, ho, wo, co, kh, kw, stride, pad;
  int splits;
};

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
  /* the item's pixel, advanced by BK without division */
  int k = k_begin + item, ox = k % g.wo, oy = k / g.wo % g.ho, image = k / g.wo / g.ho;
  const int step_x = BK % g.wo, step_y = BK / g.wo % g.ho, step_image = BK / g.wo / g.ho;
  float acc[TM * TN];
#pragma unroll
  for (int i = 0; i < TM * TN; i++) acc[i] = 0.0f;

  for (int k0 = k_begin; k0 < k_end; k0 += BK) {
    const int y = oy * g.stride - g.pad, x = ox * g.stride - g.pad, at = ((image * g.hi + y) * g.wi + x) * g.ci;
    float a[TM];
#pragma unroll
    for (int i = 0; i < TM; i++) {
      const int inside = k < k_end && (uint)(y + tap_y[i]) < (uint)g.hi && (uint)(x + tap_x[i]) < (uint)g.wi;
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
    k += BK;
    ox += step_x;
    oy += step_y;
    image += step_image;
    if (ox >= g.wo) ox -= g.wo, oy++;
    if (oy >= g.ho) oy -= g.ho, image++;
  }

  __global float *out = partial + split * (rows * g.co);
#pragma unroll
  for (int i = 0; i < TM; i++)
#pragma unroll
    for (int j = 0; j < TN; j++)
      if (m0 + i < rows && n0 + j * BK < g.co) out[(m0 + i) * g.co + n0 + j * BK] = acc[i * TN + j];
}
