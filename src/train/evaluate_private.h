/** @file evaluate_private.h  What the passes of an evaluation leave for its measures. */
#ifndef CLGAN_TRAIN_EVALUATE_PRIVATE_H
#define CLGAN_TRAIN_EVALUATE_PRIVATE_H
#include "train/evaluate.h"
#include "train/measure.h"

/** Images whose features are compared, on either side, at most; neighbours whose distance is a ball's radius; a
 * score's parts. */
enum { CLGAN_COMPARED = 5000, CLGAN_BALL = 3, CLGAN_SCORE_SPLITS = 10 };

/** What a model and a set must have for a measure. */
enum clgan_need {
  CLGAN_NEED_CLASSES = 1, /**< a class condition, so a judge of classes */
  CLGAN_NEED_LABELS = 2,  /**< a set with classes */
  CLGAN_NEED_FEATURES = 4 /**< a last hidden layer of E */
};

struct clgan_work {
  struct clgan_cl *cl;
  struct clgan_nets *nets;
  const struct clgan_model *m;
  const struct clgan_dataset *d;
  const struct clgan_evaluate_options *o;
  struct clgan_judge *judge;  /**< NULL: the model has no classes */
  unsigned have;              /**< of enum clgan_need */
  uint32_t *items, count;     /**< real images looked at */
  uint32_t *base, base_count; /**< training part that neighbours are looked for in */
  size_t compared;            /**< rows on either side of a comparison */
  float *fake_p, *real_p;     /**< the judge's probabilities [n,K], [count,K] */
  float *fake, *real,
      *other; /**< its features [compared,CLGAN_JUDGE_FEATURES]: generated; real; as many other real ones */
  float *codes, *base_codes;                  /**< E's features [count,F], [base_count,F] */
  uint64_t kept_own, own_right;               /**< label kept with E's own label; E's label right */
  struct clgan_likeness with_label, with_own; /**< means over count; with the set's condition where there is one */
  struct clgan_evaluation *v;
};

/** The table of measures: every one whose needs are met adds its figures to w->v. */
enum clgan_status clgan_evaluate_figures(struct clgan_work *w, struct clgan_error *e);
#endif
