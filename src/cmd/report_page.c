/* report_page.c: the page of `clgan report`. SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cmd/report.h"
#include "data/image.h"
#include "data/page.h"
#include "data/plot.h"

enum { POINTS = 200, FRAME = 200, SMALL = 300 /* pixels: sheets below it are drawn twice as large */ };

/* -- where it stands -- */

static const char *duration(double seconds, char out[32]) {
  double minutes = floor(seconds / 60);
  if (minutes < 1)
    (void)snprintf(out, 32, "%.0f s", seconds);
  else if (minutes < 60)
    (void)snprintf(out, 32, "%.0f min", minutes);
  else
    (void)snprintf(out, 32, "%.0f h %.0f min", floor(minutes / 60), fmod(minutes, 60));
  return out;
}

static const char *metadata(const struct clgan_report *r, const char *key) {
  const char *value = r->checkpoint ? clgan_safetensors_metadata(r->checkpoint, key) : NULL;
  return value ? value : "";
}

static void put_checkpoint(struct clgan_page *p, const struct clgan_report *r) {
  double last = r->log.n ? r->log.lines[r->log.n - 1].step : 0, step = strtod(metadata(r, "step"), NULL);
  if (r->trouble)
    clgan_page_text(p, "The checkpoint cannot be read: %s", r->trouble);
  else if (!r->checkpoint)
    clgan_page_text(p, "There is no checkpoint yet: interrupted now, the run would begin anew.");
  else if (r->log.n && last >= step)
    clgan_page_text(
        p,
        "The checkpoint is of step %.0f; the log goes on to step %.0f. A run that was interrupted goes on from "
        "the checkpoint: clgan train --resume %s",
        step, last, r->run);
  else
    clgan_page_text(p, "The checkpoint is of step %.0f.", step);
}

static void put_standing(struct clgan_page *p, const struct clgan_report *r) {
  const struct clgan_report_log *log = &r->log;
  char time[32];
  if (log->n) {
    const struct clgan_report_line *last = &log->lines[log->n - 1];
    double seconds = clgan_report_seconds(log, log->n - 1);
    struct clgan_text t = {0};
    clgan_text_printf(&t, "Last logged: step %.0f", last->step);
    if (last->images > 0) clgan_text_printf(&t, ", %.0f images", last->images);
    if (seconds > 0) clgan_text_printf(&t, " in %s", duration(seconds, time));
    if (log->sessions > 1) clgan_text_printf(&t, " (%zu starts)", log->sessions);
    clgan_page_text(p, "%s.", t.s);
    clgan_text_free(&t);
  } else {
    clgan_page_text(p, "The log holds no step.");
  }
  put_checkpoint(p, r);
  if (log->damaged)
    clgan_page_text(p, "%zu of %zu lines of log.jsonl cannot be read and are left out; the first is line %zu.",
                    log->damaged, log->damaged + log->n, log->first_damaged);
}

/* -- curves: at most POINTS, each the mean of the lines that it stands for -- */

static size_t bins_of(const struct clgan_report_log *log) {
  return log->n < POINTS ? log->n : POINTS;
}

static void bin_loss(const struct clgan_report_log *log, size_t loss, double *x, double *y) {
  size_t bins = bins_of(log);
  for (size_t b = 0; b < bins; b++) {
    size_t from = b * log->n / bins, to = (b + 1) * log->n / bins, n = 0;
    double step = 0, sum = 0;
    for (size_t i = from; i < to; i++) {
      double value = clgan_report_loss(log, i, loss);
      step += log->lines[i].step;
      if (isfinite(value)) sum += value, n++;
    }
    x[b] = step / (double)(to - from);
    y[b] = n ? sum / (double)n : (double)NAN;
  }
}

/* Images over seconds between a bin's lines; a start in between has no time of its own. */
static void bin_rate(const struct clgan_report_log *log, double *x, double *y) {
  size_t bins = bins_of(log);
  for (size_t b = 0; b < bins; b++) {
    size_t from = b * log->n / bins, to = (b + 1) * log->n / bins;
    double images = 0, seconds = 0, step = 0;
    for (size_t i = from; i < to; i++) {
      const struct clgan_report_line *line = &log->lines[i];
      step += line->step;
      if (line->begins || !(line->images > line[-1].images) || !(line->seconds > line[-1].seconds)) continue;
      images += line->images - line[-1].images;
      seconds += line->seconds - line[-1].seconds;
    }
    x[b] = step / (double)(to - from);
    y[b] = seconds > 0 ? images / seconds : (double)NAN;
  }
}

struct curve {
  const char *name;
  double x[POINTS], y[POINTS];
};

static void put_curves(struct clgan_page *p, const struct curve *curves, size_t n, size_t points, bool legend,
                       const char *caption) {
  const char **names = clgan_mem_array(n + 1, sizeof *names);
  struct clgan_plot plot = {.x = clgan_plot_axis(false, "steps")};
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (size_t k = 0; k < n; k++) {
    names[k] = curves[k].name;
    for (size_t b = 0; b < points; b++)
      if (isfinite(curves[k].y[b])) low = fmin(low, curves[k].y[b]), high = fmax(high, curves[k].y[b]);
  }
  plot.y = clgan_plot_axis(legend && low > 0 && high > 50 * low, NULL);
  if (!legend) clgan_plot_include(&plot.y, 0);
  for (size_t k = 0; k < n; k++)
    for (size_t b = 0; b < points; b++) {
      clgan_plot_include(&plot.x, curves[k].x[b]);
      clgan_plot_include(&plot.y, curves[k].y[b]);
    }
  clgan_plot_begin(&plot, FRAME, caption, names, legend ? n : 0);
  for (size_t k = 0; k < n; k++) {
    clgan_plot_line(&plot, k, curves[k].x, curves[k].y, points);
    if (points == 1) clgan_plot_point(&plot, k, curves[k].x[0], curves[k].y[0], 3, NULL);
  }
  char *svg = clgan_plot_end(&plot);
  clgan_page_svg(p, svg, caption);
  clgan_mem_free(svg);
  clgan_mem_free(names);
}

/* The part before "_", if another loss shares it: "cycle" of cycle_x and cycle_z; else "". */
static size_t family_of(const struct clgan_report_log *log, size_t loss) {
  size_t n = strcspn(log->names[loss], "_");
  for (size_t k = 0; log->names[loss][n] && k < log->n_names; k++)
    if (k != loss && !strncmp(log->names[k], log->names[loss], n + 1)) return n;
  return 0;
}

static bool same_family(const struct clgan_report_log *log, size_t a, size_t b) {
  size_t na = family_of(log, a), nb = family_of(log, b);
  return na == nb && !strncmp(log->names[a], log->names[b], na);
}

static void put_losses(struct clgan_page *p, const struct clgan_report_log *log) {
  struct curve *curves = clgan_mem_array(log->n_names + 1, sizeof *curves);
  size_t points = bins_of(log), each = (log->n + points - 1) / points;
  clgan_page_heading(p, "Losses");
  clgan_page_columns(p, true);
  for (size_t k = 0; k < log->n_names; k++) {
    bool shown = false;
    size_t n = 0;
    for (size_t before = 0; before < k; before++) shown = shown || same_family(log, before, k);
    if (shown) continue;
    struct clgan_text names = {0};
    for (size_t other = k; other < log->n_names; other++) {
      if (!same_family(log, k, other)) continue;
      curves[n].name = log->names[other];
      bin_loss(log, other, curves[n].x, curves[n].y);
      clgan_text_printf(&names, "%s%s", n++ ? ", " : "", log->names[other]);
    }
    if (each > 1) clgan_text_printf(&names, ": means of about %zu logged steps each", each);
    put_curves(p, curves, n, points, true, names.s);
    clgan_text_free(&names);
  }
  clgan_page_columns(p, false);
  clgan_mem_free(curves);
}

static void put_throughput(struct clgan_page *p, const struct clgan_report_log *log) {
  struct curve *rate = clgan_mem_alloc(sizeof *rate);
  bool any = false;
  rate->name = "images/s";
  bin_rate(log, rate->x, rate->y);
  for (size_t b = 0; b < bins_of(log); b++) any = any || isfinite(rate->y[b]);
  if (any) {
    clgan_page_heading(p, "Throughput");
    put_curves(p, rate, 1, bins_of(log), false,
               "Images a second, by the clock between logged steps: samples and checkpoints included");
  }
  clgan_mem_free(rate);
}

/* -- sheets -- */

static void put_sheet(struct clgan_page *p, const struct clgan_report_sheet *sheet) {
  struct clgan_image image = {0};
  struct clgan_error e = {0};
  char caption[48];
  (void)snprintf(caption, sizeof caption, "step %.0f", sheet->step);
  enum clgan_status s = clgan_image_read(sheet->path, 0, &image, &e);
  if (s == CLGAN_OK)
    s = clgan_page_image(p, image.pixels, image.height, image.width, image.channels, image.width < SMALL ? 2 : 1,
                         caption, &e);
  if (s != CLGAN_OK) {
    clgan_log_warn("%s; this sheet is left out", e.text);
    clgan_page_text(p, "The sheet of step %.0f cannot be read: %s", sheet->step, e.text);
  }
  clgan_image_free(&image);
}

static void put_sheets(struct clgan_page *p, const struct clgan_report *r, size_t most) {
  size_t n = r->n_sheets < most ? r->n_sheets : most;
  if (!n) return;
  clgan_page_heading(p, "Samples");
  if (r->n_sheets == 1)
    clgan_page_text(p, "One sheet, drawn by the averaged nets.");
  else if (n < r->n_sheets)
    clgan_page_text(p, "%zu of %zu sheets, drawn by the averaged nets from the same codes.", n, r->n_sheets);
  else
    clgan_page_text(p, "%zu sheets, drawn by the averaged nets from the same codes.", n);
  clgan_page_columns(p, true);
  for (size_t k = 0; k < n; k++) put_sheet(p, &r->sheets[n == 1 ? r->n_sheets - 1 : k * (r->n_sheets - 1) / (n - 1)]);
  clgan_page_columns(p, false);
}

/* -- settings -- */

/* "key=value" lines as rows. */
static void put_pairs(struct clgan_page *p, const char *text) {
  while (*text) {
    size_t n = strcspn(text, "\n"), key = strcspn(text, "=");
    if (key < n) {
      char *left = clgan_mem_printf("%.*s", (int)key, text),
           *right = clgan_mem_printf("%.*s", (int)(n - key - 1), text + key + 1), *end;
      double number = strtod(right, &end); /* 0.00020000000000000001 is 0.0002 */
      char tidy[32];
      (void)snprintf(tidy, sizeof tidy, "%.9g", number);
      clgan_page_row(p, (const char *const[]){left, *right && !*end ? tidy : right});
      clgan_mem_free(left);
      clgan_mem_free(right);
    }
    text += n + (text[n] == '\n');
  }
}

static void put_settings(struct clgan_page *p, const struct clgan_report *r) {
  static const char *const head[] = {"setting", "value"}, *const keys[] = {"model", "seed", "step", "variants", "data"};
  if (!r->checkpoint) return;
  clgan_page_heading(p, "Settings");
  clgan_page_table(p, head, 2);
  for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
    if (*metadata(r, keys[k]))
      clgan_page_row(
          p, (const char *const[]){!strcmp(keys[k], "data") ? "hash of the data" : keys[k], metadata(r, keys[k])});
  put_pairs(p, metadata(r, "extra"));
  put_pairs(p, metadata(r, "options"));
  clgan_page_table_end(p);
}

enum clgan_status clgan_report_page(const struct clgan_report *r, size_t most, const char *path,
                                    struct clgan_error *e) {
  const char *model = metadata(r, "model");
  char *title = *model ? clgan_mem_printf("A run of %s", model) : clgan_mem_printf("The run in %s", r->run);
  struct clgan_page *p = clgan_page_create(title);
  clgan_mem_free(title);
  put_standing(p, r);
  if (r->log.n && r->log.n_names) put_losses(p, &r->log);
  if (r->log.n) put_throughput(p, &r->log);
  put_sheets(p, r, most);
  put_settings(p, r);
  enum clgan_status s = clgan_page_write(p, path, e);
  clgan_page_destroy(p);
  return s;
}
