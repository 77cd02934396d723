/* sheets.c - pictures of what a model does. */
#include <string.h>

#include "base/mem.h"
#include "data/sheet.h"
#include "train/loop.h"

static size_t image_size(const struct clgan_model *m) { return (size_t)m->height * (size_t)m->width * (size_t)m->channels; }

static enum clgan_pixel_range range(const struct clgan_model *m) { return m->pixels_01 ? CLGAN_PIXELS_UNIT : CLGAN_PIXELS_TANH; }

static enum clgan_status create(const struct clgan_model *m, size_t rows, size_t cols, struct clgan_sheet **out, struct clgan_error *e) {
  return clgan_sheet_create((uint32_t)rows, (uint32_t)cols, (uint32_t)m->height, (uint32_t)m->width, (uint32_t)m->channels, out, e);
}

/* z and c of every cell, row by row. Without conditions every cell has a code of its own. */
static void spread(const struct clgan_model *m, const float *conditions, size_t n_rows, const float *z, size_t n_cols, float *zz, float *cc) {
  size_t zs = (size_t)m->latent, cs = (size_t)m->condition_size;
  for (size_t r = 0; r < n_rows; r++)
    for (size_t k = 0; k < n_cols; k++) {
      size_t cell = r * n_cols + k;
      memcpy(zz + cell * zs, z + (conditions ? k : cell) * zs, zs * sizeof *zz);
      if (conditions) memcpy(cc + cell * cs, conditions + r * cs, cs * sizeof *cc);
    }
}

enum clgan_status clgan_sheet_grid(struct clgan_sampler *s, const struct clgan_model *m, const float *conditions, size_t n_rows, const float *z,
                                   size_t n_cols, const char *path, struct clgan_error *e) {
  size_t n = n_rows * n_cols, size = image_size(m);
  float *zz = clgan_mem_array(n, sizeof *zz * (size_t)m->latent), *cc = conditions ? clgan_mem_array(n, sizeof *cc * (size_t)m->condition_size) : NULL;
  float *x = clgan_mem_array(n, sizeof *x * size);
  unsigned char *cell = clgan_mem_array(size, 1);
  struct clgan_sheet *sheet = NULL;
  spread(m, conditions, n_rows, z, n_cols, zz, cc);
  enum clgan_status st = clgan_sampler_generate(s, n, zz, cc, x, e);
  if (st == CLGAN_OK) st = create(m, n_rows, n_cols, &sheet, e);
  for (size_t k = 0; k < n && st == CLGAN_OK; k++) {
    clgan_pixels_from_float(x + k * size, size, range(m), cell);
    clgan_sheet_put(sheet, (uint32_t)(k / n_cols), (uint32_t)(k % n_cols), cell);
  }
  if (st == CLGAN_OK) st = clgan_sheet_write(sheet, path, e);
  clgan_sheet_destroy(sheet);
  clgan_mem_free(zz);
  clgan_mem_free(cc);
  clgan_mem_free(x);
  clgan_mem_free(cell);
  return st;
}

/* x = G(E(images), c), c by E itself where not given. */
static enum clgan_status reconstruct(struct clgan_sampler *s, const struct clgan_model *m, size_t n, const unsigned char *images, const float *c,
                                     float *x, struct clgan_error *e) {
  size_t cs = (size_t)m->condition_size, fs = (size_t)clgan_sampler_factors(m);
  float *z = clgan_mem_array(n, sizeof *z * (size_t)m->latent), *f = clgan_mem_array(n, sizeof *f * (fs + 1));
  float *own = clgan_mem_array(n, sizeof *own * (cs + 1));
  enum clgan_status st = clgan_sampler_encode(s, n, images, z, fs ? f : NULL, e);
  for (size_t k = 0; k < n && fs && st == CLGAN_OK; k++) clgan_condition_from_factors(m, f + k * fs, own + k * cs);
  if (st == CLGAN_OK) st = clgan_sampler_generate(s, n, z, c ? c : own, x, e);
  clgan_mem_free(z);
  clgan_mem_free(f);
  clgan_mem_free(own);
  return st;
}

enum clgan_status clgan_sheet_pairs(struct clgan_sampler *s, const struct clgan_model *m, size_t n, const unsigned char *images, const float *c,
                                    size_t pairs_across, const char *path, struct clgan_error *e) {
  size_t size = image_size(m), across = n < pairs_across ? n : pairs_across, rows = (n + across - 1) / across;
  float *x = clgan_mem_array(n, sizeof *x * size);
  unsigned char *cell = clgan_mem_array(size, 1);
  struct clgan_sheet *sheet = NULL;
  enum clgan_status st = reconstruct(s, m, n, images, c, x, e);
  if (st == CLGAN_OK) st = create(m, rows, 2 * across, &sheet, e);
  for (size_t k = 0; k < n && st == CLGAN_OK; k++) {
    uint32_t row = (uint32_t)(k / across), col = (uint32_t)(2 * (k % across));
    clgan_sheet_put(sheet, row, col, images + k * size);
    clgan_pixels_from_float(x + k * size, size, range(m), cell);
    clgan_sheet_put(sheet, row, col + 1, cell);
  }
  if (st == CLGAN_OK) st = clgan_sheet_write(sheet, path, e);
  clgan_sheet_destroy(sheet);
  clgan_mem_free(x);
  clgan_mem_free(cell);
  return st;
}
