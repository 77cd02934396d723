/* Tunings as text: what is read, refused, written and found. */
#define _XOPEN_SOURCE 700
#include "tune/text.h"
#include "scratch.h"

#define HEAD "clgan-tuning 1\n"

static void read_ok(const char *text, struct clgan_tunings *t) {
  struct clgan_error e = {0};
  if (clgan_tunings_parse(text, "t.txt", t, &e) != CLGAN_OK) fail_msg("%s", e.text);
}

static void fields(void **state) {
  (void)state;
  struct clgan_tunings t = {0};
  read_ok("# first a comment\n\n" HEAD
          "device=\"A \\\"B\\\" \\\\\" family=zen4 vendor=AMD driver=3.1 type=igpu source=0f op=conv geometry=1,2,3 "
          "seconds=1.5e-3 use mr=12 _n=-7 # and one here\r\n",
          &t);
  assert_int_equal(t.n, 1);
  const struct clgan_tuning_entry *x = t.items;
  assert_string_equal(x->device, "A \"B\" \\");
  assert_string_equal(x->family, "zen4");
  assert_string_equal(x->vendor, "AMD");
  assert_string_equal(x->driver, "3.1");
  assert_false(x->any_type);
  assert_int_equal(x->type, CLGAN_DEVICE_GPU_INTEGRATED);
  assert_string_equal(x->source, "0f");
  assert_string_equal(x->op, "conv");
  assert_string_equal(x->geometry, "1,2,3");
  assert_true(x->seconds == 1.5e-3);
  assert_int_equal(x->n_params, 2);
  assert_int_equal(clgan_tuning_param(x, "mr", 0), 12);
  assert_int_equal(clgan_tuning_param(x, "_n", 0), -7);
  assert_int_equal(clgan_tuning_param(x, "nr", 99), 99);
  assert_int_equal(clgan_tuning_param(NULL, "mr", 5), 5);
  clgan_tunings_free(&t);
}

static void refusals(void **state) {
  static const char *const bad[][2] = {
      {"", "t.txt:1: the text is empty"},
      {"clgan-tuning 2\n", "t.txt:1: no tuning text of this version"},
      {"clgan-tuning 12\n", "t.txt:1: no tuning text of this version"},
      {HEAD "op=a use b=1\nuse b=1\n", "t.txt:3: the operation is missing"},
      {HEAD "op=a b=1\n", "t.txt:2: unknown field 'b'"},
      {HEAD "devise=x op=a use b=1\n", "did you mean device?"},
      {HEAD "op=a\n", "the variant is missing"},
      {HEAD "op=a use\n", "the variant is missing"},
      {HEAD "op=a op=b use c=1\n", "op stands twice"},
      {HEAD "op=a type=cpu type=cpu use c=1\n", "type stands twice"},
      {HEAD "op=a type=tpu use c=1\n", "allowed: cpu, igpu, gpu, other"},
      {HEAD "op=a seconds=0 use c=1\n", "a decimal number above 0"},
      {HEAD "op=a seconds=1,5 use c=1\n", "a decimal number above 0"},
      {HEAD "op=a seconds=1 seconds=2 use c=1\n", "seconds stands twice"},
      {HEAD "op=a use c=1.5\n", "a whole number of 32 bits"},
      {HEAD "op=a use c=2147483648\n", "a whole number of 32 bits"},
      {HEAD "op=a use c=1 c=1\n", "parameter c stands twice"},
      {HEAD "op=a use 1c=1\n", "begins with a digit"},
      {HEAD "op=a use word\n", "'word' after use"},
      {HEAD "op=\"a use c=1\n", "does not end"},
      {HEAD "op=\"\" use c=1\n", "an empty text"},
      {HEAD "op=a&b use c=1\n", "no space after 'a'"},
      {HEAD "op= use c=1\n", "a value is missing"},
  };
  (void)state;
  struct clgan_tunings t = {0};
  read_ok(HEAD "op=kept use a=1\n", &t);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct clgan_error e = {0};
    assert_int_equal(clgan_tunings_parse(bad[i][0], "t.txt", &t, &e), CLGAN_ERR_FORMAT);
    expect_error(&e, CLGAN_ERR_FORMAT, bad[i][1]);
    assert_int_equal(t.n, 1); /* a text with a mistake adds nothing */
  }
  clgan_tunings_free(&t);
}

/* Entries of every kind, made by a small generator, come back as they were. */
static void round_trip(void **state) {
  static const char *const texts[] = {NULL, "a", "two words", "quote\"", "back\\slash", "\xc3\xa4#=use", "1,2:3/4"};
  (void)state;
  struct clgan_tunings t = {0}, again = {0};
  struct clgan_error e = {0};
  uint32_t r = 1;
  for (int i = 0; i < 400; i++) {
    char *pick[7];
    for (int k = 0; k < 7; k++) {
      r = r * 1664525u + 1013904223u;
      pick[k] = (char *)(uintptr_t)texts[(r >> 16) % 7u];
    }
    struct clgan_tuning_entry x = {pick[0], pick[1], pick[2], pick[3], i % 5 == 4, (enum clgan_device_type)(i % 4),
                                   pick[4], pick[5] ? pick[5] : (char *)(uintptr_t)"op", pick[6],
                                   i % 3 ? (double)r * 1e-12 / 3 : 0, {{"mr", (int)r}, {"nr", i}}, 1u + (r >> 31)};
    if (x.any_type) x.type = CLGAN_DEVICE_CPU;
    assert_int_equal(clgan_tunings_add(&t, &x, &e), CLGAN_OK);
    const struct clgan_tuning_entry *y = &t.items[i];
    assert_true(y->seconds == x.seconds && y->n_params == x.n_params && y->params[0].value == (int)r);
    assert_true(y->any_type == x.any_type && (x.any_type || y->type == x.type));
    assert_true(!x.device == !y->device && (!x.device || !strcmp(x.device, y->device)));
    assert_true(!x.geometry == !y->geometry && (!x.geometry || !strcmp(x.geometry, y->geometry)));
  }
  char *once = clgan_tunings_text(&t);
  read_ok(once, &again);
  char *twice = clgan_tunings_text(&again);
  assert_string_equal(once, twice);
  clgan_mem_free(once);
  clgan_mem_free(twice);
  struct clgan_tuning_entry wrong = {.op = (char *)(uintptr_t)"a\nop=b", .any_type = true, .params = {{"c", 1}}, .n_params = 1};
  assert_int_equal(clgan_tunings_add(&t, &wrong, &e), CLGAN_ERR_FORMAT);
  clgan_tunings_free(&t);
  clgan_tunings_free(&again);
}

static int found(const struct clgan_tunings *t, struct clgan_tuning_query q) {
  return clgan_tuning_param(clgan_tunings_find(t, &q), "x", 0);
}

static void fallback(void **state) {
  (void)state;
  struct clgan_tunings t = {0};
  read_ok(HEAD
          "op=c use x=1\n"
          "type=gpu op=c use x=2\n"
          "vendor=V op=c use x=3\n"
          "family=F op=c use x=4\n"
          "device=D op=c use x=5\n"
          "device=D driver=2 op=c use x=6\n"
          "device=D op=c geometry=9 use x=7\n"
          "type=gpu op=c geometry=9 use x=8\n"
          "device=D source=s op=w use x=9\n"
          "type=gpu op=c use x=10\n",
          &t);
  struct clgan_tuning_query q = {.op = "c", .type = CLGAN_DEVICE_CPU};
  assert_int_equal(found(&t, q), 1);
  q.type = CLGAN_DEVICE_GPU;
  assert_int_equal(found(&t, q), 10); /* the last of equals */
  q.geometry = "9";
  assert_int_equal(found(&t, q), 8);
  q.vendor = "V";
  assert_int_equal(found(&t, q), 3);
  q.family = "F";
  assert_int_equal(found(&t, q), 4);
  q.device = "D", q.geometry = NULL;
  assert_int_equal(found(&t, q), 5);
  q.driver = "2";
  assert_int_equal(found(&t, q), 6);
  q.geometry = "9";
  assert_int_equal(found(&t, q), 7); /* the sizes count more than the driver */
  q.op = "w";
  assert_int_equal(found(&t, q), 0); /* of another source */
  q.source = "s";
  assert_int_equal(found(&t, q), 9);
  clgan_tunings_free(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(fields), cmocka_unit_test(refusals), cmocka_unit_test(round_trip),
                                     cmocka_unit_test(fallback)};
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
