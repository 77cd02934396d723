/* shape.cl: kernels that move data or work row by row: concatenation, slices, padding, tiling, one-hot, translation and
 * flip, reparameterised noise, row dot products. Tensors are NHWC, seen as rows x columns. Parameters: lanes.clh.
 * Elements are copied as 32-bit integers, so that integer tensors pass too. No local memory but rowdot's sum (WG
 * floats). */
#include "lanes.clh"

inline void copy_run(global uint *y, global const uint *x, int n) {
  EACH_VECTOR(i, 0, n) VSTORE(VLOAD(x + i), y + i);
  EACH_REST(i, 0, n) y[i] = x[i];
}

inline void zero_run(global uint *y, int n) {
  EACH_VECTOR(i, 0, n) VSTORE((uvec)(0u), y + i);
  EACH_REST(i, 0, n) y[i] = 0u;
}

/* y[r, offset_y + c] = a[r, offset_a + c] for c < cols_a, then b's columns: a concatenation of two, or (cols_b 0) a
 * slice. grid: rows x (cols_a + cols_b). ld: elements from row to row. */
kernel void join(global const uint *a, int ld_a, int offset_a, int cols_a, global const uint *b, int ld_b,
                 global uint *y, int ld_y, int offset_y, int4 grid) {
  int first = GRID_FIRST(grid), last = GRID_LAST(grid), middle = clamp(cols_a, first, last);
  GRID_ROWS(r, grid) {
    global uint *to = y + (size_t)r * ld_y + offset_y;
    if (first < middle) copy_run(to + first, a + (size_t)r * ld_a + offset_a + first, middle - first);
    if (middle < last) copy_run(to + middle, b + (size_t)r * ld_b + (middle - cols_a), last - middle);
  }
}

/* y[r, c] = x[r, c - start] for start <= c < start + count, else 0. grid: rows x columns of y. */
kernel void pad(global const uint *x, int start, int count, global uint *y, int4 grid) {
  int first = GRID_FIRST(grid), last = GRID_LAST(grid);
  int from = clamp(start, first, last), to = clamp(start + count, first, last);
  GRID_ROWS(r, grid) {
    global uint *row = y + (size_t)r * grid.y;
    zero_run(row + first, from - first);
    if (from < to) copy_run(row + from, x + (size_t)r * count + (from - start), to - from);
    zero_run(row + to, last - to);
  }
}

/* y[r, j * times + q] = x[r, j]. grid: rows x columns of y. */
kernel void tile(global const float *x, int times, global float *y, int4 grid) {
  GRID_ROWS(r, grid) {
    global const float *from = x + (size_t)r * (grid.y / times);
    EACH_ITEM(c, GRID_FIRST(grid), GRID_LAST(grid)) y[(size_t)r * grid.y + c] = from[c / times];
  }
}

/* dx[r, j] = sum over q of dy[r, j * times + q]. grid: rows x columns of dx. */
kernel void tile_bwd(global const float *dy, int times, global float *dx, int4 grid) {
  GRID_ROWS(r, grid)
    EACH_ITEM(j, GRID_FIRST(grid), GRID_LAST(grid)) {
      global const float *from = dy + ((size_t)r * grid.y + j) * times;
      float sum = 0.0f;
      for (int q = 0; q < times; q++) sum += from[q];
      dx[(size_t)r * grid.y + j] = sum;
    }
}

/* y[r, c] = label[r] == c. */
kernel void onehot(global const int *label, global float *y, int4 grid) {
  GRID_ROWS(r, grid) {
    int k = label[r];
    EACH_ITEM(c, GRID_FIRST(grid), GRID_LAST(grid)) y[(size_t)r * grid.y + c] = c == k ? 1.0f : 0.0f;
  }
}

/* y[n, i, q] = x'[n, i + di, q + dj] with (di, dj) = offset[n] - margin, 0 outside; x' is x mirrored left-right where
 * flip[n]. back: the transpose (y is the gradient of x'), which reads dy where the forward pass wrote. grid: N*height
 * rows of width*channels, never cut along columns. */
kernel void shift(global const uint *x, global const int *offset, global const int *flip, int has_flip, global uint *y,
                  int height, int width, int channels, int margin, int back, int4 grid) {
  GRID_ROWS(r, grid) {
    int n = r / height, di = offset[2 * n] - margin, dj = offset[2 * n + 1] - margin;
    int from_row = r - n * height + (back ? -di : di);
    global uint *to = y + (size_t)r * grid.y;
    global const uint *from = x + ((size_t)n * height + from_row) * grid.y;
    if (from_row < 0 || from_row >= height) {
      zero_run(to, grid.y);
    } else if (has_flip && flip[n] != 0) { /* column q reads width-1-dj - q, both ways */
#if WG == 1
      for (int q = 0, p = width - 1 - dj; q < width; q++, p--)
        for (int k = 0; k < channels; k++) to[q * channels + k] = p >= 0 && p < width ? from[p * channels + k] : 0u;
#else
      EACH_ITEM(c, 0, grid.y) {
        int q = c / channels, p = width - 1 - dj - q;
        to[c] = p >= 0 && p < width ? from[p * channels + (c - q * channels)] : 0u;
      }
#endif
    } else {
      int s = back ? -dj : dj, lo = clamp(-s, 0, width), hi = clamp(width - s, lo, width);
      zero_run(to, lo * channels);
      copy_run(to + lo * channels, from + (lo + s) * channels, (hi - lo) * channels);
      zero_run(to + hi * channels, (width - hi) * channels);
    }
  }
}

/* Not clamp(): what that does with a NaN is undefined, and a NaN must come through. */
#define CLAMP(x, lo, hi, type) ((x) < (type)(lo) ? (type)(lo) : (x) > (type)(hi) ? (type)(hi) : (x))
#define INSIDE(x, lo, hi, y, type) ((x) < (type)(lo) ? (type)(0.0f) : (x) > (type)(hi) ? (type)(0.0f) : (y))

/* z = mu + noise exp(clamp(ls)), h = [mu | ls]. grid: rows x Z. */
kernel void reparam(global const float *h, global const float *noise, float lo, float hi, global float *z, int4 grid) {
  GRID_ROWS(r, grid) {
    global const float *mu = h + (size_t)r * 2 * grid.y, *ls = mu + grid.y, *e = noise + (size_t)r * grid.y;
    global float *to = z + (size_t)r * grid.y;
    EACH_VECTOR(c, GRID_FIRST(grid), GRID_LAST(grid)) {
      vec s = VLOAD(ls + c);
      VSTORE(VLOAD(mu + c) + VLOAD(e + c) * exp(CLAMP(s, lo, hi, vec)), to + c);
    }
    EACH_REST(c, GRID_FIRST(grid), GRID_LAST(grid)) to[c] = mu[c] + e[c] * exp(CLAMP(ls[c], lo, hi, float));
  }
}

kernel void reparam_bwd(global const float *dz, global const float *h, global const float *noise, float lo, float hi,
                        global float *dh, int4 grid) {
  GRID_ROWS(r, grid) {
    global const float *d = dz + (size_t)r * grid.y, *ls = h + (size_t)r * 2 * grid.y + grid.y,
                       *e = noise + (size_t)r * grid.y;
    global float *dmu = dh + (size_t)r * 2 * grid.y, *dls = dmu + grid.y;
    EACH_VECTOR(c, GRID_FIRST(grid), GRID_LAST(grid)) {
      vec g = VLOAD(d + c), s = VLOAD(ls + c), t = g * VLOAD(e + c) * exp(s);
      VSTORE(g, dmu + c);
      VSTORE(INSIDE(s, lo, hi, t, vec), dls + c);
    }
    EACH_REST(c, GRID_FIRST(grid), GRID_LAST(grid)) {
      float t = d[c] * e[c] * exp(ls[c]);
      dmu[c] = d[c];
      dls[c] = INSIDE(ls[c], lo, hi, t, float);
    }
  }
}

/* y[r] = a[r, :] . b[r, :]. grid: rows x columns, never cut along columns. */
kernel void rowdot(global const float *a, global const float *b, global float *y, int4 grid) {
  GROUP_SUM_MEMORY
  GRID_ROWS(r, grid) {
    global const float *p = a + (size_t)r * grid.y, *q = b + (size_t)r * grid.y;
    vec sum = (vec)(0.0f);
    float rest = 0.0f;
    EACH_VECTOR(c, 0, grid.y) sum = fma(VLOAD(p + c), VLOAD(q + c), sum);
    EACH_REST(c, 0, grid.y) rest = fma(p[c], q[c], rest);
    float total = group_sum(vec_sum(sum) + rest);
    if (get_local_id(0) == 0) y[r] = total;
  }
}

/* y[r, c] = s[r] b[r, c]. */
kernel void rowscale(global const float *s, global const float *b, global float *y, int4 grid) {
  GRID_ROWS(r, grid) {
    global const float *from = b + (size_t)r * grid.y;
    global float *to = y + (size_t)r * grid.y;
    float f = s[r];
    EACH_VECTOR(c, GRID_FIRST(grid), GRID_LAST(grid)) VSTORE(f * VLOAD(from + c), to + c);
    EACH_REST(c, GRID_FIRST(grid), GRID_LAST(grid)) to[c] = f * from[c];
  }
}
