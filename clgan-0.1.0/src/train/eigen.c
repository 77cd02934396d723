/* eigen.c - eigenvalues and eigenvectors of symmetric matrices, covariances, products: in double on the host. */
#include "train/eigen.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

/* Column k of a to a multiple of e_{k+1} by H = 1 - beta v v'; v stays in row k right of the diagonal. w: scratch [n]. */
static void reduce_column(double *a, size_t n, size_t k, double *beta, double *off, double *w) {
  double *v = a + k * n, scale = 0, square = 0;
  for (size_t i = k + 1; i < n; i++) {
    v[i] = a[i * n + k];
    scale = fmax(scale, fabs(v[i]));
    w[i] = 0;
  }
  *beta = 0;
  *off = v[k + 1];
  if (scale == 0 || k + 2 >= n) return;
  for (size_t i = k + 1; i < n; i++) {
    v[i] /= scale;
    square += v[i] * v[i];
  }
  double norm = v[k + 1] > 0 ? -sqrt(square) : sqrt(square), along = 0;
  *off = norm * scale;
  v[k + 1] -= norm;
  *beta = 1 / (square - norm * (v[k + 1] + norm));
  for (size_t i = k + 1; i < n; i++) { /* w = A v from the lower triangle */
    const double *row = a + i * n;
    double sum = row[i] * v[i];
    for (size_t j = k + 1; j < i; j++) {
      sum += row[j] * v[j];
      w[j] += row[j] * v[i];
    }
    w[i] += sum;
  }
  for (size_t i = k + 1; i < n; i++) along += w[i] * v[i];
  for (size_t i = k + 1; i < n; i++) w[i] = *beta * (w[i] - 0.5 * *beta * along * v[i]);
  for (size_t i = k + 1; i < n; i++)
    for (size_t j = k + 1; j <= i; j++) a[i * n + j] -= v[i] * w[j] + w[i] * v[j];
}

/* q = the product of all H; a's rows hold their v. */
static void gather_vectors(const double *a, size_t n, const double *beta, double *q, double *w) {
  memset(q, 0, n * n * sizeof *q);
  for (size_t i = 0; i < n; i++) q[i * n + i] = 1;
  for (size_t k = n; k-- > 0;) {
    if (beta[k] == 0) continue;
    const double *v = a + k * n;
    memset(w, 0, n * sizeof *w);
    for (size_t i = k + 1; i < n; i++)
      for (size_t j = k + 1; j < n; j++) w[j] += v[i] * q[i * n + j];
    for (size_t i = k + 1; i < n; i++)
      for (size_t j = k + 1; j < n; j++) q[i * n + j] -= beta[k] * v[i] * w[j];
  }
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < i; j++) {
      double t = q[i * n + j];
      q[i * n + j] = q[j * n + i];
      q[j * n + i] = t;
    }
}

static void rotate_rows(double *x, double *y, size_t n, double c, double s) {
  for (size_t i = 0; i < n; i++) {
    double f = y[i];
    y[i] = s * x[i] + c * f;
    x[i] = c * x[i] - s * f;
  }
}

/* One implicit QL step with Wilkinson's shift on d[l..m], e[l..m-1]. z: rows to rotate along, or NULL. */
static void ql_step(double *d, double *e, size_t l, size_t m, double *z, size_t n) {
  double g = (d[l + 1] - d[l]) / (2 * e[l]), r = hypot(g, 1), s = 1, c = 1, p = 0;
  g = d[m] - d[l] + e[l] / (g + copysign(r, g));
  for (size_t i = m; i-- > l;) {
    double f = s * e[i], b = c * e[i];
    r = hypot(f, g);
    e[i + 1] = r;
    if (r == 0) { /* underflow: the matrix splits here */
      d[i + 1] -= p;
      e[m] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1] - p;
    r = (d[i] - g) * s + 2 * c * b;
    p = s * r;
    d[i + 1] = g + p;
    g = c * r - b;
    if (z) rotate_rows(z + i * n, z + (i + 1) * n, n, c, s);
  }
  d[l] -= p;
  e[l] = g;
  e[m] = 0;
}

static bool ql(double *d, double *e, size_t n, double *z) {
  for (size_t l = 0; l < n; l++)
    for (int turn = 0;; turn++) {
      size_t m = l;
      while (m + 1 < n && fabs(e[m]) > 0x1p-53 * (fabs(d[m]) + fabs(d[m + 1]))) m++;
      if (m == l) break;
      if (turn == 60 || !isfinite(d[l])) return false;
      ql_step(d, e, l, m, z, n);
    }
  return true;
}

static void sort_down(double *values, double *vectors, size_t n) {
  for (size_t i = 0; i + 1 < n; i++) {
    size_t top = i;
    for (size_t j = i + 1; j < n; j++)
      if (values[j] > values[top]) top = j;
    if (top == i) continue;
    double t = values[i];
    values[i] = values[top];
    values[top] = t;
    for (size_t j = 0; vectors && j < n; j++) {
      t = vectors[i * n + j];
      vectors[i * n + j] = vectors[top * n + j];
      vectors[top * n + j] = t;
    }
  }
}

enum clgan_status clgan_eigen_symmetric(double *a, size_t n, double *values, double *vectors, struct clgan_error *e) {
  double *beta = clgan_mem_array(n, sizeof *beta), *off = clgan_mem_array(n + 1, sizeof *off);
  double *w = clgan_mem_array(n, sizeof *w);
  bool good = true;
  for (size_t k = 0; k + 1 < n; k++) reduce_column(a, n, k, &beta[k], &off[k], w);
  for (size_t k = 0; k < n; k++) {
    values[k] = a[k * n + k];
    good = good && isfinite(values[k]) && isfinite(off[k]);
  }
  if (vectors) gather_vectors(a, n, beta, vectors, w);
  good = good && ql(values, off, n, vectors);
  sort_down(values, vectors, n);
  clgan_mem_free(beta);
  clgan_mem_free(off);
  clgan_mem_free(w);
  if (good) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_NUMERIC,
                         "eigenvalues of a %zu x %zu matrix: it holds a number that is not finite", n, n);
}

void clgan_eigen_covariance(const float *x, size_t n, size_t d, double *mean, double *covariance) {
  enum { ROWS = 4 };
  double *rows = clgan_mem_array(ROWS * d, sizeof *rows);
  memset(mean, 0, d * sizeof *mean);
  memset(covariance, 0, d * d * sizeof *covariance);
  for (size_t r = 0; r < n; r++)
    for (size_t i = 0; i < d; i++) mean[i] += (double)x[r * d + i];
  for (size_t i = 0; i < d; i++) mean[i] /= (double)n;
  for (size_t r = 0; r < n; r += ROWS) {
    for (size_t j = 0; j < ROWS; j++)
      for (size_t i = 0; i < d; i++) rows[j * d + i] = r + j < n ? (double)x[(r + j) * d + i] - mean[i] : 0;
    const double *p = rows, *q = rows + d, *s = rows + 2 * d, *t = rows + 3 * d;
    for (size_t i = 0; i < d; i++)
      for (size_t j = 0; j <= i; j++) covariance[i * d + j] += p[i] * p[j] + q[i] * q[j] + s[i] * s[j] + t[i] * t[j];
  }
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j <= i; j++) {
      double c = n > 1 ? covariance[i * d + j] / (double)(n - 1) : 0;
      covariance[i * d + j] = covariance[j * d + i] = c;
    }
  clgan_mem_free(rows);
}

void clgan_eigen_product(const double *a, const double *b, double *c, size_t m, size_t k, size_t n) {
  memset(c, 0, m * n * sizeof *c);
  for (size_t l0 = 0; l0 < k; l0 += 64) { /* 64 rows of b stay in the cache */
    size_t l1 = l0 + 64 < k ? l0 + 64 : k;
    for (size_t i = 0; i < m; i++) {
      double *to = c + i * n;
      size_t l = l0;
      for (; l + 4 <= l1; l += 4) {
        const double *p = b + l * n, *q = p + n, *s = q + n, *t = s + n, *f = a + i * k + l;
        for (size_t j = 0; j < n; j++) to[j] += f[0] * p[j] + f[1] * q[j] + f[2] * s[j] + f[3] * t[j];
      }
      for (; l < l1; l++)
        for (size_t j = 0; j < n; j++) to[j] += a[i * k + l] * b[l * n + j];
    }
  }
}
