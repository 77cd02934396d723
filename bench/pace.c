/* pace.c: time limits of a benchmark. SPDX-License-Identifier: MIT */
#include "bench/pace.h"

#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"

#define WIDE 0.1 /* half of an interval, over the median */
#define RISE 0.1

void clgan_bench_pace_free(struct clgan_bench_pace *p) {
  for (size_t k = 0; k < p->n_left_out; k++) clgan_mem_free(p->left_out[k]);
  clgan_mem_free(p->left_out);
  p->left_out = NULL;
  p->n_left_out = p->cap_left_out = 0;
}

bool clgan_bench_begin(struct clgan_bench_pace *p, const char *name) {
  if (p->deadline <= 0 || clgan_time_now() < p->deadline) {
    if (p->at) p->at(name);
    return true;
  }
  CLGAN_GROW(p->left_out, p->n_left_out, p->cap_left_out);
  p->left_out[p->n_left_out++] = clgan_mem_strdup(name);
  return false;
}

double clgan_bench_bound(const struct clgan_bench_pace *p) {
  return p->quick ? 0.05 : 0.02;
}

void clgan_bench_doubt(const struct clgan_bench_pace *p, const struct clgan_median *t, char *note, size_t size) {
  const double wide = 3 * clgan_bench_bound(p) > WIDE ? 3 * clgan_bench_bound(p) : WIDE;
  note[0] = '\0';
  if (t->runs == 0) return;
  if (t->drift > RISE && t->drift > t->spread)
    (void)snprintf(note, size, "times rose by %.0f %% meanwhile: throttling clocks, or another program", t->drift * 100);
  else if (t->spread > wide)
    (void)snprintf(note, size, "wide interval (+-%.0f %%): another program kept the device busy", t->spread * 100);
}
