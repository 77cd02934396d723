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
/** The unique products of the step of @p m. @param batch images at a time */
enum clgan_status clgan_tune_list(struct clgan_cl *cl, const struct clgan_model *m, int batch, struct clgan_tune *t,
                                  struct clgan_error *e);
struct clgan_tune_options {
  double budget_s;
  double patience_s; /**< seconds without an answer after which a variant counts as hung; 0: all runs in this process */
  bool again;        /**< also what the file knows, and what it has set aside */
};
/** Searches for about o->budget_s seconds. Variants run in another process of this program (o->patience_s above 0): one that
 * crashes the driver or hangs costs that process, and the search goes on with a new one. What a product comes to goes into
 * @p f, also that the rule's variant is best; a variant that fails or is wrong is set aside with a note there. A device
 * that no longer works at all ends it; what was found until then is in @p f. */
enum clgan_status clgan_tune_search(struct clgan_cl *cl, struct clgan_tune *t, struct clgan_tuning_file *f,
                                    const struct clgan_tune_options *o, struct clgan_error *e);

/** The search that `train` and `bench` make by themselves: of the heaviest products, once for a device and a model's layers,
 * unless something is known of them. What is found is stored, and in force from then on. A failure is a warning.
 * @param batch images at a time. @param seconds 0: none; below 0: by $CLGAN_TUNE_SECONDS, else a few where no rules were
 * measured on such a device, else none */
void clgan_tune_first(struct clgan_cl *cl, const struct clgan_model *m, int batch, double seconds);

/* -- where variants run (tune_lab.c; the other process: tune_remote.c) -- */

enum { CLGAN_TUNE_RUNS = 11, CLGAN_TUNE_PROGRAM = 320 };
/** What is to be measured: a variant of a product against the rule's, both verified before. Plain data. */
struct clgan_tune_request {
  struct clgan_tune_row row; /**< node and bias count */
  struct clgan_variant rule, other;
  bool alone;      /**< only the rule's variant */
  int runs;        /**< up to CLGAN_TUNE_RUNS */
  double hopeless; /**< of the rule's time: slower once, and no more is measured */
};
/** Seconds of a launch of the rule's variant, and ratios of the other one's to them, the two taken in turns. */
struct clgan_tune_times {
  double rule[CLGAN_TUNE_RUNS], ratio[CLGAN_TUNE_RUNS];
  int n;
};
/** Keeps operands, reference and the rule's variant from one request to the next of the same product. */
struct clgan_tune_lab;
struct clgan_tune_lab *clgan_tune_lab_create(struct clgan_cl *cl);
void clgan_tune_lab_destroy(struct clgan_tune_lab *l);
/** @return CLGAN_ERR_NUMERIC where a variant is wrong; CLGAN_ERR_BUILD, _DEVICE, _MEMORY where it does not run.
 * @param fatal the device does not work any more */
enum clgan_status clgan_tune_lab_run(struct clgan_tune_lab *l, const struct clgan_tune_request *q,
                                     struct clgan_tune_times *out, bool *fatal, struct clgan_error *e);

/** A process that has a lab and answers requests; started when it is needed, and again where it died. */
struct clgan_tune_remote;
struct clgan_tune_remote *clgan_tune_remote_create(const struct clgan_device_info *d, double patience_s);
void clgan_tune_remote_destroy(struct clgan_tune_remote *r);
/** As clgan_tune_lab_run; a process that ends or keeps silent is CLGAN_ERR_DEVICE, its end in the text. @param fatal it
 * cannot be started, or died three times in a row over the rule's variants. */
enum clgan_status clgan_tune_remote_run(struct clgan_tune_remote *r, const struct clgan_tune_request *q,
                                        struct clgan_tune_times *out, bool *fatal, struct clgan_error *e);
/** That process's whole work. @param fd descriptor of the requests; @param device as clgan_device_select takes it */
enum clgan_status clgan_tune_helper(const char *fd, const char *device, struct clgan_error *e);

/** The program of the variant's product: file and options. */
void clgan_tune_program(const struct clgan_tune_row *p, const struct clgan_target *t, const struct clgan_variant *v,
                        char text[CLGAN_TUNE_PROGRAM]);

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
