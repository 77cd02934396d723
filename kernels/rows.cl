/* rows.cl: what walks over the rows of [M][channels] (part.clh): column sums and batch norm. Parameters: lanes.clh
 * (V, WG), act.clh (SMOOTH).
 *
 * Reductions are two launches: *_part leaves, for every chunk of rows and every position of a row, one partial result:
 * part[set][chunk][position], which is [set][chunks * rep][channels]; *fold combines those per channel. Everything in a
 * fixed order, no atomics. Sums are compensated (Kahan) once per 8 rows; statistics are two-pass within 8 rows held in
 * registers, then merged by the formula of Chan, Golub and LeVeque (1979), so that a large mean cancels nothing.
 * Local memory: WG floats, in bn_stats_part 3 WG. */
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

/* Rows of 8 at a time: GPUs hide the memory's latency by it; a CPU walks on through contiguous memory. */
#if WG == 1
#define UNROLL_ROWS
#else
#define UNROLL_ROWS _Pragma("unroll")
#endif

#define KAHAN(sum, low, x)             \
  do {                                 \
    vec kahan_y = (x) - (low);         \
    vec kahan_t = (sum) + kahan_y;     \
    low = (kahan_t - (sum)) - kahan_y; \
    sum = kahan_t;                     \
  } while (0)

kernel void colsum_part(global const T0 *x, global float *part, int8 g) {
  struct walk w = walk_of(g);
  size_t period = (size_t)g.s2;
  vec sum[SLOTS], low[SLOTS], block[SLOTS];
  for (int t = 0; t < SLOTS; t++) sum[t] = low[t] = block[t] = (vec)(0.0f);
  x += w.position;
  int r = w.first;
#if WG == 1
  for (; r + 8 <= min(w.end, g.s0); r += 8)
    EACH_SLOT(t, w.slots) { /* 8 rows of a slot in registers */
      vec s = (vec)(0.0f);
      for (int k = 0; k < 8; k++) s += LOAD0(x + (r + k) * period + t * V);
      KAHAN(sum[t], low[t], s);
    }
#endif
  while (r < w.end) {
    UNROLL_ROWS
    for (int k = 0; k < 8; k++, r += w.step)
      if (r < w.end) EACH_SLOT(t, w.slots) block[t] += LOAD0_PART(x + r * period + t * V, ROOM(w, g, r, t));
    EACH_SLOT(t, w.slots) {
      KAHAN(sum[t], low[t], block[t]);
      block[t] = (vec)(0.0f);
    }
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

/* y[c] = the sum of part's rows; where has_acc, total[c] = acc[c] + it (total may be y: then y is the total). Group
 * (i, set): each set of partial results has its own acc, y and total. */
kernel void fold(global const float *part, global const float *acc0, global const float *acc1, int has_acc,
                 global float *y0, global float *y1, global float *total0, global float *total1, int8 g) {
  int set = (int)get_group_id(1), channels = g.s4, count = g.s5 * g.s7;
  global const float *from = part + (size_t)set * count * channels, *acc = set == 0 ? acc0 : acc1;
  global float *y = set == 0 ? y0 : y1, *total = set == 0 ? total0 : total1;
#if WG == 1
  int first = (int)get_group_id(0) * 64;
  EACH_PART(c, n, first, min(channels, first + 64)) {
    vec sum = (vec)(0.0f), low = sum;
    for (int k = 0; k < count; k++) KAHAN(sum, low, load_part(from + (size_t)k * channels + c, n));
    sum -= low;
    vec old = has_acc ? load_part(acc + c, n) : (vec)(0.0f);
    store_part(sum, y + c, n);
    if (has_acc) store_part(old + sum, total + c, n);
  }
#else
  local float memory[WG];
  int lanes = min(16, WG), c = (int)get_group_id(0) * lanes + (int)get_local_id(0) % lanes;
  float sum = 0.0f, low = 0.0f;
  if (c < channels)
    for (int k = (int)get_local_id(0) / lanes; k < count; k += WG / lanes)
      KAHAN(sum, low, from[(size_t)k * channels + c]);
  sum = sum_down(sum - low, lanes, memory);
  if ((int)get_local_id(0) < lanes && c < channels) {
    float old = has_acc ? acc[c] : 0.0f;
    y[c] = sum;
    if (has_acc) total[c] = old + sum;
  }
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

/* to = the first n lanes of `from`, and its own others: those have no value in the tail. */
#if V == 1
#define KEEP_PART(to, from, n) to = (n) > 0 ? (from) : to
#else
#define KEEP_PART(to, from, n)                \
  do {                                        \
    float keep_to[V], keep_from[V];           \
    VSTORE(to, keep_to);                      \
    VSTORE(from, keep_from);                  \
    for (int k = 0; k < V; k++)               \
      if (k < (n)) keep_to[k] = keep_from[k]; \
    to = VLOAD(keep_to);                      \
  } while (0)
#endif

/* part[0]: means, part[1]: sums of squared distances from them. */
kernel void bn_stats_part(global const T0 *x, global float *part, int8 g) {
  struct walk w = walk_of(g);
  size_t period = (size_t)g.s2, down = period * (size_t)w.step;
  vec mean[SLOTS], m2[SLOTS];
  for (int t = 0; t < SLOTS; t++) mean[t] = m2[t] = (vec)(0.0f);
  x += w.position;
  int r = w.first, full = min(w.end, g.s0);
  float rows = 0.0f;
  for (; r + 7 * w.step < full; r += 8 * w.step, rows += 8.0f) {
    EACH_SLOT(t, w.slots) {
      global const T0 *p = x + r * period + t * V;
      vec a = LOAD0(p), b = LOAD0(p + down), c = LOAD0(p + 2 * down), d = LOAD0(p + 3 * down);
      vec e = LOAD0(p + 4 * down), f = LOAD0(p + 5 * down), h = LOAD0(p + 6 * down), q = LOAD0(p + 7 * down);
      vec m = (((a + b) + (c + d)) + ((e + f) + (h + q))) * 0.125f;
      a -= m, b -= m, c -= m, d -= m, e -= m, f -= m, h -= m, q -= m;
      vec s = ((a * a + b * b) + (c * c + d * d)) + ((e * e + f * f) + (h * h + q * q));
      MERGE(mean[t], m2[t], rows, m, s, 8.0f);
    }
  }
  for (; r < w.end; r += w.step) {
    EACH_SLOT(t, w.slots) {
      vec m = mean[t], s = m2[t];
      MERGE(m, s, rows, LOAD0_PART(x + r * period + t * V, ROOM(w, g, r, t)), 0.0f, 1.0f);
      KEEP_PART(mean[t], m, ROOM(w, g, r, t));
      KEEP_PART(m2[t], s, ROOM(w, g, r, t));
    }
    if (ROOM(w, g, r, 0) > 0) rows += 1.0f;
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

/* r = (1 - share) r + share * new: running mean and variance, the variance made unbiased. */
#define RUN_PART(mean, var, m, v, c, n)                                                                 \
  do {                                                                                                  \
    store_part((1.0f - share) * load_part(mean + (c), n) + share * (m), mean + (c), n);                 \
    store_part((1.0f - share) * load_part(var + (c), n) + share * (unbias * (v)), var + (c), n);        \
  } while (0)

/* M = rows of x. Biased variance. The mean of the second pass's distances mends what the first pass rounded away.
 * Where `runs`, running statistics follow: momentum as in bn_run (elementwise.cl). */
kernel void bn_stats_fold(global const float *part, global float *mean, global float *var, float inv_m,
                          global float *run_mean, global float *run_var, global const float *consts, int runs,
                          int which, float momentum, float unbias, int8 g) {
  int channels = g.s4, count = g.s5 * g.s7;
  global const float *squares = part + (size_t)count * channels;
  float share = which >= 0 ? consts[which] : momentum;
#if WG == 1
  int first = (int)get_group_id(0) * 64;
  EACH_PART(c, n, first, min(channels, first + 64)) {
    vec base = load_part(part + c, n), sum = (vec)(0.0f), rest = sum, m2 = sum;
    for (int k = 0; k < count; k++) sum += rows_behind(k, g) * (load_part(part + (size_t)k * channels + c, n) - base);
    vec m = base + sum * inv_m;
    for (int k = 0; k < count; k++) {
      vec d = load_part(part + (size_t)k * channels + c, n) - m;
      rest += rows_behind(k, g) * d;
      m2 += load_part(squares + (size_t)k * channels + c, n) + rows_behind(k, g) * (d * d);
    }
    m += rest * inv_m;
    m2 *= inv_m;
    store_part(m, mean + c, n);
    store_part(m2, var + c, n);
    if (runs) RUN_PART(run_mean, run_var, m, m2, c, n);
  }
#else
  local float memory[WG];
  int lanes = min(16, WG), lid = (int)get_local_id(0), c = (int)get_group_id(0) * lanes + lid % lanes;
  float base = c < channels ? part[c] : 0.0f, sum = 0.0f, rest = 0.0f, m2 = 0.0f;
  if (c < channels)
    for (int k = lid / lanes; k < count; k += WG / lanes)
      sum += rows_behind(k, g) * (part[(size_t)k * channels + c] - base);
  float m = base + sum_down(sum, lanes, memory) * inv_m;
  if (c < channels)
    for (int k = lid / lanes; k < count; k += WG / lanes) {
      float d = part[(size_t)k * channels + c] - m;
      rest += rows_behind(k, g) * d;
      m2 += squares[(size_t)k * channels + c] + rows_behind(k, g) * (d * d);
    }
  m += sum_down(rest, lanes, memory) * inv_m;
  m2 = sum_down(m2, lanes, memory) * inv_m;
  if (lid < lanes && c < channels) {
    mean[c] = m;
    var[c] = m2;
    if (runs) RUN_PART(run_mean, run_var, m, m2, c, 1);
  }
#endif
}

/* With xhat = (x - mean) / sqrt(var + eps) and g = dy act'(gamma xhat + beta): part[0] sums of g, part[1] of g xhat.
 * has: bit 0 gamma, bit 1 beta (else 1 and 0). */
kernel void bn_sums_part(global const T0 *dy, global const T1 *x, global const float *mean,
                         global const float *var, global const float *gamma, global const float *beta,
                         global float *part, int has, float eps, int kind, float slope, int8 g) {
  struct walk w = walk_of(g);
  size_t period = (size_t)g.s2;
  vec centre[SLOTS], scale[SLOTS], shift[SLOTS];
  vec sum[SLOTS], low[SLOTS], block[SLOTS], sum_x[SLOTS], low_x[SLOTS], block_x[SLOTS];
  EACH_SLOT(t, w.slots) {
    int p = w.position + t * V;
    centre[t] = load_channels(mean, p, g.s4);
    scale[t] = 1.0f / sqrt(load_channels(var, p, g.s4) + eps);
    if (has & 1) scale[t] *= load_channels(gamma, p, g.s4);
    shift[t] = (vec)(0.0f);
    if (has & 2) shift[t] = load_channels(beta, p, g.s4);
  }
  for (int t = 0; t < SLOTS; t++) {
    sum[t] = low[t] = block[t] = (vec)(0.0f);
    sum_x[t] = low_x[t] = block_x[t] = (vec)(0.0f);
  }
  x += w.position;
  dy += w.position;
  for (int r = w.first; r < w.end;) {
    UNROLL_ROWS
    for (int k = 0; k < 8; k++, r += w.step)
      if (r < w.end) EACH_SLOT(t, w.slots) { /* where the tail has no value dy reads as 0 */
          int n = ROOM(w, g, r, t);
          vec d = LOAD1_PART(x + r * period + t * V, n) - centre[t];
          vec dq = LOAD0_PART(dy + r * period + t * V, n);
          vec q = act_back_from_input(dq, scale[t] * d + shift[t], kind, slope);
          block[t] += q;
          block_x[t] += q * d;
        }
    EACH_SLOT(t, w.slots) {
      KAHAN(sum[t], low[t], block[t]);
      KAHAN(sum_x[t], low_x[t], block_x[t]);
      block[t] = block_x[t] = (vec)(0.0f);
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

/* y = act(gamma (x - mean) / sqrt(var + eps) + beta). y may be x. has: as above. */
kernel void bn(global const T0 *x, global const float *mean, global const float *var, global const float *gamma,
               global const float *beta, global T2 *y, int has, float eps, int kind, float slope, int8 g) {
  struct walk w = walk_of(g);
  size_t period = (size_t)g.s2;
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
  for (int r = w.first; r < w.end; r += w.step) {
    EACH_SLOT(t, w.slots) {
      size_t i = r * period + t * V;
      int n = ROOM(w, g, r, t);
      LAY2_PART(act_of((LOAD0_PART(x + i, n) - centre[t]) * scale[t] + shift[t], kind, slope), y + i, n);
    }
  }
}

/* dx = gamma invstd (q - (sum_g + xhat sum_gx) inv_m), q = dy act'(pre); inv_m = 1 / M, or 0 where mean and var are
 * constants. dx may be dy. */
kernel void bn_bwd(global const T0 *dy, global const T1 *x, global const float *mean, global const float *var,
                   global const float *sum_g, global const float *sum_gx, global const float *gamma,
                   global const float *beta, global T2 *dx, int has, float eps, int kind, float slope, float inv_m,
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
  for (int r = w.first; r < w.end; r += w.step) {
    EACH_SLOT(t, w.slots) {
      size_t i = r * period + t * V;
      int n = ROOM(w, g, r, t);
      vec d = LOAD1_PART(x + i, n) - centre[t];
      vec q = act_back_from_input(LOAD0_PART(dy + i, n), scale[t] * d + shift[t], kind, slope);
      LAY2_PART(scale[t] * (q - flat[t] - d * lean[t]), dx + i, n);
    }
  }
}
