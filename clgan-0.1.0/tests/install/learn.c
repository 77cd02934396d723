/* learn.c DEVICE FILE: trains a small model on the builtin digits with a callback, saves it, and uses what was saved. */
#include <clgan.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct watch {
  uint64_t calls;
  bool finite;
};

static bool step(void *user, const struct clgan_training_report *r) {
  struct watch *w = user;
  if (r->step != w->calls++) w->finite = false;
  for (uint32_t k = 0; k < r->n_losses; k++) w->finite = w->finite && isfinite(r->losses[k]);
  if (r->step % 5 == 0) printf("step %u: %s %.3f\n", (unsigned)r->step, r->loss_names[0], (double)r->losses[0]);
  return true;
}

static void say(void *user, enum clgan_log_kind kind, const char *text) {
  (void)user;
  if (kind <= CLGAN_LOG_INFO) printf("clgan: %s\n", text);
}

/* The same code and condition drawn by the training and by the file it saved: the largest difference. */
static float compare(clgan_context *c, clgan_training *t, const char *file) {
  static float z[50], cond[10], now[784], saved[784];
  const uint32_t three = 3;
  clgan_model *a = NULL, *b = NULL;
  float largest = INFINITY;
  if (!clgan_training_model(t, &a) && !clgan_model_open(c, file, 1, &b) && !clgan_model_draw_codes(b, 1, 0, 1, z) &&
      !clgan_model_class_conditions(b, 1, &three, cond) && !clgan_model_generate(a, 1, z, cond, now) &&
      !clgan_model_generate(b, 1, z, cond, saved)) {
    largest = 0;
    for (int k = 0; k < 784; k++) largest = fmaxf(largest, fabsf(now[k] - saved[k]));
  }
  clgan_model_close(b);
  return largest;
}

int main(int argc, char **argv) {
  static const char *const settings[] = {"base=4"};
  struct clgan_training_options o = {.size = sizeof o, .model = "digits", .settings = settings, .n_settings = 1};
  struct watch w = {0, true};
  clgan_context *c = NULL;
  clgan_training *t = NULL, *again = NULL;
  bool good = false;
  if (argc != 3 || clgan_context_create(&c)) return 2;
  o.data = "builtin";
  o.batch = 16;
  clgan_context_set_log(c, say, NULL);
  if (!clgan_context_open(c, argv[1]) && !clgan_training_create(c, &o, &t) && !clgan_training_run(t, 12, step, &w) &&
      !clgan_training_save(t, argv[2])) {
    float difference = compare(c, t, argv[2]);
    struct clgan_training_options resumed = {.size = sizeof resumed, .resume = argv[2]};
    good = w.calls == 12 && w.finite && difference < 1e-5f && !clgan_training_create(c, &resumed, &again) &&
           clgan_training_steps(again) == 12 && !clgan_training_run(again, 13, NULL, NULL);
    printf("%u steps, saved and used: largest difference %g\n", (unsigned)w.calls, (double)difference);
  }
  if (!good) fprintf(stderr, "learn: %s\n", clgan_context_error(c));
  clgan_training_destroy(again);
  clgan_training_destroy(t);
  clgan_context_destroy(c);
  return !good;
}
