/* losses.cl: the losses and their gradients. Parameters: lanes.clh. A loss is one number: one work-group sums it, or
 * (L1) chunks leave partial sums that sum_parts adds in order. A gradient is multiplied by weight * coef[index] (coef
 * ignored where index < 0). Local memory: WG floats. */
#include "lanes.clh"

/* softplus = max(x, 0) + log1p(exp(-|x|)): stable at both ends, NaN for NaN */
inline float softplus1(float x) {
  return fmax(x, 0.0f) + log1p(exp(-fabs(x)));
}
inline float sigmoid1(float x) {
  return 1.0f / (1.0f + exp(-x));
}
#if V == 1
#define softplusv softplus1
#else
inline vec softplusv(vec x) {
  return fmax(x, (vec)(0.0f)) + log1p(exp(-fabs(x)));
}
#endif

/* Gradient factor: the weight known when the graph was built times the one of this step. */
inline float factor(float weight, global const float *coef, int index) {
  return index < 0 ? weight : weight * coef[index];
}

/* y = scale * (sum over s[0..n) of softplus(sign0 s) + sum over s[n..2n) of softplus(sign1 s)) */
kernel void loss_gan(global const float *s, int n, float sign0, float sign1, float scale, global float *y) {
  GROUP_SUM_MEMORY
  vec sum = (vec)(0.0f);
  float rest = 0.0f;
  EACH_VECTOR(i, 0, n) sum += softplusv(sign0 * VLOAD(s + i)) + softplusv(sign1 * VLOAD(s + n + i));
  EACH_REST(i, 0, n) rest += softplus1(sign0 * s[i]) + softplus1(sign1 * s[n + i]);
  float total = group_sum(vec_sum(sum) + rest);
  if (get_local_id(0) == 0) y[0] = scale * total;
}

/* grid: 1 x 2n */
kernel void loss_gan_bwd(global const float *s, int n, float sign0, float sign1, float weight, global const float *coef,
                         int index, global float *ds, int4 grid) {
  float f = factor(weight, coef, index);
  EACH_ITEM(i, GRID_FIRST(grid), GRID_LAST(grid)) {
    float sign_i = i < n ? sign0 : sign1;
    ds[i] = f * sign_i * sigmoid1(sign_i * s[i]);
  }
}

/* part[chunk] = scale * sum of |a - b| over [chunk * run, ...), in blocks: a long sum of equal signs loses digits. */
kernel void loss_l1(global const float *a, global const float *b, int n, int run, float scale, global float *part) {
  GROUP_SUM_MEMORY
  int first = (int)get_group_id(0) * run, last = min(n, first + run);
  vec sum = (vec)(0.0f);
  float rest = 0.0f;
  for (int from = first; from < last; from += 64 * WG * V) {
    int to = min(last, from + 64 * WG * V);
    vec block = (vec)(0.0f);
    EACH_VECTOR(i, from, to) block += fabs(VLOAD(a + i) - VLOAD(b + i));
    EACH_REST(i, from, to) rest += fabs(a[i] - b[i]);
    sum += block;
  }
  float total = group_sum(vec_sum(sum) + rest);
  if (get_local_id(0) == 0) part[get_group_id(0)] = scale * total;
}

kernel void sum_parts(global const float *part, int chunks, global float *y) {
  float sum = 0.0f;
  for (int i = 0; i < chunks; i++) sum += part[i];
  if (get_local_id(0) == 0) y[0] = sum;
}

/* db = f sign(b - a); 0 where equal, NaN where either is. db may be b. grid: 1 x n */
kernel void loss_l1_bwd(global const float *a, global const float *b, float weight, global const float *coef, int index,
                        global float *db, int4 grid) {
  float f = factor(weight, coef, index);
  EACH_VECTOR(i, GRID_FIRST(grid), GRID_LAST(grid)) {
    vec d = VLOAD(b + i) - VLOAD(a + i);
    VSTORE(d > (vec)(0.0f) ? (vec)(f) : d < (vec)(0.0f) ? (vec)(-f) : d * f, db + i);
  }
  EACH_REST(i, GRID_FIRST(grid), GRID_LAST(grid)) {
    float d = b[i] - a[i];
    db[i] = d > 0.0f ? f : d < 0.0f ? -f : d * f;
  }
}

/* One column of p against one of t: squared error, or (bce) binary cross-entropy of the logit p: softplus(p) - p t. */
kernel void loss_column(global const float *p, int cols_p, int column_p, global const float *t, int cols_t,
                        int column_t, int n, int bce, global float *y) {
  GROUP_SUM_MEMORY
  float sum = 0.0f;
  EACH_ITEM(r, 0, n) {
    float a = p[(size_t)r * cols_p + column_p], b = t[(size_t)r * cols_t + column_t];
    sum += bce ? softplus1(a) - a * b : (a - b) * (a - b);
  }
  sum = group_sum(sum);
  if (get_local_id(0) == 0) y[0] = sum / (float)n;
}

/* The other columns of dp are 0. weight holds 1/n. grid: rows x columns of dp */
kernel void loss_column_bwd(global const float *p, int column_p, global const float *t, int cols_t, int column_t,
                            int bce, float weight, global const float *coef, int index, global float *dp, int4 grid) {
  float f = factor(weight, coef, index);
  GRID_ROWS(r, grid)
    EACH_ITEM(c, GRID_FIRST(grid), GRID_LAST(grid)) {
      float a = p[(size_t)r * grid.y + c], b = t[(size_t)r * cols_t + column_t];
      float d = bce ? sigmoid1(a) - b : 2.0f * (a - b);
      dp[(size_t)r * grid.y + c] = c == column_p ? f * d : 0.0f;
    }
}

inline float row_max(global const float *p, int cols) {
  float largest = p[0];
  for (int c = 1; c < cols; c++) largest = p[c] > largest ? p[c] : largest;
  return largest;
}

/* Mean of log(sum exp p) - p[label]; NaN where a label is none of 0..cols-1. */
kernel void loss_ce(global const float *p, int n, int cols, global const int *label, global float *y) {
  GROUP_SUM_MEMORY
  float sum = 0.0f;
  EACH_ITEM(r, 0, n) {
    global const float *row = p + (size_t)r * cols;
    float largest = row_max(row, cols), s = 0.0f;
    int k = label[r];
    for (int c = 0; c < cols; c++) s += exp(row[c] - largest);
    sum += k >= 0 && k < cols ? log(s) + (largest - row[k]) : NAN;
  }
  sum = group_sum(sum);
  if (get_local_id(0) == 0) y[0] = sum / (float)n;
}

/* dp = f (softmax(p) - onehot(label)); weight holds 1/n. grid: rows x columns of p */
kernel void loss_ce_bwd(global const float *p, global const int *label, float weight, global const float *coef,
                        int index, global float *dp, int4 grid) {
  float f = factor(weight, coef, index);
  GRID_ROWS(r, grid) {
    global const float *row = p + (size_t)r * grid.y;
    float largest = row_max(row, grid.y), s = 0.0f;
    int k = label[r];
    for (int c = 0; c < grid.y; c++) s += exp(row[c] - largest);
    if (k < 0 || k >= grid.y) s = NAN;
    EACH_ITEM(c, GRID_FIRST(grid), GRID_LAST(grid))
      dp[(size_t)r * grid.y + c] = f * (exp(row[c] - largest) / s - (c == k ? 1.0f : 0.0f));
  }
}
