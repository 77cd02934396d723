/* main.c: looks the subcommand up and runs it. SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/words.h"
#include "bench/tune.h"
#include "cl/warm.h"
#include "cmd/command.h"

static const struct clgan_command *find(const char *name) {
  for (const struct clgan_command *c = clgan_commands; c->name; c++)
    if (!strcmp(c->name, name)) return c;
  return NULL;
}

static void print_help(void) {
  printf(
      "clgan %s trains bidirectional conditional GANs on OpenCL devices.\n\nusage: clgan SUBCOMMAND "
      "[OPTION]...\n\nsubcommands:\n",
      clgan_version());
  for (const struct clgan_command *c = clgan_commands; c->name; c++) printf("  %-13s %s\n", c->name, c->summary);
  printf(
      "\n`clgan SUBCOMMAND --help` (or `clgan help SUBCOMMAND`) tells a subcommand's options; --version the version.\n"
      "Exit status: 0 done, 1 failed, 2 wrong usage.\n");
}

static int unknown(const char *word) {
  enum { WORDS_MAX = 32 };
  const char *names[WORDS_MAX + 1];
  size_t n = 0;
  if (word[0] == '-') {
    clgan_log_warn("unknown option %.80s before the subcommand: options come after it, see `clgan --help`", word);
    return CLGAN_EXIT_USAGE;
  }
  for (const struct clgan_command *c = clgan_commands; c->name && n < WORDS_MAX; c++) names[n++] = c->name;
  names[n] = NULL;
  const char *near = clgan_words_nearest(word, names);
  if (near)
    clgan_log_warn("unknown subcommand %.80s: did you mean %s?", word, near);
  else
    clgan_log_warn("unknown subcommand %.80s: see `clgan --help`", word);
  return CLGAN_EXIT_USAGE;
}

/* This program itself is what helps to compile, where the system says which file that is. */
static void set_helper(void) {
  char *path = clgan_process_self();
  clgan_cl_set_helper(path);
  clgan_mem_free(path);
}

static int run(int argc, char **argv) {
  clgan_time_running(); /* the clock of start-up times starts */
  if (argc < 2) {
    clgan_log_warn("no subcommand given: see `clgan --help`");
    return CLGAN_EXIT_USAGE;
  }
  const char *word = argv[1];
  if (!strcmp(word, "--version") || !strcmp(word, "-V")) {
    printf("clgan %s\n", clgan_version());
    return CLGAN_EXIT_DONE;
  }
  if (!strcmp(word, "--compile-helper") && argc == 4) {
    struct clgan_error e = {0};
    return clgan_command_finish(word, clgan_compile_helper(argv[2], argv[3], &e), &e);
  }
  if (!strcmp(word, "--tune-helper") && argc == 4) {
    struct clgan_error e = {0};
    return clgan_command_finish(word, clgan_tune_helper(argv[2], argv[3], &e), &e);
  }
  if (!strcmp(word, "--describe") && argc == 2) return clgan_command_describe();
  set_helper();
  if (!strcmp(word, "--help") || !strcmp(word, "-h") || (!strcmp(word, "help") && argc == 2)) {
    print_help();
    return CLGAN_EXIT_DONE;
  }
  if (!strcmp(word, "help")) {
    const struct clgan_command *c = find(argv[2]);
    char help[] = "--help", *ask[] = {argv[2], help, NULL};
    return c ? c->run(2, ask) : unknown(argv[2]);
  }
  const struct clgan_command *c = find(word);
  return c ? c->run(argc - 1, argv + 1) : unknown(word);
}

/* A closed standard stream must not lend its number to a file that we open: messages would go into it. */
static void hold_standard_streams(void) {
  for (int fd = 0; fd < 3; fd++)
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) return;
}

int main(int argc, char **argv) {
  hold_standard_streams();
  int status = run(argc, argv);
  /* A full disk or a closed pipe behind standard output is a failure too. */
  if ((fflush(stdout) != 0 || ferror(stdout)) && status == CLGAN_EXIT_DONE) {
    clgan_log_warn("standard output: %s", strerror(errno));
    status = CLGAN_EXIT_FAILED;
  }
  return status;
}
