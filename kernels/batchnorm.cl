/* batchnorm.cl: batch norm with its activation, and the gradient. Walk over rows of channels: part.clh. An output may
 * lie on the first input. has: bit 0 gamma, bit 1 beta (else 1 and 0). No local memory. */
#include "part.clh"
#include "act.clh"

/* y = act(gamma (x - mean) / sqrt(var + eps) + beta). */
kernel void bn(global const float *x, global const float *mean, global const float *var, global const float *gamma,
               global const float *beta, global float *y, int has, float eps, int kind, float slope, int8 g) {
  struct walk w = walk_of(g);
  size_t period = (size_t)g.s2, down = period * (size_t)w.step;
  vec centre[SLOTS], scale[SLOTS], shift[SLOTS];
  EACH_SLOT(t, w.slots) {
    int p = w.position + t * V;
    centre[t] = load_channels(mean, p, g.s4);
    scale[t] = 1.0f / sqrt(load_channels(var, p, g.s4) + eps);
    if (has & 1) scale[t] *= load_channels(gamma, p, g.s4);
    shift[t] = (vec)(0.0f);
    if (has & 2) shift[t] = load_channels(beta, p, g.s4);
  }
  x += w.position;
  y += w.position;
  int r = w.first;
  for (; r + 3 * w.step < w.end; r += 4 * w.step) {
    EACH_SLOT(t, w.slots) {
      size_t i = r * period + t * V;
      vec a = VLOAD(x + i), b = VLOAD(x + i + down), c = VLOAD(x + i + 2 * down), d = VLOAD(x + i + 3 * down);
      VSTORE(act_of((a - centre[t]) * scale[t] + shift[t], kind, slope), y + i);
      VSTORE(act_of((b - centre[t]) * scale[t] + shift[t], kind, slope), y + i + down);
      VSTORE(act_of((c - centre[t]) * scale[t] + shift[t], kind, slope), y + i + 2 * down);
      VSTORE(act_of((d - centre[t]) * scale[t] + shift[t], kind, slope), y + i + 3 * down);
    }
  }
  for (; r < w.end; r += w.step) {
    EACH_SLOT(t, w.slots) {
      size_t i = r * period + t * V;
      VSTORE(act_of((VLOAD(x + i) - centre[t]) * scale[t] + shift[t], kind, slope), y + i);
    }
  }
  if (w.tail > 0) {
    EACH_SLOT(t, w.slots) {
      size_t i = g.s0 * period + t * V;
      int n = w.tail - t * V;
      store_part(act_of((load_part(x + i, n) - centre[t]) * scale[t] + shift[t], kind, slope), y + i, n);
    }
  }
}

/* dx = gamma invstd (q - (sum_g + xhat sum_gx) inv_m), q = dy act'(pre); inv_m = 1 / M, or 0 where mean and var are
 * constants. */
kernel void bn_bwd(global const float *dy, global const float *x, global const float *mean, global const float *var,
                   global const float *sum_g, global const float *sum_gx, global const float *gamma,
                   global const float *beta, global float *dx, int has, float eps, int kind, float slope, float inv_m,
                   int8 g) {
  struct walk w = walk_of(g);
  size_t period = (size_t)g.s2;
  vec centre[SLOTS], scale[SLOTS], shift[SLOTS], flat[SLOTS], lean[SLOTS];
  EACH_SLOT(t, w.slots) {
    int p = w.position + t * V;
    vec inverse = 1.0f / sqrt(load_channels(var, p, g.s4) + eps);
    centre[t] = load_channels(mean, p, g.s4);
    scale[t] = inverse;
    if (has & 1) scale[t] *= load_channels(gamma, p, g.s4);
    shift[t] = flat[t] = lean[t] = (vec)(0.0f);
    if (has & 2) shift[t] = load_channels(beta, p, g.s4);
    if (inv_m > 0.0f) {
      flat[t] = load_channels(sum_g, p, g.s4) * inv_m;
      lean[t] = load_channels(sum_gx, p, g.s4) * inverse * inv_m;
    }
  }
  dy += w.position;
  x += w.position;
  dx += w.position;
  int r = w.first;
  for (; r + w.step < w.end; r += 2 * w.step) {
    EACH_SLOT(t, w.slots) {
      size_t i = r * period + t * V, j = i + period * (size_t)w.step;
      vec d = VLOAD(x + i) - centre[t], e = VLOAD(x + j) - centre[t];
      vec q = act_back_from_input(VLOAD(dy + i), scale[t] * d + shift[t], kind, slope);
      vec u = act_back_from_input(VLOAD(dy + j), scale[t] * e + shift[t], kind, slope);
      VSTORE(scale[t] * (q - flat[t] - d * lean[t]), dx + i);
      VSTORE(scale[t] * (u - flat[t] - e * lean[t]), dx + j);
    }
  }
  for (; r < w.end; r += w.step) {
    EACH_SLOT(t, w.slots) {
      size_t i = r * period + t * V;
      vec d = VLOAD(x + i) - centre[t];
      vec q = act_back_from_input(VLOAD(dy + i), scale[t] * d + shift[t], kind, slope);
      VSTORE(scale[t] * (q - flat[t] - d * lean[t]), dx + i);
    }
  }
  if (w.tail > 0) {
    EACH_SLOT(t, w.slots) {
      size_t i = g.s0 * period + t * V;
      int n = w.tail - t * V;
      vec d = load_part(x + i, n) - centre[t];
      vec q = act_back_from_input(load_part(dy + i, n), scale[t] * d + shift[t], kind, slope);
      store_part(scale[t] * (q - flat[t] - d * lean[t]), dx + i, n);
    }
  }
}
