/** @file shape.h  Double-precision references of the operations that move data, and of the row by row ones. Matrices
 * are row-major. */
#ifndef CLGAN_REF_SHAPE_H
#define CLGAN_REF_SHAPE_H
#include <stdbool.h>
#include <stddef.h>

/** dst[r * ld_dst + c] = src[r * ld_src + c]. */
void clgan_ref_copy2d(size_t rows, size_t cols, const double *src, size_t ld_src, double *dst, size_t ld_dst);
/** y[rows][cols * times]: every column repeated @p times times in a row. */
void clgan_ref_tile(size_t rows, size_t cols, size_t times, const double *x, double *y);
/** dx[rows][cols]: sums of @p times neighbouring columns of dy. */
void clgan_ref_tile_bwd(size_t rows, size_t cols, size_t times, const double *dy, double *dx);
/** y[n][k] = label[n] == k. */
void clgan_ref_onehot(size_t n, size_t k, const double *label, double *y);
/** z[n][z] = h[n][0..z-1] + noise exp(clamp(h[n][z..], lo, hi)). */
void clgan_ref_reparam(size_t n, size_t z, const double *h, const double *noise, double lo, double hi, double *out);
/** dh[n][2z]; the clamp's gradient is 1 on [lo, hi], 0 outside. */
void clgan_ref_reparam_bwd(size_t n, size_t z, const double *dz, const double *h, const double *noise, double lo,
                           double hi, double *dh);

struct clgan_ref_shift {
  long n, h, w, c, margin;
  const double *offset; /**< [n][2]: row, column */
  const double *flip;   /**< [n], or NULL */
};
/** y[n,r,q] = x'[n, r + offset0 - margin, q + offset1 - margin], 0 outside; x' is x mirrored left-right where flip. */
void clgan_ref_shift(const struct clgan_ref_shift *s, const double *x, double *y);
/** Its transpose: dx gets dy where the forward pass read x. */
void clgan_ref_shift_bwd(const struct clgan_ref_shift *s, const double *dy, double *dx);

/** y[r] = sum over c of a[r][c] b[r][c]. */
void clgan_ref_rowdot(size_t rows, size_t cols, const double *a, const double *b, double *y);
/** y[r][c] = s[r] b[r][c]. */
void clgan_ref_rowscale(size_t rows, size_t cols, const double *s, const double *b, double *y);
#endif
