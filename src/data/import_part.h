/** @file import_part.h  What an import has read so far, in a file beside its output that outlives the process. */
#ifndef CLGAN_DATA_IMPORT_PART_H
#define CLGAN_DATA_IMPORT_PART_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

enum { CLGAN_IMPORT_PART_KEY = 16, CLGAN_IMPORT_PART_TEXT = 1024 };

/** What came of a file. */
struct clgan_import_part_record {
  unsigned char key[CLGAN_IMPORT_PART_KEY]; /**< of the file read: clgan_import_part_key */
  unsigned char digest[32];                 /**< SHA-256 of its bytes */
  bool unreadable;
  bool enlarged;                     /**< it had fewer pixels than were asked for */
  uint64_t at;                       /**< where its pixels lie in the part */
  char text[CLGAN_IMPORT_PART_TEXT]; /**< why it is unreadable */
};

/** Records follow each other as files are read, each with a checksum: after a kill all but the last are whole. */
struct clgan_import_part;
/** Opens OUTPUT.part, or makes it. One left by an import with other settings is emptied.
 * @param settings what pixels depend on. @param row bytes of a file's pixels.
 * @return CLGAN_ERR_IO: cannot be made, or another import writes it; CLGAN_ERR_FORMAT: a file of another kind. */
enum clgan_status clgan_import_part_open(const char *output, const char *settings, size_t row,
                                         struct clgan_import_part **out, struct clgan_error *e);
/** Of the item's name, and size and time of the last change of the file: the same key means the same content. */
void clgan_import_part_key(const char *name, const char *path, unsigned char key[CLGAN_IMPORT_PART_KEY]);
/** The next record if it is whole and of that key. Else it and all after it are given up, and from then on only
 * clgan_import_part_add is legal. */
bool clgan_import_part_next(struct clgan_import_part *p, const unsigned char key[CLGAN_IMPORT_PART_KEY],
                            struct clgan_import_part_record *out);
/** Appends a record. @param pixels [row], or NULL where it is unreadable. */
enum clgan_status clgan_import_part_add(struct clgan_import_part *p, struct clgan_import_part_record *record,
                                        const void *pixels, struct clgan_error *e);
enum clgan_status clgan_import_part_pixels(const struct clgan_import_part *p, uint64_t at, void *pixels,
                                           struct clgan_error *e);
const char *clgan_import_part_path(const struct clgan_import_part *p);
/** @param keep false removes the file. close(NULL) is legal. */
void clgan_import_part_close(struct clgan_import_part *p, bool keep);
#endif
