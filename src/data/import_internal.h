/** @file import_internal.h  Shared by src/data/import*.c. A format lists items; the rest is common to all. */
#ifndef CLGAN_DATA_IMPORT_INTERNAL_H
#define CLGAN_DATA_IMPORT_INTERNAL_H
#include "base/mem.h"
#include "base/names.h"
#include "base/safetensors.h"
#include "data/image.h"
#include "data/import.h"
#include "data/import_part.h"
#include "data/pool.h"

/** Why an item is left out. */
enum clgan_import_fate {
  CLGAN_IMPORT_TAKEN,
  CLGAN_IMPORT_UNREADABLE,    /**< missing, damaged, no image */
  CLGAN_IMPORT_DUPLICATE,     /**< byte-identical to one taken, same label */
  CLGAN_IMPORT_CONTRADICTION, /**< byte-identical to one of another label */
  CLGAN_IMPORT_NO_LABEL,      /**< its label is missing or makes no sense */
  CLGAN_IMPORT_FATES
};
enum { CLGAN_IMPORT_AGE_MAX = 120 };
struct clgan_import_item {
  char *name;           /**< as the source has it */
  float age;            /**< years */
  unsigned char gender; /**< 0 male, 1 female */
  unsigned char digit;  /**< class */
  unsigned char split;  /**< 0 train, 1 test */
  unsigned char fate;   /**< enum clgan_import_fate */
  bool enlarged;        /**< from fewer pixels */
  unsigned char digest[32];
  uint64_t at; /**< its pixels in the part */
};

struct clgan_import {
  const struct clgan_import_options *o;
  const struct clgan_import_format *format;
  uint32_t height, width, channels;
  double test_fraction;
  char *folder; /**< that item names are relative to */
  struct clgan_import_item *items;
  size_t n, cap;
  bool faces;                     /**< labels are age and gender; else classes */
  struct clgan_names classes;     /**< n 0: numbers */
  struct clgan_dataset *set;      /**< formats that are a data set already */
  struct clgan_import_part *part; /**< what was read of files so far */
  size_t read;                    /**< files in it */
  uint64_t bad_rows, no_image;    /**< rows of a table; labels without an image */
  int named;                      /**< lines spent on naming what was left out */
};

struct clgan_import_format {
  const char *name;
  bool folder; /**< the source is a folder, else a file */
  bool files;  /**< items are image files, else `set` holds pixels */
  /** Fills items (and classes, folder or set); defaults of size and channels where the options have none. */
  enum clgan_status (*list)(struct clgan_import *im, struct clgan_error *e);
};
extern const struct clgan_import_format clgan_import_formats_table[]; /**< ended by name NULL */

enum clgan_status clgan_import_list_mnist(struct clgan_import *im, struct clgan_error *e);
enum clgan_status clgan_import_list_csv(struct clgan_import *im, struct clgan_error *e);
enum clgan_status clgan_import_list_ffhq(struct clgan_import *im, struct clgan_error *e);
enum clgan_status clgan_import_list_utkface(struct clgan_import *im, struct clgan_error *e);

/** "[age]_[gender]_...", with or without folders before it. Races and dates, which some names lack, do not matter.
 * @return whether it is one, of an age up to CLGAN_IMPORT_AGE_MAX. */
bool clgan_import_utkface_name(const char *name, float *age, unsigned char *gender);

/** One face of a label file of FFHQ (docs/file-formats.md): of several the largest.
 * @param text [n]. @return CLGAN_ERR_FORMAT, naming the file. */
enum clgan_status clgan_import_ffhq_label(const char *name, const char *text, size_t n, float *age,
                                          unsigned char *gender, struct clgan_error *e);
/** Whether it is an age that a face can have: 0 to CLGAN_IMPORT_AGE_MAX years. */
bool clgan_import_age(double years, float *age);
/** Whether @p word is male (m, man, 0) or female (f, woman, 1), letters' case aside. */
bool clgan_import_gender(const char *word, unsigned char *gender);

/** Paths below a folder, sorted. */
struct clgan_import_paths {
  char **items;
  size_t n, cap;
};
enum clgan_status clgan_import_paths_find(const char *folder, bool (*want)(const char *name),
                                          struct clgan_import_paths *out, struct clgan_error *e);
void clgan_import_paths_free(struct clgan_import_paths *p); /**< legal on a zeroed struct, which it leaves */
/** Items for all image files (by their names' ends) below the source, which becomes `folder`; sorted by path. */
enum clgan_status clgan_import_walk(struct clgan_import *im, struct clgan_error *e);
bool clgan_import_is_image(const char *name);
/** Labels are age and gender; 64x64 in colour where the options say nothing. */
void clgan_import_face_defaults(struct clgan_import *im);
/** What an item is labelled, for messages; @p text has room for it if it is made up. */
enum { CLGAN_IMPORT_LABEL = 40 };
const char *clgan_import_label(const struct clgan_import *im, const struct clgan_import_item *item,
                               char text[CLGAN_IMPORT_LABEL]);
/** What was written and what was left out, as messages. */
void clgan_import_tell(const struct clgan_import *im);

/** Adds an item; the name is copied (NULL: none). */
struct clgan_import_item *clgan_import_add(struct clgan_import *im, const char *name);
/** Names what is left out, by a warning each, the first ones; all of them where the user asked for more words. */
enum { CLGAN_IMPORT_NAMED_MAX = 20 };
void clgan_import_left_out(struct clgan_import *im, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool clgan_import_stopped(const struct clgan_import *im);

/** CLGAN_ERR_INTERRUPTED once a stop was asked for. */
enum clgan_status clgan_import_check_stop(const struct clgan_import *im, struct clgan_error *e);

size_t clgan_import_row(const struct clgan_import *im); /**< bytes of an image in the set */
/** The largest centred part of an image that has the output's proportions, scaled. @param image of the output's
 * channels, or 1. @param out [clgan_import_row]. */
enum clgan_status clgan_import_scale(const struct clgan_import *im, const struct clgan_image *image, unsigned char *out,
                                     struct clgan_error *e);
/** Reads the files that are not left out already into the part: digests, pixels or why there are none. */
enum clgan_status clgan_import_read(struct clgan_import *im, struct clgan_error *e);
/** Leaves out duplicates and contradictions; sets the split. */
void clgan_import_settle(struct clgan_import *im);
/** Pixels and labels of every item taken into the packed set. */
enum clgan_status clgan_import_write(struct clgan_import *im, struct clgan_error *e);
#endif
