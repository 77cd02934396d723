/* variant.c - parameters of the convolution products: names, look-up, and what a search may try. */
#include "ops/variant.h"

#include <stdio.h>
#include <string.h>

#include "ops/conv.h"

const char *const clgan_variant_names[CLGAN_VARIANT_COUNT] = {
    "kind", "mr", "nv", "kc", "packed", "m_tiles", "n_panels", "splits", "bm", "bn", "bk", "tm", "tn",
    "regs", "fill"};

struct clgan_variant clgan_variant_free(void) {
  struct clgan_variant v;
  for (int p = 0; p < CLGAN_VARIANT_COUNT; p++) v.at[p] = CLGAN_VARIANT_FREE;
  return v;
}

bool clgan_variant_is_choice(const struct clgan_variant *v) {
  for (int p = 0; p < CLGAN_VARIANT_REGS; p++)
    if (v->at[p] != CLGAN_VARIANT_FREE) return true;
  return false;
}

const char *clgan_variant_text(const struct clgan_variant *v, char text[192]) {
  size_t n = 0;
  text[0] = '\0';
  for (int p = 0; p < CLGAN_VARIANT_COUNT; p++) {
    if (v->at[p] == CLGAN_VARIANT_FREE) continue;
    int m = snprintf(text + n, 192 - n, "%s%s=%d", n ? " " : "", clgan_variant_names[p], v->at[p]);
    if (m > 0 && n + (size_t)m < 192) n += (size_t)m;
  }
  return text;
}

bool clgan_variant_applies(const struct clgan_node *node) {
  return node->op == CLGAN_OP_CONV || node->op == CLGAN_OP_CONV_WGRAD;
}

void clgan_variant_key(const struct clgan_node *node, const struct clgan_target *t, char op[40], char geometry[128]) {
  const struct clgan_geom *q = &node->attr.geom;
  snprintf(op, 40, "%s%s%s", t->family == CLGAN_FAMILY_LOCAL ? "local_" : "",
           node->op == CLGAN_OP_CONV ? "conv" : "conv_wgrad", node->attr.i[0] == 1 ? "_transposed" : "");
  snprintf(geometry, 128, "%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d", q->n, q->hi, q->wi, q->ci, q->ho, q->wo, q->co, q->kh,
           q->kw, q->stride, q->pad);
}

bool clgan_variant_find(const struct clgan_node *node, const struct clgan_target *t, struct clgan_variant *out) {
  char op[40], geometry[128];
  *out = clgan_variant_free();
  if (!t->book.find) return false;
  clgan_variant_key(node, t, op, geometry);
  const bool found = t->book.find(t->book.context, op, geometry, out);
  int *kind = &out->at[CLGAN_VARIANT_KIND]; /* what there is not is left to the rule */
  if (*kind < 0 || *kind > CLGAN_KIND_SUBGROUPS ||
      (*kind == CLGAN_KIND_CLBLAST && !clgan_conv_blast_possible(node, t)) ||
      (*kind == CLGAN_KIND_SUBGROUPS && t->device->subgroup_way == CLGAN_SUBGROUP_NONE))
    *kind = CLGAN_VARIANT_FREE;
  return found;
}

static bool find_this(void *context, const char *op, const char *geometry, struct clgan_variant *out) {
  const struct clgan_variant *v = context;
  (void)op;
  (void)geometry;
  *out = *v;
  return true;
}

struct clgan_variant_book clgan_variant_book_of(struct clgan_variant *v) {
  return (struct clgan_variant_book){find_this, v};
}

struct clgan_variant clgan_variant_resolve(const struct clgan_node *node, const struct clgan_target *t,
                                           const struct clgan_variant *v) {
  struct clgan_variant asked = *v;
  struct clgan_target with = *t;
  with.book = clgan_variant_book_of(&asked);
  if (clgan_conv_blast_chosen(node, &with)) {
    asked = clgan_variant_free();
    asked.at[CLGAN_VARIANT_KIND] = CLGAN_KIND_CLBLAST;
    return asked;
  }
  return t->family == CLGAN_FAMILY_REG ? clgan_conv_reg_resolve(node, &with) : clgan_conv_local_resolve(node, &with);
}

/* Appends what `v` comes to, unless it is there already. */
static void offer(const struct clgan_node *node, const struct clgan_target *t, const struct clgan_variant *v,
                  struct clgan_variant *out, size_t *n) {
  const struct clgan_variant whole = clgan_variant_resolve(node, t, v);
  for (size_t k = 0; k < *n; k++)
    if (memcmp(&out[k], &whole, sizeof whole) == 0) return;
  if (*n < CLGAN_VARIANTS_MAX) out[(*n)++] = whole;
}

static bool has_kind(const struct clgan_node *node, const struct clgan_target *t, const struct clgan_variant *v) {
  return clgan_variant_resolve(node, t, v).at[CLGAN_VARIANT_KIND] == v->at[CLGAN_VARIANT_KIND];
}

/* A short list: each program costs a second of compiling at a cold start. Sums, vectors and a broadcast of a tile fit
 * the registers: 16 of them, or 32 where vectors are of 16 lanes. */
static size_t reg_shapes(const struct clgan_node *node, const struct clgan_target *t, struct clgan_variant *out) {
  static const struct { int mr, nv; } tiles[2][2] = {{{6, 2}, {12, 1}}, {{12, 2}, {12, 1}}};
  static const int depths[2][3] = {{64, 128, 256}, {32, 64, 128}}; /* of Winograd's blocks */
  const bool wgrad = node->op == CLGAN_OP_CONV_WGRAD;
  struct clgan_variant v = clgan_variant_free();
  size_t n = 0;
  offer(node, t, &v, out, &n);
  for (v.at[CLGAN_VARIANT_KIND] = CLGAN_KIND_WIDE; v.at[CLGAN_VARIANT_KIND] <= CLGAN_KIND_LINES;
       v.at[CLGAN_VARIANT_KIND]++)
    offer(node, t, &v, out, &n);
  v.at[CLGAN_VARIANT_KIND] = CLGAN_KIND_WIDE;
  for (int k = 0; k < 2; k++)
    for (int packed = 0; packed < (wgrad ? 1 : 2); packed++) {
      v.at[CLGAN_VARIANT_MR] = tiles[t->vector >= 16][k].mr;
      v.at[CLGAN_VARIANT_NV] = tiles[t->vector >= 16][k].nv;
      v.at[CLGAN_VARIANT_PACKED] = packed;
      offer(node, t, &v, out, &n);
    }
  v = clgan_variant_free();
  v.at[CLGAN_VARIANT_KIND] = CLGAN_KIND_WIDE;
  for (int k = 0; k < 2; k++) {
    v.at[CLGAN_VARIANT_KC] = (wgrad ? 64 : 128) << (2 * k);
    offer(node, t, &v, out, &n);
  }
  for (v.at[CLGAN_VARIANT_KIND] = CLGAN_KIND_WINO4; v.at[CLGAN_VARIANT_KIND] >= CLGAN_KIND_WINO2;
       v.at[CLGAN_VARIANT_KIND]--)
    for (int k = 0; k < 3; k++) {
      v.at[CLGAN_VARIANT_KC] = depths[wgrad][k];
      if (has_kind(node, t, &v)) offer(node, t, &v, out, &n);
    }
  return n;
}

static size_t local_shapes(const struct clgan_node *node, const struct clgan_target *t, struct clgan_variant *out) {
  struct clgan_variant v = clgan_variant_free();
  size_t n = 0;
  offer(node, t, &v, out, &n);
  for (int k = 0; clgan_conv_local_tile(k, &v); k++) offer(node, t, &v, out, &n);
  for (int k = 0; clgan_conv_local_sub_tile(k, t->device, &v); k++) offer(node, t, &v, out, &n);
  v = clgan_variant_free();
  v.at[CLGAN_VARIANT_KIND] = CLGAN_KIND_CLBLAST; /* last: it compiles for longest */
  if (has_kind(node, t, &v)) offer(node, t, &v, out, &n);
  return n;
}

size_t clgan_variant_shapes(const struct clgan_node *node, const struct clgan_target *t,
                            struct clgan_variant out[CLGAN_VARIANTS_MAX]) {
  return t->family == CLGAN_FAMILY_REG ? reg_shapes(node, t, out) : local_shapes(node, t, out);
}

size_t clgan_variant_cuts(const struct clgan_node *node, const struct clgan_target *t, const struct clgan_variant *v,
                          struct clgan_variant out[CLGAN_VARIANTS_MAX]) {
  enum { M = CLGAN_VARIANT_M_TILES, N = CLGAN_VARIANT_N_PANELS, S = CLGAN_VARIANT_SPLITS };
  static const int pairs[3][2] = {{M, N}, {M, S}, {N, S}};
  struct clgan_variant w;
  size_t n = 1;
  out[0] = *v; /* so that it is not offered; taken out again at the end */
  for (int p = M; p <= S; p++) {
    const int x = v->at[p], other[4] = {2 * x, x / 2, x + 1, x - 1};
    for (int k = 0; k < 4 && x > 0; k++) {
      w = *v;
      w.at[p] = other[k];
      if (other[k] > 0) offer(node, t, &w, out, &n);
    }
  }
  for (int k = 0; k < 6; k++) { /* one doubled, the other halved */
    const int up = pairs[k / 2][k % 2], down = pairs[k / 2][1 - k % 2];
    if (v->at[up] < 1 || v->at[down] < 2) continue;
    w = *v;
    w.at[up] *= 2;
    w.at[down] /= 2;
    offer(node, t, &w, out, &n);
  }
  memmove(out, out + 1, (n - 1) * sizeof *out);
  return n - 1;
}
