/* conv.c - convolution by its definition. */
#include "ref/conv.h"

#include <stddef.h>
#include <string.h>

/* Offset of input pixel (image n, row y*stride-pad+kh, ...) in pixels, or -1 outside the image. */
static ptrdiff_t source(const struct clgan_ref_geom *q, int n, int y, int x, int kh, int kw) {
  int r = y * q->stride - q->pad + kh, c = x * q->stride - q->pad + kw;
  if (r < 0 || r >= q->hi || c < 0 || c >= q->wi) return -1;
  return ((ptrdiff_t)n * q->hi + r) * q->wi + c;
}

enum pass { FORWARD, TRANSPOSED, WGRAD, WGRAD_SWAPPED };

/* One (output-side pixel, tap) pair of each product. */
static void pair(enum pass pass, const struct clgan_ref_geom *q, const double *in, const double *small, const double *w, double *out) {
  int ci = q->ci, co = q->co;
  switch (pass) {
    case FORWARD:
      for (int i = 0; i < ci; i++)
        for (int o = 0; o < co; o++) out[o] += in[i] * w[i * co + o];
      break;
    case TRANSPOSED:
      for (int o = 0; o < co; o++)
        for (int i = 0; i < ci; i++) out[i] += small[o] * w[o * ci + i];
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
            double *to = pass == FORWARD ? out + so : pass == TRANSPOSED ? out + si : out + tap;
            pair(pass, q, in ? in + si : NULL, small ? small + so : NULL, w ? w + tap : NULL, to);
          }
      }
}

void clgan_ref_conv(const struct clgan_ref_geom *q, const double *a, const double *b, double *y) {
  memset(y, 0, sizeof *y * (size_t)q->n * (size_t)q->ho * (size_t)q->wo * (size_t)q->co);
  walk(FORWARD, q, a, NULL, b, y);
}

void clgan_ref_conv_transposed(const struct clgan_ref_geom *q, const double *a, const double *b, double *y) {
  memset(y, 0, sizeof *y * (size_t)q->n * (size_t)q->hi * (size_t)q->wi * (size_t)q->ci);
  walk(TRANSPOSED, q, NULL, a, b, y);
}

void clgan_ref_conv_wgrad(const struct clgan_ref_geom *q, const double *x, const double *dy, int swapped, double *dw) {
  memset(dw, 0, sizeof *dw * (size_t)q->kh * (size_t)q->kw * (size_t)q->ci * (size_t)q->co);
  walk(swapped ? WGRAD_SWAPPED : WGRAD, q, x, dy, NULL, dw);
}
