/* test_embedded.c: what the build embeds is what the source tree holds. */
#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"
#include "base/file.h"
#include "base/mem.h"
#include "unit.h"

static void content_equals_the_sources(void **state) {
  const char *root = getenv("CLGAN_SRC");
  size_t rows = 0;
  (void)state;
  if (!root) {
    print_message("skipped: CLGAN_SRC does not name the source tree\n");
    skip();
  }
  for (const struct clgan_embedded *f = clgan_embedded_table; f->name; f++, rows++) {
    char *path = clgan_file_join(root, f->name), *data;
    size_t size;
    struct clgan_error e = {0};
    if (clgan_file_read(path, &data, &size, &e) != CLGAN_OK) fail_msg("%s", e.text);
    assert_int_equal(strlen(f->data), f->size);
    if (size && data[size - 1] == '\n') assert_int_equal(size, f->size);
    assert_memory_equal(data, f->data, size);
    assert_ptr_equal(clgan_embedded_find(f->name), f);
    clgan_mem_free(data);
    clgan_mem_free(path);
  }
  print_message("%zu embedded files\n", rows);
  assert_int_not_equal(rows, 0);
}

static void unknown_names(void **state) {
  (void)state;
  assert_null(clgan_embedded_find("kernels/no-such.cl"));
  assert_null(clgan_embedded_find(""));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(content_equals_the_sources),
      cmocka_unit_test(unknown_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
