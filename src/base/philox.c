/* philox.c: Philox 4x32-10 (Salmon et al., SC 2011). SPDX-License-Identifier: MIT */
#include "base/philox.h"

#include <math.h>
#include <string.h>

void clgan_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c1 = (uint32_t)p1;
    c3 = (uint32_t)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

void clgan_philox_block(uint64_t seed, uint64_t step, uint32_t stream, uint32_t index, uint32_t out[4]) {
  const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
  const uint32_t counter[4] = {index, stream, (uint32_t)step, (uint32_t)(step >> 32)};
  clgan_philox(counter, key, out);
}

float clgan_philox_uniform(uint32_t u) { return (float)(u >> 8) * 0x1p-24f; }

void clgan_philox_normal(uint32_t a, uint32_t b, float out[2]) {
  /* In double: the host is what devices are compared with. */
  double r = sqrt(-2.0 * log((double)((a >> 8) + 1) * 0x1p-24));
  double t = 6.283185307179586476925 * (double)(b >> 8) * 0x1p-24;
  out[0] = (float)(r * cos(t));
  out[1] = (float)(r * sin(t));
}

void clgan_random_init(struct clgan_random *r, uint64_t seed, uint64_t step, uint32_t stream) {
  memset(r, 0, sizeof *r);
  r->seed = seed;
  r->step = step;
  r->stream = stream;
}

uint32_t clgan_random_u32(struct clgan_random *r) {
  if (r->have == 0) {
    clgan_philox_block(r->seed, r->step, r->stream, r->index++, r->block);
    r->have = 4;
  }
  return r->block[4 - r->have--];
}

float clgan_random_uniform(struct clgan_random *r) { return clgan_philox_uniform(clgan_random_u32(r)); }

float clgan_random_normal(struct clgan_random *r) {
  float pair[2];
  uint32_t a = clgan_random_u32(r);
  uint32_t b = clgan_random_u32(r);
  clgan_philox_normal(a, b, pair);
  return pair[0];
}

uint32_t clgan_random_below(struct clgan_random *r, uint32_t n) {
  return (uint32_t)(((uint64_t)clgan_random_u32(r) * n) >> 32);
}

void clgan_random_shuffle(struct clgan_random *r, uint32_t *items, uint32_t n) {
  for (uint32_t i = n; i > 1; i--) {
    uint32_t k = clgan_random_below(r, i), other = items[k];
    items[k] = items[i - 1];
    items[i - 1] = other;
  }
}
