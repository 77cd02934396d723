/* explore.c: what a generator does with code and condition, and what comes back of a drawn code. */
#include "train/explore.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

/* Codes of different questions are different draws. */
enum { DRAW_SHARES = 0, DRAW_BASE = 1 << 20, DRAW_AGAIN = 2 << 20, DRAW_TRIP = 3 << 20, DRAW_TRAVERSE = 4 << 20 };
enum { CHUNK = 256 }; /* images at a time, or a little more */

/* -- the crossed design -- */
struct clgan_crossing {
  size_t conditions, pixels, codes;
  double *by_condition; /* [K,P] sums over codes */
  double *mean, *square,
      *every; /* [P] sums over codes: of y's mean over conditions, its square, the mean square of y */
};

struct clgan_crossing *clgan_crossing_create(size_t conditions, size_t pixels) {
  struct clgan_crossing *x = clgan_mem_alloc(sizeof *x);
  x->conditions = conditions;
  x->pixels = pixels;
  x->by_condition = clgan_mem_array(conditions, pixels * sizeof(double));
  x->mean = clgan_mem_array(3 * pixels, sizeof(double));
  x->square = x->mean + pixels;
  x->every = x->square + pixels;
  return x;
}

void clgan_crossing_destroy(struct clgan_crossing *x) {
  if (!x) return;
  clgan_mem_free(x->by_condition);
  clgan_mem_free(x->mean);
  clgan_mem_free(x);
}

void clgan_crossing_add(struct clgan_crossing *x, const float *y) {
  const double k = (double)x->conditions;
  for (size_t p = 0; p < x->pixels; p++) {
    double sum = 0, squares = 0;
    for (size_t c = 0; c < x->conditions; c++) {
      double v = (double)y[c * x->pixels + p];
      x->by_condition[c * x->pixels + p] += v;
      sum += v;
      squares += v * v;
    }
    x->mean[p] += sum / k;
    x->square[p] += sum / k * (sum / k);
    x->every[p] += squares / k;
  }
  x->codes++;
}

/* Mean squares of codes (z), conditions (c) and what is left (r), summed over pixels. */
static void mean_squares(const struct clgan_crossing *x, double *z, double *c, double *r) {
  const double m = (double)x->codes, k = (double)x->conditions;
  double sz = 0, sc = 0, sr = 0;
  for (size_t p = 0; p < x->pixels; p++) {
    double grand = x->mean[p] / m, columns = 0;
    for (size_t i = 0; i < x->conditions; i++) {
      double d = x->by_condition[i * x->pixels + p] / m - grand;
      columns += d * d;
    }
    double codes = k * (x->square[p] - m * grand * grand);
    sz += codes;
    sc += m * columns;
    sr += k * (x->every[p] - m * grand * grand) - codes - m * columns;
  }
  *z = sz / (m - 1);
  *c = k > 1 ? sc / (k - 1) : 0;
  *r = k > 1 ? sr / ((m - 1) * (k - 1)) : 0;
}

/* Expected mean squares, with K conditions that are all there are: z: K Vz; c: K/(K-1) (M Vc + Vb); r: K/(K-1) Vb; with
 * a sample of conditions: z: K Vz + Vb; c: M Vc + Vb; r: Vb. */
void clgan_crossing_shares(const struct clgan_crossing *x, bool every, struct clgan_shares *out) {
  const double m = (double)x->codes, k = (double)x->conditions;
  double z, c, r;
  mean_squares(x, &z, &c, &r);
  double finite = every ? (k - 1) / k : 1;
  double vz = (every || x->conditions == 1 ? z : z - r) / k, vc = finite * (c - r) / m, vb = finite * r;
  vz = fmax(vz, 0), vc = fmax(vc, 0), vb = fmax(vb, 0);
  double v = vz + vc + vb, one = v > 0 ? 1 / v : 0;
  *out = (struct clgan_shares){.first_z = vz * one,
                               .first_c = vc * one,
                               .both = vb * one,
                               .total_z = (vz + vb) * one,
                               .total_c = (vc + vb) * one,
                               .variance = v / (double)x->pixels,
                               .codes = x->codes,
                               .conditions = x->conditions};
}

/* -- a chunk of images to draw -- */
struct chunk {
  size_t cap, n, latent, width, pixels;
  float *z, *c, *x;
};

static enum clgan_status chunk_create(const struct clgan_model *m, size_t cap, struct chunk *k, struct clgan_error *e) {
  size_t pixels = clgan_model_image_size(m);
  *k = (struct chunk){.cap = cap, .latent = (size_t)m->latent, .width = (size_t)m->condition_size, .pixels = pixels};
  void *z, *c, *x;
  CLGAN_TRY(clgan_mem_try(&z, cap, k->latent * sizeof(float), "codes", e));
  k->z = z;
  CLGAN_TRY(clgan_mem_try(&c, cap, (k->width + 1) * sizeof(float), "conditions", e));
  k->c = c;
  CLGAN_TRY(clgan_mem_try(&x, cap, pixels * sizeof(float), "generated images", e));
  k->x = x;
  return CLGAN_OK;
}

static void chunk_free(struct chunk *k) {
  clgan_mem_free(k->z);
  clgan_mem_free(k->c);
  clgan_mem_free(k->x);
}

static float *chunk_put(struct chunk *k, const float *z, const float *c) {
  float *to = k->z + k->n * k->latent;
  memcpy(to, z, k->latent * sizeof *z);
  if (k->width) memcpy(k->c + k->n * k->width, c, k->width * sizeof *c);
  k->n++;
  return to;
}

static enum clgan_status chunk_draw(const struct clgan_explorer *x, struct chunk *k, struct clgan_error *e) {
  CLGAN_TRY(clgan_sampler_generate(x->sampler, k->n, k->z, k->width ? k->c : NULL, k->x, e));
  if (x->progress) clgan_progress_update(x->progress, *x->drawn += (double)k->n, NULL);
  return CLGAN_OK;
}

static const float *condition(const struct clgan_explorer *x, size_t i) {
  return x->conditions ? x->conditions + i % x->n_conditions * (size_t)x->m->condition_size : NULL;
}

/* -- shares -- */
static enum clgan_status cross(const struct clgan_explorer *x, size_t codes, struct chunk *k, float *z,
                               struct clgan_crossing *to, struct clgan_error *e) {
  for (size_t at = 0; at < codes;) {
    size_t first = at;
    for (k->n = 0; at < codes && k->n + x->n_conditions <= k->cap; at++) {
      clgan_latent_draw(x->m, x->seed, DRAW_SHARES + (uint32_t)at, 1, z);
      for (size_t c = 0; c < x->n_conditions; c++) chunk_put(k, z, condition(x, c));
    }
    CLGAN_TRY(chunk_draw(x, k, e));
    for (size_t i = 0; i < at - first; i++) clgan_crossing_add(to, k->x + i * x->n_conditions * k->pixels);
  }
  return CLGAN_OK;
}

enum clgan_status clgan_explore_shares(const struct clgan_explorer *x, size_t codes, struct clgan_shares *out,
                                       struct clgan_error *e) {
  struct chunk k = {0};
  float *z = clgan_mem_array((size_t)x->m->latent, sizeof *z);
  enum clgan_status s = chunk_create(x->m, CHUNK + x->n_conditions, &k, e);
  if (s == CLGAN_OK) {
    struct clgan_crossing *to = clgan_crossing_create(x->n_conditions, k.pixels);
    s = cross(x, codes, &k, z, to, e);
    if (s == CLGAN_OK) clgan_crossing_shares(to, x->every, out);
    clgan_crossing_destroy(to);
  }
  chunk_free(&k);
  clgan_mem_free(z);
  return s;
}

/* -- influence -- */

/* Image 0 of a group is the base code's, image 1 + j that with z_j drawn again. */
static void add_changes(const float *x, size_t dims, size_t pixels, double *total) {
  for (size_t j = 0; j < dims; j++) {
    double sum = 0;
    for (size_t p = 0; p < pixels; p++) {
      double d = (double)x[(1 + j) * pixels + p] - (double)x[p];
      sum += d * d;
    }
    total[j] += sum;
  }
}

static enum clgan_status change(const struct clgan_explorer *x, size_t codes, struct chunk *k, float *base,
                                float *again, double *total, struct clgan_error *e) {
  size_t dims = k->latent;
  for (size_t at = 0; at < codes;) {
    size_t first = at;
    for (k->n = 0; at < codes && k->n + dims + 1 <= k->cap; at++) {
      clgan_latent_draw(x->m, x->seed, DRAW_BASE + (uint32_t)at, 1, base);
      clgan_latent_draw(x->m, x->seed, DRAW_AGAIN + (uint32_t)at, 1, again);
      chunk_put(k, base, condition(x, at));
      for (size_t j = 0; j < dims; j++) chunk_put(k, base, condition(x, at))[j] = again[j];
    }
    CLGAN_TRY(chunk_draw(x, k, e));
    for (size_t i = 0; i < at - first; i++) add_changes(k->x + i * (dims + 1) * k->pixels, dims, k->pixels, total);
  }
  return CLGAN_OK;
}

enum clgan_status clgan_explore_influence(const struct clgan_explorer *x, size_t codes, double variance, double *total,
                                          struct clgan_error *e) {
  struct chunk k = {0};
  size_t dims = (size_t)x->m->latent;
  float *z = clgan_mem_array(2 * dims, sizeof *z);
  memset(total, 0, dims * sizeof *total);
  enum clgan_status s = chunk_create(x->m, CHUNK + dims + 1, &k, e);
  if (s == CLGAN_OK) s = change(x, codes, &k, z, z + dims, total, e);
  double scale = variance > 0 ? 1 / (2 * (double)codes * (double)k.pixels * variance) : 0;
  for (size_t j = 0; j < dims; j++) total[j] *= scale;
  chunk_free(&k);
  clgan_mem_free(z);
  return s;
}

/* -- the round trip -- */
struct trip {
  unsigned char *pixels;
  float *z, *factors, *own; /* what E says of a chunk; one condition vector */
  double *sums;             /* [5,Z]: z, z', z z, z' z', z z' */
  double kept, gender, years;
};

/* Years that one of a condition's age values stands for, but for a constant. */
static double years_scale(const struct clgan_model *m) {
  return m->settings.age_range == 11 ? 40 : 80;
}

static void compare_condition(const struct clgan_model *m, const float *asked, const float *factors, struct trip *t) {
  if (m->condition == CLGAN_CONDITION_NONE) return;
  clgan_condition_from_factors(m, factors, t->own);
  if (m->condition == CLGAN_CONDITION_CLASS) {
    t->kept += memcmp(asked, t->own, (size_t)m->condition_size * sizeof *asked) == 0;
    return;
  }
  t->years += fabs((double)asked[0] - (double)t->own[0]) * years_scale(m);
  if (m->settings.gender) t->gender += (asked[m->settings.tile] > 0) == (t->own[m->settings.tile] > 0);
}

static void compare(const struct clgan_model *m, const struct chunk *k, struct trip *t, double *error) {
  size_t dims = k->latent, factors = (size_t)clgan_sampler_factors(m);
  for (size_t i = 0; i < k->n; i++) {
    for (size_t j = 0; j < dims; j++) {
      double a = (double)k->z[i * dims + j], b = (double)t->z[i * dims + j];
      const double term[5] = {a, b, a * a, b * b, a * b};
      error[j] += fabs(a - b);
      for (size_t s = 0; s < 5; s++) t->sums[s * dims + j] += term[s];
    }
    compare_condition(m, k->c + i * k->width, t->factors + i * factors, t);
  }
}

static enum clgan_status travel(const struct clgan_explorer *x, size_t codes, struct chunk *k, struct trip *t,
                                double *error, struct clgan_error *e) {
  for (size_t at = 0; at < codes;) {
    for (k->n = 0; at < codes && k->n < k->cap; at++) {
      clgan_latent_draw(x->m, x->seed, DRAW_TRIP + (uint32_t)at, 1, t->z); /* room enough: overwritten below */
      chunk_put(k, t->z, condition(x, at));
    }
    CLGAN_TRY(chunk_draw(x, k, e));
    clgan_sampler_pixels(x->m, k->n, k->x, t->pixels);
    CLGAN_TRY(clgan_sampler_encode(x->sampler, k->n, t->pixels, t->z, k->width ? t->factors : NULL, e));
    compare(x->m, k, t, error);
  }
  return CLGAN_OK;
}

static void conclude(const struct clgan_model *m, const struct trip *t, struct clgan_round_trip *r) {
  const double n = (double)r->codes;
  const size_t dims = (size_t)m->latent;
  for (size_t j = 0; j < dims; j++) {
    const double *s = t->sums + j;
    double a = s[0] / n, b = s[dims] / n, aa = s[2 * dims] / n, bb = s[3 * dims] / n, ab = s[4 * dims] / n;
    double va = aa - a * a, vb = bb - b * b;
    r->error[j] /= n;
    r->deviation[j] = sqrt(fmax(vb, 0));
    r->returned[j] = va > 0 ? 1 - (aa - 2 * ab + bb) / va : 0;
    r->correlation[j] = va > 0 && vb > 0 ? (ab - a * b) / sqrt(va * vb) : 0;
  }
  bool face = m->condition == CLGAN_CONDITION_FACE;
  r->class_kept = m->condition == CLGAN_CONDITION_CLASS ? t->kept / n : (double)NAN;
  r->age_error = face ? t->years / n : (double)NAN;
  r->gender_kept = face && m->settings.gender ? t->gender / n : (double)NAN;
}

enum clgan_status clgan_explore_round_trip(const struct clgan_explorer *x, size_t codes, struct clgan_round_trip *out,
                                           struct clgan_error *e) {
  const struct clgan_model *m = x->m;
  size_t dims = (size_t)m->latent, factors = (size_t)clgan_sampler_factors(m);
  struct chunk k = {0};
  *out = (struct clgan_round_trip){.codes = codes};
  out->error = clgan_mem_array(4 * dims, sizeof(double));
  out->returned = out->error + dims;
  out->correlation = out->returned + dims;
  out->deviation = out->correlation + dims;
  enum clgan_status s = chunk_create(m, CHUNK, &k, e);
  struct trip t = {.pixels = clgan_mem_array(CHUNK, k.pixels),
                   .z = clgan_mem_array(CHUNK, dims * sizeof(float)),
                   .factors = clgan_mem_array(CHUNK, (factors + 1) * sizeof(float)),
                   .own = clgan_mem_array((size_t)m->condition_size, sizeof(float)),
                   .sums = clgan_mem_array(5 * dims, sizeof(double))};
  if (s == CLGAN_OK) s = travel(x, codes, &k, &t, out->error, e);
  if (s == CLGAN_OK) conclude(m, &t, out);
  clgan_mem_free(t.pixels);
  clgan_mem_free(t.z);
  clgan_mem_free(t.factors);
  clgan_mem_free(t.own);
  clgan_mem_free(t.sums);
  chunk_free(&k);
  return s;
}

void clgan_round_trip_free(struct clgan_round_trip *r) {
  clgan_mem_free(r->error); /* the others lie behind it */
  *r = (struct clgan_round_trip){0};
}

/* -- traversals -- */
static void traverse_put(const struct clgan_model *m, const struct chunk *k, size_t cols, struct clgan_sheet *sheet) {
  unsigned char *cell = clgan_mem_alloc(k->pixels);
  for (size_t i = 0; i < k->n; i++) {
    clgan_sampler_pixels(m, 1, k->x + i * k->pixels, cell);
    clgan_sheet_put(sheet, (uint32_t)(i / cols), (uint32_t)(i % cols), cell);
  }
  clgan_mem_free(cell);
}

enum clgan_status clgan_explore_traverse(const struct clgan_explorer *x, const float *c, const size_t *dims,
                                         size_t rows, const float *values, size_t cols, struct clgan_sheet **out,
                                         struct clgan_error *e) {
  const struct clgan_model *m = x->m;
  struct chunk k = {0};
  *out = NULL;
  CLGAN_TRY(clgan_sampler_sheet(m, rows, cols, out, e));
  float *z = clgan_mem_array((size_t)m->latent, sizeof *z);
  enum clgan_status s = chunk_create(m, rows * cols, &k, e);
  if (s == CLGAN_OK) {
    clgan_latent_draw(m, x->seed, DRAW_TRAVERSE, 1, z);
    for (size_t i = 0; i < rows * cols; i++) chunk_put(&k, z, c)[dims[i / cols]] = values[i % cols];
    s = chunk_draw(x, &k, e);
  }
  if (s == CLGAN_OK) traverse_put(m, &k, cols, *out);
  chunk_free(&k);
  clgan_mem_free(z);
  if (s != CLGAN_OK) {
    clgan_sheet_destroy(*out);
    *out = NULL;
  }
  return s;
}
