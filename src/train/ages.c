/* ages.c - statistics of told ages and genders, bootstrap over groups. */
#include "train/ages.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/philox.h"

enum { RESAMPLES = 1000 };

/* -- bootstrap -- */
static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Quantile by linear interpolation between the sorted x[n]. */
static double quantile(const double *x, size_t n, double p) {
  double at = p * (double)(n - 1);
  size_t k = (size_t)at;
  return k + 1 < n ? x[k] + (at - (double)k) * (x[k + 1] - x[k]) : x[n - 1];
}

static void add(double *total, const double *sums, size_t k) {
  for (size_t i = 0; i < k; i++) total[i] += sums[i];
}

struct clgan_estimate clgan_bootstrap(const double *sums, size_t groups, size_t k, double (*f)(const double *total),
                                      uint64_t seed) {
  struct clgan_estimate e = {(double)NAN, (double)NAN, (double)NAN};
  struct clgan_random r;
  if (!groups) return e;
  double *total = clgan_mem_array(k, sizeof *total), *drawn = clgan_mem_array(RESAMPLES, sizeof *drawn);
  size_t n = 0;
  for (size_t g = 0; g < groups; g++) add(total, sums + g * k, k);
  e.value = f(total);
  for (uint64_t s = 0; s < RESAMPLES; s++) {
    clgan_random_init(&r, seed, s, CLGAN_STREAM_CLUSTER);
    memset(total, 0, k * sizeof *total);
    for (size_t g = 0; g < groups; g++) add(total, sums + clgan_random_below(&r, (uint32_t)groups) * k, k);
    double x = f(total);
    if (isfinite(x)) drawn[n++] = x;
  }
  if (n && isfinite(e.value)) {
    qsort(drawn, n, sizeof *drawn, ascending);
    e.low = quantile(drawn, n, 0.025);
    e.high = quantile(drawn, n, 0.975);
  }
  clgan_mem_free(total);
  clgan_mem_free(drawn);
  return e;
}

/* total: sum, number */
static double mean_of(const double *total) {
  return total[1] > 0 ? total[0] / total[1] : (double)NAN;
}

struct clgan_estimate clgan_bootstrap_mean(const double *x, size_t n, uint64_t seed) {
  double *sums = clgan_mem_array(n + 1, 2 * sizeof *sums);
  for (size_t i = 0; i < n; i++) sums[2 * i] = x[i], sums[2 * i + 1] = 1;
  struct clgan_estimate e = clgan_bootstrap(sums, n, 2, mean_of, seed);
  clgan_mem_free(sums);
  return e;
}

/* total: number, sums of x, y, xx, xy */
enum { LINE = 5 };
static void line_add(double *sums, double x, double y) {
  const double term[LINE] = {1, x, y, x * x, x * y};
  add(sums, term, LINE);
}

static double line_slope(const double *t) {
  double varied = t[0] * t[3] - t[1] * t[1];
  return varied > 0 ? (t[0] * t[4] - t[1] * t[2]) / varied : (double)NAN;
}

/* total: for each decade the sum of errors and their number */
static double balanced(const double *t) {
  double sum = 0, present = 0;
  for (int k = 0; k < CLGAN_DECADES; k++)
    if (t[2 * k + 1] > 0) sum += t[2 * k] / t[2 * k + 1], present++;
  return present > 0 ? sum / present : (double)NAN;
}

/* -- labelled faces -- */
void clgan_age_skill(const float *age, const float *gender, const float *told, const float *logit, size_t n,
                     uint64_t seed, struct clgan_age_skill *out) {
  double *error = clgan_mem_array(n + 1, sizeof *error), *line = clgan_mem_array(n + 1, LINE * sizeof *line);
  double *by_decade = clgan_mem_array(n + 1, 2 * CLGAN_DECADES * sizeof *by_decade);
  memset(out, 0, sizeof *out);
  out->n = n;
  for (size_t i = 0; i < n; i++) {
    int decade = age[i] >= 90 ? CLGAN_DECADES - 1 : age[i] > 0 ? (int)(age[i] / 10) : 0;
    error[i] = fabs((double)told[i] - (double)age[i]);
    line_add(line + i * LINE, (double)age[i], (double)told[i]);
    by_decade[(i * CLGAN_DECADES + (size_t)decade) * 2] = error[i];
    by_decade[(i * CLGAN_DECADES + (size_t)decade) * 2 + 1] = 1;
    out->right += (logit[i] > 0) == (gender[i] > 0.5f);
    out->decade_n[decade]++;
    out->decade_error[decade] += error[i];
  }
  for (int k = 0; k < CLGAN_DECADES; k++)
    if (out->decade_n[k]) out->decade_error[k] /= (double)out->decade_n[k];
  out->error = clgan_bootstrap_mean(error, n, seed);
  out->balanced = clgan_bootstrap(by_decade, n, (size_t)2 * CLGAN_DECADES, balanced, seed);
  out->slope = clgan_bootstrap(line, n, LINE, line_slope, seed);
  clgan_mem_free(error);
  clgan_mem_free(line);
  clgan_mem_free(by_decade);
}

/* -- sequences of asked ages -- */
double clgan_age_asked(int k) {
  return (double)CLGAN_AGE_LAST * k / (CLGAN_AGES - 1);
}

/* Sums of a group, two (sum, number) for each share or mean, then the line's. */
enum { ERROR = 0, GENDER = 2, OLD = 4, STEP = 6, SLOPE = 8, SUMS = SLOPE + LINE };
static double mean_error(const double *t) {
  return mean_of(t + ERROR);
}
static double gender_share(const double *t) {
  return mean_of(t + GENDER);
}
static double old_share(const double *t) {
  return mean_of(t + OLD);
}
static double step_share(const double *t) {
  return mean_of(t + STEP);
}
static double told_slope(const double *t) {
  return line_slope(t + SLOPE);
}

static void count(double *pair, double value) {
  pair[0] += value;
  pair[1]++;
}

static void add_sequence(const struct clgan_age_rows *r, size_t i, double *sums, struct clgan_age_control *out) {
  const float *told = r->told + i * CLGAN_AGES, *logit = r->logit + i * CLGAN_AGES;
  double own = 0;
  for (int k = 0; k < CLGAN_AGES; k++)
    if (clgan_age_asked(k) >= 24 && clgan_age_asked(k) <= 56) own += (double)logit[k];
  for (int k = 0; k < CLGAN_AGES; k++) {
    struct clgan_age_count *c = &out->by_age[k];
    double asked = clgan_age_asked(k), error = fabs((double)told[k] - asked);
    bool female = logit[k] > 0, flipped = female != (own > 0);
    count(sums + ERROR, error);
    line_add(sums + SLOPE, asked, (double)told[k]);
    if (r->gender) count(sums + GENDER, female == (r->gender[i] != 0));
    if (asked >= 70) count(sums + OLD, flipped);
    if (asked >= 24 && k + 1 < CLGAN_AGES) count(sums + STEP, female != (logit[k + 1] > 0));
    c->n++;
    c->right += r->gender && female == (r->gender[i] != 0);
    c->flipped += flipped;
    c->told += (double)told[k];
    c->error += error;
  }
}

void clgan_age_control(const struct clgan_age_rows *r, uint64_t seed, struct clgan_age_control *out) {
  size_t per = r->per_group ? r->per_group : 1, groups = (r->n + per - 1) / per;
  double *sums = clgan_mem_array(groups + 1, SUMS * sizeof *sums);
  memset(out, 0, sizeof *out);
  for (size_t i = 0; i < r->n; i++) add_sequence(r, i, sums + i / per * SUMS, out);
  for (int k = 0; k < CLGAN_AGES; k++) {
    struct clgan_age_count *c = &out->by_age[k];
    if (c->n) c->told /= (double)c->n, c->error /= (double)c->n;
  }
  out->error = clgan_bootstrap(sums, groups, SUMS, mean_error, seed);
  out->gender = clgan_bootstrap(sums, groups, SUMS, gender_share, seed);
  out->flip_old = clgan_bootstrap(sums, groups, SUMS, old_share, seed);
  out->flip_step = clgan_bootstrap(sums, groups, SUMS, step_share, seed);
  out->slope = clgan_bootstrap(sums, groups, SUMS, told_slope, seed);
  clgan_mem_free(sums);
}
