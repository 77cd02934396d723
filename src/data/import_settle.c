/* Which of the files read are taken: once each, where labels agree; and the split. */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "data/import_internal.h"

/* The digest's first 8 bytes, big-endian, as a fraction of 2^64. */
static double fraction_of(const unsigned char digest[32]) {
  double x = 0;
  for (int i = 7; i >= 0; i--) x = (x + digest[i]) / 256;
  return x;
}

static int by_digest(const void *a, const void *b) {
  const struct clgan_import_item *const *x = a, *const *y = b;
  int order = memcmp((*x)->digest, (*y)->digest, sizeof(*x)->digest);
  if (order) return order;
  return *x < *y ? -1 : *x > *y; /* the first of the source stays first */
}

/* What a format does not use is 0. */
static bool same_label(const struct clgan_import_item *a, const struct clgan_import_item *b) {
  return a->digit == b->digit && a->gender == b->gender && !(a->age < b->age || a->age > b->age);
}

/* Items of the same bytes: one is taken, or none where their labels differ. */
static void settle(struct clgan_import *im, struct clgan_import_item **group, size_t n) {
  size_t other = 0;
  char a[CLGAN_IMPORT_LABEL], b[CLGAN_IMPORT_LABEL];
  for (size_t i = 1; i < n && !other; i++)
    if (!same_label(group[i], group[0])) other = i;
  for (size_t i = other ? 0 : 1; i < n; i++)
    group[i]->fate = other ? CLGAN_IMPORT_CONTRADICTION : CLGAN_IMPORT_DUPLICATE;
  if (other)
    clgan_import_left_out(im, "%s and %s are the same bytes under different labels, %s and %s (%zu files)",
                          group[0]->name, group[other]->name, clgan_import_label(im, group[0], a),
                          clgan_import_label(im, group[other], b), n);
  for (size_t i = 1; i < n && !other; i++)
    clgan_log_verbose("%s: the same bytes as %s, taken once", group[i]->name, group[0]->name);
}

void clgan_import_settle(struct clgan_import *im) {
  struct clgan_import_item **sorted = clgan_mem_array(im->n, sizeof *sorted);
  size_t n = 0;
  for (size_t i = 0; i < im->n; i++)
    if (im->items[i].fate == CLGAN_IMPORT_TAKEN) {
      im->items[i].split = fraction_of(im->items[i].digest) < im->test_fraction;
      sorted[n++] = &im->items[i];
    }
  qsort(sorted, n, sizeof *sorted, by_digest);
  for (size_t i = 0, end; i < n; i = end) {
    for (end = i + 1; end < n && !memcmp(sorted[i]->digest, sorted[end]->digest, sizeof sorted[i]->digest);) end++;
    if (end - i > 1) settle(im, sorted + i, end - i);
  }
  clgan_mem_free(sorted);
}
