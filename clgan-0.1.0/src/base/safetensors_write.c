/* safetensors_write.c: writing a safetensors file; half precision. SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/safetensors.h"
#include "base/words.h"

struct pair {
  char *key, *value;
};

struct clgan_safetensors_writer {
  struct clgan_tensor *tensors;
  size_t count, cap;
  struct pair *metadata;
  size_t metadata_count, metadata_cap;
  bool too_many_dims;
};

struct clgan_safetensors_writer *clgan_safetensors_writer_create(void) {
  return clgan_mem_alloc(sizeof(struct clgan_safetensors_writer));
}

void clgan_safetensors_writer_destroy(struct clgan_safetensors_writer *w) {
  if (!w) return;
  for (size_t i = 0; i < w->count; i++) clgan_mem_free(w->tensors[i].name);
  for (size_t i = 0; i < w->metadata_count; i++) {
    clgan_mem_free(w->metadata[i].key);
    clgan_mem_free(w->metadata[i].value);
  }
  clgan_mem_free(w->tensors);
  clgan_mem_free(w->metadata);
  clgan_mem_free(w);
}

void clgan_safetensors_add(struct clgan_safetensors_writer *w, const char *name, enum clgan_dtype dtype, int dims,
                           const uint64_t *shape, const void *data) {
  struct clgan_tensor *t;
  if (dims < 0 || dims > CLGAN_TENSOR_DIMS) { /* reported by write, which can fail */
    w->too_many_dims = true;
    return;
  }
  CLGAN_GROW(w->tensors, w->count, w->cap);
  t = &w->tensors[w->count++];
  *t = (struct clgan_tensor){.name = clgan_mem_strdup(name), .dtype = dtype, .dims = dims, .count = 1, .data = data};
  for (int i = 0; i < dims; i++) {
    t->shape[i] = shape[i];
    t->count *= shape[i];
  }
}

void clgan_safetensors_add_metadata(struct clgan_safetensors_writer *w, const char *key, const char *value) {
  CLGAN_GROW(w->metadata, w->metadata_count, w->metadata_cap);
  w->metadata[w->metadata_count++] = (struct pair){clgan_mem_strdup(key), clgan_mem_strdup(value)};
}

/* A JSON string. A byte that is not UTF-8 becomes U+FFFD: other readers would refuse the whole file. */
static void append_string(struct clgan_text *t, const char *s) {
  clgan_text_append(t, "\"", 1);
  for (const unsigned char *p = (const unsigned char *)s; *p;) {
    size_t n = clgan_utf8_length((const char *)p);
    if (n == 0)
      clgan_text_append(t, "\\ufffd", 6);
    else if (*p == '"' || *p == '\\')
      clgan_text_printf(t, "\\%c", *p);
    else if (*p < 0x20)
      clgan_text_printf(t, "\\u%04x", *p);
    else
      clgan_text_append(t, p, n);
    p += n ? n : 1;
  }
  clgan_text_append(t, "\"", 1);
}

/* Widest elements first, then by name: every tensor is aligned to its element (PyTorch's reader needs that). */
static int by_place(const void *a, const void *b) {
  const struct clgan_tensor *x = a, *y = b;
  size_t m = clgan_dtype_size(x->dtype), n = clgan_dtype_size(y->dtype);
  if (m != n) return m > n ? -1 : 1;
  return strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct clgan_tensor *)a)->name, ((const struct clgan_tensor *)b)->name);
}

static int by_key(const void *a, const void *b) {
  return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static void append_header(const struct clgan_safetensors_writer *w, struct clgan_text *t) {
  uint64_t at = 0;
  const char *comma = "";
  clgan_text_append(t, "{", 1);
  if (w->metadata_count) {
    clgan_text_printf(t, "\"__metadata__\":{");
    for (size_t i = 0; i < w->metadata_count; i++) {
      clgan_text_printf(t, "%s", i ? "," : "");
      append_string(t, w->metadata[i].key);
      clgan_text_append(t, ":", 1);
      append_string(t, w->metadata[i].value);
    }
    clgan_text_append(t, "}", 1);
    comma = ",";
  }
  for (size_t i = 0; i < w->count; i++) {
    const struct clgan_tensor *x = &w->tensors[i];
    uint64_t bytes = x->count * clgan_dtype_size(x->dtype);
    clgan_text_printf(t, "%s", comma);
    comma = ",";
    append_string(t, x->name);
    clgan_text_printf(t, ":{\"dtype\":\"%s\",\"shape\":[", clgan_dtype_name(x->dtype));
    for (int d = 0; d < x->dims; d++) clgan_text_printf(t, "%s%llu", d ? "," : "", (unsigned long long)x->shape[d]);
    clgan_text_printf(t, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)at, (unsigned long long)(at + bytes));
    at += bytes;
  }
  clgan_text_append(t, "}", 1);
  while (t->len % 8) clgan_text_append(t, " ", 1);
}

/* Leaves tensors sorted by name, metadata by key. */
static enum clgan_status check(struct clgan_safetensors_writer *w, const char *path, struct clgan_error *e) {
  if (w->too_many_dims)
    return clgan_error_set(e, CLGAN_ERR_INTERNAL, "%s: a tensor of more than %d dimensions", path, CLGAN_TENSOR_DIMS);
  if (w->count) qsort(w->tensors, w->count, sizeof *w->tensors, by_name);
  if (w->metadata_count) qsort(w->metadata, w->metadata_count, sizeof *w->metadata, by_key);
  for (size_t i = 1; i < w->metadata_count; i++)
    if (strcmp(w->metadata[i - 1].key, w->metadata[i].key) == 0)
      return clgan_error_set(e, CLGAN_ERR_INTERNAL, "%s: metadata %s given twice", path, w->metadata[i].key);
  for (size_t i = 1; i < w->count; i++)
    if (strcmp(w->tensors[i - 1].name, w->tensors[i].name) == 0)
      return clgan_error_set(e, CLGAN_ERR_INTERNAL, "%s: tensor %s given twice", path, w->tensors[i].name);
  return CLGAN_OK;
}

static enum clgan_status write_header(struct clgan_atomic *a, const struct clgan_text *header, struct clgan_error *e) {
  unsigned char length[8];
  for (int i = 0; i < 8; i++) length[i] = (unsigned char)((uint64_t)header->len >> (8 * i));
  CLGAN_TRY(clgan_atomic_write(a, length, sizeof length, e));
  return clgan_atomic_write(a, header->s, header->len, e);
}

static enum clgan_status write_all(const struct clgan_safetensors_writer *w, struct clgan_atomic *a,
                                   const struct clgan_text *header, struct clgan_error *e) {
  CLGAN_TRY(write_header(a, header, e));
  for (size_t i = 0; i < w->count; i++) {
    const struct clgan_tensor *t = &w->tensors[i];
    CLGAN_TRY(clgan_atomic_write(a, t->data, (size_t)t->count * clgan_dtype_size(t->dtype), e));
  }
  return clgan_atomic_commit(a, e);
}

enum clgan_status clgan_safetensors_write(struct clgan_safetensors_writer *w, const char *path, struct clgan_error *e) {
  struct clgan_text header = {0};
  struct clgan_atomic a = {0};
  enum clgan_status status;
  CLGAN_TRY(check(w, path, e));
  if (w->count) qsort(w->tensors, w->count, sizeof *w->tensors, by_place);
  append_header(w, &header);
  status = clgan_atomic_begin(&a, path, e);
  if (status == CLGAN_OK) status = write_all(w, &a, &header, e);
  clgan_atomic_abort(&a);
  clgan_text_free(&header);
  return status;
}

/* -- one tensor row by row -- */
struct clgan_safetensors_stream {
  struct clgan_safetensors_writer *w;
  struct clgan_atomic a;
  char *path, *name;
  enum clgan_dtype dtype;
  int dims;
  uint64_t shape[CLGAN_TENSOR_DIMS], rows;
  size_t row_bytes, room;
};

enum clgan_status clgan_safetensors_stream_begin(struct clgan_safetensors_writer *w, const char *path, const char *name,
                                                 enum clgan_dtype dtype, int dims, const uint64_t *shape,
                                                 size_t header_room, struct clgan_safetensors_stream **out,
                                                 struct clgan_error *e) {
  *out = NULL;
  if (dims < 1 || dims > CLGAN_TENSOR_DIMS)
    return clgan_error_set(e, CLGAN_ERR_INTERNAL, "%s: a tensor of %d dimensions cannot be streamed", path, dims);
  struct clgan_safetensors_stream *s = clgan_mem_alloc(sizeof *s);
  *s = (struct clgan_safetensors_stream){.w = w, .dtype = dtype, .dims = dims, .room = (header_room + 7) / 8 * 8};
  s->path = clgan_mem_strdup(path);
  s->name = clgan_mem_strdup(name);
  s->row_bytes = clgan_dtype_size(dtype);
  for (int i = 1; i < dims; i++) s->row_bytes *= (size_t)(s->shape[i] = shape[i]);
  struct clgan_text blank = {.s = clgan_mem_alloc(s->room + 1), .len = s->room};
  enum clgan_status status = clgan_atomic_begin(&s->a, path, e);
  if (status == CLGAN_OK) status = write_header(&s->a, &blank, e);
  clgan_mem_free(blank.s);
  if (status != CLGAN_OK) {
    clgan_safetensors_stream_close(s);
    return status;
  }
  *out = s;
  return CLGAN_OK;
}

enum clgan_status clgan_safetensors_stream_rows(struct clgan_safetensors_stream *s, const void *rows, uint64_t n,
                                                struct clgan_error *e) {
  s->rows += n;
  return clgan_atomic_write(&s->a, rows, (size_t)n * s->row_bytes, e);
}

/* Sorts the writer's tensors to their places, the streamed one in front. */
static enum clgan_status place_streamed(struct clgan_safetensors_stream *s, struct clgan_error *e) {
  struct clgan_safetensors_writer *w = s->w;
  s->shape[0] = s->rows;
  clgan_safetensors_add(w, s->name, s->dtype, s->dims, s->shape, NULL);
  CLGAN_TRY(check(w, s->path, e));
  qsort(w->tensors, w->count, sizeof *w->tensors, by_place);
  size_t at = 0;
  while (strcmp(w->tensors[at].name, s->name)) at++;
  struct clgan_tensor streamed = w->tensors[at];
  memmove(w->tensors + 1, w->tensors, at * sizeof *w->tensors);
  w->tensors[0] = streamed;
  return CLGAN_OK;
}

enum clgan_status clgan_safetensors_stream_finish(struct clgan_safetensors_stream *s, struct clgan_error *e) {
  CLGAN_TRY(place_streamed(s, e));
  for (size_t i = 1; i < s->w->count; i++) {
    const struct clgan_tensor *t = &s->w->tensors[i];
    CLGAN_TRY(clgan_atomic_write(&s->a, t->data, (size_t)t->count * clgan_dtype_size(t->dtype), e));
  }
  struct clgan_text header = {0};
  append_header(s->w, &header);
  bool fits = header.len <= s->room;
  while (header.len < s->room) clgan_text_append(&header, " ", 1);
  enum clgan_status status = CLGAN_OK;
  if (!fits)
    status = clgan_error_set(e, CLGAN_ERR_INTERNAL, "%s: a header of %zu bytes, %zu were set aside", s->path, header.len,
                             s->room);
  else if (fseek(s->a.file, 0, SEEK_SET) != 0)
    status = clgan_error_set(e, CLGAN_ERR_IO, "%s: cannot write: it is no regular file; choose another name", s->path);
  else
    status = write_header(&s->a, &header, e);
  clgan_text_free(&header);
  return status == CLGAN_OK ? clgan_atomic_commit(&s->a, e) : status;
}

void clgan_safetensors_stream_close(struct clgan_safetensors_stream *s) {
  if (!s) return;
  clgan_atomic_abort(&s->a);
  clgan_mem_free(s->path);
  clgan_mem_free(s->name);
  clgan_mem_free(s);
}

uint16_t clgan_half_from_float(float x) {
  uint32_t u, sign, magnitude;
  memcpy(&u, &x, sizeof u);
  sign = (u >> 16) & 0x8000u;
  magnitude = u & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | (magnitude >> 13 & 0x1ffu)); /* NaN stays NaN */
  if (magnitude >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* 65520 and above round to infinity */
  if (magnitude < 0x38800000u) { /* below 2^-14: a subnormal half, in units of 2^-24 */
    float scaled = (float)fabs((double)x) * 0x1p24f;
    return (uint16_t)(sign | (uint32_t)nearbyint((double)scaled));
  }
  magnitude += 0xfffu + (magnitude >> 13 & 1u); /* to nearest, ties to even; a carry moves into the exponent */
  return (uint16_t)(sign | ((magnitude - 0x38000000u) >> 13));
}

float clgan_half_to_float(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000u) << 16, exponent = h >> 10 & 31u, mantissa = h & 0x3ffu, u;
  float x;
  if (exponent == 0) {
    x = (float)mantissa * 0x1p-24f;
    return sign ? -x : x;
  }
  if (exponent == 31)
    u = sign | 0x7f800000u | mantissa << 13;
  else
    u = sign | (exponent + 112) << 23 | mantissa << 13;
  memcpy(&x, &u, sizeof x);
  return x;
}
