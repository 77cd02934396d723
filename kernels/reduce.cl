/* reduce.cl: sums over the rows of [M][channels]: column sums, batch norm's statistics, the two sums of its gradient.
 *
 * Two launches: *_part leaves, for every chunk of rows and every position of a row (part.clh), one partial result:
 * part[set][chunk][position], which is [set][chunks * rep][channels]; *_fold combines those per channel. Everything
 * in a fixed order, no atomics. Sums are compensated (Kahan) once per 8 rows; statistics are two-pass within 8 rows
 * held in registers, then merged by the formula of Chan, Golub and LeVeque (1979), so that a large mean cancels
 * nothing. Local memory: WG floats, in bn_stats_part 3 WG. */
#include "part.clh"
#include "act.clh"

/* Partial sums of a work-group's items, item 0 .. lanes - 1 of each row of items, over the rows of items; the first
 * row gets it. */
#if WG > 1
static inline float sum_down(float x, int lanes, local float *m) {
  int lid = (int)get_local_id(0);
  m[lid] = x;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int half_size = WG / 2; half_size >= lanes; half_size /= 2) {
    if (lid < half_size) m[lid] += m[lid + half_size];
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  float sum = m[lid % lanes];
  barrier(CLK_LOCAL_MEM_FENCE); /* the memory may be used again */
  return sum;
}
#endif

#define KAHAN(sum, low, x)             \
  do {                                 \
    vec kahan_y = (x) - (low);         \
    vec kahan_t = (sum) + kahan_y;     \
    low = (kahan_t - (sum)) - kahan_y; \
    sum = kahan_t;                     \
  } while (0)

kernel void colsum_part(global const float *x, global float *part, int8 g) {
  struct walk w = walk_of(g);
  size_t period = (size_t)g.s2, down = period * (size_t)w.step;
  vec sum[SLOTS], low[SLOTS];
  for (int t = 0; t < SLOTS; t++) sum[t] = low[t] = (vec)(0.0f);
  x += w.position;
  int r = w.first;
  for (; r + 7 * w.step < w.end; r += 8 * w.step) {
    EACH_SLOT(t, w.slots) {
      global const float *p = x + r * period + t * V;
      vec a = VLOAD(p) + VLOAD(p + down), b = VLOAD(p + 2 * down) + VLOAD(p + 3 * down);
      vec c = VLOAD(p + 4 * down) + VLOAD(p + 5 * down), d = VLOAD(p + 6 * down) + VLOAD(p + 7 * down);
      KAHAN(sum[t], low[t], (a + b) + (c + d));
    }
  }
  for (; r < w.end; r += w.step) {
    EACH_SLOT(t, w.slots) KAHAN(sum[t], low[t], VLOAD(x + r * period + t * V));
  }
  if (w.tail > 0) {
    EACH_SLOT(t, w.slots) KAHAN(sum[t], low[t], load_part(x + g.s0 * period + t * V, w.tail - t * V));
  }
  global float *to = part + get_group_id(1) * period + w.position;
#if WG == 1
  EACH_SLOT(t, w.slots) VSTORE(sum[t] - low[t], to + t * V);
#else
  local float memory[WG];
  float all = sum_down(sum[0] - low[0], g.s6, memory);
  if ((int)get_local_id(0) < g.s6 && w.slots) *to = all;
#endif
}

/* y[c] = acc[c] (where has_acc) + the sum of part's rows. Group (i, set): set 0 goes to y0, set 1 to y1. */
kernel void fold(global const float *part, global const float *acc, int has_acc, global float *y0, global float *y1,
                 int8 g) {
  int set = (int)get_group_id(1), channels = g.s4, count = g.s5 * g.s7;
  global const float *from = part + (size_t)set * count * channels;
  global float *y = set == 0 ? y0 : y1;
#if WG == 1
  int first = (int)get_group_id(0) * 64;
  EACH_PART(c, n, first, min(channels, first + 64)) {
    vec sum = (vec)(0.0f), low = sum;
    for (int k = 0; k < count; k++) KAHAN(sum, low, load_part(from + (size_t)k * channels + c, n));
    sum -= low;
    if (has_acc) sum += load_part(acc + c, n);
    store_part(sum, y + c, n);
  }
#else
  local float memory[WG];
  int lanes = min(16, WG), c = (int)get_group_id(0) * lanes + (int)get_local_id(0) % lanes;
  float sum = 0.0f, low = 0.0f;
  if (c < channels)
    for (int k = (int)get_local_id(0) / lanes; k < count; k += WG / lanes)
      KAHAN(sum, low, from[(size_t)k * channels + c]);
  sum = sum_down(sum - low, lanes, memory);
  if ((int)get_local_id(0) < lanes && c < channels) y[c] = has_acc ? acc[c] + sum : sum;
#endif
}

/* (mean, m2) of `before` rows, merged with those of `count` more. */
#define MERGE(mean, m2, before, mean_b, m2_b, count)           \
  do {                                                         \
    vec merge_d = (mean_b) - (mean);                           \
    float merge_share = (count) / ((before) + (count));        \
    m2 += (m2_b) + merge_d * merge_d * ((before)*merge_share); \
    mean += merge_d * merge_share;                             \
  } while (0)

/* part[0]: means, part[1]: sums of squared distances from them. */
kernel void bn_stats_part(global const float *x, global float *part, int8 g) {
  struct walk w = walk_of(g);
  size_t period = (size_t)g.s2, down = period * (size_t)w.step;
  vec mean[SLOTS], m2[SLOTS];
  for (int t = 0; t < SLOTS; t++) mean[t] = m2[t] = (vec)(0.0f);
  x += w.position;
  int r = w.first;
  float rows = 0.0f;
  for (; r + 7 * w.step < w.end; r += 8 * w.step, rows += 8.0f) {
    EACH_SLOT(t, w.slots) {
      global const float *p = x + r * period + t * V;
      vec a = VLOAD(p), b = VLOAD(p + down), c = VLOAD(p + 2 * down), d = VLOAD(p + 3 * down);
      vec e = VLOAD(p + 4 * down), f = VLOAD(p + 5 * down), h = VLOAD(p + 6 * down), q = VLOAD(p + 7 * down);
      vec m = (((a + b) + (c + d)) + ((e + f) + (h + q))) * 0.125f;
      a -= m, b -= m, c -= m, d -= m, e -= m, f -= m, h -= m, q -= m;
      vec s = ((a * a + b * b) + (c * c + d * d)) + ((e * e + f * f) + (h * h + q * q));
      MERGE(mean[t], m2[t], rows, m, s, 8.0f);
    }
  }
  for (; r < w.end; r += w.step, rows += 1.0f) {
    EACH_SLOT(t, w.slots) MERGE(mean[t], m2[t], rows, VLOAD(x + r * period + t * V), 0.0f, 1.0f);
  }
  if (w.tail > 0) { /* lanes beyond the tail are merged with themselves */
    EACH_SLOT(t, w.slots) {
      int n = w.tail - t * V;
      if (n > 0) {
        vec m = mean[t], s = m2[t];
        MERGE(m, s, rows, load_part(x + g.s0 * period + t * V, n), 0.0f, 1.0f);
#if V == 1
        mean[t] = m, m2[t] = s;
#else
        float old_mean[V], old_m2[V], new_mean[V], new_m2[V];
        VSTORE(mean[t], old_mean), VSTORE(m2[t], old_m2), VSTORE(m, new_mean), VSTORE(s, new_m2);
        for (int k = 0; k < V && k < n; k++) old_mean[k] = new_mean[k], old_m2[k] = new_m2[k];
        mean[t] = VLOAD(old_mean), m2[t] = VLOAD(old_m2);
#endif
      }
    }
  }
  size_t set = (size_t)g.s5 * period;
  global float *to = part + get_group_id(1) * period + w.position;
#if WG == 1
  EACH_SLOT(t, w.slots) {
    VSTORE(mean[t], to + t * V);
    VSTORE(m2[t], to + set + t * V);
  }
#else
  local float means[WG], squares[WG], counts[WG];
  int lid = (int)get_local_id(0);
  if (w.tail > 0) rows += 1.0f;
  means[lid] = mean[0], squares[lid] = m2[0], counts[lid] = rows;
  for (int half_size = WG / 2; half_size >= g.s6; half_size /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    int other = lid + half_size;
    if (lid < half_size && counts[other] > 0.0f) {
      float m = means[lid], s = squares[lid];
      MERGE(m, s, counts[lid], means[other], squares[other], counts[other]);
      means[lid] = m, squares[lid] = s, counts[lid] += counts[other];
    }
  }
  if (lid < g.s6 && w.slots) {
    to[0] = means[lid];
    to[set] = squares[lid];
  }
#endif
}

/* Rows of x behind row k of part. */
static inline float rows_behind(int k, int8 g) {
  int chunk = k / g.s7;
  int rows = min(g.s0, (chunk + 1) * g.s1) - chunk * g.s1;
  return (float)(rows + (chunk == g.s5 - 1 && k % g.s7 < g.s3 / g.s4 ? 1 : 0));
}

/* M = rows of x. Biased variance. */
kernel void bn_stats_fold(global const float *part, global float *mean, global float *var, float inv_m, int8 g) {
  int channels = g.s4, count = g.s5 * g.s7;
  global const float *squares = part + (size_t)count * channels;
#if WG == 1
  int first = (int)get_group_id(0) * 64;
  EACH_PART(c, n, first, min(channels, first + 64)) {
    vec base = load_part(part + c, n), sum = (vec)(0.0f), m2 = sum;
    for (int k = 0; k < count; k++) sum += rows_behind(k, g) * (load_part(part + (size_t)k * channels + c, n) - base);
    vec m = base + sum * inv_m;
    for (int k = 0; k < count; k++) {
      vec d = load_part(part + (size_t)k * channels + c, n) - m;
      m2 += load_part(squares + (size_t)k * channels + c, n) + rows_behind(k, g) * (d * d);
    }
    store_part(m, mean + c, n);
    store_part(m2 * inv_m, var + c, n);
  }
#else
  local float memory[WG];
  int lanes = min(16, WG), lid = (int)get_local_id(0), c = (int)get_group_id(0) * lanes + lid % lanes;
  float base = c < channels ? part[c] : 0.0f, sum = 0.0f, m2 = 0.0f;
  if (c < channels)
    for (int k = lid / lanes; k < count; k += WG / lanes)
      sum += rows_behind(k, g) * (part[(size_t)k * channels + c] - base);
  float m = base + sum_down(sum, lanes, memory) * inv_m;
  if (c < channels)
    for (int k = lid / lanes; k < count; k += WG / lanes) {
      float d = part[(size_t)k * channels + c] - m;
      m2 += squares[(size_t)k * channels + c] + rows_behind(k, g) * (d * d);
    }
  m2 = sum_down(m2, lanes, memory);
  if (lid < lanes && c < channels) {
    mean[c] = m;
    var[c] = m2 * inv_m;
  }
#endif
}

/* With xhat = (x - mean) / sqrt(var + eps) and g = dy act'(gamma xhat + beta): part[0] sums of g, part[1] of g xhat.
 * has: bit 0 gamma, bit 1 beta (else 1 and 0). */
kernel void bn_sums_part(global const float *dy, global const float *x, global const float *mean,
                         global const float *var, global const float *gamma, global const float *beta,
                         global float *part, int has, float eps, int kind, float slope, int8 g) {
  struct walk w = walk_of(g);
  size_t period = (size_t)g.s2, down = period * (size_t)w.step;
  vec centre[SLOTS], scale[SLOTS], shift[SLOTS], sum[SLOTS], low[SLOTS], sum_x[SLOTS], low_x[SLOTS];
  EACH_SLOT(t, w.slots) {
    int p = w.position + t * V;
    centre[t] = load_channels(mean, p, g.s4);
    scale[t] = 1.0f / sqrt(load_channels(var, p, g.s4) + eps);
    if (has & 1) scale[t] *= load_channels(gamma, p, g.s4);
    shift[t] = (vec)(0.0f);
    if (has & 2) shift[t] = load_channels(beta, p, g.s4);
  }
  for (int t = 0; t < SLOTS; t++) sum[t] = low[t] = sum_x[t] = low_x[t] = (vec)(0.0f);
  x += w.position;
  dy += w.position;
  int r = w.first;
  for (; r + 7 * w.step < w.end; r += 8 * w.step) {
    EACH_SLOT(t, w.slots) {
      global const float *px = x + r * period + t * V, *pd = dy + r * period + t * V;
      vec s = (vec)(0.0f), sx = s, m = centre[t], a = scale[t], b = shift[t];
#pragma unroll
      for (int k = 0; k < 8; k++) {
        vec d = VLOAD(px + k * down) - m;
        vec q = act_back_from_input(VLOAD(pd + k * down), a * d + b, kind, slope);
        s += q;
        sx += q * d;
      }
      KAHAN(sum[t], low[t], s);
      KAHAN(sum_x[t], low_x[t], sx);
    }
  }
  for (; r < w.end; r += w.step) {
    EACH_SLOT(t, w.slots) {
      vec d = VLOAD(x + r * period + t * V) - centre[t];
      vec q = act_back_from_input(VLOAD(dy + r * period + t * V), scale[t] * d + shift[t], kind, slope);
      KAHAN(sum[t], low[t], q);
      KAHAN(sum_x[t], low_x[t], q * d);
    }
  }
  if (w.tail > 0) { /* beyond the tail dy is 0 */
    EACH_SLOT(t, w.slots) {
      vec d = load_part(x + g.s0 * period + t * V, w.tail - t * V) - centre[t];
      vec q = act_back_from_input(load_part(dy + g.s0 * period + t * V, w.tail - t * V), scale[t] * d + shift[t], kind,
                                  slope);
      KAHAN(sum[t], low[t], q);
      KAHAN(sum_x[t], low_x[t], q * d);
    }
  }
  size_t set = (size_t)g.s5 * period;
  global float *to = part + get_group_id(1) * period + w.position;
#if WG == 1
  EACH_SLOT(t, w.slots) {
    vec inverse = 1.0f / sqrt(load_channels(var, w.position + t * V, g.s4) + eps);
    VSTORE(sum[t] - low[t], to + t * V);
    VSTORE((sum_x[t] - low_x[t]) * inverse, to + set + t * V);
  }
#else
  local float memory[WG];
  float all = sum_down(sum[0] - low[0], g.s6, memory), all_x = sum_down(sum_x[0] - low_x[0], g.s6, memory);
  if ((int)get_local_id(0) < g.s6 && w.slots) {
    to[0] = all;
    to[set] = all_x / sqrt(var[w.position % g.s4] + eps);
  }
#endif
}
