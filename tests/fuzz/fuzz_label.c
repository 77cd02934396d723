/* fuzz_label.c: label files of faces, as they come with FFHQ. */
#include "data/import_internal.h"
#include "fuzz.h"

void fuzz_label(const unsigned char *data, size_t size) {
  struct clgan_error e = {0};
  float age = -1;
  unsigned char gender = 2;
  enum clgan_status status = clgan_import_ffhq_label("label.json", (const char *)data, size, &age, &gender, &e);
  fuzz_expect_line(status, &e);
  if (status != CLGAN_OK) return;
  fuzz_expect(age >= 0 && age <= (float)CLGAN_IMPORT_AGE_MAX, "an age is within its range");
  fuzz_expect(gender <= 1, "a gender is one of two");
}
