/** @file text.h  Tunings as text (docs/tuning.md): which variant of an operation runs best where. One entry a line. */
#ifndef CLGAN_TUNE_TEXT_H
#define CLGAN_TUNE_TEXT_H
#include <stddef.h>
#include "base/status.h"
#include "cl/cl.h"

enum { CLGAN_TUNING_PARAMS = 32, CLGAN_TUNING_TEXT = 255 /**< bytes of one value */ };

/** A parameter of a variant: an operation knows its own names and refuses others. */
struct clgan_tuning_param {
  char name[32]; /**< letters, digits, `_`; begins with a letter */
  int value;
};
/** What an entry demands of a device (NULL, or any_type: it does not care), what it is of, and what it says. */
struct clgan_tuning_entry {
  char *device, *family, *vendor, *driver; /**< equal, as OpenCL gives device, vendor and driver version */
  bool any_type;
  enum clgan_device_type type;
  char *source;   /**< hash of the kernel's source: another source, no match */
  char *op;       /**< needed: "conv", "conv_wgrad", ... */
  char *geometry; /**< the operation's sizes as one word; NULL: any */
  double seconds; /**< of one launch as measured; 0: not measured */
  struct clgan_tuning_param params[CLGAN_TUNING_PARAMS];
  size_t n_params;
};
/** Zero-initialise. Later entries win over equal earlier ones. */
struct clgan_tunings {
  struct clgan_tuning_entry *items;
  size_t n, cap;
};
void clgan_tunings_free(struct clgan_tunings *t);

/** Adds the entries of @p text. @param where what messages call it ("FILE:LINE: what; allowed: ...").
 * @return CLGAN_ERR_FORMAT, and @p t is as it was. */
enum clgan_status clgan_tunings_parse(const char *text, const char *where, struct clgan_tunings *t,
                                      struct clgan_error *e);
/** Adds a copy of an entry. @return CLGAN_ERR_FORMAT where it cannot be written as text. */
enum clgan_status clgan_tunings_add(struct clgan_tunings *t, const struct clgan_tuning_entry *entry,
                                    struct clgan_error *e);
/** All entries as text, version line first: read again it gives the same entries, and written again the same bytes. The
 * caller's (clgan_mem_free). */
char *clgan_tunings_text(const struct clgan_tunings *t);

/** A device, a kernel's source and an operation's sizes; texts that are not known may be NULL. */
struct clgan_tuning_query {
  const char *device, *family, *vendor, *driver, *source, *op, *geometry;
  enum clgan_device_type type;
};
/** The entry that fits best, or NULL: one for the device itself, else for its family, its vendor, its type, any; among
 * those one that names the geometry, then one that names the driver, then the last. */
const struct clgan_tuning_entry *clgan_tunings_find(const struct clgan_tunings *t, const struct clgan_tuning_query *q);
/** The value of a parameter, or @p otherwise where the entry (NULL: none) has none of that name. */
int clgan_tuning_param(const struct clgan_tuning_entry *entry, const char *name, int otherwise);
#endif
