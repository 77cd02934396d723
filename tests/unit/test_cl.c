/* The OpenCL layer on every driver that is there: devices, memory, kernels, build errors, the disk cache. */
#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/file.h"
#include "base/mem.h"
#include "cl/cl_private.h"

static char folder[] = "/tmp/clgan-test-XXXXXX";
static struct clgan_device_list *list;
static size_t device; /* the one that the tests run on */
static struct clgan_error err;

#define OK(call)                                                 \
  do {                                                           \
    clgan_error_clear(&err);                                     \
    if ((call) != CLGAN_OK) fail_msg("%s: %s", #call, err.text); \
  } while (0)

static void put(const char *name, const char *text) {
  char *path = clgan_mem_printf("%s/%s", folder, name);
  OK(clgan_file_write(path, text, strlen(text), &err));
  clgan_mem_free(path);
}

static struct clgan_cl *open_device(bool no_cache) {
  struct clgan_cl *cl = NULL;
  struct clgan_cl_options o = {.profiling = true, .no_cache = no_cache};
  OK(clgan_cl_open(list, device, &o, &cl, &err));
  return cl;
}

static void every_device_is_listed(void **state) {
  (void)state;
  for (size_t i = 0; i < clgan_device_list_count(list); i++) {
    const struct clgan_device_info *d = clgan_device_list_at(list, i);
    print_message("  %d:%d %s (%s, driver %s): vector %u, groups %zu, local %llu, align %u%s\n", d->platform, d->device,
                  d->name, d->platform_name, d->driver, d->vector_float, d->max_work_group,
                  (unsigned long long)d->local_mem, d->base_align, d->duplicate_of >= 0 ? ", a duplicate" : "");
    assert_true(d->name[0] != '\0' && d->platform_name[0] != '\0' && d->driver[0] != '\0');
    assert_true(d->compute_units > 0 && d->max_work_group > 0 && d->global_mem > 0 && d->max_alloc > 0 &&
                d->vector_float > 0);
    assert_true(d->base_align > 0 && (d->base_align & (d->base_align - 1)) == 0);
    assert_true(d->duplicate_of < (int)clgan_device_list_count(list) && d->duplicate_of != (int)i);
  }
  assert_null(clgan_device_list_at(list, clgan_device_list_count(list)));
}

static void devices_are_selected(void **state) {
  (void)state;
  size_t index = 99;
  char reason[512] = "", spec[32];
  OK(clgan_device_select(list, "auto", &index, reason, &err));
  assert_true(index < clgan_device_list_count(list) && reason[0] != '\0');
  for (size_t i = 0; i < clgan_device_list_count(list); i++) {
    const struct clgan_device_info *d = clgan_device_list_at(list, i);
    (void)snprintf(spec, sizeof spec, "%d:%d", d->platform, d->device);
    OK(clgan_device_select(list, spec, &index, reason, &err));
    assert_int_equal(index, i);
    assert_int_equal(setenv("CLGAN_DEVICE", spec, 1), 0);
    OK(clgan_device_select(list, NULL, &index, reason, &err));
    assert_int_equal(index, i);
    OK(clgan_device_select(list, d->name, &index, reason, &err));
    assert_non_null(strstr(clgan_device_list_at(list, index)->name, d->name));
  }
  index = 99;
  clgan_error_clear(&err);
  assert_int_equal(setenv("CLGAN_DEVICE", "no such thing", 1), 0);
  assert_int_equal(clgan_device_select(list, NULL, &index, reason, &err), CLGAN_ERR_DEVICE);
  assert_non_null(strstr(err.text, "CLGAN_DEVICE"));
  assert_non_null(strstr(err.text, "'no such thing'"));
  assert_int_equal(index, 99);
  assert_int_equal(unsetenv("CLGAN_DEVICE"), 0);
}

static void buffers_and_views(void **state) {
  (void)state;
  struct clgan_cl *cl = open_device(true);
  const size_t align = clgan_cl_info(cl)->base_align, n = 8 * align + 12;
  unsigned char *data = clgan_mem_alloc(n), *back = clgan_mem_alloc(n);
  for (size_t i = 0; i < n; i++) data[i] = (unsigned char)(i * 7 + i / 256);
  struct clgan_buffer *b = NULL, *view = NULL, *inner = NULL;
  OK(clgan_buffer_create(cl, n, &b, &err));
  assert_int_equal(clgan_buffer_bytes(b), n);
  OK(clgan_buffer_write(b, 0, data, n, &err));
  OK(clgan_buffer_read(b, 0, back, n, &err));
  assert_memory_equal(data, back, n);
  OK(clgan_buffer_view(b, align, 4 * align, &view, &err));
  OK(clgan_buffer_view(view, 2 * align, align + 4, &inner, &err)); /* a view of a view */
  OK(clgan_buffer_read(inner, 1, back, align, &err));
  assert_memory_equal(data + 3 * align + 1, back, align);
  OK(clgan_buffer_fill_zero(inner, &err));
  OK(clgan_buffer_copy(b, 5, view, align, align - 3, &err));
  struct clgan_event *ev = NULL;
  memset(data + 3 * align, 0, align + 4); /* what the two commands do, on the host */
  memmove(data + 2 * align, data + 5, align - 3);
  clgan_buffer_destroy(view); /* inner stays good */
  OK(clgan_buffer_read_async(b, 0, back, n, &ev, &err));
  OK(clgan_event_wait(ev, &err));
  assert_memory_equal(data, back, n);
  clgan_event_destroy(ev);
  OK(clgan_buffer_write_async(inner, 4, data, align, &ev, &err));
  OK(clgan_event_wait(ev, &err));
  clgan_event_destroy(ev);
  OK(clgan_buffer_read(b, 3 * align + 4, back, align, &err));
  assert_memory_equal(data, back, align);
  clgan_error_clear(&err);
  assert_int_equal(clgan_buffer_view(b, 4, 4, &view, &err), align > 4 ? CLGAN_ERR_INTERNAL : CLGAN_OK);
  clgan_error_clear(&err);
  assert_int_equal(clgan_buffer_view(b, 8 * align, 13, &view, &err), CLGAN_ERR_INTERNAL);
  clgan_error_clear(&err);
  assert_int_equal(clgan_buffer_write(b, SIZE_MAX, data, 2, &err), CLGAN_ERR_INTERNAL);
  clgan_error_clear(&err);
  assert_int_equal(clgan_buffer_read(inner, align, back, 5, &err), CLGAN_ERR_INTERNAL);
  clgan_error_clear(&err);
  assert_int_equal(clgan_buffer_create(cl, SIZE_MAX / 2, &view, &err), CLGAN_ERR_MEMORY);
  assert_non_null(strstr(err.text, "smaller batch"));
  clgan_buffer_destroy(inner);
  clgan_buffer_destroy(b);
  clgan_mem_free(data);
  clgan_mem_free(back);
  clgan_cl_close(cl);
}

/* Reverses each group of 16 through local memory, doubles it by an included function, adds from a struct of 32 ints and
   a macro. */
static const char work_clh[] = "struct numbers { int n; int v[31]; };\nint twice(int x) { return 2 * x; }\n";
static const char work_cl[] =
    "/* #include \"absent.clh\" */\n"
    "#include \"work.clh\"\n"
    "#include \"work.clh\"\n"
    "__kernel void turn(__global const int *in, __global int *out, const struct numbers a, __local int *tmp) {\n"
    "  const int l = (int)get_local_id(0), n = (int)get_local_size(0);\n"
    "  tmp[l] = in[get_global_id(0)];\n"
    "  barrier(CLK_LOCAL_MEM_FENCE);\n"
    "  out[get_global_id(0)] = twice(tmp[n - 1 - l]) + a.v[30] + a.n + ADD;\n"
    "}\n"
    "__kernel void other(__global int *out) { out[get_global_id(0)] = ADD; }\n";

static struct clgan_program *get_work(struct clgan_cl *cl, const char *options) {
  struct clgan_program *p = NULL;
  OK(clgan_program_get(cl, "work.cl", options, &p, &err));
  return p;
}

static void run_work(struct clgan_cl *cl, struct clgan_program *p, int add) {
  enum { N = 64, G = 16 };
  int in[N], out[N];
  struct {
    int n, v[31];
  } a = {.n = 1000};
  a.v[30] = 70000;
  for (int i = 0; i < N; i++) in[i] = i * i;
  struct clgan_buffer *x = NULL, *y = NULL;
  struct clgan_kernel *k = NULL;
  struct clgan_event *ev = NULL;
  const size_t global[3] = {N, 1, 1}, local[3] = {G, 1, 1}, bad[3] = {G + 1, 1, 1};
  OK(clgan_buffer_create(cl, sizeof in, &x, &err));
  OK(clgan_buffer_create(cl, sizeof out, &y, &err));
  OK(clgan_buffer_write(x, 0, in, sizeof in, &err));
  OK(clgan_kernel_create(p, "turn", &k, &err));
  OK(clgan_kernel_arg_buffer(k, 0, x, &err));
  OK(clgan_kernel_arg_buffer(k, 1, y, &err));
  OK(clgan_kernel_arg_bytes(k, 2, &a, sizeof a, &err));
  OK(clgan_kernel_arg_local(k, 3, G * sizeof(int), &err));
  OK(clgan_kernel_launch(k, 1, global, local, &ev, &err));
  OK(clgan_buffer_read(y, 0, out, sizeof out, &err));
  for (int i = 0; i < N; i++) assert_int_equal(out[i], 2 * in[i / G * G + G - 1 - i % G] + 71000 + add);
  assert_true(clgan_event_seconds(ev) > 0 && clgan_event_seconds(ev) < 60);
  clgan_event_destroy(ev);
  clgan_error_clear(&err);
  assert_int_equal(clgan_kernel_launch(k, 1, global, bad, NULL, &err), CLGAN_ERR_INTERNAL);
  clgan_error_clear(&err);
  assert_int_not_equal(clgan_kernel_arg_bytes(k, 17, &a, sizeof a, &err), CLGAN_OK);
  assert_non_null(strstr(err.text, "turn: argument 17"));
  clgan_kernel_destroy(k);
  clgan_error_clear(&err);
  assert_int_equal(clgan_kernel_create(p, "absent", &k, &err), CLGAN_ERR_INTERNAL);
  assert_non_null(strstr(err.text, "no kernel 'absent'"));
  clgan_buffer_destroy(x);
  clgan_buffer_destroy(y);
  OK(clgan_cl_flush(cl, &err));
  OK(clgan_cl_finish(cl, &err));
}

static void kernels_run(void **state) {
  (void)state;
  struct clgan_cl *cl = open_device(true);
  struct clgan_program *p = get_work(cl, "-DADD=5");
  assert_ptr_equal(p, get_work(cl, "-DADD=5"));
  assert_ptr_not_equal(p, get_work(cl, "-DADD=6"));
  run_work(cl, p, 5);
  struct clgan_cl_stats s = clgan_cl_statistics(cl);
  assert_int_equal(s.programs_compiled, 2);
  assert_int_equal(s.programs_loaded, 0);
  assert_true(s.compile_seconds > 0);
  clgan_cl_close(cl);
}

static void build_must_fail(struct clgan_cl *cl, const char *file, const char *place) {
  struct clgan_program *p = NULL;
  clgan_error_clear(&err);
  assert_int_equal(clgan_program_get(cl, file, "-DSOME=1", &p, &err), CLGAN_ERR_BUILD);
  assert_null(p);
  if (strstr(err.text, place) == NULL) fail_msg("no '%s' in: %s", place, err.text);
}

static void build_errors_name_the_line(void **state) {
  (void)state;
  struct clgan_cl *cl = open_device(true);
  put("inner.clh", "int good(void);\n\nint bad(int x) {\n  return absent_in_include;\n}\n");
  put("wrong1.cl", "\n#include \"inner.clh\"\n__kernel void k(__global int *o) { o[0] = 1; }\n");
  put("empty.clh", "#define EMPTY 1");
  put("wrong2.cl", "#include \"empty.clh\"\n\n__kernel void k(__global int *o) {\n\n  o[0] = absent_in_file;\n}\n");
  put("loop.cl", "int x;\n#include \"loop.clh\"\n");
  put("loop.clh", "\n\n#include \"loop.cl\"\n");
  put("orphan.cl", "\n\n  #  include \"nowhere.clh\"\n");
  build_must_fail(cl, "wrong1.cl", "inner.clh:4");
  assert_non_null(strstr(err.text, "wrong1.cl"));
  assert_non_null(strstr(err.text, "-DSOME=1"));
  assert_non_null(strstr(err.text, clgan_cl_info(cl)->name));
  assert_non_null(strstr(err.text, "absent_in_include"));
  build_must_fail(cl, "wrong2.cl", "wrong2.cl:5");
  assert_non_null(strstr(err.text, "absent_in_file"));
  build_must_fail(cl, "loop.cl", "loop.clh:3: loop.cl includes itself");
  struct clgan_program *p = NULL;
  clgan_error_clear(&err);
  assert_int_not_equal(clgan_program_get(cl, "orphan.cl", "", &p, &err), CLGAN_OK);
  assert_non_null(strstr(err.text, "orphan.cl:3"));
  assert_non_null(strstr(err.text, "nowhere.clh"));
  assert_int_equal(clgan_cl_statistics(cl).programs_compiled, 0);
  clgan_cl_close(cl);
}

/* Opens, gets and runs the program, saves; the numbers of programs compiled and loaded must be as given. */
static void session(const char *options, int add, unsigned compiled, unsigned loaded, char key[65]) {
  struct clgan_cl *cl = open_device(false);
  struct clgan_program *p = get_work(cl, options);
  run_work(cl, p, add);
  clgan_programs_save(cl);
  struct clgan_cl_stats s = clgan_cl_statistics(cl);
  if ((cl->quirks.flags & CLGAN_QUIRK_NO_BINARIES) != 0) { /* this driver's programs always come from source */
    compiled = 1;
    loaded = 0;
  }
  assert_int_equal(s.programs_compiled, compiled);
  assert_int_equal(s.programs_loaded, loaded);
  if (key != NULL) memcpy(key, p->key, 65);
  clgan_cl_close(cl);
}

static void the_cache_is_used_and_checked(void **state) {
  (void)state;
  char key[65] = "", other[65] = "", *data = NULL;
  size_t size = 0;
  session("-DADD=1", 1, 1, 0, key);
  char *path = clgan_cache_path(key);
  if (!clgan_file_exists(path)) { /* a driver whose binaries are not stored: the checks are tried on bytes of our own */
    struct clgan_cl *cl = open_device(false);
    assert_false(cl->cache);
    clgan_cl_close(cl);
    clgan_cache_write(key, "some payload of no driver", 25);
  }
  session("-DADD=1", 1, 0, 1, other);
  assert_string_equal(key, other);
  session("-DADD=2", 2, 1, 0, other);
  assert_string_not_equal(key, other);
  OK(clgan_file_read(path, &data, &size, &err));
  const size_t places[] = {0, 8, 12, 16, 47, 48, 55, 56, 87, 88, 88 + (size - 88) / 2, size - 1};
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) { /* one bit anywhere: built anew, and stored anew */
    data[places[i]] = (char)(data[places[i]] ^ 4);
    OK(clgan_file_write(path, data, size, &err));
    data[places[i]] = (char)(data[places[i]] ^ 4);
    unsigned char *payload = NULL;
    size_t bytes = 0;
    assert_false(clgan_cache_read(key, &payload, &bytes));
    if (i % 6 == 3) session("-DADD=1", 1, 1, 0, NULL);
  }
  const size_t cuts[] = {0, 1, 8, 87, 88, 89, size - 1};
  for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
    OK(clgan_file_write(path, data, cuts[i], &err));
    unsigned char *payload = NULL;
    size_t bytes = 0;
    assert_false(clgan_cache_read(key, &payload, &bytes));
  }
  session("-DADD=1", 1, 1, 0, NULL);
  session("-DADD=1", 1, 0, 1, NULL);
  put("work.clh",
      "struct numbers { int n; int v[31]; };\nint twice(int y) { return y + y; }\n"); /* an include counts too */
  session("-DADD=1", 1, 1, 0, other);
  assert_string_not_equal(key, other);
  put("work.clh", work_clh);
  session("-DADD=1", 1, 0, 1, NULL);
  assert_int_equal(setenv("CLGAN_NO_CACHE", "1", 1), 0);
  session("-DADD=1", 1, 1, 0, NULL);
  assert_int_equal(unsetenv("CLGAN_NO_CACHE"), 0);
  clgan_mem_free(data);
  clgan_mem_free(path);
}

/* A whole entry whose payload is not what the driver wrote must end in a build from source. */
static void a_strange_binary_is_refused(void **state) {
  (void)state;
  char key[65] = "";
  session("-DADD=1", 1, 0, 1, key);
  clgan_cache_write(key, "not a binary at all, though the hash is right", 45);
  session("-DADD=1", 1, 1, 0, NULL);
  session("-DADD=1", 1, 0, 1, NULL);
}

/* Where storing reads files that others may be writing, it is left to a later start while another has the device open. */
static void storing_waits_for_others(void **state) {
  (void)state;
  struct clgan_cl *other = open_device(true);
  const bool waits = (other->quirks.flags & CLGAN_QUIRK_SLOW_BINARIES) != 0;
  session("-DADD=3", 3, 1, 0, NULL);
  session("-DADD=3", 3, waits ? 1 : 0, waits ? 0 : 1, NULL);
  clgan_cl_close(other);
  session("-DADD=3", 3, waits ? 1 : 0, waits ? 0 : 1, NULL);
  session("-DADD=3", 3, 0, 1, NULL);
}

static void an_unwritable_cache_is_no_error(void **state) {
  (void)state;
  char *blocker = clgan_mem_printf("%s/file", folder);
  put("file", "a file where the cache folder should be");
  assert_int_equal(setenv("XDG_CACHE_HOME", blocker, 1), 0);
  session("-DADD=1", 1, 1, 0, NULL);
  assert_int_equal(setenv("XDG_CACHE_HOME", folder, 1), 0);
  clgan_mem_free(blocker);
}

static int remove_folder(void) {
  char *command = clgan_mem_printf("rm -rf '%s'", folder);
  int r = system(command);
  clgan_mem_free(command);
  return r;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_device_is_listed),      cmocka_unit_test(devices_are_selected),
      cmocka_unit_test(buffers_and_views),           cmocka_unit_test(kernels_run),
      cmocka_unit_test(build_errors_name_the_line),  cmocka_unit_test(the_cache_is_used_and_checked),
      cmocka_unit_test(a_strange_binary_is_refused), cmocka_unit_test(storing_waits_for_others),
      cmocka_unit_test(an_unwritable_cache_is_no_error),
  };
  const char *wanted = getenv("CLGAN_DEVICE");
  char spec[256];
  (void)snprintf(spec, sizeof spec, "%s", wanted != NULL ? wanted : "");
  if (clgan_device_list_create(&list, &err) != CLGAN_OK || mkdtemp(folder) == NULL) return 1;
  /* The program's cache, the driver's, and the kernels are the test's own. */
  (void)setenv("XDG_CACHE_HOME", folder, 1);
  (void)setenv("CLGAN_KERNEL_DIR", folder, 1);
  put("work.clh", work_clh);
  put("work.cl", work_cl);
  int failed = 0;
  if (clgan_device_list_count(list) == 0) {
    printf("skipped: no OpenCL device\n");
    failed = 77;
  }
  for (size_t i = 0; failed != 77 && i < clgan_device_list_count(list); i++) {
    const struct clgan_device_info *d = clgan_device_list_at(list, i);
    char reason[512];
    if (spec[0] != '\0' && (clgan_device_select(list, spec, &device, reason, &err) != CLGAN_OK || device != i))
      continue;
    device = i;
    printf("on %d:%d %s (%s)\n", d->platform, d->device, d->name, d->platform_name);
    failed += cmocka_run_group_tests(tests, NULL, NULL);
  }
  clgan_device_list_destroy(list);
  return remove_folder() != 0 && failed == 0 ? 1 : failed;
}
