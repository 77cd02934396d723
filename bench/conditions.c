/* conditions.c: other programs and throttled clocks, as Linux tells them. SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700
#include "bench/conditions.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

#define MUCH 0.05 /* of the processor's time, for other programs */

static double seconds_of(const struct timeval *t) {
  return (double)t->tv_sec + 1e-6 * (double)t->tv_usec;
}

static double own_seconds(void) {
  struct rusage self, children;
  if (getrusage(RUSAGE_SELF, &self) != 0 || getrusage(RUSAGE_CHILDREN, &children) != 0) return 0;
  return seconds_of(&self.ru_utime) + seconds_of(&self.ru_stime) + seconds_of(&children.ru_utime) +
         seconds_of(&children.ru_stime);
}

/* user nice system idle iowait irq softirq steal, in ticks since the machine's start; zeros where they cannot be read */
static void read_processors(double *busy, double *total) {
  double t[8] = {0};
  FILE *f = fopen("/proc/stat", "r");
  *busy = *total = 0;
  if (!f) return;
  int n = fscanf(f, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]);
  (void)fclose(f);
  if (n < 4) return;
  for (int k = 0; k < 8; k++) {
    *total += t[k] / (double)sysconf(_SC_CLK_TCK);
    if (k != 3 && k != 4) *busy += t[k] / (double)sysconf(_SC_CLK_TCK);
  }
}

static double read_throttled(void) {
  double x = 0;
  FILE *f = fopen("/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count", "r");
  if (f && fscanf(f, "%lf", &x) != 1) x = 0;
  if (f) (void)fclose(f);
  return x;
}

void clgan_conditions_begin(struct clgan_conditions *c) {
  c->start_s = clgan_time_now();
  read_processors(&c->busy, &c->total);
  c->own = own_seconds();
  c->throttled = read_throttled();
}

static void warn(cJSON *warnings, char *text) {
  cJSON_AddItemToArray(warnings, cJSON_CreateString(text));
  clgan_mem_free(text);
}

cJSON *clgan_conditions_end(const struct clgan_conditions *c, const struct clgan_bench_pace *p) {
  cJSON *o = cJSON_CreateObject(), *warnings = cJSON_CreateArray(), *left_out = cJSON_CreateArray();
  double busy, total, throttled = read_throttled() - c->throttled;
  read_processors(&busy, &total);
  cJSON_AddNumberToObject(o, "seconds", clgan_time_now() - c->start_s);
  if (c->total > 0 && total > c->total) {
    double others = (busy - c->busy - (own_seconds() - c->own)) / (total - c->total);
    cJSON_AddNumberToObject(o, "others_share", others > 0 ? others : 0);
    if (others > MUCH)
      warn(warnings, clgan_mem_printf("other programs took %.0f %% of the processor's time meanwhile", others * 100));
  }
  if (throttled > 0)
    warn(warnings, clgan_mem_printf("the processor was slowed down for heat %.0f times meanwhile", throttled));
  for (size_t k = 0; k < p->n_left_out; k++) cJSON_AddItemToArray(left_out, cJSON_CreateString(p->left_out[k]));
  cJSON_AddItemToObject(o, "warnings", warnings);
  cJSON_AddItemToObject(o, "left_out", left_out);
  return o;
}
