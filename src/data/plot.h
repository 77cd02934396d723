/** @file plot.h  Charts for pages, as inline SVG: a frame with axes, lines, points, a legend. Units are the SVG's; the
 * style is the page's (data/page.h). */
#ifndef CLGAN_DATA_PLOT_H
#define CLGAN_DATA_PLOT_H
#include <stdbool.h>
#include "base/mem.h"

/** Initialise by clgan_plot_axis(), then grow it by every number that is to be shown. */
struct clgan_plot_axis {
  double low, high;
  bool log;         /**< powers of ten are ticks; numbers must be above 0 */
  const char *name; /**< what and in which unit, or NULL */
};
struct clgan_plot_axis clgan_plot_axis(bool log, const char *name);
/** Numbers that are not finite (or, of a logarithmic axis, not above 0) are left aside. */
void clgan_plot_include(struct clgan_plot_axis *a, double value);

enum {
  CLGAN_PLOT_WIDE = 350, /**< the whole, text nearly as large as the page's where it fills a phone */
  CLGAN_PLOT_LEFT = 50,
  CLGAN_PLOT_TOP = 20,                                      /**< above it the vertical axis' name */
  CLGAN_PLOT_SIDE = CLGAN_PLOT_WIDE - CLGAN_PLOT_LEFT - 10, /**< width of the frame */
  CLGAN_PLOT_COLOURS = 10
};
/** A chart being written. */
struct clgan_plot {
  struct clgan_text text;
  struct clgan_plot_axis x, y;
  int frame; /**< height of the frame */
};
/** Begins a chart: room is made around what the axes hold, frame and ticks are drawn.
 * @param about what it shows, for who cannot see it. @param legend names below it, NULL: none; more than
 * CLGAN_PLOT_COLOURS are "others". */
void clgan_plot_begin(struct clgan_plot *p, int frame, const char *about, const char *const *legend, size_t n_legend);
/** The colour's class: "s0".. "s9", beyond these the frame's. */
const char *clgan_plot_colour(size_t k);
double clgan_plot_x(const struct clgan_plot *p, double x); /**< in the SVG's units */
double clgan_plot_y(const struct clgan_plot *p, double y);
/** A line through n points; interrupted where a number cannot be shown. */
void clgan_plot_line(struct clgan_plot *p, size_t colour, const double *x, const double *y, size_t n);
/** @param title shown when pointed at, or NULL. */
void clgan_plot_point(struct clgan_plot *p, size_t colour, double x, double y, double radius, const char *title);
/** Ends it. The caller's (clgan_mem_free). */
char *clgan_plot_end(struct clgan_plot *p);
#endif
