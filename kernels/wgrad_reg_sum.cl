/* Adds the partial weight gradients of wgrad_reg.cl and wgrad_reg_few.cl in the order of the splits: dW = acc + (p0 + p1 + ...).
 * Layouts: part [splits][taps][ci][co]; out, acc [taps][ci][co] (layout 0) or [taps][co][ci] (layout 1); acc may be out.
 * Grid: x work-items of `step` rows (tap, ci) each.
 */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void wgrad_reg_sum(const __global float *restrict part, const __global float *acc,
                                                                           __global float *out, int splits, int taps, int ci, int co,
                                                                           int layout, int has_acc, int step) {
  const int rows = taps * ci, m1 = min(rows, (int)(get_global_id(0) + 1) * step);
  const size_t count = (size_t)rows * co;
  for (int m = get_global_id(0) * step; m < m1; m++)
    for (int j0 = 0; j0 < co; j0 += 64) {
      const int n = min(64, co - j0);
      float s[64];
      for (int j = 0; j < n; j++) s[j] = part[(size_t)m * co + j0 + j];
      for (int k = 1; k < splits; k++)
        for (int j = 0; j < n; j++) s[j] += part[k * count + (size_t)m * co + j0 + j];
      for (int j = 0; j < n; j++) {
        const size_t at = layout ? ((size_t)(m / ci) * co + j0 + j) * ci + m % ci : (size_t)m * co + j0 + j;
        out[at] = has_acc ? acc[at] + s[j] : s[j];
      }
    }
}
