/** @file explore_codes.h  What codes of images look like: their distribution against the prior they were to have, and
 * what they tell of the images' labels. What the generator does with codes is explore.h. Matrices are row-major. */
#ifndef CLGAN_TRAIN_EXPLORE_CODES_H
#define CLGAN_TRAIN_EXPLORE_CODES_H
#include "cl/cl.h"
#include "model/model.h"

/** Moments of one number of a code (population: over n). */
struct clgan_moments {
  double mean, deviation, skewness,
      kurtosis; /**< kurtosis: excess, 0 for a normal; the last two are 0 where nothing varies */
};
/** What the prior of a kind has: U(-1,1): 0, 0.577, 0, -1.2; N(0,1): 0, 1, 0, 0. */
struct clgan_moments clgan_prior_moments(enum clgan_latent_kind kind);
/** The end of the range: numbers beyond it are counted. 0.99 for uniform priors (E's tanh saturates there), 3 for
 * normal. */
double clgan_prior_limit(enum clgan_latent_kind kind);
double clgan_prior_beyond(enum clgan_latent_kind kind); /**< share of the prior beyond it: 0.01; 0.0027 */

/** The distribution of codes z[n,Z]. Arrays [Z], freed by clgan_spread_free. */
struct clgan_spread {
  size_t n, dims;
  struct clgan_moments *moments, pooled; /**< of each dimension; of all numbers together */
  double *ks;                            /**< Kolmogorov-Smirnov distance to the prior, sup |F_n - F| */
  double *beyond;                        /**< share of |z| beyond the prior's limit */
  double ks_median, ks_worst, ks_chance; /**< chance: the median distance of n draws from the prior itself */
  size_t worst;                          /**< dimension of ks_worst */
  double beyond_all;
  double correlation_mean, correlation_largest, correlation_chance; /**< |Pearson's r| over pairs of dimensions; the
                                                                       mean that independent numbers would have */
  size_t pair[2];                                                   /**< of correlation_largest */
};
/** @return CLGAN_ERR_USAGE for fewer than 2 codes, CLGAN_ERR_NUMERIC where one is not finite. */
enum clgan_status clgan_spread_of(const float *z, size_t n, size_t dims, enum clgan_latent_kind kind,
                                  struct clgan_spread *out, struct clgan_error *e);
void clgan_spread_free(struct clgan_spread *s); /**< legal on a zeroed struct */

enum { CLGAN_TOLD_MIN = 20 };

/** What codes tell of a label with classes: unsupervised (k-means with as many clusters as classes occur) and by probes
 * fitted to one half of the items, drawn at random, and tested on the other. */
struct clgan_told {
  size_t classes;                   /**< that occur */
  size_t fitted, tested;            /**< items */
  double purity, nmi;               /**< of the clusters against the labels */
  double purity_chance, nmi_chance; /**< mean over 20 permutations of the labels */
  double accuracy, low, high;       /**< linear probe (multinomial logistic regression), 95 % interval */
  double majority;                  /**< of naming the most frequent class every time */
  double shuffled;                  /**< of a probe where all labels are permuted: no relation is left */
  double neighbour; /**< accuracy of the nearest neighbour's label: what a probe that is not linear finds */
};
/** @param label [n], each below classes. @return CLGAN_ERR_USAGE for fewer than CLGAN_TOLD_MIN items or a single class.
 */
enum clgan_status clgan_told_class(struct clgan_cl *cl, const float *z, size_t n, size_t dims,
                                   const unsigned char *label, int classes, uint64_t seed, struct clgan_told *out,
                                   struct clgan_error *e);

/** What codes tell of a number (an age): ridge regression (penalty: columns over rows) fitted to one half, tested on the
 * other. */
struct clgan_told_number {
  size_t fitted, tested;
  double r2, error;   /**< explained share of the variance; mean absolute error */
  double error_mean;  /**< of naming the fitted half's mean every time */
  double r2_shuffled; /**< of a probe where all numbers are permuted */
};
/** @return CLGAN_ERR_USAGE for fewer than CLGAN_TOLD_MIN items. */
enum clgan_status clgan_told_number(const float *z, size_t n, size_t dims, const float *value, uint64_t seed,
                                    struct clgan_told_number *out, struct clgan_error *e);
#endif
