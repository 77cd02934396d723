/* selftest_run.c: the case table and golden steps on one device, by both kernel families. SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700
#include <glob.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"
#include "cmd/selftest.h"
#include "graph/check.h"
#include "train/replay.h"

enum { FAMILIES = 2, OPERATIONS_MAX = 96, NAME_BYTES = 32 };
static const char *const family_names[FAMILIES] = {"reg", "local"};

/* Whole steps at sizes that the interpreter does in a second. With seed 1 they are well conditioned: other seeds may let
 * one float32 stray from another by more than the bounds, as docs/RESULTS.md tells of golden files. */
static const struct plan {
  const char *model;
  int base, batch, steps;
  bool quick;
} plans[] = {{"digits", 8, 4, 3, true}, {"faces64", 8, 4, 3, false}, {"bigan-mlp", 2, 16, 3, false}};
enum { PLANS = sizeof plans / sizeof plans[0], SEED = 1 };

/* What the cases of an operation came to, by one family. */
struct tally {
  int cases, failed, known;
  double error, bound, share; /* of the worst case: share of what is allowed */
  char where[128];
};
struct operation {
  char name[NAME_BYTES];
  int cases;
  struct tally by[FAMILIES];
};

struct work {
  const struct clgan_selftest_options *o;
  struct clgan_cl *cl;
  enum clgan_family families[FAMILIES]; /* tried, the device's own first */
  int n_families;
  struct operation *operations;
  int n_operations;
  cJSON *failures, *steps, *left_out;
  struct clgan_progress bar;
  double done;
  bool unknown_failure;
  /* what is running */
  const char *kernels; /* "reg", "local", "host" */
  struct tally *tally;
  bool known;
};

/* -- what is wanted -- */

static size_t operation_length(const char *name) {
  return strcspn(name, "/");
}

static bool names_case(const char *what, const char *name) {
  size_t n = operation_length(name);
  return strcmp(what, name) == 0 || (strlen(what) == n && strncmp(what, name, n) == 0);
}

static bool is_named(const struct clgan_selftest_options *o, const char *name) {
  for (size_t k = 0; k < o->n_names; k++)
    if (names_case(o->names[k], name)) return true;
  return o->n_names == 0;
}

static bool is_wanted(const struct clgan_selftest_options *o, const struct clgan_case *c) {
  return is_named(o, c->name) && (!o->quick || (c->flags & CLGAN_CASE_SMALL));
}

/* -- hearing what is found -- */

static void add_failure(struct work *w, const char *name, const char *text) {
  struct clgan_driver_note note;
  cJSON *o = cJSON_CreateObject();
  cJSON_AddStringToObject(o, "case", name);
  cJSON_AddStringToObject(o, "kernels", w->kernels);
  cJSON_AddStringToObject(o, "text", text);
  w->known = clgan_cl_known_bug(w->cl, w->kernels, name, &note);
  if (w->known) {
    cJSON_AddStringToObject(o, "known_bug", note.what);
    cJSON_AddStringToObject(o, "link", note.link);
  }
  w->unknown_failure |= !w->known;
  cJSON_AddItemToArray(w->failures, o);
}

static void heard_failure(void *context, const struct clgan_case *c, const char *text) {
  add_failure(context, c->name, text);
}

static void heard_comparison(void *context, const struct clgan_case *c, const char *what, size_t count, double error) {
  struct work *w = context;
  struct tally *t = w->tally;
  (void)count;
  double share = c->tolerance > 0 ? error / c->tolerance : error > 0 ? (double)INFINITY : 0;
  if (!t || (t->where[0] && share <= t->share)) return;
  t->error = error;
  t->bound = c->tolerance;
  t->share = share;
  const char *own = strchr(c->name, '/');
  bool output = strcmp(what, "output") == 0; /* else an input's name, with how it is filled behind it (ops/cases.h) */
  snprintf(t->where, sizeof t->where, "%s: %s%.*s", own ? own + 1 : c->name, output ? "" : "gradient of ",
           (int)strcspn(what, "@+:~"), what);
}

/* -- progress -- */

static void show_progress(struct work *w, const char *name) {
  if (w->o->stream) {
    printf("{\"at\": \"%s\", \"kernels\": \"%s\"}\n", name, w->kernels);
    fflush(stdout);
  }
  clgan_progress_update(&w->bar, w->done, name);
}

/* Compiling shows a bar of its own: one is enough. @return the level to go back to */
static enum clgan_log_level hush(void) {
  enum clgan_log_level level = clgan_log_level();
  if (level == CLGAN_LOG_NORMAL) clgan_log_set_level(CLGAN_LOG_QUIET);
  return level;
}

static void use_family(struct work *w, int k) {
  w->kernels = family_names[w->families[k]];
  setenv("CLGAN_FAMILY", w->kernels, 1);
}

/* -- cases -- */

static struct operation *operation_of(struct work *w, const char *name) {
  size_t n = operation_length(name);
  for (int k = 0; k < w->n_operations; k++)
    if (strlen(w->operations[k].name) == n && strncmp(w->operations[k].name, name, n) == 0) return &w->operations[k];
  if (w->n_operations == OPERATIONS_MAX) return &w->operations[OPERATIONS_MAX - 1];
  struct operation *o = &w->operations[w->n_operations++];
  snprintf(o->name, sizeof o->name, "%.*s", (int)n, name);
  return o;
}

static void count(struct work *w, struct tally *t, int failures) {
  t->cases++;
  t->failed += failures > 0 && !w->known;
  t->known += failures > 0 && w->known;
}

static void try_case(struct work *w, const struct clgan_case *c) {
  const struct clgan_check_watch watch = {.context = w, .failed = heard_failure, .compared = heard_comparison};
  struct operation *o = operation_of(w, c->name);
  w->kernels = "host";
  w->tally = NULL;
  o->cases++;
  struct clgan_check *k = clgan_check_create(c, &watch);
  for (int f = 0; f < w->n_families; f++) {
    use_family(w, f);
    show_progress(w, c->name);
    w->tally = &o->by[w->families[f]];
    w->known = false;
    enum clgan_log_level level = hush();
    count(w, w->tally, k ? clgan_check_device(k, w->cl, CLGAN_CHECK_REPEAT | CLGAN_CHECK_NAN) : 1);
    clgan_log_set_level(level);
    w->done++;
  }
  if (k && !w->o->quick) {
    w->kernels = "host";
    clgan_check_differences(k);
  }
  clgan_check_destroy(k);
}

static int count_cases(const struct clgan_selftest_options *o, bool quick) {
  struct clgan_selftest_options all = *o;
  int n = 0;
  all.quick = quick;
  for (size_t k = 0; k < clgan_cases_count; k++) n += is_wanted(&all, &clgan_cases[k]);
  return n;
}

/* -- golden steps -- */

static void add_replay(struct work *w, const struct clgan_golden *g, const char *source,
                       const struct clgan_replay_result *r) {
  cJSON *o = cJSON_CreateObject(), *measures;
  cJSON_AddStringToObject(o, "name", clgan_golden_name(g));
  cJSON_AddStringToObject(o, "source", source);
  cJSON_AddStringToObject(o, "kernels", w->kernels);
  cJSON_AddBoolToObject(o, "passed", r != NULL && r->failures == 0);
  cJSON_AddBoolToObject(o, "known_bug", w->known);
  measures = cJSON_AddArrayToObject(o, "measures");
  for (int k = 0; r && k < CLGAN_REPLAY_MEASURES; k++) {
    cJSON *m = cJSON_CreateObject();
    cJSON_AddStringToObject(m, "what", clgan_replay_names[k]);
    cJSON_AddNumberToObject(m, "error", r->worst[k]); /* NaN and infinity become null */
    cJSON_AddNumberToObject(m, "bound", r->bound[k]);
    cJSON_AddStringToObject(m, "where", r->where[k]);
    cJSON_AddItemToArray(measures, m);
  }
  cJSON_AddItemToArray(w->steps, o);
}

static void replay(struct work *w, const struct clgan_golden *g, const char *source) {
  char name[64];
  snprintf(name, sizeof name, "steps/%.*s", (int)strcspn(clgan_golden_name(g), " "), clgan_golden_name(g));
  for (int f = 0; f < w->n_families; f++) {
    struct clgan_replay_result r;
    struct clgan_error e = {0};
    use_family(w, f);
    show_progress(w, name);
    w->known = false;
    enum clgan_log_level level = hush();
    enum clgan_status s = clgan_golden_replay(g, w->cl, &r, &e);
    clgan_log_set_level(level);
    w->done++;
    if (s != CLGAN_OK) add_failure(w, name, e.text);
    for (int k = 0; s == CLGAN_OK && k < CLGAN_REPLAY_MEASURES; k++) {
      if (r.worst[k] <= r.bound[k]) continue;
      snprintf(e.text, sizeof e.text, "%s (%s): %s: %.3g, allowed %.0e, at %s", clgan_golden_name(g), source,
               clgan_replay_names[k], r.worst[k], r.bound[k], r.where[k]);
      add_failure(w, name, e.text);
    }
    add_replay(w, g, source, s == CLGAN_OK ? &r : NULL);
  }
}

static enum clgan_status try_plans(struct work *w, struct clgan_error *e) {
  for (int k = 0; k < PLANS; k++) {
    const struct plan *p = &plans[k];
    struct clgan_golden *g;
    if (w->o->quick && !p->quick) continue;
    w->kernels = "host";
    CLGAN_TRY(clgan_golden_record(p->model, p->base, p->batch, p->steps, SEED, &g, e));
    replay(w, g, "double precision");
    clgan_golden_destroy(g);
  }
  return CLGAN_OK;
}

static enum clgan_status try_files(struct work *w, const glob_t *files, struct clgan_error *e) {
  for (size_t k = 0; k < files->gl_pathc; k++) {
    const char *path = files->gl_pathv[k], *slash = strrchr(path, '/');
    struct clgan_golden *g;
    CLGAN_TRY(clgan_golden_open(path, &g, e));
    replay(w, g, slash ? slash + 1 : path);
    clgan_golden_destroy(g);
  }
  return CLGAN_OK;
}

/* The golden files of --golden, or those beside the program (a source tree). */
static enum clgan_status find_files(const struct clgan_selftest_options *o, glob_t *files, struct clgan_error *e) {
  *files = (glob_t){0};
  if (o->quick && !o->golden) return CLGAN_OK;
  char *self = o->golden ? NULL : clgan_process_self(), *pattern = NULL;
  if (self && strrchr(self, '/')) *strrchr(self, '/') = 0;
  if (o->golden || self)
    pattern = clgan_mem_printf("%s%s/*.safetensors", o->golden ? o->golden : self, o->golden ? "" : "/tests/golden");
  int code = pattern ? glob(pattern, 0, NULL, files) : GLOB_NOMATCH;
  clgan_mem_free(pattern);
  clgan_mem_free(self);
  if (code != 0) *files = (glob_t){0};
  if (code == 0 || !o->golden) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_IO, "--golden %s: no *.safetensors there", o->golden);
}

static enum clgan_status check_names(const struct clgan_selftest_options *o, struct clgan_error *e) {
  for (size_t k = 0; k < o->n_names; k++) {
    bool known = strcmp(o->names[k], "steps") == 0;
    for (size_t i = 0; i < clgan_cases_count && !known; i++) known = names_case(o->names[k], clgan_cases[i].name);
    if (!known)
      return clgan_error_set(e, CLGAN_ERR_USAGE,
                             "'%.60s': no such operation; there are conv, linear, bn, ..., steps "
                             "(`clgan selftest --json` names them all)",
                             o->names[k]);
  }
  return CLGAN_OK;
}

enum clgan_status clgan_selftest_check(const struct clgan_selftest_options *o, struct clgan_error *e) {
  glob_t files;
  enum clgan_status s = CLGAN_OK;
  CLGAN_TRY(check_names(o, e));
  CLGAN_TRY(find_files(o, &files, e));
  for (size_t k = 0; k < files.gl_pathc && s == CLGAN_OK; k++) {
    struct clgan_golden *g = NULL;
    s = clgan_golden_open(files.gl_pathv[k], &g, e);
    clgan_golden_destroy(g);
  }
  if (files.gl_pathv) globfree(&files);
  return s;
}

/* -- the result -- */

static void leave_out(struct work *w, const char *text) {
  cJSON_AddItemToArray(w->left_out, cJSON_CreateString(text));
}

static void say_left_out(struct work *w, int cases, bool steps) {
  char text[80];
  snprintf(text, sizeof text, "%d cases of larger sizes (--quick)", cases);
  if (cases > 0) leave_out(w, text);
  if (w->o->quick) leave_out(w, "gradients against differences on the host (--quick)");
  if (w->o->quick && steps) leave_out(w, "steps of faces64 and bigan-mlp (--quick)");
  if (w->o->n_names) leave_out(w, "everything that was not named");
}

static void add_operations(const struct work *w, cJSON *device) {
  cJSON *array = cJSON_AddArrayToObject(device, "operations");
  for (int k = 0; k < w->n_operations; k++) {
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "operation", w->operations[k].name);
    cJSON_AddNumberToObject(o, "cases", w->operations[k].cases);
    for (int f = 0; f < FAMILIES; f++) {
      const struct tally *t = &w->operations[k].by[f];
      if (t->cases == 0) continue;
      cJSON *by = cJSON_AddObjectToObject(o, family_names[f]);
      cJSON_AddNumberToObject(by, "failed", t->failed);
      cJSON_AddNumberToObject(by, "known_bugs", t->known);
      cJSON_AddNumberToObject(by, "error", t->error);
      cJSON_AddNumberToObject(by, "bound", t->bound);
      cJSON_AddStringToObject(by, "where", t->where);
    }
    cJSON_AddItemToArray(array, o);
  }
}

static void add_notes(const struct work *w, cJSON *device) {
  cJSON *array = cJSON_AddArrayToObject(device, "driver_notes");
  struct clgan_driver_note note;
  for (size_t k = 0; clgan_cl_driver_note(w->cl, k, &note); k++) {
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "what", note.what);
    cJSON_AddStringToObject(o, "link", note.link);
    if (note.fails) cJSON_AddStringToObject(o, "fails", note.fails);
    cJSON_AddItemToArray(array, o);
  }
}

/* Which families are tried: $CLGAN_FAMILY alone, or every one that is possible. */
static enum clgan_status choose_families(struct work *w, cJSON *device, struct clgan_error *e) {
  const struct clgan_device_info *d = clgan_cl_info(w->cl);
  const char *forced = getenv("CLGAN_FAMILY");
  cJSON *array = cJSON_AddArrayToObject(device, "families");
  struct clgan_target own;
  CLGAN_TRY(clgan_target_choose(w->cl, &own, e));
  for (int k = 0; k < FAMILIES; k++) {
    enum clgan_family f = k == 0 ? own.family : own.family == CLGAN_FAMILY_REG ? CLGAN_FAMILY_LOCAL : CLGAN_FAMILY_REG;
    char why[160];
    if (k > 0 && forced && *forced) break;
    cJSON *o = cJSON_CreateObject();
    bool possible = clgan_family_possible(d, f, why);
    cJSON_AddStringToObject(o, "kernels", family_names[f]);
    cJSON_AddBoolToObject(o, "possible", possible);
    if (!possible) cJSON_AddStringToObject(o, "reason", why);
    cJSON_AddItemToArray(array, o);
    if (possible) w->families[w->n_families++] = f;
  }
  if (w->n_families == 0)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "CLGAN_FAMILY=%s: not possible on %s", forced, d->name);
  return CLGAN_OK;
}

static enum clgan_status try_all(struct work *w, const glob_t *files, struct clgan_error *e) {
  bool steps = is_named(w->o, "steps");
  int replays = 0, all = count_cases(w->o, false), n = count_cases(w->o, w->o->quick);
  for (int k = 0; k < PLANS && steps; k++) replays += plans[k].quick || !w->o->quick;
  if (steps) replays += (int)files->gl_pathc;
  clgan_progress_begin(&w->bar, "selftest", "checks", (double)((n + replays) * w->n_families), 0);
  for (size_t k = 0; k < clgan_cases_count; k++)
    if (is_wanted(w->o, &clgan_cases[k])) try_case(w, &clgan_cases[k]);
  enum clgan_status s = steps ? try_plans(w, e) : CLGAN_OK;
  if (s == CLGAN_OK && steps) s = try_files(w, files, e);
  clgan_progress_end(&w->bar);
  say_left_out(w, all - n, steps);
  return s;
}

cJSON *clgan_selftest_object(const struct clgan_device_info *d, const char *result) {
  cJSON *o = cJSON_CreateObject();
  char id[32];
  cJSON_AddStringToObject(o, "id", clgan_device_id(d, id));
  cJSON_AddStringToObject(o, "name", d->name);
  cJSON_AddStringToObject(o, "platform", d->platform_name);
  cJSON_AddStringToObject(o, "driver", d->driver);
  cJSON_AddStringToObject(o, "type", clgan_device_type_text(d));
  if (result) cJSON_AddStringToObject(o, "result", result);
  return o;
}

static enum clgan_status run(struct work *w, cJSON *device, struct clgan_error *e) {
  glob_t files;
  double start = clgan_time_now();
  CLGAN_TRY(choose_families(w, device, e));
  CLGAN_TRY(find_files(w->o, &files, e));
  enum clgan_status s = try_all(w, &files, e);
  if (files.gl_pathv) globfree(&files);
  if (s != CLGAN_OK) return s;
  cJSON_AddStringToObject(device, "result", w->unknown_failure ? "failed" : "passed");
  cJSON_AddNumberToObject(device, "seconds", clgan_time_now() - start);
  add_operations(w, device);
  add_notes(w, device);
  return CLGAN_OK;
}

enum clgan_status clgan_selftest_device(const struct clgan_selftest_options *o, struct clgan_session *s, cJSON **out,
                                        struct clgan_error *e) {
  const char *set = getenv("CLGAN_FAMILY");
  char *before = set ? clgan_mem_strdup(set) : NULL;
  struct work w = {.o = o, .cl = s->cl};
  w.operations = clgan_mem_array(OPERATIONS_MAX, sizeof *w.operations);
  *out = clgan_selftest_object(clgan_cl_info(s->cl), NULL);
  w.steps = cJSON_AddArrayToObject(*out, "steps");
  w.failures = cJSON_AddArrayToObject(*out, "failures");
  w.left_out = cJSON_AddArrayToObject(*out, "left_out");
  enum clgan_status status = run(&w, *out, e);
  if (before)
    setenv("CLGAN_FAMILY", before, 1);
  else
    unsetenv("CLGAN_FAMILY");
  clgan_mem_free(before);
  clgan_mem_free(w.operations);
  if (status != CLGAN_OK) {
    cJSON_Delete(*out);
    *out = NULL;
  }
  return status;
}
