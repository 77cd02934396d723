/* threads.c: threads that start together. SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* affinity */
#include "threads.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif

double peer_now(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Processors that this process may use; with `which` >= 0 this thread moves to that one of them. */
static int processors(int which) {
#ifdef __linux__
  cpu_set_t allowed, one;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    for (size_t c = 0; c < CPU_SETSIZE && which >= 0; c++) {
      if (!CPU_ISSET(c, &allowed) || which-- > 0) continue;
      CPU_ZERO(&one);
      CPU_SET(c, &one);
      (void)pthread_setaffinity_np(pthread_self(), sizeof one, &one);
    }
    return CPU_COUNT(&allowed);
  }
#endif
  (void)which;
  const long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n > 0 ? (int)n : 1;
}

struct worker {
  pthread_t thread;
  const struct peer_options *o;
  void (*work)(void *context, int k, int n);
  void *context;
  int k;
  double start, end;
};

static void *run_worker(void *p) {
  struct worker *w = p;
  if (w->o->pin) (void)processors(w->k);
  w->start = peer_now();
  w->work(w->context, w->k, w->o->threads);
  w->end = peer_now();
  return NULL;
}

double peer_threads_run(const struct peer_options *o, void (*work)(void *context, int k, int n), void *context) {
  static struct worker workers[PEER_THREADS];
  for (int k = 0; k < o->threads; k++) {
    workers[k] = (struct worker){.o = o, .work = work, .context = context, .k = k};
    if (pthread_create(&workers[k].thread, NULL, run_worker, &workers[k]) != 0) {
      fprintf(stderr, "thread %d could not be started: take fewer by --threads N\n", k);
      exit(1);
    }
  }
  double start = 0, end = 0;
  for (int k = 0; k < o->threads; k++) {
    (void)pthread_join(workers[k].thread, NULL);
    if (k == 0 || workers[k].start < start) start = workers[k].start;
    if (k == 0 || workers[k].end > end) end = workers[k].end;
  }
  return end - start;
}

static long number(const char *program, const char *option, const char *text, long most) {
  char *end;
  const long n = text ? strtol(text, &end, 10) : 0;
  if (text && *text && !*end && n >= 1 && n <= most) return n;
  fprintf(stderr, "%s: %s takes a number from 1 to %ld\n", program, option, most);
  exit(2);
}

struct peer_options peer_options_parse(int argc, char **argv, struct peer_options o) {
  o.threads = processors(-1);
  if (o.threads > PEER_THREADS) o.threads = PEER_THREADS;
  for (int k = 1; k < argc; k++) {
    if (!strcmp(argv[k], "--pin")) {
      o.pin = true;
      continue;
    }
    const bool threads = !strcmp(argv[k], "--threads"), runs = !strcmp(argv[k], "--runs"),
               mib = o.mib && !strcmp(argv[k], "--mib");
    if (!threads && !runs && !mib) {
      fprintf(stderr, "%s: no option %s: there are --threads N, --pin, --runs N%s\n", argv[0], argv[k],
              o.mib ? ", --mib N" : "");
      exit(2);
    }
    const long n = number(argv[0], argv[k], k + 1 < argc ? argv[k + 1] : NULL,
                          threads ? PEER_THREADS : runs ? 1000 : 1L << 20);
    if (threads) o.threads = (int)n;
    if (runs) o.runs = (int)n;
    if (mib) o.mib = n;
    k++;
  }
  return o;
}

void peer_print_times(const char *name, const double *times, int n) {
  printf(",\"%s\":[", name);
  for (int k = 0; k < n; k++) printf("%s%.9g", k ? "," : "", times[k]);
  printf("]");
}
