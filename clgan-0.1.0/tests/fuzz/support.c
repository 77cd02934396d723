/* support.c: files of bytes, and what must hold, for the fuzz targets. */
#define _GNU_SOURCE /* memfd_create */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

void fuzz_expect(int condition, const char *text) {
  if (condition) return;
  fprintf(stderr, "fuzz: does not hold: %s\n", text);
  abort();
}

const char *fuzz_file(const unsigned char *data, size_t size) {
  static char path[64];
  static int fd = -1;
  if (fd < 0) { /* a file without a name on disk: nothing is left behind by a crash */
    fd = memfd_create("fuzz", MFD_CLOEXEC);
    fuzz_expect(fd >= 0, "a file in memory can be made");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  }
  fuzz_expect(ftruncate(fd, 0) == 0, "the file can be emptied");
  for (size_t at = 0; at < size;) {
    ssize_t n = pwrite(fd, data + at, size - at, (off_t)at);
    fuzz_expect(n > 0, "the file can be written");
    at += (size_t)n;
  }
  return path;
}

void fuzz_expect_line(enum clgan_status status, const struct clgan_error *e) {
  fuzz_expect(status == e->status, "the status returned is the one recorded");
  if (status == CLGAN_OK) {
    fuzz_expect(!e->text[0], "success has no message");
    return;
  }
  fuzz_expect(e->text[0] != 0, "failure has a message");
  fuzz_expect(status != CLGAN_ERR_INTERNAL, "input does not break clgan's own rules");
  for (const char *c = e->text; *c; c++)
    fuzz_expect((unsigned char)*c >= 32 && *c != 127, "a message is one line and does not steer a terminal");
}
