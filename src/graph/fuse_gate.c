/* fuse_gate.c - dx = ACT_BWD(CONV(...), y) -> CONV(..., gate y): the product's epilogue multiplies with the activation's slope,
 * and the pass that read dy and y and wrote dx is gone. */
#include "graph/fuse.h"

/* The product that alone gives ACT_BWD node k its dy, or NULL. */
static struct clgan_node *producer(const struct clgan_fuse *f, int k) {
  struct clgan_ir *g = f->g;
  const struct clgan_node *node = &g->nodes[k];
  const int dy = node->in[0], y = node->in[1], writer = clgan_fuse_writer(f, dy);
  if (writer < 0 || g->nodes[writer].op != CLGAN_OP_CONV || g->nodes[writer].dead) return NULL;
  struct clgan_node *conv = &g->nodes[writer];
  const struct clgan_value *d = &g->values[dy], *gate = &g->values[y];
  const bool whole = d->root == conv->out[0] && d->offset == 0 &&
                     clgan_shape_count(d->shape) == clgan_shape_count(g->values[d->root].shape);
  const bool plain = conv->attr.act == CLGAN_ACT_NONE && clgan_conv_gate(conv) == CLGAN_NONE;
  /* y must be there when the product runs, and be what it is when the pass ran */
  const bool early = g->values[gate->root].kind == CLGAN_VALUE_TEMP && g->values[gate->root].producer < writer;
  if (!whole || !plain || !early || clgan_fuse_is_fixed(f, dy) || clgan_fuse_readers(f, dy, NULL) != 1) return NULL;
  return conv;
}

void clgan_fuse_gates(struct clgan_fuse *f) {
  struct clgan_ir *g = f->g;
  for (size_t k = 0; k < g->n_nodes; k++) {
    struct clgan_node *node = &g->nodes[k];
    if (node->dead || node->op != CLGAN_OP_ACT_BWD || clgan_fuse_is_fixed(f, node->out[0])) continue;
    struct clgan_node *conv = producer(f, (int)k);
    if (!conv) continue;
    for (; conv->n_in <= CLGAN_CONV_GATE; conv->n_in++) conv->in[conv->n_in] = CLGAN_NONE;
    conv->in[CLGAN_CONV_GATE] = node->in[1];
    conv->attr.i[CLGAN_CONV_GATE_ACT] = (int)node->attr.act;
    conv->attr.slope = node->attr.slope;
    const int dy = node->in[0], dx = node->out[0];
    clgan_fuse_remove(f, (int)k);
    clgan_fuse_reroot(f, dx, dy, 0);
  }
}
