/* Importing FFHQ: a folder of images, and of a JSON file of labels for each, by the same name. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/log.h"
#include "data/import_internal.h"

/* -- a label file -- */
static double number_in(const cJSON *object, const char *key) {
  const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, key);
  return cJSON_IsNumber(v) ? v->valuedouble : (double)NAN;
}

static double area_of(const cJSON *face) {
  const cJSON *r = cJSON_GetObjectItemCaseSensitive(face, "faceRectangle");
  double area = number_in(r, "width") * number_in(r, "height");
  return area > 0 && isfinite(area) ? area : 0;
}

/* The largest face: the picture was cut around it. NULL where two are alike. */
static const cJSON *largest(const cJSON *faces) {
  const cJSON *face, *best = NULL;
  double most = -1;
  cJSON_ArrayForEach(face, faces) {
    double area = area_of(face);
    if (area > most)
      best = face, most = area;
    else if (!(area < most))
      best = NULL;
  }
  return best;
}

static enum clgan_status read_face(const char *name, const cJSON *faces, float *age, unsigned char *gender,
                                   struct clgan_error *e) {
  if (!cJSON_IsArray(faces))
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: not a list of faces, as FFHQ's label files are", name);
  if (!faces->child) return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: no face in it", name);
  const cJSON *face = largest(faces);
  if (!face)
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: %d faces in it, and none is the largest", name,
                           cJSON_GetArraySize(faces));
  const cJSON *a = cJSON_GetObjectItemCaseSensitive(face, "faceAttributes");
  const double years = number_in(a, "age");
  const char *word = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(a, "gender"));
  if (!clgan_import_age(years, age))
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: its `age` is no number from 0 to %d", name, CLGAN_IMPORT_AGE_MAX);
  if (!word || !clgan_import_gender(word, gender))
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: its `gender` is neither male nor female", name);
  return CLGAN_OK;
}

enum clgan_status clgan_import_ffhq_label(const char *name, const char *text, size_t n, float *age,
                                          unsigned char *gender, struct clgan_error *e) {
  const char *end = text;
  cJSON *faces = clgan_json_parse(text, n, &end);
  while (faces && end < text + n && memchr(" \t\r\n", *end, 4)) end++;
  enum clgan_status status = faces && end == text + n
                                 ? read_face(name, faces, age, gender, e)
                                 : clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: damaged JSON at byte %zu; copy it again",
                                                   name, (size_t)(end - text) + 1);
  cJSON_Delete(faces);
  return status;
}

/* -- images and labels by their names -- */
static bool is_json(const char *name) {
  return clgan_path_ends(name, ".json");
}

/* The name without folders and without its end; its bytes. */
static const char *stem(const char *path, size_t *n) {
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  *n = (size_t)(strrchr(name, '.') - name);
  return name;
}

static int compare_stems(const char *a, const char *b) {
  size_t n, m;
  const char *x = stem(a, &n), *y = stem(b, &m);
  int order = memcmp(x, y, n < m ? n : m);
  return order ? order : n < m ? -1 : n > m;
}

struct named {
  const char *path;
  size_t item;
};

static int by_stem(const void *a, const void *b) {
  const struct named *x = a, *y = b;
  int order = compare_stems(x->path, y->path);
  return order ? order : strcmp(x->path, y->path);
}

static int by_stem_alone(const void *a, const void *b) {
  return compare_stems(((const struct named *)a)->path, ((const struct named *)b)->path);
}

/* Sorts by name; two of one name cannot be told apart. */
static enum clgan_status sort_unique(struct named *list, size_t n, const char *folder, const char *what,
                                     struct clgan_error *e) {
  qsort(list, n, sizeof *list, by_stem);
  for (size_t i = 1; i < n; i++)
    if (!by_stem_alone(&list[i - 1], &list[i]))
      return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: two %s of one name, %s and %s; give the folder of one kind",
                             folder, what, list[i - 1].path, list[i].path);
  return CLGAN_OK;
}

struct pass {
  struct clgan_import *im;
  const char *folder;                /* of the labels */
  const struct named *labels, **own; /* [n_labels], sorted; [items], NULL: none */
  struct clgan_progress bar;
};
struct result {
  enum clgan_status status;
  float age;
  unsigned char gender;
  char text[CLGAN_IMPORT_PART_TEXT];
};

static void read_label(void *context, size_t item, void *slot) {
  const struct pass *p = context;
  struct result *r = slot;
  struct clgan_error e = {0};
  char *data;
  size_t size;
  if (!p->own[item] || clgan_import_stopped(p->im)) return;
  char *path = clgan_file_join(p->folder, p->own[item]->path);
  r->status = clgan_file_read(path, &data, &size, &e);
  if (r->status == CLGAN_OK) {
    r->status = clgan_import_ffhq_label(p->own[item]->path, data, size, &r->age, &r->gender, &e);
    clgan_mem_free(data);
  }
  memcpy(r->text, e.text, sizeof r->text - 1); /* zeroed before each job: it ends */
  clgan_mem_free(path);
}

static enum clgan_status take_label(void *context, size_t k, void *slot, struct clgan_error *e) {
  struct pass *p = context;
  const struct result *r = slot;
  struct clgan_import_item *item = &p->im->items[k];
  CLGAN_TRY(clgan_import_check_stop(p->im, e));
  clgan_progress_update(&p->bar, (double)k, NULL);
  item->age = r->age, item->gender = r->gender;
  if (p->own[k] && r->status == CLGAN_OK) return CLGAN_OK;
  item->fate = CLGAN_IMPORT_NO_LABEL;
  if (p->own[k])
    clgan_import_left_out(p->im, "%s: %s", item->name, r->text);
  else
    clgan_import_left_out(p->im, "%s: no label file of that name below %s", item->name, p->folder);
  return CLGAN_OK;
}

/* Gives each image its label; names labels that are nobody's. */
static enum clgan_status match(struct pass *p, size_t n_labels, struct clgan_error *e) {
  struct clgan_import *im = p->im;
  bool *used = clgan_mem_array(n_labels + 1, sizeof *used);
  struct named *images = clgan_mem_array(im->n, sizeof *images);
  for (size_t i = 0; i < im->n; i++) images[i] = (struct named){im->items[i].name, i};
  enum clgan_status status = sort_unique(images, im->n, im->folder, "images", e);
  for (size_t i = 0; i < im->n && n_labels && status == CLGAN_OK; i++) {
    const struct named *own = bsearch(&images[i], p->labels, n_labels, sizeof *own, by_stem_alone);
    p->own[images[i].item] = own;
    if (own) used[own - p->labels] = true;
  }
  for (size_t i = 0; i < n_labels && status == CLGAN_OK; i++) {
    if (used[i]) continue;
    im->no_image++;
    clgan_import_left_out(im, "%s: no image of that name below %s", p->labels[i].path, im->folder);
  }
  clgan_mem_free(images);
  clgan_mem_free(used);
  return status;
}

static enum clgan_status label_all(struct pass *p, const struct clgan_import_paths *files, struct clgan_error *e) {
  struct named *labels = clgan_mem_array(files->n + 1, sizeof *labels);
  const struct clgan_pool pool = {p->im->n, sizeof(struct result), read_label, take_label, p};
  for (size_t i = 0; i < files->n; i++) labels[i].path = files->items[i];
  p->labels = labels;
  p->own = clgan_mem_array(p->im->n, sizeof *p->own);
  enum clgan_status status = sort_unique(labels, files->n, p->folder, "label files", e);
  if (status == CLGAN_OK) status = match(p, files->n, e);
  clgan_progress_begin(&p->bar, "labels", "files", (double)p->im->n, 0);
  if (status == CLGAN_OK) status = clgan_pool_run(&pool, e);
  clgan_progress_end(&p->bar);
  clgan_mem_free(p->own);
  clgan_mem_free(labels);
  return status;
}

enum clgan_status clgan_import_list_ffhq(struct clgan_import *im, struct clgan_error *e) {
  struct pass p = {.im = im, .folder = im->o->labels ? im->o->labels : im->o->source};
  struct clgan_import_paths files;
  CLGAN_TRY(clgan_import_walk(im, e));
  clgan_import_face_defaults(im);
  CLGAN_TRY(clgan_import_paths_find(p.folder, is_json, &files, e));
  enum clgan_status status =
      files.n ? label_all(&p, &files, e)
              : clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: no label file (NAME.json) in it; --labels names their folder",
                                p.folder);
  clgan_import_paths_free(&files);
  return status;
}
