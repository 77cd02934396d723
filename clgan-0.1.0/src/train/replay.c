/* replay.c: training steps with recorded weights and draws, on a device or by the interpreter; and their recording.
 * SPDX-License-Identifier: MIT */
#include "train/replay.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/philox.h"
#include "model/checkpoint.h"
#include "train/weights.h"

const char *const clgan_replay_names[CLGAN_REPLAY_MEASURES] = {
    "losses, first step (relative)", "losses, later steps (relative)", "gradients (of the largest)",
    "final tensors (absolute)"};
/* Small nets; and base 32 and bigan-mlp at full width, whose own float32 reference strays further. */
static const double small_bounds[] = {1e-5, 1e-4, 1e-4, 1e-4}, large_bounds[] = {1e-5, 1e-2, 1e-3, 1e-2};

enum { SMALL_BASE_END = 32, START_STEP = 500 /* losses that are faded in are there */, SHIFT_RANGE = 17, YEARS = 80 };
static const char *const shift_names[CLGAN_SHIFTS] = {"shift_d_real", "shift_d_fake", "shift_g_real", "shift_g_fake"};

struct clgan_golden {
  struct clgan_safetensors *file; /* NULL: recorded */
  struct clgan_tensors made;
  struct clgan_model *m;
  int base, batch, steps, start;
  char name[128];
};

/* One side of the comparison: the graph, and its memory on a device or in the interpreter. */
struct side {
  const struct clgan_golden *g;
  struct clgan_step *s;
  struct clgan_cl *cl; /* NULL: interpreter */
  struct clgan_store *store;
  struct clgan_run *run;
  struct clgan_interpreter *host;
};

void clgan_golden_destroy(struct clgan_golden *g) {
  if (!g) return;
  clgan_safetensors_close(g->file);
  clgan_tensors_free(&g->made);
  clgan_model_destroy(g->m);
  clgan_mem_free(g);
}

const char *clgan_golden_name(const struct clgan_golden *g) {
  return g->name;
}

/* -- what was recorded -- */

static enum clgan_status missing(const char *name, struct clgan_error *e) {
  return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: not in the golden file, or of another size", name);
}

/* A copy (clgan_mem_free) of @p count elements. */
static enum clgan_status recorded(const struct clgan_golden *g, const char *name, size_t count, float **out,
                                  struct clgan_error *e) {
  *out = NULL;
  if (g->file) {
    const struct clgan_tensor *t = clgan_safetensors_find(g->file, name);
    if (!t || t->count != count) return missing(name, e);
    *out = clgan_mem_array(count, sizeof **out);
    clgan_tensor_to_float(t, *out);
    return CLGAN_OK;
  }
  const struct clgan_named_tensor *t = clgan_tensors_find(&g->made, name);
  if (!t || t->count != count) return missing(name, e);
  *out = clgan_mem_array(count, sizeof **out);
  memcpy(*out, t->data, count * sizeof **out);
  return CLGAN_OK;
}

/* -- memory of either side -- */

static int state_value(const struct side *r, const char *root) {
  for (size_t v = 0; v < r->s->g->n_values; v++) {
    const struct clgan_value *x = &r->s->g->values[v];
    if (x->kind == CLGAN_VALUE_STATE && x->root == (int)v && strcmp(x->name, root) == 0) return (int)v;
  }
  return CLGAN_NONE;
}

static enum clgan_status write_state(const struct side *r, const char *root, size_t offset, const float *x, size_t n,
                                     struct clgan_error *e) {
  int v = state_value(r, root);
  if (v < 0) return CLGAN_OK; /* recorded, but not used by the step (running statistics of averaged nets) */
  if (r->cl) return clgan_store_write(r->store, root, offset, x, n, e);
  double *to = clgan_interpreter_data(r->host, v) + offset;
  for (size_t k = 0; k < n; k++) to[k] = (double)x[k];
  return CLGAN_OK;
}

static enum clgan_status read_state(const struct side *r, const char *root, size_t offset, float *x, size_t n,
                                    struct clgan_error *e) {
  if (r->cl) return clgan_store_read(r->store, root, offset, x, n, e);
  const double *from = clgan_interpreter_data(r->host, state_value(r, root)) + offset;
  for (size_t k = 0; k < n; k++) x[k] = (float)from[k];
  return CLGAN_OK;
}

static enum clgan_status write_input(const struct side *r, int v, const float *x, size_t n, struct clgan_error *e) {
  if (!r->cl) {
    double *to = clgan_interpreter_data(r->host, v);
    for (size_t k = 0; k < n; k++) to[k] = (double)x[k];
    return CLGAN_OK;
  }
  if (clgan_ir_value(r->s->g, v)->dtype != CLGAN_I32) return clgan_run_write(r->run, v, x, n * sizeof *x, e);
  int32_t *whole = clgan_mem_array(n, sizeof *whole);
  for (size_t k = 0; k < n; k++) whole[k] = (int32_t)x[k];
  enum clgan_status s = clgan_run_write(r->run, v, whole, n * sizeof *whole, e);
  clgan_mem_free(whole);
  return s;
}

static void side_close(struct side *r) {
  clgan_run_destroy(r->run);
  clgan_store_destroy(r->store);
  clgan_interpreter_destroy(r->host);
  clgan_step_destroy(r->s);
}

static enum clgan_status side_open(struct side *r, const struct clgan_golden *g, struct clgan_cl *cl,
                                   struct clgan_error *e) {
  *r = (struct side){.g = g, .cl = cl};
  CLGAN_TRY(clgan_step_create(g->m, g->batch, false, &r->s, e));
  if (!cl) return clgan_interpreter_create(r->s->g, &r->host, e);
  r->store = clgan_store_create(cl);
  return clgan_run_create(cl, r->store, r->s->g, &r->s->losses, 1, &r->run, e);
}

/* -- tensors of the nets -- */

enum task { LOAD, RECORD, COMPARE };
struct visit {
  const struct side *r;
  const char *prefix; /* of the recorded names */
  enum task task;
  enum clgan_replay_measure measure;  /* COMPARE */
  struct clgan_replay_result *result; /* COMPARE */
  struct clgan_tensors *made;         /* RECORD */
};

static void note(struct clgan_replay_result *r, enum clgan_replay_measure k, double deviation, const char *where) {
  if (deviation <= r->worst[k] || isnan(r->worst[k])) return; /* what is NaN stays */
  r->worst[k] = deviation;
  snprintf(r->where[k], sizeof r->where[k], "%s", where);
}

static void compare(const struct visit *v, const char *name, const float *mine, const float *want, size_t n) {
  double largest = 0, deviation = 0;
  for (size_t k = 0; k < n; k++) {
    double d = fabs((double)mine[k] - (double)want[k]);
    largest = fmax(largest, fabs((double)want[k]));
    if (!(d <= deviation) && !isnan(deviation)) deviation = d;
  }
  if (v->measure == CLGAN_REPLAY_GRADIENT && largest > 0) deviation /= largest;
  note(v->result, v->measure, deviation, name);
}

static enum clgan_status visit_one(const struct visit *v, const char *name, const struct clgan_param *p,
                                   const char *root, size_t offset, float *file, float *device, struct clgan_error *e) {
  float *other = NULL;
  if (v->task == LOAD) {
    CLGAN_TRY(recorded(v->r->g, name, p->count, &other, e));
    clgan_param_to_device(p, other, device);
    clgan_mem_free(other);
    return write_state(v->r, root, offset, device, p->count, e);
  }
  CLGAN_TRY(read_state(v->r, root, offset, device, p->count, e));
  clgan_param_to_file(p, device, file);
  if (v->task == RECORD) {
    CLGAN_TRY(clgan_tensors_add(v->made, name, p->dims, p->file_shape, &other, e));
    memcpy(other, file, p->count * sizeof *file);
    return CLGAN_OK;
  }
  CLGAN_TRY(recorded(v->r->g, name, p->count, &other, e));
  compare(v, name, file, other, p->count);
  clgan_mem_free(other);
  return CLGAN_OK;
}

static enum clgan_status visit_tensor(void *context, const char *name, const struct clgan_param *p, const char *root,
                                      size_t offset, struct clgan_error *e) {
  const struct visit *v = context;
  char full[192];
  if (state_value(v->r, root) < 0) return CLGAN_OK;
  snprintf(full, sizeof full, "%s.%s", v->prefix, name);
  float *file = clgan_mem_array(p->count, sizeof *file), *device = clgan_mem_array(p->count, sizeof *device);
  enum clgan_status s = visit_one(v, full, p, root, offset, file, device, e);
  clgan_mem_free(file);
  clgan_mem_free(device);
  return s;
}

/* Every net, and the averaged ones; of gradients the three nets' trainable tensors. */
static enum clgan_status walk(struct visit *v, bool gradients, struct clgan_error *e) {
  const struct clgan_model *m = v->r->g->m;
  for (int k = 0; k < 3; k++) {
    const struct clgan_net *n = &m->nets[k];
    CLGAN_TRY(clgan_tensors_walk(n, n->name, n->name, gradients ? "grads" : "params", gradients, visit_tensor, v, e));
    if (k == CLGAN_NET_D || gradients || !clgan_model_has_averages(m)) continue;
    const char *ema = k == CLGAN_NET_G ? "G_ema" : "E_ema";
    CLGAN_TRY(clgan_tensors_walk(n, ema, ema, "params", false, visit_tensor, v, e));
  }
  return CLGAN_OK;
}

static enum clgan_status load(const struct side *r, struct clgan_error *e) {
  struct visit v = {.r = r, .prefix = "init", .task = LOAD};
  return walk(&v, false, e);
}

/* -- steps -- */

/* [N,C,H,W] -> [N,H,W,C], in place of x. */
static void to_nhwc(const struct clgan_model *m, int n, float **x) {
  size_t c = (size_t)m->channels, hw = (size_t)m->height * (size_t)m->width;
  float *y = clgan_mem_array((size_t)n * c * hw, sizeof *y);
  for (size_t i = 0; i < (size_t)n; i++)
    for (size_t k = 0; k < c; k++)
      for (size_t p = 0; p < hw; p++) y[(i * hw + p) * c + k] = (*x)[(i * c + k) * hw + p];
  clgan_mem_free(*x);
  *x = y;
}

static enum clgan_status feed(const struct side *r, int step, const char *what, int value, struct clgan_error *e) {
  if (value == CLGAN_NONE) return CLGAN_OK;
  char name[64];
  float *x;
  size_t n = clgan_shape_count(clgan_ir_shape(r->s->g, value));
  snprintf(name, sizeof name, "step%d.%s", step, what);
  CLGAN_TRY(recorded(r->g, name, n, &x, e));
  if (value == r->s->x) to_nhwc(r->g->m, r->g->batch, &x);
  enum clgan_status s = write_input(r, value, x, n, e);
  clgan_mem_free(x);
  return s;
}

/* Feeds step number @p k, runs it, reads its losses. */
static enum clgan_status one_step(const struct side *r, int k, float losses[CLGAN_LOSS_MAX], struct clgan_error *e) {
  float consts[CLGAN_CONST_COUNT];
  size_t n = (size_t)r->s->n_losses;
  CLGAN_TRY(feed(r, k, "x", r->s->x, e));
  CLGAN_TRY(feed(r, k, "label", r->s->label, e));
  CLGAN_TRY(feed(r, k, "z", r->s->z, e));
  CLGAN_TRY(feed(r, k, "e_noise", r->s->e_noise, e));
  for (int i = 0; i < CLGAN_SHIFTS; i++) CLGAN_TRY(feed(r, k, shift_names[i], r->s->shift[i], e));
  clgan_step_constants(r->g->m, (uint64_t)(r->g->start + k), (uint64_t)k + 1, 1, consts);
  CLGAN_TRY(write_input(r, r->s->consts, consts, CLGAN_CONST_COUNT, e));
  if (r->cl) {
    CLGAN_TRY(clgan_run_execute(r->run, e));
    return clgan_run_read(r->run, r->s->losses, losses, n * sizeof *losses, e);
  }
  clgan_interpreter_execute(r->host);
  for (size_t i = 0; i < n; i++) losses[i] = (float)clgan_interpreter_data(r->host, r->s->losses)[i];
  return CLGAN_OK;
}

static enum clgan_status compare_losses(const struct side *r, int k, const float *mine, struct clgan_replay_result *out,
                                        struct clgan_error *e) {
  char name[64];
  float *want;
  size_t n = (size_t)r->s->n_losses;
  snprintf(name, sizeof name, "step%d.losses", k);
  CLGAN_TRY(recorded(r->g, name, n, &want, e));
  for (size_t i = 0; i < n; i++) {
    char where[96];
    snprintf(where, sizeof where, "step %d %s", k, r->s->loss_names[i]);
    note(out, k == 0 ? CLGAN_REPLAY_LOSS_FIRST : CLGAN_REPLAY_LOSS_LATER,
         fabs((double)mine[i] - (double)want[i]) / fabs((double)want[i]), where);
    clgan_log_verbose("  %s: %.7f, golden %.7f", where, (double)mine[i], (double)want[i]);
  }
  clgan_mem_free(want);
  return CLGAN_OK;
}

static enum clgan_status replay(const struct side *r, struct clgan_replay_result *out, struct clgan_error *e) {
  CLGAN_TRY(load(r, e));
  for (int k = 0; k < r->g->steps; k++) {
    float losses[CLGAN_LOSS_MAX];
    CLGAN_TRY(one_step(r, k, losses, e));
    CLGAN_TRY(compare_losses(r, k, losses, out, e));
    if (k > 0) continue;
    struct visit v = {r, "grad0", COMPARE, CLGAN_REPLAY_GRADIENT, out, NULL};
    CLGAN_TRY(walk(&v, true, e));
  }
  struct visit v = {r, "final", COMPARE, CLGAN_REPLAY_FINAL, out, NULL};
  return walk(&v, false, e);
}

enum clgan_status clgan_golden_replay(const struct clgan_golden *g, struct clgan_cl *cl,
                                      struct clgan_replay_result *out, struct clgan_error *e) {
  struct side r;
  *out = (struct clgan_replay_result){0};
  memcpy(out->bound, g->base >= SMALL_BASE_END ? large_bounds : small_bounds, sizeof out->bound);
  enum clgan_status s = side_open(&r, g, cl, e);
  if (s == CLGAN_OK) s = replay(&r, out, e);
  side_close(&r);
  if (s != CLGAN_OK) return clgan_error_prefix(e, "%s", g->name);
  for (int k = 0; k < CLGAN_REPLAY_MEASURES; k++) out->failures += !(out->worst[k] <= out->bound[k]);
  return CLGAN_OK;
}

/* -- golden files -- */

static int meta_int(const struct clgan_golden *g, const char *key) {
  const char *v = clgan_safetensors_metadata(g->file, key);
  return v ? atoi(v) : 0;
}

static void set_name(struct clgan_golden *g) {
  snprintf(g->name, sizeof g->name, "%.60s base %d batch %d, %d steps", g->m->name, g->base, g->batch, g->steps);
}

static enum clgan_status open_file(struct clgan_golden *g, const char *path, struct clgan_error *e) {
  char range[32], tile[32], gender[32];
  const char *sets[3] = {range, tile, gender};
  CLGAN_TRY(clgan_safetensors_open(path, &g->file, e));
  const char *name = clgan_safetensors_metadata(g->file, "model"),
             *ages = clgan_safetensors_metadata(g->file, "age_range");
  if (!name || !ages) return clgan_error_set(e, CLGAN_ERR_FORMAT, "no golden file: no model in its metadata");
  snprintf(range, sizeof range, "age_range=%s", ages);
  snprintf(tile, sizeof tile, "tile=%d", meta_int(g, "tile"));
  snprintf(gender, sizeof gender, "gender=%s", meta_int(g, "gender") ? "on" : "off");
  g->base = meta_int(g, "base");
  g->batch = meta_int(g, "batch");
  g->steps = meta_int(g, "steps");
  g->start = meta_int(g, "start_step");
  if (g->batch < 1 || g->steps < 1) return clgan_error_set(e, CLGAN_ERR_FORMAT, "no golden file: no batch or steps");
  CLGAN_TRY(clgan_model_load(name, strcmp(name, "bigan-mlp") == 0 ? 0 : g->base, sets,
                             strcmp(name, "faces64") == 0 ? 3 : 0, &g->m, e));
  set_name(g);
  return CLGAN_OK;
}

enum clgan_status clgan_golden_open(const char *path, struct clgan_golden **out, struct clgan_error *e) {
  *out = clgan_mem_alloc(sizeof **out);
  enum clgan_status s = open_file(*out, path, e);
  if (s == CLGAN_OK) return s;
  clgan_golden_destroy(*out);
  *out = NULL;
  return strstr(e->text, path) ? s : clgan_error_prefix(e, "%s", path);
}

/* -- recording -- */

static enum clgan_status add_weights(struct clgan_golden *g, int net, uint64_t seed, struct clgan_error *e) {
  const struct clgan_net *n = &g->m->nets[net];
  float *group = clgan_mem_array(n->group_count, sizeof *group), **other = clgan_mem_array(n->n_params, sizeof *other);
  char prefix[64];
  for (size_t i = 0; i < n->n_params; i++)
    if (!n->params[i].trainable) other[i] = clgan_mem_array(n->params[i].count, sizeof **other);
  clgan_net_init(g->m, n, seed, group, other);
  enum clgan_status s = CLGAN_OK;
  for (int k = 0; k < (net != CLGAN_NET_D && clgan_model_has_averages(g->m) ? 2 : 1) && s == CLGAN_OK; k++) {
    snprintf(prefix, sizeof prefix, "init.%s%s", n->name, k ? "_ema" : "");
    s = clgan_tensors_put_net(&g->made, prefix, n, group, (const float *const *)other, e);
  }
  for (size_t i = 0; i < n->n_params; i++) clgan_mem_free(other[i]);
  clgan_mem_free(other);
  clgan_mem_free(group);
  return s;
}

enum draw { UNIFORM, SYMMETRIC, NORMAL, WHOLE, FACE };

/* Numbers for one of the step's inputs. */
static enum clgan_status draw(struct clgan_golden *g, const struct side *r, int step, const char *what, int value,
                              enum draw kind, uint32_t below, struct clgan_random *random, struct clgan_error *e) {
  if (value == CLGAN_NONE) return CLGAN_OK;
  char name[64];
  float *x;
  uint64_t count = clgan_shape_count(clgan_ir_shape(r->s->g, value));
  snprintf(name, sizeof name, "step%d.%s", step, what);
  CLGAN_TRY(clgan_tensors_add(&g->made, name, 1, &count, &x, e));
  for (size_t k = 0; k < count; k++) {
    switch (kind) {
      case UNIFORM: x[k] = clgan_random_uniform(random); break;
      case SYMMETRIC: x[k] = 2 * clgan_random_uniform(random) - 1; break;
      case NORMAL: x[k] = clgan_random_normal(random); break;
      case WHOLE: x[k] = (float)clgan_random_below(random, below); break;
      case FACE: x[k] = (float)clgan_random_below(random, k % 2 ? 2 : YEARS + 1); break; /* years, gender */
    }
  }
  return CLGAN_OK;
}

static enum clgan_status draw_step(struct clgan_golden *g, const struct side *r, int k, uint64_t seed,
                                   struct clgan_error *e) {
  const struct clgan_model *m = g->m;
  bool face = m->condition == CLGAN_CONDITION_FACE;
  struct clgan_random random;
  clgan_random_init(&random, seed, (uint64_t)k, CLGAN_STREAM_DRAW);
  CLGAN_TRY(draw(g, r, k, "x", r->s->x, m->pixels_01 ? UNIFORM : SYMMETRIC, 0, &random, e));
  CLGAN_TRY(draw(g, r, k, "label", r->s->label, face ? FACE : WHOLE, (uint32_t)m->classes, &random, e));
  CLGAN_TRY(draw(g, r, k, "z", r->s->z, m->latent_kind == CLGAN_LATENT_NORMAL ? NORMAL : SYMMETRIC, 0, &random, e));
  CLGAN_TRY(draw(g, r, k, "e_noise", r->s->e_noise, NORMAL, 0, &random, e));
  for (int i = 0; i < CLGAN_SHIFTS; i++)
    CLGAN_TRY(draw(g, r, k, shift_names[i], r->s->shift[i], WHOLE, SHIFT_RANGE, &random, e));
  return CLGAN_OK;
}

static enum clgan_status record(struct clgan_golden *g, const struct side *r, uint64_t seed, struct clgan_error *e) {
  for (int k = 0; k < 3; k++) CLGAN_TRY(add_weights(g, k, seed, e));
  CLGAN_TRY(load(r, e));
  for (int k = 0; k < g->steps; k++) {
    char name[64];
    float losses[CLGAN_LOSS_MAX], *x;
    uint64_t n = (uint64_t)r->s->n_losses;
    CLGAN_TRY(draw_step(g, r, k, seed, e));
    CLGAN_TRY(one_step(r, k, losses, e));
    snprintf(name, sizeof name, "step%d.losses", k);
    CLGAN_TRY(clgan_tensors_add(&g->made, name, 1, &n, &x, e));
    memcpy(x, losses, n * sizeof *x);
    if (k > 0) continue;
    struct visit v = {.r = r, .prefix = "grad0", .task = RECORD, .made = &g->made};
    CLGAN_TRY(walk(&v, true, e));
  }
  struct visit v = {.r = r, .prefix = "final", .task = RECORD, .made = &g->made};
  return walk(&v, false, e);
}

enum clgan_status clgan_golden_record(const char *model, int base, int batch, int steps, uint64_t seed,
                                      struct clgan_golden **out, struct clgan_error *e) {
  struct clgan_golden *g = clgan_mem_alloc(sizeof *g);
  struct side r = {0};
  g->base = base;
  g->batch = batch;
  g->steps = steps;
  g->start = START_STEP;
  *out = NULL;
  enum clgan_status s = clgan_model_load(model, base, NULL, 0, &g->m, e);
  if (s == CLGAN_OK) {
    set_name(g);
    s = side_open(&r, g, NULL, e);
  }
  if (s == CLGAN_OK) s = record(g, &r, seed, e);
  side_close(&r);
  if (s == CLGAN_OK)
    *out = g;
  else
    clgan_golden_destroy(g);
  return s;
}
