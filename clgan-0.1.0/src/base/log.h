/** @file log.h  Messages to stderr and the progress bar; or, inside the public API, to its caller. */
#ifndef CLGAN_BASE_LOG_H
#define CLGAN_BASE_LOG_H
#include <stdbool.h>
#include <stdint.h>
#include "clgan.h"

enum clgan_log_level { CLGAN_LOG_QUIET, CLGAN_LOG_NORMAL, CLGAN_LOG_VERBOSE };
/** Where a thread's messages and progress go instead of standard error; without `call` they are dropped. */
struct clgan_log_sink {
  clgan_log_callback *call;
  void *user;
};
/** Sets this thread's sink (NULL: standard error), which must live until it is replaced. @return the one before. */
const struct clgan_log_sink *clgan_log_redirect(const struct clgan_log_sink *sink);

/** The process's level, for standard error. */
void clgan_log_set_level(enum clgan_log_level level);
enum clgan_log_level clgan_log_level(void);
/** One line on stderr (newline added; "clgan: " is put before warnings). Clears a progress bar that is showing and redraws it after. */
void clgan_log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));    /**< NORMAL and above */
void clgan_log_verbose(const char *format, ...) __attribute__((format(printf, 1, 2))); /**< VERBOSE only */
void clgan_log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));    /**< always */

/** Progress of long work: a bar with rate and time left on a terminal (redrawn at most 10 times a second), a plain line every
 * few seconds elsewhere; nothing when quiet. */
struct clgan_progress {
  const char *what; /**< e.g. "compile", "train" */
  const char *unit; /**< e.g. "kernels", "images"; rate is unit/s */
  double total;     /**< 0: unknown */
  double start_s, last_s, start_at;
  bool shown;
};
void clgan_progress_begin(struct clgan_progress *p, const char *what, const char *unit, double total, double start_at);
/** @param at units done so far. @param note text shown at the end of the line, or NULL (losses, kernel name). */
void clgan_progress_update(struct clgan_progress *p, double at, const char *note);
void clgan_progress_end(struct clgan_progress *p); /**< leaves a finished line (terminal) */

double clgan_time_now(void); /**< monotonic seconds */
/** Seconds since the first call (main makes it), for start-up times. */
double clgan_time_running(void);
#endif
