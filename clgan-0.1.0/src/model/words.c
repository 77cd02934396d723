/* words.c - numbers, nearest words and expressions of a model's text. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model_internal.h"

bool clgan_number_parse(const char *s, double *out) {
  char *end;
  if (!*s || s[strspn(s, "0123456789+-.eE")]) return false; /* strtod also takes hexadecimal, inf and nan */
  *out = strtod(s, &end);
  return end != s && !*end && isfinite(*out);
}

void clgan_word_list(const char *const *list, char *out, size_t size) {
  size_t at = 0;
  out[0] = 0;
  for (size_t i = 0; list[i] && at < size; i++) {
    int n = snprintf(out + at, size - at, "%s%s", i ? ", " : "", list[i]);
    if (n > 0) at += (size_t)n;
  }
}

/* -- expressions: recursive descent, nesting bounded -- */
struct reader {
  const char *at;
  const struct clgan_name_value *names;
  const char *error;
  char *why;
  size_t why_size;
  int depth;
};

static double sum(struct reader *r);

static double failed(struct reader *r, const char *what) {
  if (!r->error) r->error = what;
  return 0;
}

static double parenthesis(struct reader *r) {
  r->at++; /* ( */
  double x = sum(r);
  if (r->error) return 0;
  if (*r->at != ')') return failed(r, "a ')' is missing");
  r->at++;
  return x;
}

static double unknown_name(struct reader *r, const char *start, int length) {
  char word[32], list[160];
  const char *all[16];
  size_t n = 0;
  snprintf(word, sizeof word, "%.*s", length, start);
  for (; r->names[n].name && n < 15; n++) all[n] = r->names[n].name;
  all[n] = NULL;
  clgan_word_list(all, list, sizeof list);
  const char *near = clgan_words_nearest(word, all);
  snprintf(r->why, r->why_size, "unknown name '%s'%s%s%s; allowed: %s", word, near ? " (did you mean '" : "",
           near ? near : "", near ? "'?)" : "", list);
  return failed(r, r->why);
}

static double primary(struct reader *r) {
  const char *start = r->at;
  if (r->error) return 0;
  if (*start == '(') return parenthesis(r);
  size_t digits = strspn(start, "0123456789.");
  if (digits) {
    char number[32];
    double x;
    if (digits >= sizeof number) return failed(r, "a number is too long");
    memcpy(number, start, digits);
    number[digits] = 0;
    r->at += digits;
    return clgan_number_parse(number, &x) ? x : failed(r, "a number is malformed");
  }
  size_t letters = strspn(start, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");
  if (!letters) return failed(r, *start ? "a number or a name is missing" : "it ends too early");
  r->at += letters;
  if (letters == 4 && !memcmp(start, "sqrt", 4) && *r->at == '(') {
    double x = parenthesis(r);
    return x >= 0 ? sqrt(x) : failed(r, "square root of a negative number");
  }
  for (const struct clgan_name_value *v = r->names; v->name; v++)
    if (strlen(v->name) == letters && !memcmp(v->name, start, letters)) return v->value;
  return unknown_name(r, start, letters < 31 ? (int)letters : 31);
}

static double product(struct reader *r) {
  double x = primary(r);
  while (!r->error && (*r->at == '*' || *r->at == '/')) {
    char op = *r->at++;
    double y = primary(r);
    if (op == '/' && y == 0 && !r->error) return failed(r, "division by zero");
    x = op == '*' ? x * y : x / y;
  }
  return x;
}

static double sum(struct reader *r) {
  if (++r->depth > 32) return failed(r, "parentheses are nested too deeply");
  double sign = 1;
  if (*r->at == '-') sign = -1, r->at++;
  double x = sign * product(r);
  while (!r->error && (*r->at == '+' || *r->at == '-')) {
    char op = *r->at++;
    double y = product(r);
    x = op == '+' ? x + y : x - y;
  }
  r->depth--;
  return x;
}

const char *clgan_expression_eval(const char *text, const struct clgan_name_value *names, double *out, char *why,
                                  size_t why_size) {
  struct reader r = {.at = text, .names = names, .why = why, .why_size = why_size};
  *out = sum(&r);
  if (!r.error && *r.at) r.error = *r.at == ')' ? "a '(' is missing" : "an operator (+ - * /) is missing";
  if (!r.error && !isfinite(*out)) r.error = "it overflows";
  return r.error;
}
