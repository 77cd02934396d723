/* apply.c - a net's tensors as state of a graph, and the emission of its forward pass. */
#include <string.h>

#include "base/mem.h"
#include "model/model_internal.h"
#include "ops/op.h"

static enum clgan_status done(const struct clgan_ir *g) {
  return g->error.status;
}

enum clgan_status clgan_net_state_create(struct clgan_ir *g, const struct clgan_net *net, const char *prefix,
                                         struct clgan_net_state *out) {
  out->net = net;
  out->value = clgan_mem_array(net->n_params ? net->n_params : 1, sizeof *out->value);
  char *name = clgan_mem_printf("%s.params", prefix);
  out->group = clgan_ir_state(g, name, CLGAN_F32, clgan_shape_of(1, 1, 1, (int)net->group_count));
  clgan_mem_free(name);
  for (size_t i = 0; i < net->n_params; i++) {
    const struct clgan_param *p = &net->params[i];
    name = clgan_mem_printf("%s.%s", prefix, p->name);
    out->value[i] = p->trainable ? clgan_ir_view(g, out->group, name, p->offset, p->shape)
                                 : clgan_ir_state(g, name, CLGAN_F32, p->shape);
    clgan_mem_free(name);
  }
  return done(g);
}

void clgan_net_state_free(struct clgan_net_state *s) {
  clgan_mem_free(s->value);
  s->value = NULL;
}

void clgan_net_refresh(struct clgan_ir *g, struct clgan_net_state *s, int new_group) {
  s->group = new_group;
  for (size_t i = 0; i < s->net->n_params; i++) {
    const struct clgan_param *p = &s->net->params[i];
    if (!p->trainable) continue;
    char *name = s->value[i] >= 0 && clgan_ir_value(g, s->value[i])->name
                     ? clgan_mem_strdup(clgan_ir_value(g, s->value[i])->name)
                     : NULL;
    s->value[i] = clgan_ir_view(g, new_group, name, p->offset, p->shape);
    clgan_mem_free(name);
  }
}

/* What one forward pass carries along. */
struct pass {
  struct clgan_ir *g;
  struct clgan_net_state *s;
  const struct clgan_apply *how;
  int *value; /* of the net: inputs, then layers */
};

static int param(const struct pass *a, const struct clgan_layer *l, enum clgan_param_role role) {
  int i = l->param[role];
  if (i < 0) return CLGAN_NONE;
  int v = a->s->value[i];
  return a->how->frozen && a->s->net->params[i].trainable ? clgan_ir_detach(a->g, v) : v;
}

static int flatten(struct clgan_ir *g, int v) {
  struct clgan_shape s = clgan_ir_shape(g, v);
  return s.h == 1 && s.w == 1 ? v : clgan_ir_reshape(g, v, clgan_shape_of(s.n, 1, 1, s.h * s.w * s.c));
}

static int affine(struct clgan_ir *g, int v, double mul, double add) {
  struct clgan_attr attr = {.f = {(float)mul, (float)add}};
  return clgan_ir_emit(g, CLGAN_OP_AFFINE, &attr, 1, &v, NULL);
}

/* The layer's inputs as one value: linear layers flatten, several are put side by side. */
static int joined(struct pass *a, const struct clgan_layer *l) {
  int in[CLGAN_LAYER_INPUTS];
  for (int i = 0; i < l->n_in; i++)
    in[i] = l->kind == CLGAN_LAYER_LINEAR ? flatten(a->g, a->value[l->in[i]]) : a->value[l->in[i]];
  if (l->n_in == 1) return in[0];
  struct clgan_attr attr = {.i = {1}};
  return clgan_ir_emit(a->g, CLGAN_OP_CONCAT, &attr, l->n_in, in, NULL);
}

static int reparam(struct pass *a, const struct clgan_layer *l, int h) {
  int noise = a->value[l->noise];
  if (noise == CLGAN_NONE) {
    struct clgan_attr first = {.i = {1, 0, l->shape.c}};
    return clgan_ir_emit(a->g, CLGAN_OP_SLICE, &first, 1, &h, NULL);
  }
  struct clgan_attr clamp = {.f = {-6, 2}};
  const int in[2] = {h, noise};
  return clgan_ir_emit(a->g, CLGAN_OP_REPARAM, &clamp, 2, in, NULL);
}

/* linear, conv, deconv: one CONV node with bias, 1/sigma and activation inside. */
static int product(struct pass *a, const struct clgan_layer *l) {
  struct clgan_ir *g = a->g;
  int x = joined(a, l);
  if (l->in_scale != 1) x = affine(g, x, l->in_scale, 0);
  struct clgan_shape s = clgan_ir_shape(g, x);
  struct clgan_attr attr = {.act = l->act, .slope = (float)l->slope};
  if (l->kind == CLGAN_LAYER_LINEAR)
    attr.geom = (struct clgan_geom){s.n, 1, 1, s.c, 1, 1, l->features, 1, 1, 1, 0};
  else if (l->kind == CLGAN_LAYER_CONV)
    attr.geom =
        (struct clgan_geom){s.n, s.h, s.w, s.c, l->shape.h, l->shape.w, l->features, l->k, l->k, l->stride, l->pad};
  else
    attr.geom =
        (struct clgan_geom){s.n, l->shape.h, l->shape.w, l->features, s.h, s.w, s.c, l->k, l->k, l->stride, l->pad};
  attr.i[0] = l->kind == CLGAN_LAYER_DECONV;
  int w = param(a, l, CLGAN_PARAM_WEIGHT), scale = CLGAN_NONE;
  if (l->param[CLGAN_PARAM_U] >= 0) {
    const int in[3] = {w, param(a, l, CLGAN_PARAM_U), param(a, l, CLGAN_PARAM_V)};
    scale = clgan_ir_emit(g, CLGAN_OP_SPECTRAL, NULL, 3, in, NULL);
  }
  const int in[4] = {x, w, param(a, l, CLGAN_PARAM_BIAS), scale};
  int y = clgan_ir_emit(g, CLGAN_OP_CONV, &attr, scale != CLGAN_NONE ? 4 : in[2] != CLGAN_NONE ? 3 : 2, in, NULL);
  return l->noise >= 0 ? reparam(a, l, y) : y;
}

static int batchnorm(struct pass *a, const struct clgan_layer *l) {
  struct clgan_ir *g = a->g;
  int x = a->value[l->in[0]], stats[2];
  int *rmean = &a->s->value[l->param[CLGAN_PARAM_RUNNING_MEAN]],
      *rvar = &a->s->value[l->param[CLGAN_PARAM_RUNNING_VAR]];
  bool infer = a->how->mode == CLGAN_BN_INFER, estimate = a->how->mode == CLGAN_BN_ESTIMATE;
  if (infer) {
    stats[0] = *rmean, stats[1] = *rvar;
  } else {
    clgan_ir_emit(g, CLGAN_OP_BN_STATS, NULL, 1, &x, stats);
  }
  struct clgan_attr attr = {.act = l->act, .slope = (float)l->slope, .f = {(float)l->eps}};
  const int in[5] = {x, stats[0], stats[1], param(a, l, CLGAN_PARAM_BN_WEIGHT), param(a, l, CLGAN_PARAM_BN_BIAS)};
  int y = clgan_ir_emit(g, CLGAN_OP_BN, &attr, l->noaffine ? 3 : 5, in, NULL);
  if (a->how->mode == CLGAN_BN_TRAIN || estimate) {
    struct clgan_shape s = clgan_ir_shape(g, x);
    struct clgan_attr run = {.f = {0.1f}, .i = {s.n * s.h * s.w, 0}};
    const int from[5] = {*rmean, *rvar, stats[0], stats[1], a->how->momentum};
    int to[2];
    clgan_ir_emit(g, CLGAN_OP_BN_RUN, &run, estimate ? 5 : 4, from, to);
    *rmean = to[0], *rvar = to[1];
  }
  return y;
}

static int sum(struct pass *a, const struct clgan_layer *l) {
  int y = a->value[l->in[0]];
  for (int i = 1; i < l->n_in; i++) {
    const int in[2] = {y, a->value[l->in[i]]};
    y = clgan_ir_emit(a->g, CLGAN_OP_ADD, NULL, 2, in, NULL);
  }
  if (l->act == CLGAN_ACT_NONE) return y;
  struct clgan_attr attr = {.act = l->act, .slope = (float)l->slope};
  return clgan_ir_emit(a->g, CLGAN_OP_ACT, &attr, 1, &y, NULL);
}

static int score(struct pass *a, const struct clgan_layer *l) {
  int s = flatten(a->g, a->value[l->in[0]]);
  if (l->n_in == 1) return s;
  const int pair[2] = {a->value[l->in[1]], a->value[l->in[2]]};
  const int in[2] = {s, clgan_ir_emit(a->g, CLGAN_OP_ROWDOT, NULL, 2, pair, NULL)};
  return clgan_ir_emit(a->g, CLGAN_OP_ADD, NULL, 2, in, NULL);
}

static int layer(struct pass *a, const struct clgan_layer *l) {
  int y = CLGAN_NONE;
  switch (l->kind) {
    case CLGAN_LAYER_LINEAR:
    case CLGAN_LAYER_CONV:
    case CLGAN_LAYER_DECONV: y = product(a, l); break;
    case CLGAN_LAYER_BATCHNORM: y = batchnorm(a, l); break;
    case CLGAN_LAYER_ADD: y = sum(a, l); break;
    case CLGAN_LAYER_SCORE: return score(a, l);
    case CLGAN_LAYER_SHAPE: {
      int x = a->value[l->in[0]];
      return clgan_ir_reshape(a->g, x, clgan_shape_of(clgan_ir_shape(a->g, x).n, l->shape.h, l->shape.w, l->shape.c));
    }
  }
  return l->has_affine ? affine(a->g, y, l->mul, l->add) : y;
}

enum clgan_status clgan_net_apply(struct clgan_ir *g, struct clgan_net_state *s, const struct clgan_apply *how,
                                  const int *in, int *out) {
  const struct clgan_net *net = s->net;
  size_t n_inputs = (size_t)net->n_inputs;
  int *value = clgan_mem_array(n_inputs + net->n_layers, sizeof *value);
  struct pass a = {g, s, how, value};
  for (int i = 0; i < net->n_outputs; i++) out[i] = CLGAN_NONE;
  for (size_t i = 0; i < n_inputs; i++) {
    value[i] = in[i];
    if (in[i] == CLGAN_NONE && !net->optional[i])
      clgan_ir_fail(g, "net %s: input %s is missing", net->name, net->inputs[i]);
  }
  for (size_t k = 0; k < net->n_layers && !g->error.status; k++) value[n_inputs + k] = layer(&a, &net->layers[k]);
  for (int i = 0; i < net->n_outputs && !g->error.status; i++) out[i] = value[net->output_value[i]];
  clgan_mem_free(value);
  return done(g);
}

enum clgan_status clgan_net_power_iteration(struct clgan_ir *g, struct clgan_net_state *s) {
  for (size_t k = 0; k < s->net->n_layers; k++) {
    const int *p = s->net->layers[k].param;
    if (p[CLGAN_PARAM_U] < 0) continue;
    int *u = &s->value[p[CLGAN_PARAM_U]], *v = &s->value[p[CLGAN_PARAM_V]];
    const int in[3] = {s->value[p[CLGAN_PARAM_WEIGHT]], *u, *v};
    int to[3];
    clgan_ir_emit(g, CLGAN_OP_SPECTRAL_POWER, NULL, 3, in, to);
    *u = to[0], *v = to[1];
  }
  return done(g);
}
