/* What the words of --device mean on machines that are made up; quirk versions; a GPU that may not be opened. */
#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/mem.h"
#include "cl/quirks.h"
#include "cl/select.h"
#include "ops/op.h"

#define ROWS_MAX 8
struct machine {
  struct clgan_device_info d[ROWS_MAX];
  struct clgan_device_identity id[ROWS_MAX];
  size_t n;
};

static size_t add(struct machine *m, int platform, const char *platform_name, const char *name,
                  enum clgan_device_type type, unsigned units) {
  struct clgan_device_info *d = &m->d[m->n];
  memset(d, 0, sizeof *d);
  d->platform = platform;
  for (size_t i = 0; i < m->n; i++) d->device += m->d[i].platform == platform;
  (void)snprintf(d->platform_name, sizeof d->platform_name, "%s", platform_name);
  (void)snprintf(d->name, sizeof d->name, "%s", name);
  d->type = type;
  d->compute_units = units;
  d->clock_mhz = 1000;
  d->compiler = d->little_endian = true;
  memset(&m->id[m->n], 0, sizeof m->id[0]);
  m->id[m->n].pci_domain = -1;
  return m->n++;
}

static const char nvidia[] = "NVIDIA CUDA", intel[] = "Intel(R) OpenCL", pocl[] = "Portable Computing Language",
                  rusticl[] = "rusticl", clover[] = "Clover", graphics[] = "Intel(R) OpenCL Graphics";

static size_t choose(struct machine *m, const char *spec) {
  size_t index = 99;
  char reason[512] = "";
  struct clgan_error e = {CLGAN_OK, ""};
  assert_int_equal(clgan_device_choose(m->d, m->n, 3, NULL, spec, &index, reason, &e), CLGAN_OK);
  assert_non_null(strstr(reason, m->d[index].name));
  return index;
}

static const char *refuse(struct machine *m, int platforms, const char *blocked, const char *spec) {
  static struct clgan_error e;
  size_t index = 99;
  char reason[512] = "";
  memset(&e, 0, sizeof e);
  assert_int_equal(clgan_device_choose(m->d, m->n, platforms, blocked, spec, &index, reason, &e), CLGAN_ERR_DEVICE);
  assert_int_equal(index, 99);
  assert_null(strchr(e.text, '\n'));
  return e.text;
}

static void auto_ranks_by_type_then_speed(void **state) {
  (void)state;
  struct machine m = {.n = 0};
  size_t cpu = add(&m, 0, pocl, "cpu", CLGAN_DEVICE_CPU, 64);
  size_t soft = add(&m, 1, rusticl, "llvmpipe (LLVM 15.0.6, 256 bits)", CLGAN_DEVICE_GPU_INTEGRATED, 8);
  clgan_device_mark_duplicates(m.d, m.id, m.n);
  assert_int_equal(choose(&m, "auto"), cpu);
  assert_int_equal(choose(&m, "gpu"), soft); /* asked for by name it counts as a GPU */
  size_t integrated = add(&m, 2, graphics, "Intel(R) UHD Graphics 620", CLGAN_DEVICE_GPU_INTEGRATED, 24);
  clgan_device_mark_duplicates(m.d, m.id, m.n);
  assert_int_equal(choose(&m, "auto"), integrated);
  assert_int_equal(choose(&m, "gpu"), integrated);
  (void)add(&m, 3, nvidia, "NVIDIA A2000", CLGAN_DEVICE_GPU, 26);
  size_t big = add(&m, 3, nvidia, "NVIDIA A6000", CLGAN_DEVICE_GPU, 84);
  clgan_device_mark_duplicates(m.d, m.id, m.n);
  assert_int_equal(choose(&m, "auto"), big);
  assert_int_equal(choose(&m, "AUTO"), big);
  assert_int_equal(choose(&m, "cpu"), cpu);
  m.d[big].compiler = false;
  assert_int_equal(choose(&m, "auto"), big - 1);
  assert_non_null(strstr(refuse(&m, 4, NULL, "3:1"), "no compiler"));
}

static void words_and_numbers(void **state) {
  (void)state;
  struct machine m = {.n = 0};
  size_t a = add(&m, 0, pocl, "pthread-haswell", CLGAN_DEVICE_CPU, 2);
  (void)snprintf(m.d[a].version, sizeof m.d[a].version, "OpenCL 3.0 PoCL HSTR");
  size_t b = add(&m, 2, intel, "AMD EPYC", CLGAN_DEVICE_CPU, 2);
  clgan_device_mark_duplicates(m.d, m.id, m.n);
  char id[32];
  assert_string_equal(clgan_device_id(&m.d[b], id), "2:0");
  assert_int_equal(m.d[a].duplicate_of, (int)b);
  assert_int_equal(m.d[b].duplicate_of, -1);
  assert_int_equal(choose(&m, "auto"), b);
  assert_int_equal(choose(&m, "cpu"), b);
  assert_int_equal(choose(&m, "0:0"), a);
  assert_int_equal(choose(&m, "2:0"), b);
  assert_int_equal(choose(&m, "pocl"), a);
  assert_int_equal(choose(&m, "HASWELL"), a);
  assert_int_equal(choose(&m, "intel"), b);
  assert_int_equal(choose(&m, "epyc"), b);
}

static void the_same_hardware_counts_once(void **state) {
  (void)state;
  struct machine m = {.n = 0};
  size_t mesa0 = add(&m, 0, rusticl, "AMD Radeon RX 6800 (radeonsi, navi21, LLVM 15.0.6)", CLGAN_DEVICE_GPU, 60);
  size_t mesa1 = add(&m, 0, rusticl, "AMD Radeon RX 6800 (radeonsi, navi21, LLVM 15.0.6)", CLGAN_DEVICE_GPU, 60);
  size_t amd0 = add(&m, 1, "AMD Accelerated Parallel Processing", "AMD Radeon RX 6800 (gfx1030)", CLGAN_DEVICE_GPU, 30);
  size_t amd1 = add(&m, 1, "AMD Accelerated Parallel Processing", "AMD Radeon RX 6800 (gfx1030)", CLGAN_DEVICE_GPU, 30);
  for (size_t i = 0; i < m.n; i++) m.id[i].vendor_id = 0x1002;
  clgan_device_mark_duplicates(m.d, m.id, m.n); /* by name: one to one */
  assert_int_equal(m.d[amd0].duplicate_of, -1);
  assert_int_equal(m.d[amd1].duplicate_of, -1);
  assert_int_equal(m.d[mesa0].duplicate_of, (int)amd0);
  assert_int_equal(m.d[mesa1].duplicate_of, (int)amd1);
  for (size_t i = 0; i < m.n; i++) { /* by PCI address, the other way round */
    m.id[i].has_pci = true;
    m.id[i].pci_bus = i == mesa0 || i == amd1 ? 3 : 4;
  }
  clgan_device_mark_duplicates(m.d, m.id, m.n);
  assert_int_equal(m.d[mesa0].duplicate_of, (int)amd1);
  assert_int_equal(m.d[mesa1].duplicate_of, (int)amd0);
  assert_int_equal(choose(&m, "auto"), amd0);
  struct machine s = {.n = 0};
  size_t one = add(&s, 0, clover, "llvmpipe (LLVM 15.0.6, 256 bits)", CLGAN_DEVICE_GPU_INTEGRATED, 1);
  size_t two = add(&s, 1, rusticl, "llvmpipe (LLVM 15.0.6, 256 bits)", CLGAN_DEVICE_GPU_INTEGRATED, 8);
  clgan_device_mark_duplicates(s.d, s.id, s.n);
  assert_int_equal(s.d[one].duplicate_of, (int)two);
  assert_int_equal(s.d[two].duplicate_of, -1);
  struct machine o = {.n = 0}; /* two kinds of GPU of one vendor are not one */
  (void)add(&o, 0, rusticl, "Mesa Intel(R) UHD Graphics 620 (KBL GT2)", CLGAN_DEVICE_GPU_INTEGRATED, 24);
  (void)add(&o, 1, graphics, "Intel(R) UHD Graphics 620 [0x5917]", CLGAN_DEVICE_GPU_INTEGRATED, 24);
  (void)add(&o, 1, graphics, "Intel(R) Arc(TM) A770 Graphics", CLGAN_DEVICE_GPU, 512);
  for (size_t i = 0; i < o.n; i++) o.id[i].vendor_id = 0x8086;
  clgan_device_mark_duplicates(o.d, o.id, o.n);
  assert_int_equal(o.d[0].duplicate_of, 1);
  assert_int_equal(o.d[1].duplicate_of, -1);
  assert_int_equal(o.d[2].duplicate_of, -1);
}

static void errors_say_what_to_do(void **state) {
  (void)state;
  struct machine m = {.n = 0};
  assert_string_equal(refuse(&m, 0, NULL, "auto"),
                      "no OpenCL platform found: install a driver, e.g. apt-get install pocl-opencl-icd");
  assert_non_null(strstr(refuse(&m, 0, "/dev/dri/renderD128", "auto"), "join the `render` group"));
  assert_non_null(strstr(refuse(&m, 2, NULL, "auto"), "offers no device"));
  (void)add(&m, 0, pocl, "pthread-haswell", CLGAN_DEVICE_CPU, 2);
  clgan_device_mark_duplicates(m.d, m.id, m.n);
  const char *text = refuse(&m, 1, NULL, "radeon");
  assert_non_null(strstr(text, "'radeon'"));
  assert_non_null(strstr(text, "0:0 pthread-haswell"));
  assert_null(strstr(text, "render"));
  assert_non_null(strstr(refuse(&m, 1, NULL, "7:0"), "'7:0'"));
  assert_non_null(strstr(refuse(&m, 1, NULL, "0:1"), "'0:1'"));
  assert_non_null(strstr(refuse(&m, 1, NULL, "99999999999999999999:0"), "0:0 pthread-haswell"));
  assert_non_null(strstr(refuse(&m, 1, "/dev/dri/renderD128", "gpu"), "/dev/dri/renderD128"));
  size_t index = 9;
  char reason[512] = "";
  struct clgan_error e = {CLGAN_OK, ""};
  assert_int_equal(clgan_device_choose(m.d, m.n, 1, "/dev/dri/renderD128", "auto", &index, reason, &e), CLGAN_OK);
  assert_non_null(strstr(reason, "join the `render` group"));
}

static void a_blocked_gpu_is_seen(void **state) {
  (void)state;
  char folder[] = "/tmp/clgan-test-XXXXXX", path[256] = "", *file = NULL;
  assert_non_null(mkdtemp(folder));
  assert_int_equal(chmod(folder, 0755), 0);
  assert_false(clgan_device_find_blocked(folder, path));
  file = clgan_mem_printf("%s/renderD128", folder);
  FILE *f = fopen(file, "w");
  assert_non_null(f);
  assert_int_equal(fclose(f), 0);
  assert_false(clgan_device_find_blocked(folder, path));
  assert_int_equal(chmod(file, 0), 0);
  pid_t child = fork(); /* root may open anything: look as somebody else */
  assert_true(child >= 0);
  if (child == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(2);
    _exit(clgan_device_find_blocked(folder, path) && strcmp(path, file) == 0 ? 0 : 1);
  }
  int status = -1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  (void)remove(file);
  (void)remove(folder);
  clgan_mem_free(file);
}

static void a_family_may_be_impossible(void **state) {
  (void)state;
  struct clgan_device_info d = {.max_work_group = 1024, .max_item_size = {1024, 1024, 64}, .local_mem = 32768};
  char why[160];
  assert_true(clgan_family_possible(&d, CLGAN_FAMILY_LOCAL, why));
  assert_string_equal(why, "");
  d.local_mem = 4096;
  assert_false(clgan_family_possible(&d, CLGAN_FAMILY_LOCAL, why));
  assert_non_null(strstr(why, "the device has 4096"));
  d.local_mem = 32768;
  d.max_item_size[0] = 1; /* as Apple's processor driver */
  assert_false(clgan_family_possible(&d, CLGAN_FAMILY_LOCAL, why));
  assert_non_null(strstr(why, "the device allows 1"));
  assert_true(clgan_family_possible(&d, CLGAN_FAMILY_REG, why));
}

static void known_bugs_have_cases(void **state) {
  (void)state;
  static const struct clgan_quirk_row table[] = {
      {"Clover", NULL, NULL, "2", 0, NULL, "worked around", "link a", NULL},
      {"rusticl", NULL, NULL, NULL, 0, NULL, "of another driver", "link b", "conv"},
      {"Clover", NULL, "1.5", NULL, 0, NULL, "an operation", "link c", "conv"},
      {"Clover", NULL, NULL, NULL, 0, NULL, "a case", "link d", "local:act/tanh"},
      {NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL}};
  const struct clgan_quirk_row *r = clgan_quirks_next(table, NULL, "Clover", "any", "1.6");
  assert_ptr_equal(r, &table[0]);
  assert_false(clgan_quirks_fails(r, "reg", "conv/k3"));
  r = clgan_quirks_next(table, r, "Clover", "any", "1.6");
  assert_ptr_equal(r, &table[2]);
  assert_true(clgan_quirks_fails(r, "reg", "conv/k3"));
  assert_true(clgan_quirks_fails(r, "reg", "conv"));
  assert_false(clgan_quirks_fails(r, "reg", "conv_extra/k3"));
  assert_false(clgan_quirks_fails(r, "reg", "deconv/k3"));
  r = clgan_quirks_next(table, r, "Clover", "any", "1.6");
  assert_ptr_equal(r, &table[3]);
  assert_true(clgan_quirks_fails(r, "local", "act/tanh"));
  assert_true(clgan_quirks_fails(r, "local", "act/tanh 2"));
  assert_false(clgan_quirks_fails(r, "reg", "act/tanh"));
  assert_false(clgan_quirks_fails(r, "host", "act/tanh"));
  assert_false(clgan_quirks_fails(r, "local", "act/tanhs"));
  assert_false(clgan_quirks_fails(r, "local", "act"));
  assert_null(clgan_quirks_next(table, r, "Clover", "any", "1.6"));
  assert_ptr_equal(clgan_quirks_next(table, NULL, "Clover", "any", "2.0"), &table[2]);
  assert_null(clgan_quirks_next(table, NULL, "NVIDIA CUDA", "any", "1.6"));
}

static void quirk_versions(void **state) {
  (void)state;
  assert_true(clgan_quirks_compare("3.1+debian", "3.10") < 0);
  assert_true(clgan_quirks_compare("3.1+debian", "3.1") == 0);
  assert_true(clgan_quirks_compare("v22.3.6", "22.3.5") > 0);
  assert_true(clgan_quirks_compare("22.3", "22.3.1") < 0);
  assert_true(clgan_quirks_compare("", "") == 0);
  static const struct clgan_quirk_row table[] = {{"Clover", NULL, "1.5", "2", 2, "-DA", "", "", NULL},
                                                 {"Clover", NULL, NULL, "1.7", 4, "-DB", "", "", NULL},
                                                 {"rusticl", "llvmpipe", NULL, NULL, 8, NULL, "", "", NULL},
                                                 {NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL}};
  struct clgan_quirks q = clgan_quirks_find(table, "Clover", "any", "1.6.2");
  assert_int_equal(q.flags, 6);
  assert_string_equal(q.options, " -DA -DB");
  assert_int_equal(clgan_quirks_find(table, "Clover", "any", "2.0").flags, 0);
  assert_int_equal(clgan_quirks_find(table, "Clover", "any", "1.9").flags, 2);
  assert_int_equal(clgan_quirks_find(table, "NVIDIA CUDA", "any", "1.6").flags, 0);
  assert_int_equal(clgan_quirks_find(table, "rusticl", "llvmpipe (LLVM 15.0.6, 256 bits)", "22.3.6").flags, 8);
  assert_int_equal(clgan_quirks_find(table, "rusticl", "AMD Radeon RX 6800", "22.3.6").flags, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(auto_ranks_by_type_then_speed), cmocka_unit_test(words_and_numbers),
      cmocka_unit_test(the_same_hardware_counts_once), cmocka_unit_test(errors_say_what_to_do),
      cmocka_unit_test(a_blocked_gpu_is_seen),         cmocka_unit_test(quirk_versions),
      cmocka_unit_test(known_bugs_have_cases), cmocka_unit_test(a_family_may_be_impossible),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
