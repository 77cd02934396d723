/* PNG by libpng. */
#include <png.h>
#include <setjmp.h>
#include <stdbool.h>
#include <string.h>
#include "base/file.h"
#include "data/image_internal.h"

/* What the library's callbacks need. libpng reports errors by longjmp: everything to be freed lives in a struct that
 * outlives the jump, and no local is changed between setjmp and the jump. */
struct reader {
  const unsigned char *data;
  size_t size, at;
  char message[200];
  png_structp png;
  png_infop info;
  unsigned char *rows; /* decoded, [H][W][channels of the file with alpha] */
  png_bytep *row;
  uint32_t height, width, channels;
};

enum { CHUNK_MAX = 8 << 20 };

static void on_error(png_structp png, png_const_charp text) {
  char *message = png_get_error_ptr(png);
  strncpy(message, text, 199);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
  (void)png, (void)text; /* damage outside the pixels (text chunks, colour profiles) is of no consequence here */
}

static void on_read(png_structp png, png_bytep out, size_t n) {
  struct reader *r = png_get_io_ptr(png);
  if (n > r->size - r->at) png_error(png, "the file is cut short");
  memcpy(out, r->data + r->at, n);
  r->at += n;
}

/* To 8 bits, gray or RGB, with alpha where the file has transparency of any kind. */
static void set_transforms(struct reader *r) {
  png_structp png = r->png;
  png_byte type = png_get_color_type(png, r->info);
  if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  if (type == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png);
  if (png_get_valid(png, r->info, PNG_INFO_tRNS)) png_set_tRNS_to_alpha(png);
  png_set_scale_16(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, r->info);
  r->channels = png_get_channels(png, r->info);
}

/* Beyond the limits, as clgan_image_allocate will say: libpng must not be asked for rows of that width before. */
static bool too_large(const struct reader *r) {
  return r->width > CLGAN_IMAGE_MAX_SIDE || r->height > CLGAN_IMAGE_MAX_SIDE ||
         (uint64_t)r->width * r->height > CLGAN_IMAGE_MAX_PIXELS;
}

/* Deflate cannot expand more than 1032 times: a header that announces more would make us allocate for nothing. */
static void check_plausible(struct reader *r) {
  uint64_t packed = (uint64_t)png_get_rowbytes(r->png, r->info) * r->height;
  if (packed / 1032 > r->size) png_error(r->png, "the file is too short for the size its header announces");
}

/* A chunk that announces more than the file holds: libpng would make room for it, up to 2 GiB, before it reads. */
static void check_chunks(struct reader *r) {
  static const unsigned char end[4] = {'I', 'E', 'N', 'D'};
  for (size_t at = 8; r->size - at >= 8;) { /* a length and a name are enough for libpng to make room */
    const unsigned char *p = r->data + at;
    size_t length = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | (size_t)p[3];
    if (r->size - at < 12 || length > r->size - at - 12)
      png_error(r->png, "the file is cut short, or a chunk's length is damaged");
    if (memcmp(p + 4, end, 4) == 0) return;
    at += 12 + length;
  }
}

/* Sets the errors' text. False: the file could not be decoded and r->message says why (empty: memory). */
static bool read_header(struct reader *r) {
  if (setjmp(png_jmpbuf(r->png))) return false;
  png_set_user_limits(r->png, 0x7fffffff, 0x7fffffff);
  /* A text or profile that unpacks to much more is not worth its memory. */
  png_set_chunk_malloc_max(r->png, r->size > CHUNK_MAX ? r->size : CHUNK_MAX);
  png_set_read_fn(r->png, r, on_read);
  check_chunks(r);
  png_read_info(r->png, r->info);
  r->width = png_get_image_width(r->png, r->info);
  r->height = png_get_image_height(r->png, r->info);
  r->channels = png_get_channels(r->png, r->info);
  if (too_large(r)) return true;
  check_plausible(r);
  set_transforms(r);
  return true;
}

static bool read_pixels(struct reader *r) {
  if (setjmp(png_jmpbuf(r->png))) return false;
  png_read_image(r->png, r->row);
  png_read_end(r->png, NULL);
  return true;
}

/* Over black: a transparent pixel's colour is weakened by its alpha. */
static void composite(const struct reader *r, struct clgan_image *out) {
  const uint32_t colours = out->channels;
  const unsigned char *in = r->rows;
  unsigned char *to = out->pixels;
  for (size_t i = 0; i < (size_t)r->height * r->width; i++, in += r->channels)
    for (uint32_t c = 0; c < colours; c++) {
      unsigned alpha = in[colours];
      *to++ = (unsigned char)((in[c] * alpha + 127u) / 255u);
    }
}

static enum clgan_status damaged(const char *name, const struct reader *r, struct clgan_error *e) {
  return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: a damaged PNG (%s); copy or save it again", name, r->message);
}

static enum clgan_status decode(const char *name, struct reader *r, struct clgan_image *out, struct clgan_error *e) {
  if (!read_header(r)) return damaged(name, r, e);
  uint32_t colours = r->channels >= 3 ? 3 : 1;
  CLGAN_TRY(clgan_image_allocate(name, r->height, r->width, colours, out, e));
  void *rows = NULL; /* only where there is alpha to be taken out */
  if (r->channels != colours) CLGAN_TRY(clgan_mem_try(&rows, (size_t)r->height * r->width, r->channels, name, e));
  r->rows = rows;
  r->row = clgan_mem_array(r->height, sizeof *r->row);
  for (uint32_t y = 0; y < r->height; y++)
    r->row[y] = (rows ? r->rows : out->pixels) + (size_t)y * r->width * r->channels;
  if (!read_pixels(r)) return damaged(name, r, e);
  if (rows) composite(r, out);
  return CLGAN_OK;
}

enum clgan_status clgan_image_decode_png(const char *name, const unsigned char *data, size_t size,
                                         struct clgan_image *out, struct clgan_error *e) {
  struct reader r = {.data = data, .size = size};
  r.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, r.message, on_error, on_warning);
  r.info = r.png ? png_create_info_struct(r.png) : NULL;
  enum clgan_status status =
      r.info ? decode(name, &r, out, e)
             : clgan_error_set(e, CLGAN_ERR_MEMORY, "%s: not enough memory for libpng; close other programs", name);
  if (r.png) png_destroy_read_struct(&r.png, &r.info, NULL);
  clgan_mem_free(r.rows);
  clgan_mem_free(r.row);
  return status;
}

/* As for reading: what outlives a longjmp. */
struct writer {
  char message[200];
  struct clgan_text out;
};

static void on_write(png_structp png, png_bytep data, size_t n) {
  struct writer *w = png_get_io_ptr(png);
  clgan_text_append(&w->out, data, n);
}

static void on_flush(png_structp png) {
  (void)png; /* memory */
}

static bool write_all(png_structp png, png_infop info, struct writer *w, const struct clgan_image *image) {
  if (setjmp(png_jmpbuf(png))) return false;
  png_set_write_fn(png, w, on_write, on_flush);
  png_set_IHDR(png, info, image->width, image->height, 8,
               image->channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (uint32_t y = 0; y < image->height; y++)
    png_write_row(png, image->pixels + (size_t)y * image->width * image->channels);
  png_write_end(png, NULL);
  return true;
}

enum clgan_status clgan_image_encode_png(const char *name, uint32_t height, uint32_t width, uint32_t channels,
                                         const unsigned char *pixels, unsigned char **data, size_t *size,
                                         struct clgan_error *e) {
  struct clgan_image image = {height, width, channels, NULL};
  image.pixels = (unsigned char *)(uintptr_t)pixels; /* only read */
  struct writer w = {0};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, w.message, on_error, on_warning);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  enum clgan_status status = CLGAN_OK;
  *data = NULL;
  *size = 0;
  if (!info)
    status = clgan_error_set(e, CLGAN_ERR_MEMORY, "%s: not enough memory for libpng; close other programs", name);
  else if (!write_all(png, info, &w, &image))
    status = clgan_error_set(e, CLGAN_ERR_INTERNAL, "%s: libpng cannot write it (%s)", name, w.message);
  if (png) png_destroy_write_struct(&png, &info);
  if (status != CLGAN_OK) {
    clgan_text_free(&w.out);
    return status;
  }
  *data = (unsigned char *)w.out.s;
  *size = w.out.len;
  return CLGAN_OK;
}

enum clgan_status clgan_image_write_png(const char *path, uint32_t height, uint32_t width, uint32_t channels,
                                        const unsigned char *pixels, struct clgan_error *e) {
  unsigned char *data = NULL;
  size_t size = 0;
  CLGAN_TRY(clgan_image_encode_png(path, height, width, channels, pixels, &data, &size, e));
  enum clgan_status status = clgan_file_write(path, data, size, e);
  clgan_mem_free(data);
  return status;
}
