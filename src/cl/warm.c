/* Compiling ahead, with helpers: some drivers compile one kernel at a time in a process, and most of it at a kernel's
 * first launch. Other processes of the same program take their share of the work, into the cache that the driver keeps
 * on disk, where this one finds it.
 *
 * The plan is a file without a name, handed to the helpers and mapped by all: a header, a row for each program, then
 * text: file, options, launches. Who is free takes the next row; a row that a helper died over is compiled by whoever
 * needs it, as if there had been no plan. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"
#include "cl/cl_private.h"
#include "cl/warm.h"

enum { HELPERS_MAX = 3, UNITS_MIN = 3, UNITS_MAX = 256, ARGS_MAX = 32 };
/* PoCL compiles a kernel once for launches of less than so many work-items along each side, once for others. */
#define SMALL_GRID 65535u

struct unit {
  size_t at; /* of its text */
  atomic_uint done;
};
struct plan {
  size_t bytes;
  unsigned units;
  atomic_uint next;
  struct unit unit[UNITS_MAX];
};

static char *helper_program;

void clgan_cl_set_helper(const char *path) {
  clgan_mem_free(helper_program);
  helper_program = path != NULL ? clgan_mem_strdup(path) : NULL;
}

/* -- writing a plan -- */

static void put(struct clgan_text *t, const void *data, size_t n) { clgan_text_append(t, data, n); }

static void put_size(struct clgan_text *t, size_t x) { put(t, &x, sizeof x); }

static void put_word(struct clgan_text *t, const char *s) { put(t, s, strlen(s) + 1); }

static size_t largest(const struct clgan_warm_launch *l) {
  size_t g = 0;
  for (int i = 0; i < l->dims; i++) g = l->global[i] > g ? l->global[i] : g;
  return g;
}

/* Would a driver compile the two as one? */
static bool alike(const struct clgan_warm_launch *a, const struct clgan_warm_launch *b) {
  return strcmp(a->kernel, b->kernel) == 0 && a->dims == b->dims &&
         memcmp(a->local, b->local, sizeof a->local) == 0 && (largest(a) < SMALL_GRID) == (largest(b) < SMALL_GRID);
}

static bool same_program(const struct clgan_warm_launch *a, const struct clgan_warm_launch *b) {
  return strcmp(a->file, b->file) == 0 && strcmp(a->options, b->options) == 0;
}

static void put_launch(struct clgan_text *t, const struct clgan_warm_launch *l) {
  put_word(t, l->kernel);
  put_size(t, (size_t)l->dims);
  put(t, l->global, sizeof l->global);
  put(t, l->local, sizeof l->local);
  put_size(t, (size_t)l->n_args);
  for (int a = 0; a < l->n_args; a++) {
    put_size(t, (size_t)l->args[a].kind);
    put_size(t, l->args[a].n);
    if (l->args[a].kind == CLGAN_WARM_BYTES) put(t, l->args[a].data, l->args[a].n);
  }
}

/* The program of launch @p first with every launch of it that is compiled apart; returns how many those are. */
static size_t put_unit(struct clgan_text *t, const struct clgan_warm_launch *l, size_t n, size_t first) {
  size_t *chosen = clgan_mem_array(n, sizeof *chosen), count = 0;
  for (size_t k = first; k < n; k++) {
    bool seen = !same_program(&l[k], &l[first]);
    for (size_t i = 0; i < count && !seen; i++) seen = alike(&l[chosen[i]], &l[k]);
    if (!seen) chosen[count++] = k;
  }
  put_word(t, l[first].file);
  put_word(t, l[first].options);
  put_size(t, count);
  for (size_t i = 0; i < count; i++) put_launch(t, &l[chosen[i]]);
  clgan_mem_free(chosen);
  return count;
}

struct draft {
  struct clgan_text text;
  size_t at[UNITS_MAX], weight[UNITS_MAX];
  unsigned n;
};

static void write_draft(struct clgan_cl *cl, const struct clgan_warm_launch *l, size_t n, struct draft *d) {
  for (size_t k = 0; k < n && d->n < UNITS_MAX; k++) {
    bool earlier = false;
    for (size_t i = 0; i < k && !earlier; i++) earlier = same_program(&l[i], &l[k]);
    if (earlier || clgan_program_is_ready(cl, l[k].file, l[k].options)) continue;
    size_t at = d->text.len, launches = put_unit(&d->text, l, n, k), place = d->n++;
    /* Long ones first, so that the last to end ends early; arithmetic-heavy sources come with many -D options. */
    size_t weight = launches * (1 + strlen(l[k].options));
    for (; place > 0 && d->weight[place - 1] < weight; place--) {
      d->weight[place] = d->weight[place - 1];
      d->at[place] = d->at[place - 1];
    }
    d->weight[place] = weight;
    d->at[place] = at;
  }
}

static struct plan *map_plan(int fd, size_t bytes) {
  void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return p == MAP_FAILED ? NULL : p;
}

static struct plan *publish(const struct draft *d, int fd) {
  size_t bytes = sizeof(struct plan) + d->text.len;
  if (ftruncate(fd, (off_t)bytes) != 0) return NULL;
  struct plan *p = map_plan(fd, bytes);
  if (p == NULL) return NULL;
  p->bytes = bytes;
  p->units = d->n;
  for (unsigned k = 0; k < d->n; k++) p->unit[k].at = sizeof *p + d->at[k];
  memcpy((unsigned char *)p + sizeof *p, d->text.s, d->text.len);
  return p;
}

/* -- working on one -- */

static const unsigned char *get(const unsigned char **at, size_t n) {
  const unsigned char *p = *at;
  *at += n;
  return p;
}

static size_t get_size(const unsigned char **at) {
  size_t x;
  memcpy(&x, get(at, sizeof x), sizeof x);
  return x;
}

static const char *get_word(const unsigned char **at) {
  const char *s = (const char *)*at;
  *at += strlen(s) + 1;
  return s;
}

/* A launch on memory of its own, all zeros: indices and counts in it are then in range. */
static enum clgan_status launch(struct clgan_cl *cl, struct clgan_program *p, const unsigned char **at,
                                struct clgan_error *e) {
  struct clgan_buffer *buffers[ARGS_MAX] = {0};
  struct clgan_kernel *k = NULL;
  size_t global[3], local[3];
  const char *name = get_word(at);
  int dims = (int)get_size(at);
  memcpy(global, get(at, sizeof global), sizeof global);
  memcpy(local, get(at, sizeof local), sizeof local);
  size_t n = get_size(at);
  enum clgan_status s = clgan_kernel_create(p, name, &k, e);
  for (size_t a = 0; a < n; a++) {
    size_t kind = get_size(at), bytes = get_size(at);
    const void *data = kind == CLGAN_WARM_BYTES ? get(at, bytes) : NULL;
    if (s != CLGAN_OK) continue;
    if (kind == CLGAN_WARM_BYTES) s = clgan_kernel_arg_bytes(k, (unsigned)a, data, bytes, e);
    if (kind == CLGAN_WARM_LOCAL) s = clgan_kernel_arg_local(k, (unsigned)a, bytes, e);
    if (kind != CLGAN_WARM_BUFFER) continue;
    s = clgan_buffer_create(cl, bytes, &buffers[a], e);
    if (s == CLGAN_OK) s = clgan_buffer_fill_zero(buffers[a], e);
    if (s == CLGAN_OK) s = clgan_kernel_arg_buffer(k, (unsigned)a, buffers[a], e);
  }
  if (s == CLGAN_OK) s = clgan_kernel_launch(k, dims, global, local, NULL, e);
  if (s == CLGAN_OK) s = clgan_cl_finish(cl, e);
  clgan_kernel_destroy(k);
  for (size_t a = 0; a < ARGS_MAX; a++) clgan_buffer_destroy(buffers[a]);
  return s;
}

/* What fails here fails again, and is told, where it is needed. */
static void compile_unit(struct clgan_cl *cl, struct plan *p, unsigned unit) {
  const unsigned char *at = (const unsigned char *)p + p->unit[unit].at;
  const char *file = get_word(&at), *options = get_word(&at);
  struct clgan_program *program = NULL;
  struct clgan_error ignored = {0};
  double start = clgan_time_now();
  enum clgan_status s = clgan_program_get(cl, file, options, &program, &ignored);
  size_t n = get_size(&at);
  for (size_t k = 0; k < n && s == CLGAN_OK; k++) s = launch(cl, program, &at, &ignored);
  clgan_log_verbose("compiled %zu kernels of kernels/%s ahead in %.2f s", n, file, clgan_time_now() - start);
  atomic_store(&p->unit[unit].done, 1);
}

static bool take(struct plan *p, unsigned *unit) {
  *unit = atomic_fetch_add(&p->next, 1);
  return *unit < p->units;
}

static unsigned count_done(struct plan *p) {
  unsigned n = 0;
  for (unsigned k = 0; k < p->units; k++) n += atomic_load(&p->unit[k].done);
  return n;
}

/* -- helpers -- */

struct helpers {
  struct clgan_process *process[HELPERS_MAX];
  int n;
};

static void start_helpers(struct clgan_cl *cl, int fd, unsigned units, struct helpers *h) {
  const struct clgan_process_options o = {.mute = true, .pass = fd};
  char number[16], device[32];
  const char *const argv[] = {helper_program, "--compile-helper", number, device, NULL};
  struct clgan_error ignored = {0}; /* without helpers everything is compiled here */
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  int wanted = cores > HELPERS_MAX ? HELPERS_MAX : (int)cores - 1;
  if (wanted > (int)units - 1) wanted = (int)units - 1;
  (void)snprintf(number, sizeof number, "%d", CLGAN_PROCESS_PASSED);
  (void)clgan_device_id(&cl->info, device);
  for (int k = 0; k < wanted; k++)
    if (clgan_process_start(helper_program, argv, &o, &h->process[h->n], &ignored) == CLGAN_OK) h->n++;
}

/* Reads what a helper says, to no end, for @p silence_s (0: until it has ended). Has it ended? Then it is forgotten. */
static bool drain(struct helpers *h, int k, double silence_s) {
  enum clgan_process_said said;
  const char *line;
  do said = clgan_process_read(h->process[k], silence_s, &line);
  while (said == CLGAN_PROCESS_LINE);
  if (said == CLGAN_PROCESS_SILENT) return false;
  (void)clgan_process_wait(h->process[k], 0);
  clgan_process_destroy(h->process[k]);
  h->process[k] = h->process[--h->n];
  return true;
}

static void wait_for_helpers(struct plan *p, struct helpers *h, struct clgan_progress *bar) {
  while (count_done(p) < p->units && h->n > 0) {
    clgan_progress_update(bar, count_done(p), NULL);
    for (int k = 0; k < h->n;) k += !drain(h, k, 0.002);
  }
  /* Whoever still runs has nothing left to do and ends by itself: wait, so that no zombie stays. */
  while (h->n > 0) (void)drain(h, 0, 0);
}

static void work(struct clgan_cl *cl, struct plan *p, int fd) {
  struct clgan_progress bar;
  struct helpers h = {.n = 0};
  unsigned unit;
  start_helpers(cl, fd, p->units, &h);
  clgan_log_verbose("compiling %u programs, %d helpers", p->units, h.n);
  clgan_progress_begin(&bar, "compile", "programs", p->units, 0);
  while (h.n > 0 && take(p, &unit)) {
    compile_unit(cl, p, unit);
    clgan_progress_update(&bar, count_done(p), NULL);
  }
  wait_for_helpers(p, &h, &bar);
  clgan_progress_end(&bar);
}

void clgan_programs_warm(struct clgan_cl *cl, const struct clgan_warm_launch *l, size_t n) {
  if ((cl->quirks.flags & CLGAN_QUIRK_SERIAL_COMPILER) == 0 || helper_program == NULL) return;
  struct draft *d = clgan_mem_alloc(sizeof *d);
  write_draft(cl, l, n, d);
  FILE *file = d->n >= UNITS_MIN ? tmpfile() : NULL;
  struct plan *p = file != NULL ? publish(d, fileno(file)) : NULL;
  if (p != NULL) {
    (void)fcntl(fileno(file), F_SETFD, FD_CLOEXEC); /* for the helpers, no other child */
    work(cl, p, fileno(file));
    (void)munmap(p, p->bytes);
  }
  if (file != NULL) (void)fclose(file);
  clgan_text_free(&d->text);
  clgan_mem_free(d);
}

static enum clgan_status help(struct plan *p, const char *device, struct clgan_error *e) {
  struct clgan_device_list *list = NULL;
  const struct clgan_cl_options options = {.no_cache = true};
  struct clgan_cl *cl = NULL;
  char reason[512];
  size_t index = 0;
  unsigned unit;
  enum clgan_status s = clgan_device_list_create(&list, e);
  if (s == CLGAN_OK) s = clgan_device_select(list, device, &index, reason, e);
  if (s == CLGAN_OK) s = clgan_cl_open(list, index, &options, &cl, e);
  while (s == CLGAN_OK && take(p, &unit)) compile_unit(cl, p, unit);
  clgan_cl_close(cl);
  clgan_device_list_destroy(list);
  return s;
}

enum clgan_status clgan_compile_helper(const char *plan, const char *device, struct clgan_error *e) {
  char *end = NULL;
  long fd = strtol(plan, &end, 10);
  size_t bytes = 0;
  if (*plan == '\0' || *end != '\0' || fd < 3 || pread((int)fd, &bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes ||
      bytes < sizeof(struct plan))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--compile-helper is for clgan's own use");
  struct plan *p = map_plan((int)fd, bytes);
  if (p == NULL) return clgan_error_set(e, CLGAN_ERR_IO, "--compile-helper: cannot map the plan");
  enum clgan_status s = help(p, device, e);
  (void)munmap(p, bytes);
  return s;
}
