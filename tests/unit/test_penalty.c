/* test_penalty.c: the gradient penalty, and wrong conditions: their gradient against differences in double precision, its part of a step, resume. */
#define _XOPEN_SOURCE 700
#include "train/trainer.h"
#include <math.h>
#include "digits.h"
#include "host_step.h"

enum { BATCH = 4, D = CLGAN_NET_D };

static struct clgan_model *load(const char *penalty, const char *every) {
  const char *sets[2] = {penalty, every};
  struct clgan_model *m = NULL;
  OK(clgan_model_load("digits", 2, sets, every ? 2 : 1, &m, &error));
  return m;
}

/* What a term adds to D's gradients is its weight times the slope of the value reported. */
static void gradient_is_that_of_its_value(const char *set, const char *other, const char *name, double weight) {
  struct clgan_model *with = load(set, other), *without = load("penalty=0", NULL);
  struct host a, b;
  double most = 0, worst = 0;
  size_t reached = 0;
  open_host(&a, with, BATCH);
  open_host(&b, without, BATCH);
  assert_int_equal(a.s->n_losses, 7);
  assert_int_equal(b.s->n_losses, 6);
  assert_string_equal(a.s->loss_names[6], name);
  assert_int_equal(b.s->noise, CLGAN_NONE);
  size_t n = with->nets[D].group_count;
  double *grads = clgan_mem_array(n, sizeof *grads);
  step_of_host(&b, 0, 0);
  for (size_t k = 0; k < n; k++) grads[k] = -clgan_interpreter_data(b.p, state_of(b.s, "D.grads"))[k];
  step_of_host(&a, 0, 0);
  for (size_t k = 0; k < n; k++) grads[k] += clgan_interpreter_data(a.p, state_of(a.s, "D.grads"))[k];
  assert_true(clgan_interpreter_data(a.p, a.s->losses)[6] > 0);
  for (size_t k = 0; k < n; k++) most = fmax(most, fabs(grads[k]));
  for (size_t i = 0; i < with->nets[D].n_params; i++) {
    const struct clgan_param *q = &with->nets[D].params[i];
    for (int j = 0; q->trainable && j < 2; j++) { /* two elements of each tensor */
      size_t k = q->offset + (j ? q->count / 2 : q->count - 1);
      const double eps = 1e-5;
      double p[2];
      for (int side = 0; side < 2; side++) {
        step_of_host(&a, k, side ? eps : -eps);
        p[side] = clgan_interpreter_data(a.p, a.s->losses)[6];
      }
      double want = weight * (p[1] - p[0]) / (2 * eps);
      worst = fmax(worst, fabs(grads[k] - want) / most);
      reached += fabs(want) > 1e-3 * most;
    }
  }
  print_message("  %zu elements, worst %.2g of the largest gradient\n", reached, worst);
  assert_true(reached > 5);
  assert_true(worst < 1e-5);
  clgan_mem_free(grads);
  close_host(&a);
  close_host(&b);
  clgan_model_destroy(with);
  clgan_model_destroy(without);
}

static void gradient_of_a_penalty(void **state) {
  (void)state;
  gradient_is_that_of_its_value("penalty=0.5", "penalty_every=4", "penalty", 0.5 * 4);
}

static void gradient_of_wrong_conditions(void **state) {
  (void)state;
  gradient_is_that_of_its_value("mismatch=0.75", NULL, "mismatch", 0.75);
}

/* -- on the device -- */

static struct clgan_trainer *trainer_of(const struct clgan_model *m) {
  const struct clgan_trainer_options o = {.batch = BATCH, .seed = 3};
  struct clgan_trainer *t = NULL;
  OK(clgan_trainer_create(device, m, data, &o, &t, &error));
  OK(clgan_trainer_init(t, &error));
  return t;
}

static void steps(struct clgan_trainer *t, int n, float penalty[]) {
  uint64_t at;
  float losses[CLGAN_LOSS_MAX];
  for (int k = 0; k < n; k++) {
    OK(clgan_trainer_step(t, &error));
    assert_true(clgan_trainer_losses(t, true, &at, losses, &error));
    penalty[k] = losses[6];
  }
}

static char *bytes_of(struct clgan_trainer *t, const char *name, size_t *size) {
  char *path = scratch_file(name, NULL, 0), *bytes = NULL;
  OK(clgan_trainer_save(t, path, &error));
  OK(clgan_file_read(path, &bytes, size, &error));
  clgan_mem_free(path);
  return bytes;
}

/* Every third step, and in between a step is what it is without; stopped between two of them, the same bytes. */
static void lazy_and_resumable(void **state) {
  struct clgan_model *m = load("penalty=2", "penalty_every=3"), *without = load("penalty=0", NULL);
  float p[7], q[7], none[7];
  size_t sizes[2];
  (void)state;
  struct clgan_trainer *whole = trainer_of(m), *plain = trainer_of(without), *first = trainer_of(m),
                       *second = trainer_of(m);
  steps(plain, 1, none);
  assert_int_equal(clgan_trainer_loss_count(plain), 6);
  assert_true(clgan_trainer_facts(whole).launches <= clgan_trainer_facts(plain).launches + 3); /* of a step without */
  steps(whole, 7, p);
  for (int k = 0; k < 7; k++) assert_true(k % 3 ? p[k] == p[k - 1] : k == 0 || p[k] != p[k - 1]);
  assert_true(p[0] > 0);
  char *all = bytes_of(whole, "whole.safetensors", &sizes[0]);
  steps(first, 5, q);
  char *part = bytes_of(first, "part.safetensors", &sizes[1]), *path = scratch_file("part.safetensors", part, sizes[1]);
  OK(clgan_trainer_resume(second, path, &error));
  steps(second, 2, q);
  assert_true(q[0] == p[5] && q[1] == p[6]);
  char *resumed = bytes_of(second, "resumed.safetensors", &sizes[1]);
  assert_int_equal(sizes[0], sizes[1]);
  assert_memory_equal(all, resumed, sizes[0]);
  char *bare = bytes_of(plain, "plain.safetensors", &sizes[0]);
  clgan_trainer_destroy(plain);
  plain = trainer_of(m); /* one step of it moves D elsewhere */
  steps(plain, 1, none);
  char *moved = bytes_of(plain, "moved.safetensors", &sizes[1]);
  assert_true(sizes[0] != sizes[1] || memcmp(bare, moved, sizes[0]) != 0);
  struct clgan_trainer *const t[] = {whole, plain, first, second};
  for (int k = 0; k < 4; k++) clgan_trainer_destroy(t[k]);
  char *const memory[] = {all, part, path, resumed, bare, moved};
  for (int k = 0; k < 6; k++) clgan_mem_free(memory[k]);
  clgan_model_destroy(m);
  clgan_model_destroy(without);
}

/* Micro-batches add up to what a whole batch gives, but for the conditions, which are exchanged within each; D's own loss is the
 * reference. */
static void wrong_conditions_count_in_micro_batches(void **state) {
  struct clgan_model *m = load("mismatch=1", NULL);
  const struct clgan_trainer_options o = {.batch = BATCH, .seed = 3, .micro = BATCH / 2};
  struct clgan_trainer *t = NULL, *whole = trainer_of(m);
  float split[2], once[2];
  (void)state;
  OK(clgan_trainer_create(device, m, data, &o, &t, &error));
  OK(clgan_trainer_init(t, &error));
  assert_int_equal(clgan_trainer_loss_count(t), 7);
  assert_string_equal(clgan_trainer_loss_name(t, 6), "mismatch");
  steps(t, 2, split);
  steps(whole, 2, once);
  for (int k = 0; k < 2; k++) assert_true(split[k] > 0.5f && split[k] < 4 && fabsf(split[k] - once[k]) < 0.3f);
  assert_true(split[0] != once[0]);
  clgan_trainer_destroy(t);
  clgan_trainer_destroy(whole);
  clgan_model_destroy(m);
  struct clgan_model *single = load("mismatch=1", NULL);
  struct clgan_step *s = NULL;
  assert_int_not_equal(clgan_step_create(single, 1, true, &s, &error), CLGAN_OK);
  assert_non_null(strstr(error.text, "mismatch"));
  clgan_error_clear(&error);
  clgan_model_destroy(single);
}

/* Images drawn anew each time: the same ones for the same seed. */
static void jitter_is_of_the_seed(void **state) {
  struct clgan_model *m[2] = {load("jitter=0.5", "flip=off"), load("jitter=0", "flip=off")};
  size_t size[3];
  char *bytes[3];
  float none[1];
  (void)state;
  for (int k = 0; k < 3; k++) {
    struct clgan_trainer *t = trainer_of(m[k / 2]);
    steps(t, 1, none);
    bytes[k] = bytes_of(t, "jitter.safetensors", &size[k]);
    clgan_trainer_destroy(t);
  }
  assert_int_equal(size[0], size[1]);
  assert_memory_equal(bytes[0], bytes[1], size[0]);
  assert_true(size[0] != size[2] || memcmp(bytes[0] + size[0] / 2, bytes[2] + size[0] / 2, size[0] / 2) != 0);
  for (int k = 0; k < 3; k++) clgan_mem_free(bytes[k]);
  for (int k = 0; k < 2; k++) clgan_model_destroy(m[k]);
}

/* Checkpoints of runs without these say nothing of them, as those did that were written before there were any. */
static void options_without_are_as_before(void **state) {
  struct clgan_model *m = load("penalty=0", NULL), *with = load("penalty=1.5", "jitter=0.5");
  char *a = clgan_model_options_text(m), *b = clgan_model_options_text(with);
  (void)state;
  assert_null(strstr(a, "penalty"));
  assert_null(strstr(a, "mismatch"));
  assert_null(strstr(a, "jitter"));
  assert_non_null(strstr(b, "jitter=0.5\n"));
  assert_non_null(strstr(b, "penalty=1.5\n"));
  assert_non_null(strstr(b, "penalty_every=16\n"));
  clgan_mem_free(a);
  clgan_mem_free(b);
  clgan_model_destroy(m);
  clgan_model_destroy(with);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gradient_of_a_penalty),
      cmocka_unit_test(gradient_of_wrong_conditions),
      cmocka_unit_test(lazy_and_resumable),
      cmocka_unit_test(wrong_conditions_count_in_micro_batches),
      cmocka_unit_test(jitter_is_of_the_seed),
      cmocka_unit_test(options_without_are_as_before),
  };
  return cmocka_run_group_tests(tests, digits_open, digits_close);
}
