/* SPDX-License-Identifier: MIT */
/* Options read from their table, and the same table printed as help. */
#include "cli/command.h"

#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void gw_command_say(const struct gw_command *command, const char *format, ...) {
  va_list args;
  va_start(args, format);
  fprintf(stderr, "godwit %s: ", command->name);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
}

static void print_help(const struct gw_command *command, const struct gw_option *options,
                       size_t n) {
  printf("usage: godwit %s%s%s%s\n\n%s\n", command->name, n ? " [OPTION ...]" : "",
         *command->operands ? " " : "", command->operands, command->summary);
  if (command->details) printf("\n%s\n", command->details);
  printf("\noptions:\n");
  for (size_t i = 0; i < n; i++) {
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", options[i].name, options[i].value ? " " : "",
             options[i].value ? options[i].value : "");
    printf("  %-26s %s\n", left, options[i].help);
  }
  printf("  %-26s %s\n", "--help", "this text");
}

/* ---- values ---- */

enum { REAL_MAX = 1000000000 };

static uint64_t unit_of(char c) {
  switch (c) {
  case 'K':
  case 'k': return 1024;
  case 'M':
  case 'm': return 1024 * 1024;
  case 'G':
  case 'g': return 1024 * 1024 * 1024;
  default: return 0;
  }
}

static const char digits[] = "0123456789";

static bool read_number(const struct gw_option *option, const char *text) {
  size_t len = strspn(text, digits);
  const char *end = text + len;
  uint64_t value = 0;
  if (!gw_str_decimal((struct gw_str){text, len}, UINT64_MAX, &value)) return false;
  if (*end && option->kind == GW_OPTION_SIZE) {
    uint64_t unit = unit_of(*end++);
    if (*end == 'i') end++;
    if (*end == 'B') end++;
    if (unit == 0 || value > UINT64_MAX / unit) return false;
    value *= unit;
  }
  if (*end || value < option->min || (option->max && value > option->max)) return false;
  *(uint64_t *)option->into = value;
  return true;
}

/* `5`, `0.5`: strtod alone would take blanks, signs, exponents and hexadecimal. */
static bool read_real(const struct gw_option *option, const char *text) {
  size_t whole = strspn(text, digits), part = 0;
  uint64_t number = 0;
  if (!gw_str_decimal((struct gw_str){text, whole}, REAL_MAX, &number)) return false;
  if (text[whole] == '.') part = 1 + strspn(text + whole + 1, digits);
  if (part == 1 || text[whole + part]) return false;
  double value = strtod(text, NULL);
  if (!(value > 0) || value > REAL_MAX) return false;
  *(double *)option->into = value;
  return true;
}

static bool read_item(const struct gw_option *option, const char *text) {
  struct gw_option_list *list = option->into;
  if (list->n == GW_OPTION_LIST_MAX) return false;
  list->items[list->n++] = text;
  return true;
}

static bool read_value(const struct gw_option *option, const char *text) {
  switch (option->kind) {
  case GW_OPTION_NUMBER:
  case GW_OPTION_SIZE: return read_number(option, text);
  case GW_OPTION_REAL: return read_real(option, text);
  case GW_OPTION_LIST: return read_item(option, text);
  default: *(const char **)option->into = text; return true;
  }
}

/* What a number is to look like, where it is the look that is wrong. */
static const char *hint(const char *text) {
  size_t len = strspn(text, digits);
  return len == 0 || (len > 1 && *text == '0') ? ", in digits without zeros before them" : "";
}

static void say_bad_value(const struct gw_command *command, const struct gw_option *option,
                          const char *text) {
  if (option->kind == GW_OPTION_LIST) {
    gw_command_say(command, "--%s: given more than %d times", option->name, GW_OPTION_LIST_MAX);
  } else if (option->kind == GW_OPTION_REAL) {
    gw_command_say(command, "--%s %s: not a number above 0 and up to %d, such as 5 or 0.5",
                   option->name, text, REAL_MAX);
  } else if (option->max) {
    gw_command_say(command, "--%s %s: not a %s from %llu to %llu%s", option->name, text,
                   option->kind == GW_OPTION_SIZE ? "size (64K, 1M)" : "number",
                   (unsigned long long)option->min, (unsigned long long)option->max, hint(text));
  } else {
    gw_command_say(command, "--%s %s: not a %s of at least %llu%s", option->name, text,
                   option->kind == GW_OPTION_SIZE ? "size (64K, 1M)" : "number",
                   (unsigned long long)option->min, hint(text));
  }
}

/* ---- the command line ---- */

static const struct gw_option *find(const struct gw_option *options, size_t n, const char *name,
                                    size_t len) {
  for (size_t i = 0; i < n; i++)
    if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0)
      return &options[i];
  return NULL;
}

/* Reads the option at argv[i]: how many words it took, 0 after a mistake. */
static int read_option(const struct gw_command *command, const struct gw_option *options, size_t n,
                       int argc, char **argv, int i) {
  const char *name = argv[i] + 2, *equals = strchr(name, '=');
  size_t len = equals ? (size_t)(equals - name) : strlen(name);
  const struct gw_option *option = argv[i][1] == '-' ? find(options, n, name, len) : NULL;
  if (!option) {
    gw_command_say(command, "%.*s: no such option; godwit %s --help lists them", (int)(len + 2),
                   argv[i], command->name);
    return 0;
  }
  if (option->kind == GW_OPTION_FLAG) {
    if (equals) {
      gw_command_say(command, "--%s takes no value", option->name);
      return 0;
    }
    *(bool *)option->into = true;
    return 1;
  }
  const char *text = equals ? equals + 1 : i + 1 < argc ? argv[i + 1] : NULL;
  if (!text) {
    gw_command_say(command, "--%s needs a value: %s", option->name, option->value);
    return 0;
  }
  if (!read_value(option, text)) {
    say_bad_value(command, option, text);
    return 0;
  }
  return equals ? 1 : 2;
}

int gw_command_options(const struct gw_command *command, const struct gw_option *options, size_t n,
                       int argc, char **argv, int min_operands, int max_operands, int *out_exit) {
  int operands = 0;
  bool is_over = false;
  *out_exit = GW_EXIT_USAGE;
  for (int i = 1; i < argc;) {
    if (is_over || argv[i][0] != '-' || argv[i][1] == '\0') {
      argv[++operands] = argv[i++];
    } else if (strcmp(argv[i], "--") == 0) {
      is_over = true;
      i++;
    } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
      print_help(command, options, n);
      *out_exit = GW_EXIT_DONE;
      return -1;
    } else {
      int words = read_option(command, options, n, argc, argv, i);
      if (words == 0) return -1;
      i += words;
    }
  }
  if (operands >= min_operands && operands <= max_operands) return operands;
  gw_command_say(command,
                 operands < min_operands ? "%s is missing; godwit %s --help says more"
                                         : "too many words: it takes %s (godwit %s --help)",
                 *command->operands ? command->operands : "no operand", command->name);
  return -1;
}
