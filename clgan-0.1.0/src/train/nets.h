/** @file nets.h  A trained model's nets, opened for use from a checkpoint, a released model or a run folder. */
#ifndef CLGAN_TRAIN_NETS_H
#define CLGAN_TRAIN_NETS_H
#include "train/trainer.h"

/** A model's averaged nets, ready to be used. Zero-initialise. */
struct clgan_nets {
  char *path;
  struct clgan_model *model;
  struct clgan_store *store;
  struct clgan_sampler *sampler;
  uint64_t steps; /**< behind the weights */
};
/** Reads the model of @p weights (a checkpoint, a released model, or a run folder) and checks that they fit it. No
 * device is needed yet. */
enum clgan_status clgan_nets_read(struct clgan_nets *n, const char *weights, struct clgan_error *e);
/** Loads the weights; graphs are built for batches of up to @p batch. */
enum clgan_status clgan_nets_load(struct clgan_nets *n, struct clgan_cl *cl, size_t batch, struct clgan_error *e);
void clgan_nets_close(struct clgan_nets *n); /**< before the device */

/** Path of the checkpoint that @p run (a run folder, or a file) means. The caller's (clgan_mem_free). */
char *clgan_run_checkpoint(const char *run);
#endif
