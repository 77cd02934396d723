/** @file train.h  Times a model's training step, and its nets in use. */
#ifndef CLGAN_BENCH_TRAIN_H
#define CLGAN_BENCH_TRAIN_H
#include "bench/pace.h"
#include "bench/result.h"
#include "train/trainer.h"

struct clgan_bench_train_options {
  int steps;    /**< so many, exactly; 0: until the interval is narrow, or the case's time is up */
  int micro;    /**< micro-batch; 0: the batch */
  double ideal_s; /**< what the roofline allows a step; 0: not known */
  bool profile; /**< also writes the launches of a step with their times to stderr */
};
/** Trains @p m (its own batch size) on random images: warm-up until the steps' times have settled, then the median of
 * steps that are each waited for; then half as many without waiting in between. Host and device work of a step are both
 * in its time. Then one with events: where the time goes.
 * @param row receives name and figures; runs 0 and no error: there was no time left for it, whether to begin (no note), or
 * to do it (its note says how much it takes). */
enum clgan_status clgan_bench_train(struct clgan_cl *cl, const struct clgan_model *m,
                                    const struct clgan_bench_train_options *o, struct clgan_bench_pace *pace,
                                    struct clgan_bench_row *row, struct clgan_error *e);

/** From opening the device to the end of the first step of @p m, in seconds that the process has run. */
enum clgan_status clgan_bench_first_step(struct clgan_cl *cl, const struct clgan_model *m, double *seconds,
                                         struct clgan_error *e);

enum { CLGAN_BENCH_USES = 4, CLGAN_BENCH_MANY = 1000 };
/** Generation and reconstruction of one image and of CLGAN_BENCH_MANY, from and to host memory, in batches as `clgan
 * generate` makes them; weights as training starts from. Adds up to CLGAN_BENCH_USES rows; one that fails holds its
 * error, and the first error is returned. */
enum clgan_status clgan_bench_use(struct clgan_cl *cl, const struct clgan_model *m, struct clgan_bench_pace *pace,
                                  struct clgan_bench_rows *rows, struct clgan_error *e);
/** "KIND/<model>/base<N>/", without the base where the model has none. */
void clgan_bench_model_name(const struct clgan_model *m, const char *kind, char *out, size_t size);
#endif
