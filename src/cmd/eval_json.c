/* eval_json.c: an evaluation as JSON, schema clgan-eval/1. SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "bench/result.h"
#include "cmd/eval.h"

static void number(cJSON *o, const char *key, double x) {
  if (!isnan(x)) cJSON_AddNumberToObject(o, key, x);
}

static void add_figure(cJSON *all, const struct clgan_figure *f) {
  cJSON *o = cJSON_AddObjectToObject(all, f->key);
  number(o, "value", f->value);
  number(o, "low", f->low);
  number(o, "high", f->high);
  number(o, "deviation", f->deviation);
  number(o, "real", f->floor);
  cJSON_AddNumberToObject(o, "images", (double)f->n);
}

/* Of every class the images and how many were right. */
static void add_counts(cJSON *all, const char *key, const struct clgan_class_counts *c, int classes) {
  cJSON *o = cJSON_AddObjectToObject(all, key), *n = cJSON_AddArrayToObject(o, "images"),
        *right = cJSON_AddArrayToObject(o, "right");
  for (int k = 0; k < classes; k++) {
    cJSON_AddItemToArray(n, cJSON_CreateNumber((double)c->n[k]));
    cJSON_AddItemToArray(right, cJSON_CreateNumber((double)c->right[k]));
  }
}

static void add_subject(cJSON *root, const struct clgan_eval_facts *x, const struct clgan_evaluation *v) {
  char seed[24];
  cJSON *m = cJSON_AddObjectToObject(root, "model"), *d = cJSON_AddObjectToObject(root, "data");
  cJSON_AddStringToObject(m, "name", x->model->name);
  if (x->model->has_base) cJSON_AddNumberToObject(m, "base", x->model->base);
  cJSON_AddNumberToObject(m, "steps", (double)x->steps);
  cJSON_AddStringToObject(m, "weights", x->weights);
  cJSON_AddStringToObject(m, "sha256", x->weights_hash);
  cJSON_AddStringToObject(d, "name", x->data->name);
  cJSON_AddStringToObject(d, "hash", clgan_dataset_hash(x->data));
  cJSON_AddStringToObject(d, "split", x->split);
  cJSON_AddNumberToObject(d, "images", v->items);
  if (v->base_items) cJSON_AddNumberToObject(d, "neighbours_among", v->base_items);
  snprintf(seed, sizeof seed, "%llu", (unsigned long long)x->seed);
  cJSON_AddStringToObject(root, "seed", seed); /* 64 bits: more than a JSON number holds */
  cJSON_AddNumberToObject(root, "n", (double)x->n);
  if (x->refine) cJSON_AddNumberToObject(root, "refine", (double)x->refine);
}

enum clgan_status clgan_eval_json(const struct clgan_eval_facts *x, const struct clgan_evaluation *v, char **out,
                                  struct clgan_error *e) {
  cJSON *root = cJSON_CreateObject();
  cJSON_AddStringToObject(root, "schema", "clgan-eval/1");
  cJSON_AddStringToObject(root, "version", clgan_version());
  add_subject(root, x, v);
  clgan_result_device(root, x->device);
  cJSON *figures = cJSON_AddObjectToObject(root, "measures");
  for (size_t i = 0; i < v->n_figures; i++) add_figure(figures, &v->figures[i]);
  if (v->classes) {
    cJSON *judge = cJSON_AddObjectToObject(root, "classifier"), *by = cJSON_AddObjectToObject(root, "by_class");
    cJSON_AddNumberToObject(judge, "steps", (double)v->judge_steps);
    cJSON_AddNumberToObject(judge, "features", CLGAN_JUDGE_FEATURES);
    add_counts(by, "judge.accuracy", &v->judge, v->classes);
    add_counts(by, "asked.accuracy", &v->asked, v->classes);
    add_counts(by, "kept.label", &v->kept, v->classes);
  }
  if (v->faces) clgan_eval_faces_json(root, x, v);
  cJSON_AddNumberToObject(root, "seconds", x->seconds);
  char *text = cJSON_Print(root);
  cJSON_Delete(root);
  *out = text ? clgan_mem_printf("%s\n", text) : NULL;
  free(text);
  return *out ? CLGAN_OK : clgan_error_set(e, CLGAN_ERR_MEMORY, "not enough memory for the results as JSON");
}
