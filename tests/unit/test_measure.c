/* test_measure.c - measures against closed forms and published values; nearest neighbours against a search in double. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "device.h"
#include "train/eigen.h"
#include "train/measure.h"

/* -- intervals -- */

/* Newcombe (1998, Statistics in Medicine 17:857-872), table I, method 3: the score method without continuity correction. */
static void wilson_published(void **state) {
  (void)state;
  static const struct {
    uint64_t hits, n;
    double low, high;
  } rows[] = {{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0.0000, 0.1611}, {1, 29, 0.0061, 0.1718}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    double low, high;
    clgan_measure_wilson(rows[i].hits, rows[i].n, &low, &high);
    NEAR(low, rows[i].low, 5.1e-5);
    NEAR(high, rows[i].high, 5.1e-5);
    double low2, high2;
    clgan_measure_wilson(rows[i].n - rows[i].hits, rows[i].n, &low2, &high2);
    NEAR(low2, 1 - high, 1e-12);
    NEAR(high2, 1 - low, 1e-12);
  }
}

static void wilson_ends(void **state) {
  (void)state;
  double low, high;
  clgan_measure_wilson(0, 0, &low, &high);
  assert_true(low == 0 && high == 1);
  clgan_measure_wilson(10, 10, &low, &high);
  assert_true(low > 0.7 && low < 0.73 && high == 1);
}

/* -- eigenvalues -- */

/* The second difference matrix: eigenvalues 2 - 2 cos(pi k / (n + 1)). */
static void eigen_closed_form(void **state) {
  (void)state;
  enum { N = 61 };
  static double a[N * N], values[N], vectors[N * N];
  for (size_t i = 0; i < N; i++) {
    a[i * N + i] = 2;
    if (i) a[i * N + i - 1] = -1;
  }
  OK(clgan_eigen_symmetric(a, N, values, vectors, &error));
  for (size_t i = 0; i < N; i++) NEAR(values[i], 2 - 2 * cos(M_PI * (double)(N - i) / (N + 1)), 1e-13);
}

/* A random symmetric matrix: A v = lambda v, unit orthogonal v; with and without vectors the same values. */
static void eigen_random(void **state) {
  (void)state;
  for (size_t n = 1; n < 60; n += n < 8 ? 1 : 13) {
    float *x = normals(n * n, n);
    double *a = clgan_mem_array(n * n, sizeof *a), *b = clgan_mem_array(n * n, sizeof *b),
           *v = clgan_mem_array(n * n, sizeof *v);
    double *values = clgan_mem_array(n, sizeof *values), *again = clgan_mem_array(n, sizeof *again);
    for (size_t i = 0; i < n; i++)
      for (size_t j = 0; j < n; j++) a[i * n + j] = (double)x[i * n + j] + (double)x[j * n + i];
    memcpy(b, a, n * n * sizeof *a);
    OK(clgan_eigen_symmetric(b, n, values, v, &error));
    memcpy(b, a, n * n * sizeof *a);
    OK(clgan_eigen_symmetric(b, n, again, NULL, &error));
    for (size_t k = 0; k < n; k++) {
      assert_true(k == 0 || values[k - 1] >= values[k]);
      NEAR(again[k], values[k], 1e-12);
      for (size_t i = 0; i < n; i++) {
        double sum = 0, dot = 0;
        for (size_t j = 0; j < n; j++) {
          sum += a[i * n + j] * v[k * n + j];
          dot += v[k * n + j] * v[i * n + j];
        }
        NEAR(sum, values[k] * v[k * n + i], 1e-12);
        NEAR(dot, i == k ? 1 : 0, 1e-13);
      }
    }
    clgan_mem_free(x);
    clgan_mem_free(a);
    clgan_mem_free(b);
    clgan_mem_free(v);
    clgan_mem_free(values);
    clgan_mem_free(again);
  }
}

static void eigen_not_finite(void **state) {
  (void)state;
  double a[9] = {1, 0, 0, (double)NAN, 1, 0, 2, 3, 1}, values[3];
  FAILS(clgan_eigen_symmetric(a, 3, values, NULL, &error), CLGAN_ERR_NUMERIC, "not finite");
}

/* -- Frechet distance -- */

/* 2 d rows with mean m and, exactly, covariance diag(v): m +- sqrt((2 d - 1) v_i / 2) e_i. */
static void diagonal_rows(float *x, size_t d, const double *m, const double *v) {
  for (size_t r = 0; r < 2 * d; r++)
    for (size_t i = 0; i < d; i++) {
      double reach = sqrt((double)(2 * d - 1) * v[i] / 2);
      x[r * d + i] = (float)(m[i] + (r / 2 == i ? (r % 2 ? -reach : reach) : 0));
    }
}

static void frechet_gaussians(void **state) {
  (void)state;
  enum { D = 5 };
  const double m1[D] = {0, 1, 2, 3, 4}, v1[D] = {1, 4, 9, 16, 0}, m2[D] = {1, 1, 0, 3, 4.5},
               v2[D] = {4, 1, 0, 25, 0.25};
  float a[2 * D * D], b[2 * D * D];
  double want = 0, got;
  for (size_t i = 0; i < D; i++)
    want += (m1[i] - m2[i]) * (m1[i] - m2[i]) + (sqrt(v1[i]) - sqrt(v2[i])) * (sqrt(v1[i]) - sqrt(v2[i]));
  diagonal_rows(a, D, m1, v1);
  diagonal_rows(b, D, m2, v2);
  OK(clgan_measure_frechet(a, 2 * D, b, 2 * D, D, &got, &error));
  NEAR(got, want, 1e-5);
  OK(clgan_measure_frechet(b, 2 * D, a, 2 * D, D, &got, &error));
  NEAR(got, want, 1e-5);
}

/* Covariances that do not commute, in two dimensions: tr (S1 S2)^(1/2) = sqrt(tr S1 S2 + 2 sqrt(det S1 det S2)). */
static void frechet_plane(void **state) {
  (void)state;
  enum { N = 400 };
  float *x = normals(4 * N, 3), *a = x, *b = x + 2 * N;
  double m[4], s1[4], s2[4], got;
  for (size_t i = 0; i < N; i++) {
    a[2 * i + 1] = 3 * a[2 * i] - 0.5f * a[2 * i + 1] + 7;
    b[2 * i] = 0.3f * b[2 * i + 1] + 2 * b[2 * i];
  }
  clgan_eigen_covariance(a, N, 2, m, s1);
  clgan_eigen_covariance(b, N, 2, m + 2, s2);
  double product = s1[0] * s2[0] + 2 * s1[1] * s2[1] + s1[3] * s2[3];
  double dets = (s1[0] * s1[3] - s1[1] * s1[1]) * (s2[0] * s2[3] - s2[1] * s2[1]);
  double want = (m[0] - m[2]) * (m[0] - m[2]) + (m[1] - m[3]) * (m[1] - m[3]) + s1[0] + s1[3] + s2[0] + s2[3] -
                2 * sqrt(product + 2 * sqrt(dets));
  OK(clgan_measure_frechet(a, N, b, N, 2, &got, &error));
  NEAR(got, want, 1e-9);
  clgan_mem_free(x);
}

/* Fewer rows than features; identical sets; a shift. */
static void frechet_singular(void **state) {
  (void)state;
  enum { N = 20, D = 33 };
  float *x = normals(2 * N * D, 4), *y = x + N * D;
  double got, trace = 0, mean[D];
  double *s = clgan_mem_array(D * D, sizeof *s);
  memcpy(y, x, N * D * sizeof *x);
  clgan_eigen_covariance(x, N, D, mean, s);
  for (size_t i = 0; i < D; i++) trace += s[i * D + i];
  OK(clgan_measure_frechet(x, N, y, N, D, &got, &error));
  NEAR(got, 0, 1e-7 * trace);
  for (size_t i = 0; i < N * D; i++) y[i] += 2;
  OK(clgan_measure_frechet(x, N, y, N, D, &got, &error));
  NEAR(got, 4 * D, 1e-4);
  memset(y, 0, N * D * sizeof *y); /* no variance: |m|^2 + tr S */
  double want = trace;
  for (size_t i = 0; i < D; i++) want += mean[i] * mean[i];
  OK(clgan_measure_frechet(x, N, y, N, D, &got, &error));
  NEAR(got, want, 1e-9 * want);
  OK(clgan_measure_frechet(y, N, y, N, D, &got, &error));
  NEAR(got, 0, 0);
  FAILS(clgan_measure_frechet(x, 1, y, N, D, &got, &error), CLGAN_ERR_USAGE, "at least two");
  y[5] = NAN;
  FAILS(clgan_measure_frechet(x, N, y, N, D, &got, &error), CLGAN_ERR_NUMERIC, "feature 5 of row 0");
  clgan_mem_free(x);
  clgan_mem_free(s);
}

/* -- classifier score -- */

static void score_bounds(void **state) {
  (void)state;
  enum { N = 120, K = 6 };
  float p[N * K];
  double mean, deviation;
  for (size_t i = 0; i < N * K; i++) p[i] = 1.0f / K;
  clgan_measure_score(p, N, K, 10, &mean, &deviation);
  NEAR(mean, 1, 1e-7);
  NEAR(deviation, 0, 1e-7);
  for (size_t i = 0; i < N * K; i++) p[i] = i % K == i / K % K;
  clgan_measure_score(p, N, K, 10, &mean, &deviation);
  NEAR(mean, K, 1e-12);
  NEAR(deviation, 0, 1e-12);
  /* First half: one class only, 1; second half: two classes, 2. */
  for (size_t i = 0; i < N * K; i++) p[i] = i % K == (i / K < N / 2 ? 0 : 1 + i / K % 2);
  clgan_measure_score(p, N, K, 2, &mean, &deviation);
  NEAR(mean, 1.5, 1e-12);
  NEAR(deviation, 0.5, 1e-12);
  clgan_measure_score(p, 0, K, 2, &mean, &deviation);
  assert_true(mean == 0 && deviation == 0);
}

/* -- images -- */

static void likeness_equal(void **state) {
  (void)state;
  enum { N = 2, H = 13, W = 17, C = 3 };
  unsigned char x[N * H * W * C];
  struct clgan_likeness l;
  struct clgan_random r;
  clgan_random_init(&r, 1, 0, CLGAN_STREAM_INIT);
  for (size_t i = 0; i < sizeof x; i++) x[i] = (unsigned char)clgan_random_below(&r, 256);
  clgan_measure_likeness(x, x, N, H, W, C, &l);
  NEAR(l.mse, 0, 0);
  NEAR(l.mae, 0, 0);
  NEAR(l.psnr, 100, 0);
  NEAR(l.ssim, 1, 1e-12);
}

/* Constants p and q: SSIM (2 p q + C1) / (p^2 + q^2 + C1). */
static void likeness_constants(void **state) {
  (void)state;
  enum { H = 12, W = 11 };
  unsigned char x[2 * H * W], y[2 * H * W];
  struct clgan_likeness l;
  memset(x, 51, sizeof x);
  memset(y, 102, H * W);
  memset(y + H * W, 51, H * W);
  clgan_measure_likeness(x, y, 1, H, W, 1, &l);
  NEAR(l.mse, 0.04, 1e-15);
  NEAR(l.mae, 0.2, 1e-15);
  NEAR(l.psnr, -10 * log10(0.04), 1e-12);
  NEAR(l.ssim, (2 * 0.2 * 0.4 + 1e-4) / (0.04 + 0.16 + 1e-4), 1e-12);
  clgan_measure_likeness(x, y, 2, H, W, 1, &l); /* the second pair is equal */
  NEAR(l.mse, 0.02, 1e-15);
  NEAR(l.psnr, 50 - 5 * log10(0.04), 1e-12);
  clgan_measure_likeness(x, y, 1, 4, 1, 1, &l); /* smaller than the window */
  NEAR(l.ssim, (2 * 0.2 * 0.4 + 1e-4) / (0.04 + 0.16 + 1e-4), 1e-12);
  clgan_measure_likeness(x, y, 0, H, W, 1, &l);
  assert_true(l.mse == 0 && l.ssim == 0);
}

/* One window, by the formula written out, two channels of different content. */
static void likeness_window(void **state) {
  (void)state;
  enum { S = 11, C = 2 };
  unsigned char x[S * S * C], y[S * S * C];
  double want = 0;
  for (size_t i = 0; i < sizeof x; i++) {
    x[i] = (unsigned char)(i * 37 % 251);
    y[i] = (unsigned char)(i * i % 253);
  }
  for (size_t c = 0; c < C; c++) {
    double m[5] = {0}, sum = 0;
    for (int v = 0; v < S; v++)
      for (int u = 0; u < S; u++) {
        double weight = exp(-((u - 5) * (u - 5) + (v - 5) * (v - 5)) / 4.5), p = x[(v * S + u) * C + (int)c] / 255.0;
        double q = y[(v * S + u) * C + (int)c] / 255.0, add[5] = {p, q, p * p, q * q, p * q};
        sum += weight;
        for (int k = 0; k < 5; k++) m[k] += weight * add[k];
      }
    for (int k = 0; k < 5; k++) m[k] /= sum;
    want += (2 * m[0] * m[1] + 1e-4) * (2 * (m[4] - m[0] * m[1]) + 9e-4) /
            ((m[0] * m[0] + m[1] * m[1] + 1e-4) * (m[2] - m[0] * m[0] + m[3] - m[1] * m[1] + 9e-4)) / C;
  }
  struct clgan_likeness l;
  clgan_measure_likeness(x, y, 1, S, S, C, &l);
  NEAR(l.ssim, want, 1e-12);
}

/* -- nearest neighbours -- */

static double square_distance(const float *a, const float *b, size_t d) {
  double sum = 0;
  for (size_t i = 0; i < d; i++) sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
  return sum;
}

/* Every row against a search in double: the j-th distance agrees to float precision, the index is right or as near. */
static void check_nearest(const float *query, size_t nq, const float *base, size_t nb, size_t d, int k,
                          bool skip_self) {
  uint32_t *index = clgan_mem_array(nq * (size_t)k, sizeof *index);
  float *distance = clgan_mem_array(nq * (size_t)k, sizeof *distance);
  double *all = clgan_mem_array(nb, sizeof *all);
  OK(clgan_nearest(device, query, nq, base, nb, d, k, skip_self, index, distance, &error));
  for (size_t q = 0; q < nq; q++) {
    for (size_t b = 0; b < nb; b++) all[b] = square_distance(query + q * d, base + b * d, d);
    if (skip_self) all[q] = HUGE_VAL;
    for (int j = 0; j < k; j++) {
      size_t least = 0;
      for (size_t b = 1; b < nb; b++)
        if (all[b] < all[least]) least = b;
      uint32_t at = index[q * (size_t)k + (size_t)j];
      assert_true(at < nb);
      double want = all[least], got = all[at];
      if (!(fabs(got - want) <= 1e-7 * want) || (want == got && at != least))
        fail_msg("%zux%zux%zu, k %d: row %zu, neighbour %d: %u at %.9g, expected %zu at %.9g", nq, nb, d, k, q, j, at,
                 got, least, want);
      NEAR((double)distance[q * (size_t)k + (size_t)j], want, 1e-7 * want);
      all[at] = HUGE_VAL;
    }
  }
  clgan_mem_free(index);
  clgan_mem_free(distance);
  clgan_mem_free(all);
}

static void nearest_random(void **state) {
  (void)state;
  static const struct {
    size_t nq, nb, d;
    int k;
    bool skip_self;
  } rows[] = {{1, 1, 1, 1, false},    {3, 4, 2, 4, false},      {7, 17, 5, 16, true},      {33, 131, 13, 3, false},
              {50, 129, 67, 2, true}, {5, 1000, 130, 7, false}, {129, 4097, 9, 16, false}, {60, 60, 784, 1, true}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    float *base = normals(rows[i].nb * rows[i].d, 10 + i), *other = normals(rows[i].nq * rows[i].d, 50 + i);
    for (size_t e = 0; e < rows[i].nb * rows[i].d; e++) base[e] += 100; /* far from the origin */
    for (size_t e = 0; e < rows[i].nq * rows[i].d; e++) other[e] += 100;
    check_nearest(rows[i].skip_self ? base : other, rows[i].nq, base, rows[i].nb, rows[i].d, rows[i].k,
                  rows[i].skip_self);
    clgan_mem_free(base);
    clgan_mem_free(other);
  }
}

static void nearest_every_k(void **state) {
  (void)state;
  float *base = normals(211 * 7, 5), *query = normals(19 * 7, 6);
  for (int k = 1; k <= CLGAN_NEAREST_MAX; k++) check_nearest(query, 19, base, 211, 7, k, false);
  clgan_mem_free(base);
  clgan_mem_free(query);
}

/* Tight clusters far apart, where the product's rounding hides the order; every fifth row is there twice. */
static void nearest_clusters(void **state) {
  (void)state;
  enum { NB = 1300, NQ = 40, D = 31, CLUSTERS = 4 };
  float *centre = normals(CLUSTERS * D, 7), *base = normals(NB * D, 8), *query = normals(NQ * D, 9);
  for (size_t b = 0; b < NB; b++)
    for (size_t i = 0; i < D; i++) base[b * D + i] = 30 * centre[b % CLUSTERS * D + i] + 1e-3f * base[b * D + i];
  for (size_t b = 5; b < NB; b += 5) memcpy(base + b * D, base + (b - 3) * D, D * sizeof *base);
  for (size_t q = 0; q < NQ; q++)
    for (size_t i = 0; i < D; i++) query[q * D + i] = 30 * centre[q % CLUSTERS * D + i] + 1e-3f * query[q * D + i];
  check_nearest(query, NQ, base, NB, D, 5, false);
  check_nearest(base, NB, base, NB, D, 2, true);
  clgan_mem_free(centre);
  clgan_mem_free(base);
  clgan_mem_free(query);
}

/* All rows equal: the lowest indices. */
static void nearest_equal(void **state) {
  (void)state;
  enum { N = 700, D = 3 };
  static float x[N * D];
  uint32_t index[N * 2];
  float distance[N * 2];
  for (size_t i = 0; i < N * D; i++) x[i] = 0.1f * (float)(i % D) + 5;
  OK(clgan_nearest(device, x, N, x, N, D, 2, true, index, distance, &error));
  for (size_t i = 0; i < N; i++) {
    assert_int_equal(index[2 * i], i == 0 ? 1 : 0);
    assert_int_equal(index[2 * i + 1], i < 2 ? 2 : 1);
    assert_true(distance[2 * i] == 0 && distance[2 * i + 1] == 0);
  }
}

/* More base rows and more queries than a block of the device holds; tiny and huge numbers. */
static void nearest_blocks(void **state) {
  (void)state;
  enum { NB = 9001, NQ = 5003, D = 2 };
  float *base = normals(NB * D, 11), *query = normals(NQ * D, 12);
  for (size_t i = 0; i < NB * D; i++) base[i] *= 1e15f;
  for (size_t i = 0; i < NQ * D; i++) query[i] *= 1e15f;
  uint32_t *index = clgan_mem_array(NQ, sizeof *index);
  OK(clgan_nearest(device, query, NQ, base, NB, D, 1, false, index, NULL, &error));
  for (size_t q = 0; q < NQ; q += 97) {
    size_t least = 0;
    for (size_t b = 1; b < NB; b++)
      if (square_distance(query + q * D, base + b * D, D) < square_distance(query + q * D, base + least * D, D))
        least = b;
    assert_int_equal(index[q], least);
  }
  clgan_mem_free(base);
  clgan_mem_free(query);
  clgan_mem_free(index);
}

static void nearest_refuses(void **state) {
  (void)state;
  float x[12] = {0};
  uint32_t index[64];
  FAILS(clgan_nearest(device, x, 4, x, 3, 3, 4, false, index, NULL, &error), CLGAN_ERR_USAGE, "k = 4 of 3 points");
  FAILS(clgan_nearest(device, x, 3, x, 3, 3, 3, true, index, NULL, &error), CLGAN_ERR_USAGE,
        "k = 3 of 2 points beside each one");
  FAILS(clgan_nearest(device, x, 3, x, 3, 3, 0, true, index, NULL, &error), CLGAN_ERR_USAGE, "expected 1 to 16");
  FAILS(clgan_nearest(device, x, 3, x, 3, 3, 17, true, index, NULL, &error), CLGAN_ERR_USAGE, "expected 1 to 16");
  OK(clgan_nearest(device, x, 0, x, 3, 3, 1, false, index, NULL, &error));
  x[4] = NAN;
  FAILS(clgan_nearest(device, x, 1, x, 3, 3, 1, false, index, NULL, &error), CLGAN_ERR_NUMERIC,
        "points searched hold a value");
}

/* -- precision and recall -- */

static void precision_recall_known(void **state) {
  (void)state;
  /* Real: 0, 1, 2, 3 and 10; k = 1: radii 1, 1, 1, 1, 7. Fake: 0.5, 3.9, 4.1, 20, 20.5: two in the balls about 0..3, one within 7 of 10 (as
   * is 3.9). Radii of the fakes 3.4, 0.2, 0.2, 0.5, 0.5: those of 0.5 hold 0..3, none holds 10. */
  const float real[5] = {0, 1, 2, 3, 10}, fake[5] = {0.5f, 3.9f, 4.1f, 20, 20.5f};
  double precision, recall;
  OK(clgan_measure_precision_recall(device, real, 5, fake, 5, 1, 1, &precision, &recall, &error));
  NEAR(precision, 3.0 / 5, 0);
  NEAR(recall, 4.0 / 5, 0);
}

static void precision_recall_brute(void **state) {
  (void)state;
  enum { NR = 301, NF = 257, D = 6, K = 3 };
  float *real = normals(NR * D, 21), *fake = normals(NF * D, 22);
  double precision, recall, want[2];
  for (size_t i = 0; i < NF * D; i++) fake[i] = 0.7f * fake[i] + 0.4f;
  for (int way = 0; way < 2; way++) {
    const float *among = way ? fake : real, *x = way ? real : fake;
    size_t n_among = way ? NF : NR, n = way ? NR : NF, hits = 0;
    double radius[NR];
    for (size_t i = 0; i < n_among; i++) {
      double near[K] = {HUGE_VAL, HUGE_VAL, HUGE_VAL};
      for (size_t j = 0; j < n_among; j++) {
        double v = square_distance(among + i * D, among + j * D, D);
        for (int k = 0; k < K && i != j; k++)
          if (v < near[k]) {
            double t = near[k];
            near[k] = v;
            v = t;
          }
      }
      radius[i] = near[K - 1];
    }
    for (size_t i = 0; i < n; i++) {
      bool in = false;
      for (size_t j = 0; j < n_among; j++) in |= square_distance(x + i * D, among + j * D, D) <= radius[j];
      hits += in;
    }
    want[way] = (double)hits / (double)n;
  }
  assert_true(want[0] > 0.5 && want[0] < 1 && want[1] > 0.2 && want[1] < 1);
  OK(clgan_measure_precision_recall(device, real, NR, fake, NF, D, K, &precision, &recall, &error));
  NEAR(precision, want[0], 1e-12);
  NEAR(recall, want[1], 1e-12);
  OK(clgan_measure_precision_recall(device, real, NR, real, NR, D, K, &precision, &recall, &error));
  assert_true(precision == 1 && recall == 1);
  FAILS(clgan_measure_precision_recall(device, real, 3, fake, NF, D, K, &precision, &recall, &error), CLGAN_ERR_USAGE,
        "k = 3 of 2");
  clgan_mem_free(real);
  clgan_mem_free(fake);
}

/* -- kernel distance -- */

/* (x.y / d + 1)^3 by hand: d = 1, a = {0, 1}, b = {2, 3}: within a 1, within b 343, across (1 + 1 + 27 + 64) / 4. */
static void kernel_distance_known(void **state) {
  (void)state;
  static const float a[] = {0, 1}, b[] = {2, 3};
  double x, se;
  OK(clgan_measure_kernel_distance(a, b, 2, 1, 1, &x, &se, &error));
  NEAR(x, 1 + 343 - 2 * 93 / 4.0, 1e-12);
  assert_true(isnan(se));
  FAILS(clgan_measure_kernel_distance(a, b, 1, 1, 1, &x, &se, &error), CLGAN_ERR_USAGE, "at least two");
}

/* N(0,1)^4 against itself: around 0 by its standard error; against N(m,1)^4 the closed form: with u = x.y / 4 of mean s and
   central moments v, t, E (u + 1)^3 = (1 + s)^3 + 3 (1 + s) v + t. */
static void kernel_distance_gaussians(void **state) {
  (void)state;
  enum { N = 1500, D = 4 };
  const double m = 0.6;
  float *a = normals(N * D, 31), *b = normals(N * D, 32);
  double x, se;
  OK(clgan_measure_kernel_distance(a, b, N, D, 10, &x, &se, &error));
  assert_true(se > 0 && fabs(x) < 4 * se);
  for (int i = 0; i < N * D; i++) b[i] += (float)m;
  OK(clgan_measure_kernel_distance(a, b, N, D, 10, &x, &se, &error));
  /* x.y over D numbers: both N(0,1): variance D; one N(m,1): D (1 + m^2); both: mean D m^2, variance D (1 + 2 m^2), third
     central moment 6 D m^2. */
  double own = 1 + 3.0 / D, across = 1 + 3 * (1 + m * m) / D, s = m * m;
  double moved = pow(1 + s, 3) + 3 * (1 + s) * (1 + 2 * s) / D + 6 * s / (D * D);
  NEAR(x, own + moved - 2 * across, 0.12 * (own + moved - 2 * across));
  clgan_mem_free(a);
  clgan_mem_free(b);
}

/* -- sharpness -- */

/* An impulse of height v inside n inner pixels has Laplacians -4v, v, v, v, v: variance 20 v v / n. */
static void sharpness_known(void **state) {
  (void)state;
  enum { H = 8, W = 10 };
  unsigned char x[4][H * W] = {{0}}, colour[H * W * 3] = {0};
  double out[4];
  x[0][3 * W + 4] = 50;
  memset(x[1], 77, sizeof x[1]);
  for (int i = 0; i < H * W; i++) x[2][i] = (unsigned char)(5 * (i % W) + 3 * (i / W)); /* a slope has none */
  for (int i = 0; i < H * W; i++) x[3][i] = (unsigned char)((i % W + i / W) % 2 ? 10 : 0);
  clgan_measure_sharpness(x[0], 4, H, W, 1, out);
  NEAR(out[0], 20 * 50.0 * 50 / ((H - 2) * (W - 2)), 1e-9);
  assert_true(out[1] == 0 && out[2] == 0);
  NEAR(out[3], 40.0 * 40, 1e-9); /* +-40 in turns */
  for (int c = 0; c < 3; c++) colour[(3 * W + 4) * 3 + c] = 50;
  clgan_measure_sharpness(colour, 1, H, W, 3, out);
  NEAR(out[0], 20 * 50.0 * 50 / ((H - 2) * (W - 2)), 1e-6);
  clgan_measure_sharpness(x[0], 1, 2, 2, 1, out);
  assert_true(out[0] == 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wilson_published),       cmocka_unit_test(wilson_ends),
      cmocka_unit_test(eigen_closed_form),      cmocka_unit_test(eigen_random),
      cmocka_unit_test(eigen_not_finite),       cmocka_unit_test(frechet_gaussians),
      cmocka_unit_test(frechet_plane),          cmocka_unit_test(frechet_singular),
      cmocka_unit_test(score_bounds),           cmocka_unit_test(likeness_equal),
      cmocka_unit_test(likeness_constants),     cmocka_unit_test(likeness_window),
      cmocka_unit_test(nearest_random),         cmocka_unit_test(nearest_every_k),
      cmocka_unit_test(nearest_clusters),       cmocka_unit_test(nearest_equal),
      cmocka_unit_test(nearest_blocks),         cmocka_unit_test(nearest_refuses),
      cmocka_unit_test(precision_recall_known), cmocka_unit_test(precision_recall_brute),
      cmocka_unit_test(kernel_distance_known),  cmocka_unit_test(kernel_distance_gaussians),
      cmocka_unit_test(sharpness_known),
  };
  return cmocka_run_group_tests(tests, device_open, device_close);
}
