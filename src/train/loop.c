/* loop.c - a training run from its first step to its last checkpoint. */
#include "train/loop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

static volatile sig_atomic_t stop_asked; /* the signal, or 0 */

/* A second Ctrl-C, or a second SIGTERM, ends the program at once. But a closing session sends SIGHUP to all, twice at times,
 * and system managers SIGTERM and SIGHUP together: those mean one end. */
static void on_signal(int number) {
  if (stop_asked && (number == SIGINT || (number == SIGTERM && stop_asked == SIGTERM))) {
    signal(number, SIG_DFL);
    raise(number);
  }
  if (!stop_asked || number != SIGHUP) stop_asked = number;
}

static const int stops[] = {SIGINT, SIGTERM, SIGHUP};
enum { STOPS = sizeof stops / sizeof stops[0] };

/* SA_RESTART: a signal must not break off the writing of a checkpoint. */
static void catch_signals(struct sigaction before[STOPS]) {
  struct sigaction now = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  stop_asked = 0;
  for (int k = 0; k < STOPS; k++) {
    sigaction(stops[k], NULL, &before[k]);
    if (stops[k] == SIGHUP && before[k].sa_handler == SIG_IGN) continue; /* nohup */
    sigaction(stops[k], &now, NULL);
  }
}

static void restore_signals(const struct sigaction before[STOPS]) {
  for (int k = 0; k < STOPS; k++) sigaction(stops[k], &before[k], NULL);
}

/* RETRIES: how much sooner than the next regular one a checkpoint that failed is tried again. */
enum { CHECKPOINT_EVERY = 1000, SAMPLE_EVERY = 1000, LOG_EVERY = 50, RETRIES = 10 };

struct loop {
  struct clgan_trainer *t;
  const struct clgan_model *m;
  struct clgan_loop_options o;
  char *checkpoint, *log_path, *samples;
  struct clgan_folder own, *folder;
  struct clgan_lines log;
  struct clgan_progress bar;
  double start, paused;           /* seconds; paused: saving and sampling */
  uint64_t first, finished;       /* step at the start of this invocation; steps whose losses are back */
  uint64_t saved, retry;          /* step of the newest checkpoint; step at which one that failed is tried again, or 0 */
  bool any_saved;
  int batch;
};

/* -- log -- */

/* The log tells one history: what was logged after the checkpoint gone on from is logged again. */
static bool before_first(const char *line, void *context) {
  const struct loop *l = context;
  const char *at = strstr(line, "\"step\":");
  return !at || strtoull(at + 7, NULL, 10) < l->first;
}

/* Images a second of this invocation, of steps whose losses are back. The first, which compiles, counts neither in time nor in images. */
static double rate(const struct loop *l) {
  double seconds = clgan_time_now() - l->start - l->paused;
  return seconds > 0 && l->finished > 1 ? (double)(l->finished - 1) * l->batch / seconds : 0;
}

static void log_step(struct loop *l, uint64_t step, const float *losses) {
  struct clgan_text t = {0};
  struct clgan_error e = {0};
  bool failing = l->log.failing;
  clgan_text_printf(&t, "{\"step\":%llu,\"images\":%llu,\"seconds\":%.3f,\"images_per_s\":%.1f", (unsigned long long)step,
                    (unsigned long long)(step + 1) * (unsigned long long)l->batch, clgan_time_now() - l->start, rate(l));
  for (int k = 0; k < clgan_trainer_loss_count(l->t); k++)
    clgan_text_printf(&t, ",\"%s\":%.6g", clgan_trainer_loss_name(l->t, k), (double)losses[k]);
  clgan_text_printf(&t, "}\n");
  if (clgan_lines_add(&l->log, t.s, &e) != CLGAN_OK && !failing) clgan_log_warn("%s; training goes on, the lines wait for room", e.text);
  clgan_text_free(&t);
}

/* The losses that are back: every log_every-th into the log, the newest into the progress bar. */
static enum clgan_status take_losses(struct loop *l, bool wait, struct clgan_error *e) {
  uint64_t step;
  float x[CLGAN_LOSS_MAX];
  char note[160] = "";
  while (clgan_trainer_losses(l->t, wait, &step, x, e)) {
    size_t at = 0;
    l->finished++;
    if (step % l->o.log_every == 0 || step + 1 == l->o.steps) log_step(l, step, x);
    for (int k = 0; k < clgan_trainer_loss_count(l->t) && at < sizeof note; k++)
      at += (size_t)snprintf(note + at, sizeof note - at, "%s%s %.3f", k ? "  " : "", clgan_trainer_loss_name(l->t, k), (double)x[k]);
  }
  if (e->status) return e->status;
  if (note[0]) clgan_progress_update(&l->bar, (double)clgan_trainer_steps(l->t) * l->batch, note);
  return CLGAN_OK;
}

/* -- checkpoints and samples -- */

static enum clgan_status sample(struct loop *l, struct clgan_error *e) {
  char *path = clgan_mem_printf("%s/step-%06llu.png", l->samples, (unsigned long long)clgan_trainer_steps(l->t));
  enum clgan_status s = clgan_sheet_samples(clgan_trainer_sampler(l->t), l->m, clgan_trainer_data(l->t), path, e);
  clgan_mem_free(path);
  return s;
}

/* The folder may have been removed meanwhile: what was earned is worth a new one. Never writes into one that is not ours. */
static enum clgan_status folder_ready(struct loop *l, struct clgan_error *e) {
  bool again;
  CLGAN_TRY(clgan_folder_check(l->folder, &again, e));
  if (!again && clgan_file_is_folder(l->samples)) return CLGAN_OK;
  CLGAN_TRY(clgan_file_make_folder(l->samples, e));
  if (!again) return CLGAN_OK;
  l->any_saved = false;
  clgan_log_warn("%s was removed: made again, what was in it is gone", l->o.out);
  return clgan_lines_reopen(&l->log, e);
}

static enum clgan_status checkpoint_now(struct loop *l, struct clgan_error *e) {
  clgan_lines_sync(&l->log); /* a checkpoint never knows of steps that the log does not */
  CLGAN_TRY(clgan_trainer_save(l->t, l->checkpoint, e));
  l->saved = clgan_trainer_steps(l->t);
  l->any_saved = true;
  l->retry = 0;
  return CLGAN_OK;
}

/* What is still there, for the end of a message. */
static void tell_kept(const struct loop *l, char text[96]) {
  if (l->any_saved)
    snprintf(text, 96, "the checkpoint of step %llu is kept", (unsigned long long)l->saved);
  else
    snprintf(text, 96, "there is no checkpoint yet");
}

/* Before the end a checkpoint that cannot be written is no reason to stop: it is tried again. */
static enum clgan_status checkpoint_failed(struct loop *l, bool last, struct clgan_error *e) {
  char kept[96];
  uint64_t done = clgan_trainer_steps(l->t), wait = l->o.checkpoint_every / RETRIES;
  if (e->status != CLGAN_ERR_IO) return e->status;
  struct clgan_error why = *e;
  tell_kept(l, kept);
  clgan_error_clear(e);
  if (last) return clgan_error_set(e, CLGAN_ERR_IO, "%s; step %llu is not saved, %s", why.text, (unsigned long long)done, kept);
  l->retry = done + (wait ? wait : 1);
  clgan_log_warn("%s; training goes on, %s, next try at step %llu", why.text, kept, (unsigned long long)l->retry);
  return CLGAN_OK;
}

static enum clgan_status picture_now(struct loop *l, struct clgan_error *e) {
  enum clgan_status s = sample(l, e);
  if (s != CLGAN_ERR_IO) return s;
  clgan_log_warn("%s; this sample sheet is left out", e->text);
  clgan_error_clear(e);
  return CLGAN_OK;
}

static enum clgan_status save(struct loop *l, bool checkpoint, bool picture, bool last, struct clgan_error *e) {
  double start = clgan_time_now();
  enum clgan_status s;
  if (checkpoint) {
    s = folder_ready(l, e);
    if (s == CLGAN_OK) s = checkpoint_now(l, e);
    if (s != CLGAN_OK) s = checkpoint_failed(l, last, e);
  } else {
    s = clgan_trainer_estimate(l->t, e);
  }
  if (s == CLGAN_OK && picture) s = picture_now(l, e);
  l->paused += clgan_time_now() - start;
  return s;
}

/* -- the loop -- */

static bool bounded(const struct loop *l) {
  if (l->o.steps && clgan_trainer_steps(l->t) >= l->o.steps) return true;
  return l->o.minutes > 0 && clgan_time_now() - l->start >= 60 * l->o.minutes;
}

/* Where only time bounds the run, its length in images is a guess from the rate so far. */
static void guess_total(struct loop *l) {
  double left = 60 * l->o.minutes - (clgan_time_now() - l->start), steps = (double)l->o.steps * l->batch;
  double guess = (double)clgan_trainer_steps(l->t) * l->batch + rate(l) * (left > 0 ? left : 0);
  if (l->o.minutes <= 0) return;
  l->bar.total = steps > 0 && steps < guess ? steps : guess;
}

static enum clgan_status first_step_done(struct loop *l, struct clgan_error *e) {
  CLGAN_TRY(clgan_trainer_finish(l->t, e));
  clgan_log_verbose("first step done %.2f s after the program's start", clgan_time_running());
  l->paused += clgan_time_now() - l->start;
  return CLGAN_OK;
}

static enum clgan_status run(struct loop *l, struct clgan_error *e) {
  while (!bounded(l) && !stop_asked) {
    CLGAN_TRY(clgan_trainer_step(l->t, e));
    guess_total(l);
    CLGAN_TRY(take_losses(l, false, e));
    uint64_t done = clgan_trainer_steps(l->t);
    bool checkpoint = done % l->o.checkpoint_every == 0 || (l->retry && done >= l->retry), picture = done % l->o.sample_every == 0;
    if ((checkpoint || picture) && !bounded(l) && !stop_asked) {
      CLGAN_TRY(take_losses(l, true, e)); /* logged before the checkpoint that has them: a kill in between loses no line */
      CLGAN_TRY(save(l, checkpoint, picture, false, e));
    }
    if (done == l->first + 1) CLGAN_TRY(first_step_done(l, e));
  }
  CLGAN_TRY(take_losses(l, true, e));
  return CLGAN_OK;
}

static enum clgan_status prepare(struct loop *l, struct clgan_error *e) {
  if (!l->o.checkpoint_every) l->o.checkpoint_every = CHECKPOINT_EVERY;
  if (!l->o.sample_every) l->o.sample_every = SAMPLE_EVERY;
  if (!l->o.log_every) l->o.log_every = LOG_EVERY;
  l->checkpoint = clgan_file_join(l->o.out, "checkpoint.safetensors");
  l->log_path = clgan_file_join(l->o.out, "log.jsonl");
  l->samples = clgan_file_join(l->o.out, "samples");
  l->folder = l->o.folder ? l->o.folder : &l->own;
  if (!l->o.folder) CLGAN_TRY(clgan_folder_take(&l->own, l->o.out, e));
  CLGAN_TRY(clgan_file_make_folder(l->samples, e));
  clgan_folder_sweep(l->o.out, "checkpoint.safetensors.");
  clgan_folder_sweep(l->samples, "step-");
  l->any_saved = l->first > 0 && clgan_file_exists(l->checkpoint);
  l->saved = l->first;
  CLGAN_TRY(clgan_lines_trim(l->log_path, before_first, l, e));
  return clgan_lines_open(&l->log, l->log_path, e);
}

static enum clgan_status all(struct loop *l, double *images_per_s, struct clgan_error *e) {
  CLGAN_TRY(prepare(l, e));
  clgan_progress_begin(&l->bar, "train", "images", (double)l->o.steps * l->batch, (double)l->first * l->batch);
  enum clgan_status s = run(l, e);
  if (images_per_s) *images_per_s = rate(l);
  clgan_progress_end(&l->bar);
  if (s == CLGAN_OK) s = save(l, true, true, true, e);
  /* for the next start; last, as drivers that compile at a kernel's first launch may take seconds to hand the kernels out */
  if (s == CLGAN_OK) clgan_trainer_keep_programs(l->t);
  if (s == CLGAN_OK && stop_asked)
    s = clgan_error_set(e, CLGAN_ERR_INTERRUPTED, "stopped at step %llu, checkpoint saved: continue with --resume %s",
                        (unsigned long long)clgan_trainer_steps(l->t), l->o.out);
  return s;
}

enum clgan_status clgan_loop_run(struct clgan_trainer *t, const struct clgan_model *m, const struct clgan_loop_options *o, double *images_per_s,
                                 struct clgan_error *e) {
  struct loop l = {.t = t, .m = m, .o = *o, .start = clgan_time_now(), .first = clgan_trainer_steps(t), .batch = clgan_trainer_batch(t)};
  struct sigaction before[STOPS];
  struct clgan_error closing = {0};
  catch_signals(before);
  enum clgan_status s = all(&l, images_per_s, e);
  restore_signals(before);
  if (clgan_lines_close(&l.log, &closing) != CLGAN_OK) clgan_log_warn("%s; the last lines of the log are lost", closing.text);
  clgan_folder_leave(&l.own);
  clgan_mem_free(l.checkpoint);
  clgan_mem_free(l.log_path);
  clgan_mem_free(l.samples);
  return s;
}
