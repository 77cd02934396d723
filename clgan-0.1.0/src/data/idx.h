/** @file idx.h  MNIST's IDX container: big-endian magic 00 00 08 D (unsigned bytes, D dimensions), D u32 sizes, the
 * bytes. */
#ifndef CLGAN_DATA_IDX_H
#define CLGAN_DATA_IDX_H
#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

enum { CLGAN_IDX_DIMS = 3 };
struct clgan_idx {
  int dims;
  uint32_t shape[CLGAN_IDX_DIMS];
  unsigned char *data; /**< the product of the sizes, bytes; released by clgan_idx_free */
  size_t size;
};

/** Reads a file that must have @p dims (1 or 3) dimensions, plain or gzip (told by content). Nothing is allocated for
 * what the header announces before it is known that the file can hold it.
 * @return CLGAN_ERR_IO, FORMAT (another kind of file, truncated, damaged, more or less data than announced) or MEMORY,
 * naming the file; *out is zeroed then. */
enum clgan_status clgan_idx_read(const char *path, int dims, struct clgan_idx *out, struct clgan_error *e);
void clgan_idx_free(struct clgan_idx *idx); /**< legal on a zeroed struct */
#endif
