/** @file eigen.h  Private to train/: dense symmetric matrices in double, row-major. */
#ifndef CLGAN_TRAIN_EIGEN_H
#define CLGAN_TRAIN_EIGEN_H
#include <stddef.h>
#include "base/status.h"

/** Eigenvalues of the symmetric a[n,n] (its lower triangle is read; overwritten), descending, by Householder's reduction to tridiagonal
 * form and implicit QL (Golub and Van Loan, "Matrix Computations", 8.3). @param vectors NULL, or receives the unit eigenvectors as rows [n,n].
 * @return CLGAN_ERR_NUMERIC where the matrix holds something not finite (the iteration then does not end). */
enum clgan_status clgan_eigen_symmetric(double *a, size_t n, double *values, double *vectors, struct clgan_error *e);

/** mean[d] and covariance[d,d] (over n - 1; n = 1: zeros) of the rows of x[n,d]. */
void clgan_eigen_covariance(const float *x, size_t n, size_t d, double *mean, double *covariance);

/** c[m,n] = a[m,k] b[k,n]. */
void clgan_eigen_product(const double *a, const double *b, double *c, size_t m, size_t k, size_t n);
#endif
