/* Eyes, brows, nose, mouth, wrinkles, glasses. */
#include "data/builtin_faces_internal.h"

#define N(p) ((int)(sizeof(p) / sizeof((p)[0])))
#define RGB(r, g, b) \
  {                  \
    { r, g, b }      \
  }
static const struct clgan_rgb black = RGB(24, 16, 18), white = RGB(250, 248, 244);

static int least(int a, int b) {
  return a < b ? a : b;
}

static int within(int x, int low, int high) {
  return x < low ? low : x > high ? high : x;
}

/* side: -1 the left one of the picture, 1 the right one. Points go from the nose outwards. */
static void eye(const struct clgan_head *h, const struct clgan_face *f, int side) {
  const int x = side * f->eye_x, y = f->eye_y, w = f->eye_w, droop = f->sag * 34 / 256;
  const int squint = f->t->smile > 0 ? f->t->smile * f->eye_h / 1100 : 0;
  const int top = f->eye_h - squint / 2, low = f->eye_h * 3 / 4 - squint, z = 640;
  const struct clgan_node shape[] = {{x - side * w, y + 16, z},
                                     {x - side * w / 2, y - top * 3 / 4, z + 40},
                                     {x + side * w / 10, y - top + droop / 3, z + 40},
                                     {x + side * w * 6 / 10, y - top * 3 / 4 + droop, z},
                                     {x + side * w, y - 6 + droop, z - 90},
                                     {x + side * w / 2, y + low * 3 / 4, z},
                                     {x - side * w / 3, y + low, z}};
  clgan_head_glow(h, (struct clgan_node){x, y - 20, z}, w * 17 / 10, w * 13 / 10, f->dark, 70 + f->lines / 4);
  clgan_head_fill(h, shape, N(shape), clgan_rgb_mix(white, f->skin, 30 + f->sag / 6), 40, 256);
  /* the iris, cut off by the lids */
  const int r = f->iris, gx = x + f->t->gaze, up = least(r, top - 10), down = least(r, low + 4);
  const struct clgan_node iris[] = {{gx, y - up, z + 40},   {gx + r * 7 / 10, y - least(r * 7 / 10, up), z + 40},
                                    {gx + r, y, z + 40},    {gx + r * 7 / 10, y + least(r * 7 / 10, down), z + 40},
                                    {gx, y + down, z + 40}, {gx - r * 7 / 10, y + least(r * 7 / 10, down), z + 40},
                                    {gx - r, y, z + 40},    {gx - r * 7 / 10, y - least(r * 7 / 10, up), z + 40}};
  clgan_head_fill(h, iris, N(iris), f->ink, 0, 256);
  clgan_head_glow(h, (struct clgan_node){gx, y, z + 40}, r * 3 / 4, least(r, up) * 3 / 4, black, 256);
  clgan_head_glow(h, (struct clgan_node){gx - r / 3 + h->lit * r / 400, y - up / 2, z + 40}, r / 2, r / 2, white, 230);
  /* lids */
  const struct clgan_rgb lash = clgan_rgb_mix(f->female ? black : f->dark, f->dark, f->sag / 2);
  clgan_head_line(h, shape, 5, 10, 16 + f->woman * 14 / 256 + (f->female ? 5 : 0), lash, 256);
  if (f->female && f->age > 1) {
    const struct clgan_node flick[] = {{x + side * w * 7 / 10, y - top * 6 / 10 + droop, z},
                                       {x + side * (w + 55), y - top * 7 / 10 - 30 + droop, z - 120}};
    clgan_head_line(h, flick, 2, 8, 12 + f->woman * 8 / 256, lash, 240 - f->sag / 3);
  }
  const struct clgan_node under[] = {shape[4], shape[5], shape[6], shape[0]};
  clgan_head_line(h, under, 4, 4, 8, f->dark, 120);
}

static void brow(const struct clgan_head *h, const struct clgan_face *f, int side) {
  const int x = side * f->eye_x, w = f->eye_w * 5 / 4, lift = f->t->brows_up / 8;
  const int y = f->eye_y - f->brow_y - lift, arch = f->female ? 56 + f->woman * 14 / 256 : 18, z = 700;
  const int low = f->sag * 30 / 256; /* outer ends come down with age */
  const struct clgan_node line[] = {{x - side * w * 9 / 10, y + arch / 5 + f->male * 6 / 256, z + 20},
                                    {x - side * w / 4, y - arch / 3, z + 20},
                                    {x + side * w / 2, y - arch + low / 2, z - 20},
                                    {x + side * w, y + arch / 3 + low, z - 160}};
  struct clgan_rgb colour = clgan_rgb_mix(f->hair_dark, f->skin, 40 + (f->age < 3 ? (3 - f->age) * 45 : 0));
  if (f->grey > 128) colour = clgan_rgb_mix(f->hair, f->hair_dark, 120);
  clgan_head_line(h, line, 4, f->brow_w / 2, f->brow_w * 9 / 8, colour, 250);
}

static void nose(const struct clgan_head *h, const struct clgan_face *f) {
  const int w = f->nose_w, y = f->nose_y, bridge = f->eye_y + 40, lit = h->lit >= 0 ? 1 : -1;
  const int grown = f->age >= 20 ? 256 : f->age * 256 / 20;
  /* the side away from the light */
  const struct clgan_node side[] = {{-lit * w * 4 / 10, bridge - 120 * grown / 256, 720},
                                    {-lit * w * 4 / 10, (bridge + y) / 2, 860},
                                    {-lit * w * 8 / 10, y - 60, 900}};
  clgan_head_line(h, side, 3, 10, 22, f->dark, 40 + grown * 60 / 256 + f->sag / 8);
  clgan_head_glow(h, (struct clgan_node){0, y - 20, 1000}, w * 14 / 10, w, clgan_rgb_mix(f->skin, f->lips, 120),
                  80 - grown / 8);
  clgan_head_glow(h, (struct clgan_node){lit * w / 6, y - 70, 1040}, w * 7 / 10, w * 7 / 10, white, 70);
  const struct clgan_node base[] = {{-w, y - 36, 860}, {-w * 8 / 10, y + 8, 880}, {-w * 3 / 10, y + 8, 940},
                                    {0, y + 24, 970},  {w * 3 / 10, y + 8, 940},  {w * 8 / 10, y + 8, 880},
                                    {w, y - 36, 860}};
  clgan_head_line(h, base, N(base), 8, 15, f->dark, 120 + grown * 80 / 256);
  for (int s = -1; s <= 1; s += 2)
    clgan_head_glow(h, (struct clgan_node){s * w / 2, y + 6, 920}, w * 5 / 10, w * 3 / 10, black, 190);
}

/* Corners go up with a smile and down with age; an open mouth shows teeth. */
static void mouth(const struct clgan_head *h, const struct clgan_face *f) {
  const int smile = f->t->smile + 50 - f->sag / 4, corner = -smile * 90 / 256, z = 800;
  const int w = f->mouth_w + (smile > 0 ? smile * 50 / 256 : 0), y = f->mouth_y + smile * 26 / 256;
  const int open = f->t->open * (70 + f->mouth_w / 8) / 256, sink = f->lines / 12;
  const struct clgan_node line[] = {{-w, y + corner, z - 150},
                                    {-w / 2, y + corner / 4, z},
                                    {0, y + 6, z + 40},
                                    {w / 2, y + corner / 4, z},
                                    {w, y + corner, z - 150}};
  const struct clgan_node lips[] = {{-w, y + corner, z - 150},
                                    {-w / 2, y - f->upper + corner / 3, z},
                                    {-w / 7, y - f->upper * 13 / 10, z + 40},
                                    {0, y - f->upper, z + 50},
                                    {w / 7, y - f->upper * 13 / 10, z + 40},
                                    {w / 2, y - f->upper + corner / 3, z},
                                    {w, y + corner, z - 150},
                                    {w / 2, y + f->lower + open + corner / 5, z},
                                    {0, y + f->lower * 11 / 10 + open, z + 40},
                                    {-w / 2, y + f->lower + open + corner / 5, z}};
  clgan_head_glow(h, (struct clgan_node){0, y + f->lower + open + 60, z}, w, 70, f->dark, 90);
  clgan_head_fill(h, lips, N(lips), f->lips, 50, 256 - sink);
  if (open > 12) {
    const int in = w * 8 / 10;
    const struct clgan_node gap[] = {
        {-in, y + corner * 8 / 10, z - 90}, {-in / 2, y + corner / 4 - 4, z},   {0, y + 4, z + 40},
        {in / 2, y + corner / 4 - 4, z},    {in, y + corner * 8 / 10, z - 90},  {in / 2, y + open + corner / 5, z},
        {0, y + open + 8, z + 40},          {-in / 2, y + open + corner / 5, z}};
    clgan_head_fill(h, gap, N(gap), (struct clgan_rgb)RGB(96, 32, 36), 0, 256);
    const int down = open * 6 / 10, bite = in * 8 / 10;
    const struct clgan_node teeth[] = {{-bite, y + corner * 6 / 10 + 4, z - 60},
                                       {0, y + 6, z + 40},
                                       {bite, y + corner * 6 / 10 + 4, z - 60},
                                       {bite / 2, y + down + corner / 5, z},
                                       {-bite / 2, y + down + corner / 5, z}};
    if (f->age > 0)
      clgan_head_fill(h, teeth, N(teeth), clgan_rgb_mix(white, (struct clgan_rgb)RGB(214, 196, 150), f->lines * 3 / 4),
                      20, 240);
  } else {
    clgan_head_line(h, line, N(line), 8, 14, clgan_rgb_mix(f->lips, black, 130), 240);
  }
}

void clgan_face_features(const struct clgan_head *h, const struct clgan_face *f) {
  const int young = within(40 - f->age, 0, 32); /* red cheeks */
  for (int s = -1; s <= 1; s += 2)
    clgan_head_glow(h, (struct clgan_node){s * f->cheek * 6 / 10, f->nose_y + 10, 560}, 220, 190,
                    (struct clgan_rgb)RGB(226, 92, 84),
                    (young * 3 + (f->female ? 30 : 0)) * (1800 - f->t->skin) / 1800);
  for (int s = -1; s <= 1; s += 2) eye(h, f, s);
  nose(h, f);
  mouth(h, f);
  for (int s = -1; s <= 1; s += 2) brow(h, f, s);
}

/* A line from the age on at which `lines` passes `from`. */
static void crease(const struct clgan_head *h, const struct clgan_face *f, const struct clgan_node *p, int n, int from,
                   int width) {
  int strength = within((f->lines - from) * 3 / 2, 0, 256);
  clgan_head_line(h, p, n, 4, width * (128 + strength / 2) / 256, f->dark, strength * 235 / 256);
}

static void eye_lines(const struct clgan_head *h, const struct clgan_face *f, int side) {
  const int x = side * f->eye_x, y = f->eye_y, w = f->eye_w, z = 600;
  const struct clgan_node bag[] = {
      {x - side * w * 8 / 10, y + 90, z}, {x, y + 140, z}, {x + side * w * 8 / 10, y + 95, z}};
  crease(h, f, bag, 3, 20, 26);
  clgan_head_glow(h, (struct clgan_node){x, y + 110, z}, w * 12 / 10, 80, f->dark, f->lines * 110 / 256);
  for (int k = -1; k <= 1; k++) { /* crow's feet */
    const struct clgan_node foot[] = {{x + side * (w + 40), y + k * 26 + 6, 460},
                                      {x + side * (w + 150), y + k * 70 + 16, 300}};
    crease(h, f, foot, 2, 70, 16);
  }
  const struct clgan_node lid[] = {{x - side * w * 7 / 10, y - f->eye_h - 20, z + 30},
                                   {x, y - f->eye_h - 52, z + 30},
                                   {x + side * w, y - f->eye_h + 4 + f->sag / 8, z - 60}};
  crease(h, f, lid, 3, 60, 20);
}

void clgan_face_lines(const struct clgan_head *h, const struct clgan_face *f) {
  const int brow = f->eye_y - f->brow_y, top = f->line_y < -720 ? -720 : f->line_y;
  for (int k = 1; k <= 3; k++) { /* forehead */
    const int y = brow - 50 + (top - brow) * k / 4, w = 360 - 40 * k;
    const struct clgan_node line[] = {
        {-w, y + 14, 560}, {-w / 2, y - 8, 680}, {0, y + 8, 720}, {w / 2, y - 8, 680}, {w, y + 14, 560}};
    crease(h, f, line, 5, 30 + 25 * k, 20);
  }
  for (int s = -1; s <= 1; s += 2) {
    eye_lines(h, f, s);
    const struct clgan_node frown[] = {{s * 50, brow + 30, 760}, {s * 42, brow + 130, 760}};
    crease(h, f, frown, 2, 110, 15);
    const int w = f->mouth_w + 60; /* from the nose to the mouth, then down from its corners */
    const struct clgan_node fold[] = {{s * (f->nose_w + 40), f->nose_y - 50, 820},
                                      {s * (f->nose_w + 130), f->nose_y + 90, 760},
                                      {s * w, f->mouth_y, 660}};
    crease(h, f, fold, 3, 0, 30);
    const struct clgan_node down[] = {{s * (f->mouth_w + 20), f->mouth_y + 40, 640},
                                      {s * (f->mouth_w + 40), f->mouth_y + 110, 600},
                                      {s * (f->mouth_w + 10), f->mouth_y + 200, 560}};
    crease(h, f, down, 3, 110, 20);
    /* sagging: hollow cheeks, jowls */
    clgan_head_glow(h, (struct clgan_node){s * f->cheek * 7 / 10, f->nose_y + 120, 420}, 190, 260, f->dark,
                    f->sag * 110 / 256);
    clgan_head_glow(h, (struct clgan_node){s * f->chin * 13 / 10, f->chin_y - 130, 420}, 130, 110, f->dark,
                    f->sag * 150 / 256);
    const struct clgan_node spot = {s * f->temple * 7 / 10 - 60, brow - 120 + 60 * s, 520};
    clgan_head_glow(h, spot, 60, 46, (struct clgan_rgb)RGB(120, 70, 44), f->sag * 120 / 256);
    clgan_head_glow(h, (struct clgan_node){s * f->cheek * 8 / 10, 180 - 40 * s, 420}, 50, 44,
                    (struct clgan_rgb)RGB(120, 70, 44), f->sag * 120 / 256);
  }
}

void clgan_face_glasses(const struct clgan_head *h, const struct clgan_face *f) {
  static const struct clgan_rgb frames[4] = {RGB(30, 26, 28), RGB(96, 54, 30), RGB(120, 30, 44), RGB(150, 150, 156)};
  const struct clgan_rgb colour = frames[f->t->frame & 3];
  const int w = f->eye_x * 8 / 10, up = 165, down = 190, z = 800, y = f->eye_y + 10,
            thick = f->t->glasses > 1 ? 26 : 15;
  for (int s = -1; s <= 1; s += 2) {
    const int x = s * f->eye_x;
    const struct clgan_node rim[] = {
        {x - s * w, y, z + 40},  {x - s * w * 7 / 10, y - up, z + 30},   {x + s * w * 7 / 10, y - up, z - 60},
        {x + s * w, y, z - 120}, {x + s * w * 7 / 10, y + down, z - 60}, {x - s * w * 6 / 10, y + down, z + 30},
        {x - s * w, y, z + 40}};
    clgan_head_fill(h, rim, 6, white, 0, 36);
    clgan_head_line(h, rim, 7, thick, thick, colour, 250);
    const struct clgan_node arm[] = {{x + s * w, y - 40, z - 120}, {s * (f->cheek + 10), y - 60, 60}};
    clgan_head_line(h, arm, 2, thick, thick, colour, 230);
  }
  const struct clgan_node bridge[] = {
      {-f->eye_x + w, y - 20, z + 40}, {0, y - 50, z + 140}, {f->eye_x - w, y - 20, z + 40}};
  clgan_head_line(h, bridge, 3, thick, thick, colour, 250);
}
