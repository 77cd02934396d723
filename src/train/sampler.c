/* sampler.c - batches through the averaged nets. */
#include "train/sampler.h"

#include <string.h>

#include "base/mem.h"
#include "base/philox.h"

struct clgan_sampler {
  struct clgan_cl *cl;
  struct clgan_store *store;
  const struct clgan_model *m;
  int batch;
  struct clgan_use_graph *graph[2]; /* generate, encode */
  struct clgan_run *run[2];
};

struct clgan_sampler *clgan_sampler_create(struct clgan_cl *cl, struct clgan_store *store, const struct clgan_model *m, int batch) {
  struct clgan_sampler *s = clgan_mem_alloc(sizeof *s);
  s->cl = cl;
  s->store = store;
  s->m = m;
  s->batch = batch;
  return s;
}

void clgan_sampler_destroy(struct clgan_sampler *s) {
  if (!s) return;
  for (int k = 0; k < 2; k++) {
    clgan_run_destroy(s->run[k]);
    clgan_use_destroy(s->graph[k]);
  }
  clgan_mem_free(s);
}

static enum clgan_status ready(struct clgan_sampler *s, enum clgan_use use, struct clgan_error *e) {
  if (s->run[use]) return CLGAN_OK;
  if (!s->graph[use]) CLGAN_TRY(clgan_use_create(s->m, use, s->batch, &s->graph[use], e));
  struct clgan_use_graph *u = s->graph[use];
  int keep[3], n = 0;
  if (use == CLGAN_USE_GENERATE) keep[n++] = u->x;
  if (use == CLGAN_USE_ENCODE) keep[n++] = u->z;
  if (use == CLGAN_USE_ENCODE && u->factors != CLGAN_NONE) keep[n++] = u->factors;
  return clgan_run_create(s->cl, s->store, u->g, keep, (size_t)n, &s->run[use], e);
}

int clgan_sampler_factors(const struct clgan_model *m) {
  if (m->condition == CLGAN_CONDITION_CLASS) return m->classes;
  return m->condition == CLGAN_CONDITION_FACE ? 1 + m->settings.gender : 0;
}

/* A host tensor of n rows of `width` numbers of `size` bytes, moved batch by batch. */
struct rows {
  int value;
  void *data;
  size_t width, size;
};

static enum clgan_status move(struct clgan_run *run, const struct rows *r, size_t first, size_t n, size_t batch, bool in, void *staging,
                              struct clgan_error *e) {
  size_t row = r->width * r->size;
  unsigned char *host = (unsigned char *)r->data + first * row;
  if (!in) {
    CLGAN_TRY(clgan_run_read(run, r->value, staging, batch * row, e));
    memcpy(host, staging, n * row);
    return CLGAN_OK;
  }
  memset(staging, 0, batch * row);
  memcpy(staging, host, n * row);
  return clgan_run_write(run, r->value, staging, batch * row, e);
}

static enum clgan_status run_rows(struct clgan_run *run, size_t n, size_t batch, const struct rows *in, size_t n_in, const struct rows *out,
                                  size_t n_out, struct clgan_error *e) {
  size_t largest = 0;
  for (size_t k = 0; k < n_in; k++) largest = in[k].width * in[k].size > largest ? in[k].width * in[k].size : largest;
  for (size_t k = 0; k < n_out; k++) largest = out[k].width * out[k].size > largest ? out[k].width * out[k].size : largest;
  void *staging = NULL;
  CLGAN_TRY(clgan_mem_try(&staging, batch, largest, "a batch", e));
  enum clgan_status st = CLGAN_OK;
  for (size_t at = 0; at < n && st == CLGAN_OK; at += batch) {
    size_t m = n - at < batch ? n - at : batch;
    for (size_t k = 0; k < n_in && st == CLGAN_OK; k++) st = move(run, &in[k], at, m, batch, true, staging, e);
    if (st == CLGAN_OK) st = clgan_run_execute(run, e);
    for (size_t k = 0; k < n_out && st == CLGAN_OK; k++) st = move(run, &out[k], at, m, batch, false, staging, e);
  }
  clgan_mem_free(staging);
  return st;
}

enum clgan_status clgan_sampler_generate(struct clgan_sampler *s, size_t n, const float *z, const float *c, float *x, struct clgan_error *e) {
  CLGAN_TRY(ready(s, CLGAN_USE_GENERATE, e));
  const struct clgan_use_graph *u = s->graph[CLGAN_USE_GENERATE];
  union { const float *from; void *to; } zz = {z}, cc = {c}; /* rows are only read on the way in */
  struct rows in[2] = {{u->z, zz.to, (size_t)s->m->latent, sizeof(float)}, {u->condition, cc.to, (size_t)s->m->condition_size, sizeof(float)}};
  struct rows out = {u->x, x, (size_t)s->m->height * (size_t)s->m->width * (size_t)s->m->channels, sizeof(float)};
  return run_rows(s->run[CLGAN_USE_GENERATE], n, (size_t)s->batch, in, u->condition == CLGAN_NONE ? 1 : 2, &out, 1, e);
}

enum clgan_status clgan_sampler_encode(struct clgan_sampler *s, size_t n, const unsigned char *images, float *z, float *factors,
                                       struct clgan_error *e) {
  CLGAN_TRY(ready(s, CLGAN_USE_ENCODE, e));
  const struct clgan_use_graph *u = s->graph[CLGAN_USE_ENCODE];
  union { const unsigned char *from; void *to; } xx = {images};
  struct rows in = {u->x, xx.to, (size_t)s->m->height * (size_t)s->m->width * (size_t)s->m->channels, 1};
  struct rows out[2] = {{u->z, z, (size_t)s->m->latent, sizeof(float)}, {u->factors, factors, (size_t)clgan_sampler_factors(s->m), sizeof(float)}};
  return run_rows(s->run[CLGAN_USE_ENCODE], n, (size_t)s->batch, &in, 1, out, factors && u->factors != CLGAN_NONE ? 2 : 1, e);
}

void clgan_latent_draw(const struct clgan_model *m, uint64_t seed, uint32_t first, size_t n, float *z) {
  for (size_t i = 0; i < n; i++) {
    struct clgan_random r;
    clgan_random_init(&r, seed, first + i, CLGAN_STREAM_SAMPLE);
    for (int k = 0; k < m->latent; k++)
      z[i * (size_t)m->latent + (size_t)k] =
          m->latent_kind == CLGAN_LATENT_UNIFORM ? 2 * clgan_random_uniform(&r) - 1 : clgan_random_normal(&r);
  }
}

void clgan_condition_class(const struct clgan_model *m, int cls, float *c) {
  for (int k = 0; k < m->classes; k++) c[k] = k == cls ? 1.0f : 0.0f;
}

static void fill_face(const struct clgan_model *m, float age_value, float gender_sign, float *c) {
  for (int k = 0; k < m->settings.tile; k++) {
    c[k] = age_value;
    if (m->settings.gender) c[m->settings.tile + k] = gender_sign;
  }
}

void clgan_condition_face(const struct clgan_model *m, double age, double gender, float *c) {
  double value = m->settings.age_range == 11 ? age / 40 - 1 : age / 80;
  fill_face(m, (float)value, (float)(gender * 2 - 1), c);
}

void clgan_condition_from_factors(const struct clgan_model *m, const float *factors, float *c) {
  if (m->condition == CLGAN_CONDITION_CLASS) {
    int best = 0;
    for (int k = 1; k < m->classes; k++)
      if (factors[k] > factors[best]) best = k;
    clgan_condition_class(m, best, c);
  } else if (m->condition == CLGAN_CONDITION_FACE) {
    fill_face(m, factors[0], m->settings.gender && factors[1] > 0 ? 1.0f : -1.0f, c);
  }
}
