/* topk.cl - the K smallest elements of every row, ascending, equal ones by column.
 *
 * Layouts: x [rows][cols], value [rows][K], index [rows][K]. Infinities and NaN are never taken; where too few elements are left,
 * value is infinity and index -1.
 * Index map: a work-group has the rows from row_run * get_group_id(1) (lanes.clh's grid; col_run = cols).
 * -D V, WG: lanes.clh's; -D K: elements a row.
 * Registers only: one item runs along the row in vectors and inserts what is below the K-th so far into a sorted list.
 * Local memory: item i has the columns i, i + WG, ... and offers its smallest one not taken yet; a tree picks the smallest of these,
 * K times over; only the item that it came from looks for its next one. 8 * WG bytes. */
#include "lanes.clh"

#if WG == 1
static inline float insert(float *best, int *at, float v, int c) {
  int p = K - 1;
  for (; p > 0 && best[p - 1] > v; p--) {
    best[p] = best[p - 1];
    at[p] = at[p - 1];
  }
  best[p] = v;
  at[p] = c;
  return best[K - 1];
}
#else
/* The smallest element of this item after (last, column `after`). */
static inline float next(global const float *x, int cols, float last, int after, int *at) {
  float least = INFINITY;
  *at = -1;
  EACH_ITEM(c, 0, cols) {
    float v = x[c];
    if (v < least && (v > last || (v == last && c > after))) least = v, *at = c;
  }
  return least;
}
#endif

kernel void topk(global const float *restrict x, global float *restrict value, global int *restrict index, int4 g) {
  int cols = g.y;
#if WG == 1
  GRID_ROWS(r, g) {
    global const float *row = x + (size_t)r * cols;
    float best[K], worst = INFINITY;
    int at[K], c = 0;
    for (int k = 0; k < K; k++) best[k] = INFINITY, at[k] = -1;
    for (; c + 4 * V <= cols; c += 4 * V) {
      vec a = VLOAD(row + c), b = VLOAD(row + c + V), d = VLOAD(row + c + 2 * V), e = VLOAD(row + c + 3 * V);
      vec w = (vec)(worst);
      if (!any((a < w) | (b < w) | (d < w) | (e < w))) continue;
      for (int i = c; i < c + 4 * V; i++)
        if (row[i] < worst && row[i] > -INFINITY) worst = insert(best, at, row[i], i);
    }
    for (; c < cols; c++)
      if (row[c] < worst && row[c] > -INFINITY) worst = insert(best, at, row[c], c);
    for (int k = 0; k < K; k++) {
      value[(size_t)r * K + k] = best[k];
      index[(size_t)r * K + k] = at[k];
    }
  }
#else
  local float least[WG];
  local int column[WG];
  int lid = (int)get_local_id(0);
  GRID_ROWS(r, g) {
    global const float *row = x + (size_t)r * cols;
    int mine_at;
    float mine = next(row, cols, -INFINITY, cols, &mine_at);
    for (int k = 0; k < K; k++) {
      least[lid] = mine;
      column[lid] = mine_at;
      barrier(CLK_LOCAL_MEM_FENCE);
      for (int half_size = WG / 2; half_size > 0; half_size /= 2) {
        int other = lid + half_size;
        if (lid < half_size &&
            (least[other] < least[lid] || (least[other] == least[lid] && (uint)column[other] < (uint)column[lid]))) {
          least[lid] = least[other];
          column[lid] = column[other];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
      }
      float winner = least[0];
      int at = column[0];
      barrier(CLK_LOCAL_MEM_FENCE);
      if (lid == 0) {
        value[(size_t)r * K + k] = winner;
        index[(size_t)r * K + k] = at;
      }
      if (at >= 0 && at == mine_at) mine = next(row, cols, winner, at, &mine_at);
    }
  }
#endif
}
