/* spectral.c - spectral normalisation of a weight W seen as K rows x O columns: its scale 1/(v' W u), one step of the
 * power iteration, and the gradient through the division (Miyato et al., "Spectral Normalization for GANs", 2018). */
#include "ops/lanes.h"
#include "ref/spectral.h"

enum { IN_W, IN_U, IN_V };
enum { BWD_G, BWD_W, BWD_U, BWD_V, BWD_INV };

#define GROUP 256

static size_t cols_of(struct clgan_shape w) {
  return (size_t)w.c;
}
static size_t rows_of(struct clgan_shape w) {
  return clgan_shape_count(w) / (size_t)w.c;
}

static bool vectors_fit(struct clgan_ir *g, int w, int u, int v) {
  struct clgan_shape s = clgan_ir_shape(g, w);
  size_t nu = clgan_shape_count(clgan_ir_shape(g, u)), nv = clgan_shape_count(clgan_ir_shape(g, v));
  if (nu == cols_of(s) && nv == rows_of(s)) return true;
  clgan_ir_fail(g, "spectral: W %zu x %zu with u of %zu and v of %zu", rows_of(s), cols_of(s), nu, nv);
  return false;
}

/* How a weight's rows (SPECTRAL, POWER) are cut into chunks of `run`. */
struct cut {
  size_t rows, cols;
  int run, chunks;
};
static struct cut cut_of(const struct clgan_ir *g, int w, const struct clgan_target *t) {
  struct clgan_shape s = clgan_ir_shape(g, w);
  struct cut x = {rows_of(s), cols_of(s), 0, 1};
  size_t most = clgan_min_size((size_t)clgan_lanes_chunks(t, x.rows * x.cols), (x.rows + 15) / 16);
  size_t run = ((x.rows + most - 1) / most + 15) / 16 * 16;
  x.run = (int)run;
  x.chunks = (int)((x.rows + run - 1) / run);
  return x;
}

static void launch_groups(struct clgan_launch *j, const struct clgan_lanes *lanes, int groups) {
  clgan_launch_size(j, 1, (size_t)groups * (size_t)lanes->group, 1, 1, (size_t)lanes->group, 1, 1);
}

/* -- SPECTRAL -- */

static bool spectral_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                           enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  out[0] = clgan_shape_of(1, 1, 1, 1);
  return vectors_fit(g, node->in[IN_W], node->in[IN_U], node->in[IN_V]);
}

static void spectral_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                               double *const *out) {
  struct clgan_shape w = clgan_ir_shape(g, node->in[IN_W]);
  out[0][0] = clgan_ref_spectral(rows_of(w), cols_of(w), in[IN_W], in[IN_U], in[IN_V]);
}

static size_t spectral_scratch(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t) {
  struct cut x = cut_of(g, node->in[IN_W], t);
  return x.chunks > 1 ? (size_t)x.chunks : 0;
}

static void spectral_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                             struct clgan_launches *l) {
  struct cut x = cut_of(g, node->in[IN_W], t);
  struct clgan_lanes lanes = clgan_lanes_of(t, GROUP);
  struct clgan_launch *j = clgan_launch_add(l, "spectral.cl", "spectral_dot", "%s", lanes.options);
  for (int k = 0; k < 3; k++) clgan_launch_value(j, node->in[k]);
  clgan_launch_int(j, (int)x.rows);
  clgan_launch_int(j, (int)x.cols);
  clgan_launch_int(j, x.run);
  if (x.chunks == 1)
    clgan_launch_value(j, node->out[0]);
  else
    clgan_launch_scratch(j, 0, (size_t)x.chunks);
  launch_groups(j, &lanes, x.chunks);
  if (x.chunks == 1) return;
  j = clgan_launch_add(l, "spectral.cl", "spectral_inverse", "%s", lanes.options);
  clgan_launch_scratch(j, 0, (size_t)x.chunks);
  clgan_launch_int(j, x.chunks);
  clgan_launch_value(j, node->out[0]);
  clgan_launch_size(j, 1, 1, 1, 1, 1, 1, 1);
}

static void spectral_cost(const struct clgan_ir *g, const struct clgan_node *node, double *flops, double *bytes) {
  double count = (double)clgan_shape_count(clgan_ir_shape(g, node->in[IN_W]));
  *flops = 2 * count;
  *bytes = 4 * count;
}

/* Not differentiated here: a convolution under a scale emits SPECTRAL_BWD on its weight's gradient. */
const struct clgan_op clgan_op_spectral = {.name = "spectral",
                                           .min_in = 3,
                                           .n_out = 1,
                                           .inplace = -1,
                                           .acc = -1,
                                           .shape = spectral_shape,
                                           .reference = spectral_reference,
                                           .scratch = spectral_scratch,
                                           .prepare = spectral_prepare,
                                           .cost = spectral_cost};

/* -- SPECTRAL_POWER -- */

static bool power_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                        enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  out[0] = clgan_ir_shape(g, node->in[IN_U]);
  out[1] = clgan_ir_shape(g, node->in[IN_V]);
  out[2] = clgan_shape_of(1, 1, 1, 1);
  return vectors_fit(g, node->in[IN_W], node->in[IN_U], node->in[IN_V]);
}

static void power_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                            double *const *out) {
  struct clgan_shape w = clgan_ir_shape(g, node->in[IN_W]);
  clgan_ref_spectral_power(rows_of(w), cols_of(w), in[IN_W], in[IN_U], out[0], out[1]);
  out[2][0] = clgan_ref_spectral(rows_of(w), cols_of(w), in[IN_W], out[0], out[1]);
}

/* Scratch: t [rows], squares [chunks], sums [chunks][cols]. */
static void power_pieces(const struct cut *x, size_t size[3]) {
  size[0] = clgan_scratch_align(x->rows);
  size[1] = clgan_scratch_align((size_t)x->chunks);
  size[2] = (size_t)x->chunks * x->cols;
}

static size_t power_scratch(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t) {
  struct cut x = cut_of(g, node->in[IN_W], t);
  size_t size[3];
  power_pieces(&x, size);
  return size[0] + size[1] + size[2];
}

static void power_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                          struct clgan_launches *l) {
  struct cut x = cut_of(g, node->in[IN_W], t);
  size_t size[3];
  power_pieces(&x, size);
  struct clgan_lanes lanes = clgan_lanes_of(t, GROUP);
  struct clgan_launch *j = clgan_launch_add(l, "spectral.cl", "spectral_power_part", "%s", lanes.options);
  clgan_launch_value(j, node->in[IN_W]);
  clgan_launch_value(j, node->in[IN_U]);
  clgan_launch_int(j, (int)x.rows);
  clgan_launch_int(j, (int)x.cols);
  clgan_launch_int(j, x.run);
  clgan_launch_scratch(j, 0, size[0]);
  clgan_launch_scratch(j, size[0], size[1]);
  clgan_launch_scratch(j, size[0] + size[1], size[2]);
  launch_groups(j, &lanes, x.chunks);
  j = clgan_launch_add(l, "spectral.cl", "spectral_power_end", "%s", lanes.options);
  clgan_launch_scratch(j, 0, size[0]);
  clgan_launch_scratch(j, size[0], size[1]);
  clgan_launch_scratch(j, size[0] + size[1], size[2]);
  clgan_launch_int(j, x.chunks);
  clgan_launch_int(j, (int)x.rows);
  clgan_launch_int(j, (int)x.cols);
  clgan_launch_value(j, node->out[0]);
  clgan_launch_value(j, node->out[1]);
  clgan_launch_value(j, node->out[2]);
  launch_groups(j, &lanes, 1);
}

static void power_cost(const struct clgan_ir *g, const struct clgan_node *node, double *flops, double *bytes) {
  double count = (double)clgan_shape_count(clgan_ir_shape(g, node->in[IN_W]));
  *flops = 4 * count;
  *bytes = 4 * count;
}

const struct clgan_op clgan_op_spectral_power = {.name = "spectral_power",
                                                 .min_in = 3,
                                                 .n_out = 3,
                                                 .inplace_state = 3,
                                                 .state_first = IN_U,
                                                 .inplace = -1,
                                                 .acc = -1,
                                                 .shape = power_shape,
                                                 .reference = power_reference,
                                                 .scratch = power_scratch,
                                                 .prepare = power_prepare,
                                                 .cost = power_cost};

/* -- SPECTRAL_BWD -- */

static bool bwd_shape(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                      enum clgan_dtype type[CLGAN_NODE_OUT]) {
  (void)type;
  out[0] = clgan_ir_shape(g, node->in[BWD_W]);
  if (clgan_shape_count(clgan_ir_shape(g, node->in[BWD_G])) != clgan_shape_count(out[0]) ||
      clgan_shape_count(clgan_ir_shape(g, node->in[BWD_INV])) != 1) {
    clgan_ir_fail(g, "spectral_bwd: the gradient and the weight differ in size, or inv is not one number");
    return false;
  }
  return vectors_fit(g, node->in[BWD_W], node->in[BWD_U], node->in[BWD_V]);
}

static void bwd_reference(const struct clgan_ir *g, const struct clgan_node *node, double *const *in,
                          double *const *out) {
  struct clgan_shape w = clgan_ir_shape(g, node->in[BWD_W]);
  clgan_ref_spectral_bwd(rows_of(w), cols_of(w), in[BWD_G], in[BWD_W], in[BWD_U], in[BWD_V], in[BWD_INV][0], out[0]);
}

static size_t bwd_scratch(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t) {
  return (size_t)clgan_lanes_chunks(t, clgan_shape_count(clgan_ir_shape(g, node->in[BWD_W])));
}

static void bwd_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t,
                        struct clgan_launches *l) {
  struct clgan_shape w = clgan_ir_shape(g, node->in[BWD_W]);
  size_t count = clgan_shape_count(w), chunks = bwd_scratch(g, node, t);
  size_t run = ((count + chunks - 1) / chunks + 1023) / 1024 * 1024;
  int parts = (int)((count + run - 1) / run);
  struct clgan_lanes lanes = clgan_lanes_of(t, GROUP);
  struct clgan_launch *j = clgan_launch_add(l, "spectral.cl", "spectral_inner", "%s", lanes.options);
  clgan_launch_value(j, node->in[BWD_G]);
  clgan_launch_value(j, node->in[BWD_W]);
  clgan_launch_int(j, (int)count);
  clgan_launch_int(j, (int)run);
  clgan_launch_scratch(j, 0, chunks);
  launch_groups(j, &lanes, parts);
  struct clgan_grid grid = clgan_grid_of(t, &lanes, rows_of(w), cols_of(w));
  j = clgan_launch_add(l, "spectral.cl", "spectral_bwd", "%s", lanes.options);
  clgan_launch_value(j, node->in[BWD_G]);
  clgan_launch_value(j, node->in[BWD_U]);
  clgan_launch_value(j, node->in[BWD_V]);
  clgan_launch_value(j, node->in[BWD_INV]);
  clgan_launch_scratch(j, 0, chunks);
  clgan_launch_int(j, parts);
  clgan_launch_value(j, node->out[0]);
  clgan_grid_launch(j, &lanes, &grid);
}

static void bwd_cost(const struct clgan_ir *g, const struct clgan_node *node, double *flops, double *bytes) {
  double count = (double)clgan_shape_count(clgan_ir_shape(g, node->in[BWD_W]));
  *flops = 5 * count;
  *bytes = 12 * count;
}

const struct clgan_op clgan_op_spectral_bwd = {.name = "spectral_bwd",
                                               .min_in = 5,
                                               .n_out = 1,
                                               .inplace = BWD_G,
                                               .acc = -1,
                                               .shape = bwd_shape,
                                               .reference = bwd_reference,
                                               .scratch = bwd_scratch,
                                               .prepare = bwd_prepare,
                                               .cost = bwd_cost};
