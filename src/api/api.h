/** @file api.h  Behind clgan.h: what a context holds, and how a call enters and leaves the library. */
#ifndef CLGAN_API_API_H
#define CLGAN_API_API_H
#include <locale.h>

#include "base/log.h"
#include "base/mem.h"
#include "train/nets.h"

struct clgan_context {
  struct clgan_error error;
  bool busy; /**< inside a call: callbacks must not come back */
  locale_t plain;
  locale_t outside; /**< the caller's, while busy */
  clgan_log_callback *log;
  void *log_user;
  struct clgan_log_sink sink;
  const struct clgan_log_sink *sink_before; /**< the thread's, while busy */
  struct clgan_device_list *list;
  struct clgan_device_facts *facts; /**< [of the list] */
  char (*ids)[32];                  /**< "P:D" of each */
  struct clgan_cl *cl;
  size_t opened;
};

struct clgan_api_model {
  struct clgan_context *context;
  struct clgan_nets nets; /**< of its own; empty where the nets are a training's */
  bool borrowed;          /**< a training's: it frees this */
  const struct clgan_model *m;
  struct clgan_sampler *sampler;
  struct clgan_model_facts facts;
};
/** Sets facts from m. @param steps behind the weights. */
void clgan_api_model_fill(struct clgan_api_model *a, uint64_t steps);

/** Begins a call: no error, the context's own log, the C locale. False where a callback came back (then the error says
 * so, nothing was entered, and the call ends with CLGAN_ERR_USAGE). */
bool clgan_api_enter(struct clgan_context *c);
/** Ends it; returns @p status, with a text where it has none. */
enum clgan_status clgan_api_leave(struct clgan_context *c, enum clgan_status status);
/** CLGAN_ERR_USAGE where no device is open. */
enum clgan_status clgan_api_need_device(struct clgan_context *c);
/** CLGAN_ERR_USAGE naming @p what where @p pointer is NULL. */
enum clgan_status clgan_api_need(struct clgan_context *c, const void *pointer, const char *what);

/** A call of the public API on context @p c (not NULL): @p work between enter and leave. */
#define CLGAN_API_CALL(c, work)                      \
  do {                                               \
    if (!(c)) return CLGAN_ERR_USAGE;                \
    if (!clgan_api_enter(c)) return CLGAN_ERR_USAGE; \
    return clgan_api_leave((c), (work));             \
  } while (0)
#endif
