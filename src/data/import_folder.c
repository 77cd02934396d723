/* The image files below a folder. */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "data/import_internal.h"

enum { DEPTH_MAX = 8 }; /* links may lead in circles */

bool clgan_import_is_image(const char *name) {
  static const char *const ends[] = {".jpg", ".jpeg", ".png"};
  for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
    if (clgan_path_ends(name, ends[i])) return true;
  return false;
}

static enum clgan_status walk(struct clgan_import *im, const char *below, int depth, struct clgan_error *e) {
  char *path = *below ? clgan_file_join(im->folder, below) : clgan_mem_strdup(im->folder);
  DIR *folder = opendir(path);
  enum clgan_status status = folder ? CLGAN_OK : clgan_file_fail(e, path, "read the folder", errno);
  for (const struct dirent *f; status == CLGAN_OK && (f = readdir(folder));) {
    if (f->d_name[0] == '.') continue; /* also what other systems hide: ._NAME.jpg is no image */
    char *name = *below ? clgan_file_join(below, f->d_name) : clgan_mem_strdup(f->d_name);
    char *full = clgan_file_join(im->folder, name);
    if (clgan_import_is_image(name))
      clgan_import_add(im, name);
    else if (depth < DEPTH_MAX && clgan_file_is_folder(full))
      status = walk(im, name, depth + 1, e);
    clgan_mem_free(full);
    clgan_mem_free(name);
  }
  if (folder) closedir(folder);
  clgan_mem_free(path);
  return status;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct clgan_import_item *)a)->name, ((const struct clgan_import_item *)b)->name);
}

enum clgan_status clgan_import_walk(struct clgan_import *im, struct clgan_error *e) {
  im->folder = clgan_mem_strdup(im->o->source);
  CLGAN_TRY(walk(im, "", 0, e));
  if (!im->n)
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: no image in it (names that end in .jpg, .jpeg or .png)",
                           im->o->source);
  qsort(im->items, im->n, sizeof *im->items, by_name); /* a folder's own order is nobody's */
  return CLGAN_OK;
}
