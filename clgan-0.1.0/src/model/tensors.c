/* tensors.c - named host tensors, and the way between them and a net's device arrays. */
#include <string.h>

#include "base/mem.h"
#include "model/checkpoint.h"

void clgan_tensors_free(struct clgan_tensors *t) {
  for (size_t i = 0; i < t->n; i++) clgan_mem_free(t->items[i].name), clgan_mem_free(t->items[i].data);
  clgan_mem_free(t->items);
  *t = (struct clgan_tensors){0};
}

const struct clgan_named_tensor *clgan_tensors_find(const struct clgan_tensors *t, const char *name) {
  for (size_t i = 0; i < t->n; i++)
    if (!strcmp(t->items[i].name, name)) return &t->items[i];
  return NULL;
}

enum clgan_status clgan_tensors_add(struct clgan_tensors *t, const char *name, int dims, const uint64_t *shape,
                                    float **data, struct clgan_error *e) {
  struct clgan_named_tensor x = {.dims = dims, .count = 1};
  for (int i = 0; i < dims; i++) x.shape[i] = shape[i], x.count *= (size_t)shape[i];
  void *memory;
  CLGAN_TRY(clgan_mem_try(&memory, x.count ? x.count : 1, sizeof(float), name, e));
  x.data = memory;
  x.name = clgan_mem_strdup(name);
  CLGAN_GROW(t->items, t->n, t->cap);
  t->items[t->n++] = x;
  *data = x.data;
  return CLGAN_OK;
}

enum clgan_status clgan_tensors_read(struct clgan_tensors *t, const struct clgan_safetensors *s, const char *prefix,
                                     struct clgan_error *e) {
  for (size_t i = 0; i < clgan_safetensors_count(s); i++) {
    const struct clgan_tensor *from = clgan_safetensors_at(s, i);
    float *data;
    if (strncmp(from->name, prefix, strlen(prefix))) continue;
    if (from->dtype != CLGAN_F32 && from->dtype != CLGAN_F16)
      return clgan_error_set(e, CLGAN_ERR_FORMAT, "tensor %s is of type %s; allowed: F32, F16", from->name,
                             clgan_dtype_name(from->dtype));
    if (from->dims > 4)
      return clgan_error_set(e, CLGAN_ERR_FORMAT, "tensor %s has %d dimensions; allowed: at most 4", from->name,
                             from->dims);
    CLGAN_TRY(clgan_tensors_add(t, from->name + strlen(prefix), from->dims, from->shape, &data, e));
    clgan_tensor_to_float(from, data);
  }
  return CLGAN_OK;
}

enum clgan_status clgan_tensors_put_net(struct clgan_tensors *t, const char *prefix, const struct clgan_net *net,
                                        const float *group, const float *const *other, struct clgan_error *e) {
  for (size_t i = 0; i < net->n_params; i++) {
    const struct clgan_param *p = &net->params[i];
    float *data;
    if (!p->trainable && !other) continue;
    char *name = clgan_mem_printf("%s.%s", prefix, p->name);
    enum clgan_status status = clgan_tensors_add(t, name, p->dims, p->file_shape, &data, e);
    clgan_mem_free(name);
    CLGAN_TRY(status);
    clgan_param_to_file(p, p->trainable ? group + p->offset : other[i], data);
  }
  return CLGAN_OK;
}

enum clgan_status clgan_tensors_get_net(const struct clgan_tensors *t, const char *prefix, const struct clgan_net *net,
                                        float *group, float *const *other, struct clgan_error *e) {
  memset(group, 0, net->group_count * sizeof *group);
  for (size_t i = 0; i < net->n_params; i++) {
    const struct clgan_param *p = &net->params[i];
    if (!p->trainable && !other) continue;
    char *name = clgan_mem_printf("%s.%s", prefix, p->name);
    const struct clgan_named_tensor *x = clgan_tensors_find(t, name);
    enum clgan_status status = CLGAN_OK;
    if (!x)
      status = clgan_error_set(e, CLGAN_ERR_FORMAT, "tensor %s is missing", name);
    else if (x->dims != p->dims || memcmp(x->shape, p->file_shape, (size_t)p->dims * sizeof *x->shape))
      status = clgan_error_set(e, CLGAN_ERR_FORMAT, "tensor %s has another shape than the model's", name);
    clgan_mem_free(name);
    CLGAN_TRY(status);
    clgan_param_to_device(p, x->data, p->trainable ? group + p->offset : other[i]);
  }
  return CLGAN_OK;
}
