/* device_process.c: runs a subcommand for one device in a process of its own. SPDX-License-Identifier: MIT */
#include "cmd/device_process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

enum { FIXED = 7, END_PATIENCE_S = 30 };

enum clgan_status clgan_device_process_run(struct clgan_device_process *p, struct clgan_error *e) {
  char id[32];
  const char *line;
  struct clgan_process *process = NULL;
  enum clgan_process_said said;
  const struct clgan_process_options options = {.env = p->env};
  const char *const fixed[FIXED] = {"clgan", p->subcommand, "--quiet", "--stream", "--device",
                                    clgan_device_id(p->device, id)};
  const char **argv = clgan_mem_array(FIXED + p->n_words, sizeof *argv);
  for (size_t k = 0; k < FIXED - 1; k++) argv[k] = fixed[k];
  for (size_t k = 0; k < p->n_words; k++) argv[FIXED - 1 + k] = p->words[k];
  enum clgan_status s = clgan_process_start(NULL, argv, &options, &process, e);
  clgan_mem_free(argv);
  if (s != CLGAN_OK) return s;
  clgan_log_info("device %s %s (%s)", id, p->device->name, p->device->platform_name);
  while ((said = clgan_process_read(process, p->patience, &line)) == CLGAN_PROCESS_LINE) {
    cJSON *o = clgan_json_parse(line, strlen(line), NULL);
    if (o) p->take(p->context, o);
    cJSON_Delete(o);
  }
  p->silent = said == CLGAN_PROCESS_SILENT;
  if (p->silent) clgan_process_kill(process);
  p->end = clgan_process_wait(process, END_PATIENCE_S);
  clgan_process_destroy(process);
  return CLGAN_OK;
}

const char *clgan_device_process_judge(const struct clgan_device_process *p, const char *at, const char *error,
                                       bool whole, char detail[512]) {
  enum { DETAIL = 512 };
  char how[96];
  if (!at[0]) at = "start";
  clgan_process_end_text(&p->end, how);
  if (p->silent) {
    (void)snprintf(detail, DETAIL, "no progress for %g s at %s; killed", p->patience, at);
    return "hung";
  }
  if (error) {
    (void)snprintf(detail, DETAIL, "%s", error);
    return "failed";
  }
  if (!whole) {
    (void)snprintf(detail, DETAIL, "%s at %s", how, at);
    return p->end.signal ? "crashed" : "failed";
  }
  if (p->end.late) {
    (void)snprintf(detail, DETAIL, "all was tried, but the process did not end; killed");
    return "hung";
  }
  (void)snprintf(detail, DETAIL, "%s after all was tried", how);
  return p->end.signal ? "crashed" : NULL;
}

void clgan_device_process_say(const char *key, cJSON *value) {
  cJSON *o = cJSON_CreateObject();
  cJSON_AddItemToObject(o, key, value);
  char *text = cJSON_PrintUnformatted(o);
  cJSON_Delete(o);
  if (text) puts(text);
  fflush(stdout);
  free(text);
}
