/* random.c - Philox numbers as a tensor. */
#include "ref/random.h"

#include <math.h>

#include "base/philox.h"

static double unit(uint32_t u) {
  return (double)(u >> 8) * 0x1p-24;
}

/* Box-Muller, as base/philox.h states it, not rounded to float. */
static void normal(uint32_t a, uint32_t b, double out[2]) {
  double r = sqrt(-2 * log((double)((a >> 8) + 1) * 0x1p-24)), t = 6.283185307179586476925 * unit(b);
  out[0] = r * cos(t);
  out[1] = r * sin(t);
}

void clgan_ref_random(int kind, uint64_t seed, uint64_t step, uint32_t stream, uint32_t below, size_t first, double *y, size_t n) {
  for (size_t e = first / 4 * 4; e < first + n; e += 4) {
    uint32_t u[4];
    double x[4];
    clgan_philox_block(seed, step, stream, (uint32_t)(e / 4), u);
    if (kind == CLGAN_REF_RANDOM_NORMAL) {
      normal(u[0], u[1], x);
      normal(u[2], u[3], x + 2);
    }
    for (size_t k = 0; k < 4; k++) {
      if (kind == CLGAN_REF_RANDOM_SIGNED) x[k] = 2 * unit(u[k]) - 1;
      if (kind == CLGAN_REF_RANDOM_BELOW) x[k] = (double)(((uint64_t)u[k] * below) >> 32);
      if (kind == CLGAN_REF_RANDOM_UNIT) x[k] = unit(u[k]);
      if (e + k >= first && e + k < first + n) y[e + k - first] = x[k];
    }
  }
}
