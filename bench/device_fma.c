/* device_fma.c: multiply-adds. SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/safetensors.h"
#include "bench/device_internal.h"

static enum clgan_status run_fma(struct clgan_probe *p, const char *type, size_t vector, int chains,
                                 struct clgan_bench_row *r, struct clgan_error *e) {
  const size_t groups = p->units * (p->cpu ? 8 : 64);
  int turns = 0;
  struct clgan_probe_launch l = {.global = groups * p->group, .local = p->group};
  struct clgan_median found;
  char options[96];
  (void)snprintf(options, sizeof options, "-DT=%s -DV=%zu -DWG=%zu -DCHAINS=%d%s", type, vector, p->group, chains,
                 strcmp(type, "half") == 0     ? " -DHALF"
                 : strcmp(type, "double") == 0 ? " -DDOUBLE"
                                               : "");
  CLGAN_TRY(clgan_probe_kernel(p, options, "multiply_add", &l, e));
  enum clgan_status s = clgan_kernel_arg_buffer(l.kernel, 0, p->b[0], e);
  if (s == CLGAN_OK) s = clgan_kernel_arg_buffer(l.kernel, 1, p->b[2], e);
  if (s == CLGAN_OK) s = clgan_probe_turns(p, &l, 2, &turns, e);
  if (s == CLGAN_OK) s = clgan_probe_time(p, clgan_probe_launch, &l, &found, e);
  clgan_kernel_destroy(l.kernel);
  if (s != CLGAN_OK) return s;
  const double gflops = 2.0 * (double)(l.global * vector) * turns * chains / found.median * 1e-9;
  if (gflops <= r->gflops) return CLGAN_OK;
  r->time = found;
  r->gflops = gflops;
  (void)snprintf(r->variant, sizeof r->variant, "%d chains", chains);
  return CLGAN_OK;
}

/* The number of chains that was best on an earlier visit; 0: this is the first. */
static int best_before(const struct clgan_probe *p, const struct clgan_bench_row *r) {
  const struct clgan_bench_row *known = p->pace->visit ? clgan_bench_find(p->pace->known, r->name) : NULL;
  return known ? (int)strtol(known->variant, NULL, 10) : 0;
}

/* The best of several numbers of chains: too few wait for one another, too many do not fit the registers. */
static void probe_width(struct clgan_probe *p, const char *type, size_t vector, struct clgan_error *e) {
  static const int chains[] = {4, 6, 8, 10, 12, 16};
  const bool is_float = strcmp(type, "float") == 0;
  char name[32];
  (void)snprintf(name, sizeof name, vector > 1 ? "fma/%s%zu" : "fma/%s", type, vector);
  struct clgan_bench_row *r = clgan_probe_row(p, name, "multiply-add");
  if (!r) return;
  enum clgan_status s = CLGAN_OK;
  const int best = best_before(p, r);
  for (size_t k = 0; k < sizeof chains / sizeof chains[0] && s == CLGAN_OK; k++) {
    if (r->time.runs && p->pace->deadline > 0 && clgan_time_now() > p->pace->deadline) break; /* the best so far will do */
    if (best ? chains[k] == best : (!p->quick && is_float) || chains[k] == 6 || chains[k] == 10 || (is_float && vector == 16))
      s = run_fma(p, type, vector, chains[k], r, e);
  }
  clgan_probe_settle(p, r, s, e);
}

/* x of multiply_add: 18 numbers of a type, all 0 but b. Zeros and small numbers: none is denormal, none grows. */
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

enum clgan_status clgan_probe_fma(struct clgan_probe *p, bool of_float, struct clgan_error *e) {
  const struct clgan_device_info *d = clgan_cl_info(p->cl);
  const struct {
    const char *type;
    size_t size;
    bool offered;
  } types[] = {{"float", 4, of_float}, {"half", 2, d->fp16 && !of_float}, {"double", 8, d->fp64 && !of_float}};
  for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
    if (!types[t].offered) continue;
    CLGAN_TRY(write_numbers(p->b[0], types[t].size, e));
    for (size_t v = p->peaks ? 4 : 1; v <= 16; v *= 2) probe_width(p, types[t].type, v, e);
  }
  return CLGAN_OK;
}
