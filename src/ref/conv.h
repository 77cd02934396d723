/** @file conv.h  Double-precision reference of the convolution products (NHWC; weights with the taps outermost). */
#ifndef CLGAN_REF_CONV_H
#define CLGAN_REF_CONV_H
#include <stddef.h>

/** The convolution relation; see struct clgan_geom. */
struct clgan_ref_geom {
  int n, hi, wi, ci, ho, wo, co, kh, kw, stride, pad;
};
/** y[n,ho,wo,co] = sum over taps and ci of a[n,hi,wi,ci] b[kh][kw][ci][co]; where @p swapped of b[kh][kw][co][ci]. */
void clgan_ref_conv(const struct clgan_ref_geom *q, const double *a, const double *b, int swapped, double *y);
/** y[n,hi,wi,ci] = sum over taps and co of a[n,ho,wo,co] b[kh][kw][co][ci]: the transposed convolution; where @p swapped of
 * b[kh][kw][ci][co]. */
void clgan_ref_conv_transposed(const struct clgan_ref_geom *q, const double *a, const double *b, int swapped, double *y);
/** dw = sum over pixels of x[n,hi,wi,ci] dy[n,ho,wo,co], as [kh][kw][ci][co], or [kh][kw][co][ci] where @p swapped. */
void clgan_ref_conv_wgrad(const struct clgan_ref_geom *q, const double *x, const double *dy, int swapped, double *dw);

/* Single elements of the same three, straight from the definition, for checks of tensors too large to compute whole. The
 * inputs are the device's float32 numbers, sums are double; @p index counts the elements of the result. */
double clgan_ref_conv_at(const struct clgan_ref_geom *q, const float *a, const float *b, int swapped, size_t index);
double clgan_ref_conv_transposed_at(const struct clgan_ref_geom *q, const float *a, const float *b, int swapped,
                                    size_t index);
double clgan_ref_conv_wgrad_at(const struct clgan_ref_geom *q, const float *x, const float *dy, int swapped,
                               size_t index);
#endif
