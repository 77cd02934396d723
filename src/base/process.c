/* process.c: child processes by posix_spawn. SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700
#if defined __APPLE__
#define _DARWIN_C_SOURCE
#include <mach-o/dyld.h>
#endif
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

enum { PATH_MAX_BYTES = 4096, READ_BYTES = 4096, WAIT_STEP_MS = 10 };
extern char **environ;

struct clgan_process {
  pid_t pid;
  int from; /* its standard output, or -1 */
  bool ended;
  struct clgan_process_end end;
  char *text; /* read, not yet given out: [start, len) */
  size_t start, len, cap;
};

char *clgan_process_self(void) {
#if defined __APPLE__
  char path[PATH_MAX_BYTES];
  uint32_t size = sizeof path;
  return _NSGetExecutablePath(path, &size) == 0 ? clgan_mem_strdup(path) : NULL;
#else
  static const char *const links[] = {"/proc/self/exe", "/proc/curproc/file"};
  char path[PATH_MAX_BYTES];
  for (size_t k = 0; k < sizeof links / sizeof links[0]; k++) {
    ssize_t n = readlink(links[k], path, sizeof path - 1);
    if (n <= 0) continue;
    path[n] = 0;
    return clgan_mem_strdup(path);
  }
  return NULL;
#endif
}

/* What becomes of the child's descriptors. @param to its standard output; @param pass -1: none, else above
 * CLGAN_PROCESS_PASSED: dup2 onto the same number would leave it to be closed. @return 0, or an errno */
static int add_actions(posix_spawn_file_actions_t *a, int to, bool mute, int pass) {
  int code = posix_spawn_file_actions_addopen(a, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (code == 0) code = posix_spawn_file_actions_adddup2(a, to, STDOUT_FILENO);
  if (code == 0 && mute) code = posix_spawn_file_actions_addopen(a, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  if (code == 0 && pass >= 0) code = posix_spawn_file_actions_adddup2(a, pass, CLGAN_PROCESS_PASSED);
  return code;
}

static bool same_name(const char *a, const char *b) {
  size_t n = strcspn(a, "=");
  return n == strcspn(b, "=") && memcmp(a, b, n) == 0;
}

/* This process's environment, with what @p set says instead; its texts are not copied. */
static char **merge_environment(const char *const *set) {
  size_t n = 0, more = 0, k = 0;
  while (environ[n]) n++;
  while (set && set[more]) more++;
  char **out = clgan_mem_array(n + more + 1, sizeof *out);
  for (size_t i = 0; i < n; i++) {
    size_t j = 0;
    while (j < more && !same_name(environ[i], set[j])) j++;
    if (j == more) out[k++] = environ[i];
  }
  for (size_t j = 0; j < more; j++) out[k++] = (char *)(uintptr_t)set[j];
  return out;
}

/* @return 0, or an errno */
static int spawn(const char *program, const char *const *argv, char **environment, int to, bool mute, int pass,
                 pid_t *pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none;
  int code = posix_spawn_file_actions_init(&actions);
  if (code != 0) return code;
  code = posix_spawnattr_init(&attributes);
  if (code != 0) {
    posix_spawn_file_actions_destroy(&actions);
    return code;
  }
  sigemptyset(&none);
  code = add_actions(&actions, to, mute, pass);
  if (code == 0) code = posix_spawnattr_setsigmask(&attributes, &none);
  if (code == 0) code = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  if (code == 0) code = posix_spawn(pid, program, &actions, &attributes, (char *const *)(uintptr_t)argv, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return code;
}

enum clgan_status clgan_process_start(const char *program, const char *const *argv,
                                      const struct clgan_process_options *o, struct clgan_process **out,
                                      struct clgan_error *e) {
  int ends[2];
  *out = NULL;
  char *self = program ? NULL : clgan_process_self();
  if (!program && !self) return clgan_error_set(e, CLGAN_ERR_IO, "cannot find the path of this program (no /proc?)");
  if (pipe(ends) != 0) {
    clgan_mem_free(self);
    return clgan_error_set(e, CLGAN_ERR_IO, "cannot make a pipe: %s", strerror(errno));
  }
  /* neither end goes to this or any other child; dup2 makes one that does */
  (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  struct clgan_process *p = clgan_mem_alloc(sizeof *p);
  int pass = o && o->pass ? fcntl(o->pass, F_DUPFD_CLOEXEC, CLGAN_PROCESS_PASSED + 1) : -1;
  char **environment = merge_environment(o ? o->env : NULL);
  int code = o && o->pass && pass < 0
                 ? errno
                 : spawn(program ? program : self, argv, environment, ends[1], o && o->mute, pass, &p->pid);
  clgan_mem_free(environment);
  close(ends[1]);
  if (pass >= 0) close(pass);
  if (code != 0) {
    (void)clgan_error_set(e, CLGAN_ERR_IO, "%s: cannot be started: %s", program ? program : self, strerror(code));
    close(ends[0]);
    clgan_mem_free(p);
    p = NULL;
  } else {
    p->from = ends[0];
  }
  clgan_mem_free(self);
  *out = p;
  return p ? CLGAN_OK : CLGAN_ERR_IO;
}

/* The next whole line of what was read; where the output has ended, what is left of it. */
static bool take_line(struct clgan_process *p, bool last, const char **line) {
  if (p->start == p->len) return false;
  char *start = p->text + p->start, *end = memchr(start, '\n', p->len - p->start);
  if (!end && !last) return false;
  if (!end) end = p->text + p->len;
  p->start = (size_t)(end - p->text) + (end < p->text + p->len);
  *end = 0; /* there is room for one byte more */
  *line = start;
  return true;
}

static bool wait_byte(const struct clgan_process *p, double until) {
  struct pollfd fd = {.fd = p->from, .events = POLLIN};
  for (;;) {
    double left = until - clgan_time_now();
    int ms = until <= 0 ? -1 : left <= 0 ? 0 : left > 1e6 ? 1000000000 : (int)(left * 1e3) + 1;
    int n = poll(&fd, 1, ms);
    if (n > 0) return true;
    if (n == 0 || errno != EINTR) return false;
  }
}

enum clgan_process_said clgan_process_read(struct clgan_process *p, double silence_s, const char **line) {
  double until = silence_s > 0 ? clgan_time_now() + silence_s : 0;
  for (;;) {
    if (take_line(p, p->from < 0, line)) return CLGAN_PROCESS_LINE;
    if (p->from < 0) return CLGAN_PROCESS_END;
    if (p->start > 0) {
      memmove(p->text, p->text + p->start, p->len - p->start);
      p->len -= p->start;
      p->start = 0;
    }
    if (!wait_byte(p, until)) return CLGAN_PROCESS_SILENT;
    CLGAN_GROW(p->text, p->len + READ_BYTES + 1, p->cap);
    ssize_t n = read(p->from, p->text + p->len, READ_BYTES);
    if (n > 0) {
      p->len += (size_t)n;
      if (silence_s > 0) until = clgan_time_now() + silence_s;
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
      close(p->from);
      p->from = -1;
    }
  }
}

void clgan_process_kill(struct clgan_process *p) {
  if (!p->ended) (void)kill(p->pid, SIGKILL);
}

struct clgan_process_end clgan_process_wait(struct clgan_process *p, double patience_s) {
  double until = clgan_time_now() + patience_s;
  while (!p->ended) {
    int status = 0;
    pid_t got = waitpid(p->pid, &status, patience_s > 0 && !p->end.late ? WNOHANG : 0);
    if (got == p->pid || (got < 0 && errno != EINTR)) {
      p->ended = true;
      p->end.status = got == p->pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
      p->end.signal = got == p->pid && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    } else if (got == 0 && clgan_time_now() >= until) {
      p->end.late = true;
      (void)kill(p->pid, SIGKILL);
    } else if (got == 0) {
      struct timespec t = {0, WAIT_STEP_MS * 1000000L};
      (void)nanosleep(&t, NULL);
    }
  }
  return p->end;
}

void clgan_process_destroy(struct clgan_process *p) {
  if (!p) return;
  clgan_process_kill(p);
  (void)clgan_process_wait(p, 0);
  if (p->from >= 0) close(p->from);
  clgan_mem_free(p->text);
  clgan_mem_free(p);
}

const char *clgan_process_end_text(const struct clgan_process_end *end, char text[96]) {
  if (end->signal)
    (void)snprintf(text, 96, "ended by signal %d (%.60s)", end->signal, strsignal(end->signal));
  else
    (void)snprintf(text, 96, "exit status %d", end->status);
  return text;
}
