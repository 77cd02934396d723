/* init.c - initial weights, from random numbers keyed by the tensor's name: they depend neither on order nor on layout.
 */
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/philox.h"
#include "model/model_internal.h"

static uint64_t name_key(const struct clgan_net *net, const struct clgan_param *p) {
  struct clgan_sha256 s;
  unsigned char digest[32];
  uint64_t key = 0;
  clgan_sha256_init(&s);
  clgan_sha256_string(&s, net->name);
  clgan_sha256_string(&s, p->name);
  clgan_sha256_final(&s, digest);
  for (int i = 0; i < 8; i++) key |= (uint64_t)digest[i] << (8 * i);
  return key;
}

/* initscale=: the columns [out, in] that multiply one of the layer's inputs. */
static void scale_input(const struct clgan_layer *l, const struct clgan_param *p, float *file) {
  size_t start = 0, in = p->file_shape[1];
  for (int i = 0; i < l->init_input; i++) start += clgan_shape_count(l->in_shape[i]);
  size_t end = start + clgan_shape_count(l->in_shape[l->init_input]);
  for (size_t o = 0; o < p->file_shape[0]; o++)
    for (size_t k = start; k < end; k++) file[o * in + k] = (float)((double)file[o * in + k] * l->init_scale);
}

/* F.normalize: the norm is floored at 1e-12. */
static void store_normalised(const double *x, size_t n, float *out) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += x[i] * x[i];
  double norm = sqrt(sum);
  if (norm < 1e-12) norm = 1e-12;
  for (size_t i = 0; i < n; i++) out[i] = (float)(x[i] / norm);
}

static void normalise(float *x, size_t n) {
  double *copy = clgan_mem_array(n, sizeof *copy);
  for (size_t i = 0; i < n; i++) copy[i] = (double)x[i];
  store_normalised(copy, n, x);
  clgan_mem_free(copy);
}

void clgan_param_init(const struct clgan_model *m, const struct clgan_net *net, size_t param, uint64_t seed,
                      float *out) {
  const struct clgan_param *p = &net->params[param];
  const struct clgan_layer *l = &net->layers[p->layer];
  struct clgan_random r;
  float *file = clgan_mem_array(p->count, sizeof *file);
  double std = m->settings.init_std, bound = p->fan_in > 0 ? 1 / sqrt((double)p->fan_in) : 0;
  clgan_random_init(&r, seed, name_key(net, p), CLGAN_STREAM_INIT);
  for (size_t i = 0; i < p->count; i++) {
    switch (p->role) {
      case CLGAN_PARAM_WEIGHT:
      case CLGAN_PARAM_BIAS:
        file[i] = (float)(std > 0 ? std * (double)clgan_random_normal(&r)
                                  : bound * (2 * (double)clgan_random_uniform(&r) - 1));
        break;
      case CLGAN_PARAM_BN_WEIGHT:
      case CLGAN_PARAM_RUNNING_VAR: file[i] = 1; break;
      case CLGAN_PARAM_BN_BIAS:
      case CLGAN_PARAM_RUNNING_MEAN: file[i] = 0; break;
      case CLGAN_PARAM_U:
      case CLGAN_PARAM_V: file[i] = clgan_random_normal(&r); break;
    }
  }
  if (p->role >= CLGAN_PARAM_U) normalise(file, p->count);
  if (p->role == CLGAN_PARAM_WEIGHT && l->init_input >= 0) scale_input(l, p, file);
  clgan_param_to_device(p, file, out);
  clgan_mem_free(file);
}

void clgan_spectral_iterate(const float *w, size_t K, size_t O, float *u, float *v, int times) {
  double *left = clgan_mem_array(K, sizeof *left), *right = clgan_mem_array(O, sizeof *right);
  for (int t = 0; t < times; t++) {
    for (size_t k = 0; k < K; k++) {
      double sum = 0;
      for (size_t o = 0; o < O; o++) sum += (double)w[k * O + o] * (double)u[o];
      left[k] = sum;
    }
    store_normalised(left, K, v);
    memset(right, 0, O * sizeof *right);
    for (size_t k = 0; k < K; k++)
      for (size_t o = 0; o < O; o++) right[o] += (double)w[k * O + o] * (double)v[k];
    store_normalised(right, O, u);
  }
  clgan_mem_free(left);
  clgan_mem_free(right);
}

void clgan_net_init(const struct clgan_model *m, const struct clgan_net *net, uint64_t seed, float *group,
                    float *const *other) {
  memset(group, 0, net->group_count * sizeof *group);
  for (size_t i = 0; i < net->n_params; i++) {
    const struct clgan_param *p = &net->params[i];
    clgan_param_init(m, net, i, seed, p->trainable ? group + p->offset : other[i]);
  }
  for (size_t k = 0; k < net->n_layers; k++) {
    const int *param = net->layers[k].param;
    if (param[CLGAN_PARAM_U] < 0) continue;
    const struct clgan_param *w = &net->params[param[CLGAN_PARAM_WEIGHT]];
    size_t columns = (size_t)w->shape.c;
    clgan_spectral_iterate(group + w->offset, w->count / columns, columns, other[param[CLGAN_PARAM_U]],
                           other[param[CLGAN_PARAM_V]], 15);
  }
}
