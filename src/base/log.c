/* log.c: messages on stderr and the progress bar. Both belong to the main thread. SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "base/log.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define REDRAW_S 0.1 /* terminal */
#define PLAIN_S 5.0  /* elsewhere: a log file should not fill with progress */
#define BAR_CELLS 24

static enum clgan_log_level current_level = CLGAN_LOG_NORMAL;
static char bar_line[512]; /* what the terminal's last line shows now; empty: no bar */

double clgan_time_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double clgan_time_running(void) {
  static double first;
  double now = clgan_time_now();
  if (first <= 0) first = now;
  return now - first;
}

void clgan_log_set_level(enum clgan_log_level level) { current_level = level; }
enum clgan_log_level clgan_log_level(void) { return current_level; }

static void put_line(const char *prefix, const char *format, va_list ap) {
  if (bar_line[0]) fputs("\r\033[K", stderr);
  fputs(prefix, stderr);
  vfprintf(stderr, format, ap);
  fputc('\n', stderr);
  if (bar_line[0]) fputs(bar_line, stderr);
  fflush(stderr);
}

void clgan_log_info(const char *format, ...) {
  va_list ap;
  if (current_level < CLGAN_LOG_NORMAL) return;
  va_start(ap, format);
  put_line("", format, ap);
  va_end(ap);
}

void clgan_log_verbose(const char *format, ...) {
  va_list ap;
  if (current_level < CLGAN_LOG_VERBOSE) return;
  va_start(ap, format);
  put_line("", format, ap);
  va_end(ap);
}

void clgan_log_warn(const char *format, ...) {
  va_list ap;
  va_start(ap, format);
  put_line("clgan: ", format, ap);
  va_end(ap);
}

static void format_duration(double s, char *out, size_t n) {
  if (!(s >= 0) || s > 1e7)
    snprintf(out, n, "?");
  else if (s < 60)
    snprintf(out, n, "%.0f s", s);
  else if (s < 3600)
    snprintf(out, n, "%d:%02d min", (int)s / 60, (int)s % 60);
  else
    snprintf(out, n, "%d:%02d h", (int)s / 3600, (int)s / 60 % 60);
}

static void format_rate(double rate, char *out, size_t n) {
  if (!isfinite(rate) || rate < 0) rate = 0;
  snprintf(out, n, rate < 100 ? "%.1f" : "%.0f", rate);
}

/* One line of text: what, how far, rate, time left, note. */
static void format_line(const struct clgan_progress *p, double at, double now, bool bar, const char *note, char *out,
                        size_t n) {
  char rate[32], left[32], cells[BAR_CELLS + 4] = "";
  double elapsed = now - p->start_s, speed = elapsed > 0 ? (at - p->start_at) / elapsed : 0;
  const char *gap = note && note[0] ? "  " : "";
  if (!note) note = "";
  format_rate(speed, rate, sizeof rate);
  if (p->total > 0) {
    double share = at / p->total;
    if (!(share > 0)) share = 0;
    if (share > 1) share = 1;
    if (bar) {
      int full = (int)(share * BAR_CELLS);
      cells[0] = '[';
      for (int i = 0; i < BAR_CELLS; i++) cells[i + 1] = i < full ? '#' : '.';
      memcpy(cells + BAR_CELLS + 1, "] ", 3);
    }
    format_duration(speed > 0 ? (p->total - at) / speed : -1, left, sizeof left);
    snprintf(out, n, "%s %s%3.0f %%  %.0f/%.0f %s  %s %s/s  %s left%s%s", p->what, cells, floor(100 * share), at,
             p->total, p->unit, rate, p->unit, left, gap, note);
  } else {
    format_duration(elapsed, left, sizeof left);
    snprintf(out, n, "%s  %.0f %s  %s %s/s  %s%s%s", p->what, at, p->unit, rate, p->unit, left, gap, note);
  }
}

static int terminal_columns(void) {
  struct winsize w;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 20) return w.ws_col;
  return 80;
}

void clgan_progress_begin(struct clgan_progress *p, const char *what, const char *unit, double total, double start_at) {
  *p = (struct clgan_progress){.what = what, .unit = unit, .total = total, .start_at = start_at};
  p->start_s = p->last_s = clgan_time_now();
}

static void show(struct clgan_progress *p, double at, double now, const char *note, bool terminal) {
  char line[sizeof bar_line];
  format_line(p, at, now, terminal, note, line, sizeof line);
  p->last_s = now;
  p->shown = true;
  if (terminal) {
    size_t columns = (size_t)terminal_columns() - 1; /* a full last column would wrap, and the bar would scroll */
    if (columns < sizeof line) line[columns] = '\0';
    memcpy(bar_line, line, sizeof bar_line);
    fprintf(stderr, "\r\033[K%s", bar_line);
  } else {
    fprintf(stderr, "%s\n", line);
  }
  fflush(stderr);
}

void clgan_progress_update(struct clgan_progress *p, double at, const char *note) {
  double now = clgan_time_now();
  bool terminal;
  if (current_level < CLGAN_LOG_NORMAL) return;
  terminal = isatty(STDERR_FILENO) == 1;
  if (now - p->last_s < (terminal ? REDRAW_S : PLAIN_S)) return;
  show(p, at, now, note, terminal);
}

void clgan_progress_end(struct clgan_progress *p) {
  if (bar_line[0]) {
    fputc('\n', stderr); /* the last state stays on the screen */
    fflush(stderr);
    bar_line[0] = '\0';
  }
  p->shown = false;
}
