/** @file losses.h  Private to ops/: what losses.c (values) and losses_bwd.c (gradients) share. */
#ifndef CLGAN_OPS_LOSSES_H
#define CLGAN_OPS_LOSSES_H
#include "ops/lanes.h"
#include "ref/losses.h"

enum { CLGAN_LOSS_GROUP = 256 }; /* work-group of the local family, for every kernel of losses.cl */

/* Attributes. */
enum {
  CLGAN_LOSS_I_FIRST = 0,
  CLGAN_LOSS_I_SECOND = 1,
  CLGAN_LOSS_I_COEF = 7
}; /* i: signs (GAN) or columns (MSE, BCE) */
enum { CLGAN_LOSS_F_WEIGHT = 0, CLGAN_LOSS_F_SEED = 6 };

bool clgan_loss_operands_fit(struct clgan_ir *g, const struct clgan_node *node, int op);

/** An operand's column chosen by attribute i[@p which] (operand @p which). */
static inline struct clgan_ref_column clgan_loss_column(const struct clgan_ir *g, const struct clgan_node *node,
                                                        double *const *in, int which) {
  struct clgan_shape s = clgan_ir_shape(g, node->in[which]);
  return (struct clgan_ref_column){in[which], clgan_shape_count(s) / (size_t)s.n, (size_t)node->attr.i[which]};
}
static inline size_t clgan_loss_rows(const struct clgan_ir *g, const struct clgan_node *node) {
  return (size_t)clgan_ir_shape(g, node->in[0]).n;
}
static inline int clgan_loss_cols(const struct clgan_ir *g, int v) {
  struct clgan_shape s = clgan_ir_shape(g, v);
  return s.h * s.w * s.c;
}
#endif
