/* tune.c: `clgan tune`. SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "bench/tune.h"
#include "cmd/args.h"
#include "cmd/command.h"
#include "cmd/session.h"

struct options {
  const char *model, *device, *out;
  uint64_t base, batch;
  double budget, patience;
  bool base_given, batch_given, again;
};

static enum clgan_status load(const struct options *o, struct clgan_model **m, struct clgan_error *e) {
  char batch[32];
  const char *sets[1] = {batch};
  snprintf(batch, sizeof batch, "batch=%" PRIu64, o->batch);
  return clgan_model_load(o->model, o->base_given ? (int)o->base : 0, sets, o->batch_given ? 1 : 0, m, e);
}

/* "128x14x14x64 - 7x7x128 k4 s2" */
static const char *layer_text(const struct clgan_tune_row *r, char text[80]) {
  const struct clgan_geom *q = &r->node.attr.geom;
  if (q->hi == 1 && q->wi == 1 && q->kh == 1)
    snprintf(text, 80, "%d x %d - %d", q->n, q->ci, q->co);
  else
    snprintf(text, 80, "%d x %dx%dx%d - %dx%dx%d k%d s%d", q->n, q->hi, q->wi, q->ci, q->ho, q->wo, q->co, q->kh,
             q->stride);
  return text;
}

static const char *pass_text(const struct clgan_tune_row *r) {
  if (r->node.op == CLGAN_OP_CONV_WGRAD) return "weights";
  return r->node.attr.i[0] == 1 ? "transposed" : "forward";
}

static void print_row(const struct clgan_tune_row *r) {
  char layer[80], variant[192];
  const double giga = r->flops * 1e-9;
  printf("%-40s %-10s %3d  ", layer_text(r, layer), pass_text(r), r->count);
  switch (r->state) {
    case CLGAN_TUNE_SKIPPED: puts("left for another search: the budget was spent"); return;
    case CLGAN_TUNE_KNOWN: puts("known from before"); return;
    case CLGAN_TUNE_FAILED: printf("failed: %s\n", r->why); return;
    case CLGAN_TUNE_KEPT: printf("%8.1f %8.1f %6s  as before\n", giga / r->before_s, giga / r->before_s, ""); return;
    case CLGAN_TUNE_WON: break;
  }
  printf("%8.1f %8.1f %+5.0f%%  %s\n", giga / r->before_s, giga / r->after_s, 100 * (r->before_s / r->after_s - 1),
         clgan_variant_text(&r->variant, variant));
}

static void print_table(const struct clgan_tune *t) {
  int won = 0, tried = 0, refused = 0, searched = 0;
  double before = 0, after = 0;
  printf("%-40s %-10s %3s  %8s %8s %6s  %s\n", "layer", "pass", "n", "before", "after", "gain", "variant (GFLOP/s)");
  for (size_t k = 0; k < t->n; k++) {
    const struct clgan_tune_row *r = &t->rows[k];
    print_row(r);
    won += r->state == CLGAN_TUNE_WON;
    searched += r->state == CLGAN_TUNE_WON || r->state == CLGAN_TUNE_KEPT;
    tried += r->tried;
    refused += r->refused;
    if (r->state != CLGAN_TUNE_WON && r->state != CLGAN_TUNE_KEPT) continue;
    before += r->before_s * r->count;
    after += r->after_s * r->count;
  }
  if (!searched) return;
  printf("%d products searched, %d variants tried, %d set aside, %d products faster; programs: %zu before, %zu now\n",
         searched, tried, refused, won, t->programs_before, t->programs_after);
  printf("these products in a step: %.2f ms before, %.2f ms after (%.3fx)\n", before * 1e3, after * 1e3,
         after > 0 ? before / after : 1);
}

/* What the file says already; one that is damaged is written anew. */
static void read_before(const char *path, struct clgan_tuning_file *f) {
  struct clgan_error e = {0};
  if (!clgan_file_exists(path) || clgan_tuning_file_read(path, f, &e) == CLGAN_OK) return;
  clgan_log_warn("%s; it is written anew", e.text);
  clgan_tuning_file_free(f);
}

static enum clgan_status tune(const struct options *o, struct clgan_session *device, struct clgan_model **m,
                              char **path, struct clgan_error *e) {
  const struct clgan_cl_options plain = {0};
  struct clgan_tune t = {0};
  struct clgan_tuning_file f = {0};
  CLGAN_TRY(load(o, m, e));
  CLGAN_TRY(clgan_session_choose(device, o->device, e));
  *path = o->out ? clgan_mem_strdup(o->out) : clgan_tuning_path(clgan_device_list_at(device->list, device->index));
  if (!*path)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "neither XDG_CACHE_HOME nor HOME is set: say where to store by -o FILE");
  if (o->out) CLGAN_TRY(clgan_file_check_writable(*path, e));
  CLGAN_TRY(clgan_session_open(device, &plain, e));
  read_before(*path, &f);
  enum clgan_status s = clgan_tune_list(device->cl, *m, (*m)->settings.batch, &t, e);
  if (s == CLGAN_OK) {
    struct clgan_error own = {0};
    const struct clgan_tune_options search = {o->budget, o->patience, o->again};
    s = clgan_tune_search(device->cl, &t, &f, &search, e);
    print_table(&t);
    if (f.t.n + f.notes.len == 0) {
      if (s == CLGAN_OK) clgan_log_warn("tune: nothing was found in %g s: give a larger --budget", o->budget);
    } else if (clgan_tuning_file_store(*path, &f, device->cl, &own) == CLGAN_OK) {
      printf("stored in %s\n", *path);
    } else if (s == CLGAN_OK) {
      s = clgan_error_set(e, own.status, "%s", own.text);
    }
  }
  clgan_tune_free(&t);
  clgan_tuning_file_free(&f);
  return s;
}

static enum clgan_status parse(struct options *o, struct clgan_args *args, int argc, char **argv,
                               struct clgan_error *e) {
  const struct clgan_option options[] = {
      CLGAN_WORD("model", 'm', &o->model, "M", "digits, faces64, bigan-mlp or a file (default digits)"),
      CLGAN_WHOLE("base", 0, &o->base, &o->base_given, 1, 4096, "width of the nets (default: the model's)"),
      CLGAN_WHOLE("batch", 'b', &o->batch, &o->batch_given, 1, 65536, "images a step (default: the model's)"),
      CLGAN_WORD("device", 'd', &o->device, "D", CLGAN_DEVICE_HELP),
      CLGAN_REAL("budget", &o->budget, 0.1, 86400, "seconds to search, about (default 60)"),
      CLGAN_REAL("patience", &o->patience, 1, 86400,
                 "seconds after which a variant that gives no answer is killed (default 60)"),
      CLGAN_FLAG("again", 0, &o->again, "search also what is known, or was set aside, from an earlier search"),
      CLGAN_WORD("out", 'o', &o->out, "FILE", "where to store (default: the user's cache folder, where train looks)"),
  };
  const struct clgan_usage usage = {
      .name = "tune",
      .options = options,
      .n_options = sizeof options / sizeof options[0],
      .synopsis = "[--model M] [OPTION]...",
      .about =
          "Searches, for the convolutions and linear layers of a model's training step, the kernel variants that are\n"
          "fastest on a device, heaviest layers first. A variant counts only if it gives the reference's results and\n"
          "is faster by more than 3 %. What is found is stored for the device, its driver and clgan's kernels;\n"
          "train and bench use it from then on (--no-tuning leaves it).",
      .examples =
          "  clgan tune\n  clgan tune --model faces64 --base 32 --batch 64 --budget 300\n"
          "  clgan tune --device gpu --again\n"};
  return clgan_args_parse(args, &usage, argc, argv, e);
}

int clgan_command_tune(int argc, char **argv) {
  struct options o = {.model = "digits", .budget = 60, .patience = 60};
  struct clgan_args args = {0};
  struct clgan_session device = {0};
  struct clgan_model *model = NULL;
  char *path = NULL;
  struct clgan_error e = {0};
  enum clgan_status status = parse(&o, &args, argc, argv, &e);
  if (status == CLGAN_OK && !args.helped) status = tune(&o, &device, &model, &path, &e);
  clgan_model_destroy(model);
  clgan_session_close(&device);
  clgan_mem_free(path);
  clgan_args_free(&args);
  return clgan_command_finish("tune", status, &e);
}
