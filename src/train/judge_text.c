/* judge_text.c - the judges' models as texts: layers by the images' size, recipe by their number. */
#include "base/mem.h"
#include "train/judge.h"

/* The recipes. 4 passes over MNIST's 60,000 digits read 99.5 % of its test digits right; small sets need as many steps
   as that. Faces change from pass to pass and are fewer. */
enum { BATCH = CLGAN_JUDGE_BATCH, SIDE_END = 4, LEAST_IMAGES = 128000, MOST_IMAGES = 640000 };

uint64_t clgan_judge_recipe_steps(uint32_t items, const struct clgan_judge_options *o) {
  uint64_t passes = o->kind == CLGAN_JUDGE_AUTOENCODER ? 6 : o->condition == CLGAN_CONDITION_FACE ? 8 : 4;
  uint64_t images = (uint64_t)items * passes;
  if (o->steps) return o->steps;
  if (images < LEAST_IMAGES) images = LEAST_IMAGES;
  if (images > MOST_IMAGES) images = MOST_IMAGES;
  return (images + BATCH - 1) / BATCH;
}

static void head(struct clgan_text *t, const char *name, uint32_t height, uint32_t width, uint32_t channels,
                 const char *pixels) {
  clgan_text_printf(t, "clgan-model 1\nname %s\nstep %s\nimage %u %u %u\npixels %s\nlatent normal %d\n", name, name,
                    height, width, channels, pixels, CLGAN_JUDGE_FEATURES);
}

/* Halves the image by strided convolutions until a side is at most 4, a 3x3 convolution after the first. */
static void class_net(struct clgan_text *t, uint32_t side) {
  int features = 32;
  for (int k = 1; side > SIDE_END || k == 1; k++) {
    bool strided = side >= 2;
    clgan_text_printf(t, "conv%d conv %d %s nobias\nbn%d batchnorm relu\n", k, features,
                      strided ? "k4 s2 p1" : "k3 s1 p1", k);
    if (k == 1) clgan_text_printf(t, "wide conv %d k3 s1 p1 nobias\nbnw batchnorm relu\n", 2 * features);
    features = k == 1 ? 64 : 128;
    side /= 2;
  }
}

/* The same with a 3x3 convolution after each of the middle ones: what faces tell is in wholes, not in strokes. */
static void face_net(struct clgan_text *t, uint32_t side) {
  static const int widths[] = {32, 64, 128, 128};
  for (int k = 0; side > SIDE_END || k == 0; k++) {
    int features = widths[k < 3 ? k : 3];
    clgan_text_printf(t, "conv%d conv %d %s nobias\nbn%d batchnorm relu\n", k, features,
                      side >= 2 ? "k4 s2 p1" : "k3 s1 p1", k);
    side /= 2;
    if (k > 0 && side > SIDE_END)
      clgan_text_printf(t, "wide%d conv %d k3 s1 p1 nobias\nbnw%d batchnorm relu\n", k, features, k);
  }
}

static char *judge_text(uint32_t height, uint32_t width, uint32_t channels, double epochs,
                        const struct clgan_judge_options *o) {
  struct clgan_text t = {0};
  bool face = o->condition == CLGAN_CONDITION_FACE;
  uint32_t side = height < width ? height : width;
  head(&t, "judge", height, width, channels, face ? "-1 1" : "0 1");
  if (face)
    clgan_text_printf(&t, "condition face\nset flip on\nset balance on\nset gamma 2\nset ema 0.995\n");
  else
    clgan_text_printf(&t, "condition class %d\n", o->classes);
  clgan_text_printf(&t, "set lr_g 2e-3\nset beta1 0.9\nset batch %d\nset holdout %u\nset decay %.6g:%.6g:0.01\n", BATCH,
                    o->holdout, face ? epochs / 2 : epochs / 4, epochs);
  clgan_text_printf(&t, "net E (x)\n");
  if (face)
    face_net(&t, side);
  else
    class_net(&t, side);
  clgan_text_printf(&t, "fc linear latent nobias\nbn batchnorm lrelu 0.1 out=z\nc linear %s in=z out=factors\n",
                    face ? "1+gender" : "classes");
  return t.s;
}

/* Halved as long as both sides are even; the decoder goes the same way back. */
static char *autoencoder_text(uint32_t height, uint32_t width, uint32_t channels, double epochs, uint32_t holdout) {
  static const int widths[] = {16, 32, 64, 128, 128, 128, 128, 128, 128};
  struct clgan_text t = {0};
  int n = 0;
  uint32_t h = height, w = width;
  head(&t, "autoencoder", height, width, channels, "-1 1");
  clgan_text_printf(&t, "condition none\nset flip on\nset lr_g 2e-3\nset beta1 0.9\nset batch %d\nset holdout %u\n",
                    BATCH, holdout);
  clgan_text_printf(&t, "set decay %.6g:%.6g:0.01\nnet E (x)\n", epochs / 2, epochs);
  for (; h % 2 == 0 && w % 2 == 0 && (h > SIDE_END || w > SIDE_END); n++, h /= 2, w /= 2)
    clgan_text_printf(&t, "conv%d conv %d k4 s2 p1 nobias\nbn%d batchnorm lrelu 0.2\n", n, widths[n < 8 ? n : 8], n);
  clgan_text_printf(&t, "z linear latent out=z\nnet G (z)\n");
  int deepest = n ? widths[n - 1] : 32;
  clgan_text_printf(&t, "fc linear %u nobias\nshape %u %u %d\nbn batchnorm relu\n", (uint32_t)deepest * h * w, h, w,
                    deepest);
  for (int k = n - 1; k > 0; k--)
    clgan_text_printf(&t, "up%d deconv %d k4 s2 p1 nobias\nbn%d batchnorm relu\n", k, widths[k - 1], k);
  clgan_text_printf(&t, "out %s channels %s tanh\n", n ? "deconv" : "conv", n ? "k4 s2 p1" : "k3 s1 p1");
  return t.s;
}

char *clgan_judge_text(uint32_t height, uint32_t width, uint32_t channels, uint32_t items,
                       const struct clgan_judge_options *o) {
  double epochs = (double)clgan_judge_recipe_steps(items, o) * BATCH / (items ? items : 1);
  if (o->kind == CLGAN_JUDGE_AUTOENCODER) return autoencoder_text(height, width, channels, epochs, o->holdout);
  return judge_text(height, width, channels, epochs, o);
}
