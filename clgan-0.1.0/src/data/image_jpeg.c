/* JPEG by libjpeg(-turbo). */
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
/* jpeglib.h needs stdio.h before it */
#include <jerror.h>
#include <jpeglib.h>
#include "data/image_internal.h"

/* libjpeg reports errors through a callback that must not return: a longjmp. Everything to be freed lives here and
 * outlives the jump. */
struct reader {
  struct jpeg_decompress_struct jpeg;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
  int orientation; /* EXIF, 1..8 */
  JSAMPARRAY row;
};

static void on_error(j_common_ptr jpeg) {
  struct reader *r = jpeg->client_data;
  jpeg->err->format_message(jpeg, r->message);
  longjmp(r->jump, 1);
}

/* libjpeg fills missing data with gray and only warns: a cut or garbled image is an error here. Its other warnings
 * (stray bytes between markers and the like, which some cameras write) leave the picture whole. */
static void on_message(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  switch (jpeg->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_JPEG_EOF: on_error(jpeg);
  }
}

static void on_output(j_common_ptr jpeg) {
  (void)jpeg;
}

enum { MOST_SCANS = 500, PIXELS_PER_BYTE = 512 };

/* A small progressive file can hold thousands of scans, each a pass over the whole image: minutes for nothing. Files of
 * cameras and programs have ten or so. */
static void on_progress(j_common_ptr jpeg) {
  struct reader *r = jpeg->client_data;
  if (r->jpeg.input_scan_number <= MOST_SCANS) return;
  snprintf(r->message, sizeof r->message, "more than %d scans", (int)MOST_SCANS);
  longjmp(r->jump, 1);
}

static unsigned get(const unsigned char *p, int n, bool big) {
  unsigned v = 0;
  for (int i = 0; i < n; i++) v |= (unsigned)p[i] << 8 * (big ? n - 1 - i : i);
  return v;
}

/* The orientation tag (0x0112) of the first image directory of an APP1 marker "Exif\0\0" + TIFF; 1 where there is none.
 */
static int exif_orientation(const unsigned char *p, unsigned n) {
  if (n < 14 || memcmp(p, "Exif\0\0", 6) != 0) return 1;
  const unsigned char *tiff = p + 6;
  n -= 6;
  bool big = tiff[0] == 'M';
  if (memcmp(tiff, big ? "MM\0\x2a" : "II\x2a\0", 4) != 0) return 1;
  unsigned at = get(tiff + 4, 4, big);
  if (at > n - 2) return 1;
  unsigned entries = get(tiff + at, 2, big);
  for (at += 2; entries > 0 && n >= 12 && at <= n - 12; entries--, at += 12)
    if (get(tiff + at, 2, big) == 0x0112 && get(tiff + at + 2, 2, big) == 3) {
      unsigned v = get(tiff + at + 8, 2, big);
      return v >= 1 && v <= 8 ? (int)v : 1;
    }
  return 1;
}

static bool read_header(struct reader *r, const unsigned char *data, size_t size) {
  if (setjmp(r->jump)) return false;
  jpeg_create_decompress(&r->jpeg);
  r->progress.progress_monitor = on_progress;
  r->jpeg.progress = &r->progress;
  jpeg_mem_src(&r->jpeg, data, (unsigned long)size);
  jpeg_save_markers(&r->jpeg, JPEG_APP0 + 1, 0xffff);
  jpeg_read_header(&r->jpeg, TRUE);
  r->orientation = 1;
  for (jpeg_saved_marker_ptr m = r->jpeg.marker_list; m && r->orientation == 1; m = m->next)
    if (m->marker == JPEG_APP0 + 1) r->orientation = exif_orientation(m->data, m->data_length);
  J_COLOR_SPACE space = r->jpeg.jpeg_color_space;
  bool inks = space == JCS_CMYK || space == JCS_YCCK;
  r->jpeg.out_color_space = inks ? JCS_CMYK : space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
  r->jpeg.dct_method = JDCT_ISLOW; /* the same pixels whatever the vector unit */
  return true;
}

/* Inks to light; Adobe's programs store them inverted. */
static void rgb_from_cmyk(const unsigned char *in, uint32_t width, bool inverted, unsigned char *out) {
  for (uint32_t x = 0; x < width; x++, in += 4)
    for (int c = 0; c < 3; c++) {
      unsigned paper = inverted ? in[c] : 255u - in[c], light = inverted ? in[3] : 255u - in[3];
      *out++ = (unsigned char)((paper * light + 127u) / 255u);
    }
}

static bool read_pixels(struct reader *r, const struct clgan_image *out) {
  if (setjmp(r->jump)) return false;
  struct jpeg_decompress_struct *j = &r->jpeg;
  jpeg_start_decompress(j);
  bool inks = j->output_components == 4;
  JDIMENSION samples = out->width * (inks ? 4u : out->channels);
  r->row = j->mem->alloc_sarray((j_common_ptr)j, JPOOL_IMAGE, samples, 1);
  while (j->output_scanline < j->output_height) {
    unsigned char *to = out->pixels + (size_t)j->output_scanline * out->width * out->channels;
    jpeg_read_scanlines(j, r->row, 1);
    if (inks)
      rgb_from_cmyk(r->row[0], out->width, j->saw_Adobe_marker, to);
    else
      memcpy(to, r->row[0], samples);
  }
  jpeg_finish_decompress(j);
  return true;
}

/* EXIF orientations: 2 mirrored, 3 half turn, 4 upside down, 5 transposed, 6 needs a right turn, 7 anti-transposed,
 * 8 needs a left turn. */
static enum clgan_status upright(const char *name, int orientation, struct clgan_image *image, struct clgan_error *e) {
  if (orientation == 1) return CLGAN_OK;
  bool swap = orientation >= 5;
  bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const struct clgan_image in = *image;
  struct clgan_image to;
  CLGAN_TRY(clgan_image_allocate(name, swap ? in.width : in.height, swap ? in.height : in.width, in.channels, &to, e));
  for (uint32_t y = 0; y < to.height; y++)
    for (uint32_t x = 0; x < to.width; x++) {
      uint32_t sx = swap ? y : x, sy = swap ? x : y; /* in the stored image */
      if (flip_x) sx = in.width - 1 - sx;
      if (flip_y) sy = in.height - 1 - sy;
      memcpy(to.pixels + ((size_t)y * to.width + x) * to.channels,
             in.pixels + ((size_t)sy * in.width + sx) * in.channels, in.channels);
    }
  clgan_image_free(image);
  *image = to;
  return CLGAN_OK;
}

static enum clgan_status damaged(const char *name, const struct reader *r, struct clgan_error *e) {
  return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: a damaged JPEG (%s); copy or save it again", name, r->message);
}

static enum clgan_status decode(const char *name, struct reader *r, const unsigned char *data, size_t size,
                                struct clgan_image *out, struct clgan_error *e) {
  if (!read_header(r, data, size)) return damaged(name, r, e);
  uint32_t channels = r->jpeg.out_color_space == JCS_GRAYSCALE ? 1 : 3;
  /* A block of 8x8 pixels takes a bit at least: a header that announces more would make us allocate for nothing. */
  uint64_t pixels = (uint64_t)r->jpeg.image_height * r->jpeg.image_width;
  if (pixels <= CLGAN_IMAGE_MAX_PIXELS && pixels / PIXELS_PER_BYTE > size) {
    snprintf(r->message, sizeof r->message, "the file is too short for the size its header announces");
    return damaged(name, r, e);
  }
  CLGAN_TRY(clgan_image_allocate(name, r->jpeg.image_height, r->jpeg.image_width, channels, out, e));
  if (!read_pixels(r, out)) return damaged(name, r, e);
  return upright(name, r->orientation, out, e);
}

enum clgan_status clgan_image_decode_jpeg(const char *name, const unsigned char *data, size_t size,
                                          struct clgan_image *out, struct clgan_error *e) {
  struct reader *r = clgan_mem_alloc(sizeof *r);
  r->jpeg.err = jpeg_std_error(&r->errors);
  r->jpeg.client_data = r;
  r->errors.error_exit = on_error;
  r->errors.emit_message = on_message;
  r->errors.output_message = on_output;
  enum clgan_status status = decode(name, r, data, size, out, e);
  jpeg_destroy_decompress(&r->jpeg); /* legal on a zeroed struct */
  clgan_mem_free(r);
  return status;
}
