/* test_csv.c: comma-separated values, well-formed and not. */
#define _XOPEN_SOURCE 700
#include "data/csv.h"
#include "scratch.h"

/* Reads all rows as "LINE:field|field;..." */
static char *read_all(const char *bytes, size_t size, struct clgan_error *e) {
  char *path = scratch_file("t.csv", bytes, size);
  struct clgan_csv *c = NULL;
  struct clgan_csv_row row;
  struct clgan_text t = {0};
  if (clgan_csv_open(path, &c, e) == CLGAN_OK) {
    clgan_text_printf(&t, "[%s]", clgan_csv_header(c));
    while (clgan_csv_next(c, &row, e)) {
      clgan_text_printf(&t, "%llu:", (unsigned long long)row.line);
      for (size_t i = 0; i < row.n; i++) clgan_text_printf(&t, "%s%s", i ? "|" : "", row.fields[i]);
      clgan_text_printf(&t, ";");
    }
  }
  clgan_csv_close(c);
  clgan_mem_free(path);
  return t.s;
}

static void good_tables(void **state) {
  static const struct {
    const char *text, *rows;
  } table[] = {
      {"file,class\na.png,cat\nb.png,dog\n", "[file, class]2:a.png|cat;3:b.png|dog;"},
      {"file,class\r\na.png,cat\r\nb.png,dog", "[file, class]2:a.png|cat;3:b.png|dog;"},
      {"file,class\ra.png,cat\r", "[file, class]2:a.png|cat;"},
      {"\xef\xbb\xbf"
       "file,class\na,b\n",
       "[file, class]2:a|b;"},
      {"\n\r\nfile,class\n\n\na,b\n\n", "[file, class]6:a|b;"},
      {" File ,\tCLASS\n x , y \n", "[File, CLASS]2: x | y ;"},
      {"a,b\n\"x, y\",\"say \"\"hi\"\"\"\n", "[a, b]2:x, y|say \"hi\";"},
      {"a,b\n\"two\nlines\",1\nz,2\n", "[a, b]2:two\nlines|1;4:z|2;"},
      {"a,b\n\"two\r\nlines\",\"\"\n", "[a, b]2:two\r\nlines|;"},
      {"\"a\",\"b\"\n1,\"2\"", "[a, b]2:1|2;"},
      {"a,b\n,\n1\n1,2,3\n", "[a, b]2:|;3:1;4:1|2|3;"},
      {"a\nx\"y\"\n", "[a]2:x\"y\";"},
      {"a,b\n", "[a, b]"},
      {"a,b\n1,", "[a, b]2:1|;"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    struct clgan_error e = {0};
    char *rows = read_all(table[i].text, strlen(table[i].text), &e);
    assert_string_equal(e.text, "");
    assert_string_equal(rows, table[i].rows);
    clgan_mem_free(rows);
  }
}

static void bad_tables(void **state) {
  static const struct {
    const char *text;
    size_t size;
    const char *part;
  } table[] = {
      {"", 0, "t.csv: it is empty"},
      {"\n\r\n", 3, "t.csv: it is empty"},
      {"\xef\xbb\xbf", 3, "t.csv: it is empty"},
      {"a,b\n1,\"open\n2,3\n", 16, "t.csv:2: a quote opened here is never closed"},
      {"a,b\n1,\"x\"y\n", 11, "t.csv:2: text after a closing quote"},
      {"a,b\n1,2\n3,x\0y\n", 14, "t.csv:3: a NUL byte"},
      {"a,b\n1,2\n\"x\0y\",3\n", 17, "t.csv:3: a NUL byte"},
      {"a\0,b\n", 5, "t.csv:1: a NUL byte"},
      {"\"a", 2, "t.csv:1: a quote opened here"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    struct clgan_error e = {0};
    clgan_mem_free(read_all(table[i].text, table[i].size, &e));
    expect_error(&e, CLGAN_ERR_FORMAT, table[i].part);
  }
}

/* A field, or a row, may be large, but not without end. */
static void huge(void **state) {
  (void)state;
  for (int quoted = 0; quoted < 2; quoted++)
    for (size_t over = 0; over < 2; over++) {
      struct clgan_text t = {0};
      struct clgan_error e = {0};
      clgan_text_printf(&t, "a,b\n1,%s", quoted ? "\"" : "");
      char *field = clgan_mem_alloc(CLGAN_CSV_FIELD_MAX + 2);
      memset(field, 'x', CLGAN_CSV_FIELD_MAX + over);
      clgan_text_printf(&t, "%s%s\n", field, quoted ? "\"" : "");
      char *rows = read_all(t.s, t.len, &e);
      if (over)
        expect_error(&e, CLGAN_ERR_FORMAT, "t.csv:2: a field of more than 1 MiB");
      else
        assert_int_equal(strlen(rows), strlen("[a, b]2:1|;") + CLGAN_CSV_FIELD_MAX);
      clgan_mem_free(rows);
      clgan_mem_free(field);
      clgan_text_free(&t);
    }
  struct clgan_error e = {0};
  char commas[CLGAN_CSV_COLUMNS_MAX + 1];
  memset(commas, ',', sizeof commas);
  clgan_mem_free(read_all(commas, sizeof commas, &e));
  expect_error(&e, CLGAN_ERR_FORMAT, "t.csv:1: more than 4096 fields");
}

static void columns(void **state) {
  (void)state;
  char *path = scratch_file("c.csv", "age, File ,class,file\n", 22);
  struct clgan_csv *c = NULL;
  assert_int_equal(clgan_csv_open(path, &c, NULL), CLGAN_OK);
  assert_int_equal(clgan_csv_columns(c), 4);
  assert_int_equal(clgan_csv_column(c, "file"), 1);
  assert_int_equal(clgan_csv_column(c, "class"), 2);
  assert_int_equal(clgan_csv_column(c, "gender"), -1);
  clgan_csv_close(c);
  clgan_mem_free(path);
  struct clgan_error e = {0};
  assert_int_equal(clgan_csv_open("/nowhere/x.csv", &c, &e), CLGAN_ERR_IO);
  expect_error(&e, CLGAN_ERR_IO, "/nowhere/x.csv");
  assert_null(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(good_tables), cmocka_unit_test(bad_tables),
                                     cmocka_unit_test(huge), cmocka_unit_test(columns)};
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
