/** @file measure.h  How good pictures and codes are: statistics on features, distances between images, intervals. Matrices are row-major
 * float32 on the host; sums are in double and in a fixed order, so that a figure is the same on every device. */
#ifndef CLGAN_TRAIN_MEASURE_H
#define CLGAN_TRAIN_MEASURE_H
#include "cl/cl.h"

/** Wilson score interval of a proportion (Wilson 1927) at 95 %. n = 0: 0 to 1. */
void clgan_measure_wilson(uint64_t hits, uint64_t n, double *low, double *high);

/** Frechet distance |m1-m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) of two Gaussians fitted to rows a[na,d], b[nb,d] (Heusel et al. 2017), in
 * double; covariances over n - 1. With n <= d a covariance is singular: the distance is still that of the fitted (flat) Gaussians, never NaN,
 * but it depends on n strongly; that is said in a warning. @return CLGAN_ERR_USAGE for fewer than 2 rows or no dimension,
 * CLGAN_ERR_NUMERIC where a value is not finite. */
enum clgan_status clgan_measure_frechet(const float *a, size_t na, const float *b, size_t nb, size_t d, double *out,
                                        struct clgan_error *e);

enum { CLGAN_NEAREST_MAX = 16 };
/** Nearest neighbours on the device. For each of nq rows of query[nq,d] the k (<= CLGAN_NEAREST_MAX) nearest rows of base[nb,d] by squared
 * Euclidean distance, ascending, ties by lower index; index[nq,k], distance[nq,k] (squared; either may be NULL).
 *
 * The device makes |b|^2 - 2 a.b of centred data by a matrix product and picks candidates; their distances are then computed in double from
 * the values given. Where rounding of the product could hide a nearer one, the row is searched again with more candidates, at last in
 * double throughout: the result is that of a search in double, on every device. Data with many nearly equal rows costs time.
 * @param skip_self row i of the query is row i of the base (nq <= nb) and is left out.
 * @return CLGAN_ERR_USAGE for a k outside 1..16 or a base of too few rows; CLGAN_ERR_NUMERIC where a value is not finite. */
enum clgan_status clgan_nearest(struct clgan_cl *cl, const float *query, size_t nq, const float *base, size_t nb,
                                size_t d, int k, bool skip_self, uint32_t *index, float *distance,
                                struct clgan_error *e);
/** Is there, for each row of query[nq,d], a row j of base[nb,d] with squared distance <= radius[j]? inside[nq]. */
enum clgan_status clgan_nearest_inside(struct clgan_cl *cl, const float *query, size_t nq, const float *base, size_t nb,
                                       size_t d, const float *radius, bool *inside, struct clgan_error *e);

/** Improved precision and recall (Kynkaanniemi et al. 2019) of fake against real features: the share of fake rows within the ball of some
 * real row, whose radius is the distance to its k-th neighbour among the real ones; and the other way round. On the device. */
enum clgan_status clgan_measure_precision_recall(struct clgan_cl *cl, const float *real, size_t n_real,
                                                 const float *fake, size_t n_fake, size_t d, int k, double *precision,
                                                 double *recall, struct clgan_error *e);

/** Kernel distance (Binkowski et al. 2018) of rows a[n,d] and b[n,d]: the unbiased estimate of the squared maximum mean discrepancy
 * with the kernel (x.y / d + 1)^3, in double; around 0, also below, for samples of one distribution. @param error standard error: of the
 * mean of the same in @p parts consecutive parts of the rows, which is at least that of the whole; NaN where they are too few.
 * @return CLGAN_ERR_USAGE for fewer than 2 rows or no dimension, CLGAN_ERR_NUMERIC where a value is not finite. */
enum clgan_status clgan_measure_kernel_distance(const float *a, const float *b, size_t n, size_t d, int parts,
                                                double *out, double *error, struct clgan_error *e);

/** exp(E KL(p(y|x) || p(y))) over probabilities p[n,k] (Salimans et al. 2016), in `splits` consecutive parts: mean and standard deviation
 * (population) over the parts. n = 0 or k = 0: both 0. */
void clgan_measure_score(const float *p, size_t n, size_t k, int splits, double *mean, double *deviation);

/** Means over images of U8 images [n,h,w,c], pixels in [0,1]: squared and absolute error, PSNR in dB (of each image's own squared error, at
 * most 100), SSIM (Wang et al. 2004: 11x11 Gaussian window with sigma 1.5, K 0.01 and 0.03, on each channel, mean over the places where the
 * whole window fits; smaller images: the window is cut to the largest odd size that fits). n = 0: all 0. */
struct clgan_likeness {
  double mse, mae, psnr, ssim;
};
void clgan_measure_likeness(const unsigned char *a, const unsigned char *b, size_t n, size_t h, size_t w, size_t c,
                            struct clgan_likeness *out);

/** out[n]: variance of the Laplacian (4 neighbours; inner pixels) of each U8 image [h,w,c], of its luma from 0 to 255 (Rec. 601): how
 * sharp it is (Pech-Pacheco et al. 2000). An image without inner pixels: 0. */
void clgan_measure_sharpness(const unsigned char *x, size_t n, size_t h, size_t w, size_t c, double *out);
#endif
