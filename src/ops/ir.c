/* ir.c - values, nodes, versions of state. */
#include "ops/ir.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "ops/op.h"

struct clgan_ir *clgan_ir_create(void) {
  struct clgan_ir *g = clgan_mem_alloc(sizeof *g);
  g->seed.f = 1;
  g->seed.dynamic = CLGAN_NONE;
  return g;
}

void clgan_ir_destroy(struct clgan_ir *g) {
  if (!g) return;
  for (size_t i = 0; i < g->n_values; i++) clgan_mem_free(g->values[i].name);
  clgan_mem_free(g->values);
  clgan_mem_free(g->nodes);
  clgan_mem_free(g);
}

int clgan_ir_fail(struct clgan_ir *g, const char *format, ...) {
  char text[512];
  va_list ap;
  va_start(ap, format);
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  clgan_error_set(&g->error, CLGAN_ERR_INTERNAL, "%s", text);
  return CLGAN_NONE;
}

struct clgan_value *clgan_ir_value(struct clgan_ir *g, int v) { return &g->values[v]; }

struct clgan_shape clgan_ir_shape(const struct clgan_ir *g, int v) {
  if (v < 0 || (size_t)v >= g->n_values) return clgan_shape_of(0, 0, 0, 0);
  return g->values[v].shape;
}

static int new_value(struct clgan_ir *g, const char *name, enum clgan_dtype t, struct clgan_shape s, enum clgan_value_kind kind) {
  if (s.n < 1 || s.h < 1 || s.w < 1 || s.c < 1) return clgan_ir_fail(g, "value %s: empty shape", name ? name : "?");
  CLGAN_GROW(g->values, g->n_values, g->cap_values);
  int id = (int)g->n_values++;
  struct clgan_value *v = &g->values[id];
  memset(v, 0, sizeof *v);
  v->name = name ? clgan_mem_strdup(name) : NULL;
  v->shape = s;
  v->dtype = t;
  v->kind = kind;
  v->producer = -1;
  v->root = id;
  v->pin_root = CLGAN_NONE;
  return id;
}

int clgan_ir_temp(struct clgan_ir *g, struct clgan_shape s) { return new_value(g, NULL, CLGAN_F32, s, CLGAN_VALUE_TEMP); }

int clgan_ir_input(struct clgan_ir *g, const char *name, enum clgan_dtype t, struct clgan_shape s) {
  if (g->error.status) return CLGAN_NONE;
  return new_value(g, name, t, s, CLGAN_VALUE_INPUT);
}

int clgan_ir_state(struct clgan_ir *g, const char *name, enum clgan_dtype t, struct clgan_shape s) {
  if (g->error.status) return CLGAN_NONE;
  return new_value(g, name, t, s, CLGAN_VALUE_STATE);
}

/* Another look at v's storage, at its root's present version. */
static int alias(struct clgan_ir *g, int v, const char *name, size_t offset, struct clgan_shape s) {
  int id = new_value(g, name ? name : g->values[v].name, g->values[v].dtype, s, g->values[v].kind);
  if (id < 0) return id;
  struct clgan_value *a = &g->values[id];
  const struct clgan_value *of = &g->values[v];
  a->root = of->root;
  a->offset = of->offset + offset;
  a->epoch = g->values[of->root].root_epoch;
  a->producer = -1;
  a->detached = of->detached;
  return id;
}

static bool usable(struct clgan_ir *g, int v, const char *what) {
  if (g->error.status) return false;
  if (v < 0 || (size_t)v >= g->n_values) {
    clgan_ir_fail(g, "%s: no such value %d", what, v);
    return false;
  }
  return true;
}

int clgan_ir_view(struct clgan_ir *g, int v, const char *name, size_t offset, struct clgan_shape s) {
  if (!usable(g, v, "view")) return CLGAN_NONE;
  if (offset % CLGAN_ALIGN) return clgan_ir_fail(g, "view of %s: offset not aligned", g->values[v].name);
  if (offset + clgan_shape_count(s) > clgan_shape_count(g->values[v].shape)) return clgan_ir_fail(g, "view of %s: too large", g->values[v].name);
  return alias(g, v, name, offset, s);
}

int clgan_ir_detach(struct clgan_ir *g, int v) {
  if (!usable(g, v, "detach")) return CLGAN_NONE;
  struct clgan_value of = g->values[v];
  int id = alias(g, v, NULL, 0, of.shape);
  if (id < 0) return id;
  g->values[id].epoch = of.epoch;
  g->values[id].detached = true;
  return id;
}

int clgan_ir_reshape(struct clgan_ir *g, int v, struct clgan_shape s) {
  if (!usable(g, v, "reshape")) return CLGAN_NONE;
  struct clgan_value of = g->values[v];
  if (clgan_shape_count(s) != clgan_shape_count(of.shape)) return clgan_ir_fail(g, "reshape of %s: counts differ", of.name ? of.name : "?");
  int id = alias(g, v, NULL, 0, s);
  if (id < 0) return id;
  g->values[id].epoch = of.epoch;
  CLGAN_GROW(g->nodes, g->n_nodes, g->cap_nodes);
  struct clgan_node *node = &g->nodes[g->n_nodes];
  memset(node, 0, sizeof *node);
  node->op = CLGAN_OP_VIEW;
  node->part = g->part;
  node->in[0] = v;
  node->n_in = node->n_out = 1;
  node->out[0] = id;
  g->values[id].producer = (int)g->n_nodes++;
  return id;
}

static bool check_inputs(struct clgan_ir *g, const struct clgan_op *row, int n_in, const int *in) {
  if (n_in > CLGAN_NODE_IN || n_in < row->min_in) {
    clgan_ir_fail(g, "%s: %d inputs", row->name, n_in);
    return false;
  }
  for (int k = 0; k < n_in; k++) {
    if (in[k] == CLGAN_NONE && k >= row->min_in) continue;
    if (in[k] < 0 || (size_t)in[k] >= g->n_values) {
      clgan_ir_fail(g, "%s: input %d is no value", row->name, k);
      return false;
    }
    const struct clgan_value *v = &g->values[in[k]];
    if (v->kind == CLGAN_VALUE_STATE && v->epoch != g->values[v->root].root_epoch) {
      clgan_ir_fail(g, "%s: input %d (%s) is an older version of changed state", row->name, k, v->name ? v->name : "?");
      return false;
    }
  }
  return true;
}

int clgan_ir_emit(struct clgan_ir *g, int op, const struct clgan_attr *attr, int n_in, const int *in, int *out) {
  int dummy[CLGAN_NODE_OUT];
  if (!out) out = dummy;
  for (int k = 0; k < CLGAN_NODE_OUT && out == dummy; k++) out[k] = CLGAN_NONE;
  if (g->error.status) {
    for (int k = 0; k < clgan_op_row(op)->n_out; k++) out[k] = CLGAN_NONE;
    return CLGAN_NONE;
  }
  const struct clgan_op *row = clgan_op_row(op);
  struct clgan_node node = {.op = op, .n_in = n_in, .n_out = row->n_out, .part = g->part};
  for (int k = 0; k < row->n_out; k++) out[k] = CLGAN_NONE;
  if (!check_inputs(g, row, n_in, in)) return CLGAN_NONE;
  if (attr) node.attr = *attr;
  for (int k = 0; k < CLGAN_NODE_IN; k++) node.in[k] = k < n_in ? in[k] : CLGAN_NONE;
  struct clgan_shape shapes[CLGAN_NODE_OUT] = {{0, 0, 0, 0}};
  enum clgan_dtype types[CLGAN_NODE_OUT] = {CLGAN_F32, CLGAN_F32, CLGAN_F32, CLGAN_F32};
  if (!row->shape(g, &node, shapes, types)) {
    clgan_ir_fail(g, "%s: shapes do not fit", row->name);
    return CLGAN_NONE;
  }
  for (int k = 0; k < row->n_out; k++) {
    if (row->inplace_state >> k & 1) {
      int state = node.in[row->state_first + k];
      const struct clgan_value *of = &g->values[state];
      if (of->kind != CLGAN_VALUE_STATE) return clgan_ir_fail(g, "%s: input %d is not state", row->name, row->state_first + k);
      g->values[of->root].root_epoch++;
      node.out[k] = alias(g, state, NULL, 0, of->shape);
    } else {
      node.out[k] = new_value(g, NULL, types[k], shapes[k], CLGAN_VALUE_TEMP);
    }
    if (node.out[k] < 0) return CLGAN_NONE;
    g->values[node.out[k]].producer = (int)g->n_nodes;
    out[k] = node.out[k];
  }
  /* several outputs on one root: each shows the newest version */
  for (int k = 0; k < row->n_out; k++)
    if (row->inplace_state >> k & 1) g->values[node.out[k]].epoch = g->values[g->values[node.out[k]].root].root_epoch;
  CLGAN_GROW(g->nodes, g->n_nodes, g->cap_nodes);
  g->nodes[g->n_nodes++] = node;
  return node.out[0];
}
