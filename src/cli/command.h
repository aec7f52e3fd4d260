/* SPDX-License-Identifier: MIT */
/*
 * A subcommand is one file with one `const struct gw_command`, listed in main.c, and a table of its
 * options. Help, usage errors and exit codes come from here: 0 done, 1 failed, 2 bad usage.
 */
#ifndef GW_CLI_COMMAND_H
#define GW_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GW_EXIT_DONE = 0, GW_EXIT_FAILED = 1, GW_EXIT_USAGE = 2 };

enum gw_option_kind {
  GW_OPTION_FLAG,   /* bool: --name sets true */
  GW_OPTION_TEXT,   /* const char * */
  GW_OPTION_NUMBER, /* uint64_t, between min and max */
  GW_OPTION_SIZE,   /* uint64_t: bytes, with K, M or G (1024) */
  GW_OPTION_REAL,   /* double, above 0 */
  GW_OPTION_LIST,   /* struct gw_option_list: may be given again */
};

enum { GW_OPTION_LIST_MAX = 64 };

struct gw_option_list {
  const char *items[GW_OPTION_LIST_MAX];
  size_t n;
};

/* `--name VALUE`, `--name=VALUE`. */
struct gw_option {
  const char *name;  /* without the dashes */
  const char *value; /* how help calls the value: HOST:PORT; NULL for a flag */
  const char *help;  /* one line, with the default */
  enum gw_option_kind kind;
  void *into;        /* where the value goes; unchanged where the option is absent */
  uint64_t min, max; /* of a number or size; max 0: none */
};

/* All of them, in the order of --help: a command is its file and its name here. */
#define GW_COMMANDS(X) X(serve) X(connect) X(publish) X(subscribe) X(echo) X(bench) X(lab)

struct gw_command {
  const char *name;
  const char *operands;              /* "URL", "" */
  const char *summary;               /* one line */
  const char *details;               /* paragraphs for --help; may be NULL */
  int (*run)(int argc, char **argv); /* argv[0] is the command's name; the exit code */
};

#define GW_COMMAND_ENTRY(name) extern const struct gw_command gw_command_##name;
GW_COMMANDS(GW_COMMAND_ENTRY)
#undef GW_COMMAND_ENTRY

/* Reads the options (an end: `--`), leaving the operands in argv[1 …]; gives their number. `--help`
 * prints help and gives -1 with *out_exit 0; a mistake says what and how to mend it, and gives -1
 * with *out_exit 2. Fewer or more operands than min…max are a mistake too. */
int gw_command_options(const struct gw_command *command, const struct gw_option *options, size_t n,
                       int argc, char **argv, int min_operands, int max_operands, int *out_exit);
/* `godwit NAME: ` and the message, on standard error. */
void gw_command_say(const struct gw_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
