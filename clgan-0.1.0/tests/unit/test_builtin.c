/* test_builtin.c: the builtin digits are the same everywhere, varied, and look like digits. */
#include "data/builtin.h"
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"
#include "data/dataset.h"
#include "unit.h"

enum { SIDE = CLGAN_BUILTIN_SIDE, PIXELS = SIDE * SIDE };

static int open_set(void **state) {
  return clgan_dataset_open("builtin", NULL, (struct clgan_dataset **)state, NULL) == CLGAN_OK ? 0 : -1;
}

static int close_set(void **state) {
  clgan_dataset_close(*state);
  return 0;
}

/* A change of any pixel on any machine, or of the drawing, shows here: checkpoints name this set by its content. */
static void same_everywhere(void **state) {
  const struct clgan_dataset *d = *state;
  char hex[65];
  clgan_sha256_hex(d->images, (size_t)d->count * PIXELS, hex);
  assert_string_equal(hex, "7ae75344201e46f0e16d280c4a33ff249dd0a8599e68cf5b27b366d0ea1f14f0");
  clgan_sha256_hex(d->digit, d->count, hex);
  assert_string_equal(hex, "f8c3057f98709c222cd0165b9f98d648e0a8de7aef121c4ff090d5751a22c656");
}

static void any_item_alone(void **state) {
  const struct clgan_dataset *d = *state;
  unsigned char pixels[PIXELS];
  for (uint32_t i = 0; i < d->count; i += 997) {
    assert_int_equal(clgan_builtin_digit(i, pixels), d->digit[i]);
    assert_memory_equal(pixels, d->images + (size_t)i * PIXELS, PIXELS);
  }
}

static void shape_and_split(void **state) {
  const struct clgan_dataset *d = *state;
  assert_int_equal(d->count, 12000);
  assert_int_equal(d->height, 28);
  assert_int_equal(d->width, 28);
  assert_int_equal(d->channels, 1);
  assert_int_equal(d->labels, CLGAN_LABELS_CLASS);
  assert_int_equal(d->classes, 10);
  uint32_t digits[10] = {0};
  for (uint32_t i = 0; i < d->count; i++) {
    assert_int_equal(d->split[i], i >= 10000);
    digits[d->digit[i]]++;
  }
  for (int k = 0; k < 10; k++) assert_in_range(digits[k], 1050, 1350);
}

/* White on black inside a dark border; no digit is empty, a blot, or cut off. */
static void ink(void **state) {
  const struct clgan_dataset *d = *state;
  for (uint32_t i = 0; i < d->count; i++) {
    const unsigned char *p = d->images + (size_t)i * PIXELS;
    unsigned total = 0, brightest = 0, border = 0;
    for (int k = 0; k < PIXELS; k++) {
      total += p[k];
      if (p[k] > brightest) brightest = p[k];
      int x = k % SIDE, y = k / SIDE;
      if ((x == 0 || y == 0 || x == SIDE - 1 || y == SIDE - 1) && p[k] > border) border = p[k];
    }
    assert_in_range(total, 255 * 15, 255 * 280);
    assert_in_range(brightest, 180, 255);
    assert_in_range(border, 0, 100);
  }
}

static uint32_t distance(const unsigned char *a, const unsigned char *b) {
  uint32_t sum = 0;
  for (int k = 0; k < PIXELS; k++) sum += (uint32_t)((a[k] - b[k]) * (a[k] - b[k]));
  return sum;
}

/* Digits can be told from what they look like, and no two are alike: 1-nearest neighbour of 300 test digits among 4000.
 */
static void learnable_and_varied(void **state) {
  const struct clgan_dataset *d = *state;
  int right = 0;
  for (uint32_t i = 10000; i < 10300; i++) {
    uint32_t best = UINT32_MAX, at = 0;
    for (uint32_t k = 0; k < 4000; k++) {
      uint32_t here = distance(d->images + (size_t)i * PIXELS, d->images + (size_t)k * PIXELS);
      if (here < best) best = here, at = k;
    }
    assert_true(best > 0);
    right += d->digit[at] == d->digit[i];
  }
  print_message("1-nearest neighbour: %d of 300\n", right);
  assert_in_range(right, 285, 300);
}

/* In colours and at other sizes: the same digits in the same handwriting, other colours each, the same everywhere. */
static void colours(void **state) {
  const struct clgan_dataset *d = *state;
  enum { W = 40, H = 32 };
  unsigned char rgb[H * W * 3], grey[H * W];
  struct clgan_sha256 sha;
  char hex[65];
  uint32_t inside = 0;
  clgan_sha256_init(&sha);
  for (uint32_t i = 0; i < 200; i++) {
    assert_int_equal(clgan_builtin_draw(i, H, W, 3, rgb), d->digit[i]);
    assert_int_equal(clgan_builtin_draw(i, H, W, 1, grey), d->digit[i]);
    clgan_sha256_update(&sha, rgb, sizeof rgb);
    clgan_sha256_update(&sha, grey, sizeof grey);
    const unsigned char *ground = rgb; /* the corner's */
    unsigned most = 0, lit = 0;
    for (int k = 0; k < H * W; k++) {
      unsigned change = 0;
      for (int c = 0; c < 3; c++) change += (unsigned)abs(rgb[3 * k + c] - ground[c]);
      if (grey[k] == 0) assert_int_equal(change, 0);
      if (change > most) most = change;
      lit += grey[k] > 128;
    }
    assert_in_range(most, 120, 765);
    assert_in_range(lit, 20, H * W / 3);
    inside += ground[0] > ground[1] && ground[0] > ground[2]; /* reddish ground */
  }
  assert_in_range(inside, 35, 100);
  clgan_sha256_final_hex(&sha, hex);
  assert_string_equal(hex, "7eab65f1df6bb4be7ff35371c2cd0b70d4fc04d9f32ea600a08e6353f31db72a");
}

static void other_shapes(void **state) {
  struct clgan_dataset_want want = {.height = 16, .width = 24, .channels = 3, .labels = CLGAN_LABELS_CLASS};
  struct clgan_dataset *d = NULL;
  struct clgan_error e = {0};
  unsigned char pixels[16 * 24 * 3];
  (void)state;
  assert_int_equal(clgan_dataset_open("builtin", &want, &d, &e), CLGAN_OK);
  assert_true(d->count == 12000 && d->height == 16 && d->width == 24 && d->channels == 3 && d->classes == 10);
  for (uint32_t i = 0; i < d->count; i += 999) {
    assert_int_equal(clgan_builtin_draw(i, 16, 24, 3, pixels), d->digit[i]);
    assert_memory_equal(pixels, d->images + (size_t)i * sizeof pixels, sizeof pixels);
  }
  clgan_dataset_close(d);
  want.height = 15;
  assert_int_equal(clgan_dataset_open("builtin", &want, &d, &e), CLGAN_ERR_USAGE);
  assert_non_null(strstr(e.text, "16 to 128 pixels, the model takes 15x24"));
  clgan_error_clear(&e);
  want.height = 16, want.width = 129;
  assert_int_equal(clgan_dataset_open("builtin", &want, &d, &e), CLGAN_ERR_USAGE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(same_everywhere),      cmocka_unit_test(any_item_alone),
      cmocka_unit_test(shape_and_split),      cmocka_unit_test(ink),
      cmocka_unit_test(learnable_and_varied),
      cmocka_unit_test(colours),              cmocka_unit_test(other_shapes),
  };
  return cmocka_run_group_tests(tests, open_set, close_set);
}
