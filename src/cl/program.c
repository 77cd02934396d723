/* Programs: built from source or loaded from the disk cache, kept by the context. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "cl/cl_private.h"

#define KEY_FORMAT "clgan-kernel-key 1"

static char *build_log(const struct clgan_cl *cl, cl_program program) {
  size_t n = 0;
  if (clGetProgramBuildInfo(program, cl->device, CL_PROGRAM_BUILD_LOG, 0, NULL, &n) != CL_SUCCESS) n = 0;
  char *log = clgan_mem_alloc(n + 1);
  if (n > 0 && clGetProgramBuildInfo(program, cl->device, CL_PROGRAM_BUILD_LOG, n, log, NULL) != CL_SUCCESS)
    log[0] = '\0';
  log[n] = '\0';
  size_t length = strlen(log);
  while (length > 0 && (log[length - 1] == '\n' || log[length - 1] == ' ')) log[--length] = '\0';
  return log;
}

static void make_key(const struct clgan_cl *cl, const char *text, const char *options, char key[65]) {
  struct clgan_sha256 s;
  clgan_sha256_init(&s);
  clgan_sha256_string(&s, KEY_FORMAT);
  clgan_sha256_string(&s, text);
  clgan_sha256_string(&s, options);
  clgan_sha256_string(&s, cl->info.platform_name);
  clgan_sha256_string(&s, cl->platform_version);
  clgan_sha256_string(&s, cl->info.name);
  clgan_sha256_string(&s, cl->info.version);
  clgan_sha256_string(&s, cl->info.driver);
  clgan_sha256_final_hex(&s, key);
}

static cl_program load_binary(struct clgan_cl *cl, const char *options, const char key[65], size_t *stored) {
  unsigned char *payload = NULL;
  size_t bytes = 0;
  if (!clgan_cache_read(key, &payload, &bytes)) return NULL;
  cl_int code = CL_SUCCESS, binary = CL_SUCCESS;
  const unsigned char *start = payload;
  cl_program program = clCreateProgramWithBinary(cl->context, 1, &cl->device, &bytes, &start, &binary, &code);
  clgan_mem_free(payload);
  if (code == CL_SUCCESS && binary == CL_SUCCESS &&
      clBuildProgram(program, 1, &cl->device, options, NULL, NULL) == CL_SUCCESS) {
    *stored = bytes;
    return program;
  }
  if (code == CL_SUCCESS) (void)clReleaseProgram(program);
  clgan_log_verbose("kernel cache: the driver refuses entry %s; compiling again", key);
  return NULL;
}

static enum clgan_status compile(struct clgan_cl *cl, const char *file, const char *options, const char *text,
                                 cl_program *out, struct clgan_error *e) {
  double start = clgan_time_now();
  cl_int code = CL_SUCCESS;
  cl_program program = clCreateProgramWithSource(cl->context, 1, &text, NULL, &code);
  if (code != CL_SUCCESS) return clgan_cl_fail(cl, code, e, "kernels/%s: cannot hand the source to the driver", file);
  code = clBuildProgram(program, 1, &cl->device, options, NULL, NULL);
  char *log = build_log(cl, program);
  if ((cl->quirks.flags & CLGAN_QUIRK_IGNORES_LINE) != 0) {
    char *own = clgan_source_translate(text, log);
    clgan_mem_free(log);
    log = own;
  }
  if (code != CL_SUCCESS) {
    (void)clgan_error_set(e, CLGAN_ERR_BUILD,
                          "kernels/%s does not compile with options '%s' on %s (%s, driver %s): %s\n%s", file, options,
                          cl->info.name, cl->info.platform_name, cl->info.driver, clgan_cl_code_name(code),
                          log[0] != '\0' ? log : "(the driver gave no log)");
    (void)clReleaseProgram(program);
    clgan_mem_free(log);
    return CLGAN_ERR_BUILD;
  }
  if (strstr(log, "warning") != NULL) clgan_log_verbose("kernels/%s: %s", file, log);
  clgan_mem_free(log);
  double seconds = clgan_time_now() - start;
  cl->stats.programs_compiled++;
  cl->stats.compile_seconds += seconds;
  clgan_log_verbose("compiled kernels/%s in %.2f s: %s", file, seconds, options);
  *out = program;
  return CLGAN_OK;
}

static struct clgan_program *find_program(const struct clgan_cl *cl, const char *file, const char *options) {
  for (size_t i = 0; i < cl->program_count; i++)
    if (strcmp(cl->programs[i]->file, file) == 0 && strcmp(cl->programs[i]->options, options) == 0)
      return cl->programs[i];
  return NULL;
}

/* warnings are for who works on the kernels: PoCL counts them on stderr */
static char *all_options(const struct clgan_cl *cl, const char *options) {
  return clgan_mem_printf("%s%s%s%s", getenv("CLGAN_KERNEL_DIR") ? "" : "-w ",
                          strstr(options, "-cl-std=") != NULL ? "" : "-cl-std=CL1.2 ", options, cl->quirks.options);
}

/* What a program is built from, and the name that the cache knows it by. */
struct recipe {
  char *text, *options;
  char key[65];
};

static enum clgan_status recipe_read(const struct clgan_cl *cl, const char *file, const char *options, struct recipe *r,
                                     struct clgan_error *e) {
  CLGAN_TRY(clgan_source_load(file, &r->text, e));
  r->options = all_options(cl, options);
  make_key(cl, r->text, r->options, r->key);
  return CLGAN_OK;
}

static void recipe_free(struct recipe *r) {
  clgan_mem_free(r->text);
  clgan_mem_free(r->options);
}

bool clgan_program_is_ready(struct clgan_cl *cl, const char *file, const char *options) {
  struct clgan_error ignored = {0};
  struct recipe r = {0};
  if (find_program(cl, file, options) != NULL) return true;
  if (!cl->cache || recipe_read(cl, file, options, &r, &ignored) != CLGAN_OK) return false;
  char *path = clgan_cache_path(r.key);
  bool ready = path != NULL && clgan_file_exists(path);
  clgan_mem_free(path);
  recipe_free(&r);
  return ready;
}

enum clgan_status clgan_program_get(struct clgan_cl *cl, const char *file, const char *options,
                                    struct clgan_program **out, struct clgan_error *e) {
  struct recipe r = {0};
  if (options == NULL) options = "";
  *out = find_program(cl, file, options);
  if (*out != NULL) return CLGAN_OK;
  CLGAN_TRY(recipe_read(cl, file, options, &r, e));
  struct clgan_program *p = clgan_mem_alloc(sizeof *p);
  p->cl = cl;
  p->file = clgan_mem_strdup(file);
  p->options = clgan_mem_strdup(options);
  p->build_options = clgan_mem_strdup(r.options);
  memcpy(p->key, r.key, sizeof p->key);
  if (cl->cache) p->program = load_binary(cl, r.options, r.key, &p->stored_bytes);
  enum clgan_status s = CLGAN_OK;
  if (p->program != NULL)
    cl->stats.programs_loaded++;
  else
    s = compile(cl, file, r.options, r.text, &p->program, e);
  recipe_free(&r);
  if (s != CLGAN_OK) {
    clgan_program_destroy(p);
    return s;
  }
  CLGAN_GROW(cl->programs, cl->program_count, cl->program_cap);
  cl->programs[cl->program_count++] = p;
  *out = p;
  return CLGAN_OK;
}

void clgan_program_destroy(struct clgan_program *p) {
  if (p == NULL) return;
  if (p->program != NULL) (void)clReleaseProgram(p->program);
  clgan_mem_free(p->file);
  clgan_mem_free(p->options);
  clgan_mem_free(p->build_options);
  clgan_mem_free(p);
}

static bool save_program(struct clgan_program *p) {
  size_t bytes = 0;
  cl_int code = clGetProgramInfo(p->program, CL_PROGRAM_BINARY_SIZES, sizeof bytes, &bytes, NULL);
  if (code != CL_SUCCESS || bytes == 0) {
    clgan_log_verbose("kernel cache: %s gives no binary of kernels/%s", p->cl->info.platform_name, p->file);
    return false;
  }
  unsigned char *payload = clgan_mem_alloc(bytes);
  code = clGetProgramInfo(p->program, CL_PROGRAM_BINARIES, sizeof(unsigned char *), &payload, NULL);
  if (code == CL_SUCCESS) {
    clgan_cache_write(p->key, payload, bytes);
    p->stored_bytes = bytes;
  } else {
    clgan_log_verbose("kernel cache: no binary of kernels/%s: %s", p->file, clgan_cl_code_name(code));
  }
  clgan_mem_free(payload);
  return code == CL_SUCCESS;
}

static size_t kernel_count(const struct clgan_program *p) {
  size_t n = 0;
  return clGetProgramInfo(p->program, CL_PROGRAM_NUM_KERNELS, sizeof n, &n, NULL) == CL_SUCCESS ? n : SIZE_MAX;
}

/* Few kernels first; ties in order of use, so that a start continues where an earlier one stopped. */
static int by_kernel_count(const void *a, const void *b) {
  size_t x = kernel_count(*(struct clgan_program *const *)a), y = kernel_count(*(struct clgan_program *const *)b);
  return x < y ? -1 : x > y;
}

void clgan_programs_save(struct clgan_cl *cl) {
  if (!cl->cache) return;
  (void)clFinish(cl->queue); /* a driver that compiles at a kernel's first launch has done so now */
  const bool slow = (cl->quirks.flags & CLGAN_QUIRK_SLOW_BINARIES) != 0;
  const double start = clgan_time_now();
  /* Storing may at most double the time since the device was opened: a first start, which compiled for long, stores all
     (each saves 0.05 s of every later start); a short command is not held up for long. */
  const double limit = slow ? fmax(1.0, start - cl->opened_at) : (double)INFINITY;
  struct clgan_program **order = clgan_mem_array(cl->program_count + 1, sizeof(struct clgan_program *));
  size_t n = 0, saved = 0, tried = 0;
  for (size_t i = 0; i < cl->program_count; i++)
    if (cl->programs[i]->stored_bytes == 0) order[n++] = cl->programs[i];
  if (slow) qsort(order, n, sizeof(struct clgan_program *), by_kernel_count);
  bool alone = true; /* asked for each program anew: who opens the device meanwhile waits no longer than for one */
  for (; tried < n && clgan_time_now() - start < limit; tried++) {
    alone = clgan_cache_alone(cl->shared_cache);
    if (alone) saved += save_program(order[tried]);
    clgan_cache_alone_end(cl->shared_cache);
    if (!alone) break;
  }
  if (n > 0)
    clgan_log_verbose("kernel cache: stored %zu of %zu programs in %.2f s%s", saved, n, clgan_time_now() - start,
                      !alone      ? "; another process has the device open: the others at a next start"
                      : tried < n ? "; the others at a next start"
                                  : "");
  clgan_mem_free(order);
}
