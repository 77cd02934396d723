/* Comma-separated values. */
#include "data/csv.h"
#include <string.h>
#include <strings.h>
#include "base/file.h"
#include "base/mem.h"

struct clgan_csv {
  char *path;
  struct clgan_map map;
  size_t at;
  uint64_t line;
  struct clgan_text text; /* the row's fields, one after the other */
  size_t *start;          /* where each begins in it */
  size_t n, cap_start;
  char **fields;
  size_t cap_fields;
  char **header;
  size_t columns;
  struct clgan_text header_text;
};

static enum clgan_status fail(const struct clgan_csv *c, const char *what, struct clgan_error *e) {
  return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s:%llu: %s", c->path, (unsigned long long)c->line, what);
}

static bool ended(const struct clgan_csv *c) {
  return c->at == c->map.size;
}

static char here(const struct clgan_csv *c) {
  return ended(c) ? '\n' : (char)c->map.data[c->at];
}

/* Takes one line end. */
static void take_end(struct clgan_csv *c) {
  bool cr = here(c) == '\r';
  c->at++;
  if (cr && !ended(c) && here(c) == '\n') c->at++;
  c->line++;
}

/* Copies bytes from..at to the field that began at `start`. */
static enum clgan_status keep(struct clgan_csv *c, size_t start, size_t from, struct clgan_error *e) {
  size_t n = c->at - from;
  if (c->text.len - start + n > CLGAN_CSV_FIELD_MAX)
    return fail(c, "a field of more than 1 MiB; is a quote left open before it?", e);
  if (n && memchr(c->map.data + from, 0, n)) return fail(c, "a NUL byte; save the table as text in UTF-8", e);
  clgan_text_append(&c->text, c->map.data + from, n);
  return CLGAN_OK;
}

/* Up to the closing quote; a doubled one stands for itself. */
static enum clgan_status take_quoted(struct clgan_csv *c, size_t start, struct clgan_error *e) {
  const uint64_t opened = c->line;
  for (;;) {
    size_t from = ++c->at, lines = 0;
    while (!ended(c) && c->map.data[c->at] != '"') lines += c->map.data[c->at++] == '\n';
    if (ended(c)) {
      c->line = opened;
      return fail(c, "a quote opened here is never closed", e);
    }
    CLGAN_TRY(keep(c, start, from, e));
    c->line += lines;
    c->at++;
    if (ended(c) || here(c) != '"') return CLGAN_OK;
    clgan_text_append(&c->text, "\"", 1);
  }
}

static enum clgan_status take_field(struct clgan_csv *c, struct clgan_error *e) {
  const size_t start = c->text.len;
  if (c->n == CLGAN_CSV_COLUMNS_MAX) return fail(c, "more than 4096 fields in a row; is this a CSV file?", e);
  CLGAN_GROW(c->start, c->n, c->cap_start);
  c->start[c->n++] = start;
  if (!ended(c) && here(c) == '"') {
    CLGAN_TRY(take_quoted(c, start, e));
    if (here(c) != ',' && here(c) != '\n' && here(c) != '\r')
      return fail(c, "text after a closing quote; a quote inside a field is written twice", e);
  } else {
    const size_t from = c->at;
    while (here(c) != ',' && here(c) != '\n' && here(c) != '\r') c->at++;
    CLGAN_TRY(keep(c, start, from, e));
  }
  clgan_text_append(&c->text, "", 1);
  return CLGAN_OK;
}

static enum clgan_status take_row(struct clgan_csv *c, struct clgan_error *e) {
  c->text.len = c->n = 0;
  for (;;) {
    CLGAN_TRY(take_field(c, e));
    if (ended(c) || here(c) != ',') break;
    c->at++;
  }
  if (!ended(c)) take_end(c);
  return CLGAN_OK;
}

bool clgan_csv_next(struct clgan_csv *c, struct clgan_csv_row *row, struct clgan_error *e) {
  *row = (struct clgan_csv_row){0};
  while (!ended(c) && (here(c) == '\n' || here(c) == '\r')) take_end(c);
  row->line = c->line;
  if (ended(c) || take_row(c, e) != CLGAN_OK) return false;
  CLGAN_GROW(c->fields, c->n, c->cap_fields);
  for (size_t i = 0; i < c->n; i++) c->fields[i] = c->text.s + c->start[i];
  row->n = c->n;
  row->fields = c->fields;
  return true;
}

/* Without the spaces around it. */
static char *trimmed(const char *s) {
  while (*s == ' ' || *s == '\t') s++;
  size_t n = strlen(s);
  while (n && (s[n - 1] == ' ' || s[n - 1] == '\t')) n--;
  return clgan_mem_printf("%.*s", (int)n, s);
}

static enum clgan_status read_header(struct clgan_csv *c, struct clgan_error *e) {
  struct clgan_error mine = {0};
  struct clgan_csv_row row;
  if (c->map.size >= 3 && memcmp(c->map.data, "\xef\xbb\xbf", 3) == 0) c->at = 3;
  if (!clgan_csv_next(c, &row, &mine)) {
    if (mine.status != CLGAN_OK) return clgan_error_set(e, mine.status, "%s", mine.text);
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: it is empty; it must start with a line that names its columns",
                           c->path);
  }
  c->header = clgan_mem_array(row.n, sizeof *c->header);
  for (; c->columns < row.n; c->columns++) {
    c->header[c->columns] = trimmed(row.fields[c->columns]);
    clgan_text_printf(&c->header_text, "%s%.40s", c->columns ? ", " : "", c->header[c->columns]);
  }
  return CLGAN_OK;
}

enum clgan_status clgan_csv_open(const char *path, struct clgan_csv **out, struct clgan_error *e) {
  *out = NULL;
  struct clgan_csv *c = clgan_mem_alloc(sizeof *c);
  c->path = clgan_mem_strdup(path);
  c->line = 1;
  enum clgan_status status = clgan_file_map(path, &c->map, e);
  if (status == CLGAN_OK) status = read_header(c, e);
  if (status != CLGAN_OK) {
    clgan_csv_close(c);
    return status;
  }
  *out = c;
  return CLGAN_OK;
}

void clgan_csv_close(struct clgan_csv *c) {
  if (!c) return;
  for (size_t i = 0; i < c->columns; i++) clgan_mem_free(c->header[i]);
  clgan_mem_free(c->header);
  clgan_mem_free(c->start);
  clgan_mem_free(c->fields);
  clgan_text_free(&c->text);
  clgan_text_free(&c->header_text);
  clgan_file_unmap(&c->map);
  clgan_mem_free(c->path);
  clgan_mem_free(c);
}

size_t clgan_csv_columns(const struct clgan_csv *c) {
  return c->columns;
}

int clgan_csv_column(const struct clgan_csv *c, const char *name) {
  for (size_t i = 0; i < c->columns; i++)
    if (!strcasecmp(c->header[i], name)) return (int)i;
  return -1;
}

const char *clgan_csv_header(const struct clgan_csv *c) {
  return c->header_text.s;
}

void clgan_csv_put(struct clgan_text *t, const char *field) {
  if (!field[strcspn(field, ",\"\r\n")]) {
    clgan_text_append(t, field, strlen(field));
    return;
  }
  clgan_text_append(t, "\"", 1);
  for (; *field; field++) clgan_text_append(t, *field == '"' ? "\"\"" : field, *field == '"' ? 2 : 1);
  clgan_text_append(t, "\"", 1);
}
