/* fuzz_csv.c: tables. */
#include <string.h>

#include "data/csv.h"
#include "fuzz.h"

void fuzz_csv(const unsigned char *data, size_t size) {
  struct clgan_error e = {0};
  struct clgan_csv *c = NULL;
  struct clgan_csv_row row;
  enum clgan_status status = clgan_csv_open(fuzz_file(data, size), &c, &e);
  fuzz_expect_line(status, &e);
  if (status != CLGAN_OK) return;
  fuzz_expect(clgan_csv_header(c) != NULL, "there is a header");
  fuzz_expect(clgan_csv_column(c, "no such column, hopefully") < (int)clgan_csv_columns(c), "a column is one of them");
  uint64_t line = 0;
  size_t bytes = 0;
  while (clgan_csv_next(c, &row, &e)) {
    fuzz_expect(row.line > line, "lines are counted");
    line = row.line;
    for (size_t i = 0; i < row.n; i++) bytes += strlen(row.fields[i]);
    fuzz_expect(bytes <= size, "no more text than the file holds");
  }
  fuzz_expect_line(e.status, &e);
  clgan_csv_close(c);
}
