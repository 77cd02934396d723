/* An ordered parallel loop on POSIX threads. */
#define _XOPEN_SOURCE 700
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include "base/mem.h"
#include "data/pool.h"

enum { THREADS_MAX = 64, SLOTS_PER_THREAD = 16, SLOTS_BYTES = 128 << 20 };

struct state {
  const struct clgan_pool *pool;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  unsigned char *slots;
  bool *ready; /* per slot */
  size_t window, next, consumed;
  bool over;
};

static void *work(void *argument) {
  struct state *s = argument;
  pthread_mutex_lock(&s->lock);
  for (;;) {
    while (!s->over && s->next < s->pool->n && s->next >= s->consumed + s->window)
      pthread_cond_wait(&s->changed, &s->lock);
    if (s->over || s->next >= s->pool->n) break;
    size_t item = s->next++;
    void *slot = s->slots + item % s->window * s->pool->slot;
    pthread_mutex_unlock(&s->lock);
    memset(slot, 0, s->pool->slot);
    s->pool->job(s->pool->context, item, slot);
    pthread_mutex_lock(&s->lock);
    s->ready[item % s->window] = true;
    pthread_cond_broadcast(&s->changed);
  }
  pthread_mutex_unlock(&s->lock);
  return NULL;
}

/* Takes the items in their order. */
static enum clgan_status consume(struct state *s, struct clgan_error *e) {
  enum clgan_status status = CLGAN_OK;
  for (size_t item = 0; item < s->pool->n && status == CLGAN_OK; item++) {
    size_t k = item % s->window;
    pthread_mutex_lock(&s->lock);
    while (!s->ready[k]) pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
    if (s->pool->done) status = s->pool->done(s->pool->context, item, s->slots + k * s->pool->slot, e);
    pthread_mutex_lock(&s->lock);
    s->ready[k] = false;
    s->consumed++;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
  }
  return status;
}

static enum clgan_status run(struct state *s, size_t threads, struct clgan_error *e) {
  pthread_t thread[THREADS_MAX];
  size_t n = 0;
  while (n < threads && pthread_create(&thread[n], NULL, work, s) == 0) n++;
  enum clgan_status status = n ? consume(s, e) : CLGAN_OK;
  if (!n) status = clgan_error_set(e, CLGAN_ERR_MEMORY, "no thread can be started; close other programs");
  pthread_mutex_lock(&s->lock);
  s->over = true;
  pthread_cond_broadcast(&s->changed);
  pthread_mutex_unlock(&s->lock);
  for (size_t i = 0; i < n; i++) pthread_join(thread[i], NULL);
  return status;
}

enum clgan_status clgan_pool_run(const struct clgan_pool *p, struct clgan_error *e) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  size_t threads = cores < 1 ? 1 : cores > THREADS_MAX ? THREADS_MAX : (size_t)cores;
  struct state s = {.pool = p, .window = threads * SLOTS_PER_THREAD};
  if (p->slot && s.window > SLOTS_BYTES / p->slot) s.window = SLOTS_BYTES / p->slot;
  if (s.window < threads) s.window = threads;
  void *slots = NULL;
  CLGAN_TRY(clgan_mem_try(&slots, s.window, p->slot ? p->slot : 1, "the images in work", e));
  s.slots = slots;
  s.ready = clgan_mem_array(s.window, sizeof *s.ready);
  pthread_mutex_init(&s.lock, NULL);
  pthread_cond_init(&s.changed, NULL);
  enum clgan_status status = run(&s, threads, e);
  pthread_cond_destroy(&s.changed);
  pthread_mutex_destroy(&s.lock);
  clgan_mem_free(s.ready);
  clgan_mem_free(slots);
  return status;
}
