/** @file sheet.h  Contact sheets: a grid of equal images whose cells touch, written as one PNG. */
#ifndef CLGAN_DATA_SHEET_H
#define CLGAN_DATA_SHEET_H
#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

struct clgan_sheet {
  uint32_t rows, cols, height, width, channels; /**< cells, and the shape of one */
  unsigned char *pixels;                        /**< [rows*height, cols*width, channels]; black where nothing was put */
};

/** @param channels 1 or 3. @return CLGAN_ERR_USAGE (a zero or other channels, a side above CLGAN_IMAGE_MAX_SIDE or more
 * than CLGAN_IMAGE_MAX_PIXELS pixels) or MEMORY. */
enum clgan_status clgan_sheet_create(uint32_t rows, uint32_t cols, uint32_t height, uint32_t width, uint32_t channels,
                                     struct clgan_sheet **out, struct clgan_error *e);
void clgan_sheet_destroy(struct clgan_sheet *s); /**< destroy(NULL) is legal */
/** Copies @p cell [height,width,channels] to (row, col), which must lie inside the grid. */
void clgan_sheet_put(struct clgan_sheet *s, uint32_t row, uint32_t col, const unsigned char *cell);
/** Writes the sheet as a PNG, atomically. */
enum clgan_status clgan_sheet_write(const struct clgan_sheet *s, const char *path, struct clgan_error *e);

/** The range of a model's pixels. */
enum clgan_pixel_range {
  CLGAN_PIXELS_TANH, /**< -1..1: u = round((clamp(x) + 1) * 127.5) */
  CLGAN_PIXELS_UNIT  /**< 0..1: u = round(clamp(x) * 255) */
};
/** Halves round up; NaN becomes 0. */
unsigned char clgan_pixel_from_float(float x, enum clgan_pixel_range range);
void clgan_pixels_from_float(const float *x, size_t n, enum clgan_pixel_range range, unsigned char *out);
/** The inverse: u/127.5 - 1, or u/255. */
float clgan_pixel_to_float(unsigned char u, enum clgan_pixel_range range);
#endif
