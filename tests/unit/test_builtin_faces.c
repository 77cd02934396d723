/* test_builtin_faces.c: the builtin faces are the same everywhere, balanced, varied, and show their age and gender. */
#include "data/builtin_faces.h"
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"
#include "base/mem.h"
#include "data/dataset.h"
#include "train/cluster.h"
#include "unit.h"

enum { SIDE = 16, PIXELS = SIDE * SIDE, FITTED = 1500, TESTED = 500 };

static int open_set(void **state) {
  static const struct clgan_dataset_want want = {
      .height = SIDE, .width = SIDE, .channels = 1, .labels = CLGAN_LABELS_FACE};
  return clgan_dataset_open("builtin", &want, (struct clgan_dataset **)state, NULL) == CLGAN_OK ? 0 : -1;
}

static int close_set(void **state) {
  clgan_dataset_close(*state);
  return 0;
}

/* A change of any pixel on any machine, or of the drawing, shows here: checkpoints name this set by its content. */
static void same_everywhere(void **state) {
  enum { H = 64, W = 64, WIDE = 50, LOW = 33 };
  static unsigned char colours[H * W * 3], grey[LOW * WIDE];
  struct clgan_sha256 sha;
  char hex[65];
  (void)state;
  clgan_sha256_init(&sha);
  for (uint32_t i = 0; i < CLGAN_FACES_KINDS; i++) {
    int label[2];
    clgan_builtin_face_label(i, &label[0], &label[1]);
    clgan_builtin_face(i, label[0], label[1], H, W, 3, colours);
    clgan_sha256_update(&sha, colours, sizeof colours);
    clgan_builtin_face(i, label[0], label[1], LOW, WIDE, 1, grey);
    clgan_sha256_update(&sha, grey, sizeof grey);
  }
  clgan_sha256_final_hex(&sha, hex);
  assert_string_equal(hex, "4c7f66d18864ea475cb8b15b5494fb9ea7d7c0b45a336cf00e3aa44f4d2a8343");
}

static void shape_labels_split(void **state) {
  const struct clgan_dataset *d = *state;
  unsigned char pixels[PIXELS];
  int count[CLGAN_FACES_KINDS] = {0};
  assert_int_equal(d->count, 12000);
  assert_true(d->height == SIDE && d->width == SIDE && d->channels == 1);
  assert_int_equal(d->labels, CLGAN_LABELS_FACE);
  assert_null(d->digit);
  for (uint32_t i = 0; i < d->count; i++) {
    int label[2];
    clgan_builtin_face_label(i, &label[0], &label[1]);
    assert_int_equal(d->split[i], i >= 10000);
    assert_true(d->age[i] == (float)label[0]);
    assert_int_equal(d->gender[i], label[1]);
    assert_in_range(label[0], 0, 80);
    count[2 * label[0] + label[1]]++;
    if (i % 997) continue;
    clgan_builtin_face(i, label[0], label[1], SIDE, SIDE, 1, pixels);
    assert_memory_equal(pixels, d->images + (size_t)i * PIXELS, PIXELS);
  }
  for (int k = 0; k < CLGAN_FACES_KINDS; k++) assert_in_range(count[k], 74, 75); /* every age and gender alike */
}

/* Blocks of 162 hold every age of either gender once. */
static void balanced_anywhere(void **state) {
  (void)state;
  for (uint32_t first = 0; first < 4000000000u; first += 799999999u) {
    int seen[CLGAN_FACES_KINDS] = {0};
    const uint32_t start = first / CLGAN_FACES_KINDS * CLGAN_FACES_KINDS;
    for (uint32_t i = 0; i < CLGAN_FACES_KINDS; i++) {
      int label[2];
      clgan_builtin_face_label(start + i, &label[0], &label[1]);
      assert_int_equal(seen[2 * label[0] + label[1]]++, 0);
    }
  }
}

/* What the pixels tell by a linear rule, fitted on some faces, asked of others. */
static void age_and_gender_show(void **state) {
  const struct clgan_dataset *d = *state;
  enum { N = FITTED + TESTED };
  float *x = clgan_mem_array((size_t)N * PIXELS, sizeof *x), *age = clgan_mem_array(N, sizeof *age);
  unsigned char *gender = clgan_mem_array(N, 1);
  struct clgan_error e = {0};
  struct clgan_probe_number years;
  struct clgan_probe_classes genders;
  for (size_t i = 0; i < N; i++) {
    for (size_t k = 0; k < PIXELS; k++) x[i * PIXELS + k] = (float)d->images[i * PIXELS + k];
    age[i] = d->age[i], gender[i] = d->gender[i];
  }
  assert_int_equal(
      clgan_probe_regress(x, age, FITTED, x + (size_t)FITTED * PIXELS, age + FITTED, TESTED, PIXELS, 0.1, &years, &e),
      CLGAN_OK);
  assert_int_equal(clgan_probe_classify(x, gender, FITTED, x + (size_t)FITTED * PIXELS, gender + FITTED, TESTED, PIXELS,
                                        2, 1e-2, &genders, &e),
                   CLGAN_OK);
  print_message("age: %.1f years off (%.1f by chance), R2 %.2f; gender: %.1f %% right\n", years.mae, years.mae_0,
                years.r2, 100 * genders.accuracy);
  assert_true(years.mae_0 > 19 && years.mae < 11);
  assert_true(genders.majority < 0.52 && genders.accuracy > 0.9);
  clgan_mem_free(x);
  clgan_mem_free(age);
  clgan_mem_free(gender);
}

static uint32_t difference(const unsigned char *a, const unsigned char *b, size_t n) {
  uint32_t sum = 0;
  for (size_t k = 0; k < n; k++) sum += (uint32_t)abs(a[k] - b[k]);
  return sum;
}

/* One person at another age and as the other gender: the picture changes, its surroundings do not; two persons differ
 * more than one person at neighbouring ages. */
static void one_person(void **state) {
  enum { S = 64, SIZE = S * S * 3 };
  static unsigned char young[SIZE], old[SIZE], later[SIZE], other[SIZE], stranger[SIZE];
  (void)state;
  for (uint32_t i = 0; i < 16; i++) {
    clgan_builtin_face(i, 30, 0, S, S, 3, young);
    clgan_builtin_face(i, 70, 0, S, S, 3, old);
    clgan_builtin_face(i, 32, 0, S, S, 3, later);
    clgan_builtin_face(i, 30, 1, S, S, 3, other);
    clgan_builtin_face(i + 1, 30, 0, S, S, 3, stranger);
    assert_memory_equal(young, old, 3); /* the corner */
    assert_memory_equal(young, other, 3);
    assert_true(difference(young, old, SIZE) > SIZE);
    assert_true(difference(young, other, SIZE) > SIZE);
    assert_true(difference(young, later, SIZE) > 0);
    assert_true(difference(young, later, SIZE) < difference(young, stranger, SIZE) / 2);
    assert_true(difference(young, later, SIZE) < difference(young, old, SIZE));
  }
}

/* Any size: the same face, larger; big sets hold fewer. */
static void other_shapes(void **state) {
  enum { BIG = 128, SMALL = 32 };
  static unsigned char big[BIG * BIG * 3], small[SMALL * SMALL * 3];
  struct clgan_dataset_want want = {.height = 15, .width = 64, .channels = 3, .labels = CLGAN_LABELS_FACE};
  struct clgan_dataset *d = NULL;
  struct clgan_error e = {0};
  (void)state;
  for (uint32_t i = 0; i < 20; i++) {
    uint32_t off = 0;
    clgan_builtin_face(i, 40, (int)i % 2, BIG, BIG, 3, big);
    clgan_builtin_face(i, 40, (int)i % 2, SMALL, SMALL, 3, small);
    for (int y = 0; y < SMALL; y++)
      for (int x = 0; x < SMALL; x++)
        for (int c = 0; c < 3; c++) {
          int sum = 0;
          for (int k = 0; k < 16; k++) sum += big[((4 * y + k / 4) * BIG + 4 * x + k % 4) * 3 + c];
          off += (uint32_t)abs(sum / 16 - small[(y * SMALL + x) * 3 + c]);
        }
    assert_true(off < 5 * SMALL * SMALL * 3); /* of 255 each, on average */
  }
  assert_int_equal(clgan_dataset_open("builtin", &want, &d, &e), CLGAN_ERR_USAGE);
  assert_non_null(strstr(e.text, "16 to 512 pixels"));
  want.height = 64, want.channels = 2;
  clgan_error_clear(&e);
  assert_int_equal(clgan_dataset_open("builtin", &want, &d, &e), CLGAN_ERR_USAGE);
  assert_non_null(strstr(e.text, "with 2 channels"));
}

/* Which set `builtin` is: by the labels needed, else by those preferred. */
static void digits_or_faces(void **state) {
  struct clgan_dataset_want want = {.height = SIDE, .width = SIDE, .channels = 1, .prefer = CLGAN_LABELS_FACE};
  struct clgan_dataset *d = NULL;
  assert_int_equal(clgan_dataset_open("builtin", &want, &d, NULL), CLGAN_OK);
  assert_int_equal(d->labels, CLGAN_LABELS_FACE);
  assert_string_equal(clgan_dataset_hash(d), clgan_dataset_hash(*state));
  clgan_dataset_close(d);
  want.prefer = CLGAN_LABELS_NONE;
  assert_int_equal(clgan_dataset_open("builtin", &want, &d, NULL), CLGAN_OK);
  assert_int_equal(d->labels, CLGAN_LABELS_CLASS);
  clgan_dataset_close(d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(same_everywhere),     cmocka_unit_test(shape_labels_split), cmocka_unit_test(balanced_anywhere),
      cmocka_unit_test(age_and_gender_show), cmocka_unit_test(one_person),         cmocka_unit_test(other_shapes),
      cmocka_unit_test(digits_or_faces),
  };
  return cmocka_run_group_tests(tests, open_set, close_set);
}
