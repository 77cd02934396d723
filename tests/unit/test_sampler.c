/* test_sampler.c: codes, factors and features of any number of images, whatever the batch; and features are what the
 * encoder's last layers read. */
#define _XOPEN_SOURCE 700
#include "train/sampler.h"
#include <math.h>
#include "digits.h"
#include "train/trainer.h"

enum { N = 137, Z = 50, K = 10, F = 16, SIZE = 784 };

static struct clgan_model *model;
static struct clgan_trainer *trainer;
static struct clgan_store *store;
static struct clgan_sampler *sampler; /* of the trainer, batches of 50 */
static char *saved;

static int setup(void **state) {
  const struct clgan_trainer_options o = {.batch = 8, .seed = 3};
  if (digits_open(state)) return -1;
  OK(clgan_model_load("digits", 2, NULL, 0, &model, &error));
  OK(clgan_trainer_create(device, model, data, &o, &trainer, &error));
  OK(clgan_trainer_init(trainer, &error));
  saved = scratch_file("weights.safetensors", NULL, 0);
  OK(clgan_trainer_save(trainer, saved, &error)); /* estimates the running statistics */
  sampler = clgan_trainer_sampler(trainer);
  store = clgan_store_create(device);
  OK(clgan_weights_upload(saved, model, store, &error));
  return 0;
}

static int teardown(void **state) {
  clgan_store_destroy(store);
  clgan_trainer_destroy(trainer);
  clgan_model_destroy(model);
  clgan_mem_free(saved);
  return digits_close(state);
}

struct codes {
  float z[N * Z], factors[N * K], features[N * F];
};

static struct codes *encode(struct clgan_sampler *s, size_t n) {
  struct codes *c = clgan_mem_alloc(sizeof *c);
  OK(clgan_sampler_codes(s, n, data->images, c->z, c->factors, c->features, &error));
  return c;
}

static void close_to(const float *a, const float *b, size_t n, double allowed, const char *what) {
  for (size_t k = 0; k < n; k++)
    if (!(fabs((double)a[k] - (double)b[k]) <= allowed))
      fail_msg("%s: element %zu is %g, not %g", what, k, (double)a[k], (double)b[k]);
}

/* Whole batches, a part of one, both; more than two batches, so that memory in flight is used again. */
static void batches_do_not_matter(void **state) {
  static const size_t counts[] = {1, 49, 50, 51, 100, N};
  struct codes *all = encode(sampler, N);
  struct clgan_sampler *small = clgan_sampler_create(device, store, model, 7);
  (void)state;
  for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
    struct codes *some = encode(sampler, counts[k]);
    assert_memory_equal(some->z, all->z, counts[k] * Z * sizeof(float));
    assert_memory_equal(some->factors, all->factors, counts[k] * K * sizeof(float));
    assert_memory_equal(some->features, all->features, counts[k] * F * sizeof(float));
    for (size_t i = counts[k] * Z; i < N * Z; i++) assert_true(some->z[i] == 0); /* nothing beyond what was asked for */
    clgan_mem_free(some);
  }
  struct codes *sevens = encode(small, N);
  close_to(sevens->z, all->z, N * Z, 1e-5, "z in batches of 7");
  close_to(sevens->features, all->features, N * F, 1e-4, "features in batches of 7");
  clgan_sampler_destroy(small);
  clgan_mem_free(sevens);
  clgan_mem_free(all);
}

static void one_at_a_time_is_the_same(void **state) {
  struct codes *all = encode(sampler, N), *one = clgan_mem_alloc(sizeof *one);
  (void)state;
  OK(clgan_sampler_encode(sampler, N, data->images, one->z, NULL, &error));
  OK(clgan_sampler_features(sampler, N, data->images, one->features, &error));
  assert_memory_equal(one->z, all->z, sizeof one->z);
  assert_memory_equal(one->features, all->features, sizeof one->features);
  clgan_mem_free(one);
  clgan_mem_free(all);
}

/* out[n,K] = features[n,F] weight[K,F]' + bias[K], from the checkpoint's own tensors. */
static void linear(const struct clgan_safetensors *s, const char *name, const float *features, size_t wide,
                   float *out) {
  char weight[64], bias[64];
  snprintf(weight, sizeof weight, "E_ema.%s.weight", name);
  snprintf(bias, sizeof bias, "E_ema.%s.bias", name);
  const struct clgan_tensor *tw = clgan_safetensors_find(s, weight), *tb = clgan_safetensors_find(s, bias);
  assert_true(tw && tb && tw->count == wide * F && tb->count == wide);
  float *w = clgan_mem_array(tw->count, sizeof *w), *b = clgan_mem_array(tb->count, sizeof *b);
  clgan_tensor_to_float(tw, w);
  clgan_tensor_to_float(tb, b);
  for (size_t i = 0; i < N; i++)
    for (size_t o = 0; o < wide; o++) {
      double sum = (double)b[o];
      for (size_t k = 0; k < F; k++) sum += (double)w[o * F + k] * (double)features[i * F + k];
      out[i * wide + o] = (float)sum;
    }
  clgan_mem_free(w);
  clgan_mem_free(b);
}

static void features_are_what_the_last_layers_read(void **state) {
  struct codes *c = encode(sampler, N), *host = clgan_mem_alloc(sizeof *host);
  struct clgan_safetensors *s = NULL;
  (void)state;
  assert_int_equal(clgan_sampler_feature_count(model), F);
  OK(clgan_safetensors_open(saved, &s, &error));
  linear(s, "c", c->features, K, host->factors);
  linear(s, "z", c->features, Z, host->z);
  for (size_t k = 0; k < N * Z; k++) host->z[k] = tanhf(host->z[k]);
  close_to(c->factors, host->factors, N * K, 1e-4, "factors");
  close_to(c->z, host->z, N * Z, 1e-4, "z");
  clgan_safetensors_close(s);
  clgan_mem_free(host);
  clgan_mem_free(c);
}

/* An encoder of a single layer has no hidden one. */
static void no_hidden_layer_is_said(void **state) {
  static const char text[] =
      "clgan-model 1\nname flat\nstep bigan\nimage 28 28 1\nlatent uniform 4\ncondition none\n"
      "net G (z)\nfc linear 784 sigmoid\nshape 28 28 1\nnet E (x)\nz linear 4 tanh out=z\n"
      "net D (x, z)\nfx linear 4 out=a\nfz linear 4 in=z out=b\nadd in=a,b relu\no linear 1 out=s\nscore s\n";
  struct clgan_model *m = NULL;
  struct clgan_error e = {0};
  float features[4];
  (void)state;
  OK(clgan_model_parse(text, "flat", 0, NULL, 0, &m, &error));
  assert_int_equal(clgan_sampler_feature_count(m), 0);
  struct clgan_sampler *s = clgan_sampler_create(device, store, m, 8);
  assert_int_equal(clgan_sampler_features(s, 1, data->images, features, &e), CLGAN_ERR_USAGE);
  expect_error(&e, CLGAN_ERR_USAGE, "model flat: E has no hidden layer");
  clgan_sampler_destroy(s);
  clgan_model_destroy(m);
}

static void shapes_of_the_models(void **state) {
  static const struct {
    const char *name;
    int base, features;
  } rows[] = {{"digits", 32, 256}, {"faces64", 8, 4 * 4 * 64}, {"bigan-mlp", 32, 1024}};
  (void)state;
  for (size_t k = 0; k < 3; k++) {
    struct clgan_model *m = NULL;
    OK(clgan_model_load(rows[k].name, rows[k].base, NULL, 0, &m, &error));
    assert_int_equal(clgan_sampler_feature_count(m), rows[k].features);
    clgan_model_destroy(m);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(batches_do_not_matter),
      cmocka_unit_test(one_at_a_time_is_the_same),
      cmocka_unit_test(features_are_what_the_last_layers_read),
      cmocka_unit_test(no_hidden_layer_is_said),
      cmocka_unit_test(shapes_of_the_models),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
