/** @file process.h  A child process: started, its standard output read line by line with a watch on silence, ended. */
#ifndef CLGAN_BASE_PROCESS_H
#define CLGAN_BASE_PROCESS_H
#include <stdbool.h>
#include <stddef.h>
#include "base/status.h"

struct clgan_process;

/** What a child gets besides its words. Zero-initialise. */
struct clgan_process_options {
  bool mute; /**< standard error goes nowhere, instead of to the caller's */
  const char *const *env; /**< "NAME=VALUE" that differ from the caller's environment, ended by NULL; NULL: none */
  int pass; /**< a descriptor that the child finds under number CLGAN_PROCESS_PASSED; 0: none. Of the caller's others, a
                child inherits those that are not FD_CLOEXEC: give this one that flag, too. */
};
enum { CLGAN_PROCESS_PASSED = 3 };

/** Starts a process with the caller's environment; standard input is empty, standard output is read by the caller,
 * standard error is shared. @param program its path, or NULL: the program that is running now.
 * @param argv argv[0] is the name it is given; ended by NULL. @param o or NULL. CLGAN_ERR_IO names the program. */
enum clgan_status clgan_process_start(const char *program, const char *const *argv,
                                      const struct clgan_process_options *o, struct clgan_process **out,
                                      struct clgan_error *e);

enum clgan_process_said {
  CLGAN_PROCESS_LINE,  /**< *line is a line, less its newline, valid until the next call */
  CLGAN_PROCESS_END,   /**< standard output is closed */
  CLGAN_PROCESS_SILENT /**< nothing came for so long */
};
/** Waits for the next line. @param silence_s seconds without a byte that are let pass; 0: any number. */
enum clgan_process_said clgan_process_read(struct clgan_process *p, double silence_s, const char **line);
void clgan_process_kill(struct clgan_process *p); /**< SIGKILL */

/** How a process ended. */
struct clgan_process_end {
  int status; /**< exit status, or -1 */
  int signal; /**< that ended it, or 0 */
  bool late;  /**< it had not ended @p patience_s seconds after it was waited for, and was killed */
};
/** Waits for the end. @param patience_s as far; 0: for ever. */
struct clgan_process_end clgan_process_wait(struct clgan_process *p, double patience_s);
/** Kills it where it still runs. NULL is legal. */
void clgan_process_destroy(struct clgan_process *p);
/** "exit status 3", "ended by signal 11 (Segmentation fault)"; returns @p text. */
const char *clgan_process_end_text(const struct clgan_process_end *end, char text[96]);

/** Path of the program that is running, or NULL where the system does not tell. The caller's (clgan_mem_free). */
char *clgan_process_self(void);
#endif
