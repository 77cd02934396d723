/* bench.c: `clgan bench`. SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/words.h"
#include "bench/device.h"
#include "bench/train.h"
#include "cmd/args.h"
#include "cmd/command.h"
#include "cmd/session.h"

enum { MODELS_MAX = 8, WARM_UP = 5, STEPS = 20, QUICK_WARM_UP = 2, QUICK_STEPS = 7 };

struct options {
  const char *model, *device, *json;
  uint64_t base, batch, steps;
  bool base_given, batch_given, steps_given, quick, profile, devices, train;
};

static enum clgan_status load(const struct options *o, const char *name, struct clgan_model **m,
                              struct clgan_error *e) {
  char batch[32];
  const char *sets[1] = {batch};
  snprintf(batch, sizeof batch, "batch=%" PRIu64, o->batch);
  return clgan_model_load(name, o->base_given ? (int)o->base : 0, sets, o->batch_given ? 1 : 0, m, e);
}

/* Seconds in a unit that shows them. */
static const char *seconds_text(double s, char out[24]) {
  const double scale = s < 1e-3 ? 1e6 : s < 1 ? 1e3 : 1;
  (void)snprintf(out, 24, "%9.2f %s", s * scale, s < 1e-3 ? "us" : s < 1 ? "ms" : "s ");
  return out;
}

/* A table for people; on stderr where standard output is the JSON's. */
static void print_row(const struct clgan_bench_row *r, FILE *to) {
  char time[24];
  fprintf(to, "%-34s ", r->name);
  if (!r->time.runs) {
    fprintf(to, "failed: %s\n", r->error);
    return;
  }
  fprintf(to, "%s +-%5.1f %%", seconds_text(r->time.median, time), r->time.spread * 100);
  if (r->images_per_s > 0) fprintf(to, "  %9.1f images/s", r->images_per_s);
  if (r->gflops > 0) fprintf(to, "  %8.1f GFLOP/s", r->gflops);
  if (r->gbps > 0) fprintf(to, "  %8.2f GB/s", r->gbps);
  if (r->share > 0) fprintf(to, "  %3.0f %% of the peak", r->share * 100);
  if (r->pipelined_s > 0) fprintf(to, "  (%.2f ms pipelined)", r->pipelined_s * 1e3);
  if (!strncmp(r->name, "device/", 7)) fprintf(to, "  %s%s%s", r->phase, r->variant[0] ? ", " : "", r->variant);
  fputc('\n', to);
  fflush(to);
}

static enum clgan_status write_json(const struct options *o, const struct clgan_device_info *d,
                                    const struct clgan_bench_row *rows, size_t n, struct clgan_error *e) {
  char *text = NULL;
  enum clgan_status s = CLGAN_OK;
  CLGAN_TRY(clgan_bench_result(d, rows, n, &text, e));
  if (*o->json)
    s = clgan_file_write(o->json, text, strlen(text), e);
  else
    fputs(text, stdout);
  clgan_mem_free(text);
  return s;
}

/* Results as they grow. */
struct results {
  struct clgan_bench_row rows[MODELS_MAX + CLGAN_BENCH_DEVICE_ROWS];
  size_t n;
  struct clgan_roofline roofline; /* zeros: not measured */
  FILE *table;
};

static enum clgan_status measure_device(const struct options *o, struct clgan_cl *cl, struct results *r,
                                        struct clgan_error *e) {
  size_t n = 0;
  enum clgan_status s = clgan_bench_device(cl, o->quick, r->rows + r->n, &n, &r->roofline, e);
  for (size_t i = 0; i < n; i++) print_row(&r->rows[r->n + i], r->table);
  r->n += n;
  if (s == CLGAN_OK)
    fprintf(r->table, "peak: %.1f GFLOP/s, %.1f GB/s; a launch takes %.1f us\n", r->roofline.peak_gflops,
            r->roofline.peak_gbps, r->roofline.launch_s * 1e6);
  clgan_programs_save(cl);
  return s;
}

/* A case that fails leaves its error in its row; the others are measured, and the first error is returned. */
static enum clgan_status measure_training(const struct options *o, struct clgan_cl *cl, struct clgan_model **models,
                                          size_t n, struct results *r, struct clgan_error *e) {
  struct clgan_bench_train_options bench = {
      .warm_up = o->quick ? QUICK_WARM_UP : WARM_UP, .steps = o->quick ? QUICK_STEPS : STEPS, .profile = o->profile};
  enum clgan_status first = CLGAN_OK;
  if (o->steps_given) bench.steps = (int)o->steps;
  for (size_t i = 0; i < n; i++) {
    struct clgan_error own = {0};
    struct clgan_bench_row *row = &r->rows[r->n++];
    enum clgan_status s = clgan_bench_train(cl, models[i], &bench, row, &own);
    if (r->roofline.peak_gflops > 0) row->share = row->gflops / r->roofline.peak_gflops;
    if (s != CLGAN_OK) {
      snprintf(row->error, sizeof row->error, "%.*s", (int)strcspn(own.text, "\n"), own.text);
      if (first == CLGAN_OK) first = clgan_error_set(e, s, "%s: %s", row->name, own.text);
      if (n == 1) continue; /* the error itself is printed */
    }
    print_row(row, r->table);
  }
  return first;
}

static enum clgan_status bench(const struct options *o, struct clgan_session *device, struct clgan_model **models,
                               struct clgan_error *e) {
  static const char *const all[] = {"digits", "faces64", "bigan-mlp"};
  const struct clgan_cl_options cl_options = {.profiling = o->profile};
  struct results r = {.table = o->json && !*o->json ? stderr : stdout};
  size_t n = !o->train ? 0 : o->model ? 1 : sizeof all / sizeof all[0];
  for (size_t i = 0; i < n; i++) CLGAN_TRY(load(o, o->model ? o->model : all[i], &models[i], e));
  if (o->json && *o->json) CLGAN_TRY(clgan_file_check_writable(o->json, e));
  CLGAN_TRY(clgan_session_choose(device, o->device, e));
  CLGAN_TRY(clgan_session_open(device, &cl_options, e));
  enum clgan_status s = CLGAN_OK;
  if (o->devices) s = measure_device(o, device->cl, &r, e);
  if (s == CLGAN_OK) s = measure_training(o, device->cl, models, n, &r, e);
  struct clgan_error own = {0};
  if (o->json && write_json(o, clgan_cl_info(device->cl), r.rows, r.n, &own) != CLGAN_OK && s == CLGAN_OK)
    s = clgan_error_set(e, own.status, "%s", own.text);
  return s;
}

/* What to measure: the operand. */
static enum clgan_status choose(struct options *o, const struct clgan_args *a, struct clgan_error *e) {
  static const char *const known[] = {"devices", "train", "all", NULL};
  const char *word = a->n_operands ? a->operands[0] : "all";
  o->devices = !strcmp(word, "devices") || !strcmp(word, "all");
  o->train = !strcmp(word, "train") || !strcmp(word, "all");
  if ((o->devices || o->train) && a->n_operands <= 1) return CLGAN_OK;
  const char *extra = o->devices || o->train ? a->operands[1] : word;
  const char *near = a->n_operands == 1 ? clgan_words_nearest(extra, known) : NULL;
  if (near) return clgan_error_set(e, CLGAN_ERR_USAGE, "'%.80s': did you mean %s?", extra, near);
  return clgan_error_set(e, CLGAN_ERR_USAGE, "'%.80s': what can be measured is one of devices, train, all", extra);
}

static enum clgan_status parse(struct options *o, struct clgan_args *args, int argc, char **argv,
                               struct clgan_error *e) {
  const struct clgan_option options[] = {
      CLGAN_WORD("model", 'm', &o->model, "M", "digits, faces64, bigan-mlp or a file (default: those three)"),
      CLGAN_WHOLE("base", 0, &o->base, &o->base_given, 1, 4096, "width of the nets (default: the model's)"),
      CLGAN_WHOLE("batch", 'b', &o->batch, &o->batch_given, 1, 65536, "images a step (default: the model's)"),
      CLGAN_WORD("device", 'd', &o->device, "D", CLGAN_DEVICE_HELP),
      CLGAN_WHOLE("steps", 0, &o->steps, &o->steps_given, 1, 100000, "steps timed (default 20, with --quick 7)"),
      CLGAN_FLAG("quick", 0, &o->quick, "fewer steps, a wider interval"),
      CLGAN_FLAG("profile", 0, &o->profile, "also the time of each launch of a step, on stderr"),
      {.name = "json",
       .kind = CLGAN_OPTION_MAYBE,
       .out = &o->json,
       .argument = "F",
       .help = "results as JSON to F, or to standard output"},
  };
  const struct clgan_usage usage = {
      .name = "bench",
      .options = options,
      .n_options = sizeof options / sizeof options[0],
      .operands = true,
      .synopsis = "[devices|train|all] [--model M] [OPTION]...",
      .about =
          "devices: what the device can do at most: launches, transfers, bandwidth, multiply-adds by vector width.\n"
          "train: times the training step on random images: after a warm-up the median of steps that are each waited "
          "for,\nthe half-width of its 95 % interval, images/s, and GFLOP/s of the convolutions and linear layers.\n"
          "all (the default): both, and the step's share of the peak.",
      .examples = "  clgan bench\n  clgan bench devices --device gpu\n"
                  "  clgan bench train --model digits --batch 128 --json results.json\n"};
  return clgan_args_parse(args, &usage, argc, argv, e);
}

int clgan_command_bench(int argc, char **argv) {
  struct options o = {0};
  struct clgan_args args = {0};
  struct clgan_session device = {0};
  struct clgan_model *models[MODELS_MAX] = {0};
  struct clgan_error e = {0};
  enum clgan_status status = parse(&o, &args, argc, argv, &e);
  if (status == CLGAN_OK && !args.helped) {
    status = choose(&o, &args, &e);
    if (status == CLGAN_OK) status = bench(&o, &device, models, &e);
  }
  for (size_t i = 0; i < MODELS_MAX; i++) clgan_model_destroy(models[i]);
  clgan_session_close(&device);
  clgan_args_free(&args);
  return clgan_command_finish("bench", status, &e);
}
