/* import_rig.h: image files in the scratch folder, and sets imported from it. */
#ifndef CLGAN_TESTS_IMPORT_RIG_H
#define CLGAN_TESTS_IMPORT_RIG_H
#include <dirent.h>
#include "data/dataset.h"
#include "data/image.h"
#include "data/import.h"
#include "scratch.h"

enum { SIDE = 8 };

/* An 8x8 image of one grey, as a PNG in the scratch folder. */
static void image(const char *name, unsigned grey) {
  unsigned char pixels[SIDE * SIDE];
  char *path = clgan_file_join(scratch, name);
  memset(pixels, (int)grey, sizeof pixels);
  assert_int_equal(clgan_image_write_png(path, SIDE, SIDE, 1, pixels, NULL), CLGAN_OK);
  clgan_mem_free(path);
}

/* The options' source is below the scratch folder; the set is its set.safetensors. */
static enum clgan_status import_source(const struct clgan_import_options *with, struct clgan_error *e) {
  char *source = clgan_file_join(scratch, with->source), *out = clgan_file_join(scratch, "set.safetensors");
  struct clgan_import_options o = *with;
  o.source = source, o.out = out;
  enum clgan_status status = clgan_import_run(&o, e);
  clgan_mem_free(source);
  clgan_mem_free(out);
  return status;
}

static struct clgan_dataset *imported_source(const struct clgan_import_options *with) {
  struct clgan_error e = {0};
  struct clgan_dataset *d = NULL;
  if (import_source(with, &e) != CLGAN_OK) fail_msg("%s", e.text);
  char *out = clgan_file_join(scratch, "set.safetensors");
  if (clgan_dataset_open(out, NULL, &d, &e) != CLGAN_OK) fail_msg("%s", e.text);
  clgan_mem_free(out);
  return d;
}

/* Nothing half-written either. */
static void no_set(void) {
  DIR *folder = opendir(scratch);
  for (const struct dirent *f; (f = readdir(folder));) {
    assert_null(strstr(f->d_name, ".tmp"));
    assert_null(strstr(f->d_name, "set.safetensors"));
  }
  closedir(folder);
}

static void remove_set(void) {
  char *out = clgan_file_join(scratch, "set.safetensors");
  unlink(out);
  clgan_mem_free(out);
}
#endif
