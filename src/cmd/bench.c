/* bench.c: `clgan bench`. SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "cmd/bench.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/words.h"
#include "bench/power.h"
#include "bench/tune.h"
#include "cl/blast.h"
#include "cmd/args.h"
#include "cmd/command.h"
#include "cmd/condition.h"
#include "cmd/device_process.h"
#include "tune/store.h"

#define BUDGET_S 540
#define QUICK_BUDGET_S 45

static volatile sig_atomic_t stopped;

static void on_signal(int number) {
  (void)number;
  stopped = 1;
}

bool clgan_bench_stopped(void) {
  return stopped;
}

/* The first one ends the benchmark between two cases; the second, whose handler is the default again, the process. */
static void catch_signals(void) {
  const struct sigaction now = {.sa_handler = on_signal, .sa_flags = SA_RESTART | (int)SA_RESETHAND};
  sigaction(SIGINT, &now, NULL);
  sigaction(SIGTERM, &now, NULL);
}

/* What is being measured, to the process that reads. */
static void say_at(const char *name) {
  clgan_device_process_say("at", cJSON_CreateString(name));
}

/* A search for kernels before, where none was made yet and the device is worth it. */
static void tune_first(const struct clgan_bench_command *o, struct clgan_cl *cl) {
  for (size_t k = 0; k < o->n_models && !o->no_tuning && (o->ops || o->train || o->use); k++) {
    struct clgan_model *m = NULL;
    struct clgan_error ignored = {0}; /* it was loaded before */
    if (clgan_bench_load(o, o->models[k], o->n_batches ? o->batches[0] : 0, &m, &ignored) != CLGAN_OK) continue;
    if (o->stream) say_at("search for kernels");
    clgan_tune_first(cl, m, o->micro ? (int)o->micro : m->settings.batch, o->tune_seconds);
    clgan_model_destroy(m);
  }
}

static enum clgan_status measure_one(const struct clgan_bench_command *o, struct clgan_session *device, cJSON *root,
                                     FILE *table, struct clgan_error *e) {
  const struct clgan_cl_options options = {0};
  struct clgan_bench_results r = {
      .table = table, .pace = {.quick = o->quick, .stopped = clgan_bench_stopped, .at = o->stream ? say_at : NULL}};
  CLGAN_TRY(clgan_session_choose(device, o->device, e));
  CLGAN_TRY(clgan_session_open(device, &options, e));
  if (o->no_tuning || o->first) clgan_tuning_set(device->cl, NULL, NULL);
  if (o->first) return clgan_bench_first(o, device, e);
  char *words = NULL;
  size_t size = 0;
  if (o->stream) r.table = open_memstream(&words, &size);
  if (!r.table) return clgan_error_set(e, CLGAN_ERR_MEMORY, "not enough memory for a table");
  tune_first(o, device->cl);
  catch_signals();
  struct clgan_conditions conditions;
  clgan_conditions_begin(&conditions);
  enum clgan_status s = clgan_bench_run(o, device, &r, e);
  cJSON *found = clgan_conditions_end(&conditions, &r.pace), *rows = cJSON_AddArrayToObject(root, "rows"), *w;
  const cJSON *warnings = cJSON_GetObjectItemCaseSensitive(found, "warnings");
  cJSON_ArrayForEach(w, warnings) fprintf(r.table, "warning: %s\n", cJSON_GetStringValue(w));
  for (size_t k = 0; k < r.rows.n; k++) cJSON_AddItemToArray(rows, clgan_bench_result_row(&r.rows.items[k]));
  clgan_result_device(root, clgan_cl_info(device->cl));
  if (o->stream) {
    (void)fclose(r.table);
    clgan_device_process_say("text", cJSON_CreateString(words));
    free(words);
    if (s != CLGAN_OK) clgan_device_process_say("error", cJSON_CreateString(e->text));
    clgan_device_process_say("conditions", cJSON_Duplicate(found, true));
  }
  cJSON_AddItemToObject(root, "conditions", found);
  clgan_bench_results_free(&r);
  return s;
}

/* What can be said before a device is opened: do the models exist? */
static enum clgan_status check_models(const struct clgan_bench_command *o, struct clgan_error *e) {
  for (size_t k = 0; k < o->n_models; k++) {
    struct clgan_model *m = NULL;
    CLGAN_TRY(clgan_bench_load(o, o->models[k], o->n_batches ? o->batches[0] : 0, &m, e));
    clgan_model_destroy(m);
  }
  return CLGAN_OK;
}

static void add_words(cJSON *root, int argc, char **argv) {
  cJSON *words = cJSON_AddArrayToObject(root, "options");
  for (int k = 1; k < argc; k++) cJSON_AddItemToArray(words, cJSON_CreateString(argv[k]));
}

static enum clgan_status bench(const struct clgan_bench_command *o, struct clgan_session *device, cJSON *root,
                               struct clgan_error *e) {
  FILE *table = o->files.json && !*o->files.json ? stderr : stdout;
  CLGAN_TRY(check_models(o, e));
  CLGAN_TRY(clgan_bench_files_check(&o->files, e));
  bool all = o->device && !strcmp(o->device, "all");
  if (all) catch_signals();
  enum clgan_status s = all ? clgan_bench_all(o, root, table, e) : measure_one(o, device, root, table, e);
  struct clgan_error own = {0};
  if (!clgan_bench_files_any(&o->files) || cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(root, "rows")) == 0) return s;
  char *text = cJSON_Print(root);
  if (clgan_bench_files_write(&o->files, text, &own) != CLGAN_OK && s == CLGAN_OK)
    s = clgan_error_set(e, own.status, "%s", own.text);
  free(text);
  return s;
}

static enum clgan_status check_filter(const struct clgan_bench_command *o, struct clgan_error *e) {
  static const char *const passes[] = {"forward", "data", "weights", "update"};
  bool known = !o->pass;
  if ((o->pass || o->only) && !o->ops)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--%s picks operations: clgan bench ops", o->pass ? "pass" : "only");
  for (size_t k = 0; k < sizeof passes / sizeof passes[0] && !known; k++) known = !strcmp(o->pass, passes[k]);
  if (known) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_USAGE, "--pass %.80s: one of forward, data, weights, update", o->pass);
}

/* Words separated by commas: sets of the case table. */
static enum clgan_status choose_cases(struct clgan_bench_command *o, struct clgan_error *e) {
  static const struct {
    const char *word;
    unsigned set;
  } known[] = {{"wide", CLGAN_BENCH_WIDE},
               {"models", CLGAN_BENCH_MODELS},
               {"deepbench", CLGAN_BENCH_DEEPBENCH},
               {"all", CLGAN_BENCH_WIDE | CLGAN_BENCH_MODELS | CLGAN_BENCH_DEEPBENCH}};
  const char *at = o->cases ? o->cases : o->full ? "all" : "wide,models";
  for (size_t n; *at; at += n + (at[n] == ',')) {
    unsigned found = 0;
    n = strcspn(at, ",");
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
      if (strlen(known[k].word) == n && !strncmp(known[k].word, at, n)) found = known[k].set;
    o->sets |= found;
    if (!found)
      return clgan_error_set(e, CLGAN_ERR_USAGE, "--cases %.80s: words of wide, models, deepbench, all, with commas", o->cases);
  }
  if (o->cases && (!o->ops || o->model))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--cases picks layers of the case table: clgan bench ops, without --model");
  return CLGAN_OK;
}

static enum clgan_status choose_clblast(struct clgan_bench_command *o, struct clgan_error *e) {
  o->blast = !o->quick && clgan_blast_available();
  if (!o->clblast) return CLGAN_OK;
  o->blast = !strcmp(o->clblast, "on");
  if (!o->blast && strcmp(o->clblast, "off") != 0)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--clblast %.40s: on or off", o->clblast);
  if (o->blast && !clgan_blast_available())
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--clblast on: this clgan was built without CLBlast (Debian: libclblast-dev)");
  return CLGAN_OK;
}

static enum clgan_status choose_batches(struct clgan_bench_command *o, struct clgan_error *e) {
  double list[CLGAN_LIST_MAX];
  const char *text = o->batch ? o->batch : o->full ? "1,16,64,256" : NULL;
  size_t n = 0;
  if (text) CLGAN_TRY(clgan_list_parse("batch", text, true, 0, 1, 65536, list, &n, e));
  if (n > CLGAN_BENCH_BATCHES)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--batch %.80s: %d at most", text, CLGAN_BENCH_BATCHES);
  for (size_t k = 0; k < n; k++) o->batches[k] = (int)list[k];
  o->n_batches = n;
  return CLGAN_OK;
}

static void choose_models(struct clgan_bench_command *o) {
  static const char *const all[CLGAN_BENCH_MODELS_MAX] = {"digits", "faces64", "bigan-mlp"};
  if (o->model && (o->ops || o->train || o->use || o->start || o->first)) o->models[o->n_models++] = o->model;
  if (!o->model && (o->train || o->use || o->start)) {
    memcpy(o->models, all, sizeof all);
    o->n_models = CLGAN_BENCH_MODELS_MAX;
  }
}

/* Options that measure mean nothing to a comparison, and the other way round. */
static enum clgan_status check_compare(const struct clgan_bench_command *o, struct clgan_error *e) {
  if (o->compare && (o->model || o->device || o->files.json || o->files.csv || o->pass || o->only || o->base_given ||
                     o->batch || o->cases || o->steps_given || o->quick || o->full || o->profile || o->no_tuning))
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "compare reads files and measures nothing: it takes --html, --fail-if-slower, --changed and "
                           "--check alone");
  if (!o->compare && (o->comparing.check || o->comparing.changed || o->comparing.slower >= 0))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--check, --changed and --fail-if-slower are for files: clgan bench compare A.json");
  return CLGAN_OK;
}

/* What to measure: the operand. */
static enum clgan_status choose_parts(struct clgan_bench_command *o, const struct clgan_args *a, struct clgan_error *e) {
  static const char *const known[] = {"devices", "ops", "train", "use", "start", "all", "compare", NULL};
  const char *word = a->n_operands ? a->operands[0] : "all";
  const bool all = !strcmp(word, "all");
  o->devices = all || !strcmp(word, "devices");
  o->ops = all || !strcmp(word, "ops");
  o->train = all || !strcmp(word, "train");
  o->use = all || !strcmp(word, "use");
  o->start = (all && !o->quick) || !strcmp(word, "start");
  o->first = o->stream && !strcmp(word, "first");
  const bool good = o->devices || o->ops || o->train || o->use || o->start || o->first;
  if (good && a->n_operands <= 1) return CLGAN_OK;
  const char *extra = good ? a->operands[1] : word;
  const char *near = a->n_operands == 1 ? clgan_words_nearest(extra, known) : NULL;
  if (near) return clgan_error_set(e, CLGAN_ERR_USAGE, "'%.80s': did you mean %s?", extra, near);
  return clgan_error_set(e, CLGAN_ERR_USAGE, "'%.80s': what can be measured is one of devices, ops, train, use, start, all; or compare files",
                         extra);
}

static enum clgan_status choose(struct clgan_bench_command *o, const struct clgan_args *a, struct clgan_error *e) {
  o->compare = a->n_operands && !strcmp(a->operands[0], "compare");
  CLGAN_TRY(check_compare(o, e));
  o->comparing.html = o->files.html;
  if (o->compare) return CLGAN_OK;
  CLGAN_TRY(choose_parts(o, a, e));
  CLGAN_TRY(check_filter(o, e));
  CLGAN_TRY(choose_cases(o, e));
  CLGAN_TRY(choose_clblast(o, e));
  CLGAN_TRY(choose_batches(o, e));
  choose_models(o);
  if (o->precision && (!o->train || o->ops))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--precision is of training steps: clgan bench train");
  if (o->profile && o->device && !strcmp(o->device, "all"))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--profile: of one device at a time");
  if (!o->budget_given) o->budget = o->full ? 0 : o->quick ? QUICK_BUDGET_S : BUDGET_S;
  return CLGAN_OK;
}

static enum clgan_status parse(struct clgan_bench_command *o, struct clgan_args *args, int argc, char **argv,
                               struct clgan_error *e) {
  const struct clgan_option options[] = {
      CLGAN_WORD("model", 'm', &o->model, "M", "digits, faces64, bigan-mlp or a file (default: those three)"),
      CLGAN_WHOLE("base", 0, &o->base, &o->base_given, 1, 4096, "width of the nets (default: the model's)"),
      CLGAN_WORD("batch", 'b', &o->batch, "LIST",
                 "images a step (default: the model's, train also 16; 64 for the case table)"),
      CLGAN_WHOLE("micro-batch", 0, &o->micro, NULL, 1, 65536, "train: images at a time, gradients summed up (default: the batch)"),
      CLGAN_WORD("precision", 0, &o->precision, "P", "train: fp32 (default), or fp16: half-precision storage, where the device has it"),
      CLGAN_WORD("device", 'd', &o->device, "D", "as for train; all: each device, in a process of its own"),
      CLGAN_WHOLE("steps", 0, &o->steps, &o->steps_given, 1, CLGAN_BENCH_RUNS_MAX,
                  "train: steps timed (default: until the interval is narrow)"),
      CLGAN_WORD("pass", 0, &o->pass, "P", "ops: only forward, data (gradient), weights (gradient) or update"),
      CLGAN_WORD("cases", 0, &o->cases, "SETS", "ops: of wide, models, deepbench, all (default wide,models)"),
      CLGAN_WORD("clblast", 0, &o->clblast, "on|off", "ops: CLBlast's figures beside (default on, with --quick off)"),
      CLGAN_WORD("only", 0, &o->only, "TEXT", "ops: only operations whose name holds TEXT, or one of several with commas between"),
      CLGAN_FLAG("no-tuning", 0, &o->no_tuning, "kernels by clgan's own rules, not by what `clgan tune` found"),
      CLGAN_REAL("tune-seconds", &o->tune_seconds, 0, 86400,
                 "a search for faster kernels before (default: by the device 5 or none; 0: none)"),
      CLGAN_FLAG("quick", 0, &o->quick, "shorter runs, fewer of them, wider intervals: under a minute"),
      CLGAN_FLAG("full", 0, &o->full, "every set of cases, batches of 1, 16, 64, 256, as long as it takes"),
      {.name = "budget", .kind = CLGAN_OPTION_REAL, .out = &o->budget, .argument = "SECONDS",
       .help = "nothing is begun after so long (default 540, --quick 45; 0: no limit)", .lo = 0, .hi = 1e6,
       .given = &o->budget_given},
      CLGAN_REAL("hang-timeout", &o->hang_timeout, 1, 86400, "--device all: seconds of silence that end a device (180)"),
      CLGAN_FLAG("profile", 0, &o->profile, "also the time of each launch of a step, on stderr"),
      CLGAN_FLAG("stream", 0, &o->stream, "as it goes, a JSON object a line: what --device all reads"),
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
      .synopsis = "[devices|ops|train|use|start|all] [--model M] [OPTION]...\n"
                  "compare A.json [B.json]... [--html F] [--fail-if-slower X] [--changed] [--check]",
      .about =
          "devices: what the device can do at most: launches, transfers, bandwidth, multiply-adds by vector width; "
          "compiling.\n"
          "ops: every operation alone, forward and both gradients: time, GFLOP/s, GB/s, share of what the roofline\n"
          "min(peak, intensity x bandwidth) allows, kernels; a result that differs from double precision is shown as "
          "WRONG\n"
          "and not timed. With --model the operations of its step, without it the layers of the case table.\n"
          "train: times the training step on random images: after a warm-up the median of steps that are each waited "
          "for,\nthe half-width of its 95 % interval, images/s, GFLOP/s of the convolutions and linear layers, and "
          "where its\ntime goes.\n"
          "use: generation and reconstruction of one image and of 1,000.\n"
          "start: time until a model's first step, with nothing compiled yet and with everything in the caches.\n"
          "all (the default): these (--quick without start), and the step's share of the peak.\n"
          "--device all: a device that crashes or hangs becomes a row that says so, and the exit status is 1.\n"
          "compare: files of results beside the first one: how many times as fast, within which bounds; a difference "
          "inside\nthe noise is called equal.",
      .examples =
          "  clgan bench\n  clgan bench devices --device gpu\n"
          "  clgan bench ops --model faces64\n  clgan bench ops --only 'wide 64-128' --pass data\n"
          "  clgan bench train --model digits --batch 1,16,128 --json results.json\n"
          "  clgan bench --quick --device all --json all.json\n"
          "  clgan bench compare old.json new.json --changed --fail-if-slower 5\n"
          "  clgan bench compare theirs.json mine.json --html speeds.html\n"};
  return clgan_args_parse(args, &usage, argc, argv, e);
}

int clgan_command_bench(int argc, char **argv) {
  struct clgan_bench_command o = {.hang_timeout = 180, .tune_seconds = -1, .comparing.slower = -1};
  struct clgan_args args = {0};
  struct clgan_session device = {0};
  struct clgan_error e = {0};
  enum clgan_status status = parse(&o, &args, argc, argv, &e);
  if (status == CLGAN_OK && !args.helped) {
    cJSON *root = clgan_bench_result_root();
    add_words(root, argc, argv);
    status = choose(&o, &args, &e);
    clgan_power_watch();
    if (status == CLGAN_OK)
      status = o.compare ? clgan_bench_compare(&o.comparing, args.operands + 1, args.n_operands - 1, &e)
                         : bench(&o, &device, root, &e);
    cJSON_Delete(root);
  }
  bool told = o.stream && status != CLGAN_OK && status != CLGAN_ERR_USAGE; /* to the process that reads the stream */
  clgan_session_close(&device);
  clgan_args_free(&args);
  return told ? CLGAN_EXIT_FAILED : clgan_command_finish("bench", status, &e);
}
