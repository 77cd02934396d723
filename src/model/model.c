/* model.c - a model by name or file, and small questions about it. */
#include "model/model.h"

#include <math.h>
#include <string.h>

#include "base/embedded.h"
#include "base/mem.h"
#include "model/model_internal.h"

enum { MAX_NAMES = 32 };

/* "models/digits.model" -> "digits" for every embedded text; the list ends with NULL. */
static void embedded_names(char storage[MAX_NAMES][48], const char *list[MAX_NAMES + 1]) {
  int n = 0;
  for (const struct clgan_embedded *f = clgan_embedded_table; f->name && n < MAX_NAMES; f++) {
    size_t length = strlen(f->name);
    if (length < 14 || length >= 48 || strncmp(f->name, "models/", 7) || strcmp(f->name + length - 6, ".model"))
      continue;
    memcpy(storage[n], f->name + 7, length - 13);
    storage[n][length - 13] = 0;
    list[n] = storage[n];
    n++;
  }
  list[n] = NULL;
}

size_t clgan_model_image_size(const struct clgan_model *m) {
  return (size_t)m->height * (size_t)m->width * (size_t)m->channels;
}

char *clgan_model_names(void) {
  char storage[MAX_NAMES][48], all[MAX_NAMES * 48];
  const char *list[MAX_NAMES + 1];
  embedded_names(storage, list);
  clgan_word_list(list, all, sizeof all);
  return clgan_mem_strdup(all);
}

static enum clgan_status no_such_model(const char *spec, struct clgan_error *e) {
  char storage[MAX_NAMES][48], all[MAX_NAMES * 48];
  const char *list[MAX_NAMES + 1];
  embedded_names(storage, list);
  clgan_word_list(list, all, sizeof all);
  const char *near = clgan_words_nearest(spec, list);
  return clgan_error_set(e, CLGAN_ERR_USAGE,
                         "--model %.200s: no such model or file%s%s%s; allowed: %s, or the path of a model's text",
                         spec, near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "", all);
}

enum clgan_status clgan_model_refuse_judge(struct clgan_model **m, const char *where, struct clgan_error *e) {
  if ((*m)->step != CLGAN_STEP_JUDGE && (*m)->step != CLGAN_STEP_AUTOENCODER) return CLGAN_OK;
  const char *what = (*m)->step == CLGAN_STEP_JUDGE ? "a classifier" : "an autoencoder";
  clgan_model_destroy(*m);
  *m = NULL;
  return clgan_error_set(e, CLGAN_ERR_FORMAT,
                         "%s: %s of `clgan eval`, which draws no images; allowed: step bcgan, step bigan", where, what);
}

enum clgan_status clgan_model_load(const char *spec, int base, const char *const *sets, size_t n_sets,
                                   struct clgan_model **out, struct clgan_error *e) {
  *out = NULL;
  char *path = clgan_mem_printf("models/%s.model", spec);
  const struct clgan_embedded *f = strchr(spec, '/') ? NULL : clgan_embedded_find(path);
  enum clgan_status status;
  if (f) {
    status = clgan_model_parse(f->data, path, base, sets, n_sets, out, e);
  } else if (!clgan_file_exists(spec)) {
    status = no_such_model(spec, e);
  } else {
    char *text = NULL;
    size_t size = 0;
    status = clgan_file_read(spec, &text, &size, e);
    if (status == CLGAN_OK && (size > 1 << 20 || strlen(text) != size))
      status = clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: this is no model text; allowed: a first line `clgan-model 1`",
                               spec);
    if (status == CLGAN_OK) status = clgan_model_parse(text, spec, base, sets, n_sets, out, e);
    clgan_mem_free(text);
    if (status == CLGAN_OK) status = clgan_model_refuse_judge(out, spec, e);
  }
  clgan_mem_free(path);
  return status;
}

void clgan_net_free(struct clgan_net *net) {
  for (size_t i = 0; i < net->n_layers; i++) clgan_mem_free(net->layers[i].name), clgan_mem_free(net->layers[i].out);
  for (size_t i = 0; i < net->n_params; i++) clgan_mem_free(net->params[i].name);
  for (int i = 0; i < 4; i++) clgan_mem_free(net->inputs[i]), clgan_mem_free(net->outputs[i]);
  clgan_mem_free(net->layers);
  clgan_mem_free(net->params);
  clgan_mem_free(net->name);
}

void clgan_model_destroy(struct clgan_model *m) {
  if (!m) return;
  for (int k = 0; k < 3; k++) clgan_net_free(&m->nets[k]);
  clgan_mem_free(m->name);
  clgan_mem_free(m->text);
  clgan_names_free(&m->class_names);
  clgan_mem_free(m);
}

double clgan_settings_rate(const struct clgan_settings *s, double epoch) {
  if (s->decay_factor == 1 || epoch <= s->decay_start) return 1;
  double part = (epoch - s->decay_start) / (s->decay_end - s->decay_start);
  return pow(s->decay_factor, part < 1 ? part : 1);
}

int clgan_net_output(const struct clgan_net *net, const char *name) {
  for (int i = 0; i < net->n_outputs; i++)
    if (!strcmp(net->outputs[i], name)) return i;
  return -1;
}

struct clgan_shape clgan_net_output_shape(const struct clgan_model *m, const struct clgan_net *net, int output) {
  return clgan_net_value_shape(m, net, net->output_value[output]);
}

int clgan_net_input(const struct clgan_net *net, const char *name) {
  for (int i = 0; i < net->n_inputs; i++)
    if (!strcmp(net->inputs[i], name)) return i;
  return -1;
}

int clgan_net_param(const struct clgan_net *net, const char *name) {
  for (size_t i = 0; i < net->n_params; i++)
    if (!strcmp(net->params[i].name, name)) return (int)i;
  return -1;
}

bool clgan_net_has_batchnorm(const struct clgan_net *net) {
  for (size_t i = 0; i < net->n_layers; i++)
    if (net->layers[i].kind == CLGAN_LAYER_BATCHNORM) return true;
  return false;
}
