/* test_import_part.c: an import that was killed goes on where it stopped, to the same bytes. */
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include "base/log.h"
#include "import_rig.h"

enum { FILES = 12, BEFORE = 7, RECORD = 64 + SIDE * SIDE, HEAD = 64 };

static const struct clgan_import_options options = {
    .format = "utkface", .source = "utk", .height = SIDE, .width = SIDE, .channels = 1, .test_fraction = 0.3};
static char *names[FILES], *blocked, *part;
static char *expected; /* of an import that was not interrupted */
static size_t expected_size;

static void face(int i) {
  char *name = clgan_mem_printf("utk/%02d_0_0.png", 10 + i);
  image(name, 10 + 10 * (unsigned)i);
  names[i] = names[i] ? names[i] : scratch_file(name, NULL, 0);
  clgan_mem_free(name);
}

static char *read_set(size_t *size) {
  char *path = clgan_file_join(scratch, "set.safetensors"), *bytes;
  assert_int_equal(clgan_file_read(path, &bytes, size, NULL), CLGAN_OK);
  clgan_mem_free(path);
  return bytes;
}

static int setup(void **state) {
  if (scratch_setup(state)) return -1;
  char *folder = clgan_file_join(scratch, "utk");
  assert_int_equal(clgan_file_make_folder(folder, NULL), CLGAN_OK);
  clgan_mem_free(folder);
  for (int i = 0; i < FILES; i++) face(i);
  blocked = names[BEFORE];
  part = scratch_file("set.safetensors.part", NULL, 0);
  assert_int_equal(import_source(&options, NULL), CLGAN_OK);
  expected = read_set(&expected_size);
  remove_set();
  no_set();
  return 0;
}

static int teardown(void **state) {
  for (int i = 0; i < FILES; i++) clgan_mem_free(names[i]);
  clgan_mem_free(part);
  clgan_mem_free(expected);
  return scratch_teardown(state);
}

/* Kills an import once it has read BEFORE files: a pipe in place of the next one holds it there. */
static void killed(void) {
  struct stat st;
  unlink(blocked);
  assert_int_equal(mkfifo(blocked, 0600), 0);
  pid_t child = fork();
  if (child == 0) {
    (void)import_source(&options, NULL);
    _exit(0);
  }
  while (stat(part, &st) != 0 || st.st_size < HEAD + BEFORE * RECORD) {
    assert_int_equal(waitpid(child, NULL, WNOHANG), 0); /* else it ended too early */
    nanosleep(&(struct timespec){0, 1000000}, NULL);
  }
  kill(child, SIGKILL);
  assert_int_equal(waitpid(child, NULL, 0), child);
  assert_int_equal(stat(part, &st), 0);
  assert_int_equal(st.st_size, HEAD + BEFORE * RECORD);
  unlink(blocked);
  face(BEFORE);
}

static void goes_on_to(const char *bytes, size_t size) {
  struct clgan_error e = {0};
  if (import_source(&options, &e) != CLGAN_OK) fail_msg("%s", e.text);
  size_t n;
  char *set = read_set(&n);
  assert_int_equal(n, size);
  assert_memory_equal(set, bytes, n);
  clgan_mem_free(set);
  remove_set();
  no_set();
}

/* Makes a file useless without a sign of it: whoever reads it again leaves it out. */
static void spoil(const char *path) {
  struct stat st;
  assert_int_equal(stat(path, &st), 0);
  int fd = open(path, O_WRONLY);
  assert_int_equal(pwrite(fd, "no image", 8, 0), 8);
  const struct timespec times[2] = {st.st_atim, st.st_mtim};
  assert_int_equal(futimens(fd, times), 0);
  close(fd);
}

static void change_part(off_t at, const char *byte) {
  int fd = open(part, O_WRONLY);
  if (byte)
    assert_int_equal(pwrite(fd, byte, 1, at), 1);
  else
    assert_int_equal(ftruncate(fd, at), 0);
  close(fd);
}

static void goes_on(void **state) {
  (void)state;
  killed();
  for (int i = 0; i < BEFORE; i++) spoil(names[i]);
  clgan_mem_free(scratch_file(".set.safetensors.4711-0.tmp", "of one killed while it wrote the set", 36));
  goes_on_to(expected, expected_size);
  for (int i = 0; i < BEFORE; i++) face(i);
  goes_on_to(expected, expected_size); /* nothing is left of it for the next one */
}

/* What a crash of the machine may leave: the end missing, or not what was written. */
static void damaged(void **state) {
  static const off_t cuts[] = {1, 40, HEAD, HEAD + 1, HEAD + 3 * RECORD + 64, HEAD + BEFORE * RECORD - 1};
  (void)state;
  for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
    killed();
    change_part(cuts[i], NULL);
    goes_on_to(expected, expected_size);
  }
  static const off_t bytes[] = {0, 4, 8, 24, 56, 57, 70, RECORD - 1};
  for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
    killed();
    change_part(HEAD + 2 * RECORD + bytes[i], "\xa5");
    spoil(names[1]); /* what is before the damage still counts */
    goes_on_to(expected, expected_size);
    face(1);
  }
}

/* A file that was changed since is read again, and so are all after it. */
static void changed(void **state) {
  struct clgan_dataset *d = NULL;
  char *out = clgan_file_join(scratch, "set.safetensors");
  (void)state;
  killed();
  image("utk/12_0_0.png", 99);
  assert_int_equal(import_source(&options, NULL), CLGAN_OK);
  assert_int_equal(clgan_dataset_open(out, NULL, &d, NULL), CLGAN_OK);
  assert_int_equal(d->count, FILES);
  for (int i = 0; i < FILES; i++) assert_int_equal(d->images[i * SIDE * SIDE], i == 2 ? 99 : 10 + 10 * i);
  clgan_dataset_close(d);
  clgan_mem_free(out);
  remove_set();
  face(2);
}

/* Other options need other pixels. */
static void other_options(void **state) {
  struct clgan_import_options o = options;
  (void)state;
  killed();
  o.width = SIDE / 2;
  struct clgan_dataset *d = imported_source(&o);
  assert_int_equal(d->width, SIDE / 2);
  assert_int_equal(d->count, FILES);
  clgan_dataset_close(d);
  remove_set();
  no_set();
}

static void refused(void **state) {
  struct clgan_error e = {0};
  struct stat st;
  (void)state;
  killed();
  int fd = open(part, O_RDONLY);
  assert_int_equal(flock(fd, LOCK_EX), 0);
  assert_int_equal(import_source(&options, &e), CLGAN_ERR_IO);
  expect_error(&e, CLGAN_ERR_IO, "another import is writing it");
  close(fd);
  assert_int_equal(stat(part, &st), 0);
  assert_int_equal(st.st_size, HEAD + BEFORE * RECORD);
  clgan_error_clear(&e);
  clgan_mem_free(scratch_file("set.safetensors.part", "somebody's text", 15));
  assert_int_equal(import_source(&options, &e), CLGAN_ERR_FORMAT);
  expect_error(&e, CLGAN_ERR_FORMAT, "not what import left there");
  assert_int_equal(stat(part, &st), 0);
  assert_int_equal(st.st_size, 15);
  unlink(part);
  no_set();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(goes_on), cmocka_unit_test(damaged), cmocka_unit_test(changed),
                                     cmocka_unit_test(other_options), cmocka_unit_test(refused)};
  clgan_log_set_level(CLGAN_LOG_QUIET);
  return cmocka_run_group_tests(tests, setup, teardown);
}
