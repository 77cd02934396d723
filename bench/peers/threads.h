/** @file threads.h  One thread a processor, all at the same piece of work; for fma.c and stream.c. No part of clgan. */
#ifndef CLGAN_PEERS_THREADS_H
#define CLGAN_PEERS_THREADS_H
#include <stdbool.h>

enum { PEER_THREADS = 1024 };

/** What the command line asks for: [--threads N] [--pin] [--runs N] [--mib N]. */
struct peer_options {
  int threads; /**< one a processor that this process may use */
  bool pin;    /**< thread k stays on the k-th of them, where the system has a call for that */
  int runs;
  long mib;
};
/** Says what is wrong, and what there is, and ends the program with status 2. */
struct peer_options peer_options_parse(int argc, char **argv, struct peer_options defaults);

/** Runs work(context, k, n) on n threads at once, k = 0..n-1. @return seconds from the first one's start to the last one's
 * end. Threads are new ones each time: their making is not in it. */
double peer_threads_run(const struct peer_options *o, void (*work)(void *context, int k, int n), void *context);
double peer_now(void);
/** ,"name":[1.5,2.5] on standard output. */
void peer_print_times(const char *name, const double *times, int n);
#endif
