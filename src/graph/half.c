/* half.c - storage in half precision: what is large is written and read as float16; operations that cannot do it themselves get
 * a HALVE behind them and a WIDEN before them. */
#include <string.h>

#include "base/mem.h"
#include "graph/fuse.h"

/* What is summed up for parameters and statistics stays float32, and numbers that are drawn are as they are drawn. */
static bool stays_single(int op) {
  switch (op) {
    case CLGAN_OP_CONV_WGRAD:
    case CLGAN_OP_TRANSPOSE:
    case CLGAN_OP_COLSUM:
    case CLGAN_OP_SPECTRAL_BWD:
    case CLGAN_OP_RANDOM:
    case CLGAN_OP_TOPK: return true;
    default: return false;
  }
}

/* Marks the roots to be stored as halves. */
static void choose(const struct clgan_fuse *f, bool *half) {
  const struct clgan_ir *g = f->g;
  for (size_t v = 0; v < g->n_values; v++) {
    const struct clgan_value *x = &g->values[v];
    half[v] = x->root == (int)v && x->kind == CLGAN_VALUE_TEMP && x->dtype == CLGAN_F32 && x->pin_root == CLGAN_NONE &&
              clgan_shape_count(x->shape) >= CLGAN_HALF_LEAST && !clgan_fuse_is_fixed(f, (int)v);
  }
  for (size_t k = 0; k < g->n_nodes; k++) {
    const struct clgan_node *n = &g->nodes[k];
    if (n->dead || !stays_single(n->op)) continue;
    for (int o = 0; o < n->n_out; o++) half[g->values[n->out[o]].root] = false;
  }
  for (size_t v = 0; v < g->n_values; v++) { /* views with a pin of their own, or that would start where no buffer may */
    const struct clgan_value *x = &g->values[v];
    if (x->pin_root != CLGAN_NONE || x->offset % (2 * CLGAN_ALIGN)) half[x->root] = false;
  }
}

/* A value of its own in float32, of the shape of v. */
static int single_like(struct clgan_ir *g, int v, int producer) {
  const int id = clgan_ir_temp(g, g->values[v].shape);
  g->values[id].producer = producer;
  return id;
}

static void append(struct clgan_ir *to, struct clgan_node n) {
  CLGAN_GROW(to->nodes, to->n_nodes, to->cap_nodes);
  to->nodes[to->n_nodes++] = n;
}

static struct clgan_node convert(int op, int from, int to, int part) {
  return (struct clgan_node){.op = op, .in = {from}, .n_in = 1, .out = {to}, .n_out = 1, .part = part};
}

/* Each different half that the node reads is widened once. */
static void widen_inputs(struct clgan_ir *g, struct clgan_ir *to, struct clgan_node *n) {
  const struct clgan_node before = *n;
  for (int i = 0; i < n->n_in; i++) {
    if (before.in[i] == CLGAN_NONE || g->values[before.in[i]].dtype != CLGAN_F16) continue;
    int k = 0;
    while (before.in[k] != before.in[i]) k++;
    if (k == i) {
      n->in[i] = single_like(g, before.in[i], (int)to->n_nodes);
      append(to, convert(CLGAN_OP_WIDEN, before.in[i], n->in[i], n->part));
    } else {
      n->in[i] = n->in[k];
    }
  }
}

/* A root's producer is its first writer. */
static void note_producer(struct clgan_ir *g, int v, int node) {
  struct clgan_value *root = &g->values[g->values[v].root];
  g->values[v].producer = node;
  if (root->kind == CLGAN_VALUE_TEMP && root->producer < 0) root->producer = node;
}

static void rewrite(struct clgan_ir *g, struct clgan_ir *to) {
  for (size_t k = 0; k < g->n_nodes; k++) {
    const struct clgan_node before = g->nodes[k];
    struct clgan_node n = before;
    if (n.dead || n.op == CLGAN_OP_VIEW) continue;
    widen_inputs(g, to, &n);
    for (int o = 0; o < n.n_out; o++) {
      if (g->values[n.out[o]].dtype == CLGAN_F16)
        n.out[o] = single_like(g, before.out[o], (int)to->n_nodes);
      else
        note_producer(g, n.out[o], (int)to->n_nodes);
    }
    append(to, n);
    for (int o = 0; o < n.n_out; o++) {
      if (n.out[o] == before.out[o]) continue;
      note_producer(g, before.out[o], (int)to->n_nodes);
      append(to, convert(CLGAN_OP_HALVE, n.out[o], before.out[o], n.part));
    }
  }
}

enum clgan_status clgan_graph_half(struct clgan_ir *g, const int *keep, size_t n_keep) {
  struct clgan_fuse f = {g, keep, n_keep};
  struct clgan_ir to = {0};
  if (g->error.status) return g->error.status;
  clgan_ir_eliminate(g, keep, n_keep);
  bool *half = clgan_mem_array(g->n_values + 1, sizeof *half);
  choose(&f, half);
  for (size_t v = 0; v < g->n_values; v++) {
    struct clgan_value *x = &g->values[v];
    if (half[x->root]) x->dtype = CLGAN_F16;
    if (x->kind == CLGAN_VALUE_TEMP) x->producer = -1;
  }
  clgan_mem_free(half);
  rewrite(g, &to);
  clgan_mem_free(g->nodes);
  g->nodes = to.nodes;
  g->n_nodes = to.n_nodes;
  g->cap_nodes = to.cap_nodes;
  return g->error.status;
}

/* The node at `k` reads w, which `half` was widened to: can it read the half instead? */
static bool read_half(struct clgan_node *n, int w, int half, const struct clgan_target *t) {
  const struct clgan_op *row = clgan_op_row(n->op);
  const unsigned can = row->halves ? row->halves(n, t) : 0;
  for (int i = 0; i < n->n_in; i++)
    if (n->in[i] == w && !(can >> i & 1)) return false;
  for (int i = 0; i < n->n_in; i++)
    if (n->in[i] == w) n->in[i] = half;
  return true;
}

/* The node reads w? */
static bool reads(const struct clgan_node *n, int w) {
  for (int i = 0; i < n->n_in && !n->dead; i++)
    if (n->in[i] == w) return true;
  return false;
}

/* A WIDEN has one reader, not far behind it. */
static void drop_widen(struct clgan_fuse *f, size_t k, const struct clgan_target *t) {
  struct clgan_ir *g = f->g;
  const int half = g->nodes[k].in[0], w = g->nodes[k].out[0];
  size_t j = k + 1;
  while (j < g->n_nodes && !reads(&g->nodes[j], w)) j++;
  if (j < g->n_nodes && read_half(&g->nodes[j], w, half, t)) clgan_fuse_remove(f, (int)k);
}

/* A HALVE's input is the output of a node not far before it, and of no other use. */
static void drop_halve(struct clgan_fuse *f, size_t k, const struct clgan_target *t) {
  struct clgan_ir *g = f->g;
  const int from = g->nodes[k].in[0], half = g->nodes[k].out[0];
  const int made = g->values[from].producer;
  if (made < 0 || made >= (int)k) return;
  struct clgan_node *n = &g->nodes[made];
  const struct clgan_op *row = clgan_op_row(n->op);
  const unsigned can = row->halves ? row->halves(n, t) : 0;
  for (int o = 0; o < n->n_out; o++) {
    if (n->out[o] != from || !(can & CLGAN_HALF_OUT(o))) continue;
    n->out[o] = half;
    note_producer(g, half, made);
    clgan_fuse_remove(f, (int)k);
  }
}

void clgan_graph_native(struct clgan_ir *g, const struct clgan_target *t) {
  struct clgan_fuse f = {.g = g};
  for (size_t k = 0; k < g->n_nodes; k++) {
    if (g->nodes[k].dead) continue;
    if (g->nodes[k].op == CLGAN_OP_WIDEN) drop_widen(&f, k, t);
    if (g->nodes[k].op == CLGAN_OP_HALVE) drop_halve(&f, k, t);
  }
}
