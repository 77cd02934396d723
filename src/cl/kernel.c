/* Kernel objects: arguments and launches. */
#include <stdio.h>
#include <stdlib.h>
#include "base/mem.h"
#include "cl/cl_private.h"

/* Drivers ask that when a kernel is launched; where the limit is not theirs it is asked here (limits.c). */
static enum clgan_status check_local(const struct clgan_kernel *k, struct clgan_error *e) {
  cl_ulong bytes = 0;
  if (getenv("CLGAN_LIMITS") == NULL ||
      clGetKernelWorkGroupInfo(k->kernel, k->cl->device, CL_KERNEL_LOCAL_MEM_SIZE, sizeof bytes, &bytes, NULL) !=
          CL_SUCCESS ||
      bytes <= k->cl->info.local_mem)
    return CLGAN_OK;
  return clgan_cl_fail(k->cl, CL_OUT_OF_RESOURCES, e, "kernels/%s: %s needs %llu bytes of local memory, there are %llu",
                       k->program->file, k->name, (unsigned long long)bytes, (unsigned long long)k->cl->info.local_mem);
}

enum clgan_status clgan_kernel_create(struct clgan_program *p, const char *name, struct clgan_kernel **out,
                                      struct clgan_error *e) {
  *out = NULL;
  cl_int code = CL_SUCCESS;
  cl_kernel kernel = clCreateKernel(p->program, name, &code);
  if (code == CL_INVALID_KERNEL_NAME)
    return clgan_error_set(e, CLGAN_ERR_INTERNAL, "kernels/%s has no kernel '%s' with options '%s'", p->file, name,
                           p->options);
  if (code != CL_SUCCESS) return clgan_cl_fail(p->cl, code, e, "kernels/%s: cannot make kernel '%s'", p->file, name);
  struct clgan_kernel *k = clgan_mem_alloc(sizeof *k);
  k->cl = p->cl;
  k->program = p;
  k->kernel = kernel;
  (void)snprintf(k->name, sizeof k->name, "%s", name);
  if (check_local(k, e) != CLGAN_OK) {
    clgan_kernel_destroy(k);
    return e->status;
  }
  *out = k;
  return CLGAN_OK;
}

void clgan_kernel_destroy(struct clgan_kernel *k) {
  if (k == NULL) return;
  (void)clReleaseKernel(k->kernel);
  clgan_mem_free(k);
}

static enum clgan_status set_arg(struct clgan_kernel *k, unsigned index, size_t n, const void *data, const char *kind,
                                 struct clgan_error *e) {
  cl_int code = clSetKernelArg(k->kernel, index, n, data);
  if (code == CL_SUCCESS) return CLGAN_OK;
  return clgan_cl_fail(k->cl, code, e, "kernels/%s: %s: argument %u as %s of %zu bytes", k->program->file, k->name,
                       index, kind, n);
}

enum clgan_status clgan_kernel_arg_buffer(struct clgan_kernel *k, unsigned index, struct clgan_buffer *b,
                                          struct clgan_error *e) {
  cl_mem mem = b != NULL ? b->mem : NULL; /* a null pointer is a legal value of a buffer argument */
  return set_arg(k, index, sizeof mem, &mem, "a buffer handle", e);
}

enum clgan_status clgan_kernel_arg_bytes(struct clgan_kernel *k, unsigned index, const void *data, size_t n,
                                         struct clgan_error *e) {
  return set_arg(k, index, n, data, "a value", e);
}

enum clgan_status clgan_kernel_arg_local(struct clgan_kernel *k, unsigned index, size_t bytes, struct clgan_error *e) {
  return set_arg(k, index, bytes, NULL, "local memory", e);
}

static enum clgan_status launch_failed(const struct clgan_kernel *k, cl_int code, int dims, const size_t *global,
                                       const size_t *local, struct clgan_error *e) {
  size_t limit = 0;
  (void)clGetKernelWorkGroupInfo(k->kernel, k->cl->device, CL_KERNEL_WORK_GROUP_SIZE, sizeof limit, &limit, NULL);
  return clgan_cl_fail(
      k->cl, code, e,
      "kernels/%s: cannot launch %s over %zu x %zu x %zu in groups of %zu x %zu x %zu (largest group %zu)",
      k->program->file, k->name, global[0], dims > 1 ? global[1] : 1, dims > 2 ? global[2] : 1, local[0],
      dims > 1 ? local[1] : 1, dims > 2 ? local[2] : 1, limit);
}

/* The driver asks that itself; but limits may be lower than its own (limits.c). */
static bool fits(const struct clgan_kernel *k, int dims, const size_t *local) {
  size_t items = 1;
  for (int i = 0; i < dims; i++) items *= local[i];
  return items <= k->cl->info.max_work_group;
}

enum clgan_status clgan_kernel_launch(struct clgan_kernel *k, int dims, const size_t global[3], const size_t local[3],
                                      struct clgan_event **ev, struct clgan_error *e) {
  if (ev != NULL) *ev = NULL;
  for (int i = 0; i < dims; i++)
    if (local[i] == 0 || global[i] == 0 || global[i] % local[i] != 0)
      return clgan_error_set(e, CLGAN_ERR_INTERNAL,
                             "kernels/%s: %s: dimension %d: global size %zu is not a multiple of local size "
                             "%zu",
                             k->program->file, k->name, i, global[i], local[i]);
  if (!fits(k, dims, local)) return launch_failed(k, CL_INVALID_WORK_GROUP_SIZE, dims, global, local, e);
  cl_event event = NULL;
  cl_int code = clEnqueueNDRangeKernel(k->cl->queue, k->kernel, (cl_uint)dims, NULL, global, local, 0, NULL,
                                       ev != NULL ? &event : NULL);
  if (code != CL_SUCCESS) return launch_failed(k, code, dims, global, local, e);
  clgan_event_give(k->cl, event, ev);
  return CLGAN_OK;
}
