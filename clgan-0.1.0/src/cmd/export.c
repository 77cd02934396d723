/* export.c: `clgan export`: the averaged nets of a checkpoint as a released model. SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/args.h"
#include "cmd/command.h"
#include "cmd/session.h"
#include "model/checkpoint.h"

struct options {
  const char *weights, *out;
  bool full;
};

/* Leaves only the tensors of the nets that sampling uses. */
static void keep_sampled(struct clgan_tensors *t, const struct clgan_model *m) {
  size_t kept = 0;
  for (size_t i = 0; i < t->n; i++) {
    bool used = false;
    for (int net = 0; net < 2; net++) {
      const char *prefix = clgan_sample_prefix(m, net);
      size_t n = strlen(prefix);
      used |= !strncmp(t->items[i].name, prefix, n) && t->items[i].name[n] == '.';
    }
    if (used) {
      t->items[kept++] = t->items[i];
    } else {
      clgan_mem_free(t->items[i].name);
      clgan_mem_free(t->items[i].data);
    }
  }
  t->n = kept;
}

static enum clgan_status export(const struct options *o, struct clgan_error *e) {
  struct clgan_checkpoint *c = NULL;
  struct clgan_model *m = NULL;
  char *path = clgan_run_checkpoint(o->weights);
  enum clgan_status s = clgan_file_check_writable(o->out, e);
  if (s == CLGAN_OK) s = clgan_checkpoint_load(path, &c, e);
  if (s == CLGAN_OK) s = clgan_checkpoint_model(c, path, NULL, 0, &m, e);
  if (s == CLGAN_OK) s = clgan_checkpoint_check(c, m, CLGAN_CHECKPOINT_SAMPLE, path, e);
  if (s == CLGAN_OK) {
    keep_sampled(&c->tensors, m);
    clgan_mem_free(c->extra); /* of training only, and it names where the data set lay */
    c->extra = NULL;
    s = clgan_checkpoint_save(c, o->out, !o->full, e);
  }
  if (s == CLGAN_OK) clgan_log_info("wrote %s: %zu tensors, %s", o->out, c->tensors.n, o->full ? "F32" : "F16");
  clgan_model_destroy(m);
  clgan_checkpoint_destroy(c);
  clgan_mem_free(path);
  return s;
}

static enum clgan_status check(const struct options *o, struct clgan_error *e) {
  if (!o->weights) return clgan_error_set(e, CLGAN_ERR_USAGE, "--weights W is missing: a checkpoint or a run folder");
  if (!o->out) return clgan_error_set(e, CLGAN_ERR_USAGE, "-o OUT is missing: a name ending in .safetensors");
  if (!clgan_path_ends(o->out, ".safetensors"))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "-o %s: the name must end in .safetensors", o->out);
  return CLGAN_OK;
}

int clgan_command_export(int argc, char **argv) {
  struct options o = {0};
  struct clgan_args args = {0};
  struct clgan_error e = {0};
  const struct clgan_option options[] = {
      CLGAN_WORD("weights", 'w', &o.weights, "W", "checkpoint or run folder"),
      CLGAN_WORD("out", 'o', &o.out, "OUT", "a .safetensors file"),
      CLGAN_FLAG("f32", 0, &o.full, "keep full precision (default: F16)"),
  };
  const struct clgan_usage usage = {
      .name = "export",
      .options = options,
      .n_options = sizeof options / sizeof options[0],
      .synopsis = "--weights W [--f32] -o OUT.safetensors",
      .about = "Writes what generate and reconstruct need of a checkpoint, and nothing else: the averaged generator and encoder.",
      .examples = "  clgan export --weights run-digits -o digits.safetensors\n"};
  enum clgan_status status = clgan_args_parse(&args, &usage, argc, argv, &e);
  if (status == CLGAN_OK && !args.helped) {
    status = check(&o, &e);
    if (status == CLGAN_OK) status = export(&o, &e);
  }
  clgan_args_free(&args);
  return clgan_command_finish("export", status, &e);
}
