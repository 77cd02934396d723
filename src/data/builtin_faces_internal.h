/** @file builtin_faces_internal.h  Between the files that draw a face.
 * A head is measured in thousandths of half an adult's height of face: x right, y down, z towards the beholder, the
 * origin in the middle between crown (y -1000) and chin (y 1000). */
#ifndef CLGAN_DATA_BUILTIN_FACES_INTERNAL_H
#define CLGAN_DATA_BUILTIN_FACES_INTERNAL_H
#include "data/builtin_faces.h"
#include "data/builtin_paint.h"

/** What a person keeps for life, and how the picture was taken. Parts are of 256. */
struct clgan_face_traits {
  int turn, roll, nod;               /**< sines, 1/4096 */
  int zoom, dx, dy;                  /**< 1/1000 of the size; of the page */
  int skin, warmth;                  /**< 0 light to 1536 dark; -20..20 */
  int hair, style, wave, part;       /**< colour 0..1536; shape; curls; side of the parting -1, 1 */
  int eye_colour, eye_size, gap;     /**< 0..1024; +-, 1/1000 */
  int width, jaw, nose, mouth, brow; /**< +-, 1/1000 */
  int ageing, grey, bald;            /**< years that lines and grey hair come late; how bald he would get */
  int beard, stubble;                /**< style; part */
  int glasses, frame;                /**< 0: none; colour */
  int smile, open, brows_up, gaze;   /**< -256..256; 0 closed; +-, 1/1000 */
  int light;                         /**< side it comes from, -256..256 */
  int glow, cast;                    /**< brightness, of 256; -10 (blue) to 10 (yellow) */
  int bow;                           /**< a girl's: 0 none */
  struct clgan_rgb ground[2], cloth, ribbon;
  struct clgan_spot ground_from, ground_to; /**< 1/256 of the page */
};

/** A person at an age. Lengths as of the head. */
struct clgan_face {
  const struct clgan_face_traits *t;
  int age, female;
  int male;                   /**< part of a grown man's features: 0 before puberty and of women */
  int woman;                  /**< the same of women */
  int lines, sag, grey, thin; /**< parts: wrinkles, sagging skin, grey in the hair, hair lost by age */
  int eye_y, eye_x, eye_w, eye_h, iris, brow_y, brow_w;
  int cheek, temple, jaw, jaw_y, chin, chin_y;
  int nose_y, nose_w, mouth_y, mouth_w, upper, lower;
  int ear;
  int hair_v;         /**< how far it stands off the head */
  int line_y, line_x; /**< hairline in the middle and at the temples */
  struct clgan_rgb skin, dark, hair, hair_dark, lips, ink;
};

/** Where a head stands on its page. */
struct clgan_head {
  const struct clgan_easel *to;
  int32_t turn[2], roll[2]; /**< cosine, sine, 1/4096 */
  int32_t nod;
  int64_t scale; /**< 1/256 pixel a unit, 1/65536 */
  int32_t cx, cy;
  int lit; /**< side the light comes from, -256..256 */
};
struct clgan_node {
  int x, y, z;
};

void clgan_face_grow(const struct clgan_face_traits *t, int age, int gender, struct clgan_face *f);

struct clgan_spot clgan_head_spot(const struct clgan_head *h, struct clgan_node p);
int32_t clgan_head_length(const struct clgan_head *h, int units);
/** Figures on the head. `shade` (parts): how much darker the side away from the light is. */
void clgan_head_fill(const struct clgan_head *h, const struct clgan_node *p, int n, struct clgan_rgb colour, int shade,
                     int alpha);
/** The same of a right half, from the top (on the axis, x 0) to the bottom: mirrored. */
void clgan_head_both(const struct clgan_head *h, const struct clgan_node *right, int n, struct clgan_rgb colour,
                     int shade, int alpha);
/** Glows and lines stay within such a figure from now on; n 0: they may go everywhere. */
void clgan_head_mask(const struct clgan_head *h, const struct clgan_node *right, int n);
void clgan_head_glow(const struct clgan_head *h, struct clgan_node at, int rx, int ry, struct clgan_rgb colour,
                     int alpha);
void clgan_head_line(const struct clgan_head *h, const struct clgan_node *p, int n, int ends, int middle,
                     struct clgan_rgb colour, int alpha);

void clgan_face_hair_back(const struct clgan_head *h, const struct clgan_face *f);
void clgan_face_hair_front(const struct clgan_head *h, const struct clgan_face *f);
void clgan_face_beard(const struct clgan_head *h, const struct clgan_face *f);
void clgan_face_features(const struct clgan_head *h, const struct clgan_face *f);
void clgan_face_lines(const struct clgan_head *h, const struct clgan_face *f);
void clgan_face_glasses(const struct clgan_head *h, const struct clgan_face *f);
#endif
