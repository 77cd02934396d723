/** @file args.h  Options of a subcommand as a table: parsed by popt, checked for range, explained by --help. */
#ifndef CLGAN_CMD_ARGS_H
#define CLGAN_CMD_ARGS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

enum clgan_option_kind {
  CLGAN_OPTION_FLAG,  /**< out: bool */
  CLGAN_OPTION_TEXT,  /**< out: const char * */
  CLGAN_OPTION_TEXTS, /**< repeatable; out: struct clgan_texts */
  CLGAN_OPTION_MAYBE, /**< text that may be left out; out: const char *, "" where it was */
  CLGAN_OPTION_WHOLE, /**< out: uint64_t in min..max */
  CLGAN_OPTION_REAL,  /**< out: double in lo..hi */
  CLGAN_OPTION_SIZE   /**< out: uint64_t, bytes of memory: a number, K, M or G (powers of 1024) behind it or not; at least 1 */
};
struct clgan_texts {
  const char **items;
  size_t n, cap;
};
struct clgan_option {
  const char *name;
  char letter; /**< 0: none */
  enum clgan_option_kind kind;
  void *out; /**< keeps its value where the option is not given */
  const char *argument, *help;
  uint64_t min, max;
  double lo, hi;
  bool *given; /**< NULL, or set to true */
};

/* Rows of the table. */
#define CLGAN_FLAG(name_, letter_, out_, help_) \
  { .name = name_, .letter = letter_, .kind = CLGAN_OPTION_FLAG, .out = out_, .help = help_ }
#define CLGAN_WORD(name_, letter_, out_, argument_, help_) \
  { .name = name_, .letter = letter_, .kind = CLGAN_OPTION_TEXT, .out = out_, .argument = argument_, .help = help_ }
#define CLGAN_WHOLE(name_, letter_, out_, given_, min_, max_, help_)                                             \
  {                                                                                                              \
    .name = name_, .letter = letter_, .kind = CLGAN_OPTION_WHOLE, .out = out_, .given = given_, .argument = "N", \
    .min = min_, .max = max_, .help = help_                                                                      \
  }
#define CLGAN_REAL(name_, out_, lo_, hi_, help_) \
  { .name = name_, .kind = CLGAN_OPTION_REAL, .out = out_, .argument = "X", .lo = lo_, .hi = hi_, .help = help_ }

/* --json [F]: see clgan_json_write. */
#define CLGAN_JSON(out_, help_) \
  { .name = "json", .kind = CLGAN_OPTION_MAYBE, .out = out_, .argument = "F", .help = help_ }
#define CLGAN_SIZE(name_, out_, help_) \
  { .name = name_, .kind = CLGAN_OPTION_SIZE, .out = out_, .argument = "BYTES", .help = help_ }

/** A subcommand's usage. Every one has --help, --quiet and --verbose besides its table. */
struct clgan_usage {
  const char *name;
  const char *synopsis; /**< what follows the name; a line each */
  const char *about;    /**< one paragraph */
  const char *examples; /**< lines, or NULL */
  const struct clgan_option *options;
  size_t n_options;
  bool operands; /**< words that are no options are allowed */
};

/** Zero-initialise. The texts that options got live until clgan_args_free. */
struct clgan_args {
  const char **operands;
  size_t n_operands;
  bool helped;  /**< --help was given and answered: there is nothing to run */
  char **owned; /**< private from here */
  size_t n_owned, cap_owned;
  const char ***lists;
  size_t n_lists;
};
/** Parses argv[1..], sets the log level. @return CLGAN_ERR_USAGE naming the option, its value and what is allowed. */
enum clgan_status clgan_args_parse(struct clgan_args *a, const struct clgan_usage *u, int argc, char **argv,
                                   struct clgan_error *e);
void clgan_args_free(struct clgan_args *a);

/** Whole decimal number, nothing else in @p s; false also where it exceeds 64 bits. */
bool clgan_args_whole(const char *s, uint64_t *out);
/** Bytes: "1048576", "512K", "1.5G"; false where it is less than 1 or 2^63 or more. */
bool clgan_args_size(const char *s, uint64_t *out);
/** Decimal number, finite, nothing else in @p s. */
bool clgan_args_real(const char *s, double *out);
#endif
