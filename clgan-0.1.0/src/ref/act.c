/* act.c - activations. */
#include "ref/act.h"

#include <math.h>

double clgan_ref_act(int act, double slope, double x) {
  switch (act) {
    case 1: return x < 0 ? 0 : x;
    case 2: return x < 0 ? slope * x : x;
    case 3: return tanh(x);
    case 4: return 1 / (1 + exp(-x));
    default: return x;
  }
}

double clgan_ref_act_slope(int act, double slope, double y) {
  switch (act) {
    case 1: return y > 0 ? 1 : 0;
    case 2: return y > 0 ? 1 : slope;
    case 3: return 1 - y * y;
    case 4: return y * (1 - y);
    default: return 1;
  }
}
