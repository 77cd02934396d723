/* The files below a folder. */
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

struct walk {
  const char *root;
  bool (*want)(const char *name);
  struct clgan_import_paths *out;
};

static enum clgan_status walk(const struct walk *w, const char *below, int depth, struct clgan_error *e) {
  char *path = *below ? clgan_file_join(w->root, below) : clgan_mem_strdup(w->root);
  DIR *folder = opendir(path);
  enum clgan_status status = folder ? CLGAN_OK : clgan_file_fail(e, path, "read the folder", errno);
  for (const struct dirent *f; status == CLGAN_OK && (f = readdir(folder));) {
    if (f->d_name[0] == '.') continue; /* also what other systems hide: ._NAME.jpg is no image */
    char *name = *below ? clgan_file_join(below, f->d_name) : clgan_mem_strdup(f->d_name);
    char *full = clgan_file_join(w->root, name);
    if (w->want(name)) {
      CLGAN_GROW(w->out->items, w->out->n, w->out->cap);
      w->out->items[w->out->n++] = name;
      name = NULL;
    } else if (depth < DEPTH_MAX && clgan_file_is_folder(full)) {
      status = walk(w, name, depth + 1, e);
    }
    clgan_mem_free(full);
    clgan_mem_free(name);
  }
  if (folder) closedir(folder);
  clgan_mem_free(path);
  return status;
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

void clgan_import_paths_free(struct clgan_import_paths *p) {
  for (size_t i = 0; i < p->n; i++) clgan_mem_free(p->items[i]);
  clgan_mem_free(p->items);
  *p = (struct clgan_import_paths){0};
}

enum clgan_status clgan_import_paths_find(const char *folder, bool (*want)(const char *name),
                                          struct clgan_import_paths *out, struct clgan_error *e) {
  const struct walk w = {folder, want, out};
  *out = (struct clgan_import_paths){0};
  enum clgan_status status = walk(&w, "", 0, e);
  if (status != CLGAN_OK) clgan_import_paths_free(out);
  if (out->n) qsort(out->items, out->n, sizeof *out->items, by_name); /* a folder's own order is nobody's */
  return status;
}

enum clgan_status clgan_import_walk(struct clgan_import *im, struct clgan_error *e) {
  struct clgan_import_paths images;
  im->folder = clgan_mem_strdup(im->o->source);
  CLGAN_TRY(clgan_import_paths_find(im->folder, clgan_import_is_image, &images, e));
  for (size_t i = 0; i < images.n; i++) clgan_import_add(im, images.items[i]);
  clgan_import_paths_free(&images);
  if (im->n) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: no image in it (names that end in .jpg, .jpeg or .png)",
                         im->o->source);
}
