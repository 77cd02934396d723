/** @file latent.h  What `clgan latent` found, and the three ways it is told: a table, JSON, a page. */
#ifndef CLGAN_CMD_LATENT_H
#define CLGAN_CMD_LATENT_H
#include <cjson/cJSON.h>
#include "data/page.h"
#include "train/explore.h"
#include "train/explore_codes.h"

/** One kind of label that codes may tell: the class, the gender, the decade of the age. */
struct clgan_latent_view {
  const char *name;     /**< "class" */
  unsigned char *label; /**< [n], below classes */
  int classes;
  struct clgan_names names; /**< n 0: by numbers */
  struct clgan_told told;
};

enum { CLGAN_LATENT_VIEWS = 2, CLGAN_LATENT_ROWS = 12, CLGAN_LATENT_COLS = 11, CLGAN_LATENT_POINTS = 2000 };

/** All results. Zero-initialise. Arrays [Z] are ordered as the code is. */
struct clgan_latent {
  const struct clgan_model *m;
  const char *weights, *data, *split; /**< as given; split: "test", "train" or "all" */
  char device[256];
  uint64_t seed, steps;
  size_t n; /**< images encoded */
  float *z; /**< [n,Z] */
  struct clgan_spread spread;
  struct clgan_latent_view views[CLGAN_LATENT_VIEWS];
  size_t n_views;
  float *age; /**< [n], NULL: no ages */
  struct clgan_told_number age_told;
  double own_class, own_gender, own_age_error; /**< what E itself says of the images' conditions; NAN: not asked */
  double *explained; /**< [Z], shares of the codes' variance along principal axes, descending */
  float *point;      /**< [n,2], along the first two */
  struct clgan_shares shares;
  double *influence; /**< [Z] */
  size_t *order;     /**< [Z], dimensions by influence, largest first */
  size_t bases;      /**< codes behind influence */
  struct clgan_round_trip trip;
  struct clgan_sheet *sheet; /**< traversal: CLGAN_LATENT_ROWS (or Z) x CLGAN_LATENT_COLS */
  char sheet_condition[128]; /**< "class 5"; empty: none */
};

/** A figure as people read it. */
struct clgan_latent_figure {
  const char *group;                       /**< heading, the same for figures that follow each other */
  char name[64], value[64], reference[64]; /**< reference: what chance or the prior would give; may be empty */
  char meaning[320];
};
enum { CLGAN_LATENT_FIGURES = 48 };
/** @param out room for CLGAN_LATENT_FIGURES. @return how many. */
size_t clgan_latent_figures(const struct clgan_latent *l, struct clgan_latent_figure *out);
/** Number of directions that codes use: (sum of variances)^2 / sum of squared variances along principal axes; 1 to Z.
 */
double clgan_latent_directions(const struct clgan_latent *l);
/** The end of the range that the traversal shows. */
double clgan_latent_reach(const struct clgan_model *m);

void clgan_latent_print(const struct clgan_latent *l); /**< on standard output */
char *clgan_latent_json(const struct clgan_latent *l); /**< the caller's (free); NULL: no memory */
enum clgan_status clgan_latent_page(const struct clgan_latent *l, const char *path, struct clgan_error *e);
#endif
