/* One row per driver fault or peculiarity, each seen on the driver named. */
#include "cl/quirks.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct clgan_quirk_row clgan_quirk_table[] = {
    /* 0.12 s a kernel on 3.1; the version that any local size can use is added to those that were launched. */
    {"Portable Computing Language", NULL, NULL, NULL, CLGAN_QUIRK_SLOW_BINARIES, NULL,
     "clGetProgramInfo(CL_PROGRAM_BINARY_SIZES) compiles a version of every kernel for any local size; it reads PoCL's "
     "own cache, and aborts on a file that another process has just begun",
     "https://github.com/pocl/pocl/blob/release_3_1/lib/CL/devices/common_driver.c (pocl_driver_build_poclbinary)", NULL},
    /* Digits on 3.1: 3.9 s in clBuildProgram, 9.2 s at first launches, on one core. What it compiled it keeps on disk. */
    {"Portable Computing Language", NULL, NULL, NULL, CLGAN_QUIRK_SERIAL_COMPILER, NULL,
     "kernels are compiled for their work-group size at first launch, under one lock in a process",
     "https://github.com/pocl/pocl/blob/release_3_1/lib/CL/pocl_llvm_wg.cc", NULL},
    /* Seen on 22.3.6. Its binary holds SPIR-V: little is lost, since Mesa keeps machine code in a cache of its own. */
    {"rusticl", NULL, NULL, NULL, CLGAN_QUIRK_NO_BINARIES, NULL,
     "clCreateProgramWithBinary ends the process, instead of failing, when another build of Mesa wrote the binary",
     "https://gitlab.freedesktop.org/mesa/mesa/-/blob/mesa-22.3.6/src/gallium/frontends/rusticl/core/program.rs#L191", NULL},
    /* Seen on 22.3.6: a loop of float8 products compiles 8 times and runs 4 times as fast with mad. */
    {"rusticl", "llvmpipe", NULL, NULL, 0, "-Dfma=mad", "fma() becomes a long emulation, the host's instruction unused",
     "https://gitlab.freedesktop.org/mesa/mesa/-/blob/mesa-22.3.6/src/compiler/spirv/vtn_opencl.c", NULL},
    /* Seen on 22.3.6: what comes after is not written. */
    {"rusticl", "llvmpipe", NULL, NULL, CLGAN_QUIRK_SHORT_LOOPS, NULL,
     "a work-item's loops end silently after 65,535 turns in all (LP_MAX_TGSI_LOOP_ITERATIONS): it gets less to do",
     "https://gitlab.freedesktop.org/mesa/mesa/-/blob/mesa-22.3.6/src/gallium/auxiliary/gallivm/lp_bld_limits.h", NULL},
    /* Seen on 22.3.6: hundreds of launches that take 30 ms each "finished" after 5 ms. */
    {"rusticl", NULL, NULL, NULL, CLGAN_QUIRK_EARLY_FINISH, NULL,
     "clFinish returns before many launches in a row are done: a marker behind them is waited for, too",
     "https://gitlab.freedesktop.org/mesa/mesa/-/blob/mesa-22.3.6/src/gallium/frontends/rusticl/core/queue.rs", NULL},
    {"Oclgrind", NULL, NULL, NULL, CLGAN_QUIRK_IGNORES_LINE, NULL, "build logs do not follow #line",
     "https://github.com/jrprice/Oclgrind/blob/v21.10/src/core/Program.cpp", NULL},
    {NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL},
};

static const char *digits(const char *s) {
  while (*s != '\0' && !isdigit((unsigned char)*s)) s++;
  return s;
}

int clgan_quirks_compare(const char *a, const char *b) {
  a = digits(a);
  b = digits(b);
  while (isdigit((unsigned char)*a) || isdigit((unsigned char)*b)) {
    char *a_end = NULL, *b_end = NULL;
    unsigned long x = strtoul(a, &a_end, 10), y = strtoul(b, &b_end, 10);
    if (x != y) return x < y ? -1 : 1;
    a = *a_end == '.' ? a_end + 1 : "";
    b = *b_end == '.' ? b_end + 1 : "";
  }
  return 0;
}

static bool applies(const struct clgan_quirk_row *r, const char *platform, const char *device, const char *driver) {
  return strstr(platform, r->platform) != NULL && (r->device == NULL || strstr(device, r->device) != NULL) &&
         (r->first == NULL || clgan_quirks_compare(driver, r->first) >= 0) &&
         (r->end == NULL || clgan_quirks_compare(driver, r->end) < 0);
}

const struct clgan_quirk_row *clgan_quirks_next(const struct clgan_quirk_row *table, const struct clgan_quirk_row *after,
                                                const char *platform, const char *device, const char *driver) {
  for (const struct clgan_quirk_row *r = after != NULL ? after + 1 : table; r->platform != NULL; r++)
    if (applies(r, platform, device, driver)) return r;
  return NULL;
}

bool clgan_quirks_fails(const struct clgan_quirk_row *row, const char *kernels, const char *name) {
  if (row->fails == NULL) return false;
  const char *colon = strchr(row->fails, ':'), *what = colon != NULL ? colon + 1 : row->fails;
  size_t n = strlen(what), family = colon != NULL ? (size_t)(colon - row->fails) : 0;
  if (colon != NULL && (strlen(kernels) != family || strncmp(kernels, row->fails, family) != 0)) return false;
  return strncmp(what, name, n) == 0 && (name[n] == '\0' || name[n] == '/' || name[n] == ' ');
}

struct clgan_quirks clgan_quirks_find(const struct clgan_quirk_row *table, const char *platform, const char *device,
                                      const char *driver) {
  struct clgan_quirks q = {0, ""};
  const struct clgan_quirk_row *r = NULL;
  while ((r = clgan_quirks_next(table, r, platform, device, driver)) != NULL) {
    q.flags |= r->flags;
    if (r->options == NULL) continue;
    size_t used = strlen(q.options);
    if (used + strlen(r->options) + 2 <= sizeof q.options)
      (void)snprintf(q.options + used, sizeof q.options - used, " %s", r->options);
  }
  return q;
}
