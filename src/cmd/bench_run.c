/* bench_run.c: measures one device. SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "bench/power.h"
#include "bench/train.h"
#include "cl/select.h"
#include "cmd/bench.h"
#include "cmd/bench_print.h"
#include "cmd/device_process.h"

enum { CASE_BATCH = 64, SMALL_BATCH = 16 };

/* Until when, as shares of the whole time, the parts of a benchmark may begin further cases: none takes it all. */
static const struct {
  double devices, ops, train;
} until = {0.15, 0.55, 0.85};

void clgan_bench_results_free(struct clgan_bench_results *r) {
  clgan_bench_rows_free(&r->rows);
  clgan_bench_pace_free(&r->pace);
  if (r->text) (void)fclose(r->table);
  free(r->text);
}

enum clgan_status clgan_bench_load(const struct clgan_bench_command *o, const char *name, int batch,
                                   struct clgan_model **m, struct clgan_error *e) {
  char text[32];
  const char *sets[1] = {text};
  (void)snprintf(text, sizeof text, "batch=%d", batch);
  return clgan_model_load(name, o->base_given ? (int)o->base : 0, sets, batch ? 1 : 0, m, e);
}

void clgan_bench_tell(const struct clgan_bench_command *o, struct clgan_bench_results *r) {
  fflush(r->table);
  if (!o->stream) return;
  if (r->text_size) clgan_device_process_say("text", cJSON_CreateString(r->text));
  (void)fclose(r->table);
  free(r->text);
  r->text = NULL;
  r->table = open_memstream(&r->text, &r->text_size);
  if (!r->table) r->table = stderr; /* no memory: what follows is at least seen */
  for (; r->told < r->rows.n; r->told++)
    clgan_device_process_say("row", clgan_bench_result_row(&r->rows.items[r->told]));
}

static void set_deadline(const struct clgan_bench_command *o, struct clgan_bench_results *r, double start,
                         double share) {
  bool alone = o->devices + o->ops + o->train + o->use + o->start == 1;
  r->pace.deadline = o->budget > 0 ? start + o->budget * (alone ? 1 : share) : 0;
  r->pace.end = o->budget > 0 ? start + o->budget : 0;
}

/* -- device -- */

/* @param shown the rows are part of the table; otherwise the probes only serve the shares. */
static enum clgan_status measure_device(const struct clgan_bench_command *o, struct clgan_cl *cl, bool shown,
                                        struct clgan_bench_results *r, struct clgan_error *e) {
  struct clgan_bench_row rows[CLGAN_BENCH_DEVICE_ROWS];
  size_t n = 0;
  enum clgan_status s = clgan_bench_device(cl, &r->pace, !shown, rows, &n, &r->roofline, e);
  for (size_t i = 0; i < n; i++) {
    *clgan_bench_add(&r->rows) = rows[i];
    if (shown) clgan_bench_print_row(&rows[i], r->table);
  }
  if (s == CLGAN_OK)
    fprintf(r->table, "peak: %.1f GFLOP/s, %.1f GB/s; a launch takes %.1f us\n", r->roofline.peak_gflops,
            r->roofline.peak_gbps, r->roofline.launch_s * 1e6);
  clgan_programs_save(cl);
  clgan_bench_tell(o, r);
  return s;
}

/* -- operations -- */

/* Nothing computes faster than the peak by its own operations (Winograd's algorithms save some, though): then something
 * else ran while the peak was measured. It is measured again, after the operations, and the higher counts. */
static enum clgan_status check_peak(struct clgan_cl *cl, struct clgan_bench_results *r, size_t first,
                                    struct clgan_error *e) {
  struct clgan_bench_row rows[CLGAN_BENCH_DEVICE_ROWS];
  struct clgan_roofline again;
  double fastest = 0;
  size_t n;
  for (size_t k = first; k < r->rows.n; k++) fastest = fmax(fastest, r->rows.items[k].gflops);
  if (fastest <= 1.05 * r->roofline.peak_gflops) return CLGAN_OK;
  CLGAN_TRY(clgan_bench_device(cl, &r->pace, true, rows, &n, &again, e));
  if (again.peak_gflops <= 0) return CLGAN_OK; /* the time was over */
  fprintf(
      r->table, "peak, measured again: %.1f GFLOP/s, %.1f GB/s%s\n", again.peak_gflops, again.peak_gbps,
      again.peak_gflops > 1.05 * r->roofline.peak_gflops ? ": other programs kept the device busy the first time" : "");
  r->roofline.peak_gflops = fmax(r->roofline.peak_gflops, again.peak_gflops);
  r->roofline.peak_gbps = fmax(r->roofline.peak_gbps, again.peak_gbps);
  clgan_bench_ops_share(r->rows.items + first, r->rows.n - first, &r->roofline);
  return CLGAN_OK;
}

/* @param step_s receives the sum of the model's step; 0: not measured whole */
static enum clgan_status measure_ops(const struct clgan_bench_command *o, struct clgan_cl *cl,
                                     const struct clgan_model *m, int batch, struct clgan_bench_results *r,
                                     double *step_s, struct clgan_error *e) {
  const struct clgan_bench_ops_options bench = {
      .model = m, .batch = batch, .sets = o->sets, .pass = o->pass, .only = o->only, .clblast = o->blast};
  struct clgan_bench_ops_summary found;
  size_t before = r->rows.n;
  CLGAN_TRY(clgan_bench_ops(cl, &bench, &r->pace, &r->roofline, &r->rows, &found, e));
  CLGAN_TRY(check_peak(cl, r, before, e));
  if (r->rows.n > before)
    clgan_bench_print_ops(&bench, r->rows.items + before, r->rows.n - before, &found, r->table);
  clgan_programs_save(cl);
  clgan_bench_tell(o, r);
  *step_s = found.whole_step ? found.step_s : 0;
  if (found.wrong)
    return clgan_error_set(
        e, CLGAN_ERR_NUMERIC,
        "%zu of %zu operations gave wrong results on this device: marked WRONG; clgan selftest says more", found.wrong,
        r->rows.n - before);
  if (found.failed)
    return clgan_error_set(e, CLGAN_ERR_DEVICE, "%zu of %zu operations could not be measured: marked failed",
                           found.failed, r->rows.n - before);
  return CLGAN_OK;
}

static enum clgan_status measure_all_ops(const struct clgan_bench_command *o, struct clgan_cl *cl,
                                         struct clgan_bench_results *r, double *step_s, struct clgan_error *e) {
  const size_t n = o->n_batches ? o->n_batches : 1;
  for (size_t k = 0; k < n; k++) {
    struct clgan_error own = {0};
    struct clgan_model *m = NULL;
    int batch = o->n_batches ? o->batches[k] : CASE_BATCH;
    enum clgan_status s = CLGAN_OK;
    if (o->model) s = clgan_bench_load(o, o->model, o->n_batches ? batch : 0, &m, &own);
    if (s == CLGAN_OK) s = measure_ops(o, cl, m, batch, r, step_s, &own);
    clgan_model_destroy(m);
    if (s == CLGAN_OK) continue;
    (void)clgan_error_set(e, s, "%s", own.text);
    if (s != CLGAN_ERR_NUMERIC && s != CLGAN_ERR_DEVICE) break;
  }
  if (n > 1) *step_s = 0; /* of which batch? */
  return e->status;
}

/* -- training and use -- */

/* Was there no time for a step? Nor is there for what draws with the same kernels. */
static bool had_no_time(const struct clgan_bench_results *r) {
  for (size_t k = 0; k < r->rows.n; k++)
    if (!strncmp(r->rows.items[k].name, "train/", 6) && !r->rows.items[k].time.runs && !r->rows.items[k].error[0]) return true;
  return false;
}

static enum clgan_status measure_step(const struct clgan_bench_command *o, struct clgan_cl *cl,
                                      const struct clgan_model *m, struct clgan_bench_results *r, double step_s,
                                      struct clgan_error *e) {
  struct clgan_bench_train_options bench = {
      .steps = o->steps_given ? (int)o->steps : 0, .profile = o->profile, .micro = (int)o->micro};
  struct clgan_bench_row row;
  struct clgan_error own = {0}, ignored = {0}; /* what keeps a step from being built is told by its training */
  (void)clgan_bench_step_ideal(m, &r->roofline, &bench.ideal_s, &ignored);
  enum clgan_status s = clgan_bench_train(cl, m, &bench, &r->pace, &row, &own);
  if (s == CLGAN_OK && !row.time.runs && !row.note[0]) return CLGAN_OK; /* it was too late to begin */
  if (r->roofline.peak_gflops > 0) row.share = row.gflops / r->roofline.peak_gflops;
  if (s != CLGAN_OK) {
    clgan_bench_fail(&row, &own);
    (void)clgan_error_set(e, s, "%s: %s", row.name, own.text);
  }
  *clgan_bench_add(&r->rows) = row;
  clgan_bench_print_row(&row, r->table);
  clgan_bench_print_parts(&row, r->table);
  if (s == CLGAN_OK && step_s > 0 && row.time.runs)
    fprintf(r->table, "the operations of a step, each alone, sum up to %.2f ms: %.0f %% of the step\n", step_s * 1e3,
            100 * step_s / row.time.median);
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
                             struct clgan_bench_results *r, double step_s, struct clgan_error *e) {
  int batches[CLGAN_BENCH_BATCHES + 2];
  struct clgan_model *m = NULL;
  if (clgan_bench_load(o, name, 0, &m, e) != CLGAN_OK) return;
  size_t n = list_batches(o, m->settings.batch, batches);
  for (size_t k = 0; k < n; k++) {
    struct clgan_error own = {0};
    clgan_model_destroy(m);
    enum clgan_status s = clgan_bench_load(o, name, batches[k], &m, &own);
    if (s == CLGAN_OK) s = measure_step(o, cl, m, r, n == 1 ? step_s : 0, &own);
    if (s != CLGAN_OK) (void)clgan_error_set(e, s, "%s", own.text);
  }
  clgan_model_destroy(m);
}

static void measure_use(const struct clgan_bench_command *o, struct clgan_cl *cl, const char *name,
                        struct clgan_bench_results *r, struct clgan_error *e) {
  struct clgan_model *m = NULL;
  struct clgan_error own = {0};
  size_t before = r->rows.n;
  enum clgan_status s = clgan_bench_load(o, name, 0, &m, &own);
  if (s == CLGAN_OK) s = clgan_bench_use(cl, m, &r->pace, &r->rows, &own);
  clgan_model_destroy(m);
  if (s != CLGAN_OK) (void)clgan_error_set(e, s, "%s", own.text);
  for (size_t k = before; k < r->rows.n; k++) clgan_bench_print_row(&r->rows.items[k], r->table);
  clgan_programs_save(cl);
  clgan_bench_tell(o, r);
}

/* -- all -- */

static enum clgan_status measure(const struct clgan_bench_command *o, const struct clgan_session *s,
                                 struct clgan_bench_results *r, struct clgan_error *e) {
  const double start = clgan_time_now();
  double step_s = 0;
  r->pace.wary = clgan_device_is_software_gpu(clgan_cl_info(s->cl));
  set_deadline(o, r, start, until.devices);
  if (o->devices || o->ops) CLGAN_TRY(measure_device(o, s->cl, o->devices, r, e));
  if (o->devices) (void)clgan_bench_start_compile(o, s, r, e);
  clgan_bench_tell(o, r);
  set_deadline(o, r, start, until.ops);
  if (o->ops) {
    enum clgan_status ops = measure_all_ops(o, s->cl, r, &step_s, e);
    if (ops != CLGAN_OK && ops != CLGAN_ERR_NUMERIC && ops != CLGAN_ERR_DEVICE) return ops;
  }
  set_deadline(o, r, start, until.train);
  for (size_t k = 0; k < o->n_models && o->train; k++) measure_training(o, s->cl, o->models[k], r, step_s, e);
  set_deadline(o, r, start, 1);
  if (r->pace.wary && had_no_time(r)) r->pace.deadline = start; /* which is over: named as left out */
  for (size_t k = 0; k < o->n_models && o->use; k++)
    measure_use(o, s->cl, o->models[k], r, e);
  if (o->start) (void)clgan_bench_start(o, s, r, e);
  clgan_bench_tell(o, r);
  return e->status;
}

enum clgan_status clgan_bench_run(const struct clgan_bench_command *o, const struct clgan_session *s,
                                  struct clgan_bench_results *r, struct clgan_error *e) {
  enum clgan_status status = measure(o, s, r, e);
  const size_t n = r->pace.n_left_out;
  if (n)
    fprintf(r->table, "left out, as the time was over: %zu cases, from %s on (--budget SECONDS)\n", n,
            r->pace.left_out[0]);
  clgan_bench_tell(o, r);
  return status;
}
