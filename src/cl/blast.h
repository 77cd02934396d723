/** @file blast.h  CLBlast, where clgan was built with it: what benchmarks set beside clgan's own products. */
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
/** Enqueues it; CLBlast compiles at the first call. CLGAN_ERR_DEVICE with CLBlast's number of the error. */
enum clgan_status clgan_blast_enqueue(struct clgan_cl *cl, const struct clgan_blast_product *p, struct clgan_buffer *a,
                                      struct clgan_buffer *b, struct clgan_buffer *c, struct clgan_error *e);
#endif
