/* Records of what an import has read, appended to a file. Integers are little-endian:
 *   file:   magic [32], SHA-256 of the settings [32], records
 *   record: CRC-32 of all that follows in it [4], bytes of payload [4], key [16], digest [32], unreadable [1],
 *           enlarged [1], zeros [6], payload: pixels, or the text of an error */
#define _XOPEN_SOURCE 700
#include "data/import_part.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"

enum { FILE_HEAD = 64, MAGIC = 32, HEAD = 64, KEY_AT = 8, DIGEST_AT = 24, UNREADABLE_AT = 56, ENLARGED_AT = 57 };
static const char magic[MAGIC] = "clgan: an import's work so far\n";

struct clgan_import_part {
  char *path;
  int fd;
  uint64_t at, size; /* of the next record; of the file when it was opened */
  size_t row, room;
  unsigned char *record; /* [HEAD + room] */
};

static void put32(unsigned char *p, uint32_t v) {
  for (int i = 0; i < 4; i++) p[i] = (unsigned char)(v >> 8 * i);
}

static uint32_t get32(const unsigned char *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Of all that follows the sum itself. */
static uint32_t sum(const unsigned char *record, size_t payload) {
  return (uint32_t)crc32_z(crc32_z(0, NULL, 0), record + 4, HEAD - 4 + payload);
}

static bool read_at(const struct clgan_import_part *p, uint64_t at, void *out, size_t n) {
  for (size_t done = 0; done < n;) {
    ssize_t k = pread(p->fd, (unsigned char *)out + done, n - done, (off_t)(at + done));
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) return false;
    done += (size_t)k;
  }
  return true;
}

static enum clgan_status write_at(const struct clgan_import_part *p, uint64_t at, const void *bytes, size_t n,
                                  struct clgan_error *e) {
  for (size_t done = 0; done < n;) {
    ssize_t k = pwrite(p->fd, (const unsigned char *)bytes + done, n - done, (off_t)(at + done));
    if (k < 0 && errno == EINTR) continue;
    if (k < 0) return clgan_file_fail(e, p->path, "write", errno);
    done += (size_t)k;
  }
  return CLGAN_OK;
}

static enum clgan_status start(struct clgan_import_part *p, const unsigned char head[FILE_HEAD],
                               struct clgan_error *e) {
  p->at = p->size = FILE_HEAD;
  if (ftruncate(p->fd, 0) != 0) return clgan_file_fail(e, p->path, "write", errno);
  return write_at(p, 0, head, FILE_HEAD, e);
}

/* Takes what lies there, where it is a part of the same settings. */
static enum clgan_status take(struct clgan_import_part *p, const char *settings, struct clgan_error *e) {
  unsigned char head[FILE_HEAD], there[FILE_HEAD] = {0};
  struct clgan_sha256 sha;
  struct stat st;
  memcpy(head, magic, MAGIC);
  clgan_sha256_init(&sha);
  clgan_sha256_string(&sha, settings);
  clgan_sha256_final(&sha, head + MAGIC);
  if (fstat(p->fd, &st) != 0) return clgan_file_fail(e, p->path, "read", errno);
  p->size = (uint64_t)st.st_size;
  const size_t n = p->size < FILE_HEAD ? (size_t)p->size : FILE_HEAD;
  if (!S_ISREG(st.st_mode) || !read_at(p, 0, there, n) || memcmp(there, magic, n < MAGIC ? n : MAGIC) != 0)
    return clgan_error_set(e, CLGAN_ERR_FORMAT,
                           "%s: not what import left there; move it away, or choose another name for the set", p->path);
  p->at = FILE_HEAD;
  if (memcmp(there, head, FILE_HEAD) == 0) return CLGAN_OK;
  if (n == FILE_HEAD) clgan_log_info("%s: of an import with other options, begun anew", p->path);
  return start(p, head, e);
}

enum clgan_status clgan_import_part_open(const char *output, const char *settings, size_t row,
                                         struct clgan_import_part **out, struct clgan_error *e) {
  struct clgan_import_part *p = clgan_mem_alloc(sizeof *p);
  p->path = clgan_mem_printf("%s.part", output);
  p->row = row;
  p->room = row > CLGAN_IMPORT_PART_TEXT ? row : CLGAN_IMPORT_PART_TEXT;
  p->record = clgan_mem_alloc(HEAD + p->room);
  p->fd = open(p->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  enum clgan_status status = CLGAN_OK;
  if (p->fd < 0)
    status = clgan_file_fail(e, p->path, "write", errno);
  else if (flock(p->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    status = clgan_error_set(e, CLGAN_ERR_IO,
                             "%s: another import is writing it; wait for its end, or choose another name", output);
  if (status == CLGAN_OK) status = take(p, settings, e);
  *out = status == CLGAN_OK ? p : NULL;
  if (status != CLGAN_OK) clgan_import_part_close(p, true);
  return status;
}

void clgan_import_part_key(const char *name, const char *path, unsigned char key[CLGAN_IMPORT_PART_KEY]) {
  unsigned char digest[32];
  int64_t facts[3] = {-1, 0, 0};
  struct clgan_sha256 sha;
  struct stat st;
  if (stat(path, &st) == 0) facts[0] = st.st_size, facts[1] = st.st_mtim.tv_sec, facts[2] = st.st_mtim.tv_nsec;
  clgan_sha256_init(&sha);
  clgan_sha256_string(&sha, name);
  clgan_sha256_update(&sha, facts, sizeof facts);
  clgan_sha256_final(&sha, digest);
  memcpy(key, digest, CLGAN_IMPORT_PART_KEY);
}

/* Reads the record at p->at into p->record. False: there is none, or it is damaged or not of that key. */
static bool whole(struct clgan_import_part *p, const unsigned char key[CLGAN_IMPORT_PART_KEY], size_t *payload) {
  unsigned char *r = p->record;
  if (p->size - p->at < HEAD || !read_at(p, p->at, r, HEAD)) return false;
  *payload = get32(r + 4);
  if (*payload > p->room || p->size - p->at - HEAD < *payload || memcmp(r + KEY_AT, key, CLGAN_IMPORT_PART_KEY) != 0)
    return false;
  if (!read_at(p, p->at + HEAD, r + HEAD, *payload) || sum(r, *payload) != get32(r)) return false;
  return r[UNREADABLE_AT] ? *payload < CLGAN_IMPORT_PART_TEXT : *payload == p->row;
}

bool clgan_import_part_next(struct clgan_import_part *p, const unsigned char key[CLGAN_IMPORT_PART_KEY],
                            struct clgan_import_part_record *out) {
  size_t payload = 0;
  if (!whole(p, key, &payload)) {
    p->size = p->at; /* what follows is written over */
    if (ftruncate(p->fd, (off_t)p->at) != 0) clgan_log_verbose("%s: cannot be cut", p->path);
    return false;
  }
  *out = (struct clgan_import_part_record){
      .unreadable = p->record[UNREADABLE_AT] != 0, .enlarged = p->record[ENLARGED_AT] != 0, .at = p->at + HEAD};
  memcpy(out->key, key, CLGAN_IMPORT_PART_KEY);
  memcpy(out->digest, p->record + DIGEST_AT, sizeof out->digest);
  if (out->unreadable) memcpy(out->text, p->record + HEAD, payload); /* zeroed: it ends */
  p->at += HEAD + payload;
  return true;
}

enum clgan_status clgan_import_part_add(struct clgan_import_part *p, struct clgan_import_part_record *record,
                                        const void *pixels, struct clgan_error *e) {
  const size_t payload = record->unreadable ? strlen(record->text) : p->row;
  unsigned char *r = p->record;
  memset(r, 0, HEAD);
  put32(r + 4, (uint32_t)payload);
  memcpy(r + KEY_AT, record->key, CLGAN_IMPORT_PART_KEY);
  memcpy(r + DIGEST_AT, record->digest, sizeof record->digest);
  r[UNREADABLE_AT] = record->unreadable, r[ENLARGED_AT] = record->enlarged;
  memcpy(r + HEAD, record->unreadable ? record->text : pixels, payload);
  put32(r, sum(r, payload));
  CLGAN_TRY(write_at(p, p->at, r, HEAD + payload, e));
  record->at = p->at + HEAD;
  p->at += HEAD + payload;
  return CLGAN_OK;
}

enum clgan_status clgan_import_part_pixels(const struct clgan_import_part *p, uint64_t at, void *pixels,
                                           struct clgan_error *e) {
  if (read_at(p, at, pixels, p->row)) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_IO, "%s: cannot be read again; remove it and import anew", p->path);
}

const char *clgan_import_part_path(const struct clgan_import_part *p) {
  return p->path;
}

void clgan_import_part_close(struct clgan_import_part *p, bool keep) {
  if (!p) return;
  if (!keep) (void)unlink(p->path); /* before the lock goes */
  if (p->fd >= 0) close(p->fd);
  clgan_mem_free(p->record);
  clgan_mem_free(p->path);
  clgan_mem_free(p);
}
