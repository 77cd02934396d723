/* test_idx.c: IDX files as they should be, and every way in which they can be wrong. */
#define _XOPEN_SOURCE 700
#include "data/idx.h"
#include <zlib.h>
#include "scratch.h"

enum { ITEMS = 5, SIDE = 4, BODY = ITEMS * SIDE * SIDE, SIZE = 16 + BODY };

static void fill(unsigned char file[SIZE]) {
  static const unsigned char head[16] = {0, 0, 8, 3, 0, 0, 0, ITEMS, 0, 0, 0, SIDE, 0, 0, 0, SIDE};
  memcpy(file, head, 16);
  for (int i = 0; i < BODY; i++) file[16 + i] = (unsigned char)(i * 37);
}

static size_t gzip(const unsigned char *in, size_t n, unsigned char *out, size_t room) {
  z_stream z = {0};
  assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  z.next_in = (z_const Bytef *)in, z.avail_in = (uInt)n;
  z.next_out = out, z.avail_out = (uInt)room;
  assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
  size_t size = z.total_out;
  deflateEnd(&z);
  return size;
}

static void expect_good(const unsigned char *file, size_t size) {
  unsigned char want[SIZE];
  fill(want);
  struct clgan_error e = {0};
  struct clgan_idx idx;
  char *path = scratch_file("good", file, size);
  if (clgan_idx_read(path, 3, &idx, &e) != CLGAN_OK) fail_msg("%s", e.text);
  assert_int_equal(idx.dims, 3);
  assert_int_equal(idx.shape[0], ITEMS);
  assert_int_equal(idx.shape[1], SIDE);
  assert_int_equal(idx.size, BODY);
  assert_memory_equal(idx.data, want + 16, BODY);
  clgan_idx_free(&idx);
  clgan_mem_free(path);
}

static void expect_bad(const unsigned char *file, size_t size, int dims, enum clgan_status status, const char *part) {
  struct clgan_error e = {0};
  struct clgan_idx idx;
  char *path = scratch_file("bad", file, size);
  assert_int_equal(clgan_idx_read(path, dims, &idx, &e), status);
  expect_error(&e, status, part);
  expect_error(&e, status, path);
  assert_null(idx.data);
  clgan_mem_free(path);
}

static void plain(void **state) {
  (void)state;
  unsigned char file[SIZE + 1];
  fill(file);
  expect_good(file, SIZE);
  for (size_t n = 0; n < SIZE; n++) /* cut anywhere */
    expect_bad(file, n, 3, CLGAN_ERR_FORMAT, n >= 16 && n < BODY ? "can hold" : "truncated");
  file[SIZE] = 0;
  expect_bad(file, SIZE + 1, 3, CLGAN_ERR_FORMAT, "more data than");
}

static void wrong_magic(void **state) {
  (void)state;
  unsigned char file[SIZE];
  fill(file);
  expect_bad(file, SIZE, 1, CLGAN_ERR_FORMAT, "not an IDX file of labels");
  file[2] = 0x0d; /* floats */
  expect_bad(file, SIZE, 3, CLGAN_ERR_FORMAT, "not an IDX file of images");
  expect_bad((const unsigned char *)"<html>not here</html>", 21, 3, CLGAN_ERR_FORMAT, "not an IDX file of images");
}

static void giant_count(void **state) {
  (void)state;
  unsigned char file[SIZE], packed[SIZE + 64];
  fill(file);
  memset(file + 4, 0xff, 12); /* the product overflows 64 bits */
  expect_bad(file, SIZE, 3, CLGAN_ERR_FORMAT, "announces 4294967295 items");
  expect_bad(packed, gzip(file, SIZE, packed, sizeof packed), 3, CLGAN_ERR_FORMAT, "announces 4294967295 items");
  fill(file);
  file[4] = 0x7f;
  expect_bad(file, SIZE, 3, CLGAN_ERR_FORMAT, "can hold");
  expect_bad(packed, gzip(file, SIZE, packed, sizeof packed), 3, CLGAN_ERR_FORMAT, "can hold");
  fill(file);
  file[7] = 0;
  expect_bad(file, SIZE, 3, CLGAN_ERR_FORMAT, "announces nothing");
}

static void compressed(void **state) {
  (void)state;
  unsigned char file[SIZE + 1], packed[2 * SIZE];
  fill(file);
  size_t size = gzip(file, SIZE, packed, sizeof packed);
  expect_good(packed, size);
  for (size_t n = 2; n < size; n++) /* cut anywhere, the check sum at its end included */
    expect_bad(packed, n, 3, CLGAN_ERR_FORMAT, "cut short");
  packed[size - 6] ^= 1; /* the check sum */
  expect_bad(packed, size, 3, CLGAN_ERR_FORMAT, "gzip data is damaged");
  size = gzip(file, 40, packed, sizeof packed); /* whole, but packed from a cut file */
  expect_bad(packed, size, 3, CLGAN_ERR_FORMAT, "truncated, 40 bytes of 96");
  file[SIZE] = 0;
  size = gzip(file, SIZE + 1, packed, sizeof packed);
  expect_bad(packed, size, 3, CLGAN_ERR_FORMAT, "more data than");
}

/* gunzip accepts members that follow one another; so do we. */
static void members(void **state) {
  (void)state;
  unsigned char file[SIZE], packed[3 * SIZE];
  fill(file);
  size_t size = gzip(file, 30, packed, sizeof packed);
  size += gzip(file + 30, SIZE - 30, packed + size, sizeof packed - size);
  expect_good(packed, size);
}

static void no_file(void **state) {
  (void)state;
  struct clgan_error e = {0};
  struct clgan_idx idx;
  char *path = clgan_file_join(scratch, "none");
  assert_int_equal(clgan_idx_read(path, 3, &idx, &e), CLGAN_ERR_IO);
  expect_error(&e, CLGAN_ERR_IO, path);
  clgan_mem_free(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plain),      cmocka_unit_test(wrong_magic), cmocka_unit_test(giant_count),
      cmocka_unit_test(compressed), cmocka_unit_test(members),     cmocka_unit_test(no_file),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
