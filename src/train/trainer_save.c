/* trainer_save.c - a training run to a checkpoint and back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "train/trainer_private.h"
#include "tune/store.h"

/* Every net of a checkpoint: name in the file, and where it lies on the device. */
struct place {
  int net;
  struct clgan_weights_place at;
};

static size_t places(const struct clgan_model *m, struct place out[16]) {
  static const char *const net[3] = {"G", "E", "D"}, *const ema[2] = {"G_ema", "E_ema"}, *const mom[3] = {"opt.m.G", "opt.m.E", "opt.m.D"},
                                 *const var[3] = {"opt.v.G", "opt.v.E", "opt.v.D"};
  size_t n = 0;
  bool averages = clgan_model_has_averages(m);
  for (int k = 0; k < 3; k++) {
    if (!m->nets[k].name) continue;
    /* without averages the statistics that go into the file are those estimated anew, which lie beside the copies used for sampling */
    const char *others = averages || k == CLGAN_NET_D ? net[k] : ema[k];
    out[n++] = (struct place){k, {net[k], net[k], "params", others}};
    if (averages && k < 2) out[n++] = (struct place){k, {ema[k], ema[k], "params", ema[k]}};
    out[n++] = (struct place){k, {mom[k], net[k], "m", NULL}};
    out[n++] = (struct place){k, {var[k], net[k], "v", NULL}};
  }
  return n;
}

/* The newest value of the penalty goes into every line of the log until the next one: so it has to be in the file. */
static void describe_penalty(const struct clgan_trainer *t, struct clgan_checkpoint *c) {
  struct clgan_error ignored = {0};
  char text[32];
  float x;
  if (!(t->m->settings.penalty > 0) || clgan_store_read(t->store, "losses.penalty", 0, &x, 1, &ignored) != CLGAN_OK) return;
  snprintf(text, sizeof text, "%.9g", (double)x);
  clgan_checkpoint_set_extra(c, "penalty", text);
}

static enum clgan_status resume_penalty(struct clgan_trainer *t, const struct clgan_checkpoint *c, struct clgan_error *e) {
  char *text = clgan_checkpoint_extra(c, "penalty");
  float x = text ? strtof(text, NULL) : 0;
  clgan_mem_free(text);
  return t->m->settings.penalty > 0 ? clgan_store_write(t->store, "losses.penalty", 0, &x, 1, e) : CLGAN_OK;
}

/* The loss scales of half precision: "exponent steps" of D's, then of G's and E's. */
static void describe_scales(const struct clgan_trainer *t, struct clgan_checkpoint *c) {
  struct clgan_error ignored = {0};
  char text[128];
  float x[2][CLGAN_SCALE_STATE];
  if (t->m->settings.precision != 16) return;
  for (int k = 0; k < 2; k++)
    if (clgan_store_read(t->store, clgan_scale_names[k], 0, x[k], CLGAN_SCALE_STATE, &ignored) != CLGAN_OK) memset(x[k], 0, sizeof x[k]);
  snprintf(text, sizeof text, "%.9g %.9g %.9g %.9g", (double)x[0][0], (double)x[0][2], (double)x[1][0], (double)x[1][2]);
  clgan_checkpoint_set_extra(c, "loss_scale", text);
}

static enum clgan_status resume_scales(struct clgan_trainer *t, const struct clgan_checkpoint *c, struct clgan_error *e) {
  if (t->m->settings.precision != 16) return CLGAN_OK;
  char *text = clgan_checkpoint_extra(c, "loss_scale");
  double x[4] = {0}; /* a run that was begun in float32 has none: from the start */
  bool good = !text || sscanf(text, "%lf %lf %lf %lf", &x[0], &x[1], &x[2], &x[3]) == 4;
  clgan_mem_free(text);
  for (int k = 0; k < 4; k += 2)
    good = good && x[k] >= -CLGAN_LOSS_SCALE_START && x[k] <= CLGAN_LOSS_SCALE_MAX - CLGAN_LOSS_SCALE_START && x[k + 1] >= 0 && x[k + 1] < 1e6;
  if (!good) return clgan_error_set(e, CLGAN_ERR_FORMAT, "loss_scale: four numbers within its range are expected; the checkpoint is damaged");
  for (int k = 0; k < 2; k++) {
    const float state[CLGAN_SCALE_STATE] = {(float)x[2 * k], 0, (float)x[2 * k + 1], 0};
    CLGAN_TRY(clgan_store_write(t->store, clgan_scale_names[k], 0, state, CLGAN_SCALE_STATE, e));
  }
  return CLGAN_OK;
}

static void describe(const struct clgan_trainer *t, struct clgan_checkpoint *c) {
  char text[64];
  c->step = t->step;
  c->seed = t->options.seed;
  c->variants = clgan_mem_printf("%s", clgan_run_variants(t->run));
  c->tuning = clgan_tuning_used(t->cl);
  snprintf(text, sizeof text, "%d", t->options.batch);
  clgan_checkpoint_set_extra(c, "batch", text);
  if (t->pieces > 1) {
    snprintf(text, sizeof text, "%d", t->micro);
    clgan_checkpoint_set_extra(c, "micro_batch", text);
  }
  describe_penalty(t, c);
  describe_scales(t, c);
  if (!t->data) return;
  c->data_hash = clgan_mem_strdup(clgan_dataset_hash(t->data));
  clgan_checkpoint_set_extra(c, "data", t->data->name);
  if (t->data->labels != CLGAN_LABELS_CLASS || !t->batches) return;
  clgan_names_copy(&c->class_names, &t->data->class_names);
  uint64_t counts[256];
  clgan_dataset_class_counts(t->data, t->batches->items, t->batches->count, counts);
  c->n_label_counts = t->data->classes;
  c->label_counts = clgan_mem_array(c->n_label_counts, sizeof *c->label_counts);
  memcpy(c->label_counts, counts, c->n_label_counts * sizeof *counts);
}

enum clgan_status clgan_trainer_save(struct clgan_trainer *t, const char *path, struct clgan_error *e) {
  CLGAN_TRY(clgan_trainer_estimate(t, e));
  struct clgan_checkpoint *c = clgan_checkpoint_create(t->m);
  struct place p[16];
  size_t n = places(t->m, p);
  enum clgan_status s = CLGAN_OK;
  describe(t, c);
  for (size_t k = 0; k < n && s == CLGAN_OK; k++) s = clgan_weights_get(t->store, &t->m->nets[p[k].net], &p[k].at, &c->tensors, e);
  for (size_t k = 0; k < c->tensors.n && s == CLGAN_OK; k++)
    for (size_t i = 0; i < c->tensors.items[k].count; i++)
      if (c->tensors.items[k].data[i] - c->tensors.items[k].data[i] != 0.0f) {
        s = clgan_error_set(e, CLGAN_ERR_NUMERIC, "step %llu: %s is not finite; the last checkpoint is kept: try a lower lr_d and lr_g (--set)",
                            (unsigned long long)t->step, c->tensors.items[k].name);
        break;
      }
  if (s == CLGAN_OK) s = clgan_checkpoint_save(c, path, false, e);
  clgan_checkpoint_destroy(c);
  return s;
}

static enum clgan_status fits(const struct clgan_trainer *t, const struct clgan_checkpoint *c, const char *path, struct clgan_error *e) {
  char *batch = clgan_checkpoint_extra(c, "batch");
  bool same = batch && atoi(batch) == t->options.batch;
  clgan_mem_free(batch);
  if (!same) return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: was trained with another --batch: resume with the same", path);
  if (t->data && c->data_hash && strcmp(c->data_hash, clgan_dataset_hash(t->data)) != 0)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: was trained on another data set than %s: resume with the same --data", path, t->data->name);
  return CLGAN_OK;
}

int clgan_trainer_micro_of(const struct clgan_checkpoint *c) {
  char *text = clgan_checkpoint_extra(c, "micro_batch");
  int n = text ? atoi(text) : 0;
  clgan_mem_free(text);
  return n > 0 ? n : 0;
}

void clgan_trainer_tune_as(struct clgan_cl *cl, const struct clgan_checkpoint *c, const char *path) {
  if (c->variants) clgan_tuning_set(cl, c->tuning, path);
}

enum clgan_status clgan_trainer_resume(struct clgan_trainer *t, const char *path, struct clgan_error *e) {
  struct clgan_checkpoint *c = NULL;
  CLGAN_TRY(clgan_checkpoint_load(path, &c, e));
  struct place p[16];
  size_t n = places(t->m, p);
  enum clgan_status s = clgan_checkpoint_check(c, t->m, CLGAN_CHECKPOINT_TRAIN, path, e);
  if (s == CLGAN_OK) s = fits(t, c, path, e);
  for (size_t k = 0; k < n && s == CLGAN_OK; k++) {
    s = clgan_weights_put(t->store, &t->m->nets[p[k].net], &p[k].at, &c->tensors, e);
  }
  if (s == CLGAN_OK) s = resume_penalty(t, c, e);
  if (s == CLGAN_OK) s = resume_scales(t, c, e);
  if (s == CLGAN_OK) {
    t->step = c->step;
    t->options.seed = c->seed;
    if (t->batches) t->batches->seed = c->seed;
    if (t->batches) t->batches->epoch = UINT64_MAX;
    if (c->variants && strcmp(c->variants, clgan_run_variants(t->run)) != 0)
      clgan_log_warn("%s was trained with other kernel variants (%s; now %s): it continues, but not bit-identically", path, c->variants,
                     clgan_run_variants(t->run));
  }
  clgan_checkpoint_destroy(c);
  return s;
}
