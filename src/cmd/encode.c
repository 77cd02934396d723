/* encode.c: `clgan encode`. SPDX-License-Identifier: MIT */
#include "cmd/encode.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/args.h"
#include "cmd/command.h"

enum { PORTION = 4096 }; /* images between two looks at the progress; many batches, so that the device is kept busy */

struct options {
  const char *weights, *device, *out;
  struct clgan_originals_words from;
  bool features;
};

static enum clgan_status alloc(float **out, size_t n, int width, const char *what, struct clgan_error *e) {
  void *p = NULL;
  CLGAN_TRY(clgan_mem_try(&p, n, (size_t)width * sizeof **out, what, e));
  *out = p;
  return CLGAN_OK;
}

/* All images, in portions; @p seconds is the time of the computation alone. */
static enum clgan_status run(struct clgan_sampler *s, struct clgan_encoded *c, unsigned char *room, double *seconds,
                             struct clgan_error *e) {
  const struct clgan_model *m = c->model;
  size_t Z = (size_t)m->latent, F = (size_t)clgan_sampler_factors(m), H = (size_t)clgan_sampler_feature_count(m);
  struct clgan_progress p;
  /* The first run builds the graph and loads its kernels: not part of the rate. */
  enum clgan_status st = clgan_sampler_codes(s, 1, clgan_originals_gather(c->from, m, 0, 1, room), c->z, NULL, NULL, e);
  double start = clgan_time_now();
  clgan_progress_begin(&p, "encode", "images", (double)c->from->n, 0);
  for (size_t at = 0; at < c->from->n && st == CLGAN_OK; at += PORTION) {
    size_t n = c->from->n - at < PORTION ? c->from->n - at : PORTION;
    const unsigned char *images = clgan_originals_gather(c->from, m, at, n, room);
    st = clgan_sampler_codes(s, n, images, c->z + at * Z, c->factors ? c->factors + at * F : NULL,
                             c->features ? c->features + at * H : NULL, e);
    clgan_progress_update(&p, (double)(at + n), NULL);
  }
  clgan_progress_end(&p);
  *seconds = clgan_time_now() - start;
  return st;
}

static enum clgan_status encode_all(const struct options *o, struct clgan_sampler *s, struct clgan_encoded *c,
                                    double *seconds, struct clgan_error *e) {
  const struct clgan_model *m = c->model;
  size_t n = c->from->n;
  CLGAN_TRY(alloc(&c->z, n, m->latent, "the codes", e));
  if (clgan_sampler_factors(m)) CLGAN_TRY(alloc(&c->factors, n, clgan_sampler_factors(m), "the conditions", e));
  if (o->features) CLGAN_TRY(alloc(&c->features, n, clgan_sampler_feature_count(m), "the features", e));
  void *room = NULL;
  if (!c->from->pixels)
    CLGAN_TRY(clgan_mem_try(&room, n < PORTION ? n : PORTION, clgan_model_image_size(m), "the images", e));
  enum clgan_status st = run(s, c, room, seconds, e);
  clgan_mem_free(room);
  return st;
}

static enum clgan_status encode(const struct options *o, struct clgan_nets *nets, struct clgan_session *device,
                                struct clgan_originals *x, struct clgan_encoded *c, struct clgan_error *e) {
  double seconds = 0;
  char note[48];
  CLGAN_TRY(clgan_session_check(o->weights, o->out, ".safetensors", ".csv", e));
  CLGAN_TRY(clgan_originals_check(&o->from, e));
  CLGAN_TRY(clgan_nets_read(nets, o->weights, e));
  c->model = nets->model;
  c->from = x;
  if (o->features && !clgan_sampler_feature_count(nets->model))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--features: E of model %.60s has no hidden layer", nets->model->name);
  CLGAN_TRY(clgan_file_check_writable(o->out, e));
  CLGAN_TRY(clgan_originals_open(&o->from, nets->model, x, e));
  CLGAN_TRY(clgan_session_start(device, o->device, e));
  CLGAN_TRY(clgan_nets_load(nets, device->cl, x->n, e));
  CLGAN_TRY(encode_all(o, nets->sampler, c, &seconds, e));
  clgan_programs_save(device->cl);
  CLGAN_TRY(
      (clgan_path_ends(o->out, ".csv") ? clgan_encoded_write_csv : clgan_encoded_write_safetensors)(c, o->out, e));
  clgan_log_info("wrote %s: codes of %zu image%s, %.0f images/s%s", o->out, x->n, x->n == 1 ? "" : "s",
                 seconds > 0 ? (double)x->n / seconds : 0, clgan_originals_note(x, note));
  return CLGAN_OK;
}

static enum clgan_status parse(struct options *o, struct clgan_args *args, int argc, char **argv,
                               struct clgan_error *e) {
  const struct clgan_option options[] = {
      CLGAN_WORD("weights", 'w', &o->weights, "W", "checkpoint, released model or run folder"),
      CLGAN_ORIGINALS_DATA(&o->from, "only so many images of the data set"),
      CLGAN_ORIGINALS_CROP(&o->from),
      CLGAN_FLAG("features", 0, &o->features, "E's last hidden layer too"),
      CLGAN_WORD("device", 'd', &o->device, "D", CLGAN_DEVICE_HELP),
      CLGAN_WORD("out", 'o', &o->out, "OUT", "a .safetensors or .csv file"),
  };
  const struct clgan_usage usage = {
      .name = "encode",
      .options = options,
      .n_options = sizeof options / sizeof options[0],
      .operands = true,
      .synopsis =
          "--weights W IMAGE... [OPTION]... -o OUT\n"
          "--weights W --data PATH [--split S] [-n N] [OPTION]... -o OUT",
      .about =
          "Writes the codes of images, what the encoder says of their condition, and the labels of a data set, as "
          "safetensors or CSV. `generate --latent` draws them again.",
      .examples =
          "  clgan encode --weights run-digits --data mnist -o latents.safetensors\n"
          "  clgan encode --weights run-digits --data mnist --split test --features -o test.safetensors\n"
          "  clgan encode --weights run-digits seven.png two.png -o codes.csv\n"};
  return clgan_args_parse(args, &usage, argc, argv, e);
}

int clgan_command_encode(int argc, char **argv) {
  struct options o = {.from = {.command = "encode", .all_parts = true}};
  struct clgan_originals_command open = {0};
  struct clgan_encoded c = {0};
  struct clgan_error e = {0};
  enum clgan_status status = parse(&o, &open.args, argc, argv, &e);
  if (status == CLGAN_OK && !open.args.helped) {
    o.from.files = open.args.operands;
    o.from.n_files = open.args.n_operands;
    status = encode(&o, &open.nets, &open.device, &open.x, &c, &e);
  }
  clgan_mem_free(c.z);
  clgan_mem_free(c.factors);
  clgan_mem_free(c.features);
  return clgan_originals_command_end(&open, "encode", status, &e);
}
