/* table.c - one row per operation. */
#include "ops/op.h"

static bool view_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                       enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)g, (void)node, (void)out, (void)type;
  return false; /* made by clgan_ir_reshape only */
}

static void view_backward(struct clgan_ir *g, int node, const int *gout, const bool *need, int *gin) {
  int of = g->nodes[node].in[0];
  if (need[0]) gin[0] = clgan_ir_reshape(g, gout[0], clgan_ir_shape(g, of));
}

static const struct clgan_op view_row = {.name = "view", .min_in = 1, .n_out = 1, .inplace = -1, .acc = -1, .shape = view_shape,
                                         .backward = view_backward};

static const struct clgan_op *const rows[CLGAN_OP_COUNT] = {
    [CLGAN_OP_VIEW] = &view_row,
    [CLGAN_OP_CONV] = &clgan_op_conv,
    [CLGAN_OP_CONV_WGRAD] = &clgan_op_conv_wgrad,
    [CLGAN_OP_TRANSPOSE] = &clgan_op_transpose,
    [CLGAN_OP_COLSUM] = &clgan_op_colsum,
    [CLGAN_OP_ADD] = &clgan_op_add,
    [CLGAN_OP_AFFINE] = &clgan_op_affine,
    [CLGAN_OP_ACT] = &clgan_op_act,
    [CLGAN_OP_ACT_BWD] = &clgan_op_act_bwd,
    [CLGAN_OP_BN_STATS] = &clgan_op_bn_stats,
    [CLGAN_OP_BN] = &clgan_op_bn,
    [CLGAN_OP_BN_BWD_SUMS] = &clgan_op_bn_bwd_sums,
    [CLGAN_OP_BN_BWD] = &clgan_op_bn_bwd,
    [CLGAN_OP_BN_STATS_RUN] = &clgan_op_bn_stats_run,
    [CLGAN_OP_BN_BWD_SUMS_ACC] = &clgan_op_bn_bwd_sums_acc,
    [CLGAN_OP_BN_RUN] = &clgan_op_bn_run,
    [CLGAN_OP_HALVE] = &clgan_op_halve,
    [CLGAN_OP_WIDEN] = &clgan_op_widen,
    [CLGAN_OP_SCALED] = &clgan_op_scaled,
    [CLGAN_OP_LOSS_SCALE] = &clgan_op_loss_scale,
    [CLGAN_OP_CONCAT] = &clgan_op_concat,
    [CLGAN_OP_SLICE] = &clgan_op_slice,
    [CLGAN_OP_PAD] = &clgan_op_pad,
    [CLGAN_OP_TILE] = &clgan_op_tile,
    [CLGAN_OP_TILE_BWD] = &clgan_op_tile_bwd,
    [CLGAN_OP_ONEHOT] = &clgan_op_onehot,
    [CLGAN_OP_REPARAM] = &clgan_op_reparam,
    [CLGAN_OP_REPARAM_BWD] = &clgan_op_reparam_bwd,
    [CLGAN_OP_SHIFT] = &clgan_op_shift,
    [CLGAN_OP_SHIFT_BWD] = &clgan_op_shift_bwd,
    [CLGAN_OP_ROWDOT] = &clgan_op_rowdot,
    [CLGAN_OP_ROWSCALE] = &clgan_op_rowscale,
    [CLGAN_OP_SPECTRAL] = &clgan_op_spectral,
    [CLGAN_OP_SPECTRAL_POWER] = &clgan_op_spectral_power,
    [CLGAN_OP_SPECTRAL_BWD] = &clgan_op_spectral_bwd,
    [CLGAN_OP_LOSS_GAN] = &clgan_op_loss_gan,
    [CLGAN_OP_LOSS_L1] = &clgan_op_loss_l1,
    [CLGAN_OP_LOSS_MSE] = &clgan_op_loss_mse,
    [CLGAN_OP_LOSS_BCE] = &clgan_op_loss_bce,
    [CLGAN_OP_LOSS_CE] = &clgan_op_loss_ce,
    [CLGAN_OP_LOSS_GAN_BWD] = &clgan_op_loss_gan_bwd,
    [CLGAN_OP_LOSS_L1_BWD] = &clgan_op_loss_l1_bwd,
    [CLGAN_OP_LOSS_MSE_BWD] = &clgan_op_loss_mse_bwd,
    [CLGAN_OP_LOSS_BCE_BWD] = &clgan_op_loss_bce_bwd,
    [CLGAN_OP_LOSS_CE_BWD] = &clgan_op_loss_ce_bwd,
    [CLGAN_OP_STACK] = &clgan_op_stack,
    [CLGAN_OP_ADAM] = &clgan_op_adam,
    [CLGAN_OP_ADAM_LERP] = &clgan_op_adam_lerp,
    [CLGAN_OP_LERP] = &clgan_op_lerp,
    [CLGAN_OP_RANDOM] = &clgan_op_random,
    [CLGAN_OP_UNPACK] = &clgan_op_unpack,
    [CLGAN_OP_TOPK] = &clgan_op_topk,
    [CLGAN_OP_ACCUMULATE] = &clgan_op_accumulate,
};

const struct clgan_op *clgan_op_row(int op) { return rows[op]; }

static double bytes_of(const struct clgan_ir *g, int v) {
  if (v == CLGAN_NONE) return 0;
  return (double)(clgan_shape_count(clgan_ir_shape(g, v)) * clgan_dtype_size(g->values[v].dtype));
}

void clgan_op_cost(const struct clgan_ir *g, const struct clgan_node *node, double *flops, double *bytes) {
  const struct clgan_op *row = clgan_op_row(node->op);
  *flops = *bytes = 0;
  if (row->cost) {
    row->cost(g, node, flops, bytes);
    return;
  }
  for (int k = 0; k < node->n_in; k++) *bytes += bytes_of(g, node->in[k]);
  for (int k = 0; k < node->n_out; k++) *bytes += bytes_of(g, node->out[k]);
}
