/* use.c - the graphs that use the averaged nets: generate, encode, estimate running statistics. */
#include <stdio.h>

#include "base/mem.h"
#include "train/emit.h"
#include "train/step.h"

static void apply(struct clgan_use_graph *u, int net, struct clgan_apply how, const int *in, int out[4]) {
  for (int k = 0; k < 4; k++) out[k] = CLGAN_NONE;
  clgan_net_apply(u->g, &u->net[net], &how, in, out);
}

static void emit_generate(struct clgan_use_graph *u, const struct clgan_model *m) {
  struct clgan_apply how = {.mode = CLGAN_BN_INFER, .momentum = CLGAN_NONE};
  int out[4];
  u->z = clgan_ir_input(u->g, "z", CLGAN_F32, clgan_shape_of(u->batch, 1, 1, m->latent));
  u->condition = CLGAN_NONE;
  if (m->condition_size) u->condition = clgan_ir_input(u->g, "condition", CLGAN_F32, clgan_shape_of(u->batch, 1, 1, m->condition_size));
  apply(u, CLGAN_NET_G, how, (int[]){u->z, u->condition}, out);
  u->x = out[0];
}

static void emit_encode(struct clgan_use_graph *u, const struct clgan_model *m) {
  struct clgan_apply how = {.mode = CLGAN_BN_INFER, .momentum = CLGAN_NONE};
  int out[4];
  u->x = clgan_ir_input(u->g, "x", CLGAN_U8, clgan_shape_of(u->batch, m->height, m->width, m->channels));
  apply(u, CLGAN_NET_E, how, (int[]){clgan_emit_unpack(u->g, m, u->x), CLGAN_NONE}, out);
  u->z = out[0];
  bool conditioned = m->condition != CLGAN_CONDITION_NONE;
  u->factors = conditioned ? out[1] : CLGAN_NONE;
  u->features = conditioned ? out[2] : out[1];
}

static void emit_estimate(struct clgan_use_graph *u, const struct clgan_model *m) {
  int out[4];
  u->x = clgan_ir_input(u->g, "x", CLGAN_U8, clgan_shape_of(u->batch, m->height, m->width, m->channels));
  u->label = clgan_emit_label_input(u->g, m, u->batch);
  u->counters = clgan_ir_input(u->g, "counters", CLGAN_I32, clgan_shape_of(1, 1, 1, 5));
  u->momentum = clgan_ir_input(u->g, "momentum", CLGAN_F32, clgan_shape_of(1, 1, 1, 1));
  struct clgan_apply how = {.mode = CLGAN_BN_ESTIMATE, .momentum = u->momentum};
  int kind = m->latent_kind == CLGAN_LATENT_UNIFORM ? CLGAN_DRAW_SYMMETRIC : CLGAN_DRAW_NORMAL;
  u->z = clgan_emit_draw(u->g, u->counters, kind, 100, 0, clgan_shape_of(u->batch, 1, 1, m->latent));
  apply(u, CLGAN_NET_E, how, (int[]){clgan_emit_unpack(u->g, m, u->x), CLGAN_NONE}, out);
  if (m->nets[CLGAN_NET_G].name) apply(u, CLGAN_NET_G, how, (int[]){u->z, clgan_emit_condition(u->g, m, u->label)}, out);
}

enum clgan_status clgan_use_create(const struct clgan_model *m, enum clgan_use use, int batch, struct clgan_use_graph **out, struct clgan_error *e) {
  struct clgan_use_graph *u = clgan_mem_alloc(sizeof *u);
  *out = NULL;
  u->g = clgan_ir_create();
  u->batch = batch;
  u->x = u->z = u->condition = u->label = u->counters = u->momentum = u->factors = u->features = CLGAN_NONE;
  for (int k = 0; k < 2; k++) {
    char name[64];
    if ((k == CLGAN_NET_G && use == CLGAN_USE_ENCODE) || (k == CLGAN_NET_E && use == CLGAN_USE_GENERATE)) continue;
    if (!m->nets[k].name) continue;
    snprintf(name, sizeof name, "%s_ema", m->nets[k].name);
    clgan_net_state_create(u->g, &m->nets[k], name, &u->net[k]);
  }
  if (use == CLGAN_USE_GENERATE) emit_generate(u, m);
  if (use == CLGAN_USE_ENCODE) emit_encode(u, m);
  if (use == CLGAN_USE_ESTIMATE) emit_estimate(u, m);
  if (u->g->error.status) {
    enum clgan_status st = clgan_error_set(e, u->g->error.status, "%s", u->g->error.text);
    clgan_use_destroy(u);
    return st;
  }
  *out = u;
  return CLGAN_OK;
}

void clgan_use_destroy(struct clgan_use_graph *u) {
  if (!u) return;
  for (int k = 0; k < 2; k++) clgan_net_state_free(&u->net[k]);
  clgan_ir_destroy(u->g);
  clgan_mem_free(u);
}
