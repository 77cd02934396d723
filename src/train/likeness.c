/* likeness.c - how alike two sets of images are: squared and absolute error, PSNR, SSIM. */
#include <math.h>

#include "base/mem.h"
#include "train/measure.h"

#define WINDOW 11
#define SIGMA 1.5

/* Weights of the largest odd window of at most WINDOW that fits. @return its size */
static size_t window_of(size_t extent, double weight[WINDOW]) {
  size_t n = extent < WINDOW ? extent - (extent + 1) % 2 : WINDOW;
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    double x = (double)i - (double)(n / 2);
    weight[i] = exp(-x * x / (2 * SIGMA * SIGMA));
    sum += weight[i];
  }
  for (size_t i = 0; i < n; i++) weight[i] /= sum;
  return n;
}

/* Windowed means of a, b, aa, bb, ab along a row, then down the columns: the window is a product of two. */
enum { MOMENTS = 5 };

static void row_moments(const unsigned char *a, const unsigned char *b, size_t step, size_t n, size_t window,
                        const double *weight, double *out) {
  for (size_t x = 0; x + window <= n; x++) {
    double m[MOMENTS] = {0};
    for (size_t i = 0; i < window; i++) {
      double p = (double)a[(x + i) * step] / 255, q = (double)b[(x + i) * step] / 255;
      m[0] += weight[i] * p;
      m[1] += weight[i] * q;
      m[2] += weight[i] * p * p;
      m[3] += weight[i] * q * q;
      m[4] += weight[i] * p * q;
    }
    for (size_t k = 0; k < MOMENTS; k++) out[x * MOMENTS + k] = m[k];
  }
}

/* Formula 13 of the paper, with C1 = (0.01)^2, C2 = (0.03)^2. */
static double ssim_of(const double m[MOMENTS]) {
  const double c1 = 0.01 * 0.01, c2 = 0.03 * 0.03;
  double va = m[2] - m[0] * m[0], vb = m[3] - m[1] * m[1], ab = m[4] - m[0] * m[1];
  return (2 * m[0] * m[1] + c1) * (2 * ab + c2) / ((m[0] * m[0] + m[1] * m[1] + c1) * (va + vb + c2));
}

/* Mean over the places of one channel of one image; memory: [h, w, MOMENTS]. */
static double ssim_channel(const unsigned char *a, const unsigned char *b, size_t h, size_t w, size_t c,
                           double *memory) {
  double across[WINDOW], down[WINDOW], sum = 0;
  size_t wx = window_of(w, across), wy = window_of(h, down), nx = w - wx + 1, ny = h - wy + 1;
  for (size_t y = 0; y < h; y++) row_moments(a + y * w * c, b + y * w * c, c, w, wx, across, memory + y * w * MOMENTS);
  for (size_t y = 0; y < ny; y++)
    for (size_t x = 0; x < nx; x++) {
      double m[MOMENTS] = {0};
      for (size_t i = 0; i < wy; i++)
        for (size_t k = 0; k < MOMENTS; k++) m[k] += down[i] * memory[((y + i) * w + x) * MOMENTS + k];
      sum += ssim_of(m);
    }
  return sum / (double)(nx * ny);
}

void clgan_measure_likeness(const unsigned char *a, const unsigned char *b, size_t n, size_t h, size_t w, size_t c,
                            struct clgan_likeness *out) {
  size_t size = h * w * c;
  struct clgan_likeness sum = {0};
  *out = sum;
  if (n == 0 || size == 0) return;
  double *memory = clgan_mem_array(h * w * MOMENTS, sizeof *memory);
  for (size_t i = 0; i < n; i++, a += size, b += size) {
    double squares = 0, absolute = 0, ssim = 0;
    for (size_t p = 0; p < size; p++) {
      double d = ((double)a[p] - (double)b[p]) / 255;
      squares += d * d;
      absolute += fabs(d);
    }
    for (size_t k = 0; k < c; k++) ssim += ssim_channel(a + k, b + k, h, w, c, memory);
    double mse = squares / (double)size;
    sum.mse += mse;
    sum.mae += absolute / (double)size;
    sum.psnr += mse > 1e-10 ? -10 * log10(mse) : 100;
    sum.ssim += ssim / (double)c;
  }
  *out = (struct clgan_likeness){sum.mse / (double)n, sum.mae / (double)n, sum.psnr / (double)n, sum.ssim / (double)n};
  clgan_mem_free(memory);
}

/* Rec. 601 luma of a pixel, 0 to 255. */
static double luma(const unsigned char *p, size_t c) {
  return c == 3 ? 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2] : p[0];
}

void clgan_measure_sharpness(const unsigned char *x, size_t n, size_t h, size_t w, size_t c, double *out) {
  double *grey = clgan_mem_array(h * w + 1, sizeof *grey);
  for (size_t i = 0; i < n; i++, x += h * w * c) {
    double sum = 0, squares = 0, places = 0;
    for (size_t p = 0; p < h * w; p++) grey[p] = luma(x + p * c, c);
    for (size_t row = 1; row + 1 < h; row++)
      for (size_t p = row * w + 1; p + 1 < row * w + w; p++) {
        double l = grey[p - 1] + grey[p + 1] + grey[p - w] + grey[p + w] - 4 * grey[p];
        sum += l, squares += l * l, places++;
      }
    out[i] = places > 0 ? squares / places - sum / places * (sum / places) : 0;
  }
  clgan_mem_free(grey);
}
