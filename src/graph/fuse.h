/** @file fuse.h  Private to graph/: the passes of clgan_graph_fuse, one file each, and what they share. A pass changes
 * nodes where they stand, so that the order of execution stays; a node that is no longer wanted becomes an empty one. */
#ifndef CLGAN_GRAPH_FUSE_H
#define CLGAN_GRAPH_FUSE_H
#include "graph/graph.h"

struct clgan_fuse {
  struct clgan_ir *g;
  const int *keep; /**< values that are read after a run */
  size_t n_keep;
};

/** Is the root of @p v kept, or pinned to a place? Then its storage must stay what it is. */
bool clgan_fuse_is_fixed(const struct clgan_fuse *f, int v);
/** Live nodes other than views that read a value of @p v's root. @param last the last of them; may be NULL. */
size_t clgan_fuse_readers(const struct clgan_fuse *f, int v, int *last);
/** The node that writes the root of TEMP value @p v, or -1. */
int clgan_fuse_writer(const struct clgan_fuse *f, int v);
/** From now on every value on root @p from lies in @p to's storage, @p offset elements from @p to's start. */
void clgan_fuse_reroot(struct clgan_fuse *f, int from, int to, size_t offset);
/** Leaves an empty place where node @p k was. */
void clgan_fuse_remove(struct clgan_fuse *f, int k);

/** Does a live node between @p after and @p before, both left out, read or write @p v's root? */
bool clgan_fuse_touched(const struct clgan_fuse *f, int v, int after, int before);
/** The same elements of the same storage at the same version? */
bool clgan_fuse_same(const struct clgan_fuse *f, int a, int b);

void clgan_fuse_gates(struct clgan_fuse *f);
void clgan_fuse_views(struct clgan_fuse *f);
void clgan_fuse_norm(struct clgan_fuse *f);
void clgan_fuse_spectral(struct clgan_fuse *f);
void clgan_fuse_adam(struct clgan_fuse *f);
#endif
