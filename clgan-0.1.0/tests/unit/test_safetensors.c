/* test_safetensors.c: round trips, and every kind of damage refused in one line that names the file. */
#define _XOPEN_SOURCE 700
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/philox.h"
#include "base/safetensors.h"
#include "unit.h"

static char path[] = "/tmp/clgan-test-st-XXXXXX";

static int setup(void **state) {
  int fd = mkstemp(path);
  (void)state;
  return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state) {
  (void)state;
  return unlink(path);
}

/* Opens the bytes as a file; returns the status, with the error's text in e. */
static enum clgan_status open_bytes(const void *bytes, size_t n, struct clgan_error *e) {
  struct clgan_safetensors *s;
  enum clgan_status status;
  FILE *f = fopen(path, "wb"); /* not the atomic writer: thousands of fsyncs take long */
  assert_non_null(f);
  assert_int_equal(fwrite(bytes, 1, n, f), n);
  assert_int_equal(fclose(f), 0);
  memset(e, 0, sizeof *e);
  status = clgan_safetensors_open(path, &s, e);
  assert_int_equal(status, e->status);
  if (status == CLGAN_OK) {
    for (size_t i = 0; i < clgan_safetensors_count(s); i++) { /* what was accepted can be read to its last byte */
      const struct clgan_tensor *t = clgan_safetensors_at(s, i);
      float *x = clgan_mem_array((size_t)t->count, sizeof *x);
      clgan_tensor_to_float(t, x);
      clgan_mem_free(x);
    }
  } else {
    assert_null(s);
    assert_int_equal(status, CLGAN_ERR_FORMAT);
    assert_memory_equal(e->text, path, strlen(path));
    assert_null(strchr(e->text, '\n'));
  }
  clgan_safetensors_close(s);
  return status;
}

static enum clgan_status open_header(const char *header, size_t data, struct clgan_error *e) {
  size_t n = strlen(header);
  unsigned char *bytes = clgan_mem_alloc(8 + n + data);
  enum clgan_status status;
  for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)((uint64_t)n >> (8 * i));
  memcpy(bytes + 8, header, n);
  status = open_bytes(bytes, 8 + n + data, e);
  clgan_mem_free(bytes);
  return status;
}

static void write_sample(void) {
  static const float f32[6] = {1, -2, 3.5f, 0, INFINITY, 1e-40f};
  static const uint16_t f16[3] = {0x3c00, 0xc000, 0x0001};
  static const unsigned char u8[5] = {0, 1, 127, 128, 255};
  static const int32_t i32[2] = {-7, 1 << 20};
  static const int64_t i64[1] = {-((int64_t)1 << 40)};
  static const double f64[2] = {0.1, -1e30};
  const uint64_t two_three[] = {2, 3}, three[] = {3}, five[] = {5}, two[] = {1, 2, 1}, empty[] = {4, 0};
  struct clgan_safetensors_writer *w = clgan_safetensors_writer_create();
  struct clgan_error e = {0};
  clgan_safetensors_add(w, "u8", CLGAN_U8, 1, five, u8);
  clgan_safetensors_add(w, "b.f32", CLGAN_F32, 2, two_three, f32);
  clgan_safetensors_add(w, "f16", CLGAN_F16, 1, three, f16);
  clgan_safetensors_add(w, "i64", CLGAN_I64, 0, NULL, i64);
  clgan_safetensors_add(w, "i32", CLGAN_I32, 3, two, i32);
  clgan_safetensors_add(w, "a \"quoted\\\" n\xc3\xa4me", CLGAN_F64, 3, two, f64);
  clgan_safetensors_add(w, "empty", CLGAN_F32, 2, empty, NULL);
  clgan_safetensors_add_metadata(w, "model", "clgan-model 1\n\tnet \"G\" \\ \x01 \xe2\x82\xac \xff end");
  clgan_safetensors_add_metadata(w, "format", "x");
  if (clgan_safetensors_write(w, path, &e) != CLGAN_OK) fail_msg("%s", e.text);
  clgan_safetensors_writer_destroy(w);
}

static void round_trip(void **state) {
  struct clgan_safetensors *s;
  const struct clgan_tensor *t;
  float x[6];
  (void)state;
  write_sample();
  assert_int_equal(clgan_safetensors_open(path, &s, NULL), CLGAN_OK);
  assert_int_equal(clgan_safetensors_count(s), 7);
  for (size_t i = 1; i < 7; i++)
    assert_true(strcmp(clgan_safetensors_at(s, i - 1)->name, clgan_safetensors_at(s, i)->name) < 0);
  assert_null(clgan_safetensors_at(s, 7));
  t = clgan_safetensors_find(s, "b.f32");
  assert_non_null(t);
  assert_int_equal(t->dims, 2);
  assert_int_equal(t->shape[0], 2);
  assert_int_equal(t->shape[1], 3);
  assert_int_equal(t->dtype, CLGAN_F32);
  clgan_tensor_to_float(t, x);
  assert_true(x[2] == 3.5f && isinf(x[4]) && x[5] > 0.99e-40f && x[5] < 1.01e-40f);
  t = clgan_safetensors_find(s, "f16");
  clgan_tensor_to_float(t, x);
  assert_true(x[0] == 1 && x[1] == -2 && x[2] == 0x1p-24f);
  clgan_tensor_to_float(clgan_safetensors_find(s, "u8"), x);
  assert_true(x[0] == 0 && x[3] == 128 && x[4] == 255);
  t = clgan_safetensors_find(s, "i64");
  assert_int_equal(t->dims, 0);
  assert_int_equal(t->count, 1);
  clgan_tensor_to_float(t, x);
  assert_true(x[0] == -0x1p40f);
  clgan_tensor_to_float(clgan_safetensors_find(s, "i32"), x);
  assert_true(x[0] == -7 && x[1] == 0x1p20f);
  clgan_tensor_to_float(clgan_safetensors_find(s, "a \"quoted\\\" n\xc3\xa4me"), x);
  assert_true(x[0] == 0.1f && x[1] == -1e30f);
  assert_int_equal(clgan_safetensors_find(s, "empty")->count, 0);
  assert_null(clgan_safetensors_find(s, "none"));
  assert_string_equal(clgan_safetensors_metadata(s, "model"),
                      "clgan-model 1\n\tnet \"G\" \\ \x01 \xe2\x82\xac \xef\xbf\xbd end");
  assert_null(clgan_safetensors_metadata(s, "none"));
  clgan_safetensors_close(s);
  clgan_safetensors_close(NULL);
}

static void equal_content_gives_equal_bytes_and_aligned_tensors(void **state) {
  static const float x[3] = {1, 2, 3};
  static const unsigned char odd[3] = {1, 2, 3};
  const uint64_t three[] = {3};
  char *first = NULL, *second = NULL;
  size_t n = 0, m = 0;
  (void)state;
  for (int order = 0; order < 2; order++) {
    struct clgan_safetensors_writer *w = clgan_safetensors_writer_create();
    struct clgan_safetensors *s;
    for (int i = 0; i < 3; i++) {
      int k = order ? 2 - i : i;
      if (k == 0) clgan_safetensors_add(w, "a", CLGAN_U8, 1, three, odd);
      if (k == 1) clgan_safetensors_add(w, "b", CLGAN_F32, 1, three, x);
      if (k == 2) clgan_safetensors_add(w, "c", CLGAN_F32, 1, three, x);
      clgan_safetensors_add_metadata(w, k == 0 ? "k" : k == 1 ? "l" : "m", "v");
    }
    assert_int_equal(clgan_safetensors_write(w, path, NULL), CLGAN_OK);
    clgan_safetensors_writer_destroy(w);
    assert_int_equal(clgan_file_read(path, order ? &second : &first, order ? &m : &n, NULL), CLGAN_OK);
    assert_int_equal(clgan_safetensors_open(path, &s, NULL), CLGAN_OK);
    assert_int_equal((uintptr_t)clgan_safetensors_find(s, "b")->data % 4, 0);
    clgan_safetensors_close(s);
  }
  assert_int_equal(n, m);
  assert_memory_equal(first, second, n);
  clgan_mem_free(first);
  clgan_mem_free(second);
}

static void writer_refuses(void **state) {
  static const float x[1] = {1};
  const uint64_t shape[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  struct clgan_safetensors_writer *w = clgan_safetensors_writer_create();
  struct clgan_error e = {0};
  (void)state;
  clgan_safetensors_add(w, "same", CLGAN_F32, 1, shape, x);
  clgan_safetensors_add(w, "other", CLGAN_F32, 1, shape, x);
  clgan_safetensors_add(w, "same", CLGAN_U8, 1, shape, x);
  assert_int_equal(clgan_safetensors_write(w, path, &e), CLGAN_ERR_INTERNAL);
  assert_non_null(strstr(e.text, "same"));
  clgan_safetensors_writer_destroy(w);
  w = clgan_safetensors_writer_create();
  clgan_safetensors_add(w, "deep", CLGAN_F32, 9, shape, x);
  assert_int_equal(clgan_safetensors_write(w, path, NULL), CLGAN_ERR_INTERNAL);
  clgan_safetensors_writer_destroy(w);
  w = clgan_safetensors_writer_create();
  clgan_error_clear(&e);
  assert_int_equal(clgan_safetensors_write(w, "/no/such/folder/x", &e), CLGAN_ERR_IO);
  clgan_safetensors_writer_destroy(w);
  clgan_safetensors_writer_destroy(NULL);
}

/* A tensor written row by row, others after it; without finish, or with too little room, the old file stays. */
static void streamed(void **state) {
  static const unsigned char rows[3][2] = {{1, 2}, {3, 4}, {5, 6}};
  static const float x[3] = {1, 2, 3};
  const uint64_t shape[2] = {99, 2}, three[1] = {3};
  struct clgan_error e = {0};
  (void)state;
  for (int how = 0; how < 3; how++) { /* 0: whole, 1: given up, 2: a header that does not fit */
    struct clgan_safetensors_writer *w = clgan_safetensors_writer_create();
    struct clgan_safetensors_stream *stream = NULL;
    struct clgan_safetensors *s = NULL;
    assert_int_equal(clgan_safetensors_stream_begin(w, path, "m", CLGAN_U8, 2, shape, how == 2 ? 16 : 500, &stream, &e),
                     CLGAN_OK);
    assert_int_equal(clgan_safetensors_stream_rows(stream, rows, 1, &e), CLGAN_OK);
    assert_int_equal(clgan_safetensors_stream_rows(stream, rows[1], 2, &e), CLGAN_OK);
    clgan_safetensors_add(w, "a", CLGAN_U8, 1, three, rows);
    clgan_safetensors_add(w, "z", CLGAN_F32, 1, three, x);
    clgan_safetensors_add_metadata(w, "k", how ? "new" : "v");
    if (how != 1)
      assert_int_equal(clgan_safetensors_stream_finish(stream, &e), how ? CLGAN_ERR_INTERNAL : CLGAN_OK);
    clgan_safetensors_stream_close(stream);
    clgan_safetensors_writer_destroy(w);
    assert_int_equal(clgan_safetensors_open(path, &s, NULL), CLGAN_OK);
    assert_string_equal(clgan_safetensors_metadata(s, "k"), "v");
    const struct clgan_tensor *m = clgan_safetensors_find(s, "m"), *z = clgan_safetensors_find(s, "z");
    assert_true(m->shape[0] == 3 && m->shape[1] == 2 && clgan_safetensors_count(s) == 3);
    assert_memory_equal(m->data, rows, sizeof rows);
    assert_memory_equal(z->data, x, sizeof x);
    clgan_safetensors_close(s);
  }
  struct clgan_safetensors_stream *none = NULL;
  clgan_error_clear(&e);
  assert_int_equal(clgan_safetensors_stream_begin(NULL, "/no/such/folder/x", "m", CLGAN_U8, 2, shape, 8, &none, &e),
                   CLGAN_ERR_IO);
  assert_null(none);
  clgan_safetensors_stream_close(NULL);
}

static void cut_at_every_byte(void **state) {
  char *bytes;
  size_t n;
  struct clgan_error e;
  (void)state;
  write_sample();
  assert_int_equal(clgan_file_read(path, &bytes, &n, NULL), CLGAN_OK);
  for (size_t i = 0; i < n; i++) assert_int_equal(open_bytes(bytes, i, &e), CLGAN_ERR_FORMAT);
  assert_int_equal(open_bytes(bytes, n, &e), CLGAN_OK);
  bytes = clgan_mem_realloc(bytes, n + 1, 1);
  bytes[n] = 0;
  assert_int_equal(open_bytes(bytes, n + 1, &e), CLGAN_ERR_FORMAT);
  clgan_mem_free(bytes);
}

/* Any damage of the header must end in acceptance of something consistent or in one line, never in a crash. */
static void random_damage(void **state) {
  static const char letters[] = "{}[]\":,0123456789-.eE \\ux\0\xff";
  char *bytes, *copy;
  size_t n, accepted = 0, header;
  struct clgan_error e;
  struct clgan_random r;
  (void)state;
  write_sample();
  assert_int_equal(clgan_file_read(path, &bytes, &n, NULL), CLGAN_OK);
  header = (size_t)(unsigned char)bytes[0] | (size_t)(unsigned char)bytes[1] << 8;
  copy = clgan_mem_alloc(n);
  clgan_random_init(&r, 1, 0, CLGAN_STREAM_ORDER);
  for (int i = 0; i < 3000; i++) {
    memcpy(copy, bytes, n);
    for (uint32_t k = clgan_random_below(&r, 3) + 1; k; k--)
      copy[clgan_random_below(&r, (uint32_t)(8 + header))] = letters[clgan_random_below(&r, sizeof letters)];
    accepted += open_bytes(copy, n, &e) == CLGAN_OK;
  }
  assert_true(accepted < 3000); /* names and metadata may change, structure may not */
  clgan_mem_free(bytes);
  clgan_mem_free(copy);
}

static void bad_headers(void **state) {
  static const struct {
    const char *header;
    size_t data;
    const char *says; /* NULL: must be accepted */
  } rows[] = {
      {"{}", 0, NULL},
      {"{}      ", 0, NULL},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, NULL},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4],\"more\":1}}", 4, NULL},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1, NULL},
      {"{}", 4, "belong to no tensor"},
      {"{} x", 0, "damaged"},
      {"[]", 0, "no JSON header"},
      {"{\"a\"", 0, "damaged"},
      {"{\"a\":1}", 0, "not a JSON object"},
      {"{\"__metadata__\":{\"a\":1}}", 0, "not a string"},
      {"{\"__metadata__\":[]}", 0, "not a JSON object"},
      {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "twice"},
      {"{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, "twice"},
      {"{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "no dtype"},
      {"{\"a\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "not supported"},
      {"{\"a\":{\"dtype\":7,\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "no dtype"},
      {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "no shape"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "data_offsets"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "no shape"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "whole numbers"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2.5],\"data_offsets\":[0,10]}}", 10, "whole numbers"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[\"2\"],\"data_offsets\":[0,8]}}", 8, "whole numbers"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1e300],\"data_offsets\":[0,8]}}", 8, "whole numbers"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, "dimensions"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, "too large"},
      {"{\"a\":{\"dtype\":\"F64\",\"shape\":[2147483648,1073741824],\"data_offsets\":[0,0]}}", 0, "too large"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 8, "size"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,12]}}", 8, "outside"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "outside"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", 8, "data_offsets"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[9007199254740984,9007199254740992]}}", 8, "outside"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8, "data_offsets"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}", 8, "data_offsets"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
       "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "twice"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
       "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "overlap"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
       "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}", 12, "belong to no tensor"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "belong to no tensor"},
  };
  struct clgan_error e;
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    enum clgan_status status = open_header(rows[i].header, rows[i].data, &e);
    if (rows[i].says ? status == CLGAN_OK || !strstr(e.text, rows[i].says) : status != CLGAN_OK)
      fail_msg("%s: %s", rows[i].header, e.text);
  }
}

static void bad_lengths_and_nesting(void **state) {
  unsigned char bytes[4096];
  struct clgan_error e;
  (void)state;
  memset(bytes, 0xff, sizeof bytes); /* 2^64 - 1 */
  assert_int_equal(open_bytes(bytes, sizeof bytes, &e), CLGAN_ERR_FORMAT);
  memset(bytes, 0, sizeof bytes);
  assert_int_equal(open_bytes(bytes, sizeof bytes, &e), CLGAN_ERR_FORMAT);
  memset(bytes, '[', sizeof bytes);
  memcpy(bytes, "\xf8\x0f\0\0\0\0\0\0{\"a\":", 13); /* a header of 4088 bytes, ever deeper */
  assert_int_equal(open_bytes(bytes, sizeof bytes, &e), CLGAN_ERR_FORMAT);
  memcpy(bytes, "\xf9\x0f\0\0\0\0\0\0", 8); /* one byte past the end */
  assert_int_equal(open_bytes(bytes, sizeof bytes, &e), CLGAN_ERR_FORMAT);
  assert_non_null(strstr(e.text, "cut short"));
}

static void half_precision(void **state) {
  static const struct {
    float x;
    uint16_t h;
  } rows[] = {{0, 0},           {-0.0f, 0x8000},   {1, 0x3c00},           {65504, 0x7bff},        {65519, 0x7bff},
              {65520, 0x7c00},  {-1e9f, 0xfc00},   {0x1p-14f, 0x0400},    {0x1p-24f, 0x0001},     {0x1p-25f, 0x0000},
              {0x1.8p-25f, 1},  {0x1.8p-24f, 2},   {0x1.ff8p-15f, 0x3ff}, {0x1.ff4p-15f, 0x3fe},  {0x1.ffcp-15f, 0x400},
              {2049, 0x6800},   {2051, 0x6802},    {INFINITY, 0x7c00},    {-INFINITY, 0xfc00},    {1e-30f, 0}};
  (void)state;
  for (uint32_t h = 0; h < 65536; h++) {
    float x = clgan_half_to_float((uint16_t)h);
    if (isnan(x)) {
      assert_true((h & 0x7c00) == 0x7c00 && (h & 0x3ff));
      assert_true(isnan(clgan_half_to_float(clgan_half_from_float(x))));
    } else {
      assert_int_equal(clgan_half_from_float(x), h);
    }
  }
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    if (clgan_half_from_float(rows[i].x) != rows[i].h)
      fail_msg("%a gives 0x%04x, not 0x%04x", (double)rows[i].x, clgan_half_from_float(rows[i].x), rows[i].h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(round_trip),
      cmocka_unit_test(equal_content_gives_equal_bytes_and_aligned_tensors),
      cmocka_unit_test(writer_refuses),
      cmocka_unit_test(streamed),
      cmocka_unit_test(cut_at_every_byte),
      cmocka_unit_test(random_damage),
      cmocka_unit_test(bad_headers),
      cmocka_unit_test(bad_lengths_and_nesting),
      cmocka_unit_test(half_precision),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
