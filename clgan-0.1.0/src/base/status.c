/* status.c: error records, status names, the library's version. SPDX-License-Identifier: MIT */
#include "base/status.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0.0.0-unconfigured"
#endif

const char *clgan_version(void) { return PACKAGE_VERSION; }

const char *clgan_status_name(enum clgan_status status) {
  switch (status) {
    case CLGAN_OK: return "ok";
    case CLGAN_ERR_USAGE: return "wrong usage";
    case CLGAN_ERR_IO: return "input/output error";
    case CLGAN_ERR_FORMAT: return "bad file content";
    case CLGAN_ERR_MEMORY: return "out of memory";
    case CLGAN_ERR_DEVICE: return "device error";
    case CLGAN_ERR_BUILD: return "kernel build failure";
    case CLGAN_ERR_NUMERIC: return "numeric failure";
    case CLGAN_ERR_INTERRUPTED: return "interrupted";
    case CLGAN_ERR_INTERNAL: return "internal error";
  }
  return "unknown status";
}

/* What a file or a name holds must not steer a terminal, nor break the one line of a message. Only what compilers and
 * drivers say has several lines. */
static void tame(char *text, enum clgan_status status) {
  bool lines = status != CLGAN_ERR_FORMAT && status != CLGAN_ERR_IO && status != CLGAN_ERR_USAGE;
  for (char *c = text; *c; c++)
    if (((unsigned char)*c < 32 && !(lines && (*c == '\n' || *c == '\t'))) || *c == 127) *c = '?';
}

enum clgan_status clgan_error_set(struct clgan_error *e, enum clgan_status status, const char *format, ...) {
  va_list ap;
  if (!e || e->status != CLGAN_OK || status == CLGAN_OK) return status;
  e->status = status;
  va_start(ap, format);
  if (vsnprintf(e->text, sizeof e->text, format, ap) < 0) e->text[0] = '\0';
  va_end(ap);
  /* Messages of drivers and compilers often end in a newline; ours never do. */
  for (size_t n = strlen(e->text); n > 0 && e->text[n - 1] == '\n'; n--) e->text[n - 1] = '\0';
  tame(e->text, status);
  return status;
}

enum clgan_status clgan_error_prefix(struct clgan_error *e, const char *format, ...) {
  char prefix[CLGAN_ERROR_MAX];
  va_list ap;
  int length;
  size_t n, keep;
  if (!e) return CLGAN_ERR_INTERNAL; /* a failure must not turn into success for want of a record */
  va_start(ap, format);
  length = vsnprintf(prefix, sizeof prefix - 2, format, ap);
  va_end(ap);
  if (length < 0) return e->status;
  n = strlen(prefix);
  memcpy(prefix + n, ": ", 3);
  n += 2;
  keep = strlen(e->text);
  if (keep > sizeof e->text - 1 - n) keep = sizeof e->text - 1 - n; /* the end (compiler detail) is what may go */
  memmove(e->text + n, e->text, keep);
  memcpy(e->text, prefix, n);
  e->text[n + keep] = '\0';
  tame(e->text, e->status);
  return e->status;
}

void clgan_error_clear(struct clgan_error *e) {
  if (!e) return;
  e->status = CLGAN_OK;
  e->text[0] = '\0';
}
