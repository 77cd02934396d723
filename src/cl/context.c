/* An opened device: context, queue; and what its error codes are called. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"
#include "cl/cl_private.h"
#include "cl/select.h"

#define CODE(name) \
  { name, #name }
static const struct {
  cl_int code;
  const char *name;
} codes[] = {
    CODE(CL_SUCCESS),
    CODE(CL_DEVICE_NOT_FOUND),
    CODE(CL_DEVICE_NOT_AVAILABLE),
    CODE(CL_COMPILER_NOT_AVAILABLE),
    CODE(CL_MEM_OBJECT_ALLOCATION_FAILURE),
    CODE(CL_OUT_OF_RESOURCES),
    CODE(CL_OUT_OF_HOST_MEMORY),
    CODE(CL_PROFILING_INFO_NOT_AVAILABLE),
    CODE(CL_MEM_COPY_OVERLAP),
    CODE(CL_BUILD_PROGRAM_FAILURE),
    CODE(CL_MAP_FAILURE),
    CODE(CL_MISALIGNED_SUB_BUFFER_OFFSET),
    CODE(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST),
    CODE(CL_INVALID_VALUE),
    CODE(CL_INVALID_PLATFORM),
    CODE(CL_INVALID_DEVICE),
    CODE(CL_INVALID_CONTEXT),
    CODE(CL_INVALID_QUEUE_PROPERTIES),
    CODE(CL_INVALID_COMMAND_QUEUE),
    CODE(CL_INVALID_HOST_PTR),
    CODE(CL_INVALID_MEM_OBJECT),
    CODE(CL_INVALID_BINARY),
    CODE(CL_INVALID_BUILD_OPTIONS),
    CODE(CL_INVALID_PROGRAM),
    CODE(CL_INVALID_PROGRAM_EXECUTABLE),
    CODE(CL_INVALID_KERNEL_NAME),
    CODE(CL_INVALID_KERNEL_DEFINITION),
    CODE(CL_INVALID_KERNEL),
    CODE(CL_INVALID_ARG_INDEX),
    CODE(CL_INVALID_ARG_VALUE),
    CODE(CL_INVALID_ARG_SIZE),
    CODE(CL_INVALID_KERNEL_ARGS),
    CODE(CL_INVALID_WORK_DIMENSION),
    CODE(CL_INVALID_WORK_GROUP_SIZE),
    CODE(CL_INVALID_WORK_ITEM_SIZE),
    CODE(CL_INVALID_GLOBAL_OFFSET),
    CODE(CL_INVALID_EVENT_WAIT_LIST),
    CODE(CL_INVALID_EVENT),
    CODE(CL_INVALID_OPERATION),
    CODE(CL_INVALID_BUFFER_SIZE),
    CODE(CL_INVALID_GLOBAL_WORK_SIZE),
};

const char *clgan_cl_code_name(cl_int code) {
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
    if (codes[i].code == code) return codes[i].name;
  return code == -1001 ? "CL_PLATFORM_NOT_FOUND_KHR" : "an error code of the driver's own";
}

enum clgan_status clgan_cl_fail(const struct clgan_cl *cl, cl_int code, struct clgan_error *e, const char *format,
                                ...) {
  char what[512];
  va_list list;
  va_start(list, format);
  (void)vsnprintf(what, sizeof what, format, list);
  va_end(list);
  enum clgan_status s = CLGAN_ERR_DEVICE;
  const char *todo = "";
  if (code == CL_MEM_OBJECT_ALLOCATION_FAILURE || code == CL_OUT_OF_HOST_MEMORY || code == CL_INVALID_BUFFER_SIZE) {
    s = CLGAN_ERR_MEMORY;
    todo = ": try a smaller batch";
  } else if (code == CL_OUT_OF_RESOURCES) {
    todo = ": device memory may be short (try a smaller batch) or a kernel failed";
  }
  return clgan_error_set(e, s, "%s: %s (%d) on %s (%s)%s", what, clgan_cl_code_name(code), code, cl->info.name,
                         cl->info.platform_name, todo);
}

enum clgan_status clgan_cl_open(const struct clgan_device_list *l, size_t index, const struct clgan_cl_options *o,
                                struct clgan_cl **out, struct clgan_error *e) {
  *out = NULL;
  if (index >= l->count) return clgan_error_set(e, CLGAN_ERR_INTERNAL, "device %zu of a list of %zu", index, l->count);
  const struct clgan_device_info *d = &l->info[index];
  if (!clgan_device_is_usable(d))
    return clgan_error_set(e, CLGAN_ERR_DEVICE,
                           "device %d:%d %s (%s) has no usable compiler: choose another (`clgan devices`)", d->platform,
                           d->device, d->name, d->platform_name);
  struct clgan_cl *cl = clgan_mem_alloc(sizeof *cl);
  cl->info = *d;
  cl->memory = o->memory;
  cl->info.extensions = clgan_mem_strdup(d->extensions);
  cl->opened_at = clgan_time_now();
  cl->device = l->id[index];
  cl_platform_id platform = NULL;
  if (clGetDeviceInfo(cl->device, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL) != CL_SUCCESS ||
      clGetPlatformInfo(platform, CL_PLATFORM_VERSION, sizeof cl->platform_version - 1, cl->platform_version, NULL) !=
          CL_SUCCESS)
    cl->platform_version[0] = '\0';
  cl->profiling = o != NULL && o->profiling;
  const char *no_cache = getenv("CLGAN_NO_CACHE");
  cl->cache = !(o != NULL && o->no_cache) && (no_cache == NULL || no_cache[0] == '\0' || strcmp(no_cache, "0") == 0);
  cl->quirks = clgan_quirks_find(clgan_quirk_table, d->platform_name, d->name, d->driver);
  if ((cl->quirks.flags & CLGAN_QUIRK_NO_BINARIES) != 0) cl->cache = false;
  cl->shared_cache = (cl->quirks.flags & CLGAN_QUIRK_SLOW_BINARIES) != 0 ? clgan_cache_share() : -1;
  cl_int code = CL_SUCCESS;
  enum clgan_status s = CLGAN_OK;
  cl->context = clCreateContext(NULL, 1, &cl->device, NULL, NULL, &code);
  if (code != CL_SUCCESS) {
    cl->context = NULL;
    s = clgan_cl_fail(cl, code, e, "cannot open the device");
  } else {
    cl->queue = clCreateCommandQueue(cl->context, cl->device, cl->profiling ? CL_QUEUE_PROFILING_ENABLE : 0, &code);
    if (code != CL_SUCCESS) {
      cl->queue = NULL;
      s = clgan_cl_fail(cl, code, e, "cannot make a command queue");
    }
  }
  if (s != CLGAN_OK) {
    clgan_cl_close(cl);
    return s;
  }
  *out = cl;
  return CLGAN_OK;
}

enum clgan_status clgan_cl_profile(struct clgan_cl *cl, bool on, struct clgan_error *e) {
  cl_int code = CL_SUCCESS;
  if (on == cl->profiling) return CLGAN_OK;
  CLGAN_TRY(clgan_cl_finish(cl, e));
  cl_command_queue queue =
      clCreateCommandQueue(cl->context, cl->device, on ? CL_QUEUE_PROFILING_ENABLE : 0, &code);
  if (code != CL_SUCCESS) return clgan_cl_fail(cl, code, e, "cannot make a command queue");
  (void)clReleaseCommandQueue(cl->queue);
  cl->queue = queue;
  cl->profiling = on;
  return CLGAN_OK;
}

void clgan_cl_close(struct clgan_cl *cl) {
  if (cl == NULL) return;
  if (cl->queue != NULL) (void)clFinish(cl->queue);
  clgan_cl_attach(cl, NULL, NULL);
  for (size_t i = 0; i < cl->program_count; i++) clgan_program_destroy(cl->programs[i]);
  clgan_mem_free(cl->programs);
  clgan_blast_forget(cl);
  if (cl->queue != NULL) (void)clReleaseCommandQueue(cl->queue);
  if (cl->context != NULL) (void)clReleaseContext(cl->context);
  clgan_cache_share_end(cl->shared_cache);
  clgan_mem_free(cl->info.extensions);
  clgan_mem_free(cl);
}

void clgan_cl_attach(struct clgan_cl *cl, void *object, void (*destroy)(void *)) {
  if (cl->attached != NULL && cl->attached_destroy != NULL) cl->attached_destroy(cl->attached);
  cl->attached = object;
  cl->attached_destroy = destroy;
}

void *clgan_cl_attached(const struct clgan_cl *cl) {
  return cl->attached;
}

const struct clgan_device_info *clgan_cl_info(const struct clgan_cl *cl) {
  return &cl->info;
}

struct clgan_cl_stats clgan_cl_statistics(const struct clgan_cl *cl) {
  return cl->stats;
}

enum clgan_status clgan_cl_flush(struct clgan_cl *cl, struct clgan_error *e) {
  cl_int code = clFlush(cl->queue);
  return code == CL_SUCCESS ? CLGAN_OK : clgan_cl_fail(cl, code, e, "cannot flush the queue");
}

static cl_int wait_for_marker(cl_command_queue queue) {
  cl_event last = NULL;
  cl_int code = clEnqueueMarkerWithWaitList(queue, 0, NULL, &last);
  if (code == CL_SUCCESS) code = clWaitForEvents(1, &last);
  if (last != NULL) (void)clReleaseEvent(last);
  return code;
}

enum clgan_status clgan_cl_finish(struct clgan_cl *cl, struct clgan_error *e) {
  cl_int code = (cl->quirks.flags & CLGAN_QUIRK_EARLY_FINISH) != 0 ? wait_for_marker(cl->queue) : CL_SUCCESS;
  if (code == CL_SUCCESS) code = clFinish(cl->queue);
  return code == CL_SUCCESS ? CLGAN_OK : clgan_cl_fail(cl, code, e, "the device did not finish its work");
}

static const struct clgan_quirk_row *next_quirk(const struct clgan_cl *cl, const struct clgan_quirk_row *after) {
  return clgan_quirks_next(clgan_quirk_table, after, cl->info.platform_name, cl->info.name, cl->info.driver);
}

static bool give_note(const struct clgan_quirk_row *r, struct clgan_driver_note *out) {
  if (r != NULL) *out = (struct clgan_driver_note){r->what, r->link, r->fails};
  return r != NULL;
}

bool clgan_cl_driver_note(const struct clgan_cl *cl, size_t k, struct clgan_driver_note *out) {
  const struct clgan_quirk_row *r = next_quirk(cl, NULL);
  for (; r != NULL && k > 0; k--) r = next_quirk(cl, r);
  return give_note(r, out);
}

bool clgan_cl_known_bug(const struct clgan_cl *cl, const char *kernels, const char *name, struct clgan_driver_note *out) {
  const struct clgan_quirk_row *r = next_quirk(cl, NULL);
  while (r != NULL && !clgan_quirks_fails(r, kernels, name)) r = next_quirk(cl, r);
  return give_note(r, out);
}
