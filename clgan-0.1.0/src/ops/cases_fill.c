/* cases_fill.c - the numbers that a case's inputs hold. */
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "ops/cases.h"

static uint64_t hash_name(const char *name) { /* FNV-1a: inputs of one case differ */
  uint64_t h = 14695981039346656037u;
  for (; *name; name++) h = (h ^ (unsigned char)*name) * 1099511628211u;
  return h;
}

void clgan_case_fill(const char *name, enum clgan_dtype type, size_t count, uint64_t seed, void *data) {
  struct clgan_random r;
  clgan_random_init(&r, hash_name(name), seed, CLGAN_STREAM_INIT);
  const char *below = strchr(name, ':'), *at = strchr(name, '@'), *times = at ? strchr(at, '*') : NULL;
  float mean = at ? (float)atof(at + 1) : 0, deviation = times ? (float)atof(times + 1) : 1;
  for (size_t i = 0; i < count; i++) {
    if (type == CLGAN_U8)
      ((unsigned char *)data)[i] = (unsigned char)clgan_random_below(&r, 256);
    else if (type == CLGAN_I32)
      ((int32_t *)data)[i] = (int32_t)clgan_random_below(&r, below ? (uint32_t)atol(below + 1) : 2);
    else if (at)
      ((float *)data)[i] = mean + deviation * clgan_random_normal(&r);
    else if (strchr(name, '+'))
      ((float *)data)[i] = 0.1f + 1.9f * clgan_random_uniform(&r);
    else
      ((float *)data)[i] = 2 * clgan_random_uniform(&r) - 1;
  }
}

bool clgan_case_has_gradient(const char *name, enum clgan_dtype type) {
  return type == CLGAN_F32 && (!*name || name[strlen(name) - 1] != '~');
}
