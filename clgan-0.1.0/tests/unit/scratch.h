/* scratch.h: a folder for a test's files, checks of error lines, and where data from outside lies. Define _XOPEN_SOURCE
 * 700 before the first include. */
#ifndef CLGAN_TESTS_SCRATCH_H
#define CLGAN_TESTS_SCRATCH_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"
#include "unit.h"

static char scratch[] = "/tmp/clgan-test-XXXXXX";

static int scratch_setup(void **state) {
  (void)state;
  return mkdtemp(scratch) ? 0 : -1;
}

static int scratch_teardown(void **state) {
  (void)state;
  char *command = clgan_mem_printf("rm -rf '%s'", scratch);
  int rc = system(command);
  clgan_mem_free(command);
  return rc;
}

/* The path of a file of the scratch folder, with @p size bytes if data is not NULL. The caller frees it. */
static inline char *scratch_file(const char *name, const void *data, size_t size) {
  char *path = clgan_file_join(scratch, name);
  if (data) assert_int_equal(clgan_file_write(path, data, size, NULL), CLGAN_OK);
  return path;
}

/* One line, which contains @p part, with @p status. */
static inline void expect_error(const struct clgan_error *e, enum clgan_status status, const char *part) {
  if (e->status != status || !strstr(e->text, part) || strchr(e->text, '\n'))
    fail_msg("expected status %d and \"%s\", got %d and \"%s\"", (int)status, part, (int)e->status, e->text);
}

/* A folder of the data from outside, or NULL: the test skips. The caller frees it. */
static inline char *outside_data(const char *name) {
  const char *root = getenv("CLGAN_DATA");
  char *path = clgan_file_join(root ? root : "../shared/data", name);
  if (clgan_file_is_folder(path)) return path;
  print_message("skipped: no folder %s (set CLGAN_DATA)\n", path);
  clgan_mem_free(path);
  return NULL;
}
#endif
