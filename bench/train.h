/** @file train.h  Times a model's training step. */
#ifndef CLGAN_BENCH_TRAIN_H
#define CLGAN_BENCH_TRAIN_H
#include <stdbool.h>
#include "bench/result.h"
#include "train/trainer.h"

struct clgan_bench_train_options {
  int warm_up, steps;
  int micro;    /**< micro-batch; 0: the batch */
  bool profile; /**< also writes the launches of a step with their times to stderr */
};
/** Trains @p m (its own batch size) on random images: warm-up, then the median of `steps` steps, each waited for; then
 * half as many without waiting in between. Host and device work of a step are both in its time.
 * @param row receives name and figures. */
enum clgan_status clgan_bench_train(struct clgan_cl *cl, const struct clgan_model *m,
                                    const struct clgan_bench_train_options *o, struct clgan_bench_row *row,
                                    struct clgan_error *e);
#endif
