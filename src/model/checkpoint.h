/** @file checkpoint.h  The host side of checkpoints and released models (docs/file-formats.md): named float tensors in
 * the layout of files, to and from safetensors; validation against a model; and the way between them and a net's device
 * arrays. */
#ifndef CLGAN_MODEL_CHECKPOINT_H
#define CLGAN_MODEL_CHECKPOINT_H
#include "model/model.h"

struct clgan_named_tensor {
  char *name;
  int dims;
  uint64_t shape[4];
  size_t count;
  float *data; /**< row-major, the file's layout */
};
/** Zero-initialise; clgan_tensors_free releases names and data. */
struct clgan_tensors {
  struct clgan_named_tensor *items;
  size_t n, cap;
};
void clgan_tensors_free(struct clgan_tensors *t);
const struct clgan_named_tensor *clgan_tensors_find(const struct clgan_tensors *t,
                                                    const char *name); /**< NULL if absent */
/** Adds a zero-filled tensor; *data is its memory. CLGAN_ERR_MEMORY. */
enum clgan_status clgan_tensors_add(struct clgan_tensors *t, const char *name, int dims, const uint64_t *shape,
                                    float **data, struct clgan_error *e);
/** Adds the tensors of @p s whose name starts with @p prefix, under their names less the prefix (golden files:
 * "init."). Accepts F32 and F16. */
enum clgan_status clgan_tensors_read(struct clgan_tensors *t, const struct clgan_safetensors *s, const char *prefix,
                                     struct clgan_error *e);

/** Device arrays of a net -> tensors "<prefix>.<param>". @param group [net->group_count]: the trainable ones. @param
 * other per param i that is not trainable its [count] array; NULL: leave those out (Adam's moments, prefix "opt.m.G").
 */
enum clgan_status clgan_tensors_put_net(struct clgan_tensors *t, const char *prefix, const struct clgan_net *net,
                                        const float *group, const float *const *other, struct clgan_error *e);
/** The way back; padding of the group becomes zero. A tensor that is missing or has another shape is CLGAN_ERR_FORMAT.
 */
enum clgan_status clgan_tensors_get_net(const struct clgan_tensors *t, const char *prefix, const struct clgan_net *net,
                                        float *group, float *const *other, struct clgan_error *e);

struct clgan_checkpoint {
  char *model, *text, *options; /**< clgan_model's name, text and clgan_model_options_text */
  uint64_t step, seed;          /**< steps done; the key of every random number, with the step as counter */
  char *data_hash, *variants;   /**< of the data set; of the kernels in use; NULL: not said */
  char *tuning;                 /**< text of the tuning entries in use (tune/text.h), or NULL: none */
  char *extra;                  /**< further "key=value\n" lines of training, or NULL */
  uint64_t *label_counts;       /**< training items per label, or NULL */
  size_t n_label_counts;
  struct clgan_names class_names; /**< what the labels are called; n 0: not said */
  struct clgan_tensors tensors;
};
struct clgan_checkpoint *clgan_checkpoint_create(const struct clgan_model *m);
void clgan_checkpoint_destroy(struct clgan_checkpoint *c);
/** Adds a line to extra. Neither part may hold a newline, the key no '='. */
void clgan_checkpoint_set_extra(struct clgan_checkpoint *c, const char *key, const char *value);
/** Copy of a value in extra, or NULL. Caller frees. */
char *clgan_checkpoint_extra(const struct clgan_checkpoint *c, const char *key);

/** Writes atomically; equal content gives equal bytes. @param half weights as F16 (released models): a value beyond
 * F16's range is CLGAN_ERR_NUMERIC and nothing is written. */
enum clgan_status clgan_checkpoint_save(const struct clgan_checkpoint *c, const char *path, bool half,
                                        struct clgan_error *e);
/** Reads a checkpoint or released model. Damage, another kind of file or version, malformed metadata: CLGAN_ERR_FORMAT,
 * naming the file. */
enum clgan_status clgan_checkpoint_load(const char *path, struct clgan_checkpoint **out, struct clgan_error *e);
/** The model that @p c is of: its text and options, then @p sets. @param where the file's name, for messages. */
enum clgan_status clgan_checkpoint_model(const struct clgan_checkpoint *c, const char *where, const char *const *sets,
                                         size_t n_sets, struct clgan_model **out, struct clgan_error *e);

enum clgan_checkpoint_use {
  CLGAN_CHECKPOINT_SAMPLE, /**< needs the averaged G and E (G and E where the step keeps no averages) */
  CLGAN_CHECKPOINT_TRAIN   /**< needs every net and Adam's moments */
};
/** Checks that @p c holds what @p use needs of @p m, each tensor of the right shape, and nothing foreign. @p where: the
 * file's name. */
enum clgan_status clgan_checkpoint_check(const struct clgan_checkpoint *c, const struct clgan_model *m,
                                         enum clgan_checkpoint_use use, const char *where, struct clgan_error *e);
/** "G_ema", "E_ema", or "G", "E" where the model's step keeps no averages. */
const char *clgan_sample_prefix(const struct clgan_model *m, int net);
/** True if the step keeps averaged nets G_ema and E_ema. */
bool clgan_model_has_averages(const struct clgan_model *m);
#endif
