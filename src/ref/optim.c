/* optim.c - Adam and averaging. */
#include "ref/optim.h"

#include <math.h>

void clgan_ref_adam_step(const struct clgan_ref_adam *a, double *p, double *m, double *v, const double *grad,
                         size_t n) {
  for (size_t e = 0; e < n; e++) {
    double g = a->unscale * grad[e] + a->decay * p[e];
    m[e] = a->beta1 * m[e] + (1 - a->beta1) * g;
    v[e] = a->beta2 * v[e] + (1 - a->beta2) * g * g;
    p[e] -= a->rate / a->correction1 * m[e] / (sqrt(v[e]) / sqrt(a->correction2) + a->eps);
  }
}

void clgan_ref_accumulate(const double *a, const double *b, double keep, double f, double *y, size_t n) {
  for (size_t e = 0; e < n; e++) y[e] = (keep != 0 ? keep * a[e] : 0) + f * b[e];
}

void clgan_ref_lerp(const double *a, const double *b, double share, double *y, size_t n) {
  for (size_t e = 0; e < n; e++) y[e] = a[e] + share * (b[e] - a[e]);
}
