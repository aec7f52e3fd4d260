/* SPDX-License-Identifier: MIT */
/* The program: finds the subcommand in the table and hands over. */
#include "cli/command.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COMMAND(name) &gw_command_##name,
static const struct gw_command *const commands[] = {GW_COMMANDS(COMMAND)};
#undef COMMAND
#define N_COMMANDS (sizeof commands / sizeof commands[0])

static void print_usage(FILE *out) {
  fprintf(out, "usage: godwit COMMAND [OPTION ...]\n\nGodwit is a real-time server: one channel, "
               "every transport.\n\n");
  for (size_t i = 0; i < N_COMMANDS; i++)
    fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
  fprintf(out, "\ngodwit COMMAND --help says more; godwit --version tells the version.\n");
}

static int say_unknown(const char *name) {
  fprintf(stderr, "godwit: no such command: %s; godwit --help lists them\n", name);
  return GW_EXIT_USAGE;
}

/* Started with standard input, output or error closed: a socket must not take the number. What is
 * written there fails. */
static void hold_standard_descriptors(void) {
  int fd;
  do
    fd = open("/dev/null", O_RDONLY);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd > STDERR_FILENO) close(fd);
}

static const struct gw_command *find_command(const char *name) {
  for (size_t i = 0; i < N_COMMANDS; i++)
    if (strcmp(name, commands[i]->name) == 0) return commands[i];
  return NULL;
}

/* `godwit help COMMAND` is `godwit COMMAND --help`. */
static int run_help(const char *name) {
  const struct gw_command *command = name ? find_command(name) : NULL;
  if (command) return command->run(2, (char *[]){(char *)command->name, "--help", NULL});
  if (name) return say_unknown(name);
  print_usage(stdout);
  return GW_EXIT_DONE;
}

int main(int argc, char **argv) {
  hold_standard_descriptors();
  /* A line at a time: those of several programs on one terminal or in one file must not mix. */
  setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
  const char *name = argc > 1 ? argv[1] : NULL;
  if (!name) {
    print_usage(stderr);
    return GW_EXIT_USAGE;
  }
  if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
    return run_help(argv[2]);
  if (strcmp(name, "--version") == 0) {
    puts("godwit " GODWIT_VERSION);
    return GW_EXIT_DONE;
  }
  const struct gw_command *command = find_command(name);
  if (command) return command->run(argc - 1, argv + 1);
  return say_unknown(name);
}
