/* words.c: the nearest of some words. SPDX-License-Identifier: MIT */
#include "base/words.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

enum { WORD_MAX = 63, EDITS_MAX = 3 };

/* Levenshtein distance, one row at a time. */
static size_t distance(const char *a, const char *b) {
  size_t row[WORD_MAX + 1], n = strlen(a), m = strlen(b);
  if (n > WORD_MAX || m > WORD_MAX) return WORD_MAX;
  for (size_t j = 0; j <= m; j++) row[j] = j;
  for (size_t i = 1; i <= n; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= m; j++) {
      size_t best = diagonal + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
      diagonal = row[j];
      if (row[j] + 1 < best) best = row[j] + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      row[j] = best;
    }
  }
  return row[m];
}

const char *clgan_words_nearest(const char *word, const char *const *list) {
  const char *best = NULL;
  size_t least = EDITS_MAX + 1;
  for (; *list; list++) {
    size_t d = distance(word, *list);
    if (d < least && 2 * d <= strlen(word)) {
      least = d;
      best = *list;
    }
  }
  return best;
}

size_t clgan_utf8_length(const char *text) {
  const unsigned char *s = (const unsigned char *)text;
  size_t n = 0;
  if (s[0] < 0x80)
    n = 1;
  else if (s[0] >= 0xC2 && s[0] < 0xF5)
    n = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
  for (size_t i = 1; i < n; i++)
    if ((s[i] & 0xC0) != 0x80) return 0;
  if (s[0] == 0xE0 && s[1] < 0xA0) return 0;
  if (s[0] == 0xED && s[1] > 0x9F) return 0;
  if (s[0] == 0xF0 && s[1] < 0x90) return 0;
  if (s[0] == 0xF4 && s[1] > 0x8F) return 0;
  return n;
}
