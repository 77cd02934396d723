/* norm.c - batch norm. */
#include "ref/norm.h"

#include <math.h>

#include "ref/act.h"

void clgan_ref_bn_stats(const double *x, size_t rows, size_t c, double *mean, double *var) {
  double m = (double)rows;
  for (size_t j = 0; j < c; j++) {
    double sum = 0, square = 0;
    for (size_t r = 0; r < rows; r++) sum += x[r * c + j];
    mean[j] = sum / m;
    for (size_t r = 0; r < rows; r++) square += (x[r * c + j] - mean[j]) * (x[r * c + j] - mean[j]);
    var[j] = square / m;
  }
}

static double inverse(const struct clgan_ref_bn *p, size_t j) {
  return 1 / sqrt(p->var[j] + p->eps);
}

static double before_act(const struct clgan_ref_bn *p, size_t j, double x) {
  return (p->gamma ? p->gamma[j] : 1.0) * (x - p->mean[j]) * inverse(p, j) + (p->beta ? p->beta[j] : 0.0);
}

void clgan_ref_bn(const struct clgan_ref_bn *p, const double *x, double *y) {
  for (size_t r = 0; r < p->rows; r++)
    for (size_t j = 0; j < p->c; j++)
      y[r * p->c + j] = clgan_ref_act(p->act, p->slope, before_act(p, j, x[r * p->c + j]));
}

static double through_act(const struct clgan_ref_bn *p, size_t j, double dy, double x) {
  return dy * clgan_ref_act_slope(p->act, p->slope, clgan_ref_act(p->act, p->slope, before_act(p, j, x)));
}

void clgan_ref_bn_sums(const struct clgan_ref_bn *p, const double *dy, const double *x, double *sum_g, double *sum_gx) {
  for (size_t j = 0; j < p->c; j++) {
    sum_g[j] = sum_gx[j] = 0;
    for (size_t r = 0; r < p->rows; r++) {
      size_t e = r * p->c + j;
      double g = through_act(p, j, dy[e], x[e]);
      sum_g[j] += g;
      sum_gx[j] += g * (x[e] - p->mean[j]) * inverse(p, j);
    }
  }
}

void clgan_ref_bn_back(const struct clgan_ref_bn *p, const double *dy, const double *x, const double *sum_g,
                       const double *sum_gx, bool still, double *dx) {
  double m = (double)p->rows;
  for (size_t r = 0; r < p->rows; r++)
    for (size_t j = 0; j < p->c; j++) {
      size_t e = r * p->c + j;
      double g = through_act(p, j, dy[e], x[e]), xhat = (x[e] - p->mean[j]) * inverse(p, j);
      if (!still) g -= sum_g[j] / m + xhat * sum_gx[j] / m;
      dx[e] = (p->gamma ? p->gamma[j] : 1.0) * inverse(p, j) * g;
    }
}

void clgan_ref_bn_run(double *rmean, double *rvar, const double *mean, const double *var, size_t c, size_t rows,
                      double momentum) {
  double m = (double)rows;
  for (size_t j = 0; j < c; j++) {
    rmean[j] += momentum * (mean[j] - rmean[j]);
    rvar[j] += momentum * (var[j] * m / (m - 1) - rvar[j]);
  }
}
