/* device.c: launches, transfers, bandwidth, multiply-adds. SPDX-License-Identifier: MIT */
#include "bench/device.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/safetensors.h"
#include "bench/timer.h"

enum { CHAIN = 500 };

struct probe {
  struct clgan_cl *cl;
  bool quick, peaks, cpu;
  size_t units;
  struct clgan_bench_row *rows;
  size_t n;
  struct clgan_progress bar;
  struct clgan_roofline best;
};

double clgan_roofline_seconds(const struct clgan_roofline *r, double flops, double bytes) {
  double compute = r->peak_gflops > 0 ? flops / (r->peak_gflops * 1e9) : 0;
  double memory = r->peak_gbps > 0 ? bytes / (r->peak_gbps * 1e9) : 0;
  return fmax(compute, memory);
}

static enum clgan_status time_work(struct probe *p, clgan_bench_work *w, void *context, struct clgan_median *out,
                                   struct clgan_error *e) {
  const struct clgan_bench_timing quick = {.least_s = 0.01, .runs = 9, .most = 9},
                                  usual = {.least_s = 0.03, .runs = 25, .most = 25};
  return clgan_bench_time(p->cl, w, context, p->quick ? &quick : &usual, out, e);
}

static struct clgan_bench_row *add_row(struct probe *p, const char *name, const char *phase) {
  struct clgan_bench_row *r = &p->rows[p->n++];
  *r = (struct clgan_bench_row){.phase = phase};
  (void)snprintf(r->name, sizeof r->name, "device/%s", name);
  return r;
}

/* Puts a failure into the row: the other probes go on. */
static void settle(struct probe *p, struct clgan_bench_row *r, enum clgan_status s, struct clgan_error *e) {
  if (s != CLGAN_OK) {
    clgan_bench_fail(r, e);
    clgan_error_clear(e);
  }
  clgan_progress_update(&p->bar, (double)p->n, r->name);
}

/* -- launches -- */

struct launch {
  struct clgan_kernel *kernel;
  size_t global, local;
};

static enum clgan_status do_launch(void *context, int times, struct clgan_error *e) {
  const struct launch *l = context;
  const size_t global[3] = {l->global, 1, 1}, local[3] = {l->local, 1, 1};
  for (int k = 0; k < times; k++) CLGAN_TRY(clgan_kernel_launch(l->kernel, 1, global, local, NULL, e));
  return CLGAN_OK;
}

struct waited {
  struct launch launch;
  struct clgan_cl *cl;
};

static enum clgan_status do_waited(void *context, int times, struct clgan_error *e) {
  struct waited *w = context;
  for (int k = 0; k < times; k++) {
    CLGAN_TRY(do_launch(&w->launch, 1, e));
    CLGAN_TRY(clgan_cl_finish(w->cl, e));
  }
  return CLGAN_OK;
}

static enum clgan_status do_chain(void *context, int times, struct clgan_error *e) {
  return do_launch(context, times * CHAIN, e);
}

static enum clgan_status measure_launches(struct probe *p, struct clgan_buffer *y, struct clgan_error *e) {
  struct clgan_program *program = NULL;
  struct waited w = {.launch = {.global = 1, .local = 1}, .cl = p->cl};
  struct clgan_bench_row *one = add_row(p, "launch-waited", "one at a time"), *chain = NULL;
  enum clgan_status s = clgan_program_get(p->cl, "probe.cl", "-DT=float -DV=1 -DWG=1", &program, e);
  if (s == CLGAN_OK) s = clgan_kernel_create(program, "nothing", &w.launch.kernel, e);
  if (s == CLGAN_OK) s = clgan_kernel_arg_buffer(w.launch.kernel, 0, y, e);
  if (s == CLGAN_OK) s = time_work(p, do_waited, &w, &one->time, e);
  settle(p, one, s, e);
  chain = add_row(p, "launch", "in a chain");
  if (s == CLGAN_OK) s = time_work(p, do_chain, &w.launch, &chain->time, e);
  chain->time.median /= CHAIN, chain->time.lo /= CHAIN, chain->time.hi /= CHAIN;
  p->best.launch_s = s == CLGAN_OK ? chain->time.median : 0;
  settle(p, chain, s, e);
  clgan_kernel_destroy(w.launch.kernel);
  return CLGAN_OK;
}

/* -- transfers between host and device -- */

struct transfer {
  struct clgan_buffer *b;
  void *host;
  size_t n;
  bool in;
};

static enum clgan_status do_transfer(void *context, int times, struct clgan_error *e) {
  struct transfer *t = context;
  for (int k = 0; k < times; k++)
    CLGAN_TRY(t->in ? clgan_buffer_write(t->b, 0, t->host, t->n, e) : clgan_buffer_read(t->b, 0, t->host, t->n, e));
  return CLGAN_OK;
}

static void measure_transfers(struct probe *p, struct clgan_buffer *b, size_t n, struct clgan_error *e) {
  struct transfer t = {.b = b, .n = n};
  enum clgan_status s = clgan_mem_try(&t.host, n, 1, "a transfer's buffer", e);
  for (int k = 0; k < 2; k++) {
    struct clgan_bench_row *r = add_row(p, k ? "device-to-host" : "host-to-device", "pageable");
    t.in = k == 0;
    if (s == CLGAN_OK) s = time_work(p, do_transfer, &t, &r->time, e);
    if (s == CLGAN_OK) r->gbps = (double)n / r->time.median * 1e-9;
    settle(p, r, s, e);
  }
  clgan_mem_free(t.host);
}

/* -- global memory -- */

struct stream {
  const char *name;
  int inputs, outputs;
  bool factor;
};
static const struct stream streams[] = {
    {"read", 1, 0, false}, {"write", 0, 1, true}, {"copy", 1, 1, false}, {"scale", 1, 1, true}, {"triad", 2, 1, true}};

static enum clgan_status stream_arguments(struct clgan_kernel *k, const struct stream *s, struct clgan_buffer *const *b,
                                          int run, struct clgan_error *e) {
  const float f = 0.5f;
  unsigned at = 0;
  for (int i = 0; i < s->inputs; i++) CLGAN_TRY(clgan_kernel_arg_buffer(k, at++, b[i], e));
  CLGAN_TRY(clgan_kernel_arg_buffer(k, at++, b[2], e)); /* the output; sums of `read` */
  if (s->factor) CLGAN_TRY(clgan_kernel_arg_bytes(k, at++, &f, sizeof f, e));
  return clgan_kernel_arg_bytes(k, at, &run, sizeof run, e);
}

static enum clgan_status run_stream(struct probe *p, const struct stream *s, struct clgan_buffer *const *b,
                                    size_t bytes, struct clgan_bench_row *r, struct clgan_error *e) {
  const size_t vector = p->cpu ? 8 : 4, group = p->cpu ? 1 : 256, groups = p->units * (p->cpu ? 4 : 32);
  const size_t run = bytes / (groups * vector * sizeof(float)) / (2 * group) * (2 * group);
  struct clgan_program *program = NULL;
  struct launch l = {.global = groups * group, .local = group};
  char options[64];
  (void)snprintf(options, sizeof options, "-DT=float -DV=%zu -DWG=%zu", vector, group);
  CLGAN_TRY(clgan_program_get(p->cl, "probe.cl", options, &program, e));
  CLGAN_TRY(clgan_kernel_create(program, s->name, &l.kernel, e));
  enum clgan_status status = stream_arguments(l.kernel, s, b, (int)run, e);
  if (status == CLGAN_OK) status = time_work(p, do_launch, &l, &r->time, e);
  if (status == CLGAN_OK)
    r->gbps =
        (double)(s->inputs + s->outputs) * (double)(run * groups * vector * sizeof(float)) / r->time.median * 1e-9;
  clgan_kernel_destroy(l.kernel);
  return status;
}

/* -- multiply-adds -- */

/* Sets the kernel's turns, so many that a launch outlasts its own cost: from few, as a software GPU is slow. */
static enum clgan_status choose_turns(struct probe *p, struct launch *l, int *turns, struct clgan_error *e) {
  for (*turns = 32;; *turns *= 4) {
    double seconds = 0;
    for (int k = 0; k < 2; k++) { /* the first one may compile */
      CLGAN_TRY(clgan_kernel_arg_bytes(l->kernel, 2, turns, sizeof *turns, e));
      const double start = clgan_time_now();
      CLGAN_TRY(do_launch(l, 1, e));
      CLGAN_TRY(clgan_cl_finish(p->cl, e));
      seconds = clgan_time_now() - start;
    }
    if (seconds > 2e-3 || *turns >= 1 << 17) return CLGAN_OK;
  }
}

static enum clgan_status run_fma(struct probe *p, const char *type, size_t vector, int chains,
                                 struct clgan_buffer *const *b, struct clgan_bench_row *r, struct clgan_error *e) {
  const size_t group = p->cpu ? 1 : 256, groups = p->units * (p->cpu ? 8 : 64);
  int turns = 0;
  struct clgan_program *program = NULL;
  struct launch l = {.global = groups * group, .local = group};
  struct clgan_median found;
  char options[96];
  (void)snprintf(options, sizeof options, "-DT=%s -DV=%zu -DWG=%zu -DCHAINS=%d%s", type, vector, group, chains,
                 strcmp(type, "half") == 0     ? " -DHALF"
                 : strcmp(type, "double") == 0 ? " -DDOUBLE"
                                               : "");
  CLGAN_TRY(clgan_program_get(p->cl, "probe.cl", options, &program, e));
  CLGAN_TRY(clgan_kernel_create(program, "multiply_add", &l.kernel, e));
  enum clgan_status s = clgan_kernel_arg_buffer(l.kernel, 0, b[0], e);
  if (s == CLGAN_OK) s = clgan_kernel_arg_buffer(l.kernel, 1, b[2], e);
  if (s == CLGAN_OK) s = choose_turns(p, &l, &turns, e);
  if (s == CLGAN_OK) s = time_work(p, do_launch, &l, &found, e);
  clgan_kernel_destroy(l.kernel);
  if (s != CLGAN_OK) return s;
  const double gflops = 2.0 * (double)(groups * group * vector) * turns * chains / found.median * 1e-9;
  if (gflops <= r->gflops) return CLGAN_OK;
  r->time = found;
  r->gflops = gflops;
  (void)snprintf(r->variant, sizeof r->variant, "%d chains", chains);
  return CLGAN_OK;
}

/* The best of several numbers of chains: too few wait for one another, too many do not fit the registers. */
static void measure_fma(struct probe *p, const char *type, size_t vector, struct clgan_buffer *const *b,
                        struct clgan_error *e) {
  static const int chains[] = {4, 6, 8, 10, 12, 16};
  char name[32];
  (void)snprintf(name, sizeof name, vector > 1 ? "fma/%s%zu" : "fma/%s", type, vector);
  struct clgan_bench_row *r = add_row(p, name, "multiply-add");
  enum clgan_status s = CLGAN_OK;
  for (size_t k = 0; k < sizeof chains / sizeof chains[0] && s == CLGAN_OK; k++)
    if (!p->quick || chains[k] == 6 || chains[k] == 10 || vector == 16)
      s = run_fma(p, type, vector, chains[k], b, r, e);
  if (s == CLGAN_OK && strcmp(type, "float") == 0) p->best.peak_gflops = fmax(p->best.peak_gflops, r->gflops);
  settle(p, r, s, e);
}

/* x of multiply_add: 18 numbers of @p type, all 0 but b. Zeros and small numbers: none is denormal, none grows. */
static enum clgan_status write_numbers(struct clgan_buffer *b, size_t size, struct clgan_error *e) {
  unsigned char x[18 * sizeof(double)] = {0};
  for (size_t k = 0; k < 18; k++) {
    const double d = k == 16 ? 0.5 : 1.0;
    const float f = (float)d;
    const uint16_t h = clgan_half_from_float(f);
    memcpy(x + k * size, size == 8 ? (const void *)&d : size == 4 ? (const void *)&f : (const void *)&h, size);
  }
  return clgan_buffer_write(b, 0, x, 18 * size, e);
}

static enum clgan_status measure(struct probe *p, struct clgan_buffer *const *b, size_t bytes, struct clgan_error *e) {
  static const struct {
    const char *type;
    size_t size;
  } types[] = {{"float", 4}, {"half", 2}, {"double", 8}};
  const struct clgan_device_info *d = clgan_cl_info(p->cl);
  CLGAN_TRY(measure_launches(p, b[2], e));
  if (!p->peaks) measure_transfers(p, b[0], bytes < ((size_t)64 << 20) ? bytes : (size_t)64 << 20, e);
  for (size_t k = 0; k < sizeof streams / sizeof streams[0]; k++) {
    struct clgan_bench_row *r = add_row(p, streams[k].name, "global memory");
    enum clgan_status s = run_stream(p, &streams[k], b, bytes, r, e);
    p->best.peak_gbps = fmax(p->best.peak_gbps, s == CLGAN_OK ? r->gbps : 0);
    settle(p, r, s, e);
  }
  for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
    if (p->peaks && types[t].size != 4) continue;
    if ((types[t].size == 2 && !d->fp16) || (types[t].size == 8 && !d->fp64)) continue;
    CLGAN_TRY(write_numbers(b[0], types[t].size, e));
    for (size_t v = p->peaks ? 4 : 1; v <= 16; v *= 2) measure_fma(p, types[t].type, v, b, e);
  }
  return CLGAN_OK;
}

enum clgan_status clgan_bench_device(struct clgan_cl *cl, enum clgan_bench_extent extent, struct clgan_bench_row *rows,
                                     size_t *n, struct clgan_roofline *roofline, struct clgan_error *e) {
  const bool quick = extent != CLGAN_BENCH_FULL, peaks = extent == CLGAN_BENCH_PEAKS;
  const struct clgan_device_info *d = clgan_cl_info(cl);
  struct probe p = {.cl = cl, .quick = quick, .peaks = peaks, .rows = rows, .cpu = d->type == CLGAN_DEVICE_CPU};
  struct clgan_buffer *b[3] = {0};
  size_t bytes = (size_t)(quick ? 128 : 256) << 20; /* several times any cache */
  p.units = d->compute_units > 0 ? d->compute_units : 1;
  while (bytes > d->max_alloc || 3 * (uint64_t)bytes > d->global_mem / 2) bytes /= 2;
  enum clgan_status s = CLGAN_OK;
  for (int k = 0; k < 3 && s == CLGAN_OK; k++) s = clgan_buffer_create(cl, bytes, &b[k], e);
  for (int k = 0; k < 3 && s == CLGAN_OK; k++) s = clgan_buffer_fill_zero(b[k], e);
  clgan_progress_begin(&p.bar, "bench", "probes", peaks ? 10 : (double)(9 + 5 * (1 + d->fp16 + d->fp64)), 0);
  if (s == CLGAN_OK) s = measure(&p, b, bytes, e);
  clgan_progress_end(&p.bar);
  for (int k = 0; k < 3; k++) clgan_buffer_destroy(b[k]);
  *n = p.n;
  *roofline = p.best;
  return s;
}
