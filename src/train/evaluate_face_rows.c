/* evaluate_face_rows.c - measures of faces: rows of the table in evaluate_rows.c. */
#include <math.h>

#include "base/mem.h"
#include "train/evaluate_private.h"

static struct clgan_figure *put(struct clgan_work *w, const char *key, const char *label, const struct clgan_estimate *x,
                                int digits, uint64_t n) {
  struct clgan_figure *f = clgan_figure_add(w, key, label, x->value, digits, n);
  f->low = x->low, f->high = x->high;
  return f;
}

static double gender_skill(const struct clgan_age_skill *s) {
  return s->n ? (double)s->right / (double)s->n : (double)NAN;
}

enum clgan_status clgan_row_estimator(struct clgan_work *w, struct clgan_error *e) {
  const struct clgan_age_skill *s = &w->v->skill;
  (void)e;
  put(w, "judge.age_error", "estimator on unseen faces: age error, years", &s->error, 2, s->n);
  put(w, "judge.age_error_balanced", "  every decade weighing the same", &s->balanced, 2, s->n);
  put(w, "judge.slope", "  slope of its ages", &s->slope, 3, s->n);
  clgan_figure_share(w, "judge.gender", "  gender right", s->right, s->n);
  return CLGAN_OK;
}

/* The names of one kind's figures. */
struct names {
  const char *error, *slope, *gender, *old, *step;
  const char *error_label, *slope_label, *gender_label, *old_label, *step_label;
};

/* Beside each what the estimator itself reaches on real faces: errors of its own are part of the figure. */
static void control(struct clgan_work *w, const struct names *k, const struct clgan_age_rows *rows,
                    struct clgan_age_control *c) {
  const struct clgan_age_skill *s = &w->v->skill;
  uint64_t n = rows->n * CLGAN_AGES;
  clgan_age_control(rows, w->o->seed, c);
  put(w, k->error, k->error_label, &c->error, 2, n)->floor = s->balanced.value;
  put(w, k->slope, k->slope_label, &c->slope, 3, n)->floor = s->slope.value;
  if (rows->gender) {
    struct clgan_figure *f = put(w, k->gender, k->gender_label, &c->gender, 2, n);
    f->share = true;
    f->floor = gender_skill(s);
  }
  put(w, k->old, k->old_label, &c->flip_old, 2, rows->n * 2)->share = true;
  put(w, k->step, k->step_label, &c->flip_step, 2, rows->n * 7)->share = true;
}

enum clgan_status clgan_row_asked(struct clgan_work *w, struct clgan_error *e) {
  static const struct names names = {"asked.age_error",
                                     "asked.slope",
                                     "asked.gender",
                                     "asked.flip_70",
                                     "asked.flip_step",
                                     "generated: age error against the asked, years",
                                     "  slope of told on asked ages",
                                     "  gender as asked",
                                     "  gender flipped at 70 and above",
                                     "  gender flips from 24 on, per 8 years asked"};
  const struct clgan_face_work *f = &w->faces;
  bool genders = (w->have & CLGAN_NEED_GENDERS) != 0;
  const struct clgan_age_rows rows = {f->codes * f->genders, f->genders, f->asked_told, f->asked_logit,
                                      genders ? f->asked_gender : NULL};
  (void)e;
  control(w, &names, &rows, &w->v->control);
  return CLGAN_OK;
}

enum clgan_status clgan_row_transformed(struct clgan_work *w, struct clgan_error *e) {
  static const struct names names = {"transformed.age_error",
                                     "transformed.slope",
                                     "transformed.gender",
                                     "transformed.flip_70",
                                     "transformed.flip_step",
                                     "transformed: age error against the asked, years",
                                     "  slope of told on asked ages",
                                     "  gender kept",
                                     "  gender flipped at 70 and above",
                                     "  gender flips from 24 on, per 8 years asked"};
  const struct clgan_face_work *f = &w->faces;
  const struct clgan_age_rows rows = {f->aged, 1, f->aged_told, f->aged_logit, f->aged_gender};
  (void)e;
  control(w, &names, &rows, &w->v->aged);
  return CLGAN_OK;
}

static enum clgan_status find(struct clgan_work *w, const float *query, uint64_t *found, struct clgan_error *e) {
  const struct clgan_face_work *f = &w->faces;
  uint32_t *nearest = clgan_mem_array(f->gallery, sizeof *nearest);
  enum clgan_status s = clgan_nearest(w->cl, query, f->gallery, f->original, f->gallery, CLGAN_JUDGE_FEATURES, 1, false,
                                      nearest, NULL, e);
  *found = 0;
  for (size_t i = 0; i < f->gallery && s == CLGAN_OK; i++) *found += nearest[i] == i;
  clgan_mem_free(nearest);
  return s;
}

enum clgan_status clgan_row_found(struct clgan_work *w, struct clgan_error *e) {
  const struct clgan_face_work *f = &w->faces;
  uint64_t made, older;
  if (f->gallery < 2) return CLGAN_OK;
  CLGAN_TRY(find(w, f->made, &made, e));
  CLGAN_TRY(find(w, f->older, &older, e));
  clgan_figure_share(w, "found.reconstruction", "original found again by its reconstruction", made, f->gallery);
  clgan_figure_share(w, "found.transformed", "original found again, 20 years older or younger", older, f->gallery);
  return CLGAN_OK;
}

enum clgan_status clgan_row_kernel(struct clgan_work *w, struct clgan_error *e) {
  const size_t n = w->compared, d = CLGAN_JUDGE_FEATURES;
  double fake, error, real, unused;
  if (n < 2 || w->floor_rows < 2) return CLGAN_OK;
  CLGAN_TRY(clgan_measure_kernel_distance(w->fake, w->real, n, d, CLGAN_KERNEL_PARTS, &fake, &error, e));
  CLGAN_TRY(clgan_measure_kernel_distance(w->other, w->real, w->floor_rows, d, 1, &real, &unused, e));
  struct clgan_figure *f = clgan_figure_add(w, "kernel", "kernel distance, the same features", fake, 4, n);
  f->floor = real;
  f->low = fake - 1.96 * error, f->high = fake + 1.96 * error;
  return CLGAN_OK;
}

enum clgan_status clgan_row_sharpness(struct clgan_work *w, struct clgan_error *e) {
  const struct clgan_face_work *f = &w->faces;
  struct clgan_estimate real = clgan_bootstrap_mean(f->sharp_real, w->count, w->o->seed),
                        fake = clgan_bootstrap_mean(f->sharp_fake, f->fakes, w->o->seed),
                        made = clgan_bootstrap_mean(f->sharp_made, w->count, w->o->seed);
  (void)e;
  put(w, "sharpness", "sharpness of generated (variance of Laplacian)", &fake, 0, f->fakes)->floor = real.value;
  put(w, "reconstruction.sharpness", "sharpness of reconstructions", &made, 0, w->count)->floor = real.value;
  return CLGAN_OK;
}
