/** @file embedded.h  Files compiled into the binary: kernels, tunings and model texts. */
#ifndef CLGAN_BASE_EMBEDDED_H
#define CLGAN_BASE_EMBEDDED_H
#include <stddef.h>
struct clgan_embedded {
  const char *name; /**< path in the source tree: "kernels/conv_reg.cl", "models/digits.model" */
  const char *data; /**< NUL-terminated */
  size_t size;
};
/** NULL if there is none of that name. */
const struct clgan_embedded *clgan_embedded_find(const char *name);
/** The table, ended by a row with name NULL (generated into embedded_data.c by the build). */
extern const struct clgan_embedded clgan_embedded_table[];
#endif
