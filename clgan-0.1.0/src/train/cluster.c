/* cluster.c - k-means, and how clusters agree with labels. */
#include "train/cluster.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/philox.h"
#include "train/measure.h"

#define MOST_ITERATIONS 100

struct fit {
  struct clgan_cl *cl;
  const float *x;
  size_t n, d, k;
  struct clgan_random random;
  double *nearest; /* [n]: squared distance to the nearest centre */
  double *sum;     /* [k,d] */
  size_t *count;   /* [k] */
  uint32_t *next;  /* [n] */
};

static double distance(const float *a, const float *b, size_t d) {
  double sum = 0;
  for (size_t i = 0; i < d; i++) sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
  return sum;
}

/* A row drawn with probability proportional to nearest[]; evenly where all are 0. */
static size_t draw_row(struct fit *f) {
  double total = 0, u = (double)clgan_random_u32(&f->random) * 0x1p-32;
  u += (double)clgan_random_u32(&f->random) * 0x1p-64;
  for (size_t i = 0; i < f->n; i++) total += f->nearest[i];
  if (!(total > 0)) return (size_t)(u * (double)f->n) < f->n ? (size_t)(u * (double)f->n) : f->n - 1;
  double left = u * total;
  size_t last = 0;
  for (size_t i = 0; i < f->n; i++) {
    if (f->nearest[i] <= 0) continue;
    last = i;
    left -= f->nearest[i];
    if (left < 0) break;
  }
  return last;
}

/* k-means++: each next centre is a row far from those chosen. */
static void seed_centres(struct fit *f, float *centre) {
  for (size_t i = 0; i < f->n; i++) f->nearest[i] = 0;
  for (size_t c = 0; c < f->k; c++) {
    memcpy(centre + c * f->d, f->x + draw_row(f) * f->d, f->d * sizeof *centre);
    for (size_t i = 0; i < f->n; i++) {
      double v = distance(f->x + i * f->d, centre + c * f->d, f->d);
      if (c == 0 || v < f->nearest[i]) f->nearest[i] = v;
    }
  }
}

/* Empty clusters take the rows farthest from their centres, one each, from clusters of more than one row. */
static void fill_empty(struct fit *f, uint32_t *cluster) {
  for (size_t c = 0; c < f->k; c++) {
    if (f->count[c]) continue;
    size_t far = f->n;
    for (size_t i = 0; i < f->n; i++)
      if (f->count[cluster[i]] > 1 && (far == f->n || f->nearest[i] > f->nearest[far])) far = i;
    if (far == f->n) return;
    f->count[cluster[far]]--;
    f->count[c] = 1;
    cluster[far] = (uint32_t)c;
    f->nearest[far] = 0;
  }
}

/* Centres become the means of their rows. */
static void move_centres(struct fit *f, uint32_t *cluster, float *centre) {
  memset(f->count, 0, f->k * sizeof *f->count);
  memset(f->sum, 0, f->k * f->d * sizeof *f->sum);
  for (size_t i = 0; i < f->n; i++) f->count[cluster[i]]++;
  fill_empty(f, cluster);
  for (size_t i = 0; i < f->n; i++)
    for (size_t j = 0; j < f->d; j++) f->sum[cluster[i] * f->d + j] += (double)f->x[i * f->d + j];
  for (size_t c = 0; c < f->k; c++)
    for (size_t j = 0; j < f->d && f->count[c]; j++)
      centre[c * f->d + j] = (float)(f->sum[c * f->d + j] / (double)f->count[c]);
}

/* Assigns rows to the centres; fills nearest and *inertia. */
static enum clgan_status assign(struct fit *f, const float *centre, uint32_t *cluster, double *inertia,
                                struct clgan_error *e) {
  CLGAN_TRY(clgan_nearest(f->cl, f->x, f->n, centre, f->k, f->d, 1, false, cluster, NULL, e));
  *inertia = 0;
  for (size_t i = 0; i < f->n; i++) {
    f->nearest[i] = distance(f->x + i * f->d, centre + cluster[i] * f->d, f->d);
    *inertia += f->nearest[i];
  }
  return CLGAN_OK;
}

static enum clgan_status run_once(struct fit *f, struct clgan_kmeans *m, struct clgan_error *e) {
  seed_centres(f, m->centre);
  CLGAN_TRY(assign(f, m->centre, m->cluster, &m->inertia, e));
  m->settled = false;
  for (m->iterations = 1; m->iterations < MOST_ITERATIONS && !m->settled; m->iterations++) {
    move_centres(f, m->cluster, m->centre);
    CLGAN_TRY(assign(f, m->centre, f->next, &m->inertia, e));
    m->settled = memcmp(f->next, m->cluster, f->n * sizeof *f->next) == 0;
    memcpy(m->cluster, f->next, f->n * sizeof *f->next);
  }
  return CLGAN_OK;
}

static enum clgan_status alloc_model(struct clgan_kmeans *m, const struct fit *f, struct clgan_error *e) {
  CLGAN_TRY(clgan_mem_try((void **)&m->centre, f->k * f->d, sizeof *m->centre, "k-means", e));
  return clgan_mem_try((void **)&m->cluster, f->n, sizeof *m->cluster, "k-means", e);
}

static enum clgan_status run_all(struct fit *f, int restarts, uint64_t seed, struct clgan_kmeans *out,
                                 struct clgan_error *e) {
  CLGAN_TRY(clgan_mem_try((void **)&f->nearest, f->n, sizeof *f->nearest, "k-means", e));
  CLGAN_TRY(clgan_mem_try((void **)&f->next, f->n, sizeof *f->next, "k-means", e));
  CLGAN_TRY(clgan_mem_try((void **)&f->sum, f->k * f->d, sizeof *f->sum, "k-means", e));
  CLGAN_TRY(clgan_mem_try((void **)&f->count, f->k, sizeof *f->count, "k-means", e));
  for (int r = 0; r < restarts || r == 0; r++) {
    struct clgan_kmeans m = {0};
    clgan_random_init(&f->random, seed, (uint64_t)r, CLGAN_STREAM_CLUSTER);
    enum clgan_status st = alloc_model(&m, f, e);
    if (st == CLGAN_OK) st = run_once(f, &m, e);
    if (st == CLGAN_OK && (r == 0 || m.inertia < out->inertia)) {
      clgan_kmeans_free(out);
      *out = m;
    } else {
      clgan_kmeans_free(&m);
    }
    CLGAN_TRY(st);
  }
  return CLGAN_OK;
}

enum clgan_status clgan_kmeans_fit(struct clgan_cl *cl, const float *x, size_t n, size_t d, int k, int restarts,
                                   uint64_t seed, struct clgan_kmeans *out, struct clgan_error *e) {
  struct fit f = {.cl = cl, .x = x, .n = n, .d = d, .k = (size_t)k};
  memset(out, 0, sizeof *out);
  if (k < 1 || (size_t)k > n || d < 1)
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "k-means: %d clusters of %zu rows of %zu columns: give at least as many rows", k, n, d);
  for (size_t i = 0; i < n * d; i++)
    if (!isfinite(x[i]))
      return clgan_error_set(e, CLGAN_ERR_NUMERIC, "k-means: column %zu of row %zu is not a finite number", i % d,
                             i / d);
  enum clgan_status st = run_all(&f, restarts, seed, out, e);
  clgan_mem_free(f.nearest);
  clgan_mem_free(f.next);
  clgan_mem_free(f.sum);
  clgan_mem_free(f.count);
  return st;
}

void clgan_kmeans_free(struct clgan_kmeans *m) {
  clgan_mem_free(m->centre);
  clgan_mem_free(m->cluster);
  memset(m, 0, sizeof *m);
}

/* Entropy of a partition, in nats. */
static double entropy(const uint64_t *count, size_t n, double total) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    if (count[i]) sum -= (double)count[i] / total * log((double)count[i] / total);
  return sum;
}

void clgan_kmeans_agreement(const uint32_t *cluster, const unsigned char *label, size_t n, size_t k, double *purity,
                            double *nmi) {
  enum { LABELS = 256 };
  uint64_t *joint = clgan_mem_array(k * LABELS, sizeof *joint), *of_cluster = clgan_mem_array(k, sizeof *of_cluster);
  uint64_t of_label[LABELS] = {0}, largest = 0;
  *purity = *nmi = 0;
  for (size_t i = 0; i < n; i++) {
    joint[cluster[i] * LABELS + label[i]]++;
    of_cluster[cluster[i]]++;
    of_label[label[i]]++;
  }
  for (size_t c = 0; c < k; c++) {
    uint64_t top = 0;
    for (size_t l = 0; l < LABELS; l++)
      if (joint[c * LABELS + l] > top) top = joint[c * LABELS + l];
    largest += top;
  }
  if (n > 0) {
    double total = (double)n, hc = entropy(of_cluster, k, total), hl = entropy(of_label, LABELS, total);
    double mutual = hc + hl - entropy(joint, k * LABELS, total);
    *purity = (double)largest / total;
    *nmi = hc + hl > 0 ? fmin(1, fmax(0, 2 * mutual / (hc + hl))) : 1;
  }
  clgan_mem_free(joint);
  clgan_mem_free(of_cluster);
}
