/* jitter.c - random changes of images: turned, scaled, moved, mirrored, relit. */
#include "data/jitter.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

void clgan_image_mirror(unsigned char *image, uint32_t height, uint32_t width, uint32_t channels) {
  for (uint32_t y = 0; y < height; y++) {
    unsigned char *row = image + (size_t)y * width * channels;
    for (uint32_t x = 0; x < width / 2; x++)
      for (uint32_t c = 0; c < channels; c++) {
        unsigned char *a = row + x * channels + c, *b = row + (width - 1 - x) * channels + c, swap = *a;
        *a = *b;
        *b = swap;
      }
  }
}

/* Evenly in -reach..reach. */
static float draw(struct clgan_random *r, float reach) {
  return reach * (2 * clgan_random_uniform(r) - 1);
}

static unsigned char to_byte(float v) {
  return (unsigned char)(v <= 0 ? 0 : v >= 255 ? 255 : v + 0.5f);
}

/* Pixel to the left of x and its neighbour, both inside, and how far x is from the first. */
static float between(float x, uint32_t n, uint32_t at[2]) {
  float last = (float)(n - 1), in = x < 0 ? 0 : x > last ? last : x;
  at[0] = (uint32_t)in;
  at[1] = at[0] + 1 < n ? at[0] + 1 : at[0];
  return in - (float)at[0];
}

struct view {
  float xx, xy, yx, yy, x0, y0; /* where a pixel comes from */
  float gain, offset;           /* what its value becomes */
};

static void warp(const unsigned char *from, uint32_t h, uint32_t w, uint32_t c, const struct view *v,
                 unsigned char *to) {
  float cx = (float)(w - 1) / 2, cy = (float)(h - 1) / 2;
  for (uint32_t y = 0; y < h; y++)
    for (uint32_t x = 0; x < w; x++, to += c) {
      float dx = (float)x - cx, dy = (float)y - cy;
      uint32_t px[2], py[2];
      float fx = between(cx + v->xx * dx + v->xy * dy + v->x0, w, px);
      float fy = between(cy + v->yx * dx + v->yy * dy + v->y0, h, py);
      const unsigned char *top = from + (size_t)py[0] * w * c, *low = from + (size_t)py[1] * w * c;
      for (uint32_t k = 0; k < c; k++) {
        float a = (float)top[px[0] * c + k], b = (float)top[px[1] * c + k];
        float d = (float)low[px[0] * c + k], e = (float)low[px[1] * c + k];
        float up = a + fx * (b - a), down = d + fx * (e - d);
        to[k] = to_byte(v->gain * (up + fy * (down - up)) + v->offset);
      }
    }
}

void clgan_image_jitter(unsigned char *image, uint32_t height, uint32_t width, uint32_t channels,
                        const struct clgan_jitter *j, struct clgan_random *r, unsigned char *room) {
  size_t n = (size_t)height * width * channels;
  float angle = draw(r, j->turn) * 0.01745329252f, zoom = 1 / (1 + draw(r, j->scale));
  float dx = draw(r, j->shift) * (float)width, dy = draw(r, j->shift) * (float)height;
  float light = draw(r, j->light) * 255, gain = 1 + draw(r, j->contrast);
  bool mirrored = clgan_random_below(r, 2) != 0;
  (void)clgan_random_u32(r);
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += image[i];
  float mean = n ? (float)(sum / (double)n) : 0, cosine = zoom * cosf(angle), sine = zoom * sinf(angle);
  const struct view v = {cosine, -sine, sine, cosine, dx, dy, gain, mean - gain * mean + light};
  if (j->mirror && mirrored) clgan_image_mirror(image, height, width, channels);
  memcpy(room, image, n);
  warp(room, height, width, channels, &v, image);
}
