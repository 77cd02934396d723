/* act.cl: an activation on its own. Parameters: lanes.clh (V, WG), act.clh (SMOOTH). y may be x. No local memory. */
#include "part.clh"
#include "act.clh"

kernel void act(global const T0 *x, global T2 *y, int kind, float slope, int4 grid) {
  EACH_PART(i, n, GRID_FIRST(grid), GRID_LAST(grid)) LAY2_PART(act_of(LOAD0_PART(x + i, n), kind, slope), y + i, n);
}
