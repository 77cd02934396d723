/* test_import.c: image files and tables of them into packed sets. */
#define _XOPEN_SOURCE 700
#include "base/log.h"
#include "data/pool.h"
#include "import_rig.h"

static enum clgan_status import(const char *table, const struct clgan_import_options *with, struct clgan_error *e) {
  struct clgan_import_options o = *with;
  clgan_mem_free(scratch_file("labels.csv", table, strlen(table)));
  o.format = "csv", o.source = "labels.csv";
  return import_source(&o, e);
}

static struct clgan_dataset *imported(const char *table, const struct clgan_import_options *with) {
  struct clgan_import_options o = *with;
  clgan_mem_free(scratch_file("labels.csv", table, strlen(table)));
  o.format = "csv", o.source = "labels.csv";
  return imported_source(&o);
}

static const struct clgan_import_options grey8 = {.height = SIDE, .width = SIDE, .channels = 1, .test_fraction = 0};

/* Copies are taken once or, under two labels, not at all; what cannot be read is left out; the rest keeps its order. */
static void good_and_bad(void **state) {
  (void)state;
  image("a.png", 10), image("b.png", 20), image("copy of a.png", 10), image("c.png", 30), image("c2.png", 30);
  image("d,e.png", 40);
  clgan_mem_free(scratch_file("text.png", "no image", 8));
  clgan_mem_free(scratch_file("cut.png", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16));
  struct clgan_dataset *d = imported(
      "class,file\n"
      "zebra,b.png\nant,a.png\nant,copy of a.png\nzebra,missing.png\nbee,c.png\nzebra,c2.png\n"
      "ant,text.png\nant,cut.png\nbee,.\n,b.png\nant\nant,\n bee ,\"d,e.png\"\n",
      &grey8);
  assert_int_equal(d->count, 3);
  assert_int_equal(d->class_names.n, 3);
  assert_string_equal(d->class_names.items[0], "ant");
  assert_string_equal(d->class_names.items[2], "zebra");
  static const unsigned char grey[3] = {20, 10, 40}, digit[3] = {2, 0, 1};
  for (int i = 0; i < 3; i++) {
    assert_int_equal(d->images[i * SIDE * SIDE + 5], grey[i]);
    assert_int_equal(d->digit[i], digit[i]);
    assert_int_equal(d->split[i], 0);
  }
  clgan_dataset_close(d);
  remove_set();
}

static void numbers(void **state) {
  (void)state;
  image("a.png", 10), image("b.png", 20), image("c.png", 30), image("d.png", 40);
  struct clgan_dataset *d = imported("file,class\na.png,10\nb.png,9\nc.png,2.5\nd.png,09\n", &grey8);
  static const char *const names[3] = {"2.5", "09", "10"};
  static const unsigned char digit[4] = {2, 1, 0, 1};
  assert_int_equal(d->class_names.n, 3);
  for (int i = 0; i < 3; i++) assert_string_equal(d->class_names.items[i], names[i]);
  for (int i = 0; i < 4; i++) assert_int_equal(d->digit[i], digit[i]);
  clgan_dataset_close(d);
  d = imported("file,class\na.png,10\nb.png,9\nc.png,x\n", &grey8); /* one text: they all are */
  assert_string_equal(d->class_names.items[0], "10");
  assert_string_equal(d->class_names.items[1], "9");
  clgan_dataset_close(d);
  remove_set();
}

/* The split follows from content alone: the same files fall to the same side in any order and company. */
static void split_by_content(void **state) {
  enum { N = 60 };
  struct clgan_import_options o = grey8;
  struct clgan_text forward = {0}, backward = {0};
  unsigned char side[256];
  uint32_t test = 0;
  (void)state;
  clgan_text_printf(&forward, "file,class\n");
  clgan_text_printf(&backward, "file,class\n");
  for (unsigned i = 0; i < N; i++) {
    char name[32];
    snprintf(name, sizeof name, "s%u.png", i);
    image(name, i);
    clgan_text_printf(&forward, "%s,%u\n", name, i % 2);
    snprintf(name, sizeof name, "s%u.png", N - 1 - i);
    if (i % 3) clgan_text_printf(&backward, "%s,same\n", name);
  }
  o.test_fraction = 0.3;
  struct clgan_dataset *d = imported(forward.s, &o);
  assert_int_equal(d->count, N);
  for (uint32_t i = 0; i < N; i++) side[d->images[i * SIDE * SIDE]] = d->split[i], test += d->split[i];
  assert_in_range(test, 8, 29); /* 18 expected, sd 3.5 */
  clgan_dataset_close(d);
  d = imported(backward.s, &o);
  assert_int_equal(d->count, 40);
  for (uint32_t i = 0; i < 40; i++) assert_int_equal(d->split[i], side[d->images[i * SIDE * SIDE]]);
  clgan_dataset_close(d);
  clgan_text_free(&forward);
  clgan_text_free(&backward);
  remove_set();
}

/* The largest centred part of the output's shape; colours from grey and back. */
static void shapes(void **state) {
  unsigned char pixels[12 * 8 * 3], *p = pixels;
  (void)state;
  for (int y = 0; y < 12; y++) /* red above, green in the middle four rows, blue below */
    for (int x = 0; x < 8; x++, p += 3) memset(p, 0, 3), p[y < 4 ? 0 : y < 8 ? 1 : 2] = 200;
  char *path = clgan_file_join(scratch, "rgb.png");
  assert_int_equal(clgan_image_write_png(path, 12, 8, 3, pixels, NULL), CLGAN_OK);
  clgan_mem_free(path);
  struct clgan_import_options o = {.height = 4, .width = 8, .channels = 3, .test_fraction = 0};
  struct clgan_dataset *d = imported("file,class\nrgb.png,x\n", &o);
  assert_int_equal(d->height, 4);
  assert_int_equal(d->width, 8);
  for (int i = 0; i < 4 * 8; i++) assert_true(d->images[3 * i] == 0 && d->images[3 * i + 1] == 200);
  clgan_dataset_close(d);
  o.height = o.width = 0, o.channels = 0, o.test_fraction = -1;
  d = imported("file,class\nrgb.png,x\n", &o);
  assert_true(d->height == 64 && d->width == 64 && d->channels == 3);
  clgan_dataset_close(d);
  remove_set();
}

static void refused(const char *table, enum clgan_status status, const char *part) {
  struct clgan_error e = {0};
  assert_int_equal(import(table, &grey8, &e), status);
  expect_error(&e, status, part);
  no_set();
}

static void tables_refused(void **state) {
  struct clgan_text many = {0};
  (void)state;
  remove_set();
  image("a.png", 10);
  refused("file,label\na.png,x\n", CLGAN_ERR_FORMAT, "no column `class`; its header line has: file, label");
  refused("path,class\na.png,x\n", CLGAN_ERR_FORMAT, "no column `file`");
  refused("", CLGAN_ERR_FORMAT, "labels.csv: it is empty");
  refused("file,class\n", CLGAN_ERR_FORMAT, "no usable row");
  refused("file,class\na.png,\"x\n", CLGAN_ERR_FORMAT, "labels.csv:2: a quote");
  refused("file,class\nmissing.png,x\nmissing2.png,y\n", CLGAN_ERR_FORMAT, "none of its 2 files can be used");
  clgan_text_printf(&many, "file,class\n");
  for (int i = 0; i < 257; i++) clgan_text_printf(&many, "a.png,class %d\n", i);
  refused(many.s, CLGAN_ERR_FORMAT, "labels.csv:258: more than 256 classes");
  clgan_text_free(&many);
  clgan_text_printf(&many, "file,class\na.png,");
  for (int i = 0; i < 201; i++) clgan_text_printf(&many, "x");
  refused(many.s, CLGAN_ERR_FORMAT, "labels.csv:2: a class of more than 200 bytes");
  clgan_text_free(&many);
}

/* A stop that was asked for leaves nothing, and what stood there before stays. */
static void interrupted(void **state) {
  static const volatile sig_atomic_t stop = 1;
  struct clgan_import_options o = grey8;
  struct clgan_error e = {0};
  (void)state;
  image("a.png", 10);
  o.stop = &stop;
  assert_int_equal(import("file,class\na.png,x\n", &o, &e), CLGAN_ERR_INTERRUPTED);
  no_set();
  clgan_mem_free(scratch_file("set.safetensors", "old", 3));
  assert_int_equal(import("file,class\na.png,x\n", &o, &e), CLGAN_ERR_INTERRUPTED);
  char *path = clgan_file_join(scratch, "set.safetensors"), *text;
  size_t size;
  assert_int_equal(clgan_file_read(path, &text, &size, NULL), CLGAN_OK);
  assert_string_equal(text, "old");
  clgan_mem_free(text);
  clgan_mem_free(path);
  remove_set();
}

/* MNIST's folder and what is imported from it have the same content, split and name. */
static void mnist_same(void **state) {
  char *folder = outside_data("mnist");
  (void)state;
  if (!folder) skip();
  char *out = clgan_file_join(scratch, "mnist.safetensors");
  struct clgan_import_options o = {.format = "mnist", .source = folder, .out = out, .test_fraction = -1};
  struct clgan_dataset *a, *b;
  assert_int_equal(clgan_import_run(&o, NULL), CLGAN_OK);
  assert_int_equal(clgan_dataset_open(folder, NULL, &a, NULL), CLGAN_OK);
  assert_int_equal(clgan_dataset_open(out, NULL, &b, NULL), CLGAN_OK);
  assert_string_equal(clgan_dataset_hash(a), clgan_dataset_hash(b));
  assert_int_equal(b->class_names.n, 0);
  clgan_dataset_close(a);
  clgan_dataset_close(b);
  clgan_mem_free(out);
  clgan_mem_free(folder);
}

/* -- the loop under it -- */
struct sums {
  size_t next, stop_at;
  unsigned long total;
};

static void square(void *context, size_t item, void *slot) {
  (void)context;
  *(size_t *)slot += item * item; /* the sum also tells whether slots are zeroed */
}

static enum clgan_status in_order(void *context, size_t item, void *slot, struct clgan_error *e) {
  struct sums *s = context;
  assert_int_equal(item, s->next++);
  s->total += *(size_t *)slot;
  return item == s->stop_at ? clgan_error_set(e, CLGAN_ERR_FORMAT, "enough") : CLGAN_OK;
}

static void pool_in_order(void **state) {
  struct sums s = {0, SIZE_MAX, 0};
  struct clgan_pool p = {5000, sizeof(size_t), square, in_order, &s};
  struct clgan_error e = {0};
  (void)state;
  assert_int_equal(clgan_pool_run(&p, &e), CLGAN_OK);
  assert_true(s.total == 41654167500ul);
  s = (struct sums){0, 1234, 0};
  assert_int_equal(clgan_pool_run(&p, &e), CLGAN_ERR_FORMAT);
  assert_int_equal(s.next, 1235);
  p.n = 0;
  assert_int_equal(clgan_pool_run(&p, NULL), CLGAN_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(good_and_bad),     cmocka_unit_test(numbers),
                                     cmocka_unit_test(split_by_content), cmocka_unit_test(shapes),
                                     cmocka_unit_test(tables_refused),   cmocka_unit_test(interrupted),
                                     cmocka_unit_test(mnist_same),       cmocka_unit_test(pool_in_order)};
  clgan_log_set_level(CLGAN_LOG_QUIET);
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
