/** @file folder.h  A folder that one process works in at a time, and text that grows in it line by line. */
#ifndef CLGAN_BASE_FOLDER_H
#define CLGAN_BASE_FOLDER_H
#include "base/file.h"
#include "base/mem.h"

/** Zero-initialise. */
struct clgan_folder {
  char *path;
  int handle; /**< of the folder itself; valid while path is set */
};
/** Makes the folder (as mkdir -p) and takes it for this process: until clgan_folder_leave, or the process's end of whatever
 * kind, another one that wants it is refused with CLGAN_ERR_IO. No file is left for that. Where the file system knows no
 * locks, none is held. */
enum clgan_status clgan_folder_take(struct clgan_folder *f, const char *path, struct clgan_error *e);
void clgan_folder_leave(struct clgan_folder *f); /**< legal on a zeroed struct */
/** Looks whether the folder still lies at its path; makes and takes it again where it was removed. @param again receives
 * true then. @return CLGAN_ERR_IO where another folder lies there now: it is not ours to write to. */
enum clgan_status clgan_folder_check(struct clgan_folder *f, bool *again, struct clgan_error *e);
/** Removes what atomic writes of killed processes left of files whose names begin with @p prefix. Only for files that no
 * other process writes. */
void clgan_folder_sweep(const char *path, const char *prefix);

/** Lines appended to a file as soon as it can be written: what a full disk refuses waits in memory and is tried again with
 * the next line. A line is in the file whole or not at all. Zero-initialise. */
struct clgan_lines {
  char *path;
  int fd;
  bool failing;              /**< the last write failed */
  struct clgan_text waiting; /**< not in the file yet; bounded: beyond CLGAN_LINES_WAITING the oldest are given up */
};
enum { CLGAN_LINES_WAITING = 1 << 20 };
enum clgan_status clgan_lines_open(struct clgan_lines *l, const char *path, struct clgan_error *e);
/** Adds text that ends in a newline, and writes what waits. @return CLGAN_ERR_IO where it still waits. */
enum clgan_status clgan_lines_add(struct clgan_lines *l, const char *text, struct clgan_error *e);
/** Opens the file anew where it was removed or replaced; what was written before is gone then. */
enum clgan_status clgan_lines_reopen(struct clgan_lines *l, struct clgan_error *e);
void clgan_lines_sync(struct clgan_lines *l); /**< to the disk itself, as far as the file system can */
/** Tries once more. @return CLGAN_ERR_IO where lines are lost. */
enum clgan_status clgan_lines_close(struct clgan_lines *l, struct clgan_error *e);
/** Keeps the lines at the file's start for which @p keep holds, up to the first for which it does not; a last line without
 * its newline goes too. Needs no room on the disk. An absent file is fine. */
enum clgan_status clgan_lines_trim(const char *path, bool (*keep)(const char *line, void *context), void *context,
                                   struct clgan_error *e);
#endif
