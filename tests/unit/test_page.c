/* test_page.c: HTML pages: escaping, UTF-8, tables, pictures that decode again, failed writes. */
#define _XOPEN_SOURCE 700
#include "data/page.h"
#include "data/image.h"
#include "scratch.h"

/* The page as written. The caller frees it. */
static char *written(const struct clgan_page *p) {
  char *path = clgan_file_join(scratch, "page.html"), *html = NULL;
  struct clgan_error e = {0};
  size_t size = 0;
  if (clgan_page_write(p, path, &e) != CLGAN_OK) fail_msg("%s", e.text);
  assert_int_equal(clgan_file_read(path, &html, &size, &e), CLGAN_OK);
  assert_int_equal(strlen(html), size);
  clgan_mem_free(path);
  return html;
}

static void expect(const char *html, const char *part) {
  if (!strstr(html, part)) fail_msg("not in the page: %s", part);
}

static void escaping(void **state) {
  (void)state;
  struct clgan_page *p = clgan_page_create("<b> & 'x'");
  clgan_page_heading(p, "a < b & \"c\"");
  clgan_page_text(p, "%s %d", "<script>alert(1)</script>", 7);
  clgan_page_text(p, "%s", "\u00e9 \u2264 \U0001F600 cut:\xC3 wrong:\xFF\xC0\x80 bell:\x07 tab:\t.");
  char *html = written(p);
  expect(html, "<title>&lt;b&gt; &amp; &#39;x&#39;</title>");
  expect(html, "<h1>&lt;b&gt; &amp; &#39;x&#39;</h1>");
  expect(html, "<h2>a &lt; b &amp; &quot;c&quot;</h2>");
  expect(html, "<p>&lt;script&gt;alert(1)&lt;/script&gt; 7</p>");
  expect(html, "<p>\u00e9 \u2264 \U0001F600 cut:\uFFFD wrong:\uFFFD\uFFFD\uFFFD bell:\uFFFD tab:\t.</p>");
  assert_null(strstr(html, "<script"));
  expect(html, "prefers-color-scheme:dark");
  assert_null(strstr(html, "http")); /* nothing from elsewhere */
  clgan_mem_free(html);
  clgan_page_destroy(p);
  clgan_page_destroy(NULL);
}

static void tables(void **state) {
  (void)state;
  static const char *const head[] = {"name", "value & unit", "mixed"};
  static const char *const rows[][3] = {
      {"a<b", "-1.5 ms", "12"}, {"c", NULL, "none"}, {"3 wise monkeys", "< 0.01 %", "-"}};
  struct clgan_page *p = clgan_page_create("t");
  clgan_page_table(p, head, 3);
  for (int i = 0; i < 3; i++) clgan_page_row(p, rows[i]);
  clgan_page_table_end(p);
  clgan_page_table(p, NULL, 1); /* never ended: closed by what follows, and by writing */
  clgan_page_row(p, (const char *const[]){"x"});
  clgan_page_text(p, "after");
  clgan_page_table(p, NULL, 1);
  clgan_page_row(p, (const char *const[]){"1e-5"});
  char *html = written(p), *again = written(p);
  assert_string_equal(html, again);
  expect(html,
         "<tr><th scope=\"col\">name</th><th scope=\"col\" class=\"n\">value &amp; unit</th>"
         "<th scope=\"col\">mixed</th></tr>");
  expect(html, "<tr><td class=\"k\">a&lt;b</td><td class=\"n\">-1.5 ms</td><td class=\"n\">12</td></tr>");
  expect(html, "<tr><td class=\"k\">c</td><td class=\"n\"></td><td class=\"k\">none</td></tr>");
  expect(html, "<tr><td class=\"k\">3 wise monkeys</td><td class=\"n\">&lt; 0.01 %</td><td class=\"k\">-</td></tr>");
  expect(html, "<tbody>\n<tr><td class=\"k\">x</td></tr>\n</tbody>\n</table></div>\n<p>after</p>");
  expect(html, "<td class=\"n\">1e-5</td></tr>\n</tbody>\n</table></div>\n</main>");
  clgan_mem_free(html);
  clgan_mem_free(again);
  clgan_page_destroy(p);
}

/* Sentences in the last column are notes to the rest of their row. */
static void notes(void **state) {
  (void)state;
  static const char *const head[] = {"figure", "value", "meaning"};
  struct clgan_page *p = clgan_page_create("t");
  clgan_page_table(p, head, 3);
  clgan_page_row(p, (const char *const[]){"the name of a figure that's long", "0.1",
                                          "a sentence that is longer than what fits into one line"});
  clgan_page_row(p, (const char *const[]){"b", "0.2", "short"});
  char *html = written(p);
  expect(html, "<table class=\"stack\">");
  expect(html, "<th scope=\"col\" class=\"n\">value</th><th scope=\"col\" class=\"t\">meaning</th>");
  expect(html,
         "<td>the name of a figure that&#39;s long</td><td class=\"n\" data-t=\"value\">0.1</td><td "
         "class=\"t\">a sentence");
  expect(html, "<td class=\"k\">b</td><td class=\"n\" data-t=\"value\">0.2</td><td class=\"t\">short</td>");
  clgan_mem_free(html);
  clgan_page_destroy(p);
}

/* A phone shows a row's cells of a wide table below each other, each with its title; nothing of what is blank. */
static void stacked(void **state) {
  (void)state;
  static const char *const head[] = {"case", "", "median \"ms\"", "rate", "ratio"};
  struct clgan_page *p = clgan_page_create("t");
  clgan_page_table(p, head, 5);
  clgan_page_row(p, (const char *const[]){"conv/forward/batch64", "A", "1.5", "-", "0.91 (0.83\u20131.20) slower"});
  clgan_page_row(p, (const char *const[]){"", "B", "12 s", "3", ""});
  clgan_page_table(p, head, 3);
  clgan_page_row(p, (const char *const[]){"short", "A", "1.5"});
  char *html = written(p);
  expect(html, "<table class=\"stack\">");
  expect(html,
         "<tr><td class=\"k\">conv/forward/batch64</td><td class=\"k\">A</td>"
         "<td class=\"n\" data-t=\"median &quot;ms&quot;\">1.5</td><td class=\"n\" data-t=\"\">-</td>"
         "<td class=\"k\" data-t=\"ratio\">0.91 (0.83\u20131.20) slower</td></tr>");
  expect(html, "<td class=\"n\" data-t=\"rate\">3</td>");
  expect(html, "<table>\n"); /* the second fits */
  expect(html, "<tr><td class=\"k\">short</td><td class=\"k\">A</td><td class=\"n\">1.5</td></tr>");
  clgan_mem_free(html);
  clgan_page_destroy(p);
}

static int value_of(char c) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *at = c ? strchr(letters, c) : NULL;
  return at ? (int)(at - letters) : -1;
}

/* A decoder of its own. Returns the number of bytes. */
static size_t decode64(const char *s, unsigned char *out) {
  size_t n = 0, letters = 0;
  unsigned bits = 0, have = 0;
  for (; value_of(*s) >= 0; s++, letters++) {
    bits = (bits << 6 | (unsigned)value_of(*s)) & 0xffffff;
    have += 6;
    if (have >= 8) out[n++] = (unsigned char)(bits >> (have -= 8));
  }
  for (; *s == '='; s++) letters++;
  assert_int_equal(letters % 4, 0);
  assert_int_equal(*s, '"');
  return n;
}

static void images(void **state) {
  (void)state;
  static const char mark[] = "base64,";
  unsigned char pixels[40 * 3];
  for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (unsigned char)(i * 37 + i * i);
  for (uint32_t c = 1; c <= 3; c += 2)
    for (uint32_t w = 1; w <= 8; w++) { /* sizes leave 0, 1 and 2 bytes over in base64 */
      struct clgan_page *p = clgan_page_create("pictures");
      struct clgan_error e = {0};
      if (clgan_page_image(p, pixels, 5, w, c, 3, "a \"sheet\"", &e) != CLGAN_OK) fail_msg("%s", e.text);
      char *html = written(p), size[64];
      snprintf(size, sizeof size, "width=\"%u\" height=\"15\" alt=\"a &quot;sheet&quot;\"", w * 3);
      expect(html, size);
      expect(html, "<figcaption>a &quot;sheet&quot;</figcaption></figure>");
      const char *at = strstr(html, mark);
      assert_non_null(at);
      unsigned char *png = clgan_mem_alloc(strlen(html));
      size_t n = decode64(at + strlen(mark), png);
      struct clgan_image image;
      if (clgan_image_decode("page", png, n, 0, &image, &e) != CLGAN_OK) fail_msg("%s", e.text);
      assert_int_equal(image.height, 5);
      assert_int_equal(image.width, w);
      assert_int_equal(image.channels, c);
      assert_memory_equal(image.pixels, pixels, (size_t)5 * w * c);
      clgan_image_free(&image);
      clgan_mem_free(png);
      clgan_mem_free(html);
      clgan_page_destroy(p);
    }
}

static void svg(void **state) {
  (void)state;
  struct clgan_page *p = clgan_page_create("plot");
  char *label = clgan_page_escape("<1>"), *none = clgan_page_escape(""), *text;
  assert_string_equal(none, "");
  text = clgan_mem_printf("<svg viewBox=\"0 0 10 10\"><text>%s</text></svg>", label);
  clgan_page_svg(p, text, NULL);
  char *html = written(p);
  expect(html, "<figure><svg viewBox=\"0 0 10 10\"><text>&lt;1&gt;</text></svg></figure>");
  clgan_mem_free(html);
  clgan_mem_free(text);
  clgan_mem_free(label);
  clgan_mem_free(none);
  clgan_page_destroy(p);
}

static void unwritable(void **state) {
  (void)state;
  struct clgan_error e = {0};
  struct clgan_page *p = clgan_page_create("t");
  char *path = clgan_file_join(scratch, "no-such-folder/page.html");
  assert_int_equal(clgan_page_write(p, path, &e), CLGAN_ERR_IO);
  expect_error(&e, CLGAN_ERR_IO, "no-such-folder/page.html");
  clgan_mem_free(path);
  clgan_page_destroy(p);
}

/* A word that no phone has room for may be broken, between letters and not inside one. */
static void long_words(void **state) {
  (void)state;
  struct clgan_page *p = clgan_page_create("t");
  const char *const cell[] = {"abcdefghijklmnopqrstuvwxyz12\u00e9&4 abcdefghijklmnopqrstuvwxyz",
                              "train/bigan-mlp/base32/batch128", "train/digits/base32/batch12"};
  clgan_page_table(p, NULL, 1);
  for (int k = 0; k < 3; k++) clgan_page_row(p, cell + k);
  char *html = written(p);
  expect(html, "<td>train/<wbr>bigan-mlp/<wbr>base32/<wbr>batch128</td>"); /* behind slashes, not within numbers */
  expect(html, ">train/digits/base32/batch12</td>");
  expect(html, "<td>abcdefghijklmnopqrstuvwxyz12<wbr>\u00e9&amp;4 abcdefghijklmnopqrstuvwxyz</td>");
  clgan_mem_free(html);
  clgan_page_destroy(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(escaping), cmocka_unit_test(long_words), cmocka_unit_test(tables), cmocka_unit_test(notes),
      cmocka_unit_test(stacked),  cmocka_unit_test(images),     cmocka_unit_test(svg),    cmocka_unit_test(unwritable),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
