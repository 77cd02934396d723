/* test_micro.c: steps split into micro-batches, and what a training takes of a device's memory. */
#define _XOPEN_SOURCE 700
#include "train/trainer.h"
#include <math.h>
#include "digits.h"

/* Without batch norm, and with an Adam that is nearly linear in the gradient (eps 1): then equal means equal within rounding.
 * 5 numbers of z a row: the rows of later micro-batches do not start at a block of random numbers. */
static const char plain[] =
    "clgan-model 1\nname plain\nstep bcgan\nimage 28 28 1\npixels -1 1\nlatent uniform 5\ncondition class 10\nbase 4\n"
    "set adam_eps 1\nset lr_d 0.5\nset lr_g 0.5\nset ramp 0\nset batch 12\n"
    "net G (z, c)\n  fc linear 2*base*49 in=z,c\n  shape 7 7 2*base\n  up1 deconv base k4 s2 p1 lrelu 0.2\n  up2 "
    "deconv base k4 s2 p1 lrelu 0.2\n"
    "  out conv 1 k5 s1 p2 tanh\n"
    "net E (x)\n  conv1 conv base k4 s2 p1 lrelu 0.2\n  conv2 conv 2*base k4 s2 p1 lrelu 0.2\n  fc linear 8*base lrelu "
    "0.2 out=h\n"
    "  z linear latent tanh in=h out=z\n  c linear classes in=h out=factors\n"
    "net D (x, z, c) spectral\n  conv1 conv base k4 s2 p1 lrelu 0.2\n  fc linear 8*base lrelu 0.2 out=hx\n  z1 linear "
    "4*base lrelu 0.2 in=z out=hz\n"
    "  joint linear 8*base lrelu 0.2 in=hx,hz out=h\n  out linear 1 in=h out=s\n  proj linear 8*base nobias in=c "
    "out=v\n  score s + dot(v, h)\n";

/* Checkpoint after so many steps; the losses of the last. @return its path, the caller's */
static char *train(const struct clgan_model *m, int batch, int micro, int n, float losses[CLGAN_LOSS_MAX]) {
  const struct clgan_trainer_options o = {.batch = batch, .micro = micro, .seed = 7};
  struct clgan_trainer *t = NULL;
  static int number;
  char name[32];
  uint64_t step;
  snprintf(name, sizeof name, "run%d.safetensors", number++);
  char *path = scratch_file(name, NULL, 0);
  OK(clgan_trainer_create(device, m, data, &o, &t, &error));
  assert_int_equal(clgan_trainer_micro(t), micro);
  OK(clgan_trainer_init(t, &error));
  for (int k = 0; k < n; k++) OK(clgan_trainer_step(t, &error));
  while (clgan_trainer_losses(t, true, &step, losses, &error)) continue;
  OK(clgan_trainer_save(t, path, &error));
  clgan_trainer_destroy(t);
  return path;
}

/* The largest difference of a tensor over its largest element, of the tensors whose name begins so. */
static double distance(const char *a, const char *b, const char *prefix) {
  struct clgan_checkpoint *x = NULL, *y = NULL;
  double worst = 0;
  size_t compared = 0;
  OK(clgan_checkpoint_load(a, &x, &error));
  OK(clgan_checkpoint_load(b, &y, &error));
  for (size_t k = 0; k < x->tensors.n; k++) {
    const struct clgan_named_tensor *p = &x->tensors.items[k], *q = clgan_tensors_find(&y->tensors, p->name);
    double most = 0, apart = 0;
    if (strncmp(p->name, prefix, strlen(prefix)) != 0) continue;
    assert_non_null(q);
    for (size_t i = 0; i < p->count; i++) {
      most = fmax(most, fabs((double)p->data[i]));
      apart = fmax(apart, fabs((double)p->data[i] - (double)q->data[i]));
    }
    compared++;
    if (most > 0 && apart / most > worst) worst = apart / most;
  }
  assert_true(compared > 3);
  clgan_checkpoint_destroy(x);
  clgan_checkpoint_destroy(y);
  return worst;
}

static void compare_split(const char *const *sets, size_t n_sets, const int *micro, int n_micro, int n_losses,
                          double allowed) {
  static const char *const parts[] = {"G.", "E.", "D.", "G_ema.", "opt.m.G.", "opt.m.E.", "opt.m.D."};
  struct clgan_model *m = NULL;
  float whole_losses[CLGAN_LOSS_MAX], losses[CLGAN_LOSS_MAX];
  OK(clgan_model_parse(plain, "plain", 0, sets, n_sets, &m, &error));
  char *whole = train(m, 12, 12, 3, whole_losses), *none = train(m, 12, 12, 0, losses);
  assert_true(distance(whole, none, "G.") > 0.01); /* the steps do change something */
  for (int k = 0; k < n_micro; k++) {
    char *split = train(m, 12, micro[k], 3, losses);
    for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
      double d = distance(whole, split, parts[p]);
      print_message("  micro-batches of %d, %s: %.2g\n", micro[k], parts[p], d);
      if (!(d < allowed)) fail_msg("micro-batches of %d: %s differs by %.3g", micro[k], parts[p], d);
    }
    for (int i = 0; i < n_losses; i++)
      assert_true(fabs((double)losses[i] - (double)whole_losses[i]) < allowed * (1 + fabs((double)whole_losses[i])));
    clgan_mem_free(split);
  }
  clgan_mem_free(whole);
  clgan_mem_free(none);
  clgan_model_destroy(m);
}

static void a_split_step_is_the_whole_one(void **state) {
  static const char *const penalty[] = {"penalty=0.2", "penalty_every=2"};
  static const int micro[] = {6, 3, 1};
  (void)state;
  compare_split(NULL, 0, micro, 3, 6, 2e-5);
  compare_split(penalty, 2, micro + 1, 1, 7, 1e-2); /* a difference over 0.01: rounding counts a hundred times */
}

/* With batch norm: the same bytes when repeated, and when stopped and gone on with. */
static void split_runs_repeat_and_resume(void **state) {
  (void)state;
  struct clgan_model *m = NULL;
  struct clgan_trainer *t = NULL;
  float losses[CLGAN_LOSS_MAX];
  char *bytes[3];
  size_t sizes[3];
  OK(clgan_model_load("digits", 2, NULL, 0, &m, &error));
  char *part = train(m, 8, 4, 2, losses), *whole = train(m, 8, 4, 4, losses), *again = train(m, 8, 4, 4, losses);
  for (int k = 0; k < 6; k++) assert_true(isfinite(losses[k]));
  struct clgan_checkpoint *c = NULL;
  OK(clgan_checkpoint_load(part, &c, &error));
  const struct clgan_trainer_options o = {.batch = 8, .micro = clgan_trainer_micro_of(c), .seed = 1};
  clgan_checkpoint_destroy(c);
  assert_int_equal(o.micro, 4);
  OK(clgan_trainer_create(device, m, data, &o, &t, &error));
  OK(clgan_trainer_resume(t, part, &error));
  for (int k = 0; k < 2; k++) OK(clgan_trainer_step(t, &error));
  OK(clgan_trainer_save(t, part, &error));
  clgan_trainer_destroy(t);
  char *const paths[3] = {whole, again, part};
  for (int k = 0; k < 3; k++) {
    OK(clgan_file_read(paths[k], &bytes[k], &sizes[k], &error));
    assert_int_equal(sizes[k], sizes[0]);
    assert_memory_equal(bytes[k], bytes[0], sizes[0]);
  }
  for (int k = 0; k < 3; k++) {
    clgan_mem_free(bytes[k]);
    clgan_mem_free(paths[k]);
  }
  clgan_model_destroy(m);
}

/* Estimates statistics and draws a sample: what a training takes beside its steps. */
static void use_it(struct clgan_trainer *t, const struct clgan_model *m) {
  OK(clgan_trainer_init(t, &error));
  OK(clgan_trainer_estimate(t, &error));
  float *z = clgan_mem_array((size_t)m->latent, sizeof *z),
        *x = clgan_mem_array((size_t)(m->height * m->width * m->channels), sizeof *x);
  float *c = clgan_mem_array((size_t)m->condition_size + 1, sizeof *c);
  OK(clgan_sampler_generate(clgan_trainer_sampler(t), 1, z, m->condition_size ? c : NULL, x, &error));
  clgan_mem_free(z), clgan_mem_free(x), clgan_mem_free(c);
}

/* What was planned is what is allocated, after the step's creation and at the end; arenas are near what is alive at once. */
static void planned_is_allocated(void **state) {
  (void)state;
  static const struct {
    const char *model;
    int base, batch, micro;
  } rows[] = {{"digits", 16, 64, 0}, {"bigan-mlp", 4, 64, 0}, {"faces64", 8, 16, 0},
              {"faces64", 8, 16, 4}, {"digits", 2, 8, 0},     {"digits", 2, 8, 4}};
  for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
    struct clgan_model *m = NULL;
    struct clgan_trainer *t = NULL;
    const struct clgan_trainer_options o = {.batch = rows[k].batch, .micro = rows[k].micro};
    uint64_t before = clgan_cl_allocated(device);
    OK(clgan_model_load(rows[k].model, rows[k].base, NULL, 0, &m, &error));
    OK(clgan_trainer_create(device, m, NULL, &o, &t, &error));
    struct clgan_memory n = clgan_trainer_memory(t);
    assert_true(clgan_cl_allocated(device) - before == n.total - n.later);
    print_message("  %s, %d of %d: arenas %.3f of the peak of %.1f MiB\n", rows[k].model, rows[k].micro, rows[k].batch,
                  (double)n.arenas / (double)n.peak, (double)n.peak / 1048576);
    assert_true(n.arenas >= n.peak && (double)n.arenas <= (rows[k].base == 2 ? 1.5 : 1.15) * (double)n.peak &&
                n.arenas < n.apart);
    if (rows[k].base == 2) use_it(t, m);
    assert_true(rows[k].base != 2 || clgan_cl_allocated(device) - before == n.total);
    clgan_trainer_destroy(t);
    assert_true(clgan_cl_allocated(device) == before); /* nothing is left behind */
    clgan_model_destroy(m);
  }
}

static void limits_refuse_or_split(void **state) {
  (void)state;
  struct clgan_model *m = NULL;
  struct clgan_trainer *t = NULL;
  struct clgan_memory whole, quarter;
  struct clgan_error e = {0};
  OK(clgan_model_load("digits", 2, NULL, 0, &m, &error));
  OK(clgan_fit_plan(device, m, 48, 1, &whole, &error));
  OK(clgan_fit_plan(device, m, 12, 4, &quarter, &error));
  assert_true(quarter.total < whole.total);
  struct clgan_trainer_options o = {.batch = 48, .memory = whole.total};
  OK(clgan_trainer_create(device, m, data, &o, &t, &error)); /* just enough */
  clgan_trainer_destroy(t);
  o.memory = whole.total - 1;
  assert_int_equal(clgan_trainer_create(device, m, data, &o, &t, &e), CLGAN_ERR_MEMORY);
  expect_error(&e, CLGAN_ERR_MEMORY, "--batch 48: too large, the largest that fits is ");
  const char *said = strstr(e.text, "fits is ");
  int largest = atoi(said + strlen("fits is "));
  struct clgan_memory fits, more;
  OK(clgan_fit_plan(device, m, largest, 1, &fits, &error));
  OK(clgan_fit_plan(device, m, largest + 1, 1, &more, &error));
  assert_true(fits.total <= o.memory && more.total > o.memory);

  o.split = true;
  o.memory = quarter.total;
  OK(clgan_trainer_create(device, m, data, &o, &t, &error));
  assert_true(clgan_trainer_micro(t) >= 12 && clgan_trainer_micro(t) < 48 && 48 % clgan_trainer_micro(t) == 0);
  assert_true(clgan_trainer_memory(t).total <= o.memory);
  clgan_trainer_destroy(t);
  o.memory = 1000;
  clgan_error_clear(&e);
  assert_int_equal(clgan_trainer_create(device, m, data, &o, &t, &e), CLGAN_ERR_MEMORY);
  expect_error(&e, CLGAN_ERR_MEMORY, "not even a batch of 1 fits");
  o = (struct clgan_trainer_options){.batch = 48, .micro = 9};
  clgan_error_clear(&e);
  assert_int_equal(clgan_trainer_create(device, m, data, &o, &t, &e), CLGAN_ERR_USAGE);
  expect_error(&e, CLGAN_ERR_USAGE, "--micro-batch 9: it must divide the batch, 48: 8 does");
  clgan_model_destroy(m);
}

/* A device that has less than it says. */
static void a_device_that_runs_out(void **state) {
  (void)state;
  struct clgan_model *m = NULL;
  struct clgan_trainer *t = NULL;
  struct clgan_cl *small = NULL;
  struct clgan_memory whole;
  struct clgan_error e = {0};
  OK(clgan_model_load("digits", 2, NULL, 0, &m, &error));
  OK(clgan_fit_plan(device, m, 48, 1, &whole, &error));
  size_t index;
  char reason[512];
  OK(clgan_device_select(device_list, NULL, &index, reason, &error));
  const struct clgan_cl_options less = {.memory = whole.total - whole.total / 8};
  OK(clgan_cl_open(device_list, index, &less, &small, &error));
  struct clgan_trainer_options o = {.batch = 48};
  assert_int_equal(clgan_trainer_create(small, m, data, &o, &t, &e), CLGAN_ERR_MEMORY);
  expect_error(&e, CLGAN_ERR_MEMORY, "--batch 48: too large, the largest that is worth trying is ");
  assert_null(strchr(e.text, '\n'));
  assert_true(clgan_cl_allocated(small) == 0);
  o.split = true;
  OK(clgan_trainer_create(small, m, data, &o, &t, &error));
  assert_true(clgan_trainer_micro(t) < 48);
  OK(clgan_trainer_init(t, &error));
  OK(clgan_trainer_step(t, &error));
  OK(clgan_trainer_finish(t, &error));
  clgan_trainer_destroy(t);
  clgan_cl_close(small);
  clgan_model_destroy(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_split_step_is_the_whole_one), cmocka_unit_test(split_runs_repeat_and_resume),
      cmocka_unit_test(planned_is_allocated),          cmocka_unit_test(limits_refuse_or_split),
      cmocka_unit_test(a_device_that_runs_out),
  };
  return cmocka_run_group_tests(tests, digits_open, digits_close);
}
