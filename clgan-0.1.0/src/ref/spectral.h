/** @file spectral.h  Double-precision reference of spectral normalisation (Miyato, Kataoka, Koyama, Yoshida, "Spectral
 * Normalization for Generative Adversarial Networks", 2018). A weight is seen as w[rows][cols]; u has @p cols, v has @p
 * rows elements. */
#ifndef CLGAN_REF_SPECTRAL_H
#define CLGAN_REF_SPECTRAL_H
#include <stddef.h>

/** 1 / (v' w u). */
double clgan_ref_spectral(size_t rows, size_t cols, const double *w, const double *u, const double *v);
/** One step of the power iteration: v = w u / |w u|, then u = w' v / |w' v|, norms floored at 1e-12. The outputs may be
 * @p u itself and the old v. */
void clgan_ref_spectral_power(size_t rows, size_t cols, const double *w, const double *u, double *new_u, double *new_v);
/** dw = inv g - inv^2 (sum of g w) v u', the gradient with respect to w of a loss whose gradient with respect to inv w
 * is g. dw may be g. */
void clgan_ref_spectral_bwd(size_t rows, size_t cols, const double *g, const double *w, const double *u,
                            const double *v, double inv, double *dw);
#endif
