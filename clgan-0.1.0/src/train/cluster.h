/** @file cluster.h  What codes hold: clusters and how they agree with labels, linear probes, principal components, distance of a sample
 * from its prior. Matrices are row-major float32 on the host; labels are U8 below 256. Sums are in double and in a fixed order. */
#ifndef CLGAN_TRAIN_CLUSTER_H
#define CLGAN_TRAIN_CLUSTER_H
#include "cl/cl.h"

/* -- k-means -- */
struct clgan_kmeans {
  float *centre;     /**< [k,d] */
  uint32_t *cluster; /**< [n]: the nearest centre of each row */
  double inertia;    /**< sum of squared distances to it */
  int iterations;    /**< of the restart that was best */
  bool settled;      /**< its last iteration changed nothing */
};
/** Lloyd's algorithm from seeds by k-means++ (Arthur and Vassilvitskii 2007), the best of @p restarts by inertia; at most 100 iterations
 * each; the nearest centres are found on the device (clgan_nearest). A cluster that loses its last row restarts at the row farthest from
 * its centre. The same seed gives the same result on every device. @param out to be freed by clgan_kmeans_free, also after an error.
 * @return CLGAN_ERR_USAGE unless 1 <= k <= n and d >= 1; CLGAN_ERR_NUMERIC where a value is not finite. */
enum clgan_status clgan_kmeans_fit(struct clgan_cl *cl, const float *x, size_t n, size_t d, int k, int restarts, uint64_t seed,
                                   struct clgan_kmeans *out, struct clgan_error *e);
void clgan_kmeans_free(struct clgan_kmeans *m);

/** purity: share of rows whose label is the most frequent one of their cluster. nmi: mutual information of cluster and label over the mean of
 * their entropies (Strehl and Ghosh 2002, arithmetic mean): 0 independent, 1 the same partition (also where both are one class).
 * cluster[n] below @p k. n = 0: both 0. */
void clgan_kmeans_agreement(const uint32_t *cluster, const unsigned char *label, size_t n, size_t k, double *purity, double *nmi);

/* -- probes: linear models of standardised columns, fitted to one set of rows and judged on another -- */
struct clgan_probe_classes {
  double accuracy;       /**< of the test rows */
  double train_accuracy;
  double loss;           /**< mean cross-entropy of the training rows, in nats, without the penalty */
  double majority;       /**< accuracy on the test rows of always saying the most frequent training label */
  uint64_t hits;         /**< test rows that are right (for clgan_measure_wilson) */
  int iterations;
  bool converged;
};
/** Multinomial logistic regression by full-batch L-BFGS (Nocedal 1980), penalty @p l2 / 2 |W|^2 on the mean loss (1e-4 is a good choice; not on
 * the intercepts). Labels below @p classes. Work is bounded: where n d classes is very large it may stop before it converged.
 * @return CLGAN_ERR_USAGE for no rows, no columns or a label out of range; CLGAN_ERR_NUMERIC where a value is not finite. */
enum clgan_status clgan_probe_classify(const float *x, const unsigned char *label, size_t n, const float *test_x,
                                       const unsigned char *test_label, size_t n_test, size_t d, int classes, double l2,
                                       struct clgan_probe_classes *out, struct clgan_error *e);
struct clgan_probe_number {
  double r2;    /**< 1 - squared error / variance about the test rows' mean; may be below 0; 0 where the test rows do not vary */
  double mae;   /**< mean absolute error, in y's unit */
  double mae_0; /**< of always saying the training rows' mean */
};
/** Ridge regression of y: mean squared error + @p l2 |w|^2 over standardised columns. */
enum clgan_status clgan_probe_regress(const float *x, const float *y, size_t n, const float *test_x, const float *test_y, size_t n_test,
                                      size_t d, double l2, struct clgan_probe_number *out, struct clgan_error *e);

/* -- principal components -- */
struct clgan_pca {
  size_t d;
  double *mean;      /**< [d] */
  double *variance;  /**< [d] along each component, descending; their sum is the total variance */
  double *component; /**< [d,d]: unit rows; the largest element of each is positive */
};
/** @return CLGAN_ERR_USAGE for fewer than 2 rows. @param out to be freed by clgan_pca_free, also after an error. */
enum clgan_status clgan_pca_fit(const float *x, size_t n, size_t d, struct clgan_pca *out, struct clgan_error *e);
/** out[n,m]: the rows' coordinates along the first m components. */
void clgan_pca_project(const struct clgan_pca *p, const float *x, size_t n, size_t m, float *out);
void clgan_pca_free(struct clgan_pca *p);

/* -- a sample against its prior -- */
/** Kolmogorov-Smirnov distance, the largest difference of distribution functions, of x[0], x[step], ..., x[(n-1) step] from the uniform
 * distribution on (-1, 1), or from the standard normal one. A sample of the distribution itself exceeds 1.36 / sqrt(n) in 5 % of cases.
 * n = 0: 0. A NaN counts as infinitely far: 1. */
double clgan_ks_distance(const float *x, size_t n, size_t step, bool normal);
#endif
