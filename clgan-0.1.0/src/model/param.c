/* param.c - the tensors of a net: shapes in files and on the device, the order of their elements. */
#include <string.h>

#include "base/mem.h"
#include "model/model_internal.h"

/* Orders are computed where they are needed, not kept: a table of them would be as large as the weights, at once with
 * the text that announces them. */

/* Where element @p e of an image-shaped value lies in files: H,W,C on the device, C,H,W there. */
static size_t flattened(struct clgan_shape s, size_t e) {
  size_t c = (size_t)s.c, area = (size_t)s.h * (size_t)s.w;
  return e % c * area + e / c;
}

static size_t taps_of(const struct clgan_layer *l) {
  return l->kind == CLGAN_LAYER_LINEAR ? 1 : (size_t)(l->k * l->k);
}

/* Inputs of a product: channels of a convolution, elements of a linear layer. */
static size_t inputs_of(const struct clgan_layer *l) {
  size_t n = 0;
  for (int i = 0; i < l->n_in; i++)
    n += l->kind == CLGAN_LAYER_LINEAR ? clgan_shape_count(l->in_shape[i]) : (size_t)l->in_shape[i].c;
  return n;
}

/* What row @p r (tap and input) of the device's weight is in files: LINEAR: the input; CONV, DECONV: input * taps + tap. */
static size_t file_row(const struct clgan_layer *l, size_t r) {
  if (l->kind != CLGAN_LAYER_LINEAR) {
    size_t inputs = inputs_of(l);
    return r % inputs * taps_of(l) + r / inputs;
  }
  size_t before = 0;
  for (int i = 0; i < l->n_in; i++) {
    size_t n = clgan_shape_count(l->in_shape[i]);
    if (r < before + n) return before + flattened(l->in_shape[i], r - before);
    before += n;
  }
  return r;
}

static size_t file_column(const struct clgan_layer *l, size_t c) {
  return l->kind == CLGAN_LAYER_LINEAR && l->noise < 0 ? flattened(l->image, c) : c;
}

/* The file's element of the device's (row r, column c): start(r) + c' * step, with c' the file's column. Files have a
 * linear layer as [out][in], a convolution as [O][I*taps + tap], a transposed one as [I][O][tap]. */
static size_t row_start(const struct clgan_param *p, size_t r) {
  if (p->role == CLGAN_PARAM_V) return file_row(p->of, r);
  if (p->role != CLGAN_PARAM_WEIGHT) return 0;
  size_t row = file_row(p->of, r), taps = taps_of(p->of), columns = (size_t)p->of->features;
  return p->of->kind == CLGAN_LAYER_DECONV ? row / taps * columns * taps + row % taps : row;
}

static size_t column_step(const struct clgan_param *p) {
  if (p->role != CLGAN_PARAM_WEIGHT) return 1;
  return p->of->kind == CLGAN_LAYER_DECONV ? taps_of(p->of) : inputs_of(p->of) * taps_of(p->of);
}

/* Columns of a tensor on the device; v is a column of rows, batch norm's tensors are in the same order on both sides. */
static size_t columns_of(const struct clgan_param *p) {
  bool product = p->role == CLGAN_PARAM_WEIGHT || p->role == CLGAN_PARAM_BIAS || p->role == CLGAN_PARAM_U;
  return p->role == CLGAN_PARAM_V ? 1 : product ? (size_t)p->of->features : p->count;
}

static size_t column_at(const struct clgan_param *p, size_t c) {
  bool product = p->role == CLGAN_PARAM_WEIGHT || p->role == CLGAN_PARAM_BIAS || p->role == CLGAN_PARAM_U;
  return product ? file_column(p->of, c) : c;
}

size_t clgan_param_file_index(const struct clgan_param *p, size_t e) {
  size_t columns = columns_of(p);
  return row_start(p, e / columns) + column_at(p, e % columns) * column_step(p);
}

static struct clgan_param *add(struct clgan_net *net, size_t layer, enum clgan_param_role role, const char *suffix,
                               const uint64_t *file_shape, int dims, struct clgan_shape shape) {
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
  p->of = l;
  if (p->trainable) {
    p->offset = net->group_count;
    net->group_count += (p->count + CLGAN_ALIGN - 1) / CLGAN_ALIGN * CLGAN_ALIGN;
  }
  l->param[role] = (int)net->n_params++;
  return p;
}

static struct clgan_param *add_vector(struct clgan_net *net, size_t layer, enum clgan_param_role role,
                                      const char *suffix, size_t count) {
  const uint64_t file_shape[1] = {count};
  return add(net, layer, role, suffix, file_shape, 1, clgan_shape_of(1, 1, 1, (int)count));
}

static int add_weight(struct clgan_net *net, size_t layer) {
  const struct clgan_layer *l = &net->layers[layer];
  size_t in = inputs_of(l), out = (size_t)l->features, taps = taps_of(l);
  struct clgan_param *p;
  if (l->kind == CLGAN_LAYER_LINEAR) {
    const uint64_t file_shape[2] = {out, in};
    p = add(net, layer, CLGAN_PARAM_WEIGHT, "weight", file_shape, 2, clgan_shape_of(1, 1, (int)in, (int)out));
    return p->fan_in = (int)in;
  }
  uint64_t k = (uint64_t)l->k;
  bool swapped = l->kind == CLGAN_LAYER_DECONV;
  const uint64_t file_shape[4] = {swapped ? in : out, swapped ? out : in, k, k};
  p = add(net, layer, CLGAN_PARAM_WEIGHT, "weight", file_shape, 4, clgan_shape_of(l->k, l->k, (int)in, (int)out));
  return p->fan_in = (int)((swapped ? out : in) * taps);
}

static bool add_product(struct clgan_net *net, size_t layer) {
  const struct clgan_layer *l = &net->layers[layer];
  size_t rows = inputs_of(l) * taps_of(l), columns = (size_t)l->features;
  if ((uint64_t)rows * (uint64_t)columns > CLGAN_MAX_WEIGHTS) return false;
  int fan_in = add_weight(net, layer);
  if (!l->nobias) add_vector(net, layer, CLGAN_PARAM_BIAS, "bias", columns)->fan_in = fan_in;
  if (net->spectral) {
    add_vector(net, layer, CLGAN_PARAM_U, "u", columns);
    add_vector(net, layer, CLGAN_PARAM_V, "v", rows);
  }
  return true;
}

static void add_batchnorm(struct clgan_net *net, size_t layer) {
  size_t c = (size_t)net->layers[layer].shape.c;
  if (!net->layers[layer].noaffine) {
    add_vector(net, layer, CLGAN_PARAM_BN_WEIGHT, "weight", c);
    add_vector(net, layer, CLGAN_PARAM_BN_BIAS, "bias", c);
  }
  add_vector(net, layer, CLGAN_PARAM_RUNNING_MEAN, "running_mean", c);
  add_vector(net, layer, CLGAN_PARAM_RUNNING_VAR, "running_var", c);
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

/* Visits a tensor row by row: the columns' order is made once, since their divisions would cost more than the copy. */
static void permute(const struct clgan_param *p, const float *from, float *to, bool to_device) {
  size_t columns = columns_of(p), rows = p->count / columns, step = column_step(p);
  size_t *column = clgan_mem_array(columns, sizeof *column);
  for (size_t c = 0; c < columns; c++) column[c] = column_at(p, c) * step;
  for (size_t r = 0; r < rows; r++) {
    size_t start = row_start(p, r), at = r * columns;
    if (to_device)
      for (size_t c = 0; c < columns; c++) to[at + c] = from[start + column[c]];
    else
      for (size_t c = 0; c < columns; c++) to[start + column[c]] = from[at + c];
  }
  clgan_mem_free(column);
}

void clgan_param_to_device(const struct clgan_param *p, const float *file, float *device) {
  permute(p, file, device, true);
}

void clgan_param_to_file(const struct clgan_param *p, const float *device, float *file) {
  permute(p, device, file, false);
}
