/* fuzz_tuning.c: tuning texts; what is accepted survives being written. */
#include <string.h>

#include "base/mem.h"
#include "fuzz.h"
#include "tune/text.h"

void fuzz_tuning(const unsigned char *data, size_t size) {
  struct clgan_error e = {0};
  struct clgan_tunings t = {0}, again = {0};
  char *text = clgan_mem_alloc(size + 1);
  memcpy(text, data, size);
  enum clgan_status status = clgan_tunings_parse(text, "file", &t, &e);
  fuzz_expect_line(status, &e);
  fuzz_expect(status == CLGAN_OK || !t.n, "a refused text adds nothing");
  if (status == CLGAN_OK) {
    char *once = clgan_tunings_text(&t);
    fuzz_expect(clgan_tunings_parse(once, "written", &again, &e) == CLGAN_OK, "what is written can be read");
    char *twice = clgan_tunings_text(&again);
    fuzz_expect(again.n == t.n && !strcmp(once, twice), "what is read again is the same");
    for (size_t i = 0; i < t.n && i < 16; i++) {
      const struct clgan_tuning_entry *x = &t.items[i];
      struct clgan_tuning_query q = {x->device, x->family, x->vendor, x->driver, x->source, x->op, x->geometry, x->type};
      fuzz_expect(clgan_tunings_find(&t, &q) != NULL, "an entry fits what it was made for");
    }
    clgan_mem_free(once);
    clgan_mem_free(twice);
  }
  clgan_tunings_free(&t);
  clgan_tunings_free(&again);
  clgan_mem_free(text);
}
