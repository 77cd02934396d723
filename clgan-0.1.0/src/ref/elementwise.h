/** @file elementwise.h  Element by element, transposition and column sums, in double. y may be x. */
#ifndef CLGAN_REF_ELEMENTWISE_H
#define CLGAN_REF_ELEMENTWISE_H
#include <stddef.h>

void clgan_ref_add(const double *a, const double *b, double *y, size_t n);
/** columns 0: y = f[0] x + f[1]; else column j of `columns` has f[2j], f[2j+1]. */
void clgan_ref_affine(const double *x, int columns, const double f[8], double *y, size_t n);
/** x [taps][a][b] -> y [taps][b][a]; not in place. */
void clgan_ref_transpose(const double *x, int taps, int a, int b, double *y);
/** y[c] = acc[c] (NULL: 0) + sum over rows of x [rows][c]. y may be acc. */
void clgan_ref_colsum(const double *x, const double *acc, size_t rows, size_t c, double *y);
#endif
