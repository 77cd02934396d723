/* safetensors.c: opening and checking a safetensors file; element types. SPDX-License-Identifier: MIT */
#include "base/safetensors.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

#define HEADER_MAX 100000000u          /* the format's own limit */
#define INTEGER_MAX 9007199254740992.0 /* 2^53: what a JSON number (a double) holds exactly */

struct pair {
  char *key, *value;
};

/* A tensor and where the header says it lies, relative to the data's start. */
struct entry {
  struct clgan_tensor tensor;
  uint64_t begin, end;
};

struct clgan_safetensors {
  struct clgan_map map;
  struct entry *entries; /* sorted by name */
  size_t count;
  struct pair *metadata; /* sorted by key */
  size_t metadata_count;
};

static const struct {
  const char *name;
  size_t size;
} dtypes[] = {[CLGAN_F32] = {"F32", 4}, [CLGAN_F16] = {"F16", 2}, [CLGAN_U8] = {"U8", 1},
              [CLGAN_I32] = {"I32", 4}, [CLGAN_I64] = {"I64", 8}, [CLGAN_F64] = {"F64", 8}};

size_t clgan_dtype_size(enum clgan_dtype t) { return dtypes[t].size; }
const char *clgan_dtype_name(enum clgan_dtype t) { return dtypes[t].name; }

/* Reads a JSON whole number >= 0 that a double holds exactly. */
static bool whole_number(const cJSON *j, uint64_t *out) {
  double v;
  if (!cJSON_IsNumber(j)) return false;
  v = cJSON_GetNumberValue(j);
  if (!(v >= 0 && v <= INTEGER_MAX)) return false;
  *out = (uint64_t)v;
  return (double)*out == v; /* NOLINT: an exact comparison is meant */
}

static enum clgan_status bad(struct clgan_error *e, const char *name, const char *what) {
  return clgan_error_set(e, CLGAN_ERR_FORMAT, "tensor %.200s: %s; the file is damaged", name, what);
}

/* The member of that name if the object has exactly one of it. */
static const cJSON *only(const cJSON *object, const char *key) {
  const cJSON *found = NULL;
  for (const cJSON *c = object->child; c; c = c->next)
    if (strcmp(c->string, key) == 0) {
      if (found) return NULL;
      found = c;
    }
  return found;
}

static enum clgan_status read_dtype(const cJSON *j, struct clgan_tensor *t, struct clgan_error *e) {
  const char *name = j ? cJSON_GetStringValue(j) : NULL;
  if (!name) return bad(e, t->name, "has no dtype");
  for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++)
    if (strcmp(dtypes[i].name, name) == 0) {
      t->dtype = (enum clgan_dtype)i;
      return CLGAN_OK;
    }
  return clgan_error_set(e, CLGAN_ERR_FORMAT,
                         "tensor %.200s: dtype %.40s is not supported; convert it to F32, F16, F64, U8, I32 or I64",
                         t->name, name);
}

static enum clgan_status read_shape(const cJSON *j, struct clgan_tensor *t, struct clgan_error *e) {
  bool empty = false;
  if (!j || !cJSON_IsArray(j)) return bad(e, t->name, "has no shape");
  t->count = 1;
  for (const cJSON *c = j->child; c; c = c->next) {
    uint64_t n;
    if (t->dims == CLGAN_TENSOR_DIMS)
      return clgan_error_set(e, CLGAN_ERR_FORMAT, "tensor %.200s: more than %d dimensions", t->name, CLGAN_TENSOR_DIMS);
    if (!whole_number(c, &n)) return bad(e, t->name, "its shape holds something other than whole numbers");
    t->shape[t->dims++] = n;
    if (n == 0) empty = true;
    if (n && t->count > UINT64_MAX / 8 / n) return bad(e, t->name, "its shape is too large"); /* x 8: bytes fit too */
    if (n) t->count *= n;
  }
  if (empty) t->count = 0;
  return CLGAN_OK;
}

static enum clgan_status read_entry(const cJSON *j, struct entry *x, uint64_t data_size, struct clgan_error *e) {
  struct clgan_tensor *t = &x->tensor;
  const cJSON *offsets;
  t->name = clgan_mem_strdup(j->string);
  if (!cJSON_IsObject(j)) return bad(e, t->name, "its entry is not a JSON object");
  CLGAN_TRY(read_dtype(only(j, "dtype"), t, e));
  CLGAN_TRY(read_shape(only(j, "shape"), t, e));
  offsets = only(j, "data_offsets");
  if (!offsets || !cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 ||
      !whole_number(offsets->child, &x->begin) || !whole_number(offsets->child->next, &x->end))
    return bad(e, t->name, "data_offsets are not two whole numbers");
  if (x->begin > x->end || x->end > data_size) return bad(e, t->name, "its data lie outside the file");
  if (x->end - x->begin != t->count * clgan_dtype_size(t->dtype))
    return bad(e, t->name, "its size is not that of its shape and dtype");
  return CLGAN_OK;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct entry *)a)->tensor.name, ((const struct entry *)b)->tensor.name);
}

static int by_key(const void *a, const void *b) {
  return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static int by_place(const void *a, const void *b) {
  const struct entry *x = a, *y = b;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  return x->end < y->end ? -1 : x->end > y->end;
}

static enum clgan_status read_metadata(struct clgan_safetensors *s, const cJSON *j, struct clgan_error *e) {
  size_t n = 0;
  if (s->metadata) return clgan_error_set(e, CLGAN_ERR_FORMAT, "__metadata__ appears twice; the file is damaged");
  if (!cJSON_IsObject(j)) return clgan_error_set(e, CLGAN_ERR_FORMAT, "__metadata__ is not a JSON object");
  for (const cJSON *c = j->child; c; c = c->next) n++;
  s->metadata = clgan_mem_array(n, sizeof *s->metadata);
  for (const cJSON *c = j->child; c; c = c->next) {
    const char *value = cJSON_GetStringValue(c);
    if (!value) return clgan_error_set(e, CLGAN_ERR_FORMAT, "__metadata__: %.200s is not a string", c->string);
    s->metadata[s->metadata_count++] = (struct pair){clgan_mem_strdup(c->string), clgan_mem_strdup(value)};
  }
  qsort(s->metadata, n, sizeof *s->metadata, by_key);
  for (size_t i = 1; i < n; i++)
    if (strcmp(s->metadata[i - 1].key, s->metadata[i].key) == 0)
      return clgan_error_set(e, CLGAN_ERR_FORMAT, "__metadata__: %.200s appears twice; the file is damaged",
                             s->metadata[i].key);
  return CLGAN_OK;
}

static enum clgan_status read_entries(struct clgan_safetensors *s, const cJSON *root, const unsigned char *data,
                                      uint64_t data_size, struct clgan_error *e) {
  size_t n = 0;
  uint64_t at = 0;
  for (const cJSON *c = root->child; c; c = c->next) n++;
  s->entries = clgan_mem_array(n, sizeof *s->entries);
  for (const cJSON *c = root->child; c; c = c->next) {
    if (strcmp(c->string, "__metadata__") == 0)
      CLGAN_TRY(read_metadata(s, c, e));
    else
      CLGAN_TRY(read_entry(c, &s->entries[s->count++], data_size, e));
  }
  qsort(s->entries, s->count, sizeof *s->entries, by_place);
  for (size_t i = 0; i < s->count; i++) {
    struct entry *x = &s->entries[i];
    if (x->begin < at) return bad(e, x->tensor.name, "its data overlap another tensor's");
    if (x->begin > at) return bad(e, x->tensor.name, "bytes before its data belong to no tensor");
    at = x->end;
    x->tensor.data = data + x->begin;
  }
  if (at != data_size)
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%llu bytes at its end belong to no tensor; the file is damaged",
                           (unsigned long long)(data_size - at));
  qsort(s->entries, s->count, sizeof *s->entries, by_name);
  for (size_t i = 1; i < s->count; i++)
    if (by_name(&s->entries[i - 1], &s->entries[i]) == 0) return bad(e, s->entries[i].tensor.name, "appears twice");
  return CLGAN_OK;
}

static enum clgan_status parse(struct clgan_safetensors *s, struct clgan_error *e) {
  const unsigned char *bytes = s->map.data;
  uint64_t length = 0;
  const char *text, *end = NULL;
  cJSON *root;
  enum clgan_status status;
  if (s->map.size < 8)
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "too short (%zu bytes) for a safetensors file", s->map.size);
  for (int i = 7; i >= 0; i--) length = length << 8 | bytes[i];
  if (length > HEADER_MAX)
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "not a safetensors file (a header of %llu bytes)",
                           (unsigned long long)length);
  if (length > s->map.size - 8)
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "cut short: a header of %llu bytes in a file of %zu",
                           (unsigned long long)length, s->map.size);
  text = (const char *)bytes + 8;
  if (length < 2 || text[0] != '{')
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "not a safetensors file (no JSON header)");
  root = clgan_json_parse(text, (size_t)length, &end);
  while (root && end < text + length && *end == ' ') end++; /* padding */
  if (!root || !cJSON_IsObject(root) || end != text + length)
    status = clgan_error_set(e, CLGAN_ERR_FORMAT, "its JSON header is damaged near byte %zu",
                             end ? (size_t)(end - (const char *)bytes) : (size_t)8);
  else
    status = read_entries(s, root, bytes + 8 + length, s->map.size - 8 - length, e);
  cJSON_Delete(root);
  return status;
}

enum clgan_status clgan_safetensors_open(const char *path, struct clgan_safetensors **out, struct clgan_error *e) {
  struct clgan_safetensors *s = clgan_mem_alloc(sizeof *s);
  struct clgan_error own = {0};
  enum clgan_status status = clgan_file_map(path, &s->map, e);
  *out = NULL;
  if (status == CLGAN_OK) {
    status = parse(s, &own);
    if (status != CLGAN_OK) clgan_error_set(e, status, "%s: %s", path, own.text);
  }
  if (status != CLGAN_OK) {
    clgan_safetensors_close(s);
    return status;
  }
  *out = s;
  return CLGAN_OK;
}

void clgan_safetensors_close(struct clgan_safetensors *s) {
  if (!s) return;
  for (size_t i = 0; i < s->count; i++) clgan_mem_free(s->entries[i].tensor.name);
  for (size_t i = 0; i < s->metadata_count; i++) {
    clgan_mem_free(s->metadata[i].key);
    clgan_mem_free(s->metadata[i].value);
  }
  clgan_mem_free(s->entries);
  clgan_mem_free(s->metadata);
  clgan_file_unmap(&s->map);
  clgan_mem_free(s);
}

size_t clgan_safetensors_count(const struct clgan_safetensors *s) { return s->count; }

const struct clgan_tensor *clgan_safetensors_at(const struct clgan_safetensors *s, size_t i) {
  return i < s->count ? &s->entries[i].tensor : NULL;
}

const struct clgan_tensor *clgan_safetensors_find(const struct clgan_safetensors *s, const char *name) {
  size_t low = 0, high = s->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp(s->entries[middle].tensor.name, name);
    if (order == 0) return &s->entries[middle].tensor;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

const char *clgan_safetensors_metadata(const struct clgan_safetensors *s, const char *key) {
  for (size_t i = 0; i < s->metadata_count; i++)
    if (strcmp(s->metadata[i].key, key) == 0) return s->metadata[i].value;
  return NULL;
}

/* Elements are copied out one by one: a mapped tensor may lie at any address. */
#define CONVERT(type, expression)                \
  for (uint64_t i = 0; i < t->count; i++) {      \
    type v;                                      \
    memcpy(&v, bytes + i * sizeof v, sizeof v);  \
    out[i] = (float)(expression);                \
  }                                              \
  break

void clgan_tensor_to_float(const struct clgan_tensor *t, float *out) {
  const unsigned char *bytes = t->data;
  if (t->count == 0) return;
  switch (t->dtype) {
    case CLGAN_F32: memcpy(out, bytes, (size_t)t->count * sizeof *out); break;
    case CLGAN_F16: CONVERT(uint16_t, clgan_half_to_float(v));
    case CLGAN_U8: CONVERT(unsigned char, v);
    case CLGAN_I32: CONVERT(int32_t, v);
    case CLGAN_I64: CONVERT(int64_t, v);
    case CLGAN_F64: CONVERT(double, v);
  }
}
