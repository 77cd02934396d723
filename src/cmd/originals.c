/* originals.c: image files or a data set's items, and their conditions. SPDX-License-Identifier: MIT */
#include "cmd/originals.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cmd/command.h"
#include "data/dataset.h"
#include "data/image.h"

enum clgan_status clgan_originals_check(const struct clgan_originals_words *o, struct clgan_error *e) {
  struct clgan_crop ignored;
  if (!o->data == !o->n_files)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "give either images (PNG or JPEG) or --data PATH");
  if (!o->data && o->split) return clgan_error_set(e, CLGAN_ERR_USAGE, "--split %s: only with --data", o->split);
  if (!o->data && o->n_given) return clgan_error_set(e, CLGAN_ERR_USAGE, "-n: only with --data");
  if (o->data && o->crop) return clgan_error_set(e, CLGAN_ERR_USAGE, "--crop %s: only for image files", o->crop);
  if (o->crop && clgan_crop_parse(o->crop, &ignored, e) != CLGAN_OK) return clgan_error_prefix(e, "--crop");
  if (o->split && strcmp(o->split, "train") && strcmp(o->split, "test") && (!o->all_parts || strcmp(o->split, "all")))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--split %s: must be %s", o->split,
                           o->all_parts ? "train, test or all" : "train or test");
  return CLGAN_OK;
}

void clgan_originals_free(struct clgan_originals *x) {
  clgan_mem_free(x->pixels);
  clgan_mem_free(x->name);
  clgan_mem_free(x->item);
  clgan_mem_free(x->split);
  clgan_mem_free(x->digit);
  clgan_mem_free(x->age);
  clgan_mem_free(x->gender);
  clgan_dataset_close(x->data);
  *x = (struct clgan_originals){0};
}

static enum clgan_status pixels_alloc(const struct clgan_model *m, size_t n, struct clgan_originals *x,
                                      struct clgan_error *e) {
  void *p = NULL;
  CLGAN_TRY(clgan_mem_try(&p, n, clgan_model_image_size(m), "the images", e));
  x->pixels = p;
  return CLGAN_OK;
}

/* -- files -- */
static enum clgan_status load_files(const struct clgan_originals_words *o, const struct clgan_model *m,
                                    struct clgan_originals *x, struct clgan_error *e) {
  struct clgan_crop crop = {0};
  struct clgan_error bad = {0}; /* of the last file that failed: a warning, or the whole load's error */
  struct clgan_progress p;
  if (o->crop) CLGAN_TRY(clgan_crop_parse(o->crop, &crop, e));
  CLGAN_TRY(pixels_alloc(m, o->n_files, x, e));
  x->name = clgan_mem_array(o->n_files, sizeof *x->name);
  clgan_progress_begin(&p, "read", "images", (double)o->n_files, 0);
  for (size_t i = 0; i < o->n_files; i++) {
    struct clgan_error now = {0};
    unsigned char *to = x->pixels + x->n * clgan_model_image_size(m);
    clgan_progress_update(&p, (double)i, NULL);
    if (clgan_image_load(o->files[i], o->crop ? &crop : NULL, (uint32_t)m->height, (uint32_t)m->width,
                         (uint32_t)m->channels, to, &now) == CLGAN_OK) {
      x->name[x->n++] = o->files[i];
      continue;
    }
    if (x->failed++) clgan_log_warn("%s: %s", o->command, bad.text);
    bad = now;
  }
  clgan_progress_end(&p);
  if (x->failed && (o->need_every || !x->n)) return clgan_error_set(e, bad.status, "%s", bad.text);
  if (x->failed) clgan_log_warn("%s: %s", o->command, bad.text);
  return CLGAN_OK;
}

/* -- data sets -- */
static bool has_test(const struct clgan_dataset *d) {
  for (uint32_t i = 0; i < d->count; i++)
    if (d->split[i]) return true;
  return false;
}

static enum clgan_status select_items(const struct clgan_originals_words *o, const struct clgan_dataset *d,
                                      uint32_t **items, uint32_t *count, struct clgan_error *e) {
  if (o->all_parts && (!o->split || !strcmp(o->split, "all"))) {
    *count = d->count;
    *items = clgan_mem_array(d->count, sizeof **items);
    for (uint32_t i = 0; i < d->count; i++) (*items)[i] = i;
    return CLGAN_OK;
  }
  bool test = o->split ? !strcmp(o->split, "test") : has_test(d);
  if (clgan_dataset_select(d, test ? CLGAN_PART_TEST : CLGAN_PART_TRAIN, 0, items, count, e) != CLGAN_OK)
    return clgan_error_prefix(e, "--data %s", o->data);
  return CLGAN_OK;
}

static enum clgan_status open_data(const struct clgan_originals_words *o, const struct clgan_model *m,
                                   struct clgan_originals *x, struct clgan_error *e) {
  const struct clgan_dataset_want want = {
      .height = (uint32_t)m->height,
      .width = (uint32_t)m->width,
      .channels = (uint32_t)m->channels,
      .prefer = m->condition == CLGAN_CONDITION_FACE ? CLGAN_LABELS_FACE : CLGAN_LABELS_CLASS};
  uint32_t count = 0;
  CLGAN_TRY(clgan_dataset_open(o->data, &want, &x->data, e));
  const struct clgan_dataset *d = x->data;
  CLGAN_TRY(select_items(o, d, &x->item, &count, e));
  x->n = o->n && o->n < count ? (size_t)o->n : count;
  if (d->labels == CLGAN_LABELS_CLASS) x->digit = clgan_mem_array(x->n, sizeof *x->digit);
  if (d->labels == CLGAN_LABELS_FACE) {
    x->age = clgan_mem_array(x->n, sizeof *x->age);
    x->gender = clgan_mem_array(x->n, sizeof *x->gender);
  }
  const struct clgan_batch_labels labels = {x->digit, x->age, x->gender};
  clgan_dataset_gather(d, x->item, (uint32_t)x->n, NULL, &labels);
  x->split = clgan_mem_array(x->n, 1);
  for (size_t i = 0; i < x->n; i++) x->split[i] = d->split[x->item[i]];
  return CLGAN_OK;
}

const unsigned char *clgan_originals_gather(const struct clgan_originals *x, const struct clgan_model *m, size_t first,
                                            size_t n, unsigned char *room) {
  if (x->pixels) return x->pixels + first * clgan_model_image_size(m);
  clgan_dataset_gather(x->data, x->item + first, (uint32_t)n, room, NULL);
  return room;
}

enum clgan_status clgan_originals_open(const struct clgan_originals_words *o, const struct clgan_model *m,
                                       struct clgan_originals *x, struct clgan_error *e) {
  return o->data ? open_data(o, m, x, e) : load_files(o, m, x, e);
}

enum clgan_status clgan_originals_load(const struct clgan_originals_words *o, const struct clgan_model *m,
                                       struct clgan_originals *x, struct clgan_error *e) {
  CLGAN_TRY(clgan_originals_open(o, m, x, e));
  if (!o->data) return CLGAN_OK;
  for (size_t i = 0; m->condition == CLGAN_CONDITION_CLASS && x->digit && i < x->n; i++)
    if (x->digit[i] >= m->classes)
      return clgan_error_set(e, CLGAN_ERR_USAGE, "--data %s: holds class %d, but model %.60s knows 0 to %d", o->data,
                             (int)x->digit[i], m->name, m->classes - 1);
  unsigned char *room = NULL;
  CLGAN_TRY(pixels_alloc(m, x->n, x, e));
  room = x->pixels;
  x->pixels = NULL;
  clgan_originals_gather(x, m, 0, x->n, room);
  x->pixels = room;
  clgan_dataset_close(x->data);
  x->data = NULL;
  return CLGAN_OK;
}

int clgan_originals_command_end(struct clgan_originals_command *c, const char *command, enum clgan_status status,
                                const struct clgan_error *e) {
  int code = clgan_command_finish(command, status, e);
  if (code == CLGAN_EXIT_DONE && c->x.failed) code = CLGAN_EXIT_FAILED;
  clgan_originals_free(&c->x);
  clgan_nets_close(&c->nets);
  clgan_session_close(&c->device);
  clgan_args_free(&c->args);
  return code;
}

const char *clgan_originals_note(const struct clgan_originals *x, char text[48]) {
  text[0] = '\0';
  if (x->failed) snprintf(text, 48, ", %zu file%s left out", x->failed, x->failed == 1 ? "" : "s");
  return text;
}

/* -- conditions -- */
struct clgan_condition_given clgan_originals_resolve(const struct clgan_model *m, const struct clgan_condition_given *g,
                                                     const struct clgan_originals *x, size_t i, const float *factors) {
  struct clgan_condition_given r = *g;
  if (m->condition == CLGAN_CONDITION_CLASS) {
    if (r.digit < 0 && x->digit && x->digit[i] < m->classes) r.digit = (int)x->digit[i];
    if (r.digit < 0) r.digit = clgan_logits_likeliest(factors, m->classes);
    return r;
  }
  if (isnan(r.age) && x->age) r.age = (double)x->age[i];
  if (r.gender < 0 && x->gender) r.gender = (double)x->gender[i];
  if (isnan(r.age)) r.age = clgan_condition_years(m, factors[0]);
  if (r.gender < 0) r.gender = m->settings.gender && factors[1] > 0 ? 1 : 0;
  return r;
}

/* Does every original have its condition without E? */
static bool known(const struct clgan_model *m, const struct clgan_condition_given *g, const struct clgan_originals *x) {
  if (m->condition == CLGAN_CONDITION_CLASS) return g->digit >= 0 || x->digit;
  return (!isnan(g->age) || x->age) && (!m->settings.gender || g->gender >= 0 || x->gender);
}

enum clgan_status clgan_originals_conditions(struct clgan_nets *nets, const struct clgan_condition_given *g,
                                             const struct clgan_originals *x, float **out, struct clgan_error *e) {
  const struct clgan_model *m = nets->model;
  size_t C = (size_t)m->condition_size, F = (size_t)clgan_sampler_factors(m);
  float *factors = NULL;
  enum clgan_status s = CLGAN_OK;
  *out = NULL;
  if (!C) return CLGAN_OK;
  if (!known(m, g, x)) {
    factors = clgan_mem_array(x->n * F, sizeof *factors);
    s = clgan_sampler_codes(nets->sampler, x->n, x->pixels, NULL, factors, NULL, e);
  }
  if (s == CLGAN_OK) *out = clgan_mem_array(x->n * C, sizeof **out);
  for (size_t i = 0; s == CLGAN_OK && i < x->n; i++) {
    struct clgan_condition_given r = clgan_originals_resolve(m, g, x, i, factors ? factors + i * F : NULL);
    clgan_condition_vector(m, &r, *out + i * C);
  }
  clgan_mem_free(factors);
  return s;
}
