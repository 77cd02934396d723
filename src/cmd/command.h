/** @file command.h  The table of subcommands: a subcommand is one file and one row. */
#ifndef CLGAN_CMD_COMMAND_H
#define CLGAN_CMD_COMMAND_H
#include "base/status.h"

/** Exit statuses. */
enum { CLGAN_EXIT_DONE = 0, CLGAN_EXIT_FAILED = 1, CLGAN_EXIT_USAGE = 2 };

struct clgan_command {
  const char *name, *summary;
  /** @param argv argv[0] is the subcommand's name. @return the exit status. */
  int (*run)(int argc, char **argv);
};
/** Ended by a row with name NULL. */
extern const struct clgan_command clgan_commands[];

/** `clgan --describe`: every subcommand with its options, models and settings, a fact a line, parts separated by tabs.
 * What is made from it: shell completion (completions/) and the man page (docs/clgan.1.in). */
int clgan_command_describe(void);

/** Prints the error of a failed subcommand on stderr ("clgan: NAME: text"); returns the exit status. */
int clgan_command_finish(const char *name, enum clgan_status status, const struct clgan_error *e);

int clgan_command_devices(int argc, char **argv);
int clgan_command_import(int argc, char **argv);
int clgan_command_train(int argc, char **argv);
int clgan_command_generate(int argc, char **argv);
int clgan_command_reconstruct(int argc, char **argv);
int clgan_command_transform(int argc, char **argv);
int clgan_command_interpolate(int argc, char **argv);
int clgan_command_encode(int argc, char **argv);
int clgan_command_latent(int argc, char **argv);
int clgan_command_eval(int argc, char **argv);
int clgan_command_export(int argc, char **argv);
int clgan_command_bench(int argc, char **argv);
int clgan_command_report(int argc, char **argv);
int clgan_command_tune(int argc, char **argv);
int clgan_command_selftest(int argc, char **argv);
#endif
