/* test_cmd.c: option tables, lists, conditions, nearest words, the interval of a median. */
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/words.h"
#include "bench/stats.h"
#include "cmd/args.h"
#include "cmd/condition.h"
#include "unit.h"

static bool near(double a, double b, double tolerance) {
  return fabs(a - b) <= tolerance;
}

static void nearest_words(void **state) {
  static const char *const list[] = {"steps", "seed", "set", "sample-every", NULL};
  (void)state;
  assert_string_equal(clgan_words_nearest("stpes", list), "steps");
  assert_string_equal(clgan_words_nearest("STEP", list), "steps");
  assert_string_equal(clgan_words_nearest("sead", list), "seed");
  assert_string_equal(clgan_words_nearest("sampleevery", list), "sample-every");
  assert_null(clgan_words_nearest("zzzzz", list));
  assert_null(clgan_words_nearest("x", list));
  assert_null(clgan_words_nearest("", list));
}

/* -- options -- */
struct values {
  bool flag, given;
  const char *text, *maybe;
  struct clgan_texts sets;
  uint64_t whole;
  double real;
};

static enum clgan_status parse(struct values *v, struct clgan_args *args, const char *const *words,
                               struct clgan_error *e) {
  const struct clgan_option options[] = {
      CLGAN_FLAG("flag", 'f', &v->flag, "a flag"),
      CLGAN_WORD("text", 't', &v->text, "T", "a text"),
      {.name = "set", .letter = 's', .kind = CLGAN_OPTION_TEXTS, .out = &v->sets, .argument = "K", .help = "texts"},
      {.name = "maybe", .kind = CLGAN_OPTION_MAYBE, .out = &v->maybe, .argument = "F", .help = "maybe"},
      CLGAN_WHOLE("whole", 'w', &v->whole, &v->given, 3, UINT64_MAX, "a number"),
      CLGAN_REAL("real", &v->real, -1, 1e6, "a number"),
  };
  const struct clgan_usage usage = {.name = "test",
                                    .synopsis = "",
                                    .about = "",
                                    .options = options,
                                    .n_options = sizeof options / sizeof options[0],
                                    .operands = true};
  char *argv[16];
  int argc = 0;
  for (argv[argc++] = clgan_mem_strdup("test"); words[argc - 1]; argc++) argv[argc] = clgan_mem_strdup(words[argc - 1]);
  argv[argc] = NULL;
  enum clgan_status s = clgan_args_parse(args, &usage, argc, argv, e);
  for (int i = 0; i < argc; i++) clgan_mem_free(argv[i]);
  return s;
}

static void options_of_every_kind(void **state) {
  static const char *const words[] = {
      "one", "--text=a=b", "-w", "18446744073709551615", "--set", "k=1", "-s", "k=2", "--real", "-0.5", "--maybe", "-f",
      "--",  "-two",       NULL};
  struct values v = {0};
  struct clgan_args args = {0};
  struct clgan_error e = {0};
  (void)state;
  assert_int_equal(parse(&v, &args, words, &e), CLGAN_OK);
  assert_true(v.flag && v.given && !args.helped);
  assert_string_equal(v.text, "a=b");
  assert_string_equal(v.maybe, "");
  assert_int_equal(v.sets.n, 2);
  assert_string_equal(v.sets.items[0], "k=1");
  assert_string_equal(v.sets.items[1], "k=2");
  assert_true(v.whole == UINT64_MAX);
  assert_true(v.real == -0.5);
  assert_int_equal(args.n_operands, 2);
  assert_string_equal(args.operands[0], "one");
  assert_string_equal(args.operands[1], "-two");
  clgan_args_free(&args);
}

static void bad_options(void **state) {
  static const struct {
    const char *words[4], *message;
  } rows[] = {
      {{"--whole", "2"}, "--whole 2: must be a whole number from 3 to 18446744073709551615"},
      {{"--whole", "18446744073709551616"}, "--whole 18446744073709551616: must be a whole number"},
      {{"--whole", "-4"}, "--whole -4: must be"},
      {{"--whole", "0x10"}, "--whole 0x10: must be"},
      {{"--whole="}, "--whole : must be"},
      {{"--real", "inf"}, "--real inf: must be a number from -1 to 1e+06"},
      {{"--real", "1e7"}, "--real 1e7: must be"},
      {{"--text", ""}, "--text: its T is empty"},
      {{"--txt", "a"}, "unknown option --txt: did you mean --text?"},
      {{"--qqqqq=1"}, "unknown option --qqqqq: see"},
      {{"--text"}, "option --text needs a value"},
      {{"--flag=1"}, "option --flag takes no value"},
      {{"-q", "-v"}, "exclude each other"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct values v = {0};
    struct clgan_args args = {0};
    struct clgan_error e = {0};
    assert_int_equal(parse(&v, &args, rows[i].words, &e), CLGAN_ERR_USAGE);
    if (!strstr(e.text, rows[i].message)) fail_msg("'%s' is not in '%s'", rows[i].message, e.text);
    clgan_args_free(&args);
  }
}

/* -- lists -- */
static void lists(void **state) {
  static const struct {
    const char *text;
    bool whole;
    int between;
    size_t n;
    double first, second, last;
  } rows[] = {
      {"7", true, 0, 1, 7, 7, 7},
      {"5,20,60", false, 10, 3, 5, 20, 60},
      {"0:9", true, 0, 10, 0, 1, 9},
      {"9:0", true, 0, 10, 9, 8, 0},
      {"0:8:4", true, 0, 3, 0, 4, 8},
      {"0:9:4", true, 0, 3, 0, 4, 8},
      {"0:80", false, 10, 10, 0, 80.0 / 9, 80},
      {"80:0:20", false, 10, 5, 80, 60, 0},
      {"0:1:0.1", false, 10, 11, 0, 0.1, 1},
      {"3,5:7", true, 0, 4, 3, 5, 7},
      {"4:4", true, 0, 1, 4, 4, 4},
  };
  double out[CLGAN_LIST_MAX];
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct clgan_error e = {0};
    size_t n = 0;
    assert_int_equal(clgan_list_parse("x", rows[i].text, rows[i].whole, rows[i].between, 0, 100, out, &n, &e),
                     CLGAN_OK);
    assert_int_equal(n, rows[i].n);
    assert_true(near(out[0], rows[i].first, 1e-9));
    if (n > 1) assert_true(near(out[1], rows[i].second, 1e-9));
    assert_true(near(out[n - 1], rows[i].last, 1e-9));
  }
}

static void bad_lists(void **state) {
  static const char *const rows[] = {"",       ",",       "1,", "x",  "1.5", "101",   "-1",     "1:2:0",
                                     "1:2:-1", "1:2:3:4", "1:", ":2", "nan", "0:101", "1e1000", "0:100:0.001"};
  double out[CLGAN_LIST_MAX];
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct clgan_error e = {0};
    size_t n = 0;
    assert_int_equal(clgan_list_parse("digit", rows[i], true, 0, 0, 100, out, &n, &e), CLGAN_ERR_USAGE);
    assert_non_null(strstr(e.text, "--digit"));
  }
}

/* -- conditions -- */
static struct clgan_model *model_of(const char *name, const char *set) {
  struct clgan_model *m = NULL;
  struct clgan_error e = {0};
  const char *sets[] = {set};
  assert_int_equal(clgan_model_load(name, 4, sets, set ? 1 : 0, &m, &e), CLGAN_OK);
  return m;
}

static void conditions_of_faces(void **state) {
  struct clgan_model *m = model_of("faces64", "tile=2");
  const struct clgan_condition_words words = {.age = "0,80"}, female = {.age = "40", .gender = "female"},
                                     digit = {.digit = "3"};
  /* c is the age's value twice, then the gender's sign twice */
  static const float outside[16] = {-1, -1, -1, -1, 1, 1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 1};
  static const float inside[16] = {-1, -1, -1, -1, -1, -1, 1, 1, 1, 1, -1, -1, 1, 1, 1, 1};
  static const float one[4] = {0, 0, 1, 1};
  struct clgan_error e = {0};
  struct clgan_condition_given given;
  float *c = NULL;
  size_t n = 0;
  (void)state;
  assert_int_equal(clgan_conditions_make(m, &words, false, &c, &n, &e), CLGAN_OK);
  assert_int_equal(n, 4);
  assert_memory_equal(c, outside, sizeof outside);
  clgan_mem_free(c);
  assert_int_equal(clgan_conditions_make(m, &words, true, &c, &n, &e), CLGAN_OK);
  assert_memory_equal(c, inside, sizeof inside);
  clgan_mem_free(c);
  assert_int_equal(clgan_conditions_make(m, &female, true, &c, &n, &e), CLGAN_OK);
  assert_int_equal(n, 1);
  assert_memory_equal(c, one, sizeof one);
  clgan_mem_free(c);
  struct clgan_condition_given *list = NULL;
  const struct clgan_condition_words nothing = {0};
  assert_int_equal(clgan_conditions_list(m, &nothing, false, &list, &n, &e), CLGAN_OK);
  assert_true(n == 20 && list[9].age == 80 && list[9].gender == 0 && list[10].age == 0 && list[10].gender == 1);
  clgan_mem_free(list);
  assert_int_equal(clgan_conditions_list(m, &nothing, true, &list, &n, &e), CLGAN_OK);
  assert_true(n == 20 && list[0].gender == 0 && list[1].gender == 1 && list[1].age == 0 && list[19].age == 80);
  clgan_mem_free(list);
  assert_int_equal(clgan_conditions_make(m, &digit, true, &c, &n, &e), CLGAN_ERR_USAGE);
  clgan_error_clear(&e);
  assert_int_equal(clgan_condition_one(m, &female, &given, &e), CLGAN_OK);
  assert_true(given.digit < 0 && given.age == 40 && given.gender == 1);
  assert_int_equal(clgan_condition_one(m, &words, &given, &e), CLGAN_ERR_USAGE);
  clgan_model_destroy(m);
}

/* What is not asked for stays "not given", so that each image can keep its own. */
static void choices(void **state) {
  const struct clgan_condition_words none = {0}, both = {.age = "10,70", .gender = "both"}, swap = {.gender = "female"},
                                     digits = {.digit = "3,8"};
  struct clgan_condition_given *c = NULL;
  struct clgan_model *m = NULL;
  struct clgan_error e = {0};
  char text[80];
  size_t n = 0;
  (void)state;
  assert_int_equal(clgan_model_load("faces64", 8, NULL, 0, &m, &e), CLGAN_OK);
  assert_int_equal(clgan_condition_choices(m, &none, &c, &n, &e), CLGAN_OK);
  assert_true(n == 10 && c[0].age == 0 && c[9].age == 80 && c[9].gender < 0);
  assert_string_equal(clgan_condition_text(m, &c[9], text), "age 80");
  clgan_mem_free(c);
  assert_int_equal(clgan_condition_choices(m, &both, &c, &n, &e), CLGAN_OK);
  assert_true(n == 4 && c[1].age == 70 && c[1].gender == 0 && c[2].age == 10 && c[2].gender == 1);
  assert_string_equal(clgan_condition_text(m, &c[2], text), "age 10 female");
  clgan_mem_free(c);
  assert_int_equal(clgan_condition_choices(m, &swap, &c, &n, &e), CLGAN_OK);
  assert_true(n == 1 && isnan(c[0].age) && c[0].gender == 1);
  clgan_mem_free(c);
  assert_int_equal(clgan_condition_choices(m, &digits, &c, &n, &e), CLGAN_ERR_USAGE);
  clgan_error_clear(&e);
  clgan_model_destroy(m);
  assert_int_equal(clgan_model_load("digits", 8, NULL, 0, &m, &e), CLGAN_OK);
  assert_int_equal(clgan_condition_choices(m, &digits, &c, &n, &e), CLGAN_OK);
  assert_true(n == 2 && c[0].digit == 3 && c[1].digit == 8 && isnan(c[0].age));
  assert_string_equal(clgan_condition_text(m, &c[1], text), "class 8");
  clgan_mem_free(c);
  clgan_model_destroy(m);
}

static void conditions_of_digits(void **state) {
  struct clgan_model *m = model_of("digits", NULL);
  const struct clgan_condition_words all = {0}, one = {.digit = "7"}, age = {.age = "7"}, high = {.digit = "10"};
  struct clgan_error e = {0};
  struct clgan_condition_given given;
  float *c = NULL;
  size_t n = 0;
  (void)state;
  assert_int_equal(clgan_conditions_make(m, &all, false, &c, &n, &e), CLGAN_OK);
  assert_int_equal(n, 10);
  for (size_t i = 0; i < 100; i++) assert_true(c[i] == (i / 10 == i % 10 ? 1.0f : 0.0f));
  clgan_mem_free(c);
  assert_int_equal(clgan_condition_one(m, &one, &given, &e), CLGAN_OK);
  assert_true(given.digit == 7 && isnan(given.age) && given.gender < 0);
  assert_int_equal(clgan_condition_one(m, &age, &given, &e), CLGAN_ERR_USAGE);
  clgan_error_clear(&e);
  assert_int_equal(clgan_condition_one(m, &high, &given, &e), CLGAN_ERR_USAGE);
  clgan_model_destroy(m);
}

/* Classes by name and by number; ranges go by the classes' order; what is no class is refused with what is allowed. */
static void classes_by_name(void **state) {
  struct clgan_model *m = model_of("digits", NULL);
  double out[CLGAN_LIST_MAX];
  size_t n = 0;
  struct clgan_error e = {0};
  static const struct {
    const char *text;
    size_t n;
    int first, last;
  } good[] = {{"cat", 1, 0, 0},      {"dog,cat", 2, 1, 0},     {"cat:fish", 4, 0, 3}, {"fish:cat:3", 2, 3, 0},
              {"2,7", 2, 4, 7},      {"a, b:c", 1, 2, 2},      {"2:9", 6, 4, 9},      {"9", 1, 9, 9},
              {"cat,3:2,0", 4, 0, 0}};
  static const struct {
    const char *text, *part;
  } bad[] = {{"cot", "did you mean 'cat'?"}, {"10", "cat, dog, a, b:c, fish, 2, or 0 to 9"}, {"cat:", "no class ''"},
             {"", "no class ''"},             {"cat,,dog", "no class ''"},                    {"1.5", "no class '1.5'"},
             {"cat:dog:0", "--class cat:dog:0"}, {"cat:dog:1:1", "--class cat:dog:1:1"},      {"-1", "no class '-1'"}};
  (void)state;
  assert_int_equal(clgan_names_parse("[\"cat\",\"dog\",\"a, b:c\",\"fish\",\"2\"]", &m->class_names, &e), CLGAN_OK);
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    assert_int_equal(clgan_class_list_parse("class", good[i].text, &m->class_names, m->classes, out, &n, &e), CLGAN_OK);
    assert_int_equal(n, good[i].n);
    assert_true((int)out[0] == good[i].first && (int)out[n - 1] == good[i].last);
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_int_equal(clgan_class_list_parse("class", bad[i].text, &m->class_names, m->classes, out, &n, &e),
                     CLGAN_ERR_USAGE);
    if (!strstr(e.text, bad[i].part)) fail_msg("%s: %s", bad[i].text, e.text);
    clgan_error_clear(&e);
  }
  const struct clgan_condition_words fish = {.cls = "fish"}, twice = {.cls = "1", .digit = "1"}, two = {.cls = "cat,2"};
  struct clgan_condition_given given;
  assert_int_equal(clgan_condition_one(m, &fish, &given, &e), CLGAN_OK);
  assert_int_equal(given.digit, 3);
  assert_int_equal(clgan_condition_one(m, &two, &given, &e), CLGAN_ERR_USAGE);
  clgan_error_clear(&e);
  assert_int_equal(clgan_condition_one(m, &twice, &given, &e), CLGAN_ERR_USAGE);
  clgan_model_destroy(m);
}

/* -- statistics -- */
static void medians(void **state) {
  /* ranks r and n+1-r of the usual tables for 95 % */
  static const struct {
    size_t n;
    double median, lo, hi;
  } rows[] = {{1, 1, 1, 1}, {2, 1.5, 1, 2},  {5, 3, 1, 5},      {6, 3.5, 1, 6},     {8, 4.5, 1, 8},
              {9, 5, 2, 8}, {10, 5.5, 2, 9}, {20, 10.5, 6, 15}, {50, 25.5, 18, 33}, {100, 50.5, 40, 61}};
  double times[100];
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    size_t n = rows[i].n;
    for (size_t k = 0; k < n; k++)
      times[k] = (double)((k * 37) % n + 1); /* 1..n in another order where 37 and n have no common factor */
    struct clgan_median m = clgan_median_of(times, n);
    assert_int_equal(m.runs, n);
    assert_true(m.median == rows[i].median && m.lo == rows[i].lo && m.hi == rows[i].hi);
    assert_true(near(m.spread, 0.5 * (rows[i].hi - rows[i].lo) / rows[i].median, 1e-12));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nearest_words),
      cmocka_unit_test(options_of_every_kind),
      cmocka_unit_test(bad_options),
      cmocka_unit_test(lists),
      cmocka_unit_test(bad_lists),
      cmocka_unit_test(conditions_of_faces),
      cmocka_unit_test(conditions_of_digits),
      cmocka_unit_test(choices),
      cmocka_unit_test(classes_by_name),
      cmocka_unit_test(medians),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
