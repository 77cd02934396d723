/* session.c: devices and weights opened for a subcommand. SPDX-License-Identifier: MIT */
#include "cmd/session.h"

#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/checkpoint.h"

enum { SAMPLE_BATCH = 64 };

enum clgan_status clgan_session_choose(struct clgan_session *s, const char *spec, struct clgan_error *e) {
  CLGAN_TRY(clgan_device_list_create(&s->list, e));
  return clgan_device_select(s->list, spec, &s->index, s->reason, e);
}

enum clgan_status clgan_session_open(struct clgan_session *s, const struct clgan_cl_options *o, struct clgan_error *e) {
  clgan_log_info("device %s", s->reason);
  return clgan_cl_open(s->list, s->index, o, &s->cl, e);
}

void clgan_session_close(struct clgan_session *s) {
  if (s->cl) clgan_cl_close(s->cl);
  if (s->list) clgan_device_list_destroy(s->list);
  *s = (struct clgan_session){0};
}

char *clgan_run_checkpoint(const char *run) {
  return clgan_file_is_folder(run) ? clgan_file_join(run, "checkpoint.safetensors") : clgan_mem_strdup(run);
}

bool clgan_path_ends(const char *path, const char *ending) {
  size_t n = strlen(path), k = strlen(ending);
  return n > k && !strcasecmp(path + n - k, ending);
}

enum clgan_status clgan_nets_read(struct clgan_nets *n, const char *weights, struct clgan_error *e) {
  struct clgan_checkpoint *c = NULL;
  n->path = clgan_run_checkpoint(weights);
  CLGAN_TRY(clgan_checkpoint_load(n->path, &c, e));
  enum clgan_status s = clgan_checkpoint_model(c, n->path, NULL, 0, &n->model, e);
  if (s == CLGAN_OK) s = clgan_checkpoint_check(c, n->model, CLGAN_CHECKPOINT_SAMPLE, n->path, e);
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
