/* components.c - principal components; a sample against its prior. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "train/cluster.h"
#include "train/eigen.h"

enum clgan_status clgan_pca_fit(const float *x, size_t n, size_t d, struct clgan_pca *out, struct clgan_error *e) {
  memset(out, 0, sizeof *out);
  if (n < 2 || d < 1)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "principal components: %zu rows of %zu columns: give at least two rows",
                           n, d);
  double *covariance = NULL;
  out->d = d;
  out->mean = clgan_mem_array(d, sizeof *out->mean);
  out->variance = clgan_mem_array(d, sizeof *out->variance);
  CLGAN_TRY(clgan_mem_try((void **)&out->component, d * d, sizeof *out->component, "principal components", e));
  CLGAN_TRY(clgan_mem_try((void **)&covariance, d * d, sizeof *covariance, "principal components", e));
  clgan_eigen_covariance(x, n, d, out->mean, covariance);
  enum clgan_status st = clgan_eigen_symmetric(covariance, d, out->variance, out->component, e);
  clgan_mem_free(covariance);
  for (size_t i = 0; i < d && st == CLGAN_OK; i++) {
    double *row = out->component + i * d, top = 0;
    for (size_t j = 0; j < d; j++)
      if (fabs(row[j]) > fabs(top)) top = row[j];
    for (size_t j = 0; j < d && top < 0; j++) row[j] = -row[j];
    out->variance[i] = fmax(0, out->variance[i]);
  }
  return st;
}

void clgan_pca_project(const struct clgan_pca *p, const float *x, size_t n, size_t m, float *out) {
  for (size_t r = 0; r < n; r++)
    for (size_t c = 0; c < m; c++) {
      double sum = 0;
      for (size_t i = 0; i < p->d; i++) sum += ((double)x[r * p->d + i] - p->mean[i]) * p->component[c * p->d + i];
      out[r * m + c] = (float)sum;
    }
}

void clgan_pca_free(struct clgan_pca *p) {
  clgan_mem_free(p->mean);
  clgan_mem_free(p->variance);
  clgan_mem_free(p->component);
  memset(p, 0, sizeof *p);
}

static int ascending(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

double clgan_ks_distance(const float *x, size_t n, size_t step, bool normal) {
  float *sorted = clgan_mem_array(n, sizeof *sorted);
  double largest = 0;
  bool nan = false;
  for (size_t i = 0; i < n; i++) {
    sorted[i] = x[i * step];
    nan = nan || isnan(sorted[i]);
  }
  if (!nan) qsort(sorted, n, sizeof *sorted, ascending);
  for (size_t i = 0; i < n && !nan; i++) {
    double v = (double)sorted[i], f = normal ? 0.5 * erfc(-v / sqrt(2)) : fmin(1, fmax(0, (v + 1) / 2));
    largest = fmax(largest, fmax((double)(i + 1) / (double)n - f, f - (double)i / (double)n));
  }
  clgan_mem_free(sorted);
  return nan ? 1 : largest;
}
