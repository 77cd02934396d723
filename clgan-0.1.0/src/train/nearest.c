/* nearest.c - nearest neighbours: candidates by a matrix product on the device, their distances in double. */
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "graph/graph.h"
#include "train/measure.h"

/* Smallest elements that the device picks of a row of scores: at least SPARE more than k (few different widths: each is a program), and
 * in the second search. */
enum { SPARE = 8, NARROW = 16, MIDDLE = 32, WIDE = 128 };
/* Elements of a block: scores, operands (64 MiB); and its multiplications (under a second at 40 GFLOP/s). */
#define BLOCK_ELEMENTS ((size_t)16 << 20)
#define BLOCK_PRODUCTS 1.8e10
#define BLOCK_ROWS ((size_t)4096)

struct search {
  struct clgan_cl *cl;
  const float *query, *base;
  size_t nq, nb, d;
  int k;
  bool skip_self;
  const float *radius; /* NULL, or per base row: taken off its distance */
  uint32_t *index;     /* [nq,k] */
  double *value;       /* [nq,k]: squared distance less radius */
  double *mean, scale; /* the device sees scale (x - mean), of norms at most 1; scale is a power of two */
  double radius_max;
};

/* Candidates of some rows, ascending by the device's score; a row itself is none where it skips itself. */
struct candidates {
  const size_t *row;
  size_t n, width, keep;    /* picked by the device of each block; kept: one less where a row skips itself */
  float *score, *old_score; /* [n,keep]; [keep] */
  uint32_t *at, *old_at;
  size_t *count;
};

static size_t ceil_div(size_t a, size_t b) {
  return (a + b - 1) / b;
}
static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

static double distance(const float *a, const float *b, size_t d) {
  double s[4] = {0};
  size_t i = 0;
  for (; i + 4 <= d; i += 4)
    for (size_t j = 0; j < 4; j++) {
      double x = (double)a[i + j] - (double)b[i + j];
      s[j] += x * x;
    }
  for (; i < d; i++) s[0] += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
  return (s[0] + s[2]) + (s[1] + s[3]);
}

static double value_of(const struct search *s, size_t q, size_t b) {
  return distance(s->query + q * s->d, s->base + b * s->d, s->d) - (s->radius ? (double)s->radius[b] : 0);
}

/* dst[step * i] = the centred, scaled x[i]; returns the squared norm of what the floats hold. */
static double centred(const struct search *s, const float *x, float *dst, size_t step) {
  double sum = 0;
  for (size_t i = 0; i < s->d; i++) {
    float v = (float)(((double)x[i] - s->mean[i]) * s->scale);
    dst[i * step] = v;
    sum += (double)v * (double)v;
  }
  return sum;
}

/* Largest norm about the mean; infinity or NaN where some value is not finite. */
static double largest_norm(const struct search *s, const float *x, size_t n) {
  double largest = 0;
  for (size_t r = 0; r < n; r++) {
    double sum = 0;
    for (size_t i = 0; i < s->d; i++) {
      double v = (double)x[r * s->d + i] - s->mean[i];
      sum += v * v;
    }
    if (!(sum <= largest)) largest = sum;
    if (!isfinite(largest)) break;
  }
  return sqrt(largest);
}

/* Sets mean, scale and radius_max. */
static enum clgan_status centre(struct search *s, struct clgan_error *e) {
  for (size_t r = 0; r < s->nb; r++)
    for (size_t i = 0; i < s->d; i++) s->mean[i] += (double)s->base[r * s->d + i];
  for (size_t i = 0; i < s->d; i++) s->mean[i] /= (double)s->nb;
  double a = largest_norm(s, s->base, s->nb), b = largest_norm(s, s->query, s->nq), largest = a > b ? a : b;
  if (!isfinite(a) || !isfinite(b))
    return clgan_error_set(e, CLGAN_ERR_NUMERIC, "nearest neighbours: the %s hold a value that is not a finite number",
                           isfinite(a) ? "queries" : "points searched");
  int exponent = 0;
  if (largest > 0) (void)frexp(largest, &exponent);
  s->scale = ldexp(1, -exponent);
  for (size_t r = 0; s->radius && r < s->nb; r++) s->radius_max = fmax(s->radius_max, (double)s->radius[r]);
  return CLGAN_OK;
}

/* -- the device's part -- */

struct block {
  struct clgan_ir *g;
  struct clgan_store *store;
  struct clgan_run *run;
  size_t rows, cols, depth; /* of the product; cols and depth padded */
  int a, b, norm, factor, value, index;
  float *a_data, *b_data, *norm_data, *value_data;
  int32_t *index_data;
};

/* y = |b|^2 - radius - 2 a.b, the smallest `width` of every row. */
static void emit_block(struct block *x, size_t width) {
  struct clgan_geom geom = {.n = (int)x->rows,
                            .hi = 1,
                            .wi = 1,
                            .ci = (int)x->depth,
                            .ho = 1,
                            .wo = 1,
                            .co = (int)x->cols,
                            .kh = 1,
                            .kw = 1,
                            .stride = 1};
  struct clgan_attr product = {.geom = geom}, top = {.i = {(int)width}};
  x->g = clgan_ir_create();
  x->a = clgan_ir_input(x->g, "query", CLGAN_F32, clgan_shape_of(geom.n, 1, 1, geom.ci));
  x->b = clgan_ir_input(x->g, "base", CLGAN_F32, clgan_shape_of(1, 1, geom.ci, geom.co));
  x->norm = clgan_ir_input(x->g, "norm", CLGAN_F32, clgan_shape_of(1, 1, 1, geom.co));
  x->factor = clgan_ir_input(x->g, "factor", CLGAN_F32, clgan_shape_of(1, 1, 1, 1));
  int y = clgan_ir_emit(x->g, CLGAN_OP_CONV, &product, 4, (int[]){x->a, x->b, x->norm, x->factor}, NULL),
      out[CLGAN_NODE_OUT];
  out[0] = out[1] = CLGAN_NONE;
  clgan_ir_emit(x->g, CLGAN_OP_TOPK, &top, 1, &y, out);
  x->value = out[0];
  x->index = out[1];
}

static enum clgan_status block_open(struct block *x, const struct search *s, const struct candidates *c,
                                    struct clgan_error *e) {
  const float minus_two = -2;
  x->depth = ceil_div(s->d, 4) * 4;
  size_t cols = smaller(BLOCK_ROWS, BLOCK_ELEMENTS / x->depth / 32 * 32);
  if (cols < 32) cols = 32;
  x->cols = ceil_div(ceil_div(s->nb, ceil_div(s->nb, cols)), 32) * 32;
  size_t rows = smaller(BLOCK_ELEMENTS / x->depth, BLOCK_ELEMENTS / x->cols);
  rows = smaller(rows, 1 + (size_t)(BLOCK_PRODUCTS / ((double)x->cols * (double)x->depth)));
  rows = rows < 1 ? 1 : smaller(rows, BLOCK_ROWS);
  x->rows = ceil_div(c->n, ceil_div(c->n, rows));
  emit_block(x, c->width);
  x->store = clgan_store_create(s->cl);
  CLGAN_TRY(clgan_run_create(s->cl, x->store, x->g, (int[]){x->value, x->index}, 2, &x->run, e));
  CLGAN_TRY(clgan_run_write(x->run, x->factor, &minus_two, sizeof minus_two, e));
  CLGAN_TRY(clgan_mem_try((void **)&x->a_data, x->rows * x->depth, sizeof(float), "nearest neighbours", e));
  CLGAN_TRY(clgan_mem_try((void **)&x->b_data, x->cols * x->depth, sizeof(float), "nearest neighbours", e));
  CLGAN_TRY(clgan_mem_try((void **)&x->norm_data, x->cols, sizeof(float), "nearest neighbours", e));
  CLGAN_TRY(clgan_mem_try((void **)&x->value_data, x->rows * c->width, sizeof(float), "nearest neighbours", e));
  return clgan_mem_try((void **)&x->index_data, x->rows * c->width, sizeof(int32_t), "nearest neighbours", e);
}

static void block_close(struct block *x) {
  clgan_run_destroy(x->run);
  clgan_store_destroy(x->store);
  clgan_ir_destroy(x->g);
  clgan_mem_free(x->a_data);
  clgan_mem_free(x->b_data);
  clgan_mem_free(x->norm_data);
  clgan_mem_free(x->value_data);
  clgan_mem_free(x->index_data);
}

/* Base rows from @p first on as columns; those past the end are infinitely far. By 16 columns: whole cache lines are written. */
static enum clgan_status write_base(struct block *x, const struct search *s, size_t first, struct clgan_error *e) {
  enum { STRIP = 16 };
  float *strip = clgan_mem_array(STRIP * s->d, sizeof *strip);
  for (size_t c = 0; c < x->cols; c += STRIP) {
    for (size_t j = 0; j < STRIP; j++) {
      x->norm_data[c + j] = INFINITY;
      if (first + c + j >= s->nb) continue;
      double norm = centred(s, s->base + (first + c + j) * s->d, strip + j, STRIP);
      if (s->radius) norm -= (double)s->radius[first + c + j] * s->scale * s->scale;
      x->norm_data[c + j] = (float)norm;
    }
    for (size_t i = 0; i < s->d; i++) memcpy(x->b_data + i * x->cols + c, strip + i * STRIP, STRIP * sizeof *strip);
  }
  clgan_mem_free(strip);
  CLGAN_TRY(clgan_run_write(x->run, x->b, x->b_data, x->cols * x->depth * sizeof(float), e));
  return clgan_run_write(x->run, x->norm, x->norm_data, x->cols * sizeof(float), e);
}

/* Row r's candidates and another sorted list, of higher indices, become one; equal scores keep the order of the indices. */
static void merge(struct candidates *c, size_t r, const float *score, const int32_t *at, size_t first, size_t skip) {
  float *to = c->score + r * c->keep;
  uint32_t *to_at = c->at + r * c->keep;
  size_t old = c->count[r], i = 0, n = 0;
  memcpy(c->old_score, to, old * sizeof *to);
  memcpy(c->old_at, to_at, old * sizeof *to_at);
  for (size_t j = 0; n < c->keep; n++) {
    while (j < c->width && at[j] >= 0 && first + (size_t)at[j] == skip) j++;
    bool more = j < c->width && at[j] >= 0;
    if (i < old && (!more || c->old_score[i] <= score[j])) {
      to[n] = c->old_score[i];
      to_at[n] = c->old_at[i++];
    } else if (more) {
      to[n] = score[j];
      to_at[n] = (uint32_t)(first + (size_t)at[j++]);
    } else {
      break;
    }
  }
  c->count[r] = n;
}

/* Ascending columns that there are: a driver that cuts a kernel's loops short (llvmpipe does) must not pass unseen. */
static bool plausible(const struct block *x, size_t width, const float *score, const int32_t *at) {
  for (size_t j = 0; j < width; j++) {
    if (at[j] < -1 || at[j] >= (int32_t)x->cols || isnan(score[j])) return false;
    if (j > 0 && (score[j] < score[j - 1] || (score[j] == score[j - 1] && at[j] >= 0 && at[j] <= at[j - 1])))
      return false;
  }
  return true;
}

static enum clgan_status run_block(struct block *x, const struct search *s, struct candidates *c, size_t first_row,
                                   size_t first, struct clgan_error *e) {
  size_t rows = smaller(x->rows, c->n - first_row), bytes = x->rows * c->width * sizeof(float);
  for (size_t r = 0; r < rows; r++) centred(s, s->query + c->row[first_row + r] * s->d, x->a_data + r * x->depth, 1);
  CLGAN_TRY(clgan_run_write(x->run, x->a, x->a_data, x->rows * x->depth * sizeof(float), e));
  CLGAN_TRY(clgan_run_execute(x->run, e));
  CLGAN_TRY(clgan_run_read(x->run, x->value, x->value_data, bytes, e));
  CLGAN_TRY(clgan_run_read(x->run, x->index, x->index_data, bytes, e));
  for (size_t r = 0; r < rows; r++) {
    const float *score = x->value_data + r * c->width;
    const int32_t *at = x->index_data + r * c->width;
    if (!plausible(x, c->width, score, at))
      return clgan_error_set(e, CLGAN_ERR_DEVICE,
                             "nearest neighbours: %s (%s) gives a list that is not sorted: choose another device",
                             clgan_cl_info(s->cl)->name, clgan_cl_info(s->cl)->platform_name);
    merge(c, first_row + r, score, at, first, s->skip_self ? c->row[first_row + r] : SIZE_MAX);
  }
  return CLGAN_OK;
}

static enum clgan_status find_candidates(const struct search *s, struct candidates *c, struct clgan_error *e) {
  struct block x = {0};
  enum clgan_status st = block_open(&x, s, c, e);
  for (size_t first = 0; first < s->nb && st == CLGAN_OK; first += x.cols) {
    st = write_base(&x, s, first, e);
    for (size_t r = 0; r < c->n && st == CLGAN_OK; r += x.rows) st = run_block(&x, s, c, r, first, e);
  }
  block_close(&x);
  return st;
}

/* -- the host's part -- */

/* Puts (value, at) into the sorted best[k]; n are there. */
static int put(double *best, uint32_t *index, int n, int k, double value, uint32_t at) {
  int p = n < k ? n : k;
  while (p > 0 && (best[p - 1] > value || (best[p - 1] == value && index[p - 1] > at))) {
    if (p < k) best[p] = best[p - 1], index[p] = index[p - 1];
    p--;
  }
  if (p < k) best[p] = value, index[p] = at;
  return n < k ? n + 1 : n;
}

/* Squared norm of query q as the device sees it. */
static double query_norm(const struct search *s, size_t q) {
  double sum = 0;
  for (size_t i = 0; i < s->d; i++) {
    double v = ((double)s->query[q * s->d + i] - s->mean[i]) * s->scale;
    sum += v * v;
  }
  return sum;
}

/* Is no row whose score is at least @p score nearer than the k-th found, to a query of squared norm a2? Rounding of a
 * product of d terms is taken as eight times what a random walk of rounding errors gives (its worst case, d terms, never
 * comes near); the rest is counted in full. */
static bool settled(const struct search *s, double a2, double kth, double score) {
  const double u = 0x1p-24, square = s->scale * s->scale;
  if (kth <= 0 && (s->radius || kth == 0))
    return true; /* equal rows have equal scores: the lowest indices come first */
  double a = sqrt(a2), b = a + sqrt(fmax(0, kth + s->radius_max) * square);
  double product = 2 * a * b * (4 * sqrt((double)s->d) + 8);
  double error = u * (4 * (a + b) * (a + b) + 4 * b * b + product + 4 * s->radius_max * square);
  return score + a2 - error > kth * square;
}

/* Exact order of row r's candidates, as far as they can be near. @return false where there may be nearer rows */
static bool choose(const struct search *s, const struct candidates *c, size_t r) {
  const size_t q = c->row[r], k = (size_t)s->k;
  const float *score = c->score + r * c->keep;
  double *value = s->value + q * k, a2 = query_norm(s, q);
  int n = 0;
  for (size_t j = 0; j < c->count[r]; j++) {
    if (n == s->k && settled(s, a2, value[k - 1], (double)score[j])) return true;
    uint32_t at = c->at[r * c->keep + j];
    n = put(value, s->index + q * k, n, s->k, value_of(s, q, at), at);
  }
  return c->count[r] < c->keep /* all that there are */ || settled(s, a2, value[k - 1], (double)score[c->keep - 1]);
}

static void search_all(const struct search *s, size_t q) {
  int n = 0;
  for (size_t b = 0; b < s->nb; b++) {
    if (s->skip_self && b == q) continue;
    n = put(s->value + q * (size_t)s->k, s->index + q * (size_t)s->k, n, s->k, value_of(s, q, b), (uint32_t)b);
  }
}

/* One search of rows row[*n]; those that need another are left there. */
static enum clgan_status search_once(const struct search *s, size_t *row, size_t *n, size_t width,
                                     struct clgan_error *e) {
  const size_t keep = width - (s->skip_self ? 1 : 0);
  struct candidates c = {.row = row, .n = *n, .width = width, .keep = keep};
  enum clgan_status st = clgan_mem_try((void **)&c.score, *n + 1, keep * sizeof(float), "nearest neighbours", e);
  if (st == CLGAN_OK) st = clgan_mem_try((void **)&c.at, *n + 1, keep * sizeof(uint32_t), "nearest neighbours", e);
  if (st == CLGAN_OK) {
    size_t left = 0;
    c.old_score = c.score + *n * keep;
    c.old_at = c.at + *n * keep;
    c.count = clgan_mem_array(*n, sizeof *c.count);
    st = find_candidates(s, &c, e);
    for (size_t r = 0; r < c.n && st == CLGAN_OK; r++)
      if (!choose(s, &c, r)) row[left++] = row[r];
    *n = left;
  }
  clgan_mem_free(c.score);
  clgan_mem_free(c.at);
  clgan_mem_free(c.count);
  return st;
}

/* Fills s->index and s->value. */
static enum clgan_status search(struct search *s, struct clgan_error *e) {
  size_t n = s->nq, *row = NULL, first = s->k + SPARE + (s->skip_self ? 1 : 0) <= NARROW ? NARROW : MIDDLE;
  s->mean = clgan_mem_array(s->d, sizeof *s->mean);
  enum clgan_status st = centre(s, e);
  if (st == CLGAN_OK) {
    row = clgan_mem_array(n, sizeof *row);
    for (size_t r = 0; r < n; r++) row[r] = r;
    st = search_once(s, row, &n, first, e);
    if (n && st == CLGAN_OK) {
      clgan_log_verbose("nearest neighbours: %zu of %zu rows searched again", n, s->nq);
      st = search_once(s, row, &n, WIDE, e);
    }
    if (n && st == CLGAN_OK) clgan_log_verbose("nearest neighbours: %zu of %zu rows searched in double", n, s->nq);
    for (size_t r = 0; r < n && st == CLGAN_OK; r++) search_all(s, row[r]);
  }
  clgan_mem_free(row);
  clgan_mem_free(s->mean);
  return st;
}

static enum clgan_status check(const struct search *s, struct clgan_error *e) {
  size_t others = s->nb - (s->skip_self && s->nb ? 1 : 0);
  if (s->k < 1 || s->k > CLGAN_NEAREST_MAX)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "nearest neighbours: k = %d, expected 1 to %d", s->k, CLGAN_NEAREST_MAX);
  if (s->d < 1 || s->d > (size_t)1 << 19 || s->nb > INT32_MAX || s->nq > INT32_MAX)
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "nearest neighbours: %zu queries and %zu points of %zu dimensions are out of range", s->nq,
                           s->nb, s->d);
  if (others < (size_t)s->k)
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "nearest neighbours: k = %d of %zu points%s: give more points or a lower k", s->k, others,
                           s->skip_self ? " beside each one" : "");
  if (s->skip_self && s->nq > s->nb)
    return clgan_error_set(e, CLGAN_ERR_INTERNAL, "nearest neighbours: %zu queries of %zu points to skip themselves",
                           s->nq, s->nb);
  return CLGAN_OK;
}

static enum clgan_status search_alloc(struct search *s, struct clgan_error *e) {
  CLGAN_TRY(check(s, e));
  CLGAN_TRY(clgan_mem_try((void **)&s->index, s->nq * (size_t)s->k, sizeof *s->index, "nearest neighbours", e));
  CLGAN_TRY(clgan_mem_try((void **)&s->value, s->nq * (size_t)s->k, sizeof *s->value, "nearest neighbours", e));
  return s->nq ? search(s, e) : CLGAN_OK;
}

enum clgan_status clgan_nearest(struct clgan_cl *cl, const float *query, size_t nq, const float *base, size_t nb,
                                size_t d, int k, bool skip_self, uint32_t *index, float *distance_out,
                                struct clgan_error *e) {
  struct search s = {
      .cl = cl, .query = query, .base = base, .nq = nq, .nb = nb, .d = d, .k = k, .skip_self = skip_self};
  enum clgan_status st = search_alloc(&s, e);
  for (size_t i = 0; i < nq * (size_t)k && st == CLGAN_OK; i++) {
    if (index) index[i] = s.index[i];
    if (distance_out) distance_out[i] = (float)s.value[i];
  }
  clgan_mem_free(s.index);
  clgan_mem_free(s.value);
  return st;
}

enum clgan_status clgan_nearest_inside(struct clgan_cl *cl, const float *query, size_t nq, const float *base, size_t nb,
                                       size_t d, const float *radius, bool *inside, struct clgan_error *e) {
  struct search s = {.cl = cl, .query = query, .base = base, .nq = nq, .nb = nb, .d = d, .k = 1, .radius = radius};
  enum clgan_status st = search_alloc(&s, e);
  for (size_t i = 0; i < nq && st == CLGAN_OK; i++) inside[i] = s.value[i] <= 0;
  clgan_mem_free(s.index);
  clgan_mem_free(s.value);
  return st;
}
