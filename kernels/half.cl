/* half.cl: storage in half precision, and the loss scale that keeps gradients inside its range. Parameters: lanes.clh
 * (V, WG). vload_half and vstore_half are part of OpenCL C itself: no extension is needed to store numbers as halves. */
#include "lanes.clh"

kernel void halve(global const float *x, global half *y, int4 grid) {
  int first = GRID_FIRST(grid), last = GRID_LAST(grid);
  EACH_VECTOR(i, first, last) HALF_STORE(VLOAD(x + i), y + i);
  EACH_REST(i, first, last) vstore_half_rte(x[i], 0, y + i);
}

kernel void widen(global const half *x, global float *y, int4 grid) {
  int first = GRID_FIRST(grid), last = GRID_LAST(grid);
  EACH_VECTOR(i, first, last) VSTORE(HALF_LOAD(x + i), y + i);
  EACH_REST(i, first, last) y[i] = vload_half(0, x + i);
}

/* y = 2^(start + scale[0]) x; one work-item. */
kernel void scaled(global const float *scale, global const float *x, global float *y, int count, int start) {
  float s = ldexp(1.0f, start + (int)scale[0]);
  FEW_TURNS for (int i = 0; i < count; i++) y[i] = s * x[i];
}

inline int all_finite(global const float *x, int count) {
  int good = 1;
  FEW_TURNS for (int i = 0; i < count; i++) good &= isfinite(x[i]) != 0;
  return good;
}

/* Micikevicius et al. 2018, section 3.2: where a sum is not finite the gradients are not used, and the scale is halved;
 * after `turns` good steps it is doubled, up to 2^most. counts: elements of a, b, c. One work-item. */
kernel void loss_scale(global float *scale, global const float *a, global const float *b, global const float *c,
                       int4 counts, int turns, int start, int most) {
  float exponent = scale[0], steps = scale[2] + 1.0f;
  int good = all_finite(a, counts.x) & all_finite(b, counts.y) & all_finite(c, counts.z);
  int hopeless = exponent <= (float)-start; /* not the scale's doing: let it through, so that training sees it */
  scale[1] = ldexp(1.0f, -(start + (int)exponent));
  scale[3] = good | hopeless ? 1.0f : 0.0f;
  if (!good) {
    exponent = fmax(exponent - 1.0f, (float)-start), steps = 0.0f; /* not below 1 */
  } else if (steps >= (float)turns) {
    exponent = fmin(exponent + 1.0f, (float)(most - start)), steps = 0.0f;
  }
  scale[0] = exponent;
  scale[2] = steps;
}
