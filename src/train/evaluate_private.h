/** @file evaluate_private.h  What the passes of an evaluation share, and what they leave for its measures. */
#ifndef CLGAN_TRAIN_EVALUATE_PRIVATE_H
#define CLGAN_TRAIN_EVALUATE_PRIVATE_H
#include "train/evaluate.h"
#include "train/measure.h"

/** Images whose features are compared, on either side, at most, of classes and of faces; neighbours whose distance is a
 * ball's radius; a score's parts; those of a standard error. */
enum {
  CLGAN_COMPARED = 5000,
  CLGAN_COMPARED_FACES = 2000,
  CLGAN_BALL = 3,
  CLGAN_SCORE_SPLITS = 10,
  CLGAN_KERNEL_PARTS = 10
};
/** Faces among which an original is looked for; faces shown at every age; years by which a face is made older, or
 * younger where it would be above CLGAN_AGE_LAST. */
enum { CLGAN_GALLERY = 1000, CLGAN_AGED = 500, CLGAN_AGED_BY = 20 };

/** What a model and a set must have for a measure. */
enum clgan_need {
  CLGAN_NEED_CLASSES = 1,  /**< a class condition, so a judge of classes */
  CLGAN_NEED_LABELS = 2,   /**< a set with classes */
  CLGAN_NEED_FEATURES = 4, /**< a last hidden layer of E */
  CLGAN_NEED_JUDGE = 8,    /**< a judge of either kind, so features to compare */
  CLGAN_NEED_FACES = 16,   /**< ages and genders as condition, so a judge of them */
  CLGAN_NEED_GENDERS = 32  /**< a gender in the condition */
};

/** The four figures of a reconstruction, by image. */
enum { CLGAN_MSE, CLGAN_MAE, CLGAN_PSNR, CLGAN_SSIM, CLGAN_LIKENESSES };

/** What passes over faces leave. Sequences are of CLGAN_AGES readings. */
struct clgan_face_work {
  struct clgan_judge *memory;             /**< the autoencoder */
  uint32_t *unseen;                       /**< items that the judge has not seen; their labels and readings: */
  float *unseen_age, *unseen_gender, *unseen_told, *unseen_logit;
  size_t codes, genders, aged, gallery;   /**< codes drawn; genders asked of each; faces at every age; faces to find */
  float *asked_told, *asked_logit;        /**< [codes*genders,CLGAN_AGES] */
  unsigned char *asked_gender;            /**< [codes*genders] */
  float *aged_told, *aged_logit;          /**< [aged,CLGAN_AGES] */
  unsigned char *aged_gender;             /**< [aged] */
  float *z;                               /**< E's codes [gallery,Z] */
  float *age, *gender;                    /**< true ones [gallery] */
  float *original, *made, *older;         /**< the autoencoder's features [gallery,CLGAN_JUDGE_FEATURES]: of real faces, of
                                             reconstructions, of the faces CLGAN_AGED_BY years older or younger */
  double *sharp_real, *sharp_made;        /**< of real images and of reconstructions [count] */
  double *sharp_fake;                     /**< of generated images [fakes] */
  size_t fakes;                           /**< generated under the conditions of real ones */
};

struct clgan_work {
  struct clgan_cl *cl;
  struct clgan_nets *nets;
  const struct clgan_model *m;
  const struct clgan_dataset *d;
  const struct clgan_evaluate_options *o;
  struct clgan_judge *judge;  /**< NULL: the model has no condition */
  unsigned have;              /**< of enum clgan_need */
  uint32_t *items, count;     /**< real images looked at */
  uint32_t *base, base_count; /**< training part that neighbours are looked for in */
  size_t compared;            /**< rows on either side of a comparison */
  size_t floor_rows;          /**< rows on either side of the comparison of real images with real ones */
  float *fake_p, *real_p;     /**< the judge's probabilities [n,K], [count,K] */
  float *fake, *real,
      *other; /**< its features [compared,CLGAN_JUDGE_FEATURES]: generated; real; as many other real ones */
  float *codes, *base_codes;                  /**< E's features [count,F], [base_count,F] */
  uint64_t kept_own, own_right;               /**< label kept with E's own label; E's label right */
  double *with_label[CLGAN_LIKENESSES];       /**< [count]; with the set's condition where there is one */
  double mse_own;                             /**< mean over count, with E's own condition */
  double *refined[2];                         /**< [n_refined]: mean absolute errors before and after refining */
  size_t n_refined;
  struct clgan_face_work faces;
  struct clgan_evaluation *v;
};

/** Host memory of a pass: images at once, and rows for so many. */
enum { CLGAN_CHUNK = 512 };
struct clgan_chunk {
  unsigned char *images, *pictures; /**< real; made */
  float *x, *z, *c, *factors, *codes, *answers, *features;
  int32_t *label;
  float *age, *gender;
};
/** Does one chunk of a pass: images first .. first+n-1 of it. */
typedef enum clgan_status clgan_pass(struct clgan_work *w, struct clgan_chunk *b, size_t first, size_t n,
                                     struct clgan_error *e);
/** A pass over @p total images, with a progress line named @p what. */
enum clgan_status clgan_evaluate_stream(struct clgan_work *w, const char *what, size_t total, clgan_pass *one,
                                        struct clgan_error *e);
/** b->pictures = G(b->z, b->c), as 8-bit pixels: what files and eyes get. */
enum clgan_status clgan_evaluate_draw(struct clgan_work *w, struct clgan_chunk *b, size_t n, struct clgan_error *e);
/** Rows of float32, said to be @p what where memory is short. */
enum clgan_status clgan_evaluate_rows(float **out, size_t n, size_t width, const char *what, struct clgan_error *e);
/** Items that the judge has not seen: the test part, in a set without one a tenth of the training part at least.
 * @param holdout receives how many last training items it may not learn from. */
enum clgan_status clgan_evaluate_unseen(const struct clgan_work *w, uint32_t *holdout, uint32_t **items,
                                        uint32_t *count, struct clgan_error *e);

/** What only evaluations of faces do. In the order of use: memory; the judge, its own skill and the autoencoder; the
 * passes over generated faces; what is noted of a chunk of real faces, b->images with their codes b->z and
 * reconstructions b->pictures; the passes over transformed ones. */
enum clgan_status clgan_faces_allocate(struct clgan_work *w, struct clgan_error *e);
enum clgan_status clgan_faces_judges(struct clgan_work *w, struct clgan_error *e);
enum clgan_status clgan_faces_generate(struct clgan_work *w, struct clgan_error *e);
enum clgan_status clgan_faces_note(struct clgan_work *w, struct clgan_chunk *b, size_t first, size_t n,
                                   struct clgan_error *e);
enum clgan_status clgan_faces_transform(struct clgan_work *w, struct clgan_error *e);
void clgan_faces_free(struct clgan_face_work *f);

/** The table of measures: every one whose needs are met adds its figures to w->v. */
enum clgan_status clgan_evaluate_figures(struct clgan_work *w, struct clgan_error *e);
/** Adds a figure; a share of @p hits among @p n with its interval. */
struct clgan_figure *clgan_figure_add(struct clgan_work *w, const char *key, const char *label, double value,
                                      int digits, uint64_t n);
struct clgan_figure *clgan_figure_share(struct clgan_work *w, const char *key, const char *label, uint64_t hits,
                                        uint64_t n);

/** Measures of faces (evaluate_face_rows.c), rows of the table. */
typedef enum clgan_status clgan_measure_row(struct clgan_work *w, struct clgan_error *e);
clgan_measure_row clgan_row_estimator, clgan_row_asked, clgan_row_transformed, clgan_row_found, clgan_row_kernel,
    clgan_row_sharpness;
#endif
