/* reconstruct.c: `clgan reconstruct`. SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/args.h"
#include "cmd/command.h"
#include "cmd/originals.h"
#include "cmd/refine.h"
#include "train/loop.h"

struct options {
  const char *weights, *device, *out;
  struct clgan_condition_words words;
  struct clgan_originals_words from;
  uint64_t refine;
};

/* Images drawn from E's codes, and from those codes refined. */
struct work {
  float *z, *c;    /* [n,Z], [n,C] */
  float *drawn[2]; /* [n,H,W,C] */
  struct clgan_refined refined;
};

static void work_free(struct work *w) {
  clgan_mem_free(w->z);
  clgan_mem_free(w->c);
  for (int k = 0; k < 2; k++) clgan_mem_free(w->drawn[k]);
}

static enum clgan_status draw(const struct options *o, struct clgan_nets *nets, const struct clgan_originals *x,
                              struct work *w, struct clgan_error *e) {
  const struct clgan_model *m = nets->model;
  size_t size = clgan_model_image_size(m);
  for (int k = 0; k < (o->refine ? 2 : 1); k++) {
    void *p = NULL;
    CLGAN_TRY(clgan_mem_try(&p, x->n, size * sizeof(float), "the images drawn", e));
    w->drawn[k] = p;
  }
  w->z = clgan_mem_array(x->n * (size_t)m->latent, sizeof *w->z);
  CLGAN_TRY(clgan_sampler_encode(nets->sampler, x->n, x->pixels, w->z, NULL, e));
  CLGAN_TRY(clgan_sampler_generate(nets->sampler, x->n, w->z, w->c, w->drawn[0], e));
  if (!o->refine) return CLGAN_OK;
  CLGAN_TRY(clgan_refine_codes(nets, o->refine, x->n, x->pixels, w->c, w->z, &w->refined, e));
  return clgan_sampler_generate(nets->sampler, x->n, w->z, w->c, w->drawn[1], e);
}

static void report(const struct options *o, const struct clgan_originals *x, const struct work *w) {
  char note[48], refined[80];
  clgan_log_info("wrote %s: %zu %s, original left, reconstruction %s%s%s", o->out, x->n,
                 o->refine ? "triples" : "pairs", o->refine ? "in the middle, refined right" : "right",
                 clgan_refined_note(&w->refined, o->refine, refined), clgan_originals_note(x, note));
}

static enum clgan_status reconstruct(const struct options *o, struct clgan_nets *nets, struct clgan_session *device,
                                     struct clgan_originals *x, struct work *w, struct clgan_error *e) {
  struct clgan_condition_given given;
  CLGAN_TRY(clgan_session_check(o->weights, o->out, ".png", NULL, e));
  CLGAN_TRY(clgan_originals_check(&o->from, e));
  CLGAN_TRY(clgan_nets_read(nets, o->weights, e));
  CLGAN_TRY(clgan_condition_one(nets->model, &o->words, &given, e));
  CLGAN_TRY(clgan_file_check_writable(o->out, e));
  CLGAN_TRY(clgan_originals_load(&o->from, nets->model, x, e));
  CLGAN_TRY(clgan_session_start(device, o->device, e));
  CLGAN_TRY(clgan_nets_load(nets, device->cl, x->n, e));
  CLGAN_TRY(clgan_originals_conditions(nets, &given, x, &w->c, e));
  CLGAN_TRY(draw(o, nets, x, w, e));
  size_t wide = o->refine ? 3 : 2, across = (size_t)ceil(sqrt((double)x->n / (double)wide)); /* near a square */
  CLGAN_TRY(
      clgan_sheet_beside(nets->model, x->n, x->pixels, (const float *const *)w->drawn, wide - 1, across, o->out, e));
  clgan_programs_save(device->cl);
  report(o, x, w);
  return CLGAN_OK;
}

static enum clgan_status parse(struct options *o, struct clgan_args *args, int argc, char **argv,
                               struct clgan_error *e) {
  const struct clgan_option options[] = {
      CLGAN_WORD("weights", 'w', &o->weights, "W", "checkpoint, released model or run folder"),
      CLGAN_ORIGINALS_DATA(&o->from, "how many images of the data set (default 50)"),
      CLGAN_ORIGINALS_CROP(&o->from),
      CLGAN_WORD("class", 0, &o->words.cls, "C", "condition, a name or number (default: the label, else an estimate)"),
      CLGAN_WORD("digit", 0, &o->words.digit, "D", "the same as --class"),
      CLGAN_WORD("age", 0, &o->words.age, "A", "condition, years"),
      CLGAN_WORD("gender", 0, &o->words.gender, "G", "condition, male or female"),
      CLGAN_REFINE_OPTION(&o->refine),
      CLGAN_WORD("device", 'd', &o->device, "D", CLGAN_DEVICE_HELP),
      CLGAN_WORD("out", 'o', &o->out, "OUT", "a .png sheet"),
  };
  const struct clgan_usage usage = {
      .name = "reconstruct",
      .options = options,
      .n_options = sizeof options / sizeof options[0],
      .operands = true,
      .synopsis =
          "--weights W IMAGE... [OPTION]... -o OUT.png\n--weights W --data PATH [--split S] [-n N] [OPTION]... -o "
          "OUT.png",
      .about =
          "Encodes images and draws them again from their codes: pairs, original left, reconstruction right. With "
          "--refine N a third cell: drawn from the code after N steps that bring it nearer to the image.",
      .examples =
          "  clgan reconstruct --weights run-digits --data builtin -o pairs.png\n"
          "  clgan reconstruct --weights run-digits seven.png --digit 7 -o seven-again.png\n"
          "  clgan reconstruct --weights run-faces64 me.jpg --refine 200 -o me-again.png\n"};
  return clgan_args_parse(args, &usage, argc, argv, e);
}

int clgan_command_reconstruct(int argc, char **argv) {
  struct options o = {.from = {.command = "reconstruct", .n = 50}};
  struct clgan_originals_command open = {0};
  struct work w = {0};
  struct clgan_error e = {0};
  enum clgan_status status = parse(&o, &open.args, argc, argv, &e);
  if (status == CLGAN_OK && !open.args.helped) {
    o.from.files = open.args.operands;
    o.from.n_files = open.args.n_operands;
    status = reconstruct(&o, &open.nets, &open.device, &open.x, &w, &e);
  }
  work_free(&w);
  return clgan_originals_command_end(&open, "reconstruct", status, &e);
}
