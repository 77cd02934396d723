/* evaluate_faces.c - the passes that only evaluations of faces have: ages and genders asked for, real faces made older
   and younger, and what two judges say of them. */
#include <string.h>

#include "base/mem.h"
#include "data/sheet.h"
#include "train/evaluate_private.h"

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* -- memory -- */
static enum clgan_status bytes(unsigned char **out, size_t n, size_t width, struct clgan_error *e) {
  void *p = NULL;
  CLGAN_TRY(clgan_mem_try(&p, n ? n : 1, width, "faces", e));
  *out = p;
  return CLGAN_OK;
}

static enum clgan_status doubles(double **out, size_t n, struct clgan_error *e) {
  void *p = NULL;
  CLGAN_TRY(clgan_mem_try(&p, n ? n : 1, sizeof **out, "faces", e));
  *out = p;
  return CLGAN_OK;
}

static enum clgan_status readings(size_t n, float **told, float **logit, unsigned char **gender,
                                  struct clgan_error *e) {
  CLGAN_TRY(clgan_evaluate_rows(told, n, CLGAN_AGES, "readings", e));
  CLGAN_TRY(clgan_evaluate_rows(logit, n, CLGAN_AGES, "readings", e));
  return bytes(gender, n, 1, e);
}

enum clgan_status clgan_faces_allocate(struct clgan_work *w, struct clgan_error *e) {
  struct clgan_face_work *f = &w->faces;
  const size_t F = CLGAN_JUDGE_FEATURES, size = clgan_model_image_size(w->m);
  f->genders = w->m->settings.gender ? 2 : 1;
  f->codes = w->v->n / (f->genders * CLGAN_AGES);
  if (!f->codes) f->codes = 1;
  w->v->n = f->codes * f->genders * CLGAN_AGES;
  f->aged = least(w->count, CLGAN_AGED);
  f->gallery = least(w->count, CLGAN_GALLERY);
  w->compared = f->fakes = least(least(w->count, w->v->n), CLGAN_COMPARED_FACES);
  w->floor_rows = least(w->count / 2, CLGAN_COMPARED_FACES);
  w->v->n_shown = least(f->aged, CLGAN_SHOWN);
  CLGAN_TRY(readings(f->codes * f->genders, &f->asked_told, &f->asked_logit, &f->asked_gender, e));
  CLGAN_TRY(readings(f->aged, &f->aged_told, &f->aged_logit, &f->aged_gender, e));
  CLGAN_TRY(clgan_evaluate_rows(&f->z, f->gallery, (size_t)w->m->latent, "codes", e));
  CLGAN_TRY(clgan_evaluate_rows(&f->age, f->gallery, 1, "ages", e));
  CLGAN_TRY(clgan_evaluate_rows(&f->gender, f->gallery, 1, "genders", e));
  CLGAN_TRY(clgan_evaluate_rows(&f->original, f->gallery, F, "features", e));
  CLGAN_TRY(clgan_evaluate_rows(&f->made, f->gallery, F, "features", e));
  CLGAN_TRY(clgan_evaluate_rows(&f->older, f->gallery, F, "features", e));
  CLGAN_TRY(clgan_evaluate_rows(&w->fake, w->compared, F, "features", e));
  CLGAN_TRY(clgan_evaluate_rows(&w->real, w->count, F, "features", e));
  CLGAN_TRY(clgan_evaluate_rows(&w->other, w->floor_rows, F, "features", e));
  CLGAN_TRY(doubles(&f->sharp_real, w->count, e));
  CLGAN_TRY(doubles(&f->sharp_made, w->count, e));
  CLGAN_TRY(doubles(&f->sharp_fake, f->fakes, e));
  return bytes(&w->v->shown, w->v->n_shown * (1 + CLGAN_AGES), size, e);
}

void clgan_faces_free(struct clgan_face_work *f) {
  void *all[] = {f->asked_told, f->asked_logit, f->asked_gender, f->aged_told, f->aged_logit, f->aged_gender,
                 f->z,          f->age,         f->gender,       f->original,  f->made,       f->older,
                 f->sharp_real, f->sharp_made,  f->sharp_fake,   f->unseen_age, f->unseen_gender, f->unseen_told,
                 f->unseen_logit, f->unseen};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) clgan_mem_free(all[i]);
  clgan_judge_destroy(f->memory);
}

/* -- the judges, and how good the one of ages and genders is -- */
static void keep_readings(const struct clgan_work *w, const float *answers, size_t n, float *told, float *logit) {
  const struct clgan_model *m = clgan_judge_model(w->judge);
  for (size_t i = 0; i < n; i++) {
    told[i] = (float)clgan_condition_years(m, answers[2 * i]);
    logit[i] = answers[2 * i + 1];
  }
}

static enum clgan_status read_unseen(struct clgan_work *w, struct clgan_chunk *b, size_t first, size_t n,
                                     struct clgan_error *e) {
  struct clgan_face_work *f = &w->faces;
  const struct clgan_batch_labels labels = {.age = f->unseen_age + first, .gender = f->unseen_gender + first};
  clgan_dataset_gather(w->d, f->unseen + first, (uint32_t)n, b->images, &labels);
  CLGAN_TRY(clgan_judge_read(w->judge, n, b->images, b->answers, b->features, e));
  keep_readings(w, b->answers, n, f->unseen_told + first, f->unseen_logit + first);
  return CLGAN_OK;
}

enum clgan_status clgan_faces_judges(struct clgan_work *w, struct clgan_error *e) {
  struct clgan_face_work *f = &w->faces;
  struct clgan_judge_options o = {.condition = CLGAN_CONDITION_FACE, .steps = w->o->judge_steps};
  uint32_t count = 0;
  CLGAN_TRY(clgan_evaluate_unseen(w, &o.holdout, &f->unseen, &count, e));
  CLGAN_TRY(clgan_judge_create(w->cl, w->d, &o, &w->judge, e));
  o.kind = CLGAN_JUDGE_AUTOENCODER;
  o.condition = CLGAN_CONDITION_NONE;
  CLGAN_TRY(clgan_judge_create(w->cl, w->d, &o, &f->memory, e));
  w->v->memory_steps = clgan_judge_steps(f->memory);
  CLGAN_TRY(clgan_evaluate_rows(&f->unseen_age, count, 1, "ages", e));
  CLGAN_TRY(clgan_evaluate_rows(&f->unseen_gender, count, 1, "genders", e));
  CLGAN_TRY(clgan_evaluate_rows(&f->unseen_told, count, 1, "ages", e));
  CLGAN_TRY(clgan_evaluate_rows(&f->unseen_logit, count, 1, "genders", e));
  CLGAN_TRY(clgan_evaluate_stream(w, "estimate", count, read_unseen, e));
  clgan_age_skill(f->unseen_age, f->unseen_gender, f->unseen_told, f->unseen_logit, count, w->o->seed, &w->v->skill);
  return CLGAN_OK;
}

/* -- generated faces -- */

/* Image i: age i mod 11 of sequence i / 11, whose genders take turns and share a code. */
static enum clgan_status asked(struct clgan_work *w, struct clgan_chunk *b, size_t first, size_t n,
                               struct clgan_error *e) {
  struct clgan_face_work *f = &w->faces;
  size_t Z = (size_t)w->m->latent, C = (size_t)w->m->condition_size;
  for (size_t i = 0; i < n; i++) {
    size_t row = (first + i) / CLGAN_AGES, gender = row % f->genders;
    clgan_latent_draw(w->m, w->o->seed, (uint32_t)(row / f->genders), 1, b->z + i * Z);
    clgan_condition_face(w->m, clgan_age_asked((int)((first + i) % CLGAN_AGES)), (double)gender, b->c + i * C);
    f->asked_gender[row] = (unsigned char)gender;
  }
  CLGAN_TRY(clgan_evaluate_draw(w, b, n, e));
  CLGAN_TRY(clgan_judge_read(w->judge, n, b->pictures, b->answers, b->features, e));
  keep_readings(w, b->answers, n, f->asked_told + first, f->asked_logit + first);
  return CLGAN_OK;
}

/* Codes that no sequence has, under the conditions of real faces: what distances compare with those. */
static enum clgan_status alike(struct clgan_work *w, struct clgan_chunk *b, size_t first, size_t n,
                               struct clgan_error *e) {
  struct clgan_face_work *f = &w->faces;
  const struct clgan_batch_labels labels = {.age = b->age, .gender = b->gender};
  size_t C = (size_t)w->m->condition_size, F = CLGAN_JUDGE_FEATURES;
  clgan_dataset_gather(w->d, w->items + first, (uint32_t)n, NULL, &labels);
  clgan_latent_draw(w->m, w->o->seed, (uint32_t)(f->codes + first), n, b->z);
  for (size_t i = 0; i < n; i++)
    clgan_condition_face(w->m, (double)b->age[i], (double)b->gender[i], b->c + i * C);
  CLGAN_TRY(clgan_evaluate_draw(w, b, n, e));
  CLGAN_TRY(clgan_judge_read(w->judge, n, b->pictures, b->answers, b->features, e));
  memcpy(w->fake + first * F, b->features, n * F * sizeof(float));
  clgan_measure_sharpness(b->pictures, n, (size_t)w->m->height, (size_t)w->m->width, (size_t)w->m->channels,
                          f->sharp_fake + first);
  return CLGAN_OK;
}

enum clgan_status clgan_faces_generate(struct clgan_work *w, struct clgan_error *e) {
  CLGAN_TRY(clgan_evaluate_stream(w, "generate", w->v->n, asked, e));
  return clgan_evaluate_stream(w, "generate as the real ones", w->faces.fakes, alike, e);
}

/* -- real faces and their reconstructions -- */
static enum clgan_status note_features(struct clgan_work *w, struct clgan_chunk *b, size_t first, size_t n,
                                       struct clgan_error *e) {
  const size_t F = CLGAN_JUDGE_FEATURES, half = w->count / 2;
  CLGAN_TRY(clgan_judge_read(w->judge, n, b->images, b->answers, b->features, e));
  memcpy(w->real + first * F, b->features, n * F * sizeof(float));
  for (size_t i = 0; i < n; i++) /* the second half is the other side where real ones are compared with each other */
    if (first + i >= half && first + i - half < w->floor_rows)
      memcpy(w->other + (first + i - half) * F, b->features + i * F, F * sizeof(float));
  return CLGAN_OK;
}

static enum clgan_status note_gallery(struct clgan_work *w, struct clgan_chunk *b, size_t first, size_t n,
                                      struct clgan_error *e) {
  struct clgan_face_work *f = &w->faces;
  size_t Z = (size_t)w->m->latent, F = CLGAN_JUDGE_FEATURES;
  memcpy(f->z + first * Z, b->z, n * Z * sizeof(float));
  memcpy(f->age + first, b->age, n * sizeof(float));
  memcpy(f->gender + first, b->gender, n * sizeof(float));
  CLGAN_TRY(clgan_judge_read(f->memory, n, b->images, NULL, f->original + first * F, e));
  return clgan_judge_read(f->memory, n, b->pictures, NULL, f->made + first * F, e);
}

enum clgan_status clgan_faces_note(struct clgan_work *w, struct clgan_chunk *b, size_t first, size_t n,
                                   struct clgan_error *e) {
  struct clgan_face_work *f = &w->faces;
  size_t h = (size_t)w->m->height, wide = (size_t)w->m->width, c = (size_t)w->m->channels;
  size_t size = clgan_model_image_size(w->m);
  clgan_measure_sharpness(b->images, n, h, wide, c, f->sharp_real + first);
  clgan_measure_sharpness(b->pictures, n, h, wide, c, f->sharp_made + first);
  for (size_t i = 0; i < n && first + i < w->v->n_shown; i++)
    memcpy(w->v->shown + (first + i) * (1 + CLGAN_AGES) * size, b->images + i * size, size);
  CLGAN_TRY(note_features(w, b, first, n, e));
  return first < f->gallery ? note_gallery(w, b, first, least(n, f->gallery - first), e) : CLGAN_OK;
}

/* -- real faces under other conditions -- */
static enum clgan_status aged(struct clgan_work *w, struct clgan_chunk *b, size_t first, size_t n,
                              struct clgan_error *e) {
  struct clgan_face_work *f = &w->faces;
  size_t Z = (size_t)w->m->latent, C = (size_t)w->m->condition_size, size = clgan_model_image_size(w->m);
  for (size_t i = 0; i < n; i++) {
    size_t face = (first + i) / CLGAN_AGES;
    memcpy(b->z + i * Z, f->z + face * Z, Z * sizeof(float));
    f->aged_gender[face] = f->gender[face] > 0.5f;
    clgan_condition_face(w->m, clgan_age_asked((int)((first + i) % CLGAN_AGES)), (double)f->gender[face], b->c + i * C);
  }
  CLGAN_TRY(clgan_evaluate_draw(w, b, n, e));
  CLGAN_TRY(clgan_judge_read(w->judge, n, b->pictures, b->answers, b->features, e));
  keep_readings(w, b->answers, n, f->aged_told + first, f->aged_logit + first);
  for (size_t i = 0; i < n && (first + i) / CLGAN_AGES < w->v->n_shown; i++) {
    size_t face = (first + i) / CLGAN_AGES, k = (first + i) % CLGAN_AGES;
    memcpy(w->v->shown + (face * (1 + CLGAN_AGES) + 1 + k) * size, b->pictures + i * size, size);
  }
  return CLGAN_OK;
}

static enum clgan_status older(struct clgan_work *w, struct clgan_chunk *b, size_t first, size_t n,
                               struct clgan_error *e) {
  struct clgan_face_work *f = &w->faces;
  size_t Z = (size_t)w->m->latent, C = (size_t)w->m->condition_size;
  memcpy(b->z, f->z + first * Z, n * Z * sizeof(float));
  for (size_t i = 0; i < n; i++) {
    double age = (double)f->age[first + i];
    age += age + CLGAN_AGED_BY > CLGAN_AGE_LAST ? -CLGAN_AGED_BY : CLGAN_AGED_BY;
    clgan_condition_face(w->m, age, (double)f->gender[first + i], b->c + i * C);
  }
  CLGAN_TRY(clgan_evaluate_draw(w, b, n, e));
  return clgan_judge_read(f->memory, n, b->pictures, NULL, f->older + first * CLGAN_JUDGE_FEATURES, e);
}

enum clgan_status clgan_faces_transform(struct clgan_work *w, struct clgan_error *e) {
  CLGAN_TRY(clgan_evaluate_stream(w, "transform", w->faces.aged * CLGAN_AGES, aged, e));
  return clgan_evaluate_stream(w, "transform by 20 years", w->faces.gallery, older, e);
}
