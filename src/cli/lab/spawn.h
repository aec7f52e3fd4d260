/* SPDX-License-Identifier: MIT */
/* This program once more, as a child that does not outlive the thread which made it. */
#ifndef GW_CLI_LAB_SPAWN_H
#define GW_CLI_LAB_SPAWN_H

#include <sys/types.h>

/* Runs `godwit ARGV[1] …` (argv[0] is its name, NULL ends it). Standard input and output are
 * /dev/null, standard error is `error_fd`. The kernel ends it (SIGKILL) with the calling thread.
 * GW_ERR_SYSTEM. */
int gw_lab_spawn(char *const *argv, int error_fd, pid_t *out_pid);
/* Ends it at once, and waits for that: for one that has nothing to lose. */
void gw_lab_end(pid_t pid);

#endif
