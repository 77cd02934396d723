/* blast.c: calls of CLBlast. SPDX-License-Identifier: MIT */
#include "cl/blast.h"

#include "config.h"

#include "cl/cl_private.h"

#ifdef HAVE_CLBLAST
#include <clblast_c.h>

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

bool clgan_blast_available(void) {
  return true;
}

const char *clgan_blast_version(void) {
#ifdef CLBLAST_VERSION_MAJOR /* since 1.5.2 */
  return TEXT(CLBLAST_VERSION_MAJOR) "." TEXT(CLBLAST_VERSION_MINOR) "." TEXT(CLBLAST_VERSION_PATCH);
#else
  return "";
#endif
}

static CLBlastTranspose transpose(bool transposed) {
  return transposed ? CLBlastTransposeYes : CLBlastTransposeNo;
}
static size_t row_a(const struct clgan_blast_product *p) {
  return p->a_transposed ? p->m : p->k;
}
static size_t row_b(const struct clgan_blast_product *p) {
  return p->b_transposed ? p->k : p->n;
}

bool clgan_blast_temporary(struct clgan_cl *cl, const struct clgan_blast_product *p, size_t *floats) {
  size_t bytes = 0;
  const CLBlastStatusCode code =
      CLBlastSGemmTempBufferSize(CLBlastLayoutRowMajor, transpose(p->a_transposed), transpose(p->b_transposed), p->m,
                                 p->n, p->k, 0, row_a(p), 0, row_b(p), 0, p->n, &cl->queue, &bytes);
  *floats = bytes / sizeof(float);
  return code == CLBlastSuccess && !p->conv;
}

/* CLBlast's own numbers are below -1000; others are OpenCL's. */
static enum clgan_status failed(const struct clgan_cl *cl, const struct clgan_blast_product *p, CLBlastStatusCode code,
                                struct clgan_error *e) {
  static const struct {
    int code;
    const char *what;
  } known[] = {{CLBlastInsufficientMemoryTemp, "its temporary buffer is too small"},
               {CLBlastInvalidLocalMemUsage, "its kernels need more local memory than the device has"},
               {CLBlastDatabaseError, "it has no parameters for the device"},
               {CLBlastUnknownError, "it does not say why"},
               {CLBlastUnexpectedError, "an exception that it did not expect"}};
  if ((int)code > -1000)
    return clgan_cl_fail(cl, (cl_int)code, e, "CLBlast's product of %zu x %zu x %zu", p->m, p->n, p->k);
  const char *what = "see its enum CLBlastStatusCode";
  for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
    if ((int)code == known[k].code) what = known[k].what;
  return clgan_error_set(e, CLGAN_ERR_DEVICE, "CLBlast fails with its code %d on %s: %s", (int)code, cl->info.name,
                         what);
}

/* Beside the last launch's event, which CLBlast gives, there is a mark before the first, where there may be several. */
static void give(struct clgan_cl *cl, cl_event before, cl_event last, struct clgan_event **ev) {
  clgan_event_give(cl, last, ev);
  if (ev != NULL && *ev != NULL)
    (*ev)->before = before;
  else if (before != NULL)
    (void)clReleaseEvent(before);
}

enum clgan_status clgan_blast_enqueue(struct clgan_cl *cl, const struct clgan_blast_product *p, struct clgan_buffer *a,
                                      struct clgan_buffer *b, struct clgan_buffer *c, struct clgan_buffer *temporary,
                                      struct clgan_event **ev, struct clgan_error *e) {
  CLBlastStatusCode code;
  cl_event before = NULL, last = NULL, *event = ev != NULL ? &last : NULL;
  cl->blast = true;
  if (ev != NULL) *ev = NULL;
  if (ev != NULL && cl->profiling && temporary != NULL &&
      clEnqueueMarkerWithWaitList(cl->queue, 0, NULL, &before) != CL_SUCCESS)
    before = NULL; /* the last launch's time alone, then */
  if (p->conv)
    code = CLBlastSconvgemm(CLBlastKernelModeCrossCorrelation, p->channels, p->height, p->width, p->kernel_h,
                            p->kernel_w, p->pad, p->pad, p->stride, p->stride, 1, 1, p->kernels, p->batch, a->mem, 0,
                            b->mem, 0, c->mem, 0, &cl->queue, event);
  else
    code = CLBlastSgemmWithTempBuffer(CLBlastLayoutRowMajor, transpose(p->a_transposed), transpose(p->b_transposed),
                                      p->m, p->n, p->k, 1, a->mem, 0, row_a(p), b->mem, 0, row_b(p), 0, c->mem, 0, p->n,
                                      &cl->queue, event, temporary != NULL ? temporary->mem : NULL);
  if (code != CLBlastSuccess) {
    if (before != NULL) (void)clReleaseEvent(before);
    return failed(cl, p, code, e);
  }
  give(cl, before, last, ev);
  return CLGAN_OK;
}

void clgan_blast_forget(const struct clgan_cl *cl) {
  if (cl->blast) (void)CLBlastClearCache();
}
#else
bool clgan_blast_available(void) {
  return false;
}

const char *clgan_blast_version(void) {
  return "";
}

bool clgan_blast_temporary(struct clgan_cl *cl, const struct clgan_blast_product *p, size_t *floats) {
  (void)cl, (void)p;
  *floats = 0;
  return false;
}

enum clgan_status clgan_blast_enqueue(struct clgan_cl *cl, const struct clgan_blast_product *p, struct clgan_buffer *a,
                                      struct clgan_buffer *b, struct clgan_buffer *c, struct clgan_buffer *temporary,
                                      struct clgan_event **ev, struct clgan_error *e) {
  (void)cl, (void)p, (void)a, (void)b, (void)c, (void)temporary;
  if (ev != NULL) *ev = NULL;
  return clgan_error_set(e, CLGAN_ERR_DEVICE, "clgan was built without CLBlast");
}

void clgan_blast_forget(const struct clgan_cl *cl) {
  (void)cl;
}
#endif
