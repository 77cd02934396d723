/** @file store.h  Where tunings come from and go to: texts shipped in the program (kernels/tunings/), the user's own of a
 * device and driver ($XDG_CACHE_HOME/clgan/tuning/), and those that a checkpoint was trained with. */
#ifndef CLGAN_TUNE_STORE_H
#define CLGAN_TUNE_STORE_H
#include "ops/variant.h"
#include "base/mem.h"
#include "tune/text.h"

/** The tunings in force on a device. */
struct clgan_tuning;
/** Of @p cl, which owns it. The first call loads what is shipped and the user's file after it, unless CLGAN_NO_TUNING is
 * set (to anything but 0); after that the file that CLGAN_TUNING names. One that is damaged or cannot be read is left out
 * with a verbose line (CLGAN_TUNING's: a warning), never an error. */
struct clgan_tuning *clgan_tuning_of(struct clgan_cl *cl);
/** CLGAN_NO_TUNING is set. */
bool clgan_tuning_is_off(void);
/** Only @p text is in force from now on (NULL: nothing); a damaged one is left out with a warning.
 * @param where what messages call it */
void clgan_tuning_set(struct clgan_cl *cl, const char *text, const char *where);
/** Every product of a graph made from now on is this variant (a search tries one), until it is NULL. Not copied. */
void clgan_tuning_force(struct clgan_cl *cl, const struct clgan_variant *v);
/** What operations ask. An entry with a parameter of a name that no product has counts as if it were not there. */
struct clgan_variant_book clgan_tuning_book(struct clgan_tuning *t);
/** Text of the entries that graphs have used so far; NULL: none. The caller's (clgan_mem_free). */
char *clgan_tuning_used(struct clgan_cl *cl);

/** The user's file for a device and driver; NULL where no cache folder is known. The caller's (clgan_mem_free). */
char *clgan_tuning_path(const struct clgan_device_info *d);
/** A file of tunings. Notes are its lines "# set aside: ...", "# first start: ..." and
 * "# cut short: ...". Zero-initialise; clgan_tuning_file_free. */
struct clgan_tuning_file {
  struct clgan_tunings t;
  struct clgan_text notes;
};
void clgan_tuning_file_free(struct clgan_tuning_file *f);
/** CLGAN_ERR_IO, CLGAN_ERR_FORMAT: nothing is read. */
enum clgan_status clgan_tuning_file_read(const char *path, struct clgan_tuning_file *f, struct clgan_error *e);
/** Makes the folder; atomic. @param about lines of a comment at the head */
enum clgan_status clgan_tuning_file_write(const char *path, const struct clgan_tuning_file *f, const char *about,
                                          struct clgan_error *e);
/** clgan_tuning_file_write with a head that tells the device of @p cl. */
enum clgan_status clgan_tuning_file_store(const char *path, const struct clgan_tuning_file *f, struct clgan_cl *cl,
                                          struct clgan_error *e);
/** Is there a measurement of this product, of the device of @p cl, its driver, and the kernels of today? */
bool clgan_tuning_file_has(const struct clgan_tuning_file *f, struct clgan_cl *cl, const char *op,
                           const char *geometry);
/** Adds one; an older one of the same product, and those of another driver or other kernels on this device, go. */
enum clgan_status clgan_tuning_file_put(struct clgan_tuning_file *f, struct clgan_cl *cl, const char *op,
                                        const char *geometry, double seconds, const struct clgan_variant *v,
                                        struct clgan_error *e);
/** Adds the line "# set aside: SOURCE OP GEOMETRY WHAT" unless it is there. */
void clgan_tuning_file_note(struct clgan_tuning_file *f, struct clgan_cl *cl, const char *op, const char *geometry,
                            const char *what);
/** The line "# first start: SOURCE WHAT", of today's kernels of the family that @p op is of. */
void clgan_tuning_file_mark(struct clgan_tuning_file *f, struct clgan_cl *cl, const char *op, const char *what);
bool clgan_tuning_file_marked(const struct clgan_tuning_file *f, struct clgan_cl *cl, const char *op, const char *what);
/** Is there a line "# set aside" of today's kernels whose WHAT begins with @p variant and a colon? */
bool clgan_tuning_file_noted(const struct clgan_tuning_file *f, struct clgan_cl *cl, const char *op,
                             const char *geometry, const char *variant);
/** Adds (@p cut) or takes out the line "# cut short: SOURCE OP GEOMETRY": the search for it has not come to its end, so that
 * the next one goes on even where an entry was put. */
void clgan_tuning_file_cut(struct clgan_tuning_file *f, struct clgan_cl *cl, const char *op, const char *geometry,
                           bool cut);
bool clgan_tuning_file_is_cut(const struct clgan_tuning_file *f, struct clgan_cl *cl, const char *op,
                              const char *geometry);
#endif
