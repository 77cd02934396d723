/* checkpoint.c - checkpoints and released models: metadata, files, and whether they fit a model. */
#include "model/checkpoint.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "model/model_internal.h"

#define FORMAT "clgan-checkpoint/1"

struct clgan_checkpoint *clgan_checkpoint_create(const struct clgan_model *m) {
  struct clgan_checkpoint *c = clgan_mem_alloc(sizeof *c);
  c->model = clgan_mem_strdup(m->name);
  c->text = clgan_mem_strdup(m->text);
  c->options = clgan_model_options_text(m);
  return c;
}

void clgan_checkpoint_destroy(struct clgan_checkpoint *c) {
  if (!c) return;
  clgan_mem_free(c->model);
  clgan_mem_free(c->text);
  clgan_mem_free(c->options);
  clgan_mem_free(c->data_hash);
  clgan_mem_free(c->variants);
  clgan_mem_free(c->tuning);
  clgan_mem_free(c->extra);
  clgan_mem_free(c->label_counts);
  clgan_names_free(&c->class_names);
  clgan_tensors_free(&c->tensors);
  clgan_mem_free(c);
}

void clgan_checkpoint_set_extra(struct clgan_checkpoint *c, const char *key, const char *value) {
  char *all = clgan_mem_printf("%s%s=%s\n", c->extra ? c->extra : "", key, value);
  clgan_mem_free(c->extra);
  c->extra = all;
}

char *clgan_checkpoint_extra(const struct clgan_checkpoint *c, const char *key) {
  size_t n = strlen(key);
  for (const char *line = c->extra; line && *line;) {
    const char *end = strchr(line, '\n');
    size_t length = end ? (size_t)(end - line) : strlen(line);
    if (length > n && !strncmp(line, key, n) && line[n] == '=')
      return clgan_mem_printf("%.*s", (int)(length - n - 1), line + n + 1);
    line = end ? end + 1 : NULL;
  }
  return NULL;
}

/* -- writing -- */
static void add_metadata(struct clgan_safetensors_writer *w, const struct clgan_checkpoint *c) {
  char number[32];
  struct clgan_text counts = {0};
  clgan_safetensors_add_metadata(w, "format", FORMAT);
  clgan_safetensors_add_metadata(w, "model", c->model);
  clgan_safetensors_add_metadata(w, "text", c->text);
  clgan_safetensors_add_metadata(w, "options", c->options);
  snprintf(number, sizeof number, "%" PRIu64, c->step);
  clgan_safetensors_add_metadata(w, "step", number);
  snprintf(number, sizeof number, "%" PRIu64, c->seed);
  clgan_safetensors_add_metadata(w, "seed", number);
  if (c->data_hash) clgan_safetensors_add_metadata(w, "data", c->data_hash);
  if (c->variants) clgan_safetensors_add_metadata(w, "variants", c->variants);
  if (c->tuning) clgan_safetensors_add_metadata(w, "tuning", c->tuning);
  if (c->extra) clgan_safetensors_add_metadata(w, "extra", c->extra);
  if (c->class_names.n) {
    char *names = clgan_names_json(&c->class_names);
    clgan_safetensors_add_metadata(w, "classes", names);
    clgan_mem_free(names);
  }
  if (!c->label_counts) return;
  clgan_text_printf(&counts, "[");
  for (size_t i = 0; i < c->n_label_counts; i++)
    clgan_text_printf(&counts, "%s%" PRIu64, i ? "," : "", c->label_counts[i]);
  clgan_text_printf(&counts, "]");
  clgan_safetensors_add_metadata(w, "label_counts", counts.s);
  clgan_text_free(&counts);
}

static enum clgan_status to_half(const struct clgan_named_tensor *x, const char *path, uint16_t **out,
                                 struct clgan_error *e) {
  void *memory;
  CLGAN_TRY(clgan_mem_try(&memory, x->count ? x->count : 1, sizeof(uint16_t), x->name, e));
  *out = memory;
  for (size_t i = 0; i < x->count; i++) {
    (*out)[i] = clgan_half_from_float(x->data[i]);
    if (isinf(clgan_half_to_float((*out)[i])) && isfinite(x->data[i]))
      return clgan_error_set(e, CLGAN_ERR_NUMERIC, "%s: tensor %s holds %g, beyond F16's range; write F32", path,
                             x->name, (double)x->data[i]);
  }
  return CLGAN_OK;
}

enum clgan_status clgan_checkpoint_save(const struct clgan_checkpoint *c, const char *path, bool half,
                                        struct clgan_error *e) {
  struct clgan_safetensors_writer *w = clgan_safetensors_writer_create();
  uint16_t **halves = clgan_mem_array(c->tensors.n + 1, sizeof *halves);
  enum clgan_status status = CLGAN_OK;
  add_metadata(w, c);
  for (size_t i = 0; i < c->tensors.n && status == CLGAN_OK; i++) {
    const struct clgan_named_tensor *x = &c->tensors.items[i];
    if (half) status = to_half(x, path, &halves[i], e);
    const void *data = half ? (const void *)halves[i] : x->data;
    if (status == CLGAN_OK) clgan_safetensors_add(w, x->name, half ? CLGAN_F16 : CLGAN_F32, x->dims, x->shape, data);
  }
  if (status == CLGAN_OK) status = clgan_safetensors_write(w, path, e);
  for (size_t i = 0; i < c->tensors.n; i++) clgan_mem_free(halves[i]);
  clgan_mem_free(halves);
  clgan_safetensors_writer_destroy(w);
  return status;
}

/* -- reading -- */
static enum clgan_status text_of(const struct clgan_safetensors *s, const char *key, bool needed, char **out,
                                 struct clgan_error *e) {
  const char *value = clgan_safetensors_metadata(s, key);
  if (!value && needed) return clgan_error_set(e, CLGAN_ERR_FORMAT, "damaged: its metadata has no '%s'", key);
  if (value) *out = clgan_mem_strdup(value);
  return CLGAN_OK;
}

static enum clgan_status number_of(const struct clgan_safetensors *s, const char *key, uint64_t *out,
                                   struct clgan_error *e) {
  const char *value = clgan_safetensors_metadata(s, key);
  uint64_t x = 0;
  bool good = value && *value;
  for (const char *c = value; good && *c; c++) {
    uint64_t digit = (uint64_t)(*c - '0');
    good = *c >= '0' && *c <= '9' && x <= (UINT64_MAX - digit) / 10;
    x = x * 10 + digit;
  }
  if (!good) return clgan_error_set(e, CLGAN_ERR_FORMAT, "damaged: its metadata's '%s' is no number", key);
  *out = x;
  return CLGAN_OK;
}

static enum clgan_status counts_of(const struct clgan_safetensors *s, struct clgan_checkpoint *c,
                                   struct clgan_error *e) {
  const char *value = clgan_safetensors_metadata(s, "label_counts");
  if (!value) return CLGAN_OK;
  cJSON *json = clgan_json_parse(value, strlen(value) + 1, NULL);
  bool good = cJSON_IsArray(json);
  int n = good ? cJSON_GetArraySize(json) : 0, i = 0;
  c->label_counts = clgan_mem_array((size_t)n + 1, sizeof *c->label_counts);
  const cJSON *item;
  cJSON_ArrayForEach(item, json) {
    double x = cJSON_IsNumber(item) ? item->valuedouble : -1;
    if (!good || !(x >= 0 && x < 9e15) || x != floor(x)) {
      good = false;
      break;
    }
    c->label_counts[i++] = (uint64_t)x;
  }
  c->n_label_counts = (size_t)i;
  cJSON_Delete(json);
  return good ? CLGAN_OK
              : clgan_error_set(e, CLGAN_ERR_FORMAT, "damaged: its metadata's 'label_counts' is no array of counts");
}

static enum clgan_status read_all(const struct clgan_safetensors *s, struct clgan_checkpoint *c,
                                  struct clgan_error *e) {
  const char *format = clgan_safetensors_metadata(s, "format");
  if (!format)
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "no clgan checkpoint: a safetensors file without the metadata of one");
  if (strncmp(format, "clgan-checkpoint/", 17))
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "no clgan checkpoint but a file of format '%.40s'", format);
  if (strcmp(format, FORMAT))
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "a checkpoint of format '%.40s'; this clgan reads " FORMAT, format);
  CLGAN_TRY(text_of(s, "model", true, &c->model, e));
  CLGAN_TRY(text_of(s, "text", true, &c->text, e));
  CLGAN_TRY(text_of(s, "options", true, &c->options, e));
  CLGAN_TRY(number_of(s, "step", &c->step, e));
  CLGAN_TRY(number_of(s, "seed", &c->seed, e));
  CLGAN_TRY(text_of(s, "data", false, &c->data_hash, e));
  CLGAN_TRY(text_of(s, "variants", false, &c->variants, e));
  CLGAN_TRY(text_of(s, "tuning", false, &c->tuning, e));
  CLGAN_TRY(text_of(s, "extra", false, &c->extra, e));
  CLGAN_TRY(counts_of(s, c, e));
  const char *names = clgan_safetensors_metadata(s, "classes");
  if (names) CLGAN_TRY(clgan_names_parse(names, &c->class_names, e));
  return clgan_tensors_read(&c->tensors, s, "", e);
}

enum clgan_status clgan_checkpoint_load(const char *path, struct clgan_checkpoint **out, struct clgan_error *e) {
  struct clgan_safetensors *s = NULL;
  *out = NULL;
  CLGAN_TRY(clgan_safetensors_open(path, &s, e));
  struct clgan_checkpoint *c = clgan_mem_alloc(sizeof *c);
  enum clgan_status status = read_all(s, c, e);
  clgan_safetensors_close(s);
  if (status != CLGAN_OK) {
    clgan_checkpoint_destroy(c);
    return e ? clgan_error_prefix(e, "%s", path) : status;
  }
  *out = c;
  return CLGAN_OK;
}

enum clgan_status clgan_checkpoint_model(const struct clgan_checkpoint *c, const char *where, const char *const *sets,
                                         size_t n_sets, struct clgan_model **out, struct clgan_error *e) {
  char *options = clgan_mem_strdup(c->options);
  char *name = clgan_mem_printf("%s (its model)", where);
  size_t lines = 0, n = 0;
  for (const char *at = options; *at; at++) lines += *at == '\n';
  const char **all = clgan_mem_array(lines + n_sets + 1, sizeof *all);
  for (char *at = options, *end; (end = strchr(at, '\n')); at = end + 1) {
    *end = 0;
    if (*at) all[n++] = at;
  }
  size_t own = n;
  for (size_t i = 0; i < n_sets; i++) all[n++] = sets[i];
  enum clgan_status status = clgan_model_parse(c->text, name, 0, all, own, out, e);
  if (status == CLGAN_ERR_USAGE && e) { /* an option that the file holds is the file's fault */
    e->status = status = CLGAN_ERR_FORMAT;
    clgan_error_prefix(e, "%s: damaged options", where);
  } else if (status == CLGAN_OK && n_sets) {
    clgan_model_destroy(*out);
    status = clgan_model_parse(c->text, name, 0, all, n, out, e);
  }
  if (status == CLGAN_OK) status = clgan_model_refuse_judge(out, where, e);
  if (status == CLGAN_OK) { /* as saved: `where` says nothing of a model without a name line */
    clgan_mem_free((*out)->name);
    (*out)->name = clgan_mem_strdup(c->model);
    clgan_names_copy(&(*out)->class_names, &c->class_names);
  }
  clgan_mem_free(all);
  clgan_mem_free(name);
  clgan_mem_free(options);
  return status;
}

/* -- does it fit a model? -- */
bool clgan_model_has_averages(const struct clgan_model *m) {
  return m->step == CLGAN_STEP_BCGAN || m->step == CLGAN_STEP_AUTOENCODER ||
         (m->step == CLGAN_STEP_JUDGE && m->condition == CLGAN_CONDITION_FACE);
}

const char *clgan_sample_prefix(const struct clgan_model *m, int net) {
  static const char *const names[2][3] = {{"G", "E", "D"}, {"G_ema", "E_ema", "D"}};
  return names[clgan_model_has_averages(m)][net];
}

struct check {
  const struct clgan_checkpoint *c;
  const struct clgan_model *m;
  const char *where;
  struct clgan_error *e;
  bool *known; /* per tensor of c */
  bool any_d;
};

static void shape_text(int dims, const uint64_t *shape, char out[96]) {
  size_t at = 0;
  snprintf(out, 96, "scalar");
  for (int i = 0; i < dims && at < 96; i++)
    at += (size_t)snprintf(out + at, 96 - at, "%s%" PRIu64, i ? "x" : "", shape[i]);
}

/* "NAME (base N)" as far as options say it. */
static void model_text(const char *name, const char *options, char *out, size_t size) {
  const char *base = options && !strncmp(options, "base=", 5) ? options + 5 : NULL;
  if (base)
    snprintf(out, size, "%.40s (base %.*s)", name, (int)strcspn(base, "\n"), base);
  else
    snprintf(out, size, "%.40s", name);
}

static enum clgan_status misfit(const struct check *k, const char *what) {
  char theirs[80], ours[80];
  char *options = clgan_model_options_text(k->m);
  model_text(k->c->model, k->c->options, theirs, sizeof theirs);
  model_text(k->m->name, options, ours, sizeof ours);
  clgan_mem_free(options);
  if (strcmp(theirs, ours))
    return clgan_error_set(k->e, CLGAN_ERR_FORMAT, "%s: holds model %s, not %s: %s", k->where, theirs, ours, what);
  return clgan_error_set(k->e, CLGAN_ERR_FORMAT, "%s: does not fit model %s: %s", k->where, ours, what);
}

static enum clgan_status check_net(struct check *k, const char *prefix, const struct clgan_net *net, bool moments,
                                   bool needed) {
  for (size_t i = 0; i < net->n_params; i++) {
    const struct clgan_param *p = &net->params[i];
    char name[96], what[360], got[96], want[96];
    if (moments && !p->trainable) continue;
    snprintf(name, sizeof name, "%s.%s", prefix, p->name);
    const struct clgan_named_tensor *x = clgan_tensors_find(&k->c->tensors, name);
    if (!x && needed) {
      snprintf(what, sizeof what, "tensor %s is missing%s", name,
               k->any_d ? "" : " (a released model can generate, but not be trained on: take a run's checkpoint)");
      return misfit(k, what);
    }
    if (!x) continue;
    k->known[x - k->c->tensors.items] = true;
    if (x->dims == p->dims && !memcmp(x->shape, p->file_shape, (size_t)p->dims * sizeof *x->shape)) continue;
    shape_text(x->dims, x->shape, got);
    shape_text(p->dims, p->file_shape, want);
    snprintf(what, sizeof what, "tensor %s has shape %s, not %s", name, got, want);
    return misfit(k, what);
  }
  return CLGAN_OK;
}

static enum clgan_status check_all(struct check *k, bool train) {
  static const char *const plain[] = {"G", "E", "D"}, *const average[] = {"G_ema", "E_ema"},
                           *const m[] = {"opt.m.G", "opt.m.E", "opt.m.D"},
                           *const v[] = {"opt.v.G", "opt.v.E", "opt.v.D"};
  bool averages = clgan_model_has_averages(k->m);
  for (int i = 0; i < 2 && averages; i++) CLGAN_TRY(check_net(k, average[i], &k->m->nets[i], false, true));
  for (int i = 0; i < 3; i++) CLGAN_TRY(check_net(k, plain[i], &k->m->nets[i], false, train || (!averages && i < 2)));
  for (int i = 0; i < 3; i++) CLGAN_TRY(check_net(k, m[i], &k->m->nets[i], true, train));
  for (int i = 0; i < 3; i++) CLGAN_TRY(check_net(k, v[i], &k->m->nets[i], true, train));
  for (size_t i = 0; i < k->c->tensors.n; i++) {
    char what[160];
    if (k->known[i]) continue;
    snprintf(what, sizeof what, "tensor %.100s is not of the model", k->c->tensors.items[i].name);
    return misfit(k, what);
  }
  return CLGAN_OK;
}

enum clgan_status clgan_checkpoint_check(const struct clgan_checkpoint *c, const struct clgan_model *m,
                                         enum clgan_checkpoint_use use, const char *where, struct clgan_error *e) {
  struct check k = {.c = c, .m = m, .where = where, .e = e};
  k.known = clgan_mem_array(c->tensors.n + 1, sizeof *k.known);
  for (size_t i = 0; i < c->tensors.n; i++) k.any_d |= !strncmp(c->tensors.items[i].name, "D.", 2);
  enum clgan_status status = check_all(&k, use == CLGAN_CHECKPOINT_TRAIN);
  clgan_mem_free(k.known);
  return status;
}
