/** @file slower.h  Which of several devices are slower than the CPU. */
#ifndef CLGAN_BENCH_SLOWER_H
#define CLGAN_BENCH_SLOWER_H
#include <cjson/cJSON.h>

/** Adds "note" to every object of @p devices (docs/benchmarks.md) that is no CPU and slower than one: by the first
 * training step that both have among @p rows; else by the most multiply-adds of float. */
void clgan_bench_note_slower(cJSON *devices, const cJSON *rows);
#endif
