/* compare.c: `clgan bench compare`. SPDX-License-Identifier: MIT */
#include "cmd/compare.h"

#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "cmd/bench_print.h"
#include "cmd/session.h"

enum { NAME_MIN = 24, NAME_MAX = 72, FIGURE = 26, RATIO = 28 };

/* -- the table -- */

static const char *verdict_colour(enum clgan_verdict v) {
  switch (v) {
    case CLGAN_VERDICT_FASTER:
    case CLGAN_VERDICT_MENDED: return "\033[32m";
    case CLGAN_VERDICT_SLOWER: return "\033[31m";
    case CLGAN_VERDICT_BROKEN: return "\033[1;31m";
    case CLGAN_VERDICT_UNSURE:
    case CLGAN_VERDICT_MISSING: return "\033[33m";
    default: return "";
  }
}

static bool is_changed(const struct clgan_comparison *c, size_t i) {
  for (size_t f = 1; f < c->n_files; f++)
    if (clgan_compared_at(c, i, f)->verdict != CLGAN_VERDICT_EQUAL) return true;
  return false;
}

static int name_width(const struct clgan_comparison *c) {
  size_t width = NAME_MIN;
  for (size_t i = 0; i < c->n; i++) {
    char *name = clgan_compare_case(clgan_compared_row(c, i));
    if (strlen(name) > width) width = strlen(name);
    clgan_mem_free(name);
  }
  return (int)(width < NAME_MAX ? width : NAME_MAX);
}

static void print_head(const struct clgan_comparison *c, int width, bool colours, FILE *to) {
  char letter[8], first[8];
  for (size_t f = 0; f < c->n_files; f++) {
    char *device = clgan_compare_device(&c->files[f]);
    const cJSON *date = cJSON_GetObjectItemCaseSensitive(c->files[f].root, "date");
    fprintf(to, "%s: %s: %s, %s\n", clgan_compare_letter(f, letter), c->files[f].path, device,
            cJSON_IsString(date) ? date->valuestring : "no date");
    clgan_mem_free(device);
  }
  fprintf(to, "%s%-*s %*s", colours ? "\033[1m" : "", width, "case", FIGURE, clgan_compare_letter(0, first));
  for (size_t f = 1; f < c->n_files; f++) {
    char head[40];
    (void)snprintf(head, sizeof head, "%s times as fast", clgan_compare_letter(f, letter));
    fprintf(to, " %*s   %-*s", FIGURE, clgan_compare_letter(f, letter), f + 1 < c->n_files ? RATIO : 0, head);
  }
  fprintf(to, "%s\n", colours ? "\033[0m" : "");
}

static void print_case(const struct clgan_comparison *c, size_t i, int width, bool colours, FILE *to) {
  char *name = clgan_compare_case(clgan_compared_row(c, i)), figure[64], ratio[48], text[80];
  fprintf(to, "%-*s", width, name);
  for (size_t f = 0; f < c->n_files; f++) {
    const struct clgan_compared *cell = clgan_compared_at(c, i, f);
    clgan_compare_figure(cell->row, "+-", figure);
    fprintf(to, " %*s", FIGURE, figure);
    if (!f) continue;
    const char *mark = colours ? verdict_colour(cell->verdict) : "";
    clgan_compare_ratio(cell, "-", ratio);
    (void)snprintf(text, sizeof text, "%s%s%s", clgan_compare_word(cell->verdict), *ratio ? " " : "", ratio);
    fprintf(to, "   %s%-*s%s", mark, f + 1 < c->n_files ? RATIO : 0, text, *mark ? "\033[0m" : "");
  }
  fputc('\n', to);
  clgan_mem_free(name);
}

void clgan_compare_print(const struct clgan_comparison *c, bool changed, FILE *to) {
  bool colours = clgan_bench_in_colour(to);
  int width = name_width(c);
  size_t left_out = 0;
  char letter[8];
  print_head(c, width, colours, to);
  for (size_t i = 0; i < c->n; i++) {
    if (changed && c->n_files > 1 && !is_changed(c, i))
      left_out++;
    else
      print_case(c, i, width, colours, to);
  }
  if (left_out) fprintf(to, "%zu equal: not shown\n", left_out);
  for (size_t f = 1; f < c->n_files; f++) {
    char *summary = clgan_compare_summary(c, f);
    fprintf(to, "%s against A: %s\n", clgan_compare_letter(f, letter), summary);
    clgan_mem_free(summary);
  }
  for (size_t f = 0; f < c->n_files; f++)
    for (size_t i = 0; i < c->n; i++) {
      const struct clgan_result_row *row = clgan_compared_at(c, i, f)->row;
      if (row && row->error[0]) fprintf(to, "%s: %s: %s\n", clgan_compare_letter(f, letter), row->name, row->error);
    }
  fflush(to);
}

/* -- verdicts -- */

static enum clgan_status check_slower(const struct clgan_comparison *c, double percent, struct clgan_error *e) {
  for (size_t f = 1; f < c->n_files; f++) {
    struct clgan_compared_sum s = clgan_comparison_sum(c, f, percent);
    if (!s.pairs)
      return clgan_error_set(e, CLGAN_ERR_FORMAT,
                             "%s and %s have no measured case in common: there is nothing to compare", c->files[0].path,
                             c->files[f].path);
    if (s.count[CLGAN_VERDICT_MISSING])
      clgan_log_warn("%s lacks %zu of the cases of %s: they are not compared", c->files[f].path,
                     s.count[CLGAN_VERDICT_MISSING], c->files[0].path);
    if (s.too_slow) {
      const struct clgan_compared *worst = clgan_compared_at(c, s.worst, f);
      const char *name = clgan_compared_row(c, s.worst)->name;
      if (!(worst->ratio > 0))
        return clgan_error_set(e, CLGAN_ERR_FORMAT,
                               "%s: %zu cases are broken or slower by more than %g %%: %s is broken", c->files[f].path,
                               s.too_slow, percent, name);
      return clgan_error_set(e, CLGAN_ERR_FORMAT,
                             "%s: %zu of %zu cases are slower by more than %g %%, outside the noise: most %s, which "
                             "takes %.1f %% longer (%.1f %% at least)",
                             c->files[f].path, s.too_slow, s.pairs, percent, name, 100 * (1 / worst->ratio - 1),
                             100 * (1 / worst->high - 1));
    }
  }
  return CLGAN_OK;
}

static enum clgan_status check_files(const struct clgan_results *files, size_t n, struct clgan_error *e) {
  size_t bad = 0, lines = 0;
  for (size_t f = 0; f < n; f++) {
    struct clgan_text t = {0};
    size_t wrong = clgan_results_check(&files[f], true, &t);
    for (const char *line = t.s; wrong && *line; line += strcspn(line, "\n") + 1)
      printf("%s: %.*s\n", files[f].path, (int)strcspn(line, "\n"), line);
    if (!wrong) {
      char *device = clgan_compare_device(&files[f]);
      printf("%s: whole and plausible: %zu rows of %s\n", files[f].path, files[f].n, device);
      clgan_mem_free(device);
    }
    clgan_text_free(&t);
    bad += wrong > 0;
    lines += wrong;
  }
  fflush(stdout);
  if (!bad) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_FORMAT, "%zu of %zu results are not whole and plausible: %zu remarks above", bad,
                         n, lines);
}

static enum clgan_status compare(const struct clgan_compare_options *o, const struct clgan_results *files, size_t n,
                                 struct clgan_error *e) {
  struct clgan_comparison c;
  enum clgan_status s = CLGAN_OK;
  clgan_compare(files, n, &c);
  if (o->html) s = clgan_compare_page(&c, o->html, e);
  if (s == CLGAN_OK) clgan_compare_print(&c, o->changed, stdout);
  if (s == CLGAN_OK && o->slower >= 0) s = check_slower(&c, o->slower, e);
  clgan_comparison_free(&c);
  return s;
}

enum clgan_status clgan_bench_compare(const struct clgan_compare_options *o, const char *const *paths, size_t n,
                                      struct clgan_error *e) {
  if (o->html && !clgan_path_ends(o->html, ".html"))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--html %.200s: the name must end in .html", o->html);
  if (!n || (n < 2 && o->slower >= 0))
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           n ? "--fail-if-slower needs a file to compare with: clgan bench compare OLD.json NEW.json"
                             : "compare what? Give files: clgan bench compare A.json B.json");
  struct clgan_result_set set = {0};
  enum clgan_status s = CLGAN_OK;
  for (size_t f = 0; f < n && s == CLGAN_OK; f++) s = clgan_results_read(paths[f], &set, e);
  if (s == CLGAN_OK) s = o->check ? check_files(set.items, set.n, e) : compare(o, set.items, set.n, e);
  clgan_result_set_free(&set);
  return s;
}

/* -- what `bench` writes -- */

bool clgan_bench_files_any(const struct clgan_bench_files *f) {
  return f->json || f->csv || f->html;
}

enum clgan_status clgan_bench_files_check(const struct clgan_bench_files *f, struct clgan_error *e) {
  if (f->html && !clgan_path_ends(f->html, ".html"))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--html %.200s: the name must end in .html", f->html);
  if (f->json && *f->json) CLGAN_TRY(clgan_file_check_writable(f->json, e));
  if (f->csv) CLGAN_TRY(clgan_file_check_writable(f->csv, e));
  return f->html ? clgan_file_check_writable(f->html, e) : CLGAN_OK;
}

static enum clgan_status write_page(const char *path, const char *json, struct clgan_error *e) {
  struct clgan_result_set set = {0};
  struct clgan_comparison c;
  CLGAN_TRY(clgan_results_parse("this run", json, strlen(json), &set, e));
  clgan_compare(set.items, set.n, &c);
  enum clgan_status s = clgan_compare_page(&c, path, e);
  clgan_comparison_free(&c);
  clgan_result_set_free(&set);
  return s;
}

enum clgan_status clgan_bench_files_write(const struct clgan_bench_files *f, const char *json, struct clgan_error *e) {
  if (f->json || !json) CLGAN_TRY(clgan_json_write(f->json ? f->json : "", json, e));
  if (f->csv) {
    char *csv = clgan_bench_csv(json);
    enum clgan_status s = clgan_file_write(f->csv, csv, strlen(csv), e);
    clgan_mem_free(csv);
    CLGAN_TRY(s);
  }
  return f->html ? write_page(f->html, json, e) : CLGAN_OK;
}
