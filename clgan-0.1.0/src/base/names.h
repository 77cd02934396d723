/** @file names.h  Names of classes: class k is items[k]. Kept in files as a JSON array of strings. */
#ifndef CLGAN_BASE_NAMES_H
#define CLGAN_BASE_NAMES_H
#include <stddef.h>
#include "base/status.h"

enum { CLGAN_NAMES_MAX = 256 };

/** Zero-initialise; n is 0 where classes go by their numbers. */
struct clgan_names {
  char **items;
  size_t n;
};
void clgan_names_free(struct clgan_names *names); /**< legal on a zeroed struct, which it leaves */
void clgan_names_copy(struct clgan_names *to, const struct clgan_names *from);
/** Reads a JSON array of 1 to CLGAN_NAMES_MAX strings, none empty, none twice; else CLGAN_ERR_FORMAT, and *out is
 * zeroed. */
enum clgan_status clgan_names_parse(const char *json, struct clgan_names *out, struct clgan_error *e);
char *clgan_names_json(const struct clgan_names *names);                 /**< the caller's (clgan_mem_free) */
int clgan_names_find(const struct clgan_names *names, const char *word); /**< the class of that name, or -1 */
/** What class @p k is called: its name, else its number, written to @p number. */
const char *clgan_names_word(const struct clgan_names *names, int k, char number[12]);
#endif
