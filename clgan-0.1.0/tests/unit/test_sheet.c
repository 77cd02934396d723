/* test_sheet.c: cells touch and lie where they were put; numbers become pixels; the PNG holds the sheet. */
#define _XOPEN_SOURCE 700
#include "data/sheet.h"
#include <math.h>
#include "data/image.h"
#include "scratch.h"

enum { ROWS = 2, COLS = 3, H = 4, W = 5 };

static void grid(void **state) {
  (void)state;
  for (uint32_t channels = 1; channels <= 3; channels += 2) {
    struct clgan_sheet *s;
    struct clgan_error e = {0};
    assert_int_equal(clgan_sheet_create(ROWS, COLS, H, W, channels, &s, &e), CLGAN_OK);
    for (uint32_t r = 0; r < ROWS; r++)
      for (uint32_t c = 0; c < COLS; c++) {
        unsigned char cell[H * W * 3];
        for (uint32_t i = 0; i < H * W * channels; i++) cell[i] = (unsigned char)(1 + (r * COLS + c) * 40 + i % 40);
        if (r != 1 || c != 1) clgan_sheet_put(s, r, c, cell); /* one stays black */
      }
    char *path = clgan_file_join(scratch, "sheet.png");
    if (clgan_sheet_write(s, path, &e) != CLGAN_OK) fail_msg("%s", e.text);
    clgan_sheet_destroy(s);
    struct clgan_image image;
    if (clgan_image_read(path, 0, &image, &e) != CLGAN_OK) fail_msg("%s", e.text);
    assert_int_equal(image.height, ROWS * H);
    assert_int_equal(image.width, COLS * W);
    assert_int_equal(image.channels, channels);
    for (uint32_t y = 0; y < ROWS * H; y++)
      for (uint32_t x = 0; x < COLS * W; x++)
        for (uint32_t k = 0; k < channels; k++) {
          uint32_t r = y / H, c = x / W, i = ((y % H) * W + x % W) * channels + k;
          uint32_t want = r == 1 && c == 1 ? 0 : 1 + (r * COLS + c) * 40 + i % 40;
          assert_int_equal(image.pixels[(y * COLS * W + x) * channels + k], want);
        }
    clgan_image_free(&image);
    clgan_mem_free(path);
  }
}

static void refused(void **state) {
  (void)state;
  static const uint32_t bad[][5] = {{0, 1, 4, 4, 1},     {1, 0, 4, 4, 1}, {1, 1, 4, 4, 2},
                                    {70000, 1, 1, 1, 1}, {1, 1, 4, 0, 3}, {4000, 4000, 28, 28, 1}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct clgan_sheet *s;
    struct clgan_error e = {0};
    assert_int_equal(clgan_sheet_create(bad[i][0], bad[i][1], bad[i][2], bad[i][3], bad[i][4], &s, &e),
                     CLGAN_ERR_USAGE);
    assert_null(s);
    expect_error(&e, CLGAN_ERR_USAGE, "a sheet of");
  }
  clgan_sheet_destroy(NULL);
}

/* A failed write leaves what was there. */
static void unwritable(void **state) {
  (void)state;
  struct clgan_sheet *s;
  struct clgan_error e = {0};
  assert_int_equal(clgan_sheet_create(1, 1, 2, 2, 1, &s, &e), CLGAN_OK);
  char *path = clgan_file_join(scratch, "no-such-folder/sheet.png");
  assert_int_equal(clgan_sheet_write(s, path, &e), CLGAN_ERR_IO);
  expect_error(&e, CLGAN_ERR_IO, "no-such-folder/sheet.png");
  clgan_mem_free(path);
  clgan_sheet_destroy(s);
}

static void pixels(void **state) {
  (void)state;
  for (unsigned u = 0; u < 256; u++)
    for (int r = CLGAN_PIXELS_TANH; r <= CLGAN_PIXELS_UNIT; r++) {
      enum clgan_pixel_range range = (enum clgan_pixel_range)r;
      assert_int_equal(clgan_pixel_from_float(clgan_pixel_to_float((unsigned char)u, range), range), u);
    }
  assert_int_equal(clgan_pixel_from_float(-1.5f, CLGAN_PIXELS_TANH), 0);
  assert_int_equal(clgan_pixel_from_float(1.5f, CLGAN_PIXELS_TANH), 255);
  assert_int_equal(clgan_pixel_from_float(0.0f, CLGAN_PIXELS_TANH), 128);   /* 127.5 */
  assert_int_equal(clgan_pixel_from_float(-0.01f, CLGAN_PIXELS_TANH), 126); /* 126.2 */
  assert_int_equal(clgan_pixel_from_float(-0.5f, CLGAN_PIXELS_UNIT), 0);
  assert_int_equal(clgan_pixel_from_float(0.5f, CLGAN_PIXELS_UNIT), 128); /* 127.5 */
  assert_int_equal(clgan_pixel_from_float(7.0f, CLGAN_PIXELS_UNIT), 255);
  assert_int_equal(clgan_pixel_from_float(NAN, CLGAN_PIXELS_TANH), 0);
  assert_int_equal(clgan_pixel_from_float(INFINITY, CLGAN_PIXELS_UNIT), 255);
  assert_int_equal(clgan_pixel_from_float(-INFINITY, CLGAN_PIXELS_UNIT), 0);
  const float x[3] = {-1.0f, 0.2f, 1.0f};
  unsigned char u[3];
  clgan_pixels_from_float(x, 3, CLGAN_PIXELS_TANH, u);
  assert_int_equal(u[0], 0);
  assert_int_equal(u[1], 153);
  assert_int_equal(u[2], 255);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(grid),
      cmocka_unit_test(refused),
      cmocka_unit_test(unwritable),
      cmocka_unit_test(pixels),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
