/* tune.c: the search over variants of a model's products. First every product's variants are screened, heaviest product
 * first; then a small set of programs is chosen for all products together, since each costs compiling at every cold
 * start; then each product's best one of those must win against the rule's once more, measured well.
 * SPDX-License-Identifier: MIT */
#include "bench/tune.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "bench/stats.h"
#include "train/step.h"

enum { TRIES_MAX = 96, PROGRAMS_A_FILE = 3, CONFIRMATIONS = CLGAN_TUNE_RUNS, SCREENINGS = 3 };
#define CONFIRM_SHARE 0.3  /* of the budget, kept for the last part */
#define PRODUCT_SHARE 0.5  /* of the budget, at most for one product */
#define WIN 0.97           /* of the rule's time at most: a gain of 3 % */
#define PROGRAM_GAIN 0.003 /* of all products' time, that a program of its own must save */
#define HOPELESS 1.1       /* of the rule's time: a variant so slow once is not measured again */

/* A variant that was right, and its time over the rule's. */
struct attempt {
  struct clgan_variant v;
  double ratio;
  int program;
};
struct work {
  struct clgan_tune_row *row;
  struct attempt tries[TRIES_MAX]; /* the rule's first */
  size_t n;
  size_t pick;   /* in tries */
  bool complete; /* every program was tried */
};
struct search {
  struct clgan_cl *cl;
  struct clgan_target target;
  struct clgan_tune *t;
  struct clgan_tuning_file *f;
  struct work *work;
  size_t n;
  char (*programs)[CLGAN_TUNE_PROGRAM];
  size_t n_programs, cap_programs;
  bool *chosen; /* per program */
  double start, budget;
  bool again;
  struct clgan_tune_lab *lab;       /* one of the two */
  struct clgan_tune_remote *remote;
  struct clgan_progress bar;
};

/* -- the products of a step -- */

static int heavier_first(const void *x, const void *y) {
  const struct clgan_tune_row *a = x, *b = y;
  double p = a->flops * a->count, q = b->flops * b->count;
  if (p > q || p < q) return p > q ? -1 : 1;
  int o = strcmp(a->op, b->op);
  return o ? o : strcmp(a->geometry, b->geometry);
}

static void add_product(struct clgan_tune *t, size_t *cap, const struct clgan_ir *g, const struct clgan_node *node,
                        const struct clgan_target *target) {
  struct clgan_tune_row r = {.node = *node, .count = 1};
  double bytes;
  clgan_variant_key(node, target, r.op, r.geometry);
  r.bias = node->op == CLGAN_OP_CONV && node->n_in > 2 && node->in[2] != CLGAN_NONE;
  for (size_t k = 0; k < t->n; k++)
    if (strcmp(t->rows[k].op, r.op) == 0 && strcmp(t->rows[k].geometry, r.geometry) == 0) {
      t->rows[k].count++;
      return;
    }
  clgan_op_row(node->op)->cost(g, node, &r.flops, &bytes);
  CLGAN_GROW(t->rows, t->n, *cap);
  t->rows[t->n++] = r;
}

void clgan_tune_free(struct clgan_tune *t) {
  clgan_mem_free(t->rows);
  *t = (struct clgan_tune){0};
}

enum clgan_status clgan_tune_list(struct clgan_cl *cl, const struct clgan_model *m, int batch, struct clgan_tune *t,
                                  struct clgan_error *e) {
  struct clgan_step *s = NULL;
  struct clgan_target target;
  size_t cap = 0;
  *t = (struct clgan_tune){0};
  CLGAN_TRY(clgan_target_choose(cl, &target, e));
  CLGAN_TRY(clgan_step_create(m, batch, true, &s, e));
  clgan_ir_eliminate(s->g, &s->losses, 1);
  for (size_t k = 0; k < s->g->n_nodes; k++)
    if (!s->g->nodes[k].dead && clgan_variant_applies(&s->g->nodes[k]))
      add_product(t, &cap, s->g, &s->g->nodes[k], &target);
  if (t->n) qsort(t->rows, t->n, sizeof *t->rows, heavier_first);
  clgan_step_destroy(s);
  return CLGAN_OK;
}

/* -- time -- */

static double left(const struct search *s) {
  return s->budget - (clgan_time_now() - s->start);
}

static void show(struct search *s, const struct clgan_tune_row *r) {
  double spent = clgan_time_now() - s->start;
  char note[192];
  snprintf(note, sizeof note, "%s %s", r->op, r->geometry);
  clgan_progress_update(&s->bar, 100 * (spent < s->budget ? spent / s->budget : 1), note);
}

/* The rule's variant against `v` (NULL: alone). A status is that of a variant, unless *fatal. */
static enum clgan_status measure(struct search *s, const struct work *w, const struct clgan_variant *rule,
                                 const struct clgan_variant *v, int runs, double hopeless,
                                 struct clgan_tune_times *out, bool *fatal, struct clgan_error *e) {
  const struct clgan_tune_request q = {.row = *w->row,
                                       .rule = *rule,
                                       .other = v ? *v : *rule,
                                       .alone = !v,
                                       .runs = runs,
                                       .hopeless = hopeless};
  if (s->remote) return clgan_tune_remote_run(s->remote, &q, out, fatal, e);
  return clgan_tune_lab_run(s->lab, &q, out, fatal, e);
}

/* -- screening -- */

static int program_of(struct search *s, const struct clgan_tune_row *r, const struct clgan_variant *v) {
  char text[CLGAN_TUNE_PROGRAM];
  clgan_tune_program(r, &s->target, v, text);
  for (size_t k = 0; k < s->n_programs; k++)
    if (strcmp(s->programs[k], text) == 0) return (int)k;
  CLGAN_GROW(s->programs, s->n_programs, s->cap_programs);
  memcpy(s->programs[s->n_programs], text, sizeof text);
  return (int)s->n_programs++;
}

static void set_aside(struct search *s, struct clgan_tune_row *r, const struct clgan_variant *v,
                      const struct clgan_error *e) {
  char text[192], *what;
  what = clgan_mem_printf("%s: %.*s", clgan_variant_text(v, text), (int)strcspn(e->text, "\n"), e->text);
  r->refused++;
  clgan_log_verbose("tune: set aside: %s %s %s", r->op, r->geometry, what);
  clgan_tuning_file_note(s->f, s->cl, r->op, r->geometry, what);
  clgan_mem_free(what);
}

static bool was_set_aside(const struct search *s, const struct clgan_tune_row *r, const struct clgan_variant *v) {
  char text[192];
  return !s->again && clgan_tuning_file_noted(s->f, s->cl, r->op, r->geometry, clgan_variant_text(v, text));
}

/* One variant against the rule's: right, and how fast. @return its number in tries, or -1 */
static enum clgan_status attempt(struct search *s, struct work *w, const struct clgan_variant *v, int *number,
                                 struct clgan_error *e) {
  struct clgan_error own = {0};
  struct clgan_tune_times times;
  bool fatal;
  *number = -1;
  if (w->n == TRIES_MAX || was_set_aside(s, w->row, v)) return CLGAN_OK;
  for (size_t k = 0; k < w->n; k++)
    if (memcmp(&w->tries[k].v, v, sizeof *v) == 0) return CLGAN_OK;
  show(s, w->row);
  w->row->tried++;
  enum clgan_status status = measure(s, w, &w->tries[0].v, v, SCREENINGS, HOPELESS, &times, &fatal, &own);
  if (fatal) return clgan_error_set(e, status, "%s", own.text);
  if (status != CLGAN_OK) {
    set_aside(s, w->row, v, &own);
    return CLGAN_OK;
  }
  struct clgan_median m = clgan_median_of(times.ratio, (size_t)times.n);
  w->tries[w->n] = (struct attempt){*v, m.median, program_of(s, w->row, v)};
  *number = (int)w->n++;
  return CLGAN_OK;
}

/* Cuts near a variant that was tried, as long as they get better. */
static enum clgan_status climb(struct search *s, struct work *w, int from, double until, struct clgan_error *e) {
  struct clgan_variant near[CLGAN_VARIANTS_MAX];
  for (bool better = true; better && left(s) > until;) {
    const size_t n = clgan_variant_cuts(&w->row->node, &s->target, &w->tries[from].v, near);
    int best = from;
    for (size_t k = 0; k < n && left(s) > until; k++) {
      int number;
      CLGAN_TRY(attempt(s, w, &near[k], &number, e));
      if (number >= 0 && w->tries[number].ratio < w->tries[best].ratio) best = number;
    }
    better = w->tries[best].ratio < 0.99 * w->tries[from].ratio;
    from = best;
  }
  return CLGAN_OK;
}

/* All programs at the rule's cut, then cuts of the rule's program and of the best one. */
static enum clgan_status try_variants(struct search *s, struct work *w, double until, struct clgan_error *e) {
  struct clgan_variant shapes[CLGAN_VARIANTS_MAX];
  const size_t n = clgan_variant_shapes(&w->row->node, &s->target, shapes);
  int number, best = 0;
  for (size_t k = 1; k < n && left(s) > until; k++) {
    CLGAN_TRY(attempt(s, w, &shapes[k], &number, e));
    if (number >= 0 && w->tries[number].ratio < w->tries[best].ratio) best = number;
    w->complete = k + 1 == n;
  }
  if (n == 1) w->complete = true;
  CLGAN_TRY(climb(s, w, 0, until, e));
  return best ? climb(s, w, best, until, e) : CLGAN_OK;
}

static enum clgan_status screen(struct search *s, struct work *w, double until, struct clgan_error *e) {
  const struct clgan_variant asked = clgan_variant_free();
  const struct clgan_variant own = clgan_variant_resolve(&w->row->node, &s->target, &asked);
  struct clgan_error why = {0};
  struct clgan_tune_times times;
  bool fatal;
  show(s, w->row);
  enum clgan_status status = measure(s, w, &own, NULL, SCREENINGS, 0, &times, &fatal, &why);
  if (fatal) return clgan_error_set(e, status, "%s", why.text);
  if (status != CLGAN_OK) { /* nothing to compare with: not tuned */
    w->row->state = CLGAN_TUNE_FAILED;
    snprintf(w->row->why, sizeof w->row->why, "%.*s", (int)strcspn(why.text, "\n"), why.text);
    set_aside(s, w->row, &own, &why);
    return CLGAN_OK;
  }
  w->row->before_s = w->row->after_s = clgan_median_of(times.rule, (size_t)times.n).median;
  w->tries[w->n++] = (struct attempt){own, 1, program_of(s, w->row, &own)};
  return try_variants(s, w, until, e);
}

/* Heaviest first, each as long as it needs, but for half of the time at most. */
static enum clgan_status screen_all(struct search *s, struct clgan_error *e) {
  const double reserve = CONFIRM_SHARE * s->budget;
  for (size_t k = 0; k < s->n && left(s) > reserve; k++) {
    const double until = left(s) - PRODUCT_SHARE * s->budget;
    CLGAN_TRY(screen(s, &s->work[k], until > reserve ? until : reserve, e));
  }
  return CLGAN_OK;
}

/* -- few programs for all -- */

static double cost_of(const struct work *w) {
  return w->row->before_s * w->row->count;
}

/* The best try whose program is in the set, or is `also`. */
static size_t best_in_set(const struct search *s, const struct work *w, int also) {
  size_t best = 0;
  for (size_t k = 1; k < w->n; k++) {
    const struct attempt *a = &w->tries[k];
    if ((s->chosen[a->program] || a->program == also) && a->ratio < w->tries[best].ratio) best = k;
  }
  return best;
}

static size_t chosen_of_file(const struct search *s, int program) {
  const size_t n = strcspn(s->programs[program], " ");
  size_t count = 0;
  for (size_t k = 0; k < s->n_programs; k++)
    count += s->chosen[k] && strncmp(s->programs[k], s->programs[program], n + 1) == 0;
  return count;
}

static void choose_programs(struct search *s) {
  double all = 0;
  s->chosen = clgan_mem_array(s->n_programs + 1, sizeof *s->chosen);
  for (size_t k = 0; k < s->n; k++) {
    all += cost_of(&s->work[k]);
    if (s->work[k].n) s->chosen[s->work[k].tries[0].program] = true;
  }
  for (int best = 0; best >= 0;) {
    double most = PROGRAM_GAIN * all;
    best = -1;
    for (size_t p = 0; p < s->n_programs; p++) {
      double gain = 0;
      if (s->chosen[p] || chosen_of_file(s, (int)p) >= PROGRAMS_A_FILE) continue;
      for (size_t k = 0; k < s->n; k++) {
        const struct work *w = &s->work[k];
        if (w->n)
          gain += cost_of(w) * (w->tries[best_in_set(s, w, -1)].ratio - w->tries[best_in_set(s, w, (int)p)].ratio);
      }
      if (gain > most) most = gain, best = (int)p;
    }
    if (best >= 0) s->chosen[best] = true;
  }
  for (size_t k = 0; k < s->n; k++)
    if (s->work[k].n) s->work[k].pick = best_in_set(s, &s->work[k], -1);
}

/* -- the last word -- */

/* @p won: the pick is faster by more than 3 %, and its interval of 95 % lies below the rule's time. */
static enum clgan_status confirm(struct search *s, struct work *w, bool *won, struct clgan_error *e) {
  struct clgan_error own = {0};
  struct clgan_tune_times times;
  bool fatal;
  *won = false;
  show(s, w->row);
  enum clgan_status status =
      measure(s, w, &w->tries[0].v, &w->tries[w->pick].v, CONFIRMATIONS, 1e9, &times, &fatal, &own);
  if (fatal) return clgan_error_set(e, status, "%s", own.text);
  if (status != CLGAN_OK) {
    set_aside(s, w->row, &w->tries[w->pick].v, &own);
    return CLGAN_OK;
  }
  const struct clgan_median m = clgan_median_of(times.ratio, (size_t)times.n),
                            a = clgan_median_of(times.rule, (size_t)times.n);
  *won = m.median < WIN && m.hi < 1;
  w->row->before_s = w->row->after_s = a.median;
  if (*won) w->row->after_s = m.median * a.median;
  return CLGAN_OK;
}

static enum clgan_status decide(struct search *s, struct work *w, struct clgan_error *e) {
  bool won = false;
  struct clgan_tune_row *r = w->row;
  if (!w->n) return CLGAN_OK;
  if (w->pick && w->tries[w->pick].ratio < WIN && left(s) > 0) CLGAN_TRY(confirm(s, w, &won, e));
  r->state = won ? CLGAN_TUNE_WON : w->complete ? CLGAN_TUNE_KEPT : CLGAN_TUNE_SKIPPED;
  if (r->state == CLGAN_TUNE_SKIPPED) return CLGAN_OK; /* another search goes on here */
  r->variant = w->tries[won ? w->pick : 0].v;
  clgan_tuning_file_cut(s->f, s->cl, r->op, r->geometry, !w->complete);
  return clgan_tuning_file_put(s->f, s->cl, r->op, r->geometry, r->after_s, &r->variant, e);
}

/* Distinct programs of the products searched: by the rule, and as decided. */
static void count_programs(struct search *s) {
  bool *before = clgan_mem_array(s->n_programs + 1, sizeof *before),
       *after = clgan_mem_array(s->n_programs + 1, sizeof *after);
  for (size_t k = 0; k < s->n; k++) {
    const struct work *w = &s->work[k];
    if (!w->n) continue;
    before[w->tries[0].program] = true;
    after[w->tries[w->row->state == CLGAN_TUNE_WON ? w->pick : 0].program] = true;
  }
  for (size_t k = 0; k < s->n_programs; k++) {
    s->t->programs_before += before[k];
    s->t->programs_after += after[k];
  }
  clgan_mem_free(before);
  clgan_mem_free(after);
}

enum clgan_status clgan_tune_search(struct clgan_cl *cl, struct clgan_tune *t, struct clgan_tuning_file *f,
                                    const struct clgan_tune_options *o, struct clgan_error *e) {
  struct search s = {
      .cl = cl, .t = t, .f = f, .start = clgan_time_now(), .budget = o->budget_s, .again = o->again};
  CLGAN_TRY(clgan_target_choose(cl, &s.target, e));
  s.work = clgan_mem_array(t->n + 1, sizeof *s.work);
  for (size_t k = 0; k < t->n; k++) {
    const struct clgan_tune_row *r = &t->rows[k];
    if (!o->again && clgan_tuning_file_has(f, cl, r->op, r->geometry) &&
        !clgan_tuning_file_is_cut(f, cl, r->op, r->geometry))
      t->rows[k].state = CLGAN_TUNE_KNOWN;
    else
      s.work[s.n++].row = &t->rows[k];
  }
  if (o->patience_s > 0)
    s.remote = clgan_tune_remote_create(clgan_cl_info(cl), o->patience_s);
  else
    s.lab = clgan_tune_lab_create(cl);
  clgan_progress_begin(&s.bar, "tune", "%", 100, 0);
  enum clgan_status status = s.n ? screen_all(&s, e) : CLGAN_OK;
  choose_programs(&s);
  for (size_t k = 0; k < s.n && status == CLGAN_OK; k++) status = decide(&s, &s.work[k], e);
  if (status == CLGAN_OK) clgan_progress_update(&s.bar, 100, NULL);
  clgan_progress_end(&s.bar);
  count_programs(&s);
  clgan_tune_remote_destroy(s.remote);
  clgan_tune_lab_destroy(s.lab);
  clgan_mem_free(s.chosen);
  clgan_mem_free(s.programs);
  clgan_mem_free(s.work);
  return status;
}
