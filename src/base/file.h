/** @file file.h  Whole-file reads, memory maps, atomic writes, folders. Errors name the file and say what to do. */
#ifndef CLGAN_BASE_FILE_H
#define CLGAN_BASE_FILE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "base/status.h"

/** Reads the whole file; *data is NUL-terminated (not counted), owned by the caller (clgan_mem_free). */
enum clgan_status clgan_file_read(const char *path, char **data, size_t *size, struct clgan_error *e);

/** Read-only memory map. */
struct clgan_map {
  const unsigned char *data;
  size_t size;
};
enum clgan_status clgan_file_map(const char *path, struct clgan_map *map, struct clgan_error *e);
void clgan_file_unmap(struct clgan_map *map);

/** Atomic write: a temporary name in the same folder, flushed (fsync), then renamed; on any failure the old file stays and the
 * temporary is removed. begin returns a FILE* to write to. */
struct clgan_atomic {
  char *path, *temporary;
  FILE *file;
};
enum clgan_status clgan_atomic_begin(struct clgan_atomic *a, const char *path, struct clgan_error *e);
enum clgan_status clgan_atomic_write(struct clgan_atomic *a, const void *data, size_t n, struct clgan_error *e);
enum clgan_status clgan_atomic_commit(struct clgan_atomic *a, struct clgan_error *e);
void clgan_atomic_abort(struct clgan_atomic *a); /**< legal after commit and on a zeroed struct */
enum clgan_status clgan_file_write(const char *path, const void *data, size_t n, struct clgan_error *e); /**< atomic */

/** True if @p path has something before @p ending (".png"), letters' case aside. */
bool clgan_path_ends(const char *path, const char *ending);
bool clgan_file_exists(const char *path);
bool clgan_file_is_folder(const char *path);
enum clgan_status clgan_file_make_folder(const char *path, struct clgan_error *e); /**< like mkdir -p */
/** Fails now, with a clear line, if a file at @p path could not be created later (folder missing or unwritable). */
enum clgan_status clgan_file_check_writable(const char *path, struct clgan_error *e);
/** "PATH: cannot DOING: why; what to do", for the errno value @p error. */
enum clgan_status clgan_file_fail(struct clgan_error *e, const char *path, const char *doing, int error);
char *clgan_file_join(const char *folder, const char *name);  /**< owned by the caller */
char *clgan_file_cache_folder(void); /**< $XDG_CACHE_HOME/clgan or ~/.cache/clgan; NULL if neither is set */
#endif
