/** @file weights.h  Nets between the device's store and named tensors in the files' layout. */
#ifndef CLGAN_TRAIN_WEIGHTS_H
#define CLGAN_TRAIN_WEIGHTS_H
#include "model/checkpoint.h"
#include "train/trainer.h"

/** Called for a tensor of a net as it lies on the device: state root and offset in elements. */
typedef enum clgan_status clgan_tensor_visit(void *context, const char *name, const struct clgan_param *p, const char *root, size_t offset,
                                             struct clgan_error *e);
/** Visits a net's tensors; stops at the first failure. @param prefix names them "<prefix>.<param>". Trainable ones lie in
 * "<root_prefix>.<group>", the others in "<root_prefix>.<param>" (skipped where @p trainable_only). */
enum clgan_status clgan_tensors_walk(const struct clgan_net *net, const char *prefix, const char *root_prefix, const char *group,
                                     bool trainable_only, clgan_tensor_visit *visit, void *context, struct clgan_error *e);
/** Makes sure that the states of a net exist in the store. */
enum clgan_status clgan_weights_reserve(struct clgan_store *s, const struct clgan_net *net, const char *prefix, struct clgan_error *e);
/** Device copy of a net's parameters, and of the rest too where @p statistics. Enqueued. */
enum clgan_status clgan_weights_copy(struct clgan_store *s, const struct clgan_net *net, const char *from, const char *to, bool statistics,
                                     struct clgan_error *e);

/** Where a net lies: tensors "<name>.<param>" in files; in the store trainable ones in root "<prefix>.<group>", the others in
 * "<others>.<param>" (others NULL: left out). */
struct clgan_weights_place {
  const char *name, *prefix, *group, *others;
};
enum clgan_status clgan_weights_get(struct clgan_store *s, const struct clgan_net *net, const struct clgan_weights_place *at,
                                    struct clgan_tensors *out, struct clgan_error *e);
enum clgan_status clgan_weights_put(struct clgan_store *s, const struct clgan_net *net, const struct clgan_weights_place *at,
                                    const struct clgan_tensors *in, struct clgan_error *e);
/** Initial weights of a net (clgan_net_init) into the store, under the net's own name. */
enum clgan_status clgan_weights_init(struct clgan_store *s, const struct clgan_model *m, const struct clgan_net *net, uint64_t seed,
                                     struct clgan_error *e);
#endif
