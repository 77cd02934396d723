/* One row per driver fault or peculiarity, each seen on the driver named. */
#include "cl/quirks.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct clgan_quirk_row clgan_quirk_table[] = {
    {"Portable Computing Language", NULL, NULL, CLGAN_QUIRK_LATE_COMPILE, NULL,
     "work-group functions are made per local size when a kernel is first launched; "
     "clGetProgramInfo(CL_PROGRAM_BINARIES) "
     "holds the ones made so far",
     "https://portablecl.org/docs/html/kernel_compiler.html"},
    {NULL, NULL, NULL, 0, NULL, NULL, NULL},
};

static const char *digits(const char *s) {
  while (*s != '\0' && !isdigit((unsigned char)*s)) s++;
  return s;
}

int clgan_quirks_compare(const char *a, const char *b) {
  a = digits(a);
  b = digits(b);
  while (isdigit((unsigned char)*a) || isdigit((unsigned char)*b)) {
    char *a_end = NULL, *b_end = NULL;
    unsigned long x = strtoul(a, &a_end, 10), y = strtoul(b, &b_end, 10);
    if (x != y) return x < y ? -1 : 1;
    a = *a_end == '.' ? a_end + 1 : "";
    b = *b_end == '.' ? b_end + 1 : "";
  }
  return 0;
}

struct clgan_quirks clgan_quirks_find(const struct clgan_quirk_row *table, const char *platform, const char *driver) {
  struct clgan_quirks q = {0, ""};
  for (const struct clgan_quirk_row *r = table; r->platform != NULL; r++) {
    if (strstr(platform, r->platform) == NULL) continue;
    if (r->first != NULL && clgan_quirks_compare(driver, r->first) < 0) continue;
    if (r->end != NULL && clgan_quirks_compare(driver, r->end) >= 0) continue;
    q.flags |= r->flags;
    if (r->options == NULL) continue;
    size_t used = strlen(q.options);
    if (used + strlen(r->options) + 2 <= sizeof q.options)
      (void)snprintf(q.options + used, sizeof q.options - used, " %s", r->options);
  }
  return q;
}
