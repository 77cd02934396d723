/* test_plot.c: charts: where numbers lie, ticks, what cannot be shown, escaping. */
#include "data/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static void places(void **state) {
  (void)state;
  struct clgan_plot p = {.x = clgan_plot_axis(false, "steps"), .y = clgan_plot_axis(true, NULL)};
  clgan_plot_include(&p.x, 0);
  clgan_plot_include(&p.x, 100);
  clgan_plot_include(&p.x, (double)NAN);
  clgan_plot_include(&p.y, 1);
  clgan_plot_include(&p.y, 100);
  clgan_plot_include(&p.y, -5); /* has no logarithm */
  const char *const names[] = {"a < b"};
  clgan_plot_begin(&p, 200, "x & y", names, 1);
  /* The middle of both axes, since room is made alike at both ends. */
  assert_true(fabs(clgan_plot_x(&p, 50) - (CLGAN_PLOT_LEFT + CLGAN_PLOT_SIDE / 2.0)) < 1e-9);
  assert_true(fabs(clgan_plot_y(&p, 10) - (CLGAN_PLOT_TOP + 100)) < 1e-9);
  assert_true(clgan_plot_y(&p, 100) < clgan_plot_y(&p, 1));
  const double x[] = {0, 1, 2, 3}, y[] = {1, (double)NAN, 10, 100};
  clgan_plot_line(&p, 0, x, y, 4);
  clgan_plot_point(&p, 1, 1, (double)NAN, 2, NULL);
  clgan_plot_point(&p, 99, 1, 2, 2, "<t>");
  char *svg = clgan_plot_end(&p);
  const char *const there[] = {"aria-label=\"x &amp; y\"",
                               ">a &lt; b</text>",
                               ">steps</text>",
                               "<title>&lt;t&gt;</title>",
                               ">10</text>",
                               "class=\"axis\" cx",
                               "</svg>"};
  for (size_t k = 0; k < sizeof there / sizeof there[0]; k++)
    if (!strstr(svg, there[k])) fail_msg("'%s' is not in %s", there[k], svg);
  /* The gap: the pen is lifted, and nothing is written of the number that is none. */
  const char *d = strstr(svg, " d=\"M");
  assert_non_null(d);
  assert_non_null(strchr(d + 5, 'M'));
  assert_null(strstr(svg, "nan"));
  assert_int_equal(strstr(svg, "s1\"") != NULL, 0);
  clgan_mem_free(svg);
}

/* Nothing, one number, equal numbers: still a frame with finite places. */
static void degenerate(void **state) {
  (void)state;
  const double values[] = {0, 5, -3, 1e12, 1e-12};
  for (size_t k = 0; k < 2 * sizeof values / sizeof values[0]; k++) {
    struct clgan_plot p = {.x = clgan_plot_axis(false, NULL), .y = clgan_plot_axis(k % 2, NULL)};
    if (k > 1) clgan_plot_include(&p.y, values[k / 2]);
    clgan_plot_begin(&p, 100, "", NULL, 0);
    assert_true(isfinite(clgan_plot_x(&p, 1)) && isfinite(clgan_plot_y(&p, fabs(values[k / 2]) + 1e-3)));
    char *svg = clgan_plot_end(&p);
    assert_true(strlen(svg) < 20000);
    assert_null(strstr(svg, "nan"));
    assert_null(strstr(svg, "inf"));
    clgan_mem_free(svg);
  }
}

static size_t count(const char *text, const char *part) {
  size_t n = 0;
  for (; (text = strstr(text, part)); text += strlen(part)) n++;
  return n;
}

/* One point on logarithmic axes has numbers to read it by. */
static void alone(void **state) {
  (void)state;
  static const double values[] = {1, 1.4, 3, 166.7, 9.99e5, 3e-7};
  for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
    struct clgan_plot p = {.x = clgan_plot_axis(true, NULL), .y = clgan_plot_axis(true, NULL)};
    clgan_plot_include(&p.x, values[k]);
    clgan_plot_include(&p.y, values[k]);
    clgan_plot_begin(&p, 200, "", NULL, 0);
    char *svg = clgan_plot_end(&p);
    assert_in_range(count(svg, "text-anchor=\"middle\""), 2, 6);
    assert_in_range(count(svg, "text-anchor=\"end\""), 2, 6);
    clgan_mem_free(svg);
  }
}

/* Numbers below the frame do not run into each other, whatever the range. */
static void apart(void **state) {
  (void)state;
  for (double range = 0.02; range < 1e12; range *= 1.37) {
    struct clgan_plot p = {.x = clgan_plot_axis(false, NULL), .y = clgan_plot_axis(false, NULL)};
    clgan_plot_include(&p.x, 0);
    clgan_plot_include(&p.x, range);
    clgan_plot_begin(&p, 200, "", NULL, 0);
    char *svg = clgan_plot_end(&p);
    size_t n = count(svg, "text-anchor=\"middle\"");
    assert_in_range(n, 3, 7);
    double right = -100;
    for (const char *at = svg; (at = strstr(at, "text-anchor=\"middle\">")); at++) {
      const char *tag = at, *label = strchr(at, '>') + 1;
      while (tag[0] != '<') tag--;
      double x = strtod(strstr(tag, "x=\"") + 3, NULL), half = 7.4 / 2 * (double)strcspn(label, "<");
      if (x - half <= right) fail_msg("range %g: %s", range, svg);
      right = x + half;
    }
    clgan_mem_free(svg);
  }
}

/* A name too long for the legend is cut, of any script, and is there whole to point at. */
static void long_names(void **state) {
  (void)state;
  static const char name[] = "a device with a name that is much too long for the width of a chart & more",
                    wide[] =
                        "\u8d85\u8d85\u8d85\u8d85\u8d85\u8d85\u8d85\u8d85\u8d85\u8d85\u8d85\u8d85\u8d85\u8d85"
                        "\u8d85\u8d85\u8d85\u8d85\u8d85\u8d85\u8d85\u8d85\u8d85\u8d85\u8d85\u8d85\u8d85\u8d85\u8d85";
  static const char *const names[] = {name, wide, "short"};
  struct clgan_plot p = {.x = clgan_plot_axis(false, NULL), .y = clgan_plot_axis(false, NULL)};
  clgan_plot_begin(&p, 200, "", names, 3);
  char *svg = clgan_plot_end(&p);
  assert_non_null(
      strstr(svg, "<title>a device with a name that is much too long for the width of a chart &amp; more</title>"));
  assert_int_equal(count(svg, "\u2026</text>"), 2);
  assert_non_null(strstr(svg, "<title>short</title>short</text>"));
  const char *cut = strstr(svg, "more</title>") + strlen("more</title>");
  assert_in_range(strcspn(cut, "<"), 30, CLGAN_PLOT_WIDE / 7);
  cut = strstr(cut, "</title>") + strlen("</title>");
  assert_in_range(strcspn(cut, "<"), 3 * 15, 3 * CLGAN_PLOT_WIDE / 12);
  clgan_mem_free(svg);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(places), cmocka_unit_test(degenerate), cmocka_unit_test(alone),
                                     cmocka_unit_test(apart), cmocka_unit_test(long_names)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
