/* sampler.c - batches through the averaged nets. */
#include "train/sampler.h"

#include <string.h>

#include "base/mem.h"
#include "base/philox.h"

struct clgan_sampler {
  struct clgan_cl *cl;
  struct clgan_store *store;
  const struct clgan_model *m;
  struct clgan_run *lender;
  int batch;
  struct clgan_use_graph *graph[2]; /* generate, encode */
  struct clgan_run *run[2];
  struct clgan_refiner *refiner; /* NULL: none yet */
};

struct clgan_sampler *clgan_sampler_create(struct clgan_cl *cl, struct clgan_store *store, const struct clgan_model *m,
                                           int batch) {
  struct clgan_sampler *s = clgan_mem_alloc(sizeof *s);
  s->cl = cl;
  s->store = store;
  s->m = m;
  s->batch = batch;
  return s;
}

void clgan_sampler_borrow(struct clgan_sampler *s, struct clgan_run *lender) {
  s->lender = lender;
}

void clgan_sampler_destroy(struct clgan_sampler *s) {
  if (!s) return;
  clgan_refiner_destroy(s->refiner);
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
  int keep[4], n = 0;
  if (use == CLGAN_USE_GENERATE) keep[n++] = u->x;
  if (use == CLGAN_USE_ENCODE) keep[n++] = u->z;
  if (use == CLGAN_USE_ENCODE && u->factors != CLGAN_NONE) keep[n++] = u->factors;
  if (use == CLGAN_USE_ENCODE && u->features != CLGAN_NONE) keep[n++] = u->features;
  return clgan_run_create_within(s->cl, s->store, u->g, keep, (size_t)n, s->lender, &s->run[use], e);
}

int clgan_sampler_factors(const struct clgan_model *m) {
  if (m->condition == CLGAN_CONDITION_CLASS) return m->classes;
  return m->condition == CLGAN_CONDITION_FACE ? 1 + m->settings.gender : 0;
}

int clgan_sampler_feature_count(const struct clgan_model *m) {
  const struct clgan_net *net = &m->nets[CLGAN_NET_E];
  int k = clgan_net_output(net, "features");
  struct clgan_shape f = k < 0 ? clgan_shape_of(1, 0, 0, 0) : clgan_net_output_shape(m, net, k);
  return f.h * f.w * f.c;
}

/* A host tensor of n rows of `bytes` each, moved batch by batch. */
struct rows {
  int value;
  const void *from; /* input: what is uploaded; NULL: an output */
  void *to;
  size_t bytes;
};

/* A batch under way. Full batches go between the device and the caller's memory; of a part of one the rest has to be
 * somewhere, so each tensor has room for a batch here. */
struct flight {
  struct clgan_event *done;
  void *room[4];
  size_t at, n;
};
enum { IN_FLIGHT = 2 };

struct stream {
  struct clgan_run *run;
  const struct rows *rows;
  size_t n_rows, n, batch;
  struct flight flight[IN_FLIGHT];
};

/* Waits for a batch and hands over what it gave. */
static enum clgan_status retire(struct stream *s, struct flight *f, struct clgan_error *e) {
  if (!f->done) return CLGAN_OK;
  enum clgan_status st = clgan_event_wait(f->done, e);
  clgan_event_destroy(f->done);
  f->done = NULL;
  for (size_t k = 0; k < s->n_rows && st == CLGAN_OK && f->n < s->batch; k++) {
    const struct rows *r = &s->rows[k];
    if (!r->from) memcpy((unsigned char *)r->to + f->at * r->bytes, f->room[k], f->n * r->bytes);
  }
  return st;
}

static enum clgan_status room_for(struct stream *s, struct flight *f, struct clgan_error *e) {
  for (size_t k = 0; k < s->n_rows; k++)
    CLGAN_TRY(clgan_mem_try(&f->room[k], s->batch, s->rows[k].bytes, "a batch", e));
  return CLGAN_OK;
}

/* Enqueues the batch that begins at row @p at: upload, run, download. */
static enum clgan_status launch(struct stream *s, struct flight *f, size_t at, struct clgan_error *e) {
  size_t last = s->n_rows - 1;
  f->at = at;
  f->n = s->n - at < s->batch ? s->n - at : s->batch;
  bool full = f->n == s->batch;
  if (!full) CLGAN_TRY(room_for(s, f, e));
  for (size_t k = 0; k < s->n_rows; k++) {
    const struct rows *r = &s->rows[k];
    if (!r->from) continue;
    const unsigned char *host = (const unsigned char *)r->from + at * r->bytes;
    if (!full) memcpy(f->room[k], host, f->n * r->bytes);
    CLGAN_TRY(clgan_run_write_async(s->run, r->value, full ? host : f->room[k], s->batch * r->bytes, NULL, e));
  }
  CLGAN_TRY(clgan_run_execute(s->run, e));
  for (size_t k = 0; k < s->n_rows; k++) {
    const struct rows *r = &s->rows[k];
    if (r->from) continue;
    void *host = full ? (unsigned char *)r->to + at * r->bytes : f->room[k];
    CLGAN_TRY(clgan_run_read_async(s->run, r->value, host, s->batch * r->bytes, k == last ? &f->done : NULL, e));
  }
  return CLGAN_OK;
}

/* All rows, with at most two batches under way, so that the device need not wait for the host. @param rows inputs, then
 * outputs. */
static enum clgan_status run_rows(struct clgan_sampler *p, enum clgan_use use, size_t n, const struct rows *rows,
                                  size_t n_rows, struct clgan_error *e) {
  struct stream s = {p->run[use], rows, n_rows, n, (size_t)p->batch, {{0}}};
  struct clgan_error ignored = {0};
  enum clgan_status st = CLGAN_OK;
  size_t k = 0;
  for (size_t at = 0; at < n && st == CLGAN_OK; at += s.batch, k++) {
    st = retire(&s, &s.flight[k % IN_FLIGHT], e);
    if (st == CLGAN_OK) st = launch(&s, &s.flight[k % IN_FLIGHT], at, e);
    if (st == CLGAN_OK) st = clgan_cl_flush(p->cl, e);
  }
  for (size_t i = 0; i < IN_FLIGHT && st == CLGAN_OK; i++) st = retire(&s, &s.flight[(k + i) % IN_FLIGHT], e);
  if (st != CLGAN_OK)
    clgan_cl_finish(p->cl, &ignored); /* nothing may be under way to or from memory that is given back */
  for (size_t i = 0; i < IN_FLIGHT; i++) {
    clgan_event_destroy(s.flight[i].done);
    for (size_t r = 0; r < n_rows; r++) clgan_mem_free(s.flight[i].room[r]);
  }
  return st;
}

enum clgan_status clgan_sampler_generate(struct clgan_sampler *s, size_t n, const float *z, const float *c, float *x,
                                         struct clgan_error *e) {
  CLGAN_TRY(ready(s, CLGAN_USE_GENERATE, e));
  const struct clgan_use_graph *u = s->graph[CLGAN_USE_GENERATE];
  struct rows rows[3];
  size_t k = 0;
  rows[k++] = (struct rows){.value = u->z, .from = z, .bytes = (size_t)s->m->latent * sizeof(float)};
  if (u->condition != CLGAN_NONE)
    rows[k++] = (struct rows){.value = u->condition, .from = c, .bytes = (size_t)s->m->condition_size * sizeof(float)};
  rows[k++] = (struct rows){.value = u->x, .to = x, .bytes = clgan_model_image_size(s->m) * sizeof(float)};
  return run_rows(s, CLGAN_USE_GENERATE, n, rows, k, e);
}

void clgan_sampler_pixels(const struct clgan_model *m, size_t n, const float *x, unsigned char *pixels) {
  clgan_pixels_from_float(x, n * clgan_model_image_size(m), m->pixels_01 ? CLGAN_PIXELS_UNIT : CLGAN_PIXELS_TANH, pixels);
}

enum clgan_status clgan_sampler_sheet(const struct clgan_model *m, size_t rows, size_t cols, struct clgan_sheet **out,
                                      struct clgan_error *e) {
  return clgan_sheet_create((uint32_t)rows, (uint32_t)cols, (uint32_t)m->height, (uint32_t)m->width,
                            (uint32_t)m->channels, out, e);
}

enum clgan_status clgan_sampler_codes(struct clgan_sampler *s, size_t n, const unsigned char *images, float *z,
                                      float *factors, float *features, struct clgan_error *e) {
  if (features && !clgan_sampler_feature_count(s->m))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "model %.60s: E has no hidden layer, so there are no features",
                           s->m->name);
  CLGAN_TRY(ready(s, CLGAN_USE_ENCODE, e));
  const struct clgan_use_graph *u = s->graph[CLGAN_USE_ENCODE];
  const struct rows out[3] = {
      {.value = u->z, .to = z, .bytes = (size_t)s->m->latent * sizeof(float)},
      {.value = u->factors, .to = factors, .bytes = (size_t)clgan_sampler_factors(s->m) * sizeof(float)},
      {.value = u->features, .to = features, .bytes = (size_t)clgan_sampler_feature_count(s->m) * sizeof(float)}};
  struct rows rows[4] = {{.value = u->x, .from = images, .bytes = clgan_model_image_size(s->m)}};
  size_t k = 1;
  for (size_t i = 0; i < 3; i++)
    if (out[i].to && out[i].value != CLGAN_NONE) rows[k++] = out[i];
  return k == 1 ? CLGAN_OK : run_rows(s, CLGAN_USE_ENCODE, n, rows, k, e);
}

enum clgan_status clgan_sampler_encode(struct clgan_sampler *s, size_t n, const unsigned char *images, float *z,
                                       float *factors, struct clgan_error *e) {
  return clgan_sampler_codes(s, n, images, z, factors, NULL, e);
}

enum clgan_status clgan_sampler_features(struct clgan_sampler *s, size_t n, const unsigned char *images,
                                         float *features, struct clgan_error *e) {
  return clgan_sampler_codes(s, n, images, NULL, NULL, features, e);
}

enum clgan_status clgan_sampler_refine(struct clgan_sampler *s, const struct clgan_refine_options *o, size_t n,
                                       const unsigned char *images, const float *c, float *z, float *before,
                                       float *after, struct clgan_error *e) {
  int batch = n < (size_t)s->batch ? (int)n : s->batch;
  if (!n) return CLGAN_OK;
  if (s->refiner && clgan_refiner_batch(s->refiner) != batch) {
    clgan_refiner_destroy(s->refiner);
    s->refiner = NULL;
  }
  if (!s->refiner) CLGAN_TRY(clgan_refiner_create(s->cl, s->store, s->m, batch, CLGAN_REFINE_PRIOR, &s->refiner, e));
  return clgan_refiner_run(s->refiner, o, n, images, c, z, before, after, e);
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

double clgan_condition_years(const struct clgan_model *m, float value) {
  return m->settings.age_range == 11 ? ((double)value + 1) * 40 : (double)value * 80;
}

int clgan_logits_likeliest(const float *logits, int classes) {
  int best = 0;
  for (int k = 1; k < classes; k++)
    if (logits[k] > logits[best]) best = k;
  return best;
}

void clgan_condition_from_factors(const struct clgan_model *m, const float *factors, float *c) {
  if (m->condition == CLGAN_CONDITION_CLASS) {
    clgan_condition_class(m, clgan_logits_likeliest(factors, m->classes), c);
  } else if (m->condition == CLGAN_CONDITION_FACE) {
    fill_face(m, factors[0], m->settings.gender && factors[1] > 0 ? 1.0f : -1.0f, c);
  }
}
