/* fuzz_image.c: the intake of PNG and JPEG files. */
#include <string.h>

#include "base/mem.h"
#include "data/image.h"
#include "fuzz.h"

static void decode(const unsigned char *data, size_t size, uint32_t channels) {
  struct clgan_error e = {0};
  struct clgan_image image;
  unsigned char small[8 * 8 * 3];
  enum clgan_status status = clgan_image_decode("file", data, size, channels, &image, &e);
  fuzz_expect_line(status, &e);
  if (status != CLGAN_OK) {
    fuzz_expect(!image.pixels, "a failed decode leaves nothing");
    return;
  }
  fuzz_expect(image.height > 0 && image.width > 0, "an image has pixels");
  fuzz_expect((uint64_t)image.height * image.width <= CLGAN_IMAGE_MAX_PIXELS, "an image keeps the limits");
  fuzz_expect(image.channels == 3 || image.channels == 1, "an image is gray or RGB");
  fuzz_expect(!channels || image.channels == channels, "an image has the channels asked for");
  fuzz_expect_line(clgan_image_resample(&image, NULL, 8, 8, small, &e), &e);
  clgan_image_free(&image);
}

void fuzz_png(const unsigned char *data, size_t size) {
  decode(data, size, size % 2 ? 3 : 1);
}

void fuzz_jpeg(const unsigned char *data, size_t size) {
  decode(data, size, size % 2 ? 0 : 3);
}
