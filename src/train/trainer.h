/** @file trainer.h  A model in training on a device: weights, steps in flight, checkpoints. */
#ifndef CLGAN_TRAIN_TRAINER_H
#define CLGAN_TRAIN_TRAINER_H
#include "data/dataset.h"
#include "model/checkpoint.h"
#include "train/fit.h"
#include "train/sampler.h"

/** What @p m needs of a data set to be trained on it. */
struct clgan_dataset_want clgan_trainer_want(const struct clgan_model *m);

struct clgan_trainer;
struct clgan_trainer_options {
  int batch;
  uint64_t seed;
  int micro;       /**< examples at a time, gradients summed; 0: all. Must divide batch */
  uint64_t memory; /**< bytes of device memory that may be used; 0: what there is, less a tenth */
  bool split;      /**< a batch that does not fit is split into micro-batches instead of refused */
};
/** Has the device what the model's precision asks for? CLGAN_ERR_USAGE where not. */
enum clgan_status clgan_trainer_precision(struct clgan_cl *cl, const struct clgan_model *m, struct clgan_error *e);
/** @p d may be NULL: then every step takes the same random images (benchmarks). Model, device and data set must outlive the trainer.
 * Compiles the step's kernels with a progress line. What does not fit the device is refused with the arithmetic and the largest
 * batch that fits. */
enum clgan_status clgan_trainer_create(struct clgan_cl *cl, const struct clgan_model *m, const struct clgan_dataset *d,
                                       const struct clgan_trainer_options *o, struct clgan_trainer **out, struct clgan_error *e);
void clgan_trainer_destroy(struct clgan_trainer *t);
/** Fresh weights from the seed (15 power iterations of the spectral layers included). */
enum clgan_status clgan_trainer_init(struct clgan_trainer *t, struct clgan_error *e);
/** Before clgan_trainer_create for a run to be gone on with: puts the tuning in force that the checkpoint was trained with
 * (or none, where it says so), so that the same kernels run. One of another device, driver or clgan does not apply; then
 * clgan_trainer_resume warns. */
void clgan_trainer_tune_as(struct clgan_cl *cl, const struct clgan_checkpoint *c, const char *path);
/** Continues a checkpoint: weights, moments, step, seed. The data set and settings must be those it was trained with. */
enum clgan_status clgan_trainer_resume(struct clgan_trainer *t, const char *path, struct clgan_error *e);

/** Enqueues one step; waits only when two steps are in flight already. */
enum clgan_status clgan_trainer_step(struct clgan_trainer *t, struct clgan_error *e);
uint64_t clgan_trainer_steps(const struct clgan_trainer *t); /**< enqueued, counted from the run's beginning */
int clgan_trainer_batch(const struct clgan_trainer *t);
int clgan_trainer_micro(const struct clgan_trainer *t); /**< examples at a time: the batch where the step is not split */
/** The micro-batch that a checkpoint was trained with; 0: it was not split. */
int clgan_trainer_micro_of(const struct clgan_checkpoint *c);
/** What was planned before anything was allocated. */
struct clgan_memory clgan_trainer_memory(const struct clgan_trainer *t);
const struct clgan_dataset *clgan_trainer_data(const struct clgan_trainer *t); /**< NULL: random images */
uint32_t clgan_trainer_items(const struct clgan_trainer *t); /**< training items of its data set */
/** Losses of finished steps, oldest first: the next one not yet taken, if it is finished (or @p wait). @return false: none.
 * CLGAN_ERR_NUMERIC in @p e (and false) where one is not finite: names the step, the loss and the first non-finite tensor. */
bool clgan_trainer_losses(struct clgan_trainer *t, bool wait, uint64_t *step, float losses[CLGAN_LOSS_MAX], struct clgan_error *e);
int clgan_trainer_loss_count(const struct clgan_trainer *t);
const char *clgan_trainer_loss_name(const struct clgan_trainer *t, int k);
/** Waits for every step in flight. */
enum clgan_status clgan_trainer_finish(struct clgan_trainer *t, struct clgan_error *e);

/** Running statistics of the averaged nets anew (50 training batches, or as many as given), from random numbers of their own. */
enum clgan_status clgan_trainer_estimate(struct clgan_trainer *t, struct clgan_error *e);
/** Estimates, then writes the checkpoint atomically. Never writes weights that are not finite. */
enum clgan_status clgan_trainer_save(struct clgan_trainer *t, const char *path, struct clgan_error *e);
/** Sampler over this trainer's averaged nets (call _estimate first); owned by the trainer. */
struct clgan_sampler *clgan_trainer_sampler(struct clgan_trainer *t);
/** Stores the compiled kernels for the next start (clgan_programs_save); call it when the work is done. */
void clgan_trainer_keep_programs(struct clgan_trainer *t);
struct clgan_run_facts clgan_trainer_facts(const struct clgan_trainer *t);
/** Floating-point operations of one step's convolution products. */
double clgan_trainer_flops(const struct clgan_trainer *t);
/** One line per launch with its seconds (each waited for), to stderr. */
enum clgan_status clgan_trainer_profile(struct clgan_trainer *t, struct clgan_error *e);

/** Where a step's time goes: @p each is told of every launch of the last step repeated (clgan_run_events). Of a step that is
 * split, of one micro-batch. Ends the training: its state has moved on. */
enum clgan_status clgan_trainer_events(struct clgan_trainer *t, clgan_run_timed *each, void *context, struct clgan_error *e);

/** The averaged nets (or, for models without averages, the nets) of a checkpoint or released model, into a store for a sampler.
 * *m is read from the file's model text and options; the caller destroys it. */
enum clgan_status clgan_weights_load_model(const char *path, struct clgan_model **m, struct clgan_error *e);
enum clgan_status clgan_weights_upload(const char *path, const struct clgan_model *m, struct clgan_store *store, struct clgan_error *e);
#endif
