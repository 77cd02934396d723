/** @file quirks.h  Private to src/cl: what particular drivers do differently, one row of quirks.c each. */
#ifndef CLGAN_CL_QUIRKS_H
#define CLGAN_CL_QUIRKS_H
#include <stdbool.h>
#include <stddef.h>

enum clgan_quirk {
  CLGAN_QUIRK_SLOW_BINARIES = 1, /**< asking for a program's binary compiles every kernel of it once more */
  CLGAN_QUIRK_NO_BINARIES = 2,   /**< programs are never stored in nor loaded from the disk cache */
  CLGAN_QUIRK_IGNORES_LINE = 4,  /**< build logs say "input.cl:N", N counted without regard to #line */
  CLGAN_QUIRK_EARLY_FINISH = 32,  /**< clFinish returns before everything is done; waiting for an event does not */
  CLGAN_QUIRK_SHORT_LOOPS = 16,   /**< a work-item's loops end after some ten thousands of turns in all */
  CLGAN_QUIRK_SERIAL_COMPILER = 8 /**< one kernel at a time in a process, and most of it at a first launch */
};

/** One row: applies where the platform's and the device's names contain @p platform and @p device (NULL: any) and
 * first <= driver version < end (dotted numbers compared part by part; NULL: open). */
struct clgan_quirk_row {
  const char *platform, *device, *first, *end;
  unsigned flags;
  const char *options; /**< added to every build, or NULL */
  const char *what, *link;
  /** What this driver gets wrong and nothing here works around: the beginning, up to a word's end, of the name of cases
   * (ops/cases.h: "conv", "conv/faces") or "steps/MODEL"; with "reg:" or "local:" before it by that kernel family only.
   * NULL: worked around, or harmless. */
  const char *fails;
};
/** The first row after @p after (NULL: from the start) that applies, or NULL. */
const struct clgan_quirk_row *clgan_quirks_next(const struct clgan_quirk_row *table, const struct clgan_quirk_row *after,
                                                const char *platform, const char *device, const char *driver);
/** Does @p row say that the case fails by the kernel family @p kernels ("reg", "local")? */
bool clgan_quirks_fails(const struct clgan_quirk_row *row, const char *kernels, const char *name);
/** Everything that applies to one driver. */
struct clgan_quirks {
  unsigned flags;
  char options[256];
};
extern const struct clgan_quirk_row clgan_quirk_table[]; /**< ended by platform NULL */
struct clgan_quirks clgan_quirks_find(const struct clgan_quirk_row *table, const char *platform, const char *device,
                                      const char *driver);
/** <0, 0, >0 as version text @p a is older than, equal to or newer than @p b; what precedes a digit is skipped. */
int clgan_quirks_compare(const char *a, const char *b);
#endif
