/* test_ages.c - told ages and genders against closed forms, their bootstrap intervals, random changes of images. */
#include "train/ages.h"
#include <math.h>
#include <string.h>
#include "base/mem.h"
#include "data/jitter.h"
#include "unit.h"

#define NEAR(a, b, by) assert_true(fabs((a) - (b)) <= (by))

/* -- bootstrap -- */
enum { SAMPLE = 400 };
static double sample[SAMPLE];

static int fill_sample(void **state) {
  (void)state;
  struct clgan_random r;
  clgan_random_init(&r, 5, 0, CLGAN_STREAM_SAMPLE);
  for (int i = 0; i < SAMPLE; i++) sample[i] = 3 + 2 * (double)clgan_random_normal(&r);
  return 0;
}

/* Of a mean the interval is the normal one, 1.96 deviations over sqrt(n) either way. */
static void bootstrap_of_a_mean(void **state) {
  (void)state;
  double sum = 0, squares = 0;
  for (int i = 0; i < SAMPLE; i++) sum += sample[i], squares += sample[i] * sample[i];
  double mean = sum / SAMPLE, half = 1.96 * sqrt((squares / SAMPLE - mean * mean) / SAMPLE);
  struct clgan_estimate e = clgan_bootstrap_mean(sample, SAMPLE, 7), again = clgan_bootstrap_mean(sample, SAMPLE, 7);
  NEAR(e.value, mean, 1e-12);
  NEAR(e.low, mean - half, 0.12 * half);
  NEAR(e.high, mean + half, 0.12 * half);
  assert_memory_equal(&e, &again, sizeof e);
  again = clgan_bootstrap_mean(sample, SAMPLE, 8);
  assert_true(again.value == e.value && again.low != e.low);
}

static double ratio(const double *t) {
  return t[1] > 0 ? t[0] / t[1] : (double)NAN;
}

/* Readings of one group count as one: fewer groups, a wider interval. */
static void bootstrap_keeps_groups_together(void **state) {
  (void)state;
  enum { PER = 16 };
  static double sums[SAMPLE / PER][2];
  memset(sums, 0, sizeof sums);
  for (int i = 0; i < SAMPLE; i++) sums[i / PER][0] += sample[i - i % PER], sums[i / PER][1]++;
  struct clgan_estimate grouped = clgan_bootstrap(&sums[0][0], SAMPLE / PER, 2, ratio, 1),
                        single = clgan_bootstrap_mean(sample, SAMPLE, 1);
  assert_true(grouped.high - grouped.low > 2.5 * (single.high - single.low));
  struct clgan_estimate none = clgan_bootstrap(&sums[0][0], 0, 2, ratio, 1);
  assert_true(isnan(none.value) && isnan(none.low) && isnan(none.high));
  sums[0][0] = 4, sums[0][1] = 2;
  none = clgan_bootstrap(&sums[0][0], 1, 2, ratio, 1);
  assert_true(none.value == 2 && none.low == 2 && none.high == 2);
}

/* -- labelled faces -- */
static void skill_of_a_line(void **state) {
  (void)state;
  enum { N = 300 };
  static float age[N], gender[N], told[N], logit[N];
  double error = 0, in_decade[CLGAN_DECADES] = {0}, n_decade[CLGAN_DECADES] = {0}, balanced = 0, present = 0;
  for (int i = 0; i < N; i++) {
    age[i] = (float)(i % 10 == 9 ? 95 + i % 7 : i % 60);
    told[i] = 10 + 0.5f * age[i];
    gender[i] = (float)(i % 2);
    logit[i] = i % 5 ? 2 * gender[i] - 1 : 1 - 2 * gender[i]; /* one in five is wrong */
    int k = age[i] >= 90 ? 9 : (int)age[i] / 10;
    error += fabs((double)told[i] - (double)age[i]) / N;
    in_decade[k] += fabs((double)told[i] - (double)age[i]), n_decade[k]++;
  }
  for (int k = 0; k < CLGAN_DECADES; k++)
    if (n_decade[k] > 0) balanced += in_decade[k] / n_decade[k], present++;
  struct clgan_age_skill s;
  clgan_age_skill(age, gender, told, logit, N, 3, &s);
  NEAR(s.error.value, error, 1e-9);
  NEAR(s.balanced.value, balanced / present, 1e-9);
  NEAR(s.slope.value, 0.5, 1e-9);
  NEAR(s.slope.low, 0.5, 1e-9);
  assert_true(s.error.low < error && s.error.high > error);
  assert_int_equal(s.n, N);
  assert_int_equal(s.right, N * 4 / 5);
  for (int k = 0; k < CLGAN_DECADES; k++) {
    assert_int_equal(s.decade_n[k], (int)n_decade[k]);
    NEAR(s.decade_error[k], n_decade[k] > 0 ? in_decade[k] / n_decade[k] : 0, 1e-9);
  }
  clgan_age_skill(age, gender, told, logit, 0, 3, &s);
  assert_true(isnan(s.error.value) && isnan(s.balanced.value) && isnan(s.slope.value) && s.n == 0);
}

/* -- sequences -- */

/* Told ages are 12 + 0.75 asked; every fourth sequence is of the other gender throughout, every second one changes its
   gender from 72 years on. */
static void control_of_known_sequences(void **state) {
  (void)state;
  enum { N = 40 };
  static float told[N][CLGAN_AGES], logit[N][CLGAN_AGES];
  static unsigned char gender[N];
  for (int i = 0; i < N; i++) {
    gender[i] = (unsigned char)(i / 2 % 2);
    bool female = (gender[i] != 0) != (i % 4 == 3);
    for (int k = 0; k < CLGAN_AGES; k++) {
      told[i][k] = (float)(12 + 0.75 * clgan_age_asked(k));
      logit[i][k] = (k >= 9 && i % 2 ? !female : female) ? 0.5f : -0.5f;
    }
  }
  struct clgan_age_rows rows = {N, 2, &told[0][0], &logit[0][0], gender};
  struct clgan_age_control c;
  double error = 0;
  clgan_age_control(&rows, 2, &c);
  for (int k = 0; k < CLGAN_AGES; k++) error += fabs(12 - 0.25 * clgan_age_asked(k)) / CLGAN_AGES;
  assert_true(clgan_age_asked(0) == 0 && clgan_age_asked(10) == 80);
  NEAR(c.error.value, error, 1e-6);
  NEAR(c.error.low, error, 1e-6); /* all groups are alike */
  NEAR(c.slope.value, 0.75, 1e-6);
  NEAR(c.gender.value, 0.75, 1e-12); /* of four, one is wrong at first, another from 72 on, when the first is right */
  NEAR(c.flip_old.value, 0.5, 1e-12);
  NEAR(c.flip_step.value, 0.5 / 7, 1e-12);
  for (int k = 0; k < CLGAN_AGES; k++) {
    assert_int_equal(c.by_age[k].n, N);
    assert_int_equal(c.by_age[k].flipped, k >= 9 ? N / 2 : 0);
    assert_int_equal(c.by_age[k].right, N * 3 / 4);
    NEAR(c.by_age[k].told, 12 + 0.75 * clgan_age_asked(k), 1e-5);
  }
  rows.gender = NULL;
  clgan_age_control(&rows, 2, &c);
  assert_true(isnan(c.gender.value));
  NEAR(c.flip_old.value, 0.5, 1e-12);
}

/* -- random changes of images -- */
static void nothing_changes_by_nothing(void **state) {
  (void)state;
  enum { H = 6, W = 9, C = 3 };
  const struct clgan_jitter none = {0};
  unsigned char image[H * W * C], before[sizeof image], room[sizeof image];
  struct clgan_random r, other;
  for (size_t i = 0; i < sizeof image; i++) before[i] = image[i] = (unsigned char)(i * 37);
  clgan_random_init(&r, 1, 2, CLGAN_STREAM_AUGMENT);
  other = r;
  clgan_image_jitter(image, H, W, C, &none, &r, room);
  assert_memory_equal(image, before, sizeof image);
  for (int k = 0; k < 8; k++) (void)clgan_random_u32(&other);
  assert_int_equal(clgan_random_u32(&r), clgan_random_u32(&other)); /* always eight draws */
  clgan_image_mirror(image, H, W, C);
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W * C; x++)
      assert_int_equal(image[y * W * C + x], before[y * W * C + (W - 1 - x / C) * C + x % C]);
}

/* Light and contrast of an even image: only light counts. Moves stay within reach: a bright column's centre. */
static void changes_stay_in_their_ranges(void **state) {
  (void)state;
  enum { S = 32 };
  const struct clgan_jitter light = {.light = 0.1f, .contrast = 0.5f}, shift = {.shift = 0.125f}, mirror = {.mirror = true};
  unsigned char image[S * S], room[S * S];
  struct clgan_random r;
  double low = 255, high = 0, nearest = S, farthest = 0;
  int mirrored = 0;
  clgan_random_init(&r, 3, 0, CLGAN_STREAM_AUGMENT);
  for (int k = 0; k < 200; k++) {
    memset(image, 100, sizeof image);
    clgan_image_jitter(image, S, S, 1, &light, &r, room);
    low = fmin(low, image[0]), high = fmax(high, image[0]);
    assert_int_equal(image[0], image[S * S - 1]);
    memset(image, 0, sizeof image);
    for (int y = 0; y < S; y++) image[y * S + 16] = 200;
    clgan_image_jitter(image, S, S, 1, &shift, &r, room);
    double sum = 0, at = 0;
    for (int x = 0; x < S; x++) sum += image[S * 8 + x], at += (double)image[S * 8 + x] * x;
    nearest = fmin(nearest, at / sum), farthest = fmax(farthest, at / sum);
    memset(image, 0, sizeof image);
    image[0] = 9;
    clgan_image_jitter(image, S, S, 1, &mirror, &r, room);
    mirrored += image[S - 1] == 9;
    assert_int_equal(image[0] + image[S - 1], 9);
  }
  assert_true(low >= 74 && low < 78 && high <= 126 && high > 122);
  assert_true(nearest >= 11.9 && nearest < 13 && farthest <= 20.1 && farthest > 19);
  assert_true(mirrored > 70 && mirrored < 130);
}

/* Turned by up to 90 degrees about its middle: what lies there stays, and every distance from it. */
static void turns_are_about_the_middle(void **state) {
  (void)state;
  enum { S = 33 };
  const struct clgan_jitter turn = {.turn = 90};
  unsigned char image[S * S], room[S * S];
  struct clgan_random r;
  double lowest = 1, highest = -1;
  clgan_random_init(&r, 4, 0, CLGAN_STREAM_AUGMENT);
  for (int k = 0; k < 100; k++) {
    memset(image, 0, sizeof image);
    for (int y = 15; y <= 17; y++)
      for (int x = 25; x <= 27; x++) image[y * S + x] = 240;
    clgan_image_jitter(image, S, S, 1, &turn, &r, room);
    double sum = 0, x = 0, y = 0;
    for (int i = 0; i < S * S; i++) sum += image[i], x += (double)image[i] * (i % S), y += (double)image[i] * (i / S);
    x = x / sum - 16, y = y / sum - 16;
    NEAR(sqrt(x * x + y * y), 10, 0.35);
    lowest = fmin(lowest, y / 10), highest = fmax(highest, y / 10);
  }
  assert_true(lowest < -0.9 && highest > 0.9);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bootstrap_of_a_mean),          cmocka_unit_test(bootstrap_keeps_groups_together),
      cmocka_unit_test(skill_of_a_line),              cmocka_unit_test(control_of_known_sequences),
      cmocka_unit_test(nothing_changes_by_nothing),   cmocka_unit_test(changes_stay_in_their_ranges),
      cmocka_unit_test(turns_are_about_the_middle),
  };
  return cmocka_run_group_tests(tests, fill_sample, NULL);
}
