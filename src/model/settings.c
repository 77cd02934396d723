/* settings.c - hyperparameters by key: defaults, ranges, and their way from and to text. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "model/model_internal.h"

enum kind { REAL, WHOLE, SWITCH, AGE_RANGE, DECAY, PRECISION };
enum applies { ALWAYS, BCGAN = 1, FACE = 2, JUDGE = 4 /* and step judge */ };

struct clgan_setting {
  const char *key;
  enum kind kind;
  unsigned applies;
  size_t offset;
  double lo, hi;
  const char *allowed;
};

#define AT(field) offsetof(struct clgan_settings, field)
#define BELOW_ONE 0.9999999
static const struct clgan_setting table[] = {
    {"lambda_x", REAL, BCGAN, AT(lambda_x), 0, 1000, "a number from 0 to 1000"},
    {"lambda_z", REAL, BCGAN, AT(lambda_z), 0, 1000, "a number from 0 to 1000"},
    {"lambda_a", REAL, BCGAN, AT(lambda_a), 0, 1000, "a number from 0 to 1000"},
    {"gamma", REAL, BCGAN | JUDGE, AT(gamma), 0, 1000, "a number from 0 to 1000"},
    {"ramp", WHOLE, BCGAN, AT(ramp), 0, 1e9, "a whole number of steps from 0 to 1000000000"},
    {"penalty", REAL, BCGAN, AT(penalty), 0, 1e6, "a number from 0 (none) to 1000000"},
    {"penalty_every", WHOLE, BCGAN, AT(penalty_every), 1, 1e6, "a whole number of steps from 1 to 1000000"},
    {"mismatch", REAL, BCGAN, AT(mismatch), 0, 1000, "a number from 0 (none) to 1000"},
    {"lr_d", REAL, ALWAYS, AT(lr_d), 0, 1, "a number from 0 to 1"},
    {"lr_g", REAL, ALWAYS, AT(lr_g), 0, 1, "a number from 0 to 1"},
    {"beta1", REAL, ALWAYS, AT(beta1), 0, BELOW_ONE, "a number from 0 to 0.9999999"},
    {"beta2", REAL, ALWAYS, AT(beta2), 0, BELOW_ONE, "a number from 0 to 0.9999999"},
    {"adam_eps", REAL, ALWAYS, AT(adam_eps), 1e-12, 1, "a number from 1e-12 to 1"},
    {"weight_decay", REAL, ALWAYS, AT(weight_decay), 0, 1, "a number from 0 to 1"},
    {"ema", REAL, BCGAN | JUDGE, AT(ema), 0, BELOW_ONE, "a number from 0 to 0.9999999"},
    {"init_std", REAL, ALWAYS, AT(init_std), 0, 10, "a number from 0 (1/sqrt(fan_in)) to 10"},
    {"batch", WHOLE, ALWAYS, AT(batch), 1, 65536, "a whole number from 1 to 65536"},
    {"decay", DECAY, ALWAYS, AT(decay), 0, 0,
     "none, or START:END:FACTOR with epochs 0 <= START < END and 0 < FACTOR <= 1, e.g. 200:400:0.01"},
    {"fakes_teach_encoder", SWITCH, BCGAN, AT(fakes_teach_encoder), 0, 0, "on, off"},
    {"flip", SWITCH, ALWAYS, AT(flip), 0, 0, "on, off"},
    {"shift", SWITCH, BCGAN, AT(shift), 0, 0, "on, off"},
    {"jitter", REAL, BCGAN, AT(jitter), 0, 1, "a number from 0 (none) to 1"},
    {"balance", SWITCH, BCGAN | JUDGE, AT(balance), 0, 0, "on, off"},
    {"gender", SWITCH, BCGAN | FACE, AT(gender), 0, 0, "on, off"},
    {"age_range", AGE_RANGE, BCGAN | FACE, AT(age_range), 0, 0, "11 (-1..1), 01 (0..1)"},
    {"tile", WHOLE, BCGAN | FACE, AT(tile), 1, 1024, "a whole number from 1 to 1024"},
    {"precision", PRECISION, ALWAYS, AT(precision), 0, 0, "fp32, fp16"},
    {"holdout", WHOLE, ALWAYS, AT(holdout), 0, 1e9, "a whole number from 0 to 1000000000"},
};
enum { SETTINGS = sizeof table / sizeof table[0] };

const char *clgan_setting_key(size_t k, const char **allowed) {
  if (k >= SETTINGS) return NULL;
  *allowed = table[k].allowed;
  return table[k].key;
}

void clgan_settings_defaults(struct clgan_settings *s) {
  *s = (struct clgan_settings){.lambda_x = 1,
                               .lambda_z = 1,
                               .lambda_a = 0.5,
                               .gamma = 1,
                               .lr_d = 2e-4,
                               .lr_g = 2e-4,
                               .beta1 = 0.5,
                               .beta2 = 0.999,
                               .adam_eps = 1e-8,
                               .ema = 0.999,
                               .ramp = 1000,
                               .penalty_every = 16,
                               .batch = 64,
                               .decay = "none",
                               .decay_factor = 1,
                               .fakes_teach_encoder = true,
                               .gender = true,
                               .age_range = 11,
                               .tile = 1,
                               .precision = 32};
}

static bool parse_decay(struct clgan_settings *s, const char *value) {
  double number[3];
  char copy[sizeof s->decay];
  if (strlen(value) >= sizeof copy) return false;
  if (strcmp(value, "none")) {
    memcpy(copy, value, strlen(value) + 1);
    char *at = copy;
    for (int i = 0; i < 3; i++) {
      char *colon = strchr(at, ':');
      if ((colon != NULL) != (i < 2)) return false;
      if (colon) *colon = 0;
      if (!clgan_number_parse(at, &number[i])) return false;
      if (colon) at = colon + 1;
    }
    if (!(number[0] >= 0 && number[1] > number[0] && number[1] <= 1e9 && number[2] > 0 && number[2] <= 1)) return false;
    s->decay_start = number[0], s->decay_end = number[1], s->decay_factor = number[2];
  } else {
    s->decay_start = s->decay_end = 0, s->decay_factor = 1;
  }
  memcpy(s->decay, value, strlen(value) + 1);
  return true;
}

static bool parse_value(struct clgan_settings *s, const struct clgan_setting *t, const char *value) {
  void *at = (char *)s + t->offset;
  double x;
  switch (t->kind) {
    case REAL:
      if (!clgan_number_parse(value, &x) || x < t->lo || x > t->hi) return false;
      *(double *)at = x;
      return true;
    case WHOLE:
      if (!clgan_number_parse(value, &x) || x < t->lo || x > t->hi || x != (double)(int)x) return false;
      *(int *)at = (int)x;
      return true;
    case SWITCH:
      if (strcmp(value, "on") && strcmp(value, "off")) return false;
      *(bool *)at = value[1] == 'n';
      return true;
    case AGE_RANGE:
      if (strcmp(value, "11") && strcmp(value, "01")) return false;
      *(int *)at = value[0] == '1' ? 11 : 1;
      return true;
    case DECAY: return parse_decay(s, value);
    case PRECISION:
      if (strcmp(value, "fp32") && strcmp(value, "fp16")) return false;
      *(int *)at = value[2] == '3' ? 32 : 16;
      return true;
  }
  return false;
}

static const struct clgan_setting *find(const char *key) {
  for (int i = 0; i < SETTINGS; i++)
    if (!strcmp(table[i].key, key)) return &table[i];
  return NULL;
}

const char *clgan_setting_unfit(const struct clgan_model *m, const char *key) {
  const struct clgan_setting *t = find(key);
  if (!t) return NULL;
  if (t->applies & FACE && m->condition != CLGAN_CONDITION_FACE) return "only models with `condition face` have it";
  bool judged = t->applies & JUDGE && m->step == CLGAN_STEP_JUDGE;
  if (t->applies & BCGAN && m->step != CLGAN_STEP_BCGAN && !judged)
    return "only models with `step bcgan` have it";
  return NULL;
}

static enum clgan_status unknown_key(const char *key, enum clgan_status kind, const char *where,
                                     struct clgan_error *e) {
  const char *keys[SETTINGS + 2];
  char list[512];
  for (int i = 0; i < SETTINGS; i++) keys[i] = table[i].key;
  keys[SETTINGS] = kind == CLGAN_ERR_USAGE ? "base" : NULL;
  keys[SETTINGS + 1] = NULL;
  clgan_word_list(keys, list, sizeof list);
  const char *near = clgan_words_nearest(key, keys);
  return clgan_error_set(e, kind, "%s: unknown setting '%.40s'%s%s%s; allowed: %s", where, key,
                         near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "", list);
}

enum clgan_status clgan_setting_apply(struct clgan_model *m, const char *key, const char *value, enum clgan_status kind,
                                      const char *where, uint64_t *seen, struct clgan_error *e) {
  const struct clgan_setting *t = find(key);
  double base;
  if (!t && kind == CLGAN_ERR_USAGE && !strcmp(key, "base")) {
    if (!clgan_number_parse(value, &base) || base < 1 || base > 4096 || base != (double)(int)base)
      return clgan_error_set(e, kind, "%s: bad value '%.40s' for base; allowed: a whole number from 1 to 4096", where,
                             value);
    if (!m->has_base)
      return clgan_error_set(e, kind, "%s: the model's text has no `base` line, so there is no base to set", where);
    m->base = (int)base;
    return CLGAN_OK;
  }
  if (!t) return unknown_key(key, kind, where, e);
  const char *unfit = clgan_setting_unfit(m, key);
  if (unfit) return clgan_error_set(e, kind, "%s: setting '%s' has no effect here: %s", where, key, unfit);
  if (seen) {
    uint64_t bit = (uint64_t)1 << (t - table);
    if (*seen & bit) return clgan_error_set(e, kind, "%s: setting '%s' is set twice", where, key);
    *seen |= bit;
  }
  if (!parse_value(&m->settings, t, value))
    return clgan_error_set(e, kind, "%s: bad value '%.40s' for %s; allowed: %s", where, value, key, t->allowed);
  return CLGAN_OK;
}

/* Settings that came later stay out of a checkpoint's text where they are off: runs begun without them can be gone on with. */
static bool left_out(const struct clgan_settings *s, const char *key) {
  if (!strncmp(key, "penalty", 7)) return !(s->penalty > 0);
  if (!strcmp(key, "precision")) return s->precision == 32;
  if (!strcmp(key, "mismatch")) return !(s->mismatch > 0);
  return !strcmp(key, "jitter") && !(s->jitter > 0);
}

char *clgan_model_options_text(const struct clgan_model *m) {
  struct clgan_text out = {0};
  locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0), before = uselocale(plain);
  if (m->has_base) clgan_text_printf(&out, "base=%d\n", m->base);
  for (int i = 0; i < SETTINGS; i++) {
    const struct clgan_setting *t = &table[i];
    const void *at = (const char *)&m->settings + t->offset;
    if (clgan_setting_unfit(m, t->key) || left_out(&m->settings, t->key)) continue;
    switch (t->kind) {
      case REAL: clgan_text_printf(&out, "%s=%.17g\n", t->key, *(const double *)at); break;
      case WHOLE: clgan_text_printf(&out, "%s=%d\n", t->key, *(const int *)at); break;
      case SWITCH: clgan_text_printf(&out, "%s=%s\n", t->key, *(const bool *)at ? "on" : "off"); break;
      case AGE_RANGE: clgan_text_printf(&out, "%s=%02d\n", t->key, *(const int *)at); break;
      case DECAY: clgan_text_printf(&out, "%s=%s\n", t->key, (const char *)at); break;
      case PRECISION: clgan_text_printf(&out, "%s=fp%d\n", t->key, *(const int *)at); break;
    }
  }
  uselocale(before);
  if (plain) freelocale(plain);
  return out.s;
}
