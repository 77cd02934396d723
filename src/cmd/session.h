/** @file session.h  What subcommands open: a device, and weights on it. */
#ifndef CLGAN_CMD_SESSION_H
#define CLGAN_CMD_SESSION_H
#include "cl/cl.h"
#include "train/nets.h"

/** Zero-initialise. */
struct clgan_session {
  struct clgan_device_list *list;
  size_t index;
  char reason[512];
  struct clgan_cl *cl;
};
/** Finds the device that @p spec (NULL: $CLGAN_DEVICE, else auto) means; nothing is opened yet. */
enum clgan_status clgan_session_choose(struct clgan_session *s, const char *spec, struct clgan_error *e);
/** Says which device it is and why, and opens it. */
enum clgan_status clgan_session_open(struct clgan_session *s, const struct clgan_cl_options *o, struct clgan_error *e);
/** Both, with no options of the device. */
enum clgan_status clgan_session_start(struct clgan_session *s, const char *spec, struct clgan_error *e);
void clgan_session_close(struct clgan_session *s);

/** Usage errors that need no file: --weights or -o missing, -o not ending in @p ending or @p other (NULL: no other). */
enum clgan_status clgan_session_check(const char *weights, const char *out, const char *ending, const char *other,
                                      struct clgan_error *e);

/** Results as JSON to the file that --json names, or to standard output where it names none (""), ended by a newline.
 * @param text NULL (there was no memory for it) is CLGAN_ERR_MEMORY. */
enum clgan_status clgan_json_write(const char *path, const char *text, struct clgan_error *e);

/** The text that --device's help shows. */
#define CLGAN_DEVICE_HELP "auto, cpu, gpu, P:D, or part of a name (default $CLGAN_DEVICE, else auto)"
#endif
