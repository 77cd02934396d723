/* Curves, soft spots and lines on a page in colours; see builtin_paint.h. */
#include "data/builtin_paint.h"
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum {
  ONE = CLGAN_PAINT_ONE,
  STEPS = 4,        /* straight pieces between two points of a closed curve */
  LINE_STEPS = 3,   /* of a line */
  SUB = 4,          /* lines that a row of pixels is cut into */
  FULL = SUB * ONE, /* coverage of a pixel inside */
  AXIS = 4096       /* 1 in what says where in an ellipse a pixel is */
};

/* -- the pen -- */

/* Distance from (x, y) to the piece a-b. sqrt() is exactly rounded (IEEE 754). */
static int32_t distance(struct clgan_spot a, struct clgan_spot b, int32_t x, int32_t y) {
  int64_t dx = b.x - a.x, dy = b.y - a.y, px = x - a.x, py = y - a.y;
  int64_t length2 = dx * dx + dy * dy, along = px * dx + py * dy;
  if (along <= 0 || length2 == 0) return (int32_t)sqrt((double)(px * px + py * py));
  if (along >= length2) {
    px = x - b.x, py = y - b.y;
    return (int32_t)sqrt((double)(px * px + py * py));
  }
  int64_t cross = px * dy - py * dx;
  return (int32_t)sqrt((double)(cross * cross / length2));
}

void clgan_paint_pen(int height, int width, int32_t *field, struct clgan_spot a, struct clgan_spot b, int32_t radius,
                     int32_t soft) {
  int32_t reach = radius + soft;
  int32_t x0 = clgan_paint_max((clgan_paint_min(a.x, b.x) - reach) / ONE - 1, 0);
  int32_t y0 = clgan_paint_max((clgan_paint_min(a.y, b.y) - reach) / ONE - 1, 0);
  int32_t x1 = clgan_paint_min((clgan_paint_max(a.x, b.x) + reach) / ONE, width - 1);
  int32_t y1 = clgan_paint_min((clgan_paint_max(a.y, b.y) + reach) / ONE, height - 1);
  for (int32_t y = y0; y <= y1; y++)
    for (int32_t x = x0; x <= x1; x++) {
      int32_t d = distance(a, b, x * ONE + ONE / 2, y * ONE + ONE / 2) - radius;
      int32_t *at = &field[y * width + x];
      if (d < *at) *at = d;
    }
}

/* -- colours -- */
struct clgan_rgb clgan_rgb_mix(struct clgan_rgb a, struct clgan_rgb b, int t) {
  t = t < 0 ? 0 : t > 256 ? 256 : t;
  for (int k = 0; k < 3; k++) a.c[k] = (unsigned char)((a.c[k] * (256 - t) + b.c[k] * t + 128) / 256);
  return a;
}

/* A tint, made ready: the part of `to`, 1/2^24 a unit, is start + x * along[0] + y * along[1]. */
struct ramp {
  const struct clgan_tint *tint;
  int64_t start, along[2];
};

static struct ramp ramp_of(const struct clgan_tint *t) {
  int64_t dx = t->b.x - t->a.x, dy = t->b.y - t->a.y, length2 = dx * dx + dy * dy;
  struct ramp r = {t, 0, {0, 0}};
  if (length2 == 0) return r;
  r.along[0] = dx * (1 << 24) / length2, r.along[1] = dy * (1 << 24) / length2;
  r.start = -(t->a.x * r.along[0] + t->a.y * r.along[1]);
  return r;
}

/* Puts a tint's colour over a pixel, `weight` of 2^18. */
static inline void put(const struct clgan_easel *to, const struct ramp *r, int x, int y, int32_t weight) {
  unsigned char *p = to->rgb + ((size_t)y * (size_t)to->width + (size_t)x) * 3;
  int64_t at = r->start + (x * ONE + ONE / 2) * r->along[0] + (y * ONE + ONE / 2) * r->along[1];
  uint32_t t = at <= 0 ? 0 : at >= 1 << 24 ? 256 : (uint32_t)at >> 16, w = (uint32_t)weight / 16; /* of 2^14 */
  for (int k = 0; k < 3; k++) {
    uint32_t colour = r->tint->from.c[k] * (256 - t) + r->tint->to.c[k] * t; /* of 255 * 256 */
    p[k] = (unsigned char)((p[k] * ((1u << 14) - w) * 256 + colour * w + (1u << 21)) >> 22);
  }
}

void clgan_paint_page(const struct clgan_easel *to, const struct clgan_tint *tint) {
  const struct ramp r = ramp_of(tint);
  for (int y = 0; y < to->height; y++)
    for (int x = 0; x < to->width; x++) put(to, &r, x, y, 1 << 18);
}

/* -- curves -- */

/* Point k of S between p1 and p2. */
static struct clgan_spot spline(const struct clgan_spot *p0, const struct clgan_spot *p1, const struct clgan_spot *p2,
                                const struct clgan_spot *p3, int k, int S) {
  const int64_t S3 = S * S * S, k2 = k * k, k3 = k2 * k;
  const int64_t a = -k * S * S + 2 * k2 * S - k3, b = 2 * S3 - 5 * k2 * S + 3 * k3;
  const int64_t c = k * S * S + 4 * k2 * S - 3 * k3, d = -k2 * S + k3;
  return (struct clgan_spot){(int32_t)((a * p0->x + b * p1->x + c * p2->x + d * p3->x) / (2 * S3)),
                             (int32_t)((a * p0->y + b * p1->y + c * p2->y + d * p3->y) / (2 * S3))};
}

static int closed_curve(const struct clgan_spot *p, int n, struct clgan_spot *out) {
  for (int i = 0; i < n; i++)
    for (int k = 0; k < STEPS; k++)
      out[i * STEPS + k] = spline(&p[(i + n - 1) % n], &p[i], &p[(i + 1) % n], &p[(i + 2) % n], k, STEPS);
  return n * STEPS;
}

/* The part of the page that a figure may touch: pixels x0..x1, y0..y1. */
struct box {
  int x0, y0, x1, y1;
};

static struct box box_around(const struct clgan_easel *to, const struct clgan_spot *p, int n, int32_t across,
                             int32_t down) {
  int32_t low[2] = {INT32_MAX, INT32_MAX}, high[2] = {INT32_MIN, INT32_MIN};
  for (int i = 0; i < n; i++) {
    low[0] = clgan_paint_min(low[0], p[i].x - across), high[0] = clgan_paint_max(high[0], p[i].x + across);
    low[1] = clgan_paint_min(low[1], p[i].y - down), high[1] = clgan_paint_max(high[1], p[i].y + down);
  }
  return (struct box){clgan_paint_max(low[0] / ONE - 1, 0), clgan_paint_max(low[1] / ONE - 1, 0),
                      clgan_paint_min(high[0] / ONE + 1, to->width - 1),
                      clgan_paint_min(high[1] / ONE + 1, to->height - 1)};
}

/* Adds to `cover`, for every line of a row that the edge crosses, what lies right of the crossing; running sums along a
 * row are then the coverage of its pixels (an edge upwards counts against one downwards). */
static void edge(const struct clgan_easel *to, struct clgan_spot a, struct clgan_spot b) {
  int32_t sign = 1;
  if (a.y == b.y) return;
  if (a.y > b.y) {
    struct clgan_spot swap = a;
    a = b, b = swap, sign = -1;
  }
  const int32_t gap = ONE / SUB, limit = to->height * SUB;
  /* lines lie at gap/2 + gap * line */
  int32_t line = clgan_paint_max((clgan_paint_max(a.y - gap / 2, 0) + gap - 1) / gap, 0);
  for (; line < limit && gap / 2 + gap * line < b.y; line++) {
    int32_t y = gap / 2 + gap * line;
    int32_t x = a.x + (int32_t)((int64_t)(b.x - a.x) * (y - a.y) / (b.y - a.y));
    if (x >= to->width * ONE) continue;
    if (x < 0) x = 0;
    int32_t *at = to->cover + (line / SUB) * (to->width + 2) + x / ONE;
    at[0] += sign * (ONE - x % ONE);
    at[1] += sign * (x % ONE);
  }
}

/* Pours the tint where `cover` says, or (NULL) makes that the mask; leaves `cover` empty. */
static void pour(const struct clgan_easel *to, const struct box *in, const struct clgan_tint *tint, int alpha) {
  const struct ramp r = tint ? ramp_of(tint) : (struct ramp){0};
  for (int y = in->y0; y <= in->y1; y++) {
    int32_t *row = to->cover + y * (to->width + 2), sum = 0;
    for (int x = in->x0; x <= in->x1; x++) {
      sum += row[x];
      int32_t inside = sum < 0 ? -sum : sum;
      if (inside > FULL) inside = FULL;
      if (!tint)
        to->mask[y * to->width + x] = (unsigned char)(inside * 255 / FULL);
      else if (inside)
        put(to, &r, x, y, inside * alpha);
    }
    memset(row + in->x0, 0, (size_t)(in->x1 - in->x0 + 3) * sizeof *row);
  }
}

static void fill(const struct clgan_easel *to, const struct clgan_spot *p, int n, const struct clgan_tint *tint,
                 int alpha) {
  struct clgan_spot curve[CLGAN_PAINT_POINTS * STEPS];
  int count = closed_curve(p, n, curve);
  const struct box in = box_around(to, curve, count, 0, 0);
  if (in.x0 > in.x1 || in.y0 > in.y1) return;
  for (int i = 0; i < count; i++) edge(to, curve[i], curve[(i + 1) % count]);
  pour(to, &in, tint, alpha);
}

void clgan_paint_fill(const struct clgan_easel *to, const struct clgan_spot *p, int n, const struct clgan_tint *tint,
                      int alpha) {
  if (n >= 3 && n <= CLGAN_PAINT_POINTS && alpha > 0) fill(to, p, n, tint, alpha);
}

void clgan_paint_mask(const struct clgan_easel *to, const struct clgan_spot *p, int n) {
  memset(to->mask, n ? 0 : 255, (size_t)to->height * (size_t)to->width);
  if (n >= 3 && n <= CLGAN_PAINT_POINTS) fill(to, p, n, NULL, 0);
}

/* put(), as far as the mask lets it. */
static void put_within(const struct clgan_easel *to, const struct ramp *r, int x, int y, int32_t weight) {
  const int32_t part = to->mask[y * to->width + x];
  if (part) put(to, r, x, y, part == 255 ? weight : weight / 255 * part);
}

void clgan_paint_glow(const struct clgan_easel *to, struct clgan_spot centre, int32_t rx, int32_t ry,
                      const int32_t turn[2], struct clgan_rgb colour, int alpha) {
  const struct clgan_tint tint = {colour, colour, {0, 0}, {0, 0}};
  const struct ramp r = ramp_of(&tint);
  if (rx <= 0 || ry <= 0 || alpha <= 0) return;
  const int32_t slant = turn[1] < 0 ? -turn[1] : turn[1];
  const struct box in = box_around(to, &centre, 1, rx + (int32_t)((int64_t)ry * slant / AXIS),
                                   ry + (int32_t)((int64_t)rx * slant / AXIS));
  for (int y = in.y0; y <= in.y1; y++)
    for (int x = in.x0; x <= in.x1; x++) {
      /* a page of 512 pixels has 2^17, so that products stay below 2^30 */
      int32_t dx = x * ONE + ONE / 2 - centre.x, dy = y * ONE + ONE / 2 - centre.y;
      int64_t u = (dx * turn[0] + dy * turn[1]) / rx, v = (dy * turn[0] - dx * turn[1]) / ry; /* of 4096 */
      int64_t left = AXIS - (u * u + v * v) / AXIS;
      if (left <= 0) continue;
      int64_t weight = left * left / AXIS * alpha * FULL / AXIS; /* of 2^18 */
      put_within(to, &r, x, y, (int32_t)weight);
    }
}

void clgan_paint_line(const struct clgan_easel *to, const struct clgan_spot *p, int n, int32_t ends, int32_t middle,
                      struct clgan_rgb colour, int alpha) {
  const struct clgan_tint tint = {colour, colour, {0, 0}, {0, 0}};
  const struct ramp r = ramp_of(&tint);
  struct clgan_spot curve[CLGAN_PAINT_POINTS * LINE_STEPS + 1];
  if (n < 2 || n > CLGAN_PAINT_POINTS || alpha <= 0) return;
  int count = 0;
  for (int i = 0; i + 1 < n; i++)
    for (int k = 0; k < LINE_STEPS; k++)
      curve[count++] = spline(&p[i ? i - 1 : 0], &p[i], &p[i + 1], &p[i + 2 < n ? i + 2 : n - 1], k, LINE_STEPS);
  curve[count++] = p[n - 1];
  const int32_t soft = ONE / 2;
  const int32_t reach = clgan_paint_max(ends, middle) + 2 * soft;
  const struct box in = box_around(to, curve, count, reach, reach);
  for (int y = in.y0; y <= in.y1; y++)
    for (int x = in.x0; x <= in.x1; x++) to->field[y * to->width + x] = INT32_MAX;
  for (int i = 0; i + 1 < count; i++) {
    int32_t from_end = clgan_paint_min(i, count - 2 - i) * 2; /* 0 at the ends, about count - 2 in the middle */
    clgan_paint_pen(to->height, to->width, to->field, curve[i], curve[i + 1],
                    ends + (middle - ends) * from_end / (count > 2 ? count - 2 : 1), soft);
  }
  for (int y = in.y0; y <= in.y1; y++)
    for (int x = in.x0; x <= in.x1; x++) {
      int32_t inside = soft - clgan_paint_min(to->field[y * to->width + x], soft); /* of 2 * soft */
      if (inside > 2 * soft) inside = 2 * soft;
      if (inside > 0) put_within(to, &r, x, y, inside * FULL / (2 * soft) * alpha);
    }
}
