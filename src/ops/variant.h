/** @file variant.h  Variants of the convolution products: their parameters by name, what a tuning says of them, and
 * which ones a search may try. Without a tuning the rules of conv_reg.c and conv_local.c choose all of them. */
#ifndef CLGAN_OPS_VARIANT_H
#define CLGAN_OPS_VARIANT_H
#include "ops/op.h"

/** What follows from parameters and rules is of this version: measurements under another one are void. */
#define CLGAN_VARIANT_VERSION "variants 4"

enum clgan_variant_param {
  CLGAN_VARIANT_KIND,     /**< enum clgan_variant_kind; local memory: only the last two */
  CLGAN_VARIANT_MR,       /**< rows of a register tile: 1, 2, 3, 4, 6, 8, 10 or 12 */
  CLGAN_VARIANT_NV,       /**< vectors of a register tile: 1 or 2 */
  CLGAN_VARIANT_KC,       /**< depth of a block: a multiple of 32 up to 1024 */
  CLGAN_VARIANT_PACKED,   /**< weights are packed into panels first: 0 or 1 */
  CLGAN_VARIANT_M_TILES,  /**< register tiles (rows of an image, images) that a work-item holds down */
  CLGAN_VARIANT_N_PANELS, /**< and across */
  CLGAN_VARIANT_SPLITS,   /**< parts of the depth, summed up afterwards */
  CLGAN_VARIANT_BM,       /**< local memory: a row of conv_local.c's table of tiles, BM to TN */
  CLGAN_VARIANT_BN,
  CLGAN_VARIANT_BK,
  CLGAN_VARIANT_TM,
  CLGAN_VARIANT_TN,
  CLGAN_VARIANT_REGS, /**< local memory, for the rule that chooses the tile: registers of a work-item */
  CLGAN_VARIANT_FILL, /**< and work-items that fill a compute unit */
  CLGAN_VARIANT_COUNT
};
/** Their names in a tuning: "kind", "mr", ... */
extern const char *const clgan_variant_names[CLGAN_VARIANT_COUNT];

enum clgan_variant_kind {
  CLGAN_KIND_WIDE, /**< register tiles with vectors along the columns */
  CLGAN_KIND_FEW,  /**< up to four columns: vectors along the depth (weight gradients: along the rows) */
  CLGAN_KIND_ROWS, /**< the same, by rows of images */
  CLGAN_KIND_WINO2, /**< Winograd's minimal filtering, 2 x 2 outputs a tile */
  CLGAN_KIND_WINO4, /**< 4 x 4 outputs */
  CLGAN_KIND_LINES, /**< up to four channels in, by lines of images */
  CLGAN_KIND_CLBLAST, /**< local memory: linear layers, 1x1 kernels of stride 1, by CLBlast; never the rule's choice */
  CLGAN_KIND_SUBGROUPS /**< local memory: by sub-groups, without local memory; never the rule's choice */
};

enum { CLGAN_VARIANT_FREE = -1 /**< left to the rule */, CLGAN_VARIANTS_MAX = 32 };
struct clgan_variant {
  int at[CLGAN_VARIANT_COUNT];
};
/** Every parameter left to the rule. */
struct clgan_variant clgan_variant_free(void);
/** "mr=6 nv=2 kc=256"; nothing of free ones. Returns @p text. */
const char *clgan_variant_text(const struct clgan_variant *v, char text[192]);

/** Does it say more than what the rule is to go by (regs, fill)? */
bool clgan_variant_is_choice(const struct clgan_variant *v);
/** Is the node a product that has variants (CONV, CONV_WGRAD)? */
bool clgan_variant_applies(const struct clgan_node *node);
/** What a tuning calls it: op "conv", "conv_transposed", "conv_wgrad", "conv_wgrad_transposed", "local_" before it in
 * the local-memory family; geometry "n,hi,wi,ci,ho,wo,co,kh,kw,stride,pad". */
void clgan_variant_key(const struct clgan_node *node, const struct clgan_target *t, char op[40], char geometry[128]);
/** What the target's book says. @return false: nothing; all of @p out is free then. */
bool clgan_variant_find(const struct clgan_node *node, const struct clgan_target *t, struct clgan_variant *out);
/** A book that says @p v of every product; @p v must outlive it. */
struct clgan_variant_book clgan_variant_book_of(struct clgan_variant *v);
/** What the family makes of @p v: every parameter that matters set; what is not possible as the rule has it. A pure
 * function of node, target and @p v. */
struct clgan_variant clgan_variant_resolve(const struct clgan_node *node, const struct clgan_target *t,
                                           const struct clgan_variant *v);
/** Resolved variants of different programs, the rule's own first. @return how many (1..CLGAN_VARIANTS_MAX). */
size_t clgan_variant_shapes(const struct clgan_node *node, const struct clgan_target *t,
                            struct clgan_variant out[CLGAN_VARIANTS_MAX]);
/** Neighbours of a resolved variant that share its program: other cuts into work-items. @return how many. */
size_t clgan_variant_cuts(const struct clgan_node *node, const struct clgan_target *t, const struct clgan_variant *v,
                          struct clgan_variant out[CLGAN_VARIANTS_MAX]);
#endif
