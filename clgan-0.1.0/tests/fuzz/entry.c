/* entry.c: libFuzzer's way into one target; run.sh builds it with -DFUZZ_TARGET=fuzz_NAME. */
#include <stdint.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  FUZZ_TARGET(data, size);
  return 0;
}
