/* sheets.c - pictures of what a model does. */
#include <string.h>

#include "base/mem.h"
#include "data/sheet.h"
#include "train/loop.h"

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

enum clgan_status clgan_sheet_cells(struct clgan_sampler *s, const struct clgan_model *m, const struct clgan_cells *cells, const char *path,
                                    struct clgan_error *e) {
  size_t n = cells->rows * cells->cols, size = clgan_model_image_size(m);
  float *x = clgan_mem_array(n, sizeof *x * size);
  unsigned char *cell = clgan_mem_array(size, 1);
  struct clgan_sheet *sheet = NULL;
  enum clgan_status st = clgan_sampler_generate(s, n, cells->z, cells->c, x, e);
  if (st == CLGAN_OK) st = clgan_sampler_sheet(m, cells->rows, cells->cols, &sheet, e);
  for (size_t k = 0; k < n && st == CLGAN_OK; k++) {
    clgan_sampler_pixels(m, 1, x + k * size, cell);
    const unsigned char *given = cells->given ? cells->given[k] : NULL;
    clgan_sheet_put(sheet, (uint32_t)(k / cells->cols), (uint32_t)(k % cells->cols), given ? given : cell);
  }
  if (st == CLGAN_OK) st = clgan_sheet_write(sheet, path, e);
  clgan_sheet_destroy(sheet);
  clgan_mem_free(x);
  clgan_mem_free(cell);
  return st;
}

enum clgan_status clgan_sheet_grid(struct clgan_sampler *s, const struct clgan_model *m, const float *conditions, size_t n_rows, const float *z,
                                   size_t n_cols, const char *path, struct clgan_error *e) {
  struct clgan_cells cells = {.rows = n_rows, .cols = n_cols};
  size_t n = n_rows * n_cols;
  cells.z = clgan_mem_array(n, sizeof *cells.z * (size_t)m->latent);
  cells.c = conditions ? clgan_mem_array(n, sizeof *cells.c * (size_t)m->condition_size) : NULL;
  spread(m, conditions, n_rows, z, n_cols, cells.z, cells.c);
  enum clgan_status st = clgan_sheet_cells(s, m, &cells, path, e);
  clgan_mem_free(cells.z);
  clgan_mem_free(cells.c);
  return st;
}

enum clgan_status clgan_sheet_beside(const struct clgan_model *m, size_t n, const unsigned char *images, const float *const *drawn,
                                     size_t n_drawn, size_t across, const char *path, struct clgan_error *e) {
  size_t size = clgan_model_image_size(m), wide = n_drawn + 1;
  if (n < across) across = n;
  struct clgan_sheet *sheet = NULL;
  CLGAN_TRY(clgan_sampler_sheet(m, (n + across - 1) / across, wide * across, &sheet, e));
  unsigned char *cell = clgan_mem_array(size, 1);
  for (size_t k = 0; k < n; k++) {
    uint32_t row = (uint32_t)(k / across), col = (uint32_t)(wide * (k % across));
    clgan_sheet_put(sheet, row, col, images + k * size);
    for (size_t i = 0; i < n_drawn; i++) {
      clgan_sampler_pixels(m, 1, drawn[i] + k * size, cell);
      clgan_sheet_put(sheet, row, col + 1 + (uint32_t)i, cell);
    }
  }
  enum clgan_status s = clgan_sheet_write(sheet, path, e);
  clgan_sheet_destroy(sheet);
  clgan_mem_free(cell);
  return s;
}
