/* compare_page.c: results of one file or several as a page. SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "cmd/compare_page.h"
#include "data/plot.h"

enum { CELL = 96 };

/* -- which files -- */

static const char *root_text(const struct clgan_results *r, const char *key) {
  return clgan_json_string(r->root, key);
}

static void put_note(struct clgan_text *t, const char *before, const char *text) {
  if (*text) clgan_text_printf(t, "%s%s%s", t->len ? "; " : "", before, text);
}

/* What else there is to know of a file, in a line. */
static char *notes_of(const struct clgan_results *r) {
  struct clgan_text t = {0};
  const cJSON *machine = cJSON_GetObjectItemCaseSensitive(r->root, "machine"),
              *conditions = cJSON_GetObjectItemCaseSensitive(r->root, "conditions"), *o;
  double cores = clgan_json_number(machine, "cores");
  const char *name = strrchr(r->path, '/'), *peer = clgan_results_text(r, "source", "peer");
  put_note(&t, "", name ? name + 1 : r->path);
  put_note(&t, "", clgan_results_text(r, "device", "platform"));
  put_note(&t, "driver ", clgan_results_text(r, "device", "driver"));
  put_note(&t, "", clgan_results_text(r, "machine", "cpu"));
  if (cores > 0) clgan_text_printf(&t, "; %g cores", cores);
  char *program = clgan_mem_printf("%s ", *peer ? peer : "clgan");
  put_note(&t, program, clgan_results_text(r, "source", "version"));
  clgan_mem_free(program);
  put_note(&t, "", clgan_results_text(r, "device", "note"));
  cJSON_ArrayForEach(o, cJSON_GetObjectItemCaseSensitive(conditions, "warnings")) {
    if (cJSON_IsString(o)) put_note(&t, "", o->valuestring);
  }
  return t.s;
}

/* Who computed: the device, of a peer's results "tinygrad on ...". The caller's. */
static char *who(const struct clgan_results *r) {
  const char *peer = clgan_results_text(r, "source", "peer");
  return clgan_mem_printf("%s%s%s", peer, *peer ? " on " : "", clgan_results_text(r, "device", "name"));
}

static void put_files(struct clgan_page *p, const struct clgan_comparison *c) {
  static const char *const head[] = {"", "device", "peak", "memory", "measured", "where and how"};
  char letter[8], peak[CELL], memory[CELL], date[16];
  clgan_page_table(p, head, 6);
  for (size_t f = 0; f < c->n_files; f++) {
    const struct clgan_results *r = &c->files[f];
    double gflops, gbps;
    clgan_results_peaks(r, &gflops, &gbps);
    (void)snprintf(peak, sizeof peak, gflops > 0 ? "%.4g GFLOP/s" : "-", gflops);
    (void)snprintf(memory, sizeof memory, gbps > 0 ? "%.3g GB/s" : "-", gbps);
    (void)snprintf(date, sizeof date, "%.10s", root_text(r, "date"));
    char *notes = notes_of(r), *device = who(r);
    clgan_page_row(p, (const char *const[]){clgan_compare_letter(f, letter), device, peak, memory, date, notes});
    clgan_mem_free(device);
    clgan_mem_free(notes);
  }
  clgan_page_table_end(p);
  for (size_t f = 1; f < c->n_files; f++) {
    char *summary = clgan_compare_summary(c, f);
    clgan_page_text(p, "%s against A: %s.", clgan_compare_letter(f, letter), summary);
    clgan_mem_free(summary);
  }
}

/* -- the roofline -- */

/* Operations a byte: what all files that have the case must agree on, from whichever says it. */
static double intensity(const struct clgan_comparison *c, size_t i) {
  for (size_t f = 0; f < c->n_files; f++) {
    const struct clgan_result_row *row = clgan_compared_at(c, i, f)->row;
    if (row && clgan_result_measured(row) && row->gflops > 0 && row->gbps > 0) return row->gflops / row->gbps;
  }
  return 0;
}

static void include_all(const struct clgan_comparison *c, struct clgan_plot *plot, size_t *points) {
  for (size_t i = 0; i < c->n; i++) {
    double x = intensity(c, i);
    if (!(x > 0) || !clgan_compare_is_operation(clgan_compared_row(c, i))) continue;
    clgan_plot_include(&plot->x, x);
    for (size_t f = 0; f < c->n_files; f++) {
      const struct clgan_result_row *row = clgan_compared_at(c, i, f)->row;
      if (!row || !clgan_result_measured(row) || !(row->gflops > 0)) continue;
      clgan_plot_include(&plot->y, row->gflops);
      ++*points;
    }
  }
  for (size_t f = 0; f < c->n_files; f++) {
    double gflops, gbps;
    clgan_results_peaks(&c->files[f], &gflops, &gbps);
    clgan_plot_include(&plot->y, gflops);
    if (gbps > 0) clgan_plot_include(&plot->x, gflops / gbps);
  }
}

static void put_roof(struct clgan_plot *plot, const struct clgan_results *r, size_t colour) {
  double gflops, gbps;
  clgan_results_peaks(r, &gflops, &gbps);
  if (!(gflops > 0) || !(gbps > 0)) return;
  double low = plot->y.low / gbps; /* where the slope enters the frame */
  if (low < plot->x.low) low = plot->x.low;
  const double x[3] = {low, gflops / gbps, plot->x.high}, y[3] = {low * gbps, gflops, gflops};
  clgan_plot_line(plot, colour, x, y, 3);
}

static void put_points(const struct clgan_comparison *c, struct clgan_plot *plot) {
  for (size_t i = 0; i < c->n; i++) {
    double x = intensity(c, i);
    if (!(x > 0) || !clgan_compare_is_operation(clgan_compared_row(c, i))) continue;
    for (size_t f = 0; f < c->n_files; f++) {
      const struct clgan_result_row *row = clgan_compared_at(c, i, f)->row;
      if (!row || !clgan_result_measured(row)) continue;
      char *title = clgan_mem_printf("%s: %.4g GFLOP/s", row->name, row->gflops);
      clgan_plot_point(plot, f, x, row->gflops, 2.2, title);
      clgan_mem_free(title);
    }
  }
}

static void put_roofline(struct clgan_page *p, const struct clgan_comparison *c) {
  struct clgan_plot plot = {.x = clgan_plot_axis(true, "operations a byte"), .y = clgan_plot_axis(true, "GFLOP/s")};
  size_t points = 0;
  include_all(c, &plot, &points);
  if (!points) return;
  char **names = clgan_mem_array(c->n_files, sizeof *names), letter[8];
  for (size_t f = 0; f < c->n_files; f++) {
    char *device = who(&c->files[f]);
    names[f] = clgan_mem_printf("%s %s", clgan_compare_letter(f, letter), device);
    clgan_mem_free(device);
  }
  clgan_page_heading(p, "Roofline");
  clgan_plot_begin(&plot, 270, "Speed of every operation over its operations a byte, under the device's limits",
                   (const char *const *)names, c->n_files);
  for (size_t f = 0; f < c->n_files; f++) put_roof(&plot, &c->files[f], f);
  put_points(c, &plot);
  char *svg = clgan_plot_end(&plot);
  clgan_page_svg(
      p, svg,
      "Every operation once: how fast it ran over how much it computes for each byte it must move. The lines "
      "are what the devices can do at most, by their bandwidth and their multiply-adds. Operations whose data "
      "stay in caches, and algorithms that save multiplications, lie above them.");
  clgan_mem_free(svg);
  for (size_t f = 0; f < c->n_files; f++) clgan_mem_free(names[f]);
  clgan_mem_free(names);
}

/* -- tables of rows -- */

/* The name in a table of its kind. */
static char *label_of(const struct clgan_result_row *row, struct clgan_compare_shared shared) {
  if (clgan_compare_is_operation(row)) return clgan_compare_label(row, shared);
  return clgan_mem_strdup(row->name + (clgan_result_is_probe(row) ? strlen("device/") : 0));
}

static void alone_row(struct clgan_page *p, const struct clgan_result_row *row, struct clgan_compare_shared shared) {
  char figure[64], gflops[32] = "-", gbps[32] = "-", share[32] = "-";
  char *name = label_of(row, shared);
  clgan_compare_figure(row, "\u00b1", figure);
  if (row->gflops > 0) (void)snprintf(gflops, sizeof gflops, "%.4g", row->gflops);
  if (row->gbps > 0) (void)snprintf(gbps, sizeof gbps, "%.3g", row->gbps);
  if (row->share > 0) (void)snprintf(share, sizeof share, "%.0f %%", 100 * row->share);
  clgan_page_row(p, (const char *const[]){name, figure, gflops, gbps, share,
                                          clgan_result_measured(row) ? row->variant : row->error});
  clgan_mem_free(name);
}

static void beside_row(struct clgan_page *p, const struct clgan_comparison *c, size_t i,
                       struct clgan_compare_shared shared) {
  size_t cols = 2 * c->n_files;
  char(*cells)[CELL] = clgan_mem_array(cols, sizeof *cells), ratio[48];
  const char **row = clgan_mem_array(cols, sizeof *row);
  char *name = label_of(clgan_compared_row(c, i), shared);
  row[0] = name;
  for (size_t f = 0; f < c->n_files; f++) {
    const struct clgan_compared *cell = clgan_compared_at(c, i, f);
    char *figure = cells[f ? 2 * f : 1];
    clgan_compare_figure(cell->row, "\u00b1", figure);
    row[f ? 2 * f : 1] = figure;
    if (!f) continue;
    clgan_compare_ratio(cell, "\u2013", ratio);
    (void)snprintf(cells[2 * f + 1], CELL, "%s%s%s", ratio, *ratio ? " " : "", clgan_compare_word(cell->verdict));
    row[2 * f + 1] = cells[2 * f + 1];
  }
  clgan_page_row(p, row);
  clgan_mem_free(name);
  clgan_mem_free(row);
  clgan_mem_free(cells);
}

static void begin_rows(struct clgan_page *p, const struct clgan_comparison *c) {
  static const char *const alone[] = {"case", "median", "GFLOP/s", "GB/s", "share", "kernels"};
  if (c->n_files == 1) {
    clgan_page_table(p, alone, 6);
    return;
  }
  char(*cells)[CELL] = clgan_mem_array(2 * c->n_files, sizeof *cells), letter[8];
  const char **head = clgan_mem_array(2 * c->n_files, sizeof *head);
  head[0] = "case";
  for (size_t f = 0; f < c->n_files; f++) {
    size_t at = f ? 2 * f : 1;
    (void)snprintf(cells[at], CELL, "%s", clgan_compare_letter(f, letter));
    if (f) (void)snprintf(cells[at + 1], CELL, "%s times as fast as A", clgan_compare_letter(f, letter));
    head[at] = cells[at];
    if (f) head[at + 1] = cells[at + 1];
  }
  clgan_page_table(p, head, 2 * c->n_files);
  clgan_mem_free(head);
  clgan_mem_free(cells);
}

/* All cases of a kind as a table under a heading. */
static void put_rows(struct clgan_page *p, const struct clgan_comparison *c, const char *heading,
                     bool (*wanted)(const struct clgan_result_row *)) {
  struct clgan_compare_shared shared = clgan_compare_shared_of(c);
  bool any = false;
  for (size_t i = 0; i < c->n; i++) {
    const struct clgan_result_row *row = clgan_compared_row(c, i);
    if (!wanted(row)) continue;
    if (!any) {
      clgan_page_heading(p, heading);
      begin_rows(p, c);
    }
    any = true;
    if (c->n_files == 1)
      alone_row(p, row, shared);
    else
      beside_row(p, c, i, shared);
  }
  clgan_page_table_end(p);
}

/* -- training and inference -- */

static bool is_whole(const struct clgan_result_row *row) {
  return !clgan_result_is_probe(row) && !clgan_compare_is_operation(row);
}

static void training_row(struct clgan_page *p, const struct clgan_comparison *c, size_t i, size_t f, bool first) {
  const struct clgan_compared *cell = clgan_compared_at(c, i, f);
  const struct clgan_result_row *row = cell->row;
  char figure[64], images[32] = "-", pipelined[32] = "-", gflops[32] = "-", memory[32] = "-", ratio[48], letter[8];
  char *name = clgan_compare_case(row), *verdict;
  clgan_compare_figure(row, "\u00b1", figure);
  clgan_compare_ratio(cell, "\u2013", ratio);
  if (row->images_per_s > 0) (void)snprintf(images, sizeof images, row->images_per_s < 1000 ? "%.4g" : "%.0f", row->images_per_s);
  if (row->pipelined_s > 0) (void)snprintf(pipelined, sizeof pipelined, "%.2f ms", row->pipelined_s * 1e3);
  if (row->gflops > 0) (void)snprintf(gflops, sizeof gflops, "%.4g", row->gflops);
  if (row->planned_bytes > 0) (void)snprintf(memory, sizeof memory, "%.1f MiB", row->planned_bytes / 1048576);
  verdict = clgan_result_measured(row)
                ? clgan_mem_printf("%s%s%s", ratio, *ratio ? " " : "", clgan_compare_word(cell->verdict))
                : clgan_mem_strdup(row->error[0] ? row->error : row->note);
  const char *cells[8] = {
      first ? name : "", clgan_compare_letter(f, letter), figure, images, pipelined, gflops, memory, verdict};
  clgan_page_row(p, cells);
  clgan_mem_free(name);
  clgan_mem_free(verdict);
}

static void put_training(struct clgan_page *p, const struct clgan_comparison *c) {
  static const char *const head[] = {"step",      "",        "median", "images/s",
                                     "pipelined", "GFLOP/s", "memory", "times as fast as A"};
  static const char *const alone[] = {"step", "", "median", "images/s", "pipelined", "GFLOP/s", "memory", ""};
  bool any = false;
  for (size_t i = 0; i < c->n; i++) {
    if (!is_whole(clgan_compared_row(c, i))) continue;
    bool first = true;
    for (size_t f = 0; f < c->n_files; f++) {
      if (!clgan_compared_at(c, i, f)->row) continue;
      if (!any) {
        clgan_page_heading(p, "Training and inference");
        clgan_page_table(p, c->n_files > 1 ? head : alone, 8);
      }
      any = true;
      training_row(p, c, i, f, first);
      first = false;
    }
  }
  clgan_page_table_end(p);
}

/* -- what went wrong -- */

static void put_trouble(struct clgan_page *p, const struct clgan_comparison *c) {
  static const char *const head[] = {"", "case", "what"};
  bool any = false;
  char letter[8];
  for (size_t f = 0; f < c->n_files; f++)
    for (size_t k = 0; k < c->files[f].n; k++) {
      const struct clgan_result_row *row = &c->files[f].rows[k];
      const char *what = row->error[0] ? row->error : row->note;
      if (!what[0]) continue;
      if (!any) {
        clgan_page_heading(p, "Failures and doubts");
        clgan_page_table(p, head, 3);
      }
      any = true;
      clgan_page_row(p, (const char *const[]){clgan_compare_letter(f, letter), row->name, what});
    }
  clgan_page_table_end(p);
}

enum clgan_status clgan_compare_page(const struct clgan_comparison *c, const char *path, struct clgan_error *e) {
  char *device = clgan_compare_device(&c->files[0]),
       *title = c->n_files > 1 ? clgan_mem_printf("clgan bench: %zu results side by side", c->n_files)
                               : clgan_mem_printf("clgan bench: %s", device);
  struct clgan_page *p = clgan_page_create(title);
  clgan_mem_free(title);
  clgan_mem_free(device);
  put_files(p, c);
  put_training(p, c);
  put_roofline(p, c);
  clgan_compare_put_bars(p, c);
  put_rows(p, c, "Operations", clgan_compare_is_operation);
  put_rows(p, c, "The device", clgan_result_is_probe);
  put_trouble(p, c);
  clgan_page_text(
      p,
      "Medians with half the width of their 95 %% interval. A ratio has the bounds that both intervals leave "
      "it; where 1 lies between them, the difference is inside the noise and is called equal.");
  enum clgan_status s = clgan_page_write(p, path, e);
  clgan_page_destroy(p);
  return s;
}
