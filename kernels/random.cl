/* random.cl: tensors of random numbers. Element e is lane e % 4 of Philox block e / 4 of (seed, step, stream).
 * Parameters: lanes.clh; ROWS: a fifth counter says which row of a larger tensor y begins with (row: its elements). kind 0: uniform in [-1, 1); 1: normal; 2: integer in [0, below); 3: uniform in [0, 1).
 * grid: one row of all elements; its pieces begin at multiples of 4. */
#include "lanes.clh"
#include "philox.clh"

static inline uint4 draw_block(global const uint *counters, int kind, uint stream, uint below, uint block) {
  uint4 u = philox_block(counters, stream, block);
  if (kind == 2) return mul_hi(u, (uint4)(below));
  if (kind == 1) {
    float2 a = philox_normal(u.s0, u.s1), b = philox_normal(u.s2, u.s3);
    return as_uint4((float4)(a.s0, a.s1, b.s0, b.s1));
  }
  float4 x = convert_float4(u >> 8u) * 0x1p-24f;
  return as_uint4(kind == 0 ? 2.0f * x - 1.0f : x);
}

kernel void draw(global const uint *counters, global uint *y, int kind, uint stream, uint below, int row, int4 grid) {
  int last = GRID_LAST(grid);
#ifdef ROWS
  uint first = counters[4] * (uint)row, skip = first % 4u;
#endif
  for (int i = GRID_FIRST(grid) + 4 * (int)get_local_id(0); i < last; i += 4 * WG) {
#ifdef ROWS
    uint block = (first + (uint)i) / 4u;
    uint4 u = draw_block(counters, kind, stream, below, block);
    if (skip) { /* four elements of two blocks */
      uint both[8];
      vstore4(u, 0, both);
      vstore4(draw_block(counters, kind, stream, below, block + 1u), 1, both);
      u = vload4(0, both + skip);
    }
#else
    uint4 u = draw_block(counters, kind, stream, below, (uint)i / 4u);
#endif
    y[i] = u.s0;
    if (i + 1 < last) y[i + 1] = u.s1;
    if (i + 2 < last) y[i + 2] = u.s2;
    if (i + 3 < last) y[i + 3] = u.s3;
  }
}
