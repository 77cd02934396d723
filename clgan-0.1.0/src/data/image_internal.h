/** @file image_internal.h  The two decoders behind image.h. */
#ifndef CLGAN_DATA_IMAGE_INTERNAL_H
#define CLGAN_DATA_IMAGE_INTERNAL_H
#include "base/mem.h"
#include "data/image.h"

/* Each decodes to 1 or 3 channels as the file has them; on failure out->pixels may be set and the caller frees it. */
enum clgan_status clgan_image_decode_png(const char *name, const unsigned char *data, size_t size,
                                         struct clgan_image *out, struct clgan_error *e);
enum clgan_status clgan_image_decode_jpeg(const char *name, const unsigned char *data, size_t size,
                                          struct clgan_image *out, struct clgan_error *e);

/** Sets the shape and allocates the pixels, after the limits of image.h. */
enum clgan_status clgan_image_allocate(const char *name, uint32_t height, uint32_t width, uint32_t channels,
                                       struct clgan_image *out, struct clgan_error *e);
#endif
