/* test_explore.c: what a code holds, where it is known: variance components of made-up functions, and a linear model
 * whose shares, influences and round trips follow from its weights; codes with and without a relation to their labels.
 */
#include "train/explore.h"
#include "train/explore_codes.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/philox.h"
#include "base/mem.h"
#include "device.h"

static void near(double got, double want, double allowed, const char *what) {
  if (!(fabs(got - want) <= allowed)) fail_msg("%s: %g, not %g +- %g", what, got, want, allowed);
}

/* Y_p = 2 z + 3 c + 1.5 z c + 7 for one pixel, -z for another: Vz = 4 + 1, Vc = 9 Var(c), Vb = 2.25 Var(c), with z ~
 * N(0,1) and conditions of mean 0. */
static struct clgan_shares made_up(bool every, size_t codes, size_t conditions, double variance_c, uint64_t seed) {
  struct clgan_crossing *x = clgan_crossing_create(conditions, 2);
  float *y = clgan_mem_array(conditions * 2, sizeof *y), *c = clgan_mem_array(conditions, sizeof *c);
  struct clgan_random r;
  clgan_random_init(&r, seed, 0, CLGAN_STREAM_SAMPLE);
  for (size_t k = 0; k < conditions; k++) /* all there are: -1, 1 in turn; a sample: normals */
    c[k] = (float)sqrt(variance_c) * (every ? (k % 2 ? 1.0f : -1.0f) : clgan_random_normal(&r));
  for (size_t m = 0; m < codes; m++) {
    float z = clgan_random_normal(&r);
    for (size_t k = 0; k < conditions; k++) {
      y[2 * k] = 2 * z + 3 * c[k] + 1.5f * z * c[k] + 7;
      y[2 * k + 1] = -z;
    }
    clgan_crossing_add(x, y);
  }
  struct clgan_shares s;
  clgan_crossing_shares(x, every, &s);
  clgan_crossing_destroy(x);
  clgan_mem_free(y);
  clgan_mem_free(c);
  return s;
}

static void components(void **state) {
  (void)state;
  struct clgan_shares s = made_up(true, 20000, 4, 0.5, 1);
  double v = 5 + 4.5 + 1.125;
  near(s.variance, v / 2, 0.1, "V");
  near(s.first_z, 5 / v, 0.01, "first_z");
  near(s.first_c, 4.5 / v, 0.01, "first_c");
  near(s.both, 1.125 / v, 0.005, "both");
  near(s.total_z, s.first_z + s.both, 1e-12, "total_z");
  near(s.total_c, s.first_c + s.both, 1e-12, "total_c");
  near(s.first_z + s.total_c, 1, 1e-12, "sum");
  assert_int_equal(s.codes, 20000);
  assert_int_equal(s.conditions, 4);
}

/* Unbiased with few codes and few conditions of many, which a plain ratio of sums is not: the mean over many designs.
 */
static void small_designs_are_unbiased(void **state) {
  (void)state;
  double z[2] = {0}, c[2] = {0}, b[2] = {0};
  enum { TIMES = 4000 };
  for (uint64_t k = 0; k < TIMES; k++)
    for (int every = 0; every < 2; every++) {
      struct clgan_shares s = made_up(every, 12, 6, 0.5, 100 + k);
      z[every] += 2 * s.first_z * s.variance / TIMES;
      c[every] += 2 * s.first_c * s.variance / TIMES;
      b[every] += 2 * s.both * s.variance / TIMES;
    }
  for (int every = 0; every < 2; every++) {
    near(z[every], 5, 0.15, "Vz");
    near(c[every], 4.5, 0.15, "Vc");
    near(b[every], 1.125, 0.06, "Vb");
  }
}

static void nothing_to_share(void **state) {
  (void)state;
  const float same[4] = {3, 3, 3, 3}, other[2] = {5, 9};
  struct clgan_shares s;
  struct clgan_crossing *x = clgan_crossing_create(2, 2);
  for (int k = 0; k < 5; k++) clgan_crossing_add(x, same);
  clgan_crossing_shares(x, true, &s);
  assert_true(s.variance == 0 && s.first_z == 0 && s.first_c == 0 && s.total_z == 0);
  clgan_crossing_destroy(x);
  x = clgan_crossing_create(1, 2); /* without a condition */
  clgan_crossing_add(x, same);
  clgan_crossing_add(x, other);
  clgan_crossing_shares(x, true, &s);
  near(s.variance, (2 + 18) / 2.0, 1e-12, "V");
  assert_true(s.first_z == 1 && s.total_z == 1 && s.first_c == 0 && s.both == 0);
  clgan_crossing_destroy(x);
}

/* -- a linear model: x_p = w_p z_p, but the last pixel, which is +-0.5 for the two classes; E inverts that -- */
enum { Z = 4 };
static const float w[Z] = {0.9f, 0.5f, 0.1f, 0};
static const char text[] =
    "clgan-model 1\nname line\nstep bcgan\nimage 2 2 1\nlatent uniform 4\ncondition class 2\n"
    "net G (z, c)\n  fc linear 4 nobias in=z,c\n  shape 2 2 1\n"
    "net E (x)\n  z linear 4 nobias in=x out=z\n  c linear 2 nobias in=x out=factors\n"
    "net D (x, z, c)\n  d linear 1 in=x,z,c out=s\n  score s\n";

static struct clgan_model *model;
static struct clgan_store *store;
static struct clgan_explorer explorer;
static const float classes[4] = {1, 0, 0, 1};

/* A weight, given in the file's layout [out][in]. */
static void put(int net, const char *name, const float *file) {
  const struct clgan_net *n = &model->nets[net];
  const struct clgan_param *p = &n->params[clgan_net_param(n, name)];
  float *packed = clgan_mem_array(p->count, sizeof *packed);
  char root[64];
  struct clgan_buffer *all;
  snprintf(root, sizeof root, "%s_ema.params", n->name);
  clgan_param_to_device(p, file, packed);
  OK(clgan_store_get(store, root, n->group_count, &all, &error));
  OK(clgan_store_write(store, root, p->offset, packed, p->count, &error));
  clgan_mem_free(packed);
}

static void weights(void) {
  float g[4 * 6] = {0}, z[4 * 4] = {0}, c[2 * 4] = {0};
  for (int p = 0; p < 3; p++) {
    g[p * 6 + p] = w[p];
    z[p * 4 + p] = 1 / w[p];
  }
  g[3 * 6 + 4] = 0.5f, g[3 * 6 + 5] = -0.5f;
  c[3] = 1, c[4 + 3] = -1;
  put(CLGAN_NET_G, "fc.weight", g);
  put(CLGAN_NET_E, "z.weight", z);
  put(CLGAN_NET_E, "c.weight", c);
}

static int setup(void **state) {
  clgan_log_set_level(CLGAN_LOG_QUIET);
  if (device_open(state)) return -1;
  OK(clgan_model_parse(text, "line", 0, NULL, 0, &model, &error));
  store = clgan_store_create(device);
  weights();
  explorer = (struct clgan_explorer){.sampler = clgan_sampler_create(device, store, model, 64),
                                     .m = model,
                                     .seed = 5,
                                     .conditions = classes,
                                     .n_conditions = 2,
                                     .every = true};
  return 0;
}

static int teardown(void **state) {
  (void)state;
  clgan_sampler_destroy(explorer.sampler);
  clgan_store_destroy(store);
  clgan_model_destroy(model);
  (void)device_close(state);
  return 0;
}

static void shares_and_influence_of_a_linear_model(void **state) {
  (void)state;
  struct clgan_shares s;
  double vz = 0, vc = 0.25, total[Z];
  for (int j = 0; j < Z; j++) vz += (double)w[j] * (double)w[j] / 3;
  OK(clgan_explore_shares(&explorer, 3000, &s, &error));
  near(s.first_z, vz / (vz + vc), 0.02, "first_z");
  near(s.first_c, vc / (vz + vc), 0.02, "first_c");
  near(s.both, 0, 1e-6, "both");
  near(s.variance, (vz + vc) / 4, 0.005, "V");
  OK(clgan_explore_influence(&explorer, 3000, (vz + vc) / 4, total, &error));
  for (int j = 0; j < Z; j++) near(total[j], (double)w[j] * (double)w[j] / 3 / (vz + vc), 0.03, "influence");
  assert_true(total[3] == 0);
}

static void what_comes_back(void **state) {
  (void)state;
  struct clgan_round_trip r;
  OK(clgan_explore_round_trip(&explorer, 700, &r, &error)); /* not a whole number of chunks */
  for (int j = 0; j < 3; j++) {
    double step = 1 / 127.5 / (double)w[j]; /* of 8 bits, in z: errors are even in +- half of it */
    near(r.error[j], step / 4, step / 20, "error");
    near(r.returned[j], 1 - step * step / 12 / (1 / 3.0), step * step / 20, "returned");
    near(r.correlation[j], 1, step * step, "correlation");
    near(r.deviation[j], sqrt(1 / 3.0), 0.02, "deviation");
  }
  near(r.error[3], 0.5, 0.03, "error of what is not drawn");
  near(r.returned[3], 0, 0.02, "returned of what is not drawn");
  assert_true(r.correlation[3] == 0);
  assert_true(r.class_kept == 1 && isnan(r.age_error) && isnan(r.gender_kept));
  clgan_round_trip_free(&r);
  clgan_round_trip_free(&r);
}

static void sheet_of_values(void **state) {
  (void)state;
  static const size_t dims[2] = {2, 0};
  static const float values[3] = {-1, 0, 1};
  struct clgan_sheet *s = NULL;
  OK(clgan_explore_traverse(&explorer, classes + 2, dims, 2, values, 3, &s, &error));
  for (uint32_t row = 0; row < 2; row++)
    for (uint32_t col = 0; col < 3; col++)
      for (uint32_t p = 0; p < 4; p++) {
        unsigned char got = s->pixels[(row * 2 + p / 2) * 6 + col * 2 + p % 2];
        unsigned char first = s->pixels[(p / 2) * 6 + p % 2]; /* p not traversed: as everywhere */
        if (p == dims[row])
          assert_int_equal(got, clgan_pixel_from_float(w[p] * values[col], CLGAN_PIXELS_TANH));
        else if (p == 1 || p == 3)
          assert_int_equal(got, first);
      }
  assert_int_equal(s->pixels[1 * 6 + 1], clgan_pixel_from_float(-0.5f, CLGAN_PIXELS_TANH));
  clgan_sheet_destroy(s);
}

/* -- codes -- */
enum { CODES = 2000, DIMS = 6 };

static float *draw(bool normal, uint64_t seed) {
  float *z = clgan_mem_array(CODES * DIMS, sizeof *z);
  struct clgan_random r;
  clgan_random_init(&r, seed, 0, CLGAN_STREAM_SAMPLE);
  for (size_t i = 0; i < CODES * DIMS; i++) z[i] = normal ? clgan_random_normal(&r) : 2 * clgan_random_uniform(&r) - 1;
  return z;
}

static void codes_of_the_prior(void **state) {
  (void)state;
  for (int normal = 0; normal < 2; normal++) {
    enum clgan_latent_kind kind = normal ? CLGAN_LATENT_NORMAL : CLGAN_LATENT_UNIFORM;
    struct clgan_moments prior = clgan_prior_moments(kind);
    struct clgan_spread s;
    float *z = draw(normal, 9);
    OK(clgan_spread_of(z, CODES, DIMS, kind, &s, &error));
    near(s.pooled.mean, prior.mean, 0.03, "mean");
    near(s.pooled.deviation, prior.deviation, 0.03, "deviation");
    near(s.pooled.skewness, prior.skewness, 0.07, "skewness");
    near(s.pooled.kurtosis, prior.kurtosis, 0.15, "kurtosis");
    near(s.beyond_all, clgan_prior_beyond(kind), 0.003, "beyond");
    near(s.ks_median, s.ks_chance, s.ks_chance * 0.5, "median distance");
    assert_true(s.ks_worst < 2 / sqrt(CODES) && s.ks_worst == s.ks[s.worst]);
    near(s.correlation_mean, s.correlation_chance, s.correlation_chance * 0.6, "correlation");
    clgan_spread_free(&s);
    clgan_mem_free(z);
  }
}

/* One dimension never moves, one saturates, one is another's mirror image. */
static void codes_unlike_the_prior(void **state) {
  (void)state;
  struct clgan_spread s;
  float *z = draw(false, 10);
  for (size_t i = 0; i < CODES; i++) {
    z[i * DIMS + 1] = -z[i * DIMS + 4];
    z[i * DIMS + 2] = z[i * DIMS + 2] < 0 ? -1 : 1;
    z[i * DIMS + 3] = 0.5f;
  }
  OK(clgan_spread_of(z, CODES, DIMS, CLGAN_LATENT_UNIFORM, &s, &error));
  near(s.ks[3], 0.75, 1e-6, "distance of a constant");
  assert_int_equal(s.worst, 3);
  near(s.ks[2], 0.5, 0.04, "distance of two ends");
  assert_true(s.beyond[2] == 1 && s.moments[3].deviation == 0 && s.moments[3].skewness == 0);
  near(s.correlation_largest, 1, 1e-9, "mirror images");
  assert_true(s.pair[0] == 1 && s.pair[1] == 4);
  clgan_spread_free(&s);
  z[7] = NAN;
  struct clgan_error e = {0};
  assert_int_equal(clgan_spread_of(z, CODES, DIMS, CLGAN_LATENT_UNIFORM, &s, &e), CLGAN_ERR_NUMERIC);
  clgan_spread_free(&s);
  clgan_mem_free(z);
}

static void labels_that_codes_do_not_know(void **state) {
  (void)state;
  unsigned char label[CODES];
  struct clgan_told t;
  float *z = draw(false, 11);
  for (size_t i = 0; i < CODES; i++) label[i] = (unsigned char)(i % 3);
  OK(clgan_told_class(device, z, CODES, DIMS, label, 3, 1, &t, &error));
  assert_true(t.classes == 3 && t.fitted == CODES / 2 && t.tested == CODES / 2);
  near(t.accuracy, 1 / 3.0, 0.06, "accuracy");
  near(t.shuffled, 1 / 3.0, 0.06, "shuffled");
  near(t.neighbour, 1 / 3.0, 0.06, "neighbour");
  near(t.majority, 1 / 3.0, 0.06, "majority");
  near(t.purity, t.purity_chance, 0.04, "purity");
  near(t.nmi, t.nmi_chance, 0.01, "mutual information");
  assert_true(t.low < t.accuracy && t.accuracy < t.high && t.high - t.low < 0.08);
  clgan_mem_free(z);
}

static void labels_that_codes_know(void **state) {
  (void)state;
  unsigned char label[CODES];
  struct clgan_told t;
  float *z = draw(true, 12);
  for (size_t i = 0; i < CODES; i++) { /* clusters far apart; classes 0, 2, 5 of 7 */
    label[i] = (unsigned char)(i % 3 == 0 ? 0 : i % 3 == 1 ? 2 : 5);
    z[i * DIMS + i % 3] += 30;
  }
  OK(clgan_told_class(device, z, CODES, DIMS, label, 7, 1, &t, &error));
  assert_true(t.classes == 3 && t.accuracy == 1 && t.neighbour == 1 && t.purity == 1);
  near(t.nmi, 1, 1e-9, "mutual information");
  near(t.purity_chance, 1 / 3.0, 0.04, "purity by chance");
  near(t.shuffled, 1 / 3.0, 0.06, "shuffled");
  for (size_t i = 0; i < CODES; i++) { /* no line parts these, but neighbours do */
    z[i * DIMS + i % 3] -= 30;
    for (size_t j = 2; j < DIMS; j++) z[i * DIMS + j] = 0;
    label[i] = (z[i * DIMS] > 0) != (z[i * DIMS + 1] > 0);
  }
  OK(clgan_told_class(device, z, CODES, DIMS, label, 2, 1, &t, &error));
  assert_true(t.accuracy < 0.76 && t.neighbour > 0.9); /* a line gets three of four quadrants at best */
  memset(label, 1, sizeof label);
  struct clgan_error e = {0};
  assert_int_equal(clgan_told_class(device, z, CODES, DIMS, label, 2, 1, &t, &e), CLGAN_ERR_USAGE);
  clgan_mem_free(z);
}

static void numbers(void **state) {
  (void)state;
  float y[CODES];
  struct clgan_told_number t;
  float *z = draw(true, 13);
  for (size_t i = 0; i < CODES; i++) y[i] = 40 + 8 * z[i * DIMS] - 6 * z[i * DIMS + 1]; /* variance 100 */
  OK(clgan_told_number(z, CODES, DIMS - 1, y, 1, &t, &error)); /* rows of another width: no relation left */
  near(t.r2, 0, 0.05, "of unrelated codes");
  for (size_t i = 0; i < CODES; i++) y[i] += 10 * z[i * DIMS + 5];
  for (size_t i = 0; i < CODES; i++) z[i * DIMS + 5] = z[i * DIMS + 4];
  OK(clgan_told_number(z, CODES, DIMS, y, 1, &t, &error));
  near(t.r2, 0.5, 0.06, "of half of it");
  near(t.error, 10 * sqrt(2 / 3.14159265), 0.7, "error");
  near(t.error_mean, sqrt(200) * sqrt(2 / 3.14159265), 1, "error of the mean");
  near(t.r2_shuffled, 0, 0.05, "shuffled");
  struct clgan_error e = {0};
  assert_int_equal(clgan_told_number(z, CLGAN_TOLD_MIN - 1, DIMS, y, 1, &t, &e), CLGAN_ERR_USAGE);
  clgan_mem_free(z);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(components),
      cmocka_unit_test(small_designs_are_unbiased),
      cmocka_unit_test(nothing_to_share),
      cmocka_unit_test(shares_and_influence_of_a_linear_model),
      cmocka_unit_test(what_comes_back),
      cmocka_unit_test(sheet_of_values),
      cmocka_unit_test(codes_of_the_prior),
      cmocka_unit_test(codes_unlike_the_prior),
      cmocka_unit_test(labels_that_codes_do_not_know),
      cmocka_unit_test(labels_that_codes_know),
      cmocka_unit_test(numbers),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
