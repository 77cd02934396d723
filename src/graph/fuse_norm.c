/* fuse_norm.c - batch norm's small launches: running statistics are updated where the statistics are made (BN_STATS,
 * BN_RUN -> BN_STATS_RUN); sums for gamma and beta are added to what another use gave where they are made (BN_BWD_SUMS,
 * ADD, ADD -> BN_BWD_SUMS_ACC). */
#include "graph/fuse.h"

/* BN_RUN node k into the statistics it takes. */
static void fuse_run(struct clgan_fuse *f, int k) {
  struct clgan_ir *g = f->g;
  const struct clgan_node run = g->nodes[k];
  const int stats = clgan_fuse_writer(f, run.in[2]), momentum = run.n_in > 4 ? run.in[4] : CLGAN_NONE;
  if (stats < 0 || g->nodes[stats].op != CLGAN_OP_BN_STATS || g->nodes[stats].dead) return;
  struct clgan_node *to = &g->nodes[stats];
  const struct clgan_shape s = clgan_ir_shape(g, to->in[0]);
  if (to->out[0] != run.in[2] || to->out[1] != run.in[3]) return;
  if ((size_t)run.attr.i[0] * (size_t)s.c != clgan_shape_count(s)) return;
  for (int i = 0; i < 2; i++)
    if (clgan_fuse_touched(f, run.in[i], stats, k)) return;
  if (momentum != CLGAN_NONE && g->values[g->values[momentum].root].kind == CLGAN_VALUE_TEMP) return;
  const int in[4] = {to->in[0], run.in[0], run.in[1], momentum};
  const int out[4] = {run.out[0], run.out[1], to->out[0], to->out[1]};
  to->op = CLGAN_OP_BN_STATS_RUN;
  to->attr = run.attr;
  to->n_in = to->n_out = 4;
  for (int i = 0; i < 4; i++) {
    to->in[i] = in[i], to->out[i] = out[i];
    g->values[out[i]].producer = stats;
  }
  clgan_fuse_remove(f, k);
}

/* The ADD that alone adds to what BN_BWD_SUMS node k gives as output o, in place of other; or -1. */
static int sum_behind(const struct clgan_fuse *f, int k, int o, int *other) {
  const struct clgan_ir *g = f->g;
  const int v = g->nodes[k].out[o];
  for (int j = k + 1; j < (int)g->n_nodes; j++) {
    const struct clgan_node *add = &g->nodes[j];
    if (add->dead || add->op != CLGAN_OP_ADD || (add->in[0] == v) == (add->in[1] == v)) continue;
    *other = add->in[add->in[0] == v];
    const struct clgan_value *root = &g->values[g->values[*other].root];
    const bool early = root->kind == CLGAN_VALUE_TEMP && root->producer >= 0 && root->producer < k;
    const bool own = g->values[add->out[0]].root == add->out[0];
    return early && own ? j : -1;
  }
  return -1;
}

static void fuse_sums(struct clgan_fuse *f, int k) {
  struct clgan_ir *g = f->g;
  struct clgan_node *sums = &g->nodes[k];
  int add[2], other[2];
  for (int o = 0; o < 2; o++) {
    add[o] = sum_behind(f, k, o, &other[o]);
    if (add[o] < 0) return;
  }
  for (; sums->n_in < 8; sums->n_in++) sums->in[sums->n_in] = CLGAN_NONE;
  sums->op = CLGAN_OP_BN_BWD_SUMS_ACC;
  sums->n_out = 4;
  for (int o = 0; o < 2; o++) {
    sums->in[6 + o] = other[o];
    sums->out[2 + o] = g->nodes[add[o]].out[0];
    g->values[sums->out[2 + o]].producer = k;
    clgan_fuse_remove(f, add[o]);
  }
}

void clgan_fuse_norm(struct clgan_fuse *f) {
  for (int k = 0; k < (int)f->g->n_nodes; k++) {
    if (f->g->nodes[k].dead) continue;
    if (f->g->nodes[k].op == CLGAN_OP_BN_RUN) fuse_run(f, k);
    if (f->g->nodes[k].op == CLGAN_OP_BN_BWD_SUMS) fuse_sums(f, k);
  }
}
