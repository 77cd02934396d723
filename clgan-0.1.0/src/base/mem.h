/** @file mem.h  Host memory and small containers. */
#ifndef CLGAN_BASE_MEM_H
#define CLGAN_BASE_MEM_H
#include <stdarg.h>
#include <stddef.h>
#include "base/status.h"

/** Allocate; on exhaustion print one line and abort() (host metadata is small; tensors go through clgan_mem_try). Zeroed. */
void *clgan_mem_alloc(size_t bytes);
void *clgan_mem_array(size_t count, size_t size); /**< overflow-checked, zeroed */
void *clgan_mem_realloc(void *p, size_t count, size_t size);
char *clgan_mem_strdup(const char *s);
char *clgan_mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void clgan_mem_free(void *p); /**< free(NULL) is legal */
/** Large data: count*size bytes, zeroed, into *out; CLGAN_ERR_MEMORY with @p what in the text. */
enum clgan_status clgan_mem_try(void **out, size_t count, size_t size, const char *what, struct clgan_error *e);

/** Growing text buffer; zero-initialise; text is always NUL-terminated once anything was added. */
struct clgan_text {
  char *s;
  size_t len, cap;
};
void clgan_text_printf(struct clgan_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void clgan_text_append(struct clgan_text *t, const void *bytes, size_t n);
void clgan_text_free(struct clgan_text *t);

/** Grows *array (element size @p size) so that index @p count fits; *cap in elements. */
void *clgan_mem_grow(void *array, size_t count, size_t *cap, size_t size);
#define CLGAN_GROW(array, count, cap) ((array) = clgan_mem_grow((array), (count), &(cap), sizeof *(array)))
#endif
