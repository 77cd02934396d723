/* store.c: tunings in force on a device, and the user's file of them. docs/tuning.md. SPDX-License-Identifier: MIT */
#include "tune/store.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"

#define NOTE "# set aside: "
#define MARK "# first start: "
#define CUT "# cut short: "
enum { SOURCE_TEXT = 17, SOURCES_MAX = 32 };

struct clgan_tuning {
  struct clgan_tunings t;
  bool *used; /* per entry */
  struct clgan_tuning_query query;
  char source[2][SOURCE_TEXT]; /* per family: hash of its kernels */
  const struct clgan_variant *forced;
};

/* A file of the family's products: every conv*.cl and wgrad*.cl. */
static bool is_source(const char *name, bool local) {
  const char *file = strncmp(name, "kernels/", 8) == 0 ? name + 8 : "";
  const size_t n = strlen(file);
  if (n < 4 || strcmp(file + n - 3, ".cl") != 0) return false;
  if (strncmp(file, "conv_local", 10) == 0) return local;
  return !local && (strncmp(file, "conv_", 5) == 0 || strncmp(file, "wgrad_", 6) == 0);
}

/* Kernels of a family's products with what chooses between them. Empty where they cannot be read. */
static void hash_sources(struct clgan_tuning *t) {
  for (int k = 0; k < 2; k++) {
    struct clgan_error e = {0};
    const char *files[SOURCES_MAX + 1] = {0};
    int n = 0;
    char hex[65], *all;
    for (const struct clgan_embedded *x = clgan_embedded_table; x->name && n < SOURCES_MAX; x++)
      if (is_source(x->name, k == 1)) files[n++] = x->name + 8;
    if (clgan_program_source_hash(files, hex, &e) != CLGAN_OK) {
      clgan_log_verbose("tuning: %s", e.text);
      continue;
    }
    all = clgan_mem_printf("%s " CLGAN_VARIANT_VERSION, hex);
    clgan_sha256_hex(all, strlen(all), hex);
    snprintf(t->source[k], SOURCE_TEXT, "%.16s", hex);
    clgan_mem_free(all);
  }
}

static const char *source_of(const struct clgan_tuning *t, const char *op) {
  return t->source[strncmp(op, "local_", 6) == 0];
}

static struct clgan_tuning *make(struct clgan_cl *cl) {
  const struct clgan_device_info *d = clgan_cl_info(cl);
  struct clgan_tuning *t = clgan_mem_alloc(sizeof *t);
  t->query = (struct clgan_tuning_query){.device = d->name, .vendor = d->vendor, .driver = d->driver, .type = d->type};
  hash_sources(t);
  return t;
}

static void destroy(void *object) {
  struct clgan_tuning *t = object;
  clgan_tunings_free(&t->t);
  clgan_mem_free(t->used);
  clgan_mem_free(t);
}

static void attach(struct clgan_cl *cl, struct clgan_tuning *t) {
  t->used = clgan_mem_array(t->t.n + 1, sizeof *t->used);
  clgan_cl_attach(cl, t, destroy);
}

bool clgan_tuning_is_off(void) {
  const char *off = getenv("CLGAN_NO_TUNING");
  return off && *off && strcmp(off, "0") != 0;
}

/* Entries of a file after those that are there already; none of a damaged one. */
static enum clgan_status load_file(const char *path, struct clgan_tunings *t, struct clgan_error *e) {
  struct clgan_tuning_file f = {0};
  const enum clgan_status status = clgan_tuning_file_read(path, &f, e);
  struct clgan_error none; /* what was read can be written */
  for (size_t k = 0; status == CLGAN_OK && k < f.t.n; k++) (void)clgan_tunings_add(t, &f.t.items[k], &none);
  if (status == CLGAN_OK) clgan_log_verbose("tuning: %zu entries in %s", f.t.n, path);
  clgan_tuning_file_free(&f);
  return status;
}

static void load(const struct clgan_device_info *d, struct clgan_tunings *t) {
  struct clgan_error e = {0};
  for (const struct clgan_embedded *x = clgan_embedded_table; x->name; x++)
    if (strncmp(x->name, "kernels/tunings/", 16) == 0 && clgan_tunings_parse(x->data, x->name, t, &e) != CLGAN_OK)
      clgan_log_verbose("tuning: %s", e.text);
  char *path = clgan_tuning_path(d);
  if (path && !clgan_file_exists(path))
    clgan_log_verbose("tuning: no file %s yet", path);
  else if (path && load_file(path, t, &e) != CLGAN_OK)
    clgan_log_verbose("tuning: left out: %s; `clgan tune` writes it anew", e.text);
  clgan_mem_free(path);
  const char *more = getenv("CLGAN_TUNING");
  if (more && *more && load_file(more, t, &e) != CLGAN_OK) clgan_log_warn("CLGAN_TUNING: left out: %s", e.text);
}

struct clgan_tuning *clgan_tuning_of(struct clgan_cl *cl) {
  struct clgan_tuning *t = clgan_cl_attached(cl);
  if (t) return t;
  t = make(cl);
  if (!clgan_tuning_is_off()) load(clgan_cl_info(cl), &t->t);
  attach(cl, t);
  return t;
}

void clgan_tuning_set(struct clgan_cl *cl, const char *text, const char *where) {
  struct clgan_error e = {0};
  struct clgan_tuning *t = make(cl);
  if (text && clgan_tunings_parse(text, where, &t->t, &e) != CLGAN_OK) clgan_log_warn("tuning left out: %s", e.text);
  attach(cl, t);
}

void clgan_tuning_force(struct clgan_cl *cl, const struct clgan_variant *v) {
  clgan_tuning_of(cl)->forced = v;
}

/* false: a name that no product has */
static bool take(const struct clgan_tuning_entry *x, struct clgan_variant *out) {
  struct clgan_variant v = *out;
  for (size_t k = 0; k < x->n_params; k++) {
    int p = 0;
    while (p < CLGAN_VARIANT_COUNT && strcmp(clgan_variant_names[p], x->params[k].name) != 0) p++;
    if (p == CLGAN_VARIANT_COUNT) return false;
    v.at[p] = x->params[k].value;
  }
  *out = v;
  return true;
}

static bool find(void *context, const char *op, const char *geometry, struct clgan_variant *out) {
  struct clgan_tuning *t = context;
  if (t->forced) {
    *out = *t->forced;
    return true;
  }
  struct clgan_tuning_query q = t->query;
  q.op = op;
  q.geometry = geometry;
  q.source = source_of(t, op);
  const struct clgan_tuning_entry *x = clgan_tunings_find(&t->t, &q);
  if (!x || !take(x, out)) return false;
  t->used[x - t->t.items] = true;
  return true;
}

struct clgan_variant_book clgan_tuning_book(struct clgan_tuning *t) {
  return (struct clgan_variant_book){find, t};
}

char *clgan_tuning_used(struct clgan_cl *cl) {
  const struct clgan_tuning *t = clgan_tuning_of(cl);
  struct clgan_tunings used = {0};
  struct clgan_error e = {0};
  for (size_t k = 0; k < t->t.n; k++)
    if (t->used[k]) (void)clgan_tunings_add(&used, &t->t.items[k], &e); /* what was read can be written */
  char *text = used.n ? clgan_tunings_text(&used) : NULL;
  clgan_tunings_free(&used);
  return text;
}

/* -- the user's file -- */

char *clgan_tuning_path(const struct clgan_device_info *d) {
  char *folder = clgan_file_cache_folder(), hex[65];
  if (!folder) return NULL;
  char *all = clgan_mem_printf("%s\n%s\n%s", d->platform_name, d->name, d->driver);
  clgan_sha256_hex(all, strlen(all), hex);
  char *path = clgan_mem_printf("%s/tuning/%.60s-%.40s-%.8s.txt", folder, d->name, d->driver, hex);
  for (char *c = path + strlen(folder) + strlen("/tuning/"); c[strlen(".txt")]; c++)
    if (!isalnum((unsigned char)*c) && !strchr(".-", *c)) *c = '_';
  clgan_mem_free(all);
  clgan_mem_free(folder);
  return path;
}

void clgan_tuning_file_free(struct clgan_tuning_file *f) {
  clgan_tunings_free(&f->t);
  clgan_text_free(&f->notes);
}

enum clgan_status clgan_tuning_file_read(const char *path, struct clgan_tuning_file *f, struct clgan_error *e) {
  char *text = NULL;
  size_t size = 0;
  CLGAN_TRY(clgan_file_read(path, &text, &size, e));
  enum clgan_status s = strlen(text) != size ? clgan_error_set(e, CLGAN_ERR_FORMAT, "%s: holds a NUL byte", path)
                                             : clgan_tunings_parse(text, path, &f->t, e);
  for (const char *line = text; s == CLGAN_OK && *line;) {
    size_t n = strcspn(line, "\n");
    if (strncmp(line, NOTE, strlen(NOTE)) == 0 || strncmp(line, MARK, strlen(MARK)) == 0 ||
        strncmp(line, CUT, strlen(CUT)) == 0)
      clgan_text_printf(&f->notes, "%.*s\n", (int)n, line);
    line += n + (line[n] == '\n');
  }
  clgan_mem_free(text);
  return s;
}

enum clgan_status clgan_tuning_file_write(const char *path, const struct clgan_tuning_file *f, const char *about,
                                          struct clgan_error *e) {
  char *text = clgan_tunings_text(&f->t), *end = strrchr(path, '/');
  char *folder = clgan_mem_printf("%.*s", end ? (int)(end - path) : 1, end ? path : ".");
  size_t head = strcspn(text, "\n") + 1;
  char *all = clgan_mem_printf("%.*s%s%s%s", (int)head, text, about, text + head, f->notes.s ? f->notes.s : "");
  enum clgan_status s = *folder ? clgan_file_make_folder(folder, e) : CLGAN_OK;
  if (s == CLGAN_OK) s = clgan_file_write(path, all, strlen(all), e);
  clgan_mem_free(all);
  clgan_mem_free(folder);
  clgan_mem_free(text);
  return s;
}

static bool same(const char *a, const char *b) {
  return a && b && strcmp(a, b) == 0;
}

bool clgan_tuning_file_has(const struct clgan_tuning_file *f, struct clgan_cl *cl, const char *op,
                           const char *geometry) {
  const struct clgan_tuning *t = clgan_tuning_of(cl);
  for (size_t k = 0; k < f->t.n; k++) {
    const struct clgan_tuning_entry *x = &f->t.items[k];
    struct clgan_variant v = clgan_variant_free();
    if (same(x->device, t->query.device) && same(x->driver, t->query.driver) && same(x->source, source_of(t, op)) &&
        same(x->op, op) && same(x->geometry, geometry) && take(x, &v))
      return true;
  }
  return false;
}

static enum clgan_status without(struct clgan_tunings *t, const struct clgan_tuning *now, const char *op,
                                 const char *geometry, struct clgan_error *e) {
  struct clgan_tunings kept = {0};
  enum clgan_status s = CLGAN_OK;
  for (size_t k = 0; k < t->n && s == CLGAN_OK; k++) {
    const struct clgan_tuning_entry *x = &t->items[k];
    bool ours = same(x->device, now->query.device) && x->geometry && x->source;
    bool void_now = ours && (!same(x->driver, now->query.driver) || !same(x->source, source_of(now, x->op)));
    if (void_now || (ours && same(x->op, op) && same(x->geometry, geometry))) continue;
    s = clgan_tunings_add(&kept, x, e);
  }
  if (s != CLGAN_OK) {
    clgan_tunings_free(&kept);
    return s;
  }
  clgan_tunings_free(t);
  *t = kept;
  return CLGAN_OK;
}

enum clgan_status clgan_tuning_file_put(struct clgan_tuning_file *f, struct clgan_cl *cl, const char *op,
                                        const char *geometry, double seconds, const struct clgan_variant *v,
                                        struct clgan_error *e) {
  const struct clgan_tuning *t = clgan_tuning_of(cl);
  char *texts[5], digits[32];
  snprintf(digits, sizeof digits, "%.4g", seconds);
  CLGAN_TRY(without(&f->t, t, op, geometry, e));
  struct clgan_tuning_entry x = {.device = texts[0] = clgan_mem_strdup(t->query.device),
                                 .driver = texts[1] = clgan_mem_strdup(t->query.driver),
                                 .type = t->query.type,
                                 .source = texts[2] = clgan_mem_strdup(source_of(t, op)),
                                 .op = texts[3] = clgan_mem_strdup(op),
                                 .geometry = texts[4] = clgan_mem_strdup(geometry),
                                 .seconds = strtod(digits, NULL)};
  for (int p = 0; p < CLGAN_VARIANT_COUNT; p++) {
    if (v->at[p] == CLGAN_VARIANT_FREE) continue;
    snprintf(x.params[x.n_params].name, sizeof x.params[0].name, "%s", clgan_variant_names[p]);
    x.params[x.n_params++].value = v->at[p];
  }
  enum clgan_status s = clgan_tunings_add(&f->t, &x, e);
  for (int k = 0; k < 5; k++) clgan_mem_free(texts[k]);
  return s;
}

enum clgan_status clgan_tuning_file_store(const char *path, const struct clgan_tuning_file *f, struct clgan_cl *cl,
                                          struct clgan_error *e) {
  const struct clgan_device_info *d = clgan_cl_info(cl);
  char *about = clgan_mem_printf("# found by clgan tune on %s, %s, driver %s\n", d->name, d->platform_name, d->driver);
  const enum clgan_status s = clgan_tuning_file_write(path, f, about, e);
  clgan_mem_free(about);
  return s;
}

/* -- notes -- */

static bool has_line(const struct clgan_tuning_file *f, const char *line) {
  return f->notes.s && strstr(f->notes.s, line);
}

/* @p line is freed */
static void add_line(struct clgan_tuning_file *f, char *line) {
  if (!has_line(f, line)) clgan_text_append(&f->notes, line, strlen(line));
  clgan_mem_free(line);
}

/* @p line is freed */
static bool holds_line(const struct clgan_tuning_file *f, char *line) {
  const bool has = has_line(f, line);
  clgan_mem_free(line);
  return has;
}

static char *cut_line(const struct clgan_tuning *t, const char *op, const char *geometry) {
  return clgan_mem_printf(CUT "%s %s %s\n", source_of(t, op), op, geometry);
}

void clgan_tuning_file_note(struct clgan_tuning_file *f, struct clgan_cl *cl, const char *op, const char *geometry,
                            const char *what) {
  add_line(f, clgan_mem_printf(NOTE "%s %s %s %s\n", source_of(clgan_tuning_of(cl), op), op, geometry, what));
}

bool clgan_tuning_file_noted(const struct clgan_tuning_file *f, struct clgan_cl *cl, const char *op,
                             const char *geometry, const char *variant) {
  return holds_line(f, clgan_mem_printf(NOTE "%s %s %s %s: ", source_of(clgan_tuning_of(cl), op), op, geometry, variant));
}

void clgan_tuning_file_mark(struct clgan_tuning_file *f, struct clgan_cl *cl, const char *op, const char *what) {
  add_line(f, clgan_mem_printf(MARK "%s %s\n", source_of(clgan_tuning_of(cl), op), what));
}

bool clgan_tuning_file_marked(const struct clgan_tuning_file *f, struct clgan_cl *cl, const char *op,
                              const char *what) {
  return holds_line(f, clgan_mem_printf(MARK "%s %s\n", source_of(clgan_tuning_of(cl), op), what));
}

void clgan_tuning_file_cut(struct clgan_tuning_file *f, struct clgan_cl *cl, const char *op, const char *geometry,
                           bool cut) {
  char *line = cut_line(clgan_tuning_of(cl), op, geometry), *at = f->notes.s ? strstr(f->notes.s, line) : NULL;
  if (cut) {
    add_line(f, line);
    return;
  }
  if (at) {
    f->notes.len -= strlen(line);
    memmove(at, at + strlen(line), f->notes.len - (size_t)(at - f->notes.s) + 1);
  }
  clgan_mem_free(line);
}

bool clgan_tuning_file_is_cut(const struct clgan_tuning_file *f, struct clgan_cl *cl, const char *op,
                              const char *geometry) {
  return holds_line(f, cut_line(clgan_tuning_of(cl), op, geometry));
}
