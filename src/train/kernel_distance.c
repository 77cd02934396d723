/* kernel_distance.c - the kernel distance: an unbiased squared maximum mean discrepancy of features. */
#include <math.h>

#include "base/mem.h"
#include "train/measure.h"

/* (x.y / d + 1)^3 */
static double kernel(const float *x, const float *y, size_t d) {
  double dot = 0;
  for (size_t k = 0; k < d; k++) dot += (double)x[k] * (double)y[k];
  dot = dot / (double)d + 1;
  return dot * dot * dot;
}

/* Mean over pairs of different rows of x[n,d]. */
static double within(const float *x, size_t n, size_t d) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < i; j++) sum += kernel(x + i * d, x + j * d, d);
  return 2 * sum / ((double)n * (double)(n - 1));
}

static double across(const float *a, const float *b, size_t n, size_t d) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) sum += kernel(a + i * d, b + j * d, d);
  return sum / ((double)n * (double)n);
}

static double distance(const float *a, const float *b, size_t n, size_t d) {
  return within(a, n, d) + within(b, n, d) - 2 * across(a, b, n, d);
}

enum clgan_status clgan_measure_kernel_distance(const float *a, const float *b, size_t n, size_t d, int parts,
                                                double *out, double *error, struct clgan_error *e) {
  *out = 0;
  *error = (double)NAN;
  if (n < 2 || d < 1)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "kernel distance: %zu rows of %zu features: give at least two", n, d);
  for (size_t i = 0; i < n * d; i++)
    if (!isfinite(a[i]) || !isfinite(b[i]))
      return clgan_error_set(e, CLGAN_ERR_NUMERIC, "kernel distance: feature %zu of row %zu is not a finite number",
                             i % d, i / d);
  *out = distance(a, b, n, d);
  size_t each = parts > 1 ? n / (size_t)parts : 0;
  if (each < 2) return CLGAN_OK;
  double sum = 0, squares = 0, m = parts;
  for (size_t p = 0; p < (size_t)parts; p++) {
    double x = distance(a + p * each * d, b + p * each * d, each, d);
    sum += x, squares += x * x;
  }
  *error = sqrt(fmax(0, (squares - sum * sum / m) / (m - 1)) / m);
  return CLGAN_OK;
}
