/* fit.c - device memory of a training, computed before any is taken; micro-batches where it is too much. */
#include "train/fit.h"

#include <string.h>

#include "base/mem.h"
#include "train/sampler.h"
#include "train/step.h"

/* Graphs of one training: what they keep in common counts once. */
struct ledger {
  struct clgan_target target;
  struct clgan_plan *lender; /* of the step: the others work in its arenas where they are large enough */
  char **names;              /* of states seen */
  size_t n, cap;
  struct clgan_memory *sum;
};

static bool seen(const struct ledger *l, const char *name) {
  for (size_t k = 0; k < l->n; k++)
    if (!strcmp(l->names[k], name)) return true;
  return false;
}

static void add_states(struct ledger *l, const struct clgan_ir *g) {
  for (size_t v = 0; v < g->n_values; v++) {
    const struct clgan_value *x = &g->values[v];
    if (x->root != (int)v || x->kind != CLGAN_VALUE_STATE || seen(l, x->name)) continue;
    CLGAN_GROW(l->names, l->n, l->cap);
    l->names[l->n++] = clgan_mem_strdup(x->name);
    l->sum->state += clgan_storage_bytes(clgan_shape_count(x->shape), x->dtype);
  }
}

static enum clgan_status add_step(struct ledger *l, const struct clgan_model *m, int micro, int pieces,
                                  struct clgan_error *e) {
  struct clgan_step *s = NULL;
  CLGAN_TRY(clgan_step_create_split(m, micro, pieces, true, &s, e));
  clgan_ir_eliminate(s->g, &s->losses, 1);
  clgan_graph_native(s->g, &l->target);
  enum clgan_status st = clgan_plan_create(s->g, &l->target, &s->losses, 1, &l->lender, e);
  if (st == CLGAN_OK) {
    add_states(l, s->g);
    l->sum->arenas = l->lender->arena_bytes;
    l->sum->peak = l->lender->peak_bytes;
    l->sum->apart = l->lender->naive_bytes;
    l->sum->inputs = l->lender->input_bytes;
  }
  clgan_step_destroy(s);
  return st;
}

static enum clgan_status add_use(struct ledger *l, const struct clgan_model *m, enum clgan_use use, int batch,
                                 struct clgan_error *e) {
  struct clgan_use_graph *u = NULL;
  struct clgan_plan *p = NULL;
  CLGAN_TRY(clgan_use_create(m, use, batch, &u, e));
  const int *kept = use == CLGAN_USE_ENCODE ? &u->z : &u->x;
  size_t keep = use == CLGAN_USE_ESTIMATE ? 0 : 1;
  clgan_ir_eliminate(u->g, kept, keep);
  enum clgan_status s = clgan_plan_create(u->g, &l->target, kept, keep, &p, e);
  if (s == CLGAN_OK) {
    add_states(l, u->g);
    l->sum->later += p->input_bytes;
    for (size_t k = 0; k < p->n_arenas; k++)
      if (k >= l->lender->n_arenas || l->lender->arena_size[k] < p->arena_size[k])
        l->sum->later += sizeof(float) * (uint64_t)p->arena_size[k];
  }
  clgan_plan_destroy(p);
  clgan_use_destroy(u);
  return s;
}

enum clgan_status clgan_fit_plan(struct clgan_cl *cl, const struct clgan_model *m, int micro, int pieces,
                                 struct clgan_memory *out, struct clgan_error *e) {
  struct ledger l = {.sum = out};
  *out = (struct clgan_memory){0};
  CLGAN_TRY(clgan_target_choose(cl, &l.target, e));
  l.target.memory = UINT64_MAX; /* whoever asks compares */
  enum clgan_status s = add_step(&l, m, micro, pieces, e);
  if (s == CLGAN_OK) s = add_use(&l, m, CLGAN_USE_ESTIMATE, micro, e);
  if (s == CLGAN_OK && m->nets[CLGAN_NET_G].name) s = add_use(&l, m, CLGAN_USE_GENERATE, clgan_sample_batch(micro), e);
  if (s == CLGAN_OK && m->nets[CLGAN_NET_G].name && m->condition == CLGAN_CONDITION_FACE) /* its sheets show reconstructions */
    s = add_use(&l, m, CLGAN_USE_ENCODE, clgan_sample_batch(micro), e);
  out->total = out->arenas + out->state + out->inputs + out->later;
  for (size_t k = 0; k < l.n; k++) clgan_mem_free(l.names[k]);
  clgan_mem_free(l.names);
  clgan_plan_destroy(l.lender);
  return s;
}

uint64_t clgan_fit_limit(struct clgan_cl *cl, const struct clgan_fit *f) {
  uint64_t all = clgan_cl_info(cl)->global_mem;
  return f->memory ? f->memory : all - all / 10;
}

static bool fits(struct clgan_cl *cl, const struct clgan_model *m, int micro, int pieces, uint64_t limit) {
  struct clgan_error ignored = {0};
  struct clgan_memory need;
  return clgan_fit_plan(cl, m, micro, pieces, &need, &ignored) == CLGAN_OK && need.total <= limit;
}

int clgan_fit_largest(struct clgan_cl *cl, const struct clgan_model *m, int below, uint64_t limit) {
  int low = 0, high = below; /* low fits, high does not */
  while (high - low > 1) {
    int middle = low + (high - low) / 2;
    *(fits(cl, m, middle, 1, limit) ? &low : &high) = middle;
  }
  return low;
}

int clgan_fit_micro(struct clgan_cl *cl, const struct clgan_model *m, const struct clgan_fit *f, int below,
                    uint64_t limit) {
  int most = f->micro > 0 ? f->micro : f->batch;
  for (int n = most < below ? most : below - 1; n > 0; n--)
    if (f->batch % n == 0 && fits(cl, m, n, f->batch / n, limit)) return n;
  return 0;
}

/* Says what would fit, before what did not. */
static enum clgan_status refuse(struct clgan_cl *cl, const struct clgan_model *m, const struct clgan_fit *f,
                                uint64_t limit, const char *verb, struct clgan_error *e) {
  int asked = f->micro > 0 ? f->micro : f->batch, batch = clgan_fit_largest(cl, m, f->batch, limit),
      micro = clgan_fit_micro(cl, m, f, asked, limit);
  if (!batch && !micro) return clgan_error_prefix(e, "--batch %d: not even a batch of 1 fits", f->batch);
  if (asked < f->batch && micro)
    return clgan_error_prefix(e, "--micro-batch %d: too large, the largest that %s is %d", asked, verb, micro);
  if (micro)
    return clgan_error_prefix(
        e, "--batch %d: too large, the largest that %s is %d (or --on-oom split: micro-batches of %d)", f->batch, verb,
        batch, micro);
  return clgan_error_prefix(e, "--batch %d: too large, the largest that %s is %d", f->batch, verb, batch);
}

static enum clgan_status too_much(const struct clgan_memory *n, uint64_t limit, struct clgan_error *e) {
  const double mib = 1 << 20;
  return clgan_error_set(
      e, CLGAN_ERR_MEMORY,
      "%.1f MiB needed (arenas %.1f, weights and moments %.1f, inputs and samples %.1f), %.1f MiB may be used",
      (double)n->total / mib, (double)n->arenas / mib, (double)n->state / mib, (double)(n->inputs + n->later) / mib,
      (double)limit / mib);
}

enum clgan_status clgan_fit_choose(struct clgan_cl *cl, const struct clgan_model *m, const struct clgan_fit *f,
                                   int *micro, struct clgan_memory *out, struct clgan_error *e) {
  uint64_t limit = clgan_fit_limit(cl, f);
  *micro = f->micro > 0 ? f->micro : f->batch;
  if (*micro > f->batch || f->batch % *micro) {
    int near = *micro < f->batch ? *micro : f->batch;
    while (f->batch % near) near--;
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--micro-batch %d: it must divide the batch, %d: %d does", *micro,
                           f->batch, near);
  }
  enum clgan_status s = clgan_fit_plan(cl, m, *micro, f->batch / *micro, out, e);
  if (s == CLGAN_OK && out->total <= limit) return CLGAN_OK;
  if (s != CLGAN_OK && s != CLGAN_ERR_MEMORY) return s;
  if (s == CLGAN_OK) s = too_much(out, limit, e);
  int smaller = f->split ? clgan_fit_micro(cl, m, f, *micro, limit) : 0;
  if (!smaller) return refuse(cl, m, f, limit, "fits", e);
  clgan_error_clear(e);
  *micro = smaller;
  return clgan_fit_plan(cl, m, smaller, f->batch / smaller, out, e);
}

enum clgan_status clgan_fit_failed(struct clgan_cl *cl, const struct clgan_model *m, const struct clgan_fit *f,
                                   uint64_t limit, struct clgan_error *e) {
  return refuse(cl, m, f, limit, "is worth trying", e);
}
