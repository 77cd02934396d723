/** @file selftest.h  Parts of `clgan selftest`. What a device did is a JSON object (docs/file-formats.md), whichever process
 * it was tried in; tables are printed from that. */
#ifndef CLGAN_CMD_SELFTEST_H
#define CLGAN_CMD_SELFTEST_H
#include <stdio.h>

#include <cjson/cJSON.h>

#include "cmd/session.h"

struct clgan_selftest_options {
  bool quick, stream; /**< stream: where it is, and at the end the result, a JSON object a line on standard output */
  const char *golden; /**< folder of golden files; NULL: tests/golden beside the program, where there is one */
  double patience;    /**< seconds without progress after which the process of a device is killed */
  const char **names; /**< operations ("conv"), cases ("conv/k3") or "steps"; none: all */
  size_t n_names;
};

/** Names and golden files, before any device is opened. */
enum clgan_status clgan_selftest_check(const struct clgan_selftest_options *o, struct clgan_error *e);
/** Tries everything on the session's open device. @return an error only where nothing could be tried; what fails is in
 * the result. */
enum clgan_status clgan_selftest_device(const struct clgan_selftest_options *o, struct clgan_session *s, cJSON **out,
                                        struct clgan_error *e);
/** Each device of @p l in a process of its own; appends their results to @p devices. */
enum clgan_status clgan_selftest_all(const struct clgan_selftest_options *o, const struct clgan_device_list *l,
                                     cJSON *devices, struct clgan_error *e);
/** Which device it is, and "result". */
cJSON *clgan_selftest_object(const struct clgan_device_info *d, const char *result);
/** "result" is "passed", or there was nothing to try ("unusable": no compiler). */
bool clgan_selftest_passed(const cJSON *device);
/** The table for people. */
void clgan_selftest_print(const cJSON *device, FILE *to);
#endif
