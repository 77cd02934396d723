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

/* Is there a measured row that another visit adds to? */
static bool adds_to(const struct clgan_bench_pace *p, const char *name) {
  const struct clgan_bench_row *row = p->known ? clgan_bench_find(p->known, name) : NULL;
  return row && row->time.runs;
}

bool clgan_bench_begin(struct clgan_bench_pace *p, const char *name) {
  const bool stopped = p->stopped && p->stopped();
  if (p->visit && !adds_to(p, name)) return false;
  if (!stopped && (p->deadline <= 0 || clgan_time_now() < p->deadline)) {
    if (p->at) p->at(name);
    return true;
  }
  if (p->visit) return false;
  CLGAN_GROW(p->left_out, p->n_left_out, p->cap_left_out);
  p->left_out[p->n_left_out++] = clgan_mem_strdup(name);
  return false;
}

const char *clgan_bench_pace_title(struct clgan_bench_pace *p) {
  if (p->visits <= 1) return "bench";
  (void)snprintf(p->title, sizeof p->title, "bench, visit %d of %d", p->visit + 1, p->visits);
  return p->title;
}

void clgan_bench_timing_share(const struct clgan_bench_pace *p, struct clgan_bench_timing *t) {
  if (p->visits <= 1) return;
  t->runs = (t->runs + 1) / 2;
  t->budget_s /= p->visits;
  t->settled = p->visit > 0;
}

void clgan_bench_learn(struct clgan_bench_pace *p, double ideal_s, double once_s, int times, double took_s) {
  p->ideal_s += ideal_s;
  p->once_s += once_s;
  p->extra_s += took_s > times * once_s ? took_s - times * once_s : 0;
  if (ideal_s > 0 && once_s / ideal_s > p->slowest) p->slowest = once_s / ideal_s;
  p->n_learnt++;
}

double clgan_bench_expect(const struct clgan_bench_pace *p, double ideal_s, int times) {
  double slower = p->ideal_s > 0 && p->once_s > p->ideal_s ? p->once_s / p->ideal_s : 1;
  if (p->wary && p->slowest > slower) slower = p->slowest;
  return times * slower * ideal_s + (p->n_learnt ? p->extra_s / (double)p->n_learnt : 0);
}

bool clgan_bench_fits(const struct clgan_bench_pace *p, double seconds) {
  return p->end <= 0 || clgan_time_now() + seconds <= p->end;
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
