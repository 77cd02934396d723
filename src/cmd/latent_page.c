/* latent_page.c: results of `clgan latent` as a page. SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/latent.h"
#include "data/plot.h"

/* Points coloured by the labels of a view; NULL: all the same. */
static char *scatter(const struct clgan_latent *l, const struct clgan_latent_view *v) {
  struct clgan_plot plot = {.x = clgan_plot_axis(false, NULL), .y = clgan_plot_axis(false, NULL)};
  size_t n = l->n < CLGAN_LATENT_POINTS ? l->n : CLGAN_LATENT_POINTS, classes = v ? (size_t)v->classes : 0;
  char(*numbers)[12] = clgan_mem_array(classes + 1, sizeof *numbers);
  const char **names = clgan_mem_array(classes + 1, sizeof *names);
  for (size_t k = 0; k < classes; k++) names[k] = clgan_names_word(&v->names, (int)k, numbers[k]);
  for (size_t i = 0; i < n; i++) {
    clgan_plot_include(&plot.x, (double)l->point[2 * i]);
    clgan_plot_include(&plot.y, (double)l->point[2 * i + 1]);
  }
  clgan_plot_begin(&plot, CLGAN_PLOT_SIDE, "Codes along their first two principal axes", names, classes);
  clgan_text_printf(&plot.text, "<g opacity=\"0.7\">\n");
  for (size_t i = 0; i < n; i++)
    clgan_plot_point(&plot, v ? (size_t)v->label[i] : 0, (double)l->point[2 * i], (double)l->point[2 * i + 1], 1.8, NULL);
  clgan_text_printf(&plot.text, "</g>\n");
  clgan_mem_free(names);
  clgan_mem_free(numbers);
  return clgan_plot_end(&plot);
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
