/* interpolate.c: `clgan interpolate`. SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/args.h"
#include "cmd/command.h"
#include "cmd/originals.h"
#include "data/image.h"
#include "data/sheet.h"

enum { ROW_CELLS = 20 }; /* of a sheet; longer ones go on in the next row */

struct options {
  const char *weights, *device, *out;
  struct clgan_condition_words words;
  struct clgan_originals_words from;
  uint64_t frames;
};

struct work {
  size_t n;            /* frames */
  float *z, *c, *x;    /* [n,Z], [n,C] (NULL: the model takes none), [n,H,W,C] */
  float *ends, *end_c; /* [2,Z], [2,C]: of the two images */
};

static void work_free(struct work *w) {
  clgan_mem_free(w->z);
  clgan_mem_free(w->c);
  clgan_mem_free(w->x);
  clgan_mem_free(w->ends);
  clgan_mem_free(w->end_c);
}

/* -- conditions of the two ends: "A", or "A,B" -- */
static const char *side(const char *text, int k, char room[2][64]) {
  const char *comma = text ? strchr(text, ',') : NULL;
  if (!comma || comma - text > 60) return text;
  snprintf(room[0], 64, "%.*s", (int)(comma - text), text);
  snprintf(room[1], 64, "%.63s", comma + 1);
  return room[k];
}

static enum clgan_status end_conditions(const struct options *o, const struct clgan_model *m,
                                        struct clgan_condition_given given[2], struct clgan_error *e) {
  for (int k = 0; k < 2; k++) {
    char room[4][2][64];
    const struct clgan_condition_words w = {.digit = side(o->words.digit, k, room[0]),
                                            .age = side(o->words.age, k, room[1]),
                                            .gender = side(o->words.gender, k, room[2]),
                                            .cls = side(o->words.cls, k, room[3])};
    CLGAN_TRY(clgan_condition_one(m, &w, &given[k], e));
  }
  return CLGAN_OK;
}

/* -- between -- */

/* The great circle between a and b (K. Shoemake, "Animating rotation with quaternion curves", 1985), lengths going from
 * the one to the other: normal codes lie near a sphere, and the straight line's middle would be far inside it. */
static void great_circle(const float *a, const float *b, size_t n, double t, float *out) {
  double aa = 0, bb = 0, ab = 0;
  for (size_t k = 0; k < n; k++) {
    aa += (double)a[k] * (double)a[k];
    bb += (double)b[k] * (double)b[k];
    ab += (double)a[k] * (double)b[k];
  }
  double la = sqrt(aa), lb = sqrt(bb), cosine = la > 0 && lb > 0 ? ab / (la * lb) : 1;
  double angle = acos(cosine > 1 ? 1 : cosine < -1 ? -1 : cosine), length = (1 - t) * la + t * lb;
  bool straight = sin(angle) < 1e-6; /* the same direction, or opposite ones: no circle is given */
  double wa = straight ? 1 - t : sin((1 - t) * angle) / sin(angle) * length / la;
  double wb = straight ? t : sin(t * angle) / sin(angle) * length / lb;
  for (size_t k = 0; k < n; k++) out[k] = (float)(wa * (double)a[k] + wb * (double)b[k]);
}

static void straight_line(const float *a, const float *b, size_t n, double t, float *out) {
  for (size_t k = 0; k < n; k++) out[k] = (float)((1 - t) * (double)a[k] + t * (double)b[k]);
}

static enum clgan_status fill(const struct clgan_model *m, struct work *w, struct clgan_error *e) {
  size_t Z = (size_t)m->latent, C = (size_t)m->condition_size;
  void *p;
  CLGAN_TRY(clgan_mem_try(&p, w->n, clgan_model_image_size(m) * sizeof *w->x, "the frames", e));
  w->x = p;
  w->z = clgan_mem_array(w->n * Z, sizeof *w->z);
  if (C) w->c = clgan_mem_array(w->n * C, sizeof *w->c);
  for (size_t i = 0; i < w->n; i++) {
    double t = (double)i / (double)(w->n - 1);
    (m->latent_kind == CLGAN_LATENT_NORMAL ? great_circle : straight_line)(w->ends, w->ends + Z, Z, t, w->z + i * Z);
    if (C) straight_line(w->end_c, w->end_c + C, C, t, w->c + i * C);
  }
  return CLGAN_OK;
}

/* E's codes of both images, their conditions, and all that lies between. */
static enum clgan_status find_ends(struct clgan_nets *nets, const struct clgan_condition_given given[2],
                                   const struct clgan_originals *x, struct work *w, struct clgan_error *e) {
  const struct clgan_model *m = nets->model;
  size_t F = (size_t)clgan_sampler_factors(m), C = (size_t)m->condition_size;
  float *factors = clgan_mem_array(2 * F + 1, sizeof *factors);
  w->ends = clgan_mem_array(2 * (size_t)m->latent, sizeof *w->ends);
  if (C) w->end_c = clgan_mem_array(2 * C, sizeof *w->end_c);
  enum clgan_status s = clgan_sampler_encode(nets->sampler, 2, x->pixels, w->ends, F ? factors : NULL, e);
  for (size_t k = 0; C && s == CLGAN_OK && k < 2; k++) {
    struct clgan_condition_given r = clgan_originals_resolve(m, &given[k], x, k, factors + k * F);
    clgan_condition_vector(m, &r, w->end_c + k * C);
  }
  clgan_mem_free(factors);
  return s;
}

/* -- writing -- */
static enum clgan_status write_sheet(const struct options *o, const struct clgan_model *m, const struct work *w,
                                     struct clgan_error *e) {
  size_t cols = w->n < ROW_CELLS ? w->n : ROW_CELLS, size = clgan_model_image_size(m);
  struct clgan_sheet *sheet = NULL;
  CLGAN_TRY(clgan_sampler_sheet(m, (w->n + cols - 1) / cols, cols, &sheet, e));
  unsigned char *cell = clgan_mem_alloc(size);
  for (size_t i = 0; i < w->n; i++) {
    clgan_sampler_pixels(m, 1, w->x + i * size, cell);
    clgan_sheet_put(sheet, (uint32_t)(i / cols), (uint32_t)(i % cols), cell);
  }
  enum clgan_status s = clgan_sheet_write(sheet, o->out, e);
  clgan_mem_free(cell);
  clgan_sheet_destroy(sheet);
  return s;
}

static enum clgan_status write_frames(const struct options *o, const struct clgan_model *m, const struct work *w,
                                      struct clgan_error *e) {
  size_t size = clgan_model_image_size(m);
  unsigned char *cell = clgan_mem_alloc(size);
  enum clgan_status s = CLGAN_OK;
  for (size_t i = 0; s == CLGAN_OK && i < w->n; i++) {
    char name[32];
    snprintf(name, sizeof name, "frame-%03zu.png", i);
    char *path = clgan_file_join(o->out, name);
    clgan_sampler_pixels(m, 1, w->x + i * size, cell);
    s = clgan_image_write_png(path, (uint32_t)m->height, (uint32_t)m->width, (uint32_t)m->channels, cell, e);
    clgan_mem_free(path);
  }
  clgan_mem_free(cell);
  return s;
}

/* -- the command -- */
static bool is_folder(const char *out) {
  return out && out[0] && (out[strlen(out) - 1] == '/' || clgan_file_is_folder(out));
}

static enum clgan_status check(const struct options *o, struct clgan_error *e) {
  if (!o->weights || !is_folder(o->out))
    CLGAN_TRY(clgan_session_check(o->weights, o->out, ".png", "/ (a folder of frames)", e));
  if (o->from.n_files != 2)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "give two images (PNG or JPEG): from which, to which; not %zu",
                           o->from.n_files);
  return clgan_originals_check(&o->from, e);
}

static enum clgan_status interpolate(const struct options *o, struct clgan_nets *nets, struct clgan_session *device,
                                     struct clgan_originals *x, struct work *w, struct clgan_error *e) {
  struct clgan_condition_given given[2];
  bool folder = is_folder(o->out);
  CLGAN_TRY(check(o, e));
  CLGAN_TRY(clgan_nets_read(nets, o->weights, e));
  CLGAN_TRY(end_conditions(o, nets->model, given, e));
  if (!folder) CLGAN_TRY(clgan_file_check_writable(o->out, e));
  CLGAN_TRY(clgan_originals_load(&o->from, nets->model, x, e));
  if (folder) CLGAN_TRY(clgan_file_make_folder(o->out, e));
  CLGAN_TRY(clgan_session_start(device, o->device, e));
  CLGAN_TRY(clgan_nets_load(nets, device->cl, w->n, e));
  CLGAN_TRY(find_ends(nets, given, x, w, e));
  CLGAN_TRY(fill(nets->model, w, e));
  CLGAN_TRY(clgan_sampler_generate(nets->sampler, w->n, w->z, w->c, w->x, e));
  CLGAN_TRY((folder ? write_frames : write_sheet)(o, nets->model, w, e));
  clgan_programs_save(device->cl);
  clgan_log_info("wrote %s: %zu frames from %s to %s", o->out, w->n, o->from.files[0], o->from.files[1]);
  return CLGAN_OK;
}

static enum clgan_status parse(struct options *o, struct clgan_args *args, int argc, char **argv,
                               struct clgan_error *e) {
  const struct clgan_option options[] = {
      CLGAN_WORD("weights", 'w', &o->weights, "W", "checkpoint, released model or run folder"),
      CLGAN_WHOLE("frames", 0, &o->frames, NULL, 2, 100000, "images drawn, both ends included (default 10)"),
      CLGAN_ORIGINALS_CROP(&o->from),
      CLGAN_WORD("class", 0, &o->words.cls, "A,B",
                 "conditions of the two ends, or one for both (default: the model's estimate)"),
      CLGAN_WORD("digit", 0, &o->words.digit, "A,B", "the same as --class"),
      CLGAN_WORD("age", 0, &o->words.age, "A,B", "years"),
      CLGAN_WORD("gender", 0, &o->words.gender, "A,B", "male or female"),
      CLGAN_WORD("device", 'd', &o->device, "D", CLGAN_DEVICE_HELP),
      CLGAN_WORD("out", 'o', &o->out, "OUT", "a .png sheet, or FOLDER/ for frame-000.png, frame-001.png, ..."),
  };
  const struct clgan_usage usage = {
      .name = "interpolate",
      .options = options,
      .n_options = sizeof options / sizeof options[0],
      .operands = true,
      .synopsis = "--weights W IMAGE_A IMAGE_B [--frames N] [OPTION]... -o OUT",
      .about =
          "Encodes two images and draws what lies between: codes on the straight line from the one to the other "
          "(normal codes: on the great circle), the condition going along.",
      .examples =
          "  clgan interpolate --weights run-digits three.png eight.png -o between.png\n"
          "  clgan interpolate --weights run-digits a.png b.png --digit 3,8 --frames 60 -o frames/\n"};
  return clgan_args_parse(args, &usage, argc, argv, e);
}

int clgan_command_interpolate(int argc, char **argv) {
  struct options o = {.from = {.command = "interpolate", .need_every = true}, .frames = 10};
  struct clgan_originals_command open = {0};
  struct work w = {0};
  struct clgan_error e = {0};
  enum clgan_status status = parse(&o, &open.args, argc, argv, &e);
  if (status == CLGAN_OK && !open.args.helped) {
    o.from.files = open.args.operands;
    o.from.n_files = open.args.n_operands;
    w.n = (size_t)o.frames;
    status = interpolate(&o, &open.nets, &open.device, &open.x, &w, &e);
  }
  work_free(&w);
  return clgan_originals_command_end(&open, "interpolate", status, &e);
}
