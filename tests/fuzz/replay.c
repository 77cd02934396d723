/* replay.c: runs the fuzz targets on kept inputs, so that what was mended stays mended whatever the compiler.
 * fuzz_replay: every case of $CLGAN_SRC/tests/fuzz/cases. fuzz_replay TARGET FILE...: these files. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "fuzz.h"

static const struct {
  const char *name;
  fuzz_target *run;
} targets[] = {
    {"safetensors", fuzz_safetensors}, {"idx", fuzz_idx}, {"model", fuzz_model}, {"png", fuzz_png}, {"jpeg", fuzz_jpeg},
    {"tuning", fuzz_tuning},           {"csv", fuzz_csv}, {"label", fuzz_label}};
enum { TARGETS = sizeof targets / sizeof targets[0] };

static int replay(size_t target, const char *path) {
  struct clgan_error e = {0};
  char *data;
  size_t size;
  if (clgan_file_read(path, &data, &size, &e) != CLGAN_OK) {
    fprintf(stderr, "fuzz_replay: %s\n", e.text);
    return 1;
  }
  printf("%s\n", path); /* the last line names the one that ends the program */
  fflush(stdout);
  /* A copy of exactly that size: a read beyond its end is seen. */
  unsigned char *exact = malloc(size ? size : 1);
  fuzz_expect(exact != NULL, "there is memory");
  memcpy(exact, data, size);
  targets[target].run(exact, size);
  free(exact);
  clgan_mem_free(data);
  return 0;
}

static int replay_folder(size_t target, const char *root) {
  char *folder = clgan_mem_printf("%s/tests/fuzz/cases/%s", root, targets[target].name);
  DIR *d = opendir(folder);
  int failed = 0, n = 0;
  for (struct dirent *f; d && (f = readdir(d));) {
    if (f->d_name[0] == '.') continue;
    char *path = clgan_file_join(folder, f->d_name);
    failed |= replay(target, path);
    n++;
    clgan_mem_free(path);
  }
  if (d) closedir(d);
  printf("%s: %d cases\n", targets[target].name, n);
  if (!n) fprintf(stderr, "fuzz_replay: %s: no cases there; set CLGAN_SRC to the source tree\n", folder);
  clgan_mem_free(folder);
  return failed || !n;
}

int main(int argc, char **argv) {
  const char *root = getenv("CLGAN_SRC");
  int failed = 0;
  for (size_t k = 0; k < TARGETS; k++) {
    if (argc < 2) failed |= replay_folder(k, root ? root : ".");
    if (argc < 2 || strcmp(argv[1], targets[k].name) != 0) continue;
    for (int i = 2; i < argc; i++) failed |= replay(k, argv[i]);
    return failed;
  }
  if (argc > 1) fprintf(stderr, "fuzz_replay: %s: no such target\n", argv[1]);
  return failed || argc > 1;
}
