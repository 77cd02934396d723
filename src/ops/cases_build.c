/* cases_build.c - builders of the shared case table. */
#include <math.h>
#include <stdio.h>

#include "ops/cases.h"

static int input(struct clgan_ir *g, const char *name, int n, int h, int w, int c) {
  return clgan_ir_input(g, name, CLGAN_F32, clgan_shape_of(n, h, w, c));
}
static int state(struct clgan_ir *g, const char *name, int count) {
  return clgan_ir_state(g, name, CLGAN_F32, clgan_shape_of(1, 1, 1, count));
}
/* An I32 input of numbers below @p below. */
static int integers(struct clgan_ir *g, const char *what, int below, int n, int c) {
  char name[64];
  snprintf(name, sizeof name, "%s:%d", what, below);
  return clgan_ir_input(g, name, CLGAN_I32, clgan_shape_of(n, 1, 1, c));
}
static int normals(struct clgan_ir *g, const char *what, int deviation, int n, int c) {
  char name[64];
  snprintf(name, sizeof name, "%s@0*%d", what, deviation);
  return input(g, name, n, 1, 1, c);
}
static int image(struct clgan_ir *g, const char *name, const int *p) {
  return input(g, name, p[0], p[1], p[2], p[3]);
}

#define EMIT(g, op, attr, ...) \
  clgan_ir_emit((g), (op), (attr), (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), (int[]){__VA_ARGS__}, NULL)

/* -- convolutions -- */

static struct clgan_geom geom_of(const int *p) {
  struct clgan_geom q = {
      .n = p[1], .hi = p[2], .wi = p[3], .ci = p[4], .co = p[5], .kh = p[6], .kw = p[7], .stride = p[8], .pad = p[9]};
  q.ho = (q.hi + 2 * q.pad - q.kh) / q.stride + 1;
  q.wo = (q.wi + 2 * q.pad - q.kw) / q.stride + 1;
  return q;
}
static int large(struct clgan_ir *g, const char *name, const struct clgan_geom *q) {
  return input(g, name, q->n, q->hi, q->wi, q->ci);
}
static int small(struct clgan_ir *g, const char *name, const struct clgan_geom *q) {
  return input(g, name, q->n, q->ho, q->wo, q->co);
}

/* A backward product: its result times the slope of the activation whose output the gate is. */
static int gated_conv(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.geom = geom_of(c->p), .slope = 0.2f, .i = {c->p[0]}};
  const struct clgan_geom *q = &attr.geom;
  int channels = c->p[0] ? q->ci : q->co, bias = CLGAN_NONE, scale = CLGAN_NONE;
  attr.i[CLGAN_CONV_GATE_ACT] = c->p[10];
  int x = c->p[0] ? small(g, "x~", q) : large(g, "x~", q);
  int w = input(g, "w~", 1, q->kh * q->kw, c->p[0] ? q->co : q->ci, channels);
  int gate = c->p[0] ? large(g, "gate~", q) : small(g, "gate~", q);
  if (c->p[11] & CLGAN_CASE_BIAS) bias = input(g, "bias~", 1, 1, 1, channels);
  if (c->p[11] & CLGAN_CASE_SCALE) scale = input(g, "scale+~", 1, 1, 1, 1);
  return EMIT(g, CLGAN_OP_CONV, &attr, x, w, bias, scale, gate);
}

int clgan_case_conv(struct clgan_ir *g, const struct clgan_case *c) {
  if (c->p[11] & CLGAN_CASE_GATE) return gated_conv(g, c);
  struct clgan_attr attr = {.geom = geom_of(c->p), .act = (enum clgan_act)c->p[10], .slope = 0.2f, .i = {c->p[0]}};
  const struct clgan_geom *q = &attr.geom;
  int extras = c->p[11], channels = c->p[0] ? q->ci : q->co, contracted = c->p[0] ? q->co : q->ci;
  int x = c->p[0] ? small(g, "x", q) : large(g, "x", q), bias = CLGAN_NONE, scale = CLGAN_NONE;
  char name[64] = "w+";
  if (!(extras &
        CLGAN_CASE_SPECTRAL)) /* as at the start of training: sums of the order of 1, which tanh does not flatten */
    snprintf(name, sizeof name, "w@0*%.6f%s", 1 / sqrt((double)(q->kh * q->kw * contracted)),
             extras & CLGAN_CASE_SCALE ? "~" : "");
  int w = input(g, name, 1, q->kh * q->kw, contracted, channels);
  if (extras & CLGAN_CASE_BIAS) bias = input(g, "bias", 1, 1, 1, channels);
  if (extras & CLGAN_CASE_SCALE) scale = input(g, "scale+~", 1, 1, 1, 1);
  if (extras & CLGAN_CASE_SPECTRAL)
    scale = EMIT(g, CLGAN_OP_SPECTRAL, NULL, w, input(g, "u+~", 1, 1, 1, channels),
                 input(g, "v+~", 1, 1, 1, q->kh * q->kw * contracted));
  return EMIT(g, CLGAN_OP_CONV, &attr, x, w, bias, scale);
}

int clgan_case_wgrad(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.geom = geom_of(c->p), .i = {c->p[0]}};
  const struct clgan_geom *q = &attr.geom;
  int x = large(g, "x~", q), dy = small(g, "dy~", q), acc = CLGAN_NONE;
  if (c->p[11]) acc = input(g, "acc~", 1, q->kh * q->kw, c->p[0] ? q->co : q->ci, c->p[0] ? q->ci : q->co);
  return EMIT(g, CLGAN_OP_CONV_WGRAD, &attr, x, dy, acc);
}

int clgan_case_shared(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.geom = geom_of(c->p), .i = {c->p[0]}};
  const struct clgan_geom *q = &attr.geom;
  int a = c->p[0] ? small(g, "a", q) : large(g, "a", q), b = c->p[0] ? small(g, "b", q) : large(g, "b", q);
  int w = input(g, "w", 1, q->kh * q->kw, c->p[0] ? q->co : q->ci, c->p[0] ? q->ci : q->co);
  int ya = EMIT(g, CLGAN_OP_CONV, &attr, a, w), yb = EMIT(g, CLGAN_OP_CONV, &attr, b, w);
  return EMIT(g, CLGAN_OP_ADD, NULL, ya, yb);
}

int clgan_case_transpose(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.i = {c->p[0], c->p[1], c->p[2]}};
  return EMIT(g, CLGAN_OP_TRANSPOSE, &attr, input(g, "w", 1, c->p[0], c->p[1], c->p[2]));
}

/* -- elementwise and batch norm -- */

int clgan_case_colsum(struct clgan_ir *g, const struct clgan_case *c) {
  int x = image(g, "x~", c->p), acc = c->p[4] ? input(g, "acc~", 1, 1, 1, c->p[3]) : CLGAN_NONE;
  return EMIT(g, CLGAN_OP_COLSUM, NULL, x, acc);
}

int clgan_case_add(struct clgan_ir *g, const struct clgan_case *c) {
  int a = image(g, "a", c->p);
  return EMIT(g, CLGAN_OP_ADD, NULL, a, image(g, "b", c->p));
}

int clgan_case_affine(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.f = {0.025f, -1, 2, -1, 3, 0.5f, -0.75f, 0.125f}, .i = {c->p[4] ? c->p[3] : 0}};
  return EMIT(g, CLGAN_OP_AFFINE, &attr, image(g, "x", c->p));
}

int clgan_case_act(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.act = (enum clgan_act)c->p[4], .slope = 0.2f};
  return EMIT(g, CLGAN_OP_ACT, &attr, image(g, "x@0*2", c->p));
}

int clgan_case_act_bwd(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.act = (enum clgan_act)c->p[4], .slope = 0.2f};
  int dy = image(g, "dy~", c->p);
  return EMIT(g, CLGAN_OP_ACT_BWD, &attr, dy, image(g, "y~", c->p));
}

int clgan_case_stats(struct clgan_ir *g, const struct clgan_case *c) {
  return EMIT(g, CLGAN_OP_BN_STATS, NULL, image(g, c->p[4] ? "x@100*0.01~" : "x~", c->p));
}

int clgan_case_bn(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.act = (enum clgan_act)c->p[4], .slope = 0.2f, .f = {1e-5f}};
  int x = image(g, "x@0.5*2", c->p), channels = c->p[3], mean_var[2], gamma = CLGAN_NONE, beta = CLGAN_NONE;
  if (c->p[6]) {
    mean_var[0] = input(g, "mean~", 1, 1, 1, channels);
    mean_var[1] = input(g, "var+~", 1, 1, 1, channels);
  } else {
    clgan_ir_emit(g, CLGAN_OP_BN_STATS, NULL, 1, &x, mean_var);
  }
  if (c->p[5]) {
    gamma = input(g, "gamma+", 1, 1, 1, channels);
    beta = input(g, "beta", 1, 1, 1, channels);
  }
  return EMIT(g, CLGAN_OP_BN, &attr, x, mean_var[0], mean_var[1], gamma, beta);
}

int clgan_case_bn_run(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.f = {0.1f}, .i = {c->p[0]}};
  int channels = c->p[1], rmean = state(g, "rmean", channels), rvar = state(g, "rvar+", channels);
  int mean = input(g, "mean~", 1, 1, 1, channels), var = input(g, "var+~", 1, 1, 1, channels);
  return EMIT(g, CLGAN_OP_BN_RUN, &attr, rmean, rvar, mean, var,
              c->p[2] ? input(g, "momentum+~", 1, 1, 1, 1) : CLGAN_NONE);
}

int clgan_case_stats_run(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.f = {0.1f}, .i = {c->p[0] * c->p[1] * c->p[2]}};
  int x = image(g, "x~", c->p), rmean = state(g, "rmean", c->p[3]), rvar = state(g, "rvar+", c->p[3]);
  return EMIT(g, CLGAN_OP_BN_STATS_RUN, &attr, x, rmean, rvar,
              c->p[4] ? input(g, "momentum+~", 1, 1, 1, 1) : CLGAN_NONE);
}

int clgan_case_sums_acc(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.act = (enum clgan_act)c->p[4], .slope = 0.2f, .f = {1e-5f}};
  int dy = image(g, "dy~", c->p), x = image(g, "x~", c->p), in[6];
  static const char *const names[] = {"mean~", "var+~", "gamma+~", "beta~", "acc_g~", "acc_gx~"};
  for (int k = 0; k < 6; k++) in[k] = input(g, names[k], 1, 1, 1, c->p[3]);
  return EMIT(g, CLGAN_OP_BN_BWD_SUMS_ACC, &attr, dy, x, in[0], in[1], in[2], in[3], in[4], in[5]);
}

/* -- shapes -- */

int clgan_case_concat(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.i = {c->p[0]}};
  int in[CLGAN_NODE_IN], n = 0;
  in[n++] = input(g, "a", c->p[1], c->p[2], c->p[3], c->p[4]);
  for (; n < 7 && c->p[4 + n]; n++) {
    char name[2] = {(char)('a' + n), 0};
    int extent = c->p[4 + n];
    in[n] = input(g, name, c->p[0] == 0 ? extent : c->p[1], c->p[2], c->p[3], c->p[0] == 0 ? c->p[4] : extent);
  }
  return clgan_ir_emit(g, CLGAN_OP_CONCAT, &attr, n, in, NULL);
}

static int cut(struct clgan_ir *g, const struct clgan_case *c, int op) {
  struct clgan_attr attr = {.i = {c->p[0], c->p[5], c->p[6]}};
  return EMIT(g, op, &attr, image(g, "x", c->p + 1));
}
int clgan_case_slice(struct clgan_ir *g, const struct clgan_case *c) {
  return cut(g, c, CLGAN_OP_SLICE);
}
int clgan_case_pad(struct clgan_ir *g, const struct clgan_case *c) {
  return cut(g, c, CLGAN_OP_PAD);
}

int clgan_case_labels(struct clgan_ir *g, const struct clgan_case *c) {
  int n = c->p[0], a = integers(g, "a", 1 << 20, n, c->p[1]), b = integers(g, "b", 1 << 20, n, c->p[2]);
  struct clgan_attr join = {.i = {1}}, slice = {.i = {1, 1, c->p[1] + c->p[2] - 1}}, pad = {.i = {0, 1, n + 2}};
  int y = EMIT(g, CLGAN_OP_CONCAT, &join, a, b);
  y = EMIT(g, CLGAN_OP_SLICE, &slice, y);
  return EMIT(g, CLGAN_OP_PAD, &pad, y);
}

int clgan_case_tile(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.i = {c->p[2]}};
  return EMIT(g, CLGAN_OP_TILE, &attr, input(g, "x", c->p[0], 1, 1, c->p[1]));
}

int clgan_case_onehot(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.i = {c->p[1]}};
  return EMIT(g, CLGAN_OP_ONEHOT, &attr, integers(g, "label", c->p[2], c->p[0], 1));
}

int clgan_case_reparam(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.f = {-6, 2}};
  int h = normals(g, "h", 3, c->p[0], 2 * c->p[1]); /* wide enough to meet both ends of the clamp */
  return EMIT(g, CLGAN_OP_REPARAM, &attr, h, input(g, "noise@0*1~", c->p[0], 1, 1, c->p[1]));
}

int clgan_case_shift(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.i = {c->p[4]}};
  int x = image(g, "x", c->p), offset = integers(g, "offset", c->p[5], c->p[0], 2);
  return EMIT(g, CLGAN_OP_SHIFT, &attr, x, offset, c->p[6] ? integers(g, "flip", 2, c->p[0], 1) : CLGAN_NONE);
}

int clgan_case_rowdot(struct clgan_ir *g, const struct clgan_case *c) {
  int a = input(g, "a", c->p[0], 1, 1, c->p[1]);
  return EMIT(g, CLGAN_OP_ROWDOT, NULL, a, input(g, "b", c->p[0], 1, 1, c->p[1]));
}

int clgan_case_rowscale(struct clgan_ir *g, const struct clgan_case *c) {
  int s = input(g, "s", c->p[0], 1, 1, 1);
  return EMIT(g, CLGAN_OP_ROWSCALE, NULL, s, input(g, "b", c->p[0], 1, 1, c->p[1]));
}

/* -- spectral norm: positive numbers keep v' W u away from 0, where its inverse has no digits -- */

int clgan_case_spectral(struct clgan_ir *g, const struct clgan_case *c) {
  int w = input(g, "w+~", 1, 1, c->p[0], c->p[1]), u = input(g, "u+~", 1, 1, 1, c->p[1]),
      v = input(g, "v+~", 1, 1, 1, c->p[0]);
  return EMIT(g, CLGAN_OP_SPECTRAL, NULL, w, u, v);
}

int clgan_case_power(struct clgan_ir *g, const struct clgan_case *c) {
  int w = input(g, "w~", 1, 1, c->p[0], c->p[1]);
  return EMIT(g, CLGAN_OP_SPECTRAL_POWER, NULL, w, state(g, "u", c->p[1]), state(g, "v", c->p[0]));
}

int clgan_case_spectral_bwd(struct clgan_ir *g, const struct clgan_case *c) {
  int dy = input(g, "g~", 1, 1, c->p[0], c->p[1]), w = input(g, "w~", 1, 1, c->p[0], c->p[1]);
  int u = input(g, "u~", 1, 1, 1, c->p[1]), v = input(g, "v~", 1, 1, 1, c->p[0]);
  return EMIT(g, CLGAN_OP_SPECTRAL_BWD, NULL, dy, w, u, v, input(g, "inv+~", 1, 1, 1, 1));
}

/* -- losses -- */

int clgan_case_gan(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.f = {0.5f}, .i = {c->p[1], c->p[2]}};
  return EMIT(g, CLGAN_OP_LOSS_GAN, &attr, normals(g, "s", c->p[3], 2 * c->p[0], 1));
}

int clgan_case_l1(struct clgan_ir *g, const struct clgan_case *c) {
  int target = image(g, "target~", c->p);
  return EMIT(g, CLGAN_OP_LOSS_L1, NULL, target, image(g, "b", c->p));
}

int clgan_case_column(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.i = {c->p[3], c->p[5]}};
  int p = normals(g, "p", 3, c->p[1], c->p[2]);
  return EMIT(g, c->p[0], &attr, p, input(g, "t+~", c->p[1], 1, 1, c->p[4]));
}

int clgan_case_ce(struct clgan_ir *g, const struct clgan_case *c) {
  int p = normals(g, "p", c->p[2], c->p[0], c->p[1]);
  return EMIT(g, CLGAN_OP_LOSS_CE, NULL, p, integers(g, "label", c->p[1], c->p[0], 1));
}

int clgan_case_stack(struct clgan_ir *g, const struct clgan_case *c) {
  int in[CLGAN_NODE_IN];
  for (int k = 0; k < c->p[0]; k++) {
    char name[3] = {(char)('a' + k), '~', 0};
    in[k] = input(g, name, 1, 1, 1, 1);
  }
  return clgan_ir_emit(g, CLGAN_OP_STACK, NULL, c->p[0], in, NULL);
}

/* -- optimiser, random numbers, pixels -- */

int clgan_case_adam(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.f = {0.5f, 0.999f, 1e-8f, c->p[1] ? 2.5e-5f : 0}, .i = {2, 0, 1}};
  int p = state(g, "p", c->p[0]), m = state(g, "m", c->p[0]), v = state(g, "v+", c->p[0]);
  int grad = input(g, "grad~", 1, 1, 1, c->p[0]), consts = input(g, "consts+~", 1, 1, 1, 3);
  if (c->p[2]) return EMIT(g, CLGAN_OP_ADAM, &attr, p, m, v, grad, consts, input(g, "scale+~", 1, 1, 1, 4));
  return EMIT(g, CLGAN_OP_ADAM, &attr, p, m, v, grad, consts);
}

int clgan_case_adam_lerp(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.f = {0.5f, 0.999f, 1e-8f, c->p[1] ? 2.5e-5f : 0}, .i = {2, 0, 1, 3}};
  int p = state(g, "p", c->p[0]), m = state(g, "m", c->p[0]), v = state(g, "v+", c->p[0]), a = state(g, "a", c->p[0]);
  int grad = input(g, "grad~", 1, 1, 1, c->p[0]);
  return EMIT(g, CLGAN_OP_ADAM_LERP, &attr, p, m, v, a, grad, input(g, "consts+~", 1, 1, 1, 4));
}

int clgan_case_lerp(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.i = {1}};
  int a = state(g, "a", c->p[0]), b = input(g, "b~", 1, 1, 1, c->p[0]);
  return EMIT(g, CLGAN_OP_LERP, &attr, a, b, input(g, "consts+~", 1, 1, 1, 2));
}

int clgan_case_accumulate(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.f = {0.375f}, .i = {1}};
  int a = state(g, "a", c->p[0]), b = input(g, "b~", 1, 1, 1, c->p[0]);
  return EMIT(g, CLGAN_OP_ACCUMULATE, &attr, a, b, input(g, "consts+~", 1, 1, 1, 2));
}

int clgan_case_half(struct clgan_ir *g, const struct clgan_case *c) {
  int half = EMIT(g, CLGAN_OP_HALVE, NULL, input(g, c->p[4] ? "x@0*0.00001~" : "x@0*100~", c->p[0], c->p[1], c->p[2], c->p[3]));
  return EMIT(g, CLGAN_OP_WIDEN, NULL, half);
}

int clgan_case_scaled(struct clgan_ir *g, const struct clgan_case *c) {
  return EMIT(g, CLGAN_OP_SCALED, NULL, input(g, "scale@-3*4~", 1, 1, 1, 4), input(g, "x~", 1, 1, 1, c->p[0]));
}

int clgan_case_loss_scale(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.i = {c->p[0]}};
  return EMIT(g, CLGAN_OP_LOSS_SCALE, &attr, state(g, "scale@3*2", 4), input(g, "a~", 1, 1, 1, 256), input(g, "b~", 1, 1, 1, 3));
}

int clgan_case_random(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.i = {c->p[0], 17, c->p[5], c->p[1], c->p[2], c->p[3], c->p[4]}};
  int counters = integers(g, "counters", 1 << (c->p[6] ? c->p[6] : 30), 1, c->p[6] ? 5 : 4);
  return EMIT(g, CLGAN_OP_RANDOM, &attr, counters);
}

int clgan_case_unpack(struct clgan_ir *g, const struct clgan_case *c) {
  struct clgan_attr attr = {.f = {2 / 255.0f, -1}};
  int x = clgan_ir_input(g, "pixels", CLGAN_U8, clgan_shape_of(c->p[0], c->p[1], c->p[2], c->p[3]));
  return EMIT(g, CLGAN_OP_UNPACK, &attr, x);
}

int clgan_case_topk(struct clgan_ir *g, const struct clgan_case *c) {
  int times = c->p[3] ? c->p[3] : 1;
  struct clgan_attr tile = {.i = {times}}, attr = {.i = {c->p[2]}};
  int x = EMIT(g, CLGAN_OP_TILE, &tile, input(g, "x@0*1~", c->p[0], 1, 1, c->p[1] / times));
  return EMIT(g, CLGAN_OP_TOPK, &attr, x);
}

/* -- the same at another batch -- */

/* Which of p[] is the batch. */
static const struct {
  clgan_case_builder *build;
  int at;
} batches[] = {{clgan_case_conv, 1},    {clgan_case_wgrad, 1},    {clgan_case_shared, 1},  {clgan_case_colsum, 0},
               {clgan_case_add, 0},     {clgan_case_affine, 0},   {clgan_case_act, 0},     {clgan_case_act_bwd, 0},
               {clgan_case_stats, 0},    {clgan_case_stats_run, 0}, {clgan_case_sums_acc, 0},
                 {clgan_case_bn, 0},       {clgan_case_bn_run, 0},  {clgan_case_labels, 0},
               {clgan_case_tile, 0},    {clgan_case_onehot, 0},   {clgan_case_reparam, 0}, {clgan_case_shift, 0},
               {clgan_case_rowdot, 0},  {clgan_case_rowscale, 0}, {clgan_case_gan, 0},     {clgan_case_l1, 0},
               {clgan_case_column, 1},  {clgan_case_ce, 0},       {clgan_case_random, 1},  {clgan_case_unpack, 0}};

struct clgan_case clgan_case_with_batch(const struct clgan_case *c, int n) {
  struct clgan_case out = *c;
  bool by_channel = c->p[0] == 1; /* concat, slice, pad */
  if (c->build == clgan_case_concat || c->build == clgan_case_slice || c->build == clgan_case_pad) {
    if (by_channel) out.p[1] = n;
    return out;
  }
  for (size_t k = 0; k < sizeof batches / sizeof batches[0]; k++)
    if (batches[k].build == c->build) out.p[batches[k].at] = n;
  return out;
}
