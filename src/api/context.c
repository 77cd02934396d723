/* context.c: contexts, their errors, log and devices. SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"
#include "data/image.h"

/* -- entering and leaving -- */

/* The caller's callback sees the caller's locale. */
static void pass_on(void *context, enum clgan_log_kind kind, const char *text) {
  struct clgan_context *c = context;
  locale_t inside = uselocale(c->outside);
  c->log(c->log_user, kind, text);
  uselocale(inside);
}

bool clgan_api_enter(struct clgan_context *c) {
  if (c->busy) { /* the call that is under way keeps its own error, if it has one */
    (void)clgan_error_set(&c->error, CLGAN_ERR_USAGE,
                          "a callback called clgan with its own context: use another context, or return first");
    return false;
  }
  c->busy = true;
  clgan_error_clear(&c->error);
  c->outside = uselocale(c->plain);
  c->sink.call = c->log ? pass_on : NULL;
  c->sink_before = clgan_log_redirect(&c->sink);
  return true;
}

enum clgan_status clgan_api_leave(struct clgan_context *c, enum clgan_status status) {
  clgan_log_redirect(c->sink_before);
  uselocale(c->outside);
  c->busy = false;
  if (status == CLGAN_OK)
    clgan_error_clear(&c->error);
  else
    (void)clgan_error_set(&c->error, status, "%s", clgan_status_name(status));
  return status;
}

enum clgan_status clgan_api_need_device(struct clgan_context *c) {
  if (c->cl) return CLGAN_OK;
  return clgan_error_set(&c->error, CLGAN_ERR_USAGE, "no device is open: call clgan_context_open first");
}

enum clgan_status clgan_api_need(struct clgan_context *c, const void *pointer, const char *what) {
  if (pointer) return CLGAN_OK;
  return clgan_error_set(&c->error, CLGAN_ERR_USAGE, "%s is NULL", what);
}

/* -- contexts -- */

enum clgan_status clgan_context_create(clgan_context **out) {
  if (!out) return CLGAN_ERR_USAGE;
  *out = NULL;
  struct clgan_context *c = calloc(1, sizeof *c);
  if (!c) return CLGAN_ERR_MEMORY;
  c->plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!c->plain) {
    free(c);
    return CLGAN_ERR_MEMORY;
  }
  c->sink.user = c;
  *out = c;
  return CLGAN_OK;
}

void clgan_context_destroy(clgan_context *c) {
  if (!c || !clgan_api_enter(c)) return;
  clgan_cl_close(c->cl);
  clgan_device_list_destroy(c->list);
  clgan_mem_free(c->facts);
  clgan_mem_free(c->ids);
  (void)clgan_api_leave(c, CLGAN_OK);
  freelocale(c->plain);
  free(c);
}

const char *clgan_context_error(const clgan_context *c) {
  return c ? c->error.text : "there is no context";
}

void clgan_context_set_log(clgan_context *c, clgan_log_callback *call, void *user) {
  if (!c || c->busy) return;
  c->log = call;
  c->log_user = user;
}

/* -- devices -- */

static void describe(struct clgan_context *c, size_t i) {
  const struct clgan_device_info *d = clgan_device_list_at(c->list, i);
  struct clgan_device_facts *f = &c->facts[i];
  *f = (struct clgan_device_facts){.id = clgan_device_id(d, c->ids[i]),
                                   .type = d->type,
                                   .type_name = clgan_device_type_text(d),
                                   .name = d->name,
                                   .vendor = d->vendor,
                                   .platform = d->platform_name,
                                   .driver = d->driver,
                                   .compute_units = d->compute_units,
                                   .clock_mhz = d->clock_mhz,
                                   .memory_bytes = d->global_mem,
                                   .largest_allocation_bytes = d->max_alloc,
                                   .usable = d->compiler && d->little_endian};
}

static enum clgan_status list(struct clgan_context *c) {
  if (c->list) return CLGAN_OK;
  CLGAN_TRY(clgan_device_list_create(&c->list, &c->error));
  size_t n = clgan_device_list_count(c->list);
  c->facts = clgan_mem_array(n, sizeof *c->facts);
  c->ids = clgan_mem_array(n, sizeof *c->ids);
  for (size_t i = 0; i < n; i++) describe(c, i);
  for (size_t i = 0; i < n; i++) {
    int first = clgan_device_list_at(c->list, i)->duplicate_of;
    if (first >= 0) c->facts[i].duplicate_of = c->ids[first];
  }
  return CLGAN_OK;
}

static enum clgan_status count(struct clgan_context *c, size_t *n) {
  CLGAN_TRY(clgan_api_need(c, n, "n"));
  CLGAN_TRY(list(c));
  *n = clgan_device_list_count(c->list);
  return CLGAN_OK;
}

enum clgan_status clgan_context_count_devices(clgan_context *c, size_t *n) {
  CLGAN_API_CALL(c, count(c, n));
}

const struct clgan_device_facts *clgan_context_device(const clgan_context *c, size_t i) {
  return c && c->list && i < clgan_device_list_count(c->list) ? &c->facts[i] : NULL;
}

static enum clgan_status open_device(struct clgan_context *c, const char *device) {
  const struct clgan_cl_options plain = {0};
  char reason[512];
  if (c->cl)
    return clgan_error_set(&c->error, CLGAN_ERR_USAGE, "device %s is open already: use another context for another",
                           c->facts[c->opened].id);
  CLGAN_TRY(list(c));
  CLGAN_TRY(clgan_device_select(c->list, device, &c->opened, reason, &c->error));
  clgan_log_info("device %s", reason);
  return clgan_cl_open(c->list, c->opened, &plain, &c->cl, &c->error);
}

enum clgan_status clgan_context_open(clgan_context *c, const char *device) {
  CLGAN_API_CALL(c, open_device(c, device));
}

const struct clgan_device_facts *clgan_context_opened(const clgan_context *c) {
  return c && c->cl ? &c->facts[c->opened] : NULL;
}

static enum clgan_status keep_kernels(struct clgan_context *c) {
  CLGAN_TRY(clgan_api_need_device(c));
  clgan_programs_save(c->cl);
  return CLGAN_OK;
}

enum clgan_status clgan_context_keep_kernels(clgan_context *c) {
  CLGAN_API_CALL(c, keep_kernels(c));
}

/* -- pictures -- */

static enum clgan_status write_png(struct clgan_context *c, const char *path, uint32_t height, uint32_t width,
                                   uint32_t channels, const uint8_t *pixels) {
  CLGAN_TRY(clgan_api_need(c, path, "path"));
  CLGAN_TRY(clgan_api_need(c, pixels, "pixels"));
  if (!height || !width || height > CLGAN_IMAGE_MAX_SIDE || width > CLGAN_IMAGE_MAX_SIDE ||
      (channels != 1 && channels != 3))
    return clgan_error_set(&c->error, CLGAN_ERR_USAGE,
                           "%s: %ux%u pixels with %u channels: give 1 to %u pixels a side, and 1 or 3 channels", path,
                           height, width, channels, CLGAN_IMAGE_MAX_SIDE);
  return clgan_image_write_png(path, height, width, channels, pixels, &c->error);
}

enum clgan_status clgan_context_write_png(clgan_context *c, const char *path, uint32_t height, uint32_t width,
                                          uint32_t channels, const uint8_t *pixels) {
  CLGAN_API_CALL(c, write_png(c, path, height, width, channels, pixels));
}
