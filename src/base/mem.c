/* mem.c: host memory and small containers. SPDX-License-Identifier: MIT */
#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Small host metadata only: there is no sensible way on, and checking each string would drown the code. */
static _Noreturn void exhausted(size_t bytes) {
  fprintf(stderr, "clgan: out of host memory (%zu bytes asked for)\n", bytes);
  abort();
}

void *clgan_mem_array(size_t count, size_t size) {
  void *p;
  if (size && count > SIZE_MAX / size) exhausted(SIZE_MAX);
  p = calloc(count && size ? count : 1, size ? size : 1);
  if (!p) exhausted(count * size);
  return p;
}

void *clgan_mem_alloc(size_t bytes) { return clgan_mem_array(bytes, 1); }

void *clgan_mem_realloc(void *p, size_t count, size_t size) {
  void *q;
  size_t bytes;
  if (size && count > SIZE_MAX / size) exhausted(SIZE_MAX);
  bytes = count * size;
  q = realloc(p, bytes ? bytes : 1);
  if (!q) exhausted(bytes);
  return q;
}

char *clgan_mem_strdup(const char *s) {
  size_t n = strlen(s) + 1;
  char *copy = clgan_mem_alloc(n);
  memcpy(copy, s, n);
  return copy;
}

void clgan_mem_free(void *p) { free(p); }

enum clgan_status clgan_mem_try(void **out, size_t count, size_t size, const char *what, struct clgan_error *e) {
  *out = NULL;
  if (size == 0 || count <= SIZE_MAX / size) *out = calloc(count && size ? count : 1, size ? size : 1);
  if (*out) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_MEMORY,
                         "not enough host memory for %s (%zu x %zu bytes); close other programs or ask for less", what,
                         count, size);
}

void *clgan_mem_grow(void *array, size_t count, size_t *cap, size_t size) {
  size_t wanted = *cap ? *cap : 8;
  if (count < *cap) return array;
  while (wanted <= count) {
    if (wanted > SIZE_MAX / 2) exhausted(SIZE_MAX);
    wanted *= 2;
  }
  array = clgan_mem_realloc(array, wanted, size);
  memset((char *)array + *cap * size, 0, (wanted - *cap) * size);
  *cap = wanted;
  return array;
}

void clgan_text_append(struct clgan_text *t, const void *bytes, size_t n) {
  if (n >= SIZE_MAX - t->len) exhausted(SIZE_MAX);
  t->s = clgan_mem_grow(t->s, t->len + n, &t->cap, 1);
  if (n) memcpy(t->s + t->len, bytes, n);
  t->len += n;
  t->s[t->len] = '\0';
}

/* Formats at the text's end, in place. */
static void text_vprintf(struct clgan_text *t, const char *format, va_list ap) {
  va_list again;
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, format, again);
  va_end(again);
  size_t length = n > 0 ? (size_t)n : 0;
  if (length >= SIZE_MAX - t->len) exhausted(SIZE_MAX);
  t->s = clgan_mem_grow(t->s, t->len + length, &t->cap, 1);
  if (length) vsnprintf(t->s + t->len, length + 1, format, ap);
  t->len += length;
  t->s[t->len] = '\0';
}

void clgan_text_printf(struct clgan_text *t, const char *format, ...) {
  va_list ap;
  va_start(ap, format);
  text_vprintf(t, format, ap);
  va_end(ap);
}

char *clgan_mem_printf(const char *format, ...) {
  struct clgan_text t = {0};
  va_list ap;
  va_start(ap, format);
  text_vprintf(&t, format, ap);
  va_end(ap);
  return t.s;
}

void clgan_text_free(struct clgan_text *t) {
  clgan_mem_free(t->s);
  *t = (struct clgan_text){0};
}
