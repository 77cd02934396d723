/* text.c - reads a model's text line by line: the header's statements here, nets in text_net.c. docs/file-formats.md
 * has the format. */
#include <ctype.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "model/model_internal.h"

enum { STEP = 1, IMAGE = 2, PIXELS = 4, LATENT = 8, CONDITION = 16, BASE = 32, NAME = 64 };

enum clgan_status clgan_parser_fail(struct clgan_parser *p, const char *format, ...) {
  char text[1024];
  va_list ap;
  va_start(ap, format);
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  for (char *c = text; *c; c++) /* what the file holds must not steer a terminal */
    if ((unsigned char)*c < 32 || (unsigned char)*c > 126) *c = '?';
  return clgan_error_set(p->e, CLGAN_ERR_FORMAT, "%s:%d: %s", p->where, p->line, text);
}

bool clgan_name_valid(const char *s) {
  size_t n = strlen(s);
  return n >= 1 && n <= 31 && (isalpha((unsigned char)s[0]) || s[0] == '_') &&
         n == strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}

enum clgan_status clgan_parser_split(struct clgan_parser *p, bool punctuation) {
  clgan_mem_free(p->text);
  p->text = clgan_mem_alloc(strlen(p->raw) * 2 + 1); /* at worst every character is a word and gets its own NUL */
  char *to = p->text;
  p->n = 0;
  for (const char *at = p->raw; *at && *at != '#';) {
    if (*at == ' ' || *at == '\t' || *at == '\r') {
      at++;
      continue;
    }
    if (p->n == CLGAN_WORDS) return clgan_parser_fail(p, "more than %d words in a line", CLGAN_WORDS);
    p->words[p->n++] = to;
    if (punctuation && strchr("()[],+", *at)) {
      *to++ = *at++;
    } else {
      while (*at && !strchr(" \t\r#", *at) && !(punctuation && strchr("()[],+", *at))) *to++ = *at++;
    }
    *to++ = 0;
  }
  p->words[p->n] = NULL;
  return CLGAN_OK;
}

enum clgan_status clgan_parser_real(struct clgan_parser *p, const char *text, const char *what, double *out) {
  const struct clgan_model *m = p->m;
  const struct clgan_name_value names[] = {{"base", m->base},
                                           {"latent", m->latent},
                                           {"classes", m->classes},
                                           {"tile", m->settings.tile},
                                           {"gender", m->settings.gender},
                                           {"condition", m->condition_size},
                                           {"height", m->height},
                                           {"width", m->width},
                                           {"channels", m->channels},
                                           {NULL, 0}};
  char why[256];
  const char *wrong = clgan_expression_eval(text, m->has_base ? names : names + 1, out, why, sizeof why);
  if (wrong) return clgan_parser_fail(p, "%s '%.60s': %s", what, text, wrong);
  return CLGAN_OK;
}

enum clgan_status clgan_parser_size(struct clgan_parser *p, const char *text, const char *what, int lo, int hi,
                                    int *out) {
  double x;
  CLGAN_TRY(clgan_parser_real(p, text, what, &x));
  if (!(x >= lo && x <= hi) || x != (double)(int)x)
    return clgan_parser_fail(p, "%s '%.60s' is %.6g; allowed: a whole number from %d to %d", what, text, x, lo, hi);
  *out = (int)x;
  return CLGAN_OK;
}

static enum clgan_status number(struct clgan_parser *p, const char *text, const char *what, int lo, int hi, int *out) {
  double x;
  if (!clgan_number_parse(text, &x))
    return clgan_parser_fail(p, "%s '%.40s' is no number; allowed: a whole number from %d to %d", what, text, lo, hi);
  if (x < lo || x > hi || x != (double)(int)x)
    return clgan_parser_fail(p, "%s is %.40s; allowed: a whole number from %d to %d", what, text, lo, hi);
  *out = (int)x;
  return CLGAN_OK;
}

/* Position of a word in a list, or the message. */
static enum clgan_status choice(struct clgan_parser *p, const char *what, const char *word, const char *const *list,
                                int *out) {
  char all[256];
  for (int i = 0; list[i]; i++)
    if (!strcmp(word, list[i])) {
      *out = i;
      return CLGAN_OK;
    }
  const char *near = clgan_words_nearest(word, list);
  clgan_word_list(list, all, sizeof all);
  return clgan_parser_fail(p, "unknown %s '%.40s'%s%s%s; allowed: %s", what, word, near ? " (did you mean '" : "",
                           near ? near : "", near ? "'?)" : "", all);
}

static enum clgan_status read_step(struct clgan_parser *p) {
  static const char *const kinds[] = {"bcgan", "bigan", NULL};
  int k;
  /* The program's own, refused where a user gives them (clgan_model_refuse_judge). */
  if (!strcmp(p->words[1], "judge") || !strcmp(p->words[1], "autoencoder")) {
    p->m->step = p->words[1][0] == 'j' ? CLGAN_STEP_JUDGE : CLGAN_STEP_AUTOENCODER;
    return CLGAN_OK;
  }
  CLGAN_TRY(choice(p, "step", p->words[1], kinds, &k));
  p->m->step = k ? CLGAN_STEP_BIGAN : CLGAN_STEP_BCGAN;
  return CLGAN_OK;
}

static enum clgan_status read_image(struct clgan_parser *p) {
  CLGAN_TRY(number(p, p->words[1], "image height", 1, 1024, &p->m->height));
  CLGAN_TRY(number(p, p->words[2], "image width", 1, 1024, &p->m->width));
  CLGAN_TRY(number(p, p->words[3], "image channels", 1, 3, &p->m->channels));
  if (p->m->channels == 2)
    return clgan_parser_fail(p, "an image has no 2 channels; allowed: 1 (grey), 3 (red, green, blue)");
  return CLGAN_OK;
}

static enum clgan_status read_pixels(struct clgan_parser *p) {
  bool zero = !strcmp(p->words[1], "0"), minus = !strcmp(p->words[1], "-1");
  if ((!zero && !minus) || strcmp(p->words[2], "1"))
    return clgan_parser_fail(p, "unknown pixel range '%.20s %.20s'; allowed: -1 1, 0 1", p->words[1], p->words[2]);
  p->m->pixels_01 = zero;
  return CLGAN_OK;
}

static enum clgan_status read_latent(struct clgan_parser *p) {
  static const char *const kinds[] = {"uniform", "normal", NULL};
  int k;
  CLGAN_TRY(choice(p, "latent distribution", p->words[1], kinds, &k));
  p->m->latent_kind = k ? CLGAN_LATENT_NORMAL : CLGAN_LATENT_UNIFORM;
  return number(p, p->words[2], "latent size", 1, 65536, &p->m->latent);
}

static enum clgan_status read_condition(struct clgan_parser *p) {
  static const char *const kinds[] = {"none", "class", "face", NULL};
  int k;
  CLGAN_TRY(choice(p, "condition", p->words[1], kinds, &k));
  p->m->condition = k == 0 ? CLGAN_CONDITION_NONE : k == 1 ? CLGAN_CONDITION_CLASS : CLGAN_CONDITION_FACE;
  if ((k == 1) != (p->n == 3))
    return clgan_parser_fail(p, k == 1 ? "the number of classes is missing; allowed: condition class 2 to 256"
                                       : "too many words; allowed: condition none, condition class N, condition face");
  return k == 1 ? number(p, p->words[2], "number of classes", 2, 256, &p->m->classes) : CLGAN_OK;
}

static enum clgan_status read_base(struct clgan_parser *p) {
  p->m->has_base = true;
  return number(p, p->words[1], "base", 1, 4096, &p->m->base);
}

static enum clgan_status read_name(struct clgan_parser *p) {
  const char *s = p->words[1];
  size_t n = strlen(s);
  if (n > 40 || n != strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."))
    return clgan_parser_fail(p, "bad name '%.40s'; allowed: at most 40 letters, digits, '-', '_' and '.'", s);
  clgan_mem_free(p->m->name);
  p->m->name = clgan_mem_strdup(s);
  return CLGAN_OK;
}

/* Kept until the header is complete: which keys there are depends on step and condition. */
static enum clgan_status read_set(struct clgan_parser *p) {
  if (p->n_sets == (int)(sizeof p->sets / sizeof p->sets[0]))
    return clgan_parser_fail(p, "more set lines than there are settings");
  p->sets[p->n_sets].key = clgan_mem_strdup(p->words[1]);
  p->sets[p->n_sets].value = clgan_mem_strdup(p->words[2]);
  p->sets[p->n_sets++].line = p->line;
  return CLGAN_OK;
}

static const struct statement {
  const char *word, *usage;
  int least, most; /* words, with the first */
  unsigned bit;
  bool needed;
  enum clgan_status (*read)(struct clgan_parser *);
} statements[] = {
    {"name", "name WORD", 2, 2, NAME, false, read_name},
    {"step", "step bcgan, step bigan", 2, 2, STEP, true, read_step},
    {"image", "image HEIGHT WIDTH CHANNELS, e.g. image 28 28 1", 4, 4, IMAGE, true, read_image},
    {"pixels", "pixels -1 1, pixels 0 1", 3, 3, PIXELS, false, read_pixels},
    {"latent", "latent uniform N, latent normal N", 3, 3, LATENT, true, read_latent},
    {"condition", "condition none, condition class N, condition face", 2, 3, CONDITION, true, read_condition},
    {"base", "base N", 2, 2, BASE, false, read_base},
    {"set", "set KEY VALUE", 3, 3, 0, false, read_set},
};
enum { STATEMENTS = sizeof statements / sizeof statements[0] };

static enum clgan_status apply_settings(struct clgan_parser *p) {
  struct clgan_model *m = p->m;
  int line = p->line;
  for (int i = 0; i < p->n_sets; i++) {
    char where[300];
    snprintf(where, sizeof where, "%.200s:%d", p->where, p->sets[i].line);
    CLGAN_TRY(clgan_setting_apply(m, p->sets[i].key, p->sets[i].value, CLGAN_ERR_FORMAT, where, &p->set_seen, p->e));
  }
  p->line = line;
  for (size_t i = 0; i < p->n_arguments; i++) {
    char key[64], where[160];
    const char *equals = strchr(p->arguments[i], '=');
    if (!equals || equals == p->arguments[i] || equals - p->arguments[i] >= (long)sizeof key)
      return clgan_error_set(p->e, CLGAN_ERR_USAGE, "--set %.60s: not of the form KEY=VALUE, e.g. --set lambda_x=1",
                             p->arguments[i]);
    snprintf(key, sizeof key, "%.*s", (int)(equals - p->arguments[i]), p->arguments[i]);
    snprintf(where, sizeof where, "--set %.100s", p->arguments[i]);
    CLGAN_TRY(clgan_setting_apply(m, key, equals + 1, CLGAN_ERR_USAGE, where, NULL, p->e));
  }
  if (p->base_argument) {
    char value[16];
    snprintf(value, sizeof value, "%d", p->base_argument);
    CLGAN_TRY(clgan_setting_apply(m, "base", value, CLGAN_ERR_USAGE, "--base", NULL, p->e));
  }
  return CLGAN_OK;
}

static enum clgan_status header_complete(struct clgan_parser *p) {
  struct clgan_model *m = p->m;
  for (int i = 0; i < STATEMENTS; i++)
    if (statements[i].needed && !(p->seen & statements[i].bit))
      return clgan_parser_fail(p, "`%s` is missing before the first net; allowed: %s", statements[i].word,
                               statements[i].usage);
  bool plain = m->step == CLGAN_STEP_BIGAN || m->step == CLGAN_STEP_AUTOENCODER;
  if (!plain && m->condition == CLGAN_CONDITION_NONE)
    return clgan_parser_fail(
        p, "step %s needs a condition; allowed: condition class N, condition face (or step bigan)",
        m->step == CLGAN_STEP_BCGAN ? "bcgan" : "judge");
  if (plain && m->condition != CLGAN_CONDITION_NONE)
    return clgan_parser_fail(p, "step bigan has no condition; allowed: condition none (or step bcgan)");
  CLGAN_TRY(apply_settings(p));
  m->condition_size = m->condition == CLGAN_CONDITION_CLASS  ? m->classes
                      : m->condition == CLGAN_CONDITION_FACE ? m->settings.tile * (1 + m->settings.gender)
                                                             : 0;
  p->ready = true;
  return CLGAN_OK;
}

static enum clgan_status header_line(struct clgan_parser *p) {
  const char *words[STATEMENTS + 2];
  int k;
  for (int i = 0; i < STATEMENTS; i++) words[i] = statements[i].word;
  words[STATEMENTS] = "net";
  words[STATEMENTS + 1] = NULL;
  CLGAN_TRY(choice(p, "statement", p->words[0], words, &k));
  const struct statement *s = &statements[k];
  if (p->seen & s->bit) return clgan_parser_fail(p, "a second `%s` line; allowed: one", s->word);
  if (p->n < s->least)
    return clgan_parser_fail(p, "a value is missing after `%s`; allowed: %s", p->words[p->n - 1], s->usage);
  if (p->n > s->most) return clgan_parser_fail(p, "unexpected '%.40s'; allowed: %s", p->words[s->most], s->usage);
  p->seen |= s->bit;
  return s->read(p);
}

static enum clgan_status version_line(struct clgan_parser *p) {
  if (strcmp(p->words[0], "clgan-model"))
    return clgan_parser_fail(p, "this is no model text; allowed: a first line `clgan-model 1`");
  if (p->n != 2 || strcmp(p->words[1], "1"))
    return clgan_parser_fail(p, "unknown version '%.20s' of the format; allowed: clgan-model 1",
                             p->n > 1 ? p->words[1] : "");
  return CLGAN_OK;
}

static enum clgan_status one_line(struct clgan_parser *p, bool *versioned) {
  CLGAN_TRY(clgan_parser_split(p, false));
  if (!p->n) return CLGAN_OK;
  if (!*versioned) {
    *versioned = true;
    return version_line(p);
  }
  if (!strcmp(p->words[0], "net")) {
    if (!p->ready) CLGAN_TRY(header_complete(p));
    if (p->net) CLGAN_TRY(clgan_net_end(p));
    return clgan_net_begin(p);
  }
  if (!p->net) return header_line(p);
  for (int i = 0; i < STATEMENTS; i++)
    if (!strcmp(p->words[0], statements[i].word) && !(p->n > 1 && clgan_layer_kind_known(p->words[1])))
      return clgan_parser_fail(p, "`%s` after the first net; allowed: before it", p->words[0]);
  return clgan_net_line(p);
}

static enum clgan_status all_lines(struct clgan_parser *p, const char *text) {
  static const char *const names[] = {"G", "E", "D"};
  bool versioned = false;
  char *copy = clgan_mem_strdup(text), *at = copy;
  enum clgan_status status = CLGAN_OK;
  while (status == CLGAN_OK && at) {
    char *end = strchr(at, '\n');
    if (end) *end = 0;
    p->line++;
    p->raw = at;
    status = one_line(p, &versioned);
    at = end && end[1] ? end + 1 : NULL;
  }
  if (status == CLGAN_OK && !versioned)
    status = clgan_parser_fail(p, "the text is empty; allowed: a first line `clgan-model 1`");
  if (status == CLGAN_OK && !p->ready) status = header_complete(p); /* names a missing statement before a missing net */
  if (status == CLGAN_OK && p->net) status = clgan_net_end(p);
  const unsigned needed = p->m->step == CLGAN_STEP_JUDGE         ? 1u << CLGAN_NET_E
                          : p->m->step == CLGAN_STEP_AUTOENCODER ? 1u << CLGAN_NET_E | 1u << CLGAN_NET_G
                                                                 : 7u;
  for (int k = 0; k < 3 && status == CLGAN_OK; k++)
    if (!p->m->nets[k].name && (needed >> k & 1))
      status = clgan_parser_fail(p, "net %s is missing; allowed: one each of net G, net E, net D", names[k]);
  clgan_mem_free(copy);
  return status;
}

static char *name_of(const char *where) {
  const char *slash = strrchr(where, '/'), *start = slash ? slash + 1 : where;
  size_t n = strcspn(start, ". ");
  return clgan_mem_printf("%.*s", n ? (int)n : 5, n ? start : "model");
}

enum clgan_status clgan_model_parse(const char *text, const char *where, int base, const char *const *sets,
                                    size_t n_sets, struct clgan_model **out, struct clgan_error *e) {
  *out = NULL;
  struct clgan_model *m = clgan_mem_alloc(sizeof *m);
  struct clgan_parser p = {
      .where = where, .e = e, .m = m, .base_argument = base, .arguments = sets, .n_arguments = n_sets};
  m->name = name_of(where);
  m->text = clgan_mem_strdup(text);
  m->base = 1;
  clgan_settings_defaults(&m->settings);
  locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0),
           before = uselocale(plain); /* "0.5" whatever the host's locale */
  enum clgan_status status = all_lines(&p, text);
  uselocale(before);
  if (plain) freelocale(plain);
  clgan_mem_free(p.text);
  for (int i = 0; i < p.n_sets; i++) clgan_mem_free(p.sets[i].key), clgan_mem_free(p.sets[i].value);
  if (status != CLGAN_OK) {
    clgan_model_destroy(m);
    return status;
  }
  *out = m;
  return CLGAN_OK;
}
