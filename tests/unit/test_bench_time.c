/* test_bench_time.c: how often work is repeated, and what becomes of work that there is no time for. */
#define _POSIX_C_SOURCE 200809L
#include <time.h>

#include "base/log.h"
#include "bench/timer.h"
#include "device.h"

enum { WORK_MS = 20 };

/* Counts its repetitions; the device does nothing. */
static enum clgan_status rest(void *context, int times, struct clgan_error *e) {
  (void)e;
  for (int k = 0; k < times; k++) {
    ++*(int *)context;
    (void)nanosleep(&(struct timespec){.tv_nsec = WORK_MS * 1000000L}, NULL);
  }
  return CLGAN_OK;
}

static void no_run_that_would_be_too_late(void **state) {
  (void)state;
  struct clgan_bench_timing t = {.least_s = 1e-3, .runs = 3, .most = 3, .budget_s = 10};
  struct clgan_median m;
  int done = 0;
  OK(clgan_bench_time(device, rest, &done, &t, &m, &error));
  assert_int_equal(m.runs, 3);
  assert_true(m.median >= 1e-3 * WORK_MS);
  assert_true(done > 3);
  t.end = clgan_time_now() + 1000;
  OK(clgan_bench_time(device, rest, &done, &t, &m, &error));
  assert_int_equal(m.runs, 3);
  done = 0;
  t.end = clgan_time_now() + 2e-3 * WORK_MS; /* enough for one */
  OK(clgan_bench_time(device, rest, &done, &t, &m, &error));
  assert_int_equal(m.runs, 0);
  assert_int_equal(done, 1);
  assert_true(m.median >= 1e-3 * WORK_MS); /* what one took */
  t.end = clgan_time_now() - 1;
  OK(clgan_bench_time(device, rest, &done, &t, &m, &error));
  assert_int_equal(m.runs, 0);
  assert_int_equal(done, 1); /* not begun */
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(no_run_that_would_be_too_late)};
  return cmocka_run_group_tests(tests, device_open, device_close);
}
