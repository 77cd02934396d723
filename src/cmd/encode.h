/** @file encode.h  What `clgan encode` found out, and the files it goes to (docs/file-formats.md). */
#ifndef CLGAN_CMD_ENCODE_H
#define CLGAN_CMD_ENCODE_H
#include "cmd/originals.h"

struct clgan_encoded {
  const struct clgan_model *model;
  const struct clgan_originals *from; /**< n, names, labels */
  float *z, *factors, *features; /**< [n,Z], [n,clgan_sampler_factors], [n,clgan_sampler_feature_count]; NULL: none */
};
enum clgan_status clgan_encoded_write_safetensors(const struct clgan_encoded *c, const char *path,
                                                  struct clgan_error *e);
/** A header line, then a line for each image; names quoted where they must be (RFC 4180). */
enum clgan_status clgan_encoded_write_csv(const struct clgan_encoded *c, const char *path, struct clgan_error *e);
#endif
