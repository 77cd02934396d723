/* interpret.c - walks a graph by the operations' double-precision references. */
#include "base/mem.h"
#include "graph/graph.h"
#include "ref/precision.h"

struct clgan_interpreter {
  const struct clgan_ir *g;
  double **memory; /* per root value */
};

static double *find(struct clgan_interpreter *p, int value) {
  if (value == CLGAN_NONE) return NULL;
  const struct clgan_value *v = &p->g->values[value];
  const struct clgan_value *root = &p->g->values[v->root];
  if (root->pin_root != CLGAN_NONE) return p->memory[p->g->values[root->pin_root].root] + root->pin_offset + v->offset;
  return p->memory[v->root] + v->offset;
}

enum clgan_status clgan_interpreter_create(const struct clgan_ir *g, struct clgan_interpreter **out, struct clgan_error *e) {
  *out = NULL;
  struct clgan_interpreter *p = clgan_mem_alloc(sizeof *p);
  p->g = g;
  p->memory = clgan_mem_array(g->n_values, sizeof *p->memory);
  for (size_t v = 0; v < g->n_values; v++) {
    if (g->values[v].root != (int)v || g->values[v].pin_root != CLGAN_NONE) continue;
    void *m = NULL;
    if (clgan_mem_try(&m, clgan_shape_count(g->values[v].shape) + CLGAN_ALIGN, sizeof(double), "the reference's tensors", e) != CLGAN_OK) {
      clgan_interpreter_destroy(p);
      return CLGAN_ERR_MEMORY;
    }
    p->memory[v] = m;
  }
  *out = p;
  return CLGAN_OK;
}

void clgan_interpreter_destroy(struct clgan_interpreter *p) {
  if (!p) return;
  for (size_t v = 0; p->memory && v < p->g->n_values; v++) clgan_mem_free(p->memory[v]);
  clgan_mem_free(p->memory);
  clgan_mem_free(p);
}

double *clgan_interpreter_data(struct clgan_interpreter *p, int value) { return find(p, value); }

void clgan_interpreter_execute(struct clgan_interpreter *p) {
  for (size_t k = 0; k < p->g->n_nodes; k++) {
    const struct clgan_node *n = &p->g->nodes[k];
    const struct clgan_op *row = clgan_op_row(n->op);
    if (n->dead || !row->reference) continue; /* VIEW shares its input's memory */
    double *in[CLGAN_NODE_IN], *out[CLGAN_NODE_OUT];
    for (int i = 0; i < CLGAN_NODE_IN; i++) in[i] = i < n->n_in ? find(p, n->in[i]) : NULL;
    for (int o = 0; o < CLGAN_NODE_OUT; o++) out[o] = o < n->n_out ? find(p, n->out[o]) : NULL;
    row->reference(p->g, n, in, out);
    for (int o = 0; o < n->n_out; o++) /* what a kernel writes as halves */
      if (p->g->values[n->out[o]].dtype == CLGAN_F16)
        clgan_ref_halve(out[o], out[o], clgan_shape_count(p->g->values[n->out[o]].shape));
  }
}
