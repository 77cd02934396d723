/* transform.c: `clgan transform`. SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/args.h"
#include "cmd/command.h"
#include "cmd/originals.h"
#include "cmd/refine.h"
#include "data/sheet.h"

struct options {
  const char *weights, *device, *out;
  struct clgan_condition_words words;
  struct clgan_originals_words from;
  uint64_t refine;
};

/* A row for each original: itself, its reconstruction, then a cell for each choice. With --refine a second one under it,
 * from the refined code. */
struct work {
  struct clgan_condition_given *choices;
  size_t n_choices, cols; /* cols: cells drawn for a row, the reconstruction first */
  size_t rows;            /* of an original: 1 or 2 */
  float *z[2], *factors;  /* [n,Z] each: E's, refined; [n,F] */
  struct clgan_refined refined;
  float *row_z, *row_c, *row_x; /* of one row's cells */
  unsigned char *cell;
  struct clgan_sheet *sheet;
};

static void work_free(struct work *w) {
  clgan_mem_free(w->choices);
  for (int k = 0; k < 2; k++) clgan_mem_free(w->z[k]);
  clgan_mem_free(w->factors);
  clgan_mem_free(w->row_z);
  clgan_mem_free(w->row_c);
  clgan_mem_free(w->row_x);
  clgan_mem_free(w->cell);
  clgan_sheet_destroy(w->sheet);
}

static enum clgan_status work_alloc(const struct clgan_model *m, const struct clgan_originals *x, struct work *w,
                                    struct clgan_error *e) {
  size_t size = clgan_model_image_size(m);
  w->cols = w->n_choices + 1;
  CLGAN_TRY(clgan_sampler_sheet(m, x->n * w->rows, w->cols + 1, &w->sheet, e));
  for (size_t k = 0; k < w->rows; k++) w->z[k] = clgan_mem_array(x->n * (size_t)m->latent, sizeof *w->z[k]);
  w->factors = clgan_mem_array(x->n * (size_t)clgan_sampler_factors(m), sizeof *w->factors);
  w->row_z = clgan_mem_array(w->cols * (size_t)m->latent, sizeof *w->row_z);
  w->row_c = clgan_mem_array(w->cols * (size_t)m->condition_size, sizeof *w->row_c);
  w->row_x = clgan_mem_array(w->cols * size, sizeof *w->row_x);
  w->cell = clgan_mem_alloc(size);
  return CLGAN_OK;
}

static void condition_of(const struct clgan_model *m, const struct clgan_condition_given *choice,
                         const struct clgan_originals *x, size_t i, const struct work *w, float *c) {
  struct clgan_condition_given r =
      clgan_originals_resolve(m, choice, x, i, w->factors + i * (size_t)clgan_sampler_factors(m));
  clgan_condition_vector(m, &r, c);
}

static const struct clgan_condition_given its_own = CLGAN_CONDITION_NOTHING;

/* Codes of all originals, refined under their own conditions. */
static enum clgan_status find_codes(const struct options *o, struct clgan_nets *nets, const struct clgan_originals *x,
                                    struct work *w, struct clgan_error *e) {
  const struct clgan_model *m = nets->model;
  size_t C = (size_t)m->condition_size;
  CLGAN_TRY(clgan_sampler_encode(nets->sampler, x->n, x->pixels, w->z[0], w->factors, e));
  if (!o->refine) return CLGAN_OK;
  float *c = clgan_mem_array(x->n * C, sizeof *c);
  for (size_t i = 0; i < x->n; i++) condition_of(m, &its_own, x, i, w, c + i * C);
  memcpy(w->z[1], w->z[0], x->n * (size_t)m->latent * sizeof(float));
  enum clgan_status s = clgan_refine_codes(nets, o->refine, x->n, x->pixels, c, w->z[1], &w->refined, e);
  clgan_mem_free(c);
  return s;
}

static enum clgan_status draw_row(struct clgan_nets *nets, const struct clgan_originals *x, size_t row, struct work *w,
                                  struct clgan_error *e) {
  const struct clgan_model *m = nets->model;
  size_t size = clgan_model_image_size(m), Z = (size_t)m->latent, i = row / w->rows;
  for (size_t k = 0; k < w->cols; k++) {
    condition_of(m, k ? &w->choices[k - 1] : &its_own, x, i, w, w->row_c + k * (size_t)m->condition_size);
    memcpy(w->row_z + k * Z, w->z[row % w->rows] + i * Z, Z * sizeof *w->row_z);
  }
  CLGAN_TRY(clgan_sampler_generate(nets->sampler, w->cols, w->row_z, w->row_c, w->row_x, e));
  clgan_sheet_put(w->sheet, (uint32_t)row, 0, x->pixels + i * size);
  for (size_t k = 0; k < w->cols; k++) {
    clgan_sampler_pixels(m, 1, w->row_x + k * size, w->cell);
    clgan_sheet_put(w->sheet, (uint32_t)row, (uint32_t)k + 1, w->cell);
  }
  return CLGAN_OK;
}

static enum clgan_status draw_all(struct clgan_nets *nets, const struct clgan_originals *x, struct work *w,
                                  struct clgan_error *e) {
  struct clgan_progress p;
  enum clgan_status s = CLGAN_OK;
  clgan_progress_begin(&p, "draw", "rows", (double)(x->n * w->rows), 0);
  for (size_t i = 0; i < x->n * w->rows && s == CLGAN_OK; i++) {
    s = draw_row(nets, x, i, w, e);
    clgan_progress_update(&p, (double)i + 1, NULL);
  }
  clgan_progress_end(&p);
  return s;
}

static void report(const struct options *o, const struct clgan_model *m, const struct clgan_originals *x,
                   const struct work *w) {
  struct clgan_text columns = {0};
  size_t rows = x->n * w->rows;
  char text[80], note[48], refined[80];
  for (size_t k = 0; k < w->n_choices; k++)
    clgan_text_printf(&columns, ", %s", clgan_condition_text(m, &w->choices[k], text));
  clgan_log_info("wrote %s: %zu row%s%s%s; columns: original, reconstruction%s%s", o->out, rows, rows == 1 ? "" : "s",
                 o->refine ? " (of each image two: from its code, from the refined code)" : "",
                 clgan_originals_note(x, note), columns.s, clgan_refined_note(&w->refined, o->refine, refined));
  clgan_text_free(&columns);
}

static enum clgan_status transform(const struct options *o, struct clgan_nets *nets, struct clgan_session *device,
                                   struct clgan_originals *x, struct work *w, struct clgan_error *e) {
  CLGAN_TRY(clgan_session_check(o->weights, o->out, ".png", NULL, e));
  CLGAN_TRY(clgan_originals_check(&o->from, e));
  CLGAN_TRY(clgan_nets_read(nets, o->weights, e));
  CLGAN_TRY(clgan_condition_choices(nets->model, &o->words, &w->choices, &w->n_choices, e));
  CLGAN_TRY(clgan_file_check_writable(o->out, e));
  CLGAN_TRY(clgan_originals_load(&o->from, nets->model, x, e));
  w->rows = o->refine ? 2 : 1;
  CLGAN_TRY(work_alloc(nets->model, x, w, e));
  CLGAN_TRY(clgan_session_start(device, o->device, e));
  CLGAN_TRY(clgan_nets_load(nets, device->cl, x->n > w->cols ? x->n : w->cols, e));
  CLGAN_TRY(find_codes(o, nets, x, w, e));
  CLGAN_TRY(draw_all(nets, x, w, e));
  CLGAN_TRY(clgan_sheet_write(w->sheet, o->out, e));
  clgan_programs_save(device->cl);
  report(o, nets->model, x, w);
  return CLGAN_OK;
}

static enum clgan_status parse(struct options *o, struct clgan_args *args, int argc, char **argv,
                               struct clgan_error *e) {
  const struct clgan_option options[] = {
      CLGAN_WORD("weights", 'w', &o->weights, "W", "checkpoint, released model or run folder"),
      CLGAN_ORIGINALS_DATA(&o->from, "how many images of the data set (default 10)"),
      CLGAN_ORIGINALS_CROP(&o->from),
      CLGAN_WORD("class", 0, &o->words.cls, "LIST", "by name or number: shoe or 1,5,7 or 0:9 (default: all)"),
      CLGAN_WORD("digit", 0, &o->words.digit, "LIST", "the same as --class"),
      CLGAN_WORD("age", 0, &o->words.age, "LIST",
                 "e.g. 20,60 or 0:80:5 (default 0:80, ten values; with --gender alone: the image's own)"),
      CLGAN_WORD("gender", 0, &o->words.gender, "G", "male, female or both (default: the image's own)"),
      CLGAN_REFINE_OPTION(&o->refine),
      CLGAN_WORD("device", 'd', &o->device, "D", CLGAN_DEVICE_HELP),
      CLGAN_WORD("out", 'o', &o->out, "OUT", "a .png sheet"),
  };
  const struct clgan_usage usage = {
      .name = "transform",
      .options = options,
      .n_options = sizeof options / sizeof options[0],
      .operands = true,
      .synopsis =
          "--weights W IMAGE... [OPTION]... -o OUT.png\n"
          "--weights W --data PATH [--split S] [-n N] [OPTION]... -o OUT.png",
      .about =
          "Draws images again from their own codes under other conditions: a digit as other digits in the same "
          "handwriting, a face at other ages. A row for each image: the original, its reconstruction (under its "
          "label, else the model's estimate), then a cell for each condition asked for. With --refine N a second row "
          "under it, drawn from the code after N steps that bring its reconstruction nearer to the image.",
      .examples =
          "  clgan transform --weights run-digits --data builtin -o rewritten.png\n"
          "  clgan transform --weights run-digits seven.png two.png --digit 0:9 -o rewritten.png\n"
          "  clgan transform --weights run-faces64 me.jpg --age 10,30,50,70 --gender both -o ages.png\n"
          "  clgan transform --weights run-faces64 me.jpg --crop 120,40,500,500 --gender both --refine 200 -o "
          "me.png\n"};
  return clgan_args_parse(args, &usage, argc, argv, e);
}

int clgan_command_transform(int argc, char **argv) {
  struct options o = {.from = {.command = "transform", .n = 10}};
  struct clgan_originals_command open = {0};
  struct work w = {0};
  struct clgan_error e = {0};
  enum clgan_status status = parse(&o, &open.args, argc, argv, &e);
  if (status == CLGAN_OK && !open.args.helped) {
    o.from.files = open.args.operands;
    o.from.n_files = open.args.n_operands;
    status = transform(&o, &open.nets, &open.device, &open.x, &w, &e);
  }
  work_free(&w);
  return clgan_originals_command_end(&open, "transform", status, &e);
}
