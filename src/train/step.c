/* step.c - the training steps as graphs. The order of emission is the order of the method. */
#include "train/step.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/philox.h"
#include "model/checkpoint.h"
#include "train/emit.h"

const char *const clgan_scale_names[2] = {"scale.D", "scale.GE"};

enum { LOSS_SCALE_TURNS = 1000 /* good steps after which the loss scale is doubled */ };

/* Pixels by which images are moved at most, by the k-th of the draws for it; 0: they are not. */
static int shift_reach(const struct clgan_model *m, int k) {
  if (m->step == CLGAN_STEP_JUDGE) return k == 0 && m->condition == CLGAN_CONDITION_CLASS ? 2 : 0; /* faces: jitter */
  return m->settings.shift ? 8 : 0;
}

void clgan_step_constants(const struct clgan_model *m, uint64_t step, uint64_t adam_t, double lr_scale, float out[CLGAN_CONST_COUNT]) {
  const struct clgan_settings *s = &m->settings;
  double decay = (1.0 + (double)step) / (10.0 + (double)step);
  memset(out, 0, sizeof(float) * CLGAN_CONST_COUNT);
  out[CLGAN_CONST_LR_D] = (float)(s->lr_d * lr_scale);
  out[CLGAN_CONST_LR_G] = (float)(s->lr_g * lr_scale);
  out[CLGAN_CONST_BC1] = (float)(1 - pow(s->beta1, (double)adam_t));
  out[CLGAN_CONST_BC2] = (float)(1 - pow(s->beta2, (double)adam_t));
  out[CLGAN_CONST_EMA] = (float)(1 - (decay < s->ema ? decay : s->ema));
  out[CLGAN_CONST_ONE] = 1;
  out[CLGAN_CONST_RAMP] = s->ramp > 0 ? (float)fmin(1.0, (double)step / s->ramp) : 1.0f;
}

/* Is there a gradient penalty at some steps? */
static bool penalised(const struct clgan_step *s) { return s->model->step == CLGAN_STEP_BCGAN && s->model->settings.penalty > 0; }

/* -- inputs -- */

static void make_inputs(struct clgan_step *s) {
  const struct clgan_model *m = s->model;
  struct clgan_ir *g = s->g;
  int n = s->batch;
  s->x = clgan_ir_input(g, "x", s->live ? CLGAN_U8 : CLGAN_F32, clgan_shape_of(n, m->height, m->width, m->channels));
  s->consts = clgan_ir_input(g, "consts", CLGAN_F32, clgan_shape_of(1, 1, 1, CLGAN_CONST_COUNT));
  s->counters = s->live ? clgan_ir_input(g, "counters", CLGAN_I32, clgan_shape_of(1, 1, 1, s->pieces > 1 ? 5 : 4)) : CLGAN_NONE;
  s->label = clgan_emit_label_input(g, m, n);
}

/* Recorded draws are inputs, made once; live ones are nodes, of which each part needs its own. */
static void make_draws(struct clgan_step *s) {
  const struct clgan_model *m = s->model;
  struct clgan_ir *g = s->g;
  int n = s->batch;
  if (!s->live && s->n_parts > 0) return;
  struct clgan_shape zs = clgan_shape_of(n, 1, 1, m->latent), shift = clgan_shape_of(n, 1, 1, 2);
  int kind = m->latent_kind == CLGAN_LATENT_UNIFORM ? CLGAN_DRAW_SYMMETRIC : CLGAN_DRAW_NORMAL;
  s->z = s->live ? clgan_emit_draw(g, s->counters, kind, 0, 0, zs) : clgan_ir_input(g, "z", CLGAN_F32, zs);
  s->e_noise = CLGAN_NONE;
  if (m->nets[CLGAN_NET_E].n_inputs > 1)
    s->e_noise = s->live ? clgan_emit_draw(g, s->counters, CLGAN_DRAW_NORMAL, 1, 0, zs) : clgan_ir_input(g, "e_noise", CLGAN_F32, zs);
  struct clgan_shape image = clgan_shape_of(n, m->height, m->width, m->channels);
  s->noise = CLGAN_NONE;
  if (penalised(s))
    s->noise = s->live ? clgan_emit_draw(g, s->counters, CLGAN_DRAW_NORMAL, 2 + CLGAN_SHIFTS, 0, image)
                       : clgan_ir_input(g, "penalty_noise", CLGAN_F32, image);
  for (int k = 0; k < CLGAN_SHIFTS; k++) {
    char name[16];
    snprintf(name, sizeof name, "shift%d", k);
    s->shift[k] = CLGAN_NONE;
    int reach = shift_reach(m, k);
    if (!reach) continue;
    s->shift[k] = s->live ? clgan_emit_draw(g, s->counters, CLGAN_DRAW_INTEGER, 2 + (uint32_t)k, 2 * reach + 1, shift)
                          : clgan_ir_input(g, name, CLGAN_I32, shift);
  }
}

/* -- parts -- */

static void begin_part(struct clgan_step *s, bool each) {
  if (s->n_parts == CLGAN_PARTS_MAX) {
    clgan_ir_fail(s->g, "a step of more than %d parts", CLGAN_PARTS_MAX);
    return;
  }
  struct clgan_step_part part = {s->g->n_nodes, 0, each, false};
  s->g->part = s->n_parts;
  if (each) make_draws(s);
  s->part[s->n_parts++] = part;
}

static bool split(const struct clgan_step *s) { return s->pieces > 1; }

/* What a micro-batch adds to a sum over all of them, which is state, times the constant `keep`. @return the sum */
static int sum_up(struct clgan_step *s, int sum, int value, int keep) {
  struct clgan_attr attr = {.f = {1.0f / (float)s->pieces}, .i = {keep}};
  return clgan_ir_emit(s->g, CLGAN_OP_ACCUMULATE, &attr, 3, (int[]){sum, value, s->consts}, NULL);
}

/* May a part read what node `made` left in memory? Of a part that runs several times, or not at every step, only itself. */
static bool may_read(const struct clgan_step *s, int part, int made) {
  int p = s->n_parts - 1;
  while (p > 0 && made < (int)s->part[p].first) p--;
  return p == part || (!split(s) && p < part && !s->part[p].lazy);
}

/* The parts are where the nodes say. */
static void find_parts(struct clgan_step *s) {
  for (int p = 0; p < s->n_parts; p++) {
    size_t k = 0;
    while (k < s->g->n_nodes && s->g->nodes[k].part < p) k++;
    s->part[p].first = k;
    if (p) s->part[p - 1].end = k;
  }
  if (s->n_parts) s->part[s->n_parts - 1].end = s->g->n_nodes;
}

/* Between parts of a split step nothing lives but state: what one micro-batch left is not what the next one needs. */
static void check_parts(struct clgan_step *s) {
  find_parts(s);
  for (int p = 0; p < s->n_parts; p++) {
    const struct clgan_step_part *part = &s->part[p];
    for (size_t k = part->first; k < part->end; k++) {
      const struct clgan_node *n = &s->g->nodes[k];
      for (int i = 0; i < n->n_in; i++) {
        if (n->in[i] == CLGAN_NONE) continue;
        const struct clgan_value *root = &s->g->values[s->g->values[n->in[i]].root];
        if (root->kind == CLGAN_VALUE_TEMP && !may_read(s, p, root->producer))
          clgan_ir_fail(s->g, "part %d of the step reads what another part made", p);
      }
    }
  }
}

static int image_value(struct clgan_step *s) {
  return s->live ? clgan_emit_unpack(s->g, s->model, s->x) : s->x;
}

/* -- updates -- */

/* Adds the micro-batch's gradients of a net to the net's. */
static void sum_gradients(struct clgan_step *s, int net, size_t offset, int keep) {
  struct clgan_shape size = clgan_ir_shape(s->g, s->grads[net]);
  s->grads[net] = sum_up(s, s->grads[net], clgan_ir_view(s->g, s->piece_grads, NULL, offset, size), keep);
}

static size_t aligned(size_t n) { return (n + CLGAN_ALIGN - 1) / CLGAN_ALIGN * CLGAN_ALIGN; }

static bool halved(const struct clgan_step *s) { return s->model->settings.precision == 16; }

/* Which loss scale a net's gradients have: D's losses are not G's and E's. */
static int scale_of(int net) { return net == CLGAN_NET_D ? 0 : 1; }

/* The starts times the loss scale. */
static void scale_starts(struct clgan_step *s, struct clgan_start *starts, size_t n, int net) {
  if (!halved(s)) return;
  const int coefs = clgan_ir_emit(s->g, CLGAN_OP_SCALED, NULL, 2, (int[]){s->scale[scale_of(net)], s->consts}, NULL);
  for (size_t k = 0; k < n; k++) {
    if (starts[k].loss.dynamic == CLGAN_NONE) starts[k].loss.dynamic_index = CLGAN_CONST_ONE;
    starts[k].loss.dynamic = coefs;
  }
}

/* Gradients of the starts with respect to the nets' trainable parameters, each stored at its place in its net's gradient group; or,
 * where keep is a constant, in a room for all, one net behind the other, and then added to the groups times that constant. */
static void gradients_into(struct clgan_step *s, struct clgan_start *starts, size_t n_starts, const int *nets, size_t n_nets, int keep) {
  size_t total = 0, at = 0;
  for (size_t k = 0; k < n_nets; k++) total += s->net[nets[k]].net->n_params;
  int *wrt = clgan_mem_array(total, sizeof *wrt), *grads = clgan_mem_array(total, sizeof *grads);
  for (size_t k = 0; k < n_nets; k++)
    for (size_t p = 0; p < s->net[nets[k]].net->n_params; p++)
      if (s->net[nets[k]].net->params[p].trainable) wrt[at++] = s->net[nets[k]].value[p];
  scale_starts(s, starts, n_starts, nets[0]);
  clgan_autodiff(s->g, starts, n_starts, wrt, at, grads);
  at = 0;
  for (size_t k = 0, room = 0; k < n_nets; room += aligned(s->net[nets[k++]].net->group_count))
    for (size_t p = 0; p < s->net[nets[k]].net->n_params; p++) {
      const struct clgan_param *q = &s->net[nets[k]].net->params[p];
      if (!q->trainable) continue;
      if (grads[at] == CLGAN_NONE && !s->g->error.status)
        clgan_ir_fail(s->g, "no gradient reaches %s.%s", s->net[nets[k]].net->name, q->name);
      clgan_ir_pin(s->g, grads[at++], keep >= 0 ? s->piece_grads : s->grads[nets[k]], (keep >= 0 ? room : 0) + q->offset);
    }
  for (size_t k = 0, room = 0; keep >= 0 && k < n_nets; room += aligned(s->net[nets[k++]].net->group_count))
    sum_gradients(s, nets[k], room, keep);
  clgan_mem_free(wrt);
  clgan_mem_free(grads);
}

static void gradients(struct clgan_step *s, struct clgan_start *starts, size_t n_starts, const int *nets, size_t n_nets) {
  gradients_into(s, starts, n_starts, nets, n_nets, split(s) ? CLGAN_CONST_KEEP : CLGAN_NONE);
}

static void update(struct clgan_step *s, int net, int lr) {
  const struct clgan_settings *o = &s->model->settings;
  struct clgan_net_state *n = &s->net[net];
  struct clgan_shape size = clgan_ir_shape(s->g, n->group);
  char m[64], v[64];
  snprintf(m, sizeof m, "%s.m", n->net->name);
  snprintf(v, sizeof v, "%s.v", n->net->name);
  struct clgan_attr attr = {.f = {(float)o->beta1, (float)o->beta2, (float)o->adam_eps, (float)o->weight_decay},
                            .i = {lr, CLGAN_CONST_BC1, CLGAN_CONST_BC2}};
  int in[6] = {n->group, clgan_ir_state(s->g, m, CLGAN_F32, size), clgan_ir_state(s->g, v, CLGAN_F32, size), s->grads[net], s->consts,
               s->scale[scale_of(net)]};
  int out[CLGAN_NODE_OUT];
  clgan_ir_emit(s->g, CLGAN_OP_ADAM, &attr, halved(s) ? 6 : 5, in, out);
  clgan_net_refresh(s->g, n, out[0]);
}

/* Are the nets' gradients, which have one loss scale, within the range? Sums of all elements tell. */
static void judge_gradients(struct clgan_step *s, const int *nets, size_t n) {
  struct clgan_attr attr = {.i = {LOSS_SCALE_TURNS}};
  const int at = scale_of(nets[0]);
  int in[4] = {s->scale[at]};
  for (size_t k = 0; k < n; k++) {
    const size_t count = clgan_shape_count(clgan_ir_shape(s->g, s->grads[nets[k]]));
    const int rows = clgan_ir_view(s->g, s->grads[nets[k]], NULL, 0, clgan_shape_of((int)(count / CLGAN_ALIGN), 1, 1, CLGAN_ALIGN));
    in[1 + k] = clgan_ir_emit(s->g, CLGAN_OP_COLSUM, NULL, 1, &rows, NULL);
  }
  s->scale[at] = clgan_ir_emit(s->g, CLGAN_OP_LOSS_SCALE, &attr, 1 + (int)n, in, NULL);
}

static void update_all(struct clgan_step *s, const int *nets, size_t n, int lr) {
  if (halved(s)) judge_gradients(s, nets, n);
  for (size_t k = 0; k < n; k++) update(s, nets[k], lr);
}

static void average(struct clgan_step *s, int net) {
  struct clgan_attr attr = {.i = {CLGAN_CONST_EMA}};
  int in[3] = {s->ema[net].group, s->net[net].group, s->consts};
  clgan_ir_emit(s->g, CLGAN_OP_LERP, &attr, 3, in, NULL);
}

static int apply(struct clgan_step *s, int net, enum clgan_bn_mode mode, bool frozen, const int *in, int *out) {
  struct clgan_apply how = {.mode = mode, .frozen = frozen, .momentum = CLGAN_NONE};
  int own[4] = {CLGAN_NONE, CLGAN_NONE, CLGAN_NONE, CLGAN_NONE};
  clgan_net_apply(s->g, &s->net[net], &how, in, out ? out : own);
  return out ? out[0] : own[0];
}

static int shifted(struct clgan_step *s, int x, int k) {
  if (s->shift[k] == CLGAN_NONE) return x;
  struct clgan_attr attr = {.i = {shift_reach(s->model, k)}};
  return clgan_ir_emit(s->g, CLGAN_OP_SHIFT, &attr, 2, (int[]){x, s->shift[k]}, NULL);
}

static int gan_loss(struct clgan_step *s, int score, float weight, int sign_real) {
  struct clgan_attr attr = {.f = {weight}, .i = {sign_real, -sign_real}};
  return clgan_ir_emit(s->g, CLGAN_OP_LOSS_GAN, &attr, 1, &score, NULL);
}

/* Losses of one part, of a micro-batch's as state "NAME" summed up. */
static int part_losses(struct clgan_step *s, const char *name, const int *losses, int n) {
  int v = clgan_ir_emit(s->g, CLGAN_OP_STACK, NULL, n, losses, NULL);
  if (!split(s)) return v;
  return sum_up(s, clgan_ir_state(s->g, name, CLGAN_F32, clgan_shape_of(1, 1, 1, n)), v, CLGAN_CONST_KEEP);
}

static void report(struct clgan_step *s, int losses, const char *const *names, int n) {
  s->losses = losses;
  s->n_losses = n;
  for (int k = 0; k < n; k++) s->loss_names[k] = names[k];
}

/* -- bcgan: the conditional models -- */

struct pass { /* of the forward passes that both updates share */
  int x, c, z_hat, factors, x_hat, zz, cc;
};

static int both(struct clgan_step *s, int real, int fake) {
  return real == CLGAN_NONE ? CLGAN_NONE : clgan_emit_concat_n(s->g, real, fake);
}

/* D on real and generated pairs in one batch: it has no batch norm, so the halves do not meet. */
static int discriminate(struct clgan_step *s, const struct pass *p, int shift_real, int shift_fake) {
  int xx = both(s, shifted(s, p->x, shift_real), shifted(s, p->x_hat, shift_fake));
  return apply(s, CLGAN_NET_D, CLGAN_BN_TRAIN, false, (int[]){xx, p->zz, p->cc}, NULL);
}

static struct clgan_start weighed(int loss, double f) {
  struct clgan_start s = {loss, CLGAN_NONE, {(float)f, CLGAN_NONE, 0}};
  return s;
}

static struct clgan_start ramped(const struct clgan_step *s, int loss, double f) {
  struct clgan_start r = {loss, CLGAN_NONE, {(float)f, s->consts, CLGAN_CONST_RAMP}};
  return r;
}

/* The extrinsic factor loss: its parts as starts, their sum for the log. */
static int factor_loss(struct clgan_step *s, int factors, double weight, struct clgan_start *starts, size_t *n) {
  int part[2];
  int parts = clgan_emit_factor_losses(s->g, s->model, factors, s->label, part);
  for (int k = 0; k < parts; k++) starts[(*n)++] = ramped(s, part[k], weight);
  return parts == 2 ? clgan_ir_emit(s->g, CLGAN_OP_ADD, NULL, 2, part, NULL) : part[0];
}

/* Encode real images (1), generate from noise (2). */
static struct pass forward(struct clgan_step *s, enum clgan_bn_mode mode) {
  struct pass p = {.x = image_value(s), .c = clgan_emit_condition(s->g, s->model, s->label)};
  int e_out[4] = {CLGAN_NONE, CLGAN_NONE, CLGAN_NONE, CLGAN_NONE};
  apply(s, CLGAN_NET_E, mode, false, (int[]){p.x, s->e_noise}, e_out);
  p.z_hat = e_out[0], p.factors = e_out[1];
  p.x_hat = apply(s, CLGAN_NET_G, mode, false, (int[]){s->z, p.c}, NULL);
  p.zz = both(s, p.z_hat, s->z);
  p.cc = both(s, p.c, p.c);
  return p;
}

static int affine(struct clgan_step *s, int x, float factor) {
  struct clgan_attr attr = {.f = {factor, 0}};
  return clgan_ir_emit(s->g, CLGAN_OP_AFFINE, &attr, 1, &x, NULL);
}

/* How steep D is around real images: mean over them of ((D(x + h n, z, c) - D(x, z, c)) / h)^2 with normal noise n, whose
 * expectation is |dD/dx|^2 (Hutchinson 1990) but for terms of h: the R1 penalty (Mescheder, Geiger, Nowozin 2018) by first
 * derivatives only, as in Lin et al. 2025 (arXiv 2501.08316, approximated R1). In a part of its own, which runs at every so
 * many steps; the weight is times their number (lazy regularisation, Karras et al. 2020). Adds to D's gradients.
 * @return the state that holds the newest value */
static int penalise(struct clgan_step *s, const struct pass *given) {
  const struct clgan_settings *o = &s->model->settings;
  const float h = CLGAN_PENALTY_REACH;
  struct pass p = *given;
  begin_part(s, split(s));
  s->part[s->n_parts - 1].lazy = true;
  if (split(s)) p = forward(s, CLGAN_BN_STILL);
  int x = shifted(s, p.x, 0), near = clgan_ir_emit(s->g, CLGAN_OP_ADD, NULL, 2, (int[]){x, affine(s, s->noise, h)}, NULL);
  int in[3] = {both(s, near, x), both(s, p.z_hat, p.z_hat), p.cc};
  int score = apply(s, CLGAN_NET_D, CLGAN_BN_TRAIN, false, in, NULL);
  struct clgan_attr first = {.i = {0, 0, s->batch}}, second = {.i = {0, s->batch, s->batch}};
  int there = clgan_ir_emit(s->g, CLGAN_OP_SLICE, &first, 1, &score, NULL),
      here = clgan_ir_emit(s->g, CLGAN_OP_SLICE, &second, 1, &score, NULL);
  int slope = clgan_ir_emit(s->g, CLGAN_OP_ADD, NULL, 2, (int[]){affine(s, there, 1 / h), affine(s, here, -1 / h)}, NULL);
  struct clgan_attr columns = {.i = {0, 0}};
  int zero = affine(s, clgan_ir_detach(s->g, slope), 0);
  int loss = clgan_ir_emit(s->g, CLGAN_OP_LOSS_MSE, &columns, 2, (int[]){slope, zero}, NULL);
  struct clgan_start start = weighed(loss, o->penalty * o->penalty_every);
  gradients_into(s, &start, 1, (int[]){CLGAN_NET_D}, 1, CLGAN_CONST_ONE);
  return sum_up(s, clgan_ir_state(s->g, "losses.penalty", CLGAN_F32, clgan_shape_of(1, 1, 1, 1)), loss, CLGAN_CONST_KEEP);
}

static int rows(struct clgan_step *s, int x, int from, int n) {
  struct clgan_attr attr = {.i = {0, from, n}};
  return clgan_ir_emit(s->g, CLGAN_OP_SLICE, &attr, 1, &x, NULL);
}

/* D's loss on real images, and on the same ones with the conditions of their neighbours in the batch, which count as generated:
 * it is to see whether image and condition belong together (Reed et al. 2016, arXiv 1605.05396, matching-aware discriminator).
 * @param score of D on the real pairs, and on others behind them */
static int mismatch_loss(struct clgan_step *s, const struct pass *p, int score) {
  int n = s->batch, c = both(s, rows(s, p->c, 1, n - 1), rows(s, p->c, 0, 1));
  int wrong = apply(s, CLGAN_NET_D, CLGAN_BN_TRAIN, false, (int[]){shifted(s, p->x, 0), p->z_hat, c}, NULL);
  return gan_loss(s, both(s, rows(s, score, 0, n), wrong), 1, -1);
}

static void emit_bcgan(struct clgan_step *s) {
  const char *names[CLGAN_LOSS_MAX] = {"d", "adversarial", "cycle_x", "cycle_z", "factor_real", "factor_fake"};
  const struct clgan_settings *o = &s->model->settings;
  int back[4] = {CLGAN_NONE, CLGAN_NONE, CLGAN_NONE, CLGAN_NONE};
  begin_part(s, true);
  struct pass p = forward(s, CLGAN_BN_TRAIN);

  int score = discriminate(s, &p, 0, 1), loss_d = gan_loss(s, score, 1, -1); /* 3 */
  int mismatch = o->mismatch > 0 ? mismatch_loss(s, &p, score) : CLGAN_NONE, penalty = CLGAN_NONE;
  struct clgan_start d_starts[2] = {weighed(loss_d, 1), weighed(mismatch, o->mismatch)};
  gradients(s, d_starts, mismatch == CLGAN_NONE ? 1 : 2, (int[]){CLGAN_NET_D}, 1);
  int first = split(s) ? part_losses(s, "losses.d", &loss_d, 1) : CLGAN_NONE;
  if (mismatch != CLGAN_NONE) mismatch = part_losses(s, "losses.mismatch", &mismatch, 1);
  if (penalised(s)) penalty = penalise(s, &p);
  if (split(s) || penalised(s)) begin_part(s, false);
  update_all(s, (int[]){CLGAN_NET_D}, 1, CLGAN_CONST_LR_D);
  clgan_net_power_iteration(s->g, &s->net[CLGAN_NET_D]);
  if (split(s)) { /* every micro-batch was needed for the update; what it left on the way is gone */
    begin_part(s, true);
    p = forward(s, CLGAN_BN_STILL);
  }

  int adversarial = gan_loss(s, discriminate(s, &p, 2, 3), 1, 1); /* 4 */
  int x_back = apply(s, CLGAN_NET_G, CLGAN_BN_STILL, false, (int[]){p.z_hat, p.c}, NULL);
  int cycle_x = clgan_ir_emit(s->g, CLGAN_OP_LOSS_L1, NULL, 2, (int[]){p.x, x_back}, NULL);
  apply(s, CLGAN_NET_E, CLGAN_BN_STILL, !o->fakes_teach_encoder, (int[]){p.x_hat, CLGAN_NONE}, back);
  int cycle_z = clgan_ir_emit(s->g, CLGAN_OP_LOSS_L1, NULL, 2, (int[]){s->z, back[0]}, NULL);
  struct clgan_start starts[8] = {weighed(adversarial, 1), weighed(cycle_x, o->lambda_x), weighed(cycle_z, o->lambda_z)};
  size_t n = 3;
  int real = factor_loss(s, p.factors, o->gamma, starts, &n), fake = factor_loss(s, back[1], o->lambda_a, starts, &n);
  gradients(s, starts, n, (int[]){CLGAN_NET_G, CLGAN_NET_E}, 2);
  int others[6] = {loss_d, adversarial, cycle_x, cycle_z, real, fake};
  int losses = split(s) ? part_losses(s, "losses.ge", others + 1, 5) : part_losses(s, NULL, others, 6);
  if (split(s)) begin_part(s, false);
  update_all(s, (int[]){CLGAN_NET_G, CLGAN_NET_E}, 2, CLGAN_CONST_LR_G);
  average(s, CLGAN_NET_G);
  average(s, CLGAN_NET_E);
  struct clgan_attr side_by_side = {.i = {1}};
  if (split(s)) losses = clgan_ir_emit(s->g, CLGAN_OP_CONCAT, &side_by_side, 2, (int[]){first, losses}, NULL);
  const int more[2] = {mismatch, penalty};
  static const char *const more_names[2] = {"mismatch", "penalty"};
  int count = 6;
  for (int k = 0; k < 2; k++) {
    if (more[k] == CLGAN_NONE) continue;
    losses = clgan_ir_emit(s->g, CLGAN_OP_CONCAT, &side_by_side, 2, (int[]){losses, more[k]}, NULL);
    names[count++] = more_names[k];
  }
  report(s, losses, names, count);
}

/* -- bigan: D, E and G updated from one forward pass -- */

static void emit_bigan(struct clgan_step *s) {
  static const char *const names[] = {"d", "ge"};
  begin_part(s, true);
  int x = image_value(s);
  int z_hat = apply(s, CLGAN_NET_E, CLGAN_BN_TRAIN, false, (int[]){x}, NULL);
  int real = apply(s, CLGAN_NET_D, CLGAN_BN_TRAIN, false, (int[]){x, z_hat}, NULL);
  int x_hat = apply(s, CLGAN_NET_G, CLGAN_BN_TRAIN, false, (int[]){s->z}, NULL);
  int fake = apply(s, CLGAN_NET_D, CLGAN_BN_TRAIN, false, (int[]){x_hat, s->z}, NULL);
  int score = clgan_emit_concat_n(s->g, real, fake);
  int loss_d = gan_loss(s, score, 0.5f, -1), loss_ge = gan_loss(s, score, 0.5f, 1);
  struct clgan_start d = weighed(loss_d, 1), ge = weighed(loss_ge, 1);
  gradients(s, &d, 1, (int[]){CLGAN_NET_D}, 1);
  gradients(s, &ge, 1, (int[]){CLGAN_NET_G, CLGAN_NET_E}, 2);
  int losses = part_losses(s, "losses", (int[]){loss_d, loss_ge}, 2);
  if (split(s)) begin_part(s, false);
  update_all(s, (int[]){CLGAN_NET_D}, 1, CLGAN_CONST_LR_D);
  update_all(s, (int[]){CLGAN_NET_G, CLGAN_NET_E}, 2, CLGAN_CONST_LR_G);
  report(s, losses, names, 2);
}

/* -- judge: E alone, which tells the condition of real images -- */

/* Age by its absolute error, in half ranges of years: what the judge is measured by. */
static int age_error(struct clgan_step *s, int factors) {
  struct clgan_attr first = {.i = {1, 0, 1}};
  int asked = clgan_ir_emit(s->g, CLGAN_OP_SLICE, &first, 1, (int[]){clgan_emit_face_values(s->g, s->model, s->label)}, NULL);
  int told = clgan_ir_emit(s->g, CLGAN_OP_SLICE, &first, 1, &factors, NULL);
  return clgan_ir_emit(s->g, CLGAN_OP_LOSS_L1, NULL, 2, (int[]){asked, told}, NULL);
}

/* Weights of one part of the net's update, their average, and the loss for the log. */
static void end_single(struct clgan_step *s, int loss, const int *nets, size_t n) {
  static const char *const names[] = {"loss"};
  int losses = part_losses(s, "losses", &loss, 1);
  if (split(s)) begin_part(s, false);
  update_all(s, nets, n, CLGAN_CONST_LR_G);
  for (size_t k = 0; k < n && s->ema[nets[k]].net; k++) average(s, nets[k]);
  report(s, losses, names, 1);
}

static void emit_judge(struct clgan_step *s) {
  int out[4], part[2], nets[] = {CLGAN_NET_E};
  struct clgan_start starts[2];
  begin_part(s, true);
  apply(s, CLGAN_NET_E, CLGAN_BN_TRAIN, false, (int[]){shifted(s, image_value(s), 0)}, out);
  int parts = clgan_emit_factor_losses(s->g, s->model, out[1], s->label, part);
  bool face = s->model->condition == CLGAN_CONDITION_FACE;
  if (face) part[0] = age_error(s, out[1]);
  for (int k = 0; k < parts; k++) starts[k] = weighed(part[k], face && k == 0 ? s->model->settings.gamma : 1);
  int loss = parts == 2 ? clgan_ir_emit(s->g, CLGAN_OP_ADD, NULL, 2, part, NULL) : part[0];
  gradients(s, starts, (size_t)parts, nets, 1);
  end_single(s, loss, nets, 1);
}

/* -- autoencoder: x = G(E(x)) -- */

static void emit_autoencoder(struct clgan_step *s) {
  int out[4], nets[] = {CLGAN_NET_G, CLGAN_NET_E};
  begin_part(s, true);
  int x = image_value(s);
  apply(s, CLGAN_NET_E, CLGAN_BN_TRAIN, false, &x, out);
  int back = apply(s, CLGAN_NET_G, CLGAN_BN_TRAIN, false, out, NULL);
  int loss = clgan_ir_emit(s->g, CLGAN_OP_LOSS_L1, NULL, 2, (int[]){x, back}, NULL);
  struct clgan_start start = weighed(loss, 1);
  gradients(s, &start, 1, nets, 2);
  end_single(s, loss, nets, 2);
}

/* Room for the gradients of the nets that are differentiated together; of D alone for a penalty. */
static void make_piece_room(struct clgan_step *s) {
  size_t g = aligned(s->net[CLGAN_NET_G].net ? s->net[CLGAN_NET_G].net->group_count : 0);
  size_t e = s->net[CLGAN_NET_E].net ? s->net[CLGAN_NET_E].net->group_count : 0, d = s->net[CLGAN_NET_D].net ? s->net[CLGAN_NET_D].net->group_count : 0;
  size_t n = g + e > d ? g + e : d;
  if (!split(s)) n = d;
  s->piece_grads = split(s) || penalised(s) ? clgan_ir_state(s->g, "piece.grads", CLGAN_F32, clgan_shape_of(1, 1, 1, (int)n)) : CLGAN_NONE;
}

static void make_scales(struct clgan_step *s) {
  for (int k = 0; k < 2; k++)
    s->scale[k] = halved(s) ? clgan_ir_state(s->g, clgan_scale_names[k], CLGAN_F32, clgan_shape_of(1, 1, 1, CLGAN_SCALE_STATE)) : CLGAN_NONE;
}

enum clgan_status clgan_step_create(const struct clgan_model *m, int batch, bool live, struct clgan_step **out, struct clgan_error *e) {
  return clgan_step_create_split(m, batch, 1, live, out, e);
}

enum clgan_status clgan_step_create_split(const struct clgan_model *m, int micro, int pieces, bool live, struct clgan_step **out,
                                          struct clgan_error *e) {
  *out = NULL;
  if (m->settings.mismatch > 0 && micro < 2)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--set mismatch=%g takes the conditions of other images: give a batch, or micro-batch, of at least 2",
                           m->settings.mismatch);
  if (m->settings.penalty > 0 && m->settings.precision == 16)
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "--precision fp16 with --set penalty=%g: the penalty goes by differences that half precision does not hold",
                           m->settings.penalty);
  struct clgan_step *s = clgan_mem_alloc(sizeof *s);
  s->g = clgan_ir_create();
  s->model = m;
  s->batch = micro;
  s->pieces = pieces;
  s->live = live;
  bool averaged = clgan_model_has_averages(m);
  for (int k = 0; k < 3; k++) {
    char name[64];
    if (!m->nets[k].name) continue;
    clgan_net_state_create(s->g, &m->nets[k], m->nets[k].name, &s->net[k]);
    snprintf(name, sizeof name, "%s.grads", m->nets[k].name);
    s->grads[k] = clgan_ir_state(s->g, name, CLGAN_F32, clgan_ir_shape(s->g, s->net[k].group));
    snprintf(name, sizeof name, "%s_ema", m->nets[k].name);
    if (k < 2 && averaged) clgan_net_state_create(s->g, &m->nets[k], name, &s->ema[k]);
  }
  make_piece_room(s);
  make_scales(s);
  make_inputs(s);
  switch (m->step) {
    case CLGAN_STEP_BCGAN: emit_bcgan(s); break;
    case CLGAN_STEP_BIGAN: emit_bigan(s); break;
    case CLGAN_STEP_JUDGE: emit_judge(s); break;
    case CLGAN_STEP_AUTOENCODER: emit_autoencoder(s); break;
  }
  if (!s->g->error.status) check_parts(s);
  clgan_graph_fuse(s->g, &s->losses, 1);
  if (halved(s)) {
    clgan_graph_half(s->g, &s->losses, 1);
    find_parts(s); /* nodes are others now */
  }
  if (s->g->error.status) {
    enum clgan_status st = clgan_error_set(e, s->g->error.status, "%s", s->g->error.text);
    clgan_step_destroy(s);
    return st;
  }
  *out = s;
  return CLGAN_OK;
}

void clgan_step_destroy(struct clgan_step *s) {
  if (!s) return;
  for (int k = 0; k < 3; k++) clgan_net_state_free(&s->net[k]);
  for (int k = 0; k < 2; k++) clgan_net_state_free(&s->ema[k]);
  clgan_ir_destroy(s->g);
  clgan_mem_free(s);
}
