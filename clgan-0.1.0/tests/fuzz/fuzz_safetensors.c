/* fuzz_safetensors.c: containers and checkpoints. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/safetensors.h"
#include "fuzz.h"
#include "model/checkpoint.h"

/* Every byte that the header promises is there. */
static void touch(const struct clgan_safetensors *s, size_t size) {
  size_t total = 0;
  for (size_t i = 0; i < clgan_safetensors_count(s); i++) {
    const struct clgan_tensor *t = clgan_safetensors_at(s, i);
    fuzz_expect(t->count <= size, "a tensor is no larger than its file");
    total += (size_t)t->count * clgan_dtype_size(t->dtype);
    float *x = clgan_mem_array((size_t)t->count, sizeof *x);
    clgan_tensor_to_float(t, x);
    clgan_mem_free(x);
    fuzz_expect(clgan_safetensors_find(s, t->name) == t, "a tensor is found by its name");
  }
  fuzz_expect(total <= size, "the tensors are no larger than their file");
}

static void use(const struct clgan_checkpoint *c) {
  static const char *const set[] = {"lr_g=1e-4"};
  struct clgan_error e = {0};
  struct clgan_model *m = NULL;
  clgan_mem_free(clgan_checkpoint_extra(c, "batch"));
  enum clgan_status status = clgan_checkpoint_model(c, "file", NULL, 0, &m, &e);
  fuzz_expect_line(status, &e);
  if (status != CLGAN_OK) return;
  for (int k = 0; k < 2; k++) {
    clgan_error_clear(&e);
    fuzz_expect_line(clgan_checkpoint_check(c, m, k ? CLGAN_CHECKPOINT_TRAIN : CLGAN_CHECKPOINT_SAMPLE, "file", &e),
                     &e);
  }
  clgan_model_destroy(m);
  clgan_error_clear(&e);
  status = clgan_checkpoint_model(c, "file", set, 1, &m, &e);
  fuzz_expect_line(status, &e);
  clgan_model_destroy(m);
}

void fuzz_safetensors(const unsigned char *data, size_t size) {
  struct clgan_error e = {0};
  struct clgan_safetensors *s = NULL;
  struct clgan_checkpoint *c = NULL;
  const char *path = fuzz_file(data, size);
  enum clgan_status status = clgan_safetensors_open(path, &s, &e);
  fuzz_expect_line(status, &e);
  if (status != CLGAN_OK) return;
  touch(s, size);
  clgan_safetensors_close(s);
  status = clgan_checkpoint_load(path, &c, &e);
  fuzz_expect_line(status, &e);
  if (status == CLGAN_OK) use(c);
  clgan_checkpoint_destroy(c);
}
