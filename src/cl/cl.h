/** @file cl.h  Everything that touches OpenCL sits behind this header; no other folder includes CL/cl.h. */
#ifndef CLGAN_CL_CL_H
#define CLGAN_CL_CL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

/** How kernels use sub-groups. */
enum clgan_subgroup_way {
  CLGAN_SUBGROUP_NONE,
  CLGAN_SUBGROUP_KHR,   /**< cl_khr_subgroups, of the size that the device has */
  CLGAN_SUBGROUP_INTEL, /**< cl_intel_subgroups, of a size that the compiler is told */
  CLGAN_SUBGROUP_TEST   /**< local memory in their place: $CLGAN_SUBGROUPS=SIZE, to try the kernels on any driver */
};

/** Facts of one device of one platform. Text is UTF-8, trimmed. */
struct clgan_device_info {
  int platform, device;             /**< P:D, as `clgan devices` numbers them */
  char platform_name[128], name[256], vendor[128], version[128], driver[128], c_version[128];
  enum clgan_device_type type;
  unsigned compute_units, clock_mhz;
  unsigned vector_float;            /**< native float vector width: 4, 8, 16; 1 where the driver says so */
  size_t max_work_group;
  size_t max_item_size[3];
  uint64_t global_mem, max_alloc, local_mem, global_cache;
  bool local_is_dedicated;          /**< CL_LOCAL (real on-chip memory) rather than CL_GLOBAL */
  unsigned base_align;              /**< bytes: sub-buffer alignment */
  bool fp64, fp16, subgroups, command_buffer, little_endian, compiler;
  enum clgan_subgroup_way subgroup_way;
  unsigned subgroup_size;           /**< items of a sub-group, where kernels use them: 8, 16, 32 or 64; else 0 */
  bool short_loops;                 /**< the driver ends a work-item's loops after some ten thousands of turns in all */
  char *extensions;                 /**< owned by the list */
  int duplicate_of;                 /**< index in the list of the same hardware under a preferred platform, or -1 */
};

/** The devices of every platform, in platform order. An empty list is not an error here. */
struct clgan_device_list;
enum clgan_status clgan_device_list_create(struct clgan_device_list **out, struct clgan_error *e);
void clgan_device_list_destroy(struct clgan_device_list *l);
size_t clgan_device_list_count(const struct clgan_device_list *l);
const struct clgan_device_info *clgan_device_list_at(const struct clgan_device_list *l, size_t i);
/** "P:D", into @p id, which is returned. */
const char *clgan_device_id(const struct clgan_device_info *d, char id[32]);
/** "CPU", "integrated GPU", "discrete GPU", "software GPU" or "accelerator". */
const char *clgan_device_type_text(const struct clgan_device_info *d);
/** @param spec "auto" (or NULL: then $CLGAN_DEVICE, else auto), "cpu", "gpu", "P:D", or part of a device's or platform's name
 * (case-insensitive). @param reason one line saying which device and why. No platform, no match: CLGAN_ERR_DEVICE, with what to do
 * (install pocl-opencl-icd; render group). */
enum clgan_status clgan_device_select(const struct clgan_device_list *l, const char *spec, size_t *index, char reason[512],
                                      struct clgan_error *e);

/** An opened device: context, in-order queue, program cache. */
struct clgan_cl;
struct clgan_cl_options {
  bool profiling;  /**< event timestamps on the queue */
  bool no_cache;   /**< neither read nor write the disk cache */
  uint64_t memory; /**< for tests: buffers beyond so many bytes fail as a device's memory does that is full; 0: the device's own */
};
enum clgan_status clgan_cl_open(const struct clgan_device_list *l, size_t index, const struct clgan_cl_options *o,
                                struct clgan_cl **out, struct clgan_error *e);
void clgan_cl_close(struct clgan_cl *cl);
/** Bytes of the buffers that exist now. */
uint64_t clgan_cl_allocated(const struct clgan_cl *cl);
const struct clgan_device_info *clgan_cl_info(const struct clgan_cl *cl); /**< a copy owned by cl */

/** Something of a higher layer that lives as long as the device (its tuning); NULL: none. The one before is destroyed. */
void clgan_cl_attach(struct clgan_cl *cl, void *object, void (*destroy)(void *));
void *clgan_cl_attached(const struct clgan_cl *cl);

/** What is known of a driver: a row of quirks.c. */
struct clgan_driver_note {
  const char *what, *link;
  const char *fails; /**< cases that it gets wrong ("reg:conv/faces": by one kernel family); NULL: worked around, or harmless */
};
/** The @p k-th that applies to the device; false: there are no more. */
bool clgan_cl_driver_note(const struct clgan_cl *cl, size_t k, struct clgan_driver_note *out);
/** Is it a known bug of the driver that the case called @p name ("conv/k3", "steps/digits") fails by the kernel family
 * @p kernels ("reg", "local")? */
bool clgan_cl_known_bug(const struct clgan_cl *cl, const char *kernels, const char *name, struct clgan_driver_note *out);

/* -- memory. Buffers are read-write; a view is a sub-buffer (offset a multiple of base_align). -- */
struct clgan_buffer;
enum clgan_status clgan_buffer_create(struct clgan_cl *cl, size_t bytes, struct clgan_buffer **out, struct clgan_error *e);
enum clgan_status clgan_buffer_view(struct clgan_buffer *parent, size_t offset, size_t bytes, struct clgan_buffer **out,
                                    struct clgan_error *e);
void clgan_buffer_destroy(struct clgan_buffer *b);
size_t clgan_buffer_bytes(const struct clgan_buffer *b);
enum clgan_status clgan_buffer_write(struct clgan_buffer *b, size_t offset, const void *data, size_t n, struct clgan_error *e); /**< blocking */
enum clgan_status clgan_buffer_read(struct clgan_buffer *b, size_t offset, void *data, size_t n, struct clgan_error *e);        /**< blocking */
enum clgan_status clgan_buffer_fill_zero(struct clgan_buffer *b, struct clgan_error *e); /**< enqueued */
enum clgan_status clgan_buffer_copy(struct clgan_buffer *src, size_t src_offset, struct clgan_buffer *dst, size_t dst_offset, size_t n,
                                    struct clgan_error *e); /**< enqueued */

/** Host memory that the driver allocated for fast transfers (CL_MEM_ALLOC_HOST_PTR, mapped): zeroed where the driver does. */
struct clgan_pinned;
enum clgan_status clgan_pinned_create(struct clgan_cl *cl, size_t bytes, struct clgan_pinned **out, struct clgan_error *e);
void *clgan_pinned_data(const struct clgan_pinned *p);
void clgan_pinned_destroy(struct clgan_pinned *p);

/* -- marks in the queue: non-blocking transfers and throttling. -- */
struct clgan_event;
/** @p data must stay untouched until the event was waited for. *ev may be asked for (not NULL) and is then the caller's. */
enum clgan_status clgan_buffer_write_async(struct clgan_buffer *b, size_t offset, const void *data, size_t n, struct clgan_event **ev,
                                           struct clgan_error *e);
enum clgan_status clgan_buffer_read_async(struct clgan_buffer *b, size_t offset, void *data, size_t n, struct clgan_event **ev,
                                          struct clgan_error *e);
enum clgan_status clgan_event_wait(struct clgan_event *ev, struct clgan_error *e);
void clgan_event_destroy(struct clgan_event *ev);
/** Device seconds between start and end of the command (profiling queues; else 0). */
double clgan_event_seconds(struct clgan_event *ev);
/** Event timestamps on the queue from here on, or no longer: waits, then goes on with a new queue on the same memory. */
enum clgan_status clgan_cl_profile(struct clgan_cl *cl, bool on, struct clgan_error *e);
enum clgan_status clgan_cl_flush(struct clgan_cl *cl, struct clgan_error *e);
enum clgan_status clgan_cl_finish(struct clgan_cl *cl, struct clgan_error *e);

/* -- programs and kernels -- */
/** A program is a .cl file of kernels/ with -D options. Built from the disk cache where its entry is whole and its key (source with its
 * includes, options, device, driver, cache format) equal, else by the driver's compiler. Programs are kept by cl and shared. A build
 * failure's error text: file, options, device, then the compiler's log with the .cl file's own line numbers. */
struct clgan_program;
enum clgan_status clgan_program_get(struct clgan_cl *cl, const char *file, const char *options, struct clgan_program **out,
                                    struct clgan_error *e);
/** Writes the binaries of programs that were compiled (not loaded) to the disk cache. Call after the first step, when drivers that
 * finish compiling at first launch have done so. On PoCL this compiles each kernel once more (about 0.1 s a kernel, once ever) and
 * takes at most as long as the device has been open; what is left is stored by a later call or start (until then PoCL's own cache
 * serves, 0.05 s a program). Failing to write is a verbose message, never an error. */
void clgan_programs_save(struct clgan_cl *cl);
/** Hash of the texts of kernels/ files (ended by NULL), includes resolved, as $CLGAN_KERNEL_DIR or the program has them. */
enum clgan_status clgan_program_source_hash(const char *const *files, char hex[65], struct clgan_error *e);
struct clgan_cl_stats {
  unsigned programs_compiled, programs_loaded;
  double compile_seconds;
};
struct clgan_cl_stats clgan_cl_statistics(const struct clgan_cl *cl);

/** A kernel object of its own: arguments set once stay. */
struct clgan_kernel;
enum clgan_status clgan_kernel_create(struct clgan_program *p, const char *name, struct clgan_kernel **out, struct clgan_error *e);
void clgan_kernel_destroy(struct clgan_kernel *k);
enum clgan_status clgan_kernel_arg_buffer(struct clgan_kernel *k, unsigned index, struct clgan_buffer *b, struct clgan_error *e);
enum clgan_status clgan_kernel_arg_bytes(struct clgan_kernel *k, unsigned index, const void *data, size_t n, struct clgan_error *e);
enum clgan_status clgan_kernel_arg_local(struct clgan_kernel *k, unsigned index, size_t bytes, struct clgan_error *e);
/** Enqueues; local sizes are always explicit and divide the global sizes. @param ev NULL, or receives an event (profiling). */
enum clgan_status clgan_kernel_launch(struct clgan_kernel *k, int dims, const size_t global[3], const size_t local[3],
                                      struct clgan_event **ev, struct clgan_error *e);

#endif
