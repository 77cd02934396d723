/** @file hash.h  SHA-256 (FIPS 180-4), for cache keys and data-set identity. */
#ifndef CLGAN_BASE_HASH_H
#define CLGAN_BASE_HASH_H
#include <stddef.h>
#include <stdint.h>
struct clgan_sha256 {
  uint32_t h[8];
  uint64_t bytes;
  unsigned char block[64];
  size_t fill;
};
void clgan_sha256_init(struct clgan_sha256 *s);
void clgan_sha256_update(struct clgan_sha256 *s, const void *data, size_t n);
void clgan_sha256_string(struct clgan_sha256 *s, const char *text); /**< adds the text and its terminating NUL */
void clgan_sha256_final(struct clgan_sha256 *s, unsigned char digest[32]);
void clgan_sha256_hex(const void *data, size_t n, char hex[65]);
void clgan_sha256_final_hex(struct clgan_sha256 *s, char hex[65]);
#endif
