/* judge.c - the judge: its recipe, its training by the engine's own trainer, its place in the cache. */
#include "train/judge.h"

#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/checkpoint.h"
#include "train/trainer_private.h"

/* The recipe. 4 passes over MNIST's 60,000 digits read 99.5 % of its test digits right; small sets need as many
   steps as that. */
enum { BATCH = 128, EPOCHS = 4, LEAST_IMAGES = 128000, MOST_IMAGES = 640000, SIDE_END = 4, READ_BATCH = 128 };
#define RECIPE "clgan-judge/1"

struct clgan_judge {
  struct clgan_cl *cl;
  struct clgan_model *m;
  struct clgan_store *store;
  struct clgan_sampler *sampler;
  uint64_t steps;
  bool cached;
};

static uint64_t steps_of(uint32_t items, const struct clgan_judge_options *o) {
  uint64_t images = (uint64_t)items * EPOCHS;
  if (o->steps) return o->steps;
  if (images < LEAST_IMAGES) images = LEAST_IMAGES;
  if (images > MOST_IMAGES) images = MOST_IMAGES;
  return (images + BATCH - 1) / BATCH;
}

/* Halves the image by strided convolutions until a side is at most 4, a 3x3 convolution after the first. */
char *clgan_judge_text(uint32_t height, uint32_t width, uint32_t channels, uint32_t items,
                       const struct clgan_judge_options *o) {
  struct clgan_text t = {0};
  double epochs = (double)steps_of(items, o) * BATCH / (items ? items : 1);
  clgan_text_printf(&t, "clgan-model 1\nname judge\nstep judge\nimage %u %u %u\npixels 0 1\nlatent normal %d\n", height,
                    width, channels, CLGAN_JUDGE_FEATURES);
  if (o->condition == CLGAN_CONDITION_CLASS)
    clgan_text_printf(&t, "condition class %d\n", o->classes);
  else
    clgan_text_printf(&t, "condition face\n");
  clgan_text_printf(&t, "set lr_g 2e-3\nset beta1 0.9\nset batch %d\nset holdout %u\nset decay %.6g:%.6g:0.01\n", BATCH,
                    o->holdout, epochs / 4, epochs);
  clgan_text_printf(&t, "net E (x)\n");
  uint32_t side = height < width ? height : width;
  int features = 32;
  for (int k = 1; side > SIDE_END || k == 1; k++) {
    bool strided = side >= 2;
    clgan_text_printf(&t, "conv%d conv %d %s nobias\nbn%d batchnorm relu\n", k, features,
                      strided ? "k4 s2 p1" : "k3 s1 p1", k);
    if (k == 1) clgan_text_printf(&t, "wide conv %d k3 s1 p1 nobias\nbnw batchnorm relu\n", 2 * features);
    features = k == 1 ? 64 : 128;
    side /= 2;
  }
  clgan_text_printf(&t, "fc linear latent nobias\nbn batchnorm lrelu 0.1 out=z\nc linear %s in=z out=factors\n",
                    o->condition == CLGAN_CONDITION_CLASS ? "classes" : "1+gender");
  return t.s;
}

/* -- the cache -- */

/* Hash of the tensors in the order of the net's, whatever their order in @p t. */
static void digest(const struct clgan_model *m, const struct clgan_tensors *t, char hex[65]) {
  struct clgan_sha256 h;
  clgan_sha256_init(&h);
  for (size_t k = 0; k < m->nets[CLGAN_NET_E].n_params; k++) {
    char *name = clgan_mem_printf("E.%s", m->nets[CLGAN_NET_E].params[k].name);
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
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: holds another classifier", path);
  CLGAN_TRY(clgan_checkpoint_check(c, m, CLGAN_CHECKPOINT_SAMPLE, path, e));
  return whole ? CLGAN_OK : clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: is damaged", path);
}

static struct clgan_checkpoint *cache_read(const char *path, const struct clgan_dataset *d, const struct clgan_model *m,
                                           uint64_t steps, uint64_t seed) {
  struct clgan_checkpoint *c = NULL;
  struct clgan_error e = {0};
  if (!path || !clgan_file_exists(path)) return NULL;
  enum clgan_status s = clgan_checkpoint_load(path, &c, &e);
  if (s == CLGAN_OK) s = verify(c, d, m, steps, seed, path, &e);
  if (s == CLGAN_OK) return c;
  clgan_log_verbose("classifier: %s; training it anew", e.text);
  clgan_checkpoint_destroy(c);
  return NULL;
}

static void cache_write(const char *path, const struct clgan_checkpoint *c) {
  struct clgan_error e = {0};
  char *folder = clgan_file_cache_folder();
  enum clgan_status s = folder && path ? clgan_file_make_folder(folder, &e) : CLGAN_ERR_IO;
  if (s == CLGAN_OK) s = clgan_checkpoint_save(c, path, false, &e);
  if (s != CLGAN_OK) clgan_log_verbose("classifier: not kept: %s", e.text[0] ? e.text : "there is no cache folder");
  clgan_mem_free(folder);
}

/* -- training -- */

static enum clgan_status all_steps(struct clgan_trainer *t, uint64_t steps, struct clgan_error *e) {
  struct clgan_progress bar;
  enum clgan_status s = CLGAN_OK;
  clgan_progress_begin(&bar, "classifier", "images", (double)steps * BATCH, 0);
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
  const struct clgan_weights_place at = {"E", "E", "params", "E_ema"};
  char hex[65];
  struct clgan_checkpoint *c = clgan_checkpoint_create(t->m);
  *out = c;
  c->step = t->step;
  c->seed = t->options.seed;
  c->data_hash = clgan_mem_strdup(clgan_dataset_hash(d));
  CLGAN_TRY(clgan_weights_get(t->store, &t->m->nets[CLGAN_NET_E], &at, &c->tensors, e));
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
  if (s == CLGAN_OK) s = all_steps(t, j->steps, e);
  if (s == CLGAN_OK) s = clgan_trainer_estimate(t, e);
  if (s == CLGAN_OK) s = collect(t, d, out, e);
  clgan_trainer_destroy(t);
  return s == CLGAN_OK ? s : clgan_error_prefix(e, "the classifier");
}

/* -- creation -- */

static enum clgan_status fits(const struct clgan_dataset *d, const struct clgan_judge_options *o,
                              struct clgan_error *e) {
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
  const struct clgan_weights_place at = {"E", "E_ema", "params", "E_ema"};
  uint32_t *items = NULL, count = 0;
  CLGAN_TRY(fits(d, o, e));
  CLGAN_TRY(clgan_dataset_select(d, CLGAN_PART_TRAIN, o->holdout, &items, &count, e));
  clgan_mem_free(items);
  char *text = clgan_judge_text(d->height, d->width, d->channels, count, o);
  enum clgan_status s = clgan_model_parse(text, "judge", 0, NULL, 0, &j->m, e);
  clgan_mem_free(text);
  if (s != CLGAN_OK) return s;
  j->steps = steps_of(count, o);
  char *path = cache_path(d, j->m, j->steps, o->seed);
  *c = cache_read(path, d, j->m, j->steps, o->seed);
  j->cached = *c != NULL;
  if (!j->cached) {
    s = train(j, d, o->seed, c, e);
    if (s == CLGAN_OK) cache_write(path, *c);
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

enum clgan_status clgan_judge_read(struct clgan_judge *j, size_t n, const unsigned char *images, float *answers,
                                   float *features, struct clgan_error *e) {
  return clgan_sampler_encode(j->sampler, n, images, features, answers, e);
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
