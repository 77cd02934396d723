/** @file replay.h  Golden steps: whole training steps with recorded weights and draws, replayed on a device. What they are
 * compared with was recorded by the reference script (a file), or is recorded here by the double-precision interpreter of
 * the same graph. */
#ifndef CLGAN_TRAIN_REPLAY_H
#define CLGAN_TRAIN_REPLAY_H
#include "train/step.h"

struct clgan_golden;
/** Opens a file that the reference script's `golden` wrote (tests/golden/README.md). */
enum clgan_status clgan_golden_open(const char *path, struct clgan_golden **out, struct clgan_error *e);
/** Records steps from fresh weights: draws by Philox (@p seed), images and labels random too. @param model as
 * clgan_model_load takes it. Rounded to float32 only once, as it is stored. */
enum clgan_status clgan_golden_record(const char *model, int base, int batch, int steps, uint64_t seed,
                                      struct clgan_golden **out, struct clgan_error *e);
void clgan_golden_destroy(struct clgan_golden *g);
/** "digits base 8 batch 4, 5 steps" */
const char *clgan_golden_name(const struct clgan_golden *g);

enum clgan_replay_measure {
  CLGAN_REPLAY_LOSS_FIRST, /**< losses of the first step, relative */
  CLGAN_REPLAY_LOSS_LATER, /**< losses of the later steps, relative */
  CLGAN_REPLAY_GRADIENT,   /**< gradients of the first step, over the tensor's largest magnitude */
  CLGAN_REPLAY_FINAL,      /**< weights, averages, u, v, running statistics after the last step, absolute */
  CLGAN_REPLAY_MEASURES
};
extern const char *const clgan_replay_names[CLGAN_REPLAY_MEASURES];

/** Largest deviations, what is allowed (1e-5, 1e-4, 1e-4, 1e-4; from base 32 on 1e-5, 1e-2, 1e-3, 1e-2), and where. */
struct clgan_replay_result {
  double worst[CLGAN_REPLAY_MEASURES], bound[CLGAN_REPLAY_MEASURES]; /**< worst: NaN where one met a NaN */
  char where[CLGAN_REPLAY_MEASURES][192];
  int failures; /**< measures above their bound */
};
/** Replays by the kernel family that clgan_target_choose gives. @param cl NULL: by the interpreter. */
enum clgan_status clgan_golden_replay(const struct clgan_golden *g, struct clgan_cl *cl,
                                      struct clgan_replay_result *out, struct clgan_error *e);
#endif
