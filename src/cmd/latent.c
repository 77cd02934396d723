/* latent.c: `clgan latent`. SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/philox.h"
#include "cmd/args.h"
#include "cmd/command.h"
#include "cmd/condition.h"
#include "cmd/latent.h"
#include "cmd/session.h"
#include "train/cluster.h"

enum { IMAGES_MIN = 100, SAMPLED_CONDITIONS = 16, CONDITIONS_MAX = 32, ENCODE_CHUNK = 1024 };

struct options {
  const char *weights, *data, *split, *device, *html, *json, *traverse;
  struct clgan_condition_words words; /* of the traversal */
  uint64_t n, seed;
};

/* The images asked about and all that is known of them. */
struct images {
  size_t n;
  unsigned char *pixels; /* [n,H,W,C] */
  int32_t *digit;        /* [n]; NULL: no classes */
  float *age, *gender;   /* [n]; NULL: no faces */
  int classes;
  struct clgan_names names;
};

static void images_free(struct images *x) {
  clgan_mem_free(x->pixels);
  clgan_mem_free(x->digit);
  clgan_mem_free(x->age);
  clgan_mem_free(x->gender);
  clgan_names_free(&x->names);
}

/* -- images -- */
static bool has_test(const struct clgan_dataset *d) {
  for (uint32_t i = 0; i < d->count; i++)
    if (d->split[i]) return true;
  return false;
}

/* The items of the part, in random order: files are often sorted by label. */
static enum clgan_status choose(const struct options *o, const struct clgan_dataset *d, struct clgan_latent *l,
                                uint32_t **items, uint32_t *count, struct clgan_error *e) {
  struct clgan_random r;
  l->split = o->split ? o->split : has_test(d) ? "test" : "train";
  if (!strcmp(l->split, "all")) {
    *count = d->count;
    *items = clgan_mem_array(d->count, sizeof **items);
    for (uint32_t i = 0; i < d->count; i++) (*items)[i] = i;
  } else {
    enum clgan_part part = !strcmp(l->split, "test") ? CLGAN_PART_TEST : CLGAN_PART_TRAIN;
    CLGAN_TRY(clgan_dataset_select(d, part, 0, items, count, e));
  }
  if (*count < IMAGES_MIN)
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "--data %s: %" PRIu32
                           " images in its %s part, at least %d are needed; give a "
                           "larger set or --split all",
                           o->data, *count, l->split, (int)IMAGES_MIN);
  clgan_random_init(&r, o->seed, 0, CLGAN_STREAM_ORDER);
  clgan_random_shuffle(&r, *items, *count);
  if (o->n < *count) *count = (uint32_t)o->n;
  return CLGAN_OK;
}

static enum clgan_status gather(const struct clgan_dataset *d, const uint32_t *items, uint32_t n, struct images *x,
                                struct clgan_error *e) {
  void *pixels = NULL;
  CLGAN_TRY(clgan_mem_try(&pixels, n, clgan_dataset_image_size(d), "the images", e));
  x->pixels = pixels;
  x->n = n;
  if (d->labels == CLGAN_LABELS_CLASS) {
    x->digit = clgan_mem_array(n, sizeof *x->digit);
    x->classes = (int)d->classes;
    clgan_names_copy(&x->names, &d->class_names);
  } else if (d->labels == CLGAN_LABELS_FACE) {
    x->age = clgan_mem_array(n, sizeof *x->age);
    x->gender = clgan_mem_array(n, sizeof *x->gender);
  }
  const struct clgan_batch_labels labels = {x->digit, x->age, x->gender};
  clgan_dataset_gather(d, items, n, x->pixels, &labels);
  return CLGAN_OK;
}

static enum clgan_status load(const struct options *o, const struct clgan_model *m, struct clgan_latent *l,
                              struct images *x, struct clgan_error *e) {
  struct clgan_dataset *d = NULL;
  uint32_t *items = NULL, count = 0;
  struct clgan_dataset_want want = {
      .height = (uint32_t)m->height, .width = (uint32_t)m->width, .channels = (uint32_t)m->channels};
  if (m->condition == CLGAN_CONDITION_CLASS) want.labels = CLGAN_LABELS_CLASS, want.classes = (uint32_t)m->classes;
  if (m->condition == CLGAN_CONDITION_FACE) want.labels = CLGAN_LABELS_FACE;
  CLGAN_TRY(clgan_dataset_open(o->data, &want, &d, e));
  enum clgan_status s = choose(o, d, l, &items, &count, e);
  if (s == CLGAN_OK) s = gather(d, items, count, x, e);
  clgan_mem_free(items);
  clgan_dataset_close(d);
  return s;
}

/* -- labels that codes may tell -- */

/* Adds a kind of label, unless all images have the same: then there is nothing to tell. */
static unsigned char *add_view(struct clgan_latent *l, const char *name, int classes) {
  struct clgan_latent_view *v = &l->views[l->n_views++];
  *v = (struct clgan_latent_view){.name = name, .classes = classes, .label = clgan_mem_alloc(l->n)};
  return v->label;
}

static void drop_if_single(struct clgan_latent *l) {
  struct clgan_latent_view *v = &l->views[l->n_views - 1];
  for (size_t i = 1; i < l->n; i++)
    if (v->label[i] != v->label[0]) return;
  clgan_log_warn("latent: all images have the same %s: what codes tell of it is not asked", v->name);
  clgan_mem_free(v->label);
  clgan_names_free(&v->names);
  l->n_views--;
}

static void set_views(struct clgan_latent *l, const struct images *x) {
  static char male[] = "male", female[] = "female";
  static char *genders[] = {male, female};
  char decade[10][8], *decades[10];
  if (x->digit) {
    unsigned char *label = add_view(l, "class", x->classes);
    clgan_names_copy(&l->views[0].names, x->names.n ? &x->names : &l->m->class_names);
    for (size_t i = 0; i < l->n; i++) label[i] = (unsigned char)x->digit[i];
    drop_if_single(l);
  }
  if (x->gender) {
    unsigned char *label = add_view(l, "gender", 2);
    const struct clgan_names names = {.items = genders, .n = 2};
    clgan_names_copy(&l->views[0].names, &names);
    for (size_t i = 0; i < l->n; i++) label[i] = x->gender[i] > 0.5f;
    drop_if_single(l);
  }
  if (!x->age) return;
  l->age = clgan_mem_array(l->n, sizeof *l->age);
  memcpy(l->age, x->age, l->n * sizeof *l->age);
  unsigned char *label = add_view(l, "decade of age", 10);
  for (size_t k = 0; k < 10; k++) {
    snprintf(decade[k], sizeof decade[k], k < 9 ? "%zu-%zu" : "%zu+", 10 * k, 10 * k + 9);
    decades[k] = decade[k];
  }
  const struct clgan_names names = {.items = decades, .n = 10};
  clgan_names_copy(&l->views[l->n_views - 1].names, &names);
  for (size_t i = 0; i < l->n; i++) label[i] = (unsigned char)(x->age[i] < 90 ? x->age[i] / 10 : 9);
  drop_if_single(l);
}

/* -- the encoder's side -- */
static void own_estimates(struct clgan_latent *l, const struct images *x, const float *factors) {
  const struct clgan_model *m = l->m;
  size_t width = (size_t)clgan_sampler_factors(m), hits = 0, genders = 0;
  float *c = clgan_mem_array((size_t)m->condition_size, sizeof *c);
  double years = 0, scale = m->settings.age_range == 11 ? 40 : 80, start = m->settings.age_range == 11 ? 40 : 0;
  l->own_class = l->own_gender = l->own_age_error = (double)NAN;
  for (size_t i = 0; i < l->n && width; i++) {
    clgan_condition_from_factors(m, factors + i * width, c);
    if (x->digit) hits += x->digit[i] < m->classes && c[x->digit[i]] > 0;
    if (x->age) years += fabs((double)c[0] * scale + start - (double)x->age[i]);
    if (x->gender && m->settings.gender) genders += (c[m->settings.tile] > 0) == (x->gender[i] > 0.5f);
  }
  if (width && x->digit) l->own_class = (double)hits / (double)l->n;
  if (width && x->age) l->own_age_error = years / (double)l->n;
  if (width && x->gender && m->settings.gender) l->own_gender = (double)genders / (double)l->n;
  clgan_mem_free(c);
}

static enum clgan_status encode(struct clgan_latent *l, struct clgan_sampler *sampler, const struct images *x,
                                struct clgan_error *e) {
  const struct clgan_model *m = l->m;
  size_t width = (size_t)clgan_sampler_factors(m), dims = (size_t)m->latent;
  size_t size = clgan_model_image_size(m);
  struct clgan_progress p;
  void *z = NULL;
  CLGAN_TRY(clgan_mem_try(&z, x->n, dims * sizeof(float), "the codes", e));
  l->z = z;
  l->n = x->n;
  float *factors = clgan_mem_array(x->n, (width + 1) * sizeof *factors);
  enum clgan_status s = CLGAN_OK;
  clgan_progress_begin(&p, "encode", "images", (double)x->n, 0);
  for (size_t at = 0; at < x->n && s == CLGAN_OK; at += ENCODE_CHUNK) {
    size_t n = x->n - at < ENCODE_CHUNK ? x->n - at : ENCODE_CHUNK;
    s = clgan_sampler_encode(sampler, n, x->pixels + at * size, l->z + at * dims, width ? factors + at * width : NULL,
                             e);
    clgan_progress_update(&p, (double)(at + n), NULL);
  }
  clgan_progress_end(&p);
  if (s == CLGAN_OK) own_estimates(l, x, factors);
  clgan_mem_free(factors);
  return s;
}

static enum clgan_status principal_axes(struct clgan_latent *l, struct clgan_error *e) {
  struct clgan_pca pca = {0};
  size_t dims = l->spread.dims;
  double sum = 0;
  enum clgan_status s = clgan_pca_fit(l->z, l->n, dims, &pca, e);
  l->explained = clgan_mem_array(dims, sizeof *l->explained);
  l->point = clgan_mem_array(l->n, 2 * sizeof *l->point);
  for (size_t j = 0; j < dims && s == CLGAN_OK; j++) sum += pca.variance[j];
  for (size_t j = 0; j < dims && sum > 0; j++) l->explained[j] = pca.variance[j] / sum;
  if (s == CLGAN_OK && dims > 1) clgan_pca_project(&pca, l->z, l->n, 2, l->point);
  clgan_pca_free(&pca);
  return s;
}

static enum clgan_status ask_codes(struct clgan_latent *l, struct clgan_cl *cl, struct clgan_error *e) {
  size_t dims = (size_t)l->m->latent;
  CLGAN_TRY(clgan_spread_of(l->z, l->n, dims, l->m->latent_kind, &l->spread, e));
  CLGAN_TRY(principal_axes(l, e));
  for (size_t v = 0; v < l->n_views; v++)
    CLGAN_TRY(
        clgan_told_class(cl, l->z, l->n, dims, l->views[v].label, l->views[v].classes, l->seed, &l->views[v].told, e));
  return l->age ? clgan_told_number(l->z, l->n, dims, l->age, l->seed, &l->age_told, e) : CLGAN_OK;
}

/* -- the generator's side -- */

/* Every class, as far as there are few; else a sample; of faces what the images have. The caller frees x->conditions.
 */
static float *make_conditions(struct clgan_explorer *x, const struct images *from) {
  const struct clgan_model *m = x->m;
  bool face = m->condition == CLGAN_CONDITION_FACE;
  size_t width = (size_t)m->condition_size, classes = (size_t)m->classes;
  x->n_conditions = 1;
  x->every = true;
  if (m->condition == CLGAN_CONDITION_NONE) return NULL;
  x->every = !face && classes <= CONDITIONS_MAX;
  x->n_conditions = face ? SAMPLED_CONDITIONS : x->every ? classes : CONDITIONS_MAX;
  float *c = clgan_mem_array(x->n_conditions, width * sizeof *c);
  for (size_t k = 0; k < x->n_conditions; k++) {
    if (face)
      clgan_condition_face(m, (double)from->age[k % from->n], (double)from->gender[k % from->n], c + k * width);
    else
      clgan_condition_class(m, (int)(k * classes / x->n_conditions), c + k * width);
  }
  x->conditions = c;
  return c;
}

/* The condition of the traversal: as asked, else a class or an age from the middle. */
static enum clgan_status traverse(const struct options *o, const struct clgan_explorer *x, struct clgan_latent *l,
                                  struct clgan_error *e) {
  const struct clgan_model *m = x->m;
  struct clgan_condition_given g;
  float values[CLGAN_LATENT_COLS], *c = clgan_mem_array((size_t)m->condition_size, sizeof *c);
  char number[12];
  enum clgan_status s = clgan_condition_one(m, &o->words, &g, e);
  if (s == CLGAN_OK && m->condition == CLGAN_CONDITION_CLASS) {
    int k = g.digit >= 0 ? g.digit : m->classes / 2;
    clgan_condition_class(m, k, c);
    snprintf(l->sheet_condition, sizeof l->sheet_condition, "Class %.80s",
             clgan_names_word(&m->class_names, k, number));
  } else if (s == CLGAN_OK && m->condition == CLGAN_CONDITION_FACE) {
    double age = isnan(g.age) ? 30 : g.age, gender = g.gender < 0 ? 1 : g.gender;
    clgan_condition_face(m, age, gender, c);
    snprintf(l->sheet_condition, sizeof l->sheet_condition, "Age %g%s", age,
             !m->settings.gender ? ""
             : gender > 0        ? ", female"
                                 : ", male");
  }
  double reach = clgan_latent_reach(m);
  for (int k = 0; k < CLGAN_LATENT_COLS; k++) values[k] = (float)(reach * (2.0 * k / (CLGAN_LATENT_COLS - 1) - 1));
  size_t rows = m->latent < CLGAN_LATENT_ROWS ? (size_t)m->latent : CLGAN_LATENT_ROWS;
  if (s == CLGAN_OK)
    s = clgan_explore_traverse(x, m->condition_size ? c : NULL, l->order, rows, values, CLGAN_LATENT_COLS, &l->sheet,
                               e);
  clgan_mem_free(c);
  return s;
}

static void set_order(struct clgan_latent *l, size_t dims) {
  l->order = clgan_mem_array(dims, sizeof *l->order);
  for (size_t j = 0; j < dims; j++) {
    size_t at = j;
    for (; at && l->influence[l->order[at - 1]] < l->influence[j]; at--) l->order[at] = l->order[at - 1];
    l->order[at] = j;
  }
}

static size_t clamp(size_t x, size_t low, size_t high) {
  return x < low ? low : x > high ? high : x;
}

static enum clgan_status ask_generator(const struct options *o, struct clgan_explorer *x, struct clgan_latent *l,
                                       struct clgan_error *e) {
  const struct clgan_model *m = x->m;
  bool small = clgan_model_image_size(m) <= 4096;
  size_t dims = (size_t)m->latent;
  size_t budget = clamp(l->n * 2 / 3, 1200, small ? 6400 : 3200); /* images for each question */
  size_t codes = clamp(budget / x->n_conditions, 64, 1000), trips = budget / 3;
  l->bases = clamp(budget / (dims + 1), 24, 400);
  struct clgan_progress p;
  double drawn = 0;
  l->influence = clgan_mem_array(dims, sizeof *l->influence);
  x->progress = &p;
  x->drawn = &drawn;
  double total =
      (double)(codes * x->n_conditions + l->bases * (dims + 1) + trips + CLGAN_LATENT_ROWS * CLGAN_LATENT_COLS);
  clgan_progress_begin(&p, "generate", "images", total, 0);
  enum clgan_status s = clgan_explore_shares(x, codes, &l->shares, e);
  if (s == CLGAN_OK) s = clgan_explore_influence(x, l->bases, l->shares.variance, l->influence, e);
  if (s == CLGAN_OK) s = clgan_explore_round_trip(x, trips, &l->trip, e);
  set_order(l, dims);
  if (s == CLGAN_OK) s = traverse(o, x, l, e);
  clgan_progress_end(&p);
  return s;
}

/* -- what comes out -- */
static enum clgan_status tell(const struct options *o, const struct clgan_latent *l, struct clgan_error *e) {
  if (!o->json || *o->json) clgan_latent_print(l);
  if (o->json) {
    char *json = clgan_latent_json(l);
    enum clgan_status s = clgan_json_write(o->json, json, e);
    free(json);
    CLGAN_TRY(s);
  }
  if (o->html) CLGAN_TRY(clgan_latent_page(l, o->html, e));
  if (o->traverse) CLGAN_TRY(clgan_sheet_write(l->sheet, o->traverse, e));
  return CLGAN_OK;
}

static enum clgan_status latent(const struct options *o, struct clgan_nets *nets, struct clgan_session *device,
                                struct images *images, struct clgan_latent *l, struct clgan_error *e) {
  struct clgan_condition_given given;
  CLGAN_TRY(clgan_nets_read(nets, o->weights, e));
  CLGAN_TRY(clgan_condition_one(nets->model, &o->words, &given, e));
  l->m = nets->model;
  l->weights = o->weights, l->data = o->data, l->seed = o->seed, l->steps = nets->steps;
  CLGAN_TRY(load(o, nets->model, l, images, e));
  if (o->json && *o->json) CLGAN_TRY(clgan_file_check_writable(o->json, e));
  if (o->html) CLGAN_TRY(clgan_file_check_writable(o->html, e));
  if (o->traverse) CLGAN_TRY(clgan_file_check_writable(o->traverse, e));
  CLGAN_TRY(clgan_session_start(device, o->device, e));
  snprintf(l->device, sizeof l->device, "%.200s", clgan_cl_info(device->cl)->name);
  CLGAN_TRY(clgan_nets_load(nets, device->cl, images->n, e));
  CLGAN_TRY(encode(l, nets->sampler, images, e));
  set_views(l, images);
  CLGAN_TRY(ask_codes(l, device->cl, e));
  struct clgan_explorer x = {.sampler = nets->sampler, .m = nets->model, .seed = o->seed};
  float *conditions = make_conditions(&x, images);
  enum clgan_status s = ask_generator(o, &x, l, e);
  clgan_mem_free(conditions);
  if (s == CLGAN_OK) clgan_programs_save(device->cl);
  return s == CLGAN_OK ? tell(o, l, e) : s;
}

static void latent_free(struct clgan_latent *l) {
  clgan_mem_free(l->z);
  clgan_spread_free(&l->spread);
  for (size_t v = 0; v < l->n_views; v++) {
    clgan_mem_free(l->views[v].label);
    clgan_names_free(&l->views[v].names);
  }
  clgan_mem_free(l->age);
  clgan_mem_free(l->explained);
  clgan_mem_free(l->point);
  clgan_mem_free(l->influence);
  clgan_mem_free(l->order);
  clgan_round_trip_free(&l->trip);
  clgan_sheet_destroy(l->sheet);
}

static enum clgan_status check(const struct options *o, struct clgan_error *e) {
  if (!o->weights)
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "--weights W is missing: a checkpoint, a released model or a run folder");
  if (!o->data)
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "--data PATH is missing: a folder of MNIST files, a packed set, or builtin");
  if (o->split && strcmp(o->split, "train") && strcmp(o->split, "test") && strcmp(o->split, "all"))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--split %.40s: must be test, train or all", o->split);
  if (o->traverse && !clgan_path_ends(o->traverse, ".png"))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--traverse %s: the name must end in .png", o->traverse);
  return CLGAN_OK;
}

static enum clgan_status parse(struct options *o, struct clgan_args *args, int argc, char **argv,
                               struct clgan_error *e) {
  const struct clgan_option options[] = {
      CLGAN_WORD("weights", 'w', &o->weights, "W", "checkpoint, released model or run folder"),
      CLGAN_WORD("data", 0, &o->data, "PATH", "images with labels: a folder of MNIST files, a packed set, builtin"),
      CLGAN_WORD("split", 0, &o->split, "S", "test, train or all (default: test where the set has one)"),
      CLGAN_WHOLE("count", 'n', &o->n, NULL, IMAGES_MIN, 1000000,
                  "how many of its images, drawn at random (default 10000); generated ones in proportion"),
      CLGAN_WHOLE("seed", 0, &o->seed, NULL, 0, UINT64_MAX, "seed of every draw (default 0)"),
      CLGAN_WORD("html", 0, &o->html, "F", "write a page with the figures and pictures"),
      CLGAN_JSON(&o->json, "write JSON to F, or to standard output instead of the table"),
      CLGAN_WORD("traverse", 0, &o->traverse, "F.png", "write the sheet of the most influential dimensions"),
      CLGAN_WORD("class", 0, &o->words.cls, "C", "class of that sheet (default: the middle one)"),
      CLGAN_WORD("digit", 0, &o->words.digit, "D", "the same as --class"),
      CLGAN_WORD("age", 0, &o->words.age, "A", "age of that sheet, years (default 30)"),
      CLGAN_WORD("gender", 0, &o->words.gender, "G", "gender of that sheet, male or female (default female)"),
      CLGAN_WORD("device", 'd', &o->device, "D", CLGAN_DEVICE_HELP),
  };
  const struct clgan_usage usage = {
      .name = "latent",
      .options = options,
      .n_options = sizeof options / sizeof options[0],
      .synopsis = "--weights W --data PATH [--split S] [-n N] [--html F] [--json [F]] [--traverse F.png]",
      .about =
          "Asks what a model's code holds: codes of images against their prior, what they tell of the labels, what "
          "moves the pixels\nof generated images, how much of a drawn code comes back.",
      .examples =
          "  clgan latent --weights run-digits --data builtin\n"
          "  clgan latent --weights models/digits.safetensors --data mnist --html latent.html --traverse dims.png\n"
          "  clgan latent --weights run-digits --data builtin --split all --json | less\n"};
  return clgan_args_parse(args, &usage, argc, argv, e);
}

int clgan_command_latent(int argc, char **argv) {
  struct options o = {.n = 10000};
  struct clgan_args args = {0};
  struct clgan_nets nets = {0};
  struct clgan_session device = {0};
  struct images images = {0};
  struct clgan_latent l = {0};
  struct clgan_error e = {0};
  enum clgan_status status = parse(&o, &args, argc, argv, &e);
  if (status == CLGAN_OK && !args.helped) {
    status = check(&o, &e);
    if (status == CLGAN_OK) status = latent(&o, &nets, &device, &images, &l, &e);
  }
  images_free(&images);
  latent_free(&l);
  clgan_nets_close(&nets);
  clgan_session_close(&device);
  clgan_args_free(&args);
  return clgan_command_finish("latent", status, &e);
}
