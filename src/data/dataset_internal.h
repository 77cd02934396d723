/** @file dataset_internal.h  Shared by the files of src/data that fill a data set. */
#ifndef CLGAN_DATA_DATASET_INTERNAL_H
#define CLGAN_DATA_DATASET_INTERNAL_H
#include "base/mem.h"
#include "base/safetensors.h"
#include "data/dataset.h"

/** What a set keeps alive. Arrays not in `packed` are in `owned`. */
struct clgan_dataset_storage {
  struct clgan_safetensors *packed;
  void *owned[5];
  int owned_count;
  char hash[65]; /**< empty until asked for */
};

/** Large data (clgan_mem_try) that the set frees when it is closed. */
enum clgan_status clgan_dataset_own(struct clgan_dataset *d, size_t bytes, const char *what, void **out,
                                    struct clgan_error *e);
/** Sets d->classes from d->digit. */
void clgan_dataset_find_classes(struct clgan_dataset *d);

/** CLGAN_ERR_USAGE where the set's shape or labels are not what @p want asks for. */
enum clgan_status clgan_dataset_check(const struct clgan_dataset *d, const struct clgan_dataset_want *want,
                                      struct clgan_error *e);

/* Each fills a zeroed set whose name and storage are set; on failure the caller closes it. */
enum clgan_status clgan_dataset_load_builtin(const struct clgan_dataset_want *want, struct clgan_dataset *d,
                                             struct clgan_error *e);
enum clgan_status clgan_dataset_load_builtin_faces(const struct clgan_dataset_want *want, struct clgan_dataset *d,
                                                   struct clgan_error *e);
enum clgan_status clgan_dataset_load_mnist(const char *folder, struct clgan_dataset *d, struct clgan_error *e);
enum clgan_status clgan_dataset_load_packed(const char *path, enum clgan_label_kind want, struct clgan_dataset *d,
                                            struct clgan_error *e);
#endif
