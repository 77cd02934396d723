/* precision.c - half-precision storage and the loss scale, in double. */
#include "ref/precision.h"

#include <math.h>

#include "base/safetensors.h"

void clgan_ref_halve(const double *x, double *y, size_t n) {
  for (size_t k = 0; k < n; k++) y[k] = (double)clgan_half_to_float(clgan_half_from_float((float)x[k]));
}

void clgan_ref_scaled(const double *scale, const double *x, int start, double *y, size_t n) {
  for (size_t k = 0; k < n; k++) y[k] = ldexp(x[k], start + (int)scale[0]);
}

bool clgan_ref_all_finite(const double *x, size_t n) {
  for (size_t k = 0; k < n; k++)
    if (!isfinite(x[k])) return false;
  return true;
}

void clgan_ref_loss_scale_step(const struct clgan_ref_loss_scale *r, const double *in, bool good, double *out) {
  double exponent = in[0], steps = in[2] + 1;
  out[1] = ldexp(1, -(r->start + (int)exponent));
  out[3] = good || exponent <= -r->start; /* what no scale mends is let through, so that training sees it */
  if (!good)
    exponent = fmax(exponent - 1, -r->start), steps = 0;
  else if (steps >= r->turns)
    exponent = fmin(exponent + 1, r->most - r->start), steps = 0;
  out[0] = exponent;
  out[2] = steps;
}
