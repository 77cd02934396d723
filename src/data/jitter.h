/** @file jitter.h  Images changed at random the way photographs of one thing differ: for nets that must not learn a set
 * by heart. */
#ifndef CLGAN_DATA_JITTER_H
#define CLGAN_DATA_JITTER_H
#include <stdbool.h>
#include <stdint.h>
#include "base/philox.h"

/** Ends of the ranges that are drawn from evenly. All 0: nothing changes. */
struct clgan_jitter {
  float turn;     /**< degrees either way */
  float scale;    /**< share by which it grows or shrinks */
  float shift;    /**< share of a side by which it moves along either axis */
  float light;    /**< share of the full range that is added or taken */
  float contrast; /**< share by which distances from the mean grey level grow or shrink */
  bool mirror;    /**< left and right are exchanged in half of the cases */
};

/** Changes U8 [height,width,channels] in place; always eight draws. What moves in is the nearest pixel of the edge, in
 * between pixels are bilinear. @param room memory for one image. */
void clgan_image_jitter(unsigned char *image, uint32_t height, uint32_t width, uint32_t channels,
                        const struct clgan_jitter *j, struct clgan_random *r, unsigned char *room);
/** Exchanges left and right, in place. */
void clgan_image_mirror(unsigned char *image, uint32_t height, uint32_t width, uint32_t channels);
#endif
