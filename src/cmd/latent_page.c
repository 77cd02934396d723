/* latent_page.c: results of `clgan latent` as a page. SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/latent.h"

/* The plot: a square, its ticks left and below, the legend under it; in units of the SVG. */
enum { LEFT = 34, TOP = 8, SIDE = 356, WIDE = LEFT + SIDE + 10, TICK_ROOM = 36, LEGEND_ROW = 18, COLOURS = 10 };

struct axis {
  double low, high, step; /* shown range; ticks at multiples of step */
};

/* A step of 1, 2 or 5 times a power of ten, for four to eight ticks. */
static double tick_step(double range) {
  double unit = pow(10, floor(log10(range / 4)));
  double times = range / 4 / unit;
  return unit * (times >= 5 ? 5 : times >= 2 ? 2 : 1);
}

static struct axis find_axis(const struct clgan_latent *l, size_t k, size_t n) {
  struct axis a = {DBL_MAX, -DBL_MAX, 1};
  for (size_t i = 0; i < n; i++) {
    a.low = fmin(a.low, (double)l->point[2 * i + k]);
    a.high = fmax(a.high, (double)l->point[2 * i + k]);
  }
  double room = a.high > a.low ? (a.high - a.low) * 0.04 : 1;
  a.low -= room, a.high += room;
  a.step = tick_step(a.high - a.low);
  return a;
}

static double place(const struct axis *a, double x) {
  return (x - a->low) / (a->high - a->low) * SIDE;
}

static void put_axes(struct clgan_text *t, const struct axis *x, const struct axis *y) {
  for (double k = ceil(x->low / x->step); k * x->step <= x->high; k++) {
    double at = LEFT + place(x, k * x->step);
    clgan_text_printf(t, "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>", at, TOP, at, TOP + SIDE);
    clgan_text_printf(t, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%g</text>\n", at, TOP + SIDE + 14,
                      k * x->step + 0.0);
  }
  for (double k = ceil(y->low / y->step); k * y->step <= y->high; k++) {
    double at = TOP + SIDE - place(y, k * y->step);
    clgan_text_printf(t, "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>", LEFT, at, LEFT + SIDE,
                      at);
    clgan_text_printf(t, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n", LEFT - 4, at + 4,
                      k * y->step + 0.0);
  }
  clgan_text_printf(t, "<rect class=\"axis\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", LEFT, TOP, SIDE, SIDE);
}

/* Classes beyond the colours there are share the frame's. */
static const char *colour(int k) {
  static const char *const names[] = {"s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9"};
  return k < COLOURS ? names[k] : "axis";
}

static const char *word(const struct clgan_latent_view *v, int k, char number[12]) {
  return clgan_names_word(&v->names, k, number);
}

static int legend_columns(const struct clgan_latent_view *v) {
  size_t longest = 6;
  char number[12];
  for (int k = 0; k < v->classes && k < COLOURS; k++) {
    size_t n = strlen(word(v, k, number));
    longest = n > longest ? n : longest;
  }
  int columns = (int)(SIDE / (22 + 7.5 * (double)longest));
  return columns < 1 ? 1 : columns > 5 ? 5 : columns;
}

static void put_legend(struct clgan_text *t, const struct clgan_latent_view *v, int columns) {
  char number[12];
  int shown = v->classes > COLOURS ? COLOURS + 1 : v->classes;
  for (int k = 0; k < shown; k++) {
    double x = LEFT + 6 + (double)(k % columns) * SIDE / columns,
           y = TOP + SIDE + TICK_ROOM + (double)(k / columns) * LEGEND_ROW;
    char *name = clgan_page_escape(k < COLOURS ? word(v, k, number) : "others");
    clgan_text_printf(t,
                      "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/><text x=\"%.1f\" y=\"%.1f\">%s</text>\n",
                      colour(k), x, y - 4, x + 9, y, name);
    clgan_mem_free(name);
  }
}

/* Points coloured by the labels of a view; NULL: all the same. */
static char *scatter(const struct clgan_latent *l, const struct clgan_latent_view *v) {
  struct clgan_text t = {0};
  size_t n = l->n < CLGAN_LATENT_POINTS ? l->n : CLGAN_LATENT_POINTS;
  const struct axis x = find_axis(l, 0, n), y = find_axis(l, 1, n);
  int columns = v ? legend_columns(v) : 1, shown = !v ? 0 : v->classes > COLOURS ? COLOURS + 1 : v->classes;
  int high = TOP + SIDE + (shown ? TICK_ROOM + (shown - 1) / columns * LEGEND_ROW + 6 : 20);
  clgan_text_printf(
      &t, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Codes along their first two principal axes\">\n", WIDE,
      high);
  put_axes(&t, &x, &y);
  clgan_text_printf(&t, "<g opacity=\"0.7\">\n");
  for (size_t i = 0; i < n; i++)
    clgan_text_printf(&t, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"1.8\"/>\n", colour(v ? v->label[i] : 0),
                      LEFT + place(&x, (double)l->point[2 * i]), TOP + SIDE - place(&y, (double)l->point[2 * i + 1]));
  clgan_text_printf(&t, "</g>\n");
  if (v) put_legend(&t, v, columns);
  clgan_text_printf(&t, "</svg>\n");
  return t.s;
}

static void put_scatter(struct clgan_page *p, const struct clgan_latent *l, const struct clgan_latent_view *v) {
  char *svg = scatter(l, v), caption[256];
  size_t n = l->n < CLGAN_LATENT_POINTS ? l->n : CLGAN_LATENT_POINTS;
  snprintf(
      caption, sizeof caption,
      "Codes of %zu images%s%s. Across: the first principal axis, %.1f %% of the variance; up: the second, %.1f %%.", n,
      v ? " coloured by " : "", v ? v->name : "", 100 * l->explained[0],
      100 * (l->spread.dims > 1 ? l->explained[1] : 0));
  clgan_page_svg(p, svg, caption);
  clgan_mem_free(svg);
}

static void put_figures(struct clgan_page *p, const struct clgan_latent *l) {
  static const char *const head[] = {"figure", "value", "beside", "what it means"};
  struct clgan_latent_figure f[CLGAN_LATENT_FIGURES];
  size_t n = clgan_latent_figures(l, f);
  for (size_t k = 0; k < n; k++) {
    if (!k || f[k].group != f[k - 1].group) {
      clgan_page_heading(p, f[k].group);
      clgan_page_table(p, head, 4);
    }
    clgan_page_row(p, (const char *const[]){f[k].name, f[k].value, f[k].reference, f[k].meaning});
  }
  clgan_page_table_end(p);
}

static enum clgan_status put_sheet(struct clgan_page *p, const struct clgan_latent *l, struct clgan_error *e) {
  const struct clgan_sheet *s = l->sheet;
  char caption[400];
  size_t at = (size_t)snprintf(caption, sizeof caption, "%s%sRows, top to bottom: dimensions", l->sheet_condition,
                               l->sheet_condition[0] ? ". " : "");
  for (uint32_t r = 0; r < s->rows && at < sizeof caption - 80; r++)
    at += (size_t)snprintf(caption + at, sizeof caption - at, "%s %zu", r ? "," : "", l->order[r]);
  double reach = clgan_latent_reach(l->m);
  snprintf(caption + at, sizeof caption - at,
           ". Columns: that number from %g to %g, the rest of one drawn code unchanged.", -reach, reach);
  uint32_t wide = s->cols * s->width;
  return clgan_page_image(p, s->pixels, s->rows * s->height, wide, s->channels, wide < 480 ? 2 : 1, caption, e);
}

static void put_dimensions(struct clgan_page *p, const struct clgan_latent *l) {
  static const char *const head[] = {"dimension", "influence", "comes back",
                                     "mean",      "deviation", "distance to the prior"};
  char cell[6][24];
  clgan_page_table(p, head, 6);
  for (size_t k = 0; k < l->sheet->rows; k++) {
    size_t j = l->order[k];
    snprintf(cell[0], sizeof cell[0], "%zu", j);
    snprintf(cell[1], sizeof cell[1], "%.2f %%", 100 * l->influence[j]);
    snprintf(cell[2], sizeof cell[2], "%.1f %%", 100 * l->trip.returned[j]);
    snprintf(cell[3], sizeof cell[3], "%.3f", l->spread.moments[j].mean);
    snprintf(cell[4], sizeof cell[4], "%.3f", l->spread.moments[j].deviation);
    snprintf(cell[5], sizeof cell[5], "%.4f", l->spread.ks[j]);
    clgan_page_row(p, (const char *const[]){cell[0], cell[1], cell[2], cell[3], cell[4], cell[5]});
  }
  clgan_page_table_end(p);
}

enum clgan_status clgan_latent_page(const struct clgan_latent *l, const char *path, struct clgan_error *e) {
  char *title = clgan_mem_printf("What the code holds: %s", l->m->name);
  struct clgan_page *p = clgan_page_create(title);
  clgan_mem_free(title);
  clgan_page_text(p, "Weights %s. %zu images (%s) of %s; seed %llu; %s.", l->weights, l->n, l->split, l->data,
                  (unsigned long long)l->seed, l->device);
  put_figures(p, l);
  clgan_page_heading(p, "The codes from afar");
  for (size_t v = 0; v < l->n_views; v++) put_scatter(p, l, &l->views[v]);
  if (!l->n_views) put_scatter(p, l, NULL);
  clgan_page_heading(p, "The most influential dimensions");
  enum clgan_status s = put_sheet(p, l, e);
  if (s == CLGAN_OK) put_dimensions(p, l);
  if (s == CLGAN_OK) s = clgan_page_write(p, path, e);
  clgan_page_destroy(p);
  return s;
}
