/* stream.c: bytes a second between processor and memory by a C program without OpenCL: McCalpin's STREAM (copy, scale, triad),
 * and reading or writing alone, in vectors of 32 bytes, one thread a processor, each on its own part of arrays that are
 * several times larger than caches. Prints one JSON object. Bytes are counted as `clgan bench devices` counts them: what the
 * program reads and writes. Where a store first fetches its line (write-allocate), that traffic is NOT counted; "triad
 * streaming" has stores that do not fetch it, where the compiler offers them. SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "threads.h"
#if defined(__x86_64__)
#include <xmmintrin.h>
#define STREAMING 1
#endif

typedef float vec __attribute__((vector_size(32)));
enum { LANES = 8 };

struct arrays {
  vec *a, *b, *y;
  size_t n; /* vectors of each */
  float sums[PEER_THREADS];
};

/* Vectors [first, last) are thread k's. */
#define PART(x, k, n)                                  \
  const size_t first = (x)->n / (size_t)(n) * (size_t)(k), \
               last = (k) == (n) - 1 ? (x)->n : first + (x)->n / (size_t)(n)

static void fill(void *context, int k, int n) { /* the thread that will use a page touches it first */
  struct arrays *x = context;
  PART(x, k, n);
  for (size_t i = first; i < last; i++) {
    x->a[i] = x->b[i] = (vec){1, 1, 1, 1, 1, 1, 1, 1};
    x->y[i] = (vec){0};
  }
}

static void read_all(void *context, int k, int n) {
  struct arrays *x = context;
  vec s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
  PART(x, k, n);
  for (size_t i = first; i + 4 <= last; i += 4) {
    s0 += x->a[i];
    s1 += x->a[i + 1];
    s2 += x->a[i + 2];
    s3 += x->a[i + 3];
  }
  s0 += s1 + s2 + s3;
  x->sums[k] = s0[0] + s0[7];
}

/* Without the barrier compilers call memcpy or memset, which are another program. */
#define EACH(statement)                    \
  for (size_t i = first; i < last; i++) {  \
    statement;                             \
    __asm__ volatile("" ::: "memory");     \
  }

static void write_all(void *context, int k, int n) {
  struct arrays *x = context;
  vec *y = x->y;
  PART(x, k, n);
  const vec f = (vec){0} + 0.5f;
  EACH(y[i] = f)
}

static void copy(void *context, int k, int n) {
  struct arrays *x = context;
  vec *y = x->y, *a = x->a;
  PART(x, k, n);
  EACH(y[i] = a[i])
}

static void scale(void *context, int k, int n) {
  struct arrays *x = context;
  vec *y = x->y, *a = x->a;
  PART(x, k, n);
  EACH(y[i] = 0.5f * a[i])
}

static void triad(void *context, int k, int n) {
  struct arrays *x = context;
  vec *y = x->y, *a = x->a, *b = x->b;
  PART(x, k, n);
  EACH(y[i] = a[i] + 0.5f * b[i])
}

#ifdef STREAMING
static void triad_streaming(void *context, int k, int n) {
  struct arrays *x = context;
  PART(x, k, n);
  const __m128 f = _mm_set1_ps(0.5f);
  for (size_t i = first; i < last; i++)
    for (int h = 0; h < 2; h++) {
      const __m128 a = _mm_load_ps((const float *)(x->a + i) + 4 * h), b = _mm_load_ps((const float *)(x->b + i) + 4 * h);
      _mm_stream_ps((float *)(x->y + i) + 4 * h, _mm_add_ps(a, _mm_mul_ps(f, b)));
    }
  _mm_sfence();
}
#endif

static const struct {
  const char *name;
  void (*run)(void *context, int k, int n);
  int moved; /* arrays */
  float leaves; /* what y holds then */
} streams[] = {{"read", read_all, 1, -1}, {"write", write_all, 1, 0.5f}, {"copy", copy, 2, 1}, {"scale", scale, 2, 0.5f},
               {"triad", triad, 3, 1.5f},
#ifdef STREAMING
               {"triad streaming", triad_streaming, 3, 1.5f},
#endif
};

int main(int argc, char **argv) {
  const struct peer_options o = peer_options_parse(argc, argv, (struct peer_options){.runs = 9, .mib = 256});
  static struct arrays x;
  const size_t bytes = (size_t)o.mib << 20;
  double *times = calloc((size_t)o.runs, sizeof *times);
  x = (struct arrays){.a = aligned_alloc(4096, bytes), .b = aligned_alloc(4096, bytes), .y = aligned_alloc(4096, bytes),
                      .n = bytes / sizeof(vec)};
  if (!times || !x.a || !x.b || !x.y) {
    fprintf(stderr, "%s: no memory for three arrays of %ld MiB: take fewer by --mib N\n", argv[0], o.mib);
    return 1;
  }
  (void)peer_threads_run(&o, fill, &x);
  printf("{\"what\":\"stream\",\"threads\":%d,\"pinned\":%s,\"mib\":%ld,\"streams\":[", o.threads,
         o.pin ? "true" : "false", o.mib);
  for (size_t s = 0; s < sizeof streams / sizeof streams[0]; s++) {
    (void)peer_threads_run(&o, streams[s].run, &x); /* warms up */
    for (int k = 0; k < o.runs; k++) times[k] = peer_threads_run(&o, streams[s].run, &x);
    const float last = x.y[x.n - 1][LANES - 1];
    if (streams[s].leaves >= 0 && (last < streams[s].leaves || last > streams[s].leaves)) {
      fprintf(stderr, "%s: %s left %g, not %g\n", argv[0], streams[s].name, (double)last, (double)streams[s].leaves);
      return 1;
    }
    printf("%s{\"name\":\"%s\",\"bytes\":%.0f", s ? "," : "", streams[s].name,
           (double)streams[s].moved * (double)(x.n * sizeof(vec)));
    peer_print_times("seconds", times, o.runs);
    printf("}");
  }
  printf("]}\n");
  free(x.a);
  free(x.b);
  free(x.y);
  free(times);
  return 0;
}
