/** @file check.h  One row of the shared case table (ops/cases.c), checked: results and gradients of a device against the
 * double-precision interpreter, the same bits twice, NaN let through; gradients against central differences, which needs
 * no device. Tests and selftest walk the table with it. */
#ifndef CLGAN_GRAPH_CHECK_H
#define CLGAN_GRAPH_CHECK_H
#include "graph/graph.h"

/** Who hears what is found; each function may be NULL. */
struct clgan_check_watch {
  void *context;
  /** Something is wrong; @p text: one line, or a message with the compiler's log behind its first line. */
  void (*failed)(void *context, const struct clgan_case *c, const char *text);
  /** @p count elements of @p what ("output", or the name of an input: the gradient with respect to it) were compared;
   * @p error is the largest deviation over the largest magnitude (NaN counts as infinite), allowed is c->tolerance. */
  void (*compared)(void *context, const struct clgan_case *c, const char *what, size_t count, double error);
};

/** A case built, its inputs filled, the interpreter run: once, for any number of devices and kernel families. */
struct clgan_check;
/** @return NULL where the case cannot be built; the watch has heard why. @p w must outlive the check. */
struct clgan_check *clgan_check_create(const struct clgan_case *c, const struct clgan_check_watch *w);
void clgan_check_destroy(struct clgan_check *k);

enum clgan_check_also {
  CLGAN_CHECK_REPEAT = 1, /**< a second execution gives the same bits */
  CLGAN_CHECK_NAN = 2     /**< a NaN in the first input comes out where the reference has one (small cases only) */
};
/** Runs the case on @p cl, by the kernel family that clgan_target_choose gives. Kernels and buffers stay until the next
 * call or the check's end. @p also: what is tried where the results are right. @return the number of failures. */
int clgan_check_device(struct clgan_check *k, struct clgan_cl *cl, unsigned also);
/** The interpreter's gradients against central differences of the interpreted forward pass, in double precision: along
 * a random direction through all elements, and for small cases single elements. Not for layers of models: too many
 * elements. @return the number of failures. */
int clgan_check_differences(struct clgan_check *k);
#endif
