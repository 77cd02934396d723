/* probe.c - linear probes: multinomial logistic regression and ridge regression of standardised columns. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "train/cluster.h"
#include "train/eigen.h"

enum { ROWS = 8 /* go through the weights together */, MEMORY = 10 /* pairs that L-BFGS keeps */ };
#define WORK 3e10 /* multiplications of a fit, about */

/* Columns as (x - mean) / deviation; one that does not vary becomes 0. */
struct columns {
  size_t d;
  double *mean, *factor;
};

static void columns_fit(struct columns *c, const float *x, size_t n, size_t d) {
  c->d = d;
  c->mean = clgan_mem_array(d, sizeof *c->mean);
  c->factor = clgan_mem_array(d, sizeof *c->factor);
  for (size_t i = 0; i < n * d; i++) c->mean[i % d] += (double)x[i] / (double)n;
  for (size_t i = 0; i < n * d; i++) {
    double v = (double)x[i] - c->mean[i % d];
    c->factor[i % d] += v * v / (double)n;
  }
  for (size_t i = 0; i < d; i++) {
    double deviation = sqrt(c->factor[i]);
    c->factor[i] = deviation > 1e-7 * fabs(c->mean[i]) ? 1 / deviation : 0; /* less is rounding of equal values */
  }
}

static void columns_free(struct columns *c) {
  clgan_mem_free(c->mean);
  clgan_mem_free(c->factor);
}

static void columns_row(const struct columns *c, const float *x, double *out) {
  for (size_t i = 0; i < c->d; i++) out[i] = ((double)x[i] - c->mean[i]) * c->factor[i];
}

static enum clgan_status check_finite(const float *x, size_t n, size_t d, struct clgan_error *e) {
  for (size_t i = 0; i < n * d; i++)
    if (!isfinite(x[i]))
      return clgan_error_set(e, CLGAN_ERR_NUMERIC, "probe: column %zu of row %zu is not a finite number", i % d, i / d);
  return CLGAN_OK;
}

static enum clgan_status check_sizes(size_t n, size_t n_test, size_t d, struct clgan_error *e) {
  if (n > 0 && n_test > 0 && d > 0) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_USAGE, "probe: %zu rows to fit to, %zu to judge by, %zu columns: none may be 0",
                         n, n_test, d);
}

/* -- logistic regression; weights w[(d + 1), k], the last row the intercepts -- */

struct logistic {
  const float *x;
  const unsigned char *label;
  size_t n, d, k;
  double l2;
  struct columns columns;
  double *rows, *scores; /* [ROWS, d + 1], [ROWS, k] */
};

/* rows[m, d+1] and scores[m, k] = rows w of rows r .. r + m - 1 of x; those up to ROWS are zeros. */
static void score_rows(const struct logistic *g, const float *x, size_t r, size_t m, const double *w) {
  size_t wide = g->d + 1;
  memset(g->rows, 0, ROWS * wide * sizeof *g->rows);
  for (size_t i = 0; i < m; i++) {
    columns_row(&g->columns, x + (r + i) * g->d, g->rows + i * wide);
    g->rows[i * wide + g->d] = 1;
  }
  clgan_eigen_product(g->rows, w, g->scores, ROWS, wide, g->k);
}

/* Scores of a row become the gradient of its loss, probability less 1 at the label. @return the loss */
static double cross_entropy(double *s, size_t k, size_t label) {
  double top = s[0], sum = 0, at = s[label];
  for (size_t j = 1; j < k; j++) top = fmax(top, s[j]);
  for (size_t j = 0; j < k; j++) sum += s[j] = exp(s[j] - top);
  for (size_t j = 0; j < k; j++) s[j] /= sum;
  s[label] -= 1;
  return log(sum) + top - at;
}

/* Mean loss with its penalty, and its gradient. *plain: without the penalty. */
static double objective(const struct logistic *g, const double *w, double *gradient, double *plain) {
  size_t wide = g->d + 1;
  double sum = 0, penalty = 0, share = 1 / (double)g->n;
  memset(gradient, 0, wide * g->k * sizeof *gradient);
  for (size_t r = 0; r < g->n; r += ROWS) {
    size_t m = g->n - r < ROWS ? g->n - r : ROWS;
    score_rows(g, g->x, r, m, w);
    for (size_t i = 0; i < m; i++) sum += cross_entropy(g->scores + i * g->k, g->k, g->label[r + i]);
    for (size_t c = 0; c < wide; c++) {
      double *to = gradient + c * g->k;
      for (size_t i = 0; i < m; i++) {
        const double f = g->rows[i * wide + c], *s = g->scores + i * g->k;
        for (size_t j = 0; j < g->k; j++) to[j] += f * s[j];
      }
    }
  }
  for (size_t i = 0; i < wide * g->k; i++) {
    bool weight = i < g->d * g->k;
    gradient[i] = gradient[i] * share + (weight ? g->l2 * w[i] : 0);
    if (weight) penalty += w[i] * w[i];
  }
  *plain = sum * share;
  return *plain + 0.5 * g->l2 * penalty;
}

static double dot(const double *a, const double *b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

/* The last MEMORY steps s and changes y of the gradient, in a ring. */
struct history {
  double *s[MEMORY], *y[MEMORY], rho[MEMORY];
  int count;
};

/* step = - H gradient, by the two loops of L-BFGS. */
static void direction(const struct history *h, const double *gradient, double *step, size_t n) {
  double a[MEMORY];
  int have = h->count < MEMORY ? h->count : MEMORY;
  for (size_t i = 0; i < n; i++) step[i] = -gradient[i];
  for (int t = 1; t <= have; t++) {
    int at = (h->count - t) % MEMORY;
    a[at] = h->rho[at] * dot(h->s[at], step, n);
    for (size_t i = 0; i < n; i++) step[i] -= a[at] * h->y[at][i];
  }
  if (have) {
    int at = (h->count - 1) % MEMORY;
    double scale = 1 / (h->rho[at] * dot(h->y[at], h->y[at], n));
    for (size_t i = 0; i < n; i++) step[i] *= scale;
  }
  for (int t = have; t >= 1; t--) {
    int at = (h->count - t) % MEMORY;
    double b = h->rho[at] * dot(h->y[at], step, n);
    for (size_t i = 0; i < n; i++) step[i] += (a[at] - b) * h->s[at][i];
  }
}

static void remember(struct history *h, const double *w, const double *w_old, const double *g, const double *g_old,
                     size_t n) {
  int at = h->count % MEMORY;
  if (!h->s[at]) {
    h->s[at] = clgan_mem_array(n, sizeof(double));
    h->y[at] = clgan_mem_array(n, sizeof(double));
  }
  for (size_t i = 0; i < n; i++) {
    h->s[at][i] = w[i] - w_old[i];
    h->y[at][i] = g[i] - g_old[i];
  }
  double sy = dot(h->s[at], h->y[at], n);
  if (!(sy > 0)) return; /* rounding: no curvature to learn from */
  h->rho[at] = 1 / sy;
  h->count++;
}

/* Minimises from w = 0. A step is halved until the loss falls enough (Armijo). */
static void minimise(const struct logistic *g, double *w, struct clgan_probe_classes *out) {
  size_t n = (g->d + 1) * g->k;
  double *gradient = clgan_mem_array(4 * n, sizeof *gradient), *step = gradient + n, *w_old = step + n,
         *g_old = w_old + n;
  double work = 2 * (double)g->n * (double)n, plain, f = objective(g, w, gradient, &out->loss);
  int budget = (int)fmin(500, fmax(15, WORK / work));
  struct history h = {.count = 0};
  for (out->iterations = 0; budget > 0; out->iterations++) {
    out->converged = dot(gradient, gradient, n) <= 1e-12;
    if (out->converged) break;
    direction(&h, gradient, step, n);
    double slope = dot(gradient, step, n), length = 1, next = f;
    memcpy(w_old, w, n * sizeof *w);
    memcpy(g_old, gradient, n * sizeof *w);
    for (bool enough = false; !enough && budget > 0 && length > 1e-10; length /= 2) {
      for (size_t i = 0; i < n; i++) w[i] = w_old[i] + length * step[i];
      next = objective(g, w, gradient, &plain);
      budget--;
      enough = next <= f + 1e-4 * length * slope;
    }
    if (!(next < f)) { /* no lower: as good as rounding allows, or the work is spent */
      memcpy(w, w_old, n * sizeof *w);
      out->converged = budget > 0;
      break;
    }
    remember(&h, w, w_old, gradient, g_old, n);
    f = next;
    out->loss = plain;
  }
  for (int t = 0; t < MEMORY; t++) {
    clgan_mem_free(h.s[t]);
    clgan_mem_free(h.y[t]);
  }
  clgan_mem_free(gradient);
}

static uint64_t hits(const struct logistic *g, const float *x, const unsigned char *label, size_t n, const double *w) {
  uint64_t right = 0;
  for (size_t r = 0; r < n; r += ROWS) {
    size_t m = n - r < ROWS ? n - r : ROWS;
    score_rows(g, x, r, m, w);
    for (size_t i = 0; i < m; i++) {
      const double *s = g->scores + i * g->k;
      size_t top = 0;
      for (size_t j = 1; j < g->k; j++)
        if (s[j] > s[top]) top = j;
      right += top == label[r + i];
    }
  }
  return right;
}

static double majority_accuracy(const struct logistic *g, const unsigned char *test_label, size_t n_test) {
  size_t count[256] = {0}, top = 0, right = 0;
  for (size_t i = 0; i < g->n; i++) count[g->label[i]]++;
  for (size_t j = 1; j < 256; j++)
    if (count[j] > count[top]) top = j;
  for (size_t i = 0; i < n_test; i++) right += test_label[i] == top;
  return (double)right / (double)n_test;
}

static enum clgan_status check_labels(const unsigned char *label, size_t n, int classes, struct clgan_error *e) {
  if (classes < 1 || classes > 256)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "probe: %d classes, expected 1 to 256", classes);
  for (size_t i = 0; i < n; i++)
    if (label[i] >= classes)
      return clgan_error_set(e, CLGAN_ERR_USAGE, "probe: label %d of row %zu is not below %d", label[i], i, classes);
  return CLGAN_OK;
}

enum clgan_status clgan_probe_classify(const float *x, const unsigned char *label, size_t n, const float *test_x,
                                       const unsigned char *test_label, size_t n_test, size_t d, int classes, double l2,
                                       struct clgan_probe_classes *out, struct clgan_error *e) {
  memset(out, 0, sizeof *out);
  CLGAN_TRY(check_sizes(n, n_test, d, e));
  CLGAN_TRY(check_labels(label, n, classes, e));
  CLGAN_TRY(check_labels(test_label, n_test, classes, e));
  CLGAN_TRY(check_finite(x, n, d, e));
  CLGAN_TRY(check_finite(test_x, n_test, d, e));
  struct logistic g = {.x = x, .label = label, .n = n, .d = d, .k = (size_t)classes, .l2 = l2};
  double *w = clgan_mem_array((d + 1) * g.k, sizeof *w);
  g.rows = clgan_mem_array(ROWS * (d + 1), sizeof *g.rows);
  g.scores = clgan_mem_array(ROWS * g.k, sizeof *g.scores);
  columns_fit(&g.columns, x, n, d);
  minimise(&g, w, out);
  out->hits = hits(&g, test_x, test_label, n_test, w);
  out->accuracy = (double)out->hits / (double)n_test;
  out->train_accuracy = (double)hits(&g, x, label, n, w) / (double)n;
  out->majority = majority_accuracy(&g, test_label, n_test);
  columns_free(&g.columns);
  clgan_mem_free(g.rows);
  clgan_mem_free(g.scores);
  clgan_mem_free(w);
  return CLGAN_OK;
}

/* -- ridge regression -- */

/* Solves a w = b in b for the symmetric a of positive eigenvalues, by Cholesky; a pivot that is rounding drops its column. */
static void solve(double *a, double *b, size_t n) {
  for (size_t j = 0; j < n; j++) {
    double pivot = a[j * n + j], whole = pivot;
    for (size_t k = 0; k < j; k++) pivot -= a[j * n + k] * a[j * n + k];
    bool flat = !(pivot > 1e-13 * whole);
    a[j * n + j] = flat ? 0 : sqrt(pivot);
    for (size_t i = j + 1; i < n; i++) {
      double sum = a[i * n + j];
      for (size_t k = 0; k < j; k++) sum -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = flat ? 0 : sum / a[j * n + j];
    }
  }
  for (size_t i = 0; i < n; i++) {
    for (size_t k = 0; k < i; k++) b[i] -= a[i * n + k] * b[k];
    b[i] = a[i * n + i] > 0 ? b[i] / a[i * n + i] : 0;
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t k = i + 1; k < n; k++) b[i] -= a[k * n + i] * b[k];
    b[i] = a[i * n + i] > 0 ? b[i] / a[i * n + i] : 0;
  }
}

/* w[d] of the standardised columns, in y's unit. */
static void fit_ridge(const struct columns *c, const float *x, const float *y, size_t n, double y_mean, double l2,
                      double *w) {
  size_t d = c->d;
  double *a = clgan_mem_array(d * d, sizeof *a), *row = clgan_mem_array(d, sizeof *row);
  for (size_t r = 0; r < n; r++) {
    columns_row(c, x + r * d, row);
    for (size_t i = 0; i < d; i++) {
      w[i] += row[i] * ((double)y[r] - y_mean) / (double)n;
      for (size_t j = 0; j <= i; j++) a[i * d + j] += row[i] * row[j];
    }
  }
  for (size_t i = 0; i < d; i++) {
    for (size_t j = 0; j <= i; j++) a[i * d + j] /= (double)n;
    a[i * d + i] += l2;
  }
  solve(a, w, d);
  clgan_mem_free(a);
  clgan_mem_free(row);
}

static void judge(const struct columns *c, const float *x, const float *y, size_t n, double y_mean, const double *w,
                  struct clgan_probe_number *out) {
  double *row = clgan_mem_array(c->d, sizeof *row), mean = 0, squares = 0, variance = 0;
  for (size_t r = 0; r < n; r++) mean += (double)y[r] / (double)n;
  for (size_t r = 0; r < n; r++) {
    columns_row(c, x + r * c->d, row);
    double miss = y_mean + dot(w, row, c->d) - (double)y[r];
    squares += miss * miss;
    variance += ((double)y[r] - mean) * ((double)y[r] - mean);
    out->mae += fabs(miss) / (double)n;
    out->mae_0 += fabs((double)y[r] - y_mean) / (double)n;
  }
  out->r2 = variance > 0 ? 1 - squares / variance : 0;
  clgan_mem_free(row);
}

enum clgan_status clgan_probe_regress(const float *x, const float *y, size_t n, const float *test_x,
                                      const float *test_y, size_t n_test, size_t d, double l2,
                                      struct clgan_probe_number *out, struct clgan_error *e) {
  memset(out, 0, sizeof *out);
  CLGAN_TRY(check_sizes(n, n_test, d, e));
  CLGAN_TRY(check_finite(x, n, d, e));
  CLGAN_TRY(check_finite(y, n, 1, e));
  CLGAN_TRY(check_finite(test_x, n_test, d, e));
  CLGAN_TRY(check_finite(test_y, n_test, 1, e));
  struct columns c;
  double *w = clgan_mem_array(d, sizeof *w), y_mean = 0;
  for (size_t r = 0; r < n; r++) y_mean += (double)y[r] / (double)n;
  columns_fit(&c, x, n, d);
  fit_ridge(&c, x, y, n, y_mean, l2, w);
  judge(&c, test_x, test_y, n_test, y_mean, w, out);
  columns_free(&c);
  clgan_mem_free(w);
  return CLGAN_OK;
}
