/* SPDX-License-Identifier: MIT */
/*
 * A thread of its own makes the child and waits for it: so nothing is left of a lab that has ended,
 * and the kernel ends the lab with this process, since it does so with the thread that made it.
 */
#include "cli/lab/host.h"

#include "cli/lab/spawn.h"
#include "godwit/error.h"
#include "net/address.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { END_S = 3 }; /* until a lab that was asked to end is killed */

struct gw_lab_host {
  char url[GW_ADDRESS_HOST_MAX + 32]; /* "": none */
  bool is_tls;
  pthread_mutex_t lock;
  pthread_cond_t made; /* `begun` is no longer 1 */
  pthread_t thread;
  bool has_thread; /* to be joined */
  int begun;       /* 0: the child was made; 1: not yet; below 0: it could not be */
  pid_t pid;       /* 0: none runs */
};

/* ---- where the server is reached ---- */

void gw_lab_host_aim(void *arg, const char *text, unsigned port) {
  struct gw_lab_host *host = arg;
  struct gw_address address;
  const char *scheme = host->is_tls ? "https" : "http";
  if (*host->url || gw_address_parse(text, &address) < 0 || address.kind == GW_ADDRESS_UNIX) return;
  if (address.kind == GW_ADDRESS_HOST && gw_address_is_loopback(text) != 1) return;
  const char *name = address.kind == GW_ADDRESS_HOST        ? address.host
                     : address.kind == GW_ADDRESS_LOCALHOST ? "localhost"
                                                            : "127.0.0.1";
  snprintf(host->url, sizeof host->url, strchr(name, ':') ? "%s://[%s]:%u" : "%s://%s:%u", scheme,
           name, port);
}

/* ---- the child ---- */

static void tell(struct gw_lab_host *host, int begun, pid_t pid) {
  pthread_mutex_lock(&host->lock);
  host->begun = begun;
  host->pid = pid;
  pthread_cond_broadcast(&host->made);
  pthread_mutex_unlock(&host->lock);
}

/* Its number stays its own until nobody sends it a signal any more. */
static void wait_for(struct gw_lab_host *host, pid_t pid) {
  siginfo_t info;
  while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
    continue;
  tell(host, 0, 0);
  waitpid(pid, NULL, 0);
}

static void *run(void *arg) {
  struct gw_lab_host *host = arg;
  char *argv[] = {"godwit", "lab", host->url, host->is_tls ? "--insecure" : NULL, NULL};
  pid_t pid = 0;
  int r = gw_lab_spawn(argv, STDERR_FILENO, &pid);
  tell(host, r, pid);
  if (r == 0) wait_for(host, pid);
  return NULL;
}

/* With the lock, and while no other worker is at it: then the thread that is joined has said its
 * last, and wants the lock no more. */
static void begin(struct gw_lab_host *host) {
  if (host->has_thread) pthread_join(host->thread, NULL);
  host->begun = 1;
  host->has_thread = pthread_create(&host->thread, NULL, run, host) == 0;
  if (!host->has_thread) host->begun = GW_ERR_SYSTEM;
}

int gw_lab_host_start(void *arg) {
  struct gw_lab_host *host = arg;
  if (!*host->url) return GW_ERR_ADDRESS;
  pthread_mutex_lock(&host->lock);
  bool is_first = host->pid == 0 && host->begun != 1;
  if (is_first) begin(host);
  while (host->begun == 1)
    pthread_cond_wait(&host->made, &host->lock);
  int r = host->begun;
  pthread_mutex_unlock(&host->lock);
  return r == 0 && !is_first ? 1 : r;
}

/* ---- life ---- */

struct gw_lab_host *gw_lab_host_new(bool is_tls) {
  struct gw_lab_host *host = calloc(1, sizeof *host);
  if (!host) return NULL;
  host->is_tls = is_tls;
  pthread_mutex_init(&host->lock, NULL);
  pthread_cond_init(&host->made, NULL);
  return host;
}

static void signal_child(struct gw_lab_host *host, int signal) {
  pthread_mutex_lock(&host->lock);
  if (host->pid) kill(host->pid, signal);
  pthread_mutex_unlock(&host->lock);
}

void gw_lab_host_free(struct gw_lab_host *host) {
  if (!host) return;
  if (host->has_thread) {
    struct timespec until;
    signal_child(host, SIGTERM);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += END_S;
    if (pthread_timedjoin_np(host->thread, NULL, &until) != 0) {
      signal_child(host, SIGKILL);
      pthread_join(host->thread, NULL);
    }
  }
  pthread_cond_destroy(&host->made);
  pthread_mutex_destroy(&host->lock);
  free(host);
}
