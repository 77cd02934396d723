/* log.c: messages on stderr and the progress bar, or to a thread's own sink. SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "base/log.h"

#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define REDRAW_S 0.1 /* terminal */
#define PLAIN_S 5.0  /* elsewhere: a log file should not fill with progress */
#define SINK_S 1.0   /* to a sink */
#define BAR_CELLS 24

enum { LINE_MAX_BYTES = 512, MESSAGE_MAX = 4096 };

/* The process has one level and one standard error; a thread inside a call of the public API has a sink of its own. */
static atomic_int current_level = CLGAN_LOG_NORMAL;
static pthread_mutex_t stderr_lock = PTHREAD_MUTEX_INITIALIZER;
static char bar_line[LINE_MAX_BYTES]; /* what the terminal's last line shows now; empty: no bar. Under stderr_lock */
static _Thread_local const struct clgan_log_sink *own_sink;

static pthread_once_t started = PTHREAD_ONCE_INIT;
static double start_time;

double clgan_time_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void note_start(void) {
  start_time = clgan_time_now();
}

double clgan_time_running(void) {
  pthread_once(&started, note_start);
  return clgan_time_now() - start_time;
}

void clgan_log_set_level(enum clgan_log_level level) {
  current_level = (int)level;
}
enum clgan_log_level clgan_log_level(void) {
  return (enum clgan_log_level)current_level;
}

const struct clgan_log_sink *clgan_log_redirect(const struct clgan_log_sink *sink) {
  const struct clgan_log_sink *before = own_sink;
  own_sink = sink;
  return before;
}

/* A sink takes every kind; standard error what the level lets through. */
static bool wanted(enum clgan_log_level level) {
  return own_sink ? own_sink->call != NULL : current_level >= (int)level;
}

static void put_line(enum clgan_log_kind kind, const char *prefix, const char *format, va_list ap) {
  if (own_sink) {
    char text[MESSAGE_MAX];
    if (vsnprintf(text, sizeof text, format, ap) >= 0) own_sink->call(own_sink->user, kind, text);
    return;
  }
  pthread_mutex_lock(&stderr_lock);
  if (bar_line[0]) fputs("\r\033[K", stderr);
  fputs(prefix, stderr);
  vfprintf(stderr, format, ap);
  fputc('\n', stderr);
  if (bar_line[0]) fputs(bar_line, stderr);
  fflush(stderr);
  pthread_mutex_unlock(&stderr_lock);
}

void clgan_log_info(const char *format, ...) {
  va_list ap;
  if (!wanted(CLGAN_LOG_NORMAL)) return;
  va_start(ap, format);
  put_line(CLGAN_LOG_INFO, "", format, ap);
  va_end(ap);
}

void clgan_log_verbose(const char *format, ...) {
  va_list ap;
  if (!wanted(CLGAN_LOG_VERBOSE)) return;
  va_start(ap, format);
  put_line(CLGAN_LOG_DETAIL, "", format, ap);
  va_end(ap);
}

void clgan_log_warn(const char *format, ...) {
  va_list ap;
  if (!wanted(CLGAN_LOG_QUIET)) return;
  va_start(ap, format);
  put_line(CLGAN_LOG_WARNING, "clgan: ", format, ap);
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
  char line[LINE_MAX_BYTES];
  format_line(p, at, now, terminal, note, line, sizeof line);
  p->last_s = now;
  p->shown = true;
  if (own_sink) {
    own_sink->call(own_sink->user, CLGAN_LOG_PROGRESS, line);
    return;
  }
  pthread_mutex_lock(&stderr_lock);
  if (terminal) {
    size_t columns = (size_t)terminal_columns() - 1; /* a full last column would wrap, and the bar would scroll */
    if (columns < sizeof line) line[columns] = '\0';
    memcpy(bar_line, line, sizeof bar_line);
    fprintf(stderr, "\r\033[K%s", bar_line);
  } else {
    fprintf(stderr, "%s\n", line);
  }
  fflush(stderr);
  pthread_mutex_unlock(&stderr_lock);
}

void clgan_progress_update(struct clgan_progress *p, double at, const char *note) {
  double now = clgan_time_now();
  if (!wanted(CLGAN_LOG_NORMAL)) return;
  bool terminal = !own_sink && isatty(STDERR_FILENO) == 1;
  if (now - p->last_s < (own_sink ? SINK_S : terminal ? REDRAW_S : PLAIN_S)) return;
  show(p, at, now, note, terminal);
}

void clgan_progress_end(struct clgan_progress *p) {
  p->shown = false;
  if (own_sink) return;
  pthread_mutex_lock(&stderr_lock);
  if (bar_line[0]) {
    fputc('\n', stderr); /* the last state stays on the screen */
    fflush(stderr);
    bar_line[0] = '\0';
  }
  pthread_mutex_unlock(&stderr_lock);
}
