/** @file dataset.h  Images with labels in host memory, and the deterministic order they are drawn in.
 * A pixel u in 0..255 is x = u/127.5 - 1 inside a -1..1 model (u/255 inside a 0..1 model). */
#ifndef CLGAN_DATA_DATASET_H
#define CLGAN_DATA_DATASET_H
#include <stdbool.h>
#include <stdint.h>
#include "base/names.h"

enum clgan_label_kind {
  CLGAN_LABELS_NONE = 0, /**< as expectation: any set will do, its labels are not needed */
  CLGAN_LABELS_CLASS,    /**< `digit` U8 [N], a class below `classes` */
  CLGAN_LABELS_FACE      /**< `age` F32 [N], years, and `gender` U8 [N], 0 male, 1 female */
};

/** Read-only after open. Arrays belong to the set; images may lie in a memory map. */
struct clgan_dataset {
  char *name; /**< "builtin", or the path it was opened from */
  uint32_t count, height, width, channels;
  enum clgan_label_kind labels;
  uint32_t classes;                      /**< labels == CLASS: the highest class present + 1; else 0 */
  struct clgan_names class_names;        /**< labels == CLASS: what the classes are called; n 0: by their numbers */
  const unsigned char *images;           /**< [N,H,W,C] */
  const unsigned char *digit;            /**< [N]; NULL unless labels == CLASS */
  const float *age;                      /**< [N]; NULL unless labels == FACE */
  const unsigned char *gender;           /**< [N]; NULL unless labels == FACE */
  const unsigned char *split;            /**< [N]: 0 train, 1 test */
  struct clgan_dataset_storage *storage; /**< private */
};

/** What a model can take; zero-initialise for "anything". */
struct clgan_dataset_want {
  uint32_t height, width, channels; /**< 0: any */
  enum clgan_label_kind labels;     /**< NONE: any */
  enum clgan_label_kind prefer;     /**< labels == NONE: which are taken where there is a choice; NONE: classes */
  uint32_t classes;                 /**< labels == CLASS: every label must be below this; 0: any */
};

/** Opens @p spec: `builtin` (drawn by the program at the size and in the channels that @p want has: stroke digits, grey or
 * in colours; faces where ages and genders are wanted), a folder of MNIST IDX files (train-images-idx3-ubyte,
 * train-labels-idx1-ubyte, t10k-...; .gz too, "." for the last "-" too; the t10k pair may be missing), or a packed
 * safetensors set (memory-mapped). A folder `builtin` is `./builtin`.
 * @param want what the caller needs, or NULL for anything.
 * @return CLGAN_ERR_USAGE (no such set, set unfit for @p want), IO, FORMAT (damaged, naming file and remedy) or MEMORY;
 * *out is NULL then. */
enum clgan_status clgan_dataset_open(const char *spec, const struct clgan_dataset_want *want,
                                     struct clgan_dataset **out, struct clgan_error *e);
/** A set over the caller's arrays, which are not copied and must outlive it: @p view's count, shape, images and what
 * labels it has (digit; or age and gender), split (NULL: all training). Checked as a file would be, and against
 * @p want (NULL: anything). @param name what messages call it. */
enum clgan_status clgan_dataset_from_arrays(const char *name, const struct clgan_dataset *view,
                                            const struct clgan_dataset_want *want, struct clgan_dataset **out,
                                            struct clgan_error *e);
void clgan_dataset_close(struct clgan_dataset *d); /**< close(NULL) is legal */
/** Bytes of an image: height * width * channels. */
size_t clgan_dataset_image_size(const struct clgan_dataset *d);
/** SHA-256 (64 hex digits) of shape, images, labels and split: equal content, equal hash, whatever the container (IDX,
 * .gz or packed). Computed at the first call (reads every image) and kept; the text is the set's. */
const char *clgan_dataset_hash(const struct clgan_dataset *d);

enum clgan_part { CLGAN_PART_TRAIN, CLGAN_PART_TEST, CLGAN_PART_HOLDOUT };

/** Items of one part, in file order: TEST = split 1; HOLDOUT = the last @p holdout items of split 0; TRAIN = the rest.
 * @param items receives an array of indices into the set, the caller's (clgan_mem_free).
 * @return CLGAN_ERR_USAGE when the part is empty (holdout too large, no test items, holdout 0 asked for). */
enum clgan_status clgan_dataset_select(const struct clgan_dataset *d, enum clgan_part part, uint32_t holdout,
                                       uint32_t **items, uint32_t *count, struct clgan_error *e);

/** How often each class occurs among @p items: counts[256], labels == CLASS only (else all zero). */
void clgan_dataset_class_counts(const struct clgan_dataset *d, const uint32_t *items, uint32_t count,
                                uint64_t counts[256]);

/** Where gathered labels go; NULL members are skipped, as are labels the set does not have. */
struct clgan_batch_labels {
  int32_t *digit; /**< [B] */
  float *age;     /**< [B], years */
  float *gender;  /**< [B], 0 or 1 */
};

/** Copies @p n items: images to U8 [n,H,W,C] (NULL: none wanted), labels to @p labels (NULL: none wanted). */
void clgan_dataset_gather(const struct clgan_dataset *d, const uint32_t *items, uint32_t n, unsigned char *images,
                          const struct clgan_batch_labels *labels);

/** The training order. Sample i of step s is position s*batch + i of an endless sequence of epochs; epoch e is a
 * Fisher-Yates permutation from the Philox stream CLGAN_STREAM_ORDER of (seed, step = e), so any step is reached
 * directly and batches run across epoch borders: nothing is dropped.
 * Balanced (face sets): every position draws an item with probability proportional to 1/sqrt(count of its decade of age
 * x gender), with replacement, from (seed, step = s); an "epoch" is then only a number of images. */
struct clgan_batches {
  const struct clgan_dataset *dataset;
  uint32_t *items, count; /**< the part's items */
  uint32_t batch;
  uint64_t seed;
  uint32_t *order;      /**< permutation of the cached epoch */
  uint64_t epoch;       /**< the epoch `order` holds; UINT64_MAX: none */
  uint64_t *cumulative; /**< [count] when balanced, else NULL */
};
/** @param balance ignored (left off) for sets without face labels.
 * @return as clgan_dataset_select; CLGAN_ERR_USAGE for batch 0. The set must outlive the batches. */
enum clgan_status clgan_batches_create(const struct clgan_dataset *d, enum clgan_part part, uint32_t holdout,
                                       uint32_t batch, uint64_t seed, bool balance, struct clgan_batches **out,
                                       struct clgan_error *e);
void clgan_batches_destroy(struct clgan_batches *b);
/** Indices into the set of the samples of @p step, to items[batch]. Not thread-safe (caches an epoch). */
void clgan_batches_items(struct clgan_batches *b, uint64_t step, uint32_t *items);
/** items + gather: images U8 [B,H,W,C] and labels of @p step. */
void clgan_batches_gather(struct clgan_batches *b, uint64_t step, unsigned char *images,
                          const struct clgan_batch_labels *labels);
#endif
