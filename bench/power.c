/* power.c: RAPL by /sys/class/powercap, clocks by perf_event_open. SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "bench/power.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#ifdef __linux__
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

static int cycles_fd = -1, busy_fd = -1;

static int open_counter(uint32_t type, uint64_t what) {
  struct perf_event_attr a = {.type = type, .size = sizeof a, .config = what, .inherit = 1, .exclude_kernel = 1, .exclude_hv = 1};
  return (int)syscall(SYS_perf_event_open, &a, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

void clgan_power_watch(void) {
  if (cycles_fd >= 0) return;
  cycles_fd = open_counter(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES);
  busy_fd = cycles_fd >= 0 ? open_counter(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK) : -1;
}

static double read_counter(int fd) {
  uint64_t x = 0;
  return fd >= 0 && read(fd, &x, sizeof x) == (ssize_t)sizeof x ? (double)x : 0;
}

static void read_cycles(double *cycles, double *busy_s) {
  *cycles = read_counter(cycles_fd);
  *busy_s = read_counter(busy_fd) * 1e-9;
}
#else
void clgan_power_watch(void) {
}
static void read_cycles(double *cycles, double *busy_s) {
  *cycles = *busy_s = 0;
}
#endif

static bool read_number(const char *root, int package, const char *file, uint64_t *out) {
  char path[256];
  (void)snprintf(path, sizeof path, "%.200s/intel-rapl:%d/%s", root, package, file);
  FILE *f = fopen(path, "r");
  bool ok = f && fscanf(f, "%" SCNu64, out) == 1;
  if (f) (void)fclose(f);
  return ok;
}

void clgan_power_begin_at(struct clgan_power *p, const char *root) {
  *p = (struct clgan_power){.root = root};
  for (int k = 0; k < CLGAN_POWER_PACKAGES; k++)
    if (!read_number(root, k, "energy_uj", &p->energy[k])) p->energy[k] = UINT64_MAX;
  read_cycles(&p->cycles, &p->busy_s);
}

void clgan_power_begin(struct clgan_power *p) {
  clgan_power_begin_at(p, "/sys/class/powercap");
}

void clgan_power_end(struct clgan_power *p) {
  double cycles, busy_s;
  for (int k = 0; k < CLGAN_POWER_PACKAGES; k++) {
    uint64_t now, range = 0;
    if (p->energy[k] == UINT64_MAX || !read_number(p->root, k, "energy_uj", &now)) continue;
    if (now < p->energy[k] && !read_number(p->root, k, "max_energy_range_uj", &range)) continue;
    p->joules += (double)(now + (now < p->energy[k] ? range : 0) - p->energy[k]) * 1e-6; /* it wraps around */
  }
  read_cycles(&cycles, &busy_s);
  if (busy_s > p->busy_s) p->clock_mhz = (cycles - p->cycles) / (busy_s - p->busy_s) * 1e-6;
}
