/** @file conditions.h  What else went on in the machine while something was measured. */
#ifndef CLGAN_BENCH_CONDITIONS_H
#define CLGAN_BENCH_CONDITIONS_H
#include <cjson/cJSON.h>
#include "bench/pace.h"

struct clgan_conditions {
  double start_s, busy, total, own; /**< seconds of all processors at the beginning: busy, all there were, this process's */
  double throttled;                 /**< how often the processor had been slowed down for heat */
};
void clgan_conditions_begin(struct clgan_conditions *c);
/** "conditions" as docs/benchmarks.md describes them, about the time since the beginning. */
cJSON *clgan_conditions_end(const struct clgan_conditions *c, const struct clgan_bench_pace *p);
#endif
