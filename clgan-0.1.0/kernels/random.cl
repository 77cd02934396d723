/* random.cl: tensors of random numbers. Element e is lane e % 4 of Philox block e / 4 of (seed, step, stream).
 * Parameters: lanes.clh. kind 0: uniform in [-1, 1); 1: normal; 2: integer in [0, below); 3: uniform in [0, 1).
 * grid: one row of all elements; its pieces begin at multiples of 4. */
#include "lanes.clh"
#include "philox.clh"

kernel void draw(global const uint *counters, global uint *y, int kind, uint stream, uint below, int4 grid) {
  int last = GRID_LAST(grid);
  for (int i = GRID_FIRST(grid) + 4 * (int)get_local_id(0); i < last; i += 4 * WG) {
    uint4 u = philox_block(counters, stream, (uint)i / 4u);
    if (kind == 2) {
      u = mul_hi(u, (uint4)(below));
    } else if (kind == 1) {
      float2 a = philox_normal(u.s0, u.s1), b = philox_normal(u.s2, u.s3);
      u = as_uint4((float4)(a.s0, a.s1, b.s0, b.s1));
    } else {
      float4 x = convert_float4(u >> 8u) * 0x1p-24f;
      u = as_uint4(kind == 0 ? 2.0f * x - 1.0f : x);
    }
    y[i] = u.s0;
    if (i + 1 < last) y[i + 1] = u.s1;
    if (i + 2 < last) y[i + 2] = u.s2;
    if (i + 3 < last) y[i + 3] = u.s3;
  }
}
