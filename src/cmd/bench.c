/* bench.c: `clgan bench`. SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/words.h"
#include "bench/device.h"
#include "bench/ops.h"
#include "bench/train.h"
#include "bench/tune.h"
#include "cmd/args.h"
#include "cmd/bench_print.h"
#include "cmd/command.h"
#include "cmd/compare.h"
#include "cmd/session.h"
#include "tune/store.h"

enum { MODELS_MAX = 8, WARM_UP = 5, STEPS = 20, QUICK_WARM_UP = 2, QUICK_STEPS = 7, CASE_BATCH = 64 };

struct options {
  const char *model, *device, *pass, *only;
  uint64_t base, batch, steps, micro;
  double tune_seconds; /* below 0: not given */
  bool base_given, batch_given, steps_given, quick, profile, no_tuning, devices, ops, train, compare;
  struct clgan_bench_files files;
  struct clgan_compare_options comparing;
};

static enum clgan_status load(const struct options *o, const char *name, struct clgan_model **m,
                              struct clgan_error *e) {
  char batch[32];
  const char *sets[1] = {batch};
  snprintf(batch, sizeof batch, "batch=%" PRIu64, o->batch);
  return clgan_model_load(name, o->base_given ? (int)o->base : 0, sets, o->batch_given ? 1 : 0, m, e);
}

static enum clgan_status write_files(const struct options *o, const struct clgan_device_info *d,
                                     const struct clgan_bench_row *rows, size_t n, struct clgan_error *e) {
  cJSON *root = clgan_bench_result_root();
  clgan_result_device(root, d);
  cJSON *array = cJSON_AddArrayToObject(root, "rows");
  for (size_t k = 0; k < n; k++) cJSON_AddItemToArray(array, clgan_bench_result_row(&rows[k]));
  char *text = cJSON_Print(root);
  cJSON_Delete(root);
  enum clgan_status s = clgan_bench_files_write(&o->files, text, e);
  free(text);
  return s;
}

/* Results as they grow. */
struct results {
  struct clgan_bench_rows rows;
  struct clgan_roofline roofline; /* zeros: not measured */
  double step_s;                  /* sum of the operations of the only model's step; 0: not measured whole */
  FILE *table;
};

/* @param shown the rows are part of the table; otherwise the probes only serve the shares. */
static enum clgan_status measure_device(const struct options *o, struct clgan_cl *cl, bool shown, struct results *r,
                                        struct clgan_error *e) {
  struct clgan_bench_row rows[CLGAN_BENCH_DEVICE_ROWS];
  enum clgan_bench_extent extent = !shown ? CLGAN_BENCH_PEAKS : o->quick ? CLGAN_BENCH_QUICK : CLGAN_BENCH_FULL;
  size_t n = 0;
  enum clgan_status s = clgan_bench_device(cl, extent, rows, &n, &r->roofline, e);
  for (size_t i = 0; i < n; i++) {
    *clgan_bench_add(&r->rows) = rows[i];
    if (shown) clgan_bench_print_row(&rows[i], r->table);
  }
  if (s == CLGAN_OK)
    fprintf(r->table, "peak: %.1f GFLOP/s, %.1f GB/s; a launch takes %.1f us\n", r->roofline.peak_gflops,
            r->roofline.peak_gbps, r->roofline.launch_s * 1e6);
  clgan_programs_save(cl);
  return s;
}

/* Nothing computes faster than the peak by its own operations (Winograd's algorithms save some, though): then something
 * else ran while the peak was measured. It is measured again, after the operations, and the higher counts. */
static enum clgan_status check_peak(struct clgan_cl *cl, struct results *r, size_t first, struct clgan_error *e) {
  struct clgan_bench_row rows[CLGAN_BENCH_DEVICE_ROWS];
  struct clgan_roofline again;
  double fastest = 0;
  size_t n;
  for (size_t k = first; k < r->rows.n; k++) fastest = fmax(fastest, r->rows.items[k].gflops);
  if (fastest <= 1.05 * r->roofline.peak_gflops) return CLGAN_OK;
  CLGAN_TRY(clgan_bench_device(cl, CLGAN_BENCH_PEAKS, rows, &n, &again, e));
  fprintf(
      r->table, "peak, measured again: %.1f GFLOP/s, %.1f GB/s%s\n", again.peak_gflops, again.peak_gbps,
      again.peak_gflops > 1.05 * r->roofline.peak_gflops ? ": other programs kept the device busy the first time" : "");
  r->roofline.peak_gflops = fmax(r->roofline.peak_gflops, again.peak_gflops);
  r->roofline.peak_gbps = fmax(r->roofline.peak_gbps, again.peak_gbps);
  clgan_bench_ops_share(r->rows.items + first, r->rows.n - first, &r->roofline);
  return CLGAN_OK;
}

static enum clgan_status measure_ops(const struct options *o, struct clgan_cl *cl, const struct clgan_model *m,
                                     struct results *r, struct clgan_error *e) {
  const struct clgan_bench_ops_options bench = {.model = m,
                                                .batch = o->batch_given ? (int)o->batch : CASE_BATCH,
                                                .pass = o->pass,
                                                .only = o->only,
                                                .quick = o->quick};
  struct clgan_bench_ops_summary found;
  size_t before = r->rows.n;
  CLGAN_TRY(clgan_bench_ops(cl, &bench, &r->roofline, &r->rows, &found, e));
  CLGAN_TRY(check_peak(cl, r, before, e));
  clgan_bench_print_ops(&bench, r->rows.items + before, r->rows.n - before, &found, r->table);
  clgan_programs_save(cl);
  r->step_s = found.whole_step ? found.step_s : 0;
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

/* A case that fails leaves its error in its row; the others are measured, and the first error is returned. */
static enum clgan_status measure_training(const struct options *o, struct clgan_cl *cl, struct clgan_model **models,
                                          size_t n, struct results *r, struct clgan_error *e) {
  struct clgan_bench_train_options bench = {
      .warm_up = o->quick ? QUICK_WARM_UP : WARM_UP, .steps = o->quick ? QUICK_STEPS : STEPS, .profile = o->profile, .micro = (int)o->micro};
  enum clgan_status first = CLGAN_OK;
  if (o->steps_given) bench.steps = (int)o->steps;
  for (size_t i = 0; i < n; i++) {
    struct clgan_error own = {0};
    struct clgan_bench_row *row = clgan_bench_add(&r->rows);
    enum clgan_status s = clgan_bench_train(cl, models[i], &bench, row, &own);
    if (r->roofline.peak_gflops > 0) row->share = row->gflops / r->roofline.peak_gflops;
    if (s != CLGAN_OK) {
      clgan_bench_fail(row, &own);
      if (first == CLGAN_OK) first = clgan_error_set(e, s, "%s: %s", row->name, own.text);
      if (n == 1) continue; /* the error itself is printed */
    }
    clgan_bench_print_row(row, r->table);
    if (s == CLGAN_OK && r->step_s > 0)
      fprintf(r->table, "the operations of a step, each alone, sum up to %.2f ms: %.0f %% of the step\n",
              r->step_s * 1e3, 100 * r->step_s / row->time.median);
  }
  return first;
}

/* What failed does not keep the rest from being measured; the first error counts. */
static enum clgan_status measure(const struct options *o, struct clgan_cl *cl, struct clgan_model **models, size_t n,
                                 struct results *r, struct clgan_error *e) {
  if (o->devices || o->ops) CLGAN_TRY(measure_device(o, cl, o->devices, r, e));
  enum clgan_status s = CLGAN_OK, t = CLGAN_OK;
  if (o->ops) s = measure_ops(o, cl, o->model ? models[0] : NULL, r, e);
  if (s != CLGAN_OK && s != CLGAN_ERR_NUMERIC && s != CLGAN_ERR_DEVICE) return s;
  if (o->train) t = measure_training(o, cl, models, n, r, e);
  return s != CLGAN_OK ? s : t;
}

static enum clgan_status bench(const struct options *o, struct clgan_session *device, struct clgan_model **models,
                               struct clgan_error *e) {
  static const char *const all[] = {"digits", "faces64", "bigan-mlp"};
  const struct clgan_cl_options cl_options = {.profiling = o->profile};
  struct results r = {.table = o->files.json && !*o->files.json ? stderr : stdout};
  size_t n = o->model ? o->ops || o->train : o->train ? sizeof all / sizeof all[0] : 0;
  for (size_t i = 0; i < n; i++) CLGAN_TRY(load(o, o->model ? o->model : all[i], &models[i], e));
  CLGAN_TRY(clgan_bench_files_check(&o->files, e));
  CLGAN_TRY(clgan_session_choose(device, o->device, e));
  CLGAN_TRY(clgan_session_open(device, &cl_options, e));
  if (o->no_tuning) clgan_tuning_set(device->cl, NULL, NULL);
  for (size_t i = 0; i < n && !o->no_tuning; i++)
    clgan_tune_first(device->cl, models[i], o->micro ? (int)o->micro : models[i]->settings.batch, o->tune_seconds);
  enum clgan_status s = measure(o, device->cl, models, n, &r, e);
  struct clgan_error own = {0};
  if (clgan_bench_files_any(&o->files) && r.rows.n &&
      write_files(o, clgan_cl_info(device->cl), r.rows.items, r.rows.n, &own) != CLGAN_OK && s == CLGAN_OK)
    s = clgan_error_set(e, own.status, "%s", own.text);
  clgan_bench_rows_free(&r.rows);
  return s;
}

static enum clgan_status check_filter(const struct options *o, struct clgan_error *e) {
  static const char *const passes[] = {"forward", "data", "weights", "update"};
  bool known = !o->pass;
  if ((o->pass || o->only) && !o->ops)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--%s picks operations: clgan bench ops", o->pass ? "pass" : "only");
  for (size_t k = 0; k < sizeof passes / sizeof passes[0] && !known; k++) known = !strcmp(o->pass, passes[k]);
  if (known) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_USAGE, "--pass %.80s: one of forward, data, weights, update", o->pass);
}

/* Options that measure mean nothing to a comparison, and the other way round. */
static enum clgan_status check_compare(const struct options *o, struct clgan_error *e) {
  if (o->compare &&
      (o->model || o->device || o->files.json || o->files.csv || o->pass || o->only || o->base_given || o->batch_given ||
       o->steps_given || o->quick || o->profile || o->no_tuning))
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "compare reads files and measures nothing: it takes --html, --fail-if-slower, --changed and "
                           "--check alone");
  if (!o->compare && (o->comparing.check || o->comparing.changed || o->comparing.slower >= 0))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--check, --changed and --fail-if-slower are for files: clgan bench compare A.json");
  return CLGAN_OK;
}

/* What to measure: the operand. */
static enum clgan_status choose(struct options *o, const struct clgan_args *a, struct clgan_error *e) {
  static const char *const known[] = {"devices", "ops", "train", "all", "compare", NULL};
  const char *word = a->n_operands ? a->operands[0] : "all";
  o->compare = !strcmp(word, "compare");
  CLGAN_TRY(check_compare(o, e));
  o->comparing.html = o->files.html;
  if (o->compare) return CLGAN_OK;
  o->devices = !strcmp(word, "devices") || !strcmp(word, "all");
  o->ops = !strcmp(word, "ops") || !strcmp(word, "all");
  o->train = !strcmp(word, "train") || !strcmp(word, "all");
  if ((o->devices || o->ops || o->train) && a->n_operands <= 1) return check_filter(o, e);
  const char *extra = o->devices || o->ops || o->train ? a->operands[1] : word;
  const char *near = a->n_operands == 1 ? clgan_words_nearest(extra, known) : NULL;
  if (near) return clgan_error_set(e, CLGAN_ERR_USAGE, "'%.80s': did you mean %s?", extra, near);
  return clgan_error_set(e, CLGAN_ERR_USAGE, "'%.80s': what can be measured is one of devices, ops, train, all; or compare files", extra);
}

static enum clgan_status parse(struct options *o, struct clgan_args *args, int argc, char **argv,
                               struct clgan_error *e) {
  const struct clgan_option options[] = {
      CLGAN_WORD("model", 'm', &o->model, "M", "digits, faces64, bigan-mlp or a file (default: those three)"),
      CLGAN_WHOLE("base", 0, &o->base, &o->base_given, 1, 4096, "width of the nets (default: the model's)"),
      CLGAN_WHOLE("batch", 'b', &o->batch, &o->batch_given, 1, 65536,
                  "images a step (default: the model's; 64 for the case table)"),
      CLGAN_WHOLE("micro-batch", 0, &o->micro, NULL, 1, 65536, "train: images at a time, gradients summed up (default: the batch)"),
      CLGAN_WORD("device", 'd', &o->device, "D", CLGAN_DEVICE_HELP),
      CLGAN_WHOLE("steps", 0, &o->steps, &o->steps_given, 1, 100000, "steps timed (default 20, with --quick 7)"),
      CLGAN_WORD("pass", 0, &o->pass, "P", "ops: only forward, data (gradient), weights (gradient) or update"),
      CLGAN_WORD("only", 0, &o->only, "TEXT", "ops: only operations whose name holds TEXT"),
      CLGAN_FLAG("no-tuning", 0, &o->no_tuning, "kernels by clgan's own rules, not by what `clgan tune` found"),
      CLGAN_REAL("tune-seconds", &o->tune_seconds, 0, 86400,
                 "a search for faster kernels before (default: by the device 5 or none; 0: none)"),
      CLGAN_FLAG("quick", 0, &o->quick, "shorter runs, fewer of them, wider intervals"),
      CLGAN_FLAG("profile", 0, &o->profile, "also the time of each launch of a step, on stderr"),
      CLGAN_JSON(&o->files.json, "results as JSON to F, or to standard output"),
      CLGAN_WORD("csv", 0, &o->files.csv, "F", "results as comma-separated values"),
      CLGAN_WORD("html", 0, &o->files.html, "F", "results, or the comparison, as a page: roofline, bars, tables"),
      CLGAN_REAL("fail-if-slower", &o->comparing.slower, 0, 1000,
                 "compare: exit status 1 where a case takes more than X percent longer, outside the noise"),
      CLGAN_FLAG("changed", 0, &o->comparing.changed, "compare: leave out of the table what is equal"),
      CLGAN_FLAG("check", 0, &o->comparing.check, "compare: say what is missing or cannot be true in the files"),
  };
  const struct clgan_usage usage = {
      .name = "bench",
      .options = options,
      .n_options = sizeof options / sizeof options[0],
      .operands = true,
      .synopsis = "[devices|ops|train|all] [--model M] [OPTION]...\n"
                  "compare A.json [B.json]... [--html F] [--fail-if-slower X] [--changed] [--check]",
      .about =
          "devices: what the device can do at most: launches, transfers, bandwidth, multiply-adds by vector width.\n"
          "ops: every operation alone, forward and both gradients: time, GFLOP/s, GB/s, share of what the roofline\n"
          "min(peak, intensity x bandwidth) allows, kernels; a result that differs from double precision is shown as "
          "WRONG\n"
          "and not timed. With --model the operations of its step, without it the layers of the case table.\n"
          "train: times the training step on random images: after a warm-up the median of steps that are each waited "
          "for,\nthe half-width of its 95 % interval, images/s, and GFLOP/s of the convolutions and linear layers.\n"
          "all (the default): these three, and the step's share of the peak.\n"
          "compare: files of results beside the first one: how many times as fast, within which bounds; a difference "
          "inside\nthe noise is called equal.",
      .examples =
          "  clgan bench\n  clgan bench devices --device gpu\n"
          "  clgan bench ops --model faces64\n  clgan bench ops --only 'wide 64-128' --pass data\n"
          "  clgan bench train --model digits --batch 128 --json results.json\n"
          "  clgan bench compare old.json new.json --changed --fail-if-slower 5\n"
          "  clgan bench compare theirs.json mine.json --html speeds.html\n"};
  return clgan_args_parse(args, &usage, argc, argv, e);
}

int clgan_command_bench(int argc, char **argv) {
  struct options o = {.tune_seconds = -1, .comparing.slower = -1};
  struct clgan_args args = {0};
  struct clgan_session device = {0};
  struct clgan_model *models[MODELS_MAX] = {0};
  struct clgan_error e = {0};
  enum clgan_status status = parse(&o, &args, argc, argv, &e);
  if (status == CLGAN_OK && !args.helped) {
    status = choose(&o, &args, &e);
    if (status == CLGAN_OK)
      status = o.compare ? clgan_bench_compare(&o.comparing, args.operands + 1, args.n_operands - 1, &e)
                         : bench(&o, &device, models, &e);
  }
  for (size_t i = 0; i < MODELS_MAX; i++) clgan_model_destroy(models[i]);
  clgan_session_close(&device);
  clgan_args_free(&args);
  return clgan_command_finish("bench", status, &e);
}
