/* entry.c: libFuzzer's way into one target; run.sh builds it with -DFUZZ_TARGET=fuzz_NAME. */
#include <stdint.h>

#include "cl/blast.h"
#include "fuzz.h"

/* What the library asks of CLBlast: the targets are linked without anything that needs a device. */
const char *clgan_blast_version(void) {
  return "";
}
bool clgan_blast_temporary(struct clgan_cl *cl, const struct clgan_blast_product *p, size_t *floats) {
  (void)cl, (void)p;
  *floats = 0;
  return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  FUZZ_TARGET(data, size);
  return 0;
}
