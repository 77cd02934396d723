/** @file warm.h  Compiling the programs of many launches before the first of them, in several processes at once. */
#ifndef CLGAN_CL_WARM_H
#define CLGAN_CL_WARM_H
#include "cl/cl.h"

enum clgan_warm_kind { CLGAN_WARM_BYTES, CLGAN_WARM_BUFFER, CLGAN_WARM_LOCAL };
struct clgan_warm_arg {
  enum clgan_warm_kind kind;
  size_t n;         /**< bytes: of @p data, of the buffer, of local memory */
  const void *data; /**< BYTES */
};
/** A launch as it will come. Its kernel must be right on any buffer of such sizes that holds zeros. */
struct clgan_warm_launch {
  const char *file, *options, *kernel;
  int dims, n_args;
  size_t global[3], local[3];
  const struct clgan_warm_arg *args;
};

/** The program that helpers run, called as `PATH --compile-helper PLAN DEVICE` (it then calls clgan_compile_helper);
 * NULL, as at first: no helpers. Once, before any device is opened. */
void clgan_cl_set_helper(const char *path);
/** Where the driver compiles only one kernel at a time in a process (a quirk), several programs are in no cache yet and
 * there is a helper program: has them compiled by this process and helpers, each program and kernel by one of them; the
 * driver's own cache hands them on. Elsewhere does nothing. Failures are silent: they show where a program is needed. */
void clgan_programs_warm(struct clgan_cl *cl, const struct clgan_warm_launch *l, size_t n);
/** A helper's whole work. */
enum clgan_status clgan_compile_helper(const char *plan, const char *device, struct clgan_error *e);
#endif
