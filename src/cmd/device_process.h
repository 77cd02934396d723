/** @file device_process.h  A device in a process of its own, so that one whose driver crashes or hangs becomes a row. */
#ifndef CLGAN_CMD_DEVICE_PROCESS_H
#define CLGAN_CMD_DEVICE_PROCESS_H
#include <cjson/cJSON.h>
#include "base/process.h"
#include "cl/cl.h"

/** Zero-initialise, set what is above the line. */
struct clgan_device_process {
  const struct clgan_device_info *device;
  const char *subcommand; /**< called with --quiet --stream --device P:D and the words */
  const char *const *words;
  size_t n_words;
  const char *const *env;                   /**< "NAME=VALUE" that differ from this process's, ended by NULL; or NULL */
  double patience;                          /**< seconds of silence that end it */
  void (*take)(void *context, cJSON *line); /**< told of each line of its output, an object */
  void *context;
  /* -- */
  bool silent;
  struct clgan_process_end end;
};
/** Runs it to its end, or kills it. An error: it could not be started. */
enum clgan_status clgan_device_process_run(struct clgan_device_process *p, struct clgan_error *e);
/** What is to be said of its end. @param at where it was last. @param error what it reported, or NULL. @param whole it
 * said all that it had to. @return "hung", "failed", "crashed", with the detail; NULL: it did well. */
const char *clgan_device_process_judge(const struct clgan_device_process *p, const char *at, const char *error,
                                       bool whole, char detail[512]);
/** A JSON object as a line of standard output: what `take` gets. Takes @p value. */
void clgan_device_process_say(const char *key, cJSON *value);
#endif
