/* test_model.c: the three models' tensors against the reference script's, and a row for every mistake of a text. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/model.h"
#include "model_tensors.h"
#include "unit.h"

/* -- names and shapes -- */
enum { ROWS = sizeof expected_tensors / sizeof expected_tensors[0] };

static struct clgan_model *load(const char *spec, int base, const char *const *sets, size_t n) {
  struct clgan_error e = {0};
  struct clgan_model *m = NULL;
  if (clgan_model_load(spec, base, sets, n, &m, &e) != CLGAN_OK) fail_msg("%s", e.text);
  return m;
}

/* Every tensor of the block that starts at `row` is a param of the model, and the other way round. */
static size_t check_block(size_t row) {
  const struct expected *head = &expected_tensors[row];
  size_t sets = 0, rows = 0, params = 0;
  while (head->sets[sets]) sets++;
  struct clgan_model *m = load(head->model, 0, head->sets, sets);
  for (row++; row < ROWS && !expected_tensors[row].model; row++, rows++) {
    const char *name = expected_tensors[row].name, *dot = strchr(name, '.');
    const struct clgan_net *net = &m->nets[name[0] == 'G' ? 0 : name[0] == 'E' ? 1 : 2];
    int p = clgan_net_param(net, dot + 1);
    char shape[64] = "";
    if (p < 0) fail_msg("%s: the model has no %s", head->model, name);
    for (int d = 0; d < net->params[p].dims; d++)
      snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%s%llu", d ? " " : "",
               (unsigned long long)net->params[p].file_shape[d]);
    if (strcmp(shape, expected_tensors[row].shape))
      fail_msg("%s %s: %s, not %s", head->model, name, shape, expected_tensors[row].shape);
  }
  for (int k = 0; k < 3; k++) params += m->nets[k].n_params * (k < 2 && m->step == CLGAN_STEP_BCGAN ? 2 : 1);
  assert_int_equal(rows, params);
  clgan_model_destroy(m);
  return row;
}

static void tensors_of_the_reference(void **state) {
  size_t row = 0, blocks = 0;
  (void)state;
  while (row < ROWS) row = check_block(row), blocks++;
  assert_int_equal(blocks, 5);
}

static void headers_of_the_models(void **state) {
  (void)state;
  struct clgan_model *m = load("digits", 0, NULL, 0);
  assert_string_equal(m->name, "digits");
  assert_true(m->latent_kind == CLGAN_LATENT_UNIFORM && m->latent == 50 && m->condition_size == 10 && m->base == 32);
  assert_true(m->settings.fakes_teach_encoder && !m->settings.flip && m->settings.batch == 128 && !m->pixels_01);
  assert_true(m->settings.lambda_x == 1 && m->settings.lambda_z == 1 && m->settings.ramp == 1000 &&
              m->settings.ema == 0.999);
  assert_true(m->nets[2].spectral && !m->nets[0].spectral && !clgan_net_has_batchnorm(&m->nets[2]));
  clgan_model_destroy(m);
  m = load("faces64", 16, NULL, 0);
  assert_true(m->base == 16 && m->condition_size == 100 && m->settings.lambda_x == 3 && m->settings.lambda_z == 0.3);
  assert_true(!m->settings.fakes_teach_encoder && m->settings.flip && m->settings.shift && m->settings.age_range == 11);
  assert_int_equal(m->nets[1].n_inputs, 2);
  assert_true(m->nets[1].optional[1] && !m->nets[1].optional[0]);
  assert_int_equal(clgan_net_output(&m->nets[1], "z"), 0);
  assert_int_equal(clgan_net_output(&m->nets[1], "factors"), 1);
  assert_int_equal(clgan_net_output(&m->nets[2], "score"), 0);
  assert_int_equal(clgan_net_output(&m->nets[2], "h"), -1);
  clgan_model_destroy(m);
  m = load("bigan-mlp", 0, NULL, 0);
  assert_true(m->step == CLGAN_STEP_BIGAN && m->pixels_01 && m->condition_size == 0 &&
              m->settings.weight_decay == 2.5e-5);
  assert_true(m->settings.init_std == 0.02 && clgan_net_has_batchnorm(&m->nets[2]));
  assert_int_equal(clgan_net_output(&m->nets[1], "features"), 1);
  assert_true(clgan_settings_rate(&m->settings, 0) == 1 && clgan_settings_rate(&m->settings, 200) == 1);
  assert_true(fabs(clgan_settings_rate(&m->settings, 300) - 0.1) < 1e-12);
  assert_true(fabs(clgan_settings_rate(&m->settings, 1000) - 0.01) < 1e-12);
  clgan_model_destroy(m);
  char *names = clgan_model_names();
  assert_string_equal(names, "bigan-mlp, digits, faces64");
  clgan_mem_free(names);
}

/* Options text rebuilds the same settings. */
static void options_round_trip(void **state) {
  static const char *const sets[] = {"lambda_x=0.1", "tile=3",          "gender=off", "age_range=01",
                                     "flip=off",     "decay=1:2.5:0.5", "holdout=7",  "base=9"};
  struct clgan_error e = {0};
  (void)state;
  struct clgan_model *m = load("faces64", 0, sets, 8), *again = NULL;
  assert_true(m->condition_size == 3 && m->base == 9 && m->settings.holdout == 7 && m->settings.decay_end == 2.5);
  char *options = clgan_model_options_text(m), *copy = clgan_mem_strdup(options);
  const char *lines[64];
  size_t n = 0;
  for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n")) lines[n++] = line;
  assert_int_equal(clgan_model_parse(m->text, "again", 0, lines, n, &again, &e), CLGAN_OK);
  char *second = clgan_model_options_text(again);
  assert_string_equal(options, second);
  assert_memory_equal(&m->settings, &again->settings, sizeof m->settings);
  clgan_mem_free(options), clgan_mem_free(copy), clgan_mem_free(second);
  clgan_model_destroy(m), clgan_model_destroy(again);
}

/* -- mistakes -- */
static const char good[] =                  /* line numbers count from 1 */
    "clgan-model 1\n"                       /* 1 */
    "step bcgan\n"                          /* 2 */
    "image 8 8 1\n"                         /* 3 */
    "latent uniform 4\n"                    /* 4 */
    "condition class 3\n"                   /* 5 */
    "base 2\n"                              /* 6 */
    "set lambda_x 1   # a comment\r\n"      /* 7 */
    "net G (z, c)\n"                        /* 8 */
    "  fc linear 4*4*base nobias in=z,c\n"  /* 9 */
    "     shape 4 4 base\n"                 /* 10 */
    "  bn batchnorm relu\n"                 /* 11 */
    "  up deconv 1 k4 s2 p1 tanh\n"         /* 12 */
    "net E (x)\n"                           /* 13 */
    "  cv conv base k4 s2 p1 lrelu 0.1\n"   /* 14 */
    "  fc linear 5 lrelu out=h\n"           /* 15 */
    "  z linear latent in=h out=z\n"        /* 16 */
    "  c linear classes in=h out=factors\n" /* 17 */
    "\n"                                    /* 18 */
    "net D (x, z, c) spectral\n"            /* 19 */
    "  fx linear 6 out=hx\n"                /* 20 */
    "  fz linear 6 in=z out=hz\n"           /* 21 */
    "  j linear 6 relu in=hx,hz out=h\n"    /* 22 */
    "  o linear 1 in=h out=s\n"             /* 23 */
    "  p linear 6 nobias in=c out=v\n"      /* 24 */
    "    score s + dot(v, h)\n";            /* 25 */

/* `good` with the first `from` replaced by `to`. */
static char *replaced(const char *text, const char *from, const char *to) {
  const char *at = strstr(text, from);
  if (!at) fail_msg("the row's '%s' is not in the text", from);
  return clgan_mem_printf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

/* A layer may bear a statement's name. */
static void statement_words_name_layers(void **state) {
  struct clgan_error e = {0};
  struct clgan_model *m = NULL;
  (void)state;
  char *text = replaced(good, "fx linear", "set linear");
  if (clgan_model_parse(text, "m", 0, NULL, 0, &m, &e) != CLGAN_OK) fail_msg("%s", e.text);
  assert_true(clgan_net_param(&m->nets[2], "set.weight") >= 0);
  clgan_mem_free(text);
  clgan_model_destroy(m);
}

static void good_text_parses(void **state) {
  struct clgan_error e = {0};
  struct clgan_model *m = NULL;
  (void)state;
  if (clgan_model_parse(good, "dir/good.model", 0, NULL, 0, &m, &e) != CLGAN_OK) fail_msg("%s", e.text);
  assert_string_equal(m->name, "good");
  assert_string_equal(m->text, good);
  clgan_model_destroy(m);
}

static const struct {
  const char *from, *to, *message; /* message: from the line number on */
} mistakes[] = {
    {"clgan-model 1", "clgan-model 2", "1: unknown version '2'"},
    {"clgan-model 1", "clgan-model", "1: unknown version ''"},
    {"clgan-model 1\n", "", "1: this is no model text"},
    {"step bcgan", "stp bcgan", "2: unknown statement 'stp' (did you mean 'step'?); allowed: name, step"},
    {"step bcgan", "step bcgn", "2: unknown step 'bcgn' (did you mean 'bcgan'?); allowed: bcgan, bigan"},
    {"step bcgan", "step", "2: a value is missing after `step`; allowed: step bcgan"},
    {"step bcgan", "step bcgan twice", "2: unexpected 'twice'"},
    {"step bcgan\n", "", "7: `step` is missing before the first net"},
    {"step bcgan", "step bigan", "8: step bigan has no condition"},
    {"image 8 8 1", "image 8 8", "3: a value is missing after `8`; allowed: image HEIGHT"},
    {"image 8 8 1", "image 8 eight 1", "3: image width 'eight' is no number"},
    {"image 8 8 1", "image 8 0 1", "3: image width is 0; allowed: a whole number from 1 to 1024"},
    {"image 8 8 1", "image 8 8 4", "3: image channels is 4; allowed: a whole number from 1 to 3"},
    {"image 8 8 1", "image 8 8 2", "3: an image has no 2 channels"},
    {"image 8 8 1", "image 8 99999999999999999999 1", "3: image width is 99999999999999999999"},
    {"image 8 8 1", "image 8 8.5 1", "3: image width is 8.5"},
    {"image 8 8 1", "image 8 0x8 1", "3: image width '0x8' is no number"},
    {"image 8 8 1\n", "image 8 8 1\nimage 8 8 1\n", "4: a second `image` line"},
    {"image 8 8 1\n", "image 8 8 1\npixels 0 255\n", "4: unknown pixel range '0 255'; allowed: -1 1, 0 1"},
    {"image 8 8 1\n", "image 8 8 1\nname a/b\n", "4: bad name 'a/b'"},
    {"latent uniform 4", "latent unifrom 4", "4: unknown latent distribution 'unifrom' (did you mean 'uniform'?)"},
    {"latent uniform 4", "latent uniform -1", "4: latent size is -1"},
    {"condition class 3", "condition class", "5: the number of classes is missing"},
    {"condition class 3", "condition face 3", "5: too many words"},
    {"condition class 3", "condition class 1000",
     "5: number of classes is 1000; allowed: a whole number from 2 to 256"},
    {"condition class 3", "condition none", "8: step bcgan needs a condition"},
    {"base 2", "base two", "6: base 'two' is no number"},
    {"base 2\n", "", "8: number of features '4*4*base': unknown name 'base'"},
    {"set lambda_x 1", "set lamda_x 1",
     "7: unknown setting 'lamda_x' (did you mean 'lambda_x'?); allowed: lambda_x, lambda_z"},
    {"set lambda_x 1", "set lambda_x", "7: a value is missing after `lambda_x`"},
    {"set lambda_x 1", "set lambda_x one", "7: bad value 'one' for lambda_x; allowed: a number from 0 to 1000"},
    {"set lambda_x 1", "set lambda_x nan", "7: bad value 'nan' for lambda_x"},
    {"set lambda_x 1", "set lambda_x 1e999", "7: bad value '1e999' for lambda_x"},
    {"set lambda_x 1", "set flip yes", "7: bad value 'yes' for flip; allowed: on, off"},
    {"set lambda_x 1", "set decay 2:1:0.5", "7: bad value '2:1:0.5' for decay; allowed: none, or START:END:FACTOR"},
    {"set lambda_x 1", "set ramp 0.5", "7: bad value '0.5' for ramp"},
    {"set lambda_x 1", "set tile 2", "7: setting 'tile' has no effect here: only models with `condition face`"},
    {"set lambda_x 1", "set gamma 1\nset gamma 1", "8: setting 'gamma' is set twice"},
    {"net G (z, c)", "net H (z, c)", "8: unknown net 'H'; allowed: net G"},
    {"net G (z, c)", "net G (z)", "8: bad inputs '(z)' of net G; allowed: (z,c)"},
    {"net G (z, c)", "net G z, c", "8: bad inputs 'z,c' of net G"},
    {"net E (x)", "net E (x, noise)", "13: bad inputs '(x,noise)' of net E; allowed: (x), (x,[noise])"},
    {"net E (x)", "net G (z, c)", "13: a second net G"},
    {"(x, z, c) spectral", "(x, z, c) spectrl", "19: unexpected 'spectrl' after net D; allowed: spectral"},
    {"net D (x, z, c) spectral\n", "", "21: 'h' is a name already"}, /* its lines are taken for E's */
    {"fc linear 4*4*base", "fc liner 4*4*base",
     "9: unknown layer 'liner' (did you mean 'linear'?); allowed: NAME and one of linear"},
    {"fc linear 4*4*base", "linear 4*4*base", "9: the layer's name is missing before `linear`"},
    {"fc linear 4*4*base", "conv linear 4*4*base", "9: 'conv' is a kind of layer and no name; allowed: NAME linear"},
    {"fc linear 4*4*base", "f-c linear 4*4*base", "9: bad name 'f-c'"},
    {"fc linear 4*4*base", "fc linear", "9: number of features 'nobias': unknown name 'nobias'"},
    {"     shape 4 4 base\n", "     shape 4 4\n",
     "10: a value is missing after `4`; allowed: shape HEIGHT WIDTH CHANNELS"},
    {"     shape 4 4 base\n", "     s shape 4 4 base\n", "10: a `shape` line has no name"},
    {"     shape 4 4 base\n", "     shape 4 5 base\n", "10: shape 4x5x2 has 40 elements, the layer before gives 32"},
    {"     shape 4 4 base\n", "  bn0 batchnorm\n shape 4 4 base\n", "11: `shape` must follow a linear layer"},
    {"4*4*base nobias", "4*4*bass nobias",
     "9: number of features '4*4*bass': unknown name 'bass' (did you mean 'base'?); allowed: base"},
    {"4*4*base nobias", "4*4*(base nobias", "9: number of features '4*4*(base': a ')' is missing"},
    {"4*4*base nobias", "4**base nobias", "9: number of features '4**base': a number or a name is missing"},
    {"4*4*base nobias", "4*4/0 nobias", "9: number of features '4*4/0': division by zero"},
    {"4*4*base nobias", "4*4* nobias", "9: number of features '4*4*': it ends too early"},
    {"4*4*base nobias", "4)*4 nobias", "9: number of features '4)*4': a '(' is missing"},
    {"4*4*base nobias", "1.5 nobias", "9: number of features '1.5' is 1.5; allowed: a whole number"},
    {"4*4*base nobias", "99999999 nobias",
     "9: number of features '99999999' is 1e+08; allowed: a whole number from 1 to 1048576"},
    {"4*4*base nobias", "1000000*1000000*1000000 nobias", "9: number of features '1000000*1000000*1000000' is 1e+18"},
    {"nobias in=z,c", "nobais in=z,c", "9: unexpected 'nobais' (did you mean 'nobias'?); allowed: in=, out=, nobias"},
    {"nobias in=z,c", "nobias nobias in=z,c", "9: 'nobias' says again"},
    {"nobias in=z,c", "nobias in=z,q", "9: undefined name 'q'; allowed: z, c"},
    {"nobias in=z,c", "nobias in=z,", "9: malformed in=z,"},
    {"nobias in=z,c", "nobias in=", "9: a value is missing after `in=`"},
    {"nobias in=z,c", "nobias in=z", "8: net G never uses its input 'c'"},
    {"nobias in=z,c", "nobias in=z,c initscale=x:2", "9: initscale names 'x'"},
    {"nobias in=z,c", "nobias in=z,c initscale=c:0", "9: initscale 'c:0' is 0; allowed: above 0"},
    {"nobias in=z,c", "nobias in=z,c inscale=1-2", "9: inscale '1-2' is -1; allowed: above 0"},
    {"nobias in=z,c", "nobias in=z,c affine=2", "9: malformed affine=2"},
    {"nobias in=z,c", "nobias in=z,c reparam=noise", "9: reparam=noise names no optional input"},
    {"bn batchnorm relu", "fc batchnorm relu", "11: a second layer 'fc' in net G (the first is in line 9)"},
    {"bn batchnorm relu", "bn batchnorm reul", "11: unexpected 'reul' (did you mean 'relu'?)"},
    {"bn batchnorm relu", "bn batchnorm eps=0 relu", "11: bad eps '0'"},
    {"bn batchnorm relu", "bn batchnorm relu tanh", "11: 'tanh' says again"},
    {"bn batchnorm relu", "bn batchnorm relu k3", "11: unexpected 'k3'"},
    {"deconv 1 k4 s2 p1 tanh", "deconv 1 s2 p1 tanh", "12: the kernel's size is missing"},
    {"deconv 1 k4 s2 p1 tanh", "deconv 1 k99 s2 p1 tanh", "12: kernel 'k99' is out of range; allowed: k1 to k15"},
    {"deconv 1 k4 s2 p1 tanh", "deconv 1 k4 s0 p1 tanh", "12: stride 's0' is out of range; allowed: s1 to s8"},
    {"deconv 1 k4 s2 p1 tanh", "deconv 1 k4 s2 p4 tanh", "12: padding 4 with a kernel of 4"},
    {"deconv 1 k4 s2 p1 tanh", "deconv 1 k3 s2 p1 tanh",
     "12: net G ends with shape 7x7x1; allowed: the image's, 8x8x1"},
    {"deconv 1 k4 s2 p1 tanh", "deconv 1 k4 s2 p1 none\n x conv 1 k15 s1 p0",
     "13: a kernel of 15 does not fit an input of 8x8"},
    {"deconv 1 k4 s2 p1 tanh", "deconv 70000 k15 s8 p0", "12: 39x39x70000 is too large"},
    {"deconv 1 k4 s2 p1 tanh", "deconv base k4 s2 p1", "12: net G ends with shape 8x8x2"},
    {"lrelu 0.1", "lrelu 1", "14: bad slope '1' of lrelu"},
    {"fc linear 5 lrelu out=h", "fc linear 5 lrelu out=x", "15: 'x' is a name already"},
    {"fc linear 5 lrelu out=h", "fc linear 5 lrelu out=h out=k", "15: 'out=k' says again what the line has said"},
    {"fc linear 5 lrelu out=h", "fc linear 5 lrelu out=1", "15: bad name '1'"},
    {"in=h out=z", "in=hh out=z", "16: undefined name 'hh'"},
    {"in=h out=z", "in=h", "13: net E gives no 'z'; allowed: a layer of 4 features with out=z"},
    {"z linear latent", "z linear 5", "16: 'z' has shape 1x1x5; allowed: 4 features (the latent code)"},
    {"c linear classes", "c linear 2", "17: 'factors' has shape 1x1x2; allowed: 3 features"},
    {"fx linear 6 out=hx", "fx linear 6", "22: undefined name 'hx' (did you mean 'x'?); allowed: x, z, c, hz"},
    {"j linear 6 relu in=hx,hz out=h", "j add in=hx,hz out=h", "22: a `add` line has no name"},
    {"j linear 6 relu in=hx,hz out=h", "add in=hx out=h", "22: `add` of one value"},
    {"j linear 6 relu in=hx,hz out=h", "add in=hx,c out=h", "22: `add` of 1x1x6 and 1x1x3; allowed: equal shapes"},
    {"j linear 6 relu in=hx,hz out=h", "add out=h", "22: `add` needs its inputs"},
    {"j linear 6 relu in=hx,hz out=h", "j conv 2 k1 in=x,hz out=h",
     "22: inputs of 8x8 and 1x1 pixels do not fit together"},
    {"j linear 6 relu in=hx,hz out=h", "j linear 6 relu in=hx out=h", "21: nothing uses the output of 'hz'"},
    {"o linear 1 in=h out=s", "o linear 2 in=h out=s", "25: score of 2 features; allowed: 1"},
    {"p linear 6 nobias", "p linear 5 nobias", "25: dot of shapes 1x1x5 and 1x1x6"},
    {"score s + dot(v, h)", "score s + dot(v h)", "25: malformed score; allowed: score NAME"},
    {"score s + dot(v, h)", "score s + dot(v, g)", "25: undefined name 'g'"},
    {"score s + dot(v, h)", "", "19: net D has no score"},
    {"score s + dot(v, h)", "score s", "24: nothing uses the output of 'v'"},
    {"score s + dot(v, h)\n", "score s + dot(v, h)\n q linear 1\n", "26: a line after `score`"},
    {"z linear latent in=h out=z\n", "z linear latent in=h out=z\nscore z\n",
     "17: net E has no score; allowed: in net D"},
    {"fx linear 6 out=hx", "set gamma 1", "20: `set` after the first net; allowed: before it"},
    {"net E (x)", "net E (x, [noise])", "13: net E never uses its input 'noise'"},
};

static void every_mistake_has_its_line(void **state) {
  int failed = 0;
  (void)state;
  for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
    struct clgan_error e = {0};
    struct clgan_model *m = NULL;
    char *text = replaced(good, mistakes[i].from, mistakes[i].to), want[300];
    enum clgan_status s = clgan_model_parse(text, "my.model", 0, NULL, 0, &m, &e);
    snprintf(want, sizeof want, "my.model:%s", mistakes[i].message);
    if (s != CLGAN_ERR_FORMAT || m || strncmp(e.text, want, strlen(want)) || strchr(e.text, '\n'))
      failed++, print_error("row %zu '%s' -> '%s': status %d, text '%s', not '%s'\n", i, mistakes[i].from,
                            mistakes[i].to, (int)s, e.text, want);
    clgan_mem_free(text);
    clgan_model_destroy(m);
  }
  assert_int_equal(failed, 0);
}

/* What needs more than a replacement: length, depth, weight, missing nets, control characters. */
static void other_mistakes(void **state) {
  struct clgan_error e = {0};
  struct clgan_model *m = NULL;
  char *text, deep[200] = "fc linear ";
  (void)state;
  assert_int_equal(clgan_model_parse("", "m", 0, NULL, 0, &m, &e), CLGAN_ERR_FORMAT);
  assert_non_null(strstr(e.text, "the text is empty"));
  clgan_error_clear(&e);
  text = clgan_mem_strdup(good);
  *strstr(text, "net D") = 0;
  assert_int_equal(clgan_model_parse(text, "m", 0, NULL, 0, &m, &e), CLGAN_ERR_FORMAT);
  assert_non_null(strstr(e.text, "net D is missing"));
  clgan_mem_free(text);
  clgan_error_clear(&e);
  memset(deep + 10, '(', 100);
  text = replaced(good, "fc linear 4", deep);
  assert_int_equal(clgan_model_parse(text, "m", 0, NULL, 0, &m, &e), CLGAN_ERR_FORMAT);
  assert_non_null(strstr(e.text, "nested too deeply"));
  clgan_mem_free(text);
  clgan_error_clear(&e);
  text = replaced(good, "fx linear 6", "big linear 1000000\n big2 linear 1000000\n fx linear 6");
  assert_int_equal(clgan_model_parse(text, "m", 0, NULL, 0, &m, &e), CLGAN_ERR_FORMAT);
  assert_non_null(strstr(e.text, "net D is too large"));
  clgan_mem_free(text);
  clgan_error_clear(&e);
  text = replaced(good, "step bcgan", "step \x1b[31m");
  assert_int_equal(clgan_model_parse(text, "m", 0, NULL, 0, &m, &e), CLGAN_ERR_FORMAT);
  assert_null(strchr(e.text, '\x1b'));
  clgan_mem_free(text);
}

static void mistakes_of_set_and_spec(void **state) {
  static const struct {
    const char *spec, *set, *message;
    int base;
  } rows[] = {
      {"digit", NULL,
       "--model digit: no such model or file (did you mean 'digits'?); allowed: bigan-mlp, digits, faces64", 0},
      {"./none.model", NULL, "--model ./none.model: no such model or file; allowed", 0},
      {"digits", "lambda_y=1",
       "--set lambda_y=1: unknown setting 'lambda_y' (did you mean 'lambda_x'?); allowed: lambda_x", 0},
      {"digits", "lambda_x", "--set lambda_x: not of the form KEY=VALUE", 0},
      {"digits", "=1", "--set =1: not of the form KEY=VALUE", 0},
      {"digits", "lambda_x=", "--set lambda_x=: bad value ''", 0},
      {"digits", "lambda_x=-1", "--set lambda_x=-1: bad value '-1' for lambda_x; allowed: a number from 0 to 1000", 0},
      {"digits", "lr_d=2", "--set lr_d=2: bad value '2' for lr_d; allowed: a number from 0 to 1", 0},
      {"digits", "beta1=1", "--set beta1=1: bad value", 0},
      {"digits", "ema=1", "--set ema=1: bad value", 0},
      {"digits", "ramp=-1", "--set ramp=-1: bad value", 0},
      {"digits", "holdout=1e10", "--set holdout=1e10: bad value", 0},
      {"digits", "shift=1", "--set shift=1: bad value '1' for shift; allowed: on, off", 0},
      {"digits", "gender=on", "--set gender=on: setting 'gender' has no effect here", 0},
      {"faces64", "age_range=10", "--set age_range=10: bad value '10' for age_range; allowed: 11 (-1..1), 01 (0..1)",
       0},
      {"faces64", "tile=0", "--set tile=0: bad value", 0},
      {"bigan-mlp", "lambda_x=1",
       "--set lambda_x=1: setting 'lambda_x' has no effect here: only models with `step bcgan`", 0},
      {"digits", NULL, "--base: bad value '-3' for base; allowed: a whole number from 1 to 4096", -3},
      {"digits", "base=9999", "--set base=9999: bad value '9999' for base", 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct clgan_error e = {0};
    struct clgan_model *m = NULL;
    assert_int_equal(clgan_model_load(rows[i].spec, rows[i].base, &rows[i].set, rows[i].set != NULL, &m, &e),
                     CLGAN_ERR_USAGE);
    assert_null(m);
    if (strncmp(e.text, rows[i].message, strlen(rows[i].message))) fail_msg("'%s', not '%s'", e.text, rows[i].message);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tensors_of_the_reference),
      cmocka_unit_test(headers_of_the_models),
      cmocka_unit_test(options_round_trip),
      cmocka_unit_test(good_text_parses),
      cmocka_unit_test(statement_words_name_layers),
      cmocka_unit_test(every_mistake_has_its_line),
      cmocka_unit_test(other_mistakes),
      cmocka_unit_test(mistakes_of_set_and_spec),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
