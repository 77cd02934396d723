/* slower.c: devices against the CPU. SPDX-License-Identifier: MIT */
#include "bench/slower.h"

#include <stdbool.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

/* Whose figure says what a device is good for: a training step, else the most multiply-adds. */
static bool is_telling(const cJSON *row, bool training) {
  const char *name = clgan_json_string(row, "case");
  if (training) return !strcmp(clgan_json_string(row, "phase"), "step") && clgan_json_number(row, "median_s") > 0;
  return !strncmp(name, "device/fma/float", 16) && clgan_json_number(row, "gflops") > 0;
}

static bool is_cpu(const cJSON *devices, const char *id) {
  const cJSON *d;
  cJSON_ArrayForEach(d, devices) {
    if (!strcmp(clgan_json_string(d, "id"), id)) return !strcmp(clgan_json_string(d, "type"), "CPU");
  }
  return false;
}

/* The least of the CPUs' times of that case; 0: none. */
static double cpu_seconds(const cJSON *devices, const cJSON *rows, const char *name) {
  const cJSON *r;
  double best = 0;
  cJSON_ArrayForEach(r, rows) {
    if (strcmp(clgan_json_string(r, "case"), name) != 0 || !is_cpu(devices, clgan_json_string(r, "device"))) continue;
    double t = clgan_json_number(r, "median_s");
    if (t > 0 && (best <= 0 || t < best)) best = t;
  }
  return best;
}

static double best_gflops(const cJSON *devices, const cJSON *rows, const char *id, bool cpus) {
  const cJSON *r;
  double best = 0;
  cJSON_ArrayForEach(r, rows) {
    const char *of = clgan_json_string(r, "device");
    if (is_telling(r, false) && (cpus ? is_cpu(devices, of) : !strcmp(of, id)) && clgan_json_number(r, "gflops") > best)
      best = clgan_json_number(r, "gflops");
  }
  return best;
}

static void add_note(cJSON *device, char *text) {
  cJSON_AddStringToObject(device, "note", text);
  clgan_mem_free(text);
}

static void compare_with_cpu(cJSON *device, const cJSON *devices, const cJSON *rows) {
  const char *id = clgan_json_string(device, "id");
  const cJSON *r;
  if (is_cpu(devices, id)) return;
  cJSON_ArrayForEach(r, rows) {
    if (!is_telling(r, true) || strcmp(clgan_json_string(r, "device"), id) != 0) continue;
    double cpu = cpu_seconds(devices, rows, clgan_json_string(r, "case"));
    if (cpu <= 0 || clgan_json_number(r, "median_s") <= cpu) continue;
    add_note(device,
             clgan_mem_printf("is slower than the CPU: %s takes %.3g times as long", clgan_json_string(r, "case"),
                              clgan_json_number(r, "median_s") / cpu));
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
