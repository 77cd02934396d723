/* probe.cl: what a device can do at most: multiply-adds a second, bytes a second, launches a second. Not part of any
 * model; bench/device.c runs it.
 *
 * -D T=float|half|double  -D V=1|2|4|8|16  type and width of a vector    -D WG=n  items of a work-group
 * -D CHAINS=n             multiply-adds an item has under way at once, each waiting only for its own last
 * -D TILE=n               vectors of local memory, a power of two
 * Reads and writes: an item of a CPU (WG 1) walks a run of its own; the items of a GPU's group walk side by side. */
#ifdef HALF
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
#endif
#ifdef DOUBLE
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif
#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
#if V == 1
typedef T vec;
#define VLOAD(p) (*(p))
#define VSTORE(x, p) (*(p) = (x))
#else
typedef CAT(T, V) vec;
#define VLOAD(p) CAT(vload, V)(0, (p))
#define VSTORE(x, p) CAT(vstore, V)((x), 0, (p))
#endif

kernel void nothing(global float *y) {
  if (get_global_id(0) == 0) y[0] = 1.0f;
}

#if defined(CHAINS)
/* y[item] depends on every one of turns * CHAINS multiply-adds of V numbers. Chain i starts from x[i]; a = x[16] keeps
 * the numbers bounded. x: 18 numbers the compiler does not know. */
kernel __attribute__((reqd_work_group_size(WG, 1, 1))) void multiply_add(global const T *x, global T *y, int turns) {
  const vec a = (vec)(x[16]), b = (vec)(x[17]);
  vec c[CHAINS];
#pragma unroll
  for (int i = 0; i < CHAINS; i++) c[i] = (vec)(x[i]);
  for (int k = 0; k < turns; k++) {
#pragma unroll
    for (int i = 0; i < CHAINS; i++) c[i] = fma(c[i], a, b);
  }
  vec sum = c[0];
#pragma unroll
  for (int i = 1; i < CHAINS; i++) sum += c[i];
  T total[V];
  VSTORE(sum, total);
  T all = total[0];
#pragma unroll
  for (int i = 1; i < V; i++) all += total[i];
  y[get_global_id(0)] = all;
}
#elif defined(TILE)
/* Eight vectors of local memory a turn, into sums that do not wait for one another; neighbours read neighbours. */
kernel __attribute__((reqd_work_group_size(WG, 1, 1))) void read_local(global const T *x, global T *y, int turns) {
  local T tile[TILE * V];
  const int item = get_local_id(0);
  for (int i = item; i < TILE; i += WG) VSTORE((vec)(x[i & 7]), tile + i * V);
  barrier(CLK_LOCAL_MEM_FENCE);
  vec s[8];
#pragma unroll
  for (int i = 0; i < 8; i++) s[i] = (vec)(0);
  for (int k = 0; k < turns; k++) {
#pragma unroll
    for (int i = 0; i < 8; i++) s[i] += VLOAD(tile + ((k * 8 + i + item) & (TILE - 1)) * V);
  }
#pragma unroll
  for (int i = 1; i < 8; i++) s[0] += s[i];
  T total[V];
  VSTORE(s[0], total);
  T all = total[0];
  for (int i = 1; i < V; i++) all += total[i];
  y[get_global_id(0)] = all;
}
#else
/* Vectors [first, last) in steps of `step` are this item's, of `run` a work-group. */
#define EACH(i, run) \
  for (size_t i = (size_t)get_group_id(0) * (run) + get_local_id(0), i##_end = (size_t)(get_group_id(0) + 1) * (run); \
       i < i##_end; i += WG)

kernel __attribute__((reqd_work_group_size(WG, 1, 1))) void read(global const T *a, global T *y, int run) {
  vec s0 = (vec)(0), s1 = s0;
  EACH(i, run) {
    s0 += VLOAD(a + i * V);
    i += WG; /* run is a multiple of 2 WG */
    s1 += VLOAD(a + i * V);
  }
  s0 += s1;
  T total[V];
  VSTORE(s0, total);
  T all = total[0];
  for (int k = 1; k < V; k++) all += total[k];
  y[get_global_id(0)] = all;
}

kernel __attribute__((reqd_work_group_size(WG, 1, 1))) void write(global T *y, float f, int run) {
  EACH(i, run) VSTORE((vec)(f), y + i * V);
}

kernel __attribute__((reqd_work_group_size(WG, 1, 1))) void copy(global const T *restrict a, global T *restrict y,
                                                                 int run) {
  EACH(i, run) VSTORE(VLOAD(a + i * V), y + i * V);
}

kernel __attribute__((reqd_work_group_size(WG, 1, 1))) void scale(global const T *restrict a, global T *restrict y,
                                                                  float f, int run) {
  EACH(i, run) VSTORE((vec)(f)*VLOAD(a + i * V), y + i * V);
}

/* McCalpin's STREAM triad. */
kernel __attribute__((reqd_work_group_size(WG, 1, 1))) void triad(global const T *restrict a,
                                                                  global const T *restrict b, global T *restrict y,
                                                                  float f, int run) {
  EACH(i, run) VSTORE(VLOAD(a + i * V) + (vec)(f)*VLOAD(b + i * V), y + i * V);
}
#endif
