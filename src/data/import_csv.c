/* Importing a CSV of image files and classes, or ages and genders. */
#include <stdlib.h>
#include <string.h>
#include "data/csv.h"
#include "data/import_internal.h"

enum { CLASS_BYTES_MAX = 200 };

/* Classes in the order that they turn up. */
struct listing {
  struct clgan_import *im;
  const char *path;
  int file, cls, age, gender; /* columns; cls -1: faces */
  size_t columns;
  struct clgan_names met;
};

static enum clgan_status find_columns(struct listing *l, const struct clgan_csv *c, struct clgan_error *e) {
  l->file = clgan_csv_column(c, "file"), l->cls = clgan_csv_column(c, "class");
  l->age = clgan_csv_column(c, "age"), l->gender = clgan_csv_column(c, "gender");
  l->columns = clgan_csv_columns(c);
  const char *missing = l->file < 0                    ? "file"
                        : l->cls >= 0                  ? NULL
                        : l->age < 0 && l->gender >= 0 ? "age"
                        : l->age >= 0 && l->gender < 0 ? "gender"
                        : l->age < 0                   ? "class"
                                                       : NULL;
  if (!missing) return CLGAN_OK;
  return clgan_error_set(
      e, CLGAN_ERR_FORMAT,
      "%s:1: no column `%s`; its header line has: %.300s; it needs: file, class; or file, age, gender", l->path,
      missing, clgan_csv_header(c));
}

/* Without the spaces around it, in place. */
static char *trim(char *s) {
  s += strspn(s, " \t");
  for (size_t n = strlen(s); n && (s[n - 1] == ' ' || s[n - 1] == '\t'); n--) s[n - 1] = '\0';
  return s;
}

/* The position of a class among those met so far. */
static enum clgan_status meet(struct listing *l, const char *word, uint64_t line, int *out, struct clgan_error *e) {
  if (strlen(word) > CLASS_BYTES_MAX)
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s:%llu: a class of more than %d bytes; is `class` the right column?",
                           l->path, (unsigned long long)line, CLASS_BYTES_MAX);
  *out = clgan_names_find(&l->met, word);
  if (*out >= 0) return CLGAN_OK;
  if (l->met.n == CLGAN_NAMES_MAX)
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s:%llu: more than %d classes; is `class` the right column?", l->path,
                           (unsigned long long)line, CLGAN_NAMES_MAX);
  *out = (int)l->met.n;
  l->met.items[l->met.n++] = clgan_mem_strdup(word);
  return CLGAN_OK;
}

static bool number_of(const char *s, double *out) {
  char *end;
  if (!*s || s[strspn(s, "0123456789+-.eE")]) return false; /* strtod also takes hexadecimal, inf and nan */
  *out = strtod(s, &end);
  return *end == '\0' && *out - *out == 0;
}

/* A face whose label makes no sense counts as one left out, like one that cannot be read. */
static void take_face(struct listing *l, const struct clgan_csv_row *row) {
  const char *file = row->fields[l->file], *years = trim(row->fields[l->age]), *word = trim(row->fields[l->gender]);
  double number = -1;
  struct clgan_import_item *item = clgan_import_add(l->im, file);
  item->fate = CLGAN_IMPORT_NO_LABEL;
  if (!*file)
    clgan_import_left_out(l->im, "%s:%llu: its `file` is empty", l->path, (unsigned long long)row->line);
  else if (!number_of(years, &number) || !clgan_import_age(number, &item->age))
    clgan_import_left_out(l->im, "%s:%llu: its `age` is %.40s, not years from 0 to %d", l->path,
                          (unsigned long long)row->line, *years ? years : "empty", CLGAN_IMPORT_AGE_MAX);
  else if (!clgan_import_gender(word, &item->gender))
    clgan_import_left_out(l->im, "%s:%llu: its `gender` is %.40s, neither male nor female", l->path,
                          (unsigned long long)row->line, *word ? word : "empty");
  else
    item->fate = CLGAN_IMPORT_TAKEN;
}

static enum clgan_status take_row(struct listing *l, const struct clgan_csv_row *row, struct clgan_error *e) {
  const unsigned long long line = row->line;
  if (row->n != l->columns) {
    l->im->bad_rows++;
    clgan_import_left_out(l->im, "%s:%llu: %zu field%s, the header has %zu", l->path, line, row->n,
                          row->n == 1 ? "" : "s", l->columns);
    return CLGAN_OK;
  }
  if (l->cls < 0) {
    take_face(l, row);
    return CLGAN_OK;
  }
  const char *cls = trim(row->fields[l->cls]), *file = row->fields[l->file];
  if (!*cls || !*file) {
    l->im->bad_rows++;
    clgan_import_left_out(l->im, "%s:%llu: its `%s` is empty", l->path, line, *file ? "class" : "file");
    return CLGAN_OK;
  }
  int k = 0;
  CLGAN_TRY(meet(l, cls, row->line, &k, e));
  clgan_import_add(l->im, file)->digit = (unsigned char)k;
  return CLGAN_OK;
}

/* -- the order of classes -- */
struct ranked {
  double number;
  const char *word;
  size_t met;
};

static int by_rank(const void *a, const void *b) {
  const struct ranked *x = a, *y = b;
  if (x->number < y->number || x->number > y->number) return x->number < y->number ? -1 : 1;
  return strcmp(x->word, y->word);
}

/* Sorted, by value if all are numbers: then 7 and 07 are one class. Texts by their bytes. */
static void rank_classes(struct listing *l) {
  struct ranked r[CLGAN_NAMES_MAX];
  unsigned char final[CLGAN_NAMES_MAX];
  struct clgan_import *im = l->im;
  const size_t n = l->met.n;
  bool numbers = true;
  for (size_t k = 0; k < n; k++) {
    r[k] = (struct ranked){0, l->met.items[k], k};
    numbers = numbers && number_of(r[k].word, &r[k].number);
  }
  for (size_t k = 0; k < n && !numbers; k++) r[k].number = 0;
  qsort(r, n, sizeof r[0], by_rank);
  im->classes.items = clgan_mem_array(n, sizeof *im->classes.items);
  for (size_t k = 0; k < n; k++) {
    bool same = numbers && k > 0 && !(r[k].number > r[k - 1].number);
    if (!same) im->classes.items[im->classes.n++] = clgan_mem_strdup(r[k].word);
    final[r[k].met] = (unsigned char)(im->classes.n - 1);
  }
  for (size_t i = 0; i < im->n; i++) im->items[i].digit = final[im->items[i].digit];
}

static enum clgan_status list(struct listing *l, struct clgan_csv *c, struct clgan_error *e) {
  struct clgan_csv_row row;
  struct clgan_error damage = {0};
  CLGAN_TRY(find_columns(l, c, e));
  while (clgan_csv_next(c, &row, &damage)) CLGAN_TRY(take_row(l, &row, e));
  if (damage.status != CLGAN_OK) return clgan_error_set(e, damage.status, "%s", damage.text);
  if (!l->im->n)
    return clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: no usable row below the header; each names a file and its %s",
                           l->path, l->cls < 0 ? "age and gender" : "class");
  if (l->cls < 0)
    clgan_import_face_defaults(l->im);
  else
    rank_classes(l);
  return CLGAN_OK;
}

enum clgan_status clgan_import_list_csv(struct clgan_import *im, struct clgan_error *e) {
  struct clgan_csv *c = NULL;
  struct listing l = {.im = im, .path = im->o->source};
  const char *slash = strrchr(l.path, '/');
  CLGAN_TRY(clgan_csv_open(l.path, &c, e));
  im->folder = slash ? clgan_mem_printf("%.*s", (int)(slash - l.path + 1), l.path) : clgan_mem_strdup("");
  if (!im->height) im->height = im->width = CLGAN_IMPORT_SIDE;
  if (!im->channels) im->channels = 3;
  l.met.items = clgan_mem_array(CLGAN_NAMES_MAX, sizeof *l.met.items);
  enum clgan_status status = list(&l, c, e);
  clgan_names_free(&l.met);
  clgan_csv_close(c);
  return status;
}
