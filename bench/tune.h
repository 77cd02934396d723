/** @file tune.h  Searches the variants of a model's products on a device (`clgan tune`). It lies here, above graph and
 * train, because it runs graphs; what is found is kept by tune/store.h. */
#ifndef CLGAN_BENCH_TUNE_H
#define CLGAN_BENCH_TUNE_H
#include "graph/graph.h"
#include "model/model.h"
#include "tune/store.h"

/** A product of the model's training step. */
struct clgan_tune_row {
  struct clgan_node node; /**< its attributes; inputs and outputs mean nothing */
  bool bias;
  int count; /**< launches of a step */
  double flops;
  char op[40], geometry[128];
  /** What became of it. */
  enum {
    CLGAN_TUNE_SKIPPED /**< no time left */,
    CLGAN_TUNE_KNOWN,
    CLGAN_TUNE_KEPT /**< the rule's is best */,
    CLGAN_TUNE_WON,
    CLGAN_TUNE_FAILED /**< the rule's own variant: `why` */
  } state;
  double before_s, after_s; /**< of one launch, by the rule's variant and the chosen one */
  struct clgan_variant variant;
  int tried, refused;
  char why[160];
};
struct clgan_tune {
  struct clgan_tune_row *rows; /**< heaviest (flops * count) first */
  size_t n;
  size_t programs_before, programs_after; /**< distinct programs of these products: the rule's, the chosen ones */
};
void clgan_tune_free(struct clgan_tune *t);
/** The unique products of the step of @p m at its batch size. */
enum clgan_status clgan_tune_list(struct clgan_cl *cl, const struct clgan_model *m, struct clgan_tune *t,
                                  struct clgan_error *e);
/** Searches for about @p budget_s seconds, products that @p f knows left out (unless @p again). What a product comes to
 * goes into @p f, also that the rule's variant is best; a variant that fails or is wrong is set aside with a note there.
 * A device error ends it; what was found until then is in @p f. */
enum clgan_status clgan_tune_search(struct clgan_cl *cl, struct clgan_tune *t, struct clgan_tuning_file *f,
                                    double budget_s, bool again, struct clgan_error *e);

/* -- one product at a time (tune_trial.c) -- */

/** Operands on the host, and what the rule's variant made of them. */
struct clgan_tune_data {
  float *a, *b, *bias;
  float *expected; /**< NULL until the first variant reproduced the reference */
  size_t na, nb, nbias, ny;
};
void clgan_tune_data_init(const struct clgan_tune_row *p, struct clgan_tune_data *d);
void clgan_tune_data_free(struct clgan_tune_data *d);

/** One variant of a product, ready to run. */
struct clgan_tune_trial;
enum { CLGAN_TUNE_PROGRAM = 320 };
/** The program of the variant's product: file and options. */
void clgan_tune_program(const struct clgan_tune_row *p, const struct clgan_target *t, const struct clgan_variant *v,
                        char text[CLGAN_TUNE_PROGRAM]);
/** Builds it, runs it, compares: 256 elements with the double-precision reference, within 1e-5 of the largest output, and
 * all with @p d->expected, where it is known, within 2e-5. @return CLGAN_ERR_NUMERIC where it is wrong; CLGAN_ERR_BUILD,
 * _DEVICE, _MEMORY where it does not run; @p out is NULL then. */
enum clgan_status clgan_tune_trial_create(struct clgan_cl *cl, const struct clgan_tune_row *p,
                                          struct clgan_tune_data *d, const struct clgan_variant *v,
                                          struct clgan_tune_trial **out, struct clgan_error *e);
void clgan_tune_trial_destroy(struct clgan_tune_trial *t);
/** Seconds of a launch: the mean of @p repeats, waited for. */
enum clgan_status clgan_tune_trial_time(struct clgan_tune_trial *t, int repeats, double *seconds,
                                        struct clgan_error *e);
#endif
