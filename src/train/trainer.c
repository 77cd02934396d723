/* trainer.c - steps in flight, their losses, fresh weights, running statistics of the averaged nets. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/philox.h"
#include "data/jitter.h"
#include "train/trainer_private.h"

static size_t image_bytes(const struct clgan_trainer *t) {
  return (size_t)t->options.batch * clgan_model_image_size(t->m);
}

static size_t label_bytes(const struct clgan_trainer *t) {
  if (t->m->condition == CLGAN_CONDITION_NONE) return 0;
  return (size_t)t->options.batch * (t->m->condition == CLGAN_CONDITION_FACE ? 2 * sizeof(float) : sizeof(int32_t));
}

/* -- batches on the host -- */

static void random_batch(struct clgan_trainer *t, unsigned char *images, void *label) {
  struct clgan_random r;
  clgan_random_init(&r, t->options.seed, 0, CLGAN_STREAM_AUGMENT);
  for (size_t k = 0; k < image_bytes(t); k++) images[k] = (unsigned char)clgan_random_below(&r, 256);
  for (int k = 0; k < t->options.batch; k++) {
    if (t->m->condition == CLGAN_CONDITION_CLASS) ((int32_t *)label)[k] = (int32_t)clgan_random_below(&r, (uint32_t)t->m->classes);
    if (t->m->condition != CLGAN_CONDITION_FACE) continue;
    ((float *)label)[2 * k] = 80 * clgan_random_uniform(&r);
    ((float *)label)[2 * k + 1] = (float)clgan_random_below(&r, 2);
  }
}

/* How far images differ each time they are drawn, so that some 20,000 faces last for many epochs: a judge of faces has all of it. */
static float jitter_of(const struct clgan_model *m) {
  if (m->step == CLGAN_STEP_JUDGE) return m->settings.flip ? 1 : 0;
  return (float)m->settings.jitter;
}

static void augment(struct clgan_trainer *t, uint64_t step, unsigned char *images) {
  const struct clgan_model *m = t->m;
  float f = jitter_of(m);
  struct clgan_jitter j = {12 * f, 0.12f * f, 0.06f * f, 0.1f * f, 0.2f * f, m->settings.flip};
  if (!m->settings.flip && !(f > 0)) return;
  struct clgan_random r;
  clgan_random_init(&r, t->options.seed, step, CLGAN_STREAM_AUGMENT);
  size_t size = image_bytes(t) / (size_t)t->options.batch;
  uint32_t h = (uint32_t)m->height, w = (uint32_t)m->width, c = (uint32_t)m->channels;
  unsigned char *room = f > 0 ? clgan_mem_array(size, 1) : NULL;
  for (int k = 0; k < t->options.batch; k++) {
    unsigned char *image = images + (size_t)k * size;
    if (f > 0)
      clgan_image_jitter(image, h, w, c, &j, &r, room);
    else if (clgan_random_below(&r, 2))
      clgan_image_mirror(image, h, w, c);
  }
  clgan_mem_free(room);
}

static void gather(struct clgan_trainer *t, struct clgan_batches *b, uint64_t step, unsigned char *images, void *label) {
  int n = t->options.batch;
  struct clgan_batch_labels l = {0};
  float *face = NULL;
  if (t->m->condition == CLGAN_CONDITION_CLASS) l.digit = label;
  if (t->m->condition == CLGAN_CONDITION_FACE) {
    face = clgan_mem_array(2 * (size_t)n, sizeof *face);
    l.age = face;
    l.gender = face + n;
  }
  clgan_batches_gather(b, step, images, &l);
  for (int k = 0; face && k < n; k++) {
    ((float *)label)[2 * k] = face[k];
    ((float *)label)[2 * k + 1] = face[n + k];
  }
  clgan_mem_free(face);
  augment(t, step, images);
}

/* -- creation -- */

struct clgan_dataset_want clgan_trainer_want(const struct clgan_model *m) {
  struct clgan_dataset_want want = {.height = (uint32_t)m->height, .width = (uint32_t)m->width, .channels = (uint32_t)m->channels,
                                    .classes = (uint32_t)m->classes};
  if (m->condition == CLGAN_CONDITION_CLASS) want.labels = CLGAN_LABELS_CLASS;
  if (m->condition == CLGAN_CONDITION_FACE) want.labels = CLGAN_LABELS_FACE;
  return want;
}

/* The device gave less than it said it has, or others took it: what it did give is what can be counted on. */
static uint64_t worth_trying(const struct clgan_trainer *t, uint64_t given) {
  uint64_t least = t->memory.total / 2, most = t->memory.total - t->memory.total / 4;
  return given < least ? least : given < most ? given : most;
}

static enum clgan_status build(struct clgan_trainer *t, struct clgan_error *e) {
  CLGAN_TRY(clgan_step_create_split(t->m, t->micro, t->pieces, true, &t->graph, e));
  CLGAN_TRY(clgan_run_create(t->cl, t->store, t->graph->g, &t->graph->losses, 1, &t->run, e));
  for (int k = 0; k < 3; k++) CLGAN_TRY(clgan_weights_reserve(t->store, &t->m->nets[k], t->m->nets[k].name, e));
  for (int k = 0; k < 2; k++) {
    char name[64];
    if (!t->m->nets[k].name) continue;
    snprintf(name, sizeof name, "%s_ema", t->m->nets[k].name);
    CLGAN_TRY(clgan_weights_reserve(t->store, &t->m->nets[k], name, e));
  }
  void *p;
  for (int k = 0; k < CLGAN_IN_FLIGHT; k++) {
    CLGAN_TRY(clgan_mem_try(&p, image_bytes(t), 1, "a batch of images", e));
    t->flight[k].images = p;
    t->flight[k].label = clgan_mem_alloc(label_bytes(t) + 1);
    t->flight[k].counters = clgan_mem_array((size_t)t->pieces, sizeof *t->flight[k].counters);
    if (!t->data) random_batch(t, t->flight[k].images, t->flight[k].label);
  }
  if (!t->data) return CLGAN_OK;
  return clgan_batches_create(t->data, CLGAN_PART_TRAIN, (uint32_t)t->m->settings.holdout, (uint32_t)t->options.batch, t->options.seed,
                              t->m->settings.balance, &t->batches, e);
}

/* Chooses the micro-batch and builds. @param given receives the bytes that the device gave before it failed. */
static enum clgan_status try_to_build(struct clgan_trainer *t, const struct clgan_fit *f, uint64_t *given, struct clgan_error *e) {
  *given = 0;
  CLGAN_TRY(clgan_fit_choose(t->cl, t->m, f, &t->micro, &t->memory, e));
  t->pieces = t->options.batch / t->micro;
  uint64_t before = clgan_cl_allocated(t->cl);
  t->store = clgan_store_create(t->cl);
  enum clgan_status s = build(t, e);
  *given = clgan_cl_allocated(t->cl) - before;
  return s;
}

static void unbuild(struct clgan_trainer *t);

enum clgan_status clgan_trainer_precision(struct clgan_cl *cl, const struct clgan_model *m, struct clgan_error *e) {
  const struct clgan_device_info *d = clgan_cl_info(cl);
  if (m->settings.precision != 16 || d->fp16) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_USAGE, "%.120s (%.80s) has no half precision (cl_khr_fp16): leave --precision out, or choose another --device",
                         d->name, d->platform_name);
}

enum clgan_status clgan_trainer_create(struct clgan_cl *cl, const struct clgan_model *m, const struct clgan_dataset *d,
                                       const struct clgan_trainer_options *o, struct clgan_trainer **out, struct clgan_error *e) {
  struct clgan_fit f = {.batch = o->batch, .micro = o->micro, .memory = o->memory, .split = o->split};
  uint64_t given;
  *out = NULL;
  CLGAN_TRY(clgan_trainer_precision(cl, m, e));
  struct clgan_trainer *t = clgan_mem_alloc(sizeof *t);
  t->cl = cl;
  t->m = m;
  t->data = d;
  t->options = *o;
  enum clgan_status s = try_to_build(t, &f, &given, e);
  while (s == CLGAN_ERR_MEMORY && given && f.split && t->micro > 1) {
    f.memory = worth_trying(t, given);
    clgan_log_warn("%s: trying smaller micro-batches", e->text);
    clgan_error_clear(e);
    unbuild(t);
    s = try_to_build(t, &f, &given, e);
  }
  if (s == CLGAN_ERR_MEMORY && given) {
    uint64_t limit = worth_trying(t, given);
    unbuild(t);
    s = clgan_fit_failed(cl, m, &f, limit, e);
  }
  if (s != CLGAN_OK) {
    clgan_trainer_destroy(t);
    return s;
  }
  *out = t;
  return CLGAN_OK;
}

static void unbuild(struct clgan_trainer *t) {
  struct clgan_error ignored = {0};
  clgan_cl_finish(t->cl, &ignored);
  clgan_sampler_destroy(t->sampler);
  clgan_run_destroy(t->estimate_run);
  clgan_use_destroy(t->estimate_graph);
  clgan_run_destroy(t->run);
  clgan_step_destroy(t->graph);
  clgan_batches_destroy(t->batches);
  for (int k = 0; k < CLGAN_IN_FLIGHT; k++) {
    clgan_event_destroy(t->flight[k].done);
    clgan_mem_free(t->flight[k].images);
    clgan_mem_free(t->flight[k].label);
    clgan_mem_free(t->flight[k].counters);
    t->flight[k] = (struct clgan_flight){0};
  }
  clgan_store_destroy(t->store);
  t->sampler = NULL;
  t->estimate_run = t->run = NULL;
  t->estimate_graph = NULL;
  t->graph = NULL;
  t->batches = NULL;
  t->store = NULL;
}

void clgan_trainer_destroy(struct clgan_trainer *t) {
  if (!t) return;
  unbuild(t);
  clgan_mem_free(t->finished);
  clgan_mem_free(t);
}

/* -- fresh weights -- */

enum clgan_status clgan_trainer_init(struct clgan_trainer *t, struct clgan_error *e) {
  for (int k = 0; k < 3; k++) CLGAN_TRY(clgan_weights_init(t->store, t->m, &t->m->nets[k], t->options.seed, e));
  CLGAN_TRY(clgan_weights_copy(t->store, &t->m->nets[CLGAN_NET_G], "G", "G_ema", true, e));
  CLGAN_TRY(clgan_weights_copy(t->store, &t->m->nets[CLGAN_NET_E], "E", "E_ema", true, e));
  t->step = 0;
  return clgan_cl_finish(t->cl, e);
}

/* -- steps -- */

static enum clgan_status report_non_finite(struct clgan_trainer *t, const struct clgan_flight *f, int loss, struct clgan_error *e);

/* Waits for a step in flight and keeps its losses. */
static enum clgan_status retire(struct clgan_trainer *t, struct clgan_flight *f, struct clgan_error *e) {
  if (!f->done) return CLGAN_OK;
  enum clgan_status s = clgan_event_wait(f->done, e);
  clgan_event_destroy(f->done);
  f->done = NULL;
  if (s != CLGAN_OK) return s;
  for (int k = 0; k < t->graph->n_losses; k++)
    if (!isfinite(f->losses[k])) return report_non_finite(t, f, k, e);
  if (t->taken == t->n_finished) t->taken = t->n_finished = 0;
  CLGAN_GROW(t->finished, t->n_finished, t->cap_finished);
  struct clgan_finished *r = &t->finished[t->n_finished++];
  r->step = f->step;
  memcpy(r->losses, f->losses, sizeof r->losses);
  return CLGAN_OK;
}

/* Host data of a micro-batch; nothing waits: it stays as it is until the step's losses are back. */
static enum clgan_status write_inputs(struct clgan_trainer *t, struct clgan_flight *f, int piece, struct clgan_error *e) {
  const struct clgan_step *g = t->graph;
  size_t images = image_bytes(t) / (size_t)t->pieces, labels = label_bytes(t) / (size_t)t->pieces, at = (size_t)piece;
  size_t counters = (t->pieces > 1 ? 5 : 4) * sizeof(int32_t);
  CLGAN_TRY(clgan_run_write_async(t->run, g->x, f->images + at * images, images, NULL, e));
  if (g->label != CLGAN_NONE) CLGAN_TRY(clgan_run_write_async(t->run, g->label, (unsigned char *)f->label + at * labels, labels, NULL, e));
  CLGAN_TRY(clgan_run_write_async(t->run, g->consts, f->consts[piece > 0], sizeof f->consts[0], NULL, e));
  return clgan_run_write_async(t->run, g->counters, f->counters[piece], counters, NULL, e);
}

static void set_counters(int32_t c[5], uint64_t seed, uint64_t step, int first_row) {
  uint32_t words[5] = {(uint32_t)seed, (uint32_t)(seed >> 32), (uint32_t)step, (uint32_t)(step >> 32), (uint32_t)first_row};
  memcpy(c, words, sizeof words);
}

/* Is it time for the penalty? */
static bool due(const struct clgan_trainer *t, uint64_t step) { return step % (uint64_t)t->m->settings.penalty_every == 0; }

/* Part by part, those for each micro-batch in their order. */
static enum clgan_status enqueue(struct clgan_trainer *t, struct clgan_flight *f, struct clgan_error *e) {
  for (int p = 0; p < t->graph->n_parts; p++) {
    const struct clgan_step_part *part = &t->graph->part[p];
    if (part->lazy && !due(t, f->step)) continue;
    for (int k = 0; k < (part->each ? t->pieces : 1); k++) {
      if (part->each) CLGAN_TRY(write_inputs(t, f, k, e));
      CLGAN_TRY(clgan_run_execute_part(t->run, part->first, part->end, e));
    }
  }
  return clgan_run_read_async(t->run, t->graph->losses, f->losses, sizeof(float) * (size_t)t->graph->n_losses, &f->done, e);
}

/* The schedule's factor: epochs are passes over the training items. */
static double learning_rate(const struct clgan_trainer *t) {
  if (!t->batches) return 1;
  return clgan_settings_rate(&t->m->settings, (double)t->step * (double)t->options.batch / (double)t->batches->count);
}

/* Devices that give memory only when it is used fail here, and do not tell how much there was. */
static enum clgan_status ran_out(struct clgan_trainer *t, struct clgan_error *e) {
  struct clgan_fit f = {.batch = t->options.batch, .micro = t->micro < t->options.batch ? t->micro : 0};
  return clgan_fit_failed(t->cl, t->m, &f, worth_trying(t, t->memory.total / 2), e);
}

enum clgan_status clgan_trainer_step(struct clgan_trainer *t, struct clgan_error *e) {
  struct clgan_flight *f = &t->flight[t->step % CLGAN_IN_FLIGHT];
  CLGAN_TRY(retire(t, f, e));
  if (t->batches) gather(t, t->batches, t->step, f->images, f->label);
  for (int k = 0; k < 2; k++) {
    clgan_step_constants(t->m, t->step, t->step + 1, learning_rate(t), f->consts[k]);
    f->consts[k][CLGAN_CONST_KEEP] = (float)k;
  }
  for (int k = 0; k < t->pieces; k++) set_counters(f->counters[k], t->options.seed, t->step, k * t->micro);
  f->step = t->step;
  enum clgan_status s = enqueue(t, f, e);
  if (s == CLGAN_ERR_MEMORY) return ran_out(t, e);
  if (s != CLGAN_OK) return s;
  t->step++;
  return clgan_cl_flush(t->cl, e);
}

enum clgan_status clgan_trainer_finish(struct clgan_trainer *t, struct clgan_error *e) {
  for (uint64_t k = 0; k < CLGAN_IN_FLIGHT; k++) CLGAN_TRY(retire(t, &t->flight[(t->step + k) % CLGAN_IN_FLIGHT], e));
  return clgan_cl_finish(t->cl, e);
}

bool clgan_trainer_losses(struct clgan_trainer *t, bool wait, uint64_t *step, float losses[CLGAN_LOSS_MAX], struct clgan_error *e) {
  if (wait && t->taken == t->n_finished && clgan_trainer_finish(t, e) != CLGAN_OK) return false;
  if (t->taken == t->n_finished) return false;
  const struct clgan_finished *f = &t->finished[t->taken++];
  *step = f->step;
  memcpy(losses, f->losses, sizeof f->losses);
  return true;
}

uint64_t clgan_trainer_steps(const struct clgan_trainer *t) { return t->step; }
int clgan_trainer_batch(const struct clgan_trainer *t) { return t->options.batch; }
int clgan_trainer_micro(const struct clgan_trainer *t) { return t->micro; }
struct clgan_memory clgan_trainer_memory(const struct clgan_trainer *t) { return t->memory; }
const struct clgan_dataset *clgan_trainer_data(const struct clgan_trainer *t) { return t->data; }
uint32_t clgan_trainer_items(const struct clgan_trainer *t) { return t->batches ? t->batches->count : 0; }
int clgan_trainer_loss_count(const struct clgan_trainer *t) { return t->graph->n_losses; }
const char *clgan_trainer_loss_name(const struct clgan_trainer *t, int k) { return t->graph->loss_names[k]; }

/* How often a node runs in a step, on average. */
static double times(const struct clgan_trainer *t, size_t node) {
  int p = 0;
  while (p < t->graph->n_parts - 1 && node >= t->graph->part[p].end) p++;
  const struct clgan_step_part *part = &t->graph->part[p];
  return (part->each ? t->pieces : 1) / (part->lazy ? (double)t->m->settings.penalty_every : 1.0);
}

struct clgan_run_facts clgan_trainer_facts(const struct clgan_trainer *t) {
  struct clgan_run_facts f = clgan_run_describe(t->run);
  f.launches = 0;
  for (int p = 0; p < t->graph->n_parts; p++) {
    const struct clgan_step_part *part = &t->graph->part[p];
    if (part->lazy) continue; /* of most steps */
    f.launches += clgan_run_launches(t->run, part->first, part->end) * (size_t)(part->each ? t->pieces : 1);
  }
  return f;
}

enum clgan_status clgan_trainer_profile(struct clgan_trainer *t, struct clgan_error *e) { return clgan_run_profile(t->run, e); }

enum clgan_status clgan_trainer_events(struct clgan_trainer *t, clgan_run_timed *each, void *context, struct clgan_error *e) {
  CLGAN_TRY(clgan_trainer_finish(t, e));
  return clgan_run_events(t->run, each, context, e);
}

void clgan_trainer_keep_programs(struct clgan_trainer *t) { clgan_programs_save(t->cl); }

double clgan_trainer_flops(const struct clgan_trainer *t) {
  double sum = 0;
  for (size_t k = 0; k < t->graph->g->n_nodes; k++) {
    const struct clgan_node *n = &t->graph->g->nodes[k];
    double flops = 0, bytes = 0;
    if (n->dead || (n->op != CLGAN_OP_CONV && n->op != CLGAN_OP_CONV_WGRAD)) continue;
    clgan_op_row(n->op)->cost(t->graph->g, n, &flops, &bytes);
    sum += flops * times(t, k);
  }
  return sum;
}

/* -- a loss that is not finite -- */

struct hunt {
  struct clgan_trainer *t;
  char found[192];
};

static enum clgan_status look(void *context, const char *name, const struct clgan_param *p, const char *root, size_t offset, struct clgan_error *e) {
  struct hunt *h = context;
  if (h->found[0]) return CLGAN_OK;
  float *x = clgan_mem_array(p->count, sizeof *x);
  enum clgan_status s = clgan_store_read(h->t->store, root, offset, x, p->count, e);
  for (size_t k = 0; k < p->count && s == CLGAN_OK; k++)
    if (!isfinite(x[k])) {
      snprintf(h->found, sizeof h->found, "%s", name);
      break;
    }
  clgan_mem_free(x);
  return s;
}

static enum clgan_status report_non_finite(struct clgan_trainer *t, const struct clgan_flight *f, int loss, struct clgan_error *e) {
  struct hunt h = {.t = t};
  struct clgan_error ignored = {0};
  clgan_cl_finish(t->cl, &ignored);
  for (int k = 0; k < 3; k++) {
    const struct clgan_net *n = &t->m->nets[k];
    char prefix[64];
    if (!n->name) continue;
    clgan_tensors_walk(n, n->name, n->name, "params", false, look, &h, &ignored);
    snprintf(prefix, sizeof prefix, "gradient of %s", n->name);
    clgan_tensors_walk(n, prefix, n->name, "grads", true, look, &h, &ignored);
  }
  return clgan_error_set(e, CLGAN_ERR_NUMERIC,
                         "step %llu: loss %s is %s; not finite first: %s; training stopped, the last checkpoint is kept: try a lower "
                         "lr_d and lr_g (--set)",
                         (unsigned long long)f->step, t->graph->loss_names[loss], isnan(f->losses[loss]) ? "NaN" : "infinite",
                         h.found[0] ? h.found : "the loss itself (every weight is finite)");
}

/* -- running statistics of the averaged nets -- */

static enum clgan_status estimate_ready(struct clgan_trainer *t, struct clgan_error *e) {
  if (t->estimate_run) return CLGAN_OK;
  if (!t->estimate_graph) CLGAN_TRY(clgan_use_create(t->m, CLGAN_USE_ESTIMATE, t->micro, &t->estimate_graph, e));
  return clgan_run_create_within(t->cl, t->store, t->estimate_graph->g, NULL, 0, t->run, &t->estimate_run, e);
}

static enum clgan_status estimate_batch(struct clgan_trainer *t, struct clgan_batches *b, uint64_t k, unsigned char *images, void *label,
                                        struct clgan_error *e) {
  const struct clgan_use_graph *u = t->estimate_graph;
  if (b)
    gather(t, b, k, images, label);
  else
    random_batch(t, images, label);
  size_t image_part = image_bytes(t) / (size_t)t->pieces, label_part = label_bytes(t) / (size_t)t->pieces;
  for (int piece = 0; piece < t->pieces; piece++) {
    int32_t counters[5];
    float momentum = 1.0f / ((float)k * (float)t->pieces + (float)piece + 1);
    set_counters(counters, t->options.seed ^ CLGAN_STREAM_REESTIMATE, k, piece * t->micro);
    CLGAN_TRY(clgan_run_write(t->estimate_run, u->x, images + (size_t)piece * image_part, image_part, e));
    if (u->label != CLGAN_NONE)
      CLGAN_TRY(clgan_run_write(t->estimate_run, u->label, (unsigned char *)label + (size_t)piece * label_part, label_part, e));
    CLGAN_TRY(clgan_run_write(t->estimate_run, u->counters, counters, sizeof counters, e));
    CLGAN_TRY(clgan_run_write(t->estimate_run, u->momentum, &momentum, sizeof momentum, e));
    CLGAN_TRY(clgan_run_execute(t->estimate_run, e));
  }
  return CLGAN_OK;
}

enum clgan_status clgan_trainer_estimate(struct clgan_trainer *t, struct clgan_error *e) {
  CLGAN_TRY(clgan_trainer_finish(t, e));
  CLGAN_TRY(estimate_ready(t, e));
  if (!clgan_model_has_averages(t->m)) { /* no averages in this model: the nets themselves are used */
    CLGAN_TRY(clgan_weights_copy(t->store, &t->m->nets[CLGAN_NET_G], "G", "G_ema", false, e));
    CLGAN_TRY(clgan_weights_copy(t->store, &t->m->nets[CLGAN_NET_E], "E", "E_ema", false, e));
  }
  struct clgan_batches *b = NULL;
  if (t->data)
    CLGAN_TRY(clgan_batches_create(t->data, CLGAN_PART_TRAIN, (uint32_t)t->m->settings.holdout, (uint32_t)t->options.batch,
                                   t->options.seed ^ CLGAN_STREAM_REESTIMATE, t->m->settings.balance, &b, e));
  unsigned char *images = clgan_mem_array(image_bytes(t), 1);
  void *label = clgan_mem_alloc(label_bytes(t) + 1);
  enum clgan_status s = CLGAN_OK;
  for (uint64_t k = 0; k < CLGAN_ESTIMATE_BATCHES && s == CLGAN_OK; k++) s = estimate_batch(t, b, k, images, label, e);
  if (s == CLGAN_OK) s = clgan_cl_finish(t->cl, e);
  clgan_mem_free(images);
  clgan_mem_free(label);
  clgan_batches_destroy(b);
  return s;
}

struct clgan_sampler *clgan_trainer_sampler(struct clgan_trainer *t) {
  if (t->sampler) return t->sampler;
  t->sampler = clgan_sampler_create(t->cl, t->store, t->m, clgan_sample_batch(t->micro));
  clgan_sampler_borrow(t->sampler, t->run);
  return t->sampler;
}
