/* Every device of every platform, with its facts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "cl/cl_private.h"
#include "cl/quirks.h"
#include "cl/select.h"

/* Numbers of extensions' queries, from the Khronos registry; not every header that can build clgan has them. */
#define QUERY_PCI_BUS_INFO_KHR 0x410F
#define QUERY_UUID_KHR 0x106A
#define QUERY_PCI_BUS_ID_NV 0x4008
#define QUERY_PCI_SLOT_ID_NV 0x4009
#define QUERY_TOPOLOGY_AMD 0x4037
#define QUERY_BOARD_NAME_AMD 0x4038
#define QUERY_WAVEFRONT_WIDTH_AMD 0x4043
#define QUERY_SUB_GROUP_SIZES_INTEL 0x4108
#define QUERY_MAX_NUM_SUB_GROUPS 0x105C
#define QUERY_EXTENSIONS_WITH_VERSION 0x1060

/* Trims, and keeps one line of printable text: some drivers pad names with blanks or end them with a newline. */
static void tidy(char *s) {
  size_t n = 0;
  for (const char *p = s; *p != '\0'; p++) {
    unsigned char c = (unsigned char)*p;
    if (c <= ' ' || c == 127) {
      if (n > 0 && s[n - 1] != ' ') s[n++] = ' ';
    } else {
      s[n++] = (char)c;
    }
  }
  while (n > 0 && s[n - 1] == ' ') n--;
  s[n] = '\0';
}

static char *device_text(cl_device_id d, cl_device_info what) {
  size_t n = 0;
  if (clGetDeviceInfo(d, what, 0, NULL, &n) != CL_SUCCESS) n = 0;
  char *s = clgan_mem_alloc(n + 1);
  if (n > 0 && clGetDeviceInfo(d, what, n, s, NULL) != CL_SUCCESS) s[0] = '\0';
  s[n] = '\0';
  return s;
}

static void device_line(cl_device_id d, cl_device_info what, char *out, size_t size) {
  char *s = device_text(d, what);
  tidy(s);
  (void)snprintf(out, size, "%s", s);
  clgan_mem_free(s);
}

static void platform_line(cl_platform_id p, cl_platform_info what, char *out, size_t size) {
  size_t n = 0;
  if (clGetPlatformInfo(p, what, 0, NULL, &n) != CL_SUCCESS) n = 0;
  char *s = clgan_mem_alloc(n + 1);
  if (n > 0 && clGetPlatformInfo(p, what, n, s, NULL) != CL_SUCCESS) s[0] = '\0';
  tidy(s);
  (void)snprintf(out, size, "%s", s);
  clgan_mem_free(s);
}

static cl_uint device_uint(cl_device_id d, cl_device_info what) {
  cl_uint v = 0;
  return clGetDeviceInfo(d, what, sizeof v, &v, NULL) == CL_SUCCESS ? v : 0;
}

static cl_ulong device_ulong(cl_device_id d, cl_device_info what) {
  cl_ulong v = 0;
  return clGetDeviceInfo(d, what, sizeof v, &v, NULL) == CL_SUCCESS ? v : 0;
}

static bool has_extension(const char *list, const char *name) {
  size_t n = strlen(name);
  for (const char *s = strstr(list, name); s != NULL; s = strstr(s + n, name))
    if ((s == list || s[-1] == ' ') && (s[n] == ' ' || s[n] == '\0')) return true;
  return false;
}

/* The extension's version (major << 22 | minor << 12 | patch), 0 where the driver does not say. */
static cl_uint extension_version(cl_device_id d, const char *name) {
  struct name_version {
    cl_uint version;
    char name[64];
  };
  size_t n = 0;
  cl_uint version = 0;
  if (clGetDeviceInfo(d, QUERY_EXTENSIONS_WITH_VERSION, 0, NULL, &n) != CL_SUCCESS || n == 0) return 0;
  struct name_version *rows = clgan_mem_alloc(n);
  if (clGetDeviceInfo(d, QUERY_EXTENSIONS_WITH_VERSION, n, rows, NULL) == CL_SUCCESS)
    for (size_t i = 0; i < n / sizeof rows[0]; i++)
      if (strncmp(rows[i].name, name, sizeof rows[i].name) == 0) version = rows[i].version;
  clgan_mem_free(rows);
  return version;
}

static enum clgan_device_type device_type(cl_device_id d) {
  cl_device_type t = 0;
  if (clGetDeviceInfo(d, CL_DEVICE_TYPE, sizeof t, &t, NULL) != CL_SUCCESS) return CLGAN_DEVICE_OTHER;
  if ((t & CL_DEVICE_TYPE_CPU) != 0) return CLGAN_DEVICE_CPU; /* Oclgrind says it is every type */
  if ((t & CL_DEVICE_TYPE_GPU) == 0) return CLGAN_DEVICE_OTHER;
  return device_uint(d, CL_DEVICE_HOST_UNIFIED_MEMORY) != 0 ? CLGAN_DEVICE_GPU_INTEGRATED : CLGAN_DEVICE_GPU;
}

static void read_limits(cl_device_id d, struct clgan_device_info *i) {
  i->compute_units = device_uint(d, CL_DEVICE_MAX_COMPUTE_UNITS);
  i->clock_mhz = device_uint(d, CL_DEVICE_MAX_CLOCK_FREQUENCY);
  i->vector_float = device_uint(d, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT);
  if (i->vector_float == 0) i->vector_float = 1;
  size_t group = 1, items[16] = {1, 1, 1};
  if (clGetDeviceInfo(d, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof group, &group, NULL) != CL_SUCCESS) group = 1;
  if (clGetDeviceInfo(d, CL_DEVICE_MAX_WORK_ITEM_SIZES, sizeof items, items, NULL) != CL_SUCCESS) items[0] = 1;
  i->max_work_group = group;
  memcpy(i->max_item_size, items, sizeof i->max_item_size);
  i->global_mem = device_ulong(d, CL_DEVICE_GLOBAL_MEM_SIZE);
  i->max_alloc = device_ulong(d, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
  i->local_mem = device_ulong(d, CL_DEVICE_LOCAL_MEM_SIZE);
  i->global_cache = device_ulong(d, CL_DEVICE_GLOBAL_MEM_CACHE_SIZE);
  i->local_is_dedicated = device_uint(d, CL_DEVICE_LOCAL_MEM_TYPE) == CL_LOCAL;
  i->base_align = device_uint(d, CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8; /* the query is in bits */
  if (i->base_align == 0) i->base_align = 1;
  i->little_endian = device_uint(d, CL_DEVICE_ENDIAN_LITTLE) != 0;
  i->compiler = device_uint(d, CL_DEVICE_COMPILER_AVAILABLE) != 0;
}

/* The size that kernels with sub-groups are made for. Where the compiler cannot be told it, it must be the device's only one. */
static void read_subgroups(cl_device_id d, struct clgan_device_info *i) {
  const char *forced = getenv("CLGAN_SUBGROUPS");
  const unsigned asked = forced ? (unsigned)strtoul(forced, NULL, 10) : 0;
  size_t sizes[16], n = 0;
  if (asked >= 8 && asked <= 64 && (asked & (asked - 1)) == 0) {
    i->subgroup_way = CLGAN_SUBGROUP_TEST, i->subgroup_size = asked;
  } else if (has_extension(i->extensions, "cl_intel_subgroups") &&
             has_extension(i->extensions, "cl_intel_required_subgroup_size") &&
             clGetDeviceInfo(d, QUERY_SUB_GROUP_SIZES_INTEL, sizeof sizes, sizes, &n) == CL_SUCCESS) {
    for (size_t k = 0; k < n / sizeof *sizes; k++)
      if (sizes[k] == 16 || (sizes[k] == 8 && i->subgroup_size == 0) || (sizes[k] == 32 && i->subgroup_size == 0))
        i->subgroup_way = CLGAN_SUBGROUP_INTEL, i->subgroup_size = (unsigned)sizes[k];
  } else if (has_extension(i->extensions, "cl_khr_subgroups") &&
             has_extension(i->extensions, "cl_amd_device_attribute_query")) {
    const unsigned width = device_uint(d, QUERY_WAVEFRONT_WIDTH_AMD);
    if (width == 32 || width == 64) i->subgroup_way = CLGAN_SUBGROUP_KHR, i->subgroup_size = width;
  }
}

static void read_facts(cl_platform_id p, cl_device_id d, struct clgan_device_info *i) {
  platform_line(p, CL_PLATFORM_NAME, i->platform_name, sizeof i->platform_name);
  device_line(d, CL_DEVICE_NAME, i->name, sizeof i->name);
  device_line(d, CL_DEVICE_VENDOR, i->vendor, sizeof i->vendor);
  device_line(d, CL_DEVICE_VERSION, i->version, sizeof i->version);
  device_line(d, CL_DRIVER_VERSION, i->driver, sizeof i->driver);
  device_line(d, CL_DEVICE_OPENCL_C_VERSION, i->c_version, sizeof i->c_version);
  i->extensions = device_text(d, CL_DEVICE_EXTENSIONS);
  tidy(i->extensions);
  i->type = device_type(d);
  read_limits(d, i);
  i->fp64 = has_extension(i->extensions, "cl_khr_fp64");
  i->fp16 = has_extension(i->extensions, "cl_khr_fp16");
  i->subgroups = has_extension(i->extensions, "cl_khr_subgroups") ||
                 has_extension(i->extensions, "cl_intel_subgroups") || device_uint(d, QUERY_MAX_NUM_SUB_GROUPS) > 0;
  read_subgroups(d, i);
  /* 0.9.0 is the first published form; a driver that cannot name its version has an older draft of it. */
  i->command_buffer = has_extension(i->extensions, "cl_khr_command_buffer") &&
                      extension_version(d, "cl_khr_command_buffer") >= (9U << 12);
  i->short_loops = (clgan_quirks_find(clgan_quirk_table, i->platform_name, i->name, i->driver).flags & CLGAN_QUIRK_SHORT_LOOPS) != 0;
  /* AMD's driver names the chip ("gfx1030"); the card's name is what people know and other drivers report. */
  if (has_extension(i->extensions, "cl_amd_device_attribute_query")) {
    char board[128] = "";
    device_line(d, QUERY_BOARD_NAME_AMD, board, sizeof board);
    if (board[0] != '\0' && i->type != CLGAN_DEVICE_CPU) {
      char chip[100];
      (void)snprintf(chip, sizeof chip, "%.99s", i->name);
      (void)snprintf(i->name, sizeof i->name, "%s (%s)", board, chip);
    }
  }
}

static void read_identity(cl_device_id d, const struct clgan_device_info *i, struct clgan_device_identity *id) {
  id->vendor_id = device_uint(d, CL_DEVICE_VENDOR_ID);
  id->pci_domain = -1;
  if (has_extension(i->extensions, "cl_khr_device_uuid"))
    id->has_uuid = clGetDeviceInfo(d, QUERY_UUID_KHR, sizeof id->uuid, id->uuid, NULL) == CL_SUCCESS;
  if (has_extension(i->extensions, "cl_khr_pci_bus_info")) {
    cl_uint bus[4] = {0, 0, 0, 0};
    id->has_pci = clGetDeviceInfo(d, QUERY_PCI_BUS_INFO_KHR, sizeof bus, bus, NULL) == CL_SUCCESS;
    id->pci_domain = (int)bus[0];
    id->pci_bus = bus[1];
    id->pci_device = bus[2];
    id->pci_function = bus[3];
  } else if (has_extension(i->extensions, "cl_nv_device_attribute_query")) {
    cl_uint bus = 0, slot = 0;
    id->has_pci = clGetDeviceInfo(d, QUERY_PCI_BUS_ID_NV, sizeof bus, &bus, NULL) == CL_SUCCESS &&
                  clGetDeviceInfo(d, QUERY_PCI_SLOT_ID_NV, sizeof slot, &slot, NULL) == CL_SUCCESS;
    id->pci_bus = bus;
    id->pci_device = slot >> 3;
    id->pci_function = slot & 7U;
  } else if (has_extension(i->extensions, "cl_amd_device_attribute_query")) {
    unsigned char t[24] = {0}; /* cl_uint type (1: PCIe), 17 unused bytes, bus, device, function */
    id->has_pci = clGetDeviceInfo(d, QUERY_TOPOLOGY_AMD, sizeof t, t, NULL) == CL_SUCCESS && t[0] == 1;
    id->pci_bus = t[21];
    id->pci_device = t[22];
    id->pci_function = t[23];
  }
}

static size_t add_platform(cl_platform_id p, int number, struct clgan_device_list *l,
                           struct clgan_device_identity **ids) {
  cl_uint n = 0;
  if (clGetDeviceIDs(p, CL_DEVICE_TYPE_ALL, 0, NULL, &n) != CL_SUCCESS || n == 0) return l->count;
  size_t total = l->count + n;
  l->info = clgan_mem_realloc(l->info, total, sizeof *l->info);
  l->id = clgan_mem_realloc(l->id, total, sizeof(cl_device_id));
  *ids = clgan_mem_realloc(*ids, total, sizeof **ids);
  if (clGetDeviceIDs(p, CL_DEVICE_TYPE_ALL, n, l->id + l->count, NULL) != CL_SUCCESS) return l->count;
  for (cl_uint k = 0; k < n; k++) {
    struct clgan_device_info *i = &l->info[l->count + k];
    memset(i, 0, sizeof *i);
    memset(&(*ids)[l->count + k], 0, sizeof **ids);
    i->platform = number;
    i->device = (int)k;
    read_facts(p, l->id[l->count + k], i);
    read_identity(l->id[l->count + k], i, &(*ids)[l->count + k]);
  }
  return total;
}

enum clgan_status clgan_device_list_create(struct clgan_device_list **out, struct clgan_error *e) {
  *out = NULL;
  cl_uint n = 0;
  cl_int code = clGetPlatformIDs(0, NULL, &n);
  if (code != CL_SUCCESS) n = 0; /* the loader's CL_PLATFORM_NOT_FOUND_KHR: none installed */
  cl_platform_id *platforms = clgan_mem_array((size_t)n + 1, sizeof(cl_platform_id));
  if (n > 0) code = clGetPlatformIDs(n, platforms, NULL);
  if (n > 0 && code != CL_SUCCESS) {
    clgan_mem_free(platforms);
    return clgan_error_set(e, CLGAN_ERR_DEVICE,
                           "the OpenCL loader cannot list its platforms (%s): check the drivers' .icd files "
                           "in /etc/OpenCL/vendors",
                           clgan_cl_code_name(code));
  }
  struct clgan_device_list *l = clgan_mem_alloc(sizeof *l);
  struct clgan_device_identity *ids = NULL;
  l->platforms = (int)n;
  for (cl_uint p = 0; p < n; p++) l->count = add_platform(platforms[p], (int)p, l, &ids);
  clgan_device_mark_duplicates(l->info, ids, l->count);
  clgan_mem_free(ids);
  clgan_mem_free(platforms);
  enum clgan_status s = CLGAN_OK;
  for (size_t i = 0; i < l->count && s == CLGAN_OK; i++) s = clgan_device_limit(&l->info[i], e);
  if (s == CLGAN_OK)
    *out = l;
  else
    clgan_device_list_destroy(l);
  return s;
}

void clgan_device_list_destroy(struct clgan_device_list *l) {
  if (l == NULL) return;
  for (size_t i = 0; i < l->count; i++) clgan_mem_free(l->info[i].extensions);
  clgan_mem_free(l->info);
  clgan_mem_free(l->id);
  clgan_mem_free(l);
}

size_t clgan_device_list_count(const struct clgan_device_list *l) {
  return l->count;
}

const struct clgan_device_info *clgan_device_list_at(const struct clgan_device_list *l, size_t i) {
  return i < l->count ? &l->info[i] : NULL;
}

enum clgan_status clgan_device_select(const struct clgan_device_list *l, const char *spec, size_t *index,
                                      char reason[512], struct clgan_error *e) {
  char blocked[256];
  bool is_blocked = clgan_device_find_blocked("/dev/dri", blocked);
  bool from_environment = false;
  if (spec == NULL || spec[0] == '\0') {
    spec = getenv("CLGAN_DEVICE");
    from_environment = spec != NULL && spec[0] != '\0';
    if (!from_environment) spec = "auto";
  }
  enum clgan_status s =
      clgan_device_choose(l->info, l->count, l->platforms, is_blocked ? blocked : NULL, spec, index, reason, e);
  if (s != CLGAN_OK && from_environment && l->count > 0) return clgan_error_prefix(e, "CLGAN_DEVICE");
  return s;
}
