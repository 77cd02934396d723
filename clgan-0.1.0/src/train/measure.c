/* measure.c - statistics on features and probabilities: intervals, Frechet distance, precision and recall, classifier score. */
#include "train/measure.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "train/eigen.h"

void clgan_measure_wilson(uint64_t hits, uint64_t n, double *low, double *high) {
  const double z = 1.959963984540054; /* the normal distribution's 97.5 % */
  *low = 0;
  *high = 1;
  if (n == 0) return;
  double count = (double)n, p = (double)hits / count, whole = 1 + z * z / count;
  double centre = (p + z * z / (2 * count)) / whole;
  double half = z * sqrt(p * (1 - p) / count + z * z / (4 * count * count)) / whole;
  if (hits > 0) *low = fmax(0, centre - half);
  if (hits < n) *high = fmin(1, centre + half);
}

/* a = L L' with rows and columns in an order of falling pivots; a positive semidefinite, overwritten. factor[d,rank], rows in a's
 * order. Stops where what is left is rounding: such directions carry no variance. @return rank */
static size_t cholesky(double *a, size_t d, double *factor) {
  size_t *order = clgan_mem_array(d, sizeof *order), rank = 0;
  double *column = clgan_mem_array(d * d, sizeof *column), largest = 0;
  for (size_t i = 0; i < d; i++) {
    order[i] = i;
    largest = fmax(largest, a[i * d + i]);
  }
  for (; rank < d; rank++) {
    size_t top = rank;
    for (size_t i = rank; i < d; i++)
      if (a[order[i] * d + order[i]] > a[order[top] * d + order[top]]) top = i;
    size_t p = order[top];
    double pivot = a[p * d + p];
    if (!(pivot > (double)d * 0x1p-52 * largest)) break;
    order[top] = order[rank];
    order[rank] = p;
    double *l = column + rank * d, root = sqrt(pivot);
    for (size_t i = rank; i < d; i++) l[order[i]] = a[order[i] * d + p] / root;
    for (size_t i = rank + 1; i < d; i++) {
      double *row = a + order[i] * d, f = l[order[i]];
      for (size_t j = 0; j < d; j++) row[j] -= f * l[j]; /* columns done with have l = 0 or are not read again */
    }
  }
  for (size_t i = 0; i < d; i++)
    for (size_t k = 0; k < rank; k++) factor[i * rank + k] = column[k * d + i];
  clgan_mem_free(order);
  clgan_mem_free(column);
  return rank;
}

/* tr (S1 S2)^(1/2): with S1 = L L' the eigenvalues of S1 S2 are those of L' S2 L, which is symmetric. Overwrites s1. */
static enum clgan_status trace_of_root(double *s1, const double *s2, size_t d, double *out, struct clgan_error *e) {
  double *l = NULL, *m = NULL, *inner = NULL, *values = clgan_mem_array(d, sizeof *values);
  enum clgan_status st = clgan_mem_try((void **)&l, d * d, sizeof *l, "Frechet distance", e);
  if (st == CLGAN_OK) st = clgan_mem_try((void **)&m, d * d, sizeof *m, "Frechet distance", e);
  if (st == CLGAN_OK) st = clgan_mem_try((void **)&inner, d * d, sizeof *inner, "Frechet distance", e);
  *out = 0;
  if (st == CLGAN_OK) {
    size_t rank = cholesky(s1, d, l);
    clgan_eigen_product(s2, l, m, d, d, rank);
    double *transposed = s1; /* no longer needed */
    for (size_t i = 0; i < d; i++)
      for (size_t k = 0; k < rank; k++) transposed[k * d + i] = l[i * rank + k];
    clgan_eigen_product(transposed, m, inner, rank, d, rank);
    st = clgan_eigen_symmetric(inner, rank, values, NULL, e);
    for (size_t k = 0; k < rank && st == CLGAN_OK; k++) *out += sqrt(fmax(0, values[k]));
  }
  clgan_mem_free(l);
  clgan_mem_free(m);
  clgan_mem_free(inner);
  clgan_mem_free(values);
  return st;
}

static enum clgan_status check_rows(const float *x, size_t n, size_t d, struct clgan_error *e) {
  if (n < 2 || d < 1)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "Frechet distance: %zu rows of %zu features: give at least two", n, d);
  for (size_t i = 0; i < n * d; i++)
    if (!isfinite(x[i]))
      return clgan_error_set(e, CLGAN_ERR_NUMERIC, "Frechet distance: feature %zu of row %zu is not a finite number",
                             i % d, i / d);
  return CLGAN_OK;
}

enum clgan_status clgan_measure_frechet(const float *a, size_t na, const float *b, size_t nb, size_t d, double *out,
                                        struct clgan_error *e) {
  double *s1 = NULL, *s2 = NULL, root = 0, sum = 0;
  *out = 0;
  CLGAN_TRY(check_rows(a, na, d, e));
  CLGAN_TRY(check_rows(b, nb, d, e));
  if (na <= d || nb <= d)
    clgan_log_warn(
        "Frechet distance: %zu and %zu rows of %zu features: with no more rows than features it depends on their "
        "number",
        na, nb, d);
  double *m1 = clgan_mem_array(d, sizeof *m1), *m2 = clgan_mem_array(d, sizeof *m2);
  enum clgan_status st = clgan_mem_try((void **)&s1, d * d, sizeof *s1, "Frechet distance", e);
  if (st == CLGAN_OK) st = clgan_mem_try((void **)&s2, d * d, sizeof *s2, "Frechet distance", e);
  if (st == CLGAN_OK) {
    clgan_eigen_covariance(a, na, d, m1, s1);
    clgan_eigen_covariance(b, nb, d, m2, s2);
    for (size_t i = 0; i < d; i++) sum += (m1[i] - m2[i]) * (m1[i] - m2[i]) + s1[i * d + i] + s2[i * d + i];
    st = trace_of_root(s1, s2, d, &root, e);
  }
  if (st == CLGAN_OK) *out = fmax(0, sum - 2 * root); /* below 0 by rounding alone */
  clgan_mem_free(m1);
  clgan_mem_free(m2);
  clgan_mem_free(s1);
  clgan_mem_free(s2);
  return st;
}

/* Share of the rows of x inside the balls of the rows of `among`. */
static enum clgan_status share_inside(struct clgan_cl *cl, const float *x, size_t n, const float *among, size_t n_among,
                                      size_t d, int k, double *share, struct clgan_error *e) {
  float *near = clgan_mem_array(n_among * (size_t)(k > 0 ? k : 1), sizeof *near);
  bool *inside = clgan_mem_array(n, sizeof *inside);
  size_t hits = 0;
  enum clgan_status st = clgan_nearest(cl, among, n_among, among, n_among, d, k, true, NULL, near, e);
  if (st == CLGAN_OK) {
    for (size_t i = 0; i < n_among; i++) near[i] = near[i * (size_t)k + (size_t)k - 1];
    st = clgan_nearest_inside(cl, x, n, among, n_among, d, near, inside, e);
  }
  for (size_t i = 0; i < n && st == CLGAN_OK; i++) hits += inside[i];
  *share = n ? (double)hits / (double)n : 0;
  clgan_mem_free(near);
  clgan_mem_free(inside);
  return st;
}

enum clgan_status clgan_measure_precision_recall(struct clgan_cl *cl, const float *real, size_t n_real,
                                                 const float *fake, size_t n_fake, size_t d, int k, double *precision,
                                                 double *recall, struct clgan_error *e) {
  *precision = *recall = 0;
  CLGAN_TRY(share_inside(cl, fake, n_fake, real, n_real, d, k, precision, e));
  return share_inside(cl, real, n_real, fake, n_fake, d, k, recall, e);
}

/* exp of the mean divergence of rows p[n,k] from their mean. */
static double score_of(const float *p, size_t n, size_t k, double *marginal) {
  double sum = 0;
  memset(marginal, 0, k * sizeof *marginal);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < k; j++) marginal[j] += (double)p[i * k + j] / (double)n;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < k; j++) {
      double x = (double)p[i * k + j];
      if (x > 0) sum += x * (log(x) - log(marginal[j]));
    }
  return exp(sum / (double)n);
}

void clgan_measure_score(const float *p, size_t n, size_t k, int splits, double *mean, double *deviation) {
  *mean = *deviation = 0;
  if (n == 0 || k == 0) return;
  size_t parts = splits < 1 ? 1 : (size_t)splits < n ? (size_t)splits : n;
  double *marginal = clgan_mem_array(k, sizeof *marginal), *score = clgan_mem_array(parts, sizeof *score), squares = 0;
  for (size_t s = 0; s < parts; s++) {
    size_t first = s * n / parts, end = (s + 1) * n / parts;
    score[s] = score_of(p + first * k, end - first, k, marginal);
    *mean += score[s] / (double)parts;
  }
  for (size_t s = 0; s < parts; s++) squares += (score[s] - *mean) * (score[s] - *mean);
  *deviation = sqrt(squares / (double)parts);
  clgan_mem_free(marginal);
  clgan_mem_free(score);
}
