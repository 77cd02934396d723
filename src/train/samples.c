/* samples.c: the sheet that a training run draws of itself now and then. SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/mem.h"
#include "train/loop.h"

enum { COLUMNS = 10, AGES = 10, OLDEST = 80 };

static enum clgan_status classes(struct clgan_sampler *s, const struct clgan_model *m, const char *path,
                                 struct clgan_error *e) {
  size_t rows = m->condition == CLGAN_CONDITION_CLASS ? (size_t)m->classes : COLUMNS, C = (size_t)m->condition_size;
  float *c = C ? clgan_mem_array(rows, sizeof *c * C) : NULL;
  for (size_t k = 0; k < rows && c; k++) clgan_condition_class(m, (int)k, c + k * C);
  size_t codes = c ? COLUMNS : rows * COLUMNS;
  float *z = clgan_mem_array(codes, sizeof *z * (size_t)m->latent);
  clgan_latent_draw(m, 0, 0, codes, z);
  enum clgan_status st = clgan_sheet_grid(s, m, c, rows, z, COLUMNS, path, e);
  clgan_mem_free(c);
  clgan_mem_free(z);
  return st;
}

/* -- faces -- */

/* Faces that the nets have not seen, if the set has such; spread over the part. */
static unsigned char *held_out(const struct clgan_model *m, const struct clgan_dataset *d, float age[AGES],
                               float gender[AGES]) {
  struct clgan_error ignored = {0};
  uint32_t *items = NULL, n = 0, some[AGES], holdout = (uint32_t)m->settings.holdout;
  if (!d || (clgan_dataset_select(d, CLGAN_PART_TEST, holdout, &items, &n, &ignored) != CLGAN_OK &&
             clgan_dataset_select(d, CLGAN_PART_HOLDOUT, holdout, &items, &n, &ignored) != CLGAN_OK &&
             clgan_dataset_select(d, CLGAN_PART_TRAIN, holdout, &items, &n, &ignored) != CLGAN_OK))
    return NULL;
  const struct clgan_batch_labels labels = {.age = age, .gender = gender};
  unsigned char *images = clgan_mem_array(AGES, clgan_model_image_size(m));
  for (uint32_t k = 0; k < AGES; k++) some[k] = items[(uint64_t)k * n / AGES];
  clgan_dataset_gather(d, some, AGES, images, &labels);
  clgan_mem_free(items);
  return images;
}

/* A row for each age: the columns' codes as men, the same codes as women; then an original and its reconstruction. */
static void fill(const struct clgan_model *m, size_t cols, const float *z, const float *encoded, const float *age,
                 const float *gender, struct clgan_cells *out) {
  size_t Z = (size_t)m->latent, C = (size_t)m->condition_size, codes = m->settings.gender ? COLUMNS / 2 : COLUMNS;
  for (size_t row = 0; row < AGES; row++)
    for (size_t col = 0; col < cols; col++) {
      bool made = col < COLUMNS;
      float *c = out->c + (row * cols + col) * C;
      memcpy(out->z + (row * cols + col) * Z, made ? z + col % codes * Z : encoded + row * Z, Z * sizeof *z);
      if (made)
        clgan_condition_face(m, OLDEST * (double)row / (AGES - 1), (double)(col / codes), c);
      else
        clgan_condition_face(m, (double)age[row], (double)gender[row], c);
    }
}

static enum clgan_status faces(struct clgan_sampler *s, const struct clgan_model *m, const struct clgan_dataset *d,
                               const char *path, struct clgan_error *e) {
  float age[AGES] = {0}, gender[AGES] = {0};
  unsigned char *images = held_out(m, d, age, gender);
  size_t Z = (size_t)m->latent, cols = images ? COLUMNS + 2 : COLUMNS;
  size_t size = clgan_model_image_size(m);
  float *z = clgan_mem_array(COLUMNS, Z * sizeof *z), *encoded = clgan_mem_array(AGES, Z * sizeof *encoded);
  struct clgan_cells cells = {.rows = AGES, .cols = cols};
  cells.z = clgan_mem_array(AGES * cols, Z * sizeof *cells.z);
  cells.c = clgan_mem_array(AGES * cols, (size_t)m->condition_size * sizeof *cells.c);
  cells.given = clgan_mem_array(AGES * cols, sizeof *cells.given);
  clgan_latent_draw(m, 0, 0, COLUMNS, z);
  enum clgan_status st = images ? clgan_sampler_encode(s, AGES, images, encoded, NULL, e) : CLGAN_OK;
  fill(m, cols, z, encoded, age, gender, &cells);
  for (size_t row = 0; row < AGES && images; row++) cells.given[row * cols + COLUMNS] = images + row * size;
  if (st == CLGAN_OK) st = clgan_sheet_cells(s, m, &cells, path, e);
  clgan_mem_free(cells.z);
  clgan_mem_free(cells.c);
  clgan_mem_free(cells.given);
  clgan_mem_free(z);
  clgan_mem_free(encoded);
  clgan_mem_free(images);
  return st;
}

enum clgan_status clgan_sheet_samples(struct clgan_sampler *s, const struct clgan_model *m,
                                      const struct clgan_dataset *d, const char *path, struct clgan_error *e) {
  return m->condition == CLGAN_CONDITION_FACE ? faces(s, m, d, path, e) : classes(s, m, path, e);
}
