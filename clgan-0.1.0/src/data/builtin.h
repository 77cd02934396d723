/** @file builtin.h  Handwritten-looking digits drawn by the program itself, so that training works without any data. */
#ifndef CLGAN_DATA_BUILTIN_H
#define CLGAN_DATA_BUILTIN_H
#include <stdint.h>

enum {
  CLGAN_BUILTIN_TRAIN = 10000,
  CLGAN_BUILTIN_TEST = 2000,
  CLGAN_BUILTIN_SIDE = 28,
  CLGAN_BUILTIN_SIDE_MIN = 16,
  CLGAN_BUILTIN_SIDE_MAX = 128
};

/** Draws digit number @p item: 28x28, white ink on black. Every item is the same on every machine: its numbers come
 * from the Philox stream CLGAN_STREAM_BUILTIN, its geometry from exactly rounded operations, quantised to 1/256 pixel
 * before anything is drawn, and the drawing is done in integers. @return the digit, 0..9. */
unsigned char clgan_builtin_digit(uint32_t item, unsigned char pixels[CLGAN_BUILTIN_SIDE * CLGAN_BUILTIN_SIDE]);

/** The same digit, in the same handwriting, at another size: [height, width, channels], sides of CLGAN_BUILTIN_SIDE_MIN to
 * CLGAN_BUILTIN_SIDE_MAX, scaled by the smaller one and centred. One channel: white ink on black; three: light ink of a
 * random hue on dark ground of another, whose numbers follow those of the drawing. 28x28x1 is clgan_builtin_digit. */
unsigned char clgan_builtin_draw(uint32_t item, int height, int width, int channels, unsigned char *pixels);

/** Skeletons of the digits (builtin_strokes.c). A stroke is a curve through its points; a point given twice is a
 * corner. */
enum { CLGAN_STROKE_POINTS = 20, CLGAN_GLYPH_STROKES = 3, CLGAN_GLYPH_FORMS = 5 };
struct clgan_stroke {
  int count;
  signed char xy[CLGAN_STROKE_POINTS][2]; /**< x right, y down, the digit's box is 0..100 */
};
struct clgan_glyph {
  int strokes;
  struct clgan_stroke stroke[CLGAN_GLYPH_STROKES];
};
/** The ways people write one digit. */
struct clgan_glyph_forms {
  int count;
  struct clgan_glyph form[CLGAN_GLYPH_FORMS];
};
extern const struct clgan_glyph_forms clgan_builtin_glyphs[10];
#endif
