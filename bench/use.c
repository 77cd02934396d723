/* use.c: times generation and reconstruction. SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/philox.h"
#include "bench/train.h"
#include "train/sampler.h"
#include "train/weights.h"

enum { SEED = 1, BATCH = 64 /* as train/nets.c has it */ };

/* What is drawn and drawn again. */
struct use {
  struct clgan_sampler *sampler;
  const struct clgan_model *m;
  size_t n;
  bool encode;
  unsigned char *images;
  float *z, *c, *x;
};

static enum clgan_status do_use(void *context, int times, struct clgan_error *e) {
  struct use *u = context;
  float *c = u->m->condition_size ? u->c : NULL;
  for (int k = 0; k < times; k++) {
    if (u->encode) CLGAN_TRY(clgan_sampler_encode(u->sampler, u->n, u->images, u->z, NULL, e));
    CLGAN_TRY(clgan_sampler_generate(u->sampler, u->n, u->z, c, u->x, e));
  }
  return CLGAN_OK;
}

static enum clgan_status make_weights(struct clgan_store *s, const struct clgan_model *m, struct clgan_error *e) {
  for (int k = 0; k < 2; k++) {
    char averaged[64];
    const struct clgan_net *net = &m->nets[k];
    (void)snprintf(averaged, sizeof averaged, "%s_ema", net->name);
    CLGAN_TRY(clgan_weights_init(s, m, net, SEED, e));
    CLGAN_TRY(clgan_weights_copy(s, net, net->name, averaged, true, e));
  }
  return CLGAN_OK;
}

static enum clgan_status make_host(struct use *u, size_t most, struct clgan_error *e) {
  const struct clgan_model *m = u->m;
  const size_t pixels = clgan_model_image_size(m);
  const size_t conditions = m->condition_size ? (size_t)m->condition_size : 1;
  struct clgan_random r;
  CLGAN_TRY(clgan_mem_try((void **)&u->images, most, pixels, "images", e));
  CLGAN_TRY(clgan_mem_try((void **)&u->x, most * pixels, sizeof(float), "images", e));
  CLGAN_TRY(clgan_mem_try((void **)&u->z, most * (size_t)m->latent, sizeof(float), "codes", e));
  CLGAN_TRY(clgan_mem_try((void **)&u->c, most * conditions, sizeof(float), "conditions", e));
  clgan_random_init(&r, SEED, 0, CLGAN_STREAM_SAMPLE);
  for (size_t k = 0; k < most * pixels; k++) u->images[k] = (unsigned char)clgan_random_below(&r, 256);
  clgan_latent_draw(m, SEED, 0, most, u->z);
  for (size_t k = 0; k < most; k++) {
    if (m->condition == CLGAN_CONDITION_CLASS) clgan_condition_class(m, (int)(k % (size_t)m->classes), u->c + k * conditions);
    if (m->condition == CLGAN_CONDITION_FACE) clgan_condition_face(m, (double)(k % 80), (double)(k & 1), u->c + k * conditions);
  }
  return CLGAN_OK;
}

/* Seconds of all, by those of one batch. */
static enum clgan_status estimate(struct clgan_cl *cl, struct use *u, double *seconds, struct clgan_error *e) {
  const struct clgan_bench_timing once = {.runs = 1, .most = 1};
  const size_t all = u->n;
  struct clgan_median found;
  u->n = BATCH;
  enum clgan_status s = clgan_bench_time(cl, do_use, u, &once, &found, e);
  u->n = all;
  *seconds = s == CLGAN_OK ? found.median * (double)((all + BATCH - 1) / BATCH) : 0;
  return s;
}

static enum clgan_status measure(struct clgan_cl *cl, struct clgan_store *store, struct use *u,
                                 const struct clgan_bench_pace *pace, struct clgan_bench_row *row,
                                 struct clgan_error *e) {
  struct clgan_bench_timing t = {.least_s = 0.02, .runs = 5, .most = 51, .budget_s = 4, .bound = clgan_bench_bound(pace)};
  if (pace->quick) t.runs = 3, t.most = 9, t.budget_s = 0.5;
  clgan_bench_timing_share(pace, &t);
  t.end = pace->end;
  u->sampler = clgan_sampler_create(cl, store, u->m, u->n < BATCH ? (int)u->n : BATCH);
  double seconds = 0;
  enum clgan_status s = t.end > 0 && u->n > BATCH ? estimate(cl, u, &seconds, e) : CLGAN_OK;
  if (s == CLGAN_OK && clgan_bench_fits(pace, (CLGAN_BENCH_BEFORE + t.runs) * seconds)) {
    s = clgan_bench_time(cl, do_use, u, &t, &row->time, e);
    seconds = row->time.median;
  }
  clgan_sampler_destroy(u->sampler);
  if (s != CLGAN_OK) return s;
  if (!row->time.runs) {
    clgan_bench_leave(row, (CLGAN_BENCH_BEFORE + t.runs) * seconds);
    return CLGAN_OK;
  }
  row->images_per_s = (double)u->n / row->time.median;
  clgan_bench_doubt(pace, &row->time, row->note, sizeof row->note);
  return CLGAN_OK;
}

static enum clgan_status measure_all(struct clgan_cl *cl, struct clgan_store *store, struct use *u,
                                     struct clgan_bench_pace *pace, struct clgan_bench_rows *rows,
                                     struct clgan_error *e) {
  static const size_t counts[] = {1, CLGAN_BENCH_MANY};
  for (int k = 0; k < CLGAN_BENCH_USES; k++) {
    char start[96], name[128];
    struct clgan_error own = {0};
    u->encode = k >= 2;
    u->n = counts[k % 2];
    clgan_bench_model_name(u->m, u->encode ? "reconstruct" : "generate", start, sizeof start);
    (void)snprintf(name, sizeof name, "%s%zu", start, u->n);
    if (!clgan_bench_begin(pace, name)) continue;
    struct clgan_bench_row *row = clgan_bench_add(rows);
    row->phase = u->encode ? "reconstruct" : "generate";
    (void)snprintf(row->name, sizeof row->name, "%s", name);
    if (measure(cl, store, u, pace, row, &own) == CLGAN_OK) continue;
    clgan_bench_fail(row, &own);
    (void)clgan_error_set(e, own.status, "%s: %s", name, own.text);
  }
  return e->status;
}

enum clgan_status clgan_bench_use(struct clgan_cl *cl, const struct clgan_model *m, struct clgan_bench_pace *pace,
                                  struct clgan_bench_rows *rows, struct clgan_error *e) {
  struct use u = {.m = m};
  if (!m->nets[CLGAN_NET_G].name || !m->nets[CLGAN_NET_E].name) return CLGAN_OK; /* nothing to draw with */
  struct clgan_store *store = clgan_store_create(cl);
  enum clgan_status s = make_host(&u, CLGAN_BENCH_MANY, e);
  if (s == CLGAN_OK) s = make_weights(store, m, e);
  if (s == CLGAN_OK) s = measure_all(cl, store, &u, pace, rows, e);
  clgan_store_destroy(store);
  clgan_mem_free(u.images);
  clgan_mem_free(u.x);
  clgan_mem_free(u.z);
  clgan_mem_free(u.c);
  return s;
}
