/* A head's own space on the page: turned, nodding, tilted, scaled. */
#include "data/builtin_faces_internal.h"

struct clgan_spot clgan_head_spot(const struct clgan_head *h, struct clgan_node p) {
  int64_t x = (p.x * h->turn[0] + p.z * h->turn[1]) / 16, y = p.y * 256 + p.z * h->nod / 16; /* 1/256 unit */
  int64_t u = (x * h->roll[0] - y * h->roll[1]) / 4096, v = (x * h->roll[1] + y * h->roll[0]) / 4096;
  return (struct clgan_spot){(int32_t)(h->cx + u * h->scale / (1 << 24)), (int32_t)(h->cy + v * h->scale / (1 << 24))};
}

int32_t clgan_head_length(const struct clgan_head *h, int units) {
  return (int32_t)(units * h->scale / 65536);
}

void clgan_head_fill(const struct clgan_head *h, const struct clgan_node *p, int n, struct clgan_rgb colour, int shade,
                     int alpha) {
  static const struct clgan_rgb night = {{26, 14, 22}}, day = {{255, 246, 230}};
  struct clgan_spot at[CLGAN_PAINT_POINTS];
  /* light falls from above and from one side */
  const int32_t far = clgan_head_length(h, 1100), across = far * h->lit / 256;
  const struct clgan_tint tint = {clgan_rgb_mix(colour, day, shade / 4),
                                  clgan_rgb_mix(colour, night, shade),
                                  {h->cx + across, h->cy - far * 3 / 4},
                                  {h->cx - across, h->cy + far * 3 / 4}};
  for (int i = 0; i < n; i++) at[i] = clgan_head_spot(h, p[i]);
  clgan_paint_fill(h->to, at, n, &tint, alpha);
}

static int mirrored(const struct clgan_node *right, int n, struct clgan_node *all) {
  int count = 0;
  for (int i = 0; i < n; i++) all[count++] = right[i];
  for (int i = n - 1; i >= 0; i--)
    if (right[i].x != 0) all[count++] = (struct clgan_node){-right[i].x, right[i].y, right[i].z};
  return count;
}

void clgan_head_both(const struct clgan_head *h, const struct clgan_node *right, int n, struct clgan_rgb colour,
                     int shade, int alpha) {
  struct clgan_node all[CLGAN_PAINT_POINTS];
  const int count = mirrored(right, n, all);
  clgan_head_fill(h, all, count, colour, shade, alpha);
}

void clgan_head_mask(const struct clgan_head *h, const struct clgan_node *right, int n) {
  struct clgan_node all[CLGAN_PAINT_POINTS];
  struct clgan_spot at[CLGAN_PAINT_POINTS];
  const int count = mirrored(right, n, all);
  for (int i = 0; i < count; i++) at[i] = clgan_head_spot(h, all[i]);
  clgan_paint_mask(h->to, at, count);
}

void clgan_head_glow(const struct clgan_head *h, struct clgan_node at, int rx, int ry, struct clgan_rgb colour,
                     int alpha) {
  clgan_paint_glow(h->to, clgan_head_spot(h, at), clgan_head_length(h, rx), clgan_head_length(h, ry), h->roll, colour,
                   alpha);
}

void clgan_head_line(const struct clgan_head *h, const struct clgan_node *p, int n, int ends, int middle,
                     struct clgan_rgb colour, int alpha) {
  struct clgan_spot at[CLGAN_PAINT_POINTS];
  for (int i = 0; i < n; i++) at[i] = clgan_head_spot(h, p[i]);
  clgan_paint_line(h->to, at, n, clgan_head_length(h, ends), clgan_head_length(h, middle), colour, alpha);
}
