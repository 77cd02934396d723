/* selftest_print.c: what a device did, as a table. SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmd/selftest.h"

enum { FAILURES_SHOWN = 12, LOG_LINES = 25, FAMILIES = 2 };
static const char *const family_names[FAMILIES] = {"reg", "local"}, *const family_words[FAMILIES] = {"registers only",
                                                                                                     "local memory"};

static const char *text(const cJSON *o, const char *key) {
  const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
  return s ? s : "";
}

static double number(const cJSON *o, const char *key) {
  const cJSON *x = cJSON_GetObjectItemCaseSensitive(o, key);
  return cJSON_IsNumber(x) ? x->valuedouble : -1; /* null: not a number, or infinite */
}

static const char *words(const char *family) {
  for (int k = 0; k < FAMILIES; k++)
    if (!strcmp(family, family_names[k])) return family_words[k];
  return family;
}

bool clgan_selftest_passed(const cJSON *device) {
  const char *result = text(device, "result");
  return !strcmp(result, "passed") || !strcmp(result, "unusable");
}

static double share(const cJSON *by) {
  double bound = number(by, "bound"), error = number(by, "error");
  if (!by) return -1;
  if (error < 0) return 1e300;
  return bound > 0 ? error / bound : error > 0 ? 1e300 : 0;
}

/* The share of what is allowed, "exact", "FAILED" or "known bug". */
static const char *cell(const cJSON *by, char out[32]) {
  if (!by) return "-";
  if (number(by, "failed") > 0) return "FAILED";
  if (number(by, "known_bugs") > 0) return "known bug";
  if (share(by) == 0) return "exact";
  snprintf(out, 32, "%.0f %%", 100 * share(by));
  return out;
}

static void print_operations(const cJSON *device, FILE *to) {
  const cJSON *o, *all = cJSON_GetObjectItemCaseSensitive(device, "operations");
  if (cJSON_GetArraySize(all) == 0) return;
  fprintf(to, "\nlargest error, as a share of what is allowed:\n%-14s %5s %15s %14s   %s\n", "operation", "cases",
          family_words[0], family_words[1], "worst");
  cJSON_ArrayForEach(o, all) {
    const cJSON *by[FAMILIES];
    char cells[FAMILIES][32];
    for (int f = 0; f < FAMILIES; f++) by[f] = cJSON_GetObjectItemCaseSensitive(o, family_names[f]);
    int worst = share(by[1]) > share(by[0]);
    fprintf(to, "%-14s %5.0f %15s %14s", text(o, "operation"), number(o, "cases"), cell(by[0], cells[0]),
            cell(by[1], cells[1]));
    if (share(by[worst]) > 0 && number(by[worst], "error") >= 0)
      fprintf(to, "   %.1e of %.0e, %s", number(by[worst], "error"), number(by[worst], "bound"),
              text(by[worst], "where"));
    fputc('\n', to);
  }
}

static void print_steps(const cJSON *device, FILE *to) {
  const cJSON *o, *m, *steps = cJSON_GetObjectItemCaseSensitive(device, "steps");
  if (cJSON_GetArraySize(steps) == 0) return;
  fprintf(to, "\n%-38s %-15s %-9s %-9s %-9s %-9s %s\n", "training steps", "kernels", "losses", "later", "gradients",
          "final", "against");
  cJSON_ArrayForEach(o, steps) {
    fprintf(to, "%-38s %-15s", text(o, "name"), words(text(o, "kernels")));
    const cJSON *measures = cJSON_GetObjectItemCaseSensitive(o, "measures");
    cJSON_ArrayForEach(m, measures) {
      char cells[32] = "FAILED";
      double error = number(m, "error");
      if (error >= 0 && error <= number(m, "bound"))
        snprintf(cells, sizeof cells, "%.1e", error);
      else if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "known_bug")))
        snprintf(cells, sizeof cells, "known bug");
      fprintf(to, " %-9s", cells);
    }
    if (cJSON_GetArraySize(measures) == 0) fprintf(to, " FAILED: could not be run");
    fprintf(to, " %s\n", text(o, "source"));
  }
}

/* The first line; and of a compiler's log as much as helps, where it is another one than before; @p other_bug: so is the
 * known bug. */
static void print_failure(const cJSON *f, bool log, bool other_bug, FILE *to) {
  const char *s = text(f, "text");
  size_t n = strcspn(s, "\n");
  const char *bug = text(f, "known_bug");
  fprintf(to, "%s %s (%s): %.*s\n", *bug ? "known driver bug:" : "FAILED", text(f, "case"), words(text(f, "kernels")),
          (int)n, s);
  if (*bug && other_bug) fprintf(to, "    %s\n    %s\n", bug, text(f, "link"));
  s += n;
  for (int k = 0; log && *s && k < LOG_LINES; k++) {
    s++;
    n = strcspn(s, "\n");
    fprintf(to, "    %.*s\n", (int)n, s);
    s += n;
  }
}

static void print_failures(const cJSON *device, FILE *to) {
  const cJSON *f, *all = cJSON_GetObjectItemCaseSensitive(device, "failures");
  int shown = 0, n = cJSON_GetArraySize(all);
  const char *before = "", *bug = "";
  if (n > 0) fputc('\n', to);
  cJSON_ArrayForEach(f, all) {
    if (shown++ == FAILURES_SHOWN) break;
    const char *log = strchr(text(f, "text"), '\n');
    print_failure(f, log && strcmp(log, before) != 0, strcmp(text(f, "known_bug"), bug) != 0, to);
    bug = text(f, "known_bug");
    if (log) before = log;
  }
  if (n > FAILURES_SHOWN) fprintf(to, "... and %d more: --json has them all\n", n - FAILURES_SHOWN);
}

static void print_remarks(const cJSON *device, FILE *to) {
  const cJSON *o, *families = cJSON_GetObjectItemCaseSensitive(device, "families"),
                  *notes = cJSON_GetObjectItemCaseSensitive(device, "driver_notes"),
                  *left_out = cJSON_GetObjectItemCaseSensitive(device, "left_out");
  const char *head = "\n";
  cJSON_ArrayForEach(o, families) {
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "possible"))) continue;
    fprintf(to, "%skernels of the family \"%s\": not possible here: %s\n", head, words(text(o, "kernels")),
            text(o, "reason"));
    head = "";
  }
  cJSON_ArrayForEach(o, notes) {
    const char *fails = text(o, "fails");
    fprintf(to, "%s%s%s: %s\n    %s\n", head, *fails ? "known driver bug, seen in " : "known of this driver, handled",
            fails, text(o, "what"), text(o, "link"));
    head = "";
  }
  cJSON_ArrayForEach(o, left_out) {
    fprintf(to, "%sleft out: %s\n", head, cJSON_GetStringValue(o));
    head = "";
  }
}

static void print_summary(const cJSON *device, FILE *to) {
  const cJSON *o, *operations = cJSON_GetObjectItemCaseSensitive(device, "operations"),
                  *families = cJSON_GetObjectItemCaseSensitive(device, "families");
  double cases = 0;
  char tried[64] = "";
  cJSON_ArrayForEach(o, operations) cases += number(o, "cases");
  cJSON_ArrayForEach(o, families) {
    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "possible"))) continue;
    size_t n = strlen(tried);
    snprintf(tried + n, sizeof tried - n, "%s%s", n ? ", " : "", words(text(o, "kernels")));
  }
  fprintf(to, "\n%s %s: %.0f cases of %d operations, %d replays of training steps; kernels: %s; %.0f s\n",
          text(device, "id"), text(device, "result"), cases, cJSON_GetArraySize(operations),
          cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(device, "steps")), tried, number(device, "seconds"));
}

void clgan_selftest_print(const cJSON *device, FILE *to) {
  const char *detail = text(device, "detail");
  fprintf(to, "%s  %s  (%s, driver %s)\n", text(device, "id"), text(device, "name"), text(device, "platform"),
          text(device, "driver"));
  print_operations(device, to);
  print_steps(device, to);
  print_failures(device, to);
  print_remarks(device, to);
  if (*detail)
    fprintf(to, "\n%s %s: %s\n", text(device, "id"), text(device, "result"), detail);
  else
    print_summary(device, to);
  fflush(to);
}
