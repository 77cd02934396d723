/* Crop and resample: a separable triangle filter, widened by the reduction so that nothing aliases. */
#include <math.h>
#include "base/mem.h"
#include "data/image.h"

/* Weights of one output position: `count` source positions from `first` on. */
struct taps {
  uint32_t first, count;
  const float *weight;
};
struct filter {
  struct taps *taps;
  float *weights;
};

static void filter_free(struct filter *f) {
  clgan_mem_free(f->taps);
  clgan_mem_free(f->weights);
}

/* Output position i covers the source around (i + 1/2) * in / out; weights outside the crop are left out and the rest
 * scaled to a sum of 1, so that borders neither darken nor wrap. */
static struct filter filter_make(uint32_t in, uint32_t out) {
  double scale = (double)in / out, reach = scale > 1 ? scale : 1;
  size_t most = (size_t)(2 * reach) + 3;
  struct filter f = {clgan_mem_array(out, sizeof *f.taps), clgan_mem_array(out * most, sizeof *f.weights)};
  for (uint32_t i = 0; i < out; i++) {
    double centre = (i + 0.5) * scale, sum = 0;
    double low = floor(centre - reach), high = ceil(centre + reach);
    uint32_t first = low > 0 ? (uint32_t)low : 0, end = high < in ? (uint32_t)high : in;
    float *w = f.weights + i * most;
    for (uint32_t k = first; k < end; k++) {
      double distance = fabs(k + 0.5 - centre) / reach, weight = distance < 1 ? 1 - distance : 0;
      w[k - first] = (float)weight;
      sum += weight;
    }
    for (uint32_t k = first; k < end; k++) w[k - first] = (float)((double)w[k - first] / sum);
    f.taps[i] = (struct taps){first, end - first, w};
  }
  return f;
}

/* Crop rows -> [crop height, width, channels] floats. */
static void across(const struct clgan_image *image, const struct clgan_crop *crop, const struct filter *f,
                   uint32_t width, float *out) {
  const uint32_t ch = image->channels;
  for (uint32_t y = 0; y < crop->height; y++) {
    const unsigned char *row = image->pixels + ((size_t)(crop->y + y) * image->width + crop->x) * ch;
    for (uint32_t x = 0; x < width; x++) {
      const struct taps *t = &f->taps[x];
      for (uint32_t c = 0; c < ch; c++) {
        float sum = 0;
        for (uint32_t k = 0; k < t->count; k++) sum += t->weight[k] * (float)row[(size_t)(t->first + k) * ch + c];
        *out++ = sum;
      }
    }
  }
}

static void down(const float *in, const struct filter *f, uint32_t height, size_t row, unsigned char *out) {
  for (uint32_t y = 0; y < height; y++) {
    const struct taps *t = &f->taps[y];
    for (size_t x = 0; x < row; x++) {
      float sum = 0;
      for (uint32_t k = 0; k < t->count; k++) sum += t->weight[k] * in[(t->first + k) * row + x];
      sum = sum < 0.0f ? 0.0f : sum > 255.0f ? 255.0f : sum;
      out[y * row + x] = (unsigned char)(sum + 0.5f);
    }
  }
}

static struct clgan_crop centre_square(const struct clgan_image *image) {
  uint32_t side = image->width < image->height ? image->width : image->height;
  return (struct clgan_crop){(image->width - side) / 2, (image->height - side) / 2, side, side};
}

enum clgan_status clgan_image_resample(const struct clgan_image *image, const struct clgan_crop *crop, uint32_t height,
                                       uint32_t width, unsigned char *out, struct clgan_error *e) {
  struct clgan_crop square = centre_square(image);
  if (!crop) crop = &square;
  if (crop->width == 0 || crop->height == 0 || crop->x > image->width || crop->width > image->width - crop->x ||
      crop->y > image->height || crop->height > image->height - crop->y)
    return clgan_error_set(e, CLGAN_ERR_USAGE,
                           "crop %u,%u,%u,%u is not inside the image of %ux%u; choose a smaller one", crop->x, crop->y,
                           crop->width, crop->height, image->width, image->height);
  const size_t row = (size_t)width * image->channels;
  void *rows;
  CLGAN_TRY(clgan_mem_try(&rows, crop->height * row, sizeof(float), "resampling an image", e));
  struct filter fx = filter_make(crop->width, width), fy = filter_make(crop->height, height);
  across(image, crop, &fx, width, rows);
  down(rows, &fy, height, row, out);
  filter_free(&fx);
  filter_free(&fy);
  clgan_mem_free(rows);
  return CLGAN_OK;
}
