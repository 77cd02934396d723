/** @file originals.h  The pictures that a subcommand works on: image files named by the user, or items of a data set; and
 * the conditions they are drawn again with. */
#ifndef CLGAN_CMD_ORIGINALS_H
#define CLGAN_CMD_ORIGINALS_H
#include "cmd/args.h"
#include "cmd/condition.h"
#include "cmd/session.h"

/** What the user said. */
struct clgan_originals_words {
  const char *command; /**< named in messages about single files */
  const char *data, *split, *crop;
  uint64_t n; /**< how many of the data set at most */
  bool n_given;
  const char **files; /**< operands */
  size_t n_files;
  bool all_parts;  /**< --split may be `all` too, and is so where it is not given */
  bool need_every; /**< a single file that cannot be read is a failure of the whole */
};
/* Rows for the table of options. */
#define CLGAN_ORIGINALS_DATA(o, n_help)                                                                             \
  CLGAN_WORD("data", 0, &(o)->data, "PATH",                                                                         \
             "data set to take images from: a folder of MNIST files, a packed set, builtin"),                       \
      CLGAN_WORD(                                                                                                   \
          "split", 0, &(o)->split, "S",                                                                             \
          (o)->all_parts ? "train, test or all (default)" : "train or test (default: test where the set has one)"), \
      CLGAN_WHOLE("count", 'n', &(o)->n, &(o)->n_given, 1, UINT32_MAX, n_help)
#define CLGAN_ORIGINALS_CROP(o) \
  CLGAN_WORD("crop", 0, &(o)->crop, "X,Y,W,H", "part of each image (default: its centre square)")

/** Usage errors that need no file: neither files nor data, an option of the one with the other, a crop that is none. */
enum clgan_status clgan_originals_check(const struct clgan_originals_words *o, struct clgan_error *e);

/** Zero-initialise. Labels are those that the data set has (NULL: none), whatever the model takes. */
struct clgan_originals {
  size_t n;
  size_t failed;         /**< files that could not be read and are left out */
  unsigned char *pixels; /**< [n,H,W,C]; NULL where a data set is open: clgan_originals_gather */
  const char **name;     /**< [n], of files; else NULL */
  uint32_t *item;        /**< [n], place in the data set; else NULL */
  unsigned char *split;  /**< [n], 0 train, 1 test; else NULL */
  int32_t *digit;        /**< [n] */
  float *age, *gender;   /**< [n] */
  struct clgan_dataset *data;
};
/** Decodes the files, or opens the data set and selects items and labels, leaving the pixels where they are. A file that
 * cannot be read gets a line on stderr and is left out; only where none is left (or need_every) the load fails, with
 * the last file's message as the error. */
enum clgan_status clgan_originals_open(const struct clgan_originals_words *o, const struct clgan_model *m,
                                       struct clgan_originals *x, struct clgan_error *e);
/** The same, but the data set's pixels too are in x->pixels, and its classes are known to be the model's. */
enum clgan_status clgan_originals_load(const struct clgan_originals_words *o, const struct clgan_model *m,
                                       struct clgan_originals *x, struct clgan_error *e);
/** Pixels [n,H,W,C] of originals first..first+n-1: in place, or copied to @p room. */
const unsigned char *clgan_originals_gather(const struct clgan_originals *x, const struct clgan_model *m, size_t first,
                                            size_t n, unsigned char *room);
void clgan_originals_free(struct clgan_originals *x);
/** What such a subcommand has open. Zero-initialise. */
struct clgan_originals_command {
  struct clgan_args args;
  struct clgan_nets nets;
  struct clgan_session device;
  struct clgan_originals x;
};
/** Closes all of it. @return the exit status of @p command, which ended with @p status: a file left out makes it
 * CLGAN_EXIT_FAILED. */
int clgan_originals_command_end(struct clgan_originals_command *c, const char *command, enum clgan_status status,
                                const struct clgan_error *e);
/** ", 2 files left out", or "". */
const char *clgan_originals_note(const struct clgan_originals *x, char text[48]);

/** Fills a part that is not given from the label of original @p i, else from E's @p factors (NULL: not needed). */
struct clgan_condition_given clgan_originals_resolve(const struct clgan_model *m, const struct clgan_condition_given *g,
                                                     const struct clgan_originals *x, size_t i, const float *factors);
/** Condition vectors [n,C] of the originals, part by part as given, else the label, else E's estimate: E runs where it
 * is needed. @param out the caller's (clgan_mem_free); NULL for a model without a condition. */
enum clgan_status clgan_originals_conditions(struct clgan_nets *nets, const struct clgan_condition_given *g,
                                             const struct clgan_originals *x, float **out, struct clgan_error *e);
#endif
