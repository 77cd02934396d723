/* embedded.c: looks up files compiled into the binary. SPDX-License-Identifier: MIT */
#include "base/embedded.h"

#include <string.h>

const struct clgan_embedded *clgan_embedded_find(const char *name) {
  for (const struct clgan_embedded *f = clgan_embedded_table; f->name; f++)
    if (strcmp(f->name, name) == 0) return f;
  return NULL;
}
