/** @file model_internal.h  Private to model/: layers, the text's reader, settings. */
#ifndef CLGAN_MODEL_INTERNAL_H
#define CLGAN_MODEL_INTERNAL_H
#include "base/words.h"
#include "model/model.h"

#define CLGAN_LAYER_INPUTS 8
#define CLGAN_MAX_LAYERS 256
#define CLGAN_MAX_WIDTH (1 << 20)    /* channels or features of one value */
#define CLGAN_MAX_ELEMENTS (1 << 24) /* of one value of one example */
#define CLGAN_MAX_WEIGHTS (1 << 28)  /* of one tensor; a net's group stays below 2^31 */

/** Values of a net: 0 .. n_inputs-1 are its inputs, n_inputs + k is the output of layer k. Shapes have n = 1. */
struct clgan_layer {
  enum clgan_layer_kind kind;
  char *name; /* NULL where there are no tensors */
  char *out;  /* name of the output, or NULL */
  int line;
  int in[CLGAN_LAYER_INPUTS], n_in;
  struct clgan_shape in_shape[CLGAN_LAYER_INPUTS];
  struct clgan_shape shape; /* output, of one example */
  struct clgan_shape image; /* LINEAR: its output seen as an image (the next layer is SHAPE), or as shape */
  int features;             /* LINEAR, CONV, DECONV: outputs of the product (2Z where reparam) */
  int k, stride, pad;
  bool nobias, noaffine, has_affine;
  double eps;
  enum clgan_act act;
  double slope, mul, add; /* affine= after the activation */
  double in_scale;
  int init_input; /* position in in[] of initscale=, or -1 */
  double init_scale;
  int noise;    /* net input of reparam=, or -1 */
  int param[8]; /* by role, or -1 */
  bool used;
};

/** Keys of settings, in the order of their table. */
struct clgan_setting;
/** Applies "key" = "value" as written. @param where what the message starts with. A usage error where @p usage, else a
 * format error. */
enum clgan_status clgan_setting_apply(struct clgan_model *m, const char *key, const char *value, enum clgan_status kind,
                                      const char *where, uint64_t *seen, struct clgan_error *e);
void clgan_settings_defaults(struct clgan_settings *s);
/** NULL, or why the key does not apply to the model's step and condition. */
const char *clgan_setting_unfit(const struct clgan_model *m, const char *key);

/** Strict decimal number; false where anything else is in @p s. */
bool clgan_number_parse(const char *s, double *out);
/** "a, b, c" into @p out. */
void clgan_word_list(const char *const *list, char *out, size_t size);

struct clgan_name_value {
  const char *name;
  double value;
};
/** Evaluates an expression: numbers, names, + - * /, parentheses, sqrt(). @return NULL, or what is wrong (static or in
 * @p why). */
const char *clgan_expression_eval(const char *text, const struct clgan_name_value *names, double *out, char *why,
                                  size_t why_size);

/* -- reader -- */
#define CLGAN_WORDS 48
struct clgan_parser {
  const char *where;
  int line;
  struct clgan_error *e;
  struct clgan_model *m;
  char *text;                   /* the current line's words, cut apart */
  char *words[CLGAN_WORDS + 1]; /* NULL-terminated */
  int n;
  const char *raw; /* the current line as it is */
  unsigned seen;   /* header statements */
  uint64_t set_seen;
  struct {
    char *key, *value;
    int line;
  } sets[64];
  int n_sets;
  bool ready; /* the header is complete */
  int base_argument;
  const char *const *arguments;
  size_t n_arguments;
  struct clgan_net *net;
  int net_line;
  unsigned inputs_used; /* bit per input of the net */
};
enum clgan_status clgan_parser_fail(struct clgan_parser *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** Cuts the raw line into words; with @p punctuation each of ( ) [ ] , + is a word of its own. */
enum clgan_status clgan_parser_split(struct clgan_parser *p, bool punctuation);
/** Refuses (and destroys) a model of `step judge` or `step autoencoder`, which draw no images, where a user gives it. */
enum clgan_status clgan_model_refuse_judge(struct clgan_model **m, const char *where, struct clgan_error *e);
/** A whole number of @p what in lo..hi by expression. */
enum clgan_status clgan_parser_size(struct clgan_parser *p, const char *text, const char *what, int lo, int hi,
                                    int *out);
enum clgan_status clgan_parser_real(struct clgan_parser *p, const char *text, const char *what, double *out);
bool clgan_name_valid(const char *s);
bool clgan_layer_kind_known(const char *word);
enum clgan_status clgan_net_begin(struct clgan_parser *p);
enum clgan_status clgan_net_line(struct clgan_parser *p);
enum clgan_status clgan_net_end(struct clgan_parser *p);
/** Options after a layer's positional words (layer_options.c). */
enum clgan_status clgan_layer_options(struct clgan_parser *p, struct clgan_layer *l, int from);
/** Adds a value by name to the layer's inputs. */
enum clgan_status clgan_layer_take(struct clgan_parser *p, struct clgan_layer *l, const char *name);
/** Value of that name, or -1. */
int clgan_net_value(const struct clgan_net *net, const char *name);
struct clgan_shape clgan_net_value_shape(const struct clgan_model *m, const struct clgan_net *net, int value);
/** Shape inference of the last layer added (layer_shape.c). */
enum clgan_status clgan_layer_infer(struct clgan_parser *p, struct clgan_layer *l);
/** Tables of a net's params; false: too large. */
bool clgan_params_build(struct clgan_net *net);
void clgan_net_free(struct clgan_net *net);
#endif
