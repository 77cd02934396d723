/* The builtin stroke digits: skeleton -> jittered, slanted, scaled curve -> pen -> pixels, grey or in colours. */
#include "data/builtin.h"
#include <math.h>
#include <string.h>
#include "base/philox.h"
#include "data/builtin_paint.h"
#include "data/dataset_internal.h"
#include "data/pool.h"

enum {
  SIDE = CLGAN_BUILTIN_SIDE,
  CURVE_STEPS = 6, /* straight pieces per pair of skeleton points */
  MAX_POINTS = CLGAN_STROKE_POINTS * CURVE_STEPS + 1,
  ONE = CLGAN_PAINT_ONE
};
/* Fixes the set for good, apart from the seeds users give. */
static const uint64_t builtin_seed = 0x636c67616eu;

struct point {
  double x, y;
};
/* One handwriting of one digit. */
struct hand {
  double ax, ay, bx, by;        /* slow warp of the page: how strongly, */
  double wx, wy;                /* and where its zero lies */
  double wobble;                /* independent jitter of skeleton points, of the box's 100 */
  double xx, xy, yx, yy;        /* aspect, slant and rotation */
  double height, dx, dy;        /* pixels */
  double radius, taper, uneven; /* pen, pixels; its change along a stroke */
  double ink, soft;             /* 0..255; width of the soft edge, pixels */
};
/* What is drawn on. The hand's pixels are of a page 28 high; `scale` pixels of the page are one of those. */
struct page {
  int height, width;
  double scale;
  int32_t *field; /* [height, width]: distance to the pen's edge, 1/256 pixel */
};
struct curve {
  int count;
  struct point p[MAX_POINTS];
};

static double range(struct clgan_random *r, double low, double high) {
  return low + (high - low) * (double)clgan_random_uniform(r);
}

/* Near-normal, sd 1, within +-3.5: a sum of uniforms needs no logarithm, which machines round differently. */
static double bell(struct clgan_random *r) {
  double sum = 0;
  for (int i = 0; i < 4; i++) sum += (double)clgan_random_uniform(r);
  return (sum - 2) * 1.7320508;
}

static void hand_draw(struct clgan_random *r, struct hand *h) {
  h->ax = bell(r) * 0.11, h->ay = bell(r) * 0.09;
  h->bx = bell(r) * 0.11, h->by = bell(r) * 0.09;
  h->wx = range(r, 30, 70), h->wy = range(r, 30, 70);
  h->wobble = range(r, 0.8, 3.2);
  double aspect = range(r, 0.58, 1.0);
  double slant = 0.16 + 0.2 * bell(r), turn = 0.09 * bell(r);
  /* Taylor sine and cosine: |turn| < 0.32, and only exactly rounded operations. */
  double s = turn - turn * turn * turn / 6, c = 1 - turn * turn / 2;
  h->xx = c * aspect, h->xy = -c * slant - s;
  h->yx = s * aspect, h->yy = c - s * slant;
  h->height = range(r, 17.6, 20.4);
  h->dx = 0.7 * bell(r), h->dy = 0.6 * bell(r);
  double thick = (double)clgan_random_uniform(r);
  h->radius = 0.8 + 1.05 * thick * (0.45 + 0.55 * thick) + 0.1 * bell(r);
  if (h->radius < 0.65) h->radius = 0.65;
  h->taper = range(r, -0.3, 0.2), h->uneven = range(r, 0, 0.16);
  h->ink = range(r, 220, 275);
  if (h->ink > 255) h->ink = 255;
  h->soft = range(r, 0.9, 1.5);
}

/* A skeleton point on the page: wobble, slow warp, then slant, aspect and rotation. */
static struct point hand_place(const struct hand *h, double x, double y) {
  double u = (x - h->wx) / 50, v = (y - h->wy) / 50;
  double px = x - 50 + 50 * (h->ax * v * v + h->bx * u * v), py = y - 50 + 50 * (h->ay * u * u + h->by * u * v);
  return (struct point){h->xx * px + h->xy * py, h->yx * px + h->yy * py};
}

static struct point spline(const struct point *p0, const struct point *p1, const struct point *p2,
                           const struct point *p3, double t) {
  double a = -0.5 * t + t * t - 0.5 * t * t * t, b = 1 - 2.5 * t * t + 1.5 * t * t * t;
  double c = 0.5 * t + 2 * t * t - 1.5 * t * t * t, d = -0.5 * t * t + 0.5 * t * t * t;
  return (struct point){a * p0->x + b * p1->x + c * p2->x + d * p3->x, a * p0->y + b * p1->y + c * p2->y + d * p3->y};
}

static bool is_corner(const struct clgan_stroke *s, int i) {
  return i > 0 && s->xy[i][0] == s->xy[i - 1][0] && s->xy[i][1] == s->xy[i - 1][1];
}

/* Catmull-Rom through the placed points; the pieces before and after a corner do not see each other. */
static void stroke_curve(const struct clgan_stroke *s, const struct hand *h, struct clgan_random *r,
                         struct curve *out) {
  struct point p[CLGAN_STROKE_POINTS];
  for (int i = 0; i < s->count; i++) {
    double jx = h->wobble * bell(r), jy = h->wobble * bell(r);
    p[i] = is_corner(s, i) ? p[i - 1] : hand_place(h, s->xy[i][0] + jx, s->xy[i][1] + jy);
  }
  out->count = 0;
  for (int i = 0; i + 1 < s->count; i++) {
    if (is_corner(s, i + 1)) continue;
    int before = i > 0 && !is_corner(s, i) ? i - 1 : i;
    int after = i + 2 < s->count && !is_corner(s, i + 2) ? i + 2 : i + 1;
    for (int k = 0; k < CURVE_STEPS; k++)
      out->p[out->count++] = spline(&p[before], &p[i], &p[i + 1], &p[after], (double)k / CURVE_STEPS);
  }
  out->p[out->count++] = p[s->count - 1];
}

/* Scales the curves so that the larger side of their box is the hand's height, and centres the box, as MNIST does. */
static void fit_box(struct curve *curves, int count, const struct hand *h, const struct page *page) {
  struct point low = curves[0].p[0], high = low;
  for (int s = 0; s < count; s++)
    for (int i = 0; i < curves[s].count; i++) {
      const struct point *p = &curves[s].p[i];
      if (p->x < low.x) low.x = p->x;
      if (p->y < low.y) low.y = p->y;
      if (p->x > high.x) high.x = p->x;
      if (p->y > high.y) high.y = p->y;
    }
  double width = high.x - low.x, height = high.y - low.y;
  double scale = (h->height - 2 * h->radius) / (width > height ? width : height) * page->scale;
  for (int s = 0; s < count; s++)
    for (int i = 0; i < curves[s].count; i++) {
      struct point *p = &curves[s].p[i];
      p->x = (p->x - 0.5 * (low.x + high.x)) * scale + page->width / 2.0 + h->dx * page->scale;
      p->y = (p->y - 0.5 * (low.y + high.y)) * scale + page->height / 2.0 + h->dy * page->scale;
    }
}

/* From here on integers: 1/256 pixel, so that a last bit's difference before has no effect. */
static int32_t fix(double x) {
  return (int32_t)floor(x * ONE + 0.5);
}

/* The pen changes its width along a stroke: steadily (taper) and unevenly. */
static void pen_stroke(const struct page *page, const struct curve *c, const struct hand *h, struct clgan_random *r) {
  int32_t soft = fix(h->soft * page->scale);
  double here = 0, next = bell(r);
  for (int i = 0; i + 1 < c->count; i++) {
    int phase = i % (2 * CURVE_STEPS);
    if (phase == 0) here = next, next = bell(r);
    double t = (double)phase / (2 * CURVE_STEPS);
    double change = 1 + h->taper * ((double)i / c->count - 0.5) + h->uneven * (here * (1 - t) + next * t);
    const struct clgan_spot a = {fix(c->p[i].x), fix(c->p[i].y)}, b = {fix(c->p[i + 1].x), fix(c->p[i + 1].y)};
    clgan_paint_pen(page->height, page->width, page->field, a, b, fix(h->radius * change * page->scale), soft);
  }
}

/* Distance to the pen's edge -> ink of 0..255, a smooth step `soft` wide. */
static void ink(const struct page *page, const struct hand *h, unsigned char *pixels) {
  int64_t soft = fix(h->soft * page->scale), full = fix(h->ink);
  for (int i = 0; i < page->height * page->width; i++) {
    int64_t inside = soft / 2 - page->field[i];
    if (inside < 0) inside = 0;
    if (inside > soft) inside = soft;
    int64_t step = inside * inside * (3 * soft - 2 * inside); /* of soft^3 */
    pixels[i] = (unsigned char)((step * full / (soft * soft * soft) + ONE / 2) / ONE);
  }
}

/* A digit in grey; `r` is left where the drawing's numbers end. */
static unsigned char draw(struct clgan_random *r, const struct page *page, unsigned char *pixels) {
  unsigned char digit = (unsigned char)clgan_random_below(r, 10);
  const struct clgan_glyph_forms *forms = &clgan_builtin_glyphs[digit];
  const struct clgan_glyph *glyph = &forms->form[clgan_random_below(r, (uint32_t)forms->count)];
  struct hand h;
  hand_draw(r, &h);
  struct curve curves[CLGAN_GLYPH_STROKES];
  for (int s = 0; s < glyph->strokes; s++) stroke_curve(&glyph->stroke[s], &h, r, &curves[s]);
  fit_box(curves, glyph->strokes, &h, page);
  for (int i = 0; i < page->height * page->width; i++) page->field[i] = INT32_MAX;
  for (int s = 0; s < glyph->strokes; s++) pen_stroke(page, &curves[s], &h, r);
  ink(page, &h, pixels);
  return digit;
}

/* Hue of 0..HUES-1 (red at 0), saturation and value of 0..255, to red, green, blue. Integers throughout. */
enum { HUE_STEP = 256, HUES = 6 * HUE_STEP };
static void colour(uint32_t hue, uint32_t saturation, uint32_t value, unsigned char rgb[3]) {
  for (uint32_t c = 0; c < 3; c++) {
    /* how far the hue lies from this channel's own (0, 2, 4 steps), 0..3 steps */
    uint32_t away = (hue + HUES - 2 * HUE_STEP * c) % HUES;
    if (away > HUES / 2) away = HUES - away;
    uint32_t full = away <= HUE_STEP ? HUE_STEP : away >= 2 * HUE_STEP ? 0 : 2 * HUE_STEP - away;
    uint32_t less = saturation * (HUE_STEP - full) / HUE_STEP; /* of 255 */
    rgb[c] = (unsigned char)(value * (255 - less) / 255);
  }
}

/* Ink of 0..255 -> light ink of one hue on dark ground of another, at least a sixth of the circle away. */
static void paint(struct clgan_random *r, const unsigned char *ink_of, size_t n, unsigned char *out) {
  unsigned char pen[3], ground[3];
  uint32_t hue = clgan_random_below(r, HUES), other = (hue + HUE_STEP + clgan_random_below(r, 4 * HUE_STEP)) % HUES;
  uint32_t saturation = 64 + clgan_random_below(r, 128), value = 200 + clgan_random_below(r, 56);
  colour(hue, saturation, value, pen);
  saturation = 96 + clgan_random_below(r, 160), value = 32 + clgan_random_below(r, 72);
  colour(other, saturation, value, ground);
  for (size_t i = 0; i < n; i++)
    for (int c = 0; c < 3; c++)
      out[3 * i + (size_t)c] = (unsigned char)((ground[c] * (255 - ink_of[i]) + pen[c] * ink_of[i] + 127) / 255);
}

unsigned char clgan_builtin_digit(uint32_t item, unsigned char pixels[CLGAN_BUILTIN_SIDE * CLGAN_BUILTIN_SIDE]) {
  return clgan_builtin_draw(item, SIDE, SIDE, 1, pixels);
}

unsigned char clgan_builtin_draw(uint32_t item, int height, int width, int channels, unsigned char *pixels) {
  int32_t field[CLGAN_BUILTIN_SIDE_MAX * CLGAN_BUILTIN_SIDE_MAX];
  unsigned char grey[CLGAN_BUILTIN_SIDE_MAX * CLGAN_BUILTIN_SIDE_MAX];
  struct clgan_random r;
  const struct page page = {height, width, (double)clgan_paint_min(height, width) / SIDE, field};
  clgan_random_init(&r, builtin_seed, item, CLGAN_STREAM_BUILTIN);
  unsigned char digit = draw(&r, &page, channels == 1 ? pixels : grey);
  if (channels == 3) paint(&r, grey, (size_t)height * (size_t)width, pixels);
  return digit;
}

/* The shape asked for, as far as it can be drawn; what is left open is the grey 28x28. */
static enum clgan_status choose_shape(const struct clgan_dataset_want *want, struct clgan_dataset *d,
                                      struct clgan_error *e) {
  d->height = want->height ? want->height : SIDE;
  d->width = want->width ? want->width : SIDE;
  d->channels = want->channels ? want->channels : 1;
  const uint32_t low = CLGAN_BUILTIN_SIDE_MIN, high = CLGAN_BUILTIN_SIDE_MAX;
  if (d->height >= low && d->width >= low && d->height <= high && d->width <= high &&
      (d->channels == 1 || d->channels == 3))
    return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_USAGE,
                         "builtin: the builtin digits are drawn with sides of %u to %u pixels, the model takes %ux%u; "
                         "give --data a set of that size",
                         low, high, d->height, d->width);
}

struct canvas {
  const struct clgan_dataset *d;
  unsigned char *images, *digit;
};

static void draw_item(void *context, size_t item, void *slot) {
  const struct canvas *c = context;
  const struct clgan_dataset *d = c->d;
  const size_t size = clgan_dataset_image_size(d);
  (void)slot;
  c->digit[item] =
      clgan_builtin_draw((uint32_t)item, (int)d->height, (int)d->width, (int)d->channels, c->images + item * size);
}

enum clgan_status clgan_dataset_load_builtin(const struct clgan_dataset_want *want, struct clgan_dataset *d,
                                             struct clgan_error *e) {
  const uint32_t count = CLGAN_BUILTIN_TRAIN + CLGAN_BUILTIN_TEST;
  void *images, *digit, *split;
  CLGAN_TRY(choose_shape(want, d, e));
  const size_t size = clgan_dataset_image_size(d);
  CLGAN_TRY(clgan_dataset_own(d, count * size, "the builtin digits", &images, e));
  CLGAN_TRY(clgan_dataset_own(d, count, "the builtin digits", &digit, e));
  CLGAN_TRY(clgan_dataset_own(d, count, "the builtin digits", &split, e));
  struct canvas canvas = {d, images, digit};
  const struct clgan_pool pool = {.n = count, .job = draw_item, .context = &canvas};
  CLGAN_TRY(clgan_pool_run(&pool, e));
  memset((unsigned char *)split + CLGAN_BUILTIN_TRAIN, 1, CLGAN_BUILTIN_TEST);
  d->count = count;
  d->labels = CLGAN_LABELS_CLASS;
  d->images = images, d->digit = digit, d->split = split;
  clgan_dataset_find_classes(d);
  return CLGAN_OK;
}
