/* file.c: whole-file reads, memory maps, atomic writes, folders. SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

/* What the user can do about a failed call. */
static const char *advice(int error) {
  switch (error) {
    case ENOENT: return "; check the path";
    case EACCES:
    case EPERM: return "; check its permissions";
    case EROFS: return "; choose another folder";
    case EDQUOT:
    case ENOSPC: return "; free some space or choose another disk";
    case EISDIR: return "; name a file, not a folder";
    default: return "";
  }
}

/* strerror's buffer belongs to every thread. */
static const char *describe(int error, char text[128]) {
  if (strerror_r(error, text, 128) != 0) snprintf(text, 128, "error %d", error);
  return text;
}

enum clgan_status clgan_file_fail(struct clgan_error *e, const char *path, const char *doing, int error) {
  char text[128];
  return clgan_error_set(e, CLGAN_ERR_IO, "%s: cannot %s: %s%s", path, doing, describe(error, text), advice(error));
}

enum clgan_status clgan_file_read(const char *path, char **data, size_t *size, struct clgan_error *e) {
  struct clgan_text t = {0};
  char block[65536];
  size_t n;
  FILE *f = fopen(path, "rb");
  *data = NULL;
  *size = 0;
  if (!f) return clgan_file_fail(e, path, "open", errno);
  clgan_text_append(&t, "", 0); /* so that an empty file gives "" */
  while ((n = fread(block, 1, sizeof block, f)) > 0) clgan_text_append(&t, block, n);
  if (ferror(f)) {
    int error = errno;
    fclose(f);
    clgan_text_free(&t);
    return clgan_file_fail(e, path, "read", error);
  }
  fclose(f);
  *data = t.s;
  *size = t.len;
  return CLGAN_OK;
}

enum clgan_status clgan_file_map(const char *path, struct clgan_map *map, struct clgan_error *e) {
  struct stat st;
  void *p;
  int fd = open(path, O_RDONLY | O_CLOEXEC), error;
  *map = (struct clgan_map){0};
  if (fd < 0) return clgan_file_fail(e, path, "open", errno);
  if (fstat(fd, &st) != 0) {
    error = errno;
    close(fd);
    return clgan_file_fail(e, path, "read", error);
  }
  if (!S_ISREG(st.st_mode)) {
    close(fd);
    if (S_ISDIR(st.st_mode)) return clgan_file_fail(e, path, "read", EISDIR);
    return clgan_error_set(e, CLGAN_ERR_IO, "%s: cannot be mapped; copy it to a regular file first", path);
  }
  if (st.st_size == 0) { /* mmap refuses an empty range */
    close(fd);
    map->data = (const unsigned char *)"";
    return CLGAN_OK;
  }
  p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  error = errno;
  close(fd);
  if (p == MAP_FAILED) return clgan_file_fail(e, path, "map into memory", error);
  map->data = p;
  map->size = (size_t)st.st_size;
  return CLGAN_OK;
}

void clgan_file_unmap(struct clgan_map *map) {
  if (!map) return;
  if (map->size) {
    union {
      const unsigned char *in;
      void *out;
    } p = {map->data}; /* munmap takes no const */
    munmap(p.out, map->size);
  }
  *map = (struct clgan_map){0};
}

/* The folder part of path ("." if it has none); owned by the caller. */
static char *parent_of(const char *path) {
  const char *slash = strrchr(path, '/');
  char *folder;
  if (!slash) return clgan_mem_strdup(".");
  if (slash == path) return clgan_mem_strdup("/");
  folder = clgan_mem_strdup(path);
  folder[slash - path] = '\0';
  return folder;
}

/* Opens a new file beside a->path; the name holds the process id, so that two runs do not share one. */
static int open_temporary(struct clgan_atomic *a, mode_t mode) {
  const char *slash = strrchr(a->path, '/');
  const char *base = slash ? slash + 1 : a->path;
  int folder = (int)(base - a->path), fd = -1;
  for (int i = 0; i < 100; i++) {
    a->temporary = clgan_mem_printf("%.*s.%.200s.%ld-%d.tmp", folder, a->path, base, (long)getpid(), i);
    fd = open(a->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd >= 0 || errno != EEXIST) break;
    clgan_mem_free(a->temporary);
    a->temporary = NULL;
  }
  if (fd < 0) {
    int error = errno;
    clgan_mem_free(a->temporary);
    a->temporary = NULL;
    errno = error;
  }
  return fd;
}

enum clgan_status clgan_atomic_begin(struct clgan_atomic *a, const char *path, struct clgan_error *e) {
  struct stat st;
  bool exists = stat(path, &st) == 0;
  int fd, error;
  *a = (struct clgan_atomic){0};
  if (!path[0]) return clgan_error_set(e, CLGAN_ERR_IO, "the output's name is empty; name a file");
  if (exists && S_ISDIR(st.st_mode)) return clgan_file_fail(e, path, "write", EISDIR);
  if (path[strlen(path) - 1] == '/') return clgan_file_fail(e, path, "write", EISDIR);
  if (exists && !S_ISREG(st.st_mode)) { /* a device or pipe: nothing to keep, and a rename would replace the node */
    a->path = clgan_mem_strdup(path);
    fd = open(path, O_WRONLY | O_CLOEXEC);
  } else {
    char *real = exists ? realpath(path, NULL) : NULL; /* a link stays a link: its target is replaced */
    a->path = clgan_mem_strdup(real ? real : path);
    free(real);
    fd = open_temporary(a, exists ? st.st_mode & 0777 : 0666);
  }
  if (fd >= 0) a->file = fdopen(fd, "wb");
  if (a->file) return CLGAN_OK;
  error = errno;
  if (fd >= 0) close(fd);
  clgan_atomic_abort(a);
  return clgan_file_fail(e, path, "write", error);
}

static enum clgan_status atomic_fail(struct clgan_atomic *a, const char *doing, struct clgan_error *e, int error) {
  enum clgan_status status = clgan_file_fail(e, a->path, doing, error);
  clgan_atomic_abort(a);
  return status;
}

enum clgan_status clgan_atomic_write(struct clgan_atomic *a, const void *data, size_t n, struct clgan_error *e) {
  if (!a->file) return clgan_error_set(e, CLGAN_ERR_INTERNAL, "write to a file that is not open");
  if (n == 0 || fwrite(data, 1, n, a->file) == n) return CLGAN_OK;
  return atomic_fail(a, "write", e, errno);
}

/* Makes the rename itself last. Not every file system allows fsync of a folder: then there is nothing more to do. */
static void sync_folder_of(const char *path) {
  char *folder = parent_of(path);
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    (void)fsync(fd);
    close(fd);
  }
  clgan_mem_free(folder);
}

enum clgan_status clgan_atomic_commit(struct clgan_atomic *a, struct clgan_error *e) {
  FILE *f = a->file;
  if (!f) return clgan_error_set(e, CLGAN_ERR_INTERNAL, "commit of a file that is not open");
  if (fflush(f) != 0) return atomic_fail(a, "write", e, errno);
  if (a->temporary && fsync(fileno(f)) != 0) return atomic_fail(a, "flush to disk", e, errno);
  a->file = NULL;
  if (fclose(f) != 0) return atomic_fail(a, "write", e, errno);
  if (a->temporary) {
    if (rename(a->temporary, a->path) != 0) return atomic_fail(a, "replace", e, errno);
    clgan_mem_free(a->temporary);
    a->temporary = NULL; /* it has its final name now: nothing for abort to remove */
    sync_folder_of(a->path);
  }
  clgan_atomic_abort(a);
  return CLGAN_OK;
}

void clgan_atomic_abort(struct clgan_atomic *a) {
  if (!a) return;
  if (a->file) fclose(a->file);
  if (a->temporary) unlink(a->temporary);
  clgan_mem_free(a->temporary);
  clgan_mem_free(a->path);
  *a = (struct clgan_atomic){0};
}

enum clgan_status clgan_file_write(const char *path, const void *data, size_t n, struct clgan_error *e) {
  struct clgan_atomic a;
  CLGAN_TRY(clgan_atomic_begin(&a, path, e));
  CLGAN_TRY(clgan_atomic_write(&a, data, n, e));
  return clgan_atomic_commit(&a, e);
}

bool clgan_file_exists(const char *path) {
  struct stat st;
  return stat(path, &st) == 0;
}

bool clgan_file_is_folder(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum clgan_status clgan_file_make_folder(const char *path, struct clgan_error *e) {
  char *part = clgan_mem_strdup(path);
  enum clgan_status status = CLGAN_OK;
  for (char *p = part + (part[0] == '/'); status == CLGAN_OK; p++) {
    char c = *p;
    if (c != '/' && c != '\0') continue;
    *p = '\0';
    if (part[0] && !clgan_file_is_folder(part) && mkdir(part, 0777) != 0) {
      int error = errno; /* before it is looked whether somebody else was faster */
      if (!clgan_file_is_folder(part)) status = clgan_file_fail(e, part, "make this folder", error);
    }
    *p = c;
    if (c == '\0') break;
  }
  clgan_mem_free(part);
  if (status == CLGAN_OK && !path[0]) return clgan_error_set(e, CLGAN_ERR_IO, "the folder's name is empty; name one");
  return status;
}

enum clgan_status clgan_file_check_writable(const char *path, struct clgan_error *e) {
  struct stat st;
  enum clgan_status status = CLGAN_OK;
  char *folder = NULL, text[128];
  if (!path[0]) return clgan_error_set(e, CLGAN_ERR_IO, "the output's name is empty; name a file");
  if (clgan_file_is_folder(path) || path[strlen(path) - 1] == '/') return clgan_file_fail(e, path, "write", EISDIR);
  if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) /* written in place */
    return access(path, W_OK) == 0 ? CLGAN_OK : clgan_file_fail(e, path, "write", errno);
  folder = parent_of(path);
  if (!clgan_file_exists(folder))
    status =
        clgan_error_set(e, CLGAN_ERR_IO, "%s: cannot write: folder %s does not exist; make it first", path, folder);
  else if (!clgan_file_is_folder(folder))
    status = clgan_error_set(e, CLGAN_ERR_IO, "%s: cannot write: %s is not a folder", path, folder);
  else if (access(folder, W_OK | X_OK) != 0)
    status = clgan_error_set(e, CLGAN_ERR_IO, "%s: cannot write in folder %s: %s; choose another", path, folder,
                             describe(errno, text));
  clgan_mem_free(folder);
  return status;
}

bool clgan_path_ends(const char *path, const char *ending) {
  size_t n = strlen(path), k = strlen(ending);
  return n > k && !strcasecmp(path + n - k, ending);
}

char *clgan_file_join(const char *folder, const char *name) {
  size_t n = strlen(folder);
  if (n == 0) return clgan_mem_strdup(name);
  return clgan_mem_printf("%s%s%s", folder, folder[n - 1] == '/' ? "" : "/", name);
}

char *clgan_file_cache_folder(void) {
  const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  if (xdg && xdg[0] == '/') return clgan_file_join(xdg, "clgan"); /* the XDG rules void relative paths */
  if (home && home[0]) return clgan_file_join(home, ".cache/clgan");
  return NULL;
}
