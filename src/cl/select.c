/* Same hardware under several platforms, ranking, and the words of --device. */
#define _XOPEN_SOURCE 700
#include "cl/select.h"
#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/mem.h"

static bool contains(const char *text, const char *part) {
  size_t n = strlen(part);
  for (; *text != '\0'; text++) {
    size_t i = 0;
    while (i < n && text[i] != '\0' && tolower((unsigned char)text[i]) == tolower((unsigned char)part[i])) i++;
    if (i == n) return true;
  }
  return n == 0;
}

static bool equals(const char *a, const char *b) {
  return strlen(a) == strlen(b) && contains(a, b);
}

bool clgan_device_is_software_gpu(const struct clgan_device_info *d) {
  static const char *const names[] = {"llvmpipe", "softpipe", "swrast", "lavapipe"};
  if (d->type == CLGAN_DEVICE_CPU) return false;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (contains(d->name, names[i])) return true;
  return false;
}

bool clgan_device_is_usable(const struct clgan_device_info *d) {
  return d->compiler && d->little_endian;
}

/* 0: the hardware vendor's own driver; then drivers that many vendors share; then a simulator. */
static int platform_rank(const struct clgan_device_info *d) {
  static const char *const shared[] = {"Portable Computing Language", "rusticl", "Clover", "Oclgrind"};
  for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++)
    if (contains(d->platform_name, shared[i])) return (int)i + 1;
  return 0;
}

/* Letters and digits only, lower case, without the decorations drivers put around a model's name. */
static void plain_name(const char *name, char out[256]) {
  size_t n = 0;
  for (const char *s = name; *s != '\0' && *s != '@' && *s != '[' && n + 1 < 256; s++) {
    if (*s == '(' && strncmp(s, "(R)", 3) != 0 && strncmp(s, "(TM)", 4) != 0)
      break; /* "(KBL GT2)", "(radeonsi, ...)" */
    if (*s == '(') {
      s = strchr(s, ')');
      continue;
    }
    if (isalnum((unsigned char)*s)) out[n++] = (char)tolower((unsigned char)*s);
  }
  out[n] = '\0';
}

static bool same_hardware(const struct clgan_device_info *a, const struct clgan_device_identity *ia,
                          const struct clgan_device_info *b, const struct clgan_device_identity *ib) {
  if (a->platform == b->platform) return false;
  if (a->type == CLGAN_DEVICE_CPU && b->type == CLGAN_DEVICE_CPU) return true;
  if (a->type == CLGAN_DEVICE_CPU || b->type == CLGAN_DEVICE_CPU) return false;
  if (ia->has_uuid && ib->has_uuid && memcmp(ia->uuid, ib->uuid, sizeof ia->uuid) == 0) return true;
  if (ia->has_pci && ib->has_pci) {
    bool domain = ia->pci_domain < 0 || ib->pci_domain < 0 || ia->pci_domain == ib->pci_domain;
    return domain && ia->pci_bus == ib->pci_bus && ia->pci_device == ib->pci_device &&
           ia->pci_function == ib->pci_function;
  }
  if (clgan_device_is_software_gpu(a) && clgan_device_is_software_gpu(b)) return true;
  if (ia->vendor_id != ib->vendor_id || a->type != b->type) return false;
  char x[256], y[256];
  plain_name(a->name, x);
  plain_name(b->name, y);
  return strlen(x) >= 4 && strlen(y) >= 4 && (contains(x, y) || contains(y, x));
}

void clgan_device_mark_duplicates(struct clgan_device_info *d, const struct clgan_device_identity *id, size_t n) {
  for (size_t i = 0; i < n; i++) d[i].duplicate_of = -1;
  /* Best platform first; a device stands for at most one device of each other platform, so two equal cards stay two. */
  for (int rank = 0; rank <= 4; rank++)
    for (size_t i = 0; i < n; i++) {
      if (platform_rank(&d[i]) != rank || d[i].duplicate_of >= 0) continue;
      for (size_t j = 0; j < n; j++) {
        bool later = platform_rank(&d[j]) > rank || (platform_rank(&d[j]) == rank && j > i);
        if (!later || d[j].duplicate_of >= 0 || !same_hardware(&d[i], &id[i], &d[j], &id[j])) continue;
        bool taken = false;
        for (size_t k = 0; k < j; k++) taken |= d[k].duplicate_of == (int)i && d[k].platform == d[j].platform;
        if (!taken || d[i].type == CLGAN_DEVICE_CPU) d[j].duplicate_of = (int)i;
      }
    }
}

/* Smaller is preferred: discrete GPU, integrated GPU, CPU, software GPU, anything else. */
static int type_rank(const struct clgan_device_info *d) {
  if (clgan_device_is_software_gpu(d)) return 3;
  switch (d->type) {
    case CLGAN_DEVICE_GPU: return 0;
    case CLGAN_DEVICE_GPU_INTEGRATED: return 1;
    case CLGAN_DEVICE_CPU: return 2;
    case CLGAN_DEVICE_OTHER: break;
  }
  return 4;
}

/* Lanes x clock, comparable between GPUs only roughly: float lanes of one compute unit differ by vendor. */
static double known_speed(const struct clgan_device_info *d) {
  double lanes = d->vector_float > 0 ? (double)d->vector_float : 1.0;
  if (d->type == CLGAN_DEVICE_GPU || d->type == CLGAN_DEVICE_GPU_INTEGRATED) {
    lanes = 64;
    if (contains(d->vendor, "nvidia")) lanes = 128;
    if (contains(d->vendor, "intel")) lanes = 8;
  }
  return lanes * (double)d->compute_units * (double)(d->clock_mhz > 0 ? d->clock_mhz : 1000);
}

static bool better(const struct clgan_device_info *a, const struct clgan_device_info *b) {
  if (type_rank(a) != type_rank(b)) return type_rank(a) < type_rank(b);
  if (a->type == CLGAN_DEVICE_CPU || type_rank(a) >= 3) return platform_rank(a) < platform_rank(b);
  return known_speed(a) > known_speed(b);
}

const char *clgan_device_id(const struct clgan_device_info *d, char id[32]) {
  (void)snprintf(id, 32, "%d:%d", d->platform, d->device);
  return id;
}

const char *clgan_device_type_text(const struct clgan_device_info *d) {
  if (clgan_device_is_software_gpu(d)) return "software GPU";
  switch (d->type) {
    case CLGAN_DEVICE_CPU: return "CPU";
    case CLGAN_DEVICE_GPU_INTEGRATED: return "integrated GPU";
    case CLGAN_DEVICE_GPU: return "discrete GPU";
    case CLGAN_DEVICE_OTHER: break;
  }
  return "accelerator";
}

static bool parse_pair(const char *spec, int *platform, int *device) {
  char *end = NULL;
  if (!isdigit((unsigned char)spec[0])) return false;
  long p = strtol(spec, &end, 10);
  if (*end != ':' || !isdigit((unsigned char)end[1])) return false;
  long d = strtol(end + 1, &end, 10);
  if (*end != '\0') return false;
  *platform = p > 10000 ? 10000 : (int)p;
  *device = d > 10000 ? 10000 : (int)d;
  return true;
}

static bool matches(const struct clgan_device_info *d, const char *spec) {
  int p = 0, i = 0;
  if (parse_pair(spec, &p, &i)) return d->platform == p && d->device == i;
  if (equals(spec, "auto")) return clgan_device_is_usable(d) && d->duplicate_of < 0;
  if (equals(spec, "cpu")) return clgan_device_is_usable(d) && d->type == CLGAN_DEVICE_CPU;
  if (equals(spec, "gpu"))
    return clgan_device_is_usable(d) && (d->type == CLGAN_DEVICE_GPU || d->type == CLGAN_DEVICE_GPU_INTEGRATED);
  /* The version too: only there does Portable Computing Language say "PoCL". */
  return contains(d->name, spec) || contains(d->platform_name, spec) || contains(d->vendor, spec) ||
         contains(d->version, spec);
}

bool clgan_device_find_blocked(const char *folder, char path[256]) {
  bool found = false;
  char *pattern = clgan_mem_printf("%s/renderD*", folder);
  glob_t g;
  if (glob(pattern, 0, NULL, &g) == 0) {
    for (size_t i = 0; i < g.gl_pathc && !found; i++) {
      if (access(g.gl_pathv[i], R_OK | W_OK) == 0 || (errno != EACCES && errno != EPERM)) continue;
      (void)snprintf(path, 256, "%s", g.gl_pathv[i]);
      found = true;
    }
    globfree(&g);
  }
  clgan_mem_free(pattern);
  return found;
}

static void list_devices(const struct clgan_device_info *d, size_t n, struct clgan_text *t) {
  for (size_t i = 0; i < n; i++)
    clgan_text_printf(t, "%s%d:%d %s (%s)", i > 0 ? ", " : "", d[i].platform, d[i].device, d[i].name,
                      d[i].platform_name);
}

static enum clgan_status no_match(const struct clgan_device_info *d, size_t n, int platforms, const char *blocked,
                                  const char *spec, struct clgan_error *e) {
  struct clgan_text hint = {NULL, 0, 0};
  if (blocked != NULL)
    clgan_text_printf(&hint,
                      "; the GPU's device file %s may not be opened by this user: join the `render` group "
                      "(sudo usermod -aG render $USER) and log in again",
                      blocked);
  else
    clgan_text_printf(&hint, "%s", "");
  if (platforms == 0) {
    (void)clgan_error_set(e, CLGAN_ERR_DEVICE,
                          "no OpenCL platform found: install a driver, e.g. apt-get install pocl-opencl-icd%s", hint.s);
  } else if (n == 0) {
    (void)clgan_error_set(e, CLGAN_ERR_DEVICE,
                          "OpenCL is installed (%d platform%s) but offers no device: install a driver, e.g. "
                          "apt-get install pocl-opencl-icd%s",
                          platforms, platforms == 1 ? "" : "s", hint.s);
  } else {
    struct clgan_text have = {NULL, 0, 0};
    list_devices(d, n, &have);
    bool words = equals(spec, "cpu") || equals(spec, "gpu");
    (void)clgan_error_set(e, CLGAN_ERR_DEVICE, "no OpenCL device %s'%s': choose from %s%s", words ? "of type " : "",
                          spec, have.s, hint.s);
    clgan_text_free(&have);
  }
  clgan_text_free(&hint);
  return CLGAN_ERR_DEVICE;
}

static void tell_reason(const struct clgan_device_info *d, size_t n, size_t best, size_t matched, const char *spec,
                        const char *blocked, char reason[512]) {
  const struct clgan_device_info *c = &d[best];
  struct clgan_text t = {NULL, 0, 0};
  int p = 0, i = 0;
  clgan_text_printf(&t, "%d:%d %s (%s), %s: ", c->platform, c->device, c->name, c->platform_name,
                    clgan_device_type_text(c));
  if (parse_pair(spec, &p, &i)) {
    clgan_text_printf(&t, "%s", "as asked");
  } else if (equals(spec, "auto")) {
    static const char *const why[] = {"a discrete GPU comes first", "an integrated GPU comes before a CPU",
                                      "no hardware GPU among the devices", "nothing better than a software GPU",
                                      "the only kind there is"};
    clgan_text_printf(&t, "%s", matched == 1 && n == 1 ? "the only device" : why[type_rank(c)]);
  } else {
    clgan_text_printf(&t, "matches '%s'%s", spec, matched > 1 ? ", the first choice among several that do" : "");
  }
  for (size_t k = 0; k < n; k++)
    if (d[k].duplicate_of == (int)best)
      clgan_text_printf(&t, "; the same hardware is also %d:%d (%s)", d[k].platform, d[k].device, d[k].platform_name);
  if (blocked != NULL && type_rank(c) > 1)
    clgan_text_printf(&t, "; %s may not be opened by this user: join the `render` group to use that GPU", blocked);
  (void)snprintf(reason, 512, "%s", t.s);
  clgan_text_free(&t);
}

enum clgan_status clgan_device_choose(const struct clgan_device_info *d, size_t n, int platforms, const char *blocked,
                                      const char *spec, size_t *index, char reason[512], struct clgan_error *e) {
  size_t best = n, matched = 0;
  for (size_t i = 0; i < n; i++) {
    if (!matches(&d[i], spec)) continue;
    matched++;
    if (best == n || better(&d[i], &d[best])) best = i;
  }
  if (best == n) return no_match(d, n, platforms, blocked, spec, e);
  if (!clgan_device_is_usable(&d[best]))
    return clgan_error_set(e, CLGAN_ERR_DEVICE,
                           "device %d:%d %s (%s) cannot be used: %s; choose another (`clgan devices`)",
                           d[best].platform, d[best].device, d[best].name, d[best].platform_name,
                           d[best].compiler ? "it is big-endian" : "its driver has no compiler");
  *index = best;
  tell_reason(d, n, best, matched, spec, blocked, reason);
  return CLGAN_OK;
}
