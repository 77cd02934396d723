/* test_cluster.c - k-means, agreement with labels, probes, principal components, Kolmogorov-Smirnov distance: against
 * closed forms and values worked out by hand. */
#include "device.h"
#include "train/cluster.h"

/* -- k-means -- */

/* Rows 2 apart in pairs around k far centres: every cluster is one group, with inertia of its own spread. */
static void kmeans_groups(void **state) {
  (void)state;
  enum { N = 240, D = 3, K = 6 };
  float x[N * D];
  for (size_t i = 0; i < N; i++)
    for (size_t j = 0; j < D; j++) x[i * D + j] = 100 * (float)((i % K) * (j + 1) % K) + (i / K % 2 ? 1.0f : -1.0f);
  struct clgan_kmeans m, again;
  OK(clgan_kmeans_fit(device, x, N, D, K, 5, 1, &m, &error));
  NEAR(m.inertia, N * D, 0);
  assert_true(m.settled);
  for (size_t i = 0; i < N; i++) {
    assert_int_equal(m.cluster[i], m.cluster[i % K]);
    for (size_t j = 0; j < D; j++)
      NEAR((double)m.centre[m.cluster[i] * D + j], 100 * (double)((i % K) * (j + 1) % K), 0);
    for (size_t c = 0; c < i % K; c++) assert_true(m.cluster[i] != m.cluster[c]);
  }
  OK(clgan_kmeans_fit(device, x, N, D, K, 5, 1, &again, &error));
  assert_memory_equal(m.cluster, again.cluster, N * sizeof *m.cluster);
  assert_memory_equal(m.centre, again.centre, K * D * sizeof *m.centre);
  clgan_kmeans_free(&m);
  clgan_kmeans_free(&again);
}

/* At the end every row is with its nearest centre and every centre is the mean of its rows; one cluster: the variance. */
static void kmeans_fixed_point(void **state) {
  (void)state;
  enum { N = 500, D = 5, K = 7 };
  float *x = normals(N * D, 1);
  struct clgan_kmeans m;
  OK(clgan_kmeans_fit(device, x, N, D, K, 2, 3, &m, &error));
  double inertia = 0;
  assert_true(m.settled);
  for (size_t i = 0; i < N; i++) {
    double least = HUGE_VAL, own = 0;
    for (size_t c = 0; c < K; c++) {
      double v = 0;
      for (size_t j = 0; j < D; j++) v += pow((double)x[i * D + j] - (double)m.centre[c * D + j], 2);
      least = fmin(least, v);
      if (c == m.cluster[i]) own = v;
    }
    NEAR(own, least, 0);
    inertia += own;
  }
  NEAR(m.inertia, inertia, 1e-9);
  for (size_t c = 0; c < K; c++)
    for (size_t j = 0; j < D; j++) {
      double sum = 0, count = 0;
      for (size_t i = 0; i < N; i++)
        if (m.cluster[i] == c) sum += (double)x[i * D + j], count++;
      assert_true(count > 0);
      NEAR((double)m.centre[c * D + j], sum / count, 1e-6);
    }
  clgan_kmeans_free(&m);
  double total = 0;
  for (size_t j = 0; j < D; j++) {
    double sum = 0, square = 0;
    for (size_t i = 0; i < N; i++) sum += (double)x[i * D + j], square += pow((double)x[i * D + j], 2);
    total += square - sum * sum / N;
  }
  OK(clgan_kmeans_fit(device, x, N, D, 1, 1, 3, &m, &error));
  NEAR(m.inertia, total, 1e-4);
  clgan_kmeans_free(&m);
  clgan_mem_free(x);
}

/* As many clusters as rows, some rows equal; more restarts are never worse. */
static void kmeans_corners(void **state) {
  (void)state;
  float x[12] = {0, 0, 0, 0, 5, 5, 7, 7, 7, 7, 9, 1};
  struct clgan_kmeans m;
  OK(clgan_kmeans_fit(device, x, 6, 2, 6, 1, 3, &m, &error));
  NEAR(m.inertia, 0, 0);
  clgan_kmeans_free(&m);
  float *y = normals(600, 4);
  double inertia[3];
  for (int r = 1; r <= 3; r++) {
    OK(clgan_kmeans_fit(device, y, 300, 2, 9, r, 5, &m, &error));
    inertia[r - 1] = m.inertia;
    clgan_kmeans_free(&m);
  }
  assert_true(inertia[1] <= inertia[0] && inertia[2] <= inertia[1]);
  clgan_mem_free(y);
  FAILS(clgan_kmeans_fit(device, x, 6, 2, 7, 1, 3, &m, &error), CLGAN_ERR_USAGE, "7 clusters of 6 rows");
  x[5] = NAN;
  FAILS(clgan_kmeans_fit(device, x, 6, 2, 2, 1, 3, &m, &error), CLGAN_ERR_NUMERIC, "column 1 of row 2");
}

/* -- agreement -- */

static void agreement_known(void **state) {
  (void)state;
  const uint32_t same[6] = {2, 2, 0, 0, 1, 1}, one[6] = {0}, half[6] = {0, 0, 0, 1, 1, 1};
  const unsigned char label[6] = {7, 7, 3, 3, 255, 255};
  const uint32_t crossed[4] = {0, 0, 1, 1};
  const unsigned char across[4] = {0, 1, 0, 1}, flat[6] = {9, 9, 9, 9, 9, 9};
  double purity, nmi;
  clgan_kmeans_agreement(same, label, 6, 3, &purity, &nmi);
  NEAR(purity, 1, 0);
  NEAR(nmi, 1, 1e-12);
  clgan_kmeans_agreement(crossed, across, 4, 2, &purity, &nmi);
  NEAR(purity, 0.5, 0);
  NEAR(nmi, 0, 1e-12);
  clgan_kmeans_agreement(one, label, 6, 1, &purity, &nmi);
  NEAR(purity, 1.0 / 3, 1e-15);
  NEAR(nmi, 0, 1e-12);
  clgan_kmeans_agreement(one, flat, 6, 1, &purity, &nmi);
  assert_true(purity == 1 && nmi == 1);
  /* Clusters {7,7,3}, {3,255,255}: H(label) = ln 3, H(cluster) = ln 2, H(both) = 2 (1/3 ln 3) + 2 (1/6 ln 6). */
  clgan_kmeans_agreement(half, label, 6, 2, &purity, &nmi);
  NEAR(purity, 4.0 / 6, 1e-15);
  NEAR(nmi, 2 * (log(3) + log(2) - 2 * log(3) / 3 - log(6) / 3) / (log(3) + log(2)), 1e-12);
  clgan_kmeans_agreement(half, label, 0, 2, &purity, &nmi);
  assert_true(purity == 0 && nmi == 0);
}

/* -- logistic regression -- */

/* One column of -1 and 1, labels with frequencies 3/4 and 1/5: without penalty the fit gives these probabilities. */
static void classify_frequencies(void **state) {
  (void)state;
  enum { N = 40 };
  float x[2 * N];
  unsigned char label[N];
  for (size_t i = 0; i < N; i++) {
    x[2 * i] = i < 20 ? -1 : 1;
    x[2 * i + 1] = 0.1f; /* does not vary */
    label[i] = i < 20 ? i % 4 == 0 : i % 5 == 0;
  }
  struct clgan_probe_classes p;
  OK(clgan_probe_classify(x, label, N, x, label, N, 2, 2, 0, &p, &error));
  double a = 0.25, b = 0.2, want = -(a * log(a) + (1 - a) * log(1 - a) + b * log(b) + (1 - b) * log(1 - b)) / 2;
  NEAR(p.loss, want, 1e-9);
  assert_true(p.converged);
  NEAR(p.accuracy, 31.0 / 40, 0);
  NEAR(p.train_accuracy, 31.0 / 40, 0);
  NEAR(p.majority, 31.0 / 40, 0);
  assert_int_equal(p.hits, 31);
}

/* The penalised optimum of one symmetric feature, found by bisection. */
static void classify_penalty(void **state) {
  (void)state;
  enum { N = 10 };
  float x[N];
  unsigned char label[N];
  const double l2 = 0.05;
  for (size_t i = 0; i < N; i++) {
    label[i] = (unsigned char)(i % 2);
    x[i] = i % 2 ? 3.5f : -1.5f; /* standardised: 1, -1 */
  }
  /* Weights w and -w of the two classes: loss log(1 + exp(-2 w)) + l2 w^2, so l2 w = 1 / (1 + exp(2 w)). */
  double low = 0, high = 50;
  for (int i = 0; i < 200; i++) {
    double w = (low + high) / 2;
    if (l2 * w < 1 / (1 + exp(2 * w)))
      low = w;
    else
      high = w;
  }
  struct clgan_probe_classes p;
  OK(clgan_probe_classify(x, label, N, x, label, N, 1, 2, l2, &p, &error));
  NEAR(p.loss, log(1 + exp(-2 * low)), 1e-6);
  assert_true(p.converged && p.accuracy == 1);
}

/* Ten groups that a linear model can tell, many rows; then labels that have nothing to do with x. */
static void classify_groups(void **state) {
  (void)state;
  enum { N = 1500, T = 700, D = 12, K = 10 };
  float *centre = normals(K * D, 1), *x = normals((N + T) * D, 2);
  unsigned char label[N + T];
  for (size_t i = 0; i < N + T; i++) {
    label[i] = (unsigned char)(i * 7 % K);
    for (size_t j = 0; j < D; j++) x[i * D + j] = 0.2f * x[i * D + j] + centre[label[i] * D + j];
  }
  struct clgan_probe_classes p;
  OK(clgan_probe_classify(x, label, N, x + N * D, label + N, T, D, K, 1e-4, &p, &error));
  assert_true(p.accuracy > 0.995 && p.train_accuracy > 0.995 && p.converged);
  NEAR(p.majority, 0.1, 1e-9);
  float *noise = normals((N + T) * D, 3);
  OK(clgan_probe_classify(noise, label, N, noise + N * D, label + N, T, D, K, 1e-4, &p, &error));
  assert_true(p.accuracy > 0.05 && p.accuracy < 0.16 && p.loss < log(K) && p.loss > log(K) - 0.1 && p.converged);
  clgan_mem_free(centre);
  clgan_mem_free(x);
  clgan_mem_free(noise);
}

static void classify_refuses(void **state) {
  (void)state;
  float x[4] = {1, 2, 3, 4};
  unsigned char label[4] = {0, 1, 2, 1};
  struct clgan_probe_classes p;
  FAILS(clgan_probe_classify(x, label, 4, x, label, 4, 1, 2, 0, &p, &error), CLGAN_ERR_USAGE, "label 2 of row 2");
  FAILS(clgan_probe_classify(x, label, 0, x, label, 4, 1, 3, 0, &p, &error), CLGAN_ERR_USAGE, "0 rows to fit to");
  FAILS(clgan_probe_classify(x, label, 4, x, label, 4, 1, 257, 0, &p, &error), CLGAN_ERR_USAGE, "257 classes");
  x[1] = INFINITY;
  FAILS(clgan_probe_classify(x, label, 4, x, label, 4, 1, 3, 0, &p, &error), CLGAN_ERR_NUMERIC, "row 1");
}

/* -- ridge regression -- */

static void regress_exact(void **state) {
  (void)state;
  enum { N = 200, D = 4 };
  float *x = normals(N * D, 5), y[N];
  for (size_t i = 0; i < N; i++) {
    x[i * D + 3] = x[i * D]; /* twice the same column */
    y[i] = 3 * x[i * D] - 2 * x[i * D + 1] + 50;
  }
  struct clgan_probe_number p;
  OK(clgan_probe_regress(x, y, N / 2, x + N / 2 * D, y + N / 2, N / 2, D, 0, &p, &error));
  NEAR(p.r2, 1, 1e-10);
  NEAR(p.mae, 0, 1e-4);
  assert_true(p.mae_0 > 1);
  clgan_mem_free(x);
}

/* One column of -1, 1: with penalty l the weight is cov / (1 + l). */
static void regress_shrinks(void **state) {
  (void)state;
  const float x[4] = {-1, 1, -1, 1}, y[4] = {8, 12, 8, 12};
  struct clgan_probe_number p;
  OK(clgan_probe_regress(x, y, 4, x, y, 4, 1, 1, &p, &error));
  NEAR(p.r2, 0.75, 1e-12);
  NEAR(p.mae, 1, 1e-12);
  NEAR(p.mae_0, 2, 1e-12);
}

/* -- principal components -- */

/* Points along (3, 4) / 5 with a little across it: variances 25 a^2 and b^2 by hand. */
static void pca_plane(void **state) {
  (void)state;
  float x[8] = {6, 8, -6, -8, 4, -3, -4, 3}, projected[8];
  struct clgan_pca p;
  for (int i = 0; i < 8; i += 2) x[i] += 1, x[i + 1] += 2;
  OK(clgan_pca_fit(x, 4, 2, &p, &error));
  NEAR(p.mean[0], 1, 1e-12);
  NEAR(p.mean[1], 2, 1e-12);
  NEAR(p.variance[0], 200.0 / 3, 1e-9);
  NEAR(p.variance[1], 50.0 / 3, 1e-9);
  NEAR(p.component[0], 0.6, 1e-9);
  NEAR(p.component[1], 0.8, 1e-9);
  clgan_pca_project(&p, x, 4, 2, projected);
  NEAR((double)projected[0], 10, 1e-5);
  NEAR((double)projected[1], 0, 1e-5);
  NEAR(fabs((double)projected[5]), 5, 1e-5);
  clgan_pca_free(&p);
  FAILS(clgan_pca_fit(x, 1, 2, &p, &error), CLGAN_ERR_USAGE, "at least two rows");
  clgan_pca_free(&p);
}

/* -- Kolmogorov-Smirnov distance -- */

static void ks_known(void **state) {
  (void)state;
  enum { N = 1000 };
  float x[2 * N], one[1] = {0}, nan[3] = {0, NAN, 1};
  for (size_t i = 0; i < N; i++) x[2 * ((i * 7) % N)] = (2 * (float)i + 1) / N - 1; /* the middles of N parts */
  NEAR(clgan_ks_distance(x, N, 2, false), 0.5 / N, 1e-7);
  for (size_t i = 0; i < N; i++) x[2 * i] = 0.5f * x[2 * i]; /* half as wide: F differs by 1/4 at -1/2 and 1/2 */
  NEAR(clgan_ks_distance(x, N, 2, false), 0.25, 1e-3);
  NEAR(clgan_ks_distance(one, 1, 1, false), 0.5, 1e-12);
  NEAR(clgan_ks_distance(one, 1, 1, true), 0.5, 1e-12);
  one[0] = 1.959964f;
  NEAR(clgan_ks_distance(one, 1, 1, true), 0.975, 1e-6);
  one[0] = 3;
  NEAR(clgan_ks_distance(one, 1, 1, false), 1, 0);
  NEAR(clgan_ks_distance(nan, 3, 1, true), 1, 0);
  NEAR(clgan_ks_distance(nan, 0, 1, true), 0, 0);
}

static void ks_samples(void **state) {
  (void)state;
  enum { N = 20000 };
  float *x = normals(N, 7);
  double own = clgan_ks_distance(x, N, 1, true);
  assert_true(own > 0 && own < 1.95 / sqrt(N)); /* 0.1 % */
  assert_true(clgan_ks_distance(x, N, 1, false) > 0.15);
  for (size_t i = 0; i < N; i++) x[i] += 0.1f;
  NEAR(clgan_ks_distance(x, N, 1, true), erf(0.05 / sqrt(2)), 0.01);
  clgan_mem_free(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kmeans_groups),
      cmocka_unit_test(kmeans_fixed_point),
      cmocka_unit_test(kmeans_corners),
      cmocka_unit_test(agreement_known),
      cmocka_unit_test(classify_frequencies),
      cmocka_unit_test(classify_penalty),
      cmocka_unit_test(classify_groups),
      cmocka_unit_test(classify_refuses),
      cmocka_unit_test(regress_exact),
      cmocka_unit_test(regress_shrinks),
      cmocka_unit_test(pca_plane),
      cmocka_unit_test(ks_known),
      cmocka_unit_test(ks_samples),
  };
  return cmocka_run_group_tests(tests, device_open, device_close);
}
