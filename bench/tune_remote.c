/* tune_remote.c: variants run in another process of this program, so that a driver that crashes or hangs on one does
 * not end the search. Requests go through a socket as they lie in memory (it is the same program); an answer is a line
 * of its standard output. SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"
#include "bench/tune.h"

#define ANSWER "tune-answer "
enum { DEATHS_MAX = 3, END_PATIENCE_S = 5 };

struct clgan_tune_remote {
  char device[32];
  double patience;
  struct clgan_process *process;
  int to;     /* its requests, or -1 */
  int deaths; /* in a row, over the rule's variants */
};

struct clgan_tune_remote *clgan_tune_remote_create(const struct clgan_device_info *d, double patience_s) {
  struct clgan_tune_remote *r = clgan_mem_alloc(sizeof *r);
  (void)clgan_device_id(d, r->device);
  r->patience = patience_s;
  r->to = -1;
  return r;
}

/* The process goes; what it had to say about its end is in `text`, where asked for. */
static void end(struct clgan_tune_remote *r, bool kill, char text[96]) {
  if (r->to >= 0) close(r->to);
  r->to = -1;
  if (!r->process) return;
  if (kill) clgan_process_kill(r->process);
  const struct clgan_process_end how = clgan_process_wait(r->process, END_PATIENCE_S);
  if (text) clgan_process_end_text(&how, text);
  clgan_process_destroy(r->process);
  r->process = NULL;
}

void clgan_tune_remote_destroy(struct clgan_tune_remote *r) {
  if (!r) return;
  end(r, false, NULL);
  clgan_mem_free(r);
}

static enum clgan_status start(struct clgan_tune_remote *r, struct clgan_error *e) {
  int ends[2];
  char number[16];
  snprintf(number, sizeof number, "%d", CLGAN_PROCESS_PASSED);
  const char *const argv[] = {"clgan", "--tune-helper", number, r->device, NULL};
  if (r->process) return CLGAN_OK;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
    return clgan_error_set(e, CLGAN_ERR_IO, "cannot make a socket: %s", strerror(errno));
  for (int k = 0; k < 2; k++) (void)fcntl(ends[k], F_SETFD, FD_CLOEXEC);
  const struct clgan_process_options o = {.mute = clgan_log_level() < CLGAN_LOG_VERBOSE, .pass = ends[1]};
  enum clgan_status s = clgan_process_start(NULL, argv, &o, &r->process, e);
  close(ends[1]);
  if (s == CLGAN_OK)
    r->to = ends[0];
  else
    close(ends[0]);
  return s;
}

/* A broken socket is not told: its reader has ended, which shows when the answer is waited for. */
static void send_request(const struct clgan_tune_remote *r, const struct clgan_tune_request *q) {
  const char *at = (const char *)q;
  for (size_t left = sizeof *q; left > 0;) {
    ssize_t n = send(r->to, at, left, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    at += n, left -= (size_t)n;
  }
}

/* "STATUS FATAL N RULE RATIO ...", or "STATUS FATAL 0 TEXT". */
static enum clgan_status read_answer(const char *line, struct clgan_tune_times *out, bool *fatal,
                                     struct clgan_error *e) {
  char *at;
  const long status = strtol(line, &at, 10);
  *fatal = strtol(at, &at, 10) != 0;
  const long n = strtol(at, &at, 10);
  if (status != CLGAN_OK)
    return clgan_error_set(e, (enum clgan_status)status, "%s", *at == ' ' ? at + 1 : at);
  for (; out->n < n && out->n < CLGAN_TUNE_RUNS; out->n++) {
    out->rule[out->n] = strtod(at, &at);
    out->ratio[out->n] = strtod(at, &at);
  }
  return CLGAN_OK;
}

static enum clgan_status await(struct clgan_tune_remote *r, struct clgan_tune_times *out, bool *fatal,
                               struct clgan_error *e) {
  const char *line;
  char how[96];
  enum clgan_process_said said;
  while ((said = clgan_process_read(r->process, r->patience, &line)) == CLGAN_PROCESS_LINE)
    if (strncmp(line, ANSWER, strlen(ANSWER)) == 0) return read_answer(line + strlen(ANSWER), out, fatal, e);
  end(r, said == CLGAN_PROCESS_SILENT, how);
  if (said == CLGAN_PROCESS_SILENT)
    return clgan_error_set(e, CLGAN_ERR_DEVICE, "hung: no answer for %g s", r->patience);
  return clgan_error_set(e, CLGAN_ERR_DEVICE, "the driver's process: %s", how);
}

enum clgan_status clgan_tune_remote_run(struct clgan_tune_remote *r, const struct clgan_tune_request *q,
                                        struct clgan_tune_times *out, bool *fatal, struct clgan_error *e) {
  *out = (struct clgan_tune_times){.n = 0};
  *fatal = true;
  CLGAN_TRY(start(r, e));
  *fatal = false;
  send_request(r, q);
  const enum clgan_status s = await(r, out, fatal, e);
  if (*fatal) end(r, false, NULL); /* a new process may find the device well */
  *fatal = false;
  if (r->process)
    r->deaths = 0;
  else if (q->alone)
    *fatal = ++r->deaths >= DEATHS_MAX;
  return s;
}

/* -- the other side -- */

static bool read_request(int fd, struct clgan_tune_request *q) {
  char *at = (char *)q;
  for (size_t left = sizeof *q; left > 0;) {
    ssize_t n = read(fd, at, left);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += n, left -= (size_t)n;
  }
  return true;
}

static void answer(enum clgan_status s, bool fatal, const struct clgan_tune_times *t, const struct clgan_error *e) {
  printf(ANSWER "%d %d %d", (int)s, (int)fatal, s == CLGAN_OK ? t->n : 0);
  if (s != CLGAN_OK) printf(" %.*s", (int)strcspn(e->text, "\n"), e->text);
  for (int k = 0; s == CLGAN_OK && k < t->n; k++) printf(" %.17g %.17g", t->rule[k], t->ratio[k]);
  printf("\n");
  (void)fflush(stdout);
}

static enum clgan_status serve(struct clgan_cl *cl, int fd) {
  struct clgan_tune_lab *lab = clgan_tune_lab_create(cl);
  struct clgan_tune_request q;
  bool fatal = false;
  while (!fatal && read_request(fd, &q)) {
    struct clgan_tune_times times;
    struct clgan_error why = {0};
    const enum clgan_status s = clgan_tune_lab_run(lab, &q, &times, &fatal, &why);
    answer(s, fatal, &times, &why);
  }
  clgan_tune_lab_destroy(lab);
  return CLGAN_OK;
}

enum clgan_status clgan_tune_helper(const char *fd, const char *device, struct clgan_error *e) {
  struct clgan_device_list *list = NULL;
  const struct clgan_cl_options options = {0};
  struct clgan_cl *cl = NULL;
  char reason[512], *rest = NULL;
  size_t index = 0;
  const long number = strtol(fd, &rest, 10);
  int kind = 0;
  socklen_t size = sizeof kind;
  if (*fd == 0 || *rest != 0 || number < CLGAN_PROCESS_PASSED || number > 1000000 ||
      getsockopt((int)number, SOL_SOCKET, SO_TYPE, &kind, &size) != 0)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "--tune-helper is for clgan's own use");
  if (clgan_log_level() == CLGAN_LOG_NORMAL) clgan_log_set_level(CLGAN_LOG_QUIET);
  enum clgan_status s = clgan_device_list_create(&list, e);
  if (s == CLGAN_OK) s = clgan_device_select(list, device, &index, reason, e);
  if (s == CLGAN_OK) s = clgan_cl_open(list, index, &options, &cl, e);
  if (s == CLGAN_OK) s = serve(cl, (int)number);
  clgan_cl_close(cl);
  clgan_device_list_destroy(list);
  return s;
}
