/* conv_blast.c: convolutions with 1x1 kernels of stride 1, linear layers above all, as matrix products of CLBlast,
 * local-memory family. In NHWC they are C[pixels, out] = A[pixels, in] B[in, out] as everything lies; CLBlast reads a
 * transposed operand as well, so there is no packing. What it has no parameter for (bias, scale, activation, gate, acc)
 * is done by the launch that finishes the family's split products, with one part. Only where a tuning says so: it must
 * have won on the device. */
#include "cl/blast.h"
#include "ops/conv.h"

struct gemm {
  struct clgan_blast_product p;
  int a, b;         /* values */
  bool finish;      /* C is the scratch's first part, to be finished */
  size_t temporary; /* floats, after it */
};

static int input(const struct clgan_node *node, int k) {
  return k < node->n_in ? node->in[k] : CLGAN_NONE;
}

static struct gemm forward_of(const struct clgan_node *node) {
  const struct clgan_geom *q = &node->attr.geom;
  const bool turned = node->attr.i[0] == 1;
  const struct clgan_blast_product p = {.m = (size_t)q->n * (size_t)q->ho * (size_t)q->wo,
                                        .n = (size_t)(turned ? q->ci : q->co),
                                        .k = (size_t)(turned ? q->co : q->ci),
                                        .b_transposed = node->attr.i[1] == 1};
  const bool plain = input(node, 2) == CLGAN_NONE && input(node, 3) == CLGAN_NONE && node->attr.act == CLGAN_ACT_NONE &&
                     clgan_conv_gate(node) == CLGAN_NONE;
  return (struct gemm){.p = p, .a = node->in[0], .b = node->in[1], .finish = !plain};
}

/* dW = X' DY or, in layout 1, DY' X. */
static struct gemm gradient_of(const struct clgan_node *node) {
  const struct clgan_geom *q = &node->attr.geom;
  const bool turned = node->attr.i[0] == 1;
  const struct clgan_blast_product p = {.m = (size_t)(turned ? q->co : q->ci),
                                        .n = (size_t)(turned ? q->ci : q->co),
                                        .k = (size_t)q->n * (size_t)q->ho * (size_t)q->wo,
                                        .a_transposed = true};
  return (struct gemm){.p = p, .a = node->in[turned], .b = node->in[!turned], .finish = input(node, 2) != CLGAN_NONE};
}

static bool gemm_of(const struct clgan_node *node, const struct clgan_target *t, struct gemm *out) {
  const struct clgan_geom *q = &node->attr.geom;
  const bool product = q->kh == 1 && q->kw == 1 && q->stride == 1 && q->pad == 0;
  if (!product || t->family != CLGAN_FAMILY_LOCAL || !t->cl) return false;
  *out = node->op == CLGAN_OP_CONV ? forward_of(node) : gradient_of(node);
  return clgan_blast_temporary(t->cl, &out->p, &out->temporary);
}

bool clgan_conv_blast_possible(const struct clgan_node *node, const struct clgan_target *t) {
  struct gemm ignored;
  return gemm_of(node, t, &ignored);
}

bool clgan_conv_blast_chosen(const struct clgan_node *node, const struct clgan_target *t) {
  struct clgan_variant v;
  return clgan_variant_find(node, t, &v) && v.at[CLGAN_VARIANT_KIND] == CLGAN_KIND_CLBLAST;
}

/* Where the temporary memory begins. */
static size_t result_size(const struct gemm *x) {
  return x->finish ? (x->p.m * x->p.n + CLGAN_ALIGN - 1) / CLGAN_ALIGN * CLGAN_ALIGN : 0;
}

size_t clgan_conv_blast_scratch(const struct clgan_node *node, const struct clgan_target *t) {
  struct gemm x;
  return gemm_of(node, t, &x) ? result_size(&x) + x.temporary : 0;
}

void clgan_conv_blast_prepare(const struct clgan_ir *g, const struct clgan_node *node, const struct clgan_target *t, struct clgan_launches *l) {
  struct gemm x;
  if (!gemm_of(node, t, &x)) return; /* it is possible: it was chosen */
  struct clgan_launch *launch = clgan_launch_gemm(l, &x.p, x.temporary);
  clgan_launch_value(launch, x.a);
  clgan_launch_value(launch, x.b);
  if (x.finish)
    clgan_launch_scratch(launch, 0, x.p.m * x.p.n);
  else
    clgan_launch_value(launch, node->out[0]);
  if (x.temporary) clgan_launch_scratch(launch, result_size(&x), x.temporary);
  if (!x.finish) return;
  if (node->op == CLGAN_OP_CONV)
    clgan_conv_local_finish_add(g, node, t, 1, l);
  else
    clgan_conv_local_wgrad_finish_add(node, t, 1, false, l); /* it lies as dW does */
}
