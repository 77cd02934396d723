/* test_checkpoint.c: checkpoints and released models, whole, cut, foreign and damaged. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "model/checkpoint.h"
#include "unit.h"

static const char text[] =
    "clgan-model 1\nname tiny\nstep bcgan\nimage 4 4 1\nlatent uniform 2\ncondition class 2\nbase 2\n"
    "net G (z, c)\n fc linear 2*2*base nobias in=z,c\n shape 2 2 base\n bn batchnorm relu\n up deconv 1 k4 s2 p1 tanh\n"
    "net E (x)\n fc linear 3 relu out=h\n z linear latent in=h out=z\n c linear classes in=h out=factors\n"
    "net D (x, z, c) spectral\n fx linear 3 out=hx\n j linear 3 relu in=hx,z out=h\n o linear 1 in=h out=s\n"
    " p linear 3 nobias in=c out=v\n score s + dot(v, h)\n";
static char folder[] = "/tmp/clgan-test-XXXXXX";
static char path[64], other[64];

static struct clgan_model *model(const char *const *sets, size_t n) {
  struct clgan_error e = {0};
  struct clgan_model *m = NULL;
  if (clgan_model_parse(text, "tiny", 0, sets, n, &m, &e) != CLGAN_OK) fail_msg("%s", e.text);
  return m;
}

/* Arrays of a net on the device's side. */
struct arrays {
  float *group, **other;
};
static struct arrays arrays_create(const struct clgan_net *net) {
  struct arrays a = {clgan_mem_array(net->group_count, sizeof(float)), clgan_mem_array(net->n_params, sizeof(float *))};
  for (size_t i = 0; i < net->n_params; i++)
    if (!net->params[i].trainable) a.other[i] = clgan_mem_array(net->params[i].count, sizeof(float));
  return a;
}
static void arrays_free(const struct clgan_net *net, struct arrays *a) {
  for (size_t i = 0; i < net->n_params; i++) clgan_mem_free(a->other[i]);
  clgan_mem_free(a->group), clgan_mem_free(a->other);
}

static void put(struct clgan_checkpoint *c, const char *prefix, const struct clgan_model *m, int net, uint64_t seed,
                bool moments) {
  struct clgan_error e = {0};
  struct arrays a = arrays_create(&m->nets[net]);
  clgan_net_init(m, &m->nets[net], seed, a.group, a.other);
  assert_int_equal(clgan_tensors_put_net(&c->tensors, prefix, &m->nets[net], a.group,
                                         moments ? NULL : (const float *const *)a.other, &e),
                   CLGAN_OK);
  arrays_free(&m->nets[net], &a);
}

static struct clgan_checkpoint *full(const struct clgan_model *m) {
  static const char *const nets[] = {"G", "E", "D", "G_ema", "E_ema"}, *const moments[] = {"opt.m.", "opt.v."};
  struct clgan_checkpoint *c = clgan_checkpoint_create(m);
  c->step = 1234567890123u, c->seed = UINT64_MAX;
  c->data_hash = clgan_mem_strdup("abc"), c->variants = clgan_mem_strdup("reg");
  c->label_counts = clgan_mem_array(2, sizeof *c->label_counts), c->n_label_counts = 2;
  c->label_counts[1] = 5923;
  assert_int_equal(clgan_names_parse("[\"\\\"odd\\\" one\",\"\u00e9t\u00e9\"]", &c->class_names, NULL), CLGAN_OK);
  clgan_checkpoint_set_extra(c, "epoch", "7");
  clgan_checkpoint_set_extra(c, "epochs", "8=9");
  for (int k = 0; k < 5; k++) put(c, nets[k], m, k % 3, (uint64_t)k, false);
  for (int k = 0; k < 6; k++) {
    char prefix[16];
    snprintf(prefix, sizeof prefix, "%s%s", moments[k / 3], nets[k % 3]);
    put(c, prefix, m, k % 3, 10 + (uint64_t)k, true);
  }
  return c;
}

static struct clgan_checkpoint *load(const char *from) {
  struct clgan_error e = {0};
  struct clgan_checkpoint *c = NULL;
  if (clgan_checkpoint_load(from, &c, &e) != CLGAN_OK) fail_msg("%s", e.text);
  return c;
}

static void save(const struct clgan_checkpoint *c, const char *to, bool half) {
  struct clgan_error e = {0};
  if (clgan_checkpoint_save(c, to, half, &e) != CLGAN_OK) fail_msg("%s", e.text);
}

static void round_trip(void **state) {
  static const char *const sets[] = {"lambda_x=0.25", "flip=on"};
  struct clgan_error e = {0};
  (void)state;
  struct clgan_model *m = model(sets, 2), *again = NULL;
  struct clgan_checkpoint *c = full(m);
  save(c, path, false);
  struct clgan_checkpoint *d = load(path);
  assert_true(d->step == 1234567890123u && d->seed == UINT64_MAX && d->n_label_counts == 2 &&
              d->label_counts[1] == 5923);
  assert_int_equal(d->class_names.n, 2);
  for (int k = 0; k < 2; k++) assert_string_equal(d->class_names.items[k], c->class_names.items[k]);
  assert_string_equal(d->class_names.items[0], "\"odd\" one");
  assert_string_equal(d->text, text), assert_string_equal(d->model, "tiny"),
      assert_string_equal(d->options, c->options);
  assert_string_equal(d->data_hash, "abc"), assert_string_equal(d->variants, "reg");
  char *epochs = clgan_checkpoint_extra(d, "epochs"), *epoch = clgan_checkpoint_extra(d, "epoch");
  assert_string_equal(epochs, "8=9"), assert_string_equal(epoch, "7"), assert_null(clgan_checkpoint_extra(d, "epo"));
  clgan_mem_free(epochs), clgan_mem_free(epoch);
  assert_int_equal(clgan_checkpoint_model(d, path, NULL, 0, &again, &e), CLGAN_OK);
  assert_true(again->settings.lambda_x == 0.25 && again->settings.flip);
  assert_int_equal(clgan_checkpoint_check(d, again, CLGAN_CHECKPOINT_TRAIN, path, &e), CLGAN_OK);
  assert_int_equal(clgan_checkpoint_check(d, again, CLGAN_CHECKPOINT_SAMPLE, path, &e), CLGAN_OK);
  assert_int_equal(d->tensors.n, c->tensors.n);
  for (size_t i = 0; i < c->tensors.n; i++) {
    const struct clgan_named_tensor *x = &c->tensors.items[i], *y = clgan_tensors_find(&d->tensors, x->name);
    assert_non_null(y);
    assert_memory_equal(x->data, y->data, x->count * sizeof(float));
  }
  struct arrays a = arrays_create(&m->nets[2]),
                b = arrays_create(&m->nets[2]); /* device arrays come back, padding zero */
  clgan_net_init(m, &m->nets[2], 2, a.group, a.other);
  b.group[m->nets[2].group_count - 1] = 1;
  assert_int_equal(clgan_tensors_get_net(&d->tensors, "D", &m->nets[2], b.group, b.other, &e), CLGAN_OK);
  assert_memory_equal(a.group, b.group, m->nets[2].group_count * sizeof(float));
  for (size_t i = 0; i < m->nets[2].n_params; i++)
    if (a.other[i]) assert_memory_equal(a.other[i], b.other[i], m->nets[2].params[i].count * sizeof(float));
  arrays_free(&m->nets[2], &a), arrays_free(&m->nets[2], &b);
  char *one = NULL, *two = NULL;
  size_t n_one, n_two;
  save(d, other, false); /* equal content, equal bytes */
  assert_int_equal(clgan_file_read(path, &one, &n_one, &e), CLGAN_OK);
  assert_int_equal(clgan_file_read(other, &two, &n_two, &e), CLGAN_OK);
  assert_true(n_one == n_two && !memcmp(one, two, n_one));
  clgan_mem_free(one), clgan_mem_free(two);
  clgan_checkpoint_destroy(c), clgan_checkpoint_destroy(d);
  clgan_model_destroy(m), clgan_model_destroy(again);
}

static void cut_at_every_byte(void **state) {
  struct clgan_error e = {0};
  char *bytes;
  size_t n;
  (void)state;
  struct clgan_model *m = model(NULL, 0);
  struct clgan_checkpoint *c = full(m), *d;
  save(c, path, false);
  assert_int_equal(clgan_file_read(path, &bytes, &n, &e), CLGAN_OK);
  for (size_t cut = n; cut-- > 0;) {
    struct clgan_error bad = {0};
    assert_int_equal(truncate(path, (off_t)cut), 0);
    if (clgan_checkpoint_load(path, &d, &bad) != CLGAN_ERR_FORMAT)
      fail_msg("cut to %zu of %zu bytes: accepted", cut, n);
    assert_null(d);
    if (strncmp(bad.text, path, strlen(path)) || strchr(bad.text, '\n')) fail_msg("'%s'", bad.text);
  }
  clgan_mem_free(bytes);
  clgan_checkpoint_destroy(c);
  clgan_model_destroy(m);
}

static void expect(const struct clgan_checkpoint *c, const struct clgan_model *m, enum clgan_checkpoint_use use,
                   const char *message) {
  struct clgan_error e = {0};
  assert_int_equal(clgan_checkpoint_check(c, m, use, "F", &e), CLGAN_ERR_FORMAT);
  if (strcmp(e.text, message)) fail_msg("'%s', not '%s'", e.text, message);
}

static void drop(struct clgan_tensors *t, const char *name) {
  for (size_t i = 0; i < t->n; i++) {
    if (strcmp(t->items[i].name, name)) continue;
    clgan_mem_free(t->items[i].name), clgan_mem_free(t->items[i].data);
    t->items[i] = t->items[--t->n];
    return;
  }
  fail_msg("no %s", name);
}

static void misfits(void **state) {
  static const char *const wide[] = {"base=3"};
  struct clgan_error e = {0};
  const uint64_t shape[1] = {3};
  float *data;
  (void)state;
  struct clgan_model *m = model(NULL, 0), *w = model(wide, 1), *digits = NULL;
  struct clgan_checkpoint *c = full(m);
  expect(c, w, CLGAN_CHECKPOINT_SAMPLE,
         "F: holds model tiny (base 2), not tiny (base 3): tensor G_ema.fc.weight has shape 8x4, not 12x4");
  assert_int_equal(clgan_model_load("digits", 0, NULL, 0, &digits, &e), CLGAN_OK);
  expect(c, digits, CLGAN_CHECKPOINT_TRAIN,
         "F: holds model tiny (base 2), not digits (base 32): tensor G_ema.fc.weight has shape 8x4, not 3136x60");
  assert_int_equal(clgan_tensors_add(&c->tensors, "G.more", 1, shape, &data, &e), CLGAN_OK);
  expect(c, m, CLGAN_CHECKPOINT_TRAIN, "F: does not fit model tiny (base 2): tensor G.more is not of the model");
  expect(c, m, CLGAN_CHECKPOINT_SAMPLE, "F: does not fit model tiny (base 2): tensor G.more is not of the model");
  drop(&c->tensors, "G.more");
  drop(&c->tensors, "opt.v.E.z.bias");
  assert_int_equal(clgan_checkpoint_check(c, m, CLGAN_CHECKPOINT_SAMPLE, "F", &e), CLGAN_OK);
  expect(c, m, CLGAN_CHECKPOINT_TRAIN, "F: does not fit model tiny (base 2): tensor opt.v.E.z.bias is missing");
  assert_int_equal(clgan_tensors_add(&c->tensors, "opt.v.E.z.bias", 1, shape, &data, &e), CLGAN_OK);
  expect(c, m, CLGAN_CHECKPOINT_TRAIN, "F: does not fit model tiny (base 2): tensor opt.v.E.z.bias has shape 3, not 2");
  drop(&c->tensors, "E_ema.fc.bias");
  expect(c, m, CLGAN_CHECKPOINT_SAMPLE, "F: does not fit model tiny (base 2): tensor E_ema.fc.bias is missing");
  clgan_checkpoint_destroy(c);
  clgan_model_destroy(m), clgan_model_destroy(w), clgan_model_destroy(digits);
}

static void released_models(void **state) {
  struct clgan_error e = {0};
  (void)state;
  struct clgan_model *m = model(NULL, 0);
  struct clgan_checkpoint *c = clgan_checkpoint_create(m);
  put(c, "G_ema", m, 0, 1, false), put(c, "E_ema", m, 1, 1, false);
  save(c, path, true);
  struct clgan_checkpoint *d = load(path);
  assert_int_equal(clgan_checkpoint_check(d, m, CLGAN_CHECKPOINT_SAMPLE, "F", &e), CLGAN_OK);
  expect(d, m, CLGAN_CHECKPOINT_TRAIN,
         "F: does not fit model tiny (base 2): tensor G.fc.weight is missing (a released model can generate, but not "
         "be trained "
         "on: take a run's checkpoint)");
  const struct clgan_named_tensor *x = clgan_tensors_find(&c->tensors, "G_ema.fc.weight"),
                                  *y = clgan_tensors_find(&d->tensors, x->name);
  for (size_t i = 0; i < x->count; i++)
    assert_true(y->data[i] == clgan_half_to_float(clgan_half_from_float(x->data[i])));
  clgan_checkpoint_destroy(d);
  x->data[0] = 1e6f; /* beyond F16: nothing is written, the old file stays */
  assert_int_equal(clgan_checkpoint_save(c, path, true, &e), CLGAN_ERR_NUMERIC);
  assert_non_null(strstr(e.text, "tensor G_ema.fc.weight holds 1e+06, beyond F16's range"));
  clgan_checkpoint_destroy(load(path));
  clgan_checkpoint_destroy(c);
  clgan_model_destroy(m);
}

static void bigan_samples_without_averages(void **state) {
  struct clgan_error e = {0};
  (void)state;
  struct clgan_model *m = NULL;
  assert_int_equal(clgan_model_load("bigan-mlp", 1, NULL, 0, &m, &e), CLGAN_OK);
  assert_string_equal(clgan_sample_prefix(m, CLGAN_NET_G), "G");
  struct clgan_checkpoint *c = clgan_checkpoint_create(m);
  put(c, "G", m, 0, 1, false), put(c, "E", m, 1, 1, false);
  assert_int_equal(clgan_checkpoint_check(c, m, CLGAN_CHECKPOINT_SAMPLE, "F", &e), CLGAN_OK);
  put(c, "G_ema", m, 0, 1, false);
  expect(c, m, CLGAN_CHECKPOINT_SAMPLE,
         "F: does not fit model bigan-mlp (base 1): tensor G_ema.fc1.weight is not of the model");
  clgan_checkpoint_destroy(c);
  clgan_model_destroy(m);
  m = model(NULL, 0);
  assert_string_equal(clgan_sample_prefix(m, CLGAN_NET_E), "E_ema");
  clgan_model_destroy(m);
}

/* Files that are sound safetensors but no checkpoints. */
static void damaged_metadata(void **state) {
  static const struct {
    const char *key, *value, *message; /* value NULL: the key is left out */
  } rows[] = {
      {"format", NULL, "no clgan checkpoint: a safetensors file without the metadata of one"},
      {"format", "pt", "no clgan checkpoint but a file of format 'pt'"},
      {"format", "clgan-checkpoint/2",
       "a checkpoint of format 'clgan-checkpoint/2'; this clgan reads clgan-checkpoint/1"},
      {"model", NULL, "damaged: its metadata has no 'model'"},
      {"text", NULL, "damaged: its metadata has no 'text'"},
      {"options", NULL, "damaged: its metadata has no 'options'"},
      {"step", NULL, "damaged: its metadata's 'step' is no number"},
      {"step", "-1", "damaged: its metadata's 'step' is no number"},
      {"step", "99999999999999999999", "damaged: its metadata's 'step' is no number"},
      {"seed", "", "damaged: its metadata's 'seed' is no number"},
      {"classes", "cat,dog", "its class names are no JSON array of 1 to 256 different texts"},
      {"classes", "[]", "its class names are no JSON array of 1 to 256 different texts"},
      {"classes", "[\"a\",\"a\"]", "its class names are no JSON array of 1 to 256 different texts"},
      {"classes", "[\"a\",2]", "its class names are no JSON array of 1 to 256 different texts"},
      {"label_counts", "[1,2", "damaged: its metadata's 'label_counts' is no array of counts"},
      {"label_counts", "{\"a\":1}", "damaged: its metadata's 'label_counts' is no array of counts"},
      {"label_counts", "[1,-2]", "damaged: its metadata's 'label_counts' is no array of counts"},
      {"label_counts", "[1,\"2\"]", "damaged: its metadata's 'label_counts' is no array of counts"},
      {"", "", "tensor u is of type U8; allowed: F32, F16"},
  };
  static const char *const sound[][2] = {{"format", "clgan-checkpoint/1"},
                                         {"model", "tiny"},
                                         {"text", text},
                                         {"options", ""},
                                         {"step", "1"},
                                         {"seed", "2"},
                                         {"classes", "[\"a\"]"},
                                         {"label_counts", "[]"}};
  const uint64_t shape[1] = {1};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct clgan_error e = {0};
    struct clgan_checkpoint *c;
    struct clgan_safetensors_writer *w = clgan_safetensors_writer_create();
    for (size_t k = 0; k < sizeof sound / sizeof sound[0]; k++) {
      const char *value = strcmp(sound[k][0], rows[i].key) ? sound[k][1] : rows[i].value;
      if (value) clgan_safetensors_add_metadata(w, sound[k][0], value);
    }
    if (!*rows[i].key) clgan_safetensors_add(w, "u", CLGAN_U8, 1, shape, "x");
    assert_int_equal(clgan_safetensors_write(w, path, &e), CLGAN_OK);
    clgan_safetensors_writer_destroy(w);
    assert_int_equal(clgan_checkpoint_load(path, &c, &e), CLGAN_ERR_FORMAT);
    char *want = clgan_mem_printf("%s: %s", path, rows[i].message);
    assert_string_equal(e.text, want);
    clgan_mem_free(want);
  }
}

static void damaged_model(void **state) {
  struct clgan_error e = {0};
  static const char *const bad_set[] = {"lambda_x=-1"};
  (void)state;
  struct clgan_model *m = model(NULL, 0), *n = NULL;
  struct clgan_checkpoint *c = clgan_checkpoint_create(m);
  assert_int_equal(clgan_checkpoint_model(c, "F", bad_set, 1, &n, &e), CLGAN_ERR_USAGE); /* the user's mistake */
  assert_null(n);
  clgan_error_clear(&e);
  clgan_mem_free(c->options);
  c->options = clgan_mem_strdup("lambda_x=-1\n");
  assert_int_equal(clgan_checkpoint_model(c, "F", NULL, 0, &n, &e), CLGAN_ERR_FORMAT); /* the file's */
  assert_int_equal(e.status, CLGAN_ERR_FORMAT);
  assert_non_null(strstr(e.text, "F: damaged options: "));
  clgan_error_clear(&e);
  c->text[0] = 'C';
  assert_int_equal(clgan_checkpoint_model(c, "F", NULL, 0, &n, &e), CLGAN_ERR_FORMAT);
  assert_non_null(strstr(e.text, "F (its model):1: this is no model text"));
  clgan_checkpoint_destroy(c);
  clgan_model_destroy(m);
}

static int make_folder(void **state) {
  (void)state;
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/a.safetensors", folder);
  snprintf(other, sizeof other, "%s/b.safetensors", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  unlink(path), unlink(other);
  return rmdir(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(round_trip),
      cmocka_unit_test(cut_at_every_byte),
      cmocka_unit_test(misfits),
      cmocka_unit_test(released_models),
      cmocka_unit_test(bigan_samples_without_averages),
      cmocka_unit_test(damaged_metadata),
      cmocka_unit_test(damaged_model),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
