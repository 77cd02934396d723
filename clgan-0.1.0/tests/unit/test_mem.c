/* test_mem.c: error records, allocation, text buffers. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "unit.h"

static void error_keeps_the_first(void **state) {
  struct clgan_error e = {0};
  (void)state;
  assert_int_equal(clgan_error_set(&e, CLGAN_ERR_IO, "file %s\n", "a"), CLGAN_ERR_IO);
  assert_int_equal(clgan_error_set(&e, CLGAN_ERR_MEMORY, "later"), CLGAN_ERR_MEMORY);
  assert_int_equal(e.status, CLGAN_ERR_IO);
  assert_string_equal(e.text, "file a");
  assert_int_equal(clgan_error_prefix(&e, "line %d", 3), CLGAN_ERR_IO);
  assert_string_equal(e.text, "line 3: file a");
  clgan_error_clear(&e);
  assert_int_equal(e.status, CLGAN_OK);
  assert_string_equal(e.text, "");
  assert_int_equal(clgan_error_set(NULL, CLGAN_ERR_USAGE, "nowhere"), CLGAN_ERR_USAGE);
  assert_int_not_equal(clgan_error_prefix(NULL, "nowhere"), CLGAN_OK);
}

static void error_never_overflows(void **state) {
  struct clgan_error e = {0};
  char *big = clgan_mem_alloc(3 * CLGAN_ERROR_MAX);
  (void)state;
  memset(big, 'x', 3 * CLGAN_ERROR_MAX - 1);
  clgan_error_set(&e, CLGAN_ERR_BUILD, "%s", big);
  assert_int_equal(strlen(e.text), CLGAN_ERROR_MAX - 1);
  clgan_error_prefix(&e, "kernel");
  assert_int_equal(strlen(e.text), CLGAN_ERROR_MAX - 1);
  assert_memory_equal(e.text, "kernel: xxx", 11);
  clgan_error_prefix(&e, "%s", big);
  assert_true(strlen(e.text) < CLGAN_ERROR_MAX);
  clgan_mem_free(big);
}

static void status_names_differ(void **state) {
  (void)state;
  for (int i = CLGAN_OK; i <= CLGAN_ERR_INTERNAL; i++)
    for (int j = i + 1; j <= CLGAN_ERR_INTERNAL; j++)
      assert_string_not_equal(clgan_status_name((enum clgan_status)i), clgan_status_name((enum clgan_status)j));
  assert_non_null(clgan_status_name((enum clgan_status)999));
  assert_int_equal(strspn(clgan_version(), "0123456789."), strlen(clgan_version()));
}

static void try_reports_what(void **state) {
  struct clgan_error e = {0};
  void *p = &e;
  (void)state;
  assert_int_equal(clgan_mem_try(&p, SIZE_MAX, 16, "the images", &e), CLGAN_ERR_MEMORY); /* count * size overflows */
  assert_null(p);
  assert_non_null(strstr(e.text, "the images"));
  clgan_error_clear(&e);
  assert_int_equal(clgan_mem_try(&p, 1000, 4, "floats", &e), CLGAN_OK);
  for (size_t i = 0; i < 4000; i++) assert_int_equal(((char *)p)[i], 0);
  clgan_mem_free(p);
  assert_int_equal(clgan_mem_try(&p, 0, 4, "nothing", &e), CLGAN_OK);
  assert_non_null(p);
  clgan_mem_free(p);
}

static void arrays_grow_zeroed(void **state) {
  size_t cap = 0;
  int *a = NULL;
  (void)state;
  for (size_t i = 0; i < 1000; i++) {
    CLGAN_GROW(a, i, cap);
    assert_true(cap > i);
    assert_int_equal(a[i], 0);
    a[i] = (int)i + 1;
  }
  for (int i = 0; i < 1000; i++) assert_int_equal(a[i], i + 1);
  clgan_mem_free(a);
}

static void text_grows(void **state) {
  struct clgan_text t = {0};
  char *s = clgan_mem_printf("%d-%s", 7, "seven");
  (void)state;
  assert_string_equal(s, "7-seven");
  clgan_mem_free(s);
  for (int i = 0; i < 500; i++) clgan_text_printf(&t, "%03d,", i);
  assert_int_equal(t.len, 2000);
  assert_int_equal(strlen(t.s), 2000);
  assert_memory_equal(t.s + 1996, "499,", 5);
  clgan_text_append(&t, "a\0b", 3);
  assert_int_equal(t.len, 2003);
  clgan_text_free(&t);
  assert_null(t.s);
  clgan_text_append(&t, "", 0);
  assert_string_equal(t.s, "");
  clgan_text_free(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(error_keeps_the_first), cmocka_unit_test(error_never_overflows),
      cmocka_unit_test(status_names_differ),   cmocka_unit_test(try_reports_what),
      cmocka_unit_test(arrays_grow_zeroed),    cmocka_unit_test(text_grows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
