/** @file optim.h  Adam and averaging, in double. */
#ifndef CLGAN_REF_OPTIM_H
#define CLGAN_REF_OPTIM_H
#include <stddef.h>

struct clgan_ref_adam {
  double beta1, beta2, eps, decay;       /**< decay: L2, added to the gradient */
  double rate, correction1, correction2; /**< correction: 1 - beta^t */
  double unscale;                        /**< times which the gradient counts */
};
/** One step (Kingma and Ba 2015, in PyTorch's order), in place on p, m and v. */
void clgan_ref_adam_step(const struct clgan_ref_adam *a, double *p, double *m, double *v, const double *grad, size_t n);
/** y = a + share (b - a); y may be a. */
void clgan_ref_lerp(const double *a, const double *b, double share, double *y, size_t n);
/** y = keep a + f b; keep 0: f b, whatever a is. */
void clgan_ref_accumulate(const double *a, const double *b, double keep, double f, double *y, size_t n);
#endif
