/* arrays.c: a data set over a caller's own memory. SPDX-License-Identifier: MIT */
#include <math.h>

#include "data/dataset_internal.h"
#include "data/image.h"

static enum clgan_status check_arrays(const struct clgan_dataset *d, struct clgan_error *e) {
  if (!d->images || !d->count)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: there are no images; give at least one", d->name);
  if (!d->height || !d->width || d->height > CLGAN_IMAGE_MAX_SIDE || d->width > CLGAN_IMAGE_MAX_SIDE ||
      (d->channels != 1 && d->channels != 3))
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "%s: images of %ux%u pixels and %u channels; give 1 to %u pixels a side, "
                           "1 or 3 channels",
                           d->name, d->height, d->width, d->channels, CLGAN_IMAGE_MAX_SIDE);
  if (d->digit && d->age)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: has classes and ages; give the labels of one kind", d->name);
  if (!d->age != !d->gender)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: ages and genders belong together; give both", d->name);
  for (uint32_t i = 0; d->age && i < d->count; i++) {
    if (!isfinite(d->age[i]) || d->age[i] < 0)
      return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: the age of image %u is %g; give years", d->name, i,
                             (double)d->age[i]);
    if (d->gender[i] > 1)
      return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: the gender of image %u is %u; give 0 (male) or 1 (female)",
                             d->name, i, (unsigned)d->gender[i]);
  }
  for (uint32_t i = 0; d->split && i < d->count; i++)
    if (d->split[i] > 1)
      return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: the part of image %u is %u; give 0 (train) or 1 (test)", d->name,
                             i, (unsigned)d->split[i]);
  return CLGAN_OK;
}

static enum clgan_status fill(struct clgan_dataset *d, const struct clgan_dataset_want *want, struct clgan_error *e) {
  void *split = NULL;
  CLGAN_TRY(check_arrays(d, e));
  if (!d->split) {
    CLGAN_TRY(clgan_dataset_own(d, d->count, "the data set's parts", &split, e));
    d->split = split;
  }
  d->labels = d->digit ? CLGAN_LABELS_CLASS : d->age ? CLGAN_LABELS_FACE : CLGAN_LABELS_NONE;
  if (d->digit) clgan_dataset_find_classes(d);
  return want ? clgan_dataset_check(d, want, e) : CLGAN_OK;
}

enum clgan_status clgan_dataset_from_arrays(const char *name, const struct clgan_dataset *view,
                                            const struct clgan_dataset_want *want, struct clgan_dataset **out,
                                            struct clgan_error *e) {
  struct clgan_dataset *d = clgan_mem_alloc(sizeof *d);
  *out = NULL;
  *d = *view;
  d->classes = 0;
  d->name = clgan_mem_strdup(name);
  d->storage = clgan_mem_alloc(sizeof *d->storage);
  enum clgan_status s = fill(d, want, e);
  if (s != CLGAN_OK) {
    clgan_dataset_close(d);
    return s;
  }
  *out = d;
  return CLGAN_OK;
}
