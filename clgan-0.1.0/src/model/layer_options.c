/* layer_options.c - the words after a layer's size: kN, in=a,b, lrelu 0.1, ... */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/model_internal.h"

enum {
  LINEAR = 1 << CLGAN_LAYER_LINEAR,
  CONV = 1 << CLGAN_LAYER_CONV | 1 << CLGAN_LAYER_DECONV,
  NORM = 1 << CLGAN_LAYER_BATCHNORM,
  ADD = 1 << CLGAN_LAYER_ADD,
  SHAPE = 1 << CLGAN_LAYER_SHAPE
};

static enum clgan_status read_in(struct clgan_parser *p, struct clgan_layer *l, const char *value) {
  char name[32];
  for (const char *at = value;; at++) {
    size_t n = strcspn(at, ",");
    if (n == 0 || n >= sizeof name)
      return clgan_parser_fail(p, "malformed in=%.60s; allowed: in=NAME or in=NAME,NAME without spaces", value);
    memcpy(name, at, n);
    name[n] = 0;
    CLGAN_TRY(clgan_layer_take(p, l, name));
    at += n;
    if (!*at) return CLGAN_OK;
  }
}

static enum clgan_status read_out(struct clgan_parser *p, struct clgan_layer *l, const char *value) {
  if (!clgan_name_valid(value))
    return clgan_parser_fail(p, "bad name '%.40s'; allowed: a letter, then letters, digits and '_', at most 31", value);
  if (clgan_net_value(p->net, value) >= 0)
    return clgan_parser_fail(
        p, "'%s' is a name already; allowed: out= names that differ from each other and from the net's inputs", value);
  clgan_mem_free(l->out); /* of an out= said twice, which is reported after */
  l->out = clgan_mem_strdup(value);
  return CLGAN_OK;
}

static enum clgan_status read_eps(struct clgan_parser *p, struct clgan_layer *l, const char *value) {
  if (!clgan_number_parse(value, &l->eps) || l->eps < 1e-12 || l->eps > 1)
    return clgan_parser_fail(p, "bad eps '%.40s'; allowed: a number from 1e-12 to 1", value);
  return CLGAN_OK;
}

static enum clgan_status read_affine(struct clgan_parser *p, struct clgan_layer *l, const char *value) {
  char first[32];
  size_t n = strcspn(value, ",");
  if (n >= sizeof first || !value[n])
    return clgan_parser_fail(p, "malformed affine=%.40s; allowed: affine=A,B (A x + B)", value);
  memcpy(first, value, n);
  first[n] = 0;
  if (!clgan_number_parse(first, &l->mul) || !clgan_number_parse(value + n + 1, &l->add) || l->mul == 0)
    return clgan_parser_fail(p, "malformed affine=%.40s; allowed: affine=A,B (A x + B), numbers, A not 0", value);
  l->has_affine = true;
  return CLGAN_OK;
}

static enum clgan_status read_inscale(struct clgan_parser *p, struct clgan_layer *l, const char *value) {
  CLGAN_TRY(clgan_parser_real(p, value, "inscale", &l->in_scale));
  return l->in_scale > 0 ? CLGAN_OK
                         : clgan_parser_fail(p, "inscale '%.40s' is %.6g; allowed: above 0", value, l->in_scale);
}

static enum clgan_status read_initscale(struct clgan_parser *p, struct clgan_layer *l, const char *value) {
  char name[32];
  size_t n = strcspn(value, ":");
  if (n == 0 || n >= sizeof name || !value[n])
    return clgan_parser_fail(p, "malformed initscale=%.60s; allowed: initscale=INPUT:NUMBER", value);
  memcpy(name, value, n);
  name[n] = 0;
  int input = clgan_net_value(p->net, name);
  for (int i = 0; i < l->n_in; i++)
    if (input >= 0 && l->in[i] == input) l->init_input = i;
  if (l->init_input < 0)
    return clgan_parser_fail(
        p, "initscale names '%s'; allowed: one of the layer's in= names, with in= before initscale=", name);
  CLGAN_TRY(clgan_parser_real(p, value + n + 1, "initscale", &l->init_scale));
  return l->init_scale > 0 ? CLGAN_OK
                           : clgan_parser_fail(p, "initscale '%.40s' is %.6g; allowed: above 0", value, l->init_scale);
}

static enum clgan_status read_reparam(struct clgan_parser *p, struct clgan_layer *l, const char *value) {
  int noise = clgan_net_value(p->net, value);
  if (noise < 0 || noise >= p->net->n_inputs || !p->net->optional[noise])
    return clgan_parser_fail(
        p, "reparam=%.40s names no optional input of the net; allowed: reparam=noise in net E (x, [noise])", value);
  l->noise = noise;
  p->inputs_used |= 1u << noise;
  return CLGAN_OK;
}

static const struct option {
  const char *word; /* ends in '=' where a value follows */
  unsigned kinds;
  enum clgan_status (*read)(struct clgan_parser *, struct clgan_layer *, const char *);
} options[] = {
    {"in=", LINEAR | CONV | NORM | ADD, read_in},
    {"out=", LINEAR | CONV | NORM | ADD | SHAPE, read_out},
    {"nobias", LINEAR | CONV, NULL},
    {"noaffine", NORM, NULL},
    {"eps=", NORM, read_eps},
    {"affine=", LINEAR | CONV | NORM | ADD, read_affine},
    {"inscale=", LINEAR, read_inscale},
    {"initscale=", LINEAR, read_initscale},
    {"reparam=", LINEAR, read_reparam},
};
enum { OPTIONS = sizeof options / sizeof options[0] };
static const char *const acts[] = {"none", "relu", "lrelu", "tanh", "sigmoid"}; /* enum clgan_act */
enum { ACTS = 5, ACT_BIT = OPTIONS, K_BIT };

/* Every option that a layer of this kind takes. */
static void allowed_options(enum clgan_layer_kind kind, const char *list[OPTIONS + ACTS + 4]) {
  int n = 0;
  for (int i = 0; i < OPTIONS; i++)
    if (options[i].kinds >> kind & 1) list[n++] = options[i].word;
  if (1u << kind & CONV) list[n++] = "kN", list[n++] = "sN", list[n++] = "pN";
  for (int i = 0; i < ACTS && kind != CLGAN_LAYER_SHAPE; i++) list[n++] = acts[i];
  list[n] = NULL;
}

static enum clgan_status unknown_option(struct clgan_parser *p, const struct clgan_layer *l, const char *word) {
  const char *list[OPTIONS + ACTS + 4];
  char all[256];
  allowed_options(l->kind, list);
  clgan_word_list(list, all, sizeof all);
  const char *near = clgan_words_nearest(word, list);
  return clgan_parser_fail(p, "unexpected '%.40s'%s%s%s; allowed: %s", word, near ? " (did you mean '" : "",
                           near ? near : "", near ? "'?)" : "", all);
}

/* kN sN pN */
static bool is_tap_word(const struct clgan_layer *l, const char *w) {
  return (l->kind == CLGAN_LAYER_CONV || l->kind == CLGAN_LAYER_DECONV) && strchr("ksp", w[0]) && w[1] &&
         !w[1 + strspn(w + 1, "0123456789")];
}

static enum clgan_status read_taps(struct clgan_parser *p, struct clgan_layer *l, const char *w) {
  static const int hi[] = {15, 8, 14};
  int which = w[0] == 'k' ? 0 : w[0] == 's' ? 1 : 2, lo = which == 2 ? 0 : 1;
  long x = strlen(w) > 4 ? 9999 : strtol(w + 1, NULL, 10);
  if (x < lo || x > hi[which])
    return clgan_parser_fail(p, "%s '%.20s' is out of range; allowed: %c%d to %c%d",
                             which == 0   ? "kernel"
                             : which == 1 ? "stride"
                                          : "padding",
                             w, w[0], lo, w[0], hi[which]);
  *(which == 0 ? &l->k : which == 1 ? &l->stride : &l->pad) = (int)x;
  return CLGAN_OK;
}

/* An activation, with its slope where a number follows. Sets *found. */
static enum clgan_status read_act(struct clgan_parser *p, struct clgan_layer *l, int *at, bool *found) {
  for (int i = 0; i < ACTS && l->kind != CLGAN_LAYER_SHAPE; i++) {
    if (strcmp(p->words[*at], acts[i])) continue;
    *found = true;
    l->act = (enum clgan_act)i;
    if (l->act != CLGAN_ACT_LRELU || *at + 1 >= p->n || !strchr("0123456789.-+", p->words[*at + 1][0])) return CLGAN_OK;
    const char *slope = p->words[++*at];
    if (!clgan_number_parse(slope, &l->slope) || l->slope <= 0 || l->slope >= 1)
      return clgan_parser_fail(p, "bad slope '%.40s' of lrelu; allowed: a number between 0 and 1, without both", slope);
    return CLGAN_OK;
  }
  return CLGAN_OK;
}

static enum clgan_status one_option(struct clgan_parser *p, struct clgan_layer *l, int *at, unsigned *bit) {
  const char *w = p->words[*at];
  bool found = false;
  *bit = 1u << ACT_BIT;
  CLGAN_TRY(read_act(p, l, at, &found));
  if (found) return CLGAN_OK;
  if (is_tap_word(l, w)) {
    *bit = 1u << (K_BIT + (w[0] == 'k' ? 0 : w[0] == 's' ? 1 : 2));
    return read_taps(p, l, w);
  }
  for (int i = 0; i < OPTIONS; i++) {
    const struct option *o = &options[i];
    size_t n = strlen(o->word);
    if (!(o->kinds >> l->kind & 1) || (o->read ? strncmp(w, o->word, n) : strcmp(w, o->word))) continue;
    *bit = 1u << i;
    if (!o->read) {
      if (o->word[2] == 'b')
        l->nobias = true;
      else
        l->noaffine = true;
      return CLGAN_OK;
    }
    if (!w[n]) return clgan_parser_fail(p, "a value is missing after `%s`", o->word);
    return o->read(p, l, w + n);
  }
  return unknown_option(p, l, w);
}

enum clgan_status clgan_layer_options(struct clgan_parser *p, struct clgan_layer *l, int from) {
  unsigned seen = 0, bit = 0;
  for (int at = from; at < p->n; at++) {
    int start = at;
    CLGAN_TRY(one_option(p, l, &at, &bit));
    if (seen & bit) {
      const char *w = p->words[start];
      return clgan_parser_fail(p, "'%.40s' says again what the line has said; allowed: each option once", w);
    }
    seen |= bit;
  }
  if ((l->kind == CLGAN_LAYER_CONV || l->kind == CLGAN_LAYER_DECONV) && !l->k)
    return clgan_parser_fail(p, "the kernel's size is missing; allowed: kN, e.g. k4 s2 p1");
  return CLGAN_OK;
}
