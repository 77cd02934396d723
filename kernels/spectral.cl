/* spectral.cl: spectral normalisation of a weight W seen as K rows x O columns (row-major): the scale 1/(v' W u), one
 * step of the power iteration, the gradient through the division. Parameters: lanes.clh. Sums: one partial per
 * work-group (chunk of rows), added in the chunks' order by a second launch. Local memory: WG floats, and 2 WG in
 * spectral_power_part. */
#include "lanes.clh"

/* Four sums side by side, so that a CPU does not wait for one addition before the next. */
inline float dot_run(global const float *a, global const float *b, int n) {
  vec s0 = (vec)(0.0f), s1 = s0, s2 = s0, s3 = s0;
  int i = 0;
  for (; i + 4 * V <= n; i += 4 * V) {
    s0 = fma(VLOAD(a + i), VLOAD(b + i), s0);
    s1 = fma(VLOAD(a + i + V), VLOAD(b + i + V), s1);
    s2 = fma(VLOAD(a + i + 2 * V), VLOAD(b + i + 2 * V), s2);
    s3 = fma(VLOAD(a + i + 3 * V), VLOAD(b + i + 3 * V), s3);
  }
  FEW_TURNS for (; i + V <= n; i += V) s0 = fma(VLOAD(a + i), VLOAD(b + i), s0);
  float sum = vec_sum((s0 + s1) + (s2 + s3));
  FEW_TURNS for (; i < n; i++) sum = fma(a[i], b[i], sum);
  return sum;
}

/* part[chunk] = sum over the chunk's rows k of v[k] (W[k, :] . u); 1 / it where there is one chunk only (part is then
 * the result). */
kernel void spectral_dot(global const float *w, global const float *u, global const float *v, int rows, int cols,
                         int run, global float *part) {
  GROUP_SUM_MEMORY
  int first = (int)get_group_id(0) * run, last = min(rows, first + run);
  float sum = 0.0f;
#if WG == 1
  for (int k = first; k < last; k++) sum = fma(v[k], dot_run(w + (size_t)k * cols, u, cols), sum);
#else
  for (int i = (int)get_local_id(0); i < (last - first) * cols; i += WG) {
    int j = i / cols, k = first + j, o = i - j * cols;
    sum = fma(v[k] * u[o], w[(size_t)k * cols + o], sum);
  }
#endif
  sum = group_sum(sum);
  if (get_local_id(0) == 0) part[get_group_id(0)] = run >= rows ? 1.0f / sum : sum;
}

/* inv = 1 / sum of the chunks. */
kernel void spectral_inverse(global const float *part, int chunks, global float *inv) {
  float sum = 0.0f;
  FEW_TURNS for (int i = 0; i < chunks; i++) sum += part[i];
  if (get_local_id(0) == 0) inv[0] = 1.0f / sum;
}

/* One pass over W for both products: a row's t = W[k, :] . u is at once weighted into W' t while the row is in cache.
 * t [K]; squares[chunk] = sum of t t; sums[chunk][O] = sum over the chunk's rows of t[k] W[k, :]. */
kernel void spectral_power_part(global const float *w, global const float *u, int rows, int cols, int run,
                                global float *t, global float *squares, global float *sums) {
  int chunk = (int)get_group_id(0), first = chunk * run, last = min(rows, first + run), id = (int)get_local_id(0);
  global float *sum = sums + (size_t)chunk * cols;
  float square = 0.0f;
#if WG == 1
  for (int c = 0; c < cols; c++) sum[c] = 0.0f;
  int k = first;
  for (; k + 4 <= last; k += 4) {
    global const float *w0 = w + (size_t)k * cols, *w1 = w0 + cols, *w2 = w1 + cols, *w3 = w2 + cols;
    float t0 = dot_run(w0, u, cols), t1 = dot_run(w1, u, cols), t2 = dot_run(w2, u, cols), t3 = dot_run(w3, u, cols);
    t[k] = t0, t[k + 1] = t1, t[k + 2] = t2, t[k + 3] = t3;
    square += (t0 * t0 + t1 * t1) + (t2 * t2 + t3 * t3);
    EACH_VECTOR(c, 0, cols)
      VSTORE(VLOAD(sum + c) + ((t0 * VLOAD(w0 + c) + t1 * VLOAD(w1 + c)) + (t2 * VLOAD(w2 + c) + t3 * VLOAD(w3 + c))),
             sum + c);
    EACH_REST(c, 0, cols) sum[c] += (t0 * w0[c] + t1 * w1[c]) + (t2 * w2[c] + t3 * w3[c]);
  }
  FEW_TURNS for (; k < last; k++) {
    global const float *row = w + (size_t)k * cols;
    float tk = dot_run(row, u, cols);
    t[k] = tk;
    square += tk * tk;
    FEW_TURNS for (int c = 0; c < cols; c++) sum[c] += tk * row[c];
  }
#else
  /* WG/LINE rows at a time: LINE items make a row's product, then every item adds to columns of its own. */
#if WG >= 16
#define LINE 16
#else
#define LINE WG
#endif
  local float m[WG], line[WG / LINE];
  int lane = id & (LINE - 1), mine = id / LINE;
  for (int c = id; c < cols; c += WG) sum[c] = 0.0f;
  for (int k = first; k < last; k += WG / LINE) {
    float d = 0.0f;
    if (k + mine < last)
      for (int c = lane; c < cols; c += LINE) d = fma(w[(size_t)(k + mine) * cols + c], u[c], d);
    m[id] = d;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (lane == 0) {
      for (int i = 1; i < LINE; i++) d += m[id + i];
      line[mine] = d;
      if (k + mine < last) t[k + mine] = d;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    int n = min(WG / LINE, last - k);
    for (int i = 0; i < n; i++) square = fma(line[i], line[i], square); /* the same in every item */
    for (int c = id; c < cols; c += WG) {
      float s = sum[c];
      for (int i = 0; i < n; i++) s = fma(line[i], w[(size_t)(k + i) * cols + c], s);
      sum[c] = s;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }
#endif
  if (id == 0) squares[chunk] = square;
}

/* v = t / |t|, u = W' v / |W' v|, norms floored at 1e-12; inv = 1 / (v' W u), which takes no further pass over W: with
 * x = W' v and u = x / f it is f / |x|^2. One work-group. */
kernel void spectral_power_end(global const float *t, global const float *squares, global const float *sums, int chunks,
                               int rows, int cols, global float *u, global float *v, global float *inv) {
  GROUP_SUM_MEMORY
  float square = 0.0f;
  FEW_TURNS for (int i = 0; i < chunks; i++) square += squares[i];
  float norm = sqrt(square);
  norm = norm < 1e-12f ? 1e-12f : norm; /* not fmax(): a NaN must come through */
  EACH_VECTOR(k, 0, rows) VSTORE(VLOAD(t + k) / norm, v + k);
  EACH_REST(k, 0, rows) v[k] = t[k] / norm;
  vec squares_u = (vec)(0.0f);
  float rest = 0.0f;
  EACH_VECTOR(c, 0, cols) {
    vec x = VLOAD(sums + c);
    FEW_TURNS for (int i = 1; i < chunks; i++) x += VLOAD(sums + (size_t)i * cols + c);
    x /= norm;
    squares_u = fma(x, x, squares_u);
    VSTORE(x, u + c);
  }
  EACH_REST(c, 0, cols) {
    float x = sums[c];
    FEW_TURNS for (int i = 1; i < chunks; i++) x += sums[(size_t)i * cols + c];
    x /= norm;
    rest = fma(x, x, rest);
    u[c] = x;
  }
  square = group_sum(vec_sum(squares_u) + rest);
  norm = sqrt(square);
  norm = norm < 1e-12f ? 1e-12f : norm;
  if (get_local_id(0) == 0) inv[0] = norm / square;
  EACH_VECTOR(c, 0, cols) VSTORE(VLOAD(u + c) / norm, u + c); /* each item the columns it wrote itself */
  EACH_REST(c, 0, cols) u[c] /= norm;
}

/* part[chunk] = sum of a b over [chunk * run, ...). */
kernel void spectral_inner(global const float *a, global const float *b, int n, int run, global float *part) {
  GROUP_SUM_MEMORY
  int first = (int)get_group_id(0) * run, last = min(n, first + run);
  float sum = 0.0f;
#if WG == 1
  for (int i = first; i < last; i += 1024) sum += dot_run(a + i, b + i, min(1024, last - i));
#else
  EACH_ITEM(i, first, last) sum = fma(a[i], b[i], sum);
#endif
  sum = group_sum(sum);
  if (get_local_id(0) == 0) part[get_group_id(0)] = sum;
}

/* dw[k, o] = inv g[k, o] - inv^2 (sum of the chunks) v[k] u[o]. dw may be g: an item reads an element before it writes
 * it. */
kernel void spectral_bwd(global const float *g, global const float *u, global const float *v, global const float *inv,
                         global const float *part, int chunks, global float *dw, int4 grid) {
  float sum = 0.0f, scale = inv[0];
  FEW_TURNS for (int i = 0; i < chunks; i++) sum += part[i];
  sum *= scale * scale;
  GRID_ROWS(k, grid) {
    float f = sum * v[k];
    size_t at = (size_t)k * grid.y;
    EACH_VECTOR(o, GRID_FIRST(grid), GRID_LAST(grid))
      VSTORE(scale * VLOAD(g + at + o) - f * VLOAD(u + o), dw + at + o);
    EACH_REST(o, GRID_FIRST(grid), GRID_LAST(grid)) dw[at + o] = scale * g[at + o] - f * u[o];
  }
}
