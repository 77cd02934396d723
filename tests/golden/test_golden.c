/* test_golden.c - replays files that the reference script's `golden` wrote: recorded weights and draws in; losses, gradients of the
 * first step, final weights, spectral vectors and running statistics out.
 * Usage: test_golden [--host] FILE...    --host: by the double-precision interpreter instead of a device. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "model/checkpoint.h"
#include "train/step.h"
#include "train/weights.h"

struct bounds {
  double loss_first, loss_last, gradient, final;
};
/* The bounds: small nets, and base 32 and bigan-mlp (whose own fp32 reference strays further). */
static const struct bounds small_bounds = {1e-5, 1e-4, 1e-4, 1e-4}, large_bounds = {1e-5, 1e-2, 1e-3, 1e-2};

struct replay {
  struct clgan_safetensors *file;
  struct clgan_model *m;
  struct clgan_step *s;
  struct clgan_cl *cl;          /* NULL: host */
  struct clgan_store *store;
  struct clgan_run *run;
  struct clgan_interpreter *host;
  double worst[4];
  char worst_name[4][192];
  int failures;
};

static struct clgan_error error;

static void must(enum clgan_status s) {
  if (s == CLGAN_OK) return;
  fprintf(stderr, "%s\n", error.text);
  exit(1);
}

static int meta_int(const struct replay *r, const char *key) {
  const char *v = clgan_safetensors_metadata(r->file, key);
  return v ? atoi(v) : 0;
}

static float *tensor(const struct replay *r, const char *name, size_t count) {
  const struct clgan_tensor *t = clgan_safetensors_find(r->file, name);
  if (!t || (count && t->count != count)) {
    fprintf(stderr, "%s: not in the golden file, or of another size\n", name);
    exit(1);
  }
  float *x = clgan_mem_array(t->count, sizeof *x);
  clgan_tensor_to_float(t, x);
  return x;
}

/* -- memory of either side -- */

static int state_value(const struct replay *r, const char *root) {
  for (size_t v = 0; v < r->s->g->n_values; v++) {
    const struct clgan_value *x = &r->s->g->values[v];
    if (x->kind == CLGAN_VALUE_STATE && x->root == (int)v && strcmp(x->name, root) == 0) return (int)v;
  }
  return CLGAN_NONE;
}

static void write_state(struct replay *r, const char *root, size_t offset, const float *x, size_t n) {
  int v = state_value(r, root);
  if (v < 0) return; /* kept by the script, not used by the step (running statistics of averaged nets) */
  if (r->cl) {
    must(clgan_store_write(r->store, root, offset, x, n, &error));
    return;
  }
  double *to = clgan_interpreter_data(r->host, v) + offset;
  for (size_t k = 0; k < n; k++) to[k] = (double)x[k];
}

static bool read_state(struct replay *r, const char *root, size_t offset, float *x, size_t n) {
  int v = state_value(r, root);
  if (v < 0) return false;
  if (r->cl) {
    must(clgan_store_read(r->store, root, offset, x, n, &error));
    return true;
  }
  const double *from = clgan_interpreter_data(r->host, v) + offset;
  for (size_t k = 0; k < n; k++) x[k] = (float)from[k];
  return true;
}

static void write_input(struct replay *r, int v, const float *x, size_t n) {
  if (v == CLGAN_NONE) return;
  if (!r->cl) {
    double *to = clgan_interpreter_data(r->host, v);
    for (size_t k = 0; k < n; k++) to[k] = (double)x[k];
    return;
  }
  if (clgan_ir_value(r->s->g, v)->dtype == CLGAN_I32) {
    int32_t *whole = clgan_mem_array(n, sizeof *whole);
    for (size_t k = 0; k < n; k++) whole[k] = (int32_t)x[k];
    must(clgan_run_write(r->run, v, whole, n * sizeof *whole, &error));
    clgan_mem_free(whole);
    return;
  }
  must(clgan_run_write(r->run, v, x, n * sizeof *x, &error));
}

/* -- comparison -- */

enum { LOSS_FIRST, LOSS_LAST, GRADIENT, FINAL };

static void note(struct replay *r, int what, double deviation, const char *name) {
  if (!(deviation <= r->worst[what])) { /* NaN counts */
    r->worst[what] = deviation;
    snprintf(r->worst_name[what], sizeof r->worst_name[what], "%s", name);
  }
}

struct visit {
  struct replay *r;
  const char *golden; /* prefix of the names in the file */
  int what;           /* -1: load */
};

static enum clgan_status visit_tensor(void *context, const char *name, const struct clgan_param *p, const char *root, size_t offset, struct clgan_error *e) {
  struct visit *v = context;
  (void)e;
  char full[192];
  snprintf(full, sizeof full, "%s.%s", v->golden, name);
  float *file = tensor(v->r, full, p->count), *device = clgan_mem_array(p->count, sizeof *device);
  if (v->what < 0) {
    clgan_param_to_device(p, file, device);
    write_state(v->r, root, offset, device, p->count);
  } else if (read_state(v->r, root, offset, device, p->count)) {
    float *mine = clgan_mem_array(p->count, sizeof *mine);
    double largest = 0, deviation = 0;
    clgan_param_to_file(p, device, mine);
    for (size_t k = 0; k < p->count; k++) {
      double d = fabs((double)mine[k] - (double)file[k]);
      largest = fmax(largest, fabs((double)file[k]));
      deviation = d <= deviation ? deviation : d;
    }
    note(v->r, v->what, v->what == GRADIENT ? deviation / (largest > 0 ? largest : 1) : deviation, full);
    clgan_mem_free(mine);
  }
  clgan_mem_free(file);
  clgan_mem_free(device);
  return CLGAN_OK;
}

static void walk(struct replay *r, const char *golden, int what) {
  struct visit v = {r, golden, what};
  for (int k = 0; k < 3; k++) {
    const struct clgan_net *n = &r->m->nets[k];
    must(clgan_tensors_walk(n, n->name, n->name, what == GRADIENT ? "grads" : "params", what == GRADIENT, visit_tensor, &v, &error));
    if (k == CLGAN_NET_D || what == GRADIENT || !clgan_model_has_averages(r->m)) continue;
    const char *ema = k == CLGAN_NET_G ? "G_ema" : "E_ema";
    must(clgan_tensors_walk(n, ema, ema, "params", false, visit_tensor, &v, &error));
  }
}

/* -- steps -- */

static float *to_nhwc(const struct replay *r, const float *x) {
  int n = r->s->batch, c = r->m->channels, hw = r->m->height * r->m->width;
  float *y = clgan_mem_array((size_t)(n * c * hw), sizeof *y);
  for (int i = 0; i < n; i++)
    for (int k = 0; k < c; k++)
      for (int p = 0; p < hw; p++) y[(i * hw + p) * c + k] = x[(i * c + k) * hw + p];
  return y;
}

static void feed(struct replay *r, int step, const char *what, int value) {
  if (value == CLGAN_NONE) return;
  char name[64];
  size_t n = clgan_shape_count(clgan_ir_shape(r->s->g, value));
  snprintf(name, sizeof name, "step%d.%s", step, what);
  float *x = tensor(r, name, n);
  if (strcmp(what, "x") == 0) {
    float *y = to_nhwc(r, x);
    clgan_mem_free(x);
    x = y;
  }
  write_input(r, value, x, n);
  clgan_mem_free(x);
}

static void one_step(struct replay *r, int k, int steps) {
  static const char *const shifts[] = {"shift_d_real", "shift_d_fake", "shift_g_real", "shift_g_fake"};
  float consts[CLGAN_CONST_COUNT], mine[CLGAN_LOSS_MAX];
  char name[64];
  feed(r, k, "x", r->s->x);
  feed(r, k, "label", r->s->label);
  feed(r, k, "z", r->s->z);
  feed(r, k, "e_noise", r->s->e_noise);
  for (int i = 0; i < CLGAN_SHIFTS; i++) feed(r, k, shifts[i], r->s->shift[i]);
  clgan_step_constants(r->m, (uint64_t)(meta_int(r, "start_step") + k), (uint64_t)k + 1, 1, consts);
  write_input(r, r->s->consts, consts, CLGAN_CONST_COUNT);
  size_t n = (size_t)r->s->n_losses;
  if (r->cl) {
    must(clgan_run_execute(r->run, &error));
    must(clgan_run_read(r->run, r->s->losses, mine, n * sizeof *mine, &error));
  } else {
    clgan_interpreter_execute(r->host);
    for (size_t i = 0; i < n; i++) mine[i] = (float)clgan_interpreter_data(r->host, r->s->losses)[i];
  }
  snprintf(name, sizeof name, "step%d.losses", k);
  float *golden = tensor(r, name, n);
  for (size_t i = 0; i < n; i++) {
    char where[96];
    snprintf(where, sizeof where, "step %d %s", k, r->s->loss_names[i]);
    double d = fabs((double)mine[i] - (double)golden[i]) / fabs((double)golden[i]);
    note(r, k == 0 ? LOSS_FIRST : LOSS_LAST, d, where);
    if (getenv("CLGAN_GOLDEN_VERBOSE")) printf("  %s: %.7f, golden %.7f\n", where, (double)mine[i], (double)golden[i]);
  }
  (void)steps;
  clgan_mem_free(golden);
  if (k == 0) walk(r, "grad0", GRADIENT);
}

static void load_model(struct replay *r) {
  char range[32], tile[32], gender[32];
  const char *sets[3] = {range, tile, gender}, *name = clgan_safetensors_metadata(r->file, "model");
  if (!name) {
    fprintf(stderr, "no golden file: no model in its metadata\n");
    exit(1);
  }
  snprintf(range, sizeof range, "age_range=%s", clgan_safetensors_metadata(r->file, "age_range"));
  snprintf(tile, sizeof tile, "tile=%d", meta_int(r, "tile"));
  snprintf(gender, sizeof gender, "gender=%s", meta_int(r, "gender") ? "on" : "off");
  bool face = strcmp(name, "faces64") == 0;
  must(clgan_model_load(name, strcmp(name, "bigan-mlp") == 0 ? 0 : meta_int(r, "base"), sets, face ? 3 : 0, &r->m, &error));
}

static void prepare(struct replay *r, struct clgan_cl *cl) {
  must(clgan_step_create(r->m, meta_int(r, "batch"), false, &r->s, &error));
  r->cl = cl;
  if (!cl) {
    must(clgan_interpreter_create(r->s->g, &r->host, &error));
    return;
  }
  r->store = clgan_store_create(cl);
  must(clgan_run_create(cl, r->store, r->s->g, &r->s->losses, 1, &r->run, &error));
}

static int replay(const char *path, struct clgan_cl *cl) {
  static const char *const what[] = {"losses, first step (relative)", "losses, later steps (relative)", "gradients (of the largest)", "final tensors (absolute)"};
  struct replay r = {0};
  must(clgan_safetensors_open(path, &r.file, &error));
  load_model(&r);
  prepare(&r, cl);
  walk(&r, "init", -1);
  int steps = meta_int(&r, "steps");
  for (int k = 0; k < steps; k++) one_step(&r, k, steps);
  walk(&r, "final", FINAL);
  const struct bounds *b = meta_int(&r, "base") >= 32 ? &large_bounds : &small_bounds;
  double bound[4] = {b->loss_first, b->loss_last, b->gradient, b->final};
  printf("%s: %s base %d batch %d, %d steps\n", path, r.m->name, meta_int(&r, "base"), r.s->batch, steps);
  for (int k = 0; k < 4; k++) {
    bool held = r.worst[k] <= bound[k];
    printf("  %s %-32s %.2e of %.0e  %s\n", held ? "ok  " : "FAIL", what[k], r.worst[k], bound[k], r.worst_name[k]);
    r.failures += !held;
  }
  clgan_run_destroy(r.run);
  clgan_store_destroy(r.store);
  clgan_interpreter_destroy(r.host);
  clgan_step_destroy(r.s);
  clgan_model_destroy(r.m);
  clgan_safetensors_close(r.file);
  return r.failures;
}

int main(int argc, char **argv) {
  bool on_host = argc > 1 && strcmp(argv[1], "--host") == 0;
  struct clgan_device_list *list = NULL;
  struct clgan_cl *cl = NULL;
  clgan_log_set_level(CLGAN_LOG_QUIET);
  if (!on_host) {
    size_t index;
    char reason[512];
    struct clgan_cl_options o = {0};
    if (clgan_device_list_create(&list, &error) != CLGAN_OK || clgan_device_select(list, NULL, &index, reason, &error) != CLGAN_OK) {
      printf("skipped: %s\n", error.text);
      return 77;
    }
    must(clgan_cl_open(list, index, &o, &cl, &error));
    printf("device: %s\n", reason);
  }
  int failures = 0;
  for (int k = on_host ? 2 : 1; k < argc; k++) failures += replay(argv[k], cl);
  clgan_cl_close(cl);
  clgan_device_list_destroy(list);
  return failures > 0;
}
