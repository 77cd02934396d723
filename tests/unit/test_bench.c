/* test_bench.c: statistics of times, limits, counters, who is slower, results as JSON. SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>


#include "base/log.h"
#include "base/mem.h"
#include "bench/conditions.h"
#include "bench/power.h"
#include "bench/result.h"
#include "bench/slower.h"
#include "scratch.h"

/* Feeds times until it is enough. */
static struct clgan_bench_runs feed(const double *times, size_t n, const struct clgan_bench_timing *t) {
  struct clgan_bench_runs r = {0};
  for (size_t k = 0; k < n; k++)
    if (!clgan_bench_runs_add(&r, t, times[k], times[k])) break;
  return r;
}

static void runs_end_when_the_interval_is_narrow(void **state) {
  (void)state;
  const struct clgan_bench_timing t = {.runs = 7, .most = 40, .bound = 0.02, .budget_s = 1e9};
  double same[40], noisy[40];
  for (int k = 0; k < 40; k++) same[k] = 1, noisy[k] = k % 2 ? 1 : 2;
  assert_int_equal(feed(same, 40, &t).n, 7);
  assert_int_equal(feed(noisy, 40, &t).n, 40);
  const struct clgan_bench_timing short_of_time = {.runs = 7, .most = 40, .bound = 0.02, .budget_s = 15};
  assert_int_equal(feed(noisy, 40, &short_of_time).n, 10); /* 1.5 on average */
  const struct clgan_bench_timing never_fewer = {.runs = 7, .most = 40, .bound = 0.02, .budget_s = 2};
  assert_int_equal(feed(noisy, 40, &never_fewer).n, 7);
}

static void warm_up_settles(void **state) {
  (void)state;
  const struct clgan_bench_timing t = {.runs = 8, .most = 8};
  const double falling[] = {9, 4, 2, 1.02, 1, 1.03};
  for (size_t n = 1; n <= 6; n++) {
    struct clgan_bench_runs r = feed(falling, n, &t);
    assert_int_equal(clgan_bench_runs_settled(&r), n == 6);
  }
}

static void rising_times_are_noticed(void **state) {
  (void)state;
  const struct clgan_bench_pace p = {0};
  char note[160];
  double level[20], rising[20], wide[20];
  for (int k = 0; k < 20; k++) level[k] = 1 + 0.001 * (k % 3), rising[k] = 1 + 0.02 * k, wide[k] = 1 + 0.5 * (k % 5);
  struct clgan_median m = clgan_median_of(level, 20);
  clgan_bench_doubt(&p, &m, note, sizeof note);
  assert_string_equal(note, "");
  m = clgan_median_of(rising, 20);
  assert_in_range(1000 * m.drift, 170, 190); /* 1.29 over 1.09 */
  assert_true(m.median > 1.18 && m.median < 1.2);
  clgan_bench_doubt(&p, &m, note, sizeof note);
  assert_non_null(strstr(note, "times rose by 18 %"));
  m = clgan_median_of(wide, 20);
  clgan_bench_doubt(&p, &m, note, sizeof note);
  assert_non_null(strstr(note, "wide interval"));
}

#define NEARLY(got, want) assert_true(fabs((got) - (want)) < 1e-9)

/* Visits whose medians are those, each with an interval of a tenth to either side. */
static void make_visits(const double *medians, size_t n, struct clgan_median *out) {
  for (size_t k = 0; k < n; k++)
    out[k] = (struct clgan_median){.median = medians[k], .lo = 0.9 * medians[k], .hi = 1.1 * medians[k], .runs = 4};
}

static void visits_are_the_sample(void **state) {
  (void)state;
  const double medians[CLGAN_BENCH_VISITS] = {5, 4, 6, 9, 5.5, 4.5, 1, 5.2, 4.8};
  struct clgan_median v[CLGAN_BENCH_VISITS];
  make_visits(medians, CLGAN_BENCH_VISITS, v);
  struct clgan_median m = clgan_median_of_visits(v, 1);
  assert_true(m.median == 5 && m.lo == 4.5 && m.hi == 5.5 && m.runs == 4);
  m = clgan_median_of_visits(v, 4); /* too few for an interval: all that the visits' own ones hold */
  NEARLY(m.median, 5.5);
  NEARLY(m.lo, 3.6);
  NEARLY(m.hi, 9.9);
  NEARLY(m.drift, 7.5 / 4.5 - 1); /* 4, 5 and 6, 9 */
  assert_int_equal(m.runs, 16);
  m = clgan_median_of_visits(v, 6); /* their range */
  NEARLY(m.lo, 4);
  NEARLY(m.hi, 9);
  NEARLY(m.median, 5.25);
  m = clgan_median_of_visits(v, 9); /* one disturbed visit on either side does not count */
  NEARLY(m.lo, 4);
  NEARLY(m.hi, 6);
  NEARLY(m.median, 5);
  NEARLY(m.spread, 0.2);
  NEARLY(m.drift, 4.65 / 5.5 - 1);
}

static struct clgan_bench_row measured(double median, double gflops) {
  return (struct clgan_bench_row){.name = "x", .phase = "forward", .gflops = gflops,
                                  .time = {.median = median, .lo = median, .hi = median, .runs = 3}};
}

static void visits_are_taken_in(void **state) {
  (void)state;
  struct clgan_bench_row row = measured(2, 10), same = measured(1, 20), more = measured(4, 20), none = measured(1, 20),
                         failed = measured(1, 20);
  clgan_bench_visit(&row, &same); /* the same work in half of the time */
  NEARLY(row.time.median, 1.5);
  NEARLY(row.gflops, 10 * 2 / 1.5);
  assert_int_equal(row.n_visits, 2);
  assert_int_equal(row.time.runs, 6);
  row = measured(2, 10);
  clgan_bench_visit(&row, &more); /* a probe that did four times the work in twice the time */
  NEARLY(row.visits[1].median, 1);
  NEARLY(row.time.median, 1.5);
  none.time.runs = 0;
  clgan_bench_visit(&row, &none); /* there was no time */
  assert_int_equal(row.n_visits, 2);
  cJSON *o = clgan_bench_result_row(&row);
  const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, "visits_s");
  assert_int_equal(cJSON_GetArraySize(v), 2);
  assert_true(cJSON_GetArrayItem(v, 1)->valuedouble == 1);
  cJSON_Delete(o);
  (void)snprintf(failed.error, sizeof failed.error, "lost");
  clgan_bench_visit(&row, &failed);
  assert_int_equal(row.time.runs, 0);
  assert_string_equal(row.error, "lost");
}

static void later_visits_add_to_what_was_measured(void **state) {
  (void)state;
  struct clgan_bench_row items[2] = {measured(1, 1), {.name = "y"}};
  const struct clgan_bench_rows rows = {.items = items, .n = 2};
  struct clgan_bench_pace p = {.visits = 9, .visit = 1, .known = &rows};
  assert_true(clgan_bench_begin(&p, "x"));
  assert_false(clgan_bench_begin(&p, "y")); /* it had failed, or was left out */
  assert_false(clgan_bench_begin(&p, "z"));
  p.deadline = clgan_time_now() - 1e-6;
  assert_false(clgan_bench_begin(&p, "x"));
  assert_int_equal(p.n_left_out, 0); /* it has its figures */
  struct clgan_bench_timing t = {.runs = 7, .budget_s = 9};
  clgan_bench_timing_share(&p, &t);
  assert_true(t.runs == 4 && t.budget_s == 1 && t.settled);
  p.visits = 1;
  clgan_bench_timing_share(&p, &t);
  assert_int_equal(t.runs, 4);
}

static bool always(void) {
  return true;
}

static void nothing_begins_once_it_is_stopped(void **state) {
  (void)state;
  struct clgan_bench_pace p = {.stopped = always};
  assert_false(clgan_bench_begin(&p, "one"));
  assert_int_equal(p.n_left_out, 1);
  clgan_bench_pace_free(&p);
}

static char last_at[64];
static void note_at(const char *name) {
  (void)snprintf(last_at, sizeof last_at, "%s", name);
}

static void no_case_begins_after_the_deadline(void **state) {
  (void)state;
  struct clgan_bench_pace p = {.at = note_at};
  assert_true(clgan_bench_begin(&p, "one"));
  p.deadline = clgan_time_now() + 1000;
  assert_true(clgan_bench_begin(&p, "two"));
  assert_string_equal(last_at, "two");
  p.deadline = clgan_time_now() - 1e-6;
  assert_false(clgan_bench_begin(&p, "three"));
  assert_false(clgan_bench_begin(&p, "four"));
  assert_string_equal(last_at, "two");
  assert_int_equal(p.n_left_out, 2);
  assert_string_equal(p.left_out[1], "four");
  struct clgan_conditions c;
  clgan_conditions_begin(&c);
  cJSON *o = clgan_conditions_end(&c, &p);
  const cJSON *left_out = cJSON_GetObjectItemCaseSensitive(o, "left_out");
  assert_int_equal(cJSON_GetArraySize(left_out), 2);
  assert_string_equal(cJSON_GetStringValue(cJSON_GetArrayItem(left_out, 0)), "three");
  assert_true(cJSON_GetObjectItemCaseSensitive(o, "seconds")->valuedouble >= 0);
  cJSON_Delete(o);
  clgan_bench_pace_free(&p);
}

static void time_is_foreseen(void **state) {
  (void)state;
  struct clgan_bench_pace p = {0};
  assert_true(clgan_bench_fits(&p, 1e9)); /* no end */
  p.end = clgan_time_now() + 100;
  assert_true(clgan_bench_fits(&p, 50));
  assert_false(clgan_bench_fits(&p, 101));
  NEARLY(clgan_bench_expect(&p, 2, 6), 12); /* nothing is known: as the roofline has it */
  clgan_bench_learn(&p, 1e-3, 5e-3, 6, 1.03);
  NEARLY(clgan_bench_expect(&p, 1, 6), 31); /* five times as slow, and a second around it */
  clgan_bench_learn(&p, 1, 25, 6, 150); /* a heavy case counts more than the light one */
  NEARLY(clgan_bench_expect(&p, 1, 6), 6 * 25.005 / 1.001 + 0.5);
  clgan_bench_learn(&p, 1e-3, 0.1, 6, 0.6); /* a slow kernel, a hundred times: counts where one is wary */
  assert_true(clgan_bench_expect(&p, 1, 1) < 30);
  p.wary = true;
  assert_true(clgan_bench_expect(&p, 1, 1) > 100);
  struct clgan_bench_pace quick = {0};
  clgan_bench_learn(&quick, 2, 1, 6, 6); /* Winograd's algorithms pass the roofline: nothing is expected to */
  NEARLY(clgan_bench_expect(&quick, 2, 6), 12);
}

static void a_case_left_out_has_a_note(void **state) {
  (void)state;
  struct clgan_bench_row r = {.name = "ops/x", .phase = "forward", .time = {.median = 3}};
  clgan_bench_leave(&r, 123.4);
  assert_string_equal(r.note, "not measured: would take about 123 s");
  cJSON *o = clgan_bench_result_row(&r);
  assert_null(cJSON_GetObjectItemCaseSensitive(o, "median_s"));
  assert_null(cJSON_GetObjectItemCaseSensitive(o, "error"));
  assert_int_equal(cJSON_GetObjectItemCaseSensitive(o, "runs")->valueint, 0);
  cJSON_Delete(o);
  clgan_bench_leave(&r, 2.04);
  assert_string_equal(r.note, "not measured: would take about 2.0 s");
}

static void put(const char *folder, const char *package, const char *file, const char *text) {
  char path[512];
  (void)snprintf(path, sizeof path, "%s/%s", folder, package);
  (void)mkdir(path, 0777);
  (void)snprintf(path, sizeof path, "%s/%s/%s", folder, package, file);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

static void energy_wraps_around(void **state) {
  (void)state;
  struct clgan_power p;
  put(scratch, "intel-rapl:0", "energy_uj", "1000000\n");
  put(scratch, "intel-rapl:0", "max_energy_range_uj", "5000000\n");
  put(scratch, "intel-rapl:1", "energy_uj", "4500000\n");
  put(scratch, "intel-rapl:1", "max_energy_range_uj", "5000000\n");
  clgan_power_begin_at(&p, scratch);
  put(scratch, "intel-rapl:0", "energy_uj", "3000000\n");
  put(scratch, "intel-rapl:1", "energy_uj", "500000\n");
  clgan_power_end(&p);
  assert_true(fabs(p.joules - 3) < 1e-9); /* 2 and 1 */
  clgan_power_begin_at(&p, "/nowhere");
  clgan_power_end(&p);
  assert_true(p.joules == 0); /* nothing is said */
}

/* What is said of the device "1:0" beside a CPU. */
static char *note_of(const char *rows_text) {
  cJSON *devices = cJSON_Parse("[{\"id\":\"0:0\",\"type\":\"CPU\"},{\"id\":\"1:0\",\"type\":\"discrete GPU\"}]");
  cJSON *rows = cJSON_Parse(rows_text);
  assert_non_null(rows);
  clgan_bench_note_slower(devices, rows);
  assert_null(cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(devices, 0), "note"));
  const char *note = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(devices, 1), "note"));
  char *copy = clgan_mem_strdup(note ? note : "");
  cJSON_Delete(devices);
  cJSON_Delete(rows);
  return copy;
}

#define STEP(device, seconds) \
  "{\"case\":\"train/digits/batch8\",\"phase\":\"step\",\"device\":\"" device "\",\"median_s\":" seconds "}"
#define PEAK(device, gflops) "{\"case\":\"device/fma/float8\",\"device\":\"" device "\",\"gflops\":" gflops "}"

static void slower_than_the_cpu(void **state) {
  (void)state;
  static const struct {
    const char *rows, *note;
  } cases[] = {
      {"[" STEP("0:0", "2") "," STEP("1:0", "6") "]", "is slower than the CPU: train/digits/batch8 takes 3 times as long"},
      {"[" STEP("0:0", "2") "," STEP("1:0", "1") "]", ""},
      {"[" PEAK("0:0", "50") "," PEAK("1:0", "20") "]", "is slower than the CPU: 20 GFLOP/s at most, against 50"},
      {"[" PEAK("0:0", "50") "," PEAK("1:0", "20") "," PEAK("1:0", "60") "]", ""},
      {"[" STEP("1:0", "6") "]", ""}, /* nothing to compare with */
  };
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    char *note = note_of(cases[k].rows);
    assert_string_equal(note, cases[k].note);
    clgan_mem_free(note);
  }
}

static void rows_as_json(void **state) {
  (void)state;
  struct clgan_bench_rows rows = {0};
  struct clgan_bench_row *r = clgan_bench_add(&rows);
  (void)snprintf(r->name, sizeof r->name, "train/x/batch2");
  r->phase = "step";
  double times[] = {2, 1, 3};
  r->time = clgan_median_of(times, 3);
  r->clblast.gflops = 7;
  r->clblast.time = r->time;
  for (int k = 0; k < CLGAN_BENCH_PARTS + 5; k++) {
    char name[16];
    (void)snprintf(name, sizeof name, "op%d", k);
    clgan_bench_add_part(r, name, "forward", 1);
  }
  clgan_bench_add_part(r, "op0", "forward", 2);
  clgan_bench_add_part(r, "op0", "data", 1);
  cJSON *o = clgan_bench_result_row(r);
  const cJSON *parts = cJSON_GetObjectItemCaseSensitive(o, "parts"), *p;
  assert_true(cJSON_GetObjectItemCaseSensitive(o, "median_s")->valuedouble == 2);
  assert_true(cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(o, "clblast"), "gflops")->valuedouble == 7);
  assert_int_equal(cJSON_GetArraySize(parts), CLGAN_BENCH_PARTS);
  double seconds = 0;
  cJSON_ArrayForEach(p, parts) seconds += cJSON_GetObjectItemCaseSensitive(p, "seconds")->valuedouble;
  assert_true(seconds == CLGAN_BENCH_PARTS + 5 + 3); /* none is lost */
  p = cJSON_GetArrayItem(parts, 0);
  assert_int_equal(cJSON_GetObjectItemCaseSensitive(p, "launches")->valueint, 2);
  assert_null(cJSON_GetObjectItemCaseSensitive(o, "joules_per_image"));
  assert_null(cJSON_GetObjectItemCaseSensitive(o, "error"));
  cJSON_Delete(o);
  clgan_bench_rows_free(&rows);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(runs_end_when_the_interval_is_narrow),
      cmocka_unit_test(warm_up_settles),
      cmocka_unit_test(rising_times_are_noticed),
      cmocka_unit_test(visits_are_the_sample),
      cmocka_unit_test(visits_are_taken_in),
      cmocka_unit_test(later_visits_add_to_what_was_measured),
      cmocka_unit_test(nothing_begins_once_it_is_stopped),
      cmocka_unit_test(no_case_begins_after_the_deadline),
      cmocka_unit_test(time_is_foreseen),
      cmocka_unit_test(a_case_left_out_has_a_note),
      cmocka_unit_test(energy_wraps_around),
      cmocka_unit_test(slower_than_the_cpu),
      cmocka_unit_test(rows_as_json),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
