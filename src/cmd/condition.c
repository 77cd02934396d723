/* condition.c: classes, ages and genders asked for, as condition vectors. SPDX-License-Identifier: MIT */
#include "cmd/condition.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/words.h"
#include "cmd/args.h"
#include "train/sampler.h"

/* -- LIST -- */
struct list {
  const char *option, *text;
  bool whole;
  int between;
  double lo, hi;
  double *out;
  size_t n;
  struct clgan_error *e;
};

static enum clgan_status bad_list(const struct list *l) {
  return clgan_error_set(l->e, CLGAN_ERR_USAGE,
                         "--%s %.80s: must be a list of %snumbers from %g to %g, such as %g,%g or A:B or A:B:STEP",
                         l->option, l->text, l->whole ? "whole " : "", l->lo, l->hi, l->lo, l->hi);
}

static enum clgan_status add(struct list *l, double x) {
  if (!(x >= l->lo && x <= l->hi) || (l->whole && x != floor(x))) return bad_list(l);
  if (l->n == CLGAN_LIST_MAX)
    return clgan_error_set(l->e, CLGAN_ERR_USAGE, "--%s %.80s: more than %d values", l->option, l->text,
                           CLGAN_LIST_MAX);
  l->out[l->n++] = x;
  return CLGAN_OK;
}

/* A:B[:STEP]; runs down where B < A. */
static enum clgan_status add_range(struct list *l, double a, double b, double step) {
  if (l->between && step == 0) {
    for (int k = 0; k < l->between; k++) CLGAN_TRY(add(l, a + (b - a) * k / (l->between - 1)));
    return CLGAN_OK;
  }
  if (step == 0) step = 1;
  double count = floor(fabs(b - a) / step + 1e-9);
  if (!(count < CLGAN_LIST_MAX)) return add(l, a) == CLGAN_OK ? bad_list(l) : CLGAN_ERR_USAGE;
  for (int k = 0; k <= (int)count; k++) CLGAN_TRY(add(l, a + (b < a ? -step : step) * k));
  return CLGAN_OK;
}

static enum clgan_status add_item(struct list *l, char *item) {
  double x[3] = {0, 0, 0};
  int n = 0;
  for (char *at = item; at; n++) {
    char *colon = strchr(at, ':');
    if (colon) *colon++ = '\0';
    if (n == 3 || !clgan_args_real(at, &x[n])) return bad_list(l);
    at = colon;
  }
  if (n == 1) return add(l, x[0]);
  if (n == 3 && !(x[2] > 0)) return bad_list(l);
  if (!(x[0] >= l->lo && x[0] <= l->hi && x[1] >= l->lo && x[1] <= l->hi)) return bad_list(l);
  return add_range(l, x[0], x[1], x[2]);
}

enum clgan_status clgan_list_parse(const char *option, const char *text, bool whole, int between, double lo, double hi,
                                   double *out, size_t *n, struct clgan_error *e) {
  struct list l = {option, text, whole, between, lo, hi, out, 0, e};
  char *copy = clgan_mem_strdup(text);
  enum clgan_status s = CLGAN_OK;
  for (char *at = copy; at && s == CLGAN_OK;) {
    char *comma = strchr(at, ',');
    if (comma) *comma++ = '\0';
    s = add_item(&l, at);
    at = comma;
  }
  clgan_mem_free(copy);
  *n = l.n;
  return s;
}

/* -- LIST of classes -- */

/* "cat, dog or 0 to 1", so that nobody has to guess; the first names only. */
static enum clgan_status no_class(const struct list *l, const char *word, const struct clgan_names *names) {
  enum { SHOWN = 8 };
  const char *list[CLGAN_NAMES_MAX + 1];
  struct clgan_text all = {0};
  for (size_t i = 0; i < names->n; i++) {
    list[i] = names->items[i];
    if (i < SHOWN) clgan_text_printf(&all, "%.40s, ", names->items[i]);
  }
  list[names->n] = NULL;
  const char *near = clgan_words_nearest(word, list);
  if (names->n > SHOWN) clgan_text_printf(&all, "... (%zu names), ", names->n);
  enum clgan_status s =
      clgan_error_set(l->e, CLGAN_ERR_USAGE, "--%s %.80s: no class '%.40s'%s%.40s%s; allowed: %sor 0 to %g", l->option,
                      l->text, word, near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "", all.s, l->hi);
  clgan_text_free(&all);
  return s;
}

static enum clgan_status class_of(const struct list *l, const char *word, const struct clgan_names *names,
                                  double *out) {
  int k = clgan_names_find(names, word);
  *out = k;
  if (k >= 0 && k <= l->hi) return CLGAN_OK;
  if (k < 0 && clgan_args_real(word, out) && *out >= 0 && *out <= l->hi && *out == floor(*out)) return CLGAN_OK;
  return no_class(l, word, names);
}

static enum clgan_status add_classes(struct list *l, char *item, const struct clgan_names *names) {
  double x[3] = {0, 0, 0};
  char *part[4] = {item, NULL, NULL, NULL};
  int n = 1;
  if (clgan_names_find(names, item) < 0)
    for (char *at = item; n < 4 && (at = strchr(at, ':')); n++) {
      *at++ = '\0';
      part[n] = at;
    }
  for (int i = 0; i < n && i < 2; i++) CLGAN_TRY(class_of(l, part[i], names, &x[i]));
  if (n == 1) return add(l, x[0]);
  if (n > 3 || (n == 3 && (!clgan_args_real(part[2], &x[2]) || !(x[2] > 0)))) return bad_list(l);
  return add_range(l, x[0], x[1], x[2]);
}

enum clgan_status clgan_class_list_parse(const char *option, const char *text, const struct clgan_names *names,
                                         int classes, double *out, size_t *n, struct clgan_error *e) {
  if (!names->n) return clgan_list_parse(option, text, true, 0, 0, classes - 1, out, n, e);
  struct list l = {option, text, true, 0, 0, classes - 1, out, 0, e};
  char *copy = clgan_mem_strdup(text);
  enum clgan_status s = CLGAN_OK;
  bool whole = clgan_names_find(names, text) >= 0; /* a name with a comma in it */
  for (char *at = copy; at && s == CLGAN_OK;) {
    char *comma = whole ? NULL : strchr(at, ',');
    if (comma) *comma++ = '\0';
    s = add_classes(&l, at, names);
    at = comma;
  }
  clgan_mem_free(copy);
  *n = l.n;
  return s;
}

/* -- conditions -- */

/* What was said of the class, and by which option. */
static const char *class_words(const struct clgan_condition_words *w, const char **option) {
  *option = w->digit ? "digit" : "class";
  return w->digit ? w->digit : w->cls;
}

bool clgan_condition_words_any(const struct clgan_condition_words *w) {
  return w->digit || w->cls || w->age || w->gender;
}

enum clgan_status clgan_condition_words_check(const struct clgan_model *m, const struct clgan_condition_words *w,
                                              struct clgan_error *e) {
  bool face = m->condition == CLGAN_CONDITION_FACE;
  const char *option, *cls = class_words(w, &option);
  if (w->digit && w->cls)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--class and --digit mean the same: give one of them");
  if (cls && m->condition != CLGAN_CONDITION_CLASS)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--%s: model %.60s %s", option, m->name,
                           face ? "takes an age: use --age" : "takes no condition");
  if (w->age && !face)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--age: model %.60s %s", m->name,
                           m->classes ? "takes a class: use --class" : "takes no condition");
  if (w->gender && !(face && m->settings.gender))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--gender: model %.60s was not given genders to learn", m->name);
  if (w->gender && strcmp(w->gender, "male") && strcmp(w->gender, "female") && strcmp(w->gender, "both"))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--gender %.40s: must be male, female or both", w->gender);
  return CLGAN_OK;
}

/* -- ages -- */
#define ALL_AGES "0:80"
enum { LEARNT_AGES = 80 };

static enum clgan_status parse_ages(const char *text, double *out, size_t *n, struct clgan_error *e) {
  double oldest = 0;
  CLGAN_TRY(clgan_list_parse("age", text, false, 10, 0, CLGAN_AGE_MAX, out, n, e));
  for (size_t k = 0; k < *n; k++) oldest = fmax(oldest, out[k]);
  if (oldest > LEARNT_AGES)
    clgan_log_info("--age %.80s: beyond %d, where models have seen few faces or none: drawn by going on the same way",
                   text, LEARNT_AGES);
  return CLGAN_OK;
}

void clgan_condition_vector(const struct clgan_model *m, const struct clgan_condition_given *g, float *c) {
  if (m->condition == CLGAN_CONDITION_CLASS) clgan_condition_class(m, g->digit, c);
  if (m->condition == CLGAN_CONDITION_FACE) clgan_condition_face(m, g->age, g->gender, c);
}

const char *clgan_condition_text(const struct clgan_model *m, const struct clgan_condition_given *g, char text[80]) {
  char number[12];
  const char *gender = g->gender < 0 ? "" : g->gender > 0 ? "female" : "male";
  if (g->digit >= 0)
    snprintf(text, 80, "class %.64s", clgan_names_word(&m->class_names, g->digit, number));
  else if (isnan(g->age))
    snprintf(text, 80, "%s", gender);
  else
    snprintf(text, 80, "age %.3g%s%s", g->age, gender[0] ? " " : "", gender);
  return text;
}

enum clgan_status clgan_condition_choices(const struct clgan_model *m, const struct clgan_condition_words *w,
                                          struct clgan_condition_given **out, size_t *n, struct clgan_error *e) {
  double value[CLGAN_LIST_MAX] = {(double)NAN}, gender[2] = {-1, 1};
  size_t values = 1, genders = 1;
  *out = NULL;
  CLGAN_TRY(clgan_condition_words_check(m, w, e));
  const char *option, *list = class_words(w, &option);
  if (m->condition == CLGAN_CONDITION_NONE)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "model %.60s takes no condition: there is nothing to change", m->name);
  bool face = m->condition == CLGAN_CONDITION_FACE;
  if (list)
    CLGAN_TRY(clgan_class_list_parse(option, list, &m->class_names, m->classes, value, &values, e));
  else if (!face)
    for (values = 0; values < (size_t)m->classes; values++) value[values] = (double)values;
  else if (w->age || !w->gender)
    CLGAN_TRY(parse_ages(w->age ? w->age : ALL_AGES, value, &values, e));
  if (w->gender) gender[0] = !strcmp(w->gender, "female");
  if (w->gender && !strcmp(w->gender, "both")) genders = 2;
  *n = values * genders;
  *out = clgan_mem_array(*n, sizeof **out);
  for (size_t k = 0; k < *n; k++)
    (*out)[k] = face ? (struct clgan_condition_given){-1, value[k % values], gender[k / values]}
                     : (struct clgan_condition_given){(int)value[k], (double)NAN, -1};
  return CLGAN_OK;
}

enum clgan_status clgan_conditions_list(const struct clgan_model *m, const struct clgan_condition_words *w,
                                        bool genders_inside, struct clgan_condition_given **out, size_t *n,
                                        struct clgan_error *e) {
  struct clgan_condition_words full = *w;
  struct clgan_condition_given *outside = NULL;
  if (m->condition == CLGAN_CONDITION_FACE && !full.age) full.age = ALL_AGES;
  if (m->condition == CLGAN_CONDITION_FACE && m->settings.gender && !full.gender) full.gender = "both";
  CLGAN_TRY(clgan_condition_choices(m, &full, &outside, n, e));
  *out = outside;
  if (!genders_inside || !full.gender || strcmp(full.gender, "both")) return CLGAN_OK;
  *out = clgan_mem_array(*n, sizeof **out);
  for (size_t k = 0; k < *n; k++) (*out)[k] = outside[k / 2 + k % 2 * (*n / 2)];
  clgan_mem_free(outside);
  return CLGAN_OK;
}

enum clgan_status clgan_conditions_make(const struct clgan_model *m, const struct clgan_condition_words *w,
                                        bool genders_inside, float **out, size_t *n, struct clgan_error *e) {
  struct clgan_condition_given *list = NULL;
  *out = NULL;
  *n = 1;
  if (m->condition == CLGAN_CONDITION_NONE) return clgan_condition_words_check(m, w, e);
  CLGAN_TRY(clgan_conditions_list(m, w, genders_inside, &list, n, e));
  *out = clgan_mem_array(*n * (size_t)m->condition_size, sizeof **out);
  for (size_t k = 0; k < *n; k++) clgan_condition_vector(m, &list[k], *out + k * (size_t)m->condition_size);
  clgan_mem_free(list);
  return CLGAN_OK;
}

enum clgan_status clgan_condition_one(const struct clgan_model *m, const struct clgan_condition_words *w,
                                      struct clgan_condition_given *out, struct clgan_error *e) {
  double value[CLGAN_LIST_MAX];
  size_t n = 1;
  *out = (struct clgan_condition_given)CLGAN_CONDITION_NOTHING;
  CLGAN_TRY(clgan_condition_words_check(m, w, e));
  const char *option, *cls = class_words(w, &option);
  if (cls) {
    CLGAN_TRY(clgan_class_list_parse(option, cls, &m->class_names, m->classes, value, &n, e));
    if (n != 1) return clgan_error_set(e, CLGAN_ERR_USAGE, "--%s %.80s: must be one class here", option, cls);
    out->digit = (int)value[0];
  }
  if (w->age) {
    CLGAN_TRY(parse_ages(w->age, value, &n, e));
    if (n != 1) return clgan_error_set(e, CLGAN_ERR_USAGE, "--age %.80s: must be one age here", w->age);
    out->age = value[0];
  }
  if (w->gender && !strcmp(w->gender, "both"))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--gender both: must be male or female here");
  if (w->gender) out->gender = !strcmp(w->gender, "female");
  return CLGAN_OK;
}
