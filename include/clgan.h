/** @file clgan.h
 * Public C API of libclgan. Handles are opaque; every fallible call returns enum clgan_status.
 * SPDX-License-Identifier: MIT */
#ifndef CLGAN_H
#define CLGAN_H

#ifdef __cplusplus
extern "C" {
#endif

/** What a call came to. Everything but CLGAN_OK leaves one line of text in the context's (or caller's) error. */
enum clgan_status {
  CLGAN_OK = 0,
  CLGAN_ERR_USAGE,       /**< the caller asked for something that makes no sense (exit status 2) */
  CLGAN_ERR_IO,          /**< a file could not be read or written */
  CLGAN_ERR_FORMAT,      /**< a file's content is damaged or of another kind */
  CLGAN_ERR_MEMORY,      /**< host or device memory does not suffice */
  CLGAN_ERR_DEVICE,      /**< no such OpenCL device, or the driver failed */
  CLGAN_ERR_BUILD,       /**< a kernel did not compile */
  CLGAN_ERR_NUMERIC,     /**< a NaN or infinity appeared in training */
  CLGAN_ERR_INTERRUPTED, /**< SIGINT or SIGTERM asked to stop */
  CLGAN_ERR_INTERNAL     /**< a defect of clgan itself */
};

/** @return the library's version, "MAJOR.MINOR.PATCH". */
const char *clgan_version(void);

/** @return a short English name of @p status, never NULL. */
const char *clgan_status_name(enum clgan_status status);

#ifdef __cplusplus
}
#endif
#endif
