/* icd.c: an OpenCL driver that offers a device and then misbehaves where a program is built: $CLGAN_STANDIN says how,
 * "abort" (ends the process) or "hang" (never returns). For tests of what clgan makes of such drivers; a loader finds it
 * through a folder of .icd files, $OCL_ICD_VENDORS. It has what is called up to that point, and computes nothing.
 * SPDX-License-Identifier: MIT */
#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#define _POSIX_C_SOURCE 200809L
#include <CL/cl.h>
#include <CL/cl_ext.h>
#include <CL/cl_icd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHOWN __attribute__((visibility("default")))

/* Every object begins with its table of functions: that is how the loader finds them. */
struct object {
  const cl_icd_dispatch *dispatch;
};
static cl_icd_dispatch table;
static struct object platform = {&table}, device = {&table}, context = {&table}, queue = {&table}, buffer = {&table},
                     program = {&table};

static cl_int give(const void *from, size_t bytes, size_t size, void *to, size_t *needed) {
  if (needed) *needed = bytes;
  if (to && size < bytes) return CL_INVALID_VALUE;
  if (to) memcpy(to, from, bytes);
  return CL_SUCCESS;
}

static cl_int give_text(const char *text, size_t size, void *to, size_t *needed) {
  return give(text, strlen(text) + 1, size, to, needed);
}

static cl_int CL_API_CALL get_platforms(cl_uint n, cl_platform_id *out, cl_uint *found) {
  if (found) *found = 1;
  if (out && n) out[0] = (cl_platform_id)&platform;
  return CL_SUCCESS;
}

static cl_int CL_API_CALL platform_info(cl_platform_id p, cl_platform_info what, size_t size, void *to,
                                        size_t *needed) {
  (void)p;
  switch (what) {
    case CL_PLATFORM_PROFILE: return give_text("FULL_PROFILE", size, to, needed);
    case CL_PLATFORM_VERSION: return give_text("OpenCL 1.2 stand-in", size, to, needed);
    case CL_PLATFORM_NAME: return give_text("Stand-in", size, to, needed);
    case CL_PLATFORM_VENDOR: return give_text("clgan's tests", size, to, needed);
    case CL_PLATFORM_EXTENSIONS: return give_text("cl_khr_icd", size, to, needed);
    case CL_PLATFORM_ICD_SUFFIX_KHR: return give_text("STANDIN", size, to, needed);
    default: return CL_INVALID_VALUE;
  }
}

static cl_int CL_API_CALL get_devices(cl_platform_id p, cl_device_type type, cl_uint n, cl_device_id *out,
                                      cl_uint *found) {
  (void)p, (void)type;
  if (found) *found = 1;
  if (out && n) out[0] = (cl_device_id)&device;
  return CL_SUCCESS;
}

static cl_int device_number(cl_device_info what, size_t size, void *to, size_t *needed) {
  const cl_ulong gib = (cl_ulong)1 << 30, kib = 32768;
  const size_t group = 256;
  const cl_uint one = 1, bits = 1024;
  switch (what) {
    case CL_DEVICE_GLOBAL_MEM_SIZE: return give(&gib, sizeof gib, size, to, needed);
    case CL_DEVICE_MAX_MEM_ALLOC_SIZE: return give(&gib, sizeof gib, size, to, needed);
    case CL_DEVICE_LOCAL_MEM_SIZE: return give(&kib, sizeof kib, size, to, needed);
    case CL_DEVICE_MAX_WORK_GROUP_SIZE: return give(&group, sizeof group, size, to, needed);
    case CL_DEVICE_MEM_BASE_ADDR_ALIGN: return give(&bits, sizeof bits, size, to, needed);
    case CL_DEVICE_MAX_COMPUTE_UNITS:
    case CL_DEVICE_MAX_CLOCK_FREQUENCY:
    case CL_DEVICE_AVAILABLE:
    case CL_DEVICE_COMPILER_AVAILABLE:
    case CL_DEVICE_ENDIAN_LITTLE: return give(&one, sizeof one, size, to, needed);
    default: return CL_INVALID_VALUE;
  }
}

static cl_int CL_API_CALL device_info(cl_device_id d, cl_device_info what, size_t size, void *to, size_t *needed) {
  const cl_device_type type = CL_DEVICE_TYPE_GPU;
  const cl_platform_id own = (cl_platform_id)&platform;
  const size_t sizes[3] = {256, 256, 256};
  (void)d;
  switch (what) {
    case CL_DEVICE_TYPE: return give(&type, sizeof type, size, to, needed);
    case CL_DEVICE_PLATFORM: return give(&own, sizeof own, size, to, needed);
    case CL_DEVICE_NAME: return give_text("a driver that fails", size, to, needed);
    case CL_DEVICE_VENDOR: return give_text("clgan's tests", size, to, needed);
    case CL_DEVICE_VERSION: return give_text("OpenCL 1.2 stand-in", size, to, needed);
    case CL_DRIVER_VERSION: return give_text("1", size, to, needed);
    case CL_DEVICE_OPENCL_C_VERSION: return give_text("OpenCL C 1.2", size, to, needed);
    case CL_DEVICE_EXTENSIONS: return give_text("", size, to, needed);
    case CL_DEVICE_MAX_WORK_ITEM_SIZES: return give(sizes, sizeof sizes, size, to, needed);
    default: return device_number(what, size, to, needed);
  }
}

static cl_int done(cl_int *code) {
  if (code) *code = CL_SUCCESS;
  return CL_SUCCESS;
}

static cl_context CL_API_CALL create_context(const cl_context_properties *p, cl_uint n, const cl_device_id *d,
                                             void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *),
                                             void *user, cl_int *code) {
  (void)p, (void)n, (void)d, (void)notify, (void)user;
  done(code);
  return (cl_context)&context;
}

static cl_command_queue CL_API_CALL create_queue(cl_context c, cl_device_id d, cl_command_queue_properties p,
                                                 cl_int *code) {
  (void)c, (void)d, (void)p;
  done(code);
  return (cl_command_queue)&queue;
}

static cl_mem CL_API_CALL create_buffer(cl_context c, cl_mem_flags f, size_t n, void *host, cl_int *code) {
  (void)c, (void)f, (void)n, (void)host;
  done(code);
  return (cl_mem)&buffer;
}

static cl_int CL_API_CALL fill_buffer(cl_command_queue q, cl_mem b, const void *pattern, size_t size, size_t offset,
                                      size_t n, cl_uint n_wait, const cl_event *wait, cl_event *event) {
  (void)q, (void)b, (void)pattern, (void)size, (void)offset, (void)n, (void)n_wait, (void)wait, (void)event;
  return CL_SUCCESS;
}

static cl_program CL_API_CALL create_program(cl_context c, cl_uint n, const char **text, const size_t *sizes,
                                             cl_int *code) {
  (void)c, (void)n, (void)text, (void)sizes;
  done(code);
  return (cl_program)&program;
}

static cl_int CL_API_CALL build_program(cl_program p, cl_uint n, const cl_device_id *d, const char *options,
                                        void(CL_CALLBACK *notify)(cl_program, void *), void *user) {
  const char *how = getenv("CLGAN_STANDIN");
  (void)p, (void)n, (void)d, (void)options, (void)notify, (void)user;
  if (how && !strcmp(how, "hang"))
    for (;;) pause();
  if (how && !strcmp(how, "abort")) abort();
  return CL_BUILD_PROGRAM_FAILURE;
}

static cl_int CL_API_CALL build_info(cl_program p, cl_device_id d, cl_program_build_info what, size_t size, void *to,
                                     size_t *needed) {
  (void)p, (void)d, (void)what;
  return give_text("this driver builds nothing", size, to, needed);
}

static cl_int CL_API_CALL of_queue(cl_command_queue q) {
  (void)q;
  return CL_SUCCESS;
}
static cl_int CL_API_CALL of_context(cl_context c) {
  (void)c;
  return CL_SUCCESS;
}
static cl_int CL_API_CALL of_buffer(cl_mem m) {
  (void)m;
  return CL_SUCCESS;
}
static cl_int CL_API_CALL of_program(cl_program p) {
  (void)p;
  return CL_SUCCESS;
}

static void fill_table(void) {
  table.clGetPlatformIDs = get_platforms;
  table.clGetPlatformInfo = platform_info;
  table.clGetDeviceIDs = get_devices;
  table.clGetDeviceInfo = device_info;
  table.clCreateContext = create_context;
  table.clReleaseContext = of_context;
  table.clCreateCommandQueue = create_queue;
  table.clReleaseCommandQueue = of_queue;
  table.clFlush = of_queue;
  table.clFinish = of_queue;
  table.clCreateBuffer = create_buffer;
  table.clReleaseMemObject = of_buffer;
  table.clEnqueueFillBuffer = fill_buffer;
  table.clCreateProgramWithSource = create_program;
  table.clBuildProgram = build_program;
  table.clGetProgramBuildInfo = build_info;
  table.clReleaseProgram = of_program;
}

SHOWN void *CL_API_CALL clGetExtensionFunctionAddress(const char *name) {
  union {
    cl_int(CL_API_CALL *function)(cl_uint, cl_platform_id *, cl_uint *);
    cl_int(CL_API_CALL *info)(cl_platform_id, cl_platform_info, size_t, void *, size_t *);
    void *pointer;
  } u = {.pointer = NULL};
  fill_table();
  if (!strcmp(name, "clIcdGetPlatformIDsKHR")) u.function = get_platforms;
  if (!strcmp(name, "clGetPlatformInfo")) u.info = platform_info;
  return u.pointer;
}
