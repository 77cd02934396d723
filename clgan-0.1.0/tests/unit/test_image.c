/* test_image.c: PNG and JPEG of every kind, damaged ones, crops and the resampler. */
#define _XOPEN_SOURCE 700
#include "data/image.h"
#include <dirent.h>
#include <png.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
/* jpeglib.h needs stdio.h before it */
#include <jpeglib.h>
#include <zlib.h>
#include "scratch.h"

/* PngSuite: every valid file decodes to a picture, every x* file is one clear line. */
static void pngsuite(void **state) {
  (void)state;
  char *folder = outside_data("pngsuite");
  if (!folder) skip();
  DIR *d = opendir(folder);
  assert_non_null(d);
  int good = 0, bad = 0;
  for (struct dirent *entry; (entry = readdir(d));) {
    if (!strstr(entry->d_name, ".png")) continue;
    char *path = clgan_file_join(folder, entry->d_name);
    struct clgan_error e = {0};
    struct clgan_image image;
    enum clgan_status status = clgan_image_read(path, 0, &image, &e);
    if (entry->d_name[0] == 'x') {
      bad++;
      expect_error(&e, CLGAN_ERR_FORMAT, path);
      assert_null(image.pixels);
    } else {
      good++;
      if (status != CLGAN_OK) fail_msg("%s", e.text);
      int number = 0, size = 32; /* sNN* are NN pixels wide, the rest 32 but for some of c* */
      if (sscanf(entry->d_name, "s%2d", &number) == 1) size = number;
      if (entry->d_name[0] != 'c') assert_int_equal(image.width, size);
      bool colour = strchr("236", entry->d_name[4]) != NULL;
      assert_int_equal(image.channels, colour ? 3 : 1);
    }
    clgan_image_free(&image);
    clgan_mem_free(path);
  }
  closedir(d);
  clgan_mem_free(folder);
  assert_in_range(good, 150, 200);
  assert_int_equal(bad, 14);
}

/* A PNG of the given libpng format written by the library's simplified interface. */
static unsigned char *make_png(uint32_t w, uint32_t h, uint32_t format, const void *pixels, size_t *size) {
  png_image image = {.version = PNG_IMAGE_VERSION, .width = w, .height = h, .format = format};
  png_alloc_size_t n = 0;
  assert_true(png_image_write_to_memory(&image, NULL, &n, 0, pixels, 0, NULL));
  unsigned char *out = clgan_mem_alloc(n);
  assert_true(png_image_write_to_memory(&image, out, &n, 0, pixels, 0, NULL));
  *size = n;
  return out;
}

static void transparency_and_gray(void **state) {
  (void)state;
  const unsigned char rgba[2][4] = {{200, 100, 50, 255}, {200, 100, 50, 51}};
  size_t size;
  unsigned char *png = make_png(2, 1, PNG_FORMAT_RGBA, rgba, &size);
  struct clgan_image image;
  struct clgan_error e = {0};
  assert_int_equal(clgan_image_decode("rgba", png, size, 0, &image, &e), CLGAN_OK);
  static const unsigned char want[6] = {200, 100, 50, 40, 20, 10};
  assert_int_equal(image.channels, 3);
  assert_memory_equal(image.pixels, want, 6);
  clgan_image_free(&image);
  assert_int_equal(clgan_image_decode("rgba", png, size, 1, &image, &e), CLGAN_OK);
  assert_int_equal(image.channels, 1);
  assert_int_equal(image.pixels[0], 124); /* 0.299*200 + 0.587*100 + 0.114*50 = 124.2 */
  assert_int_equal(image.pixels[1], 25);
  clgan_image_free(&image);
  clgan_mem_free(png);
  const unsigned char gray[3] = {0, 77, 255};
  png = make_png(3, 1, PNG_FORMAT_GRAY, gray, &size);
  assert_int_equal(clgan_image_decode("gray", png, size, 3, &image, &e), CLGAN_OK);
  static const unsigned char rgb[9] = {0, 0, 0, 77, 77, 77, 255, 255, 255};
  assert_memory_equal(image.pixels, rgb, 9);
  clgan_image_free(&image);
  clgan_mem_free(png);
}

static void expect_refused(const unsigned char *data, size_t size) {
  struct clgan_error e = {0};
  struct clgan_image image;
  if (clgan_image_decode("cut.file", data, size, 0, &image, &e) == CLGAN_OK) fail_msg("%zu bytes were accepted", size);
  expect_error(&e, CLGAN_ERR_FORMAT, "cut.file: ");
  assert_null(image.pixels);
}

static void damaged_png(void **state) {
  (void)state;
  unsigned char gray[64 * 64];
  for (int i = 0; i < 64 * 64; i++) gray[i] = (unsigned char)((i * i) >> 3);
  size_t size;
  unsigned char *png = make_png(64, 64, PNG_FORMAT_GRAY, gray, &size);
  for (size_t n = 0; n < size; n += n < 64 ? 1 : 37) expect_refused(png, n);
  expect_refused(png, size - 13); /* the end chunk gone */
  png[60] ^= 0x10;
  expect_refused(png, size);
  png[60] ^= 0x10;
  /* A header of 60000x60000 with its proper check sum: nothing is to be allocated for it. */
  memcpy(png + 16, "\0\0\xea\x60\0\0\xea\x60", 8);
  uLong crc = crc32(0, png + 12, 17);
  for (int i = 0; i < 4; i++) png[29 + i] = (unsigned char)(crc >> (24 - 8 * i));
  expect_refused(png, size);
  clgan_mem_free(png);
  expect_refused((const unsigned char *)"GIF89a and so on", 16);
}

/* A JPEG whose brightness grows to the right and, a little, downwards; @p orientation 0: no EXIF. */
static unsigned char *make_jpeg(uint32_t w, uint32_t h, int channels, int orientation, unsigned long *size) {
  struct jpeg_compress_struct jpeg = {0};
  struct jpeg_error_mgr errors;
  unsigned char *out = NULL;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, &out, size);
  jpeg.image_width = w, jpeg.image_height = h;
  jpeg.input_components = channels;
  jpeg.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 98, TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  unsigned char exif[] = "Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0";
  exif[25] = (unsigned char)orientation;
  if (orientation) jpeg_write_marker(&jpeg, JPEG_APP0 + 1, exif, sizeof exif - 1);
  unsigned char row[64 * 4];
  while (jpeg.next_scanline < h) {
    for (uint32_t i = 0; i < w * (uint32_t)channels; i++)
      row[i] = (unsigned char)(20 + 160 * (i / (uint32_t)channels) / w + 60 * jpeg.next_scanline / h);
    JSAMPROW rows[1] = {row};
    jpeg_write_scanlines(&jpeg, rows, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  return out;
}

static void expect_near(int value, int want, int within) {
  if (abs(value - want) > within) fail_msg("%d is not within %d of %d", value, within, want);
}

static void jpeg_kinds(void **state) {
  (void)state;
  for (int channels = 1; channels <= 4; channels += channels == 1 ? 2 : 1) {
    unsigned long size = 0;
    unsigned char *data = make_jpeg(40, 24, channels, 0, &size);
    struct clgan_image image;
    struct clgan_error e = {0};
    if (clgan_image_decode("j", data, size, 0, &image, &e) != CLGAN_OK) fail_msg("%s", e.text);
    assert_int_equal(image.channels, channels == 1 ? 1 : 3);
    assert_int_equal(image.width, 40);
    for (uint32_t y = 0; y < 24; y += 5)
      for (uint32_t x = 0; x < 40; x += 7) {
        int v = (int)(20 + 160 * x / 40 + 60 * y / 24),
            want = channels == 4 ? v * v / 255 : v; /* Adobe: inverted inks */
        for (uint32_t c = 0; c < image.channels; c++)
          expect_near(image.pixels[(y * 40 + x) * image.channels + c], want, 3);
      }
    clgan_image_free(&image);
    for (unsigned long n = 0; n < size - 2; n += 1 + n / 16) expect_refused(data, n);
    free(data);
  }
}

/* Orientation k says where the stored image's first row and column belong: the corner values after turning upright. */
static void jpeg_orientation(void **state) {
  (void)state;
  /* top left, top right, bottom left of the upright image; the stored one has 20, 176, 78, bottom right 234 */
  static const int corner[8][3] = {{20, 176, 78}, {176, 20, 234}, {234, 78, 176}, {78, 234, 20},
                                   {20, 78, 176}, {78, 20, 234},  {234, 176, 78}, {176, 234, 20}};
  for (int k = 1; k <= 8; k++) {
    unsigned long size = 0;
    unsigned char *data = make_jpeg(40, 24, 1, k, &size);
    struct clgan_image image;
    struct clgan_error e = {0};
    if (clgan_image_decode("j", data, size, 0, &image, &e) != CLGAN_OK) fail_msg("%s", e.text);
    assert_int_equal(image.width, k >= 5 ? 24 : 40);
    assert_int_equal(image.height, k >= 5 ? 40 : 24);
    expect_near(image.pixels[0], corner[k - 1][0], 4);
    expect_near(image.pixels[image.width - 1], corner[k - 1][1], 4);
    expect_near(image.pixels[(image.height - 1) * image.width], corner[k - 1][2], 4);
    clgan_image_free(&image);
    free(data);
  }
}

static void resampling(void **state) {
  (void)state;
  unsigned char pixels[12 * 8], out[64 * 64];
  for (int i = 0; i < 12 * 8; i++) pixels[i] = (unsigned char)(i * 29);
  struct clgan_image image = {8, 12, 1, pixels};
  struct clgan_error e = {0};
  struct clgan_crop all = {0, 0, 12, 8}, part = {3, 2, 5, 4};
  assert_int_equal(clgan_image_resample(&image, &all, 8, 12, out, &e), CLGAN_OK); /* the same size copies */
  assert_memory_equal(out, pixels, sizeof pixels);
  assert_int_equal(clgan_image_resample(&image, &part, 4, 5, out, &e), CLGAN_OK);
  for (int y = 0; y < 4; y++) assert_memory_equal(out + y * 5, pixels + (y + 2) * 12 + 3, 5);
  assert_int_equal(clgan_image_resample(&image, NULL, 8, 8, out, &e), CLGAN_OK); /* the centre square */
  for (int y = 0; y < 8; y++) assert_memory_equal(out + y * 8, pixels + y * 12 + 2, 8);
  memset(pixels, 200, sizeof pixels); /* an even image stays even, at its borders too */
  static const uint32_t sizes[] = {1, 3, 5, 28, 64};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    assert_int_equal(clgan_image_resample(&image, &all, sizes[i], sizes[i], out, &e), CLGAN_OK);
    for (uint32_t k = 0; k < sizes[i] * sizes[i]; k++) assert_int_equal(out[k], 200);
  }
}

/* Halving with a triangle of half-width 2: weights 1 3 3 1 of 8, at the border 3 3 1 of 7. */
static void antialias(void **state) {
  (void)state;
  static unsigned char row[8] = {0, 255, 0, 255, 0, 255, 0, 255};
  struct clgan_image image = {1, 8, 1, row};
  struct clgan_error e = {0};
  struct clgan_crop all = {0, 0, 8, 1};
  unsigned char out[4];
  assert_int_equal(clgan_image_resample(&image, &all, 1, 4, out, &e), CLGAN_OK);
  static const unsigned char want[4] = {109, 128, 128, 146}; /* 255 * 3/7, 1/2, 1/2, 4/7 */
  assert_memory_equal(out, want, 4);
  image.width = all.width = 2; /* enlarging is bilinear: 0, 64, 191, 255 */
  assert_int_equal(clgan_image_resample(&image, &all, 1, 4, out, &e), CLGAN_OK);
  static const unsigned char larger[4] = {0, 64, 191, 255};
  assert_memory_equal(out, larger, 4);
}

static void crops(void **state) {
  (void)state;
  struct clgan_crop c;
  struct clgan_error e = {0};
  assert_int_equal(clgan_crop_parse("1,20,300,4", &c, &e), CLGAN_OK);
  assert_int_equal(c.x, 1);
  assert_int_equal(c.y, 20);
  assert_int_equal(c.width, 300);
  assert_int_equal(c.height, 4);
  static const char *const bad[] = {"",         "1,2,3",    "1,2,3,4,5", "1,2,0,4", "1,2,3,0",
                                    "-1,2,3,4", "1,2,3,4x", " 1,2,3,4",  "1,,3,4",  "1,2,3,4294967296"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct clgan_error bad_e = {0};
    assert_int_equal(clgan_crop_parse(bad[i], &c, &bad_e), CLGAN_ERR_USAGE);
    expect_error(&bad_e, CLGAN_ERR_USAGE, "x,y,w,h");
  }
  unsigned char pixels[6] = {0}, out[16];
  struct clgan_image image = {2, 3, 1, pixels};
  static const struct clgan_crop outside[] = {
      {0, 0, 4, 1}, {3, 0, 1, 1}, {0, 1, 1, 2}, {4, 0, 1, 1}, {0xffffffff, 0, 2, 1}};
  for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
    struct clgan_error bad_e = {0};
    assert_int_equal(clgan_image_resample(&image, &outside[i], 4, 4, out, &bad_e), CLGAN_ERR_USAGE);
    expect_error(&bad_e, CLGAN_ERR_USAGE, "not inside the image of 3x2");
  }
}

static void load(void **state) {
  (void)state;
  unsigned char gray[6 * 4], out[4 * 4 * 3];
  for (int i = 0; i < 24; i++) gray[i] = (unsigned char)(i * 10);
  char *path = clgan_file_join(scratch, "photo.jpg"); /* a PNG in spite of its name */
  struct clgan_error e = {0};
  assert_int_equal(clgan_image_write_png(path, 4, 6, 1, gray, &e), CLGAN_OK);
  assert_int_equal(clgan_image_load(path, NULL, 4, 4, 3, out, &e), CLGAN_OK);
  for (int i = 0; i < 16; i++) assert_int_equal(out[3 * i + 1], gray[i / 4 * 6 + i % 4 + 1]);
  struct clgan_crop large = {0, 0, 7, 4};
  assert_int_equal(clgan_image_load(path, &large, 4, 4, 3, out, &e), CLGAN_ERR_USAGE);
  expect_error(&e, CLGAN_ERR_USAGE, path);
  clgan_error_clear(&e);
  clgan_mem_free(path);
  path = clgan_file_join(scratch, "none.png");
  assert_int_equal(clgan_image_load(path, NULL, 4, 4, 3, out, &e), CLGAN_ERR_IO);
  expect_error(&e, CLGAN_ERR_IO, path);
  clgan_mem_free(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pngsuite),
      cmocka_unit_test(transparency_and_gray),
      cmocka_unit_test(damaged_png),
      cmocka_unit_test(jpeg_kinds),
      cmocka_unit_test(jpeg_orientation),
      cmocka_unit_test(resampling),
      cmocka_unit_test(antialias),
      cmocka_unit_test(crops),
      cmocka_unit_test(load),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
