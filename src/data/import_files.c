/* What every import shares: hashes, duplicates, split; pixels in parallel into the packed set. */
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"
#include "base/log.h"
#include "data/dataset.h"
#include "data/image.h"
#include "data/import_internal.h"

/* What a job hands on: its failure, or a digest, or pixels. */
struct result {
  enum clgan_status status;
  char text[1024];
  unsigned char bytes[];
};
struct pass {
  struct clgan_import *im;
  struct clgan_progress bar;
  struct clgan_safetensors_stream *stream;
  size_t images;
};

static char *path_of(const struct clgan_import *im, const struct clgan_import_item *item) {
  return item->name[0] == '/' ? clgan_mem_strdup(item->name) : clgan_file_join(im->folder, item->name);
}

static void set_result(struct result *r, enum clgan_status status, const struct clgan_error *e) {
  r->status = status;
  memcpy(r->text, e->text, sizeof r->text - 1); /* zeroed before each job: it ends */
}

static enum clgan_status stopped(const struct clgan_import *im, struct clgan_error *e) {
  if (!clgan_import_stopped(im)) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_INTERRUPTED, "stopped, nothing was written");
}

/* Leaves out an item whose job failed; only a lack of memory ends the import. */
static enum clgan_status leave_out(struct clgan_import *im, size_t item, const struct result *r,
                                   struct clgan_error *e) {
  if (r->status == CLGAN_ERR_MEMORY) return clgan_error_set(e, r->status, "%s", r->text);
  im->items[item].fate = CLGAN_IMPORT_UNREADABLE;
  clgan_import_left_out(im, "%s", r->text);
  return CLGAN_OK;
}

/* -- hashes -- */
static void hash_file(void *context, size_t item, void *slot) {
  const struct clgan_import *im = ((struct pass *)context)->im;
  struct result *r = slot;
  struct clgan_error e = {0};
  struct clgan_map map;
  struct clgan_sha256 sha;
  if (im->items[item].fate != CLGAN_IMPORT_TAKEN) return;
  char *path = path_of(im, &im->items[item]);
  enum clgan_status status = clgan_import_stopped(im) ? CLGAN_ERR_INTERRUPTED : clgan_file_map(path, &map, &e);
  if (status == CLGAN_OK) {
    clgan_sha256_init(&sha);
    clgan_sha256_update(&sha, map.data, map.size);
    clgan_sha256_final(&sha, r->bytes);
    clgan_file_unmap(&map);
  }
  set_result(r, status, &e);
  clgan_mem_free(path);
}

/* The digest's first 8 bytes, big-endian, as a fraction of 2^64. */
static double fraction_of(const unsigned char digest[32]) {
  double x = 0;
  for (int i = 7; i >= 0; i--) x = (x + digest[i]) / 256;
  return x;
}

static enum clgan_status take_hash(void *context, size_t item, void *slot, struct clgan_error *e) {
  struct pass *p = context;
  struct clgan_import_item *at = &p->im->items[item];
  const struct result *r = slot;
  CLGAN_TRY(stopped(p->im, e));
  clgan_progress_update(&p->bar, (double)item, NULL);
  if (at->fate != CLGAN_IMPORT_TAKEN) return CLGAN_OK;
  if (r->status != CLGAN_OK) return leave_out(p->im, item, r, e);
  memcpy(at->digest, r->bytes, sizeof at->digest);
  at->split = fraction_of(at->digest) < p->im->test_fraction;
  return CLGAN_OK;
}

/* -- duplicates -- */
static int by_digest(const void *a, const void *b) {
  const struct clgan_import_item *const *x = a, *const *y = b;
  int order = memcmp((*x)->digest, (*y)->digest, sizeof(*x)->digest);
  if (order) return order;
  return *x < *y ? -1 : *x > *y; /* the first of the source stays first */
}

/* What a format does not use is 0. */
static bool same_label(const struct clgan_import_item *a, const struct clgan_import_item *b) {
  return a->digit == b->digit && a->gender == b->gender && !(a->age < b->age || a->age > b->age);
}

/* Items of the same bytes: one is taken, or none where their labels differ. */
static void settle(struct clgan_import *im, struct clgan_import_item **group, size_t n) {
  size_t other = 0;
  char a[CLGAN_IMPORT_LABEL], b[CLGAN_IMPORT_LABEL];
  for (size_t i = 1; i < n && !other; i++)
    if (!same_label(group[i], group[0])) other = i;
  for (size_t i = other ? 0 : 1; i < n; i++)
    group[i]->fate = other ? CLGAN_IMPORT_CONTRADICTION : CLGAN_IMPORT_DUPLICATE;
  if (other)
    clgan_import_left_out(im, "%s and %s are the same bytes under different labels, %s and %s (%zu files)",
                          group[0]->name, group[other]->name, clgan_import_label(im, group[0], a),
                          clgan_import_label(im, group[other], b), n);
  for (size_t i = 1; i < n && !other; i++)
    clgan_log_verbose("%s: the same bytes as %s, taken once", group[i]->name, group[0]->name);
}

static void settle_all(struct clgan_import *im) {
  struct clgan_import_item **sorted = clgan_mem_array(im->n, sizeof *sorted);
  size_t n = 0;
  for (size_t i = 0; i < im->n; i++)
    if (im->items[i].fate == CLGAN_IMPORT_TAKEN) sorted[n++] = &im->items[i];
  qsort(sorted, n, sizeof *sorted, by_digest);
  for (size_t i = 0, end; i < n; i = end) {
    for (end = i + 1; end < n && !memcmp(sorted[i]->digest, sorted[end]->digest, sizeof sorted[i]->digest);) end++;
    if (end - i > 1) settle(im, sorted + i, end - i);
  }
  clgan_mem_free(sorted);
}

enum clgan_status clgan_import_identify(struct clgan_import *im, struct clgan_error *e) {
  struct pass p = {.im = im};
  const struct clgan_pool pool = {im->n, sizeof(struct result) + 32, hash_file, take_hash, &p};
  clgan_progress_begin(&p.bar, "look", "files", (double)im->n, 0);
  enum clgan_status status = clgan_pool_run(&pool, e);
  clgan_progress_end(&p.bar);
  if (status == CLGAN_OK) settle_all(im);
  return status;
}

/* -- pixels -- */

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

/* An item's image, with the output's channels or one. */
static enum clgan_status read_image(const struct clgan_import *im, size_t item, struct clgan_image *out,
                                    struct clgan_error *e) {
  if (!im->set) {
    char *path = path_of(im, &im->items[item]);
    enum clgan_status status = clgan_image_read(path, im->channels, out, e);
    clgan_mem_free(path);
    return status;
  }
  const struct clgan_dataset *d = im->set;
  size_t size = (size_t)d->height * d->width * d->channels;
  void *pixels;
  CLGAN_TRY(clgan_mem_try(&pixels, size, 1, d->name, e));
  memcpy(pixels, d->images + item * size, size);
  *out = (struct clgan_image){d->height, d->width, d->channels, pixels};
  return CLGAN_OK;
}

/* Grey to colour where the source has no colours; from the end, as it grows in place. */
static void widen(unsigned char *pixels, size_t area, uint32_t from, uint32_t to) {
  if (from == to) return;
  for (size_t i = area; i-- > 0;)
    for (uint32_t c = to; c-- > 0;) pixels[i * to + c] = pixels[i];
}

static void read_pixels(void *context, size_t item, void *slot) {
  const struct clgan_import *im = ((struct pass *)context)->im;
  struct result *r = slot;
  struct clgan_error e = {0};
  struct clgan_image image = {0};
  if (im->items[item].fate != CLGAN_IMPORT_TAKEN || clgan_import_stopped(im)) return;
  enum clgan_status status = read_image(im, item, &image, &e);
  if (status == CLGAN_OK) {
    const struct clgan_crop crop = centre(&image, im->height, im->width);
    status = clgan_image_resample(&image, &crop, im->height, im->width, r->bytes, &e);
  }
  if (status == CLGAN_OK) widen(r->bytes, (size_t)im->height * im->width, image.channels, im->channels);
  clgan_image_free(&image);
  set_result(r, status, &e);
}

static enum clgan_status take_pixels(void *context, size_t item, void *slot, struct clgan_error *e) {
  struct pass *p = context;
  const struct result *r = slot;
  CLGAN_TRY(stopped(p->im, e));
  clgan_progress_update(&p->bar, (double)item, NULL);
  if (p->im->items[item].fate != CLGAN_IMPORT_TAKEN) return CLGAN_OK;
  if (r->status != CLGAN_OK) return leave_out(p->im, item, r, e);
  p->images++;
  return clgan_safetensors_stream_rows(p->stream, r->bytes, 1, e);
}

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

enum clgan_status clgan_import_write(struct clgan_import *im, struct clgan_error *e) {
  const uint64_t shape[4] = {0, im->height, im->width, im->channels};
  const size_t size = (size_t)im->height * im->width * im->channels;
  struct pass p = {.im = im};
  const struct clgan_pool pool = {im->n, (sizeof(struct result) + size + 15) / 16 * 16, read_pixels, take_pixels, &p};
  struct clgan_safetensors_writer *w = clgan_safetensors_writer_create();
  size_t room = 1024;
  if (im->classes.n) {
    char *names = clgan_names_json(&im->classes);
    clgan_safetensors_add_metadata(w, "classes", names);
    room += 6 * strlen(names); /* a byte may need so many */
    clgan_mem_free(names);
  }
  enum clgan_status status =
      clgan_safetensors_stream_begin(w, im->o->out, "images", CLGAN_U8, 4, shape, room, &p.stream, e);
  clgan_progress_begin(&p.bar, "import", "images", (double)im->n, 0);
  if (status == CLGAN_OK) status = clgan_pool_run(&pool, e);
  clgan_progress_end(&p.bar);
  if (status == CLGAN_OK) status = write_rest(&p, w, e);
  clgan_safetensors_stream_close(p.stream);
  clgan_safetensors_writer_destroy(w);
  return status;
}
