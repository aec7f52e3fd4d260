/* SPDX-License-Identifier: MIT */
/* The program: finds the subcommand in the table and hands over. */
#include "cli/command.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern const struct gw_command gw_command_serve, gw_command_connect, gw_command_publish,
    gw_command_subscribe, gw_command_echo, gw_command_bench;

static const struct gw_command *const commands[] = {&gw_command_serve,   &gw_command_connect,
                                                    &gw_command_publish, &gw_command_subscribe,
                                                    &gw_command_echo,    &gw_command_bench};
#define N_COMMANDS (sizeof commands / sizeof commands[0])

static void print_usage(FILE *out) {
  fprintf(out, "usage: godwit COMMAND [OPTION ...]\n\nGodwit is a real-time server: one channel, "
               "every transport.\n\n");
  for (size_t i = 0; i < N_COMMANDS; i++)
    fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
  fprintf(out, "\ngodwit COMMAND --help says more; godwit --version tells the version.\n");
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

int main(int argc, char **argv) {
  hold_standard_descriptors();
  const char *name = argc > 1 ? argv[1] : NULL;
  if (!name) {
    print_usage(stderr);
    return GW_EXIT_USAGE;
  }
  if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
    print_usage(stdout);
    return GW_EXIT_DONE;
  }
  if (strcmp(name, "--version") == 0) {
    puts("godwit " GODWIT_VERSION);
    return GW_EXIT_DONE;
  }
  for (size_t i = 0; i < N_COMMANDS; i++)
    if (strcmp(name, commands[i]->name) == 0) return commands[i]->run(argc - 1, argv + 1);
  fprintf(stderr, "godwit: no such command: %s; godwit --help lists them\n", name);
  return GW_EXIT_USAGE;
}
