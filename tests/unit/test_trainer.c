/* test_trainer.c: a training run's end at a number that is not finite, and what of it is kept. */
#define _XOPEN_SOURCE 700
#include "train/trainer.h"
#include <math.h>
#include "model/checkpoint.h"
#include "digits.h"

static struct clgan_model *model;

static int setup(void **state) {
  static const char *const sets[] = {"batch=8"};
  if (digits_open(state)) return -1;
  return clgan_model_load("digits", 2, sets, 1, &model, &error) == CLGAN_OK ? 0 : -1;
}

static int teardown(void **state) {
  clgan_model_destroy(model);
  return digits_close(state);
}

static struct clgan_trainer *new_trainer(void) {
  struct clgan_trainer_options o = {.batch = 8, .seed = 3};
  struct clgan_trainer *t = NULL;
  OK(clgan_trainer_create(device, model, data, &o, &t, &error));
  return t;
}

static void steps(struct clgan_trainer *t, int n) {
  for (int k = 0; k < n; k++) OK(clgan_trainer_step(t, &error));
  OK(clgan_trainer_finish(t, &error));
}

/* Writes a copy of a checkpoint in which one number of one tensor is a NaN. */
static void poison(const char *from, const char *to, const char *tensor) {
  struct clgan_checkpoint *c = NULL;
  OK(clgan_checkpoint_load(from, &c, &error));
  const struct clgan_named_tensor *x = clgan_tensors_find(&c->tensors, tensor);
  assert_non_null(x);
  x->data[x->count / 2] = NAN;
  OK(clgan_checkpoint_save(c, to, false, &error));
  clgan_checkpoint_destroy(c);
}

static void a_loss_that_is_nan_ends_the_run(void **state) {
  (void)state;
  char *good = scratch_file("good.safetensors", NULL, 0), *bad = scratch_file("bad.safetensors", NULL, 0);
  char *before, *after;
  size_t before_size, after_size;
  struct clgan_trainer *t = new_trainer();
  OK(clgan_trainer_init(t, &error));
  steps(t, 4);
  OK(clgan_trainer_save(t, good, &error));
  poison(good, bad, "E.fc.weight");
  OK(clgan_trainer_resume(t, bad, &error));
  OK(clgan_file_read(good, &before, &before_size, &error));

  struct clgan_error e = {0};
  enum clgan_status s = CLGAN_OK;
  for (int k = 0; k < 4 && s == CLGAN_OK; k++) s = clgan_trainer_step(t, &e);
  assert_int_equal(s, CLGAN_ERR_NUMERIC); /* at the latest when its losses are back, two steps on */
  expect_error(&e, CLGAN_ERR_NUMERIC, "step 4: loss");
  assert_non_null(strstr(e.text, "NaN"));
  assert_non_null(strstr(e.text, "not finite first: G.")); /* every net has it after one update */
  clgan_trainer_destroy(t);

  t = new_trainer(); /* weights that are not finite are never written over good ones */
  OK(clgan_trainer_resume(t, bad, &error));
  clgan_error_clear(&e);
  assert_int_equal(clgan_trainer_save(t, good, &e), CLGAN_ERR_NUMERIC);
  OK(clgan_file_read(good, &after, &after_size, &error));
  assert_int_equal(before_size, after_size);
  assert_memory_equal(before, after, before_size);
  clgan_trainer_destroy(t);
  clgan_mem_free(before);
  clgan_mem_free(after);
  clgan_mem_free(good);
  clgan_mem_free(bad);
}

static void the_largest_batch_that_fits_is_named(void **state) {
  (void)state;
  struct clgan_trainer_options o = {.batch = 1 << 19};
  struct clgan_trainer *t = NULL;
  struct clgan_error e = {0};
  assert_int_equal(clgan_trainer_create(device, model, data, &o, &t, &e), CLGAN_ERR_MEMORY);
  assert_null(t);
  expect_error(&e, CLGAN_ERR_MEMORY, "the largest that fits is ");
}

/* The losses of the first step under a setting. */
static void first_losses(const char *set, float losses[CLGAN_LOSS_MAX]) {
  const char *const sets[] = {"batch=8", set};
  const struct clgan_trainer_options o = {.batch = 8, .seed = 3};
  struct clgan_model *m = NULL;
  struct clgan_trainer *t = NULL;
  uint64_t step;
  OK(clgan_model_load("digits", 2, sets, 2, &m, &error));
  OK(clgan_trainer_create(device, m, data, &o, &t, &error));
  OK(clgan_trainer_init(t, &error));
  OK(clgan_trainer_step(t, &error));
  assert_true(clgan_trainer_losses(t, true, &step, losses, &error));
  clgan_trainer_destroy(t);
  clgan_model_destroy(m);
}

/* flip changes what E and G see, shift what D sees alone; whatever the condition. */
static void images_are_mirrored_and_moved(void **state) {
  float plain[CLGAN_LOSS_MAX], flipped[CLGAN_LOSS_MAX], shifted[CLGAN_LOSS_MAX];
  enum { LOSS_D, CYCLE_X = 2 };
  (void)state;
  first_losses("flip=off", plain);
  first_losses("flip=on", flipped);
  first_losses("shift=on", shifted);
  assert_true(plain[CYCLE_X] != flipped[CYCLE_X]);
  assert_true(plain[LOSS_D] != shifted[LOSS_D]);
  assert_true(plain[CYCLE_X] == shifted[CYCLE_X]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_loss_that_is_nan_ends_the_run),
      cmocka_unit_test(the_largest_batch_that_fits_is_named),
      cmocka_unit_test(images_are_mirrored_and_moved),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
