/* weights.c - nets between the device's store and named tensors. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "model/checkpoint.h"
#include "train/weights.h"

static void root_name(char out[160], const char *prefix, const char *name) { snprintf(out, 160, "%s.%s", prefix, name); }

enum clgan_status clgan_tensors_walk(const struct clgan_net *net, const char *prefix, const char *root_prefix, const char *group,
                                     bool trainable_only, clgan_tensor_visit *visit, void *context, struct clgan_error *e) {
  for (size_t k = 0; k < net->n_params; k++) {
    const struct clgan_param *p = &net->params[k];
    if (trainable_only && !p->trainable) continue;
    char name[160], root[160];
    root_name(name, prefix, p->name);
    root_name(root, root_prefix, p->trainable ? group : p->name);
    CLGAN_TRY(visit(context, name, p, root, p->trainable ? p->offset : 0, e));
  }
  return CLGAN_OK;
}

static enum clgan_status reserve_group(struct clgan_store *s, const struct clgan_net *net, const char *prefix, const char *group, struct clgan_error *e) {
  char root[160];
  struct clgan_buffer *b = NULL;
  root_name(root, prefix, group);
  return clgan_store_get(s, root, net->group_count, &b, e);
}

enum clgan_status clgan_weights_reserve(struct clgan_store *s, const struct clgan_net *net, const char *prefix, struct clgan_error *e) {
  if (!net->name) return CLGAN_OK; /* not in this model */
  CLGAN_TRY(reserve_group(s, net, prefix, "params", e));
  for (size_t k = 0; k < net->n_params; k++) {
    char root[160];
    struct clgan_buffer *b = NULL;
    if (net->params[k].trainable) continue;
    root_name(root, prefix, net->params[k].name);
    CLGAN_TRY(clgan_store_get(s, root, net->params[k].count, &b, e));
  }
  return CLGAN_OK;
}

static enum clgan_status copy_root(struct clgan_store *s, const char *from, const char *to, const char *name, size_t count, struct clgan_error *e) {
  char a[160], b[160];
  struct clgan_buffer *src, *dst;
  root_name(a, from, name);
  root_name(b, to, name);
  CLGAN_TRY(clgan_store_get(s, a, count, &src, e));
  CLGAN_TRY(clgan_store_get(s, b, count, &dst, e));
  return clgan_buffer_copy(src, 0, dst, 0, count * sizeof(float), e);
}

enum clgan_status clgan_weights_copy(struct clgan_store *s, const struct clgan_net *net, const char *from, const char *to, bool statistics,
                                     struct clgan_error *e) {
  if (!net->name) return CLGAN_OK;
  CLGAN_TRY(copy_root(s, from, to, "params", net->group_count, e));
  for (size_t k = 0; statistics && k < net->n_params; k++)
    if (!net->params[k].trainable) CLGAN_TRY(copy_root(s, from, to, net->params[k].name, net->params[k].count, e));
  return CLGAN_OK;
}

/* Host arrays of a net as the device has them. */
struct arrays {
  float *group, **other;
};

static void arrays_free(struct arrays *a, const struct clgan_net *net) {
  clgan_mem_free(a->group);
  for (size_t k = 0; a->other && k < net->n_params; k++) clgan_mem_free(a->other[k]);
  clgan_mem_free(a->other);
}

static struct arrays arrays_make(const struct clgan_net *net, bool others) {
  struct arrays a = {clgan_mem_array(net->group_count, sizeof(float)), NULL};
  if (!others) return a;
  a.other = clgan_mem_array(net->n_params, sizeof *a.other);
  for (size_t k = 0; k < net->n_params; k++)
    if (!net->params[k].trainable) a.other[k] = clgan_mem_array(net->params[k].count, sizeof(float));
  return a;
}

/* Moves a net's arrays to or from the store. */
static enum clgan_status transfer(struct clgan_store *s, const struct clgan_net *net, const char *prefix, const char *group, const char *others,
                                  struct arrays *a, bool to_device, struct clgan_error *e) {
  char root[160];
  CLGAN_TRY(reserve_group(s, net, prefix, group, e));
  root_name(root, prefix, group);
  CLGAN_TRY(to_device ? clgan_store_write(s, root, 0, a->group, net->group_count, e) : clgan_store_read(s, root, 0, a->group, net->group_count, e));
  for (size_t k = 0; a->other && k < net->n_params; k++) {
    const struct clgan_param *p = &net->params[k];
    struct clgan_buffer *b = NULL;
    if (p->trainable) continue;
    root_name(root, others, p->name);
    CLGAN_TRY(clgan_store_get(s, root, p->count, &b, e));
    CLGAN_TRY(to_device ? clgan_store_write(s, root, 0, a->other[k], p->count, e) : clgan_store_read(s, root, 0, a->other[k], p->count, e));
  }
  return CLGAN_OK;
}

enum clgan_status clgan_weights_get(struct clgan_store *s, const struct clgan_net *net, const struct clgan_weights_place *at,
                                    struct clgan_tensors *out, struct clgan_error *e) {
  struct arrays a = arrays_make(net, at->others != NULL);
  enum clgan_status st = transfer(s, net, at->prefix, at->group, at->others, &a, false, e);
  if (st == CLGAN_OK) st = clgan_tensors_put_net(out, at->name, net, a.group, (const float *const *)a.other, e);
  arrays_free(&a, net);
  return st;
}

enum clgan_status clgan_weights_put(struct clgan_store *s, const struct clgan_net *net, const struct clgan_weights_place *at,
                                    const struct clgan_tensors *in, struct clgan_error *e) {
  struct arrays a = arrays_make(net, at->others != NULL);
  enum clgan_status st = clgan_tensors_get_net(in, at->name, net, a.group, a.other, e);
  if (st == CLGAN_OK) st = transfer(s, net, at->prefix, at->group, at->others, &a, true, e);
  arrays_free(&a, net);
  return st;
}

enum clgan_status clgan_weights_init(struct clgan_store *s, const struct clgan_model *m, const struct clgan_net *net, uint64_t seed,
                                     struct clgan_error *e) {
  if (!net->name) return CLGAN_OK;
  struct arrays a = arrays_make(net, true);
  clgan_net_init(m, net, seed, a.group, a.other);
  enum clgan_status st = transfer(s, net, net->name, "params", net->name, &a, true, e);
  arrays_free(&a, net);
  return st;
}

enum clgan_status clgan_weights_load_model(const char *path, struct clgan_model **m, struct clgan_error *e) {
  struct clgan_checkpoint *c = NULL;
  *m = NULL;
  CLGAN_TRY(clgan_checkpoint_load(path, &c, e));
  enum clgan_status s = clgan_checkpoint_model(c, path, NULL, 0, m, e);
  clgan_checkpoint_destroy(c);
  return s;
}

enum clgan_status clgan_weights_upload(const char *path, const struct clgan_model *m, struct clgan_store *store, struct clgan_error *e) {
  struct clgan_checkpoint *c = NULL;
  CLGAN_TRY(clgan_checkpoint_load(path, &c, e));
  enum clgan_status s = clgan_checkpoint_check(c, m, CLGAN_CHECKPOINT_SAMPLE, path, e);
  for (int k = 0; k < 2 && s == CLGAN_OK; k++) {
    const char *to = k == CLGAN_NET_G ? "G_ema" : "E_ema";
    if (!m->nets[k].name) continue;
    struct clgan_weights_place at = {clgan_sample_prefix(m, k), to, "params", to};
    s = clgan_weights_put(store, &m->nets[k], &at, &c->tensors, e);
  }
  clgan_checkpoint_destroy(c);
  return s;
}
