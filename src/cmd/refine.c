/* refine.c: codes of images, refined. SPDX-License-Identifier: MIT */
#include "cmd/refine.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"

enum clgan_status clgan_refine_codes(const struct clgan_nets *nets, uint64_t steps, size_t n,
                                     const unsigned char *images, const float *c, float *z, struct clgan_refined *out,
                                     struct clgan_error *e) {
  const struct clgan_refine_options o = {.steps = (int)steps};
  *out = (struct clgan_refined){0};
  float *before = clgan_mem_array(2 * n, sizeof *before), *after = before + n;
  enum clgan_status s = clgan_sampler_refine(nets->sampler, &o, n, images, c, z, before, after, e);
  for (size_t i = 0; i < n; i++) {
    out->before += (double)before[i] / (double)n;
    out->after += (double)after[i] / (double)n;
  }
  clgan_mem_free(before);
  return s;
}

const char *clgan_refined_note(const struct clgan_refined *r, uint64_t steps, char text[80]) {
  text[0] = '\0';
  if (steps) snprintf(text, 80, "; L1 %.4f -> %.4f by %" PRIu64 " steps", r->before, r->after, steps);
  return text;
}
