/* Convolution and transposed convolution by Winograd's minimal filtering: y = act(scale * sum + bias), with a gate times
 * the slope of the gate's activation, registers only, work-group of one. The transforms are in conv_wino.clh.
 *
 * A work-item makes m_tiles * MR tiles of WM x WM pixels, n_panels * NR channels of them: for each block of KC depth
 * (component, channel) it transforms the patches of its tiles, then for each of the PT * PT frequencies multiplies them
 * by the panels of the transformed weights. The sums of all frequencies stay with the item until their inverse is
 * written as the output: nothing of it goes through global memory.
 *
 * Layouts: a [n][ah][aw][ac], b [kh][kw][ac][yc] or, swapped, [kh][kw][yc][ac], panels
 * [class][frequency][panel][depth][NR], y, gates [n][yh][yw][yc], bias [yc], scale [1]. ac is a multiple of VL, yc of NR.
 * Grid: x blocks of tiles, y groups of panels, z parity classes (1, or stride * stride where transposed).
 * -D VL, MR, NV  register tile as in conv_reg.cl; MT, NP  most of them down and across; KC  depth of a block
 * -D WM, WR  see conv_wino.clh
 */
#include "conv_wino.clh"
#include "turn.clh"
#define NR (NV * VL)
#define LDA (KC + 2 * VL)
#define A_AT(i) ((i)*LDA + k)
#include "reg_tile.clh"

/* Weights of depth k..k + m - 1 (of one component, m <= 8), channels n..n + VL - 1, to w[tap][8]. */
static inline void read_weights(V *w, const __global float *b, const struct conv_reg_args *p, const struct gather *g,
                                int comps, int k, int m, int n) {
  const int comp = k / p->ac, c = REST(k, comp, p->ac), rh = comp / comps, rw = REST(comp, rh, comps);
  for (int t = 0; t < WR * WR; t++) {
    const int tap = g->bb + (t / WR * comps + rh) * g->bh + (t % WR * comps + rw) * g->bw;
    const __global float *src = b + tap * p->ac * p->yc;
    float *dst = (float *)(w + t * 8);
    if (!p->swapped) {
      for (int i = 0; i < m; i++) VST(VLD(src + (c + i) * p->yc + n), dst + i * VL);
      continue;
    }
#if VL % 8 == 0
    if (m == 8) {
      for (int j = 0; j < VL; j += 8) {
        float8 r[8];
        for (int q = 0; q < 8; q++) r[q] = vload8(0, src + (n + j + q) * p->ac + c);
        turn8(r);
        for (int q = 0; q < 8; q++) vstore8(r[q], 0, dst + q * VL + j);
      }
      continue;
    }
#endif
    for (int i = 0; i < m; i++)
      for (int j = 0; j < VL; j++) dst[i * VL + j] = src[(n + j) * p->ac + c + i];
  }
}

/* Weights to the points. Grid: x blocks of m_tiles of depth (a multiple of 8), z classes. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void conv_wino_pack(const __global float *restrict b,
                                                                            __global float *restrict panels,
                                                                            const struct conv_reg_args args) {
  const struct conv_reg_args p = args;
  const struct gather g = gather_of(&p, get_global_id(2));
  const int comps = p.transposed ? 1 : p.stride, depth = comps * comps * p.ac;
  const int k0 = get_global_id(0) * p.m_tiles, k1 = min(depth, k0 + p.m_tiles), plane = p.yc * depth;
  panels += get_global_id(2) * p.class_stride;
  for (int k = k0; k < k1;) {
    const int m = min(min(8, k1 - k), p.ac - REST(k, k / p.ac, p.ac));
    for (int n = 0; n < p.yc; n += VL) {
      V w[WR * WR * 8];
      read_weights(w, b, &p, &g, comps, k, m, n);
      __global float *dst = panels + (n / NR * depth + k) * NR + n % NR;
      for (int q = 0; q < m; q++, dst += NR) {
        V t[WR * PT];
#pragma unroll
        for (int j = 0; j < WR; j++) taps_to_points(w + j * 8 + q, WR * 8, t + j, WR);
        FEW_TURNS
        for (int i = 0; i < PT; i++) {
          V u[PT];
          taps_to_points(t + i * WR, 1, u, 1);
#pragma unroll
          for (int j = 0; j < PT; j++) VST(u[j], dst + (size_t)(i * PT + j) * plane);
        }
      }
    }
    k += m;
  }
}

/* The inverse of VL channels of a tile, and what becomes of it; sums of frequencies lie `stride` floats apart. */
static inline void finish_tile(__global float *y, const __global float *gates, const float *c, int stride, const struct conv_reg_args *p,
                               const struct gather *g, struct pixel x, V shift, float scale) {
  V t[FREQ];
  FEW_TURNS
  for (int j = 0; j < PT; j++) {
    V m[PT];
#pragma unroll
    for (int i = 0; i < PT; i++) m[i] = VLD(c + (i * PT + j) * stride);
    from_points(m, 1, t + j, PT);
  }
  V out[WM * WM];
#pragma unroll
  for (int i = 0; i < WM; i++) from_points(t + i * PT, 1, out + i * WM, 1);
  const int h0 = x.h * WM, w0 = x.w * WM, h1 = min(WM, g->qh - h0), w1 = min(WM, g->qw - w0), curved = p->act > 2;
  const float slope = slope_below(p);
  FEW_TURNS
  for (int i = 0; i < h1; i++) {
    const int line = ((x.n * p->yh + (h0 + i) * g->os + g->oh) * p->yw + w0 * g->os + g->ow) * p->yc;
    FEW_TURNS
    for (int j = 0; j < w1; j++) {
      const int at = line + j * g->os * p->yc;
      const V v = finish_act(fma((V)(scale), out[i * WM + j], shift), curved, p->act, slope);
      VST(p->gate ? gate_lanes(v, VLD(gates + at), p->gate, p->slope) : v, y + at);
    }
  }
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void conv_wino(
    const __global float *restrict a, const __global float *restrict b, const __global float *restrict bias,
    const __global float *restrict scales, const __global float *restrict gates, __global float *restrict y,
    const struct conv_reg_args args) {
  const struct conv_reg_args p = args;
  const struct gather g = gather_of(&p, get_global_id(2));
  const struct tiles tiles = tiles_of(&p, &g);
  const struct gather grid = {.qh = tiles.th, .qw = tiles.tw};
  const int m0 = get_global_id(0) * p.m_tiles * MR, rows = min(p.n * tiles.th * tiles.tw - m0, p.m_tiles * MR);
  const int n0 = get_global_id(1) * p.n_panels * NR, panels = min(p.yc - n0, p.n_panels * NR) / NR;
  const int depth = tiles.comps * tiles.comps * p.ac;
  const float scale = p.has_scale ? scales[0] : 1.0f;
  float pa[FREQ * MT * MR * LDA], pc[FREQ * MT * NP * MR * NR];
  const int a_stride = p.m_tiles * MR * LDA, c_stride = panels * p.m_tiles * MR * NR;
  b += get_global_id(2) * p.class_stride;
  for (int k0 = 0; k0 < depth; k0 += KC) {
    const int k1 = min(depth, k0 + KC);
    struct pixel x = pixel_at(&grid, m0);
    for (int m = 0; m < rows; m++, pixel_next(&x, &grid))
      transform_rows(pa + m * LDA, a_stride, a, &p, &g, tiles.comps, x, k0, k1);
    for (int m = rows; m % MR != 0; m++) /* the last register tile's missing rows */
      for (int f = 0; f < FREQ; f++)
        for (int k = 0; k < k1 - k0; k += VL) VST((V)(0.0f), pa + f * a_stride + m * LDA + k);
    for (int f = 0; f < FREQ; f++)
      for (int n = 0; n < panels; n++) {
        const __global float *pb = b + ((size_t)f * (p.yc / NR) + n0 / NR + n) * depth * NR + k0 * NR;
        float *c = pc + f * c_stride + n * p.m_tiles * MR * NR;
        for (int m = 0; m < rows; m += MR) tile(pa + f * a_stride + m * LDA, pb, c + m * NR, k1 - k0, k0 == 0);
      }
  }
  struct pixel x = pixel_at(&grid, m0);
  for (int m = 0; m < rows; m++, pixel_next(&x, &grid))
    for (int n = 0; n < panels; n++)
      for (int v = 0; v < NR; v += VL) {
        const int at = n0 + n * NR + v;
        const V shift = p.has_bias ? VLD(bias + at) : (V)(0.0f);
        finish_tile(y + at, gates + at, pc + (n * p.m_tiles * MR + m) * NR + v, c_stride, &p, &g, x, shift, scale);
      }
}
