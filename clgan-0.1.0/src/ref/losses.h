/** @file losses.h  Double-precision references of the losses. The gradients are with respect to the first operand (of
 * L1: b) and are multiplied by @p f. */
#ifndef CLGAN_REF_LOSSES_H
#define CLGAN_REF_LOSSES_H
#include <stddef.h>

/** max(x, 0) + log1p(exp(-|x|)). */
double clgan_ref_softplus(double x);
/** weight / n * (sum over s[0..n) of softplus(sign0 s) + sum over s[n..2n) of softplus(sign1 s)). */
double clgan_ref_loss_gan(size_t n, const double *s, double sign0, double sign1, double weight);
void clgan_ref_loss_gan_bwd(size_t n, const double *s, double sign0, double sign1, double weight, double f, double *ds);
/** mean |a - b|; the gradient is 0 where a = b. */
double clgan_ref_loss_l1(size_t n, const double *a, const double *b);
void clgan_ref_loss_l1_bwd(size_t n, const double *a, const double *b, double f, double *db);

/** A column of a row-major matrix. */
struct clgan_ref_column {
  const double *x;
  size_t cols, column;
};
/** mean (p - t)^2 over @p n rows; dp [n][p.cols] is 0 in the other columns. */
double clgan_ref_loss_mse(size_t n, struct clgan_ref_column p, struct clgan_ref_column t);
void clgan_ref_loss_mse_bwd(size_t n, struct clgan_ref_column p, struct clgan_ref_column t, double f, double *dp);
/** mean softplus(p) - p t: binary cross-entropy of the logit p. */
double clgan_ref_loss_bce(size_t n, struct clgan_ref_column p, struct clgan_ref_column t);
void clgan_ref_loss_bce_bwd(size_t n, struct clgan_ref_column p, struct clgan_ref_column t, double f, double *dp);
/** mean log(sum exp p[n][k]) - p[n][label]; NaN where a label is not in 0..k-1. */
double clgan_ref_loss_ce(size_t n, size_t k, const double *p, const double *label);
void clgan_ref_loss_ce_bwd(size_t n, size_t k, const double *p, const double *label, double f, double *dp);
#endif
