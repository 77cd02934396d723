/* Hair and beards. What lies behind the face is drawn before it, the rest after. */
#include "data/builtin_faces_internal.h"

#define N(p) ((int)(sizeof(p) / sizeof((p)[0])))

/* Women wear it long (straight, or with a fringe), bobbed, tied back or, late in life, in short curls; girls in
 * bunches, too. Men wear it short, parted, with a fringe or swept back. */
enum style { LONG, FRINGED, BOB, TIED, CURLS, BUNCHES, PARTED, CROPPED, SWEPT };

static enum style style_of(const struct clgan_face *f) {
  const int pick = f->t->style;
  if (f->female) {
    if (f->age < 2) return CROPPED;
    if (f->age < 13 && pick % 3 == 0) return BUNCHES;
    if (f->age > 58 && pick % 3 != 0) return CURLS;
    if (f->age > 48 && pick % 4 == 0) return BOB;
    return (enum style[]){LONG, FRINGED, LONG, BOB, LONG, TIED, FRINGED, BOB}[pick % 8];
  }
  if (f->age < 2) return CROPPED;
  if (f->age < 13) return pick % 4 ? FRINGED : PARTED;
  return (enum style[]){PARTED, CROPPED, PARTED, SWEPT}[pick % 4];
}

/* How well the hair covers: babies' and old people's shows the skin. */
static int cover_of(const struct clgan_face *f) {
  int young = f->age == 0 ? 110 : f->age == 1 ? 180 : 256;
  return young - f->thin * (f->female ? 50 : 90) / 256;
}

/* Where long hair ends. */
static int length_of(const struct clgan_face *f, enum style style) {
  if (style == BOB) return 760;
  return (f->age < 6 ? 640 + 60 * f->age : 1050) + f->t->wave * 300 / 256;
}

/* Curls along a half of an outline, mirrored. */
static void curls(const struct clgan_head *h, const struct clgan_face *f, const struct clgan_node *p, int n, int size) {
  for (int s = -1; s <= 1; s += 2)
    for (int k = 0; k < n; k++) {
      const int x = s * p[k].x, y = p[k].y, r = size + size * ((k * 7 + f->t->style + s) % 5 - 2) / 12;
      const struct clgan_node ring[] = {{x, y - r, 0}, {x + r, y, 0}, {x, y + r, 0}, {x - r, y, 0}};
      clgan_head_fill(h, ring, 4, clgan_rgb_mix(f->hair, f->hair_dark, (k * 5 + s * 2 + 10) % 7 * 20), 60, 256);
    }
}

static void tied(const struct clgan_head *h, const struct clgan_face *f) {
  const int y = -1000 - f->hair_v - 110, x = f->t->part * 60;
  const struct clgan_node knot[] = {
      {x, y - 210, -300}, {x + 260, y - 30, -300}, {x, y + 200, -300}, {x - 260, y - 30, -300}};
  clgan_head_fill(h, knot, 4, f->hair_dark, 60, 256);
}

static void bunches(const struct clgan_head *h, const struct clgan_face *f) {
  for (int s = -1; s <= 1; s += 2) {
    const int x = s * (f->temple + 230), y = f->eye_y - 60;
    const struct clgan_node tail[] = {{s * (f->temple - 30), y - 260, -100},
                                      {x, y - 240, -100},
                                      {x + s * 190, y + 160, -100},
                                      {x + s * 60, y + 620, -100},
                                      {x - s * 80, y + 260, -100}};
    clgan_head_fill(h, tail, 5, f->hair, 80, 256);
    clgan_head_glow(h, (struct clgan_node){s * (f->temple + 70), y - 130, 0}, 130, 130, f->t->ribbon, 256);
  }
}

void clgan_face_hair_back(const struct clgan_head *h, const struct clgan_face *f) {
  const enum style style = style_of(f);
  const int v = f->hair_v, w = f->temple + v;
  if (style == LONG || style == FRINGED || style == BOB) {
    if (!f->female) return;
    const int end = length_of(f, style), flare = style == BOB ? 90 : 60 + f->t->wave / 4;
    const struct clgan_node back[] = {
        {0, -1000 - v, 0},  {w * 3 / 4, -840 - v / 2, 0},     {w + 40, -350, 0},
        {w + 80, 250, -60}, {w + 70 + flare, end - 160, -60}, {w - 60 + flare, end + 60, -60},
        {0, end + 60, -60}};
    clgan_head_both(h, back, N(back), f->hair_dark, 90, 256);
  }
  if (style == TIED) tied(h, f);
  if (style == BUNCHES) bunches(h, f);
  if (style == CURLS) {
    const struct clgan_node at[] = {{140, -980 - v, 0}, {430, -900 - v / 2, 0}, {640, -680, 0},  {w - 20, -420, 0},
                                    {w + 20, -140, 0},  {w + 10, 140, 0},       {w - 40, 360, 0}};
    curls(h, f, at, N(at), 190);
  }
}

/* The cap: from the ears over the crown, and back along the hairline. */
static void cap(const struct clgan_head *h, const struct clgan_face *f, enum style style) {
  const int v = f->hair_v, w = f->temple, cover = cover_of(f), grown = f->age < 4 ? f->age * 64 : 256;
  const int low = style == CURLS || style == TIED ? -60 : f->male ? 60 : f->age < 2 ? -260 : 0; /* sideburns */
  int middle = f->line_y, temples = f->line_x, part = 0;
  if (style == FRINGED || style == BOB || (style == BUNCHES && f->t->style % 2)) {
    const int fringe = f->eye_y - f->brow_y - 70;
    middle = fringe - 40, temples = fringe + 20;
  } else if (style == PARTED || style == LONG) {
    part = f->t->part * 230;
  } else if (style == SWEPT) {
    middle -= 60;
  }
  const int top = -1000 - v - (style == SWEPT ? 50 : 0);
  const int peak = middle - (part ? 60 : 0), slip = part ? 90 : 0;
  if (middle < -800) { /* bald on top: the sides remain */
    for (int s = -1; s <= 1; s += 2) {
      const struct clgan_node side[] = {{s * w * 93 / 100, -500, 100},  {s * (w + v / 2), -330, 0},
                                        {s * (w + v * 7 / 10), -60, 0}, {s * (w + v / 3), 140, 0},
                                        {s * w * 96 / 100, 90, 120},    {s * w * 90 / 100, -200, 200}};
      clgan_head_fill(h, side, N(side), f->hair, 90, 256);
    }
    return;
  }
  const struct clgan_node all[] = {{0, top, 0},
                                   {w * 62 / 100, -880 - v * 8 / 10, 0},
                                   {w * 96 / 100 + v * 6 / 10, -560 - v / 4, 0},
                                   {w + v * 8 / 10, -220, 0},
                                   {w + v * 4 / 10, low, 0},
                                   {w * 94 / 100, low + 20, 150},
                                   {w * 93 / 100, -230, 220},
                                   {w * 84 / 100, (temples - 230) / 2, 330},
                                   {w * 70 / 100, temples, 430},
                                   {w * 36 / 100, middle + (part > 0 ? -slip : slip), 560},
                                   {part, peak, 620},
                                   {-w * 36 / 100, middle + (part < 0 ? -slip : slip), 560},
                                   {-w * 70 / 100, temples, 430},
                                   {-w * 84 / 100, (temples - 230) / 2, 330},
                                   {-w * 93 / 100, -230, 220},
                                   {-w * 94 / 100, low + 20, 150},
                                   {-w - v * 4 / 10, low, 0},
                                   {-w - v * 8 / 10, -220, 0},
                                   {-w * 96 / 100 - v * 6 / 10, -560 - v / 4, 0},
                                   {-w * 62 / 100, -880 - v * 8 / 10, 0}};
  clgan_head_fill(h, all, N(all), f->hair, 100, cover);
  /* a sheen on the lit side, and the parting */
  clgan_head_glow(h, (struct clgan_node){h->lit * w / 500, -840, 200}, w * 7 / 10, 150,
                  clgan_rgb_mix(f->hair, (struct clgan_rgb){{255, 250, 240}}, 120), 110 * grown / 256);
  if (part) {
    const struct clgan_node line[] = {{part, peak - 10, 620}, {part * 9 / 10, -900, 300}};
    clgan_head_line(h, line, 2, 8, 14, f->hair_dark, 170);
  }
}

/* Strands before the ears. */
static void strands(const struct clgan_head *h, const struct clgan_face *f, int end) {
  const int v = f->hair_v, w = f->temple, wave = f->t->wave * 60 / 256;
  for (int s = -1; s <= 1; s += 2) {
    const struct clgan_node strand[] = {{s * w * 72 / 100, -640, 300},
                                        {s * (w + v / 2), -500, 0},
                                        {s * (w + v + 10), -100, 0},
                                        {s * (w + v + 30 + wave), 340, 0},
                                        {s * (w + v + 50 - wave), end - 120, 0},
                                        {s * (w - 40), end + 30, 60},
                                        {s * (w - 50 - wave), 560, 100},
                                        {s * w * 96 / 100, 200, 160},
                                        {s * w * 91 / 100, -250, 240}};
    clgan_head_fill(h, strand, N(strand), f->hair, 100, 256);
    const struct clgan_node line[] = {
        {s * (w + v / 3), -300, 100}, {s * (w + v / 2 + wave), 200, 80}, {s * (w + v / 3 - wave), end - 140, 60}};
    clgan_head_line(h, line, 3, 6, 16, f->hair_dark, 150);
  }
}

static void bow(const struct clgan_head *h, const struct clgan_face *f) {
  const int x = f->t->part * f->temple * 6 / 10, y = -860;
  for (int s = -1; s <= 1; s += 2) {
    const struct clgan_node wing[] = {{x, y, 400}, {x + s * 190, y - 130, 380}, {x + s * 200, y + 90, 380}};
    clgan_head_fill(h, wing, 3, f->t->ribbon, 50, 256);
  }
  clgan_head_glow(h, (struct clgan_node){x, y, 420}, 70, 70, f->hair_dark, 140);
}

void clgan_face_hair_front(const struct clgan_head *h, const struct clgan_face *f) {
  const enum style style = style_of(f);
  if (style == CURLS) {
    const int w = f->temple;
    cap(h, f, style);
    const struct clgan_node at[] = {
        {110, f->line_y - 60, 500}, {w * 55 / 100, f->line_y + 10, 420}, {w * 86 / 100, f->line_y + 240, 240}};
    curls(h, f, at, N(at), 150);
  } else {
    cap(h, f, style);
  }
  if (f->female && (style == LONG || style == FRINGED || style == BOB)) strands(h, f, length_of(f, style));
  if (f->female && f->age < 10 && f->t->bow && style != BUNCHES) bow(h, f);
}

/* -- beards -- */

/* The jaw less the mouth, and what grows above the lip. */
static void lower_face(const struct clgan_head *h, const struct clgan_face *f, struct clgan_rgb colour, int alpha) {
  const int up = f->mouth_y - 130;
  const struct clgan_node jaw[] = {{0, f->mouth_y - 62, 840},
                                   {f->mouth_w * 9 / 10, f->mouth_y - 50, 740},
                                   {f->mouth_w * 14 / 10, up, 600},
                                   {f->cheek * 86 / 100, 300, 260},
                                   {f->cheek * 97 / 100, 130, 60},
                                   {f->jaw + 60, f->jaw_y - 90, 40},
                                   {f->jaw * 80 / 100, f->jaw_y + 200, 120},
                                   {f->chin, f->chin_y - 50, 320},
                                   {0, f->chin_y + 10, 380}};
  clgan_head_both(h, jaw, N(jaw), colour, 50, alpha);
}

static void moustache(const struct clgan_head *h, const struct clgan_face *f, struct clgan_rgb colour, int alpha) {
  const int y = (f->nose_y + f->mouth_y - f->upper) / 2 + 14, w = f->mouth_w;
  const struct clgan_node hair[] = {{0, y - 40, 900},
                                    {w * 6 / 10, y - 30, 850},
                                    {w * 11 / 10, y + 80, 700},
                                    {w * 6 / 10, y + 46, 850},
                                    {0, y + 34, 900}};
  clgan_head_both(h, hair, N(hair), colour, 40, alpha);
}

/* A shadow from puberty on; some men let it grow. */
void clgan_face_beard(const struct clgan_head *h, const struct clgan_face *f) {
  static const struct clgan_rgb slate = {{74, 78, 88}};
  if (!f->male) return;
  int late = f->age < 15 ? 0 : f->age > 24 ? 256 : (f->age - 14) * 256 / 10;
  const struct clgan_rgb shadow = clgan_rgb_mix(clgan_rgb_mix(slate, f->hair_dark, 110), f->hair, f->grey / 2);
  lower_face(h, f, shadow, late * f->t->stubble / 256 / 2);
  moustache(h, f, shadow, late * f->t->stubble / 256 / 2);
  if (f->age < 22) return;
  if (f->t->beard == 0) lower_face(h, f, f->hair, 225);
  if (f->t->beard <= 1) moustache(h, f, f->hair, 235);
}
