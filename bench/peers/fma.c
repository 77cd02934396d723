/* fma.c: the multiply-adds a second that this processor's vector units can do, by a C program without OpenCL: what `clgan bench
 * devices` should find through a driver. Independent chains of fused multiply-adds in registers, one thread a processor; the
 * widest vectors that compiler and processor have (AVX-512, AVX2, NEON), else GCC's vector extensions. Prints one JSON object:
 * operations (two a multiply-add) of a run, and the seconds of each run by number of chains. SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include "threads.h"
#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#define X86 1
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

#define LEAST_S 0.03 /* of a run */
#define EACH_8(F) F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7)
#define EACH_10(F) EACH_8(F) F(8) F(9)
#define EACH_12(F) EACH_10(F) F(10) F(11)
#define EACH_16(F) EACH_12(F) F(12) F(13) F(14) F(15)
#define EACH_24(F) EACH_16(F) F(16) F(17) F(18) F(19) F(20) F(21) F(22) F(23)

/* As probe.cl has it: c = c a + b in each chain; y[0] depends on all of them. x: 26 numbers that the compiler does not
 * know, a = x[24] keeps the others bounded. Chains are variables of their own: an array might not stay in registers. */
#define START(i) vec c##i = SPLAT(x[i]);
#define STEP(i) c##i = FMA(c##i, a, b);
#define ADD(i) sum = sum + c##i;
#define KERNEL(name, chains)                                           \
  TARGET static void name(long turns, const float *x, float *y) {      \
    const vec a = SPLAT(x[24]), b = SPLAT(x[25]);                      \
    EACH_##chains(START) for (long k = 0; k < turns; k++) {            \
      EACH_##chains(STEP)                                              \
    }                                                                  \
    vec sum = SPLAT(0.0f);                                             \
    EACH_##chains(ADD) for (unsigned k = 0; k < LANES; k++) *y += sum[k]; \
  }

#ifdef X86
#define TARGET __attribute__((target("avx512f")))
#define vec __m512
#define SPLAT(f) _mm512_set1_ps(f)
#define FMA _mm512_fmadd_ps
#define LANES 16
KERNEL(avx512_8, 8)
KERNEL(avx512_12, 12)
KERNEL(avx512_24, 24)
#undef TARGET
#undef vec
#undef SPLAT
#undef FMA
#undef LANES
#define TARGET __attribute__((target("avx2,fma")))
#define vec __m256
#define SPLAT(f) _mm256_set1_ps(f)
#define FMA _mm256_fmadd_ps
#define LANES 8
KERNEL(avx2_8, 8)
KERNEL(avx2_10, 10)
KERNEL(avx2_12, 12)
#undef TARGET
#undef vec
#undef SPLAT
#undef FMA
#undef LANES
#elif defined(__ARM_NEON) && defined(__aarch64__)
#define TARGET
#define vec float32x4_t
#define SPLAT(f) vdupq_n_f32(f)
#define FMA(c, a, b) vfmaq_f32(b, c, a)
#define LANES 4
KERNEL(neon_8, 8)
KERNEL(neon_16, 16)
KERNEL(neon_24, 24)
#undef TARGET
#undef vec
#undef SPLAT
#undef FMA
#undef LANES
#endif

/* Whatever the compiler makes of vectors of 16 bytes: a multiplication and an addition where it has no fused one. */
typedef float vec4 __attribute__((vector_size(16)));
#define TARGET
#define vec vec4
#define SPLAT(f) ((vec4){f, f, f, f})
#define FMA(c, a, b) ((c) * (a) + (b))
#define LANES 4
KERNEL(plain_8, 8)
KERNEL(plain_12, 12)

struct kernel {
  void (*run)(long turns, const float *x, float *y);
  int lanes, chains;
  const char *isa;
};

/* The kernels of the widest vectors that this processor has. */
static const struct kernel *choose(void) {
#ifdef X86
  static const struct kernel avx512[] = {
      {avx512_8, 16, 8, "AVX-512"}, {avx512_12, 16, 12, "AVX-512"}, {avx512_24, 16, 24, "AVX-512"}, {NULL, 0, 0, NULL}};
  static const struct kernel avx2[] = {
      {avx2_8, 8, 8, "AVX2"}, {avx2_10, 8, 10, "AVX2"}, {avx2_12, 8, 12, "AVX2"}, {NULL, 0, 0, NULL}};
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) return avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2;
#elif defined(__ARM_NEON) && defined(__aarch64__)
  static const struct kernel neon[] = {
      {neon_8, 4, 8, "NEON"}, {neon_16, 4, 16, "NEON"}, {neon_24, 4, 24, "NEON"}, {NULL, 0, 0, NULL}};
  return neon;
#endif
  static const struct kernel plain[] = {
      {plain_8, 4, 8, "plain vectors"}, {plain_12, 4, 12, "plain vectors"}, {NULL, 0, 0, NULL}};
  return plain;
}

struct job {
  const struct kernel *kernel;
  long turns;
  float results[PEER_THREADS];
};

static void work(void *context, int k, int n) {
  struct job *j = context;
  float x[26] = {0}, y = 0;
  (void)n;
  x[24] = 0.5f;
  x[25] = 1.0f;
  for (int i = 0; i < 24; i++) x[i] = (float)(i % 3) * (float)(k % 2);
  j->kernel->run(j->turns, x, &y);
  j->results[k] = y;
}

/* Of three: another program makes a run longer, not shorter. */
static double shortest(const struct peer_options *o, struct job *job) {
  double least = peer_threads_run(o, work, job);
  for (int k = 0; k < 2; k++) {
    const double s = peer_threads_run(o, work, job);
    if (s < least) least = s;
  }
  return least;
}

int main(int argc, char **argv) {
  const struct peer_options o = peer_options_parse(argc, argv, (struct peer_options){.runs = 9});
  static struct job job;
  double *times = calloc((size_t)o.runs, sizeof *times);
  const struct kernel *kernels = choose();
  if (!times) return 1;
  printf("{\"what\":\"fma\",\"isa\":\"%s\",\"lanes\":%d,\"threads\":%d,\"pinned\":%s,\"kernels\":[", kernels->isa,
         kernels->lanes, o.threads, o.pin ? "true" : "false");
  for (job.kernel = kernels; job.kernel->run; job.kernel++) {
    job.turns = 1 << 16;
    while (shortest(&o, &job) < LEAST_S) job.turns *= 2;
    for (int k = 0; k < o.runs; k++) times[k] = peer_threads_run(&o, work, &job);
    const double flops = 2.0 * job.kernel->lanes * job.kernel->chains * (double)job.turns * o.threads;
    printf("%s{\"chains\":%d,\"flops\":%.0f", job.kernel == kernels ? "" : ",", job.kernel->chains, flops);
    peer_print_times("seconds", times, o.runs);
    printf(",\"result\":%g}", (double)job.results[0]); /* 2 lanes chains: every number has come to b / (1 - a) */
  }
  printf("]}\n");
  free(times);
  return 0;
}
