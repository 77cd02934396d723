/** @file step.h  One training step as one graph: (1) encode real images, (2) generate from noise, (3) update the discriminator,
 * (4) update generator and encoder. And the graphs that use the averaged nets. */
#ifndef CLGAN_TRAIN_STEP_H
#define CLGAN_TRAIN_STEP_H
#include "graph/graph.h"
#include "model/model.h"

/** How far the gradient penalty steps from an image, per pixel, in the model's range. */
#define CLGAN_PENALTY_REACH 0.01f

/** Elements of the step-constants input: what changes from step to step. */
enum clgan_const { CLGAN_CONST_LR_D, CLGAN_CONST_LR_G, CLGAN_CONST_BC1, CLGAN_CONST_BC2, CLGAN_CONST_EMA /* 1 - decay */,
  CLGAN_CONST_RAMP, CLGAN_CONST_KEEP /* 0 at the first micro-batch, else 1 */, CLGAN_CONST_ONE, CLGAN_CONST_COUNT };

enum { CLGAN_LOSS_MAX = 8, CLGAN_SHIFTS = 4, CLGAN_PARTS_MAX = 6 };

/** States of the loss scales of half precision, CLGAN_SCALE_STATE elements each (CLGAN_OP_LOSS_SCALE): of D's losses, of G's and E's. */
extern const char *const clgan_scale_names[2];

/** A part of a step: the nodes first .. end - 1, run once, or once for each micro-batch. */
struct clgan_step_part {
  size_t first, end;
  bool each;
  bool lazy; /**< run at every settings.penalty_every-th step only; what it leaves is state */
};

struct clgan_step {
  struct clgan_ir *g;
  const struct clgan_model *model;
  int batch;                       /**< of the graph: a micro-batch's where the step is split */
  int pieces;                      /**< micro-batches of a step; 1: not split */
  struct clgan_step_part part[CLGAN_PARTS_MAX];
  int n_parts;
  bool live;                       /**< draws made on the device, images U8; else every draw and float images are inputs */
  int x, label, consts, counters;  /**< inputs: x U8 or F32 [N,H,W,C]; label I32 [N] or F32 [N,2] (years, 0/1); or CLGAN_NONE */
  int z, e_noise, noise, shift[CLGAN_SHIFTS]; /**< noise: the penalty's; recorded draws: inputs; live: values (readable where kept) */
  int losses, n_losses;            /**< [n_losses] in the reference script's order; of the whole batch */
  const char *loss_names[CLGAN_LOSS_MAX];
  struct clgan_net_state net[3], ema[2];
  int scale[2];                    /**< precision 16: states clgan_scale_names; else CLGAN_NONE */
  int grads[3];                    /**< state roots "G.grads", ... */
  int piece_grads;                 /**< split: state root "piece.grads", a micro-batch's gradients */
};
/** Emits the whole step. State names: "<net>.params", ".m", ".v", ".grads", "<net>_ema.params", "<net>.<param>" for the rest. */
enum clgan_status clgan_step_create(const struct clgan_model *m, int batch, bool live, struct clgan_step **out, struct clgan_error *e);
/** The same in @p pieces micro-batches of @p micro examples each: gradients are summed in their order, losses are means over all, weights
 * change once. The discriminator has to be updated from all of them before generator and encoder see it, so a conditional step goes
 * over the micro-batches twice, and makes its first passes (encode, generate) twice. Equal to the unsplit step within rounding but
 * for batch norm, whose statistics are each micro-batch's own; the running ones move once per micro-batch. Live draws are the rows of
 * those of the whole batch: the fifth of the counters is the micro-batch's first row. */
enum clgan_status clgan_step_create_split(const struct clgan_model *m, int micro, int pieces, bool live, struct clgan_step **out,
                                          struct clgan_error *e);
void clgan_step_destroy(struct clgan_step *s);

/** Host values of the step constants at training step @p step (0-based) with the t-th Adam update (1-based) and learning rate
 * factor @p lr_scale. Sources: Kingma & Ba 2014 (bias correction); the reference script (ramp, averaging). */
void clgan_step_constants(const struct clgan_model *m, uint64_t step, uint64_t adam_t, double lr_scale, float out[CLGAN_CONST_COUNT]);

/** The averaged nets in use. */
enum clgan_use { CLGAN_USE_GENERATE /**< z, c -> x */, CLGAN_USE_ENCODE /**< x -> z, factors, features */,
  CLGAN_USE_ESTIMATE /**< x, label, z: running statistics of G_ema and E_ema anew */ };
struct clgan_use_graph {
  struct clgan_ir *g;
  int batch;
  int x;                           /**< ENCODE, ESTIMATE: input U8; GENERATE: output F32 */
  int z, condition;                /**< GENERATE: inputs [N,Z], [N,C] or CLGAN_NONE; ENCODE: z output; ESTIMATE: z from counters */
  int label, counters, momentum;   /**< ESTIMATE inputs; counters with the first row of z */
  int factors, features;           /**< ENCODE outputs ([N,K] logits, or [N,1|2] age value, gender logit), CLGAN_NONE where absent */
  struct clgan_net_state net[2];
};
enum clgan_status clgan_use_create(const struct clgan_model *m, enum clgan_use use, int batch, struct clgan_use_graph **out, struct clgan_error *e);
void clgan_use_destroy(struct clgan_use_graph *u);
#endif
