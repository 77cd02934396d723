/* nets.c: a trained model's nets, opened for use. SPDX-License-Identifier: MIT */
#include "train/nets.h"

#include "base/file.h"
#include "base/mem.h"
#include "model/checkpoint.h"

enum { SAMPLE_BATCH = 64 };

char *clgan_run_checkpoint(const char *run) {
  return clgan_file_is_folder(run) ? clgan_file_join(run, "checkpoint.safetensors") : clgan_mem_strdup(run);
}

enum clgan_status clgan_nets_read(struct clgan_nets *n, const char *weights, struct clgan_error *e) {
  struct clgan_checkpoint *c = NULL;
  n->path = clgan_run_checkpoint(weights);
  CLGAN_TRY(clgan_checkpoint_load(n->path, &c, e));
  enum clgan_status s = clgan_checkpoint_model(c, n->path, NULL, 0, &n->model, e);
  if (s == CLGAN_OK) s = clgan_checkpoint_check(c, n->model, CLGAN_CHECKPOINT_SAMPLE, n->path, e);
  n->steps = c->step;
  clgan_checkpoint_destroy(c);
  return s;
}

enum clgan_status clgan_nets_load(struct clgan_nets *n, struct clgan_cl *cl, size_t batch, struct clgan_error *e) {
  n->store = clgan_store_create(cl);
  CLGAN_TRY(clgan_weights_upload(n->path, n->model, n->store, e));
  n->sampler = clgan_sampler_create(cl, n->store, n->model, (int)(batch < SAMPLE_BATCH ? batch : SAMPLE_BATCH));
  return CLGAN_OK;
}

void clgan_nets_close(struct clgan_nets *n) {
  clgan_sampler_destroy(n->sampler);
  clgan_store_destroy(n->store);
  clgan_model_destroy(n->model);
  clgan_mem_free(n->path);
  *n = (struct clgan_nets){0};
}
