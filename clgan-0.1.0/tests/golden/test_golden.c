/* test_golden.c - replays files that the reference script's `golden` wrote: recorded weights and draws in; losses, gradients of the
 * first step, final weights, spectral vectors and running statistics out. And steps that the interpreter records.
 * Usage: test_golden [--host] FILE | MODEL:BASE:BATCH:STEPS:SEED...    --host: by the double-precision interpreter instead of a
 * device. With CLGAN_GOLDEN_VERBOSE set, every loss is shown. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "train/replay.h"

static struct clgan_error error;

static void must(enum clgan_status s) {
  if (s == CLGAN_OK) return;
  fprintf(stderr, "%s\n", error.text);
  exit(1);
}

static void get(const char *what, struct clgan_golden **g) {
  char model[32];
  int base, batch, steps, seed;
  if (sscanf(what, "%31[^:]:%d:%d:%d:%d", model, &base, &batch, &steps, &seed) == 5)
    must(clgan_golden_record(model, base, batch, steps, (uint64_t)seed, g, &error));
  else
    must(clgan_golden_open(what, g, &error));
}

static int replay(const char *what, struct clgan_cl *cl) {
  struct clgan_golden *g;
  struct clgan_replay_result r;
  get(what, &g);
  must(clgan_golden_replay(g, cl, &r, &error));
  printf("%s: %s\n", what, clgan_golden_name(g));
  for (int k = 0; k < CLGAN_REPLAY_MEASURES; k++)
    printf("  %s %-32s %.2e of %.0e  %s\n", r.worst[k] <= r.bound[k] ? "ok  " : "FAIL", clgan_replay_names[k],
           r.worst[k], r.bound[k], r.where[k]);
  clgan_golden_destroy(g);
  return r.failures;
}

int main(int argc, char **argv) {
  bool on_host = argc > 1 && strcmp(argv[1], "--host") == 0;
  struct clgan_device_list *list = NULL;
  struct clgan_cl *cl = NULL;
  clgan_log_set_level(getenv("CLGAN_GOLDEN_VERBOSE") ? CLGAN_LOG_VERBOSE : CLGAN_LOG_QUIET);
  if (!on_host) {
    size_t index;
    char reason[512];
    struct clgan_cl_options o = {0};
    if (clgan_device_list_create(&list, &error) != CLGAN_OK ||
        clgan_device_select(list, NULL, &index, reason, &error) != CLGAN_OK) {
      printf("skipped: %s\n", error.text);
      return 77;
    }
    must(clgan_cl_open(list, index, &o, &cl, &error));
    printf("device: %s\n", reason);
  }
  int failures = 0;
  for (int k = on_host ? 2 : 1; k < argc; k++) failures += replay(argv[k], cl);
  clgan_cl_close(cl);
  clgan_device_list_destroy(list);
  return failures > 0;
}
