/* store.c - state on the device by name, shared by the graphs that use it. */
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "graph/graph.h"

struct entry {
  char *name;
  size_t count;
  struct clgan_buffer *buffer;
};

struct clgan_store {
  struct clgan_cl *cl;
  struct entry *entries;
  size_t n, cap;
};

struct clgan_store *clgan_store_create(struct clgan_cl *cl) {
  struct clgan_store *s = clgan_mem_alloc(sizeof *s);
  s->cl = cl;
  return s;
}

void clgan_store_destroy(struct clgan_store *s) {
  if (!s) return;
  for (size_t k = 0; k < s->n; k++) {
    clgan_buffer_destroy(s->entries[k].buffer);
    clgan_mem_free(s->entries[k].name);
  }
  clgan_mem_free(s->entries);
  clgan_mem_free(s);
}

static struct entry *find(const struct clgan_store *s, const char *name) {
  for (size_t k = 0; k < s->n; k++)
    if (strcmp(s->entries[k].name, name) == 0) return &s->entries[k];
  return NULL;
}

enum clgan_status clgan_store_get(struct clgan_store *s, const char *name, size_t count, struct clgan_buffer **out, struct clgan_error *e) {
  struct entry *x = find(s, name);
  *out = NULL;
  if (x && x->count != count)
    return clgan_error_set(e, CLGAN_ERR_INTERNAL, "state %s: %zu elements asked for, %zu held", name, count, x->count);
  if (!x) {
    struct clgan_buffer *b = NULL;
    CLGAN_TRY(clgan_buffer_create(s->cl, (size_t)clgan_storage_bytes(count, CLGAN_F32), &b, e));
    enum clgan_status st = clgan_buffer_fill_zero(b, e);
    if (st != CLGAN_OK) {
      clgan_buffer_destroy(b);
      return st;
    }
    CLGAN_GROW(s->entries, s->n, s->cap);
    x = &s->entries[s->n++];
    x->name = clgan_mem_strdup(name);
    x->count = count;
    x->buffer = b;
  }
  *out = x->buffer;
  return CLGAN_OK;
}

static enum clgan_status locate(struct clgan_store *s, const char *name, size_t offset, size_t count, struct clgan_buffer **out,
                                struct clgan_error *e) {
  struct entry *x = find(s, name);
  if (!x || offset + count > x->count) return clgan_error_set(e, CLGAN_ERR_INTERNAL, "state %s: no such elements", name);
  *out = x->buffer;
  return CLGAN_OK;
}

enum clgan_status clgan_store_write(struct clgan_store *s, const char *name, size_t offset, const float *data, size_t count, struct clgan_error *e) {
  struct clgan_buffer *b = NULL;
  CLGAN_TRY(locate(s, name, offset, count, &b, e));
  return clgan_buffer_write(b, offset * sizeof(float), data, count * sizeof(float), e);
}

enum clgan_status clgan_store_read(struct clgan_store *s, const char *name, size_t offset, float *data, size_t count, struct clgan_error *e) {
  struct clgan_buffer *b = NULL;
  CLGAN_TRY(locate(s, name, offset, count, &b, e));
  return clgan_buffer_read(b, offset * sizeof(float), data, count * sizeof(float), e);
}

uint64_t clgan_store_bytes(const struct clgan_store *s) {
  uint64_t n = 0;
  for (size_t k = 0; k < s->n; k++) n += clgan_buffer_bytes(s->entries[k].buffer);
  return n;
}
