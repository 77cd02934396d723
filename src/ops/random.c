/* random.c - tensors of Philox numbers. */
#include "ref/random.h"
#include "ops/rows.h"

enum { KIND, STREAM, BELOW, SHAPE };

static bool random_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                         enum clgan_dtype type[CLGAN_NODE_OUT]) {
  const int *i = node->attr.i;
  int counters = node->in[0];
  size_t given = clgan_count_of(g, counters);
  if (g->values[counters].dtype != CLGAN_I32 || given < 4 || given > 5) {
    clgan_ir_fail(g, "random: the counters are four integers: seed and step, low half first; and the first row");
    return false;
  }
  if (i[KIND] < CLGAN_REF_RANDOM_SIGNED || i[KIND] > CLGAN_REF_RANDOM_UNIT ||
      (i[KIND] == CLGAN_REF_RANDOM_BELOW && i[BELOW] < 1)) {
    clgan_ir_fail(g, "random: kind %d below %d", i[KIND], i[BELOW]);
    return false;
  }
  out[0] = clgan_shape_of(i[SHAPE], i[SHAPE + 1], i[SHAPE + 2], i[SHAPE + 3]);
  type[0] = i[KIND] == CLGAN_REF_RANDOM_BELOW ? CLGAN_I32 : CLGAN_F32;
  return true;
}

static bool has_first_row(const struct clgan_ir *g, const struct clgan_node *node) {
  return clgan_count_of(g, node->in[0]) == 5;
}

static void random_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                             double *const *out) {
  const int *i = node->attr.i;
  uint32_t half[4];
  for (int k = 0; k < 4; k++) half[k] = (uint32_t)(int32_t)in[0][k];
  uint64_t seed = (uint64_t)half[1] << 32 | half[0], step = (uint64_t)half[3] << 32 | half[2];
  size_t n = clgan_count_of(g, node->out[0]), first = 0;
  if (has_first_row(g, node)) first = (size_t)in[0][4] * (n / (size_t)i[SHAPE]);
  clgan_ref_random(i[KIND], seed, step, (uint32_t)i[STREAM], (uint32_t)i[BELOW], first, out[0], n);
}

static void random_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                           struct clgan_launches *l) {
  struct clgan_lanes lanes = clgan_lanes_of(t, 256);
  struct clgan_launch *x =
      clgan_launch_add(l, "random.cl", "draw", "%s%s", lanes.options, has_first_row(g, node) ? " -D ROWS" : "");
  clgan_launch_value(x, node->in[0]);
  clgan_launch_value(x, node->out[0]);
  for (int k = KIND; k <= BELOW; k++) clgan_launch_int(x, node->attr.i[k]);
  clgan_launch_int(x, (int)(clgan_count_of(g, node->out[0]) / (size_t)node->attr.i[SHAPE]));
  clgan_flat_launch(x, t, &lanes, clgan_count_of(g, node->out[0]));
}

const struct clgan_op clgan_op_random = {.name = "random",
                                         .min_in = 1,
                                         .n_out = 1,
                                         .inplace = -1,
                                         .acc = -1,
                                         .shape = random_shape,
                                         .reference = random_reference,
                                         .prepare = random_prepare};
