/* bench_run.c: measures one device. SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "bench/train.h"
#include "cl/select.h"
#include "cmd/bench.h"
#include "cmd/device_process.h"

enum { CASE_BATCH = 64, SMALL_BATCH = 16 };

/* Until when, as shares of the whole time, the parts of a benchmark may begin further cases on the first visit: none takes it all. */
static const struct {
  double devices, ops, train;
} until = {0.15, 0.55, 0.85};

enum clgan_status clgan_bench_load(const struct clgan_bench_command *o, const char *name, int batch,
                                   struct clgan_model **m, struct clgan_error *e) {
  char size[32], precision[32];
  const char *sets[2];
  size_t n = 0;
  (void)snprintf(size, sizeof size, "batch=%d", batch);
  (void)snprintf(precision, sizeof precision, "precision=%.16s", o->precision ? o->precision : "");
  if (batch) sets[n++] = size;
  if (o->precision) sets[n++] = precision;
  return clgan_model_load(name, o->base_given ? (int)o->base : 0, sets, n, m, e);
}

/* The whole table so far: it may be the last that is heard from this process. */
static void tell_table(struct clgan_bench_results *r) {
  char *text = NULL;
  size_t size = 0;
  FILE *f = open_memstream(&text, &size);
  if (!f) return; /* no memory: the rows say the same */
  r->printed = 0;
  clgan_bench_print_sections(r, f);
  (void)fclose(f);
  clgan_device_process_say("table", cJSON_CreateString(text));
  free(text);
}

void clgan_bench_tell(const struct clgan_bench_command *o, struct clgan_bench_results *r) {
  if (!o->stream) {
    if (r->pace.visits <= 1) clgan_bench_print_sections(r, r->table);
    return;
  }
  if (r->pace.visit) return; /* told at the end of all */
  tell_table(r);
  for (; r->told < r->rows.n; r->told++)
    clgan_device_process_say("row", clgan_bench_result_row(&r->rows.items[r->told]));
}

static void set_deadline(const struct clgan_bench_command *o, struct clgan_bench_results *r, double start,
                         double share) {
  bool alone = o->devices + o->ops + o->train + o->use + o->start == 1;
  r->pace.deadline = o->budget > 0 ? start + o->budget * (alone || r->pace.visit ? 1 : share) : 0;
  r->pace.end = o->budget > 0 ? start + o->budget : 0;
}

/* -- device -- */

/* @param shown the rows are part of the table; otherwise the probes only serve the shares. */
static enum clgan_status measure_device(struct clgan_cl *cl, bool shown, struct clgan_bench_results *r,
                                        struct clgan_error *e) {
  struct clgan_bench_row rows[CLGAN_BENCH_DEVICE_ROWS];
  struct clgan_roofline found;
  size_t n = 0, first = r->rows.n;
  enum clgan_status s = clgan_bench_device(cl, &r->pace, !shown, rows, &n, &found, e);
  for (size_t i = 0; i < n; i++) *clgan_bench_add(clgan_bench_rows_now(r)) = rows[i];
  if (!r->pace.visit) r->roofline = found;
  struct clgan_bench_section *section = clgan_bench_section_add(r, CLGAN_PART_PROBES, first);
  if (section) section->hidden = !shown;
  clgan_programs_save(cl);
  return s;
}

/* -- operations -- */

/* Nothing computes faster than the peak by its own operations (Winograd's algorithms save some, though): then something
 * else ran while the peak was measured. It is measured again, after the operations, and the higher counts. (Where every case is
 * visited again, so are the peaks.) */
static enum clgan_status check_peak(struct clgan_cl *cl, struct clgan_bench_results *r, size_t first,
                                    struct clgan_error *e) {
  struct clgan_bench_row rows[CLGAN_BENCH_DEVICE_ROWS];
  struct clgan_roofline again;
  double fastest = 0;
  size_t n;
  for (size_t k = first; k < r->rows.n; k++) fastest = fmax(fastest, r->rows.items[k].gflops);
  if (r->pace.visits > 1 || fastest <= 1.05 * r->roofline.peak_gflops) return CLGAN_OK;
  CLGAN_TRY(clgan_bench_device(cl, &r->pace, true, rows, &n, &again, e));
  if (again.peak_gflops <= 0) return CLGAN_OK; /* the time was over */
  (void)snprintf(r->peak_note, sizeof r->peak_note, "%s", again.peak_gflops > 1.05 * r->roofline.peak_gflops
                     ? "; measured again after the operations: other programs kept the device busy the first time"
                     : "; measured again after the operations");
  r->roofline.peak_gflops = fmax(r->roofline.peak_gflops, again.peak_gflops);
  r->roofline.peak_gbps = fmax(r->roofline.peak_gbps, again.peak_gbps);
  clgan_bench_ops_share(r->rows.items + first, r->rows.n - first, &r->roofline);
  return CLGAN_OK;
}

/* @param m of whose step; the section's, once there is one */
static enum clgan_status measure_ops(const struct clgan_bench_command *o, struct clgan_cl *cl, struct clgan_model **m,
                                     int batch, struct clgan_bench_results *r, struct clgan_error *e) {
  const struct clgan_bench_ops_options bench = {
      .model = *m, .batch = batch, .sets = o->sets, .pass = o->pass, .only = o->only, .clblast = o->blast};
  struct clgan_bench_ops_summary found;
  const size_t first = r->rows.n;
  CLGAN_TRY(clgan_bench_ops(cl, &bench, &r->pace, &r->roofline, clgan_bench_rows_now(r), &found, e));
  CLGAN_TRY(check_peak(cl, r, first, e));
  struct clgan_bench_section *section = clgan_bench_section_add(r, CLGAN_PART_OPS, first);
  if (section) {
    section->model = *m;
    *m = NULL;
    section->ops = bench;
    section->found = found;
  }
  clgan_programs_save(cl);
  clgan_bench_tell(o, r);
  if (found.wrong)
    return clgan_error_set(
        e, CLGAN_ERR_NUMERIC,
        "%zu of %zu operations gave wrong results on this device: marked WRONG; clgan selftest says more", found.wrong,
        found.wanted);
  if (found.failed)
    return clgan_error_set(e, CLGAN_ERR_DEVICE, "%zu of %zu operations could not be measured: marked failed",
                           found.failed, found.wanted);
  return CLGAN_OK;
}

static enum clgan_status measure_all_ops(const struct clgan_bench_command *o, struct clgan_cl *cl,
                                         struct clgan_bench_results *r, struct clgan_error *e) {
  const size_t n = o->n_batches ? o->n_batches : 1;
  for (size_t k = 0; k < n; k++) {
    struct clgan_error own = {0};
    struct clgan_model *m = NULL;
    int batch = o->n_batches ? o->batches[k] : CASE_BATCH;
    enum clgan_status s = CLGAN_OK;
    if (o->model) s = clgan_bench_load(o, o->model, o->n_batches ? batch : 0, &m, &own);
    if (s == CLGAN_OK) s = measure_ops(o, cl, &m, batch, r, &own);
    clgan_model_destroy(m);
    if (s == CLGAN_OK) continue;
    (void)clgan_error_set(e, s, "%s", own.text);
    if (s != CLGAN_ERR_NUMERIC && s != CLGAN_ERR_DEVICE) break;
  }
  return e->status;
}

/* -- training and use -- */

/* Was there no time for a step? Nor is there for what draws with the same kernels. */
static bool had_no_time(const struct clgan_bench_results *r) {
  for (size_t k = 0; k < r->rows.n; k++)
    if (!strncmp(r->rows.items[k].name, "train/", 6) && !r->rows.items[k].time.runs && !r->rows.items[k].error[0]) return true;
  return false;
}

static void share_of_step(struct clgan_bench_row *row, const struct clgan_roofline *roofline) {
  if (roofline->peak_gflops > 0) row->share = row->gflops / roofline->peak_gflops;
}

static enum clgan_status measure_step(const struct clgan_bench_command *o, struct clgan_cl *cl,
                                      const struct clgan_model *m, struct clgan_bench_results *r, bool only_batch,
                                      struct clgan_error *e) {
  struct clgan_bench_train_options bench = {.steps = o->steps_given ? (int)o->steps : 0,
                                            .profile = o->profile && !r->pace.visit,
                                            .micro = (int)o->micro};
  struct clgan_bench_row row;
  struct clgan_error own = {0}, ignored = {0}; /* what keeps a step from being built is told by its training */
  const size_t first = r->rows.n;
  (void)clgan_bench_step_ideal(m, &r->roofline, &bench.ideal_s, &ignored);
  enum clgan_status s = clgan_bench_train(cl, m, &bench, &r->pace, &row, &own);
  if (s == CLGAN_OK && !row.time.runs && !row.note[0]) return CLGAN_OK; /* it was too late to begin */
  share_of_step(&row, &r->roofline);
  if (s != CLGAN_OK) {
    clgan_bench_fail(&row, &own);
    (void)clgan_error_set(e, s, "%s: %s", row.name, own.text);
  }
  *clgan_bench_add(clgan_bench_rows_now(r)) = row;
  struct clgan_bench_section *section = clgan_bench_section_add(r, CLGAN_PART_STEP, first);
  if (section) section->beside_ops = only_batch;
  clgan_bench_tell(o, r);
  return s;
}

/* A model's own batch first, then what else is asked for. */
static size_t list_batches(const struct clgan_bench_command *o, int own, int *out) {
  size_t n = 0;
  for (size_t k = 0; k < o->n_batches; k++) out[n++] = o->batches[k];
  if (o->n_batches && !o->full) return n;
  if (!o->n_batches && !o->quick && own != SMALL_BATCH) out[n++] = SMALL_BATCH;
  for (size_t k = 0; k < n; k++)
    if (out[k] == own) return n;
  memmove(out + 1, out, n * sizeof *out);
  out[0] = own;
  return n + 1;
}

static void measure_training(const struct clgan_bench_command *o, struct clgan_cl *cl, const char *name,
                             struct clgan_bench_results *r, struct clgan_error *e) {
  int batches[CLGAN_BENCH_BATCHES + 2];
  struct clgan_model *m = NULL;
  if (clgan_bench_load(o, name, 0, &m, e) != CLGAN_OK) return;
  size_t n = list_batches(o, m->settings.batch, batches);
  for (size_t k = 0; k < n; k++) {
    struct clgan_error own = {0};
    clgan_model_destroy(m);
    enum clgan_status s = clgan_bench_load(o, name, batches[k], &m, &own);
    if (s == CLGAN_OK) s = measure_step(o, cl, m, r, n == 1, &own);
    if (s != CLGAN_OK) (void)clgan_error_set(e, s, "%s", own.text);
  }
  clgan_model_destroy(m);
}

static void measure_use(const struct clgan_bench_command *o, struct clgan_cl *cl, const char *name,
                        struct clgan_bench_results *r, struct clgan_error *e) {
  struct clgan_model *m = NULL;
  struct clgan_error own = {0};
  const size_t first = r->rows.n;
  enum clgan_status s = clgan_bench_load(o, name, 0, &m, &own);
  if (s == CLGAN_OK) s = clgan_bench_use(cl, m, &r->pace, clgan_bench_rows_now(r), &own);
  clgan_model_destroy(m);
  if (s != CLGAN_OK) (void)clgan_error_set(e, s, "%s", own.text);
  (void)clgan_bench_section_add(r, CLGAN_PART_ROWS, first);
  clgan_programs_save(cl);
  clgan_bench_tell(o, r);
}

/* What is measured once: processes that have never run before. */
static void measure_starts(const struct clgan_bench_command *o, const struct clgan_session *s, bool models,
                           struct clgan_bench_results *r, struct clgan_error *e) {
  const size_t first = r->rows.n;
  if (r->pace.visit) return;
  (void)(models ? clgan_bench_start(o, s, r, e) : clgan_bench_start_compile(o, s, r, e));
  (void)clgan_bench_section_add(r, CLGAN_PART_ROWS, first);
  if (models) clgan_bench_tell(o, r);
}

/* -- all -- */

static enum clgan_status visit(const struct clgan_bench_command *o, const struct clgan_session *s, double start,
                               struct clgan_bench_results *r, struct clgan_error *e) {
  set_deadline(o, r, start, until.devices);
  if (o->devices || o->ops) CLGAN_TRY(measure_device(s->cl, o->devices, r, e));
  if (o->devices) measure_starts(o, s, false, r, e);
  if (!o->ops) clgan_bench_tell(o, r); /* else once it is known whether the peaks hold */
  set_deadline(o, r, start, until.ops);
  if (o->ops) {
    enum clgan_status ops = measure_all_ops(o, s->cl, r, e);
    if (ops != CLGAN_OK && ops != CLGAN_ERR_NUMERIC && ops != CLGAN_ERR_DEVICE) return ops;
  }
  set_deadline(o, r, start, until.train);
  for (size_t k = 0; k < o->n_models && o->train; k++) measure_training(o, s->cl, o->models[k], r, e);
  set_deadline(o, r, start, 1);
  if (r->pace.wary && had_no_time(r)) r->pace.deadline = start; /* which is over: named as left out */
  for (size_t k = 0; k < o->n_models && o->use; k++) measure_use(o, s->cl, o->models[k], r, e);
  if (o->start) measure_starts(o, s, true, r, e);
  return e->status;
}

/* Adds what a later visit found to the rows. */
static void take_in(struct clgan_bench_results *r) {
  for (size_t k = 0; k < r->again.n; k++) {
    struct clgan_bench_row *row = clgan_bench_find(&r->rows, r->again.items[k].name);
    if (row) clgan_bench_visit(row, &r->again.items[k]);
  }
  clgan_bench_rows_free(&r->again);
}

/* What goes by all visits together: the peaks, shares of them, doubts. */
static void settle(struct clgan_bench_results *r) {
  if (r->roofline.peak_gflops > 0) r->roofline = clgan_bench_roofline(&r->rows);
  for (size_t k = 0; k < r->rows.n; k++) {
    struct clgan_bench_row *row = &r->rows.items[k];
    if (row->n_visits) clgan_bench_doubt(&r->pace, &row->time, row->note, sizeof row->note);
    if (!strncmp(row->name, "ops/", 4)) clgan_bench_ops_share(row, 1, &r->roofline);
    if (!strncmp(row->name, "train/", 6)) share_of_step(row, &r->roofline);
  }
}

static enum clgan_status measure(const struct clgan_bench_command *o, const struct clgan_session *s,
                                 struct clgan_bench_results *r, struct clgan_error *e) {
  const double start = clgan_time_now();
  r->pace.wary = clgan_device_is_software_gpu(clgan_cl_info(s->cl));
  r->pace.visits = o->quick || o->steps_given ? 1 : CLGAN_BENCH_VISITS;
  r->pace.known = &r->rows;
  for (r->pace.visit = 0; r->pace.visit < r->pace.visits; r->pace.visit++) {
    struct clgan_error own = {0};
    enum clgan_status status = visit(o, s, start, r, &own);
    if (status != CLGAN_OK) (void)clgan_error_set(e, status, "%s", own.text);
    take_in(r);
    const bool useless = status != CLGAN_OK && status != CLGAN_ERR_NUMERIC && status != CLGAN_ERR_DEVICE;
    const bool over = o->budget > 0 && clgan_time_now() > start + o->budget;
    if (r->rows.n == 0 || useless || over || clgan_bench_stopped()) break;
  }
  if (r->pace.visits > 1) settle(r);
  return e->status;
}

enum clgan_status clgan_bench_run(const struct clgan_bench_command *o, const struct clgan_session *s,
                                  struct clgan_bench_results *r, struct clgan_error *e) {
  enum clgan_status status = measure(o, s, r, e);
  const size_t n = r->pace.n_left_out;
  if (r->pace.visits > 1) r->told = 0; /* the figures are others now */
  r->pace.visit = 0;
  r->pace.visits = 1;
  clgan_bench_tell(o, r);
  if (n && clgan_bench_stopped())
    fprintf(r->table, "stopped: %zu cases left out, from %s on\n", n, r->pace.left_out[0]);
  else if (n)
    fprintf(r->table, "left out, as the time was over: %zu cases, from %s on (--budget SECONDS)\n", n, r->pace.left_out[0]);
  return status;
}
