/* session.c: devices and weights opened for a subcommand. SPDX-License-Identifier: MIT */
#include "cmd/session.h"

#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/mem.h"

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

bool clgan_path_ends(const char *path, const char *ending) {
  size_t n = strlen(path), k = strlen(ending);
  return n > k && !strcasecmp(path + n - k, ending);
}
