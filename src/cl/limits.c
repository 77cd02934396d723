/* $CLGAN_LIMITS: a device made smaller than it is, for tests of what small ones do. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "cl/cl_private.h"

/* Cuts "cl_khr_fp64" and the like out of the list. */
static void forget_extension(char *list, const char *name) {
  size_t n = strlen(name);
  char *at = strstr(list, name);
  if (at != NULL && (at[n] == ' ' || at[n] == '\0')) memmove(at, at + n, strlen(at + n) + 1);
}

static bool take_number(const char *word, size_t n, const char *key, unsigned long long *out) {
  size_t k = strlen(key);
  char *end = NULL;
  if (n <= k || strncmp(word, key, k) != 0) return false;
  *out = strtoull(word + k, &end, 10);
  return end == word + n && *out > 0;
}

static bool apply(struct clgan_device_info *d, const char *word, size_t n) {
  unsigned long long x = 0;
  if (n == 6 && strncmp(word, "nofp64", n) == 0) {
    d->fp64 = false;
    forget_extension(d->extensions, "cl_khr_fp64");
  } else if (n == 6 && strncmp(word, "nofp16", n) == 0) {
    d->fp16 = false;
    forget_extension(d->extensions, "cl_khr_fp16");
  } else if (take_number(word, n, "group=", &x)) {
    if (x < d->max_work_group) d->max_work_group = (size_t)x;
    for (int k = 0; k < 3; k++)
      if (x < d->max_item_size[k]) d->max_item_size[k] = (size_t)x;
  } else if (take_number(word, n, "local=", &x)) {
    if (x < d->local_mem) d->local_mem = x;
  } else {
    return false;
  }
  return true;
}

enum clgan_status clgan_device_limit(struct clgan_device_info *d, struct clgan_error *e) {
  const char *at = getenv("CLGAN_LIMITS");
  while (at != NULL && *at != '\0') {
    size_t n = strcspn(at, ",");
    if (!apply(d, at, n))
      return clgan_error_set(e, CLGAN_ERR_USAGE,
                             "CLGAN_LIMITS: '%.*s': one of nofp64, nofp16, group=WORK-ITEMS, local=BYTES", (int)n, at);
    at += n + (at[n] == ',');
  }
  return CLGAN_OK;
}
