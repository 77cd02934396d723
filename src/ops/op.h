/** @file op.h  The table of operations: shape rule, gradient, double-precision reference, kernels. One row and one .c per operation
 * (or per small family); the table itself is ops/table.c. A new operation is a .c, its kernel, its reference, a row here and cases in
 * ops/cases.c.
 *
 *  op            inputs ([optional])                      outputs        attributes
 *  CONV          A, B, [bias c], [scale 1], [gate]        y              geom; i[0] direction: 0 forward  A[n,hi,wi,ci] -> y[n,ho,wo,co], B[kh][kw][ci][co]
 *                                                                                          1 transposed A[n,ho,wo,co] -> y[n,hi,wi,ci], B[kh][kw][co][ci]
 *                                                                        i[1] = 1: B's last two axes the other way round (the gradient with respect to A reads the
 *                                                                        weight as it lies). act, slope. y = act(scale * sum + bias). No atomics, fixed order. gate (shape
 *                                                                        of y, act none, i[6] = an activation): y times that activation's slope where its output is gate; not differentiable (graph/fuse_gate.c makes it)
 *  CONV_WGRAD    X[n,hi,wi,ci], DY[n,ho,wo,co], [acc]     dW             geom; i[0] layout 0: dW[kh][kw][ci][co], 1: dW[kh][kw][co][ci]. dW = acc + sum
 *  TRANSPOSE     W[taps][a][b]                            [taps][b][a]   i[0..2] = taps, a, b (shape {1,taps,a,b} -> {1,taps,b,a})
 *  COLSUM        x [M rows, C], [acc C]                   [C]            sum over n,h,w
 *  ADD           a, b                                     a+b
 *  AFFINE        x                                        y              i[0] = 0: y = f[0] x + f[1]; i[0] = C <= 4: column j: f[2j] x + f[2j+1]
 *  ACT           x                                        y              act, slope
 *  ACT_BWD       dy, y                                    dx             act, slope: derivative recovered from the output y
 *  BN_STATS      x [M,C]                                  mean, var      biased variance, two-pass or shifted: no cancellation
 *  BN_STATS_RUN  x, rmean*, rvar*, [momentum 1]           rmean*, rvar*, mean, var  BN_STATS and BN_RUN (its attributes) in one
 *  BN            x, mean, var, [gamma, beta]              y              f[0] eps; act, slope: y = act(gamma (x-mean)/sqrt(var+eps) + beta)
 *  BN_BWD_SUMS   dy, x, mean, var, [gamma, beta]          sum_g, sum_gx  g = dy act'(pre); [C] each: sum g and sum g xhat (= dbeta, dgamma)
 *  BN_BWD_SUMS_ACC  the same, acc_g, acc_gx [C]           sum_g, sum_gx, acc_g + sum_g, acc_gx + sum_gx
 *  BN_BWD        dy, x, mean, var, sum_g, sum_gx, [gamma, beta]  dx      dx = gamma invstd (g - sum_g/M - xhat sum_gx/M)
 *  BN_RUN        rmean*, rvar*, mean, var, [momentum 1]   rmean*, rvar*  f[0] momentum (or the input's element i[1]), i[0] = M: r += momentum (new - r), unbiased var = var M/(M-1)
 *  CONCAT        a, b, ...(<=8)                           y              i[0] axis: 0 = N, 1 = C
 *  SLICE         x                                        y              i[0] axis, i[1] start, i[2] count
 *  PAD           x                                        y              i[0] axis, i[1] start, i[2] total: zeros elsewhere (gradient of SLICE)
 *  TILE          x [N,F]                                  [N,F*t]        i[0] = t: column j repeated t times in a row (j*t ... j*t+t-1)
 *  TILE_BWD      dy [N,F*t]                               [N,F]          i[0] = t: sums
 *  ONEHOT        label I32 [N,1]                          [N,K]          i[0] = K; label outside 0..K-1 gives zeros
 *  REPARAM       h [N,2Z], noise [N,Z]                    z [N,Z]        z = h[:, :Z] + noise exp(clamp(h[:, Z:], f[0], f[1]))  (-6, 2)
 *  REPARAM_BWD   dz, h, noise                             dh [N,2Z]      gradient 0 outside the clamp (inside: closed interval)
 *  SHIFT         x, offset I32 [N,2], [flip I32 [N,1]]    y              i[0] = margin m (8): y[n,r,q] = x'[n, r+offset0-m, q+offset1-m], 0 outside; x' = x mirrored left-right where flip
 *  SHIFT_BWD     dy, offset, [flip]                       dx             i[0] = margin
 *  ROWDOT        a [N,F], b [N,F]                         [N,1]
 *  ROWSCALE      s [N,1], b [N,F]                         [N,F]          s b (gradient of ROWDOT)
 *  SPECTRAL      W [K,O], u [O], v [K]                    inv [1]        1 / (v' W u). W is seen as K rows of O whatever its shape (O = shape.c)
 *  SPECTRAL_POWER W, u*, v*                               u*, v*, inv [1]  v = normalize(W u), then u = normalize(W' v); norms floored at 1e-12; inv = 1 / (v' W u), what SPECTRAL would give
 *  SPECTRAL_BWD  G, W, u, v, inv                          dW             inv G - inv^2 (sum G.W) v u'   (Miyato et al. 2018, with respect to W)
 *  LOSS_GAN      s [2n,1]                                 [1]            f[0] weight w; i[0], i[1] = sign of the first and the second half: w/n sum softplus(sign s)
 *  LOSS_L1       target, b                                [1]            mean |target - b|
 *  LOSS_MSE      p [N,F], t [N,T]                         [1]            i[0] column of p, i[1] column of t: mean (p - t)^2
 *  LOSS_BCE      p [N,F] logits, t [N,T] in 0..1          [1]            columns likewise: mean softplus(p) - p t, stable
 *  LOSS_CE       p [N,K] logits, label I32 [N,1]          [1]            mean cross-entropy
 *  LOSS_*_BWD    same inputs, [coef vector]               d(second-to-none operand: s, b, p)  same attributes; f[6] static weight, i[7] element of coef; gradient = f[6] * coef[i[7]] * dloss
 *  STACK         scalars (<= 8)                           [k]            shape {1,1,1,k}
 *  ADAM          p*, m*, v*, grad, consts, [scale]        p*, m*, v*     f[0..3] = beta1, beta2, eps, weight decay (L2, added to grad); consts elements i[0] lr, i[1] 1-beta1^t, i[2] 1-beta2^t:
 *                                                                        m = b1 m + (1-b1) g; v = b2 v + (1-b2) g g; p -= lr/bc1 * m / (sqrt(v)/sqrt(bc2) + eps)
 *                                                                        scale (LOSS_SCALE's state): grad times scale[1], and where scale[3] is 0 nothing changes
 *  ADAM_LERP     p*, m*, v*, a*, grad, consts, [scale]    p*, m*, v*, a*  ADAM, then a += consts[i[3]] (p - a)
 *  LERP          a*, b, consts                            a*             a += consts[i[0]] (b - a)
 *  ACCUMULATE    a*, b, consts                            a*             a = consts[i[0]] a + f[0] b; where the constant is 0 nothing of the old a is left, be it a NaN
 *  RANDOM        counters I32 [4|5]                        y              i[0] kind: 0 uniform in [-1,1), 1 normal, 2 integer below i[2] (I32), 3 uniform in [0,1); i[1] stream;
 *                                                                        i[3..6] = shape n,h,w,c. counters = {seed lo, seed hi, step lo, step hi [, first row]}; element e = lane e%4 of block e/4;
 *                                                                        with a fifth counter y is the rows from that one on of a larger tensor (a row: h*w*c)
 *  UNPACK        x U8                                     y              y = f[0] x + f[1]
 *  HALVE         x F32                                    y F16          the nearest float16, ties to even, beyond its range infinite (IEEE 754)
 *  WIDEN         x F16                                    y F32          exact
 *  SCALED        scale [4], x                             2^(LOSS_SCALE_START + scale[0]) x
 *  LOSS_SCALE    scale*, sums...                          scale*         the loss scale's state {log2 of it above its start, 1 / the scale that the gradients at hand have, steps
 *                                                                        since it changed, 1 or 0: may they be used?}. Where an element of the sums is infinite or NaN they may not (unless the
 *                                                                        scale is 1 already: training must see it), and the scale is halved; after i[0] good steps it is doubled (Micikevicius et al. 2018, section 3.2)
 *  TOPK          x [M rows, C]                            value, index   i[0] = k (<= 256): the k smallest of each row, ascending, equal ones by column; index I32. Infinities and NaN
 *                                                                        are never taken: where too few are left, infinity and -1
 *
 * A star marks state changed in place. M = n*h*w rows of c columns. BN gradients with respect to mean and var are folded into BN_BWD:
 * BN's backward emits BN_BWD_SUMS + BN_BWD when mean and var come from a BN_STATS of the same x; with still or running statistics that
 * are inputs or state (inference) it is dx = gamma invstd g: attribute i[0] = 1 on BN_BWD marks that form.
 */
#ifndef CLGAN_OPS_OP_H
#define CLGAN_OPS_OP_H
#include "cl/cl.h"
#include "ops/ir.h"

enum clgan_op_id {
  CLGAN_OP_VIEW, /**< reshape made by clgan_ir_reshape: no kernel; backward reshapes the gradient */
  CLGAN_OP_CONV, CLGAN_OP_CONV_WGRAD, CLGAN_OP_TRANSPOSE, CLGAN_OP_COLSUM,
  CLGAN_OP_ADD, CLGAN_OP_AFFINE, CLGAN_OP_ACT, CLGAN_OP_ACT_BWD,
  CLGAN_OP_BN_STATS, CLGAN_OP_BN, CLGAN_OP_BN_BWD_SUMS, CLGAN_OP_BN_BWD, CLGAN_OP_BN_RUN, CLGAN_OP_BN_STATS_RUN, CLGAN_OP_BN_BWD_SUMS_ACC,
  CLGAN_OP_CONCAT, CLGAN_OP_SLICE, CLGAN_OP_PAD, CLGAN_OP_TILE, CLGAN_OP_TILE_BWD, CLGAN_OP_ONEHOT,
  CLGAN_OP_REPARAM, CLGAN_OP_REPARAM_BWD, CLGAN_OP_SHIFT, CLGAN_OP_SHIFT_BWD, CLGAN_OP_ROWDOT, CLGAN_OP_ROWSCALE,
  CLGAN_OP_SPECTRAL, CLGAN_OP_SPECTRAL_POWER, CLGAN_OP_SPECTRAL_BWD,
  CLGAN_OP_LOSS_GAN, CLGAN_OP_LOSS_L1, CLGAN_OP_LOSS_MSE, CLGAN_OP_LOSS_BCE, CLGAN_OP_LOSS_CE,
  CLGAN_OP_LOSS_GAN_BWD, CLGAN_OP_LOSS_L1_BWD, CLGAN_OP_LOSS_MSE_BWD, CLGAN_OP_LOSS_BCE_BWD, CLGAN_OP_LOSS_CE_BWD,
  CLGAN_OP_STACK, CLGAN_OP_ADAM, CLGAN_OP_LERP, CLGAN_OP_ADAM_LERP, CLGAN_OP_RANDOM, CLGAN_OP_UNPACK, CLGAN_OP_TOPK, CLGAN_OP_ACCUMULATE,
  CLGAN_OP_HALVE, CLGAN_OP_WIDEN, CLGAN_OP_SCALED, CLGAN_OP_LOSS_SCALE,
  CLGAN_OP_COUNT
};

/** log2 of the loss scale that a run starts with, and of the largest. */
enum { CLGAN_LOSS_SCALE_START = 12, CLGAN_LOSS_SCALE_MAX = 24, CLGAN_SCALE_STATE = 4 /* elements of its state */ };

/** Kernel family: registers only with a work-group of one (CPU drivers), or work-groups with local memory (GPUs). */
enum clgan_family { CLGAN_FAMILY_REG, CLGAN_FAMILY_LOCAL };

/** What a tuning says of the variants of products (ops/variant.h); find NULL: nothing. */
struct clgan_variant;
struct clgan_variant_book {
  /** Sets the parameters that the tuning gives, leaves the others. @return false: it says nothing of this product. */
  bool (*find)(void *context, const char *op, const char *geometry, struct clgan_variant *out);
  void *context;
};

/** What kernels are chosen for. */
struct clgan_target {
  const struct clgan_device_info *device;
  struct clgan_cl *cl;      /**< the device opened: what libraries have for it is asked there; NULL: of no library */
  enum clgan_family family; /**< by device type; $CLGAN_FAMILY=reg|local forces one */
  int vector;               /**< float lanes to use for registers-only kernels: 4, 8 or 16 (vector_float, at least 4) */
  struct clgan_variant_book book;
  uint64_t memory;          /**< bytes that a plan may need; 0: all that the device has */
};

/** Can the device run the family at all (work-groups of 16 items, local memory for the smallest tiles)? @p why: what it
 * lacks, where not. */
bool clgan_family_possible(const struct clgan_device_info *d, enum clgan_family family, char why[160]);

/* -- launches: what an operation turns into. No OpenCL call happens here; graph/run builds programs and sets arguments. A launch is a
 * kernel's, or a matrix product that CLBlast enqueues (clgan_launch_gemm). -- */
enum clgan_arg_kind { CLGAN_ARG_VALUE, CLGAN_ARG_SCRATCH, CLGAN_ARG_PACKING, CLGAN_ARG_BYTES, CLGAN_ARG_LOCAL };
#define CLGAN_ARG_BYTES_MAX 192
#define CLGAN_LAUNCH_ARGS 20
struct clgan_launch_arg {
  enum clgan_arg_kind kind;
  int value;              /**< VALUE */
  size_t offset, n;       /**< SCRATCH, PACKING: elements (offset a multiple of CLGAN_ALIGN); BYTES, LOCAL: n bytes */
  unsigned char bytes[CLGAN_ARG_BYTES_MAX];
};
struct clgan_launch {
  bool gemm; /**< a call of CLBlast: `file` and `kernel` are names to show, `options` its version, `global` m, n, k, `local` is A, is B
              * transposed, and floats of temporary memory; arguments A, B, C, and that memory where it is any */
  const char *file, *kernel; /**< kernels/<file>; static strings */
  char options[256];         /**< -D options, spelled the same way for the same program */
  struct clgan_launch_arg args[CLGAN_LAUNCH_ARGS];
  int n_args, node, dims;
  size_t global[3], local[3];
};
struct clgan_launches {
  struct clgan_launch *items;
  size_t n, cap;
  int node; /**< the node being prepared */
  bool packed; /**< and its packing is made by an earlier node's launches: it appends none that makes it */
};
/** Appends a launch; valid until the next call. */
struct clgan_launch *clgan_launch_add(struct clgan_launches *l, const char *file, const char *kernel, const char *options_format, ...)
    __attribute__((format(printf, 4, 5)));
/** Appends C[m,n] = op(A) op(B) by CLBlast; the operands are the caller's to append, at most CLGAN_GEMM_OPERANDS. */
struct clgan_blast_product;
struct clgan_launch *clgan_launch_gemm(struct clgan_launches *l, const struct clgan_blast_product *p, size_t temporary);
enum { CLGAN_GEMM_OPERANDS = 4 };
void clgan_launch_value(struct clgan_launch *l, int value); /**< CLGAN_NONE passes a valid dummy buffer (never read) */
void clgan_launch_scratch(struct clgan_launch *l, size_t offset, size_t elements);
void clgan_launch_packing(struct clgan_launch *l, size_t elements); /**< the node's packing, to make it or to read it */
void clgan_launch_bytes(struct clgan_launch *l, const void *data, size_t n); /**< scalars and by-value structs */
void clgan_launch_int(struct clgan_launch *l, int x);
void clgan_launch_float(struct clgan_launch *l, float x);
void clgan_launch_local(struct clgan_launch *l, size_t bytes);
void clgan_launch_size(struct clgan_launch *l, int dims, size_t g0, size_t g1, size_t g2, size_t l0, size_t l1, size_t l2);

/** A weight in the form that a node's kernels read (panels, transposed): made by a launch of its own, once for all nodes of a graph
 * that read the same version of the same value in the same form; kept from the first of them to the last. */
struct clgan_packing {
  int value;       /**< what it is made of */
  size_t elements; /**< float32; 0: the node has no packing */
  int form[12];    /**< what its contents depend on beside the value: equal numbers, equal contents */
};

#define CLGAN_HALF_OUT(k) (1u << (16 + (k)))
struct clgan_op {
  const char *name;
  int min_in, n_out;
  unsigned inplace_state; /**< bit k: input state_first + k is state, output k is its new version (ADAM: 0b111) */
  int state_first;        /**< SPECTRAL_POWER: 1 */
  int inplace;            /**< input whose memory output 0 may take over when that input dies here, or -1 */
  int acc;                /**< index of the optional accumulator input, or -1 */
  /** Sets the output shapes (and dtype where not F32) from inputs; a mismatch is clgan_ir_fail. */
  bool (*shape)(struct clgan_ir *g, const struct clgan_node *node, struct clgan_shape out[CLGAN_NODE_OUT],
                enum clgan_dtype type[CLGAN_NODE_OUT]);
  /** Emits the gradient. gout[k]: gradient of output k, or CLGAN_NONE. For every k with need[k] sets gin[k]. NULL: not differentiable.
   * Losses take their weight from g->seed and ignore gout. Copy the node first: emission may move g->nodes. */
  void (*backward)(struct clgan_ir *g, int node, const int *gout, const bool *need, int *gin);
  /** Evaluates in double on the host; in[k] NULL where left out; out[k] may equal in[k] (in-place). I32 and U8 come as doubles. */
  void (*reference)(const struct clgan_ir *g, const struct clgan_node *node, double *const *in, double *const *out);
  /** Float32 elements of scratch the launches need (0: none; the hook may be NULL). */
  size_t (*scratch)(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t);
  /** Describes the node's packing; @p out comes zeroed. NULL: never any. */
  void (*packing)(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t, struct clgan_packing *out);
  /** Appends the launches, the one that makes the packing only where !l->packed. */
  void (*prepare)(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t, struct clgan_launches *l);
  /** Which inputs (bit k) and outputs (bit 16 + k) the node's kernels can have as float16. NULL: none. */
  unsigned (*halves)(const struct clgan_node *node, const struct clgan_target *t);
  /** Floating-point operations and bytes that must move at least, for benchmarks. May be NULL (0 FLOPs, sum of in and out bytes). */
  void (*cost)(const struct clgan_ir *g, const struct clgan_node *node, double *flops, double *bytes);
};
/** CONV's gate: the value whose activation's slope the result is multiplied with, or CLGAN_NONE. A kernel that does it in its
 * epilogue takes it as an argument; where none of a product's launches does, ops/conv.c appends a launch of its own. */
enum { CLGAN_CONV_GATE = 4, CLGAN_CONV_GATE_ACT = 6 }; /**< the input's number; the activation's in attr.i */
static inline int clgan_conv_gate(const struct clgan_node *node) {
  return node->op == CLGAN_OP_CONV && node->n_in > CLGAN_CONV_GATE ? node->in[CLGAN_CONV_GATE] : CLGAN_NONE;
}
/** The row of @p op. */
const struct clgan_op *clgan_op_row(int op);
/** What a node costs: its row's hook, or 0 operations and the bytes of its inputs and outputs. */
void clgan_op_cost(const struct clgan_ir *g, const struct clgan_node *node, double *flops, double *bytes);

/* -- the shared case table (ops/cases.c): correctness, gradients, tuner, selftest and benchmarks walk it -- */
enum clgan_case_flag { CLGAN_CASE_SMALL = 1 /**< fit for Oclgrind */, CLGAN_CASE_MODEL = 2 /**< a layer of the three models */ };
struct clgan_case {
  const char *name;
  unsigned flags;
  double tolerance; /**< largest error allowed over the largest output magnitude */
  /** Builds the op's inputs (clgan_ir_input, names free) and nodes in @p g; returns the value to check/differentiate. */
  int (*build)(struct clgan_ir *g, const struct clgan_case *c);
  int p[12];   /**< the builder's sizes */
};
extern const struct clgan_case clgan_cases[];
extern const size_t clgan_cases_count;
/** Wide layers whose speed the project is measured by (docs/benchmarks.md): too large for the interpreter, so whoever walks
 * them checks samples. Sizes are of a batch of 1. */
extern const struct clgan_case clgan_cases_wide[];
extern const size_t clgan_cases_wide_count;
/** 3x3 and 1x1 layers of residual networks, as DeepBench (Baidu Research, 2016) has them; like the wide ones otherwise. */
extern const struct clgan_case clgan_cases_deepbench[];
extern const size_t clgan_cases_deepbench_count;

/* -- per-operation rows, defined in their .c files -- */
extern const struct clgan_op clgan_op_conv, clgan_op_conv_wgrad, clgan_op_transpose, clgan_op_colsum, clgan_op_add, clgan_op_affine,
    clgan_op_act, clgan_op_act_bwd, clgan_op_bn_stats, clgan_op_bn, clgan_op_bn_bwd_sums, clgan_op_bn_bwd, clgan_op_bn_run, clgan_op_concat,
    clgan_op_slice, clgan_op_pad, clgan_op_tile, clgan_op_tile_bwd, clgan_op_onehot, clgan_op_reparam, clgan_op_reparam_bwd, clgan_op_shift,
    clgan_op_shift_bwd, clgan_op_rowdot, clgan_op_rowscale, clgan_op_spectral, clgan_op_spectral_power, clgan_op_spectral_bwd,
    clgan_op_loss_gan, clgan_op_loss_l1, clgan_op_loss_mse, clgan_op_loss_bce, clgan_op_loss_ce, clgan_op_loss_gan_bwd, clgan_op_loss_l1_bwd,
    clgan_op_loss_mse_bwd, clgan_op_loss_bce_bwd, clgan_op_loss_ce_bwd, clgan_op_stack, clgan_op_adam, clgan_op_lerp, clgan_op_adam_lerp, clgan_op_bn_stats_run, clgan_op_bn_bwd_sums_acc, clgan_op_random,
    clgan_op_unpack, clgan_op_topk, clgan_op_accumulate, clgan_op_halve, clgan_op_widen, clgan_op_scaled, clgan_op_loss_scale;
#endif
