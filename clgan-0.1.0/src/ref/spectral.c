/* spectral.c - reference of spectral normalisation. */
#include "ref/spectral.h"

#include <math.h>

static double row_dot(size_t cols, const double *row, const double *u) {
  double sum = 0;
  for (size_t c = 0; c < cols; c++) sum += row[c] * u[c];
  return sum;
}

double clgan_ref_spectral(size_t rows, size_t cols, const double *w, const double *u, const double *v) {
  double sum = 0;
  for (size_t k = 0; k < rows; k++) sum += v[k] * row_dot(cols, w + k * cols, u);
  return 1 / sum;
}

static void normalize(size_t n, double *x) {
  double norm = sqrt(row_dot(n, x, x));
  if (norm < 1e-12) norm = 1e-12;
  for (size_t i = 0; i < n; i++) x[i] /= norm;
}

void clgan_ref_spectral_power(size_t rows, size_t cols, const double *w, const double *u, double *new_u,
                              double *new_v) {
  for (size_t k = 0; k < rows; k++) new_v[k] = row_dot(cols, w + k * cols, u);
  normalize(rows, new_v);
  for (size_t c = 0; c < cols; c++) new_u[c] = 0;
  for (size_t k = 0; k < rows; k++)
    for (size_t c = 0; c < cols; c++) new_u[c] += w[k * cols + c] * new_v[k];
  normalize(cols, new_u);
}

void clgan_ref_spectral_bwd(size_t rows, size_t cols, const double *g, const double *w, const double *u,
                            const double *v, double inv, double *dw) {
  double sum = row_dot(rows * cols, g, w);
  for (size_t k = 0; k < rows; k++)
    for (size_t c = 0; c < cols; c++) dw[k * cols + c] = inv * g[k * cols + c] - inv * inv * sum * v[k] * u[c];
}
