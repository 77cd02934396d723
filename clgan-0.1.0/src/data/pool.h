/** @file pool.h  An ordered parallel loop on the machine's cores. */
#ifndef CLGAN_DATA_POOL_H
#define CLGAN_DATA_POOL_H
#include <stddef.h>
#include "base/status.h"

/** job runs on threads (one a core), at most a window of items ahead of done, which runs on
 * the caller's thread in the order of items and ends the loop when it fails.
 * slot: bytes that pass from job to done, zeroed before each job; may be 0. done may be NULL. */
struct clgan_pool {
  size_t n, slot;
  void (*job)(void *context, size_t item, void *slot);
  enum clgan_status (*done)(void *context, size_t item, void *slot, struct clgan_error *e);
  void *context;
};
enum clgan_status clgan_pool_run(const struct clgan_pool *p, struct clgan_error *e);
#endif
