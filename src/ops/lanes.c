/* lanes.c - work sizes of the memory-bound kernels. */
#include "ops/lanes.h"

#include <stdio.h>

#define REG_RUN 4096   /* elements below which another work-item costs a CPU driver more than it saves */
#define LOCAL_RUN 4    /* elements an item of the local family handles, at least where there are many */
#define REG_CHUNK 8192 /* smallest piece of a reduction */
#define LOCAL_CHUNK 2048

struct clgan_lanes clgan_lanes_of(const struct clgan_target *t, int group) {
  struct clgan_lanes x = {1, 1, ""};
  if (t->family == CLGAN_FAMILY_REG) {
    x.vector = t->vector >= 16 ? 16 : t->vector >= 8 ? 8 : 4;
  } else {
    while (x.group * 2 <= group && (size_t)x.group * 2 <= t->device->max_work_group) x.group *= 2;
  }
  snprintf(x.options, sizeof x.options, "-D V=%d -D WG=%d", x.vector, x.group);
  return x;
}

size_t clgan_target_units(const struct clgan_target *t) {
  size_t n = t->device->compute_units ? t->device->compute_units : 1;
  return t->family == CLGAN_FAMILY_REG && t->device->short_loops ? 256 * n : n;
}

int clgan_lanes_chunks(const struct clgan_target *t, size_t count) {
  bool reg = t->family == CLGAN_FAMILY_REG;
  size_t most = reg ? 4 * clgan_target_units(t) : 256;
  if (most > 256) most = 256;
  size_t n = count / (reg ? REG_CHUNK : LOCAL_CHUNK);
  return (int)clgan_max_size(1, clgan_min_size(n, most));
}

struct clgan_grid clgan_grid_of(const struct clgan_target *t, const struct clgan_lanes *lanes, size_t rows,
                                size_t cols) {
  size_t pieces, row_run = 1, col_run = cols;
  if (t->family == CLGAN_FAMILY_REG) {
    pieces = clgan_max_size(1, clgan_min_size(rows * cols / REG_RUN, 8 * clgan_target_units(t)));
    if (rows >= pieces) {
      row_run = (rows + pieces - 1) / pieces;
    } else {
      size_t across = (pieces + rows - 1) / rows;
      col_run = ((cols + across - 1) / across + 63) / 64 * 64; /* whole cache lines */
    }
  } else {
    size_t run = (size_t)lanes->group * LOCAL_RUN;
    col_run = clgan_min_size(cols, run);
    row_run = clgan_max_size(1, run / cols);
  }
  return (struct clgan_grid){(int)rows, (int)cols, (int)row_run, (int)col_run};
}

void clgan_grid_launch(struct clgan_launch *l, const struct clgan_lanes *lanes, const struct clgan_grid *grid) {
  clgan_launch_bytes(l, grid, sizeof *grid);
  size_t across = (size_t)((grid->cols - 1) / grid->col_run + 1), down = (size_t)((grid->rows - 1) / grid->row_run + 1);
  size_t group = (size_t)lanes->group;
  clgan_launch_size(l, 2, across * group, down, 1, group, 1, 1);
}

static bool is_half(const struct clgan_ir *g, int v) {
  return v != CLGAN_NONE && g->values[v].dtype == CLGAN_F16;
}

const char *clgan_half_option(const struct clgan_ir *g, int a, int b, int y) {
  static const char *const text[8] = {"",           " -D HALF=1", " -D HALF=2", " -D HALF=3",
                                      " -D HALF=4", " -D HALF=5", " -D HALF=6", " -D HALF=7"};
  return text[(is_half(g, a) ? 1 : 0) | (is_half(g, b) ? 2 : 0) | (is_half(g, y) ? 4 : 0)];
}
