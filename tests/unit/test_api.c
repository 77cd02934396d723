/* test_api.c: clgan.h as a program uses it: errors, log, models, training, the caller's arrays. */
#define _XOPEN_SOURCE 700
#include <clgan.h>
#include <fcntl.h>
#include <locale.h>
#include <math.h>

#include "data/dataset.h"
#include "no_leaks.h"
#include "scratch.h"

static clgan_context *context;
static char *trained; /* a checkpoint of four steps */

#define MUST(call)                                                                   \
  do {                                                                               \
    if ((call) != CLGAN_OK) fail_msg("%s: %s", #call, clgan_context_error(context)); \
  } while (0)
/* Fails with a status and one line that holds the words. */
#define FAILS(status, words, call)                                                                                    \
  do {                                                                                                                \
    assert_int_equal((call), (status));                                                                               \
    const char *text_ = clgan_context_error(context);                                                                 \
    if (!strstr(text_, (words)) || strchr(text_, '\n')) fail_msg("%s: \"%s\" is not in \"%s\"", #call, words, text_); \
  } while (0)

static const char *const small[] = {"base=2"};
static struct clgan_training_options options_of(const char *data) {
  return (struct clgan_training_options){.size = sizeof(struct clgan_training_options),
                                         .model = "digits",
                                         .settings = small,
                                         .n_settings = 1,
                                         .data = data,
                                         .batch = 8,
                                         .seed = 3};
}

struct seen {
  size_t n, stop_at;
  float first[64];
  uint64_t last_step;
};

static bool see(void *user, const struct clgan_training_report *r) {
  struct seen *s = user;
  assert_int_equal(r->step, s->last_step++);
  assert_int_equal(r->images, 8 * (r->step + 1));
  assert_true(r->n_losses > 0);
  for (uint32_t k = 0; k < r->n_losses; k++) assert_true(isfinite(r->losses[k]) && r->loss_names[k][0]);
  if (s->n < 64) s->first[s->n] = r->losses[0];
  return ++s->n != s->stop_at;
}

static int setup(void **state) {
  size_t n;
  if (scratch_setup(state) || clgan_context_create(&context) != CLGAN_OK) return -1;
  if (clgan_context_count_devices(context, &n) != CLGAN_OK || n == 0 || clgan_context_open(context, NULL) != CLGAN_OK) {
    print_message("skipped: %s\n", clgan_context_error(context));
    exit(77);
  }
  struct clgan_training_options o = options_of("builtin");
  clgan_training *t = NULL;
  trained = scratch_file("trained.safetensors", NULL, 0);
  MUST(clgan_training_create(context, &o, &t));
  MUST(clgan_training_run(t, 4, NULL, NULL));
  MUST(clgan_training_save(t, trained));
  clgan_training_destroy(t);
  return 0;
}

static int teardown(void **state) {
  clgan_context_destroy(context);
  clgan_mem_free(trained);
  return scratch_teardown(state);
}

static void devices(void **state) {
  (void)state;
  size_t n = 0;
  clgan_context *own = NULL;
  const struct clgan_device_facts *open = clgan_context_opened(context), *d = NULL;
  MUST(clgan_context_count_devices(context, &n));
  assert_null(clgan_context_device(context, n));
  for (size_t i = 0; i < n; i++) {
    d = clgan_context_device(context, i);
    assert_true(d->name[0] && d->platform[0] && d->type_name[0] && strchr(d->id, ':') && d->memory_bytes > 0);
  }
  assert_true(open->usable);
  FAILS(CLGAN_ERR_USAGE, "open already", clgan_context_open(context, NULL));

  assert_int_equal(clgan_context_create(&own), CLGAN_OK);
  assert_null(clgan_context_opened(own));
  assert_int_equal(clgan_context_open(own, "no such device"), CLGAN_ERR_DEVICE);
  assert_non_null(strstr(clgan_context_error(own), "no such device"));
  assert_int_equal(clgan_context_open(own, open->id), CLGAN_OK);
  assert_string_equal(clgan_context_error(own), "");
  assert_string_equal(clgan_context_opened(own)->id, open->id);
  clgan_context_destroy(own);
}

static void wrong_calls_are_told(void **state) {
  (void)state;
  clgan_context *own = NULL;
  clgan_model *m = NULL;
  clgan_training *t = NULL;
  struct clgan_training_options o = options_of("builtin");
  assert_int_equal(clgan_context_create(NULL), CLGAN_ERR_USAGE);
  assert_int_equal(clgan_model_open(NULL, trained, 0, &m), CLGAN_ERR_USAGE);
  assert_int_equal(clgan_model_generate(NULL, 1, NULL, NULL, NULL), CLGAN_ERR_USAGE);
  assert_int_equal(clgan_context_create(&own), CLGAN_OK);
  assert_int_equal(clgan_model_open(own, trained, 0, &m), CLGAN_ERR_USAGE);
  assert_non_null(strstr(clgan_context_error(own), "clgan_context_open"));
  assert_int_equal(clgan_training_create(own, &o, &t), CLGAN_ERR_USAGE);
  clgan_context_destroy(own);

  FAILS(CLGAN_ERR_IO, "/nowhere/w", clgan_model_open(context, "/nowhere/w", 0, &m));
  assert_null(m);
  FAILS(CLGAN_ERR_USAGE, "65 images", clgan_model_open(context, trained, 65, &m));
  FAILS(CLGAN_ERR_USAGE, "options is NULL", clgan_training_create(context, NULL, &t));
  o.size = 1;
  FAILS(CLGAN_ERR_USAGE, "sizeof", clgan_training_create(context, &o, &t));
  o = options_of(NULL);
  FAILS(CLGAN_ERR_USAGE, "options.data", clgan_training_create(context, &o, &t));
  o = options_of("builtin");
  o.resume = trained;
  FAILS(CLGAN_ERR_USAGE, "one of", clgan_training_create(context, &o, &t));
  o.model = NULL;
  FAILS(CLGAN_ERR_USAGE, "leave them out", clgan_training_create(context, &o, &t));
  o = options_of("builtin");
  o.model = NULL;
  o.model_text = "clgan-model 1\nstep nonsense\n";
  FAILS(CLGAN_ERR_FORMAT, "model_text:2", clgan_training_create(context, &o, &t));
  o = options_of("/nowhere/set");
  FAILS(CLGAN_ERR_USAGE, "/nowhere/set", clgan_training_create(context, &o, &t));
  assert_null(t);
  clgan_context_destroy(NULL);
  clgan_model_close(NULL);
  clgan_training_destroy(NULL);
}

static void a_model_draws_and_encodes(void **state) {
  (void)state;
  enum { N = 5 };
  clgan_model *m = NULL, *one = NULL;
  MUST(clgan_model_open(context, trained, 8, &m));
  MUST(clgan_model_open(context, trained, 1, &one));
  const struct clgan_model_facts f = *clgan_model_describe(m);
  assert_string_equal(f.name, "digits");
  assert_true(f.height == 28 && f.width == 28 && f.channels == 1 && f.latent == 50 && f.classes == 10);
  assert_true(f.condition == CLGAN_CONDITION_CLASS && f.condition_size == 10 && f.factors == 10 && f.steps == 4);
  assert_true(f.pixel_low == -1.0f && f.features > 0 && !f.gender);

  static float z[N * 50], c[N * 10], x[N * 784], y[N * 784], again[N * 50], factors[N * 10], shares[N];
  static uint8_t u[N * 784], r[N * 784];
  const uint32_t wanted[N] = {0, 3, 9, 3, 7};
  uint32_t got[N];
  MUST(clgan_model_draw_codes(m, 7, 0, N, z));
  MUST(clgan_model_draw_codes(m, 7, 2, 1, again)); /* in parts, the same */
  assert_memory_equal(again, z + 2 * 50, 50 * sizeof *z);
  MUST(clgan_model_class_conditions(m, N, wanted, c));
  MUST(clgan_model_generate(m, N, z, c, x));
  MUST(clgan_model_generate(one, N, z, c, y));
  for (size_t k = 0; k < N * 784; k++) assert_true(x[k] >= -1 && x[k] <= 1 && fabsf(x[k] - y[k]) < 1e-5f);
  MUST(clgan_model_generate_u8(m, N, z, c, u));
  for (size_t k = 0; k < N * 784; k++) assert_int_equal(u[k], (int)floor(((double)x[k] + 1) * 127.5 + 0.5));
  MUST(clgan_model_encode(m, N, u, again, factors, NULL));
  MUST(clgan_model_encode(m, N, u, NULL, NULL, NULL));
  MUST(clgan_model_classes_from_factors(m, N, factors, got, shares));
  for (int k = 0; k < N; k++) assert_true(got[k] < 10 && shares[k] >= 0.1f && shares[k] <= 1);
  MUST(clgan_model_conditions_from_factors(m, N, factors, c));
  for (int k = 0; k < N; k++) assert_true(c[10 * k + (int)got[k]] == 1.0f);
  MUST(clgan_model_reconstruct(m, N, u, NULL, r)); /* what the encoder saw is the default */
  MUST(clgan_model_generate_u8(m, N, again, c, u));
  assert_memory_equal(u, r, sizeof u);

  float before[N], after[N], sum[2] = {0};
  MUST(clgan_model_encode(m, N, r, again, NULL, NULL));
  MUST(clgan_model_refine(m, 10, N, r, c, again, before, after));
  for (int k = 0; k < N; k++) sum[0] += before[k], sum[1] += after[k];
  assert_true(sum[1] < sum[0]);
  FAILS(CLGAN_ERR_USAGE, "0 steps", clgan_model_refine(m, 0, N, r, c, again, NULL, NULL));
  FAILS(CLGAN_ERR_USAGE, "c is NULL", clgan_model_refine(m, 1, N, r, NULL, again, NULL, NULL));

  const uint32_t ten[1] = {10};
  FAILS(CLGAN_ERR_USAGE, "knows 0 to 9", clgan_model_class_conditions(m, 1, ten, c));
  FAILS(CLGAN_ERR_USAGE, "not an age", clgan_model_face_conditions(m, 1, z, z, c));
  FAILS(CLGAN_ERR_USAGE, "c is NULL", clgan_model_generate(m, 1, z, NULL, x));
  z[53] = NAN;
  FAILS(CLGAN_ERR_USAGE, "number 3 of row 1", clgan_model_generate(m, 2, z, c, x));
  clgan_model_close(one);
  clgan_model_close(m);
}

static void pictures(void **state) {
  (void)state;
  static uint8_t u[784], v[784];
  clgan_model *m = NULL;
  char *path = scratch_file("picture.png", NULL, 0);
  for (size_t k = 0; k < sizeof u; k++) u[k] = (uint8_t)(k * 7);
  MUST(clgan_model_open(context, trained, 0, &m));
  MUST(clgan_context_write_png(context, path, 28, 28, 1, u));
  MUST(clgan_model_read_image(m, path, v));
  assert_memory_equal(u, v, sizeof u);
  FAILS(CLGAN_ERR_USAGE, "1 or 3 channels", clgan_context_write_png(context, path, 28, 28, 2, u));
  FAILS(CLGAN_ERR_IO, "/nowhere/p.png", clgan_model_read_image(m, "/nowhere/p.png", v));
  clgan_model_close(m);
  clgan_mem_free(path);
}

/* Losses over the caller's arrays are those over the same images opened by name; so are the checkpoints' tensors. */
static void arrays_are_a_data_set(void **state) {
  (void)state;
  struct clgan_dataset *d = NULL;
  struct clgan_error e = {0};
  clgan_training *t = NULL;
  struct seen named = {0}, given = {0};
  if (clgan_dataset_open("builtin", NULL, &d, &e) != CLGAN_OK) fail_msg("%s", e.text);
  struct clgan_training_arrays a = {.count = d->count,
                                    .height = 28,
                                    .width = 28,
                                    .channels = 1,
                                    .images = d->images,
                                    .classes = d->digit,
                                    .test = d->split};
  struct clgan_training_options o = options_of("builtin");
  MUST(clgan_training_create(context, &o, &t));
  MUST(clgan_training_run(t, 3, see, &named));
  assert_int_equal(clgan_training_items(t), 10000);
  clgan_training_destroy(t);
  o = options_of(NULL);
  o.arrays = &a;
  MUST(clgan_training_create(context, &o, &t));
  MUST(clgan_training_run(t, 3, see, &given));
  clgan_training_destroy(t);
  assert_int_equal(named.n, 3);
  assert_int_equal(given.n, 3);
  assert_memory_equal(named.first, given.first, 3 * sizeof(float));

  static const char *const names[] = {"nought", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
  char *path = scratch_file("named.safetensors", NULL, 0);
  clgan_model *m = NULL;
  t = NULL;
  a.class_names = names;
  a.n_class_names = 9;
  FAILS(CLGAN_ERR_USAGE, "9 class names for 10", clgan_training_create(context, &o, &t));
  a.n_class_names = 10;
  a.test = NULL; /* then all of it is trained on */
  MUST(clgan_training_create(context, &o, &t));
  assert_int_equal(clgan_training_items(t), 12000);
  MUST(clgan_training_save(t, path));
  clgan_training_destroy(t);
  MUST(clgan_model_open(context, path, 8, &m));
  assert_string_equal(clgan_model_describe(m)->class_names[9], "nine");
  clgan_model_close(m);
  clgan_mem_free(path);
  a.width = 27;
  FAILS(CLGAN_ERR_USAGE, "28x27", clgan_training_create(context, &o, &t));
  a.width = 28;
  a.classes = NULL;
  FAILS(CLGAN_ERR_USAGE, "no labels", clgan_training_create(context, &o, &t));
  a.count = 0;
  FAILS(CLGAN_ERR_USAGE, "no images", clgan_training_create(context, &o, &t));
  clgan_dataset_close(d);
}

/* Straight on, or stopped, saved and gone on with: the same bytes; and the callback stops where it says. */
static void stopped_saved_resumed(void **state) {
  (void)state;
  char *half = scratch_file("half.safetensors", NULL, 0), *a = scratch_file("a.safetensors", NULL, 0), *x, *y;
  size_t nx, ny;
  struct clgan_error e = {0};
  clgan_training *t = NULL;
  struct clgan_training_options o = options_of("builtin");
  struct seen s = {.stop_at = 2};
  MUST(clgan_training_create(context, &o, &t));
  MUST(clgan_training_run(t, 1000, see, &s));
  assert_int_equal(s.n, 2);
  assert_in_range(clgan_training_steps(t), 2, 4);
  MUST(clgan_training_save(t, half));
  MUST(clgan_training_run(t, 6, NULL, NULL));
  MUST(clgan_training_save(t, a));
  assert_int_equal(clgan_file_read(a, &x, &nx, &e), CLGAN_OK);
  clgan_training_destroy(t);

  t = NULL;
  o = (struct clgan_training_options){.size = sizeof o, .resume = half};
  MUST(clgan_training_create(context, &o, &t));
  assert_in_range(clgan_training_steps(t), 2, 4);
  MUST(clgan_training_run(t, 6, NULL, NULL));
  MUST(clgan_training_save(t, a));
  assert_int_equal(clgan_file_read(a, &y, &ny, &e), CLGAN_OK);
  assert_int_equal(nx, ny);
  assert_memory_equal(x, y, nx);
  FAILS(CLGAN_ERR_IO, "/nowhere", clgan_training_save(t, "/nowhere/c.safetensors"));

  /* The nets as they are now, and those of the checkpoint just written, draw the same. */
  clgan_model *now = NULL, *saved = NULL;
  static float z[50], c[10], p[784], q[784];
  const uint32_t three = 3;
  MUST(clgan_training_model(t, &now));
  MUST(clgan_model_open(context, a, 0, &saved));
  assert_int_equal(clgan_model_describe(now)->steps, 6);
  MUST(clgan_model_draw_codes(now, 1, 0, 1, z));
  MUST(clgan_model_class_conditions(now, 1, &three, c));
  MUST(clgan_model_generate(now, 1, z, c, p));
  MUST(clgan_model_generate(saved, 1, z, c, q));
  for (int k = 0; k < 784; k++) assert_true(fabsf(p[k] - q[k]) < 1e-5f);
  clgan_model_close(saved);
  clgan_model_close(now);
  clgan_training_destroy(t);
  clgan_mem_free(x);
  clgan_mem_free(y);
  clgan_mem_free(a);
  clgan_mem_free(half);
}

/* -- callbacks -- */

struct journal {
  size_t n, details;
  char last[256];
};

static void keep(void *user, enum clgan_log_kind kind, const char *text) {
  struct journal *j = user;
  j->n++;
  j->details += kind == CLGAN_LOG_DETAIL;
  assert_null(strchr(text, '\n'));
  snprintf(j->last, sizeof j->last, "%s", text);
}

static bool come_back(void *user, const struct clgan_training_report *r) {
  (void)r;
  clgan_model *m = NULL;
  *(enum clgan_status *)user = clgan_model_open(context, trained, 0, &m);
  assert_null(m);
  return true;
}

static void nothing_is_printed_and_the_log_is_the_callers(void **state) {
  (void)state;
  struct journal j = {0};
  clgan_context *own = NULL;
  char *path = scratch_file("stderr", NULL, 0), *text;
  size_t n;
  struct clgan_error e = {0};
  fflush(stderr);
  int before = dup(STDERR_FILENO), file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  assert_true(before >= 0 && file >= 0 && dup2(file, STDERR_FILENO) >= 0);
  enum clgan_status s = clgan_context_create(&own);
  if (s == CLGAN_OK) s = clgan_context_open(own, NULL); /* silent */
  size_t silent = j.n;
  clgan_context_destroy(own);
  if (s == CLGAN_OK) s = clgan_context_create(&own);
  clgan_context_set_log(own, keep, &j);
  if (s == CLGAN_OK) s = clgan_context_open(own, NULL);
  fflush(stderr);
  dup2(before, STDERR_FILENO);
  close(before);
  close(file);
  clgan_context_destroy(own);
  assert_int_equal(s, CLGAN_OK);
  assert_int_equal(silent, 0);
  assert_true(j.n >= 1);
  assert_non_null(strstr(j.last, "device "));
  assert_int_equal(clgan_file_read(path, &text, &n, &e), CLGAN_OK);
  assert_string_equal(text, "");
  clgan_mem_free(text);
  clgan_mem_free(path);
}

static void a_callback_must_not_come_back(void **state) {
  (void)state;
  enum clgan_status inner = CLGAN_OK;
  clgan_training *t = NULL;
  struct clgan_training_options o = options_of("builtin");
  MUST(clgan_training_create(context, &o, &t));
  (void)clgan_training_run(t, 1, come_back, &inner);
  assert_int_equal(inner, CLGAN_ERR_USAGE);
  MUST(clgan_training_run(t, 2, NULL, NULL)); /* and it did no harm */
  clgan_training_destroy(t);
}

/* A program whose locale writes 0,5: the library neither reads nor writes numbers so, and leaves the locale alone. */
static void the_programs_locale_does_not_matter(void **state) {
  (void)state;
  static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8", NULL};
  size_t i = 0;
  while (names[i] && !setlocale(LC_NUMERIC, names[i])) i++;
  if (!names[i]) {
    print_message("no locale with a decimal comma is installed\n");
    skip();
  }
  static const char *const sets[] = {"base=2", "lr_g=0.0005"};
  struct clgan_training_options o = options_of("builtin");
  clgan_training *t = NULL;
  char *path = scratch_file("comma.safetensors", NULL, 0), text[16];
  o.settings = sets;
  o.n_settings = 2;
  MUST(clgan_training_create(context, &o, &t));
  MUST(clgan_training_run(t, 1, NULL, NULL));
  MUST(clgan_training_save(t, path));
  clgan_training_destroy(t);
  snprintf(text, sizeof text, "%.1f", 0.5);
  assert_string_equal(text, "0,5");
  o = (struct clgan_training_options){.size = sizeof o, .resume = path};
  MUST(clgan_training_create(context, &o, &t));
  clgan_training_destroy(t);
  setlocale(LC_NUMERIC, "C");
  clgan_mem_free(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(devices),
      cmocka_unit_test(wrong_calls_are_told),
      cmocka_unit_test(a_model_draws_and_encodes),
      cmocka_unit_test(pictures),
      cmocka_unit_test(arrays_are_a_data_set),
      cmocka_unit_test(stopped_saved_resumed),
      cmocka_unit_test(nothing_is_printed_and_the_log_is_the_callers),
      cmocka_unit_test(a_callback_must_not_come_back),
      cmocka_unit_test(the_programs_locale_does_not_matter),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
