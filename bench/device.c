/* device.c: launches, and what all probes share. SPDX-License-Identifier: MIT */
#include "bench/device.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/device_internal.h"

#define SLOW_LAUNCH_S 1e-4 /* fewer of them make a chain */
enum { CHAIN = 500, GROUP = 256, TURNS_MAX = 1 << 15 /* llvmpipe ends an item's loops after 65,535 turns */ };

double clgan_roofline_seconds(const struct clgan_roofline *r, double flops, double bytes) {
  double compute = r->peak_gflops > 0 ? flops / (r->peak_gflops * 1e9) : 0;
  double memory = r->peak_gbps > 0 ? bytes / (r->peak_gbps * 1e9) : 0;
  return fmax(compute, memory);
}

struct clgan_roofline clgan_bench_roofline(const struct clgan_bench_rows *rows) {
  struct clgan_roofline best = {0};
  for (size_t k = 0; k < rows->n; k++) {
    const struct clgan_bench_row *r = &rows->items[k];
    if (!r->time.runs) continue;
    if (!strncmp(r->name, "device/fma/float", 16)) best.peak_gflops = fmax(best.peak_gflops, r->gflops);
    if (!strcmp(r->phase, "global memory")) best.peak_gbps = fmax(best.peak_gbps, r->gbps);
    if (!strcmp(r->name, "device/launch")) best.launch_s = r->time.median;
  }
  return best;
}

/* -- for every probe -- */

enum clgan_status clgan_probe_time(struct clgan_probe *p, clgan_bench_work *w, void *context, struct clgan_median *out,
                                   struct clgan_error *e) {
  struct clgan_bench_timing t = {.least_s = 0.02, .runs = 9, .most = 51, .budget_s = 0.6};
  if (p->quick) t = (struct clgan_bench_timing){.least_s = 0.008, .runs = 5, .most = 15, .budget_s = 0.1};
  clgan_bench_timing_share(p->pace, &t);
  t.bound = clgan_bench_bound(p->pace) / 2; /* everything else's share goes by these */
  return clgan_bench_time(p->cl, w, context, &t, out, e);
}

struct clgan_bench_row *clgan_probe_row(struct clgan_probe *p, const char *name, const char *phase) {
  char full[sizeof p->rows->name];
  (void)snprintf(full, sizeof full, "device/%s", name);
  if (p->n == CLGAN_BENCH_DEVICE_ROWS || !clgan_bench_begin(p->pace, full)) return NULL;
  struct clgan_bench_row *r = &p->rows[p->n++];
  *r = (struct clgan_bench_row){.phase = phase};
  (void)snprintf(r->name, sizeof r->name, "%s", full);
  return r;
}

void clgan_probe_settle(struct clgan_probe *p, struct clgan_bench_row *r, enum clgan_status s, struct clgan_error *e) {
  if (s != CLGAN_OK) {
    clgan_bench_fail(r, e);
    clgan_error_clear(e);
  } else {
    clgan_bench_doubt(p->pace, &r->time, r->note, sizeof r->note);
  }
  clgan_progress_update(&p->bar, (double)p->n, r->name);
}

enum clgan_status clgan_probe_kernel(struct clgan_probe *p, const char *options, const char *name,
                                     struct clgan_probe_launch *l, struct clgan_error *e) {
  struct clgan_program *program = NULL;
  CLGAN_TRY(clgan_program_get(p->cl, "probe.cl", options, &program, e));
  return clgan_kernel_create(program, name, &l->kernel, e);
}

enum clgan_status clgan_probe_launch(void *context, int times, struct clgan_error *e) {
  const struct clgan_probe_launch *l = context;
  const size_t global[3] = {l->global, 1, 1}, local[3] = {l->local, 1, 1};
  for (int k = 0; k < times; k++) CLGAN_TRY(clgan_kernel_launch(l->kernel, 1, global, local, NULL, e));
  return CLGAN_OK;
}

enum clgan_status clgan_probe_turns(struct clgan_probe *p, struct clgan_probe_launch *l, unsigned index, int *turns,
                                    struct clgan_error *e) {
  for (*turns = 32;; *turns *= 4) {
    double seconds = 0;
    for (int k = 0; k < 2; k++) { /* the first one may compile */
      CLGAN_TRY(clgan_kernel_arg_bytes(l->kernel, index, turns, sizeof *turns, e));
      const double start = clgan_time_now();
      CLGAN_TRY(clgan_probe_launch(l, 1, e));
      CLGAN_TRY(clgan_cl_finish(p->cl, e));
      seconds = clgan_time_now() - start;
    }
    if (seconds > 2e-3 || *turns >= TURNS_MAX) return CLGAN_OK;
  }
}

/* -- launches -- */

struct waited {
  struct clgan_probe_launch launch;
  int chain;
  struct clgan_cl *cl;
};

static enum clgan_status do_waited(void *context, int times, struct clgan_error *e) {
  struct waited *w = context;
  for (int k = 0; k < times; k++) {
    CLGAN_TRY(clgan_probe_launch(&w->launch, 1, e));
    CLGAN_TRY(clgan_cl_finish(w->cl, e));
  }
  return CLGAN_OK;
}

static enum clgan_status do_chain(void *context, int times, struct clgan_error *e) {
  const struct waited *w = context;
  return clgan_probe_launch((void *)&w->launch, times * w->chain, e);
}

static void probe_launches(struct clgan_probe *p, struct clgan_error *e) {
  struct waited w = {.launch = {.global = 1, .local = 1}, .cl = p->cl};
  struct clgan_bench_row *r = clgan_probe_row(p, "launch-waited", "one at a time");
  if (!r) return;
  enum clgan_status s = clgan_probe_kernel(p, "-DT=float -DV=1 -DWG=1", "nothing", &w.launch, e);
  if (s == CLGAN_OK) s = clgan_kernel_arg_buffer(w.launch.kernel, 0, p->b[2], e);
  if (s == CLGAN_OK) s = clgan_probe_time(p, do_waited, &w, &r->time, e);
  clgan_probe_settle(p, r, s, e);
  r = s == CLGAN_OK ? clgan_probe_row(p, "launch", "in a chain") : NULL;
  if (r) {
    w.chain = p->rows[p->n - 2].time.median > SLOW_LAUNCH_S ? CHAIN / 10 : CHAIN;
    s = clgan_probe_time(p, do_chain, &w, &r->time, e);
    r->time.median /= w.chain, r->time.lo /= w.chain, r->time.hi /= w.chain;
    clgan_probe_settle(p, r, s, e);
  }
  clgan_kernel_destroy(w.launch.kernel);
}

/* -- compiling -- */

enum clgan_status clgan_bench_compile(struct clgan_cl *cl, double *seconds, struct clgan_error *e) {
  struct clgan_program *program = NULL;
  struct clgan_probe_launch l = {.global = 1, .local = 1};
  struct clgan_buffer *b[2] = {NULL, NULL};
  const int turns = 1;
  double start = clgan_time_now();
  enum clgan_status s = clgan_program_get(cl, "probe.cl", "-DT=float -DV=8 -DWG=1 -DCHAINS=8", &program, e);
  if (s == CLGAN_OK) s = clgan_kernel_create(program, "multiply_add", &l.kernel, e);
  for (unsigned k = 0; k < 2 && s == CLGAN_OK; k++) {
    s = clgan_buffer_create(cl, 1024, &b[k], e);
    if (s == CLGAN_OK) s = clgan_kernel_arg_buffer(l.kernel, k, b[k], e);
  }
  if (s == CLGAN_OK) s = clgan_kernel_arg_bytes(l.kernel, 2, &turns, sizeof turns, e);
  if (s == CLGAN_OK) s = clgan_probe_launch(&l, 1, e);
  if (s == CLGAN_OK) s = clgan_cl_finish(cl, e);
  *seconds = clgan_time_now() - start;
  clgan_kernel_destroy(l.kernel);
  for (int k = 0; k < 2; k++) clgan_buffer_destroy(b[k]);
  return s;
}

/* -- all -- */

static enum clgan_status open_buffers(struct clgan_probe *p, struct clgan_error *e) {
  const struct clgan_device_info *d = clgan_cl_info(p->cl);
  p->bytes = (size_t)(p->quick ? 128 : 256) << 20; /* several times any cache */
  while (p->bytes > d->max_alloc || CLGAN_PROBE_BUFFERS * (uint64_t)p->bytes > d->global_mem / 2) p->bytes /= 2;
  for (int k = 0; k < CLGAN_PROBE_BUFFERS; k++) {
    CLGAN_TRY(clgan_buffer_create(p->cl, p->bytes, &p->b[k], e));
    CLGAN_TRY(clgan_buffer_fill_zero(p->b[k], e));
  }
  return CLGAN_OK;
}

static enum clgan_status probe_all(struct clgan_probe *p, struct clgan_error *e) {
  probe_launches(p, e);
  CLGAN_TRY(clgan_probe_fma(p, true, e)); /* a slow device may have time for nothing else, and shares and forecasts need it */
  clgan_probe_streams(p, e);
  if (p->peaks) return CLGAN_OK;
  clgan_probe_transfers(p, e);
  clgan_probe_local(p, e);
  return clgan_probe_fma(p, false, e);
}

enum clgan_status clgan_bench_device(struct clgan_cl *cl, struct clgan_bench_pace *pace, bool peaks,
                                     struct clgan_bench_row *rows, size_t *n, struct clgan_roofline *roofline,
                                     struct clgan_error *e) {
  const struct clgan_device_info *d = clgan_cl_info(cl);
  struct clgan_probe p = {.cl = cl,
                          .pace = pace,
                          .quick = pace->quick || peaks,
                          .peaks = peaks,
                          .rows = rows,
                          .cpu = d->type == CLGAN_DEVICE_CPU,
                          .units = d->compute_units > 0 ? d->compute_units : 1};
  for (p.group = p.cpu ? 1 : GROUP; p.group > d->max_work_group; p.group /= 2) continue;
  clgan_progress_begin(&p.bar, clgan_bench_pace_title(pace), "probes", peaks ? 10 : (double)(12 + 5 * (1 + d->fp16 + d->fp64)), 0);
  enum clgan_status s = open_buffers(&p, e);
  if (s == CLGAN_OK) s = probe_all(&p, e);
  clgan_progress_end(&p.bar);
  for (int k = 0; k < CLGAN_PROBE_BUFFERS; k++) clgan_buffer_destroy(p.b[k]);
  *n = p.n;
  *roofline = clgan_bench_roofline(&(struct clgan_bench_rows){.items = rows, .n = p.n});
  return s;
}
