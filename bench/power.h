/** @file power.h  Energy and clock of the processor, where Linux lets them be read; elsewhere nothing. */
#ifndef CLGAN_BENCH_POWER_H
#define CLGAN_BENCH_POWER_H
#include <stdbool.h>
#include <stdint.h>

enum { CLGAN_POWER_PACKAGES = 8 };

struct clgan_power {
  double joules;    /**< of all packages, from RAPL; 0: cannot be read */
  double clock_mhz; /**< cycles over processor time of this process, by perf; 0: cannot be read */
  const char *root; /**< private from here */
  uint64_t energy[CLGAN_POWER_PACKAGES];
  double cycles, busy_s;
};
/** Counts this process's cycles from here on, and those of its later threads: before a device is opened. */
void clgan_power_watch(void);
void clgan_power_begin(struct clgan_power *p);
/** joules and clock_mhz since clgan_power_begin. */
void clgan_power_end(struct clgan_power *p);
/** clgan_power_begin with counters like those of /sys/class/powercap in the folder @p root, which must live until the end. */
void clgan_power_begin_at(struct clgan_power *p, const char *root);
#endif
