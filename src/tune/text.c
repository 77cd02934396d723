/* text.c: tunings from text and back. docs/tuning.md has the format. SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700
#include "tune/text.h"

#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/words.h"

#define VERSION "clgan-tuning 1"
#define WORD_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,:/+-*"
#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

static const char *const type_words[] = {[CLGAN_DEVICE_CPU] = "cpu", [CLGAN_DEVICE_GPU_INTEGRATED] = "igpu",
                                         [CLGAN_DEVICE_GPU] = "gpu", [CLGAN_DEVICE_OTHER] = "other"};
enum { TYPES = sizeof type_words / sizeof type_words[0] };
static const char *const keys[] = {"device", "family",   "vendor",  "driver", "type", "source",
                                   "op",     "geometry", "seconds", NULL};
#define ALLOWED "device, family, vendor, driver, type, source, op, geometry, seconds, then use"

static void entry_free(struct clgan_tuning_entry *x) {
  char *texts[] = {x->device, x->family, x->vendor, x->driver, x->source, x->op, x->geometry};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) clgan_mem_free(texts[i]);
}

static void cut(struct clgan_tunings *t, size_t n) {
  while (t->n > n) entry_free(&t->items[--t->n]);
}

void clgan_tunings_free(struct clgan_tunings *t) {
  cut(t, 0);
  clgan_mem_free(t->items);
  *t = (struct clgan_tunings){0};
}

/* -- reading -- */

struct reader {
  const char *where, *at; /* at: within the line, which ends with a newline or the text */
  int line;
  struct clgan_error *e;
  char key[32], value[CLGAN_TUNING_TEXT + 1]; /* the word read last; key empty: a bare word, in value */
};

static enum clgan_status fail(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static enum clgan_status fail(struct reader *r, const char *format, ...) {
  char text[1024];
  va_list ap;
  va_start(ap, format);
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  return clgan_error_set(r->e, CLGAN_ERR_FORMAT, "%s:%d: %s", r->where, r->line, text);
}

static bool line_ends(struct reader *r) {
  r->at += strspn(r->at, " \t\r");
  return *r->at == '\0' || *r->at == '\n' || *r->at == '#';
}

static enum clgan_status read_quoted(struct reader *r) {
  size_t n = 0;
  for (r->at++; *r->at != '"'; r->at++) {
    if (*r->at == '\\' && (r->at[1] == '"' || r->at[1] == '\\')) r->at++;
    if ((unsigned char)*r->at < 32 || *r->at == 127)
      return fail(r, "a text in quotes does not end, or holds a control character; allowed: \"...\", with \\\" and \\\\");
    if (n == CLGAN_TUNING_TEXT) return fail(r, "a value is too long; allowed: %d bytes", CLGAN_TUNING_TEXT);
    r->value[n++] = *r->at;
  }
  r->at++;
  r->value[n] = '\0';
  if (!n) return fail(r, "an empty text; leave the field out where anything will do");
  return CLGAN_OK;
}

static enum clgan_status read_plain(struct reader *r) {
  size_t n = strspn(r->at, WORD_BYTES);
  if (!n) return fail(r, "a value is missing or begins with a strange character; put texts into quotes");
  if (n > CLGAN_TUNING_TEXT) return fail(r, "a value is too long; allowed: %d bytes", CLGAN_TUNING_TEXT);
  memcpy(r->value, r->at, n);
  r->value[n] = '\0';
  r->at += n;
  return CLGAN_OK;
}

/* KEY=VALUE, KEY="VALUE" or WORD. */
static enum clgan_status read_word(struct reader *r) {
  size_t n = strspn(r->at, NAME_BYTES);
  r->key[0] = '\0';
  if (n && r->at[n] == '=') {
    if (n >= sizeof r->key) return fail(r, "a name is too long; allowed: %zu letters", sizeof r->key - 1);
    memcpy(r->key, r->at, n);
    r->key[n] = '\0';
    r->at += n + 1;
  }
  CLGAN_TRY(r->key[0] && *r->at == '"' ? read_quoted(r) : read_plain(r));
  if (!strchr(" \t\r\n#", *r->at)) return fail(r, "no space after '%.40s'", r->value);
  return CLGAN_OK;
}

static enum clgan_status take_text(struct reader *r, char **out) {
  if (*out) return fail(r, "%s stands twice", r->key);
  *out = clgan_mem_strdup(r->value);
  return CLGAN_OK;
}

static enum clgan_status take_type(struct reader *r, struct clgan_tuning_entry *x) {
  if (!x->any_type) return fail(r, "type stands twice");
  for (int k = 0; k < TYPES; k++)
    if (!strcmp(r->value, type_words[k])) {
      x->any_type = false;
      x->type = (enum clgan_device_type)k;
      return CLGAN_OK;
    }
  return fail(r, "unknown type '%.40s'; allowed: cpu, igpu, gpu, other", r->value);
}

static bool seconds_of(const char *s, double *out) {
  char *end;
  if (!*s || s[strspn(s, "0123456789+-.eE")]) return false; /* strtod also takes hexadecimal, inf and nan */
  *out = strtod(s, &end);
  return !*end && isfinite(*out) && *out > 0;
}

static enum clgan_status take_field(struct reader *r, struct clgan_tuning_entry *x) {
  char **texts[] = {&x->device, &x->family, &x->vendor, &x->driver, NULL, &x->source, &x->op, &x->geometry};
  size_t k = 0;
  while (keys[k] && strcmp(keys[k], r->key) != 0) k++;
  /* Not skipped: a field that is overlooked would have the entry taken where it does not belong. */
  if (!keys[k]) {
    const char *near = clgan_words_nearest(r->key, keys);
    return fail(r, "unknown field '%s'%s%s%s; allowed: " ALLOWED, r->key[0] ? r->key : r->value,
                near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
  }
  if (!strcmp(r->key, "type")) return take_type(r, x);
  if (strcmp(r->key, "seconds") != 0) return take_text(r, texts[k]);
  if (x->seconds > 0) return fail(r, "seconds stands twice");
  if (!seconds_of(r->value, &x->seconds))
    return fail(r, "seconds '%.40s'; allowed: a decimal number above 0", r->value);
  return CLGAN_OK;
}

static bool name_good(const char *s) {
  return *s && !s[strspn(s, NAME_BYTES)] && !(*s >= '0' && *s <= '9');
}

static enum clgan_status take_param(struct reader *r, struct clgan_tuning_entry *x) {
  char *end;
  long v = strtol(r->value, &end, 10);
  if (!r->key[0]) return fail(r, "'%.40s' after use; allowed: NAME=NUMBER", r->value);
  if (!name_good(r->key)) return fail(r, "parameter '%s' begins with a digit; allowed: letters, digits and _", r->key);
  if (x->n_params == CLGAN_TUNING_PARAMS) return fail(r, "more than %d parameters", CLGAN_TUNING_PARAMS);
  if (*end || r->value[0] == '+' || v < INT_MIN || v > INT_MAX)
    return fail(r, "%s=%.40s; allowed: a whole number of 32 bits", r->key, r->value);
  for (size_t i = 0; i < x->n_params; i++)
    if (!strcmp(x->params[i].name, r->key)) return fail(r, "parameter %s stands twice", r->key);
  memcpy(x->params[x->n_params].name, r->key, sizeof r->key);
  x->params[x->n_params++].value = (int)v;
  return CLGAN_OK;
}

static enum clgan_status read_entry(struct reader *r, struct clgan_tuning_entry *x) {
  bool use = false;
  while (!line_ends(r)) {
    CLGAN_TRY(read_word(r));
    if (use)
      CLGAN_TRY(take_param(r, x));
    else if (!r->key[0] && !strcmp(r->value, "use"))
      use = true;
    else
      CLGAN_TRY(take_field(r, x));
  }
  if (!x->op) return fail(r, "the operation is missing; allowed: op=NAME");
  if (!x->n_params) return fail(r, "the variant is missing; allowed: use NAME=NUMBER... at the end of the line");
  return CLGAN_OK;
}

static enum clgan_status read_version(struct reader *r) {
  size_t n = strlen(VERSION);
  bool good = !strncmp(r->at, VERSION, n);
  r->at += good ? n : 0;
  if (good && line_ends(r)) return CLGAN_OK;
  return fail(r, "no tuning text of this version; allowed: a first line `" VERSION "`");
}

static enum clgan_status read_lines(struct reader *r, struct clgan_tunings *t) {
  bool versioned = false;
  for (r->line = 1;; r->line++) {
    if (!line_ends(r)) {
      if (!versioned) {
        CLGAN_TRY(read_version(r));
        versioned = true;
      } else {
        CLGAN_GROW(t->items, t->n, t->cap);
        t->items[t->n] = (struct clgan_tuning_entry){.any_type = true};
        CLGAN_TRY(read_entry(r, &t->items[t->n++]));
      }
    }
    r->at += strcspn(r->at, "\n");
    if (!*r->at) break;
    r->at++;
  }
  if (versioned) return CLGAN_OK;
  return fail(r, "the text is empty; allowed: a first line `" VERSION "`");
}

enum clgan_status clgan_tunings_parse(const char *text, const char *where, struct clgan_tunings *t,
                                      struct clgan_error *e) {
  struct reader r = {.where = where, .at = text, .e = e};
  size_t before = t->n;
  locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0), others = uselocale(plain);
  enum clgan_status s = read_lines(&r, t);
  uselocale(others);
  if (plain) freelocale(plain);
  if (s != CLGAN_OK) cut(t, before);
  return s;
}

/* -- writing -- */

static void put_text(struct clgan_text *out, const char *key, const char *value) {
  if (!value) return;
  clgan_text_printf(out, "%s=", key);
  if (!value[strspn(value, WORD_BYTES)]) {
    clgan_text_printf(out, "%s ", value);
    return;
  }
  clgan_text_append(out, "\"", 1);
  for (const char *c = value; *c; c++) {
    if (*c == '"' || *c == '\\') clgan_text_append(out, "\\", 1);
    clgan_text_append(out, c, 1);
  }
  clgan_text_append(out, "\" ", 2);
}

/* The shortest decimal that is the same number. */
static void put_seconds(struct clgan_text *out, double x) {
  char text[40];
  for (int digits = 3; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, x);
    if (strtod(text, NULL) == x) break; /* NOLINT: an exact comparison is meant */
  }
  clgan_text_printf(out, "seconds=%s ", text);
}

static void put_entry(struct clgan_text *out, const struct clgan_tuning_entry *x) {
  put_text(out, "device", x->device);
  put_text(out, "family", x->family);
  put_text(out, "vendor", x->vendor);
  put_text(out, "driver", x->driver);
  if (!x->any_type) put_text(out, "type", type_words[x->type]);
  put_text(out, "source", x->source);
  put_text(out, "op", x->op);
  put_text(out, "geometry", x->geometry);
  if (x->seconds > 0) put_seconds(out, x->seconds);
  clgan_text_append(out, "use", 3);
  for (size_t i = 0; i < x->n_params; i++) clgan_text_printf(out, " %s=%d", x->params[i].name, x->params[i].value);
  clgan_text_append(out, "\n", 1);
}

static char *text_of(const struct clgan_tuning_entry *items, size_t n) {
  struct clgan_text out = {0};
  locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0), others = uselocale(plain);
  clgan_text_append(&out, VERSION "\n", strlen(VERSION) + 1);
  for (size_t i = 0; i < n; i++) put_entry(&out, &items[i]);
  uselocale(others);
  if (plain) freelocale(plain);
  return out.s;
}

char *clgan_tunings_text(const struct clgan_tunings *t) { return text_of(t->items, t->n); }

enum clgan_status clgan_tunings_add(struct clgan_tunings *t, const struct clgan_tuning_entry *entry,
                                    struct clgan_error *e) {
  char *text = text_of(entry, 1); /* what cannot be read again must not be written: reading decides */
  enum clgan_status s = clgan_tunings_parse(text, "tuning entry", t, e);
  clgan_mem_free(text);
  return s;
}

/* -- looking up -- */

static bool fits(const char *wanted, const char *given) {
  return !wanted || (given && !strcmp(wanted, given));
}

static int rank(const struct clgan_tuning_entry *x) {
  int level = x->device ? 4 : x->family ? 3 : x->vendor ? 2 : x->any_type ? 0 : 1;
  return 4 * level + 2 * (x->geometry != NULL) + (x->driver != NULL);
}

const struct clgan_tuning_entry *clgan_tunings_find(const struct clgan_tunings *t, const struct clgan_tuning_query *q) {
  const struct clgan_tuning_entry *best = NULL;
  for (size_t i = 0; i < t->n; i++) {
    const struct clgan_tuning_entry *x = &t->items[i];
    if (!fits(x->device, q->device) || !fits(x->family, q->family) || !fits(x->vendor, q->vendor)) continue;
    if (!fits(x->driver, q->driver) || !fits(x->source, q->source) || !fits(x->geometry, q->geometry)) continue;
    if (!fits(x->op, q->op) || (!x->any_type && x->type != q->type)) continue;
    if (!best || rank(x) >= rank(best)) best = x;
  }
  return best;
}

int clgan_tuning_param(const struct clgan_tuning_entry *entry, const char *name, int otherwise) {
  for (size_t i = 0; entry && i < entry->n_params; i++)
    if (!strcmp(entry->params[i].name, name)) return entry->params[i].value;
  return otherwise;
}
