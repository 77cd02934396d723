/* colsum.c - sums over rows: a bias's gradient. */
#include "ref/elementwise.h"
#include "ops/rows.h"

static bool colsum_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                         enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  struct clgan_shape s = clgan_ir_shape(g, node->in[0]);
  out[0] = clgan_shape_of(1, 1, 1, s.c);
  return clgan_expect(g, node, 0, clgan_shape_count(s)) && clgan_expect(g, node, 1, (size_t)s.c);
}

static void colsum_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                             double *const *out) {
  struct clgan_shape s = clgan_ir_shape(g, node->in[0]);
  clgan_ref_colsum(in[0], in[1], clgan_shape_rows(s), (size_t)s.c, out[0]);
}

static size_t colsum_scratch(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_rows r = clgan_rows_of(t, &lanes, clgan_ir_shape(g, node->in[0]), true);
  return clgan_rows_partials(&r, 1);
}

static void colsum_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                           struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_rows r = clgan_rows_of(t, &lanes, clgan_ir_shape(g, node->in[0]), true);
  struct clgan_launch *x = clgan_launch_add(l, "rows.cl", "colsum_part", "%s%s", lanes.options,
                                            clgan_half_option(g, node->in[0], CLGAN_NONE, CLGAN_NONE));
  clgan_launch_value(x, node->in[0]);
  clgan_launch_scratch(x, 0, clgan_rows_partials(&r, 1));
  clgan_rows_launch(x, &lanes, &r);
  x = clgan_launch_add(l, "rows.cl", "fold", "%s", lanes.options);
  clgan_launch_scratch(x, 0, clgan_rows_partials(&r, 1));
  for (int set = 0; set < 2; set++) clgan_launch_value(x, node->in[1]);
  clgan_launch_int(x, node->in[1] != CLGAN_NONE);
  for (int k = 0; k < 4; k++) clgan_launch_value(x, node->out[0]); /* one set; its total is the result */
  clgan_rows_launch_fold(x, &lanes, &r, 1);
}

const struct clgan_op clgan_op_colsum = {.name = "colsum",
                                         .min_in = 1,
                                         .n_out = 1,
                                         .inplace = 1,
                                         .acc = 1,
                                         .shape = colsum_shape,
                                         .reference = colsum_reference,
                                         .scratch = colsum_scratch,
                                         .prepare = colsum_prepare,
                                         .halves = clgan_halves_first};
