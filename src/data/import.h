/** @file import.h  Files of images and labels -> one packed set (docs/file-formats.md). */
#ifndef CLGAN_DATA_IMPORT_H
#define CLGAN_DATA_IMPORT_H
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/status.h"

enum { CLGAN_IMPORT_SIDE = 64, CLGAN_IMPORT_SIDE_MAX = 1024 };

struct clgan_import_options {
  const char *format;                /**< "mnist", "csv", "ffhq", "utkface" */
  const char *source;                /**< folder of IDX files or of images; CSV file */
  const char *labels;                /**< ffhq: folder of the label files; NULL: the source */
  const char *out;                   /**< the packed set */
  uint32_t height, width;            /**< 0: MNIST's own; 64 for image files */
  uint32_t channels;                 /**< 1 or 3; 0: MNIST 1, image files 3 */
  double test_fraction;              /**< of image files; below 0: not said (0.1) */
  const volatile sig_atomic_t *stop; /**< becomes nonzero: ends with CLGAN_ERR_INTERRUPTED. May be NULL */
};

/** Names of the formats, separated by ", ". Caller frees (clgan_mem_free). */
char *clgan_import_formats(void);

/** Reads, scales and writes, with a progress line; a file that cannot be used is named in a warning and left out; at the
 * end it tells what was written and what was left out, and why.
 * Image files: byte-identical ones are taken once; where their labels differ, not at all; a file is for testing if the
 * first 8 bytes of its SHA-256, as a fraction, are below test_fraction. The image is the largest centred part of the
 * output's shape. Nothing is left at @p out unless all went well; what was read of image files lies in OUT.part until
 * then, and the next import of them to @p out goes on from there.
 * @return CLGAN_ERR_USAGE (no such format, source or column, options that do not fit), IO, FORMAT (nothing usable in
 * it), MEMORY, INTERRUPTED. */
enum clgan_status clgan_import_run(const struct clgan_import_options *o, struct clgan_error *e);
#endif
