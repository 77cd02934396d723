/* bench_sections.c: the parts of a benchmark's table. SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/mem.h"
#include "cmd/bench.h"
#include "cmd/bench_print.h"

void clgan_bench_results_free(struct clgan_bench_results *r) {
  for (size_t k = 0; k < r->n_sections; k++) clgan_model_destroy(r->sections[k].model);
  clgan_mem_free(r->sections);
  clgan_bench_rows_free(&r->rows);
  clgan_bench_rows_free(&r->again);
  clgan_bench_pace_free(&r->pace);
}

struct clgan_bench_rows *clgan_bench_rows_now(struct clgan_bench_results *r) {
  return r->pace.visit ? &r->again : &r->rows;
}

struct clgan_bench_section *clgan_bench_section_add(struct clgan_bench_results *r, enum clgan_bench_part_kind kind,
                                                    size_t first) {
  if (r->pace.visit || r->rows.n == first) return NULL;
  CLGAN_GROW(r->sections, r->n_sections, r->cap_sections);
  struct clgan_bench_section *s = &r->sections[r->n_sections++];
  *s = (struct clgan_bench_section){.kind = kind, .first = first, .n = r->rows.n - first};
  return s;
}

/* Were all operations of its step measured, on later visits, too? */
static bool is_whole(const struct clgan_bench_results *r, const struct clgan_bench_section *s) {
  bool whole = s->found.whole_step;
  for (size_t k = 0; k < s->n; k++) whole &= r->rows.items[s->first + k].time.runs > 0;
  return whole;
}

/* Seconds of a step by its operations, each alone; 0: they were not all measured. */
static double sum_of_ops(const struct clgan_bench_results *r) {
  double sum = 0;
  int found = 0;
  for (size_t k = 0; k < r->n_sections; k++) {
    const struct clgan_bench_section *s = &r->sections[k];
    if (s->kind != CLGAN_PART_OPS || !is_whole(r, s)) continue;
    found++;
    sum = clgan_bench_ops_sum(r->rows.items + s->first, s->n);
  }
  return found == 1 ? sum : 0;
}

static void print_step(const struct clgan_bench_results *r, const struct clgan_bench_section *s, FILE *to) {
  const struct clgan_bench_row *row = &r->rows.items[s->first];
  const double sum = s->beside_ops ? sum_of_ops(r) : 0;
  clgan_bench_print_row(row, to);
  clgan_bench_print_parts(row, to);
  if (sum > 0 && row->time.runs)
    fprintf(to, "the operations of a step, each alone, sum up to %.2f ms: %.0f %% of the step\n", sum * 1e3,
            100 * sum / row->time.median);
}

static void print_rows(const struct clgan_bench_results *r, const struct clgan_bench_section *s, FILE *to) {
  for (size_t k = 0; k < s->n && !s->hidden; k++) clgan_bench_print_row(&r->rows.items[s->first + k], to);
  if (s->kind != CLGAN_PART_PROBES) return;
  fprintf(to, "peak: %.1f GFLOP/s, %.1f GB/s; a launch takes %.1f us%s\n", r->roofline.peak_gflops, r->roofline.peak_gbps,
          r->roofline.launch_s * 1e6, r->peak_note);
}

void clgan_bench_print_sections(struct clgan_bench_results *r, FILE *to) {
  for (; r->printed < r->n_sections; r->printed++) {
    const struct clgan_bench_section *s = &r->sections[r->printed];
    if (s->kind == CLGAN_PART_OPS) clgan_bench_print_ops(&s->ops, r->rows.items + s->first, s->n, is_whole(r, s), to);
    if (s->kind == CLGAN_PART_STEP) print_step(r, s, to);
    if (s->kind == CLGAN_PART_PROBES || s->kind == CLGAN_PART_ROWS) print_rows(r, s, to);
  }
  fflush(to);
}
