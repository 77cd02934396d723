/** @file csv.h  Comma-separated values as RFC 4180 has them: a header line, quotes around fields that hold commas, quotes
 * (doubled) or line ends. Beyond it: a UTF-8 byte order mark, line ends of LF, CR or CRLF, empty lines (skipped), and a
 * last line without an end. */
#ifndef CLGAN_DATA_CSV_H
#define CLGAN_DATA_CSV_H
#include <stdbool.h>
#include <stdint.h>
#include "base/mem.h"

/** Limits, so that a quote left open does not swallow the file. */
enum { CLGAN_CSV_FIELD_MAX = 1 << 20, CLGAN_CSV_COLUMNS_MAX = 4096 };

struct clgan_csv_row {
  size_t n;
  char **fields; /**< NUL-terminated; valid until the next row is read */
  uint64_t line; /**< its first line's number, from 1 */
};
struct clgan_csv;
/** Maps the file and reads its header. @return CLGAN_ERR_IO; CLGAN_ERR_FORMAT where the file is empty, or as for
 * clgan_csv_next. */
enum clgan_status clgan_csv_open(const char *path, struct clgan_csv **out, struct clgan_error *e);
void clgan_csv_close(struct clgan_csv *c); /**< close(NULL) is legal */
size_t clgan_csv_columns(const struct clgan_csv *c);
/** Position of the column of that name (letters' case and spaces around it aside), or -1. */
int clgan_csv_column(const struct clgan_csv *c, const char *name);
/** The header as read, "a, b, c", for messages. */
const char *clgan_csv_header(const struct clgan_csv *c);
/** The next row, of however many fields. @return true: *row is set; false: the end, or an error in @p e: a NUL byte, a
 * quote left open, text after a closing quote, a field or row beyond the limits: CLGAN_ERR_FORMAT with file and line. */
bool clgan_csv_next(struct clgan_csv *c, struct clgan_csv_row *row, struct clgan_error *e);
/** Adds a field as it is written: in quotes where it needs them. */
void clgan_csv_put(struct clgan_text *t, const char *field);
#endif
