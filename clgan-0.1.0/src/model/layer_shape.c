/* layer_shape.c - the shape that a layer gives, and whether its inputs fit. */
#include "model/model_internal.h"

static bool flat(struct clgan_shape s) {
  return s.h == 1 && s.w == 1;
}
static long long elements(struct clgan_shape s) {
  return (long long)s.h * s.w * s.c;
}

static enum clgan_status linear(struct clgan_parser *p, struct clgan_layer *l) {
  long long in = 0;
  for (int i = 0; i < l->n_in; i++) in += elements(l->in_shape[i]);
  if (in > CLGAN_MAX_ELEMENTS)
    return clgan_parser_fail(p, "%lld inputs of a linear layer; allowed: at most %d", in, CLGAN_MAX_ELEMENTS);
  int features = l->features;
  if (l->noise >= 0) {
    if (features % 2 || features / 2 != p->m->latent)
      return clgan_parser_fail(p, "reparam with %d features; allowed: 2*latent = %d (mean and log sigma)", features,
                               2 * p->m->latent);
    if (l->act != CLGAN_ACT_NONE || l->has_affine)
      return clgan_parser_fail(p, "reparam after an activation; allowed: no activation and no affine=");
    features /= 2;
  }
  l->shape = l->image = clgan_shape_of(1, 1, 1, features);
  return CLGAN_OK;
}

static enum clgan_status conv(struct clgan_parser *p, struct clgan_layer *l) {
  struct clgan_shape a = l->in_shape[0];
  for (int i = 1; i < l->n_in; i++) {
    if (l->in_shape[i].h != a.h || l->in_shape[i].w != a.w)
      return clgan_parser_fail(p,
                               "inputs of %dx%d and %dx%d pixels do not fit together; allowed: equal height and width",
                               a.h, a.w, l->in_shape[i].h, l->in_shape[i].w);
    a.c += l->in_shape[i].c;
  }
  if (l->pad >= l->k)
    return clgan_parser_fail(p, "padding %d with a kernel of %d; allowed: padding smaller than the kernel", l->pad,
                             l->k);
  int h, w;
  if (l->kind == CLGAN_LAYER_CONV) {
    if (a.h + 2 * l->pad < l->k || a.w + 2 * l->pad < l->k)
      return clgan_parser_fail(
          p, "a kernel of %d does not fit an input of %dx%d with padding %d; allowed: a smaller kernel", l->k, a.h, a.w,
          l->pad);
    h = (a.h + 2 * l->pad - l->k) / l->stride + 1;
    w = (a.w + 2 * l->pad - l->k) / l->stride + 1;
  } else {
    h = (a.h - 1) * l->stride - 2 * l->pad + l->k;
    w = (a.w - 1) * l->stride - 2 * l->pad + l->k;
    if (h < 1 || w < 1)
      return clgan_parser_fail(p, "deconv of %dx%d with k%d s%d p%d gives %dx%d; allowed: less padding", a.h, a.w, l->k,
                               l->stride, l->pad, h, w);
  }
  l->shape = clgan_shape_of(1, h, w, l->features);
  if (h > 4096 || w > 4096 || elements(l->shape) > CLGAN_MAX_ELEMENTS || a.c > CLGAN_MAX_WIDTH)
    return clgan_parser_fail(p, "%dx%dx%d is too large; allowed: at most 4096x4096, %d channels and %d elements", h, w,
                             l->features, CLGAN_MAX_WIDTH, CLGAN_MAX_ELEMENTS);
  return CLGAN_OK;
}

static enum clgan_status add(struct clgan_parser *p, struct clgan_layer *l) {
  if (l->n_in < 2) return clgan_parser_fail(p, "`add` of one value; allowed: add in=A,B");
  l->shape = l->in_shape[0];
  for (int i = 1; i < l->n_in; i++) {
    struct clgan_shape s = l->in_shape[i];
    if (s.h != l->shape.h || s.w != l->shape.w || s.c != l->shape.c)
      return clgan_parser_fail(p, "`add` of %dx%dx%d and %dx%dx%d; allowed: equal shapes", l->shape.h, l->shape.w,
                               l->shape.c, s.h, s.w, s.c);
  }
  return CLGAN_OK;
}

/* Makes the linear layer before it give an image, whose order of elements the files count as C,H,W. */
static enum clgan_status shape(struct clgan_parser *p, struct clgan_layer *l) {
  struct clgan_net *net = p->net;
  struct clgan_layer *before = net->n_layers ? &net->layers[net->n_layers - 1] : NULL;
  if (!before || before->kind != CLGAN_LAYER_LINEAR || before->out || before->noise >= 0)
    return clgan_parser_fail(p, "`shape` must follow a linear layer (without out= or reparam=) directly");
  if (elements(l->shape) != before->features)
    return clgan_parser_fail(p, "shape %dx%dx%d has %lld elements, the layer before gives %d; allowed: equal counts",
                             l->shape.h, l->shape.w, l->shape.c, elements(l->shape), before->features);
  before->image = l->shape;
  return CLGAN_OK;
}

static enum clgan_status score(struct clgan_parser *p, struct clgan_layer *l) {
  if (elements(l->in_shape[0]) != 1)
    return clgan_parser_fail(p, "score of %lld features; allowed: 1", elements(l->in_shape[0]));
  if (l->n_in == 3 && (!flat(l->in_shape[1]) || !flat(l->in_shape[2]) || l->in_shape[1].c != l->in_shape[2].c))
    return clgan_parser_fail(p, "dot of shapes %dx%dx%d and %dx%dx%d; allowed: two equal numbers of features",
                             l->in_shape[1].h, l->in_shape[1].w, l->in_shape[1].c, l->in_shape[2].h, l->in_shape[2].w,
                             l->in_shape[2].c);
  l->shape = clgan_shape_of(1, 1, 1, 1);
  return CLGAN_OK;
}

enum clgan_status clgan_layer_infer(struct clgan_parser *p, struct clgan_layer *l) {
  switch (l->kind) {
    case CLGAN_LAYER_LINEAR: return linear(p, l);
    case CLGAN_LAYER_CONV:
    case CLGAN_LAYER_DECONV: return conv(p, l);
    case CLGAN_LAYER_BATCHNORM:
      if (l->n_in != 1) return clgan_parser_fail(p, "`batchnorm` of %d values; allowed: one", l->n_in);
      l->shape = l->in_shape[0];
      return CLGAN_OK;
    case CLGAN_LAYER_ADD: return add(p, l);
    case CLGAN_LAYER_SHAPE: return shape(p, l);
    case CLGAN_LAYER_SCORE: return score(p, l);
  }
  return CLGAN_OK;
}
