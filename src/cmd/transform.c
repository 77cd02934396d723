/* transform.c: `clgan transform`. SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/args.h"
#include "cmd/command.h"
#include "cmd/originals.h"
#include "data/sheet.h"

struct options {
  const char *weights, *device, *out;
  struct clgan_condition_words words;
  struct clgan_originals_words from;
};

/* A row for each original: itself, its reconstruction, then a cell for each choice. */
struct work {
  struct clgan_condition_given *choices;
  size_t n_choices, cols;       /* cols: cells drawn for a row, the reconstruction first */
  float *z, *factors;           /* [n,Z], [n,F] */
  float *row_z, *row_c, *row_x; /* of one row's cells */
  unsigned char *cell;
  struct clgan_sheet *sheet;
};

static void work_free(struct work *w) {
  clgan_mem_free(w->choices);
  clgan_mem_free(w->z);
  clgan_mem_free(w->factors);
  clgan_mem_free(w->row_z);
  clgan_mem_free(w->row_c);
  clgan_mem_free(w->row_x);
  clgan_mem_free(w->cell);
  clgan_sheet_destroy(w->sheet);
}

static enum clgan_status work_alloc(const struct clgan_model *m, const struct clgan_originals *x, struct work *w,
                                    struct clgan_error *e) {
  size_t size = (size_t)m->height * (size_t)m->width * (size_t)m->channels;
  w->cols = w->n_choices + 1;
  CLGAN_TRY(clgan_sheet_create((uint32_t)x->n, (uint32_t)w->cols + 1, (uint32_t)m->height, (uint32_t)m->width,
                               (uint32_t)m->channels, &w->sheet, e));
  w->z = clgan_mem_array(x->n * (size_t)m->latent, sizeof *w->z);
  w->factors = clgan_mem_array(x->n * (size_t)clgan_sampler_factors(m), sizeof *w->factors);
  w->row_z = clgan_mem_array(w->cols * (size_t)m->latent, sizeof *w->row_z);
  w->row_c = clgan_mem_array(w->cols * (size_t)m->condition_size, sizeof *w->row_c);
  w->row_x = clgan_mem_array(w->cols * size, sizeof *w->row_x);
  w->cell = clgan_mem_alloc(size);
  return CLGAN_OK;
}

static enum clgan_status draw_row(struct clgan_nets *nets, const struct clgan_originals *x, size_t i, struct work *w,
                                  struct clgan_error *e) {
  static const struct clgan_condition_given nothing = CLGAN_CONDITION_NOTHING;
  const struct clgan_model *m = nets->model;
  size_t size = (size_t)m->height * (size_t)m->width * (size_t)m->channels, Z = (size_t)m->latent;
  for (size_t k = 0; k < w->cols; k++) {
    struct clgan_condition_given r = clgan_originals_resolve(m, k ? &w->choices[k - 1] : &nothing, x, i,
                                                             w->factors + i * (size_t)clgan_sampler_factors(m));
    clgan_condition_vector(m, &r, w->row_c + k * (size_t)m->condition_size);
    memcpy(w->row_z + k * Z, w->z + i * Z, Z * sizeof *w->z);
  }
  CLGAN_TRY(clgan_sampler_generate(nets->sampler, w->cols, w->row_z, w->row_c, w->row_x, e));
  clgan_sheet_put(w->sheet, (uint32_t)i, 0, x->pixels + i * size);
  for (size_t k = 0; k < w->cols; k++) {
    clgan_pixels_from_float(w->row_x + k * size, size, m->pixels_01 ? CLGAN_PIXELS_UNIT : CLGAN_PIXELS_TANH, w->cell);
    clgan_sheet_put(w->sheet, (uint32_t)i, (uint32_t)k + 1, w->cell);
  }
  return CLGAN_OK;
}

static enum clgan_status draw_all(struct clgan_nets *nets, const struct clgan_originals *x, struct work *w,
                                  struct clgan_error *e) {
  struct clgan_progress p;
  enum clgan_status s = CLGAN_OK;
  clgan_progress_begin(&p, "draw", "rows", (double)x->n, 0);
  for (size_t i = 0; i < x->n && s == CLGAN_OK; i++) {
    s = draw_row(nets, x, i, w, e);
    clgan_progress_update(&p, (double)i + 1, NULL);
  }
  clgan_progress_end(&p);
  return s;
}

static void report(const struct options *o, const struct clgan_model *m, const struct clgan_originals *x,
                   const struct work *w) {
  struct clgan_text columns = {0};
  char text[80], note[48];
  for (size_t k = 0; k < w->n_choices; k++)
    clgan_text_printf(&columns, ", %s", clgan_condition_text(m, &w->choices[k], text));
  clgan_log_info("wrote %s: %zu row%s%s; columns: original, reconstruction%s", o->out, x->n, x->n == 1 ? "" : "s",
                 clgan_originals_note(x, note), columns.s);
  clgan_text_free(&columns);
}

static enum clgan_status transform(const struct options *o, struct clgan_nets *nets, struct clgan_session *device,
                                   struct clgan_originals *x, struct work *w, struct clgan_error *e) {
  const struct clgan_cl_options plain = {0};
  CLGAN_TRY(clgan_session_check(o->weights, o->out, ".png", NULL, e));
  CLGAN_TRY(clgan_originals_check(&o->from, e));
  CLGAN_TRY(clgan_nets_read(nets, o->weights, e));
  CLGAN_TRY(clgan_condition_choices(nets->model, &o->words, &w->choices, &w->n_choices, e));
  CLGAN_TRY(clgan_file_check_writable(o->out, e));
  CLGAN_TRY(clgan_originals_load(&o->from, nets->model, x, e));
  CLGAN_TRY(work_alloc(nets->model, x, w, e));
  CLGAN_TRY(clgan_session_choose(device, o->device, e));
  CLGAN_TRY(clgan_session_open(device, &plain, e));
  CLGAN_TRY(clgan_nets_load(nets, device->cl, x->n > w->cols ? x->n : w->cols, e));
  CLGAN_TRY(clgan_sampler_encode(nets->sampler, x->n, x->pixels, w->z, w->factors, e));
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
          "label, else the model's estimate), then a cell for each condition asked for.",
      .examples =
          "  clgan transform --weights run-digits --data builtin -o rewritten.png\n"
          "  clgan transform --weights run-digits seven.png two.png --digit 0:9 -o rewritten.png\n"
          "  clgan transform --weights run-faces64 me.jpg --age 10,30,50,70 --gender both -o ages.png\n"};
  return clgan_args_parse(args, &usage, argc, argv, e);
}

int clgan_command_transform(int argc, char **argv) {
  struct options o = {.from = {.command = "transform", .n = 10}};
  struct clgan_args args = {0};
  struct clgan_nets nets = {0};
  struct clgan_session device = {0};
  struct clgan_originals x = {0};
  struct work w = {0};
  struct clgan_error e = {0};
  enum clgan_status status = parse(&o, &args, argc, argv, &e);
  if (status == CLGAN_OK && !args.helped) {
    o.from.files = args.operands;
    o.from.n_files = args.n_operands;
    status = transform(&o, &nets, &device, &x, &w, &e);
  }
  int code = clgan_originals_finish("transform", &x, status, &e);
  work_free(&w);
  clgan_originals_free(&x);
  clgan_nets_close(&nets);
  clgan_session_close(&device);
  clgan_args_free(&args);
  return code;
}
