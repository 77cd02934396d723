/* conv.c - convolution by its definition. */
#include "ref/conv.h"

#include <stdlib.h>
#include <string.h>

/* Offset of input pixel (image n, row y*stride-pad+kh, ...) in pixels, or -1 outside the image. */
static ptrdiff_t source(const struct clgan_ref_geom *q, int n, int y, int x, int kh, int kw) {
  int r = y * q->stride - q->pad + kh, c = x * q->stride - q->pad + kw;
  if (r < 0 || r >= q->hi || c < 0 || c >= q->wi) return -1;
  return ((ptrdiff_t)n * q->hi + r) * q->wi + c;
}

enum pass { FORWARD, FORWARD_SWAPPED, TRANSPOSED, TRANSPOSED_SWAPPED, WGRAD, WGRAD_SWAPPED };

/* One (output-side pixel, tap) pair of each product. */
static void pair(enum pass pass, const struct clgan_ref_geom *q, const double *in, const double *small, const double *w, double *out) {
  int ci = q->ci, co = q->co;
  switch (pass) {
    case FORWARD:
      for (int i = 0; i < ci; i++)
        for (int o = 0; o < co; o++) out[o] += in[i] * w[i * co + o];
      break;
    case FORWARD_SWAPPED:
      for (int o = 0; o < co; o++)
        for (int i = 0; i < ci; i++) out[o] += in[i] * w[o * ci + i];
      break;
    case TRANSPOSED:
      for (int o = 0; o < co; o++)
        for (int i = 0; i < ci; i++) out[i] += small[o] * w[o * ci + i];
      break;
    case TRANSPOSED_SWAPPED:
      for (int i = 0; i < ci; i++)
        for (int o = 0; o < co; o++) out[i] += small[o] * w[i * co + o];
      break;
    case WGRAD:
      for (int i = 0; i < ci; i++)
        for (int o = 0; o < co; o++) out[i * co + o] += in[i] * small[o];
      break;
    case WGRAD_SWAPPED:
      for (int o = 0; o < co; o++)
        for (int i = 0; i < ci; i++) out[o * ci + i] += in[i] * small[o];
      break;
  }
}

static void walk(enum pass pass, const struct clgan_ref_geom *q, const double *in, const double *small, const double *w, double *out) {
  size_t tap_size = (size_t)q->ci * (size_t)q->co;
  for (int n = 0; n < q->n; n++)
    for (int y = 0; y < q->ho; y++)
      for (int x = 0; x < q->wo; x++) {
        size_t p = ((size_t)n * (size_t)q->ho + (size_t)y) * (size_t)q->wo + (size_t)x;
        for (int kh = 0; kh < q->kh; kh++)
          for (int kw = 0; kw < q->kw; kw++) {
            ptrdiff_t s = source(q, n, y, x, kh, kw);
            if (s < 0) continue;
            size_t tap = (size_t)(kh * q->kw + kw) * tap_size, si = (size_t)s * (size_t)q->ci, so = p * (size_t)q->co;
            double *to = pass <= FORWARD_SWAPPED ? out + so : pass <= TRANSPOSED_SWAPPED ? out + si : out + tap;
            pair(pass, q, in ? in + si : NULL, small ? small + so : NULL, w ? w + tap : NULL, to);
          }
      }
}

void clgan_ref_conv(const struct clgan_ref_geom *q, const double *a, const double *b, int swapped, double *y) {
  memset(y, 0, sizeof *y * (size_t)q->n * (size_t)q->ho * (size_t)q->wo * (size_t)q->co);
  walk(swapped ? FORWARD_SWAPPED : FORWARD, q, a, NULL, b, y);
}

void clgan_ref_conv_transposed(const struct clgan_ref_geom *q, const double *a, const double *b, int swapped, double *y) {
  memset(y, 0, sizeof *y * (size_t)q->n * (size_t)q->hi * (size_t)q->wi * (size_t)q->ci);
  walk(swapped ? TRANSPOSED_SWAPPED : TRANSPOSED, q, NULL, a, b, y);
}

void clgan_ref_conv_wgrad(const struct clgan_ref_geom *q, const double *x, const double *dy, int swapped, double *dw) {
  memset(dw, 0, sizeof *dw * (size_t)q->kh * (size_t)q->kw * (size_t)q->ci * (size_t)q->co);
  walk(swapped ? WGRAD_SWAPPED : WGRAD, q, x, dy, NULL, dw);
}

/* -- single elements -- */

static size_t size_of(int n) { return (size_t)n; }

/* Offset of output pixel (n, y, x) in pixels. */
static size_t small_pixel(const struct clgan_ref_geom *q, int n, int y, int x) {
  return (size_of(n) * size_of(q->ho) + size_of(y)) * size_of(q->wo) + size_of(x);
}

double clgan_ref_conv_at(const struct clgan_ref_geom *q, const float *a, const float *b, int swapped, size_t index) {
  size_t ci = size_of(q->ci), co = size_of(q->co), o = index % co, pixel = index / co;
  div_t row = div((int)(pixel / size_of(q->wo)), q->ho);
  int x = (int)(pixel % size_of(q->wo));
  double sum = 0;
  for (int kh = 0; kh < q->kh; kh++)
    for (int kw = 0; kw < q->kw; kw++) {
      ptrdiff_t s = source(q, row.quot, row.rem, x, kh, kw);
      const float *w = b + size_of(kh * q->kw + kw) * ci * co + (swapped ? o * ci : o);
      for (size_t i = 0; s >= 0 && i < ci; i++)
        sum += (double)a[(size_t)s * ci + i] * (double)w[swapped ? i : i * co];
    }
  return sum;
}

/* Every (output pixel, tap) pair that meets input row @p r: y * stride = r + pad - k. -1: none does. */
static int meets(int r, int k, int stride, int pad, int extent) {
  int y = r + pad - k;
  return y >= 0 && y % stride == 0 && y / stride < extent ? y / stride : -1;
}

double clgan_ref_conv_transposed_at(const struct clgan_ref_geom *q, const float *a, const float *b, int swapped,
                                    size_t index) {
  size_t ci = size_of(q->ci), co = size_of(q->co), i = index % ci, pixel = index / ci;
  div_t row = div((int)(pixel / size_of(q->wi)), q->hi);
  int c = (int)(pixel % size_of(q->wi));
  double sum = 0;
  for (int kh = 0; kh < q->kh; kh++)
    for (int kw = 0; kw < q->kw; kw++) {
      int y = meets(row.rem, kh, q->stride, q->pad, q->ho), x = meets(c, kw, q->stride, q->pad, q->wo);
      if (y < 0 || x < 0) continue;
      const float *from = a + small_pixel(q, row.quot, y, x) * co, *w = b + size_of(kh * q->kw + kw) * ci * co;
      for (size_t o = 0; o < co; o++) sum += (double)from[o] * (double)w[swapped ? i * co + o : o * ci + i];
    }
  return sum;
}

double clgan_ref_conv_wgrad_at(const struct clgan_ref_geom *q, const float *x, const float *dy, int swapped,
                               size_t index) {
  size_t ci = size_of(q->ci), co = size_of(q->co), inner = swapped ? ci : co, outer = swapped ? co : ci;
  size_t b = index % inner, a = index / inner % outer, tap = index / inner / outer;
  size_t i = swapped ? b : a, o = swapped ? a : b;
  div_t k = div((int)tap, q->kw);
  double sum = 0;
  for (int n = 0; n < q->n; n++)
    for (int y = 0; y < q->ho; y++)
      for (int c = 0; c < q->wo; c++) {
        ptrdiff_t s = source(q, n, y, c, k.quot, k.rem);
        if (s >= 0) sum += (double)x[(size_t)s * ci + i] * (double)dy[small_pixel(q, n, y, c) * co + o];
      }
  return sum;
}
