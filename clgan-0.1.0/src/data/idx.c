/* IDX files, plain or gzip. */
#include "data/idx.h"
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>
#include "base/file.h"
#include "base/mem.h"

enum { HEADER_MAX = 4 + 4 * CLGAN_IDX_DIMS, MAX_DEFLATE_RATIO = 1032 };

/* Bytes of a mapped file in order, inflated if it is gzip (members may follow one another, as gunzip accepts). */
struct source {
  const char *path;
  struct clgan_map map;
  bool gzip, ended, broken;
  z_stream z;
  size_t at; /* consumed bytes of the map */
};

static void source_close(struct source *s) {
  if (s->gzip) inflateEnd(&s->z);
  clgan_file_unmap(&s->map);
}

static enum clgan_status source_open(struct source *s, const char *path, struct clgan_error *e) {
  memset(s, 0, sizeof *s);
  s->path = path;
  CLGAN_TRY(clgan_file_map(path, &s->map, e));
  s->gzip = s->map.size >= 2 && s->map.data[0] == 0x1f && s->map.data[1] == 0x8b;
  if (s->gzip && inflateInit2(&s->z, 15 + 16) != Z_OK) {
    s->gzip = false;
    source_close(s);
    return clgan_error_set(e, CLGAN_ERR_MEMORY, "%s: not enough memory to unpack it; close other programs", path);
  }
  return CLGAN_OK;
}

static size_t source_copy(struct source *s, unsigned char *out, size_t n) {
  size_t left = s->map.size - s->at;
  if (n > left) n = left;
  if (n > 0) memcpy(out, s->map.data + s->at, n);
  s->at += n;
  s->ended = s->at == s->map.size;
  return n;
}

static size_t source_inflate(struct source *s, unsigned char *out, size_t n) {
  size_t done = 0;
  while (done < n && !s->ended && !s->broken) {
    size_t in = s->map.size - s->at, room = n - done;
    s->z.next_in = (z_const Bytef *)(s->map.data + s->at);
    s->z.avail_in = in > UINT_MAX ? UINT_MAX : (uInt)in;
    s->z.next_out = out + done;
    s->z.avail_out = room > UINT_MAX ? UINT_MAX : (uInt)room;
    const uInt gave = s->z.avail_in, had = s->z.avail_out;
    int rc = inflate(&s->z, Z_NO_FLUSH);
    s->at += gave - s->z.avail_in;
    done += had - s->z.avail_out;
    if (rc == Z_STREAM_END) {
      bool member = s->map.size - s->at >= 2 && s->map.data[s->at] == 0x1f && s->map.data[s->at + 1] == 0x8b;
      s->ended = !member || inflateReset(&s->z) != Z_OK;
    } else if (rc == Z_BUF_ERROR) {
      break; /* the input is used up inside the stream: cut short */
    } else if (rc != Z_OK) {
      s->broken = true;
    }
  }
  return done;
}

/* Reads up to n bytes; fewer mean the end, a cut or damage. */
static size_t source_read(struct source *s, unsigned char *out, size_t n) {
  return s->gzip ? source_inflate(s, out, n) : source_copy(s, out, n);
}

static enum clgan_status short_error(const struct source *s, size_t got, uint64_t wanted, struct clgan_error *e) {
  if (s->broken)
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: the gzip data is damaged; download or copy the file again",
                           s->path);
  if (s->gzip && !s->ended)
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: the .gz is cut short; download or copy the file again", s->path);
  return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: truncated, %zu bytes of %llu; download or copy the file again",
                         s->path, got, (unsigned long long)wanted);
}

static uint32_t big_endian(const unsigned char *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static enum clgan_status read_header(struct source *s, int dims, struct clgan_idx *idx, struct clgan_error *e) {
  unsigned char head[HEADER_MAX];
  size_t want = 4 + 4 * (size_t)dims, got = source_read(s, head, want);
  static const unsigned char magic[3] = {0, 0, 8};
  if (got >= 4 && (memcmp(head, magic, 3) != 0 || head[3] != dims))
    return clgan_error_set(e, CLGAN_ERR_FORMAT,
                           "%s: not an IDX file of %s (it starts with %02x%02x%02x%02x, not 0000080%d); "
                           "put MNIST's file of that name there",
                           s->path, dims == 3 ? "images" : "labels", head[0], head[1], head[2], head[3], dims);
  if (got < want) return short_error(s, got, want, e);
  idx->dims = dims;
  for (int i = 0; i < dims; i++) idx->shape[i] = big_endian(head + 4 + 4 * i);
  return CLGAN_OK;
}

/* The announced size, if the file can hold it. */
static enum clgan_status check_size(const struct source *s, const struct clgan_idx *idx, size_t *size,
                                    struct clgan_error *e) {
  const uint64_t file = s->map.size;
  uint64_t limit = s->gzip ? file * MAX_DEFLATE_RATIO + 1024 : file, total = 1;
  for (int i = 0; i < idx->dims; i++) {
    if (idx->shape[i] == 0)
      return clgan_error_set(e, CLGAN_ERR_FORMAT,
                             "%s: its header announces nothing (a size of 0); download or copy the file "
                             "again",
                             s->path);
    if (total > limit / idx->shape[i])
      return clgan_error_set(e, CLGAN_ERR_FORMAT,
                             "%s: its header announces %u items, more than its %llu bytes can hold; it is "
                             "truncated or damaged, download or copy the file again",
                             s->path, idx->shape[0], (unsigned long long)file);
    total *= idx->shape[i];
  }
  if (total > SIZE_MAX)
    return clgan_error_set(e, CLGAN_ERR_MEMORY, "%s: too large for this machine's address space", s->path);
  *size = (size_t)total;
  return CLGAN_OK;
}

static enum clgan_status read_all(struct source *s, int dims, struct clgan_idx *idx, struct clgan_error *e) {
  CLGAN_TRY(read_header(s, dims, idx, e));
  CLGAN_TRY(check_size(s, idx, &idx->size, e));
  void *data;
  CLGAN_TRY(clgan_mem_try(&data, idx->size, 1, s->path, e));
  idx->data = data;
  size_t head = 4 + 4 * (size_t)dims, got = source_read(s, idx->data, idx->size);
  if (got < idx->size) return short_error(s, head + got, (uint64_t)head + idx->size, e);
  unsigned char more;
  bool extra = source_read(s, &more, 1) == 1; /* for .gz this also reads the check sum */
  if (extra)
    return clgan_error_set(e, CLGAN_ERR_FORMAT,
                           "%s: it holds more data than its header announces (%u items); download or "
                           "copy the file again",
                           s->path, idx->shape[0]);
  if (s->gzip && !s->ended) return short_error(s, head + got, (uint64_t)head + idx->size, e);
  return CLGAN_OK;
}

enum clgan_status clgan_idx_read(const char *path, int dims, struct clgan_idx *out, struct clgan_error *e) {
  memset(out, 0, sizeof *out);
  struct source s;
  CLGAN_TRY(source_open(&s, path, e));
  enum clgan_status status = read_all(&s, dims, out, e);
  source_close(&s);
  if (status != CLGAN_OK) clgan_idx_free(out);
  return status;
}

void clgan_idx_free(struct clgan_idx *idx) {
  clgan_mem_free(idx->data);
  memset(idx, 0, sizeof *idx);
}
