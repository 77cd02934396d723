/* judge.c - the judge: its training by the engine's own trainer, its place in the cache. */
#include "train/judge.h"

#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "data/jitter.h"
#include "model/checkpoint.h"
#include "train/trainer_private.h"

enum { BATCH = CLGAN_JUDGE_BATCH, READ_BATCH = 128, MIRRORED = 512 };
#define RECIPE "clgan-judge/1"

struct clgan_judge {
  struct clgan_cl *cl;
  struct clgan_model *m;
  struct clgan_store *store;
  struct clgan_sampler *sampler;
  uint64_t steps;
  bool cached;
  const char *what; /* for people */
};

/* -- the cache -- */

/* Hash of the tensors in the order of the nets', whatever their order in @p t. */
static void digest(const struct clgan_model *m, const struct clgan_tensors *t, char hex[65]) {
  struct clgan_sha256 h;
  clgan_sha256_init(&h);
  for (int net = 0; net < CLGAN_NET_D; net++)
    for (size_t k = 0; m->nets[net].name && k < m->nets[net].n_params; k++) {
      char *name = clgan_mem_printf("%s.%s", clgan_sample_prefix(m, net), m->nets[net].params[k].name);
      const struct clgan_named_tensor *x = clgan_tensors_find(t, name);
      if (x) clgan_sha256_update(&h, x->data, x->count * sizeof *x->data);
      clgan_mem_free(name);
    }
  clgan_sha256_final_hex(&h, hex);
}

static char *cache_path(const struct clgan_dataset *d, const struct clgan_model *m, uint64_t steps, uint64_t seed) {
  char *folder = clgan_file_cache_folder(), hex[65];
  if (!folder) return NULL;
  char *key =
      clgan_mem_printf("%s\n%s\n%" PRIu64 "\n%" PRIu64 "\n%s", RECIPE, clgan_dataset_hash(d), steps, seed, m->text);
  clgan_sha256_hex(key, strlen(key), hex);
  char *path = clgan_mem_printf("%s/judge-%.32s.safetensors", folder, hex);
  clgan_mem_free(key);
  clgan_mem_free(folder);
  return path;
}

/* What a name in the cache promises is looked at again: the file may be anybody's. */
static enum clgan_status verify(const struct clgan_checkpoint *c, const struct clgan_dataset *d,
                                const struct clgan_model *m, uint64_t steps, uint64_t seed, const char *path,
                                struct clgan_error *e) {
  char hex[65], *stored = clgan_checkpoint_extra(c, "sha256");
  digest(m, &c->tensors, hex);
  bool whole = stored && !strcmp(stored, hex);
  clgan_mem_free(stored);
  if (strcmp(c->text, m->text) || c->step != steps || c->seed != seed || !c->data_hash ||
      strcmp(c->data_hash, clgan_dataset_hash(d)))
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: holds another net", path);
  CLGAN_TRY(clgan_checkpoint_check(c, m, CLGAN_CHECKPOINT_SAMPLE, path, e));
  return whole ? CLGAN_OK : clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: is damaged", path);
}

static struct clgan_checkpoint *cache_read(const char *path, const struct clgan_dataset *d, const struct clgan_model *m,
                                           uint64_t steps, uint64_t seed, const char *what) {
  struct clgan_checkpoint *c = NULL;
  struct clgan_error e = {0};
  if (!path || !clgan_file_exists(path)) return NULL;
  enum clgan_status s = clgan_checkpoint_load(path, &c, &e);
  if (s == CLGAN_OK) s = verify(c, d, m, steps, seed, path, &e);
  if (s == CLGAN_OK) return c;
  clgan_log_verbose("%s: %s; training it anew", what, e.text);
  clgan_checkpoint_destroy(c);
  return NULL;
}

static void cache_write(const char *path, const struct clgan_checkpoint *c, const char *what) {
  struct clgan_error e = {0};
  char *folder = clgan_file_cache_folder();
  enum clgan_status s = folder && path ? clgan_file_make_folder(folder, &e) : CLGAN_ERR_IO;
  if (s == CLGAN_OK) s = clgan_checkpoint_save(c, path, false, &e);
  if (s != CLGAN_OK) clgan_log_verbose("%s: not kept: %s", what, e.text[0] ? e.text : "there is no cache folder");
  clgan_mem_free(folder);
}

/* -- training -- */

static enum clgan_status all_steps(struct clgan_trainer *t, uint64_t steps, const char *what, struct clgan_error *e) {
  struct clgan_progress bar;
  enum clgan_status s = CLGAN_OK;
  clgan_progress_begin(&bar, what, "images", (double)steps * BATCH, 0);
  for (uint64_t k = 0; k < steps && s == CLGAN_OK; k++) {
    uint64_t at;
    float losses[CLGAN_LOSS_MAX];
    char note[32] = "";
    s = clgan_trainer_step(t, e);
    while (s == CLGAN_OK && clgan_trainer_losses(t, false, &at, losses, e))
      snprintf(note, sizeof note, "loss %.4f", (double)losses[0]);
    clgan_progress_update(&bar, (double)(k + 1) * BATCH, note[0] ? note : NULL);
  }
  if (s == CLGAN_OK) s = clgan_trainer_finish(t, e);
  clgan_progress_end(&bar);
  return s;
}

/* The trained weights, with the statistics estimated for them, as a checkpoint in memory. */
static enum clgan_status collect(struct clgan_trainer *t, const struct clgan_dataset *d, struct clgan_checkpoint **out,
                                 struct clgan_error *e) {
  static const char *const plain[] = {"G", "E"}, *const average[] = {"G_ema", "E_ema"};
  bool averages = clgan_model_has_averages(t->m);
  char hex[65];
  struct clgan_checkpoint *c = clgan_checkpoint_create(t->m);
  *out = c;
  c->step = t->step;
  c->seed = t->options.seed;
  c->data_hash = clgan_mem_strdup(clgan_dataset_hash(d));
  for (int k = 0; k < CLGAN_NET_D; k++) {
    const char *name = (averages ? average : plain)[k];
    const struct clgan_weights_place at = {name, name, "params", average[k]};
    if (t->m->nets[k].name) CLGAN_TRY(clgan_weights_get(t->store, &t->m->nets[k], &at, &c->tensors, e));
  }
  digest(t->m, &c->tensors, hex);
  clgan_checkpoint_set_extra(c, "sha256", hex);
  return CLGAN_OK;
}

static enum clgan_status train(struct clgan_judge *j, const struct clgan_dataset *d, uint64_t seed,
                               struct clgan_checkpoint **out, struct clgan_error *e) {
  const struct clgan_trainer_options o = {.batch = BATCH, .seed = seed};
  struct clgan_trainer *t = NULL;
  CLGAN_TRY(clgan_trainer_create(j->cl, j->m, d, &o, &t, e));
  enum clgan_status s = clgan_trainer_init(t, e);
  if (s == CLGAN_OK) s = all_steps(t, j->steps, j->what, e);
  if (s == CLGAN_OK) s = clgan_trainer_estimate(t, e);
  if (s == CLGAN_OK) s = collect(t, d, out, e);
  clgan_trainer_destroy(t);
  return s == CLGAN_OK ? s : clgan_error_prefix(e, "the %s", j->what);
}

/* -- creation -- */

static enum clgan_status fits(const struct clgan_dataset *d, const struct clgan_judge_options *o,
                              struct clgan_error *e) {
  if (o->kind == CLGAN_JUDGE_AUTOENCODER) return CLGAN_OK;
  if (o->condition == CLGAN_CONDITION_FACE)
    return d->labels == CLGAN_LABELS_FACE
               ? CLGAN_OK
               : clgan_error_set(e, CLGAN_ERR_USAGE, "%s: has no ages and genders to learn from", d->name);
  if (d->labels != CLGAN_LABELS_CLASS)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: has no classes to learn from; give a set with labels", d->name);
  if (d->classes > (uint32_t)o->classes)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: holds classes 0 to %u, the classifier knows 0 to %d", d->name,
                           d->classes - 1, o->classes - 1);
  return CLGAN_OK;
}

static enum clgan_status build(struct clgan_judge *j, const struct clgan_dataset *d,
                               const struct clgan_judge_options *o, struct clgan_checkpoint **c,
                               struct clgan_error *e) {
  struct clgan_weights_place at = {NULL, "E_ema", "params", "E_ema"};
  uint32_t *items = NULL, count = 0;
  CLGAN_TRY(fits(d, o, e));
  CLGAN_TRY(clgan_dataset_select(d, CLGAN_PART_TRAIN, o->holdout, &items, &count, e));
  clgan_mem_free(items);
  char *text = clgan_judge_text(d->height, d->width, d->channels, count, o);
  enum clgan_status s = clgan_model_parse(text, "judge", 0, NULL, 0, &j->m, e);
  clgan_mem_free(text);
  if (s != CLGAN_OK) return s;
  j->steps = clgan_judge_recipe_steps(count, o);
  at.name = clgan_sample_prefix(j->m, CLGAN_NET_E);
  char *path = cache_path(d, j->m, j->steps, o->seed);
  *c = cache_read(path, d, j->m, j->steps, o->seed, j->what);
  j->cached = *c != NULL;
  if (!j->cached) {
    s = train(j, d, o->seed, c, e);
    if (s == CLGAN_OK) cache_write(path, *c, j->what);
  }
  clgan_mem_free(path);
  if (s != CLGAN_OK) return s;
  j->store = clgan_store_create(j->cl);
  j->sampler = clgan_sampler_create(j->cl, j->store, j->m, READ_BATCH);
  return clgan_weights_put(j->store, &j->m->nets[CLGAN_NET_E], &at, &(*c)->tensors, e);
}

enum clgan_status clgan_judge_create(struct clgan_cl *cl, const struct clgan_dataset *d,
                                     const struct clgan_judge_options *o, struct clgan_judge **out,
                                     struct clgan_error *e) {
  struct clgan_judge *j = clgan_mem_alloc(sizeof *j);
  struct clgan_checkpoint *c = NULL;
  *out = NULL;
  j->cl = cl;
  j->what = o->kind == CLGAN_JUDGE_AUTOENCODER          ? "autoencoder"
            : o->condition == CLGAN_CONDITION_FACE ? "estimator"
                                                   : "classifier";
  enum clgan_status s = build(j, d, o, &c, e);
  clgan_checkpoint_destroy(c);
  if (s != CLGAN_OK) {
    clgan_judge_destroy(j);
    return s;
  }
  *out = j;
  return CLGAN_OK;
}

void clgan_judge_destroy(struct clgan_judge *j) {
  if (!j) return;
  clgan_sampler_destroy(j->sampler);
  clgan_store_destroy(j->store);
  clgan_model_destroy(j->m);
  clgan_mem_free(j);
}

static void mean_of(float *a, const float *b, size_t n) {
  for (size_t k = 0; k < n; k++) a[k] = (a[k] + b[k]) / 2;
}

/* Reads mirror images too: a face is the same person either way, and two opinions are better than one. */
static enum clgan_status read_mirrored(struct clgan_judge *j, size_t n, const unsigned char *images, float *answers,
                                       float *features, struct clgan_error *e) {
  const struct clgan_model *m = j->m;
  size_t K = (size_t)clgan_sampler_factors(m), F = CLGAN_JUDGE_FEATURES;
  size_t size = clgan_model_image_size(m);
  unsigned char *room = clgan_mem_array(MIRRORED, size);
  float *a = clgan_mem_array(MIRRORED, (K + 1) * sizeof *a), *f = clgan_mem_array(MIRRORED, F * sizeof *f);
  enum clgan_status s = CLGAN_OK;
  for (size_t at = 0; at < n && s == CLGAN_OK; at += MIRRORED) {
    size_t part = n - at < MIRRORED ? n - at : MIRRORED;
    memcpy(room, images + at * size, part * size);
    for (size_t i = 0; i < part; i++)
      clgan_image_mirror(room + i * size, (uint32_t)m->height, (uint32_t)m->width, (uint32_t)m->channels);
    s = clgan_sampler_encode(j->sampler, part, room, f, answers ? a : NULL, e);
    mean_of(features + at * F, f, part * F);
    if (answers) mean_of(answers + at * K, a, part * K);
  }
  clgan_mem_free(room);
  clgan_mem_free(a);
  clgan_mem_free(f);
  return s;
}

enum clgan_status clgan_judge_read(struct clgan_judge *j, size_t n, const unsigned char *images, float *answers,
                                   float *features, struct clgan_error *e) {
  CLGAN_TRY(clgan_sampler_encode(j->sampler, n, images, features, answers, e));
  return j->m->condition == CLGAN_CONDITION_CLASS ? CLGAN_OK : read_mirrored(j, n, images, answers, features, e);
}

const struct clgan_model *clgan_judge_model(const struct clgan_judge *j) {
  return j->m;
}
uint64_t clgan_judge_steps(const struct clgan_judge *j) {
  return j->steps;
}
bool clgan_judge_cached(const struct clgan_judge *j) {
  return j->cached;
}
