/* compare_words.c: what the table and the page of a comparison say alike. SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "cmd/compare_page.h"

const char *clgan_compare_letter(size_t k, char out[8]) {
  char *end = out + 7;
  *end = '\0';
  do {
    *--end = (char)('A' + k % 26);
    k = k / 26;
  } while (k-- && end > out);
  return end;
}

void clgan_compare_figure(const struct clgan_result_row *row, const char *pm, char out[64]) {
  char value[32];
  if (!row) {
    (void)snprintf(out, 64, "-");
    return;
  }
  if (!clgan_result_measured(row)) {
    (void)snprintf(out, 64, "%s",
                   clgan_result_left_out(row)         ? "not measured"
                   : !strncmp(row->error, "wrong", 5) ? "WRONG"
                                                      : "failed");
    return;
  }
  double s = row->median_s;
  if (clgan_result_is_probe(row) && row->gflops > 0)
    (void)snprintf(value, sizeof value, "%.4g GFLOP/s", row->gflops);
  else if (clgan_result_is_probe(row) && row->gbps > 0)
    (void)snprintf(value, sizeof value, "%.3g GB/s", row->gbps);
  else
    (void)snprintf(value, sizeof value, "%.*f %s",
                   s < 1e-3 ? 1
                   : s < 1  ? 2
                            : 3,
                   s < 1e-3 ? s * 1e6
                   : s < 1  ? s * 1e3
                            : s,
                   s < 1e-3 ? "us"
                   : s < 1  ? "ms"
                            : "s");
  if (row->runs == 1)
    (void)snprintf(out, 64, "%s (1x)", value); /* run once: nothing is known of its spread */
  else
    (void)snprintf(out, 64, "%s %s %.1f %%", value, pm, row->spread * 100);
}

const char *clgan_compare_word(enum clgan_verdict v) {
  static const char *const words[] = {
      [CLGAN_VERDICT_BASE] = "",         [CLGAN_VERDICT_EQUAL] = "equal",     [CLGAN_VERDICT_FASTER] = "faster",
      [CLGAN_VERDICT_SLOWER] = "slower", [CLGAN_VERDICT_UNSURE] = "unsure",   [CLGAN_VERDICT_BROKEN] = "broken",
      [CLGAN_VERDICT_MENDED] = "mended", [CLGAN_VERDICT_MISSING] = "missing", [CLGAN_VERDICT_ADDED] = "only here",
  };
  return words[v];
}

/* Three digits, and no more than two behind the point unless it is small. */
static int digits_of(double ratio) {
  return ratio < 0.1 ? 3 : ratio < 10 ? 2 : ratio < 100 ? 1 : 0;
}

void clgan_compare_ratio(const struct clgan_compared *c, const char *dash, char out[48]) {
  out[0] = '\0';
  if (!(c->ratio > 0)) return;
  int digits = digits_of(c->ratio);
  if (isfinite(c->high))
    (void)snprintf(out, 48, "%.*f (%.*f%s%.*f)", digits, c->ratio, digits, c->low, dash, digits, c->high);
  else
    (void)snprintf(out, 48, "%.*f (%.*f or more)", digits, c->ratio, digits, c->low);
}

char *clgan_compare_case(const struct clgan_result_row *row) {
  if (clgan_result_is_probe(row) || !strcmp(row->phase, "step") || strstr(row->name, row->phase))
    return clgan_mem_strdup(row->name);
  return clgan_mem_printf("%s, %s", row->name, row->phase);
}

char *clgan_compare_device(const struct clgan_results *r) {
  const char *name = clgan_results_text(r, "device", "name"), *platform = clgan_results_text(r, "device", "platform"),
             *driver = clgan_results_text(r, "device", "driver"), *peer = clgan_results_text(r, "source", "peer");
  return clgan_mem_printf("%s%s%s (%s %s)", peer, *peer ? " on " : "", *name ? name : "a device without a name",
                          platform, driver);
}

char *clgan_compare_summary(const struct clgan_comparison *c, size_t file) {
  struct clgan_compared_sum s = clgan_comparison_sum(c, file, 0);
  struct clgan_text t = {0};
  for (int v = CLGAN_VERDICT_EQUAL; v < CLGAN_VERDICTS; v++)
    if (s.count[v])
      clgan_text_printf(&t, "%s%zu %s", t.len ? ", " : "", s.count[v], clgan_compare_word((enum clgan_verdict)v));
  if (s.pairs) clgan_text_printf(&t, "; geometric mean %.2f", s.mean);
  if (!t.s) clgan_text_printf(&t, "nothing to compare");
  return t.s;
}

bool clgan_compare_is_operation(const struct clgan_result_row *row) {
  return !strncmp(row->name, "ops/", 4);
}

/* Whole parts alone: back to behind the last slash of what is common. */
static size_t common_before(const char *x, const char *y, size_t most) {
  size_t n = 0;
  while (n < most && x[n] == y[n]) n++;
  while (n && x[n - 1] != '/') n--;
  return n;
}

static size_t common_after(const char *x, const char *y, size_t most) {
  size_t n = 0, nx = strlen(x), ny = strlen(y);
  while (n < most && n < nx && n < ny && x[nx - 1 - n] == y[ny - 1 - n]) n++;
  while (n && x[nx - n] != '/') n--;
  return n;
}

struct clgan_compare_shared clgan_compare_shared_of(const struct clgan_comparison *c) {
  const size_t kind = strlen("ops/");
  struct clgan_compare_shared s = {kind, 0};
  const char *first = NULL;
  bool more = false;
  for (size_t i = 0; i < c->n; i++) {
    const char *name = clgan_compared_row(c, i)->name;
    if (!clgan_compare_is_operation(clgan_compared_row(c, i))) continue;
    more = first != NULL;
    if (!first) first = name, s.before = s.after = strlen(name);
    s.before = common_before(first, name, s.before);
    s.after = common_after(first, name, s.after);
  }
  return more ? s : (struct clgan_compare_shared){kind, 0};
}

char *clgan_compare_label(const struct clgan_result_row *row, struct clgan_compare_shared s) {
  size_t n = strlen(row->name);
  if (s.before + s.after >= n) return clgan_mem_strdup(row->name);
  return clgan_mem_printf("%.*s", (int)(n - s.before - s.after), row->name + s.before);
}
