/* The disk cache of program binaries: one file per key, every byte of it checked before use. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "cl/cl_private.h"

/* An entry, little-endian: magic[8], format u32, zero u32, key SHA-256[32], payload length u64, payload SHA-256[32],
   payload. */
#define HEADER_BYTES 88
#define FORMAT 1
static const char magic[8] = {'c', 'l', 'g', 'a', 'n', 'b', 'i', 'n'};

static void put_number(unsigned char *p, uint64_t v, int bytes) {
  for (int i = 0; i < bytes; i++) p[i] = (unsigned char)(v >> (8 * i));
}

static void key_bytes(const char key[65], unsigned char out[32]) {
  for (int i = 0; i < 32; i++) {
    char two[3] = {key[2 * i], key[2 * i + 1], '\0'};
    out[i] = (unsigned char)strtoul(two, NULL, 16);
  }
}

static void payload_hash(const void *payload, size_t bytes, unsigned char digest[32]) {
  struct clgan_sha256 s;
  clgan_sha256_init(&s);
  clgan_sha256_update(&s, payload, bytes);
  clgan_sha256_final(&s, digest);
}

static void make_header(const char key[65], const void *payload, size_t bytes, unsigned char h[HEADER_BYTES]) {
  memset(h, 0, HEADER_BYTES);
  memcpy(h, magic, sizeof magic);
  put_number(h + 8, FORMAT, 4);
  key_bytes(key, h + 16);
  put_number(h + 48, bytes, 8);
  payload_hash(payload, bytes, h + 56);
}

char *clgan_cache_path(const char key[65]) {
  char *folder = clgan_file_cache_folder();
  if (folder == NULL) return NULL;
  char *path = clgan_mem_printf("%s/kernels/%s.bin", folder, key);
  clgan_mem_free(folder);
  return path;
}

int clgan_cache_share(void) {
  char *folder = clgan_file_cache_folder();
  struct clgan_error ignored = {CLGAN_OK, ""};
  if (folder == NULL) return -1;
  int fd = -1;
  if (clgan_file_make_folder(folder, &ignored) == CLGAN_OK) {
    char *path = clgan_mem_printf("%s/lock", folder);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    clgan_mem_free(path);
  }
  clgan_mem_free(folder);
  if (fd >= 0) clgan_cache_alone_end(fd);
  return fd;
}

bool clgan_cache_alone(int shared) {
  return shared < 0 || flock(shared, LOCK_EX | LOCK_NB) == 0;
}

void clgan_cache_alone_end(int shared) {
  while (shared >= 0 && flock(shared, LOCK_SH) != 0 && errno == EINTR) continue;
}

void clgan_cache_share_end(int shared) {
  if (shared >= 0) (void)close(shared);
}

bool clgan_cache_read(const char key[65], unsigned char **payload, size_t *bytes) {
  char *path = clgan_cache_path(key);
  char *data = NULL;
  size_t size = 0;
  bool good = false;
  struct clgan_error error = {CLGAN_OK, ""};
  if (path != NULL && clgan_file_exists(path)) {
    if (clgan_file_read(path, &data, &size, &error) != CLGAN_OK) {
      clgan_log_verbose("kernel cache: %s; compiling again", error.text);
    } else {
      /* The whole header follows from key and payload: making it anew and comparing checks every field. */
      unsigned char want[HEADER_BYTES];
      good = size > HEADER_BYTES;
      if (good) {
        make_header(key, data + HEADER_BYTES, size - HEADER_BYTES, want);
        good = memcmp(want, data, HEADER_BYTES) == 0;
      }
      if (!good) clgan_log_verbose("kernel cache: %s is damaged; compiling again", path);
    }
  }
  if (good) {
    *bytes = size - HEADER_BYTES;
    memmove(data, data + HEADER_BYTES, *bytes);
    *payload = (unsigned char *)data;
  } else {
    clgan_mem_free(data);
  }
  clgan_mem_free(path);
  return good;
}

void clgan_cache_write(const char key[65], const void *payload, size_t bytes) {
  char *folder = clgan_file_cache_folder();
  if (folder == NULL) return;
  char *kernels = clgan_file_join(folder, "kernels");
  char *path = clgan_cache_path(key);
  struct clgan_error error = {CLGAN_OK, ""};
  struct clgan_atomic a = {NULL, NULL, NULL};
  unsigned char header[HEADER_BYTES];
  make_header(key, payload, bytes, header);
  enum clgan_status s = clgan_file_make_folder(kernels, &error);
  if (s == CLGAN_OK) s = clgan_atomic_begin(&a, path, &error);
  if (s == CLGAN_OK) s = clgan_atomic_write(&a, header, sizeof header, &error);
  if (s == CLGAN_OK) s = clgan_atomic_write(&a, payload, bytes, &error);
  if (s == CLGAN_OK) s = clgan_atomic_commit(&a, &error);
  clgan_atomic_abort(&a);
  if (s != CLGAN_OK) clgan_log_verbose("kernel cache: not written: %s", error.text);
  clgan_mem_free(path);
  clgan_mem_free(kernels);
  clgan_mem_free(folder);
}
