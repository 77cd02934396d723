/** @file device_internal.h  Shared by device.c (launches, compiling), device_memory.c and device_fma.c. */
#ifndef CLGAN_BENCH_DEVICE_INTERNAL_H
#define CLGAN_BENCH_DEVICE_INTERNAL_H
#include "base/log.h"
#include "bench/device.h"

enum { CLGAN_PROBE_BUFFERS = 3 };

struct clgan_probe {
  struct clgan_cl *cl;
  struct clgan_bench_pace *pace;
  bool quick, peaks, cpu;
  size_t units, group; /**< compute units; items of a work-group */
  struct clgan_buffer *b[CLGAN_PROBE_BUFFERS];
  size_t bytes; /**< of each */
  size_t walk;  /**< of each, what the probes of bandwidth walk over; 0: not known yet */
  struct clgan_bench_row *rows;
  size_t n;
  struct clgan_progress bar;
};
/** A row "device/<name>", announced. NULL: there is no time left for it. */
struct clgan_bench_row *clgan_probe_row(struct clgan_probe *p, const char *name, const char *phase);
/** Puts a failure into the row, which the other probes outlive; or what casts doubt on its times. */
void clgan_probe_settle(struct clgan_probe *p, struct clgan_bench_row *r, enum clgan_status s, struct clgan_error *e);
enum clgan_status clgan_probe_time(struct clgan_probe *p, clgan_bench_work *w, void *context, struct clgan_median *out,
                                   struct clgan_error *e);

/** A kernel of probe.cl as clgan_probe_launch, a clgan_bench_work, takes it. */
struct clgan_probe_launch {
  struct clgan_kernel *kernel;
  size_t global, local;
};
enum clgan_status clgan_probe_kernel(struct clgan_probe *p, const char *options, const char *name,
                                     struct clgan_probe_launch *l, struct clgan_error *e);
enum clgan_status clgan_probe_launch(void *context, int times, struct clgan_error *e);
/** Sets argument @p index, the kernel's turns, so that a launch outlasts its own cost: from few, as a software GPU is
 * slow. */
enum clgan_status clgan_probe_turns(struct clgan_probe *p, struct clgan_probe_launch *l, unsigned index, int *turns,
                                    struct clgan_error *e);

void clgan_probe_transfers(struct clgan_probe *p, struct clgan_error *e);
void clgan_probe_streams(struct clgan_probe *p, struct clgan_error *e);
void clgan_probe_local(struct clgan_probe *p, struct clgan_error *e);
/** Multiply-adds by vector width: of float, or of the other types that the device has. */
enum clgan_status clgan_probe_fma(struct clgan_probe *p, bool of_float, struct clgan_error *e);
#endif
