/* page.c: HTML pages that hold everything they show. SPDX-License-Identifier: MIT */
#include "data/page.h"

#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/words.h"
#include "data/image.h"

enum { SHORT = 28, LONG = 48, UNBROKEN = 28 }; /* cells, and words in them, in bytes */
enum { PHONE = 40, PADDING = 3 }; /* what fits a window of 360 pixels, and goes beside a cell, in letters */

struct clgan_page {
  char *title;
  struct clgan_text body;
  char **cells; /* of the open table, row by row; the titles first */
  size_t n_cells, cap_cells, cols;
  bool headed;
};

static void append(struct clgan_text *t, const char *s) {
  clgan_text_append(t, s, strlen(s));
}

static void escape(struct clgan_text *t, const char *s) {
  while (*s) {
    size_t n = clgan_utf8_length(s);
    bool control = (unsigned char)*s < 0x20 && *s != '\n' && *s != '\t';
    if (n == 0 || control || *s == 0x7f)
      append(t, "\xEF\xBF\xBD");
    else if (*s == '&')
      append(t, "&amp;");
    else if (*s == '<')
      append(t, "&lt;");
    else if (*s == '>')
      append(t, "&gt;");
    else if (*s == '"')
      append(t, "&quot;");
    else if (*s == '\'')
      append(t, "&#39;");
    else
      clgan_text_append(t, s, n);
    s += n ? n : 1;
  }
}

char *clgan_page_escape(const char *text) {
  struct clgan_text t = {0};
  clgan_text_append(&t, "", 0);
  escape(&t, text);
  return t.s;
}

/* RFC 4648, section 4. */
static void base64(struct clgan_text *t, const unsigned char *data, size_t n) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < n; i += 3) {
    size_t left = n - i;
    uint32_t bits = (uint32_t)data[i] << 16;
    if (left > 1) bits |= (uint32_t)data[i + 1] << 8;
    if (left > 2) bits |= data[i + 2];
    const char four[4] = {letters[bits >> 18], letters[bits >> 12 & 63], left > 1 ? letters[bits >> 6 & 63] : '=',
                          left > 2 ? letters[bits & 63] : '='};
    clgan_text_append(t, four, 4);
  }
}

struct clgan_page *clgan_page_create(const char *title) {
  struct clgan_page *p = clgan_mem_alloc(sizeof *p);
  p->title = clgan_mem_strdup(title);
  return p;
}

static void forget_cells(struct clgan_page *p) {
  for (size_t i = 0; i < p->n_cells; i++) clgan_mem_free(p->cells[i]);
  p->n_cells = p->cols = 0;
  p->headed = false;
}

void clgan_page_destroy(struct clgan_page *p) {
  if (!p) return;
  forget_cells(p);
  clgan_mem_free(p->cells);
  clgan_mem_free(p->title);
  clgan_text_free(&p->body);
  clgan_mem_free(p);
}

/* -- tables: kept until they end, since a title is aligned as what stands below it -- */

/* A digit behind an optional sign or relation, and few letters: a number with its unit. */
static bool is_number(const char *s) {
  static const char *const before[] = {"+", "-", "\u2212", "<", ">", "\u2264", "\u2265", "\u2248", "~", "\u00b1", "."};
  for (size_t k = 0; k < sizeof before / sizeof before[0]; k++) {
    size_t n = strlen(before[k]);
    if (strncmp(s, before[k], n)) continue;
    s += n;
    while (*s == ' ') s++;
    k = (size_t)-1; /* begin again: "< -0.5" */
  }
  if (*s < '0' || *s > '9') return false;
  int letters = 0;
  for (; *s; s++) letters += (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');
  return letters <= 4;
}

/* Nothing to align: "", "-", a dash. */
static bool is_blank(const char *s) {
  return !*s || !strcmp(s, "-") || !strcmp(s, "\u2013") || !strcmp(s, "\u2014");
}

static bool is_number_column(const struct clgan_page *p, size_t column) {
  bool any = false;
  for (size_t i = (p->headed ? p->cols : 0) + column; i < p->n_cells; i += p->cols) {
    if (is_blank(p->cells[i])) continue;
    if (!is_number(p->cells[i])) return false;
    any = true;
  }
  return any;
}

/* The last column explains the others: it has whole sentences. */
static bool has_notes(const struct clgan_page *p) {
  for (size_t i = p->cols - 1; p->cols > 1 && i < p->n_cells; i += p->cols)
    if (strlen(p->cells[i]) > LONG) return true;
  return false;
}

static size_t letters_of(const char *s) {
  size_t n = 0;
  for (; *s; s += clgan_utf8_length(s) ? clgan_utf8_length(s) : 1) n++;
  return n;
}

/* Letters of what a cell keeps on one line: all of it where it is short or a number, else its longest word. */
static size_t kept_together(const char *cell) {
  size_t most = 0;
  if (strlen(cell) <= SHORT || is_number(cell)) return letters_of(cell);
  while (*cell) {
    size_t n = strcspn(cell, " ");
    if (n > most) most = n < UNBROKEN ? n : UNBROKEN;
    cell += n + (cell[n] == ' ');
  }
  return most;
}

/* Whether a phone would have to scroll sideways for it. */
static bool is_wide(const struct clgan_page *p) {
  size_t sum = 0;
  for (size_t k = 0; k < p->cols; k++) {
    size_t most = 0;
    for (size_t i = k; i < p->n_cells; i += p->cols) {
      size_t n = kept_together(p->cells[i]);
      if (n > most) most = n;
    }
    sum += most + PADDING;
  }
  return sum > PHONE;
}

/* Numbers to the right; notes below the rest where the window is narrow; what is short is not broken. */
static const char *cell_class(const struct clgan_page *p, const char *cell, size_t column, bool title, bool notes) {
  if (notes && column + 1 == p->cols) return " class=\"t\"";
  if (title) return is_number_column(p, column) ? " class=\"n\"" : "";
  if (is_number(cell) || (is_blank(cell) && is_number_column(p, column))) return " class=\"n\"";
  return *cell && strlen(cell) <= SHORT ? " class=\"k\"" : "";
}

/* What is too long for a phone may be broken, at best behind a slash or a low line. */
static void put_word(struct clgan_text *t, const char *word, size_t length) {
  size_t run = 0, n;
  char letter[8];
  for (const char *end = word + length; word < end; word += n) {
    n = clgan_utf8_length(word) ? clgan_utf8_length(word) : 1;
    memcpy(letter, word, n);
    letter[n] = '\0';
    escape(t, letter);
    bool joint = (*word == '/' || *word == '_') && length > UNBROKEN && run >= UNBROKEN / 6;
    if (++run < UNBROKEN && !joint) continue;
    if (word + n < end) append(t, "<wbr>");
    run = 0;
  }
}

static void put_cell(struct clgan_text *t, const char *cell) {
  while (*cell) {
    size_t n = strcspn(cell, " ");
    put_word(t, cell, n);
    if (cell[n]) append(t, " ");
    cell += n + (cell[n] == ' ');
  }
}

/* The title that a stacked cell bears itself, since the head is not shown then; "" of a cell that says nothing. */
static void put_title(const struct clgan_page *p, size_t at, bool notes, struct clgan_text *t) {
  size_t column = at % p->cols;
  if (!column || (notes && column + 1 == p->cols)) return;
  bool blank = is_blank(p->cells[at]), titled = p->headed && *p->cells[column];
  if (!blank && !titled) return;
  append(t, " data-t=\"");
  if (!blank) escape(t, p->cells[column]);
  append(t, "\"");
}

struct table_look {
  bool notes; /* the last column */
  bool stack; /* a row's cells go below each other on a phone */
};

static void put_row(const struct clgan_page *p, size_t first, bool title, struct table_look look,
                    struct clgan_text *t) {
  append(t, "<tr>");
  for (size_t k = 0; k < p->cols; k++) {
    const char *cell = p->cells[first + k];
    clgan_text_printf(t, title ? "<th scope=\"col\"%s" : "<td%s", cell_class(p, cell, k, title, look.notes));
    if (!title && look.stack) put_title(p, first + k, look.notes, t);
    append(t, ">");
    put_cell(t, cell);
    append(t, title ? "</th>" : "</td>");
  }
  append(t, "</tr>\n");
}

static void put_table(const struct clgan_page *p, struct clgan_text *t) {
  if (!p->cols) return;
  size_t first = p->headed ? p->cols : 0;
  struct table_look look = {.notes = has_notes(p)};
  look.stack = look.notes || is_wide(p);
  clgan_text_printf(t, "<div class=\"table\" tabindex=\"0\"><table%s>\n", look.stack ? " class=\"stack\"" : "");
  if (first) {
    append(t, "<thead>");
    put_row(p, 0, true, look, t);
    append(t, "</thead>\n");
  }
  append(t, "<tbody>\n");
  for (size_t i = first; i < p->n_cells; i += p->cols) put_row(p, i, false, look, t);
  append(t, "</tbody>\n</table></div>\n");
}

static void keep_row(struct clgan_page *p, const char *const *cells) {
  for (size_t k = 0; k < p->cols; k++) {
    CLGAN_GROW(p->cells, p->n_cells, p->cap_cells);
    p->cells[p->n_cells++] = clgan_mem_strdup(cells[k] ? cells[k] : "");
  }
}

void clgan_page_table(struct clgan_page *p, const char *const *head, size_t cols) {
  clgan_page_table_end(p);
  p->cols = cols;
  p->headed = head && cols;
  if (p->headed) keep_row(p, head);
}

void clgan_page_row(struct clgan_page *p, const char *const *cells) {
  keep_row(p, cells);
}

void clgan_page_table_end(struct clgan_page *p) {
  put_table(p, &p->body);
  forget_cells(p);
}

/* -- the rest -- */
static void element(struct clgan_page *p, const char *name, const char *text) {
  clgan_page_table_end(p);
  clgan_text_printf(&p->body, "<%s>", name);
  escape(&p->body, text);
  clgan_text_printf(&p->body, "</%s>\n", name);
}

void clgan_page_heading(struct clgan_page *p, const char *text) {
  element(p, "h2", text);
}

void clgan_page_text(struct clgan_page *p, const char *format, ...) {
  va_list ap, again;
  va_start(ap, format);
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, format, again);
  va_end(again);
  char *text = clgan_mem_alloc((size_t)(n > 0 ? n : 0) + 1);
  if (n > 0) vsnprintf(text, (size_t)n + 1, format, ap);
  va_end(ap);
  element(p, "p", text);
  clgan_mem_free(text);
}

static void end_figure(struct clgan_page *p, const char *caption) {
  if (caption) {
    append(&p->body, "<figcaption>");
    escape(&p->body, caption);
    append(&p->body, "</figcaption>");
  }
  append(&p->body, "</figure>\n");
}

enum clgan_status clgan_page_image(struct clgan_page *p, const unsigned char *pixels, uint32_t h, uint32_t w,
                                   uint32_t c, int scale, const char *caption, struct clgan_error *e) {
  unsigned char *png = NULL;
  size_t size = 0;
  uint64_t times = scale > 1 ? (uint64_t)scale : 1;
  clgan_page_table_end(p);
  CLGAN_TRY(clgan_image_encode_png(caption ? caption : p->title, h, w, c, pixels, &png, &size, e));
  struct clgan_text *t = &p->body;
  clgan_text_printf(t, "<figure><img width=\"%llu\" height=\"%llu\" alt=\"", (unsigned long long)(w * times),
                    (unsigned long long)(h * times));
  escape(t, caption ? caption : "");
  append(t, "\" src=\"data:image/png;base64,");
  base64(t, png, size);
  append(t, "\">");
  clgan_mem_free(png);
  end_figure(p, caption);
  return CLGAN_OK;
}

void clgan_page_svg(struct clgan_page *p, const char *svg, const char *caption) {
  clgan_page_table_end(p);
  append(&p->body, "<figure>");
  append(&p->body, svg);
  end_figure(p, caption);
}

void clgan_page_columns(struct clgan_page *p, bool begin) {
  clgan_page_table_end(p);
  append(&p->body, begin ? "<div class=\"columns\">\n" : "</div>\n");
}

enum clgan_status clgan_page_write(const struct clgan_page *p, const char *path, struct clgan_error *e) {
  struct clgan_text t = {0};
  append(&t,
         "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>");
  escape(&t, p->title);
  append(&t, "</title>\n<style>\n");
  append(&t, clgan_page_style);
  append(&t, "</style>\n</head>\n<body>\n<main>\n<h1>");
  escape(&t, p->title);
  append(&t, "</h1>\n");
  if (p->body.s) clgan_text_append(&t, p->body.s, p->body.len);
  put_table(p, &t);
  append(&t, "</main>\n</body>\n</html>\n");
  enum clgan_status status = clgan_file_write(path, t.s, t.len, e);
  clgan_text_free(&t);
  return status;
}
