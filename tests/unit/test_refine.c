/* test_refine.c: codes refined for their images: nearer, what is said of them is so, each image by itself, within range. */
#define _XOPEN_SOURCE 700
#include "train/refine.h"
#include <math.h>
#include "digits.h"
#include "train/trainer.h"

enum { N = 6, SIZE = 784, Z_MAX = 50, C = 10 };

/* Codes of normal numbers, no condition, pixels from 0 to 1. */
static const char flat[] =
    "clgan-model 1\nname flat\nstep bigan\nimage 28 28 1\npixels 0 1\nlatent normal 4\ncondition none\nset init_std "
    "0.5\nnet G (z)\nfc linear 784 sigmoid\nshape 28 28 1\nnet E (x)\nh linear 8 lrelu 0.2\nz linear 4 out=z\n"
    "net D (x, z)\nfx linear 4 out=a\nfz linear 4 in=z out=b\nadd in=a,b relu\no linear 1 out=s\nscore s\n";

struct rig {
  struct clgan_model *m;
  struct clgan_trainer *t;
  struct clgan_store *store;
  struct clgan_sampler *sampler;
  float c[N * C];
};
static struct rig digits, plain;

static void open_rig(struct rig *r, const char *file) {
  const struct clgan_trainer_options o = {.batch = N, .seed = 3};
  OK(clgan_trainer_create(device, r->m, data, &o, &r->t, &error));
  OK(clgan_trainer_init(r->t, &error));
  char *saved = scratch_file(file, NULL, 0);
  OK(clgan_trainer_save(r->t, saved, &error)); /* estimates the running statistics */
  r->store = clgan_store_create(device);
  OK(clgan_weights_upload(saved, r->m, r->store, &error));
  r->sampler = clgan_sampler_create(device, r->store, r->m, N);
  for (int i = 0; i < N && r->m->condition_size; i++) clgan_condition_class(r->m, i, r->c + i * C);
  clgan_mem_free(saved);
}

static void close_rig(struct rig *r) {
  clgan_sampler_destroy(r->sampler);
  clgan_store_destroy(r->store);
  clgan_trainer_destroy(r->t);
  clgan_model_destroy(r->m);
}

static int setup(void **state) {
  if (digits_open(state)) return -1;
  OK(clgan_model_load("digits", 2, NULL, 0, &digits.m, &error));
  OK(clgan_model_parse(flat, "flat", 0, NULL, 0, &plain.m, &error));
  open_rig(&digits, "digits.safetensors");
  open_rig(&plain, "flat.safetensors");
  return 0;
}

static int teardown(void **state) {
  close_rig(&digits);
  close_rig(&plain);
  return digits_close(state);
}

struct codes {
  float z[N * Z_MAX], before[N], after[N];
};

/* The first n of the images, refined from E's codes. */
static struct codes refine(struct rig *r, size_t n, int batch, double prior, struct clgan_refine_options o) {
  struct clgan_refiner *refiner = NULL;
  struct codes x = {{0}, {0}, {0}};
  OK(clgan_refiner_create(device, r->store, r->m, batch, prior, &refiner, &error));
  OK(clgan_sampler_encode(r->sampler, n, data->images, x.z, NULL, &error));
  OK(clgan_refiner_run(refiner, &o, n, data->images, r->c, x.z, x.before, x.after, &error));
  clgan_refiner_destroy(refiner);
  return x;
}

/* Mean absolute differences of what the sampler draws from z, pixels from 0 to 1. */
static void differences(struct rig *r, const float *z, float out[N]) {
  static float x[N * SIZE];
  OK(clgan_sampler_generate(r->sampler, N, z, r->c, x, &error));
  for (int i = 0; i < N; i++) {
    double sum = 0;
    for (int k = i * SIZE; k < (i + 1) * SIZE; k++) {
      double drawn = r->m->pixels_01 ? (double)x[k] : ((double)x[k] + 1) / 2;
      sum += fabs(drawn - (double)data->images[k] / 255);
    }
    out[i] = (float)(sum / SIZE);
  }
}

static double mean(const float *x) {
  double sum = 0;
  for (int k = 0; k < N; k++) sum += (double)x[k] / N;
  return sum;
}

static void near_to(const float *a, const float *b, size_t n, double allowed, const char *what) {
  for (size_t k = 0; k < n; k++)
    if (!(fabs((double)a[k] - (double)b[k]) <= allowed))
      fail_msg("%s: number %zu is %g, not %g", what, k, (double)a[k], (double)b[k]);
}

static void comes_nearer_and_says_so(void **state) {
  struct rig *const rigs[] = {&digits, &plain};
  (void)state;
  for (int k = 0; k < 2; k++) {
    float bare[N * Z_MAX], seen[N];
    struct codes x = refine(rigs[k], N, N, 0, (struct clgan_refine_options){40, 0.1});
    print_message("  %s: %.4f -> %.4f\n", rigs[k]->m->name, mean(x.before), mean(x.after));
    assert_true(mean(x.after) < 0.98 * mean(x.before));
    OK(clgan_sampler_encode(rigs[k]->sampler, N, data->images, bare, NULL, &error));
    differences(rigs[k], bare, seen);
    near_to(x.before, seen, N, 1e-4, "before");
    differences(rigs[k], x.z, seen);
    near_to(x.after, seen, N, 1e-5, "after");
    for (int i = 0; i < N; i++) assert_true(x.after[i] <= x.before[i]);
  }
}

/* The step at rate r moves each number of z by at most r: so the first of one step is the gradient's sign, which is compared
 * with differences in double of what the sampler draws. */
static void first_step_goes_downhill(void **state) {
  const float h = 0.02f;
  struct codes x = refine(&plain, N, N, 0, (struct clgan_refine_options){1, 0.01});
  float bare[N * Z_MAX], low[N], high[N];
  int checked = 0, Z = plain.m->latent;
  (void)state;
  OK(clgan_sampler_encode(plain.sampler, N, data->images, bare, NULL, &error));
  for (int k = 0; k < Z; k++) {
    float there[N * Z_MAX];
    for (int s = -1; s <= 1; s += 2) {
      memcpy(there, bare, sizeof there);
      for (int i = 0; i < N; i++) there[i * Z + k] += (float)s * h;
      differences(&plain, there, s < 0 ? low : high);
    }
    for (int i = 0; i < N; i++) {
      double slope = ((double)high[i] - (double)low[i]) / (2 * (double)h),
             moved = (double)(x.z[i * Z + k] - bare[i * Z + k]);
      if (fabs(slope) < 1e-3 || x.after[i] >= x.before[i]) continue;
      assert_true(slope * moved < 0);
      assert_true(fabs(fabs(moved) - 0.01) < 1e-4);
      checked++;
    }
  }
  assert_true(checked > N);
}

static void each_image_by_itself(void **state) {
  const struct clgan_refine_options o = {8, 0.05};
  struct codes whole = refine(&digits, N, N, 0, o), again = refine(&digits, N, N, 0, o),
               few = refine(&digits, 5, 2, 0, o);
  size_t z = (size_t)digits.m->latent;
  (void)state;
  assert_memory_equal(whole.z, again.z, sizeof whole.z);
  near_to(few.z, whole.z, 5 * z, 2e-3, "z in batches of 2");
  near_to(few.after, whole.after, 5, 1e-4, "after, in batches of 2");
  for (size_t k = 5 * z; k < N * z; k++) assert_true(few.z[k] == 0); /* nothing beyond what was asked for */
}

static void codes_stay_in_range(void **state) {
  struct codes far = refine(&digits, N, N, 0, (struct clgan_refine_options){20, 2});
  double wide = 0, held = 0;
  (void)state;
  for (int k = 0; k < N * digits.m->latent; k++) assert_true(fabs((double)far.z[k]) <= 1);
  struct codes loose = refine(&plain, N, N, 0, (struct clgan_refine_options){40, 0.2});
  struct codes tight = refine(&plain, N, N, 0.5, (struct clgan_refine_options){40, 0.2});
  for (int k = 0; k < N * plain.m->latent; k++) {
    wide += (double)loose.z[k] * (double)loose.z[k];
    held += (double)tight.z[k] * (double)tight.z[k];
  }
  print_message("  sum of z^2: %.3f without a prior, %.3f with one\n", wide, held);
  assert_true(held < 0.9 * wide);
}

static void wrong_use_is_said(void **state) {
  struct clgan_error e = {0};
  struct clgan_refiner *r = NULL;
  const struct clgan_refine_options none = {0, 0};
  float z[Z_MAX] = {0};
  (void)state;
  OK(clgan_refiner_create(device, plain.store, plain.m, 1, 0, &r, &error));
  assert_int_equal(clgan_refiner_run(r, &none, 1, data->images, NULL, z, NULL, NULL, &e), CLGAN_ERR_USAGE);
  expect_error(&e, CLGAN_ERR_USAGE, "at least 1");
  clgan_refiner_destroy(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(comes_nearer_and_says_so), cmocka_unit_test(first_step_goes_downhill),
      cmocka_unit_test(each_image_by_itself),     cmocka_unit_test(codes_stay_in_range),
      cmocka_unit_test(wrong_use_is_said),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
