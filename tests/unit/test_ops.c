/* test_ops.c - every row of the shared case table, on the selected device ($CLGAN_DEVICE, $CLGAN_FAMILY): results and
 * gradients against the double-precision interpreter, gradients against central differences, the same bits twice, NaN
 * let through. usage: test_ops [--small] [--verbose] [FAMILY | FAMILY/CASE | ^FAMILY]...
 * --small: only what is fit for Oclgrind, and nothing twice; ^FAMILY: all but this one */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "base/mem.h"
#include "base/philox.h"
#include "graph/graph.h"
#include "ops/cases.h"

#define MAX_INPUTS 16
#define MAX_KEEP 16
#define SEED 1

static struct {
  struct clgan_cl *cl;
  bool small, verbose;
  char **wanted;
  int n_wanted;
} test;

/* One case, built: the forward part alone or with its gradients. */
struct built {
  struct clgan_ir *g;
  int out, seed, coef; /* seed: values that weigh the output's elements; coef: the step constants of a loss */
  int wrt[MAX_INPUTS], grad[MAX_INPUTS], n_wrt;
  int keep[MAX_KEEP], n_keep; /* outputs of the last node, then gradients */
  const char *keep_name[MAX_KEEP];
  int padded[MAX_INPUTS + 2], of[MAX_INPUTS + 2], n_padded; /* longer inputs, and those whose memory they are */
};

static const float loss_weight = 0.75f;

static bool is_loss(const struct clgan_ir *g, int v) {
  int producer = g->values[v].producer;
  return producer >= 0 && g->nodes[producer].op >= CLGAN_OP_LOSS_GAN && g->nodes[producer].op <= CLGAN_OP_LOSS_CE;
}

static int complain(const struct clgan_case *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int complain(const struct clgan_case *c, const char *format, ...) {
  va_list ap;
  va_start(ap, format);
  fprintf(stderr, "  %s: ", c->name);
  vfprintf(stderr, format, ap);
  fputc('\n', stderr);
  va_end(ap);
  return 1;
}

/* Adds what differentiation starts from; the same values in the forward graph, so that both number their inputs alike.
 */
static void add_seed(struct built *b) {
  b->seed = b->coef = CLGAN_NONE;
  if (is_loss(b->g, b->out))
    b->coef = clgan_ir_input(b->g, "coef+~", CLGAN_F32, clgan_shape_of(1, 1, 1, 3));
  else
    b->seed = clgan_ir_input(b->g, "seed@0*1~", CLGAN_F32, clgan_ir_shape(b->g, b->out));
}

static enum clgan_status build(struct built *b, const struct clgan_case *c, bool gradients) {
  memset(b, 0, sizeof *b);
  b->g = clgan_ir_create();
  b->out = c->build(b->g, c);
  if (b->g->error.status) return b->g->error.status;
  const struct clgan_node *last = &b->g->nodes[b->g->values[b->out].producer];
  for (int k = 0; k < last->n_out; k++) {
    b->keep_name[b->n_keep] = "output";
    b->keep[b->n_keep++] = last->out[k];
  }
  for (size_t v = 0; v < b->g->n_values; v++) {
    const struct clgan_value *x = &b->g->values[v];
    if (x->kind == CLGAN_VALUE_INPUT && x->producer < 0 && clgan_case_has_gradient(x->name, x->dtype))
      b->wrt[b->n_wrt++] = (int)v;
  }
  if (b->n_wrt == 0) return CLGAN_OK;
  add_seed(b);
  if (!gradients) return CLGAN_OK;
  struct clgan_start start = {.value = b->out, .gradient = b->seed};
  start.loss = (struct clgan_seed){loss_weight, b->coef, 1};
  clgan_autodiff(b->g, &start, 1, b->wrt, (size_t)b->n_wrt, b->grad);
  for (int k = 0; k < b->n_wrt && !b->g->error.status; k++) {
    if (b->grad[k] == CLGAN_NONE) {
      clgan_ir_fail(b->g, "no gradient reaches %s", b->g->values[b->wrt[k]].name);
      break;
    }
    b->keep_name[b->n_keep] = b->g->values[b->wrt[k]].name;
    b->keep[b->n_keep++] = b->grad[k];
  }
  return b->g->error.status;
}

/* -- inputs -- */

/* Kernels may read up to CLGAN_ALIGN elements past an input's end, not use them: each input becomes the start of a
 * longer one, whose rest is filled with NaN (and with 1 bits). */
static void pad_inputs(struct built *b) {
  size_t n = b->g->n_values;
  for (size_t v = 0; v < n; v++) {
    struct clgan_value x = b->g->values[v];
    if (x.kind != CLGAN_VALUE_INPUT || x.root != (int)v) continue;
    size_t count = (clgan_shape_count(x.shape) / CLGAN_ALIGN + 2) * CLGAN_ALIGN;
    int longer = clgan_ir_input(b->g, x.name, x.dtype, clgan_shape_of(1, 1, 1, (int)count));
    for (size_t i = 0; i < n; i++)
      if (b->g->values[i].root == (int)v) b->g->values[i].root = longer;
    b->padded[b->n_padded] = longer;
    b->of[b->n_padded++] = (int)v;
  }
}

static bool is_filled(const struct clgan_ir *g, size_t v) {
  const struct clgan_value *x = &g->values[v];
  return x->root == (int)v && (x->kind == CLGAN_VALUE_INPUT || x->kind == CLGAN_VALUE_STATE);
}

/* The middle element becomes NaN where asked. */
static void *numbers(const struct built *b, size_t v, int nan_in) {
  const struct clgan_value *x = &b->g->values[v];
  size_t count = clgan_shape_count(x->shape), size = clgan_dtype_size(x->dtype);
  void *data = clgan_mem_array(count, size);
  memset(data, 0xff, count * size); /* as float: NaN */
  for (int k = 0; k < b->n_padded; k++)
    if (b->padded[k] == (int)v) count = clgan_shape_count(clgan_ir_shape(b->g, b->of[k]));
  clgan_case_fill(x->name, x->dtype, count, SEED, data);
  if (nan_in == (int)v) ((float *)data)[count / 2] = NAN;
  return data;
}

static double element(const void *data, enum clgan_dtype type, size_t i) {
  if (type == CLGAN_I32) return ((const int32_t *)data)[i];
  if (type == CLGAN_U8) return ((const unsigned char *)data)[i];
  return (double)((const float *)data)[i];
}

static void fill_interpreter(struct clgan_interpreter *p, const struct built *b, int nan_in) {
  const struct clgan_ir *g = b->g;
  for (size_t v = 0; v < g->n_values; v++) {
    if (!is_filled(g, v)) continue;
    void *data = numbers(b, v, nan_in);
    double *to = clgan_interpreter_data(p, (int)v);
    for (size_t i = 0; i < clgan_shape_count(g->values[v].shape); i++) to[i] = element(data, g->values[v].dtype, i);
    clgan_mem_free(data);
  }
}

static enum clgan_status fill_device(struct clgan_run *run, struct clgan_store *store, const struct built *b,
                                     int nan_in, struct clgan_error *e) {
  const struct clgan_ir *g = b->g;
  for (size_t v = 0; v < g->n_values; v++) {
    if (!is_filled(g, v)) continue;
    const struct clgan_value *x = &g->values[v];
    size_t count = clgan_shape_count(x->shape);
    void *data = numbers(b, v, nan_in);
    enum clgan_status s = x->kind == CLGAN_VALUE_STATE
                              ? clgan_store_write(store, x->name, 0, data, count, e)
                              : clgan_run_write(run, (int)v, data, count * clgan_dtype_size(x->dtype), e);
    clgan_mem_free(data);
    CLGAN_TRY(s);
  }
  return CLGAN_OK;
}

/* -- device against interpreter -- */

struct session {
  const struct clgan_case *c;
  struct built b;
  struct clgan_store *store;
  struct clgan_run *run;
  struct clgan_interpreter *reference;
  void *read[MAX_KEEP]; /* what the device gave */
  struct clgan_error e;
};

static size_t bytes_of(const struct clgan_ir *g, int v) {
  return clgan_shape_count(clgan_ir_shape(g, v)) * clgan_dtype_size(g->values[v].dtype);
}

/* Fills, runs both, reads the device's results. */
static enum clgan_status execute(struct session *s, int nan_in) {
  CLGAN_TRY(fill_device(s->run, s->store, &s->b, nan_in, &s->e));
  CLGAN_TRY(clgan_run_execute(s->run, &s->e));
  for (int k = 0; k < s->b.n_keep; k++) {
    size_t bytes = bytes_of(s->b.g, s->b.keep[k]);
    s->read[k] = clgan_mem_realloc(s->read[k], bytes, 1);
    CLGAN_TRY(clgan_run_read(s->run, s->b.keep[k], s->read[k], bytes, &s->e));
  }
  return CLGAN_OK;
}

static int compare(struct session *s, int k) {
  const struct clgan_value *v = &s->b.g->values[s->b.keep[k]];
  const double *want = clgan_interpreter_data(s->reference, s->b.keep[k]);
  size_t count = clgan_shape_count(v->shape), worst = 0;
  double largest = 0, error = 0;
  for (size_t i = 0; i < count; i++) {
    double d = fabs(element(s->read[k], v->dtype, i) - want[i]);
    if (isnan(want[i])) return complain(s->c, "%s: the reference's element %zu is NaN", s->b.keep_name[k], i);
    if (fabs(want[i]) > largest) largest = fabs(want[i]);
    if (!(d <= error)) error = d, worst = i;
    if (isnan(d)) break;
  }
  if (test.verbose)
    printf("%-32s %-10s %9zu  %.2e of %.2e\n", s->c->name, s->b.keep_name[k], count,
           largest > 0 ? error / largest : error, s->c->tolerance);
  if (error <= s->c->tolerance * largest) return 0;
  return complain(s->c, "%s: element %zu is %.9g, expected %.9g; the largest is %.3g", s->b.keep_name[k], worst,
                  element(s->read[k], v->dtype, worst), want[worst], largest);
}

/* Twice the same bits. */
static int check_repeat(struct session *s) {
  void *before[MAX_KEEP];
  int failures = 0;
  for (int k = 0; k < s->b.n_keep; k++) before[k] = s->read[k], s->read[k] = NULL;
  if (execute(s, CLGAN_NONE) != CLGAN_OK) failures += complain(s->c, "second run: %s", s->e.text);
  for (int k = 0; k < s->b.n_keep; k++) {
    if (!failures && memcmp(before[k], s->read[k], bytes_of(s->b.g, s->b.keep[k])))
      failures += complain(s->c, "%s: other bits in a second run", s->b.keep_name[k]);
    clgan_mem_free(before[k]);
  }
  return failures;
}

/* A NaN in the first input must come out wherever the reference has one; but for elements that were 0: there a zero
 * derivative may have met the NaN, and a kernel may select where the reference multiplies. */
static int check_nan(struct session *s) {
  int victim = CLGAN_NONE;
  for (size_t v = 0; v < s->b.g->n_values && victim == CLGAN_NONE; v++)
    if (is_filled(s->b.g, v) && s->b.g->values[v].dtype == CLGAN_F32) victim = (int)v;
  if (victim == CLGAN_NONE) return 0;
  void *clean[MAX_KEEP];
  int failures = 0;
  for (int k = 0; k < s->b.n_keep; k++) clean[k] = s->read[k], s->read[k] = NULL;
  if (execute(s, victim) != CLGAN_OK) failures = complain(s->c, "run with a NaN: %s", s->e.text);
  fill_interpreter(s->reference, &s->b, victim);
  clgan_interpreter_execute(s->reference);
  for (int k = 0; k < s->b.n_keep; k++) {
    const double *want = clgan_interpreter_data(s->reference, s->b.keep[k]);
    const struct clgan_value *v = &s->b.g->values[s->b.keep[k]];
    for (size_t i = 0; i < clgan_shape_count(v->shape) && !failures; i++)
      if (isnan(want[i]) && !isnan(element(s->read[k], v->dtype, i)) && element(clean[k], v->dtype, i) != 0)
        failures = complain(s->c, "a NaN in %s: %s: element %zu is %g", s->b.g->values[victim].name, s->b.keep_name[k],
                            i, element(s->read[k], v->dtype, i));
    clgan_mem_free(clean[k]);
  }
  return failures;
}

static int check_device(struct session *s) {
  int failures = 0;
  pad_inputs(&s->b);
  if (clgan_interpreter_create(s->b.g, &s->reference, &s->e) != CLGAN_OK ||
      clgan_run_create(test.cl, s->store, s->b.g, s->b.keep, (size_t)s->b.n_keep, &s->run, &s->e) != CLGAN_OK ||
      execute(s, CLGAN_NONE) != CLGAN_OK)
    return complain(s->c, "%s", s->e.text);
  fill_interpreter(s->reference, &s->b, CLGAN_NONE);
  clgan_interpreter_execute(s->reference);
  for (int k = 0; k < s->b.n_keep; k++) failures += compare(s, k);
  if (failures || test.small) return failures;
  failures += check_repeat(s);
  if (s->c->flags & CLGAN_CASE_SMALL) failures += check_nan(s);
  return failures;
}

/* -- gradients against central differences, in double -- */

static double objective(struct clgan_interpreter *p, const struct built *b) {
  clgan_interpreter_execute(p);
  const double *y = clgan_interpreter_data(p, b->out);
  if (b->coef != CLGAN_NONE) return (double)loss_weight * clgan_interpreter_data(p, b->coef)[1] * y[0];
  const double *w = clgan_interpreter_data(p, b->seed);
  double sum = 0;
  for (size_t i = 0; i < clgan_shape_count(clgan_ir_shape(b->g, b->out)); i++) sum += w[i] * y[i];
  return sum;
}

/* x moves along d (of count elements) by +-step. */
static double difference(struct clgan_interpreter *p, const struct built *b, double *x, const double *d, size_t count,
                         double step) {
  double side[2];
  double *kept = clgan_mem_array(count, sizeof *kept);
  memcpy(kept, x, count * sizeof *x);
  for (int k = 0; k < 2; k++) {
    for (size_t i = 0; i < count; i++) x[i] = kept[i] + (k ? -step : step) * d[i];
    side[k] = objective(p, b);
  }
  memcpy(x, kept, count * sizeof *x);
  clgan_mem_free(kept);
  return (side[0] - side[1]) / (2 * step);
}

/* One random direction through all elements, which a single wrong element turns; then single elements. */
static int check_input(struct session *s, const struct built *forward, struct clgan_interpreter *p, int k) {
  int v = s->b.wrt[k], failures = 0;
  const char *name = s->b.g->values[v].name;
  size_t count = clgan_shape_count(clgan_ir_shape(s->b.g, v));
  const double *grad = clgan_interpreter_data(s->reference, s->b.grad[k]);
  double *x = clgan_interpreter_data(p, v), *d = clgan_mem_array(count, sizeof *d), largest = 0, along = 0, squares = 0;
  bool few = s->c->flags & CLGAN_CASE_SMALL;
  double step = few ? 1e-6 : 1e-7, rounding = 1e-15 * (1 + fabs(objective(p, forward))) / step;
  struct clgan_random r;
  clgan_random_init(&r, 7, (uint64_t)k, CLGAN_STREAM_INIT);
  for (size_t i = 0; i < count; i++) {
    d[i] = (double)clgan_random_normal(&r);
    along += d[i] * grad[i];
    squares += d[i] * grad[i] * d[i] * grad[i];
    if (fabs(grad[i]) > largest) largest = fabs(grad[i]);
  }
  double found = difference(p, forward, x, d, count, step);
  if (!(fabs(found - along) <= 1e-5 * sqrt(squares) + 10 * rounding))
    failures += complain(s->c, "gradient of %s along a direction: %.10g, by differences %.10g", name, along, found);
  for (size_t i = 0; i < count; i++) d[i] = 0;
  for (int n = 0; few && n < 6 && !failures; n++) {
    size_t i = n == 0 ? 0 : n == 1 ? count - 1 : clgan_random_below(&r, (uint32_t)count);
    d[i] = 1;
    found = difference(p, forward, x, d, count, step);
    d[i] = 0;
    if (!(fabs(found - grad[i]) <= 1e-5 * largest + 10 * rounding))
      failures += complain(s->c, "gradient of %s, element %zu: %.10g, by differences %.10g", name, i, grad[i], found);
  }
  clgan_mem_free(d);
  return failures;
}

static int check_gradients(struct session *s) {
  struct built forward;
  struct clgan_interpreter *p = NULL;
  int failures = 0;
  if (build(&forward, s->c, false) != CLGAN_OK || clgan_interpreter_create(forward.g, &p, &s->e) != CLGAN_OK)
    failures += complain(s->c, "%s", s->e.text);
  if (!failures) {
    fill_interpreter(p, &forward, CLGAN_NONE);
    fill_interpreter(s->reference, &s->b, CLGAN_NONE);
    clgan_interpreter_execute(s->reference);
    for (int k = 0; k < s->b.n_wrt; k++) failures += check_input(s, &forward, p, k);
  }
  clgan_interpreter_destroy(p);
  clgan_ir_destroy(forward.g);
  return failures;
}

static void end_session(struct session *s) {
  clgan_run_destroy(s->run);
  clgan_interpreter_destroy(s->reference);
  clgan_store_destroy(s->store);
  for (int k = 0; k < MAX_KEEP; k++) clgan_mem_free(s->read[k]);
  clgan_ir_destroy(s->b.g);
  clgan_mem_free(s);
}

/* Oclgrind 21.10 takes what it knew of a freed buffer's bytes for the next buffer's, where that gets the same number:
 * with --small every case keeps its buffers to the end. */
static struct session **kept;
static size_t n_kept, cap_kept;

static int check_case(const struct clgan_case *c) {
  struct session *s = clgan_mem_alloc(sizeof *s);
  int failures = 0;
  s->c = c;
  s->store = clgan_store_create(test.cl);
  if (build(&s->b, c, true) != CLGAN_OK) failures += complain(c, "%s", s->b.g->error.text);
  if (!failures) failures += check_device(s);
  if (!failures && !test.small && s->b.n_wrt > 0 && !(c->flags & CLGAN_CASE_MODEL)) failures += check_gradients(s);
  if (!test.small) {
    end_session(s);
  } else {
    CLGAN_GROW(kept, n_kept, cap_kept);
    kept[n_kept++] = s;
  }
  return failures;
}

/* -- families -- */

static bool same_family(const char *a, const char *b) {
  size_t n = strcspn(a, "/");
  return strcspn(b, "/") == n && strncmp(a, b, n) == 0;
}

static bool is_named(const char *what, const struct clgan_case *c) {
  return strcmp(what, c->name) == 0 || (!strchr(what, '/') && same_family(what, c->name));
}

static bool is_wanted(const struct clgan_case *c) {
  if (test.small && !(c->flags & CLGAN_CASE_SMALL)) return false;
  bool only = false, named = false;
  for (int k = 0; k < test.n_wanted; k++) {
    const char *what = test.wanted[k];
    if (*what == '^' && is_named(what + 1, c)) return false;
    if (*what == '^') continue;
    only = true;
    named |= is_named(what, c);
  }
  return named || !only;
}

static void run_family(void **state) {
  const char *family = *state;
  int cases = 0, failures = 0;
  for (size_t k = 0; k < clgan_cases_count; k++)
    if (same_family(family, clgan_cases[k].name) && is_wanted(&clgan_cases[k])) {
      failures += check_case(&clgan_cases[k]);
      cases++;
    }
  if (failures) fail_msg("%s: %d failures in %d cases", family, failures, cases);
}

/* One cmocka test for each family of which a case is wanted. */
static size_t list_families(struct CMUnitTest *tests) {
  size_t n = 0;
  for (size_t k = 0; k < clgan_cases_count; k++) {
    bool known = !is_wanted(&clgan_cases[k]);
    for (size_t i = 0; i < n && !known; i++)
      known = strcmp(tests[i].name, clgan_cases[k].name) == 0 || same_family(tests[i].name, clgan_cases[k].name);
    if (known) continue;
    char *family = clgan_mem_strdup(clgan_cases[k].name);
    family[strcspn(family, "/")] = 0;
    tests[n++] = (struct CMUnitTest){.name = family, .test_func = run_family, .initial_state = family};
  }
  return n;
}

static bool read_arguments(int argc, char **argv) {
  test.wanted = clgan_mem_array((size_t)argc + 1, sizeof *test.wanted);
  for (int k = 1; k < argc; k++) {
    if (strcmp(argv[k], "--small") == 0)
      test.small = true;
    else if (strcmp(argv[k], "--verbose") == 0)
      test.verbose = true;
    else if (argv[k][0] == '-')
      return false;
    else
      test.wanted[test.n_wanted++] = argv[k];
  }
  return true;
}

/* LeakSanitizer's tracer crashes on what hundreds of kernels compiled in the process leave mapped; the other tests look for leaks. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "detect_leaks=0"; }

int main(int argc, char **argv) {
  struct clgan_error e = {0};
  struct clgan_device_list *devices = NULL;
  struct clgan_target target;
  char reason[512];
  size_t index;
  if (!read_arguments(argc, argv)) {
    fprintf(stderr, "usage: test_ops [--small] [--verbose] [FAMILY | FAMILY/CASE | ^FAMILY]...\n");
    return 2;
  }
  if (clgan_device_list_create(&devices, &e) == CLGAN_OK && clgan_device_list_count(devices) == 0) {
    printf("no OpenCL device here: skipped\n");
    return 77;
  }
  struct clgan_cl_options options = {0};
  if (e.status || clgan_device_select(devices, NULL, &index, reason, &e) != CLGAN_OK ||
      clgan_cl_open(devices, index, &options, &test.cl, &e) != CLGAN_OK ||
      clgan_target_choose(clgan_cl_info(test.cl), &target, &e) != CLGAN_OK) {
    fprintf(stderr, "%s\n", e.text);
    return 1;
  }
  printf("%s; kernels: %s\n", reason, target.family == CLGAN_FAMILY_REG ? "registers only" : "local memory");
  struct CMUnitTest *tests = clgan_mem_array(clgan_cases_count, sizeof *tests);
  size_t n = list_families(tests);
  if (n == 0) fprintf(stderr, "no such case\n");
  int failed = n == 0 ? 1 : _cmocka_run_group_tests("operations", tests, n, NULL, NULL);
  clgan_programs_save(test.cl);
  for (size_t k = 0; k < n_kept; k++) end_session(kept[k]);
  clgan_mem_free(kept);
  for (size_t k = 0; k < n; k++) clgan_mem_free((void *)(uintptr_t)tests[k].name);
  clgan_mem_free(tests);
  clgan_mem_free(test.wanted);
  clgan_cl_close(test.cl);
  clgan_device_list_destroy(devices);
  return failed ? 1 : 0;
}
