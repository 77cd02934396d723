/** @file trainer_private.h  Shared by trainer.c, trainer_save.c and weights.c. */
#ifndef CLGAN_TRAIN_TRAINER_PRIVATE_H
#define CLGAN_TRAIN_TRAINER_PRIVATE_H
#include "train/trainer.h"
#include "train/weights.h"

enum { CLGAN_IN_FLIGHT = 2, CLGAN_ESTIMATE_BATCHES = 50 };

/* Host memory of one step in flight; untouched by the host until its losses are back. */
struct clgan_flight {
  unsigned char *images;
  void *label;               /* I32 [N] or F32 [N,2] */
  float consts[2][CLGAN_CONST_COUNT]; /* of the first micro-batch, of the later ones */
  int32_t (*counters)[5];    /* per micro-batch */
  float losses[CLGAN_LOSS_MAX];
  struct clgan_event *done;
  uint64_t step;
};

struct clgan_finished {
  uint64_t step;
  float losses[CLGAN_LOSS_MAX];
};

struct clgan_trainer {
  struct clgan_cl *cl;
  struct clgan_store *store;
  const struct clgan_model *m;
  const struct clgan_dataset *data;
  struct clgan_batches *batches;
  struct clgan_trainer_options options; /* batch: of a step */
  int micro, pieces;         /* the step is so many micro-batches of so many examples */
  struct clgan_memory memory;
  struct clgan_step *graph;
  struct clgan_run *run;
  struct clgan_use_graph *estimate_graph;
  struct clgan_run *estimate_run;
  struct clgan_sampler *sampler;
  struct clgan_flight flight[CLGAN_IN_FLIGHT];
  struct clgan_finished *finished;
  size_t n_finished, taken, cap_finished;
  uint64_t step;             /* steps enqueued since the beginning of the run; Adam's count too */
};

#endif
