/* Child processes: lines, silence, ends of every kind. The children are /bin/sh, and this program itself. */
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"

static struct clgan_process *start(const char *script) {
  struct clgan_error e = {0};
  struct clgan_process *p;
  const char *argv[] = {"sh", "-c", script, NULL};
  if (clgan_process_start("/bin/sh", argv, NULL, &p, &e) != CLGAN_OK) fail_msg("%s", e.text);
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
  assert_int_equal(clgan_process_start("/no/such/program", argv, NULL, &p, &e), CLGAN_ERR_IO);
  assert_null(p);
  assert_non_null(strstr(e.text, "/no/such/program"));
}

static void starts_itself(void **state) {
  (void)state;
  struct clgan_error e = {0};
  struct clgan_process *p;
  const char *argv[] = {"self", "echo", "a b", NULL};
  if (clgan_process_start(NULL, argv, NULL, &p, &e) != CLGAN_OK) fail_msg("%s", e.text);
  expect_line(p, "self: a b");
  assert_int_equal(clgan_process_wait(p, 0).status, 7);
  clgan_process_destroy(p);
  char *path = clgan_process_self();
  assert_non_null(path);
  assert_non_null(strstr(path, "test_process"));
  clgan_mem_free(path);
}

static void a_descriptor_is_passed_and_no_other(void **state) {
  (void)state;
  struct clgan_error e = {0};
  struct clgan_process *p;
  /* sh's $0: a descriptor that must be closed in the child */
  const char *argv[] = {"sh", "-c", "cat <&3; echo unseen >&2; (true <&$0) 2>/dev/null && echo open; exit 5", NULL,
                        NULL};
  char number[16];
  FILE *file = tmpfile();
  assert_non_null(file);
  assert_true(fputs("passed\n", file) >= 0 && fflush(file) == 0 && fseek(file, 0, SEEK_SET) == 0);
  /* twice: whatever its number was, 3 included */
  for (int k = 0; k < 2; k++) {
    int fd = k == 0 ? fileno(file) : fcntl(fileno(file), F_DUPFD_CLOEXEC, 6);
    assert_true(fd > 0 && fd < 10 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && lseek(fd, 0, SEEK_SET) == 0);
    (void)snprintf(number, sizeof number, "%d", fd == CLGAN_PROCESS_PASSED ? 9 : fd);
    argv[3] = number;
    const struct clgan_process_options o = {.mute = true, .pass = fd};
    if (clgan_process_start("/bin/sh", argv, &o, &p, &e) != CLGAN_OK) fail_msg("%s", e.text);
    expect_line(p, "passed");
    const char *line;
    assert_int_equal(clgan_process_read(p, 0, &line), CLGAN_PROCESS_END);
    assert_int_equal(clgan_process_wait(p, 0).status, 5);
    clgan_process_destroy(p);
    if (k == 1) close(fd);
  }
  assert_int_equal(fclose(file), 0);
  const struct clgan_process_options closed = {.pass = 77};
  assert_int_equal(clgan_process_start("/bin/sh", argv, &closed, &p, &e), CLGAN_ERR_IO);
  assert_null(p);
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
      cmocka_unit_test(starts_itself),         cmocka_unit_test(a_descriptor_is_passed_and_no_other),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
