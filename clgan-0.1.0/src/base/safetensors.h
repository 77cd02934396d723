/** @file safetensors.h  The safetensors container: u64 little-endian header length, JSON header, raw little-endian tensors. */
#ifndef CLGAN_BASE_SAFETENSORS_H
#define CLGAN_BASE_SAFETENSORS_H
#include <stdint.h>
#include "base/file.h"

enum clgan_dtype { CLGAN_F32, CLGAN_F16, CLGAN_U8, CLGAN_I32, CLGAN_I64, CLGAN_F64 };
size_t clgan_dtype_size(enum clgan_dtype t);
const char *clgan_dtype_name(enum clgan_dtype t); /**< "F32", ... as in safetensors */

#define CLGAN_TENSOR_DIMS 8
struct clgan_tensor {
  char *name;
  enum clgan_dtype dtype;
  int dims;
  uint64_t shape[CLGAN_TENSOR_DIMS];
  uint64_t count;   /**< elements */
  const void *data; /**< into the map (reader) or the caller's memory (writer); may be unaligned for the reader */
};

/** A file opened for reading: memory-mapped, fully validated at open (header length, JSON, every offset inside the file, no
 * overlap, no hole, size = shape x dtype, no overflow): anything off is CLGAN_ERR_FORMAT with the file's and tensor's name. */
struct clgan_safetensors;
enum clgan_status clgan_safetensors_open(const char *path, struct clgan_safetensors **out, struct clgan_error *e);
void clgan_safetensors_close(struct clgan_safetensors *s);
size_t clgan_safetensors_count(const struct clgan_safetensors *s);
const struct clgan_tensor *clgan_safetensors_at(const struct clgan_safetensors *s, size_t i); /**< sorted by name */
const struct clgan_tensor *clgan_safetensors_find(const struct clgan_safetensors *s, const char *name); /**< NULL if absent */
const char *clgan_safetensors_metadata(const struct clgan_safetensors *s, const char *key);           /**< NULL if absent */
/** Copies @p t converted to float (F32, F16, U8, I32, I64, F64) into @p out[count]. */
void clgan_tensor_to_float(const struct clgan_tensor *t, float *out);

/** Writer: add tensors (data stays the caller's until write) and metadata, then write atomically. Tensors are laid out
 * widest element first (so each is aligned to its element, which other readers need), then by name: equal content gives equal
 * bytes. A text byte that is not UTF-8 is written as U+FFFD. */
struct clgan_safetensors_writer;
struct clgan_safetensors_writer *clgan_safetensors_writer_create(void);
void clgan_safetensors_writer_destroy(struct clgan_safetensors_writer *w);
void clgan_safetensors_add(struct clgan_safetensors_writer *w, const char *name, enum clgan_dtype dtype, int dims,
                           const uint64_t *shape, const void *data);
void clgan_safetensors_add_metadata(struct clgan_safetensors_writer *w, const char *key, const char *value);
enum clgan_status clgan_safetensors_write(struct clgan_safetensors_writer *w, const char *path, struct clgan_error *e);
/** Writes one large tensor row by row, so that it need not fit in memory. It lies first in the file, the writer's other
 * tensors after it in their usual order: wider ones are aligned only where its bytes are a multiple of their element.
 * Tensors and metadata may be added to the writer until finish; the file's name stays free until then.
 * @param shape shape[0] is ignored: the rows are counted. @param header_room bytes set aside for the header, which is
 * padded with spaces to that: enough for every tensor and text to come. */
struct clgan_safetensors_stream;
enum clgan_status clgan_safetensors_stream_begin(struct clgan_safetensors_writer *w, const char *path, const char *name,
                                                 enum clgan_dtype dtype, int dims, const uint64_t *shape,
                                                 size_t header_room, struct clgan_safetensors_stream **out,
                                                 struct clgan_error *e);
enum clgan_status clgan_safetensors_stream_rows(struct clgan_safetensors_stream *s, const void *rows, uint64_t n,
                                                struct clgan_error *e);
/** Writes the rest and gives the file its name. The stream is to be closed all the same. */
enum clgan_status clgan_safetensors_stream_finish(struct clgan_safetensors_stream *s, struct clgan_error *e);
/** Without finish: nothing is left of the file. close(NULL) is legal; the writer stays the caller's. */
void clgan_safetensors_stream_close(struct clgan_safetensors_stream *s);
uint16_t clgan_half_from_float(float x); /**< IEEE binary16, round to nearest even */
float clgan_half_to_float(uint16_t h);
#endif
