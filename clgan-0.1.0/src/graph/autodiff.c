/* autodiff.c - reverse-mode differentiation: emits gradient nodes behind the forward nodes. */
#include <string.h>

#include "base/mem.h"
#include "graph/graph.h"

struct sweep {
  struct clgan_ir *g;
  size_t n_nodes, n_values; /* of the forward part */
  bool *reach;              /* per value: depends on a wrt value */
  int *grad;                /* per value: gradient so far, or CLGAN_NONE */
  const struct clgan_seed **seed;
};

static void mark_reach(struct sweep *s) {
  for (size_t k = 0; k < s->n_nodes; k++) {
    const struct clgan_node *n = &s->g->nodes[k];
    if (!clgan_op_row(n->op)->backward) continue;
    bool any = false;
    for (int i = 0; i < n->n_in; i++)
      if (n->in[i] != CLGAN_NONE && s->reach[n->in[i]] && !s->g->values[n->in[i]].detached) any = true;
    for (int o = 0; any && o < n->n_out; o++) s->reach[n->out[o]] = true;
  }
}

/* grad[v] += add. A producer that can accumulate takes the old sum as its third operand: no extra pass. */
static void accumulate(struct sweep *s, int v, int add) {
  struct clgan_ir *g = s->g;
  if (s->grad[v] == CLGAN_NONE) {
    s->grad[v] = add;
    return;
  }
  int producer = g->values[add].producer;
  if (producer >= (int)s->n_nodes) {
    struct clgan_node *p = &g->nodes[producer];
    const struct clgan_op *row = clgan_op_row(p->op);
    bool same = clgan_shape_count(clgan_ir_shape(g, add)) == clgan_shape_count(clgan_ir_shape(g, s->grad[v]));
    int before = g->values[s->grad[v]].producer;
    if (row->acc >= 0 && p->in[row->acc] == CLGAN_NONE && same && before < producer && g->values[add].root == add) {
      p->in[row->acc] = s->grad[v];
      if (p->n_in <= row->acc) p->n_in = row->acc + 1;
      s->grad[v] = add;
      return;
    }
  }
  s->grad[v] = clgan_ir_emit(g, CLGAN_OP_ADD, NULL, 2, (int[]){s->grad[v], add}, NULL);
}

static void differentiate(struct sweep *s, int id) {
  struct clgan_ir *g = s->g;
  struct clgan_node n = g->nodes[id];
  const struct clgan_op *row = clgan_op_row(n.op);
  if (!row->backward) return;
  int gout[CLGAN_NODE_OUT], gin[CLGAN_NODE_IN];
  bool need[CLGAN_NODE_IN], any_need = false, any_out = false;
  const struct clgan_seed *seed = n.n_out == 1 ? s->seed[n.out[0]] : NULL;
  for (int o = 0; o < CLGAN_NODE_OUT; o++) {
    gout[o] = o < n.n_out ? s->grad[n.out[o]] : CLGAN_NONE;
    any_out |= gout[o] != CLGAN_NONE;
  }
  for (int i = 0; i < CLGAN_NODE_IN; i++) {
    gin[i] = CLGAN_NONE;
    need[i] = i < n.n_in && n.in[i] != CLGAN_NONE && s->reach[n.in[i]] && !g->values[n.in[i]].detached;
    any_need |= need[i];
  }
  if (!any_need || (!any_out && !seed)) return;
  if (seed) g->seed = *seed;
  row->backward(g, id, gout, need, gin);
  for (int i = 0; i < n.n_in; i++)
    if (need[i] && gin[i] != CLGAN_NONE) accumulate(s, n.in[i], gin[i]);
}

enum clgan_status clgan_autodiff(struct clgan_ir *g, const struct clgan_start *starts, size_t n_starts, const int *wrt, size_t n_wrt,
                                 int *grads) {
  if (g->error.status) return g->error.status;
  struct sweep s = {.g = g, .n_nodes = g->n_nodes, .n_values = g->n_values};
  s.reach = clgan_mem_array(g->n_values, sizeof *s.reach);
  s.grad = clgan_mem_array(g->n_values, sizeof *s.grad);
  s.seed = clgan_mem_array(g->n_values, sizeof *s.seed);
  for (size_t v = 0; v < s.n_values; v++) s.grad[v] = CLGAN_NONE;
  for (size_t k = 0; k < n_wrt; k++) s.reach[wrt[k]] = true;
  mark_reach(&s);
  for (size_t k = 0; k < n_starts; k++) {
    if (starts[k].gradient == CLGAN_NONE)
      s.seed[starts[k].value] = &starts[k].loss;
    else
      accumulate(&s, starts[k].value, starts[k].gradient);
  }
  for (size_t k = s.n_nodes; k-- > 0 && !g->error.status;) differentiate(&s, (int)k);
  for (size_t k = 0; k < n_wrt; k++) grads[k] = s.grad[wrt[k]];
  clgan_mem_free(s.reach);
  clgan_mem_free(s.grad);
  clgan_mem_free(s.seed);
  return g->error.status;
}

void clgan_ir_pin(struct clgan_ir *g, int v, int root, size_t offset) {
  if (g->error.status) return;
  if (v < 0 || root < 0 || g->values[g->values[v].root].kind != CLGAN_VALUE_TEMP || g->values[v].offset || offset % CLGAN_ALIGN) {
    clgan_ir_fail(g, "pin: value %d cannot live in state %d", v, root);
    return;
  }
  struct clgan_value *of = &g->values[g->values[v].root];
  of->pin_root = root;
  of->pin_offset = offset;
}

void clgan_ir_eliminate(struct clgan_ir *g, const int *keep, size_t n_keep) {
  bool *used = clgan_mem_array(g->n_values, sizeof *used); /* per root */
  for (size_t k = 0; k < n_keep; k++) used[g->values[keep[k]].root] = true;
  for (size_t k = g->n_nodes; k-- > 0;) {
    struct clgan_node *n = &g->nodes[k];
    bool live = clgan_op_row(n->op)->inplace_state != 0;
    for (int o = 0; o < n->n_out; o++) {
      int root = g->values[n->out[o]].root;
      live |= used[root] || g->values[root].pin_root != CLGAN_NONE;
    }
    n->dead = !live;
    for (int i = 0; live && i < n->n_in; i++)
      if (n->in[i] != CLGAN_NONE) used[g->values[n->in[i]].root] = true;
  }
  clgan_mem_free(used);
}
