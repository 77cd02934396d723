/* plan.c - lifetimes of every value -> few arenas. Values whose lifetimes do not meet share memory; in-place operations take over
 * the memory of an operand that dies with them; pinned values live in state. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/graph.h"

struct slot {
  int rep;             /* root value, or -1 - node for scratch, or -1 - nodes - node for a packing */
  size_t size;         /* elements, a multiple of CLGAN_ALIGN */
  uint64_t bytes;      /* without rounding */
  long start, end;     /* nodes, both included */
  struct clgan_place place;
};

struct planner {
  const struct clgan_ir *g;
  struct clgan_plan *p;
  long *first, *last;  /* per root */
  struct slot *slots;
  size_t n_slots, cap_slots;
  size_t arena_limit;  /* elements */
};

static size_t round_up(size_t n) { return (n + CLGAN_ALIGN - 1) / CLGAN_ALIGN * CLGAN_ALIGN; }

uint64_t clgan_storage_bytes(size_t count, enum clgan_dtype type) {
  return (uint64_t)(round_up(count) + CLGAN_ALIGN) * clgan_dtype_size(type);
}

/* Arenas are counted in elements of float32. */
static size_t words(const struct clgan_value *v) {
  return (clgan_shape_count(v->shape) * clgan_dtype_size(v->dtype) + 3) / 4;
}

static int representative(const struct clgan_plan *p, int v) {
  while (p->slot[v] != v) v = p->slot[v];
  return v;
}

/* Until when what node `made` leaves is needed by its reader k. A part may run again before the next: what comes from an earlier
 * part has to be there then, too, so that it lives beyond the part's end and nothing in it takes it over. */
static long needed_until(const struct clgan_ir *g, int made, size_t k) {
  if (made < 0 || g->nodes[made].part == g->nodes[k].part) return (long)k;
  size_t end = k + 1;
  while (end < g->n_nodes && g->nodes[end].part == g->nodes[k].part) end++;
  return (long)end;
}

static void find_lifetimes(struct planner *a, const int *keep, size_t n_keep) {
  const struct clgan_ir *g = a->g;
  for (size_t v = 0; v < g->n_values; v++) a->first[v] = a->last[v] = -1;
  for (size_t k = 0; k < g->n_nodes; k++) {
    const struct clgan_node *n = &g->nodes[k];
    if (n->dead) continue;
    for (int i = 0; i < n->n_in; i++)
      if (n->in[i] != CLGAN_NONE) {
        int root = g->values[n->in[i]].root;
        long until = needed_until(g, g->values[root].producer, k);
        if (a->last[root] < until) a->last[root] = until;
      }
    for (int o = 0; o < n->n_out; o++) {
      int root = g->values[n->out[o]].root;
      if (a->first[root] < 0) a->first[root] = (long)k;
      if (a->last[root] < (long)k) a->last[root] = (long)k;
    }
  }
  for (size_t k = 0; k < n_keep; k++) a->last[g->values[keep[k]].root] = (long)g->n_nodes;
}

/* May node k's first output take over the memory of its operand `in`? */
static bool can_take_over(const struct planner *a, size_t k, int in, int out) {
  const struct clgan_ir *g = a->g;
  const struct clgan_value *x = &g->values[in], *y = &g->values[out], *root = &g->values[x->root];
  if (root->kind != CLGAN_VALUE_TEMP || y->kind != CLGAN_VALUE_TEMP || y->root != out || x->offset) return false;
  if (clgan_shape_count(root->shape) != clgan_shape_count(y->shape) || root->dtype != y->dtype) return false;
  if (a->last[x->root] != (long)k) return false;
  int rep = representative(a->p, x->root);
  const struct clgan_value *r = &g->values[rep];
  if (r->pin_root == CLGAN_NONE) return true;
  return r->pin_root == y->pin_root && r->pin_offset == y->pin_offset;
}

static void merge_in_place(struct planner *a) {
  const struct clgan_ir *g = a->g;
  for (size_t k = 0; k < g->n_nodes; k++) {
    const struct clgan_node *n = &g->nodes[k];
    int in = clgan_op_row(n->op)->inplace;
    if (n->dead || in < 0 || in >= n->n_in || n->in[in] == CLGAN_NONE || !can_take_over(a, k, n->in[in], n->out[0])) continue;
    /* the newer value represents the pair, so that its pin holds for both */
    a->p->slot[representative(a->p, g->values[n->in[in]].root)] = n->out[0];
  }
}

static void add_slot(struct planner *a, int rep, size_t size, long start, long end) {
  CLGAN_GROW(a->slots, a->n_slots, a->cap_slots);
  struct slot s = {.rep = rep, .size = round_up(size), .bytes = sizeof(float) * (uint64_t)size, .start = start, .end = end};
  a->slots[a->n_slots++] = s;
}

/* Do two nodes want the same packing? Versions of state count: what was updated in between is packed anew. */
static bool same_packing(const struct clgan_ir *g, const struct clgan_packing *x, const struct clgan_packing *y) {
  const struct clgan_value *u = &g->values[x->value], *v = &g->values[y->value];
  return u->root == v->root && u->offset == v->offset && u->epoch == v->epoch && x->elements == y->elements &&
         memcmp(x->form, y->form, sizeof x->form) == 0;
}

/* A packing lives from the first node that wants it to the last. */
static void collect_packings(struct planner *a, const struct clgan_target *t) {
  const struct clgan_ir *g = a->g;
  struct clgan_plan *p = a->p;
  struct clgan_packing *all = clgan_mem_array(g->n_nodes + 1, sizeof *all);
  long *last = clgan_mem_array(g->n_nodes + 1, sizeof *last);
  for (size_t k = 0; k < g->n_nodes; k++) {
    const struct clgan_op *row = clgan_op_row(g->nodes[k].op);
    p->packer[k] = -1;
    if (g->nodes[k].dead || !row->packing) continue;
    row->packing(g, &g->nodes[k], t, &all[k]);
    if (!all[k].elements) continue;
    size_t first = 0;
    while (first < k && (p->packer[first] != (int)first || !same_packing(g, &all[first], &all[k]))) first++;
    p->packer[k] = (int)first;
    long until = needed_until(g, (int)first, k);
    if (last[first] < until) last[first] = until;
  }
  for (size_t k = 0; k < g->n_nodes; k++) {
    if (p->packer[k] != (int)k) continue;
    add_slot(a, -1 - (int)g->n_nodes - (int)k, all[k].elements, (long)k, last[k]);
    p->packing_size[k] = all[k].elements;
    p->naive_bytes += 4 * (uint64_t)all[k].elements;
  }
  clgan_mem_free(all);
  clgan_mem_free(last);
}

static void collect_slots(struct planner *a, const struct clgan_target *t) {
  const struct clgan_ir *g = a->g;
  long *start = clgan_mem_array(g->n_values, sizeof *start), *end = clgan_mem_array(g->n_values, sizeof *end);
  for (size_t v = 0; v < g->n_values; v++) start[v] = (long)g->n_nodes, end[v] = -1;
  for (size_t v = 0; v < g->n_values; v++) {
    const struct clgan_value *x = &g->values[v];
    if (x->root != (int)v || x->kind != CLGAN_VALUE_TEMP || a->first[v] < 0) continue;
    int rep = representative(a->p, (int)v);
    if (a->first[v] < start[rep]) start[rep] = a->first[v];
    if (a->last[v] > end[rep]) end[rep] = a->last[v];
    a->p->naive_bytes += 4 * (uint64_t)round_up(words(x));
  }
  for (size_t v = 0; v < g->n_values; v++)
    if (end[v] >= 0 && g->values[v].pin_root == CLGAN_NONE) add_slot(a, (int)v, words(&g->values[v]), start[v], end[v]);
  clgan_mem_free(start);
  clgan_mem_free(end);
  for (size_t k = 0; k < g->n_nodes; k++) {
    const struct clgan_op *row = clgan_op_row(g->nodes[k].op);
    if (g->nodes[k].dead || !row->scratch) continue;
    size_t n = row->scratch(g, &g->nodes[k], t);
    if (n) add_slot(a, -1 - (int)k, n, (long)k, (long)k);
    a->p->scratch_size[k] = n;
    a->p->naive_bytes += 4 * (uint64_t)n;
  }
  collect_packings(a, t);
}

static int larger_first(const void *x, const void *y) {
  const struct slot *a = x, *b = y;
  if (a->size != b->size) return a->size < b->size ? 1 : -1;
  return a->start != b->start ? (a->start < b->start ? -1 : 1) : (a->rep > b->rep) - (a->rep < b->rep);
}

/* The lowest offset in `arena` that no placed slot alive at the same time covers; (size_t)-1 where the limit is passed. */
static size_t lowest_gap(const struct planner *a, size_t placed, const struct slot *s, int arena) {
  size_t at = 0;
  for (bool moved = true; moved;) {
    moved = false;
    for (size_t k = 0; k < placed; k++) {
      const struct slot *o = &a->slots[k];
      if (o->place.arena != arena || o->end < s->start || o->start > s->end) continue;
      if (at < o->place.offset + o->size && o->place.offset < at + s->size) {
        at = o->place.offset + o->size;
        moved = true;
      }
    }
  }
  return at + s->size + CLGAN_ALIGN > a->arena_limit ? (size_t)-1 : at;
}

/* The most bytes that are alive at one node: what no packing can undercut. */
static uint64_t peak_of(const struct planner *a) {
  uint64_t *change = clgan_mem_array(a->g->n_nodes + 2, sizeof *change), now = 0, peak = 0; /* by two's complement */
  for (size_t k = 0; k < a->n_slots; k++) {
    const struct slot *s = &a->slots[k];
    change[s->start] += s->bytes;
    change[s->end + 1] -= s->bytes;
  }
  for (size_t k = 0; k < a->g->n_nodes + 1; k++) {
    now += change[k];
    if (now > peak) peak = now;
  }
  clgan_mem_free(change);
  return peak;
}

static enum clgan_status place_slots(struct planner *a, struct clgan_error *e) {
  if (a->n_slots) qsort(a->slots, a->n_slots, sizeof *a->slots, larger_first);
  struct clgan_plan *p = a->p;
  size_t cap = 0;
  for (size_t k = 0; k < a->n_slots; k++) {
    struct slot *s = &a->slots[k];
    if (s->size + CLGAN_ALIGN > a->arena_limit)
      return clgan_error_set(e, CLGAN_ERR_MEMORY, "one tensor needs %.1f MiB, the device allocates at most %.1f MiB at once: lower --batch or --base",
                             (double)s->size * 4 / 1048576, (double)a->arena_limit * 4 / 1048576);
    size_t at = (size_t)-1;
    int arena = 0;
    for (; arena < (int)p->n_arenas && at == (size_t)-1; arena++) at = lowest_gap(a, k, s, arena);
    if (at == (size_t)-1) {
      CLGAN_GROW(p->arena_size, p->n_arenas, cap);
      p->arena_size[p->n_arenas++] = 0;
      arena = (int)p->n_arenas;
      at = 0;
    }
    s->place.arena = arena - 1;
    s->place.offset = at;
    if (p->arena_size[arena - 1] < at + s->size) p->arena_size[arena - 1] = at + s->size;
  }
  for (size_t k = 0; k < p->n_arenas; k++) p->arena_bytes += 4 * (uint64_t)(p->arena_size[k] += CLGAN_ALIGN);
  return CLGAN_OK;
}

static void record_places(struct planner *a) {
  const struct clgan_ir *g = a->g;
  struct clgan_plan *p = a->p;
  for (size_t v = 0; v < g->n_values; v++) {
    p->value[v].arena = -1;
    const struct clgan_value *x = &g->values[v];
    if (x->root != (int)v) continue;
    uint64_t bytes = clgan_storage_bytes(clgan_shape_count(x->shape), x->dtype);
    if (x->kind == CLGAN_VALUE_STATE) p->state_bytes += bytes;
    if (x->kind == CLGAN_VALUE_INPUT) p->input_bytes += bytes;
  }
  for (size_t k = 0; k < a->n_slots; k++) {
    const int rep = a->slots[k].rep, node = -1 - rep;
    if (rep >= 0)
      p->value[rep] = a->slots[k].place;
    else if (node < (int)g->n_nodes)
      p->scratch[node] = a->slots[k].place;
    else
      p->packing[node - (int)g->n_nodes] = a->slots[k].place;
  }
}

enum clgan_status clgan_plan_create(const struct clgan_ir *g, const struct clgan_target *t, const int *keep, size_t n_keep,
                                    struct clgan_plan **out, struct clgan_error *e) {
  struct clgan_plan *p = clgan_mem_alloc(sizeof *p);
  struct planner a = {.g = g, .p = p, .arena_limit = (size_t)(t->device->max_alloc / 4)};
  p->value = clgan_mem_array(g->n_values, sizeof *p->value);
  p->slot = clgan_mem_array(g->n_values, sizeof *p->slot);
  p->scratch = clgan_mem_array(g->n_nodes + 1, sizeof *p->scratch);
  p->scratch_size = clgan_mem_array(g->n_nodes + 1, sizeof *p->scratch_size);
  p->packer = clgan_mem_array(g->n_nodes + 1, sizeof *p->packer);
  p->packing = clgan_mem_array(g->n_nodes + 1, sizeof *p->packing);
  p->packing_size = clgan_mem_array(g->n_nodes + 1, sizeof *p->packing_size);
  a.first = clgan_mem_array(g->n_values, sizeof *a.first);
  a.last = clgan_mem_array(g->n_values, sizeof *a.last);
  for (size_t v = 0; v < g->n_values; v++) p->slot[v] = (int)v;
  find_lifetimes(&a, keep, n_keep);
  merge_in_place(&a);
  collect_slots(&a, t);
  p->peak_bytes = peak_of(&a);
  enum clgan_status s = place_slots(&a, e);
  if (s == CLGAN_OK) {
    record_places(&a);
    p->input_bytes += clgan_storage_bytes(0, CLGAN_F32); /* the dummy */
    uint64_t limit = t->memory ? t->memory : t->device->global_mem;
    uint64_t need = p->arena_bytes + p->state_bytes + p->input_bytes;
    if (need > limit)
      s = clgan_error_set(e, CLGAN_ERR_MEMORY, "%.1f MiB needed (arenas %.1f, weights and moments %.1f, inputs %.1f), %.1f MiB may be used: lower --batch or --base",
                          (double)need / 1048576, (double)p->arena_bytes / 1048576, (double)p->state_bytes / 1048576,
                          (double)p->input_bytes / 1048576, (double)limit / 1048576);
  }
  clgan_mem_free(a.first);
  clgan_mem_free(a.last);
  clgan_mem_free(a.slots);
  if (s != CLGAN_OK) {
    clgan_plan_destroy(p);
    p = NULL;
  }
  *out = p;
  return s;
}

void clgan_plan_destroy(struct clgan_plan *p) {
  if (!p) return;
  clgan_mem_free(p->value);
  clgan_mem_free(p->slot);
  clgan_mem_free(p->scratch);
  clgan_mem_free(p->scratch_size);
  clgan_mem_free(p->packer);
  clgan_mem_free(p->packing);
  clgan_mem_free(p->packing_size);
  clgan_mem_free(p->arena_size);
  clgan_mem_free(p);
}
