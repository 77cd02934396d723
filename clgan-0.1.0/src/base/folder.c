/* folder.c: a folder taken by one process; lines appended to a file. SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700
#include "base/folder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

/* -- one process at a time -- */

static enum clgan_status take(struct clgan_folder *f, struct clgan_error *e) {
  CLGAN_TRY(clgan_file_make_folder(f->path, e));
  f->handle = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (f->handle < 0)
    return clgan_error_set(e, CLGAN_ERR_IO, "%s: cannot open this folder; check its permissions", f->path);
  if (flock(f->handle, LOCK_EX | LOCK_NB) == 0) return CLGAN_OK;
  if (errno == EWOULDBLOCK)
    return clgan_error_set(e, CLGAN_ERR_IO,
                           "%s: another training is writing to this folder; wait for its end, or give another", f->path);
  clgan_log_verbose("%s: no locks on this file system; let no other training write there", f->path);
  return CLGAN_OK;
}

enum clgan_status clgan_folder_take(struct clgan_folder *f, const char *path, struct clgan_error *e) {
  *f = (struct clgan_folder){.path = clgan_mem_strdup(path), .handle = -1};
  enum clgan_status s = take(f, e);
  if (s != CLGAN_OK) clgan_folder_leave(f);
  return s;
}

void clgan_folder_leave(struct clgan_folder *f) {
  if (!f->path) return;
  if (f->handle >= 0) close(f->handle);
  clgan_mem_free(f->path);
  *f = (struct clgan_folder){0};
}

enum clgan_status clgan_folder_check(struct clgan_folder *f, bool *again, struct clgan_error *e) {
  struct stat ours, there;
  *again = false;
  if (fstat(f->handle, &ours) != 0) return CLGAN_OK; /* nothing to compare with */
  if (stat(f->path, &there) != 0) {
    if (errno != ENOENT) return CLGAN_OK; /* writing will say what is wrong */
    close(f->handle);
    *again = true;
    return take(f, e);
  }
  if (ours.st_dev == there.st_dev && ours.st_ino == there.st_ino) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_IO, "%s: another folder has taken its place: nothing was written there", f->path);
}

/* ".NAME.PID-N.tmp", as clgan_atomic_begin makes it. */
static bool is_leftover(const char *name, const char *prefix) {
  size_t n = strlen(name), k = strlen(prefix);
  if (name[0] != '.' || n < k + 1 || strncmp(name + 1, prefix, k) != 0) return false;
  if (n < 8 || strcmp(name + n - 4, ".tmp") != 0) return false;
  const char *at = name + n - 5, *last = at;
  while (at > name && isdigit((unsigned char)*at)) at--;
  if (*at != '-' || at == last) return false;
  last = --at;
  while (at > name && isdigit((unsigned char)*at)) at--;
  return *at == '.' && at != last;
}

void clgan_folder_sweep(const char *path, const char *prefix) {
  DIR *d = opendir(path);
  if (!d) return;
  for (struct dirent *f; (f = readdir(d));)
    if (is_leftover(f->d_name, prefix) && unlinkat(dirfd(d), f->d_name, 0) == 0)
      clgan_log_verbose("%s/%s: removed, left by a run that was killed", path, f->d_name);
  closedir(d);
}

/* -- lines -- */

static enum clgan_status lines_fail(struct clgan_lines *l, int error, struct clgan_error *e) {
  l->failing = true;
  return clgan_file_fail(e, l->path, "write", error);
}

/* A killed process may have left a line without its end, after which ours would not be one. */
static enum clgan_status end_line(struct clgan_lines *l, struct clgan_error *e) {
  char last;
  off_t size = lseek(l->fd, 0, SEEK_END);
  if (size <= 0 || pread(l->fd, &last, 1, size - 1) != 1 || last == '\n') return CLGAN_OK;
  return write(l->fd, "\n", 1) == 1 ? CLGAN_OK : lines_fail(l, errno, e);
}

enum clgan_status clgan_lines_open(struct clgan_lines *l, const char *path, struct clgan_error *e) {
  *l = (struct clgan_lines){.path = clgan_mem_strdup(path), .fd = -1};
  return clgan_lines_reopen(l, e);
}

enum clgan_status clgan_lines_reopen(struct clgan_lines *l, struct clgan_error *e) {
  if (l->fd >= 0) close(l->fd);
  l->fd = open(l->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (l->fd < 0) return lines_fail(l, errno, e);
  return end_line(l, e);
}

/* Writes whole lines; where only some of the bytes fit, those of the last line that is not whole are taken back. */
static enum clgan_status write_waiting(struct clgan_lines *l, struct clgan_error *e) {
  if (l->fd < 0) CLGAN_TRY(clgan_lines_reopen(l, e));
  while (l->waiting.len) {
    off_t before = lseek(l->fd, 0, SEEK_END);
    ssize_t n = write(l->fd, l->waiting.s, l->waiting.len);
    int error = n < 0 ? errno : ENOSPC;
    if (n < 0 && error == EINTR) continue;
    size_t done = n > 0 ? (size_t)n : 0;
    while (done && l->waiting.s[done - 1] != '\n') done--;
    if (n > 0 && done < (size_t)n && ftruncate(l->fd, before + (off_t)done) != 0) done = (size_t)n;
    memmove(l->waiting.s, l->waiting.s + done, l->waiting.len - done + 1);
    l->waiting.len -= done;
    if (!done) return lines_fail(l, error, e);
  }
  l->failing = false;
  return CLGAN_OK;
}

enum clgan_status clgan_lines_add(struct clgan_lines *l, const char *text, struct clgan_error *e) {
  clgan_text_append(&l->waiting, text, strlen(text));
  enum clgan_status s = write_waiting(l, e);
  if (l->waiting.len <= CLGAN_LINES_WAITING) return s;
  const char *half = strchr(l->waiting.s + l->waiting.len / 2, '\n') + 1; /* there is one: every text ends in one */
  size_t left = l->waiting.len - (size_t)(half - l->waiting.s);
  memmove(l->waiting.s, half, left + 1);
  l->waiting.len = left;
  return s;
}

void clgan_lines_sync(struct clgan_lines *l) {
  if (l->fd >= 0) (void)fsync(l->fd);
}

enum clgan_status clgan_lines_close(struct clgan_lines *l, struct clgan_error *e) {
  if (!l->path) return CLGAN_OK;
  enum clgan_status s = l->waiting.len ? write_waiting(l, e) : CLGAN_OK;
  if (l->fd >= 0) close(l->fd);
  clgan_text_free(&l->waiting);
  clgan_mem_free(l->path);
  *l = (struct clgan_lines){0};
  return s;
}

enum clgan_status clgan_lines_trim(const char *path, bool (*keep)(const char *line, void *context), void *context,
                                   struct clgan_error *e) {
  struct clgan_error own = {0};
  char *text, *line;
  size_t size, kept;
  if (!clgan_file_exists(path)) return CLGAN_OK;
  CLGAN_TRY(clgan_file_read(path, &text, &size, e));
  for (line = text; *line;) {
    char *end = strchr(line, '\n');
    if (!end) break;
    *end = '\0';
    if (!keep(line, context)) break;
    line = end + 1;
  }
  kept = (size_t)(line - text);
  if (kept < size && truncate(path, (off_t)kept) != 0) clgan_file_fail(&own, path, "shorten", errno);
  clgan_mem_free(text);
  return own.status ? clgan_error_set(e, own.status, "%s", own.text) : CLGAN_OK;
}
