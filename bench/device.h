/** @file device.h  What a device can do at most: the roofline that everything else is measured against. */
#ifndef CLGAN_BENCH_DEVICE_H
#define CLGAN_BENCH_DEVICE_H
#include "bench/pace.h"
#include "bench/result.h"

enum { CLGAN_BENCH_DEVICE_ROWS = 40 };

/** The best of what was found; 0: not measured. */
struct clgan_roofline {
  double peak_gflops; /**< float32 multiply-adds, two operations each */
  double peak_gbps;   /**< global memory, the fastest of read, copy, scale and triad; bytes read and written */
  double launch_s;    /**< a launch in a chain of empty ones */
};
/** Least time a case of so many operations and bytes can take: max(flops / peak, bytes / bandwidth) (Williams, Waterman,
 * Patterson 2009). */
double clgan_roofline_seconds(const struct clgan_roofline *r, double flops, double bytes);

/** Measures launches, transfers, bandwidth of global and local memory and multiply-adds by vector width.
 * @param peaks only what the roofline needs, quickly: launches, bandwidth, multiply-adds of float.
 * @param rows room for CLGAN_BENCH_DEVICE_ROWS; *n receives how many were filled. A probe
 * that fails leaves its error in its row. */
enum clgan_status clgan_bench_device(struct clgan_cl *cl, struct clgan_bench_pace *pace, bool peaks,
                                     struct clgan_bench_row *rows, size_t *n, struct clgan_roofline *roofline,
                                     struct clgan_error *e);
/** The best of probes' rows, by their medians. */
struct clgan_roofline clgan_bench_roofline(const struct clgan_bench_rows *rows);
/** Builds and first runs a fixed program (a convolution's), whose time is that of compiling. @p cl without anything
 * compiled before. */
enum clgan_status clgan_bench_compile(struct clgan_cl *cl, double *seconds, struct clgan_error *e);
#endif
