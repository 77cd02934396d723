/** @file compare_page.h  Shared by the parts of a comparison's page. */
#ifndef CLGAN_CMD_COMPARE_PAGE_H
#define CLGAN_CMD_COMPARE_PAGE_H
#include "cmd/compare.h"
#include "data/page.h"

bool clgan_compare_is_operation(const struct clgan_result_row *row);
/** Bars of every operation: GFLOP/s of those that compute, GB/s of those that move data. */
void clgan_compare_put_bars(struct clgan_page *p, const struct clgan_comparison *c);
/** Parts of operations' names, between slashes, that all of them share: bytes at the beginning ("ops/digits/base8/") and
 * at the end ("/batch16"). A chart or table that says them once need not repeat them. */
struct clgan_compare_shared {
  size_t before, after;
};
struct clgan_compare_shared clgan_compare_shared_of(const struct clgan_comparison *c);
/** An operation's name without what is shared. The caller's (clgan_mem_free). */
char *clgan_compare_label(const struct clgan_result_row *row, struct clgan_compare_shared s);
#endif
