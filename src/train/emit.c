/* emit.c - pieces of graph shared by the training and the sampling graphs. */
#include "train/emit.h"

#include "base/philox.h"
#include "ops/op.h"

int clgan_emit_draw(struct clgan_ir *g, int counters, int kind, uint32_t index, int below, struct clgan_shape s) {
  struct clgan_attr attr = {.i = {kind, (int)CLGAN_STREAM_DRAW + (int)index, below, s.n, s.h, s.w, s.c}};
  return clgan_ir_emit(g, CLGAN_OP_RANDOM, &attr, 1, &counters, NULL);
}

int clgan_emit_unpack(struct clgan_ir *g, const struct clgan_model *m, int x) {
  struct clgan_attr attr = {.f = {m->pixels_01 ? 1.0f / 255.0f : 1.0f / 127.5f, m->pixels_01 ? 0.0f : -1.0f}};
  return clgan_ir_emit(g, CLGAN_OP_UNPACK, &attr, 1, &x, NULL);
}

int clgan_emit_label_input(struct clgan_ir *g, const struct clgan_model *m, int n) {
  if (m->condition == CLGAN_CONDITION_CLASS) return clgan_ir_input(g, "label", CLGAN_I32, clgan_shape_of(n, 1, 1, 1));
  if (m->condition == CLGAN_CONDITION_FACE) return clgan_ir_input(g, "label", CLGAN_F32, clgan_shape_of(n, 1, 1, 2));
  return CLGAN_NONE;
}

int clgan_emit_face_values(struct clgan_ir *g, const struct clgan_model *m, int label) {
  bool signed_age = m->settings.age_range == 11;
  struct clgan_attr attr = {.f = {signed_age ? 1.0f / 40.0f : 1.0f / 80.0f, signed_age ? -1.0f : 0.0f, 2.0f, -1.0f}, .i = {2}};
  return clgan_ir_emit(g, CLGAN_OP_AFFINE, &attr, 1, &label, NULL);
}

int clgan_emit_condition(struct clgan_ir *g, const struct clgan_model *m, int label) {
  if (m->condition == CLGAN_CONDITION_NONE) return CLGAN_NONE;
  if (m->condition == CLGAN_CONDITION_CLASS) {
    struct clgan_attr attr = {.i = {m->classes}};
    return clgan_ir_emit(g, CLGAN_OP_ONEHOT, &attr, 1, &label, NULL);
  }
  int v = clgan_emit_face_values(g, m, label);
  if (!m->settings.gender) {
    struct clgan_attr slice = {.i = {1, 0, 1}};
    v = clgan_ir_emit(g, CLGAN_OP_SLICE, &slice, 1, &v, NULL);
  }
  struct clgan_attr attr = {.i = {m->settings.tile}};
  return clgan_ir_emit(g, CLGAN_OP_TILE, &attr, 1, &v, NULL);
}

int clgan_emit_factor_losses(struct clgan_ir *g, const struct clgan_model *m, int factors, int label, int part[2]) {
  if (m->condition == CLGAN_CONDITION_CLASS) {
    part[0] = clgan_ir_emit(g, CLGAN_OP_LOSS_CE, NULL, 2, (int[]){factors, label}, NULL);
    return 1;
  }
  struct clgan_attr age = {.i = {0, 0}}, gender = {.i = {1, 1}};
  part[0] = clgan_ir_emit(g, CLGAN_OP_LOSS_MSE, &age, 2, (int[]){factors, clgan_emit_face_values(g, m, label)}, NULL);
  if (!m->settings.gender) return 1;
  part[1] = clgan_ir_emit(g, CLGAN_OP_LOSS_BCE, &gender, 2, (int[]){factors, label}, NULL);
  return 2;
}

int clgan_emit_concat_n(struct clgan_ir *g, int a, int b) {
  struct clgan_attr attr = {.i = {0}};
  return clgan_ir_emit(g, CLGAN_OP_CONCAT, &attr, 2, (int[]){a, b}, NULL);
}
