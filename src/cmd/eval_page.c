/* eval_page.c: an evaluation as a page: figures, classes, what is generated, reconstructed and misread.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/eval.h"
#include "data/page.h"
#include "data/sheet.h"

enum { ACROSS = 10, PAIRS_ACROSS = 6 };

static void add_figures(struct clgan_page *p, const struct clgan_evaluation *v) {
  static const char *const head[] = {"Measure", "Value", "95 % interval", "Real to real", "Images"};
  clgan_page_table(p, head, 5);
  for (size_t i = 0; i < v->n_figures; i++) {
    const struct clgan_figure *f = &v->figures[i];
    char value[64], interval[64], floor[64], n[24];
    clgan_eval_number(f, f->value, true, value);
    clgan_eval_interval(f, interval);
    clgan_eval_number(f, f->floor, false, floor);
    snprintf(n, sizeof n, "%" PRIu64, f->n);
    clgan_page_row(p, (const char *const[]){f->label, value, interval, floor, n});
  }
  clgan_page_table_end(p);
}

static void percent(const struct clgan_class_counts *c, int k, char out[32]) {
  if (c->n[k])
    snprintf(out, 32, "%.2f %%", 100.0 * (double)c->right[k] / (double)c->n[k]);
  else
    out[0] = 0;
}

static void add_classes(struct clgan_page *p, const struct clgan_eval_facts *x, const struct clgan_evaluation *v) {
  static const char *const head[] = {"Class", "Generated as asked", "Label kept", "Classifier itself"};
  if (!v->classes) return;
  clgan_page_heading(p, "By class");
  clgan_page_table(p, head, 4);
  for (int k = 0; k < v->classes; k++) {
    char number[12], asked[32], kept[32], judge[32];
    percent(&v->asked, k, asked);
    percent(&v->kept, k, kept);
    percent(&v->judge, k, judge);
    clgan_page_row(p, (const char *const[]){clgan_names_word(&x->model->class_names, k, number), asked, kept, judge});
  }
  clgan_page_table_end(p);
}

enum clgan_status clgan_eval_sheet(struct clgan_page *p, const struct clgan_model *m, size_t n, size_t each,
                                   size_t across,
                                   const unsigned char *(*cell)(const void *, size_t item, size_t k, size_t size),
                                   const void *context, const char *caption, struct clgan_error *e) {
  size_t size = clgan_model_image_size(m);
  struct clgan_sheet *s = NULL;
  if (n < across) across = n;
  CLGAN_TRY(clgan_sampler_sheet(m, (n + across - 1) / across, across * each, &s, e));
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < each; k++)
      clgan_sheet_put(s, (uint32_t)(i / across), (uint32_t)(i % across * each + k), cell(context, i, k, size));
  enum clgan_status st =
      clgan_page_image(p, s->pixels, s->rows * s->height, s->cols * s->width, s->channels, 2, caption, e);
  clgan_sheet_destroy(s);
  return st;
}

static const unsigned char *pair_cell(const void *context, size_t i, size_t k, size_t size) {
  return ((const struct clgan_evaluation *)context)->pairs + (2 * i + k) * size;
}

static const unsigned char *miss_cell(const void *context, size_t i, size_t k, size_t size) {
  return ((const struct clgan_misses *)context)->items[i].pixels + k * size;
}

/* "3 read as 8 (0.99), ..." for every row of the sheet. */
static void add_readings(struct clgan_page *p, const struct clgan_eval_facts *x, const struct clgan_misses *list,
                         size_t across) {
  static const char *const head[] = {"Row", "Wanted, read as (the classifier's probability)"};
  clgan_page_table(p, head, 2);
  for (size_t row = 0; row * across < list->n; row++) {
    struct clgan_text t = {0};
    char number[24];
    snprintf(number, sizeof number, "%zu", row + 1);
    for (size_t i = row * across; i < list->n && i < (row + 1) * across; i++) {
      char a[12], b[12];
      const struct clgan_miss *m = &list->items[i];
      clgan_text_printf(&t, "%s%s as %s (%.2f)", i % across ? ", " : "",
                        clgan_names_word(&x->model->class_names, m->wanted, a),
                        clgan_names_word(&x->model->class_names, m->read, b), (double)m->probability);
    }
    clgan_page_row(p, (const char *const[]){number, t.s});
    clgan_text_free(&t);
  }
  clgan_page_table_end(p);
}

static enum clgan_status add_misses(struct clgan_page *p, const struct clgan_eval_facts *x,
                                    const struct clgan_evaluation *v, struct clgan_error *e) {
  if (!v->classes) return CLGAN_OK;
  clgan_page_heading(p, "Worst cases");
  if (!v->generated.n)
    clgan_page_text(p, "Every generated image was read as the class asked for.");
  else {
    clgan_page_text(
        p, "%" PRIu64 " of %" PRIu64 " generated images were read as another class; the surest readings first.",
        v->generated.all, x->n);
    CLGAN_TRY(
        clgan_eval_sheet(p, x->model, v->generated.n, 1, ACROSS, miss_cell, &v->generated, "Generated, read otherwise", e));
    add_readings(p, x, &v->generated, ACROSS);
  }
  if (!v->reconstructed.n) {
    clgan_page_text(p, "Every reconstruction kept its label.");
    return CLGAN_OK;
  }
  clgan_page_text(p, "%" PRIu64 " of %u reconstructions with the true label were read as another class.",
                  v->reconstructed.all, v->items);
  CLGAN_TRY(clgan_eval_sheet(p, x->model, v->reconstructed.n, 2, PAIRS_ACROSS, miss_cell, &v->reconstructed,
                      "Original left, reconstruction right", e));
  add_readings(p, x, &v->reconstructed, PAIRS_ACROSS);
  return CLGAN_OK;
}

static void add_facts(struct clgan_page *p, const struct clgan_eval_facts *x, const struct clgan_evaluation *v) {
  clgan_page_text(p,
                  "Model %s after %" PRIu64 " steps (%s), on %u %s images of %s; seed %" PRIu64 ". Device: %s, %s %s.",
                  x->model->name, x->steps, x->weights, v->items, x->split, x->data->name, x->seed, x->device->name,
                  x->device->platform_name, x->device->driver);
  if (v->classes)
    clgan_page_text(p,
                    "The classifier is a small convolutional net that clgan trained for %" PRIu64
                    " steps on the training part of the "
                    "same set. \"Real to real\" is the same measure of real images against others: what no model can "
                    "be expected to beat.",
                    v->judge_steps);
  if (v->faces)
    clgan_page_text(p,
                    "The estimator of ages and genders is a small convolutional net that clgan trained for %" PRIu64
                    " steps on the training part of the same set, and whether a face is found again is asked in the "
                    "code of an autoencoder trained there for %" PRIu64
                    " steps. Beside errors, slopes and genders stands what the estimator reaches on real faces it has "
                    "not seen; beside distances the same of real faces against others.",
                    v->judge_steps, v->memory_steps);
  if (v->base_items)
    clgan_page_text(p,
                    "Nearest neighbours: Euclidean, in the %u features of E's last hidden layer, among %u images of "
                    "the training part.",
                    v->features, v->base_items);
}

enum clgan_status clgan_eval_page(const struct clgan_eval_facts *x, const struct clgan_evaluation *v,
                                  const struct clgan_sheet *grid, const char *path, struct clgan_error *e) {
  char *title = clgan_mem_printf("Evaluation of %s", x->model->name);
  struct clgan_page *p = clgan_page_create(title);
  add_facts(p, x, v);
  add_figures(p, v);
  add_classes(p, x, v);
  clgan_page_heading(p, "Generated");
  enum clgan_status s = clgan_page_image(
      p, grid->pixels, grid->rows * grid->height, grid->cols * grid->width, grid->channels, 2,
      v->faces && x->model->settings.gender ? "Ages 0 to 80 of men, then of women; columns share a code"
      : x->model->condition_size            ? "A row for each condition; columns share a code"
                                            : "One code each",
      e);
  clgan_page_heading(p, "Reconstructed");
  if (s == CLGAN_OK)
    s = clgan_eval_sheet(p, x->model, v->n_pairs, 2, PAIRS_ACROSS, pair_cell, v, "Original left, reconstruction right", e);
  if (s == CLGAN_OK && v->faces) s = clgan_eval_faces_page(p, x, v, e);
  if (s == CLGAN_OK) s = add_misses(p, x, v, e);
  if (s == CLGAN_OK) {
    clgan_page_heading(p, "What was used");
    clgan_page_text(p, "Weights SHA-256 %s; data set %s; clgan %s; %.1f s.", x->weights_hash,
                    clgan_dataset_hash(x->data), clgan_version(), x->seconds);
    s = clgan_page_write(p, path, e);
  }
  clgan_page_destroy(p);
  clgan_mem_free(title);
  return s;
}
