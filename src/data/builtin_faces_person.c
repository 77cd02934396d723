/* Who is drawn: a person at an age and of a gender. Integers throughout. */
#include "data/builtin_faces_internal.h"

#define RGB(r, g, b) \
  {                  \
    { r, g, b }      \
  }

/* -- age -- */

enum { KNOTS = 9 };
static const int knot_age[KNOTS] = {0, 3, 8, 14, 20, 35, 50, 65, 80};

/* What a measure is at an age, between its values at the knots. */
static int at_age(const int value[KNOTS], int age) {
  int k = 0;
  while (k < KNOTS - 2 && age >= knot_age[k + 1]) k++;
  int span = knot_age[k + 1] - knot_age[k];
  return value[k] + (value[k + 1] - value[k]) * (age - knot_age[k]) / span;
}

/* 0 up to age `from`, 256 from age `to` on. */
static int part_of(int age, int from, int to) {
  return age <= from ? 0 : age >= to ? 256 : (age - from) * 256 / (to - from);
}

static int scaled(int x, int thousandths) {
  return x * (1000 + thousandths) / 1000;
}

/* -- colours -- */

/* The colour `at` 256 a step along a palette of n. */
static struct clgan_rgb along(const struct clgan_rgb *palette, int n, int at) {
  int k = at / 256;
  if (k >= n - 1) return palette[n - 1];
  return clgan_rgb_mix(palette[k], palette[k + 1], at % 256);
}

static struct clgan_rgb skin_of(const struct clgan_face_traits *t, int age) {
  static const struct clgan_rgb tones[7] = {RGB(250, 220, 198), RGB(242, 202, 172), RGB(228, 180, 145),
                                            RGB(206, 152, 114), RGB(166, 115, 82),  RGB(122, 81, 58),
                                            RGB(92, 60, 44)};
  static const struct clgan_rgb rosy = RGB(248, 196, 184), pale = RGB(222, 202, 186);
  struct clgan_rgb skin = along(tones, 7, t->skin);
  int light = 256 - t->skin / 6;
  skin = clgan_rgb_mix(skin, rosy, part_of(8 - age, 0, 8) * light / 1000);
  skin = clgan_rgb_mix(skin, pale, part_of(age, 45, 80) * light / 900);
  int warm = skin.c[2] - t->warmth;
  skin.c[2] = (unsigned char)(warm < 0 ? 0 : warm > 255 ? 255 : warm);
  return skin;
}

static struct clgan_rgb hair_of(const struct clgan_face_traits *t, int age, int grey) {
  static const struct clgan_rgb tones[7] = {RGB(30, 26, 30),  RGB(52, 36, 28),   RGB(84, 56, 36),   RGB(116, 68, 38),
                                            RGB(150, 78, 40), RGB(172, 130, 76), RGB(218, 184, 118)};
  static const struct clgan_rgb white = RGB(212, 212, 216);
  /* hair is fairer in childhood */
  int at = t->hair + part_of(12 - age, 0, 12) * t->hair / 1100;
  return clgan_rgb_mix(along(tones, 7, at), white, grey);
}

static struct clgan_rgb iris_of(int at) {
  static const struct clgan_rgb tones[5] = {RGB(58, 36, 24), RGB(98, 66, 36), RGB(92, 104, 60), RGB(72, 112, 150),
                                            RGB(110, 128, 138)};
  return along(tones, 5, at);
}

/* -- measures -- */

static void grow_eyes(const struct clgan_face_traits *t, struct clgan_face *f) {
  static const int y[KNOTS] = {190, 160, 110, 50, 10, 0, 0, 0, 0};
  static const int x[KNOTS] = {390, 385, 372, 362, 358, 358, 358, 358, 355};
  static const int w[KNOTS] = {222, 215, 196, 182, 170, 166, 162, 156, 148};
  static const int h[KNOTS] = {150, 144, 122, 104, 92, 86, 80, 70, 58};
  static const int brow[KNOTS] = {250, 245, 235, 225, 218, 212, 208, 206, 210};
  static const int thick[KNOTS] = {12, 16, 20, 26, 30, 32, 32, 30, 28};
  f->eye_y = at_age(y, f->age);
  f->eye_x = scaled(at_age(x, f->age), t->gap);
  f->eye_w = scaled(at_age(w, f->age) + f->woman * 8 / 256, t->eye_size);
  f->eye_h = scaled(at_age(h, f->age) + f->woman * 12 / 256 - f->male * 8 / 256, t->eye_size);
  f->iris = (f->eye_h * 2 + 70) / 3;
  f->brow_y = scaled(at_age(brow, f->age) + f->woman * 30 / 256 - f->male * 30 / 256, t->brow);
  f->brow_w = at_age(thick, f->age) + f->male * 22 / 256 - f->woman * 8 / 256;
  if (f->female) f->brow_w = f->brow_w * 3 / 4;
}

static void grow_head(const struct clgan_face_traits *t, struct clgan_face *f) {
  static const int cheek[KNOTS] = {880, 870, 830, 795, 775, 775, 780, 780, 770};
  static const int temple[KNOTS] = {850, 830, 790, 755, 735, 730, 728, 720, 705};
  static const int jaw[KNOTS] = {690, 690, 640, 610, 590, 600, 615, 640, 650};
  static const int chin[KNOTS] = {300, 310, 290, 275, 268, 275, 280, 290, 290};
  static const int chin_y[KNOTS] = {880, 895, 920, 955, 985, 1000, 1005, 1010, 1010};
  static const int ear[KNOTS] = {120, 130, 145, 155, 160, 165, 175, 188, 202};
  f->cheek = scaled(at_age(cheek, f->age), t->width);
  f->temple = scaled(at_age(temple, f->age), t->width);
  f->jaw = scaled(at_age(jaw, f->age) + f->male * 52 / 256 - f->woman * 48 / 256, t->width + t->jaw);
  f->jaw_y = 560 + f->male * 30 / 256 + f->sag * 50 / 256;
  f->chin = scaled(at_age(chin, f->age) + f->male * 72 / 256 - f->woman * 42 / 256, t->jaw);
  f->chin_y = at_age(chin_y, f->age) + f->male * 25 / 256 - f->woman * 20 / 256;
  f->ear = at_age(ear, f->age) + f->male * 10 / 256;
}

static void grow_middle(const struct clgan_face_traits *t, struct clgan_face *f) {
  static const int nose_y[KNOTS] = {425, 425, 410, 405, 405, 410, 418, 430, 445};
  static const int nose_w[KNOTS] = {108, 110, 116, 126, 134, 138, 145, 154, 164};
  static const int mouth_y[KNOTS] = {625, 630, 635, 650, 665, 672, 680, 690, 700};
  static const int mouth_w[KNOTS] = {205, 226, 254, 280, 300, 310, 310, 304, 292};
  static const int upper[KNOTS] = {46, 46, 46, 48, 48, 44, 38, 28, 18};
  static const int lower[KNOTS] = {60, 60, 60, 62, 64, 60, 54, 42, 30};
  f->nose_y = at_age(nose_y, f->age);
  f->nose_w = scaled(at_age(nose_w, f->age) + f->male * 16 / 256 - f->woman * 12 / 256, t->nose);
  f->mouth_y = at_age(mouth_y, f->age);
  f->mouth_w = scaled(at_age(mouth_w, f->age) + f->male * 10 / 256, t->mouth);
  f->upper = at_age(upper, f->age) - f->male * 14 / 256 + f->woman * 16 / 256;
  f->lower = at_age(lower, f->age) - f->male * 14 / 256 + f->woman * 20 / 256;
}

static void grow_hair(const struct clgan_face_traits *t, struct clgan_face *f) {
  static const int body[KNOTS] = {16, 50, 100, 115, 125, 125, 115, 100, 80};
  static const int line[KNOTS] = {-640, -610, -590, -585, -590, -605, -620, -640, -660};
  int bald = f->male * t->bald / 256 * part_of(f->age, 28, 74) / 256; /* of 256 */
  f->hair_v = at_age(body, f->age) + t->wave / 6;
  if (f->age > 2) f->hair_v -= f->male * 30 / 256;
  f->line_y = at_age(line, f->age) - f->male * part_of(f->age, 22, 70) * 90 / 65536 - bald * 330 / 256;
  f->line_x = f->line_y + 150 - f->male * part_of(f->age, 22, 70) * 130 / 65536 - bald * 160 / 256;
  if (f->age < 3) f->line_y -= 60 * (3 - f->age) / 3, f->line_x -= 60 * (3 - f->age) / 3;
  f->thin = part_of(f->age, 50, 88) + bald / 3;
}

void clgan_face_grow(const struct clgan_face_traits *t, int age, int gender, struct clgan_face *f) {
  static const struct clgan_rgb black = RGB(20, 14, 14), red = RGB(190, 62, 70), wine = RGB(150, 52, 60);
  *f = (struct clgan_face){.t = t, .age = age, .female = gender};
  int grown = part_of(age, 11, 19), late = age - t->ageing;
  f->male = gender ? 0 : grown;
  f->woman = gender ? part_of(age, 9, 18) : 0;
  f->lines = part_of(late, 20, 80);
  f->sag = part_of(late, 40, 80);
  f->grey = part_of(age - t->grey, 30, 76) * 245 / 256;
  grow_eyes(t, f);
  grow_head(t, f);
  grow_middle(t, f);
  grow_hair(t, f);
  f->skin = skin_of(t, age);
  f->dark = clgan_rgb_mix(f->skin, (struct clgan_rgb)RGB(70, 28, 20), 110);
  f->hair = hair_of(t, age, f->grey);
  f->hair_dark = clgan_rgb_mix(f->hair, black, 90);
  f->ink = iris_of(t->eye_colour);
  int rouge = gender ? 80 + f->woman * 70 / 256 - part_of(age, 50, 80) * 60 / 256 : 62 - f->male * 24 / 256;
  f->lips = clgan_rgb_mix(f->skin, t->skin > 900 ? wine : red, rouge);
}
