/* latent_json.c: results of `clgan latent` as JSON ("clgan-latent/1", docs/file-formats.md). SPDX-License-Identifier:
 * MIT */
#include <math.h>

#include "cmd/latent.h"

/* NaN is written as null: "does not apply". */
static void put(cJSON *to, const char *name, double x) {
  cJSON_AddNumberToObject(to, name, x);
}

static void put_moments(cJSON *to, const struct clgan_moments *m) {
  put(to, "mean", m->mean);
  put(to, "deviation", m->deviation);
  put(to, "skewness", m->skewness);
  put(to, "kurtosis", m->kurtosis);
}

static void put_spread(cJSON *root, const struct clgan_latent *l) {
  const struct clgan_spread *s = &l->spread;
  enum clgan_latent_kind kind = l->m->latent_kind;
  const struct clgan_moments prior = clgan_prior_moments(kind);
  cJSON *to = cJSON_AddObjectToObject(root, "prior");
  cJSON_AddStringToObject(to, "kind", kind == CLGAN_LATENT_UNIFORM ? "uniform" : "normal");
  put_moments(to, &prior);
  put(to, "limit", clgan_prior_limit(kind));
  put(to, "beyond", clgan_prior_beyond(kind));
  to = cJSON_AddObjectToObject(root, "codes");
  put_moments(to, &s->pooled);
  put(to, "beyond", s->beyond_all);
  put(to, "ks_median", s->ks_median);
  put(to, "ks_worst", s->ks_worst);
  put(to, "ks_chance", s->ks_chance);
  put(to, "correlation_mean", s->correlation_mean);
  put(to, "correlation_largest", s->correlation_largest);
  put(to, "correlation_chance", s->correlation_chance);
  cJSON *pair = cJSON_AddArrayToObject(to, "correlation_pair");
  for (int k = 0; k < 2; k++) cJSON_AddItemToArray(pair, cJSON_CreateNumber((double)s->pair[k]));
  put(to, "directions", clgan_latent_directions(l));
}

static void put_dimensions(cJSON *root, const struct clgan_latent *l) {
  cJSON *all = cJSON_AddArrayToObject(root, "dimensions");
  for (size_t j = 0; j < l->spread.dims; j++) {
    cJSON *to = cJSON_CreateObject();
    put(to, "dimension", (double)j);
    put_moments(to, &l->spread.moments[j]);
    put(to, "ks", l->spread.ks[j]);
    put(to, "beyond", l->spread.beyond[j]);
    put(to, "influence", l->influence[j]);
    put(to, "returned", l->trip.returned[j]);
    put(to, "error", l->trip.error[j]);
    put(to, "correlation", l->trip.correlation[j]);
    put(to, "returned_deviation", l->trip.deviation[j]);
    cJSON_AddItemToArray(all, to);
  }
  all = cJSON_AddArrayToObject(root, "principal_axes");
  for (size_t j = 0; j < l->spread.dims; j++) cJSON_AddItemToArray(all, cJSON_CreateNumber(l->explained[j]));
}

static void put_told(cJSON *root, const struct clgan_latent *l) {
  cJSON *all = cJSON_AddArrayToObject(root, "labels");
  for (size_t v = 0; v < l->n_views; v++) {
    const struct clgan_told *t = &l->views[v].told;
    cJSON *to = cJSON_CreateObject();
    cJSON_AddStringToObject(to, "label", l->views[v].name);
    put(to, "classes", (double)t->classes);
    put(to, "fitted", (double)t->fitted);
    put(to, "tested", (double)t->tested);
    put(to, "accuracy", t->accuracy);
    put(to, "low", t->low);
    put(to, "high", t->high);
    put(to, "chance", t->shuffled);
    put(to, "majority", t->majority);
    put(to, "neighbour", t->neighbour);
    put(to, "purity", t->purity);
    put(to, "purity_chance", t->purity_chance);
    put(to, "nmi", t->nmi);
    put(to, "nmi_chance", t->nmi_chance);
    cJSON_AddItemToArray(all, to);
  }
  if (l->age) {
    cJSON *to = cJSON_AddObjectToObject(root, "age");
    put(to, "fitted", (double)l->age_told.fitted);
    put(to, "tested", (double)l->age_told.tested);
    put(to, "r2", l->age_told.r2);
    put(to, "r2_chance", l->age_told.r2_shuffled);
    put(to, "error", l->age_told.error);
    put(to, "error_mean", l->age_told.error_mean);
  }
  cJSON *own = cJSON_AddObjectToObject(root, "encoder");
  put(own, "class", l->own_class);
  put(own, "age_error", l->own_age_error);
  put(own, "gender", l->own_gender);
}

static void put_generator(cJSON *root, const struct clgan_latent *l) {
  cJSON *to = cJSON_AddObjectToObject(root, "shares");
  put(to, "codes", (double)l->shares.codes);
  put(to, "conditions", (double)l->shares.conditions);
  put(to, "variance", l->shares.variance);
  put(to, "first_z", l->shares.first_z);
  put(to, "first_c", l->shares.first_c);
  put(to, "both", l->shares.both);
  put(to, "total_z", l->shares.total_z);
  put(to, "total_c", l->shares.total_c);
  to = cJSON_AddObjectToObject(root, "influence");
  put(to, "codes", (double)l->bases);
  cJSON *order = cJSON_AddArrayToObject(to, "order");
  for (size_t j = 0; j < l->spread.dims; j++) cJSON_AddItemToArray(order, cJSON_CreateNumber((double)l->order[j]));
  to = cJSON_AddObjectToObject(root, "round_trip");
  put(to, "codes", (double)l->trip.codes);
  put(to, "class", l->trip.class_kept);
  put(to, "age_error", l->trip.age_error);
  put(to, "gender", l->trip.gender_kept);
}

char *clgan_latent_json(const struct clgan_latent *l) {
  cJSON *root = cJSON_CreateObject();
  cJSON_AddStringToObject(root, "schema", "clgan-latent/1");
  cJSON_AddStringToObject(root, "model", l->m->name);
  cJSON_AddStringToObject(root, "weights", l->weights);
  put(root, "steps", (double)l->steps);
  cJSON_AddStringToObject(root, "data", l->data);
  cJSON_AddStringToObject(root, "split", l->split);
  put(root, "images", (double)l->n);
  put(root, "latent", (double)l->spread.dims);
  put(root, "seed", (double)l->seed);
  cJSON_AddStringToObject(root, "device", l->device);
  put_spread(root, l);
  put_told(root, l);
  put_generator(root, l);
  put_dimensions(root, l);
  char *text = cJSON_Print(root);
  cJSON_Delete(root);
  return text;
}
