/* train.c: times a model's training step. SPDX-License-Identifier: MIT */
#include "bench/train.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

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

static enum clgan_status measure(struct clgan_trainer *t, const struct clgan_bench_train_options *o, double *times,
                                 double *pipelined_s, struct clgan_error *e) {
  struct clgan_progress bar;
  double ignored;
  CLGAN_TRY(clgan_trainer_init(t, e));
  for (int k = 0; k < o->warm_up; k++) CLGAN_TRY(timed_step(t, &ignored, e));
  clgan_progress_begin(&bar, "bench", "steps", o->steps, 0);
  enum clgan_status s = CLGAN_OK;
  for (int k = 0; k < o->steps && s == CLGAN_OK; k++) {
    s = timed_step(t, &times[k], e);
    clgan_progress_update(&bar, k + 1, NULL);
  }
  clgan_progress_end(&bar);
  if (s == CLGAN_OK) s = pipelined(t, (o->steps + 1) / 2, pipelined_s, e);
  return s;
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

static void fill(struct clgan_bench_row *row, const struct clgan_trainer *t, const struct clgan_model *m, double *times,
                 int n) {
  row->time = clgan_median_of(times, (size_t)n);
  row->gflops = clgan_trainer_flops(t) / row->time.median * 1e-9;
  row->images_per_s = m->settings.batch / row->time.median;
}

enum clgan_status clgan_bench_train(struct clgan_cl *cl, const struct clgan_model *m,
                                    const struct clgan_bench_train_options *o, struct clgan_bench_row *row,
                                    struct clgan_error *e) {
  struct clgan_trainer_options options = {.batch = m->settings.batch, .micro = o->micro};
  uint64_t before = clgan_cl_allocated(cl);
  struct clgan_trainer *t = NULL;
  *row = (struct clgan_bench_row){.phase = "step"};
  if (m->has_base)
    snprintf(row->name, sizeof row->name, "train/%.40s/base%d/batch%d", m->name, m->base, options.batch);
  else
    snprintf(row->name, sizeof row->name, "train/%.40s/batch%d", m->name, options.batch);
  if (o->micro && o->micro < options.batch) {
    size_t n = strlen(row->name);
    snprintf(row->name + n, sizeof row->name - n, "/micro%d", o->micro);
  }
  CLGAN_TRY(clgan_trainer_create(cl, m, NULL, &options, &t, e));
  struct clgan_run_facts facts = clgan_trainer_facts(t);
  clgan_log_verbose("tuning: %zu of %zu products tuned", facts.tuned, facts.products);
  double *times = clgan_mem_array((size_t)o->steps, sizeof *times);
  enum clgan_status s = measure(t, o, times, &row->pipelined_s, e);
  if (s == CLGAN_OK) {
    fill(row, t, m, times, o->steps);
    weigh(cl, t, before, row);
    clgan_programs_save(cl);
    if (o->profile) s = clgan_trainer_profile(t, e);
  }
  clgan_mem_free(times);
  clgan_trainer_destroy(t);
  return s;
}
