/* fuse.c - the passes over a finished graph that leave fewer walks over memory, in their order. */
#include "graph/fuse.h"

#include <string.h>

bool clgan_fuse_is_fixed(const struct clgan_fuse *f, int v) {
  int root = f->g->values[v].root;
  if (f->g->values[root].pin_root != CLGAN_NONE) return true;
  for (size_t k = 0; k < f->n_keep; k++)
    if (f->g->values[f->keep[k]].root == root) return true;
  return false;
}

size_t clgan_fuse_readers(const struct clgan_fuse *f, int v, int *last) {
  const struct clgan_ir *g = f->g;
  size_t n = 0;
  for (size_t k = 0; k < g->n_nodes; k++) {
    const struct clgan_node *node = &g->nodes[k];
    bool reads = false;
    for (int i = 0; i < node->n_in && !node->dead && node->op != CLGAN_OP_VIEW; i++)
      reads |= node->in[i] != CLGAN_NONE && g->values[node->in[i]].root == g->values[v].root;
    if (!reads) continue;
    n++;
    if (last) *last = (int)k;
  }
  return n;
}

int clgan_fuse_writer(const struct clgan_fuse *f, int v) {
  const struct clgan_value *root = &f->g->values[f->g->values[v].root];
  return root->kind == CLGAN_VALUE_TEMP ? root->producer : -1;
}

void clgan_fuse_reroot(struct clgan_fuse *f, int from, int to, size_t offset) {
  struct clgan_ir *g = f->g;
  offset += g->values[to].offset;
  for (size_t v = 0; v < g->n_values; v++) {
    if (g->values[v].root != from) continue;
    g->values[v].root = g->values[to].root;
    g->values[v].offset += offset;
  }
}

static bool on_root(const struct clgan_fuse *f, int v, int root) {
  return v != CLGAN_NONE && f->g->values[v].root == root;
}

bool clgan_fuse_touched(const struct clgan_fuse *f, int v, int after, int before) {
  const int root = f->g->values[v].root;
  for (int k = after + 1; k < before; k++) {
    const struct clgan_node *node = &f->g->nodes[k];
    bool hit = false;
    for (int i = 0; i < node->n_in && !hit; i++) hit = on_root(f, node->in[i], root);
    for (int o = 0; o < node->n_out && !hit; o++) hit = on_root(f, node->out[o], root);
    if (hit && !node->dead && node->op != CLGAN_OP_VIEW) return true;
  }
  return false;
}

bool clgan_fuse_same(const struct clgan_fuse *f, int a, int b) {
  if (a == b) return true;
  if (a == CLGAN_NONE || b == CLGAN_NONE) return false;
  const struct clgan_value *x = &f->g->values[a], *y = &f->g->values[b];
  return x->root == y->root && x->offset == y->offset && x->epoch == y->epoch &&
         clgan_shape_count(x->shape) == clgan_shape_count(y->shape);
}

void clgan_fuse_remove(struct clgan_fuse *f, int k) {
  struct clgan_node *node = &f->g->nodes[k];
  const int part = node->part;
  memset(node, 0, sizeof *node);
  node->part = part;
  node->op = CLGAN_OP_VIEW;
  node->dead = true;
}

enum clgan_status clgan_graph_fuse(struct clgan_ir *g, const int *keep, size_t n_keep) {
  struct clgan_fuse f = {g, keep, n_keep};
  if (g->error.status) return g->error.status;
  clgan_ir_eliminate(g, keep, n_keep);
  clgan_fuse_gates(&f);
  clgan_fuse_norm(&f);
  clgan_fuse_spectral(&f);
  clgan_fuse_adam(&f);
  clgan_fuse_views(&f); /* last: after it a value's root need not be its producer's output */
  return g->error.status;
}
