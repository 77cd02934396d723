/* test_model.c: the three models against the reference script's tensors, and a row for every mistake of a model's text. */
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

/* -- layouts and initial values -- */
static const struct clgan_param *param(const struct clgan_model *m, int net, const char *name) {
  int i = clgan_net_param(&m->nets[net], name);
  if (i < 0) fail_msg("no %s", name);
  return &m->nets[net].params[i];
}

static void check_permutation(const struct clgan_param *p) {
  unsigned char *seen = clgan_mem_alloc(p->count);
  float *file = clgan_mem_array(p->count, sizeof *file), *device = clgan_mem_array(p->count, sizeof *device);
  size_t count = 1;
  for (int d = 0; d < p->dims; d++) count *= (size_t)p->file_shape[d];
  assert_int_equal(count, p->count);
  assert_int_equal(clgan_shape_count(p->shape), p->count);
  for (size_t e = 0; e < p->count; e++) {
    size_t f = p->file_index ? p->file_index[e] : e;
    assert_true(f < p->count && !seen[f]);
    seen[f] = 1;
    device[e] = (float)e;
  }
  clgan_param_to_file(p, device, file);
  memset(device, 0, p->count * sizeof *device);
  clgan_param_to_device(p, file, device);
  for (size_t e = 0; e < p->count; e++) assert_true(device[e] == (float)e);
  clgan_mem_free(seen), clgan_mem_free(file), clgan_mem_free(device);
}

static void layouts_are_permutations(void **state) {
  static const char *const specs[] = {"digits", "faces64", "bigan-mlp"};
  (void)state;
  for (int s = 0; s < 3; s++) {
    struct clgan_model *m = load(specs[s], 2, NULL, 0);
    for (int k = 0; k < 3; k++) {
      size_t end = 0;
      for (size_t i = 0; i < m->nets[k].n_params; i++) {
        const struct clgan_param *p = &m->nets[k].params[i];
        check_permutation(p);
        if (!p->trainable) continue;
        assert_true(p->offset % CLGAN_ALIGN == 0 && p->offset >= end);
        end = p->offset + p->count;
      }
      assert_true(m->nets[k].group_count >= end && m->nets[k].group_count % CLGAN_ALIGN == 0);
    }
    clgan_model_destroy(m);
  }
}

/* Single elements, by the definitions of both layouts. */
static void layouts_by_element(void **state) {
  (void)state;
  struct clgan_model *m = load("digits", 3, NULL, 0);
  const struct clgan_param *p = param(m, CLGAN_NET_E, "conv2.weight"); /* O 6, I 3, 4x4 */
  /* device [kh=1][kw=2][I=2][O=5] is file [5][2][1][2] */
  assert_int_equal(p->file_index[((1 * 4 + 2) * 3 + 2) * 6 + 5], ((5 * 3 + 2) * 4 + 1) * 4 + 2);
  p = param(m, CLGAN_NET_G, "up2.weight"); /* I 6, O 3 */
  assert_int_equal(p->file_index[((1 * 4 + 2) * 6 + 5) * 3 + 2], ((5 * 3 + 2) * 4 + 1) * 4 + 2);
  assert_int_equal(p->fan_in, 3 * 16);
  p = param(m, CLGAN_NET_G, "fc.weight"); /* in 60, out 6 channels of 7x7 */
  assert_int_equal(p->file_index[59 * 294 + (2 * 7 + 3) * 6 + 4], ((4 * 7 + 2) * 7 + 3) * 60 + 59);
  p = param(m, CLGAN_NET_D, "fc.weight"); /* in 6 channels of 7x7, out 24 */
  assert_int_equal(p->file_index[((2 * 7 + 3) * 6 + 4) * 24 + 11], 11 * 294 + (4 * 7 + 2) * 7 + 3);
  p = param(m, CLGAN_NET_D, "fc.v");
  assert_int_equal(p->file_index[(2 * 7 + 3) * 6 + 4], (4 * 7 + 2) * 7 + 3);
  p = param(m, CLGAN_NET_D, "conv2.v"); /* I 3, 4x4 */
  assert_int_equal(p->file_index[(1 * 4 + 2) * 3 + 2], (2 * 4 + 1) * 4 + 2);
  assert_null(param(m, CLGAN_NET_D, "conv2.u")->file_index);
  clgan_model_destroy(m);
}

static double spread(const float *x, size_t n, double *largest) {
  double sum = 0;
  *largest = 0;
  for (size_t i = 0; i < n; i++) {
    sum += (double)x[i] * (double)x[i];
    if (fabs((double)x[i]) > *largest) *largest = fabs((double)x[i]);
  }
  return sqrt(sum / (double)n);
}

static void initial_values(void **state) {
  double largest;
  (void)state;
  struct clgan_model *m = load("faces64", 4, NULL, 0);
  const struct clgan_net *g = &m->nets[CLGAN_NET_G];
  int i = clgan_net_param(g, "up1.weight");
  const struct clgan_param *p = &g->params[i];
  float *x = clgan_mem_array(p->count, sizeof *x), *y = clgan_mem_array(p->count, sizeof *y);
  double bound = 1 / sqrt(16 * 16.0);
  clgan_param_init(m, g, (size_t)i, 5, x);
  assert_true(fabs(spread(x, p->count, &largest) / (bound / sqrt(3)) - 1) < 0.02 && largest <= bound &&
              largest > 0.99 * bound);
  clgan_param_init(m, g, (size_t)i, 5, y);
  assert_memory_equal(x, y, p->count * sizeof *x);
  clgan_param_init(m, g, (size_t)i, 6, y);
  assert_memory_not_equal(x, y, p->count * sizeof *x);
  clgan_mem_free(x), clgan_mem_free(y);
  /* the condition's columns of G.fc start 1/sqrt(tile) as large; device layout [in][out] */
  i = clgan_net_param(g, "fc.weight");
  p = &g->params[i];
  size_t out = (size_t)p->file_shape[0];
  x = clgan_mem_array(p->count, sizeof *x);
  clgan_param_init(m, g, (size_t)i, 5, x);
  double z = spread(x, 128 * out, &largest), c = spread(x + 128 * out, 100 * out, &largest);
  assert_true(fabs(z / c / sqrt(50) - 1) < 0.02);
  clgan_mem_free(x);
  clgan_model_destroy(m);
  m = load("bigan-mlp", 4, NULL, 0);
  p = &m->nets[CLGAN_NET_E].params[0];
  x = clgan_mem_array(p->count, sizeof *x);
  clgan_param_init(m, &m->nets[CLGAN_NET_E], 0, 5, x);
  assert_true(fabs(spread(x, p->count, &largest) / 0.02 - 1) < 0.02 && largest > 0.06);
  clgan_mem_free(x);
  clgan_model_destroy(m);
}

/* After the start's power iterations u' W v is the largest singular value: W v / u is that of W'W. */
static void spectral_start(void **state) {
  (void)state;
  struct clgan_model *m = load("digits", 2, NULL, 0);
  const struct clgan_net *d = &m->nets[CLGAN_NET_D];
  float *group = clgan_mem_array(d->group_count, sizeof *group), **other = clgan_mem_array(d->n_params, sizeof *other);
  for (size_t i = 0; i < d->n_params; i++)
    if (!d->params[i].trainable) other[i] = clgan_mem_array(d->params[i].count, sizeof **other);
  clgan_net_init(m, d, 1, group, other);
  const struct clgan_param *w =
      param(m, CLGAN_NET_D, "out.weight"); /* one row: sigma is its norm, v the row's direction */
  const float *v = other[clgan_net_param(d, "out.v")];
  double norm = 0;
  for (size_t i = 0; i < w->count; i++) norm += (double)group[w->offset + i] * (double)group[w->offset + i];
  for (size_t i = 0; i < w->count; i++)
    assert_true(fabs(fabs((double)v[i]) - fabs((double)group[w->offset + i]) / sqrt(norm)) < 1e-6);
  for (size_t i = 0; i < d->n_params; i++) clgan_mem_free(other[i]);
  clgan_mem_free(other), clgan_mem_free(group);
  clgan_model_destroy(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tensors_of_the_reference),
      cmocka_unit_test(headers_of_the_models),
      cmocka_unit_test(options_round_trip),
      cmocka_unit_test(good_text_parses),
      cmocka_unit_test(every_mistake_has_its_line),
      cmocka_unit_test(other_mistakes),
      cmocka_unit_test(mistakes_of_set_and_spec),
      cmocka_unit_test(layouts_are_permutations),
      cmocka_unit_test(layouts_by_element),
      cmocka_unit_test(initial_values),
      cmocka_unit_test(spectral_start),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
