/* blast.c: calls of CLBlast. SPDX-License-Identifier: MIT */
#include "cl/blast.h"

#include "config.h"

#include "cl/cl_private.h"

#ifdef HAVE_CLBLAST
#include <clblast_c.h>

bool clgan_blast_available(void) {
  return true;
}

enum clgan_status clgan_blast_enqueue(struct clgan_cl *cl, const struct clgan_blast_product *p, struct clgan_buffer *a,
                                      struct clgan_buffer *b, struct clgan_buffer *c, struct clgan_error *e) {
  CLBlastStatusCode code;
  if (p->conv)
    code = CLBlastSconvgemm(CLBlastKernelModeCrossCorrelation, p->channels, p->height, p->width, p->kernel_h, p->kernel_w,
                            p->pad, p->pad, p->stride, p->stride, 1, 1, p->kernels, p->batch, a->mem, 0, b->mem, 0, c->mem,
                            0, &cl->queue, NULL);
  else
    code = CLBlastSgemm(CLBlastLayoutRowMajor, p->a_transposed ? CLBlastTransposeYes : CLBlastTransposeNo,
                        p->b_transposed ? CLBlastTransposeYes : CLBlastTransposeNo, p->m, p->n, p->k, 1, a->mem, 0,
                        p->a_transposed ? p->m : p->k, b->mem, 0, p->b_transposed ? p->k : p->n, 0, c->mem, 0, p->n,
                        &cl->queue, NULL);
  if (code == CLBlastSuccess) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_DEVICE, "CLBlast fails with its code %d on %s", (int)code, cl->info.name);
}
#else
bool clgan_blast_available(void) {
  return false;
}

enum clgan_status clgan_blast_enqueue(struct clgan_cl *cl, const struct clgan_blast_product *p, struct clgan_buffer *a,
                                      struct clgan_buffer *b, struct clgan_buffer *c, struct clgan_error *e) {
  (void)cl, (void)p, (void)a, (void)b, (void)c;
  return clgan_error_set(e, CLGAN_ERR_DEVICE, "clgan was built without CLBlast");
}
#endif
