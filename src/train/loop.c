/* loop.c - a training run from its first step to its last checkpoint. */
#include "train/loop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

static volatile sig_atomic_t stop_asked;

static void on_signal(int number) {
  stop_asked = 1;
  signal(number, SIG_DFL); /* a second one ends the program at once */
}

enum { CHECKPOINT_EVERY = 1000, SAMPLE_EVERY = 1000, LOG_EVERY = 50, GRID_COLUMNS = 10 };

struct loop {
  struct clgan_trainer *t;
  const struct clgan_model *m;
  struct clgan_loop_options o;
  char *checkpoint, *log_path, *samples;
  FILE *log;
  struct clgan_progress bar;
  double start, paused;           /* seconds; paused: saving and sampling */
  uint64_t first, finished;       /* step at the start of this invocation; steps whose losses are back */
  int batch;
};

/* -- log -- */

/* Keeps the lines of steps that the resumed checkpoint has seen, so that the log tells one history. */
static enum clgan_status trim_log(struct loop *l, struct clgan_error *e) {
  char *text, *line, *next;
  size_t size;
  struct clgan_text kept = {0};
  if (!clgan_file_exists(l->log_path)) return CLGAN_OK;
  CLGAN_TRY(clgan_file_read(l->log_path, &text, &size, e));
  for (line = text; *line; line = next) {
    char *end = strchr(line, '\n');
    next = end ? end + 1 : line + strlen(line);
    const char *at = strstr(line, "\"step\":");
    if (end && at && at < end && strtoull(at + 7, NULL, 10) < l->first) clgan_text_append(&kept, line, (size_t)(next - line));
  }
  enum clgan_status s = clgan_file_write(l->log_path, kept.s ? kept.s : "", kept.len, e);
  clgan_mem_free(text);
  clgan_text_free(&kept);
  return s;
}

/* Images a second of this invocation, of steps whose losses are back. The first, which compiles, counts neither in time nor in images. */
static double rate(const struct loop *l) {
  double seconds = clgan_time_now() - l->start - l->paused;
  return seconds > 0 && l->finished > 1 ? (double)(l->finished - 1) * l->batch / seconds : 0;
}

static void log_step(struct loop *l, uint64_t step, const float *losses) {
  fprintf(l->log, "{\"step\":%llu,\"images\":%llu,\"seconds\":%.3f,\"images_per_s\":%.1f", (unsigned long long)step,
          (unsigned long long)(step + 1) * (unsigned long long)l->batch, clgan_time_now() - l->start, rate(l));
  for (int k = 0; k < clgan_trainer_loss_count(l->t); k++) fprintf(l->log, ",\"%s\":%.6g", clgan_trainer_loss_name(l->t, k), (double)losses[k]);
  fprintf(l->log, "}\n");
  fflush(l->log);
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
  if (ferror(l->log)) return clgan_error_set(e, CLGAN_ERR_IO, "%s: cannot be written (disk full?)", l->log_path);
  if (note[0]) clgan_progress_update(&l->bar, (double)clgan_trainer_steps(l->t) * l->batch, note);
  return CLGAN_OK;
}

/* -- checkpoints and samples -- */

static float *sample_conditions(const struct clgan_model *m, size_t *rows) {
  *rows = m->condition == CLGAN_CONDITION_CLASS ? (size_t)m->classes : 10;
  if (m->condition == CLGAN_CONDITION_NONE) return NULL;
  float *c = clgan_mem_array(*rows, sizeof *c * (size_t)m->condition_size);
  for (size_t k = 0; k < *rows; k++) {
    float *at = c + k * (size_t)m->condition_size;
    if (m->condition == CLGAN_CONDITION_CLASS)
      clgan_condition_class(m, (int)k, at);
    else
      clgan_condition_face(m, 80.0 * (double)k / 9.0, 1, at);
  }
  return c;
}

static enum clgan_status sample(struct loop *l, struct clgan_error *e) {
  size_t rows;
  float *c = sample_conditions(l->m, &rows);
  size_t codes = c ? GRID_COLUMNS : rows * GRID_COLUMNS;
  float *z = clgan_mem_array(codes, sizeof *z * (size_t)l->m->latent);
  char *path = clgan_mem_printf("%s/step-%06llu.png", l->samples, (unsigned long long)clgan_trainer_steps(l->t));
  clgan_latent_draw(l->m, 0, 0, codes, z);
  enum clgan_status s = clgan_sheet_grid(clgan_trainer_sampler(l->t), l->m, c, rows, z, GRID_COLUMNS, path, e);
  clgan_mem_free(c);
  clgan_mem_free(z);
  clgan_mem_free(path);
  return s;
}

static enum clgan_status save(struct loop *l, bool checkpoint, bool picture, struct clgan_error *e) {
  double start = clgan_time_now();
  enum clgan_status s = checkpoint ? clgan_trainer_save(l->t, l->checkpoint, e) : clgan_trainer_estimate(l->t, e);
  if (s == CLGAN_OK && picture) s = sample(l, e);
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
    bool checkpoint = done % l->o.checkpoint_every == 0, picture = done % l->o.sample_every == 0;
    if ((checkpoint || picture) && !bounded(l)) CLGAN_TRY(save(l, checkpoint, picture, e));
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
  CLGAN_TRY(clgan_file_make_folder(l->samples, e));
  CLGAN_TRY(trim_log(l, e));
  l->log = fopen(l->log_path, "a");
  if (!l->log) return clgan_error_set(e, CLGAN_ERR_IO, "%s: cannot be written: choose another --out", l->log_path);
  return CLGAN_OK;
}

static enum clgan_status all(struct loop *l, double *images_per_s, struct clgan_error *e) {
  CLGAN_TRY(prepare(l, e));
  clgan_progress_begin(&l->bar, "train", "images", (double)l->o.steps * l->batch, (double)l->first * l->batch);
  enum clgan_status s = run(l, e);
  if (images_per_s) *images_per_s = rate(l);
  clgan_progress_end(&l->bar);
  if (s == CLGAN_OK) s = save(l, true, true, e);
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
  struct sigaction now = {.sa_handler = on_signal}, old_int, old_term;
  stop_asked = 0;
  sigaction(SIGINT, &now, &old_int);
  sigaction(SIGTERM, &now, &old_term);
  enum clgan_status s = all(&l, images_per_s, e);
  sigaction(SIGINT, &old_int, NULL);
  sigaction(SIGTERM, &old_term, NULL);
  if (l.log) fclose(l.log);
  clgan_mem_free(l.checkpoint);
  clgan_mem_free(l.log_path);
  clgan_mem_free(l.samples);
  return s;
}
