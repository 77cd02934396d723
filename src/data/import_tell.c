/* What came of an import: counts by label and by why files were left out. */
#include <stdio.h>
#include "base/log.h"
#include "data/import_internal.h"

static void tell_classes(const struct clgan_import *im) {
  uint32_t counts[256][2] = {{0}};
  unsigned classes = (unsigned)im->classes.n;
  for (size_t i = 0; i < im->n; i++) {
    const struct clgan_import_item *item = &im->items[i];
    if (item->fate != CLGAN_IMPORT_TAKEN) continue;
    counts[item->digit][item->split]++;
    if (item->digit >= classes) classes = item->digit + 1u;
  }
  clgan_log_info("  %-24s %9s %9s", "class", "training", "test");
  for (unsigned k = 0; k < classes; k++) {
    char number[12];
    const char *word = clgan_names_word(&im->classes, (int)k, number);
    clgan_log_info("  %-24s %9u %9u", word, counts[k][0], counts[k][1]);
  }
}

/* Training and test together: what matters of a decade is how much there is of it. */
static void tell_faces(const struct clgan_import *im) {
  enum { DECADES = CLGAN_IMPORT_AGE_MAX / 10 + 1 };
  uint64_t counts[DECADES + 1][2] = {{0}};
  for (size_t i = 0; i < im->n; i++) {
    const struct clgan_import_item *item = &im->items[i];
    if (item->fate != CLGAN_IMPORT_TAKEN) continue;
    counts[(int)item->age / 10][item->gender]++;
    counts[DECADES][item->gender]++;
  }
  clgan_log_info("  %-12s %9s %9s %9s", "age", "male", "female", "both");
  for (int d = 0; d <= DECADES; d++) {
    char years[24] = "all";
    const unsigned long long male = counts[d][0], female = counts[d][1];
    if (!male && !female) continue;
    if (d < DECADES) snprintf(years, sizeof years, "%d-%d", 10 * d, 10 * d + 9);
    clgan_log_info("  %-12s %9llu %9llu %9llu", years, male, female, male + female);
  }
}

static void tell_left_out(const struct clgan_import *im, const uint64_t fates[CLGAN_IMPORT_FATES]) {
  static const char *const what[CLGAN_IMPORT_FATES] = {NULL, "that cannot be read", "copies of others",
                                                       "copies of each other under different labels",
                                                       "without a usable label"};
  struct clgan_text t = {0};
  for (int k = 1; k < CLGAN_IMPORT_FATES; k++)
    if (fates[k]) clgan_text_printf(&t, "%s%llu %s", t.len ? ", " : "", (unsigned long long)fates[k], what[k]);
  if (im->bad_rows)
    clgan_text_printf(&t, "%s%llu rows that do not fit the header", t.len ? ", " : "",
                      (unsigned long long)im->bad_rows);
  if (im->no_image)
    clgan_text_printf(&t, "%s%llu labels without an image", t.len ? ", " : "", (unsigned long long)im->no_image);
  if (t.len) clgan_log_info("left out: %s", t.s);
  clgan_text_free(&t);
  if (im->named > CLGAN_IMPORT_NAMED_MAX && clgan_log_level() != CLGAN_LOG_VERBOSE)
    clgan_log_info("%d more were left out than are named above (--verbose names them all)",
                   im->named - CLGAN_IMPORT_NAMED_MAX);
}

void clgan_import_tell(const struct clgan_import *im) {
  uint64_t fates[CLGAN_IMPORT_FATES] = {0}, test = 0, enlarged = 0;
  for (size_t i = 0; i < im->n; i++) {
    fates[im->items[i].fate]++;
    test += im->items[i].fate == CLGAN_IMPORT_TAKEN && im->items[i].split;
    enlarged += im->items[i].fate == CLGAN_IMPORT_TAKEN && im->items[i].enlarged;
  }
  clgan_log_info("wrote %s: %llu images of %ux%u, %u channel%s, %llu for training, %llu for testing", im->o->out,
                 (unsigned long long)fates[0], im->height, im->width, im->channels, im->channels == 1 ? "" : "s",
                 (unsigned long long)(fates[0] - test), (unsigned long long)test);
  if (enlarged)
    clgan_log_info("%llu of them had fewer pixels than that and were enlarged", (unsigned long long)enlarged);
  if (im->faces)
    tell_faces(im);
  else
    tell_classes(im);
  tell_left_out(im, fates);
}
