/** @file conv.h  Private to ops/: the two kernel families of the convolution products. conv.c holds rows, shapes, gradients, references
 * and picks the family; conv_reg.c (registers only, work-group of one) and conv_local.c (local-memory tiles) make the launches. */
#ifndef CLGAN_OPS_CONV_H
#define CLGAN_OPS_CONV_H
#include "ops/variant.h"

/* Kernels get a clgan_geom-based struct by value or plain ints; buffers are padded by at least CLGAN_ALIGN elements after their end, so
 * reading (never using) up to CLGAN_ALIGN elements past a tensor's end is legal. */
void clgan_conv_reg_packing(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                            struct clgan_packing *out);
void clgan_conv_reg_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t, struct clgan_launches *l);
size_t clgan_conv_reg_wgrad_scratch(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t);
void clgan_conv_reg_wgrad_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                                  struct clgan_launches *l);
void clgan_conv_local_packing(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                              struct clgan_packing *out);
size_t clgan_conv_local_scratch(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t);
void clgan_conv_local_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t, struct clgan_launches *l);
size_t clgan_conv_local_wgrad_scratch(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t);
void clgan_conv_local_wgrad_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                                    struct clgan_launches *l);
/* Appends the launch that adds the partial results at the node's scratch up, with the epilogue; with acc. `turned`: they lie as
 * [taps][ci][co], and dW is [taps][co][ci]. */
void clgan_conv_local_finish_add(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t, int splits, struct clgan_launches *l);
void clgan_conv_local_wgrad_finish_add(const struct clgan_node *node, const struct clgan_target *t, int splits, bool turned,
                                       struct clgan_launches *l);
/* CLBlast's matrix product (conv_blast.c), for both operations: can it make the node, does the target's book say so, and what then
 * takes the place of the family's. There is no packing. */
bool clgan_conv_blast_possible(const struct clgan_node *node, const struct clgan_target *t);
bool clgan_conv_blast_chosen(const struct clgan_node *node, const struct clgan_target *t);
size_t clgan_conv_blast_scratch(const struct clgan_node *node, const struct clgan_target *t);
void clgan_conv_blast_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t, struct clgan_launches *l);
/* Appends the launch [taps][a][b] -> [taps][b][a] of @p from; its output is @p to, or CLGAN_NONE: the node's packing. */
void clgan_transpose_add(struct clgan_launches *l, const struct clgan_target *t, int from, int to, int taps, int a, int b);
/* clgan_variant_resolve of one family: what it makes of what the target's book says. */
struct clgan_variant clgan_conv_reg_resolve(const struct clgan_node *node, const struct clgan_target *t);
struct clgan_variant clgan_conv_local_resolve(const struct clgan_node *node, const struct clgan_target *t);
/* The k-th tile of the local family into v; false: there are no more. */
bool clgan_conv_local_tile(int k, struct clgan_variant *v);
/* The k-th one for sub-groups that the device has; false: there are no more. */
bool clgan_conv_local_sub_tile(int k, const struct clgan_device_info *d, struct clgan_variant *v);
#endif
