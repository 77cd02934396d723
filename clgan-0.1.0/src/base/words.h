/** @file words.h  Words that people mistype; text of unknown origin. */
#ifndef CLGAN_BASE_WORDS_H
#define CLGAN_BASE_WORDS_H
#include <stddef.h>

/** The word of @p list (ended by NULL) nearest to @p word by edit distance, letters' case aside; NULL where none is
 * near: more than three edits, or more than half of the word's letters. */
const char *clgan_words_nearest(const char *word, const char *const *list);

/** Bytes of the well-formed UTF-8 sequence at @p text (Unicode 15, table 3-7; 1 for NUL), 0 if there is none. */
size_t clgan_utf8_length(const char *text);
#endif
