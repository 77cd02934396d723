/* ops_blast.c: CLBlast at the products that it has. SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/philox.h"
#include "bench/ops_internal.h"
#include "cl/blast.h"

enum { SAMPLES = 50, SEED = 1, PERIOD = 262147 /* as ops_check.c has it */ };
#define TOLERANCE 1e-4 /* sums in another order than one after the other, by whatever kernels CLBlast chose */

/* The work of a node for CLBlast: convolutions forward; and all passes of what is a matrix product. @return false: it has
 * none. Winograd's or other ways are not asked for: CLBlast has this one. */
static bool translate(const struct clgan_node *n, const char *pass, struct clgan_blast_product *p) {
  const struct clgan_geom *g = &n->attr.geom;
  const bool product = n->op == CLGAN_OP_CONV, gradient = n->op == CLGAN_OP_CONV_WGRAD;
  const size_t rows = (size_t)(g->n * g->ho * g->wo), ci = (size_t)g->ci, co = (size_t)g->co;
  if (!product && !gradient) return false;
  *p = (struct clgan_blast_product){0};
  if (g->kh * g->kw == 1 && g->stride == 1 && g->pad == 0) {
    if (gradient) { /* dw[co,ci] = dy[rows,co]' x[rows,ci] */
      p->m = co, p->n = ci, p->k = rows;
      p->a_transposed = true;
    } else { /* y[rows,out] = x[rows,in] w[out,in]'; of the data's gradient w lies the other way */
      p->m = rows, p->n = n->attr.i[0] ? ci : co, p->k = n->attr.i[0] ? co : ci;
      p->b_transposed = strcmp(pass, "data") != 0;
    }
    return true;
  }
  if (!product || n->attr.i[0]) return false;
  *p = (struct clgan_blast_product){.conv = true,
                                    .batch = (size_t)g->n,
                                    .channels = ci,
                                    .height = (size_t)g->hi,
                                    .width = (size_t)g->wi,
                                    .kernel_h = (size_t)g->kh,
                                    .kernel_w = (size_t)g->kw,
                                    .pad = (size_t)g->pad,
                                    .stride = (size_t)g->stride,
                                    .kernels = co};
  return true;
}

struct blast {
  struct clgan_cl *cl;
  struct clgan_blast_product p;
  size_t count[3]; /* elements of A, B, C */
  float *host[3];
  struct clgan_buffer *b[3];
};

static enum clgan_status do_blast(void *context, int times, struct clgan_error *e) {
  struct blast *x = context;
  for (int k = 0; k < times; k++) CLGAN_TRY(clgan_blast_enqueue(x->cl, &x->p, x->b[0], x->b[1], x->b[2], NULL, NULL, e));
  return CLGAN_OK;
}

static enum clgan_status prepare(struct blast *x, const struct clgan_geom *g, struct clgan_error *e) {
  const struct clgan_blast_product *p = &x->p;
  struct clgan_random r;
  x->count[0] = p->conv ? p->batch * p->channels * p->height * p->width : p->m * p->k;
  x->count[1] = p->conv ? p->kernels * p->channels * p->kernel_h * p->kernel_w : p->k * p->n;
  x->count[2] = p->conv ? p->batch * p->kernels * (size_t)(g->ho * g->wo) : p->m * p->n;
  clgan_random_init(&r, SEED, 0, CLGAN_STREAM_SAMPLE);
  for (int k = 0; k < 3; k++) {
    CLGAN_TRY(clgan_mem_try((void **)&x->host[k], x->count[k], sizeof(float), "CLBlast's operands", e));
    for (size_t i = 0; i < x->count[k] && k < 2; i++)
      x->host[k][i] = i < PERIOD ? 2 * clgan_random_uniform(&r) - 1 : x->host[k][i - PERIOD];
    CLGAN_TRY(clgan_buffer_create(x->cl, x->count[k] * sizeof(float), &x->b[k], e));
    CLGAN_TRY(clgan_buffer_write(x->b[k], 0, x->host[k], x->count[k] * sizeof(float), e));
  }
  return CLGAN_OK;
}

static double expected_gemm(const struct blast *x, size_t at) {
  const struct clgan_blast_product *p = &x->p;
  const size_t row = at / p->n, column = at % p->n;
  double sum = 0;
  for (size_t k = 0; k < p->k; k++)
    sum += (double)x->host[0][p->a_transposed ? k * p->m + row : row * p->k + k] *
           (double)x->host[1][p->b_transposed ? column * p->k + k : k * p->n + column];
  return sum;
}

static double expected_conv(const struct blast *x, const struct clgan_geom *g, size_t at) {
  const struct clgan_blast_product *p = &x->p;
  const size_t wo = (size_t)g->wo, ho = (size_t)g->ho;
  const size_t column = at % wo, row = at / wo % ho, kernel = at / (wo * ho) % p->kernels, n = at / (wo * ho * p->kernels);
  double sum = 0;
  for (size_t c = 0; c < p->channels; c++)
    for (size_t i = 0; i < p->kernel_h; i++)
      for (size_t j = 0; j < p->kernel_w; j++) {
        size_t y = row * p->stride + i - p->pad, z = column * p->stride + j - p->pad; /* below 0: huge */
        if (y >= p->height || z >= p->width) continue;
        sum += (double)x->host[0][((n * p->channels + c) * p->height + y) * p->width + z] *
               (double)x->host[1][((kernel * p->channels + c) * p->kernel_h + i) * p->kernel_w + j];
      }
  return sum;
}

/* The largest difference over the largest of the samples. */
static enum clgan_status check(struct blast *x, const struct clgan_geom *g, double *error, struct clgan_error *e) {
  struct clgan_random r;
  double largest = 0, worst = 0;
  CLGAN_TRY(do_blast(x, 1, e));
  CLGAN_TRY(clgan_buffer_read(x->b[2], 0, x->host[2], x->count[2] * sizeof(float), e));
  clgan_random_init(&r, SEED, 1, CLGAN_STREAM_SAMPLE);
  for (int k = 0; k < SAMPLES; k++) {
    size_t at = k == 0 ? 0 : k == 1 ? x->count[2] - 1 : clgan_random_u32(&r) % x->count[2];
    double want = x->p.conv ? expected_conv(x, g, at) : expected_gemm(x, at), d = fabs((double)x->host[2][at] - want);
    largest = fmax(largest, fabs(want));
    worst = fmax(worst, isfinite(d) ? d : (double)INFINITY);
  }
  *error = worst / largest;
  return CLGAN_OK;
}

void clgan_bench_op_blast(struct clgan_cl *cl, const struct clgan_bench_op *op, const struct clgan_bench_timing *t,
                          struct clgan_bench_peer *out) {
  const struct clgan_node *n = &op->g->nodes[0];
  struct blast x = {.cl = cl};
  struct clgan_error e = {0};
  double error = 0, flops, bytes;
  if (!translate(n, op->pass, &x.p)) return;
  enum clgan_status s = prepare(&x, &n->attr.geom, &e);
  if (s == CLGAN_OK) s = check(&x, &n->attr.geom, &error, &e);
  if (s == CLGAN_OK && !(error <= TOLERANCE))
    s = clgan_error_set(&e, CLGAN_ERR_NUMERIC, "wrong: error %.2g of the largest sample", error);
  if (s == CLGAN_OK) s = clgan_bench_time(cl, do_blast, &x, t, &out->time, &e);
  if (s == CLGAN_OK) {
    clgan_op_cost(op->g, n, &flops, &bytes);
    out->gflops = flops / out->time.median * 1e-9;
  } else {
    (void)snprintf(out->error, sizeof out->error, "%.*s", (int)strcspn(e.text, "\n"), e.text);
  }
  for (int k = 0; k < 3; k++) {
    clgan_buffer_destroy(x.b[k]);
    clgan_mem_free(x.host[k]);
  }
}
