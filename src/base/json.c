/* json.c: cJSON behind a lock. SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "base/json.h"

#include <math.h>
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

cJSON *clgan_json_parse(const char *text, size_t n, const char **end) {
  const char *ignored;
  pthread_mutex_lock(&lock);
  cJSON *root = cJSON_ParseWithLengthOpts(text, n, end ? end : &ignored, 0);
  pthread_mutex_unlock(&lock);
  return root;
}

const char *clgan_json_string(const cJSON *o, const char *key) {
  const cJSON *x = cJSON_GetObjectItemCaseSensitive(o, key);
  return cJSON_IsString(x) ? x->valuestring : "";
}

double clgan_json_number(const cJSON *o, const char *key) {
  const cJSON *x = cJSON_GetObjectItemCaseSensitive(o, key);
  return cJSON_IsNumber(x) && isfinite(x->valuedouble) ? x->valuedouble : 0;
}
