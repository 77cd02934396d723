/* args.c: options by popt, from a table. SPDX-License-Identifier: MIT */
#include "cmd/args.h"

#include <inttypes.h>
#include <math.h>
#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/words.h"

static bool flag_help, flag_quiet, flag_verbose, flag_describe;
static const struct clgan_option common[] = {
    {.name = "quiet", .letter = 'q', .kind = CLGAN_OPTION_FLAG, .out = &flag_quiet, .help = "errors only"},
    {.name = "verbose",
     .letter = 'v',
     .kind = CLGAN_OPTION_FLAG,
     .out = &flag_verbose,
     .help = "say more of what is done"},
    {.name = "help", .letter = 'h', .kind = CLGAN_OPTION_FLAG, .out = &flag_help, .help = "show this"},
    {.name = "describe", .kind = CLGAN_OPTION_FLAG, .out = &flag_describe}, /* no help: not for people */
};
enum { COMMON = sizeof common / sizeof common[0], OPTIONS_MAX = 40 };

bool clgan_args_whole(const char *s, uint64_t *out) {
  uint64_t x = 0;
  if (!*s) return false;
  for (; *s; s++) {
    uint64_t digit = (uint64_t)(*s - '0');
    if (*s < '0' || *s > '9' || x > (UINT64_MAX - digit) / 10) return false;
    x = x * 10 + digit;
  }
  *out = x;
  return true;
}

bool clgan_args_real(const char *s, double *out) {
  char *end;
  if (!*s || s[strspn(s, "0123456789+-.eE")]) return false; /* strtod also takes hexadecimal, inf and nan */
  double x = strtod(s, &end);
  if (end == s || *end || !isfinite(x)) return false;
  *out = x;
  return true;
}

bool clgan_args_size(const char *s, uint64_t *out) {
  static const char units[] = "KMG";
  char number[32];
  double x, unit = 1;
  size_t n = strlen(s);
  const char *u = n ? strchr(units, s[n - 1] >= 'a' ? s[n - 1] - ('a' - 'A') : s[n - 1]) : NULL;
  if (u) n--;
  for (; u && u >= units; u--) unit *= 1024;
  if (n == 0 || n >= sizeof number) return false;
  memcpy(number, s, n);
  number[n] = '\0';
  if (!clgan_args_real(number, &x) || x * unit < 1 || x * unit >= 9223372036854775808.0) return false;
  *out = (uint64_t)(x * unit);
  return true;
}

static const struct clgan_option *option_at(const struct clgan_usage *u, size_t i) {
  return i < u->n_options ? &u->options[i] : &common[i - u->n_options];
}

static enum clgan_status put_value(const struct clgan_option *o, const char *value, struct clgan_error *e) {
  switch (o->kind) {
    case CLGAN_OPTION_FLAG: *(bool *)o->out = true; break;
    case CLGAN_OPTION_TEXT:
      if (!*value) return clgan_error_set(e, CLGAN_ERR_USAGE, "--%s: its %s is empty", o->name, o->argument);
      *(const char **)o->out = value;
      break;
    case CLGAN_OPTION_MAYBE: *(const char **)o->out = value; break;
    case CLGAN_OPTION_TEXTS: {
      struct clgan_texts *t = o->out;
      CLGAN_GROW(t->items, t->n, t->cap);
      t->items[t->n++] = value;
      break;
    }
    case CLGAN_OPTION_WHOLE: {
      uint64_t x;
      if (!clgan_args_whole(value, &x) || x < o->min || x > o->max)
        return clgan_error_set(e, CLGAN_ERR_USAGE, "--%s %.80s: must be a whole number from %" PRIu64 " to %" PRIu64,
                               o->name, value, o->min, o->max);
      *(uint64_t *)o->out = x;
      break;
    }
    case CLGAN_OPTION_REAL: {
      double x;
      if (!clgan_args_real(value, &x) || x < o->lo || x > o->hi)
        return clgan_error_set(e, CLGAN_ERR_USAGE, "--%s %.80s: must be a number from %g to %g", o->name, value, o->lo,
                               o->hi);
      *(double *)o->out = x;
      break;
    }
    case CLGAN_OPTION_SIZE:
      if (clgan_args_size(value, o->out)) break;
      return clgan_error_set(e, CLGAN_ERR_USAGE, "--%s %.80s: must be a number of bytes, or one with K, M or G: 512M, 1.5G",
                             o->name, value);
  }
  if (o->given) *o->given = true;
  return CLGAN_OK;
}

/* -- help -- */

static void print_option(const struct clgan_option *o) {
  char left[64], letter[6] = "    ";
  if (o->letter) snprintf(letter, sizeof letter, "-%c, ", o->letter);
  if (o->kind == CLGAN_OPTION_FLAG)
    snprintf(left, sizeof left, "  %s--%s", letter, o->name);
  else if (o->kind == CLGAN_OPTION_MAYBE)
    snprintf(left, sizeof left, "  %s--%s [%s]", letter, o->name, o->argument);
  else
    snprintf(left, sizeof left, "  %s--%s %s", letter, o->name, o->argument);
  printf("%-30s %s\n", left, o->help);
}

static void print_lines(const char *word, const char *text) {
  for (const char *line = text; line && *line;) {
    int n = (int)strcspn(line, "\n");
    printf("%s\t%.*s\n", word, n, line);
    line += n;
    line += *line == '\n';
  }
}

/* The table itself, for what is made from it (shell completion, man page): a fact a line, parts separated by tabs. */
static void print_description(const struct clgan_usage *u) {
  static const char *const kinds[] = {[CLGAN_OPTION_FLAG] = "flag",   [CLGAN_OPTION_TEXT] = "text",
                                      [CLGAN_OPTION_TEXTS] = "texts", [CLGAN_OPTION_MAYBE] = "maybe",
                                      [CLGAN_OPTION_WHOLE] = "number", [CLGAN_OPTION_REAL] = "number",
                                      [CLGAN_OPTION_SIZE] = "number"};
  printf("command\t%s\t%s\n", u->name, u->operands ? "operands" : "none");
  print_lines("synopsis", u->synopsis);
  print_lines("about", u->about);
  for (size_t i = 0; i < u->n_options + COMMON; i++) {
    const struct clgan_option *o = option_at(u, i);
    if (!o->help) continue;
    printf("option\t--%s\t%c\t%s\t%s\t%s\n", o->name, o->letter ? o->letter : '-', kinds[o->kind],
           o->argument ? o->argument : "", o->help);
  }
  print_lines("example", u->examples);
}

static void print_help(const struct clgan_usage *u) {
  const char *head = "usage:";
  for (const char *line = u->synopsis; *line;) {
    int n = (int)strcspn(line, "\n");
    printf("%s clgan %s %.*s\n", head, u->name, n, line);
    head = "      ";
    line += n;
    line += *line == '\n';
  }
  printf("\n%s\n\noptions:\n", u->about);
  for (size_t i = 0; i < u->n_options + COMMON; i++)
    if (option_at(u, i)->help) print_option(option_at(u, i));
  if (u->examples) printf("\nexamples:\n%s", u->examples);
}

/* -- parsing -- */

static enum clgan_status unknown(const struct clgan_usage *u, const char *bad, struct clgan_error *e) {
  const char *names[OPTIONS_MAX + 1];
  char word[80];
  size_t n = 0;
  for (size_t i = 0; i < u->n_options + COMMON; i++)
    if (option_at(u, i)->help) names[n++] = option_at(u, i)->name;
  names[n] = NULL;
  snprintf(word, sizeof word, "%.*s", (int)strcspn(bad, "="), bad);
  const char *near = clgan_words_nearest(word + strspn(word, "-"), names);
  if (near) return clgan_error_set(e, CLGAN_ERR_USAGE, "unknown option %s: did you mean --%s?", word, near);
  return clgan_error_set(e, CLGAN_ERR_USAGE, "unknown option %s: see `clgan %s --help`", word, u->name);
}

static enum clgan_status popt_failed(const struct clgan_usage *u, poptContext con, int code, struct clgan_error *e) {
  const char *bad = poptBadOption(con, POPT_BADOPTION_NOALIAS);
  int n = (int)strcspn(bad, "=");
  if (code == POPT_ERROR_BADOPT) return unknown(u, bad, e);
  if (code == POPT_ERROR_NOARG)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "option %.80s needs a value: see `clgan %s --help`", bad, u->name);
  if (code == POPT_ERROR_UNWANTEDARG)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "option %.*s takes no value: see `clgan %s --help`", n, bad, u->name);
  return clgan_error_set(e, CLGAN_ERR_USAGE, "option %.80s: %s", bad, poptStrerror(code));
}

static const char *own(struct clgan_args *a, const char *s) {
  CLGAN_GROW(a->owned, a->n_owned, a->cap_owned);
  return a->owned[a->n_owned++] = clgan_mem_strdup(s);
}

static enum clgan_status take_options(struct clgan_args *a, const struct clgan_usage *u, poptContext con,
                                      struct clgan_error *e) {
  int code;
  while ((code = poptGetNextOpt(con)) > 0) {
    char *value = poptGetOptArg(con);
    const char *kept = value ? own(a, value) : "";
    free(value);
    CLGAN_TRY(put_value(option_at(u, (size_t)code - 1), kept, e));
  }
  return code < -1 ? popt_failed(u, con, code, e) : CLGAN_OK;
}

static enum clgan_status take_operands(struct clgan_args *a, const struct clgan_usage *u, poptContext con,
                                       struct clgan_error *e) {
  const char **rest = poptGetArgs(con);
  size_t n = 0;
  while (rest && rest[n]) n++;
  if (n && !u->operands)
    return clgan_error_set(e, CLGAN_ERR_USAGE, "'%.80s' is not expected here: see `clgan %s --help`", rest[0], u->name);
  a->operands = clgan_mem_array(n + 1, sizeof *a->operands);
  for (size_t i = 0; i < n; i++) a->operands[i] = own(a, rest[i]);
  a->n_operands = n;
  return CLGAN_OK;
}

enum clgan_status clgan_args_parse(struct clgan_args *a, const struct clgan_usage *u, int argc, char **argv,
                                   struct clgan_error *e) {
  struct poptOption table[OPTIONS_MAX + 1];
  size_t n = u->n_options + COMMON;
  if (n > OPTIONS_MAX) return clgan_error_set(e, CLGAN_ERR_INTERNAL, "too many options in the table of %s", u->name);
  memset(table, 0, sizeof table);
  flag_help = flag_quiet = flag_verbose = flag_describe = false;
  for (size_t i = 0; i < n; i++) {
    const struct clgan_option *o = option_at(u, i);
    table[i].longName = o->name;
    table[i].shortName = o->letter;
    table[i].argInfo = o->kind == CLGAN_OPTION_FLAG ? POPT_ARG_NONE : POPT_ARG_STRING;
    if (o->kind == CLGAN_OPTION_MAYBE) table[i].argInfo |= POPT_ARGFLAG_OPTIONAL;
    table[i].val = (int)i + 1;
  }
  a->lists = clgan_mem_array(n, sizeof *a->lists);
  poptContext con = poptGetContext("clgan", argc, (const char **)argv, table, POPT_CONTEXT_NO_EXEC);
  enum clgan_status status = take_options(a, u, con, e);
  /* --help wins over what is wrong after it. */
  if (flag_help || flag_describe) {
    clgan_error_clear(e);
    (flag_help ? print_help : print_description)(u);
    a->helped = true;
    status = CLGAN_OK;
  } else if (status == CLGAN_OK) {
    status = take_operands(a, u, con, e);
  }
  poptFreeContext(con);
  if (flag_quiet && flag_verbose && status == CLGAN_OK && !a->helped)
    status = clgan_error_set(e, CLGAN_ERR_USAGE, "--quiet and --verbose exclude each other");
  clgan_log_set_level(flag_quiet ? CLGAN_LOG_QUIET : flag_verbose ? CLGAN_LOG_VERBOSE : CLGAN_LOG_NORMAL);
  for (size_t i = 0; i < u->n_options; i++) /* what clgan_args_free has to release */
    if (u->options[i].kind == CLGAN_OPTION_TEXTS)
      a->lists[a->n_lists++] = ((struct clgan_texts *)u->options[i].out)->items;
  return status;
}

void clgan_args_free(struct clgan_args *a) {
  for (size_t i = 0; i < a->n_owned; i++) clgan_mem_free(a->owned[i]);
  for (size_t i = 0; i < a->n_lists; i++) clgan_mem_free(a->lists[i]);
  clgan_mem_free(a->owned);
  clgan_mem_free(a->operands);
  clgan_mem_free(a->lists);
  *a = (struct clgan_args){0};
}
