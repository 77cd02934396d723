/** @file ir.h  The graph's intermediate representation: values (tensors) and nodes (operations) in program order.
 *
 * The order of emission is the order of execution. Values are immutable but for state: a node that changes state in place (weights,
 * moments, u and v, running statistics) makes a new version; reading an older version afterwards is an error caught at emission.
 * Everything is float32 NHWC unless dtype says otherwise; a matrix [N,F] is shape {N,1,1,F}, a vector [F] {1,1,1,F}, a scalar {1,1,1,1}.
 */
#ifndef CLGAN_OPS_IR_H
#define CLGAN_OPS_IR_H
#include <stdbool.h>
#include <stddef.h>
#include "base/safetensors.h"
#include "base/status.h"

#define CLGAN_NONE (-1)     /**< no value: an optional input left out */
#define CLGAN_NODE_IN 8
#define CLGAN_NODE_OUT 4
#define CLGAN_ALIGN 256     /**< elements: storage and views start at multiples of this (1 KiB of float32) */

struct clgan_shape {
  int n, h, w, c;
};
static inline size_t clgan_shape_count(struct clgan_shape s) { return (size_t)s.n * (size_t)s.h * (size_t)s.w * (size_t)s.c; }
static inline struct clgan_shape clgan_shape_of(int n, int h, int w, int c) { struct clgan_shape s = {n, h, w, c}; return s; }

enum clgan_value_kind {
  CLGAN_VALUE_TEMP,  /**< written by its producer, lives until its last reader */
  CLGAN_VALUE_INPUT, /**< written by the host before each run */
  CLGAN_VALUE_STATE  /**< lives from run to run */
};

struct clgan_value {
  char *name;
  struct clgan_shape shape;
  enum clgan_dtype dtype;    /**< CLGAN_F32, CLGAN_F16, CLGAN_U8 or CLGAN_I32 */
  enum clgan_value_kind kind; /**< of the root storage */
  int producer;              /**< node, or -1 */
  int root;                  /**< the value that owns the memory: itself, or what this views or is a newer version of */
  size_t offset;             /**< elements from the root's start */
  int epoch;                 /**< version of the root that this value shows */
  int root_epoch;            /**< roots: current version */
  bool detached;             /**< gradients stop here */
  int pin_root;              /**< TEMP roots: the STATE root in which this value must live (gradient groups), or -1 */
  size_t pin_offset;
};

/** Relation of the two images of a convolution with zero padding: "in" is the side that is strided over (the larger).
 * ho = (hi + 2 pad - kh) / stride + 1. A transposed convolution is the same relation used from out to in. A linear layer is
 * hi = wi = ho = wo = kh = kw = stride = 1, pad = 0. */
struct clgan_geom {
  int n, hi, wi, ci, ho, wo, co, kh, kw, stride, pad;
};

enum clgan_act { CLGAN_ACT_NONE, CLGAN_ACT_RELU, CLGAN_ACT_LRELU, CLGAN_ACT_TANH, CLGAN_ACT_SIGMOID };

/** What an operation needs beside its inputs; which fields count is in op.h's table. */
struct clgan_attr {
  struct clgan_geom geom;
  enum clgan_act act;
  float slope; /**< leaky ReLU's, 0.2 in the models */
  float f[8];
  int i[8];
};

struct clgan_node {
  int op; /**< enum clgan_op_id */
  int in[CLGAN_NODE_IN], n_in;
  int out[CLGAN_NODE_OUT], n_out;
  struct clgan_attr attr;
  bool dead; /**< nothing reads its outputs: not run */
  int part;  /**< of the graph; a part may be run several times before the next one (clgan_run_execute_part) */
};

/** Weight of the loss being differentiated: f * (value `dynamic`, a scalar in a step-constants vector, where not CLGAN_NONE). */
struct clgan_seed {
  float f;
  int dynamic;       /**< value holding the step constants, or CLGAN_NONE */
  int dynamic_index; /**< element of it */
};

struct clgan_ir {
  struct clgan_value *values;
  size_t n_values, cap_values;
  struct clgan_node *nodes;
  size_t n_nodes, cap_nodes;
  int part;                 /**< of the nodes emitted from now on; counts up only */
  struct clgan_seed seed;   /**< set by autodiff before a loss's backward is called */
  struct clgan_error error; /**< sticky: once set, every emission returns CLGAN_NONE and does nothing */
};

struct clgan_ir *clgan_ir_create(void);
void clgan_ir_destroy(struct clgan_ir *g);
struct clgan_value *clgan_ir_value(struct clgan_ir *g, int v);
/** A float32 value that no node makes yet: for passes that rewrite a graph. */
int clgan_ir_temp(struct clgan_ir *g, struct clgan_shape s);
int clgan_ir_input(struct clgan_ir *g, const char *name, enum clgan_dtype t, struct clgan_shape s);
int clgan_ir_state(struct clgan_ir *g, const char *name, enum clgan_dtype t, struct clgan_shape s);
/** The elements offset.. of @p v seen as @p s (reshape: offset 0 and equal counts). offset must be a multiple of CLGAN_ALIGN.
 * Of a state root it shows the current version. Differentiable for reshapes (op VIEW is not emitted; autodiff follows roots) only
 * through clgan_ir_reshape. @param name may be NULL. */
int clgan_ir_view(struct clgan_ir *g, int v, const char *name, size_t offset, struct clgan_shape s);
/** Same elements, other shape; differentiable. */
int clgan_ir_reshape(struct clgan_ir *g, int v, struct clgan_shape s);
/** The same value behind which no gradient flows. */
int clgan_ir_detach(struct clgan_ir *g, int v);
/** Emits one node: checks and infers shapes by the op's table row, creates outputs. For an op that works in place on state (row's
 * inplace_state mask) the outputs are new versions of those inputs. @param out receives n_out value ids; may be NULL.
 * @return first output, or CLGAN_NONE on error (in g->error). */
int clgan_ir_emit(struct clgan_ir *g, int op, const struct clgan_attr *attr, int n_in, const int *in, int *out);
struct clgan_shape clgan_ir_shape(const struct clgan_ir *g, int v);
/** Records an error (CLGAN_ERR_INTERNAL unless said) and returns CLGAN_NONE. */
int clgan_ir_fail(struct clgan_ir *g, const char *format, ...) __attribute__((format(printf, 2, 3)));
#endif
