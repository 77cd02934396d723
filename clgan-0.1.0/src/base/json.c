/* json.c: cJSON behind a lock. SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "base/json.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

cJSON *clgan_json_parse(const char *text, size_t n, const char **end) {
  const char *ignored;
  pthread_mutex_lock(&lock);
  cJSON *root = cJSON_ParseWithLengthOpts(text, n, end ? end : &ignored, 0);
  pthread_mutex_unlock(&lock);
  return root;
}
