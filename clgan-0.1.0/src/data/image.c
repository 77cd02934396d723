/* What is common to the formats: telling them apart, limits, gray and RGB. */
#include "data/image.h"
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base/file.h"
#include "data/image_internal.h"

enum clgan_status clgan_image_allocate(const char *name, uint32_t height, uint32_t width, uint32_t channels,
                                       struct clgan_image *out, struct clgan_error *e) {
  if (height == 0 || width == 0 || height > CLGAN_IMAGE_MAX_SIDE || width > CLGAN_IMAGE_MAX_SIDE ||
      (uint64_t)height * width > CLGAN_IMAGE_MAX_PIXELS)
    return clgan_error_set(e, CLGAN_ERR_FORMAT,
                           "%s: an image of %ux%u pixels, clgan takes up to %u million; scale it down", name, width,
                           height, CLGAN_IMAGE_MAX_PIXELS >> 20);
  void *pixels;
  CLGAN_TRY(clgan_mem_try(&pixels, (size_t)height * width, channels, name, e));
  *out = (struct clgan_image){height, width, channels, pixels};
  return CLGAN_OK;
}

void clgan_image_free(struct clgan_image *image) {
  clgan_mem_free(image->pixels);
  memset(image, 0, sizeof *image);
}

static enum clgan_status convert(const char *name, uint32_t channels, struct clgan_image *image,
                                 struct clgan_error *e) {
  if (channels == 0 || channels == image->channels) return CLGAN_OK;
  struct clgan_image to;
  CLGAN_TRY(clgan_image_allocate(name, image->height, image->width, channels, &to, e));
  const unsigned char *in = image->pixels;
  for (size_t i = 0; i < (size_t)to.height * to.width; i++) {
    if (channels == 3)
      to.pixels[3 * i] = to.pixels[3 * i + 1] = to.pixels[3 * i + 2] = in[i];
    else
      to.pixels[i] = (unsigned char)((299u * in[3 * i] + 587u * in[3 * i + 1] + 114u * in[3 * i + 2] + 500u) / 1000u);
  }
  clgan_image_free(image);
  *image = to;
  return CLGAN_OK;
}

static enum clgan_status decode_any(const char *name, const unsigned char *data, size_t size, struct clgan_image *out,
                                    struct clgan_error *e) {
  static const unsigned char png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  if (size >= 8 && memcmp(data, png, 8) == 0) return clgan_image_decode_png(name, data, size, out, e);
  if (size >= 3 && data[0] == 0xff && data[1] == 0xd8 && data[2] == 0xff)
    return clgan_image_decode_jpeg(name, data, size, out, e);
  if (size == 0) return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: the file is empty; give a PNG or JPEG image", name);
  /* Half of the signature exists to reveal a transfer that changed line ends or dropped the eighth bit. */
  bool was_png = size >= 4 && (memcmp(data + 1, "PNG", 3) == 0 || memcmp(data, "PNG", 3) == 0);
  if (was_png)
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: a PNG whose first bytes are damaged; copy it again, not as text",
                           name);
  return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: neither a PNG nor a JPEG image; convert it to one of them", name);
}

enum clgan_status clgan_image_decode(const char *name, const unsigned char *data, size_t size, uint32_t channels,
                                     struct clgan_image *out, struct clgan_error *e) {
  memset(out, 0, sizeof *out);
  enum clgan_status status = decode_any(name, data, size, out, e);
  if (status == CLGAN_OK) status = convert(name, channels, out, e);
  if (status != CLGAN_OK) clgan_image_free(out);
  return status;
}

enum clgan_status clgan_image_read(const char *path, uint32_t channels, struct clgan_image *out,
                                   struct clgan_error *e) {
  memset(out, 0, sizeof *out);
  char *data;
  size_t size;
  CLGAN_TRY(clgan_file_read(path, &data, &size, e));
  enum clgan_status status = clgan_image_decode(path, (const unsigned char *)data, size, channels, out, e);
  clgan_mem_free(data);
  return status;
}

enum clgan_status clgan_image_load(const char *path, const struct clgan_crop *crop, uint32_t height, uint32_t width,
                                   uint32_t channels, unsigned char *out, struct clgan_error *e) {
  struct clgan_image image;
  CLGAN_TRY(clgan_image_read(path, channels, &image, e));
  enum clgan_status status = clgan_image_resample(&image, crop, height, width, out, e);
  clgan_image_free(&image);
  return status == CLGAN_OK ? CLGAN_OK : clgan_error_prefix(e, "%s", path);
}

enum clgan_status clgan_crop_parse(const char *text, struct clgan_crop *out, struct clgan_error *e) {
  uint32_t v[4];
  const char *p = text;
  bool good = true;
  for (int i = 0; good && i < 4; i++) {
    uint64_t x = 0;
    good = isdigit((unsigned char)*p) != 0;
    while (isdigit((unsigned char)*p) && x <= UINT32_MAX) x = 10 * x + (uint64_t)(*p++ - '0');
    good = good && x <= UINT32_MAX && *p == (i < 3 ? ',' : '\0');
    v[i] = (uint32_t)x;
    p += i < 3;
  }
  if (!good || v[2] == 0 || v[3] == 0)
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "crop `%s`: write x,y,w,h in whole pixels, w and h above 0, e.g. 10,0,128,128", text);
  *out = (struct clgan_crop){v[0], v[1], v[2], v[3]};
  return CLGAN_OK;
}
