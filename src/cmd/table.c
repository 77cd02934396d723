/* table.c: the subcommands. SPDX-License-Identifier: MIT */
#include "base/log.h"
#include "cmd/command.h"

const struct clgan_command clgan_commands[] = {
    {"devices", "list OpenCL devices and the one that would be used", clgan_command_devices},
    {"import", "pack images and labels into one file to train on", clgan_command_import},
    {"train", "train a model, or go on with a run", clgan_command_train},
    {"generate", "draw images of the classes or ages asked for", clgan_command_generate},
    {"reconstruct", "images beside what the model makes of their codes", clgan_command_reconstruct},
    {"transform", "the same code under other conditions: a digit rewritten", clgan_command_transform},
    {"interpolate", "what lies between two images", clgan_command_interpolate},
    {"encode", "codes of images, or of a whole data set, as numbers", clgan_command_encode},
    {"latent", "what a model's code holds: distribution, clusters, probes, influence", clgan_command_latent},
    {"eval", "measure how good a model is", clgan_command_eval},
    {"export", "a checkpoint's averaged nets as a small model file", clgan_command_export},
    {"bench", "measure the speed of a device", clgan_command_bench},
    {"report", "a run's losses, throughput, samples and settings as a page", clgan_command_report},
    {"tune", "find the fastest kernels of a model on a device", clgan_command_tune},
    {"selftest", "try a driver: operations, gradients, training steps", clgan_command_selftest},
    {0},
};

int clgan_command_finish(const char *name, enum clgan_status status, const struct clgan_error *e) {
  if (status == CLGAN_OK) return CLGAN_EXIT_DONE;
  clgan_log_warn("%s: %s", name, e->text[0] ? e->text : clgan_status_name(status));
  return status == CLGAN_ERR_USAGE ? CLGAN_EXIT_USAGE : CLGAN_EXIT_FAILED;
}
