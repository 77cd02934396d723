/** @file cl_private.h  Private to src/cl: the structures behind cl.h. */
#ifndef CLGAN_CL_PRIVATE_H
#define CLGAN_CL_PRIVATE_H
#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 120
#endif
#include <CL/cl.h>
#include "cl/cl.h"
#include "cl/quirks.h"

struct clgan_device_list {
  struct clgan_device_info *info;
  cl_device_id *id;
  size_t count;
  int platforms;
};

struct clgan_cl {
  struct clgan_device_info info; /**< extensions is this copy's own */
  char platform_version[256];
  cl_device_id device;
  cl_context context;
  cl_command_queue queue;
  bool profiling, cache;
  bool blast;       /**< CLBlast was called: it keeps programs, which keep the context */
  int shared_cache; /**< clgan_cache_share's descriptor, or -1 */
  struct clgan_quirks quirks;
  struct clgan_program **programs;
  size_t program_count, program_cap;
  struct clgan_cl_stats stats;
  uint64_t allocated, memory; /**< bytes of buffers; clgan_cl_options.memory */
  double opened_at; /**< clgan_time_now() at open */
  void *attached;   /**< clgan_cl_attach */
  void (*attached_destroy)(void *);
};

struct clgan_buffer {
  struct clgan_cl *cl;
  cl_mem mem, root; /**< root: the buffer a view lies in (retained), or mem itself */
  size_t offset;    /**< in root */
  size_t bytes;
};

struct clgan_event {
  struct clgan_cl *cl;
  cl_event event;
  cl_event before; /**< of several commands: the end of what came before them; else NULL */
};

struct clgan_program {
  struct clgan_cl *cl;
  char *file, *options, *build_options;
  cl_program program;
  char key[65];
  size_t stored_bytes; /**< size of the binary that the disk cache holds; 0: none */
};

struct clgan_kernel {
  struct clgan_cl *cl;
  const struct clgan_program *program;
  cl_kernel kernel;
  char name[128];
};

const char *clgan_cl_code_name(cl_int code);
/** Records "WHAT: CODE_NAME on DEVICE (PLATFORM)" with the status that fits @p code. */
enum clgan_status clgan_cl_fail(const struct clgan_cl *cl, cl_int code, struct clgan_error *e, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** Hands @p event to *out where asked for, else releases it. */
void clgan_event_give(struct clgan_cl *cl, cl_event event, struct clgan_event **out);
void clgan_program_destroy(struct clgan_program *p);
/** Has CLBlast drop its programs, if it was called here: of other open devices too, it compiles those anew. */
void clgan_blast_forget(const struct clgan_cl *cl);
/** Lowers a device's facts as $CLGAN_LIMITS asks: words separated by commas, nofp64, nofp16, group=WORK-ITEMS,
 * local=BYTES. Kernels that break a limit then fail as on a device that has it. CLGAN_ERR_USAGE names an unknown word. */
enum clgan_status clgan_device_limit(struct clgan_device_info *d, struct clgan_error *e);
/** True if the program is loaded, or the disk cache has an entry for it. */
bool clgan_program_is_ready(struct clgan_cl *cl, const char *file, const char *options);

/** The text of kernels/@p file from $CLGAN_KERNEL_DIR or the embedded table, with every `#include "x"` line replaced by
 * that file's text, so that a driver needs no include path; #line directives keep each file's own numbers. *text is the
 * caller's. */
enum clgan_status clgan_source_load(const char *file, char **text, struct clgan_error *e);
/** A build log with every "input.cl:N" turned into the file and line that line N of clgan_source_load's @p text stands
 * for. The result is the caller's. */
char *clgan_source_translate(const char *text, const char *log);

/** Reads the disk cache's entry; false where there is none or it is damaged. *payload is the caller's. */
bool clgan_cache_read(const char key[65], unsigned char **payload, size_t *bytes);
void clgan_cache_write(const char key[65], const void *payload, size_t bytes);
/** Where storing a program reads the files of a cache that the driver shares between processes, those that may be writing
 * there keep a shared lock from open to close, and who stores needs it alone. @return a descriptor that holds the
 * shared lock, -1 where there is no cache folder. Waits while another process stores. */
int clgan_cache_share(void);
bool clgan_cache_alone(int shared);     /**< false at once where another holds it too */
void clgan_cache_alone_end(int shared); /**< back to shared */
void clgan_cache_share_end(int shared);
char *clgan_cache_path(const char key[65]); /**< the entry's file, the caller's; NULL where no cache folder is known */
#endif
