/** @file batchnorm.h  Private to ops/: what batch norm and its gradient share. */
#ifndef CLGAN_OPS_BATCHNORM_H
#define CLGAN_OPS_BATCHNORM_H
#include "ops/rows.h"

/** The scalar arguments of batch norm's kernels: has, eps, kind, slope. @param gamma, beta numbers of these inputs */
void clgan_bn_scalars(struct clgan_launch *l, const struct clgan_node *node, int gamma, int beta);
#endif
