/** @file builtin_paint.h  Drawing for the builtin sets, in whole numbers from the coordinates on: the same bytes on
 * every machine. Coordinates and lengths are 1/256 pixel, x right, y down; what lies outside the page is cut off. */
#ifndef CLGAN_DATA_BUILTIN_PAINT_H
#define CLGAN_DATA_BUILTIN_PAINT_H
#include <stdint.h>

enum { CLGAN_PAINT_ONE = 256, CLGAN_PAINT_OPAQUE = 256, CLGAN_PAINT_POINTS = 32 };

struct clgan_spot {
  int32_t x, y;
};

static inline int32_t clgan_paint_min(int32_t a, int32_t b) {
  return a < b ? a : b;
}

static inline int32_t clgan_paint_max(int32_t a, int32_t b) {
  return a > b ? a : b;
}

/** Lowers @p field ([height,width]) to the distance from the edge of a round pen (negative inside) that moves from @p a
 * to @p b, up to a distance of @p soft. */
void clgan_paint_pen(int height, int width, int32_t *field, struct clgan_spot a, struct clgan_spot b, int32_t radius,
                     int32_t soft);

struct clgan_rgb {
  unsigned char c[3];
};
/** @p t of 256 parts of b, the rest of a; t is cut to 0..256. */
struct clgan_rgb clgan_rgb_mix(struct clgan_rgb a, struct clgan_rgb b, int t);

/** A page in colours. */
struct clgan_easel {
  int height, width;
  unsigned char *rgb;  /**< [height,width,3] */
  int32_t *cover;      /**< [height,width+2], all 0 between calls */
  int32_t *field;      /**< [height,width], anything */
  unsigned char *mask; /**< [height,width]: where glows and lines may go, 255 entirely */
};
/** Two colours along the line from a to b, or one (a equals b). */
struct clgan_tint {
  struct clgan_rgb from, to;
  struct clgan_spot a, b;
};

/** The whole page. */
void clgan_paint_page(const struct clgan_easel *to, const struct clgan_tint *tint);
/** The inside of a closed curve (Catmull-Rom) through 3 to CLGAN_PAINT_POINTS points. @param alpha 0..256 */
void clgan_paint_fill(const struct clgan_easel *to, const struct clgan_spot *p, int n, const struct clgan_tint *tint,
                      int alpha);
/** Sets the mask to the inside of such a curve; with n 0 to the whole page. */
void clgan_paint_mask(const struct clgan_easel *to, const struct clgan_spot *p, int n);
/** A soft spot: an ellipse of half-axes rx, ry, turned by the angle of cosine and sine @p turn (1/4096), whose colour
 * fades from @p alpha at its centre to nothing at its edge. */
void clgan_paint_glow(const struct clgan_easel *to, struct clgan_spot centre, int32_t rx, int32_t ry,
                      const int32_t turn[2], struct clgan_rgb colour, int alpha);
/** A curve through 2 to CLGAN_PAINT_POINTS points, drawn by a pen whose radius grows from @p ends to @p middle. */
void clgan_paint_line(const struct clgan_easel *to, const struct clgan_spot *p, int n, int32_t ends, int32_t middle,
                      struct clgan_rgb colour, int alpha);
#endif
