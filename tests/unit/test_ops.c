/* test_ops.c - every row of the shared case table, on the selected device ($CLGAN_DEVICE, $CLGAN_FAMILY): results and
 * gradients against the double-precision interpreter, gradients against central differences, the same bits twice, NaN
 * let through. usage: test_ops [--small] [--verbose] [FAMILY | FAMILY/CASE | ^FAMILY]...
 * --small: only what is fit for Oclgrind, and nothing twice; ^FAMILY: all but this one */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "no_leaks.h"
#include "unit.h"

#include "base/mem.h"
#include "graph/check.h"

static struct {
  struct clgan_cl *cl;
  bool small, verbose;
  char **wanted;
  int n_wanted;
} test;

static void failed(void *context, const struct clgan_case *c, const char *text) {
  (void)context;
  fprintf(stderr, "  %s: %s\n", c->name, text);
}

static void compared(void *context, const struct clgan_case *c, const char *what, size_t count, double error) {
  (void)context;
  if (test.verbose) printf("%-32s %-10s %9zu  %.2e of %.2e\n", c->name, what, count, error, c->tolerance);
}

static const struct clgan_check_watch watch = {.failed = failed, .compared = compared};

/* Oclgrind 21.10 takes what it knew of a freed buffer's bytes for the next buffer's, where that gets the same number:
 * with --small every case keeps its buffers to the end. */
static struct clgan_check **kept;
static size_t n_kept, cap_kept;

static int check_case(const struct clgan_case *c) {
  struct clgan_check *k = clgan_check_create(c, &watch);
  if (!k) return 1;
  int failures = clgan_check_device(k, test.cl, test.small ? 0 : CLGAN_CHECK_REPEAT | CLGAN_CHECK_NAN);
  if (!failures && !test.small) failures += clgan_check_differences(k);
  if (!test.small) {
    clgan_check_destroy(k);
  } else {
    CLGAN_GROW(kept, n_kept, cap_kept);
    kept[n_kept++] = k;
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
      clgan_target_choose(test.cl, &target, &e) != CLGAN_OK) {
    fprintf(stderr, "%s\n", e.text);
    return 1;
  }
  printf("%s; kernels: %s\n", reason, target.family == CLGAN_FAMILY_REG ? "registers only" : "local memory");
  struct CMUnitTest *tests = clgan_mem_array(clgan_cases_count, sizeof *tests);
  size_t n = list_families(tests);
  if (n == 0) fprintf(stderr, "no such case\n");
  int failed = n == 0 ? 1 : _cmocka_run_group_tests("operations", tests, n, NULL, NULL);
  clgan_programs_save(test.cl);
  for (size_t k = 0; k < n_kept; k++) clgan_check_destroy(kept[k]);
  clgan_mem_free(kept);
  for (size_t k = 0; k < n; k++) clgan_mem_free((void *)(uintptr_t)tests[k].name);
  clgan_mem_free(tests);
  clgan_mem_free(test.wanted);
  clgan_cl_close(test.cl);
  clgan_device_list_destroy(devices);
  return failed ? 1 : 0;
}
