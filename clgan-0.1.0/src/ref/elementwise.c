/* elementwise.c - element by element, transposition, column sums. */
#include "ref/elementwise.h"

void clgan_ref_add(const double *a, const double *b, double *y, size_t n) {
  for (size_t e = 0; e < n; e++) y[e] = a[e] + b[e];
}

void clgan_ref_affine(const double *x, int columns, const double f[8], double *y, size_t n) {
  for (size_t e = 0; e < n; e++) {
    size_t j = columns ? e % (size_t)columns : 0;
    y[e] = f[2 * j] * x[e] + f[2 * j + 1];
  }
}

void clgan_ref_transpose(const double *x, int taps, int a, int b, double *y) {
  size_t rows = (size_t)a, cols = (size_t)b;
  for (size_t t = 0; t < (size_t)taps; t++)
    for (size_t i = 0; i < rows; i++)
      for (size_t j = 0; j < cols; j++) y[(t * cols + j) * rows + i] = x[(t * rows + i) * cols + j];
}

void clgan_ref_colsum(const double *x, const double *acc, size_t rows, size_t c, double *y) {
  for (size_t j = 0; j < c; j++) {
    double sum = acc ? acc[j] : 0.0;
    for (size_t r = 0; r < rows; r++) sum += x[r * c + j];
    y[j] = sum;
  }
}
