/* param.c - the tensors of a net: shapes in files and on the device, the order of their elements. */
#include <string.h>

#include "base/mem.h"
#include "model/model_internal.h"

/* The order of a flattened value's elements: H,W,C on the device, C,H,W in files. order[device] = base + file. */
static void flatten_order(struct clgan_shape s, uint32_t base, uint32_t *order) {
  uint32_t e = 0;
  for (int y = 0; y < s.h; y++)
    for (int x = 0; x < s.w; x++)
      for (int c = 0; c < s.c; c++) order[e++] = base + (uint32_t)((c * s.h + y) * s.w + x);
}

/* Rows (taps and inputs) and columns (outputs) of a layer's weight as the device has them: what each is in the file. */
struct orders {
  size_t rows, columns;
  uint32_t *row;    /* LINEAR: file's input; CONV, DECONV: input * taps + tap */
  uint32_t *column; /* file's output */
};

static bool orders_create(const struct clgan_layer *l, struct orders *o) {
  uint64_t rows = 0, inputs = 0;
  for (int i = 0; i < l->n_in; i++) {
    struct clgan_shape s = l->in_shape[i];
    rows += clgan_shape_count(s);
    inputs += (uint64_t)s.c;
  }
  uint64_t taps = (uint64_t)(l->k * l->k);
  if (l->kind != CLGAN_LAYER_LINEAR) rows = inputs * taps;
  if (rows * (uint64_t)l->features > CLGAN_MAX_WEIGHTS) return false;
  o->rows = (size_t)rows;
  o->columns = (size_t)l->features;
  o->row = clgan_mem_array(o->rows, sizeof *o->row);
  o->column = clgan_mem_array(o->columns, sizeof *o->column);
  if (l->kind == CLGAN_LAYER_LINEAR) {
    uint32_t at = 0;
    for (int i = 0; i < l->n_in; i++) {
      flatten_order(l->in_shape[i], at, o->row + at);
      at += (uint32_t)clgan_shape_count(l->in_shape[i]);
    }
  } else {
    for (uint64_t t = 0; t < taps; t++)
      for (uint64_t c = 0; c < inputs; c++) o->row[t * inputs + c] = (uint32_t)(c * taps + t);
  }
  if (l->kind == CLGAN_LAYER_LINEAR && l->noise < 0)
    flatten_order(l->image, 0, o->column);
  else
    for (size_t c = 0; c < o->columns; c++) o->column[c] = (uint32_t)c;
  return true;
}

static bool identity(const uint32_t *index, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (index[i] != i) return false;
  return true;
}

/* Adds a tensor; @p index is copied unless it is the identity. Returns it. */
static struct clgan_param *add(struct clgan_net *net, size_t layer, enum clgan_param_role role, const char *suffix,
                               const uint64_t *file_shape, int dims, struct clgan_shape shape, const uint32_t *index) {
  net->params = clgan_mem_realloc(net->params, net->n_params + 1, sizeof *net->params);
  struct clgan_param *p = &net->params[net->n_params];
  struct clgan_layer *l = &net->layers[layer];
  memset(p, 0, sizeof *p);
  p->name = clgan_mem_printf("%s.%s", l->name, suffix);
  p->role = role;
  p->trainable = role <= CLGAN_PARAM_BN_BIAS;
  p->dims = dims;
  for (int i = 0; i < dims; i++) p->file_shape[i] = file_shape[i];
  p->shape = shape;
  p->count = clgan_shape_count(shape);
  p->layer = (int)layer;
  if (p->trainable) {
    p->offset = net->group_count;
    net->group_count += (p->count + CLGAN_ALIGN - 1) / CLGAN_ALIGN * CLGAN_ALIGN;
  }
  if (index && !identity(index, p->count)) {
    p->file_index = clgan_mem_array(p->count, sizeof *index);
    memcpy(p->file_index, index, p->count * sizeof *index);
  }
  l->param[role] = (int)net->n_params++;
  return p;
}

static struct clgan_param *add_vector(struct clgan_net *net, size_t layer, enum clgan_param_role role,
                                      const char *suffix, size_t count, const uint32_t *index) {
  const uint64_t file_shape[1] = {count};
  return add(net, layer, role, suffix, file_shape, 1, clgan_shape_of(1, 1, 1, (int)count), index);
}

static void add_weight(struct clgan_net *net, size_t layer, const struct orders *o) {
  const struct clgan_layer *l = &net->layers[layer];
  size_t count = o->rows * o->columns, e = 0, taps = (size_t)(l->k * l->k);
  uint32_t *index = clgan_mem_array(count, sizeof *index);
  struct clgan_param *p;
  for (size_t r = 0; r < o->rows; r++)
    for (size_t c = 0; c < o->columns; c++, e++) {
      size_t row = o->row[r];
      /* linear [out][in], conv [O][I*taps + tap], deconv [I][O][tap] */
      index[e] = (uint32_t)(l->kind == CLGAN_LAYER_DECONV ? (row / taps * o->columns + o->column[c]) * taps + row % taps
                                                          : o->column[c] * o->rows + row);
    }
  if (l->kind == CLGAN_LAYER_LINEAR) {
    const uint64_t file_shape[2] = {o->columns, o->rows};
    p = add(net, layer, CLGAN_PARAM_WEIGHT, "weight", file_shape, 2,
            clgan_shape_of(1, 1, (int)o->rows, (int)o->columns), index);
    p->fan_in = (int)o->rows;
  } else {
    uint64_t in = o->rows / taps, out = o->columns, k = (uint64_t)l->k;
    bool swapped = l->kind == CLGAN_LAYER_DECONV;
    const uint64_t file_shape[4] = {swapped ? in : out, swapped ? out : in, k, k};
    p = add(net, layer, CLGAN_PARAM_WEIGHT, "weight", file_shape, 4, clgan_shape_of(l->k, l->k, (int)in, (int)out),
            index);
    p->fan_in = (int)((swapped ? out : in) * taps);
  }
  clgan_mem_free(index);
}

static bool add_product(struct clgan_net *net, size_t layer) {
  const struct clgan_layer *l = &net->layers[layer];
  struct orders o;
  if (!orders_create(l, &o)) return false;
  add_weight(net, layer, &o);
  int fan_in = net->params[net->n_params - 1].fan_in;
  if (!l->nobias) add_vector(net, layer, CLGAN_PARAM_BIAS, "bias", o.columns, o.column)->fan_in = fan_in;
  if (net->spectral) {
    add_vector(net, layer, CLGAN_PARAM_U, "u", o.columns, o.column);
    add_vector(net, layer, CLGAN_PARAM_V, "v", o.rows, o.row);
  }
  clgan_mem_free(o.row);
  clgan_mem_free(o.column);
  return true;
}

static void add_batchnorm(struct clgan_net *net, size_t layer) {
  size_t c = (size_t)net->layers[layer].shape.c;
  if (!net->layers[layer].noaffine) {
    add_vector(net, layer, CLGAN_PARAM_BN_WEIGHT, "weight", c, NULL);
    add_vector(net, layer, CLGAN_PARAM_BN_BIAS, "bias", c, NULL);
  }
  add_vector(net, layer, CLGAN_PARAM_RUNNING_MEAN, "running_mean", c, NULL);
  add_vector(net, layer, CLGAN_PARAM_RUNNING_VAR, "running_var", c, NULL);
}

bool clgan_params_build(struct clgan_net *net) {
  for (size_t k = 0; k < net->n_layers; k++) {
    if (net->layers[k].kind <= CLGAN_LAYER_DECONV) {
      if (!add_product(net, k) || net->group_count >= (size_t)1 << 31) return false;
    } else if (net->layers[k].kind == CLGAN_LAYER_BATCHNORM) {
      add_batchnorm(net, k);
    }
  }
  return true;
}

void clgan_param_to_device(const struct clgan_param *p, const float *file, float *device) {
  if (!p->file_index)
    memcpy(device, file, p->count * sizeof *device);
  else
    for (size_t e = 0; e < p->count; e++) device[e] = file[p->file_index[e]];
}

void clgan_param_to_file(const struct clgan_param *p, const float *device, float *file) {
  if (!p->file_index)
    memcpy(file, device, p->count * sizeof *file);
  else
    for (size_t e = 0; e < p->count; e++) file[p->file_index[e]] = device[e];
}
