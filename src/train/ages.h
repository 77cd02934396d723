/** @file ages.h  How well ages and genders are told, or followed: errors, slopes and shares of an estimator's readings,
 * with bootstrap intervals. Ages are in years; genders 0 male, 1 female, and read female where the logit is above 0. */
#ifndef CLGAN_TRAIN_AGES_H
#define CLGAN_TRAIN_AGES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A statistic and the ends of its 95 % interval; NaN: does not apply. */
struct clgan_estimate {
  double value, low, high;
};

/** f of the totals of @p k sums over @p groups groups, sums[groups,k], and its percentile bootstrap interval (Efron
 * 1979): groups drawn with replacement, 1,000 times, by the seed. Readings of one group depend on each other; groups do
 * not. Draws for which f is not finite are left out. No group: NaN. */
struct clgan_estimate clgan_bootstrap(const double *sums, size_t groups, size_t k, double (*f)(const double *total),
                                      uint64_t seed);
/** Mean of x[n], with its bootstrap interval. */
struct clgan_estimate clgan_bootstrap_mean(const double *x, size_t n, uint64_t seed);

enum { CLGAN_DECADES = 10 }; /**< 0-9 ... 80-89, and 90 and above */
/** An estimator on labelled faces. */
struct clgan_age_skill {
  struct clgan_estimate error;    /**< mean |told - true| */
  struct clgan_estimate balanced; /**< the mean over decades of the true age, those present, of their mean errors */
  struct clgan_estimate slope;    /**< of told on true ages, least squares */
  uint64_t n, right;              /**< genders */
  uint64_t decade_n[CLGAN_DECADES];
  double decade_error[CLGAN_DECADES]; /**< mean error; 0 where there is no face */
};
/** @param age, told, logit [n]. @param gender [n], 0 or 1. */
void clgan_age_skill(const float *age, const float *gender, const float *told, const float *logit, size_t n,
                     uint64_t seed, struct clgan_age_skill *out);

enum { CLGAN_AGES = 11, CLGAN_AGE_LAST = 80 };
/** Asked age number @p k: 0, 8, ..., 80 years. */
double clgan_age_asked(int k);

/** One code under each of the ages, everything else the same. */
struct clgan_age_rows {
  size_t n;                    /**< sequences */
  size_t per_group;            /**< consecutive ones that share a code */
  const float *told, *logit;   /**< [n,CLGAN_AGES] */
  const unsigned char *gender; /**< [n]: asked for; NULL: the model has no genders */
};
/** Of one asked age. */
struct clgan_age_count {
  uint64_t n, right, flipped; /**< readings; of the asked gender; not of the sequence's own (see below) */
  double told, error;         /**< means */
};
/** How a generator follows the ages asked for. A sequence's own gender is the one read from 24 to 56 years together (the
 * sign of the logits' sum): what the face shows where ages leave it most freedom. */
struct clgan_age_control {
  struct clgan_estimate error, slope; /**< mean |told - asked|; slope of told on asked ages */
  struct clgan_estimate gender;       /**< share of readings of the asked gender; NaN without genders */
  struct clgan_estimate flip_old;     /**< share of readings at 70 years and above that are not of the sequence's own gender */
  struct clgan_estimate flip_step;    /**< share of steps between neighbouring asked ages, 24 to 80, at which the read gender
                                         changes */
  struct clgan_age_count by_age[CLGAN_AGES];
};
void clgan_age_control(const struct clgan_age_rows *r, uint64_t seed, struct clgan_age_control *out);
#endif
