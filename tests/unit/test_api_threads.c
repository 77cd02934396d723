/* test_api_threads.c: contexts used by threads side by side give what they give one after the other, bit for bit. */
#define _XOPEN_SOURCE 700
#include <clgan.h>
#include <pthread.h>

#include "no_leaks.h"
#include "scratch.h"

enum { THREADS = 4, STEPS = 3, DRAWN = 4, LOSSES = 16 };

/* What one thread does, and what came of it. Every job has a seed of its own, so that mixed-up ones show. */
struct job {
  int number;
  char name[32];
  pthread_barrier_t *start; /* NULL: alone */
  enum clgan_status status;
  char error[256];
  float losses[STEPS][LOSSES], x[DRAWN * 784], z[DRAWN * 50], factors[DRAWN * 10];
  unsigned messages;
  char *file;
  size_t size;
};

static void count_message(void *user, enum clgan_log_kind kind, const char *text) {
  (void)kind;
  (void)text;
  ++*(unsigned *)user;
}

static bool keep_losses(void *user, const struct clgan_training_report *r) {
  struct job *j = user;
  for (uint32_t k = 0; k < r->n_losses && k < LOSSES; k++) j->losses[r->step][k] = r->losses[k];
  return true;
}

static enum clgan_status use(struct job *j, clgan_model *m) {
  const uint32_t classes[DRAWN] = {1, 3, 5, 7};
  float z[DRAWN * 50], c[DRAWN * 10];
  uint8_t u[DRAWN * 784];
  CLGAN_TRY(clgan_model_draw_codes(m, (uint64_t)j->number, 0, DRAWN, z));
  CLGAN_TRY(clgan_model_class_conditions(m, DRAWN, classes, c));
  CLGAN_TRY(clgan_model_generate(m, DRAWN, z, c, j->x));
  CLGAN_TRY(clgan_model_generate_u8(m, DRAWN, z, c, u));
  return clgan_model_encode(m, DRAWN, u, j->z, j->factors, NULL);
}

/* Images that every thread trains on; thread 1 has the builtin set, so that drawing and hashing that run beside too. */
enum { IMAGES = 96 };
static uint8_t images[IMAGES * 784], labels[IMAGES];

static void make_images(void) {
  for (size_t k = 0; k < sizeof images; k++) images[k] = (uint8_t)(k * k * 31 + k / 784 * 17);
  for (int k = 0; k < IMAGES; k++) labels[k] = (uint8_t)(k % 10);
}

static enum clgan_status train(struct job *j, clgan_context *c) {
  static const char *const sets[] = {"base=2"};
  const struct clgan_training_arrays arrays = {
      .count = IMAGES, .height = 28, .width = 28, .channels = 1, .images = images, .classes = labels};
  const bool builtin = j->number == 1;
  const struct clgan_training_options o = {.size = sizeof o,
                                           .model = "digits",
                                           .settings = sets,
                                           .n_settings = 1,
                                           .data = builtin ? "builtin" : NULL,
                                           .arrays = builtin ? NULL : &arrays,
                                           .batch = 8,
                                           .seed = (uint64_t)j->number};
  char *path = scratch_file(j->name, NULL, 0);
  clgan_training *t = NULL;
  clgan_model *m = NULL;
  struct clgan_error e = {0};
  enum clgan_status s = clgan_training_create(c, &o, &t);
  if (s == CLGAN_OK) s = clgan_training_run(t, STEPS, keep_losses, j);
  if (s == CLGAN_OK) s = clgan_training_save(t, path);
  if (s == CLGAN_OK) s = clgan_model_open(c, path, 8, &m);
  if (s == CLGAN_OK) s = use(j, m);
  if (s == CLGAN_OK) s = clgan_file_read(path, &j->file, &j->size, &e);
  clgan_model_close(m);
  clgan_training_destroy(t);
  clgan_mem_free(path);
  return s;
}

static void *work(void *user) {
  struct job *j = user;
  clgan_context *c = NULL;
  j->status = clgan_context_create(&c);
  clgan_context_set_log(c, count_message, &j->messages);
  if (j->start) pthread_barrier_wait(j->start);
  if (j->status == CLGAN_OK) j->status = clgan_context_open(c, NULL);
  if (j->status == CLGAN_OK) j->status = train(j, c);
  if (j->status != CLGAN_OK) snprintf(j->error, sizeof j->error, "%s", clgan_context_error(c));
  clgan_context_destroy(c);
  return NULL;
}

static struct job alone[THREADS], beside[THREADS];

static int setup(void **state) {
  clgan_context *c = NULL;
  if (scratch_setup(state) || clgan_context_create(&c) != CLGAN_OK) return -1;
  if (clgan_context_open(c, NULL) != CLGAN_OK) {
    print_message("skipped: %s\n", clgan_context_error(c));
    exit(77);
  }
  clgan_context_destroy(c);
  make_images();
  for (int k = 0; k < THREADS; k++) {
    struct job *j = &alone[k];
    j->number = k;
    snprintf(j->name, sizeof j->name, "alone-%d", k);
    work(j);
    if (j->status != CLGAN_OK) {
      print_message("%s\n", j->error);
      return -1;
    }
  }
  return 0;
}

static int teardown(void **state) {
  for (int k = 0; k < THREADS; k++) clgan_mem_free(alone[k].file);
  return scratch_teardown(state);
}

static void side_by_side(int threads) {
  pthread_t id[THREADS];
  pthread_barrier_t start;
  assert_int_equal(pthread_barrier_init(&start, NULL, (unsigned)threads), 0);
  memset(beside, 0, sizeof beside);
  for (int k = 0; k < threads; k++) {
    beside[k].number = k;
    beside[k].start = &start;
    snprintf(beside[k].name, sizeof beside[k].name, "beside-%d", k);
    assert_int_equal(pthread_create(&id[k], NULL, work, &beside[k]), 0);
  }
  for (int k = 0; k < threads; k++) assert_int_equal(pthread_join(id[k], NULL), 0);
  pthread_barrier_destroy(&start);
  for (int k = 0; k < threads; k++) {
    const struct job *a = &alone[k], *b = &beside[k];
    if (b->status != CLGAN_OK) fail_msg("thread %d: %s", k, b->error);
    assert_memory_equal(a->losses, b->losses, sizeof a->losses);
    assert_memory_equal(a->x, b->x, sizeof a->x);
    assert_memory_equal(a->z, b->z, sizeof a->z);
    assert_memory_equal(a->factors, b->factors, sizeof a->factors);
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->file, b->file, a->size);
    assert_true(b->messages > 0); /* each context's messages came to its own callback */
    clgan_mem_free(b->file);
  }
  assert_memory_not_equal(alone[0].x, alone[1].x, sizeof alone[0].x);
}

static void two_threads(void **state) {
  (void)state;
  side_by_side(2);
}

static void four_threads(void **state) {
  (void)state;
  side_by_side(4);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_threads),
      cmocka_unit_test(four_threads),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
