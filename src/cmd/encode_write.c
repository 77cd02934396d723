/* encode_write.c: codes as safetensors and as CSV. SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/safetensors.h"
#include "cmd/encode.h"
#include "data/csv.h"
#include "data/dataset.h"

enum { TENSORS_MAX = 16 };

/* What E's factors say of original i, in the condition's own terms. */
struct estimate {
  int digit;
  double years, female; /* female: probability */
};

static struct estimate look(const struct clgan_encoded *c, size_t i) {
  const struct clgan_model *m = c->model;
  struct estimate r = {0};
  if (!c->factors) return r;
  const float *f = c->factors + i * (size_t)clgan_sampler_factors(m);
  if (m->condition == CLGAN_CONDITION_CLASS) {
    r.digit = clgan_logits_likeliest(f, m->classes);
    return r;
  }
  r.years = clgan_condition_years(m, f[0]);
  if (m->settings.gender) r.female = 1 / (1 + exp(-(double)f[1]));
  return r;
}

/* -- safetensors -- */
struct pack {
  struct clgan_safetensors_writer *w;
  void *owned[TENSORS_MAX];
  size_t n_owned;
};

static void put(struct pack *p, const char *name, enum clgan_dtype type, size_t n, size_t width, const void *data) {
  const uint64_t shape[2] = {n, width};
  if (data) clgan_safetensors_add(p->w, name, type, width ? 2 : 1, shape, data);
}

/* A vector of the pack's own, [n] of @p size bytes. */
static void *own(struct pack *p, size_t n, size_t size) {
  return p->owned[p->n_owned++] = clgan_mem_array(n, size);
}

static void put_estimates(struct pack *p, const struct clgan_encoded *c) {
  const struct clgan_model *m = c->model;
  size_t n = c->from->n;
  if (m->condition == CLGAN_CONDITION_CLASS) {
    unsigned char *digit = own(p, n, 1);
    for (size_t i = 0; i < n; i++) digit[i] = (unsigned char)look(c, i).digit;
    put(p, "digit", CLGAN_U8, n, 0, digit);
    put(p, "logits", CLGAN_F32, n, (size_t)m->classes, c->factors);
    return;
  }
  float *age = own(p, n, sizeof *age), *female = own(p, n, sizeof *female);
  unsigned char *gender = own(p, n, 1);
  for (size_t i = 0; i < n; i++) {
    struct estimate r = look(c, i);
    age[i] = (float)r.years;
    female[i] = (float)r.female;
    gender[i] = r.female > 0.5;
  }
  put(p, "age", CLGAN_F32, n, 0, age);
  if (!m->settings.gender) return;
  put(p, "gender", CLGAN_U8, n, 0, gender);
  put(p, "gender_probability", CLGAN_F32, n, 0, female);
}

/* c: what they are drawn again with, the label or else the estimate. */
static void put_conditions(struct pack *p, const struct clgan_encoded *c) {
  static const struct clgan_condition_given nothing = CLGAN_CONDITION_NOTHING;
  const struct clgan_model *m = c->model;
  size_t n = c->from->n, C = (size_t)m->condition_size, F = (size_t)clgan_sampler_factors(m);
  float *all = own(p, n, C * sizeof *all);
  for (size_t i = 0; i < n; i++) {
    struct clgan_condition_given r = clgan_originals_resolve(m, &nothing, c->from, i, c->factors + i * F);
    clgan_condition_vector(m, &r, all + i * C);
  }
  put(p, "c", CLGAN_F32, n, C, all);
}

static void put_labels(struct pack *p, const struct clgan_originals *x) {
  put(p, "index", CLGAN_I32, x->n, 0, x->item); /* a set has fewer than 2^31 items */
  put(p, "split", CLGAN_U8, x->n, 0, x->split);
  put(p, "label_age", CLGAN_F32, x->n, 0, x->age);
  if (x->digit) {
    unsigned char *label = own(p, x->n, 1);
    for (size_t i = 0; i < x->n; i++) label[i] = (unsigned char)x->digit[i];
    put(p, "label", CLGAN_U8, x->n, 0, label);
  }
  if (x->gender) {
    unsigned char *label = own(p, x->n, 1);
    for (size_t i = 0; i < x->n; i++) label[i] = x->gender[i] > 0.5f;
    put(p, "label_gender", CLGAN_U8, x->n, 0, label);
  }
}

static void put_names(struct pack *p, const struct clgan_originals *x) {
  cJSON *names = cJSON_CreateArray();
  for (size_t i = 0; i < x->n; i++) cJSON_AddItemToArray(names, cJSON_CreateString(x->name[i]));
  char *text = cJSON_PrintUnformatted(names);
  if (text) clgan_safetensors_add_metadata(p->w, "names", text);
  cJSON_free(text);
  cJSON_Delete(names);
}

enum clgan_status clgan_encoded_write_safetensors(const struct clgan_encoded *c, const char *path,
                                                  struct clgan_error *e) {
  const struct clgan_model *m = c->model;
  struct pack p = {.w = clgan_safetensors_writer_create()};
  clgan_safetensors_add_metadata(p.w, "format", "clgan-latents/1");
  clgan_safetensors_add_metadata(p.w, "model", m->name);
  char *class_names = m->class_names.n ? clgan_names_json(&m->class_names) : NULL;
  if (class_names) clgan_safetensors_add_metadata(p.w, "class_names", class_names);
  clgan_mem_free(class_names);
  put(&p, "z", CLGAN_F32, c->from->n, (size_t)m->latent, c->z);
  put(&p, "features", CLGAN_F32, c->from->n, (size_t)clgan_sampler_feature_count(m), c->features);
  if (c->factors) {
    put_estimates(&p, c);
    put_conditions(&p, c);
  }
  if (c->from->name) put_names(&p, c->from);
  if (c->from->data) {
    put_labels(&p, c->from);
    clgan_safetensors_add_metadata(p.w, "data", clgan_dataset_hash(c->from->data));
  }
  enum clgan_status s = clgan_safetensors_write(p.w, path, e);
  clgan_safetensors_writer_destroy(p.w);
  for (size_t k = 0; k < p.n_owned; k++) clgan_mem_free(p.owned[k]);
  return s;
}

/* -- CSV -- */
static void head(const struct clgan_encoded *c, struct clgan_text *t) {
  const struct clgan_model *m = c->model;
  const struct clgan_originals *x = c->from;
  clgan_text_printf(t, "%s", x->name ? "name" : "index,split");
  if (x->digit) clgan_text_printf(t, ",label");
  if (x->age) clgan_text_printf(t, ",label_age,label_gender");
  if (m->condition == CLGAN_CONDITION_CLASS) clgan_text_printf(t, ",digit");
  if (m->condition == CLGAN_CONDITION_FACE)
    clgan_text_printf(t, ",age%s", m->settings.gender ? ",gender,gender_probability" : "");
  for (int k = 0; k < m->classes; k++) clgan_text_printf(t, ",logit%d", k);
  for (int k = 0; k < m->latent; k++) clgan_text_printf(t, ",z%d", k);
  for (int k = 0; c->features && k < clgan_sampler_feature_count(m); k++) clgan_text_printf(t, ",feature%d", k);
  clgan_text_printf(t, "\n");
}

static void numbers(struct clgan_text *t, const float *x, int n) {
  for (int k = 0; k < n; k++) clgan_text_printf(t, ",%.9g", (double)x[k]);
}

static const char *gender_word(bool female) {
  return female ? "female" : "male";
}

static void line(const struct clgan_encoded *c, size_t i, struct clgan_text *t) {
  const struct clgan_model *m = c->model;
  const struct clgan_originals *x = c->from;
  struct estimate r = look(c, i);
  int factors = clgan_sampler_factors(m), wide = clgan_sampler_feature_count(m);
  if (x->name)
    clgan_csv_put(t, x->name[i]);
  else
    clgan_text_printf(t, "%" PRIu32 ",%s", x->item[i], x->split[i] ? "test" : "train");
  if (x->digit) clgan_text_printf(t, ",%d", (int)x->digit[i]);
  if (x->age) clgan_text_printf(t, ",%.9g,%s", (double)x->age[i], gender_word(x->gender[i] > 0.5f));
  if (m->condition == CLGAN_CONDITION_CLASS) {
    clgan_text_printf(t, ",%d", r.digit);
    numbers(t, c->factors + i * (size_t)factors, factors);
  }
  if (m->condition == CLGAN_CONDITION_FACE) {
    clgan_text_printf(t, ",%.9g", r.years);
    if (m->settings.gender) clgan_text_printf(t, ",%s,%.9g", gender_word(r.female > 0.5), r.female);
  }
  numbers(t, c->z + i * (size_t)m->latent, m->latent);
  if (c->features) numbers(t, c->features + i * (size_t)wide, wide);
  clgan_text_printf(t, "\n");
}

enum clgan_status clgan_encoded_write_csv(const struct clgan_encoded *c, const char *path, struct clgan_error *e) {
  struct clgan_atomic file;
  struct clgan_text t = {0};
  CLGAN_TRY(clgan_atomic_begin(&file, path, e));
  head(c, &t);
  enum clgan_status s = clgan_atomic_write(&file, t.s, t.len, e);
  for (size_t i = 0; s == CLGAN_OK && i < c->from->n; i++) {
    t.len = 0;
    line(c, i, &t);
    s = clgan_atomic_write(&file, t.s, t.len, e);
  }
  if (s == CLGAN_OK) s = clgan_atomic_commit(&file, e);
  clgan_atomic_abort(&file);
  clgan_text_free(&t);
  return s;
}
