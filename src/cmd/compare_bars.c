/* compare_bars.c: the operations of a comparison's page as bars. SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/words.h"
#include "cmd/compare_page.h"
#include "data/plot.h"

/* Figures of so many bars each, so that print and columns can break between them; in units of the SVG. */
enum { BARS = 36, WIDE = 350, LEFT = 16, LABEL = 150, NAME_ROW = 16, BAR_ROW = 14, BAR = 10, GAP = 5, LETTERS = 50 };
/* Operations a byte from which on an operation computes rather than moves. */
static const double computes = 4;

struct chart {
  const struct clgan_comparison *c;
  bool flops; /* GFLOP/s, else GB/s */
  double most;
  struct clgan_text bars;
  int y;
  size_t n;
};

static double value_of(const struct chart *h, const struct clgan_result_row *row) {
  if (!row || !clgan_result_measured(row)) return 0;
  return h->flops ? row->gflops : row->gbps;
}

/* By the first file that has both rates; one without bytes computes. */
static bool belongs(const struct chart *h, size_t i) {
  if (!clgan_compare_is_operation(clgan_compared_row(h->c, i))) return false;
  for (size_t f = 0; f < h->c->n_files; f++) {
    const struct clgan_result_row *row = clgan_compared_at(h->c, i, f)->row;
    if (row && row->gbps > 0) return (row->gflops >= computes * row->gbps) == h->flops;
  }
  return h->flops;
}

static void put_name(struct chart *h, const struct clgan_result_row *row, struct clgan_compare_shared shared) {
  char *name = clgan_compare_label(row, shared);
  size_t at = 0, letters = 0;
  for (; name[at] && letters < LETTERS; letters++)
    at += clgan_utf8_length(name + at) ? clgan_utf8_length(name + at) : 1;
  char *cut = name[at] ? clgan_mem_printf("%.*s\u2026", (int)at, name) : clgan_mem_strdup(name);
  char *safe = clgan_page_escape(cut), *whole = clgan_page_escape(row->name);
  h->y += NAME_ROW;
  clgan_text_printf(&h->bars, "<text x=\"0\" y=\"%d\"><title>%s</title>%s</text>\n", h->y - 4, whole, safe);
  clgan_mem_free(whole);
  clgan_mem_free(safe);
  clgan_mem_free(cut);
  clgan_mem_free(name);
}

static void put_bar(struct chart *h, size_t f, const struct clgan_result_row *row) {
  double value = value_of(h, row), width = h->most > 0 ? value / h->most * (WIDE - LEFT - LABEL) : 0;
  char letter[8], share[24] = "";
  if (row->share > 0) (void)snprintf(share, sizeof share, ", %.0f %%", 100 * row->share);
  if (h->c->n_files > 1)
    clgan_text_printf(&h->bars, "<text x=\"0\" y=\"%d\">%s</text>", h->y + BAR, clgan_compare_letter(f, letter));
  if (value > 0)
    clgan_text_printf(&h->bars,
                      "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>"
                      "<text x=\"%.1f\" y=\"%d\">%.4g %s%s</text>\n",
                      clgan_plot_colour(f), LEFT, h->y + 1, fmax(width, 1), BAR, LEFT + width + 5, h->y + BAR, value,
                      h->flops ? "GFLOP/s" : "GB/s", share);
  else
    clgan_text_printf(&h->bars, "<text x=\"%d\" y=\"%d\">%s</text>\n", LEFT, h->y + BAR,
                      clgan_result_measured(row)         ? "not counted"
                      : clgan_result_left_out(row)       ? "not measured"
                      : !strncmp(row->error, "wrong", 5) ? "WRONG"
                                                         : "failed");
  h->y += BAR_ROW;
  h->n++;
}

static void end_figure(struct clgan_page *p, struct chart *h) {
  if (!h->n) return;
  struct clgan_text t = {0};
  clgan_text_printf(&t, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Speed of operations as bars\">\n", WIDE,
                    h->y);
  clgan_text_append(&t, h->bars.s, h->bars.len);
  clgan_text_printf(&t, "</svg>\n");
  clgan_page_svg(p, t.s, NULL);
  clgan_text_free(&t);
  clgan_text_free(&h->bars);
  h->y = 0;
  h->n = 0;
}

static void put_chart(struct clgan_page *p, const struct clgan_comparison *c, bool flops, const char *heading) {
  struct clgan_compare_shared shared = clgan_compare_shared_of(c);
  struct chart h = {.c = c, .flops = flops};
  for (size_t i = 0; i < c->n; i++)
    for (size_t f = 0; belongs(&h, i) && f < c->n_files; f++)
      h.most = fmax(h.most, value_of(&h, clgan_compared_at(c, i, f)->row));
  if (!(h.most > 0)) return;
  clgan_page_heading(p, heading);
  clgan_page_columns(p, true);
  for (size_t i = 0; i < c->n; i++) {
    if (!belongs(&h, i)) continue;
    if (h.n >= BARS) end_figure(p, &h);
    put_name(&h, clgan_compared_row(c, i), shared);
    for (size_t f = 0; f < c->n_files; f++)
      if (clgan_compared_at(c, i, f)->row) put_bar(&h, f, clgan_compared_at(c, i, f)->row);
    h.y += GAP;
  }
  end_figure(p, &h);
  clgan_page_columns(p, false);
}

void clgan_compare_put_bars(struct clgan_page *p, const struct clgan_comparison *c) {
  put_chart(p, c, true, "Products: GFLOP/s, and share of what the roofline allows");
  put_chart(p, c, false, "The rest: GB/s, and share of what the roofline allows");
}
