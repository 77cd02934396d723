/* test_model_apply.c: emitted nets, run by the double-precision interpreter, against plain loops over PyTorch's layouts
 * (N,C,H,W images; O,I,kh,kw and I,O,kh,kw weights) that know nothing of the engine. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/philox.h"
#include "graph/graph.h"
#include "model/checkpoint.h"
#include "unit.h"

static const char text[] =
    "clgan-model 1\nstep bcgan\nimage 6 8 3\nlatent normal 4\ncondition face\nbase 3\nset tile 2\n"
    "net G (z, c)\n fc linear 12*base nobias in=z,c\n shape 3 4 base\n bn batchnorm relu\n up deconv 3 k4 s2 p1 tanh\n"
    "net E (x, [noise])\n cv conv base k3 s2 p1 nobias\n bn batchnorm lrelu 0.1 out=h\n z linear 2*latent "
    "reparam=noise in=h out=z\n"
    " c linear 1+gender in=h sigmoid affine=2,-1 out=factors\n"
    "net D (x, z, c) spectral\n cv conv 2 k4 s2 p1 lrelu 0.2 out=hx\n j linear 5 relu in=hx,z out=h\n k linear 5 in=z\n"
    " l linear 5 out=m\n add in=h,m tanh out=t\n o linear 1 in=t out=s\n p linear 5 nobias inscale=1/sqrt(tile) in=c "
    "out=v\n"
    " score s + dot(v, t)\n";
enum { N = 3, H = 6, W = 8, C = 3, Z = 4, COND = 4 };

struct world {
  struct clgan_model *m;
  struct clgan_ir *g;
  struct clgan_net_state net[3];
  int *first[3]; /* values at the graph's start, to be filled */
  struct clgan_interpreter *run;
  struct clgan_tensors file; /* every tensor as a file has it */
  int x, z, c, noise, momentum;
  double fx[N * C * H * W], fz[N * Z], fc[N * COND], fnoise[N * Z]; /* inputs, N,C,H,W */
};

static void begin(struct world *w) {
  struct clgan_error e = {0};
  if (clgan_model_parse(text, "test", 0, NULL, 0, &w->m, &e) != CLGAN_OK) fail_msg("%s", e.text);
  w->g = clgan_ir_create();
  w->x = clgan_ir_input(w->g, "x", CLGAN_F32, clgan_shape_of(N, H, W, C));
  w->z = clgan_ir_input(w->g, "z", CLGAN_F32, clgan_shape_of(N, 1, 1, Z));
  w->c = clgan_ir_input(w->g, "c", CLGAN_F32, clgan_shape_of(N, 1, 1, COND));
  w->noise = clgan_ir_input(w->g, "noise", CLGAN_F32, clgan_shape_of(N, 1, 1, Z));
  w->momentum = clgan_ir_input(w->g, "momentum", CLGAN_F32, clgan_shape_of(1, 1, 1, 1));
  for (int k = 0; k < 3; k++) {
    const struct clgan_net *net = &w->m->nets[k];
    assert_int_equal(clgan_net_state_create(w->g, net, net->name, &w->net[k]), CLGAN_OK);
    w->first[k] = clgan_mem_array(net->n_params, sizeof(int));
    memcpy(w->first[k], w->net[k].value, net->n_params * sizeof(int));
  }
}

/* Random weights, through the file's layout, and inputs. */
static void fill(struct world *w) {
  struct clgan_error e = {0};
  struct clgan_random r;
  if (w->g->error.status) fail_msg("%s", w->g->error.text);
  assert_int_equal(clgan_interpreter_create(w->g, &w->run, &e), CLGAN_OK);
  for (int k = 0; k < 3; k++) {
    const struct clgan_net *net = &w->m->nets[k];
    float *group = clgan_mem_array(net->group_count, sizeof *group),
          **other = clgan_mem_array(net->n_params, sizeof *other);
    for (size_t i = 0; i < net->n_params; i++)
      if (!net->params[i].trainable) other[i] = clgan_mem_array(net->params[i].count, sizeof **other);
    clgan_net_init(w->m, net, 3, group, other);
    assert_int_equal(clgan_tensors_put_net(&w->file, net->name, net, group, (const float *const *)other, &e), CLGAN_OK);
    for (size_t i = 0; i < net->n_params; i++) {
      const struct clgan_param *p = &net->params[i];
      double *data = clgan_interpreter_data(w->run, w->first[k][i]);
      for (size_t j = 0; j < p->count; j++) data[j] = (double)(p->trainable ? group[p->offset + j] : other[i][j]);
      clgan_mem_free(other[i]);
    }
    clgan_mem_free(group), clgan_mem_free(other);
  }
  clgan_random_init(&r, 1, 2, 3);
  for (size_t i = 0; i < N * C * H * W; i++) w->fx[i] = (double)clgan_random_normal(&r);
  for (size_t i = 0; i < N * Z; i++)
    w->fz[i] = (double)clgan_random_normal(&r), w->fnoise[i] = (double)clgan_random_normal(&r);
  for (size_t i = 0; i < N * COND; i++) w->fc[i] = (double)clgan_random_normal(&r);
  memcpy(clgan_interpreter_data(w->run, w->z), w->fz, sizeof w->fz);
  memcpy(clgan_interpreter_data(w->run, w->c), w->fc, sizeof w->fc);
  memcpy(clgan_interpreter_data(w->run, w->noise), w->fnoise, sizeof w->fnoise);
  double *x = clgan_interpreter_data(w->run, w->x);
  for (int n = 0; n < N; n++)
    for (int c = 0; c < C; c++)
      for (int p = 0; p < H * W; p++) x[(n * H * W + p) * C + c] = w->fx[(n * C + c) * H * W + p];
}

static void end(struct world *w) {
  for (int k = 0; k < 3; k++) clgan_net_state_free(&w->net[k]), clgan_mem_free(w->first[k]);
  clgan_interpreter_destroy(w->run);
  clgan_tensors_free(&w->file);
  clgan_ir_destroy(w->g);
  clgan_model_destroy(w->m);
}

/* -- plain loops -- */
static const float *t(const struct world *w, const char *name) {
  const struct clgan_named_tensor *x = clgan_tensors_find(&w->file, name);
  if (!x) fail_msg("no %s", name);
  return x->data;
}

static void linear(const double *x, int in, const float *weight, const float *bias, int out, double *y) {
  for (int n = 0; n < N; n++)
    for (int o = 0; o < out; o++) {
      double sum = bias ? (double)bias[o] : 0;
      for (int i = 0; i < in; i++) sum += x[n * in + i] * (double)weight[o * in + i];
      y[n * out + o] = sum;
    }
}

/* Cross-correlation; weight O,I,k,k. */
static void conv(const double *x, int ci, int h, int v, const float *weight, const float *bias, int co, int k, int s,
                 int p, double *y) {
  int ho = (h + 2 * p - k) / s + 1, wo = (v + 2 * p - k) / s + 1;
  for (int n = 0; n < N; n++)
    for (int o = 0; o < co; o++)
      for (int r = 0; r < ho; r++)
        for (int q = 0; q < wo; q++) {
          double sum = bias ? (double)bias[o] : 0;
          for (int i = 0; i < ci; i++)
            for (int a = 0; a < k; a++)
              for (int b = 0; b < k; b++) {
                int yy = r * s - p + a, xx = q * s - p + b;
                if (yy >= 0 && yy < h && xx >= 0 && xx < v)
                  sum += x[((n * ci + i) * h + yy) * v + xx] * (double)weight[((o * ci + i) * k + a) * k + b];
              }
          y[((n * co + o) * ho + r) * wo + q] = sum;
        }
}

/* Scatters; weight I,O,k,k. */
static void deconv(const double *x, int ci, int h, int v, const float *weight, const float *bias, int co, int k, int s,
                   int p, double *y) {
  int ho = (h - 1) * s - 2 * p + k, wo = (v - 1) * s - 2 * p + k;
  for (int e = 0; e < N * co * ho * wo; e++) y[e] = (double)bias[e / (ho * wo) % co];
  for (int n = 0; n < N; n++)
    for (int i = 0; i < ci; i++)
      for (int r = 0; r < h; r++)
        for (int q = 0; q < v; q++)
          for (int o = 0; o < co; o++)
            for (int a = 0; a < k; a++)
              for (int b = 0; b < k; b++) {
                int yy = r * s - p + a, xx = q * s - p + b;
                if (yy >= 0 && yy < ho && xx >= 0 && xx < wo)
                  y[((n * co + o) * ho + yy) * wo + xx] +=
                      x[((n * ci + i) * h + r) * v + q] * (double)weight[((i * co + o) * k + a) * k + b];
              }
}

static void moments(const double *x, int c, int ch, int hw, double *mean, double *biased) {
  double sum = 0, square = 0;
  for (int n = 0; n < N; n++)
    for (int p = 0; p < hw; p++) sum += x[(n * ch + c) * hw + p];
  *mean = sum / (N * hw);
  for (int n = 0; n < N; n++)
    for (int p = 0; p < hw; p++) square += (x[(n * ch + c) * hw + p] - *mean) * (x[(n * ch + c) * hw + p] - *mean);
  *biased = square / (N * hw);
}

static void batchnorm(double *x, int ch, int hw) { /* weight 1, bias 0: the initial ones */
  for (int c = 0; c < ch; c++) {
    double mean, var;
    moments(x, c, ch, hw, &mean, &var);
    for (int n = 0; n < N; n++)
      for (int p = 0; p < hw; p++) x[(n * ch + c) * hw + p] = (x[(n * ch + c) * hw + p] - mean) / sqrt(var + 1e-5);
  }
}

static void lrelu(double *x, int n, double slope) {
  for (int i = 0; i < n; i++) x[i] = x[i] > 0 ? x[i] : slope * x[i];
}

static float *normalised(const struct world *w, const char *layer, int rows, int columns,
                         float *copy) { /* W / (u' W v) */
  char name[40];
  double sigma = 0;
  snprintf(name, sizeof name, "D.%s.u", layer);
  const float *u = t(w, name);
  snprintf(name, sizeof name, "D.%s.v", layer);
  const float *v = t(w, name);
  snprintf(name, sizeof name, "D.%s.weight", layer);
  const float *weight = t(w, name);
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < columns; c++) sigma += (double)u[r] * (double)weight[r * columns + c] * (double)v[c];
  for (int i = 0; i < rows * columns; i++) copy[i] = (float)((double)weight[i] / sigma);
  return copy;
}

static void join(const double *a, int na, const double *b, int nb, double *y) {
  for (int n = 0; n < N; n++) {
    memcpy(y + n * (na + nb), a + n * na, (size_t)na * sizeof *y);
    memcpy(y + n * (na + nb) + na, b + n * nb, (size_t)nb * sizeof *y);
  }
}

/* Compares a value of the graph (N,H,W,C) with a plain result (N,C,H,W). */
static void same(const struct world *w, int value, const double *want, double tolerance) {
  struct clgan_shape s = clgan_ir_shape(w->g, value);
  const double *got = clgan_interpreter_data(w->run, value);
  for (int n = 0; n < s.n; n++)
    for (int p = 0; p < s.h * s.w; p++)
      for (int c = 0; c < s.c; c++) {
        double a = got[(n * s.h * s.w + p) * s.c + c], b = want[(n * s.c + c) * s.h * s.w + p];
        if (!(fabs(a - b) <= tolerance)) fail_msg("image %d pixel %d channel %d: %.9g, not %.9g", n, p, c, a, b);
      }
}

static void generator(void **state) {
  struct world w = {0};
  struct clgan_apply how = {CLGAN_BN_TRAIN, false, CLGAN_NONE};
  double zc[N * 8], h[N * 36], y[N * C * H * W];
  int out[4];
  (void)state;
  begin(&w);
  assert_int_equal(clgan_net_apply(w.g, &w.net[0], &how, (int[]){w.z, w.c}, out), CLGAN_OK);
  fill(&w);
  clgan_interpreter_execute(w.run);
  join(w.fz, Z, w.fc, COND, zc);
  linear(zc, 8, t(&w, "G.fc.weight"), NULL, 36, h);
  double mean, var;
  const double *rm = clgan_interpreter_data(w.run, w.net[0].value[clgan_net_param(&w.m->nets[0], "bn.running_mean")]);
  const double *rv = clgan_interpreter_data(w.run, w.net[0].value[clgan_net_param(&w.m->nets[0], "bn.running_var")]);
  for (int c = 0; c < 3; c++) { /* momentum 0.1, unbiased variance, from 0 and 1 */
    moments(h, c, 3, 12, &mean, &var);
    assert_true(fabs(rm[c] - 0.1 * mean) < 1e-7);
    assert_true(fabs(rv[c] - (0.9 + 0.1 * var * (N * 12) / (N * 12 - 1))) < 1e-7);
  }
  batchnorm(h, 3, 12);
  lrelu(h, N * 36, 0);
  deconv(h, 3, 3, 4, t(&w, "G.up.weight"), t(&w, "G.up.bias"), 3, 4, 2, 1, y);
  for (int i = 0; i < N * C * H * W; i++) y[i] = tanh(y[i]);
  same(&w, out[0], y, 1e-6);
  end(&w);
}

static void encoder(void **state) {
  struct world w = {0};
  struct clgan_apply how = {CLGAN_BN_STILL, false, CLGAN_NONE};
  double h[N * 3 * 3 * 4], zz[N * 2 * Z], z[N * Z], mu[N * Z], f[N * 2];
  int out[4], quiet[4];
  (void)state;
  begin(&w);
  assert_int_equal(clgan_net_apply(w.g, &w.net[1], &how, (int[]){w.x, w.noise}, out), CLGAN_OK);
  assert_int_equal(clgan_net_apply(w.g, &w.net[1], &how, (int[]){w.x, CLGAN_NONE}, quiet), CLGAN_OK);
  assert_memory_equal(w.net[1].value, w.first[1], w.m->nets[1].n_params * sizeof(int)); /* still: no statistic moved */
  fill(&w);
  clgan_interpreter_execute(w.run);
  conv(w.fx, C, H, W, t(&w, "E.cv.weight"), NULL, 3, 3, 2, 1, h);
  batchnorm(h, 3, 12);
  lrelu(h, N * 36, 0.1);
  linear(h, 36, t(&w, "E.z.weight"), t(&w, "E.z.bias"), 2 * Z, zz);
  linear(h, 36, t(&w, "E.c.weight"), t(&w, "E.c.bias"), 2, f);
  for (int n = 0; n < N; n++)
    for (int k = 0; k < Z; k++) {
      double s = zz[n * 2 * Z + Z + k];
      mu[n * Z + k] = zz[n * 2 * Z + k];
      z[n * Z + k] = mu[n * Z + k] + w.fnoise[n * Z + k] * exp(s < -6 ? -6 : s > 2 ? 2 : s);
    }
  for (int i = 0; i < N * 2; i++) f[i] = 2 / (1 + exp(-f[i])) - 1;
  same(&w, out[0], z, 1e-6);
  same(&w, quiet[0], mu, 1e-6);
  same(&w, out[1], f, 1e-6);
  end(&w);
}

static void discriminator(void **state) {
  struct world w = {0};
  struct clgan_apply how = {CLGAN_BN_TRAIN, false, CLGAN_NONE};
  float copy[1000];
  double hx[N * 2 * 12], joined[N * 28], h[N * 5], k[N * 5], m[N * 5], s[N], v[N * 5], c[N * COND];
  int out[4];
  (void)state;
  begin(&w);
  assert_int_equal(clgan_net_apply(w.g, &w.net[2], &how, (int[]){w.x, w.z, w.c}, out), CLGAN_OK);
  fill(&w);
  clgan_interpreter_execute(w.run);
  conv(w.fx, C, H, W, normalised(&w, "cv", 2, 48, copy), t(&w, "D.cv.bias"), 2, 4, 2, 1, hx);
  lrelu(hx, N * 24, 0.2);
  join(hx, 24, w.fz, Z, joined);
  linear(joined, 28, normalised(&w, "j", 5, 28, copy), t(&w, "D.j.bias"), 5, h);
  lrelu(h, N * 5, 0);
  linear(w.fz, Z, normalised(&w, "k", 5, Z, copy), t(&w, "D.k.bias"), 5, k);
  linear(k, 5, normalised(&w, "l", 5, 5, copy), t(&w, "D.l.bias"), 5, m);
  for (int i = 0; i < N * 5; i++) h[i] = tanh(h[i] + m[i]);
  linear(h, 5, normalised(&w, "o", 1, 5, copy), t(&w, "D.o.bias"), 1, s);
  for (int i = 0; i < N * COND; i++) c[i] = w.fc[i] / sqrt(2);
  linear(c, COND, normalised(&w, "p", 5, COND, copy), NULL, 5, v);
  for (int n = 0; n < N; n++)
    for (int i = 0; i < 5; i++) s[n] += v[n * 5 + i] * h[n * 5 + i];
  same(&w, out[0], s, 1e-6);
  end(&w);
}

/* One iteration on the device's layout is one on the file's. */
static void power_iteration(void **state) {
  struct world w = {0};
  (void)state;
  begin(&w);
  assert_int_equal(clgan_net_power_iteration(w.g, &w.net[2]), CLGAN_OK);
  fill(&w);
  clgan_interpreter_execute(w.run);
  const float *weight = t(&w, "D.cv.weight"), *u = t(&w, "D.cv.u");
  int iu = clgan_net_param(&w.m->nets[2], "cv.u"), iv = clgan_net_param(&w.m->nets[2], "cv.v");
  const struct clgan_param *pv = &w.m->nets[2].params[iv];
  assert_int_not_equal(w.net[2].value[iu], w.first[2][iu]);
  double v[48], next[2] = {0, 0}, norm = 0;
  for (int c = 0; c < 48; c++)
    v[c] = (double)weight[c] * (double)u[0] + (double)weight[48 + c] * (double)u[1], norm += v[c] * v[c];
  for (int c = 0; c < 48; c++) v[c] /= sqrt(norm);
  for (int r = 0; r < 2; r++)
    for (int c = 0; c < 48; c++) next[r] += (double)weight[r * 48 + c] * v[c];
  norm = sqrt(next[0] * next[0] + next[1] * next[1]);
  const double *gu = clgan_interpreter_data(w.run, w.net[2].value[iu]),
               *gv = clgan_interpreter_data(w.run, w.net[2].value[iv]);
  for (size_t e = 0; e < 48; e++) assert_true(fabs(gv[e] - v[clgan_param_file_index(pv, e)]) < 1e-7);
  for (int r = 0; r < 2; r++) assert_true(fabs(gu[r] - next[r] / norm) < 1e-7);
  end(&w);
}

/* The mean of the statistics of two batches, by momentum 1 and 1/2; then inference with them. */
static void estimated_statistics(void **state) {
  struct world w = {0};
  int out[4], infer[4];
  (void)state;
  begin(&w);
  struct clgan_apply how = {CLGAN_BN_ESTIMATE, false, w.momentum};
  assert_int_equal(clgan_net_apply(w.g, &w.net[0], &how, (int[]){w.z, w.c}, out), CLGAN_OK);
  how.mode = CLGAN_BN_INFER;
  assert_int_equal(clgan_net_apply(w.g, &w.net[0], &how, (int[]){w.z, w.c}, infer), CLGAN_OK);
  fill(&w);
  int i = clgan_net_param(&w.m->nets[0], "bn.running_mean");
  const double *rm = clgan_interpreter_data(w.run, w.net[0].value[i]),
               *rv = clgan_interpreter_data(w.run, w.net[0].value[i + 1]);
  double zc[N * 8], h[N * 36], y[N * C * H * W], mean[3] = {0}, var[3] = {0}, *z = clgan_interpreter_data(w.run, w.z);
  for (int batch = 1; batch <= 2; batch++) {
    *clgan_interpreter_data(w.run, w.momentum) = 1.0 / batch;
    for (int k = 0; k < N * Z; k++) z[k] = w.fz[k] *= 1.5;
    clgan_interpreter_execute(w.run);
    join(w.fz, Z, w.fc, COND, zc);
    linear(zc, 8, t(&w, "G.fc.weight"), NULL, 36, h);
    for (int c = 0; c < 3; c++) {
      double a, b;
      moments(h, c, 3, 12, &a, &b);
      mean[c] += a / 2, var[c] += b * 36 / 35 / 2;
    }
  }
  for (int c = 0; c < 3; c++) assert_true(fabs(rm[c] - mean[c]) < 1e-6 && fabs(rv[c] - var[c]) < 1e-6);
  for (int e = 0; e < N * 36; e++) {
    int c = e / 12 % 3;
    h[e] = (h[e] - mean[c]) / sqrt(var[c] + 1e-5);
  }
  lrelu(h, N * 36, 0);
  deconv(h, 3, 3, 4, t(&w, "G.up.weight"), t(&w, "G.up.bias"), 3, 4, 2, 1, y);
  for (int e = 0; e < N * C * H * W; e++) y[e] = tanh(y[e]);
  same(&w, infer[0], y, 1e-6);
  end(&w);
}

/* Gradients: every trainable tensor of an open net gets one, none of a frozen one does. */
static void frozen_nets_get_no_gradient(void **state) {
  (void)state;
  for (int frozen = 0; frozen < 2; frozen++) {
    struct world w = {0};
    int out[4], wrt[32], grads[32];
    size_t n = 0;
    begin(&w);
    struct clgan_apply how = {CLGAN_BN_TRAIN, frozen, CLGAN_NONE};
    const struct clgan_net *d = &w.m->nets[2];
    assert_int_equal(clgan_net_apply(w.g, &w.net[2], &how, (int[]){w.x, w.z, w.c}, out), CLGAN_OK);
    struct clgan_start start = {.value = out[0],
                                .gradient = clgan_ir_input(w.g, "ds", CLGAN_F32, clgan_shape_of(N, 1, 1, 1))};
    for (size_t i = 0; i < d->n_params; i++)
      if (d->params[i].trainable) wrt[n++] = w.net[2].value[i];
    wrt[n++] = w.x;
    if (clgan_autodiff(w.g, &start, 1, wrt, n, grads) != CLGAN_OK) fail_msg("%s", w.g->error.text);
    for (size_t i = 0; i + 1 < n; i++) assert_int_equal(grads[i] == CLGAN_NONE, frozen);
    assert_int_not_equal(grads[n - 1], CLGAN_NONE); /* images get theirs in both cases */
    end(&w);
  }
}

static void a_missing_input_is_an_error(void **state) {
  struct world w = {0};
  struct clgan_apply how = {CLGAN_BN_TRAIN, false, CLGAN_NONE};
  int out[4];
  (void)state;
  begin(&w);
  assert_int_not_equal(clgan_net_apply(w.g, &w.net[0], &how, (int[]){w.z, CLGAN_NONE}, out), CLGAN_OK);
  assert_non_null(strstr(w.g->error.text, "input c is missing"));
  assert_int_equal(out[0], CLGAN_NONE);
  end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(generator),
      cmocka_unit_test(encoder),
      cmocka_unit_test(discriminator),
      cmocka_unit_test(power_iteration),
      cmocka_unit_test(estimated_statistics),
      cmocka_unit_test(frozen_nets_get_no_gradient),
      cmocka_unit_test(a_missing_input_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
