/* run.c - a planned graph on a device: buffers, programs, kernels with their arguments set once; a step only enqueues. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "cl/blast.h"
#include "cl/warm.h"
#include "graph/graph.h"
#include "tune/store.h"

struct clgan_run {
  struct clgan_cl *cl;
  struct clgan_store *store;
  const struct clgan_run *lender; /* of arenas, or NULL */
  struct clgan_ir *g;
  struct clgan_target target;
  struct clgan_plan *plan;
  struct clgan_buffer **arenas;
  struct clgan_buffer **own;    /* per value: whole buffers of inputs */
  struct clgan_buffer **view;   /* per value: what kernels get */
  struct clgan_buffer **extra;  /* views of scratch */
  size_t n_extra, cap_extra;
  struct clgan_buffer *dummy;
  struct clgan_launches launches;
  struct clgan_kernel **kernels; /* per launch; NULL: CLBlast's, of these operands: */
  struct clgan_buffer *(*operands)[CLGAN_GEMM_OPERANDS];
  size_t programs, products, tuned;
  char variants[160];
};

enum clgan_status clgan_target_choose(struct clgan_cl *cl, struct clgan_target *out, struct clgan_error *e) {
  const char *forced = getenv("CLGAN_FAMILY");
  const struct clgan_device_info *d = clgan_cl_info(cl);
  out->device = d;
  out->cl = cl;
  out->book = clgan_tuning_book(clgan_tuning_of(cl));
  out->family = d->type == CLGAN_DEVICE_CPU ? CLGAN_FAMILY_REG : CLGAN_FAMILY_LOCAL;
  if (forced && *forced) {
    if (strcmp(forced, "reg") == 0)
      out->family = CLGAN_FAMILY_REG;
    else if (strcmp(forced, "local") == 0)
      out->family = CLGAN_FAMILY_LOCAL;
    else
      return clgan_error_set(e, CLGAN_ERR_USAGE, "CLGAN_FAMILY=%s: reg or local", forced);
  }
  out->vector = d->vector_float >= 16 ? 16 : d->vector_float >= 8 ? 8 : 4;
  return CLGAN_OK;
}

static size_t round_up(size_t n) { return (n + CLGAN_ALIGN - 1) / CLGAN_ALIGN * CLGAN_ALIGN; }

/* The buffer that kernels see for a value: a view at its place, a little longer than the tensor (reads past the end are legal). */
static enum clgan_status value_buffer(struct clgan_run *r, int v, struct clgan_buffer **out, struct clgan_error *e) {
  *out = r->dummy;
  if (v == CLGAN_NONE) return CLGAN_OK;
  if (r->view[v]) {
    *out = r->view[v];
    return CLGAN_OK;
  }
  const struct clgan_value *x = &r->g->values[v], *root = &r->g->values[x->root];
  size_t start = x->offset * clgan_dtype_size(x->dtype), count = clgan_shape_count(x->shape);
  struct clgan_buffer *parent = NULL;
  if (root->kind == CLGAN_VALUE_INPUT) {
    parent = r->own[x->root];
  } else if (root->kind == CLGAN_VALUE_STATE) {
    CLGAN_TRY(clgan_store_get(r->store, root->name, clgan_shape_count(root->shape), &parent, e));
  } else {
    int rep = x->root;
    while (r->plan->slot[rep] != rep) rep = r->plan->slot[rep];
    const struct clgan_value *y = &r->g->values[rep];
    if (y->pin_root != CLGAN_NONE) {
      const struct clgan_value *s = &r->g->values[y->pin_root];
      CLGAN_TRY(clgan_store_get(r->store, s->name, clgan_shape_count(s->shape), &parent, e));
      start += y->pin_offset * sizeof(float);
    } else {
      struct clgan_place at = r->plan->value[rep];
      if (at.arena < 0) return clgan_error_set(e, CLGAN_ERR_INTERNAL, "value %d has no place", v);
      parent = r->arenas[at.arena];
      start += at.offset * sizeof(float);
    }
  }
  size_t bytes = (round_up(count) + CLGAN_ALIGN) * clgan_dtype_size(x->dtype);
  if (start + bytes > clgan_buffer_bytes(parent)) bytes = clgan_buffer_bytes(parent) - start;
  CLGAN_TRY(clgan_buffer_view(parent, start, bytes, &r->view[v], e));
  *out = r->view[v];
  return CLGAN_OK;
}

/* A view of the node's scratch, or of the packing that it makes or reads. */
static enum clgan_status scratch_buffer(struct clgan_run *r, const struct clgan_launch *l, const struct clgan_launch_arg *a,
                                        struct clgan_buffer **out, struct clgan_error *e) {
  const bool packing = a->kind == CLGAN_ARG_PACKING;
  const int node = packing ? r->plan->packer[l->node] : l->node;
  size_t have = node < 0 ? 0 : packing ? r->plan->packing_size[node] : r->plan->scratch_size[node];
  if (a->offset % CLGAN_ALIGN || a->offset + a->n > have)
    return clgan_error_set(e, CLGAN_ERR_INTERNAL, "%s: scratch of %zu at %zu, %zu planned", l->kernel, a->n, a->offset, have);
  struct clgan_place at = packing ? r->plan->packing[node] : r->plan->scratch[node];
  struct clgan_buffer *arena = r->arenas[at.arena];
  size_t start = (at.offset + a->offset) * sizeof(float), bytes = (round_up(a->n) + CLGAN_ALIGN) * sizeof(float);
  if (start + bytes > clgan_buffer_bytes(arena)) bytes = clgan_buffer_bytes(arena) - start;
  CLGAN_GROW(r->extra, r->n_extra, r->cap_extra);
  CLGAN_TRY(clgan_buffer_view(arena, start, bytes, &r->extra[r->n_extra], e));
  *out = r->extra[r->n_extra++];
  return CLGAN_OK;
}

static enum clgan_status argument_buffer(struct clgan_run *r, const struct clgan_launch *l, const struct clgan_launch_arg *a,
                                         struct clgan_buffer **out, struct clgan_error *e) {
  return a->kind == CLGAN_ARG_VALUE ? value_buffer(r, a->value, out, e) : scratch_buffer(r, l, a, out, e);
}

static enum clgan_status set_argument(struct clgan_run *r, size_t launch, int k, struct clgan_error *e) {
  const struct clgan_launch *l = &r->launches.items[launch];
  const struct clgan_launch_arg *a = &l->args[k];
  struct clgan_buffer *b = NULL;
  if (a->kind == CLGAN_ARG_BYTES) return clgan_kernel_arg_bytes(r->kernels[launch], (unsigned)k, a->bytes, a->n, e);
  if (a->kind == CLGAN_ARG_LOCAL) return clgan_kernel_arg_local(r->kernels[launch], (unsigned)k, a->n, e);
  CLGAN_TRY(argument_buffer(r, l, a, &b, e));
  return clgan_kernel_arg_buffer(r->kernels[launch], (unsigned)k, b, e);
}

static enum clgan_status allocate(struct clgan_run *r, struct clgan_error *e) {
  CLGAN_TRY(clgan_buffer_create(r->cl, (size_t)clgan_storage_bytes(0, CLGAN_F32), &r->dummy, e));
  CLGAN_TRY(clgan_buffer_fill_zero(r->dummy, e));
  for (size_t k = 0; k < r->plan->n_arenas; k++) {
    size_t bytes = r->plan->arena_size[k] * sizeof(float);
    bool lent = r->lender && k < r->lender->plan->n_arenas && clgan_buffer_bytes(r->lender->arenas[k]) >= bytes;
    CLGAN_TRY(lent ? clgan_buffer_view(r->lender->arenas[k], 0, bytes, &r->arenas[k], e) : clgan_buffer_create(r->cl, bytes, &r->arenas[k], e));
  }
  for (size_t v = 0; v < r->g->n_values; v++) {
    const struct clgan_value *x = &r->g->values[v];
    struct clgan_buffer *b = NULL;
    if (x->root != (int)v) continue;
    if (x->kind == CLGAN_VALUE_STATE) CLGAN_TRY(clgan_store_get(r->store, x->name, clgan_shape_count(x->shape), &b, e));
    if (x->kind != CLGAN_VALUE_INPUT) continue;
    CLGAN_TRY(clgan_buffer_create(r->cl, (size_t)clgan_storage_bytes(clgan_shape_count(x->shape), x->dtype), &r->own[v], e));
    CLGAN_TRY(clgan_buffer_fill_zero(r->own[v], e));
  }
  return CLGAN_OK;
}

static void prepare_launches(struct clgan_run *r) {
  for (size_t k = 0; k < r->g->n_nodes; k++) {
    const struct clgan_op *row = clgan_op_row(r->g->nodes[k].op);
    if (r->g->nodes[k].dead || !row->prepare) continue;
    struct clgan_variant ignored;
    r->launches.node = (int)k;
    r->launches.packed = r->plan->packer[k] >= 0 && r->plan->packer[k] != (int)k;
    if (clgan_variant_applies(&r->g->nodes[k])) {
      r->products++;
      r->tuned += clgan_variant_find(&r->g->nodes[k], &r->target, &ignored);
    }
    row->prepare(r->g, &r->g->nodes[k], &r->target, &r->launches);
  }
}

/* Has no earlier launch the same program? Else compiling it costs nothing more. */
static bool is_new_program(const struct clgan_run *r, size_t launch) {
  const struct clgan_launch *l = &r->launches.items[launch];
  for (size_t k = 0; k < launch; k++)
    if (strcmp(r->launches.items[k].file, l->file) == 0 && strcmp(r->launches.items[k].options, l->options) == 0) return false;
  return !l->gemm;
}

static struct clgan_warm_arg warm_argument(const struct clgan_run *r, const struct clgan_launch_arg *a) {
  struct clgan_warm_arg w = {CLGAN_WARM_BUFFER, a->n, NULL};
  size_t size = sizeof(float), count = a->n;
  if (a->kind == CLGAN_ARG_LOCAL) w.kind = CLGAN_WARM_LOCAL;
  if (a->kind == CLGAN_ARG_BYTES) {
    w.kind = CLGAN_WARM_BYTES;
    w.data = a->bytes;
  }
  if (w.kind != CLGAN_WARM_BUFFER) return w;
  if (a->kind == CLGAN_ARG_VALUE) {
    count = a->value == CLGAN_NONE ? CLGAN_ALIGN : clgan_shape_count(r->g->values[a->value].shape);
    size = a->value == CLGAN_NONE ? size : clgan_dtype_size(r->g->values[a->value].dtype);
  }
  w.n = (round_up(count) + CLGAN_ALIGN) * size;
  return w;
}

/* Hands the launches to who compiles ahead. */
static void warm(struct clgan_run *r) {
  size_t n = r->launches.n, kernels = 0;
  struct clgan_warm_launch *w = clgan_mem_array(n + 1, sizeof *w);
  struct clgan_warm_arg(*args)[CLGAN_LAUNCH_ARGS] = clgan_mem_array(n + 1, sizeof *args);
  for (size_t k = 0; k < n; k++) {
    const struct clgan_launch *l = &r->launches.items[k];
    if (l->gemm) continue;
    struct clgan_warm_launch *x = &w[kernels++];
    *x = (struct clgan_warm_launch){
        .file = l->file, .options = l->options, .kernel = l->kernel, .dims = l->dims, .n_args = l->n_args, .args = args[k]};
    memcpy(x->global, l->global, sizeof l->global);
    memcpy(x->local, l->local, sizeof l->local);
    for (int a = 0; a < l->n_args; a++) args[k][a] = warm_argument(r, &l->args[a]);
  }
  clgan_programs_warm(r->cl, w, kernels);
  clgan_mem_free(args);
  clgan_mem_free(w);
}

/* A launch with what it works on. CLBlast compiles at its first call. */
static enum clgan_status make(struct clgan_run *r, size_t k, struct clgan_error *e) {
  const struct clgan_launch *l = &r->launches.items[k];
  struct clgan_program *p;
  if (!l->gemm) {
    CLGAN_TRY(clgan_program_get(r->cl, l->file, l->options, &p, e));
    CLGAN_TRY(clgan_kernel_create(p, l->kernel, &r->kernels[k], e));
  }
  for (int a = 0; a < l->n_args; a++)
    CLGAN_TRY(l->gemm ? argument_buffer(r, l, &l->args[a], &r->operands[k][a], e) : set_argument(r, k, a, e));
  return CLGAN_OK;
}

static enum clgan_status compile(struct clgan_run *r, struct clgan_error *e) {
  warm(r);
  r->kernels = clgan_mem_array(r->launches.n + 1, sizeof *r->kernels);
  r->operands = clgan_mem_array(r->launches.n + 1, sizeof *r->operands);
  struct clgan_progress bar;
  for (size_t k = 0; k < r->launches.n; k++) r->programs += is_new_program(r, k);
  size_t done = 0;
  clgan_progress_begin(&bar, "compile", "programs", (double)r->programs, 0);
  for (size_t k = 0; k < r->launches.n; k++) {
    if (is_new_program(r, k)) clgan_progress_update(&bar, (double)done++, r->launches.items[k].file);
    enum clgan_status s = make(r, k, e);
    if (s != CLGAN_OK) {
      clgan_progress_end(&bar);
      return s;
    }
  }
  clgan_progress_update(&bar, (double)r->programs, NULL);
  clgan_progress_end(&bar);
  return CLGAN_OK;
}

static void describe_variants(struct clgan_run *r) {
  struct clgan_sha256 h;
  char hex[65];
  clgan_sha256_init(&h);
  for (size_t k = 0; k < r->launches.n; k++) {
    const struct clgan_launch *l = &r->launches.items[k];
    clgan_sha256_string(&h, l->kernel);
    clgan_sha256_string(&h, l->options);
    clgan_sha256_update(&h, l->global, sizeof l->global);
    clgan_sha256_update(&h, l->local, sizeof l->local);
  }
  clgan_sha256_final_hex(&h, hex);
  snprintf(r->variants, sizeof r->variants, "%s, vectors of %d, %u units, launches %.16s", r->target.family == CLGAN_FAMILY_REG ? "reg" : "local",
           r->target.vector, r->target.device->compute_units, hex);
}

static enum clgan_status build(struct clgan_run *r, const int *keep, size_t n_keep, struct clgan_error *e) {
  if (r->g->error.status) return clgan_error_set(e, r->g->error.status, "%s", r->g->error.text);
  CLGAN_TRY(clgan_target_choose(r->cl, &r->target, e));
  clgan_ir_eliminate(r->g, keep, n_keep);
  clgan_graph_native(r->g, &r->target);
  CLGAN_TRY(clgan_plan_create(r->g, &r->target, keep, n_keep, &r->plan, e));
  r->arenas = clgan_mem_array(r->plan->n_arenas + 1, sizeof *r->arenas);
  r->own = clgan_mem_array(r->g->n_values + 1, sizeof *r->own);
  r->view = clgan_mem_array(r->g->n_values + 1, sizeof *r->view);
  CLGAN_TRY(allocate(r, e));
  prepare_launches(r);
  describe_variants(r);
  return compile(r, e);
}

enum clgan_status clgan_run_create(struct clgan_cl *cl, struct clgan_store *store, struct clgan_ir *g, const int *keep, size_t n_keep,
                                   struct clgan_run **out, struct clgan_error *e) {
  return clgan_run_create_within(cl, store, g, keep, n_keep, NULL, out, e);
}

enum clgan_status clgan_run_create_within(struct clgan_cl *cl, struct clgan_store *store, struct clgan_ir *g, const int *keep, size_t n_keep,
                                          struct clgan_run *lender, struct clgan_run **out, struct clgan_error *e) {
  *out = NULL;
  struct clgan_run *r = clgan_mem_alloc(sizeof *r);
  r->cl = cl;
  r->store = store;
  r->lender = lender;
  r->g = g;
  enum clgan_status s = build(r, keep, n_keep, e);
  if (s != CLGAN_OK) {
    clgan_run_destroy(r);
    return s;
  }
  *out = r;
  return CLGAN_OK;
}

static void destroy_buffers(struct clgan_buffer **b, size_t n) {
  for (size_t k = 0; b && k < n; k++) clgan_buffer_destroy(b[k]);
  clgan_mem_free(b);
}

void clgan_run_destroy(struct clgan_run *r) {
  if (!r) return;
  struct clgan_error ignored = {0};
  clgan_cl_finish(r->cl, &ignored);
  for (size_t k = 0; r->kernels && k < r->launches.n; k++) clgan_kernel_destroy(r->kernels[k]);
  clgan_mem_free(r->kernels);
  clgan_mem_free(r->operands);
  clgan_mem_free(r->launches.items);
  destroy_buffers(r->view, r->g->n_values);
  destroy_buffers(r->extra, r->n_extra);
  destroy_buffers(r->own, r->g->n_values);
  destroy_buffers(r->arenas, r->plan ? r->plan->n_arenas : 0);
  clgan_buffer_destroy(r->dummy);
  clgan_plan_destroy(r->plan);
  clgan_mem_free(r);
}

static enum clgan_status transfer_buffer(struct clgan_run *r, int value, size_t bytes, struct clgan_buffer **b, struct clgan_error *e) {
  const struct clgan_value *v = &r->g->values[value];
  if (bytes != clgan_shape_count(v->shape) * clgan_dtype_size(v->dtype))
    return clgan_error_set(e, CLGAN_ERR_INTERNAL, "value %s: %zu bytes given", v->name ? v->name : "?", bytes);
  return value_buffer(r, value, b, e);
}

enum clgan_status clgan_run_write(struct clgan_run *r, int value, const void *data, size_t bytes, struct clgan_error *e) {
  struct clgan_buffer *b = NULL;
  CLGAN_TRY(transfer_buffer(r, value, bytes, &b, e));
  return clgan_buffer_write(b, 0, data, bytes, e);
}

enum clgan_status clgan_run_write_async(struct clgan_run *r, int value, const void *data, size_t bytes, struct clgan_event **ev, struct clgan_error *e) {
  struct clgan_buffer *b = NULL;
  CLGAN_TRY(transfer_buffer(r, value, bytes, &b, e));
  return clgan_buffer_write_async(b, 0, data, bytes, ev, e);
}

enum clgan_status clgan_run_read(struct clgan_run *r, int value, void *data, size_t bytes, struct clgan_error *e) {
  struct clgan_buffer *b = NULL;
  CLGAN_TRY(transfer_buffer(r, value, bytes, &b, e));
  return clgan_buffer_read(b, 0, data, bytes, e);
}

enum clgan_status clgan_run_read_async(struct clgan_run *r, int value, void *data, size_t bytes, struct clgan_event **ev, struct clgan_error *e) {
  struct clgan_buffer *b = NULL;
  CLGAN_TRY(transfer_buffer(r, value, bytes, &b, e));
  return clgan_buffer_read_async(b, 0, data, bytes, ev, e);
}

static enum clgan_status enqueue(struct clgan_run *r, size_t k, struct clgan_event **ev, struct clgan_error *e) {
  const struct clgan_launch *l = &r->launches.items[k];
  if (!l->gemm) return clgan_kernel_launch(r->kernels[k], l->dims, l->global, l->local, ev, e);
  const struct clgan_blast_product p = {
      .m = l->global[0], .n = l->global[1], .k = l->global[2], .a_transposed = l->local[0] != 0, .b_transposed = l->local[1] != 0};
  struct clgan_buffer *const *b = r->operands[k];
  return clgan_blast_enqueue(r->cl, &p, b[0], b[1], b[2], b[3], ev, e);
}

static bool within(const struct clgan_launch *l, size_t first, size_t end) {
  return (size_t)l->node >= first && (size_t)l->node < end;
}

enum clgan_status clgan_run_execute_part(struct clgan_run *r, size_t first, size_t end, struct clgan_error *e) {
  for (size_t k = 0; k < r->launches.n; k++) {
    const struct clgan_launch *l = &r->launches.items[k];
    if (within(l, first, end)) CLGAN_TRY(enqueue(r, k, NULL, e));
  }
  return clgan_cl_flush(r->cl, e);
}

enum clgan_status clgan_run_execute(struct clgan_run *r, struct clgan_error *e) { return clgan_run_execute_part(r, 0, r->g->n_nodes, e); }

enum clgan_status clgan_run_events(struct clgan_run *r, clgan_run_timed *each, void *context, struct clgan_error *e) {
  struct clgan_event **events = clgan_mem_array(r->launches.n, sizeof(struct clgan_event *));
  enum clgan_status s = CLGAN_OK;
  for (size_t k = 0; k < r->launches.n && s == CLGAN_OK; k++) s = enqueue(r, k, &events[k], e);
  if (s == CLGAN_OK) s = clgan_cl_finish(r->cl, e);
  for (size_t k = 0; k < r->launches.n && events[k]; k++) {
    if (s == CLGAN_OK) each(context, &r->g->nodes[r->launches.items[k].node], clgan_event_seconds(events[k]));
    clgan_event_destroy(events[k]);
  }
  clgan_mem_free(events);
  return s;
}

size_t clgan_run_launches(const struct clgan_run *r, size_t first, size_t end) {
  size_t n = 0;
  for (size_t k = 0; k < r->launches.n; k++) n += within(&r->launches.items[k], first, end);
  return n;
}

enum clgan_status clgan_run_enqueue_node(struct clgan_run *r, int node, int times, struct clgan_error *e) {
  for (int turn = 0; turn < times; turn++)
    for (size_t k = 0; k < r->launches.n; k++) {
      const struct clgan_launch *l = &r->launches.items[k];
      if (l->node == node) CLGAN_TRY(enqueue(r, k, NULL, e));
    }
  return clgan_cl_flush(r->cl, e);
}

/* Options without their "-D"; others are left out. */
static void shorten_options(const char *options, struct clgan_text *out) {
  while (*options) {
    size_t n = strcspn(options, " ");
    bool definition = n >= 2 && !strncmp(options, "-D", 2);
    const char *from = options + (definition ? 2 : 0);
    if (n == 2 && definition) { /* "-D V=8" */
      from += strspn(from, " ");
      n = 2 + strcspn(from, " ");
    }
    if (definition && n > 2) clgan_text_printf(out, " %.*s", (int)(n - 2), from);
    options = definition ? from + (n - 2) : options + n;
    options += strspn(options, " ");
  }
}

void clgan_run_node_variant(const struct clgan_run *r, int node, char *out, size_t size) {
  struct clgan_text kernels = {0}, options = {0};
  const char *before = "", *options_before = "";
  for (size_t k = 0; k < r->launches.n; k++) {
    const struct clgan_launch *l = &r->launches.items[k];
    if (l->node != node) continue;
    if (strcmp(l->kernel, before)) clgan_text_printf(&kernels, "%s%s", kernels.len ? " + " : "", l->kernel);
    if (l->options[0] && strcmp(l->options, options_before)) {
      if (options.len) clgan_text_printf(&options, ";");
      shorten_options(l->options, &options);
    }
    before = l->kernel;
    options_before = l->options;
  }
  snprintf(out, size, "%s%s%s", kernels.len ? kernels.s : "", options.len ? ":" : "", options.len ? options.s : "");
  clgan_text_free(&kernels);
  clgan_text_free(&options);
}

const char *clgan_run_variants(const struct clgan_run *r) { return r->variants; }

struct clgan_run_facts clgan_run_describe(const struct clgan_run *r) {
  struct clgan_run_facts f = {.launches = r->launches.n, .programs = r->programs, .products = r->products, .tuned = r->tuned, .arena_bytes = r->plan->arena_bytes,
                              .state_bytes = r->plan->state_bytes, .input_bytes = r->plan->input_bytes, .naive_bytes = r->plan->naive_bytes, .peak_bytes = r->plan->peak_bytes};
  for (size_t k = 0; k < r->g->n_nodes; k++) f.nodes += !r->g->nodes[k].dead;
  return f;
}

enum clgan_status clgan_run_profile(struct clgan_run *r, struct clgan_error *e) {
  CLGAN_TRY(clgan_cl_finish(r->cl, e));
  for (size_t k = 0; k < r->launches.n; k++) {
    const struct clgan_launch *l = &r->launches.items[k];
    double start = clgan_time_now();
    CLGAN_TRY(enqueue(r, k, NULL, e));
    CLGAN_TRY(clgan_cl_finish(r->cl, e));
    double seconds = clgan_time_now() - start, flops = 0, bytes = 0;
    const struct clgan_node *n = &r->g->nodes[l->node];
    const struct clgan_op *row = clgan_op_row(n->op);
    if (row->cost) row->cost(r->g, n, &flops, &bytes);
    struct clgan_shape s = clgan_ir_shape(r->g, n->out[0]);
    const struct clgan_geom *q = &n->attr.geom;
    fprintf(stderr, "%4d %-14s %-18s %9.1f us %7.1f GFLOP/s  out %dx%dx%dx%d  geom %dx%dx%d->%dx%dx%d k%d s%d dir %d\n", l->node, row->name, l->kernel,
            seconds * 1e6, flops / seconds * 1e-9, s.n, s.h, s.w, s.c, q->hi, q->wi, q->ci, q->ho, q->wo, q->co, q->kh, q->stride, n->attr.i[0]);
  }
  return CLGAN_OK;
}
