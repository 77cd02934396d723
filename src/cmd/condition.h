/** @file condition.h  What a user asks for, as condition vectors: LISTs of digits, ages and genders. */
#ifndef CLGAN_CMD_CONDITION_H
#define CLGAN_CMD_CONDITION_H
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include "model/model.h"

enum { CLGAN_LIST_MAX = 1000, CLGAN_AGE_MAX = 150 };

/** Reads "5,20,60", "A:B" or "A:B:STEP" (items separated by commas may themselves be such ranges).
 * @param between numbers that "A:B" stands for, ends included; 0: every whole one. @param lo,hi allowed range.
 * @param option named in messages. @param out room for CLGAN_LIST_MAX numbers.
 * @return CLGAN_ERR_USAGE saying what is allowed. */
enum clgan_status clgan_list_parse(const char *option, const char *text, bool whole, int between, double lo, double hi,
                                   double *out, size_t *n, struct clgan_error *e);

/** Reads a list of a model's classes: its items are names or numbers of classes, A:B (every class from A to B) or
 * A:B:STEP, separated by commas; a name that holds such signs may stand alone.
 * @param names n 0: classes go by numbers only. A word that is a name means that class, even if it looks like the number
 * of another. @param out room for CLGAN_LIST_MAX classes. @return CLGAN_ERR_USAGE saying what is allowed. */
enum clgan_status clgan_class_list_parse(const char *option, const char *text, const struct clgan_names *names,
                                         int classes, double *out, size_t *n, struct clgan_error *e);

/** The options as given; NULL: not given. --class and --digit mean the same. */
struct clgan_condition_words {
  const char *digit, *age, *gender, *cls;
};
/** True if any word was given. */
bool clgan_condition_words_any(const struct clgan_condition_words *w);
/** Fails where a word was given that the model's condition does not have. */
enum clgan_status clgan_condition_words_check(const struct clgan_model *m, const struct clgan_condition_words *w,
                                              struct clgan_error *e);

/** Ages above 80 are taken, up to CLGAN_AGE_MAX, and a line says that models have hardly seen such: here and below. */

/** Condition vectors [n, condition_size] of every combination that the words ask for (default: every class; ages 0:80,
 * both genders).
 * @param genders_inside male and female of an age follow each other; else all ages of one gender come first.
 * @param out the caller's (clgan_mem_free); for a model without a condition n is 1 and *out is NULL. */
enum clgan_status clgan_conditions_make(const struct clgan_model *m, const struct clgan_condition_words *w,
                                        bool genders_inside, float **out, size_t *n, struct clgan_error *e);

/** One condition, part by part; a negative gender or digit and a NaN age stand for "not given". */
struct clgan_condition_given {
  int digit;
  double age, gender;
};
#define CLGAN_CONDITION_NOTHING \
  { -1, (double)NAN, -1 }
/** The condition vector of a condition whose parts that the model takes are all given. */
void clgan_condition_vector(const struct clgan_model *m, const struct clgan_condition_given *g, float *c);
/** Every combination that the words ask for, in the order of clgan_conditions_make with genders outside; a part that is
 * not asked for stays "not given" in each. Where no word is given: every class, or ages 0:80.
 * @return CLGAN_ERR_USAGE also for a model without a condition. @param out the caller's (clgan_mem_free). */
enum clgan_status clgan_condition_choices(const struct clgan_model *m, const struct clgan_condition_words *w,
                                          struct clgan_condition_given **out, size_t *n, struct clgan_error *e);
/** What clgan_conditions_make makes vectors of, in its order: nothing stays open, but gender where the model has none.
 * @return CLGAN_ERR_USAGE also for a model without a condition. @param out the caller's (clgan_mem_free). */
enum clgan_status clgan_conditions_list(const struct clgan_model *m, const struct clgan_condition_words *w,
                                        bool genders_inside, struct clgan_condition_given **out, size_t *n,
                                        struct clgan_error *e);
/** "class 7" (or its name), "age 20 male", "male". */
const char *clgan_condition_text(const struct clgan_model *m, const struct clgan_condition_given *g, char text[80]);
/** The words as one condition: each names a single value ("both" is refused). */
enum clgan_status clgan_condition_one(const struct clgan_model *m, const struct clgan_condition_words *w,
                                      struct clgan_condition_given *out, struct clgan_error *e);
#endif
