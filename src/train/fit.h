/** @file fit.h  Does a training fit a device's memory? Plans only: nothing is allocated there. */
#ifndef CLGAN_TRAIN_FIT_H
#define CLGAN_TRAIN_FIT_H
#include "cl/cl.h"
#include "model/model.h"

/** Device memory of a training, in bytes of the buffers as they are made. */
struct clgan_memory {
  uint64_t arenas; /**< what lives within a step */
  uint64_t peak;   /**< the most of it that is alive at once: arenas cannot be less */
  uint64_t apart;  /**< what it would take without sharing */
  uint64_t state;  /**< weights, moments, averages, gradients */
  uint64_t inputs; /**< images, labels, constants */
  uint64_t
      later; /**< what estimating statistics and drawing samples add: made when first needed, mostly in the step's arenas */
  uint64_t total;
};

struct clgan_fit {
  int batch; /**< examples a step */
  int micro; /**< the most of them at once; 0: all. Divides batch */
  uint64_t
      memory; /**< bytes that may be used; 0: the device's less a tenth, as drivers, screens and others need some */
  bool split; /**< what does not fit is split (the largest divisor of batch that fits) instead of refused */
};
/** Bytes of a step of @p pieces micro-batches of @p micro. CLGAN_ERR_MEMORY where one tensor is above the largest allocation. */
enum clgan_status clgan_fit_plan(struct clgan_cl *cl, const struct clgan_model *m, int micro, int pieces,
                                 struct clgan_memory *out, struct clgan_error *e);
/** Bytes that f->memory stands for. */
uint64_t clgan_fit_limit(struct clgan_cl *cl, const struct clgan_fit *f);
/** The largest batch (unsplit) that takes no more than @p limit, below @p below; 0: not even 1. */
int clgan_fit_largest(struct clgan_cl *cl, const struct clgan_model *m, int below, uint64_t limit);
/** The largest micro-batch, a divisor of f->batch, at most f->micro and below @p below, that takes no more than @p limit; 0: none. */
int clgan_fit_micro(struct clgan_cl *cl, const struct clgan_model *m, const struct clgan_fit *f, int below,
                    uint64_t limit);
/** Chooses f's micro-batch (*micro = f->batch: unsplit) and says what it takes. CLGAN_ERR_MEMORY with the arithmetic, the largest
 * batch that fits and the micro-batch that would; CLGAN_ERR_USAGE where f->micro does not divide f->batch. */
enum clgan_status clgan_fit_choose(struct clgan_cl *cl, const struct clgan_model *m, const struct clgan_fit *f,
                                   int *micro, struct clgan_memory *out, struct clgan_error *e);
/** Where a device failed to give what was planned: puts the largest batch worth trying, which takes no more than @p limit, before
 * the device's own message. @return e->status */
enum clgan_status clgan_fit_failed(struct clgan_cl *cl, const struct clgan_model *m, const struct clgan_fit *f,
                                   uint64_t limit, struct clgan_error *e);
#endif
