/** @file words.h  Words that people mistype. */
#ifndef CLGAN_BASE_WORDS_H
#define CLGAN_BASE_WORDS_H

/** The word of @p list (ended by NULL) nearest to @p word by edit distance, letters' case aside; NULL where none is
 * near: more than three edits, or more than half of the word's letters. */
const char *clgan_words_nearest(const char *word, const char *const *list);
#endif
