/* tune_lab.c: variants of a product, verified and timed in this process. SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/mem.h"
#include "bench/tune.h"

#define SAMPLE_S 2e-3 /* of one measurement: launches are repeated until then */

struct clgan_tune_lab {
  struct clgan_cl *cl;
  struct clgan_tune_row row; /* the product at hand, where there is a trial */
  struct clgan_variant rule;
  struct clgan_tune_data data;
  struct clgan_tune_trial *trial; /* of the rule's variant */
};

struct clgan_tune_lab *clgan_tune_lab_create(struct clgan_cl *cl) {
  struct clgan_tune_lab *l = clgan_mem_alloc(sizeof *l);
  l->cl = cl;
  return l;
}

static void forget(struct clgan_tune_lab *l) {
  clgan_tune_trial_destroy(l->trial);
  clgan_tune_data_free(&l->data);
  l->trial = NULL;
}

void clgan_tune_lab_destroy(struct clgan_tune_lab *l) {
  if (!l) return;
  forget(l);
  clgan_mem_free(l);
}

static enum clgan_status take_up(struct clgan_tune_lab *l, const struct clgan_tune_request *q, struct clgan_error *e) {
  if (l->trial && strcmp(l->row.op, q->row.op) == 0 && strcmp(l->row.geometry, q->row.geometry) == 0 &&
      memcmp(&l->rule, &q->rule, sizeof l->rule) == 0)
    return CLGAN_OK;
  forget(l);
  l->row = q->row;
  l->rule = q->rule;
  clgan_tune_data_init(&l->row, &l->data);
  return clgan_tune_trial_create(l->cl, &l->row, &l->data, &l->rule, &l->trial, e);
}

static int repeats_for(double seconds) {
  double n = seconds > 0 ? SAMPLE_S / seconds : 1;
  return n < 1 ? 1 : n > 1000 ? 1000 : (int)n;
}

/* The two in turns, ending early where `b` is hopeless; b NULL: `a` alone. */
static enum clgan_status race(struct clgan_tune_trial *a, struct clgan_tune_trial *b,
                              const struct clgan_tune_request *q, struct clgan_tune_times *out,
                              struct clgan_error *e) {
  const int runs = q->runs < CLGAN_TUNE_RUNS ? q->runs : CLGAN_TUNE_RUNS;
  double ta, tb = 0;
  CLGAN_TRY(clgan_tune_trial_time(b ? b : a, 1, &tb, e)); /* the rule's has run before, or runs long enough */
  const int repeats = repeats_for(tb);
  while (out->n < runs) {
    const bool turn = out->n % 2 == 1;
    if (b && turn) CLGAN_TRY(clgan_tune_trial_time(b, repeats, &tb, e));
    CLGAN_TRY(clgan_tune_trial_time(a, repeats, &ta, e));
    if (b && !turn) CLGAN_TRY(clgan_tune_trial_time(b, repeats, &tb, e));
    out->rule[out->n] = ta;
    out->ratio[out->n++] = b ? tb / ta : 1;
    if (b && tb > q->hopeless * ta) break;
  }
  return CLGAN_OK;
}

enum clgan_status clgan_tune_lab_run(struct clgan_tune_lab *l, const struct clgan_tune_request *q,
                                     struct clgan_tune_times *out, bool *fatal, struct clgan_error *e) {
  struct clgan_tune_trial *other = NULL;
  struct clgan_error ignored = {0};
  *out = (struct clgan_tune_times){.n = 0};
  *fatal = false;
  enum clgan_status s = take_up(l, q, e);
  if (s == CLGAN_OK && !q->alone) s = clgan_tune_trial_create(l->cl, &l->row, &l->data, &q->other, &other, e);
  if (s == CLGAN_OK) s = race(l->trial, other, q, out, e);
  clgan_tune_trial_destroy(other);
  if (s != CLGAN_OK) *fatal = clgan_cl_finish(l->cl, &ignored) != CLGAN_OK;
  return s;
}
