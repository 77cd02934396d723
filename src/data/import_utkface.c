/* Importing UTKFace, and other folders whose files are named [age]_[gender]_... */
#include <string.h>
#include "data/import_internal.h"

bool clgan_import_utkface_name(const char *name, float *age, unsigned char *gender) {
  const char *slash = strrchr(name, '/'), *p = slash ? slash + 1 : name;
  size_t digits = strspn(p, "0123456789");
  unsigned years = 0;
  if (digits < 1 || digits > 3 || p[digits] != '_') return false;
  for (size_t i = 0; i < digits; i++) years = 10 * years + (unsigned)(p[i] - '0');
  p += digits + 1;
  if ((p[0] != '0' && p[0] != '1') || p[1] != '_') return false;
  *gender = p[0] == '1';
  return clgan_import_age(years, age);
}

enum clgan_status clgan_import_list_utkface(struct clgan_import *im, struct clgan_error *e) {
  CLGAN_TRY(clgan_import_walk(im, e));
  clgan_import_face_defaults(im);
  for (size_t i = 0; i < im->n; i++) {
    struct clgan_import_item *item = &im->items[i];
    if (clgan_import_utkface_name(item->name, &item->age, &item->gender)) continue;
    item->fate = CLGAN_IMPORT_NO_LABEL;
    clgan_import_left_out(im, "%s: no name of the form AGE_GENDER_..., ages 0 to %d, gender 0 (male) or 1 (female)",
                          item->name, CLGAN_IMPORT_AGE_MAX);
  }
  return CLGAN_OK;
}
