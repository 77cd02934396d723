/* test_compare.c: results read back, held against each other, checked, and written as CSV. */
#include <math.h>
#include <string.h>

#include "bench/compare.h"
#include "unit.h"

#define HEAD                                                                                                      \
  "{\"schema\":\"clgan-bench/1\",\"date\":\"2026-01-31T12:00:00Z\",\"machine\":{\"cores\":2},"                    \
  "\"source\":{\"version\":\"0.1.0\"},\"device\":{\"name\":\"a, \\\"b\\\"\",\"type\":\"CPU\",\"platform\":\"p\"," \
  "\"driver\":\"1\",\"compute_units\":2},\"rows\":["
#define TAIL "]}"
#define ROW(name, median, spread, runs)                                                                       \
  "{\"case\":\"" name "\",\"phase\":\"forward\",\"median_s\":" median ",\"spread\":" spread ",\"runs\":" runs \
  ",\"gflops\":10,\"gbps\":5}"
#define PROBES                                                                                   \
  "{\"case\":\"device/fma/"                                                                      \
  "float8\",\"phase\":\"multiply-add\",\"median_s\":1,\"spread\":0.1,\"runs\":7,\"gflops\":20}," \
  "{\"case\":\"device/copy\",\"phase\":\"global memory\",\"median_s\":1,\"spread\":0.1,\"runs\":7,\"gbps\":8},"
#define TRAIN \
  ",{\"case\":\"train/m/batch64\",\"phase\":\"step\",\"median_s\":2,\"spread\":0,\"runs\":5,\"images_per_s\":32}"

static void add(struct clgan_result_set *set, const char *json) {
  struct clgan_error e = {0};
  if (clgan_results_parse("f.json", json, strlen(json), set, &e) != CLGAN_OK) fail_msg("%s", e.text);
}

static const struct clgan_compared *cell_of(const struct clgan_comparison *c, const char *name, size_t file) {
  for (size_t i = 0; i < c->n; i++)
    if (!strcmp(clgan_compared_row(c, i)->name, name)) return clgan_compared_at(c, i, file);
  fail_msg("no case %s", name);
  return NULL;
}

static void verdicts(void **state) {
  (void)state;
  struct clgan_result_set set = {0};
  struct clgan_comparison c;
  add(&set, HEAD ROW("ops/equal", "1.00", "0.05", "9") "," ROW("ops/fast", "1.00", "0.01", "9") "," ROW(
                "ops/slow", "1.00", "0.01", "9") "," ROW("ops/few", "1", "0", "2") "," ROW("ops/gone", "1", "0", "9") ","
                ROW("ops/breaks", "1", "0", "9") ",{\"case\":\"ops/mends\",\"phase\":\"forward\",\"runs\":0,\"error\":\"x\"},"
                ROW("ops/wide", "1", "0.1", "9") TAIL);
  add(&set, HEAD ROW("ops/new", "1", "0", "9") "," ROW("ops/slow", "1.20", "0.01", "9") "," ROW("ops/equal", "1.08", "0.05", "9")
                "," ROW("ops/fast", "0.5", "0.01", "9") "," ROW("ops/few", "3", "0", "9") ","
                "{\"case\":\"ops/breaks\",\"phase\":\"forward\",\"runs\":0,\"error\":\"wrong: element 1\"}," ROW(
                    "ops/mends", "1", "0", "9") "," ROW("ops/wide", "1", "1.5", "9") TAIL);
  clgan_compare(set.items, set.n, &c);
  assert_int_equal(c.n, 9);
  assert_string_equal(clgan_compared_row(&c, 8)->name, "ops/new"); /* what only later files have comes last */
  assert_int_equal(cell_of(&c, "ops/equal", 0)->verdict, CLGAN_VERDICT_BASE);
  assert_int_equal(cell_of(&c, "ops/equal", 1)->verdict, CLGAN_VERDICT_EQUAL);
  assert_int_equal(cell_of(&c, "ops/fast", 1)->verdict, CLGAN_VERDICT_FASTER);
  assert_int_equal(cell_of(&c, "ops/slow", 1)->verdict, CLGAN_VERDICT_SLOWER);
  assert_int_equal(cell_of(&c, "ops/few", 1)->verdict, CLGAN_VERDICT_UNSURE);
  assert_int_equal(cell_of(&c, "ops/gone", 1)->verdict, CLGAN_VERDICT_MISSING);
  assert_int_equal(cell_of(&c, "ops/breaks", 1)->verdict, CLGAN_VERDICT_BROKEN);
  assert_int_equal(cell_of(&c, "ops/mends", 1)->verdict, CLGAN_VERDICT_MENDED);
  assert_int_equal(cell_of(&c, "ops/new", 1)->verdict, CLGAN_VERDICT_ADDED);
  /* An interval wider than the median itself bounds the ratio on one side alone. */
  const struct clgan_compared *wide = cell_of(&c, "ops/wide", 1), *slow = cell_of(&c, "ops/slow", 1);
  assert_int_equal(wide->verdict, CLGAN_VERDICT_EQUAL);
  assert_true(isinf(wide->high));
  assert_true(fabs(slow->ratio - 1 / 1.2) < 1e-12);
  assert_true(fabs(slow->low - 0.99 / (1.2 * 1.01)) < 1e-12 && fabs(slow->high - 1.01 / (1.2 * 0.99)) < 1e-12);
  struct clgan_compared_sum s = clgan_comparison_sum(&c, 1, 5), lax = clgan_comparison_sum(&c, 1, 25);
  assert_int_equal(s.too_slow, 2); /* the slow one and the broken one */
  assert_string_equal(clgan_compared_row(&c, s.worst)->name, "ops/breaks");
  assert_int_equal(lax.too_slow, 1);
  assert_int_equal(s.pairs, 5);
  assert_true(fabs(s.mean - pow(1 / 1.08 * 2 / 1.2 / 3, 0.2)) < 1e-12);
  clgan_comparison_free(&c);
  clgan_result_set_free(&set);
}

#define LEFT \
  "{\"case\":\"ops/a\",\"phase\":\"forward\",\"runs\":0,\"note\":\"not measured: would take about 9 s\"}"

/* What there was no time for is neither broken nor mended. */
static void left_out(void **state) {
  (void)state;
  static const char *const rows[2] = {HEAD ROW("ops/a", "1", "0.01", "9") TAIL, HEAD LEFT TAIL};
  for (int first = 0; first < 2; first++) {
    struct clgan_result_set set = {0};
    struct clgan_comparison c;
    struct clgan_text lines = {0};
    add(&set, rows[first]);
    add(&set, rows[!first]);
    clgan_compare(set.items, set.n, &c);
    assert_int_equal(cell_of(&c, "ops/a", 1)->verdict, first ? CLGAN_VERDICT_ADDED : CLGAN_VERDICT_MISSING);
    assert_int_equal(clgan_comparison_sum(&c, 1, 5).too_slow, 0);
    assert_int_equal(clgan_results_check(&set.items[!first], false, &lines), 0);
    clgan_text_free(&lines);
    clgan_comparison_free(&c);
    clgan_result_set_free(&set);
  }
}

/* The work of a probe is adapted to the device: its rate counts, not its time. */
static void probes(void **state) {
  (void)state;
  struct clgan_result_set set = {0};
  struct clgan_comparison c;
  add(&set, HEAD
      "{\"case\":\"device/copy\",\"phase\":\"global "
      "memory\",\"median_s\":1,\"spread\":0.01,\"runs\":9,\"gbps\":4}" TAIL);
  add(&set, HEAD
      "{\"case\":\"device/copy\",\"phase\":\"global "
      "memory\",\"median_s\":9,\"spread\":0.01,\"runs\":9,\"gbps\":8}" TAIL);
  clgan_compare(set.items, set.n, &c);
  assert_true(fabs(clgan_compared_at(&c, 0, 1)->ratio - 2) < 1e-12);
  clgan_comparison_free(&c);
  clgan_result_set_free(&set);
}

/* Ends that are not alike on both sides are taken as they are. */
static void skewed(void **state) {
  (void)state;
  struct clgan_result_set set = {0};
  struct clgan_comparison c;
  add(&set, HEAD ROW("ops/a", "1", "0.01", "9") TAIL);
  add(&set, HEAD
      "{\"case\":\"ops/a\",\"phase\":\"forward\",\"median_s\":2,\"low_s\":1.9,\"high_s\":9,"
      "\"spread\":1.775,\"runs\":9}" TAIL);
  clgan_compare(set.items, set.n, &c);
  assert_int_equal(clgan_compared_at(&c, 0, 1)->verdict, CLGAN_VERDICT_SLOWER);
  assert_true(fabs(clgan_compared_at(&c, 0, 1)->high - 1.01 / 1.9) < 1e-12);
  assert_true(fabs(clgan_compared_at(&c, 0, 1)->low - 0.99 / 9) < 1e-12);
  clgan_comparison_free(&c);
  clgan_result_set_free(&set);
}

static void several_devices(void **state) {
  (void)state;
  struct clgan_result_set set = {0};
  add(&set,
      "{\"schema\":\"clgan-bench/1\",\"device\":{\"name\":\"x\"},\"devices\":[{\"id\":\"0:0\",\"name\":\"x\"},"
      "{\"id\":\"1:0\",\"name\":\"y\\u0007\"}],\"rows\":[{\"case\":\"device/a\",\"device\":\"1:0\"},"
      "{\"case\":\"device/b\",\"device\":\"0:0\"},{\"case\":\"device/c\",\"device\":\"1:0\"},7,{}]}");
  assert_int_equal(set.n, 2);
  assert_int_equal(set.items[0].n, 1);
  assert_int_equal(set.items[1].n, 2);
  assert_string_equal(clgan_results_text(&set.items[1], "device", "name"), "y?");
  assert_string_equal(set.items[1].path, "f.json [1:0]");
  clgan_result_set_free(&set);
}

static void refused(void **state) {
  (void)state;
  static const char *const bad[] = {"",
                                    "{",
                                    "[]",
                                    "7",
                                    "{\"schema\":\"clgan-bench/2\",\"rows\":[]}",
                                    "{\"schema\":\"clgan-bench/1\"}",
                                    "{\"schema\":\"clgan-bench/1\",\"rows\":{}}"};
  for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
    struct clgan_result_set set = {0};
    struct clgan_error e = {0};
    assert_int_equal(clgan_results_parse("f.json", bad[k], strlen(bad[k]), &set, &e), CLGAN_ERR_FORMAT);
    assert_non_null(strstr(e.text, "f.json: "));
    assert_int_equal(set.n, 0);
    clgan_result_set_free(&set);
  }
}

/* The lines that a check finds in @p json; released by the caller. */
static char *check(const char *json, size_t *n) {
  struct clgan_result_set set = {0};
  struct clgan_text lines = {0};
  add(&set, json);
  *n = clgan_results_check(&set.items[0], true, &lines);
  clgan_result_set_free(&set);
  return lines.s ? lines.s : clgan_mem_strdup("");
}

static void checks(void **state) {
  (void)state;
  static const struct {
    const char *json, *line;
  } bad[] = {
      {HEAD PROBES ROW("ops/a", "-1", "0", "7") TRAIN TAIL, "row 3, ops/a: median_s is -1"},
      {HEAD PROBES ROW("ops/a", "1", "\"x\"", "7") TRAIN TAIL, "row 3, ops/a: spread is not a number"},
      {HEAD PROBES ROW("ops/a", "1", "0", "1.5") TRAIN TAIL, "row 3, ops/a: runs is 1.5: not a whole number"},
      {HEAD PROBES ROW("ops/a", "1", "0", "7") "," ROW("ops/a", "1", "0", "7") TRAIN TAIL,
       "ops/a is there more than once"},
      {HEAD PROBES ROW("sleep/a", "1", "0", "7") "," ROW("ops/a", "1", "0", "7") TRAIN TAIL,
       "row 3, sleep/a: this kind"},
      {HEAD PROBES ROW("ops/a", "1", "0", "0") TRAIN TAIL, "row 3, ops/a: no run, and no error"},
      {HEAD PROBES "{\"case\":\"ops/a\",\"phase\":\"f\",\"median_s\":1,\"runs\":3,\"gflops\":90,\"gbps\":1}" TRAIN TAIL,
       "gflops is 90, more than 4 times the peak of its own probes, 20"},
      {HEAD PROBES
       "{\"case\":\"ops/a\",\"phase\":\"f\",\"median_s\":1,\"runs\":3,\"gflops\":10,\"gbps\":1,\"share\":0.9}" TRAIN
           TAIL,
       "share is 0.9, but its rates are 0.5 of the roofline"},
      {HEAD PROBES ROW("ops/a", "1", "0",
                       "7") ",{\"case\":\"train/m/batch64\",\"phase\":\"step\",\"median_s\":2,\"runs\":5,"
                            "\"images_per_s\":64}" TAIL,
       "images_per_s is 64, but 64 images in 2 s are 32"},
      {HEAD PROBES ROW("ops/a", "1", "0", "7") TAIL, "no row is of train/"},
      {HEAD ROW("ops/a", "1", "0", "7") TRAIN TAIL, "no row is of device/"},
      {"{\"schema\":\"clgan-bench/1\",\"rows\":[]}", "device is missing"},
  };
  size_t n;
  char *lines = check(HEAD PROBES ROW("ops/a", "1", "0.1", "7") TRAIN TAIL, &n);
  assert_string_equal(lines, "");
  assert_int_equal(n, 0);
  clgan_mem_free(lines);
  for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
    lines = check(bad[k].json, &n);
    if (!n || !strstr(lines, bad[k].line)) fail_msg("'%s' is not in: %s", bad[k].line, lines);
    clgan_mem_free(lines);
  }
}

static void csv(void **state) {
  (void)state;
  char *text =
      clgan_bench_csv(HEAD
                      "{\"case\":\"ops/a,b\",\"runs\":3,\"memory\":{\"planned_bytes\":7}},{\"case\":\"c\",\"x\":true,"
                      "\"parts\":[1]}" TAIL);
  assert_string_equal(text,
                      "device,driver,date,case,runs,memory.planned_bytes,x\n"
                      "\"a, \"\"b\"\"\",1,2026-01-31T12:00:00Z,\"ops/a,b\",3,7,\n"
                      "\"a, \"\"b\"\"\",1,2026-01-31T12:00:00Z,c,,,true\n");
  clgan_mem_free(text);
  assert_null(clgan_bench_csv("{"));
}

static void sorted_by_case(void **state) {
  (void)state;
  struct clgan_result_set set = {0};
  add(&set, HEAD ROW("ops/b", "1", "0", "9") "," ROW("ops/a", "2", "0", "9") ","
                "{\"case\":\"ops/b\",\"phase\":\"data\",\"runs\":0,\"error\":\"x\"}," ROW("ops/b", "3", "0", "9") TAIL);
  static const size_t order[] = {1, 2, 0, 3}; /* equal ones as the file has them */
  const struct clgan_result_row **rows = clgan_results_sorted(set.items);
  for (size_t k = 0; k < 4; k++) assert_ptr_equal(rows[k], &set.items[0].rows[order[k]]);
  clgan_mem_free(rows);
  clgan_result_set_free(&set);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(verdicts), cmocka_unit_test(left_out), cmocka_unit_test(probes), cmocka_unit_test(skewed),
      cmocka_unit_test(several_devices), cmocka_unit_test(refused),  cmocka_unit_test(checks), cmocka_unit_test(csv),
      cmocka_unit_test(sorted_by_case),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
