/** @file clgan.h
 * Public C API of libclgan: train bidirectional conditional GANs, draw images with them and encode images, on any
 * OpenCL device. docs/library.md is an introduction with examples.
 *
 * A program makes a context, opens a device with it, and then loads models or trains them. Handles are opaque and are
 * freed by the function named beside them; freeing NULL is legal. Models and trainings belong to a context and must be
 * freed before it.
 *
 * Errors: every fallible call returns enum clgan_status and leaves one line of text in its context, which
 * clgan_context_error() gives. Results are written only by calls that return CLGAN_OK. Nothing is printed.
 *
 * Threads: a context, and what belongs to it, is used by one thread at a time; different contexts may be used by
 * different threads at once. The library has no other state; it neither sets environment variables nor signal
 * handlers, and works in the "C" locale whatever the program's is.
 *
 * Images are 8-bit, row-major [n,H,W,C] with C = 1 (grey) or 3 (red, green, blue). Floating-point arrays are dense and
 * row-major too. Exhausted host memory for large arrays is CLGAN_ERR_MEMORY; for a few bytes it ends the process.
 * SPDX-License-Identifier: MIT */
#ifndef CLGAN_H
#define CLGAN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define CLGAN_API __attribute__((visibility("default")))
#else
#define CLGAN_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* -- status ------------------------------------------------------------------------------------------------------- */

/** What a call came to. Everything but CLGAN_OK leaves one line of text in the context's error. */
enum clgan_status {
  CLGAN_OK = 0,
  CLGAN_ERR_USAGE,       /**< the caller asked for something that makes no sense (exit status 2) */
  CLGAN_ERR_IO,          /**< a file could not be read or written */
  CLGAN_ERR_FORMAT,      /**< a file's content is damaged or of another kind */
  CLGAN_ERR_MEMORY,      /**< host or device memory does not suffice */
  CLGAN_ERR_DEVICE,      /**< no such OpenCL device, or the driver failed */
  CLGAN_ERR_BUILD,       /**< a kernel did not compile */
  CLGAN_ERR_NUMERIC,     /**< a NaN or infinity appeared in training */
  CLGAN_ERR_INTERRUPTED, /**< SIGINT or SIGTERM asked the program to stop (no call of this API returns it) */
  CLGAN_ERR_INTERNAL     /**< a defect of clgan itself */
};

/** @return the library's version, "MAJOR.MINOR.PATCH". */
CLGAN_API const char *clgan_version(void);

/** @return a short English name of @p status, never NULL. */
CLGAN_API const char *clgan_status_name(enum clgan_status status);

/* -- context: errors, log, devices -------------------------------------------------------------------------------- */

/** One device at work, and the text of the last error. */
typedef struct clgan_context clgan_context;

/** Makes a context without a device; freed by clgan_context_destroy().
 * @return CLGAN_ERR_USAGE where @p out is NULL; CLGAN_ERR_MEMORY (*out is NULL then). */
CLGAN_API enum clgan_status clgan_context_create(clgan_context **out);
CLGAN_API void clgan_context_destroy(clgan_context *c);

/** The text of the last call's error, "" where it succeeded. Its first line is the message; further lines (a
 * compiler's log) are detail. Valid until the next call with @p c or with what belongs to it. Never NULL. */
CLGAN_API const char *clgan_context_error(const clgan_context *c);

enum clgan_log_kind {
  CLGAN_LOG_WARNING,
  CLGAN_LOG_INFO,
  CLGAN_LOG_DETAIL,  /**< what `clgan --verbose` prints */
  CLGAN_LOG_PROGRESS /**< how far long work is (compiling kernels), at most once a second */
};
/** @param text one message without a newline at its end; valid during the call. The callback runs in the thread, and
 * the locale, of the call that it reports about, and must not call clgan with the same context. */
typedef void clgan_log_callback(void *user, enum clgan_log_kind kind, const char *text);
/** Where messages go; NULL (as a context begins): nowhere. */
CLGAN_API void clgan_context_set_log(clgan_context *c, clgan_log_callback *call, void *user);

enum clgan_device_type {
  CLGAN_DEVICE_CPU,
  CLGAN_DEVICE_GPU_INTEGRATED,
  CLGAN_DEVICE_GPU,
  CLGAN_DEVICE_OTHER /**< accelerators */
};

/** Facts of a device. Texts are UTF-8 and belong to the context. Later versions may add members at the end. */
struct clgan_device_facts {
  const char *id; /**< "P:D": number of the platform, of its device */
  enum clgan_device_type type;
  const char *type_name; /**< "CPU", "integrated GPU", "discrete GPU", "software GPU" or "accelerator" */
  const char *name, *vendor, *platform, *driver;
  uint32_t compute_units, clock_mhz;
  uint64_t memory_bytes, largest_allocation_bytes;
  bool usable;              /**< has what clgan needs: an OpenCL C compiler, little-endian order */
  const char *duplicate_of; /**< id of the same hardware under a preferred platform, or NULL */
};

/** How many OpenCL devices there are, those that cannot be used included. Looked up at a context's first call.
 * @param n receives the count; 0 is no error. @return CLGAN_ERR_DEVICE where the OpenCL loader fails. */
CLGAN_API enum clgan_status clgan_context_count_devices(clgan_context *c, size_t *n);
/** Facts of device @p i of those counted; the context's. NULL where there is none. */
CLGAN_API const struct clgan_device_facts *clgan_context_device(const clgan_context *c, size_t i);

/** Opens a device. A context opens one, once.
 * @param device "auto", "cpu", "gpu", "P:D", or part of a device's or platform's name; NULL: the environment variable
 * CLGAN_DEVICE, else "auto".
 * @return CLGAN_ERR_DEVICE (none, or none that matches; the driver failed), CLGAN_ERR_USAGE (open already). */
CLGAN_API enum clgan_status clgan_context_open(clgan_context *c, const char *device);
/** The device that is open, NULL before. */
CLGAN_API const struct clgan_device_facts *clgan_context_opened(const clgan_context *c);

/** Stores the kernels compiled so far in $XDG_CACHE_HOME/clgan (else ~/.cache/clgan), so that a next start is quick.
 * May take as long as the device has been open; best called when the work is done. What cannot be stored is left out.
 * @return CLGAN_ERR_USAGE where no device is open. */
CLGAN_API enum clgan_status clgan_context_keep_kernels(clgan_context *c);

/* -- models: draw, encode ----------------------------------------------------------------------------------------- */

/** A trained generator and encoder on a context's device. */
typedef struct clgan_api_model clgan_model;

enum clgan_latent_kind {
  CLGAN_LATENT_UNIFORM, /**< U(-1,1) */
  CLGAN_LATENT_NORMAL   /**< N(0,1) */
};
enum clgan_condition_kind {
  CLGAN_CONDITION_NONE,
  CLGAN_CONDITION_CLASS, /**< one of `classes` */
  CLGAN_CONDITION_FACE   /**< age in years, and gender where `gender` */
};

/** Facts of a model. Texts belong to the model. Later versions may add members at the end. */
struct clgan_model_facts {
  const char *name; /**< "digits", ... */
  uint32_t height, width, channels;
  uint32_t latent; /**< Z: numbers in a code z */
  enum clgan_latent_kind latent_kind;
  enum clgan_condition_kind condition;
  uint32_t classes;               /**< CLGAN_CONDITION_CLASS: how many; else 0 */
  const char *const *class_names; /**< [classes], what the training's data set called them; NULL: go by number */
  bool gender;                    /**< CLGAN_CONDITION_FACE: conditions hold a gender */
  uint32_t condition_size;        /**< C: numbers in a condition vector c; 0 without a condition */
  uint32_t factors;               /**< F: numbers that the encoder gives of the condition; 0 without one */
  uint32_t features;              /**< numbers of the encoder's last hidden layer; 0: there is none */
  float pixel_low;                /**< pixel values of clgan_model_generate(): black, -1 or 0; white is 1 */
  uint64_t steps;                 /**< training steps behind the weights */
};

/** Loads weights; freed by clgan_model_close(). A device must be open.
 * @param weights a checkpoint, a released model, or a run folder.
 * @param batch images computed at once, 1 to 64; fewer cost the same. 0: 64; 1 for a program that draws one by one.
 * @return CLGAN_ERR_IO, CLGAN_ERR_FORMAT (damaged, another kind of file), CLGAN_ERR_MEMORY, CLGAN_ERR_DEVICE,
 * CLGAN_ERR_USAGE. Kernels are compiled at the first use of generator and encoder: those calls may also fail with
 * CLGAN_ERR_BUILD, and with CLGAN_ERR_MEMORY where the device's memory is too small for the batch. */
CLGAN_API enum clgan_status clgan_model_open(clgan_context *c, const char *weights, uint32_t batch, clgan_model **out);
CLGAN_API void clgan_model_close(clgan_model *m);
/** Facts of @p m, which own them; NULL where @p m is NULL. */
CLGAN_API const struct clgan_model_facts *clgan_model_describe(const clgan_model *m);

/** Draws codes from the model's prior. Code i depends on seed and first + i alone: codes drawn in parts are those
 * drawn at once, and the same on every machine (normal ones up to rounding).
 * @param z [n,Z], written. */
CLGAN_API enum clgan_status clgan_model_draw_codes(clgan_model *m, uint64_t seed, uint32_t first, size_t n, float *z);

/** Condition vectors of classes. @param classes [n], below facts.classes. @param c [n,C], written.
 * @return CLGAN_ERR_USAGE where the model's condition is another, or a class does not exist. */
CLGAN_API enum clgan_status clgan_model_class_conditions(clgan_model *m, size_t n, const uint32_t *classes, float *c);
/** Condition vectors of faces. @param ages [n], years, 0 to 150. @param genders [n], 0 (male) to 1 (female); may be
 * NULL where the model has no genders. @param c [n,C], written.
 * @return CLGAN_ERR_USAGE where the model's condition is another, or an age or gender is out of range. */
CLGAN_API enum clgan_status clgan_model_face_conditions(clgan_model *m, size_t n, const float *ages,
                                                        const float *genders, float *c);
/** Condition vectors of what the encoder saw: the likeliest class; the age, and the likelier gender.
 * @param factors [n,F], from clgan_model_encode(). @param c [n,C], written. */
CLGAN_API enum clgan_status clgan_model_conditions_from_factors(clgan_model *m, size_t n, const float *factors,
                                                                float *c);
/** What the encoder saw, in words: the likeliest classes. @param factors [n,F]. @param classes [n], written.
 * @param shares [n], written: probability of that class by the encoder (softmax of its logits), 0 to 1; may be NULL. */
CLGAN_API enum clgan_status clgan_model_classes_from_factors(clgan_model *m, size_t n, const float *factors,
                                                             uint32_t *classes, float *shares);
/** The same for faces. @param ages [n], years, written. @param female [n], probability of female, written; may be
 * NULL, and is filled with 0.5 where the model has no genders. */
CLGAN_API enum clgan_status clgan_model_faces_from_factors(clgan_model *m, size_t n, const float *factors, float *ages,
                                                           float *female);

/** Draws images: x = G(z, c).
 * @param z [n,Z]. @param c [n,C]; NULL where C is 0. @param x [n,H,W,C], pixel_low to 1, written.
 * @return CLGAN_ERR_USAGE (an argument is missing or not finite), CLGAN_ERR_MEMORY, CLGAN_ERR_BUILD,
 * CLGAN_ERR_DEVICE. */
CLGAN_API enum clgan_status clgan_model_generate(clgan_model *m, size_t n, const float *z, const float *c, float *x);
/** The same as 8-bit pixels [n,H,W,C], rounded to the nearest. */
CLGAN_API enum clgan_status clgan_model_generate_u8(clgan_model *m, size_t n, const float *z, const float *c,
                                                    uint8_t *pixels);
/** Finds the codes of images: z, factors = E(x). What is NULL is not wanted.
 * @param pixels [n,H,W,C]. @param z [n,Z], written. @param factors [n,F], written: logits of the classes; or the age's
 * value and the gender's logit. @param features [n,features], written: the encoder's last hidden layer, by whose
 * distances images can be compared. */
CLGAN_API enum clgan_status clgan_model_encode(clgan_model *m, size_t n, const uint8_t *pixels, float *z,
                                               float *factors, float *features);
/** Draws images again from their own codes: G(E(x), c).
 * @param pixels [n,H,W,C]. @param c [n,C], or NULL: what the encoder saw. @param again [n,H,W,C], written; may be
 * @p pixels itself. */
CLGAN_API enum clgan_status clgan_model_reconstruct(clgan_model *m, size_t n, const uint8_t *pixels, const float *c,
                                                    uint8_t *again);

/** Moves codes so that G(z, c) comes nearer to the images, by gradient steps (docs/refine.md). Each image goes by itself;
 * one that came no nearer keeps its code. The first call builds what it needs.
 * @param steps 1 to 100000; 200 is plenty. @param pixels [n,H,W,C]. @param c [n,C], what to draw them under (NULL for
 * models without a condition); it stays. @param z [n,Z], read and written: where to start, such as the encoder's codes.
 * @param before,after [n] each, written: mean absolute differences of pixels from 0 to 1; NULL where not wanted.
 * @return CLGAN_ERR_USAGE, CLGAN_ERR_MEMORY, CLGAN_ERR_DEVICE. */
CLGAN_API enum clgan_status clgan_model_refine(clgan_model *m, uint32_t steps, size_t n, const uint8_t *pixels,
                                               const float *c, float *z, float *before, float *after);

/** Reads a PNG or JPEG of any size as the model takes it: its centre square, resampled. @param pixels [H,W,C],
 * written. @return CLGAN_ERR_IO, CLGAN_ERR_FORMAT, CLGAN_ERR_MEMORY. */
CLGAN_API enum clgan_status clgan_model_read_image(clgan_model *m, const char *path, uint8_t *pixels);
/** Writes [height,width,channels] (1 or 3 channels) as a PNG, whole or not at all. */
CLGAN_API enum clgan_status clgan_context_write_png(clgan_context *c, const char *path, uint32_t height, uint32_t width,
                                                    uint32_t channels, const uint8_t *pixels);

/* -- training ----------------------------------------------------------------------------------------------------- */

/** A model in training on a context's device. */
typedef struct clgan_training clgan_training;

/** Images with labels in the caller's memory. Zero-initialise. Nothing is copied: the arrays must outlive the
 * training, unchanged. */
struct clgan_training_arrays {
  uint32_t count, height, width, channels;
  const uint8_t *images;          /**< [count,height,width,channels] */
  const uint8_t *classes;         /**< [count]; for models of classes */
  const char *const *class_names; /**< [n_class_names], kept in checkpoints; NULL: classes go by number */
  size_t n_class_names;
  const float *ages;      /**< [count], years; for models of faces */
  const uint8_t *genders; /**< [count], 0 male, 1 female; with ages */
  const uint8_t *test;    /**< [count], 1: kept out of training; NULL: all is trained on */
};

/** What to train. Set `size` and leave what is not wanted 0. */
struct clgan_training_options {
  size_t size;                 /**< sizeof(struct clgan_training_options) */
  const char *model;           /**< "digits", "faces64", "bigan-mlp", or a model text's path */
  const char *model_text;      /**< a model's text itself (docs/file-formats.md), instead of `model` */
  const char *resume;          /**< a checkpoint or run folder to go on with, instead of either */
  const char *const *settings; /**< [n_settings] "key=value": docs/file-formats.md; "base=16", "lr_g=1e-4" */
  size_t n_settings;           /**< with `resume` 0: the checkpoint's settings stay */
  const char *data;            /**< "builtin", a packed set, a folder of MNIST files; or else: */
  const struct clgan_training_arrays *arrays;
  uint32_t batch; /**< images a step; 0: the model's */
  uint64_t seed;  /**< of every random number; with `resume` the checkpoint's */
};

/** Builds the step and sets the weights: fresh ones from the seed, or a checkpoint's. Freed by
 * clgan_training_destroy(). A device must be open. With `resume`, `data` may be left out: the checkpoint's is taken.
 * A training gone on with gives the same bytes as one never stopped, on the same device and driver.
 * @return CLGAN_ERR_USAGE (an option makes no sense; a data set does not fit the model, or is not the checkpoint's),
 * CLGAN_ERR_IO, CLGAN_ERR_FORMAT, CLGAN_ERR_MEMORY (with the largest batch that fits), CLGAN_ERR_BUILD,
 * CLGAN_ERR_DEVICE. */
CLGAN_API enum clgan_status clgan_training_create(clgan_context *c, const struct clgan_training_options *o,
                                                  clgan_training **out);
CLGAN_API void clgan_training_destroy(clgan_training *t);

/** What is known after a step. Valid during the callback. Later versions may add members at the end. */
struct clgan_training_report {
  uint64_t step;   /**< counted from 0 at the training's very beginning */
  uint64_t images; /**< seen so far, this step included */
  uint32_t n_losses;
  const char *const *loss_names; /**< [n_losses] */
  const float *losses;           /**< [n_losses] */
};
/** Called once for every step, in their order, up to two steps late. Must not call clgan with the same context.
 * @return false to stop. */
typedef bool clgan_training_callback(void *user, const struct clgan_training_report *report);

/** Trains until step @p steps, counted from the training's very beginning, or until @p call (may be NULL) returns
 * false; the steps already under way then (two at most) are still done, and not reported.
 * @return CLGAN_OK in both cases; CLGAN_ERR_NUMERIC where a loss is not finite: nothing sensible can be done then but
 * to go on from an earlier checkpoint; CLGAN_ERR_DEVICE. */
CLGAN_API enum clgan_status clgan_training_run(clgan_training *t, uint64_t steps, clgan_training_callback *call,
                                               void *user);
/** Steps done, counted from the training's very beginning. */
CLGAN_API uint64_t clgan_training_steps(const clgan_training *t);
/** Training images of its data set. */
CLGAN_API uint32_t clgan_training_items(const clgan_training *t);
/** Writes a checkpoint, whole or not at all: clgan_model_open() and `resume` take it, and so does the program.
 * @return CLGAN_ERR_IO, CLGAN_ERR_MEMORY, CLGAN_ERR_NUMERIC (weights that are not finite are never written). */
CLGAN_API enum clgan_status clgan_training_save(clgan_training *t, const char *path);
/** The nets as they are now (averaged, where the model keeps averages), to draw and encode with. The model is the
 * training's: it is freed with it (closing it before is legal, and does nothing), and may be used until the training
 * goes on; after that it must be asked for again. */
CLGAN_API enum clgan_status clgan_training_model(clgan_training *t, clgan_model **out);

#ifdef __cplusplus
}
#endif
#endif
