/* eval.c: `clgan eval`. SPDX-License-Identifier: MIT */
#include "cmd/eval.h"

#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/args.h"
#include "cmd/command.h"
#include "cmd/condition.h"
#include "cmd/refine.h"
#include "cmd/session.h"
#include "data/sheet.h"

enum { BATCH = 64, GRID_CODES = 10, GRID_ROWS = 20 };

struct options {
  const char *weights, *data, *split, *device, *html, *json;
  uint64_t n, seed, judge_steps, refine;
};

static enum clgan_status hash_file(const char *path, char hex[65], struct clgan_error *e) {
  struct clgan_map map;
  CLGAN_TRY(clgan_file_map(path, &map, e));
  clgan_sha256_hex(map.data, map.size, hex);
  clgan_file_unmap(&map);
  return CLGAN_OK;
}

/* -- the page's grid: every condition under the same codes; without one a code in each cell -- */
static enum clgan_status draw_grid(struct clgan_nets *nets, uint64_t seed, struct clgan_sheet **out,
                                   struct clgan_error *e) {
  const struct clgan_model *m = nets->model;
  const struct clgan_condition_words all = {0};
  size_t rows = 1, Z = (size_t)m->latent, C = (size_t)m->condition_size;
  size_t size = clgan_model_image_size(m);
  float *list = NULL;
  CLGAN_TRY(clgan_conditions_make(m, &all, false, &list, &rows, e));
  if (!list) rows = GRID_CODES;
  if (rows > GRID_ROWS) rows = GRID_ROWS;
  size_t n = rows * GRID_CODES;
  float *codes = clgan_mem_array(n, Z * sizeof *codes), *z = clgan_mem_array(n, Z * sizeof *z);
  float *c = clgan_mem_array(n, (C + 1) * sizeof *c), *x = clgan_mem_array(n, size * sizeof *x);
  unsigned char *pixels = clgan_mem_array(n, size);
  clgan_latent_draw(m, seed, 0, list ? GRID_CODES : n, codes);
  for (size_t i = 0; i < n; i++) {
    memcpy(z + i * Z, codes + (list ? i % GRID_CODES : i) * Z, Z * sizeof *z);
    if (list) memcpy(c + i * C, list + i / GRID_CODES * C, C * sizeof *c);
  }
  enum clgan_status s = clgan_sampler_generate(nets->sampler, n, z, list ? c : NULL, x, e);
  if (s == CLGAN_OK)
    s = clgan_sampler_sheet(m, rows, GRID_CODES, out, e);
  if (s == CLGAN_OK) {
    clgan_sampler_pixels(m, n, x, pixels);
    for (size_t i = 0; i < n; i++)
      clgan_sheet_put(*out, (uint32_t)(i / GRID_CODES), (uint32_t)(i % GRID_CODES), pixels + i * size);
  }
  float *floats[] = {list, codes, z, c, x};
  for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++) clgan_mem_free(floats[i]);
  clgan_mem_free(pixels);
  return s;
}

/* -- output -- */
static enum clgan_status write_json(const struct options *o, const struct clgan_eval_facts *x,
                                    const struct clgan_evaluation *v, struct clgan_error *e) {
  char *text = NULL;
  CLGAN_TRY(clgan_eval_json(x, v, &text, e));
  enum clgan_status s = clgan_json_write(o->json, text, e);
  clgan_mem_free(text);
  return s;
}

static enum clgan_status write_page(const struct options *o, const struct clgan_eval_facts *x,
                                    const struct clgan_evaluation *v, struct clgan_nets *nets, struct clgan_error *e) {
  struct clgan_sheet *grid = NULL;
  enum clgan_status s = draw_grid(nets, o->seed, &grid, e);
  if (s == CLGAN_OK) s = clgan_eval_page(x, v, grid, o->html, e);
  clgan_sheet_destroy(grid);
  if (s == CLGAN_OK) clgan_log_info("wrote %s", o->html);
  return s;
}

static enum clgan_status show(const struct options *o, const struct clgan_eval_facts *x,
                              const struct clgan_evaluation *v, struct clgan_nets *nets, struct clgan_error *e) {
  clgan_eval_table(x, v, o->json && !*o->json ? stderr : stdout);
  if (o->json) CLGAN_TRY(write_json(o, x, v, e));
  return o->html ? write_page(o, x, v, nets, e) : CLGAN_OK;
}

/* -- the work -- */
struct work {
  struct clgan_nets nets;
  struct clgan_dataset *data;
  struct clgan_session device;
  struct clgan_evaluation *v;
};

static const struct {
  const char *word;
  enum clgan_part part;
} parts[] = {{"test", CLGAN_PART_TEST}, {"train", CLGAN_PART_TRAIN}, {"holdout", CLGAN_PART_HOLDOUT}};

/* Everything that can be wrong with files is found before a device is opened. */
static enum clgan_status open_files(const struct options *o, struct work *w, enum clgan_part *part,
                                    struct clgan_error *e) {
  uint32_t *items, count;
  CLGAN_TRY(clgan_nets_read(&w->nets, o->weights, e));
  const struct clgan_model *m = w->nets.model;
  const struct clgan_dataset_want want = {.height = (uint32_t)m->height,
                                          .width = (uint32_t)m->width,
                                          .channels = (uint32_t)m->channels,
                                          .labels = m->condition == CLGAN_CONDITION_CLASS  ? CLGAN_LABELS_CLASS
                                                    : m->condition == CLGAN_CONDITION_FACE ? CLGAN_LABELS_FACE
                                                                                           : CLGAN_LABELS_NONE,
                                          .classes = (uint32_t)m->classes};
  CLGAN_TRY(clgan_dataset_open(o->data, &want, &w->data, e));
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
    if (!strcmp(o->split, parts[i].word)) *part = parts[i].part;
  CLGAN_TRY(clgan_dataset_select(w->data, *part, (uint32_t)m->settings.holdout, &items, &count, e));
  clgan_mem_free(items);
  if (o->html) CLGAN_TRY(clgan_file_check_writable(o->html, e));
  if (o->json && *o->json) CLGAN_TRY(clgan_file_check_writable(o->json, e));
  return CLGAN_OK;
}

static enum clgan_status eval(const struct options *o, struct work *w, struct clgan_error *e) {
  struct clgan_evaluate_options how = {
      .n = (size_t)o->n, .seed = o->seed, .judge_steps = o->judge_steps, .refine = (int)o->refine};
  double start = clgan_time_now();
  CLGAN_TRY(open_files(o, w, &how.part, e));
  CLGAN_TRY(clgan_session_start(&w->device, o->device, e));
  CLGAN_TRY(clgan_nets_load(&w->nets, w->device.cl, BATCH, e));
  CLGAN_TRY(clgan_evaluate(w->device.cl, &w->nets, w->data, &how, &w->v, e));
  clgan_programs_save(w->device.cl);
  struct clgan_eval_facts x = {.weights = o->weights,
                               .split = o->split,
                               .data = w->data,
                               .model = w->nets.model,
                               .steps = w->nets.steps,
                               .n = w->v->n,
                               .seed = o->seed,
                               .refine = o->refine,
                               .device = clgan_cl_info(w->device.cl),
                               .seconds = clgan_time_now() - start};
  CLGAN_TRY(hash_file(w->nets.path, x.weights_hash, e));
  return show(o, &x, w->v, &w->nets, e);
}

static enum clgan_status check(const struct options *o, struct clgan_error *e) {
  bool known = false;
  if (!o->weights)
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "--weights W is missing: a checkpoint, a released model or a run folder");
  if (!o->data)
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "--data PATH is missing: a folder of MNIST files, a packed set, builtin");
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) known |= !strcmp(o->split, parts[i].word);
  if (!known) return clgan_error_set(e, CLGAN_ERR_USAGE, "--split %.60s: must be test, train or holdout", o->split);
  if (o->html && !clgan_path_ends(o->html, ".html"))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--html %s: the name must end in .html", o->html);
  return CLGAN_OK;
}

static enum clgan_status parse(struct options *o, struct clgan_args *args, int argc, char **argv,
                               struct clgan_error *e) {
  const struct clgan_option options[] = {
      CLGAN_WORD("weights", 'w', &o->weights, "W", "checkpoint, released model or run folder"),
      CLGAN_WORD("data", 0, &o->data, "PATH", "data set: a folder of MNIST files, a packed set, builtin"),
      CLGAN_WORD("split", 0, &o->split, "S",
                 "test (default), train, or holdout: the last training items, kept from training"),
      CLGAN_WHOLE("count", 'n', &o->n, NULL, 1, 1000000,
                  "images generated, and real ones looked at at most (default 10000; of faces 2200)"),
      CLGAN_WHOLE("seed", 0, &o->seed, NULL, 0, UINT64_MAX, "of the codes (default 0)"),
      CLGAN_WHOLE("judge-steps", 0, &o->judge_steps, NULL, 1, 1000000,
                  "training of the nets that judge (default: by the set's size)"),
      CLGAN_WHOLE("refine", 0, &o->refine, NULL, 1, CLGAN_REFINE_STEPS_MAX,
                  "reconstruct the first 512 once more, from codes moved by N gradient steps (200 is plenty)"),
      CLGAN_WORD("device", 'd', &o->device, "D", CLGAN_DEVICE_HELP),
      CLGAN_WORD("html", 0, &o->html, "F", "also a page with pictures, in one file"),
      CLGAN_JSON(&o->json, "also as JSON to F, or to standard output"),
  };
  const struct clgan_usage usage = {
      .name = "eval",
      .options = options,
      .n_options = sizeof options / sizeof options[0],
      .synopsis = "--weights W --data PATH [--split S] [-n N] [OPTION]...",
      .about =
          "Measures a trained model: are generated images what was asked for, how like the real ones are they, how "
          "well is an image\n"
          "kept by its code. A classifier for it, or an estimator of ages and genders, is trained on the set's training "
          "part at first,\nand kept in the cache.",
      .examples =
          "  clgan eval --weights run-digits --data builtin\n"
          "  clgan eval --weights models/digits.safetensors --data mnist --html eval.html --json eval.json\n"
          "  clgan eval --weights run-bigan --data mnist --split holdout\n"
          "  clgan eval --weights run-faces --data faces.safetensors --html faces.html\n"};
  return clgan_args_parse(args, &usage, argc, argv, e);
}

int clgan_command_eval(int argc, char **argv) {
  struct options o = {.split = "test"};
  struct clgan_args args = {0};
  struct work w = {0};
  struct clgan_error e = {0};
  enum clgan_status status = parse(&o, &args, argc, argv, &e);
  if (status == CLGAN_OK && !args.helped) {
    status = check(&o, &e);
    if (status == CLGAN_OK) status = eval(&o, &w, &e);
  }
  clgan_evaluation_destroy(w.v);
  clgan_dataset_close(w.data);
  clgan_nets_close(&w.nets);
  clgan_session_close(&w.device);
  clgan_args_free(&args);
  return clgan_command_finish("eval", status, &e);
}
