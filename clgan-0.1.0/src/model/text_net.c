/* text_net.c - the nets of a model's text: the net line, layer lines, and what a complete net must be. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "model/model_internal.h"

static const char *const kind_words[] = {"linear", "conv",  "deconv", "batchnorm",
                                         "add",    "shape", "score",  NULL}; /* enum clgan_layer_kind */

bool clgan_layer_kind_known(const char *word) {
  for (int k = 0; kind_words[k]; k++)
    if (!strcmp(word, kind_words[k])) return true;
  return false;
}

/* What the step feeds each net. */
static const char *inputs_of(const struct clgan_model *m, int net) {
  bool c = m->condition != CLGAN_CONDITION_NONE;
  return net == CLGAN_NET_G ? (c ? "(z,c)" : "(z)") : net == CLGAN_NET_E ? "(x)" : c ? "(x,z,c)" : "(x,z)";
}

static enum clgan_status net_inputs(struct clgan_parser *p, int which, int *at) {
  char got[64] = "";
  const char *want = inputs_of(p->m, which);
  struct clgan_net *net = p->net;
  bool noise = false;
  for (; *at < p->n; ++*at) {
    const char *w = p->words[*at];
    if (strlen(got) + strlen(w) + 1 >= sizeof got) break;
    strcat(got, w);
    if (!strcmp(w, ")")) break;
  }
  if (which == CLGAN_NET_E && !strcmp(got, "(x,[noise])")) noise = true;
  if (!noise && strcmp(got, want))
    return clgan_parser_fail(p, "bad inputs '%s' of net %s; allowed: %s%s", got, net->name, want,
                             which == CLGAN_NET_E ? ", (x,[noise])" : "");
  ++*at;
  for (const char *c = want; *c; c++)
    if (!strchr("(,)", *c)) net->inputs[net->n_inputs++] = clgan_mem_printf("%c", *c);
  if (noise) {
    net->optional[net->n_inputs] = true;
    net->inputs[net->n_inputs++] = clgan_mem_strdup("noise");
  }
  return CLGAN_OK;
}

enum clgan_status clgan_net_begin(struct clgan_parser *p) {
  static const char *const names[] = {"G", "E", "D"};
  int which = -1, at = 2;
  CLGAN_TRY(clgan_parser_split(p, true));
  for (int k = 0; k < 3 && p->n > 1; k++)
    if (!strcmp(p->words[1], names[k])) which = k;
  if (which < 0)
    return clgan_parser_fail(p,
                             "unknown net '%.20s'; allowed: net G (generator), net E (encoder), net D (discriminator)",
                             p->n > 1 ? p->words[1] : "");
  p->net = &p->m->nets[which];
  if (p->net->name)
    return clgan_parser_fail(p, "a second net %s; allowed: one each of net G, net E, net D", names[which]);
  p->net->name = clgan_mem_strdup(names[which]);
  p->net_line = p->line;
  p->inputs_used = 0;
  CLGAN_TRY(net_inputs(p, which, &at));
  if (at < p->n && !strcmp(p->words[at], "spectral")) p->net->spectral = true, at++;
  if (at < p->n)
    return clgan_parser_fail(p, "unexpected '%.40s' after net %s; allowed: spectral, or nothing", p->words[at],
                             names[which]);
  return CLGAN_OK;
}

int clgan_net_value(const struct clgan_net *net, const char *name) {
  for (int i = 0; i < net->n_inputs; i++)
    if (!strcmp(net->inputs[i], name)) return i;
  for (size_t i = 0; i < net->n_layers; i++)
    if (net->layers[i].out && !strcmp(net->layers[i].out, name)) return net->n_inputs + (int)i;
  return -1;
}

struct clgan_shape clgan_net_value_shape(const struct clgan_model *m, const struct clgan_net *net, int value) {
  if (value >= net->n_inputs) return net->layers[value - net->n_inputs].shape;
  switch (net->inputs[value][0]) {
    case 'x': return clgan_shape_of(1, m->height, m->width, m->channels);
    case 'c': return clgan_shape_of(1, 1, 1, m->condition_size);
    default: return clgan_shape_of(1, 1, 1, m->latent); /* z, noise */
  }
}

static void take(struct clgan_parser *p, struct clgan_layer *l, int value) {
  struct clgan_net *net = p->net;
  if (value < net->n_inputs)
    p->inputs_used |= 1u << value;
  else
    net->layers[value - net->n_inputs].used = true;
  l->in_shape[l->n_in] = clgan_net_value_shape(p->m, net, value);
  l->in[l->n_in++] = value;
}

static enum clgan_status undefined(struct clgan_parser *p, const char *name) {
  const struct clgan_net *net = p->net;
  const char *list[4 + CLGAN_MAX_LAYERS + 1];
  char all[400];
  int n = 0;
  for (int i = 0; i < net->n_inputs; i++)
    if (!net->optional[i]) list[n++] = net->inputs[i];
  for (size_t i = 0; i < net->n_layers; i++)
    if (net->layers[i].out) list[n++] = net->layers[i].out;
  list[n] = NULL;
  clgan_word_list(list, all, sizeof all);
  const char *near = clgan_words_nearest(name, list);
  return clgan_parser_fail(p, "undefined name '%.40s'%s%s%s; allowed: %s (inputs of the net and earlier out= names)",
                           name, near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "", all);
}

enum clgan_status clgan_layer_take(struct clgan_parser *p, struct clgan_layer *l, const char *name) {
  int value = clgan_net_value(p->net, name);
  if (value < 0) return undefined(p, name);
  if (value < p->net->n_inputs && p->net->optional[value])
    return clgan_parser_fail(p, "'%s' is an optional input; allowed: only in reparam=%s", name, name);
  if (l->n_in == CLGAN_LAYER_INPUTS) return clgan_parser_fail(p, "more than %d inputs of a layer", CLGAN_LAYER_INPUTS);
  take(p, l, value);
  return CLGAN_OK;
}

static enum clgan_status score_line(struct clgan_parser *p, struct clgan_layer *l) {
  CLGAN_TRY(clgan_parser_split(p, true));
  char **w = p->words;
  bool plain = p->n == 2;
  bool dot = p->n == 9 && !strcmp(w[2], "+") && !strcmp(w[3], "dot") && !strcmp(w[4], "(") && !strcmp(w[6], ",") &&
             !strcmp(w[8], ")");
  if (!plain && !dot) return clgan_parser_fail(p, "malformed score; allowed: score NAME, score NAME + dot(NAME, NAME)");
  if (p->net != &p->m->nets[CLGAN_NET_D])
    return clgan_parser_fail(p, "net %s has no score; allowed: in net D", p->net->name);
  CLGAN_TRY(clgan_layer_take(p, l, w[1]));
  if (dot) {
    CLGAN_TRY(clgan_layer_take(p, l, w[5]));
    CLGAN_TRY(clgan_layer_take(p, l, w[7]));
  }
  return clgan_layer_infer(p, l);
}

/* The layer's name and kind; @p at: where its values start. */
static enum clgan_status layer_head(struct clgan_parser *p, struct clgan_layer *l, int *at) {
  int kind = -1;
  for (int w = 0; w < 2 && w < p->n && kind < 0; w++)
    for (int k = 0; kind_words[k]; k++)
      if (!strcmp(p->words[w], kind_words[k])) kind = k, *at = w + 1;
  if (kind < 0) {
    char all[128];
    const char *word = p->n > 1 ? p->words[1] : p->words[0], *near = clgan_words_nearest(word, kind_words);
    if (!near && p->n > 1) near = clgan_words_nearest(p->words[0], kind_words);
    clgan_word_list(kind_words, all, sizeof all);
    return clgan_parser_fail(p, "unknown layer '%.40s'%s%s%s; allowed: NAME and one of %s", word,
                             near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "", all);
  }
  l->kind = (enum clgan_layer_kind)kind;
  bool tensors = kind <= CLGAN_LAYER_BATCHNORM;
  if (tensors && *at == 1 && p->n > 1 && clgan_layer_kind_known(p->words[1]))
    return clgan_parser_fail(p, "'%s' is a kind of layer and no name; allowed: NAME %s ...", p->words[0], p->words[1]);
  if (tensors != (*at == 2))
    return clgan_parser_fail(p,
                             tensors ? "the layer's name is missing before `%s`; allowed: NAME %s ..."
                                     : "a `%s` line has no name; allowed: %s ...",
                             kind_words[kind], kind_words[kind]);
  if (!tensors) return CLGAN_OK;
  if (!clgan_name_valid(p->words[0]))
    return clgan_parser_fail(p, "bad name '%.40s'; allowed: a letter, then letters, digits and '_', at most 31",
                             p->words[0]);
  for (size_t i = 0; i < p->net->n_layers; i++)
    if (p->net->layers[i].name && !strcmp(p->net->layers[i].name, p->words[0]))
      return clgan_parser_fail(p, "a second layer '%s' in net %s (the first is in line %d); allowed: names that differ",
                               p->words[0], p->net->name, p->net->layers[i].line);
  l->name = clgan_mem_strdup(p->words[0]);
  return CLGAN_OK;
}

static enum clgan_status layer_values(struct clgan_parser *p, struct clgan_layer *l, int *at) {
  int size[3], wanted = l->kind == CLGAN_LAYER_SHAPE ? 3 : l->kind <= CLGAN_LAYER_DECONV ? 1 : 0;
  static const char *const usage[] = {
      "NAME linear FEATURES",       "NAME conv CHANNELS kN sN pN", "NAME deconv CHANNELS kN sN pN", "", "",
      "shape HEIGHT WIDTH CHANNELS"};
  for (int i = 0; i < wanted; i++) {
    if (*at >= p->n)
      return clgan_parser_fail(p, "a value is missing after `%s`; allowed: %s", p->words[p->n - 1], usage[l->kind]);
    CLGAN_TRY(clgan_parser_size(p, p->words[(*at)++],
                                l->kind == CLGAN_LAYER_LINEAR ? "number of features"
                                : i == wanted - 1             ? "number of channels"
                                                              : "size",
                                1, CLGAN_MAX_WIDTH, &size[i]));
  }
  if (wanted == 1) l->features = size[0];
  if (wanted == 3) l->shape = clgan_shape_of(1, size[0], size[1], size[2]);
  return CLGAN_OK;
}

static enum clgan_status read_layer(struct clgan_parser *p, struct clgan_layer *l) {
  struct clgan_net *net = p->net;
  int at = 0;
  CLGAN_TRY(layer_head(p, l, &at));
  if (l->kind == CLGAN_LAYER_SCORE) return score_line(p, l);
  CLGAN_TRY(layer_values(p, l, &at));
  CLGAN_TRY(clgan_layer_options(p, l, at));
  if (!l->n_in) { /* what the line before gives, or the net's first input */
    if (l->kind == CLGAN_LAYER_ADD) return clgan_parser_fail(p, "`add` needs its inputs; allowed: add in=A,B");
    take(p, l, net->n_layers ? net->n_inputs + (int)net->n_layers - 1 : 0);
  }
  return clgan_layer_infer(p, l);
}

enum clgan_status clgan_net_line(struct clgan_parser *p) {
  struct clgan_net *net = p->net;
  struct clgan_layer l = {.line = p->line,
                          .stride = 1,
                          .eps = 1e-5,
                          .slope = 0.2,
                          .mul = 1,
                          .in_scale = 1,
                          .init_input = -1,
                          .init_scale = 1,
                          .noise = -1};
  for (int i = 0; i < 8; i++) l.param[i] = -1;
  enum clgan_status status = CLGAN_OK;
  if (net->n_layers == CLGAN_MAX_LAYERS)
    status = clgan_parser_fail(p, "more than %d layers in a net", CLGAN_MAX_LAYERS);
  else if (net->n_layers && net->layers[net->n_layers - 1].kind == CLGAN_LAYER_SCORE)
    status = clgan_parser_fail(p, "a line after `score`; allowed: score is the last line of net D");
  if (status == CLGAN_OK) status = read_layer(p, &l);
  if (status != CLGAN_OK) {
    clgan_mem_free(l.name);
    clgan_mem_free(l.out);
    return status;
  }
  net->layers = clgan_mem_realloc(net->layers, net->n_layers + 1, sizeof *net->layers);
  net->layers[net->n_layers++] = l;
  return CLGAN_OK;
}

/* -- complete nets -- */
static void add_output(struct clgan_net *net, const char *name, int value) {
  net->outputs[net->n_outputs] = clgan_mem_strdup(name);
  net->output_value[net->n_outputs++] = value;
  net->layers[value - net->n_inputs].used = true;
}

static enum clgan_status named_output(struct clgan_parser *p, const char *name, int size, const char *what) {
  struct clgan_net *net = p->net;
  int value = clgan_net_value(net, name);
  if (value < net->n_inputs)
    return clgan_parser_fail(p, "net E gives no '%s'; allowed: a layer of %d features with out=%s", name, size, name);
  struct clgan_shape s = clgan_net_value_shape(p->m, net, value);
  p->line = net->layers[value - net->n_inputs].line;
  if (s.h != 1 || s.w != 1 || s.c != size)
    return clgan_parser_fail(p, "'%s' has shape %dx%dx%d; allowed: %d features (%s)", name, s.h, s.w, s.c, size, what);
  add_output(net, name, value);
  p->line = p->net_line;
  return CLGAN_OK;
}

/* The value called so, else what the layer that gives z reads: E's last hidden layer. */
static void add_features(struct clgan_net *net) {
  int value = clgan_net_value(net, "features"), z = net->output_value[0];
  if (value < net->n_inputs) value = net->layers[z - net->n_inputs].in[0];
  if (value >= net->n_inputs) add_output(net, "features", value);
}

static enum clgan_status outputs(struct clgan_parser *p) {
  const struct clgan_model *m = p->m;
  struct clgan_net *net = p->net;
  int last = net->n_inputs + (int)net->n_layers - 1;
  const struct clgan_layer *l = &net->layers[net->n_layers - 1];
  if (net == &m->nets[CLGAN_NET_G]) {
    if (l->shape.h != m->height || l->shape.w != m->width || l->shape.c != m->channels) {
      p->line = l->line;
      return clgan_parser_fail(p, "net G ends with shape %dx%dx%d; allowed: the image's, %dx%dx%d", l->shape.h,
                               l->shape.w, l->shape.c, m->height, m->width, m->channels);
    }
    add_output(net, "x", last);
  } else if (net == &m->nets[CLGAN_NET_E]) {
    bool face = m->condition == CLGAN_CONDITION_FACE;
    CLGAN_TRY(named_output(p, "z", m->latent, "the latent code"));
    if (m->condition != CLGAN_CONDITION_NONE)
      CLGAN_TRY(named_output(p, "factors", face ? 1 + m->settings.gender : m->classes,
                             face ? "age, and gender where it is on" : "one per class"));
    add_features(net);
  } else {
    if (l->kind != CLGAN_LAYER_SCORE)
      return clgan_parser_fail(p,
                               "net D has no score; allowed: a last line score NAME, or score NAME + dot(NAME, NAME)");
    add_output(net, "score", last);
  }
  return CLGAN_OK;
}

enum clgan_status clgan_net_end(struct clgan_parser *p) {
  struct clgan_net *net = p->net;
  int line = p->line;
  p->line = p->net_line;
  if (!net->n_layers) return clgan_parser_fail(p, "net %s has no layers", net->name);
  CLGAN_TRY(outputs(p));
  for (int i = 0; i < net->n_inputs; i++)
    if (!(p->inputs_used >> i & 1))
      return clgan_parser_fail(p, "net %s never uses its input '%s'", net->name, net->inputs[i]);
  for (size_t i = 0; i < net->n_layers; i++) {
    const struct clgan_layer *l = &net->layers[i];
    p->line = l->line;
    if (!l->used)
      return clgan_parser_fail(
          p, "nothing uses the output of '%s'; allowed: the next line without in=, in=%s in a later one",
          l->out    ? l->out
          : l->name ? l->name
                    : kind_words[l->kind],
          l->out ? l->out : "NAME with out=NAME here");
  }
  p->line = p->net_line;
  if (!clgan_params_build(net))
    return clgan_parser_fail(p, "net %s is too large; allowed: 2^28 elements in a tensor, 2^31 in a net", net->name);
  p->line = line;
  return CLGAN_OK;
}
