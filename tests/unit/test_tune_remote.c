/* The other process of a search: what it answers is passed on; one that dies, keeps silent, or cannot go on is told with
 * how, and the next request finds a new one. Here this program itself is that process, and does as a request's rule says. */
#define _XOPEN_SOURCE 700
#include "bench/tune.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

enum act { ANSWER, REFUSE, ABORT, LEAVE, SILENCE, BROKEN_DEVICE, NOISE };
static struct clgan_error error;

/* -- the process -- */

static void play(enum act act, const struct clgan_tune_request *q, int turn) {
  switch (act) {
    case NOISE: printf("a driver's own words\n"); /* fall through */
    case ANSWER: printf("tune-answer 0 0 2 0.5 %d %.17g 0.25\n", turn, q->hopeless); break;
    case REFUSE: printf("tune-answer %d 0 0 wrong: element 7\n", CLGAN_ERR_NUMERIC); break;
    case ABORT: abort();
    case LEAVE: _Exit(3);
    case SILENCE: sleep(3600); break;
    case BROKEN_DEVICE: printf("tune-answer %d 1 0 gone\n", CLGAN_ERR_DEVICE); break;
  }
  fflush(stdout);
}

static int helper(int fd) {
  struct clgan_tune_request q;
  for (int turn = 1; read(fd, &q, sizeof q) == (ssize_t)sizeof q; turn++)
    play((enum act)q.rule.at[CLGAN_VARIANT_KC], &q, turn);
  return 0;
}

/* -- the search's side -- */

static enum clgan_status ask(struct clgan_tune_remote *r, enum act act, bool alone, struct clgan_tune_times *t,
                             bool *fatal) {
  struct clgan_tune_request q = {.runs = 2, .hopeless = 1.1, .alone = alone};
  q.rule = q.other = clgan_variant_free();
  q.rule.at[CLGAN_VARIANT_KC] = (int)act;
  clgan_error_clear(&error);
  return clgan_tune_remote_run(r, &q, t, fatal, &error);
}

static void answers_and_deaths(void **state) {
  static const struct {
    enum act act;
    enum clgan_status status;
    const char *words;
  } steps[] = {{ANSWER, CLGAN_OK, "1"},
               {NOISE, CLGAN_OK, "2"},
               {REFUSE, CLGAN_ERR_NUMERIC, "wrong: element 7"},
               {ANSWER, CLGAN_OK, "4"}, /* the same process */
               {ABORT, CLGAN_ERR_DEVICE, "signal 6"},
               {ANSWER, CLGAN_OK, "1"}, /* a new one */
               {LEAVE, CLGAN_ERR_DEVICE, "exit status 3"},
               {ANSWER, CLGAN_OK, "1"},
               {BROKEN_DEVICE, CLGAN_ERR_DEVICE, "gone"},
               {ANSWER, CLGAN_OK, "1"}};
  const struct clgan_device_info d = {.platform = 0};
  struct clgan_tune_remote *r = clgan_tune_remote_create(&d, 600);
  (void)state;
  for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++) {
    struct clgan_tune_times t;
    bool fatal = true;
    assert_int_equal(ask(r, steps[k].act, false, &t, &fatal), steps[k].status);
    assert_false(fatal);
    if (steps[k].status != CLGAN_OK) {
      assert_non_null(strstr(error.text, steps[k].words));
      continue;
    }
    assert_int_equal(t.n, 2);
    assert_true(t.rule[0] >= 0.5 && t.rule[0] <= 0.5 && t.ratio[0] >= atof(steps[k].words) && t.ratio[0] <= atof(steps[k].words));
    assert_true(t.rule[1] >= 1.1 && t.rule[1] <= 1.1 && t.ratio[1] >= 0.25 && t.ratio[1] <= 0.25);
  }
  clgan_tune_remote_destroy(r);
}

static void silence(void **state) {
  const struct clgan_device_info d = {.platform = 0};
  struct clgan_tune_remote *r = clgan_tune_remote_create(&d, 0.2);
  struct clgan_tune_times t;
  bool fatal = true;
  (void)state;
  assert_int_equal(ask(r, SILENCE, false, &t, &fatal), CLGAN_ERR_DEVICE);
  assert_false(fatal);
  assert_non_null(strstr(error.text, "hung: no answer for 0.2 s"));
  clgan_tune_remote_destroy(r);
}

/* A process that dies over one rule's variant after the other: that is the device. */
static void no_device(void **state) {
  const struct clgan_device_info d = {.platform = 0};
  struct clgan_tune_remote *r = clgan_tune_remote_create(&d, 600);
  struct clgan_tune_times t;
  bool fatal = false;
  int deaths = 0;
  (void)state;
  for (; deaths < 10 && !fatal; deaths++) assert_int_equal(ask(r, ABORT, true, &t, &fatal), CLGAN_ERR_DEVICE);
  assert_in_range(deaths, 2, 9);
  clgan_tune_remote_destroy(r);
}

int main(int argc, char **argv) {
  if (argc == 4 && !strcmp(argv[1], "--tune-helper")) return helper(atoi(argv[2]));
  const struct CMUnitTest tests[] = {cmocka_unit_test(answers_and_deaths), cmocka_unit_test(silence),
                                     cmocka_unit_test(no_device)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
