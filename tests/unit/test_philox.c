/* test_philox.c: the known answers of Random123 (kat_vectors, philox4x32 10), conversions, streams. */
#include <math.h>
#include <string.h>

#include "base/philox.h"
#include "unit.h"

static void known_answers(void **state) {
  static const struct {
    uint32_t counter[4], key[2], out[4];
  } rows[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
       {0xffffffff, 0xffffffff},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    uint32_t out[4];
    clgan_philox(rows[i].counter, rows[i].key, out);
    for (int j = 0; j < 4; j++) assert_int_equal(out[j], rows[i].out[j]);
  }
}

static void block_places_its_arguments(void **state) {
  const uint32_t counter[4] = {5, 16, 0x9abcdef0, 0x12345678}, key[2] = {0x33334444, 0x11112222};
  uint32_t a[4], b[4];
  (void)state;
  clgan_philox(counter, key, a);
  clgan_philox_block(0x1111222233334444u, 0x123456789abcdef0u, 16, 5, b);
  assert_memory_equal(a, b, sizeof a);
}

static void uniform_and_normal_at_the_edges(void **state) {
  float n[2];
  (void)state;
  assert_true(clgan_philox_uniform(0) == 0.0f);
  assert_true(clgan_philox_uniform(0xffffffff) == 1.0f - 0x1p-24f);
  assert_true(clgan_philox_uniform(0x80000000) == 0.5f);
  clgan_philox_normal(0xffffffff, 0x12345678, n); /* log(1) = 0 */
  assert_true(n[0] == 0.0f && n[1] == 0.0f);
  clgan_philox_normal(0, 0, n); /* the longest: sqrt(2 * 24 * log 2) */
  assert_true(fabs((double)n[0] - sqrt(48 * log(2))) < 1e-6 && n[1] == 0.0f);
  clgan_philox_normal(0, 0x40000000, n); /* a quarter turn */
  assert_true(fabs((double)n[1] - sqrt(48 * log(2))) < 1e-6 && fabs((double)n[0]) < 1e-6);
}

static void sequence_is_the_blocks(void **state) {
  struct clgan_random r, s;
  uint32_t block[4];
  (void)state;
  clgan_random_init(&r, 7, 3, CLGAN_STREAM_ORDER);
  for (uint32_t i = 0; i < 5; i++) {
    clgan_philox_block(7, 3, CLGAN_STREAM_ORDER, i, block);
    for (int j = 0; j < 4; j++) assert_int_equal(clgan_random_u32(&r), block[j]);
  }
  clgan_random_init(&r, 7, 3, CLGAN_STREAM_ORDER);
  clgan_random_init(&s, 7, 3, CLGAN_STREAM_ORDER);
  for (int i = 0; i < 9; i++) {
    float pair[2];
    uint32_t a = clgan_random_u32(&r), b = clgan_random_u32(&r);
    clgan_philox_normal(a, b, pair);
    assert_true(clgan_random_normal(&s) == pair[0]);
  }
}

/* Trainings take their images in this order: it must never change. */
static void shuffle_is_known_and_even(void **state) {
  static const uint32_t known[8] = {10, 50, 40, 70, 20, 0, 30, 60};
  struct clgan_random r;
  uint32_t items[8], seen[4][4] = {{0}};
  (void)state;
  for (uint32_t i = 0; i < 8; i++) items[i] = 10 * i;
  clgan_random_init(&r, 7, 3, CLGAN_STREAM_ORDER);
  clgan_random_shuffle(&r, items, 8);
  for (int i = 0; i < 8; i++) assert_int_equal(items[i], known[i]);
  clgan_random_shuffle(&r, items, 1);
  clgan_random_shuffle(&r, NULL, 0);
  for (int n = 0; n < 4000; n++) {
    uint32_t four[4] = {0, 1, 2, 3};
    clgan_random_shuffle(&r, four, 4);
    for (int i = 0; i < 4; i++) seen[i][four[i]]++;
  }
  for (int i = 0; i < 4; i++) /* 1000 each, 5 standard deviations: 137 */
    for (int k = 0; k < 4; k++) assert_true(seen[i][k] > 863 && seen[i][k] < 1137);
}

static void moments(void **state) {
  struct clgan_random r;
  double u1 = 0, u2 = 0, n1 = 0, n2 = 0, n4 = 0;
  unsigned hits[10] = {0};
  const int count = 100000;
  (void)state;
  clgan_random_init(&r, 42, 0, CLGAN_STREAM_SAMPLE);
  for (int i = 0; i < count; i++) {
    double u = (double)clgan_random_uniform(&r), n = (double)clgan_random_normal(&r);
    uint32_t d = clgan_random_below(&r, 10);
    assert_true(u >= 0 && u < 1);
    assert_true(d < 10);
    hits[d]++;
    u1 += u;
    u2 += u * u;
    n1 += n;
    n2 += n * n;
    n4 += n * n * n * n;
  }
  /* Bounds of about 5 standard deviations. */
  assert_true(fabs(u1 / count - 0.5) < 0.005);
  assert_true(fabs(u2 / count - 1.0 / 3) < 0.005);
  assert_true(fabs(n1 / count) < 0.016);
  assert_true(fabs(n2 / count - 1) < 0.023);
  assert_true(fabs(n4 / count - 3) < 0.16);
  for (int i = 0; i < 10; i++) assert_true(hits[i] > 9500 && hits[i] < 10500);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(known_answers),          cmocka_unit_test(block_places_its_arguments),
      cmocka_unit_test(uniform_and_normal_at_the_edges), cmocka_unit_test(sequence_is_the_blocks),
      cmocka_unit_test(moments),                cmocka_unit_test(shuffle_is_known_and_even),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
