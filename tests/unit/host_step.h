/* host_step.h: a training step of a class-conditioned model in double precision on the host. */
#ifndef CLGAN_TESTS_HOST_STEP_H
#define CLGAN_TESTS_HOST_STEP_H
#include "train/step.h"
#include "model/model.h"

struct host {
  struct clgan_step *s;
  struct clgan_interpreter *p;
  const struct clgan_model *m;
};

static int state_of(const struct clgan_step *s, const char *name) {
  for (size_t v = 0; v < s->g->n_values; v++)
    if (s->g->values[v].kind == CLGAN_VALUE_STATE && s->g->values[v].root == (int)v &&
        !strcmp(s->g->values[v].name, name))
      return (int)v;
  fail_msg("no state %s", name);
  return -1;
}

static void open_host(struct host *h, const struct clgan_model *m, int batch) {
  h->m = m;
  OK(clgan_step_create(m, batch, false, &h->s, &error));
  OK(clgan_interpreter_create(h->s->g, &h->p, &error));
}

static void close_host(struct host *h) {
  clgan_interpreter_destroy(h->p);
  clgan_step_destroy(h->s);
}

/* Fresh weights and the same inputs; element k of D's parameters moved by `by`. Then a step. */
static void step_of_host(struct host *h, size_t k, double by) {
  const struct clgan_net *nets = h->m->nets;
  for (int i = 0; i < 3; i++) {
    float *group = clgan_mem_array(nets[i].group_count, sizeof *group),
          **other = clgan_mem_array(nets[i].n_params, sizeof *other);
    char name[64];
    for (size_t q = 0; q < nets[i].n_params; q++)
      if (!nets[i].params[q].trainable) other[q] = clgan_mem_array(nets[i].params[q].count, sizeof **other);
    clgan_net_init(h->m, &nets[i], 5, group, other);
    snprintf(name, sizeof name, "%s.params", nets[i].name);
    double *to = clgan_interpreter_data(h->p, state_of(h->s, name));
    for (size_t e = 0; e < nets[i].group_count; e++) to[e] = (double)group[e];
    if (i == CLGAN_NET_D) to[k] += by;
    for (size_t q = 0; q < nets[i].n_params; q++) {
      snprintf(name, sizeof name, "%s.%s", nets[i].name, nets[i].params[q].name);
      to = other[q] ? clgan_interpreter_data(h->p, state_of(h->s, name)) : NULL;
      for (size_t e = 0; other[q] && e < nets[i].params[q].count; e++) to[e] = (double)other[q][e];
      clgan_mem_free(other[q]);
    }
    clgan_mem_free(other);
    clgan_mem_free(group);
  }
  const int inputs[] = {h->s->x, h->s->z, h->s->noise};
  struct clgan_random r;
  clgan_random_init(&r, 9, 0, CLGAN_STREAM_DRAW);
  for (int i = 0; i < 3; i++) {
    if (inputs[i] == CLGAN_NONE) continue;
    double *to = clgan_interpreter_data(h->p, inputs[i]);
    for (size_t e = 0; e < clgan_shape_count(clgan_ir_shape(h->s->g, inputs[i])); e++)
      to[e] = i < 2 ? 2 * (double)clgan_random_uniform(&r) - 1 : (double)clgan_random_normal(&r);
  }
  float consts[CLGAN_CONST_COUNT];
  clgan_step_constants(h->m, 0, 1, 1, consts);
  for (int e = 0; e < h->s->batch; e++) clgan_interpreter_data(h->p, h->s->label)[e] = e % 10;
  for (int e = 0; e < CLGAN_CONST_COUNT; e++) clgan_interpreter_data(h->p, h->s->consts)[e] = (double)consts[e];
  clgan_interpreter_execute(h->p);
}
#endif
