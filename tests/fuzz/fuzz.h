/* fuzz.h: what reads files that anyone may have written, as functions of bytes. The fuzzer runs them on inputs that it
 * makes up (entry.c, run.sh); fuzz_replay runs them on the cases kept under cases/ with any compiler (replay.c). A
 * target ends the program where something does not hold; sanitizers see the rest. */
#ifndef CLGAN_TESTS_FUZZ_H
#define CLGAN_TESTS_FUZZ_H
#include <stddef.h>
#include "base/status.h"

typedef void fuzz_target(const unsigned char *data, size_t size);
fuzz_target fuzz_safetensors; /* a checkpoint or released model: container, metadata, fit to its own model */
fuzz_target fuzz_idx;         /* an IDX file, plain or .gz; the first byte: dimensions */
fuzz_target fuzz_model;       /* a model's text; after a NUL byte the --set arguments, each ended by a NUL byte */
fuzz_target fuzz_png;         /* an image file, as every subcommand takes it */
fuzz_target fuzz_tuning;      /* a tuning text */
fuzz_target fuzz_csv;         /* a table */
fuzz_target fuzz_label;       /* a label file of a face */
fuzz_target fuzz_jpeg;        /* the same: a corpus of its own */

/** A file that holds these bytes until the next call. @return its path, the harness's own */
const char *fuzz_file(const unsigned char *data, size_t size);
/** Ends the program unless success came without a message, or failure with one line that has no control characters. */
void fuzz_expect_line(enum clgan_status status, const struct clgan_error *e);
/** Ends the program with the text unless @p condition. */
void fuzz_expect(int condition, const char *text);
#endif
