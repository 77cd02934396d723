/* cases.c - the shared case table: rows. Name = family/what; families are operations. Layers of models have the sizes
 * of base 32 at batch 4. */
#include "ops/cases.h"

#define S CLGAN_CASE_SMALL
#define M CLGAN_CASE_MODEL
#define NONE CLGAN_ACT_NONE
#define RELU CLGAN_ACT_RELU
#define LRELU CLGAN_ACT_LRELU
#define TANH CLGAN_ACT_TANH
#define SIGMOID CLGAN_ACT_SIGMOID
#define BIAS CLGAN_CASE_BIAS
#define SCALE CLGAN_CASE_SCALE
#define SPECTRAL CLGAN_CASE_SPECTRAL

/* Largest error over the largest output. */
#define EXACT 0
#define FINE 1e-6     /* a few operations, or sums of numbers of one sign */
#define PRODUCT 1e-5  /* sums of products: what DESIGN asks of a tuned kernel */

#define CASE(name, flags, tolerance, builder, ...) {name, flags, tolerance, clgan_case_##builder, {__VA_ARGS__}}
#define CONV(name, flags, ...) CASE("conv/" name, flags, PRODUCT, conv, 0, __VA_ARGS__)
#define DECONV(name, flags, ...) CASE("deconv/" name, flags, PRODUCT, conv, 1, __VA_ARGS__)
#define LINEAR(name, flags, n, in, out, act, extras) \
  CASE("linear/" name, flags, PRODUCT, conv, 0, n, 1, 1, in, out, 1, 1, 1, 0, act, extras)
#define WGRAD(name, flags, ...) CASE("wgrad/" name, flags, PRODUCT, wgrad, __VA_ARGS__)

const struct clgan_case clgan_cases[] = {
    /* conv, deconv: n, hi, wi, ci, co, kh, kw, stride, pad, act, extras */
    CONV("1x1", 0, 2, 5, 3, 3, 5, 1, 1, 1, 0, NONE, 0),
    CONV("1x1 stride 2", S, 2, 5, 4, 8, 9, 1, 1, 2, 0, NONE, BIAS),
    CONV("k3", 0, 2, 6, 5, 3, 10, 3, 3, 1, 1, NONE, BIAS),
    CONV("k3 no pad", S, 1, 7, 6, 10, 3, 3, 3, 1, 0, RELU, BIAS),
    CONV("k3 stride 2", 0, 3, 7, 9, 5, 17, 3, 3, 2, 1, LRELU, 0),
    CONV("k3 stride 3", S, 2, 8, 7, 4, 6, 3, 3, 3, 2, TANH, BIAS),
    CONV("k4", S, 2, 8, 8, 1, 8, 4, 4, 2, 1, LRELU, BIAS),
    CONV("k4 odd", S, 1, 7, 9, 3, 16, 4, 4, 2, 1, NONE, SCALE),
    CONV("k4 stride 1", 0, 2, 5, 5, 7, 1, 4, 4, 1, 2, SIGMOID, BIAS | SCALE),
    CONV("k4 stride 3", 0, 2, 9, 10, 2, 12, 4, 4, 3, 1, NONE, 0),
    CONV("k5", S, 1, 6, 6, 8, 1, 5, 5, 1, 2, TANH, BIAS),
    CONV("k5 stride 2", 0, 1, 9, 8, 3, 3, 5, 5, 2, 2, RELU, 0),
    CONV("k3x5", S, 1, 7, 8, 4, 5, 3, 5, 2, 1, NONE, BIAS),
    CONV("spectral", S, 2, 6, 6, 3, 9, 4, 4, 2, 1, LRELU, BIAS | SPECTRAL),
    CONV("one pixel out", 0, 2, 4, 4, 6, 20, 4, 4, 1, 0, NONE, BIAS),
    CONV("one channel", S, 1, 3, 3, 1, 1, 3, 3, 1, 1, NONE, 0),
    CONV("100 to 50", 0, 2, 9, 9, 100, 50, 3, 3, 1, 1, LRELU, BIAS),
    CONV("10 to 100", 0, 3, 13, 11, 10, 100, 5, 5, 2, 2, RELU, BIAS | SCALE),
    CONV("33 to 65", 0, 3, 12, 12, 33, 65, 4, 4, 2, 1, LRELU, BIAS | SPECTRAL),
    CONV("64 to 64 k3", 0, 2, 16, 16, 64, 64, 3, 3, 1, 1, RELU, BIAS),
    CONV("16 to 24 tail rows", 0, 5, 19, 17, 16, 24, 3, 3, 1, 1, NONE, 0),
    CONV("digits G.out", M, 4, 28, 28, 32, 1, 5, 5, 1, 2, TANH, BIAS),
    CONV("digits conv1", M, 4, 28, 28, 1, 32, 4, 4, 2, 1, LRELU, BIAS),
    CONV("digits conv2", M, 4, 14, 14, 32, 64, 4, 4, 2, 1, NONE, 0),
    CONV("digits D.conv2", M, 4, 14, 14, 32, 64, 4, 4, 2, 1, LRELU, BIAS | SPECTRAL),
    CONV("faces conv1", M, 4, 64, 64, 3, 32, 4, 4, 2, 1, LRELU, BIAS),
    CONV("faces conv2", M, 4, 32, 32, 32, 64, 4, 4, 2, 1, NONE, 0),
    CONV("faces conv3", M, 4, 16, 16, 64, 128, 4, 4, 2, 1, NONE, 0),
    CONV("faces D.conv4", M, 4, 8, 8, 128, 256, 4, 4, 2, 1, LRELU, BIAS | SPECTRAL),
    CASE("conv/shared weight", S, PRODUCT, shared, 0, 2, 6, 6, 3, 5, 4, 4, 2, 1),
    CASE("conv/shared weight wide", 0, PRODUCT, shared, 0, 4, 8, 8, 32, 48, 4, 4, 2, 1),

    DECONV("1x1", 0, 2, 4, 5, 3, 5, 1, 1, 1, 0, NONE, BIAS),
    DECONV("k3", 0, 2, 6, 5, 10, 3, 3, 3, 1, 1, RELU, 0),
    DECONV("k3 stride 2", S, 2, 7, 5, 3, 10, 3, 3, 2, 1, NONE, BIAS),
    DECONV("k3 stride 3", S, 1, 9, 8, 5, 4, 3, 3, 3, 0, NONE, 0),
    DECONV("k4", S, 2, 8, 8, 8, 1, 4, 4, 2, 1, RELU, 0),
    DECONV("k4 rest", S, 1, 9, 7, 3, 7, 4, 4, 2, 1, TANH, BIAS),
    DECONV("k4 stride 3", 0, 2, 10, 10, 6, 5, 4, 4, 3, 2, LRELU, BIAS),
    DECONV("k5 stride 2", 0, 1, 9, 9, 1, 9, 5, 5, 2, 2, SIGMOID, BIAS | SCALE),
    DECONV("k5x3", S, 1, 8, 6, 4, 5, 5, 3, 2, 1, NONE, 0),
    DECONV("from one pixel", 0, 2, 4, 4, 17, 20, 4, 4, 1, 0, NONE, 0),
    DECONV("stride above kernel", S, 1, 8, 8, 5, 4, 1, 1, 3, 0, NONE, BIAS),
    DECONV("50 to 100", 0, 2, 10, 10, 100, 50, 4, 4, 2, 1, RELU, BIAS),
    DECONV("33 to 65", 0, 3, 12, 12, 65, 33, 3, 3, 2, 1, LRELU, 0),
    DECONV("digits up1", M, 4, 14, 14, 64, 64, 4, 4, 2, 1, NONE, 0),
    DECONV("digits up2", M, 4, 28, 28, 32, 64, 4, 4, 2, 1, NONE, 0),
    DECONV("faces up1", M, 4, 8, 8, 128, 256, 4, 4, 2, 1, NONE, 0),
    DECONV("faces up2", M, 4, 16, 16, 64, 128, 4, 4, 2, 1, NONE, 0),
    DECONV("faces up3", M, 4, 32, 32, 32, 64, 4, 4, 2, 1, NONE, 0),
    DECONV("faces G.out", M, 4, 64, 64, 3, 32, 4, 4, 2, 1, TANH, BIAS),
    CASE("deconv/shared weight", 0, PRODUCT, shared, 1, 2, 6, 6, 3, 5, 4, 4, 2, 1),

    /* linear: n, in, out, act, extras */
    LINEAR("1 to 1", S, 1, 1, 1, NONE, BIAS),
    LINEAR("3 to 10", S, 5, 3, 10, RELU, BIAS),
    LINEAR("10 to 3", S, 7, 10, 3, SIGMOID, BIAS),
    LINEAR("17 to 33", S, 13, 17, 33, LRELU, BIAS | SPECTRAL),
    LINEAR("100 to 50", 0, 9, 100, 50, TANH, BIAS | SCALE),
    LINEAR("300 to 1", 0, 64, 300, 1, NONE, BIAS),
    LINEAR("1 to 300", 0, 65, 1, 300, NONE, 0),
    LINEAR("batch 128", 0, 128, 60, 100, NONE, 0),
    LINEAR("digits G.fc", M, 4, 60, 3136, NONE, 0),
    LINEAR("digits fc", M, 4, 3136, 256, LRELU, BIAS | SPECTRAL),
    LINEAR("digits E.z", M, 4, 256, 50, TANH, BIAS),
    LINEAR("digits E.c", M, 4, 256, 10, NONE, BIAS),
    LINEAR("digits D.z1", M, 4, 50, 128, LRELU, BIAS | SPECTRAL),
    LINEAR("digits D.joint", M, 4, 384, 256, LRELU, BIAS | SPECTRAL),
    LINEAR("digits D.out", M, 4, 256, 1, NONE, BIAS | SPECTRAL),
    LINEAR("digits D.proj", M, 4, 10, 256, NONE, SPECTRAL),
    LINEAR("faces G.fc", M, 4, 228, 4096, NONE, 0),
    LINEAR("faces E.z", M, 4, 4096, 256, NONE, BIAS),
    LINEAR("faces E.c", M, 4, 4096, 2, NONE, BIAS),
    LINEAR("faces D.joint", M, 4, 512, 512, LRELU, BIAS | SPECTRAL),
    LINEAR("faces D.proj", M, 4, 100, 512, NONE, SPECTRAL),
    LINEAR("mlp 784 to 1024", M, 4, 784, 1024, LRELU, 0),
    LINEAR("mlp 1024 to 1024", M, 4, 1024, 1024, NONE, 0),
    LINEAR("mlp 50 to 1024", M, 4, 50, 1024, NONE, 0),
    LINEAR("mlp G.out", M, 4, 1024, 784, SIGMOID, 0),

    /* wgrad: layout, n, hi, wi, ci, co, kh, kw, stride, pad, -, accumulator */
    WGRAD("k4", S, 0, 2, 8, 8, 3, 5, 4, 4, 2, 1, 0, 1),
    WGRAD("k4 swapped", S, 1, 2, 8, 8, 3, 5, 4, 4, 2, 1, 0, 1),
    WGRAD("k3 odd swapped", S, 1, 3, 7, 5, 1, 17, 3, 3, 2, 1, 0, 0),
    WGRAD("linear", S, 0, 9, 1, 1, 10, 3, 1, 1, 1, 0, 0, 1),
    WGRAD("32 to 64 swapped", 0, 1, 5, 14, 14, 32, 64, 4, 4, 2, 1, 0, 1),
    WGRAD("50 to 3", 0, 0, 3, 12, 12, 50, 3, 5, 5, 1, 2, 0, 1),
    WGRAD("3 to 50 swapped", 0, 1, 3, 12, 12, 3, 50, 4, 4, 2, 1, 0, 0),

    CASE("transpose/1", S, EXACT, transpose, 1, 1, 1),
    CASE("transpose/odd", S, EXACT, transpose, 3, 10, 17),
    CASE("transpose/tall", S, EXACT, transpose, 1, 100, 3),
    CASE("transpose/k4", M, EXACT, transpose, 16, 64, 128),
    CASE("transpose/linear", M, EXACT, transpose, 1, 784, 1024),

    /* n, h, w, c */
    CASE("colsum/1", S, FINE, colsum, 1, 1, 1, 1),
    CASE("colsum/3", S, FINE, colsum, 5, 3, 7, 3, 1),
    CASE("colsum/10", S, FINE, colsum, 17, 1, 1, 10),
    CASE("colsum/100", 0, PRODUCT, colsum, 9, 13, 11, 100, 1),
    CASE("colsum/image", M, PRODUCT, colsum, 16, 64, 64, 3),
    CASE("colsum/wide", M, PRODUCT, colsum, 128, 1, 1, 1024, 1),
    CASE("add/1", S, FINE, add, 1, 1, 1, 1),
    CASE("add/odd", S, FINE, add, 3, 5, 7, 3),
    CASE("add/large", 0, FINE, add, 16, 64, 64, 3),
    CASE("affine/all", S, FINE, affine, 3, 5, 7, 3),
    CASE("affine/1 column", S, FINE, affine, 11, 1, 1, 1, 1),
    CASE("affine/2 columns", S, FINE, affine, 7, 1, 1, 2, 1),
    CASE("affine/4 columns", S, FINE, affine, 33, 1, 1, 4, 1),
    CASE("affine/large", 0, FINE, affine, 16, 64, 64, 3),
    CASE("act/relu", S, EXACT, act, 3, 5, 7, 3, RELU),
    CASE("act/lrelu", S, FINE, act, 1, 1, 1, 100, LRELU),
    CASE("act/tanh", S, FINE, act, 5, 1, 1, 10, TANH),
    CASE("act/sigmoid", S, FINE, act, 7, 7, 1, 1, SIGMOID),
    CASE("act/large", 0, FINE, act, 16, 64, 64, 3, TANH),
    CASE("act_bwd/relu", S, EXACT, act_bwd, 3, 5, 7, 3, RELU),
    CASE("act_bwd/lrelu", S, FINE, act_bwd, 1, 1, 1, 100, LRELU),
    CASE("act_bwd/tanh", S, FINE, act_bwd, 5, 1, 1, 10, TANH),
    CASE("act_bwd/sigmoid", S, FINE, act_bwd, 7, 7, 1, 1, SIGMOID),

    CASE("bn_stats/2 rows", S, FINE, stats, 2, 1, 1, 3),
    CASE("bn_stats/odd", S, FINE, stats, 3, 5, 7, 10),
    CASE("bn_stats/1 channel", S, FINE, stats, 9, 6, 5, 1),
    CASE("bn_stats/100", 0, FINE, stats, 7, 9, 11, 100),
    CASE("bn_stats/mean 100", 0, 2e-4, stats, 16, 20, 20, 33, 1),
    CASE("bn_stats/faces", M, FINE, stats, 4, 32, 32, 64),
    CASE("bn_stats/mlp", M, FINE, stats, 128, 1, 1, 1024),
    /* n, h, w, c, act, affine, given statistics */
    CASE("bn/plain", S, PRODUCT, bn, 3, 5, 7, 3, NONE),
    CASE("bn/affine relu", S, PRODUCT, bn, 3, 5, 7, 10, RELU, 1),
    CASE("bn/affine lrelu", S, PRODUCT, bn, 8, 1, 1, 17, LRELU, 1),
    CASE("bn/tanh", S, PRODUCT, bn, 2, 4, 4, 5, TANH, 1),
    CASE("bn/sigmoid", S, PRODUCT, bn, 2, 4, 4, 1, SIGMOID, 0),
    CASE("bn/given", S, PRODUCT, bn, 2, 3, 3, 10, RELU, 1, 1),
    CASE("bn/given plain", S, PRODUCT, bn, 5, 1, 1, 3, NONE, 0, 1),
    CASE("bn/100", 0, PRODUCT, bn, 7, 9, 11, 100, LRELU, 1),
    CASE("bn/faces", M, PRODUCT, bn, 4, 32, 32, 64, RELU, 1),
    CASE("bn/digits", M, PRODUCT, bn, 4, 7, 7, 64, RELU, 1),
    CASE("bn/mlp", M, PRODUCT, bn, 128, 1, 1, 1024, LRELU, 0),
    CASE("bn_run/3", S, FINE, bn_run, 5, 3),
    CASE("bn_run/100", S, FINE, bn_run, 1000, 100, 1),

    /* axis, n, h, w, c, further extents */
    CASE("concat/channels", S, EXACT, concat, 1, 5, 1, 1, 50, 10),
    CASE("concat/odd", S, EXACT, concat, 1, 3, 2, 5, 3, 17),
    CASE("concat/one", S, EXACT, concat, 1, 3, 1, 1, 10),
    CASE("concat/seven", S, EXACT, concat, 1, 4, 1, 1, 1, 3, 10, 1, 9, 2, 33),
    CASE("concat/images", S, EXACT, concat, 0, 2, 3, 5, 3, 1, 4),
    CASE("concat/faces", M, EXACT, concat, 0, 16, 64, 64, 3, 16),
    CASE("concat/z and c", M, EXACT, concat, 1, 64, 1, 1, 128, 100),
    CASE("concat/wide", 0, EXACT, concat, 1, 128, 1, 1, 1000, 1001, 7),
    CASE("concat/integers", S, EXACT, labels, 5, 2, 3),
    CASE("slice/channels", S, EXACT, slice, 1, 3, 2, 5, 10, 3, 5),
    CASE("slice/last", S, EXACT, slice, 1, 7, 1, 1, 2, 1, 1),
    CASE("slice/images", S, EXACT, slice, 0, 5, 3, 3, 3, 1, 2),
    CASE("slice/faces", M, EXACT, slice, 0, 32, 64, 64, 3, 16, 16),
    CASE("slice/wide", 0, EXACT, slice, 1, 64, 1, 1, 4096, 1001, 1000),
    CASE("pad/channels", S, EXACT, pad, 1, 3, 2, 5, 10, 3, 17),
    CASE("pad/start", S, EXACT, pad, 1, 3, 1, 1, 1, 0, 3),
    CASE("pad/images", S, EXACT, pad, 0, 2, 3, 3, 3, 1, 5),
    CASE("pad/faces", M, EXACT, pad, 0, 16, 64, 64, 3, 16, 32),
    CASE("tile/1", S, FINE, tile, 3, 1, 1),
    CASE("tile/50", S, FINE, tile, 7, 2, 50),
    CASE("tile/odd", S, FINE, tile, 5, 10, 3),
    CASE("tile/batch", M, FINE, tile, 64, 1, 50),
    CASE("onehot/10", S, EXACT, onehot, 17, 10, 10),
    CASE("onehot/outside", S, EXACT, onehot, 33, 3, 5),
    CASE("onehot/256", 0, EXACT, onehot, 128, 256, 256),
    CASE("reparam/1", S, FINE, reparam, 1, 1),
    CASE("reparam/odd", S, FINE, reparam, 7, 13),
    CASE("reparam/faces", M, FINE, reparam, 64, 128),
    /* n, h, w, c, margin, range, flip */
    CASE("shift/plain", S, EXACT, shift, 3, 9, 7, 3, 2, 5),
    CASE("shift/flip", S, EXACT, shift, 6, 5, 8, 3, 3, 7, 1),
    CASE("shift/out of sight", S, EXACT, shift, 4, 5, 4, 1, 8, 17, 1),
    CASE("shift/10 channels", S, EXACT, shift, 2, 6, 6, 10, 1, 3),
    CASE("shift/faces", M, EXACT, shift, 16, 64, 64, 3, 8, 17, 1),
    CASE("shift/faces plain", M, EXACT, shift, 16, 64, 64, 3, 8, 17),
    CASE("rowdot/1", S, FINE, rowdot, 1, 1),
    CASE("rowdot/odd", S, PRODUCT, rowdot, 7, 51),
    CASE("rowdot/digits", M, PRODUCT, rowdot, 256, 256),
    CASE("rowdot/wide", 0, PRODUCT, rowdot, 5, 5000),
    CASE("rowscale/odd", S, PRODUCT, rowscale, 7, 51),
    CASE("rowscale/wide", 0, PRODUCT, rowscale, 3, 10001),

    /* rows, columns */
    CASE("spectral/1", S, FINE, spectral, 1, 1),
    CASE("spectral/odd", S, FINE, spectral, 48, 10),
    CASE("spectral/one column", S, FINE, spectral, 256, 1),
    CASE("spectral/one row", S, FINE, spectral, 1, 100),
    CASE("spectral/300x33", 0, FINE, spectral, 300, 33),
    CASE("spectral/faces conv4", M, FINE, spectral, 2048, 256),
    CASE("spectral/faces fc", M, FINE, spectral, 4096, 256),
    CASE("spectral_power/1", S, FINE, power, 1, 1),
    CASE("spectral_power/odd", S, PRODUCT, power, 50, 10),
    CASE("spectral_power/one column", S, PRODUCT, power, 256, 1),
    CASE("spectral_power/one row", S, PRODUCT, power, 1, 100),
    CASE("spectral_power/301x33", 0, PRODUCT, power, 301, 33),
    CASE("spectral_power/faces conv4", M, PRODUCT, power, 2048, 256),
    CASE("spectral_power/faces joint", M, PRODUCT, power, 512, 512),
    CASE("spectral_bwd/1", S, FINE, spectral_bwd, 1, 1),
    CASE("spectral_bwd/odd", S, PRODUCT, spectral_bwd, 48, 10),
    CASE("spectral_bwd/one column", S, PRODUCT, spectral_bwd, 256, 1),
    CASE("spectral_bwd/301x33", 0, PRODUCT, spectral_bwd, 301, 33),
    CASE("spectral_bwd/faces conv4", M, PRODUCT, spectral_bwd, 2048, 256),

    /* n of each half, signs, deviation */
    CASE("loss_gan/1", S, FINE, gan, 1, -1, 1, 2),
    CASE("loss_gan/odd", S, FINE, gan, 13, 1, -1, 5),
    CASE("loss_gan/far", S, FINE, gan, 33, -1, 1, 60),
    CASE("loss_gan/batch", M, FINE, gan, 128, -1, 1, 3),
    CASE("loss_l1/1", S, FINE, l1, 1, 1, 1, 1),
    CASE("loss_l1/odd", S, FINE, l1, 3, 5, 7, 3),
    CASE("loss_l1/z", M, FINE, l1, 128, 1, 1, 50),
    CASE("loss_l1/faces", M, FINE, l1, 64, 64, 64, 3),
    CASE("loss_mse/1", S, FINE, column, CLGAN_OP_LOSS_MSE, 1, 1, 0, 1, 0),
    CASE("loss_mse/columns", S, FINE, column, CLGAN_OP_LOSS_MSE, 17, 3, 2, 2, 1),
    CASE("loss_mse/batch", M, FINE, column, CLGAN_OP_LOSS_MSE, 64, 2, 0, 2, 0),
    CASE("loss_bce/1", S, FINE, column, CLGAN_OP_LOSS_BCE, 1, 1, 0, 1, 0),
    CASE("loss_bce/columns", S, FINE, column, CLGAN_OP_LOSS_BCE, 17, 3, 0, 2, 1),
    CASE("loss_bce/batch", M, FINE, column, CLGAN_OP_LOSS_BCE, 300, 2, 1, 2, 1),
    CASE("loss_ce/1 class", S, FINE, ce, 3, 1, 2),
    CASE("loss_ce/10", S, FINE, ce, 17, 10, 3),
    CASE("loss_ce/far", S, FINE, ce, 9, 5, 100),
    CASE("loss_ce/batch", M, FINE, ce, 128, 10, 3),

    CASE("stack/1", S, EXACT, stack, 1),
    CASE("stack/6", S, EXACT, stack, 6),
    CASE("adam/1", S, FINE, adam, 1),
    CASE("adam/odd", S, FINE, adam, 1003, 1),
    CASE("adam/large", 0, FINE, adam, 300007, 1),
    CASE("lerp/odd", S, FINE, lerp, 1003),
    CASE("lerp/large", 0, FINE, lerp, 300007),
    /* kind, n, h, w, c, limit; a normal must be right within 1e-6, of at most 6 */
    CASE("random/uniform -1..1", S, EXACT, random, 0, 3, 1, 1, 50),
    CASE("random/normal", S, 2e-7, random, 1, 7, 1, 1, 13),
    CASE("random/below 17", S, EXACT, random, 2, 5, 1, 1, 2, 17),
    CASE("random/uniform 0..1", S, EXACT, random, 3, 3, 5, 2, 1),
    CASE("random/normals", M, 2e-7, random, 1, 64, 1, 1, 128),
    CASE("unpack/odd", S, FINE, unpack, 3, 5, 7, 3),
    CASE("unpack/faces", M, FINE, unpack, 16, 64, 64, 3),
    CASE("topk/1", S, EXACT, topk, 1, 1, 1),
    CASE("topk/odd", S, EXACT, topk, 7, 131, 5),
    CASE("topk/ties", S, EXACT, topk, 5, 200, 9, 4),
    CASE("topk/many", 0, EXACT, topk, 33, 3003, 128, 3),
    CASE("topk/wide", 0, EXACT, topk, 130, 4096, 24),
};
const size_t clgan_cases_count = sizeof clgan_cases / sizeof clgan_cases[0];

#define WIDE(name, ...) \
  CONV("wide " name, 0, 1, __VA_ARGS__, NONE, 0), DECONV("wide " name, 0, 1, __VA_ARGS__, NONE, 0)
const struct clgan_case clgan_cases_wide[] = {
    /* hi, wi, ci, co, kh, kw, stride, pad; deconv is the same relation used from co to ci */
    WIDE("64-128", 32, 32, 64, 128, 4, 4, 2, 1), WIDE("128-256", 16, 16, 128, 256, 4, 4, 2, 1),
    WIDE("256-512", 8, 8, 256, 512, 4, 4, 2, 1), WIDE("64-64 k3", 32, 32, 64, 64, 3, 3, 1, 1),
    WIDE("3-64", 64, 64, 3, 64, 4, 4, 2, 1),
};
const size_t clgan_cases_wide_count = sizeof clgan_cases_wide / sizeof clgan_cases_wide[0];
