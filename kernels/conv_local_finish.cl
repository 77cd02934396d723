/* conv_local_finish.cl: the second step of split products: adds partial results up in a fixed order (split 0, 1, ...).
 *
 * conv_local_finish          y[i] = act(scale * sum over s of partial[s][i] + bias[i % n]), i < count; one item each;
 *                            with a gate, times the slope of an activation whose output is `gates`
 * conv_local_wgrad_finish    dW[i] = acc[i] + sum over s of partial[s][i], i < count; one item each
 * conv_local_wgrad_finish_t  the same, dW and acc being [taps][co][ci] and partial [splits][taps][ci][co]: through a
 *                            tile of local memory, so that both sides are read and written along their rows.
 *                            Dimensions: co, ci in tiles of RT x RT; taps.
 * acc may be dW itself: the item that reads an element is the one that writes it.
 * -D: RT (tile side of the transposing kernel, work-group of RT x RT); CURVED (conv_local_act.clh). */
#include "conv_local_act.clh"
#include "halves.clh" /* T1: the gates */
#if HALF & 2
#define GATE_LOAD(p) vload_half(0, (p))
#else
#define GATE_LOAD(p) (*(p))
#endif
#if HALF & 4
#define Y_STORE(x, p) vstore_half_rte((x), 0, (p))
#else
#define Y_STORE(x, p) (*(p) = (x))
#endif

static inline float sum_partials(const __global float *partial, int i, int count, int splits) {
  float sum = partial[i];
  for (int s = 1; s < splits; s++) sum += partial[s * count + i];
  return sum;
}

__kernel void conv_local_finish(const __global float *restrict partial, const __global float *restrict bias,
                                const __global float *restrict scale, const __global T1 *restrict gates,
                                __global T2 *restrict y, int count, int n, int splits, int act, int has_bias,
                                int has_scale, int gate, float slope) {
  const int i = (int)get_global_id(0);
  if (i < count) {
    const float sum = sum_partials(partial, i, count, splits);
    const float v = (has_scale ? scale[0] : 1.0f) * sum + (has_bias ? bias[i % n] : 0.0f);
    const float4 x = activate((float4)(v), act, slope);
    Y_STORE(gate ? gated(x, (float4)(GATE_LOAD(gates + i)), gate, slope).x : x.x, y + i);
  }
}

__kernel void conv_local_wgrad_finish(const __global float *restrict partial, const __global float *acc,
                                      __global float *dw, int count, int splits, int has_acc) {
  const int i = (int)get_global_id(0);
  if (i < count) {
    const float sum = sum_partials(partial, i, count, splits);
    dw[i] = has_acc ? acc[i] + sum : sum;
  }
}

__kernel __attribute__((reqd_work_group_size(RT, RT, 1))) void
conv_local_wgrad_finish_t(const __global float *restrict partial, const __global float *acc, __global float *dw, int ci,
                          int co, int taps, int splits, int has_acc) {
  __local float tile[RT][RT + 1];
  const int lx = (int)get_local_id(0), ly = (int)get_local_id(1), tap = (int)get_group_id(2);
  const int o0 = (int)get_group_id(0) * RT, i0 = (int)get_group_id(1) * RT;
  const int o = o0 + lx, i = i0 + ly;
  tile[ly][lx] = o < co && i < ci ? sum_partials(partial, (tap * ci + i) * co + o, taps * ci * co, splits) : 0.0f;
  barrier(CLK_LOCAL_MEM_FENCE);
  const int to = o0 + ly, ti = i0 + lx;
  if (to < co && ti < ci) {
    const int at = (tap * co + to) * ci + ti;
    dw[at] = has_acc ? acc[at] + tile[lx][ly] : tile[lx][ly];
  }
}
