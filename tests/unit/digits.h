/* digits.h: a group's device, scratch folder and builtin digits. Define _XOPEN_SOURCE 700 before the first include. */
#ifndef CLGAN_TESTS_DIGITS_H
#define CLGAN_TESTS_DIGITS_H
#include "base/log.h"
#include "data/dataset.h"
#include "device.h"
#include "no_leaks.h"
#include "scratch.h"

static struct clgan_dataset *data;

static inline int digits_open(void **state) {
  clgan_log_set_level(CLGAN_LOG_QUIET);
  if (scratch_setup(state) || device_open(state)) return -1;
  return clgan_dataset_open("builtin", NULL, &data, &error) == CLGAN_OK ? 0 : -1;
}

static inline int digits_close(void **state) {
  clgan_dataset_close(data);
  (void)device_close(state);
  return scratch_teardown(state);
}
#endif
