/* test_file.c: reads, maps, atomic writes, folders; what is there survives every failure. */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "unit.h"

static char folder[] = "/tmp/clgan-test-file-XXXXXX";

static int setup(void **state) {
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state) {
  char *command = clgan_mem_printf("rm -rf '%s'", folder);
  int rc = system(command);
  (void)state;
  clgan_mem_free(command);
  return rc;
}

static void expect_content(const char *path, const char *text) {
  char *data;
  size_t size;
  assert_int_equal(clgan_file_read(path, &data, &size, NULL), CLGAN_OK);
  assert_int_equal(size, strlen(text));
  assert_string_equal(data, text);
  clgan_mem_free(data);
}

/* Names in the scratch folder, so that a forgotten temporary is seen. */
static int count_entries(void) {
  DIR *d = opendir(folder);
  int n = 0;
  assert_non_null(d);
  while (readdir(d)) n++;
  closedir(d);
  return n - 2;
}

static void write_read_map(void **state) {
  char *path = clgan_file_join(folder, "a");
  struct clgan_map map;
  struct stat st;
  (void)state;
  umask(022);
  assert_int_equal(clgan_file_write(path, "one", 3, NULL), CLGAN_OK);
  expect_content(path, "one");
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0644);
  assert_int_equal(clgan_file_write(path, "two!", 4, NULL), CLGAN_OK);
  assert_int_equal(clgan_file_map(path, &map, NULL), CLGAN_OK);
  assert_int_equal(map.size, 4);
  assert_memory_equal(map.data, "two!", 4);
  clgan_file_unmap(&map);
  assert_null(map.data);
  assert_int_equal(clgan_file_write(path, "", 0, NULL), CLGAN_OK);
  expect_content(path, "");
  assert_int_equal(clgan_file_map(path, &map, NULL), CLGAN_OK);
  assert_int_equal(map.size, 0);
  clgan_file_unmap(&map);
  assert_int_equal(count_entries(), 1);
  unlink(path);
  clgan_mem_free(path);
}

static void failures_name_the_file(void **state) {
  struct clgan_error e = {0};
  struct clgan_map map;
  char *data, *path = clgan_file_join(folder, "none/x");
  size_t size;
  (void)state;
  assert_int_equal(clgan_file_read(path, &data, &size, &e), CLGAN_ERR_IO);
  assert_non_null(strstr(e.text, path));
  clgan_error_clear(&e);
  assert_int_equal(clgan_file_map(path, &map, &e), CLGAN_ERR_IO);
  assert_non_null(strstr(e.text, path));
  clgan_error_clear(&e);
  assert_int_equal(clgan_file_write(path, "x", 1, &e), CLGAN_ERR_IO);
  assert_non_null(strstr(e.text, path));
  clgan_error_clear(&e);
  assert_int_equal(clgan_file_check_writable(path, &e), CLGAN_ERR_IO);
  assert_non_null(strstr(e.text, "does not exist"));
  clgan_error_clear(&e);
  assert_int_equal(clgan_file_map(folder, &map, &e), CLGAN_ERR_IO);
  clgan_error_clear(&e);
  assert_int_equal(clgan_file_read(folder, &data, &size, &e), CLGAN_ERR_IO);
  assert_null(data);
  clgan_error_clear(&e);
  assert_int_equal(clgan_file_write(folder, "x", 1, &e), CLGAN_ERR_IO);
  assert_int_equal(clgan_file_check_writable(folder, NULL), CLGAN_ERR_IO);
  assert_int_equal(clgan_file_check_writable("", NULL), CLGAN_ERR_IO);
  assert_int_equal(clgan_file_write("", "x", 1, NULL), CLGAN_ERR_IO);
  clgan_mem_free(path);
}

/* A file-size limit stands in for a full disk: the write fails half way. */
static void full_disk_keeps_the_old_file(void **state) {
  char *path = clgan_file_join(folder, "keep"), *big = clgan_mem_alloc(1 << 20);
  struct clgan_error e = {0};
  struct rlimit old, small;
  (void)state;
  assert_int_equal(clgan_file_write(path, "precious", 8, NULL), CLGAN_OK);
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  small = old;
  small.rlim_cur = 100000;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  enum clgan_status status = clgan_file_write(path, big, 1 << 20, &e);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
  assert_int_equal(status, CLGAN_ERR_IO);
  assert_non_null(strstr(e.text, path));
  expect_content(path, "precious");
  assert_int_equal(count_entries(), 1);
  unlink(path);
  clgan_mem_free(path);
  clgan_mem_free(big);
}

static void abort_keeps_the_old_file(void **state) {
  char *path = clgan_file_join(folder, "keep");
  struct clgan_atomic a;
  (void)state;
  assert_int_equal(clgan_file_write(path, "old", 3, NULL), CLGAN_OK);
  assert_int_equal(clgan_atomic_begin(&a, path, NULL), CLGAN_OK);
  assert_int_equal(clgan_atomic_write(&a, "new content", 11, NULL), CLGAN_OK);
  expect_content(path, "old");
  clgan_atomic_abort(&a);
  expect_content(path, "old");
  assert_int_equal(count_entries(), 1);
  clgan_atomic_abort(&a);
  assert_int_equal(clgan_atomic_begin(&a, path, NULL), CLGAN_OK);
  assert_int_equal(fprintf(a.file, "%s", "new"), 3);
  assert_int_equal(clgan_atomic_commit(&a, NULL), CLGAN_OK);
  clgan_atomic_abort(&a);
  expect_content(path, "new");
  unlink(path);
  clgan_mem_free(path);
}

static void links_and_devices_stay(void **state) {
  char *target = clgan_file_join(folder, "target"), *link = clgan_file_join(folder, "link");
  struct stat st;
  (void)state;
  assert_int_equal(clgan_file_write(target, "old", 3, NULL), CLGAN_OK);
  assert_int_equal(symlink("target", link), 0);
  assert_int_equal(clgan_file_write(link, "new", 3, NULL), CLGAN_OK);
  expect_content(target, "new");
  assert_int_equal(lstat(link, &st), 0);
  assert_true(S_ISLNK(st.st_mode));
  unlink(link);
  unlink(target);
  clgan_mem_free(target);
  clgan_mem_free(link);
  assert_int_equal(clgan_file_check_writable("/dev/null", NULL), CLGAN_OK);
  assert_int_equal(clgan_file_write("/dev/null", "x", 1, NULL), CLGAN_OK);
  assert_int_equal(stat("/dev/null", &st), 0);
  assert_true(S_ISCHR(st.st_mode));
  if (access("/dev/full", W_OK) == 0) {
    struct clgan_error e = {0};
    assert_int_equal(clgan_file_write("/dev/full", "x", 1, &e), CLGAN_ERR_IO);
    assert_non_null(strstr(e.text, "free some space"));
  }
}

static void folders(void **state) {
  char *deep = clgan_file_join(folder, "p/q//r/"), *file = clgan_file_join(folder, "f");
  char *below = clgan_file_join(file, "x");
  struct clgan_error e = {0};
  (void)state;
  assert_int_equal(clgan_file_make_folder(deep, NULL), CLGAN_OK);
  assert_true(clgan_file_is_folder(deep));
  assert_int_equal(clgan_file_make_folder(deep, NULL), CLGAN_OK);
  assert_int_equal(clgan_file_make_folder("/", NULL), CLGAN_OK);
  assert_int_equal(clgan_file_make_folder("", NULL), CLGAN_ERR_IO);
  assert_int_equal(clgan_file_write(file, "f", 1, NULL), CLGAN_OK);
  assert_true(clgan_file_exists(file));
  assert_false(clgan_file_is_folder(file));
  assert_int_equal(clgan_file_make_folder(below, &e), CLGAN_ERR_IO);
  assert_non_null(strstr(e.text, file));
  assert_int_equal(clgan_file_check_writable(below, NULL), CLGAN_ERR_IO);
  assert_int_equal(clgan_file_check_writable(file, NULL), CLGAN_OK);
  clgan_mem_free(deep);
  clgan_mem_free(file);
  clgan_mem_free(below);
}

static void expect_cache(const char *xdg, const char *home, const char *wanted) {
  char *got;
  if (xdg)
    setenv("XDG_CACHE_HOME", xdg, 1);
  else
    unsetenv("XDG_CACHE_HOME");
  if (home)
    setenv("HOME", home, 1);
  else
    unsetenv("HOME");
  got = clgan_file_cache_folder();
  if (wanted) {
    assert_non_null(got);
    assert_string_equal(got, wanted);
  } else {
    assert_null(got);
  }
  clgan_mem_free(got);
}

static void cache_folder(void **state) {
  (void)state;
  expect_cache("/x", "/h", "/x/clgan");
  expect_cache("relative", "/h", "/h/.cache/clgan");
  expect_cache("", "/h/", "/h/.cache/clgan");
  expect_cache(NULL, "/h", "/h/.cache/clgan");
  expect_cache(NULL, NULL, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(write_read_map),
      cmocka_unit_test(failures_name_the_file),
      cmocka_unit_test(full_disk_keeps_the_old_file),
      cmocka_unit_test(abort_keeps_the_old_file),
      cmocka_unit_test(links_and_devices_stay),
      cmocka_unit_test(folders),
      cmocka_unit_test(cache_folder),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
