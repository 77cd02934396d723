/* test_judge.c: the classifier that measures generated images: it learns, it is the same from the cache and trained
   anew, and a damaged or foreign file in the cache does no harm. */
#define _XOPEN_SOURCE 700
#include "train/judge.h"
#include <dirent.h>
#include "digits.h"
#include "train/sampler.h"

enum { STEPS = 90, TESTED = 500 };

static const struct clgan_judge_options options = {
    .condition = CLGAN_CONDITION_CLASS, .classes = 10, .seed = 1, .steps = STEPS};

/* What a judge says of the first test digits. */
struct answers {
  float logits[TESTED * 10], features[TESTED * CLGAN_JUDGE_FEATURES];
  int right;
};

static bool ask(const struct clgan_judge_options *o, struct answers *a) {
  struct clgan_judge *j = NULL;
  uint32_t *items, count;
  static unsigned char images[TESTED * 784];
  OK(clgan_judge_create(device, data, o, &j, &error));
  OK(clgan_dataset_select(data, CLGAN_PART_TEST, 0, &items, &count, &error));
  assert_true(count >= TESTED);
  clgan_dataset_gather(data, items, TESTED, images, NULL);
  OK(clgan_judge_read(j, TESTED, images, a->logits, a->features, &error));
  a->right = 0;
  for (int i = 0; i < TESTED; i++) {
    a->right += clgan_logits_likeliest(a->logits + i * 10, 10) == data->digit[items[i]];
  }
  bool cached = clgan_judge_cached(j);
  clgan_mem_free(items);
  clgan_judge_destroy(j);
  return cached;
}

/* The one judge in the cache. The caller frees it. */
static char *cached_file(void) {
  char *folder = clgan_file_cache_folder(), *path = NULL;
  DIR *d = opendir(folder);
  assert_non_null(d);
  for (struct dirent *f; (f = readdir(d));)
    if (!strncmp(f->d_name, "judge-", 6)) {
      assert_null(path);
      path = clgan_file_join(folder, f->d_name);
    }
  closedir(d);
  clgan_mem_free(folder);
  assert_non_null(path);
  return path;
}

static void it_learns_and_is_kept(void **state) {
  (void)state;
  struct answers *a = clgan_mem_array(2, sizeof *a);
  char *before = getenv("XDG_CACHE_HOME") ? clgan_mem_strdup(getenv("XDG_CACHE_HOME")) : NULL;
  assert_int_equal(setenv("XDG_CACHE_HOME", scratch, 1), 0);

  assert_false(ask(&options, &a[0]));
  if (a[0].right < TESTED * 9 / 10) fail_msg("only %d of %d read right", a[0].right, TESTED);
  assert_true(ask(&options, &a[1])); /* from the cache: the same bits */
  assert_memory_equal(&a[0], &a[1], sizeof a[0]);

  clgan_mem_free(a);
  if (before)
    setenv("XDG_CACHE_HOME", before, 1);
  else
    unsetenv("XDG_CACHE_HOME");
  clgan_mem_free(before);
}

/* Neither a file of that very name which holds a judge of other steps, nor a damaged one: it is trained anew, and
   the same seed gives the same bits. */
static void a_foreign_or_damaged_file_is_not_taken(void **state) {
  (void)state;
  struct answers *a = clgan_mem_array(3, sizeof *a);
  char home[64], *bytes = NULL, *first, *second;
  size_t size = 0;
  struct clgan_judge_options two = options, one = options;
  two.steps = 2;
  one.steps = 1;
  snprintf(home, sizeof home, "%s/one", scratch);
  assert_int_equal(setenv("XDG_CACHE_HOME", home, 1), 0);
  assert_false(ask(&one, &a[0]));
  first = cached_file();
  OK(clgan_file_read(first, &bytes, &size, &error));
  snprintf(home, sizeof home, "%s/two", scratch);
  assert_int_equal(setenv("XDG_CACHE_HOME", home, 1), 0);
  assert_false(ask(&two, &a[1]));
  second = cached_file();
  OK(clgan_file_write(second, bytes, size, &error));
  assert_false(ask(&two, &a[2]));
  assert_memory_equal(&a[1], &a[2], sizeof a[1]);
  assert_memory_not_equal(&a[0], &a[1], sizeof a[1]);
  clgan_mem_free(bytes);
  OK(clgan_file_read(second, &bytes, &size, &error));
  bytes[size - size / 3] ^= 8; /* a weight: the container itself is whole */
  OK(clgan_file_write(second, bytes, size, &error));
  assert_false(ask(&two, &a[2]));
  assert_memory_equal(&a[1], &a[2], sizeof a[1]);
  OK(clgan_file_write(second, "rubbish", 7, &error));
  assert_false(ask(&two, &a[2]));
  assert_true(ask(&two, &a[2]));
  clgan_mem_free(first);
  clgan_mem_free(second);
  clgan_mem_free(bytes);
  clgan_mem_free(a);
}

/* Texts for other images are models: sizes from 1x1 to faces. */
static void the_recipe_fits_other_images(void **state) {
  (void)state;
  static const uint32_t shapes[][3] = {{1, 1, 1}, {5, 9, 1}, {32, 32, 3}, {64, 64, 3}, {28, 64, 1}};
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
    for (int face = 0; face < 2; face++) {
      struct clgan_judge_options o = options;
      struct clgan_model *m = NULL;
      o.condition = face ? CLGAN_CONDITION_FACE : CLGAN_CONDITION_CLASS;
      char *text = clgan_judge_text(shapes[i][0], shapes[i][1], shapes[i][2], 20000, &o);
      OK(clgan_model_parse(text, "judge", 0, NULL, 0, &m, &error));
      assert_int_equal(m->latent, CLGAN_JUDGE_FEATURES);
      assert_int_equal(clgan_sampler_factors(m), face ? 2 : 10);
      clgan_model_destroy(m);
      clgan_mem_free(text);
    }
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    struct clgan_judge_options o = {.kind = CLGAN_JUDGE_AUTOENCODER};
    struct clgan_model *m = NULL;
    char *text = clgan_judge_text(shapes[i][0], shapes[i][1], shapes[i][2], 20000, &o);
    OK(clgan_model_parse(text, "autoencoder", 0, NULL, 0, &m, &error));
    assert_int_equal(m->latent, CLGAN_JUDGE_FEATURES);
    assert_int_equal(clgan_sampler_factors(m), 0);
    clgan_model_destroy(m);
    clgan_mem_free(text);
  }
}

/* Neither `--model` nor `--weights` takes what draws no images; a set without classes has nothing to learn from. */
static void misuse_is_refused(void **state) {
  (void)state;
  struct clgan_error e = {0};
  struct clgan_model *m = NULL;
  struct clgan_judge *j = NULL;
  char *text = clgan_judge_text(28, 28, 1, 1000, &options), *path = scratch_file("judge.model", text, strlen(text));
  assert_int_equal(clgan_model_load(path, 0, NULL, 0, &m, &e), CLGAN_ERR_FORMAT);
  expect_error(&e, CLGAN_ERR_FORMAT, "draws no images");
  assert_null(m);
  const struct clgan_judge_options memory = {.kind = CLGAN_JUDGE_AUTOENCODER};
  clgan_mem_free(text);
  clgan_mem_free(path);
  text = clgan_judge_text(28, 28, 1, 1000, &memory);
  path = scratch_file("autoencoder.model", text, strlen(text));
  clgan_error_clear(&e);
  assert_int_equal(clgan_model_load(path, 0, NULL, 0, &m, &e), CLGAN_ERR_FORMAT);
  expect_error(&e, CLGAN_ERR_FORMAT, "an autoencoder");
  assert_null(m);
  struct clgan_judge_options o = options;
  o.classes = 5;
  clgan_error_clear(&e);
  assert_int_equal(clgan_judge_create(device, data, &o, &j, &e), CLGAN_ERR_USAGE);
  expect_error(&e, CLGAN_ERR_USAGE, "knows 0 to 4");
  o.condition = CLGAN_CONDITION_FACE;
  clgan_error_clear(&e);
  assert_int_equal(clgan_judge_create(device, data, &o, &j, &e), CLGAN_ERR_USAGE);
  expect_error(&e, CLGAN_ERR_USAGE, "no ages");
  assert_null(j);
  clgan_mem_free(text);
  clgan_mem_free(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_learns_and_is_kept),
      cmocka_unit_test(a_foreign_or_damaged_file_is_not_taken),
      cmocka_unit_test(the_recipe_fits_other_images),
      cmocka_unit_test(misuse_is_refused),
  };
  return cmocka_run_group_tests(tests, digits_open, digits_close);
}
