/* slower.c: devices against the CPU. SPDX-License-Identifier: MIT */
#include "bench/slower.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

static const char *text_of(const cJSON *o, const char *key) {
  const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
  return s ? s : "";
}

static double number_of(const cJSON *o, const char *key) {
  const cJSON *x = cJSON_GetObjectItemCaseSensitive(o, key);
  return cJSON_IsNumber(x) ? x->valuedouble : 0;
}

/* Whose figure says what a device is good for: a training step, else the most multiply-adds. */
static bool is_telling(const cJSON *row, bool training) {
  const char *name = text_of(row, "case");
  if (training) return !strcmp(text_of(row, "phase"), "step") && number_of(row, "median_s") > 0;
  return !strncmp(name, "device/fma/float", 16) && number_of(row, "gflops") > 0;
}

static bool is_cpu(const cJSON *devices, const char *id) {
  const cJSON *d;
  cJSON_ArrayForEach(d, devices) if (!strcmp(text_of(d, "id"), id)) return !strcmp(text_of(d, "type"), "CPU");
  return false;
}

/* The least of the CPUs' times of that case; 0: none. */
static double cpu_seconds(const cJSON *devices, const cJSON *rows, const char *name) {
  const cJSON *r;
  double best = 0;
  cJSON_ArrayForEach(r, rows) {
    if (strcmp(text_of(r, "case"), name) != 0 || !is_cpu(devices, text_of(r, "device"))) continue;
    double t = number_of(r, "median_s");
    if (t > 0 && (best <= 0 || t < best)) best = t;
  }
  return best;
}

static double best_gflops(const cJSON *devices, const cJSON *rows, const char *id, bool cpus) {
  const cJSON *r;
  double best = 0;
  cJSON_ArrayForEach(r, rows) {
    const char *of = text_of(r, "device");
    if (is_telling(r, false) && (cpus ? is_cpu(devices, of) : !strcmp(of, id)) && number_of(r, "gflops") > best)
      best = number_of(r, "gflops");
  }
  return best;
}

static void add_note(cJSON *device, char *text) {
  cJSON_AddStringToObject(device, "note", text);
  clgan_mem_free(text);
}

static void compare_with_cpu(cJSON *device, const cJSON *devices, const cJSON *rows) {
  const char *id = text_of(device, "id");
  const cJSON *r;
  if (is_cpu(devices, id)) return;
  cJSON_ArrayForEach(r, rows) {
    double cpu = is_telling(r, true) && !strcmp(text_of(r, "device"), id) ? cpu_seconds(devices, rows, text_of(r, "case")) : 0;
    if (cpu <= 0 || number_of(r, "median_s") <= cpu) continue;
    add_note(device,
             clgan_mem_printf("is slower than the CPU: %s takes %.3g times as long", text_of(r, "case"),
                              number_of(r, "median_s") / cpu));
    return;
  }
  double own = best_gflops(devices, rows, id, false), cpu = best_gflops(devices, rows, id, true);
  if (own > 0 && own < cpu)
    add_note(device, clgan_mem_printf("is slower than the CPU: %.3g GFLOP/s at most, against %.3g", own, cpu));
}

void clgan_bench_note_slower(cJSON *devices, const cJSON *rows) {
  cJSON *d;
  cJSON_ArrayForEach(d, devices) compare_with_cpu(d, devices, rows);
}
