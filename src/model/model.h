/** @file model.h  A model read from text (docs/file-formats.md): image, latent code, condition, step, nets as layer tables; its
 * parameters; their place on the device; and the emission of a net's forward pass into a graph. */
#ifndef CLGAN_MODEL_MODEL_H
#define CLGAN_MODEL_MODEL_H
#include "base/names.h"
#include "ops/ir.h"

/** JUDGE: net E alone, trained to tell the condition of real images. AUTOENCODER: nets E and G, trained so that G(E(x)) is like x. Both are
 * made by train/judge.c only: texts that users give are refused. */
enum clgan_step_kind { CLGAN_STEP_BCGAN, CLGAN_STEP_BIGAN, CLGAN_STEP_JUDGE, CLGAN_STEP_AUTOENCODER };
enum clgan_layer_kind { CLGAN_LAYER_LINEAR, CLGAN_LAYER_CONV, CLGAN_LAYER_DECONV, CLGAN_LAYER_BATCHNORM, CLGAN_LAYER_ADD, CLGAN_LAYER_SHAPE,
  CLGAN_LAYER_SCORE };
enum clgan_param_role { CLGAN_PARAM_WEIGHT, CLGAN_PARAM_BIAS, CLGAN_PARAM_BN_WEIGHT, CLGAN_PARAM_BN_BIAS, CLGAN_PARAM_RUNNING_MEAN,
  CLGAN_PARAM_RUNNING_VAR, CLGAN_PARAM_U, CLGAN_PARAM_V };

/** One tensor of a net. The file's layout is PyTorch's; the device's is [kh][kw][I][O] (convolutions of both kinds) and [in][out]
 * (linear), where a linear layer's image-shaped input or output is taken in H,W,C order instead of the file's C,H,W. */
struct clgan_param {
  char *name;                     /**< "fc.weight", "conv1.u" */
  enum clgan_param_role role;
  bool trainable;                 /**< weights, biases, affine batch norm: they sit in the net's parameter group */
  int dims;
  uint64_t file_shape[4];
  size_t count;
  struct clgan_shape shape;       /**< on the device */
  size_t offset;                  /**< trainable: elements from the group's start, a multiple of CLGAN_ALIGN */
  int fan_in;                     /**< for the initial bound 1/sqrt(fan_in) */
  int layer;
  const struct clgan_layer *of;   /**< private to model/ */
};

struct clgan_net {
  char *name;                     /**< "G", "E", "D" */
  bool spectral;
  struct clgan_layer *layers;     /**< private to model/ */
  size_t n_layers;
  char *inputs[4];
  int n_inputs;
  bool optional[4];               /**< the input may be left out (CLGAN_NONE): a face encoder's noise */
  char *outputs[4];               /**< G: "x". E: "z", then "factors" where there is a condition, then "features" (clgan_sampler_features). D: "score" */
  int n_outputs;
  int output_value[4];            /**< private: which of the net's values each is */
  struct clgan_param *params;
  size_t n_params, group_count;   /**< elements of the trainable group (padding zero) */
};

/** Settings: the text's defaults, overridden by --set (DESIGN section 5). One flat struct: the step's hyperparameters. */
struct clgan_settings {
  double lambda_x, lambda_z, lambda_a, gamma, lr_d, lr_g, beta1, beta2, adam_eps, weight_decay, ema, init_std /* 0: 1/sqrt(fan_in) */;
  int ramp, batch;
  double penalty;                 /**< of D's slope around real images; 0: none */
  int penalty_every;              /**< steps */
  double mismatch;                /**< of D's loss on images with others' conditions; 0: none */
  double jitter;                  /**< how far training images are turned, scaled, moved and lit anew; 0: not, 1: as a judge's */
  char decay[64];                 /**< "none" or "START:END:FACTOR", see clgan_settings_rate */
  double decay_start, decay_end, decay_factor; /**< of decay, in epochs; factor 1: none */
  bool fakes_teach_encoder, flip, shift, balance, gender;
  int age_range /* 11 or 01 as 11, 1 */, tile, holdout;
  int precision;                  /**< bits of what a training step keeps of activations and their gradients: 32, 16 */
};

struct clgan_model {
  char *name, *text;              /**< text as read, for checkpoints */
  enum clgan_step_kind step;
  int height, width, channels;
  bool pixels_01;                 /**< pixels in 0..1 (bigan-mlp) instead of -1..1 */
  enum clgan_latent_kind latent_kind;
  int latent;                     /**< Z */
  enum clgan_condition_kind condition;
  int classes;                    /**< CLASS */
  struct clgan_names class_names; /**< of the data set it was trained on, from a checkpoint; n 0: classes go by numbers */
  int condition_size;             /**< width of c: classes, or tile * (1 + gender), or 0 */
  int base;
  bool has_base;                  /**< the text has a base line */
  struct clgan_settings settings;
  struct clgan_net nets[3];       /**< G, E, D; one that the step does not have has no name and no tensors */
};
enum { CLGAN_NET_G, CLGAN_NET_E, CLGAN_NET_D };

/** Reads a model. @param spec "digits", "faces64", "bigan-mlp" (embedded), or a file's path. @param base 0: the text's own.
 * @param sets "key=value" strings. Errors name file, line and what is allowed. */
enum clgan_status clgan_model_load(const char *spec, int base, const char *const *sets, size_t n_sets, struct clgan_model **out,
                                   struct clgan_error *e);
/** The same from text (a checkpoint's metadata). @param where is put into messages. */
enum clgan_status clgan_model_parse(const char *text, const char *where, int base, const char *const *sets, size_t n_sets,
                                    struct clgan_model **out, struct clgan_error *e);
void clgan_model_destroy(struct clgan_model *m);
/** Elements of an image: height * width * channels. */
size_t clgan_model_image_size(const struct clgan_model *m);
/** "key=value\n..." of every setting and base, enough to rebuild the model with clgan_model_parse(text, ..., sets). Caller frees. */
char *clgan_model_options_text(const struct clgan_model *m);

/** Names of the embedded models, separated by ", ". Caller frees. */
char *clgan_model_names(void);
/** Key and allowed values of setting @p k (0, 1, ...) that --set takes; NULL after the last. */
const char *clgan_setting_key(size_t k, const char **allowed);
/** Learning rates' factor after @p epoch epochs (a fraction): 1 until decay_start, then falling exponentially to decay_factor at
 * decay_end and staying there. */
double clgan_settings_rate(const struct clgan_settings *s, double epoch);
/** Position of output @p name in net->outputs, or -1. */
int clgan_net_output(const struct clgan_net *net, const char *name);
/** Shape of that output for one example (n = 1). */
struct clgan_shape clgan_net_output_shape(const struct clgan_model *m, const struct clgan_net *net, int output);
/** Position of input @p name in net->inputs, or -1. */
int clgan_net_input(const struct clgan_net *net, const char *name);
/** Param of that name ("fc.weight"), or -1. */
int clgan_net_param(const struct clgan_net *net, const char *name);
/** True if the net has batch norm (then real and generated images must not share a batch: their statistics differ). */
bool clgan_net_has_batchnorm(const struct clgan_net *net);

/** A net's tensors as values of a graph. Value of param i is value[i]; trainable ones are views of `group` (root state value
 * "<prefix>.params"), the others their own state roots "<prefix>.<param name>". */
struct clgan_net_state {
  const struct clgan_net *net;
  int group;
  int *value;                     /**< n_params; kept current by clgan_net_refresh and clgan_net_apply */
};
enum clgan_status clgan_net_state_create(struct clgan_ir *g, const struct clgan_net *net, const char *prefix, struct clgan_net_state *out);
void clgan_net_state_free(struct clgan_net_state *s);
/** After the group got a new version (ADAM, LERP): re-takes the views. */
void clgan_net_refresh(struct clgan_ir *g, struct clgan_net_state *s, int new_group);

enum clgan_bn_mode { CLGAN_BN_TRAIN /**< batch statistics, running ones move */, CLGAN_BN_STILL /**< batch statistics only */,
  CLGAN_BN_INFER /**< running statistics */, CLGAN_BN_ESTIMATE /**< batch statistics; running ones move by `momentum` value */ };
struct clgan_apply {
  enum clgan_bn_mode mode;
  bool frozen;                    /**< no gradient enters the weights (they are detached) */
  int momentum;                   /**< ESTIMATE: value of one element, 1/k at the k-th batch; else CLGAN_NONE */
};
/** Emits the forward pass. @param in values in the order of net->inputs (a face encoder's noise may be CLGAN_NONE: then z = mu).
 * @param out receives the values of net->outputs in order. Spectral layers use scale = SPECTRAL(W, u, v). Linear layers flatten. */
enum clgan_status clgan_net_apply(struct clgan_ir *g, struct clgan_net_state *s, const struct clgan_apply *how, const int *in, int *out);
/** Emits one power iteration for every spectral layer and updates s->value. */
enum clgan_status clgan_net_power_iteration(struct clgan_ir *g, struct clgan_net_state *s);

/** Initial value of every param in the *device* layout (PyTorch's defaults: uniform in +-1/sqrt(fan_in), biases likewise with their
 * layer's fan_in; batch norm 1, 0, running 0, 1; init_std: normal; u, v normal then normalised; 15 power iterations done by the caller
 * on the device or host). Philox keyed by (seed, CLGAN_STREAM_INIT, tensor name), independent of order. @param out [count]. */
void clgan_param_init(const struct clgan_model *m, const struct clgan_net *net, size_t param, uint64_t seed, float *out);
/** Power iterations in double on the host, as the start of training does 15 of: v = normalize(W u), u = normalize(W' v), device
 * layouts; W is [K][O]. */
void clgan_spectral_iterate(const float *w, size_t K, size_t O, float *u, float *v, int times);
/** All of a net on the host as training starts: group[group_count] (padding zero) and other[i] for every param i that is not
 * trainable ([count] each; NULL for the trainable), spectral u and v after 15 power iterations. */
void clgan_net_init(const struct clgan_model *m, const struct clgan_net *net, uint64_t seed, float *group, float *const *other);
/** Where element @p e of the device's layout lies in files. */
size_t clgan_param_file_index(const struct clgan_param *p, size_t e);
/** device[e] = file[clgan_param_file_index(p, e)] and back. */
void clgan_param_to_device(const struct clgan_param *p, const float *file, float *device);
void clgan_param_to_file(const struct clgan_param *p, const float *device, float *file);
#endif
