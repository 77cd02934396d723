/** @file philox.h  Counter-based random numbers, Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011). Equal integers and uniforms on the host and every device (kernels/philox.clh is the same arithmetic). */
#ifndef CLGAN_BASE_PHILOX_H
#define CLGAN_BASE_PHILOX_H
#include <stdint.h>

/** Streams: one per use, so that no two uses share numbers. A train-graph draw node's stream is CLGAN_STREAM_DRAW + its index. */
enum clgan_stream { CLGAN_STREAM_INIT = 1, CLGAN_STREAM_ORDER = 2, CLGAN_STREAM_AUGMENT = 3, CLGAN_STREAM_BUILTIN = 4,
  CLGAN_STREAM_SAMPLE = 5, CLGAN_STREAM_REESTIMATE = 6, CLGAN_STREAM_CLUSTER = 7, CLGAN_STREAM_DRAW = 16 };

/** Raw block: counter[4], key[2] -> out[4]. */
void clgan_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);
/** Block number @p index of (seed, step, stream): key = {lo(seed), hi(seed)}, counter = {index, stream, lo(step), hi(step)}. */
void clgan_philox_block(uint64_t seed, uint64_t step, uint32_t stream, uint32_t index, uint32_t out[4]);
/** (u >> 8) * 2^-24: in [0,1). */
float clgan_philox_uniform(uint32_t u);
/** Box-Muller on a pair: r = sqrt(-2 log(((a>>8)+1) * 2^-24)), t = 2 pi (b>>8) 2^-24; out = {r cos t, r sin t}. */
void clgan_philox_normal(uint32_t a, uint32_t b, float out[2]);

/** A sequential host view: numbers drawn one after the other from consecutive blocks. */
struct clgan_random {
  uint64_t seed, step;
  uint32_t stream, index, have, block[4];
};
void clgan_random_init(struct clgan_random *r, uint64_t seed, uint64_t step, uint32_t stream);
uint32_t clgan_random_u32(struct clgan_random *r);
float clgan_random_uniform(struct clgan_random *r);              /**< [0,1) */
float clgan_random_normal(struct clgan_random *r);               /**< one u32 pair per call; the second normal is dropped */
uint32_t clgan_random_below(struct clgan_random *r, uint32_t n); /**< (uint64)u32 * n >> 32 */
/** A random order of items[n] (Fisher and Yates, from the last down): clgan_random_below of n, n - 1, ..., 2. */
void clgan_random_shuffle(struct clgan_random *r, uint32_t *items, uint32_t n);
#endif
