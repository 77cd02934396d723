/* Child processes: lines, silence, ends of every kind. The children are /bin/sh, and this program itself. */
#define _XOPEN_SOURCE 700
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"

static struct clgan_process *start(const char *script) {
  struct clgan_error e = {0};
  struct clgan_process *p;
  const char *argv[] = {"sh", "-c", script, NULL};
  if (clgan_process_start("/bin/sh", argv, &p, &e) != CLGAN_OK) fail_msg("%s", e.text);
  return p;
}

static void expect_line(struct clgan_process *p, const char *want) {
  const char *line = NULL;
  assert_int_equal(clgan_process_read(p, 0, &line), CLGAN_PROCESS_LINE);
  assert_string_equal(line, want);
}

static void lines_and_exit_status(void **state) {
  (void)state;
  const char *line;
  struct clgan_process *p = start("read x; echo \"one$x\"; echo; printf 'two\\nno newline'; exit 3");
  expect_line(p, "one"); /* standard input was empty */
  expect_line(p, "");
  expect_line(p, "two");
  expect_line(p, "no newline");
  assert_int_equal(clgan_process_read(p, 0, &line), CLGAN_PROCESS_END);
  assert_int_equal(clgan_process_read(p, 0, &line), CLGAN_PROCESS_END);
  struct clgan_process_end end = clgan_process_wait(p, 0);
  char text[96];
  assert_int_equal(end.status, 3);
  assert_int_equal(end.signal, 0);
  assert_false(end.late);
  assert_string_equal(clgan_process_end_text(&end, text), "exit status 3");
  clgan_process_destroy(p);
}

static void long_lines_and_many(void **state) {
  (void)state;
  const char *line;
  struct clgan_process *p =
      start("i=0; while [ $i -lt 500 ]; do echo line $i; i=$((i+1)); done; head -c 100000 /dev/zero | tr '\\0' x");
  for (int i = 0; i < 500; i++) {
    char want[32];
    (void)snprintf(want, sizeof want, "line %d", i);
    expect_line(p, want);
  }
  assert_int_equal(clgan_process_read(p, 0, &line), CLGAN_PROCESS_LINE);
  assert_int_equal(strlen(line), 100000);
  assert_int_equal(strspn(line, "x"), 100000);
  assert_int_equal(clgan_process_wait(p, 0).status, 0);
  clgan_process_destroy(p);
}

static void silence_is_noticed(void **state) {
  (void)state;
  const char *line;
  struct clgan_process *p = start("echo begun; exec sleep 1000");
  expect_line(p, "begun");
  double before = clgan_time_now();
  assert_int_equal(clgan_process_read(p, 0.2, &line), CLGAN_PROCESS_SILENT);
  assert_true(clgan_time_now() - before >= 0.2);
  clgan_process_kill(p);
  struct clgan_process_end end = clgan_process_wait(p, 0);
  assert_int_equal(end.status, -1);
  assert_int_equal(end.signal, SIGKILL);
  clgan_process_destroy(p);
}

static void what_does_not_end_is_killed(void **state) {
  (void)state;
  const char *line;
  struct clgan_process *p = start("exec sleep 1000 >&-"); /* its output is closed, itself it stays */
  assert_int_equal(clgan_process_read(p, 0, &line), CLGAN_PROCESS_END);
  struct clgan_process_end end = clgan_process_wait(p, 0.1);
  assert_true(end.late);
  assert_int_equal(end.signal, SIGKILL);
  clgan_process_destroy(p);
  clgan_process_destroy(start("exec sleep 1000")); /* destroyed while it runs: waits for nothing */
  clgan_process_destroy(NULL);
}

static void signals_are_told(void **state) {
  (void)state;
  char text[96];
  struct clgan_process *p = start("kill -s SEGV $$");
  struct clgan_process_end end = clgan_process_wait(p, 0);
  assert_int_equal(end.signal, SIGSEGV);
  assert_non_null(strstr(clgan_process_end_text(&end, text), "signal 11"));
  clgan_process_destroy(p);
}

static void a_missing_program_is_an_error(void **state) {
  (void)state;
  struct clgan_error e = {0};
  struct clgan_process *p;
  const char *argv[] = {"x", NULL};
  assert_int_equal(clgan_process_start("/no/such/program", argv, &p, &e), CLGAN_ERR_IO);
  assert_null(p);
  assert_non_null(strstr(e.text, "/no/such/program"));
}

static void starts_itself(void **state) {
  (void)state;
  struct clgan_error e = {0};
  struct clgan_process *p;
  const char *argv[] = {"self", "echo", "a b", NULL};
  if (clgan_process_start(NULL, argv, &p, &e) != CLGAN_OK) fail_msg("%s", e.text);
  expect_line(p, "self: a b");
  assert_int_equal(clgan_process_wait(p, 0).status, 7);
  clgan_process_destroy(p);
  char *path = clgan_process_self();
  assert_non_null(path);
  assert_non_null(strstr(path, "test_process"));
  clgan_mem_free(path);
}

int main(int argc, char **argv) {
  if (argc == 3 && !strcmp(argv[1], "echo")) {
    printf("%s: %s\n", argv[0], argv[2]);
    return 7;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_and_exit_status), cmocka_unit_test(long_lines_and_many),
      cmocka_unit_test(silence_is_noticed),    cmocka_unit_test(what_does_not_end_is_killed),
      cmocka_unit_test(signals_are_told),      cmocka_unit_test(a_missing_program_is_an_error),
      cmocka_unit_test(starts_itself),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
