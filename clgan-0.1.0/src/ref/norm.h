/** @file norm.h  Batch norm (Ioffe and Szegedy 2015) and its gradient, in double. x is [rows][c]; y and dx may be x
 * and dy. */
#ifndef CLGAN_REF_NORM_H
#define CLGAN_REF_NORM_H
#include <stdbool.h>
#include <stddef.h>

/** What normalises: gamma and beta may be NULL (1 and 0); act as in ref/act.h. */
struct clgan_ref_bn {
  size_t rows, c;
  const double *mean, *var, *gamma, *beta;
  double eps, slope;
  int act;
};
/** Mean and biased variance. */
void clgan_ref_bn_stats(const double *x, size_t rows, size_t c, double *mean, double *var);
void clgan_ref_bn(const struct clgan_ref_bn *p, const double *x, double *y);
/** Sums over rows of g = dy act'(pre) and of g xhat. */
void clgan_ref_bn_sums(const struct clgan_ref_bn *p, const double *dy, const double *x, double *sum_g, double *sum_gx);
/** @param still mean and var are constants. */
void clgan_ref_bn_back(const struct clgan_ref_bn *p, const double *dy, const double *x, const double *sum_g,
                       const double *sum_gx, bool still, double *dx);
/** Running statistics: r += momentum (new - r), the variance made unbiased over @p rows. In place. */
void clgan_ref_bn_run(double *rmean, double *rvar, const double *mean, const double *var, size_t c, size_t rows,
                      double momentum);
#endif
