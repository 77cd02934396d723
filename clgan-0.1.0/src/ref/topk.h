/** @file topk.h  Reference of TOPK. */
#ifndef CLGAN_REF_TOPK_H
#define CLGAN_REF_TOPK_H
#include <stddef.h>

/** The k smallest of each row of x[rows, cols], ascending, equal ones by column: value[rows, k], index[rows, k]. Infinities and NaN
 * are never taken; where too few are left, the value is infinity and the index -1. */
void clgan_ref_topk(size_t rows, size_t cols, size_t k, const double *x, double *value, double *index);
#endif
