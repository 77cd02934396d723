/* test_hash.c: SHA-256 against the examples of FIPS 180-4 and its edges. */
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "unit.h"

static void known_answers(void **state) {
  static const struct {
    const char *text, *hex;
  } rows[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
       "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
       "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
  };
  char hex[65];
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    clgan_sha256_hex(rows[i].text, strlen(rows[i].text), hex);
    assert_string_equal(hex, rows[i].hex);
  }
}

static void million_a_in_odd_pieces(void **state) {
  struct clgan_sha256 s;
  char piece[997], hex[65];
  size_t left = 1000000;
  (void)state;
  memset(piece, 'a', sizeof piece);
  clgan_sha256_init(&s);
  while (left) {
    size_t n = left < sizeof piece ? left : sizeof piece;
    clgan_sha256_update(&s, piece, n);
    left -= n;
  }
  clgan_sha256_final_hex(&s, hex);
  assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void pieces_equal_whole(void **state) {
  unsigned char data[200];
  char whole[65], parts[65];
  (void)state;
  for (size_t i = 0; i < sizeof data; i++) data[i] = (unsigned char)(i * 37);
  for (size_t n = 0; n <= sizeof data; n++) { /* every fill of the last block */
    struct clgan_sha256 s;
    clgan_sha256_hex(data, n, whole);
    clgan_sha256_init(&s);
    for (size_t i = 0; i < n; i++) clgan_sha256_update(&s, data + i, 1);
    clgan_sha256_final_hex(&s, parts);
    assert_string_equal(parts, whole);
  }
}

static void strings_are_delimited(void **state) {
  struct clgan_sha256 a, b;
  char x[65], y[65];
  (void)state;
  clgan_sha256_init(&a);
  clgan_sha256_string(&a, "ab");
  clgan_sha256_string(&a, "c");
  clgan_sha256_final_hex(&a, x);
  clgan_sha256_init(&b);
  clgan_sha256_string(&b, "a");
  clgan_sha256_string(&b, "bc");
  clgan_sha256_final_hex(&b, y);
  assert_string_not_equal(x, y);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(known_answers),
      cmocka_unit_test(million_a_in_odd_pieces),
      cmocka_unit_test(pieces_equal_whole),
      cmocka_unit_test(strings_are_delimited),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
