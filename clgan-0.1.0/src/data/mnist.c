/* A folder of MNIST's four IDX files as one data set. */
#include <stdint.h>
#include <string.h>
#include "base/file.h"
#include "data/dataset_internal.h"
#include "data/idx.h"

/* One split's pair of files. */
struct pair {
  char *image_path, *label_path;
  struct clgan_idx images, labels;
};

static void pair_free(struct pair *p) {
  clgan_mem_free(p->image_path);
  clgan_mem_free(p->label_path);
  clgan_idx_free(&p->images);
  clgan_idx_free(&p->labels);
}

/* The path of FOLDER/<split>-<what>-idxD-ubyte, "." for the last "-" too, with .gz or without; NULL if none is there.
 */
static char *find_file(const char *folder, const char *split, const char *what, int dims) {
  static const char *const separator[] = {"-", "."}, *const suffix[] = {"", ".gz"};
  for (int i = 0; i < 4; i++) {
    char *name = clgan_mem_printf("%s-%s%sidx%d-ubyte%s", split, what, separator[i & 1], dims, suffix[i / 2]);
    char *path = clgan_file_join(folder, name);
    clgan_mem_free(name);
    if (clgan_file_exists(path)) return path;
    clgan_mem_free(path);
  }
  return NULL;
}

static enum clgan_status missing(const char *folder, const char *split, const char *what, int dims,
                                 struct clgan_error *e) {
  return clgan_error_set(e, CLGAN_ERR_USAGE,
                         "%s: no %s-%s-idx%d-ubyte[.gz] in this folder; put MNIST's four IDX files there", folder,
                         split, what, dims);
}

static enum clgan_status pair_read(const char *folder, const char *split, bool needed, struct pair *p,
                                   struct clgan_error *e) {
  p->image_path = find_file(folder, split, "images", 3);
  p->label_path = find_file(folder, split, "labels", 1);
  if (!p->image_path && !p->label_path && !needed) return CLGAN_OK;
  if (!p->image_path) return missing(folder, split, "images", 3, e);
  if (!p->label_path) return missing(folder, split, "labels", 1, e);
  CLGAN_TRY(clgan_idx_read(p->image_path, 3, &p->images, e));
  CLGAN_TRY(clgan_idx_read(p->label_path, 1, &p->labels, e));
  if (p->images.shape[0] != p->labels.shape[0])
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: %u images, but %u labels in %s; take both files from one set",
                           p->image_path, p->images.shape[0], p->labels.shape[0], p->label_path);
  return CLGAN_OK;
}

static enum clgan_status join(const struct pair *train, const struct pair *test, struct clgan_dataset *d,
                              struct clgan_error *e) {
  const struct clgan_idx *a = &train->images, *b = &test->images;
  if (b->dims && (a->shape[1] != b->shape[1] || a->shape[2] != b->shape[2]))
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: images of %ux%u, but %ux%u in %s; take all files from one set",
                           test->image_path, b->shape[1], b->shape[2], a->shape[1], a->shape[2], train->image_path);
  if ((uint64_t)a->shape[0] + b->shape[0] > UINT32_MAX)
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: more than %u images; split the set", d->name, UINT32_MAX);
  d->count = a->shape[0] + b->shape[0];
  d->height = a->shape[1], d->width = a->shape[2], d->channels = 1;
  d->labels = CLGAN_LABELS_CLASS;
  void *images, *digit, *split;
  CLGAN_TRY(clgan_dataset_own(d, a->size + b->size, d->name, &images, e));
  CLGAN_TRY(clgan_dataset_own(d, d->count, d->name, &digit, e));
  CLGAN_TRY(clgan_dataset_own(d, d->count, d->name, &split, e));
  memcpy(images, a->data, a->size);
  memcpy(digit, train->labels.data, a->shape[0]);
  if (b->dims) {
    memcpy((unsigned char *)images + a->size, b->data, b->size);
    memcpy((unsigned char *)digit + a->shape[0], test->labels.data, b->shape[0]);
    memset((unsigned char *)split + a->shape[0], 1, b->shape[0]);
  }
  d->images = images, d->digit = digit, d->split = split;
  clgan_dataset_find_classes(d);
  return CLGAN_OK;
}

enum clgan_status clgan_dataset_load_mnist(const char *folder, struct clgan_dataset *d, struct clgan_error *e) {
  struct pair train = {0}, test = {0};
  enum clgan_status status = pair_read(folder, "train", true, &train, e);
  if (status == CLGAN_OK) status = pair_read(folder, "t10k", false, &test, e);
  if (status == CLGAN_OK) status = join(&train, &test, d, e);
  pair_free(&train);
  pair_free(&test);
  return status;
}
