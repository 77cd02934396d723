/** @file bench_print.h  Results of `clgan bench` as tables for people. */
#ifndef CLGAN_CMD_BENCH_PRINT_H
#define CLGAN_CMD_BENCH_PRINT_H
#include <stdio.h>

#include "bench/ops.h"

/** Colours are for terminals, unless $NO_COLOR is set. */
bool clgan_bench_in_colour(FILE *to);
/** A device's or a training step's row. */
void clgan_bench_print_row(const struct clgan_bench_row *r, FILE *to);
/** Where a step's time goes, the operations that take most of it. */
void clgan_bench_print_parts(const struct clgan_bench_row *r, FILE *to);
/** The rows that clgan_bench_ops made (of a model: @p whole_step, all of its step?), in colour where clgan_bench_in_colour, with a head and, of a model,
 * their sum. */
void clgan_bench_print_ops(const struct clgan_bench_ops_options *o, const struct clgan_bench_row *rows, size_t n,
                           bool whole_step, FILE *to);
#endif
