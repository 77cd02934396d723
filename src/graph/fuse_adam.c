/* fuse_adam.c - averaging in the same walk as the update of what is averaged: ADAM, LERP -> ADAM_LERP. */
#include "graph/fuse.h"

static void fuse_average(struct clgan_fuse *f, int k) {
  struct clgan_ir *g = f->g;
  const struct clgan_node lerp = g->nodes[k];
  for (int j = k; j-- > 0;) {
    struct clgan_node *adam = &g->nodes[j];
    if (adam->dead || adam->op != CLGAN_OP_ADAM || !clgan_fuse_same(f, adam->out[0], lerp.in[1])) continue;
    if (!clgan_fuse_same(f, adam->in[4], lerp.in[2]) || clgan_fuse_touched(f, lerp.in[0], j, k)) return;
    const int grad = adam->in[3], consts = adam->in[4], scale = adam->n_in > 5 ? adam->in[5] : CLGAN_NONE;
    adam->op = CLGAN_OP_ADAM_LERP;
    adam->attr.i[3] = lerp.attr.i[0];
    adam->in[3] = lerp.in[0], adam->in[4] = grad, adam->in[5] = consts;
    adam->n_in = 6;
    if (scale != CLGAN_NONE) adam->in[adam->n_in++] = scale;
    adam->out[3] = lerp.out[0];
    adam->n_out = 4;
    g->values[lerp.out[0]].producer = j;
    clgan_fuse_remove(f, k);
    return;
  }
}

void clgan_fuse_adam(struct clgan_fuse *f) {
  for (int k = 0; k < (int)f->g->n_nodes; k++)
    if (!f->g->nodes[k].dead && f->g->nodes[k].op == CLGAN_OP_LERP) fuse_average(f, k);
}
