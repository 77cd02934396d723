/* elementwise.cl: element by element: sums, affine maps, activations' gradients, bytes to floats, Adam, averaging; and
 * what is too small for a file of its own. Parameters: lanes.clh (V, WG). grid: one row of all elements (transpose: see
 * there). No kernel reads an element that another work-item writes, so an output may lie on an input. Local memory:
 * transpose only, 32 x 33 floats. */
#include "part.clh"
#include "act.clh"
#include "turn.clh"

kernel void add(global const T0 *a, global const T1 *b, global T2 *y, int4 grid) {
  EACH_PART(i, n, GRID_FIRST(grid), GRID_LAST(grid)) LAY2_PART(LOAD0_PART(a + i, n) + LOAD1_PART(b + i, n), y + i, n);
}

/* y = f.s0 x + f.s1; with columns > 0, column j of them has f[2j] and f[2j + 1]. */
kernel void affine(global const float *x, global float *y, float8 f, int columns, int4 grid) {
  if (columns == 0) {
    EACH_PART(i, n, GRID_FIRST(grid), GRID_LAST(grid)) store_part(f.s0 * load_part(x + i, n) + f.s1, y + i, n);
  } else {
    float map[8];
    vstore8(f, 0, map);
    EACH_ITEM(i, GRID_FIRST(grid), GRID_LAST(grid)) {
      int j = i % columns;
      y[i] = map[2 * j] * x[i] + map[2 * j + 1];
    }
  }
}

kernel void act_bwd(global const T0 *dy, global const T1 *y, global T2 *dx, int kind, float slope, int4 grid) {
  EACH_PART(i, n, GRID_FIRST(grid), GRID_LAST(grid))
  LAY2_PART(act_back(LOAD0_PART(dy + i, n), LOAD1_PART(y + i, n), kind, slope), dx + i, n);
}

#if V == 1
#define BYTES_TO_VEC(p) ((float)*(p))
#else
#define BYTES_TO_VEC(p) LANES_CAT(convert_float, V)(VLOAD(p))
#endif
kernel void unpack(global const uchar *x, global float *y, float scale, float shift, int4 grid) {
  int first = GRID_FIRST(grid), last = GRID_LAST(grid);
  EACH_VECTOR(i, first, last) VSTORE(scale * BYTES_TO_VEC(x + i) + shift, y + i);
  EACH_REST(i, first, last) y[i] = scale * (float)x[i] + shift;
}

/* One work-item. */
kernel void stack(global const float *a, global const float *b, global const float *c, global const float *d,
                  global const float *e, global const float *f, global const float *g, global const float *h,
                  global float *y, int count) {
  y[0] = a[0];
  if (count > 1) y[1] = b[0];
  if (count > 2) y[2] = c[0];
  if (count > 3) y[3] = d[0];
  if (count > 4) y[4] = e[0];
  if (count > 5) y[5] = f[0];
  if (count > 6) y[6] = g[0];
  if (count > 7) y[7] = h[0];
}

/* Kingma and Ba 2015 in PyTorch's order. consts[which.s0..s2] = learning rate, 1 - beta1^t, 1 - beta2^t;
 * k = beta1, 1 - beta1, beta2, 1 - beta2, eps, weight decay, 1 where the gradient is scaled (half.cl). Where which.s3 >= 0
 * the average follows at once: a += consts[which.s3] (p - a). */
kernel void adam(global float *p, global float *m, global float *v, global float *a, global const float *grad,
                 global const float *consts, global const float *scale, int4 which, float8 k, int4 grid) {
  if (k.s6 > 0.0f && scale[3] == 0.0f) return; /* gradients beyond the range */
  float rate = consts[which.s0] / consts[which.s1], root = 1.0f / sqrt(consts[which.s2]);
  float share = which.s3 >= 0 ? consts[which.s3] : 0.0f;
  EACH_PART(i, n, GRID_FIRST(grid), GRID_LAST(grid)) {
    vec w = load_part(p + i, n);
    vec g = load_part(grad + i, n);
    if (k.s6 > 0.0f) g *= scale[1];
    g += k.s5 * w;
    vec first = k.s0 * load_part(m + i, n) + k.s1 * g;
    vec second = k.s2 * load_part(v + i, n) + k.s3 * g * g;
    store_part(first, m + i, n);
    store_part(second, v + i, n);
    w -= rate * first / (sqrt(second) * root + k.s4);
    store_part(w, p + i, n);
    if (which.s3 >= 0) {
      vec from = load_part(a + i, n);
      store_part(from + share * (w - from), a + i, n);
    }
  }
}

/* a = consts[which] a + f b; where the constant is 0, nothing of the old a is left, whatever it was. */
kernel void accumulate(global float *a, global const float *b, global const float *consts, int which, float f, int4 grid) {
  float keep = consts[which];
  EACH_PART(i, n, GRID_FIRST(grid), GRID_LAST(grid)) {
    vec y = f * load_part(b + i, n);
    if (keep != 0.0f) y += keep * load_part(a + i, n);
    store_part(y, a + i, n);
  }
}

/* a += consts[which] (b - a). */
kernel void lerp(global float *a, global const float *b, global const float *consts, int which, int4 grid) {
  float share = consts[which];
  EACH_PART(i, n, GRID_FIRST(grid), GRID_LAST(grid)) {
    vec from = load_part(a + i, n);
    store_part(from + share * (load_part(b + i, n) - from), a + i, n);
  }
}

/* r = (1 - momentum) r + momentum new; the variance is made unbiased. momentum: the argument, or (which >= 0) an
 * element of consts; 1 leaves nothing of what was there before, to the bit. */
kernel void bn_run(global float *mean, global float *var, global const float *new_mean, global const float *new_var,
                   global const float *consts, int which, float momentum, float unbias, int4 grid) {
  float share = which >= 0 ? consts[which] : momentum;
  EACH_PART(i, n, GRID_FIRST(grid), GRID_LAST(grid)) {
    vec a = load_part(mean + i, n), b = load_part(var + i, n);
    store_part((1.0f - share) * a + share * load_part(new_mean + i, n), mean + i, n);
    store_part((1.0f - share) * b + share * (unbias * load_part(new_var + i, n)), var + i, n);
  }
}

/* y[tap][j][i] = x[tap][i][j], i < a, j < b. Group (s, t, tap). */
#if WG == 1
static inline void transpose_block(global const float *x, int ldx, global float *y, int ldy) {
  float8 r[8];
  for (int k = 0; k < 8; k++) r[k] = vload8(0, x + (size_t)k * ldx);
  turn8(r);
  for (int k = 0; k < 8; k++) vstore8(r[k], 0, y + (size_t)k * ldy);
}

/* s: 16 columns of x, all rows: both sides' cache lines are finished before the next ones are begun. */
kernel void transpose(global const float *x, global float *y, int a, int b) {
  size_t tap = get_group_id(2);
  x += tap * a * b;
  y += tap * a * b;
  int j0 = (int)get_group_id(0) * 16, j1 = min(b, j0 + 16), i0 = 0;
  if (j1 - j0 == 16)
    for (; i0 + 16 <= a; i0 += 16)
      for (int k = 0; k < 4; k++) {
        int i = i0 + 8 * (k & 1), j = j0 + 8 * (k >> 1);
        transpose_block(x + (size_t)i * b + j, b, y + (size_t)j * a + i, a);
      }
  for (int j = j0; j < j1; j++)
    for (int i = i0; i < a; i++) y[(size_t)j * a + i] = x[(size_t)i * b + j];
}
#else
kernel void transpose(global const float *x, global float *y, int a, int b) {
  local float block[32][33]; /* a column more: no bank conflicts */
  size_t tap = get_group_id(2);
  x += tap * a * b;
  y += tap * a * b;
  int j0 = (int)get_group_id(0) * 32, i0 = (int)get_group_id(1) * 32;
  for (int e = (int)get_local_id(0); e < 32 * 32; e += WG) {
    int i = e / 32, j = e % 32;
    if (i0 + i < a && j0 + j < b) block[i][j] = x[(size_t)(i0 + i) * b + (j0 + j)];
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int e = (int)get_local_id(0); e < 32 * 32; e += WG) {
    int j = e / 32, i = e % 32;
    if (i0 + i < a && j0 + j < b) y[(size_t)(j0 + j) * a + (i0 + i)] = block[i][j];
  }
}
#endif
