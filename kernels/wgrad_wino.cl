/* Weight gradient of convolutions and transposed convolutions by Winograd's minimal filtering: dW = acc + sum over
 * pixels, registers only, work-group of one. The transforms are in conv_wino.clh.
 *
 * At each of the PT * PT frequencies the gradient is a product over tiles of WM x WM pixels: rows m = (component, ci),
 * columns co. A work-item makes m_tiles * MR rows x n_panels * NR columns over one split of the tiles: for each block of
 * KC tiles it transforms the patches and the gradients of the outputs, then runs the register tiles of all frequencies.
 * The sums stay with the item until their inverse, the taps, is written.
 *
 * Layouts: x [n][ah][aw][ac], dy [n][yh][yw][yc], out [split][kh*kw*ac][yc] (one split: dW itself, layout 0; else
 * wgrad_reg_sum.cl adds and arranges), acc as dW. ac is a multiple of VL, yc of NR; m_tiles * MR of VL.
 * Grid: x blocks of rows, y groups of panels, z splits.
 * -D VL, MR, NV  register tile; MT, NP  most of them down and across; KC  tiles of a block; WM, WR  see conv_wino.clh
 */
#include "conv_wino.clh"
#define NR (NV * VL)
#define LDA (MT * MR)
#define A_AT(i) (k * LDA + (i))
#define PANEL_SPACE
#include "reg_tile.clh"

/* VL columns of a tile's gradients to the points; zeros where the tile reaches over the edge. */
static inline void transform_outputs(float *dst, int stride, const __global float *dy, const struct conv_reg_args *p,
                                     struct pixel q) {
  V t[PT * WM];
  const int h0 = q.h * WM, w0 = q.w * WM;
  FEW_TURNS
  for (int j = 0; j < WM; j++) {
    V d[WM];
    const int w = min(w0 + j, p->yw - 1), in_w = -(w0 + j < p->yw);
#pragma unroll
    for (int i = 0; i < WM; i++) {
      const int h = min(h0 + i, p->yh - 1), in = in_w & -(h0 + i < p->yh);
      d[i] = AS_V(AS_I(VLD(dy + ((q.n * p->yh + h) * p->yw + w) * p->yc)) & (I)(in));
    }
    outputs_to_points(d, 1, t + j, WM);
  }
  FEW_TURNS
  for (int i = 0; i < PT; i++) {
    V u[PT];
    outputs_to_points(t + i * WM, 1, u, 1);
#pragma unroll
    for (int j = 0; j < PT; j++) VST(u[j], dst + (i * PT + j) * stride);
  }
}

/* The taps of VL columns of one row, (component, ci) = r; sums of frequencies lie `stride` floats apart. */
static inline void finish_taps(__global float *out, const __global float *acc, const float *c, int stride,
                               const struct conv_reg_args *p, int r) {
  const int comp = r / p->ac, ci = REST(r, comp, p->ac), rh = comp / p->stride, rw = REST(comp, rh, p->stride);
  V t[WR * PT];
  FEW_TURNS
  for (int j = 0; j < PT; j++) {
    V m[PT];
#pragma unroll
    for (int i = 0; i < PT; i++) m[i] = VLD(c + (i * PT + j) * stride);
    taps_from_points(m, 1, t + j, PT);
  }
  FEW_TURNS
  for (int i = 0; i < WR; i++) {
    V w[WR];
    taps_from_points(t + i * PT, 1, w, 1);
#pragma unroll
    for (int j = 0; j < WR; j++) {
      const int at = (((i * p->stride + rh) * p->kw + j * p->stride + rw) * p->ac + ci) * p->yc;
      VST(p->has_acc ? w[j] + VLD(acc + at) : w[j], out + at);
    }
  }
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void wgrad_wino(const __global float *restrict x,
                                                                        const __global float *restrict dy,
                                                                        const __global float *acc, __global float *out,
                                                                        const struct conv_reg_args args) {
  const struct conv_reg_args p = args;
  const struct gather g = gather_of(&p, 0);
  const struct tiles tiles = tiles_of(&p, &g);
  const struct gather grid = {.qh = tiles.th, .qw = tiles.tw};
  const int rows = p.stride * p.stride * p.ac, split = get_global_id(2);
  const int r0 = get_global_id(0) * p.m_tiles * MR, r1 = min(rows, r0 + p.m_tiles * MR);
  const int n0 = get_global_id(1) * p.n_panels * NR, panels = min(p.yc - n0, p.n_panels * NR) / NR;
  const int first = split * p.split_pixels, last = min(p.n * tiles.th * tiles.tw, first + p.split_pixels);
  float pa[FREQ * KC * LDA], pb[FREQ * NP * KC * NR], pc[FREQ * MT * NP * MR * NR];
  const int b_stride = NP * KC * NR, c_stride = MT * NP * MR * NR;
  out += (size_t)split * p.kh * p.kw * p.ac * p.yc;
  for (int q0 = first; q0 < last; q0 += KC) {
    const int kc = min(KC, last - q0);
    struct pixel q = pixel_at(&grid, q0);
    for (int k = 0; k < kc; k++, pixel_next(&q, &grid)) {
      transform_rows(pa + k * LDA, KC * LDA, x, &p, &g, p.stride, q, r0, r1);
      for (int n = 0; n < panels; n++)
        for (int v = 0; v < NR; v += VL)
          transform_outputs(pb + (n * KC + k) * NR + v, b_stride, dy + n0 + n * NR + v, &p, q);
    }
    for (int i = r1 - r0; i % MR != 0; i++) /* the last register tile's missing rows */
      for (int k = 0; k < FREQ * KC; k++) pa[k * LDA + i] = 0.0f;
    for (int f = 0; f < FREQ; f++)
      for (int n = 0; n < panels; n++)
        for (int m = 0; m < r1 - r0; m += MR)
          tile(pa + f * KC * LDA + m, pb + f * b_stride + n * KC * NR, pc + f * c_stride + (n * MT * MR + m) * NR, kc,
               q0 == first);
  }
  for (int m = 0; m < r1 - r0; m++)
    for (int n = 0; n < panels; n++)
      for (int v = 0; v < NR; v += VL) {
        const int at = n0 + n * NR + v;
        finish_taps(out + at, acc + at, pc + (n * MT * MR + m) * NR + v, c_stride, &p, r0 + m);
      }
}
