/** @file image.h  PNG and JPEG files as 8-bit gray or RGB arrays: decode, crop, resample, write. */
#ifndef CLGAN_DATA_IMAGE_H
#define CLGAN_DATA_IMAGE_H
#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

/** Larger images are refused: a side or a pixel count beyond this is a damaged or hostile header, not a photograph. */
#define CLGAN_IMAGE_MAX_SIDE 65500u
#define CLGAN_IMAGE_MAX_PIXELS (1u << 27)

struct clgan_image {
  uint32_t height, width, channels; /**< channels: 1 gray, 3 RGB */
  unsigned char *pixels;            /**< [H,W,C]; released by clgan_image_free */
};

/** Decodes a PNG (any colour type, depth, interlacing) or JPEG (gray, YCbCr, RGB, CMYK; turned upright by its EXIF
 * orientation), told apart by content, not by name. Transparent pixels are composited over black, the background of
 * digits; 16-bit samples are scaled to 8; gamma and colour profiles are ignored, as the data sets' usual readers do;
 * gray from RGB is 0.299 R + 0.587 G + 0.114 B.
 * @param name what messages call it. @param channels 1 or 3, or 0 for the file's own.
 * @return CLGAN_ERR_FORMAT (neither format, damaged, cut short, too large) or MEMORY; *out is zeroed then. */
enum clgan_status clgan_image_decode(const char *name, const unsigned char *data, size_t size, uint32_t channels,
                                     struct clgan_image *out, struct clgan_error *e);
/** Reads and decodes a file; also CLGAN_ERR_IO. */
enum clgan_status clgan_image_read(const char *path, uint32_t channels, struct clgan_image *out, struct clgan_error *e);
void clgan_image_free(struct clgan_image *image); /**< legal on a zeroed struct */

/** A rectangle of source pixels. */
struct clgan_crop {
  uint32_t x, y, width, height;
};
/** Parses "x,y,w,h" (whole numbers, w and h above 0); CLGAN_ERR_USAGE otherwise. */
enum clgan_status clgan_crop_parse(const char *text, struct clgan_crop *out, struct clgan_error *e);

/** Crops (NULL: the centre square) and resamples to @p out [height,width,channels of the image] with a triangle filter
 * as wide as the reduction (antialiased; bilinear when enlarging; the same size copies exactly).
 * @return CLGAN_ERR_USAGE when the crop is not inside the image. */
enum clgan_status clgan_image_resample(const struct clgan_image *image, const struct clgan_crop *crop, uint32_t height,
                                       uint32_t width, unsigned char *out, struct clgan_error *e);

/** read + resample: a file to @p out [height,width,channels], channels 1 or 3. Errors name the file. */
enum clgan_status clgan_image_load(const char *path, const struct clgan_crop *crop, uint32_t height, uint32_t width,
                                   uint32_t channels, unsigned char *out, struct clgan_error *e);

/** Encodes [height,width,channels] (1 or 3) as an 8-bit PNG in memory. No time stamp: equal pixels give equal bytes.
 * @param name what messages call it. @param data the caller's (clgan_mem_free); NULL on failure. */
enum clgan_status clgan_image_encode_png(const char *name, uint32_t height, uint32_t width, uint32_t channels,
                                         const unsigned char *pixels, unsigned char **data, size_t *size,
                                         struct clgan_error *e);
/** Writes [height,width,channels] (1 or 3) as an 8-bit PNG, atomically. No time stamp: equal pixels give equal bytes.
 */
enum clgan_status clgan_image_write_png(const char *path, uint32_t height, uint32_t width, uint32_t channels,
                                        const unsigned char *pixels, struct clgan_error *e);
#endif
