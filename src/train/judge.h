/** @file judge.h  Small convolutional nets that the engine trains on a data set, to measure generated images by. One
 * learns the set's own labels, to tell what images show: its model is a text of `step judge`, net E alone, the last
 * hidden layer as z, the condition as factors. The other, of faces, learns no label but to give images back from 128
 * numbers, to tell whether two images are alike: a text of `step autoencoder`, nets E and G. So the trainer, the
 * sampler and checkpoints serve both as they serve the models. */
#ifndef CLGAN_TRAIN_JUDGE_H
#define CLGAN_TRAIN_JUDGE_H
#include "data/dataset.h"
#include "train/sampler.h"

/** Features of an image: the judge's last hidden layer, after batch norm and activation; the autoencoder's code. Images
 * of a training step. */
enum { CLGAN_JUDGE_FEATURES = 128, CLGAN_JUDGE_BATCH = 128 };
enum clgan_judge_kind { CLGAN_JUDGE_LABELS, CLGAN_JUDGE_AUTOENCODER };

struct clgan_judge_options {
  enum clgan_judge_kind kind;
  enum clgan_condition_kind condition; /**< CLASS: logits of `classes`; FACE: the age's value and the gender's logit */
  int classes;                         /**< CLASS: 2 to 256, more than the set's highest label */
  uint32_t holdout;                    /**< last training items that it must not see */
  uint64_t seed;
  uint64_t steps; /**< of training; 0: the recipe's, by the number of items */
};

/** Steps that @p items training items need: o->steps, or where that is 0 the recipe's. */
uint64_t clgan_judge_recipe_steps(uint32_t items, const struct clgan_judge_options *o);
/** Text of the judge's model for images [height,width,channels] and @p items training items. Caller frees. */
char *clgan_judge_text(uint32_t height, uint32_t width, uint32_t channels, uint32_t items,
                       const struct clgan_judge_options *o);

struct clgan_judge;
/** Reads the judge of @p d from the cache ($XDG_CACHE_HOME/clgan/judge-<hash>.safetensors; the hash is of the set's
 * hash, the model's text, steps and seed), or trains it on the training part less the last `holdout` items, with a
 * progress line, and stores it there. Images are moved by up to 2 pixels either way at random; faces are turned, scaled,
 * moved, mirrored and relit (data/jitter.h), drawn by 1/sqrt(count of decade x gender), and averaged weights are kept.
 * Running statistics are estimated anew at the end. A damaged or foreign file in the cache means training anew, one that cannot be written a
 * verbose message. The same seed on the same device and driver gives the same bits.
 * @p d must have the labels that the condition needs, and outlive the call only.
 * @return CLGAN_ERR_USAGE where the set does not fit, MEMORY, NUMERIC, DEVICE. */
enum clgan_status clgan_judge_create(struct clgan_cl *cl, const struct clgan_dataset *d,
                                     const struct clgan_judge_options *o, struct clgan_judge **out,
                                     struct clgan_error *e);
void clgan_judge_destroy(struct clgan_judge *j);
/** What it says of U8 images [n,H,W,C]: answers[n,K], K = clgan_sampler_factors(clgan_judge_model(j)) (logits, or age's
 * value and gender's logit; NULL for the autoencoder), and features[n,CLGAN_JUDGE_FEATURES]. Runs in batches. Of a face
 * both are means over the image and its mirror image. */
enum clgan_status clgan_judge_read(struct clgan_judge *j, size_t n, const unsigned char *images, float *answers,
                                   float *features, struct clgan_error *e);
const struct clgan_model *clgan_judge_model(const struct clgan_judge *j);
uint64_t clgan_judge_steps(const struct clgan_judge *j);
bool clgan_judge_cached(const struct clgan_judge *j); /**< it was read, not trained */
#endif
