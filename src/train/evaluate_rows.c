/* evaluate_rows.c - the table of measures: figures made of what the passes left. */
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "train/evaluate_private.h"

struct clgan_figure *clgan_figure_add(struct clgan_work *w, const char *key, const char *label, double value,
                                      int digits, uint64_t n) {
  struct clgan_figure *f = &w->v->figures[w->v->n_figures++];
  *f = (struct clgan_figure){.key = key,
                             .label = label,
                             .digits = digits,
                             .value = value,
                             .low = (double)NAN,
                             .high = (double)NAN,
                             .deviation = (double)NAN,
                             .floor = (double)NAN,
                             .n = n};
  return f;
}

struct clgan_figure *clgan_figure_share(struct clgan_work *w, const char *key, const char *label, uint64_t hits,
                                        uint64_t n) {
  struct clgan_figure *f = clgan_figure_add(w, key, label, n ? (double)hits / (double)n : (double)NAN, 2, n);
  f->share = true;
  clgan_measure_wilson(hits, n, &f->low, &f->high);
  return f;
}

static void add_counts(struct clgan_work *w, const char *key, const char *label, const struct clgan_class_counts *c) {
  uint64_t n = 0, right = 0;
  for (int k = 0; k < 256; k++) n += c->n[k], right += c->right[k];
  clgan_figure_share(w, key, label, right, n);
}

static enum clgan_status judge(struct clgan_work *w, struct clgan_error *e) {
  (void)e;
  add_counts(w, "judge.accuracy", "classifier on real images it has not seen", &w->v->judge);
  return CLGAN_OK;
}

static enum clgan_status asked(struct clgan_work *w, struct clgan_error *e) {
  (void)e;
  add_counts(w, "asked.accuracy", "generated: read as the class asked for", &w->v->asked);
  return CLGAN_OK;
}

static enum clgan_status kept(struct clgan_work *w, struct clgan_error *e) {
  (void)e;
  add_counts(w, "kept.label", "reconstructed with the true label: label kept", &w->v->kept);
  clgan_figure_share(w, "kept.own_label", "reconstructed with E's own label: label kept", w->kept_own, w->count);
  clgan_figure_share(w, "encoder.label", "E's own label is right", w->own_right, w->count);
  return CLGAN_OK;
}

static enum clgan_status likeness(struct clgan_work *w, struct clgan_error *e) {
  static const struct {
    const char *key, *label;
    int digits;
  } rows[CLGAN_LIKENESSES] = {
      {"reconstruction.mse", "reconstruction: mean squared error in [0,1]", 5},
      {"reconstruction.mae", "reconstruction: mean absolute error in [0,1]", 5},
      {"reconstruction.psnr", "reconstruction: PSNR, dB", 2},
      {"reconstruction.ssim", "reconstruction: SSIM", 4},
  };
  (void)e;
  for (int k = 0; k < CLGAN_LIKENESSES; k++) {
    struct clgan_estimate x = clgan_bootstrap_mean(w->with_label[k], w->count, w->o->seed);
    struct clgan_figure *f = clgan_figure_add(w, rows[k].key, rows[k].label, x.value, rows[k].digits, w->count);
    f->low = x.low, f->high = x.high;
  }
  if (w->m->condition != CLGAN_CONDITION_NONE)
    clgan_figure_add(w, "reconstruction.mse_own_label", "the same by E's own label: mean squared error", w->mse_own, 5,
                     w->count);
  return CLGAN_OK;
}

static enum clgan_status refined(struct clgan_work *w, struct clgan_error *e) {
  static const char *const rows[2][2] = {
      {"refined.from", "some of them: mean absolute error in [0,1]"},
      {"refined.mae", "the same after gradient steps on their codes"},
  };
  (void)e;
  for (int k = 0; k < 2 && w->n_refined; k++) {
    struct clgan_estimate x = clgan_bootstrap_mean(w->refined[k], w->n_refined, w->o->seed);
    struct clgan_figure *f = clgan_figure_add(w, rows[k][0], rows[k][1], x.value, 5, w->n_refined);
    f->low = x.low, f->high = x.high;
  }
  return CLGAN_OK;
}

static enum clgan_status score(struct clgan_work *w, struct clgan_error *e) {
  (void)e;
  double mean, deviation, real, unused;
  size_t k = (size_t)w->v->classes;
  clgan_measure_score(w->fake_p, w->v->n, k, CLGAN_SCORE_SPLITS, &mean, &deviation);
  clgan_measure_score(w->real_p, w->count, k, CLGAN_SCORE_SPLITS, &real, &unused);
  struct clgan_figure *f = clgan_figure_add(w, "score", "classifier score, 10 splits", mean, 3, w->v->n);
  f->deviation = deviation;
  f->floor = real;
  return CLGAN_OK;
}

static enum clgan_status frechet(struct clgan_work *w, struct clgan_error *e) {
  size_t n = w->compared, d = CLGAN_JUDGE_FEATURES;
  double fake, real;
  if (n < 2 || w->floor_rows < 2) return CLGAN_OK;
  CLGAN_TRY(clgan_measure_frechet(w->fake, n, w->real, n, d, &fake, e));
  CLGAN_TRY(clgan_measure_frechet(w->other, w->floor_rows, w->real, w->floor_rows, d, &real, e));
  const char *label = w->v->faces ? "Frechet distance in the estimator's features"
                                  : "Frechet distance in the classifier's features";
  clgan_figure_add(w, "frechet", label, fake, 3, n)->floor = real;
  return CLGAN_OK;
}

static enum clgan_status precision_recall(struct clgan_work *w, struct clgan_error *e) {
  size_t n = w->compared, m = w->floor_rows, d = CLGAN_JUDGE_FEATURES;
  double p, r, real_p, real_r;
  if (n <= CLGAN_BALL || m <= CLGAN_BALL) return CLGAN_OK;
  CLGAN_TRY(clgan_measure_precision_recall(w->cl, w->real, n, w->fake, n, d, CLGAN_BALL, &p, &r, e));
  CLGAN_TRY(clgan_measure_precision_recall(w->cl, w->real, m, w->other, m, d, CLGAN_BALL, &real_p, &real_r, e));
  struct clgan_figure *f = clgan_figure_add(w, "precision", "precision, k = 3, the same features", p, 2, n);
  f->share = true;
  f->floor = real_p;
  f = clgan_figure_add(w, "recall", "recall, k = 3, the same features", r, 2, n);
  f->share = true;
  f->floor = real_r;
  return CLGAN_OK;
}

static enum clgan_status neighbours(struct clgan_work *w, struct clgan_error *e) {
  uint64_t right = 0;
  bool same = w->o->part == CLGAN_PART_TRAIN; /* then row i of the query is row i of the base */
  uint32_t *nearest = clgan_mem_array(w->count, sizeof *nearest);
  clgan_log_info("nearest neighbours: %u images among %u", w->count, w->base_count);
  enum clgan_status s = clgan_nearest(w->cl, w->codes, w->count, w->base_codes, w->base_count,
                                      (size_t)clgan_sampler_feature_count(w->m), 1, same, nearest, NULL, e);
  for (uint32_t i = 0; i < w->count && s == CLGAN_OK; i++)
    right += w->d->digit[w->items[i]] == w->d->digit[w->base[nearest[i]]];
  clgan_mem_free(nearest);
  if (s != CLGAN_OK) return s;
  clgan_figure_share(w, "neighbours.accuracy", "1-nearest-neighbour accuracy, E's last hidden layer", right, w->count);
  return CLGAN_OK;
}

/* In the order shown. */
static const struct measure {
  unsigned needs;
  clgan_measure_row *run;
} measures[] = {
    {CLGAN_NEED_CLASSES, judge},
    {CLGAN_NEED_CLASSES, asked},
    {CLGAN_NEED_CLASSES, kept},
    {CLGAN_NEED_FACES, clgan_row_estimator},
    {CLGAN_NEED_FACES, clgan_row_asked},
    {CLGAN_NEED_FACES, clgan_row_transformed},
    {0, likeness},
    {0, refined},
    {CLGAN_NEED_FACES, clgan_row_found},
    {CLGAN_NEED_CLASSES, score},
    {CLGAN_NEED_JUDGE, frechet},
    {CLGAN_NEED_FACES, clgan_row_kernel},
    {CLGAN_NEED_JUDGE, precision_recall},
    {CLGAN_NEED_FACES, clgan_row_sharpness},
    {CLGAN_NEED_LABELS | CLGAN_NEED_FEATURES, neighbours},
};

enum clgan_status clgan_evaluate_figures(struct clgan_work *w, struct clgan_error *e) {
  for (size_t i = 0; i < sizeof measures / sizeof measures[0]; i++)
    if ((measures[i].needs & ~w->have) == 0) CLGAN_TRY(measures[i].run(w, e));
  return CLGAN_OK;
}

const struct clgan_figure *clgan_evaluation_find(const struct clgan_evaluation *v, const char *key) {
  for (size_t i = 0; i < v->n_figures; i++)
    if (!strcmp(v->figures[i].key, key)) return &v->figures[i];
  return NULL;
}
