/** @file check_internal.h  Shared by check.c and check_build.c. */
#ifndef CLGAN_GRAPH_CHECK_INTERNAL_H
#define CLGAN_GRAPH_CHECK_INTERNAL_H
#include "graph/check.h"

enum { CLGAN_CHECK_INPUTS = 16, CLGAN_CHECK_KEEP = 16 };
#define CLGAN_CHECK_LOSS_WEIGHT 0.75f

/** One case as a graph: the forward part alone or with its gradients. */
struct clgan_check_graph {
  struct clgan_ir *g;
  int out, seed, coef; /* seed: values that weigh the output's elements; coef: the step constants of a loss */
  int wrt[CLGAN_CHECK_INPUTS], grad[CLGAN_CHECK_INPUTS], n_wrt;
  int keep[CLGAN_CHECK_KEEP], n_keep; /* outputs of the last node, then gradients */
  const char *keep_name[CLGAN_CHECK_KEEP];
  int padded[CLGAN_CHECK_INPUTS + 2], of[CLGAN_CHECK_INPUTS + 2],
      n_padded; /* longer inputs, and whose memory they are */
};

/** @return the graph's status; its error says more. */
enum clgan_status clgan_check_build(struct clgan_check_graph *b, const struct clgan_case *c, bool gradients);
/** Kernels may read up to CLGAN_ALIGN elements past an input's end, not use them: each input becomes the start of a
 * longer one, whose rest is filled with NaN (and with 1 bits). */
void clgan_check_pad(struct clgan_check_graph *b);
/** Does the host write the value before a run? */
bool clgan_check_is_filled(const struct clgan_ir *g, size_t v);
/** What it writes (clgan_mem_free); the middle element of value @p nan_in (or CLGAN_NONE) becomes NaN. */
void *clgan_check_numbers(const struct clgan_check_graph *b, size_t v, int nan_in);
double clgan_check_element(const void *data, enum clgan_dtype type, size_t i);
/** An interpreter of the graph, its inputs filled; not yet run. */
enum clgan_status clgan_check_interpreter(const struct clgan_check_graph *b, int nan_in, struct clgan_interpreter **out,
                                          struct clgan_error *e);

struct clgan_check {
  const struct clgan_case *c;
  const struct clgan_check_watch *watch;
  struct clgan_check_graph b;
  struct clgan_interpreter *reference; /* run */
  struct clgan_interpreter *with_nan;  /* run with a NaN in an input; NULL until asked for */
  struct clgan_store *store;
  struct clgan_run *run;
  void *read[CLGAN_CHECK_KEEP]; /* what the device gave */
  struct clgan_error e;
};
/** Tells the watch. @return 1 */
int clgan_check_complain(const struct clgan_check_watch *w, const struct clgan_case *c, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#endif
