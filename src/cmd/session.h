/** @file session.h  What subcommands open: a device, and weights on it. */
#ifndef CLGAN_CMD_SESSION_H
#define CLGAN_CMD_SESSION_H
#include "cl/cl.h"
#include "train/trainer.h"

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
void clgan_session_close(struct clgan_session *s);

/** A model's averaged nets, ready to be used. Zero-initialise. */
struct clgan_nets {
  char *path;
  struct clgan_model *model;
  struct clgan_store *store;
  struct clgan_sampler *sampler;
};
/** Reads the model of @p weights (a checkpoint, a released model, or a run folder) and checks that they fit it. No
 * device is needed yet. */
enum clgan_status clgan_nets_read(struct clgan_nets *n, const char *weights, struct clgan_error *e);
/** Loads the weights; graphs are built for batches of up to @p batch. */
enum clgan_status clgan_nets_load(struct clgan_nets *n, struct clgan_cl *cl, size_t batch, struct clgan_error *e);
void clgan_nets_close(struct clgan_nets *n); /**< before the session */

/** Path of the checkpoint that @p run (a run folder, or a file) means. The caller's (clgan_mem_free). */
char *clgan_run_checkpoint(const char *run);
/** True if @p path ends in @p ending (".png"), letters' case aside. */
bool clgan_path_ends(const char *path, const char *ending);

/** The text that --device's help shows. */
#define CLGAN_DEVICE_HELP "auto, cpu, gpu, P:D, or part of a name (default $CLGAN_DEVICE, else auto)"
#endif
