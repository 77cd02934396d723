/* Opening a set by its name, checking it against what the caller needs, parts, gathering, identity. */
#include "data/dataset.h"
#include <string.h>
#include "base/file.h"
#include "base/hash.h"
#include "data/dataset_internal.h"

enum clgan_status clgan_dataset_own(struct clgan_dataset *d, size_t bytes, const char *what, void **out,
                                    struct clgan_error *e) {
  CLGAN_TRY(clgan_mem_try(out, bytes, 1, what, e));
  d->storage->owned[d->storage->owned_count++] = *out;
  return CLGAN_OK;
}

void clgan_dataset_find_classes(struct clgan_dataset *d) {
  unsigned highest = 0;
  for (uint32_t i = 0; i < d->count; i++)
    if (d->digit[i] > highest) highest = d->digit[i];
  d->classes = highest + 1;
}

static const char *kind_name(enum clgan_label_kind kind) {
  return kind == CLGAN_LABELS_CLASS ? "classes" : kind == CLGAN_LABELS_FACE ? "ages and genders" : "no labels";
}

static enum clgan_status check_shape(const struct clgan_dataset *d, const struct clgan_dataset_want *want,
                                     struct clgan_error *e) {
  if ((want->height == 0 || want->height == d->height) && (want->width == 0 || want->width == d->width) &&
      (want->channels == 0 || want->channels == d->channels))
    return CLGAN_OK;
  return clgan_error_set(
      e, CLGAN_ERR_USAGE,
      "%s: its images are %ux%u with %u channel%s, the model takes %ux%u with %u; choose another model "
      "or import the set at the model's size",
      d->name, d->height, d->width, d->channels, d->channels == 1 ? "" : "s", want->height ? want->height : d->height,
      want->width ? want->width : d->width, want->channels ? want->channels : d->channels);
}

static enum clgan_status check_labels(const struct clgan_dataset *d, const struct clgan_dataset_want *want,
                                      struct clgan_error *e) {
  if (want->labels == CLGAN_LABELS_NONE) return CLGAN_OK;
  if (want->labels != d->labels)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: its labels are %s, the model needs %s; choose another model or set",
                           d->name, kind_name(d->labels), kind_name(want->labels));
  if (want->labels == CLGAN_LABELS_CLASS && want->classes != 0 && d->classes > want->classes)
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "%s: it has a label %u, the model's classes are 0 to %u; choose another model "
                           "or set",
                           d->name, d->classes - 1, want->classes - 1);
  return CLGAN_OK;
}

enum clgan_status clgan_dataset_check(const struct clgan_dataset *d, const struct clgan_dataset_want *want,
                                      struct clgan_error *e) {
  CLGAN_TRY(check_shape(d, want, e));
  return check_labels(d, want, e);
}

/* A file of a folder that was meant as a whole: IDX, or gzip. */
static bool is_idx_file(const char *path) {
  struct clgan_map map;
  if (clgan_file_map(path, &map, NULL) != CLGAN_OK) return false;
  bool idx = map.size >= 4 && (memcmp(map.data, "\0\0\10", 3) == 0 || memcmp(map.data, "\x1f\x8b", 2) == 0);
  /* A safetensors header of 0x80000 and some bytes, also a possible beginning, goes on with 0 0 and then '{'. */
  if (map.size > 8 && map.data[8] == '{') idx = false;
  clgan_file_unmap(&map);
  return idx;
}

static enum clgan_status load(struct clgan_dataset *d, const struct clgan_dataset_want *want, struct clgan_error *e) {
  const enum clgan_label_kind kind = want->labels != CLGAN_LABELS_NONE ? want->labels : want->prefer;
  if (strcmp(d->name, "builtin") == 0)
    return kind == CLGAN_LABELS_FACE ? clgan_dataset_load_builtin_faces(want, d, e)
                                     : clgan_dataset_load_builtin(want, d, e);
  if (clgan_file_is_folder(d->name)) return clgan_dataset_load_mnist(d->name, d, e);
  if (!clgan_file_exists(d->name))
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "%s: no such data set; give `builtin`, a folder of MNIST IDX files or a packed "
                           ".safetensors set",
                           d->name);
  if (is_idx_file(d->name))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: this is one IDX or .gz file; give the folder that holds all four",
                           d->name);
  return clgan_dataset_load_packed(d->name, kind, d, e);
}

enum clgan_status clgan_dataset_open(const char *spec, const struct clgan_dataset_want *want,
                                     struct clgan_dataset **out, struct clgan_error *e) {
  static const struct clgan_dataset_want anything;
  if (!want) want = &anything;
  *out = NULL;
  struct clgan_dataset *d = clgan_mem_alloc(sizeof *d);
  d->storage = clgan_mem_alloc(sizeof *d->storage);
  d->name = clgan_mem_strdup(spec);
  enum clgan_status status = load(d, want, e);
  if (status == CLGAN_OK) status = clgan_dataset_check(d, want, e);
  if (status != CLGAN_OK) {
    clgan_dataset_close(d);
    return status;
  }
  *out = d;
  return CLGAN_OK;
}

void clgan_dataset_close(struct clgan_dataset *d) {
  if (!d) return;
  for (int i = 0; i < d->storage->owned_count; i++) clgan_mem_free(d->storage->owned[i]);
  clgan_safetensors_close(d->storage->packed);
  clgan_names_free(&d->class_names);
  clgan_mem_free(d->storage);
  clgan_mem_free(d->name);
  clgan_mem_free(d);
}

static void hash_u32(struct clgan_sha256 *s, uint32_t x) {
  unsigned char b[4] = {(unsigned char)x, (unsigned char)(x >> 8), (unsigned char)(x >> 16), (unsigned char)(x >> 24)};
  clgan_sha256_update(s, b, sizeof b);
}

const char *clgan_dataset_hash(const struct clgan_dataset *d) {
  if (d->storage->hash[0]) return d->storage->hash;
  struct clgan_sha256 s;
  clgan_sha256_init(&s);
  clgan_sha256_string(&s, "clgan-dataset/1");
  const uint32_t head[5] = {d->count, d->height, d->width, d->channels, (uint32_t)d->labels};
  for (int i = 0; i < 5; i++) hash_u32(&s, head[i]);
  clgan_sha256_update(&s, d->images, d->count * clgan_dataset_image_size(d));
  clgan_sha256_update(&s, d->split, d->count);
  if (d->digit) clgan_sha256_update(&s, d->digit, d->count);
  if (d->gender) clgan_sha256_update(&s, d->gender, d->count);
  for (uint32_t i = 0; d->age && i < d->count; i++) {
    uint32_t bits;
    memcpy(&bits, &d->age[i], sizeof bits);
    hash_u32(&s, bits);
  }
  clgan_sha256_final_hex(&s, d->storage->hash);
  return d->storage->hash;
}

enum clgan_status clgan_dataset_select(const struct clgan_dataset *d, enum clgan_part part, uint32_t holdout,
                                       uint32_t **items, uint32_t *count, struct clgan_error *e) {
  *items = NULL;
  *count = 0;
  uint32_t train = 0;
  for (uint32_t i = 0; i < d->count; i++) train += d->split[i] == 0;
  if (part != CLGAN_PART_TEST && holdout > 0 && holdout >= train)
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "%s: holdout=%u leaves nothing to train on, the set has %u training items; "
                           "choose fewer",
                           d->name, holdout, train);
  uint32_t want = part == CLGAN_PART_TEST ? d->count - train : part == CLGAN_PART_HOLDOUT ? holdout : train - holdout;
  if (want == 0 && part == CLGAN_PART_HOLDOUT)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: nothing was held out; set holdout=N above 0 or use another split",
                           d->name);
  if (want == 0)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: it has no %s items; choose another split or set", d->name,
                           part == CLGAN_PART_TEST ? "test" : "training");
  *items = clgan_mem_array(want, sizeof **items);
  uint32_t seen = 0;
  for (uint32_t i = 0; i < d->count; i++) {
    bool test = d->split[i] != 0;
    if (test != (part == CLGAN_PART_TEST)) continue;
    bool held = !test && seen++ >= train - holdout;
    if (held == (part == CLGAN_PART_HOLDOUT)) (*items)[(*count)++] = i;
  }
  return CLGAN_OK;
}

void clgan_dataset_class_counts(const struct clgan_dataset *d, const uint32_t *items, uint32_t count,
                                uint64_t counts[256]) {
  memset(counts, 0, 256 * sizeof counts[0]);
  for (uint32_t i = 0; d->digit && i < count; i++) counts[d->digit[items[i]]]++;
}

size_t clgan_dataset_image_size(const struct clgan_dataset *d) {
  return (size_t)d->height * d->width * d->channels;
}

void clgan_dataset_gather(const struct clgan_dataset *d, const uint32_t *items, uint32_t n, unsigned char *images,
                          const struct clgan_batch_labels *labels) {
  size_t size = clgan_dataset_image_size(d);
  for (uint32_t i = 0; i < n; i++) {
    uint32_t k = items[i];
    if (images) memcpy(images + i * size, d->images + k * size, size);
    if (!labels) continue;
    if (labels->digit && d->digit) labels->digit[i] = d->digit[k];
    if (labels->age && d->age) labels->age[i] = d->age[k];
    if (labels->gender && d->gender) labels->gender[i] = (float)d->gender[k];
  }
}
