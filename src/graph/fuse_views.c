/* fuse_views.c - slices and concatenations along N without copies: a slice becomes a view; what is concatenated is written by
 * its producers into the concatenation's storage. A concatenation made a second time of the same parts is the first one. */
#include "graph/fuse.h"

static bool along_n(const struct clgan_node *node, int op) {
  return !node->dead && node->op == op && node->attr.i[0] == 0;
}

static size_t count_of(const struct clgan_fuse *f, int v) {
  return clgan_shape_count(f->g->values[v].shape);
}

/* Views start at multiples of CLGAN_ALIGN. */
static void view_slice(struct clgan_fuse *f, int k) {
  struct clgan_ir *g = f->g;
  const struct clgan_node *node = &g->nodes[k];
  const int x = node->in[0], y = node->out[0];
  const struct clgan_shape s = g->values[x].shape;
  const size_t start = (size_t)node->attr.i[1] * (count_of(f, x) / (size_t)s.n);
  const bool aligned = (g->values[x].offset + start) % CLGAN_ALIGN == 0;
  if (!aligned || g->values[g->values[x].root].kind == CLGAN_VALUE_STATE || clgan_fuse_is_fixed(f, y)) return;
  if (g->values[g->values[x].root].pin_root != CLGAN_NONE) return;
  clgan_fuse_remove(f, k);
  clgan_fuse_reroot(f, y, x, start);
}

/* Did an earlier node make the same? Its parts do not change: state is left out. */
static int same_before(const struct clgan_fuse *f, int k) {
  const struct clgan_ir *g = f->g;
  const struct clgan_node *node = &g->nodes[k];
  for (int i = 0; i < node->n_in; i++)
    if (g->values[g->values[node->in[i]].root].kind == CLGAN_VALUE_STATE) return -1;
  for (int j = k; j-- > 0;) {
    const struct clgan_node *o = &g->nodes[j];
    bool same = !o->dead && o->op == node->op && o->attr.i[0] == node->attr.i[0] && o->n_in == node->n_in;
    for (int i = 0; same && i < node->n_in; i++) same = clgan_fuse_same(f, o->in[i], node->in[i]);
    if (same) return j;
  }
  return -1;
}

/* Can all that lies on part's storage lie in y's instead? Only where the part is that storage. */
static bool can_move(const struct clgan_fuse *f, int part, int y) {
  const struct clgan_value *v = &f->g->values[part], *root = &f->g->values[v->root];
  return root->kind == CLGAN_VALUE_TEMP && root->producer >= 0 && v->offset == 0 && v->root != f->g->values[y].root &&
         count_of(f, v->root) == count_of(f, part) && !clgan_fuse_is_fixed(f, part);
}

static void place_parts(struct clgan_fuse *f, int k) {
  struct clgan_ir *g = f->g;
  const int y = g->nodes[k].out[0];
  size_t at = 0;
  bool all = true;
  if (g->values[y].root != y || clgan_fuse_is_fixed(f, y)) return;
  for (int i = 0; i < g->nodes[k].n_in; i++) {
    const int part = g->nodes[k].in[i];
    if (at % CLGAN_ALIGN == 0 && can_move(f, part, y)) clgan_fuse_reroot(f, g->values[part].root, y, at);
    all &= g->values[part].root == y && g->values[part].offset == at;
    at += count_of(f, part);
  }
  if (all) clgan_fuse_remove(f, k);
}

void clgan_fuse_views(struct clgan_fuse *f) {
  struct clgan_ir *g = f->g;
  for (int k = 0; k < (int)g->n_nodes; k++) {
    if (g->nodes[k].dead || g->nodes[k].op != CLGAN_OP_CONCAT || clgan_fuse_is_fixed(f, g->nodes[k].out[0])) continue;
    const int first = same_before(f, k), y = g->nodes[k].out[0];
    if (first < 0 || clgan_fuse_is_fixed(f, g->nodes[first].out[0])) continue;
    clgan_fuse_remove(f, k);
    clgan_fuse_reroot(f, y, g->nodes[first].out[0], 0);
  }
  for (int k = 0; k < (int)g->n_nodes; k++)
    if (along_n(&g->nodes[k], CLGAN_OP_SLICE)) view_slice(f, k);
  for (int k = 0; k < (int)g->n_nodes; k++)
    if (along_n(&g->nodes[k], CLGAN_OP_CONCAT)) place_parts(f, k);
}
