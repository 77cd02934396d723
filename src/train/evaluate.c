/* evaluate.c - the passes of an evaluation: generate and read, encode, reconstruct and read, encode the training
   part. */
#include "train/evaluate.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/philox.h"
#include "data/sheet.h"
#include "train/evaluate_private.h"
#include "train/sampler.h"

enum { IMAGES = 10000, FACES = 2200 }; /* generated where no number is asked for */

static void softmax(const float *logits, int classes, float *p) {
  double sum = 0, top = (double)logits[clgan_logits_likeliest(logits, classes)];
  for (int k = 0; k < classes; k++) sum += exp((double)logits[k] - top);
  for (int k = 0; k < classes; k++) p[k] = (float)(exp((double)logits[k] - top) / sum);
}

/* Keeps the surest of the wrong readings. @param a, b the images to remember, one after the other; b may be NULL. */
static void remember(struct clgan_misses *list, int wanted, int read, float p, const unsigned char *a,
                     const unsigned char *b, size_t size) {
  size_t at = list->n;
  list->all++;
  while (at > 0 && list->items[at - 1].probability < p) at--;
  if (at == CLGAN_MISSES) return;
  if (list->n == CLGAN_MISSES) clgan_mem_free(list->items[--list->n].pixels);
  memmove(&list->items[at + 1], &list->items[at], (list->n - at) * sizeof list->items[0]);
  unsigned char *pixels = clgan_mem_array(2, size);
  memcpy(pixels, a, size);
  if (b) memcpy(pixels + size, b, size);
  list->items[at] = (struct clgan_miss){wanted, read, p, pixels};
  list->n++;
}

/* -- host memory of a pass -- */
static enum clgan_status take(void *slot, size_t width, size_t size, struct clgan_error *e) {
  void *p = NULL;
  CLGAN_TRY(clgan_mem_try(&p, (size_t)CLGAN_CHUNK, (width ? width : 1) * size, "a batch", e));
  memcpy(slot, &p, sizeof p);
  return CLGAN_OK;
}

static enum clgan_status chunk_make(struct clgan_chunk *b, const struct clgan_work *w, struct clgan_error *e) {
  const struct clgan_model *m = w->m;
  size_t size = clgan_model_image_size(m);
  CLGAN_TRY(take(&b->images, size, 1, e));
  CLGAN_TRY(take(&b->pictures, size, 1, e));
  CLGAN_TRY(take(&b->x, size, sizeof(float), e));
  CLGAN_TRY(take(&b->z, (size_t)m->latent, sizeof(float), e));
  CLGAN_TRY(take(&b->c, (size_t)m->condition_size, sizeof(float), e));
  CLGAN_TRY(take(&b->factors, (size_t)clgan_sampler_factors(m), sizeof(float), e));
  CLGAN_TRY(take(&b->codes, (size_t)clgan_sampler_feature_count(m), sizeof(float), e));
  CLGAN_TRY(take(&b->answers, (size_t)(w->v->classes ? w->v->classes : 2), sizeof(float), e)); /* or age and gender */
  CLGAN_TRY(take(&b->features, CLGAN_JUDGE_FEATURES, sizeof(float), e));
  CLGAN_TRY(take(&b->label, 1, sizeof(int32_t), e));
  CLGAN_TRY(take(&b->age, 1, sizeof(float), e));
  return take(&b->gender, 1, sizeof(float), e);
}

static void chunk_free(struct clgan_chunk *b) {
  void *all[] = {b->images, b->pictures, b->x,        b->z,     b->c,   b->factors,
                 b->codes,  b->answers,  b->features, b->label, b->age, b->gender};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) clgan_mem_free(all[i]);
}

enum clgan_status clgan_evaluate_stream(struct clgan_work *w, const char *what, size_t total, clgan_pass *one,
                                        struct clgan_error *e) {
  struct clgan_chunk b = {0};
  struct clgan_progress bar;
  enum clgan_status s = chunk_make(&b, w, e);
  clgan_progress_begin(&bar, what, "images", (double)total, 0);
  for (size_t at = 0; at < total && s == CLGAN_OK; at += CLGAN_CHUNK) {
    size_t n = total - at < CLGAN_CHUNK ? total - at : CLGAN_CHUNK;
    s = one(w, &b, at, n, e);
    clgan_progress_update(&bar, (double)(at + n), NULL);
  }
  clgan_progress_end(&bar);
  chunk_free(&b);
  return s;
}

enum clgan_status clgan_evaluate_draw(struct clgan_work *w, struct clgan_chunk *b, size_t n, struct clgan_error *e) {
  CLGAN_TRY(clgan_sampler_generate(w->nets->sampler, n, b->z, w->m->condition_size ? b->c : NULL, b->x, e));
  clgan_sampler_pixels(w->m, n, b->x, b->pictures);
  return CLGAN_OK;
}

/* -- the judge on images that it has not seen -- */
static enum clgan_status judge_chunk(struct clgan_work *w, struct clgan_chunk *b, const uint32_t *items, size_t n,
                                     struct clgan_error *e) {
  const struct clgan_batch_labels labels = {.digit = b->label};
  clgan_dataset_gather(w->d, items, (uint32_t)n, b->images, &labels);
  CLGAN_TRY(clgan_judge_read(w->judge, n, b->images, b->answers, b->features, e));
  for (size_t i = 0; i < n; i++) {
    w->v->judge.n[b->label[i]]++;
    w->v->judge.right[b->label[i]] +=
        clgan_logits_likeliest(b->answers + i * (size_t)w->v->classes, w->v->classes) == b->label[i];
  }
  return CLGAN_OK;
}

static uint32_t tests_of(const struct clgan_dataset *d) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < d->count; i++) n += d->split[i] != 0;
  return n;
}

/* The judge learns from the training part. What it has not seen of it: the items that the model was not trained on
   either and, in a set without a test part, a tenth at least, on which its own accuracy is measured. */
enum clgan_status clgan_evaluate_unseen(const struct clgan_work *w, uint32_t *holdout, uint32_t **items,
                                        uint32_t *count, struct clgan_error *e) {
  uint32_t test = tests_of(w->d), train = w->d->count - test;
  *holdout = (uint32_t)w->m->settings.holdout;
  if (!test && *holdout < train / 10) *holdout = train / 10;
  return clgan_dataset_select(w->d, test ? CLGAN_PART_TEST : CLGAN_PART_HOLDOUT, *holdout, items, count, e);
}

static enum clgan_status judge_make(struct clgan_work *w, struct clgan_error *e) {
  struct clgan_judge_options jo = {
      .condition = CLGAN_CONDITION_CLASS, .classes = w->m->classes, .steps = w->o->judge_steps};
  uint32_t *items = NULL, count = 0;
  struct clgan_chunk b = {0};
  CLGAN_TRY(clgan_evaluate_unseen(w, &jo.holdout, &items, &count, e));
  enum clgan_status s = clgan_judge_create(w->cl, w->d, &jo, &w->judge, e);
  if (s == CLGAN_OK) s = chunk_make(&b, w, e);
  for (size_t at = 0; at < count && s == CLGAN_OK; at += CLGAN_CHUNK)
    s = judge_chunk(w, &b, items + at, count - at < CLGAN_CHUNK ? count - at : CLGAN_CHUNK, e);
  chunk_free(&b);
  clgan_mem_free(items);
  return s;
}

/* -- generated images: image i has code i of the seed and class i mod K -- */
static enum clgan_status generated(struct clgan_work *w, struct clgan_chunk *b, size_t first, size_t n,
                                   struct clgan_error *e) {
  size_t K = (size_t)w->v->classes, size = clgan_model_image_size(w->m);
  clgan_latent_draw(w->m, w->o->seed, (uint32_t)first, n, b->z);
  for (size_t i = 0; i < n; i++)
    clgan_condition_class(w->m, (int)((first + i) % K), b->c + i * (size_t)w->m->condition_size);
  CLGAN_TRY(clgan_evaluate_draw(w, b, n, e));
  CLGAN_TRY(clgan_judge_read(w->judge, n, b->pictures, b->answers, b->features, e));
  for (size_t i = 0; i < n; i++) {
    int asked = (int)((first + i) % K), read = clgan_logits_likeliest(b->answers + i * K, (int)K);
    float *p = w->fake_p + (first + i) * K;
    softmax(b->answers + i * K, (int)K, p);
    w->v->asked.n[asked]++;
    w->v->asked.right[asked] += read == asked;
    if (read != asked) remember(&w->v->generated, asked, read, p[read], b->pictures + i * size, NULL, size);
    if (first + i < w->compared)
      memcpy(w->fake + (first + i) * CLGAN_JUDGE_FEATURES, b->features + i * CLGAN_JUDGE_FEATURES,
             CLGAN_JUDGE_FEATURES * sizeof(float));
  }
  return CLGAN_OK;
}

/* -- real images -- */

/* What the judge says of real images; even ones are the real side of comparisons, odd ones the other. */
static enum clgan_status read_real(struct clgan_work *w, struct clgan_chunk *b, size_t first, size_t n,
                                   struct clgan_error *e) {
  size_t K = (size_t)w->v->classes, F = CLGAN_JUDGE_FEATURES;
  CLGAN_TRY(clgan_judge_read(w->judge, n, b->images, b->answers, b->features, e));
  for (size_t i = 0; i < n; i++) {
    size_t at = first + i;
    softmax(b->answers + i * K, (int)K, w->real_p + at * K);
    if (at / 2 < w->compared)
      memcpy((at % 2 ? w->other : w->real) + at / 2 * F, b->features + i * F, F * sizeof(float));
  }
  return CLGAN_OK;
}

/* Is the label kept in b->pictures? @param truth count per class and remember misses (with the true label), else
   only count. */
static enum clgan_status read_made(struct clgan_work *w, struct clgan_chunk *b, size_t n, bool truth, struct clgan_error *e) {
  size_t K = (size_t)w->v->classes, size = clgan_model_image_size(w->m);
  CLGAN_TRY(clgan_judge_read(w->judge, n, b->pictures, b->answers, b->features, e));
  for (size_t i = 0; i < n; i++) {
    int read = clgan_logits_likeliest(b->answers + i * K, (int)K), label = b->label[i];
    if (!truth) {
      w->kept_own += read == label;
      continue;
    }
    w->v->kept.n[label]++;
    w->v->kept.right[label] += read == label;
    if (read == label) continue;
    float p[256];
    softmax(b->answers + i * K, (int)K, p);
    remember(&w->v->reconstructed, label, read, p[read], b->images + i * size, b->pictures + i * size, size);
  }
  return CLGAN_OK;
}

static void note_likeness(struct clgan_work *w, const struct clgan_chunk *b, size_t first, size_t n) {
  const struct clgan_model *m = w->m;
  size_t size = clgan_model_image_size(m);
  for (size_t i = 0; i < n; i++) {
    struct clgan_likeness l;
    clgan_measure_likeness(b->images + i * size, b->pictures + i * size, 1, (size_t)m->height, (size_t)m->width,
                           (size_t)m->channels, &l);
    const double by_kind[CLGAN_LIKENESSES] = {l.mse, l.mae, l.psnr, l.ssim};
    for (int k = 0; k < CLGAN_LIKENESSES; k++) w->with_label[k][first + i] = by_kind[k];
  }
}

static double squared_error(const unsigned char *a, const unsigned char *b, size_t n) {
  double sum = 0;
  for (size_t k = 0; k < n; k++) sum += ((double)a[k] - (double)b[k]) * ((double)a[k] - (double)b[k]);
  return sum / (255.0 * 255.0);
}

static void keep_pairs(struct clgan_work *w, const struct clgan_chunk *b, size_t first, size_t n) {
  size_t size = clgan_model_image_size(w->m);
  for (size_t i = 0; i < n && first + i < w->v->n_pairs; i++) {
    memcpy(w->v->pairs + (first + i) * 2 * size, b->images + i * size, size);
    memcpy(w->v->pairs + ((first + i) * 2 + 1) * size, b->pictures + i * size, size);
  }
}

/* The set's own condition where it has one, else E's. */
static void true_conditions(const struct clgan_work *w, struct clgan_chunk *b, size_t n) {
  size_t C = (size_t)w->m->condition_size, F = (size_t)clgan_sampler_factors(w->m);
  for (size_t i = 0; i < n && C; i++) {
    if (w->m->condition == CLGAN_CONDITION_CLASS)
      clgan_condition_class(w->m, b->label[i], b->c + i * C);
    else if (w->d->labels == CLGAN_LABELS_FACE)
      clgan_condition_face(w->m, (double)b->age[i], (double)b->gender[i], b->c + i * C);
    else
      clgan_condition_from_factors(w->m, b->factors + i * F, b->c + i * C);
  }
}

static enum clgan_status by_own_label(struct clgan_work *w, struct clgan_chunk *b, size_t n, struct clgan_error *e) {
  size_t C = (size_t)w->m->condition_size, F = (size_t)clgan_sampler_factors(w->m);
  for (size_t i = 0; i < n; i++) {
    clgan_condition_from_factors(w->m, b->factors + i * F, b->c + i * C);
    if (w->v->classes) w->own_right += clgan_logits_likeliest(b->factors + i * F, (int)F) == b->label[i];
  }
  CLGAN_TRY(clgan_evaluate_draw(w, b, n, e));
  size_t size = clgan_model_image_size(w->m);
  w->mse_own += squared_error(b->images, b->pictures, n * size) / (double)(w->count * size);
  return w->v->classes ? read_made(w, b, n, false, e) : CLGAN_OK;
}

static enum clgan_status real(struct clgan_work *w, struct clgan_chunk *b, size_t first, size_t n, struct clgan_error *e) {
  size_t F = (size_t)clgan_sampler_feature_count(w->m);
  const struct clgan_batch_labels labels = {b->label, b->age, b->gender};
  clgan_dataset_gather(w->d, w->items + first, (uint32_t)n, b->images, &labels);
  CLGAN_TRY(clgan_sampler_codes(w->nets->sampler, n, b->images, b->z, clgan_sampler_factors(w->m) ? b->factors : NULL,
                                w->codes ? b->codes : NULL, e));
  if (w->codes) memcpy(w->codes + first * F, b->codes, n * F * sizeof(float));
  true_conditions(w, b, n);
  CLGAN_TRY(clgan_evaluate_draw(w, b, n, e));
  note_likeness(w, b, first, n);
  keep_pairs(w, b, first, n);
  if (w->v->faces) CLGAN_TRY(clgan_faces_note(w, b, first, n, e));
  if (w->v->classes) {
    CLGAN_TRY(read_made(w, b, n, true, e));
    CLGAN_TRY(read_real(w, b, first, n, e));
  }
  return w->m->condition_size ? by_own_label(w, b, n, e) : CLGAN_OK;
}

/* -- the first images again, by codes that gradient steps bring nearer to them -- */
static enum clgan_status refine(struct clgan_work *w, struct clgan_error *e) {
  const struct clgan_refine_options o = {.steps = w->o->refine};
  size_t n = w->count < CLGAN_CHUNK ? w->count : CLGAN_CHUNK;
  float *error[2] = {clgan_mem_array(n, sizeof(float)), clgan_mem_array(n, sizeof(float))};
  struct clgan_chunk b = {0};
  enum clgan_status s = chunk_make(&b, w, e);
  if (s == CLGAN_OK) {
    const struct clgan_batch_labels all = {b.label, b.age, b.gender};
    clgan_dataset_gather(w->d, w->items, (uint32_t)n, b.images, &all);
    s = clgan_sampler_codes(w->nets->sampler, n, b.images, b.z, clgan_sampler_factors(w->m) ? b.factors : NULL,
                            NULL, e);
  }
  if (s == CLGAN_OK) {
    true_conditions(w, &b, n);
    s = clgan_sampler_refine(w->nets->sampler, &o, n, b.images, w->m->condition_size ? b.c : NULL, b.z, error[0],
                             error[1], e);
  }
  for (int k = 0; k < 2; k++) {
    w->refined[k] = clgan_mem_array(n, sizeof(double));
    for (size_t i = 0; i < n; i++) w->refined[k][i] = (double)error[k][i];
    clgan_mem_free(error[k]);
  }
  w->n_refined = n;
  chunk_free(&b);
  return s;
}

/* -- E's features of the training part -- */
static enum clgan_status reference(struct clgan_work *w, struct clgan_chunk *b, size_t first, size_t n,
                                   struct clgan_error *e) {
  size_t F = (size_t)clgan_sampler_feature_count(w->m);
  clgan_dataset_gather(w->d, w->base + first, (uint32_t)n, b->images, NULL);
  return clgan_sampler_codes(w->nets->sampler, n, b->images, NULL, NULL, w->base_codes + first * F, e);
}

/* -- all of it -- */
enum clgan_status clgan_evaluate_rows(float **out, size_t n, size_t width, const char *what, struct clgan_error *e) {
  void *p = NULL;
  CLGAN_TRY(clgan_mem_try(&p, n ? n : 1, width * sizeof(float), what, e));
  *out = p;
  return CLGAN_OK;
}

/* The same order in every run. */
static void shuffle(uint32_t *items, uint32_t n) {
  struct clgan_random r;
  clgan_random_init(&r, 0, 0, CLGAN_STREAM_ORDER);
  clgan_random_shuffle(&r, items, n);
}

static enum clgan_status select_items(struct clgan_work *w, struct clgan_error *e) {
  uint32_t holdout = (uint32_t)w->m->settings.holdout;
  const struct clgan_dataset *d = w->d;
  CLGAN_TRY(clgan_dataset_select(d, w->o->part, holdout, &w->items, &w->count, e));
  bool faces = w->m->condition == CLGAN_CONDITION_FACE;
  w->v->n = w->o->n ? w->o->n : faces ? FACES : IMAGES;
  if (faces) shuffle(w->items, w->count); /* files are often sorted by label, and only some are transformed */
  if (w->count > w->v->n) w->count = (uint32_t)w->v->n;
  if (d->labels == CLGAN_LABELS_CLASS) w->have |= CLGAN_NEED_LABELS;
  if (clgan_sampler_feature_count(w->m) > 0) w->have |= CLGAN_NEED_FEATURES;
  if (w->m->condition == CLGAN_CONDITION_CLASS) w->have |= CLGAN_NEED_CLASSES | CLGAN_NEED_JUDGE;
  if (faces) w->have |= CLGAN_NEED_FACES | CLGAN_NEED_JUDGE | (w->m->settings.gender ? CLGAN_NEED_GENDERS : 0u);
  if (faces && d->labels != CLGAN_LABELS_FACE)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: has no ages and genders to judge model %.60s by", d->name,
                           w->m->name);
  if ((w->have & CLGAN_NEED_CLASSES) && d->labels != CLGAN_LABELS_CLASS)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: has no classes to judge model %.60s by; give a set with labels",
                           d->name, w->m->name);
  if ((w->have & CLGAN_NEED_CLASSES) && d->classes > (uint32_t)w->m->classes)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: holds class %u, but model %.60s knows 0 to %d", d->name,
                           d->classes - 1, w->m->name, w->m->classes - 1);
  return CLGAN_OK;
}

static enum clgan_status allocate(struct clgan_work *w, struct clgan_error *e) {
  size_t K = (size_t)w->v->classes, F = (size_t)clgan_sampler_feature_count(w->m);
  w->compared = w->v->n < CLGAN_COMPARED ? w->v->n : CLGAN_COMPARED;
  if (w->compared > w->count / 2) w->compared = w->count / 2;
  w->floor_rows = w->compared;
  for (int k = 0; k < CLGAN_LIKENESSES; k++) w->with_label[k] = clgan_mem_array(w->count, sizeof(double));
  w->v->n_pairs = w->count < CLGAN_PAIRS ? w->count : CLGAN_PAIRS;
  w->v->pairs = clgan_mem_array(w->v->n_pairs * 2, clgan_model_image_size(w->m));
  if (K) {
    CLGAN_TRY(clgan_evaluate_rows(&w->fake_p, w->v->n, K, "probabilities", e));
    CLGAN_TRY(clgan_evaluate_rows(&w->real_p, w->count, K, "probabilities", e));
    CLGAN_TRY(clgan_evaluate_rows(&w->fake, w->compared, CLGAN_JUDGE_FEATURES, "features", e));
    CLGAN_TRY(clgan_evaluate_rows(&w->real, w->compared, CLGAN_JUDGE_FEATURES, "features", e));
    CLGAN_TRY(clgan_evaluate_rows(&w->other, w->compared, CLGAN_JUDGE_FEATURES, "features", e));
  }
  if (~w->have & (CLGAN_NEED_LABELS | CLGAN_NEED_FEATURES)) return CLGAN_OK;
  struct clgan_error none = {0}; /* a set without a training part has no neighbours: the other figures stand */
  if (clgan_dataset_select(w->d, CLGAN_PART_TRAIN, (uint32_t)w->m->settings.holdout, &w->base, &w->base_count, &none) !=
          CLGAN_OK ||
      w->base_count < 2) {
    w->have &= ~(unsigned)CLGAN_NEED_FEATURES;
    return CLGAN_OK;
  }
  CLGAN_TRY(clgan_evaluate_rows(&w->codes, w->count, F, "E's features", e));
  return clgan_evaluate_rows(&w->base_codes, w->base_count, F, "E's features of the training part", e);
}

static enum clgan_status evaluate(struct clgan_work *w, struct clgan_error *e) {
  CLGAN_TRY(select_items(w, e));
  w->v->classes = w->have & CLGAN_NEED_CLASSES ? w->m->classes : 0;
  w->v->faces = (w->have & CLGAN_NEED_FACES) != 0;
  CLGAN_TRY(allocate(w, e));
  if (w->v->faces) CLGAN_TRY(clgan_faces_allocate(w, e));
  if (w->v->classes) CLGAN_TRY(judge_make(w, e));
  if (w->v->faces) CLGAN_TRY(clgan_faces_judges(w, e));
  if (w->judge) w->v->judge_steps = clgan_judge_steps(w->judge);
  if (w->v->classes) CLGAN_TRY(clgan_evaluate_stream(w, "generate", w->v->n, generated, e));
  if (w->v->faces) CLGAN_TRY(clgan_faces_generate(w, e));
  CLGAN_TRY(clgan_evaluate_stream(w, "reconstruct", w->count, real, e));
  if (w->o->refine) CLGAN_TRY(refine(w, e));
  if (w->v->faces) CLGAN_TRY(clgan_faces_transform(w, e));
  if (w->base_codes) CLGAN_TRY(clgan_evaluate_stream(w, "encode", w->base_count, reference, e));
  w->v->items = w->count;
  w->v->base_items = w->base_codes ? w->base_count : 0;
  w->v->features = (uint32_t)clgan_sampler_feature_count(w->m);
  return clgan_evaluate_figures(w, e);
}

enum clgan_status clgan_evaluate(struct clgan_cl *cl, struct clgan_nets *nets, const struct clgan_dataset *d,
                                 const struct clgan_evaluate_options *o, struct clgan_evaluation **out,
                                 struct clgan_error *e) {
  struct clgan_work w = {.cl = cl, .nets = nets, .m = nets->model, .d = d, .o = o};
  w.v = clgan_mem_alloc(sizeof *w.v);
  *out = NULL;
  enum clgan_status s = evaluate(&w, e);
  void *all[] = {w.items, w.base, w.fake_p, w.real_p, w.fake, w.real, w.other, w.codes, w.base_codes};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) clgan_mem_free(all[i]);
  for (int k = 0; k < CLGAN_LIKENESSES; k++) clgan_mem_free(w.with_label[k]);
  for (int k = 0; k < 2; k++) clgan_mem_free(w.refined[k]);
  clgan_judge_destroy(w.judge);
  clgan_faces_free(&w.faces);
  if (s == CLGAN_OK)
    *out = w.v;
  else
    clgan_evaluation_destroy(w.v);
  return s;
}

void clgan_evaluation_destroy(struct clgan_evaluation *v) {
  if (!v) return;
  for (size_t i = 0; i < v->generated.n; i++) clgan_mem_free(v->generated.items[i].pixels);
  for (size_t i = 0; i < v->reconstructed.n; i++) clgan_mem_free(v->reconstructed.items[i].pixels);
  clgan_mem_free(v->pairs);
  clgan_mem_free(v->shown);
  clgan_mem_free(v);
}
