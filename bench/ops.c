/* ops.c: times single operations, each alone on inputs of its own. SPDX-License-Identifier: MIT */
#include "bench/ops.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "bench/ops_internal.h"
#include "bench/timer.h"

enum { SAMPLES = 400, QUICK_SAMPLES = 100 };

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

static void rates(const struct clgan_bench_op *op, const struct clgan_roofline *roofline, struct clgan_bench_row *row) {
  double flops, bytes;
  clgan_op_cost(op->g, &op->g->nodes[0], &flops, &bytes);
  row->gflops = flops / row->time.median * 1e-9;
  row->gbps = bytes / row->time.median * 1e-9;
  clgan_bench_ops_share(row, 1, roofline);
}

/* First the check: what is wrong is not timed. */
static enum clgan_status measure(struct clgan_cl *cl, const struct clgan_bench_op *op, const struct clgan_bench_timing *t,
                                 int samples, struct clgan_store *store, struct clgan_bench_row *row,
                                 struct clgan_error *e) {
  struct clgan_run *run = NULL;
  int keep[CLGAN_NODE_OUT];
  const struct clgan_node *n = &op->g->nodes[0];
  char wrong[200];
  for (int k = 0; k < n->n_out; k++) keep[k] = n->out[k];
  CLGAN_TRY(clgan_run_create(cl, store, op->g, keep, (size_t)n->n_out, &run, e));
  clgan_run_node_variant(run, 0, row->variant, sizeof row->variant);
  const struct clgan_run_facts facts = clgan_run_describe(run);
  row->launches = (unsigned)facts.launches;
  if (facts.products) row->tuning = facts.tuned ? "tuned" : "rule";
  enum clgan_status s = clgan_bench_op_check(op, run, store, samples, wrong, e);
  if (s == CLGAN_OK && wrong[0])
    (void)snprintf(row->error, sizeof row->error, "%s", wrong);
  else if (s == CLGAN_OK)
    s = clgan_bench_time(cl, do_node, &(struct work){run}, t, &row->time, e);
  clgan_run_destroy(run);
  return s;
}

static bool wanted(const struct clgan_bench_ops_options *o, const struct clgan_bench_op *op) {
  return (!o->pass || !strcmp(o->pass, op->pass)) && (!o->only || strstr(op->name, o->only));
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

static void measure_one(struct clgan_cl *cl, const struct clgan_bench_ops_options *o,
                        const struct clgan_bench_pace *pace, const struct clgan_bench_op *op,
                        const struct clgan_roofline *roofline, struct clgan_bench_row *row,
                        struct clgan_bench_ops_summary *summary) {
  struct clgan_bench_timing t = {.least_s = 0.03, .runs = 7, .most = 51, .budget_s = 0.5};
  if (pace->quick) t = (struct clgan_bench_timing){.least_s = 0.005, .runs = 3, .most = 9, .budget_s = 0.06};
  t.bound = clgan_bench_bound(pace);
  struct clgan_error e = {0};
  struct clgan_store *store = clgan_store_create(cl);
  if (measure(cl, op, &t, pace->quick ? QUICK_SAMPLES : SAMPLES, store, row, &e) != CLGAN_OK) {
    clgan_bench_fail(row, &e);
    summary->failed++;
  } else if (row->error[0])
    summary->wrong++;
  else {
    rates(op, roofline, row);
    clgan_bench_doubt(pace, &row->time, row->note, sizeof row->note);
    summary->step_s += op->count * row->time.median;
  }
  clgan_store_destroy(store);
  t.runs = 3;
  if (o->clblast) clgan_bench_op_blast(cl, op, &t, &row->clblast);
}

/* One progress line for all: compiling each operation's few kernels says nothing of its own. */
static void measure_all(struct clgan_cl *cl, const struct clgan_bench_ops_options *o, struct clgan_bench_pace *pace,
                        const struct clgan_bench_op_list *l, const struct clgan_roofline *roofline,
                        struct clgan_bench_rows *rows, struct clgan_bench_ops_summary *summary) {
  static const struct clgan_log_sink nowhere = {NULL, NULL};
  struct clgan_progress bar;
  size_t n = 0, done = 0;
  for (size_t k = 0; k < l->n; k++) n += wanted(o, &l->items[k]);
  clgan_progress_begin(&bar, "bench", "operations", (double)n, 0);
  for (size_t k = 0; k < l->n; k++) {
    struct clgan_bench_row row = {0};
    if (!wanted(o, &l->items[k])) continue;
    summary->wanted++;
    name_row(o, &l->items[k], &row);
    if (!clgan_bench_begin(pace, row.name)) continue;
    const struct clgan_log_sink *before = clgan_log_redirect(&nowhere);
    measure_one(cl, o, pace, &l->items[k], roofline, &row, summary);
    clgan_log_redirect(before);
    *clgan_bench_add(rows) = row;
    clgan_progress_update(&bar, (double)++done, l->items[k].name);
  }
  clgan_progress_end(&bar);
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
  if (s == CLGAN_OK) measure_all(cl, o, pace, &list, roofline, rows, summary);
  if (s == CLGAN_OK && !summary->wanted)
    s = clgan_error_set(e, CLGAN_ERR_USAGE, "no operation of %s matches%s%.80s%s%s",
                        o->model ? o->model->name : "the case table", o->only ? " --only " : "", o->only ? o->only : "",
                        o->pass ? " --pass " : "", o->pass ? o->pass : "");
  summary->whole_step = s == CLGAN_OK && o->model && rows->n - before == list.n && !summary->failed && !summary->wrong;
  clgan_bench_list_free(&list);
  return s;
}
