/** @file blast.h  CLBlast, where clgan was built with it: a candidate of the tuner for linear layers
 * (ops/conv_blast.c), and what benchmarks set beside clgan's own products. */
#ifndef CLGAN_CL_BLAST_H
#define CLGAN_CL_BLAST_H
#include "cl/cl.h"

/** C[m,n] = op(A) op(B), row-major; or a convolution (cross-correlation) of images A [batch,channels,height,width] with
 * kernels B [kernels,channels,kernel_h,kernel_w] into C [batch,kernels,ho,wo]. */
struct clgan_blast_product {
  bool conv;
  bool a_transposed, b_transposed; /**< A is [k,m], B is [n,k] */
  size_t m, n, k;
  size_t batch, channels, height, width, kernel_h, kernel_w, pad, stride, kernels;
};
/** Was clgan built with CLBlast? */
bool clgan_blast_available(void);
/** Of the CLBlast that clgan was built with: "1.5.3"; "" without it, or where CLBlast does not say. */
const char *clgan_blast_version(void);
/** Floats of temporary memory that the matrix product needs on this device beside its operands; nothing is compiled.
 * @return false: built without CLBlast, or it has no parameters for the device */
bool clgan_blast_temporary(struct clgan_cl *cl, const struct clgan_blast_product *p, size_t *floats);
/** Enqueues it; CLBlast compiles at the first call. CLGAN_ERR_DEVICE or _MEMORY with CLBlast's own error.
 * @param temporary as clgan_blast_temporary says; NULL: CLBlast allocates it at every call
 * @param ev NULL, or receives one event for all of the product's launches (profiling) */
enum clgan_status clgan_blast_enqueue(struct clgan_cl *cl, const struct clgan_blast_product *p, struct clgan_buffer *a,
                                      struct clgan_buffer *b, struct clgan_buffer *c, struct clgan_buffer *temporary,
                                      struct clgan_event **ev, struct clgan_error *e);
#endif
