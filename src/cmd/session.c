/* session.c: devices and weights opened for a subcommand. SPDX-License-Identifier: MIT */
#include "cmd/session.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
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

enum clgan_status clgan_session_start(struct clgan_session *s, const char *spec, struct clgan_error *e) {
  const struct clgan_cl_options plain = {0};
  CLGAN_TRY(clgan_session_choose(s, spec, e));
  return clgan_session_open(s, &plain, e);
}

void clgan_session_close(struct clgan_session *s) {
  if (s->cl) clgan_cl_close(s->cl);
  if (s->list) clgan_device_list_destroy(s->list);
  *s = (struct clgan_session){0};
}

enum clgan_status clgan_session_check(const char *weights, const char *out, const char *ending, const char *other,
                                      struct clgan_error *e) {
  const char * or = other ? " or " : "";
  if (!weights)
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "--weights W is missing: a checkpoint, a released model or a run folder");
  if (!other) other = "";
  if (!out) return clgan_error_set(e, CLGAN_ERR_USAGE, "-o OUT is missing: a name ending in %s%s%s", ending, or, other);
  if (clgan_path_ends(out, ending) || (other[0] && clgan_path_ends(out, other))) return CLGAN_OK;
  return clgan_error_set(e, CLGAN_ERR_USAGE, "-o %s: the name must end in %s%s%s", out, ending, or, other);
}

enum clgan_status clgan_json_write(const char *path, const char *text, struct clgan_error *e) {
  if (!text) return clgan_error_set(e, CLGAN_ERR_MEMORY, "not enough memory for the results as JSON");
  size_t n = strlen(text);
  const char *end = n && text[n - 1] == '\n' ? "" : "\n";
  if (!*path) {
    printf("%s%s", text, end);
    return CLGAN_OK;
  }
  char *whole = clgan_mem_printf("%s%s", text, end);
  enum clgan_status s = clgan_file_write(path, whole, strlen(whole), e);
  clgan_mem_free(whole);
  return s;
}
