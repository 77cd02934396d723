/* topk.c - the smallest elements of rows, by selection. */
#include "ref/topk.h"

#include <math.h>

void clgan_ref_topk(size_t rows, size_t cols, size_t k, const double *x, double *value, double *index) {
  for (size_t r = 0; r < rows; r++) {
    double last = -HUGE_VAL, last_at = -1;
    for (size_t j = 0; j < k; j++) {
      double least = HUGE_VAL, at = -1;
      for (size_t c = 0; c < cols; c++) {
        double v = x[r * cols + c];
        if (!isfinite(v) || v < last || (v == last && (double)c <= last_at)) continue;
        if (v < least) least = v, at = (double)c;
      }
      value[r * k + j] = last = least;
      index[r * k + j] = last_at = at;
    }
  }
}
