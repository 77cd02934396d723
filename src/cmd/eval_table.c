/* eval_table.c: an evaluation's figures as text for people. SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cmd/eval.h"

void clgan_eval_number(const struct clgan_figure *f, double v, bool deviation, char out[64]) {
  double scale = f->share ? 100 : 1;
  out[0] = 0;
  if (isnan(v)) return;
  int at = snprintf(out, 64, "%.*f", f->digits, v * scale);
  if (deviation && !isnan(f->deviation))
    at += snprintf(out + at, 64 - (size_t)at, " +- %.*f", f->digits, f->deviation * scale);
  if (f->share) snprintf(out + at, 64 - (size_t)at, " %%");
}

void clgan_eval_interval(const struct clgan_figure *f, char out[64]) {
  out[0] = 0;
  const double scale = f->share ? 100 : 1;
  if (!isnan(f->low))
    snprintf(out, 64, "%.*f to %.*f%s", f->digits, f->low * scale, f->digits, f->high * scale, f->share ? " %" : "");
}

int clgan_eval_worst(const struct clgan_class_counts *c) {
  int worst = -1;
  for (int k = 0; k < 256; k++)
    if (c->n[k] && (worst < 0 || (double)c->right[k] / (double)c->n[k] < (double)c->right[worst] / (double)c->n[worst]))
      worst = k;
  return worst;
}

static void worst_line(const struct clgan_eval_facts *x, const char *key, const struct clgan_class_counts *c,
                       const char *of, FILE *to) {
  char number[12];
  int k = clgan_eval_worst(c);
  if (strcmp(key, of) || k < 0) return;
  fprintf(to, "    the worst class: %-33.33s %14.2f %%  %18s  %14s  %9" PRIu64 "\n",
          clgan_names_word(&x->model->class_names, k, number), 100.0 * (double)c->right[k] / (double)c->n[k], "", "",
          c->n[k]);
}

void clgan_eval_table(const struct clgan_eval_facts *x, const struct clgan_evaluation *v, FILE *to) {
  fprintf(to, "%-54s %16s  %18s  %14s  %9s\n", "measure", "value", "95 % interval", "real to real", "images");
  for (size_t i = 0; i < v->n_figures; i++) {
    const struct clgan_figure *f = &v->figures[i];
    char value[64], interval[64], floor[64];
    clgan_eval_number(f, f->value, true, value);
    clgan_eval_interval(f, interval);
    clgan_eval_number(f, f->floor, false, floor);
    fprintf(to, "%-54s %16s  %18s  %14s  %9" PRIu64 "\n", f->label, value, interval, floor, f->n);
    worst_line(x, f->key, &v->asked, "asked.accuracy", to);
    worst_line(x, f->key, &v->kept, "kept.label", to);
  }
  fflush(to);
}
