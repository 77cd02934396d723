/* train.c: `clgan train`. SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "bench/tune.h"
#include "cmd/args.h"
#include "cmd/command.h"
#include "cmd/session.h"
#include "model/checkpoint.h"
#include "train/loop.h"
#include "tune/store.h"

enum { BASE_MAX = 4096, BATCH_MAX = 65536 };

struct options {
  const char *model, *data, *device, *out, *resume, *on_oom, *precision;
  struct clgan_texts sets;
  uint64_t steps, images, base, batch, seed, checkpoint_every, sample_every, log_every, micro, memory;
  double epochs, minutes, tune_seconds; /* below 0: not given */
  bool base_given, batch_given, seed_given, no_tuning;
};

/* A run being put together. */
struct job {
  char *out, *checkpoint; /* the run's folder, and the checkpoint in it */
  char *from;             /* the checkpoint gone on from, or NULL */
  struct clgan_checkpoint *resumed; /* what is in it */
  struct clgan_model *model;
  struct clgan_dataset *data;
  struct clgan_trainer_options trainer_options;
  struct clgan_session device;
  struct clgan_trainer *trainer;
  struct clgan_folder folder; /* `out`, taken */
  uint64_t steps; /* the run's total; 0: no bound */
};

static void job_free(struct job *j) {
  clgan_trainer_destroy(j->trainer);
  clgan_session_close(&j->device);
  clgan_dataset_close(j->data);
  clgan_checkpoint_destroy(j->resumed);
  clgan_model_destroy(j->model);
  clgan_folder_leave(&j->folder);
  clgan_mem_free(j->out);
  clgan_mem_free(j->checkpoint);
  clgan_mem_free(j->from);
}

/* Every --set, with --base, --batch and --precision as sets of their own at the end. The caller frees the last ones' texts. */
struct sets {
  const char **items;
  size_t n;
  char *own[3];
};

static struct sets sets_of(const struct options *o) {
  struct sets s = {.items = clgan_mem_array(o->sets.n + 3, sizeof *s.items), .n = o->sets.n};
  for (size_t i = 0; i < s.n; i++) s.items[i] = o->sets.items[i];
  if (o->base_given) s.items[s.n++] = s.own[0] = clgan_mem_printf("base=%" PRIu64, o->base);
  if (o->batch_given) s.items[s.n++] = s.own[1] = clgan_mem_printf("batch=%" PRIu64, o->batch);
  if (o->precision) s.items[s.n++] = s.own[2] = clgan_mem_printf("precision=%s", o->precision);
  return s;
}

static void sets_free(struct sets *s) {
  for (int k = 0; k < 3; k++) clgan_mem_free(s->own[k]);
  clgan_mem_free(s->items);
}

/* -- a run gone on with: everything comes from its checkpoint; what is said again must be the same, or in another folder -- */

static bool has_line(const char *text, const char *line, size_t n) {
  for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
    if (strcspn(text, "\n") == n && strncmp(text, line, n) == 0) return true;
  return false;
}

/* The first line of an options text that another has not; empty: it has them all. */
static void missing_line(const char *of, const char *in, char *out, size_t size) {
  out[0] = 0;
  for (size_t n; *of && !out[0]; of += n + (of[n] == '\n')) {
    n = strcspn(of, "\n");
    if (!has_line(in, of, n)) snprintf(out, size, "%.*s", (int)n, of);
  }
}

/* The run's model with what is set now. Another folder makes it a branch, which may have other settings. */
static enum clgan_status model_of_resumed(const struct options *o, struct job *j, const struct clgan_checkpoint *c,
                                          struct clgan_error *e) {
  struct sets sets = sets_of(o);
  enum clgan_status s = clgan_checkpoint_model(c, j->from, sets.items, sets.n, &j->model, e);
  sets_free(&sets);
  if (s != CLGAN_OK) return s;
  char *now = clgan_model_options_text(j->model), had[96], asked[96];
  missing_line(c->options, now, had, sizeof had);
  missing_line(now, c->options, asked, sizeof asked);
  bool same = !strcmp(c->options, now);
  clgan_mem_free(now);
  if (same) return CLGAN_OK;
  if (o->out && !o->base_given && !o->batch_given) {
    clgan_log_info("%s goes on in %s with other settings: a branch", o->resume, o->out);
    return CLGAN_OK;
  }
  return clgan_error_set(e, CLGAN_ERR_USAGE,
                         "--resume %s: the run was begun %s %s: leave --base, --batch, --precision and --set out, or --set it with "
                         "another folder as --out",
                         o->resume, had[0] ? "with" : "without", had[0] ? had : asked);
}

static enum clgan_status check_said_again(const struct options *o, const struct job *j,
                                          const struct clgan_checkpoint *c, struct clgan_error *e) {
  struct clgan_model *said = NULL;
  if (o->seed_given && o->seed != c->seed)
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "--seed %" PRIu64 ": the run was begun with seed %" PRIu64
                           ", which cannot change: leave --seed out",
                           o->seed, c->seed);
  if (!o->model) return CLGAN_OK;
  CLGAN_TRY(clgan_model_load(o->model, 0, NULL, 0, &said, e));
  bool same = !strcmp(said->text, c->text);
  clgan_model_destroy(said);
  if (same) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_USAGE, "--model %s: %s is of another model (%s): leave --model out", o->model,
                         j->from, c->model);
}

static char *folder_of(const char *path) {
  const char *slash = strrchr(path, '/');
  if (!slash) return clgan_mem_strdup(".");
  return clgan_mem_printf("%.*s", slash == path ? 1 : (int)(slash - path), path);
}

static enum clgan_status read_checkpoint(const struct options *o, struct job *j, struct clgan_checkpoint **c,
                                         struct clgan_error *e) {
  j->from = clgan_run_checkpoint(o->resume);
  if (!clgan_file_exists(j->from))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--resume %s: there is no %s: give the folder of a run", o->resume,
                           j->from);
  if (!o->out) { /* taken before it is read: another training may be about to write */
    j->out = folder_of(j->from);
    CLGAN_TRY(clgan_folder_take(&j->folder, j->out, e));
  }
  CLGAN_TRY(clgan_checkpoint_load(j->from, c, e));
  CLGAN_TRY(model_of_resumed(o, j, *c, e));
  CLGAN_TRY(clgan_checkpoint_check(*c, j->model, CLGAN_CHECKPOINT_TRAIN, j->from, e));
  CLGAN_TRY(check_said_again(o, j, *c, e));
  j->trainer_options.seed = (*c)->seed;
  j->trainer_options.micro = clgan_trainer_micro_of(*c);
  return CLGAN_OK;
}

/* -- what is trained on what -- */
static enum clgan_status open_data(struct job *j, const char *path, struct clgan_error *e) {
  const struct clgan_dataset_want want = clgan_trainer_want(j->model);
  return clgan_dataset_open(path, &want, &j->data, e);
}

static enum clgan_status check_hash(const struct job *j, const struct clgan_checkpoint *c, struct clgan_error *e) {
  if (!c->data_hash || !strcmp(c->data_hash, clgan_dataset_hash(j->data))) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_USAGE, "--data %s: %s was trained on another data set: give that one",
                         j->data->name, j->from);
}

static enum clgan_status open_new(const struct options *o, struct job *j, struct clgan_error *e) {
  if (!o->model) {
    char *names = clgan_model_names();
    (void)clgan_error_set(e, CLGAN_ERR_USAGE, "--model is missing: %s, or a model's text file", names);
    clgan_mem_free(names);
    return CLGAN_ERR_USAGE;
  }
  struct sets sets = sets_of(o);
  enum clgan_status s = clgan_model_load(o->model, 0, sets.items, sets.n, &j->model, e);
  sets_free(&sets);
  if (s != CLGAN_OK) return s;
  j->trainer_options.seed = o->seed;
  return open_data(j, o->data ? o->data : "builtin", e);
}

static enum clgan_status open_resumed(const struct options *o, struct job *j, struct clgan_error *e) {
  enum clgan_status s = read_checkpoint(o, j, &j->resumed, e);
  const struct clgan_checkpoint *c = j->resumed;
  char *before = s == CLGAN_OK && !o->data ? clgan_checkpoint_extra(c, "data") : NULL;
  if (s == CLGAN_OK) s = open_data(j, o->data ? o->data : before ? before : "builtin", e);
  if (s == CLGAN_OK) s = check_hash(j, c, e);
  clgan_mem_free(before);
  return s;
}

/* The least of the bounds given, in steps of the whole run. */
static enum clgan_status bound_steps(const struct options *o, struct job *j, struct clgan_error *e) {
  uint32_t *items = NULL, count = 0;
  uint64_t batch = (uint64_t)j->trainer_options.batch;
  CLGAN_TRY(clgan_dataset_select(j->data, CLGAN_PART_TRAIN, (uint32_t)j->model->settings.holdout, &items, &count, e));
  clgan_mem_free(items);
  uint64_t bound[3] = {o->steps, (o->images + batch - 1) / batch, 0};
  if (o->epochs > 0) {
    double images = o->epochs * (double)count;
    bound[2] = (uint64_t)(images / (double)batch);
    if ((double)bound[2] * (double)batch < images) bound[2]++;
  }
  for (int k = 0; k < 3; k++)
    if (bound[k] && (!j->steps || bound[k] < j->steps)) j->steps = bound[k];
  return CLGAN_OK;
}

/* -- where it goes -- */
static enum clgan_status check_free(const struct options *o, const struct job *j, struct clgan_error *e) {
  if (!clgan_file_exists(j->checkpoint) || (j->from && !strcmp(j->from, j->checkpoint))) return CLGAN_OK;
  if (j->from && !o->out) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_USAGE,
                         "--out %s: holds a checkpoint already: go on with it by --resume %s, or give another folder",
                         j->out, j->out);
}

static enum clgan_status choose_out(const struct options *o, struct job *j, struct clgan_error *e) {
  if (!j->out) j->out = o->out ? clgan_mem_strdup(o->out) : clgan_mem_printf("run-%s", j->model->name);
  j->checkpoint = clgan_file_join(j->out, "checkpoint.safetensors");
  return check_free(o, j, e);
}

static enum clgan_status prepare_out(const struct options *o, struct job *j, struct clgan_error *e) {
  if (!j->folder.path) CLGAN_TRY(clgan_folder_take(&j->folder, j->out, e));
  CLGAN_TRY(check_free(o, j, e)); /* again, now that nobody else writes there */
  return clgan_file_check_writable(j->checkpoint, e);
}

/* -- training -- */
static void tell_plan(const struct options *o, const struct job *j) {
  uint64_t batch = (uint64_t)j->trainer_options.batch;
  struct clgan_text until = {0};
  if (j->steps) clgan_text_printf(&until, "until step %" PRIu64 " (%" PRIu64 " images)", j->steps, j->steps * batch);
  if (o->minutes > 0) clgan_text_printf(&until, "%s%g minutes", j->steps ? ", or for " : "for ", o->minutes);
  if (!until.s) clgan_text_printf(&until, "until Ctrl-C (--steps, --epochs, --images and --minutes set a bound)");
  char pieces[64] = "";
  int micro = clgan_trainer_micro(j->trainer);
  if (micro < j->trainer_options.batch)
    snprintf(pieces, sizeof pieces, " in %d micro-batches of %d", j->trainer_options.batch / micro, micro);
  clgan_log_info("training %s, base %d, batch %d%s, on %s (%" PRIu32 " training images), seed %" PRIu64 ", %s", j->model->name,
                 j->model->base, j->trainer_options.batch, pieces, j->data->name, clgan_trainer_items(j->trainer), j->trainer_options.seed,
                 until.s);
  clgan_text_free(&until);
  if (j->model->settings.precision == 16)
    clgan_log_info("precision fp16: large activations and gradients are kept in half precision; weights, sums and losses in single, "
                   "the gradients under a loss scale");
}

static void tell_facts(const struct job *j) {
  struct clgan_run_facts f = clgan_trainer_facts(j->trainer);
  struct clgan_cl_stats s = clgan_cl_statistics(j->device.cl);
  clgan_log_verbose("kernels: %u programs compiled, %u from the cache, %.2f s", s.programs_compiled, s.programs_loaded,
                    s.compile_seconds);
  clgan_log_verbose("tuning: %zu of %zu products tuned", f.tuned, f.products);
  clgan_log_verbose("a step: %zu launches, %.3f GFLOP in convolutions and linear layers", f.launches,
                    clgan_trainer_flops(j->trainer) * 1e-9);
  struct clgan_memory m = clgan_trainer_memory(j->trainer);
  const double mib = 1 << 20;
  clgan_log_verbose("memory planned: %.1f MiB: %.1f in arenas (%.3f of the most that is alive at once; %.1f without sharing), "
                    "%.1f of state, %.1f of inputs, %.1f for samples; allocated so far: %.1f",
                    (double)m.total / mib, (double)m.arenas / mib, (double)m.arenas / (double)m.peak,
                    (double)m.apart / mib, (double)m.state / mib, (double)m.inputs / mib, (double)m.later / mib,
                    (double)clgan_cl_allocated(j->device.cl) / mib);
  const struct clgan_net *nets = j->model->nets;
  bool norm = clgan_net_has_batchnorm(&nets[CLGAN_NET_G]) || clgan_net_has_batchnorm(&nets[CLGAN_NET_E]);
  if (norm && clgan_trainer_micro(j->trainer) < j->trainer_options.batch)
    clgan_log_info("batch norm takes its statistics from each micro-batch");
}

static enum clgan_status start(const struct options *o, struct job *j, struct clgan_error *e) {
  const struct clgan_cl_options plain = {0};
  CLGAN_TRY(prepare_out(o, j, e));
  CLGAN_TRY(clgan_session_open(&j->device, &plain, e));
  CLGAN_TRY(clgan_trainer_precision(j->device.cl, j->model, e));
  if (o->no_tuning)
    clgan_tuning_set(j->device.cl, NULL, NULL);
  else if (j->resumed)
    clgan_trainer_tune_as(j->device.cl, j->resumed, j->from);
  else
    clgan_tune_first(j->device.cl, j->model, j->trainer_options.micro ? j->trainer_options.micro : j->trainer_options.batch,
                     o->tune_seconds);
  clgan_checkpoint_destroy(j->resumed); /* large */
  j->resumed = NULL;
  CLGAN_TRY(clgan_trainer_create(j->device.cl, j->model, j->data, &j->trainer_options, &j->trainer, e));
  return j->from ? clgan_trainer_resume(j->trainer, j->from, e) : clgan_trainer_init(j->trainer, e);
}

static enum clgan_status train(const struct options *o, struct job *j, struct clgan_error *e) {
  struct clgan_loop_options loop = {.minutes = o->minutes,
                                    .checkpoint_every = o->checkpoint_every,
                                    .sample_every = o->sample_every,
                                    .log_every = o->log_every};
  double rate = 0;
  CLGAN_TRY(o->resume ? open_resumed(o, j, e) : open_new(o, j, e));
  j->trainer_options.batch = j->model->settings.batch;
  if (o->micro) j->trainer_options.micro = (int)o->micro;
  j->trainer_options.memory = o->memory;
  j->trainer_options.split = o->on_oom && !strcmp(o->on_oom, "split");
  CLGAN_TRY(bound_steps(o, j, e));
  CLGAN_TRY(choose_out(o, j, e));
  CLGAN_TRY(clgan_session_choose(&j->device, o->device, e));
  CLGAN_TRY(start(o, j, e));
  tell_plan(o, j);
  tell_facts(j);
  loop.out = j->out;
  loop.folder = &j->folder;
  loop.steps = j->steps;
  CLGAN_TRY(clgan_loop_run(j->trainer, j->model, &loop, &rate, e));
  clgan_log_info("step %" PRIu64 ", %.0f images/s: %s, log.jsonl and samples/ beside it",
                 clgan_trainer_steps(j->trainer), rate, j->checkpoint);
  return CLGAN_OK;
}

static enum clgan_status parse(struct options *o, struct clgan_args *args, int argc, char **argv,
                               struct clgan_error *e) {
  const uint64_t many = UINT64_C(1000000000000);
  const struct clgan_option options[] = {
      CLGAN_WORD("model", 'm', &o->model, "M", "digits, faces64, bigan-mlp, or a model's text file"),
      CLGAN_WORD("data", 0, &o->data, "PATH",
                 "a folder of MNIST files, a packed set, or builtin: digits or faces (default; on resume the run's)"),
      CLGAN_WORD("device", 'd', &o->device, "D", CLGAN_DEVICE_HELP),
      CLGAN_WHOLE("steps", 0, &o->steps, NULL, 1, many, "the run's total of steps, also on resume"),
      CLGAN_REAL("epochs", &o->epochs, 1e-6, 1e6, "the run's total, in passes over the data"),
      CLGAN_WHOLE("images", 0, &o->images, NULL, 1, many, "the run's total, in images"),
      CLGAN_REAL("minutes", &o->minutes, 1e-3, 1e6, "stop after so long"),
      CLGAN_WHOLE("batch", 'b', &o->batch, &o->batch_given, 1, BATCH_MAX, "images a step (default: the model's)"),
      CLGAN_WORD("precision", 0, &o->precision, "P",
                 "fp32 (default), or fp16: activations and gradients kept in half precision, sums in single, where the device has it"),
      CLGAN_WHOLE("base", 0, &o->base, &o->base_given, 1, BASE_MAX, "width of the nets (default: the model's)"),
      CLGAN_WHOLE("seed", 0, &o->seed, &o->seed_given, 0, UINT64_MAX, "of every random number (default 0)"),
      CLGAN_WORD("out", 'o', &o->out, "RUN", "folder to write (default run-<model>)"),
      CLGAN_WORD("resume", 'r', &o->resume, "RUN", "go on with the run in this folder; with another --out and --set: a branch"),
      {.name = "set",
       .letter = 's',
       .kind = CLGAN_OPTION_TEXTS,
       .out = &o->sets,
       .argument = "KEY=VALUE",
       .help = "a setting of the model, e.g. lr_g=1e-4 (repeatable)"},
      CLGAN_WHOLE("micro-batch", 0, &o->micro, NULL, 1, BATCH_MAX,
                  "images at a time, gradients summed up (default: the batch; on resume the run's)"),
      CLGAN_SIZE("memory", &o->memory, "device memory to use at most, e.g. 512M (default: the device's, less a tenth)"),
      CLGAN_WORD("on-oom", 0, &o->on_oom, "WHAT", "a batch that does not fit: refuse (default), or split into micro-batches"),
      CLGAN_FLAG("no-tuning", 0, &o->no_tuning, "kernels by clgan's own rules, not by what `clgan tune` found"),
      CLGAN_REAL("tune-seconds", &o->tune_seconds, 0, 86400,
                 "a new run's search for faster kernels (default: by the device 5 or none; 0: none)"),
      CLGAN_WHOLE("checkpoint-every", 0, &o->checkpoint_every, NULL, 1, many, "steps between checkpoints"),
      CLGAN_WHOLE("sample-every", 0, &o->sample_every, NULL, 1, many, "steps between sample sheets"),
      CLGAN_WHOLE("log-every", 0, &o->log_every, NULL, 1, many, "steps between lines of log.jsonl"),
  };
  const struct clgan_usage usage = {
      .name = "train",
      .options = options,
      .n_options = sizeof options / sizeof options[0],
      .synopsis = "--model M [--data PATH] [OPTION]...\n--resume RUN [OPTION]...",
      .about =
          "Trains a model. The run's folder gets checkpoint.safetensors, log.jsonl and samples/. Ctrl-C saves a "
          "checkpoint\n"
          "before it leaves; --resume goes on bit for bit as if the run had never stopped. The first bound reached "
          "ends it.",
      .examples =
          "  clgan train --model digits --base 16 --minutes 1\n"
          "  clgan train --model digits --data mnist --epochs 12 --out run-mnist\n"
          "  clgan train --model faces64 --base 8 --minutes 8\n"
          "  clgan train --resume run-mnist --epochs 24\n"};
  CLGAN_TRY(clgan_args_parse(args, &usage, argc, argv, e));
  if (!o->on_oom || !strcmp(o->on_oom, "split") || !strcmp(o->on_oom, "refuse")) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_USAGE, "--on-oom %.80s: refuse or split", o->on_oom);
}

int clgan_command_train(int argc, char **argv) {
  struct options o = {.tune_seconds = -1};
  struct clgan_args args = {0};
  struct job j = {0};
  struct clgan_error e = {0};
  enum clgan_status status = parse(&o, &args, argc, argv, &e);
  if (status == CLGAN_OK && !args.helped) {
    signal(SIGPIPE, SIG_IGN); /* whoever read the messages may leave: that ends no training */
    status = train(&o, &j, &e);
  }
  job_free(&j);
  clgan_args_free(&args);
  return clgan_command_finish("train", status, &e);
}
