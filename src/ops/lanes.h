/** @file lanes.h  Private to ops/: how the memory-bound kernels that include kernels/lanes.clh are spread over a
 * device.
 *
 * Both kernel families share one source. Registers only: work-groups of one item, which walks a long contiguous run in
 * vectors. Local memory: work-groups of 64 or 256 items, neighbours on neighbouring elements, sums reduced as a tree in
 * local memory. */
#ifndef CLGAN_OPS_LANES_H
#define CLGAN_OPS_LANES_H
#include "ops/op.h"

struct clgan_lanes {
  int vector;       /**< floats an item handles at once: 1 in the local family */
  int group;        /**< items of a work-group, a power of two: 1 in the registers-only family */
  char options[48]; /**< "-D V=.. -D WG=.." */
};
/** @param group work-group size wanted of the local family; lowered to what the device can. */
struct clgan_lanes clgan_lanes_of(const struct clgan_target *t, int group);

/** " -D HALF=bits" of a kernel whose large tensors are values a, b (inputs) and y, each CLGAN_NONE where it has none; "" where none
 * is float16. */
const char *clgan_half_option(const struct clgan_ir *g, int a, int b, int y);

/** Compute units to cut the work of a launch for; many more where the driver ends a work-item's loops early. */
size_t clgan_target_units(const struct clgan_target *t);

/** Pieces in which to split @p count elements of a reduction: enough for every compute unit, none too small to pay. */
int clgan_lanes_chunks(const struct clgan_target *t, size_t count);

/** A tensor seen as rows x cols, in pieces of row_run x col_run, one work-group each. */
struct clgan_grid {
  int rows, cols, row_run, col_run;
};
struct clgan_grid clgan_grid_of(const struct clgan_target *t, const struct clgan_lanes *lanes, size_t rows,
                                size_t cols);
/** Passes the grid (one by-value int4: rows, cols, row_run, col_run) and sets the launch's sizes. */
void clgan_grid_launch(struct clgan_launch *l, const struct clgan_lanes *lanes, const struct clgan_grid *grid);

/** Elements rounded up to where the next piece of scratch may start. */
static inline size_t clgan_scratch_align(size_t elements) {
  return (elements + CLGAN_ALIGN - 1) / CLGAN_ALIGN * CLGAN_ALIGN;
}
static inline size_t clgan_min_size(size_t a, size_t b) {
  return a < b ? a : b;
}
static inline size_t clgan_max_size(size_t a, size_t b) {
  return a > b ? a : b;
}
#endif
