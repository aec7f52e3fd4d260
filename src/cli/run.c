/* SPDX-License-Identifier: MIT */
/*
 * A server's life as a program. Signals are taken by a thread of their own (sigwait), so that no
 * handler runs inside a worker; it is told to end by a SIGUSR2 of ours.
 */
#include "cli/run.h"

#include "base/str.h"
#include "net/address.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static void log_line(void *user, enum gw_log_level level, const char *line, size_t len) {
  (void)user;
  (void)level;
  /* One write, so that the lines of several threads never mix. */
  const struct iovec parts[] = {{(void *)(uintptr_t)line, len}, {(void *)(uintptr_t) "\n", 1}};
  ssize_t written = writev(STDERR_FILENO, parts, 2); /* if it fails, there is nobody to tell */
  (void)written;
}

static sigset_t our_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, SIGUSR2);
  return set;
}

/* Before anybody can know that we listen: a signal that comes from then on waits for the thread
 * that takes it. */
static void hold_signals(void) {
  sigset_t set = our_signals();
  pthread_sigmask(SIG_BLOCK, &set, NULL); /* inherited by the workers */
  signal(SIGPIPE, SIG_IGN);
}

int run_server_new(const struct gw_command *command, const struct run_options *run,
                   const struct gw_server_options *base, struct gw_server **out_server) {
  struct gw_server_options options = base ? *base : (struct gw_server_options){0};
  options.workers = (unsigned)run->workers;
  hold_signals();
  options.log = log_line;
  options.log_level = GW_LOG_INFO;
  int r = gw_server_new(&options, out_server);
  if (r < 0) gw_command_say(command, "cannot start: %s", gw_error_text(r));
  return r;
}

static int listen_one(const struct gw_command *command, struct gw_server *server,
                      const char *address, const struct gw_listen *listen) {
  int r = gw_server_listen(server, address, listen);
  if (r == 0) return GW_EXIT_DONE;
  const char *problem = gw_server_problem(server);
  gw_command_say(command, "cannot listen: %s", problem);
  if (r == GW_ERR_ADDRESS && strstr(problem, "loopback"))
    fprintf(stderr, "  everybody who reaches that address could read and publish. Listen on "
                    "localhost:PORT, or say --insecure to mean it.\n");
  if (strstr(problem, strerror(EADDRINUSE)))
    fprintf(stderr, "  another program listens there, another godwit perhaps; "
                    "--listen localhost:PORT takes another port.\n");
  return r == GW_ERR_ARGUMENT ? GW_EXIT_USAGE : GW_EXIT_FAILED;
}

/* Takes the `@N` from the address's end, where there is one. A path may hold an @ of its own. */
static bool take_worker(char *address, unsigned *out_worker) {
  char *at = strrchr(address, '@');
  uint64_t worker = 0;
  if (!at) return true;
  if (!gw_str_decimal(gw_str_of(at + 1), UINT32_MAX, &worker))
    return strncmp(address, "unix:", 5) == 0;
  if (worker == 0) return false;
  *at = '\0';
  *out_worker = (unsigned)worker;
  return true;
}

struct entrance {
  const char *address;
  unsigned worker;
};

/* Reads the list, which is cut into its addresses. Nothing listens yet: a mistake in the last one
 * is told before anybody comes in by the first. How many there are; 0: says what is wrong. */
static unsigned read_list(const struct gw_command *command, const struct run_options *run,
                          char *list, struct entrance *out) {
  char *address;
  unsigned n = 0;
  while ((address = strsep(&list, ","))) {
    struct entrance *entrance = &out[n];
    if (n++ == RUN_ADDRESSES_MAX) {
      gw_command_say(command, "--listen: at most %d addresses", RUN_ADDRESSES_MAX);
      return 0;
    }
    *entrance = (struct entrance){.address = address};
    const char *problem = take_worker(address, &entrance->worker)
                              ? gw_address_problem(address)
                              : "behind @ stands a worker's number, from 1";
    if (!problem) continue;
    gw_command_say(command, "--listen %s: %s", *address ? address : run->listen, problem);
    return 0;
  }
  return n;
}

int run_listen(const struct gw_command *command, struct gw_server *server,
               const struct run_options *run, const struct gw_listen *listen) {
  struct entrance entrances[RUN_ADDRESSES_MAX];
  char *list = strdup(run->listen);
  if (!list) {
    gw_command_say(command, "cannot start: %s", gw_error_text(GW_ERR_MEMORY));
    return GW_EXIT_FAILED;
  }
  unsigned n = read_list(command, run, list, entrances);
  int code = n > 0 ? GW_EXIT_DONE : GW_EXIT_USAGE;
  for (unsigned i = 0; i < n && code == GW_EXIT_DONE; i++) {
    struct gw_listen one = *listen;
    one.worker = entrances[i].worker;
    code = listen_one(command, server, entrances[i].address, &one);
    if (code == GW_EXIT_DONE && run->on_listen)
      run->on_listen(run->user, entrances[i].address, gw_server_port(server, i));
  }
  free(list);
  return code;
}

struct signals {
  struct gw_server *server;
  atomic_bool is_over; /* the SIGUSR2 that comes then is ours */
};

static void *take_signals(void *arg) {
  struct signals *signals = arg;
  struct gw_server *server = signals->server;
  sigset_t set = our_signals();
  for (int signal; !atomic_load(&signals->is_over) && sigwait(&set, &signal) == 0;) {
    if (signal == SIGHUP) {
      gw_server_reload(server);
    } else if (signal != SIGUSR2) {
      gw_server_stop(server);
    }
  }
  return NULL;
}

int run_server(const struct gw_command *command, struct gw_server *server) {
  struct signals signals = {.server = server};
  pthread_t thread;
  if (pthread_create(&thread, NULL, take_signals, &signals) != 0) {
    gw_command_say(command, "cannot start: no thread to be had");
    return GW_EXIT_FAILED;
  }
  int r = gw_server_run(server);
  atomic_store(&signals.is_over, true);
  pthread_kill(thread, SIGUSR2);
  pthread_join(thread, NULL);
  if (r < 0) gw_command_say(command, "ended: %s", gw_error_text(r));
  return r < 0 ? GW_EXIT_FAILED : GW_EXIT_DONE;
}
