/** @file graph.h  From a graph of nodes to a device that runs it: gradient, plan (lifetimes -> arenas), schedule, run; and a
 * double-precision interpreter of the same graph on the host. */
#ifndef CLGAN_GRAPH_GRAPH_H
#define CLGAN_GRAPH_GRAPH_H
#include "ops/op.h"

/** Where differentiation starts. Losses: loss = {weight, ...} and gradient = CLGAN_NONE. Anything else: `gradient` is the value of
 * the gradient with respect to it. */
struct clgan_start {
  int value, gradient;
  struct clgan_seed loss;
};
/** Emits the gradients of the sum of the starts with respect to wrt[k] as grads[k] (CLGAN_NONE where none flows). Only what lies
 * between wrt and the starts is differentiated. */
enum clgan_status clgan_autodiff(struct clgan_ir *g, const struct clgan_start *starts, size_t n_starts, const int *wrt, size_t n_wrt,
                                 int *grads);
/** Asks that the TEMP value @p v be stored at @p offset of the STATE root @p root (gradients of a parameter group). */
void clgan_ir_pin(struct clgan_ir *g, int v, int root, size_t offset);
/** Marks nodes that nothing kept depends on as dead. Kept: in-place state, pinned values, values of @p keep. */
void clgan_ir_eliminate(struct clgan_ir *g, const int *keep, size_t n_keep);

/** Rewrites a finished graph into one that walks over memory less often and makes fewer launches; what it computes stays the same,
 * and the interpreter runs it as well. After differentiation, before a run or an interpreter is made of it. Docs: kernels.md.
 * @param keep values that can be read after an execution. */
enum clgan_status clgan_graph_fuse(struct clgan_ir *g, const int *keep, size_t n_keep);

/** Stores what is large and lives within an execution as float16: activations and their gradients of at least CLGAN_HALF_LEAST
 * elements, but nothing that is kept, pinned, or summed up for parameters and statistics. Sums stay float32. After
 * clgan_graph_fuse; node numbers change (not clgan_graph_native's, which is for one target). Gradients then need a loss scale (CLGAN_OP_LOSS_SCALE). */
enum clgan_status clgan_graph_half(struct clgan_ir *g, const int *keep, size_t n_keep);
enum { CLGAN_HALF_LEAST = 16384 };
/** Once the target is known: where kernels read or write float16 themselves (struct clgan_op's halves), no HALVE or WIDEN is left. */
void clgan_graph_native(struct clgan_ir *g, const struct clgan_target *t);

/* -- plan -- */
/** Bytes of the buffer in which so many elements are kept: rounded up, and room behind, so that kernels may read past the end. */
uint64_t clgan_storage_bytes(size_t count, enum clgan_dtype type);
struct clgan_place {
  int arena;       /**< number, or -1: in state or input of its own */
  size_t offset;   /**< elements */
};
struct clgan_plan {
  struct clgan_place *value;   /**< per value, of its root */
  struct clgan_place *scratch; /**< per node */
  size_t *scratch_size;        /**< per node, elements */
  int *packer;                 /**< per node: the node whose launches make its packing (itself or an earlier one), or -1 */
  struct clgan_place *packing; /**< per node that is a packer */
  size_t *packing_size;        /**< the same, elements */
  size_t *arena_size;          /**< elements */
  size_t n_arenas;
  int *slot;                   /**< per value: representative root whose memory it shares (in-place) */
  /** Of the buffers as they are made: arenas; state; inputs and what a run needs besides. naive: every temporary in memory of its own. */
  uint64_t arena_bytes, state_bytes, input_bytes, naive_bytes;
  uint64_t peak_bytes;         /**< the most that is alive at one node: arena_bytes cannot be less */
};
/** Refuses, with the arithmetic, a tensor above the device's largest allocation and a total above t->memory (0: the device's memory). */
enum clgan_status clgan_plan_create(const struct clgan_ir *g, const struct clgan_target *t, const int *keep, size_t n_keep,
                                    struct clgan_plan **out, struct clgan_error *e);
void clgan_plan_destroy(struct clgan_plan *p);

/* -- state on the device, shared by the runs of several graphs -- */
struct clgan_store;
struct clgan_store *clgan_store_create(struct clgan_cl *cl);
void clgan_store_destroy(struct clgan_store *s);
/** The buffer of the state root called @p name, created zero-filled where new. */
enum clgan_status clgan_store_get(struct clgan_store *s, const char *name, size_t count, struct clgan_buffer **out, struct clgan_error *e);
enum clgan_status clgan_store_write(struct clgan_store *s, const char *name, size_t offset, const float *data, size_t count, struct clgan_error *e);
enum clgan_status clgan_store_read(struct clgan_store *s, const char *name, size_t offset, float *data, size_t count, struct clgan_error *e);
uint64_t clgan_store_bytes(const struct clgan_store *s);

/* -- run -- */
/** The target for a device: family by type, or by $CLGAN_FAMILY; variants by the tuning in force (tune/store.h). */
enum clgan_status clgan_target_choose(struct clgan_cl *cl, struct clgan_target *out, struct clgan_error *e);
struct clgan_run;
struct clgan_run_facts {
  size_t launches, nodes, programs;
  size_t products, tuned; /**< convolution products; those of them that the tuning in force says something of */
  uint64_t arena_bytes, state_bytes, input_bytes, naive_bytes, peak_bytes; /**< as struct clgan_plan's */
};
/** Eliminates, plans, allocates, compiles (with a progress line) and sets every argument. @p g must outlive the run.
 * @param keep values that can be read after an execution. Refuses, with the arithmetic, what does not fit the device. */
enum clgan_status clgan_run_create(struct clgan_cl *cl, struct clgan_store *store, struct clgan_ir *g, const int *keep, size_t n_keep,
                                   struct clgan_run **out, struct clgan_error *e);
/** The same, in the arenas of @p lender (may be NULL) where they are large enough. It must outlive the run, the two are never executed
 * at once (in one queue nothing is), and what either keeps must have been read, or its reading enqueued, before the other runs. */
enum clgan_status clgan_run_create_within(struct clgan_cl *cl, struct clgan_store *store, struct clgan_ir *g, const int *keep, size_t n_keep,
                                          struct clgan_run *lender, struct clgan_run **out, struct clgan_error *e);
void clgan_run_destroy(struct clgan_run *r);
/** Host data into an input (blocking: data may be reused). @p bytes must equal the value's size. */
enum clgan_status clgan_run_write(struct clgan_run *r, int value, const void *data, size_t bytes, struct clgan_error *e);
/** The same without waiting; @p data must stay until the event was waited for. */
enum clgan_status clgan_run_write_async(struct clgan_run *r, int value, const void *data, size_t bytes, struct clgan_event **ev, struct clgan_error *e);
enum clgan_status clgan_run_execute(struct clgan_run *r, struct clgan_error *e); /**< enqueues only */
/** The nodes first.. end - 1 of it only. */
enum clgan_status clgan_run_execute_part(struct clgan_run *r, size_t first, size_t end, struct clgan_error *e);
/** Launches of the nodes first .. end - 1. */
size_t clgan_run_launches(const struct clgan_run *r, size_t first, size_t end);
/** The launches of node @p node alone, @p times times in a row; enqueued only. For benchmarks: its inputs are whatever the
 * memory holds (so is a packing that an earlier node makes), and what works in place goes on from its own result. */
enum clgan_status clgan_run_enqueue_node(struct clgan_run *r, int node, int times, struct clgan_error *e);
/** The kernels that a node turned into and their options, shortened: "conv_pack + conv: V=8 MT=6". Cut where it is too long. */
void clgan_run_node_variant(const struct clgan_run *r, int node, char *out, size_t size);
enum clgan_status clgan_run_read(struct clgan_run *r, int value, void *data, size_t bytes, struct clgan_error *e);
enum clgan_status clgan_run_read_async(struct clgan_run *r, int value, void *data, size_t bytes, struct clgan_event **ev, struct clgan_error *e);
struct clgan_run_facts clgan_run_describe(const struct clgan_run *r);
/** What the arithmetic depends on beside the graph: family, vector width, compute units, hash of every launch (kernel, options, sizes). */
const char *clgan_run_variants(const struct clgan_run *r);
/** Device seconds by operation of one execution (queue with profiling); writes a table to stderr. */
enum clgan_status clgan_run_profile(struct clgan_run *r, struct clgan_error *e);

/** Told of each launch of an execution: the node it belongs to, and the device's seconds in it. */
typedef void clgan_run_timed(void *context, const struct clgan_node *n, double seconds);
/** Enqueues all nodes with an event at each launch, waits, then tells @p each of them in order. The queue must take
 * timestamps (clgan_cl_profile). */
enum clgan_status clgan_run_events(struct clgan_run *r, clgan_run_timed *each, void *context, struct clgan_error *e);

/* -- interpreter -- */
struct clgan_interpreter;
enum clgan_status clgan_interpreter_create(const struct clgan_ir *g, struct clgan_interpreter **out, struct clgan_error *e);
void clgan_interpreter_destroy(struct clgan_interpreter *p);
/** The memory of a value (elements as doubles): write inputs and state before, read results after. */
double *clgan_interpreter_data(struct clgan_interpreter *p, int value);
void clgan_interpreter_execute(struct clgan_interpreter *p);
#endif
