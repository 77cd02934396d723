/* test_dataset.c: opening every kind of set, parts, batches, identity. */
#define _XOPEN_SOURCE 700
#include "data/dataset.h"
#include <math.h>
#include <stdbool.h>
#include "base/safetensors.h"
#include "scratch.h"

enum { TRAIN = 10, TEST = 4, COUNT = TRAIN + TEST, SIDE = 3, PIXELS = SIDE * SIDE };

static char *new_folder(const char *name) {
  char *path = clgan_file_join(scratch, name);
  assert_int_equal(clgan_file_make_folder(path, NULL), CLGAN_OK);
  return path;
}

static void write_idx(const char *folder, const char *name, int dims, unsigned count, unsigned first) {
  unsigned char file[16 + COUNT * PIXELS] = {
      0, 0, 8, (unsigned char)dims, 0, 0, 0, (unsigned char)count, 0, 0, 0, SIDE, 0, 0, 0, SIDE};
  size_t head = 4 + 4 * (size_t)dims, size = dims == 3 ? count * PIXELS : count;
  for (size_t i = 0; i < size; i++) file[head + i] = (unsigned char)(dims == 3 ? first * PIXELS + i : (first + i) % 7);
  char *path = clgan_file_join(folder, name);
  assert_int_equal(clgan_file_write(path, file, head + size, NULL), CLGAN_OK);
  clgan_mem_free(path);
}

static char *mnist_folder(const char *name) {
  char *folder = new_folder(name);
  write_idx(folder, "train-images-idx3-ubyte", 3, TRAIN, 0);
  write_idx(folder, "train-labels.idx1-ubyte", 1, TRAIN, 0);
  write_idx(folder, "t10k-images.idx3-ubyte", 3, TEST, TRAIN);
  write_idx(folder, "t10k-labels-idx1-ubyte", 1, TEST, TRAIN);
  return folder;
}

static struct clgan_dataset *open_good(const char *spec, const struct clgan_dataset_want *want) {
  struct clgan_error e = {0};
  struct clgan_dataset *d;
  if (clgan_dataset_open(spec, want, &d, &e) != CLGAN_OK) fail_msg("%s", e.text);
  assert_string_equal(d->name, spec);
  return d;
}

static void open_bad(const char *spec, const struct clgan_dataset_want *want, enum clgan_status status,
                     const char *part) {
  struct clgan_error e = {0};
  struct clgan_dataset *d;
  assert_int_equal(clgan_dataset_open(spec, want, &d, &e), status);
  assert_null(d);
  expect_error(&e, status, part);
  expect_error(&e, status, spec);
}

static void idx_folder(void **state) {
  (void)state;
  char *folder = mnist_folder("mnist");
  struct clgan_dataset_want want = {.height = SIDE, .width = SIDE, .channels = 1, .labels = CLGAN_LABELS_CLASS, .classes = 7};
  struct clgan_dataset *d = open_good(folder, &want);
  assert_int_equal(d->count, COUNT);
  assert_int_equal(d->height, SIDE);
  assert_int_equal(d->channels, 1);
  assert_int_equal(d->classes, 7);
  assert_null(d->age);
  for (unsigned i = 0; i < COUNT; i++) {
    assert_int_equal(d->digit[i], i % 7);
    assert_int_equal(d->split[i], i >= TRAIN);
    for (unsigned k = 0; k < PIXELS; k++) assert_int_equal(d->images[i * PIXELS + k], i * PIXELS + k);
  }
  clgan_dataset_close(d);
  want.classes = 6;
  open_bad(folder, &want, CLGAN_ERR_USAGE, "it has a label 6, the model's classes are 0 to 5");
  want = (struct clgan_dataset_want){.height = 28, .width = 28, .channels = 1};
  open_bad(folder, &want, CLGAN_ERR_USAGE, "its images are 3x3 with 1 channel, the model takes 28x28 with 1");
  want = (struct clgan_dataset_want){.labels = CLGAN_LABELS_FACE};
  open_bad(folder, &want, CLGAN_ERR_USAGE, "the model needs ages and genders");
  clgan_mem_free(folder);
}

static void idx_folder_faults(void **state) {
  (void)state;
  char *folder = mnist_folder("faults");
  write_idx(folder, "t10k-labels-idx1-ubyte", 1, TEST - 1, 0);
  open_bad(folder, NULL, CLGAN_ERR_FORMAT, "t10k-images.idx3-ubyte: 4 images, but 3 labels in ");
  char *path = clgan_file_join(folder, "t10k-labels-idx1-ubyte");
  assert_int_equal(unlink(path), 0);
  clgan_mem_free(path);
  open_bad(folder, NULL, CLGAN_ERR_USAGE, "no t10k-labels-idx1-ubyte");
  path = clgan_file_join(folder, "t10k-images.idx3-ubyte");
  open_bad(path, NULL, CLGAN_ERR_USAGE, "give the folder");
  assert_int_equal(unlink(path), 0);
  clgan_mem_free(path);
  struct clgan_dataset *d = open_good(folder, NULL); /* training alone is enough */
  assert_int_equal(d->count, TRAIN);
  clgan_dataset_close(d);
  path = clgan_file_join(folder, "train-images-idx3-ubyte");
  assert_int_equal(clgan_file_write(path, "\0\0\x08\x03\xff\xff\xff\xff\0\0\0\x1c\0\0\0\x1c", 16, NULL), CLGAN_OK);
  open_bad(folder, NULL, CLGAN_ERR_FORMAT, "train-images-idx3-ubyte: its header announces 4294967295 items");
  clgan_mem_free(path);
  clgan_mem_free(folder);
  folder = new_folder("empty");
  open_bad(folder, NULL, CLGAN_ERR_USAGE, "no train-images-idx3-ubyte[.gz]");
  clgan_mem_free(folder);
  folder = clgan_file_join(scratch, "nowhere");
  open_bad(folder, NULL, CLGAN_ERR_USAGE, "no such data set");
  clgan_mem_free(folder);
}

/* What a packed file is to hold; NULL members are left out. */
struct packed {
  const unsigned char *digit, *gender, *split;
  const float *age;
  uint32_t labels; /* rows of the label columns */
};

static char *write_packed(const char *name, const struct packed *p) {
  static unsigned char images[COUNT * PIXELS];
  for (unsigned i = 0; i < sizeof images; i++) images[i] = (unsigned char)i;
  uint64_t shape[4] = {COUNT, SIDE, SIDE, 1}, rows[1] = {p->labels};
  struct clgan_safetensors_writer *w = clgan_safetensors_writer_create();
  clgan_safetensors_add(w, "images", CLGAN_U8, 4, shape, images);
  if (p->digit) clgan_safetensors_add(w, "digit", CLGAN_U8, 1, rows, p->digit);
  if (p->gender) clgan_safetensors_add(w, "gender", CLGAN_U8, 1, rows, p->gender);
  if (p->split) clgan_safetensors_add(w, "split", CLGAN_U8, 1, rows, p->split);
  if (p->age) clgan_safetensors_add(w, "age", CLGAN_F32, 1, rows, p->age);
  char *path = clgan_file_join(scratch, name);
  struct clgan_error e = {0};
  if (clgan_safetensors_write(w, path, &e) != CLGAN_OK) fail_msg("%s", e.text);
  clgan_safetensors_writer_destroy(w);
  return path;
}

static void write_bad(const struct packed *p, const char *part) {
  char *path = write_packed("bad.safetensors", p);
  open_bad(path, NULL, CLGAN_ERR_FORMAT, part);
  clgan_mem_free(path);
}

static void packed_set(void **state) {
  (void)state;
  unsigned char digit[COUNT], gender[COUNT], split[COUNT];
  float age[COUNT];
  for (unsigned i = 0; i < COUNT; i++)
    digit[i] = (unsigned char)(i % 7), gender[i] = i & 1, split[i] = i >= TRAIN, age[i] = (float)i * 9.5f;
  struct packed all = {digit, gender, split, age, COUNT}, p = all;
  char *path = write_packed("all.safetensors", &p);
  struct clgan_dataset_want faces = {.labels = CLGAN_LABELS_FACE};
  struct clgan_dataset *d = open_good(path, &faces);
  assert_int_equal(d->labels, CLGAN_LABELS_FACE);
  assert_memory_equal(d->age, age, sizeof age);
  assert_memory_equal(d->gender, gender, sizeof gender);
  assert_null(d->digit);
  clgan_dataset_close(d);
  d = open_good(path, NULL);
  assert_int_equal(d->labels, CLGAN_LABELS_CLASS);
  assert_memory_equal(d->split, split, sizeof split);
  /* Equal content has one name, whatever the container; other content another. */
  char *folder = mnist_folder("same");
  struct clgan_dataset *idx = open_good(folder, NULL);
  assert_int_equal(strlen(clgan_dataset_hash(d)), 64);
  assert_string_equal(clgan_dataset_hash(d), clgan_dataset_hash(idx));
  clgan_dataset_close(idx);
  split[0] = 1;
  clgan_mem_free(path);
  path = write_packed("other.safetensors", &all);
  struct clgan_dataset *other = open_good(path, NULL);
  assert_string_not_equal(clgan_dataset_hash(d), clgan_dataset_hash(other));
  clgan_dataset_close(other);
  clgan_dataset_close(d);
  p = (struct packed){.labels = COUNT}; /* bare images */
  clgan_mem_free(path);
  path = write_packed("bare.safetensors", &p);
  d = open_good(path, NULL);
  assert_int_equal(d->labels, CLGAN_LABELS_NONE);
  assert_int_equal(d->split[COUNT - 1], 0);
  clgan_dataset_close(d);
  struct clgan_dataset_want classes = {.labels = CLGAN_LABELS_CLASS};
  open_bad(path, &classes, CLGAN_ERR_USAGE, "its labels are no labels");
  clgan_mem_free(path);
  clgan_mem_free(folder);
  split[0] = 0;
  p = all, p.labels = COUNT - 1;
  write_bad(&p, "`split` is not U8 [14]");
  p = all, p.age = NULL;
  write_bad(&p, "`gender` without `age`");
  p = all, p.digit = NULL, gender[3] = 2;
  write_bad(&p, "`gender` of image 3 is 2");
  gender[3] = 0, age[5] = NAN;
  write_bad(&p, "`age` of image 5 is nan");
  split[7] = 9;
  write_bad(&p, "`split` of image 7 is 9");
}

static void packed_not(void **state) {
  (void)state;
  char *path = scratch_file("text.safetensors", "just some text", 14);
  open_bad(path, NULL, CLGAN_ERR_FORMAT, "text.safetensors");
  clgan_mem_free(path);
  path = clgan_file_join(scratch, "weights.safetensors");
  struct clgan_safetensors_writer *w = clgan_safetensors_writer_create();
  uint64_t shape[1] = {3};
  clgan_safetensors_add(w, "images", CLGAN_F32, 1, shape, "abcdefghijkl");
  assert_int_equal(clgan_safetensors_write(w, path, NULL), CLGAN_OK);
  clgan_safetensors_writer_destroy(w);
  open_bad(path, NULL, CLGAN_ERR_FORMAT, "`images` is not U8 [N,H,W,C]");
  w = clgan_safetensors_writer_create();
  clgan_safetensors_add(w, "G.fc.weight", CLGAN_F32, 1, shape, "abcdefghijkl");
  assert_int_equal(clgan_safetensors_write(w, path, NULL), CLGAN_OK);
  clgan_safetensors_writer_destroy(w);
  open_bad(path, NULL, CLGAN_ERR_FORMAT, "not a packed data set");
  clgan_mem_free(path);
}

static void parts(void **state) {
  (void)state;
  char *folder = mnist_folder("parts");
  struct clgan_dataset *d = open_good(folder, NULL);
  struct clgan_error e = {0};
  uint32_t *items, n;
  uint64_t counts[256];
  assert_int_equal(clgan_dataset_select(d, CLGAN_PART_TRAIN, 3, &items, &n, &e), CLGAN_OK);
  assert_int_equal(n, TRAIN - 3);
  for (uint32_t i = 0; i < n; i++) assert_int_equal(items[i], i);
  clgan_dataset_class_counts(d, items, n, counts);
  for (int k = 0; k < 256; k++) assert_int_equal(counts[k], k < 7);
  clgan_mem_free(items);
  assert_int_equal(clgan_dataset_select(d, CLGAN_PART_HOLDOUT, 3, &items, &n, &e), CLGAN_OK);
  assert_int_equal(n, 3);
  for (uint32_t i = 0; i < n; i++) assert_int_equal(items[i], TRAIN - 3 + i);
  clgan_mem_free(items);
  assert_int_equal(clgan_dataset_select(d, CLGAN_PART_TEST, 3, &items, &n, &e), CLGAN_OK);
  assert_int_equal(n, TEST);
  for (uint32_t i = 0; i < n; i++) assert_int_equal(items[i], TRAIN + i);
  clgan_mem_free(items);
  assert_int_equal(clgan_dataset_select(d, CLGAN_PART_HOLDOUT, 0, &items, &n, &e), CLGAN_ERR_USAGE);
  expect_error(&e, CLGAN_ERR_USAGE, "nothing was held out");
  clgan_error_clear(&e);
  assert_int_equal(clgan_dataset_select(d, CLGAN_PART_TRAIN, TRAIN, &items, &n, &e), CLGAN_ERR_USAGE);
  expect_error(&e, CLGAN_ERR_USAGE, "holdout=10 leaves nothing");
  clgan_dataset_close(d);
  clgan_mem_free(folder);
}

static void batches(void **state) {
  (void)state;
  enum { BATCH = 4, STEPS = 25 }; /* 100 samples: 10 epochs of 10 */
  char *folder = mnist_folder("batches");
  struct clgan_dataset *d = open_good(folder, NULL);
  struct clgan_error e = {0};
  struct clgan_batches *b, *again;
  assert_int_equal(clgan_batches_create(d, CLGAN_PART_TRAIN, 0, BATCH, 7, true, &b, &e), CLGAN_OK);
  uint32_t all[STEPS * BATCH], direct[BATCH];
  for (uint64_t s = 0; s < STEPS; s++) clgan_batches_items(b, s, all + s * BATCH);
  bool differ = false;
  for (int epoch = 0; epoch < 10; epoch++) { /* every epoch holds every item once; no two are in the same order */
    unsigned seen = 0;
    for (int i = 0; i < TRAIN; i++) seen |= 1u << all[epoch * TRAIN + i];
    assert_int_equal(seen, (1u << TRAIN) - 1);
    if (epoch) differ |= memcmp(all, all + epoch * TRAIN, TRAIN * sizeof all[0]) != 0;
  }
  assert_true(differ);
  for (int s = STEPS - 1; s >= 0; s -= 3) { /* any step directly */
    assert_int_equal(clgan_batches_create(d, CLGAN_PART_TRAIN, 0, BATCH, 7, false, &again, &e), CLGAN_OK);
    clgan_batches_items(again, (uint64_t)s, direct);
    assert_memory_equal(direct, all + s * BATCH, sizeof direct);
    clgan_batches_destroy(again);
  }
  assert_int_equal(clgan_batches_create(d, CLGAN_PART_TRAIN, 0, TRAIN, 8, false, &again, &e), CLGAN_OK);
  uint32_t other[TRAIN];
  clgan_batches_items(again, 0, other);
  assert_memory_not_equal(other, all, sizeof other); /* another seed, another order */
  clgan_batches_destroy(again);
  unsigned char images[BATCH * PIXELS];
  int32_t digit[BATCH];
  float age[BATCH] = {-1.0f};
  struct clgan_batch_labels labels = {digit, age, NULL};
  clgan_batches_gather(b, 2, images, &labels);
  for (int i = 0; i < BATCH; i++) {
    uint32_t item = all[2 * BATCH + i];
    assert_int_equal(digit[i], item % 7);
    assert_memory_equal(images + i * PIXELS, d->images + item * PIXELS, PIXELS);
  }
  assert_true(age[0] < 0.0f); /* the set has none: untouched */
  clgan_batches_destroy(b);
  assert_int_equal(clgan_batches_create(d, CLGAN_PART_TRAIN, 0, 0, 7, false, &b, &e), CLGAN_ERR_USAGE);
  assert_null(b);
  clgan_dataset_close(d);
  clgan_mem_free(folder);
}

/* 9 of one group, 1 of another, 4 for the test: drawn 3 : 1 when balanced, since weights are 9/3 and 1/1. */
static void balanced(void **state) {
  (void)state;
  unsigned char gender[COUNT] = {0}, split[COUNT] = {0};
  float age[COUNT];
  for (unsigned i = 0; i < COUNT; i++) age[i] = i == 4 ? 64.0f : 25.0f, split[i] = i >= TRAIN;
  struct packed p = {NULL, gender, split, age, COUNT};
  char *path = write_packed("balanced.safetensors", &p);
  struct clgan_dataset *d = open_good(path, NULL);
  enum { BATCH = 100, STEPS = 40 };
  struct clgan_batches *b;
  assert_int_equal(clgan_batches_create(d, CLGAN_PART_TRAIN, 0, BATCH, 3, true, &b, NULL), CLGAN_OK);
  uint32_t items[BATCH], first[BATCH];
  unsigned old = 0, times[COUNT] = {0};
  for (uint64_t s = 0; s < STEPS; s++) {
    clgan_batches_items(b, s, items);
    if (s == 0) memcpy(first, items, sizeof first);
    for (int i = 0; i < BATCH; i++) old += items[i] == 4, times[items[i]]++;
  }
  assert_in_range(old, 890, 1110); /* 1000, sd 27 */
  for (int i = 0; i < COUNT; i++) assert_int_equal(times[i] > 0, i < TRAIN);
  clgan_batches_items(b, 0, items);
  assert_memory_equal(first, items, sizeof first);
  clgan_batches_destroy(b);
  clgan_dataset_close(d);
  clgan_mem_free(path);
}

static void real_mnist(void **state) {
  (void)state;
  char *folder = outside_data("mnist");
  if (!folder) skip();
  struct clgan_dataset_want want = {.height = 28, .width = 28, .channels = 1, .labels = CLGAN_LABELS_CLASS, .classes = 10};
  struct clgan_dataset *d = open_good(folder, &want);
  assert_int_equal(d->count, 70000);
  assert_int_equal(d->split[59999], 0);
  assert_int_equal(d->split[60000], 1);
  static const unsigned char first[5] = {5, 0, 4, 1, 9}, test[5] = {7, 2, 1, 0, 4};
  assert_memory_equal(d->digit, first, 5);
  assert_memory_equal(d->digit + 60000, test, 5);
  clgan_dataset_close(d);
  clgan_mem_free(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(idx_folder), cmocka_unit_test(idx_folder_faults), cmocka_unit_test(packed_set),
      cmocka_unit_test(packed_not),     cmocka_unit_test(parts),
      cmocka_unit_test(batches),    cmocka_unit_test(balanced),          cmocka_unit_test(real_mnist),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
