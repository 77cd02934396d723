/* shape.c - references of the operations that move data. */
#include "ref/shape.h"

#include <math.h>
#include <string.h>

void clgan_ref_copy2d(size_t rows, size_t cols, const double *src, size_t ld_src, double *dst, size_t ld_dst) {
  for (size_t r = 0; r < rows; r++) memcpy(dst + r * ld_dst, src + r * ld_src, cols * sizeof *dst);
}

void clgan_ref_tile(size_t rows, size_t cols, size_t times, const double *x, double *y) {
  for (size_t i = 0; i < rows * cols; i++)
    for (size_t q = 0; q < times; q++) y[i * times + q] = x[i];
}

void clgan_ref_tile_bwd(size_t rows, size_t cols, size_t times, const double *dy, double *dx) {
  for (size_t i = 0; i < rows * cols; i++) {
    double sum = 0;
    for (size_t q = 0; q < times; q++) sum += dy[i * times + q];
    dx[i] = sum;
  }
}

void clgan_ref_onehot(size_t n, size_t k, const double *label, double *y) {
  for (size_t i = 0; i < n; i++)
    for (size_t c = 0; c < k; c++) y[i * k + c] = label[i] == (double)c ? 1 : 0;
}

static double clamped(double x, double lo, double hi) {
  return x < lo ? lo : x > hi ? hi : x;
}

void clgan_ref_reparam(size_t n, size_t z, const double *h, const double *noise, double lo, double hi, double *out) {
  for (size_t i = 0; i < n; i++)
    for (size_t c = 0; c < z; c++)
      out[i * z + c] = h[i * 2 * z + c] + noise[i * z + c] * exp(clamped(h[i * 2 * z + z + c], lo, hi));
}

void clgan_ref_reparam_bwd(size_t n, size_t z, const double *dz, const double *h, const double *noise, double lo,
                           double hi, double *dh) {
  for (size_t i = 0; i < n; i++)
    for (size_t c = 0; c < z; c++) {
      double s = h[i * 2 * z + z + c], d = dz[i * z + c];
      dh[i * 2 * z + c] = d;
      dh[i * 2 * z + z + c] = s < lo || s > hi ? 0 : d * noise[i * z + c] * exp(s);
    }
}

/* Index of the pixel of x that pixel (n, r, q) of y shows, or -1 outside. */
static long source_of(const struct clgan_ref_shift *s, long n, long r, long q) {
  long i = r + (long)s->offset[2 * n] - s->margin, j = q + (long)s->offset[2 * n + 1] - s->margin;
  if (i < 0 || i >= s->h || j < 0 || j >= s->w) return -1;
  if (s->flip && s->flip[n] != 0) j = s->w - 1 - j;
  return (n * s->h + i) * s->w + j;
}

static void shift(const struct clgan_ref_shift *s, const double *from, double *to, bool back) {
  size_t total = (size_t)(s->n * s->h * s->w * s->c);
  for (size_t i = 0; i < total; i++) to[i] = 0;
  for (long n = 0; n < s->n; n++)
    for (long r = 0; r < s->h; r++)
      for (long q = 0; q < s->w; q++) {
        long pixel_x = source_of(s, n, r, q), pixel_y = (n * s->h + r) * s->w + q;
        for (long c = 0; c < s->c && pixel_x >= 0; c++) {
          if (back)
            to[pixel_x * s->c + c] += from[pixel_y * s->c + c];
          else
            to[pixel_y * s->c + c] = from[pixel_x * s->c + c];
        }
      }
}

void clgan_ref_shift(const struct clgan_ref_shift *s, const double *x, double *y) {
  shift(s, x, y, false);
}
void clgan_ref_shift_bwd(const struct clgan_ref_shift *s, const double *dy, double *dx) {
  shift(s, dy, dx, true);
}

void clgan_ref_rowdot(size_t rows, size_t cols, const double *a, const double *b, double *y) {
  for (size_t r = 0; r < rows; r++) {
    double sum = 0;
    for (size_t c = 0; c < cols; c++) sum += a[r * cols + c] * b[r * cols + c];
    y[r] = sum;
  }
}

void clgan_ref_rowscale(size_t rows, size_t cols, const double *s, const double *b, double *y) {
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < cols; c++) y[r * cols + c] = s[r] * b[r * cols + c];
}
