/* compare.c: results beside each other. SPDX-License-Identifier: MIT */
#include "bench/compare.h"

#include <math.h>
#include <string.h>

/* -- finding a case in a file -- */

struct sorted {
  const struct clgan_result_row **rows;
  size_t n;
};

static struct sorted sort_rows(const struct clgan_results *r) {
  struct sorted s = {clgan_results_sorted(r), 0};
  for (size_t k = 0; k < r->n; k++)
    if (!k || clgan_result_row_order(s.rows[k], s.rows[k - 1])) s.rows[s.n++] = s.rows[k];
  return s;
}

static const struct clgan_result_row *find(const struct sorted *s, const struct clgan_result_row *like) {
  size_t low = 0, high = s->n;
  while (low < high) {
    size_t k = low + (high - low) / 2;
    int order = clgan_result_row_order(s->rows[k], like);
    if (!order) return s->rows[k];
    if (order < 0)
      low = k + 1;
    else
      high = k;
  }
  return NULL;
}

/* -- one case of two files -- */

/* What more of is better, and means the same in every file. */
static double speed(const struct clgan_result_row *row, const struct clgan_result_row *other) {
  if (clgan_result_is_probe(row) && row->gflops > 0 && other->gflops > 0) return row->gflops;
  if (clgan_result_is_probe(row) && row->gbps > 0 && other->gbps > 0) return row->gbps;
  return 1 / row->median_s;
}

/* The interval's ends over the median; by the spread where the file does not say them. One of all there is, or more,
 * leaves no lower end: 0. */
static double below(const struct clgan_result_row *row) {
  if (row->low_s > 0 && row->low_s <= row->median_s) return row->low_s / row->median_s;
  return fmax(0, 1 - fabs(row->spread));
}

static double above(const struct clgan_result_row *row) {
  if (row->high_s >= row->median_s) return row->high_s / row->median_s;
  return 1 + fabs(row->spread);
}

static void judge(const struct clgan_result_row *base, struct clgan_compared *c) {
  const struct clgan_result_row *row = c->row && !clgan_result_left_out(c->row) ? c->row : NULL;
  if (base && clgan_result_left_out(base)) base = NULL;
  bool was = base && clgan_result_measured(base), is = row && clgan_result_measured(row);
  if (!base || (!was && !is)) {
    c->verdict = row || !base ? CLGAN_VERDICT_ADDED : CLGAN_VERDICT_MISSING;
  } else if (!row) {
    c->verdict = CLGAN_VERDICT_MISSING;
  } else if (!was || !is) {
    c->verdict = was ? CLGAN_VERDICT_BROKEN : CLGAN_VERDICT_MENDED;
  } else {
    c->ratio = speed(row, base) / speed(base, row);
    c->low = c->ratio * below(base) / above(row);
    c->high = below(row) > 0 ? c->ratio * above(base) / below(row) : HUGE_VAL;
    c->verdict = base->runs < CLGAN_COMPARE_RUNS || row->runs < CLGAN_COMPARE_RUNS ? CLGAN_VERDICT_UNSURE
                 : c->low > 1                                                      ? CLGAN_VERDICT_FASTER
                 : c->high < 1                                                     ? CLGAN_VERDICT_SLOWER
                                                                                   : CLGAN_VERDICT_EQUAL;
  }
}

/* -- all of them -- */

static void add_case(struct clgan_comparison *c, const struct sorted *s, const struct clgan_result_row *row) {
  struct clgan_compared *cells = c->cells + c->n++ * c->n_files;
  for (size_t f = 0; f < c->n_files; f++) cells[f].row = find(&s[f], row);
  cells[0].verdict = CLGAN_VERDICT_BASE;
  for (size_t f = 1; f < c->n_files; f++) judge(cells[0].row, &cells[f]);
}

void clgan_compare(const struct clgan_results *files, size_t n_files, struct clgan_comparison *out) {
  struct sorted *s = clgan_mem_array(n_files, sizeof *s);
  size_t most = 0;
  for (size_t f = 0; f < n_files; f++) {
    s[f] = sort_rows(&files[f]);
    most += s[f].n;
  }
  *out = (struct clgan_comparison){.files = files, .n_files = n_files};
  out->cells = clgan_mem_array(most * n_files + 1, sizeof *out->cells);
  for (size_t f = 0; f < n_files; f++)
    for (size_t k = 0; k < files[f].n; k++) {
      const struct clgan_result_row *row = &files[f].rows[k];
      bool known = find(&s[f], row) != row;
      for (size_t before = 0; before < f && !known; before++) known = find(&s[before], row) != NULL;
      if (!known) add_case(out, s, row);
    }
  for (size_t f = 0; f < n_files; f++) clgan_mem_free(s[f].rows);
  clgan_mem_free(s);
}

void clgan_comparison_free(struct clgan_comparison *c) {
  clgan_mem_free(c->cells);
  *c = (struct clgan_comparison){0};
}

const struct clgan_compared *clgan_compared_at(const struct clgan_comparison *c, size_t i, size_t file) {
  return &c->cells[i * c->n_files + file];
}

const struct clgan_result_row *clgan_compared_row(const struct clgan_comparison *c, size_t i) {
  size_t f = 0;
  while (!clgan_compared_at(c, i, f)->row) f++; /* every case comes from a file */
  return clgan_compared_at(c, i, f)->row;
}

struct clgan_compared_sum clgan_comparison_sum(const struct clgan_comparison *c, size_t file, double percent) {
  struct clgan_compared_sum s = {0};
  double logs = 0, worst = HUGE_VAL;
  for (size_t i = 0; i < c->n; i++) {
    const struct clgan_compared *cell = clgan_compared_at(c, i, file);
    s.count[cell->verdict]++;
    if (cell->ratio > 0) {
      s.pairs++;
      logs += log(cell->ratio);
    }
    bool slow = cell->verdict == CLGAN_VERDICT_SLOWER && 1 / cell->ratio > 1 + percent / 100;
    if (!slow && cell->verdict != CLGAN_VERDICT_BROKEN) continue;
    s.too_slow++;
    if (cell->ratio < worst) worst = cell->ratio, s.worst = i;
  }
  s.mean = s.pairs ? exp(logs / (double)s.pairs) : 0;
  return s;
}
