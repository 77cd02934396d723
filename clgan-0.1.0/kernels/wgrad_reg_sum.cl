/* Adds the partial weight gradients of wgrad_reg.cl and wgrad_reg_few.cl in the order of the splits: dW = acc + (p0 +
 * p1 + ...).
 * Layouts: part [splits][taps][ci][co]; out, acc [taps][ci][co] (layout 0) or [taps][co][ci] (layout 1); acc may be
 * out.
 * Grid: x work-items of 16 input channels, y blocks of 64 output channels, z taps.
 */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void wgrad_reg_sum(const __global float *restrict part,
                                                                           const __global float *acc,
                                                                           __global float *out, int splits, int taps,
                                                                           int ci, int co, int layout, int has_acc) {
  const int tap = get_global_id(2), c0 = get_global_id(0) * 16, j0 = get_global_id(1) * 64, nc = min(16, ci - c0),
            nj = min(64, co - j0);
  const size_t count = (size_t)taps * ci * co, at = ((size_t)tap * ci + c0) * co + j0;
  float s[16 * 64];
  for (int c = 0; c < nc; c++)
    for (int j = 0; j < nj; j++) s[c * 64 + j] = part[at + (size_t)c * co + j];
  for (int k = 1; k < splits; k++)
    for (int c = 0; c < nc; c++)
      for (int j = 0; j < nj; j++) s[c * 64 + j] += part[k * count + at + (size_t)c * co + j];
  if (layout == 0) {
    for (int c = 0; c < nc; c++)
      for (int j = 0; j < nj; j++) {
        const size_t o = at + (size_t)c * co + j;
        out[o] = has_acc ? acc[o] + s[c * 64 + j] : s[c * 64 + j];
      }
    return;
  }
  for (int j = 0; j < nj; j++)
    for (int c = 0; c < nc; c++) {
      const size_t o = ((size_t)tap * co + j0 + j) * ci + c0 + c;
      out[o] = has_acc ? acc[o] + s[c * 64 + j] : s[c * 64 + j];
    }
}
