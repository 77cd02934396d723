/* Contact sheets and the way from a model's numbers to pixels. */
#include "data/sheet.h"
#include <string.h>
#include "base/mem.h"
#include "data/image.h"

enum clgan_status clgan_sheet_create(uint32_t rows, uint32_t cols, uint32_t height, uint32_t width, uint32_t channels,
                                     struct clgan_sheet **out, struct clgan_error *e) {
  *out = NULL;
  uint64_t h = (uint64_t)rows * height, w = (uint64_t)cols * width;
  if (h == 0 || w == 0 || (channels != 1 && channels != 3))
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "a sheet of %ux%u cells of %ux%u with %u channels cannot be drawn; ask for at "
                           "least one cell of 1 or 3 channels",
                           rows, cols, height, width, channels);
  if (h > CLGAN_IMAGE_MAX_SIDE || w > CLGAN_IMAGE_MAX_SIDE || h * w > CLGAN_IMAGE_MAX_PIXELS)
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "a sheet of %ux%u cells of %ux%u pixels is too large for one image; ask for "
                           "fewer",
                           rows, cols, height, width);
  void *pixels;
  CLGAN_TRY(clgan_mem_try(&pixels, (size_t)(h * w), channels, "a sheet of images", e));
  struct clgan_sheet *s = clgan_mem_alloc(sizeof *s);
  *s = (struct clgan_sheet){rows, cols, height, width, channels, pixels};
  *out = s;
  return CLGAN_OK;
}

void clgan_sheet_destroy(struct clgan_sheet *s) {
  if (!s) return;
  clgan_mem_free(s->pixels);
  clgan_mem_free(s);
}

void clgan_sheet_put(struct clgan_sheet *s, uint32_t row, uint32_t col, const unsigned char *cell) {
  size_t line = (size_t)s->width * s->channels, stride = line * s->cols;
  unsigned char *to = s->pixels + (size_t)row * s->height * stride + col * line;
  for (uint32_t y = 0; y < s->height; y++) memcpy(to + y * stride, cell + y * line, line);
}

enum clgan_status clgan_sheet_write(const struct clgan_sheet *s, const char *path, struct clgan_error *e) {
  return clgan_image_write_png(path, s->rows * s->height, s->cols * s->width, s->channels, s->pixels, e);
}

unsigned char clgan_pixel_from_float(float x, enum clgan_pixel_range range) {
  float low = range == CLGAN_PIXELS_TANH ? -1.0f : 0.0f;
  if (!(x > low)) x = low; /* NaN too */
  if (x > 1.0f) x = 1.0f;
  return (unsigned char)((range == CLGAN_PIXELS_TANH ? (x + 1.0f) * 127.5f : x * 255.0f) + 0.5f);
}

void clgan_pixels_from_float(const float *x, size_t n, enum clgan_pixel_range range, unsigned char *out) {
  for (size_t i = 0; i < n; i++) out[i] = clgan_pixel_from_float(x[i], range);
}

float clgan_pixel_to_float(unsigned char u, enum clgan_pixel_range range) {
  return range == CLGAN_PIXELS_TANH ? (float)u / 127.5f - 1.0f : (float)u / 255.0f;
}
