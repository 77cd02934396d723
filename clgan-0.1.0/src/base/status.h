/** @file status.h  Errors: a status code and one line of text that says what to do. */
#ifndef CLGAN_BASE_STATUS_H
#define CLGAN_BASE_STATUS_H
#include "clgan.h"

#define CLGAN_ERROR_MAX 4096

/** Caller-owned; zero-initialise. Holds the first error set until clgan_error_clear(). `text` has no trailing newline;
 * its first line is the message, further lines (a compiler log) are detail. FORMAT, IO and USAGE have one line, always. Control
 * characters, which files and names may hold, are replaced by '?'. */
struct clgan_error {
  enum clgan_status status;
  char text[CLGAN_ERROR_MAX];
};

/** Records @p status and the formatted text (unless an error is recorded already) and returns @p status. @p e may be NULL. */
enum clgan_status clgan_error_set(struct clgan_error *e, enum clgan_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Puts formatted text and ": " before the recorded text (e.g. a file's name); returns e->status. */
enum clgan_status clgan_error_prefix(struct clgan_error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
void clgan_error_clear(struct clgan_error *e);

/** Returns early from a function of type enum clgan_status when @p call fails. */
#define CLGAN_TRY(call)                                 \
  do {                                                  \
    enum clgan_status clgan_try_status_ = (call);       \
    if (clgan_try_status_ != CLGAN_OK) return clgan_try_status_; \
  } while (0)
#endif
