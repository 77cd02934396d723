/* device.h: a group's device ($CLGAN_DEVICE), checks, and numbers to try things on. */
#ifndef CLGAN_TESTS_DEVICE_H
#define CLGAN_TESTS_DEVICE_H
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/mem.h"
#include "base/philox.h"
#include "cl/cl.h"

static struct clgan_device_list *device_list;
static struct clgan_cl *device;
static struct clgan_error error;

#define OK(call)                                                   \
  do {                                                             \
    if ((call) != CLGAN_OK) fail_msg("%s: %s", #call, error.text); \
  } while (0)
/* The call fails with this status, and its text has these words. */
#define FAILS(call, code, words)                                                                          \
  do {                                                                                                    \
    assert_int_equal((call), (code));                                                                     \
    if (!strstr(error.text, (words))) fail_msg("%s: expected \"%s\" in: %s", #call, (words), error.text); \
    clgan_error_clear(&error);                                                                            \
  } while (0)

#define NEAR(got, want, tolerance)                                                                       \
  do {                                                                                                   \
    double near_got = (got), near_want = (want);                                                         \
    if (!(fabs(near_got - near_want) <= (tolerance)))                                                    \
      fail_msg("%s is %.12g, expected %.12g within %g", #got, near_got, near_want, (double)(tolerance)); \
  } while (0)

/* Group setup: without a device the tests are skipped, plainly. */
static inline int device_open(void **state) {
  (void)state;
  size_t index;
  char reason[512];
  struct clgan_cl_options o = {.profiling = false};
  if (clgan_device_list_create(&device_list, &error) != CLGAN_OK ||
      clgan_device_select(device_list, NULL, &index, reason, &error) != CLGAN_OK) {
    print_message("skipped: %s\n", error.text);
    exit(77); /* automake: skipped */
  }
  if (clgan_cl_open(device_list, index, &o, &device, &error) != CLGAN_OK) {
    print_message("%s\n", error.text);
    return 1;
  }
  print_message("device: %s\n", reason);
  return 0;
}

static inline int device_close(void **state) {
  (void)state;
  clgan_cl_close(device);
  clgan_device_list_destroy(device_list);
  return 0;
}

/* n normal numbers; the caller frees them. */
static inline float *normals(size_t n, uint64_t seed) {
  struct clgan_random r;
  float *x = clgan_mem_array(n, sizeof *x);
  clgan_random_init(&r, seed, 0, CLGAN_STREAM_INIT);
  for (size_t i = 0; i < n; i++) x[i] = clgan_random_normal(&r);
  return x;
}
#endif
