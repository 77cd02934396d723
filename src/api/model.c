/* model.c: a trained model in use: codes, conditions, images. SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700
#include <math.h>
#include <string.h>

#include "api/api.h"
#include "data/image.h"

enum { BATCH_MAX = 64, AGE_MAX = 150, STEPS_MAX = 100000 };

void clgan_api_model_fill(struct clgan_api_model *a, uint64_t steps) {
  const struct clgan_model *m = a->m;
  a->facts =
      (struct clgan_model_facts){.name = m->name,
                                 .height = (uint32_t)m->height,
                                 .width = (uint32_t)m->width,
                                 .channels = (uint32_t)m->channels,
                                 .latent = (uint32_t)m->latent,
                                 .latent_kind = m->latent_kind,
                                 .condition = m->condition,
                                 .classes = m->condition == CLGAN_CONDITION_CLASS ? (uint32_t)m->classes : 0,
                                 .class_names = m->class_names.n ? (const char *const *)m->class_names.items : NULL,
                                 .gender = m->condition == CLGAN_CONDITION_FACE && m->settings.gender,
                                 .condition_size = (uint32_t)m->condition_size,
                                 .factors = (uint32_t)clgan_sampler_factors(m),
                                 .features = (uint32_t)clgan_sampler_feature_count(m),
                                 .pixel_low = m->pixels_01 ? 0.0f : -1.0f,
                                 .steps = steps};
}

/* -- opening -- */

static enum clgan_status open_model(struct clgan_context *c, const char *weights, uint32_t batch, clgan_model **out) {
  CLGAN_TRY(clgan_api_need(c, out, "out"));
  *out = NULL;
  CLGAN_TRY(clgan_api_need(c, weights, "weights"));
  CLGAN_TRY(clgan_api_need_device(c));
  if (batch > BATCH_MAX)
    return clgan_error_set(&c->error, CLGAN_ERR_USAGE, "a batch of %u images: give 1 to %d, or 0", batch, BATCH_MAX);
  struct clgan_api_model *a = clgan_mem_alloc(sizeof *a);
  a->context = c;
  enum clgan_status s = clgan_nets_read(&a->nets, weights, &c->error);
  if (s == CLGAN_OK) s = clgan_nets_load(&a->nets, c->cl, batch ? batch : BATCH_MAX, &c->error);
  if (s != CLGAN_OK) {
    clgan_nets_close(&a->nets);
    clgan_mem_free(a);
    return s;
  }
  a->m = a->nets.model;
  a->sampler = a->nets.sampler;
  clgan_api_model_fill(a, a->nets.steps);
  *out = a;
  return CLGAN_OK;
}

enum clgan_status clgan_model_open(clgan_context *c, const char *weights, uint32_t batch, clgan_model **out) {
  CLGAN_API_CALL(c, open_model(c, weights, batch, out));
}

void clgan_model_close(clgan_model *m) {
  if (!m || m->borrowed || !clgan_api_enter(m->context)) return;
  clgan_nets_close(&m->nets);
  (void)clgan_api_leave(m->context, CLGAN_OK);
  clgan_mem_free(m);
}

const struct clgan_model_facts *clgan_model_describe(const clgan_model *m) {
  return m ? &m->facts : NULL;
}

/* -- what calls have in common -- */

#define CONTEXT(m) ((m) ? (m)->context : NULL)
#define NEED(m, pointer) CLGAN_TRY(clgan_api_need((m)->context, (pointer), #pointer))

static enum clgan_status all_finite(clgan_model *m, const char *what, const float *x, size_t n, size_t width) {
  for (size_t k = 0; k < n * width; k++)
    if (!isfinite(x[k]))
      return clgan_error_set(&m->context->error, CLGAN_ERR_USAGE, "%s: number %zu of row %zu is not finite", what,
                             k % width, k / width);
  return CLGAN_OK;
}

static enum clgan_status need_kind(clgan_model *m, enum clgan_condition_kind kind) {
  static const char *const words[] = {"no condition", "a class", "an age"};
  if (m->facts.condition == kind) return CLGAN_OK;
  return clgan_error_set(&m->context->error, CLGAN_ERR_USAGE, "model %.60s takes %s, not %s", m->facts.name,
                         words[m->facts.condition], words[kind]);
}

static enum clgan_status floats(clgan_model *m, size_t n, size_t width, const char *what, float **out) {
  void *p = NULL;
  CLGAN_TRY(clgan_mem_try(&p, n, width * sizeof(float), what, &m->context->error));
  *out = p;
  return CLGAN_OK;
}

/* -- codes and conditions -- */

static enum clgan_status draw_codes(clgan_model *m, uint64_t seed, uint32_t first, size_t n, float *z) {
  NEED(m, z);
  clgan_latent_draw(m->m, seed, first, n, z);
  return CLGAN_OK;
}

enum clgan_status clgan_model_draw_codes(clgan_model *m, uint64_t seed, uint32_t first, size_t n, float *z) {
  CLGAN_API_CALL(CONTEXT(m), draw_codes(m, seed, first, n, z));
}

static enum clgan_status class_conditions(clgan_model *m, size_t n, const uint32_t *classes, float *c) {
  CLGAN_TRY(need_kind(m, CLGAN_CONDITION_CLASS));
  NEED(m, classes);
  NEED(m, c);
  for (size_t i = 0; i < n; i++)
    if (classes[i] >= m->facts.classes)
      return clgan_error_set(&m->context->error, CLGAN_ERR_USAGE, "classes[%zu] is %u: model %.60s knows 0 to %u", i,
                             classes[i], m->facts.name, m->facts.classes - 1);
  for (size_t i = 0; i < n; i++) clgan_condition_class(m->m, (int)classes[i], c + i * m->facts.condition_size);
  return CLGAN_OK;
}

enum clgan_status clgan_model_class_conditions(clgan_model *m, size_t n, const uint32_t *classes, float *c) {
  CLGAN_API_CALL(CONTEXT(m), class_conditions(m, n, classes, c));
}

static enum clgan_status face_conditions(clgan_model *m, size_t n, const float *ages, const float *genders, float *c) {
  CLGAN_TRY(need_kind(m, CLGAN_CONDITION_FACE));
  NEED(m, ages);
  NEED(m, c);
  if (m->facts.gender) NEED(m, genders);
  for (size_t i = 0; i < n; i++) {
    if (!(ages[i] >= 0 && ages[i] <= AGE_MAX))
      return clgan_error_set(&m->context->error, CLGAN_ERR_USAGE, "ages[%zu] is %g: give 0 to %d years", i,
                             (double)ages[i], AGE_MAX);
    if (genders && !(genders[i] >= 0 && genders[i] <= 1))
      return clgan_error_set(&m->context->error, CLGAN_ERR_USAGE, "genders[%zu] is %g: give 0 (male) to 1 (female)", i,
                             (double)genders[i]);
  }
  for (size_t i = 0; i < n; i++)
    clgan_condition_face(m->m, (double)ages[i], genders ? (double)genders[i] : 0, c + i * m->facts.condition_size);
  return CLGAN_OK;
}

enum clgan_status clgan_model_face_conditions(clgan_model *m, size_t n, const float *ages, const float *genders,
                                              float *c) {
  CLGAN_API_CALL(CONTEXT(m), face_conditions(m, n, ages, genders, c));
}

static enum clgan_status conditions_from_factors(clgan_model *m, size_t n, const float *factors, float *c) {
  if (!m->facts.condition_size) return need_kind(m, CLGAN_CONDITION_CLASS);
  NEED(m, factors);
  NEED(m, c);
  for (size_t i = 0; i < n; i++)
    clgan_condition_from_factors(m->m, factors + i * m->facts.factors, c + i * m->facts.condition_size);
  return CLGAN_OK;
}

enum clgan_status clgan_model_conditions_from_factors(clgan_model *m, size_t n, const float *factors, float *c) {
  CLGAN_API_CALL(CONTEXT(m), conditions_from_factors(m, n, factors, c));
}

static enum clgan_status classes_from_factors(clgan_model *m, size_t n, const float *factors, uint32_t *classes,
                                              float *shares) {
  CLGAN_TRY(need_kind(m, CLGAN_CONDITION_CLASS));
  NEED(m, factors);
  NEED(m, classes);
  for (size_t i = 0; i < n; i++) {
    const float *row = factors + i * m->facts.factors;
    uint32_t best = (uint32_t)clgan_logits_likeliest(row, (int)m->facts.classes);
    double sum = 0;
    for (uint32_t k = 0; k < m->facts.classes; k++) sum += exp((double)row[k] - (double)row[best]);
    classes[i] = best;
    if (shares) shares[i] = (float)(1 / sum);
  }
  return CLGAN_OK;
}

enum clgan_status clgan_model_classes_from_factors(clgan_model *m, size_t n, const float *factors, uint32_t *classes,
                                                   float *shares) {
  CLGAN_API_CALL(CONTEXT(m), classes_from_factors(m, n, factors, classes, shares));
}

static enum clgan_status faces_from_factors(clgan_model *m, size_t n, const float *factors, float *ages,
                                            float *female) {
  CLGAN_TRY(need_kind(m, CLGAN_CONDITION_FACE));
  NEED(m, factors);
  NEED(m, ages);
  for (size_t i = 0; i < n; i++) {
    const float *row = factors + i * m->facts.factors;
    ages[i] = (float)clgan_condition_years(m->m, row[0]);
    if (female) female[i] = m->facts.gender ? (float)(1 / (1 + exp(-(double)row[1]))) : 0.5f;
  }
  return CLGAN_OK;
}

enum clgan_status clgan_model_faces_from_factors(clgan_model *m, size_t n, const float *factors, float *ages,
                                                 float *female) {
  CLGAN_API_CALL(CONTEXT(m), faces_from_factors(m, n, factors, ages, female));
}

/* -- images -- */

static enum clgan_status generate(clgan_model *m, size_t n, const float *z, const float *c, float *x) {
  NEED(m, z);
  NEED(m, x);
  if (m->facts.condition_size) NEED(m, c);
  CLGAN_TRY(all_finite(m, "z", z, n, m->facts.latent));
  if (m->facts.condition_size) CLGAN_TRY(all_finite(m, "c", c, n, m->facts.condition_size));
  return clgan_sampler_generate(m->sampler, n, z, c, x, &m->context->error);
}

enum clgan_status clgan_model_generate(clgan_model *m, size_t n, const float *z, const float *c, float *x) {
  CLGAN_API_CALL(CONTEXT(m), generate(m, n, z, c, x));
}

static enum clgan_status generate_u8(clgan_model *m, size_t n, const float *z, const float *c, uint8_t *pixels) {
  float *x = NULL;
  NEED(m, pixels);
  CLGAN_TRY(floats(m, n, clgan_model_image_size(m->m), "the images", &x));
  enum clgan_status s = generate(m, n, z, c, x);
  if (s == CLGAN_OK) clgan_sampler_pixels(m->m, n, x, pixels);
  clgan_mem_free(x);
  return s;
}

enum clgan_status clgan_model_generate_u8(clgan_model *m, size_t n, const float *z, const float *c, uint8_t *pixels) {
  CLGAN_API_CALL(CONTEXT(m), generate_u8(m, n, z, c, pixels));
}

static enum clgan_status encode(clgan_model *m, size_t n, const uint8_t *pixels, float *z, float *factors,
                                float *features) {
  NEED(m, pixels);
  if (features && !m->facts.features)
    return clgan_error_set(&m->context->error, CLGAN_ERR_USAGE, "model %.60s has no features", m->facts.name);
  return clgan_sampler_codes(m->sampler, n, pixels, z, m->facts.factors ? factors : NULL, features, &m->context->error);
}

enum clgan_status clgan_model_encode(clgan_model *m, size_t n, const uint8_t *pixels, float *z, float *factors,
                                     float *features) {
  CLGAN_API_CALL(CONTEXT(m), encode(m, n, pixels, z, factors, features));
}

static enum clgan_status reconstruct(clgan_model *m, size_t n, const uint8_t *pixels, const float *c, uint8_t *again) {
  float *z = NULL, *factors = NULL, *seen = NULL;
  NEED(m, again);
  bool look = !c && m->facts.condition_size;
  enum clgan_status s = floats(m, n, m->facts.latent, "the codes", &z);
  if (s == CLGAN_OK && look) s = floats(m, n, m->facts.factors, "the factors", &factors);
  if (s == CLGAN_OK && look) s = floats(m, n, m->facts.condition_size, "the conditions", &seen);
  if (s == CLGAN_OK) s = encode(m, n, pixels, z, factors, NULL);
  if (s == CLGAN_OK && look) s = conditions_from_factors(m, n, factors, seen);
  if (s == CLGAN_OK) s = generate_u8(m, n, z, look ? seen : c, again);
  clgan_mem_free(z);
  clgan_mem_free(factors);
  clgan_mem_free(seen);
  return s;
}

enum clgan_status clgan_model_reconstruct(clgan_model *m, size_t n, const uint8_t *pixels, const float *c,
                                          uint8_t *again) {
  CLGAN_API_CALL(CONTEXT(m), reconstruct(m, n, pixels, c, again));
}

static enum clgan_status refine(clgan_model *m, uint32_t steps, size_t n, const uint8_t *pixels, const float *c,
                                float *z, float *before, float *after) {
  const struct clgan_refine_options o = {.steps = (int)steps};
  NEED(m, pixels);
  NEED(m, z);
  if (m->facts.condition_size) NEED(m, c);
  if (steps < 1 || steps > STEPS_MAX)
    return clgan_error_set(&m->context->error, CLGAN_ERR_USAGE, "%u steps: give 1 to %d", steps, STEPS_MAX);
  CLGAN_TRY(all_finite(m, "z", z, n, m->facts.latent));
  if (m->facts.condition_size) CLGAN_TRY(all_finite(m, "c", c, n, m->facts.condition_size));
  return clgan_sampler_refine(m->sampler, &o, n, pixels, c, z, before, after, &m->context->error);
}

enum clgan_status clgan_model_refine(clgan_model *m, uint32_t steps, size_t n, const uint8_t *pixels, const float *c,
                                     float *z, float *before, float *after) {
  CLGAN_API_CALL(CONTEXT(m), refine(m, steps, n, pixels, c, z, before, after));
}

static enum clgan_status read_image(clgan_model *m, const char *path, uint8_t *pixels) {
  NEED(m, path);
  NEED(m, pixels);
  return clgan_image_load(path, NULL, m->facts.height, m->facts.width, m->facts.channels, pixels, &m->context->error);
}

enum clgan_status clgan_model_read_image(clgan_model *m, const char *path, uint8_t *pixels) {
  CLGAN_API_CALL(CONTEXT(m), read_image(m, path, pixels));
}
