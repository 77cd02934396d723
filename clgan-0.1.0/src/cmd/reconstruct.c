/* reconstruct.c: `clgan reconstruct`. SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/args.h"
#include "cmd/command.h"
#include "cmd/condition.h"
#include "cmd/session.h"
#include "data/image.h"
#include "train/loop.h"

struct options {
  const char *weights, *data, *split, *crop, *device, *out;
  struct clgan_condition_words words;
  uint64_t n;
  bool n_given;
  const char **images;
  size_t n_images;
};

/* The originals, with the labels their data set has (NULL: none). */
struct originals {
  size_t n;
  unsigned char *pixels; /* [n,H,W,C] */
  int32_t *digit;
  float *age, *gender;
};

static void originals_free(struct originals *x) {
  clgan_mem_free(x->pixels);
  clgan_mem_free(x->digit);
  clgan_mem_free(x->age);
  clgan_mem_free(x->gender);
}

static enum clgan_status pixels_alloc(const struct clgan_model *m, size_t n, struct originals *x,
                                      struct clgan_error *e) {
  void *p = NULL;
  CLGAN_TRY(clgan_mem_try(&p, n, (size_t)m->height * (size_t)m->width * (size_t)m->channels, "the images", e));
  x->pixels = p;
  x->n = n;
  return CLGAN_OK;
}

/* -- originals from image files -- */
static enum clgan_status load_files(const struct options *o, const struct clgan_model *m, struct originals *x,
                                    struct clgan_error *e) {
  struct clgan_crop crop = {0};
  size_t size = (size_t)m->height * (size_t)m->width * (size_t)m->channels;
  if (o->crop) CLGAN_TRY(clgan_crop_parse(o->crop, &crop, e));
  CLGAN_TRY(pixels_alloc(m, o->n_images, x, e));
  for (size_t i = 0; i < o->n_images; i++)
    CLGAN_TRY(clgan_image_load(o->images[i], o->crop ? &crop : NULL, (uint32_t)m->height, (uint32_t)m->width,
                               (uint32_t)m->channels, x->pixels + i * size, e));
  return CLGAN_OK;
}

/* -- originals from a data set -- */
static bool has_test(const struct clgan_dataset *d) {
  for (uint32_t i = 0; i < d->count; i++)
    if (d->split[i]) return true;
  return false;
}

static enum clgan_status gather(const struct options *o, const struct clgan_model *m, const struct clgan_dataset *d,
                                struct originals *x, struct clgan_error *e) {
  uint32_t *items = NULL, count = 0;
  bool test = o->split ? !strcmp(o->split, "test") : has_test(d);
  CLGAN_TRY(clgan_dataset_select(d, test ? CLGAN_PART_TEST : CLGAN_PART_TRAIN, 0, &items, &count, e));
  uint32_t n = o->n < count ? (uint32_t)o->n : count;
  enum clgan_status s = pixels_alloc(m, n, x, e);
  if (s == CLGAN_OK) {
    if (m->condition == CLGAN_CONDITION_CLASS && d->labels == CLGAN_LABELS_CLASS)
      x->digit = clgan_mem_array(n, sizeof *x->digit);
    if (m->condition == CLGAN_CONDITION_FACE && d->labels == CLGAN_LABELS_FACE) {
      x->age = clgan_mem_array(n, sizeof *x->age);
      x->gender = clgan_mem_array(n, sizeof *x->gender);
    }
    const struct clgan_batch_labels labels = {x->digit, x->age, x->gender};
    clgan_dataset_gather(d, items, n, x->pixels, &labels);
  }
  clgan_mem_free(items);
  return s;
}

static enum clgan_status load_data(const struct options *o, const struct clgan_model *m, struct originals *x,
                                   struct clgan_error *e) {
  struct clgan_dataset *d = NULL;
  struct clgan_dataset_want want = {
      .height = (uint32_t)m->height, .width = (uint32_t)m->width, .channels = (uint32_t)m->channels};
  CLGAN_TRY(clgan_dataset_open(o->data, &want, &d, e));
  enum clgan_status s = gather(o, m, d, x, e);
  clgan_dataset_close(d);
  for (size_t i = 0; s == CLGAN_OK && x->digit && i < x->n; i++)
    if (x->digit[i] >= m->classes)
      s = clgan_error_set(e, CLGAN_ERR_USAGE, "--data %s: holds class %d, but model %.60s knows 0 to %d", o->data,
                          (int)x->digit[i], m->name, m->classes - 1);
  return s;
}

/* -- conditions: given, else the label, else E's estimate -- */

static void fill(const struct clgan_model *m, const struct clgan_condition_given *g, const struct originals *x,
                 size_t i, const float *factors, float *c) {
  if (m->condition == CLGAN_CONDITION_CLASS) {
    if (g->digit >= 0)
      clgan_condition_class(m, g->digit, c);
    else if (x->digit)
      clgan_condition_class(m, (int)x->digit[i], c);
    else
      clgan_condition_from_factors(m, factors, c);
    return;
  }
  double age = isnan(g->age) ? (double)NAN : g->age, gender = g->gender;
  if (isnan(age) && x->age) age = (double)x->age[i];
  if (gender < 0 && x->gender) gender = (double)x->gender[i];
  if (isnan(age)) age = clgan_condition_years(m, factors[0]);
  if (gender < 0) gender = m->settings.gender && factors[1] > 0 ? 1 : 0;
  clgan_condition_face(m, age, gender, c);
}

static enum clgan_status make_conditions(struct clgan_nets *nets, const struct clgan_condition_given *g,
                                         const struct originals *x, float **out, struct clgan_error *e) {
  const struct clgan_model *m = nets->model;
  size_t C = (size_t)m->condition_size, F = (size_t)clgan_sampler_factors(m);
  if (!C) return CLGAN_OK;
  bool labelled = x->digit || x->age || g->digit >= 0 || (!isnan(g->age) && (!m->settings.gender || g->gender >= 0));
  float *z = NULL, *factors = NULL;
  enum clgan_status s = CLGAN_OK;
  if (!labelled) {
    z = clgan_mem_array(x->n * (size_t)m->latent, sizeof *z);
    factors = clgan_mem_array(x->n * F, sizeof *factors);
    s = clgan_sampler_encode(nets->sampler, x->n, x->pixels, z, factors, e);
  }
  if (s == CLGAN_OK) {
    *out = clgan_mem_array(x->n * C, sizeof **out);
    for (size_t i = 0; i < x->n; i++) fill(m, g, x, i, factors ? factors + i * F : NULL, *out + i * C);
  }
  clgan_mem_free(z);
  clgan_mem_free(factors);
  return s;
}

static enum clgan_status reconstruct(const struct options *o, struct clgan_nets *nets, struct clgan_session *device,
                                     struct originals *x, struct clgan_error *e) {
  const struct clgan_cl_options plain = {0};
  struct clgan_condition_given given;
  float *c = NULL;
  CLGAN_TRY(clgan_nets_read(nets, o->weights, e));
  CLGAN_TRY(clgan_condition_one(nets->model, &o->words, &given, e));
  CLGAN_TRY(o->data ? load_data(o, nets->model, x, e) : load_files(o, nets->model, x, e));
  CLGAN_TRY(clgan_file_check_writable(o->out, e));
  CLGAN_TRY(clgan_session_choose(device, o->device, e));
  CLGAN_TRY(clgan_session_open(device, &plain, e));
  CLGAN_TRY(clgan_nets_load(nets, device->cl, x->n, e));
  CLGAN_TRY(make_conditions(nets, &given, x, &c, e));
  size_t across = (size_t)ceil(sqrt((double)x->n / 2)); /* a pair is two cells wide: near a square */
  enum clgan_status s = clgan_sheet_pairs(nets->sampler, nets->model, x->n, x->pixels, c, across, o->out, e);
  clgan_mem_free(c);
  if (s != CLGAN_OK) return s;
  clgan_programs_save(device->cl);
  clgan_log_info("wrote %s: %zu pairs, original left, reconstruction right", o->out, x->n);
  return CLGAN_OK;
}

static enum clgan_status check(const struct options *o, struct clgan_error *e) {
  if (!o->weights)
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "--weights W is missing: a checkpoint, a released model or a run folder");
  if (!o->out) return clgan_error_set(e, CLGAN_ERR_USAGE, "-o OUT is missing: a name ending in .png");
  if (!clgan_path_ends(o->out, ".png"))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "-o %s: the name must end in .png", o->out);
  if (!o->data == !o->n_images)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "give either images (PNG or JPEG) or --data PATH");
  if (!o->data && o->split) return clgan_error_set(e, CLGAN_ERR_USAGE, "--split %s: only with --data", o->split);
  if (!o->data && o->n_given) return clgan_error_set(e, CLGAN_ERR_USAGE, "-n: only with --data");
  if (o->data && o->crop) return clgan_error_set(e, CLGAN_ERR_USAGE, "--crop %s: only for image files", o->crop);
  if (o->split && strcmp(o->split, "train") && strcmp(o->split, "test"))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--split %s: must be train or test", o->split);
  return CLGAN_OK;
}

static enum clgan_status parse(struct options *o, struct clgan_args *args, int argc, char **argv,
                               struct clgan_error *e) {
  const struct clgan_option options[] = {
      CLGAN_WORD("weights", 'w', &o->weights, "W", "checkpoint, released model or run folder"),
      CLGAN_WORD("data", 0, &o->data, "PATH",
                 "data set to take images from: a folder of MNIST files, a packed set, builtin"),
      CLGAN_WORD("split", 0, &o->split, "S", "train or test (default: test where the set has one)"),
      CLGAN_WHOLE("count", 'n', &o->n, &o->n_given, 1, 100000, "how many images of the data set (default 50)"),
      CLGAN_WORD("crop", 0, &o->crop, "X,Y,W,H", "part of each image (default: its centre square)"),
      CLGAN_WORD("class", 0, &o->words.cls, "C", "condition, a name or number (default: the label, else an estimate)"),
      CLGAN_WORD("digit", 0, &o->words.digit, "D", "the same as --class"),
      CLGAN_WORD("age", 0, &o->words.age, "A", "condition, years"),
      CLGAN_WORD("gender", 0, &o->words.gender, "G", "condition, male or female"),
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
      .about = "Encodes images and draws them again from their codes: pairs, original left, reconstruction right.",
      .examples =
          "  clgan reconstruct --weights run-digits --data builtin -o pairs.png\n"
          "  clgan reconstruct --weights run-digits seven.png --digit 7 -o seven-again.png\n"};
  return clgan_args_parse(args, &usage, argc, argv, e);
}

int clgan_command_reconstruct(int argc, char **argv) {
  struct options o = {.n = 50};
  struct clgan_args args = {0};
  struct clgan_nets nets = {0};
  struct clgan_session device = {0};
  struct originals x = {0};
  struct clgan_error e = {0};
  enum clgan_status status = parse(&o, &args, argc, argv, &e);
  if (status == CLGAN_OK && !args.helped) {
    o.images = args.operands;
    o.n_images = args.n_operands;
    status = check(&o, &e);
    if (status == CLGAN_OK) status = reconstruct(&o, &nets, &device, &x, &e);
  }
  originals_free(&x);
  clgan_nets_close(&nets);
  clgan_session_close(&device);
  clgan_args_free(&args);
  return clgan_command_finish("reconstruct", status, &e);
}
