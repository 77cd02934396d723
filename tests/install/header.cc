// header.cc: clgan.h in C++, every part of it used, linked against the installed library.
#include <clgan.h>

#include <cstdio>
#include <string>

static bool step(void *, const clgan_training_report *r) {
  return r->n_losses > 0;
}
static void say(void *, clgan_log_kind, const char *) {}

int main() {
  clgan_context *c = nullptr;
  clgan_model *m = nullptr;
  clgan_training *t = nullptr;
  clgan_training_options o = {};
  o.size = sizeof o;
  if (clgan_context_create(&c) != CLGAN_OK) return 1;
  clgan_context_set_log(c, say, nullptr);
  // No device is open: each is refused with a text.
  bool told = clgan_model_open(c, "x", 0, &m) == CLGAN_ERR_USAGE && !std::string(clgan_context_error(c)).empty();
  told = told && clgan_training_create(c, &o, &t) == CLGAN_ERR_USAGE &&
         clgan_training_run(t, 1, step, nullptr) != CLGAN_OK;
  clgan_context_destroy(c);
  std::puts(told ? clgan_version() : "an error is not told");
  return !told;
}
