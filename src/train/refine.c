/* refine.c: gradient steps on codes. SPDX-License-Identifier: MIT */
#include "train/refine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "train/emit.h"

#define PI 3.14159265358979323846
#define BETA1 0.9
#define BETA2 0.999
#define BOUND 0.9995f /* of a uniform code at the start: atanh of its ends is not finite */

/* Elements of the graph's constants. */
enum { RATE, CORRECTION1, CORRECTION2, CONSTANTS };
/* Steps whose constants are on their way: the host is at most so far ahead of the device. */
enum { IN_FLIGHT = 2 };

struct clgan_refiner {
  struct clgan_cl *cl;
  struct clgan_store *store;
  const struct clgan_model *m;
  int batch;
  double prior;
  struct clgan_ir *g;
  struct clgan_run *run;
  struct clgan_net_state net;
  char name[3][32]; /* states: what is moved (z, or atanh z), Adam's moments */
  int x, condition, consts, again, loss;
  /* of one batch, on the host */
  unsigned char *images;
  float *z, *c, *drawn, flight[IN_FLIGHT][CONSTANTS], losses[IN_FLIGHT];
  struct clgan_event *done[IN_FLIGHT];
};

static bool bounded(const struct clgan_model *m) {
  return m->latent_kind == CLGAN_LATENT_UNIFORM;
}

/* -- the graph -- */

static void emit(struct clgan_refiner *r) {
  const struct clgan_model *m = r->m;
  struct clgan_ir *g = r->g;
  const struct clgan_apply how = {.mode = CLGAN_BN_INFER, .frozen = true, .momentum = CLGAN_NONE};
  struct clgan_shape zs = clgan_shape_of(r->batch, 1, 1, m->latent);
  int out[4] = {CLGAN_NONE, CLGAN_NONE, CLGAN_NONE, CLGAN_NONE}, grad = CLGAN_NONE;
  r->x = clgan_ir_input(g, "x", CLGAN_U8, clgan_shape_of(r->batch, m->height, m->width, m->channels));
  r->consts = clgan_ir_input(g, "consts", CLGAN_F32, clgan_shape_of(1, 1, 1, CONSTANTS));
  r->condition = CLGAN_NONE;
  if (m->condition_size)
    r->condition = clgan_ir_input(g, "condition", CLGAN_F32, clgan_shape_of(r->batch, 1, 1, m->condition_size));
  int w = clgan_ir_state(g, r->name[0], CLGAN_F32, zs), z = w;
  struct clgan_attr tanh_of = {.act = CLGAN_ACT_TANH};
  if (bounded(m)) z = clgan_ir_emit(g, CLGAN_OP_ACT, &tanh_of, 1, &w, NULL);
  clgan_net_apply(g, &r->net, &how, (int[]){z, r->condition}, out);
  r->again = out[0];
  int target = clgan_emit_unpack(g, m, r->x);
  r->loss = clgan_ir_emit(g, CLGAN_OP_LOSS_L1, NULL, 2, (int[]){target, r->again}, NULL);
  /* Times N: each image's own mean, whatever the batch. */
  struct clgan_start start = {r->loss, CLGAN_NONE, {(float)r->batch, CLGAN_NONE, 0}};
  clgan_autodiff(g, &start, 1, &w, 1, &grad);
  /* Adam's decay adds the gradient of prior mean z^2 / 2. */
  float decay = bounded(m) ? 0 : (float)(r->prior / m->latent);
  struct clgan_attr adam = {.f = {(float)BETA1, (float)BETA2, 1e-8f, decay}, .i = {RATE, CORRECTION1, CORRECTION2}};
  int in[5] = {w, clgan_ir_state(g, r->name[1], CLGAN_F32, zs), clgan_ir_state(g, r->name[2], CLGAN_F32, zs), grad,
               r->consts};
  clgan_ir_emit(g, CLGAN_OP_ADAM, &adam, 5, in, NULL);
}

static enum clgan_status build(struct clgan_refiner *r, struct clgan_error *e) {
  static const char *const what[] = {"z", "m", "v"};
  char ema[64];
  if (!r->m->nets[CLGAN_NET_G].name)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "model %.60s draws no images: there is nothing to refine", r->m->name);
  for (int k = 0; k < 3; k++) snprintf(r->name[k], sizeof r->name[k], "refine.%d.%s", r->batch, what[k]);
  snprintf(ema, sizeof ema, "%s_ema", r->m->nets[CLGAN_NET_G].name);
  r->g = clgan_ir_create();
  clgan_net_state_create(r->g, &r->m->nets[CLGAN_NET_G], ema, &r->net);
  emit(r);
  const int keep[2] = {r->again, r->loss};
  clgan_graph_fuse(r->g, keep, 2);
  if (r->g->error.status) return clgan_error_set(e, r->g->error.status, "%s", r->g->error.text);
  return clgan_run_create(r->cl, r->store, r->g, keep, 2, &r->run, e);
}

enum clgan_status clgan_refiner_create(struct clgan_cl *cl, struct clgan_store *store, const struct clgan_model *m,
                                       int batch, double prior, struct clgan_refiner **out, struct clgan_error *e) {
  struct clgan_refiner *r = clgan_mem_alloc(sizeof *r);
  size_t n = (size_t)batch;
  *out = NULL;
  r->cl = cl;
  r->store = store;
  r->m = m;
  r->batch = batch;
  r->prior = prior;
  enum clgan_status s = build(r, e);
  if (s != CLGAN_OK) {
    clgan_refiner_destroy(r);
    return s;
  }
  r->images = clgan_mem_array(n, clgan_model_image_size(m));
  r->drawn = clgan_mem_array(n, clgan_model_image_size(m) * sizeof *r->drawn);
  r->z = clgan_mem_array(n, (size_t)m->latent * sizeof *r->z);
  r->c = clgan_mem_array(n, (size_t)m->condition_size * sizeof *r->c + 1);
  *out = r;
  return CLGAN_OK;
}

void clgan_refiner_destroy(struct clgan_refiner *r) {
  if (!r) return;
  clgan_run_destroy(r->run);
  if (r->g) clgan_net_state_free(&r->net);
  clgan_ir_destroy(r->g);
  clgan_mem_free(r->images);
  clgan_mem_free(r->drawn);
  clgan_mem_free(r->z);
  clgan_mem_free(r->c);
  clgan_mem_free(r);
}

int clgan_refiner_batch(const struct clgan_refiner *r) {
  return r->batch;
}

/* -- a batch -- */

/* What is moved, of z, and back. */
static void to_moved(const struct clgan_refiner *r, size_t n, const float *z, float *w) {
  size_t count = n * (size_t)r->m->latent;
  for (size_t k = 0; k < count; k++) w[k] = bounded(r->m) ? atanhf(fminf(fmaxf(z[k], -BOUND), BOUND)) : z[k];
}

static float from_moved(const struct clgan_refiner *r, float w) {
  return bounded(r->m) ? tanhf(w) : w;
}

/* The places behind the last image hold the first one again: any finite numbers would do. */
static void fill(void *to, const void *from, size_t n, size_t room, size_t row) {
  if (to != from) memcpy(to, from, n * row);
  for (size_t k = n; k < room; k++) memcpy((unsigned char *)to + k * row, from, row);
}

static enum clgan_status load(struct clgan_refiner *r, size_t n, const unsigned char *images, const float *c,
                              const float *z, struct clgan_error *e) {
  size_t N = (size_t)r->batch, size = clgan_model_image_size(r->m), C = (size_t)r->m->condition_size * sizeof *c,
         Z = (size_t)r->m->latent;
  float *zero = clgan_mem_array(N * Z, sizeof *zero);
  fill(r->images, images, n, N, size);
  to_moved(r, n, z, r->z);
  fill(r->z, r->z, n, N, Z * sizeof *z);
  enum clgan_status s = clgan_run_write(r->run, r->x, r->images, N * size, e);
  if (s == CLGAN_OK && r->condition != CLGAN_NONE) {
    fill(r->c, c, n, N, C);
    s = clgan_run_write(r->run, r->condition, r->c, N * C, e);
  }
  if (s == CLGAN_OK) s = clgan_store_write(r->store, r->name[0], 0, r->z, N * Z, e);
  for (int k = 1; k < 3 && s == CLGAN_OK; k++) s = clgan_store_write(r->store, r->name[k], 0, zero, N * Z, e);
  clgan_mem_free(zero);
  return s;
}

/* Mean absolute differences of what was drawn last, pixels from 0 to 1. */
static enum clgan_status differences(struct clgan_refiner *r, size_t n, float *out, struct clgan_error *e) {
  size_t size = clgan_model_image_size(r->m);
  double low = r->m->pixels_01 ? 0 : -1, range = r->m->pixels_01 ? 1 : 2;
  CLGAN_TRY(clgan_run_read(r->run, r->again, r->drawn, (size_t)r->batch * size * sizeof *r->drawn, e));
  for (size_t i = 0; i < n; i++) {
    double sum = 0;
    for (size_t k = i * size; k < (i + 1) * size; k++)
      sum += fabs(((double)r->drawn[k] - low) / range - (double)r->images[k] / 255);
    out[i] = (float)(sum / (double)size);
  }
  return CLGAN_OK;
}

static enum clgan_status wait_for(struct clgan_refiner *r, int slot, struct clgan_error *e) {
  enum clgan_status s = clgan_event_wait(r->done[slot], e);
  clgan_event_destroy(r->done[slot]);
  r->done[slot] = NULL;
  return s;
}

/* Enqueues step t of so many. */
static enum clgan_status step(struct clgan_refiner *r, const struct clgan_refine_options *o, int t,
                              struct clgan_error *e) {
  int slot = t % IN_FLIGHT;
  float *k = r->flight[slot];
  if (r->done[slot]) CLGAN_TRY(wait_for(r, slot, e));
  k[RATE] = (float)(o->rate * 0.5 * (1 + cos(PI * (double)t / (double)o->steps)));
  k[CORRECTION1] = (float)(1 - pow(BETA1, (double)t + 1));
  k[CORRECTION2] = (float)(1 - pow(BETA2, (double)t + 1));
  CLGAN_TRY(clgan_run_write_async(r->run, r->consts, k, sizeof r->flight[slot], NULL, e));
  CLGAN_TRY(clgan_run_execute(r->run, e));
  CLGAN_TRY(clgan_run_read_async(r->run, r->loss, &r->losses[slot], sizeof r->losses[slot], &r->done[slot], e));
  return clgan_cl_flush(r->cl, e);
}

struct batch {
  const struct clgan_refine_options *o;
  size_t n;
  const unsigned char *images;
  const float *c;
  float *z, *before, *after;
};

static enum clgan_status all_steps(struct clgan_refiner *r, const struct batch *b, struct clgan_progress *p, double at,
                                   struct clgan_error *e) {
  for (int t = 0; t < b->o->steps; t++) {
    CLGAN_TRY(step(r, b->o, t, e));
    if (t == 0) CLGAN_TRY(differences(r, b->n, b->before, e)); /* drawn before z was moved */
    clgan_progress_update(p, at + (double)b->n * ((double)t + 1) / (double)b->o->steps, NULL);
  }
  CLGAN_TRY(clgan_store_read(r->store, r->name[0], 0, r->z, (size_t)r->batch * (size_t)r->m->latent, e));
  CLGAN_TRY(step(r, b->o, b->o->steps, e)); /* at rate 0: draws from where z is now */
  return differences(r, b->n, b->after, e);
}

static void keep_better(const struct clgan_refiner *r, const struct batch *b) {
  size_t Z = (size_t)r->m->latent;
  for (size_t i = 0; i < b->n; i++) {
    bool finite = true;
    for (size_t k = i * Z; k < (i + 1) * Z; k++) finite &= isfinite(r->z[k]) != 0;
    if (!finite || !(b->after[i] < b->before[i]))
      b->after[i] = b->before[i];
    else
      for (size_t k = i * Z; k < (i + 1) * Z; k++) b->z[k] = from_moved(r, r->z[k]);
  }
}

static enum clgan_status run_batch(struct clgan_refiner *r, const struct batch *b, struct clgan_progress *p, double at,
                                   struct clgan_error *e) {
  struct clgan_error ignored = {0};
  CLGAN_TRY(load(r, b->n, b->images, b->c, b->z, e));
  enum clgan_status s = all_steps(r, b, p, at, e);
  if (s != CLGAN_OK)
    clgan_cl_finish(r->cl, &ignored); /* nothing may be under way to or from memory that is given back */
  for (int k = 0; k < IN_FLIGHT; k++) {
    if (s == CLGAN_OK && r->done[k]) s = wait_for(r, k, e);
    clgan_event_destroy(r->done[k]);
    r->done[k] = NULL;
  }
  if (s == CLGAN_OK) keep_better(r, b);
  return s;
}

enum clgan_status clgan_refiner_run(struct clgan_refiner *r, const struct clgan_refine_options *o, size_t n,
                                    const unsigned char *images, const float *c, float *z, float *before, float *after,
                                    struct clgan_error *e) {
  const struct clgan_model *m = r->m;
  struct clgan_refine_options chosen = *o;
  struct clgan_progress p;
  enum clgan_status s = CLGAN_OK;
  if (o->steps < 1) return clgan_error_set(e, CLGAN_ERR_USAGE, "%d steps of refinement: at least 1", o->steps);
  if (!(chosen.rate > 0)) chosen.rate = CLGAN_REFINE_RATE;
  float *differ = clgan_mem_array(2 * (size_t)r->batch, sizeof *differ);
  clgan_progress_begin(&p, "refine", "images", (double)n, 0);
  for (size_t at = 0; at < n && s == CLGAN_OK; at += (size_t)r->batch) {
    struct batch b = {&chosen,
                      n - at < (size_t)r->batch ? n - at : (size_t)r->batch,
                      images + at * clgan_model_image_size(m),
                      c ? c + at * (size_t)m->condition_size : NULL,
                      z + at * (size_t)m->latent,
                      before ? before + at : differ,
                      after ? after + at : differ + r->batch};
    s = run_batch(r, &b, &p, (double)at, e);
  }
  clgan_progress_end(&p);
  clgan_mem_free(differ);
  return s;
}
