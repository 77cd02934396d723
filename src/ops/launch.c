/* launch.c - the list of kernel launches that a graph turns into. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cl/blast.h"
#include "ops/op.h"

struct clgan_launch *clgan_launch_add(struct clgan_launches *l, const char *file, const char *kernel, const char *options_format, ...) {
  CLGAN_GROW(l->items, l->n, l->cap);
  struct clgan_launch *x = &l->items[l->n++];
  memset(x, 0, sizeof *x);
  x->file = file;
  x->kernel = kernel;
  x->node = l->node;
  va_list ap;
  va_start(ap, options_format);
  int n = vsnprintf(x->options, sizeof x->options, options_format, ap);
  va_end(ap);
  if (n < 0 || (size_t)n >= sizeof x->options) abort(); /* a defect: options are written by us, never by the user */
  return x;
}

struct clgan_launch *clgan_launch_gemm(struct clgan_launches *l, const struct clgan_blast_product *p, size_t temporary) {
  struct clgan_launch *x = clgan_launch_add(l, "CLBlast", "CLBlastSgemm", "%s", clgan_blast_version());
  x->gemm = true;
  clgan_launch_size(x, 3, p->m, p->n, p->k, p->a_transposed, p->b_transposed, temporary);
  return x;
}

static struct clgan_launch_arg *next(struct clgan_launch *l, enum clgan_arg_kind kind) {
  if (l->n_args >= CLGAN_LAUNCH_ARGS) abort();
  struct clgan_launch_arg *a = &l->args[l->n_args++];
  a->kind = kind;
  return a;
}

void clgan_launch_value(struct clgan_launch *l, int value) { next(l, CLGAN_ARG_VALUE)->value = value; }

void clgan_launch_scratch(struct clgan_launch *l, size_t offset, size_t elements) {
  struct clgan_launch_arg *a = next(l, CLGAN_ARG_SCRATCH);
  a->offset = offset;
  a->n = elements;
}

void clgan_launch_packing(struct clgan_launch *l, size_t elements) { next(l, CLGAN_ARG_PACKING)->n = elements; }

void clgan_launch_bytes(struct clgan_launch *l, const void *data, size_t n) {
  struct clgan_launch_arg *a = next(l, CLGAN_ARG_BYTES);
  if (n > sizeof a->bytes) abort();
  memcpy(a->bytes, data, n);
  a->n = n;
}

void clgan_launch_int(struct clgan_launch *l, int x) { clgan_launch_bytes(l, &x, sizeof x); }
void clgan_launch_float(struct clgan_launch *l, float x) { clgan_launch_bytes(l, &x, sizeof x); }
void clgan_launch_local(struct clgan_launch *l, size_t bytes) { next(l, CLGAN_ARG_LOCAL)->n = bytes; }

void clgan_launch_size(struct clgan_launch *l, int dims, size_t g0, size_t g1, size_t g2, size_t l0, size_t l1, size_t l2) {
  l->dims = dims;
  l->global[0] = g0, l->global[1] = g1, l->global[2] = g2;
  l->local[0] = l0, l->local[1] = l1, l->local[2] = l2;
}
