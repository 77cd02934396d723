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

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(utkface_folder),
                                     cmocka_unit_test(utkface_refused)};
  clgan_log_set_level(CLGAN_LOG_QUIET);
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
