/* plot.c: charts as SVG. SPDX-License-Identifier: MIT */
#include "data/plot.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "data/page.h"

enum {
  LEFT = CLGAN_PLOT_LEFT,
  TOP = CLGAN_PLOT_TOP,
  SIDE = CLGAN_PLOT_SIDE,
  TICK_ROOM = 20,
  NAME_ROOM = 16,
  LEGEND_ROW = 18
};

struct clgan_plot_axis clgan_plot_axis(bool log, const char *name) {
  return (struct clgan_plot_axis){DBL_MAX, -DBL_MAX, log, name};
}

static bool can_show(const struct clgan_plot_axis *a, double value) {
  return isfinite(value) && fabs(value) < 1e300 && (!a->log || value > 1e-300);
}

void clgan_plot_include(struct clgan_plot_axis *a, double value) {
  if (!can_show(a, value)) return;
  a->low = fmin(a->low, value);
  a->high = fmax(a->high, value);
}

static void make_room(struct clgan_plot_axis *a) {
  if (a->low > a->high) a->low = a->log ? 1 : 0, a->high = a->log ? 10 : 1;
  if (a->log) { /* a decade at least: three ticks of 1, 2 or 5 lie in any */
    double decades = log10(a->high / a->low), room = fmax(decades * 0.04, (1 - decades) / 2);
    a->low /= pow(10, fmax(room, 0.05)), a->high *= pow(10, fmax(room, 0.05));
    return;
  }
  double room = a->high > a->low ? (a->high - a->low) * 0.04 : fmax(fabs(a->high) * 0.5, 1);
  a->low -= room, a->high += room;
}

static double place(const struct clgan_plot_axis *a, double x) {
  if (a->log) return log(x / a->low) / log(a->high / a->low);
  return (x - a->low) / (a->high - a->low);
}

double clgan_plot_x(const struct clgan_plot *p, double x) {
  return LEFT + place(&p->x, x) * SIDE;
}

double clgan_plot_y(const struct clgan_plot *p, double y) {
  return TOP + p->frame - place(&p->y, y) * p->frame;
}

/* -- ticks -- */

static void put_tick(struct clgan_plot *p, bool across, double value, bool label) {
  struct clgan_text *t = &p->text;
  double at = across ? clgan_plot_x(p, value) : clgan_plot_y(p, value), big = fabs(value);
  char number[32];
  if (across)
    clgan_text_printf(t, "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>", at, TOP, at,
                      TOP + p->frame);
  else
    clgan_text_printf(t, "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>", LEFT, at, LEFT + SIDE,
                      at);
  if (big >= 1e9)
    (void)snprintf(number, sizeof number, "%gG", value / 1e9);
  else if (big >= 1e6)
    (void)snprintf(number, sizeof number, "%gM", value / 1e6);
  else if (big >= 1e4)
    (void)snprintf(number, sizeof number, "%gk", value / 1e3);
  else
    (void)snprintf(number, sizeof number, "%g", value + 0.0);
  if (!label) return;
  if (across)
    clgan_text_printf(t, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", at, TOP + p->frame + 14,
                      number);
  else
    clgan_text_printf(t, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 4, at + 4, number);
}

/* The smallest step of 1, 2 or 5 times a power of ten that is no less than this. */
static double tick_step(double least) {
  double unit = pow(10, floor(log10(least)));
  double times = least / unit;
  return unit * (times > 5 ? 10 : times > 2 ? 5 : times > 1 ? 2 : 1);
}

static void put_ticks(struct clgan_plot *p, bool across) {
  const struct clgan_plot_axis *a = across ? &p->x : &p->y;
  if (!a->log) {
    double step = tick_step((a->high - a->low) / (across ? 6 : 7)); /* numbers beside each other need more room */
    for (double k = ceil(a->low / step); k * step <= a->high; k++) put_tick(p, across, k * step, true);
    return;
  }
  int first = (int)floor(log10(a->low)), last = (int)floor(log10(a->high)), every = (last - first) / 7 + 1;
  for (int k = first; k <= last; k++)
    for (int m = 1; m < 10; m++) {
      double value = m * pow(10, k);
      bool label = m == 1 ? k % every == 0 : last - first < 2 && (m == 2 || m == 5);
      if (value >= a->low && value <= a->high && (m == 1 || label)) put_tick(p, across, value, label);
    }
}

/* -- the frame -- */

const char *clgan_plot_colour(size_t k) {
  static const char *const names[] = {"s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9"};
  return k < CLGAN_PLOT_COLOURS ? names[k] : "axis";
}

/* About as wide as a letter of the legend in wide fonts; what is neither Latin nor Greek nor Cyrillic is wider. */
static double letter_width(const char *s) {
  return clgan_utf8_length(s) > 2 ? 12 : 7.4;
}

static double name_width(const char *name) {
  double width = 0;
  for (; *name; name += clgan_utf8_length(name) ? clgan_utf8_length(name) : 1) width += letter_width(name);
  return width;
}

enum { LEGEND = CLGAN_PLOT_WIDE - 6, MARK = 22 /* circle and gaps */ };

static size_t legend_columns(const char *const *names, size_t n) {
  double longest = 45; /* "others" */
  for (size_t k = 0; k < n && k < CLGAN_PLOT_COLOURS; k++) longest = fmax(longest, name_width(names[k]));
  size_t columns = (size_t)(LEGEND / (MARK + longest));
  return columns < 1 ? 1 : columns > 5 ? 5 : columns;
}

/* Cut where it would leave its room. */
static char *short_name(const char *name, double room) {
  size_t at = 0;
  if (name_width(name) > room)
    for (room -= 12; name[at] && (room -= letter_width(name + at)) >= 0;)
      at += clgan_utf8_length(name + at) ? clgan_utf8_length(name + at) : 1;
  else
    at = strlen(name);
  char *cut = clgan_mem_printf("%.*s%s", (int)at, name, name[at] ? "\u2026" : ""), *safe = clgan_page_escape(cut);
  clgan_mem_free(cut);
  return safe;
}

static void put_legend(struct clgan_plot *p, const char *const *names, size_t n, size_t columns, int y0) {
  for (size_t k = 0; k < n; k++) {
    double width = LEGEND / (double)columns, x = 6 + (double)(k % columns) * width,
           y = y0 + (double)(k / columns) * LEGEND_ROW;
    const char *whole = k < CLGAN_PLOT_COLOURS ? names[k] : "others";
    char *name = short_name(whole, width - MARK), *title = clgan_page_escape(whole);
    clgan_text_printf(&p->text,
                      "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/><text x=\"%.1f\" "
                      "y=\"%.1f\"><title>%s</title>%s</text>\n",
                      clgan_plot_colour(k), x, y - 4, x + 9, y, title, name);
    clgan_mem_free(title);
    clgan_mem_free(name);
  }
}

static void put_name(struct clgan_plot *p, const char *name, double x, double y, const char *more) {
  char *safe = clgan_page_escape(name);
  clgan_text_printf(&p->text, "<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", x, y, more, safe);
  clgan_mem_free(safe);
}

void clgan_plot_begin(struct clgan_plot *p, int frame, const char *about, const char *const *legend, size_t n) {
  size_t shown = n > CLGAN_PLOT_COLOURS ? CLGAN_PLOT_COLOURS + 1 : n, columns = legend_columns(legend, shown);
  int below = TICK_ROOM + (p->x.name ? NAME_ROOM : 0);
  int high = TOP + frame + below + (shown ? (int)((shown - 1) / columns + 1) * LEGEND_ROW + 4 : 0);
  char *safe = clgan_page_escape(about);
  p->frame = frame;
  make_room(&p->x);
  make_room(&p->y);
  clgan_text_printf(&p->text, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", CLGAN_PLOT_WIDE, high,
                    safe);
  clgan_mem_free(safe);
  put_ticks(p, true);
  put_ticks(p, false);
  clgan_text_printf(&p->text, "<rect class=\"axis\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", LEFT, TOP, SIDE,
                    frame);
  if (p->x.name) put_name(p, p->x.name, LEFT + SIDE, TOP + frame + TICK_ROOM + 10, "text-anchor=\"end\"");
  if (p->y.name) put_name(p, p->y.name, LEFT, TOP - 6, "");
  put_legend(p, legend, shown, columns, TOP + frame + below + 12);
}

/* -- what is in it -- */

void clgan_plot_line(struct clgan_plot *p, size_t colour, const double *x, const double *y, size_t n) {
  bool pen = false;
  clgan_text_printf(&p->text, "<path class=\"line %s\" d=\"", clgan_plot_colour(colour));
  for (size_t k = 0; k < n; k++) {
    bool shown = can_show(&p->x, x[k]) && can_show(&p->y, y[k]);
    if (shown)
      clgan_text_printf(&p->text, "%s%.1f %.1f", pen ? "L" : "M", clgan_plot_x(p, x[k]), clgan_plot_y(p, y[k]));
    pen = shown;
  }
  clgan_text_printf(&p->text, "\"/>\n");
}

void clgan_plot_point(struct clgan_plot *p, size_t colour, double x, double y, double radius, const char *title) {
  if (!can_show(&p->x, x) || !can_show(&p->y, y)) return;
  clgan_text_printf(&p->text, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%g\"", clgan_plot_colour(colour),
                    clgan_plot_x(p, x), clgan_plot_y(p, y), radius);
  if (title) {
    char *safe = clgan_page_escape(title);
    clgan_text_printf(&p->text, "><title>%s</title></circle>\n", safe);
    clgan_mem_free(safe);
  } else {
    clgan_text_printf(&p->text, "/>\n");
  }
}

char *clgan_plot_end(struct clgan_plot *p) {
  clgan_text_printf(&p->text, "</svg>\n");
  char *svg = p->text.s;
  p->text = (struct clgan_text){0};
  return svg;
}
