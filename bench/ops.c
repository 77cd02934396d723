/* ops.c: times single operations, each alone on inputs of its own. SPDX-License-Identifier: MIT */
#include "bench/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "bench/ops_internal.h"
#include "bench/timer.h"

enum { HEAVY = 5 /* times the launch that work must be worth to tell of the device's pace */ };
enum { SAMPLES = 400, QUICK_SAMPLES = 100 };
#define LEAST_S 1e-9  /* of any work, where nothing is known of the device */
#define COMPILE_S 2.0 /* a check that takes longer is slow for another reason than that its kernels were compiled */

struct work {
  struct clgan_run *run;
};

static enum clgan_status do_node(void *context, int times, struct clgan_error *e) {
  return clgan_run_enqueue_node(((struct work *)context)->run, 0, times, e);
}

void clgan_bench_ops_share(struct clgan_bench_row *rows, size_t n, const struct clgan_roofline *roofline) {
  for (size_t k = 0; k < n; k++)
    if (rows[k].time.runs) rows[k].share = clgan_roofline_seconds(roofline, rows[k].gflops * 1e9, rows[k].gbps * 1e9);
}

double clgan_bench_ops_sum(const struct clgan_bench_row *rows, size_t n) {
  double sum = 0;
  for (size_t k = 0; k < n; k++)
    if (rows[k].time.runs) sum += rows[k].count * rows[k].time.median;
  return sum;
}

static double ideal_of(const struct clgan_bench_op *op, const struct clgan_roofline *roofline) {
  double flops, bytes;
  clgan_op_cost(op->g, &op->g->nodes[0], &flops, &bytes);
  return clgan_roofline_seconds(roofline, flops, bytes) + roofline->launch_s + LEAST_S;
}

enum clgan_status clgan_bench_step_ideal(const struct clgan_model *m, const struct clgan_roofline *roofline, double *seconds,
                                         struct clgan_error *e) {
  struct clgan_bench_op_list list = {0};
  *seconds = 0;
  if (roofline->peak_gflops <= 0) return CLGAN_OK;
  enum clgan_status s = clgan_bench_list_step(&list, m, e);
  for (size_t k = 0; k < list.n && s == CLGAN_OK; k++) *seconds += list.items[k].count * ideal_of(&list.items[k], roofline);
  clgan_bench_list_free(&list);
  return s;
}

static void rates(const struct clgan_bench_op *op, const struct clgan_roofline *roofline, struct clgan_bench_row *row) {
  double flops, bytes;
  clgan_op_cost(op->g, &op->g->nodes[0], &flops, &bytes);
  row->gflops = flops / row->time.median * 1e-9;
  row->gbps = bytes / row->time.median * 1e-9;
  clgan_bench_ops_share(row, 1, roofline);
}

/* First the check: what is wrong is not timed. @param samples 0: it was right on an earlier visit */
static enum clgan_status measure(struct clgan_cl *cl, const struct clgan_bench_op *op, const struct clgan_bench_timing *t,
                                 int samples, struct clgan_store *store, struct clgan_bench_row *row,
                                 struct clgan_error *e) {
  struct clgan_run *run = NULL;
  int keep[CLGAN_NODE_OUT];
  const struct clgan_node *n = &op->g->nodes[0];
  char wrong[200] = "";
  for (int k = 0; k < n->n_out; k++) keep[k] = n->out[k];
  CLGAN_TRY(clgan_run_create(cl, store, op->g, keep, (size_t)n->n_out, &run, e));
  clgan_run_node_variant(run, 0, row->variant, sizeof row->variant);
  const struct clgan_run_facts facts = clgan_run_describe(run);
  row->launches = (unsigned)facts.launches;
  if (facts.products) row->tuning = facts.tuned ? "tuned" : "rule";
  const double start = clgan_time_now();
  enum clgan_status s = samples ? clgan_bench_op_check(op, run, store, samples, wrong, e) : clgan_bench_op_fill(op, run, store, e);
  const double checked = clgan_time_now() - start;
  const bool late = t->end > 0 && checked > COMPILE_S && clgan_time_now() + checked * (1 + t->runs) > t->end;
  if (s == CLGAN_OK && wrong[0])
    (void)snprintf(row->error, sizeof row->error, "%s", wrong);
  else if (s == CLGAN_OK && !late)
    s = clgan_bench_time(cl, do_node, &(struct work){run}, t, &row->time, e);
  if (!row->time.runs && row->time.median <= 0) row->time.median = checked; /* nothing more was done */
  clgan_run_destroy(run);
  return s;
}

/* Whether the name holds one of the texts, which have commas between them. */
static bool holds_one(const char *name, const char *texts) {
  const size_t length = strlen(name);
  for (size_t n; *texts; texts += n + (texts[n] == ',')) {
    n = strcspn(texts, ",");
    for (size_t k = 0; n && k + n <= length; k++)
      if (!strncmp(name + k, texts, n)) return true;
  }
  return false;
}

static bool wanted(const struct clgan_bench_ops_options *o, const struct clgan_bench_op *op) {
  return (!o->pass || !strcmp(o->pass, op->pass)) && (!o->only || holds_one(op->name, o->only));
}

static void name_row(const struct clgan_bench_ops_options *o, const struct clgan_bench_op *op,
                     struct clgan_bench_row *row) {
  const struct clgan_model *m = o->model;
  row->phase = op->pass;
  row->count = op->count;
  if (m && m->has_base)
    (void)snprintf(row->name, sizeof row->name, "ops/%.16s/base%d/%s/%s/batch%d", m->name, m->base, op->name, op->pass,
                   m->settings.batch);
  else if (m)
    (void)snprintf(row->name, sizeof row->name, "ops/%.16s/%s/%s/batch%d", m->name, op->name, op->pass,
                   m->settings.batch);
  else
    (void)snprintf(row->name, sizeof row->name, "ops/%s/%s/batch%d", op->name, op->pass, o->batch);
}

/* What all cases share. */
struct walk {
  struct clgan_cl *cl;
  const struct clgan_bench_ops_options *o;
  struct clgan_bench_pace *pace;
  const struct clgan_roofline *roofline;
  struct clgan_bench_ops_summary *summary;
  struct clgan_progress bar;
  size_t done;
};

/* What there was no time for takes so many seconds. */
static void leave(struct walk *w, struct clgan_bench_row *row, double seconds) {
  clgan_bench_leave(row, seconds);
  w->summary->left++;
}

static void settle(struct walk *w, const struct clgan_bench_op *op, int times, double took, struct clgan_bench_row *row) {
  const double ideal = ideal_of(op, w->roofline);
  if (row->error[0]) {
    w->summary->wrong++;
    return;
  }
  if (ideal > HEAVY * w->roofline->launch_s)
    clgan_bench_learn(w->pace, ideal, row->time.median, times, took);
  else /* its launch, and not its work, is what takes the time */
    clgan_bench_learn(w->pace, 0, 0, 0, took - times * row->time.median);
  if (!row->time.runs) {
    leave(w, row, times * row->time.median);
    return;
  }
  rates(op, w->roofline, row);
  clgan_bench_doubt(w->pace, &row->time, row->note, sizeof row->note);
}

static void measure_one(struct walk *w, const struct clgan_bench_op *op, struct clgan_bench_row *row) {
  const bool quick = w->pace->quick;
  struct clgan_bench_timing t = {.least_s = 0.03, .runs = 7, .most = 51, .budget_s = 0.5};
  if (quick) t = (struct clgan_bench_timing){.least_s = 0.005, .runs = 3, .most = 9, .budget_s = 0.06};
  clgan_bench_timing_share(w->pace, &t);
  t.bound = clgan_bench_bound(w->pace);
  t.end = w->pace->end;
  const int times = CLGAN_BENCH_BEFORE + t.runs;
  const double start = clgan_time_now(), expected = clgan_bench_expect(w->pace, ideal_of(op, w->roofline), times);
  if (!clgan_bench_fits(w->pace, expected)) {
    leave(w, row, expected);
    return;
  }
  struct clgan_error e = {0};
  struct clgan_store *store = clgan_store_create(w->cl);
  if (measure(w->cl, op, &t, w->pace->visit ? 0 : quick ? QUICK_SAMPLES : SAMPLES, store, row, &e) == CLGAN_OK) {
    settle(w, op, times, clgan_time_now() - start, row);
  } else {
    clgan_bench_fail(row, &e);
    w->summary->failed++;
  }
  clgan_store_destroy(store);
  t.runs = 3;
  t.end = 0;
  if (w->o->clblast && !w->pace->visit && (row->time.runs || row->error[0])) clgan_bench_op_blast(w->cl, op, &t, &row->clblast);
}

/* @return whether there was time to begin. */
static bool measure_named(struct walk *w, const struct clgan_bench_op *op, struct clgan_bench_row *row) {
  static const struct clgan_log_sink nowhere = {NULL, NULL};
  *row = (struct clgan_bench_row){0};
  name_row(w->o, op, row);
  if (!clgan_bench_begin(w->pace, row->name)) return false;
  const struct clgan_log_sink *before = clgan_log_redirect(&nowhere); /* compiling a few kernels says nothing of its own */
  measure_one(w, op, row);
  clgan_log_redirect(before);
  clgan_progress_update(&w->bar, (double)++w->done, op->name);
  return true;
}

struct turn {
  size_t item; /* of the list */
  double ideal;
  bool begun;
  struct clgan_bench_row row;
};

static int by_ideal(const void *a, const void *b) {
  const struct turn *x = a, *y = b;
  return (x->ideal > y->ideal) - (x->ideal < y->ideal);
}

static int by_item(const void *a, const void *b) {
  const struct turn *x = a, *y = b;
  return (x->item > y->item) - (x->item < y->item);
}

/* The lightest product that is more work than its launch goes first, and shows the device's pace. @return n: none is. */
static size_t choose_pilot(const struct walk *w, const struct clgan_bench_op_list *l, const struct turn *turns, size_t n) {
  size_t best = n;
  for (size_t k = 0; k < n; k++) {
    const int op = l->items[turns[k].item].g->nodes[0].op;
    const bool product = op == CLGAN_OP_CONV || op == CLGAN_OP_CONV_WGRAD;
    if (product && turns[k].ideal > HEAVY * w->roofline->launch_s && (best == n || turns[k].ideal < turns[best].ideal)) best = k;
  }
  return best;
}

/* In the list's order; on a GPU made of software from light to heavy, so that each one tells whether there is time for the
 * next. */
static void take_turns(struct walk *w, const struct clgan_bench_op_list *l, struct turn *turns, size_t n) {
  const size_t pilot = w->pace->end > 0 ? choose_pilot(w, l, turns, n) : n;
  if (pilot < n) {
    turns[pilot].begun = measure_named(w, &l->items[turns[pilot].item], &turns[pilot].row);
    turns[pilot].ideal = 0; /* has had its turn */
  }
  if (w->pace->wary) qsort(turns, n, sizeof *turns, by_ideal);
  for (size_t k = 0; k < n; k++)
    if (turns[k].ideal > 0) turns[k].begun = measure_named(w, &l->items[turns[k].item], &turns[k].row);
}

/* One progress line for all. */
static void measure_all(struct walk *w, const struct clgan_bench_op_list *l, struct clgan_bench_rows *rows) {
  struct turn *turns = clgan_mem_array(l->n + 1, sizeof *turns);
  size_t n = 0;
  for (size_t k = 0; k < l->n; k++)
    if (wanted(w->o, &l->items[k])) turns[n++] = (struct turn){.item = k, .ideal = ideal_of(&l->items[k], w->roofline)};
  w->summary->wanted = n;
  clgan_progress_begin(&w->bar, clgan_bench_pace_title(w->pace), "operations", (double)n, 0);
  take_turns(w, l, turns, n);
  qsort(turns, n, sizeof *turns, by_item);
  for (size_t k = 0; k < n; k++)
    if (turns[k].begun) *clgan_bench_add(rows) = turns[k].row;
  clgan_progress_end(&w->bar);
  clgan_mem_free(turns);
}

enum clgan_status clgan_bench_ops(struct clgan_cl *cl, const struct clgan_bench_ops_options *o,
                                  struct clgan_bench_pace *pace, const struct clgan_roofline *roofline,
                                  struct clgan_bench_rows *rows, struct clgan_bench_ops_summary *summary,
                                  struct clgan_error *e) {
  struct clgan_bench_op_list list = {0};
  *summary = (struct clgan_bench_ops_summary){0};
  enum clgan_status s =
      o->model ? clgan_bench_list_step(&list, o->model, e) : clgan_bench_list_cases(&list, o->batch, o->sets, e);
  size_t before = rows->n;
  struct walk w = {.cl = cl, .o = o, .pace = pace, .roofline = roofline, .summary = summary};
  if (s == CLGAN_OK) measure_all(&w, &list, rows);
  if (s == CLGAN_OK && !summary->wanted)
    s = clgan_error_set(e, CLGAN_ERR_USAGE, "no operation of %s matches%s%.80s%s%s",
                        o->model ? o->model->name : "the case table", o->only ? " --only " : "", o->only ? o->only : "",
                        o->pass ? " --pass " : "", o->pass ? o->pass : "");
  summary->whole_step = s == CLGAN_OK && o->model && rows->n - before == list.n &&
                        !summary->failed && !summary->wrong && !summary->left;
  clgan_bench_list_free(&list);
  return s;
}
