/* fuzz_idx.c: MNIST's files. */
#include "data/idx.h"
#include "fuzz.h"

void fuzz_idx(const unsigned char *data, size_t size) {
  struct clgan_error e = {0};
  struct clgan_idx idx;
  if (size == 0) return;
  int dims = data[0] & 1 ? 1 : 3;
  enum clgan_status status = clgan_idx_read(fuzz_file(data + 1, size - 1), dims, &idx, &e);
  fuzz_expect_line(status, &e);
  if (status != CLGAN_OK) {
    fuzz_expect(!idx.data && !idx.size, "a failed read leaves nothing");
    return;
  }
  size_t total = 1;
  for (int i = 0; i < dims; i++) total *= idx.shape[i];
  fuzz_expect(idx.dims == dims && total == idx.size, "the size is the product of the shape");
  fuzz_expect(idx.data[0] + idx.data[idx.size - 1] >= 0, "the data are there");
  clgan_idx_free(&idx);
}
