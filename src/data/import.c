/* Importing: the formats, options, what was written and what was left out. */
#include "data/import.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "base/log.h"
#include "base/words.h"
#include "data/dataset.h"
#include "data/import_internal.h"

const struct clgan_import_format clgan_import_formats_table[] = {
    {"mnist", true, false, clgan_import_list_mnist},
    {"csv", false, true, clgan_import_list_csv},
    {"ffhq", true, true, clgan_import_list_ffhq},
    {"utkface", true, true, clgan_import_list_utkface},
    {0},
};

char *clgan_import_formats(void) {
  struct clgan_text t = {0};
  for (const struct clgan_import_format *f = clgan_import_formats_table; f->name; f++)
    clgan_text_printf(&t, "%s%s", t.len ? ", " : "", f->name);
  return t.s;
}

struct clgan_import_item *clgan_import_add(struct clgan_import *im, const char *name) {
  CLGAN_GROW(im->items, im->n, im->cap);
  struct clgan_import_item *item = &im->items[im->n++];
  *item = (struct clgan_import_item){.name = name ? clgan_mem_strdup(name) : NULL};
  return item;
}

void clgan_import_left_out(struct clgan_import *im, const char *format, ...) {
  if (im->named++ >= CLGAN_IMPORT_NAMED_MAX && clgan_log_level() != CLGAN_LOG_VERBOSE) return;
  char line[CLGAN_ERROR_MAX];
  struct clgan_error safe = {0}; /* names may hold anything, also what a terminal obeys */
  va_list ap;
  va_start(ap, format);
  vsnprintf(line, sizeof line, format, ap);
  va_end(ap);
  (void)clgan_error_set(&safe, CLGAN_ERR_FORMAT, "%s", line);
  clgan_log_warn("import: left out: %s", safe.text);
}

const char *clgan_import_label(const struct clgan_import *im, const struct clgan_import_item *item,
                               char text[CLGAN_IMPORT_LABEL]) {
  if (!im->faces) return clgan_names_word(&im->classes, item->digit, text);
  snprintf(text, CLGAN_IMPORT_LABEL, "%g years %s", (double)item->age, item->gender ? "female" : "male");
  return text;
}

bool clgan_import_age(double years, float *age) {
  if (!(years >= 0 && years <= CLGAN_IMPORT_AGE_MAX)) return false; /* nor NaN */
  *age = (float)years;
  return true;
}

bool clgan_import_gender(const char *word, unsigned char *gender) {
  static const char *const words[] = {"male", "female", "m", "f", "man", "woman", "0", "1"};
  for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (strcasecmp(word, words[i])) continue;
    *gender = i & 1u;
    return true;
  }
  return false;
}

void clgan_import_face_defaults(struct clgan_import *im) {
  im->faces = true;
  if (!im->height) im->height = im->width = CLGAN_IMPORT_SIDE;
  if (!im->channels) im->channels = 3;
}

bool clgan_import_stopped(const struct clgan_import *im) {
  return im->o->stop && *im->o->stop;
}

enum clgan_status clgan_import_check_stop(const struct clgan_import *im, struct clgan_error *e) {
  if (!clgan_import_stopped(im)) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_INTERRUPTED, "stopped, nothing was written");
}

static enum clgan_status choose_format(struct clgan_import *im, struct clgan_error *e) {
  const char *names[16];
  size_t n = 0;
  for (const struct clgan_import_format *f = clgan_import_formats_table; f->name; f++) {
    if (!strcmp(f->name, im->o->format)) im->format = f;
    names[n++] = f->name;
  }
  names[n] = NULL;
  if (im->format) return CLGAN_OK;
  const char *near = clgan_words_nearest(im->o->format, names);
  char *all = clgan_import_formats();
  (void)clgan_error_set(e, CLGAN_ERR_USAGE, "--format %.40s: no such format%s%s%s; allowed: %s", im->o->format,
                        near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "", all);
  clgan_mem_free(all);
  return CLGAN_ERR_USAGE;
}

static enum clgan_status check(struct clgan_import *im, struct clgan_error *e) {
  const struct clgan_import_options *o = im->o;
  CLGAN_TRY(choose_format(im, e));
  if (!clgan_file_exists(o->source))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: no such file or folder; check the path", o->source);
  if (clgan_file_is_folder(o->source) != im->format->folder)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "%s: is %s; with --format %s give %s", o->source,
                           im->format->folder ? "no folder" : "a folder", im->format->name,
                           im->format->folder ? "the folder that holds the files" : "the file that lists the images");
  if (!im->format->files && o->test_fraction >= 0)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--test-fraction: --format %s has a split of its own, which is kept",
                           im->format->name);
  if (o->labels && strcmp(im->format->name, "ffhq"))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--labels: --format %s has no folder of labels; leave it out",
                           im->format->name);
  if (o->labels && !clgan_file_is_folder(o->labels))
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--labels %s: no such folder; check the path", o->labels);
  im->test_fraction = o->test_fraction >= 0 ? o->test_fraction : 0.1;
  return clgan_file_check_writable(o->out, e);
}

static enum clgan_status run(struct clgan_import *im, struct clgan_error *e) {
  CLGAN_TRY(check(im, e));
  CLGAN_TRY(im->format->list(im, e));
  if (im->format->files) {
    CLGAN_TRY(clgan_import_read(im, e));
    clgan_import_settle(im);
  }
  return clgan_import_write(im, e);
}

/* An end that another start may mend keeps what was read; returns the status. */
static enum clgan_status end_part(struct clgan_import *im, enum clgan_status status, struct clgan_error *e) {
  const bool keep = status != CLGAN_OK && status != CLGAN_ERR_FORMAT && im->read;
  if (status == CLGAN_ERR_INTERRUPTED && keep) {
    clgan_error_clear(e);
    (void)clgan_error_set(e, status, "stopped after %zu files; the same command goes on from there (they are in %s)",
                          im->read, clgan_import_part_path(im->part));
  }
  clgan_import_part_close(im->part, keep);
  return status;
}

enum clgan_status clgan_import_run(const struct clgan_import_options *o, struct clgan_error *e) {
  struct clgan_import im = {.o = o, .height = o->height, .width = o->width, .channels = o->channels};
  enum clgan_status status = end_part(&im, run(&im, e), e);
  if (status == CLGAN_OK) clgan_import_tell(&im);
  for (size_t i = 0; i < im.n; i++) clgan_mem_free(im.items[i].name);
  clgan_mem_free(im.items);
  clgan_mem_free(im.folder);
  clgan_names_free(&im.classes);
  clgan_dataset_close(im.set);
  return status;
}

/* -- MNIST: a data set already; pixels may be scaled or coloured on the way -- */
enum clgan_status clgan_import_list_mnist(struct clgan_import *im, struct clgan_error *e) {
  const struct clgan_dataset_want classes = {.labels = CLGAN_LABELS_CLASS};
  /* `builtin` is a set of its own name there */
  char *folder = strcmp(im->o->source, "builtin") ? clgan_mem_strdup(im->o->source) : clgan_mem_strdup("./builtin");
  enum clgan_status status = clgan_dataset_open(folder, &classes, &im->set, e);
  clgan_mem_free(folder);
  if (status != CLGAN_OK) return status;
  const struct clgan_dataset *d = im->set;
  if (!im->height) im->height = d->height, im->width = d->width;
  if (!im->channels) im->channels = d->channels;
  for (uint32_t i = 0; i < d->count; i++) {
    struct clgan_import_item *item = clgan_import_add(im, NULL);
    item->digit = d->digit[i], item->split = d->split[i];
  }
  return CLGAN_OK;
}
