/** @file loop.h  A training run: steps, log.jsonl, sample sheets, checkpoints, signals, resume. */
#ifndef CLGAN_TRAIN_LOOP_H
#define CLGAN_TRAIN_LOOP_H
#include "base/folder.h"
#include "train/trainer.h"

struct clgan_loop_options {
  const char *out;          /**< run folder (made, and taken: no other process trains into it meanwhile) */
  struct clgan_folder *folder; /**< the run folder where the caller has taken it already; else NULL */
  uint64_t steps;           /**< the run's total, also on resume; 0: no bound */
  double minutes;           /**< of this invocation; 0: no bound */
  uint64_t checkpoint_every, sample_every, log_every; /**< steps; 0: defaults */
};
/** Trains until a bound is reached or SIGINT, SIGTERM or (unless ignored) SIGHUP came: then a checkpoint is saved and
 * CLGAN_ERR_INTERRUPTED returned; a second SIGINT, or a second SIGTERM, ends the process at once. Ends with a checkpoint and a sample.
 * What cannot be written before the end (a full disk) is warned of and tried again soon, and training goes on; a last checkpoint
 * that cannot be written is CLGAN_ERR_IO, and the one before it is still there. The log gets one JSON object per logged step: step, images, seconds, images_per_s, losses.
 * @param images_per_s receives the run's rate (without compiling and saving). */
enum clgan_status clgan_loop_run(struct clgan_trainer *t, const struct clgan_model *m, const struct clgan_loop_options *o,
                                 double *images_per_s, struct clgan_error *e);
/** What a sheet is made of, row by row. */
struct clgan_cells {
  size_t rows, cols;
  float *z, *c;                /**< [rows*cols, Z], [rows*cols, C] (NULL for models without a condition): what is drawn */
  const unsigned char **given; /**< [rows*cols] U8 images shown instead where not NULL; NULL: none */
};
/** Draws them as a PNG. */
enum clgan_status clgan_sheet_cells(struct clgan_sampler *s, const struct clgan_model *m, const struct clgan_cells *cells, const char *path,
                                    struct clgan_error *e);
/** A training run's sheet, always of the same codes: a row for each class, or for ten ages from 0 to 80; faces as men, then the same
 * codes as women, then of @p d (NULL: none) ten that were held out, each with its reconstruction, from code and labels, to its right. */
enum clgan_status clgan_sheet_samples(struct clgan_sampler *s, const struct clgan_model *m, const struct clgan_dataset *d, const char *path,
                                      struct clgan_error *e);
/** A grid: columns share z, rows are the classes or ages given. rows: n_rows condition vectors. As a PNG. */
enum clgan_status clgan_sheet_grid(struct clgan_sampler *s, const struct clgan_model *m, const float *conditions, size_t n_rows, const float *z,
                                   size_t n_cols, const char *path, struct clgan_error *e);
/** Images [n,H,W,C], each with n_drawn others (float, [n,H,W,C] each) to its right; `across` of them to a row. As a PNG. */
enum clgan_status clgan_sheet_beside(const struct clgan_model *m, size_t n, const unsigned char *images, const float *const *drawn,
                                     size_t n_drawn, size_t across, const char *path, struct clgan_error *e);
#endif
