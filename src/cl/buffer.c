/* Device memory, views, transfers, events. */
#include <string.h>
#include "base/mem.h"
#include "cl/cl_private.h"

enum clgan_status clgan_buffer_create(struct clgan_cl *cl, size_t bytes, struct clgan_buffer **out,
                                      struct clgan_error *e) {
  *out = NULL;
  if (bytes == 0) return clgan_error_set(e, CLGAN_ERR_INTERNAL, "a device buffer of 0 bytes was asked for");
  if (cl->info.max_alloc > 0 && bytes > cl->info.max_alloc)
    return clgan_error_set(e, CLGAN_ERR_MEMORY,
                           "a buffer of %zu bytes is above the largest of %llu bytes that %s (%s) allows: "
                           "try a smaller batch",
                           bytes, (unsigned long long)cl->info.max_alloc, cl->info.name, cl->info.platform_name);
  cl_int code = CL_SUCCESS;
  cl_mem mem = NULL;
  if (cl->memory > 0 && cl->allocated + bytes > cl->memory)
    code = CL_MEM_OBJECT_ALLOCATION_FAILURE;
  else
    mem = clCreateBuffer(cl->context, CL_MEM_READ_WRITE, bytes, NULL, &code);
  if (code != CL_SUCCESS) return clgan_cl_fail(cl, code, e, "cannot allocate %zu bytes", bytes);
  struct clgan_buffer *b = clgan_mem_alloc(sizeof *b);
  b->cl = cl;
  b->mem = b->root = mem;
  b->bytes = bytes;
  cl->allocated += bytes;
  *out = b;
  return CLGAN_OK;
}

uint64_t clgan_cl_allocated(const struct clgan_cl *cl) {
  return cl->allocated;
}

static enum clgan_status check_range(const struct clgan_buffer *b, size_t offset, size_t n, const char *what,
                                     struct clgan_error *e) {
  if (offset <= b->bytes && n <= b->bytes - offset) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_INTERNAL, "%s of %zu bytes at %zu passes the end of a buffer of %zu bytes", what,
                         n, offset, b->bytes);
}

enum clgan_status clgan_buffer_view(struct clgan_buffer *parent, size_t offset, size_t bytes, struct clgan_buffer **out,
                                    struct clgan_error *e) {
  *out = NULL;
  CLGAN_TRY(check_range(parent, offset, bytes, "a view", e));
  if (bytes == 0 || offset % parent->cl->info.base_align != 0)
    return clgan_error_set(e, CLGAN_ERR_INTERNAL,
                           "a view of %zu bytes at %zu: it must not be empty and its offset must be a "
                           "multiple of %u",
                           bytes, offset, parent->cl->info.base_align);
  /* OpenCL has no sub-buffer of a sub-buffer: a view of a view is one of its root. */
  cl_buffer_region region = {parent->offset + offset, bytes};
  cl_int code = CL_SUCCESS;
  cl_mem mem = clCreateSubBuffer(parent->root, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &region, &code);
  if (code != CL_SUCCESS)
    return clgan_cl_fail(parent->cl, code, e, "cannot make a view of %zu bytes at %zu", bytes, offset);
  (void)clRetainMemObject(parent->root); /* a view may outlive the handle it was made from */
  struct clgan_buffer *b = clgan_mem_alloc(sizeof *b);
  b->cl = parent->cl;
  b->mem = mem;
  b->root = parent->root;
  b->offset = region.origin;
  b->bytes = bytes;
  *out = b;
  return CLGAN_OK;
}

void clgan_buffer_destroy(struct clgan_buffer *b) {
  if (b == NULL) return;
  if (b->root == b->mem) b->cl->allocated -= b->bytes;
  (void)clReleaseMemObject(b->mem);
  if (b->root != b->mem) (void)clReleaseMemObject(b->root);
  clgan_mem_free(b);
}

size_t clgan_buffer_bytes(const struct clgan_buffer *b) {
  return b->bytes;
}

static enum clgan_status transfer_write(struct clgan_buffer *b, size_t offset, const void *data, size_t n,
                                        cl_bool blocking, cl_event *event, struct clgan_error *e) {
  CLGAN_TRY(check_range(b, offset, n, "a write", e));
  if (n == 0 && event == NULL) return CLGAN_OK;
  cl_int code = clEnqueueWriteBuffer(b->cl->queue, b->mem, blocking, offset, n, data, 0, NULL, event);
  return code == CL_SUCCESS ? CLGAN_OK : clgan_cl_fail(b->cl, code, e, "cannot write %zu bytes to the device", n);
}

static enum clgan_status transfer_read(struct clgan_buffer *b, size_t offset, void *data, size_t n, cl_bool blocking,
                                       cl_event *event, struct clgan_error *e) {
  CLGAN_TRY(check_range(b, offset, n, "a read", e));
  if (n == 0 && event == NULL) return CLGAN_OK;
  cl_int code = clEnqueueReadBuffer(b->cl->queue, b->mem, blocking, offset, n, data, 0, NULL, event);
  return code == CL_SUCCESS ? CLGAN_OK : clgan_cl_fail(b->cl, code, e, "cannot read %zu bytes from the device", n);
}

enum clgan_status clgan_buffer_write(struct clgan_buffer *b, size_t offset, const void *data, size_t n,
                                     struct clgan_error *e) {
  return transfer_write(b, offset, data, n, CL_TRUE, NULL, e);
}

enum clgan_status clgan_buffer_read(struct clgan_buffer *b, size_t offset, void *data, size_t n,
                                    struct clgan_error *e) {
  return transfer_read(b, offset, data, n, CL_TRUE, NULL, e);
}

enum clgan_status clgan_buffer_write_async(struct clgan_buffer *b, size_t offset, const void *data, size_t n,
                                           struct clgan_event **ev, struct clgan_error *e) {
  cl_event event = NULL;
  if (ev != NULL) *ev = NULL;
  CLGAN_TRY(transfer_write(b, offset, data, n, CL_FALSE, ev != NULL ? &event : NULL, e));
  clgan_event_give(b->cl, event, ev);
  return CLGAN_OK;
}

enum clgan_status clgan_buffer_read_async(struct clgan_buffer *b, size_t offset, void *data, size_t n,
                                          struct clgan_event **ev, struct clgan_error *e) {
  cl_event event = NULL;
  if (ev != NULL) *ev = NULL;
  CLGAN_TRY(transfer_read(b, offset, data, n, CL_FALSE, ev != NULL ? &event : NULL, e));
  clgan_event_give(b->cl, event, ev);
  return CLGAN_OK;
}

enum clgan_status clgan_buffer_fill_zero(struct clgan_buffer *b, struct clgan_error *e) {
  static const char zero[16] = {0};
  size_t pattern = 16; /* must divide the size */
  while (b->bytes % pattern != 0) pattern /= 2;
  cl_int code = clEnqueueFillBuffer(b->cl->queue, b->mem, zero, pattern, 0, b->bytes, 0, NULL, NULL);
  return code == CL_SUCCESS ? CLGAN_OK
                            : clgan_cl_fail(b->cl, code, e, "cannot clear %zu bytes on the device", b->bytes);
}

enum clgan_status clgan_buffer_copy(struct clgan_buffer *src, size_t src_offset, struct clgan_buffer *dst,
                                    size_t dst_offset, size_t n, struct clgan_error *e) {
  CLGAN_TRY(check_range(src, src_offset, n, "a copy", e));
  CLGAN_TRY(check_range(dst, dst_offset, n, "a copy", e));
  if (n == 0) return CLGAN_OK;
  cl_int code = clEnqueueCopyBuffer(src->cl->queue, src->mem, dst->mem, src_offset, dst_offset, n, 0, NULL, NULL);
  return code == CL_SUCCESS ? CLGAN_OK : clgan_cl_fail(src->cl, code, e, "cannot copy %zu bytes on the device", n);
}

struct clgan_pinned {
  struct clgan_cl *cl;
  cl_mem mem;
  void *data;
};

enum clgan_status clgan_pinned_create(struct clgan_cl *cl, size_t bytes, struct clgan_pinned **out,
                                      struct clgan_error *e) {
  *out = NULL;
  cl_int code = CL_SUCCESS;
  cl_mem mem = clCreateBuffer(cl->context, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR, bytes, NULL, &code);
  if (code != CL_SUCCESS) return clgan_cl_fail(cl, code, e, "cannot allocate %zu bytes of pinned memory", bytes);
  void *data = clEnqueueMapBuffer(cl->queue, mem, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0, bytes, 0, NULL, NULL, &code);
  if (code != CL_SUCCESS) {
    (void)clReleaseMemObject(mem);
    return clgan_cl_fail(cl, code, e, "cannot map %zu bytes of pinned memory", bytes);
  }
  struct clgan_pinned *p = clgan_mem_alloc(sizeof *p);
  *p = (struct clgan_pinned){cl, mem, data};
  *out = p;
  return CLGAN_OK;
}

void *clgan_pinned_data(const struct clgan_pinned *p) {
  return p->data;
}

void clgan_pinned_destroy(struct clgan_pinned *p) {
  if (p == NULL) return;
  if (clEnqueueUnmapMemObject(p->cl->queue, p->mem, p->data, 0, NULL, NULL) == CL_SUCCESS) (void)clFinish(p->cl->queue);
  (void)clReleaseMemObject(p->mem);
  clgan_mem_free(p);
}

void clgan_event_give(struct clgan_cl *cl, cl_event event, struct clgan_event **out) {
  if (event == NULL) return;
  if (out == NULL) {
    (void)clReleaseEvent(event);
    return;
  }
  struct clgan_event *ev = clgan_mem_alloc(sizeof *ev);
  ev->cl = cl;
  ev->event = event;
  ev->before = NULL;
  *out = ev;
}

enum clgan_status clgan_event_wait(struct clgan_event *ev, struct clgan_error *e) {
  cl_int code = clWaitForEvents(1, &ev->event);
  if (code == CL_SUCCESS) return CLGAN_OK;
  cl_int status = CL_SUCCESS;
  if (clGetEventInfo(ev->event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL) == CL_SUCCESS &&
      status < 0)
    code = status; /* the command's own error says more than "an event failed" */
  return clgan_cl_fail(ev->cl, code, e, "a command failed on the device");
}

void clgan_event_destroy(struct clgan_event *ev) {
  if (ev == NULL) return;
  (void)clReleaseEvent(ev->event);
  if (ev->before != NULL) (void)clReleaseEvent(ev->before);
  clgan_mem_free(ev);
}

double clgan_event_seconds(struct clgan_event *ev) {
  cl_ulong start = 0, end = 0;
  if (!ev->cl->profiling || clWaitForEvents(1, &ev->event) != CL_SUCCESS) return 0;
  const bool since = ev->before != NULL && clGetEventProfilingInfo(ev->before, CL_PROFILING_COMMAND_END, sizeof start,
                                                                   &start, NULL) == CL_SUCCESS;
  if (!since &&
      clGetEventProfilingInfo(ev->event, CL_PROFILING_COMMAND_START, sizeof start, &start, NULL) != CL_SUCCESS)
    return 0;
  if (clGetEventProfilingInfo(ev->event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL) != CL_SUCCESS) return 0;
  return end > start ? (double)(end - start) * 1e-9 : 0;
}
