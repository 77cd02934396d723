/** @file evaluate.h  How good a trained model is: passes over generated and real images, read by a judge, and the
 * table of measures made of them. A measure is a row of the table in evaluate_rows.c; what it needs decides which
 * models have it. */
#ifndef CLGAN_TRAIN_EVALUATE_H
#define CLGAN_TRAIN_EVALUATE_H
#include "train/ages.h"
#include "train/judge.h"
#include "train/nets.h"

struct clgan_evaluate_options {
  enum clgan_part part;
  size_t n;             /**< images generated (0: 10,000, of faces 2,200); at most so many of the part's are looked at */
  uint64_t seed;        /**< of the codes */
  uint64_t judge_steps; /**< 0: the recipe's */
  int refine;           /**< gradient steps on the codes of some of the images; 0: none */
};

/** One figure. NaN: does not apply. */
struct clgan_figure {
  const char *key;   /**< "asked.accuracy"; static */
  const char *label; /**< what it is, for people; static */
  bool share;        /**< a proportion, shown as per cent */
  int digits;        /**< after the point, as shown */
  double value;
  double low, high; /**< 95 % interval: Wilson's of a share of independent images, else by bootstrap */
  double deviation; /**< over the splits of a score */
  double floor;     /**< the same measure of real images against real ones, of equal number */
  uint64_t n;       /**< images behind it */
};

/** How often class k was right. */
struct clgan_class_counts {
  uint64_t n[256], right[256];
};

/** An image that the judge read otherwise: surest first. */
struct clgan_miss {
  int wanted, read;      /**< classes */
  float probability;     /**< the judge's, of `read` */
  unsigned char *pixels; /**< of the image; of reconstructions the original, then the image */
};
enum { CLGAN_MISSES = 40, CLGAN_PAIRS = 30, CLGAN_SHOWN = 12, CLGAN_FIGURES_MAX = 48 };
struct clgan_misses {
  struct clgan_miss items[CLGAN_MISSES];
  size_t n;
  uint64_t all; /**< of which the surest are kept */
};

struct clgan_evaluation {
  struct clgan_figure figures[CLGAN_FIGURES_MAX];
  size_t n_figures;
  int classes; /**< 0: no judge of classes */
  bool faces;  /**< a judge of ages and genders */
  size_t n;    /**< images generated */
  uint64_t judge_steps, memory_steps; /**< memory: the autoencoder's; 0: there is none */
  struct clgan_class_counts judge, asked, kept; /**< kept: reconstructed with the true label */
  struct clgan_misses generated, reconstructed;
  unsigned char *pairs; /**< [n_pairs, 2, H, W, C]: original, reconstruction */
  size_t n_pairs;
  struct clgan_age_skill skill;          /**< faces: of the judge, on faces it has not seen */
  struct clgan_age_control control, aged; /**< generated faces; transformed ones */
  unsigned char *shown; /**< [n_shown, 1 + CLGAN_AGES, H, W, C]: original, then transformed to every asked age */
  size_t n_shown;
  uint32_t items, base_items,
      features; /**< images looked at; of the training part for neighbours (0: none); E's features */
};

/** Judges the model of @p nets (loaded) on @p d. Passes stream in batches, each with a progress line.
 * @return CLGAN_ERR_USAGE where the set lacks labels that the model's condition needs, or its part is empty. */
enum clgan_status clgan_evaluate(struct clgan_cl *cl, struct clgan_nets *nets, const struct clgan_dataset *d,
                                 const struct clgan_evaluate_options *o, struct clgan_evaluation **out,
                                 struct clgan_error *e);
void clgan_evaluation_destroy(struct clgan_evaluation *v); /**< destroy(NULL) is legal */
/** The figure of that key, or NULL. */
const struct clgan_figure *clgan_evaluation_find(const struct clgan_evaluation *v, const char *key);
#endif
