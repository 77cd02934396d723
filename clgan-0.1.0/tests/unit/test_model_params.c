/* test_model_params.c: layouts of parameters in files and on the device, and initial values. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "model/model.h"
#include "unit.h"

static struct clgan_model *load(const char *spec, int base, const char *const *sets, size_t n) {
  struct clgan_error e = {0};
  struct clgan_model *m = NULL;
  if (clgan_model_load(spec, base, sets, n, &m, &e) != CLGAN_OK) fail_msg("%s", e.text);
  return m;
}

static const struct clgan_param *param(const struct clgan_model *m, int net, const char *name) {
  int i = clgan_net_param(&m->nets[net], name);
  if (i < 0) fail_msg("no %s", name);
  return &m->nets[net].params[i];
}

static void check_permutation(const struct clgan_param *p) {
  unsigned char *seen = clgan_mem_alloc(p->count);
  float *file = clgan_mem_array(p->count, sizeof *file), *device = clgan_mem_array(p->count, sizeof *device);
  size_t count = 1;
  for (int d = 0; d < p->dims; d++) count *= (size_t)p->file_shape[d];
  assert_int_equal(count, p->count);
  assert_int_equal(clgan_shape_count(p->shape), p->count);
  for (size_t e = 0; e < p->count; e++) {
    size_t f = clgan_param_file_index(p, e);
    assert_true(f < p->count && !seen[f]);
    seen[f] = 1;
    device[e] = (float)e;
  }
  clgan_param_to_file(p, device, file);
  memset(device, 0, p->count * sizeof *device);
  clgan_param_to_device(p, file, device);
  for (size_t e = 0; e < p->count; e++) assert_true(device[e] == (float)e);
  clgan_mem_free(seen), clgan_mem_free(file), clgan_mem_free(device);
}

static void layouts_are_permutations(void **state) {
  static const char *const specs[] = {"digits", "faces64", "bigan-mlp"};
  (void)state;
  for (int s = 0; s < 3; s++) {
    struct clgan_model *m = load(specs[s], 2, NULL, 0);
    for (int k = 0; k < 3; k++) {
      size_t end = 0;
      for (size_t i = 0; i < m->nets[k].n_params; i++) {
        const struct clgan_param *p = &m->nets[k].params[i];
        check_permutation(p);
        if (!p->trainable) continue;
        assert_true(p->offset % CLGAN_ALIGN == 0 && p->offset >= end);
        end = p->offset + p->count;
      }
      assert_true(m->nets[k].group_count >= end && m->nets[k].group_count % CLGAN_ALIGN == 0);
    }
    clgan_model_destroy(m);
  }
}

/* Single elements, by the definitions of both layouts. */
static void layouts_by_element(void **state) {
  (void)state;
  struct clgan_model *m = load("digits", 3, NULL, 0);
  const struct clgan_param *p = param(m, CLGAN_NET_E, "conv2.weight"); /* O 6, I 3, 4x4 */
  /* device [kh=1][kw=2][I=2][O=5] is file [5][2][1][2] */
  assert_int_equal(clgan_param_file_index(p, ((1 * 4 + 2) * 3 + 2) * 6 + 5), ((5 * 3 + 2) * 4 + 1) * 4 + 2);
  p = param(m, CLGAN_NET_G, "up2.weight"); /* I 6, O 3 */
  assert_int_equal(clgan_param_file_index(p, ((1 * 4 + 2) * 6 + 5) * 3 + 2), ((5 * 3 + 2) * 4 + 1) * 4 + 2);
  assert_int_equal(p->fan_in, 3 * 16);
  p = param(m, CLGAN_NET_G, "fc.weight"); /* in 60, out 6 channels of 7x7 */
  assert_int_equal(clgan_param_file_index(p, 59 * 294 + (2 * 7 + 3) * 6 + 4), ((4 * 7 + 2) * 7 + 3) * 60 + 59);
  p = param(m, CLGAN_NET_D, "fc.weight"); /* in 6 channels of 7x7, out 24 */
  assert_int_equal(clgan_param_file_index(p, ((2 * 7 + 3) * 6 + 4) * 24 + 11), 11 * 294 + (4 * 7 + 2) * 7 + 3);
  p = param(m, CLGAN_NET_D, "fc.v");
  assert_int_equal(clgan_param_file_index(p, (2 * 7 + 3) * 6 + 4), (4 * 7 + 2) * 7 + 3);
  p = param(m, CLGAN_NET_D, "conv2.v"); /* I 3, 4x4 */
  assert_int_equal(clgan_param_file_index(p, (1 * 4 + 2) * 3 + 2), (2 * 4 + 1) * 4 + 2);
  assert_int_equal(clgan_param_file_index(param(m, CLGAN_NET_D, "conv2.u"), 5), 5);
  clgan_model_destroy(m);
}

static double spread(const float *x, size_t n, double *largest) {
  double sum = 0;
  *largest = 0;
  for (size_t i = 0; i < n; i++) {
    sum += (double)x[i] * (double)x[i];
    if (fabs((double)x[i]) > *largest) *largest = fabs((double)x[i]);
  }
  return sqrt(sum / (double)n);
}

static void initial_values(void **state) {
  double largest;
  (void)state;
  struct clgan_model *m = load("faces64", 4, NULL, 0);
  const struct clgan_net *g = &m->nets[CLGAN_NET_G];
  int i = clgan_net_param(g, "up1.weight");
  const struct clgan_param *p = &g->params[i];
  float *x = clgan_mem_array(p->count, sizeof *x), *y = clgan_mem_array(p->count, sizeof *y);
  double bound = 1 / sqrt(16 * 16.0);
  clgan_param_init(m, g, (size_t)i, 5, x);
  assert_true(fabs(spread(x, p->count, &largest) / (bound / sqrt(3)) - 1) < 0.02 && largest <= bound &&
              largest > 0.99 * bound);
  clgan_param_init(m, g, (size_t)i, 5, y);
  assert_memory_equal(x, y, p->count * sizeof *x);
  clgan_param_init(m, g, (size_t)i, 6, y);
  assert_memory_not_equal(x, y, p->count * sizeof *x);
  clgan_mem_free(x), clgan_mem_free(y);
  /* the condition's columns of G.fc start 1/sqrt(tile) as large; device layout [in][out] */
  i = clgan_net_param(g, "fc.weight");
  p = &g->params[i];
  size_t out = (size_t)p->file_shape[0];
  x = clgan_mem_array(p->count, sizeof *x);
  clgan_param_init(m, g, (size_t)i, 5, x);
  double z = spread(x, 128 * out, &largest), c = spread(x + 128 * out, 100 * out, &largest);
  assert_true(fabs(z / c / sqrt(50) - 1) < 0.02);
  clgan_mem_free(x);
  clgan_model_destroy(m);
  m = load("bigan-mlp", 4, NULL, 0);
  p = &m->nets[CLGAN_NET_E].params[0];
  x = clgan_mem_array(p->count, sizeof *x);
  clgan_param_init(m, &m->nets[CLGAN_NET_E], 0, 5, x);
  assert_true(fabs(spread(x, p->count, &largest) / 0.02 - 1) < 0.02 && largest > 0.06);
  clgan_mem_free(x);
  clgan_model_destroy(m);
}

/* After the start's power iterations u' W v is the largest singular value: W v / u is that of W'W. */
static void spectral_start(void **state) {
  (void)state;
  struct clgan_model *m = load("digits", 2, NULL, 0);
  const struct clgan_net *d = &m->nets[CLGAN_NET_D];
  float *group = clgan_mem_array(d->group_count, sizeof *group), **other = clgan_mem_array(d->n_params, sizeof *other);
  for (size_t i = 0; i < d->n_params; i++)
    if (!d->params[i].trainable) other[i] = clgan_mem_array(d->params[i].count, sizeof **other);
  clgan_net_init(m, d, 1, group, other);
  const struct clgan_param *w =
      param(m, CLGAN_NET_D, "out.weight"); /* one row: sigma is its norm, v the row's direction */
  const float *v = other[clgan_net_param(d, "out.v")];
  double norm = 0;
  for (size_t i = 0; i < w->count; i++) norm += (double)group[w->offset + i] * (double)group[w->offset + i];
  for (size_t i = 0; i < w->count; i++)
    assert_true(fabs(fabs((double)v[i]) - fabs((double)group[w->offset + i]) / sqrt(norm)) < 1e-6);
  for (size_t i = 0; i < d->n_params; i++) clgan_mem_free(other[i]);
  clgan_mem_free(other), clgan_mem_free(group);
  clgan_model_destroy(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(layouts_are_permutations),
      cmocka_unit_test(layouts_by_element),
      cmocka_unit_test(initial_values),
      cmocka_unit_test(spectral_start),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
