/* test_import_faces.c: faces with age and gender into packed sets. */
#define _XOPEN_SOURCE 700
#include <sys/stat.h>
#include "base/log.h"
#include "data/import_internal.h"
#include "import_rig.h"

static void folder(const char *name) {
  char *path = clgan_file_join(scratch, name);
  assert_int_equal(clgan_file_make_folder(path, NULL), CLGAN_OK);
  clgan_mem_free(path);
}

static void names(void **state) {
  static const struct {
    const char *name;
    int age, gender; /* age -1: refused */
  } cases[] = {
      {"26_1_3_20170104.jpg", 26, 1},
      {"part1/7_0_0_20170110212500863.jpg.chip.jpg", 7, 0},
      {"116_1_0_1.jpg", 116, 1},
      {"0_0_x.png", 0, 0},
      {"39_1_20170116174525125.jpg", 39, 1}, /* no race, as three have it */
      {"24_0_1_20170116220224657 .jpg", 24, 0},
      {"121_0_0_1.jpg", -1, 0},
      {"999_0_0_1.jpg", -1, 0},
      {"1000_0_0_1.jpg", -1, 0},
      {"-3_0_0_1.jpg", -1, 0},
      {"6.5_0_0_1.jpg", -1, 0},
      {"old_0_0_1.jpg", -1, 0},
      {"_0_0_1.jpg", -1, 0},
      {"61_3_20170109.jpg", -1, 0},
      {"61_10_20170109.jpg", -1, 0},
      {"61__20170109.jpg", -1, 0},
      {"61_1.jpg", -1, 0},
      {"61_", -1, 0},
      {"26_1_x/photo.jpg", -1, 0},
      {"", -1, 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    float age = -1;
    unsigned char gender = 7;
    bool is = clgan_import_utkface_name(cases[i].name, &age, &gender);
    if (is != (cases[i].age >= 0)) fail_msg("%s", cases[i].name);
    if (is) assert_true((int)age == cases[i].age && gender == cases[i].gender);
  }
}

static const struct clgan_import_options utkface = {
    .format = "utkface", .source = "utk", .height = SIDE, .width = SIDE, .channels = 1, .test_fraction = 0};

static void utkface_folder(void **state) {
  (void)state;
  folder("utk/part2");
  image("utk/30_0_0_1.png", 30), image("utk/40_1_0_1.png", 40);
  image("utk/part2/30_0_1_2.png", 30);                                /* a copy of the first */
  image("utk/50_0_0_1.png", 50), image("utk/part2/50_1_0_1.png", 50); /* of another gender */
  image("utk/60_1_0_1.png", 60), image("utk/part2/61_1_0_1.png", 60); /* of another age */
  image("utk/part2/5_1_0_1.PNG", 5), image("utk/someone.png", 7), image("utk/.hidden.png", 8);
  clgan_mem_free(scratch_file("utk/70_0_0_1.jpg", "\xff\xd8\xff", 3));
  clgan_mem_free(scratch_file("utk/labels.csv", "no image", 8));
  struct clgan_dataset *d = imported_source(&utkface);
  assert_int_equal(d->count, 3);
  assert_int_equal(d->labels, CLGAN_LABELS_FACE);
  static const unsigned grey[3] = {30, 40, 5}, gender[3] = {0, 1, 1}; /* by path */
  for (int i = 0; i < 3; i++) {
    assert_int_equal(d->images[i * SIDE * SIDE], grey[i]);
    assert_int_equal((int)d->age[i], grey[i]);
    assert_int_equal(d->gender[i], gender[i]);
    assert_int_equal(d->split[i], 0);
  }
  clgan_dataset_close(d);
  remove_set();
}

static void utkface_refused(void **state) {
  struct clgan_import_options o = utkface;
  struct clgan_error e = {0};
  (void)state;
  folder("none");
  folder("strangers");
  image("strangers/someone.png", 7);
  o.source = "none";
  assert_int_equal(import_source(&o, &e), CLGAN_ERR_FORMAT);
  expect_error(&e, CLGAN_ERR_FORMAT, "no image in it");
  clgan_error_clear(&e);
  o.source = "strangers";
  assert_int_equal(import_source(&o, &e), CLGAN_ERR_FORMAT);
  expect_error(&e, CLGAN_ERR_FORMAT, "none of its 1 files can be used");
  no_set();
}

/* -- FFHQ -- */
#define FACE(age, gender) "{\"faceAttributes\":{\"gender\":" gender ",\"age\":" age "}}"
#define SIZED(w, h, age, gender)                                             \
  "{\"faceRectangle\":{\"top\":1,\"left\":2,\"width\":" #w ",\"height\":" #h \
  "},\"faceAttributes\":{\"gender\":" gender ",\"age\":" age "}}"

static void labels_read(void **state) {
  static const struct {
    const char *text;
    float age; /* below 0: refused */
    int gender;
    const char *part;
  } cases[] = {
      {"[" SIZED(63, 63, "26.0", "\"female\"") "]", 26, 1, NULL},
      {" [ " FACE("0", "\"male\"") " ] \n", 0, 0, NULL},
      {"[" SIZED(20, 20, "5", "\"male\"") "," SIZED(60, 61, "31.5", "\"female\"") "," SIZED(60, 60, "70",
                                                                                            "\"male\"") "]",
       31.5f, 1, NULL},
      {"[" FACE("5", "\"male\"") "," SIZED(1, 1, "8", "\"female\"") "]", 8, 1, NULL},
      {"[" SIZED(20, 20, "\"old\"", "\"male\"") "," SIZED(60, 60, "7", "\"male\"") "]", 7, 0, NULL},
      {"[]", -1, 0, "x.json: no face in it"},
      {"[" SIZED(9, 4, "5", "\"male\"") "," SIZED(6, 6, "5", "\"male\"") "]", -1, 0,
       "2 faces in it, and none is the largest"},
      {"[" FACE("-3", "\"male\"") "]", -1, 0, "`age` is no number from 0 to 120"},
      {"[" FACE("999", "\"male\"") "]", -1, 0, "`age` is no number"},
      {"[" FACE("\"26\"", "\"male\"") "]", -1, 0, "`age` is no number"},
      {"[" FACE("1e999", "\"male\"") "]", -1, 0, "`age` is no number"},
      {"[" FACE("null", "\"male\"") "]", -1, 0, "`age` is no number"},
      {"[" FACE("26", "\"other\"") "]", -1, 0, "`gender` is neither male nor female"},
      {"[" FACE("26", "1") "]", -1, 0, "`gender` is neither"},
      {"[{\"faceAttributes\":{\"age\":26}}]", -1, 0, "`gender` is neither"},
      {"[{}]", -1, 0, "`age` is no number"},
      {"[7]", -1, 0, "`age` is no number"},
      {"[null,[]]", -1, 0, "none is the largest"},
      {FACE("26", "\"male\""), -1, 0, "not a list of faces"},
      {"\"x\"", -1, 0, "not a list of faces"},
      {"", -1, 0, "damaged JSON at byte 1"},
      {"[" FACE("26", "\"male\""), -1, 0, "damaged JSON"},
      {"[" FACE("26", "\"male\"") "] x", -1, 0, "damaged JSON"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct clgan_error e = {0};
    float age = -1;
    unsigned char gender = 7;
    enum clgan_status status =
        clgan_import_ffhq_label("x.json", cases[i].text, strlen(cases[i].text), &age, &gender, &e);
    if (cases[i].age < 0) {
      expect_error(&e, CLGAN_ERR_FORMAT, cases[i].part);
      continue;
    }
    if (status != CLGAN_OK) fail_msg("%s: %s", cases[i].text, e.text);
    assert_float_equal(age, cases[i].age, 0);
    assert_int_equal(gender, cases[i].gender);
  }
}

static void label(const char *name, const char *text) {
  clgan_mem_free(scratch_file(name, text, strlen(text)));
}

static void expect_faces(const struct clgan_import_options *o, unsigned n, const unsigned *greys, const float *ages,
                         const unsigned *genders) {
  struct clgan_dataset *d = imported_source(o);
  assert_int_equal(d->count, n);
  assert_int_equal(d->labels, CLGAN_LABELS_FACE);
  for (unsigned i = 0; i < n; i++) {
    assert_int_equal(d->images[i * d->height * d->width * d->channels], greys[i]);
    assert_float_equal(d->age[i], ages[i], 0);
    assert_int_equal(d->gender[i], genders[i]);
  }
  clgan_dataset_close(d);
  remove_set();
}

/* Images in folders by thousands, labels in one; some of either have no counterpart. */
static void ffhq_folders(void **state) {
  (void)state;
  folder("ffhq/00000");
  folder("ffhq/01000");
  folder("json");
  image("ffhq/00000/00000.png", 10), image("ffhq/00000/00001.png", 20), image("ffhq/00000/00002.png", 30);
  image("ffhq/01000/01000.png", 40), image("ffhq/01000/01001.png", 50), image("ffhq/01000/01002.png", 60);
  label("json/00000.json", "[" FACE("10.0", "\"female\"") "]");
  label("json/00001.json", "[]");
  label("json/00003.json", "[" FACE("11.0", "\"female\"") "]");
  label("json/01000.json", "[" SIZED(9, 9, "40.0", "\"male\"") "," SIZED(8, 8, "3", "\"female\"") "]");
  label("json/01001.json", "[" FACE("\"old\"", "\"female\"") "]");
  label("json/01002.json", "[" FACE("60.0", "\"female\"") "]");
  char *labels = clgan_file_join(scratch, "json");
  struct clgan_import_options o = utkface;
  o.format = "ffhq", o.source = "ffhq", o.labels = labels;
  static const unsigned greys[3] = {10, 40, 60}, genders[3] = {1, 0, 1};
  static const float ages[3] = {10, 40, 60};
  expect_faces(&o, 3, greys, ages, genders);

  image("ffhq/01000/00000.jpg", 1); /* thumbnails beside the photographs */
  struct clgan_error e = {0};
  assert_int_equal(import_source(&o, &e), CLGAN_ERR_FORMAT);
  expect_error(&e, CLGAN_ERR_FORMAT, "two images of one name, 00000/00000.png and 01000/00000.jpg");
  clgan_error_clear(&e);
  o.labels = NULL;
  assert_int_equal(import_source(&o, &e), CLGAN_ERR_FORMAT);
  expect_error(&e, CLGAN_ERR_FORMAT, "no label file (NAME.json) in it");
  clgan_error_clear(&e);
  o.format = "utkface", o.labels = labels;
  assert_int_equal(import_source(&o, &e), CLGAN_ERR_USAGE);
  expect_error(&e, CLGAN_ERR_USAGE, "--labels: --format utkface has no folder of labels");
  clgan_mem_free(labels);
  no_set();
}

/* The label files that come with FFHQ, as far as there are any: one has an empty list. */
static void ffhq_samples(void **state) {
  char *labels = outside_data("ffhq-features-sample");
  (void)state;
  if (!labels) skip();
  folder("photos");
  for (unsigned i = 0; i < 40; i++) {
    char name[40];
    snprintf(name, sizeof name, "photos/%05u.png", i);
    image(name, i);
  }
  struct clgan_import_options o = utkface;
  o.format = "ffhq", o.source = "photos", o.labels = labels;
  struct clgan_dataset *d = imported_source(&o);
  assert_int_equal(d->count, 39);
  for (uint32_t i = 0; i < d->count; i++) assert_in_range((int)d->age[i], 0, 72);
  assert_true(d->age[1] > 25 && d->age[1] < 27 && d->gender[1] == 1);
  clgan_dataset_close(d);
  remove_set();
  clgan_mem_free(labels);
}

/* -- tables -- */
static void tables(void **state) {
  struct clgan_import_options o = utkface;
  struct clgan_error e = {0};
  (void)state;
  o.format = "csv", o.source = "faces.csv";
  for (unsigned i = 1; i <= 9; i++) {
    char name[16];
    snprintf(name, sizeof name, "f%u.png", i);
    image(name, i);
  }
  label("faces.csv",
        "Gender,file,age,who\nmale,f1.png,30,x\n F , f2.png,x\n F ,f2.png, 31.5 ,x\n1,f3.png,0,x\n0,f4.png,-3,x\n"
        "man,f5.png,999,x\nmale,f6.png,thirty,x\nmale,f7.png,,x\nboth,f8.png,20,x\n,f8.png,20,x\n"
        "female,missing.png,20,x\nWoman,f9.png,120,x\nmale,,50,x\nmale,f1.png,30,again\n");
  static const unsigned greys[4] = {1, 2, 3, 9}, genders[4] = {0, 1, 1, 1};
  static const float ages[4] = {30, 31.5f, 0, 120};
  expect_faces(&o, 4, greys, ages, genders);
  static const char *const wrong[][2] = {
      {"file,age\nf1.png,30\n", "no column `gender`"},
      {"file,gender\nf1.png,male\n", "no column `age`"},
      {"age,gender\n30,male\n", "no column `file`"},
      {"file\nf1.png\n", "no column `class`; its header line has: file; it needs: file, class; or file, age, gender"},
      {"file,age,gender\n", "no usable row below the header; each names a file and its age and gender"},
      {"file,age,gender\nf1.png,30,x\n", "none of its 1 files can be used"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    clgan_error_clear(&e);
    label("faces.csv", wrong[i][0]);
    assert_int_equal(import_source(&o, &e), CLGAN_ERR_FORMAT);
    expect_error(&e, CLGAN_ERR_FORMAT, wrong[i][1]);
  }
  no_set();
}

/* One pixel, and a strip whose middle square is ten pixels wide. */
static void strange_sizes(void **state) {
  struct clgan_import_options o = utkface;
  (void)state;
  enum { WIDTH = 20000, HEIGHT = 10 };
  unsigned char *strip = clgan_mem_alloc(WIDTH * HEIGHT);
  for (int y = 0; y < HEIGHT; y++) memset(strip + y * WIDTH + WIDTH / 2 - 5, 90, 10);
  folder("sizes");
  char *path = clgan_file_join(scratch, "sizes/1_0_0.png");
  assert_int_equal(clgan_image_write_png(path, 1, 1, 1, (const unsigned char *)"\x50", NULL), CLGAN_OK);
  clgan_mem_free(path);
  path = clgan_file_join(scratch, "sizes/2_1_0.png");
  assert_int_equal(clgan_image_write_png(path, HEIGHT, WIDTH, 1, strip, NULL), CLGAN_OK);
  clgan_mem_free(path);
  clgan_mem_free(strip);
  o.source = "sizes", o.height = o.width = 64, o.channels = 3;
  struct clgan_dataset *d = imported_source(&o);
  assert_int_equal(d->count, 2);
  for (int i = 0; i < 64 * 64 * 3; i++) {
    assert_int_equal(d->images[i], 0x50);
    assert_int_equal(d->images[64 * 64 * 3 + i], 90);
  }
  clgan_dataset_close(d);
  remove_set();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(names),           cmocka_unit_test(utkface_folder),
                                     cmocka_unit_test(utkface_refused), cmocka_unit_test(labels_read),
                                     cmocka_unit_test(ffhq_folders),    cmocka_unit_test(ffhq_samples),
                                     cmocka_unit_test(tables),          cmocka_unit_test(strange_sizes)};
  clgan_log_set_level(CLGAN_LOG_QUIET);
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
