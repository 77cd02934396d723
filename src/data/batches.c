/* The order items are trained on: epochs of permutations, or balanced draws. */
#include <math.h>
#include "base/philox.h"
#include "data/dataset_internal.h"

enum { DECADES = 16, GROUPS = 2 * DECADES };

static uint32_t face_group(const struct clgan_dataset *d, uint32_t item) {
  float decade = d->age[item] / 10.0f;
  uint32_t k = decade >= (float)(DECADES - 1) ? DECADES - 1 : (uint32_t)decade;
  return 2 * k + d->gender[item];
}

/* Running sums of whole-number weights, 2^24 / sqrt(count of the item's decade x gender): the same on every machine. */
static uint64_t *balance_sums(const struct clgan_dataset *d, const uint32_t *items, uint32_t count) {
  uint64_t members[GROUPS] = {0}, *sums = clgan_mem_array(count, sizeof *sums), sum = 0;
  for (uint32_t i = 0; i < count; i++) members[face_group(d, items[i])]++;
  for (uint32_t i = 0; i < count; i++) {
    sum += (uint64_t)(16777216.0 / sqrt((double)members[face_group(d, items[i])]) + 0.5);
    sums[i] = sum;
  }
  return sums;
}

enum clgan_status clgan_batches_create(const struct clgan_dataset *d, enum clgan_part part, uint32_t holdout,
                                       uint32_t batch, uint64_t seed, bool balance, struct clgan_batches **out,
                                       struct clgan_error *e) {
  *out = NULL;
  if (batch == 0) return clgan_error_set(e, CLGAN_ERR_USAGE, "a batch of 0 images; give --batch 1 or more");
  uint32_t *items, count;
  CLGAN_TRY(clgan_dataset_select(d, part, holdout, &items, &count, e));
  struct clgan_batches *b = clgan_mem_alloc(sizeof *b);
  b->dataset = d;
  b->items = items, b->count = count;
  b->batch = batch;
  b->seed = seed;
  b->order = clgan_mem_array(count, sizeof *b->order);
  b->epoch = UINT64_MAX;
  if (balance && d->labels == CLGAN_LABELS_FACE) b->cumulative = balance_sums(d, items, count);
  *out = b;
  return CLGAN_OK;
}

void clgan_batches_destroy(struct clgan_batches *b) {
  if (!b) return;
  clgan_mem_free(b->items);
  clgan_mem_free(b->order);
  clgan_mem_free(b->cumulative);
  clgan_mem_free(b);
}

static void shuffle(struct clgan_batches *b, uint64_t epoch) {
  struct clgan_random r;
  clgan_random_init(&r, b->seed, epoch, CLGAN_STREAM_ORDER);
  for (uint32_t i = 0; i < b->count; i++) b->order[i] = b->items[i];
  clgan_random_shuffle(&r, b->order, b->count);
  b->epoch = epoch;
}

/* The item whose share of the running sums a 64-bit draw falls into. */
static uint32_t weighted_item(const struct clgan_batches *b, uint32_t high, uint32_t low) {
  double share = ((double)(high >> 5) * 67108864.0 + (double)(low >> 6)) / 9007199254740992.0; /* 53 bits, [0,1) */
  uint64_t target = (uint64_t)(share * (double)b->cumulative[b->count - 1]);
  uint32_t first = 0, last = b->count - 1;
  while (first < last) {
    uint32_t middle = first + (last - first) / 2;
    if (b->cumulative[middle] > target)
      last = middle;
    else
      first = middle + 1;
  }
  return b->items[first];
}

void clgan_batches_items(struct clgan_batches *b, uint64_t step, uint32_t *items) {
  if (b->cumulative) {
    struct clgan_random r;
    clgan_random_init(&r, b->seed, step, CLGAN_STREAM_ORDER);
    for (uint32_t i = 0; i < b->batch; i++) {
      uint32_t high = clgan_random_u32(&r);
      items[i] = weighted_item(b, high, clgan_random_u32(&r));
    }
    return;
  }
  uint64_t at = step * b->batch, epoch = at / b->count;
  uint32_t place = (uint32_t)(at % b->count);
  for (uint32_t i = 0; i < b->batch; i++) {
    if (epoch != b->epoch) shuffle(b, epoch);
    items[i] = b->order[place];
    if (++place == b->count) place = 0, epoch++;
  }
}

void clgan_batches_gather(struct clgan_batches *b, uint64_t step, unsigned char *images,
                          const struct clgan_batch_labels *labels) {
  uint32_t *items = clgan_mem_array(b->batch, sizeof *items);
  clgan_batches_items(b, step, items);
  clgan_dataset_gather(b->dataset, items, b->batch, images, labels);
  clgan_mem_free(items);
}
