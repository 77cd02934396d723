/** @file explore.h  What a code holds, asked of the generator and of the round trip: how pixel variance splits between
 * code and condition, which dimensions of the code move pixels, how much of a drawn code an encoder finds again. What
 * codes of real images look like is explore_codes.h. */
#ifndef CLGAN_TRAIN_EXPLORE_H
#define CLGAN_TRAIN_EXPLORE_H
#include "base/log.h"
#include "data/sheet.h"
#include "train/sampler.h"

/** Pixel variance of Y = G(z, c), z and c independent, split by the law of total variance (Hoeffding's decomposition;
 * Sobol, "Sensitivity estimates for nonlinear mathematical models", 1993; shares of a vector of outputs, here every
 * pixel, are taken of the summed variances: Gamboa, Janon, Klein, Lagnoux, 2014). All
 * are shares of V, the sum over pixels of Var(Y). */
struct clgan_shares {
  double first_z;  /**< Var_z(E_c[Y|z]) / V: what z explains by itself */
  double first_c;  /**< Var_c(E_z[Y|c]) / V: what c explains by itself */
  double both;     /**< 1 - first_z - first_c: what only their combination explains */
  double total_z;  /**< E_c[Var_z(Y|c)] / V = first_z + both: what is left when c is fixed */
  double total_c;  /**< E_z[Var_c(Y|z)] / V = first_c + both: what is left when z is fixed */
  double variance; /**< V over the number of pixels, in squares of the outputs' units */
  size_t codes, conditions;
};

/** The crossed design behind it: every code is drawn under every condition, a balanced two-way analysis of variance. */
struct clgan_crossing;
/** @param conditions K >= 1 (1: no condition; first_z is 1). @param pixels P. */
struct clgan_crossing *clgan_crossing_create(size_t conditions, size_t pixels);
void clgan_crossing_destroy(struct clgan_crossing *x);
/** One code's outputs y[K,P]. */
void clgan_crossing_add(struct clgan_crossing *x, const float *y);
/** Unbiased estimates of the components, none below 0; at least two codes. Of constant outputs V and all shares
 * are 0.
 * @param every the K conditions are all there are (classes, equally likely); else a sample of them. */
void clgan_crossing_shares(const struct clgan_crossing *x, bool every, struct clgan_shares *out);

/** A model asked through its sampler. Every draw follows from the seed. */
struct clgan_explorer {
  struct clgan_sampler *sampler;
  const struct clgan_model *m;
  uint64_t seed;
  const float *conditions;         /**< [K, condition_size], NULL where the model has none */
  size_t n_conditions;             /**< K; 1 where the model has none */
  bool every;                      /**< they are all there are */
  struct clgan_progress *progress; /**< NULL, or told of images drawn */
  double *drawn;                   /**< with progress: images drawn so far, added to */
};

/** @param codes drawn from the prior: codes * K images. */
enum clgan_status clgan_explore_shares(const struct clgan_explorer *x, size_t codes, struct clgan_shares *out,
                                       struct clgan_error *e);

/** Which dimensions move pixels: total[j] = E[Var(Y | all but z_j)] / @p variance / pixels, the total Sobol index, by
 * Jansen's estimator (1999): half the mean squared change when z_j alone is drawn again. They add up to more than
 * total_z where dimensions act together. @param codes base codes, each under one of the conditions: codes * (Z + 1)
 * images.
 * @param variance of clgan_explore_shares. @param total [Z]. */
enum clgan_status clgan_explore_influence(const struct clgan_explorer *x, size_t codes, double variance, double *total,
                                          struct clgan_error *e);

/** z drawn, x = G(z, c) rounded to 8 bits, z' = E(x). Arrays [Z]. */
struct clgan_round_trip {
  size_t codes;
  double *error;     /**< mean |z - z'| */
  double *returned;  /**< 1 - mean (z - z')^2 / Var z: the share of a drawn number's variance that comes back; below 0:
                        less  than the prior's mean would tell */
  double *deviation; /**< standard deviation of z' */
  double *correlation;           /**< Pearson's, of z and z' */
  double class_kept;             /**< share of images whose class E names (class models; else NAN) */
  double age_error, gender_kept; /**< mean |years - E's years|, share of genders (face models; else NAN) */
};
enum clgan_status clgan_explore_round_trip(const struct clgan_explorer *x, size_t codes, struct clgan_round_trip *out,
                                           struct clgan_error *e);
void clgan_round_trip_free(struct clgan_round_trip *r); /**< legal on a zeroed struct */

/** A sheet: a row for each of @p rows dimensions, a column for each of @p cols values that the dimension takes,
 * everything else of one drawn code unchanged. @param condition [condition_size] or NULL. @param dims [rows]. @param
 * values [cols]. */
enum clgan_status clgan_explore_traverse(const struct clgan_explorer *x, const float *condition, const size_t *dims,
                                         size_t rows, const float *values, size_t cols, struct clgan_sheet **out,
                                         struct clgan_error *e);
#endif
