/* SPDX-License-Identifier: MIT */
/*
 * fork and exec, without a shell. Between the two only what may be called there (signal-safety(7)):
 * the parent may have threads. Signals are as a program expects them: a server holds some back.
 */
#include "cli/lab/spawn.h"

#include "godwit/error.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FAILED = 127 };

/* In the child. What the parent has open, and what it was started with, goes first: then there is
 * room for one descriptor also where the parent has none left. */
static _Noreturn void become(char *const *argv, int error_fd, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  bool is_ready = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && dup2(error_fd, STDERR_FILENO) >= 0;
  (void)close_range(STDERR_FILENO + 1, ~0U, 0);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  is_ready = is_ready && null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
             dup2(null, STDOUT_FILENO) >= 0 && signal(SIGPIPE, SIG_DFL) != SIG_ERR &&
             sigprocmask(SIG_SETMASK, &none, NULL) == 0;
  /* The parent may have ended before the kernel knew what then was to be done. */
  if (is_ready && getppid() == parent) execv("/proc/self/exe", argv);
  _exit(FAILED);
}

int gw_lab_spawn(char *const *argv, int error_fd, pid_t *out_pid) {
  pid_t parent = getpid(), pid = fork();
  if (pid < 0) return GW_ERR_SYSTEM;
  if (pid == 0) become(argv, error_fd, parent);
  *out_pid = pid;
  return 0;
}

void gw_lab_end(pid_t pid) {
  kill(pid, SIGKILL);
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
    continue;
}
