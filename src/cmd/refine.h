/** @file refine.h  --refine N of the subcommands that draw images again. */
#ifndef CLGAN_CMD_REFINE_H
#define CLGAN_CMD_REFINE_H
#include "cmd/session.h"

enum { CLGAN_REFINE_STEPS_MAX = 100000 };
/* A row for the table of options. */
#define CLGAN_REFINE_OPTION(steps)                                 \
  CLGAN_WHOLE("refine", 0, steps, NULL, 1, CLGAN_REFINE_STEPS_MAX, \
              "then move each code by N gradient steps towards its image (200 is plenty)")

/** Says by how much it helped: mean absolute differences, pixels from 0 to 1, means over the images. */
struct clgan_refined {
  double before, after;
};
/** Moves z[n,Z], E's codes of the U8 images [n,H,W,C], by @p steps steps under the conditions c[n,C]. */
enum clgan_status clgan_refine_codes(const struct clgan_nets *nets, uint64_t steps, size_t n,
                                     const unsigned char *images, const float *c, float *z, struct clgan_refined *out,
                                     struct clgan_error *e);
/** "; L1 0.0421 -> 0.0140 by 200 steps", or "" where @p steps is 0. */
const char *clgan_refined_note(const struct clgan_refined *r, uint64_t steps, char text[80]);
#endif
