/** @file emit.h  Small pieces of graph that the training and the sampling graphs share. */
#ifndef CLGAN_TRAIN_EMIT_H
#define CLGAN_TRAIN_EMIT_H
#include <stdint.h>
#include "model/model.h"

enum clgan_draw { CLGAN_DRAW_SYMMETRIC, CLGAN_DRAW_NORMAL, CLGAN_DRAW_INTEGER };
/** Random numbers of (seed, step) in `counters`; stream number @p index of the drawing streams. @param below INTEGER: 0..below-1. */
int clgan_emit_draw(struct clgan_ir *g, int counters, int kind, uint32_t index, int below, struct clgan_shape s);
/** U8 pixels to the model's range. */
int clgan_emit_unpack(struct clgan_ir *g, const struct clgan_model *m, int x);
/** Label input of the model's condition: I32 [N,1]; F32 [N,2] (years, gender 0/1); CLGAN_NONE. */
int clgan_emit_label_input(struct clgan_ir *g, const struct clgan_model *m, int n);
/** c of labels: one-hot; age value tiled | gender -1/+1 tiled. */
int clgan_emit_condition(struct clgan_ir *g, const struct clgan_model *m, int label);
/** (age value, -1/+1) of face labels (years, 0/1). */
int clgan_emit_face_values(struct clgan_ir *g, const struct clgan_model *m, int label);
/** The extrinsic factor losses of E's factors: digits cross-entropy; faces squared error of the age value, gender BCE. @return parts. */
int clgan_emit_factor_losses(struct clgan_ir *g, const struct clgan_model *m, int factors, int label, int part[2]);
int clgan_emit_concat_n(struct clgan_ir *g, int a, int b);
#endif
