/* tune_first.c: a short search at the first start with a model on a device. SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "bench/tune.h"

#define FIRST_S 5.0     /* seconds, where it pays */
#define PATIENCE_S 20.0 /* a user waits */

/* The rules of processors were measured on PoCL and hold on Intel's runtime: there a few seconds find nothing that is worth
 * them (docs/tuning.md). Those of GPUs are guesses. */
static bool pays(const struct clgan_device_info *d) {
  static const char *const measured[] = {"Portable Computing Language", "Intel(R) OpenCL"};
  for (size_t k = 0; d->type == CLGAN_DEVICE_CPU && k < sizeof measured / sizeof measured[0]; k++)
    if (strstr(d->platform_name, measured[k])) return false;
  return true;
}

/* @return below 0: nothing is said. What cannot be read is as if it were not there. */
static double asked_seconds(double given) {
  const char *text = getenv("CLGAN_TUNE_SECONDS");
  char *end;
  if (given >= 0 || !text || !*text) return given;
  const double x = strtod(text, &end);
  return *end == 0 && isfinite(x) && x >= 0 ? x : given;
}

/* Which products these are. */
static void hash_products(const struct clgan_tune *t, char hex[65]) {
  struct clgan_sha256 h;
  clgan_sha256_init(&h);
  for (size_t k = 0; k < t->n; k++) {
    clgan_sha256_string(&h, t->rows[k].op);
    clgan_sha256_string(&h, t->rows[k].geometry);
  }
  clgan_sha256_final_hex(&h, hex);
  hex[16] = 0;
}

static bool is_tuned(struct clgan_cl *cl, const struct clgan_tune_row *r) {
  const struct clgan_variant_book book = clgan_tuning_book(clgan_tuning_of(cl));
  struct clgan_variant v = clgan_variant_free();
  return book.find(book.context, r->op, r->geometry, &v) && clgan_variant_is_choice(&v);
}

static enum clgan_status search(struct clgan_cl *cl, struct clgan_tune *t, struct clgan_tuning_file *f,
                                const char *path, double seconds, struct clgan_error *e) {
  const struct clgan_tune_options o = {.budget_s = seconds, .patience_s = PATIENCE_S};
  char mark[65];
  size_t won = 0;
  hash_products(t, mark);
  if (t->n == 0 || clgan_tuning_file_marked(f, cl, t->rows[0].op, mark) || is_tuned(cl, &t->rows[0])) return CLGAN_OK;
  clgan_log_info("first start with these layers on this device: trying kernels for %g s (--tune-seconds 0: not)",
                 seconds);
  const enum clgan_status s = clgan_tune_search(cl, t, f, &o, e);
  for (size_t k = 0; k < t->n; k++) won += t->rows[k].state == CLGAN_TUNE_WON;
  clgan_log_info("faster kernels for %zu of %zu; `clgan tune` goes on with the search", won, t->n);
  clgan_tuning_file_mark(f, cl, t->rows[0].op, mark); /* also of a search that failed: once is enough */
  CLGAN_TRY(clgan_tuning_file_store(path, f, cl, e));
  clgan_cl_attach(cl, NULL, NULL); /* read anew by whoever asks next */
  return s;
}

void clgan_tune_first(struct clgan_cl *cl, const struct clgan_model *m, int batch, double given) {
  const struct clgan_device_info *d = clgan_cl_info(cl);
  const double asked = asked_seconds(given), seconds = asked >= 0 ? asked : pays(d) ? FIRST_S : 0;
  struct clgan_error e = {0};
  struct clgan_tune t = {0};
  struct clgan_tuning_file f = {0};
  if (!(seconds > 0) || clgan_tuning_is_off()) return;
  char *path = clgan_tuning_path(d);
  enum clgan_status s =
      path ? clgan_tune_list(cl, m, batch, &t, &e) : clgan_error_set(&e, CLGAN_ERR_IO, "there is no cache folder");
  if (s == CLGAN_OK && clgan_file_exists(path) && clgan_tuning_file_read(path, &f, &e) != CLGAN_OK)
    clgan_tuning_file_free(&f); /* damaged: written anew */
  if (s == CLGAN_OK) s = search(cl, &t, &f, path, seconds, &e);
  if (s != CLGAN_OK) clgan_log_warn("not tuned: %s", e.text);
  clgan_tuning_file_free(&f);
  clgan_tune_free(&t);
  clgan_mem_free(path);
}
