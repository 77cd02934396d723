/* concat.c - CONCAT, SLICE and PAD along images (axis N) or channels (axis C). Either way a tensor is rows x columns:
 * one row of everything along N, n*h*w rows of c along C. */
#include "ops/lanes.h"
#include "ref/shape.h"

enum { AXIS_N = 0, AXIS_C = 1 };
enum { ATTR_AXIS, ATTR_START, ATTR_COUNT }; /* of PAD: the third is the total */

static size_t rows_of(struct clgan_shape s, int axis) {
  return axis == AXIS_N ? 1 : (size_t)s.n * (size_t)s.h * (size_t)s.w;
}
static size_t cols_of(struct clgan_shape s, int axis) {
  return axis == AXIS_N ? clgan_shape_count(s) : (size_t)s.c;
}
/* Columns that one step along the axis takes. */
static size_t unit_of(struct clgan_shape s, int axis) {
  return axis == AXIS_N ? (size_t)s.h * (size_t)s.w * (size_t)s.c : 1;
}
static int extent(struct clgan_shape s, int axis) {
  return axis == AXIS_N ? s.n : s.c;
}
static void set_extent(struct clgan_shape *s, int axis, int n) {
  *(axis == AXIS_N ? &s->n : &s->c) = n;
}

static bool axis_holds(struct clgan_ir *g, const struct clgan_node *node) {
  int axis = node->attr.i[ATTR_AXIS];
  if (axis == AXIS_N || axis == AXIS_C) return true;
  clgan_ir_fail(g, "axis %d is neither 0 (N) nor 1 (C)", axis);
  return false;
}

static bool concat_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                         enum clgan_dtype type[CLGAN_NODE_OUT]) {
  if (!axis_holds(g, node)) return false;
  int axis = node->attr.i[ATTR_AXIS], total = 0;
  struct clgan_shape first = clgan_ir_shape(g, node->in[0]);
  type[0] = g->values[node->in[0]].dtype;
  for (int k = 0; k < node->n_in; k++) {
    if (node->in[k] == CLGAN_NONE) {
      clgan_ir_fail(g, "concat: operand %d is left out", k);
      return false;
    }
    struct clgan_shape s = clgan_ir_shape(g, node->in[k]);
    total += extent(s, axis);
    set_extent(&s, axis, extent(first, axis));
    enum clgan_dtype t = g->values[node->in[k]].dtype;
    if (s.n != first.n || s.h != first.h || s.w != first.w || s.c != first.c || t != type[0] ||
        (t != CLGAN_F32 && t != CLGAN_I32)) {
      clgan_ir_fail(g, "concat: operand %d differs from the first beside the axis, or is not F32 or I32", k);
      return false;
    }
  }
  out[0] = first;
  set_extent(&out[0], axis, total);
  return true;
}

static void concat_backward(struct clgan_ir *g, int id, const int *gout, const bool *need, int *gin) {
  struct clgan_node node = g->nodes[id];
  int axis = node.attr.i[ATTR_AXIS], start = 0;
  for (int k = 0; k < node.n_in; k++) {
    int count = extent(clgan_ir_shape(g, node.in[k]), axis);
    struct clgan_attr attr = {.i = {axis, start, count}};
    if (need[k]) gin[k] = clgan_ir_emit(g, CLGAN_OP_SLICE, &attr, 1, gout, NULL);
    start += count;
  }
}

/* Does operand k already lie where it belongs, from column `at` of y on? Then nothing is to be copied. */
static bool in_place(const struct clgan_ir *g, const struct clgan_node *node, int k, size_t at) {
  const struct clgan_value *x = &g->values[node->in[k]], *y = &g->values[node->out[0]];
  return node->attr.i[ATTR_AXIS] == AXIS_N && x->root == y->root && x->offset == y->offset + at;
}

static void concat_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                             double *const *out) {
  int axis = node->attr.i[ATTR_AXIS];
  struct clgan_shape y = clgan_ir_shape(g, node->out[0]);
  size_t at = 0;
  for (int k = 0; k < node->n_in; k++) {
    size_t cols = cols_of(clgan_ir_shape(g, node->in[k]), axis);
    if (!in_place(g, node, k, at)) clgan_ref_copy2d(rows_of(y, axis), cols, in[k], cols, out[0] + at, cols_of(y, axis));
    at += cols;
  }
}

/* One launch of the kernel `join`: a's columns, then b's (CLGAN_NONE: none), into y from column `to`. */
struct join {
  int a, ld_a, offset_a, cols_a, b, cols_b, y, ld_y, to;
  size_t rows;
};

static void launch_join(const struct clgan_target *t, struct clgan_launches *l, const struct join *j) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 64);
  struct clgan_grid grid = clgan_grid_of(t, &lanes, j->rows, (size_t)(j->cols_a + j->cols_b));
  struct clgan_launch *x = clgan_launch_add(l, "shape.cl", "join", "%s", lanes.options);
  clgan_launch_value(x, j->a);
  clgan_launch_int(x, j->ld_a);
  clgan_launch_int(x, j->offset_a);
  clgan_launch_int(x, j->cols_a);
  clgan_launch_value(x, j->b);
  clgan_launch_int(x, j->cols_b);
  clgan_launch_value(x, j->y);
  clgan_launch_int(x, j->ld_y);
  clgan_launch_int(x, j->to);
  clgan_grid_launch(x, &lanes, &grid);
}

static void concat_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                           struct clgan_launches *l) {
  int axis = node->attr.i[ATTR_AXIS];
  struct clgan_shape y = clgan_ir_shape(g, node->out[0]);
  struct join j = {.b = CLGAN_NONE, .y = node->out[0], .ld_y = (int)cols_of(y, axis), .rows = rows_of(y, axis)};
  for (int k = 0; k < node->n_in; k++) {
    j.a = node->in[k];
    j.cols_a = j.ld_a = (int)cols_of(clgan_ir_shape(g, j.a), axis);
    size_t next = (size_t)(j.to + j.cols_a);
    if (in_place(g, node, k, (size_t)j.to)) {
      j.to = (int)next;
      continue;
    }
    bool pair = k + 1 < node->n_in && !in_place(g, node, k + 1, next);
    j.b = pair ? node->in[++k] : CLGAN_NONE;
    j.cols_b = pair ? (int)cols_of(clgan_ir_shape(g, j.b), axis) : 0;
    launch_join(t, l, &j);
    j.to = (int)next + j.cols_b;
  }
}

const struct clgan_op clgan_op_concat = {.name = "concat",
                                         .min_in = 1,
                                         .n_out = 1,
                                         .inplace = -1,
                                         .acc = -1,
                                         .shape = concat_shape,
                                         .backward = concat_backward,
                                         .reference = concat_reference,
                                         .prepare = concat_prepare};

static bool slice_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                        enum clgan_dtype type[CLGAN_NODE_OUT]) {
  if (!axis_holds(g, node)) return false;
  int axis = node->attr.i[ATTR_AXIS], start = node->attr.i[ATTR_START], count = node->attr.i[ATTR_COUNT];
  out[0] = clgan_ir_shape(g, node->in[0]);
  type[0] = g->values[node->in[0]].dtype;
  if (start < 0 || count < 1 || count > extent(out[0], axis) - start ||
      (type[0] != CLGAN_F32 && type[0] != CLGAN_I32)) {
    clgan_ir_fail(g, "slice: %d from %d of %d, or not F32 or I32", count, start, extent(out[0], axis));
    return false;
  }
  set_extent(&out[0], axis, count);
  return true;
}

static void slice_backward(struct clgan_ir *g, int id, const int *gout, const bool *need, int *gin) {
  struct clgan_node node = g->nodes[id];
  int axis = node.attr.i[ATTR_AXIS];
  struct clgan_attr attr = {.i = {axis, node.attr.i[ATTR_START], extent(clgan_ir_shape(g, node.in[0]), axis)}};
  if (need[0]) gin[0] = clgan_ir_emit(g, CLGAN_OP_PAD, &attr, 1, gout, NULL);
}

static void slice_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                            double *const *out) {
  int axis = node->attr.i[ATTR_AXIS];
  struct clgan_shape x = clgan_ir_shape(g, node->in[0]), y = clgan_ir_shape(g, node->out[0]);
  size_t start = (size_t)node->attr.i[ATTR_START] * unit_of(x, axis);
  clgan_ref_copy2d(rows_of(y, axis), cols_of(y, axis), in[0] + start, cols_of(x, axis), out[0], cols_of(y, axis));
}

static void slice_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                          struct clgan_launches *l) {
  int axis = node->attr.i[ATTR_AXIS];
  struct clgan_shape x = clgan_ir_shape(g, node->in[0]), y = clgan_ir_shape(g, node->out[0]);
  struct join j = {
      .a = node->in[0], .ld_a = (int)cols_of(x, axis), .b = CLGAN_NONE, .y = node->out[0], .rows = rows_of(y, axis)};
  j.offset_a = node->attr.i[ATTR_START] * (int)unit_of(x, axis);
  j.cols_a = j.ld_y = (int)cols_of(y, axis);
  launch_join(t, l, &j);
}

static void slice_cost(const struct clgan_ir *g, const struct clgan_node *node, double *flops, double *bytes) {
  *flops = 0;
  *bytes = 2.0 * (double)clgan_shape_count(clgan_ir_shape(g, node->out[0])) * (double)clgan_dtype_size(g->values[node->out[0]].dtype);
}

const struct clgan_op clgan_op_slice = {.name = "slice",
                                        .min_in = 1,
                                        .n_out = 1,
                                        .inplace = -1,
                                        .acc = -1,
                                        .shape = slice_shape,
                                        .backward = slice_backward,
                                        .reference = slice_reference,
                                        .prepare = slice_prepare,
                                        .cost = slice_cost};

static bool pad_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                      enum clgan_dtype type[CLGAN_NODE_OUT]) {
  if (!axis_holds(g, node)) return false;
  int axis = node->attr.i[ATTR_AXIS], start = node->attr.i[ATTR_START], total = node->attr.i[ATTR_COUNT];
  out[0] = clgan_ir_shape(g, node->in[0]);
  type[0] = g->values[node->in[0]].dtype;
  if (start < 0 || extent(out[0], axis) > total - start || (type[0] != CLGAN_F32 && type[0] != CLGAN_I32)) {
    clgan_ir_fail(g, "pad: %d at %d of %d, or not F32 or I32", extent(out[0], axis), start, total);
    return false;
  }
  set_extent(&out[0], axis, total);
  return true;
}

static void pad_backward(struct clgan_ir *g, int id, const int *gout, const bool *need, int *gin) {
  struct clgan_node node = g->nodes[id];
  int axis = node.attr.i[ATTR_AXIS];
  struct clgan_attr attr = {.i = {axis, node.attr.i[ATTR_START], extent(clgan_ir_shape(g, node.in[0]), axis)}};
  if (need[0]) gin[0] = clgan_ir_emit(g, CLGAN_OP_SLICE, &attr, 1, gout, NULL);
}

static void pad_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                          double *const *out) {
  int axis = node->attr.i[ATTR_AXIS];
  struct clgan_shape x = clgan_ir_shape(g, node->in[0]), y = clgan_ir_shape(g, node->out[0]);
  size_t start = (size_t)node->attr.i[ATTR_START] * unit_of(x, axis), total = clgan_shape_count(y);
  for (size_t i = 0; i < total; i++) out[0][i] = 0;
  clgan_ref_copy2d(rows_of(y, axis), cols_of(x, axis), in[0], cols_of(x, axis), out[0] + start, cols_of(y, axis));
}

static void pad_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                        struct clgan_launches *l) {
  int axis = node->attr.i[ATTR_AXIS];
  struct clgan_shape x = clgan_ir_shape(g, node->in[0]), y = clgan_ir_shape(g, node->out[0]);
  struct clgan_lanes lanes = clgan_lanes_of(t, 64);
  struct clgan_grid grid = clgan_grid_of(t, &lanes, rows_of(y, axis), cols_of(y, axis));
  struct clgan_launch *j = clgan_launch_add(l, "shape.cl", "pad", "%s", lanes.options);
  clgan_launch_value(j, node->in[0]);
  clgan_launch_int(j, node->attr.i[ATTR_START] * (int)unit_of(x, axis));
  clgan_launch_int(j, (int)cols_of(x, axis));
  clgan_launch_value(j, node->out[0]);
  clgan_grid_launch(j, &lanes, &grid);
}

const struct clgan_op clgan_op_pad = {.name = "pad",
                                      .min_in = 1,
                                      .n_out = 1,
                                      .inplace = -1,
                                      .acc = -1,
                                      .shape = pad_shape,
                                      .backward = pad_backward,
                                      .reference = pad_reference,
                                      .prepare = pad_prepare};
