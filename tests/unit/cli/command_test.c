/* SPDX-License-Identifier: MIT */
/* The command line against its table. */
#include "cli/command.c"

#include <setjmp.h>

#include <cmocka.h>

static const struct gw_command command = {.name = "test", .operands = "URL", .summary = "A test"};

struct values {
  bool flag;
  const char *text;
  uint64_t number, size;
  double real;
  struct gw_option_list list;
};

/* The number of operands, or -1 with the exit code in *out_exit. */
static int read_words(struct values *v, int *out_exit, int argc, const char *const *words) {
  static char *argv[80];
  const struct gw_option options[] = {
      {"flag", NULL, "", GW_OPTION_FLAG, &v->flag, 0, 0},
      {"text", "TEXT", "", GW_OPTION_TEXT, &v->text, 0, 0},
      {"number", "N", "", GW_OPTION_NUMBER, &v->number, 2, 10},
      {"size", "SIZE", "", GW_OPTION_SIZE, &v->size, 1, 1ull << 40},
      {"real", "X", "", GW_OPTION_REAL, &v->real, 0, 0},
      {"item", "TEXT", "", GW_OPTION_LIST, &v->list, 0, 0},
  };
  argv[0] = (char *)(uintptr_t) "test";
  for (int i = 0; i < argc; i++)
    argv[i + 1] = (char *)(uintptr_t)words[i];
  *v = (struct values){0};
  int got = gw_command_options(&command, options, sizeof options / sizeof options[0], argc + 1,
                               argv, 1, 2, out_exit);
  if (got > 0) assert_string_equal(argv[1], "URL");
  return got;
}

#define READ(v, ...)                                                                               \
  read_words(&(v), &code, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *),             \
             (const char *const[]){__VA_ARGS__})

static void options_and_operands_come_in_any_order(void **state) {
  (void)state;
  struct values v;
  int code;
  assert_int_equal(READ(v, "--flag", "URL", "--text", "a", "--number=7", "--size", "64K", "--real",
                        "0.5", "more"),
                   2);
  assert_true(v.flag);
  assert_string_equal(v.text, "a");
  assert_int_equal(v.number, 7);
  assert_int_equal(v.size, 65536);
  assert_true(v.real == 0.5);
  assert_int_equal(READ(v, "--", "URL", "--flag"), 2);
  assert_false(v.flag);
}

static void a_list_gathers_and_has_an_end(void **state) {
  (void)state;
  struct values v;
  int code;
  assert_int_equal(READ(v, "--item", "a", "URL", "--item=b"), 1);
  assert_int_equal(v.list.n, 2);
  assert_string_equal(v.list.items[0], "a");
  assert_string_equal(v.list.items[1], "b");
  const char *words[GW_OPTION_LIST_MAX + 2];
  for (int i = 0; i < GW_OPTION_LIST_MAX + 1; i++)
    words[i] = "--item=x";
  words[GW_OPTION_LIST_MAX + 1] = "URL";
  assert_int_equal(read_words(&v, &code, GW_OPTION_LIST_MAX + 2, words), -1);
  assert_int_equal(code, GW_EXIT_USAGE);
  assert_int_equal(read_words(&v, &code, GW_OPTION_LIST_MAX + 1, words + 1), 1);
}

static void sizes_have_units(void **state) {
  (void)state;
  struct values v;
  int code;
  static const struct {
    const char *text;
    uint64_t size;
  } sizes[] = {{"1", 1},         {"1k", 1024},     {"2KiB", 2048},
               {"3M", 3u << 20}, {"1G", 1u << 30}, {"1024G", 1ull << 40}};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    assert_int_equal(READ(v, "URL", "--size", sizes[i].text), 1);
    assert_int_equal(v.size, sizes[i].size);
  }
}

static void mistakes_are_usage_errors(void **state) {
  (void)state;
  struct values v;
  int code;
  static const char *const wrong[][3] = {
      {"--number", "1", "URL"},
      {"--number", "11", "URL"},
      {"--number", "-3", "URL"},
      {"--number", "7x", "URL"},
      {"--number", "7K", "URL"},
      {"--size", "0", "URL"},
      {"--size", "5T", "URL"},
      {"--size", "2048G", "URL"},
      {"--size", "99999999999999999999", "URL"},
      {"--real", "0", "URL"},
      {"--real", "-1", "URL"},
      {"--real", "nan", "URL"},
      {"--real", "1s", "URL"},
      {"--number", "07", "URL"},
      {"--number", "+7", "URL"},
      {"--number", " 7", "URL"},
      {"--number", "7 ", "URL"},
      {"--number", "0x7", "URL"},
      {"--number", "", "URL"},
      {"--size", "064K", "URL"},
      {"--size", "0x10", "URL"},
      {"--size", "K", "URL"},
      {"--size", "1i", "URL"},
      {"--real", "+5", "URL"},
      {"--real", " 5", "URL"},
      {"--real", "05", "URL"},
      {"--real", "0x10", "URL"},
      {"--real", "1e3", "URL"},
      {"--real", "5.", "URL"},
      {"--real", ".5", "URL"},
      {"--real", "inf", "URL"},
      {"--real", "1000000001", "URL"},
      {"--real", "1000000000.5", "URL"},
      {"--nope", "x", "URL"},
      {"-x", "x", "URL"},
      {"--flag=1", "x", "URL"},
      {"URL", "more", "still"},
      {"--flag", "URL", "--text"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    assert_int_equal(read_words(&v, &code, 3, wrong[i]), -1);
    assert_int_equal(code, GW_EXIT_USAGE);
  }
  assert_int_equal(READ(v, "--flag"), -1);
  assert_int_equal(code, GW_EXIT_USAGE);
}

static void help_is_no_mistake(void **state) {
  (void)state;
  struct values v;
  int code;
  assert_int_equal(READ(v, "--help"), -1);
  assert_int_equal(code, GW_EXIT_DONE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(options_and_operands_come_in_any_order),
      cmocka_unit_test(a_list_gathers_and_has_an_end),
      cmocka_unit_test(sizes_have_units),
      cmocka_unit_test(mistakes_are_usage_errors),
      cmocka_unit_test(help_is_no_mistake),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
