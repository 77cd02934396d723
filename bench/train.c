/* train.c: times a model's training step. SPDX-License-Identifier: MIT */
#include "bench/train.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "bench/ops.h"
#include "bench/power.h"

/* Losses are taken so that they do not pile up; a NaN among them ends the measurement. */
static enum clgan_status drop_losses(struct clgan_trainer *t, struct clgan_error *e) {
  uint64_t step;
  float losses[CLGAN_LOSS_MAX];
  while (clgan_trainer_losses(t, false, &step, losses, e)) continue;
  return e->status;
}

static enum clgan_status timed_step(struct clgan_trainer *t, double *seconds, struct clgan_error *e) {
  double start = clgan_time_now();
  CLGAN_TRY(clgan_trainer_step(t, e));
  CLGAN_TRY(clgan_trainer_finish(t, e));
  *seconds = clgan_time_now() - start;
  return drop_losses(t, e);
}

static enum clgan_status pipelined(struct clgan_trainer *t, int steps, double *seconds, struct clgan_error *e) {
  double start = clgan_time_now();
  for (int k = 0; k < steps; k++) {
    CLGAN_TRY(clgan_trainer_step(t, e));
    CLGAN_TRY(drop_losses(t, e));
  }
  CLGAN_TRY(clgan_trainer_finish(t, e));
  *seconds = (clgan_time_now() - start) / steps;
  return drop_losses(t, e);
}

static struct clgan_bench_timing timing_of(const struct clgan_bench_train_options *o,
                                           const struct clgan_bench_pace *pace) {
  struct clgan_bench_timing t = {.runs = 7, .most = CLGAN_BENCH_RUNS_MAX, .budget_s = 10};
  if (pace->quick) t = (struct clgan_bench_timing){.runs = 3, .most = 15, .budget_s = 2};
  clgan_bench_timing_share(pace, &t);
  t.end = pace->end;
  t.bound = clgan_bench_bound(pace);
  if (!o->steps) return t;
  t.runs = t.most = o->steps < CLGAN_BENCH_RUNS_MAX ? o->steps : CLGAN_BENCH_RUNS_MAX;
  t.end = 0; /* as many as asked for */
  return t;
}

/* So many steps are made at least: the first, settling ones, those that are timed, half as many pipelined, one with events. */
static int least_steps(const struct clgan_bench_timing *timing) {
  return CLGAN_BENCH_BEFORE + timing->runs + (timing->runs + 1) / 2;
}

/* Is there time for the rest of the steps, when @p done of them are made? */
static bool have_time(const struct clgan_bench_timing *timing, int done, double seconds) {
  return timing->end <= 0 || clgan_time_now() + (least_steps(timing) - done) * seconds <= timing->end;
}

/* @param too_long receives the seconds of a step where there is no time for the others, else 0. */
static enum clgan_status warm_up(struct clgan_trainer *t, const struct clgan_bench_timing *timing, double *too_long,
                                 struct clgan_error *e) {
  const int most = timing->settled ? 1 : 8; /* steps that let caches and clocks settle */
  const struct clgan_bench_timing settling = {.runs = most, .most = most};
  struct clgan_bench_runs r = {0};
  double seconds;
  CLGAN_TRY(clgan_trainer_init(t, e));
  CLGAN_TRY(timed_step(t, &seconds, e)); /* drivers compile at first launch: only its end says something */
  *too_long = have_time(timing, 0, 0) ? 0 : seconds;
  if (*too_long > 0) return CLGAN_OK;
  do {
    CLGAN_TRY(timed_step(t, &seconds, e));
    *too_long = r.n || have_time(timing, 2, seconds) ? 0 : seconds;
    if (*too_long > 0) return CLGAN_OK;
  } while (clgan_bench_runs_add(&r, &settling, seconds, seconds) && !clgan_bench_runs_settled(&r) &&
           r.spent < timing->budget_s / 2);
  return CLGAN_OK;
}

/* Counters of the processor say nothing of other devices. */
static void note_power(const struct clgan_cl *cl, const struct clgan_power *p, double images,
                       struct clgan_bench_row *row) {
  if (clgan_cl_info(cl)->type != CLGAN_DEVICE_CPU) return;
  row->joules_per_image = p->joules / images;
  row->clock_mhz = p->clock_mhz;
}

static enum clgan_status measure(struct clgan_cl *cl, struct clgan_trainer *t, const struct clgan_bench_timing *timing,
                                 struct clgan_bench_pace *pace, struct clgan_bench_row *row, struct clgan_error *e) {
  struct clgan_bench_runs r = {0};
  struct clgan_progress bar;
  struct clgan_power power;
  double seconds = 0;
  CLGAN_TRY(warm_up(t, timing, &seconds, e));
  if (seconds > 0) {
    clgan_bench_leave(row, least_steps(timing) * seconds);
    return CLGAN_OK;
  }
  clgan_progress_begin(&bar, clgan_bench_pace_title(pace), "steps", 0, 0);
  clgan_power_begin(&power);
  enum clgan_status s = CLGAN_OK;
  bool more = true;
  while (more && s == CLGAN_OK) {
    s = timed_step(t, &seconds, e);
    more = clgan_bench_runs_add(&r, timing, seconds, seconds);
    clgan_progress_update(&bar, r.n, row->name);
  }
  clgan_progress_end(&bar);
  if (s != CLGAN_OK) return s;
  row->time = clgan_bench_runs_median(&r);
  clgan_power_end(&power);
  note_power(cl, &power, (double)r.n * clgan_trainer_batch(t), row);
  return pipelined(t, (r.n + 1) / 2, &row->pipelined_s, e);
}

static void add_launch(void *context, const struct clgan_node *n, double seconds) {
  clgan_bench_add_part(context, clgan_op_row(n->op)->name, clgan_bench_pass(n), seconds);
}

/* Of the step alone: what estimates and samples add is not made here. */
static void weigh(struct clgan_cl *cl, const struct clgan_trainer *t, uint64_t before, struct clgan_bench_row *row) {
  struct clgan_memory n = clgan_trainer_memory(t);
  row->memory = (struct clgan_bench_memory){(double)n.arenas, (double)n.peak, (double)(n.total - n.later),
                                            (double)(clgan_cl_allocated(cl) - before)};
  clgan_log_verbose("memory: planned %.1f MiB, allocated %.1f; within a step %.1f, of which at most %.1f are alive at once",
                    row->memory.planned / 1048576, row->memory.allocated / 1048576, row->memory.arenas / 1048576,
                    row->memory.peak / 1048576);
}

static enum clgan_status fill(struct clgan_cl *cl, struct clgan_trainer *t, const struct clgan_model *m,
                              const struct clgan_bench_pace *pace, struct clgan_bench_row *row, struct clgan_error *e) {
  struct clgan_run_facts facts = clgan_trainer_facts(t);
  row->gflops = clgan_trainer_flops(t) / row->time.median * 1e-9;
  row->images_per_s = m->settings.batch / row->time.median;
  row->launches = (unsigned)facts.launches;
  row->tuning = facts.tuned ? "tuned" : "rule";
  clgan_bench_doubt(pace, &row->time, row->note, sizeof row->note);
  clgan_log_verbose("tuning: %zu of %zu products tuned", facts.tuned, facts.products);
  if (pace->visit) return CLGAN_OK; /* where its time goes is known */
  CLGAN_TRY(clgan_cl_profile(cl, true, e));
  enum clgan_status s = clgan_trainer_events(t, add_launch, row, e);
  struct clgan_error own = {0};
  return clgan_cl_profile(cl, false, s == CLGAN_OK ? e : &own) == CLGAN_OK ? s : e->status;
}

void clgan_bench_model_name(const struct clgan_model *m, const char *kind, char *out, size_t size) {
  if (m->has_base)
    (void)snprintf(out, size, "%s/%.40s/base%d/", kind, m->name, m->base);
  else
    (void)snprintf(out, size, "%s/%.40s/", kind, m->name);
}

static void name_row(const struct clgan_model *m, const struct clgan_bench_train_options *o,
                     struct clgan_bench_row *row) {
  char start[96], micro[24] = "";
  clgan_bench_model_name(m, "train", start, sizeof start);
  if (o->micro && o->micro < m->settings.batch) (void)snprintf(micro, sizeof micro, "/micro%d", o->micro);
  *row = (struct clgan_bench_row){.phase = "step"};
  (void)snprintf(row->name, sizeof row->name, "%sbatch%d%s%s", start, m->settings.batch, micro,
                 m->settings.precision == 16 ? "/fp16" : "");
}

enum clgan_status clgan_bench_train(struct clgan_cl *cl, const struct clgan_model *m,
                                    const struct clgan_bench_train_options *o, struct clgan_bench_pace *pace,
                                    struct clgan_bench_row *row, struct clgan_error *e) {
  struct clgan_trainer_options options = {.batch = m->settings.batch, .micro = o->micro};
  const struct clgan_bench_timing timing = timing_of(o, pace);
  uint64_t before = clgan_cl_allocated(cl);
  struct clgan_trainer *t = NULL;
  name_row(m, o, row);
  if (!clgan_bench_begin(pace, row->name)) return CLGAN_OK;
  const double expected = clgan_bench_expect(pace, o->ideal_s, least_steps(&timing));
  if (timing.end > 0 && !clgan_bench_fits(pace, expected)) {
    clgan_bench_leave(row, expected);
    return CLGAN_OK;
  }
  CLGAN_TRY(clgan_trainer_create(cl, m, NULL, &options, &t, e));
  enum clgan_status s = measure(cl, t, &timing, pace, row, e);
  if (s == CLGAN_OK && row->time.runs) {
    weigh(cl, t, before, row);
    clgan_programs_save(cl);
    if (o->profile) s = clgan_trainer_profile(t, e);
  }
  if (s == CLGAN_OK && row->time.runs) s = fill(cl, t, m, pace, row, e);
  clgan_trainer_destroy(t);
  return s;
}

enum clgan_status clgan_bench_first_step(struct clgan_cl *cl, const struct clgan_model *m, double *seconds,
                                         struct clgan_error *e) {
  struct clgan_trainer_options options = {.batch = m->settings.batch};
  struct clgan_trainer *t = NULL;
  double ignored;
  CLGAN_TRY(clgan_trainer_create(cl, m, NULL, &options, &t, e));
  enum clgan_status s = clgan_trainer_init(t, e);
  if (s == CLGAN_OK) s = timed_step(t, &ignored, e);
  *seconds = clgan_time_running();
  clgan_trainer_destroy(t);
  return s;
}
