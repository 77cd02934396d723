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
  if (a->log) {
    double room = fmax(log10(a->high / a->low) * 0.04, 0.05);
    a->low /= pow(10, room), a->high *= pow(10, room);
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

/* A step of 1, 2 or 5 times a power of ten, for four to eight ticks. */
static double tick_step(double range) {
  double unit = pow(10, floor(log10(range / 4)));
  double times = range / 4 / unit;
  return unit * (times >= 5 ? 5 : times >= 2 ? 2 : 1);
}

static void put_ticks(struct clgan_plot *p, bool across) {
  const struct clgan_plot_axis *a = across ? &p->x : &p->y;
  if (!a->log) {
    double step = tick_step(a->high - a->low);
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

static size_t legend_columns(const char *const *names, size_t n) {
  size_t longest = 6;
  for (size_t k = 0; k < n && k < CLGAN_PLOT_COLOURS; k++)
    longest = strlen(names[k]) > longest ? strlen(names[k]) : longest;
  size_t columns = (size_t)(SIDE / (22 + 7.5 * (double)longest));
  return columns < 1 ? 1 : columns > 5 ? 5 : columns;
}

/* Cut where it would leave the frame: about 7 units a letter. */
static char *short_name(const char *name, size_t letters) {
  size_t n = 0, at = 0;
  for (; name[at] && n < letters; n++) at += clgan_utf8_length(name + at) ? clgan_utf8_length(name + at) : 1;
  char *cut = name[at] ? clgan_mem_printf("%.*s\u2026", (int)at, name) : clgan_mem_strdup(name);
  char *safe = clgan_page_escape(cut);
  clgan_mem_free(cut);
  return safe;
}

static void put_legend(struct clgan_plot *p, const char *const *names, size_t n, size_t columns, int y0) {
  for (size_t k = 0; k < n; k++) {
    double x = LEFT + 6 + (double)(k % columns) * SIDE / (double)columns, y = y0 + (double)(k / columns) * LEGEND_ROW;
    char *name = short_name(k < CLGAN_PLOT_COLOURS ? names[k] : "others", (size_t)(SIDE / (double)columns / 6.6));
    clgan_text_printf(&p->text,
                      "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/><text x=\"%.1f\" y=\"%.1f\">%s</text>\n",
                      clgan_plot_colour(k), x, y - 4, x + 9, y, name);
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
  if (p->y.name) put_name(p, p->y.name, LEFT + 6, TOP + 15, "");
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
