/* training.c: a model in training, step by step, for a caller's loop. SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700
#include <inttypes.h>
#include <stdio.h>

#include "api/api.h"
#include "base/file.h"
#include "model/checkpoint.h"

struct clgan_training {
  struct clgan_context *context;
  struct clgan_model *m;
  struct clgan_dataset *data;
  struct clgan_trainer *trainer;
  struct clgan_api_model now; /**< the nets as they are, for clgan_training_model */
  const char *loss_names[CLGAN_LOSS_MAX];
};

/* -- what is trained on what -- */

static enum clgan_status check(struct clgan_context *c, const struct clgan_training_options *o) {
  struct clgan_error *e = &c->error;
  CLGAN_TRY(clgan_api_need(c, o, "options"));
  if (o->size != sizeof *o)
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "options.size is %zu: set it to sizeof(struct clgan_training_options), %zu", o->size,
                           sizeof *o);
  if ((o->model != NULL) + (o->model_text != NULL) + (o->resume != NULL) != 1)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "give one of options.model, options.model_text and options.resume");
  if (o->data && o->arrays) return clgan_error_set(e, CLGAN_ERR_USAGE, "give options.data or options.arrays, not both");
  if (!o->data && !o->arrays && !o->resume)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "give options.data (\"builtin\", a path) or options.arrays");
  if (o->n_settings) CLGAN_TRY(clgan_api_need(c, o->settings, "options.settings"));
  if (o->resume && (o->n_settings || o->batch))
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "%s: settings and batch are the checkpoint's: leave them out of the options", o->resume);
  return CLGAN_OK;
}

static enum clgan_status load_model(struct clgan_training *t, const struct clgan_training_options *o,
                                    struct clgan_error *e) {
  char batch[32];
  const char **sets = clgan_mem_array(o->n_settings + 1, sizeof *sets);
  size_t n = 0;
  for (; n < o->n_settings; n++) sets[n] = o->settings[n] ? o->settings[n] : "";
  snprintf(batch, sizeof batch, "batch=%" PRIu32, o->batch);
  if (o->batch) sets[n++] = batch;
  enum clgan_status s = o->model ? clgan_model_load(o->model, 0, sets, n, &t->m, e)
                                 : clgan_model_parse(o->model_text, "model_text", 0, sets, n, &t->m, e);
  clgan_mem_free(sets);
  return s;
}

static enum clgan_status open_data(struct clgan_training *t, const struct clgan_training_options *o, const char *spec,
                                   struct clgan_error *e) {
  const struct clgan_dataset_want want = clgan_trainer_want(t->m);
  const struct clgan_training_arrays *a = o->arrays;
  if (!a) return clgan_dataset_open(spec, &want, &t->data, e);
  const struct clgan_dataset view = {.count = a->count,
                                     .height = a->height,
                                     .width = a->width,
                                     .channels = a->channels,
                                     .images = a->images,
                                     .digit = a->classes,
                                     .age = a->ages,
                                     .gender = a->genders,
                                     .split = a->test};
  CLGAN_TRY(clgan_dataset_from_arrays("arrays", &view, &want, &t->data, e));
  if (!a->class_names) return CLGAN_OK;
  if (!a->classes || a->n_class_names < t->data->classes || a->n_class_names > CLGAN_NAMES_MAX)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "arrays: %zu class names for %u classes: give one for each, at most %d",
                           a->n_class_names, t->data->classes, CLGAN_NAMES_MAX);
  t->data->class_names.items = clgan_mem_array(a->n_class_names, sizeof *t->data->class_names.items);
  for (; t->data->class_names.n < a->n_class_names; t->data->class_names.n++) {
    const char *name = a->class_names[t->data->class_names.n];
    if (!name || !*name)
      return clgan_error_set(e, CLGAN_ERR_USAGE, "arrays: class name %zu is empty", t->data->class_names.n);
    t->data->class_names.items[t->data->class_names.n] = clgan_mem_strdup(name);
  }
  return CLGAN_OK;
}

static enum clgan_status build(struct clgan_training *t, uint64_t seed, int micro, struct clgan_error *e) {
  const struct clgan_trainer_options o = {.batch = t->m->settings.batch, .seed = seed, .micro = micro};
  CLGAN_TRY(clgan_trainer_create(t->context->cl, t->m, t->data, &o, &t->trainer, e));
  for (int k = 0; k < clgan_trainer_loss_count(t->trainer); k++)
    t->loss_names[k] = clgan_trainer_loss_name(t->trainer, k);
  return CLGAN_OK;
}

static enum clgan_status begin(struct clgan_training *t, const struct clgan_training_options *o,
                               struct clgan_error *e) {
  CLGAN_TRY(load_model(t, o, e));
  CLGAN_TRY(open_data(t, o, o->data, e));
  CLGAN_TRY(build(t, o->seed, 0, e));
  return clgan_trainer_init(t->trainer, e);
}

static enum clgan_status go_on(struct clgan_training *t, const struct clgan_training_options *o,
                               struct clgan_error *e) {
  struct clgan_checkpoint *c = NULL;
  char *path = clgan_run_checkpoint(o->resume), *before = NULL;
  enum clgan_status s = clgan_checkpoint_load(path, &c, e);
  if (s == CLGAN_OK) s = clgan_checkpoint_model(c, path, NULL, 0, &t->m, e);
  if (s == CLGAN_OK) s = clgan_checkpoint_check(c, t->m, CLGAN_CHECKPOINT_TRAIN, path, e);
  if (s == CLGAN_OK && !o->data && !o->arrays) {
    before = clgan_checkpoint_extra(c, "data");
    if (!before)
      s = clgan_error_set(e, CLGAN_ERR_USAGE, "%s: does not say what it was trained on: give options.data or arrays",
                          path);
  }
  if (s == CLGAN_OK) s = open_data(t, o, o->data ? o->data : before, e);
  if (s == CLGAN_OK) clgan_trainer_tune_as(t->context->cl, c, path);
  if (s == CLGAN_OK) s = build(t, c->seed, clgan_trainer_micro_of(c), e);
  if (s == CLGAN_OK) s = clgan_trainer_resume(t->trainer, path, e);
  clgan_checkpoint_destroy(c);
  clgan_mem_free(before);
  clgan_mem_free(path);
  return s;
}

static void release(struct clgan_training *t) {
  clgan_trainer_destroy(t->trainer);
  clgan_dataset_close(t->data);
  clgan_model_destroy(t->m);
  clgan_mem_free(t);
}

static enum clgan_status create(struct clgan_context *c, const struct clgan_training_options *o, clgan_training **out) {
  CLGAN_TRY(clgan_api_need(c, out, "out"));
  *out = NULL;
  CLGAN_TRY(check(c, o));
  CLGAN_TRY(clgan_api_need_device(c));
  struct clgan_training *t = clgan_mem_alloc(sizeof *t);
  t->context = c;
  enum clgan_status s = o->resume ? go_on(t, o, &c->error) : begin(t, o, &c->error);
  if (s != CLGAN_OK) {
    release(t);
    return s;
  }
  *out = t;
  return CLGAN_OK;
}

enum clgan_status clgan_training_create(clgan_context *c, const struct clgan_training_options *o,
                                        clgan_training **out) {
  CLGAN_API_CALL(c, create(c, o, out));
}

void clgan_training_destroy(clgan_training *t) {
  if (!t || !clgan_api_enter(t->context)) return;
  struct clgan_context *c = t->context;
  release(t);
  (void)clgan_api_leave(c, CLGAN_OK);
}

/* -- steps -- */

/* Reports finished steps, in the caller's locale. @param call NULL: they are only taken. False where it says so. */
static bool report(struct clgan_training *t, bool wait, clgan_training_callback *call, void *user,
                   struct clgan_error *e) {
  float losses[CLGAN_LOSS_MAX];
  uint64_t step;
  bool more = true;
  while (clgan_trainer_losses(t->trainer, wait, &step, losses, e)) {
    if (!call || !more) continue;
    const struct clgan_training_report r = {.step = step,
                                            .images = (step + 1) * (uint64_t)clgan_trainer_batch(t->trainer),
                                            .n_losses = (uint32_t)clgan_trainer_loss_count(t->trainer),
                                            .loss_names = t->loss_names,
                                            .losses = losses};
    locale_t inside = uselocale(t->context->outside);
    more = call(user, &r);
    uselocale(inside);
  }
  return more;
}

static enum clgan_status run(struct clgan_training *t, uint64_t steps, clgan_training_callback *call, void *user) {
  struct clgan_error *e = &t->context->error;
  bool more = true;
  while (more && clgan_trainer_steps(t->trainer) < steps) {
    CLGAN_TRY(clgan_trainer_step(t->trainer, e));
    more = report(t, false, call, user, e);
    if (e->status) return e->status;
  }
  (void)report(t, true, more ? call : NULL, user, e);
  if (e->status) return e->status;
  return clgan_trainer_finish(t->trainer, e);
}

enum clgan_status clgan_training_run(clgan_training *t, uint64_t steps, clgan_training_callback *call, void *user) {
  CLGAN_API_CALL(t ? t->context : NULL, run(t, steps, call, user));
}

uint64_t clgan_training_steps(const clgan_training *t) {
  return t ? clgan_trainer_steps(t->trainer) : 0;
}

uint32_t clgan_training_items(const clgan_training *t) {
  return t ? clgan_trainer_items(t->trainer) : 0;
}

/* -- what comes of it -- */

static enum clgan_status save(struct clgan_training *t, const char *path) {
  CLGAN_TRY(clgan_api_need(t->context, path, "path"));
  CLGAN_TRY(clgan_file_check_writable(path, &t->context->error));
  return clgan_trainer_save(t->trainer, path, &t->context->error);
}

enum clgan_status clgan_training_save(clgan_training *t, const char *path) {
  CLGAN_API_CALL(t ? t->context : NULL, save(t, path));
}

static enum clgan_status model_now(struct clgan_training *t, clgan_model **out) {
  CLGAN_TRY(clgan_api_need(t->context, out, "out"));
  *out = NULL;
  CLGAN_TRY(clgan_trainer_estimate(t->trainer, &t->context->error));
  t->now.context = t->context;
  t->now.borrowed = true;
  t->now.m = t->m;
  t->now.sampler = clgan_trainer_sampler(t->trainer);
  clgan_api_model_fill(&t->now, clgan_trainer_steps(t->trainer));
  *out = &t->now;
  return CLGAN_OK;
}

enum clgan_status clgan_training_model(clgan_training *t, clgan_model **out) {
  CLGAN_API_CALL(t ? t->context : NULL, model_now(t, out));
}
