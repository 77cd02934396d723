/** @file sampler.h  The averaged nets in use: pictures from codes, codes from pictures. */
#ifndef CLGAN_TRAIN_SAMPLER_H
#define CLGAN_TRAIN_SAMPLER_H
#include "data/sheet.h"
#include "train/refine.h"
#include "train/step.h"

/** Works on the "G_ema.*" and "E_ema.*" states of a store. Graphs are built at first use, for batches of @p batch. */
struct clgan_sampler;
/** Images at a time where a training of micro-batches of @p micro draws samples: no more, so that it takes no more memory. */
static inline int clgan_sample_batch(int micro) {
  return micro < 50 ? micro : 50;
}
struct clgan_sampler *clgan_sampler_create(struct clgan_cl *cl, struct clgan_store *store, const struct clgan_model *m,
                                           int batch);
/** Lets it work in the arenas of a run that outlives it (clgan_run_create_within); before its first use. */
void clgan_sampler_borrow(struct clgan_sampler *s, struct clgan_run *lender);
void clgan_sampler_destroy(struct clgan_sampler *s);
/** x[n,H,W,C] = G_ema(z[n,Z], c[n,C]); c may be NULL for models without a condition. */
enum clgan_status clgan_sampler_generate(struct clgan_sampler *s, size_t n, const float *z, const float *c, float *x,
                                         struct clgan_error *e);
/** U8 pixels of n images x[n,H,W,C] that the model draws. */
void clgan_sampler_pixels(const struct clgan_model *m, size_t n, const float *x, unsigned char *pixels);
/** A sheet of rows x cols such images, black. The caller's (clgan_sheet_destroy). */
enum clgan_status clgan_sampler_sheet(const struct clgan_model *m, size_t rows, size_t cols, struct clgan_sheet **out,
                                      struct clgan_error *e);
/** Codes of U8 images [n,H,W,C]: z[n,Z]; factors [n,F] (F = clgan_sampler_factors; may be NULL), E's view of the condition. */
enum clgan_status clgan_sampler_encode(struct clgan_sampler *s, size_t n, const unsigned char *images, float *z,
                                       float *factors, struct clgan_error *e);
/** E's last hidden layer on U8 images [n,H,W,C]: features[n,F], F = clgan_sampler_feature_count (an image-shaped layer in H,W,C
 * order). CLGAN_ERR_USAGE where E has none. */
enum clgan_status clgan_sampler_features(struct clgan_sampler *s, size_t n, const unsigned char *images,
                                         float *features, struct clgan_error *e);
/** All of it in one pass: z[n,Z], factors[n,F] and features[n,F], each NULL where not wanted. */
enum clgan_status clgan_sampler_codes(struct clgan_sampler *s, size_t n, const unsigned char *images, float *z,
                                      float *factors, float *features, struct clgan_error *e);
/** clgan_refiner_run with the default prior, of its own refiner: built at first use, and anew where n asks for another batch. */
enum clgan_status clgan_sampler_refine(struct clgan_sampler *s, const struct clgan_refine_options *o, size_t n,
                                       const unsigned char *images, const float *c, float *z, float *before,
                                       float *after, struct clgan_error *e);
/** Numbers of E's last hidden layer (the model text's `features`, else what the layer of z reads); 0: there is none. */
int clgan_sampler_feature_count(const struct clgan_model *m);
/** Numbers that E gives of the condition: classes (logits); 1 or 2 (age value, gender logit); 0. */
int clgan_sampler_factors(const struct clgan_model *m);

/** n codes from the model's prior: code i depends only on (seed, first + i). */
void clgan_latent_draw(const struct clgan_model *m, uint64_t seed, uint32_t first, size_t n, float *z);
/** The condition vector of a class (0..classes-1), into c[condition_size]. */
void clgan_condition_class(const struct clgan_model *m, int cls, float *c);
/** The condition vector of an age in years and a gender (0 male, 1 female; ignored where the model has none). */
void clgan_condition_face(const struct clgan_model *m, double age, double gender, float *c);
/** Years that an age value (of a condition, or E's first factor) stands for: the inverse of clgan_condition_face. */
double clgan_condition_years(const struct clgan_model *m, float value);
/** The class of the largest of @p classes (at least 1) logits, such as E's factors; the first of equal ones. */
int clgan_logits_likeliest(const float *logits, int classes);
/** The condition that E's factors stand for: the likeliest class; the age value and the likelier gender. */
void clgan_condition_from_factors(const struct clgan_model *m, const float *factors, float *c);
#endif
