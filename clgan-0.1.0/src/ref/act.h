/** @file act.h  Activations in double; @p act is enum clgan_act's number. */
#ifndef CLGAN_REF_ACT_H
#define CLGAN_REF_ACT_H
double clgan_ref_act(int act, double slope, double x);
/** Derivative with respect to the input, from the output @p y. */
double clgan_ref_act_slope(int act, double slope, double y);
#endif
