/* fuse_spectral.c - 1/sigma right after a power iteration on the same weight: the iteration has it, SPECTRAL's pass over
 * the weight goes. */
#include "graph/fuse.h"

void clgan_fuse_spectral(struct clgan_fuse *f) {
  struct clgan_ir *g = f->g;
  for (int k = 0; k < (int)g->n_nodes; k++) {
    const struct clgan_node *s = &g->nodes[k];
    if (s->dead || s->op != CLGAN_OP_SPECTRAL || clgan_fuse_is_fixed(f, s->out[0])) continue;
    for (int j = k; j-- > 0;) {
      const struct clgan_node *p = &g->nodes[j];
      if (p->dead || p->op != CLGAN_OP_SPECTRAL_POWER || !clgan_fuse_same(f, p->in[0], s->in[0]) ||
          !clgan_fuse_same(f, p->out[0], s->in[1]) || !clgan_fuse_same(f, p->out[1], s->in[2]))
        continue;
      const int inv = s->out[0], from = p->out[2];
      clgan_fuse_remove(f, k);
      clgan_fuse_reroot(f, inv, from, 0);
      break;
    }
  }
}
