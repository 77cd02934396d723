/* explore_codes.c: codes of images against their prior, and what they tell of labels. */
#include "train/explore_codes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/philox.h"
#include "train/cluster.h"
#include "train/measure.h"

enum { RESTARTS = 4, PERMUTATIONS = 20 };
/* Numbers of the random draws of one seed. */
enum { DRAW_HALVES = 1, DRAW_SHUFFLE = 2, DRAW_PERMUTE = 3 };
static const double penalty = 1e-4; /* of the probe of classes */

/* -- the prior -- */
struct clgan_moments clgan_prior_moments(enum clgan_latent_kind kind) {
  if (kind == CLGAN_LATENT_UNIFORM) return (struct clgan_moments){.deviation = sqrt(1 / 3.0), .kurtosis = -1.2};
  return (struct clgan_moments){.deviation = 1};
}

double clgan_prior_limit(enum clgan_latent_kind kind) {
  return kind == CLGAN_LATENT_UNIFORM ? 0.99 : 3;
}

double clgan_prior_beyond(enum clgan_latent_kind kind) {
  return kind == CLGAN_LATENT_UNIFORM ? 1 - clgan_prior_limit(kind) : erfc(clgan_prior_limit(kind) / sqrt(2));
}

/* -- spread -- */

/* Of x[0], x[step], ... n of them; two passes. */
static struct clgan_moments moments_of(const float *x, size_t n, size_t step) {
  struct clgan_moments m = {0};
  double s2 = 0, s3 = 0, s4 = 0;
  for (size_t i = 0; i < n; i++) m.mean += (double)x[i * step];
  m.mean /= (double)n;
  for (size_t i = 0; i < n; i++) {
    double d = (double)x[i * step] - m.mean;
    s2 += d * d / (double)n;
    s3 += d * d * d / (double)n;
    s4 += d * d * d * d / (double)n;
  }
  if (s2 > 1e-20 * m.mean * m.mean) { /* less is rounding of equal values */
    m.deviation = sqrt(s2);
    m.skewness = s3 / (s2 * m.deviation);
    m.kurtosis = s4 / (s2 * s2) - 3;
  }
  return m;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median_of(const double *x, size_t n) {
  double *sorted = clgan_mem_array(n, sizeof *sorted), m;
  memcpy(sorted, x, n * sizeof *x);
  qsort(sorted, n, sizeof *sorted, by_size);
  m = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
  clgan_mem_free(sorted);
  return m;
}

/* Pearson's r of two columns whose moments are known; 0 where one does not vary. */
static double correlation(const float *z, const struct clgan_spread *s, size_t a, size_t b) {
  double sum = 0, scale = s->moments[a].deviation * s->moments[b].deviation * (double)s->n;
  for (size_t i = 0; i < s->n; i++)
    sum += ((double)z[i * s->dims + a] - s->moments[a].mean) * ((double)z[i * s->dims + b] - s->moments[b].mean);
  return scale > 0 ? sum / scale : 0;
}

static void correlations(const float *z, struct clgan_spread *s) {
  size_t pairs = s->dims * (s->dims - 1) / 2;
  for (size_t a = 0; a < s->dims; a++)
    for (size_t b = a + 1; b < s->dims; b++) {
      double r = fabs(correlation(z, s, a, b));
      s->correlation_mean += r / (double)pairs;
      if (r <= s->correlation_largest) continue;
      s->correlation_largest = r;
      s->pair[0] = a, s->pair[1] = b;
    }
  s->correlation_chance = sqrt(2 / (3.14159265358979323846 * (double)s->n)); /* E|N(0, 1/n)| */
}

enum clgan_status clgan_spread_of(const float *z, size_t n, size_t dims, enum clgan_latent_kind kind,
                                  struct clgan_spread *out, struct clgan_error *e) {
  *out = (struct clgan_spread){.n = n, .dims = dims};
  if (n < 2 || !dims) return clgan_error_set(e, CLGAN_ERR_USAGE, "a distribution needs at least 2 codes, not %zu", n);
  for (size_t i = 0; i < n * dims; i++)
    if (!isfinite(z[i]))
      return clgan_error_set(e, CLGAN_ERR_NUMERIC,
                             "the code of image %zu is not finite; the weights are damaged or the training "
                             "diverged",
                             i / dims);
  out->moments = clgan_mem_array(dims, sizeof *out->moments);
  out->ks = clgan_mem_array(dims, sizeof *out->ks);
  out->beyond = clgan_mem_array(dims, sizeof *out->beyond);
  for (size_t j = 0; j < dims; j++) {
    out->moments[j] = moments_of(z + j, n, dims);
    out->ks[j] = clgan_ks_distance(z + j, n, dims, kind == CLGAN_LATENT_NORMAL);
    for (size_t i = 0; i < n; i++) out->beyond[j] += fabs((double)z[i * dims + j]) > clgan_prior_limit(kind);
    out->beyond[j] /= (double)n;
    out->beyond_all += out->beyond[j] / (double)dims;
    if (out->ks[j] > out->ks[out->worst]) out->worst = j;
  }
  out->pooled = moments_of(z, n * dims, 1);
  out->ks_median = median_of(out->ks, dims);
  out->ks_worst = out->ks[out->worst];
  out->ks_chance = 0.8276 / sqrt((double)n); /* the median of Kolmogorov's distribution */
  correlations(z, out);
  return CLGAN_OK;
}

void clgan_spread_free(struct clgan_spread *s) {
  clgan_mem_free(s->moments);
  clgan_mem_free(s->ks);
  clgan_mem_free(s->beyond);
  *s = (struct clgan_spread){0};
}

/* -- halves of the items, in random order -- */
struct halves {
  size_t n[2], dims; /* fitted, tested */
  uint32_t *item;    /* [n]: the fitted half first */
  float *z;          /* [n,dims] in that order */
};

/* A random order of 0..n-1. The caller's. */
static uint32_t *random_order(size_t n, uint64_t seed, uint64_t draw) {
  uint32_t *order = clgan_mem_array(n, sizeof *order);
  struct clgan_random r;
  clgan_random_init(&r, seed, draw, CLGAN_STREAM_ORDER);
  for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
  clgan_random_shuffle(&r, order, (uint32_t)n);
  return order;
}

static enum clgan_status halve(const float *z, size_t n, size_t dims, uint64_t seed, struct halves *h,
                               struct clgan_error *e) {
  void *copy = NULL;
  if (n < CLGAN_TOLD_MIN)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "a probe needs at least %d images, not %zu", (int)CLGAN_TOLD_MIN, n);
  CLGAN_TRY(clgan_mem_try(&copy, n, dims * sizeof(float), "a copy of the codes", e));
  *h = (struct halves){.n = {n / 2, n - n / 2}, .dims = dims, .item = random_order(n, seed, DRAW_HALVES), .z = copy};
  for (size_t i = 0; i < n; i++) memcpy(h->z + i * dims, z + h->item[i] * dims, dims * sizeof *z);
  return CLGAN_OK;
}

static void halves_free(struct halves *h) {
  clgan_mem_free(h->item);
  clgan_mem_free(h->z);
}

/* -- labels -- */
static enum clgan_status cluster(struct clgan_cl *cl, const float *z, size_t n, size_t dims, const unsigned char *label,
                                 uint64_t seed, struct clgan_told *out, struct clgan_error *e) {
  struct clgan_kmeans m = {0};
  enum clgan_status s = clgan_kmeans_fit(cl, z, n, dims, (int)out->classes, RESTARTS, seed, &m, e);
  unsigned char *permuted = clgan_mem_alloc(n);
  if (s == CLGAN_OK) clgan_kmeans_agreement(m.cluster, label, n, out->classes, &out->purity, &out->nmi);
  for (uint64_t k = 0; k < PERMUTATIONS && s == CLGAN_OK; k++) {
    uint32_t *order = random_order(n, seed, DRAW_PERMUTE + k);
    double purity, nmi;
    for (size_t i = 0; i < n; i++) permuted[i] = label[order[i]];
    clgan_kmeans_agreement(m.cluster, permuted, n, out->classes, &purity, &nmi);
    out->purity_chance += purity / PERMUTATIONS;
    out->nmi_chance += nmi / PERMUTATIONS;
    clgan_mem_free(order);
  }
  clgan_mem_free(permuted);
  clgan_kmeans_free(&m);
  return s;
}

/* @param label in the halves' order. */
static enum clgan_status probe(struct clgan_cl *cl, const struct halves *h, const unsigned char *label, int classes,
                               uint64_t seed, struct clgan_told *out, struct clgan_error *e) {
  const float *tested = h->z + h->n[0] * h->dims;
  const unsigned char *truth = label + h->n[0];
  struct clgan_probe_classes fit, shuffled;
  CLGAN_TRY(clgan_probe_classify(h->z, label, h->n[0], tested, truth, h->n[1], h->dims, classes, penalty, &fit, e));
  out->accuracy = fit.accuracy;
  out->majority = fit.majority;
  clgan_measure_wilson(fit.hits, h->n[1], &out->low, &out->high);
  size_t n = h->n[0] + h->n[1];
  uint32_t *order = random_order(n, seed, DRAW_SHUFFLE), *nearest = clgan_mem_array(h->n[1], sizeof *nearest);
  unsigned char *wrong = clgan_mem_alloc(n);
  for (size_t i = 0; i < n; i++) wrong[i] = label[order[i]];
  enum clgan_status s = clgan_probe_classify(h->z, wrong, h->n[0], tested, wrong + h->n[0], h->n[1], h->dims, classes,
                                             penalty, &shuffled, e);
  if (s == CLGAN_OK) s = clgan_nearest(cl, tested, h->n[1], h->z, h->n[0], h->dims, 1, false, nearest, NULL, e);
  if (s == CLGAN_OK) {
    out->shuffled = shuffled.accuracy;
    for (size_t i = 0; i < h->n[1]; i++) out->neighbour += label[nearest[i]] == truth[i];
    out->neighbour /= (double)h->n[1];
  }
  clgan_mem_free(order);
  clgan_mem_free(nearest);
  clgan_mem_free(wrong);
  return s;
}

static size_t count_classes(const unsigned char *label, size_t n) {
  bool seen[256] = {false};
  size_t classes = 0;
  for (size_t i = 0; i < n; i++) seen[label[i]] = true;
  for (size_t k = 0; k < 256; k++) classes += seen[k];
  return classes;
}

enum clgan_status clgan_told_class(struct clgan_cl *cl, const float *z, size_t n, size_t dims,
                                   const unsigned char *label, int classes, uint64_t seed, struct clgan_told *out,
                                   struct clgan_error *e) {
  struct halves h = {0};
  *out = (struct clgan_told){.classes = count_classes(label, n)};
  if (out->classes < 2) return clgan_error_set(e, CLGAN_ERR_USAGE, "labels of a single class tell nothing");
  CLGAN_TRY(halve(z, n, dims, seed, &h, e));
  unsigned char *ordered = clgan_mem_alloc(n);
  for (size_t i = 0; i < n; i++) ordered[i] = label[h.item[i]];
  out->fitted = h.n[0];
  out->tested = h.n[1];
  enum clgan_status s = cluster(cl, z, n, dims, label, seed, out, e);
  if (s == CLGAN_OK) s = probe(cl, &h, ordered, classes, seed, out, e);
  clgan_mem_free(ordered);
  halves_free(&h);
  return s;
}

enum clgan_status clgan_told_number(const float *z, size_t n, size_t dims, const float *value, uint64_t seed,
                                    struct clgan_told_number *out, struct clgan_error *e) {
  struct halves h = {0};
  struct clgan_probe_number fit = {0}, shuffled = {0};
  *out = (struct clgan_told_number){0};
  CLGAN_TRY(halve(z, n, dims, seed, &h, e));
  float *ordered = clgan_mem_array(2 * n, sizeof *ordered), *wrong = ordered + n;
  uint32_t *order = random_order(n, seed, DRAW_SHUFFLE);
  for (size_t i = 0; i < n; i++) ordered[i] = value[h.item[i]];
  for (size_t i = 0; i < n; i++) wrong[i] = ordered[order[i]];
  const float *tested = h.z + h.n[0] * dims, *truth = ordered + h.n[0];
  const double ridge = (double)dims / (double)h.n[0]; /* a fit to few items is mostly noise without it */
  enum clgan_status s = clgan_probe_regress(h.z, ordered, h.n[0], tested, truth, h.n[1], dims, ridge, &fit, e);
  if (s == CLGAN_OK)
    s = clgan_probe_regress(h.z, wrong, h.n[0], tested, wrong + h.n[0], h.n[1], dims, ridge, &shuffled, e);
  *out = (struct clgan_told_number){.fitted = h.n[0],
                                    .tested = h.n[1],
                                    .r2 = fit.r2,
                                    .error = fit.mae,
                                    .error_mean = fit.mae_0,
                                    .r2_shuffled = shuffled.r2};
  clgan_mem_free(order);
  clgan_mem_free(ordered);
  halves_free(&h);
  return s;
}
