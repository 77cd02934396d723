/* generate.c: `clgan generate`. SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/safetensors.h"
#include "cmd/args.h"
#include "cmd/command.h"
#include "cmd/condition.h"
#include "cmd/session.h"
#include "data/sheet.h"

struct options {
  const char *weights, *latent, *device, *out;
  struct clgan_condition_words words;
  uint64_t seed, n, cols;
  bool grid, n_given, cols_given;
};

/* What is to be drawn: image i has the code z[i] and the condition c[i], and lies at (i / cols, i % cols). */
struct drawing {
  size_t n, cols, rows;
  float *z, *c;                        /* [n,Z], [n,C]; c NULL where the model takes no condition */
  float *x;                            /* [n,H,W,C] */
  struct clgan_sheet *sheet;           /* NULL where x itself is the output */
  struct clgan_condition_given *asked; /* [n_asked] conditions: the rows of a grid; NULL where there are none */
  size_t n_asked;
};

static void drawing_free(struct drawing *d) {
  clgan_mem_free(d->z);
  clgan_mem_free(d->c);
  clgan_mem_free(d->x);
  clgan_sheet_destroy(d->sheet);
  clgan_mem_free(d->asked);
}

static enum clgan_status rows_alloc(float **out, size_t n, size_t width, const char *what, struct clgan_error *e) {
  void *p = NULL;
  CLGAN_TRY(clgan_mem_try(&p, n, width * sizeof(float), what, e));
  *out = p;
  return CLGAN_OK;
}

/* -- codes and conditions from a file -- */
struct latents {
  size_t n;
  float *z, *c; /* c NULL: not in the file */
};

static enum clgan_status read_rows(const struct clgan_safetensors *s, const char *path, const char *name, int width,
                                   size_t *n, float **out, struct clgan_error *e) {
  const struct clgan_tensor *t = clgan_safetensors_find(s, name);
  if (!t) return CLGAN_OK;
  if (t->dims != 2 || t->shape[0] == 0 || t->shape[1] != (uint64_t)width)
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: tensor %s must have shape [n,%d] for this model", path, name,
                           width);
  if (*n && t->shape[0] != *n)
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: z and c differ in their number of rows", path);
  *n = (size_t)t->shape[0];
  CLGAN_TRY(rows_alloc(out, *n, (size_t)width, name, e));
  clgan_tensor_to_float(t, *out);
  for (size_t k = 0; k < *n * (size_t)width; k++)
    if (!isfinite((*out)[k]))
      return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: tensor %s holds a NaN or infinity", path, name);
  return CLGAN_OK;
}

static enum clgan_status read_latents(const struct options *o, const struct clgan_model *m, struct latents *l,
                                      struct clgan_error *e) {
  struct clgan_safetensors *s = NULL;
  bool words = clgan_condition_words_any(&o->words);
  CLGAN_TRY(clgan_safetensors_open(o->latent, &s, e));
  enum clgan_status status = read_rows(s, o->latent, "z", m->latent, &l->n, &l->z, e);
  if (status == CLGAN_OK && !l->z)
    status = clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: has no tensor z [n,%d]", o->latent, m->latent);
  if (status == CLGAN_OK && !words && !o->grid && m->condition_size)
    status = read_rows(s, o->latent, "c", m->condition_size, &l->n, &l->c, e);
  clgan_safetensors_close(s);
  return status;
}

/* -- laying out -- */
static void copy_row(float *to, size_t i, const float *from, size_t k, size_t width) {
  memcpy(to + i * width, from + k * width, width * sizeof *to);
}

/* Number of images and of columns. @param rows conditions of a grid. */
static enum clgan_status measure(const struct options *o, const struct latents *l, size_t rows, struct drawing *d,
                                 struct clgan_error *e) {
  size_t asked = o->grid ? (size_t)o->cols : (size_t)o->n;
  bool given = o->grid ? o->cols_given : o->n_given;
  size_t codes = l->z && !given ? l->n : asked;
  if (l->z && codes > l->n)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--latent %s: holds %zu codes, fewer than the %zu asked for", o->latent,
                           l->n, codes);
  d->n = o->grid ? rows * codes : codes;
  d->cols = o->grid ? codes : o->cols_given ? (size_t)o->cols : (size_t)ceil(sqrt((double)codes));
  if (d->cols > d->n) d->cols = d->n;
  d->rows = (d->n + d->cols - 1) / d->cols;
  return CLGAN_OK;
}

static enum clgan_status lay_out(const struct options *o, const struct clgan_model *m, struct latents *l,
                                 struct drawing *d, struct clgan_error *e) {
  size_t Z = (size_t)m->latent, C = (size_t)m->condition_size;
  d->n_asked = 1;
  if (C)
    CLGAN_TRY(clgan_conditions_list(m, &o->words, !o->grid, &d->asked, &d->n_asked, e));
  else
    CLGAN_TRY(clgan_condition_words_check(m, &o->words, e));
  enum clgan_status s = measure(o, l, d->n_asked, d, e);
  size_t codes = o->grid ? d->cols : d->n;
  if (s == CLGAN_OK) s = rows_alloc(&d->z, d->n, Z, "the codes", e);
  if (s == CLGAN_OK && C) s = rows_alloc(&d->c, d->n, C, "the conditions", e);
  if (s == CLGAN_OK && !l->z) {
    s = rows_alloc(&l->z, codes, Z, "the codes", e);
    if (s == CLGAN_OK) clgan_latent_draw(m, o->seed, 0, codes, l->z);
  }
  for (size_t i = 0; i < d->n && s == CLGAN_OK; i++) {
    copy_row(d->z, i, l->z, o->grid ? i % d->cols : i, Z);
    if (!C) continue;
    if (l->c)
      copy_row(d->c, i, l->c, i, C);
    else
      clgan_condition_vector(m, &d->asked[o->grid ? i / d->cols : i % d->n_asked], d->c + i * C);
  }
  return s;
}

static enum clgan_status plan(const struct options *o, const struct clgan_model *m, struct drawing *d,
                              struct clgan_error *e) {
  struct latents l = {0};
  enum clgan_status s = o->latent ? read_latents(o, m, &l, e) : CLGAN_OK;
  if (s == CLGAN_OK) s = lay_out(o, m, &l, d, e);
  clgan_mem_free(l.z);
  clgan_mem_free(l.c);
  if (s == CLGAN_OK && clgan_path_ends(o->out, ".png"))
    s = clgan_sampler_sheet(m, d->rows, d->cols, &d->sheet, e);
  if (s == CLGAN_OK) s = rows_alloc(&d->x, d->n, clgan_model_image_size(m), "the images", e);
  return s;
}

/* -- writing -- */
static enum clgan_status write_sheet(const struct options *o, const struct clgan_model *m, const struct drawing *d,
                                     struct clgan_error *e) {
  size_t size = clgan_model_image_size(m);
  unsigned char *cell = clgan_mem_alloc(size);
  for (size_t i = 0; i < d->n; i++) {
    clgan_sampler_pixels(m, 1, d->x + i * size, cell);
    clgan_sheet_put(d->sheet, (uint32_t)(i / d->cols), (uint32_t)(i % d->cols), cell);
  }
  clgan_mem_free(cell);
  return clgan_sheet_write(d->sheet, o->out, e);
}

/* x as [N,C,H,W], the layout of the reference script, and what it was made of. */
static enum clgan_status write_tensors(const struct options *o, const struct clgan_model *m, const struct drawing *d,
                                       struct clgan_error *e) {
  size_t size = clgan_model_image_size(m), area = (size_t)m->height * (size_t)m->width, channels = (size_t)m->channels;
  float *planes = NULL;
  CLGAN_TRY(rows_alloc(&planes, d->n, size, "the images", e));
  for (size_t i = 0; i < d->n; i++)
    for (size_t p = 0; p < area; p++)
      for (size_t c = 0; c < channels; c++) planes[i * size + c * area + p] = d->x[i * size + p * channels + c];
  const uint64_t shape[4] = {d->n, channels, (uint64_t)m->height, (uint64_t)m->width};
  const uint64_t z_shape[2] = {d->n, (uint64_t)m->latent}, c_shape[2] = {d->n, (uint64_t)m->condition_size};
  struct clgan_safetensors_writer *w = clgan_safetensors_writer_create();
  clgan_safetensors_add(w, "x", CLGAN_F32, 4, shape, planes);
  clgan_safetensors_add(w, "z", CLGAN_F32, 2, z_shape, d->z);
  if (d->c) clgan_safetensors_add(w, "c", CLGAN_F32, 2, c_shape, d->c);
  enum clgan_status s = clgan_safetensors_write(w, o->out, e);
  clgan_safetensors_writer_destroy(w);
  clgan_mem_free(planes);
  return s;
}

/* Of a grid also what its rows are. */
static void report(const struct options *o, const struct clgan_model *m, const struct drawing *d) {
  struct clgan_text rows = {0};
  char text[80];
  for (size_t k = 0; o->grid && d->sheet && d->asked && k < d->n_asked; k++)
    clgan_text_printf(&rows, "%s%s",
                      k ? ", " : "; columns share a code; rows: ", clgan_condition_text(m, &d->asked[k], text));
  clgan_log_info("wrote %s: %zu images of %s%s", o->out, d->n, m->name, rows.s ? rows.s : "");
  clgan_text_free(&rows);
}

static enum clgan_status generate(const struct options *o, struct clgan_nets *nets, struct clgan_session *device,
                                  struct drawing *d, struct clgan_error *e) {
  CLGAN_TRY(clgan_nets_read(nets, o->weights, e));
  CLGAN_TRY(plan(o, nets->model, d, e));
  CLGAN_TRY(clgan_file_check_writable(o->out, e));
  CLGAN_TRY(clgan_session_start(device, o->device, e));
  CLGAN_TRY(clgan_nets_load(nets, device->cl, d->n, e));
  CLGAN_TRY(clgan_sampler_generate(nets->sampler, d->n, d->z, d->c, d->x, e));
  clgan_programs_save(device->cl);
  CLGAN_TRY(d->sheet ? write_sheet(o, nets->model, d, e) : write_tensors(o, nets->model, d, e));
  report(o, nets->model, d);
  return CLGAN_OK;
}

static enum clgan_status check(const struct options *o, struct clgan_error *e) {
  CLGAN_TRY(clgan_session_check(o->weights, o->out, ".png", ".safetensors", e));
  if (o->grid && o->n_given)
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "--grid and -n exclude each other: a grid's size is set by its lists and --cols");
  if (!o->grid && !o->n_given && !o->latent)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "give --grid, or -n N for N images, or --latent F");
  return CLGAN_OK;
}

static enum clgan_status parse(struct options *o, struct clgan_args *args, int argc, char **argv,
                               struct clgan_error *e) {
  const struct clgan_option options[] = {
      CLGAN_WORD("weights", 'w', &o->weights, "W", "checkpoint, released model or run folder"),
      CLGAN_FLAG("grid", 0, &o->grid, "a row for each class or age, columns share a code"),
      CLGAN_WHOLE("count", 'n', &o->n, &o->n_given, 1, 1000000, "N images, their conditions cycling through the lists"),
      CLGAN_WORD("class", 0, &o->words.cls, "LIST", "by name or number: shoe or 1,5,7 or 0:9 (default: all)"),
      CLGAN_WORD("digit", 0, &o->words.digit, "LIST", "the same as --class"),
      CLGAN_WORD("age", 0, &o->words.age, "LIST", "e.g. 20,60 or 0:80 (the default: ten values) or 0:80:5"),
      CLGAN_WORD("gender", 0, &o->words.gender, "G", "male, female or both (default)"),
      CLGAN_WHOLE("seed", 0, &o->seed, NULL, 0, UINT64_MAX, "of the codes (default 0)"),
      CLGAN_WORD("latent", 0, &o->latent, "F", "safetensors file with codes z [n,Z] (and conditions c [n,C])"),
      CLGAN_WHOLE("cols", 0, &o->cols, &o->cols_given, 1, 10000,
                  "columns (default: a grid 10 or the codes of --latent; else near a square)"),
      CLGAN_WORD("device", 'd', &o->device, "D", CLGAN_DEVICE_HELP),
      CLGAN_WORD("out", 'o', &o->out, "OUT", "a .png sheet, or .safetensors with x F32 [N,C,H,W], z and c"),
  };
  const struct clgan_usage usage = {
      .name = "generate",
      .options = options,
      .n_options = sizeof options / sizeof options[0],
      .synopsis = "--weights W (--grid | -n N) [OPTION]... -o OUT",
      .about =
          "Draws images with a trained model: of the classes asked for (digits, say), or faces of an age and gender.",
      .examples =
          "  clgan generate --weights run-digits --grid -o grid.png\n"
          "  clgan generate --weights run-digits -n 25 --digit 3,7 --seed 5 -o digits.png\n"
          "  clgan generate --weights run-faces64 --grid --age 0:80 --gender female -o ages.png\n"};
  return clgan_args_parse(args, &usage, argc, argv, e);
}

int clgan_command_generate(int argc, char **argv) {
  struct options o = {.cols = 10};
  struct clgan_args args = {0};
  struct clgan_nets nets = {0};
  struct clgan_session device = {0};
  struct drawing d = {0};
  struct clgan_error e = {0};
  enum clgan_status status = parse(&o, &args, argc, argv, &e);
  if (status == CLGAN_OK && !args.helped) {
    status = check(&o, &e);
    if (status == CLGAN_OK) status = generate(&o, &nets, &device, &d, &e);
  }
  drawing_free(&d);
  clgan_nets_close(&nets);
  clgan_session_close(&device);
  clgan_args_free(&args);
  return clgan_command_finish("generate", status, &e);
}
