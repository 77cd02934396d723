/** @file cases.h  How the inputs of the shared case table are filled; and its builders (cases.c: rows, cases_build.c:
 * builders).
 *
 * Who runs a case fills its inputs and state by clgan_case_fill, which goes by the name, reproducibly:
 *   "x"          uniform in [-1, 1)
 *   "var+"       uniform in [0.1, 2)
 *   "s@M*S"      normal with mean M and standard deviation S
 *   "label:K"    I32, uniform in 0..K-1
 *   U8           uniform in 0..255
 * A trailing '~' says that no gradient flows into the input; into every other F32 input one must. */
#ifndef CLGAN_OPS_CASES_H
#define CLGAN_OPS_CASES_H
#include <stdint.h>
#include "ops/op.h"

/** Fills @p data (@p count elements of @p type) as @p name says. @param seed another one, other numbers. */
void clgan_case_fill(const char *name, enum clgan_dtype type, size_t count, uint64_t seed, void *data);
/** Does a gradient flow into the input of that name and type? */
bool clgan_case_has_gradient(const char *name, enum clgan_dtype type);

/** @p c with a batch of @p n images, or rows; a case whose builder knows no batch is returned as it is. */
struct clgan_case clgan_case_with_batch(const struct clgan_case *c, int n);

typedef int clgan_case_builder(struct clgan_ir *g, const struct clgan_case *c);

/* The comment gives p[]. */
clgan_case_builder clgan_case_conv;  /* direction, n, hi, wi, ci, co, kh, kw, stride, pad, act, extras (enum below) */
clgan_case_builder clgan_case_wgrad; /* layout, n, hi, wi, ci, co, kh, kw, stride, pad, -, 1: with accumulator */
clgan_case_builder
    clgan_case_shared; /* direction, n, hi, wi, ci, co, kh, kw, stride, pad: one weight under two images */
clgan_case_builder clgan_case_transpose; /* taps, a, b */
clgan_case_builder clgan_case_colsum;    /* n, h, w, c, 1: with accumulator */
clgan_case_builder clgan_case_add;       /* n, h, w, c */
clgan_case_builder clgan_case_affine;    /* n, h, w, c, 1: by column */
clgan_case_builder clgan_case_act;       /* n, h, w, c, act */
clgan_case_builder clgan_case_act_bwd;   /* n, h, w, c, act */
clgan_case_builder clgan_case_stats;     /* n, h, w, c, 1: mean 100, deviation 0.01 */
clgan_case_builder clgan_case_bn;        /* n, h, w, c, act, 1: gamma and beta, 1: given statistics */
clgan_case_builder clgan_case_bn_run;    /* rows, c, 1: momentum from a value */
clgan_case_builder clgan_case_stats_run;  /* n, h, w, c, 1: momentum from a value */
clgan_case_builder clgan_case_sums_acc;   /* n, h, w, c, act */
clgan_case_builder clgan_case_concat;    /* axis, n, h, w, c, second, third, ... extents (0: no more) */
clgan_case_builder clgan_case_slice;     /* axis, n, h, w, c, start, count */
clgan_case_builder clgan_case_pad;       /* axis, n, h, w, c, start, total */
clgan_case_builder clgan_case_labels;   /* n, c of a, c of b: the same three on I32: slice of a concatenation, padded */
clgan_case_builder clgan_case_tile;     /* n, f, times */
clgan_case_builder clgan_case_onehot;   /* n, classes, range of the labels */
clgan_case_builder clgan_case_reparam;  /* n, z */
clgan_case_builder clgan_case_shift;    /* n, h, w, c, margin, range of the offsets, 1: flip */
clgan_case_builder clgan_case_rowdot;   /* n, f */
clgan_case_builder clgan_case_rowscale; /* n, f */
clgan_case_builder clgan_case_spectral; /* rows, cols */
clgan_case_builder clgan_case_power;    /* rows, cols */
clgan_case_builder clgan_case_spectral_bwd; /* rows, cols */
clgan_case_builder clgan_case_gan;          /* n of each half, first sign, second sign, deviation of the scores */
clgan_case_builder clgan_case_l1;           /* n, h, w, c */
clgan_case_builder clgan_case_column;       /* op, n, columns of p, column, columns of t, column */
clgan_case_builder clgan_case_ce;           /* n, classes, deviation of the logits */
clgan_case_builder clgan_case_stack;        /* count */
clgan_case_builder clgan_case_adam;         /* count, 1: weight decay, 1: under a loss scale */
clgan_case_builder clgan_case_half;         /* n, h, w, c, 1: numbers as small as its smallest */
clgan_case_builder clgan_case_scaled;       /* count */
clgan_case_builder clgan_case_loss_scale;   /* good steps until it is doubled */
clgan_case_builder clgan_case_adam_lerp;    /* count, 1: weight decay */
clgan_case_builder clgan_case_lerp;         /* count */
clgan_case_builder clgan_case_accumulate;   /* count */
clgan_case_builder clgan_case_random;       /* kind, n, h, w, c, limit, bits of the counters where the fifth counts (0: four of 30) */
clgan_case_builder clgan_case_unpack;       /* n, h, w, c */
clgan_case_builder clgan_case_topk;         /* rows, cols, k, how often each number is repeated */

enum clgan_case_conv_extra {
  CLGAN_CASE_BIAS = 1,
  CLGAN_CASE_SCALE = 2,   /* a given number; the weight takes no gradient then */
  CLGAN_CASE_SPECTRAL = 4, /* the scale of spectral norm, whose gradient the weight takes */
  CLGAN_CASE_GATE = 8      /* no activation of its own, the result times the slope of `act`; no gradients */
};
#endif
