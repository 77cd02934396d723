/* Writing the packed set: pixels row by row, then labels. */
#include <string.h>
#include "base/folder.h"
#include "base/log.h"
#include "data/dataset.h"
#include "data/image.h"
#include "data/import_internal.h"

struct pass {
  struct clgan_import *im;
  struct clgan_progress bar;
  struct clgan_safetensors_stream *stream;
  size_t images;
};

/* A label of every item taken, [n]. */
struct columns {
  unsigned char *digit, *split, *gender;
  float *age;
};

static void fill_columns(const struct clgan_import *im, const struct columns *c) {
  size_t k = 0;
  for (size_t i = 0; i < im->n; i++) {
    const struct clgan_import_item *item = &im->items[i];
    if (item->fate != CLGAN_IMPORT_TAKEN) continue;
    c->digit[k] = item->digit, c->split[k] = item->split, c->gender[k] = item->gender, c->age[k] = item->age;
    k++;
  }
}

static enum clgan_status write_rest(struct pass *p, struct clgan_safetensors_writer *w, struct clgan_error *e) {
  const uint64_t n = p->images, shape[1] = {n};
  if (!n)
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: none of its %zu files can be used, so nothing was written",
                           p->im->o->source, p->im->n);
  struct columns c = {clgan_mem_array(n, 1), clgan_mem_array(n, 1), clgan_mem_array(n, 1),
                      clgan_mem_array(n, sizeof *c.age)};
  fill_columns(p->im, &c);
  if (p->im->faces) {
    clgan_safetensors_add(w, "age", CLGAN_F32, 1, shape, c.age);
    clgan_safetensors_add(w, "gender", CLGAN_U8, 1, shape, c.gender);
  } else {
    clgan_safetensors_add(w, "digit", CLGAN_U8, 1, shape, c.digit);
  }
  clgan_safetensors_add(w, "split", CLGAN_U8, 1, shape, c.split);
  enum clgan_status status = clgan_safetensors_stream_finish(p->stream, e);
  clgan_mem_free(c.digit);
  clgan_mem_free(c.split);
  clgan_mem_free(c.gender);
  clgan_mem_free(c.age);
  return status;
}

static enum clgan_status row(struct pass *p, const void *pixels, size_t item, struct clgan_error *e) {
  CLGAN_TRY(clgan_import_check_stop(p->im, e));
  clgan_progress_update(&p->bar, (double)item, NULL);
  p->images++;
  return clgan_safetensors_stream_rows(p->stream, pixels, 1, e);
}

/* -- from files: what the part holds -- */
static enum clgan_status from_part(struct pass *p, struct clgan_error *e) {
  const struct clgan_import *im = p->im;
  unsigned char *pixels = clgan_mem_alloc(clgan_import_row(im));
  enum clgan_status status = CLGAN_OK;
  for (size_t i = 0; i < im->n && status == CLGAN_OK; i++) {
    if (im->items[i].fate != CLGAN_IMPORT_TAKEN) continue;
    status = clgan_import_part_pixels(im->part, im->items[i].at, pixels, e);
    if (status == CLGAN_OK) status = row(p, pixels, i, e);
  }
  clgan_mem_free(pixels);
  return status;
}

/* -- from a data set: scaled on the way -- */
struct result {
  enum clgan_status status;
  struct clgan_error error;
  unsigned char pixels[];
};

static void read_item(void *context, size_t item, void *slot) {
  const struct clgan_import *im = ((struct pass *)context)->im;
  const struct clgan_dataset *d = im->set;
  const size_t size = clgan_dataset_image_size(d);
  struct result *r = slot;
  struct clgan_image image = {d->height, d->width, d->channels, NULL};
  if (clgan_import_stopped(im)) return;
  image.pixels = (unsigned char *)(uintptr_t)(d->images + item * size); /* only read */
  r->status = clgan_import_scale(im, &image, r->pixels, &r->error);
}

static enum clgan_status take_item(void *context, size_t item, void *slot, struct clgan_error *e) {
  struct result *r = slot;
  if (r->status != CLGAN_OK) return clgan_error_set(e, r->status, "%s", r->error.text);
  return row(context, r->pixels, item, e);
}

static enum clgan_status from_set(struct pass *p, struct clgan_error *e) {
  const size_t slot = sizeof(struct result) + clgan_import_row(p->im);
  const struct clgan_pool pool = {p->im->n, (slot + 15) / 16 * 16, read_item, take_item, p};
  return clgan_pool_run(&pool, e);
}

/* What a killed import left of the output itself. No other one writes it: this one holds its part. */
static void sweep(const char *out) {
  const char *slash = strrchr(out, '/');
  char *folder = slash ? clgan_mem_printf("%.*s", (int)(slash - out + 1), out) : clgan_mem_strdup(".");
  char *prefix = clgan_mem_printf("%.200s.", slash ? slash + 1 : out);
  clgan_folder_sweep(folder, prefix);
  clgan_mem_free(prefix);
  clgan_mem_free(folder);
}

enum clgan_status clgan_import_write(struct clgan_import *im, struct clgan_error *e) {
  const uint64_t shape[4] = {0, im->height, im->width, im->channels};
  struct pass p = {.im = im};
  struct clgan_safetensors_writer *w = clgan_safetensors_writer_create();
  size_t room = 1024;
  if (im->part) sweep(im->o->out);
  if (im->classes.n) {
    char *names = clgan_names_json(&im->classes);
    clgan_safetensors_add_metadata(w, "classes", names);
    room += 6 * strlen(names); /* a byte may need so many */
    clgan_mem_free(names);
  }
  enum clgan_status status =
      clgan_safetensors_stream_begin(w, im->o->out, "images", CLGAN_U8, 4, shape, room, &p.stream, e);
  clgan_progress_begin(&p.bar, im->part ? "write" : "import", "images", (double)im->n, 0);
  if (status == CLGAN_OK) status = im->part ? from_part(&p, e) : from_set(&p, e);
  clgan_progress_end(&p.bar);
  if (status == CLGAN_OK) status = write_rest(&p, w, e);
  clgan_safetensors_stream_close(p.stream);
  clgan_safetensors_writer_destroy(w);
  return status;
}
