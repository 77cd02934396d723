/** @file refine.h  Codes that an image is drawn from better than from the encoder's own: found by gradient steps on z. */
#ifndef CLGAN_TRAIN_REFINE_H
#define CLGAN_TRAIN_REFINE_H
#include "train/step.h"

/** What was found best (docs/refine.md tells on what). */
#define CLGAN_REFINE_RATE 0.1
#define CLGAN_REFINE_PRIOR 0.005

struct clgan_refine_options {
  int steps;
  double rate; /**< Adam's at the first step; it falls to zero along half a cosine; 0: CLGAN_REFINE_RATE */
};

/** Works on the "G_ema.*" states of a store, which must outlive it. One per store and batch. */
struct clgan_refiner;
/** Builds and compiles the graph for batches of @p batch. CLGAN_ERR_USAGE where the model draws nothing.
 * @param prior codes of normal numbers: weight of mean z^2 / 2 beside the images' mean absolute difference (in the model's
 * own range), which keeps z where the generator knows it. */
enum clgan_status clgan_refiner_create(struct clgan_cl *cl, struct clgan_store *store, const struct clgan_model *m,
                                       int batch, double prior, struct clgan_refiner **out, struct clgan_error *e);
void clgan_refiner_destroy(struct clgan_refiner *r);
int clgan_refiner_batch(const struct clgan_refiner *r);

/** Moves z[n,Z] (on entry where to start: E's estimates) by Adam (Kingma & Ba 2014, 0.9, 0.999) so that G_ema(z, c) comes
 * nearer to the U8 images [n,H,W,C] in mean absolute difference, under still weights and statistics; c[n,C] (NULL for models
 * without a condition) stays. Codes of uniform numbers stay within -1..1: steps are taken on atanh z. Each image goes by
 * itself, whatever else is in its batch, and one that came no nearer keeps its z. The same on the same device, driver and
 * tuning. Shows progress.
 * @param before,after mean absolute differences, pixels from 0 to 1, [n] each; NULL where not wanted.
 * @return CLGAN_ERR_USAGE for steps < 1. */
enum clgan_status clgan_refiner_run(struct clgan_refiner *r, const struct clgan_refine_options *o, size_t n,
                                    const unsigned char *images, const float *c, float *z, float *before, float *after,
                                    struct clgan_error *e);
#endif
