/* bench_start.c: how long a first step takes, by processes that have never run before. SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "bench/train.h"
#include "cmd/bench.h"
#include "cmd/device_process.h"

enum { WORDS = 16, VARIABLES = 8 };

enum clgan_status clgan_bench_first(const struct clgan_bench_command *o, const struct clgan_session *s,
                                    struct clgan_error *e) {
  double seconds = 0;
  struct clgan_model *m = NULL;
  enum clgan_status status;
  if (o->model) {
    status = clgan_bench_load(o, o->model, o->n_batches ? o->batches[0] : 0, &m, e);
    if (status == CLGAN_OK) status = clgan_bench_first_step(s->cl, m, &seconds, e);
    clgan_model_destroy(m);
  } else {
    status = clgan_bench_compile(s->cl, &seconds, e);
  }
  if (status == CLGAN_OK) clgan_device_process_say("seconds", cJSON_CreateNumber(seconds));
  if (status != CLGAN_OK) clgan_device_process_say("error", cJSON_CreateString(e->text));
  clgan_programs_save(s->cl);
  return status;
}

/* -- a folder for caches -- */

static int remove_one(const char *path, const struct stat *s, int what, struct FTW *f) {
  (void)s, (void)what, (void)f;
  return remove(path);
}

static char *make_folder(struct clgan_error *e) {
  const char *base = getenv("TMPDIR");
  char *path = clgan_mem_printf("%s/clgan-bench-XXXXXX", base && *base ? base : "/tmp");
  if (mkdtemp(path)) return path;
  (void)clgan_error_set(e, CLGAN_ERR_IO, "%s: cannot be made: set TMPDIR to a folder that can be written to", path);
  clgan_mem_free(path);
  return NULL;
}

static void remove_folder(char *path) {
  (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  clgan_mem_free(path);
}

/* -- processes -- */

struct answer {
  double seconds; /* below 0: none */
  char error[256];
};

static void take(void *context, cJSON *line) {
  struct answer *a = context;
  const cJSON *seconds = cJSON_GetObjectItemCaseSensitive(line, "seconds");
  const char *error = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, "error"));
  if (cJSON_IsNumber(seconds)) a->seconds = seconds->valuedouble;
  if (error) (void)snprintf(a->error, sizeof a->error, "%.*s", (int)strcspn(error, "\n"), error);
}

/* Runs `bench first` with every cache that drivers and clgan keep in @p folder. */
static enum clgan_status run_first(const struct clgan_bench_command *o, const struct clgan_session *s,
                                   const char *const *words, size_t n, const char *folder, double *seconds,
                                   struct clgan_error *e) {
  static const char *const names[] = {"XDG_CACHE_HOME", "POCL_CACHE_DIR", "MESA_SHADER_CACHE_DIR", "CUDA_CACHE_PATH",
                                      "NEO_CACHE_DIR",  "cl_cache_dir",   "AMD_COMGR_CACHE_DIR"};
  char *set[VARIABLES] = {NULL};
  struct answer a = {.seconds = -1};
  char detail[512];
  for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) set[k] = clgan_mem_printf("%s=%s", names[k], folder);
  struct clgan_device_process p = {.device = clgan_cl_info(s->cl),
                                   .subcommand = "bench",
                                   .words = words,
                                   .n_words = n,
                                   .env = (const char *const *)set,
                                   .patience = o->hang_timeout,
                                   .take = take,
                                   .context = &a};
  enum clgan_log_level level = clgan_log_level();
  clgan_log_set_level(CLGAN_LOG_QUIET); /* which device it is has been said */
  enum clgan_status status = clgan_device_process_run(&p, e);
  clgan_log_set_level(level);
  for (size_t k = 0; k < VARIABLES; k++) clgan_mem_free(set[k]);
  CLGAN_TRY(status);
  const char *bad = clgan_device_process_judge(&p, "its first step", a.error[0] ? a.error : NULL, a.seconds >= 0, detail);
  if (bad) return clgan_error_set(e, CLGAN_ERR_DEVICE, "%s: %s", bad, detail);
  *seconds = a.seconds;
  return CLGAN_OK;
}

/* Two rows: with empty caches, then with those that the first one filled. @param name both cases' names but for the ending */
static enum clgan_status measure_pair(const struct clgan_bench_command *o, const struct clgan_session *s,
                                      const char *name, const char *phase, const char *const *words, size_t n,
                                      struct clgan_bench_results *r, struct clgan_error *e) {
  static const char *const endings[] = {"cold", "warm"};
  char *folder = make_folder(e);
  if (!folder) return e->status;
  for (int k = 0; k < 2; k++) {
    struct clgan_error own = {0};
    char full[160];
    double seconds = 0;
    (void)snprintf(full, sizeof full, "%s%s", name, endings[k]);
    if (!clgan_bench_begin(&r->pace, full)) continue;
    struct clgan_bench_row *row = clgan_bench_add(&r->rows);
    row->phase = phase;
    (void)snprintf(row->name, sizeof row->name, "%s", full);
    const enum clgan_status ran = run_first(o, s, words, n, folder, &seconds, &own);
    if (clgan_bench_stopped()) { /* so was its process */
      r->rows.n--;
      (void)clgan_bench_begin(&r->pace, full); /* notes it as left out */
      break;
    }
    if (ran == CLGAN_OK) {
      row->time = clgan_median_of(&seconds, 1);
    } else {
      clgan_bench_fail(row, &own);
      (void)clgan_error_set(e, own.status, "%s: %s", full, own.text);
    }
  }
  remove_folder(folder);
  return e->status;
}

enum clgan_status clgan_bench_start_compile(const struct clgan_bench_command *o, const struct clgan_session *s,
                                            struct clgan_bench_results *r, struct clgan_error *e) {
  const char *const words[] = {"first"};
  struct clgan_error own = {0};
  enum clgan_status status = measure_pair(o, s, "device/compile-", "compile", words, 1, r, &own);
  return status == CLGAN_OK ? status : clgan_error_set(e, status, "%s", own.text);
}

enum clgan_status clgan_bench_start(const struct clgan_bench_command *o, const struct clgan_session *s,
                                    struct clgan_bench_results *r, struct clgan_error *e) {
  for (size_t k = 0; k < o->n_models; k++) {
    char name[160], start[96], base[24], batch[24];
    struct clgan_model *m = NULL;
    struct clgan_error own = {0};
    const char *words[WORDS] = {"first", "--model", o->models[k], "--batch", batch};
    size_t n = 5;
    CLGAN_TRY(clgan_bench_load(o, o->models[k], o->n_batches ? o->batches[0] : 0, &m, e));
    clgan_bench_model_name(m, "start", start, sizeof start);
    (void)snprintf(name, sizeof name, "%sbatch%d/", start, m->settings.batch);
    (void)snprintf(batch, sizeof batch, "%d", m->settings.batch);
    (void)snprintf(base, sizeof base, "%d", m->base);
    if (m->has_base) words[n++] = "--base", words[n++] = base;
    clgan_model_destroy(m);
    enum clgan_status status = measure_pair(o, s, name, "first step", words, n, r, &own);
    if (status != CLGAN_OK) (void)clgan_error_set(e, status, "%s", own.text);
  }
  return e->status;
}
