/** @file random.h  Tensors of random numbers, in double. */
#ifndef CLGAN_REF_RANDOM_H
#define CLGAN_REF_RANDOM_H
#include <stddef.h>
#include <stdint.h>

enum clgan_ref_random_kind {
  CLGAN_REF_RANDOM_SIGNED, /**< uniform in [-1, 1) */
  CLGAN_REF_RANDOM_NORMAL,
  CLGAN_REF_RANDOM_BELOW, /**< integer in [0, below) */
  CLGAN_REF_RANDOM_UNIT   /**< uniform in [0, 1) */
};
/** y[k] is element e = first + k: lane e % 4 of block e / 4 of (seed, step, stream); normals come in pairs of lanes. */
void clgan_ref_random(int kind, uint64_t seed, uint64_t step, uint32_t stream, uint32_t below, size_t first, double *y, size_t n);
#endif
