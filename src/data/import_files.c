/* Reading image files in parallel: hashes and pixels, into the part beside the output. */
#define _XOPEN_SOURCE 700
#include <string.h>
#include "base/hash.h"
#include "base/log.h"
#include "data/image.h"
#include "data/import_internal.h"

/* What a job hands on. */
struct result {
  enum clgan_status status;
  struct clgan_import_part_record record;
  unsigned char pixels[];
};
struct pass {
  struct clgan_import *im;
  struct clgan_progress bar;
  size_t *order; /* items to be read */
  size_t n, done;
};

/* The largest centred part of the output's shape. */
static struct clgan_crop centre(const struct clgan_image *image, uint32_t height, uint32_t width) {
  uint64_t h = image->height, w = image->width;
  if (w * height >= h * width)
    w = h * width / height;
  else
    h = w * height / width;
  if (!h) h = 1;
  if (!w) w = 1;
  return (struct clgan_crop){(uint32_t)(image->width - w) / 2, (uint32_t)(image->height - h) / 2, (uint32_t)w,
                             (uint32_t)h};
}

/* Grey to colour where the source has no colours; from the end, as it grows in place. */
static void widen(unsigned char *pixels, size_t area, uint32_t from, uint32_t to) {
  if (from == to) return;
  for (size_t i = area; i-- > 0;)
    for (uint32_t c = to; c-- > 0;) pixels[i * to + c] = pixels[i];
}

size_t clgan_import_row(const struct clgan_import *im) {
  return (size_t)im->height * im->width * im->channels;
}

enum clgan_status clgan_import_scale(const struct clgan_import *im, const struct clgan_image *image, unsigned char *out,
                                     struct clgan_error *e) {
  const struct clgan_crop crop = centre(image, im->height, im->width);
  CLGAN_TRY(clgan_image_resample(image, &crop, im->height, im->width, out, e));
  widen(out, (size_t)im->height * im->width, image->channels, im->channels);
  return CLGAN_OK;
}

static char *path_of(const struct clgan_import *im, const struct clgan_import_item *item) {
  return item->name[0] == '/' ? clgan_mem_strdup(item->name) : clgan_file_join(im->folder, item->name);
}

static void key_of(const struct clgan_import *im, size_t item, unsigned char key[CLGAN_IMPORT_PART_KEY]) {
  char *path = path_of(im, &im->items[item]);
  clgan_import_part_key(im->items[item].name, path, key);
  clgan_mem_free(path);
}

static enum clgan_status read_file(const struct clgan_import *im, const char *path, struct result *r,
                                   struct clgan_error *e) {
  struct clgan_sha256 sha;
  struct clgan_image image = {0};
  char *data;
  size_t size;
  CLGAN_TRY(clgan_file_read(path, &data, &size, e));
  clgan_sha256_init(&sha);
  clgan_sha256_update(&sha, data, size);
  clgan_sha256_final(&sha, r->record.digest);
  enum clgan_status status = clgan_image_decode(path, (const unsigned char *)data, size, im->channels, &image, e);
  clgan_mem_free(data);
  r->record.enlarged = image.height < im->height || image.width < im->width;
  if (status == CLGAN_OK) status = clgan_import_scale(im, &image, r->pixels, e);
  clgan_image_free(&image);
  return status;
}

static void read_item(void *context, size_t k, void *slot) {
  const struct pass *p = context;
  struct result *r = slot;
  struct clgan_error e = {0};
  if (clgan_import_stopped(p->im)) return;
  char *path = path_of(p->im, &p->im->items[p->order[p->done + k]]);
  key_of(p->im, p->order[p->done + k], r->record.key); /* before reading: a later change is a change */
  r->status = read_file(p->im, path, r, &e);
  r->record.unreadable = r->status != CLGAN_OK;
  memcpy(r->record.text, e.text, sizeof r->record.text - 1); /* zeroed before each job: it ends */
  clgan_mem_free(path);
}

static void note(struct clgan_import *im, size_t item, const struct clgan_import_part_record *record) {
  struct clgan_import_item *to = &im->items[item];
  memcpy(to->digest, record->digest, sizeof to->digest);
  to->at = record->at;
  to->enlarged = record->enlarged;
  if (!record->unreadable) return;
  to->fate = CLGAN_IMPORT_UNREADABLE;
  clgan_import_left_out(im, "%s", record->text);
}

/* Only a lack of memory ends the import: that is not the file's fault. */
static enum clgan_status take_item(void *context, size_t k, void *slot, struct clgan_error *e) {
  struct pass *p = context;
  struct result *r = slot;
  CLGAN_TRY(clgan_import_check_stop(p->im, e));
  if (r->status == CLGAN_ERR_MEMORY) return clgan_error_set(e, r->status, "%s", r->record.text);
  CLGAN_TRY(clgan_import_part_add(p->im->part, &r->record, r->pixels, e));
  note(p->im, p->order[p->done + k], &r->record);
  p->im->read = p->done + k + 1;
  clgan_progress_update(&p->bar, (double)p->im->read, NULL);
  return CLGAN_OK;
}

/* What an interrupted import has read already. */
static void take_part(struct pass *p) {
  struct clgan_import_part_record record;
  unsigned char key[CLGAN_IMPORT_PART_KEY];
  for (; p->done < p->n && !clgan_import_stopped(p->im); p->done++) {
    key_of(p->im, p->order[p->done], key);
    if (!clgan_import_part_next(p->im->part, key, &record)) break;
    note(p->im, p->order[p->done], &record);
  }
  p->im->read = p->done;
  if (p->done) clgan_log_info("%s: goes on after %zu of %zu files", clgan_import_part_path(p->im->part), p->done, p->n);
}

static enum clgan_status read_all(struct pass *p, struct clgan_error *e) {
  const size_t slot = sizeof(struct result) + clgan_import_row(p->im);
  take_part(p);
  const struct clgan_pool pool = {p->n - p->done, (slot + 15) / 16 * 16, read_item, take_item, p};
  clgan_progress_begin(&p->bar, "import", "images", (double)p->n, (double)p->done);
  enum clgan_status status = clgan_pool_run(&pool, e);
  clgan_progress_end(&p->bar);
  return status;
}

enum clgan_status clgan_import_read(struct clgan_import *im, struct clgan_error *e) {
  struct pass p = {.im = im, .order = clgan_mem_array(im->n, sizeof *p.order)};
  char *settings = clgan_mem_printf("pixels 1, %ux%u, %u channels", im->height, im->width, im->channels);
  for (size_t i = 0; i < im->n; i++)
    if (im->items[i].fate == CLGAN_IMPORT_TAKEN) p.order[p.n++] = i;
  enum clgan_status status = clgan_import_part_open(im->o->out, settings, clgan_import_row(im), &im->part, e);
  if (status == CLGAN_OK) status = read_all(&p, e);
  clgan_mem_free(settings);
  clgan_mem_free(p.order);
  return status;
}
