/* device_memory.c: transfers, bandwidth of global and local memory. SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "bench/device_internal.h"

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

static void both_ways(struct clgan_probe *p, struct transfer *t, bool pinned, enum clgan_status s,
                      struct clgan_error *e) {
  static const char *const names[2][2] = {{"host-to-device", "device-to-host"},
                                          {"host-to-device-pinned", "device-to-host-pinned"}};
  for (int k = 0; k < 2; k++) {
    struct clgan_bench_row *r = clgan_probe_row(p, names[pinned][k], pinned ? "pinned" : "pageable");
    if (!r) return;
    t->in = k == 0;
    if (s == CLGAN_OK) s = clgan_probe_time(p, do_transfer, t, &r->time, e);
    if (s == CLGAN_OK) r->gbps = (double)t->n / r->time.median * 1e-9;
    clgan_probe_settle(p, r, s, e);
  }
}

void clgan_probe_transfers(struct clgan_probe *p, struct clgan_error *e) {
  const size_t most = (size_t)64 << 20;
  struct transfer t = {.b = p->b[0], .n = p->bytes < most ? p->bytes : most};
  struct clgan_pinned *pinned = NULL;
  enum clgan_status s = clgan_mem_try(&t.host, t.n, 1, "a transfer's buffer", e);
  both_ways(p, &t, false, s, e);
  clgan_mem_free(t.host);
  s = clgan_pinned_create(p->cl, t.n, &pinned, e);
  if (s == CLGAN_OK) t.host = clgan_pinned_data(pinned);
  both_ways(p, &t, true, s, e);
  clgan_pinned_destroy(pinned);
}

/* -- global memory -- */

enum { SMALL_WALK = 16 << 20 };
#define SLOW_WALK 2e9 /* bytes a second: below, software stands between device and memory */

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

/* Vectors of a work-group; @p floats that all groups read at once. */
static size_t run_length(const struct clgan_probe *p, size_t floats, size_t bytes) {
  return bytes / (floats * sizeof(float)) / (2 * p->group) * (2 * p->group);
}

/* A device that walks over memory so slowly that no cache makes a difference walks over less of it. */
static enum clgan_status choose_walk(struct clgan_probe *p, const struct stream *s, struct clgan_probe_launch *l,
                                     size_t floats, struct clgan_error *e) {
  const size_t small = p->bytes < SMALL_WALK ? p->bytes : SMALL_WALK;
  double seconds = 0;
  CLGAN_TRY(stream_arguments(l->kernel, s, p->b, (int)run_length(p, floats, small), e));
  for (int k = 0; k < 2; k++) { /* the first one may compile */
    const double start = clgan_time_now();
    CLGAN_TRY(clgan_probe_launch(l, 1, e));
    CLGAN_TRY(clgan_cl_finish(p->cl, e));
    seconds = clgan_time_now() - start;
  }
  p->walk = (double)small / seconds < SLOW_WALK ? small : p->bytes;
  return CLGAN_OK;
}

static enum clgan_status run_stream(struct clgan_probe *p, const struct stream *s, struct clgan_bench_row *r,
                                    struct clgan_error *e) {
  const size_t vector = p->cpu ? 8 : 4, groups = p->units * (p->cpu ? 4 : 32);
  struct clgan_probe_launch l = {.global = groups * p->group, .local = p->group};
  char options[64];
  (void)snprintf(options, sizeof options, "-DT=float -DV=%zu -DWG=%zu", vector, p->group);
  CLGAN_TRY(clgan_probe_kernel(p, options, s->name, &l, e));
  enum clgan_status status = p->walk ? CLGAN_OK : choose_walk(p, s, &l, groups * vector, e);
  const size_t run = run_length(p, groups * vector, p->walk);
  if (status == CLGAN_OK) status = stream_arguments(l.kernel, s, p->b, (int)run, e);
  if (status == CLGAN_OK) status = clgan_probe_time(p, clgan_probe_launch, &l, &r->time, e);
  if (status == CLGAN_OK)
    r->gbps =
        (double)(s->inputs + s->outputs) * (double)(run * groups * vector * sizeof(float)) / r->time.median * 1e-9;
  clgan_kernel_destroy(l.kernel);
  return status;
}

void clgan_probe_streams(struct clgan_probe *p, struct clgan_error *e) {
  for (size_t k = 0; k < sizeof streams / sizeof streams[0]; k++) {
    struct clgan_bench_row *r = clgan_probe_row(p, streams[k].name, "global memory");
    if (!r) return;
    enum clgan_status s = run_stream(p, &streams[k], r, e);
    clgan_probe_settle(p, r, s, e);
  }
}

/* -- local memory -- */

enum { TILE_BYTES = 8192, TURN_READS = 8 /* probe.cl: sums under way at once */ };

static enum clgan_status run_local(struct clgan_probe *p, struct clgan_bench_row *r, struct clgan_error *e) {
  const size_t vector = p->cpu ? 8 : 4, groups = p->units * (p->cpu ? 8 : 64);
  struct clgan_probe_launch l = {.global = groups * p->group, .local = p->group};
  int turns = 0;
  char options[96];
  (void)snprintf(options, sizeof options, "-DT=float -DV=%zu -DWG=%zu -DTILE=%zu", vector, p->group,
                 TILE_BYTES / (vector * sizeof(float)));
  CLGAN_TRY(clgan_probe_kernel(p, options, "read_local", &l, e));
  enum clgan_status s = clgan_kernel_arg_buffer(l.kernel, 0, p->b[0], e);
  if (s == CLGAN_OK) s = clgan_kernel_arg_buffer(l.kernel, 1, p->b[2], e);
  if (s == CLGAN_OK) s = clgan_probe_turns(p, &l, 2, &turns, e);
  if (s == CLGAN_OK) s = clgan_probe_time(p, clgan_probe_launch, &l, &r->time, e);
  if (s == CLGAN_OK)
    r->gbps = (double)turns * TURN_READS * (double)(l.global * vector * sizeof(float)) / r->time.median * 1e-9;
  clgan_kernel_destroy(l.kernel);
  return s;
}

void clgan_probe_local(struct clgan_probe *p, struct clgan_error *e) {
  struct clgan_bench_row *r = clgan_probe_row(p, "read-local", "local memory");
  if (r) clgan_probe_settle(p, r, run_local(p, r, e), e);
}
