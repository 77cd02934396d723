/** @file page.h  Self-contained HTML pages for people: text, tables, pictures (data: URIs), inline SVG. Light and dark
 * by the reader's preference, readable at 360 px and in print; nothing is fetched from elsewhere. */
#ifndef CLGAN_DATA_PAGE_H
#define CLGAN_DATA_PAGE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

/** A page grows by what is added, in that order. Text is UTF-8 and is escaped (a byte that is not UTF-8, or a control
 * character, becomes U+FFFD); only clgan_page_svg takes markup. Adding cannot fail except for pictures. */
struct clgan_page;
struct clgan_page *clgan_page_create(const char *title); /**< the window's title and the first heading */
void clgan_page_destroy(struct clgan_page *p);           /**< destroy(NULL) is legal */
void clgan_page_heading(struct clgan_page *p, const char *text);
void clgan_page_text(struct clgan_page *p, const char *format, ...)
    __attribute__((format(printf, 2, 3))); /**< a paragraph */

/** Opens a table of @p cols columns; it scrolls inside its own box where the window is narrower. A table that is open
 * when anything else is added ends there. @param head column titles; NULL: none. */
void clgan_page_table(struct clgan_page *p, const char *const *head, size_t cols);
/** A row of the open table: cols cells; NULL: empty. A cell that is a number ("0.98", "-3 %", "12.1 +- 0.4 ms") is
 * right-aligned; so is the title of a column of numbers alone. Where the last
 * column holds sentences (more than 48 bytes), they go below the rest of their row in a narrow window. */
void clgan_page_row(struct clgan_page *p, const char *const *cells);
void clgan_page_table_end(struct clgan_page *p);

/** An image U8 [h,w,c], c 1 or 3, as PNG; drawn @p scale (>= 1) times as large with crisp pixels, shrunk to the page's
 * width where that is less. @param caption below it, and its text for who cannot see it; NULL: none.
 * @return CLGAN_ERR_MEMORY or INTERNAL; nothing is added then. */
enum clgan_status clgan_page_image(struct clgan_page *p, const unsigned char *pixels, uint32_t h, uint32_t w,
                                   uint32_t c, int scale, const char *caption, struct clgan_error *e);
/** Puts @p svg in as it is (an <svg> element with a viewBox and without width and height: it fills up to 32rem, so a
 * viewBox about 400 wide keeps 12-unit text readable on a phone; what comes from elsewhere must be escaped, see
 * clgan_page_escape). The page's classes colour it in light and dark: s0..s9, ten colours of series (shapes and text
 * are filled, line, polyline and path.line are stroked), axis (lines) and grid (fainter lines). Text is the page's. */
void clgan_page_svg(struct clgan_page *p, const char *svg, const char *caption);
/** Figures between begin and end stand in columns where the window is wide enough for more than one. */
void clgan_page_columns(struct clgan_page *p, bool begin);
/** @p text as it may stand in HTML and SVG, in attributes too. The caller's (clgan_mem_free). */
char *clgan_page_escape(const char *text);

/** Writes the page, atomically. @return CLGAN_ERR_IO naming the file. */
enum clgan_status clgan_page_write(const struct clgan_page *p, const char *path, struct clgan_error *e);

extern const char clgan_page_style[]; /**< the style sheet (page_style.c) */
#endif
