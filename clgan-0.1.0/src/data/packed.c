/* A packed set: a safetensors file with images, labels and split, used where it is mapped. */
#include <math.h>
#include <string.h>
#include "data/dataset_internal.h"

/* A per-image column; NULL without an error if it is absent. */
static enum clgan_status column(struct clgan_dataset *d, const char *name, enum clgan_dtype type,
                                const struct clgan_tensor **out, struct clgan_error *e) {
  const struct clgan_tensor *t = *out = clgan_safetensors_find(d->storage->packed, name);
  if (!t || (t->dtype == type && t->dims == 1 && t->shape[0] == d->count)) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: `%s` is not %s [%u], one per image; import the set again", d->name,
                         name, clgan_dtype_name(type), d->count);
}

static enum clgan_status load_images(struct clgan_dataset *d, struct clgan_error *e) {
  const struct clgan_tensor *t = clgan_safetensors_find(d->storage->packed, "images");
  if (!t)
    return clgan_error_set(e, CLGAN_ERR_FORMAT,
                           "%s: it has no `images`, so it is not a packed data set; make one with `clgan "
                           "import`",
                           d->name);
  bool fits = t->dtype == CLGAN_U8 && t->dims == 4;
  for (int i = 0; fits && i < 4; i++) fits = t->shape[i] > 0 && t->shape[i] <= (i ? 65535 : UINT32_MAX);
  if (!fits)
    return clgan_error_set(e, CLGAN_ERR_FORMAT,
                           "%s: `images` is not U8 [N,H,W,C] with sides of 1 to 65535; import the set "
                           "again",
                           d->name);
  d->count = (uint32_t)t->shape[0];
  d->height = (uint32_t)t->shape[1], d->width = (uint32_t)t->shape[2], d->channels = (uint32_t)t->shape[3];
  d->images = t->data;
  return CLGAN_OK;
}

static enum clgan_status binary_column(struct clgan_dataset *d, const struct clgan_tensor *t, const char *meaning,
                                       const unsigned char **out, struct clgan_error *e) {
  *out = t->data;
  for (uint32_t i = 0; i < d->count; i++)
    if ((*out)[i] > 1)
      return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: `%s` of image %u is %u, not %s; import the set again", d->name,
                             t->name, i, (*out)[i], meaning);
  return CLGAN_OK;
}

static enum clgan_status load_split(struct clgan_dataset *d, struct clgan_error *e) {
  const struct clgan_tensor *t;
  CLGAN_TRY(column(d, "split", CLGAN_U8, &t, e));
  if (t) return binary_column(d, t, "0 (train) or 1 (test)", &d->split, e);
  void *all_train; /* zeroed */
  CLGAN_TRY(clgan_dataset_own(d, d->count, d->name, &all_train, e));
  d->split = all_train;
  return CLGAN_OK;
}

static enum clgan_status load_faces(struct clgan_dataset *d, const struct clgan_tensor *age,
                                    const struct clgan_tensor *gender, struct clgan_error *e) {
  CLGAN_TRY(binary_column(d, gender, "0 (male) or 1 (female)", &d->gender, e));
  void *years;
  CLGAN_TRY(clgan_dataset_own(d, d->count * sizeof(float), d->name, &years, e));
  clgan_tensor_to_float(age, years); /* a copy: the file's may be unaligned */
  d->age = years;
  d->labels = CLGAN_LABELS_FACE;
  for (uint32_t i = 0; i < d->count; i++)
    if (!isfinite(d->age[i]) || d->age[i] < 0.0f)
      return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: `age` of image %u is %g, not years; import the set again",
                             d->name, i, (double)d->age[i]);
  return CLGAN_OK;
}

/* The names of classes, which the file need not have. */
static enum clgan_status load_names(struct clgan_dataset *d, struct clgan_error *e) {
  const char *json = clgan_safetensors_metadata(d->storage->packed, "classes");
  if (!json) return CLGAN_OK;
  if (clgan_names_parse(json, &d->class_names, e) != CLGAN_OK)
    return e ? clgan_error_prefix(e, "%s", d->name) : CLGAN_ERR_FORMAT;
  if (d->classes <= d->class_names.n) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: it has a label %u, but names for %zu classes; import the set again",
                         d->name, d->classes - 1, d->class_names.n);
}

static enum clgan_status load_labels(struct clgan_dataset *d, enum clgan_label_kind want, struct clgan_error *e) {
  const struct clgan_tensor *digit, *age, *gender;
  CLGAN_TRY(column(d, "digit", CLGAN_U8, &digit, e));
  CLGAN_TRY(column(d, "age", CLGAN_F32, &age, e));
  CLGAN_TRY(column(d, "gender", CLGAN_U8, &gender, e));
  if (!age != !gender)
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: it has `%s` without `%s`; import the set again", d->name,
                           age ? "age" : "gender", age ? "gender" : "age");
  if (age && (want == CLGAN_LABELS_FACE || !digit)) return load_faces(d, age, gender, e);
  if (!digit) return CLGAN_OK;
  d->digit = digit->data;
  d->labels = CLGAN_LABELS_CLASS;
  clgan_dataset_find_classes(d);
  return load_names(d, e);
}

enum clgan_status clgan_dataset_load_packed(const char *path, enum clgan_label_kind want, struct clgan_dataset *d,
                                            struct clgan_error *e) {
  CLGAN_TRY(clgan_safetensors_open(path, &d->storage->packed, e));
  CLGAN_TRY(load_images(d, e));
  CLGAN_TRY(load_split(d, e));
  return load_labels(d, want, e);
}
