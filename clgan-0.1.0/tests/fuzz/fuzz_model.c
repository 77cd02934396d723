/* fuzz_model.c: model texts, and the graphs made of those that are accepted. */
#include <string.h>

#include "base/mem.h"
#include "fuzz.h"
#include "train/step.h"

enum { SETS = 16, BATCH = 3 };

/* "a\nb\n" to its lines, in place. */
static size_t lines_of(char *text, const char *lines[], size_t most) {
  size_t n = 0;
  for (char *at = text, *end; n < most && (end = strchr(at, '\n')); at = end + 1) {
    *end = 0;
    lines[n++] = at;
  }
  return n;
}

/* What a checkpoint keeps of a model rebuilds the same model. */
static void check_options(const struct clgan_model *m) {
  enum { LINES = 64 };
  struct clgan_error e = {0};
  struct clgan_model *again = NULL;
  const char *lines[LINES];
  char *options = clgan_model_options_text(m), *copy = clgan_mem_strdup(options);
  size_t n = lines_of(copy, lines, LINES);
  fuzz_expect_line(clgan_model_parse(m->text, "model", 0, lines, n, &again, &e), &e);
  fuzz_expect(again != NULL, "a model's options are accepted with its text");
  char *once_more = clgan_model_options_text(again);
  fuzz_expect(!strcmp(options, once_more), "a model's options survive being read");
  clgan_mem_free(once_more);
  clgan_mem_free(options);
  clgan_mem_free(copy);
  clgan_model_destroy(again);
}

static void check_params(const struct clgan_model *m) {
  for (int k = 0; k < 3; k++)
    for (size_t i = 0; i < m->nets[k].n_params; i++) {
      const struct clgan_param *p = &m->nets[k].params[i];
      size_t count = 1;
      for (int d = 0; d < p->dims; d++) count *= (size_t)p->file_shape[d];
      fuzz_expect(count == p->count, "a tensor has as many elements in files as on the device");
      fuzz_expect(!p->trainable || p->offset + p->count <= m->nets[k].group_count, "a tensor lies inside its group");
    }
}

static void check_graphs(const struct clgan_model *m) {
  struct clgan_step *step = NULL;
  struct clgan_error e = {0};
  fuzz_expect_line(clgan_step_create(m, BATCH, true, &step, &e), &e);
  clgan_step_destroy(step);
  for (int use = CLGAN_USE_GENERATE; use <= CLGAN_USE_ESTIMATE; use++) {
    struct clgan_use_graph *u = NULL;
    clgan_error_clear(&e);
    fuzz_expect_line(clgan_use_create(m, (enum clgan_use)use, BATCH, &u, &e), &e);
    clgan_use_destroy(u);
  }
}

void fuzz_model(const unsigned char *data, size_t size) {
  struct clgan_error e = {0};
  struct clgan_model *m = NULL;
  const char *sets[SETS];
  size_t n = 0;
  char *text = clgan_mem_alloc(size + 1);
  memcpy(text, data, size);
  for (size_t at = strlen(text) + 1; at < size && n < SETS; at += strlen(text + at) + 1) sets[n++] = text + at;
  enum clgan_status status = clgan_model_parse(text, "model", 0, sets, n, &m, &e);
  fuzz_expect_line(status, &e);
  if (status == CLGAN_OK) {
    check_options(m);
    check_params(m);
    check_graphs(m);
  }
  clgan_model_destroy(m);
  clgan_mem_free(text);
}
