/** @file precision.h  Half-precision storage and the loss scale, in double. */
#ifndef CLGAN_REF_PRECISION_H
#define CLGAN_REF_PRECISION_H
#include <stdbool.h>
#include <stddef.h>

/** y = x as the nearest binary16 (ties to even; infinite beyond its range), by way of float32. y may be x. */
void clgan_ref_halve(const double *x, double *y, size_t n);
/** y = 2^(start + scale[0]) x. */
void clgan_ref_scaled(const double *scale, const double *x, int start, double *y, size_t n);
bool clgan_ref_all_finite(const double *x, size_t n);

struct clgan_ref_loss_scale {
  int turns;       /**< good steps after which the scale is doubled */
  int start, most; /**< log2 of the first and the largest scale */
};
/** One step of the state {log2 of the scale above its start, 1 / the scale used, steps since it changed, may the gradients be used}
 * (Micikevicius et al. 2018, section 3.2); out may be in. */
void clgan_ref_loss_scale_step(const struct clgan_ref_loss_scale *r, const double *in, bool good, double *out);
#endif
