/* The builtin faces: who, how the picture is taken, the order of drawing; the set of them. */
#include "data/builtin_faces.h"
#include <stdbool.h>
#include <string.h>
#include "base/philox.h"
#include "data/builtin_faces_internal.h"
#include "data/dataset_internal.h"
#include "data/pool.h"

#define N(p) ((int)(sizeof(p) / sizeof((p)[0])))

/* Fixes the set for good, apart from the seeds users give. */
static const uint64_t faces_seed = 0x6661636573u;

/* -- what chance decides -- */

static int range(struct clgan_random *r, int low, int high) {
  return low + (int)clgan_random_below(r, (uint32_t)(high - low + 1));
}

/* Near-normal of standard deviation @p sd, within 3.4 of them. */
static int bell(struct clgan_random *r, int sd) {
  int64_t sum = -(2 << 16);
  for (int i = 0; i < 4; i++) sum += clgan_random_below(r, 1 << 16);
  return (int)(sum * sd * 17320 / 10000 / (1 << 16));
}

static bool chance(struct clgan_random *r, int percent) {
  return (int)clgan_random_below(r, 100) < percent;
}

static struct clgan_rgb colour(struct clgan_random *r, int low, int high) {
  struct clgan_rgb c;
  for (int k = 0; k < 3; k++) c.c[k] = (unsigned char)range(r, low, high);
  return c;
}

static void draw_person(struct clgan_random *r, struct clgan_face_traits *t) {
  t->skin = range(r, 0, 1450), t->warmth = range(r, -8, 14);
  /* dark skin goes with dark hair */
  t->hair = t->skin > 700 ? range(r, 0, 420) : range(r, 60, 1536);
  t->style = range(r, 0, 255), t->wave = chance(r, 50) ? 0 : range(r, 60, 256), t->part = chance(r, 50) ? 1 : -1;
  t->eye_colour = t->skin > 700 ? range(r, 0, 250) : range(r, 0, 1024);
  t->eye_size = bell(r, 45), t->gap = bell(r, 25);
  t->width = bell(r, 28), t->jaw = bell(r, 35), t->nose = bell(r, 80), t->mouth = bell(r, 55), t->brow = bell(r, 70);
  t->ageing = bell(r, 2), t->grey = bell(r, 4), t->bald = chance(r, 38) ? range(r, 140, 256) : range(r, 0, 60);
  t->beard = range(r, 0, 6), t->stubble = range(r, 90, 220);
  t->glasses = chance(r, 13) ? range(r, 1, 2) : 0, t->frame = range(r, 0, 3);
  t->bow = chance(r, 75), t->ribbon = colour(r, 60, 250);
  t->ribbon.c[range(r, 0, 1)] = 40;
}

static void draw_moment(struct clgan_random *r, struct clgan_face_traits *t) {
  t->turn = bell(r, 700), t->roll = bell(r, 260), t->nod = bell(r, 200);
  t->zoom = range(r, 955, 1050), t->dx = bell(r, 12), t->dy = bell(r, 12);
  t->smile = range(r, -60, 256), t->open = t->smile > 60 && chance(r, 45) ? range(r, 120, 256) : 0;
  t->brows_up = range(r, -120, 256), t->gaze = bell(r, 16);
  t->light = range(r, -256, 256), t->glow = range(r, 226, 276), t->cast = range(r, -10, 10);
  const unsigned char level = (unsigned char)range(r, 60, 200);
  const struct clgan_rgb grey = {{level, level, level}};
  t->ground[0] = clgan_rgb_mix(colour(r, 40, 235), grey, 120);
  t->ground[1] = clgan_rgb_mix(colour(r, 20, 235), t->ground[0], 120);
  t->ground_from = (struct clgan_spot){range(r, 0, 255), 0};
  t->ground_to = (struct clgan_spot){range(r, 0, 255), 256};
  t->cloth = colour(r, 30, 225);
}

void clgan_builtin_face_label(uint32_t item, int *age, int *gender) {
  /* 61 and the number of kinds have no common factor: every kind once, neighbours far apart */
  const uint32_t kind = item % CLGAN_FACES_KINDS * 61 % CLGAN_FACES_KINDS;
  *age = (int)(kind / 2), *gender = (int)(kind % 2);
}

/* -- drawing -- */

/* Sine of a quarter turn at most, its cosine by Pythagoras: the whole square root, by Newton. */
static void angle(int sine, int32_t out[2]) {
  int64_t square = 4096 * 4096 - (int64_t)sine * sine, root = 4096;
  for (int k = 0; k < 12; k++) root = (root + square / root) / 2;
  out[0] = (int32_t)root, out[1] = sine;
}

static void place(const struct clgan_easel *to, const struct clgan_face_traits *t, struct clgan_head *h) {
  const int side = to->height < to->width ? to->height : to->width;
  *h = (struct clgan_head){.to = to, .nod = t->nod, .lit = t->light};
  angle(t->turn, h->turn);
  angle(t->roll, h->roll);
  h->scale = (int64_t)side * 256 * 65536 / 1000 * 378 / 1000 * t->zoom / 1000;
  h->cx = to->width * 128 + side * 256 * t->dx / 1000;
  h->cy = to->height * 128 + side * 256 * (t->dy + 26) / 1000;
}

static void background(const struct clgan_easel *to, const struct clgan_face_traits *t) {
  const struct clgan_tint tint = {t->ground[0],
                                  t->ground[1],
                                  {t->ground_from.x * to->width, t->ground_from.y * to->height},
                                  {t->ground_to.x * to->width, t->ground_to.y * to->height}};
  clgan_paint_page(to, &tint);
}

static void bust(const struct clgan_head *h, const struct clgan_face *f) {
  const int neck = f->jaw * (f->female ? 68 : 70) / 100 + f->male * 110 / 256 - (f->age < 4 ? 60 : 0);
  const int wide = 900 + f->male * 420 / 256 + f->woman * 140 / 256 + (f->age < 14 ? 0 : 60);
  const struct clgan_node throat[] = {
      {0, 300, -100}, {neck, 420, -100}, {neck, 1100, -100}, {neck + 120, 1500, -100}, {0, 1600, -100}};
  clgan_head_both(h, throat, N(throat), clgan_rgb_mix(f->skin, f->dark, 80), 100, 256);
  clgan_head_glow(h, (struct clgan_node){0, f->chin_y + 20, -50}, neck, 200, f->dark, 220);
  for (int s = -1; s <= 1; s += 2) { /* an old neck */
    const struct clgan_node cord[] = {{s * 150, f->chin_y + 40, 0}, {s * 110, f->chin_y + 330, 0}};
    clgan_head_line(h, cord, 2, 10, 24, f->dark, f->sag * 200 / 256);
  }
  const struct clgan_node cloth[] = {
      {0, 1330, 0}, {neck + 20, 1190, -60}, {wide, 1330, -100}, {wide + 300, 2100, -100}, {0, 2200, 0}};
  clgan_head_both(h, cloth, N(cloth), f->t->cloth, 90, 256);
}

static void skull(const struct clgan_head *h, const struct clgan_face *f) {
  for (int s = -1; s <= 1; s += 2) {
    const int x = s * (f->cheek + 12), y = f->eye_y / 2 + 120, r = f->ear;
    const struct clgan_node ear[] = {{x - s * 30, y - r, -60},
                                     {x + s * r * 5 / 10, y - r * 8 / 10, -90},
                                     {x + s * r * 5 / 10, y, -90},
                                     {x + s * r / 4, y + r * 9 / 10, -60},
                                     {x - s * 40, y + r * 8 / 10, -30}};
    clgan_head_fill(h, ear, N(ear), clgan_rgb_mix(f->skin, f->lips, 40), 110, 256);
    clgan_head_glow(h, (struct clgan_node){x + s * r / 5, y, -60}, r * 4 / 10, r * 6 / 10, f->dark, 150);
  }
  const int jowl = f->sag * 46 / 256;
  const struct clgan_node outline[] = {{0, -1000, 0},
                                       {f->temple * 64 / 100, -860, 40},
                                       {f->temple * 98 / 100, -430, 0},
                                       {f->cheek, 60, 0},
                                       {f->jaw + 70 + jowl, f->jaw_y - 160, 0},
                                       {f->jaw + jowl, f->jaw_y + 60 + jowl, 60},
                                       {f->chin + 60 - jowl / 2, f->chin_y - 95, 280},
                                       {f->chin * 55 / 100, f->chin_y - 14, 340},
                                       {0, f->chin_y, 360}};
  /* round: dark towards the edge */
  clgan_head_both(h, outline, N(outline), clgan_rgb_mix(f->skin, f->dark, 100), 90, 256);
  clgan_head_mask(h, outline, N(outline));
  clgan_head_glow(h, (struct clgan_node){h->lit * 120 / 256, 40, 350}, f->cheek * 128 / 100, 1180,
                  clgan_rgb_mix(f->skin, (struct clgan_rgb){{255, 250, 238}}, 24), 250);
  clgan_head_glow(h, (struct clgan_node){h->lit * 200 / 256, f->eye_y - 420, 600}, 420, 260,
                  (struct clgan_rgb){{255, 250, 238}}, 60 + f->age / 4);
}

/* The whole picture brighter or darker, bluer or yellower. */
static void develop(const struct clgan_easel *to, const struct clgan_face_traits *t) {
  const int gain[3] = {t->glow + t->cast, t->glow, t->glow - t->cast};
  const size_t n = (size_t)to->height * (size_t)to->width;
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < 3; k++) {
      const int x = (to->rgb[3 * i + k] * gain[k] + 128) / 256;
      to->rgb[3 * i + k] = (unsigned char)(x > 255 ? 255 : x);
    }
}

static void paint(const struct clgan_easel *to, const struct clgan_face_traits *t, int age, int gender) {
  struct clgan_head h;
  struct clgan_face f;
  place(to, t, &h);
  clgan_face_grow(t, age, gender, &f);
  clgan_head_mask(&h, NULL, 0);
  background(to, t);
  clgan_face_hair_back(&h, &f);
  bust(&h, &f);
  skull(&h, &f);
  clgan_face_beard(&h, &f);
  clgan_face_lines(&h, &f);
  clgan_face_features(&h, &f);
  clgan_head_mask(&h, NULL, 0);
  clgan_face_hair_front(&h, &f);
  if (t->glasses && age > 5) clgan_face_glasses(&h, &f);
  develop(to, t);
}

void clgan_builtin_face(uint32_t item, int age, int gender, int height, int width, int channels,
                        unsigned char *pixels) {
  struct clgan_random r;
  struct clgan_face_traits t;
  const size_t n = (size_t)height * (size_t)width;
  const struct clgan_easel to = {height,
                                 width,
                                 channels == 3 ? pixels : clgan_mem_array(n, 3),
                                 clgan_mem_array((size_t)height * (size_t)(width + 2), sizeof *to.cover),
                                 clgan_mem_array(n, sizeof *to.field),
                                 clgan_mem_array(n, 1)};
  clgan_random_init(&r, faces_seed, item, CLGAN_STREAM_BUILTIN);
  draw_person(&r, &t);
  draw_moment(&r, &t);
  paint(&to, &t, age, gender);
  for (size_t i = 0; i < n && channels == 1; i++) {
    const unsigned char *p = to.rgb + 3 * i;
    pixels[i] = (unsigned char)((p[0] * 77 + p[1] * 150 + p[2] * 29 + 128) / 256);
  }
  if (channels != 3) clgan_mem_free(to.rgb);
  clgan_mem_free(to.cover);
  clgan_mem_free(to.field);
  clgan_mem_free(to.mask);
}

/* -- the set -- */

/* Sides as asked for. Larger pictures are fewer, so that the set takes no more memory than with sides of 128. */
static enum clgan_status choose_shape(const struct clgan_dataset_want *want, struct clgan_dataset *d, uint32_t *train,
                                      struct clgan_error *e) {
  const uint32_t low = CLGAN_FACES_SIDE_MIN, high = CLGAN_FACES_SIDE_MAX, plenty = 128 * 128;
  d->height = want->height ? want->height : CLGAN_FACES_SIDE;
  d->width = want->width ? want->width : CLGAN_FACES_SIDE;
  d->channels = want->channels ? want->channels : 3;
  if (d->height < low || d->width < low || d->height > high || d->width > high ||
      (d->channels != 1 && d->channels != 3))
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "builtin: the builtin faces are drawn with sides of %u to %u pixels, grey or in colour, the "
                           "model takes %ux%u with %u channels; give --data a set of that size",
                           low, high, d->height, d->width, d->channels);
  const uint32_t area = d->height * d->width, fewer = area > plenty ? (area + plenty - 1) / plenty : 1;
  *train = CLGAN_FACES_TRAIN / fewer;
  d->count = *train + CLGAN_FACES_TEST / fewer;
  return CLGAN_OK;
}

struct gallery {
  const struct clgan_dataset *d;
  unsigned char *images, *gender;
  float *age;
};

static void draw_item(void *context, size_t item, void *slot) {
  const struct gallery *g = context;
  const struct clgan_dataset *d = g->d;
  int age, gender;
  (void)slot;
  clgan_builtin_face_label((uint32_t)item, &age, &gender);
  clgan_builtin_face((uint32_t)item, age, gender, (int)d->height, (int)d->width, (int)d->channels,
                     g->images + item * clgan_dataset_image_size(d));
  g->age[item] = (float)age, g->gender[item] = (unsigned char)gender;
}

enum clgan_status clgan_dataset_load_builtin_faces(const struct clgan_dataset_want *want, struct clgan_dataset *d,
                                                   struct clgan_error *e) {
  static const char what[] = "the builtin faces";
  uint32_t train = 0;
  void *images, *age, *gender, *split;
  CLGAN_TRY(choose_shape(want, d, &train, e));
  CLGAN_TRY(clgan_dataset_own(d, d->count * clgan_dataset_image_size(d), what, &images, e));
  CLGAN_TRY(clgan_dataset_own(d, d->count * sizeof(float), what, &age, e));
  CLGAN_TRY(clgan_dataset_own(d, d->count, what, &gender, e));
  CLGAN_TRY(clgan_dataset_own(d, d->count, what, &split, e));
  struct gallery gallery = {d, images, gender, age};
  const struct clgan_pool pool = {.n = d->count, .job = draw_item, .context = &gallery};
  CLGAN_TRY(clgan_pool_run(&pool, e));
  memset((unsigned char *)split + train, 1, d->count - train);
  d->labels = CLGAN_LABELS_FACE;
  d->images = images, d->age = age, d->gender = gender, d->split = split;
  return CLGAN_OK;
}
