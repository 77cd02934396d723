/* losses.c - references of the losses. */
#include "ref/losses.h"

#include <math.h>

double clgan_ref_softplus(double x) {
  return (x < 0 ? 0 : x) + log1p(exp(-fabs(x)));
}
static double sigmoid(double x) {
  return 1 / (1 + exp(-x));
}
static double at(struct clgan_ref_column m, size_t row) {
  return m.x[row * m.cols + m.column];
}

double clgan_ref_loss_gan(size_t n, const double *s, double sign0, double sign1, double weight) {
  double sum = 0;
  for (size_t i = 0; i < 2 * n; i++) sum += clgan_ref_softplus((i < n ? sign0 : sign1) * s[i]);
  return weight / (double)n * sum;
}

void clgan_ref_loss_gan_bwd(size_t n, const double *s, double sign0, double sign1, double weight, double f,
                            double *ds) {
  for (size_t i = 0; i < 2 * n; i++) {
    double sign = i < n ? sign0 : sign1;
    ds[i] = f * weight / (double)n * sign * sigmoid(sign * s[i]);
  }
}

double clgan_ref_loss_l1(size_t n, const double *a, const double *b) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += fabs(a[i] - b[i]);
  return sum / (double)n;
}

void clgan_ref_loss_l1_bwd(size_t n, const double *a, const double *b, double f, double *db) {
  for (size_t i = 0; i < n; i++) {
    double d = b[i] - a[i];
    db[i] = f / (double)n * (d > 0 ? 1 : d < 0 ? -1 : d);
  }
}

double clgan_ref_loss_mse(size_t n, struct clgan_ref_column p, struct clgan_ref_column t) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (at(p, i) - at(t, i)) * (at(p, i) - at(t, i));
  return sum / (double)n;
}

void clgan_ref_loss_mse_bwd(size_t n, struct clgan_ref_column p, struct clgan_ref_column t, double f, double *dp) {
  for (size_t i = 0; i < n; i++)
    for (size_t c = 0; c < p.cols; c++)
      dp[i * p.cols + c] = c == p.column ? f / (double)n * 2 * (at(p, i) - at(t, i)) : 0;
}

double clgan_ref_loss_bce(size_t n, struct clgan_ref_column p, struct clgan_ref_column t) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += clgan_ref_softplus(at(p, i)) - at(p, i) * at(t, i);
  return sum / (double)n;
}

void clgan_ref_loss_bce_bwd(size_t n, struct clgan_ref_column p, struct clgan_ref_column t, double f, double *dp) {
  for (size_t i = 0; i < n; i++)
    for (size_t c = 0; c < p.cols; c++)
      dp[i * p.cols + c] = c == p.column ? f / (double)n * (sigmoid(at(p, i)) - at(t, i)) : 0;
}

/* log of the sum of exponentials of a row */
static double log_sum(size_t k, const double *row) {
  double largest = row[0], sum = 0;
  for (size_t c = 1; c < k; c++)
    if (row[c] > largest) largest = row[c];
  for (size_t c = 0; c < k; c++) sum += exp(row[c] - largest);
  return largest + log(sum);
}

double clgan_ref_loss_ce(size_t n, size_t k, const double *p, const double *label) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    if (!(label[i] >= 0 && label[i] < (double)k)) return (double)NAN;
    sum += log_sum(k, p + i * k) - p[i * k + (size_t)label[i]];
  }
  return sum / (double)n;
}

void clgan_ref_loss_ce_bwd(size_t n, size_t k, const double *p, const double *label, double f, double *dp) {
  for (size_t i = 0; i < n; i++) {
    double lse = label[i] >= 0 && label[i] < (double)k ? log_sum(k, p + i * k) : (double)NAN;
    for (size_t c = 0; c < k; c++)
      dp[i * k + c] = f / (double)n * (exp(p[i * k + c] - lse) - (label[i] == (double)c ? 1 : 0));
  }
}
